//! DynamoDB tables, with what protects them and what could bring them back.

use super::Call;
use super::call::client;
use super::properties::{Properties, list, policy_of};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    BackupSummary, BackupTypeFilter, ContinuousBackupsDescription, PointInTimeRecoveryStatus, SseDescription,
    SseStatus, TableDescription,
};
use futures_util::StreamExt;
use futures_util::future::{join, join4};
use std::collections::BTreeMap;

const LIST_TABLES: Call = Call::new("dynamodb", "ListTables");
const DESCRIBE_TABLE: Call = Call::new("dynamodb", "DescribeTable");
const DESCRIBE_CONTINUOUS_BACKUPS: Call = Call::new("dynamodb", "DescribeContinuousBackups");
const LIST_BACKUPS: Call = Call::new("dynamodb", "ListBackups");
const LIST_TAGS_OF_RESOURCE: Call = Call::new("dynamodb", "ListTagsOfResource");
const GET_RESOURCE_POLICY: Call = Call::new("dynamodb", "GetResourcePolicy");

/// What this file asks.
pub const CALLS: &[Call] = &[
    LIST_TABLES,
    LIST_BACKUPS,
    DESCRIBE_TABLE,
    DESCRIBE_CONTINUOUS_BACKUPS,
    LIST_TAGS_OF_RESOURCE,
    GET_RESOURCE_POLICY,
];

/// How AWS says that a table has no resource policy.
const NO_POLICY: &str = "PolicyNotFoundException";
/// The largest page of backups that AWS gives.
const BACKUPS: i32 = 100;
/// How many backups of a table are kept, the newest first.
const KEPT: usize = 3;

/// Backups by the name of their table.
type Backups = BTreeMap<String, Vec<BackupSummary>>;

/// Reads every table of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("dynamodb");
    let client = client!(aws_sdk_dynamodb, config, region);
    let mut names = Vec::new();
    let mut backups = Backups::new();
    let (_, whole) = join(
        scope.pages(
            &LIST_TABLES,
            "",
            |start| client.list_tables().set_exclusive_start_table_name(start).send(),
            |page| {
                names.extend(page.table_names.unwrap_or_default());
                page.last_evaluated_table_name.filter(|name| !name.is_empty())
            },
        ),
        scope.pages(
            &LIST_BACKUPS,
            "",
            |start| {
                let request = client.list_backups().backup_type(BackupTypeFilter::All).limit(BACKUPS);
                request.set_exclusive_start_backup_arn(start).send()
            },
            |page| {
                for backup in page.backup_summaries.unwrap_or_default() {
                    let kept = backups.entry(backup.table_name().unwrap_or_default().to_owned()).or_default();
                    kept.push(backup);
                    kept.sort_by(|a, b| b.backup_creation_date_time().cmp(&a.backup_creation_date_time()));
                    kept.truncate(KEPT);
                }
                page.last_evaluated_backup_arn.filter(|arn| !arn.is_empty())
            },
        ),
    )
    .await;
    let backups = whole.then_some(&backups);
    let tables = futures_util::stream::iter(&names)
        .map(|name| table(scope, &client, region, identity, backups, name))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("dynamodb");
    tables
}

/// Asks the four questions about one table. The table is known to be there whatever they answer.
async fn table(
    scope: Scope<'_>,
    client: &Client,
    region: &str,
    identity: &Identity,
    made: Option<&Backups>,
    name: &str,
) -> Resource {
    let Identity { account, partition } = identity;
    let arn = format!("arn:{partition}:dynamodb:{region}:{account}:table/{name}");
    let subject = format!("table {name}");
    let mut tags = BTreeMap::new();
    let (described, backups, _, policy) = join4(
        scope.read(&DESCRIBE_TABLE, &subject, client.describe_table().table_name(name).send()),
        scope.read(
            &DESCRIBE_CONTINUOUS_BACKUPS,
            &subject,
            client.describe_continuous_backups().table_name(name).send(),
        ),
        scope.pages(
            &LIST_TAGS_OF_RESOURCE,
            &subject,
            |token| client.list_tags_of_resource().resource_arn(&arn).set_next_token(token).send(),
            |page| {
                tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
                page.next_token.filter(|token| !token.is_empty())
            },
        ),
        scope.read_or_none(
            &GET_RESOURCE_POLICY,
            &subject,
            NO_POLICY,
            client.get_resource_policy().resource_arn(&arn).send(),
        ),
    )
    .await;

    let mut properties = Properties::default().put("TableName", name);
    if let Some(table) = described.and_then(|answer| answer.table) {
        properties = described_properties(properties, &table);
    }
    if let Some(backups) = backups.and_then(|answer| answer.continuous_backups_description) {
        properties = backup_properties(properties, &backups);
    }
    if let Some(made) = made {
        properties = properties.put("Backups", list(made.get(name).map_or(&[], Vec::as_slice), backup));
    }
    Resource {
        kind: "AWS::DynamoDB::Table".to_owned(),
        region: Some(region.to_owned()),
        tags,
        properties: properties.map(),
        policy: policy_of(policy.as_ref().map(|answer| answer.as_ref().and_then(|answer| answer.policy()))),
        arn,
    }
}

fn described_properties(properties: Properties, table: &TableDescription) -> Properties {
    let keys = table.key_schema.as_deref().map(|keys| {
        list(keys, |key| {
            Properties::default().put("AttributeName", key.attribute_name()).put("KeyType", key.key_type().as_str())
        })
    });
    let attributes = table.attribute_definitions.as_deref().map(|attributes| {
        list(attributes, |attribute| {
            Properties::default()
                .put("AttributeName", attribute.attribute_name())
                .put("AttributeType", attribute.attribute_type().as_str())
        })
    });
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled()).map(|stream| {
        Properties::default().text("StreamViewType", stream.stream_view_type().map(|view| view.as_str()))
    });
    let replicas = table.replicas.as_deref().map(|replicas| {
        list(replicas, |replica| {
            Properties::default()
                .text("Region", replica.region_name())
                .text("ReplicaStatus", replica.replica_status().map(|status| status.as_str()))
        })
    });
    let billing = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    let class = table.table_class_summary().and_then(|summary| summary.table_class());
    properties
        .text("TableStatus", table.table_status().map(|status| status.as_str()))
        .known("DeletionProtectionEnabled", table.deletion_protection_enabled())
        .text("BillingMode", billing.map(|mode| mode.as_str()))
        .known("KeySchema", keys)
        .known("AttributeDefinitions", attributes)
        .known("SSESpecification", table.sse_description().map(encryption))
        .text("TableClass", class.map(|class| class.as_str()))
        .known("StreamSpecification", stream)
        .known("Replicas", replicas)
}

fn encryption(description: &SseDescription) -> Properties {
    let enabled = match description.status() {
        Some(SseStatus::Enabled | SseStatus::Updating) => Some(true),
        Some(SseStatus::Disabled | SseStatus::Disabling) => Some(false),
        _ => None,
    };
    Properties::default()
        .known("SSEEnabled", enabled)
        .text("SSEType", description.sse_type().map(|kind| kind.as_str()))
        .text("KMSMasterKeyId", description.kms_master_key_arn())
}

fn backup_properties(properties: Properties, backups: &ContinuousBackupsDescription) -> Properties {
    let recovery = backups.point_in_time_recovery_description();
    let enabled = match recovery.and_then(|recovery| recovery.point_in_time_recovery_status()) {
        Some(PointInTimeRecoveryStatus::Enabled) => Some(true),
        Some(PointInTimeRecoveryStatus::Disabled) => Some(false),
        _ => None,
    };
    let specification = enabled.map(|enabled| {
        Properties::default()
            .put("PointInTimeRecoveryEnabled", enabled)
            .known("RecoveryPeriodInDays", recovery.and_then(|recovery| recovery.recovery_period_in_days()))
    });
    let window = Properties::default()
        .text("ContinuousBackupsStatus", Some(backups.continuous_backups_status().as_str()))
        .time("EarliestRestorableDateTime", recovery.and_then(|recovery| recovery.earliest_restorable_date_time()))
        .time("LatestRestorableDateTime", recovery.and_then(|recovery| recovery.latest_restorable_date_time()));
    properties.known("PointInTimeRecoverySpecification", specification).put("ContinuousBackups", window)
}

fn backup(backup: &BackupSummary) -> Properties {
    Properties::default()
        .text("BackupArn", backup.backup_arn())
        .text("BackupName", backup.backup_name())
        .text("BackupType", backup.backup_type().map(|kind| kind.as_str()))
        .time("BackupCreationDateTime", backup.backup_creation_date_time())
        .time("BackupExpiryDateTime", backup.backup_expiry_date_time())
        .text("BackupStatus", backup.backup_status().map(|status| status.as_str()))
}
