//! Deleting a resource through the Cloud Control API with a role that comes with the request. It takes resources of nearly
//! every type, whether a stack made them or not; with a role, the rights of the caller on the resource do not matter.
//! Without one it uses those of the caller, which adds nothing.
//!
//! Sources: <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations-manage-requests.html>,
//! <https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_DeleteResource.html> (`RoleArn`),
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudcontrol.html> (the role is passed to
//! CloudFormation), <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/supported-resources.html>

use super::super::guard::obstacles;
use super::super::terms::Terms;
use super::super::way::{By, On};
use super::deleted_by::deleted_by;
use super::own::clears;
use super::plan::{Part, Plan};
use super::stack::{CLOUDFORMATION, PASSED_ROLE};
use super::trust::roles_trusting;
use super::workload::pass;
use crate::catalog::destruction::Class;
use crate::inventory::{AccountId, Inventory, PrincipalId, ResourceId};
use std::collections::BTreeMap;

const DELETE: &str = "cloudformation:DeleteResource";

/// Types that it deletes, of those that are followed.
const TYPES: &[&str] = &[
    "AWS::Amplify::App",
    "AWS::Amplify::Branch",
    "AWS::Amplify::Domain",
    "AWS::AppSync::GraphQLApi",
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupVault",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::EFS::FileSystem",
    "AWS::EKS::Cluster",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Route53::HostedZone",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
];

/// Plans for every role that CloudFormation may act on.
pub(super) fn plans(inventory: &Inventory, resources: &[ResourceId]) -> Vec<Plan> {
    let mut roles: BTreeMap<AccountId, Vec<PrincipalId>> = BTreeMap::new();
    for role in roles_trusting(inventory, CLOUDFORMATION) {
        if let Some(known) = inventory.principal(role) {
            roles.entry(known.account).or_default().push(role);
        }
    }
    if roles.is_empty() {
        return Vec::new();
    }
    // What is deleted by the same action and kept by the same things goes together.
    let mut alike: BTreeMap<_, Vec<ResourceId>> = BTreeMap::new();
    for id in resources {
        let Some(resource) = inventory.resource(*id).filter(|known| TYPES.contains(&known.kind.as_str())) else {
            continue;
        };
        let Some((action, class)) = deleted_by(&resource.kind) else { continue };
        let Some(guards) = obstacles(inventory, resource, action) else { continue };
        let guards: Vec<_> =
            guards.iter().map(|obstacle| (obstacle.guard.name(), obstacle.on, obstacle.read)).collect();
        // A database is deleted after a last snapshot.
        let class = if resource.kind.starts_with("AWS::RDS::") { Class::Environment } else { class };
        alike.entry((resource.account, action, class, guards)).or_default().push(*id);
    }
    let mut plans = Vec::new();
    for ((account, action, class, _), targets) in alike {
        let first = targets.first().and_then(|id| inventory.resource(*id));
        let Some(clears) = first.and_then(|resource| clears(inventory, resource, action)) else { continue };
        for role in roles.get(&account).into_iter().flatten() {
            let Some(known) = inventory.principal(*role) else { continue };
            let mut parts = clears.clone();
            parts.push(pass(&known.arn, CLOUDFORMATION, "passes the role {role} to CloudFormation"));
            let words = format!(
                "{{who}} has CloudFormation delete {{what}} as role {}, outside of any stack ({DELETE})",
                known.name
            );
            parts.push(Part::call(DELETE, On::Arn("*".into()), words));
            let words = format!("CloudFormation deletes {{what}}, as role {} ({action})", known.name);
            parts.push(Part::call(action, On::Target, words).by(By::Role(*role)));
            plans.push(Plan {
                kind: PASSED_ROLE,
                class,
                action: action.into(),
                targets: targets.clone(),
                parts,
                terms: Terms::default(),
                except: Some(*role),
            });
        }
    }
    plans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_followed() {
        assert!(TYPES.is_sorted() && TYPES.iter().all(|kind| deleted_by(kind).is_some()));
    }
}
