//! Whole cases for property tests, drawn from pools small enough for their parts to meet: who asks is often who a
//! policy names, what is asked is often what a pattern matches.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

const ALICE: &str = "arn:aws:iam::111122223333:user/team/alice";
const BOB: &str = "arn:aws:iam::444455556666:user/bob";
const DEPLOY_ROLE: &str = "arn:aws:iam::111122223333:role/ops/Deploy";
const DEPLOY_SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/run-1";
const OTHER_SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/run-2";
const PARTNER_ROLE: &str = "arn:aws:iam::444455556666:role/Partner";
const PARTNER_SESSION: &str = "arn:aws:sts::444455556666:assumed-role/Partner/p";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/fred";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const OTHER_ROOT: &str = "arn:aws:iam::444455556666:root";
const LINKED_SESSION: &str = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForECS/ecs";
const LINKED_ROLE: &str = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
const SERVICE: &str = "cloudtrail.amazonaws.com";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const ANONYMOUS: &str = "anonymous";

/// What the generated cases need to be told about actions; agrees with the catalogue.
pub fn wildcard_only(action: &str) -> bool {
    ["ec2:DescribeInstances", "s3:ListAllMyBuckets", "sts:GetCallerIdentity"].contains(&action)
}

/// What the generated cases need to be told about services; agrees with the catalogue.
pub fn rcp_supported(service: &str) -> bool {
    ["dynamodb", "kms", "s3", "sqs", "sts"].contains(&service)
}

/// Which policy a resource carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    Nothing,
    Policy,
    Trust,
    Key,
    AccessPoint,
}

#[derive(Clone, Copy, Debug)]
struct Target {
    action: &'static str,
    resources: &'static [&'static str],
    carries: Carries,
}

const fn target(action: &'static str, resources: &'static [&'static str], carries: Carries) -> Target {
    Target { action, resources, carries }
}

const OBJECT: &[&str] = &["arn:aws:s3:::prod-data/red/a.csv"];
const BUCKET: &[&str] = &["arn:aws:s3:::prod-data"];
const POINT_OBJECT: &[&str] = &["arn:aws:s3:eu-west-1:111122223333:accesspoint/reader/object/red/a.csv"];
const TABLE: &[&str] = &["arn:aws:dynamodb:eu-west-1:111122223333:table/orders"];
const QUEUE: &[&str] = &["arn:aws:sqs:us-east-1:444455556666:jobs"];
const KEY: &[&str] = &["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab"];
const ROLE: &[&str] = &[DEPLOY_ROLE];
const ANY: &[&str] = &["*"];

const TARGETS: [Target; 25] = [
    target("s3:GetObject", OBJECT, Carries::Policy),
    target("s3:PutObject", OBJECT, Carries::Policy),
    target("s3:DeleteBucket", BUCKET, Carries::Policy),
    target("s3:PutBucketPolicy", BUCKET, Carries::Policy),
    target("s3:GetObject", POINT_OBJECT, Carries::AccessPoint),
    target("dynamodb:DeleteTable", TABLE, Carries::Policy),
    target("dynamodb:GetItem", TABLE, Carries::Policy),
    target("sqs:SendMessage", QUEUE, Carries::Policy),
    target("kms:Decrypt", KEY, Carries::Key),
    target("kms:ScheduleKeyDeletion", KEY, Carries::Key),
    target("sts:AssumeRole", ROLE, Carries::Trust),
    target("sts:TagSession", ROLE, Carries::Trust),
    target("iam:DeleteRole", ROLE, Carries::Nothing),
    target("iam:PassRole", ROLE, Carries::Nothing),
    target(
        "iam:DeleteRole",
        &["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a"],
        Carries::Nothing,
    ),
    target("iam:DeletePolicy", &["arn:aws:iam::aws:policy/ReadOnlyAccess"], Carries::Nothing),
    target("iam:TagRole", &[LINKED_ROLE], Carries::Nothing),
    target("iam:DeleteRole", &[LINKED_ROLE], Carries::Nothing),
    target("sts:AssumeRoot", &["arn:aws:iam::444455556666:root"], Carries::Nothing),
    target("sts:GetFederationToken", &["arn:aws:sts::111122223333:federated-user/fred"], Carries::Nothing),
    target(
        "ec2:TerminateInstances",
        &["arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "arn:aws:ec2:eu-west-1:111122223333:instance/i-2"],
        Carries::Nothing,
    ),
    // An action without resource types, yet asked about a resource.
    target("ec2:DescribeInstances", &["arn:aws:ec2:::instance/i-1"], Carries::Nothing),
    target("s3:ListAllMyBuckets", ANY, Carries::Nothing),
    target("sts:GetCallerIdentity", ANY, Carries::Nothing),
    target("amplify:DeleteApp", &["arn:aws:amplify:eu-west-1:111122223333:apps/d1a2b3c4"], Carries::Nothing),
];

/// Who asks for what, and the conditions that policies about it draw from.
#[derive(Clone, Debug)]
struct Scene {
    caller: &'static str,
    target: Target,
    conditions: BoxedStrategy<Value>,
}

const CALLERS: [(u32, &str); 9] = [
    (5, ALICE),
    (4, DEPLOY_SESSION),
    (2, DEPLOY_ROLE),
    (2, PARTNER_SESSION),
    (1, BOB),
    (2, FEDERATED),
    (1, ROOT),
    (1, LINKED_ROLE),
    (1, LINKED_SESSION),
];

/// Every scene with its weight.
fn scenes() -> Vec<(u32, Scene)> {
    let conditions = conditions();
    let scene = |caller, target| Scene { caller, target, conditions: conditions.clone() };
    let mut scenes = Vec::new();
    for target in TARGETS {
        let is_open_to_strangers = matches!(target.carries, Carries::Policy | Carries::Key | Carries::Trust);
        scenes.extend(CALLERS.map(|(weight, caller)| (weight, scene(caller, target))));
        if is_open_to_strangers {
            scenes.extend([SERVICE, ANONYMOUS].map(|caller| (2, scene(caller, target))));
        }
    }
    scenes.push((20, scene(PROVIDER, target("sts:AssumeRoleWithWebIdentity", ROLE, Carries::Trust))));
    scenes
}

/// Whole cases of `foureyes simulate`, in a closed world. To build the strategy takes longer than to draw from it.
pub fn cases() -> impl Strategy<Value = Value> {
    Union::new_weighted(scenes().into_iter().map(|(weight, scene)| (weight, case(&scene))).collect())
}

fn case(scene: &Scene) -> BoxedStrategy<Value> {
    (request(scene), layers(scene), resource_side(scene))
        .prop_map(|(request, layers, resource_side)| {
            let mut case = json!({"id": "generated", "request": request});
            if let Value::Object(fields) = &mut case {
                fields.extend(layers);
                fields.extend(resource_side);
            }
            case
        })
        .boxed()
}

fn request(scene: &Scene) -> BoxedStrategy<Value> {
    let (caller, action) = (scene.caller, scene.target.action);
    let resource = match scene.target.resources {
        [single] => json!(single),
        several => json!(several),
    };
    let in_bucket = scene.target.resources.iter().any(|resource| resource.starts_with("arn:aws:s3:::"));
    let owner = if in_bucket {
        prop_oneof![4 => Just(Some("111122223333")), 1 => Just(Some("444455556666")), 1 => Just(None)].boxed()
    } else {
        Just(None).boxed()
    };
    (owner, context())
        .prop_map(move |(owner, context)| {
            let mut request = json!({"principal": caller, "action": action, "resource": resource, "context": context});
            if let (Value::Object(fields), Some(owner)) = (&mut request, owner) {
                fields.insert("resource_account".to_owned(), json!(owner));
            }
            request
        })
        .boxed()
}

/// A condition key, the operators that suit it, and values for both sides.
#[derive(Clone, Copy, Debug)]
struct Key {
    names: &'static [&'static str],
    operators: &'static [&'static str],
    in_request: &'static [&'static [&'static str]],
    in_policy: &'static [&'static str],
}

const STRING: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const NUMERIC: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: &[&str] =
    &["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"];
const ARN: &[&str] = &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringNotEquals"];
const IP: &[&str] = &["IpAddress", "NotIpAddress"];

const KEYS: [Key; 17] = [
    Key {
        names: &["aws:PrincipalTag/team", "aws:principaltag/Team"],
        operators: STRING,
        in_request: &[&["red"], &["Red"], &["blue"], &["r*d"]],
        in_policy: &[
            "red",
            "r*",
            "?ed",
            "RED",
            "*",
            "${aws:ResourceTag/team}",
            "${aws:PrincipalTag/none, 'red'}",
            "${aws:PrincipalTag/none}",
            "r${*}d",
        ],
    },
    Key {
        names: &["aws:ResourceTag/team", "AWS:ResourceTag/Team"],
        operators: STRING,
        in_request: &[&["red"], &["blue"]],
        in_policy: &["red", "b*", "${aws:PrincipalTag/team}"],
    },
    Key {
        names: &["aws:TagKeys"],
        operators: STRING,
        in_request: &[&["env"], &["env", "team"], &[]],
        in_policy: &["env", "team", "e*", "cost"],
    },
    Key {
        names: &["aws:CalledVia"],
        operators: STRING,
        in_request: &[&["cloudformation.amazonaws.com"], &["cloudformation.amazonaws.com", "kms.amazonaws.com"]],
        in_policy: &["cloudformation.amazonaws.com", "kms.amazonaws.com", "*.amazonaws.com"],
    },
    Key {
        names: &["dynamodb:LeadingKeys"],
        operators: STRING,
        in_request: &[&["alice"], &["alice", "bob"]],
        in_policy: &["alice", "${aws:username}", "b*"],
    },
    // Neither documented as multivalued nor always single.
    Key {
        names: &["sts:ExternalId"],
        operators: STRING,
        in_request: &[&["x-1"], &["x-1", "x-2"]],
        in_policy: &["x-1", "x-?", "X-1"],
    },
    Key { names: &["aws:CalledViaLast"], operators: STRING, in_request: &[], in_policy: &["kms.amazonaws.com"] },
    Key {
        names: &["aws:PrincipalAccount", "aws:ResourceAccount"],
        operators: STRING,
        in_request: &[],
        in_policy: &["111122223333", "444455556666", "${aws:ResourceAccount}", "1111*"],
    },
    Key {
        names: &["aws:username"],
        operators: STRING,
        in_request: &[],
        in_policy: &["alice", "ALICE", "a*", "${aws:PrincipalTag/team, 'alice'}"],
    },
    Key {
        names: &["aws:RequestedRegion"],
        operators: STRING,
        in_request: &[],
        in_policy: &["eu-west-1", "us-east-1", "eu-*"],
    },
    Key {
        names: &["aws:PrincipalArn"],
        operators: ARN,
        in_request: &[],
        in_policy: &[
            ALICE,
            DEPLOY_ROLE,
            "arn:aws:iam::111122223333:role/Deploy",
            "arn:aws:iam::*:role/*",
            "arn:*:iam::1111*:*",
            "arn:aws:iam::${aws:PrincipalAccount}:user/*",
        ],
    },
    Key {
        names: &["aws:SourceArn"],
        operators: ARN,
        in_request: &[&["arn:aws:cloudtrail:eu-west-1:111122223333:trail/main:1"]],
        in_policy: &[
            "arn:aws:cloudtrail:eu-west-1:111122223333:trail/*",
            "arn:aws:cloudtrail:*:444455556666:*",
            "arn:aws:*:trail/main:1",
        ],
    },
    Key {
        names: &["aws:SourceIp"],
        operators: IP,
        in_request: &[&["10.1.2.3"], &["192.0.2.7"], &["2001:db8::1"], &["dynamodb.amazonaws.com"]],
        in_policy: &["10.0.0.0/8", "192.0.2.7", "192.0.2.9/24", "2001:db8::/32", "0.0.0.0/0"],
    },
    Key {
        names: &["aws:MultiFactorAuthAge"],
        operators: NUMERIC,
        in_request: &[&["300"], &["3600.0"], &["-5"], &["soon"]],
        in_policy: &["300", "3600", "0.5", "-5.0"],
    },
    Key {
        names: &["aws:CurrentTime"],
        operators: DATE,
        in_request: &[&["2026-11-22T12:00:00Z"], &["1795348800"], &["today"]],
        in_policy: &["2026-11-22T12:00:00Z", "2026-11-22", "2027-01-01T00:00:00+01:00", "1700000000"],
    },
    Key {
        names: &["aws:MultiFactorAuthPresent", "aws:ViaAWSService", "aws:PrincipalIsAWSService"],
        operators: &["Bool", "Bool", "StringEquals"],
        in_request: &[&["true"], &["false"], &["TRUE"]],
        in_policy: &["true", "false", "True", "${aws:PrincipalTag/mfa, 'true'}"],
    },
    Key {
        names: &["example:Token"],
        operators: &["BinaryEquals"],
        in_request: &[&["QmluYXJ5"], &["AAEC"]],
        in_policy: &["QmluYXJ5", "AAEC"],
    },
];

fn context() -> BoxedStrategy<Value> {
    let entries = KEYS
        .iter()
        .filter_map(|key| Some((key.names.first()?, key.in_request)))
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| option::weighted(0.3, (Just(*name), select(values))).boxed())
        .collect::<Vec<_>>();
    entries
        .prop_map(|entries| {
            entries.into_iter().flatten().map(|(name, values)| (name.to_owned(), json!(values))).collect()
        })
        .boxed()
}

/// The `Condition` element: one or two operators.
fn conditions() -> BoxedStrategy<Value> {
    vec((Union::new(KEYS.map(condition)), any::<bool>()), 1..=2)
        .prop_map(|conditions| {
            let mut block = Map::new();
            for ((operator, key, values), as_list) in conditions {
                let values = match values.as_slice() {
                    [single] if !as_list => json!(single),
                    several => json!(several),
                };
                block.insert(operator, json!({ key: values }));
            }
            Value::Object(block)
        })
        .boxed()
}

fn condition(key: Key) -> BoxedStrategy<(String, &'static str, Vec<&'static str>)> {
    let plain = (
        prop_oneof![6 => Just(""), 1 => Just("ForAllValues:"), 1 => Just("ForAnyValue:")],
        select(key.operators),
        prop_oneof![4 => Just(""), 1 => Just("IfExists")],
    )
        .prop_map(|(set, operator, suffix)| format!("{set}{operator}{suffix}"));
    let compared = (plain, select(key.names), vec(select(key.in_policy), 1..=2));
    let null =
        (Just("Null".to_owned()), select(key.names), select(&["true", "false"][..]).prop_map(|value| vec![value]));
    prop_oneof![7 => compared, 1 => null].boxed()
}

/// The place of a document, as far as its grammar is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Identity,
    Scp,
    Rcp,
    Resource,
    Trust,
    Endpoint,
}

/// The layers on the caller's side and around the request.
fn layers(scene: &Scene) -> BoxedStrategy<Map<String, Value>> {
    let identity = vec(document(scene, Place::Identity), 1..=2);
    let boundary = vec(prop_oneof![limiting(scene, Place::Identity), document(scene, Place::Identity)], 1..=1);
    let is_federated = scene.caller == FEDERATED;
    let is_session = is_federated || scene.caller.contains("role/");
    let session = vec(limiting(scene, Place::Identity), 1..=2);
    let scps = vec(vec(limiting(scene, Place::Scp), 1..=2), 1..=2);
    let rcps = vec(vec(document(scene, Place::Rcp), 1..=1), 1..=2);
    let endpoint = vec(limiting(scene, Place::Endpoint), 1..=1);
    (
        field("identity_policies", 90, identity),
        field("permissions_boundaries", 25, boundary),
        field("session_policies", if is_federated { 70 } else { u32::from(is_session).saturating_mul(20) }, session),
        field("scps", 30, scps),
        field("rcps", 12, rcps),
        field("vpc_endpoint_policies", 10, endpoint),
        field("principal_is_in_management_account", 10, any::<bool>()),
    )
        .prop_map(|(a, b, c, d, e, f, g)| [a, b, c, d, e, f, g].into_iter().flatten().collect())
        .boxed()
}

/// A field of the case that is there in so many of a hundred.
fn field<T>(
    name: &'static str,
    percent: u32,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<(String, Value)>>
where
    Value: From<T>,
    T: std::fmt::Debug + 'static,
{
    let value = value.prop_map(move |value| (name.to_owned(), Value::from(value)));
    match percent {
        0 => Just(None).boxed(),
        100 => value.prop_map(Some).boxed(),
        percent => prop_oneof![100_u32.saturating_sub(percent) => Just(None), percent => value.prop_map(Some)].boxed(),
    }
}

/// The layers on the resource's side.
fn resource_side(scene: &Scene) -> BoxedStrategy<Map<String, Value>> {
    let caller = scene.caller;
    let (percent, place) = match scene.target.carries {
        Carries::Nothing => (0, Place::Resource),
        Carries::Policy => (60, Place::Resource),
        Carries::Trust => (95, Place::Trust),
        Carries::Key | Carries::AccessPoint => (90, Place::Resource),
    };
    let policy = field("resource_policy", percent, document(scene, place));
    let properties = match scene.target.carries {
        Carries::Key => {
            let operations = json!([operation(scene.target.action), "Encrypt"]);
            let grant = move |grantee| json!({"Grants": [{"GranteePrincipal": grantee, "Operations": operations}]});
            field("resource_properties", 30, select(vec![caller, DEPLOY_ROLE, ALICE]).prop_map(grant))
        }
        Carries::AccessPoint => {
            let bucket = Scene { target: target("s3:GetObject", OBJECT, Carries::Policy), ..scene.clone() };
            let policy = option::weighted(0.8, document(&bucket, Place::Resource));
            let properties = policy.prop_map(|policy| match policy {
                Some(policy) => json!({"Bucket": "prod-data", "BucketPolicy": policy}),
                None => json!({"Bucket": "prod-data"}),
            });
            field("resource_properties", 100, properties)
        }
        Carries::Policy => field("resource_properties", 30, Just(json!({"AbacStatus": "Enabled"}))),
        Carries::Trust | Carries::Nothing => Just(None).boxed(),
    };
    (policy, properties).prop_map(|(policy, properties)| [policy, properties].into_iter().flatten().collect()).boxed()
}

fn operation(action: &'static str) -> &'static str {
    action.split_once(':').map_or(action, |(_, operation)| operation)
}

/// A document whose purpose is to limit: often it allows everything and denies something.
fn limiting(scene: &Scene, place: Place) -> BoxedStrategy<Value> {
    let mut everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    if let (Value::Object(fields), Place::Endpoint) = (&mut everything, place) {
        fields.insert("Principal".to_owned(), json!("*"));
    }
    let open = option::weighted(0.3, statement(scene, place, 1, 9)).prop_map(move |statement| {
        let mut statements = vec![everything.clone()];
        statements.extend(statement);
        json!({"Version": "2012-10-17", "Statement": statements})
    });
    prop_oneof![3 => open, 1 => document(scene, place)].boxed()
}

fn document(scene: &Scene, place: Place) -> BoxedStrategy<Value> {
    let (allows, denies) = if place == Place::Rcp { (0, 1) } else { (7, 1) };
    let version = prop_oneof![8 => Just(Some("2012-10-17")), 1 => Just(Some("2008-10-17")), 1 => Just(None)];
    // Mostly one or two: small cases are many cases.
    let one = statement(scene, place, allows, denies);
    let statements =
        prop_oneof![5 => Just(1_usize), 3 => Just(2), 1 => Just(3)].prop_flat_map(move |count| vec(one.clone(), count));
    let broken = option::weighted(0.03, select(broken_statements(place)));
    (version, statements, broken, any::<bool>())
        .prop_map(|(version, mut statements, broken, as_list)| {
            statements.extend(broken);
            let statement = match statements.as_slice() {
                [single] if !as_list => single.clone(),
                several => json!(several),
            };
            match version {
                Some(version) => json!({"Version": version, "Id": "generated", "Statement": statement}),
                None => json!({"Statement": statement}),
            }
        })
        .boxed()
}

/// Statements that no document of the place may hold.
fn broken_statements(place: Place) -> Vec<Value> {
    let mut sound = Map::from_iter([
        ("Effect".to_owned(), json!("Allow")),
        ("Action".to_owned(), json!("*")),
        ("Resource".to_owned(), json!("*")),
        ("Principal".to_owned(), json!("*")),
    ]);
    if place == Place::Trust {
        sound.remove("Resource");
    }
    if matches!(place, Place::Identity | Place::Scp) {
        sound.remove("Principal");
    }
    let with = |name: &str, value: Value| {
        let mut statement = sound.clone();
        statement.insert(name.to_owned(), value);
        Value::Object(statement)
    };
    let without = |name: &str| {
        let mut statement = sound.clone();
        statement.remove(name);
        Value::Object(statement)
    };
    let mut broken = vec![
        without("Effect"),
        without("Action"),
        with("Effect", json!("allow")),
        with("Action", json!(7)),
        with("NotAction", json!("*")),
        with("Condition", json!({"StringMatches": {"aws:username": "alice"}})),
        with("Condition", json!([])),
        with("Extra", json!("*")),
    ];
    if place == Place::Identity || place == Place::Scp {
        broken.push(with("Principal", json!("*")));
    }
    if place == Place::Identity || place == Place::Scp {
        broken.push(without("Resource"));
    }
    if place != Place::Trust {
        broken.push(with("NotResource", json!("*")));
    }
    broken
}

fn statement(scene: &Scene, place: Place, allows: u32, denies: u32) -> BoxedStrategy<Value> {
    let effect = match allows {
        0 => Just("Deny").boxed(),
        _ => prop_oneof![allows => Just("Allow"), denies => Just("Deny")].boxed(),
    };
    let principal = match place {
        Place::Identity | Place::Scp => Just(None).boxed(),
        Place::Rcp => Just(Some(("Principal", json!("*")))).boxed(),
        Place::Resource | Place::Trust | Place::Endpoint => principal_element(scene, place).prop_map(Some).boxed(),
    };
    let resource = match place {
        Place::Trust => Just(None).boxed(),
        _ => resource_element(scene, place).prop_map(Some).boxed(),
    };
    (effect, principal, action_element(scene), resource, option::weighted(0.3, scene.conditions.clone()))
        .prop_map(|(effect, principal, action, resource, conditions)| {
            let elements = [
                Some(("Effect", json!(effect))),
                principal,
                Some(action),
                resource,
                conditions.map(|conditions| ("Condition", conditions)),
            ];
            elements.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
        })
        .boxed()
}

fn action_element(scene: &Scene) -> BoxedStrategy<(&'static str, Value)> {
    let action = scene.target.action;
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let verb: String = name.chars().take(3).collect();
    let end: String = name.chars().skip(1).collect();
    let related = select(vec![
        action.to_owned(),
        action.to_lowercase(),
        format!("{service}:*"),
        format!("{service}:{verb}*"),
        format!("{service}:?{end}"),
        format!("{service}:*{end}"),
        "*".to_owned(),
    ]);
    let other = select(vec!["iam:CreateUser", "s3:Get*", "ec2:*", "logs:PutLogEvents", "sts:AssumeRole", "*:*"]);
    let listed = prop_oneof![
        8 => related.clone().prop_map(|pattern| json!(pattern)),
        2 => other.clone().prop_map(|pattern| json!(pattern)),
        2 => (other.clone(), related.clone()).prop_map(|(other, related)| json!([other, related])),
    ];
    let excluded = prop_oneof![
        3 => other.clone().prop_map(|pattern| json!(pattern)),
        1 => (other, related).prop_map(|(other, related)| json!([other, related])),
    ];
    prop_oneof![
        20 => listed.prop_map(|value| ("Action", value)),
        3 => excluded.prop_map(|value| ("NotAction", value)),
        1 => Just(("Action", json!([]))),
    ]
    .boxed()
}

fn resource_element(scene: &Scene, place: Place) -> BoxedStrategy<(&'static str, Value)> {
    let mut related = vec!["*".to_owned()];
    for resource in scene.target.resources {
        related.extend(patterns_of(resource, place));
    }
    let related = select(related);
    let other = select(vec![
        "arn:aws:s3:::other/*",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/*",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:ec2:*:*:instance/i-2",
    ]);
    let listed = prop_oneof![
        3 => Just(json!("*")),
        6 => related.clone().prop_map(|pattern| json!(pattern)),
        1 => other.clone().prop_map(|pattern| json!(pattern)),
        2 => (other.clone(), related.clone()).prop_map(|(other, related)| json!([other, related])),
    ];
    let excluded = prop_oneof![
        3 => other.clone().prop_map(|pattern| json!(pattern)),
        1 => (other, related).prop_map(|(other, related)| json!([other, related])),
    ];
    prop_oneof![
        20 => listed.prop_map(|value| ("Resource", value)),
        3 => excluded.prop_map(|value| ("NotResource", value)),
        1 => Just(("Resource", json!([]))),
    ]
    .boxed()
}

/// The ARN itself, and patterns that match it or nearly do.
fn patterns_of(resource: &str, place: Place) -> Vec<String> {
    let segments: Vec<&str> = resource.splitn(6, ':').collect();
    let &["arn", partition, service, region, account, rest] = segments.as_slice() else { return Vec::new() };
    let head = format!("arn:{partition}:{service}:{region}:{account}");
    let tail: String = rest.chars().skip(1).collect();
    let kind = rest.split('/').next().unwrap_or(rest);
    let mut patterns = vec![
        resource.to_owned(),
        format!("{head}:{kind}*"),
        format!("{head}:*{tail}"),
        format!("{head}:?{tail}"),
        format!("arn:*:{service}:*:*:{rest}"),
        format!("arn:{partition}:{}:{region}:{account}:{rest}", service.to_uppercase()),
        format!("{head}:{}", rest.to_uppercase()),
        format!("{head}:{}", rest.replace("red", "${aws:PrincipalTag/team}")),
        format!("{head}:${{aws:PrincipalTag/path, '{rest}'}}"),
        format!("{head}:${{aws:PrincipalTag/none}}"),
        format!("{head}:${{*}}"),
    ];
    if place != Place::Rcp {
        patterns.push(format!("arn:{partition}:{service}:*"));
    }
    if place == Place::Identity || place == Place::Resource {
        patterns.push(format!("arn:{partition}:{service}"));
    }
    patterns
}

fn principal_element(scene: &Scene, place: Place) -> BoxedStrategy<(&'static str, Value)> {
    let all = vec![
        ALICE,
        BOB,
        DEPLOY_ROLE,
        DEPLOY_SESSION,
        OTHER_SESSION,
        PARTNER_ROLE,
        PARTNER_SESSION,
        FEDERATED,
        ROOT,
        OTHER_ROOT,
        "111122223333",
        "AIDACKCEVSQ6C2EXAMPLE",
    ];
    let own = names_of(scene.caller);
    let everyone = prop_oneof![Just(json!("*")), Just(json!({"AWS": "*"}))];
    let listed = prop_oneof![
        6 => select(own.clone()),
        3 => everyone,
        2 => select(all.clone()).prop_map(|name| json!({"AWS": name})),
        1 => vec(select(all.clone()), 2..=3).prop_map(|names| json!({"AWS": names, "Service": [SERVICE]})),
    ];
    // What spares the caller from a denial must name it in every way.
    let every_own = own.iter().filter_map(|name| name.get("AWS")).cloned().collect::<Vec<_>>();
    let excluded = prop_oneof![
        2 => Just(json!({"AWS": every_own})),
        1 => select(own),
        1 => vec(select(all), 1..=2).prop_map(|names| json!({"AWS": names})),
    ];
    let listed = listed.prop_map(|value| ("Principal", value));
    match place {
        Place::Resource => prop_oneof![10 => listed, 1 => excluded.prop_map(|value| ("NotPrincipal", value))].boxed(),
        _ => listed.boxed(),
    }
}

/// The ways in which a policy can name the caller.
fn names_of(caller: &'static str) -> Vec<Value> {
    let aws = |names: &[&str]| names.iter().map(|name| json!({"AWS": name})).collect::<Vec<_>>();
    match caller {
        ALICE | FEDERATED => aws(&[caller, ROOT]),
        DEPLOY_SESSION => aws(&[DEPLOY_ROLE, DEPLOY_SESSION, ROOT]),
        DEPLOY_ROLE => aws(&[DEPLOY_ROLE, DEPLOY_ROLE, DEPLOY_SESSION, ROOT]),
        PARTNER_SESSION => aws(&[PARTNER_ROLE, PARTNER_SESSION, OTHER_ROOT]),
        BOB => aws(&[BOB, OTHER_ROOT]),
        LINKED_ROLE | LINKED_SESSION => aws(&[LINKED_ROLE, ROOT]),
        SERVICE => vec![json!({"Service": SERVICE}), json!({"Service": ["sns.amazonaws.com", SERVICE]})],
        PROVIDER => vec![json!({"Federated": PROVIDER})],
        ANONYMOUS => vec![json!("*")],
        _ => aws(&[ROOT]),
    }
}
