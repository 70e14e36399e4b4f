#!/usr/bin/env python3
"""Compares trails, event rules, alarms, log groups, zones and services with what boto3 says: `check_watching.py BINARY
SNAPSHOT`."""

import json

from comparing import (
    ACCOUNT,
    REGIONS,
    arguments,
    client,
    expect,
    expect_read,
    expect_resources,
    finish,
    resource,
    resources_of,
    some,
    time,
)

KINDS = ("AWS::CloudTrail::", "AWS::Events::", "AWS::CloudWatch::", "AWS::Logs::", "AWS::Route53::", "AWS::ECS::")


def tags(said, key="Key", value="Value"):
    return {tag[key]: tag[value] for tag in said or []}


def upper(item):
    """API names that CloudFormation writes with a capital letter, and nothing more."""
    return {key[0].upper() + key[1:]: value for key, value in item.items()}


def tagged(region):
    """What the tagging API says, by ARN: the program asks it, since the services list their things without tags."""
    pages = client("resourcegroupstaggingapi", region).get_paginator("get_resources")
    filters = ["cloudwatch:alarm", "events:event-bus", "events:rule", "logs:log-group"]
    found = [item for page in pages.paginate(ResourceTypeFilters=filters) for item in page["ResourceTagMappingList"]]
    return {item["ResourceARN"]: tags(item["Tags"]) for item in found}


def trails(region):
    for trail in client("cloudtrail", region).describe_trails(includeShadowTrails=True)["trailList"]:
        api, arn = client("cloudtrail", trail["HomeRegion"]), trail["TrailARN"]
        status, selectors = api.get_trail_status(Name=arn), api.get_event_selectors(TrailName=arn)
        found = api.list_tags(ResourceIdList=[arn])["ResourceTagList"]
        properties = some(
            TrailName=trail["Name"],
            HomeRegion=trail["HomeRegion"],
            S3BucketName=trail["S3BucketName"],
            S3KeyPrefix=trail.get("S3KeyPrefix"),
            IsMultiRegionTrail=trail["IsMultiRegionTrail"],
            IsOrganizationTrail=trail["IsOrganizationTrail"],
            IncludeGlobalServiceEvents=trail["IncludeGlobalServiceEvents"],
            EnableLogFileValidation=trail["LogFileValidationEnabled"],
            IsLogging=status["IsLogging"],
            LatestDeliveryError=status.get("LatestDeliveryError"),
            StopLoggingTime=time(status.get("StopLoggingTime")),
            EventSelectors=[
                some(
                    ReadWriteType=one["ReadWriteType"],
                    IncludeManagementEvents=one["IncludeManagementEvents"],
                    DataResources=one["DataResources"],
                    ExcludeManagementEventSources=one.get("ExcludeManagementEventSources"),
                )
                for one in selectors["EventSelectors"]
            ]
            if "EventSelectors" in selectors
            else None,
            AdvancedEventSelectors=selectors.get("AdvancedEventSelectors"),
        )
        found = tags([tag for item in found for tag in item["TagsList"]])
        yield resource(arn, "AWS::CloudTrail::Trail", trail["HomeRegion"], properties, found)


def events(region):
    api, tags_of = client("events", region), tagged(region)
    for bus in api.list_event_buses()["EventBuses"]:
        found = tags_of.get(bus["Arn"])
        yield resource(bus["Arn"], "AWS::Events::EventBus", region, {"Name": bus["Name"]}, found, bus.get("Policy"))
        for page in api.get_paginator("list_rules").paginate(EventBusName=bus["Name"]):
            for rule in page["Rules"]:
                of = {"Rule": rule["Name"], "EventBusName": bus["Name"]}
                found = api.get_paginator("list_targets_by_rule").paginate(**of)
                targets = [target for answer in found for target in answer["Targets"]]
                pattern = rule.get("EventPattern")
                properties = some(
                    Name=rule["Name"],
                    EventBusName=bus["Name"],
                    EventPattern=json.loads(pattern) if pattern else None,
                    ScheduleExpression=rule.get("ScheduleExpression"),
                    State=rule["State"],
                    Targets=[{key: target[key] for key in ("Id", "Arn", "RoleArn")} for target in targets],
                )
                yield resource(rule["Arn"], "AWS::Events::Rule", region, properties, tags_of.get(rule["Arn"]))


def alarms(region):
    api, tags_of = client("cloudwatch", region), tagged(region)
    for page in api.get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            keep = ["AlarmName", "Namespace", "MetricName", "Statistic", "ComparisonOperator", "Threshold", "Period"]
            keep += ["EvaluationPeriods", "TreatMissingData", "ActionsEnabled", "AlarmActions", "StateValue", "Dimensions"]
            properties = {key: alarm[key] for key in keep if alarm.get(key) not in (None, "")}
            if not properties.get("Dimensions"):
                properties.pop("Dimensions", None)
            if alarm.get("Metrics"):
                properties["Metrics"] = [metric(query) for query in alarm["Metrics"]]
            yield resource(alarm["AlarmArn"], "AWS::CloudWatch::Alarm", region, properties, tags_of.get(alarm["AlarmArn"]))


def metric(query):
    stat = query.get("MetricStat")
    keep = stat and {key: value for key, value in stat["Metric"].items() if value}
    return some(Id=query["Id"], Expression=query.get("Expression"), MetricStat=stat and {"Metric": keep})


def groups(region):
    api, tags_of = client("logs", region), tagged(region)
    filters = {}
    for page in api.get_paginator("describe_metric_filters").paginate():
        for found in page["metricFilters"]:
            filters.setdefault(found["logGroupName"], []).append(
                {
                    "FilterName": found["filterName"],
                    "FilterPattern": found["filterPattern"],
                    "MetricTransformations": [
                        {key: value for key, value in upper(one).items() if key != "DefaultValue"}
                        for one in found["metricTransformations"]
                    ],
                }
            )
    for page in api.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            properties = some(
                LogGroupName=name,
                RetentionInDays=group.get("retentionInDays"),
                KmsKeyId=group.get("kmsKeyId"),
                LogGroupClass=group.get("logGroupClass"),
                DeletionProtectionEnabled=group.get("deletionProtectionEnabled"),
                MetricFilters=filters.get(name, []),
            )
            arn = group["arn"].removesuffix(":*")
            yield resource(arn, "AWS::Logs::LogGroup", region, properties, tags_of.get(arn))


def zones():
    api = client("route53")
    for page in api.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            name = zone["Id"].split("/")[-1]
            records = api.get_paginator("list_resource_record_sets").paginate(HostedZoneId=name)
            properties = {
                "Id": name,
                "Name": zone["Name"],
                "PrivateZone": zone["Config"]["PrivateZone"],
                "ResourceRecordSetCount": zone["ResourceRecordSetCount"],
                "RecordSets": [record(found) for answer in records for found in answer["ResourceRecordSets"]],
            }
            found = api.list_tags_for_resource(ResourceType="hostedzone", ResourceId=name)["ResourceTagSet"]["Tags"]
            yield resource(f"arn:aws:route53:::hostedzone/{name}", "AWS::Route53::HostedZone", None, properties, tags(found))
    for page in api.get_paginator("list_health_checks").paginate():
        for check in page["HealthChecks"]:
            config = {key: value for key, value in check["HealthCheckConfig"].items() if key in CHECK}
            config["ResourcePath"] = config["ResourcePath"].split("?")[0]
            properties = {"HealthCheckId": check["Id"], "HealthCheckConfig": config}
            yield resource(f"arn:aws:route53:::healthcheck/{check['Id']}", "AWS::Route53::HealthCheck", None, properties)


CHECK = {"Type", "FullyQualifiedDomainName", "IPAddress", "Port", "ResourcePath", "RequestInterval"}
CHECK |= {"FailureThreshold", "Disabled", "Inverted"}


def record(said):
    alias = said.get("AliasTarget")
    values = [item["Value"] for item in said.get("ResourceRecords", [])]
    return some(
        Name=said["Name"].replace("\\052", "*"),
        Type=said["Type"],
        SetIdentifier=said.get("SetIdentifier"),
        HealthCheckId=said.get("HealthCheckId"),
        AliasTarget=alias,
        ResourceRecords=values if said["Type"] in ("A", "AAAA", "CNAME", "NS") and values else None,
    )


def services(region):
    api = client("ecs", region)
    used = set()
    for page in api.get_paginator("list_clusters").paginate():
        for cluster in api.describe_clusters(clusters=page["clusterArns"], include=["TAGS"])["clusters"]:
            properties = {
                "ClusterName": cluster["clusterName"],
                "Status": cluster["status"],
                "ActiveServicesCount": cluster["activeServicesCount"],
                "RunningTasksCount": cluster["runningTasksCount"],
            }
            found = tags(cluster.get("tags"), "key", "value")
            yield resource(cluster["clusterArn"], "AWS::ECS::Cluster", region, properties, found)
            arns = api.get_paginator("list_services").paginate(cluster=cluster["clusterArn"])
            arns = [arn for answer in arns for arn in answer["serviceArns"]]
            for at in range(0, len(arns), 10):
                answer = api.describe_services(cluster=cluster["clusterArn"], services=arns[at : at + 10], include=["TAGS"])
                for service in answer["services"]:
                    used.add(service["taskDefinition"])
                    yield service_of(api, region, service)
    for arn in used:
        task = api.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        containers = [
            {"Name": "app", "Image": "nginx", "Privileged": True, "EnvironmentVariableNames": ["API_KEY", "DB_PASSWORD"]}
        ]
        properties = {
            "Family": task["family"],
            "Revision": task["revision"],
            "Status": task["status"],
            "TaskRoleArn": task["taskRoleArn"],
            "ExecutionRoleArn": task["executionRoleArn"],
            "ContainerDefinitions": containers,
        }
        yield resource(arn, "AWS::ECS::TaskDefinition", region, properties)


def service_of(api, region, service):
    task = api.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    deployment = service.get("deploymentConfiguration")
    breaker = deployment and deployment.get("deploymentCircuitBreaker")
    properties = some(
        ServiceName=service["serviceName"],
        Cluster=service["clusterArn"],
        Status=service["status"],
        TaskDefinition=service["taskDefinition"],
        Role=service.get("roleArn"),
        DesiredCount=service["desiredCount"],
        RunningCount=service["runningCount"],
        LaunchType=service.get("launchType"),
        SchedulingStrategy=service.get("schedulingStrategy"),
        DeploymentController=service.get("deploymentController", {}).get("type"),
        DeploymentConfiguration=deployment
        and some(
            MaximumPercent=deployment.get("maximumPercent"),
            MinimumHealthyPercent=deployment.get("minimumHealthyPercent"),
            DeploymentCircuitBreaker=breaker and {"Enable": breaker["enable"], "Rollback": breaker["rollback"]},
        ),
        EnableExecuteCommand=service.get("enableExecuteCommand", False),
        TaskRoleArn=task["taskRoleArn"],
        ExecutionRoleArn=task["executionRoleArn"],
    )
    return resource(service["serviceArn"], "AWS::ECS::Service", region, properties, tags(service.get("tags"), "key", "value"))


def main():
    _, snapshot = arguments()
    reads = (trails, events, alarms, groups, services)
    wanted = [item for region in REGIONS for read in reads for item in read(region)] + list(zones())
    kinds = [item["type"] for item in wanted]
    for kind, least in [("Events::Rule", 240), ("CloudWatch::Alarm", 120), ("Logs::LogGroup", 60), ("ECS::Service", 25)]:
        expect(kinds.count(f"AWS::{kind}") >= least, f"{kind}: one page")
    expect(any(item["arn"].startswith(f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:") for item in wanted), "no trail elsewhere")
    for trail in resources_of(snapshot, "AWS::CloudTrail::").values():
        # It moves with the clock.
        expect(trail["properties"].pop("LatestDeliveryTime", "Z").endswith("Z"), f"{trail['arn']}: no time")
    expect_resources(snapshot, KINDS, wanted)
    rules = [item for item in wanted if item["type"] == "AWS::Events::Rule"]
    expect(any(rule["tags"] for rule in rules), "no rule has tags")
    expect_read(snapshot, "cloudtrail", "events", "cloudwatch", "logs", "route53", "ecs", "tag")
    finish()


if __name__ == "__main__":
    main()
