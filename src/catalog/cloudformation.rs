//! The CloudFormation type of a resource, from its ARN.

use super::resource::resource_type_of;

/// Service prefix, resource type, CloudFormation type; for the services of [`super::destruction`]. Sorted.
///
/// Where CloudFormation has no type the name follows its naming; `AWS::RDS::DBSnapshot`, `AWS::RDS::DBClusterSnapshot`
/// and `AWS::Backup::RecoveryPoint` are the names of AWS Config.
pub(super) const TYPES: &[(&str, &str, &str)] = &[
    ("amplify", "apps", "AWS::Amplify::App"),
    ("amplify", "backendenvironments", "AWS::Amplify::BackendEnvironment"),
    ("amplify", "branches", "AWS::Amplify::Branch"),
    ("amplify", "domains", "AWS::Amplify::Domain"),
    ("amplify", "webhooks", "AWS::Amplify::Webhook"),
    // `api` shares the template of `graphqlapi`, so that no ARN is known to be one; its type is.
    ("appsync", "api", "AWS::AppSync::Api"),
    ("appsync", "channelNamespace", "AWS::AppSync::ChannelNamespace"),
    ("appsync", "datasource", "AWS::AppSync::DataSource"),
    ("appsync", "domain", "AWS::AppSync::DomainName"),
    ("appsync", "function", "AWS::AppSync::FunctionConfiguration"),
    ("appsync", "graphqlapi", "AWS::AppSync::GraphQLApi"),
    ("appsync", "sourceApiAssociation", "AWS::AppSync::SourceApiAssociation"),
    ("backup", "backupPlan", "AWS::Backup::BackupPlan"),
    ("backup", "backupVault", "AWS::Backup::BackupVault"),
    ("backup", "framework", "AWS::Backup::Framework"),
    ("backup", "recoveryPoint", "AWS::Backup::RecoveryPoint"),
    ("backup", "reportPlan", "AWS::Backup::ReportPlan"),
    ("backup", "restoreTestingPlan", "AWS::Backup::RestoreTestingPlan"),
    ("cloudformation", "stack", "AWS::CloudFormation::Stack"),
    ("cloudformation", "stackset", "AWS::CloudFormation::StackSet"),
    ("cloudtrail", "channel", "AWS::CloudTrail::Channel"),
    ("cloudtrail", "dashboard", "AWS::CloudTrail::Dashboard"),
    ("cloudtrail", "eventdatastore", "AWS::CloudTrail::EventDataStore"),
    ("cloudtrail", "trail", "AWS::CloudTrail::Trail"),
    ("codebuild", "fleet", "AWS::CodeBuild::Fleet"),
    ("codebuild", "project", "AWS::CodeBuild::Project"),
    ("codebuild", "report-group", "AWS::CodeBuild::ReportGroup"),
    ("codepipeline", "actiontype", "AWS::CodePipeline::CustomActionType"),
    ("codepipeline", "pipeline", "AWS::CodePipeline::Pipeline"),
    ("codepipeline", "webhook", "AWS::CodePipeline::Webhook"),
    ("cognito-identity", "identitypool", "AWS::Cognito::IdentityPool"),
    ("cognito-idp", "userpool", "AWS::Cognito::UserPool"),
    ("dynamodb", "backup", "AWS::DynamoDB::Backup"),
    ("dynamodb", "table", "AWS::DynamoDB::Table"),
    ("ecr", "repository", "AWS::ECR::Repository"),
    ("ecs", "capacity-provider", "AWS::ECS::CapacityProvider"),
    ("ecs", "cluster", "AWS::ECS::Cluster"),
    ("ecs", "service", "AWS::ECS::Service"),
    ("ecs", "task-definition", "AWS::ECS::TaskDefinition"),
    ("ecs", "task-set", "AWS::ECS::TaskSet"),
    ("events", "api-destination", "AWS::Events::ApiDestination"),
    ("events", "archive", "AWS::Events::Archive"),
    ("events", "connection", "AWS::Events::Connection"),
    ("events", "endpoint", "AWS::Events::Endpoint"),
    ("events", "event-bus", "AWS::Events::EventBus"),
    ("events", "rule-on-custom-event-bus", "AWS::Events::Rule"),
    ("events", "rule-on-default-event-bus", "AWS::Events::Rule"),
    ("kms", "alias", "AWS::KMS::Alias"),
    ("kms", "key", "AWS::KMS::Key"),
    ("lambda", "code signing config", "AWS::Lambda::CodeSigningConfig"),
    ("lambda", "eventSourceMapping", "AWS::Lambda::EventSourceMapping"),
    ("lambda", "function", "AWS::Lambda::Function"),
    ("lambda", "function alias", "AWS::Lambda::Alias"),
    ("lambda", "function version", "AWS::Lambda::Version"),
    ("lambda", "layerVersion", "AWS::Lambda::LayerVersion"),
    ("logs", "anomaly-detector", "AWS::Logs::LogAnomalyDetector"),
    ("logs", "delivery", "AWS::Logs::Delivery"),
    ("logs", "delivery-destination", "AWS::Logs::DeliveryDestination"),
    ("logs", "delivery-source", "AWS::Logs::DeliverySource"),
    ("logs", "destination", "AWS::Logs::Destination"),
    ("logs", "log-group", "AWS::Logs::LogGroup"),
    ("logs", "log-stream", "AWS::Logs::LogStream"),
    ("organizations", "account", "AWS::Organizations::Account"),
    ("organizations", "organization", "AWS::Organizations::Organization"),
    ("organizations", "organizationalunit", "AWS::Organizations::OrganizationalUnit"),
    ("organizations", "policy", "AWS::Organizations::Policy"),
    ("organizations", "resourcepolicy", "AWS::Organizations::ResourcePolicy"),
    ("rds", "auto-backup", "AWS::RDS::DBInstanceAutomatedBackup"),
    ("rds", "cev", "AWS::RDS::CustomDBEngineVersion"),
    ("rds", "cluster", "AWS::RDS::DBCluster"),
    ("rds", "cluster-auto-backup", "AWS::RDS::DBClusterAutomatedBackup"),
    ("rds", "cluster-pg", "AWS::RDS::DBClusterParameterGroup"),
    ("rds", "cluster-snapshot", "AWS::RDS::DBClusterSnapshot"),
    ("rds", "db", "AWS::RDS::DBInstance"),
    ("rds", "es", "AWS::RDS::EventSubscription"),
    ("rds", "global-cluster", "AWS::RDS::GlobalCluster"),
    ("rds", "integration", "AWS::RDS::Integration"),
    ("rds", "og", "AWS::RDS::OptionGroup"),
    ("rds", "pg", "AWS::RDS::DBParameterGroup"),
    ("rds", "proxy", "AWS::RDS::DBProxy"),
    ("rds", "proxy-endpoint", "AWS::RDS::DBProxyEndpoint"),
    ("rds", "shardgrp", "AWS::RDS::DBShardGroup"),
    ("rds", "snapshot", "AWS::RDS::DBSnapshot"),
    ("rds", "subgrp", "AWS::RDS::DBSubnetGroup"),
    ("rds", "target-group", "AWS::RDS::DBProxyTargetGroup"),
    ("route53", "cidrcollection", "AWS::Route53::CidrCollection"),
    ("route53", "healthcheck", "AWS::Route53::HealthCheck"),
    ("route53", "hostedzone", "AWS::Route53::HostedZone"),
    ("s3", "accesspoint", "AWS::S3::AccessPoint"),
    ("s3", "bucket", "AWS::S3::Bucket"),
    ("s3", "multiregionaccesspoint", "AWS::S3::MultiRegionAccessPoint"),
    ("s3", "storagelensconfiguration", "AWS::S3::StorageLens"),
    ("s3", "storagelensgroup", "AWS::S3::StorageLensGroup"),
    ("secretsmanager", "Secret", "AWS::SecretsManager::Secret"),
    ("sns", "topic", "AWS::SNS::Topic"),
    ("sqs", "queue", "AWS::SQS::Queue"),
];

/// The CloudFormation type of the resource with this ARN: `AWS::DynamoDB::Table`. `None` for a service that is not
/// covered, and for what has no type of its own (an S3 object).
///
/// Databases of Amazon DocumentDB and Neptune go by ARNs of RDS and come out as such.
pub fn cloudformation_type(arn: &str) -> Option<&'static str> {
    let (service, kind) = resource_type_of(arn)?;
    let at = TYPES.binary_search_by(|(ours, name, _)| (*ours, *name).cmp(&(service, kind))).ok()?;
    TYPES.get(at).map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_and_their_resource_types_exist() {
        assert!(TYPES.is_sorted());
        for (prefix, kind, name) in TYPES {
            let service = crate::catalog::service(prefix).unwrap();
            assert!(service.resource_type(kind).is_some_and(|known| known.name() == *kind), "{prefix} {kind}");
            assert!(name.starts_with("AWS::") && name.split("::").count() == 3, "{name}");
        }
    }

    #[test]
    fn reads_arns() {
        let cases = [
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "AWS::DynamoDB::Table"),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/orders/backup/01", "AWS::DynamoDB::Backup"),
            ("arn:aws:s3:::site", "AWS::S3::Bucket"),
            ("arn:aws-cn:s3:cn-north-1:111122223333:accesspoint/ap", "AWS::S3::AccessPoint"),
            ("arn:aws:s3::111122223333:accesspoint/abc.mrap", "AWS::S3::MultiRegionAccessPoint"),
            ("arn:aws:amplify:eu-west-1:111122223333:apps/d1", "AWS::Amplify::App"),
            ("arn:aws:amplify:eu-west-1:111122223333:apps/d1/branches/feature/x", "AWS::Amplify::Branch"),
            (
                "arn:aws:amplify:eu-west-1:111122223333:apps/d1/backendenvironments/prod",
                "AWS::Amplify::BackendEnvironment",
            ),
            ("arn:aws:appsync:eu-west-1:111122223333:apis/abc", "AWS::AppSync::GraphQLApi"),
            ("arn:aws:lambda:eu-west-1:111122223333:function:f", "AWS::Lambda::Function"),
            ("arn:aws:lambda:eu-west-1:111122223333:function:f:7", "AWS::Lambda::Version"),
            ("arn:aws:lambda:eu-west-1:111122223333:function:f:live", "AWS::Lambda::Alias"),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", "AWS::Logs::LogGroup"),
            ("arn:aws:rds:eu-west-1:111122223333:snapshot:rds:db-2026-11-22", "AWS::RDS::DBSnapshot"),
            ("arn:aws:backup:eu-west-1:111122223333:recovery-point:1e", "AWS::Backup::RecoveryPoint"),
            ("arn:aws:backup:eu-west-1:111122223333:backup-vault:v", "AWS::Backup::BackupVault"),
            ("arn:aws:codepipeline:eu-west-1:111122223333:shop", "AWS::CodePipeline::Pipeline"),
            ("arn:aws:events:eu-west-1:111122223333:rule/bus/nightly", "AWS::Events::Rule"),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf", "AWS::SecretsManager::Secret"),
        ];
        for (arn, expected) in cases {
            assert_eq!(cloudformation_type(arn), Some(expected), "{arn}");
        }
        let none = [
            "arn:aws:s3:::site/index.html",
            "arn:aws:codepipeline:eu-west-1:111122223333:shop/Deploy",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0",
            "arn:aws:nowhere:::x",
            "arn:aws:dynamodb:eu-west-1:111122223333:",
            "arn:::::",
            "*",
            "",
        ];
        for arn in none {
            assert_eq!(cloudformation_type(arn), None, "{arn}");
        }
    }
}
