//! Cognito: pools of users, and pools of identities with the roles that whoever signs in, or does not, gets.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_cognitoidentity::types::{CognitoIdentityProvider, MappingRule, RoleMapping};
use aws_sdk_cognitoidentityprovider::types::{LambdaConfigType, UserPoolType};
use futures_util::StreamExt;
use futures_util::future::join;
use std::collections::HashMap;

const LIST_USER_POOLS: Call = Call::new("cognito-idp", "ListUserPools");
const DESCRIBE_USER_POOL: Call = Call::new("cognito-idp", "DescribeUserPool");
const LIST_IDENTITY_POOLS: Call = Call::new("cognito-identity", "ListIdentityPools");
const DESCRIBE_IDENTITY_POOL: Call = Call::new("cognito-identity", "DescribeIdentityPool");
const GET_IDENTITY_POOL_ROLES: Call = Call::new("cognito-identity", "GetIdentityPoolRoles");

/// What this file asks.
pub const CALLS: &[Call] =
    &[LIST_USER_POOLS, DESCRIBE_USER_POOL, LIST_IDENTITY_POOLS, DESCRIBE_IDENTITY_POOL, GET_IDENTITY_POOL_ROLES];

/// Regions known not to offer each kind of pools. Source: botocore 1.43, `endpoints.json`. Serves to tell an absent
/// service from a fault of name resolution; they are asked all the same.
pub(super) const NO_USER_POOLS: &[&str] = &["cn-north-1", "cn-northwest-1"];
pub(super) const NO_IDENTITY_POOLS: &[&str] = &["cn-northwest-1"];

/// The largest page AWS gives.
const PAGE: i32 = 60;

/// Reads both kinds of pools of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    let users = user_pools(scope, config, region, identity);
    let identities = identity_pools(scope, config, region, identity);
    let (mut users, identities) = join(users, identities).await;
    users.extend(identities);
    users
}

async fn user_pools(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("cognito-idp");
    let client = &client!(aws_sdk_cognitoidentityprovider, config, region);
    let mut listed = Vec::new();
    scope
        .pages(
            &LIST_USER_POOLS,
            "",
            |token| client.list_user_pools().max_results(PAGE).set_next_token(token).send(),
            |page| {
                let pools = page.user_pools.unwrap_or_default().into_iter();
                listed.extend(pools.filter_map(|pool| Some((pool.id?, pool.name))));
                more(page.next_token)
            },
        )
        .await;
    let pools = futures_util::stream::iter(&listed)
        .map(|(id, name)| async move {
            let subject = format!("user pool {id}");
            let request = client.describe_user_pool().user_pool_id(id).send();
            let described = scope.read(&DESCRIBE_USER_POOL, &subject, request).await;
            user_pool(id, name.as_deref(), described.and_then(|answer| answer.user_pool), region, identity)
        })
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("cognito-idp");
    pools
}

fn user_pool(
    id: &str,
    name: Option<&str>,
    described: Option<UserPoolType>,
    region: &str,
    identity: &Identity,
) -> Resource {
    let Identity { account, partition } = identity;
    let mut properties = Properties::default().put("UserPoolId", id).text("UserPoolName", name);
    if let Some(pool) = &described {
        properties = properties
            .text("DeletionProtection", pool.deletion_protection().map(|protection| protection.as_str()))
            .text("MfaConfiguration", pool.mfa_configuration().map(|mfa| mfa.as_str()))
            .put("EstimatedNumberOfUsers", pool.estimated_number_of_users())
            .known("LambdaConfig", pool.lambda_config().map(triggers));
    }
    Resource {
        arn: format!("arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}"),
        kind: "AWS::Cognito::UserPool".to_owned(),
        region: Some(region.to_owned()),
        tags: described.and_then(|pool| pool.user_pool_tags).unwrap_or_default().into_iter().collect(),
        properties: properties.map(),
        policy: None,
    }
}

/// The functions that decide who gets in.
fn triggers(config: &LambdaConfigType) -> Properties {
    Properties::default()
        .text("PreSignUp", config.pre_sign_up())
        .text("PreAuthentication", config.pre_authentication())
        .text("PostAuthentication", config.post_authentication())
        .text("PostConfirmation", config.post_confirmation())
        .text("PreTokenGeneration", config.pre_token_generation())
        .text("DefineAuthChallenge", config.define_auth_challenge())
        .text("CreateAuthChallenge", config.create_auth_challenge())
        .text("VerifyAuthChallengeResponse", config.verify_auth_challenge_response())
        .text("UserMigration", config.user_migration())
        .text("CustomMessage", config.custom_message())
}

async fn identity_pools(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("cognito-identity");
    let client = client!(aws_sdk_cognitoidentity, config, region);
    let mut listed = Vec::new();
    scope
        .pages(
            &LIST_IDENTITY_POOLS,
            "",
            |token| client.list_identity_pools().max_results(PAGE).set_next_token(token).send(),
            |page| {
                let pools = page.identity_pools.unwrap_or_default().into_iter();
                listed.extend(pools.filter_map(|pool| Some((pool.identity_pool_id?, pool.identity_pool_name))));
                more(page.next_token)
            },
        )
        .await;
    let pools = futures_util::stream::iter(&listed)
        .map(|(id, name)| identity_pool(scope, &client, id, name.as_deref(), region, identity))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("cognito-identity");
    pools
}

async fn identity_pool(
    scope: Scope<'_>,
    client: &aws_sdk_cognitoidentity::Client,
    id: &str,
    name: Option<&str>,
    region: &str,
    identity: &Identity,
) -> Resource {
    let Identity { account, partition } = identity;
    let subject = &format!("identity pool {id}");
    let (described, roles) = join(
        scope.read(&DESCRIBE_IDENTITY_POOL, subject, client.describe_identity_pool().identity_pool_id(id).send()),
        scope.read(&GET_IDENTITY_POOL_ROLES, subject, client.get_identity_pool_roles().identity_pool_id(id).send()),
    )
    .await;
    let mut properties = Properties::default().put("Id", id).text("IdentityPoolName", name);
    if let Some(pool) = &described {
        let provider = |provider: &CognitoIdentityProvider| {
            Properties::default()
                .text("ProviderName", provider.provider_name())
                .text("ClientId", provider.client_id())
                .known("ServerSideTokenCheck", provider.server_side_token_check())
        };
        properties = properties
            .put("AllowUnauthenticatedIdentities", pool.allow_unauthenticated_identities())
            .known("AllowClassicFlow", pool.allow_classic_flow())
            .text("DeveloperProviderName", pool.developer_provider_name())
            .put("CognitoIdentityProviders", list(pool.cognito_identity_providers(), provider))
            .put("OpenIdConnectProviderARNs", pool.open_id_connect_provider_arns().to_vec())
            .put("SamlProviderARNs", pool.saml_provider_arns().to_vec());
    }
    if let Some(roles) = &roles {
        let by_kind = roles.roles().into_iter().flatten();
        let by_kind = by_kind.fold(Properties::default(), |all, (kind, role)| all.put(kind, role.as_str()));
        properties = properties.put("Roles", by_kind).known("RoleMappings", roles.role_mappings().map(role_mappings));
    }
    Resource {
        arn: format!("arn:{partition}:cognito-identity:{region}:{account}:identitypool/{id}"),
        kind: "AWS::Cognito::IdentityPool".to_owned(),
        region: Some(region.to_owned()),
        tags: described.and_then(|pool| pool.identity_pool_tags).unwrap_or_default().into_iter().collect(),
        properties: properties.map(),
        policy: None,
    }
}

fn role_mappings(mappings: &HashMap<String, RoleMapping>) -> Properties {
    let rule = |rule: &MappingRule| {
        Properties::default()
            .put("Claim", rule.claim())
            .text("MatchType", Some(rule.match_type().as_str()))
            .put("Value", rule.value())
            .put("RoleARN", rule.role_arn())
    };
    let mapping = |mapping: &RoleMapping| {
        let rules = mapping
            .rules_configuration()
            .map(|configuration| Properties::default().put("Rules", list(configuration.rules(), rule)));
        let ambiguous = mapping.ambiguous_role_resolution().map(|resolution| resolution.as_str());
        Properties::default()
            .text("Type", Some(mapping.r#type().as_str()))
            .text("AmbiguousRoleResolution", ambiguous)
            .known("RulesConfiguration", rules)
    };
    mappings.iter().fold(Properties::default(), |all, (provider, found)| all.put(provider, mapping(found)))
}

fn more(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}
