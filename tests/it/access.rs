//! Bulk answers are the single decisions: for every principal and every target of generated accounts.

#[allow(dead_code, reason = "the benches use the rest")]
#[path = "../../benches/account/mod.rs"]
mod account;

use account::Shape;
use foureyes::access::{Access, ActionClass, Answer, Block, Targets};
use foureyes::engine::{Context, Decision, Literal, Target, Verdict, World};
use foureyes::inventory::{EnvironmentRules, Inventory, PrincipalId};
use foureyes::paths::direct;
use foureyes::snapshot::Snapshot;
use serde_json::{Value, json};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const ACTIONS: [&str; 18] = [
    "dynamodb:DeleteTable",
    "dynamodb:DeleteItem",
    "dynamodb:Scan",
    "s3:DeleteBucket",
    "s3:PutBucketPolicy",
    "s3:GetObject",
    "kms:ScheduleKeyDeletion",
    "kms:Decrypt",
    "cloudformation:DeleteStack",
    "lambda:UpdateFunctionCode",
    "lambda:InvokeFunction",
    "iam:PassRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "sts:AssumeRole",
    "sts:AssumeRoot",
    "cloudtrail:StopLogging",
];

/// Made for what generated accounts leave out: variables and contested stars in resources, `NotResource`, broken and
/// absent documents, policies of resources that name somebody.
const ODD: &str = r#"[
  {"Effect":"Allow","Action":["s3:*","dynamodb:*"],"Resource":["arn:aws:s3:::*-${aws:username}*","arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}*"]},
  {"Effect":"Deny","Action":"s3:Put*","NotResource":["arn:aws:s3:::*-prod-*","arn:aws:s3:::${aws:PrincipalTag/team}"]},
  {"Effect":"Allow","Action":"lambda:*","NotResource":"arn:aws:lambda:*:*:function:*-dev-*"},
  {"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:*"},
  {"Effect":"Allow","Action":"*:*","Resource":"arn:aws:cloudformation:*:*:stack/*-prod-*","Condition":{"StringEquals":{"aws:ResourceTag/env":"${aws:PrincipalTag/env}"}}},
  {"Effect":"Deny","NotAction":["*:*","s3:*"],"Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"*0"}}}]"#;

fn snapshot(shape: &Shape) -> Snapshot {
    let mut text = Vec::new();
    shape.write_snapshot(&mut text).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let odd: serde_json::Value = serde_json::from_str(ODD).unwrap();
    let accounts = value["accounts"].as_array_mut().unwrap();
    for account in accounts {
        let id = account["id"].as_str().unwrap().to_owned();
        let details = &mut account["authorization_details"];
        let users = details["UserDetailList"].as_array_mut().unwrap();
        let named = users[0]["Arn"].clone();
        for user in users.iter_mut().step_by(3) {
            let policy =
                serde_json::json!({"PolicyName": "odd", "PolicyDocument": {"Version": "2012-10-17", "Statement": odd}});
            user["UserPolicyList"].as_array_mut().unwrap().push(policy);
        }
        users[1]["UserPolicyList"] = serde_json::json!([{"PolicyName": "broken", "PolicyDocument": {"Statement": 5}}]);
        users[2]["GroupList"] = serde_json::json!(["not-there"]);
        let roles = details["RoleDetailList"].as_array_mut().unwrap();
        for role in roles.iter_mut().step_by(5) {
            let policy =
                serde_json::json!({"PolicyName": "odd", "PolicyDocument": {"Version": "2012-10-17", "Statement": odd}});
            role["RolePolicyList"].as_array_mut().unwrap().push(policy);
        }
        for (index, resource) in account["resources"].as_array_mut().unwrap().iter_mut().enumerate() {
            let arn = resource["arn"].clone();
            if index % 7 == 0 && arn.as_str().unwrap().contains(":s3:")
                || arn.as_str().unwrap().contains(":dynamodb:") && index % 4 == 0
            {
                resource["policy"] = serde_json::json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": named}, "Action": "*", "Resource": "*"},
                    {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": arn, "Condition": {"StringEquals": {"aws:PrincipalAccount": id}}},
                    {"Effect": "Deny", "NotPrincipal": {"AWS": ["100000000000", named]}, "Action": "s3:Delete*", "Resource": "*"}]});
            }
            if index % 10 == 9 {
                resource["properties"]["Grants"] =
                    serde_json::json!([{"GranteePrincipal": named, "Operations": ["Decrypt"]}]);
            }
        }
    }
    serde_json::from_value(value).unwrap()
}

/// What bulk answers say, in full.
fn said(answers: &[Answer]) -> String {
    let block = |block: &Block| format!("{:?} {:?}", block.targets, block.decision);
    answers
        .iter()
        .map(|answer| format!("{:?} {:?}", answer.principals, answer.blocks.iter().map(block).collect::<Vec<_>>()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn actions_of_one_class_get_the_same_answers() {
    let (mut shared, mut classes, mut different) = (0, 0, 0);
    for organization in [true, false] {
        let mut shape = Shape { organization, ..Shape::of(120) };
        shape.resources = 60;
        let snapshot = snapshot(&shape);
        let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
        let access = Access::new(&inventory);
        for service in ["dynamodb", "s3", "kms", "cloudformation", "lambda"] {
            let fits = |arn: &str| arn.contains(&format!(":{service}:"));
            let known = || inventory.resource_ids().filter(|(_, resource)| fits(&resource.arn)).map(|(id, _)| id);
            let mut targets = Targets::of(&inventory, known());
            targets.push(Target::new("*"));
            let context = direct();
            let actions = foureyes::catalog::service(service).unwrap().actions();
            let mut answers: HashMap<ActionClass, (&str, String)> = HashMap::new();
            let mut texts: BTreeSet<String> = BTreeSet::new();
            for action in actions {
                let text = said(&access.who_can(action.name(), &targets, &context));
                texts.insert(text.clone());
                match answers.entry(access.class_of(action.name())) {
                    Entry::Occupied(first) => {
                        let (name, before) = first.get();
                        assert_eq!(*before, text, "{name} and {}", action.name());
                        shared += 1;
                    }
                    Entry::Vacant(place) => {
                        place.insert((action.name(), text));
                    }
                }
            }
            classes += answers.len();
            different += texts.len();
        }
    }
    assert!(shared > 500, "only {shared} actions are like another");
    assert!(different > 50, "only {different} different answers in {classes} classes");
}

/// Everything but the order in which things were found.
fn essence(decision: &Decision) -> String {
    let sorted = |alternative: &Vec<Literal>| alternative.iter().cloned().collect::<BTreeSet<Literal>>();
    let conditions =
        decision.conditions.as_ref().map(|all| all.0.iter().map(sorted).collect::<BTreeSet<BTreeSet<Literal>>>());
    let text = format!("{} {} {conditions:?}", decision.verdict, decision.decided_by);
    // A text that cannot be read goes by the name of one of those that have it.
    let unreadable = regex::Regex::new("whether [^\"]*, which cannot be read").unwrap();
    unreadable.replace_all(&text, "whether X").into_owned()
}

fn compare(shape: &Shape) {
    let snapshot = snapshot(shape);
    let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let context = Context::new(World::Open);
    let mut open = 0;
    for action in ACTIONS {
        let service = action.split(':').next().unwrap();
        let fits = |arn: &str| arn.contains(&format!(":{service}:"));
        let known = inventory.resource_ids().filter(|(_, resource)| fits(&resource.arn)).map(|(id, _)| id);
        let mut targets = Targets::of(&inventory, known);
        // Those who act are acted upon as well.
        if matches!(service, "iam" | "sts") {
            for (_, principal) in inventory.principal_ids().step_by(4) {
                targets.push(access.principal_or_policy(&principal.arn));
            }
        }
        for arn in [
            "arn:aws:iam::100000000000:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup",
            "arn:aws:iam::100000000000:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws:iam::100000000000:policy/deploy",
            "arn:aws:s3:::orders-prod-0002-100000000000/invoice.pdf",
            "arn:aws:iam::100000000000:role/orders-deploy-00001",
            "arn:aws:dynamodb:eu-west-1:100000007919:table/unknown-prod",
            "arn:aws:iam::100000007919:root",
            "*",
        ] {
            targets.push(Target::new(arn));
        }
        let mut said: BTreeMap<(PrincipalId, u32), String> = BTreeMap::new();
        for answer in access.who_can(action, &targets, &context) {
            for block in &answer.blocks {
                for principal in &answer.principals {
                    for target in block.targets.iter() {
                        let before = said.insert((*principal, *target), essence(&block.decision));
                        assert_eq!(before, None, "{action}: {principal:?} on {target} is answered twice");
                    }
                }
            }
        }
        for (principal, holder) in inventory.principal_ids() {
            for (position, (target, id)) in (0_u32..).zip(targets.iter()) {
                let (single, _) = access.decide(principal, action, target, id, &context).unwrap();
                let place = || format!("{action} by {} on {}", holder.arn, target.arn);
                match said.get(&(principal, position)) {
                    Some(bulk) => {
                        assert_eq!(*bulk, essence(&single), "{}", place());
                        open += usize::from(!single.verdict.is_denied());
                    }
                    None => assert!(single.verdict.is_denied(), "{}: {}", place(), essence(&single)),
                }
            }
        }
    }
    assert!(open > 500, "only {open} requests are not denied");
}

#[test]
fn bulk_answers_are_single_decisions() {
    compare(&Shape { principals: 45, resources: 40, organization: true, seed: 3 });
    compare(&Shape { principals: 40, resources: 30, organization: false, seed: 4 });
}

/// Two accounts: `111122223333`, the management account, and `444455556666`, a member; in each a user who may do
/// everything, and a bucket that lets everybody of the other account in. `of_member`: further fields of the member.
fn organization(of_root: &str, of_member: &str) -> Inventory {
    organization_of(of_root, of_member, "{}")
}

/// The same, with a condition on what the users may do.
fn organization_of(of_root: &str, of_member: &str, condition: &str) -> Inventory {
    let text = |name: &str| {
        const ALL: &str =
            r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
        format!(
            r#"{{"UserDetailList": [{{"Path": "/", "UserName": "{name}", "Arn": "arn:aws:iam::ID:user/{name}",
                "UserPolicyList": [{{"PolicyName": "all", "PolicyDocument": {ALL}}}]}}]}}"#
        )
    };
    let bucket = |id: &str, other: &str| {
        format!(
            r#"[{{"arn": "arn:aws:s3:::bucket-{id}", "type": "AWS::S3::Bucket", "policy": {{"Version": "2012-10-17",
                "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{other}"}}, "Action": "s3:*", "Resource": "*"}}]}}}}]"#
        )
    };
    let (first, second) = ("111122223333", "444455556666");
    let account = |id: &str, other: &str, more: &str| {
        let (details, bucket) = (text("root-like").replace("ID", id), bucket(id, other));
        format!(r#"{{"id": "{id}", {more} "authorization_details": {details}, "resources": {bucket}, "coverage": []}}"#)
    };
    let (first, second) = (account(first, second, r#""parent": "r-1", "#), account(second, first, of_member));
    let json = format!(
        r#"{{"schema": "foureyes/snapshot/v1", "accounts": [{first}, {second}], "organization": {{"id": "o-1",
            "management_account": "111122223333",
            "roots": [{{"id": "r-1", "name": "Root", "policies": {of_root}}}], "units": [], "policies": [
            {{"id": "p-all", "name": "All", "type": "SERVICE_CONTROL_POLICY", "document": {{"Version": "2012-10-17",
                "Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*"}}]}}}},
            {{"id": "p-keep", "name": "Keep", "type": "RESOURCE_CONTROL_POLICY", "document": {{"Version": "2012-10-17",
                "Statement": [{{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}}]}}}}
            ]}}}}"#
    );
    const OF_USERS: &str = r#""PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"#;
    let json = json.replace(OF_USERS, &format!(r#"{OF_USERS}"Condition": {condition}, "#));
    let snapshot: Snapshot = serde_json::from_str(&json).unwrap();
    Inventory::new(&snapshot, &EnvironmentRules::default())
}

/// Who gets which verdict, in the words of the bulk answer, which the single one repeats.
fn verdicts(inventory: &Inventory, action: &str, arn: &str) -> BTreeMap<String, String> {
    let access = Access::new(inventory);
    let context = Context::new(World::Closed);
    let mut targets = Targets::default();
    match inventory.find_resource(arn) {
        Some(id) => targets.push_known(inventory, id),
        None => targets.push(Target::new(arn)),
    }
    let mut said = BTreeMap::new();
    let answers = access.who_can(action, &targets, &context);
    for (id, principal) in inventory.principal_ids() {
        let (target, resource) = targets.get(0).unwrap();
        let (single, _) = access.decide(id, action, target, resource, &context).unwrap();
        let answer = answers.iter().find(|answer| answer.principals.contains(&id));
        let bulk = answer.and_then(Answer::best).map_or(Verdict::ImplicitDeny, |block| block.decision.verdict);
        assert_eq!(bulk, single.verdict, "{action} by {}", principal.arn);
        said.insert(principal.arn.to_string(), bulk.to_string());
    }
    said
}

const PLACED: &str = r#""parent": "r-1", "policies": ["p-all"], "#;
const MANAGER: &str = "arn:aws:iam::111122223333:user/root-like";
const MEMBER: &str = "arn:aws:iam::444455556666:user/root-like";

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
#[test]
fn resource_control_policies_end_at_the_management_account() {
    let inventory = organization(r#"["p-all", "p-keep"]"#, PLACED);
    let of_manager = verdicts(&inventory, "s3:DeleteBucket", "arn:aws:s3:::bucket-111122223333");
    assert_eq!((&*of_manager[MANAGER], &*of_manager[MEMBER]), ("allowed", "allowed"));
    let of_member = verdicts(&inventory, "s3:DeleteBucket", "arn:aws:s3:::bucket-444455556666");
    assert_eq!((&*of_member[MANAGER], &*of_member[MEMBER]), ("explicit-deny", "explicit-deny"));
}

#[test]
fn an_attached_policy_that_was_not_read_leaves_everything_open() {
    let inventory = organization(r#"["p-all", "p-unread"]"#, PLACED);
    let bucket = "arn:aws:s3:::bucket-444455556666";
    assert_eq!(verdicts(&inventory, "s3:DeleteBucket", bucket)[MEMBER], "unknown");
    let own = "arn:aws:amplify:eu-west-1:444455556666:apps/d1";
    assert_eq!(verdicts(&inventory, "amplify:DeleteApp", own)[MEMBER], "unknown");
}

#[test]
fn without_its_place_an_account_inherits_nobody_knows_what() {
    let inventory = organization(r#"["p-all"]"#, r#""policies": ["p-all"], "#);
    let own = "arn:aws:amplify:eu-west-1:444455556666:apps/d1";
    assert_eq!(verdicts(&inventory, "amplify:DeleteApp", own)[MEMBER], "allowed-if");
    let placed = organization(r#"["p-all"]"#, PLACED);
    assert_eq!(verdicts(&placed, "amplify:DeleteApp", own)[MEMBER], "allowed");
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
#[test]
fn the_root_user_of_a_member_is_open_to_the_management_account() {
    let inventory = organization(r#"["p-all"]"#, PLACED);
    let said = verdicts(&inventory, "sts:AssumeRoot", "arn:aws:iam::444455556666:root");
    assert_eq!((&*said[MANAGER], &*said[MEMBER]), ("allowed", "unknown"));
    let said = verdicts(&inventory, "sts:AssumeRoot", "arn:aws:iam::111122223333:root");
    assert_eq!((&*said[MANAGER], &*said[MEMBER]), ("implicit-deny", "unknown"));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths>
#[test]
fn the_place_of_both_accounts_in_the_organisation_is_known() {
    let app = "arn:aws:amplify:eu-west-1:444455556666:apps/d1";
    let cases = [
        (r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}"#, "allowed"),
        (r#"{"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r-1/"}}"#, "allowed"),
        (r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-prod/*"}}"#, "implicit-deny"),
        (r#"{"ForAnyValue:StringEquals": {"aws:ResourceOrgPaths": "o-1/r-1/"}}"#, "allowed"),
        (r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}"#, "allowed"),
        (r#"{"StringNotEquals": {"aws:ResourceOrgID": "o-1"}}"#, "implicit-deny"),
    ];
    for (condition, expected) in cases {
        let inventory = organization_of(r#"["p-all"]"#, PLACED, condition);
        assert_eq!(verdicts(&inventory, "amplify:DeleteApp", app)[MEMBER], expected, "{condition}");
    }
    let across = r#"{"StringEquals": {"aws:ResourceOrgID": "o-1"}}"#;
    let inventory = organization_of(r#"["p-all"]"#, PLACED, across);
    let said = verdicts(&inventory, "s3:DeleteBucket", "arn:aws:s3:::bucket-444455556666");
    assert_eq!((&*said[MANAGER], &*said[MEMBER]), ("allowed", "allowed"));
}

/// A bucket that did not show its policy says nothing of one that answered that it has none.
#[test]
fn a_refusal_of_one_policy_leaves_the_others_known() {
    let json = r#"{"schema": "foureyes/snapshot/v1", "accounts": [{"id": "111122223333",
        "authorization_details": {"UserDetailList": [{"Path": "/", "UserName": "eve", "Arn": "arn:aws:iam::111122223333:user/eve",
            "UserPolicyList": [{"PolicyName": "s3", "PolicyDocument": {"Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}]}]},
        "resources": [
            {"arn": "arn:aws:s3:::none", "type": "AWS::S3::Bucket", "region": "eu-west-1", "policy": null},
            {"arn": "arn:aws:s3:::shut", "type": "AWS::S3::Bucket", "region": "eu-west-1"},
            {"arn": "arn:aws:s3:::away", "type": "AWS::S3::Bucket", "region": "us-east-1"}],
        "coverage": [
            {"service": "organizations", "operation": "DescribeOrganization", "outcome": "ok"},
            {"service": "s3", "operation": "GetBucketPolicy", "region": "us-east-1", "outcome": "ok"},
            {"service": "s3", "operation": "GetBucketPolicy", "region": "eu-west-1", "outcome": "denied"}]}]}"#;
    let snapshot: Snapshot = serde_json::from_str(json).unwrap();
    let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
    for (bucket, verdict) in [("none", "allowed"), ("away", "allowed"), ("shut", "allowed-if")] {
        let said = verdicts(&inventory, "s3:DeleteBucket", &format!("arn:aws:s3:::{bucket}"));
        assert_eq!(said["arn:aws:iam::111122223333:user/eve"], verdict, "{bucket}");
    }
    // What was known stays known when it is written and read again.
    let again: Snapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
    let missing = |policy: &Option<foureyes::snapshot::Document>| policy.as_ref().map(|policy| policy.is_missing());
    let policies: Vec<_> = again.accounts[0].resources.iter().map(|resource| missing(&resource.policy)).collect();
    assert_eq!(policies, [Some(true), None, None]);
}

/// Time only goes on: what ended before the snapshot was taken is over, what began before it holds. Whose sessions were
/// revoked starts another.
///
/// Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws-dates.html>
#[test]
fn what_is_over_is_over() {
    let statement = |effect: &str, condition: &Value| json!({"Effect": effect, "Action": "sqs:PurgeQueue", "Resource": "*", "Condition": condition});
    let always = json!({"Effect": "Allow", "Action": "sqs:PurgeQueue", "Resource": "*"});
    let verdict = |statements: Value, collected_at: Option<&str>| {
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        let role = json!({"RoleName": "worker", "Path": "/", "Arn": "arn:aws:iam::111122223333:role/worker",
            "AssumeRolePolicyDocument": trust, "AttachedManagedPolicies": [], "RolePolicyList": [{"PolicyName": "own",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]});
        let ok = |service: &str, operation: &str| json!({"service": service, "operation": operation, "outcome": "ok"});
        let mut snapshot = json!({"schema": "foureyes/snapshot/v1", "organization": null, "accounts": [{
            "id": "111122223333", "authorization_details": {"UserDetailList": [], "GroupDetailList": [],
                "RoleDetailList": [role], "Policies": []},
            "coverage": [ok("organizations", "DescribeOrganization")],
            "resources": [{"arn": "arn:aws:sqs:eu-west-1:111122223333:jobs", "type": "AWS::SQS::Queue",
                "region": "eu-west-1", "policy": null}]}]});
        if let Some(moment) = collected_at {
            snapshot["collected_at"] = moment.into();
        }
        let mut file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
        std::io::Write::write_all(&mut file, snapshot.to_string().as_bytes()).unwrap();
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("foureyes");
        let command = command.args(["who-can", "sqs:PurgeQueue", "jobs", "--format", "json", "--snapshot"]);
        let output = command.arg(file.path()).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let role = &answer["principals"][0];
        format!("{} {}", role["verdict"].as_str().unwrap(), role["conditions"])
    };
    let now = Some("2026-11-22T02:00:00Z");
    let before = |key: &str, moment: &str| json!({"DateLessThan": {key: moment}});
    let after = |key: &str, moment: &str| json!({"DateGreaterThan": {key: moment}});
    // The policy that revokes sessions, as AWS writes it.
    let revoked = json!([always, statement("Deny", &before("aws:TokenIssueTime", "2026-11-20T10:00:00.000Z"))]);
    assert_eq!(verdict(revoked.clone(), now), "allowed []");
    assert!(verdict(revoked, None).starts_with("allowed-if "));
    let coming = json!([always, statement("Deny", &before("aws:TokenIssueTime", "2027-01-01T00:00:00Z"))]);
    assert!(verdict(coming, now).starts_with("allowed-if "));
    // A grant that has run out, one that has begun, and one that is to come.
    let current = "aws:CurrentTime";
    assert_eq!(verdict(json!([statement("Allow", &before(current, "2026-11-01T00:00:00Z"))]), now), "implicit-deny []");
    assert_eq!(verdict(json!([statement("Allow", &after(current, "2026-11-01T00:00:00Z"))]), now), "allowed []");
    assert!(
        verdict(json!([statement("Allow", &after(current, "2026-12-01T00:00:00Z"))]), now).starts_with("allowed-if ")
    );
    assert!(
        verdict(json!([statement("Allow", &before(current, "2026-12-01T00:00:00Z"))]), now).starts_with("allowed-if ")
    );
    let epoch = json!({"NumericLessThan": {"aws:EpochTime": "1700000000"}});
    assert_eq!(verdict(json!([statement("Allow", &epoch)]), now), "implicit-deny []");
    // A deny that has run out, and one that has begun.
    let ran_out = json!([always, statement("Deny", &before(current, "2026-11-01T00:00:00Z"))]);
    assert_eq!(verdict(ran_out, now), "allowed []");
    let begun = json!([always, statement("Deny", &after(current, "2026-11-01T00:00:00Z"))]);
    assert_eq!(verdict(begun, now), "explicit-deny []");
}
