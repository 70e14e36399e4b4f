#!/usr/bin/env python3
"""Compares IAM, DynamoDB and Amplify in the snapshot with what boto3 says: `check.py BINARY SNAPSHOT`.

Also audits the snapshot and the live account, and collects once more from AMPLIFY_WITH_ERRORS, a stub that refuses
ListWebhooks and fails ListBackendEnvironments.
"""

import json
import os
import pathlib
import sys
import tempfile

import comparing
from comparing import ACCOUNT, REGIONS, client, differences, expect, failures, instant, outcomes, resource, run, some, time

GONE = "app dgone0000004"
AMPLIFY_PARTS = ["ListBranches", "ListBackendEnvironments", "ListDomainAssociations", "ListWebhooks"]
PROTECTION = "DeletionProtectionEnabled"
RECOVERY = "PointInTimeRecoverySpecification"


# What AWS says, in the snapshot's words ---------------------------------------------------------------------------


def inline(policies):
    return [{"PolicyName": p["PolicyName"], "PolicyDocument": p["PolicyDocument"]} for p in policies]


def bound(entity):
    boundary = entity.get("PermissionsBoundary")
    return some(PermissionsBoundary=boundary)


def iam_details():
    said = client("iam", REGIONS[0]).get_account_authorization_details()
    by_arn = lambda items: sorted(items, key=lambda item: item["Arn"])
    users = [
        {
            **{key: user[key] for key in ["Path", "UserName", "UserId", "Arn", "GroupList"]},
            **({"UserPolicyList": inline(user["UserPolicyList"])} if user.get("UserPolicyList") else {}),
            "AttachedManagedPolicies": user["AttachedManagedPolicies"],
            "Tags": user.get("Tags", []),
            **bound(user),
        }
        for user in said["UserDetailList"]
    ]
    groups = [
        {
            **{key: group[key] for key in ["Path", "GroupName", "GroupId", "Arn", "AttachedManagedPolicies"]},
            "GroupPolicyList": inline(group["GroupPolicyList"]),
        }
        for group in said["GroupDetailList"]
    ]
    roles = [
        {
            **{key: role[key] for key in ["Path", "RoleName", "RoleId", "Arn", "AttachedManagedPolicies"]},
            "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
            "RolePolicyList": inline(role["RolePolicyList"]),
            "Tags": role.get("Tags", []),
            **bound(role),
            **({"RoleLastUsed": used(role["RoleLastUsed"])} if "RoleLastUsed" in role else {}),
        }
        for role in said["RoleDetailList"]
    ]
    principals = said["UserDetailList"] + said["GroupDetailList"] + said["RoleDetailList"]
    in_use = {p["PolicyArn"] for item in principals for p in item["AttachedManagedPolicies"]}
    in_use |= {item["PermissionsBoundary"]["PermissionsBoundaryArn"] for item in principals if item.get("PermissionsBoundary")}
    policies = [
        {
            # moto leaves the name out.
            "PolicyName": policy.get("PolicyName", ""),
            **{key: policy[key] for key in ["Arn", "DefaultVersionId"]},
            "PolicyVersionList": [
                {key: version[key] for key in ["VersionId", "IsDefaultVersion", "Document"]}
                for version in policy["PolicyVersionList"]
            ],
        }
        for policy in said["Policies"]
        if policy["Arn"].split(":")[4] != "aws" or policy["Arn"] in in_use
    ]
    expect(len(said["Policies"]) > 1000, "moto was started without AWS's managed policies: the filter is not tested")
    return {
        "UserDetailList": by_arn(users),
        "GroupDetailList": by_arn(groups),
        "RoleDetailList": by_arn(roles),
        "Policies": by_arn(policies),
    }


def used(said):
    return some(LastUsedDate=time(said.get("LastUsedDate")), Region=said.get("Region"))


def tables(region):
    dynamodb = client("dynamodb", region)
    for page in dynamodb.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            yield table(dynamodb, region, name)


def made(dynamodb, name):
    """The three newest backups of a table."""
    said = [item for page in dynamodb.get_paginator("list_backups").paginate(TableName=name) for item in page["BackupSummaries"]]
    newest = sorted(said, key=lambda item: item["BackupCreationDateTime"], reverse=True)[:3]
    return [
        some(
            BackupCreationDateTime=time(item["BackupCreationDateTime"]),
            BackupExpiryDateTime=time(item.get("BackupExpiryDateTime")),
            **{key: item[key] for key in ["BackupArn", "BackupName", "BackupType", "BackupStatus"]},
        )
        for item in newest
    ]


def table(dynamodb, region, name):
    said = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    tags = dynamodb.list_tags_of_resource(ResourceArn=said["TableArn"]).get("Tags", [])
    try:
        policy = json.loads(dynamodb.get_resource_policy(ResourceArn=said["TableArn"])["Policy"])
    except dynamodb.exceptions.PolicyNotFoundException:
        policy = None
    encryption, stream = said.get("SSEDescription"), said.get("StreamSpecification")
    specification = some(
        PointInTimeRecoveryEnabled=recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        RecoveryPeriodInDays=recovery.get("RecoveryPeriodInDays"),
    )
    properties = some(
        TableName=name,
        TableStatus=said["TableStatus"],
        DeletionProtectionEnabled=said.get("DeletionProtectionEnabled"),
        BillingMode=said.get("BillingModeSummary", {}).get("BillingMode"),
        KeySchema=said["KeySchema"],
        AttributeDefinitions=said["AttributeDefinitions"],
        TableClass=said.get("TableClassSummary", {}).get("TableClass"),
        SSESpecification=encryption
        and some(
            SSEEnabled=encryption.get("Status") == "ENABLED",
            SSEType=encryption.get("SSEType"),
            KMSMasterKeyId=encryption.get("KMSMasterKeyArn"),
        ),
        StreamSpecification=stream and stream["StreamEnabled"] and {"StreamViewType": stream["StreamViewType"]} or None,
        Replicas=[{"Region": r["RegionName"], "ReplicaStatus": r["ReplicaStatus"]} for r in said["Replicas"]]
        if "Replicas" in said
        else None,
        PointInTimeRecoverySpecification=specification,
        Backups=made(dynamodb, name),
        ContinuousBackups=some(
            ContinuousBackupsStatus=backups["ContinuousBackupsStatus"],
            EarliestRestorableDateTime=time(recovery.get("EarliestRestorableDateTime")),
            LatestRestorableDateTime=time(recovery.get("LatestRestorableDateTime")),
        ),
    )
    tags = {tag["Key"]: tag["Value"] for tag in tags}
    return resource(said["TableArn"], "AWS::DynamoDB::Table", region, properties, tags, policy)


def pages(operation, member, **arguments):
    while True:
        page = operation(**arguments)
        yield from page[member]
        if "nextToken" not in page:
            return
        arguments["nextToken"] = page["nextToken"]


def names(variables):
    return None if variables is None else sorted(variables)


def amplify(region):
    api = client("amplify", region)
    for app in pages(api.list_apps, "apps"):
        creation = app.get("autoBranchCreationConfig")
        production = app.get("productionBranch")
        scheme, _, rest = app["repository"].partition("://")
        yield resource(
            app["appArn"],
            "AWS::Amplify::App",
            region,
            some(
                AppId=app["appId"],
                Name=app["name"],
                Repository=f"{scheme}://{rest.rpartition('@')[2]}",
                Platform=app["platform"],
                IAMServiceRole=app.get("iamServiceRoleArn"),
                ComputeRoleArn=app.get("computeRoleArn"),
                DefaultDomain=app["defaultDomain"],
                EnableBranchAutoBuild=app["enableBranchAutoBuild"],
                EnableBranchAutoDeletion=app.get("enableBranchAutoDeletion"),
                EnableAutoBranchCreation=app.get("enableAutoBranchCreation"),
                AutoBranchCreationPatterns=app.get("autoBranchCreationPatterns"),
                AutoBranchCreationConfig=creation
                and some(
                    Stage=creation.get("stage"),
                    EnableAutoBuild=creation.get("enableAutoBuild"),
                    EnablePullRequestPreview=creation.get("enablePullRequestPreview"),
                    PullRequestEnvironmentName=creation.get("pullRequestEnvironmentName"),
                    EnvironmentVariableNames=names(creation.get("environmentVariables")),
                ),
                ProductionBranch=production
                and some(
                    BranchName=production.get("branchName"),
                    Status=production.get("status"),
                    LastDeployTime=time(production.get("lastDeployTime")),
                ),
                EnvironmentVariableNames=names(app["environmentVariables"]),
            ),
            app.get("tags"),
        )
        if GONE != f"app {app['appId']}":
            yield from parts(api, region, app["appId"])


def parts(api, region, app):
    for branch in pages(api.list_branches, "branches", appId=app):
        backend = branch.get("backend")
        yield resource(
            branch["branchArn"],
            "AWS::Amplify::Branch",
            region,
            some(
                AppId=app,
                BranchName=branch["branchName"],
                Stage=branch["stage"],
                EnableAutoBuild=branch["enableAutoBuild"],
                EnablePullRequestPreview=branch["enablePullRequestPreview"],
                PullRequestEnvironmentName=branch.get("pullRequestEnvironmentName"),
                BackendEnvironmentArn=branch.get("backendEnvironmentArn"),
                Backend=backend and {"StackArn": backend["stackArn"]},
                ComputeRoleArn=branch.get("computeRoleArn"),
                CustomDomains=branch["customDomains"],
                EnvironmentVariableNames=names(branch["environmentVariables"]),
            ),
            branch.get("tags"),
        )
    for environment in pages(api.list_backend_environments, "backendEnvironments", appId=app):
        yield resource(
            environment["backendEnvironmentArn"],
            "AWS::Amplify::BackendEnvironment",
            region,
            some(
                AppId=app,
                EnvironmentName=environment["environmentName"],
                StackName=environment.get("stackName"),
                DeploymentArtifacts=environment.get("deploymentArtifacts"),
            ),
        )
    for domain in pages(api.list_domain_associations, "domainAssociations", appId=app):
        settings = [
            {
                "Prefix": sub["subDomainSetting"]["prefix"],
                "BranchName": sub["subDomainSetting"]["branchName"],
                "Verified": sub["verified"],
            }
            for sub in domain["subDomains"]
        ]
        yield resource(
            domain["domainAssociationArn"],
            "AWS::Amplify::Domain",
            region,
            some(
                AppId=app,
                DomainName=domain["domainName"],
                DomainStatus=domain["domainStatus"],
                EnableAutoSubDomain=domain["enableAutoSubDomain"],
                SubDomainSettings=settings,
            ),
        )
    for webhook in pages(api.list_webhooks, "webhooks", appId=app):
        yield resource(
            webhook["webhookArn"],
            "AWS::Amplify::Webhook",
            region,
            some(
                AppId=app,
                BranchName=webhook["branchName"],
                WebhookId=webhook["webhookId"],
            ),
        )


# What the program says ----------------------------------------------------------------------------------------------


def check_snapshot(snapshot):
    account = snapshot["accounts"][0]
    failures.extend(differences(account["authorization_details"], iam_details(), "authorization_details"))

    wanted = [item for region in REGIONS for part in (amplify(region), tables(region)) for item in part]
    said = comparing.resources_of(snapshot, "AWS::DynamoDB::Table", "AWS::Amplify::")
    wanted = {item["arn"]: item for item in wanted}
    for arn in sorted(said.keys() | wanted.keys()):
        one, other = said.get(arn), wanted.get(arn)
        windows = [((item or {}).get("properties", {}).get("ContinuousBackups") or {}) for item in (one, other)]
        # The end of the window moves with the clock, and the SDKs round its beginning each in its own way.
        for window in windows:
            latest = window.pop("LatestRestorableDateTime", "Z")
            expect(latest.endswith("Z"), f"{arn}: {latest!r} is no time")
        earliest = [instant(window.pop("EarliestRestorableDateTime")) for window in windows if len(window) > 1]
        expect(len(earliest) != 1 and max(earliest, default=0) - min(earliest, default=0) < 0.001, f"{arn}: {earliest}")
        failures.extend(differences(one, other, arn))
    expect(len(wanted) > 100, f"only {len(wanted)} resources: a list of tables was one page")

    for (operation, region), (outcome, detail) in outcomes(snapshot, "sts", "amplify", "dynamodb").items():
        if region == "us-east-1" and operation in AMPLIFY_PARTS:
            expect(outcome == "failed" and GONE in detail, f"{operation} in {region}: {outcome}, {detail}")
        else:
            expect(outcome == "ok", f"{operation} in {region}: {outcome}, {detail}")
    expect(outcomes(snapshot)[("GetAccountAuthorizationDetails", None)][0] == "ok", "IAM was not read")


def check_refusals(binary, folder):
    stub = os.environ["AMPLIFY_WITH_ERRORS"]
    snapshot = comparing.collect(binary, pathlib.Path(folder, "refused.json"), AWS_ENDPOINT_URL_AMPLIFY=stub)
    said = outcomes(snapshot)
    for operation, outcome, permission in [
        ("ListWebhooks", "denied", "amplify:ListWebHooks"),
        ("ListBackendEnvironments", "failed", "amplify:ListBackendEnvironments"),
    ]:
        found, detail = said[(operation, "eu-west-1")]
        expect(found == outcome and permission in detail, f"{operation}: {found}, {detail}")
    kinds = {item["type"] for item in snapshot["accounts"][0]["resources"]}
    expect("AWS::Amplify::Branch" in kinds, "a refused list kept others from being read")
    expect("AWS::Amplify::Webhook" not in kinds, "webhooks came out of a refused list")


def findings(value):
    """Every finding in the report, wherever the report keeps them."""
    if isinstance(value, dict):
        if {"rule", "principals", "resources", "actions"} <= value.keys():
            yield value
        else:
            for item in value.values():
                yield from findings(item)
    elif isinstance(value, list):
        for item in value:
            yield from findings(item)


def check_audit(text, where):
    try:
        found = list(findings(json.loads(text)))
    except json.JSONDecodeError as error:
        failures.append(f"{where}: not JSON: {error}")
        return
    app = f"arn:aws:amplify:eu-west-1:{ACCOUNT}:apps/dshop0000001"
    carts = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/carts"
    alice = f"arn:aws:iam::{ACCOUNT}:user/people/alice"

    def is_there(what, question):
        expect(any(question(finding) for finding in found), f"{where}: no violation says that {what}")

    def can(finding, principal, action, resource):
        return principal in finding["principals"] and action in finding["actions"] and any(
            item.startswith(resource) for item in finding["resources"]
        )

    def unset(finding, resource, property):
        return any(
            item["kind"] == "property" and item["resource"] == resource and item["property"].startswith(property)
            for item in finding["evidence"]
        )

    is_there("a developer can delete the shop", lambda finding: can(finding, alice, "amplify:DeleteApp", app))
    is_there("a developer can delete a table of production", lambda finding: can(finding, alice, "dynamodb:DeleteTable", carts))
    is_there("nothing protects the carts from deletion", lambda finding: unset(finding, carts, PROTECTION))
    is_there("the carts cannot be restored", lambda finding: unset(finding, carts, RECOVERY))


def main():
    binary, snapshot = comparing.arguments()
    check_snapshot(snapshot)
    with tempfile.TemporaryDirectory() as folder:
        check_refusals(binary, folder)
    report = ("--format", "json")
    check_audit(run(binary, "audit", "--snapshot", sys.argv[2], *report, code=[1]), "audit of the snapshot")
    check_audit(run(binary, "audit", *comparing.regions(), *report, code=[1]), "live audit")
    comparing.finish()


if __name__ == "__main__":
    main()
