//! What a question is taken apart into.

use crate::access::Class;
use crate::access::mentions::Mentions;
use crate::access::reach::Reach;
use crate::access::statements::is_contested;
use crate::engine::Policy;
use crate::iam::{self, Effect, PolicyKind, Statement, Version};
use crate::inventory::{DocumentId, PrincipalId};
use std::sync::{Arc, OnceLock};

/// A statement that takes part, or a whole document that cannot be read.
pub(super) struct Entry<'q> {
    pub(super) document: DocumentId,
    /// Of a document that cannot be read.
    pub(super) name: Option<&'q Arc<str>>,
    /// `None`: the document cannot be read.
    pub(super) source: Option<(&'q Statement, Version, PolicyKind)>,
    pub(super) reach: Reach,
    /// Whether nothing but the resource decides whether it applies.
    pub(super) plain: bool,
    pub(super) mentions: &'q Mentions,
    /// The first entry that says the same of every target that both certainly cover.
    pub(super) alike: u32,
    /// The first entry that says the same of every target.
    pub(super) same: u32,
    /// As it stands, and with its resources left aside.
    pub(super) compiled: [OnceLock<Policy>; 2],
}

impl Entry<'_> {
    pub(super) fn may(&self, effect: Effect) -> bool {
        self.source.is_none_or(|(statement, ..)| statement.effect == effect)
    }

    /// The statement alone, its actions put in the one word that matters: long lists would be matched in each case.
    /// `covers`: the target is known to be covered.
    pub(super) fn policy(&self, action: &str, covers: bool) -> &Policy {
        let [exact, general] = &self.compiled;
        let compiled = if covers { general } else { exact };
        compiled.get_or_init(|| {
            let name = self.name.cloned().unwrap_or_default();
            let Some((statement, version, kind)) = self.source else { return Policy::unreadable(name) };
            let mut statement = statement.clone();
            if !statement.action.negated && !is_contested(&statement) {
                statement.action.values = vec![action.to_owned()];
            }
            if covers {
                statement.resource = Some(everything());
            }
            Policy::new(name, &iam::Policy { version, id: None, statements: vec![statement] }, kind)
        })
    }
}

pub(super) fn everything() -> iam::Element<String> {
    iam::Element { negated: false, values: vec!["*".to_owned()] }
}

/// Targets that nothing tells apart but which statements of a principal cover them.
pub(super) struct Group {
    pub(super) targets: Vec<u32>,
    /// Position of the account that owns them; `None`: the caller's own.
    pub(super) owner: Option<Owner>,
    pub(super) side: Side,
    /// Whether the resource's side may allow a caller of another account anything.
    pub(super) open_to_others: bool,
    /// Whether the resource's side may allow a caller of the same account whose policies say nothing.
    pub(super) open_to_silent: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Known(usize),
    /// An account that the inventory does not hold.
    Unknown,
}

pub(super) enum Side {
    None,
    Unseen,
    Policy(Policy),
}

/// Principals for whom all cases come to the same.
pub(super) struct Party<'q> {
    pub(super) principals: Vec<PrincipalId>,
    pub(super) class: &'q Class,
    pub(super) documents: Vec<DocumentId>,
    /// Number of their [`Likeness`]; `None`: whoever of the kind it is.
    pub(super) likeness: Option<u32>,
    /// Whether a policy of a resource names them: it may allow what their own policies do not.
    pub(super) named: bool,
}

/// How alike principals must be to be decided as one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Likeness {
    /// Alike to every condition on the caller's name, where one is looked at, and with the same values of the tags that
    /// are looked at; `None`: a session may choose them.
    Like(Option<u32>, Option<Vec<(String, Option<String>)>>),
    /// Nobody else.
    Same(PrincipalId),
}

/// What is put to the engine, in the fewest words.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Case {
    pub(super) kind: u32,
    pub(super) likeness: Option<u32>,
    pub(super) identity: Tokens,
    pub(super) boundary: Option<Tokens>,
    /// Of each level, where there are any.
    pub(super) scps: Option<Arc<[Tokens]>>,
    pub(super) group: GroupId,
    /// Where a policy variable stands in a pattern, the answer names the target.
    pub(super) target: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum GroupId {
    Coarse(u32),
    Fine(u32),
}

/// What statements say of a target. In order, each once.
pub(super) type Tokens = Vec<Token>;

/// What a statement says of a target.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Token {
    /// Yes, whatever the conditions.
    Allow,
    /// No, whatever the conditions.
    Deny,
    /// What the conditions of this entry say: it covers the target.
    When(u32),
    /// What this entry says, if it covers the target at all.
    Whether(u32),
}
