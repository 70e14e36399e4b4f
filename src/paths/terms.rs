//! How sure an answer is, and under which conditions.

use super::conditions::Conditions;
use crate::base::Certainty;
use crate::engine::{Alternatives, Atom, Decision, Literal, Unseen, Verdict, conditions_in_words};

/// How sure an answer is, and what must hold for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Terms {
    /// How sure.
    pub certainty: Certainty,
    /// All of these must hold, in words.
    pub conditions: Conditions,
}

impl Default for Terms {
    fn default() -> Self {
        Terms::of_certainty(Certainty::Certain)
    }
}

impl Terms {
    /// As sure as this, under no condition.
    pub fn of_certainty(certainty: Certainty) -> Terms {
        Terms { certainty, conditions: Conditions::none() }
    }

    /// What a decision comes to. A reservation about organisation policies that nobody could read is a condition like
    /// any other, but does not by itself make an answer less certain: the report says once that they were not read.
    pub fn of(decision: &Decision) -> Terms {
        let in_words = |alternatives: &Alternatives| conditions_in_words(alternatives).into_iter().collect();
        match (decision.verdict, &decision.conditions) {
            (Verdict::Unknown, Some(alternatives)) => {
                Terms { certainty: Certainty::Unknown, conditions: in_words(alternatives) }
            }
            (Verdict::Unknown, None) => Terms::of_certainty(Certainty::Unknown),
            (Verdict::AllowedIf, Some(alternatives)) => {
                let certain = only_organization(alternatives);
                let certainty = if certain { Certainty::Certain } else { Certainty::Conditional };
                Terms { certainty, conditions: in_words(alternatives) }
            }
            (Verdict::AllowedIf, None) => Terms {
                certainty: Certainty::Conditional,
                conditions: ["under conditions too tangled to list".to_owned()].into(),
            },
            _ => Terms::default(),
        }
    }

    /// Both must hold: the less sure of the two, under the conditions of both.
    #[must_use]
    pub fn and(mut self, other: Terms) -> Terms {
        self.certainty = self.certainty.max(other.certainty);
        self.conditions = self.conditions.and(other.conditions);
        self
    }

    /// Whether these are no harder to meet than others: as sure, and under no other conditions.
    pub fn is_as_sure_as(&self, others: &Terms) -> bool {
        self.certainty <= others.certainty && self.conditions.is_subset(&others.conditions)
    }

    /// As part of a name.
    pub fn key(&self) -> String {
        format!("{:?}|{}", self.certainty, self.conditions.iter().map(String::as_str).collect::<Vec<_>>().join(";"))
    }
}

fn only_organization(Alternatives(all): &Alternatives) -> bool {
    let is_organization = |literal: &Literal| matches!(*literal.0, Atom::Unseen(Unseen::OrganizationPolicies));
    matches!(all.as_slice(), [only] if only.iter().all(is_organization))
}
