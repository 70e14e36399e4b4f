//! Tags of resources whose service lists them without: from the tagging API, a hundred resources a call.

use super::Call;
use super::call::client;
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use futures_util::future::{LocalBoxFuture, join, join_all};
use std::collections::HashMap;

const GET_RESOURCES: Call = Call::new("tag", "GetResources");

/// What this file asks.
pub const CALLS: &[Call] = &[GET_RESOURCES];

/// The kinds of resources whose tags are read here.
const KINDS: &[&str] = &["cloudwatch:alarm", "events:event-bus", "events:rule", "logs:log-group"];

/// The largest page AWS gives.
const PAGE: i32 = 100;

/// Lets the services read, and meanwhile the tags of what they will have read.
pub(super) async fn tagged(
    scope: Scope<'_>,
    config: &SdkConfig,
    region: &str,
    services: Vec<LocalBoxFuture<'_, Vec<Resource>>>,
) -> Vec<Resource> {
    let client = client!(aws_sdk_resourcegroupstagging, config, region);
    let mut tags: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let reading = async {
        scope.started("tag");
        scope
            .pages(
                &GET_RESOURCES,
                "",
                |token| {
                    let kinds = KINDS.iter().map(|kind| (*kind).to_owned()).collect();
                    client
                        .get_resources()
                        .set_resource_type_filters(Some(kinds))
                        .resources_per_page(PAGE)
                        .set_pagination_token(token)
                        .send()
                },
                |page| {
                    for resource in page.resource_tag_mapping_list.unwrap_or_default() {
                        let Some(arn) = resource.resource_arn else { continue };
                        let found = resource.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
                        tags.entry(arn.trim_end_matches(":*").to_owned()).or_default().extend(found);
                    }
                    page.pagination_token.filter(|token| !token.is_empty())
                },
            )
            .await;
        scope.finished("tag");
    };
    let (_, read) = join(reading, join_all(services)).await;
    let mut resources: Vec<Resource> = read.into_iter().flatten().collect();
    for resource in &mut resources {
        resource.tags.extend(tags.remove(&resource.arn).unwrap_or_default());
    }
    resources
}
