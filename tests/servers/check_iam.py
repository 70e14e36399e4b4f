#!/usr/bin/env python3
"""Compares users, instance profiles and identity providers in the snapshot with what boto3 says."""

import comparing
from comparing import client, expect, resource, some, time

NOT_IN_MOTO = ["ListInstanceProfileTags", "ListSAMLProviderTags"]
KINDS = ["AWS::IAM::User", "AWS::IAM::InstanceProfile", "AWS::IAM::OIDCProvider", "AWS::IAM::SAMLProvider"]


def tags(items):
    return {tag["Key"]: tag["Value"] for tag in items}


def key(iam, item):
    used = iam.get_access_key_last_used(AccessKeyId=item["AccessKeyId"])["AccessKeyLastUsed"]
    date = time(used.get("LastUsedDate"))
    return some(
        Status=item["Status"],
        CreateDate=time(item["CreateDate"]),
        LastUsedDate=date,
        LastUsedService=date and used["ServiceName"],
    )


def has_password(iam, name):
    try:
        iam.get_login_profile(UserName=name)
        return True
    except iam.exceptions.NoSuchEntityException:
        return False


def wanted():
    iam = client("iam")
    listed = lambda operation, member, **more: [
        item for page in iam.get_paginator(operation).paginate(**more) for item in page[member]
    ]
    for user in listed("list_users", "Users"):
        name = user["UserName"]
        keys = sorted(iam.list_access_keys(UserName=name)["AccessKeyMetadata"], key=lambda item: item["CreateDate"])
        properties = some(
            UserName=name,
            PasswordLastUsed=time(user.get("PasswordLastUsed")),
            HasLoginProfile=has_password(iam, name),
            MFADevices=len(iam.list_mfa_devices(UserName=name)["MFADevices"]),
            AccessKeys=[key(iam, item) for item in keys],
        )
        known = tags(iam.list_user_tags(UserName=name)["Tags"])
        yield resource(user["Arn"], "AWS::IAM::User", None, properties, known)
    for profile in listed("list_instance_profiles", "InstanceProfiles"):
        name = profile["InstanceProfileName"]
        properties = {"InstanceProfileName": name, "Roles": [role["Arn"] for role in profile["Roles"]]}
        yield resource(profile["Arn"], "AWS::IAM::InstanceProfile", None, properties)
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        said = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
        properties = {"Url": said["Url"], "ClientIdList": said["ClientIDList"]}
        yield resource(provider["Arn"], "AWS::IAM::OIDCProvider", None, properties, tags(said.get("Tags", [])))
    for provider in iam.list_saml_providers()["SAMLProviderList"]:
        yield resource(provider["Arn"], "AWS::IAM::SAMLProvider", None, {"Name": provider["Arn"].split("/")[-1]})


def main():
    _, snapshot = comparing.arguments()
    comparing.expect_resources(snapshot, KINDS, wanted())
    expect(snapshot["accounts"][0]["alias"] == "acme-shop", f"alias {snapshot['accounts'][0].get('alias')}")
    said = comparing.outcomes(snapshot, "iam")
    for (operation, _), (outcome, detail) in said.items():
        wanted_outcome = "failed" if operation in NOT_IN_MOTO else "ok"
        expect(outcome == wanted_outcome, f"{operation}: {outcome}, {detail}")
    comparing.finish()


if __name__ == "__main__":
    main()
