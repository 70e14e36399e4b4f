//! CloudTrail: which trails record what, where to, and whether they do at this moment.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use super::sts::Identity;
use crate::base::arn::account_of;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, Trail};
use futures_util::StreamExt;
use futures_util::future::join3;
use serde_json::Value;
use std::collections::BTreeMap;

const DESCRIBE_TRAILS: Call = Call::new("cloudtrail", "DescribeTrails");
const GET_TRAIL_STATUS: Call = Call::new("cloudtrail", "GetTrailStatus");
const GET_EVENT_SELECTORS: Call = Call::new("cloudtrail", "GetEventSelectors");
const LIST_TAGS: Call = Call::new("cloudtrail", "ListTags");

/// What this file asks.
pub const CALLS: &[Call] = &[DESCRIBE_TRAILS, GET_TRAIL_STATUS, GET_EVENT_SELECTORS, LIST_TAGS];

/// Reads every trail that records in a region: those made there, those of other regions that record in all, and those of
/// the organisation. One that is at home in another of the `regions` that are read is asked about there, and only named
/// here, in case that region does not answer.
pub(super) async fn read(
    scope: Scope<'_>,
    config: &SdkConfig,
    region: &str,
    regions: &[String],
    identity: &Identity,
) -> Vec<Resource> {
    scope.started("cloudtrail");
    let client = client!(aws_sdk_cloudtrail, config, region);
    let answer = scope.read(&DESCRIBE_TRAILS, "", client.describe_trails().include_shadow_trails(true).send()).await;
    let trails = answer.and_then(|answer| answer.trail_list).unwrap_or_default();
    let read = futures_util::stream::iter(&trails)
        .map(|trail| resource(scope, config, region, regions, identity, trail))
        .buffered(scope.concurrency())
        .filter_map(async |trail| trail)
        .collect()
        .await;
    scope.finished("cloudtrail");
    read
}

/// One trail. Only the region it was made in can tell all about it.
async fn resource(
    scope: Scope<'_>,
    config: &SdkConfig,
    region: &str,
    regions: &[String],
    identity: &Identity,
    trail: &Trail,
) -> Option<Resource> {
    let arn = trail.trail_arn()?;
    let home = trail.home_region().filter(|home| super::session::is_region(home)).unwrap_or(region);
    let named = |properties: Properties, tags| Resource {
        arn: arn.to_owned(),
        kind: "AWS::CloudTrail::Trail".to_owned(),
        region: Some(home.to_owned()),
        tags,
        properties: properties.map(),
        policy: None,
    };
    if home != region && regions.iter().any(|read| read == home) {
        return Some(named(described(trail), BTreeMap::new()));
    }
    let client = client!(aws_sdk_cloudtrail, config, home);
    let subject = format!("trail {}", trail.name().unwrap_or(arn));
    let tags = async {
        let mut tags = BTreeMap::new();
        // The tags of the organisation's trail are the management account's.
        if account_of(arn) == Some(identity.account.as_str()) {
            scope
                .pages(
                    &LIST_TAGS,
                    &subject,
                    |token| client.list_tags().resource_id_list(arn).set_next_token(token).send(),
                    |page| {
                        let found = page.resource_tag_list.unwrap_or_default();
                        let found = found.into_iter().flat_map(|of_one| of_one.tags_list.unwrap_or_default());
                        tags.extend(found.map(|tag| (tag.key, tag.value.unwrap_or_default())));
                        page.next_token.filter(|token| !token.is_empty())
                    },
                )
                .await;
        }
        tags
    };
    let (tags, status, selectors) = join3(
        tags,
        scope.read(&GET_TRAIL_STATUS, &subject, client.get_trail_status().name(arn).send()),
        scope.read(&GET_EVENT_SELECTORS, &subject, client.get_event_selectors().trail_name(arn).send()),
    )
    .await;
    let mut properties = described(trail);
    if let Some(status) = status {
        properties = working(properties, &status);
    }
    if let Some(selectors) = selectors {
        properties = selected(properties, &selectors);
    }
    Some(named(properties, tags))
}

fn described(trail: &Trail) -> Properties {
    Properties::default()
        .text("TrailName", trail.name())
        .text("HomeRegion", trail.home_region())
        .text("S3BucketName", trail.s3_bucket_name())
        .text("S3KeyPrefix", trail.s3_key_prefix())
        .text("SnsTopicName", trail.sns_topic_arn())
        .known("IsMultiRegionTrail", trail.is_multi_region_trail())
        .known("IsOrganizationTrail", trail.is_organization_trail())
        .known("IncludeGlobalServiceEvents", trail.include_global_service_events())
        .known("EnableLogFileValidation", trail.log_file_validation_enabled())
        .text("KMSKeyId", trail.kms_key_id())
        .text("CloudWatchLogsLogGroupArn", trail.cloud_watch_logs_log_group_arn())
        .text("CloudWatchLogsRoleArn", trail.cloud_watch_logs_role_arn())
}

/// The codes of delivery errors are S3's own, such as `AccessDenied`.
fn working(properties: Properties, status: &GetTrailStatusOutput) -> Properties {
    properties
        .known("IsLogging", status.is_logging())
        .time("LatestDeliveryTime", status.latest_delivery_time())
        .text("LatestDeliveryError", status.latest_delivery_error())
        .time("StopLoggingTime", status.stop_logging_time())
}

fn selected(properties: Properties, selectors: &GetEventSelectorsOutput) -> Properties {
    let basic = selectors.event_selectors.as_deref().map(|all| list(all, basic));
    let advanced = selectors.advanced_event_selectors.as_deref().map(|all| list(all, advanced));
    properties.known("EventSelectors", basic).known("AdvancedEventSelectors", advanced)
}

fn basic(selector: &EventSelector) -> Properties {
    let resources = list(selector.data_resources(), |resource| {
        Properties::default().text("Type", resource.r#type()).put("Values", resource.values())
    });
    let excluded = selector.exclude_management_event_sources.clone();
    Properties::default()
        .text("ReadWriteType", selector.read_write_type().map(|kind| kind.as_str()))
        .known("IncludeManagementEvents", selector.include_management_events())
        .put("DataResources", resources)
        .known("ExcludeManagementEventSources", excluded)
}

fn advanced(selector: &AdvancedEventSelector) -> Properties {
    let field = |field: &AdvancedFieldSelector| {
        let words = |words: &Option<Vec<String>>| words.clone().map(Value::from);
        Properties::default()
            .put("Field", field.field())
            .known("Equals", words(&field.equals))
            .known("StartsWith", words(&field.starts_with))
            .known("EndsWith", words(&field.ends_with))
            .known("NotEquals", words(&field.not_equals))
            .known("NotStartsWith", words(&field.not_starts_with))
            .known("NotEndsWith", words(&field.not_ends_with))
    };
    Properties::default().text("Name", selector.name()).put("FieldSelectors", list(selector.field_selectors(), field))
}
