//! What principals may do to themselves: each is asked about its own ARN, or that of a policy or group of its own.

use super::{Access, Among, Class};
use crate::base::arn;
use crate::engine::{Context, Decision, Tags, Target};
use crate::iam::PolicyKind;
use crate::inventory::{Controls, PrincipalId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A question of one principal about something of its own.
pub struct Own<'a> {
    /// ARNs, any of which will do.
    pub on: Vec<Arc<str>>,
    /// Keys of the request.
    pub context: &'a Context,
}

/// An answer: who, of what, and the decision.
pub type OwnAnswer = (PrincipalId, Arc<str>, Arc<Decision>);

impl Access<'_> {
    /// Decides an action for each principal among some, on what is its own. The best answer of each that is not certainly
    /// denied, by principal.
    pub fn who_can_itself<'a>(
        &self,
        action: &str,
        among: &Among,
        own: &(dyn Fn(PrincipalId) -> Option<Own<'a>> + Sync),
    ) -> Vec<OwnAnswer> {
        let action = action.to_ascii_lowercase();
        let mut speaking = vec![false; self.inventory.documents.len()];
        let mut particular = vec![false; self.inventory.documents.len()];
        for id in self.index.speaking(&action) {
            let at = id.document.0 as usize;
            let Some(document) = self.inventory.documents.get(at).filter(|known| known.kind == PolicyKind::Identity)
            else {
                continue;
            };
            let Some(policy) = &document.policy else { continue };
            let Some(statement) = policy.statements.get(id.statement as usize) else { continue };
            let mentions = super::mentions::Mentions::of(statement, policy.version);
            let everything = statement.resource.as_ref().is_some_and(|on| !on.negated && on.values == ["*"]);
            if let Some(known) = speaking.get_mut(at) {
                *known = true;
            }
            if let Some(known) = particular.get_mut(at) {
                *known |= !everything || mentions.principal || !mentions.principal_tags.is_empty() || mentions.tags();
            }
        }
        let is = |of: &[bool], id: u32| of.get(id as usize).copied().unwrap_or(true);
        let over = |class: &Class| {
            let account = class.members.first().and_then(|id| self.inventory.principal(*id)).map(|known| known.account);
            match account.and_then(|id| self.inventory.account(id)).map(|account| &account.controls) {
                Some(Controls::Levels { scps, .. }) => {
                    scps.iter().flatten().map(|attachment| attachment.document.0).collect()
                }
                _ => Vec::new(),
            }
        };
        let classes = self.classes.par_iter().enumerate().filter(|(number, _)| among.has_class(*number));
        let mut all: Vec<OwnAnswer> = classes
            .flat_map_iter(|(_, class)| {
                let identity = class.policies.iter().map(|id| id.0);
                if !identity.clone().any(|id| is(&speaking, id)) {
                    return Vec::new();
                }
                let one_by_one =
                    identity.chain(class.boundary.map(|id| id.0)).chain(over(class)).any(|id| is(&particular, id));
                self.of_class(class, &action, one_by_one, own)
            })
            .collect();
        all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        all
    }

    fn of_class<'a>(
        &self,
        class: &Class,
        action: &str,
        one_by_one: bool,
        own: &(dyn Fn(PrincipalId) -> Option<Own<'a>> + Sync),
    ) -> Vec<OwnAnswer> {
        // By context and likeness.
        let mut shared: FxHashMap<(*const Context, u32), Arc<Decision>> = FxHashMap::default();
        let mut all = Vec::new();
        for member in &class.members {
            let Some(Own { on, context }) = own(*member) else { continue };
            let mut best: Option<OwnAnswer> = None;
            for arn in on {
                let key =
                    self.likeness(*member).filter(|_| !one_by_one).map(|number| (std::ptr::from_ref(context), number));
                let decision = match key.and_then(|key| shared.get(&key)) {
                    Some(decision) => Arc::clone(decision),
                    None => {
                        let target = self.principal_or_policy(&arn);
                        let Some((decision, _)) = self.decide(*member, action, &target, None, context) else {
                            continue;
                        };
                        let decision = Arc::new(decision);
                        shared.extend(key.map(|key| (key, Arc::clone(&decision))));
                        decision
                    }
                };
                if !decision.verdict.is_denied()
                    && best.as_ref().is_none_or(|(_, _, known)| known.verdict < decision.verdict)
                {
                    best = Some((*member, arn, decision));
                }
            }
            all.extend(best);
        }
        all
    }

    /// Something of IAM as a target: a principal with its tags, or a policy or group.
    pub fn principal_or_policy<'t>(&'t self, arn: &str) -> Target<'t> {
        let mut target = Target {
            account: arn::account_of(arn).map(|account| account.to_owned().into()),
            arn: arn.to_owned().into(),
            properties: None,
            tags: Tags::Unsaid,
        };
        if let Some(principal) = self.inventory.find_principal(arn).and_then(|id| self.inventory.principal(id)) {
            target.tags = Tags::All(&principal.tags);
        }
        target
    }
}
