//! Techniques: an account where each works, and the same account with the one control that stops it. Every step is decided
//! again by the engine alone.

use foureyes::access::Access;
use foureyes::catalog;
use foureyes::engine::Verdict;
use foureyes::inventory::{EnvironmentRules, Inventory, PrincipalId};
use foureyes::paths::{self, Actor, Becoming, Call, Graph, Named, Technique, Through};
use foureyes::rules::cases::BriefAccount;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// An account and its mutations: data in `tests/cases/techniques/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    technique: String,
    /// End of the ARN of who begins.
    from: String,
    /// End of the ARN of whom one becomes, or `everything`, `no boundary`, `changed`, `newcomer`.
    becomes: String,
    /// What can be done then, and not before by who is become: an action and an ARN.
    #[serde(default)]
    then: Option<(String, String)>,
    account: Value,
    stops: Vec<Stop>,
}

/// One control that stops it: a merge patch of the account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    control: String,
    change: Value,
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/techniques");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Pairs {
    let text = std::fs::read_to_string(path).unwrap();
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// <https://www.rfc-editor.org/rfc/rfc7396>
fn merge(target: &mut Value, change: &Value) {
    let Value::Object(change) = change else {
        *target = change.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let object = target.as_object_mut().unwrap();
    for (key, value) in change {
        if value.is_null() {
            object.remove(key);
        } else {
            merge(object.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn find(inventory: &Inventory, end: &str) -> Option<PrincipalId> {
    inventory.principal_ids().find(|(_, known)| known.arn.ends_with(&format!(":{end}"))).map(|(id, _)| id)
}

/// The way by one technique alone, with every request decided again.
fn by_technique(account: &Value, pairs: &Pairs, technique: &Technique) -> Option<Becoming> {
    let brief: BriefAccount = serde_json::from_value(account.clone()).unwrap();
    let inventory = Inventory::new(&brief.snapshot().unwrap(), &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let from = find(&inventory, &pairs.from).unwrap();
    let wanted: BTreeSet<PrincipalId> = find(&inventory, &pairs.becomes).into_iter().collect();
    let techniques = [technique.clone()];
    let graph = Graph::new(&access, &techniques, &wanted);
    let is_it = |actor: Actor| match (&*pairs.becomes, actor) {
        ("everything", Actor::Unbound(_))
        | ("no boundary", Actor::WithoutBoundary(_))
        | ("newcomer", Actor::Newcomer(_)) => true,
        ("changed", Actor::Changed(..)) => pairs.then.as_ref().is_none_or(|then| may(&graph, actor, then)),
        (_, Actor::Principal(id)) => wanted.contains(&id),
        _ => false,
    };
    let way = graph.becomes(Actor::Principal(from)).into_iter().find(|becoming| is_it(becoming.actor))?;
    for hop in &way.hops {
        assert_eq!(hop.calls.len(), technique.needs.len(), "{}: a request is missing", pairs.technique);
        for call in &hop.calls {
            let again = graph.decide(hop.actor, call).unwrap();
            assert_eq!(again.verdict, call.verdict, "{}: {} on {}", pairs.technique, call.action, call.on);
            assert!(!again.verdict.is_denied(), "{}: {} on {}", pairs.technique, call.action, call.on);
        }
        assert!(!hop.words.contains(['{', '}']) && !hop.words.is_empty(), "{}: {}", pairs.technique, hop.words);
    }
    if let Some(then) = &pairs.then {
        let before = Actor::Principal(way.actor.principal().unwrap());
        assert!(!may(&graph, before, then), "{}: it could do so before", pairs.technique);
    }
    Some(way)
}

/// Whether somebody may do something, decided by the engine alone.
fn may(graph: &Graph<'_>, actor: Actor, (action, on): &(String, String)) -> bool {
    let call = Call {
        by: actor.principal(),
        action: action.as_str().into(),
        on: on.as_str().into(),
        resource: None,
        given: Vec::new(),
        verdict: Verdict::Unknown,
    };
    graph.decide(actor, &call).unwrap().verdict == Verdict::Allowed
}

#[test]
fn each_works_until_one_control_stops_it() {
    let techniques = paths::techniques().unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in files() {
        let pairs = read(&path);
        let technique = techniques.iter().find(|known| *known.id == *pairs.technique).unwrap();
        if by_technique(&pairs.account, &pairs, technique).is_none() {
            wrong.push(format!("{} does not work", pairs.technique));
        }
        for stop in &pairs.stops {
            let mut account = pairs.account.clone();
            merge(&mut account, &stop.change);
            count += 1;
            if by_technique(&account, &pairs, technique).is_some() {
                wrong.push(format!("{} works all the same: {}", pairs.technique, stop.control));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_technique_has_an_account_and_controls_that_stop_it() {
    let with: BTreeSet<String> = files().iter().map(|path| read(path).technique).collect();
    let all: BTreeSet<String> = paths::techniques().unwrap().iter().map(|known| known.id.to_string()).collect();
    assert_eq!(with, all);
    for path in files() {
        let pairs = read(&path);
        assert!(pairs.stops.len() >= 3, "{}", pairs.technique);
        let controls: BTreeSet<&str> = pairs.stops.iter().map(|stop| stop.control.as_str()).collect();
        assert_eq!(controls.len(), pairs.stops.len(), "{}: one control twice", pairs.technique);
    }
}

#[test]
fn every_technique_says_all_that_it_must() {
    for technique in paths::techniques().unwrap() {
        let id = &technique.id;
        assert!(!technique.title.ends_with('.') && technique.title.len() > 10, "{id}");
        assert!(technique.words.starts_with("{who} ") && !technique.words.ends_with('.'), "{id}");
        assert!(!technique.references.is_empty(), "{id}");
        for page in &technique.references {
            assert!(page.starts_with("https://docs.aws.amazon.com/"), "{id}: {page}");
        }
        let names_whom = !matches!(technique.through, Through::OwnUser | Through::OwnRole | Through::Anew);
        assert_eq!(technique.words.contains("{whom}"), names_whom, "{id}");
        for need in &technique.needs {
            let action = catalog::action(&need.action).unwrap_or_else(|| panic!("{id}: {}", need.action));
            assert_eq!(action.name(), &*need.action, "{id}");
            match &need.on {
                Named::Everything => assert!(action.is_wildcard_only(), "{id}: {}", need.action),
                Named::New(template) | Named::Any(template) => {
                    let arn = template
                        .replace("PARTITION", "aws")
                        .replace("REGION", "eu-west-1")
                        .replace("ACCOUNT", "111122223333")
                        .replace("NAME", "x")
                        // What belongs to AWS names no account.
                        .replace(":eu-west-1::", ":eu-west-1:111122223333:");
                    // The catalogue cannot tell one group of Identity Center from all of them.
                    let is_known = arn.starts_with("arn:aws:identitystore:::");
                    let named = action.request_resources(&arn);
                    assert!(is_known || named.contains(&arn), "{id}: {} on {arn}", need.action);
                }
                _ => assert!(!action.is_wildcard_only(), "{id}: {}", need.action),
            }
            for key in need.with.keys().filter(|key| key.starts_with("iam:")) {
                assert!(action.condition_key(&key.to_ascii_lowercase(), None), "{id}: {} and {key}", need.action);
            }
        }
    }
}

/// A group that one joins may allow to write any policy: both steps are told.
#[test]
fn what_is_gained_leads_further() {
    let account = serde_json::json!({
        "users": {"mallory": {"inline": [{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": "*"}]}]}},
        "groups": {"help": {"inline": [{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}]}]}}
    });
    let hops = |account: &Value| -> Option<Vec<String>> {
        with_graph(account, |graph, mallory| {
            let way = graph.nearest(mallory, &|actor| matches!(actor, Actor::Unbound(_)))?;
            for call in way.hops.iter().flat_map(|hop| hop.calls.iter().map(move |call| (hop.actor, call))) {
                assert_eq!(graph.decide(call.0, call.1).unwrap().verdict, call.1.verdict);
            }
            Some(way.hops.iter().map(|hop| hop.by.to_string()).collect())
        })
    };
    assert_eq!(hops(&account).unwrap(), ["join-group", "write-own-user-policy"]);
    let mut stopped = account.clone();
    stopped["groups"]["help"]["inline"][0]["Statement"][0]["Action"] = "iam:GetUser".into();
    assert_eq!(hops(&stopped), None);
}

/// Asks who becomes whom in an account, beginning with its user mallory.
fn with_graph<T>(account: &Value, ask: impl FnOnce(&Graph<'_>, PrincipalId) -> T) -> T {
    let brief: BriefAccount = serde_json::from_value(account.clone()).unwrap();
    let inventory = Inventory::new(&brief.snapshot().unwrap(), &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let graph = Graph::new(&access, paths::built_in(), &BTreeSet::new());
    let mallory = find(&inventory, "user/mallory").unwrap();
    ask(&graph, mallory)
}

/// The steps by which a user comes to do something by changes of its own policies, with how sure the way is.
fn freed(account: &Value, then: &(String, String)) -> Option<(Vec<String>, foureyes::base::Certainty)> {
    with_graph(account, |graph, mallory| {
        let able = |actor: Actor| !matches!(actor, Actor::Outsider(_)) && may(graph, actor, then);
        let way = graph.nearest(mallory, &|actor| actor.principal() == Some(mallory) && able(actor))?;
        for hop in &way.hops {
            for call in &hop.calls {
                let verdict = graph.decide(hop.actor, call).unwrap().verdict;
                assert_eq!(verdict, call.verdict, "{} on {}", call.action, call.on);
            }
            assert!(!hop.words.contains(['{', '}']), "{}", hop.words);
        }
        Some((way.hops.iter().map(|hop| hop.by.to_string()).collect(), way.terms.certainty))
    })
}

fn statement(effect: &str, actions: &[&str]) -> Value {
    serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": actions, "Resource": "*"}]})
}

/// Two policies deny the same: both are taken off, one after the other.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
#[test]
fn two_denies_are_taken_off() {
    let then = ("ec2:TerminateInstances".to_owned(), "arn:aws:ec2:eu-west-1:111122223333:instance/i-1".to_owned());
    let guard = statement("Deny", &["ec2:TerminateInstances"]);
    let account = serde_json::json!({
        "users": {"mallory": {"inline": [statement("Allow", &["ec2:*", "iam:DetachUserPolicy", "iam:RemoveUserFromGroup"])],
            "attached": ["one", "two"], "groups": ["held"]}},
        "groups": {"held": {"inline": [guard]}},
        "policies": {"one": guard, "two": statement("Deny", &["ec2:Terminate*"])}
    });
    let (mut steps, certainty) = freed(&account, &then).unwrap();
    steps.sort();
    assert_eq!(steps, ["detach-deny-of-own-user", "detach-deny-of-own-user", "leave-group"]);
    assert_eq!(certainty, foureyes::base::Certainty::Certain);
    // One of them cannot be taken off.
    for (control, change) in [
        (
            "one denies its own detachment",
            serde_json::json!({"policies": {"one": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*"},
            {"Effect": "Deny", "Action": "iam:DetachUserPolicy", "Resource": "*",
             "Condition": {"ArnLike": {"iam:PolicyARN": "arn:aws:iam::111122223333:policy/one"}}}]}}}),
        ),
        (
            "nobody may leave the group",
            serde_json::json!({"users": {"mallory": {"inline": [
            statement("Allow", &["ec2:*", "iam:DetachUserPolicy"])]}}}),
        ),
        ("the organisation denies it", serde_json::json!({"scps": [guard]})),
    ] {
        let mut account = account.clone();
        merge(&mut account, &change);
        assert_eq!(freed(&account, &then), None, "{control}");
    }
}

/// A deny that keeps another one from being taken off is taken off first.
#[test]
fn one_deny_holds_another() {
    let then = ("ec2:TerminateInstances".to_owned(), "arn:aws:ec2:eu-west-1:111122223333:instance/i-1".to_owned());
    let account = serde_json::json!({
        "users": {"mallory": {"inline": [statement("Allow", &["ec2:*", "iam:DetachUserPolicy", "iam:RemoveUserFromGroup"])],
            "attached": ["guard"], "groups": ["held"]}},
        "groups": {"held": {"inline": [statement("Deny", &["iam:Detach*"])]}},
        "policies": {"guard": statement("Deny", &["ec2:TerminateInstances"])}
    });
    let (steps, _) = freed(&account, &then).unwrap();
    assert_eq!(steps, ["leave-group", "detach-deny-of-own-user"]);
    let mut held = account.clone();
    merge(
        &mut held,
        &serde_json::json!({"groups": {"held": {"inline": [
        statement("Deny", &["iam:Detach*", "iam:RemoveUserFromGroup"])]}}}),
    );
    assert_eq!(freed(&held, &then), None);
}

/// What two groups give together. Where there are many, all are joined; who may join some of them only is told apart.
#[test]
fn two_groups_are_joined() {
    let then = ("ec2:TerminateInstances".to_owned(), "arn:aws:ec2:eu-west-1:111122223333:instance/i-1".to_owned());
    let name = |number: usize| format!("g{number}");
    let account = |groups: usize, allowed: &str| {
        let mut all = serde_json::Map::new();
        all.insert("g0".to_owned(), serde_json::json!({"inline": [statement("Allow", &["ec2:*"])]}));
        for number in 1..groups {
            let given = statement("Allow", &["iam:DetachUserPolicy", "logs:*"]);
            all.insert(name(number), serde_json::json!({"inline": [given]}));
        }
        serde_json::json!({
            "users": {"mallory": {"inline": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Action": "iam:AddUserToGroup", "Resource": allowed}]}], "attached": ["guard"]}},
            "groups": all, "policies": {"guard": statement("Deny", &["ec2:TerminateInstances"])}
        })
    };
    for groups in [2, 12] {
        let (mut steps, certainty) = freed(&account(groups, "*"), &then).unwrap();
        steps.sort();
        steps.dedup();
        assert_eq!(steps, ["detach-deny-of-own-user", "join-group"], "{groups}");
        assert_eq!(certainty, foureyes::base::Certainty::Certain);
        let first = "arn:aws:iam::111122223333:group/g0";
        assert_eq!(freed(&account(groups, first), &then), None, "{groups}");
    }
}

/// Of users whom nothing tells apart, one is brought into a group: one who is not in it and is denied least. Whom a request
/// may name tells them apart.
#[test]
fn of_many_users_one_is_brought_into_a_group() {
    let path = files().into_iter().find(|path| path.ends_with("add-user-to-group-and-make-key.yaml")).unwrap();
    let pairs = read(&path);
    let techniques = paths::techniques().unwrap();
    let technique = techniques.iter().find(|known| *known.id == *pairs.technique).unwrap();
    let brought = |whom: &str| {
        let mut account = pairs.account.clone();
        let on = format!("arn:aws:iam::111122223333:user/{whom}");
        let member = serde_json::json!({"groups": ["ops"]});
        let denied = serde_json::json!({"inline": [statement("Deny", &["ec2:*"])]});
        let change = serde_json::json!({
            "users": {"amy": denied, "bob": member, "cat": {}, "dan": {}, "zoe": denied},
            "resources": [],
            "roles": {"helpdesk": {"inline": [{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": on}]}]}},
        });
        merge(&mut account, &change);
        let words = by_technique(&account, &pairs, technique)?.hops.first()?.words.clone();
        ["amy", "bob", "cat", "dan", "zoe"].into_iter().find(|name| words.contains(&format!("user {name}")))
    };
    assert_eq!(brought("*"), Some("cat"));
    assert_eq!(brought("dan"), Some("dan"));
    assert_eq!(brought("zoe"), None);
    assert_eq!(brought("bob"), None);
}

/// Whether an account administers Identity Center is unknown where it was not read: neither a way nor none.
///
/// Source: <https://docs.aws.amazon.com/singlesignon/latest/userguide/delegated-admin.html>
#[test]
fn who_administers_identity_center_is_unknown_where_it_was_not_read() {
    let path = files().into_iter().find(|path| path.ends_with("assign-permission-set.yaml")).unwrap();
    let pairs = read(&path);
    let certainty = |change: Value| {
        let mut account = pairs.account.clone();
        merge(&mut account, &change);
        let brief: BriefAccount = serde_json::from_value(account).unwrap();
        let inventory = Inventory::new(&brief.snapshot().unwrap(), &EnvironmentRules::default());
        let access = Access::new(&inventory);
        let becomes = find(&inventory, &pairs.becomes).unwrap();
        let graph = Graph::new(&access, paths::built_in(), &BTreeSet::from([becomes]));
        let from = find(&inventory, &pairs.from).unwrap();
        let way = graph.nearest(from, &|actor| actor == Actor::Principal(becomes))?;
        Some((way.terms.certainty, way.terms.conditions.iter().cloned().collect::<Vec<_>>()))
    };
    let denied = |operation: &str| serde_json::json!([{"service": "organizations", "operation": operation, "outcome": "denied"}]);
    let unread = "if its account administers Identity Center, which was not read".to_owned();
    let unknown = foureyes::base::Certainty::Unknown;
    let (known, conditions) = certainty(serde_json::json!({})).unwrap();
    assert!(known < unknown && !conditions.contains(&unread), "{conditions:?}");
    // The organisation was read, and who administers what was not; or nothing of it was.
    let delegates = serde_json::json!({"delegated": ["guardduty.amazonaws.com"],
        "coverage": denied("ListDelegatedAdministrators")});
    let organization = serde_json::json!({"delegated": [], "coverage": denied("DescribeOrganization")});
    for change in [delegates, organization] {
        let (known, conditions) = certainty(change).unwrap();
        assert!(known == unknown && conditions.contains(&unread), "{conditions:?}");
    }
    // Who administers what was read: it is another account.
    assert_eq!(certainty(serde_json::json!({"delegated": ["guardduty.amazonaws.com"]})), None);
}

/// A policy that one writes for oneself wins over no deny that cannot be taken off.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
#[test]
fn a_deny_that_stays_wins() {
    let then = ("ec2:TerminateInstances".to_owned(), "arn:aws:ec2:eu-west-1:111122223333:instance/i-1".to_owned());
    let held = |denied: &[&str]| {
        serde_json::json!({
            "users": {"mallory": {"inline": [statement("Allow", &["iam:PutUserPolicy"])], "attached": ["guard"]}},
            "policies": {"guard": statement("Deny", denied)}
        })
    };
    // Nothing keeps it from taking the deny off then.
    let (steps, certainty) = freed(&held(&["ec2:TerminateInstances"]), &then).unwrap();
    assert_eq!((steps, certainty), (vec!["write-own-user-policy".to_owned()], foureyes::base::Certainty::Certain));
    // The deny keeps itself, in each way in which it could be taken off.
    let stays = ["ec2:TerminateInstances", "iam:Detach*", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];
    assert_eq!(freed(&held(&stays), &then), None);
    // One way is enough.
    for left in ["iam:Detach*", "iam:CreatePolicyVersion"] {
        let some: Vec<&str> = stays.iter().copied().filter(|action| *action != left).collect();
        assert!(freed(&held(&some), &then).is_some(), "{left}");
    }
    // A boundary that leaves no way keeps it as well, and a deny of one's own that a policy of the same name replaces does not.
    let mut bound = held(&["ec2:TerminateInstances"]);
    let limits = serde_json::json!({"users": {"mallory": {"boundary": "bound"}},
        "policies": {"bound": statement("Allow", &["ec2:*", "iam:PutUserPolicy"])}});
    merge(&mut bound, &limits);
    assert_eq!(freed(&bound, &then), None);
    let inline = serde_json::json!({"users": {"mallory": {"inline": [statement("Allow", &["iam:PutUserPolicy"]),
        statement("Deny", &["ec2:TerminateInstances", "iam:Delete*", "iam:Detach*"])]}}});
    assert!(freed(&inline, &then).is_some());
    // Whoever is held back makes somebody who is not.
    let graph_of = |account: &Value, names: &[&str]| {
        with_graph(account, |graph, mallory| {
            let way = graph.nearest(mallory, &|actor| matches!(actor, Actor::Newcomer(_)))?;
            assert_eq!(names.len(), way.hops.len(), "{:?}", way.hops);
            Some(may(graph, way.actor, &then))
        })
    };
    assert_eq!(graph_of(&held(&stays), &["write", "make"]), Some(true));
    let mut nobody = stays.to_vec();
    nobody.extend(["iam:CreateUser", "iam:CreateRole", "cloudformation:*"]);
    assert_eq!(graph_of(&held(&nobody), &[]), None);
}
