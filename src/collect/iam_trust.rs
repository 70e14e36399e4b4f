//! Who IAM lets in from outside, and what machines run as: identity providers, instance profiles, the account's alias.

use super::Call;
use super::call::client;
use super::properties::Properties;
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{InstanceProfile, Tag};
use futures_util::StreamExt;
use futures_util::future::join3;
use serde_json::Value;
use std::collections::BTreeMap;

const LIST_ACCOUNT_ALIASES: Call = Call::new("iam", "ListAccountAliases");
const LIST_INSTANCE_PROFILES: Call = Call::new("iam", "ListInstanceProfiles");
const LIST_INSTANCE_PROFILE_TAGS: Call = Call::new("iam", "ListInstanceProfileTags");
const LIST_OPEN_ID_CONNECT_PROVIDERS: Call = Call::new("iam", "ListOpenIDConnectProviders");
const GET_OPEN_ID_CONNECT_PROVIDER: Call = Call::new("iam", "GetOpenIDConnectProvider");
const LIST_SAML_PROVIDERS: Call = Call::new("iam", "ListSAMLProviders");
const LIST_SAML_PROVIDER_TAGS: Call = Call::new("iam", "ListSAMLProviderTags");

/// What this file asks.
pub const CALLS: &[Call] = &[
    LIST_ACCOUNT_ALIASES,
    LIST_INSTANCE_PROFILES,
    LIST_INSTANCE_PROFILE_TAGS,
    LIST_OPEN_ID_CONNECT_PROVIDERS,
    GET_OPEN_ID_CONNECT_PROVIDER,
    LIST_SAML_PROVIDERS,
    LIST_SAML_PROVIDER_TAGS,
];

/// The account's alias; there is at most one.
pub(super) async fn alias(scope: Scope<'_>, config: &SdkConfig, home: &str) -> Option<String> {
    let client = client!(aws_sdk_iam, config, home);
    let mut aliases = Vec::new();
    scope
        .pages(
            &LIST_ACCOUNT_ALIASES,
            "",
            |marker| client.list_account_aliases().set_marker(marker).send(),
            |page| {
                aliases.extend(page.account_aliases);
                page.is_truncated.then(|| page.marker.unwrap_or_default())
            },
        )
        .await;
    aliases.into_iter().next()
}

/// Reads instance profiles and the providers of outside identities.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, home: &str) -> Vec<Resource> {
    let client = client!(aws_sdk_iam, config, home);
    let (profiles, web, saml) =
        join3(instance_profiles(scope, &client), oidc_providers(scope, &client), saml_providers(scope, &client)).await;
    [profiles, web, saml].into_iter().flatten().collect()
}

fn resource(arn: &str, kind: &str, tags: BTreeMap<String, String>, properties: Properties) -> Resource {
    Resource {
        arn: arn.to_owned(),
        kind: kind.to_owned(),
        region: None,
        tags,
        properties: properties.map(),
        policy: None,
    }
}

fn add(tags: &mut BTreeMap<String, String>, found: Vec<Tag>) {
    tags.extend(found.into_iter().map(|tag| (tag.key, tag.value)));
}

async fn instance_profiles(scope: Scope<'_>, client: &Client) -> Vec<Resource> {
    let mut profiles = Vec::new();
    scope
        .pages(
            &LIST_INSTANCE_PROFILES,
            "",
            |marker| client.list_instance_profiles().max_items(1000).set_marker(marker).send(),
            |page| {
                profiles.extend(page.instance_profiles);
                page.is_truncated.then(|| page.marker.unwrap_or_default())
            },
        )
        .await;
    futures_util::stream::iter(&profiles)
        .map(|profile| instance_profile(scope, client, profile))
        .buffered(scope.concurrency())
        .collect()
        .await
}

async fn instance_profile(scope: Scope<'_>, client: &Client, profile: &InstanceProfile) -> Resource {
    let name = profile.instance_profile_name();
    let mut tags = BTreeMap::new();
    scope
        .pages(
            &LIST_INSTANCE_PROFILE_TAGS,
            &format!("instance profile {name}"),
            |marker| client.list_instance_profile_tags().instance_profile_name(name).set_marker(marker).send(),
            |page| {
                add(&mut tags, page.tags);
                page.is_truncated.then(|| page.marker.unwrap_or_default())
            },
        )
        .await;
    let roles: Vec<Value> = profile.roles().iter().map(|role| Value::from(role.arn())).collect();
    let properties = Properties::default().put("InstanceProfileName", name).put("Roles", roles);
    resource(profile.arn(), "AWS::IAM::InstanceProfile", tags, properties)
}

async fn oidc_providers(scope: Scope<'_>, client: &Client) -> Vec<Resource> {
    let request = client.list_open_id_connect_providers().send();
    let listed = scope.read(&LIST_OPEN_ID_CONNECT_PROVIDERS, "", request).await;
    let entries = listed.and_then(|answer| answer.open_id_connect_provider_list).unwrap_or_default();
    let arns = entries.into_iter().filter_map(|entry| entry.arn);
    futures_util::stream::iter(arns)
        .map(|arn| async move {
            let request = client.get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send();
            let said = scope.read(&GET_OPEN_ID_CONNECT_PROVIDER, &arn, request).await;
            let mut properties = Properties::default();
            let mut tags = BTreeMap::new();
            if let Some(said) = said {
                let clients = said.client_id_list().iter().map(|id| Value::from(id.as_str())).collect::<Vec<_>>();
                properties = properties.text("Url", said.url()).put("ClientIdList", clients);
                add(&mut tags, said.tags.unwrap_or_default());
            }
            resource(&arn, "AWS::IAM::OIDCProvider", tags, properties)
        })
        .buffered(scope.concurrency())
        .collect()
        .await
}

async fn saml_providers(scope: Scope<'_>, client: &Client) -> Vec<Resource> {
    let listed = scope.read(&LIST_SAML_PROVIDERS, "", client.list_saml_providers().send()).await;
    let entries = listed.and_then(|answer| answer.saml_provider_list).unwrap_or_default();
    let arns = entries.into_iter().filter_map(|entry| entry.arn);
    futures_util::stream::iter(arns)
        .map(|arn| async move {
            let mut tags = BTreeMap::new();
            scope
                .pages(
                    &LIST_SAML_PROVIDER_TAGS,
                    &arn,
                    |marker| client.list_saml_provider_tags().saml_provider_arn(&arn).set_marker(marker).send(),
                    |page| {
                        add(&mut tags, page.tags);
                        page.is_truncated.then(|| page.marker.unwrap_or_default())
                    },
                )
                .await;
            // arn:aws:iam::111122223333:saml-provider/NAME
            let name = arn.rsplit('/').next().map(str::to_owned);
            let properties = Properties::default().known("Name", name);
            resource(&arn, "AWS::IAM::SAMLProvider", tags, properties)
        })
        .buffered(scope.concurrency())
        .collect()
        .await
}
