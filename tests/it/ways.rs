//! The means by which somebody takes a resource: whole accounts with everything that each principal can take, and pairs of
//! an account where a way is open and the same account with the one control that closes it.
//!
//! `tests/cases/ways/*.yaml`. A means is written as one line: who, kind of means, kind of loss, action, what is lost, how
//! sure. Policies that AWS manages are those of `tests/accounts/managed-policies.json`.

use foureyes::access::{Access, BARE, named_by, target_of};
use foureyes::catalog::destruction::{self, Class};
use foureyes::catalog::subject::{self, Presence};
use foureyes::catalog::{self, guard};
use foureyes::engine::{Context, Target, Verdict};
use foureyes::inventory::{EnvironmentRules, Inventory, ResourceId};
use foureyes::paths::{Actor, Call, KINDS, Means, MeansIndex, direct};
use foureyes::rules::cases::BriefAccount;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// An account and what can be taken in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: String,
    /// The page that says so.
    source: String,
    account: Value,
    /// Kinds of loss that are listed; empty: all.
    #[serde(default)]
    classes: Vec<Class>,
    /// Kinds of means that are listed; empty: all.
    #[serde(default)]
    kinds: Vec<String>,
    /// Every means of these kinds.
    #[serde(default)]
    ways: Option<BTreeSet<String>>,
    /// A means that is there, and is not there any more after each of the changes.
    #[serde(default)]
    way: Option<String>,
    #[serde(default)]
    stopped_by: Vec<Stop>,
}

/// One control: a JSON merge patch of the account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    name: String,
    patch: Value,
}

fn files() -> Vec<PathBuf> {
    let folder = crate::source::root().join("tests/cases/ways");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn cases() -> Vec<(String, Case)> {
    let mut all = Vec::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let read: Vec<Case> = yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        all.extend(read.into_iter().map(|case| (format!("{file}: {}", case.name), case)));
    }
    assert!(all.len() > 20);
    all
}

fn inventory(account: &Value) -> Inventory {
    let managed = std::fs::read_to_string(crate::source::root().join("tests/accounts/managed-policies.json")).unwrap();
    let mut policies: Map<String, Value> = serde_json::from_str(&managed).unwrap();
    let mut account = account.clone();
    let named = serde_json::to_string(&account).unwrap();
    policies.retain(|arn, _| named.contains(arn.as_str()));
    policies.extend(account.get("policies").and_then(Value::as_object).cloned().unwrap_or_default());
    account["policies"] = Value::Object(policies);
    let brief: BriefAccount = serde_json::from_value(account).unwrap();
    Inventory::new(&brief.snapshot().unwrap(), &EnvironmentRules::default())
}

fn production(inventory: &Inventory) -> Vec<ResourceId> {
    inventory.resource_ids().filter(|(_, resource)| resource.is_production()).map(|(id, _)| id).collect()
}

fn short(arn: &str) -> &str {
    arn.splitn(6, ':').last().unwrap()
}

fn lines(inventory: &Inventory, means: &Means) -> Vec<String> {
    let certainty = serde_json::to_value(means.terms.certainty).unwrap();
    let class = serde_json::to_value(means.class).unwrap();
    let mut lines = Vec::new();
    for actor in means.actors.iter() {
        for target in means.targets.iter() {
            lines.push(format!(
                "{} {} {} {} {} {}",
                short(&inventory.principal(*actor).unwrap().arn),
                means.kind,
                class.as_str().unwrap(),
                means.action,
                short(&inventory.resource(*target).unwrap().arn),
                certainty.as_str().unwrap()
            ));
        }
    }
    lines
}

fn found(case: &Case, account: &Value) -> BTreeSet<String> {
    let inventory = inventory(account);
    let access = Access::new(&inventory);
    let index = MeansIndex::new(&access, &production(&inventory));
    let listed = |means: &&Means| {
        (case.classes.is_empty() || case.classes.contains(&means.class))
            && (case.kinds.is_empty() || case.kinds.iter().any(|kind| kind == means.kind))
    };
    index.all().iter().filter(listed).flat_map(|means| lines(&inventory, means)).collect()
}

/// A JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let fields = target.as_object_mut().unwrap();
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[test]
fn whole_accounts_come_out_as_written() {
    let mut differences = Vec::new();
    for (name, case) in cases() {
        let Some(wanted) = &case.ways else { continue };
        let found = found(&case, &case.account);
        if found != *wanted {
            let missing: Vec<&String> = wanted.difference(&found).collect();
            let further: Vec<&String> = found.difference(wanted).collect();
            differences.push(format!("{name}\n  missing: {missing:#?}\n  not expected: {further:#?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn one_control_closes_each_way() {
    let mut differences = Vec::new();
    let mut closed: BTreeMap<String, usize> = BTreeMap::new();
    for (name, case) in cases() {
        let Some(way) = &case.way else { continue };
        assert!(!case.stopped_by.is_empty(), "{name}: nothing stops it");
        let found_before = found(&case, &case.account);
        if !found_before.contains(way) {
            differences.push(format!("{name}: not there: {way}\n  found {found_before:#?}"));
        }
        for stop in &case.stopped_by {
            let mut account = case.account.clone();
            merge(&mut account, &stop.patch);
            assert_ne!(account, case.account, "{name}: {} changes nothing", stop.name);
            if found(&case, &account).contains(way) {
                differences.push(format!("{name}: {} does not stop it", stop.name));
            }
            *closed.entry(way.split(' ').nth(1).unwrap().to_owned()).or_default() += 1;
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let unproved: Vec<&&str> = KINDS.iter().filter(|kind| !closed.contains_key(**kind)).collect();
    assert!(unproved.is_empty(), "no pair for {unproved:?}");
}

#[test]
fn every_case_names_a_page() {
    for (name, case) in cases() {
        assert!(case.source.starts_with("https://docs.aws.amazon.com/"), "{name}: {}", case.source);
        assert!(case.name.ends_with('.') && case.ways.is_some() != case.way.is_some(), "{name}");
        assert!(case.kinds.iter().all(|kind| KINDS.contains(&kind.as_str())), "{name}");
    }
}

/// Whoever may call a destructive action that nothing stands before is found, as asking everybody one by one finds them.
#[test]
fn nobody_is_missed() {
    let mut found = 0;
    for (name, case) in cases() {
        let inventory = inventory(&case.account);
        let access = Access::new(&inventory);
        let resources = production(&inventory);
        let index = MeansIndex::new(&access, &resources);
        for entry in destruction::all() {
            for id in &resources {
                let resource = inventory.resource(*id).unwrap();
                // Whom a policy of the resource denies it may take that policy off first.
                let in_vault = resource.kind == "AWS::Backup::RecoveryPoint";
                let policied = resource.policy.is_some() || in_vault;
                let guarded = policied || guard::against(&resource.kind, entry.action()).next().is_some();
                // What need not be there has accounts of its own.
                let elusive = subject::of(&resource.kind, entry.action()).is_some_and(|subject| {
                    subject.is_policy() || subject.presence(&resource.properties, true) != Presence::There
                });
                if guarded || elusive || !entry.applies_to().contains(&resource.kind.as_str()) {
                    continue;
                }
                let calls = named_by(catalog::action(entry.action()).unwrap(), &resource.arn);
                for (principal, known) in inventory.principal_ids() {
                    let call = |on: &String| Call {
                        by: Some(principal),
                        action: entry.action().into(),
                        on: on.as_str().into(),
                        resource: Some(*id),
                        given: Vec::new(),
                        verdict: Verdict::Unknown,
                    };
                    let alone = calls.iter().filter_map(|on| decide(&access, &call(on))).max();
                    let allowed = alone.is_some_and(|verdict| !verdict.is_denied());
                    let told = index.of_principal(principal).any(|means| {
                        means.is_own_call() && *means.action == *entry.action() && means.targets.contains(id)
                    });
                    assert_eq!(allowed, told, "{name}: {} {} {}", known.arn, entry.action(), resource.arn);
                    found += usize::from(allowed);
                }
            }
        }
    }
    assert!(found > 150, "only {found}");
}

/// Each call of each means comes out as the means says when it is decided alone.
#[test]
fn every_step_is_decided_alike_alone() {
    let mut steps = 0;
    for (name, case) in cases() {
        let inventory = inventory(&case.account);
        let access = Access::new(&inventory);
        let index = MeansIndex::new(&access, &production(&inventory));
        for means in index.all() {
            for (actor, target) in means.actors.iter().flat_map(|actor| means.targets.iter().map(move |on| (actor, on)))
            {
                for hop in means.hops(&inventory, Actor::Principal(*actor), *target) {
                    assert!(!hop.words.contains(['{', '}']), "{name}: {}", hop.words);
                    let verdicts: Vec<_> = hop.calls.iter().filter_map(|call| decide(&access, call)).collect();
                    if let Some(best) = verdicts.iter().max() {
                        let said = hop.calls.first().unwrap().verdict;
                        assert_eq!(*best, said, "{name}: {} {:?}", means.kind, hop.calls);
                        steps += 1;
                    }
                }
            }
        }
    }
    assert!(steps > 400, "only {steps} steps");
}

fn decide(access: &Access<'_>, call: &Call) -> Option<Verdict> {
    let inventory = access.inventory();
    let exact = inventory.find_resource(&call.on);
    let owner = call.resource.and_then(|id| inventory.resource(id));
    let target = match exact.and_then(|id| inventory.resource(id)) {
        Some(known) => target_of(inventory, known),
        None => {
            let mut target = Target::new(&call.on);
            let account = owner.and_then(|owner| inventory.account(owner.account));
            target.account = account.map(|account| (*account.id).into()).or(target.account);
            target.properties = owner.map(|owner| &*owner.properties);
            target
        }
    };
    let mut context: Context = direct();
    for (key, values) in &call.given {
        context.set(key, values.clone());
    }
    let owner = if call.resource == Some(BARE) { Some(BARE) } else { exact.or(call.resource) };
    let (decision, _) = access.decide(call.by?, &call.action, &target, owner, &context)?;
    Some(decision.verdict)
}

/// A pipeline of one account takes on the role of an action in another one: whoever may write its definition takes what
/// that role can take, until the role trusts somebody else.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html>
#[test]
fn a_pipeline_reaches_into_another_account() {
    let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": statement});
    let allow = |action: &str, on: &str| json!({"Effect": "Allow", "Action": action, "Resource": on});
    let role = |account: &str, name: &str, trust: Value, statement: Value| {
        json!({"Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"),
            "Arn": format!("arn:aws:iam::{account}:role/{name}"), "CreateDate": "2026-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": policy(trust), "AttachedManagedPolicies": [], "InstanceProfileList": [],
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(statement)}]})
    };
    let account = |id: &str, users: Value, roles: Value, resources: Value| {
        json!({"id": id, "authorization_details": {"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles,
            "Policies": []}, "resources": resources,
            "coverage": [{"service": "organizations", "operation": "DescribeOrganization", "outcome": "ok"}]})
    };
    let (tools, prod) = ("222233334444", "111122223333");
    let deployer = format!("arn:aws:iam::{prod}:role/deployer");
    let release = format!("arn:aws:iam::{tools}:role/release");
    let taken = |trusted: &str| {
        let trust = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
        let user = json!({"Path": "/", "UserName": "pia", "UserId": "AIDAPIA", "CreateDate": "2026-01-01T00:00:00Z",
            "Arn": format!("arn:aws:iam::{tools}:user/pia"), "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": policy(json!([
                allow("codepipeline:*", "*"), allow("iam:PassRole", &release)]))}]});
        let action = json!({"Name": "Tables", "RoleArn": deployer,
            "ActionTypeId": {"Category": "Deploy", "Owner": "AWS", "Provider": "CloudFormation", "Version": "1"}});
        let pipeline = json!({"arn": format!("arn:aws:codepipeline:eu-west-1:{tools}:release"),
            "type": "AWS::CodePipeline::Pipeline", "region": "eu-west-1", "properties": {"Name": "release",
                "RoleArn": release, "Stages": [{"Name": "Deploy", "Actions": [action]}]}});
        let table = json!({"arn": format!("arn:aws:dynamodb:eu-west-1:{prod}:table/orders"), "region": "eu-west-1",
            "type": "AWS::DynamoDB::Table", "tags": {"env": "prod"}, "policy": null,
            "properties": {"DeletionProtectionEnabled": false}});
        let service = json!({"Service": "codepipeline.amazonaws.com"});
        let text = json!({"schema": "foureyes/snapshot/v1", "collected_at": "2026-11-22T02:00:00Z", "accounts": [
            account(tools, json!([user]), json!([role(tools, "release", trust(service), allow("sts:AssumeRole", &deployer))]),
                json!([pipeline])),
            account(prod, json!([]), json!([role(prod, "deployer", trust(json!({ "AWS": trusted })),
                allow("dynamodb:DeleteTable", "*"))]), json!([table]))]});
        let inventory = Inventory::new(&serde_json::from_value(text).unwrap(), &EnvironmentRules::default());
        let access = Access::new(&inventory);
        let index = MeansIndex::new(&access, &production(&inventory));
        index.all().iter().flat_map(|means| lines(&inventory, means)).collect::<BTreeSet<String>>()
    };
    let way = "user/pia pipeline data dynamodb:DeleteTable table/orders certain";
    assert!(taken(&release).contains(way), "{:#?}", taken(&release));
    assert!(!taken(&format!("arn:aws:iam::{tools}:role/other")).contains(way));
}
