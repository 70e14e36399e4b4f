//! CloudWatch alarms: what they watch and whom they tell.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, Dimension, MetricAlarm, MetricDataQuery};
use serde_json::Value;
use std::collections::BTreeMap;

const DESCRIBE_ALARMS: Call = Call::new("cloudwatch", "DescribeAlarms");

/// What this file asks.
pub const CALLS: &[Call] = &[DESCRIBE_ALARMS];

/// The largest page AWS gives.
const PAGE: i32 = 100;

/// Reads every alarm of a region. Tags come by the tagging API.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("cloudwatch");
    let client = client!(aws_sdk_cloudwatch, config, region);
    let mut alarms = Vec::new();
    scope
        .pages(
            &DESCRIBE_ALARMS,
            "",
            |token| {
                client
                    .describe_alarms()
                    .alarm_types(AlarmType::MetricAlarm)
                    .alarm_types(AlarmType::CompositeAlarm)
                    .max_records(PAGE)
                    .set_next_token(token)
                    .send()
            },
            |page| {
                alarms.extend(page.metric_alarms().iter().filter_map(|alarm| metric(region, alarm)));
                alarms.extend(page.composite_alarms().iter().filter_map(|alarm| composite(region, alarm)));
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    scope.finished("cloudwatch");
    alarms
}

fn resource(region: &str, arn: &str, kind: &str, properties: Properties) -> Resource {
    Resource {
        arn: arn.to_owned(),
        kind: format!("AWS::CloudWatch::{kind}"),
        region: Some(region.to_owned()),
        tags: BTreeMap::new(),
        properties: properties.map(),
        policy: None,
    }
}

fn metric(region: &str, alarm: &MetricAlarm) -> Option<Resource> {
    let metrics = alarm.metrics.as_deref().filter(|metrics| !metrics.is_empty());
    let properties = Properties::default()
        .text("AlarmName", alarm.alarm_name())
        .text("Namespace", alarm.namespace())
        .text("MetricName", alarm.metric_name())
        .known("Dimensions", alarm.dimensions.as_deref().filter(|all| !all.is_empty()).map(dimensions))
        .known("Metrics", metrics.map(|metrics| list(metrics, query)))
        .text("Statistic", alarm.statistic().map(|statistic| statistic.as_str()))
        .text("ComparisonOperator", alarm.comparison_operator().map(|operator| operator.as_str()))
        .known("Threshold", alarm.threshold())
        .known("Period", alarm.period())
        .known("EvaluationPeriods", alarm.evaluation_periods())
        .text("TreatMissingData", alarm.treat_missing_data())
        .known("ActionsEnabled", alarm.actions_enabled())
        .put("AlarmActions", actions(alarm.alarm_actions()))
        .text("StateValue", alarm.state_value().map(|state| state.as_str()));
    Some(resource(region, alarm.alarm_arn()?, "Alarm", properties))
}

fn composite(region: &str, alarm: &CompositeAlarm) -> Option<Resource> {
    let properties = Properties::default()
        .text("AlarmName", alarm.alarm_name())
        .text("AlarmRule", alarm.alarm_rule())
        .text("ActionsSuppressor", alarm.actions_suppressor())
        .known("ActionsEnabled", alarm.actions_enabled())
        .put("AlarmActions", actions(alarm.alarm_actions()))
        .text("StateValue", alarm.state_value().map(|state| state.as_str()));
    Some(resource(region, alarm.alarm_arn()?, "CompositeAlarm", properties))
}

fn actions(actions: &[String]) -> Vec<Value> {
    actions.iter().map(|action| Value::from(action.as_str())).collect()
}

fn dimensions(dimensions: &[Dimension]) -> Value {
    list(dimensions, |one| Properties::default().text("Name", one.name()).text("Value", one.value()))
}

/// One of the metrics that an alarm reckons with.
fn query(query: &MetricDataQuery) -> Properties {
    let metric = query.metric_stat().and_then(|stat| stat.metric()).map(|metric| {
        let metric = Properties::default()
            .text("Namespace", metric.namespace())
            .text("MetricName", metric.metric_name())
            .known("Dimensions", metric.dimensions.as_deref().map(dimensions));
        Properties::default().put("Metric", metric)
    });
    Properties::default()
        .text("Id", query.id())
        .text("Expression", query.expression())
        .text("AccountId", query.account_id())
        .known("MetricStat", metric)
}
