#!/usr/bin/env python3
"""Functions, APIs and pools: more than a page of functions and user pools, variables that are secrets, and roles."""

import io
import zipfile

from comparing import ACCOUNT, HOME, client

# ListFunctions gives 50 a page, ListUserPools and ListIdentityPools 60.
FUNCTIONS, POOLS = 52, 61


def role(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def package():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return None\n")
    return file.getvalue()


def functions():
    lambda_ = client("lambda", HOME)
    code = {"ZipFile": package()}

    def function(name, **more):
        return lambda_.create_function(
            FunctionName=name, Runtime="python3.13", Handler="index.handler", Role=role("functions"), Code=code, **more
        )["FunctionArn"]

    arn = function(
        "checkout",
        Environment={"Variables": {"API_KEY": "SECRET-key", "TABLE": "SECRET-table"}},
        Tags={"env": "prod", "owner": "shop"},
        Description="SECRET-description",
    )
    for number in range(3):
        lambda_.update_function_code(FunctionName="checkout", ZipFile=package() + bytes(number))
        lambda_.publish_version(FunctionName="checkout")
    lambda_.add_permission(
        FunctionName="checkout",
        StatementId="bus",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=f"arn:aws:events:{HOME}:{ACCOUNT}:rule/nightly",
    )
    lambda_.create_function_url_config(FunctionName="checkout", AuthType="AWS_IAM")
    function("open")
    lambda_.create_function_url_config(FunctionName="open", AuthType="NONE")
    # The configurations themselves are in in_front.json.
    for name, configuration in [("checkout", "0123456789abcdef0"), ("open", "fedcba98765432100")]:
        signing = f"arn:aws:lambda:{HOME}:{ACCOUNT}:code-signing-config:csc-{configuration}"
        lambda_.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=signing)
    for number in range(FUNCTIONS):
        function(f"job-{number:02}")
    return arn


def apis(function):
    appsync = client("appsync", HOME)
    api = appsync.create_graphql_api(
        name="shop",
        authenticationType="AMAZON_COGNITO_USER_POOLS",
        userPoolConfig={"userPoolId": f"{HOME}_shop", "awsRegion": HOME, "defaultAction": "ALLOW"},
        additionalAuthenticationProviders=[{"authenticationType": "API_KEY"}],
        tags={"env": "prod"},
    )["graphqlApi"]["apiId"]
    appsync.create_data_source(
        apiId=api,
        name="orders",
        type="AMAZON_DYNAMODB",
        serviceRoleArn=role("api-data"),
        dynamodbConfig={"tableName": "orders", "awsRegion": HOME},
    )
    appsync.create_data_source(
        apiId=api, name="checks", type="AWS_LAMBDA", serviceRoleArn=role("api-data"), lambdaConfig={"lambdaFunctionArn": function}
    )
    appsync.create_graphql_api(name="bare", authenticationType="API_KEY")


def pools(function):
    users = client("cognito-idp", HOME)
    pool = users.create_user_pool(
        PoolName="shop",
        DeletionProtection="ACTIVE",
        MfaConfiguration="OFF",
        UserPoolTags={"env": "prod"},
        LambdaConfig={"PreSignUp": function},
        EmailVerificationMessage="SECRET-mail {####}",
    )["UserPool"]["Id"]
    for number in range(POOLS):
        users.create_user_pool(PoolName=f"trial-{number:02}")
    identities = client("cognito-identity", HOME)
    found = identities.create_identity_pool(
        IdentityPoolName="shop",
        AllowUnauthenticatedIdentities=True,
        CognitoIdentityProviders=[
            {"ProviderName": f"cognito-idp.{HOME}.amazonaws.com/{pool}", "ClientId": "client", "ServerSideTokenCheck": True}
        ],
        IdentityPoolTags={"env": "prod"},
    )["IdentityPoolId"]
    identities.set_identity_pool_roles(
        IdentityPoolId=found, Roles={"authenticated": role("signed-in"), "unauthenticated": role("anybody")}
    )
    for number in range(POOLS):
        identities.create_identity_pool(IdentityPoolName=f"trial-{number:02}", AllowUnauthenticatedIdentities=False)


if __name__ == "__main__":
    checkout = functions()
    apis(checkout)
    pools(checkout)
