//! Bulk answers are the single decisions: for every principal and every target of generated accounts.

#[allow(dead_code, reason = "the benches use the rest")]
#[path = "../../benches/account/mod.rs"]
mod account;

use account::Shape;
use foureyes::access::{Access, Targets};
use foureyes::engine::{Context, Decision, Literal, Target, World};
use foureyes::inventory::{EnvironmentRules, Inventory, PrincipalId};
use foureyes::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

const ACTIONS: [&str; 14] = [
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
    "sts:AssumeRole",
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
        for arn in [
            "arn:aws:s3:::orders-prod-0002-100000000000/invoice.pdf",
            "arn:aws:iam::100000000000:role/orders-deploy-00001",
            "arn:aws:dynamodb:eu-west-1:100000007919:table/unknown-prod",
            "*",
        ] {
            targets.push(Target::new(arn));
        }
        let mut said: BTreeMap<(PrincipalId, u32), String> = BTreeMap::new();
        for answer in access.who_can(action, &targets, &context) {
            for block in &answer.blocks {
                for principal in &answer.principals {
                    for target in &block.targets {
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
