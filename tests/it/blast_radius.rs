//! `blast-radius` as a person or a script meets it.

use serde_json::{Value, json};
use std::io::Write;
use std::process::Output;

fn run(columns: usize, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("foureyes");
    command.env_clear().env("COLUMNS", columns.to_string()).current_dir(folder.path());
    command.arg("blast-radius").args(arguments).output().unwrap()
}

fn answer(arguments: &[&str]) -> Value {
    let output = run(100, &[arguments, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = std::fs::read_to_string("schemas/blast-radius-v1.schema.json").unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    value
}

/// Ends of the ARNs of a class, with the action.
fn of_class<'v>(answer: &'v Value, class: &str) -> Vec<(&'v str, &'v str)> {
    let losses = answer["losses"].as_array().unwrap().iter().filter(|loss| loss["class"] == class);
    losses
        .map(|loss| {
            let arn = loss["arn"].as_str().unwrap();
            (arn.rsplit_once(':').unwrap().1, loss["action"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn the_people_of_the_demo_lose_what_its_page_says() {
    let mara = answer(&["mara", "--demo"]);
    let data = of_class(&mara, "data");
    assert_eq!(data.len(), 4, "{data:?}");
    assert!(mara["summary"]["by_becoming"].as_u64().unwrap() > 0, "mara becomes an administrator in two calls");
    assert!(data.contains(&("userpool/eu-west-1_Hb7Lq2ZtK", "cognito-idp:DeleteUserPool")), "{data:?}");
    assert_eq!(data.iter().filter(|(_, action)| *action == "dynamodb:DeleteTable").count(), 3, "{data:?}");
    assert!(of_class(&mara, "environment").contains(&("apps/d2h4rb0url1ght", "amplify:DeleteApp")));
    assert_eq!(mara["principal"]["kind"], "person");

    let deploy = answer(&["github-deploy", "--demo"]);
    let data: Vec<(&Value, bool)> = deploy["losses"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|loss| loss["class"] == "data")
        .map(|loss| (&loss["type"], loss["direct"].as_bool().unwrap()))
        .collect();
    assert_eq!(data.iter().filter(|(kind, direct)| *kind == "AWS::DynamoDB::Table" && *direct).count(), 3, "{data:?}");
    // Builds act as a role that may delete the pool.
    let pool = deploy["losses"]
        .as_array()
        .unwrap()
        .iter()
        .find(|loss| loss["class"] == "data" && loss["type"] == "AWS::Cognito::UserPool")
        .unwrap();
    assert_eq!(pool["direct"], json!(false));
    assert!(pool["steps"][0].as_str().unwrap().contains("amplify-service-role"), "{pool:#}");
    assert_eq!(deploy["principal"]["kind"], "deploy");

    let wen = answer(&["wen", "--demo"]);
    let direct: Vec<&Value> =
        wen["losses"].as_array().unwrap().iter().filter(|loss| loss["direct"] == json!(true)).collect();
    assert_eq!(direct, Vec::<&Value>::new());
    // Staging is no part of it, and can be asked for.
    assert!(!mara.to_string().contains("-staging"));
    let staging = answer(&["mara", "--demo", "--environment", "staging"]);
    assert!(!staging["losses"].as_array().unwrap().is_empty());
}

/// One user that may do everything with tables, and a table with a backup of its own.
fn account(statements: &Value, protected: bool) -> tempfile::NamedTempFile {
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let ok = |service: &str, operation: &str| json!({"service": service, "operation": operation, "outcome": "ok"});
    let account = json!({"schema": "foureyes/snapshot/v1", "collected_at": "2026-11-22T02:00:00Z", "organization": null,
        "accounts": [{"id": "111122223333",
            "authorization_details": {"UserDetailList": [{"UserName": "ann", "Path": "/",
                "Arn": "arn:aws:iam::111122223333:user/ann", "GroupList": [], "AttachedManagedPolicies": [],
                "UserPolicyList": [{"PolicyName": "own", "PolicyDocument":
                    {"Version": "2012-10-17", "Statement": statements}}]}],
                "GroupDetailList": [], "RoleDetailList": [], "Policies": []},
            "resources": [{"arn": table, "type": "AWS::DynamoDB::Table", "region": "eu-west-1", "tags": {"env": "prod"},
                "properties": {"TableName": "orders", "DeletionProtectionEnabled": protected,
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false},
                    "Backups": [{"BackupArn": format!("{table}/backup/01"), "BackupName": "weekly", "BackupType": "USER",
                        "BackupCreationDateTime": "2026-11-20T02:00:00Z", "BackupStatus": "AVAILABLE"}]}}],
            "coverage": [ok("organizations", "DescribeOrganization"), ok("dynamodb", "GetResourcePolicy"),
                ok("dynamodb", "ListBackups"), ok("backup", "ListBackupVaults"),
                ok("backup", "ListRecoveryPointsByBackupVault"), ok("backup", "ListCopyJobs")]}]});
    let mut file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    file.write_all(account.to_string().as_bytes()).unwrap();
    file
}

#[test]
fn a_loss_says_whether_it_comes_back() {
    let back = |statements: &Value, protected: bool| -> Value {
        let file = account(statements, protected);
        let answer = answer(&["ann", "--snapshot", file.path().to_str().unwrap()]);
        let of_data = answer["losses"].as_array().unwrap().iter().find(|loss| loss["class"] == "data").cloned();
        of_data.map(|loss| loss["comes_back"].clone()).unwrap_or(Value::Null)
    };
    let delete = json!({"Effect": "Allow", "Action": "dynamodb:DeleteTable", "Resource": "*"});
    let everything = json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"});
    assert_eq!(back(&delete, false), json!({"how": "copy", "taken_at": "2026-11-20T02:00:00Z"}));
    assert_eq!(
        back(&everything, false),
        json!({"how": "copy", "taken_at": "2026-11-20T02:00:00Z", "copies_destroyed_too": "certain"})
    );
    // Protection stops whoever cannot switch it off, and nobody else.
    assert_eq!(back(&delete, true), Value::Null);
    assert_eq!(back(&everything, true)["copies_destroyed_too"], "certain");
    let reads = json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"});
    assert_eq!(back(&reads, false), Value::Null);
}

#[test]
fn what_is_not_there_is_not_lost() {
    let everything = json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"});
    let file = account(&everything, false);
    let mut value: Value = serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
    let losses = |value: &Value| -> Vec<(String, String)> {
        std::fs::write(file.path(), value.to_string()).unwrap();
        let answer = answer(&["ann", "--snapshot", file.path().to_str().unwrap()]);
        let told = answer["losses"].as_array().unwrap().iter().filter(|loss| loss["class"] != "data").cloned();
        told.map(|loss| (loss["action"].as_str().unwrap().to_owned(), loss["conditions"].to_string())).collect()
    };
    let of = |told: &[(String, String)], action: &str| {
        told.iter().find(|(known, _)| known == action).map(|(_, conditions)| conditions.clone())
    };
    // A backup that was read is lost; whether there is a replica, nobody knows.
    let told = losses(&value);
    assert_eq!(of(&told, "dynamodb:DeleteBackup").as_deref(), Some("[]"), "{told:?}");
    let replica = "[\"if it has a copy in another region, which was not read\"]";
    assert_eq!(of(&told, "dynamodb:DeleteTableReplica").as_deref(), Some(replica), "{told:?}");
    // Neither is there: nothing to restore from is lost, and nothing that serves but the table.
    value["accounts"][0]["resources"][0]["properties"]["Backups"] = json!([]);
    value["accounts"][0]["resources"][0]["properties"]["Replicas"] = json!([]);
    let told = losses(&value);
    assert_eq!(of(&told, "dynamodb:DeleteBackup"), None, "{told:?}");
    assert_eq!(of(&told, "dynamodb:DeleteTableReplica"), None, "{told:?}");
    assert_eq!(of(&told, "dynamodb:UpdateContinuousBackups"), None, "{told:?}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for principal in ["mara", "github-deploy", "ines", "wen"] {
        for columns in [40, 60, 80, 120] {
            let output = run(columns, &[principal, "--demo", "--all"]);
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.starts_with("Blast radius of "), "{text}");
            for line in text.lines() {
                assert!(line.chars().count() <= columns, "{columns}: {line}");
            }
        }
    }
}

#[test]
fn who_is_not_there_is_asked_back() {
    let output = run(100, &["maria", "--demo"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("did you mean `mara`?"));
}

#[test]
fn where_no_production_is_known_what_is_known_is_said() {
    let output = run(100, &["privesc-sre-user", "--snapshot", &account_file("cloudsplaining-example.json")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("No resource of production was recognised"), "{text}");
    assert!(text.contains("- User privesc-sre-user can become an administrator"), "{text}");
    assert!(!text.contains("Nothing of production"), "{text}");
}

fn account_file(name: &str) -> String {
    crate::source::root().join("tests/accounts").join(name).to_string_lossy().into_owned()
}
