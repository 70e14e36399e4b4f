//! `who-can` about those whom the snapshot does not hold.

use serde_json::{Value, json};
use std::io::Write;

const ACCOUNT: &str = "111122223333";
const BUCKET: &str = "arn:aws:s3:::shop-prod";

fn policy(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn resource(kind: &str, arn: &str, properties: &Value, policy: &Value) -> Value {
    json!({"arn": arn, "type": kind, "region": "eu-west-1", "properties": properties, "policy": policy})
}

fn role(name: &str, trust: &Value, statements: &Value) -> Value {
    json!({"RoleName": name, "Path": "/", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "AssumeRolePolicyDocument": policy(trust), "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(statements)}]})
}

fn account(roles: &[Value], resources: &[Value]) -> tempfile::NamedTempFile {
    let snapshot = json!({"schema": "foureyes/snapshot/v1", "collected_at": "2026-11-22T02:00:00Z", "organization": null,
        "accounts": [{"id": ACCOUNT, "authorization_details": {"UserDetailList": [], "GroupDetailList": [],
            "RoleDetailList": roles, "Policies": []}, "resources": resources,
            "coverage": [{"service": "organizations", "operation": "DescribeOrganization", "outcome": "ok"}]}]});
    write(&snapshot)
}

fn write(snapshot: &Value) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    file.write_all(snapshot.to_string().as_bytes()).unwrap();
    file
}

fn run(file: &tempfile::NamedTempFile, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("foureyes");
    command.env_clear().env("COLUMNS", "100").current_dir(folder.path()).arg("who-can").args(arguments);
    let output = command.arg("--snapshot").arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn answer(file: &tempfile::NamedTempFile, action: &str, on: &str) -> Value {
    let value: Value = serde_json::from_str(&run(file, &[action, on, "--format", "json"])).unwrap();
    let schema = std::fs::read_to_string("schemas/who-can-v1.schema.json").unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    value
}

/// Each outsider with its verdict and conditions: `anonymous * allowed []`.
fn outsiders(file: &tempfile::NamedTempFile, action: &str, on: &str) -> Vec<String> {
    let answer = answer(file, action, on);
    let all = answer["outsiders"].as_array().unwrap();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    all.iter()
        .map(|one| {
            format!("{} {} {} {}", text(one, "kind"), text(one, "name"), text(one, "verdict"), one["conditions"])
        })
        .collect()
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
#[test]
fn a_bucket_is_open_to_anybody_until_it_is_blocked() {
    let statements = json!([
        {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:DeleteObject", "Resource": format!("{BUCKET}/*")},
        {"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:role/sync"},
            "Action": "s3:GetObject", "Resource": format!("{BUCKET}/*")}]);
    let bucket = |block: Value| {
        let properties = json!({"BucketName": "shop-prod", "PublicAccessBlockConfiguration": block});
        account(&[], &[resource("AWS::S3::Bucket", BUCKET, &properties, &policy(&statements))])
    };
    let open = bucket(json!({}));
    let unless = "[\"unless the account blocks public access to all of its buckets, which is not read\"]";
    let deletes = outsiders(&open, "s3:DeleteObject", "shop-prod");
    assert_eq!(
        deletes,
        [
            format!("account arn:aws:iam::999988887777:role/sync allowed-if {unless}"),
            format!("anyone * allowed-if {unless}"),
            format!("anonymous * allowed-if {unless}")
        ]
    );
    assert_eq!(outsiders(&open, "s3:GetObject", "shop-prod"), [deletes[0].clone()]);
    assert_eq!(outsiders(&open, "s3:PutObject", "shop-prod"), [""; 0]);
    // The widest row tells of the others.
    let told = run(&open, &["s3:DeleteObject", "shop-prod"]);
    assert!(told.contains("No user or role can.") && told.contains("anybody on the internet"), "{told}");
    assert!(!told.contains("AWS account") && !told.contains("999988887777"), "{told}");
    // Where a public policy is blocked, nobody of another account gets in.
    let blocked = bucket(json!({"RestrictPublicBuckets": true}));
    assert_eq!(outsiders(&blocked, "s3:DeleteObject", "shop-prod"), [""; 0]);
    assert_eq!(outsiders(&blocked, "s3:GetObject", "shop-prod"), [""; 0]);
}

/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn most_services_ask_for_an_account_and_conditions_say_whose() {
    let table = format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders");
    let of = |condition: &Value| {
        let statement = json!([{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "dynamodb:DeleteTable",
            "Resource": "*", "Condition": condition}]);
        account(&[], &[resource("AWS::DynamoDB::Table", &table, &json!({}), &policy(&statement))])
    };
    assert_eq!(outsiders(&of(&json!({})), "dynamodb:DeleteTable", &table), ["anyone * allowed []"]);
    let account = json!({"StringEquals": {"aws:PrincipalAccount": ["999988887777", ACCOUNT]}});
    assert_eq!(outsiders(&of(&account), "dynamodb:DeleteTable", &table), ["account 999988887777 allowed []"]);
    let network = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
    let from = "anyone * allowed-if [\"from 192.0.2.0/24\"]";
    assert_eq!(outsiders(&of(&network), "dynamodb:DeleteTable", &table), [from]);
}

/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
#[test]
fn a_function_is_open_through_its_address() {
    let function = format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:api");
    let statement = json!([{"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}]);
    let of = |properties: &Value| {
        let file = account(&[], &[resource("AWS::Lambda::Function", &function, properties, &policy(&statement))]);
        let all = outsiders(&file, "lambda:InvokeFunctionUrl", &function);
        all.into_iter().filter(|one| one.starts_with("anonymous ")).collect::<Vec<_>>()
    };
    assert_eq!(of(&json!({"Url": {"AuthType": "NONE"}})), ["anonymous * allowed []"]);
    assert_eq!(of(&json!({"Url": {"AuthType": "AWS_IAM"}})), [""; 0]);
    assert_eq!(of(&json!({"Url": {}})), [""; 0]);
    let unread = "[\"if it has a web address that asks nobody who they are, which was not read\"]";
    assert_eq!(of(&json!({})), [format!("anonymous * allowed-if {unread}")]);
}

/// Sources: <https://docs.aws.amazon.com/cognito/latest/developerguide/identity-pools.html>,
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html>
#[test]
fn guests_of_an_app_have_the_rights_of_its_role() {
    let pool = "eu-west-1:11111111-2222-3333-4444-555555555555";
    let trust = json!([{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}}}]);
    let rights =
        json!([{"Effect": "Allow", "Action": ["dynamodb:DeleteTable", "rds:DeleteDBInstance"], "Resource": "*"}]);
    let table = format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders");
    let database = format!("arn:aws:rds:eu-west-1:{ACCOUNT}:db:shop");
    let of = |guests: Value, classic: Value| {
        let properties = json!({"Id": pool, "IdentityPoolName": "app", "AllowUnauthenticatedIdentities": guests,
            "AllowClassicFlow": classic, "Roles": {"unauthenticated": format!("arn:aws:iam::{ACCOUNT}:role/guest")}});
        let arn = format!("arn:aws:cognito-identity:eu-west-1:{ACCOUNT}:identitypool/{pool}");
        let none = Value::Null;
        let file = account(
            &[role("guest", &trust, &rights)],
            &[
                resource("AWS::Cognito::IdentityPool", &arn, &properties, &none),
                resource("AWS::DynamoDB::Table", &table, &json!({}), &none),
                resource("AWS::RDS::DBInstance", &database, &json!({}), &none),
            ],
        );
        let asked = [("dynamodb:DeleteTable", &table), ("rds:DeleteDBInstance", &database)];
        asked.map(|(action, on)| outsiders(&file, action, on).join(", "))
    };
    let may = "guest app allowed []".to_owned();
    // What Cognito limits guests to is tables, and no databases; the older flow has no such limit.
    assert_eq!(of(json!(true), json!(false)), [may.clone(), String::new()]);
    assert_eq!(of(json!(true), json!(true)), [may.clone(), may.clone()]);
    let unread = "guest app allowed-if [\"if the identity pool allows the basic flow, which was not read\"]";
    assert_eq!(of(json!(true), Value::Null), [may, unread.to_owned()]);
    assert_eq!(of(json!(false), json!(true)), [String::new(), String::new()]);
}

/// A policy that nobody read may let others in: that is unknown, for strangers and for another account of the snapshot.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
#[test]
fn what_was_not_read_is_not_taken_for_closed() {
    let queue = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs");
    let snapshot = |policy: Option<Value>| {
        let mut queue = json!({"arn": queue, "type": "AWS::SQS::Queue", "region": "eu-west-1", "properties": {}});
        queue.as_object_mut().unwrap().extend(policy.map(|policy| ("policy".to_owned(), policy)));
        let user = json!([{"UserName": "ann", "Path": "/", "Arn": "arn:aws:iam::444455556666:user/ann", "GroupList": [],
            "AttachedManagedPolicies": [], "UserPolicyList": [{"PolicyName": "own", "PolicyDocument":
                policy_of("sqs:*")}]}]);
        let account = |id: &str, users: Value, resources: Value| {
            json!({"id": id, "authorization_details": {"UserDetailList": users, "GroupDetailList": [],
                "RoleDetailList": [], "Policies": []}, "resources": resources,
                "coverage": [{"service": "organizations", "operation": "DescribeOrganization", "outcome": "ok"}]})
        };
        write(&json!({"schema": "foureyes/snapshot/v1", "organization": null,
            "accounts": [account(ACCOUNT, json!([]), json!([queue])), account("444455556666", user, json!([]))]}))
    };
    let unread = snapshot(None);
    let why = "[\"undecided: whether the resource's policy, which was not read, allows it\"]";
    assert_eq!(
        outsiders(&unread, "sqs:PurgeQueue", &queue),
        [format!("anyone * unknown {why}"), format!("anonymous * unknown {why}")]
    );
    assert_eq!(answer(&unread, "sqs:PurgeQueue", &queue)["principals"][0]["verdict"], "unknown");
    // Looked for, and there is none.
    let none = snapshot(Some(Value::Null));
    assert_eq!(outsiders(&none, "sqs:PurgeQueue", &queue), [""; 0]);
    assert_eq!(answer(&none, "sqs:PurgeQueue", &queue)["principals"][0]["verdict"], "implicit-deny");
}

fn policy_of(action: &str) -> Value {
    policy(&json!([{"Effect": "Allow", "Action": action, "Resource": "*"}]))
}
