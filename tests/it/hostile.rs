//! Input made to hurt ends soon, with an answer or a clear complaint.

use foureyes::access::{Access, Targets};
use foureyes::engine::{Context, Target, World, case};
use foureyes::inventory::{EnvironmentRules, Inventory};
use foureyes::snapshot::Snapshot;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Generous: the tests are not optimised and share the machine.
const SOON: Duration = Duration::from_secs(30);

fn snapshot(document: &Value) -> Snapshot {
    let user = json!({"Arn": "arn:aws:iam::111122223333:user/a", "UserName": "a", "Path": "/",
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]});
    let whole = json!({"schema": "foureyes/snapshot/v1", "accounts": [{"id": "111122223333",
        "authorization_details": {"UserDetailList": [user]}}]});
    serde_json::from_str(&whole.to_string()).unwrap()
}

/// How many principals may delete a table, after all the work.
fn asked(document: &Value) -> usize {
    let snapshot = snapshot(document);
    let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let mut targets = Targets::default();
    targets.push(Target::new("arn:aws:dynamodb:eu-west-1:111122223333:table/orders"));
    access.who_can("dynamodb:DeleteTable", &targets, &Context::new(World::Open)).len() + inventory.broken.len()
}

#[test]
fn a_hundred_thousand_statements() {
    let started = Instant::now();
    let statement = |n: usize| json!({"Effect": "Allow", "Action": format!("s3:Get{n}"), "Resource": "*"});
    let mut all: Vec<Value> = (0..100_000).map(statement).collect();
    all.push(json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}));
    let document = json!({"Statement": all});
    assert!(document.to_string().len() > 5_000_000);
    assert_eq!(asked(&document), 1);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn patterns_of_a_thousand_stars() {
    let started = Instant::now();
    let pattern = format!("arn:aws:dynamodb:*:*:table/{}", "*o".repeat(1000));
    assert_eq!(asked(&json!({"Statement": {"Effect": "Allow", "Action": "d*y*n*:*", "Resource": pattern}})), 0);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn conditions_without_end() {
    let started = Instant::now();
    let keys: serde_json::Map<String, Value> =
        (0..20_000).map(|n| (format!("aws:PrincipalTag/t{n}"), json!(format!("v{n}")))).collect();
    let values: Vec<String> = (0..100_000).map(|n| format!("10.{}.{}.0/24", n / 256 % 256, n % 256)).collect();
    let document = json!({"Statement": [
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": {"StringEquals": keys}},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": values}}}]});
    assert!(asked(&document) <= 1);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn nesting_of_ten_thousand() {
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let line = format!(
        r#"{{"id":"a","request":{{"principal":"anonymous","action":"s3:GetObject","resource":"*"}},"identity_policies":[{deep}]}}"#
    );
    let answer: Value = serde_json::from_str(&case::answer_line(&line, 1)).unwrap();
    assert!(answer["error"].is_string() || answer["decision"].is_string(), "{answer}");
}
