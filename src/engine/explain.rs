//! What each layer says of a request and why, statement by statement, near misses included.

use super::compile::{Policy, Statement};
use super::decide::{Controls, Decision, Layer, ResourceSide, Stack, decide};
use super::facts::Facts;
use super::formula::Formula;
use super::special::{is_trust, rcps_apply, scps_apply};
use crate::iam::Effect;
use std::sync::Arc;

/// A decision with what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Layers that exist for the caller, in the order in which AWS asks them.
    pub layers: Vec<LayerReport>,
}

/// What one kind of policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerReport {
    /// Which kind.
    pub layer: Layer,
    /// Whether policies of this kind apply that were not read.
    pub unseen: bool,
    /// Whether they apply to the request at all: not those over a management account, for one.
    pub applies: bool,
    /// The policies.
    pub policies: Vec<PolicyReport>,
}

/// What one policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyReport {
    /// How it is called.
    pub name: Arc<str>,
    /// For service control policies: the level, from the root (0) down.
    pub level: usize,
    /// Whether it could be read.
    pub readable: bool,
    /// Statements that speak of the action.
    pub statements: Vec<StatementReport>,
}

/// What one statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementReport {
    /// Position, from 0.
    pub index: usize,
    /// The `Sid`.
    pub sid: Option<Arc<str>>,
    /// Allow or deny.
    pub effect: Effect,
    /// How far it reaches the request.
    pub reach: Reach,
    /// Its conditions as written, each with what came of it.
    pub conditions: Vec<(String, Formula)>,
}

/// How far a statement that speaks of the action reaches the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It applies under this formula.
    Applies(Formula),
    /// Its conditions are not met.
    Conditions,
    /// It is about other resources.
    Resource {
        /// Whether they are those it leaves out.
        negated: bool,
        /// Patterns.
        patterns: Vec<String>,
    },
    /// It names others.
    Principal {
        /// Whether they are those it leaves out.
        negated: bool,
        /// Whom, in words.
        names: Vec<String>,
    },
}

/// Decides a request and tells what every layer says of it.
pub fn explain(facts: &Facts<'_>, stack: &Stack<'_>) -> Explanation {
    let (decision, _) = decide(facts, stack);
    let has_identity = facts.caller.has_identity();
    let bounded = !stack.boundaries.is_empty();
    let report = |policy: &&Policy, level: usize| report(policy, level, facts, bounded);
    let plain = |policies: &[&Policy]| policies.iter().map(|policy| report(policy, 0)).collect::<Vec<_>>();
    let mut layers = Vec::new();
    for (layer, controls, applies) in
        [(Layer::Scp, &stack.scps, scps_apply(facts, stack)), (Layer::Rcp, &stack.rcps, rcps_apply(facts, stack))]
    {
        let policies = match controls {
            Controls::Levels(levels) => {
                (0..).zip(levels).flat_map(|(index, level)| level.iter().map(move |one| report(one, index))).collect()
            }
            Controls::None | Controls::Unseen => Vec::new(),
        };
        layers.push(LayerReport { layer, unseen: matches!(controls, Controls::Unseen), applies, policies });
    }
    let (unseen, policy) = match stack.resource {
        ResourceSide::None => (false, None),
        ResourceSide::Unseen => (true, None),
        ResourceSide::Policy(policy) => (false, Some(policy)),
    };
    let resource = if is_trust(facts) { Layer::Trust } else { Layer::Resource };
    let mut add = |layer: Layer, unseen: bool, applies: bool, policies: Vec<PolicyReport>| {
        layers.push(LayerReport { layer, unseen, applies, policies });
    };
    add(resource, unseen, true, plain(policy.as_slice()));
    if has_identity {
        add(Layer::Identity, false, true, plain(&stack.identity));
        add(Layer::Boundary, false, true, plain(&stack.boundaries));
    }
    if let Some(session) = &stack.session {
        add(Layer::Session, false, true, plain(session));
    }
    if !stack.endpoints.is_empty() {
        add(Layer::Endpoint, false, true, plain(&stack.endpoints));
    }
    Explanation { decision, layers }
}

fn report(policy: &Policy, level: usize, facts: &Facts<'_>, bounded: bool) -> PolicyReport {
    let statements = policy.statements.iter().flat_map(|statements| statements.iter().enumerate());
    let speaking = statements.filter(|(_, statement)| statement.covers_action(facts.action));
    PolicyReport {
        name: Arc::clone(&policy.name),
        level,
        readable: policy.statements.is_some(),
        statements: speaking
            .map(|(index, statement)| StatementReport {
                index,
                sid: statement.sid.clone(),
                effect: statement.effect,
                reach: reach(statement, facts, bounded),
                conditions: statement.conditions(facts),
            })
            .collect(),
    }
}

fn reach(statement: &Statement, facts: &Facts<'_>, bounded: bool) -> Reach {
    if let Some((negated, names)) = statement.principals()
        && !statement.names(facts, bounded)
    {
        return Reach::Principal { negated, names };
    }
    if let Some((negated, patterns)) = statement.resources()
        && statement.covers_resource(facts).is_false()
    {
        return Reach::Resource { negated, patterns };
    }
    match statement.applies(facts) {
        Formula::False => Reach::Conditions,
        under => Reach::Applies(under),
    }
}
