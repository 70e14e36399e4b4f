#!/usr/bin/env python3
"""Keys and secrets: grants and secrets for more than a page, a key that waits for its end, secrets that nobody may see."""

import json

from comparing import ACCOUNT, HOME, OTHER, allow, client, policy

# ListGrants and ListSecrets give a hundred a page.
GRANTS, SECRETS = 101, 101


def keys():
    kms = client("kms", HOME)
    tags = [{"TagKey": "env", "TagValue": "prod"}, {"TagKey": "owner", "TagValue": "shop"}]
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    key = kms.create_key(
        Description="SECRET-description",
        Tags=tags,
        Policy=policy(allow("kms:*", Principal=root, Sid="Root"), allow("kms:Decrypt", Principal={"AWS": "*"}, Sid="All")),
    )["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key)
    for name in ["shop", "orders"]:
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    role = f"arn:aws:iam::{ACCOUNT}:role/backup"
    for number in range(GRANTS):
        more = {"Constraints": {"EncryptionContextSubset": {"table": f"t-{number}"}}} if number % 2 else {"RetiringPrincipal": role}
        kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt", "CreateGrant"], Name=f"g-{number}", **more)
    waiting = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=waiting, PendingWindowInDays=7)
    signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=signing)
    client("kms", OTHER).create_key(MultiRegion=True)


def secrets():
    manager = client("secretsmanager", HOME)
    arn = manager.create_secret(
        Name="shop/database",
        Description="SECRET-description",
        SecretString=json.dumps({"password": "SECRET-password"}),
        KmsKeyId="alias/shop",
        Tags=[{"Key": "env", "Value": "prod"}],
    )["ARN"]
    manager.put_resource_policy(
        SecretId=arn,
        ResourcePolicy=policy({"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:DeleteSecret", "Resource": "*"}),
    )
    manager.create_secret(Name="shop/old", SecretString="SECRET-old")
    manager.delete_secret(SecretId="shop/old", RecoveryWindowInDays=7)
    for number in range(SECRETS):
        manager.create_secret(Name=f"trial/{number:03}", SecretString="SECRET-trial")


if __name__ == "__main__":
    keys()
    secrets()
