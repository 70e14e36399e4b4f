//! Secrets Manager: that a secret is there, how it is protected, and who may. Never what it says: `GetSecretValue` is no
//! call of this program.

use super::Call;
use super::call::client;
use super::properties::{Properties, list, policy_of};
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{ReplicationStatusType, SecretListEntry};
use futures_util::StreamExt;
use futures_util::future::join;

const LIST_SECRETS: Call = Call::new("secretsmanager", "ListSecrets");
const DESCRIBE_SECRET: Call = Call::new("secretsmanager", "DescribeSecret");
const GET_RESOURCE_POLICY: Call = Call::new("secretsmanager", "GetResourcePolicy");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_SECRETS, DESCRIBE_SECRET, GET_RESOURCE_POLICY];

/// The largest page AWS gives.
const PAGE: i32 = 100;

/// Reads every secret of a region, those that wait for their deletion too.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("secretsmanager");
    let client = client!(aws_sdk_secretsmanager, config, region);
    let mut secrets = Vec::new();
    scope
        .pages(
            &LIST_SECRETS,
            "",
            |token| client.list_secrets().include_planned_deletion(true).max_results(PAGE).set_next_token(token).send(),
            |page| {
                secrets.extend(page.secret_list.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let read: Vec<Option<Resource>> = futures_util::stream::iter(&secrets)
        .map(|found| secret(scope, &client, region, found))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("secretsmanager");
    read.into_iter().flatten().collect()
}

async fn secret(scope: Scope<'_>, client: &Client, region: &str, found: &SecretListEntry) -> Option<Resource> {
    let (arn, name) = (found.arn()?, found.name()?);
    let subject = &format!("secret {name}");
    // What AWS may say of a secret that waits for its deletion: then nobody can do anything with it but restore it.
    let absent = if found.deleted_date().is_some() { "InvalidRequestException" } else { "" };
    let (described, policy) = join(
        scope.read(&DESCRIBE_SECRET, subject, client.describe_secret().secret_id(arn).send()),
        scope.read_or_none(&GET_RESOURCE_POLICY, subject, absent, client.get_resource_policy().secret_id(arn).send()),
    )
    .await;
    let replica = |replica: &ReplicationStatusType| {
        Properties::default()
            .text("Region", replica.region())
            .text("KmsKeyId", replica.kms_key_id())
            .text("Status", replica.status().map(|status| status.as_str()))
    };
    let replicas = described.map(|answer| list(answer.replication_status(), replica));
    // The answers have no field for rotation where it was never set up.
    let properties = Properties::default()
        .put("Name", name)
        .text("KmsKeyId", found.kms_key_id())
        .time("DeletedDate", found.deleted_date())
        .put("RotationEnabled", found.rotation_enabled().unwrap_or_default())
        .text("RotationLambdaARN", found.rotation_lambda_arn())
        .time("LastRotatedDate", found.last_rotated_date())
        .time("LastChangedDate", found.last_changed_date())
        .time("LastAccessedDate", found.last_accessed_date())
        .text("OwningService", found.owning_service())
        .text("PrimaryRegion", found.primary_region())
        .known("ReplicaRegions", replicas);
    let tags = found.tags().iter();
    Some(Resource {
        arn: arn.to_owned(),
        kind: "AWS::SecretsManager::Secret".to_owned(),
        region: Some(region.to_owned()),
        tags: tags.filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect(),
        properties: properties.map(),
        policy: policy_of(policy.as_ref().map(|answer| answer.as_ref().and_then(|answer| answer.resource_policy()))),
    })
}
