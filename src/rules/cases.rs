//! Small accounts beside each rule that must make it speak or stay silent: `<rule>.cases.yaml`. `foureyes rules test`
//! runs them.
//!
//! An account is written briefly: principals by name with their policy documents, resources as in a snapshot. Everything
//! is in account 111122223333, and as it was on 22 November 2026.

use super::{Definitions, Rule, RuleError, Settings, run};
use crate::access::Access;
use crate::base::Certainty;
use crate::inventory::{EnvironmentRules, Inventory};
use crate::snapshot::{self, Snapshot};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const ACCOUNT: &str = "111122223333";
/// The moment at which every case is looked at.
const COLLECTED_AT: &str = "2026-11-22T02:00:00Z";

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// What it shows, in one sentence.
    pub name: String,
    account: BriefAccount,
    /// What the rule must find; nothing: it must stay silent.
    pub expect: Vec<Expectation>,
}

/// A finding that a case expects. Names are ends of ARNs; every one must be found and no other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    #[serde(default)]
    principals: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    certainty: Option<Certainty>,
}

/// An account, written briefly.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BriefAccount {
    users: BTreeMap<String, BriefPrincipal>,
    groups: BTreeMap<String, BriefPrincipal>,
    roles: BTreeMap<String, BriefPrincipal>,
    policies: BTreeMap<String, Value>,
    /// How many versions policies have, where that is more than one.
    versions: BTreeMap<String, usize>,
    /// Documents of versions of policies that are not in force.
    older: BTreeMap<String, Vec<Value>>,
    resources: Vec<Value>,
    /// Calls and what came of them, in place of those that are taken as read.
    coverage: Vec<Value>,
    /// Services that the account administers for its organisation.
    delegated: Vec<String>,
    /// Service control policies over the account, besides the one that allows everything.
    scps: Vec<Value>,
    /// Resource control policies over the account, besides the one that allows everything.
    rcps: Vec<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BriefPrincipal {
    /// Inline policy documents.
    inline: Vec<Value>,
    /// Names of `policies`.
    attached: Vec<String>,
    groups: Vec<String>,
    /// Name of one of `policies`.
    boundary: Option<String>,
    trust: Option<Value>,
    tags: BTreeMap<String, String>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// How it differs from what was expected; `None`: it does not.
    pub difference: Option<String>,
}

/// Reads a file of cases.
pub fn read_cases(path: &str, text: &str) -> Result<Vec<Case>, RuleError> {
    yaml_serde::from_str(text)
        .map_err(|cause| RuleError { file: path.escape_debug().to_string(), problem: cause.to_string() })
}

/// Runs the cases of a rule.
pub fn test(rule: &Rule, definitions: &Definitions, cases: &[Case]) -> Vec<Tested> {
    cases
        .iter()
        .map(|case| {
            let difference = match case.account.snapshot() {
                Ok(snapshot) => difference(rule, definitions, &snapshot, &case.expect),
                Err(error) => Some(format!("the account cannot be read: {error}")),
            };
            Tested { name: case.name.clone(), difference }
        })
        .collect()
}

fn difference(rule: &Rule, definitions: &Definitions, snapshot: &Snapshot, expect: &[Expectation]) -> Option<String> {
    let inventory = Inventory::new(snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let settings = Settings { break_glass: vec![crate::base::Glob::new("*:role/break-glass")], ..Settings::default() };
    let outcome = run(std::slice::from_ref(rule), definitions, &access, &settings);
    let mut unmatched: Vec<_> = outcome.findings.iter().collect();
    for expectation in expect {
        let fits = |finding: &&crate::finding::Finding| {
            same(&finding.principals, &expectation.principals)
                && same(&finding.resources, &expectation.resources)
                && expectation.certainty.is_none_or(|certainty| certainty == finding.certainty)
        };
        match unmatched.iter().position(fits) {
            Some(at) => {
                unmatched.remove(at);
            }
            None => {
                let found: Vec<String> = outcome.findings.iter().map(described).collect();
                return Some(format!("expected {expectation:?}, found {found:?}"));
            }
        }
    }
    if unmatched.is_empty() {
        return None;
    }
    Some(format!("not expected: {:?}", unmatched.into_iter().map(described).collect::<Vec<_>>()))
}

fn described(finding: &crate::finding::Finding) -> String {
    format!("{:?}: {:?} on {:?} ({})", finding.certainty, finding.principals, finding.resources, finding.title)
}

/// Whether each ARN ends in one of the names and each name is the end of one ARN.
fn same(arns: &[Arc<str>], names: &[String]) -> bool {
    arns.len() == names.len()
        && names.iter().all(|name| arns.iter().any(|arn| arn.ends_with(name.as_str())))
        && arns.iter().all(|arn| names.iter().any(|name| arn.ends_with(name.as_str())))
}

/// A name without its path.
fn last(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

impl BriefAccount {
    /// The snapshot that it stands for.
    pub fn snapshot(&self) -> Result<Snapshot, String> {
        let arn = |kind: &str, name: &str| format!("arn:aws:iam::{ACCOUNT}:{kind}/{name}");
        let managed = |name: &String| match name.starts_with("arn:") {
            true => name.clone(),
            false => arn("policy", name),
        };
        let common = |kind: &str, list: &str, name: &str, brief: &BriefPrincipal| -> Map<String, Value> {
            let inline: Vec<Value> = (1u32..)
                .zip(&brief.inline)
                .map(|(number, document)| json!({"PolicyName": format!("inline-{number}"), "PolicyDocument": document}))
                .collect();
            let attached: Vec<Value> = brief
                .attached
                .iter()
                .map(|policy| json!({"PolicyName": policy, "PolicyArn": managed(policy)}))
                .collect();
            let tags: Vec<Value> = brief.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            let mut fields = Map::new();
            fields.insert("Arn".to_owned(), arn(kind, name).into());
            // A name may be written with its path: `aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin`.
            let path = name.rsplit_once('/').map_or("/".to_owned(), |(path, _)| format!("/{path}/"));
            fields.insert("Path".to_owned(), path.into());
            fields.insert(list.to_owned(), inline.into());
            fields.insert("AttachedManagedPolicies".to_owned(), attached.into());
            fields.insert("Tags".to_owned(), tags.into());
            if let Some(boundary) = &brief.boundary {
                let boundary = json!({"PermissionsBoundaryArn": managed(boundary)});
                fields.insert("PermissionsBoundary".to_owned(), boundary);
            }
            fields
        };
        let users: Vec<Value> = self
            .users
            .iter()
            .map(|(name, brief)| {
                let mut user = common("user", "UserPolicyList", name, brief);
                user.insert("UserName".to_owned(), last(name).into());
                user.insert("GroupList".to_owned(), brief.groups.clone().into());
                Value::Object(user)
            })
            .collect();
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|(name, brief)| {
                let mut group = common("group", "GroupPolicyList", name, brief);
                group.insert("GroupName".to_owned(), name.as_str().into());
                Value::Object(group)
            })
            .collect();
        let roles: Vec<Value> = self
            .roles
            .iter()
            .map(|(name, brief)| {
                let mut role = common("role", "RolePolicyList", name, brief);
                role.insert("RoleName".to_owned(), last(name).into());
                if let Some(trust) = &brief.trust {
                    role.insert("AssumeRolePolicyDocument".to_owned(), trust.clone());
                }
                Value::Object(role)
            })
            .collect();
        let policies: Vec<Value> = self
            .policies
            .iter()
            .map(|(name, document)| {
                let versions = self.versions.get(name).copied().unwrap_or(1);
                let older = self.older.get(name).map_or(&[] as &[Value], Vec::as_slice);
                let versions = versions.max(older.len().saturating_add(1));
                let version = |number: usize| match number.checked_sub(2) {
                    None => json!({"VersionId": "v1", "IsDefaultVersion": true, "Document": document}),
                    Some(at) => match older.get(at) {
                        Some(text) => {
                            json!({"VersionId": format!("v{number}"), "IsDefaultVersion": false, "Document": text})
                        }
                        None => json!({"VersionId": format!("v{number}"), "IsDefaultVersion": false}),
                    },
                };
                json!({"PolicyName": name, "Arn": managed(name), "DefaultVersionId": "v1",
                    "PolicyVersionList": (1..=versions).map(version).collect::<Vec<Value>>()})
            })
            .collect();
        // Nothing is left unseen but what the case says: the account stands alone and has no resource policies.
        let read = [
            ("organizations", "DescribeOrganization"),
            ("organizations", "ListDelegatedAdministrators"),
            ("dynamodb", "GetResourcePolicy"),
            ("s3", "GetBucketPolicy"),
            ("s3", "GetBucketReplication"),
            ("s3", "GetBucketVersioning"),
            ("lambda", "GetPolicy"),
            ("lambda", "ListFunctions"),
            ("codebuild", "ListProjects"),
            ("codepipeline", "ListPipelines"),
            ("cloudformation", "DescribeStacks"),
            ("amplify", "ListApps"),
            ("kms", "GetKeyPolicy"),
            ("secretsmanager", "GetResourcePolicy"),
            ("secretsmanager", "ListSecrets"),
            ("backup", "GetBackupVaultAccessPolicy"),
            ("backup", "ListBackupVaults"),
            ("backup", "ListRestoreJobs"),
            ("dynamodb", "ListBackups"),
            ("rds", "DescribeDBClusterSnapshots"),
            ("rds", "DescribeDBSnapshots"),
            ("cloudformation", "GetStackPolicy"),
            ("cloudtrail", "DescribeTrails"),
            ("cloudwatch", "DescribeAlarms"),
            ("events", "ListRules"),
            ("logs", "DescribeMetricFilters"),
            ("route53", "ListHealthChecks"),
        ];
        let said = |(service, operation): &(&str, &str)| {
            self.coverage.iter().any(|entry| {
                let is = |field: &str, value: &str| entry.get(field).and_then(Value::as_str) == Some(value);
                is("service", service) && is("operation", operation)
            })
        };
        let mut coverage = self.coverage.clone();
        let assumed = read.iter().filter(|call| !said(call));
        coverage.extend(
            assumed.map(|(service, operation)| json!({"service": service, "operation": operation, "outcome": "ok"})),
        );
        let organization = (!self.scps.is_empty() || !self.rcps.is_empty() || !self.delegated.is_empty()).then(|| {
            let everything =
                json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
            let of_type = |kind: &'static str, name: &'static str, documents: &[Value]| -> Vec<Value> {
                (0u32..)
                    .zip(std::iter::once(&everything).chain(documents))
                    .map(|(number, document)| {
                        json!({"id": format!("p-{name}-{number}"), "name": format!("{name}-{number}"), "type": kind,
                            "document": document})
                    })
                    .collect()
            };
            let mut policies = of_type("SERVICE_CONTROL_POLICY", "scp", &self.scps);
            if !self.rcps.is_empty() {
                policies.extend(of_type("RESOURCE_CONTROL_POLICY", "rcp", &self.rcps));
            }
            let ids: Vec<&Value> = policies.iter().filter_map(|policy| policy.get("id")).collect();
            let delegated: Vec<Value> = match self.delegated.is_empty() {
                true => Vec::new(),
                false => vec![json!({"account": ACCOUNT, "services": self.delegated})],
            };
            json!({"id": "o-cases", "roots": [{"id": "r-cases", "policies": ids}], "policies": policies,
                "delegated_administrators": delegated})
        });
        let parent = organization.as_ref().map(|_| "r-cases");
        // AWS attaches the policy that allows everything to every account.
        let policies_of_account = organization.as_ref().map_or(json!([]), |_| json!(["p-scp-0"]));
        let text = json!({"schema": snapshot::SCHEMA, "collected_at": COLLECTED_AT, "organization": organization,
            "accounts": [{"id": ACCOUNT, "parent": parent, "policies": policies_of_account,
            "authorization_details": {"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles,
                "Policies": policies},
            "resources": self.resources, "coverage": coverage}]})
        .to_string();
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
}
