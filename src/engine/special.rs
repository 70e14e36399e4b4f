//! What AWS treats in its own way: requests that need no permission, resources whose policy must allow, callers whom
//! organisation policies do not reach, grants that are no policies.

use super::caller::CallerKind;
use super::compile::Policy;
use super::condition::Condition;
use super::decide::*;
use super::facts::{Facts, Known};
use super::formula::Formula;
use super::principal::Naming;
use crate::base::Arn;
use crate::catalog;
use crate::iam::Quantifier;

/// Whether caller and resource are in one account. A resource without a known account is taken to be in the caller's.
pub(super) fn is_same_account(facts: &Facts<'_>) -> bool {
    match (&facts.caller.account, &facts.target.account) {
        (Some(caller), Some(target)) => **caller == **target,
        (Some(_), None) => true,
        _ => false,
    }
}

/// Whether the resource's policy must allow, even in the caller's own account.
pub(super) fn needs_resource_side(facts: &Facts<'_>) -> bool {
    is_trust(facts) || is_key(facts)
}

/// Whether a trust policy decides.
pub fn is_trust(facts: &Facts<'_>) -> bool {
    is_trusted(facts.action, &facts.target.arn)
}

/// Whether a trust policy decides an action (in lower case) on what has this ARN.
pub fn is_trusted(action: &str, arn: &str) -> bool {
    let is_role = |arn: Arn<'_>| arn.service == "iam" && arn.resource.starts_with("role/");
    assumes_role(action) && Arn::parse(arn).is_some_and(is_role)
}

/// Whether the action (in lower case) is one that a role's trust policy must allow.
pub fn assumes_role(action: &str) -> bool {
    matches!(
        action,
        "sts:assumerole"
            | "sts:assumerolewithsaml"
            | "sts:assumerolewithwebidentity"
            | "sts:tagsession"
            | "sts:setsourceidentity"
    )
}

/// Whether a key policy decides. Aliases have none.
pub(super) fn is_key(facts: &Facts<'_>) -> bool {
    facts.target.parsed().is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))
}

/// Requests that need no permission and cannot be refused.
///
/// Sources: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
pub(super) fn needs_no_permission(facts: &Facts<'_>) -> bool {
    match facts.action {
        "sts:getcalleridentity" => !matches!(facts.caller.kind, CallerKind::Anonymous | CallerKind::Federated),
        "sts:getsessiontoken" => matches!(facts.caller.kind, CallerKind::User | CallerKind::Root),
        _ => false,
    }
}

/// Roles that AWS keeps to itself, and its own managed policies, refuse changes whatever a policy says.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>
pub(super) fn is_protected_by_aws(facts: &Facts<'_>) -> bool {
    let Some(name) = facts.action.strip_prefix("iam:") else { return false };
    if ["get", "list", "generate", "simulate"].iter().any(|reads| name.starts_with(reads)) {
        return false;
    }
    let Some(arn) = facts.target.parsed().filter(|arn| arn.service == "iam") else { return false };
    if arn.resource.starts_with("role/aws-reserved/") {
        return name != "passrole";
    }
    if arn.resource.starts_with("role/aws-service-role/") {
        // Tags are the account's own: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html
        let permitted = [
            "deleteservicelinkedrole",
            "createservicelinkedrole",
            "updateroledescription",
            "passrole",
            "tagrole",
            "untagrole",
            "updaterole",
        ];
        return !permitted.contains(&name);
    }
    arn.account == "aws"
        && [
            "createpolicyversion",
            "deletepolicy",
            "deletepolicyversion",
            "setdefaultpolicyversion",
            "tagpolicy",
            "untagpolicy",
        ]
        .contains(&name)
}

/// When the kind of the caller's credentials lets the request through at all, whatever policies say; and the layer to
/// name where it does not.
///
/// Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
pub(super) fn by_credentials(facts: &Facts<'_>, stack_of_management_account: bool) -> (Layer, Formula) {
    let service = facts.action.split_once(':').map_or("", |(service, _)| service);
    match (&facts.caller.kind, service) {
        (CallerKind::FederatedUser, "sts") => (Layer::Session, Formula::False),
        (CallerKind::FederatedUser, "iam") => {
            (Layer::Session, Formula::undecided("whether the session of GetFederationToken is one of the console"))
        }
        (CallerKind::Role | CallerKind::Session { .. }, "sts")
            if matches!(facts.action, "sts:getfederationtoken" | "sts:getsessiontoken") =>
        {
            (Layer::Session, Formula::False)
        }
        _ if assumes_root(facts) => (Layer::Resource, may_assume_root(facts, stack_of_management_account)),
        _ => (Layer::Identity, Formula::True),
    }
}

/// Whether the request asks for a session of a member account's root user. No policy of that account has a say.
pub(super) fn assumes_root(facts: &Facts<'_>) -> bool {
    asks_no_resource(facts.action)
}

/// Whether the action (in lower case) reaches into another account without a policy of that account's having a say.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
pub fn asks_no_resource(action: &str) -> bool {
    action == "sts:assumeroot"
}

/// Only the management account and the delegated administrator for IAM can do it, to other accounts.
fn may_assume_root(facts: &Facts<'_>, management_account: bool) -> Formula {
    match facts.organization {
        Some(None) => Formula::False,
        _ if management_account => Formula::constant(!is_same_account(facts)),
        _ => Formula::undecided("whether the caller's account is the delegated administrator for IAM"),
    }
}

pub(super) fn owner_may_always_repair(facts: &Facts<'_>) -> bool {
    facts.caller.kind == CallerKind::Root
        && is_same_account(facts)
        && matches!(facts.action, "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy")
}

/// Service control policies follow the caller: not those of the management account, not service-linked roles, not
/// callers without an account.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
pub fn scps_apply(facts: &Facts<'_>, stack: &Stack<'_>) -> bool {
    (facts.caller.has_identity() || facts.caller.kind == CallerKind::Root)
        && !stack.management_account
        && !facts.caller.service_linked
}

/// Resource control policies follow the resource, whoever calls, for the services that support them.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
pub fn rcps_apply(facts: &Facts<'_>, stack: &Stack<'_>) -> bool {
    let service = facts.action.split_once(':').map_or("", |(service, _)| service);
    let aws_managed_key = facts.target.property("KeyManager") == Some("AWS");
    catalog::supports_resource_control_policies(service)
        && facts.action != "kms:retiregrant"
        && !facts.caller.service_linked
        && !aws_managed_key
        && !(stack.management_account && is_same_account(facts))
}

/// A grant on a KMS key is a third source of permission, for the principal it names.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
pub(super) fn add_kms_grants(facts: &Facts<'_>, resource: &mut ResourceGrants) {
    if !is_key(facts) {
        return;
    }
    let operation = facts.action.strip_prefix("kms:").unwrap_or("");
    let grants =
        facts.target.properties.and_then(|properties| properties.get("Grants")).and_then(|value| value.as_array());
    for grant in grants.into_iter().flatten() {
        let operations = grant.get("Operations").and_then(serde_json::Value::as_array);
        let covers = operations.is_some_and(|all| {
            all.iter().filter_map(|one| one.as_str()).any(|one| one.eq_ignore_ascii_case(operation))
        });
        let grantee = grant.get("GranteePrincipal").and_then(serde_json::Value::as_str);
        if let Some(grantee) = grantee.filter(|_| covers) {
            let fits = fits_constraints(grant, operation, facts);
            for (naming, under) in Naming::by(grantee, facts) {
                resource.allow(naming, under.and(fits.clone()));
            }
        }
    }
}

/// Under what the encryption context of a request is one that the grant is for.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
pub(super) fn fits_constraints(grant: &serde_json::Value, operation: &str, facts: &Facts<'_>) -> Formula {
    // Other operations have no encryption context, and no constraint holds for them.
    if !["encrypt", "decrypt", "reencrypt", "generatedatakey"].iter().any(|prefix| operation.starts_with(prefix)) {
        return Formula::True;
    }
    let pairs = |name: &str| {
        let constraint = grant.get("Constraints").and_then(|all| all.get(name)).and_then(serde_json::Value::as_object);
        constraint.filter(|pairs| !pairs.is_empty())
    };
    let mut conditions = Vec::new();
    let equal = pairs("EncryptionContextEquals");
    for (key, value) in pairs("EncryptionContextSubset").into_iter().chain(equal).flatten() {
        let values = value.as_str().map(str::to_owned).into_iter().collect();
        conditions.push(Condition::strings_equal(None, format!("kms:EncryptionContext:{key}"), values));
    }
    if let Some(pairs) = equal {
        let keys = pairs.keys().cloned().collect();
        let each = Some(Quantifier::ForAllValues);
        conditions.push(Condition::strings_equal(each, "kms:EncryptionContextKeys".to_owned(), keys));
    }
    Formula::all(conditions.iter().map(|condition| condition.holds(facts)))
}

/// What the bucket's policy says of a request that comes through an access point: the resource is then the bucket's.
pub(super) fn bucket_behind(
    facts: &Facts<'_>,
    policy: &Policy,
    bounded: bool,
    trace: &mut Option<&mut Vec<Applied>>,
) -> ResourceGrants {
    let name = facts.target.property("Bucket").unwrap_or("*");
    let partition = facts.target.parsed().map_or("aws", |arn| arn.partition);
    let key = facts.target.parsed().and_then(|arn| arn.resource.split_once("/object/")).map(|(_, key)| key);
    let arn =
        key.map_or_else(|| format!("arn:{partition}:s3:::{name}"), |key| format!("arn:{partition}:s3:::{name}/{key}"));
    let mut target = facts.target.clone();
    target.arn = arn.into();
    // The keys that tell the access point and its region follow from the request, not from the bucket.
    let mut context = facts.context.clone();
    for key in ["s3:DataAccessPointArn", "s3:DataAccessPointAccount", "aws:RequestedRegion"] {
        if let Known::Values(values) = facts.known(&super::formula::Key::new(key)) {
            context.set(key, values.into_iter().map(std::borrow::Cow::into_owned).collect());
        }
    }
    let facts = Facts { target: &target, context: &context, ..*facts };
    ResourceGrants::of(policy, &facts, bounded, Layer::Resource, trace)
}
