//! Requests of callers whom the snapshot does not hold: identity providers, other accounts, services, anybody.

use super::targets::effective;
use super::{Access, borrow};
use crate::catalog;
use crate::engine::{self, Applied, Caller, Context, Decision, Facts, Stack, Tags, Target};
use crate::iam::Policy;
use crate::inventory::ResourceId;

impl Access<'_> {
    /// Decides one request of a caller that the snapshot does not hold. What its own side says, where it has one, is not
    /// known: it is taken to allow.
    pub fn decide_outsider(
        &self,
        caller: &Caller,
        action: &str,
        target: &Target<'_>,
        resource: Option<ResourceId>,
        context: &Context,
    ) -> (Decision, Vec<Applied>) {
        let action = action.to_ascii_lowercase();
        let entry = catalog::action(&action);
        let target = effective(target, entry);
        let facts = Facts {
            caller,
            caller_tags: Tags::Unsaid,
            organization: None,
            resource_organization: self.organization_of(&target),
            action: &action,
            entry,
            target: &target,
            context,
            since: self.since,
        };
        let resource_policy = self.resource_attachment(facts.action, &facts.target.arn, resource);
        let resource_policy = resource_policy.map(|attachment| self.named(&attachment));
        let owner = self.inventory.accounts.iter().position(|account| target.account.as_deref() == Some(&*account.id));
        let owner = owner.and_then(|at| u32::try_from(at).ok()).map(crate::inventory::AccountId);
        let rcps = owner.map_or(super::Owned::Unseen, |owner| self.rcps(owner, &target, &self.bearing_on(&action)));
        let [allow, _] = &self.sure;
        let stack = Stack {
            identity: vec![allow],
            resource: self.side(resource_policy.as_ref(), &facts, resource),
            rcps: borrow(&rcps),
            ..Stack::default()
        };
        let (decision, mut applied) = engine::decide(&facts, &stack);
        // That the other side allows it is supposed; no policy of the snapshot says so.
        applied.retain(|statement| statement.policy != allow.name);
        (decision, applied)
    }

    /// The policy that says which outsiders may make a request; `None`: there may be one that nobody has read.
    pub fn speaking(&self, action: &str, target: &Target<'_>, resource: Option<ResourceId>) -> Option<Option<&Policy>> {
        let action = action.to_ascii_lowercase();
        let target = effective(target, catalog::action(&action));
        match self.resource_document(&action, &target.arn, resource) {
            Some(document) => self.inventory.document(document)?.policy.as_deref().map(Some),
            None => (!self.is_unseen(&action, &target.arn, resource)).then_some(None),
        }
    }
}
