//! Policies made ready for matching: patterns compiled, variables found, operators resolved. Done once for each distinct
//! document.

use super::condition::Condition;
use super::facts::Facts;
use super::formula::{Atom, Formula};
use super::principal::{self, Naming, Spec};
use super::template::{Piece, Resolved, Template};
use crate::base::Glob;
use crate::iam::{self, Effect, PolicyKind, Version};
use std::borrow::Cow;
use std::sync::Arc;

/// A policy ready for matching.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How it is called in traces: an ARN, or a place in words.
    pub name: Arc<str>,
    /// Its statements; `None` when the document is unreadable and may say anything.
    pub statements: Option<Arc<[Statement]>>,
}

/// A statement ready for matching.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The `Sid`.
    pub sid: Option<Arc<str>>,
    /// Allow or deny.
    pub effect: Effect,
    principal: Option<iam::Element<Spec>>,
    /// All but `*:*`.
    actions: iam::Element<Glob>,
    /// Whether `*:*` is among the actions: nobody says whether it is everything.
    contested_action: bool,
    resources: Option<iam::Element<ResourcePattern>>,
    conditions: Vec<Condition>,
}

/// One value of a `Resource` element, ready for matching.
#[derive(Clone, Debug)]
pub struct ResourcePattern(Pattern);

#[derive(Clone, Debug)]
enum Pattern {
    Everything,
    /// The first five segments, folded to lower case; the last; and the whole, where a star ends one of the first five:
    /// the IAM guide lets it run on beyond the colon, the S3 guide does not.
    Arn(Box<([Glob; 5], Template, Option<Glob>)>),
    /// Fewer than six segments without a wildcard, where AWS then matches nothing.
    Nothing,
}

impl Policy {
    /// Reads and compiles a document. An unreadable one is kept: what it says is unknown.
    pub fn read(name: impl Into<Arc<str>>, text: &str, kind: PolicyKind) -> (Policy, Vec<iam::Issue>) {
        let parsed = iam::parse(text, kind);
        let statements = parsed.policy.as_ref().map(|policy| statements(policy, kind));
        (Policy { name: name.into(), statements }, parsed.issues)
    }

    /// Compiles a document.
    pub fn new(name: impl Into<Arc<str>>, policy: &iam::Policy, kind: PolicyKind) -> Policy {
        Policy { name: name.into(), statements: Some(statements(policy, kind)) }
    }

    /// A policy that applies and cannot be read.
    pub fn unreadable(name: impl Into<Arc<str>>) -> Policy {
        Policy { name: name.into(), statements: None }
    }
}

fn statements(policy: &iam::Policy, kind: PolicyKind) -> Arc<[Statement]> {
    policy.statements.iter().map(|statement| Statement::new(statement, policy.version, kind)).collect()
}

impl Statement {
    fn new(source: &iam::Statement, version: Version, kind: PolicyKind) -> Statement {
        let variables = version == Version::V2012;
        let contested = |text: &&String| *text == "*:*";
        let plain = source.action.values.iter().filter(|text| !contested(text));
        let globs = plain.map(|text| Glob::new(text).to_ascii_lowercase()).collect();
        Statement {
            sid: source.sid.as_deref().map(Into::into),
            effect: source.effect,
            principal: source.principal.as_ref().map(|principal| iam::Element {
                negated: principal.negated,
                values: principal.values.iter().map(Spec::new).collect(),
            }),
            contested_action: source.action.values.iter().any(|text| contested(&text)),
            actions: iam::Element { negated: source.action.negated, values: globs },
            resources: source.resource.as_ref().map(|resources| iam::Element {
                negated: resources.negated,
                values: resources.values.iter().map(|text| ResourcePattern::new(text, variables, kind)).collect(),
            }),
            conditions: source.conditions.iter().map(|condition| Condition::new(condition, variables)).collect(),
        }
    }

    /// Whether the statement speaks, or may speak, of the action (`service:Name` in lower case).
    pub fn covers_action(&self, action: &str) -> bool {
        !self.action_matches(action).is_false()
    }

    fn action_matches(&self, action: &str) -> Formula {
        let listed = self.actions.values.iter().any(|pattern| pattern.matches(action));
        if self.contested_action && !listed {
            return Formula::undecided("whether `*:*` stands for every action");
        }
        Formula::constant(listed != self.actions.negated)
    }

    /// Whether the statement has neither conditions nor variables nor a principal: it says the same to every caller.
    pub fn is_same_for_all(&self) -> bool {
        self.conditions.is_empty()
            && self.principal.is_none()
            && self.resources.as_ref().is_none_or(|resources| {
                resources.values.iter().all(|pattern| match &pattern.0 {
                    Pattern::Arn(parts) => matches!(parts.1, Template::Fixed(_)),
                    _ => true,
                })
            })
    }

    /// Under what the statement applies to the request, its principal left aside.
    pub fn applies(&self, facts: &Facts<'_>) -> Formula {
        let action = self.action_matches(facts.action);
        if action.is_false() {
            return Formula::False;
        }
        let resource = match &self.resources {
            None => Formula::True,
            Some(resources) => resources_match(resources, facts),
        };
        if resource.is_false() {
            return Formula::False;
        }
        let mut all = action.and(resource);
        for condition in &self.conditions {
            all = all.and(condition.holds(facts));
            if all.is_false() {
                break;
            }
        }
        all
    }

    /// The conditions alone, for explanations: each as written, and what came of it.
    pub fn conditions(&self, facts: &Facts<'_>) -> Vec<(String, Formula)> {
        self.conditions.iter().map(|condition| (condition.to_string(), condition.holds(facts))).collect()
    }

    /// Whether the resource element covers the request's resource.
    pub fn covers_resource(&self, facts: &Facts<'_>) -> Formula {
        self.resources.as_ref().map_or(Formula::True, |resources| resources_match(resources, facts))
    }

    /// The resource element as its patterns are understood, and whether it is `NotResource`; `None` where there is none.
    pub fn resources(&self) -> Option<(bool, Vec<String>)> {
        let resources = self.resources.as_ref()?;
        Some((resources.negated, resources.values.iter().map(ToString::to_string).collect()))
    }

    /// Whom the principal element names, and whether it is `NotPrincipal`; `None` where there is none.
    pub fn principals(&self) -> Option<(bool, Vec<String>)> {
        let principal = self.principal.as_ref()?;
        Some((principal.negated, principal.values.iter().map(ToString::to_string).collect()))
    }

    /// How the statement names the caller, and under what. `bounded`: the caller has a permissions boundary.
    pub fn naming(&self, facts: &Facts<'_>, bounded: bool) -> [(Naming, Formula); 2] {
        match &self.principal {
            Some(principal) => principal::naming(principal, self.effect, facts, bounded),
            None => Naming::NOBODY,
        }
    }

    /// Whether the statement names the caller, in whatever way and under whatever condition.
    pub fn names(&self, facts: &Facts<'_>, bounded: bool) -> bool {
        self.naming(facts, bounded).iter().any(|(naming, under)| *naming != Naming::default() && !under.is_false())
    }
}

fn resources_match(resources: &iam::Element<ResourcePattern>, facts: &Facts<'_>) -> Formula {
    let mut any = Formula::False;
    let mut unresolved = false;
    for pattern in &resources.values {
        let (matches, open) = pattern.matches(facts);
        unresolved |= open;
        any = any.or(matches);
        if any.is_true() {
            break;
        }
    }
    if !resources.negated {
        return any;
    }
    if unresolved && !any.is_true() {
        return Formula::undecided("a NotResource with a policy variable that has no value");
    }
    any.negate()
}

impl ResourcePattern {
    /// Compiles a pattern. `variables`: whether policy variables are replaced.
    pub fn new(text: &str, variables: bool, kind: PolicyKind) -> ResourcePattern {
        ResourcePattern(Pattern::new(text, variables, kind))
    }

    /// Under what the pattern matches; and whether a variable had no value.
    pub fn matches(&self, facts: &Facts<'_>) -> (Formula, bool) {
        self.0.matches(facts)
    }
}

impl Pattern {
    fn new(text: &str, variables: bool, kind: PolicyKind) -> Pattern {
        if Glob::new(text).is_any() {
            return Pattern::Everything;
        }
        let mut parts = text.splitn(6, ':');
        let mut head: [Glob; 5] = std::array::from_fn(|_| Glob::new("*"));
        for slot in &mut head {
            match parts.next() {
                Some(part) => *slot = Glob::new(part).to_ascii_lowercase(),
                // Segments that are not written match anything in an identity policy, and in a resource policy only
                // where the pattern has a wildcard at all.
                None if kind == PolicyKind::Identity || text.contains(['*', '?']) => {}
                None => return Pattern::Nothing,
            }
        }
        let tail = match parts.next() {
            Some(tail) => Template::new(tail, variables),
            None if kind == PolicyKind::Identity || text.contains(['*', '?']) => Template::Fixed(Glob::new("*")),
            None => return Pattern::Nothing,
        };
        let ends_in_star = |part: &str| part.ends_with('*');
        let runs_on = text.splitn(6, ':').take(5).any(ends_in_star) && text.contains(':') && !text.contains("${");
        Pattern::Arn(Box::new((head, tail, runs_on.then(|| Glob::new(text)))))
    }

    /// Under what the pattern matches; and whether a variable had no value.
    fn matches(&self, facts: &Facts<'_>) -> (Formula, bool) {
        let parts = match self {
            Pattern::Everything => return (Formula::True, false),
            Pattern::Nothing => return (Formula::False, false),
            Pattern::Arn(parts) => parts,
        };
        let (head, tail) = (&parts.0, &parts.1);
        let Some(arn) = facts.target.parsed() else {
            let unresolved = match tail {
                Template::Fixed(_) => false,
                Template::Variable(variables) => matches!(variables.resolve(facts), Resolved::Unresolved),
            };
            return (Formula::False, unresolved);
        };
        let texts = ["arn", arn.partition, arn.service, arn.region, arn.account];
        let fits = head.iter().zip(texts).all(|(glob, text)| glob.matches(&folded(text)));
        match tail {
            Template::Fixed(glob) if fits && glob.matches(arn.resource) => (Formula::True, false),
            Template::Fixed(_) => match &parts.2 {
                Some(whole) if whole.matches(&facts.target.arn) => {
                    (Formula::undecided("whether a star at the end of an ARN segment runs on beyond the colon"), false)
                }
                _ => (Formula::False, false),
            },
            Template::Variable(variables) => {
                let matches = |pieces: &[Piece<'_>]| {
                    fits && Glob::from_parts(pieces.iter().map(Piece::part)).matches(arn.resource)
                };
                match variables.resolve(facts) {
                    Resolved::Unresolved => (Formula::False, true),
                    Resolved::Pieces(pieces) => (Formula::constant(matches(&pieces)), false),
                    Resolved::Open(widest) if matches(&widest) => {
                        (Formula::atom(Atom::Variable(format!("{} matches {variables}", arn.resource).into())), false)
                    }
                    Resolved::Open(_) => (Formula::False, false),
                }
            }
        }
    }
}

impl std::fmt::Display for ResourcePattern {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Pattern::Everything => out.write_str("*"),
            Pattern::Nothing => out.write_str("a pattern that fits no ARN"),
            Pattern::Arn(parts) => {
                parts.0.iter().try_for_each(|segment| write!(out, "{segment}:"))?;
                parts.1.fmt(out)
            }
        }
    }
}

fn folded(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
