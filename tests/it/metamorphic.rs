//! How answers must change, or not change, when policies do; and that questions asked in bulk get the same answers as
//! questions asked one at a time.

use super::differential::{check_generated, minimise};
use super::judge::generate;
use foureyes::access::{Access, Targets};
use foureyes::engine::{Context, Target, Verdict, World, case, conditions_in_words};
use foureyes::inventory::{EnvironmentRules, Inventory};
use foureyes::snapshot::Snapshot;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A change to a case, and what may come of it.
struct Change {
    name: &'static str,
    apply: fn(&Value) -> Option<Value>,
    holds: fn(&Said, &Said) -> bool,
}

/// What the engine says of a case.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    decision: String,
    by: String,
    conditions: Vec<String>,
}

impl Said {
    fn of(case: &Value) -> Option<Said> {
        let answer = case::answer(&case.to_string()).ok()?;
        // What an unreadable document says is unknown as a whole, so its statements cannot be moved about.
        let readable = answer.warnings.is_empty();
        readable.then_some(Said { decision: answer.decision, by: answer.decided_by, conditions: answer.conditions })
    }

    /// Denied, not to be said or under conditions, allowed.
    fn level(&self) -> u8 {
        match self.decision.as_str() {
            "allowed" => 2,
            "allowed-if" | "unknown" => 1,
            _ => 0,
        }
    }
}

const CHANGES: &[Change] = &[
    Change { name: "a deny is added", apply: with_deny, holds: never_more },
    Change { name: "a level of organisation policies is added", apply: with_level, holds: never_more },
    Change { name: "a resource control policy is added", apply: with_rcp, holds: never_more },
    Change { name: "statements and documents are reversed", apply: reversed, holds: same },
    Change { name: "statements are doubled", apply: doubled, holds: same },
    Change { name: "statements are split", apply: split, holds: same },
    Change { name: "documents are split", apply: split_documents, holds: same },
    Change { name: "an allow speaks of everything", apply: |case| widened(case, "Allow"), holds: never_less },
    Change { name: "a deny speaks of everything", apply: |case| widened(case, "Deny"), holds: never_more },
];

fn never_more(before: &Said, after: &Said) -> bool {
    after.level() <= before.level()
}

fn never_less(before: &Said, after: &Said) -> bool {
    after.level() >= before.level()
}

fn same(before: &Said, after: &Said) -> bool {
    before == after
}

/// Calls `change` on every document, wherever it is.
fn for_each_document(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(fields) if fields.contains_key("Statement") => change(value),
        Value::Object(fields) => fields.values_mut().for_each(|value| for_each_document(value, change)),
        Value::Array(values) => values.iter_mut().for_each(|value| for_each_document(value, change)),
        _ => {}
    }
}

fn statements(document: &Value) -> Vec<Value> {
    match &document["Statement"] {
        Value::Array(statements) => statements.clone(),
        single => vec![single.clone()],
    }
}

/// Rewrites the statements of all documents.
fn restated(case: &Value, change: &dyn Fn(Vec<Value>) -> Vec<Value>) -> Option<Value> {
    let mut changed = case.clone();
    for_each_document(&mut changed, &mut |document| document["Statement"] = json!(change(statements(document))));
    Some(changed)
}

fn push(case: &mut Value, field: &str, value: Value) {
    match &mut case[field] {
        Value::Array(values) => values.push(value),
        other => *other = json!([value]),
    }
}

/// Every document gets a deny, of as much as its own first statement speaks of.
fn with_deny(case: &Value) -> Option<Value> {
    restated(case, &|mut statements| {
        if let Some(mut first) = statements.first().cloned() {
            first["Effect"] = json!("Deny");
            statements.push(first);
        }
        statements
    })
}

fn with_level(case: &Value) -> Option<Value> {
    let mut changed = case.clone();
    // What limits an identity may stand over its account as well.
    let level = case["identity_policies"].as_array().filter(|documents| !documents.is_empty())?.clone();
    push(&mut changed, "scps", json!(level));
    Some(changed)
}

fn with_rcp(case: &Value) -> Option<Value> {
    let mut changed = case.clone();
    let mut denies = Vec::new();
    for_each_document(&mut case["identity_policies"].clone(), &mut |document| {
        for mut statement in statements(document) {
            statement["Effect"] = json!("Deny");
            statement["Principal"] = json!("*");
            denies.push(statement);
        }
    });
    push(&mut changed, "rcps", json!([{"Version": "2012-10-17", "Statement": denies}]));
    Some(changed)
}

fn reversed(case: &Value) -> Option<Value> {
    let mut changed = restated(case, &|mut statements| {
        statements.reverse();
        statements
    })?;
    for layer in ["identity_policies", "session_policies", "permissions_boundaries", "scps", "rcps"] {
        if let Some(Value::Array(documents)) = changed.get_mut(layer) {
            documents.reverse();
        }
    }
    Some(changed)
}

fn doubled(case: &Value) -> Option<Value> {
    restated(case, &|statements| [statements.clone(), statements].concat())
}

/// A statement with several actions or resources says the same as one for each of them.
fn split(case: &Value) -> Option<Value> {
    let one = |statement: Value, name: &str| match &statement[name] {
        Value::Array(values) if values.len() > 1 => {
            let part = |value: &Value| {
                let mut part = statement.clone();
                part[name] = json!(value);
                part
            };
            values.iter().map(part).collect()
        }
        _ => vec![statement],
    };
    restated(case, &|statements| {
        let by_action = statements.into_iter().flat_map(|statement| one(statement, "Action"));
        by_action.flat_map(|statement| one(statement, "Resource")).collect()
    })
}

/// Identity policies, session policies and the policies of a level count together.
fn split_documents(case: &Value) -> Option<Value> {
    let one = |document: &Value| -> Vec<Value> {
        let part = |statement: Value| {
            let mut part = document.clone();
            part["Statement"] = statement;
            part
        };
        statements(document).into_iter().map(part).collect()
    };
    let all = |documents: &Value| -> Value { documents.as_array().into_iter().flatten().flat_map(one).collect() };
    let mut changed = case.clone();
    for layer in ["identity_policies", "session_policies"] {
        if case[layer].is_array() {
            changed[layer] = all(&case[layer]);
        }
    }
    for layer in ["scps", "rcps"] {
        if let Some(levels) = case[layer].as_array() {
            changed[layer] = levels.iter().map(all).collect();
        }
    }
    Some(changed)
}

/// Every listed action and resource of such statements becomes `*`.
fn widened(case: &Value, effect: &str) -> Option<Value> {
    restated(case, &|mut statements| {
        for statement in statements.iter_mut().filter(|statement| statement["Effect"] == effect) {
            for name in ["Action", "Resource"] {
                if statement[name].is_string() || statement[name].is_array() {
                    statement[name] = json!("*");
                }
            }
        }
        statements
    })
}

fn check(change: &Change, case: &Value) -> Option<String> {
    let broken = |case: &Value| {
        let (before, changed) = (Said::of(case)?, (change.apply)(case)?);
        let after = Said::of(&changed)?;
        (!(change.holds)(&before, &after)).then(|| format!("{before:?}\n{after:?}\n{changed}"))
    };
    broken(case)?;
    let small = minimise(case.clone(), &|case| broken(case).is_some());
    Some(format!("{}\n{small}\n{}", change.name, broken(&small)?))
}

#[test]
fn answers_change_only_as_policies_allow() {
    check_generated(100, |case| {
        // In one world all is known, in the other nothing but the policies.
        let mut open = case.clone();
        open["open_world"] = json!(true);
        open["request"]["context"] = json!({});
        [case, &open]
            .into_iter()
            .flat_map(|case| CHANGES.iter().map(move |change| (change, case)))
            .find_map(|(change, case)| check(change, case))
    });
}

/// An account made of generated cases that speak of the same action: their callers with their policies, the resource
/// once for each resource policy.
struct World1 {
    snapshot: Value,
    /// For each principal the case that its policies come from.
    holders: BTreeMap<String, Value>,
}

const ACCOUNT: &str = "111122223333";

fn kind(arn: &str) -> Option<&'static str> {
    Some(match arn.split(':').nth(2)? {
        "dynamodb" => "AWS::DynamoDB::Table",
        "sqs" => "AWS::SQS::Queue",
        "kms" => "AWS::KMS::Key",
        "amplify" => "AWS::Amplify::App",
        "ec2" => "AWS::EC2::Instance",
        "s3" if arn.starts_with("arn:aws:s3:::") && !arn.contains('/') => "AWS::S3::Bucket",
        _ => return None,
    })
}

fn world(cases: &[Value]) -> World1 {
    let mut accounts: BTreeMap<String, Value> = BTreeMap::new();
    let mut holders = BTreeMap::new();
    let coverage: Vec<Value> = [
        ("dynamodb", "GetResourcePolicy"),
        ("s3", "GetBucketPolicy"),
        ("kms", "GetKeyPolicy"),
        ("sqs", "GetQueueAttributes"),
    ]
    .map(|(service, operation)| json!({"service": service, "operation": operation, "outcome": "ok"}))
    .into();
    for id in [ACCOUNT, "444455556666"] {
        accounts.insert(
            id.to_owned(),
            json!({"id": id, "parent": "r-1", "policies": [], "resources": [], "coverage": coverage,
                "authorization_details": {"UserDetailList": [], "RoleDetailList": [], "Policies": []}}),
        );
    }
    for (index, case) in cases.iter().enumerate() {
        let principal = case["request"]["principal"].as_str().unwrap();
        let parts: Vec<&str> = principal.splitn(6, ':').collect();
        let (Some(account), Some((kind, path))) =
            (parts.get(4).and_then(|id| accounts.get_mut(*id)), parts.get(5).and_then(|rest| rest.split_once('/')))
        else {
            continue;
        };
        let (list, name) = match kind {
            "user" => ("User", path.rsplit('/').next().unwrap()),
            "role" => ("Role", path.rsplit('/').next().unwrap()),
            _ => continue,
        };
        // The caller itself comes first; others like it differ in their names.
        let (arn, name) = if holders.contains_key(principal) {
            (format!("{principal}{index}"), format!("{name}{index}"))
        } else {
            (principal.to_owned(), name.to_owned())
        };
        let inline: Vec<Value> = case["identity_policies"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(at, document)| json!({"PolicyName": format!("p{at}"), "PolicyDocument": document}))
            .collect();
        let path = path.rsplit_once('/').map_or_else(|| "/".to_owned(), |(path, _)| format!("/{path}/"));
        let mut detail =
            json!({"Path": path, "Arn": arn, format!("{list}Name"): name, format!("{list}PolicyList"): inline});
        if list == "Role" {
            // Nobody may tag its sessions, so that its own tags (none) are all it has.
            detail["AssumeRolePolicyDocument"] =
                json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}});
        }
        if let Some(boundary) = case["permissions_boundaries"].get(0) {
            let boundary_arn = format!("arn:aws:iam::{ACCOUNT}:policy/boundary{index}");
            detail["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": boundary_arn});
            let version = json!({"VersionId": "v1", "IsDefaultVersion": true, "Document": boundary});
            let policy = json!({"PolicyName": format!("boundary{index}"), "Arn": boundary_arn, "DefaultVersionId": "v1",
                "PolicyVersionList": [version]});
            account["authorization_details"]["Policies"].as_array_mut().unwrap().push(policy);
        }
        // A twin with the same policies, which only what speaks of its name tells apart.
        let mut twin = detail.clone();
        twin["Arn"] = json!(format!("{arn}-twin"));
        twin[format!("{list}Name")] = json!(format!("{name}-twin"));
        account["authorization_details"][format!("{list}DetailList")].as_array_mut().unwrap().extend([detail, twin]);
        holders.insert(format!("{arn}-twin"), case.clone());
        holders.insert(arn, case.clone());
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, case) in cases.iter().enumerate() {
        let named = &case["request"]["resource"];
        for arn in named.as_array().unwrap_or(&vec![named.clone()]) {
            let arn = arn.as_str().unwrap();
            let Some(kind) = kind(arn) else { continue };
            let owner = arn.split(':').nth(4).filter(|id| !id.is_empty()).unwrap_or(ACCOUNT);
            let arn = if seen.insert(arn.to_owned()) { arn.to_owned() } else { format!("{arn}{index}") };
            seen.insert(arn.clone());
            let mut resource = json!({"arn": arn, "type": kind, "properties": case["resource_properties"]});
            if resource["properties"].is_null() {
                resource["properties"] = json!({});
            }
            if case["resource_policy"].is_object() {
                resource["policy"] = case["resource_policy"].clone();
            }
            accounts.get_mut(owner).unwrap()["resources"].as_array_mut().unwrap().push(resource);
        }
    }
    // The first case with organisation policies lends them: its first level stands at the root, its second over the account.
    let levels = |field: &str| {
        let mut levels = cases.iter().find_map(|case| case[field].as_array()).cloned().unwrap_or_default();
        // Where there are any, there is one at each level.
        if field == "scps" && levels.len() == 1 {
            levels.push(levels[0].clone());
        }
        levels
    };
    let mut policies = Vec::new();
    let mut root = Vec::new();
    for (kind, field) in [("SERVICE_CONTROL_POLICY", "scps"), ("RESOURCE_CONTROL_POLICY", "rcps")] {
        for (level, documents) in levels(field).iter().enumerate().take(2) {
            for (at, document) in documents.as_array().into_iter().flatten().enumerate() {
                let id = format!("p-{field}{level}{at}");
                policies.push(json!({"id": id, "name": id, "type": kind, "document": document}));
                if level == 0 {
                    root.push(json!(id));
                } else {
                    for account in accounts.values_mut() {
                        account["policies"].as_array_mut().unwrap().push(json!(id));
                    }
                }
            }
        }
    }
    let snapshot = json!({"schema": "foureyes/snapshot/v1", "accounts": accounts.into_values().collect::<Vec<_>>(),
        "organization": {"id": "o-1", "management_account": "999988887777",
            "roots": [{"id": "r-1", "name": "Root", "policies": root}], "units": [], "policies": policies}});
    World1 { snapshot, holders }
}

/// The case that asks what the snapshot says of one request.
fn case_of(world: &World1, principal: &str, action: &str, resource: &Value, owner: &str) -> Value {
    let organization = &world.snapshot["organization"];
    let caller_account = principal.split(':').nth(4).unwrap();
    let policies = |account: &str, kind: &str| -> Value {
        let accounts = world.snapshot["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|known| known["id"] == account).unwrap();
        let attached = [&organization["roots"][0]["policies"], &account["policies"]];
        let documents = |ids: &Value| -> Vec<Value> {
            let all = organization["policies"].as_array().unwrap().iter();
            let mine = all.filter(|policy| policy["type"] == kind && ids.as_array().unwrap().contains(&policy["id"]));
            mine.map(|policy| policy["document"].clone()).collect()
        };
        let levels: Vec<Vec<Value>> = attached.map(documents).into();
        // A type of policies that is attached nowhere is switched off.
        if levels.iter().all(Vec::is_empty) { Value::Null } else { json!(levels) }
    };
    let holder = &world.holders[principal];
    let mut case = json!({
        "request": {"principal": principal, "action": action, "resource": resource["arn"], "resource_account": owner},
        "identity_policies": holder["identity_policies"],
        "permissions_boundaries": holder["permissions_boundaries"],
        "scps": policies(caller_account, "SERVICE_CONTROL_POLICY"),
        "rcps": policies(owner, "RESOURCE_CONTROL_POLICY"),
        "resource_policy": resource["policy"],
        "resource_properties": resource["properties"],
    });
    let fields: Map<String, Value> = case
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    case = Value::Object(fields);
    case
}

/// What is said in bulk, by principal and target: verdict, layer and conditions.
type Bulk = BTreeMap<(String, String), (Verdict, String, Vec<String>)>;

fn in_bulk(access: &Access<'_>, action: &str, targets: &Targets<'_>, context: &Context) -> Bulk {
    let mut said = Bulk::new();
    for answer in access.who_can(action, targets, context) {
        for block in &answer.blocks {
            for (principal, target) in answer
                .principals
                .iter()
                .flat_map(|principal| block.targets.iter().map(move |target| (principal, target)))
            {
                let principal = access.inventory().principal(*principal).unwrap().arn.to_string();
                let target = targets.get(*target).unwrap().0.arn.to_string();
                let decision = &block.decision;
                let conditions = decision.conditions.as_ref().map(conditions_in_words).unwrap_or_default();
                let said_twice =
                    said.insert((principal, target), (decision.verdict, decision.decided_by.to_string(), conditions));
                assert!(said_twice.is_none());
            }
        }
    }
    said
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn bulk_answers_are_those_of_single_requests() {
    let mut by_action: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut runner = TestRunner::deterministic();
    let strategy = generate::cases();
    for _ in 0..3000 {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        let action = case["request"]["action"].as_str().unwrap().to_owned();
        if !action.starts_with("sts:") {
            by_action.entry(action).or_default().push(case);
        }
    }
    let (mut compared, mut told_apart) = (0_usize, 0_usize);
    for (action, cases) in &by_action {
        for some in cases.chunks(12) {
            let world = world(some);
            let snapshot: Snapshot = serde_json::from_str(&world.snapshot.to_string()).unwrap();
            let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
            let access = Access::new(&inventory);
            let mut targets = Targets::of(&inventory, inventory.resource_ids().map(|(id, _)| id));
            // Something that the inventory does not hold.
            targets.push(Target::new("arn:aws:s3:::prod-data/red/a.csv"));
            targets.push(Target::new("arn:aws:dynamodb:eu-west-1:111122223333:table/unheard-of"));
            targets.push(Target::new("*"));
            for open in [World::Closed, World::Open] {
                let context = Context::new(open);
                let bulk = on_threads(1, || in_bulk(&access, action, &targets, &context));
                assert_eq!(bulk, on_threads(4, || in_bulk(&Access::new(&inventory), action, &targets, &context)));
                for (principal, holder) in inventory.principal_ids() {
                    for (target, resource) in targets.iter() {
                        let (single, _) = access.decide(principal, action, target, resource, &context).unwrap();
                        let key = (holder.arn.to_string(), target.arn.to_string());
                        let explain = || format!("{action} {key:?} {open:?}\n{single:?}\n{}", world.snapshot);
                        match bulk.get(&key) {
                            Some((verdict, by, conditions)) => {
                                assert_eq!(*verdict, single.verdict, "{}", explain());
                                assert_eq!(*by, single.decided_by.to_string(), "{}", explain());
                                let alone = single.conditions.as_ref().map(conditions_in_words).unwrap_or_default();
                                // Documents go by other names in bulk.
                                if !alone.iter().any(|condition| condition.contains("undecided")) {
                                    assert_eq!(*conditions, alone, "{}", explain());
                                }
                            }
                            // Whether what nothing allows is denied as well makes no difference there.
                            None => assert!(single.verdict.is_denied(), "{}", explain()),
                        }
                        compared += 1;
                        told_apart += usize::from(single.verdict != Verdict::ImplicitDeny);
                        let Some(known) = resource.and_then(|id| inventory.resource(id)) else { continue };
                        let accounts = world.snapshot["accounts"].as_array().unwrap();
                        let owner = &inventory.account(known.account).unwrap().id;
                        let owner_account = accounts.iter().find(|account| account["id"] == **owner).unwrap();
                        let as_written = owner_account["resources"].as_array().unwrap();
                        let as_written = as_written.iter().find(|resource| resource["arn"] == *known.arn).unwrap();
                        let case = case_of(&world, &holder.arn, action, as_written, owner);
                        if open == World::Closed {
                            let answer = case::answer(&case.to_string()).unwrap();
                            assert_eq!(answer.decision, single.verdict.to_string(), "{}\n{case}", explain());
                            assert_eq!(answer.decided_by, single.decided_by.to_string(), "{}\n{case}", explain());
                        }
                    }
                }
            }
        }
    }
    assert!(compared > 20_000 && told_apart > compared / 20, "{told_apart} of {compared}");
}

#[test]
fn organisation_policies_tell_principals_with_the_same_policies_apart() {
    let everything = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let role = |name: &str| {
        json!({"Path": "/", "RoleName": name, "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}},
            "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": everything}]})
    };
    let guard = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "amplify:DeleteApp", "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:role/break-glass")}}}]});
    let app = "arn:aws:amplify:eu-west-1:111122223333:apps/d1a2b3c4";
    let snapshot = json!({"schema": "foureyes/snapshot/v1",
        "organization": {"id": "o-1", "management_account": "999988887777", "units": [],
            "roots": [{"id": "r-1", "name": "Root", "policies": ["p-1"]}],
            "policies": [{"id": "p-1", "name": "guard", "type": "SERVICE_CONTROL_POLICY", "document": guard}]},
        "accounts": [{"id": ACCOUNT, "parent": "r-1", "policies": ["p-1"],
            "authorization_details": {"RoleDetailList": [role("break-glass"), role("deploy")]},
            "resources": [{"arn": app, "type": "AWS::Amplify::App"}]}]});
    let snapshot: Snapshot = serde_json::from_str(&snapshot.to_string()).unwrap();
    let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
    let targets = Targets::of(&inventory, inventory.resource_ids().map(|(id, _)| id));
    let said = in_bulk(&Access::new(&inventory), "amplify:DeleteApp", &targets, &Context::new(World::Open));
    let verdicts: Vec<Verdict> = said.values().map(|(verdict, ..)| *verdict).collect();
    assert_eq!(verdicts, [Verdict::Allowed, Verdict::ExplicitDeny], "{said:?}");
}
