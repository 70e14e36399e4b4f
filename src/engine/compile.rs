//! Policies made ready for matching: patterns compiled, variables found, operators resolved. Done once for each distinct
//! document.

use super::facts::{Facts, Known};
use super::formula::{Atom, Formula, Key};
use super::principal::{self, Naming, Spec};
use super::values::ValueSet;
use crate::base::Glob;
use crate::base::glob::Part;
use crate::catalog;
use crate::iam::{self, Effect, Operator, PolicyKind, Quantifier, Test, Version};
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

/// A condition ready for matching.
#[derive(Clone, Debug)]
pub(super) struct Condition {
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

    /// `StringEquals` on values as they stand.
    pub(super) fn strings_equal(quantifier: Option<Quantifier>, key: String, values: Vec<String>) -> Condition {
        let operator = Operator { quantifier, test: Test::StringEquals, negated: false, if_exists: false };
        Condition::new(&iam::Condition { operator, key, values }, false)
    }

    /// Under what the condition holds.
    pub(super) fn holds(&self, facts: &Facts<'_>) -> Formula {
        let known = facts.known(&self.key);
        if self.operator.test == Test::Null {
            return self.is_null(&known);
        }
        let open = known == Known::Open;
        let holds = match self.operator.quantifier {
            None => self.holds_plainly(facts, known),
            Some(quantifier) => self.holds_for_set(facts, quantifier, known),
        };
        if open && self.contested { holds.or(Self::contested_variable()) } else { holds }
    }

    fn contested_variable() -> Formula {
        Formula::undecided("a policy variable in a Bool condition")
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
                if negated || if_exists {
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
            Some(false) if self.contested => Self::contested_variable(),
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
