//! Ways: from somebody, step by step, to the loss of a resource.
//!
//! A [`Means`] is what principals, acting as themselves or through a service, can take from resources; it is told once for
//! all who have it and all that it reaches. A [`Way`] is told of one actor and one resource: the hops by which the actor
//! becomes somebody who has a means, and that means as the last hop.

use super::terms::Terms;
use crate::catalog::destruction::Class;
use crate::engine::Verdict;
use crate::inventory::{Inventory, PrincipalId, ResourceId, words};
use std::sync::Arc;

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// A user or role of the snapshot, with the rights it has.
    Principal(PrincipalId),
    /// The same once it has written its own policies: it may do what its boundary and its organisation leave it.
    Unbound(PrincipalId),
    /// The same once it has taken its boundary off.
    WithoutBoundary(PrincipalId),
    /// The same with other policies than it has now; by number.
    Changed(PrincipalId, u32),
    /// Somebody newly made in the account of this principal, who may do everything.
    Newcomer(PrincipalId),
    /// Somebody whom the snapshot does not hold; by number.
    Outsider(u32),
}

impl Actor {
    /// The principal of the snapshot, unless it is an outsider or newly made.
    pub fn principal(self) -> Option<PrincipalId> {
        match self {
            Actor::Principal(id) | Actor::Unbound(id) | Actor::WithoutBoundary(id) | Actor::Changed(id, _) => Some(id),
            Actor::Newcomer(_) | Actor::Outsider(_) => None,
        }
    }
}

/// One request, concrete enough to be decided again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// With whose rights; `None`: with those of an outsider, or of a role that was not read.
    pub by: Option<PrincipalId>,
    /// `service:Name`.
    pub action: Arc<str>,
    /// The ARN that the request names, or `*`.
    pub on: Arc<str>,
    /// The resource whose policy speaks of it; [`crate::access::BARE`]: one that has had its policy taken off.
    pub resource: Option<ResourceId>,
    /// Condition keys that follow from how the call is made, with their values, besides those of [`super::direct`].
    pub given: Vec<(String, Vec<String>)>,
    /// What the engine says of it.
    pub verdict: Verdict,
}

/// One step of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Who acts.
    pub actor: Actor,
    /// What is done: the id of a technique or a kind of means.
    pub by: Arc<str>,
    /// The requests of the step, in order. Empty where the step is a fact, such as a role that a stack acts on.
    pub calls: Vec<Call>,
    /// Whom it makes of the actor; `None`: it is the last step, which takes the resource.
    pub becomes: Option<Actor>,
    /// Under which conditions this step works.
    pub terms: Terms,
    /// For people who do not know IAM.
    pub words: String,
}

/// A way from somebody to the loss of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Who begins.
    pub from: Actor,
    /// What is lost.
    pub target: ResourceId,
    /// The kind of loss.
    pub class: Class,
    /// The steps, in order.
    pub hops: Vec<Hop>,
    /// The conjunction of the terms of all steps.
    pub terms: Terms,
}

/// With whose rights a step of a means is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// Those of whoever has the means.
    Actor,
    /// Those of a role that a service acts on.
    Role(PrincipalId),
    /// Those of a role that was not read.
    Unread,
}

/// What a step of a means names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum On {
    /// The resource that is lost: for an action of another resource type, what [`crate::access::named_by`] says.
    Target,
    /// Another resource of the snapshot, such as the stack.
    Resource(ResourceId),
    /// Something else.
    Arn(Arc<str>),
}

/// A step of a means, told for all actors and targets of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// With whose rights.
    pub by: By,
    /// `service:Name`; empty where the step is a fact and no call.
    pub action: Arc<str>,
    /// On what.
    pub on: On,
    /// Condition keys that follow from how the call is made, besides those of [`super::direct`].
    pub given: Vec<(String, Vec<String>)>,
    /// Whether the policy of what it names has been taken off before.
    pub bare: bool,
    /// What the engine says of it.
    pub verdict: Verdict,
    /// Whether it only clears something away, such as a protection.
    pub clears: bool,
    /// For people, with `{who}` and `{what}` for actor and target.
    pub words: Arc<str>,
}

/// What some principals can take from some resources without becoming somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Means {
    /// What kind of means, such as `own-action` or `stack`.
    pub kind: &'static str,
    /// The kind of loss.
    pub class: Class,
    /// The action that is the loss, such as `dynamodb:DeleteTable`.
    pub action: Arc<str>,
    /// Everybody who has it, ascending.
    pub actors: Arc<[PrincipalId]>,
    /// Everything it reaches, ascending: every actor can take every target.
    pub targets: Arc<[ResourceId]>,
    /// Under which conditions.
    pub terms: Terms,
    /// The steps, in order; the last is the loss.
    pub steps: Vec<Step>,
}

impl Means {
    /// Whether it is a call of an action of the catalogue of destruction on the resource itself.
    pub fn is_own_call(&self) -> bool {
        super::means::is_own_call(self.kind)
    }

    /// The place of the step on which it hangs: the first that whoever has the means takes himself, apart from what only
    /// clears something away or names no resource of the snapshot.
    pub fn decisive_step(&self) -> Option<usize> {
        let own = |step: &Step| step.by == By::Actor && !step.clears;
        let named = self.steps.iter().position(|step| own(step) && !matches!(step.on, On::Arn(_)));
        named.or_else(|| self.steps.iter().position(own))
    }

    /// The call of that step, for one actor and one target of the means.
    pub fn decisive_call(&self, inventory: &Inventory, actor: Actor, target: ResourceId) -> Option<Call> {
        let step = self.steps.get(self.decisive_step()?)?;
        step.calls(inventory, actor, target).into_iter().next()
    }

    /// The last hops of a way, for one actor and one target of the means.
    pub fn hops(&self, inventory: &Inventory, actor: Actor, target: ResourceId) -> Vec<Hop> {
        let who = actor.principal().and_then(|id| inventory.principal(id)).map(words::principal).unwrap_or_default();
        let what = inventory.resource(target).map(words::resource).unwrap_or_default();
        let hop = |step: &Step| Hop {
            actor,
            by: self.kind.into(),
            calls: step.calls(inventory, actor, target),
            becomes: None,
            terms: self.terms.clone(),
            words: step.words.replace("{who}", &who).replace("{what}", &what),
        };
        self.steps.iter().map(hop).collect()
    }
}

impl Step {
    fn calls(&self, inventory: &Inventory, actor: Actor, target: ResourceId) -> Vec<Call> {
        if self.action.is_empty() {
            return Vec::new();
        }
        let of = |id: ResourceId| inventory.resource(id).map(|resource| (Arc::clone(&resource.arn), Some(id)));
        let named = match &self.on {
            On::Resource(id) => of(*id).into_iter().collect(),
            On::Arn(arn) => {
                let known = inventory.find_resource(arn).or_else(|| crate::access::owner_of(inventory, arn));
                vec![(Arc::clone(arn), known)]
            }
            On::Target => of(target).map(|(arn, id)| named(&self.action, &arn, id)).unwrap_or_default(),
        };
        let by = match self.by {
            By::Actor => actor.principal(),
            By::Role(role) => Some(role),
            By::Unread => None,
        };
        let call = |(on, resource)| Call {
            by,
            action: Arc::clone(&self.action),
            on,
            resource: if self.bare { Some(crate::access::BARE) } else { resource },
            given: self.given.clone(),
            verdict: self.verdict,
        };
        named.into_iter().map(call).collect()
    }
}

/// What a request for an action names, aimed at a resource, and whose policy speaks of it.
fn named(action: &str, arn: &Arc<str>, id: Option<ResourceId>) -> Vec<(Arc<str>, Option<ResourceId>)> {
    match crate::catalog::action(action) {
        Some(action) => crate::access::named_by(action, arn).into_iter().map(|name| (name.into(), id)).collect(),
        None => vec![(Arc::clone(arn), id)],
    }
}
