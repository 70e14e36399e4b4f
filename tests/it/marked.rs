//! No secret: every member of every answer that a collector may get holds a mark of its own, and all that the program
//! writes is searched for them. What is found must be on the list of what is kept on purpose,
//! `tests/cases/collect/kept.txt`; what AWS's own models call sensitive needs a reason there.
//!
//! `tests/cases/collect/shapes.json` says what may be answered. It is made from botocore's models, and its head,
//! `tests/servers/shapes.py`, says how to read it.

use crate::fake_aws::*;
use foureyes::collect::{self, Options};
use foureyes::snapshot::Outcome;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

const REGION: &str = "eu-west-1";

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/collect")
}

/// What the text of a member looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// A word.
    Plain,
    /// An address with the mark in all places where one can hold a secret.
    Address,
}

/// The marks that were given out: path of the member to its number.
#[derive(Clone, Default)]
struct Marks(Arc<Mutex<BTreeMap<String, usize>>>);

impl Marks {
    fn of(&self, path: &str) -> String {
        let mut all = self.0.lock().unwrap();
        let next = all.len();
        format!("mk{:05}zz", all.entry(path.to_owned()).or_insert(next))
    }

    /// The paths whose marks stand in a text.
    fn within(&self, text: &str) -> BTreeSet<String> {
        let marks = regex::Regex::new("mk([0-9]{5})zz").unwrap();
        let found: BTreeSet<usize> = marks.captures_iter(text).map(|found| found[1].parse().unwrap()).collect();
        let all = self.0.lock().unwrap();
        all.iter().filter(|(_, number)| found.contains(number)).map(|(path, _)| path.clone()).collect()
    }
}

/// An AWS whose every answer is full.
struct Full {
    shapes: Value,
    marks: Marks,
    style: Style,
}

/// Members that must be what they are for the collection to go on, by the end of their path.
const GIVEN: &[(&str, &str)] = &[
    ("ListAccountsForParent.Accounts[].Id", ACCOUNT),
    ("ListDelegatedAdministrators.DelegatedAdministrators[].Id", ACCOUNT),
    ("DescribeOrganization.Organization.MasterAccountId", ACCOUNT),
    ("ListRoots.Roots[].Id", "r-1"),
    ("ListRegions.Regions[].RegionName", REGION),
    (".MaxItems", "100"),
    (".HomeRegion", REGION),
    (".BucketRegion", REGION),
    ("DescribeStacks.Stacks[].StackStatus", "UPDATE_COMPLETE"),
    ("DescribeDBSnapshots.DBSnapshots[].Status", "available"),
    ("DescribeDBClusterSnapshots.DBClusterSnapshots[].Status", "available"),
    ("ListRecoveryPointsByBackupVault.RecoveryPoints[].Status", "COMPLETED"),
    ("ListCopyJobs.CopyJobs[].State", "COMPLETED"),
    ("DescribeTable.Table.TableStatus", "ACTIVE"),
    ("ListResourceRecordSets.ResourceRecordSets[].Type", "CNAME"),
    ("DescribeKey.KeyMetadata.KeyManager", "CUSTOMER"),
];

/// Members that name what another answer named first: without these, nobody would know whose details they are.
const SAME: &[(&str, &str)] = &[
    ("BatchGetProjects.projects[].name", "codebuild.ListProjects.projects[]"),
    ("DescribeClusters.clusters[].clusterArn", "ecs.ListClusters.clusterArns[]"),
    ("DescribeServices.services[].serviceArn", "ecs.ListServices.serviceArns[]"),
    ("DescribeMetricFilters.metricFilters[].logGroupName", "logs.DescribeLogGroups.logGroups[].logGroupName"),
    ("ListAliases.Aliases[].TargetKeyId", "kms.ListKeys.Keys[].KeyId"),
    ("ListBackups.BackupSummaries[].TableName", "dynamodb.ListTables.TableNames[]"),
    (
        "ListTargetsForPolicy.Targets[].TargetId",
        "organizations.ListOrganizationalUnitsForParent.OrganizationalUnits[].Id",
    ),
    ("GetResources.ResourceTagMappingList[].ResourceARN", "events.ListRules.Rules[].Arn"),
];

/// Maps whose keys say what the values are.
const KEYS: &[(&str, &[&str])] = &[
    (
        "GetTopicAttributes.Attributes",
        &["Policy", "KmsMasterKeyId", "DisplayName", "Owner", "DeliveryPolicy", "EffectiveDeliveryPolicy", "TopicArn"],
    ),
    (
        "GetQueueAttributes.Attributes",
        &["Policy", "KmsMasterKeyId", "RedrivePolicy", "RedriveAllowPolicy", "QueueArn", "MessageRetentionPeriod"],
    ),
    (
        ".configuration",
        &[
            "OAuthToken",
            "EnvironmentVariables",
            "UserParameters",
            "ParameterOverrides",
            "CustomData",
            "StackName",
            "ExternalEntityLink",
            "ProjectName",
            "Owner",
            "Repo",
            "Branch",
            "NotificationArn",
            "RoleArn",
            "Hook",
        ],
    ),
];

impl Full {
    /// A text for the member at a path.
    fn text(&self, path: &str) -> String {
        if let Some((_, given)) = GIVEN.iter().find(|(end, _)| path.ends_with(end)) {
            return (*given).to_owned();
        }
        let path = SAME.iter().find(|(end, _)| path.ends_with(end)).map_or(path, |(_, same)| *same);
        let mark = self.marks.of(path);
        let service = path.split('.').next().unwrap_or_default();
        let name =
            path.trim_end_matches("[]").rsplit(['.', '{', '}']).find(|name| !name.is_empty()).unwrap_or_default();
        let lower = name.to_lowercase();
        let statement = |mark: &str| {
            json!({"Version": "2012-10-17", "Statement": [{"Sid": mark, "Effect": "Allow", "Action": "*", "Resource": "*",
                "Principal": "*"}]})
            .to_string()
        };
        match name {
            "PolicyDocument" | "AssumeRolePolicyDocument" | "Document" => {
                return statement(&mark).replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
            }
            "Policy" | "ResourcePolicy" | "policy" | "StackPolicyBody" => return statement(&mark),
            "TemplateBody" => {
                return json!({"Description": mark, "Parameters": {"P": {"Default": mark}},
                    "Resources": {"R": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": mark}}},
                    "Outputs": {"O": {"Value": mark}}})
                .to_string();
            }
            "EventPattern" | "RedrivePolicy" | "RedriveAllowPolicy" | "DeliveryPolicy" => {
                return json!({"some": [mark]}).to_string();
            }
            "EnvironmentVariables" => return json!([{"name": "NAME", "value": mark}]).to_string(),
            "MessageRetentionPeriod" => return "1".to_owned(),
            "QueueUrls" => return format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{mark}"),
            _ => {}
        }
        if lower.ends_with("arn") || lower.ends_with("arns") || name == "StackId" {
            return match service {
                "cloudformation" => format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{mark}/1"),
                service => format!("arn:aws:{service}:{REGION}:{ACCOUNT}:thing/{mark}"),
            };
        }
        match self.style {
            // A name that becomes part of an address.
            _ if path.ends_with("ListBuckets.Buckets[].Name") => mark,
            Style::Plain => mark,
            Style::Address if name == "ResourcePath" => format!("/path?token={mark}#{mark}"),
            Style::Address => format!("https://{mark}:{mark}@host.example/path?token={mark}#{mark}"),
        }
    }

    fn scalar(&self, shape: &str, path: &str) -> Value {
        match shape {
            "s" | "!" => Value::from(self.text(path)),
            "b" => Value::Bool(true),
            "n" => Value::from(1),
            "f" => Value::from(1.5),
            "t" => Value::from(1_790_000_000),
            "T" => Value::from("2026-01-02T03:04:05Z"),
            "x" => Value::from("bWFyaw=="),
            shape => match GIVEN.iter().find(|(end, _)| path.ends_with(end)) {
                Some((_, given)) => Value::from(*given),
                None => Value::from(shape.trim_start_matches("e ")),
            },
        }
    }

    /// Key, shape and path of what is within.
    fn parts<'s>(&self, shape: &'s Value, path: &str) -> Vec<(Option<String>, &'s Value, String)> {
        match shape {
            Value::Object(members) => {
                // Times are a kind of their own in CBOR, and hold no secret.
                let members = members.iter().filter(|(_, shape)| *shape != "t" || !path.starts_with("monitoring."));
                members.map(|(name, shape)| (Some(name.clone()), shape, format!("{path}.{name}"))).collect()
            }
            Value::Array(kind) if kind[0] == "list" => vec![(None, &kind[1], format!("{path}[]"))],
            Value::Array(kind) => match KEYS.iter().find(|(end, _)| path.ends_with(end)) {
                Some((_, keys)) => keys
                    .iter()
                    .map(|key| ((*key).to_owned(), format!("{path}{{{key}}}")))
                    .map(|(key, path)| (Some(key), &kind[2], path))
                    .collect(),
                None => {
                    let key = match kind[1].as_str() {
                        Some(shape @ ("s" | "!")) => self.scalar(shape, &format!("{path}{{key}}")),
                        other => self.scalar(other.unwrap_or_default(), path),
                    };
                    vec![(Some(key.as_str().unwrap_or_default().to_owned()), &kind[2], format!("{path}{{value}}"))]
                }
            },
            _ => Vec::new(),
        }
    }

    fn json(&self, shape: &Value, path: &str) -> Value {
        let parts = || self.parts(shape, path).into_iter();
        match shape {
            Value::String(shape) => self.scalar(shape, path),
            Value::Array(kind) if kind[0] == "list" => {
                parts().map(|(_, shape, path)| self.json(shape, &path)).collect()
            }
            _ => {
                let members: Map<String, Value> =
                    parts().map(|(key, shape, path)| (key.unwrap_or_default(), self.json(shape, &path))).collect();
                Value::Object(members)
            }
        }
    }

    fn xml(&self, name: &str, shape: &Value, path: &str) -> String {
        let parts = self.parts(shape, path);
        let flat = shape.get(2).is_some_and(|element| element == "");
        let within: String = match shape {
            Value::String(shape) => match self.scalar(shape, path) {
                Value::String(text) => text.replace('&', "&amp;").replace('<', "&lt;"),
                other => other.to_string(),
            },
            Value::Array(kind) if kind[0] == "list" && flat => {
                return parts.into_iter().map(|(_, shape, path)| self.xml(name, shape, &path)).collect();
            }
            Value::Array(kind) if kind[0] == "list" => {
                let element = kind[2].as_str().unwrap();
                parts.into_iter().map(|(_, shape, path)| self.xml(element, shape, &path)).collect()
            }
            Value::Array(_) => parts
                .into_iter()
                .map(|(key, shape, path)| {
                    format!("<entry><key>{}</key>{}</entry>", key.unwrap_or_default(), self.xml("value", shape, &path))
                })
                .collect(),
            _ => parts.into_iter().map(|(key, shape, path)| self.xml(&key.unwrap_or_default(), shape, &path)).collect(),
        };
        format!("<{name}>{within}</{name}>")
    }

    fn answer(&self, asked: &Asked) -> Option<Answer> {
        let operation = asked.operation.as_str();
        let service = self.shapes.get(&asked.service)?;
        let shape = service["operations"].get(operation)?;
        let path = format!("{}.{operation}", asked.service);
        // Units within units end somewhere.
        if operation == "ListOrganizationalUnitsForParent" && !asked.body.contains("r-1") {
            return Some(json(json!({})));
        }
        Some(match service["protocol"].as_str().unwrap() {
            "query" => {
                let result = self.xml(&format!("{operation}Result"), shape, &path);
                xml(&format!("<{operation}Response>{result}</{operation}Response>"))
            }
            "rest-xml" if operation == "GetBucketPolicy" => {
                Answer::Http(200, vec![], self.text(&format!("{path}.Policy")))
            }
            "rest-xml" => xml(&self.xml(&root(operation), shape, &path)),
            "cbor" => Answer::Cbor(crate::collect_watching::cbor(&self.json(shape, &path))),
            _ => json(self.json(shape, &path)),
        })
    }
}

/// The outermost element of an answer.
fn root(operation: &str) -> String {
    match operation {
        "ListBuckets" => "ListAllMyBucketsResult".to_owned(),
        "GetBucketVersioning" => "VersioningConfiguration".to_owned(),
        "GetObjectLockConfiguration" => "ObjectLockConfiguration".to_owned(),
        "GetPublicAccessBlock" => "PublicAccessBlockConfiguration".to_owned(),
        "GetBucketLifecycleConfiguration" => "LifecycleConfiguration".to_owned(),
        "GetBucketReplication" => "ReplicationConfiguration".to_owned(),
        "GetBucketOwnershipControls" => "OwnershipControls".to_owned(),
        "GetBucketEncryption" => "ServerSideEncryptionConfiguration".to_owned(),
        "GetBucketAbac" => "AbacStatus".to_owned(),
        "GetBucketTagging" => "Tagging".to_owned(),
        other => format!("{other}Response"),
    }
}

fn shapes() -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join("shapes.json")).unwrap()).unwrap()
}

/// The other end of the wire, and the marks that it gave out.
fn full(style: Style) -> (Fake, Marks) {
    let marks = Marks::default();
    let full = Full { shapes: shapes(), marks: marks.clone(), style };
    (Fake::new(move |asked| full.answer(asked)), marks)
}

/// What is kept on purpose: path to what is said of it.
fn kept() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("kept.txt")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (path, said) = line.split_once(' ').unwrap_or((line, ""));
            (path.to_owned(), said.trim().to_owned())
        })
        .collect()
}

const HEAD: &str = "\
# The members of AWS's answers that a collection keeps: service, operation, path. `[]` is an item of a list, `{key}` and
# `{value}` are those of a map. `address`: only host and path of it. What AWS's models call sensitive says why it is kept.
# Held by tests/it/marked.rs; UPDATE=1 writes it anew. A new line is a decision: can this member hold a secret?
";

/// Every call has a shape, so none is forgotten.
#[test]
fn the_shapes_are_those_of_the_calls() {
    let shapes = shapes();
    let signed = |service: &'static str| match service {
        "tag" => "tagging",
        "cloudwatch" => "monitoring",
        other => other,
    };
    let called: BTreeSet<(String, String)> = collect::calls()
        .filter(|call| call.operation != "GetCallerIdentity")
        .map(|call| (signed(call.service).to_owned(), call.operation.to_owned()))
        .collect();
    let known: BTreeSet<(String, String)> = shapes
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(service, entry)| {
            let operations = entry["operations"].as_object().unwrap().keys();
            operations.map(move |operation| (service.clone(), operation.clone()))
        })
        .collect();
    assert_eq!(called, known, "run tests/servers/shapes.py --update");
}

#[test]
fn of_every_answer_only_what_is_listed_is_kept() {
    let (fake, marks) = full(Style::Plain);
    let snapshot = try_collect(&fake, &Options::default()).unwrap();
    // The answers were understood, or the marks would prove nothing.
    for entry in &snapshot.accounts[0].coverage {
        assert_eq!(entry.outcome, Outcome::Ok, "{entry:?}");
    }
    let text = serde_json::to_string(&snapshot).unwrap();
    let found = marks.within(&text);
    let listed = kept();
    if std::env::var_os("UPDATE").is_some() {
        let lines = found.iter().map(|path| match listed.get(path) {
            Some(said) if !said.is_empty() => format!("{path} {said}\n"),
            _ => format!("{path}\n"),
        });
        std::fs::write(folder().join("kept.txt"), HEAD.to_owned() + &lines.collect::<String>()).unwrap();
        return;
    }
    let unlisted: Vec<_> = found.iter().filter(|path| !listed.contains_key(*path)).collect();
    assert!(unlisted.is_empty(), "kept, and not on the list: {unlisted:#?}");
    let gone: Vec<_> = listed.keys().filter(|path| !found.contains(*path)).collect();
    assert!(gone.is_empty(), "on the list, and not kept: {gone:#?}");
}

/// The members that AWS's models call sensitive, by path.
fn sensitive(shape: &Value, path: &str, found: &mut BTreeSet<String>) {
    match shape {
        Value::String(kind) if kind == "!" => {
            found.insert(path.to_owned());
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, shape)| sensitive(shape, &format!("{path}.{name}"), found));
        }
        Value::Array(kind) if kind[0] == "list" => sensitive(&kind[1], &format!("{path}[]"), found),
        Value::Array(kind) => {
            sensitive(&kind[1], &format!("{path}{{key}}"), found);
            sensitive(&kind[2], &format!("{path}{{value}}"), found);
        }
        _ => {}
    }
}

#[test]
fn what_aws_calls_sensitive_is_kept_for_a_reason_only() {
    let mut found = BTreeSet::new();
    for (service, entry) in shapes().as_object().unwrap() {
        for (operation, shape) in entry["operations"].as_object().unwrap() {
            sensitive(shape, &format!("{service}.{operation}"), &mut found);
        }
    }
    assert!(found.contains("amplify.ListApps.apps[].basicAuthCredentials"));
    let kept = kept();
    let silent: Vec<_> = found.iter().filter(|path| kept.get(*path).is_some_and(String::is_empty)).collect();
    assert!(silent.is_empty(), "sensitive, and kept without a reason: {silent:#?}");
}

/// Where an address is kept, it is kept without its user, its password, its query and its fragment.
#[test]
fn of_an_address_only_host_and_path_are_kept() {
    let (fake, marks) = full(Style::Address);
    let snapshot = try_collect(&fake, &Options::default()).unwrap();
    let found = marks.within(&serde_json::to_string(&snapshot).unwrap());
    let listed = kept();
    let unlisted: Vec<_> = found.iter().filter(|path| !listed.contains_key(*path)).collect();
    assert!(unlisted.is_empty(), "kept, and not on the list: {unlisted:#?}");
    let whole: Vec<_> = found.iter().filter(|path| listed[*path].starts_with("address")).collect();
    assert!(whole.is_empty(), "kept with all that an address may hold: {whole:#?}");
}

/// The formats that a command says it has.
fn formats(command: &str) -> Vec<String> {
    let output = program("http://127.0.0.1:9").args([command, "--format", "none-of-these"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, rest) = said.split_once("[possible values: ").unwrap_or_else(|| panic!("{said}"));
    rest.split(']').next().unwrap().split(',').map(|value| value.trim().to_owned()).collect()
}

/// Whatever is printed or written, at the highest level of the log too.
#[test]
fn nothing_else_leaves_the_program() {
    let listed = kept();
    let folder = tempfile::tempdir().unwrap();
    for style in [Style::Plain, Style::Address] {
        let (fake, marks) = full(style);
        let url = serve(fake);
        let file = folder.path().join(format!("{style:?}.json"));
        let fixes = folder.path().join(format!("{style:?}"));
        let (file, fixes) = (file.to_str().unwrap(), fixes.to_str().unwrap());
        let mut said = String::new();
        let mut runs = vec![
            vec!["-vv", "collect", "--out", file],
            vec!["-vv", "audit"],
            vec!["-vv", "audit", "--snapshot", file, "--list-all", "--fixes", "--fixes-out", fixes],
            vec!["audit", "--snapshot", file, "--rank", "causes"],
            vec!["recovery", "--snapshot", file, "--wide"],
        ];
        // Each command in every format that it has.
        let commands = [vec!["audit"], vec!["recovery"], vec!["who-can", "dynamodb:DeleteTable", "*"]];
        let formats: Vec<(&Vec<&str>, String)> = commands
            .iter()
            .flat_map(|command| formats(command[0]).into_iter().map(move |one| (command, one)))
            .collect();
        assert!(formats.len() >= 6, "{formats:?}");
        for (command, format) in &formats {
            runs.push([command.as_slice(), &["--snapshot", file, "--format", format]].concat());
        }
        for arguments in runs {
            let output = program(&url).env("FOUREYES_LOG", "trace").env("RUST_LOG", "trace").args(&arguments).output();
            let output = output.unwrap();
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code().is_some_and(|code| code != 2), "{arguments:?}: {error}");
            said.push_str(&String::from_utf8_lossy(&output.stdout));
            said.push_str(&error);
        }
        said.push_str(&std::fs::read_to_string(file).unwrap());
        for entry in std::fs::read_dir(fixes).into_iter().flatten() {
            said.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
        let unlisted: Vec<_> = marks.within(&said).into_iter().filter(|path| !listed.contains_key(path)).collect();
        assert!(unlisted.is_empty(), "{style:?}: said, and not on the list of what is kept: {unlisted:#?}");
    }
}
