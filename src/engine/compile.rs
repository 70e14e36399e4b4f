//! Policies made ready for matching: patterns compiled, variables found, operators resolved. Done once for each distinct
//! document.

use super::caller::{Caller, CallerKind};
use super::facts::{Facts, Known};
use super::formula::{Atom, Formula, Key};
use super::values::ValueSet;
use crate::base::glob::Part;
use crate::base::{Arn, Glob, arn};
use crate::catalog;
use crate::iam::{self, Effect, Operator, PolicyKind, PrincipalSpec, Quantifier, Test, Version};
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
    actions: iam::Element<Glob>,
    /// `*:*` as an action: nobody says whether it is everything.
    contested_action: bool,
    resources: Option<iam::Element<ResourcePattern>>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
enum Spec {
    Everyone,
    Account {
        /// `None` where only the number is given.
        partition: Option<Box<str>>,
        id: Box<str>,
    },
    User(Box<str>),
    Role {
        account: Box<str>,
        name: Box<str>,
        path: Box<str>,
    },
    Session {
        account: Box<str>,
        role: Box<str>,
        session: Box<str>,
    },
    FederatedUser(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    /// An S3 canonical user: an account, but its id does not tell which.
    CanonicalUser,
    /// Names nobody: a deleted principal's id, a group, a wildcard.
    Nobody,
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

/// Text with wildcards and policy variables.
#[derive(Clone, Debug)]
enum Template {
    Fixed(Glob),
    Variable(Vec<TemplatePart>),
}

#[derive(Clone, Debug)]
enum TemplatePart {
    Text(Box<str>),
    /// `${*}`, `${?}`, `${$}`
    Character(&'static str),
    Variable {
        key: Key,
        multivalued: bool,
        default: Option<Box<str>>,
    },
}

#[derive(Clone, Debug)]
struct Condition {
    operator: Operator,
    key: Key,
    values: Vec<Template>,
    /// The compiled set, where no value has a variable.
    fixed: Option<Arc<ValueSet>>,
    /// Variables stand where AWS's documentation does not say whether they are replaced.
    contested: bool,
    /// Whether the documentation gives the key several values; `None` where it does not know the key.
    multivalued: Option<bool>,
}

/// How a statement of a resource policy names the caller: how much its allow is worth depends on it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-req-context.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// By its own ARN: a user, a session, a federated user, a service, an identity provider, the root user.
    pub own: bool,
    /// A session by the ARN of its role.
    pub role: bool,
    /// By `*`.
    pub everyone: bool,
    /// By its account.
    pub account: bool,
    /// It hinges on what is not known: a session's name, whose canonical id it is.
    pub undecided: bool,
}

impl Naming {
    fn any(self) -> bool {
        self.own || self.role || self.everyone || self.account
    }
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
        let globs = source.action.values.iter().map(|text| Glob::new(text).to_ascii_lowercase()).collect();
        Statement {
            sid: source.sid.as_deref().map(Into::into),
            effect: source.effect,
            principal: source.principal.as_ref().map(|principal| iam::Element {
                negated: principal.negated,
                values: principal.values.iter().map(Spec::new).collect(),
            }),
            contested_action: source.action.values.iter().any(|text| text == "*:*"),
            actions: iam::Element { negated: source.action.negated, values: globs },
            resources: source.resource.as_ref().map(|resources| iam::Element {
                negated: resources.negated,
                values: resources.values.iter().map(|text| ResourcePattern::new(text, variables, kind)).collect(),
            }),
            conditions: source.conditions.iter().map(|condition| Condition::new(condition, variables)).collect(),
        }
    }

    /// Whether the statement speaks of the action (`service:Name` in lower case).
    pub fn covers_action(&self, action: &str) -> bool {
        self.actions.values.iter().any(|pattern| pattern.matches(action)) != self.actions.negated
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
        if !self.covers_action(facts.action) {
            return Formula::False;
        }
        let action = if self.contested_action && !self.covers_action_otherwise(facts.action) {
            Formula::undecided("whether `*:*` stands for every action")
        } else {
            Formula::True
        };
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

    fn covers_action_otherwise(&self, action: &str) -> bool {
        let contested = |pattern: &Glob| pattern.to_string() == "*:*";
        let covered = self.actions.values.iter().any(|pattern| !contested(pattern) && pattern.matches(action));
        if self.actions.negated { false } else { covered }
    }

    /// How the statement names the caller. `bounded`: the caller has a permissions boundary.
    pub fn naming(&self, facts: &Facts<'_>, bounded: bool) -> Naming {
        let Some(principal) = &self.principal else { return Naming::default() };
        let caller = facts.caller;
        let open = facts.context.world == super::facts::World::Open;
        if !principal.negated {
            let mut naming = Naming::default();
            for spec in &principal.values {
                spec.name(caller, open, &mut naming);
            }
            return naming;
        }
        if self.effect == Effect::Allow {
            let mut listed = Naming::default();
            for spec in &principal.values {
                spec.name(caller, open, &mut listed);
            }
            return Naming { everyone: !listed.any(), ..Naming::default() };
        }
        // A deny for everybody but those listed spares a caller only when every ARN it goes by is listed, and never one
        // with a permissions boundary.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        if bounded {
            return Naming { everyone: true, ..Naming::default() };
        }
        let lists = |test: &dyn Fn(&Spec) -> bool| principal.values.iter().any(test);
        if lists(&|spec| matches!(spec, Spec::Everyone)) {
            return Naming::default();
        }
        let account_listed = lists(&|spec| spec.is_account_of(caller));
        let role_listed = lists(&|spec| spec.is_role_of(caller));
        let (spared, undecided) = match &caller.kind {
            CallerKind::Root => (account_listed, false),
            CallerKind::User => (account_listed && lists(&|spec| spec.is_exactly(caller)), false),
            CallerKind::FederatedUser => (account_listed && lists(&|spec| spec.is_exactly(caller)), false),
            CallerKind::Session { .. } => {
                (account_listed && role_listed && lists(&|spec| spec.is_exactly(caller)), false)
            }
            CallerKind::Role => {
                let some_session = lists(&|spec| spec.is_some_session_of(caller));
                let spared = account_listed && role_listed && some_session;
                // The caller picks its session's name, so in an open world it picks a listed one.
                (spared && open, spared && !open)
            }
            CallerKind::Service | CallerKind::Federated => (lists(&|spec| spec.is_exactly(caller)), false),
            CallerKind::Anonymous => (false, false),
        };
        Naming { everyone: !spared && !undecided, undecided, ..Naming::default() }
    }
}

impl Spec {
    fn new(spec: &PrincipalSpec) -> Spec {
        match spec {
            PrincipalSpec::Everyone => Spec::Everyone,
            PrincipalSpec::Service(name) => Spec::Service(name.as_str().into()),
            PrincipalSpec::Federated(name) => Spec::Federated(name.as_str().into()),
            PrincipalSpec::CanonicalUser(_) => Spec::CanonicalUser,
            PrincipalSpec::Aws(text) if arn::is_account_id(text) => {
                Spec::Account { partition: None, id: text.as_str().into() }
            }
            PrincipalSpec::Aws(text) => Spec::of_arn(text).unwrap_or(Spec::Nobody),
        }
    }

    fn of_arn(text: &str) -> Option<Spec> {
        let parsed = Arn::parse(text)?;
        // No wildcard is a wildcard here: it would be part of a name that nobody can have.
        if text.contains(['*', '?']) || !arn::is_account_id(parsed.account) {
            return None;
        }
        let account: Box<str> = parsed.account.into();
        let (kind, rest) = parsed.resource.split_once('/').unwrap_or((parsed.resource, ""));
        Some(match (parsed.service, kind) {
            ("iam", "root") => Spec::Account { partition: Some(parsed.partition.into()), id: account },
            ("iam", "user") => Spec::User(text.into()),
            ("iam", "role") => {
                let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
                Spec::Role { account, name: name.into(), path: path.into() }
            }
            ("sts", "assumed-role") => {
                let (role, session) = rest.split_once('/')?;
                Spec::Session { account, role: role.into(), session: session.into() }
            }
            ("sts", "federated-user") => Spec::FederatedUser(text.into()),
            _ => return None,
        })
    }

    fn name(&self, caller: &Caller, open: bool, naming: &mut Naming) {
        match self {
            Spec::Everyone => naming.everyone = true,
            Spec::CanonicalUser => naming.undecided |= caller.account.is_some(),
            Spec::Account { .. } if self.is_account_of(caller) => {
                naming.account = true;
                naming.own |= caller.kind == CallerKind::Root;
            }
            Spec::Role { .. } if self.is_role_of(caller) => naming.role = true,
            Spec::Session { .. } if caller.kind == CallerKind::Role && self.is_some_session_of(caller) => {
                naming.own |= open;
            }
            other => naming.own |= other.is_exactly(caller),
        }
    }

    fn is_account_of(&self, caller: &Caller) -> bool {
        let Spec::Account { partition, id } = self else { return false };
        let same_partition = |partition: &str| Arn::parse(&caller.arn).is_some_and(|arn| arn.partition == partition);
        caller.account.as_deref() == Some(&**id) && partition.as_deref().is_none_or(same_partition)
    }

    /// Whether this is the caller's own ARN or name.
    fn is_exactly(&self, caller: &Caller) -> bool {
        match self {
            Spec::User(arn) => caller.kind == CallerKind::User && **arn == *caller.arn,
            Spec::FederatedUser(arn) => caller.kind == CallerKind::FederatedUser && **arn == *caller.arn,
            Spec::Session { session, .. } => match &caller.kind {
                CallerKind::Session { name } => self.is_some_session_of(caller) && name == session,
                _ => false,
            },
            Spec::Service(name) => caller.kind == CallerKind::Service && **name == *caller.arn,
            Spec::Federated(name) => caller.kind == CallerKind::Federated && **name == *caller.arn,
            _ => false,
        }
    }

    /// Whether this is the role of which the caller is a session. A session's ARN does not tell the role's path.
    fn is_role_of(&self, caller: &Caller) -> bool {
        let Spec::Role { account, name, path } = self else { return false };
        if caller.account.as_deref() != Some(&**account) || *caller.name != **name {
            return false;
        }
        match caller.kind {
            CallerKind::Session { .. } => true,
            CallerKind::Role => {
                let whole = caller.arn.rsplit_once(":role/").map_or("", |(_, whole)| whole);
                whole.rsplit_once('/').map_or("", |(path, _)| path) == &**path
            }
            _ => false,
        }
    }

    /// Whether this is a session of the role of which the caller is a session.
    fn is_some_session_of(&self, caller: &Caller) -> bool {
        match self {
            Spec::Session { account, role, .. } => {
                caller.is_role_session() && caller.account.as_deref() == Some(&**account) && caller.name == *role
            }
            _ => false,
        }
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
        let unresolved = |facts: &Facts<'_>| matches!(tail.resolve(facts), Resolved::Unresolved);
        let Some(arn) = facts.target.parsed() else {
            return (Formula::False, matches!(tail, Template::Variable(_)) && unresolved(facts));
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
            Template::Variable(_) => match tail.resolve(facts) {
                Resolved::Glob(glob) => (Formula::constant(fits && glob.matches(arn.resource)), false),
                Resolved::Unresolved => (Formula::False, true),
                Resolved::Open { widest, written } => {
                    let possible = fits && widest.matches(arn.resource);
                    let atom = || Formula::atom(Atom::Variable(format!("{} matches {written}", arn.resource).into()));
                    (if possible { atom() } else { Formula::False }, false)
                }
            },
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

enum Resolved {
    Glob(Glob),
    /// A variable has no value and no default.
    Unresolved,
    /// A variable's value is not known.
    Open {
        /// The pattern with a star in its place.
        widest: Glob,
        /// As written.
        written: String,
    },
}

impl Template {
    fn new(text: &str, variables: bool) -> Template {
        if !variables || !text.contains("${") {
            return Template::Fixed(Glob::new(text));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((inside, behind)) = split_variable(after) else { break };
            if !before.is_empty() {
                parts.push(TemplatePart::Text(before.into()));
            }
            parts.push(match inside {
                "*" => TemplatePart::Character("*"),
                "?" => TemplatePart::Character("?"),
                "$" => TemplatePart::Character("$"),
                _ => variable(inside),
            });
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(TemplatePart::Text(rest.into()));
        }
        Template::Variable(parts)
    }

    fn resolve(&self, facts: &Facts<'_>) -> Resolved {
        let parts = match self {
            Template::Fixed(glob) => return Resolved::Glob(glob.clone()),
            Template::Variable(parts) => parts,
        };
        enum Piece<'p> {
            Pattern(&'p str),
            Literal(Cow<'p, str>),
            Star,
        }
        let mut pieces = Vec::with_capacity(parts.len());
        let mut open = false;
        for part in parts {
            pieces.push(match part {
                TemplatePart::Text(text) => Piece::Pattern(text),
                TemplatePart::Character(character) => Piece::Literal((*character).into()),
                TemplatePart::Variable { key, multivalued, default } => {
                    let known = if *multivalued { Known::Absent } else { facts.known(key) };
                    match (known, default) {
                        (Known::Open, _) => {
                            open = true;
                            Piece::Star
                        }
                        (Known::Values(mut values), _) if values.len() == 1 => {
                            Piece::Literal(values.pop().unwrap_or_default())
                        }
                        (_, Some(default)) => Piece::Literal(default.as_ref().into()),
                        (_, None) => return Resolved::Unresolved,
                    }
                }
            });
        }
        let glob = Glob::from_parts(pieces.iter().map(|piece| match piece {
            Piece::Pattern(text) => Part::Pattern(text),
            Piece::Literal(text) => Part::Literal(text),
            Piece::Star => Part::Pattern("*"),
        }));
        if open { Resolved::Open { widest: glob, written: self.to_string() } } else { Resolved::Glob(glob) }
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Template::Fixed(glob) => glob.fmt(out),
            Template::Variable(parts) => parts.iter().try_for_each(|part| match part {
                TemplatePart::Text(text) => out.write_str(text),
                TemplatePart::Character(character) => write!(out, "${{{character}}}"),
                TemplatePart::Variable { key, default: None, .. } => write!(out, "${{{}}}", key.shown()),
                TemplatePart::Variable { key, default: Some(default), .. } => {
                    write!(out, "${{{}, '{default}'}}", key.shown())
                }
            }),
        }
    }
}

/// Splits at the brace that closes a variable; a default value may hold braces.
fn split_variable(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some((text.get(..at)?, text.get(at.saturating_add(1)..)?)),
            _ => {}
        }
    }
    text.split_once('}')
}

fn variable(inside: &str) -> TemplatePart {
    let (name, default) = match inside.split_once(',') {
        Some((name, default)) => {
            let default = default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            (name, default)
        }
        None => (inside, None),
    };
    let key = Key::new(name.trim());
    let multivalued = catalog::key_type(key.lower()).is_some_and(catalog::KeyType::is_multivalued);
    TemplatePart::Variable { key, multivalued, default: default.map(Into::into) }
}

impl Condition {
    fn new(source: &iam::Condition, variables: bool) -> Condition {
        let replaced = variables && source.operator.takes_variables();
        let values: Vec<Template> = source.values.iter().map(|text| Template::new(text, replaced)).collect();
        let plain: Option<Vec<Glob>> = values
            .iter()
            .map(|value| match value {
                Template::Fixed(glob) => Some(glob.clone()),
                Template::Variable(_) => None,
            })
            .collect();
        let contested =
            variables && source.operator.test == Test::Bool && source.values.iter().any(|text| text.contains("${"));
        Condition {
            operator: source.operator,
            key: Key::new(&source.key),
            values,
            fixed: plain.map(|values| Arc::new(ValueSet::new(source.operator.test, values))),
            contested,
            multivalued: catalog::key_type(&source.key).map(catalog::KeyType::is_multivalued),
        }
    }

    /// Under what the condition holds.
    fn holds(&self, facts: &Facts<'_>) -> Formula {
        let known = facts.known(&self.key);
        if self.operator.test == Test::Null {
            return self.is_null(&known);
        }
        if self.contested && known != Known::Absent {
            return Formula::undecided("a policy variable in a Bool condition");
        }
        match self.operator.quantifier {
            None => self.holds_plainly(facts, known),
            Some(quantifier) => self.holds_for_set(facts, quantifier, known),
        }
    }

    fn present(&self) -> Formula {
        Formula::atom(Atom::Present(self.key.clone()))
    }

    fn is_null(&self, known: &Known<'_>) -> Formula {
        let present = match known {
            Known::Absent => Formula::False,
            Known::Values(_) => Formula::True,
            Known::Open => self.present(),
        };
        let wants = |word: &str| {
            self.values.iter().any(|value| match value {
                Template::Fixed(glob) => glob.as_literal().is_some_and(|text| text.eq_ignore_ascii_case(word)),
                Template::Variable(_) => false,
            })
        };
        let absent = if wants("true") { present.negate() } else { Formula::False };
        let there = if wants("false") { present } else { Formula::False };
        absent.or(there)
    }

    fn holds_plainly(&self, facts: &Facts<'_>, known: Known<'_>) -> Formula {
        let Operator { negated, if_exists, .. } = self.operator;
        let multivalued = self.multivalued == Some(true);
        match known {
            Known::Absent => Formula::constant(negated || if_exists),
            // A plain operator says nothing of a set.
            Known::Values(values) if multivalued || values.len() != 1 => Formula::False,
            Known::Values(values) => {
                let set = self.set(facts);
                values.first().map_or(Formula::False, |value| self.holds_of(&set, value))
            }
            Known::Open if multivalued => {
                if if_exists {
                    self.present().negate()
                } else {
                    Formula::False
                }
            }
            Known::Open => {
                let within = Formula::atom(Atom::In(self.key.clone(), self.set(facts)));
                match (negated, if_exists) {
                    (true, _) => within.negate(),
                    (false, true) => self.present().negate().or(within),
                    (false, false) => within,
                }
            }
        }
    }

    fn holds_for_set(&self, facts: &Facts<'_>, quantifier: Quantifier, known: Known<'_>) -> Formula {
        let Operator { negated, if_exists, .. } = self.operator;
        let missing_any = || {
            if if_exists {
                Formula::undecided("ForAnyValue with IfExists on a key that is missing")
            } else {
                Formula::False
            }
        };
        match (known, quantifier) {
            (Known::Absent, Quantifier::ForAllValues) => Formula::True,
            (Known::Absent, Quantifier::ForAnyValue) => missing_any(),
            (Known::Values(values), quantifier) => {
                let set = self.set(facts);
                let each = values.iter().map(|value| self.holds_of(&set, value));
                match quantifier {
                    Quantifier::ForAllValues => Formula::all(each),
                    Quantifier::ForAnyValue => Formula::any(each),
                }
            }
            (Known::Open, quantifier) => {
                let set = self.set(facts);
                let key = self.key.clone();
                let single = self.multivalued == Some(false);
                let within = if single {
                    let within = Formula::atom(Atom::In(key, set));
                    let there = if negated { self.present().and(within.negate()) } else { within };
                    match quantifier {
                        Quantifier::ForAllValues => self.present().negate().or(there),
                        Quantifier::ForAnyValue => there,
                    }
                } else {
                    match quantifier {
                        Quantifier::ForAllValues => Formula::atom(Atom::Some { key, set, outside: !negated }).negate(),
                        Quantifier::ForAnyValue => Formula::atom(Atom::Some { key, set, outside: negated }),
                    }
                };
                if quantifier == Quantifier::ForAnyValue && if_exists {
                    within.or(self.present().negate().and(missing_any()))
                } else {
                    within
                }
            }
        }
    }

    /// Whether the condition holds of one value that the request has.
    fn holds_of(&self, set: &Arc<ValueSet>, value: &str) -> Formula {
        match set.contains(value) {
            Some(within) => Formula::constant(within != self.operator.negated),
            None if !set.can_misread() => {
                let atom = Atom::Variable(format!("{value} matches {}", set.texts.join(" or ")).into());
                let within = Formula::atom(atom);
                if self.operator.negated { within.negate() } else { within }
            }
            // Not a number, date or address at all.
            None if self.operator.negated => {
                Formula::undecided(format!("{} on a value of another type", self.operator))
            }
            None => Formula::False,
        }
    }

    /// The values with variables replaced. A variable without a value drops its pattern.
    fn set(&self, facts: &Facts<'_>) -> Arc<ValueSet> {
        if let Some(fixed) = &self.fixed {
            return Arc::clone(fixed);
        }
        let mut globs = Vec::with_capacity(self.values.len());
        for value in &self.values {
            match value.resolve(facts) {
                Resolved::Glob(glob) => globs.push(glob),
                Resolved::Unresolved => {}
                Resolved::Open { .. } => {
                    let texts = self.values.iter().map(ToString::to_string).collect();
                    return Arc::new(ValueSet::opaque(self.operator.test, texts));
                }
            }
        }
        Arc::new(ValueSet::new(self.operator.test, globs))
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<String> = self.values.iter().map(ToString::to_string).collect();
        write!(out, "{} {} {}", self.key.shown(), self.operator, values.join(" or "))
    }
}
