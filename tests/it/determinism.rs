//! The same account, rules and configuration give the same bytes: from run to run, on one thread or eight, and in
//! whatever order AWS listed things.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use std::path::Path;

/// What `audit --format json` prints, run in a folder with these arguments and this many threads.
fn audit(folder: &Path, arguments: &[&str], threads: usize) -> String {
    let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("foureyes"))
        .args(["audit", "--format", "json"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("RAYON_NUM_THREADS", threads.to_string())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{:?}: {err}", output.status);
    assert!(out.len() > 500, "{out}{err}");
    out
}

/// Where two texts first differ, in a few lines.
fn assert_same(one: &str, other: &str, what: &str) {
    let differs = one.lines().zip(other.lines()).enumerate().find(|(_, (a, b))| a != b);
    if let Some((line, (a, b))) = differs {
        panic!("{what}: line {}\n  {a}\n  {b}", line + 1);
    }
    assert_eq!(one.len(), other.len(), "{what}: one is longer");
}

#[test]
fn runs_and_threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let first = audit(folder.path(), &["--demo"], 1);
    for threads in [1, 2, 8] {
        for run in 0..3 {
            let again = audit(folder.path(), &["--demo"], threads);
            assert_same(&first, &again, &format!("run {run} on {threads} threads"));
        }
    }
}

/// Lists whose order AWS does not promise. Statements and values in a policy keep theirs: evidence names statements by
/// position, and a document is what somebody wrote.
const UNORDERED: [&str; 18] = [
    "/accounts",
    "/accounts/policies",
    "/organization/roots/policies",
    "/organization/units",
    "/organization/units/policies",
    "/organization/policies",
    "authorization_details/UserDetailList",
    "authorization_details/GroupDetailList",
    "authorization_details/RoleDetailList",
    "authorization_details/Policies",
    "GroupList",
    "UserPolicyList",
    "GroupPolicyList",
    "RolePolicyList",
    "AttachedManagedPolicies",
    "PolicyVersionList",
    "resources",
    "coverage",
];

/// Shuffles every list of a snapshot whose order means nothing; gives how many that were.
fn shuffle(value: &mut Value, path: &str, random: &mut TestRng) -> usize {
    match value {
        Value::Object(map) => map.iter_mut().map(|(key, value)| shuffle(value, &format!("{path}/{key}"), random)).sum(),
        Value::Array(list) => {
            let unordered = UNORDERED.iter().any(|name| path == *name || path.ends_with(&format!("/{name}")));
            if unordered {
                for index in (1..list.len()).rev() {
                    list.swap(index, usize::try_from(random.next_u32()).unwrap() % (index + 1));
                }
            }
            let inside: usize = list.iter_mut().map(|value| shuffle(value, path, random)).sum();
            inside + usize::from(unordered && list.len() > 1)
        }
        _ => 0,
    }
}

/// A snapshot's lists in orders of their own.
fn shuffled(account: &Value, least: usize) {
    let folder = tempfile::tempdir().unwrap();
    let write = |account: &Value| std::fs::write(folder.path().join("a.json"), account.to_string()).unwrap();
    write(account);
    let first = audit(folder.path(), &["--snapshot", "a.json"], 2);
    for seed in 0..6u8 {
        let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut other = account.clone();
        let lists = shuffle(&mut other, "", &mut random);
        assert!(lists >= least, "only {lists} lists");
        assert_ne!(*account, other);
        write(&other);
        assert_same(&first, &audit(folder.path(), &["--snapshot", "a.json"], 2), &format!("seed {seed}"));
    }
}

fn account(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(crate::source::root().join(path)).unwrap()).unwrap()
}

#[test]
fn the_order_in_the_demo_changes_nothing() {
    shuffled(&account("src/cli/demo/account.json"), 7);
}

#[test]
fn the_order_in_an_organization_changes_nothing() {
    let demo = account("src/cli/demo/account.json");
    let id = demo["accounts"][0]["id"].as_str().unwrap();
    let mut accounts = Vec::new();
    for (other, unit, policies) in
        [("999999999991", "ou-a", ["p-full", "p-data"]), ("999999999992", "ou-b", ["p-full", "p-region"])]
    {
        let mut account: Value = serde_json::from_str(&demo["accounts"][0].to_string().replace(id, other)).unwrap();
        account["parent"] = unit.into();
        account["policies"] = policies.to_vec().into();
        accounts.push(account);
    }
    let policy = |id: &str, kind: &str, statement: Value| json!({"id": id, "name": id, "type": kind, "document": {"Version": "2012-10-17", "Statement": statement}});
    let scp = "SERVICE_CONTROL_POLICY";
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let data = json!({"Effect": "Deny", "Action": "cognito-idp:Delete*", "Resource": "*",
        "Condition": {"StringNotLike": {"aws:PrincipalArn": "*break-glass*"}}});
    let region = json!({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}});
    let buckets = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-demo000001"}}});
    let snapshot = json!({
        "schema": "foureyes/snapshot/v1",
        "organization": {
            "id": "o-demo000001",
            "management_account": "999999999990",
            "roots": [{"id": "r-demo", "name": "Root", "policies": ["p-full", "p-buckets"]}],
            "units": [
                {"id": "ou-a", "name": "a", "parent": "r-demo", "policies": ["p-full", "p-region"]},
                {"id": "ou-b", "name": "b", "parent": "r-demo", "policies": ["p-full", "p-data"]},
            ],
            "policies": [
                policy("p-full", scp, everything),
                policy("p-data", scp, data),
                policy("p-region", scp, region),
                policy("p-buckets", "RESOURCE_CONTROL_POLICY", buckets),
            ],
        },
        "accounts": accounts,
    });
    shuffled(&snapshot, 20);
}

#[test]
fn the_order_of_what_cannot_be_read_changes_nothing() {
    let mut demo = account("src/cli/demo/account.json");
    // Three unreadable policies and one that is not in the snapshot, on everybody.
    let details = &mut demo["accounts"][0]["authorization_details"];
    for (list, policies) in [("UserDetailList", "UserPolicyList"), ("RoleDetailList", "RolePolicyList")] {
        for holder in details[list].as_array_mut().unwrap() {
            let broken = ["a", "b", "c"]
                .map(|name| json!({"PolicyName": name, "PolicyDocument": {"Statement": format!("{name}")}}));
            holder[policies] = broken.to_vec().into();
            let gone = json!({"PolicyName": "gone", "PolicyArn": "arn:aws:iam::111122223333:policy/gone"});
            match holder["AttachedManagedPolicies"].as_array_mut() {
                Some(attached) => attached.push(gone),
                None => holder["AttachedManagedPolicies"] = [gone].to_vec().into(),
            }
        }
    }
    shuffled(&demo, 20);
}

#[test]
fn the_order_in_a_plain_dump_changes_nothing() {
    let dump = account("tests/accounts/cloudsplaining-example.json");
    let snapshot = json!({
        "schema": "foureyes/snapshot/v1",
        "organization": null,
        "accounts": [{"id": "012345678901", "policies": [], "authorization_details": dump, "resources": [], "coverage": []}],
    });
    shuffled(&snapshot, 20);
}
