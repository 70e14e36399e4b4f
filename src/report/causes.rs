//! The fewest changes that close the most violations.
//!
//! A violation is counted once for each principal that its finding names, or for each resource where it is a setting. One
//! that several statements allow is closed when none of them is left. The choice is greedy: always the change that closes
//! most of what is still open, the narrower one where two close as much.

use super::Report;
use crate::finding::{Evidence, Finding};
use std::collections::{BTreeMap, BTreeSet};

/// A change. The order is that of preference, where two close as much.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Take one statement out of a policy, or limit it.
    Statement {
        /// ARN of a managed policy, or a name in words.
        policy: String,
        /// Position of the statement in its document, from 0.
        statement: usize,
        /// Its `Sid`.
        sid: Option<String>,
    },
    /// Take a policy away from a group.
    Attachment {
        /// ARN of a managed policy, or a name in words.
        policy: String,
        /// ARN of the group.
        group: String,
    },
    /// Take a policy away from everybody who has it for this, or limit them by a deny.
    Policy {
        /// ARN of a managed policy, or a name in words.
        policy: String,
    },
    /// What the finding itself says to do, where no statement allows it.
    Finding {
        /// Its id.
        id: String,
    },
}

/// A change and what it closes, after those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The changes that close these violations together; mostly one.
    pub changes: Vec<Change>,
    /// Number of violations that it closes.
    pub closes: usize,
    /// Ids of the findings whose violations it closes, wholly or in part, sorted.
    pub findings: Vec<String>,
}

/// The changes in the order in which they close most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causes {
    /// Number of violations, counted as above.
    pub violations: usize,
    /// The changes.
    pub all: Vec<Cause>,
}

/// A statement that has to go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    policy: String,
    statement: usize,
    sid: Option<String>,
    through: Option<String>,
}

/// Violations that the same changes close.
struct Item<'f> {
    finding: &'f Finding,
    weight: usize,
    needs: Needs,
}

enum Needs {
    /// All of these have to go.
    Grants(BTreeSet<Grant>),
    /// One change and no other.
    Only(Change),
}

impl Grant {
    /// The changes that each take it away. Nobody but AWS changes a statement of AWS's own policies.
    fn taken_by(&self) -> Vec<Change> {
        let policy = || self.policy.clone();
        let mut changes = vec![Change::Policy { policy: policy() }];
        if let Some(group) = &self.through {
            changes.push(Change::Attachment { policy: policy(), group: group.clone() });
        }
        if !self.policy.contains(":iam::aws:policy/") {
            changes.push(Change::Statement { policy: policy(), statement: self.statement, sid: self.sid.clone() });
        }
        changes
    }
}

impl Item<'_> {
    /// The changes that each close it alone.
    fn closed_by(&self) -> BTreeSet<Change> {
        match &self.needs {
            Needs::Only(change) => BTreeSet::from([change.clone()]),
            Needs::Grants(grants) => {
                let mut all = grants.iter().map(|grant| BTreeSet::from_iter(grant.taken_by()));
                let first = all.next().unwrap_or_default();
                all.fold(first, |common, next| common.intersection(&next).cloned().collect())
            }
        }
    }
}

/// The violations of a report by what would close them.
pub fn causes(report: &Report) -> Causes {
    let mut open: Vec<Item<'_>> = report.violations().into_iter().flat_map(items).collect();
    let mut causes =
        Causes { violations: open.iter().map(|item| item.weight).fold(0, usize::saturating_add), all: Vec::new() };
    while !open.is_empty() {
        let mut closes: BTreeMap<Change, usize> = BTreeMap::new();
        for item in &open {
            for change in item.closed_by() {
                let sum = closes.entry(change).or_default();
                *sum = sum.saturating_add(item.weight);
            }
        }
        // The first of those that close most: the order of changes is that of preference.
        let best = closes.into_iter().fold(None, |best: Option<(Change, usize)>, next| match best {
            Some(best) if best.1 >= next.1 => Some(best),
            _ => Some(next),
        });
        let changes = match best {
            Some((change, _)) => vec![change],
            // Nothing closes anything alone: what the heaviest needs goes together.
            None => together(&open),
        };
        let (closed, left): (Vec<Item<'_>>, Vec<Item<'_>>) =
            open.into_iter().filter_map(|item| without(item, &changes)).partition(|item| match &item.needs {
                Needs::Grants(grants) => grants.is_empty(),
                Needs::Only(change) => changes.contains(change),
            });
        open = left;
        let findings: BTreeSet<String> = closed.iter().map(|item| item.finding.id.clone()).collect();
        causes.all.push(Cause {
            changes,
            closes: closed.iter().map(|item| item.weight).fold(0, usize::saturating_add),
            findings: findings.into_iter().collect(),
        });
        if closed.is_empty() {
            // Cannot be: every choice closes something. A loop that never ends would be worse than a list cut short.
            break;
        }
    }
    causes
}

/// One change for each policy that the heaviest of the items needs.
fn together(open: &[Item<'_>]) -> Vec<Change> {
    let heaviest = open.iter().fold(None, |best: Option<&Item<'_>>, next| match best {
        Some(best) if best.weight >= next.weight => Some(best),
        _ => Some(next),
    });
    let Some(Item { needs: Needs::Grants(grants), .. }) = heaviest else { return Vec::new() };
    let mut by_policy: BTreeMap<&str, Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        by_policy.entry(&grant.policy).or_default().push(grant);
    }
    let narrowest = |grants: Vec<&Grant>| {
        let mut all = grants.into_iter().map(|grant| BTreeSet::from_iter(grant.taken_by()));
        let first = all.next().unwrap_or_default();
        all.fold(first, |common, next| common.intersection(&next).cloned().collect()).into_iter().next()
    };
    by_policy.into_values().filter_map(narrowest).collect()
}

/// What is left of an item after some changes.
fn without<'f>(item: Item<'f>, changes: &[Change]) -> Option<Item<'f>> {
    let needs = match item.needs {
        Needs::Grants(grants) => Needs::Grants(
            grants
                .into_iter()
                .filter(|grant| !grant.taken_by().iter().any(|change| changes.contains(change)))
                .collect(),
        ),
        only @ Needs::Only(_) => only,
    };
    Some(Item { needs, ..item })
}

fn items(finding: &Finding) -> Vec<Item<'_>> {
    let grants: BTreeSet<Grant> = finding
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            Evidence::Statement(statement) => Some(Grant {
                policy: statement.policy.clone(),
                statement: statement.statement,
                sid: statement.sid.clone(),
                through: statement.through.clone(),
            }),
            _ => None,
        })
        .collect();
    if !grants.is_empty() {
        let weight = finding.principals.len().max(1);
        return vec![Item { finding, weight, needs: Needs::Grants(grants) }];
    }
    let weight = finding.principals.len().max(finding.resources.len()).max(1);
    vec![Item { finding, weight, needs: Needs::Only(Change::Finding { id: finding.id.clone() }) }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Certainty;
    use crate::finding::{Severity, StatementEvidence};

    fn finding(id: &str, principals: usize, evidence: Vec<Evidence>) -> Finding {
        Finding {
            id: id.into(),
            rule: "a-rule".into(),
            family: "destruction".into(),
            title: String::new(),
            severity: Severity::High,
            certainty: Certainty::Certain,
            lost: crate::finding::Lost::Nothing,
            principals: (0..principals)
                .map(|number| format!("arn:aws:iam::111122223333:user/{number}").into())
                .collect(),
            resources: ["arn:aws:s3:::shop".into()].into(),
            actions: vec![],
            conditions: vec![],
            evidence,
            path: vec![],
            consequence: String::new(),
            remediation: String::new(),
            fix: None,
        }
    }

    fn grant(policy: &str, statement: usize, group: Option<&str>) -> Evidence {
        Evidence::Statement(StatementEvidence {
            policy: policy.into(),
            statement,
            sid: None,
            through: group.map(str::to_owned),
        })
    }

    fn statement(policy: &str, statement: usize) -> Change {
        Change::Statement { policy: policy.into(), statement, sid: None }
    }

    fn of(findings: Vec<Finding>) -> Causes {
        causes(&Report { findings, ..Report::default() })
    }

    #[test]
    fn the_statement_behind_most_comes_first() {
        let found = of(vec![
            finding("a", 3, vec![grant("work", 0, None)]),
            finding("b", 41, vec![grant("work", 1, None)]),
            finding("c", 2, vec![grant("other", 0, None)]),
        ]);
        assert_eq!(found.violations, 46);
        // The whole policy closes more than one of its statements.
        let closed: Vec<(Vec<Change>, usize)> =
            found.all.into_iter().map(|cause| (cause.changes, cause.closes)).collect();
        let whole = Change::Policy { policy: "work".into() };
        assert_eq!(closed, [(vec![whole], 44), (vec![statement("other", 0)], 2)]);
    }

    #[test]
    fn the_narrower_of_two_that_close_as_much_is_chosen() {
        let found = of(vec![finding("a", 3, vec![grant("work", 1, Some("team"))])]);
        assert_eq!(found.all[0].changes, [statement("work", 1)]);
        // A statement of a policy of AWS cannot be changed: the group loses the policy.
        let of_aws = "arn:aws:iam::aws:policy/PowerUserAccess";
        let found = of(vec![finding("a", 3, vec![grant(of_aws, 0, Some("team"))])]);
        assert_eq!(found.all[0].changes, [Change::Attachment { policy: of_aws.into(), group: "team".into() }]);
    }

    #[test]
    fn what_two_policies_allow_is_closed_by_both_only() {
        let found = of(vec![
            finding("a", 5, vec![grant("one", 0, None), grant("two", 0, None)]),
            finding("b", 1, vec![grant("one", 0, None)]),
        ]);
        // One is closed alone; after it the other policy is all that is left of the first.
        let closed: Vec<(Vec<Change>, usize)> =
            found.all.into_iter().map(|cause| (cause.changes, cause.closes)).collect();
        assert_eq!(closed, [(vec![statement("one", 0)], 1), (vec![statement("two", 0)], 5)]);
        let found = of(vec![finding("a", 5, vec![grant("one", 0, None), grant("two", 0, None)])]);
        assert_eq!(found.all[0].changes, [statement("one", 0), statement("two", 0)]);
        assert_eq!(found.all[0].closes, 5);
    }

    #[test]
    fn every_violation_is_closed_once() {
        let found = of(vec![
            finding("a", 2, vec![grant("one", 0, None), grant("one", 3, Some("team"))]),
            finding("b", 0, vec![Evidence::Note { text: "off".into() }]),
            finding("c", 0, vec![]),
            finding("d", 4, vec![grant("one", 3, Some("team"))]),
        ]);
        assert_eq!(found.violations, 8);
        assert_eq!(found.all.iter().map(|cause| cause.closes).sum::<usize>(), 8);
        assert!(found.all.is_sorted_by(|one, next| one.closes >= next.closes), "{found:?}");
        assert_eq!(found.all[0].findings, ["a", "d"]);
    }
}
