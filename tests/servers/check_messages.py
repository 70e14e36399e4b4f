#!/usr/bin/env python3
"""Compares SNS and SQS in the snapshot with what boto3 says: `check_messages.py BINARY SNAPSHOT`."""

import json

import comparing
from comparing import REGIONS, client, resource, some


def pages(service, operation, member, **given):
    return [item for page in service.get_paginator(operation).paginate(**given) for item in page.get(member, [])]


def topics(region):
    sns = client("sns", region)
    for listed in pages(sns, "list_topics", "Topics"):
        arn = listed["TopicArn"]
        said = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        subscriptions = pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
        properties = some(
            TopicName=arn.rsplit(":", 1)[1],
            KmsMasterKeyId=said.get("KmsMasterKeyId"),
            Subscriptions=[
                some(
                    Protocol=item["Protocol"],
                    Endpoint=item["Endpoint"] if item["Endpoint"].startswith("arn:") else None,
                    Confirmed=item["SubscriptionArn"].startswith("arn:"),
                )
                for item in subscriptions
            ],
        )
        tags = {tag["Key"]: tag["Value"] for tag in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
        yield resource(arn, "AWS::SNS::Topic", region, properties, tags, said.get("Policy"))


def queues(region):
    sqs = client("sqs", region)
    for url in pages(sqs, "list_queues", "QueueUrls"):
        said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        managed, redrive = said.get("SqsManagedSseEnabled"), said.get("RedrivePolicy")
        properties = some(
            QueueName=url.rsplit("/", 1)[1],
            KmsMasterKeyId=said.get("KmsMasterKeyId"),
            SqsManagedSseEnabled=None if managed is None else managed == "true",
            MessageRetentionPeriod=int(said["MessageRetentionPeriod"]),
            RedrivePolicy=redrive and json.loads(redrive),
        )
        tags = sqs.list_queue_tags(QueueUrl=url).get("Tags")
        yield resource(said["QueueArn"], "AWS::SQS::Queue", region, properties, tags, said.get("Policy"))


def main():
    _, snapshot = comparing.arguments()
    comparing.expect_read(snapshot, "sns")
    comparing.expect_read(snapshot, "sqs")
    for kind, read, most in [("AWS::SNS::", topics, 101), ("AWS::SQS::", queues, 12)]:
        wanted = [item for region in REGIONS for item in read(region)]
        comparing.expect(len(wanted) > most, f"only {len(wanted)} of {kind}")
        comparing.expect_resources(snapshot, (kind,), wanted)
    comparing.finish()


if __name__ == "__main__":
    main()
