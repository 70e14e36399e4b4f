//! Taking a site or an API off the air by changing the records that lead to it: nothing is deleted, and it is gone.
//!
//! A policy can limit `route53:ChangeResourceRecordSets` to names, types and kinds of change, so it is asked for the very
//! records: to delete them, and to overwrite them.
//!
//! Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html>

use super::super::terms::Terms;
use super::super::way::On;
use super::plan::{Part, Plan};
use crate::catalog::destruction::Class;
use crate::inventory::{Inventory, Resource, ResourceId, words};
use serde_json::Value;

/// The records that lead to it are changed.
pub(super) const DNS: &str = "dns";

const CHANGE: &str = "route53:ChangeResourceRecordSets";

/// Plans for every record of a hosted zone of the snapshot that leads to one of the resources.
pub(super) fn plans(inventory: &Inventory, resources: &[ResourceId]) -> Vec<Plan> {
    let served: Vec<(ResourceId, Vec<String>)> = resources
        .iter()
        .filter_map(|id| Some((*id, addresses(inventory.resource(*id)?))))
        .filter(|(_, addresses)| !addresses.is_empty())
        .collect();
    if served.is_empty() {
        return Vec::new();
    }
    let mut plans = Vec::new();
    for (zone, known) in inventory.resource_ids().filter(|(_, resource)| resource.kind == "AWS::Route53::HostedZone") {
        let records: Vec<Record> = known
            .properties
            .get("RecordSets")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Record::of)
            .collect();
        for (target, addresses) in &served {
            // A record of the very name hides the wildcard beside it.
            let own_name = |record: &&Record| record.is_address() && addresses.contains(&record.name);
            let hidden = records.iter().any(|record| own_name(&record));
            let zone_name = known.text("Name").map(plain).unwrap_or_default();
            let leads = |record: &&Record| {
                record.leads_to(addresses)
                    || (!hidden && record.is_wildcard_over(addresses))
                    || (record.name != zone_name && record.delegates(addresses))
            };
            for record in records.iter().filter(leads) {
                plans.extend(["DELETE", "UPSERT"].map(|change| record.plan(zone, known, *target, change)));
            }
        }
    }
    plans
}

/// A record of a zone.
struct Record {
    name: String,
    kind: String,
    values: Vec<String>,
}

impl Record {
    fn of(value: &Value) -> Option<Record> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let alias = value.get("AliasTarget").and_then(|alias| alias.get("DNSName")).and_then(Value::as_str);
        let values = value.get("ResourceRecords").and_then(Value::as_array);
        let values = values.into_iter().flatten().filter_map(Value::as_str).chain(alias).map(plain).collect();
        Some(Record { name: plain(text("Name")?), kind: text("Type")?.to_owned(), values })
    }

    fn is_address(&self) -> bool {
        ["A", "AAAA", "CNAME", "HTTPS"].contains(&self.kind.as_str())
    }

    /// Whether it answers for one of the addresses with a `*` in its name.
    ///
    /// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html>
    fn is_wildcard_over(&self, addresses: &[String]) -> bool {
        let Some(domain) = self.name.strip_prefix('*').filter(|rest| rest.starts_with('.')) else { return false };
        self.is_address() && addresses.iter().any(|address| address.ends_with(domain))
    }

    /// Whether it hands one of the addresses on to the servers of another zone.
    ///
    /// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/CreatingNewSubdomain.html>
    fn delegates(&self, addresses: &[String]) -> bool {
        let below = |address: &String| {
            address.strip_suffix(&self.name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        self.kind == "NS" && addresses.iter().any(below)
    }

    /// Whether it is one of the addresses, or points to one.
    fn leads_to(&self, addresses: &[String]) -> bool {
        self.is_address() && addresses.iter().any(|address| self.name == *address || self.values.contains(address))
    }

    fn plan(&self, zone: ResourceId, known: &Resource, target: ResourceId, change: &str) -> Plan {
        let zone_name = known.text("Name").map_or_else(|| words::resource(known), plain);
        let record = format!("the record {} in the zone {zone_name}", self.name);
        let done = if change == "DELETE" { format!("deletes {record}") } else { format!("points {record} elsewhere") };
        let words = format!("{{who}} {done}: visitors no longer find {{what}} ({CHANGE})");
        // Policies name a wildcard by its code.
        let name = self.name.replace('*', "\\052");
        let part = Part::call(CHANGE, On::Resource(zone), words).given(&[
            ("route53:ChangeResourceRecordSetsActions", &[change]),
            ("route53:ChangeResourceRecordSetsNormalizedRecordNames", &[name.as_str()]),
            ("route53:ChangeResourceRecordSetsRecordTypes", &[self.kind.as_str()]),
        ]);
        Plan {
            kind: DNS,
            class: Class::Environment,
            action: CHANGE.into(),
            targets: vec![target],
            parts: vec![part],
            terms: Terms::default(),
            except: None,
        }
    }
}

/// The names under which a resource is reached.
fn addresses(resource: &Resource) -> Vec<String> {
    let text = |property: &str| resource.text(property).map(plain);
    let texts = |property: &str| {
        let values = resource.properties.get(property).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str).map(plain).collect::<Vec<_>>()
    };
    match resource.kind.as_str() {
        "AWS::Amplify::Domain" => amplify_domain(resource),
        "AWS::ApiGateway::DomainName" | "AWS::ApiGatewayV2::DomainName" | "AWS::AppSync::DomainName" => {
            text("DomainName").into_iter().collect()
        }
        "AWS::CloudFront::Distribution" => texts("Aliases").into_iter().chain(text("DomainName")).collect(),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => text("DNSName").into_iter().collect(),
        "AWS::S3::Bucket" if resource.properties.contains_key("WebsiteConfiguration") => {
            text("BucketName").into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The sub-domains of an Amplify domain; the domain itself where its branches stand under no prefix.
fn amplify_domain(resource: &Resource) -> Vec<String> {
    let Some(domain) = resource.text("DomainName").map(plain) else { return Vec::new() };
    let settings = resource.properties.get("SubDomainSettings").and_then(Value::as_array);
    let prefixes: Vec<&str> =
        settings.into_iter().flatten().filter_map(|setting| setting.get("Prefix").and_then(Value::as_str)).collect();
    let under = |prefix: &str| if prefix.is_empty() { domain.clone() } else { format!("{prefix}.{domain}") };
    if prefixes.is_empty() { vec![domain.clone()] } else { prefixes.into_iter().map(under).collect() }
}

/// A name as it is compared: in lower case, without the final dot.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}
