//! Many accounts, and the organisation over them.

use crate::fake_aws::*;
use foureyes::collect::{self, CollectError, Done, Members, Options, Progress, Stop};
use foureyes::inventory::{Controls, EnvironmentRules, Inventory};
use foureyes::snapshot::{Organization, Outcome, Snapshot};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The management account is the first.
pub fn id(number: usize) -> String {
    if number == 0 { ACCOUNT.to_owned() } else { format!("{:012}", 200_000_000_000 + number) }
}

/// Items of a list, `size` a page; the token is the number of the first.
fn page(member: &str, items: Vec<Value>, body: &str, size: usize) -> Answer {
    let asked: Value = serde_json::from_str(body).unwrap();
    let start: usize = asked["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let end = items.len().min(start + size);
    let mut answer = json!({member: items[start..end]});
    if end < items.len() {
        answer["NextToken"] = json!(end.to_string());
    }
    json(answer)
}

/// An organisation of so many accounts: those with even numbers in production, the rest in development, the management
/// account in the root. Production has a unit within.
pub fn organization(size: usize, asked: &Asked) -> Option<Answer> {
    let argument = |name: &str| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        body[name].as_str().unwrap_or_default().to_owned()
    };
    let account = |number: usize| {
        json!({"Id": id(number), "Name": format!("account {number}"), "Email": "SECRET@example.com",
            "State": if number == 7 { "SUSPENDED" } else { "ACTIVE" }, "Status": "ACTIVE"})
    };
    let policy =
        |id: &str, kind: &str| json!({"Id": id, "Name": format!("{id}-name"), "Type": kind, "AwsManaged": false});
    if asked.operation == "AssumeRole" {
        let (_, role) = asked.body.split_once("RoleArn=").unwrap();
        assert!(role.contains("%3Arole%2Ffoureyes-auditor"), "{role}");
        let account = role.split("%3A").nth(4).unwrap();
        return Some(xml(&format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{account}</AccessKeyId>\
             <SecretAccessKey>SECRET-key</SecretAccessKey><SessionToken>SECRET-token</SessionToken>\
             <Expiration>2126-11-22T03:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )));
    }
    if asked.service != "organizations" {
        return None;
    }
    Some(match asked.operation.as_str() {
        "DescribeOrganization" => json(json!({"Organization": {"Id": "o-acme", "MasterAccountId": ACCOUNT,
            "MasterAccountEmail": "SECRET@example.com", "FeatureSet": "ALL"}})),
        "ListRoots" => json(json!({"Roots": [{"Id": "r-1", "Name": "Root", "PolicyTypes": [
            {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}, {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"}]}]})),
        "ListOrganizationalUnitsForParent" => {
            let units = match argument("ParentId").as_str() {
                "r-1" => vec![json!({"Id": "ou-prod", "Name": "prod"}), json!({"Id": "ou-dev", "Name": "dev"})],
                "ou-prod" => vec![json!({"Id": "ou-eu", "Name": "eu"})],
                _ => vec![],
            };
            page("OrganizationalUnits", units, &asked.body, 1)
        }
        "ListAccountsForParent" => {
            let parent = argument("ParentId");
            let inside = |number: &usize| {
                parent
                    == match number {
                        0 => "r-1",
                        number if number % 2 == 1 => "ou-dev",
                        number if number % 4 == 0 => "ou-eu",
                        _ => "ou-prod",
                    }
            };
            page("Accounts", (0..size).filter(inside).map(account).collect(), &asked.body, 5)
        }
        "ListPolicies" => {
            let kind = argument("Filter");
            let ids = if kind == "SERVICE_CONTROL_POLICY" { vec!["p-full", "p-guard"] } else { vec!["p-data"] };
            page("Policies", ids.into_iter().map(|id| policy(id, &kind)).collect(), &asked.body, 1)
        }
        "DescribePolicy" => {
            let id = argument("PolicyId");
            let effect = if id == "p-guard" { "Deny" } else { "Allow" };
            let content =
                json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": "*", "Resource": "*"}]});
            json(
                json!({"Policy": {"PolicySummary": policy(&id, "SERVICE_CONTROL_POLICY"), "Content": content.to_string()}}),
            )
        }
        "ListTargetsForPolicy" => {
            let all = ["r-1", "ou-prod", "ou-dev", "ou-eu"].map(str::to_owned).into_iter();
            let targets: Vec<String> = match argument("PolicyId").as_str() {
                "p-full" => all.chain((0..size).map(id)).collect(),
                "p-guard" => vec!["ou-prod".to_owned()],
                _ => vec!["r-1".to_owned(), id(1)],
            };
            let targets = targets.into_iter().map(|id| json!({"TargetId": id})).collect();
            page("Targets", targets, &asked.body, 10)
        }
        "ListDelegatedAdministrators" => page(
            "DelegatedAdministrators",
            [2, 1].map(|number| json!({"Id": id(number), "Email": "SECRET@example.com"})).to_vec(),
            &asked.body,
            1,
        ),
        "ListDelegatedServicesForAccount" => page(
            "DelegatedServices",
            ["guardduty", "backup"].map(|name| json!({"ServicePrincipal": format!("{name}.amazonaws.com")})).to_vec(),
            &asked.body,
            1,
        ),
        other => panic!("{other} is not to be called"),
    })
}

/// What stands around an account that is not alone.
pub fn around(asked: &Asked) -> Option<Answer> {
    organization(6, asked)
}

fn of_size(size: usize) -> Fake {
    Fake::new(move |asked| organization(size, asked))
}

/// Collects into memory.
fn collect_all(fake: &Fake, options: &Options, members: &Members) -> Result<(Done, Vec<Snapshot>), CollectError> {
    let mut all = Vec::new();
    let done =
        collect::collect_organization_with(&config(fake), options, members, NOW, &(), &|_, _| false, &mut |one| {
            all.push(one);
            Ok(())
        })?;
    all.sort_by(|a, b| a.accounts[0].id.cmp(&b.accounts[0].id));
    Ok((done, all))
}

fn controls(snapshot: &Snapshot) -> Controls {
    let mut inventory = Inventory::new(snapshot, &EnvironmentRules::default());
    inventory.accounts.remove(0).controls
}

#[test]
fn the_organisation_is_read_to_the_last_page() {
    let mut snapshot = try_collect(&of_size(12), &Options::default()).unwrap();
    snapshot.sort();
    let organization = serde_json::to_value(&snapshot.organization).unwrap();
    let document = |effect: &str| json!({"Version": "2012-10-17", "Statement": [{"Action": "*", "Effect": effect, "Resource": "*"}]});
    let policy = |id: &str, kind: &str, effect: &str| json!({"id": id, "name": format!("{id}-name"), "type": kind, "document": document(effect)});
    assert_eq!(
        organization,
        json!({
            "id": "o-acme", "management_account": ACCOUNT,
            "roots": [{"id": "r-1", "name": "Root", "policies": ["p-data", "p-full"]}],
            "units": [
                {"id": "ou-dev", "name": "dev", "parent": "r-1", "policies": ["p-full"]},
                {"id": "ou-eu", "name": "eu", "parent": "ou-prod", "policies": ["p-full"]},
                {"id": "ou-prod", "name": "prod", "parent": "r-1", "policies": ["p-full", "p-guard"]}],
            "policies": [
                policy("p-data", "RESOURCE_CONTROL_POLICY", "Allow"),
                policy("p-full", "SERVICE_CONTROL_POLICY", "Allow"),
                policy("p-guard", "SERVICE_CONTROL_POLICY", "Deny")],
            "delegated_administrators": [
                {"account": id(1), "services": ["backup.amazonaws.com", "guardduty.amazonaws.com"]},
                {"account": id(2), "services": ["backup.amazonaws.com", "guardduty.amazonaws.com"]}],
        })
    );
    let account = &snapshot.accounts[0];
    assert_eq!((account.parent.as_deref(), account.alias.as_deref()), (Some("r-1"), Some("account 0")));
    assert_eq!(account.policies, ["p-full"]);
    for operation in ["DescribeOrganization", "ListTargetsForPolicy", "ListDelegatedServicesForAccount"] {
        assert_eq!(coverage(account, operation).outcome, Outcome::Ok);
    }
    assert!(!serde_json::to_string(&snapshot).unwrap().contains("SECRET"));
}

#[test]
fn an_account_alone_has_no_organisation_and_knows_it() {
    let snapshot = try_collect(&Fake::new(|_| None), &Options::default()).unwrap();
    assert!(snapshot.organization.is_none());
    assert_eq!(coverage(&snapshot.accounts[0], "DescribeOrganization").outcome, Outcome::Ok);
    assert_eq!(controls(&snapshot), Controls::None);
}

#[test]
fn what_is_not_seen_of_an_organisation_is_not_taken_for_nothing() {
    // Each call refused in turn; the account asked is not the management account.
    for refused in [
        "DescribeOrganization",
        "ListRoots",
        "ListOrganizationalUnitsForParent",
        "ListAccountsForParent",
        "ListPolicies",
        "ListTargetsForPolicy",
    ] {
        let fake = Fake::new(move |asked| match asked.operation.as_str() {
            operation if operation == refused => Some(json_error(400, "AccessDeniedException")),
            "GetCallerIdentity" => Some(identity(&id(2))),
            _ => organization(4, asked),
        });
        let snapshot = try_collect(&fake, &Options::default()).unwrap();
        let account = &snapshot.accounts[0];
        assert_eq!(coverage(account, refused).outcome, Outcome::Denied, "{refused}");
        assert_eq!(controls(&snapshot), Controls::Unseen, "{refused}");
        // Whatever came is kept: the id at least, unless it was refused itself.
        assert_eq!(snapshot.organization.is_some(), refused != "DescribeOrganization", "{refused}");
    }
    // Who administers what says nothing about what is forbidden.
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "ListDelegatedAdministrators" => Some(json_error(400, "AccessDeniedException")),
        "GetCallerIdentity" => Some(identity(&id(2))),
        _ => organization(4, asked),
    });
    let snapshot = try_collect(&fake, &Options::default()).unwrap();
    let Controls::Levels { scps, rcps, management_account } = controls(&snapshot) else { panic!("unseen") };
    assert_eq!(scps.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(rcps.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0]);
    assert!(!management_account);
}

#[test]
fn policy_types_that_are_not_enabled_are_not_asked_for() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "ListRoots" => Some(json(json!({"Roots": [{"Id": "r-1", "Name": "Root", "PolicyTypes": [
            {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}, {"Type": "RESOURCE_CONTROL_POLICY", "Status": "PENDING_ENABLE"}]}]}))),
        _ => organization(4, asked),
    });
    let snapshot = try_collect(&fake, &Options::default()).unwrap();
    let entry = coverage(&snapshot.accounts[0], "ListPolicies");
    assert_eq!(entry.outcome, Outcome::Ok);
    assert_eq!(entry.detail.as_deref(), Some("not enabled in the organisation: RESOURCE_CONTROL_POLICY"));
    assert_eq!(snapshot.organization.unwrap().policies.len(), 2);
}

/// Counts the accounts that are being read.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
    total: AtomicUsize,
    read: Mutex<BTreeSet<String>>,
}

impl Progress for Gauge {
    fn started(&self, _: &str, _: Option<&str>) {}
    fn call(&self, _: &collect::Call, _: Option<&str>) {}
    fn finished(&self, _: &str, _: Option<&str>) {}
    fn accounts(&self, number: usize) {
        self.total.fetch_add(number, Ordering::Relaxed);
    }
    fn account(&self, id: &str, finished: bool) {
        if finished {
            self.now.fetch_sub(1, Ordering::Relaxed);
        } else {
            let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(now, Ordering::Relaxed);
            assert!(self.read.lock().unwrap().insert(id.to_owned()), "{id} is read twice");
        }
    }
}

#[test]
fn fifty_accounts_are_read_a_few_at_a_time() {
    let fake = of_size(51);
    let gauge = Gauge::default();
    let members = Members { at_once: 3, ..Members::default() };
    let mut kept = Vec::new();
    let done = collect::collect_organization_with(
        &config(&fake),
        &Options::default(),
        &members,
        NOW,
        &gauge,
        &|_, _| false,
        &mut |one| {
            assert_eq!(one.accounts.len(), 1);
            kept.push(one);
            Ok(())
        },
    )
    .unwrap();
    assert_eq!((done.kept.len(), kept.len()), (50, 50));
    assert_eq!(done.inactive, [id(7)]);
    assert_eq!(gauge.total.load(Ordering::Relaxed), 50);
    assert_eq!(gauge.read.lock().unwrap().len(), 50);
    // Three at once, no more, and not one by one.
    assert_eq!(gauge.most.load(Ordering::Relaxed), 3);
    // The organisation is asked about once, and each account is entered once, but for the one that asks.
    assert_eq!(fake.count("ListRoots"), 1);
    assert_eq!(fake.count("AssumeRole"), 49);
    for one in &kept {
        let account = &one.accounts[0];
        assert_eq!(one.organization.as_ref().unwrap().id, "o-acme");
        assert_eq!(coverage(account, "ListTargetsForPolicy").outcome, Outcome::Ok);
        assert!(matches!(controls(one), Controls::Levels { .. }), "{}", account.id);
        assert!(account.parent.is_some() && account.alias.is_some());
    }
    assert!(!serde_json::to_string(&kept).unwrap().contains("SECRET"));
}

#[test]
fn an_account_that_cannot_be_entered_is_not_visible_and_the_others_are() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "AssumeRole" if asked.body.contains(&id(1)) => Some(xml_error(403, "AccessDenied")),
        "AssumeRole" if asked.body.contains(&id(2)) => Some(Answer::Down("connection reset")),
        _ => organization(4, asked),
    });
    let (done, all) = collect_all(&fake, &Options::default(), &Members::default()).unwrap();
    assert_eq!(done.kept, (0..4).map(id).collect::<Vec<_>>());
    let outcomes: BTreeMap<&str, Outcome> = all
        .iter()
        .map(|one| &one.accounts[0])
        .filter_map(|account| {
            let entry = account.coverage.iter().find(|entry| entry.operation == "AssumeRole")?;
            assert!(account.resources.is_empty() && account.authorization_details.user_detail_list.is_empty());
            let detail = entry.detail.as_deref().unwrap();
            assert!(detail.starts_with("sts:AssumeRole on arn:aws:iam::") && !detail.contains("SECRET"), "{detail}");
            Some((account.id.as_str(), entry.outcome))
        })
        .collect();
    assert_eq!(
        outcomes.into_iter().collect::<Vec<_>>(),
        [(id(1).as_str(), Outcome::Denied), (id(2).as_str(), Outcome::Failed)]
    );
}

#[test]
fn accounts_and_units_can_be_chosen() {
    let kept = |members: Members| {
        collect_all(&of_size(10), &Options::default(), &members).map(|(done, _)| done.kept).map_err(|e| e.to_string())
    };
    let all = Members::default;
    let ids = |numbers: &[usize]| Ok(numbers.iter().map(|number| id(*number)).collect::<Vec<_>>());
    assert_eq!(kept(Members { accounts: vec![id(3), id(5)], ..all() }), ids(&[3, 5]));
    assert_eq!(kept(Members { units: vec!["prod".to_owned()], ..all() }), ids(&[2, 4, 6, 8]));
    assert_eq!(kept(Members { units: vec!["ou-eu".to_owned()], ..all() }), ids(&[4, 8]));
    let except = vec![id(0), id(4)];
    assert_eq!(kept(Members { units: vec!["prod".to_owned()], except, ..all() }), ids(&[2, 6, 8]));
    for (members, text) in [
        (
            Members { units: vec!["ou-x".to_owned()], ..all() },
            "the organisation has no unit `ou-x` that could be read; it has: dev, eu, prod",
        ),
        (Members { accounts: vec!["1".to_owned()], ..all() }, "`1` is not an account; give its twelve digits"),
        (
            Members { accounts: vec!["999999999999".to_owned()], ..all() },
            "the account 999999999999 is not in the organisation",
        ),
        (
            Members { role: "a b".to_owned(), ..all() },
            "`a b` is not the name of a role; give the name alone, or with its path, such as audit/foureyes-auditor",
        ),
        (
            Members { accounts: vec![id(3)], except: vec![id(3)], ..all() },
            "no account is left to read; look at the accounts and units given",
        ),
    ] {
        assert_eq!(kept(members), Err(text.to_owned()));
    }
}

#[test]
fn without_a_list_of_accounts_they_can_be_named() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "ListRoots" => Some(json_error(400, "AccessDeniedException")),
        _ => organization(4, asked),
    });
    let error = collect_all(&fake, &Options::default(), &Members::default()).unwrap_err();
    assert!(matches!(&error, CollectError::Accounts(reason) if reason.contains("organizations:ListRoots")), "{error}");
    let members = Members { accounts: vec![id(2)], ..Members::default() };
    let (done, all) = collect_all(&fake, &Options::default(), &members).unwrap();
    assert_eq!(done.kept, [id(2)]);
    assert_eq!(coverage(&all[0].accounts[0], "ListRoots").outcome, Outcome::Denied);
    assert_eq!(controls(&all[0]), Controls::Unseen);
    // Alone, there is no organisation to read.
    let error = collect_all(&Fake::new(|_| None), &Options::default(), &Members::default()).unwrap_err();
    assert!(matches!(&error, CollectError::Accounts(reason) if reason == "the account stands alone"), "{error}");
}

#[test]
fn interrupted_and_resumed_is_the_same_as_undisturbed() {
    let (_, undisturbed) = collect_all(&of_size(20), &Options::default(), &Members::default()).unwrap();

    let files: RefCell<BTreeMap<String, Snapshot>> = RefCell::default();
    let whole = |one: &Snapshot| one.accounts[0].coverage.iter().all(|entry| entry.outcome == Outcome::Ok);
    let is_fresh = |id: &str, _: Option<&Organization>| files.borrow().get(id).is_some_and(whole);
    let run = |stop_after: usize| {
        let options = Options { stop: Stop::new(), ..Options::default() };
        let mut number = 0;
        collect::collect_organization_with(
            &config(&of_size(20)),
            &options,
            &Members::default(),
            NOW,
            &(),
            &is_fresh,
            &mut |one| {
                number += 1;
                if number == stop_after {
                    options.stop.stop();
                }
                files.borrow_mut().insert(one.accounts[0].id.clone(), one);
                Ok(())
            },
        )
        .unwrap()
    };
    let first = run(6);
    assert_eq!(first.kept.len(), 19, "what was not read is handed over as not read");
    let done = files.borrow().values().filter(|one| whole(one)).count();
    assert!((6..15).contains(&done), "{done} were read before the stop");
    for one in files.borrow().values().filter(|one| !whole(one)) {
        let missed = one.accounts[0].coverage.iter().find(|entry| entry.outcome != Outcome::Ok).unwrap();
        assert_eq!(missed.outcome, Outcome::Failed);
        assert!(missed.detail.as_deref().unwrap().contains(collect::INTERRUPTED), "{missed:?}");
    }
    let second = run(usize::MAX);
    assert_eq!(second.fresh.len(), done);
    let resumed: Vec<Snapshot> = files.into_inner().into_values().collect();
    assert_eq!(serde_json::to_string(&resumed).unwrap(), serde_json::to_string(&undisturbed).unwrap());
}
