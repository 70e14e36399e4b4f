//! Which call tells that a resource is there at all: where it was refused, resources of the type may exist unseen.

/// CloudFormation type, service and operations, by type: what lists it, and what lists that within which it is listed.
const LISTINGS: &[(&str, &str, &[&str])] = &[
    ("AWS::Amplify::App", "amplify", &["ListApps"]),
    ("AWS::Amplify::BackendEnvironment", "amplify", &["ListBackendEnvironments", "ListApps"]),
    ("AWS::Amplify::Branch", "amplify", &["ListBranches", "ListApps"]),
    ("AWS::Amplify::Domain", "amplify", &["ListDomainAssociations", "ListApps"]),
    ("AWS::Amplify::Webhook", "amplify", &["ListWebhooks", "ListApps"]),
    ("AWS::AppSync::GraphQLApi", "appsync", &["ListGraphqlApis"]),
    ("AWS::Backup::BackupPlan", "backup", &["ListBackupPlans"]),
    ("AWS::Backup::BackupVault", "backup", &["ListBackupVaults"]),
    ("AWS::Backup::RecoveryPoint", "backup", &["ListRecoveryPointsByBackupVault", "ListBackupVaults"]),
    ("AWS::CloudFormation::Stack", "cloudformation", &["DescribeStacks"]),
    ("AWS::CloudTrail::Trail", "cloudtrail", &["DescribeTrails"]),
    ("AWS::CloudWatch::Alarm", "cloudwatch", &["DescribeAlarms"]),
    ("AWS::CloudWatch::CompositeAlarm", "cloudwatch", &["DescribeAlarms"]),
    ("AWS::CodeBuild::Project", "codebuild", &["ListProjects"]),
    ("AWS::CodePipeline::Pipeline", "codepipeline", &["ListPipelines"]),
    ("AWS::Cognito::IdentityPool", "cognito-identity", &["ListIdentityPools"]),
    ("AWS::Cognito::UserPool", "cognito-idp", &["ListUserPools"]),
    ("AWS::DocDB::DBCluster", "rds", &["DescribeDBClusters"]),
    ("AWS::DynamoDB::Table", "dynamodb", &["ListTables"]),
    ("AWS::ECS::Cluster", "ecs", &["ListClusters"]),
    ("AWS::ECS::Service", "ecs", &["ListServices", "ListClusters"]),
    ("AWS::Events::EventBus", "events", &["ListEventBuses"]),
    ("AWS::Events::Rule", "events", &["ListRules", "ListEventBuses"]),
    ("AWS::IAM::User", "iam", &["ListUsers"]),
    ("AWS::KMS::Key", "kms", &["ListKeys"]),
    ("AWS::Lambda::Function", "lambda", &["ListFunctions"]),
    ("AWS::Logs::LogGroup", "logs", &["DescribeLogGroups"]),
    ("AWS::Neptune::DBCluster", "rds", &["DescribeDBClusters"]),
    ("AWS::RDS::DBCluster", "rds", &["DescribeDBClusters"]),
    ("AWS::RDS::DBInstance", "rds", &["DescribeDBInstances"]),
    ("AWS::RDS::GlobalCluster", "rds", &["DescribeGlobalClusters"]),
    ("AWS::Route53::HealthCheck", "route53", &["ListHealthChecks"]),
    ("AWS::Route53::HostedZone", "route53", &["ListHostedZones"]),
    ("AWS::S3::Bucket", "s3", &["ListBuckets"]),
    ("AWS::SNS::Topic", "sns", &["ListTopics"]),
    ("AWS::SQS::Queue", "sqs", &["ListQueues"]),
    ("AWS::SecretsManager::Secret", "secretsmanager", &["ListSecrets"]),
];

/// Service and operations that list resources of a CloudFormation type: all must be read to know of each; `None`: none is
/// known.
pub fn listing(cloudformation: &str) -> Option<(&'static str, &'static [&'static str])> {
    let at = LISTINGS.binary_search_by(|(kind, _, _)| (*kind).cmp(cloudformation)).ok()?;
    LISTINGS.get(at).map(|(_, service, operations)| (*service, *operations))
}

/// Service and operation of all of them, for whoever asks about everything that could be lost: each once for each type.
pub fn listings<'c>() -> impl Iterator<Item = (&'c str, &'c str)> {
    LISTINGS.iter().flat_map(|(_, service, operations)| operations.iter().map(move |operation| (*service, *operation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found() {
        assert!(LISTINGS.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(listing("AWS::S3::Bucket"), Some(("s3", &["ListBuckets"][..])));
        assert_eq!(listing("AWS::S3::AccessPoint"), None);
        // Each is an action that reads, where IAM spells it as the API does.
        for (service, operation) in listings() {
            let spelt = match (service, operation) {
                ("amplify", "ListWebhooks") => "ListWebHooks",
                ("s3", "ListBuckets") => "ListAllMyBuckets",
                (_, operation) => operation,
            };
            assert!(crate::catalog::action(&format!("{service}:{spelt}")).is_some(), "{service}:{operation}");
        }
    }
}
