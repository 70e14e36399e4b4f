#!/usr/bin/env python3
"""Topics and queues: more than a page of topics, subscriptions of people and of functions."""

import json

from comparing import ACCOUNT, HOME, OTHER, allow, client, policy

# ListTopics and ListSubscriptionsByTopic give a hundred a page.
TOPICS, SUBSCRIPTIONS = 101, 101
QUEUES = 12


def queues():
    sqs = client("sqs", HOME)
    dead = f"arn:aws:sqs:{HOME}:{ACCOUNT}:dead"
    sqs.create_queue(QueueName="dead")
    sqs.create_queue(
        QueueName="orders",
        Attributes={
            "KmsMasterKeyId": "alias/shop",
            "MessageRetentionPeriod": "1209600",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5}),
            "Policy": policy(allow("sqs:SendMessage", f"arn:aws:sqs:{HOME}:{ACCOUNT}:orders", Principal={"AWS": "*"}, Sid="All")),
        },
        tags={"env": "prod"},
    )
    for number in range(QUEUES):
        client("sqs", OTHER).create_queue(QueueName=f"trial-{number}")


def topics():
    sns = client("sns", HOME)
    alerts = sns.create_topic(
        Name="alerts",
        Attributes={"KmsMasterKeyId": "alias/shop", "DisplayName": "SECRET-name"},
        Tags=[{"Key": "env", "Value": "prod"}],
    )["TopicArn"]
    sns.subscribe(TopicArn=alerts, Protocol="email", Endpoint="SECRET@shop.example")
    sns.subscribe(TopicArn=alerts, Protocol="https", Endpoint="https://SECRET.shop.example/hook")
    sns.subscribe(TopicArn=alerts, Protocol="sqs", Endpoint=f"arn:aws:sqs:{HOME}:{ACCOUNT}:orders")
    for number in range(SUBSCRIPTIONS):
        sns.subscribe(TopicArn=alerts, Protocol="lambda", Endpoint=f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:f-{number}")
    for number in range(TOPICS):
        sns.create_topic(Name=f"trial-{number:03}")


if __name__ == "__main__":
    queues()
    topics()
