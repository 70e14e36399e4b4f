//! Which principals no condition on the caller's name tells apart: policies compare `aws:PrincipalArn` with a few patterns,
//! and to nearly everybody each of them says the same.

use super::Access;
use crate::engine::{Context, Formula, Policy, Tags, Target, World};
use crate::iam::{self, Effect, PolicyKind, Version};
use crate::inventory::PrincipalId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;

/// Beyond so many distinct conditions everybody is taken to stand alone: asking each of everybody would cost more than
/// it saves.
const MOST: usize = 64;

/// Whether a condition compares the caller's ARN or name with fixed values.
pub(super) fn compares_name(condition: &iam::Condition, version: Version) -> bool {
    let is_name = ["aws:principalarn", "aws:username"].iter().any(|key| condition.key.eq_ignore_ascii_case(key));
    is_name && (version != Version::V2012 || condition.values.iter().all(|value| !value.contains("${")))
}

impl Access<'_> {
    /// Principals with the same number are alike to every condition of any policy that compares the caller's ARN or name
    /// with fixed values. `None`: nobody is like this one.
    pub fn likeness(&self, principal: PrincipalId) -> Option<u32> {
        self.likenesses.get_or_init(|| self.find_likenesses()).get(principal.0 as usize).copied()
    }

    fn find_likenesses(&self) -> Vec<u32> {
        let policies = self.inventory.documents.iter().filter_map(|document| document.policy.as_ref());
        let conditions: FxHashSet<(&iam::Condition, Version)> = policies
            .flat_map(|policy| policy.statements.iter().map(|statement| (&statement.conditions, policy.version)))
            .flat_map(|(conditions, version)| conditions.iter().map(move |condition| (condition, version)))
            .filter(|(condition, version)| compares_name(condition, *version))
            .collect();
        if conditions.len() > MOST {
            return Vec::new();
        }
        let everything = || iam::Element { negated: false, values: vec!["*".to_owned()] };
        let compile = |(condition, version): (&iam::Condition, Version)| {
            let statement = iam::Statement {
                sid: None,
                effect: Effect::Allow,
                principal: None,
                action: everything(),
                resource: Some(everything()),
                conditions: vec![condition.clone()],
            };
            Policy::new(
                "condition",
                &iam::Policy { version, id: None, statements: vec![statement] },
                PolicyKind::Identity,
            )
        };
        let policies: Vec<Policy> = conditions.into_iter().map(compile).collect();
        let (context, target) = (
            Context::new(World::Open),
            Target { arn: Cow::Borrowed("*"), account: None, properties: None, tags: Tags::Unsaid },
        );
        let says = |id: PrincipalId| -> Vec<Formula> {
            let Some((holder, caller)) = self.inventory.principal(id).zip(self.caller(id)) else { return Vec::new() };
            let facts = self.facts(holder, caller, "*", None, &target, &context);
            let statements = policies.iter().filter_map(|policy| policy.statements.as_ref()?.first());
            statements.map(|statement| statement.applies(&facts)).collect()
        };
        // One by one: whoever asks meanwhile waits, and must not be waited for.
        let mut known: FxHashMap<Vec<Formula>, u32> = FxHashMap::default();
        let number = |(id, _)| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(says(id)).or_insert(next)
        };
        self.inventory.principal_ids().map(number).collect()
    }
}
