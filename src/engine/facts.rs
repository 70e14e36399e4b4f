//! What is known of a request's condition keys.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::caller::{Caller, CallerKind};
use super::formula::Key;
use super::principal::SESSION_NAME;
use crate::base::{Arn, arn};
use crate::catalog;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is known of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// The request has no value for it.
    Absent,
    /// The request has these values, at least one.
    Values(Vec<Cow<'a, str>>),
    /// It may have any, or none.
    Open,
}

impl<'a> Known<'a> {
    fn one(value: impl Into<Cow<'a, str>>) -> Known<'a> {
        Known::Values(vec![value.into()])
    }
}

/// What holds of keys that nothing is said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// They are absent.
    Closed,
    /// They may have any value, or none, unless AWS never sends them.
    Open,
}

/// Condition keys given from outside.
#[derive(Clone, Debug)]
pub struct Context {
    /// What holds of the others.
    pub world: World,
    values: FxHashMap<String, Vec<String>>,
}

impl Context {
    /// No key given.
    pub fn new(world: World) -> Context {
        Context { world, values: FxHashMap::default() }
    }

    /// Gives a key its values; none: the request does not have the key.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        self.values.insert(key.to_ascii_lowercase(), values);
    }

    /// The same with one more key.
    pub fn with(mut self, key: &str, values: &[&str]) -> Context {
        self.set(key, values.iter().map(|value| (*value).to_owned()).collect());
        self
    }

    fn get(&self, key: &str) -> Option<&Vec<String>> {
        self.values.get(key)
    }
}

/// Tags of a principal or resource, as far as they are known.
#[derive(Clone, Copy, Debug)]
pub enum Tags<'a> {
    /// Not said: only the context tells.
    Unsaid,
    /// All of them.
    All(&'a BTreeMap<String, String>),
    /// These, and perhaps others that replace them (session tags).
    AtLeast(&'a BTreeMap<String, String>),
}

impl<'a> Tags<'a> {
    /// Tag keys are compared without regard to case in condition keys.
    fn find(self, tag: &str) -> Option<Known<'a>> {
        let (tags, open) = match self {
            Tags::Unsaid => return None,
            Tags::All(tags) => (tags, false),
            Tags::AtLeast(tags) => (tags, true),
        };
        let found = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
        Some(match (found, open) {
            (_, true) => Known::Open,
            (Some((_, value)), false) => Known::one(value.as_str()),
            (None, false) => Known::Absent,
        })
    }
}

/// What a request is about.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The ARN, or `*` for actions that know no resource.
    pub arn: Cow<'a, str>,
    /// The account that owns it, as far as known.
    pub account: Option<Cow<'a, str>>,
    /// CloudFormation properties that evaluation depends on.
    pub properties: Option<&'a serde_json::Map<String, serde_json::Value>>,
    /// Tags.
    pub tags: Tags<'a>,
}

/// The properties of a target that decisions may depend on.
pub const PROPERTIES: [&str; 4] = ["AbacStatus", "Bucket", "Grants", "KeyManager"];

impl<'a> Target<'a> {
    /// A resource of which nothing but its ARN (or `*`) is known.
    pub fn new(text: &'a str) -> Target<'a> {
        let account = arn::account_of(text).map(Cow::Borrowed);
        Target { arn: Cow::Borrowed(text), account, properties: None, tags: Tags::Unsaid }
    }

    /// The service and the rest of an ARN.
    pub fn parsed(&self) -> Option<Arn<'_>> {
        Arn::parse(&self.arn)
    }

    fn is_general_purpose_bucket(&self) -> bool {
        self.parsed().is_some_and(|arn| arn.service == "s3" && arn.region.is_empty() && arn.account.is_empty())
    }

    /// A CloudFormation property that is a string.
    pub fn property(&self, name: &str) -> Option<&'a str> {
        self.properties.and_then(|properties| properties.get(name)).and_then(serde_json::Value::as_str)
    }
}

/// Where an account stands in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership<'a> {
    /// The organisation, `o-…`.
    pub id: &'a str,
    /// From the organisation down to the unit that holds the account, `o-…/r-…/ou-…/`, where that is known.
    pub path: Option<&'a str>,
}

/// All that is known of one request.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The caller's tags.
    pub caller_tags: Tags<'a>,
    /// Where the caller's account stands in an organisation: `Some(None)` when it is known to be in none.
    pub organization: Option<Option<Membership<'a>>>,
    /// The same of the resource's account.
    pub resource_organization: Option<Option<Membership<'a>>>,
    /// The action, `service:Name`, in lower case.
    pub action: &'a str,
    /// Its entry in the catalogue.
    pub entry: Option<catalog::Action>,
    /// What is asked for.
    pub target: &'a Target<'a>,
    /// Keys given from outside.
    pub context: &'a Context,
    /// Since when things are as they are, in seconds since 1970: no request that is asked about is older. `None`: not known.
    pub since: Option<f64>,
}

impl<'a> Facts<'a> {
    /// What is known of a key.
    pub fn known(&self, key: &Key) -> Known<'a> {
        let lower = key.lower();
        // Bucket tags take part in authorisation only where attribute-based access control is on for the bucket.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
        if lower.starts_with("aws:resourcetag/") && self.target.is_general_purpose_bucket() {
            match self.target.property("AbacStatus") {
                Some("Enabled") => {}
                None if self.context.world == World::Open => return Known::Open,
                _ => return Known::Absent,
            }
        }
        if let Some(values) = self.context.get(lower) {
            return match values.as_slice() {
                [] => Known::Absent,
                some => Known::Values(some.iter().map(|value| Cow::Borrowed(value.as_str())).collect()),
            };
        }
        if let Some(known) = self.derived(key) {
            return known;
        }
        match self.context.world {
            World::Closed => Known::Absent,
            World::Open if self.is_never_sent(lower) => Known::Absent,
            World::Open => Known::Open,
        }
    }

    /// Keys that follow from the principal and the resource.
    fn derived(&self, key: &Key) -> Option<Known<'a>> {
        let caller = self.caller;
        let kind = &caller.kind;
        let anonymous = *kind == CallerKind::Anonymous;
        let text = |text: Option<&'a str>| text.map_or(Known::Absent, Known::one);
        Some(match key.lower() {
            "aws:principalarn" => text(Some(&*caller.principal_arn).filter(|arn| !arn.is_empty())),
            "aws:principalaccount" if anonymous => Known::one("anonymous"),
            "aws:principalaccount" | "kms:calleraccount" => text(caller.account.as_deref()),
            "aws:principaltype" => match kind {
                CallerKind::Root => Known::one("Account"),
                CallerKind::User => Known::one("User"),
                CallerKind::Role | CallerKind::Session { .. } => Known::one("AssumedRole"),
                CallerKind::FederatedUser => Known::one("FederatedUser"),
                CallerKind::Anonymous => Known::one("Anonymous"),
                CallerKind::Service | CallerKind::Federated => Known::Absent,
            },
            "aws:username" => text(Some(&*caller.name).filter(|_| *kind == CallerKind::User)),
            // Only requests that are signed with AWS credentials have it.
            "aws:principalisawsservice" if anonymous || *kind == CallerKind::Federated => Known::Absent,
            "aws:principalisawsservice" => Known::one(if *kind == CallerKind::Service { "true" } else { "false" }),
            "aws:principalservicename" | "aws:principalservicenameslist" => {
                text(Some(&*caller.arn).filter(|_| *kind == CallerKind::Service))
            }
            // Callers without an account are in no organisation.
            "aws:principalorgid" | "aws:principalorgpaths" if caller.account.is_none() => Known::Absent,
            "aws:principalorgid" => text(self.organization?.map(|member| member.id)),
            "aws:principalorgpaths" => match self.organization? {
                Some(member) => Known::one(member.path?),
                None => Known::Absent,
            },
            "aws:resourceorgid" => text(self.resource_organization()?.map(|member| member.id)),
            "aws:resourceorgpaths" => match self.resource_organization()? {
                Some(member) => Known::one(member.path?),
                None => Known::Absent,
            },
            "aws:viaawsservice" => match (self.context.get("aws:calledvia"), self.context.world) {
                (Some(services), _) => Known::one(if services.is_empty() { "false" } else { "true" }),
                (None, World::Closed) => Known::one("false"),
                (None, World::Open) => return None,
            },
            "aws:calledviafirst" => text(self.context.get("aws:calledvia")?.first().map(String::as_str)),
            "aws:calledvialast" => text(self.context.get("aws:calledvia")?.last().map(String::as_str)),
            "aws:resourceaccount" | "s3:resourceaccount" => match self.target.account.as_deref() {
                Some(account) => Known::one(account.to_owned()),
                // As everywhere, a resource that names no account is then taken to be the caller's.
                None if self.context.world == World::Closed => text(caller.account.as_deref()),
                None => return None,
            },
            "aws:requestedregion" if is_global(self.service()) => Known::one(self.region_of_global()),
            "aws:requestedregion" => match self.target.parsed() {
                Some(arn) if !arn.region.is_empty() && !arn.region.contains('*') => Known::one(arn.region.to_owned()),
                _ => return None,
            },
            "s3:dataaccesspointarn" => Known::one(access_point(self.target.parsed()?)?),
            "s3:dataaccesspointaccount" => {
                let arn = self.target.parsed()?;
                access_point(arn)?;
                Known::one(arn.account.to_owned())
            }
            _ => {
                if let Some(tag) = key.tag("aws:principaltag") {
                    return self.caller_tags.find(tag);
                }
                let tag = key.tag("aws:resourcetag")?;
                return self
                    .target
                    .tags
                    .find(tag)
                    .map(|known| if self.is_supported(key) { known } else { Known::Absent });
            }
        })
    }

    fn resource_organization(&self) -> Option<Option<Membership<'a>>> {
        let own = self.caller.account.is_some() && self.caller.account.as_deref() == self.target.account.as_deref();
        self.resource_organization.or(if own { self.organization } else { None })
    }

    fn service(&self) -> &'a str {
        self.action.split_once(':').map_or("", |(service, _)| service)
    }

    fn is_supported(&self, key: &Key) -> bool {
        self.entry.is_none_or(|action| action.condition_key(key.lower(), None))
    }

    /// Keys that AWS does not send with this request, whatever the surroundings.
    fn is_never_sent(&self, lower: &str) -> bool {
        let direct = self.caller.has_identity() || self.caller.kind == CallerKind::Root;
        match lower {
            // Only an AWS service that acts for a resource has these.
            "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid" | "aws:sourceorgpaths" => direct,
            "aws:federatedprovider" | "aws:sourceidentity" => self.caller.kind == CallerKind::User,
            _ if lower.starts_with("aws:resourcetag/") || lower.starts_with("aws:requesttag/") => {
                let key = Key::new(lower);
                !self.is_supported(&key)
            }
            _ if lower.starts_with("aws:") => false,
            // What an identity provider said when the session began stays with it: the key is of no service.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
            _ if self.caller.is_role_session() && is_of_provider(lower) => false,
            // A service's own key, on an action that does not know it.
            _ => match self.entry {
                Some(action) => !action.condition_key(lower, None) && catalog::key_type(lower).is_some(),
                None => false,
            },
        }
    }

    /// The region of a service that has one endpoint in each partition.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/iam-service.html> and the pages of the other services
    fn region_of_global(&self) -> &'static str {
        let of = |text: &str| Arn::parse(text).map(|arn| arn.partition.to_owned());
        let partition = of(&self.target.arn).or_else(|| of(&self.caller.arn));
        match (partition.as_deref(), self.service()) {
            (Some("aws-cn"), "iam") => "cn-north-1",
            (Some("aws-cn"), _) => "cn-northwest-1",
            (Some("aws-us-gov"), _) => "us-gov-west-1",
            _ => "us-east-1",
        }
    }

    /// Whether the caller sets the key to what it likes: parameters of the request and what a client says of itself.
    /// Such a key guards nothing.
    pub fn is_chosen_by_caller(key: &Key) -> bool {
        let lower = key.lower();
        matches!(
            lower,
            SESSION_NAME
                | "aws:useragent"
                | "aws:referer"
                | "aws:securetransport"
                | "aws:tagkeys"
                | "sts:rolesessionname"
                | "s3:prefix"
                | "s3:delimiter"
                | "s3:max-keys"
                | "s3:tlsversion"
                | "s3:signatureversion"
        ) || lower.starts_with("aws:requesttag/")
            || lower.starts_with("s3:x-amz-")
    }
}

/// The access point's own ARN, where the resource is one or lies behind one.
pub fn access_point(arn: Arn<'_>) -> Option<String> {
    if arn.service != "s3" || arn.account.is_empty() {
        return None;
    }
    let name = arn.resource.strip_prefix("accesspoint/")?.split('/').next()?;
    Some(format!("arn:{}:s3:{}:{}:accesspoint/{name}", arn.partition, arn.region, arn.account))
}

/// Whether the prefix of a key is that of an identity provider, not of a service.
fn is_of_provider(lower: &str) -> bool {
    lower.split_once(':').is_some_and(|(prefix, _)| catalog::service(prefix).is_none())
}

/// Services whose requests go to one region, whatever the resource.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion>
fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "organizations" | "route53" | "cloudfront")
}
