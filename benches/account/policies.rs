//! The documents of generated accounts.

use super::random::Random;
use foureyes::catalog::{self, AccessLevel};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a policy names as its owner's.
pub struct Own {
    pub account: String,
    pub owner: String,
    pub team: String,
    pub table: String,
    pub function: String,
    pub bucket: String,
    pub stack: String,
    pub key: String,
}

/// AWS managed policies of people.
pub const JOBS: [&str; 8] = [
    "ReadOnlyAccess",
    "PowerUserAccess",
    "ViewOnlyAccess",
    "AdministratorAccess",
    "SecurityAudit",
    "AmazonDynamoDBFullAccess",
    "DatabaseAdministrator",
    "IAMReadOnlyAccess",
];

/// AWS managed policies of what runs.
pub const RUNTIME: [&str; 6] = [
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AmazonECSTaskExecutionRolePolicy",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
    "AWSXRayDaemonWriteAccess",
];

/// Name of the permissions boundary.
pub const BOUNDARY: &str = "boundary";

fn document(statements: impl Into<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements.into()})
}

fn allow(actions: Value, resources: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

/// The policies of the organisation, on three levels: root, unit, account.
pub fn organization() -> Value {
    let policy = |id: &str, name: &str, statements: Value| json!({"id": id, "name": name, "type": "SERVICE_CONTROL_POLICY", "document": document(statements)});
    let unit = |environment: &str, policies: Value| json!({"id": unit_of(environment), "name": environment, "parent": "r-acme", "policies": policies});
    let breakglass = json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass"}});
    json!({
        "id": "o-acme000001", "management_account": "999999999999",
        "roots": [{"id": "r-acme", "name": "Root", "policies": ["p-FullAWSAccess", "p-root"]}],
        "units": [
            unit("prod", json!(["p-FullAWSAccess", "p-keep"])),
            unit("staging", json!(["p-FullAWSAccess"])),
            unit("dev", json!(["p-FullAWSAccess"])),
        ],
        "policies": [
            policy("p-FullAWSAccess", "FullAWSAccess", json!([allow(json!("*"), json!("*"))])),
            policy("p-root", "baseline", json!([
                {"Sid": "Stay", "Effect": "Deny", "Action": ["organizations:LeaveOrganization", "account:CloseAccount"],
                 "Resource": "*"},
                {"Sid": "Regions", "Effect": "Deny", "Resource": "*",
                 "NotAction": ["iam:*", "sts:*", "s3:*", "kms:*", "cloudfront:*", "route53:*", "support:*"],
                 "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1", "us-east-1"]}}},
                {"Sid": "Trail", "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"],
                 "Resource": "*", "Condition": breakglass},
            ])),
            policy("p-keep", "keep-production", json!([
                {"Sid": "Keys", "Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*",
                 "Condition": breakglass},
                {"Sid": "Backups", "Effect": "Deny", "Action": ["backup:Delete*", "dynamodb:DeleteBackup"],
                 "Resource": "*", "Condition": breakglass},
            ])),
            policy("p-account", "no-root-keys", json!([
                {"Sid": "Keys", "Effect": "Deny", "Action": "iam:CreateAccessKey",
                 "Resource": "arn:aws:iam::*:root"},
            ])),
        ],
    })
}

/// The unit of an environment.
pub fn unit_of(environment: &str) -> String {
    format!("ou-acme-{environment}0001")
}

/// Policies that AWS keeps, about as long as its own.
pub fn aws_managed() -> Vec<Value> {
    let one = |name: &str, statements: Value| {
        json!({
            "PolicyName": name, "PolicyId": format!("ANPA{:0>17}", name.len()), "Path": "/",
            "Arn": format!("arn:aws:iam::aws:policy/{name}"), "DefaultVersionId": "v7", "AttachmentCount": 12,
            "IsAttachable": true, "CreateDate": "2015-02-06T18:39:46+00:00",
            "PolicyVersionList": [{"VersionId": "v7", "IsDefaultVersion": true, "Document": document(statements),
                                   "CreateDate": "2024-02-06T18:39:46+00:00"}],
        })
    };
    let all = |actions: Value| json!([allow(actions, json!("*"))]);
    let verbs = |limit: usize| -> Value {
        let verb = |action: catalog::Action| {
            let (service, name) = action.name().split_once(':')?;
            let end = name.find(|c: char| c.is_ascii_uppercase() && !name.starts_with(c))?;
            Some(format!("{service}:{}*", name.get(..end)?))
        };
        let reads: BTreeSet<String> = catalog::services()
            .take(limit)
            .flat_map(|service| service.actions())
            .filter(|action| matches!(action.access_level(), AccessLevel::Read | AccessLevel::List))
            .filter_map(verb)
            .collect();
        reads.into_iter().collect()
    };
    let lists = |limit: usize| -> Value {
        let of =
            |action: catalog::Action| (action.access_level() == AccessLevel::List).then(|| action.name().to_owned());
        catalog::services().take(limit).flat_map(|service| service.actions()).filter_map(of).collect()
    };
    vec![
        one("AdministratorAccess", all(json!("*"))),
        one(
            "PowerUserAccess",
            json!([
                {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
                allow(json!(["account:GetAccountInformation", "account:ListRegions", "iam:CreateServiceLinkedRole",
                             "iam:DeleteServiceLinkedRole", "iam:ListRoles", "organizations:DescribeOrganization"]), json!("*")),
            ]),
        ),
        one("ReadOnlyAccess", all(verbs(usize::MAX))),
        one("ViewOnlyAccess", all(lists(90))),
        one("SecurityAudit", all(verbs(200))),
        one(
            "AmazonDynamoDBFullAccess",
            json!([
                allow(json!(["dynamodb:*", "dax:*", "application-autoscaling:DeleteScalingPolicy",
                    "application-autoscaling:DescribeScalableTargets", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms",
                    "cloudwatch:GetMetricStatistics", "ec2:DescribeVpcs", "iam:GetRole", "iam:ListRoles", "kms:DescribeKey",
                    "sns:CreateTopic", "lambda:ListFunctions", "lambda:DeleteFunction", "kinesis:ListStreams"]), json!("*")),
                {"Effect": "Allow", "Action": "cloudwatch:GetInsightRuleReport",
                 "Resource": "arn:aws:cloudwatch:*:*:insight-rule/DynamoDBContributorInsights*"},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                 "Condition": {"StringLike": {"iam:PassedToService": ["application-autoscaling.amazonaws.com",
                                                                      "dax.amazonaws.com"]}}},
            ]),
        ),
        one(
            "DatabaseAdministrator",
            json!([
                allow(
                    json!([
                        "dynamodb:*",
                        "rds:*",
                        "redshift:*",
                        "elasticache:*",
                        "cloudwatch:PutMetricAlarm",
                        "s3:Get*",
                        "s3:List*",
                        "sns:List*",
                        "lambda:List*",
                        "logs:Describe*",
                        "datapipeline:*"
                    ]),
                    json!("*")
                ),
                allow(
                    json!("iam:PassRole"),
                    json!(["arn:aws:iam::*:role/rds-monitoring-role", "arn:aws:iam::*:role/rdbms-lambda-access"])
                ),
            ]),
        ),
        one(
            "IAMReadOnlyAccess",
            all(json!(["iam:GenerateCredentialReport", "iam:Get*", "iam:List*", "iam:Simulate*"])),
        ),
        one(
            "AWSLambdaBasicExecutionRole",
            all(json!(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])),
        ),
        one(
            "AWSLambdaVPCAccessExecutionRole",
            all(json!([
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "ec2:CreateNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DeleteNetworkInterface"
            ])),
        ),
        one(
            "AmazonECSTaskExecutionRolePolicy",
            all(json!([
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogStream",
                "logs:PutLogEvents"
            ])),
        ),
        one(
            "AmazonSSMManagedInstanceCore",
            all(json!([
                "ssm:DescribeAssociation",
                "ssm:GetDocument",
                "ssm:GetParameter",
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:OpenDataChannel",
                "ec2messages:*"
            ])),
        ),
        one(
            "CloudWatchAgentServerPolicy",
            all(json!(["cloudwatch:PutMetricData", "ec2:DescribeTags", "logs:PutLogEvents", "logs:DescribeLogGroups"])),
        ),
        one("AWSXRayDaemonWriteAccess", all(json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]))),
        one("AWSSupportServiceRolePolicy", all(lists(140))),
    ]
}

/// A reference to one of them.
pub fn attachment_of_aws(name: &str) -> Value {
    json!({"PolicyName": name, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}")})
}

/// A reference to a customer managed policy.
pub fn attachment(account: &str, name: &str) -> Value {
    json!({"PolicyName": name, "PolicyArn": format!("arn:aws:iam::{account}:policy/{name}")})
}

/// Name of the policy of a team.
pub fn shared_name(team: usize) -> String {
    format!("team-{team:03}-baseline")
}

/// The customer managed policies that teams copied from each other, and the permissions boundary.
pub fn shared(account: &str, teams: usize) -> Vec<Value> {
    let texts = [
        json!([
            allow(json!(["s3:GetObject", "s3:ListBucket"]), json!(["arn:aws:s3:::acme-shared-*"])),
            allow(json!(["ssm:GetParameter*"]), json!("arn:aws:ssm:*:*:parameter/shared/*"))
        ]),
        json!([allow(json!(["logs:*", "cloudwatch:*", "xray:*"]), json!("*")),
               {"Effect": "Deny", "Action": "logs:Delete*", "Resource": "*"}]),
        json!([allow(json!(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchGetItem"]),
                     json!("arn:aws:dynamodb:*:*:table/*")),
               {"Effect": "Deny", "Action": ["dynamodb:Delete*", "s3:DeleteBucket*"], "Resource": "*",
                "Condition": {"StringEquals": {"aws:ResourceTag/env": "prod"}}}]),
        json!([
            allow(
                json!(["lambda:Get*", "lambda:List*", "lambda:InvokeFunction", "lambda:UpdateFunctionCode"]),
                json!("arn:aws:lambda:*:*:function:*-dev-*")
            ),
            allow(json!("sts:AssumeRole"), json!("arn:aws:iam::*:role/deploy-*"))
        ]),
        json!([{"Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/24"]},
                              "Bool": {"aws:ViaAWSService": "false"}}}]),
        json!([{"Effect": "Deny", "Action": ["s3:*"], "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-acme000001"}}}]),
    ];
    let mut all: Vec<Value> = (0..teams)
        .map(|team| versions(account, &shared_name(team), vec![document(texts[team % texts.len()].clone())]))
        .collect();
    all.push(versions(
        account,
        BOUNDARY,
        vec![document(json!([
            allow(json!(["s3:*", "dynamodb:*", "lambda:*", "logs:*", "sqs:*", "sns:*", "kms:*", "cloudformation:*",
                         "iam:PassRole", "sts:AssumeRole", "ssm:*"]), json!("*")),
            {"Sid": "NoEscalation", "Effect": "Deny", "Action": ["iam:*Policy*", "iam:Create*", "iam:Delete*"],
             "Resource": "*"},
            {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"},
        ]))],
    ));
    all
}

/// A customer managed policy, some with versions that are no longer in force.
pub fn managed(account: &str, name: &str, current: Value, random: &mut Random) -> Value {
    let mut documents = vec![current];
    if random.chance(40) {
        documents.push(document(json!([allow(
            json!(["s3:*", "dynamodb:*", "sqs:*"]),
            json!([format!("arn:aws:s3:::{name}/*"), "*"])
        ),])));
    }
    versions(account, name, documents)
}

fn versions(account: &str, name: &str, documents: Vec<Value>) -> Value {
    let count = documents.len();
    let version = |(index, document): (usize, Value)| {
        json!({"VersionId": format!("v{}", count - index), "IsDefaultVersion": index == 0, "Document": document,
               "CreateDate": "2025-03-01T09:00:00+00:00"})
    };
    json!({
        "PolicyName": name, "PolicyId": format!("ANPA{:0>17}", name.len()), "Path": "/", "AttachmentCount": 1,
        "Arn": format!("arn:aws:iam::{account}:policy/{name}"), "DefaultVersionId": format!("v{count}"),
        "IsAttachable": true, "CreateDate": "2023-03-01T09:00:00+00:00",
        "PolicyVersionList": documents.into_iter().enumerate().map(version).collect::<Vec<_>>(),
    })
}

/// How a role of the kind is called.
pub fn role_suffix(kind: usize) -> &'static str {
    match kind {
        0..10 => "deploy",
        10..50 => "function",
        50..80 => "service",
        80..85 => "AWSReservedSSO",
        85..89 => "AWSServiceRoleForSupport",
        89..93 => "platform",
        93..96 => "operator",
        _ => "pipeline",
    }
}

/// Who may assume a role of the kind.
pub fn trust(kind: usize, own: &Own) -> Value {
    let account = &own.account;
    let statement = match kind {
        0..10 => json!({"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": format!("arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com")},
            "Condition": {
                "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
                "StringLike": {"token.actions.githubusercontent.com:sub": format!("repo:acme/{}:*", own.owner)}}}),
        10..50 => service_trust("lambda.amazonaws.com"),
        50..80 => json!({"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": format!("arn:aws:iam::{account}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE")},
            "Condition": {"StringEquals": {
                "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub": format!("system:serviceaccount:apps:{}", own.owner)}}}),
        80..85 => json!({"Effect": "Allow", "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
            "Principal": {"Federated": format!("arn:aws:iam::{account}:saml-provider/AWSSSO_DO_NOT_DELETE")},
            "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}),
        85..89 => service_trust("support.amazonaws.com"),
        _ => json!({"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}),
    };
    document(json!([statement]))
}

fn service_trust(service: &str) -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
}

/// What an application may do with its own.
pub fn application(own: &Own, random: &mut Random) -> Value {
    let Own { account, owner, table, function, bucket, key, .. } = own;
    let mut statements = vec![
        json!({"Sid": "Table", "Effect": "Allow",
            "Action": ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
                       "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            "Resource": [format!("arn:aws:dynamodb:eu-west-1:{account}:table/{table}"),
                         format!("arn:aws:dynamodb:eu-west-1:{account}:table/{table}/index/*")]}),
        json!({"Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": format!("arn:aws:logs:eu-west-1:{account}:log-group:/aws/lambda/{owner}:*")}),
    ];
    if random.chance(85) {
        statements.push(json!({"Sid": "Bucket", "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
            "Resource": [format!("arn:aws:s3:::{bucket}-{account}"), format!("arn:aws:s3:::{bucket}-{account}/*")]}));
    }
    if random.chance(75) {
        statements.push(json!({"Sid": "Key", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": format!("arn:aws:kms:eu-west-1:{account}:key/{key}"),
            "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"}}}));
    }
    if random.chance(75) {
        statements.push(json!({"Sid": "Secrets", "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": format!("arn:aws:secretsmanager:eu-west-1:{account}:secret:{owner}/*")}));
        statements.push(json!({"Sid": "Queue", "Effect": "Allow",
            "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": [format!("arn:aws:sqs:eu-west-1:{account}:{owner}-jobs"),
                         format!("arn:aws:sqs:eu-west-1:{account}:{owner}-jobs-dlq")]}));
    }
    if random.chance(60) {
        statements.push(json!({"Sid": "Invoke", "Effect": "Allow", "Action": "lambda:InvokeFunction",
            "Resource": format!("arn:aws:lambda:eu-west-1:{account}:function:{function}")}));
        statements.push(json!({"Sid": "Publish", "Effect": "Allow", "Action": ["sns:Publish", "events:PutEvents"],
            "Resource": [format!("arn:aws:sns:eu-west-1:{account}:{owner}-events"),
                         format!("arn:aws:events:eu-west-1:{account}:event-bus/{owner}")]}));
    }
    document(statements)
}

/// What a pipeline needs to roll out its application.
pub fn deployment(own: &Own) -> Value {
    let Own { account, owner, function, bucket, stack, .. } = own;
    document(json!([
        {"Sid": "Stacks", "Effect": "Allow",
         "Action": ["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DeleteStack",
                    "cloudformation:UpdateStack", "cloudformation:Describe*"],
         "Resource": [format!("arn:aws:cloudformation:eu-west-1:{account}:stack/{stack}/*"),
                      format!("arn:aws:cloudformation:eu-west-1:{account}:stack/{owner}-*/*")]},
        {"Sid": "Code", "Effect": "Allow", "Action": ["lambda:UpdateFunctionCode", "lambda:PublishVersion"],
         "Resource": [format!("arn:aws:lambda:eu-west-1:{account}:function:{function}"),
                      format!("arn:aws:lambda:eu-west-1:{account}:function:{owner}-*")]},
        {"Sid": "Artefacts", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
         "Resource": format!("arn:aws:s3:::{bucket}-{account}/artefacts/*")},
        {"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole",
         "Resource": format!("arn:aws:iam::{account}:role/{owner}-*"),
         "Condition": {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "cloudformation.amazonaws.com"]}}},
    ]))
}

/// What a data pipeline may do.
pub fn data(own: &Own) -> Value {
    let Own { account, team, table, .. } = own;
    document(json!([
        allow(
            json!(["s3:Get*", "s3:List*", "s3:PutObject", "s3:DeleteObject"]),
            json!(["arn:aws:s3:::*-prod-*", "arn:aws:s3:::*-staging-*/*", format!("arn:aws:s3:::acme-{team}-raw/*")])
        ),
        allow(
            json!(["dynamodb:ExportTableToPointInTime", "dynamodb:DescribeTable", "dynamodb:Scan"]),
            json!([format!("arn:aws:dynamodb:*:{account}:table/{}*", table.split('-').next().unwrap_or("x"))])
        ),
        allow(json!(["glue:*", "athena:*"]), json!("*")),
    ]))
}

/// Nearly an administrator.
pub fn all_but(own: &Own) -> Value {
    document(json!([
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*", "aws-portal:*"], "Resource": "*"},
        allow(json!(["iam:Get*", "iam:List*", "iam:PassRole"]), json!("*")),
        {"Effect": "Deny", "Action": ["dynamodb:DeleteTable", "s3:DeleteBucket", "kms:ScheduleKeyDeletion"],
         "Resource": ["arn:aws:dynamodb:*:*:table/*-prod-*", "arn:aws:s3:::*-prod-*",
                      format!("arn:aws:kms:*:{}:key/*", own.account)]},
    ]))
}

/// What an operator may do by tag.
pub fn by_tag(own: &Own) -> Value {
    document(json!([
        {"Effect": "Allow", "Action": ["dynamodb:*", "lambda:*"], "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}},
        {"Effect": "Allow", "Action": ["cloudformation:*"], "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/env": ["dev", "staging"]}}},
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::acme-home/${aws:username}/*"]},
        {"Effect": "Deny", "Action": "*", "Resource": format!("arn:aws:dynamodb:*:*:table/{}", own.table),
         "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
    ]))
}

/// The well-known policy that leaves people without MFA nothing but to set it up.
pub fn require_mfa() -> Value {
    document(json!([
        {"Sid": "Own", "Effect": "Allow",
         "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "iam:ChangePassword"],
         "Resource": ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/${aws:username}"]},
        {"Sid": "RequireMfa", "Effect": "Deny",
         "NotAction": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "sts:GetSessionToken"],
         "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
    ]))
}

/// The inline policy of a single sign-on permission set.
pub fn permission_set(kind: usize) -> Value {
    let denied = ["dynamodb:DeleteTable", "s3:DeleteBucket", "kms:ScheduleKeyDeletion", "cloudformation:DeleteStack"];
    document(json!([
        {"Effect": "Deny", "Action": denied[kind % denied.len()], "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/env": "prod"}}},
        allow(json!(["s3:Get*", "s3:List*", "lambda:InvokeFunction"]), json!("*")),
    ]))
}

/// The key policy that hands over to IAM.
pub fn of_key(account: &str) -> Value {
    document(json!([
        {"Sid": "Iam", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
         "Action": "kms:*", "Resource": "*"},
    ]))
}

/// TLS only, and another account that reads.
pub fn of_bucket(arn: &str, account: &str) -> Value {
    document(json!([
        {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, format!("{arn}/*")],
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
         "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [arn, format!("{arn}/*")]},
    ]))
}

/// A gateway that invokes.
pub fn of_function(arn: &str) -> Value {
    document(json!([
        {"Sid": "Gateway", "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": arn},
    ]))
}

/// Nobody deletes the table but from inside the company.
pub fn of_table(arn: &str, account: &str) -> Value {
    document(json!([
        {"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "dynamodb:DeleteTable", "Resource": arn,
         "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account}}},
    ]))
}
