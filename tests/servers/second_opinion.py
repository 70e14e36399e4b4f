#!/usr/bin/env python3
"""Holds the engine against a server that enforces IAM policies, by really calling it.

    second_opinion.py --engine target/debug/foureyes                # starts a server of its own and stops it
    second_opinion.py --engine target/debug/foureyes --server 5601  # uses a running one: AUTH=true,
                                                                    # MINISTACK_ACCOUNT_ID=111122223333, empty

The server is ministack 1.5.33. As the root user the script creates resources, users, groups and roles with all kinds of
policies; then every principal makes every call, and allowed or refused is compared with the engine's answer to the same
case. Where the server is known to be wrong is listed once, in FAULTS; each of them must still be the case.
Left out because the server does not have them: policy variables, iam:PassRole, NotPrincipal, organisation policies.

Exit status: 0 agreement, 1 a difference that is not listed, 2 wrong usage or a server that does not work.
"""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing
import urllib.error
import urllib.request
import zipfile

import botocore.config
import botocore.exceptions
import botocore.session

ACCOUNT = "111122223333"
REGION = "eu-west-1"
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
VERSION = "2012-10-17"
REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
START_TIMEOUT = 30  # seconds
ENGINE_TIMEOUT = 120  # seconds
SESSION = "nightly"


Credentials = tuple[str, str, str | None]  # access key, secret, session token


def arn(service: str, rest: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def user_arn(name: str) -> str:
    return arn("iam", f"user/{name}", "")


def role_arn(name: str) -> str:
    return arn("iam", f"role/{name}", "")


def session_arn(role: str) -> str:
    return arn("sts", f"assumed-role/{role}/{SESSION}", "")


def fail(message: str) -> typing.NoReturn:
    """Ends the script: there is nothing to compare."""
    print(message, file=sys.stderr)
    sys.exit(2)


# ---------------------------------------------------------------------------------------------------------------------
# Policies in short


def statement(
    effect: str, actions: typing.Any, resources: typing.Any = "*", condition: dict | None = None, **more: typing.Any
) -> dict:
    """A statement; `NotAction=…` or `NotResource=…` replace what they negate."""
    parts = {"Effect": effect, "Action": actions, "Resource": resources, **more}
    if "NotAction" in more:
        del parts["Action"]
    if "NotResource" in more:
        del parts["Resource"]
    if condition:
        parts["Condition"] = condition
    return parts


def policy(*statements: dict) -> dict:
    return {"Version": VERSION, "Statement": list(statements)}


def allow(
    actions: typing.Any = "*", resources: typing.Any = "*", condition: dict | None = None, **more: typing.Any
) -> dict:
    return statement("Allow", actions, resources, condition, **more)


def deny(
    actions: typing.Any = "*", resources: typing.Any = "*", condition: dict | None = None, **more: typing.Any
) -> dict:
    return statement("Deny", actions, resources, condition, **more)


# ---------------------------------------------------------------------------------------------------------------------
# The principals


@dataclasses.dataclass(frozen=True)
class Principal:
    """A user, or a role of which a session calls."""

    name: str
    inline: tuple[dict, ...] = ()
    managed: tuple[dict, ...] = ()
    groups: tuple[dict, ...] = ()  # one group for each
    boundary: dict | None = None
    sessions: tuple[dict, ...] = ()  # the first inline, the others as managed policies
    is_role: bool = False
    path: str = "/"
    tags: dict = dataclasses.field(default_factory=dict)

    @property
    def arn(self) -> str:
        return session_arn(self.name) if self.is_role else user_arn(self.name)


DELETES = [
    "s3:Delete*",
    "dynamodb:DeleteTable",
    "sqs:DeleteQueue",
    "sns:DeleteTopic",
    "secretsmanager:DeleteSecret",
    "kms:ScheduleKeyDeletion",
    "lambda:DeleteFunction",
    "cloudformation:DeleteStack",
    "cognito-idp:DeleteUserPool",
    "iam:DeleteUser",
    "ssm:DeleteParameter",
]
READS = [
    "s3:Get*",
    "s3:List*",
    "dynamodb:Describe*",
    "dynamodb:GetItem",
    "sqs:Get*",
    "sns:Get*",
    "kms:Describe*",
    "secretsmanager:GetSecretValue",
    "lambda:Get*",
    "cloudformation:Describe*",
    "cognito-idp:Describe*",
    "iam:Get*",
    "iam:List*",
    "ssm:Get*",
]
ALL = allow()


def when(operator: str, key: str, values: typing.Any) -> dict:
    return {operator: {key: values}}


def user(name: str, *inline: dict, **more: typing.Any) -> Principal:
    return Principal(name, inline=tuple(inline), **more)


def role(name: str, *inline: dict, **more: typing.Any) -> Principal:
    return Principal(name, inline=tuple(inline), is_role=True, **more)


def admin_if(name: str, operator: str, key: str, values: typing.Any, **more: typing.Any) -> Principal:
    """A user who may everything under a condition."""
    return user(name, policy(allow(condition=when(operator, key, values))), **more)


def admin_unless(name: str, operator: str, key: str, values: typing.Any, **more: typing.Any) -> Principal:
    """A user who may everything but under a condition."""
    return user(name, policy(ALL, deny(condition=when(operator, key, values))), **more)


PRINCIPALS = [
    # Allow, Deny and what they name.
    user("nobody"),
    user("admin", policy(ALL)),
    user("reader", policy(allow(READS))),
    user("odd-case", policy(allow(["S3:GETOBJECT", "DynamoDB:describetable", "sqs:sENDmESSAGE", "iam:GETUSER"]))),
    user(
        "wildcards",
        policy(allow(["s3:?etObject", "dynamodb:*Table", "sqs:*", "*:Get*Value", "kms:D*Key", "sns:Pub*h"])),
    ),
    user("not-action", policy(allow(NotAction=["iam:*", "s3:Delete*", "dynamodb:Delete*", "sts:AssumeRole"]))),
    user(
        "not-resource",
        policy(allow(NotResource=["arn:aws:s3:::reports*", arn("dynamodb", "table/archive"), arn("iam", "*", "")])),
    ),
    user("keeper", policy(ALL), policy(deny(DELETES))),
    user("deny-not-action", policy(ALL, deny(NotAction=["s3:*", "dynamodb:*", "sqs:ListQueues"]))),
    user(
        "deny-not-resource",
        policy(
            ALL,
            deny(
                ["s3:*", "dynamodb:*", "sqs:*", "sns:*"],
                NotResource=["arn:aws:s3:::reports/2025/*", arn("dynamodb", "table/or*"), arn("sqs", "orders")],
            ),
        ),
    ),
    user(
        "arns",
        policy(
            allow(
                resources=[
                    "arn:aws:s3:::reports/*",
                    "arn:aws:dynamodb:*:*:table/ord*",
                    f"arn:aws:sqs:*:{ACCOUNT}:orders",
                    arn("sns", "order?"),
                    arn("secretsmanager", "secret:prod/db-??????"),
                    arn("lambda", "function:orders"),
                    arn("cloudformation", "stack/shop/*"),
                    arn("cognito-idp", "userpool/*"),
                    user_arn("victim"),
                    arn("ssm", "parameter/app/*"),
                    "arn:aws:kms:*:*:key/*",
                ]
            )
        ),
    ),
    user(
        "wrong-arns",
        policy(
            allow(
                resources=[
                    "arn:aws:s3:::report",
                    "arn:aws:s3:::Reports/*",
                    arn("dynamodb", "table/Orders"),
                    arn("sqs", "order"),
                    arn("sns", "orders", "us-east-1"),
                    "arn:aws:lambda:eu-west-1:444455556666:function:orders",
                    arn("cloudformation", "stack/sho/*"),
                    user_arn("victi"),
                    "arn:aws:kms:*:*:alias/*",
                ]
            )
        ),
    ),
    user("one-deny", policy(ALL, deny("dynamodb:DeleteTable", arn("dynamodb", "table/archive")))),
    # Where policies come from.
    user("managed", managed=(policy(allow(["s3:*", "dynamodb:*"])), policy(deny("s3:DeleteObject")))),
    user("in-group", groups=(policy(allow(["s3:*", "sqs:*", "iam:*"])),)),
    user("in-two-groups", policy(allow("sns:*")), groups=(policy(ALL), policy(deny(DELETES)))),
    user("everywhere", policy(allow("sqs:*")), managed=(policy(allow("sns:*")),), groups=(policy(allow("kms:*")),)),
    # Conditions on where, when and how.
    admin_if("at-home", "IpAddress", "aws:SourceIp", ["10.0.0.0/8", "127.0.0.0/8"]),
    admin_if("elsewhere", "IpAddress", "aws:SourceIp", ["10.0.0.0/8", "2001:db8::/32"]),
    admin_unless("only-abroad", "NotIpAddress", "aws:SourceIp", "10.0.0.0/8"),
    admin_unless("not-abroad", "NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "127.0.0.1"]),
    admin_unless("only-tls", "Bool", "aws:SecureTransport", "false"),
    admin_if("in-window", "DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
    admin_if("too-late", "DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
    user(
        "both-ends",
        policy(
            allow(
                condition={
                    "DateGreaterThan": {"aws:CurrentTime": "2020-01-01"},
                    "DateLessThanEquals": {"aws:EpochTime": "4102444800"},
                }
            )
        ),
    ),
    admin_if("this-region", "StringEquals", "aws:RequestedRegion", ["eu-west-1", "us-east-1"]),
    user(
        "region-lock",
        policy(
            ALL,
            deny(
                NotAction=["iam:*", "sts:*", "s3:ListAllMyBuckets"],
                condition=when("StringNotEquals", "aws:RequestedRegion", "eu-central-1"),
            ),
        ),
    ),
    # Multi-factor authentication: long-term keys do not have the key at all.
    admin_unless("mfa-if-exists", "BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    admin_unless("mfa-plain", "Bool", "aws:MultiFactorAuthPresent", "false"),
    admin_if("mfa-null", "Null", "aws:MultiFactorAuthPresent", "true"),
    admin_if("mfa-not-null", "Null", "aws:MultiFactorAuthPresent", "false"),
    admin_if("mfa-age", "NumericLessThan", "aws:MultiFactorAuthAge", "3600"),
    admin_if("mfa-age-if-exists", "NumericLessThanIfExists", "aws:MultiFactorAuthAge", "3600"),
    # Tags and names.
    admin_if("tagged", "StringEquals", "aws:PrincipalTag/team", ["red", "blue"], tags={"team": "red"}),
    admin_if("tagged-otherwise", "StringEquals", "aws:PrincipalTag/team", "red", tags={"team": "Red"}),
    admin_if("tagged-caseless", "StringEqualsIgnoreCase", "aws:PrincipalTag/TEAM", "RED", tags={"team": "red"}),
    admin_if("untagged", "StringNotEquals", "aws:PrincipalTag/team", "red"),
    admin_if("untagged-if-exists", "StringLikeIfExists", "aws:PrincipalTag/team", "r*"),
    admin_if("named", "StringLike", "aws:username", ["nam?d", "x*"]),
    admin_if("misnamed", "StringNotLike", "aws:username", ["mis*", "x*"]),
    admin_if("by-arn", "ArnLike", "aws:PrincipalArn", user_arn("by-*")),
    admin_unless("not-by-arn", "ArnNotEquals", "aws:PrincipalArn", [user_arn("x"), user_arn("not-by-arn")]),
    admin_if("resource-tag", "StringEquals", "aws:ResourceTag/env", "test"),
    admin_unless("no-prod", "StringEquals", "aws:ResourceTag/env", "prod"),
    admin_if("resource-untagged", "Null", "aws:ResourceTag/env", "true"),
    admin_if("request-tag", "StringEquals", "aws:RequestTag/env", "test"),
    admin_if("tag-keys", "ForAllValues:StringEquals", "aws:TagKeys", ["env", "owner"]),
    admin_if("tag-keys-any", "ForAnyValue:StringLike", "aws:TagKeys", "ow*"),
    user(
        "tag-keys-not",
        policy(
            ALL, deny("dynamodb:TagResource", condition=when("ForAnyValue:StringNotEquals", "aws:TagKeys", ["env"]))
        ),
    ),
    user("prefix", policy(allow("s3:ListBucket", "arn:aws:s3:::reports", when("StringLike", "s3:prefix", "2025/*")))),
    user("few-keys", policy(allow("s3:ListBucket", condition=when("NumericLessThanEquals", "s3:max-keys", "10")))),
    user("many-keys", policy(allow("s3:ListBucket", condition=when("NumericGreaterThan", "s3:max-keys", "10")))),
    admin_if("own-account", "StringEquals", "aws:ResourceAccount", ACCOUNT),
    # Permissions boundaries.
    user("bounded", policy(ALL), boundary=policy(allow(["s3:*", "dynamodb:*", "iam:Get*"]))),
    user("only-boundary", boundary=policy(ALL)),
    user("boundary-denies", policy(ALL), boundary=policy(ALL, deny(DELETES))),
    user(
        "boundary-condition",
        policy(ALL),
        boundary=policy(allow(condition=when("IpAddress", "aws:SourceIp", "127.0.0.1"))),
    ),
    user("boundary-by-name", policy(allow(READS)), boundary=policy(allow(NotAction="s3:*"))),
    user(
        "boundary-by-tag",
        policy(ALL),
        boundary=policy(allow(condition=when("StringEquals", "aws:ResourceTag/env", "test"))),
    ),
    # Named in resource policies.
    user("granted"),
    user("granted-bounded", boundary=policy(allow("iam:*"))),
    user("granted-denied", policy(deny(["s3:*", "sqs:SendMessage", "sns:*"]))),
    user("refused", policy(ALL)),
    user("blue", policy(ALL), tags={"team": "blue"}),
    # Sessions of roles.
    role("Admin", policy(ALL)),
    role("Nothing"),
    role("Limited", policy(ALL), sessions=(policy(allow(["s3:*", "sqs:*", "iam:GetUser"])),)),
    role("TwoLimits", policy(ALL), sessions=(policy(allow("s3:*")), policy(allow("dynamodb:*")))),
    role("SessionDenies", policy(ALL), sessions=(policy(ALL, deny(DELETES)),)),
    role("SessionGrants", policy(allow("s3:*")), sessions=(policy(ALL),)),
    role("Bounded", policy(ALL), boundary=policy(allow(NotAction=["iam:*", "s3:*"]))),
    role(
        "BoundedLimited",
        policy(ALL),
        boundary=policy(allow(["s3:*", "sqs:*"])),
        sessions=(policy(allow(["s3:*", "sns:*"])),),
    ),
    role("Denied", policy(ALL), policy(deny(READS))),
    role("DeepRole", policy(allow(["s3:*", "sns:*"])), path="/team/deep/"),
    role("Fresh", policy(allow(condition=when("DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z")))),
    role("Stale", policy(ALL, deny(condition=when("DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z")))),
    role("NoMfa", policy(ALL, deny(condition=when("Bool", "aws:MultiFactorAuthPresent", "false")))),
    role(
        "TaggedRole",
        policy(allow(condition=when("StringEquals", "aws:PrincipalTag/team", "red"))),
        tags={"team": "red"},
    ),
    role("ByType", policy(allow(condition=when("StringEquals", "aws:PrincipalType", "AssumedRole")))),
    role("GrantedRole"),
    role("GrantedRoleBounded", boundary=policy(allow("iam:*"))),
    role("GrantedRoleLimited", sessions=(policy(allow("s3:*")),)),
    role("GrantedSession"),
    role("GrantedSessionBounded", boundary=policy(allow("iam:*"))),
    role("GrantedSessionLimited", sessions=(policy(allow("iam:*")),)),
    role("RefusedRole", policy(ALL)),
    # They show faults of the server.
    role("ByRoleArn", policy(allow(condition=when("ArnEquals", "aws:PrincipalArn", role_arn("ByRoleArn"))))),
    admin_if("directly", "Bool", "aws:ViaAWSService", "false"),
    user("deep-reader", policy(allow("iam:*", role_arn("team/deep/*")))),
    admin_if("by-agent", "StringLike", "aws:UserAgent", "*Botocore*"),
]

# ---------------------------------------------------------------------------------------------------------------------
# The policies of resources


def shared_policy(resources: typing.Any, reads: list[str], opened: str, guarded: str, delegates: bool = False) -> dict:
    """Names principals in all ways. `opened` is allowed to everyone, `guarded` is denied to a tag."""
    granted = [user_arn(name) for name in ("granted", "granted-bounded", "granted-denied")]
    granted += [role_arn(name) for name in ("GrantedRole", "GrantedRoleBounded", "GrantedRoleLimited")]
    granted += [session_arn(name) for name in ("GrantedSession", "GrantedSessionBounded", "GrantedSessionLimited")]
    service = reads[0].split(":")[0]
    return policy(
        allow(reads, resources, Principal={"AWS": granted}),
        allow(f"{service}:*", resources, Principal={"AWS": arn("iam", "root", "") if delegates else ACCOUNT}),
        allow(opened, resources, when("IpAddress", "aws:SourceIp", "127.0.0.0/8"), Principal="*"),
        allow(f"{service}:*", resources, Principal={"AWS": "444455556666"}),
        deny(f"{service}:*", resources, Principal={"AWS": [user_arn("refused"), role_arn("RefusedRole")]}),
        deny(guarded, resources, when("StringEquals", "aws:PrincipalTag/team", "blue"), Principal="*"),
    )


BUCKET_POLICY = shared_policy(
    ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"], ["s3:GetObject"], "s3:ListBucket", "s3:GetObject"
)
QUEUE_POLICY = shared_policy(arn("sqs", "shared"), ["sqs:SendMessage"], "sqs:GetQueueAttributes", "sqs:SendMessage")
TOPIC_POLICY = shared_policy(arn("sns", "shared"), ["sns:Publish"], "sns:GetTopicAttributes", "sns:Publish")
SECRET_POLICY = shared_policy(
    "*", ["secretsmanager:GetSecretValue"], "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"
)
KEY_POLICY = shared_policy("*", ["kms:Encrypt"], "kms:GetKeyRotationStatus", "kms:Encrypt", delegates=True)
# Without a statement for the account, IAM policies are inert.
CLOSED_KEY_POLICY = policy(
    allow(["kms:Encrypt", "kms:DescribeKey"], Principal={"AWS": [user_arn("granted"), role_arn("GrantedRole")]})
)
OWN_KEY_POLICY = policy(allow("kms:*", Principal={"AWS": arn("iam", "root", "")}))


def trust(*named: str, condition: dict | None = None) -> dict:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(named)}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return policy(statement)


OPEN_TRUST = trust(arn("iam", "root", ""))
NAMING_TRUST = trust(user_arn("granted"), user_arn("admin"), role_arn("Admin"))
EXTERNAL_TRUST = trust(ACCOUNT, condition=when("StringEquals", "sts:ExternalId", "handshake"))

# ---------------------------------------------------------------------------------------------------------------------
# The calls


@dataclasses.dataclass(frozen=True)
class Call:
    """A call that every principal makes. `parameters` and `resource` are told what the world holds."""

    service: str
    operation: str
    action: str
    resource: typing.Callable[[dict], str]
    parameters: typing.Callable[[dict], dict]
    policy: typing.Callable[[dict], dict] | None = None
    context: dict = dataclasses.field(default_factory=dict)
    tags: dict = dataclasses.field(default_factory=dict)  # of the resource
    repair: typing.Callable[["World"], None] | None = None

    def name(self, state: dict) -> str:
        return f"{self.service}.{self.operation}({json.dumps(self.parameters(state), default=repr)})"


def call(
    service: str,
    operation: str,
    action: str,
    resource: typing.Any,
    policy: typing.Any = None,
    context: dict | None = None,
    tags: dict | None = None,
    repair: typing.Any = None,
    **parameters: typing.Any,
) -> Call:
    """A call with parameters that are values, or functions of the state of the world."""

    def later(value: typing.Any) -> typing.Callable[[dict], typing.Any]:
        return value if callable(value) else lambda state: value

    def given(state: dict) -> dict:
        return {name: later(value)(state) for name, value in parameters.items()}

    return Call(
        service, operation, action, later(resource), given, policy and later(policy), context or {}, tags or {}, repair
    )


def state(name: str) -> typing.Callable[[dict], typing.Any]:
    return lambda world: world[name]


PROD, TEST = {"env": "prod"}, {"env": "test"}
CALLS = [
    call("s3", "list_buckets", "s3:ListAllMyBuckets", "*"),
    call(
        "s3",
        "list_objects_v2",
        "s3:ListBucket",
        "arn:aws:s3:::reports",
        Bucket="reports",
        Prefix="2025/",
        MaxKeys=5,
        context={"s3:prefix": "2025/", "s3:max-keys": "5"},
    ),
    call(
        "s3",
        "list_objects_v2",
        "s3:ListBucket",
        "arn:aws:s3:::shared",
        BUCKET_POLICY,
        Bucket="shared",
        MaxKeys=50,
        context={"s3:max-keys": "50"},
    ),
    call("s3", "get_object", "s3:GetObject", "arn:aws:s3:::reports/2025/q1.csv", Bucket="reports", Key="2025/q1.csv"),
    call(
        "s3", "get_object", "s3:GetObject", "arn:aws:s3:::shared/q1.csv", BUCKET_POLICY, Bucket="shared", Key="q1.csv"
    ),
    call(
        "s3",
        "delete_object",
        "s3:DeleteObject",
        "arn:aws:s3:::reports/2025/q1.csv",
        Bucket="reports",
        Key="2025/q1.csv",
        repair=lambda world: world.objects(),
    ),
    call(
        "s3",
        "delete_object",
        "s3:DeleteObject",
        "arn:aws:s3:::shared/q1.csv",
        BUCKET_POLICY,
        Bucket="shared",
        Key="q1.csv",
        repair=lambda world: world.objects(),
    ),
    call(
        "s3",
        "delete_bucket",
        "s3:DeleteBucket",
        "arn:aws:s3:::scratch",
        Bucket="scratch",
        repair=lambda world: world.bucket("scratch"),
    ),
    call(
        "dynamodb",
        "get_item",
        "dynamodb:GetItem",
        arn("dynamodb", "table/orders"),
        tags=PROD,
        TableName="orders",
        Key={"id": {"S": "1"}},
    ),
    call(
        "dynamodb",
        "describe_table",
        "dynamodb:DescribeTable",
        arn("dynamodb", "table/archive"),
        tags=TEST,
        TableName="archive",
    ),
    call(
        "dynamodb",
        "delete_table",
        "dynamodb:DeleteTable",
        arn("dynamodb", "table/archive"),
        tags=TEST,
        TableName="archive",
        repair=lambda world: world.table("archive", TEST),
    ),
    call(
        "dynamodb",
        "tag_resource",
        "dynamodb:TagResource",
        arn("dynamodb", "table/orders"),
        tags=PROD,
        ResourceArn=arn("dynamodb", "table/orders"),
        Tags=[{"Key": "env", "Value": "prod"}, {"Key": "owner", "Value": "a"}],
        context={"aws:TagKeys": ["env", "owner"], "aws:RequestTag/env": "prod", "aws:RequestTag/owner": "a"},
    ),
    call("sqs", "list_queues", "sqs:ListQueues", "*"),
    call(
        "sqs",
        "send_message",
        "sqs:SendMessage",
        arn("sqs", "orders"),
        tags=TEST,
        QueueUrl=state("queue:orders"),
        MessageBody="m",
    ),
    call(
        "sqs",
        "send_message",
        "sqs:SendMessage",
        arn("sqs", "shared"),
        QUEUE_POLICY,
        QueueUrl=state("queue:shared"),
        MessageBody="m",
    ),
    call(
        "sqs",
        "get_queue_attributes",
        "sqs:GetQueueAttributes",
        arn("sqs", "shared"),
        QUEUE_POLICY,
        QueueUrl=state("queue:shared"),
        AttributeNames=["QueueArn"],
    ),
    call(
        "sqs",
        "delete_queue",
        "sqs:DeleteQueue",
        arn("sqs", "orders"),
        tags=TEST,
        QueueUrl=state("queue:orders"),
        repair=lambda world: world.queue("orders", TEST),
    ),
    call("sns", "publish", "sns:Publish", arn("sns", "orders"), TopicArn=arn("sns", "orders"), Message="m"),
    call(
        "sns", "publish", "sns:Publish", arn("sns", "shared"), TOPIC_POLICY, TopicArn=arn("sns", "shared"), Message="m"
    ),
    call(
        "sns",
        "get_topic_attributes",
        "sns:GetTopicAttributes",
        arn("sns", "shared"),
        TOPIC_POLICY,
        TopicArn=arn("sns", "shared"),
    ),
    call(
        "sns",
        "delete_topic",
        "sns:DeleteTopic",
        arn("sns", "orders"),
        TopicArn=arn("sns", "orders"),
        repair=lambda world: world.topic("orders"),
    ),
    call(
        "secretsmanager",
        "get_secret_value",
        "secretsmanager:GetSecretValue",
        state("secret:prod/db"),
        tags=PROD,
        SecretId="prod/db",
    ),
    call(
        "secretsmanager",
        "get_secret_value",
        "secretsmanager:GetSecretValue",
        state("secret:shared"),
        SECRET_POLICY,
        SecretId="shared",
    ),
    call(
        "secretsmanager",
        "describe_secret",
        "secretsmanager:DescribeSecret",
        state("secret:shared"),
        SECRET_POLICY,
        SecretId="shared",
    ),
    call(
        "secretsmanager",
        "delete_secret",
        "secretsmanager:DeleteSecret",
        state("secret:prod/db"),
        tags=PROD,
        SecretId="prod/db",
        repair=lambda world: world.root("secretsmanager").restore_secret(SecretId="prod/db"),
    ),
    call("kms", "encrypt", "kms:Encrypt", state("key:own"), OWN_KEY_POLICY, KeyId=state("key:own"), Plaintext=b"p"),
    call("kms", "encrypt", "kms:Encrypt", state("key:shared"), KEY_POLICY, KeyId=state("key:shared"), Plaintext=b"p"),
    call(
        "kms",
        "get_key_rotation_status",
        "kms:GetKeyRotationStatus",
        state("key:shared"),
        KEY_POLICY,
        KeyId=state("key:shared"),
    ),
    call("kms", "describe_key", "kms:DescribeKey", state("key:closed"), CLOSED_KEY_POLICY, KeyId=state("key:closed")),
    call(
        "kms",
        "schedule_key_deletion",
        "kms:ScheduleKeyDeletion",
        state("key:own"),
        OWN_KEY_POLICY,
        KeyId=state("key:own"),
        PendingWindowInDays=7,
        repair=lambda world: world.keep_key("own"),
    ),
    call(
        "lambda",
        "get_function",
        "lambda:GetFunction",
        arn("lambda", "function:orders"),
        state("policy:orders"),
        FunctionName="orders",
    ),
    call(
        "lambda",
        "delete_function",
        "lambda:DeleteFunction",
        arn("lambda", "function:scratch"),
        FunctionName="scratch",
        repair=lambda world: world.function("scratch"),
    ),
    call("cloudformation", "describe_stacks", "cloudformation:DescribeStacks", state("stack"), StackName="shop"),
    call(
        "cloudformation",
        "delete_stack",
        "cloudformation:DeleteStack",
        state("stack"),
        StackName="shop",
        repair=lambda world: world.stack(),
    ),
    call(
        "cognito-idp", "describe_user_pool", "cognito-idp:DescribeUserPool", state("pool-arn"), UserPoolId=state("pool")
    ),
    call(
        "cognito-idp",
        "delete_user_pool",
        "cognito-idp:DeleteUserPool",
        state("pool-arn"),
        UserPoolId=state("pool"),
        repair=lambda world: world.pool(),
    ),
    call("iam", "list_users", "iam:ListUsers", arn("iam", "user/", "")),
    call("iam", "get_user", "iam:GetUser", user_arn("victim"), UserName="victim"),
    call(
        "iam",
        "delete_user",
        "iam:DeleteUser",
        user_arn("victim"),
        UserName="victim",
        repair=lambda world: world.root("iam").create_user(UserName="victim"),
    ),
    call("iam", "get_role", "iam:GetRole", role_arn("team/deep/DeepRole"), RoleName="DeepRole"),
    call("ssm", "get_parameter", "ssm:GetParameter", arn("ssm", "parameter/app/db"), Name="/app/db"),
    call(
        "ssm",
        "delete_parameter",
        "ssm:DeleteParameter",
        arn("ssm", "parameter/app/db"),
        Name="/app/db",
        repair=lambda world: world.parameter(),
    ),
    call("sts", "get_caller_identity", "sts:GetCallerIdentity", "*"),
    call(
        "sts",
        "assume_role",
        "sts:AssumeRole",
        role_arn("OpenTarget"),
        OPEN_TRUST,
        RoleArn=role_arn("OpenTarget"),
        RoleSessionName="probe",
        context={"sts:RoleSessionName": "probe"},
    ),
    call(
        "sts",
        "assume_role",
        "sts:AssumeRole",
        role_arn("NamingTarget"),
        NAMING_TRUST,
        RoleArn=role_arn("NamingTarget"),
        RoleSessionName="probe",
        context={"sts:RoleSessionName": "probe"},
    ),
    call(
        "sts",
        "assume_role",
        "sts:AssumeRole",
        role_arn("ExternalTarget"),
        EXTERNAL_TRUST,
        RoleArn=role_arn("ExternalTarget"),
        RoleSessionName="probe",
        ExternalId="handshake",
        context={"sts:RoleSessionName": "probe", "sts:ExternalId": "handshake"},
    ),
    call(
        "sts",
        "assume_role",
        "sts:AssumeRole",
        role_arn("ExternalTarget"),
        EXTERNAL_TRUST,
        RoleArn=role_arn("ExternalTarget"),
        RoleSessionName="probe",
        context={"sts:RoleSessionName": "probe"},
    ),
]

# ---------------------------------------------------------------------------------------------------------------------
# What the server gets wrong


@dataclasses.dataclass(frozen=True)
class Fault:
    """Where the server is wrong, and which pairs that concerns."""

    name: str
    reason: str
    page: str  # of the AWS documentation, the authority
    concerns: typing.Callable[[Principal, Call, dict], bool]


def opens_to_everyone(made: Call, state: dict) -> bool:
    document = made.policy(state) if made.policy else policy()
    return any(
        one["Effect"] == "Allow" and one["Principal"] == "*" and one["Action"] == made.action
        for one in document["Statement"]
    )


FAULTS = [
    Fault(
        "session-principal-arn",
        "aws:PrincipalArn of a role's session is the session's ARN instead of the role's",
        GUIDE + "reference_policies_condition-keys.html#condition-keys-principalarn",
        lambda one, made, state: one.name == "ByRoleArn",
    ),
    Fault(
        "keys-not-sent",
        "aws:ViaAWSService and aws:UserAgent are never sent",
        GUIDE + "reference_policies_condition-keys.html#condition-keys-viaawsservice",
        lambda one, made, state: one.name in ("directly", "by-agent"),
    ),
    Fault(
        "everyone-limits",
        "a permissions boundary limits what a resource policy grants to everyone",
        GUIDE + "reference_policies_elements_principal.html",
        lambda one, made, state: one.boundary is not None and opens_to_everyone(made, state),
    ),
    Fault(
        "tags-in-boundary",
        "aws:ResourceTag is looked up only where an identity policy names it",
        GUIDE + "reference_policies_condition-keys.html#condition-keys-resourcetag",
        lambda one, made, state: one.name == "boundary-by-tag" and bool(made.tags),
    ),
    Fault(
        "trust-alone",
        "a trust policy that names a user of its own account does not suffice",
        GUIDE + "reference_policies_evaluation-logic_policy-eval-denyallow.html",
        lambda one, made, state: one.name == "granted" and made.operation == "assume_role",
    ),
    Fault(
        "table-tagging",
        "dynamodb:TagResource is judged on * instead of on the table",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html",
        lambda one, made, state: made.action == "dynamodb:TagResource",
    ),
    Fault(
        "role-path",
        "the path of a role is left out of the ARN that is asked for",
        GUIDE + "reference_identifiers.html#identifiers-arns",
        lambda one, made, state: one.name == "deep-reader" and made.action == "iam:GetRole",
    ),
]

# ---------------------------------------------------------------------------------------------------------------------
# The world, made by the root user


class Clients:
    """One client for each service; all act as whoever was named last."""

    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}"
        self.session = botocore.session.Session()
        self.session.set_credentials("nobody", "nobody")
        self.clients: dict[str, typing.Any] = {}

    def act_as(self, credentials: Credentials) -> None:
        # All clients of a session share this object. To make new ones for every principal takes longer than the calls.
        shared = self.session.get_credentials()
        shared.access_key, shared.secret_key, shared.token = credentials

    def __call__(self, service: str) -> typing.Any:
        if service not in self.clients:
            config = botocore.config.Config(
                retries={"total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=30,
                s3={"addressing_style": "path"},
                ignore_configured_endpoint_urls=True,
            )
            self.clients[service] = self.session.create_client(
                service, region_name=REGION, endpoint_url=self.url, config=config
            )
        return self.clients[service]


class World:
    """Everything the calls are made on."""

    def __init__(self, port: int):
        self.state: dict[str, typing.Any] = {}
        self.root = Clients(port)
        self.root.act_as(("test", "test", None))
        self.caller = Clients(port)

    # Resources; each can be made again after a call deleted it.

    def bucket(self, name: str) -> None:
        self.root("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def objects(self) -> None:
        self.root("s3").put_object(Bucket="reports", Key="2025/q1.csv", Body=b"1")
        self.root("s3").put_object(Bucket="shared", Key="q1.csv", Body=b"1")

    def table(self, name: str, tags: dict) -> None:
        self.root("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            Tags=tag_list(tags),
        )

    def queue(self, name: str, tags: dict | None = None, document: dict | None = None) -> None:
        attributes = {"Policy": json.dumps(document)} if document else {}
        made = self.root("sqs").create_queue(QueueName=name, Attributes=attributes, tags=tags or {})
        self.state[f"queue:{name}"] = made["QueueUrl"]

    def topic(self, name: str, document: dict | None = None) -> None:
        self.root("sns").create_topic(Name=name, Attributes={"Policy": json.dumps(document)} if document else {})

    def secret(self, name: str, tags: dict | None = None) -> None:
        made = self.root("secretsmanager").create_secret(Name=name, SecretString="s", Tags=tag_list(tags or {}))
        self.state[f"secret:{name}"] = made["ARN"]

    def key(self, name: str, document: dict) -> None:
        made = self.root("kms").create_key(Policy=json.dumps(document), BypassPolicyLockoutSafetyCheck=True)
        self.state[f"key:{name}"] = made["KeyMetadata"]["Arn"]

    def keep_key(self, name: str) -> None:
        self.root("kms").cancel_key_deletion(KeyId=self.state[f"key:{name}"])
        self.root("kms").enable_key(KeyId=self.state[f"key:{name}"])

    def function(self, name: str) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("index.py", "def handler(event, context):\n    return 1\n")
        self.root("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role_arn("OpenTarget"),
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
        )

    def stack(self) -> None:
        template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "shop-topic"}}}}
        made = self.root("cloudformation").create_stack(StackName="shop", TemplateBody=json.dumps(template))
        self.state["stack"] = made["StackId"]

    def pool(self) -> None:
        made = self.root("cognito-idp").create_user_pool(PoolName="customers")["UserPool"]
        self.state |= {"pool": made["Id"], "pool-arn": made["Arn"]}

    def parameter(self) -> None:
        self.root("ssm").put_parameter(Name="/app/db", Value="v", Type="String", Overwrite=True)

    def make_resources(self) -> None:
        for name in ("reports", "shared", "scratch"):
            self.bucket(name)
        self.root("s3").put_bucket_policy(Bucket="shared", Policy=json.dumps(BUCKET_POLICY))
        self.objects()
        self.table("orders", PROD)
        self.table("archive", TEST)
        self.root("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
        self.queue("orders", TEST)
        self.queue("shared", document=QUEUE_POLICY)
        self.topic("orders")
        self.topic("shared", TOPIC_POLICY)
        self.secret("prod/db", PROD)
        self.secret("shared")
        self.root("secretsmanager").put_resource_policy(SecretId="shared", ResourcePolicy=json.dumps(SECRET_POLICY))
        self.key("own", OWN_KEY_POLICY)
        self.key("shared", KEY_POLICY)
        self.key("closed", CLOSED_KEY_POLICY)
        iam = self.root("iam")
        for name, document in (
            ("OpenTarget", OPEN_TRUST),
            ("NamingTarget", NAMING_TRUST),
            ("ExternalTarget", EXTERNAL_TRUST),
        ):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        iam.create_user(UserName="victim")
        self.function("orders")
        self.function("scratch")
        for number, named in enumerate((user_arn("granted"), user_arn("granted-bounded"), role_arn("GrantedRole"))):
            self.root("lambda").add_permission(
                FunctionName="orders", StatementId=f"grant-{number}", Action="lambda:GetFunction", Principal=named
            )
        self.state["policy:orders"] = json.loads(self.root("lambda").get_policy(FunctionName="orders")["Policy"])
        self.stack()
        self.pool()
        self.parameter()

    def managed_policy(self, name: str, document: dict) -> str:
        iam = self.root("iam")
        # Only the default version counts.
        made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(policy(deny())))["Policy"]["Arn"]
        iam.create_policy_version(PolicyArn=made, PolicyDocument=json.dumps(document), SetAsDefault=True)
        return made

    def make_principal(self, one: Principal) -> Credentials:
        """Makes a principal and gives the credentials it calls with."""
        iam = self.root("iam")
        more: dict[str, typing.Any] = {"Path": one.path, "Tags": tag_list(one.tags)}
        if one.boundary:
            more["PermissionsBoundary"] = self.managed_policy(f"{one.name}-boundary", one.boundary)
        if one.is_role:
            iam.create_role(RoleName=one.name, AssumeRolePolicyDocument=json.dumps(OPEN_TRUST), **more)
        else:
            iam.create_user(UserName=one.name, **more)
        put, attach, who = (
            (iam.put_role_policy, iam.attach_role_policy, {"RoleName": one.name})
            if one.is_role
            else (iam.put_user_policy, iam.attach_user_policy, {"UserName": one.name})
        )
        for number, document in enumerate(one.inline):
            put(**who, PolicyName=f"inline-{number}", PolicyDocument=json.dumps(document))
        for number, document in enumerate(one.managed):
            attach(**who, PolicyArn=self.managed_policy(f"{one.name}-{number}", document))
        for number, document in enumerate(one.groups):
            group = f"{one.name}-group-{number}"
            iam.create_group(GroupName=group)
            if number % 2:
                iam.attach_group_policy(GroupName=group, PolicyArn=self.managed_policy(group, document))
            else:
                iam.put_group_policy(GroupName=group, PolicyName="inline", PolicyDocument=json.dumps(document))
            iam.add_user_to_group(GroupName=group, UserName=one.name)
        if not one.is_role:
            key = iam.create_access_key(UserName=one.name)["AccessKey"]
            return key["AccessKeyId"], key["SecretAccessKey"], None
        passed: dict[str, typing.Any] = {"Policy": json.dumps(one.sessions[0])} if one.sessions else {}
        if one.sessions[1:]:
            arns = [self.managed_policy(f"{one.name}-session-{n}", doc) for n, doc in enumerate(one.sessions[1:])]
            passed["PolicyArns"] = [{"arn": each} for each in arns]
        # Not as the root user, who cannot assume roles.
        self.caller.act_as(self.state["starter"])
        made = self.caller("sts").assume_role(
            RoleArn=role_arn(one.path.lstrip("/") + one.name), RoleSessionName=SESSION, **passed
        )["Credentials"]
        return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]


def tag_list(tags: dict) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


# ---------------------------------------------------------------------------------------------------------------------
# The comparison


def case_of(number: int, one: Principal, made: Call, world: World) -> dict:
    """The call as a case for the engine: what AWS would know of it."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    resource = made.resource(world.state)
    context: dict[str, typing.Any] = {
        "aws:SourceIp": "127.0.0.1",
        "aws:SecureTransport": "false",
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:UserAgent": "Botocore/1",
        "aws:RequestedRegion": "us-east-1" if made.service == "iam" else REGION,
        **{f"aws:PrincipalTag/{key}": value for key, value in one.tags.items()},
        **{f"aws:ResourceTag/{key}": value for key, value in made.tags.items()},
        **made.context,
    }
    if one.is_role:
        context |= {"aws:MultiFactorAuthPresent": "false", "aws:TokenIssueTime": now.isoformat()}
    case = {
        "id": f"call-{number}",
        "request": {
            "principal": one.arn,
            "action": made.action,
            "resource": resource,
            "resource_account": ACCOUNT,
            "context": context,
        },
        "identity_policies": [*one.inline, *one.managed, *one.groups],
    }
    if one.boundary:
        case["permissions_boundaries"] = [one.boundary]
    if one.sessions:
        case["session_policies"] = list(one.sessions)
    if made.policy:
        case["resource_policy"] = made.policy(world.state)
    return case


@dataclasses.dataclass
class Outcome:
    """What the server did."""

    allowed: bool
    code: str  # of the error, if any


def make_call(world: World, made: Call) -> Outcome:
    try:
        getattr(world.caller(made.service), made.operation)(**made.parameters(world.state))
    except botocore.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in REFUSALS:
            return Outcome(False, code)
        if status in (401, 403) or status >= 500:
            fail(f"the server does not work: {made.name(world.state)}: {status} {error}")
        return Outcome(True, code)
    if made.repair:
        made.repair(world)
    return Outcome(True, "")


def ask_engine(binary: str, cases: list[dict]) -> dict[str, dict]:
    """The engine's answers by id. One process decides them all."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "cases.jsonl"
        path.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
        run = subprocess.run(
            [binary, "simulate", "--cases", str(path)], capture_output=True, text=True, timeout=ENGINE_TIMEOUT
        )
    answers = {answer["id"]: answer for answer in map(json.loads, run.stdout.splitlines())}
    for case in cases:
        answer = answers.get(case["id"])
        # A warning means that the engine read something else than was meant.
        if answer is None or "error" in answer or answer.get("warnings"):
            fail(f"no clean answer from the engine: {json.dumps(answer)} to {json.dumps(case)} {run.stderr[:2000]}")
    return answers


def compare(world: World, binary: str) -> int:
    world.make_resources()
    world.state["starter"] = world.make_principal(user("starter", policy(ALL)))
    credentials = {one.name: world.make_principal(one) for one in PRINCIPALS}
    pairs, cases, outcomes = [], [], []
    for one in PRINCIPALS:
        world.caller.act_as(credentials[one.name])
        for made in CALLS:
            pairs.append((one, made))
            cases.append(case_of(len(cases), one, made, world))
            outcomes.append(make_call(world, made))
    answers = ask_engine(binary, cases)

    counts: collections.Counter = collections.Counter()
    faults: collections.Counter = collections.Counter()
    differences = 0
    for (one, made), case, outcome in zip(pairs, cases, outcomes, strict=True):
        answer = answers[case["id"]]
        fault = next((fault for fault in FAULTS if fault.concerns(one, made, world.state)), None)
        # Nobody says whether a session policy limits what a resource policy grants to everyone.
        open_point = bool(one.sessions) and opens_to_everyone(made, world.state)
        if answer["decision"] == "unknown" and open_point:
            counts["left open by the engine"] += 1
        elif outcome.allowed == (answer["decision"] == "allowed"):
            counts["refused" if not outcome.allowed else f"answered {outcome.code}" if outcome.code else "done"] += 1
        elif fault:
            faults[fault.name] += 1
        else:
            differences += 1
            print(f"--- {one.name}: {made.name(world.state)}")
            print(
                f"    the engine says {answer['decision']} (by {answer['decided_by']}), "
                f"the server {'let it through' if outcome.allowed else 'refused it: ' + outcome.code}"
            )
            print("    " + json.dumps({key: value for key, value in case.items() if key != "id"}))

    agreed = sum(count for name, count in counts.items() if name != "left open by the engine")
    print(f"{len(pairs)} calls: {len(PRINCIPALS)} principals, {len(CALLS)} calls each; agreement on {agreed}")
    for name, count in counts.most_common():
        print(f"  {count:5} {name}")
    for fault in FAULTS:
        print(f"  {faults[fault.name]:5} differ by a known fault of the server, {fault.name}: {fault.reason}")
        if not faults[fault.name]:
            print(f"        {fault.name} has been corrected: strike it off the list")
            differences += 1
    print(f"{differences} differences that are not listed")
    return 1 if differences else 0


# ---------------------------------------------------------------------------------------------------------------------
# The server


@contextlib.contextmanager
def own_server() -> typing.Iterator[int]:
    """Starts a server on a free port of 127.0.0.1 and stops it in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "TMPDIR": folder,
        }
        log_path = pathlib.Path(folder) / "server.log"
        with log_path.open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "ministack"], env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait_for(port, server, log_path)
            yield port
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait_for(port: int, server: subprocess.Popen, log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2).close()
            return
        time.sleep(0.1)
    fail(log.read_text(errors="replace")[-2000:] + "the server did not start")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True, help="the built program")
    parser.add_argument("--server", type=int, metavar="PORT", help="a running server on 127.0.0.1; else one is started")
    options = parser.parse_args()
    # Ended from outside, the script still stops its server.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with contextlib.nullcontext(options.server) if options.server else own_server() as port:
        return compare(World(port), options.engine)


if __name__ == "__main__":
    sys.exit(main())
