//! What a destructive action takes of a resource that need not have it: a copy in another region, a policy of its own, a
//! lock. Where it is not there, the action takes nothing.
//!
//! A reviewed selection, written by hand; each line names the AWS page that it follows.

use super::told_as;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::LazyLock;

const DATA: &str = include_str!("data/subjects.jsonl");

/// Something that actions take of a type of resource, and that not every one has.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    on: &'static str,
    what: &'static str,
    #[serde(default)]
    properties: Vec<&'static str>,
    #[serde(default)]
    values: Vec<&'static str>,
    #[serde(default)]
    needs: Option<&'static str>,
    #[serde(default)]
    read_by: Option<(&'static str, &'static str)>,
    #[serde(default)]
    policy: bool,
    taken_by: Vec<&'static str>,
    source: &'static str,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// It was read that it is.
    There,
    /// It was read that it is not.
    Missing,
    /// It was not read.
    Unread,
}

impl Subject {
    /// The CloudFormation type whose resources may have it.
    pub fn on(&self) -> &'static str {
        self.on
    }

    /// What it is, as it goes on after "if it has".
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Whether it is the policy of the resource, which is no property.
    pub fn is_policy(&self) -> bool {
        self.policy
    }

    /// Service and operation whose answer would have named it: where they were read, what is not named is not there.
    pub fn read_by(&self) -> Option<(&'static str, &'static str)> {
        self.read_by
    }

    /// The actions that take it.
    pub fn taken_by(&self) -> &[&'static str] {
        &self.taken_by
    }

    /// The page that says so.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether a resource with these properties has it. `read`: whether the call that would have named it was read.
    pub fn presence(&self, properties: &Map<String, Value>, read: bool) -> Presence {
        let found = |path: &&str, values: &[&str]| presence(properties, path, values, read);
        if self.needs.is_some_and(|path| found(&path, &[]) == Presence::Missing) {
            return Presence::Missing;
        }
        // Any of them will do; that none does is known only when all of them were read.
        self.properties.iter().map(|path| found(path, &self.values)).reduce(any).unwrap_or(Presence::Unread)
    }
}

fn any(one: Presence, other: Presence) -> Presence {
    match (one, other) {
        (Presence::There, _) | (_, Presence::There) => Presence::There,
        (Presence::Missing, Presence::Missing) => Presence::Missing,
        _ => Presence::Unread,
    }
}

/// What a path leads to, parts of which are `*` for all of a list or an object.
fn presence(properties: &Map<String, Value>, path: &str, values: &[&str], read: bool) -> Presence {
    let mut parts = path.split('.');
    let Some(first) = parts.next().and_then(|root| properties.get(root)) else {
        return if read { Presence::Missing } else { Presence::Unread };
    };
    let mut reached = vec![first];
    for part in parts {
        reached = reached
            .into_iter()
            .flat_map(|value| -> Vec<&Value> {
                match (part, value) {
                    ("*", Value::Array(all)) => all.iter().collect(),
                    ("*", Value::Object(fields)) => fields.values().collect(),
                    (_, Value::Object(fields)) => fields.get(part).into_iter().collect(),
                    _ => Vec::new(),
                }
            })
            .collect();
    }
    let is_wanted = |value: &&Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if values.is_empty() {
            !matches!(&*text, "" | "null" | "false" | "0" | "[]" | "{}")
        } else {
            values.iter().any(|wanted| wanted.eq_ignore_ascii_case(&text))
        }
    };
    if reached.iter().any(is_wanted) { Presence::There } else { Presence::Missing }
}

/// Every subject, by type.
pub fn all() -> &'static [Subject] {
    // That every line parses is held by a test.
    static ALL: LazyLock<Vec<Subject>> =
        LazyLock::new(|| DATA.lines().filter_map(|line| serde_json::from_str(line).ok()).collect());
    &ALL
}

/// What an action takes of a type of resource; `None`: of the resource as such.
pub fn of(cloudformation_type: &str, action: &str) -> Option<&'static Subject> {
    static BY_TYPE: LazyLock<FxHashMap<&str, Vec<&Subject>>> = LazyLock::new(|| {
        let mut by_type: FxHashMap<&str, Vec<&Subject>> = FxHashMap::default();
        for subject in all() {
            by_type.entry(subject.on).or_default().push(subject);
        }
        by_type
    });
    let mut of_type = BY_TYPE.get(told_as(cloudformation_type))?.iter();
    of_type.find(|subject| subject.taken_by.iter().any(|taking| taking.eq_ignore_ascii_case(action))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::destruction;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_parses_and_speaks_of_what_exists() {
        let mut told = BTreeSet::new();
        for line in DATA.lines() {
            let subject: Subject = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(subject.source.starts_with("https://docs.aws.amazon.com/"), "{line}");
            assert!(!subject.what.is_empty() && !subject.what.ends_with('.') && !subject.taken_by.is_empty(), "{line}");
            assert!(!subject.policy || subject.properties.is_empty(), "{line}");
            for action in &subject.taken_by {
                let known = destruction::find(action).unwrap_or_else(|| panic!("{action}"));
                assert!(known.applies_to().contains(&subject.on), "{action} on {}", subject.on);
                assert!(told.insert((subject.on, *action)), "{action} twice");
            }
        }
        assert_eq!(all().len(), DATA.lines().count());
        assert!(all().is_sorted_by_key(|subject| (subject.on, &subject.taken_by)));
    }

    #[test]
    fn what_was_read_is_told_from_what_was_not() {
        let presence = |kind: &str, action: &str, properties: Value, read: bool| {
            of(kind, action).unwrap().presence(properties.as_object().unwrap(), read)
        };
        let backups = |properties| presence("AWS::DynamoDB::Table", "dynamodb:deletebackup", properties, false);
        assert_eq!(backups(json!({})), Presence::Unread);
        assert_eq!(backups(json!({"Backups": []})), Presence::Missing);
        assert_eq!(backups(json!({"Backups": [{"BackupName": "a"}]})), Presence::There);
        let replicas = |properties: Value, read| {
            ["dynamodb:DeleteTableReplica", "dynamodb:DeleteGlobalTableWitness"]
                .map(|action| presence("AWS::DynamoDB::Table", action, properties.clone(), read))
        };
        assert_eq!(replicas(json!({}), false), [Presence::Unread; 2]);
        assert_eq!(replicas(json!({}), true), [Presence::Missing; 2]);
        assert_eq!(
            replicas(json!({"Replicas": [{"Region": "eu-central-1"}]}), false),
            [Presence::There, Presence::Unread]
        );
        let keys = |properties| presence("AWS::AppSync::GraphQLApi", "appsync:DeleteApiKey", properties, false);
        assert_eq!(keys(json!({"AuthenticationType": "API_KEY"})), Presence::There);
        assert_eq!(keys(json!({"AuthenticationType": "AWS_IAM"})), Presence::Unread);
        let more = |kind| {
            json!({"AuthenticationType": "AWS_IAM",
            "AdditionalAuthenticationProviders": [{"AuthenticationType": kind}]})
        };
        assert_eq!((keys(more("API_KEY")), keys(more("AWS_IAM"))), (Presence::There, Presence::Missing));
        let versions = |properties| presence("AWS::S3::Bucket", "s3:PutBucketVersioning", properties, false);
        assert_eq!(versions(json!({"VersioningConfiguration": {}})), Presence::Missing);
        assert_eq!(versions(json!({"VersioningConfiguration": {"Status": "Suspended"}})), Presence::Missing);
        assert_eq!(versions(json!({})), Presence::Unread);
        assert_eq!(of("AWS::DynamoDB::Table", "dynamodb:DeleteTable"), None);
    }
}
