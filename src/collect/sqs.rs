//! SQS queues and who may send to them, read them and empty them.

use super::Call;
use super::call::client;
use super::properties::{Properties, policy_of};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures_util::StreamExt;
use futures_util::future::join;
use serde_json::Value;

const LIST_QUEUES: Call = Call::new("sqs", "ListQueues");
const GET_QUEUE_ATTRIBUTES: Call = Call::new("sqs", "GetQueueAttributes");
const LIST_QUEUE_TAGS: Call = Call::new("sqs", "ListQueueTags");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_QUEUES, GET_QUEUE_ATTRIBUTES, LIST_QUEUE_TAGS];

/// The largest page AWS gives. Without a size the list ends after it, and does not say so.
const PAGE: i32 = 1000;

/// Reads every queue of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("sqs");
    let client = client!(aws_sdk_sqs, config, region);
    let mut addresses = Vec::new();
    scope
        .pages(
            &LIST_QUEUES,
            "",
            |token| client.list_queues().max_results(PAGE).set_next_token(token).send(),
            |page| {
                addresses.extend(page.queue_urls.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let queues = futures_util::stream::iter(&addresses)
        .map(|address| queue(scope, &client, region, identity, address))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("sqs");
    queues
}

/// Asks about the queue at an address such as `https://sqs.eu-west-1.amazonaws.com/111122223333/orders`.
async fn queue(scope: Scope<'_>, client: &Client, region: &str, identity: &Identity, address: &str) -> Resource {
    let name = address.rsplit('/').next().unwrap_or_default();
    let subject = &format!("queue {name}");
    let (attributes, tags) = join(
        scope.read(
            &GET_QUEUE_ATTRIBUTES,
            subject,
            client.get_queue_attributes().queue_url(address).attribute_names(Name::All).send(),
        ),
        scope.read(&LIST_QUEUE_TAGS, subject, client.list_queue_tags().queue_url(address).send()),
    )
    .await;
    let attributes = attributes.map(|answer| answer.attributes.unwrap_or_default());
    let attribute = |name: Name| attributes.as_ref()?.get(&name).map(String::as_str);
    let number = |name: Name| attribute(name).and_then(|text| text.parse::<u64>().ok());
    let Identity { account, partition } = identity;
    let arn = attribute(Name::QueueArn).map(str::to_owned);
    let redrive = attribute(Name::RedrivePolicy).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let properties = Properties::default()
        .put("QueueName", name)
        .text("KmsMasterKeyId", attribute(Name::KmsMasterKeyId))
        .known("SqsManagedSseEnabled", attribute(Name::SqsManagedSseEnabled).map(|text| text == "true"))
        .known("MessageRetentionPeriod", number(Name::MessageRetentionPeriod))
        .known("RedrivePolicy", redrive);
    Resource {
        arn: arn.unwrap_or_else(|| format!("arn:{partition}:sqs:{region}:{account}:{name}")),
        kind: "AWS::SQS::Queue".to_owned(),
        region: Some(region.to_owned()),
        tags: tags.and_then(|answer| answer.tags).unwrap_or_default().into_iter().collect(),
        properties: properties.map(),
        policy: policy_of(attributes.as_ref().map(|_| attribute(Name::Policy))),
    }
}
