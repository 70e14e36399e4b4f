#!/usr/bin/env python3
"""What watches over production and leads to it: trails, event rules, alarms, log groups, zones, services of ECS."""

import json
import os

import boto3

from comparing import ACCOUNT, HOME, OTHER, client, policy

# More than one page of each: hundred rules, targets and records, fifty log groups and filters, ten services.
RULES, TARGETS, ALARMS, GROUPS, RECORDS, ZONES, SERVICES = 120, 5, 120, 60, 320, 3, 25


def seed_trails():
    # Trails are moto's, and want their bucket there, wherever buckets are read from.
    moto = boto3.client("s3", region_name=OTHER, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    moto.create_bucket(Bucket="trail-logs")
    trails = client("cloudtrail", OTHER)
    trails.create_trail(
        Name="everywhere",
        S3BucketName="trail-logs",
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
        TagsList=[{"Key": "env", "Value": "prod"}],
    )
    trails.start_logging(Name="everywhere")
    data = [{"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]}]
    selectors = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": data}]
    trails.put_event_selectors(TrailName="everywhere", EventSelectors=selectors)
    client("cloudtrail", HOME).create_trail(Name="here", S3BucketName="trail-logs")


def seed_events():
    events = client("events")
    bus = events.create_event_bus(Name="orders")["EventBusArn"]
    statement = {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "events:PutEvents", "Resource": bus}
    events.put_permission(EventBusName="orders", Policy=policy(statement))
    for bus in ("default", "orders"):
        for number in range(RULES):
            tags = [{"Key": "env", "Value": "prod"}] if number == 0 else []
            events.put_rule(
                Name=f"rule-{number:03}",
                EventBusName=bus,
                EventPattern=json.dumps({"source": ["aws.dynamodb"], "detail": {"eventName": ["DeleteTable"]}}),
                State="ENABLED" if number else "DISABLED",
                Description="SECRET-description",
                Tags=tags,
            )
            targets = [
                {
                    "Id": f"target-{target}",
                    "Arn": f"arn:aws:sns:{HOME}:{ACCOUNT}:alerts",
                    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/events",
                    "Input": '"SECRET-input"',
                }
                for target in range(TARGETS)
            ]
            events.put_targets(Rule=f"rule-{number:03}", EventBusName=bus, Targets=targets)
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")


def seed_alarms():
    cloudwatch = client("cloudwatch")
    for number in range(ALARMS):
        cloudwatch.put_metric_alarm(
            AlarmName=f"alarm-{number:03}",
            AlarmDescription="SECRET-description",
            Namespace="AWS/DynamoDB",
            MetricName="SystemErrors",
            Dimensions=[{"Name": "TableName", "Value": "orders"}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=3,
            Threshold=1.5,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="breaching",
            ActionsEnabled=number != 0,
            AlarmActions=[f"arn:aws:sns:{HOME}:{ACCOUNT}:alerts"],
            Tags=[{"Key": "env", "Value": "prod"}],
        )
    stat = {"Metric": {"Namespace": "AWS/DynamoDB", "MetricName": "SystemErrors"}, "Period": 60, "Stat": "Sum"}
    cloudwatch.put_metric_alarm(
        AlarmName="reckoned",
        Metrics=[
            {"Id": "errors", "MetricStat": stat, "ReturnData": False},
            {"Id": "rate", "Expression": "errors / 60", "Label": "SECRET-label", "ReturnData": True},
        ],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )


def seed_logs():
    logs = client("logs")
    for number in range(GROUPS):
        name = f"/shop/group-{number:03}"
        logs.create_log_group(logGroupName=name, tags={"env": "prod"} if number == 0 else {})
        if number % 2:
            logs.put_retention_policy(logGroupName=name, retentionInDays=30)
        logs.put_metric_filter(
            logGroupName=name,
            filterName=f"deletions-{number:03}",
            filterPattern='{ $.eventName = "DeleteTable" }',
            metricTransformations=[{"metricName": "Deletions", "metricNamespace": "Shop", "metricValue": "1"}],
        )


def seed_zones():
    route53 = client("route53")
    for number in range(ZONES):
        comment = {"Comment": "SECRET-comment", "PrivateZone": False}
        zone = route53.create_hosted_zone(Name=f"zone-{number}.example", CallerReference=f"SECRET-{number}", HostedZoneConfig=comment)
        zone = zone["HostedZone"]["Id"].split("/")[-1]
        if number:
            continue
        tags = [{"Key": "env", "Value": "prod"}]
        route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, AddTags=tags)

        def record(name, kind, *values, **more):
            values = [{"Value": value} for value in values]
            of = {"Name": f"{name}zone-0.example", "Type": kind, "TTL": 60, "ResourceRecords": values, **more}
            return {"Action": "CREATE", "ResourceRecordSet": of}

        alias = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net.", "EvaluateTargetHealth": False}
        changes = [record(f"host-{number:03}.", "A", "192.0.2.1") for number in range(RECORDS)]
        changes += [
            record("", "TXT", '"SECRET-verification"'),
            record("www.", "CNAME", "blue.example.net", SetIdentifier="blue", Weight=1),
            record("www.", "CNAME", "green.example.net", SetIdentifier="green", Weight=2),
            {
                "Action": "CREATE",
                "ResourceRecordSet": {"Name": "*.zone-0.example", "Type": "A", "AliasTarget": alias},
            },
        ]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    check = {
        "Type": "HTTPS_STR_MATCH",
        "FullyQualifiedDomainName": "zone-0.example",
        "Port": 443,
        "ResourcePath": "/health?token=SECRET",
        "SearchString": "SECRET-search",
        "RequestInterval": 30,
        "FailureThreshold": 3,
    }
    route53.create_health_check(CallerReference="SECRET-check", HealthCheckConfig=check)


def seed_services():
    ecs = client("ecs")
    ecs.create_cluster(clusterName="shop", tags=[{"key": "env", "value": "prod"}])
    ecs.create_cluster(clusterName="empty")
    for family in ("web", "unused"):
        ecs.register_task_definition(
            family=family,
            taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{family}-task",
            executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{family}-execution",
            containerDefinitions=[
                {
                    "name": "app",
                    "image": "nginx",
                    "memory": 128,
                    "environment": [{"name": "DB_PASSWORD", "value": "SECRET-value"}],
                    "secrets": [{"name": "API_KEY", "valueFrom": "SECRET-from"}],
                    "command": ["SECRET-command"],
                    "privileged": True,
                }
            ],
        )
    for number in range(SERVICES):
        ecs.create_service(
            cluster="shop",
            serviceName=f"service-{number:02}",
            taskDefinition="web",
            desiredCount=2,
            deploymentConfiguration={
                "maximumPercent": 200,
                "minimumHealthyPercent": 50,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            tags=[{"key": "env", "value": "prod"}],
        )


def main():
    seed_trails()
    seed_events()
    seed_alarms()
    seed_logs()
    seed_zones()
    seed_services()


if __name__ == "__main__":
    main()
