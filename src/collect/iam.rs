//! Users, groups, roles and policies: all that `GetAccountAuthorizationDetails` says.

use super::Call;
use super::call::client;
use super::properties::rfc3339;
use super::reader::Scope;
use crate::snapshot::{
    AttachedPolicy, AuthorizationDetails, Document, GroupDetail, InlinePolicy, ManagedPolicy, PermissionsBoundary,
    PolicyVersion, RoleDetail, RoleLastUsed, Tag, UserDetail,
};
use aws_config::SdkConfig;
use aws_sdk_iam::types::{self, EntityType};
use percent_encoding::percent_decode_str;
use rustc_hash::FxHashSet;
use serde_json::value::RawValue;

const GET_ACCOUNT_AUTHORIZATION_DETAILS: Call = Call::new("iam", "GetAccountAuthorizationDetails");

/// What this file asks.
pub const CALLS: &[Call] = &[GET_ACCOUNT_AUTHORIZATION_DETAILS];

/// The largest page AWS gives.
const PAGE: i32 = 1000;

/// Reads the whole of IAM, in order of ARNs. Of AWS's own policies only those that are attached, or bound someone, are
/// kept: the others take part in no decision.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, home: &str) -> AuthorizationDetails {
    scope.started("iam");
    let client = client!(aws_sdk_iam, config, home);
    let mut details = AuthorizationDetails::default();
    let mut in_use = FxHashSet::default();
    scope
        .pages(
            &GET_ACCOUNT_AUTHORIZATION_DETAILS,
            "",
            |marker| {
                client
                    .get_account_authorization_details()
                    .filter(EntityType::User)
                    .filter(EntityType::Group)
                    .filter(EntityType::Role)
                    .filter(EntityType::LocalManagedPolicy)
                    .filter(EntityType::AwsManagedPolicy)
                    .max_items(PAGE)
                    .set_marker(marker)
                    .send()
            },
            |page| {
                details.user_detail_list.extend(page.user_detail_list.unwrap_or_default().into_iter().map(user));
                details.group_detail_list.extend(page.group_detail_list.unwrap_or_default().into_iter().map(group));
                details.role_detail_list.extend(page.role_detail_list.unwrap_or_default().into_iter().map(role));
                for policy in page.policies.unwrap_or_default() {
                    let used = policy.attachment_count.is_some_and(|count| count > 0)
                        || policy.permissions_boundary_usage_count.is_some_and(|count| count > 0);
                    if used {
                        in_use.extend(policy.arn.clone());
                    }
                    details.policies.push(managed(policy));
                }
                page.is_truncated.then(|| page.marker.unwrap_or_default())
            },
        )
        .await;

    in_use.extend(references(&details).map(str::to_owned));
    details.policies.retain(|policy| !is_of_aws(&policy.arn) || in_use.contains(&policy.arn));
    details.user_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
    details.group_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
    details.role_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
    details.policies.sort_by(|a, b| a.arn.cmp(&b.arn));
    scope.finished("iam");
    details
}

/// ARNs of the managed policies that someone has, or is bound by.
fn references(details: &AuthorizationDetails) -> impl Iterator<Item = &str> {
    let (users, groups, roles) = (&details.user_detail_list, &details.group_detail_list, &details.role_detail_list);
    let attached = users
        .iter()
        .flat_map(|user| &user.attached_managed_policies)
        .chain(groups.iter().flat_map(|group| &group.attached_managed_policies))
        .chain(roles.iter().flat_map(|role| &role.attached_managed_policies))
        .map(|policy| policy.policy_arn.as_str());
    let bounds = users
        .iter()
        .filter_map(|user| user.permissions_boundary.as_ref())
        .chain(roles.iter().filter_map(|role| role.permissions_boundary.as_ref()))
        .map(|boundary| boundary.permissions_boundary_arn.as_str());
    attached.chain(bounds)
}

fn is_of_aws(arn: &str) -> bool {
    crate::base::Arn::parse(arn).is_some_and(|arn| arn.account == "aws")
}

/// A document as it came: the text of the JSON object where the wire's text is one, be it URL-encoded; else the wire's
/// text itself, as a JSON string.
pub(super) fn document(wire: &str) -> Option<Document> {
    let object = |text: String| text.trim_start().starts_with('{').then(|| RawValue::from_string(text).ok()).flatten();
    let decoded = || percent_decode_str(wire).decode_utf8().ok().map(|text| text.into_owned());
    object(wire.to_owned())
        .or_else(|| decoded().and_then(object))
        .or_else(|| serde_json::value::to_raw_value(wire).ok())
        .map(Document)
}

fn user(user: types::UserDetail) -> UserDetail {
    UserDetail {
        path: user.path.unwrap_or_default(),
        user_name: user.user_name.unwrap_or_default(),
        user_id: user.user_id.unwrap_or_default(),
        arn: user.arn.unwrap_or_default(),
        user_policy_list: inline(user.user_policy_list),
        group_list: user.group_list.unwrap_or_default(),
        attached_managed_policies: attached(user.attached_managed_policies),
        permissions_boundary: user.permissions_boundary.map(boundary),
        tags: tags(user.tags),
    }
}

fn group(group: types::GroupDetail) -> GroupDetail {
    GroupDetail {
        path: group.path.unwrap_or_default(),
        group_name: group.group_name.unwrap_or_default(),
        group_id: group.group_id.unwrap_or_default(),
        arn: group.arn.unwrap_or_default(),
        group_policy_list: inline(group.group_policy_list),
        attached_managed_policies: attached(group.attached_managed_policies),
    }
}

fn role(role: types::RoleDetail) -> RoleDetail {
    RoleDetail {
        path: role.path.unwrap_or_default(),
        role_name: role.role_name.unwrap_or_default(),
        role_id: role.role_id.unwrap_or_default(),
        arn: role.arn.unwrap_or_default(),
        assume_role_policy_document: role.assume_role_policy_document.as_deref().and_then(document),
        role_policy_list: inline(role.role_policy_list),
        attached_managed_policies: attached(role.attached_managed_policies),
        permissions_boundary: role.permissions_boundary.map(boundary),
        tags: tags(role.tags),
        role_last_used: role.role_last_used.map(|used| RoleLastUsed {
            last_used_date: used.last_used_date.as_ref().and_then(rfc3339),
            region: used.region,
        }),
    }
}

fn managed(policy: types::ManagedPolicyDetail) -> ManagedPolicy {
    let version = |version: types::PolicyVersion| PolicyVersion {
        version_id: version.version_id.unwrap_or_default(),
        is_default_version: version.is_default_version,
        document: version.document.as_deref().and_then(document),
    };
    ManagedPolicy {
        policy_name: policy.policy_name.unwrap_or_default(),
        arn: policy.arn.unwrap_or_default(),
        default_version_id: policy.default_version_id.unwrap_or_default(),
        policy_version_list: policy.policy_version_list.unwrap_or_default().into_iter().map(version).collect(),
    }
}

fn inline(policies: Option<Vec<types::PolicyDetail>>) -> Vec<InlinePolicy> {
    let policy = |policy: types::PolicyDetail| {
        Some(InlinePolicy {
            policy_name: policy.policy_name.unwrap_or_default(),
            policy_document: document(&policy.policy_document.unwrap_or_default())?,
        })
    };
    policies.unwrap_or_default().into_iter().filter_map(policy).collect()
}

fn attached(policies: Option<Vec<types::AttachedPolicy>>) -> Vec<AttachedPolicy> {
    let policy = |policy: types::AttachedPolicy| AttachedPolicy {
        policy_name: policy.policy_name.unwrap_or_default(),
        policy_arn: policy.policy_arn.unwrap_or_default(),
    };
    policies.unwrap_or_default().into_iter().map(policy).collect()
}

fn boundary(boundary: types::AttachedPermissionsBoundary) -> PermissionsBoundary {
    PermissionsBoundary {
        permissions_boundary_type: boundary.permissions_boundary_type.map(|kind| kind.as_str().to_owned()),
        permissions_boundary_arn: boundary.permissions_boundary_arn.unwrap_or_default(),
    }
}

fn tags(tags: Option<Vec<types::Tag>>) -> Vec<Tag> {
    tags.unwrap_or_default().into_iter().map(|tag| Tag { key: tag.key, value: tag.value }).collect()
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn documents_are_kept_as_they_came() {
        for (wire, kept) in [
            (r#"%7B%22Version%22%3A%20%222012-10-17%22%7D"#, r#"{"Version": "2012-10-17"}"#),
            // Order, doubled keys and blanks are the policy's own.
            (r#"{"b":1, "a":%20}"#, r#""{\"b\":1, \"a\":%20}""#),
            (r#"{"b":1,"a":2,"b":3}"#, r#"{"b":1,"a":2,"b":3}"#),
            // A literal percent sign in JSON that came plain is not decoded.
            (r#"{"a":"%41"}"#, r#"{"a":"%41"}"#),
            ("not a policy", r#""not a policy""#),
            ("%ff%7B", r#""%ff%7B""#),
            ("", r#""""#),
        ] {
            assert_eq!(document(wire).unwrap().0.get(), kept);
        }
    }
}
