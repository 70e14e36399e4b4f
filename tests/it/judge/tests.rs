//! The judge judged: hand-checked cases, properties that hold whatever the policies, and what the generator yields.

use std::collections::BTreeMap;
use std::io::Write as _;

use proptest::prelude::Strategy as _;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use proptest::{prop_assert_eq, prop_assert_ne};
use serde_json::{Value, json};

use super::generate::{cases, rcp_supported, wildcard_only};
use super::pattern::{text_matches, tokens};
use super::{Verdict, judge_with};

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const ROLE: &str = "arn:aws:iam::111122223333:role/ops/Deploy";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Deploy/run-1";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/fred";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const STRANGER: &str = "arn:aws:iam::444455556666:user/bob";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:jobs";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234";
const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader/object/a.csv";

fn judge(case: &Value) -> Verdict {
    judge_with(case, &wildcard_only, &rcp_supported)
}

/// Decision and deciding layer of a request with the given further fields of the case.
fn asked(principal: &str, action: &str, resource: &str, layers: Value) -> (&'static str, &'static str) {
    let mut case = json!({"request": {"principal": principal, "action": action, "resource": resource}});
    for (name, value) in layers.as_object().unwrap() {
        match name.as_str() {
            "context" | "resource_account" => case["request"][name] = value.clone(),
            _ => case[name] = value.clone(),
        }
    }
    let verdict = judge(&case);
    (verdict.decision, verdict.decided_by.unwrap_or("-"))
}

/// What alice may do to the queue by one identity policy with this statement.
fn by_statement(statement: Value, context: Value) -> (&'static str, &'static str) {
    let mut whole = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    whole.as_object_mut().unwrap().extend(statement.as_object().unwrap().clone());
    asked(ALICE, "sqs:SendMessage", QUEUE, json!({"identity_policies": [document(json!([whole]))], "context": context}))
}

/// What alice may do under this condition.
fn under(condition: Value, context: Value) -> &'static str {
    by_statement(json!({"Condition": condition}), context).0
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn everything() -> Value {
    document(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}))
}

fn nothing() -> Value {
    document(json!([]))
}

fn unreadable() -> Value {
    document(json!({"Effect": "Allow", "Action": "*"}))
}

/// A resource policy that does this to this principal.
fn to(effect: &str, principal: Value) -> Value {
    document(json!({"Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"}))
}

fn trusting(principal: Value) -> Value {
    document(json!({"Effect": "Allow", "Principal": principal, "Action": "sts:*"}))
}

const ALLOWED: &str = "allowed";
const EXPLICIT: &str = "explicit-deny";
const IMPLICIT: &str = "implicit-deny";
const UNKNOWN: (&str, &str) = ("unknown", "-");

#[test]
fn identity_policies_allow_what_nothing_denies() {
    let send = |layers| asked(ALICE, "sqs:SendMessage", QUEUE, layers);
    assert_eq!(send(json!({})), (IMPLICIT, "identity"));
    assert_eq!(send(json!({"identity_policies": [everything()]})), (ALLOWED, "identity"));
    let deny = document(json!({"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}));
    assert_eq!(send(json!({"identity_policies": [everything(), deny]})), (EXPLICIT, "identity"));
}

#[test]
fn boundaries_and_session_policies_limit() {
    let layers = json!({"identity_policies": [everything()], "permissions_boundaries": [nothing()]});
    assert_eq!(asked(ALICE, "sqs:SendMessage", QUEUE, layers), (IMPLICIT, "boundary"));
    let layers = json!({"identity_policies": [everything()], "session_policies": [nothing()]});
    assert_eq!(asked(SESSION, "sqs:SendMessage", QUEUE, layers.clone()), (IMPLICIT, "session"));
    // Users have no session policies.
    assert_eq!(asked(ALICE, "sqs:SendMessage", QUEUE, layers), (ALLOWED, "identity"));
}

#[test]
fn every_scp_level_must_allow() {
    let send = |caller, scps, management: bool| {
        let layers = json!({"identity_policies": [everything()], "scps": scps,
            "principal_is_in_management_account": management});
        asked(caller, "sqs:SendMessage", QUEUE, layers)
    };
    assert_eq!(send(ALICE, json!([[everything()], [nothing(), everything()]]), false), (ALLOWED, "identity"));
    assert_eq!(send(ALICE, json!([[everything()], [nothing()]]), false), (IMPLICIT, "scp"));
    assert_eq!(send(ROOT, json!([[nothing()]]), false), (IMPLICIT, "scp"));
    assert_eq!(send(ALICE, json!([[nothing()]]), true), (ALLOWED, "identity"));
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    assert_eq!(send(linked, json!([[nothing()]]), false), (ALLOWED, "identity"));
}

#[test]
fn rcps_deny_only_what_services_support() {
    let rcps = json!([[to("Deny", json!("*"))]]);
    let layers = json!({"identity_policies": [everything()], "rcps": rcps});
    assert_eq!(asked(ALICE, "sqs:SendMessage", QUEUE, layers.clone()), (EXPLICIT, "rcp"));
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:f";
    assert_eq!(asked(ALICE, "lambda:InvokeFunction", function, layers), (ALLOWED, "identity"));
    let management = json!({"identity_policies": [everything()], "rcps": rcps,
        "principal_is_in_management_account": true});
    assert_eq!(asked(ALICE, "sqs:SendMessage", QUEUE, management), (ALLOWED, "identity"));
    let service = json!({"resource_policy": to("Allow", json!("*")), "rcps": rcps});
    assert_eq!(asked("sns.amazonaws.com", "sqs:SendMessage", QUEUE, service), (EXPLICIT, "rcp"));
}

#[test]
fn the_first_denying_layer_is_named() {
    let deny = document(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    let denied = to("Deny", json!("*"));
    let layers = json!({"identity_policies": [deny], "resource_policy": denied, "vpc_endpoint_policies": [denied]});
    assert_eq!(asked(ALICE, "sqs:SendMessage", QUEUE, layers.clone()), (EXPLICIT, "endpoint"));
    let mut with_scp = layers;
    with_scp["scps"] = json!([[deny]]);
    with_scp["rcps"] = json!([[denied]]);
    assert_eq!(asked(ALICE, "sqs:SendMessage", QUEUE, with_scp), (EXPLICIT, "scp"));
}

#[test]
fn a_grant_in_the_resource_policy_may_stand_alone() {
    let by = |caller, principal, boundary: Value, session: Value| {
        let layers = json!({"resource_policy": to("Allow", principal), "permissions_boundaries": boundary,
            "session_policies": session});
        asked(caller, "sqs:SendMessage", QUEUE, layers)
    };
    let (limit, none) = (json!([nothing()]), json!([]));
    assert_eq!(by(ALICE, json!({"AWS": ALICE}), limit.clone(), none.clone()), (ALLOWED, "resource"));
    assert_eq!(by(SESSION, json!({"AWS": ROLE}), none.clone(), none.clone()), (ALLOWED, "resource"));
    assert_eq!(by(SESSION, json!({"AWS": ROLE}), limit.clone(), none.clone()), (IMPLICIT, "boundary"));
    assert_eq!(by(SESSION, json!({"AWS": ROLE}), none.clone(), limit.clone()), (IMPLICIT, "session"));
    assert_eq!(by(SESSION, json!({"AWS": SESSION}), limit.clone(), limit.clone()), (ALLOWED, "resource"));
    assert_eq!(by(SESSION, json!("*"), limit.clone(), none.clone()), (ALLOWED, "resource"));
    assert_eq!(by(SESSION, json!({"AWS": "*"}), none.clone(), limit.clone()), UNKNOWN);
    assert_eq!(by(ALICE, json!({"AWS": ROOT}), none.clone(), none.clone()), (IMPLICIT, "identity"));
    assert_eq!(by(ROLE, json!({"AWS": SESSION}), none.clone(), none.clone()), (IMPLICIT, "identity"));
    assert_eq!(by(FEDERATED, json!({"AWS": FEDERATED}), none.clone(), none), (ALLOWED, "resource"));
}

#[test]
fn both_accounts_must_allow() {
    let send = |layers| asked(STRANGER, "sqs:SendMessage", QUEUE, layers);
    assert_eq!(send(json!({"identity_policies": [everything()]})), (IMPLICIT, "resource"));
    assert_eq!(send(json!({"resource_policy": to("Allow", json!("*"))})), (IMPLICIT, "identity"));
    let both = |principal| json!({"identity_policies": [everything()], "resource_policy": to("Allow", principal)});
    assert_eq!(send(both(json!({"AWS": "444455556666"}))), (ALLOWED, "identity"));
    assert_eq!(send(both(json!({"AWS": "arn:aws-cn:iam::444455556666:root"}))), (IMPLICIT, "resource"));
}

#[test]
fn callers_without_an_account_need_the_resource_policy() {
    let send = |caller, principal| {
        let layers = json!({"identity_policies": [everything()], "resource_policy": to("Allow", principal)});
        asked(caller, "sqs:SendMessage", QUEUE, layers)
    };
    assert_eq!(send("sns.amazonaws.com", json!({"Service": "sns.amazonaws.com"})), (ALLOWED, "resource"));
    assert_eq!(send("sns.amazonaws.com", json!({"Service": "s3.amazonaws.com"})), (IMPLICIT, "resource"));
    assert_eq!(send("anonymous", json!("*")), (ALLOWED, "resource"));
    assert_eq!(send("anonymous", json!({"AWS": ROOT})), (IMPLICIT, "resource"));
}

#[test]
fn the_root_user_is_stopped_by_the_organization_and_by_resource_denials_only() {
    let limit = json!({"permissions_boundaries": [nothing()], "identity_policies": [nothing()]});
    assert_eq!(asked(ROOT, "sqs:DeleteQueue", QUEUE, limit), (ALLOWED, "root"));
    let denied = json!({"resource_policy": to("Deny", json!("*")), "resource_account": "111122223333"});
    assert_eq!(asked(ROOT, "sqs:DeleteQueue", QUEUE, denied.clone()), (EXPLICIT, "resource"));
    assert_eq!(asked(ROOT, "s3:DeleteBucket", "arn:aws:s3:::b", denied.clone()), (EXPLICIT, "resource"));
    assert_eq!(asked(ROOT, "s3:PutBucketPolicy", "arn:aws:s3:::b", denied), (ALLOWED, "root"));
    let trust = json!({"resource_policy": trusting(json!("*"))});
    assert_eq!(asked(ROOT, "sts:AssumeRole", ROLE, trust), (IMPLICIT, "root"));
}

#[test]
fn a_role_is_assumed_by_its_trust_policy() {
    let assume = |caller, layers| asked(caller, "sts:AssumeRole", ROLE, layers);
    assert_eq!(assume(ALICE, json!({"identity_policies": [everything()]})), (IMPLICIT, "trust"));
    assert_eq!(assume(ALICE, json!({"resource_policy": trusting(json!({"AWS": ALICE}))})), (ALLOWED, "trust"));
    assert_eq!(assume(ALICE, json!({"resource_policy": trusting(json!({"AWS": ROOT}))})), (IMPLICIT, "identity"));
    let both = json!({"resource_policy": trusting(json!({"AWS": ROOT})), "identity_policies": [everything()]});
    assert_eq!(assume(ALICE, both), (ALLOWED, "trust"));
    // A trust policy has no resource.
    assert_eq!(assume(ALICE, json!({"resource_policy": to("Allow", json!({"AWS": ALICE}))})), UNKNOWN);
    let provider = "arn:aws:iam::111122223333:oidc-provider/idp.example.com";
    let trust = json!({"resource_policy": trusting(json!({"Federated": provider}))});
    assert_eq!(asked(provider, "sts:AssumeRoleWithWebIdentity", ROLE, trust), (ALLOWED, "trust"));
}

#[test]
fn a_key_is_governed_by_its_policy() {
    let decrypt = |layers| asked(ALICE, "kms:Decrypt", KEY, layers);
    assert_eq!(decrypt(json!({"identity_policies": [everything()]})), (IMPLICIT, "resource"));
    let delegated = to("Allow", json!({"AWS": ROOT}));
    assert_eq!(decrypt(json!({"resource_policy": delegated})), (IMPLICIT, "identity"));
    let both = json!({"resource_policy": delegated, "identity_policies": [everything()]});
    assert_eq!(decrypt(both), (ALLOWED, "identity"));
    assert_eq!(decrypt(json!({"resource_policy": to("Allow", json!({"AWS": ALICE}))})), (ALLOWED, "resource"));
    let grants = |operation: &str| json!({"Grants": [{"GranteePrincipal": ALICE, "Operations": [operation]}]});
    assert_eq!(decrypt(json!({"resource_properties": grants("Decrypt")})), (ALLOWED, "resource"));
    assert_eq!(decrypt(json!({"resource_properties": grants("Encrypt")})), (IMPLICIT, "resource"));
    assert_eq!(asked(ROOT, "kms:Decrypt", KEY, json!({})), (IMPLICIT, "resource"));
}

#[test]
fn an_access_point_passes_on_to_its_bucket() {
    let read = |caller, point: Value, bucket: Value, identity: Value| {
        let layers = json!({"resource_policy": point, "identity_policies": identity,
            "resource_properties": {"Bucket": "b", "BucketPolicy": bucket}});
        asked(caller, "s3:GetObject", POINT, layers)
    };
    let grant = || to("Allow", json!({"AWS": ALICE}));
    let delegating = document(json!({"Effect": "Allow", "Principal": "*", "Action": "*",
        "Resource": "arn:aws:s3:::b/a.csv",
        "Condition": {"StringEquals": {"s3:DataAccessPointAccount": "111122223333"}}}));
    assert_eq!(read(ALICE, grant(), delegating.clone(), json!([])), (ALLOWED, "resource"));
    assert_eq!(read(ALICE, grant(), nothing(), json!([])), (IMPLICIT, "identity"));
    assert_eq!(read(ALICE, nothing(), nothing(), json!([everything()])), (ALLOWED, "identity"));
    assert_eq!(read(ALICE, grant(), to("Deny", json!("*")), json!([everything()])), (EXPLICIT, "resource"));
    let foreign = || to("Allow", json!({"AWS": STRANGER}));
    assert_eq!(read(STRANGER, foreign(), delegating, json!([everything()])), (ALLOWED, "identity"));
    assert_eq!(read(STRANGER, foreign(), nothing(), json!([everything()])), (IMPLICIT, "resource"));
}

#[test]
fn federated_users_need_session_policies() {
    let send = |layers| asked(FEDERATED, "sqs:SendMessage", QUEUE, layers);
    assert_eq!(send(json!({"identity_policies": [everything()]})), (IMPLICIT, "session"));
    let passed = json!({"identity_policies": [everything()], "session_policies": [everything()]});
    assert_eq!(send(passed), (ALLOWED, "identity"));
}

#[test]
fn some_requests_need_no_permission_and_some_are_always_refused() {
    let deny = json!({"identity_policies": [document(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}))]});
    assert_eq!(asked(ALICE, "sts:GetCallerIdentity", "*", deny.clone()), (ALLOWED, "identity"));
    assert_eq!(asked(ALICE, "sts:GetSessionToken", "*", deny), (ALLOWED, "identity"));
    assert_eq!(asked("anonymous", "sts:GetCallerIdentity", "*", json!({})), (IMPLICIT, "resource"));
    let all = || json!({"identity_policies": [everything()]});
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a";
    assert_eq!(asked(ALICE, "iam:DeleteRole", reserved, all()), (IMPLICIT, "resource"));
    assert_eq!(asked(ALICE, "iam:GetRole", reserved, all()), (ALLOWED, "identity"));
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    assert_eq!(asked(ALICE, "iam:PutRolePolicy", linked, all()), (IMPLICIT, "resource"));
    assert_eq!(asked(ALICE, "iam:DeleteServiceLinkedRole", linked, all()), (ALLOWED, "identity"));
    assert_eq!(asked(ALICE, "iam:DeletePolicy", "arn:aws:iam::aws:policy/X", all()), (IMPLICIT, "resource"));
}

#[test]
fn unreadable_documents_matter_only_where_the_verdict_depends_on_them() {
    let send = |layers| asked(ALICE, "sqs:SendMessage", QUEUE, layers);
    assert_eq!(send(json!({"identity_policies": [unreadable()]})), UNKNOWN);
    assert_eq!(send(json!({"identity_policies": [everything(), unreadable()]})), UNKNOWN);
    let denied = document(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    assert_eq!(send(json!({"identity_policies": [unreadable(), denied]})), (EXPLICIT, "identity"));
    // Denied whatever the service control policy says.
    assert_eq!(send(json!({"scps": [[unreadable()]]})), (IMPLICIT, "identity"));
    for broken in [
        json!({"Effect": "allow"}),
        json!({"NotAction": "*"}),
        json!({"NotResource": "*"}),
        json!({"Action": 1}),
        json!({"Principal": "*"}),
        json!({"Condition": {"StringMatches": {"aws:username": "*"}}}),
        json!({"Condition": {"NullIfExists": {"aws:username": "true"}}}),
        json!({"Extra": "x"}),
    ] {
        assert_eq!(by_statement(broken.clone(), json!({})), UNKNOWN, "{broken}");
    }
}

#[test]
fn actions_and_resources_match_by_pattern() {
    let allowed = |statement| by_statement(statement, json!({})).0;
    assert_eq!(allowed(json!({"Action": "SQS:sendmess?ge"})), ALLOWED);
    assert_eq!(allowed(json!({"Action": []})), IMPLICIT);
    assert_eq!(allowed(json!({"Action": "*:*"})), "unknown");
    assert_eq!(allowed(json!({"Action": ["*:*", "sqs:*"]})), ALLOWED);
    assert_eq!(allowed(json!({"Resource": "arn:AWS:sqs:eu-*:1111*:j?bs"})), ALLOWED);
    assert_eq!(allowed(json!({"Resource": "arn:aws:sqs:*:jobs"})), "unknown");
    assert_eq!(allowed(json!({"Resource": "arn:aws:sqs:eu-west-1:111122223333:JOBS"})), IMPLICIT);
    assert_eq!(allowed(json!({"Resource": "arn:aws:sqs"})), ALLOWED);
    let excluded = |not_resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": "*", "NotResource": not_resource});
        let layers = json!({"identity_policies": [document(json!([statement]))]});
        asked(ALICE, "sqs:SendMessage", QUEUE, layers)
    };
    assert_eq!(excluded("arn:aws:sqs:*:*:other"), (ALLOWED, "identity"));
    assert_eq!(excluded("arn:aws:sqs:*:*:jobs"), (IMPLICIT, "identity"));
    assert_eq!(excluded("arn:aws:sqs:*:*:${aws:PrincipalTag/none}"), UNKNOWN);
}

#[test]
fn actions_without_resource_types_are_authorised_against_everything() {
    let describe = |resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
        let layers = json!({"identity_policies": [document(statement)]});
        asked(ALICE, "ec2:DescribeInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", layers).0
    };
    assert_eq!(describe("*"), ALLOWED);
    assert_eq!(describe("arn:aws:ec2:*:*:instance/*"), IMPLICIT);
}

#[test]
fn all_resources_must_be_allowed() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:ec2:*:*:instance/i-1"});
    let run = |second: &str| {
        let case = json!({"request": {"principal": ALICE, "action": "ec2:RunInstances", "resource": [
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", second]},
            "identity_policies": [document(statement.clone())]});
        judge(&case).decision
    };
    assert_eq!(run("arn:aws:ec2:eu-west-1:111122223333:instance/i-1"), ALLOWED);
    assert_eq!(run("arn:aws:ec2:eu-west-1:111122223333:subnet/s-1"), IMPLICIT);
}

#[test]
fn missing_keys_fail_operators_and_satisfy_their_negations() {
    let missing = |operator: &str, value: &str| under(json!({operator: {"aws:PrincipalTag/t": value}}), json!({}));
    assert_eq!(missing("StringEquals", "x"), IMPLICIT);
    assert_eq!(missing("StringNotEquals", "x"), ALLOWED);
    assert_eq!(missing("StringEqualsIfExists", "x"), ALLOWED);
    assert_eq!(missing("ForAllValues:StringEquals", "x"), ALLOWED);
    assert_eq!(missing("ForAnyValue:StringNotEquals", "x"), IMPLICIT);
    assert_eq!(missing("ForAnyValue:StringEqualsIfExists", "x"), "unknown");
    assert_eq!(missing("Null", "true"), ALLOWED);
    assert_eq!(missing("Null", "false"), IMPLICIT);
    assert_eq!(missing("Bool", "false"), IMPLICIT);
    assert_eq!(missing("NumericLessThan", "5"), IMPLICIT);
    assert_eq!(missing("NotIpAddress", "10.0.0.0/8"), ALLOWED);
}

#[test]
fn several_values_need_a_set_operator() {
    let keys = |operator: &str, values: Value| {
        under(json!({operator: {"aws:TagKeys": values}}), json!({"aws:tagkeys": ["env", "team"]}))
    };
    assert_eq!(keys("StringEquals", json!(["env", "team"])), IMPLICIT);
    assert_eq!(keys("StringNotEquals", json!("cost")), IMPLICIT);
    assert_eq!(keys("ForAllValues:StringEquals", json!(["env", "team"])), ALLOWED);
    assert_eq!(keys("ForAllValues:StringEquals", json!("env")), IMPLICIT);
    assert_eq!(keys("ForAnyValue:StringNotEquals", json!("env")), ALLOWED);
    assert_eq!(keys("ForAllValues:StringNotEquals", json!("env")), IMPLICIT);
    assert_eq!(keys("Null", json!("false")), ALLOWED);
    // Documented as multivalued, even with one value or none.
    assert_eq!(under(json!({"StringEquals": {"aws:TagKeys": "env"}}), json!({"aws:TagKeys": ["env"]})), IMPLICIT);
    assert_eq!(under(json!({"StringNotEquals": {"aws:TagKeys": "env"}}), json!({})), ALLOWED);
    assert_eq!(under(json!({"StringEqualsIfExists": {"aws:TagKeys": "env"}}), json!({})), ALLOWED);
}

#[test]
fn operators_compare_as_documented() {
    let compare =
        |operator: &str, wanted: Value, found: &str| under(json!({operator: {"x:k": wanted}}), json!({"X:K": [found]}));
    for (operator, wanted, found) in [
        ("StringNotEquals", json!(["a", "b"]), "c"),
        ("StringEqualsIgnoreCase", json!("ABC"), "abc"),
        ("StringLike", json!("a*c?"), "abbcd"),
        ("NumericEquals", json!(3600), "3600.0"),
        ("NumericLessThan", json!("-5"), "-5.5"),
        ("NumericGreaterThan", json!("9007199254740992"), "9007199254740993"),
        ("DateEquals", json!("2026-11-22T13:00:00+01:00"), "2026-11-22T12:00:00Z"),
        ("DateLessThan", json!("2026-11-23"), "1795305600"),
        ("Bool", json!(true), "TRUE"),
        ("BinaryEquals", json!("QmluYXJ5"), "QmluYXJ5"),
        ("IpAddress", json!("192.0.2.9/24"), "192.0.2.1"),
        ("IpAddress", json!("2001:db8::/32"), "2001:db8::1"),
        ("NotIpAddress", json!("10.0.0.0/8"), "2001:db8::1"),
        ("ArnLike", json!("arn:aws:*:*:1111*:trail/a:*"), "arn:aws:cloudtrail:eu-west-1:111122223333:trail/a:b"),
    ] {
        assert_eq!(compare(operator, wanted.clone(), found), ALLOWED, "{operator} {wanted} {found}");
    }
    for (operator, wanted, found) in [
        ("StringEquals", json!("a*"), "ab"),
        ("StringNotLike", json!(["x", "a*"]), "ab"),
        ("NumericEquals", json!("5"), "five"),
        ("IpAddress", json!("0.0.0.0/0"), "dynamodb.amazonaws.com"),
        ("ArnLike", json!("arn:aws:*:trail/a"), "arn:aws:cloudtrail:eu-west-1:111122223333:trail/a"),
        ("ArnEquals", json!("arn:aws:sqs:*:*:JOBS"), QUEUE),
    ] {
        assert_eq!(compare(operator, wanted.clone(), found), IMPLICIT, "{operator} {wanted} {found}");
    }
    for (operator, wanted, found) in [
        ("NumericNotEquals", "5", "five"),
        ("DateNotEquals", "2026-11-22", "today"),
        ("NotIpAddress", "10.0.0.0/8", "dynamodb.amazonaws.com"),
        ("Bool", "${aws:PrincipalTag/mfa, 'true'}", "true"),
    ] {
        assert_eq!(compare(operator, json!(wanted), found), "unknown", "{operator} {wanted} {found}");
    }
}

#[test]
fn variables_are_replaced_in_the_newer_version_only() {
    let like = |pattern: &str| under(json!({"StringLike": {"x:k": pattern}}), json!({"x:k": ["alice*"]}));
    assert_eq!(like("${AWS:UserName}*"), ALLOWED);
    assert_eq!(like("${aws:username}${*}"), ALLOWED);
    assert_eq!(like("${aws:PrincipalTag/none}*"), IMPLICIT);
    assert_eq!(like("${aws:PrincipalTag/none, 'ali'}*"), ALLOWED);
    // A substituted star is a character.
    let literal = under(json!({"StringLike": {"x:k": "${x:star}"}}), json!({"x:k": ["abc"], "x:star": ["a*"]}));
    assert_eq!(literal, IMPLICIT);
    let unresolved = under(json!({"StringNotEquals": {"x:k": "${x:none}"}}), json!({"x:k": ["abc"]}));
    assert_eq!(unresolved, ALLOWED);
    let old = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"x:k": "${aws:username}"}}}});
    let by_old = |found: &str| {
        asked(ALICE, "sqs:SendMessage", QUEUE, json!({"identity_policies": [old], "context": {"x:k": [found]}})).0
    };
    assert_eq!((by_old("alice"), by_old("${aws:username}")), (IMPLICIT, ALLOWED));
}

#[test]
fn keys_that_follow_from_the_request_are_filled_in() {
    let is = |caller: &str, key: &str, value: &str| {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringEquals": {key: value}}});
        asked(caller, "sqs:SendMessage", QUEUE, json!({"resource_policy": document(statement)})).0 == ALLOWED
    };
    assert!(is(ALICE, "aws:username", "alice"));
    assert!(is(SESSION, "aws:PrincipalArn", "arn:aws:iam::111122223333:role/Deploy"));
    assert!(is(SESSION, "aws:PrincipalType", "AssumedRole"));
    assert!(is(ALICE, "aws:RequestedRegion", "eu-west-1"));
    assert!(is(ALICE, "aws:ResourceAccount", "111122223333"));
    assert!(is("sns.amazonaws.com", "aws:PrincipalServiceName", "sns.amazonaws.com"));
    assert!(is("anonymous", "aws:PrincipalAccount", "anonymous"));
    assert!(is(ALICE, "aws:ViaAWSService", "false"));
}

#[test]
fn bucket_tags_count_only_with_attribute_based_access_control() {
    let tagged = document(json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/env": "test"}}}));
    let delete = |properties: Value| {
        let layers = json!({"identity_policies": [tagged], "context": {"aws:ResourceTag/env": ["test"]},
            "resource_properties": properties});
        asked(ALICE, "s3:DeleteBucket", "arn:aws:s3:::b", layers).0
    };
    assert_eq!(delete(json!({})), IMPLICIT);
    assert_eq!(delete(json!({"AbacStatus": "Enabled"})), ALLOWED);
}

#[test]
fn not_principal_spares_only_who_is_listed_with_every_arn() {
    let denied = |caller, listed: Value, boundary: Value| {
        let statement = json!({"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"});
        let layers = json!({"identity_policies": [everything()], "permissions_boundaries": boundary,
            "resource_policy": document(statement)});
        asked(caller, "sqs:SendMessage", QUEUE, layers)
    };
    let none = || json!([]);
    assert_eq!(denied(ALICE, json!([ALICE]), none()), (EXPLICIT, "resource"));
    assert_eq!(denied(ALICE, json!([ALICE, ROOT]), none()), (ALLOWED, "identity"));
    assert_eq!(denied(ALICE, json!([ALICE, ROOT]), json!([everything()])), (EXPLICIT, "resource"));
    assert_eq!(denied(SESSION, json!([ROLE, ROOT]), none()), (EXPLICIT, "resource"));
    assert_eq!(denied(SESSION, json!([ROLE, ROOT, SESSION]), none()), (ALLOWED, "identity"));
    assert_eq!(denied(ROLE, json!([ROLE, ROOT]), none()), (EXPLICIT, "resource"));
    assert_eq!(denied(ROLE, json!([ROLE, ROOT, SESSION]), none()), UNKNOWN);
    let granted = |listed: &str| {
        let statement = json!({"Effect": "Allow", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"});
        asked("anonymous", "sqs:SendMessage", QUEUE, json!({"resource_policy": document(statement)})).0
    };
    assert_eq!(granted(ALICE), ALLOWED);
}

#[test]
fn wildcards_agree_with_regular_expressions() {
    let strategy = ("[ab*?.]{0,6}", "[ab.]{0,8}");
    TestRunner::new(Config::with_cases(2000))
        .run(&strategy, |(pattern, text)| {
            let expression = regex::escape(&pattern).replace(r"\*", ".*").replace(r"\?", ".");
            let expression = regex::Regex::new(&format!("(?s)^{expression}$")).unwrap();
            prop_assert_eq!(text_matches(&tokens(&pattern), &text), expression.is_match(&text));
            Ok(())
        })
        .unwrap();
}

/// Every document of a case, wherever it is.
fn for_each_document(value: &mut Value, change: &dyn Fn(&mut Value)) {
    match value {
        Value::Object(fields) if fields.contains_key("Statement") => change(value),
        Value::Object(fields) => fields.values_mut().for_each(|value| for_each_document(value, change)),
        Value::Array(values) => values.iter_mut().for_each(|value| for_each_document(value, change)),
        _ => {}
    }
}

#[test]
fn the_order_of_statements_and_documents_changes_nothing() {
    TestRunner::new(Config::with_cases(1000))
        .run(&cases(), |case| {
            let mut reversed = case.clone();
            for_each_document(&mut reversed, &|document| {
                if let Value::Array(statements) = &mut document["Statement"] {
                    statements.reverse();
                }
            });
            for layer in ["identity_policies", "session_policies", "scps", "rcps"] {
                if let Some(Value::Array(documents)) = reversed.get_mut(layer) {
                    documents.reverse();
                }
            }
            prop_assert_eq!(judge(&case), judge(&reversed));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_denial_of_everything_by_the_organization_leaves_nothing() {
    let deny = document(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    let from_accounts = cases().prop_filter("needs an account, and a permission", |case| {
        let request = &case["request"];
        let principal = request["principal"].as_str().unwrap();
        principal.starts_with("arn:aws:")
            && !principal.contains("provider/")
            && !principal.contains("aws-service-role/")
            && !principal.contains("AWSServiceRoleFor")
            && request["action"] != "sts:GetCallerIdentity"
    });
    TestRunner::new(Config::with_cases(1000))
        .run(&from_accounts, |mut case| {
            case["principal_is_in_management_account"] = json!(false);
            case["scps"] = json!([[deny]]);
            prop_assert_eq!(judge(&case), Verdict::explicit_deny("scp"));
            Ok(())
        })
        .unwrap();
}

#[test]
fn an_unreadable_policy_beside_others_settles_nothing() {
    TestRunner::new(Config::with_cases(1000))
        .run(&cases(), |case| {
            let before = judge(&case).decision;
            let mut after = case.clone();
            match &mut after["identity_policies"] {
                Value::Array(documents) => documents.push(unreadable()),
                other => *other = json!([unreadable()]),
            }
            let after = judge(&after).decision;
            if before == EXPLICIT {
                prop_assert_eq!(after, EXPLICIT);
            } else if before == IMPLICIT {
                prop_assert_ne!(after, ALLOWED);
            } else {
                prop_assert_ne!(after, EXPLICIT);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn generated_cases_reach_every_decision() {
    let strategy = cases();
    let mut runner = TestRunner::deterministic();
    let mut decisions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    let total = 4000_usize;
    for _ in 0..total {
        let verdict = judge(&strategy.new_tree(&mut runner).unwrap().current());
        let by = verdict.decided_by.map(|by| format!(" by {by}")).unwrap_or_default();
        *decisions.entry(verdict.decision).or_default() += 1;
        *verdicts.entry(format!("{}{by}", verdict.decision)).or_default() += 1;
    }
    writeln!(std::io::stdout(), "of {total} generated cases: {decisions:?}\n{verdicts:#?}").unwrap();
    for decision in [ALLOWED, EXPLICIT, IMPLICIT, "unknown"] {
        let count = decisions.get(decision).copied().unwrap_or_default();
        assert!(count * 100 >= total * 3, "{decision}: {count} of {total}");
    }
    let allowed = decisions[ALLOWED];
    assert!(allowed * 4 >= total && allowed * 5 <= total * 2, "about a third is allowed, not {allowed} of {total}");
}
