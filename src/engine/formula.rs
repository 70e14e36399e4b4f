//! What an answer depends on: a boolean formula over what is not known about a request.
//!
//! In a closed world every formula is [`Formula::True`] or [`Formula::False`], or undecided where AWS's documentation is.
//! In an open world atoms stand for what the caller's surroundings decide, and `solve` finds out whether they can be met.

use super::values::ValueSet;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A condition key. Equal whatever the case; printed as first written.
#[derive(Clone, Debug)]
pub struct Key {
    lower: Arc<str>,
    shown: Arc<str>,
}

impl Key {
    /// A key as written in a policy.
    pub fn new(written: &str) -> Key {
        let shown: Arc<str> = written.into();
        let lower = if written.bytes().any(|byte| byte.is_ascii_uppercase()) {
            written.to_ascii_lowercase().into()
        } else {
            Arc::clone(&shown)
        };
        Key { lower, shown }
    }

    /// In lower case, for look-ups.
    pub fn lower(&self) -> &str {
        &self.lower
    }

    /// As written, for people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The tag key, where this is a key such as `aws:PrincipalTag/team` under the given lower-case prefix.
    pub fn tag(&self, prefix: &str) -> Option<&str> {
        self.lower.strip_prefix(prefix)?.strip_prefix('/')?;
        self.shown.split_once('/').map(|(_, tag)| tag)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.lower == other.lower
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lower.cmp(&other.lower)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}

/// Something that decides the answer and is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atom {
    /// The request has a value for the key.
    Present(Key),
    /// The request has a value for the (single-valued) key, and it lies in the set.
    In(Key, Arc<ValueSet>),
    /// The request has, for the (multi-valued) key, at least one value in the set; outside it, where `outside`.
    Some {
        /// The key.
        key: Key,
        /// The set.
        set: Arc<ValueSet>,
        /// Whether the value must lie outside the set.
        outside: bool,
    },
    /// A value of the request, inserted for a policy variable, makes a resource pattern match.
    Variable(Arc<str>),
    /// Something that was not read permits the request.
    Unseen(Unseen),
    /// AWS's documentation does not decide it, or a document cannot be read.
    Undecided(Arc<str>),
}

/// Policies that apply and were not read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unseen {
    /// Service control policies and resource control policies.
    OrganizationPolicies,
    /// The policy of the resource.
    ResourcePolicy,
}

/// A boolean formula in negation normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Formula {
    /// Never.
    False,
    /// Always.
    True,
    /// When the atom is as said.
    Is(Arc<Atom>, bool),
    /// When all are met.
    All(Arc<[Formula]>),
    /// When one is met.
    Any(Arc<[Formula]>),
}

impl Formula {
    /// The formula that holds when the atom does.
    pub fn atom(atom: Atom) -> Formula {
        Formula::Is(Arc::new(atom), true)
    }

    /// A point on which there is no saying.
    pub fn undecided(about: impl Into<Arc<str>>) -> Formula {
        Formula::atom(Atom::Undecided(about.into()))
    }

    /// Always or never.
    pub fn constant(value: bool) -> Formula {
        if value { Formula::True } else { Formula::False }
    }

    /// Whether it holds always.
    pub fn is_true(&self) -> bool {
        matches!(self, Formula::True)
    }

    /// Whether it holds never.
    pub fn is_false(&self) -> bool {
        matches!(self, Formula::False)
    }

    /// Both.
    pub fn and(self, other: Formula) -> Formula {
        match (self, other) {
            (Formula::False, _) | (_, Formula::False) => Formula::False,
            (Formula::True, rest) | (rest, Formula::True) => rest,
            (a, b) => Formula::all([a, b]),
        }
    }

    /// Either.
    pub fn or(self, other: Formula) -> Formula {
        match (self, other) {
            (Formula::True, _) | (_, Formula::True) => Formula::True,
            (Formula::False, rest) | (rest, Formula::False) => rest,
            (a, b) => Formula::any([a, b]),
        }
    }

    /// All of them.
    pub fn all(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut kept: Vec<Formula> = Vec::new();
        for part in parts {
            match part {
                Formula::True => {}
                Formula::False => return Formula::False,
                Formula::All(inner) => inner.iter().for_each(|part| push_new(&mut kept, part.clone())),
                other => push_new(&mut kept, other),
            }
        }
        match kept.len() {
            0 => Formula::True,
            1 => kept.pop().unwrap_or(Formula::True),
            _ => Formula::All(kept.into()),
        }
    }

    /// One of them.
    pub fn any(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut kept: Vec<Formula> = Vec::new();
        for part in parts {
            match part {
                Formula::False => {}
                Formula::True => return Formula::True,
                Formula::Any(inner) => inner.iter().for_each(|part| push_new(&mut kept, part.clone())),
                other => push_new(&mut kept, other),
            }
        }
        match kept.len() {
            0 => Formula::False,
            1 => kept.pop().unwrap_or(Formula::False),
            _ => Formula::Any(kept.into()),
        }
    }

    /// The opposite.
    pub fn negate(&self) -> Formula {
        match self {
            Formula::False => Formula::True,
            Formula::True => Formula::False,
            Formula::Is(atom, holds) => Formula::Is(Arc::clone(atom), !holds),
            Formula::All(parts) => Formula::any(parts.iter().map(Formula::negate)),
            Formula::Any(parts) => Formula::all(parts.iter().map(Formula::negate)),
        }
    }

    /// Whether an atom for which `test` holds occurs anywhere.
    pub fn mentions(&self, test: &dyn Fn(&Atom) -> bool) -> bool {
        match self {
            Formula::False | Formula::True => false,
            Formula::Is(atom, _) => test(atom),
            Formula::All(parts) | Formula::Any(parts) => parts.iter().any(|part| part.mentions(test)),
        }
    }
}

/// Formulas stay small (a handful of atoms), so looking through them is cheaper than hashing; a hostile policy with
/// thousands of distinct conditions keeps its duplicates instead of taking quadratic time.
fn push_new(kept: &mut Vec<Formula>, part: Formula) {
    if kept.len() > 64 || !kept.contains(&part) {
        kept.push(part);
    }
}
