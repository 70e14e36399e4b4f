//! Which resources serve which others, and so share their environment: a vault holds copies of a table, a key encrypts a
//! database, a zone names a site.

use super::Resource;
use crate::base::Arn;
use rustc_hash::FxHashMap;
use serde_json::Value;

/// By place of the resource that serves: places of those it serves, and how in one verb.
#[derive(Default)]
pub(super) struct Links(FxHashMap<usize, Vec<(usize, &'static str)>>);

/// Properties by which resources name the key that encrypts them.
const KEYS: [&[&str]; 5] =
    [&["KmsKeyId"], &["KMSKeyId"], &["KmsMasterKeyId"], &["EncryptionKeyArn"], &["SSESpecification", "KMSMasterKeyId"]];

impl Links {
    /// Finds them among resources in the order of their ARNs.
    pub fn new(resources: &[Resource]) -> Links {
        let mut links = Links::default();
        let find = |arn: &str| resources.binary_search_by(|resource| (*resource.arn).cmp(arn)).ok();
        let has = |kind: &str| resources.iter().any(|resource| resource.kind == kind);
        let keys = if has("AWS::KMS::Key") { key_names(resources) } else { FxHashMap::default() };
        let sites = if has("AWS::Route53::HostedZone") { sites(resources) } else { FxHashMap::default() };
        for (at, resource) in resources.iter().enumerate() {
            if !keys.is_empty()
                && let Some(key) = key_of(resource).and_then(|named| keys.get(&named).copied())
            {
                links.add(key, at, "key of");
            }
            match resource.kind.as_str() {
                "AWS::Backup::RecoveryPoint" => {
                    if let Some(store) = resource.text("ResourceArn").and_then(find) {
                        links.add(at, store, "copy of");
                        if let Some(vault) = resource.text("BackupVaultArn").and_then(find) {
                            links.add(vault, store, "vault with copies of");
                        }
                    }
                }
                "AWS::RDS::DBInstance" => {
                    let named = resource.text("DBClusterIdentifier").zip(Arn::parse(&resource.arn));
                    let cluster = named.and_then(|(cluster, arn)| {
                        let place = format!("arn:{}:rds:{}:{}", arn.partition, arn.region, arn.account);
                        find(&format!("{place}:cluster:{cluster}"))
                    });
                    if let Some(cluster) = cluster {
                        links.add(at, cluster, "instance of");
                    }
                }
                "AWS::RDS::GlobalCluster" => {
                    let members = resource.properties.get("GlobalClusterMembers").and_then(Value::as_array);
                    for member in members.into_iter().flatten() {
                        let cluster = member.get("DBClusterArn").and_then(Value::as_str).and_then(find);
                        cluster.into_iter().for_each(|cluster| links.add(at, cluster, "global cluster of"));
                    }
                }
                "AWS::Route53::HostedZone" => {
                    for site in served_by(resource).filter_map(|name| sites.get(&name)) {
                        links.add(at, *site, "zone of");
                    }
                    // The zone of a custom domain, whatever its records say.
                    let zone = resource.text("Name").unwrap_or_default().trim_end_matches('.');
                    for (name, site) in &sites {
                        let under = name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                        if !zone.is_empty() && under {
                            links.add(at, *site, "zone of");
                        }
                    }
                }
                _ => {}
            }
        }
        for all in links.0.values_mut() {
            all.sort_unstable();
            all.dedup();
        }
        links
    }

    fn add(&mut self, serves: usize, served: usize, how: &'static str) {
        self.0.entry(serves).or_default().push((served, how));
    }

    /// What the resource at a place serves.
    pub fn of(&self, at: usize) -> &[(usize, &'static str)] {
        self.0.get(&at).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The key that encrypts a resource, as the resource names it: ARN, or account, region and id or alias.
fn key_of(resource: &Resource) -> Option<String> {
    let nested = |path: &&[&str]| {
        let mut value = resource.properties.get(*path.first()?)?;
        for part in path.iter().skip(1) {
            value = value.get(part)?;
        }
        value.as_str()
    };
    let of_bucket = || {
        let rules = resource.properties.get("BucketEncryption")?.get("ServerSideEncryptionConfiguration")?;
        rules.get(0)?.get("ServerSideEncryptionByDefault")?.get("KMSMasterKeyID")?.as_str()
    };
    let named = KEYS.iter().find_map(nested).or_else(of_bucket).filter(|name| !name.is_empty())?;
    if named.starts_with("arn:") {
        return Some(named.to_owned());
    }
    let arn = Arn::parse(&resource.arn)?;
    Some(format!("{}:{}:{named}", arn.account, arn.region))
}

fn key_names(resources: &[Resource]) -> FxHashMap<String, usize> {
    let mut names = FxHashMap::default();
    // Keys that AWS keeps are nobody's to delete.
    let is_own = |resource: &Resource| resource.kind == "AWS::KMS::Key" && resource.text("KeyManager") != Some("AWS");
    for (at, key) in resources.iter().enumerate().filter(|(_, resource)| is_own(resource)) {
        let Some(arn) = Arn::parse(&key.arn) else { continue };
        names.insert(key.arn.to_string(), at);
        let aliases = key.properties.get("Aliases").and_then(Value::as_array);
        for alias in aliases.into_iter().flatten().filter_map(Value::as_str).chain([arn.name()]) {
            names.insert(format!("{}:{}:{alias}", arn.account, arn.region), at);
        }
    }
    names
}

/// Host names that belong to a resource: the default domain of an Amplify app, a custom domain, the bucket of a website.
fn sites(resources: &[Resource]) -> FxHashMap<String, usize> {
    let mut sites = FxHashMap::default();
    for (at, resource) in resources.iter().enumerate() {
        let host = match resource.kind.as_str() {
            "AWS::Amplify::App" => resource.text("DefaultDomain"),
            "AWS::Amplify::Domain" => resource.text("DomainName"),
            _ => None,
        };
        if let Some(host) = host.filter(|host| !host.is_empty()) {
            sites.insert(host.trim_end_matches('.').to_lowercase(), at);
        }
    }
    sites
}

/// Host names that the records of a zone point at; of `main.d1.amplifyapp.com` also `d1.amplifyapp.com`.
fn served_by(zone: &Resource) -> impl Iterator<Item = String> + '_ {
    let records = zone.properties.get("RecordSets").and_then(Value::as_array);
    records.into_iter().flatten().flat_map(|record| {
        let alias = record.get("AliasTarget").and_then(|alias| alias.get("DNSName")).and_then(Value::as_str);
        let values = record.get("ResourceRecords").and_then(Value::as_array);
        let values = values.into_iter().flatten().filter_map(Value::as_str);
        alias.into_iter().chain(values).flat_map(|host| {
            let host = host.trim_end_matches('.').to_lowercase();
            let parent = host.split_once('.').map(|(_, parent)| parent.to_owned());
            std::iter::once(host).chain(parent)
        })
    })
}
