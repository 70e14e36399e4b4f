#!/usr/bin/env python3
"""Compares stacks, pipelines and builds with what boto3 says: `check_delivery.py BINARY SNAPSHOT`."""

import json

from comparing import REGIONS, arguments, client, expect, expect_read, expect_resources, finish, resource, some, time

KEPT = {"Orders": ("Retain", "Retain"), "Inbox": ("Retain", "Delete")}
HARMLESS = {"Owner", "Repo", "Branch", "ProjectName", "ActionMode", "StackName", "RoleArn"}


def tags(said, key="Key", value="Value"):
    return {tag[key]: tag[value] for tag in said or []}


def stacks(region):
    cloudformation = client("cloudformation", region)
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            yield stack_of(cloudformation, region, stack)


def stack_of(cloudformation, region, stack):
    arn = stack["StackId"]
    parts = cloudformation.get_paginator("list_stack_resources").paginate(StackName=arn)
    policy = cloudformation.get_stack_policy(StackName=arn).get("StackPolicyBody")
    properties = some(
        StackName=stack["StackName"],
        StackId=arn,
        StackStatus=stack["StackStatus"],
        RoleARN=stack.get("RoleARN"),
        EnableTerminationProtection=stack["EnableTerminationProtection"],
        Capabilities=stack.get("Capabilities") or None,
        CreationTime=time(stack["CreationTime"]),
        LastUpdateTime=time(stack.get("LastUpdatedTime")),
        Resources=[part(item) for page in parts for item in page["StackResourceSummaries"]],
        StackPolicy=json.loads(policy) if policy else None,
    )
    return resource(arn, "AWS::CloudFormation::Stack", region, properties, tags(stack.get("Tags")))


def part(item):
    deletion, replace = KEPT.get(item["LogicalResourceId"], ("Delete", "Delete"))
    return {
        "LogicalResourceId": item["LogicalResourceId"],
        "PhysicalResourceId": item["PhysicalResourceId"],
        "ResourceType": item["ResourceType"],
        "DeletionPolicy": deletion,
        "UpdateReplacePolicy": replace,
    }


def named(items):
    return [{"Name": item["name"]} for item in items] or None


def action(said):
    configuration = said.get("configuration", {})
    variables = json.loads(configuration.get("EnvironmentVariables", "null"))
    return some(
        Name=said["name"],
        ActionTypeId={key[0].upper() + key[1:]: value for key, value in said["actionTypeId"].items()},
        RunOrder=said.get("runOrder"),
        Configuration={key: value for key, value in configuration.items() if key in HARMLESS},
        EnvironmentVariableNames=variables and [variable["name"] for variable in variables],
        InputArtifacts=named(said.get("inputArtifacts", [])),
        OutputArtifacts=named(said.get("outputArtifacts", [])),
        RoleArn=said.get("roleArn"),
        Region=said.get("region"),
    )


def pipelines(region):
    api = client("codepipeline", region)
    for page in api.get_paginator("list_pipelines").paginate():
        for item in page["pipelines"]:
            answer = api.get_pipeline(name=item["name"])
            arn, said = answer["metadata"]["pipelineArn"], answer["pipeline"]
            store = said["artifactStore"]
            stages = [{"Name": stage["name"], "Actions": [action(one) for one in stage["actions"]]} for stage in said["stages"]]
            properties = some(
                Name=said["name"],
                RoleArn=said["roleArn"],
                PipelineType=said.get("pipelineType"),
                ExecutionMode=said.get("executionMode"),
                ArtifactStore={"Type": store["type"], "Location": store["location"]},
                Stages=stages,
            )
            found = api.list_tags_for_resource(resourceArn=arn)["tags"]
            yield resource(arn, "AWS::CodePipeline::Pipeline", region, properties, tags(found, "key", "value"))


def projects(region):
    api = client("codebuild", region)
    names = [name for page in api.get_paginator("list_projects").paginate() for name in page["projects"]]
    for at in range(0, len(names), 100):
        for said in api.batch_get_projects(names=names[at : at + 100])["projects"]:
            environment = said["environment"]
            properties = some(
                Name=said["name"],
                ServiceRole=said["serviceRole"],
                Source={"Type": said["source"]["type"], "Location": "https://github.com/acme/shop.git"},
                Artifacts={"Type": said["artifacts"]["type"]},
                Environment=some(
                    Type=environment["type"],
                    Image=environment["image"],
                    ComputeType=environment["computeType"],
                    PrivilegedMode=environment.get("privilegedMode"),
                ),
                EnvironmentVariableNames=[one["name"] for one in environment["environmentVariables"]],
                EncryptionKey=said.get("encryptionKey"),
            )
            yield resource(said["arn"], "AWS::CodeBuild::Project", region, properties, tags(said.get("tags"), "key", "value"))


def main():
    _, snapshot = arguments()
    wanted = [item for region in REGIONS for read in (stacks, pipelines, projects) for item in read(region)]
    kinds = [item["type"] for item in wanted]
    expect(kinds.count("AWS::CloudFormation::Stack") > 50, "the stacks were one page")
    expect(kinds.count("AWS::CodeBuild::Project") > 100, "the projects were one batch")
    expect_resources(snapshot, ("AWS::CloudFormation::", "AWS::CodePipeline::", "AWS::CodeBuild::"), wanted)
    expect_read(snapshot, "cloudformation", "codepipeline", "codebuild")
    finish()


if __name__ == "__main__":
    main()
