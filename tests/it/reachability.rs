//! Who can become whom, against a plain search: every pair of principals is asked by itself, request by request, and the
//! steps are closed by going round until nothing changes. Accounts are generated.

use foureyes::access::Access;
use foureyes::engine::{Context, Verdict};
use foureyes::inventory::{EnvironmentRules, Inventory, Principal, PrincipalId, PrincipalKind};
use foureyes::paths::{self, Actor, Graph, Technique, direct};
use foureyes::rules::cases::BriefAccount;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ACCOUNT: &str = "111122223333";

/// The techniques that the plain search knows as well. All of them make a principal of another, on nothing that is made.
const FOLLOWED: [&str; 6] = [
    "assume-role",
    "create-access-key",
    "rewrite-trust",
    "code-of-function-and-invoke",
    "template-of-stack",
    "build-of-project",
];

fn techniques() -> Vec<Technique> {
    let all = paths::techniques().unwrap();
    let known: Vec<Technique> = all.into_iter().filter(|one| FOLLOWED.contains(&&*one.id)).collect();
    assert_eq!(known.len(), FOLLOWED.len());
    known
}

fn name(number: usize) -> String {
    if number.is_multiple_of(2) { format!("role/r{number}") } else { format!("user/u{number}") }
}

fn arn(end: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{end}")
}

/// One statement: which action, on whom, allowed or denied, and whether a second factor is asked for.
type Grant = (usize, usize, bool, bool);

const ACTIONS: [&str; 9] = [
    "sts:AssumeRole",
    "iam:CreateAccessKey",
    "iam:UpdateAssumeRolePolicy",
    "lambda:UpdateFunctionCode",
    "lambda:InvokeFunction",
    "cloudformation:UpdateStack",
    "codebuild:StartBuild",
    "iam:*",
    "*",
];

fn resource(action: &str, on: usize, count: usize) -> String {
    let on = on % (count + 2);
    if on >= count {
        return "*".to_owned();
    }
    match action.split(':').next() {
        Some("lambda") => format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f{on}"),
        Some("cloudformation") => format!("arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/s{on}/*"),
        Some("codebuild") => format!("arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/p{on}"),
        _ => arn(&name(on)),
    }
}

fn statement((action, on, allow, mfa): Grant, count: usize) -> Value {
    // Whoever may do everything is seldom seen.
    let action = ACTIONS[if action == 8 && on % 3 != 0 { 0 } else { action }];
    let mut one = json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": action, "Resource": resource(action, on, count)});
    if mfa {
        one["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    }
    one
}

/// Whom a role trusts: the account, one principal, a service, or the account with a second factor.
fn trust(choice: usize, count: usize) -> Value {
    let mut one = json!({"Effect": "Allow", "Action": "sts:AssumeRole"});
    match choice % 5 {
        0 => one["Principal"] = json!({"AWS": arn("root")}),
        1 => {
            one["Principal"] = json!({"AWS": arn("root")});
            one["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        }
        2 => one["Principal"] = json!({"Service": "lambda.amazonaws.com"}),
        _ => one["Principal"] = json!({"AWS": arn(&name(choice % count))}),
    }
    json!({"Version": "2012-10-17", "Statement": [one]})
}

/// For each principal: its statements, whom it trusts, and whether it has a boundary.
fn account(principals: &[(Vec<Grant>, usize, bool)]) -> Value {
    let count = principals.len();
    let (mut users, mut roles, mut resources) = (serde_json::Map::new(), serde_json::Map::new(), Vec::new());
    for (number, (grants, trusts, bounded)) in principals.iter().enumerate() {
        let statements: Vec<Value> = grants.iter().map(|grant| statement(*grant, count)).collect();
        let mut brief = json!({"inline": [{"Version": "2012-10-17", "Statement": statements}]});
        if *bounded {
            brief["boundary"] = json!("work");
        }
        let end = name(number);
        let (kind, short) = end.split_once('/').unwrap();
        if kind == "user" {
            resources.push(json!({"arn": arn(&end), "type": "AWS::IAM::User",
                "properties": {"UserName": short, "AccessKeys": vec![json!({"Status": "Active"}); trusts % 3]}}));
            users.insert(short.to_owned(), brief);
        } else {
            brief["trust"] = trust(*trusts, count);
            roles.insert(short.to_owned(), brief);
            let role = arn(&end);
            let region = format!("eu-west-1:{ACCOUNT}");
            match trusts % 4 {
                0 => resources.push(json!({"arn": format!("arn:aws:lambda:{region}:function:f{number}"), "type": "AWS::Lambda::Function", "properties": {"FunctionName": format!("f{number}"), "Role": role}})),
                1 => resources.push(json!({"arn": format!("arn:aws:cloudformation:{region}:stack/s{number}/1"), "type": "AWS::CloudFormation::Stack", "properties": {"StackName": format!("s{number}"), "RoleARN": role}})),
                2 => resources.push(json!({"arn": format!("arn:aws:codebuild:{region}:project/p{number}"), "type": "AWS::CodeBuild::Project", "properties": {"Name": format!("p{number}"), "ServiceRole": role}})),
                _ => {}
            }
        }
    }
    let work = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sts:AssumeRole", "lambda:*", "codebuild:*"], "Resource": "*"}]});
    json!({"users": users, "roles": roles, "policies": {"work": work}, "resources": resources})
}

/// Asks by itself whether somebody may do something.
fn may(access: &Access<'_>, actor: PrincipalId, action: &str, on: &str, context: &Context) -> bool {
    let inventory = access.inventory();
    let resource = inventory.find_resource(on).filter(|_| inventory.find_principal(on).is_none());
    let target = match resource.and_then(|id| inventory.resource(id)) {
        Some(known) => foureyes::access::target_of(inventory, known),
        None => access.principal_or_policy(on),
    };
    let decided = access.decide(actor, action, &target, resource, context).unwrap();
    decided.0.verdict > Verdict::ImplicitDeny
}

/// Whether somebody becomes somebody else in one step.
fn steps(access: &Access<'_>, actor: &Principal, by: PrincipalId, whom: &Principal) -> bool {
    let inventory = access.inventory();
    let context = direct();
    let chained = match actor.kind {
        PrincipalKind::User => direct(),
        PrincipalKind::Role => direct().with("aws:MultiFactorAuthPresent", &[]).with("aws:MultiFactorAuthAge", &[]),
    };
    if whom.kind == PrincipalKind::User {
        let user = inventory.resources.iter().find(|known| known.arn == whom.arn).unwrap();
        return user.properties["AccessKeys"].as_array().unwrap().len() < 2
            && may(access, by, "iam:CreateAccessKey", &whom.arn, &context);
    }
    let acting = |kind: &str, property: &str, actions: &[&str]| {
        inventory
            .resources
            .iter()
            .filter(|known| known.kind == kind && known.text(property) == Some(&*whom.arn))
            .any(|known| actions.iter().all(|action| may(access, by, action, &known.arn, &context)))
    };
    may(access, by, "sts:AssumeRole", &whom.arn, &chained)
        || may(access, by, "iam:UpdateAssumeRolePolicy", &whom.arn, &context)
        || acting("AWS::Lambda::Function", "Role", &["lambda:UpdateFunctionCode", "lambda:InvokeFunction"])
        || acting("AWS::CloudFormation::Stack", "RoleARN", &["cloudformation:UpdateStack"])
        || acting("AWS::CodeBuild::Project", "ServiceRole", &["codebuild:StartBuild"])
}

/// Whom each becomes, in any number of steps: once round after the other until nothing is new.
fn closed(access: &Access<'_>) -> BTreeMap<PrincipalId, BTreeSet<PrincipalId>> {
    let all: Vec<(PrincipalId, &Principal)> = access.inventory().principal_ids().collect();
    let mut reached: BTreeMap<PrincipalId, BTreeSet<PrincipalId>> = BTreeMap::new();
    for (by, actor) in &all {
        let whom = all.iter().filter(|(id, whom)| id != by && steps(access, actor, *by, whom)).map(|(id, _)| *id);
        reached.insert(*by, whom.collect());
    }
    loop {
        let before = reached.clone();
        for whom in reached.values_mut() {
            let further: Vec<PrincipalId> = whom.iter().flat_map(|id| before[id].iter().copied()).collect();
            whom.extend(further);
        }
        if before == reached {
            break;
        }
    }
    reached.iter_mut().for_each(|(id, whom)| {
        whom.remove(id);
    });
    reached
}

fn agrees(principals: &[(Vec<Grant>, usize, bool)], wanted: usize) -> Result<(), TestCaseError> {
    let brief: BriefAccount = serde_json::from_value(account(principals)).unwrap();
    let inventory = Inventory::new(&brief.snapshot().unwrap(), &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let techniques = techniques();
    let naive = closed(&access);
    // Only one is worth becoming: who is on no way to it need not be followed.
    let goal = PrincipalId(u32::try_from(wanted % inventory.principals.len()).unwrap());
    let graph = Graph::new(&access, &techniques, &BTreeSet::from([goal]));
    for (id, principal) in inventory.principal_ids() {
        let becomes = graph.becomes(Actor::Principal(id));
        let found: BTreeSet<PrincipalId> = becomes.iter().filter_map(|one| one.actor.principal()).collect();
        prop_assert_eq!(found.contains(&goal), naive[&id].contains(&goal), "{} to {:?}", principal.arn, goal);
        prop_assert!(found.is_subset(&naive[&id]), "{}", principal.arn);
        for one in &becomes {
            // Step by step, each request is decided again by the engine alone.
            let mut actor = Actor::Principal(id);
            for hop in &one.hops {
                prop_assert_eq!(hop.actor, actor);
                prop_assert!(!hop.calls.is_empty());
                for call in &hop.calls {
                    let again = graph.decide(hop.actor, call).unwrap();
                    prop_assert_eq!(again.verdict, call.verdict, "{} on {}", call.action, call.on);
                    prop_assert!(!again.verdict.is_denied());
                }
                prop_assert!(hop.terms.certainty <= one.terms.certainty);
                prop_assert!(hop.terms.conditions.is_subset(&one.terms.conditions));
                actor = hop.becomes.unwrap();
            }
            prop_assert_eq!(actor, one.actor);
        }
    }
    Ok(())
}

fn principals() -> impl Strategy<Value = Vec<(Vec<Grant>, usize, bool)>> {
    let grant = (0..ACTIONS.len(), 0..12_usize, prop::bool::weighted(0.85), prop::bool::weighted(0.15));
    let one = (prop::collection::vec(grant, 0..4), 0..60_usize, prop::bool::weighted(0.2));
    prop::collection::vec(one, 2..9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plain_search_finds_the_same(principals in principals(), wanted in 0..9_usize) {
        agrees(&principals, wanted)?;
    }
}
