#!/usr/bin/env python3
"""Fills an empty moto with a small account in which too many can do too much.

A group of developers may do anything in Amplify, where a production branch lives; everybody's tables can be deleted
but one. It goes with the apps of amplify.json.
"""

from comparing import ACCOUNT, HOME, OTHER, allow, client, policy, trust

# ListTables gives a hundred names a page.
CACHES = 105
# Of which the newest are kept.
BACKUPS = 5


def seed_iam(iam):
    def managed(name, *statements, path="/"):
        answer = iam.create_policy(PolicyName=name, Path=path, PolicyDocument=policy(*statements))
        return answer["Policy"]["Arn"]

    boundary = managed("developer-boundary", allow(["amplify:*", "dynamodb:*", "sts:AssumeRole"]), path="/boundaries/")
    tables = managed("tables", allow("dynamodb:GetItem"))
    iam.create_policy_version(
        PolicyArn=tables,
        PolicyDocument=policy(allow("dynamodb:*", f"arn:aws:dynamodb:*:{ACCOUNT}:table/*", Sid="AllTables")),
        SetAsDefault=True,
    )
    managed("unattached", {"Effect": "Deny", "NotAction": ["iam:Get*"], "Resource": "*"})

    iam.create_group(GroupName="developers")
    iam.put_group_policy(
        GroupName="developers", PolicyName="amplify", PolicyDocument=policy(allow("amplify:*", Sid="Frontend"))
    )
    iam.attach_group_policy(GroupName="developers", PolicyArn=tables)
    iam.create_group(GroupName="operators", Path="/ops/")
    iam.attach_group_policy(GroupName="operators", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")

    iam.create_user(UserName="alice", Path="/people/", Tags=[{"Key": "team", "Value": "shop"}])
    iam.add_user_to_group(UserName="alice", GroupName="developers")
    iam.create_user(UserName="bob", PermissionsBoundary=boundary)
    iam.add_user_to_group(UserName="bob", GroupName="developers")
    iam.add_user_to_group(UserName="bob", GroupName="operators")
    iam.create_user(UserName="ci")
    iam.put_user_policy(
        UserName="ci",
        PolicyName="deploy 100% (ü)+",
        PolicyDocument=policy(
            allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/deploy"),
            allow(
                ["amplify:StartJob", "amplify:CreateDeployment"],
                f"arn:aws:amplify:{HOME}:{ACCOUNT}:apps/dshop0000001/*",
                Condition={"StringEquals": {"aws:PrincipalTag/team": "shop + ü %41"}},
            ),
        ),
    )
    iam.attach_user_policy(UserName="ci", PolicyArn="arn:aws:iam::aws:policy/AWSCodeCommitReadOnly")

    iam.create_role(RoleName="amplify-shop", AssumeRolePolicyDocument=trust(Service="amplify.amazonaws.com"))
    iam.attach_role_policy(
        RoleName="amplify-shop", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess-Amplify"
    )
    iam.create_role(
        RoleName="deploy",
        AssumeRolePolicyDocument=trust(AWS=f"arn:aws:iam::{ACCOUNT}:user/ci"),
        PermissionsBoundary="arn:aws:iam::aws:policy/PowerUserAccess",
        Tags=[{"Key": "env", "Value": "prod"}],
    )
    iam.put_role_policy(RoleName="deploy", PolicyName="all", PolicyDocument=policy(allow("*")))


def seed_tables(region):
    dynamodb = client("dynamodb", region)

    def table(name, **more):
        answer = dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )
        return answer["TableDescription"]["TableArn"]

    def recoverable(name, days):
        dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days},
        )

    if region == OTHER:
        table("sessions")
        return
    arn = table(
        "orders",
        DeletionProtectionEnabled=True,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
        Tags=[{"Key": "env", "Value": "prod"}, {"Key": "owner", "Value": "shop"}],
    )
    recoverable("orders", 35)
    for number in range(BACKUPS):
        dynamodb.create_backup(TableName="orders", BackupName=f"by-hand-{number}")
    dynamodb.put_resource_policy(
        ResourceArn=arn,
        Policy=policy(
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": "dynamodb:*", "Resource": arn}
        ),
    )
    table("carts", Tags=[{"Key": "env", "Value": "prod"}])
    table("invoices", DeletionProtectionEnabled=True, Tags=[{"Key": "env", "Value": "prod"}])
    for number in range(CACHES):
        table(f"cache-{number:03}", Tags=[{"Key": "env", "Value": "dev"}])


def main():
    seed_iam(client("iam"))
    for region in (HOME, OTHER):
        seed_tables(region)


if __name__ == "__main__":
    main()
