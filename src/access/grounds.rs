//! On which statements it stands that somebody may do something: asked where that they may is known already, of one after
//! the other.

use super::Access;
use super::targets::speaker;
use crate::engine::{self, Applied, Context, Facts, Grants, Layer, ResourceGrants, Target};
use crate::iam::Effect;
use crate::inventory::{Attachment, Principal, PrincipalId, ResourceId};
use std::sync::Arc;

/// A statement that allows a request, or would where nothing else denied it.
pub struct Ground<'a> {
    /// Name of its policy.
    pub policy: &'a Arc<str>,
    /// The group that carries the policy to the principal.
    pub through: Option<&'a Arc<str>>,
    /// Position of the statement in the policy.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<Arc<str>>,
}

impl Access<'_> {
    /// The statements that allow a request: first those of the principal's own policies, then those of the resource's.
    /// What denies it, and what else must allow it, is left aside.
    pub fn grounds(
        &self,
        principal: PrincipalId,
        action: &str,
        target: &Target<'_>,
        resource: Option<ResourceId>,
        context: &Context,
    ) -> Vec<Ground<'_>> {
        let action = action.to_ascii_lowercase();
        let grounds = |holder, facts: &Facts<'_>| self.grounds_of(holder, facts, resource);
        self.asked(principal, &action, target, context, grounds).unwrap_or_default()
    }

    fn grounds_of<'s>(
        &'s self,
        holder: &'s Principal,
        facts: &Facts<'_>,
        resource: Option<ResourceId>,
    ) -> Vec<Ground<'s>> {
        let mut grounds = Vec::new();
        if !facts.caller.has_identity() {
            return grounds;
        }
        let silent = self.index.silent(facts.action);
        for attachment in holder.policies.iter().filter(|one| !silent.contains(one.document.0 as usize)) {
            let Some(policy) = self.policy(attachment.document) else { continue };
            let mut applied = Vec::new();
            Grants::of(policy, facts, Layer::Identity, &mut Some(&mut applied));
            grounds.extend(applied.into_iter().filter_map(|statement| ground(attachment, statement)));
        }
        if let Some((attachment, applied)) = self.applied_of_resource(facts, resource, holder.boundary.is_some()) {
            grounds.extend(applied.into_iter().filter_map(|statement| ground(attachment, statement)));
        }
        grounds
    }

    /// The statements of a resource's policy that apply. A trust policy says who may become a role, not what it may do.
    fn applied_of_resource(
        &self,
        facts: &Facts<'_>,
        resource: Option<ResourceId>,
        has_boundary: bool,
    ) -> Option<(&Attachment, Vec<Applied>)> {
        if engine::is_trust(facts) {
            return None;
        }
        let speaker = speaker(self.inventory, facts.action, resource?)?;
        let attachment = self.inventory.resource(speaker)?.policy.as_ref()?;
        let bounded = has_boundary && !facts.caller.service_linked;
        let mut applied = Vec::new();
        let policy = self.policy(attachment.document)?;
        ResourceGrants::of(policy, facts, bounded, Layer::Resource, &mut Some(&mut applied));
        Some((attachment, applied))
    }
}

fn ground(attachment: &Attachment, statement: Applied) -> Option<Ground<'_>> {
    (statement.effect == Effect::Allow).then_some(Ground {
        policy: &attachment.name,
        through: attachment.through.as_ref(),
        statement: statement.statement,
        sid: statement.sid,
    })
}
