//! CloudWatch Logs: log groups and the metric filters that turn lines into numbers an alarm can watch.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::types::{LogGroup, MetricFilter};
use futures_util::future::join;
use std::collections::{BTreeMap, HashMap};

const DESCRIBE_LOG_GROUPS: Call = Call::new("logs", "DescribeLogGroups");
const DESCRIBE_METRIC_FILTERS: Call = Call::new("logs", "DescribeMetricFilters");

/// What this file asks.
pub const CALLS: &[Call] = &[DESCRIBE_LOG_GROUPS, DESCRIBE_METRIC_FILTERS];

/// The largest page AWS gives.
const PAGE: i32 = 50;

/// Reads every log group of a region. Tags come by the tagging API.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("logs");
    let client = client!(aws_sdk_cloudwatchlogs, config, region);
    let mut groups = Vec::new();
    let mut filters: HashMap<String, Vec<MetricFilter>> = HashMap::new();
    let (_, whole) = join(
        scope.pages(
            &DESCRIBE_LOG_GROUPS,
            "",
            |token| client.describe_log_groups().limit(PAGE).set_next_token(token).send(),
            |page| {
                groups.extend(page.log_groups.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        ),
        scope.pages(
            &DESCRIBE_METRIC_FILTERS,
            "",
            |token| client.describe_metric_filters().limit(PAGE).set_next_token(token).send(),
            |page| {
                for filter in page.metric_filters.unwrap_or_default() {
                    let group = filter.log_group_name.clone().unwrap_or_default();
                    filters.entry(group).or_default().push(filter);
                }
                page.next_token.filter(|token| !token.is_empty())
            },
        ),
    )
    .await;
    scope.finished("logs");
    let mut one = |group: &LogGroup| {
        let name = group.log_group_name()?;
        // Without the whole list a group's filters are known only where it has none.
        let none = whole || group.metric_filter_count() == Some(0);
        let filters = filters.remove(name).or_else(|| none.then(Vec::new));
        Some(resource(region, identity, name, group, filters.as_deref()))
    };
    groups.iter().filter_map(&mut one).collect()
}

fn resource(
    region: &str,
    identity: &Identity,
    name: &str,
    group: &LogGroup,
    filters: Option<&[MetricFilter]>,
) -> Resource {
    let Identity { account, partition } = identity;
    let built = || format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
    let properties = Properties::default()
        .put("LogGroupName", name)
        .known("RetentionInDays", group.retention_in_days())
        .text("KmsKeyId", group.kms_key_id())
        .text("LogGroupClass", group.log_group_class().map(|class| class.as_str()))
        .known("DeletionProtectionEnabled", group.deletion_protection_enabled())
        .known("MetricFilters", filters.map(|filters| list(filters, filter)));
    Resource {
        arn: group.arn().map_or_else(built, |arn| arn.trim_end_matches(":*").to_owned()),
        kind: "AWS::Logs::LogGroup".to_owned(),
        region: Some(region.to_owned()),
        tags: BTreeMap::new(),
        properties: properties.map(),
        policy: None,
    }
}

fn filter(filter: &MetricFilter) -> Properties {
    let transformations = list(filter.metric_transformations(), |transformation| {
        Properties::default()
            .put("MetricName", transformation.metric_name())
            .put("MetricNamespace", transformation.metric_namespace())
            .put("MetricValue", transformation.metric_value())
    });
    Properties::default()
        .text("FilterName", filter.filter_name())
        .text("FilterPattern", filter.filter_pattern())
        .put("MetricTransformations", transformations)
}
