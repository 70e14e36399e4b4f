//! Deleting a resource by deleting the stack that made it.
//!
//! CloudFormation deletes with the role of the stack, where it has one: the caller's own rights do not matter then.
//! Without one it passes the caller's credentials on, so statements that ask for `aws:CalledVia` apply.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html>

use super::guard::guard_of;
use crate::access::{Access, Targets};
use crate::engine::{Context, Verdict, World};
use crate::inventory::{Inventory, PrincipalId, Resource, ResourceId};
use std::collections::BTreeMap;

/// What a principal can delete by deleting one stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackDeletion {
    /// Who.
    pub principal: PrincipalId,
    /// The stack.
    pub stack: ResourceId,
    /// Whether its termination protection must be, and can be, switched off first.
    pub clears_protection: bool,
    /// Resources of the stack that go with it, in order.
    pub takes: Vec<ResourceId>,
    /// Whether the stack's own role does the deleting.
    pub by_role: bool,
    /// The least certain of the verdicts on the way.
    pub verdict: Verdict,
}

/// The action by which CloudFormation deletes a resource of a type.
const DELETED_BY: &[(&str, &str)] = &[
    ("AWS::AppSync::GraphQLApi", "appsync:DeleteGraphqlApi"),
    ("AWS::Cognito::UserPool", "cognito-idp:DeleteUserPool"),
    ("AWS::DynamoDB::Table", "dynamodb:DeleteTable"),
    ("AWS::Lambda::Function", "lambda:DeleteFunction"),
    ("AWS::RDS::DBCluster", "rds:DeleteDBCluster"),
    ("AWS::RDS::DBInstance", "rds:DeleteDBInstance"),
    ("AWS::S3::Bucket", "s3:DeleteBucket"),
];

/// The action by which CloudFormation deletes a resource of this type, for the types that are followed.
pub fn deleted_by(kind: &str) -> Option<&'static str> {
    DELETED_BY.iter().find(|(known, _)| *known == kind).map(|(_, action)| *action)
}

/// Finds, for each of the stacks, who can delete it and what goes with it. Ordered by stack and principal.
pub fn stack_deletions(access: &Access<'_>, stacks: &[ResourceId]) -> Vec<StackDeletion> {
    let inventory = access.inventory();
    let direct = Context::new(World::Open).with("aws:ViaAWSService", &["false"]).with("aws:CalledVia", &[]);
    let mut found = Vec::new();
    for &stack in stacks {
        let Some(resource) = inventory.resource(stack) else { continue };
        let can = |action: &str| verdicts(access, action, stack, &direct);
        let delete = can("cloudformation:DeleteStack");
        let guard = guard_of(resource);
        let clear = guard.map(|guard| can(guard.cleared_by));
        let members = members(inventory, stack);
        let by_role = resource.text("RoleARN").is_some();
        let through = Context::new(World::Open)
            .with("aws:ViaAWSService", &["true"])
            .with("aws:CalledVia", &["cloudformation.amazonaws.com"]);
        let member_verdicts: Vec<(ResourceId, BTreeMap<PrincipalId, Verdict>)> = members
            .iter()
            .filter(|_| !by_role)
            .filter_map(|(id, member)| {
                let action = deleted_by(&member.kind)?;
                // A protected resource makes the deletion of its stack fail.
                guard_of(member).is_none().then(|| (*id, verdicts(access, action, *id, &through)))
            })
            .collect();
        for (principal, mut verdict) in delete {
            if let Some(clear) = &clear {
                match clear.get(&principal) {
                    Some(clears) => verdict = verdict.min(*clears),
                    None => continue,
                }
            }
            let takes = if by_role {
                members.iter().filter(|(_, member)| guard_of(member).is_none()).map(|(id, _)| *id).collect()
            } else {
                let taken = |(id, verdicts): &(ResourceId, BTreeMap<PrincipalId, Verdict>)| {
                    verdicts.get(&principal).is_some_and(|verdict| *verdict > Verdict::Unknown).then_some(*id)
                };
                member_verdicts.iter().filter_map(taken).collect()
            };
            found.push(StackDeletion { principal, stack, clears_protection: guard.is_some(), takes, by_role, verdict });
        }
    }
    found
}

/// Every principal that is not certainly denied.
fn verdicts(access: &Access<'_>, action: &str, on: ResourceId, context: &Context) -> BTreeMap<PrincipalId, Verdict> {
    let targets = Targets::of(access.inventory(), [on]);
    let mut all = BTreeMap::new();
    for answer in access.who_can(action, &targets, context) {
        let Some(best) = answer.best().filter(|block| !block.decision.verdict.is_denied()) else { continue };
        all.extend(answer.principals.iter().map(|principal| (*principal, best.decision.verdict)));
    }
    all
}

fn members(inventory: &Inventory, stack: ResourceId) -> Vec<(ResourceId, &Resource)> {
    inventory.resource_ids().filter(|(_, resource)| resource.stacks.contains(&stack)).collect()
}
