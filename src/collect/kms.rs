//! KMS keys: without its key a copy is nothing, whoever guards it.

use super::Call;
use super::call::client;
use super::iam::document;
use super::properties::{Properties, list};
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::types::{
    GrantConstraints, GrantListEntry, KeyListEntry, KeyManagerType, KeyMetadata, KeySpec, OriginType,
};
use futures_util::StreamExt;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const LIST_KEYS: Call = Call::new("kms", "ListKeys");
const LIST_ALIASES: Call = Call::new("kms", "ListAliases");
const DESCRIBE_KEY: Call = Call::new("kms", "DescribeKey");
const GET_KEY_POLICY: Call = Call::new("kms", "GetKeyPolicy");
const LIST_GRANTS: Call = Call::new("kms", "ListGrants");
const GET_KEY_ROTATION_STATUS: Call = Call::new("kms", "GetKeyRotationStatus");
const LIST_RESOURCE_TAGS: Call = Call::new("kms", "ListResourceTags");

/// What this file asks.
pub const CALLS: &[Call] =
    &[LIST_KEYS, LIST_ALIASES, DESCRIBE_KEY, GET_KEY_POLICY, LIST_GRANTS, GET_KEY_ROTATION_STATUS, LIST_RESOURCE_TAGS];

/// The largest pages AWS gives: 1000 keys, 100 aliases and grants, 50 tags.
const KEYS: i32 = 1000;
const PAGE: i32 = 100;
const TAGS: i32 = 50;

/// Names of aliases by the id of their key.
type Aliases = BTreeMap<String, BTreeSet<String>>;

/// Reads every key of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("kms");
    let client = client!(aws_sdk_kms, config, region);
    let mut keys = Vec::new();
    let mut aliases = Aliases::new();
    let (_, named) = tokio::join!(
        scope.pages(
            &LIST_KEYS,
            "",
            |marker| client.list_keys().limit(KEYS).set_marker(marker).send(),
            |page| {
                keys.extend(page.keys.unwrap_or_default());
                page.truncated.then(|| page.next_marker.unwrap_or_default())
            },
        ),
        scope.pages(
            &LIST_ALIASES,
            "",
            |marker| client.list_aliases().limit(PAGE).set_marker(marker).send(),
            |page| {
                for alias in page.aliases.unwrap_or_default() {
                    if let (Some(key), Some(name)) = (alias.target_key_id, alias.alias_name) {
                        aliases.entry(key).or_default().insert(name);
                    }
                }
                page.truncated.then(|| page.next_marker.unwrap_or_default())
            },
        ),
    );
    let aliases = named.then_some(&aliases);
    let read: Vec<Option<Resource>> = futures_util::stream::iter(&keys)
        .map(|listed| key(scope, &client, region, aliases, listed))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("kms");
    read.into_iter().flatten().collect()
}

/// Asks what there is to know of one key. Grants and tags exist only for keys that the account manages itself, and
/// rotation for symmetric ones whose material is of KMS.
async fn key(
    scope: Scope<'_>,
    client: &Client,
    region: &str,
    aliases: Option<&Aliases>,
    listed: &KeyListEntry,
) -> Option<Resource> {
    let (id, arn) = (listed.key_id()?, listed.key_arn()?);
    let subject = &format!("key {id}");
    let described = scope.read(&DESCRIBE_KEY, subject, client.describe_key().key_id(arn).send()).await;
    let described = described.and_then(|answer| answer.key_metadata);
    let of_aws = described.as_ref().and_then(KeyMetadata::key_manager) == Some(&KeyManagerType::Aws);
    let rotates = described.as_ref().is_some_and(|key| {
        key.key_spec() == Some(&KeySpec::SymmetricDefault) && key.origin() == Some(&OriginType::AwsKms)
    });

    let (mut grants, mut tags) = (Vec::new(), BTreeMap::new());
    let policy = scope.read(&GET_KEY_POLICY, subject, client.get_key_policy().key_id(arn).send());
    let grants_read = async {
        !of_aws
            && scope
                .pages(
                    &LIST_GRANTS,
                    subject,
                    |marker| client.list_grants().key_id(arn).limit(PAGE).set_marker(marker).send(),
                    |page| {
                        grants.extend(page.grants.unwrap_or_default());
                        page.truncated.then(|| page.next_marker.unwrap_or_default())
                    },
                )
                .await
    };
    let rotation = async {
        if of_aws || !rotates {
            return None;
        }
        scope.read(&GET_KEY_ROTATION_STATUS, subject, client.get_key_rotation_status().key_id(arn).send()).await
    };
    let tags_read = async {
        if !of_aws {
            scope
                .pages(
                    &LIST_RESOURCE_TAGS,
                    subject,
                    |marker| client.list_resource_tags().key_id(arn).limit(TAGS).set_marker(marker).send(),
                    |page| {
                        tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.tag_key, tag.tag_value)));
                        page.truncated.then(|| page.next_marker.unwrap_or_default())
                    },
                )
                .await;
        }
    };
    let (policy, grants_read, rotation, ()) = tokio::join!(policy, grants_read, rotation, tags_read);

    grants.sort_by(|a: &GrantListEntry, b| a.grant_id().cmp(&b.grant_id()));
    let names = aliases.map(|aliases| aliases.get(id).into_iter().flatten().cloned().collect::<Vec<_>>());
    let properties = Properties::default().put("KeyId", id);
    let properties = match &described {
        Some(key) => described_properties(properties, key),
        None => properties,
    };
    let properties = properties
        .known("EnableKeyRotation", rotation.map(|answer| answer.key_rotation_enabled()))
        .known("Aliases", names)
        .known("Grants", grants_read.then(|| list(&grants, grant)));
    Some(Resource {
        arn: arn.to_owned(),
        kind: "AWS::KMS::Key".to_owned(),
        region: Some(region.to_owned()),
        tags,
        properties: properties.map(),
        policy: policy.and_then(|answer| answer.policy).as_deref().and_then(document),
    })
}

fn described_properties(properties: Properties, key: &KeyMetadata) -> Properties {
    properties
        .text("KeyState", key.key_state().map(|state| state.as_str()))
        .text("KeyManager", key.key_manager().map(|manager| manager.as_str()))
        .put("Enabled", key.enabled())
        .text("KeySpec", key.key_spec().map(|spec| spec.as_str()))
        .text("KeyUsage", key.key_usage().map(|usage| usage.as_str()))
        .text("Origin", key.origin().map(|origin| origin.as_str()))
        .known("MultiRegion", key.multi_region())
        .time("CreationDate", key.creation_date())
        .time("DeletionDate", key.deletion_date())
        .time("ValidTo", key.valid_to())
}

fn grant(grant: &GrantListEntry) -> Properties {
    let operations: Vec<&str> = grant.operations().iter().map(|operation| operation.as_str()).collect();
    Properties::default()
        .text("GrantId", grant.grant_id())
        .text("Name", grant.name())
        .text("GranteePrincipal", grant.grantee_principal())
        .text("GranteeServicePrincipal", grant.grantee_service_principal())
        .text("RetiringPrincipal", grant.retiring_principal())
        .text("RetiringServicePrincipal", grant.retiring_service_principal())
        .text("IssuingAccount", grant.issuing_account())
        .put("Operations", operations)
        .known("Constraints", grant.constraints().map(constraints))
}

/// Encryption contexts are no secrets: KMS writes them into CloudTrail in plain text.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>
fn constraints(constraints: &GrantConstraints) -> Properties {
    let pairs = |pairs: &HashMap<String, String>| {
        pairs.iter().fold(Properties::default(), |all, (key, value)| all.put(key, value.as_str()))
    };
    Properties::default()
        .known("EncryptionContextSubset", constraints.encryption_context_subset().map(pairs))
        .known("EncryptionContextEquals", constraints.encryption_context_equals().map(pairs))
        .text("SourceArn", constraints.source_arn())
}
