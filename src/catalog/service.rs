//! Services and their actions, and the index over the embedded data.

use std::cmp::Ordering;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use super::condition::{GlobalKey, KeyType, global_key, matches_key};
use super::resource::{Located, ResourceType, Template};
use crate::base::Glob;

const DATA: &str = include_str!("data/actions.jsonl");

/// One service: what its actions, resource types and condition keys are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    #[serde(rename = "service")]
    prefix: &'static str,
    #[serde(default)]
    rcp: bool,
    #[serde(default)]
    pub(super) keys: Vec<(&'static str, KeyType)>,
    #[serde(default)]
    resources: Vec<ResourceType>,
    /// Sorted by name without regard to case.
    #[serde(default)]
    actions: Vec<ActionEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionEntry {
    name: &'static str,
    level: AccessLevel,
    #[serde(default)]
    on: Vec<OnResource>,
    #[serde(default)]
    keys: Vec<&'static str>,
    #[serde(default)]
    needs: Vec<&'static str>,
    /// `service:Name`, put together once so that it can be lent out.
    #[serde(skip)]
    full_name: String,
}

/// An array in the data; what it ends with may be left out.
#[derive(Debug, Deserialize)]
struct OnResource {
    name: &'static str,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    keys: Vec<&'static str>,
}

/// What kind of access an action gives, as the Service Authorization Reference classes it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum AccessLevel {
    /// Reads contents.
    #[serde(rename = "R")]
    Read,
    /// Lists resources.
    #[serde(rename = "L")]
    List,
    /// Creates, changes or deletes resources.
    #[serde(rename = "W")]
    Write,
    /// Changes nothing but tags.
    #[serde(rename = "T")]
    Tagging,
    /// Changes who may do what.
    #[serde(rename = "P")]
    PermissionsManagement,
}

impl Service {
    /// The prefix of its actions, in lower case: `dynamodb`.
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Its actions, by name.
    pub fn actions(&'static self) -> impl Iterator<Item = Action> {
        self.actions.iter().map(move |entry| Action { service: self, entry })
    }

    /// Its resource types, by name.
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.resources
    }

    /// Finds an action by its name without the prefix.
    pub fn action(&'static self, name: &str) -> Option<Action> {
        let at = self.actions.binary_search_by(|entry| compare(entry.name, name)).ok()?;
        self.actions.get(at).map(|entry| Action { service: self, entry })
    }

    /// Finds a resource type by its name as the reference spells it: `table`.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resources.iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    pub(super) fn templates(
        &'static self,
    ) -> impl DoubleEndedIterator<Item = (&'static Template, &'static ResourceType)> {
        let of = |kind: &'static ResourceType| kind.templates().iter().map(move |template| (template, kind));
        self.resources.iter().flat_map(of)
    }

    fn parse(line: &'static str) -> Option<Service> {
        let mut service: Service = serde_json::from_str(line).ok()?;
        for entry in &mut service.actions {
            entry.full_name = format!("{}:{}", service.prefix, entry.name);
        }
        Some(service)
    }
}

/// One action of a service.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    service: &'static Service,
    entry: &'static ActionEntry,
}

impl Action {
    /// The full name in the reference's spelling: `dynamodb:DeleteTable`.
    pub fn name(&self) -> &'static str {
        &self.entry.full_name
    }

    /// The service it belongs to.
    pub fn service(&self) -> &'static Service {
        self.service
    }

    /// What kind of access it gives.
    pub fn access_level(&self) -> AccessLevel {
        self.entry.level
    }

    /// The resource types a policy can name for this action.
    pub fn resource_types(&self) -> impl Iterator<Item = ActionResource> {
        let service = self.service;
        self.entry.on.iter().filter_map(move |on| {
            let kind = service.resource_type(on.name)?;
            Some(ActionResource { kind, required: !on.optional, keys: &on.keys })
        })
    }

    /// Whether the action works on no resource type, so that only a statement with `"Resource": "*"` allows it.
    pub fn is_wildcard_only(&self) -> bool {
        self.entry.on.is_empty()
    }

    /// The actions the caller needs as well for this one to succeed in full, by full name.
    pub fn dependent_actions(&self) -> &'static [&'static str] {
        &self.entry.needs
    }

    /// Whether a request for this action can carry the condition key: on a resource of the named type, or on any where
    /// the type is not known (`None`).
    ///
    /// Global keys can be in every request, except the tag keys (`aws:RequestTag/…`, `aws:ResourceTag/…`,
    /// `aws:TagKeys`), which only the listed actions carry. A concrete tag key matches the listed template. Keys of an
    /// OpenID Connect provider (`<issuer>:sub`) can be in every `sts:AssumeRoleWithWebIdentity`, listed or not.
    ///
    /// "Can" is not "must": most keys are absent from some requests. The reference misses keys now and then, so that
    /// `false` is a reason to look and not a proof.
    pub fn condition_key(&self, key: &str, resource_type: Option<&str>) -> bool {
        if global_key(key).is_some_and(|global| !global.is_listed_by_action()) {
            return true;
        }
        let has = |keys: &[&str]| keys.iter().any(|pattern| matches_key(pattern, key));
        has(&self.entry.keys)
            || self
                .resource_types()
                .filter(|on| resource_type.is_none_or(|wanted| on.kind.name().eq_ignore_ascii_case(wanted)))
                .any(|on| has(on.keys) || has(on.kind.keys()))
            || (self.name() == "sts:AssumeRoleWithWebIdentity" && is_issuer_key(key))
    }

    /// The resources that a request for this action names when it is aimed at the resource `arn`.
    ///
    /// They are the ARN itself where the action works on its type; else ARNs of the action's own resource types, filled
    /// in from what they share with `arn`, with `*` for the rest: `s3:DeleteObject` aimed at the bucket
    /// `arn:aws:s3:::b` names `arn:aws:s3:::b/*`. For an action that works on no resource type, `*`. Empty where
    /// nothing connects the action with `arn`.
    pub fn request_resources(&self, arn: &str) -> Vec<String> {
        self.request_resources_at(&Located::new(arn))
    }

    /// [`Action::request_resources`] of an ARN whose template was found already.
    pub fn request_resources_at(&self, located: &Located<'_>) -> Vec<String> {
        if self.is_wildcard_only() {
            return vec!["*".to_owned()];
        }
        let (arn, target) = (located.arn, located.resource_type());
        let is_target = |on: &ActionResource| target == Some((self.service.prefix, on.kind.name()));
        // A backup is named by the service that made it: its template leaves the service open.
        let is_foreign =
            |on: &ActionResource| on.kind.templates().iter().any(|template| template.fits_any_service(arn));
        if self.resource_types().any(|on| is_target(&on) || is_foreign(&on)) {
            return vec![arn.to_owned()];
        }
        let Some(parts) = located.parts() else { return Vec::new() };
        let mut named: Vec<String> = self
            .resource_types()
            .flat_map(|on| on.kind.templates())
            .filter(|template| template.shares_resource_variable(&parts))
            .map(|template| template.fill(&parts))
            .collect();
        named.sort_unstable();
        named.dedup();
        named
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Action) -> bool {
        std::ptr::eq(self.entry, other.entry)
    }
}

impl Eq for Action {}

/// A resource type as one action uses it.
#[derive(Clone, Copy, Debug)]
pub struct ActionResource {
    kind: &'static ResourceType,
    required: bool,
    keys: &'static [&'static str],
}

impl ActionResource {
    /// The resource type, with its ARN templates.
    pub fn kind(&self) -> &'static ResourceType {
        self.kind
    }

    /// Whether every request for the action names a resource of this type.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The condition keys that the action carries for this type beyond those of the type itself; `*` stands for a part
    /// the caller chooses.
    pub fn keys(&self) -> &'static [&'static str] {
        self.keys
    }
}

/// Finds a service by its prefix; `dynamodb`, in any case.
pub fn service(prefix: &str) -> Option<&'static Service> {
    let lines = &INDEX.lines;
    let at = lines.binary_search_by(|line| compare(line.prefix, prefix)).ok()?;
    lines.get(at).and_then(Line::service)
}

/// Every service, by prefix. Parses all of the data that has not been asked for before.
pub fn services() -> impl Iterator<Item = &'static Service> {
    INDEX.lines.iter().filter_map(Line::service)
}

/// Finds an action by its full name: `dynamodb:DeleteTable`, in any case.
pub fn action(name: &str) -> Option<Action> {
    let (prefix, rest) = name.split_once(':')?;
    service(prefix)?.action(rest)
}

/// The actions that match an action pattern of a policy (`dynamodb:Delete*`, `*`), sorted by service and name.
/// Only the services that the pattern can mean are parsed.
pub fn expand(pattern: &str) -> impl Iterator<Item = Action> {
    let glob = Glob::new(pattern).to_ascii_lowercase();
    let literal = glob.literal_prefix().to_owned();
    let possible = move |line: &&Line| {
        let named = literal.split_once(':').map_or(literal.as_str(), |(prefix, _)| prefix);
        if named.len() < literal.len() { line.prefix == named } else { line.prefix.starts_with(named) }
    };
    INDEX
        .lines
        .iter()
        .filter(possible)
        .filter_map(Line::service)
        .flat_map(Service::actions)
        .filter(move |action| glob.matches(&action.name().to_ascii_lowercase()))
}

/// Whether resource control policies apply to the service, as far as known.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
pub fn supports_resource_control_policies(service_prefix: &str) -> bool {
    service(service_prefix).is_some_and(|service| service.rcp)
}

/// The first line of the data: what belongs to no service.
#[derive(Debug, Default, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
pub(super) struct Header {
    pub(super) global_keys: Vec<GlobalKey>,
    /// Keys that no service of their own prefix defines.
    pub(super) other_keys: Vec<(&'static str, KeyType)>,
    /// ARN namespaces that are not the prefix of a service, and the services whose resources they hold.
    pub(super) namespaces: Vec<(&'static str, Vec<&'static str>)>,
}

/// The header, parsed when first needed.
pub(super) fn header() -> &'static Header {
    static HEADER: LazyLock<Header> = LazyLock::new(|| serde_json::from_str(INDEX.header).unwrap_or_default());
    &HEADER
}

struct Index {
    header: &'static str,
    /// Sorted by prefix.
    lines: Vec<Line>,
}

struct Line {
    prefix: &'static str,
    text: &'static str,
    service: OnceLock<Option<Service>>,
}

impl Line {
    fn new(text: &'static str) -> Option<Line> {
        let (prefix, _) = text.strip_prefix(r#"{"service":""#)?.split_once('"')?;
        Some(Line { prefix, text, service: OnceLock::new() })
    }

    // That every line parses is held by a test: `None` does not occur.
    fn service(&'static self) -> Option<&'static Service> {
        self.service.get_or_init(|| Service::parse(self.text)).as_ref()
    }
}

impl Index {
    fn new(data: &'static str) -> Index {
        let mut lines = data.lines();
        Index { header: lines.next().unwrap_or_default(), lines: lines.filter_map(Line::new).collect() }
    }
}

static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(DATA));

/// Orders a name of the data and a name of a caller without regard to case.
fn compare(ours: &str, theirs: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    ours.bytes().map(lower).cmp(theirs.bytes().map(lower))
}

/// Whether the key has the form of an OpenID Connect provider's: a host name, perhaps with a path, before the colon.
fn is_issuer_key(key: &str) -> bool {
    key.rsplit_once(':').is_some_and(|(issuer, claim)| issuer.contains('.') && !claim.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::catalog::key_type;

    #[test]
    fn every_line_parses_and_the_header_counts_right() {
        let header: serde_json::Value = serde_json::from_str(INDEX.header).unwrap();
        serde_json::from_str::<Header>(INDEX.header).unwrap();
        for line in DATA.lines().skip(1) {
            serde_json::from_str::<Service>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        assert_eq!(INDEX.lines.len(), DATA.lines().count() - 1);
        assert_eq!(header["services"], services().count());
        assert_eq!(header["actions"], services().flat_map(Service::actions).count());
        assert_eq!((services().count(), services().flat_map(Service::actions).count()), (457, 22_108));
        assert!(DATA.len() < 2_600_000);
    }

    #[test]
    fn the_data_is_sorted_and_refers_to_nothing_unknown() {
        assert!(INDEX.lines.is_sorted_by(|one, next| one.prefix < next.prefix));
        for service in services() {
            assert!(service.actions.is_sorted_by(|one, next| compare(one.name, next.name) == Ordering::Less));
            for kind in &service.resources {
                assert_eq!(kind.templates().len(), kind.arn_templates().len(), "{} {}", service.prefix, kind.name());
            }
            for action in service.actions() {
                assert_eq!(action.resource_types().count(), action.entry.on.len(), "{}", action.name());
                let keys = action.resource_types().flat_map(|on| on.keys.iter().chain(on.kind.keys()));
                for key in keys.chain(&action.entry.keys) {
                    assert!(key.matches('*').count() < 2 && !key.contains(['$', '<']), "{key}");
                    assert!(key_type(&key.replace('*', "x")).is_some(), "{} {key}", action.name());
                }
                for needed in action.dependent_actions() {
                    assert!(super::action(needed).is_some(), "{} needs {needed}", action.name());
                }
            }
        }
    }

    #[test]
    #[allow(clippy::print_stdout, reason = "sizes and times are for people to read: `-- --nocapture`")]
    fn looking_up_one_service_parses_no_other() {
        let started = Instant::now();
        let index: &'static Index = Box::leak(Box::new(Index::new(DATA)));
        println!(
            "actions.jsonl: {} bytes; index of {} services: {:?}",
            DATA.len(),
            index.lines.len(),
            started.elapsed()
        );
        let started = Instant::now();
        index.lines.iter().find(|line| line.prefix == "dynamodb").unwrap().service().unwrap();
        println!("dynamodb: {:?}", started.elapsed());
        assert_eq!(index.lines.iter().filter(|line| line.service.get().is_some()).count(), 1);
        let started = Instant::now();
        assert_eq!(index.lines.iter().filter_map(Line::service).count(), 457);
        println!("all others: {:?}", started.elapsed());
    }

    #[test]
    fn finds_actions_in_any_case() {
        let delete = action("DynamoDB:deletetable").unwrap();
        assert_eq!(delete.name(), "dynamodb:DeleteTable");
        assert_eq!(delete.access_level(), AccessLevel::Write);
        assert!(!delete.is_wildcard_only());
        let on: Vec<_> = delete.resource_types().collect();
        assert_eq!((on[0].kind().name(), on[0].is_required()), ("table", true));
        assert_eq!(on[0].kind().arn_templates(), ["arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}"]);
        assert!(action("dynamodb:ListTables").unwrap().is_wildcard_only());
        assert_eq!(action("iam:PassRole").unwrap().access_level(), AccessLevel::PermissionsManagement);
        for unknown in ["dynamodb", "dynamodb:", ":DeleteTable", "dynamodb:DeleteTables", "nowhere:Do", "", ":", "*"] {
            assert!(action(unknown).is_none(), "{unknown}");
        }
        assert!(action("dynamodb:RestoreTableFromBackup").unwrap().dependent_actions().contains(&"dynamodb:PutItem"));
    }

    #[test]
    fn expands_patterns() {
        let names = |pattern: &str| expand(pattern).map(|action| action.name()).collect::<Vec<_>>();
        assert_eq!(names("dynamodb:delete?able"), ["dynamodb:DeleteTable"]);
        assert_eq!(names("DYNAMODB:DeleteT*"), ["dynamodb:DeleteTable", "dynamodb:DeleteTableReplica"]);
        assert_eq!(names("amplify:StartJob"), ["amplify:StartJob"]);
        assert_eq!(names("dynamo*:DeleteTable"), ["dynamodb:DeleteTable"]);
        assert_eq!(names("*"), names("*:*"));
        assert_eq!(names("*").len(), 22_108);
        assert_eq!(names("s3:*").len(), service("s3").unwrap().actions().count());
        assert!(names("s3").is_empty() && names("").is_empty() && names("nowhere:*").is_empty());
    }

    #[test]
    fn knows_which_requests_carry_a_key() {
        let cases = [
            ("dynamodb:DeleteTable", "aws:ResourceTag/env", None, true),
            ("dynamodb:DeleteTable", "AWS:resourcetag/Env", Some("Table"), true),
            ("dynamodb:DeleteTable", "aws:RequestTag/env", None, false),
            ("dynamodb:DeleteTable", "aws:TagKeys", None, false),
            ("dynamodb:CreateTable", "aws:RequestTag/env", None, true),
            ("dynamodb:DeleteTable", "aws:PrincipalTag/team", None, true),
            ("dynamodb:DeleteTable", "aws:MultiFactorAuthPresent", None, true),
            ("dynamodb:DeleteTable", "dynamodb:LeadingKeys", None, false),
            ("dynamodb:PutItem", "dynamodb:leadingkeys", Some("table"), true),
            ("secretsmanager:DeleteSecret", "secretsmanager:ForceDeleteWithoutRecovery", None, true),
            ("kms:Decrypt", "kms:EncryptionContext:tenant", None, true),
            ("kms:Decrypt", "kms:EncryptionContext:", None, false),
            ("s3:GetObject", "s3:ExistingObjectTag/class", Some("object"), true),
            ("sts:AssumeRoleWithWebIdentity", "token.actions.githubusercontent.com:sub", None, true),
            ("sts:AssumeRoleWithWebIdentity", "oidc.eks.eu-west-1.amazonaws.com/id/AB:sub", None, true),
            ("sts:AssumeRole", "oidc.eks.eu-west-1.amazonaws.com/id/AB:sub", None, false),
        ];
        for (name, key, kind, expected) in cases {
            assert_eq!(action(name).unwrap().condition_key(key, kind), expected, "{name} {key} {kind:?}");
        }
    }

    #[test]
    fn names_the_resources_of_a_request() {
        let amplify = "arn:aws:amplify:eu-west-1:111122223333:apps/d1";
        let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        let cases = [
            ("dynamodb:DeleteTable", table.to_owned(), vec![table.to_owned()]),
            ("dynamodb:DeleteBackup", table.to_owned(), vec![format!("{table}/backup/*")]),
            ("dynamodb:ListTables", table.to_owned(), vec!["*".to_owned()]),
            ("s3:DeleteObject", "arn:aws:s3:::b".to_owned(), vec!["arn:aws:s3:::b/*".to_owned()]),
            ("s3:DeleteObject", "arn:aws:s3:::b/k".to_owned(), vec!["arn:aws:s3:::b/k".to_owned()]),
            ("amplify:StartJob", format!("{amplify}/branches/main"), vec![format!("{amplify}/branches/main/jobs/*")]),
            (
                "amplify:DeleteBackendEnvironment",
                format!("{amplify}/backendenvironments/prod"),
                vec![amplify.to_owned()],
            ),
            (
                "backup:DeleteRecoveryPoint",
                "arn:aws:rds:eu-west-1:111122223333:snapshot:awsbackup:job-1".to_owned(),
                vec!["arn:aws:rds:eu-west-1:111122223333:snapshot:awsbackup:job-1".to_owned()],
            ),
            ("s3:DeleteObject", table.to_owned(), vec![]),
            ("route53:DeleteHealthCheck", "arn:aws:route53:::hostedzone/Z1".to_owned(), vec![]),
        ];
        for (name, arn, expected) in cases {
            assert_eq!(action(name).unwrap().request_resources(&arn), expected, "{name} {arn}");
        }
    }

    #[test]
    fn knows_resource_control_policies() {
        for prefix in ["s3", "STS", "kms", "sqs", "secretsmanager"] {
            assert!(supports_resource_control_policies(prefix), "{prefix}");
        }
        assert!(!supports_resource_control_policies("amplify"));
        assert!(!supports_resource_control_policies("nowhere"));
    }
}
