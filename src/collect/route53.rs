//! Route 53: hosted zones with their records, and health checks. The service is global.
//!
//! Values are kept of records that say where a name leads (A, AAAA, CNAME, NS); those of TXT and the like may be
//! secrets. What a health check looks for in an answer is not kept either.

use super::Call;
use super::call::client;
use super::miss::Miss;
use super::properties::Properties;
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::{Outcome, Resource};
use aws_config::SdkConfig;
use aws_sdk_route53::Client;
use aws_sdk_route53::types::{HealthCheckConfig, HostedZone, ResourceRecordSet, RrType, TagResourceType};
use futures_util::StreamExt;
use futures_util::future::join;
use serde_json::Value;
use std::collections::BTreeMap;

const LIST_HOSTED_ZONES: Call = Call::new("route53", "ListHostedZones");
const LIST_RESOURCE_RECORD_SETS: Call = Call::new("route53", "ListResourceRecordSets");
const LIST_HEALTH_CHECKS: Call = Call::new("route53", "ListHealthChecks");
const LIST_TAGS_FOR_RESOURCES: Call = Call::new("route53", "ListTagsForResources");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_HOSTED_ZONES, LIST_RESOURCE_RECORD_SETS, LIST_HEALTH_CHECKS, LIST_TAGS_FOR_RESOURCES];

/// The largest page of records, and how many records of one zone are kept: AWS's own limit for a zone, until one asks
/// for more.
const PAGE: i32 = 300;
const RECORDS: usize = 10_000;
/// How many resources one call tells the tags of.
const BATCH: usize = 10;

/// Tags by the id of what they are on.
type Tags = BTreeMap<String, BTreeMap<String, String>>;

/// Reads every hosted zone and health check of the account.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, home: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("route53");
    let client = client!(aws_sdk_route53, config, home);
    let (zones, checks) = join(zones(scope, &client, identity), health_checks(scope, &client, identity)).await;
    scope.finished("route53");
    zones.into_iter().chain(checks).collect()
}

async fn zones(scope: Scope<'_>, client: &Client, identity: &Identity) -> Vec<Resource> {
    let mut zones = Vec::new();
    scope
        .pages(
            &LIST_HOSTED_ZONES,
            "",
            |marker| client.list_hosted_zones().set_marker(marker).send(),
            |page| {
                zones.extend(page.hosted_zones);
                page.is_truncated.then(|| page.next_marker.unwrap_or_default())
            },
        )
        .await;
    let ids: Vec<&str> = zones.iter().map(id).collect();
    let records = futures_util::stream::iter(&zones)
        .map(|zone| records(scope, client, zone))
        .buffered(scope.concurrency())
        .collect::<Vec<_>>();
    let (records, mut tags) = join(records, tags(scope, client, TagResourceType::Hostedzone, &ids)).await;
    let resource = |(zone, records): (&HostedZone, Option<Value>)| {
        let properties = Properties::default()
            .put("Id", id(zone))
            .put("Name", name(zone.name()))
            .known("PrivateZone", zone.config().map(|config| config.private_zone()))
            .known("ResourceRecordSetCount", zone.resource_record_set_count())
            .text("LinkedService", zone.linked_service().and_then(|service| service.service_principal()))
            .known("RecordSets", records);
        Resource {
            arn: format!("arn:{}:route53:::hostedzone/{}", identity.partition, id(zone)),
            kind: "AWS::Route53::HostedZone".to_owned(),
            region: None,
            tags: tags.remove(id(zone)).unwrap_or_default(),
            properties: properties.map(),
            policy: None,
        }
    };
    zones.iter().zip(records).map(resource).collect()
}

/// The id without the path that the API puts before it.
fn id(zone: &HostedZone) -> &str {
    zone.id().trim_start_matches("/hostedzone/")
}

/// The API writes an asterisk as its octal code.
fn name(name: &str) -> String {
    name.replace("\\052", "*")
}

/// The records of a zone, as many as came; `None` where none did.
async fn records(scope: Scope<'_>, client: &Client, zone: &HostedZone) -> Option<Value> {
    let subject = format!("zone {}", zone.name());
    let mut records: Vec<Value> = Vec::new();
    let mut cut = false;
    let whole = scope
        .pages(
            &LIST_RESOURCE_RECORD_SETS,
            &subject,
            |start| {
                // A page begins at a name, a type and, where several records have both, an identifier.
                let start = start.unwrap_or_default();
                let mut parts = start.split('\n').map(|part| Some(part.to_owned()).filter(|part| !part.is_empty()));
                let mut part = || parts.next().flatten();
                let (name, kind, identifier) = (part(), part(), part());
                client
                    .list_resource_record_sets()
                    .hosted_zone_id(id(zone))
                    .max_items(PAGE)
                    .set_start_record_name(name)
                    .set_start_record_type(kind.map(|kind| RrType::from(kind.as_str())))
                    .set_start_record_identifier(identifier)
                    .send()
            },
            |page| {
                records.extend(page.resource_record_sets.iter().map(|record| Value::from(record_set(record))));
                cut = page.is_truncated && records.len() >= RECORDS;
                (page.is_truncated && !cut).then(|| match page.next_record_name {
                    Some(name) => {
                        let kind = page.next_record_type.as_ref().map(RrType::as_str).unwrap_or_default();
                        format!("{name}\n{kind}\n{}", page.next_record_identifier.unwrap_or_default())
                    }
                    None => String::new(),
                })
            },
        )
        .await;
    if cut {
        let miss = Miss::new(Outcome::Failed, format!("only the first {RECORDS} records were read"));
        scope.write_down(&LIST_RESOURCE_RECORD_SETS, &subject, Some(miss));
    }
    (whole || !records.is_empty()).then_some(Value::Array(records))
}

fn record_set(record: &ResourceRecordSet) -> Properties {
    let alias = record.alias_target().map(|alias| {
        Properties::default()
            .put("DNSName", name(alias.dns_name()))
            .put("HostedZoneId", alias.hosted_zone_id())
            .put("EvaluateTargetHealth", alias.evaluate_target_health())
    });
    let leads = matches!(record.r#type(), RrType::A | RrType::Aaaa | RrType::Cname | RrType::Ns);
    let values = record
        .resource_records
        .as_deref()
        .filter(|_| leads)
        .map(|records| records.iter().map(|record| Value::from(name(record.value()))).collect::<Vec<_>>());
    Properties::default()
        .put("Name", name(record.name()))
        .text("Type", Some(record.r#type().as_str()))
        .text("SetIdentifier", record.set_identifier())
        .text("HealthCheckId", record.health_check_id())
        .known("AliasTarget", alias)
        .known("ResourceRecords", values)
}

async fn health_checks(scope: Scope<'_>, client: &Client, identity: &Identity) -> Vec<Resource> {
    let mut checks = Vec::new();
    scope
        .pages(
            &LIST_HEALTH_CHECKS,
            "",
            |marker| client.list_health_checks().set_marker(marker).send(),
            |page| {
                checks.extend(page.health_checks);
                page.is_truncated.then(|| page.next_marker.unwrap_or_default())
            },
        )
        .await;
    let ids: Vec<&str> = checks.iter().map(|check| check.id()).collect();
    let mut tags = tags(scope, client, TagResourceType::Healthcheck, &ids).await;
    let resource = |check: &aws_sdk_route53::types::HealthCheck| Resource {
        arn: format!("arn:{}:route53:::healthcheck/{}", identity.partition, check.id()),
        kind: "AWS::Route53::HealthCheck".to_owned(),
        region: None,
        tags: tags.remove(check.id()).unwrap_or_default(),
        properties: Properties::default()
            .put("HealthCheckId", check.id())
            .known("HealthCheckConfig", check.health_check_config().map(config))
            .map(),
        policy: None,
    };
    checks.iter().map(resource).collect()
}

fn config(config: &HealthCheckConfig) -> Properties {
    let alarm = config
        .alarm_identifier()
        .map(|alarm| Properties::default().text("Region", Some(alarm.region().as_str())).put("Name", alarm.name()));
    // What follows a question mark may be a token.
    let path = config.resource_path().and_then(|path| path.split(['?', '#']).next());
    Properties::default()
        .text("Type", Some(config.r#type().as_str()))
        .text("FullyQualifiedDomainName", config.fully_qualified_domain_name())
        .text("IPAddress", config.ip_address())
        .known("Port", config.port())
        .text("ResourcePath", path)
        .known("RequestInterval", config.request_interval())
        .known("FailureThreshold", config.failure_threshold())
        .known("Disabled", config.disabled())
        .known("Inverted", config.inverted())
        .known("ChildHealthChecks", config.child_health_checks.clone().filter(|children| !children.is_empty()))
        .known("AlarmIdentifier", alarm)
        .text("RoutingControlArn", config.routing_control_arn())
}

/// The tags of zones or of health checks.
async fn tags(scope: Scope<'_>, client: &Client, kind: TagResourceType, ids: &[&str]) -> Tags {
    let noun = if kind == TagResourceType::Hostedzone { "zone" } else { "health check" };
    let answers: Vec<_> = futures_util::stream::iter(ids.chunks(BATCH))
        .map(async |ids| {
            let subject = ids.first().map_or_else(String::new, |id| format!("{noun} {id}"));
            let ids = Some(ids.iter().map(|id| (*id).to_owned()).collect());
            let kind = kind.clone();
            scope
                .read(
                    &LIST_TAGS_FOR_RESOURCES,
                    &subject,
                    client.list_tags_for_resources().resource_type(kind).set_resource_ids(ids).send(),
                )
                .await
        })
        .buffered(scope.concurrency())
        .collect()
        .await;
    let sets = answers.into_iter().flatten().flat_map(|answer| answer.resource_tag_sets);
    let known = sets.filter_map(|set| {
        let tags = set.tags.unwrap_or_default().into_iter();
        Some((set.resource_id?, tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()))
    });
    known.collect()
}
