//! A DNS record points at something that is not there: whoever makes something of that name next speaks for the domain.

use super::Drafts;
use crate::base::Certainty;
use crate::finding::Evidence;
use crate::inventory::{AccountId, Inventory, Resource};
use crate::rules::Question;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a record points at.
enum Target {
    /// An Amplify app by its id.
    App(String),
    /// A bucket that serves a website.
    Bucket(String),
    /// The hosted zone of a part of the domain.
    Zone(String),
    /// An environment of Elastic Beanstalk, which nobody reads here.
    Environment,
}

/// Names that AWS makes up (of load balancers, distributions, APIs, services of App Runner) nobody else can take: records
/// that lead there may be broken, but speak for nobody else. Delegations lead to name servers, which Route 53 gives to
/// nobody else as long as the delegation stands; the part of the domain is gone all the same, and other name servers may
/// be guessed.
///
/// Sources: <https://docs.aws.amazon.com/amplify/latest/userguide/custom-domains.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>,
/// <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/customdomains.html>,
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/protection-from-dangling-dns.html>
pub(super) fn drafts(question: &Question<'_>, environment: &str) -> Drafts {
    let inventory = question.access.inventory();
    let apps: BTreeSet<String> = names(inventory, "AWS::Amplify::App", |app| app.text("AppId"));
    let buckets: BTreeSet<String> =
        names(inventory, "AWS::S3::Bucket", |bucket| bucket.arn.rsplit_once(':').map(|(_, name)| name));
    let is_private = |zone: &Resource| zone.properties.get("PrivateZone").and_then(Value::as_bool) == Some(true);
    let public =
        inventory.resources.iter().filter(|known| known.kind == "AWS::Route53::HostedZone" && !is_private(known));
    let zones: BTreeSet<String> = public.filter_map(|zone| zone.text("Name")).map(plain).collect();
    let mut drafts = Drafts::new();
    for (id, zone) in inventory.resource_ids().filter(|(_, resource)| resource.kind == "AWS::Route53::HostedZone") {
        if !zone.is_of(environment) {
            continue;
        }
        for record in zone.properties.get("RecordSets").and_then(Value::as_array).into_iter().flatten() {
            let name = record.get("Name").and_then(Value::as_str).unwrap_or_default().trim_end_matches('.');
            for host in hosts(record) {
                let (missing, words, call) = match target(name, &host) {
                    Some(Target::App(app)) => {
                        (!apps.contains(&app), format!("there is no Amplify app {app}"), Some(("amplify", "ListApps")))
                    }
                    Some(Target::Bucket(bucket)) => {
                        let words = format!("there is no bucket {bucket}");
                        (!buckets.contains(&bucket), words, Some(("s3", "ListBuckets")))
                    }
                    Some(Target::Zone(part)) if delegates(record, zone) => {
                        let words = format!("there is no hosted zone {part}");
                        (!zones.contains(&part), words, Some(("route53", "ListHostedZones")))
                    }
                    Some(Target::Environment) => {
                        let words = "whether that environment of Elastic Beanstalk is there is not known";
                        (true, words.to_owned(), None)
                    }
                    _ => continue,
                };
                if !missing {
                    continue;
                }
                let certainty = call.map_or(Certainty::Unknown, |call| certainty(inventory, zone.account, call));
                let draft = drafts.entry(format!("{}|{certainty:?}", zone.arn)).or_default();
                draft.terms.certainty = certainty;
                if certainty == Certainty::Conditional {
                    let condition = "unless it is in an account or region that was not read";
                    draft.terms.conditions.insert(condition.to_owned());
                }
                draft.resources.insert(id);
                // The four name servers of one zone are one reason.
                let text = match call {
                    Some(("route53", _)) => format!("{name} is delegated to Route 53, and {words}"),
                    _ => format!("{name} points at {host}, and {words}"),
                };
                let note = Evidence::Note { text };
                if !draft.evidence.contains(&note) {
                    draft.evidence.push(note);
                }
            }
        }
    }
    drafts
}

fn certainty(inventory: &Inventory, account: AccountId, (service, operation): (&str, &str)) -> Certainty {
    if inventory.was_read(account, service, operation) { Certainty::Conditional } else { Certainty::Unknown }
}

fn names<'i>(inventory: &'i Inventory, kind: &str, name: impl Fn(&'i Resource) -> Option<&'i str>) -> BTreeSet<String> {
    let of_kind = inventory.resources.iter().filter(|resource| resource.kind == kind);
    of_kind.filter_map(name).map(str::to_lowercase).collect()
}

/// Host names that a record points at, in lower case.
fn hosts(record: &Value) -> Vec<String> {
    let alias = record.get("AliasTarget").and_then(|alias| alias.get("DNSName")).and_then(Value::as_str);
    let leads = matches!(record.get("Type").and_then(Value::as_str), Some("CNAME" | "NS"));
    let values = record.get("ResourceRecords").and_then(Value::as_array).filter(|_| leads);
    let values = values.into_iter().flatten().filter_map(Value::as_str);
    alias.into_iter().chain(values).map(plain).collect()
}

/// A name without the dot at its end, in lower case.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

/// Whether a record of a public zone hands a part of the domain to other name servers.
fn delegates(record: &Value, zone: &Resource) -> bool {
    let name = record.get("Name").and_then(Value::as_str).map(plain);
    record.get("Type").and_then(Value::as_str) == Some("NS")
        && zone.properties.get("PrivateZone").and_then(Value::as_bool) == Some(false)
        && zone.text("Name").is_some_and(|own| name.is_some_and(|name| name != plain(own)))
}

/// Whether a host is a name server of Route 53: `ns-2048.awsdns-64.com`.
fn is_name_server(host: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    host.strip_prefix("ns-").and_then(|rest| rest.split_once(".awsdns-")).is_some_and(|(first, rest)| {
        rest.split_once('.').is_some_and(|(second, end)| {
            number(first) && number(second) && matches!(end, "com" | "net" | "org" | "co.uk")
        })
    })
}

fn target(name: &str, host: &str) -> Option<Target> {
    if let Some(rest) = host.strip_suffix(".amplifyapp.com") {
        let app = rest.rsplit_once('.').map_or(rest, |(_, app)| app);
        return Some(Target::App(app.to_owned()));
    }
    if host.ends_with(".elasticbeanstalk.com") {
        return Some(Target::Environment);
    }
    if is_name_server(host) {
        return Some(Target::Zone(plain(name)));
    }
    if let Some(bucket) = bucket_of(host) {
        return Some(Target::Bucket(bucket.to_owned()));
    }
    // `s3-website-eu-west-1.amazonaws.com` or `s3-website.eu-central-1.amazonaws.com`; an alias serves the bucket that has
    // the record's own name.
    let (bucket, endpoint) = match host.split_once(".s3-website") {
        Some((bucket, rest)) => (bucket, rest),
        None => (name, host.strip_prefix("s3-website")?),
    };
    let is_endpoint = endpoint.starts_with(['-', '.']) && endpoint.ends_with(".amazonaws.com");
    is_endpoint.then(|| Target::Bucket(bucket.to_lowercase()))
}

/// The bucket of `shop.example.s3.amazonaws.com`, `shop.example.s3.eu-west-1.amazonaws.com`, or
/// `shop.example.s3-eu-west-1.amazonaws.com`.
fn bucket_of(host: &str) -> Option<&str> {
    let rest = host.strip_suffix(".amazonaws.com")?;
    if let Some(bucket) = rest.strip_suffix(".s3") {
        return Some(bucket);
    }
    let (front, last) = rest.rsplit_once('.')?;
    let region = |text: &str| text.split('-').count() > 2 && text.ends_with(|last: char| last.is_ascii_digit());
    match last.strip_prefix("s3-") {
        Some(last) if region(last) => Some(front),
        Some(_) => None,
        None => front.strip_suffix(".s3").filter(|_| region(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_buckets_and_name_servers_are_known() {
        for (host, bucket) in [
            ("shop.example.s3.amazonaws.com", Some("shop.example")),
            ("shop.s3.eu-west-1.amazonaws.com", Some("shop")),
            ("shop.s3-eu-west-1.amazonaws.com", Some("shop")),
            ("shop.s3-website.amazonaws.com", None),
            ("shop-1.eu-west-1.elb.amazonaws.com", None),
            ("s3.amazonaws.com", None),
            ("shop.execute-api.eu-west-1.amazonaws.com", None),
        ] {
            assert_eq!(bucket_of(host), bucket, "{host}");
        }
        assert!(is_name_server("ns-2048.awsdns-64.com") && is_name_server("ns-1.awsdns-0.co.uk"));
        assert!(!is_name_server("ns-x.awsdns-64.com") && !is_name_server("ns1.example.com"));
    }
}
