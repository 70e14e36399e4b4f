//! The smallest change of policies that turns an answer into its opposite. Every change that is proposed has been made on
//! a copy of the policies and the request decided again.

use super::Access;
use crate::base::Arn;
use crate::engine::{
    self, Applied, Context, Controls, Decision, Facts, Layer, Policy, ResourceSide, Stack, Target, Verdict,
};
use crate::iam::{self, Effect, Element, PolicyKind, PrincipalSpec, Version};
use crate::inventory::{PrincipalId, ResourceId};
use std::sync::Arc;

/// One change of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Take a statement out of a policy.
    Remove {
        /// Kind of policy.
        layer: Layer,
        /// ARN of the policy, or where it stands in words.
        policy: Arc<str>,
        /// Position of the statement, from 0.
        statement: usize,
        /// Its `Sid`.
        sid: Option<Arc<str>>,
    },
    /// Take a managed policy away from the principal, or from the group that carries it.
    Detach {
        /// ARN of the policy.
        policy: Arc<str>,
        /// ARN of the group; `None`: the principal itself.
        group: Option<Arc<str>>,
    },
    /// Add a statement to the policies of a layer.
    Add {
        /// Kind of policy.
        layer: Layer,
        /// For service control policies: the level, from the root (0) down.
        level: usize,
        /// What to add.
        statement: iam::Statement,
    },
}

/// Changes that together turn an answer into its opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// All of them are needed.
    pub changes: Vec<Change>,
    /// The answer after them.
    pub decision: Decision,
}

/// More rounds than layers are never needed.
const ROUNDS: usize = 12;

impl Access<'_> {
    /// The smallest changes that turn the answer to a request into its opposite: the best first, then another way where
    /// there is one. Empty where no change of a policy does, or the answer is unknown.
    pub fn flips(
        &self,
        principal: PrincipalId,
        action: &str,
        target: &Target<'_>,
        resource: Option<ResourceId>,
        context: &Context,
    ) -> Vec<Flip> {
        let found = self.examine(principal, action, target, resource, context, |facts, stack| {
            let (decision, applied) = engine::decide(facts, stack);
            match decision.verdict {
                Verdict::Allowed | Verdict::AllowedIf => denying(facts, stack, &applied),
                Verdict::ExplicitDeny | Verdict::ImplicitDeny => allowing(facts, stack).into_iter().collect(),
                Verdict::Unknown => Vec::new(),
            }
        });
        found.unwrap_or_default()
    }
}

/// Ways to deny what is allowed: remove the one statement that carries it, or add a deny.
fn denying(facts: &Facts<'_>, stack: &Stack<'_>, applied: &[Applied]) -> Vec<Flip> {
    let denies = |changes: Vec<Change>| {
        let decision = decision_after(facts, stack, &changes);
        decision.verdict.is_denied().then_some(Flip { changes, decision })
    };
    let grants = applied.iter().filter(|statement| {
        statement.effect == Effect::Allow && matches!(statement.layer, Layer::Identity | Layer::Resource | Layer::Trust)
    });
    let mut removals: Vec<Change> = Vec::new();
    for grant in grants {
        let change = removal(grant);
        if !removals.contains(&change) {
            removals.push(change);
        }
    }
    let removal = removals.into_iter().find_map(|change| denies(vec![change]));
    let deny = Change::Add { layer: Layer::Identity, level: 0, statement: written(facts, Effect::Deny, None) };
    let deny = denies(vec![deny]);
    let is_edit = |flip: &Flip| matches!(flip.changes.as_slice(), [Change::Remove { .. }]);
    // Detaching a policy takes away more than the one permission: the deny is the smaller change.
    match removal {
        Some(removal) if is_edit(&removal) => [Some(removal), deny].into_iter().flatten().collect(),
        removal => [deny, removal].into_iter().flatten().collect(),
    }
}

/// What takes a statement away. AWS's own policies cannot be edited, only detached.
fn removal(applied: &Applied) -> Change {
    let (policy, group) = Access::split_name(&applied.policy);
    if applied.layer == Layer::Identity && Arn::parse(policy).is_some_and(|arn| arn.account == "aws") {
        return Change::Detach { policy: policy.into(), group: group.map(Into::into) };
    }
    Change::Remove {
        layer: applied.layer,
        policy: policy.into(),
        statement: applied.statement,
        sid: applied.sid.clone(),
    }
}

/// The way to allow what is denied: mend the layer that stands in the way, until none does; then leave out what turned
/// out not to be needed.
fn allowing(facts: &Facts<'_>, stack: &Stack<'_>) -> Option<Flip> {
    let allowed = |verdict: Verdict| matches!(verdict, Verdict::Allowed | Verdict::AllowedIf);
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..ROUNDS {
        let edited = Edited::new(stack, &changes);
        let after = edited.stack(stack);
        let (decision, applied) = engine::decide(facts, &after);
        if allowed(decision.verdict) {
            break;
        }
        let before = changes.len();
        match decision.verdict {
            Verdict::ExplicitDeny => {
                let mut denies: Vec<Change> = Vec::new();
                for deny in applied.iter().filter(|one| one.effect == Effect::Deny && one.layer == decision.decided_by)
                {
                    let change = removal(deny);
                    if !denies.contains(&change) && !changes.contains(&change) {
                        denies.push(change);
                    }
                }
                changes.extend(denies);
            }
            _ => changes.extend(missing(facts, &after, decision.decided_by)),
        }
        if changes.len() == before {
            return None;
        }
    }
    let mut at = 0;
    while at < changes.len() {
        let mut fewer = changes.clone();
        fewer.remove(at);
        if allowed(decision_after(facts, stack, &fewer).verdict) {
            changes = fewer;
        } else {
            at = at.saturating_add(1);
        }
    }
    let decision = decision_after(facts, stack, &changes);
    allowed(decision.verdict).then_some(Flip { changes, decision })
}

/// The allow that a layer lacks.
fn missing(facts: &Facts<'_>, stack: &Stack<'_>, layer: Layer) -> Vec<Change> {
    let add = |level: usize| {
        let principal = match layer {
            Layer::Resource | Layer::Trust => Some(Element {
                negated: false,
                values: vec![PrincipalSpec::Aws(facts.caller.principal_arn.to_string())],
            }),
            _ => None,
        };
        Change::Add { layer, level, statement: written(facts, Effect::Allow, principal) }
    };
    match layer {
        Layer::Scp => {
            let levels = engine::evaluate(facts, stack, &mut None).scps;
            (0..).zip(&levels).filter(|(_, level)| level.allow.is_false()).map(|(level, _)| add(level)).collect()
        }
        Layer::Identity | Layer::Resource | Layer::Trust | Layer::Boundary => vec![add(0)],
        Layer::Session | Layer::Rcp | Layer::Endpoint | Layer::Root => Vec::new(),
    }
}

/// A statement about exactly this request.
fn written(facts: &Facts<'_>, effect: Effect, principal: Option<Element<PrincipalSpec>>) -> iam::Statement {
    let only = |text: &str| Element { negated: false, values: vec![text.to_owned()] };
    let is_trust = principal.is_some() && engine::is_trust(facts);
    iam::Statement {
        sid: None,
        effect,
        principal,
        action: only(facts.entry.map_or(facts.action, |entry| entry.name())),
        resource: (!is_trust).then(|| only(&facts.target.arn)),
        conditions: Vec::new(),
    }
}

fn decision_after(facts: &Facts<'_>, stack: &Stack<'_>, changes: &[Change]) -> Decision {
    let edited = Edited::new(stack, changes);
    engine::decide(facts, &edited.stack(stack)).0
}

/// Policies after changes.
struct Edited {
    identity: Vec<Policy>,
    boundaries: Vec<Policy>,
    resource: Option<Policy>,
    scps: Option<Vec<Vec<Policy>>>,
    rcps: Option<Vec<Vec<Policy>>>,
}

impl Edited {
    fn new(stack: &Stack<'_>, changes: &[Change]) -> Edited {
        let edit = |layer: Layer, all: &[&Policy], level: usize| -> Vec<Policy> {
            let mut kept: Vec<Policy> = all.iter().filter_map(|policy| without(policy, layer, changes)).collect();
            kept.extend(additions(layer, level, changes));
            kept
        };
        let levels = |layer: Layer, controls: &Controls<'_>| match controls {
            Controls::Levels(levels) => {
                Some((0..).zip(levels).map(|(index, level)| edit(layer, level, index)).collect())
            }
            Controls::None | Controls::Unseen => None,
        };
        // A resource has one policy, and a boundary is one: what is added becomes part of it.
        let whole = |layer: Layer, policy: Option<&Policy>| -> Option<Policy> {
            let parts = edit(layer, policy.as_slice(), 0);
            let mut parts = parts.into_iter();
            let mut first = parts.next()?;
            for part in parts {
                first.statements = match (first.statements, part.statements) {
                    (Some(all), Some(more)) => Some(all.iter().chain(more.iter()).cloned().collect()),
                    _ => None,
                };
            }
            Some(first)
        };
        let resource = match stack.resource {
            ResourceSide::Policy(policy) => Some(policy),
            ResourceSide::None | ResourceSide::Unseen => None,
        };
        let trust = changes.iter().any(|change| change.layer() == Layer::Trust);
        Edited {
            identity: edit(Layer::Identity, &stack.identity, 0),
            boundaries: stack.boundaries.iter().filter_map(|policy| whole(Layer::Boundary, Some(*policy))).collect(),
            resource: whole(if trust { Layer::Trust } else { Layer::Resource }, resource),
            scps: levels(Layer::Scp, &stack.scps),
            rcps: levels(Layer::Rcp, &stack.rcps),
        }
    }

    fn stack<'e>(&'e self, before: &Stack<'e>) -> Stack<'e> {
        let levels = |edited: &'e Option<Vec<Vec<Policy>>>, before: &Controls<'e>| match edited {
            Some(levels) => Controls::Levels(levels.iter().map(|level| level.iter().collect()).collect()),
            None => before.clone(),
        };
        Stack {
            identity: self.identity.iter().collect(),
            boundaries: self.boundaries.iter().collect(),
            resource: self.resource.as_ref().map_or(before.resource, ResourceSide::Policy),
            scps: levels(&self.scps, &before.scps),
            rcps: levels(&self.rcps, &before.rcps),
            ..before.clone()
        }
    }
}

impl Change {
    /// The kind of policy that is changed.
    pub fn layer(&self) -> Layer {
        match self {
            Change::Remove { layer, .. } | Change::Add { layer, .. } => *layer,
            Change::Detach { .. } => Layer::Identity,
        }
    }
}

/// The policy after removals; `None` where it is detached.
fn without(policy: &Policy, layer: Layer, changes: &[Change]) -> Option<Policy> {
    let (name, through) = Access::split_name(&policy.name);
    let mut removed: Vec<usize> = Vec::new();
    for change in changes.iter().filter(|change| change.layer() == layer) {
        match change {
            Change::Remove { policy, statement, .. } if **policy == *name => removed.push(*statement),
            Change::Detach { policy, group } if **policy == *name && group.as_deref() == through => return None,
            _ => {}
        }
    }
    let mut policy = policy.clone();
    if !removed.is_empty() {
        policy.statements = policy.statements.map(|statements| {
            let kept = statements.iter().enumerate().filter(|(index, _)| !removed.contains(index));
            kept.map(|(_, statement)| statement.clone()).collect()
        });
    }
    Some(policy)
}

fn additions(layer: Layer, level: usize, changes: &[Change]) -> Vec<Policy> {
    let kind = match layer {
        Layer::Resource => PolicyKind::Resource,
        Layer::Trust => PolicyKind::Trust,
        _ => PolicyKind::Identity,
    };
    let one = |change: &Change| match change {
        Change::Add { layer: at, level: on, statement } if *at == layer && *on == level => {
            let policy = iam::Policy { version: Version::V2012, id: None, statements: vec![statement.clone()] };
            Some(Policy::new("an added statement", &policy, kind))
        }
        _ => None,
    };
    changes.iter().filter_map(one).collect()
}
