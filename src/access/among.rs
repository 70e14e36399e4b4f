//! A question about some principals only: nothing is looked at that reaches nobody among them.

use super::index::{StatementId, known_or};
use super::{Access, Answer, Question, Targets};
use crate::engine::Context;
use crate::iam::{Condition, Effect, PolicyKind};
use crate::inventory::{Controls, DocumentId, PrincipalId};
use fixedbitset::FixedBitSet;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Some classes of principals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Among {
    /// By class.
    classes: Vec<bool>,
    /// By document: policies and boundaries of the classes, and service control policies.
    documents: Vec<bool>,
}

impl Among {
    /// Whether a class takes part.
    pub(super) fn has_class(&self, class: usize) -> bool {
        self.classes.get(class).copied().unwrap_or(false)
    }

    /// Whether an identity policy takes part.
    pub(super) fn has_document(&self, document: DocumentId) -> bool {
        self.documents.get(document.0 as usize).copied().unwrap_or(false)
    }

    /// Whether nobody is among them.
    pub fn is_empty(&self) -> bool {
        !self.classes.contains(&true)
    }

    /// Those who are in both.
    #[must_use]
    pub fn and(mut self, other: &Among) -> Among {
        for (mine, theirs) in self.classes.iter_mut().zip(&other.classes) {
            *mine &= *theirs;
        }
        self
    }
}

impl Access<'_> {
    /// How many statements speak, or may speak, of an action: by that it is dear to ask for.
    pub fn count_speaking(&self, action: &str) -> usize {
        self.index.speaking(&action.to_ascii_lowercase()).len()
    }

    /// The documents, by position, with a statement that speaks of an action and looks at who calls: it may hold for one of
    /// those who have the policy, and not for another.
    pub fn telling_callers_apart(&self, action: &str) -> Arc<FixedBitSet> {
        let action = action.to_ascii_lowercase();
        known_or(&self.telling, &action, || {
            let looks = |id: &&StatementId| self.statements.get(id).is_some_and(|known| known.mentions.principals());
            let speaking = self.index.speaking(&action);
            Arc::new(speaking.iter().filter(looks).map(|id| id.document.0 as usize).collect())
        })
    }

    /// Principals for whom some policy of their own may allow the action; everybody, where the policy of a resource
    /// may.
    pub fn may_do(&self, action: &str) -> Among {
        let action = action.to_ascii_lowercase();
        let mut allowing = vec![false; self.inventory.documents.len()];
        let mut by_resource = false;
        for id in self.index.speaking(&action).iter() {
            let Some((document, statement)) = self.statement(id) else { continue };
            if statement.effect == Effect::Allow {
                match document.kind {
                    PolicyKind::Identity => {
                        if let Some(known) = allowing.get_mut(id.document.0 as usize) {
                            *known = true;
                        }
                    }
                    PolicyKind::Resource | PolicyKind::Trust => by_resource = true,
                }
            }
        }
        for (id, _) in &self.unreadable {
            if let Some(known) = allowing.get_mut(id.0 as usize) {
                *known = true;
            }
        }
        let allows = |id: &DocumentId| allowing.get(id.0 as usize).copied().unwrap_or(false);
        self.among(|class| by_resource || class.policies.iter().any(allows))
    }

    /// Those of whose class one is in the set.
    pub fn classes_of(&self, principals: &BTreeSet<PrincipalId>) -> Among {
        self.among(|class| class.members.iter().any(|member| principals.contains(member)))
    }

    /// Those of whose class one is not in the set.
    pub fn classes_beside(&self, principals: &BTreeSet<PrincipalId>) -> Among {
        self.among(|class| class.members.iter().any(|member| !principals.contains(member)))
    }

    fn among(&self, is_in: impl Fn(&super::Class) -> bool) -> Among {
        let classes: Vec<bool> = self.classes.iter().map(is_in).collect();
        let mut documents = vec![false; self.inventory.documents.len()];
        let mut add = |id: DocumentId| {
            if let Some(known) = documents.get_mut(id.0 as usize) {
                *known = true;
            }
        };
        for (class, _) in self.classes.iter().zip(&classes).filter(|(_, is_in)| **is_in) {
            class.policies.iter().chain(&class.boundary).for_each(|id| add(*id));
        }
        for account in &self.inventory.accounts {
            if let Controls::Levels { scps, .. } = &account.controls {
                scps.iter().flatten().for_each(|attachment| add(attachment.document));
            }
        }
        Among { classes, documents }
    }

    /// [`Access::who_can`] for some principals only; those who share a class with one of them may be answered too.
    pub fn who_can_among(&self, action: &str, targets: &Targets<'_>, context: &Context, among: &Among) -> Vec<Answer> {
        let action = action.to_ascii_lowercase();
        Question::new(self, &action, targets, context, Some(among)).answer()
    }

    /// What the statements that speak of an action, among their policies, boundaries and organisation policies, ask of a
    /// condition key.
    pub fn conditions_on(&self, action: &str, key: &str, among: &Among) -> Vec<(Effect, &Condition)> {
        let action = action.to_ascii_lowercase();
        let mut found = Vec::new();
        for id in self.index.speaking(&action).iter().filter(|id| among.has_document(id.document)) {
            let Some((_, statement)) = self.statement(id) else { continue };
            let asked = statement.conditions.iter().filter(|condition| condition.key.eq_ignore_ascii_case(key));
            found.extend(asked.map(|condition| (statement.effect, condition)));
        }
        found
    }

    /// The resource patterns, other than `*`, of the statements among their policies that may allow an action.
    pub fn patterns_that_allow(&self, action: &str, among: &Among) -> Vec<&str> {
        let action = action.to_ascii_lowercase();
        let mut found: Vec<u32> = Vec::new();
        for id in self.index.speaking(&action).iter().filter(|id| among.has_document(id.document)) {
            let allows = self.statement(id).is_some_and(|(document, statement)| {
                document.kind == PolicyKind::Identity
                    && statement.effect == Effect::Allow
                    && statement.resource.as_ref().is_some_and(|resource| !resource.negated)
            });
            let prepared = self.statements.get(id).filter(|_| allows);
            found.extend(prepared.into_iter().flat_map(|prepared| &prepared.patterns));
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|number| self.statements.text(number)).collect()
    }
}
