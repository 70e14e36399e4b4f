//! How a request is decided, as far as a reader cares, and which statements decide it.

use super::text::{few, policy_name, statement_name};
use crate::access::Access;
use crate::engine::{Applied, Atom, Decision, Formula, Layer, Verdict, condition_in_words, conditions_in_words};
use crate::iam::Effect;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a request is decided, as far as a reader cares.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outcome {
    pub verdict: Verdict,
    pub decided_by: Layer,
    /// What must hold, in words.
    pub conditions: Vec<String>,
    pub statements: Vec<Statement>,
}

/// A statement that decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Statement {
    layer: String,
    policy: String,
    /// ARN of the group that carries the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<String>,
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: &'static str,
}

impl Outcome {
    /// What a decision comes to.
    pub fn new(decision: &Decision, applied: Vec<Applied>) -> Outcome {
        let mut conditions = decision.conditions.as_ref().map(conditions_in_words).unwrap_or_default();
        if conditions.is_empty() && decision.verdict == Verdict::AllowedIf {
            conditions.push("under conditions that are too tangled to say".to_owned());
        }
        if conditions.is_empty() && decision.verdict == Verdict::Unknown {
            conditions = doubts(&decision.formula);
        }
        Outcome {
            verdict: decision.verdict,
            decided_by: decision.decided_by,
            conditions,
            statements: deciding(decision, &applied).into_iter().map(Statement::new).collect(),
        }
    }

    /// Nothing allows it.
    pub fn nothing() -> Outcome {
        Outcome {
            verdict: Verdict::ImplicitDeny,
            decided_by: Layer::Identity,
            conditions: Vec::new(),
            statements: Vec::new(),
        }
    }
}

impl Statement {
    fn new(applied: &Applied) -> Statement {
        let (policy, through) = Access::split_name(&applied.policy);
        Statement {
            layer: applied.layer.to_string(),
            policy: policy.to_owned(),
            through: through.map(str::to_owned),
            statement: applied.statement,
            sid: applied.sid.as_deref().map(str::to_owned),
            effect: if applied.effect == Effect::Allow { "Allow" } else { "Deny" },
        }
    }
}

/// The statements that decide: the denies of an explicit deny; for what is allowed those that grant it and the denies
/// that its conditions come from. A grant without conditions makes those with conditions superfluous.
pub fn deciding<'a>(decision: &Decision, applied: &'a [Applied]) -> Vec<&'a Applied> {
    let is_grant = |one: &Applied| {
        one.effect == Effect::Allow
            && match one.layer {
                Layer::Identity => decision.decided_by != Layer::Resource,
                Layer::Resource | Layer::Trust => true,
                _ => false,
            }
    };
    let is_sure = |layer: Layer| {
        applied.iter().any(|one| one.layer == layer && one.effect == Effect::Allow && one.under.is_true())
    };
    applied
        .iter()
        .filter(|one| match decision.verdict {
            Verdict::ExplicitDeny => one.effect == Effect::Deny && one.layer == decision.decided_by,
            Verdict::ImplicitDeny => one.effect == Effect::Allow,
            _ => one.effect == Effect::Deny || (is_grant(one) && (one.under.is_true() || !is_sure(one.layer))),
        })
        .collect()
}

/// What a formula leaves undecided, in words.
fn doubts(formula: &Formula) -> Vec<String> {
    let found = RefCell::new(BTreeSet::new());
    formula.mentions(&|atom| {
        if matches!(atom, Atom::Undecided(_)) {
            found.borrow_mut().insert(condition_in_words(&(Arc::new(atom.clone()), true)));
        }
        false
    });
    found.into_inner().into_iter().collect()
}

/// In words: what decides.
pub fn decider(outcome: &Outcome) -> String {
    // Statements of one policy are named together.
    let of = |effect: &str| -> Vec<String> {
        let mut by_policy: Vec<(String, Vec<String>)> = Vec::new();
        for statement in outcome.statements.iter().filter(|statement| statement.effect == effect) {
            let (policy, _) = policy_name(&statement.policy);
            let name = statement_name(statement.sid.as_deref(), statement.statement);
            match by_policy.iter_mut().find(|(known, _)| *known == policy) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => by_policy.push((policy, vec![name])),
            }
        }
        by_policy.into_iter().map(|(policy, names)| format!("{} of {policy}", few(&names, 2))).collect()
    };
    let (allows, denies) = (of("Allow"), of("Deny"));
    match outcome.verdict {
        Verdict::ExplicitDeny if denies.is_empty() => format!("a deny of the {} policies", outcome.decided_by),
        Verdict::ExplicitDeny => few(&denies, 2),
        Verdict::ImplicitDeny => match outcome.decided_by {
            Layer::Identity => "nothing allows it".to_owned(),
            Layer::Boundary => "the permissions boundary does not allow it".to_owned(),
            Layer::Scp => "an organisation policy does not allow it".to_owned(),
            Layer::Trust => "the trust policy does not allow it".to_owned(),
            _ => "the resource's policy does not allow it".to_owned(),
        },
        _ if denies.is_empty() => few(&allows, 2),
        _ => format!("{}; limited by {}", few(&allows, 2), few(&denies, 2)),
    }
}
