#!/usr/bin/env python3
"""What delivers to production: stacks, pipelines, builds."""

import json

from comparing import ACCOUNT, HOME, client, trust

# DescribeStacks gives moto's fifty a page; ListPipelines and ListProjects a hundred.
STACKS, PROJECTS = 55, 120


def template(name):
    """A table that is kept, a queue that is not, and a topic that nobody said anything about."""
    return {
        "Parameters": {"Password": {"Type": "String", "Default": "SECRET-default", "NoEcho": True}},
        "Resources": {
            "Orders": {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "TableName": f"{name}-stack-orders",
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                },
            },
            "Jobs": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete", "Properties": {"QueueName": f"{name}-jobs"}},
            "Alerts": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{name}-alerts"}},
        },
        "Outputs": {"Token": {"Value": "SECRET-output"}},
    }


YAML = """
Conditions:
  Always: !Equals [a, a]
Resources:
  Inbox:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    Properties:
      QueueName: !Sub '${AWS::StackName}-inbox'
"""


def seed_stacks(region):
    cloudformation = client("cloudformation", region)
    shop = cloudformation.create_stack(
        StackName="shop",
        TemplateBody=json.dumps(template("shop")),
        Parameters=[{"ParameterKey": "Password", "ParameterValue": "SECRET-parameter"}],
        EnableTerminationProtection=True,
        RoleARN=f"arn:aws:iam::{ACCOUNT}:role/stacks",
        Tags=[{"Key": "env", "Value": "prod"}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )["StackId"]
    policy = {"Statement": [{"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "*"}]}
    cloudformation.set_stack_policy(StackName=shop, StackPolicyBody=json.dumps(policy))
    cloudformation.create_stack(StackName="mail", TemplateBody=YAML)
    small = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    for number in range(STACKS):
        cloudformation.create_stack(StackName=f"small-{number:02}", TemplateBody=small)


def kind(category, provider, owner="AWS"):
    return {"category": category, "owner": owner, "provider": provider, "version": "1"}


def seed_pipelines(region):
    iam, pipelines = client("iam"), client("codepipeline", region)
    iam.create_role(RoleName="release", AssumeRolePolicyDocument=trust(Service="codepipeline.amazonaws.com"))
    role = f"arn:aws:iam::{ACCOUNT}:role/release"
    source = {
        "name": "App",
        "actionTypeId": kind("Source", "GitHub", "ThirdParty"),
        "runOrder": 1,
        "configuration": {"Owner": "acme", "Repo": "shop", "Branch": "main", "OAuthToken": "SECRET-token"},
        "outputArtifacts": [{"name": "Source"}],
    }
    variables = json.dumps([{"name": "DB_PASSWORD", "value": "SECRET-value", "type": "PLAINTEXT"}])
    build = {
        "name": "Compile",
        "actionTypeId": kind("Build", "CodeBuild"),
        "configuration": {"ProjectName": "project-000", "EnvironmentVariables": variables},
        "inputArtifacts": [{"name": "Source"}],
    }
    approve = {
        "name": "Approve",
        "actionTypeId": kind("Approval", "Manual"),
        "configuration": {"CustomData": "SECRET-note"},
    }
    deploy = {
        "name": "Deploy",
        "actionTypeId": kind("Deploy", "CloudFormation"),
        "runOrder": 2,
        "configuration": {
            "ActionMode": "CREATE_UPDATE",
            "StackName": "shop",
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/stacks",
            "ParameterOverrides": '{"Password": "SECRET-override"}',
        },
        "inputArtifacts": [{"name": "Source"}],
    }
    for name in ("release", "preview"):
        stages = [
            {"name": "Source", "actions": [source]},
            {"name": "Build", "actions": [build]},
            {"name": "Production", "actions": [approve, deploy] if name == "release" else [deploy]},
        ]
        pipeline = {
            "name": name,
            "roleArn": role,
            "artifactStore": {"type": "S3", "location": "artifacts-shop"},
            "stages": stages,
            "version": 1,
        }
        pipelines.create_pipeline(pipeline=pipeline, tags=[{"key": "env", "value": "prod"}])


def seed_projects(region):
    codebuild = client("codebuild", region)
    for number in range(PROJECTS):
        codebuild.create_project(
            name=f"project-{number:03}",
            description="SECRET-description",
            source={
                "type": "GITHUB",
                "location": "https://SECRET-user:SECRET-token@github.com/acme/shop.git",
                "buildspec": "SECRET-buildspec",
            },
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "TOKEN", "value": "SECRET-value", "type": "PLAINTEXT"}],
            },
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/service-role/build",
            tags=[{"key": "env", "value": "prod"}],
        )


def main():
    client("iam").create_role(RoleName="stacks", AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"))
    seed_stacks(HOME)
    seed_pipelines(HOME)
    seed_projects(HOME)


if __name__ == "__main__":
    main()
