//! The request of a case: who asks, for what, and the context AWS gathers around it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Who makes the request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[derive(Clone, Debug)]
pub enum Caller {
    User {
        account: String,
        arn: String,
        name: String,
    },
    /// A session of a role; `session` is unknown when the case names only the role.
    Session {
        account: String,
        role: String,
        role_arn: String,
        session: Option<String>,
        service_linked: bool,
    },
    /// A session of sts:GetFederationToken.
    FederatedUser {
        account: String,
        arn: String,
    },
    Root {
        account: String,
        arn: String,
    },
    Service(String),
    /// Somebody whom an OIDC or SAML provider vouches for.
    Provider(String),
    Anonymous,
}

impl Caller {
    pub fn read(text: &str) -> Self {
        let segments: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", partition, service, _, account, rest] = segments.as_slice() else {
            return if text == "anonymous" { Self::Anonymous } else { Self::Service(text.to_owned()) };
        };
        let (account, arn) = (account.to_owned(), text.to_owned());
        match (service, rest.split_once('/')) {
            ("iam", None) => Self::Root { account, arn },
            ("iam", Some(("user", path))) => Self::User { account, arn, name: last_part(path) },
            ("iam", Some(("role", path))) => Self::Session {
                account,
                role: last_part(path),
                role_arn: arn,
                session: None,
                service_linked: path.starts_with("aws-service-role/"),
            },
            ("sts", Some(("assumed-role", names))) => {
                let (role, session) = names.split_once('/').unwrap_or((names, ""));
                let role_arn = format!("arn:{partition}:iam::{account}:role/{role}");
                Self::Session {
                    account,
                    role: role.to_owned(),
                    role_arn,
                    session: Some(session.to_owned()),
                    // A session does not tell the path of its role; the names of service-linked roles are reserved.
                    service_linked: role.starts_with("AWSServiceRoleFor"),
                }
            }
            ("sts", Some(("federated-user", _))) => Self::FederatedUser { account, arn },
            _ => Self::Provider(arn),
        }
    }

    pub fn account(&self) -> Option<&str> {
        match self {
            Self::User { account, .. }
            | Self::Session { account, .. }
            | Self::FederatedUser { account, .. }
            | Self::Root { account, .. } => Some(account),
            Self::Service(_) | Self::Provider(_) | Self::Anonymous => None,
        }
    }

    /// The partition of a caller that has an account.
    pub fn partition(&self) -> Option<&str> {
        match self {
            Self::User { arn, .. }
            | Self::Session { role_arn: arn, .. }
            | Self::FederatedUser { arn, .. }
            | Self::Root { arn, .. } => arn.split(':').nth(1),
            Self::Service(_) | Self::Provider(_) | Self::Anonymous => None,
        }
    }

    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root { .. })
    }

    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::Session { service_linked: true, .. })
    }

    /// Users, roles and federated users: the callers that identity-based policies speak about.
    pub fn has_identity_policies(&self) -> bool {
        matches!(self, Self::User { .. } | Self::Session { .. } | Self::FederatedUser { .. })
    }
}

pub fn last_part(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// The six segments of an ARN, the last with all its further colons.
pub fn segments(arn: &str) -> Option<[&str; 6]> {
    <[&str; 6]>::try_from(arn.splitn(6, ':').collect::<Vec<_>>()).ok()
}

pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

/// Keys whose documented type is multivalued.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const MULTIVALUED: [&str; 9] = [
    "aws:calledvia",
    "aws:tagkeys",
    "aws:principalorgpaths",
    "aws:resourceorgpaths",
    "aws:principalservicenameslist",
    "aws:sourceorgpaths",
    "aws:vpceorgpaths",
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
];

/// The request context: condition keys (without regard to case) and their values.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    fn read(given: &Value) -> Self {
        let keys = given.as_object().into_iter().flatten();
        Self(keys.map(|(key, values)| (key.to_lowercase(), texts(values))).collect())
    }

    /// The values of a key; a key with an empty list counts as missing.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_lowercase()).map(Vec::as_slice).filter(|values| !values.is_empty())
    }

    pub fn is_multivalued(&self, key: &str) -> bool {
        MULTIVALUED.contains(&key.to_lowercase().as_str()) || self.values(key).is_some_and(|values| values.len() > 1)
    }

    fn fill(&mut self, key: &str, value: &str) {
        self.0.entry(key.to_lowercase()).or_insert_with(|| vec![value.to_owned()]);
    }

    fn without_resource_tags(mut self) -> Self {
        self.0.retain(|key, _| !key.starts_with("aws:resourcetag/"));
        self
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

/// One question: the caller, one action, one resource.
#[derive(Clone, Debug)]
pub struct Request {
    pub caller: Caller,
    pub action: String,
    /// What the request is authorised against: `*` for actions that support no resource type.
    pub resource: String,
    /// What the request names.
    pub named_resource: String,
    pub resource_account: Option<String>,
    pub context: Context,
    pub has_boundary: bool,
}

impl Request {
    /// The case's request for each of its resources.
    pub fn read_all(case: &Value, wildcard_only: &dyn Fn(&str) -> bool) -> Vec<Self> {
        let given = at(case, "request");
        let mut resources = texts(at(given, "resource"));
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        let action = text(given, "action");
        let caller = Caller::read(&text(given, "principal"));
        let has_boundary = caller.has_identity_policies()
            && !caller.is_service_linked()
            && at(case, "permissions_boundaries").as_array().is_some_and(|documents| !documents.is_empty());
        resources
            .into_iter()
            .map(|named| {
                let account = resource_account(given, &named, &caller);
                let context = context(case, &caller, &action, &named, account.as_deref());
                let resource = if wildcard_only(&action) { "*".to_owned() } else { named.clone() };
                Self {
                    caller: caller.clone(),
                    action: action.clone(),
                    resource,
                    named_resource: named,
                    resource_account: account,
                    context,
                    has_boundary,
                }
            })
            .collect()
    }

    /// The service prefix of the action and its name, both in lower case.
    pub fn action_parts(&self) -> (String, String) {
        let action = self.action.to_lowercase();
        let (service, name) = action.split_once(':').unwrap_or((action.as_str(), ""));
        (service.to_owned(), name.to_owned())
    }

    pub fn same_account(&self) -> bool {
        self.caller.account().is_some() && self.caller.account() == self.resource_account.as_deref()
    }

    /// The same request against another resource, as when an access point passes it on to its bucket.
    pub fn against(&self, resource: String, properties: &Value) -> Self {
        let context = visible_tags(self.context.clone(), &resource, properties);
        Self { resource: resource.clone(), named_resource: resource, context, ..self.clone() }
    }
}

pub fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&Value::Null)
}

pub fn text(value: &Value, key: &str) -> String {
    at(value, key).as_str().unwrap_or_default().to_owned()
}

/// The account that owns the resource: as given, as its ARN says, else the caller's own.
fn resource_account(given: &Value, resource: &str, caller: &Caller) -> Option<String> {
    let named = at(given, "resource_account").as_str();
    let in_arn = segments(resource).map(|[.., account, _]| account).filter(|account| is_account_id(account));
    named.or(in_arn).or(caller.account()).map(str::to_owned)
}

/// What the case gives, and the keys that follow from principal and resource.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn context(case: &Value, caller: &Caller, action: &str, resource: &str, resource_account: Option<&str>) -> Context {
    let mut context = Context::read(at(at(case, "request"), "context"));
    fill_from_principal(&mut context, caller);
    fill_from_called_via(&mut context);
    if let Some(account) = resource_account {
        context.fill("aws:ResourceAccount", account);
    }
    if let Some(region) = requested_region(caller, action, resource) {
        context.fill("aws:RequestedRegion", &region);
    }
    if let Some((access_point, _)) = access_point(resource) {
        context.fill("s3:DataAccessPointArn", &access_point);
        if let Some([.., account, _]) = segments(resource) {
            context.fill("s3:DataAccessPointAccount", account);
        }
    }
    visible_tags(context, resource, at(case, "resource_properties"))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties>
fn fill_from_principal(context: &mut Context, caller: &Caller) {
    let (arn, kind) = match caller {
        Caller::User { arn, name, .. } => {
            context.fill("aws:username", name);
            (arn, "User")
        }
        Caller::Session { role_arn, .. } => (role_arn, "AssumedRole"),
        Caller::FederatedUser { arn, .. } => (arn, "FederatedUser"),
        Caller::Root { arn, .. } => (arn, "Account"),
        Caller::Service(name) => {
            context.fill("aws:PrincipalIsAWSService", "true");
            context.fill("aws:PrincipalServiceName", name);
            return;
        }
        Caller::Anonymous => {
            context.fill("aws:PrincipalType", "Anonymous");
            context.fill("aws:PrincipalAccount", "anonymous");
            return;
        }
        Caller::Provider(_) => return,
    };
    context.fill("aws:PrincipalArn", arn);
    context.fill("aws:PrincipalType", kind);
    context.fill("aws:PrincipalIsAWSService", "false");
    if let Some(account) = caller.account() {
        context.fill("aws:PrincipalAccount", account);
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>
fn fill_from_called_via(context: &mut Context) {
    let chain = context.values("aws:CalledVia").map(<[String]>::to_vec).unwrap_or_default();
    context.fill("aws:ViaAWSService", if chain.is_empty() { "false" } else { "true" });
    if let (Some(first), Some(last)) = (chain.first(), chain.last()) {
        context.fill("aws:CalledViaFirst", first);
        context.fill("aws:CalledViaLast", last);
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion>
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
fn requested_region(caller: &Caller, action: &str, resource: &str) -> Option<String> {
    let service = action.split(':').next().unwrap_or_default().to_lowercase();
    if ["iam", "organizations", "route53", "cloudfront"].contains(&service.as_str()) {
        let partition = segments(resource).map(|[_, partition, ..]| partition).or(caller.partition());
        let region = match (partition, service.as_str()) {
            (Some("aws-us-gov"), _) => "us-gov-west-1",
            (Some("aws-cn"), "iam") => "cn-north-1",
            (Some("aws-cn"), _) => "cn-northwest-1",
            _ => "us-east-1",
        };
        return Some(region.to_owned());
    }
    let [_, _, _, region, _, _] = segments(resource)?;
    (!region.is_empty()).then(|| region.to_owned())
}

/// Tags of general purpose buckets take part only where attribute-based access control is enabled for the bucket.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html>
fn visible_tags(context: Context, resource: &str, properties: &Value) -> Context {
    let is_bucket = matches!(segments(resource), Some([_, _, "s3", "", "", _]));
    if is_bucket && at(properties, "AbacStatus") != "Enabled" { context.without_resource_tags() } else { context }
}

/// The ARN of the access point and, when the resource is an object behind it, the object's key.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>
pub fn access_point(resource: &str) -> Option<(String, Option<String>)> {
    let [arn, partition, service, region, account, rest] = segments(resource)?;
    let path = rest.strip_prefix("accesspoint/").filter(|_| service == "s3")?;
    let (name, key) = match path.split_once("/object/") {
        Some((name, key)) => (name, Some(key.to_owned())),
        None => (path, None),
    };
    Some((format!("{arn}:{partition}:{service}:{region}:{account}:accesspoint/{name}"), key))
}
