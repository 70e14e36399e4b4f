#!/usr/bin/env python3
"""Holds the engine against another evaluator of IAM policies, on thousands of generated cases.

    second_opinion_library.py --engine target/debug/foureyes [--cases 12000] [--seed 1]

The other evaluator is `ministack.core.iam_evaluator` of ministack 1.5.33, imported as a library. Every case is written
in the format of `foureyes simulate` and decided by both: allowed, explicitly denied or not allowed. A difference is
forgiven only when correcting one of FAULTS (or several) in the other evaluator makes it vanish; what the engine leaves
open must be one of OPEN_POINTS.
Not compared, because the other evaluator does not have them: policy variables, NotPrincipal, organisation policies and
cross-account requests.

Exit status: 0 agreement, 1 a difference nobody has explained, 2 wrong usage or no answer from the engine.
"""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import json
import random
import sys
import typing

from ministack.core import iam_evaluator as other

from second_opinion import ACCOUNT, GUIDE, REGION, VERSION, arn, ask_engine

# ---------------------------------------------------------------------------------------------------------------------
# The other evaluator


def caller_type(caller: str) -> str:
    return "AssumedRole" if ":assumed-role/" in caller else "FederatedUser" if ":federated-user/" in caller else "User"


DECISIONS = {"Allow": "allowed", "Deny": "explicit-deny", "ImplicitDeny": "implicit-deny"}


def ask_other(case: dict) -> str:
    """The other evaluator's decision, in the engine's words."""
    request = case["request"]
    given = {key.lower(): value for key, value in request["context"].items()}
    given.setdefault("aws:tagkeys", None)
    # It knows these of its own server only.
    given |= {"aws:viaawsservice": "false", "aws:principalisawsservice": "false", "kms:calleraccount": ACCOUNT}
    caller = request["principal"]
    if caller_type(caller) == "User":
        given["aws:username"] = caller.rsplit("/", 1)[-1]
    context = other.EvalContext(
        principal_arn=caller,
        principal_type=caller_type(caller),
        principal_account=ACCOUNT,
        action=request["action"],
        resource_arn=request["resource"],
        region=given["aws:requestedregion"],
        source_ip=given.get("aws:sourceip"),
        secure_transport=given["aws:securetransport"] == "true",
        service_context=given,
    )
    limits = [[other.parse_policy_document(document)] for document in case.get("permissions_boundaries", [])]
    if "session_policies" in case:
        limits.append([other.parse_policy_document(document) for document in case["session_policies"]])
    policies = [other.parse_policy_document(document) for document in case["identity_policies"]]
    result = other.evaluate(context, policies, *limits)
    is_key = request["resource"].startswith("arn:aws:kms:")
    if "resource_policy" in case or is_key:
        result = other.combine_resource_policy(
            result, context, case.get("resource_policy"), ACCOUNT, required=is_key, limits=tuple(limits)
        )
    return DECISIONS[result.decision]


# ---------------------------------------------------------------------------------------------------------------------
# Its faults, each with its correction


def mended_key(key: str, context) -> typing.Any:
    caller = context.principal_arn
    if key.lower() == "aws:principalarn" and ":assumed-role/" in caller:
        return f"arn:aws:iam::{ACCOUNT}:role/{caller.split('/')[1]}"
    return ORIGINAL["_resolve_condition_key"](key, context)


def mended_arn(actual: str, expected: str) -> bool:
    segments, patterns = actual.split(":", 5), expected.split(":", 5)
    return len(segments) == len(patterns) == 6 and all(map(other.fnmatch_iam_cs, segments, patterns))


def matches_by_segment(resource: str, pattern: str) -> bool:
    if resource == "*" or pattern == "*":
        return pattern == "*"
    segments, patterns = resource.split(":", 5), pattern.split(":", 5)
    patterns += ["*"] * (6 - len(patterns))
    folded = all(other.fnmatch_iam(*pair) for pair in zip(segments[:5], patterns[:5], strict=True))
    return folded and other.fnmatch_iam_cs(segments[5], patterns[5])


def mended_resource(resource: str, resources: list[str], not_resources: list[str]) -> bool:
    covered = any(matches_by_segment(resource, pattern) for pattern in resources or not_resources)
    return covered if resources else not covered


def named_in(principal: typing.Any) -> list[str]:
    named = principal.get("AWS", []) if isinstance(principal, dict) else principal
    return [named] if isinstance(named, str) else named


def mended_principal(principal: typing.Any, caller: str) -> bool:
    exact = [name for name in named_in(principal) if name == "*" or not set("*?") & set(name)]
    return ORIGINAL["_principal_matches"]({"AWS": exact}, caller)


def mended_condition(operator: str, actual: typing.Any, expected: list[str]) -> bool:
    plain = not operator.lower().startswith(("forall", "forany")) and operator.lower() != "null"
    if plain and isinstance(actual, list):
        return False
    return ORIGINAL["_evaluate_single_condition"](operator, actual, expected)


def mended_null(operator: str, actual: typing.Any, expected: list[str]) -> bool:
    if operator.lower() == "null":
        return any(str(word).lower() == ("true" if actual is None else "false") for word in expected)
    return ORIGINAL["_evaluate_single_condition"](operator, actual, expected)


def mended_federated_user(principal: typing.Any, caller: str) -> bool:
    itself = ":federated-user/" in caller and caller in named_in(principal)
    return itself or ORIGINAL["_names_caller_directly"](principal, caller)


def mended_everyone(principal: typing.Any, caller: str) -> bool:
    return "*" in named_in(principal) or ORIGINAL["_names_caller_directly"](principal, caller)


def one(effect: str, action: str, resource: str = "*", condition: dict | None = None, **more: typing.Any) -> dict:
    """A policy of one statement."""
    statement = {"Effect": effect, **more, "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return {"Version": VERSION, "Statement": [statement]}


ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/ci"
CAROL = f"arn:aws:sts::{ACCOUNT}:federated-user/carol"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
EVERYTHING = one("Allow", "*")


def example(principal: str = ALICE, context: dict | None = None, **layers: typing.Any) -> dict:
    context = {"aws:RequestedRegion": REGION, "aws:SecureTransport": "true"} | (context or {})
    request = {"principal": principal, "action": "sqs:SendMessage", "resource": QUEUE, "resource_account": ACCOUNT}
    return {"id": "example", "request": {**request, "context": context}, "identity_policies": [], **layers}


@dataclasses.dataclass(frozen=True)
class Fault:
    """Where the other evaluator is wrong."""

    name: str
    reason: str
    page: str  # of the AWS documentation, the authority
    attribute: str  # what to replace in the other evaluator, and by what
    correction: typing.Callable
    example: dict  # a case that shows it
    decision: str  # what AWS documents for it


FAULTS = [
    Fault(
        "session-principal-arn",
        "aws:PrincipalArn of a role session is taken to be the session's ARN; it is the role's",
        GUIDE + "reference_policies_condition-keys.html#condition-keys-principalarn",
        "_resolve_condition_key",
        mended_key,
        example(
            SESSION,
            identity_policies=[
                one(
                    "Allow", "*", condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/Deployer"}}
                )
            ],
        ),
        "allowed",
    ),
    Fault(
        "arn-operator-segments",
        "ArnLike and ArnEquals are matched as one text; each of the six segments is matched by itself",
        GUIDE + "reference_policies_elements_condition_operators.html#Conditions_ARN",
        "_op_arn_like",
        mended_arn,
        example(
            context={"aws:SourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:news"},
            identity_policies=[one("Allow", "*", condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:news"}})],
        ),
        "implicit-deny",
    ),
    Fault(
        "resource-segments",
        "Resource is matched as one text; a wildcard inside a segment of an ARN does not cross a colon, and the first "
        "five segments ignore case",
        GUIDE + "reference-arns.html#arns-paths-wildcards",
        "_resource_matches",
        mended_resource,
        example(identity_policies=[one("Allow", "*", f"arn:aws:s*1:{ACCOUNT}:orders")]),
        "implicit-deny",
    ),
    Fault(
        "principal-wildcard",
        "A wildcard within a principal's ARN is honoured; it matches no part of a name",
        GUIDE + "reference_policies_elements_principal.html",
        "_principal_matches",
        mended_principal,
        example(resource_policy=one("Allow", "*", QUEUE, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/ali*"})),
        "implicit-deny",
    ),
    Fault(
        "plain-operator-on-several-values",
        "An operator without ForAllValues or ForAnyValue compares a list as one text; such a key needs a set operator",
        GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html",
        "_evaluate_single_condition",
        mended_condition,
        example(
            context={"aws:TagKeys": ["env", "team"]},
            identity_policies=[one("Allow", "*", condition={"StringLike": {"aws:TagKeys": "*"}})],
        ),
        "implicit-deny",
    ),
    Fault(
        "null-with-two-values",
        "Only the first value of Null is read; the values of a key are alternatives",
        GUIDE + "reference_policies_condition-logic-multiple-context-keys-or-values.html",
        "_evaluate_single_condition",
        mended_null,
        example(identity_policies=[one("Allow", "*", condition={"Null": {"aws:SourceVpce": ["false", "true"]}})]),
        "allowed",
    ),
    Fault(
        "federated-user-limits",
        "A session policy limits what a resource policy grants to a federated user by its own ARN; it does not",
        GUIDE + "access_policies.html#policies_session",
        "_names_caller_directly",
        mended_federated_user,
        example(
            CAROL,
            session_policies=[one("Allow", "s3:*")],
            resource_policy=one("Allow", "*", QUEUE, Principal={"AWS": CAROL}),
        ),
        "allowed",
    ),
    Fault(
        "everyone-limits",
        "A permissions boundary limits what a resource policy grants to everyone; it does not",
        GUIDE + "reference_policies_elements_principal.html",
        "_names_caller_directly",
        mended_everyone,
        example(permissions_boundaries=[one("Allow", "s3:*")], resource_policy=one("Allow", "*", QUEUE, Principal="*")),
        "allowed",
    ),
]
ORIGINAL = {fault.attribute: getattr(other, fault.attribute) for fault in FAULTS}
ARN_OPERATORS = {name: test for name, test in other._CONDITION_OPS.items() if name.startswith("arn")}


@contextlib.contextmanager
def mended(faults: typing.Iterable[Fault]):
    """Corrects faults of the other evaluator for a while. Two corrections of one function are chained."""
    try:
        for fault in faults:
            before = getattr(other, fault.attribute)
            setattr(other, fault.attribute, chained(fault, before))
            if fault.attribute == "_op_arn_like":
                for name in ARN_OPERATORS:
                    negated = "not" in name
                    other._CONDITION_OPS[name] = lambda a, e, negated=negated: mended_arn(a, e) != negated
        yield
    finally:
        for attribute, function in ORIGINAL.items():
            setattr(other, attribute, function)
        other._CONDITION_OPS.update(ARN_OPERATORS)


def chained(fault: Fault, before: typing.Callable) -> typing.Callable:
    if before is ORIGINAL[fault.attribute]:
        return fault.correction
    if fault.attribute == "_names_caller_directly":
        return lambda *given: before(*given) or fault.correction(*given)
    # The two corrections of conditions concern different operators.
    return lambda operator, *given: (fault.correction if operator.lower() == "null" else before)(operator, *given)


def explanation(case: dict, decision: str) -> tuple[str, ...] | None:
    """The smallest of the faults, found one after the other, whose correction gives the engine's answer."""
    needed = list(FAULTS)
    with mended(needed):
        if ask_other(case) != decision:
            return None
    for fault in FAULTS:
        without = [one for one in needed if one is not fault]
        with mended(without):
            if ask_other(case) == decision:
                needed = without
    return tuple(fault.name for fault in needed)


# ---------------------------------------------------------------------------------------------------------------------
# What AWS's documentation leaves open: the engine answers `unknown` there


def statements(case: dict) -> typing.Iterator[dict]:
    for layer in ("identity_policies", "permissions_boundaries", "session_policies"):
        for document in case.get(layer, []):
            yield from document["Statement"]
    yield from case.get("resource_policy", {}).get("Statement", [])


def as_list(value: typing.Any) -> list:
    return value if isinstance(value, list) else [value]


def conditions(case: dict) -> typing.Iterator[tuple[str, str]]:
    for statement in statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                yield operator, key


def star_ends_segment(case: dict) -> bool:
    """Whether a star that ends a segment matches beyond the colon: two pages of the documentation disagree."""
    resources = (as_list(s.get("Resource", s.get("NotResource"))) for s in statements(case))
    return any(
        ":" in pattern and any(part.endswith("*") for part in pattern.split(":", 5)[:5])
        for patterns in resources
        for pattern in patterns
    )


def everyone_in_a_session(case: dict) -> bool:
    """Whether a session policy limits what a resource policy grants to everyone."""
    grants = case.get("resource_policy", {}).get("Statement", [])
    return "session_policies" in case and any("*" in as_list(named_in(s["Principal"])) for s in grants)


def any_value_if_exists(case: dict) -> bool:
    """ForAnyValue with IfExists on a key that is missing."""
    return any(o.startswith("ForAnyValue:") and o.endswith("IfExists") for o, _ in conditions(case))


def value_of_another_type(case: dict) -> bool:
    """A negated comparison with a value that is no number, date or address."""
    odd = {key.lower() for key, value in case["request"]["context"].items() if value == ODD}
    negated = ("NumericNotEquals", "DateNotEquals", "NotIpAddress")
    return any(key.lower() in odd and any(name in operator for name in negated) for operator, key in conditions(case))


def star_colon_star(case: dict) -> bool:
    """Whether `*:*` as an action is every action."""
    return any("*:*" in as_list(s.get("Action", s.get("NotAction"))) for s in statements(case))


def iam_call_of_a_federated_user(case: dict) -> bool:
    """Whether a session of GetFederationToken calls IAM, which the API refuses and the console does not."""
    request = case["request"]
    return ":federated-user/" in request["principal"] and request["action"].lower().startswith("iam:")


OPEN_POINTS = [
    star_ends_segment,
    everyone_in_a_session,
    any_value_if_exists,
    value_of_another_type,
    star_colon_star,
    iam_call_of_a_federated_user,
]

# ---------------------------------------------------------------------------------------------------------------------
# Generated cases

ODD = "neither"
TODAY = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
# Actions and the resources they are called on.
REQUESTS = [
    (
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        ["arn:aws:s3:::reports/2025/q1.csv", "arn:aws:s3:::reports/Q1.csv", "arn:aws:s3:::reports-eu/a:b"],
    ),
    (["s3:ListBucket", "s3:DeleteBucket"], ["arn:aws:s3:::reports", "arn:aws:s3:::reports-eu"]),
    (
        ["dynamodb:GetItem", "dynamodb:DeleteTable", "dynamodb:DescribeTable"],
        [arn("dynamodb", "table/orders"), arn("dynamodb", "table/Orders"), arn("dynamodb", "table/orders-archive")],
    ),
    (
        ["sqs:SendMessage", "sqs:DeleteQueue", "sqs:GetQueueAttributes"],
        [arn("sqs", "orders"), arn("sqs", "orders.fifo")],
    ),
    (["sns:Publish", "sns:DeleteTopic"], [arn("sns", "orders"), arn("sns", "news")]),
    (
        ["secretsmanager:GetSecretValue", "secretsmanager:DeleteSecret"],
        [arn("secretsmanager", "secret:prod/db-AbCdEf"), arn("secretsmanager", "secret:test/db-GhIjKl")],
    ),
    (["kms:Decrypt", "kms:ScheduleKeyDeletion", "kms:DescribeKey"], [arn("kms", f"key/{KEY_ID}")]),
    (
        ["lambda:InvokeFunction", "lambda:DeleteFunction"],
        [arn("lambda", "function:orders"), arn("lambda", "function:orders:live")],
    ),
    (
        ["iam:GetRole", "iam:DeleteRole", "iam:PassRole", "iam:UpdateAssumeRolePolicy"],
        [arn("iam", "role/team/Deployer", ""), arn("iam", "role/Reader", "")],
    ),
    (["cognito-idp:DeleteUserPool", "cognito-idp:DescribeUserPool"], [arn("cognito-idp", "userpool/eu-west-1_Ab12")]),
    (
        ["cloudformation:DeleteStack", "cloudformation:DescribeStacks"],
        [arn("cloudformation", "stack/shop/6a1b2c3d-0000-1111-2222-333344445555")],
    ),
    (["s3:ListAllMyBuckets", "sqs:ListQueues", "cloudwatch:PutMetricData", "iam:GetAccountSummary"], ["*"]),
]
WITH_RESOURCE_POLICY = ("s3", "sqs", "sns", "secretsmanager", "kms", "lambda", "dynamodb")
CALLERS = [ALICE, f"arn:aws:iam::{ACCOUNT}:user/team/bob", SESSION, CAROL]
MULTIVALUED = {
    "aws:TagKeys": ["env", "team", "Env", "cost-centre"],
    "dynamodb:Attributes": ["id", "name", "secret"],
    "dynamodb:LeadingKeys": ["alice", "bob"],
    "aws:PrincipalOrgPaths": ["o-a1/r-b2/ou-c3/", "o-a1/r-b2/ou-c3/ou-d4/", "o-z9/r-b2/"],
}
TEXTS = {
    "aws:PrincipalTag/team": ["red", "Red", "blue", "red*"],
    "aws:RequestTag/env": ["prod", "test", "PROD"],
    "aws:ResourceTag/env": ["prod", "test", "PROD"],
    "aws:SourceVpce": ["vpce-1a2b3c4d", "vpce-5e6f7a8b"],
    "aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-z9y8x7w6v5"],
    "aws:UserAgent": ["aws-cli/2.17 Python/3.11", "Boto3/1.35"],
    "aws:RequestedRegion": [REGION, "us-east-1"],
    "aws:PrincipalAccount": [ACCOUNT, "444455556666"],
    "aws:ResourceAccount": [ACCOUNT, "444455556666"],
    "aws:PrincipalType": ["User", "AssumedRole", "FederatedUser"],
    "aws:username": ["alice", "bob"],
    "s3:prefix": ["2025/", "", "home/alice/"],
}
NUMBERS = {"aws:MultiFactorAuthAge": ["0", "300", "3600", "86400"], "s3:max-keys": ["1", "10", "10.5", "1000", "-1"]}
DATES = {
    "aws:TokenIssueTime": [
        "2024-12-31T23:59:59Z",
        "2025-06-01",
        "2025-06-01T00:00:00Z",
        "2025-06-01T02:00:00+02:00",
        "1748736000",
    ],
    "aws:CurrentTime": ["2020-01-01T00:00:00Z", "2999-01-01", "2040-02-29T12:00:00Z", "946684800"],
    "aws:EpochTime": ["2020-01-01T00:00:00Z", "946684800", "4102444800"],
}
BOOLEANS = ["aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService", "aws:PrincipalIsAWSService"]
ADDRESSES = {"aws:SourceIp": ["10.1.2.3", "203.0.113.7", "2001:db8::7"], "aws:VpcSourceIp": ["10.1.2.3", "10.9.9.9"]}
NETWORKS = [
    "10.0.0.0/8",
    "10.1.2.3",
    "10.1.2.0/25",
    "203.0.113.0/24",
    "0.0.0.0/0",
    "2001:db8::/32",
    "::/0",
    "2001:DB8:0:0::7/128",
]
ARNS = {
    "aws:PrincipalArn": [ALICE, f"arn:aws:iam::{ACCOUNT}:role/Deployer", SESSION, CAROL],
    "aws:SourceArn": [arn("sns", "news"), arn("lambda", "function:orders:live"), "arn:aws:s3:::reports"],
}
BYTES = {"example:Digest": ["QUJD", "REVG", "QUI="]}
DERIVED = (
    "aws:PrincipalAccount",
    "aws:ResourceAccount",
    "aws:PrincipalType",
    "aws:username",
    "aws:PrincipalArn",
    "aws:ViaAWSService",
    "aws:PrincipalIsAWSService",
)


class Generator:
    """Cases whose parts are near each other, so that about half of all patterns match."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def some(self, values: typing.Sequence, most: int) -> list:
        return self.random.sample(values, self.random.randint(1, min(most, len(values))))

    def one_or_list(self, values: list) -> typing.Any:
        return values[0] if len(values) == 1 and self.chance(60) else values

    def pattern(self, text: str) -> str:
        """Something that is, or is nearly, a pattern for a text."""
        kind = self.random.randrange(10)
        if kind < 3 or len(text) < 2:
            return text
        if kind < 6:
            return text[: self.random.randrange(1, len(text))] + "*"
        if kind == 6:
            return "*" + text[self.random.randrange(1, len(text)) :]
        at = self.random.randrange(len(text))
        if kind == 7:
            return text[:at] + "?" + text[at + 1 :]
        if kind == 8:
            return text[:at] + "*" + text[min(len(text), at + 3) :]
        return text.swapcase()

    def action_pattern(self, action: str) -> str:
        service, name = action.split(":")
        if self.chance(2):
            return "*:*"
        other_service = self.random.choice(REQUESTS)[0][0]
        patterns = [
            action,
            action,
            f"{service}:*",
            "*",
            f"{service}:{self.pattern(name)}",
            f"{service}:{name[:3]}*",
            action.swapcase(),
            f"{service}:*{name[-4:]}",
            f"{service[:-1]}?:*",
            other_service,
        ]
        return self.random.choice(patterns)

    def resource_pattern(self, resource: str) -> str:
        if resource == "*" or self.chance(25):
            return "*" if self.chance(60) else "arn:aws:s3:::reports*"
        head, tail = resource.split(":", 5)[:5], resource.split(":", 5)[5]
        if self.chance(8):
            at = self.random.randrange(1, 5)
            head[at] = self.random.choice(
                ["*", head[at][:1] + "*", "*" + head[at][1:], head[at].upper(), "?" + head[at][1:]]
            )
        return ":".join([*head, self.pattern(tail)])

    def context(self, caller: str) -> dict:
        context: dict[str, typing.Any] = {
            "aws:RequestedRegion": self.random.choice(TEXTS["aws:RequestedRegion"]),
            "aws:SecureTransport": self.random.choice(["true", "false"]),
            # The other evaluator takes the clock's.
            "aws:CurrentTime": TODAY.isoformat(),
            "aws:EpochTime": str(int(TODAY.timestamp())),
        }
        given = TEXTS | NUMBERS | {"aws:TokenIssueTime": DATES["aws:TokenIssueTime"]} | ADDRESSES | BYTES
        given |= {"aws:MultiFactorAuthPresent": ["true", "false"], "aws:SourceArn": ARNS["aws:SourceArn"]}
        for key, values in given.items():
            if key not in context and key not in DERIVED and self.chance(50):
                is_typed = key in NUMBERS or key in ADDRESSES or key == "aws:TokenIssueTime"
                context[key] = ODD if is_typed and self.chance(2) else self.random.choice(values)
        for key, values in MULTIVALUED.items():
            if self.chance(50):
                context[key] = self.some(values, 3)
        return context

    def condition(self) -> tuple[str, str, typing.Any]:
        """An operator, a key and values."""
        kinds = [
            TEXTS,
            TEXTS,
            TEXTS,
            MULTIVALUED,
            MULTIVALUED,
            NUMBERS,
            DATES,
            ADDRESSES,
            ARNS,
            BYTES,
            dict.fromkeys(BOOLEANS),
        ]
        kind = self.random.choice(kinds)
        key = self.random.choice(list(kind))
        if self.chance(12):
            both = self.chance(4)
            return "Null", key, ["true", "false"] if both else self.random.choice(["true", "false", True, False])
        values: list = self.some(kind[key], 3) if kind[key] else [self.random.choice(["true", "false", "True"])]
        if kind is NUMBERS:
            name = "Numeric" + self.random.choice(
                ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
            )
        elif kind is DATES:
            name = "Date" + self.random.choice(
                ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
            )
        elif kind is ADDRESSES:
            name, values = self.random.choice(["IpAddress", "NotIpAddress"]), self.some(NETWORKS, 3)
        elif kind is ARNS:
            name = "Arn" + self.random.choice(["Equals", "Like", "NotEquals", "NotLike"])
            values = [self.arn_pattern(value) for value in values]
        elif kind is BYTES:
            name = "BinaryEquals"
        elif kind[key] is None:
            name = "Bool"
        else:
            name = "String" + self.random.choice(
                ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"]
            )
            values = [self.pattern(value) if "Like" in name or self.chance(5) else value for value in values]
        if self.chance(94 if kind is MULTIVALUED else 4):
            name = self.random.choice(["ForAllValues:", "ForAnyValue:"]) + name
        if self.chance(20):
            name += "IfExists"
        if self.chance(10):
            key = key.swapcase()
        return name, key, self.one_or_list(values)

    def arn_pattern(self, text: str) -> str:
        segments = text.split(":", 5)
        at = self.random.randrange(6)
        if self.chance(60):
            segments[at] = self.pattern(segments[at]) if segments[at] else "*"
        if self.chance(3):
            return self.pattern(text)
        return ":".join(segments)

    def principal(self, caller: str) -> typing.Any:
        role = f"arn:aws:iam::{ACCOUNT}:role/Deployer"
        # A session's own ARN and its role's are both its names.
        own = [caller] + ([role] if caller == SESSION else [])
        names = [
            *own,
            *own,
            ACCOUNT,
            f"arn:aws:iam::{ACCOUNT}:root",
            "*",
            f"arn:aws:iam::{ACCOUNT}:user/mallory",
            "444455556666",
            f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/other",
        ]
        if self.chance(12):
            return "*"
        if self.chance(4):
            return {"Service": "s3.amazonaws.com"}
        if self.chance(3):
            return {"AWS": caller[:-2] + "*"}
        return {"AWS": self.one_or_list(self.some(names, 2))}

    def statement(self, request: dict, deny: int) -> dict:
        statement: dict[str, typing.Any] = {"Effect": "Deny" if self.chance(deny) else "Allow"}
        actions = [self.action_pattern(request["action"]) for _ in range(self.random.randint(1, 2))]
        resources = [self.resource_pattern(request["resource"]) for _ in range(self.random.randint(1, 2))]
        statement["NotAction" if self.chance(12) else "Action"] = self.one_or_list(actions)
        statement["NotResource" if self.chance(12) else "Resource"] = self.one_or_list(resources)
        block: dict[str, dict] = {}
        if self.chance(55):
            for _ in range(self.random.choice([1, 1, 1, 2, 2, 3])):
                operator, key, values = self.condition()
                block.setdefault(operator, {})[key] = values
            statement["Condition"] = block
        return statement

    def document(self, request: dict, deny: int = 20) -> dict:
        if self.chance(15):
            return {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        count = self.random.choice([1, 1, 2, 3])
        return {"Version": VERSION, "Statement": [self.statement(request, deny) for _ in range(count)]}

    def case(self, number: int) -> dict:
        actions, resources = self.random.choice(REQUESTS)
        caller = self.random.choice(CALLERS)
        request = {
            "principal": caller,
            "action": self.random.choice(actions),
            "resource": self.random.choice(resources),
            "resource_account": ACCOUNT,
        }
        request["context"] = self.context(caller)
        if request["resource"].startswith("arn:aws:s3:::"):
            # Tags of buckets take no part in authorisation unless the bucket says so; the other evaluator is not told.
            request["context"].pop("aws:ResourceTag/env", None)
        case: dict[str, typing.Any] = {"id": f"generated-{number}", "request": request}
        case["identity_policies"] = [self.document(request) for _ in range(self.random.choice([0, 1, 1, 1, 2, 3]))]
        # A federated user's session has no boundary of its own, and nothing at all without session policies.
        if caller != CAROL and self.chance(30):
            case["permissions_boundaries"] = [self.document(request, deny=12)]
        if caller == CAROL or caller == SESSION and self.chance(50):
            case["session_policies"] = [self.document(request, deny=12) for _ in range(self.random.choice([1, 1, 2]))]
        service = request["action"].split(":")[0]
        if (
            service in WITH_RESOURCE_POLICY
            and request["resource"] != "*"
            and self.chance(85 if service == "kms" else 50)
        ):
            document = self.document(request)
            for statement in document["Statement"]:
                statement["Principal"] = self.principal(caller)
            case["resource_policy"] = document
        return case


# ---------------------------------------------------------------------------------------------------------------------
# The comparison


def show(case: dict, answer: dict, theirs: str) -> None:
    print(
        f"--- {case['id']}: the engine says {answer['decision']} (by {answer['decided_by']}), "
        f"the other evaluator says {theirs}"
    )
    print(json.dumps({key: value for key, value in case.items() if key != "id"}, indent=1))


def check_examples(binary: str) -> int:
    """Every fault must still be one, and the engine right about it."""
    cases = [{**fault.example, "id": fault.name} for fault in FAULTS]
    answers = ask_engine(binary, cases)
    wrong = 0
    for fault, case in zip(FAULTS, cases, strict=True):
        if answers[fault.name]["decision"] != fault.decision:
            print(f"{fault.name}: the engine is wrong: {fault.reason} ({fault.page})")
        elif ask_other(case) == fault.decision:
            print(f"{fault.name}: the other evaluator has been corrected: strike the fault off the list")
        elif explanation(case, fault.decision) != (fault.name,):
            print(f"{fault.name}: the correction does not explain its own example")
        else:
            continue
        wrong += 1
    return wrong


def weigh(case: dict, decision: str, theirs: str) -> tuple[str | None, str | None]:
    """Why the two decided as they did, or what the documentation leaves open; neither: nobody knows."""
    if decision == theirs:
        return "agreement", None
    point = next((point.__name__ for point in OPEN_POINTS if point(case)), None)
    if decision == "unknown":
        return None, point
    if needed := explanation(case, decision):
        return " + ".join(needed), None
    # A Deny that is in doubt leaves open which kind of denial it is, even where nothing allows.
    return None, point if {decision, theirs} == {"explicit-deny", "implicit-deny"} else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True, help="the built program")
    parser.add_argument("--cases", type=int, default=12000, help="how many cases to generate")
    parser.add_argument("--seed", type=int, default=1, help="of the generator")
    parser.add_argument("--show", type=int, default=5, help="how many unexplained differences to print in full")
    options = parser.parse_args()

    unexplained = check_examples(options.engine)
    generator = Generator(options.seed)
    cases = [generator.case(number) for number in range(options.cases)]
    answers = ask_engine(options.engine, cases)
    verdicts: collections.Counter = collections.Counter()
    causes: collections.Counter[str | None] = collections.Counter()
    open_points: collections.Counter = collections.Counter()
    for case in cases:
        answer = answers[case["id"]]
        verdicts[answer["decision"]] += 1
        theirs = ask_other(case)
        cause, point = weigh(case, answer["decision"], theirs)
        if point:
            open_points[point] += 1
        else:
            causes[cause] += 1
        if not (cause or point):
            unexplained += 1
            if unexplained <= options.show:
                show(case, answer, theirs)

    compared = sum(causes.values())
    print(
        f"{len(cases)} generated cases (seed {options.seed}): "
        + ", ".join(f"{n} {v}" for v, n in verdicts.most_common())
    )
    print(
        f"agreement on {causes['agreement']} of {compared} decided cases "
        f"({100 * causes['agreement'] / max(compared, 1):.2f} %)"
    )
    for cause, count in causes.most_common():
        if cause != "agreement":
            print(f"  {count:5} differ: {cause or 'UNEXPLAINED'}")
    for point, count in open_points.most_common():
        print(f"  {count:5} left open by the engine: {point}")
    print(f"{len(FAULTS)} known faults of the other evaluator; {unexplained} unexplained differences")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
