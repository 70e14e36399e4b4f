//! `who-can`, `explain` and `simulate` as a person or a script meets them.

use foureyes::access::{Access, Targets};
use foureyes::engine::{Context, Verdict, World};
use foureyes::inventory::{EnvironmentRules, Inventory};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Output;

const TABLE: &str = "Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod";

/// Runs the program in an empty folder, without the settings of whoever runs the tests.
fn run(columns: usize, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("foureyes");
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("AWS_") || name.starts_with("FOUREYES_") || name == "NO_COLOR" {
            command.env_remove(name);
        }
    }
    command.env("COLUMNS", columns.to_string()).current_dir(folder.path()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command prints when all is well.
fn said(arguments: &[&str]) -> String {
    let output = run(100, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What a command complains of.
fn complaint(arguments: &[&str]) -> String {
    let output = run(100, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(output.stdout.is_empty());
    text(&output.stderr)
}

fn answer(schema: &str, arguments: &[&str]) -> Value {
    let value = serde_json::from_str(&said(arguments)).unwrap();
    valid(schema, &value);
    value
}

fn valid(schema: &str, value: &Value) {
    let schema = std::fs::read_to_string(format!("schemas/{schema}-v1.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = schema.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{value:#}");
}

fn snapshot(account: &Value) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(account.to_string().as_bytes()).unwrap();
    file
}

fn user(name: &str, statements: &Value) -> Value {
    json!({
        "UserName": name, "Arn": format!("arn:aws:iam::111122223333:user/{name}"), "Path": "/",
        "UserPolicyList": [{"PolicyName": format!("own of {name}"), "PolicyDocument":
            {"Version": "2012-10-17", "Statement": statements}}],
        "AttachedManagedPolicies": [], "GroupList": []
    })
}

/// An account that stands alone, with these users.
fn account(users: &[Value]) -> Value {
    json!({"schema": "foureyes/snapshot/v1", "organization": null, "accounts": [{
        "id": "111122223333",
        "authorization_details": {"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": []},
        "resources": [{"arn": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "type": "AWS::DynamoDB::Table"}],
        "coverage": [
            {"service": "organizations", "operation": "DescribeOrganization", "outcome": "ok"},
            {"service": "dynamodb", "operation": "GetResourcePolicy", "outcome": "ok"}]}]})
}

#[test]
fn who_can_delete_a_production_table() {
    assert_snapshot!(said(&["who-can", "dynamodb:deletetable", TABLE, "--demo"]), @r#"
    Who can dynamodb:DeleteTable on table/Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod
    in the built-in demo account, as of 2026-11-20T19:12:00Z

    ──────────────────────────────────────────────────────────────────────────────────────────
    Who                                Answer                 Decided by
    ──────────────────────────────────────────────────────────────────────────────────────────
    2 principals: role/break-glass,    allowed*               Statement[0] of
    user/ines                                                 AdministratorAccess
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    role/github-deploy                 allowed*               statement Tables of GithubDeploy
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    4 principals:                      allowed* only through  statement CLIManageviaCFNPolicy
    role/amplify-service-role,         CloudFormation         of AdministratorAccess-Amplify
    user/jonas, user/mara, user/priya
    ──────────────────────────────────────────────────────────────────────────────────────────

    * unless an organisation policy that could not be read denies it.
    9 principals are denied; `--all` lists them.
    The root user of 111122223333 can too*.
    Not visible: organizations:DescribeOrganization (denied).
    "#);
}

#[test]
fn who_can_takes_patterns_and_environments() {
    assert_snapshot!(said(&["who-can", "dynamodb:Delete*", "production:AWS::DynamoDB::Table", "--demo", "--all"]), @r#"
    Who can 6 actions on any of 3 resources
    in the built-in demo account, as of 2026-11-20T19:12:00Z

    ─────────────────────────────────────────────────────────────────────────────────────────────────
    Who                                              Answer
    ─────────────────────────────────────────────────────────────────────────────────────────────────
    2 principals: role/break-glass, user/ines        allowed*
                                                     dynamodb:DeleteBackup,
                                                     dynamodb:DeleteGlobalTableWitness,
                                                     dynamodb:DeleteItem and 3 more on all 3
                                                     by Statement[0] of AdministratorAccess
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    role/github-deploy                               allowed*
                                                     dynamodb:DeleteBackup,
                                                     dynamodb:DeleteGlobalTableWitness,
                                                     dynamodb:DeleteItem and 3 more on all 3
                                                     by statement Tables of GithubDeploy
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    4 principals: role/amplify-service-role,         allowed* only through CloudFormation
    user/jonas, user/mara, user/priya                dynamodb:DeleteItem, dynamodb:DeleteTable on all
                                                     3
                                                     by statement CLIManageviaCFNPolicy of
                                                     AdministratorAccess-Amplify
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    8 principals: role/api-build,                    denied
    role/api-cloudformation, role/foureyes-auditor,  nothing allows it
    role/orders-resolver,
    role/orders-resolver-staging,
    role/release-pipeline and 2 more
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    user/felix                                       denied
                                                     dynamodb:DeleteItem, dynamodb:DeleteTable on all
                                                     3
                                                     the permissions boundary does not allow it
    ─────────────────────────────────────────────────────────────────────────────────────────────────

    * unless an organisation policy that could not be read denies it.
    The root user of 111122223333 can too*.
    Not visible: organizations:DescribeOrganization (denied).
    "#);
}

#[test]
fn who_can_by_other_ways() {
    let told = said(&["who-can", "dynamodb:DeleteTable", TABLE, "--demo", "--paths"]);
    let (_, through) = told.split_once("Through something else, without the right itself:").unwrap();
    let (through, becoming) = through.split_once("By becoming somebody else:").unwrap();
    assert!(through.contains("deletes CloudFormation stack amplify-harbourlight-prod-81507"), "{through}");
    assert!(through.contains("user mara"), "{through}");
    assert!(!through.contains("github-deploy") && becoming.contains("github-deploy"), "{told}");

    let who_can =
        answer("who-can", &["who-can", "dynamodb:DeleteTable", TABLE, "--demo", "--paths", "--format", "json"]);
    let through = who_can["through"].as_array().unwrap();
    let by_stack = through.iter().find(|way| way["by"] == "stack-deletion").unwrap();
    assert!(by_stack["who"].as_array().unwrap().iter().any(|who| who.as_str().unwrap().ends_with("user/mara")));
    assert_eq!(by_stack["steps"][0]["requests"][0]["action"], "cloudformation:DeleteStack");

    let api = "arn:aws:appsync:eu-west-1:111122223333:apis/k7wz3mqhrbgyxlq2d5tnv4c6ae";
    let explained = answer(
        "explain",
        &["explain", "amplify-service-role", "appsync:DeleteGraphqlApi", api, "--demo", "--format", "json"],
    );
    assert!(explained.get("through").is_none(), "it may do so itself: {explained:#}");
}

#[test]
fn who_can_assume_a_role_is_for_its_trust_policy_to_say() {
    assert_snapshot!(said(&["who-can", "sts:AssumeRole", "break-glass", "--demo", "--context", "aws:MultiFactorAuthPresent=true"]), @r#"
    Who can sts:AssumeRole on role/break-glass
    in the built-in demo account, as of 2026-11-20T19:12:00Z

    ────────────────────────────────────────────────────────────────────────────────────
    Who        Answer    Decided by
    ────────────────────────────────────────────────────────────────────────────────────
    user/ines  allowed*  statement AdministratorWithMfa of trust policy, Statement[0] of
                         AdministratorAccess
    ────────────────────────────────────────────────────────────────────────────────────

    * unless an organisation policy that could not be read denies it.
    15 principals are denied; `--all` lists them.
    The root user of 111122223333 cannot.
    Not visible: organizations:DescribeOrganization (denied).
    "#);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for question in [
        vec!["who-can", "dynamodb:DeleteTable", TABLE, "--demo", "--all"],
        vec!["who-can", "*:Delete*", "production", "--demo"],
        vec!["who-can", "iam:PassRole", "*", "--demo"],
        vec!["explain", "mara", "dynamodb:DeleteTable", TABLE, "--demo"],
        vec!["explain", "wen", "dynamodb:DeleteTable", TABLE, "--demo"],
    ] {
        for columns in [40, 60, 80, 120] {
            let output = text(&run(columns, &question).stdout);
            for line in output.lines() {
                assert!(line.chars().count() <= columns, "{columns}: {line}\n{output}");
            }
        }
    }
}

#[test]
fn json_answers_follow_their_schemas() {
    let json = ["--demo", "--format", "json"];
    let who_can = |question: &[&str]| answer("who-can", &[&["who-can"], question, &json].concat());
    let one = who_can(&["dynamodb:DeleteTable", TABLE]);
    let principals = one["principals"].as_array().unwrap();
    assert_eq!(principals.len(), 16);
    assert!(principals.is_sorted_by_key(|principal| principal["arn"].as_str().unwrap()));
    let of = |name: &str| principals.iter().find(|one| one["arn"].as_str().unwrap().ends_with(name)).unwrap();
    assert_eq!(of("user/mara")["verdict"], "allowed-if");
    assert_eq!(of("user/mara")["conditions"][0], "through CloudFormation");
    assert_eq!(of("user/mara")["statements"][0]["sid"], "CLIManageviaCFNPolicy");
    assert_eq!(of("user/mara")["statements"][0]["through"], "arn:aws:iam::111122223333:group/developers");
    assert_eq!(of("user/felix")["decided_by"], "boundary");
    assert_eq!(of("user/wen")["verdict"], "implicit-deny");
    assert_eq!(one["coverage"]["complete"], false);
    let many = who_can(&["*:Delete*", "production"]);
    let mara =
        many["principals"].as_array().unwrap().iter().find(|one| one["arn"] == "arn:aws:iam::111122223333:user/mara");
    let mara = mara.unwrap();
    assert!(mara["actions"]["conditional"].as_array().unwrap().contains(&json!("dynamodb:DeleteTable")));
    assert!(mara["resources"]["denied_count"].as_u64().unwrap() > 0);
    for question in [
        ["s3:DeleteObject", "arn:aws:s3:::b"],
        ["ec2:DescribeInstances", "*"],
        ["kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k"],
    ] {
        who_can(&question);
    }
    for (principal, action, resource) in [
        ("mara", "dynamodb:DeleteTable", TABLE),
        ("felix", "dynamodb:DeleteTable", TABLE),
        ("staging-deploy", "dynamodb:DeleteTable", TABLE),
        ("mara", "sts:AssumeRole", "break-glass"),
        ("wen", "ec2:DescribeInstances", "*"),
    ] {
        answer("explain", &[&["explain", principal, action, resource][..], &json].concat());
    }
}

#[test]
fn incompleteness_has_its_exit_code() {
    let question = ["who-can", "dynamodb:DeleteTable", TABLE, "--demo", "--require-complete"];
    assert_eq!(run(100, &question).status.code(), Some(3));
    let file = snapshot(&account(&[]));
    let path = file.path().to_str().unwrap();
    assert_eq!(
        run(100, &["who-can", "dynamodb:DeleteTable", "orders", "--snapshot", path, "--require-complete"])
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn explains_what_is_allowed() {
    assert_snapshot!(said(&["explain", "mara", "dynamodb:DeleteTable", TABLE, "--demo"]), @r#"
    user/mara asks for dynamodb:DeleteTable on table/Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod

    1. Service control policies: not visible; they may deny this

    2. Resource control policies: not visible; they may deny this

    3. The resource's policy: none

    4. Identity policies: allowed only through CloudFormation
       - AdministratorAccess-Amplify, through group developers:
         statement CLIManageviaCFNPolicy allows it through CloudFormation
           if aws:CalledVia ForAnyValue:StringEquals cloudformation.amazonaws.com: depends on the
             request

    5. Permissions boundary: none

    So user/mara is allowed only through CloudFormation, unless an organisation policy that could not be
      read denies it.

    The smallest change that would flip it:
      - in a policy of user/mara, add this deny:
          {
            "Action": "dynamodb:DeleteTable",
            "Effect": "Deny",
            "Resource":
              "arn:aws:dynamodb:eu-west-1:111122223333:table/Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod"
          }
      Decided again with that, it is denied.

    Or:
      - detach AdministratorAccess-Amplify from group/developers, for all its members
      Decided again with that, it is denied.

    Not visible: organizations:DescribeOrganization (denied).
    "#);
}

#[test]
fn explains_what_is_denied() {
    assert_snapshot!(said(&["explain", "staging-deploy", "dynamodb:DeleteTable", TABLE, "--demo", "--closed-world"]), @r#"
    role/staging-deploy asks for dynamodb:DeleteTable on table/Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod

    1. Service control policies: not visible; they may deny this

    2. Resource control policies: not visible; they may deny this

    3. The resource's policy: none

    4. Identity policies: nothing here allows it
       - StagingDeploy:
         statement StagingTables allows the action, but only on
           arn:aws:dynamodb:eu-west-1:111122223333:table/*-staging

    5. Permissions boundary: none

    So role/staging-deploy is denied: no identity policy allows it.

    The smallest change that would flip it:
      - in a policy of role/staging-deploy, add:
          {
            "Action": "dynamodb:DeleteTable",
            "Effect": "Allow",
            "Resource":
              "arn:aws:dynamodb:eu-west-1:111122223333:table/Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod"
          }
      Decided again with that, it is allowed unless an organisation policy that could not be read denies
        it.

    Not visible: organizations:DescribeOrganization (denied).
    "#);
}

#[test]
fn explains_a_near_miss_by_condition() {
    let text = said(&["explain", "mara", "dynamodb:DeleteTable", TABLE, "--demo", "--context", "aws:CalledVia="]);
    assert!(text.contains("CLIManageviaCFNPolicy allows the action, but its conditions are not met"), "{text}");
    assert!(text.contains("cloudformation.amazonaws.com: not met"), "{text}");
}

#[test]
fn every_proposed_change_is_one_that_works() {
    let allow = json!([{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]);
    let twice = json!([{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}, {"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let denied = json!([
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
        {"Sid": "NoDelete", "Effect": "Deny", "Action": "dynamodb:Delete*", "Resource": "*"}]);
    let hopeless = json!([{"Sid": "Never", "Effect": "Deny", "Action": "*", "Resource": "*"}]);
    let file = snapshot(&account(&[user("a", &allow), user("b", &twice), user("c", &denied), user("d", &hopeless)]));
    let path = file.path().to_str().unwrap();
    let flips = |name: &str| {
        let question = ["explain", name, "dynamodb:DeleteTable", "orders", "--snapshot", path, "--format", "json"];
        answer("explain", &question)["flips"].clone()
    };
    let kinds = |flips: &Value| -> Vec<Vec<String>> {
        let changes = |flip: &Value| {
            flip["changes"].as_array().unwrap().iter().map(|one| one["change"].as_str().unwrap().to_owned()).collect()
        };
        flips.as_array().unwrap().iter().map(changes).collect()
    };
    // One statement carries it: taking it out is enough. Of two, neither is: a deny is.
    assert_eq!(kinds(&flips("a")), [["remove"], ["add"]]);
    assert_eq!(kinds(&flips("b")), [["add"]]);
    assert_eq!(flips("b")[0]["changes"][0]["statement"]["Effect"], "Deny");
    assert_eq!(flips("b")[0]["verdict"], "explicit-deny");
    // The deny alone stands in the way; where nothing allows it either, both changes are needed.
    assert_eq!(kinds(&flips("c")), [["remove"]]);
    assert_eq!(flips("c")[0]["changes"][0]["sid"], "NoDelete");
    assert_eq!(kinds(&flips("d")), [["remove", "add"]]);
    assert_eq!(flips("d")[0]["verdict"], "allowed");
}

#[test]
fn a_resource_can_be_what_the_snapshot_does_not_hold() {
    let text = said(&["who-can", "dynamodb:DeleteTable", "arn:aws:dynamodb:*:*:table/new-*", "--demo"]);
    assert!(text.contains("asked as if something had that\n  name."), "{text}");
    let text = said(&["who-can", "s3:DeleteObject", "arn:aws:s3:::b", "--demo"]);
    assert!(text.contains("The request names `arn:aws:s3:::b/*`."), "{text}");
    let text = said(&["who-can", "amplify:DeleteBackendEnvironment", "prod", "--demo"]);
    assert!(text.contains("The request names `arn:aws:amplify:eu-west-1:111122223333:apps/d2h4rb0url1ght`."), "{text}");
}

#[test]
fn a_buckets_policy_speaks_for_its_objects() {
    let mut account = account(&[user("a", &json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]))]);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::b/*"}]});
    account["accounts"][0]["resources"] =
        json!([{"arn": "arn:aws:s3:::b", "type": "AWS::S3::Bucket", "policy": policy}]);
    let file = snapshot(&account);
    let path = file.path().to_str().unwrap();
    for resource in ["b", "arn:aws:s3:::b", "arn:aws:s3:::b/key"] {
        let question = ["who-can", "s3:DeleteObject", resource, "--snapshot", path, "--format", "json"];
        let answer = answer("who-can", &question);
        assert_eq!(answer["principals"][0]["verdict"], "explicit-deny", "{resource}");
        assert_eq!(answer["principals"][0]["statements"][0]["sid"], "Keep");
    }
}

#[test]
fn mistakes_are_told_with_what_was_meant() {
    let demo = |question: &[&str]| complaint(&[question, &["--demo"]].concat());
    assert_snapshot!(demo(&["who-can", "dynamodb:DeletTable", TABLE]), @"error: `dynamodb:DeletTable` is not an action: did you mean `dynamodb:DeleteTable` or `dynamodb:CreateTable`?");
    assert_snapshot!(demo(&["who-can", "dinamodb:*", TABLE]), @"error: no action matches `dinamodb:*`: did you mean `dynamodb`?");
    assert_snapshot!(demo(&["who-can", "s3:DeleteBucket", TABLE]), @r#"
    error: this action is never asked of `Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod`, which is `arn:aws:dynamodb:eu-west-1:111122223333:table/Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod`
    "#);
    assert_snapshot!(demo(&["who-can", "dynamodb:DeleteTable", "AWS::DynamoDB::Tabel"]), @r"error: the snapshot has no `AWS::DynamoDB::Tabel` that this can be asked of: did you mean `AWS::DynamoDB::Table`?");
    assert_snapshot!(demo(&["who-can", "dynamodb:DeleteTable", "production", "--context", "MFA=true"]), @r"error: `--context MFA=true` is not of the form `aws:SourceIp=192.0.2.7`");
    assert_snapshot!(demo(&["explain", "marra", "dynamodb:DeleteTable", TABLE]), @"error: the snapshot has no user or role `marra`: did you mean `mara`?");
    assert_snapshot!(demo(&["explain", "mara", "dynamodb:DeleteTable", "production"]), @r"error: `explain` takes one resource, and this may be `arn:aws:dynamodb:eu-west-1:111122223333:table/Customer-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod`, `arn:aws:dynamodb:eu-west-1:111122223333:table/Invoice-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod`, `arn:aws:dynamodb:eu-west-1:111122223333:table/Order-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod`");
    assert_snapshot!(complaint(&["who-can", "dynamodb:DeleteTable", TABLE]), @r"error: which account? Give `--snapshot FILE` (a snapshot, or the output of `aws iam get-account-authorization-details`), `--profile NAME` or `--region REGION` to read an account in AWS, or `--demo` for the built-in example");
}

#[test]
fn hostile_names_do_nothing_to_the_terminal() {
    let name = "x\u{1b}[2J\u{202e}\n| y";
    let mut account = account(&[user(
        name,
        &json!([
        {"Sid": "\u{1b}]0;z\u{7}", "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*",
         "Condition": {"StringEquals": {"aws:PrincipalTag/\u{1b}[1m": "\u{9b}31m"}}},
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:*:*:table/\u{1b}*"}]),
    )]);
    account["accounts"][0]["coverage"][0] = json!({"service": "a\u{1b}[0m", "operation": "b", "outcome": "failed"});
    let file = snapshot(&account);
    let path = file.path().to_str().unwrap();
    for question in [
        vec!["who-can", "dynamodb:DeleteTable", "orders", "--all"],
        vec!["who-can", "dynamodb:DeleteTable", "arn:aws:dynamodb:::table/\u{1b}x"],
        vec!["explain", name, "dynamodb:DeleteTable", "orders"],
        vec!["explain", "\u{1b}", "dynamodb:DeleteTable", "orders"],
        vec!["who-can", "\u{1b}:x", "orders"],
        vec!["who-can", "dynamodb:DeleteTable", "\u{1b}"],
    ] {
        let output = run(100, &[&question[..], &["--snapshot", path]].concat());
        for bytes in [output.stdout, output.stderr] {
            let tricky = |character: char| (character.is_control() && character != '\n') || character == '\u{202e}';
            assert!(!text(&bytes).contains(tricky), "{:?}", text(&bytes));
        }
    }
}

#[test]
fn assuming_a_role_is_decided_alike_in_bulk_and_one_by_one() {
    let demo: foureyes::snapshot::Snapshot =
        serde_json::from_str(&std::fs::read_to_string("src/cli/demo/account.json").unwrap()).unwrap();
    let inventory = Inventory::new(&demo, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let context = Context::new(World::Open);
    let mut allowed = 0;
    for action in ["sts:AssumeRole", "iam:DeleteRole", "iam:PassRole"] {
        let mut targets = Targets::default();
        for role in inventory.principals.iter().filter(|principal| principal.trust.is_some()) {
            targets.aim(&inventory, foureyes::catalog::action(action), &role.arn);
        }
        let answers = access.who_can(action, &targets, &context);
        for (id, principal) in inventory.principal_ids() {
            for (index, (target, resource)) in (0u32..).zip(targets.iter()) {
                let (one, _) = access.decide(id, action, target, resource, &context).unwrap();
                let block = answers
                    .iter()
                    .filter(|answer| answer.principals.contains(&id))
                    .flat_map(|answer| &answer.blocks)
                    .find(|block| block.targets.contains(&index));
                let bulk = block.map_or(Verdict::ImplicitDeny, |block| block.decision.verdict);
                assert_eq!(bulk, one.verdict, "{} {action} {}", principal.arn, target.arn);
                allowed += usize::from(!bulk.is_denied());
            }
        }
    }
    assert!(allowed > 10);
}

#[test]
fn ten_thousand_principals_take_no_time() {
    let own = |number: usize| json!([{"Effect": "Allow", "Action": "dynamodb:*", "Resource": format!("arn:aws:dynamodb:*:*:table/{}", if number.is_multiple_of(2) { "*" } else { "${aws:username}" })}]);
    let users: Vec<Value> = (0..10_000).map(|number| user(&format!("u{number}"), &own(number))).collect();
    let file = snapshot(&account(&users));
    let path = file.path().to_str().unwrap();
    let started = std::time::Instant::now();
    let text = said(&["who-can", "dynamodb:DeleteTable", "orders", "--snapshot", path]);
    assert!(text.contains("5000 principals"), "{text}");
    // Unoptimised, on a busy machine; optimised it is a twentieth.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn simulate_decides_the_example_of_its_documentation() {
    let page = std::fs::read_to_string("docs/simulate.md").unwrap();
    let blocks: Vec<&str> = page.split("```jsonl\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [cases, answers] = blocks[..] else { panic!("two examples") };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(cases.as_bytes()).unwrap();
    assert_eq!(said(&["simulate", "--cases", file.path().to_str().unwrap()]), answers);
}

#[test]
fn simulate_answers_every_line_whatever_it_is() {
    let cases = std::fs::read("tests/cases/engine/scp.jsonl").unwrap();
    let first = cases.split(|byte| *byte == b'\n').next().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for line in
        [first, b"{", b"", b"\xff\xfe", b"{\"id\": 7}", &b"[".repeat(100_000), &b"x".repeat((64 << 20) + 1), first]
    {
        file.write_all(line).unwrap();
        file.write_all(b"\n").unwrap();
    }
    let output = said(&["simulate", "--cases", file.path().to_str().unwrap()]);
    let answers: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    answers.iter().for_each(|answer| valid("simulate", answer));
    let errors: Vec<(&Value, bool)> =
        answers.iter().map(|answer| (&answer["id"], answer["error"].is_string())).collect();
    let id = &answers[0]["id"];
    assert_eq!(
        errors,
        [
            (id, false),
            (&json!("line 2"), true),
            (&json!("line 4"), true),
            (&json!(7), true),
            (&json!("line 6"), true),
            (&json!("line 7"), true),
            (id, false)
        ]
    );
    assert_eq!(answers[5]["error"], "the line is longer than 64 MiB");
    assert!(complaint(&["simulate", "--cases", "/nowhere"]).starts_with("error: cannot read `/nowhere`"));
    assert!(complaint(&["simulate", "--cases", "/"]).starts_with("error: cannot read `/`"));
}

#[test]
fn every_case_of_the_engine_has_a_valid_answer() {
    for (_, number, line, _) in super::engine_cases::cases() {
        valid("simulate", &serde_json::from_str(&foureyes::engine::case::answer_line(&line, number)).unwrap());
    }
}

#[test]
fn a_finding_is_explained_by_its_id() {
    let audit = text(
        &run(100, &["audit", "--demo", "--only", "production-webhook", "--fail-on", "never", "--format", "json"])
            .stdout,
    );
    let report: serde_json::Value = serde_json::from_str(&audit).unwrap();
    let id = report["findings"][0]["id"].as_str().unwrap();
    let told = said(&["explain", id, "--demo"]);
    for part in
        ["HIGH  Amplify webhook of branch main", id, "resource \"aws_amplify_webhook\"", "Why it matters:", "Limits:"]
    {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let json = said(&["explain", id, "--demo", "--format", "json"]);
    let only: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(only["findings"].as_array().unwrap().len(), 1);
    assert_eq!(only["findings"][0]["id"], id);
    let told = complaint(&["explain", "production-webhook-00000000", "--demo"]);
    assert!(told.contains(&format!("there is `{id}`")), "{told}");
    let told = complaint(&["explain", "mara", "--demo"]);
    assert!(told.contains("`mara` is no id of a finding; give a principal, an action and a resource"), "{told}");
}
