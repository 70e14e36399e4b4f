//! How users sign in, and whether they still do: passwords, access keys, second factors.

use super::Call;
use super::call::client;
use super::properties::{Properties, rfc3339};
use super::reader::Scope;
use crate::snapshot::{AuthorizationDetails, Resource};
use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AccessKeyMetadata, User};
use futures_util::StreamExt;
use futures_util::future::{join_all, join3};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeMap;

const LIST_USERS: Call = Call::new("iam", "ListUsers");
const LIST_ACCESS_KEYS: Call = Call::new("iam", "ListAccessKeys");
const GET_ACCESS_KEY_LAST_USED: Call = Call::new("iam", "GetAccessKeyLastUsed");
const GET_LOGIN_PROFILE: Call = Call::new("iam", "GetLoginProfile");
const LIST_MFA_DEVICES: Call = Call::new("iam", "ListMFADevices");

/// What this file asks.
pub const CALLS: &[Call] =
    &[LIST_USERS, LIST_ACCESS_KEYS, GET_ACCESS_KEY_LAST_USED, GET_LOGIN_PROFILE, LIST_MFA_DEVICES];

/// How AWS says that a user has no password.
const NO_PASSWORD: &str = "NoSuchEntity";

/// Reads how each user signs in. Tags come with the authorization details.
pub(super) async fn read(
    scope: Scope<'_>,
    config: &SdkConfig,
    home: &str,
    details: &AuthorizationDetails,
) -> Vec<Resource> {
    let client = client!(aws_sdk_iam, config, home);
    let mut users = Vec::new();
    scope
        .pages(
            &LIST_USERS,
            "",
            |marker| client.list_users().max_items(1000).set_marker(marker).send(),
            |page| {
                users.extend(page.users);
                page.is_truncated.then(|| page.marker.unwrap_or_default())
            },
        )
        .await;
    let tags: FxHashMap<&str, BTreeMap<String, String>> = details
        .user_detail_list
        .iter()
        .map(|user| {
            let tags = user.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
            (user.arn.as_str(), tags.collect())
        })
        .collect();
    futures_util::stream::iter(&users)
        .map(|found| {
            let tags = tags.get(found.arn()).cloned().unwrap_or_default();
            user(scope, &client, found, tags)
        })
        .buffered(scope.concurrency())
        .collect()
        .await
}

async fn user(scope: Scope<'_>, client: &Client, user: &User, tags: BTreeMap<String, String>) -> Resource {
    let name = user.user_name();
    let subject = format!("user {name}");
    let (keys, password, factors) = join3(
        access_keys(scope, client, name, &subject),
        scope.read_or_none(
            &GET_LOGIN_PROFILE,
            &subject,
            NO_PASSWORD,
            client.get_login_profile().user_name(name).send(),
        ),
        second_factors(scope, client, name, &subject),
    )
    .await;
    let properties = Properties::default()
        .put("UserName", name)
        .time("PasswordLastUsed", user.password_last_used())
        .known("HasLoginProfile", password.map(|profile| profile.is_some()))
        .known("MFADevices", factors)
        .known("AccessKeys", keys);
    Resource {
        arn: user.arn().to_owned(),
        kind: "AWS::IAM::User".to_owned(),
        region: None,
        tags,
        properties: properties.map(),
        policy: None,
    }
}

/// The keys without their ids; `None` when they may not be all.
async fn access_keys(scope: Scope<'_>, client: &Client, name: &str, subject: &str) -> Option<Value> {
    let mut keys = Vec::new();
    let whole = scope
        .pages(
            &LIST_ACCESS_KEYS,
            subject,
            |marker| client.list_access_keys().user_name(name).set_marker(marker).send(),
            |page| {
                keys.extend(page.access_key_metadata);
                page.is_truncated.then(|| page.marker.unwrap_or_default())
            },
        )
        .await;
    keys.sort_by(|a, b| a.create_date().cmp(&b.create_date()));
    let keys = join_all(keys.iter().map(|key| access_key(scope, client, key, subject))).await;
    whole.then(|| keys.into_iter().map(Value::from).collect())
}

async fn access_key(scope: Scope<'_>, client: &Client, key: &AccessKeyMetadata, subject: &str) -> Properties {
    let properties = Properties::default()
        .text("Status", key.status().map(|status| status.as_str()))
        .time("CreateDate", key.create_date());
    let Some(id) = key.access_key_id() else { return properties };
    let request = client.get_access_key_last_used().access_key_id(id).send();
    let used = scope.read(&GET_ACCESS_KEY_LAST_USED, subject, request).await;
    // Where a key was never used, the service is the text `N/A` and the date is absent.
    let used = used.and_then(|answer| answer.access_key_last_used);
    let date = used.as_ref().and_then(|used| used.last_used_date()).and_then(rfc3339);
    let service = used.as_ref().filter(|_| date.is_some()).map(|used| used.service_name());
    properties.known("LastUsedDate", date).text("LastUsedService", service)
}

/// How many there are; `None` when not all may have come.
async fn second_factors(scope: Scope<'_>, client: &Client, name: &str, subject: &str) -> Option<usize> {
    let mut devices: usize = 0;
    let whole = scope
        .pages(
            &LIST_MFA_DEVICES,
            subject,
            |marker| client.list_mfa_devices().user_name(name).set_marker(marker).send(),
            |page| {
                devices = devices.saturating_add(page.mfa_devices.len());
                page.is_truncated.then(|| page.marker.unwrap_or_default())
            },
        )
        .await;
    whole.then_some(devices)
}
