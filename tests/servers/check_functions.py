#!/usr/bin/env python3
"""Compares Lambda, AppSync and Cognito in the snapshot with what boto3 says: `check_functions.py BINARY SNAPSHOT`."""

import comparing
from comparing import ACCOUNT, REGIONS, client, resource, some


def functions(region):
    lambda_ = client("lambda", region)
    for page in lambda_.get_paginator("list_functions").paginate():
        for said in page["Functions"]:
            yield function(lambda_, region, said)


def function(lambda_, region, said):
    name, arn = said["FunctionName"], said["FunctionArn"]
    try:
        policy = lambda_.get_policy(FunctionName=name)["Policy"]
    except lambda_.exceptions.ResourceNotFoundException:
        policy = None
    urls = lambda_.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    kinds = [url["AuthType"] for url in urls]
    versions = [
        version["Version"]
        for page in lambda_.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        for version in page["Versions"]
    ]
    keys = ["FunctionName", "Role", "Runtime", "Handler", "PackageType", "LastModified"]
    properties = some(
        KmsKeyArn=said.get("KMSKeyArn"),
        Layers=[layer["Arn"] for layer in said.get("Layers", [])],
        EnvironmentVariableNames=sorted(said.get("Environment", {}).get("Variables", {})),
        PublishedVersions=len([version for version in versions if version != "$LATEST"]),
        Url=some(AuthType="NONE" if "NONE" in kinds else next(iter(kinds), None)),
        **{key: said.get(key) for key in keys},
    )
    properties["CodeSigningConfigArn"] = lambda_.get_function_code_signing_config(FunctionName=name).get(
        "CodeSigningConfigArn", ""
    )
    if properties["CodeSigningConfigArn"]:
        signing = lambda_.get_code_signing_config(CodeSigningConfigArn=properties["CodeSigningConfigArn"])
        properties["CodeSigningPolicies"] = signing["CodeSigningConfig"]["CodeSigningPolicies"]
    tags = lambda_.list_tags(Resource=arn)["Tags"]
    return resource(arn, "AWS::Lambda::Function", region, properties, tags, policy)


def apis(region):
    appsync = client("appsync", region)
    for page in appsync.get_paginator("list_graphql_apis").paginate():
        for said in page["graphqlApis"]:
            sources = appsync.list_data_sources(apiId=said["apiId"])["dataSources"]
            pool = said.get("userPoolConfig", {}).get("userPoolId")
            properties = some(
                ApiId=said["apiId"],
                Name=said["name"],
                AuthenticationType=said["authenticationType"],
                AdditionalAuthenticationProviders=[
                    {"AuthenticationType": other["authenticationType"]}
                    for other in said.get("additionalAuthenticationProviders", [])
                ],
                UserPoolConfig={"UserPoolId": pool} if pool else None,
                Visibility=said.get("visibility"),
                ApiType=said.get("apiType"),
                MergedApiExecutionRoleArn=said.get("mergedApiExecutionRoleArn"),
                DataSources=[source(item) for item in sources],
            )
            yield resource(said["arn"], "AWS::AppSync::GraphQLApi", region, properties, said.get("tags"))


def source(said):
    table, function = said.get("dynamodbConfig"), said.get("lambdaConfig")
    return some(
        Name=said["name"],
        Type=said["type"],
        ServiceRoleArn=said.get("serviceRoleArn"),
        DynamoDBConfig=table and {"TableName": table["tableName"], "AwsRegion": table["awsRegion"]},
        LambdaConfig=function and {"LambdaFunctionArn": function["lambdaFunctionArn"]},
    )


def user_pools(region):
    users = client("cognito-idp", region)
    for page in users.get_paginator("list_user_pools").paginate(MaxResults=60):
        for listed in page["UserPools"]:
            said = users.describe_user_pool(UserPoolId=listed["Id"])["UserPool"]
            properties = some(
                UserPoolId=said["Id"],
                UserPoolName=said["Name"],
                DeletionProtection=said.get("DeletionProtection"),
                MfaConfiguration=said.get("MfaConfiguration"),
                EstimatedNumberOfUsers=said.get("EstimatedNumberOfUsers", 0),
                LambdaConfig=said.get("LambdaConfig"),
            )
            arn = f"arn:aws:cognito-idp:{region}:{ACCOUNT}:userpool/{said['Id']}"
            yield resource(arn, "AWS::Cognito::UserPool", region, properties, said.get("UserPoolTags"))


def identity_pools(region):
    identities = client("cognito-identity", region)
    for page in identities.get_paginator("list_identity_pools").paginate(MaxResults=60):
        for listed in page["IdentityPools"]:
            name = {"IdentityPoolId": listed["IdentityPoolId"]}
            said = identities.describe_identity_pool(**name)
            roles = identities.get_identity_pool_roles(**name)
            properties = some(
                Id=said["IdentityPoolId"],
                IdentityPoolName=said["IdentityPoolName"],
                AllowUnauthenticatedIdentities=said["AllowUnauthenticatedIdentities"],
                AllowClassicFlow=said.get("AllowClassicFlow"),
                DeveloperProviderName=said.get("DeveloperProviderName"),
                CognitoIdentityProviders=said.get("CognitoIdentityProviders", []),
                OpenIdConnectProviderARNs=said.get("OpenIdConnectProviderARNs", []),
                SamlProviderARNs=said.get("SamlProviderARNs", []),
                Roles=roles.get("Roles", {}),
                RoleMappings=roles.get("RoleMappings"),
            )
            arn = f"arn:aws:cognito-identity:{region}:{ACCOUNT}:identitypool/{said['IdentityPoolId']}"
            yield resource(arn, "AWS::Cognito::IdentityPool", region, properties, said.get("IdentityPoolTags"))


def main():
    _, snapshot = comparing.arguments()
    for service in ["lambda", "appsync", "cognito-idp", "cognito-identity"]:
        comparing.expect_read(snapshot, service)
    for kind, read, most in [
        ("AWS::Lambda::", functions, 50),
        ("AWS::AppSync::", apis, 1),
        ("AWS::Cognito::UserPool", user_pools, 60),
        ("AWS::Cognito::IdentityPool", identity_pools, 60),
    ]:
        wanted = [item for region in REGIONS for item in read(region)]
        comparing.expect(len(wanted) > most, f"only {len(wanted)} of {kind}")
        comparing.expect_resources(snapshot, (kind,), wanted)
    comparing.finish()


if __name__ == "__main__":
    main()
