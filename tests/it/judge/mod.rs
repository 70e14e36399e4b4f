//! The judge: a second, slow, literal implementation of AWS policy evaluation, written from the documentation and
//! sharing no code with the engine, which it judges in property tests.
//!
//! It decides in a closed world: a condition key that the case does not give, and that does not follow from principal
//! and resource, is absent. Whatever AWS does not document, or what a case leaves open, is unknown; the verdict is
//! "unknown" only if it depends on that.

mod condition;
mod document;
pub mod generate;
mod kleene;
mod pattern;
mod principal;
mod request;
mod statement;
#[cfg(test)]
mod tests;

use serde_json::Value;

use document::{Element, Place, Statement, read_document};
use kleene::{False, Kleene, True, Unknown};
use principal::{Naming, allowed_by_not_principal, denied_by_not_principal, naming, read_aws};
use request::{Caller, Request, access_point, at, segments, text};
use statement::applies;

/// The judge's answer to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `allowed`, `explicit-deny`, `implicit-deny` or `unknown`.
    pub decision: &'static str,
    /// The layer that settles it; none when the decision is unknown.
    pub decided_by: Option<&'static str>,
}

impl Verdict {
    fn new(decision: &'static str, by: &'static str) -> Self {
        Self { decision, decided_by: Some(by) }
    }

    fn allowed(by: &'static str) -> Self {
        Self::new("allowed", by)
    }

    fn explicit_deny(by: &'static str) -> Self {
        Self::new("explicit-deny", by)
    }

    fn implicit_deny(by: &'static str) -> Self {
        Self::new("implicit-deny", by)
    }

    fn unknown() -> Self {
        Self { decision: "unknown", decided_by: None }
    }
}

/// Decides a case of `foureyes simulate`.
///
/// `wildcard_only` tells of an action (`ec2:DescribeInstances`) whether it supports no resource type, `rcp_supported`
/// of a service prefix in lower case (`s3`) whether resource control policies apply to the service.
///
/// A request with several resources is allowed only if it is for each of them; an explicit denial decides before
/// anything else, then what lacks an allow.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
pub fn judge_with(case: &Value, wildcard_only: &dyn Fn(&str) -> bool, rcp_supported: &dyn Fn(&str) -> bool) -> Verdict {
    let requests = Request::read_all(case, wildcard_only);
    let verdicts: Vec<Verdict> = requests.iter().map(|request| judge_request(case, request, rcp_supported)).collect();
    let first = |wanted: &dyn Fn(&Verdict) -> bool| verdicts.iter().copied().find(|verdict| wanted(verdict));
    first(&|verdict| verdict.decision == "explicit-deny")
        .or_else(|| first(&|verdict| verdict.decision == "implicit-deny"))
        .or_else(|| first(&|verdict| verdict.decision == "unknown"))
        .or_else(|| first(&|_| true))
        .unwrap_or_else(Verdict::unknown)
}

/// Services whose resource policy must allow, whatever identity policies say, and the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    /// sts:AssumeRole and its kin on a role: the resource policy is the role's trust policy.
    Trust,
    KmsKey,
}

impl Kind {
    fn of(request: &Request) -> Self {
        let (service, name) = request.action_parts();
        let is_trust = name.starts_with("assumerole") || ["tagsession", "setsourceidentity"].contains(&name.as_str());
        match segments(&request.resource) {
            Some([_, _, "iam", _, _, rest]) if service == "sts" && is_trust && rest.starts_with("role/") => Self::Trust,
            Some([_, _, "kms", _, _, rest]) if rest.starts_with("key/") => Self::KmsKey,
            _ => Self::Plain,
        }
    }

    fn layer(self) -> &'static str {
        if self == Self::Trust { "trust" } else { "resource" }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
fn judge_request(case: &Value, request: &Request, rcp_supported: &dyn Fn(&str) -> bool) -> Verdict {
    if needs_no_permission(request) {
        return Verdict::allowed("identity");
    }
    let kind = Kind::of(request);
    let layers = Layers::evaluate(case, request, kind, rcp_supported);
    if let Some(by) = layers.first_deny(kind) {
        return Verdict::explicit_deny(by);
    }
    if is_reserved(request) {
        return Verdict::implicit_deny("resource");
    }
    if credentials_rule_it_out(request) {
        return Verdict::implicit_deny("session");
    }
    // What lacks an allow is denied, whether or not an unreadable policy would deny it as well.
    let steps = Steps::of(&layers, case, request, kind);
    if let Some(by) = steps.first_missing(kind) {
        return Verdict::implicit_deny(by);
    }
    if layers.any_deny() == Unknown || steps.allowed() == Unknown || only_from_the_console(request) {
        return Verdict::unknown();
    }
    Verdict::allowed(match request.caller {
        _ if kind == Kind::Trust => "trust",
        Caller::Root { .. } => {
            if request.same_account() {
                "root"
            } else {
                "resource"
            }
        }
        _ if steps.resource_policy_is_enough == True => "resource",
        _ => "identity",
    })
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
fn needs_no_permission(request: &Request) -> bool {
    match request.action.to_lowercase().as_str() {
        "sts:getcalleridentity" => !matches!(request.caller, Caller::Anonymous),
        "sts:getsessiontoken" => matches!(request.caller, Caller::User { .. } | Caller::Root { .. }),
        _ => false,
    }
}

/// Roles of Identity Center, service-linked roles and AWS managed policies are not the account's to change.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
fn is_reserved(request: &Request) -> bool {
    let (service, name) = request.action_parts();
    let is_read = ["get", "list", "generate", "simulate"].iter().any(|verb| name.starts_with(verb));
    let Some([_, _, "iam", _, account, rest]) = segments(&request.named_resource) else { return false };
    if service != "iam" || is_read {
        return false;
    }
    if account == "aws" && rest.starts_with("policy/") {
        let changes = [
            "createpolicyversion",
            "deletepolicy",
            "deletepolicyversion",
            "setdefaultpolicyversion",
            "tagpolicy",
            "untagpolicy",
        ];
        return changes.contains(&name.as_str());
    }
    if rest.starts_with("role/aws-service-role/") {
        // Their description and their tags can be changed.
        // https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html
        let granted = [
            "deleteservicelinkedrole",
            "updateroledescription",
            "updaterole",
            "passrole",
            "createservicelinkedrole",
            "tagrole",
            "untagrole",
        ];
        return !granted.contains(&name.as_str());
    }
    rest.starts_with("role/aws-reserved/")
}

fn asks_for_root(request: &Request) -> bool {
    request.action.eq_ignore_ascii_case("sts:AssumeRoot")
}

/// What a session can never call, whatever its policies say.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
fn credentials_rule_it_out(request: &Request) -> bool {
    let (service, name) = request.action_parts();
    match request.caller {
        Caller::FederatedUser { .. } => service == "sts",
        Caller::Session { .. } => {
            service == "sts" && ["getfederationtoken", "getsessiontoken"].contains(&name.as_str())
        }
        _ => false,
    }
}

/// A session of GetFederationToken can use IAM in the console only; a case does not say where it is.
fn only_from_the_console(request: &Request) -> bool {
    matches!(request.caller, Caller::FederatedUser { .. }) && request.action_parts().0 == "iam"
}

/// What a set of policies says: whether one denies, whether one allows.
#[derive(Clone, Copy, Debug)]
struct Answer {
    deny: Kleene,
    allow: Kleene,
}

impl Answer {
    /// A layer that does not apply neither denies nor withholds.
    const ABSENT: Self = Self { deny: False, allow: True };
}

/// What a policy with principals says: whether it denies the caller, and allows it by which naming.
#[derive(Clone, Debug, Default)]
struct ResourceAnswer {
    denies: Vec<Kleene>,
    allows: Vec<(Naming, Kleene)>,
}

impl ResourceAnswer {
    fn deny(&self) -> Kleene {
        Kleene::any(self.denies.iter().copied())
    }

    fn allow_by(&self, ways: &[Naming]) -> Kleene {
        Kleene::any(self.allows.iter().filter(|(way, _)| ways.contains(way)).map(|(_, answer)| *answer))
    }

    fn allow(&self) -> Kleene {
        Kleene::any(self.allows.iter().map(|(_, answer)| *answer))
    }
}

/// Every kind of policy that applies to the request.
#[derive(Debug)]
struct Layers {
    scp: Answer,
    rcp_deny: Kleene,
    endpoint: Answer,
    resource: ResourceAnswer,
    /// The policy of the bucket behind an access point.
    bucket: Option<ResourceAnswer>,
    identity: Answer,
    boundary: Answer,
    session: Answer,
}

impl Layers {
    fn evaluate(case: &Value, request: &Request, kind: Kind, rcp_supported: &dyn Fn(&str) -> bool) -> Self {
        Self {
            scp: scps(case, request),
            rcp_deny: rcps(case, request, rcp_supported),
            endpoint: endpoint(case, request),
            resource: resource_policy(case, request, kind),
            bucket: bucket_policy(case, request),
            identity: identity(case, request),
            boundary: boundary(case, request),
            session: session(case, request),
        }
    }

    fn denies(&self, kind: Kind) -> [(&'static str, Kleene); 7] {
        let bucket = self.bucket.as_ref().map_or(False, ResourceAnswer::deny);
        [
            ("scp", self.scp.deny),
            ("rcp", self.rcp_deny),
            ("endpoint", self.endpoint.deny),
            (kind.layer(), self.resource.deny().or(bucket)),
            ("identity", self.identity.deny),
            ("boundary", self.boundary.deny),
            ("session", self.session.deny),
        ]
    }

    fn first_deny(&self, kind: Kind) -> Option<&'static str> {
        self.denies(kind).into_iter().find(|(_, deny)| *deny == True).map(|(layer, _)| layer)
    }

    fn any_deny(&self) -> Kleene {
        Kleene::any(self.denies(Kind::Plain).into_iter().map(|(_, deny)| deny))
    }
}

/// The steps a request must pass, in the order in which a missing allow is reported. Resource control policies never
/// lack one: RCPFullAWSAccess is attached everywhere.
#[derive(Debug)]
struct Steps {
    scp: Kleene,
    endpoint: Kleene,
    /// The root user assumes no roles.
    root: Kleene,
    resource: Kleene,
    identity: Kleene,
    boundary: Kleene,
    session: Kleene,
    /// The resource policy grants the request without help of identity policies.
    resource_policy_is_enough: Kleene,
}

impl Steps {
    fn of(layers: &Layers, case: &Value, request: &Request, kind: Kind) -> Self {
        let steps = match request.caller {
            Caller::Service(_) | Caller::Provider(_) | Caller::Anonymous => Self::resource_policy_alone(layers),
            // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
            Caller::Root { .. } if kind == Kind::Trust || request.action.eq_ignore_ascii_case("sts:AssumeRole") => {
                Self { root: False, ..Self::PASSED }
            }
            Caller::Root { .. } if asks_for_root(request) => Self { root: False, ..Self::PASSED },
            _ if asks_for_root(request) => Self::member_root(layers, case, request),
            _ if request.same_account() => Self::same_account(layers, kind),
            _ => Self::cross_account(layers),
        };
        Self { scp: layers.scp.allow, endpoint: layers.endpoint.allow, ..steps }
    }

    /// Callers without an account of their own: services, the anonymous, whom a provider vouches for.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
    fn resource_policy_alone(layers: &Layers) -> Self {
        let bucket = layers.bucket.as_ref().map_or(True, ResourceAnswer::allow);
        let resource = layers.resource.allow().and(bucket);
        Self { resource, resource_policy_is_enough: resource, ..Self::PASSED }
    }

    /// Both accounts must allow.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
    fn cross_account(layers: &Layers) -> Self {
        let bucket = layers.bucket.as_ref().map_or(True, ResourceAnswer::allow);
        Self {
            resource: layers.resource.allow().and(bucket),
            identity: layers.identity.allow,
            boundary: layers.boundary.allow,
            session: layers.session.allow,
            ..Self::PASSED
        }
    }

    /// A session of a member account's root user: for the management account, and for the delegated administrator for
    /// IAM, of which a case says nothing. Their own permissions decide.
    ///
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
    fn member_root(layers: &Layers, case: &Value, request: &Request) -> Self {
        let in_management_account = at(case, "principal_is_in_management_account") == true;
        let resource = match (in_management_account, request.same_account()) {
            (true, true) => False,
            (true, false) => True,
            (false, _) => Unknown,
        };
        Self {
            resource,
            identity: layers.identity.allow,
            boundary: layers.boundary.allow,
            session: layers.session.allow,
            ..Self::PASSED
        }
    }

    /// A grant in the resource policy may stand alone; how far boundary and session policy limit it depends on the
    /// principal it names. The policy of a role or key must allow, or leave the decision to the account. A grant of
    /// an access point is effective only as far as the bucket grants the same.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html>
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>
    fn same_account(layers: &Layers, kind: Kind) -> Self {
        let (boundary, session) = (layers.boundary.allow, layers.session.allow);
        let (unlimited, limited) = match &layers.bucket {
            None => grants(&layers.resource, session),
            Some(bucket) => {
                let (unlimited, limited) = grants(&layers.resource, session);
                let (bucket_unlimited, bucket_limited) = grants(bucket, session);
                (unlimited.and(bucket_unlimited), limited.and(bucket_limited))
            }
        };
        let (required, delegated) = match kind {
            Kind::Plain => (True, True),
            Kind::Trust | Kind::KmsKey => (layers.resource.allow(), layers.resource.allow_by(&[Naming::Account])),
        };
        Self {
            resource: required,
            identity: limited.or(delegated.and(layers.identity.allow)),
            boundary: unlimited.or(boundary),
            session: unlimited.or(session),
            resource_policy_is_enough: unlimited.or(limited.and(boundary).and(session)),
            ..Self::PASSED
        }
    }

    const PASSED: Self = Self {
        scp: True,
        endpoint: True,
        root: True,
        resource: True,
        identity: True,
        boundary: True,
        session: True,
        resource_policy_is_enough: False,
    };

    fn in_order(&self, kind: Kind) -> [(&'static str, Kleene); 7] {
        [
            ("scp", self.scp),
            ("endpoint", self.endpoint),
            ("root", self.root),
            (kind.layer(), self.resource),
            ("identity", self.identity),
            ("boundary", self.boundary),
            ("session", self.session),
        ]
    }

    fn first_missing(&self, kind: Kind) -> Option<&'static str> {
        self.in_order(kind).into_iter().find(|(_, passed)| *passed == False).map(|(layer, _)| layer)
    }

    fn allowed(&self) -> Kleene {
        Kleene::all(self.in_order(Kind::Plain).into_iter().map(|(_, passed)| passed))
    }
}

/// Which grants of a resource policy need no identity policy in the same account: those that neither boundary nor
/// session policy limit, and all of them, those to the caller's role included.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
fn grants(policy: &ResourceAnswer, session: Kleene) -> (Kleene, Kleene) {
    // Contested: whether a session policy limits a grant to everyone.
    let to_everyone = policy.allow_by(&[Naming::Everyone]).and(session.or(Unknown));
    let unlimited = policy.allow_by(&[Naming::Own, Naming::Session]).or(to_everyone);
    (unlimited, unlimited.or(policy.allow_by(&[Naming::Role])))
}

/// The statements of documents; an unreadable document stands as `None`.
fn read_all(documents: &Value, place: Place) -> Vec<Option<Vec<Statement>>> {
    documents.as_array().into_iter().flatten().map(|document| read_document(document, place)).collect()
}

/// Policies without principals, united. An unreadable one may allow and may deny.
fn union(documents: &Value, place: Place, request: &Request) -> Answer {
    let answers: Vec<Answer> = read_all(documents, place)
        .iter()
        .map(|document| match document {
            None => Answer { deny: Unknown, allow: Unknown },
            Some(statements) => {
                let of = |allow: bool| {
                    let chosen = statements.iter().filter(|statement| statement.allow == allow);
                    Kleene::any(chosen.map(|statement| applies(statement, place, request)))
                };
                Answer { deny: of(false), allow: of(true) }
            }
        })
        .collect();
    Answer {
        deny: Kleene::any(answers.iter().map(|answer| answer.deny)),
        allow: Kleene::any(answers.iter().map(|answer| answer.allow)),
    }
}

/// A policy with principals.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html>
fn with_principals(document: &Value, place: Place, request: &Request) -> ResourceAnswer {
    let Some(statements) = read_document(document, place) else {
        return ResourceAnswer { denies: vec![Unknown], allows: vec![(Naming::Everyone, Unknown)] };
    };
    let mut answer = ResourceAnswer::default();
    for statement in &statements {
        let applies = applies(statement, place, request);
        let namings = match &statement.principal {
            // A statement without a principal speaks about nobody.
            None => Vec::new(),
            Some(Element::Listed(listed)) => listed.iter().map(|named| naming(named, &request.caller)).collect(),
            Some(Element::AllBut(listed)) => {
                let hit = if statement.allow {
                    allowed_by_not_principal(listed, &request.caller)
                } else {
                    denied_by_not_principal(listed, &request.caller, request.has_boundary)
                };
                vec![(Naming::Everyone, hit)]
            }
        };
        for (way, named) in namings {
            if statement.allow {
                answer.allows.push((way, applies.and(named)));
            } else {
                answer.denies.push(applies.and(named));
            }
        }
    }
    answer
}

/// Every level, from the root of the organization to the account, must allow; any may deny.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
fn scps(case: &Value, request: &Request) -> Answer {
    let is_exempt =
        is_in_management_account(case) || request.caller.is_service_linked() || request.caller.account().is_none();
    if is_exempt {
        return Answer::ABSENT;
    }
    let levels: Vec<Answer> = levels(case, "scps").map(|level| union(level, Place::Scp, request)).collect();
    Answer {
        deny: Kleene::any(levels.iter().map(|level| level.deny)),
        allow: Kleene::all(levels.iter().map(|level| level.allow)),
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html>
fn rcps(case: &Value, request: &Request, rcp_supported: &dyn Fn(&str) -> bool) -> Kleene {
    let (service, _) = request.action_parts();
    let is_exempt = request.caller.is_service_linked()
        || !rcp_supported(&service)
        || request.action.eq_ignore_ascii_case("kms:RetireGrant")
        || is_in_management_account(case) && request.same_account();
    if is_exempt {
        return False;
    }
    let documents = levels(case, "rcps").flat_map(|level| level.as_array().into_iter().flatten());
    Kleene::any(documents.map(|document| with_principals(document, Place::Rcp, request).deny()))
}

fn levels<'a>(case: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    at(case, field).as_array().into_iter().flatten()
}

fn is_in_management_account(case: &Value) -> bool {
    at(case, "principal_is_in_management_account") == true
}

/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>
fn endpoint(case: &Value, request: &Request) -> Answer {
    let Some(documents) = given(case, "vpc_endpoint_policies") else { return Answer::ABSENT };
    let answers: Vec<ResourceAnswer> =
        documents.iter().map(|document| with_principals(document, Place::Endpoint, request)).collect();
    Answer {
        deny: Kleene::any(answers.iter().map(ResourceAnswer::deny)),
        allow: Kleene::any(answers.iter().map(ResourceAnswer::allow)),
    }
}

/// A list of documents that is there and not empty.
fn given<'a>(case: &'a Value, field: &str) -> Option<&'a Vec<Value>> {
    at(case, field).as_array().filter(|documents| !documents.is_empty())
}

fn resource_policy(case: &Value, request: &Request, kind: Kind) -> ResourceAnswer {
    let place = if kind == Kind::Trust { Place::Trust } else { Place::Resource };
    let document = at(case, "resource_policy");
    let mut answer = match document {
        Value::Null => ResourceAnswer::default(),
        document => with_principals(document, place, request),
    };
    if kind == Kind::KmsKey {
        answer.allows.extend(kms_grants(case, request));
    }
    if may_always_manage_bucket_policy(request) {
        answer.denies.clear();
    }
    answer
}

/// A grant is an allow of its own, for the principal and the operations it names.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
fn kms_grants(case: &Value, request: &Request) -> Vec<(Naming, Kleene)> {
    let (_, operation) = request.action_parts();
    let grants = at(at(case, "resource_properties"), "Grants").as_array().into_iter().flatten();
    grants
        .filter(|grant| {
            let operations = at(grant, "Operations").as_array().into_iter().flatten();
            operations.filter_map(Value::as_str).any(|granted| granted.to_lowercase() == operation)
        })
        .filter(|grant| fits_encryption_context(at(grant, "Constraints"), &operation, request))
        .map(|grant| naming(&read_aws(&text(grant, "GranteePrincipal")), &request.caller))
        .collect()
}

/// A constraint names pairs that the encryption context must have, or must consist of.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
fn fits_encryption_context(constraints: &Value, operation: &str, request: &Request) -> bool {
    let is_cryptographic = ["decrypt", "encrypt"].contains(&operation)
        || ["generatedatakey", "reencrypt"].iter().any(|o| operation.starts_with(o));
    let has_pairs = |pairs: &Value| {
        pairs.as_object().into_iter().flatten().all(|(key, value)| {
            let found = request.context.values(&format!("kms:EncryptionContext:{key}"));
            found.is_some_and(|found| found.len() == 1 && value.as_str() == Some(&found[0]))
        })
    };
    let has_no_other = |pairs: &Value| {
        let keys = request.context.values("kms:EncryptionContextKeys").unwrap_or_default();
        pairs.as_object().is_none_or(|pairs| pairs.is_empty() || keys.iter().all(|key| pairs.contains_key(key)))
    };
    let (equals, subset) = (at(constraints, "EncryptionContextEquals"), at(constraints, "EncryptionContextSubset"));
    !is_cryptographic || has_pairs(subset) && has_pairs(equals) && has_no_other(equals)
}

/// The root user of the account that owns a bucket keeps its hands on the bucket's policy.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
fn may_always_manage_bucket_policy(request: &Request) -> bool {
    let actions = ["s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"];
    request.caller.is_root() && request.same_account() && actions.contains(&request.action.to_lowercase().as_str())
}

/// The policy of the bucket behind an access point: its deny counts always, its allow is needed across accounts.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>
fn bucket_policy(case: &Value, request: &Request) -> Option<ResourceAnswer> {
    let (_, key) = access_point(&request.resource)?;
    let properties = at(case, "resource_properties");
    let bucket = text(properties, "Bucket");
    let arn = match key {
        Some(key) => format!("arn:aws:s3:::{bucket}/{key}"),
        None => format!("arn:aws:s3:::{bucket}"),
    };
    Some(match at(properties, "BucketPolicy") {
        Value::Null => ResourceAnswer::default(),
        policy => with_principals(policy, Place::Resource, &request.against(arn, properties)),
    })
}

/// The root user has every permission of its account; the other callers what their policies grant.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html>
fn identity(case: &Value, request: &Request) -> Answer {
    match &request.caller {
        Caller::Root { .. } => Answer::ABSENT,
        caller if caller.has_identity_policies() => union(at(case, "identity_policies"), Place::Identity, request),
        _ => Answer { deny: False, allow: False },
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
fn boundary(case: &Value, request: &Request) -> Answer {
    if !request.has_boundary {
        return Answer::ABSENT;
    }
    union(at(case, "permissions_boundaries"), Place::Identity, request)
}

/// A role session without session policies is not limited; a federated user without them has no permissions.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
fn session(case: &Value, request: &Request) -> Answer {
    match (&request.caller, given(case, "session_policies")) {
        (Caller::Session { .. } | Caller::FederatedUser { .. }, Some(_)) => {
            union(at(case, "session_policies"), Place::Identity, request)
        }
        (Caller::FederatedUser { .. }, None) => Answer { deny: False, allow: False },
        _ => Answer::ABSENT,
    }
}
