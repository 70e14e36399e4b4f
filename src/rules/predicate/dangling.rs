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
}

/// Sources: <https://docs.aws.amazon.com/amplify/latest/userguide/custom-domains.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html>
pub(super) fn drafts(question: &Question<'_>, environment: &str) -> Drafts {
    let inventory = question.access.inventory();
    let apps: BTreeSet<String> = names(inventory, "AWS::Amplify::App", |app| app.text("AppId"));
    let buckets: BTreeSet<String> =
        names(inventory, "AWS::S3::Bucket", |bucket| bucket.arn.rsplit_once(':').map(|(_, name)| name));
    let mut drafts = Drafts::new();
    for (id, zone) in inventory.resource_ids().filter(|(_, resource)| resource.kind == "AWS::Route53::HostedZone") {
        if zone.environment.as_ref().is_none_or(|known| known.environment != environment) {
            continue;
        }
        for record in zone.properties.get("RecordSets").and_then(Value::as_array).into_iter().flatten() {
            let name = record.get("Name").and_then(Value::as_str).unwrap_or_default().trim_end_matches('.');
            for host in hosts(record) {
                let (missing, words, call) = match target(name, &host) {
                    Some(Target::App(app)) => {
                        (!apps.contains(&app), format!("Amplify app {app}"), ("amplify", "ListApps"))
                    }
                    Some(Target::Bucket(bucket)) => {
                        (!buckets.contains(&bucket), format!("bucket {bucket}"), ("s3", "ListBuckets"))
                    }
                    None => continue,
                };
                if !missing {
                    continue;
                }
                let certainty = certainty(inventory, zone.account, call);
                let draft = drafts.entry(format!("{}|{certainty:?}", zone.arn)).or_default();
                draft.terms.certainty = certainty;
                if certainty == Certainty::Conditional {
                    let condition = "unless it is in an account or region that was not read";
                    draft.terms.conditions.insert(condition.to_owned());
                }
                draft.resources.insert(id);
                draft
                    .evidence
                    .push(Evidence::Note { text: format!("{name} points at {host}, and there is no {words}") });
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
    let is_cname = record.get("Type").and_then(Value::as_str) == Some("CNAME");
    let values = record.get("ResourceRecords").and_then(Value::as_array).filter(|_| is_cname);
    let values = values.into_iter().flatten().filter_map(Value::as_str);
    alias.into_iter().chain(values).map(|host| host.trim_end_matches('.').to_lowercase()).collect()
}

fn target(name: &str, host: &str) -> Option<Target> {
    if let Some(rest) = host.strip_suffix(".amplifyapp.com") {
        let app = rest.rsplit_once('.').map_or(rest, |(_, app)| app);
        return Some(Target::App(app.to_owned()));
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
