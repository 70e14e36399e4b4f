#!/usr/bin/env python3
"""Compares KMS and Secrets Manager in the snapshot with what boto3 says: `check_keys.py BINARY SNAPSHOT`."""

import comparing
from comparing import REGIONS, client, resource, some, time


def pages(service, operation, member, **given):
    return [item for page in service.get_paginator(operation).paginate(**given) for item in page[member]]


def keys(region):
    kms = client("kms", region)
    aliases = pages(kms, "list_aliases", "Aliases")
    for listed in pages(kms, "list_keys", "Keys"):
        said = kms.describe_key(KeyId=listed["KeyId"])["KeyMetadata"]
        names = ["KeyId", "KeyState", "KeyManager", "Enabled", "KeySpec", "KeyUsage", "Origin", "MultiRegion"]
        properties = some(
            CreationDate=time(said.get("CreationDate")),
            DeletionDate=time(said.get("DeletionDate")),
            ValidTo=time(said.get("ValidTo")),
            Aliases=sorted(alias["AliasName"] for alias in aliases if alias.get("TargetKeyId") == said["KeyId"]),
            **{name: said.get(name) for name in names},
        )
        tags = {}
        if said["KeyManager"] == "CUSTOMER":
            grants = pages(kms, "list_grants", "Grants", KeyId=said["KeyId"])
            properties["Grants"] = sorted(map(grant, grants), key=lambda grant: grant["GrantId"])
            if said["KeySpec"] == "SYMMETRIC_DEFAULT":
                status = kms.get_key_rotation_status(KeyId=said["KeyId"])
                properties["EnableKeyRotation"] = status["KeyRotationEnabled"]
            found = kms.list_resource_tags(KeyId=said["KeyId"])["Tags"]
            tags = {tag["TagKey"]: tag["TagValue"] for tag in found}
        policy = kms.get_key_policy(KeyId=said["KeyId"], PolicyName="default")["Policy"]
        yield resource(said["Arn"], "AWS::KMS::Key", region, properties, tags, policy)


def grant(said):
    names = ["GrantId", "Name", "GranteePrincipal", "RetiringPrincipal", "IssuingAccount", "Operations"]
    names += ["GranteeServicePrincipal", "RetiringServicePrincipal", "Constraints"]
    return some(**{name: said.get(name) or None for name in names})


def secrets(region):
    manager = client("secretsmanager", region)
    for said in pages(manager, "list_secrets", "SecretList", IncludePlannedDeletion=True):
        described = manager.describe_secret(SecretId=said["ARN"])
        dates = ["DeletedDate", "LastRotatedDate", "LastChangedDate", "LastAccessedDate"]
        properties = some(
            RotationEnabled=said.get("RotationEnabled", False),
            ReplicaRegions=described.get("ReplicationStatus", []),
            **{name: said.get(name) for name in ["Name", "KmsKeyId", "RotationLambdaARN", "OwningService"]},
            **{name: time(said.get(name)) for name in dates},
            PrimaryRegion=said.get("PrimaryRegion"),
        )
        tags = {tag["Key"]: tag["Value"] for tag in said.get("Tags", [])}
        policy = None
        if "DeletedDate" not in said:
            policy = manager.get_resource_policy(SecretId=said["ARN"]).get("ResourcePolicy")
        yield resource(said["ARN"], "AWS::SecretsManager::Secret", region, properties, tags, policy)


def main():
    _, snapshot = comparing.arguments()
    comparing.expect_read(snapshot, "kms")
    comparing.expect_read(snapshot, "secretsmanager")
    for kind, read, most in [("AWS::KMS::", keys, 3), ("AWS::SecretsManager::", secrets, 101)]:
        wanted = [item for region in REGIONS for item in read(region)]
        comparing.expect(len(wanted) > most, f"only {len(wanted)} of {kind}")
        comparing.expect_resources(snapshot, (kind,), wanted)
    comparing.finish()


if __name__ == "__main__":
    main()
