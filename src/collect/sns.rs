//! SNS topics, and whether anybody listens. Addresses of people and web hooks are not kept.

use super::Call;
use super::call::client;
use super::properties::{Properties, list, policy_of};
use super::reader::Scope;
use crate::base::Arn;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::Subscription;
use futures_util::StreamExt;
use futures_util::future::join3;

const LIST_TOPICS: Call = Call::new("sns", "ListTopics");
const GET_TOPIC_ATTRIBUTES: Call = Call::new("sns", "GetTopicAttributes");
const LIST_SUBSCRIPTIONS_BY_TOPIC: Call = Call::new("sns", "ListSubscriptionsByTopic");
const LIST_TAGS_FOR_RESOURCE: Call = Call::new("sns", "ListTagsForResource");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_TOPICS, GET_TOPIC_ATTRIBUTES, LIST_SUBSCRIPTIONS_BY_TOPIC, LIST_TAGS_FOR_RESOURCE];

/// Reads every topic of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("sns");
    let client = client!(aws_sdk_sns, config, region);
    let mut arns = Vec::new();
    scope
        .pages(
            &LIST_TOPICS,
            "",
            |token| client.list_topics().set_next_token(token).send(),
            |page| {
                arns.extend(page.topics.unwrap_or_default().into_iter().filter_map(|topic| topic.topic_arn));
                more(page.next_token)
            },
        )
        .await;
    let topics = futures_util::stream::iter(&arns)
        .map(|arn| topic(scope, &client, region, arn))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("sns");
    topics
}

fn more(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

async fn topic(scope: Scope<'_>, client: &Client, region: &str, arn: &str) -> Resource {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let subject = &format!("topic {name}");
    let mut subscriptions: Vec<Subscription> = Vec::new();
    let (attributes, whole, tags) = join3(
        scope.read(&GET_TOPIC_ATTRIBUTES, subject, client.get_topic_attributes().topic_arn(arn).send()),
        scope.pages(
            &LIST_SUBSCRIPTIONS_BY_TOPIC,
            subject,
            |token| client.list_subscriptions_by_topic().topic_arn(arn).set_next_token(token).send(),
            |page| {
                subscriptions.extend(page.subscriptions.unwrap_or_default());
                more(page.next_token)
            },
        ),
        scope.read(&LIST_TAGS_FOR_RESOURCE, subject, client.list_tags_for_resource().resource_arn(arn).send()),
    )
    .await;
    let attributes = attributes.map(|answer| answer.attributes.unwrap_or_default());
    let attribute = |name: &str| attributes.as_ref()?.get(name).map(String::as_str);
    let properties = Properties::default()
        .put("TopicName", name)
        .text("KmsMasterKeyId", attribute("KmsMasterKeyId"))
        .known("Subscriptions", whole.then(|| list(&subscriptions, subscription)));
    Resource {
        arn: arn.to_owned(),
        kind: "AWS::SNS::Topic".to_owned(),
        region: Some(region.to_owned()),
        tags: tags.and_then(|answer| answer.tags).unwrap_or_default().into_iter().map(|t| (t.key, t.value)).collect(),
        properties: properties.map(),
        policy: policy_of(attributes.as_ref().map(|_| attribute("Policy"))),
    }
}

/// A subscription has an ARN from the day it is confirmed; until then a word stands in its place.
fn subscription(subscription: &Subscription) -> Properties {
    let is_arn = |text: &&str| Arn::parse(text).is_some();
    Properties::default()
        .text("Protocol", subscription.protocol())
        .text("Endpoint", subscription.endpoint().filter(is_arn))
        .put("Confirmed", subscription.subscription_arn().as_ref().is_some_and(is_arn))
}
