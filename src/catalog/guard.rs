//! What makes AWS itself refuse a destructive action, and which actions clear it away: protections that can be switched
//! off, stores that must be emptied first.
//!
//! A reviewed selection, written by hand; each line names the AWS page that it follows.

use std::sync::LazyLock;

use super::told_as;
use jiff::Timestamp;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::{Map, Value};

const DATA: &str = include_str!("data/guards.jsonl");

/// Something that stands in the way of destructive actions on a type of resource.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    on: &'static str,
    name: &'static str,
    #[serde(default)]
    property: Option<&'static str>,
    #[serde(default)]
    protects: Vec<&'static str>,
    #[serde(default)]
    absent: Absent,
    #[serde(default)]
    since: bool,
    #[serde(default)]
    at: Option<&'static str>,
    #[serde(default)]
    each: Option<(&'static str, &'static str)>,
    #[serde(default)]
    stacks_clear: bool,
    #[serde(default)]
    lessens: bool,
    stops: Vec<&'static str>,
    cleared_by: Vec<&'static str>,
    #[serde(default)]
    how: Option<&'static str>,
    source: &'static str,
}

/// What it means that the snapshot has no value for the property of a guard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Absent {
    /// Nobody knows.
    #[default]
    Unknown,
    /// CloudFormation shows it only where it is set.
    Off,
}

/// Whether a guard is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was read that it is.
    On,
    /// It was read that it is not.
    Off,
    /// It was not read.
    Unread,
}

impl Guard {
    /// The CloudFormation type that it guards.
    pub fn on(&self) -> &'static str {
        self.on
    }

    /// What people call it: `deletion protection`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The CloudFormation property that says whether it is on, nested by dots; `None`: it always is.
    pub fn property(&self) -> Option<&'static str> {
        self.property
    }

    /// The property that names another resource by ARN which carries the guard; `None`: the resource carries it itself.
    pub fn at(&self) -> Option<&'static str> {
        self.at
    }

    /// Whether it stops nothing but keeps what would be lost, so that it is gone for the moment only.
    pub fn lessens(&self) -> bool {
        self.lessens
    }

    /// Type and property of the resources that have to go first: those whose property names this one by its identifier.
    pub fn each(&self) -> Option<(&'static str, &'static str)> {
        self.each
    }

    /// Whether CloudFormation clears it away itself when it deletes a stack that made all of it.
    pub fn is_cleared_by_stacks(&self) -> bool {
        self.stacks_clear
    }

    /// The actions that it stops.
    pub fn stops(&self) -> &[&'static str] {
        &self.stops
    }

    /// The actions that clear it away, all of them needed; empty: nothing does.
    pub fn cleared_by(&self) -> &[&'static str] {
        &self.cleared_by
    }

    /// How it is cleared away, in words.
    pub fn how(&self) -> String {
        self.how.unwrap_or("clears {name} away").replace("{name}", self.name)
    }

    /// The page that says so.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether it is in force on a resource with these properties. `now`: when they were read, where that is known.
    pub fn state(&self, properties: &Map<String, Value>, now: Option<Timestamp>) -> State {
        let Some(path) = self.property else { return State::On };
        match value_at(properties, path) {
            // Before its time it can be called off like a lesser one.
            Some(value) if self.since && has_begun(&value, now) == Some(false) => State::Off,
            Some(value) if self.protects.iter().any(|wanted| *wanted == "*" || wanted.eq_ignore_ascii_case(&value)) => {
                State::On
            }
            Some(_) => State::Off,
            None if self.absent == Absent::Off => State::Off,
            None => State::Unread,
        }
    }
}

/// Whether a moment has come, as snapshots write it; `None`: that cannot be told.
pub fn has_begun(moment: &str, now: Option<Timestamp>) -> Option<bool> {
    Some(moment.parse::<Timestamp>().ok()? <= now?)
}

/// A property as text. A part of the path leads into an object, or to the element of a list of keys and values that has
/// this key; `%` in it stands for a dot.
fn value_at(properties: &Map<String, Value>, path: &str) -> Option<String> {
    let mut parts = path.split('.');
    let mut value = properties.get(parts.next()?)?;
    for part in parts {
        value = match value {
            Value::Object(fields) => fields.get(part)?,
            Value::Array(all) => {
                let key = part.replace('%', ".");
                let of_key = |entry: &&Value| entry.get("Key").and_then(Value::as_str) == Some(&key);
                all.iter().find(of_key)?.get("Value")?
            }
            _ => return None,
        };
    }
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Every guard, by type.
pub fn all() -> &'static [Guard] {
    // That every line parses is held by a test.
    static ALL: LazyLock<Vec<Guard>> =
        LazyLock::new(|| DATA.lines().filter_map(|line| serde_json::from_str(line).ok()).collect());
    &ALL
}

/// The guards of a type of resource against an action.
pub fn against(cloudformation_type: &str, action: &str) -> impl Iterator<Item = &'static Guard> {
    static BY_TYPE: LazyLock<FxHashMap<&str, Vec<&Guard>>> = LazyLock::new(|| {
        let mut by_type: FxHashMap<&str, Vec<&Guard>> = FxHashMap::default();
        for guard in all() {
            by_type.entry(guard.on).or_default().push(guard);
        }
        by_type
    });
    let of_type = BY_TYPE.get(told_as(cloudformation_type)).into_iter().flatten();
    of_type.filter(move |guard| guard.stops.iter().any(|stopped| stopped.eq_ignore_ascii_case(action))).copied()
}

/// The actions that take the policy of a resource of a type off, or write another one, the plainest first; none for types
/// whose policy is not followed.
///
/// Sources: the pages of the actions, such as
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteBackupVaultAccessPolicy.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html>,
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteResourcePolicy.html>
pub fn policy_written_by(cloudformation_type: &str) -> &'static [&'static str] {
    match cloudformation_type {
        "AWS::Backup::BackupVault" => &["backup:DeleteBackupVaultAccessPolicy", "backup:PutBackupVaultAccessPolicy"],
        "AWS::DynamoDB::Table" => &["dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy"],
        "AWS::ECR::Repository" => &["ecr:DeleteRepositoryPolicy", "ecr:SetRepositoryPolicy"],
        "AWS::S3::Bucket" => &["s3:DeleteBucketPolicy", "s3:PutBucketPolicy"],
        "AWS::SNS::Topic" => &["sns:SetTopicAttributes"],
        "AWS::SQS::Queue" => &["sqs:SetQueueAttributes"],
        "AWS::SecretsManager::Secret" => &["secretsmanager:DeleteResourcePolicy", "secretsmanager:PutResourcePolicy"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::catalog::cloudformation::TYPES;
    use serde_json::json;

    #[test]
    fn every_line_parses_and_they_are_sorted() {
        for line in DATA.lines() {
            serde_json::from_str::<Guard>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        assert_eq!(all().len(), DATA.lines().count());
        assert!(all().is_sorted_by_key(|guard| guard.on));
    }

    #[test]
    fn actions_and_types_exist() {
        for guard in all() {
            assert!(TYPES.iter().any(|(_, _, name)| *name == guard.on), "{}", guard.on);
            assert!(!guard.stops.is_empty() && guard.source.starts_with("https://docs.aws.amazon.com/"));
            assert_eq!(guard.property.is_none(), guard.protects.is_empty(), "{} {}", guard.on, guard.name);
            assert_eq!(guard.how.is_none(), guard.cleared_by.is_empty(), "{} {}", guard.on, guard.name);
            for action in &guard.stops {
                let stopped = catalog::destruction::find(action);
                let applies = stopped.is_some_and(|known| known.applies_to().contains(&guard.on));
                assert!(applies || catalog::rollout::is_rollout(action), "{action} on {}", guard.on);
            }
            for action in &guard.cleared_by {
                assert!(catalog::action(action).is_some(), "{action}");
            }
        }
    }

    #[test]
    fn states() {
        let state = |kind: &str, action: &str, properties: Value| {
            let guard = against(kind, action).next().unwrap();
            guard.state(properties.as_object().unwrap(), None)
        };
        let table = |properties| state("AWS::DynamoDB::Table", "dynamodb:deletetable", properties);
        assert_eq!(table(json!({"DeletionProtectionEnabled": true})), State::On);
        assert_eq!(table(json!({"DeletionProtectionEnabled": false})), State::Off);
        assert_eq!(table(json!({})), State::Unread);
        let balancer = |value: &str| {
            let attributes = json!([{"Key": "idle_timeout.timeout_seconds", "Value": "60"},
                {"Key": "deletion_protection.enabled", "Value": value}]);
            let kind = "AWS::ElasticLoadBalancingV2::LoadBalancer";
            state(kind, "elasticloadbalancing:DeleteLoadBalancer", json!({ "LoadBalancerAttributes": attributes }))
        };
        assert_eq!((balancer("true"), balancer("false")), (State::On, State::Off));
        let bucket = |properties| state("AWS::S3::Bucket", "s3:DeleteObject", properties);
        assert_eq!(bucket(json!({"VersioningConfiguration": {"Status": "Enabled"}})), State::On);
        assert_eq!(bucket(json!({"VersioningConfiguration": {"Status": "Suspended"}})), State::Off);
        assert_eq!(bucket(json!({})), State::Off);
        assert!(against("AWS::DynamoDB::Table", "dynamodb:DeleteItem").next().is_none());
        let now = "2026-11-22T02:00:00Z".parse().ok();
        let lock = |date: &str, now| {
            let guard = against("AWS::Backup::BackupVault", "backup:DeleteBackupVault").next().unwrap();
            guard.state(json!({ "LockDate": date }).as_object().unwrap(), now)
        };
        assert_eq!(lock("2026-01-01T00:00:00Z", now), State::On);
        assert_eq!(lock("2027-01-01T00:00:00Z", now), State::Off);
        assert_eq!(lock("2027-01-01T00:00:00Z", None), State::On);
    }
}
