//! The types of snapshot version 1.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The name and version of the format, the value of the `schema` field.
pub const SCHEMA: &str = "foureyes/snapshot/v1";

/// Everything that is known about a set of accounts at one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When the collection started, RFC 3339 in UTC; absent for files that do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<String>,
    /// The organisation, or `None`: the account stands alone or the organisation was not visible (coverage says which).
    #[serde(default)]
    pub organization: Option<Organization>,
    /// One entry an account.
    pub accounts: Vec<Account>,
}

/// An AWS organisation with its policies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// `o-…`
    pub id: String,
    /// The account that service control policies never limit.
    #[serde(default)]
    pub management_account: Option<String>,
    /// Roots (AWS knows one).
    #[serde(default)]
    pub roots: Vec<OrganizationRoot>,
    /// Organisational units, each naming its parent.
    #[serde(default)]
    pub units: Vec<OrganizationalUnit>,
    /// The policies that roots, units and accounts refer to by id.
    #[serde(default)]
    pub policies: Vec<OrganizationPolicy>,
    /// Member accounts that administer services for the whole organisation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegated_administrators: Vec<DelegatedAdministrator>,
}

/// A member account that administers services for the whole organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegatedAdministrator {
    /// Twelve digits.
    pub account: String,
    /// Service principals, such as `backup.amazonaws.com`.
    #[serde(default)]
    pub services: Vec<String>,
}

/// The root of an organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationRoot {
    /// `r-…`
    pub id: String,
    /// As AWS shows it.
    #[serde(default)]
    pub name: String,
    /// Ids of attached policies of both types.
    #[serde(default)]
    pub policies: Vec<String>,
}

/// An organisational unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationalUnit {
    /// `ou-…`
    pub id: String,
    /// As AWS shows it.
    #[serde(default)]
    pub name: String,
    /// The root or unit above.
    pub parent: String,
    /// Ids of attached policies of both types.
    #[serde(default)]
    pub policies: Vec<String>,
}

/// A service control policy or resource control policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationPolicy {
    /// `p-…`
    pub id: String,
    /// As AWS shows it.
    #[serde(default)]
    pub name: String,
    /// `SERVICE_CONTROL_POLICY` or `RESOURCE_CONTROL_POLICY`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The policy, verbatim.
    pub document: Document,
}

/// One account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Account alias or name, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Root or unit of the organisation that holds the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Ids of organisation policies attached to the account itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// What `iam:GetAccountAuthorizationDetails` answers.
    #[serde(default)]
    pub authorization_details: AuthorizationDetails,
    /// Everything else that was read.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// What was asked and what came of it: nothing is concluded from what could not be read.
    #[serde(default)]
    pub coverage: Vec<Coverage>,
}

/// A resource in CloudFormation vocabulary.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The full ARN; unique in the account.
    pub arn: String,
    /// CloudFormation type, such as `AWS::DynamoDB::Table`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Region code; empty for global resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Tags, key to value.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// CloudFormation property names to values. Environment variables keep names, never values.
    #[serde(default)]
    pub properties: serde_json::Map<String, serde_json::Value>,
    /// The resource policy, verbatim; `null` ([`Document::is_missing`]) when it was looked for and there is none. Absent:
    /// coverage says whether it was looked for.
    #[serde(default, deserialize_with = "even_null", skip_serializing_if = "Option::is_none")]
    pub policy: Option<Document>,
}

/// Keeps a `null` apart from a field that is not there.
fn even_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Document>, D::Error> {
    Document::deserialize(from).map(Some)
}

/// What came of one kind of call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Service namespace as in IAM, such as `amplify`.
    pub service: String,
    /// API operation, such as `ListApps`.
    pub operation: String,
    /// Region code; absent for global calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How it went.
    pub outcome: Outcome,
    /// What AWS said, and for which resource; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Read whole.
    Ok,
    /// Refused: not visible, which is not "nothing there".
    Denied,
    /// Gave up after retries.
    Throttled,
    /// Not offered in this region or partition, or by the source that the snapshot was made from.
    Unsupported,
    /// Anything else.
    Failed,
}

/// A policy document, verbatim: a JSON object, or a string that holds one (URL-encoded as IAM's wire format has it, or
/// plain). [`Document::text`] gives the JSON text of either. The default is `null`, a document that is missing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document(pub Box<RawValue>);

/// What `aws iam get-account-authorization-details` prints. Field names are AWS's; fields that are not listed here are
/// ignored, since AWS may add some. `null` and absent mean the same: some SDKs write `null` for an empty list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthorizationDetails {
    /// IAM users.
    #[serde(deserialize_with = "null_as_default")]
    pub user_detail_list: Vec<UserDetail>,
    /// IAM groups.
    #[serde(deserialize_with = "null_as_default")]
    pub group_detail_list: Vec<GroupDetail>,
    /// IAM roles.
    #[serde(deserialize_with = "null_as_default")]
    pub role_detail_list: Vec<RoleDetail>,
    /// Managed policies, of the customer and of AWS.
    #[serde(deserialize_with = "null_as_default")]
    pub policies: Vec<ManagedPolicy>,
}

/// An IAM user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserDetail {
    /// Path, `/` by default.
    #[serde(deserialize_with = "null_as_default")]
    pub path: String,
    /// Name without path.
    #[serde(deserialize_with = "null_as_default")]
    pub user_name: String,
    /// `AIDA…`
    #[serde(deserialize_with = "null_as_default")]
    pub user_id: String,
    /// ARN with path.
    #[serde(deserialize_with = "null_as_default")]
    pub arn: String,
    /// Inline policies.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub user_policy_list: Vec<InlinePolicy>,
    /// Names of groups.
    #[serde(deserialize_with = "null_as_default")]
    pub group_list: Vec<String>,
    /// Managed policies attached to the user itself.
    #[serde(deserialize_with = "null_as_default")]
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// Upper limit of what identity policies can grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<PermissionsBoundary>,
    /// Tags.
    #[serde(deserialize_with = "null_as_default")]
    pub tags: Vec<Tag>,
}

/// An IAM group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GroupDetail {
    /// Path, `/` by default.
    #[serde(deserialize_with = "null_as_default")]
    pub path: String,
    /// Name without path.
    #[serde(deserialize_with = "null_as_default")]
    pub group_name: String,
    /// `AGPA…`
    #[serde(deserialize_with = "null_as_default")]
    pub group_id: String,
    /// ARN with path.
    #[serde(deserialize_with = "null_as_default")]
    pub arn: String,
    /// Inline policies.
    #[serde(deserialize_with = "null_as_default")]
    pub group_policy_list: Vec<InlinePolicy>,
    /// Managed policies.
    #[serde(deserialize_with = "null_as_default")]
    pub attached_managed_policies: Vec<AttachedPolicy>,
}

/// An IAM role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RoleDetail {
    /// Path, `/` by default.
    #[serde(deserialize_with = "null_as_default")]
    pub path: String,
    /// Name without path.
    #[serde(deserialize_with = "null_as_default")]
    pub role_name: String,
    /// `AROA…`
    #[serde(deserialize_with = "null_as_default")]
    pub role_id: String,
    /// ARN with path.
    #[serde(deserialize_with = "null_as_default")]
    pub arn: String,
    /// Who may assume the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assume_role_policy_document: Option<Document>,
    /// Inline policies.
    #[serde(deserialize_with = "null_as_default")]
    pub role_policy_list: Vec<InlinePolicy>,
    /// Managed policies.
    #[serde(deserialize_with = "null_as_default")]
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// Upper limit of what identity policies can grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<PermissionsBoundary>,
    /// Tags.
    #[serde(deserialize_with = "null_as_default")]
    pub tags: Vec<Tag>,
    /// When the role was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_last_used: Option<RoleLastUsed>,
}

/// A managed policy with its versions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ManagedPolicy {
    /// Name without path.
    #[serde(deserialize_with = "null_as_default")]
    pub policy_name: String,
    /// ARN with path.
    #[serde(deserialize_with = "null_as_default")]
    pub arn: String,
    /// The version in force.
    #[serde(deserialize_with = "null_as_default")]
    pub default_version_id: String,
    /// All versions of customer policies; the default version of AWS's.
    #[serde(deserialize_with = "null_as_default")]
    pub policy_version_list: Vec<PolicyVersion>,
}

/// One version of a managed policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PolicyVersion {
    /// `v1`, `v2`, …
    #[serde(deserialize_with = "null_as_default")]
    pub version_id: String,
    /// Whether this version is in force.
    #[serde(deserialize_with = "null_as_default")]
    pub is_default_version: bool,
    /// The policy, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
}

/// A policy embedded in one user, group or role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InlinePolicy {
    /// Name, unique in its owner.
    #[serde(deserialize_with = "null_as_default")]
    pub policy_name: String,
    /// The policy, verbatim.
    #[serde(deserialize_with = "null_as_default")]
    pub policy_document: Document,
}

/// A reference to a managed policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AttachedPolicy {
    /// Name without path.
    #[serde(deserialize_with = "null_as_default")]
    pub policy_name: String,
    /// ARN with path.
    #[serde(deserialize_with = "null_as_default")]
    pub policy_arn: String,
}

/// A reference to the managed policy that bounds a user or role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PermissionsBoundary {
    /// Always `PermissionsBoundaryPolicy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary_type: Option<String>,
    /// ARN of the managed policy.
    #[serde(deserialize_with = "null_as_default")]
    pub permissions_boundary_arn: String,
}

/// A tag.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Tag {
    /// Tag key.
    #[serde(deserialize_with = "null_as_default")]
    pub key: String,
    /// Tag value.
    #[serde(deserialize_with = "null_as_default")]
    pub value: String,
}

/// When and where a role was last used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RoleLastUsed {
    /// RFC 3339 as AWS writes it, or absent when not within the tracking period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_date: Option<String>,
    /// Region code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
