//! Violations that somebody decided to accept for now.
//!
//! A suppression covers the principals and resources that it names and nobody else: a finding about more of them is told
//! of the others all the same.

use super::predicate::Draft;
use crate::base::Glob;
use crate::finding::Evidence;
use crate::inventory::{Inventory, PrincipalId, ResourceId, ResourceSet};
use std::collections::BTreeSet;

/// What is accepted, by whom and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Rules by id.
    pub rule: Glob,
    /// Principals by ARN; empty: all.
    pub principals: Vec<Glob>,
    /// Resources by ARN; empty: all.
    pub resources: Vec<Glob>,
    /// Why it is accepted.
    pub reason: String,
    /// Who decided.
    pub owner: String,
    /// The day from which it is a violation again, `YYYY-MM-DD`.
    pub expires: String,
    /// Whether that day has come.
    pub expired: bool,
}

/// What a suppression covers of a draft, and what it leaves.
struct Cut {
    covered: Draft,
    left: Vec<Draft>,
}

impl Suppression {
    fn names(patterns: &[Glob], arn: &str) -> bool {
        patterns.iter().any(|glob| glob.matches(arn))
    }

    fn covered_principals(&self, inventory: &Inventory, draft: &Draft) -> BTreeSet<PrincipalId> {
        let named = |id: &&PrincipalId| {
            self.principals.is_empty()
                || inventory.principal(**id).is_some_and(|known| Self::names(&self.principals, &known.arn))
        };
        draft.principals.iter().filter(named).copied().collect()
    }

    fn covered_resources(&self, inventory: &Inventory, draft: &Draft) -> (ResourceSet, BTreeSet<String>) {
        let named = |id: &ResourceId| {
            self.resources.is_empty()
                || inventory.resource(*id).is_some_and(|known| Self::names(&self.resources, &known.arn))
        };
        let other = |arn: &&String| self.resources.is_empty() || Self::names(&self.resources, arn);
        (draft.resources.iter().filter(named).collect(), draft.others.iter().filter(other).cloned().collect())
    }

    fn cut(&self, inventory: &Inventory, draft: &Draft) -> Option<Cut> {
        let principals = self.covered_principals(inventory, draft);
        let (resources, others) = self.covered_resources(inventory, draft);
        let nobody = principals.is_empty() && !self.principals.is_empty();
        let nothing = resources.is_empty() && others.is_empty() && !self.resources.is_empty();
        if nobody || nothing {
            return None;
        }
        let mut left = Vec::new();
        if principals.len() < draft.principals.len() {
            left.push(Draft {
                principals: draft.principals.difference(&principals).copied().collect(),
                ..draft.clone()
            });
        }
        if resources.len() < draft.resources.len() || others.len() < draft.others.len() {
            left.push(Draft {
                principals: principals.clone(),
                resources: draft.resources.beside(&resources).collect(),
                others: draft.others.difference(&others).cloned().collect(),
                ..draft.clone()
            });
        }
        Some(Cut { covered: Draft { principals, resources, others, ..draft.clone() }, left })
    }

    /// What a finding says that was accepted for too long.
    fn overdue(&self) -> Evidence {
        Evidence::Note {
            text: format!(
                "{} accepted this until {} ({}); that day has come",
                self.owner,
                self.expires,
                self.reason.trim_end_matches('.')
            ),
        }
    }
}

/// Suppressions that speak of one rule, with their places in the configuration.
pub(super) type OfRule<'s> = Vec<(usize, &'s Suppression)>;

/// Takes a draft apart: what each suppression covers, and what none does. The first that covers something has it.
pub(super) fn split(suppressions: &OfRule<'_>, inventory: &Inventory, draft: Draft) -> Vec<Draft> {
    let mut done = Vec::new();
    let mut open = vec![draft];
    for (place, suppression) in suppressions {
        let mut still_open = Vec::new();
        for mut draft in open {
            if draft.accepted.is_some() {
                done.push(draft);
                continue;
            }
            match suppression.cut(inventory, &draft) {
                None => still_open.push(draft),
                Some(_) if suppression.expired => {
                    draft.overdue.insert(*place);
                    if !draft.evidence.contains(&suppression.overdue()) {
                        draft.evidence.push(suppression.overdue());
                    }
                    still_open.push(draft);
                }
                Some(cut) => {
                    done.push(Draft { accepted: Some(*place), ..cut.covered });
                    still_open.extend(cut.left);
                }
            }
        }
        open = still_open;
    }
    done.extend(open);
    done
}
