//! EventBridge: buses with their policies, rules, and where rules send events.
//!
//! What a rule passes to a target (inputs, headers of requests) may hold secrets and is not kept.

use super::Call;
use super::call::client;
use super::properties::{Properties, list, policy_of};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{EventBus, Rule, Target};
use futures_util::StreamExt;
use serde_json::Value;
use std::collections::BTreeMap;

const LIST_EVENT_BUSES: Call = Call::new("events", "ListEventBuses");
const LIST_RULES: Call = Call::new("events", "ListRules");
const LIST_TARGETS_BY_RULE: Call = Call::new("events", "ListTargetsByRule");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_EVENT_BUSES, LIST_RULES, LIST_TARGETS_BY_RULE];

/// The bus that every region has.
const DEFAULT: &str = "default";

/// Reads every bus of a region with its rules. Tags come by the tagging API.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("events");
    let client = client!(aws_sdk_eventbridge, config, region);
    let mut buses = Vec::new();
    scope
        .pages(
            &LIST_EVENT_BUSES,
            "",
            |token| client.list_event_buses().set_next_token(token).send(),
            |page| {
                buses.extend(page.event_buses.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    // Its rules can be listed by those too who may not list the buses.
    let mut names: Vec<&str> = buses.iter().filter_map(EventBus::name).collect();
    if !names.contains(&DEFAULT) {
        names.push(DEFAULT);
    }
    let rules: Vec<Vec<Resource>> = futures_util::stream::iter(names)
        .map(|bus| rules(scope, &client, region, identity, bus))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("events");
    buses.iter().filter_map(|bus| bus_resource(region, bus)).chain(rules.into_iter().flatten()).collect()
}

fn bus_resource(region: &str, bus: &EventBus) -> Option<Resource> {
    Some(Resource {
        arn: bus.arn()?.to_owned(),
        kind: "AWS::Events::EventBus".to_owned(),
        region: Some(region.to_owned()),
        tags: BTreeMap::new(),
        properties: Properties::default().text("Name", bus.name()).map(),
        policy: policy_of(Some(bus.policy())),
    })
}

/// The rules of a bus with their targets.
async fn rules(scope: Scope<'_>, client: &Client, region: &str, identity: &Identity, bus: &str) -> Vec<Resource> {
    let mut rules = Vec::new();
    scope
        .pages(
            &LIST_RULES,
            &format!("bus {bus}"),
            |token| client.list_rules().event_bus_name(bus).set_next_token(token).send(),
            |page| {
                rules.extend(page.rules.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    futures_util::stream::iter(&rules)
        .map(|rule| rule_resource(scope, client, region, identity, bus, rule))
        .buffered(scope.concurrency())
        .filter_map(async |rule| rule)
        .collect()
        .await
}

async fn rule_resource(
    scope: Scope<'_>,
    client: &Client,
    region: &str,
    identity: &Identity,
    bus: &str,
    rule: &Rule,
) -> Option<Resource> {
    let name = rule.name()?;
    let mut targets = Vec::new();
    let whole = scope
        .pages(
            &LIST_TARGETS_BY_RULE,
            &format!("rule {name}"),
            |token| client.list_targets_by_rule().rule(name).event_bus_name(bus).set_next_token(token).send(),
            |page| {
                targets.extend(page.targets.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let Identity { account, partition } = identity;
    let place = if bus == DEFAULT { String::new() } else { format!("{bus}/") };
    let built = || format!("arn:{partition}:events:{region}:{account}:rule/{place}{name}");
    let pattern = rule.event_pattern().map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)));
    let properties = Properties::default()
        .put("Name", name)
        .put("EventBusName", rule.event_bus_name().unwrap_or(bus))
        .known("EventPattern", pattern)
        .text("ScheduleExpression", rule.schedule_expression())
        .text("State", rule.state().map(|state| state.as_str()))
        .text("RoleArn", rule.role_arn())
        .text("ManagedBy", rule.managed_by())
        .known("Targets", (whole || !targets.is_empty()).then(|| list(&targets, target)));
    Some(Resource {
        arn: rule.arn().map_or_else(built, str::to_owned),
        kind: "AWS::Events::Rule".to_owned(),
        region: Some(region.to_owned()),
        tags: BTreeMap::new(),
        properties: properties.map(),
        policy: None,
    })
}

fn target(target: &Target) -> Properties {
    let letters = target.dead_letter_config().map(|config| Properties::default().text("Arn", config.arn()));
    Properties::default()
        .put("Id", target.id())
        .put("Arn", target.arn())
        .text("RoleArn", target.role_arn())
        .known("DeadLetterConfig", letters)
}
