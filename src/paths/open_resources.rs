//! Resources whose own policies let somebody destroy them whom the snapshot does not hold.

use super::direct;
use super::guard::{obstacles, something_to_take};
use super::outsiders::{Outsider, OutsiderKind, named_by_policy};
use super::terms::Terms;
use crate::access::{Access, Targets};
use crate::base::Certainty;
use crate::catalog::{self, destruction};
use crate::engine::{Applied, Caller, Context, Verdict, World};
use crate::iam::{Effect, Element, PrincipalSpec};
use crate::inventory::{Inventory, Resource, ResourceId};
use serde_json::Value;
use std::collections::BTreeSet;

/// A resource that lets somebody destroy it.
#[derive(Clone, Debug)]
pub struct OpenResource {
    /// Which.
    pub resource: ResourceId,
    /// Whom.
    pub outsider: Outsider,
    /// By which call.
    pub action: &'static str,
    /// Under which conditions.
    pub terms: Terms,
    /// The statements of its policy that do.
    pub statements: Vec<Applied>,
}

/// Every resource, of these, whose own policy allows one of some actions on it to somebody whom the snapshot does not hold.
/// Strangers can meet no condition; an account that is named is taken to meet those that it can.
pub fn open_resources(access: &Access<'_>, actions: &BTreeSet<&str>, resources: &[ResourceId]) -> Vec<OpenResource> {
    let inventory = access.inventory();
    let mut all = Vec::new();
    for id in resources {
        let Some(resource) = inventory.resource(*id) else { continue };
        let document = resource.policy.as_ref().and_then(|policy| inventory.document(policy.document));
        let Some(policy) = document.and_then(|document| document.policy.as_ref()) else { continue };
        let own = inventory.account(resource.account).map(|account| &account.id);
        for outsider in named_by_policy(inventory, policy, own) {
            let Some(caller) = outsider.caller() else { continue };
            let context = match outsider.kind {
                OutsiderKind::Anyone => Context::new(World::Closed),
                OutsiderKind::Account => direct(),
                _ => continue,
            };
            let Some(reservation) = reservation(resource, outsider.kind) else { continue };
            let destructive = destruction::all()
                .iter()
                .filter(|entry| actions.contains(entry.action()) && entry.harms(&resource.kind));
            let stranger = Stranger { access, caller: &caller, context: &context };
            for entry in destructive {
                let Some((terms, applied)) = stranger.may(entry.action(), resource) else { continue };
                // What is open to everybody is told once, and not of each account.
                let names_it = |one: &Applied| {
                    let principal = policy.statements.get(one.statement).and_then(|one| one.principal.as_ref());
                    let everybody =
                        |all: &Element<PrincipalSpec>| all.negated || all.values.contains(&PrincipalSpec::Everyone);
                    principal.is_some_and(|all| everybody(all) == (outsider.kind == OutsiderKind::Anyone))
                };
                let of_resource = |one: &Applied| resource.policy.as_ref().is_some_and(|own| own.name == one.policy);
                let statements: Vec<Applied> =
                    applied.into_iter().filter(|one| of_resource(one) && names_it(one)).collect();
                if statements.is_empty() {
                    continue;
                }
                let Some(cleared) = stranger.clears(resource, entry.action()) else { continue };
                let Some(there) = something_to_take(inventory, resource, entry.action()) else { continue };
                let terms = terms.and(cleared).and(there).and(reservation.clone());
                let outsider = outsider.clone();
                all.push(OpenResource { resource: *id, outsider, action: entry.action(), terms, statements });
            }
        }
    }
    all
}

/// Somebody whom the snapshot does not hold, and the requests that it can make.
struct Stranger<'s> {
    access: &'s Access<'s>,
    caller: &'s Caller,
    context: &'s Context,
}

impl Stranger<'_> {
    /// Under which conditions it may do something to a resource, and by which statements; `None`: it may not, or nobody
    /// knows.
    fn may(&self, action: &str, resource: &Resource) -> Option<(Terms, Vec<Applied>)> {
        let mut targets = Targets::default();
        targets.aim(self.access.inventory(), catalog::action(action), &resource.arn);
        targets.iter().find_map(|(target, owner)| {
            let (decision, applied) = self.access.decide_outsider(self.caller, action, target, owner, self.context);
            let allowed = decision.verdict >= Verdict::AllowedIf;
            let statements = applied.into_iter().filter(|one| one.effect == Effect::Allow);
            allowed.then(|| (Terms::of(&decision), statements.collect()))
        })
    }

    /// Under which conditions it gets past the protections of a resource; `None`: it does not.
    fn clears(&self, resource: &Resource, action: &str) -> Option<Terms> {
        let inventory = self.access.inventory();
        let mut terms = Terms::default();
        for obstacle in obstacles(inventory, resource, action)?.iter().filter(|obstacle| !obstacle.guard.lessens()) {
            let carrier = obstacle.on.and_then(|id| inventory.resource(id)).unwrap_or(resource);
            let past =
                obstacle.guard.cleared_by().iter().map(|clear| self.may(clear, carrier)).collect::<Option<Vec<_>>>();
            match past {
                Some(all) => terms = all.into_iter().fold(terms, |terms, (one, _)| terms.and(one)),
                None if obstacle.read => return None,
                None => {
                    let condition = format!("unless {} is on, which was not read", obstacle.guard.name());
                    terms = terms.and(Terms { certainty: Certainty::Conditional, conditions: [condition].into() });
                }
            }
        }
        Some(terms)
    }
}

/// What stands beside the policy of a bucket: Block Public Access leaves a policy that is public to the own account alone.
/// `None`: it is on.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
pub(super) fn reservation(resource: &Resource, kind: OutsiderKind) -> Option<Terms> {
    if resource.kind != "AWS::S3::Bucket" || !matches!(kind, OutsiderKind::Anyone | OutsiderKind::Anonymous) {
        return Some(Terms::default());
    }
    let restricts = resource
        .properties
        .get("PublicAccessBlockConfiguration")
        .map(|block| block.get("RestrictPublicBuckets").and_then(Value::as_bool).unwrap_or(false));
    let condition = match restricts {
        Some(true) => return None,
        Some(false) => "unless the account blocks public access to all of its buckets, which is not read",
        None => "unless public access to the bucket is blocked, which was not read",
    };
    Some(Terms { certainty: Certainty::Conditional, conditions: [condition.to_owned()].into() })
}

/// What an open resource says to people.
impl OpenResource {
    /// The call and what comes of it, in words.
    pub fn in_words(&self, inventory: &Inventory) -> String {
        let what = inventory.resource(self.resource).map(crate::inventory::words::resource).unwrap_or_default();
        format!("the policy of {what} lets {} call {}", self.outsider.in_words(), self.action)
    }
}
