//! Deleting a resource by deleting the stack that made it.
//!
//! CloudFormation deletes with the role of the stack, where it has one: then the role's rights count, not the caller's,
//! and the caller need not even be allowed to pass that role. Without one it passes the caller's credentials on, so
//! statements that ask for `aws:CalledVia` apply.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>

use super::guard::{Passage, Protection, decisions};
use super::{direct, through_cloudformation};
use crate::access::Access;
use crate::engine::Decision;
use crate::inventory::{Inventory, PrincipalId, Resource, ResourceId};
use std::collections::BTreeMap;

/// What a principal can delete by deleting one stack.
#[derive(Clone, Debug)]
pub struct StackDeletion {
    /// Who.
    pub principal: PrincipalId,
    /// The stack.
    pub stack: ResourceId,
    /// When the stack may be deleted.
    pub decision: Decision,
    /// How termination protection is dealt with.
    pub passage: Passage,
    /// Resources of the stack that go with it, in order.
    pub takes: Vec<Taken>,
    /// Whether the stack's own role does the deleting.
    pub by_role: bool,
}

/// A resource that goes with its stack.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The resource.
    pub resource: ResourceId,
    /// When CloudFormation may delete it; `None`: it does so as a role that was not read.
    pub delete: Option<Decision>,
    /// How its own protection is dealt with.
    pub passage: Passage,
}

/// The action by which CloudFormation deletes a resource of a type.
const DELETED_BY: &[(&str, &str)] = &[
    ("AWS::Amplify::App", "amplify:DeleteApp"),
    ("AWS::Amplify::Branch", "amplify:DeleteBranch"),
    ("AWS::Amplify::Domain", "amplify:DeleteDomainAssociation"),
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
    let mut found = Vec::new();
    for &stack in stacks {
        let Some(resource) = inventory.resource(stack) else { continue };
        let protection = Protection::of(access, stack, &direct());
        let members = members(access, stack, resource);
        for (principal, decision) in decisions(access, "cloudformation:DeleteStack", stack, &direct()) {
            let Some(passage) = protection.passage(principal) else { continue };
            found.push(StackDeletion {
                principal,
                stack,
                decision,
                passage,
                takes: members.iter().filter_map(|member| member.taken(principal)).collect(),
                by_role: role_of(resource).is_some(),
            });
        }
    }
    found
}

/// A resource of a stack.
struct Member {
    resource: ResourceId,
    protection: Protection,
    deletes: Deletes,
}

/// With whose rights CloudFormation deletes.
enum Deletes {
    Caller(BTreeMap<PrincipalId, Decision>),
    Role(Option<Decision>),
}

impl Member {
    /// A protected resource makes the deletion of its stack fail, unless the caller can switch the protection off.
    fn taken(&self, principal: PrincipalId) -> Option<Taken> {
        let delete = match &self.deletes {
            Deletes::Caller(all) => Some(all.get(&principal)?.clone()),
            Deletes::Role(decision) => decision.clone(),
        };
        Some(Taken { resource: self.resource, delete, passage: self.protection.passage(principal)? })
    }
}

fn role_of(stack: &Resource) -> Option<&str> {
    stack.text("RoleARN").filter(|arn| !arn.is_empty())
}

fn members(access: &Access<'_>, id: ResourceId, stack: &Resource) -> Vec<Member> {
    let inventory: &Inventory = access.inventory();
    // Calls as a service role are the role's own.
    let through = if role_of(stack).is_some() { direct() } else { through_cloudformation() };
    let role = role_of(stack).map(|arn| inventory.find_principal(arn));
    inventory
        .resource_ids()
        .filter(|(_, resource)| resource.stacks.contains(&id))
        .filter_map(|(resource, known)| {
            let mut allowed = decisions(access, deleted_by(&known.kind)?, resource, &through);
            let deletes = match role {
                None => Deletes::Caller(allowed),
                Some(None) => Deletes::Role(None),
                Some(Some(role)) => Deletes::Role(Some(allowed.remove(&role)?)),
            };
            Some(Member { resource, protection: Protection::of(access, resource, &direct()), deletes })
        })
        .collect()
}
