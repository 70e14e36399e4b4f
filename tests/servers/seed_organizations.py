#!/usr/bin/env python3
"""An organisation of thirty accounts in three units, with policies of both types, and something in some accounts."""

import boto3

from comparing import HOME, allow, client, policy

ROLE = "foureyes-auditor"
# More than one page of them.
ACCOUNTS = 30


def enter(account):
    """A session in another account of the organisation."""
    arn = f"arn:aws:iam::{account}:role/{ROLE}"
    given = client("sts").assume_role(RoleArn=arn, RoleSessionName="seed")["Credentials"]
    return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], HOME)


def main():
    api = client("organizations", "us-east-1")
    api.create_organization(FeatureSet="ALL")
    root = api.list_roots()["Roots"][0]["Id"]
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        api.enable_policy_type(RootId=root, PolicyType=kind)

    def unit(parent, name):
        return api.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]

    workloads = unit(root, "workloads")
    prod, sandbox = unit(workloads, "prod"), unit(root, "sandbox")

    def attach(name, kind, target, *statements):
        made = api.create_policy(Name=name, Description="SECRET", Type=kind, Content=policy(*statements))
        api.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)

    deny = {"Effect": "Deny", "Action": "amplify:Delete*", "Resource": "*"}
    attach("keep-production", "SERVICE_CONTROL_POLICY", prod, deny)
    attach("nothing-outside", "SERVICE_CONTROL_POLICY", workloads, allow("*"))
    attach(
        "only-us",
        "RESOURCE_CONTROL_POLICY",
        root,
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
    )

    ids = []
    for number in range(ACCOUNTS):
        made = api.create_account(AccountName=f"account {number}", Email=f"SECRET{number}@example.com")
        ids.append(made["CreateAccountStatus"]["AccountId"])
    for number, account in enumerate(ids):
        api.move_account(AccountId=account, SourceParentId=root, DestinationParentId=prod if number < 3 else sandbox)
    attach("this-one-only", "SERVICE_CONTROL_POLICY", ids[0], deny)
    api.register_delegated_administrator(AccountId=ids[0], ServicePrincipal="ssm.amazonaws.com")
    api.close_account(AccountId=ids[-1])

    for account in ids[:3]:
        session = enter(account)
        session.client("iam").create_user(UserName=f"user-of-{account}")
        session.client("iam").create_account_alias(AccountAlias=f"acme-{account}")
        session.client("dynamodb").create_table(
            TableName="orders",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )


if __name__ == "__main__":
    main()
