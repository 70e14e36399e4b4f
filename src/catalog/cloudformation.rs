//! The CloudFormation type of a resource, from its ARN.

use super::resource::resource_type_of;

/// Service prefix, resource type, CloudFormation type; for the services of [`super::destruction`]. Sorted.
///
/// Where CloudFormation has no type the name follows its naming; `AWS::RDS::DBSnapshot`, `AWS::RDS::DBClusterSnapshot`
/// and `AWS::Backup::RecoveryPoint` are the names of AWS Config.
pub(super) const TYPES: &[(&str, &str, &str)] = &[
    ("access-analyzer", "Analyzer", "AWS::AccessAnalyzer::Analyzer"),
    ("acm", "certificate", "AWS::CertificateManager::Certificate"),
    ("amplify", "apps", "AWS::Amplify::App"),
    ("amplify", "backendenvironments", "AWS::Amplify::BackendEnvironment"),
    ("amplify", "branches", "AWS::Amplify::Branch"),
    ("amplify", "domains", "AWS::Amplify::Domain"),
    ("amplify", "webhooks", "AWS::Amplify::Webhook"),
    ("aoss", "Collection", "AWS::OpenSearchServerless::Collection"),
    ("apigateway", "Api", "AWS::ApiGatewayV2::Api"),
    ("apigateway", "DomainName", "AWS::ApiGateway::DomainName"),
    ("apigateway", "RestApi", "AWS::ApiGateway::RestApi"),
    ("apigateway", "Stage", "AWS::ApiGateway::Stage"),
    ("apprunner", "service", "AWS::AppRunner::Service"),
    ("appsync", "api", "AWS::AppSync::Api"),
    ("appsync", "channelNamespace", "AWS::AppSync::ChannelNamespace"),
    ("appsync", "datasource", "AWS::AppSync::DataSource"),
    ("appsync", "domain", "AWS::AppSync::DomainName"),
    ("appsync", "function", "AWS::AppSync::FunctionConfiguration"),
    ("appsync", "graphqlapi", "AWS::AppSync::GraphQLApi"),
    ("appsync", "sourceApiAssociation", "AWS::AppSync::SourceApiAssociation"),
    ("autoscaling", "autoScalingGroup", "AWS::AutoScaling::AutoScalingGroup"),
    ("backup", "backupPlan", "AWS::Backup::BackupPlan"),
    ("backup", "backupVault", "AWS::Backup::BackupVault"),
    ("backup", "framework", "AWS::Backup::Framework"),
    ("backup", "recoveryPoint", "AWS::Backup::RecoveryPoint"),
    ("backup", "reportPlan", "AWS::Backup::ReportPlan"),
    ("backup", "restoreTestingPlan", "AWS::Backup::RestoreTestingPlan"),
    ("cassandra", "keyspace", "AWS::Cassandra::Keyspace"),
    ("cassandra", "table", "AWS::Cassandra::Table"),
    ("cloudformation", "stack", "AWS::CloudFormation::Stack"),
    ("cloudformation", "stackset", "AWS::CloudFormation::StackSet"),
    ("cloudfront", "distribution", "AWS::CloudFront::Distribution"),
    ("cloudfront", "function", "AWS::CloudFront::Function"),
    ("cloudfront", "key-value-store", "AWS::CloudFront::KeyValueStore"),
    ("cloudtrail", "channel", "AWS::CloudTrail::Channel"),
    ("cloudtrail", "dashboard", "AWS::CloudTrail::Dashboard"),
    ("cloudtrail", "eventdatastore", "AWS::CloudTrail::EventDataStore"),
    ("cloudtrail", "trail", "AWS::CloudTrail::Trail"),
    ("cloudwatch", "alarm", "AWS::CloudWatch::Alarm"),
    ("cloudwatch", "dashboard", "AWS::CloudWatch::Dashboard"),
    ("cloudwatch", "metric-stream", "AWS::CloudWatch::MetricStream"),
    ("codebuild", "fleet", "AWS::CodeBuild::Fleet"),
    ("codebuild", "project", "AWS::CodeBuild::Project"),
    ("codebuild", "report-group", "AWS::CodeBuild::ReportGroup"),
    ("codecommit", "repository", "AWS::CodeCommit::Repository"),
    ("codepipeline", "actiontype", "AWS::CodePipeline::CustomActionType"),
    ("codepipeline", "pipeline", "AWS::CodePipeline::Pipeline"),
    ("codepipeline", "webhook", "AWS::CodePipeline::Webhook"),
    ("cognito-identity", "identitypool", "AWS::Cognito::IdentityPool"),
    ("cognito-idp", "userpool", "AWS::Cognito::UserPool"),
    ("config", "ConfigRule", "AWS::Config::ConfigRule"),
    ("config", "ConfigurationRecorder", "AWS::Config::ConfigurationRecorder"),
    ("config", "ConformancePack", "AWS::Config::ConformancePack"),
    ("dlm", "policy", "AWS::DLM::LifecyclePolicy"),
    ("docdb-elastic", "cluster", "AWS::DocDBElastic::Cluster"),
    ("dsql", "Cluster", "AWS::DSQL::Cluster"),
    ("dynamodb", "backup", "AWS::DynamoDB::Backup"),
    ("dynamodb", "table", "AWS::DynamoDB::Table"),
    ("ec2", "elastic-ip", "AWS::EC2::EIP"),
    ("ec2", "image", "AWS::EC2::Image"),
    ("ec2", "instance", "AWS::EC2::Instance"),
    ("ec2", "internet-gateway", "AWS::EC2::InternetGateway"),
    ("ec2", "launch-template", "AWS::EC2::LaunchTemplate"),
    ("ec2", "natgateway", "AWS::EC2::NatGateway"),
    ("ec2", "network-acl", "AWS::EC2::NetworkAcl"),
    ("ec2", "route-table", "AWS::EC2::RouteTable"),
    ("ec2", "security-group", "AWS::EC2::SecurityGroup"),
    ("ec2", "snapshot", "AWS::EC2::Snapshot"),
    ("ec2", "subnet", "AWS::EC2::Subnet"),
    ("ec2", "volume", "AWS::EC2::Volume"),
    ("ec2", "vpc", "AWS::EC2::VPC"),
    ("ec2", "vpc-endpoint", "AWS::EC2::VPCEndpoint"),
    ("ec2", "vpc-flow-log", "AWS::EC2::FlowLog"),
    ("ec2", "vpc-peering-connection", "AWS::EC2::VPCPeeringConnection"),
    ("ecr", "repository", "AWS::ECR::Repository"),
    ("ecs", "capacity-provider", "AWS::ECS::CapacityProvider"),
    ("ecs", "cluster", "AWS::ECS::Cluster"),
    ("ecs", "service", "AWS::ECS::Service"),
    ("ecs", "task-definition", "AWS::ECS::TaskDefinition"),
    ("ecs", "task-set", "AWS::ECS::TaskSet"),
    ("eks", "cluster", "AWS::EKS::Cluster"),
    ("eks", "nodegroup", "AWS::EKS::Nodegroup"),
    ("elasticache", "cluster", "AWS::ElastiCache::CacheCluster"),
    ("elasticache", "globalreplicationgroup", "AWS::ElastiCache::GlobalReplicationGroup"),
    ("elasticache", "replicationgroup", "AWS::ElastiCache::ReplicationGroup"),
    ("elasticache", "serverlesscache", "AWS::ElastiCache::ServerlessCache"),
    ("elasticbeanstalk", "application", "AWS::ElasticBeanstalk::Application"),
    ("elasticbeanstalk", "applicationversion", "AWS::ElasticBeanstalk::ApplicationVersion"),
    ("elasticbeanstalk", "environment", "AWS::ElasticBeanstalk::Environment"),
    ("elasticfilesystem", "access-point", "AWS::EFS::AccessPoint"),
    ("elasticfilesystem", "file-system", "AWS::EFS::FileSystem"),
    ("elasticloadbalancing", "listener-rule/app", "AWS::ElasticLoadBalancingV2::ListenerRule"),
    ("elasticloadbalancing", "listener-rule/net", "AWS::ElasticLoadBalancingV2::ListenerRule"),
    ("elasticloadbalancing", "listener/app", "AWS::ElasticLoadBalancingV2::Listener"),
    ("elasticloadbalancing", "listener/net", "AWS::ElasticLoadBalancingV2::Listener"),
    ("elasticloadbalancing", "loadbalancer/app/", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing", "loadbalancer/net/", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing", "targetgroup", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    ("es", "domain", "AWS::OpenSearchService::Domain"),
    ("events", "api-destination", "AWS::Events::ApiDestination"),
    ("events", "archive", "AWS::Events::Archive"),
    ("events", "connection", "AWS::Events::Connection"),
    ("events", "endpoint", "AWS::Events::Endpoint"),
    ("events", "event-bus", "AWS::Events::EventBus"),
    ("events", "rule-on-custom-event-bus", "AWS::Events::Rule"),
    ("events", "rule-on-default-event-bus", "AWS::Events::Rule"),
    ("firehose", "deliverystream", "AWS::KinesisFirehose::DeliveryStream"),
    ("fsx", "backup", "AWS::FSx::Backup"),
    ("fsx", "file-system", "AWS::FSx::FileSystem"),
    ("fsx", "volume", "AWS::FSx::Volume"),
    ("guardduty", "detector", "AWS::GuardDuty::Detector"),
    ("iam", "group", "AWS::IAM::Group"),
    ("iam", "instance-profile", "AWS::IAM::InstanceProfile"),
    ("iam", "oidc-provider", "AWS::IAM::OIDCProvider"),
    ("iam", "policy", "AWS::IAM::ManagedPolicy"),
    ("iam", "role", "AWS::IAM::Role"),
    ("iam", "saml-provider", "AWS::IAM::SAMLProvider"),
    ("iam", "server-certificate", "AWS::IAM::ServerCertificate"),
    ("iam", "user", "AWS::IAM::User"),
    ("kafka", "cluster", "AWS::MSK::Cluster"),
    ("kinesis", "stream", "AWS::Kinesis::Stream"),
    ("kms", "alias", "AWS::KMS::Alias"),
    ("kms", "key", "AWS::KMS::Key"),
    ("lambda", "code signing config", "AWS::Lambda::CodeSigningConfig"),
    ("lambda", "eventSourceMapping", "AWS::Lambda::EventSourceMapping"),
    ("lambda", "function", "AWS::Lambda::Function"),
    ("lambda", "function alias", "AWS::Lambda::Alias"),
    ("lambda", "function version", "AWS::Lambda::Version"),
    ("lambda", "layerVersion", "AWS::Lambda::LayerVersion"),
    ("lightsail", "Disk", "AWS::Lightsail::Disk"),
    ("lightsail", "Instance", "AWS::Lightsail::Instance"),
    ("lightsail", "RelationalDatabase", "AWS::Lightsail::Database"),
    ("logs", "anomaly-detector", "AWS::Logs::LogAnomalyDetector"),
    ("logs", "delivery", "AWS::Logs::Delivery"),
    ("logs", "delivery-destination", "AWS::Logs::DeliveryDestination"),
    ("logs", "delivery-source", "AWS::Logs::DeliverySource"),
    ("logs", "destination", "AWS::Logs::Destination"),
    ("logs", "log-group", "AWS::Logs::LogGroup"),
    ("logs", "log-stream", "AWS::Logs::LogStream"),
    ("memorydb", "cluster", "AWS::MemoryDB::Cluster"),
    ("mq", "brokers", "AWS::AmazonMQ::Broker"),
    ("neptune-graph", "graph", "AWS::NeptuneGraph::Graph"),
    ("organizations", "account", "AWS::Organizations::Account"),
    ("organizations", "organization", "AWS::Organizations::Organization"),
    ("organizations", "organizationalunit", "AWS::Organizations::OrganizationalUnit"),
    ("organizations", "policy", "AWS::Organizations::Policy"),
    ("organizations", "resourcepolicy", "AWS::Organizations::ResourcePolicy"),
    ("rbin", "rule", "AWS::Rbin::Rule"),
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
    ("redshift", "cluster", "AWS::Redshift::Cluster"),
    ("redshift-serverless", "namespace", "AWS::RedshiftServerless::Namespace"),
    ("redshift-serverless", "workgroup", "AWS::RedshiftServerless::Workgroup"),
    ("route53", "cidrcollection", "AWS::Route53::CidrCollection"),
    ("route53", "healthcheck", "AWS::Route53::HealthCheck"),
    ("route53", "hostedzone", "AWS::Route53::HostedZone"),
    ("s3", "accesspoint", "AWS::S3::AccessPoint"),
    ("s3", "bucket", "AWS::S3::Bucket"),
    ("s3", "multiregionaccesspoint", "AWS::S3::MultiRegionAccessPoint"),
    ("s3", "storagelensconfiguration", "AWS::S3::StorageLens"),
    ("s3", "storagelensgroup", "AWS::S3::StorageLensGroup"),
    ("s3tables", "Table", "AWS::S3Tables::Table"),
    ("s3tables", "TableBucket", "AWS::S3Tables::TableBucket"),
    ("scheduler", "schedule", "AWS::Scheduler::Schedule"),
    ("scheduler", "schedule-group", "AWS::Scheduler::ScheduleGroup"),
    ("secretsmanager", "Secret", "AWS::SecretsManager::Secret"),
    ("sns", "topic", "AWS::SNS::Topic"),
    ("sqs", "queue", "AWS::SQS::Queue"),
    ("ssm", "document", "AWS::SSM::Document"),
    ("ssm", "parameter", "AWS::SSM::Parameter"),
    ("states", "statemachine", "AWS::StepFunctions::StateMachine"),
    ("timestream", "database", "AWS::Timestream::Database"),
    ("timestream", "table", "AWS::Timestream::Table"),
    ("wafv2", "webacl", "AWS::WAFv2::WebACL"),
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

/// The type under which destructive actions, guards and the like are told of a type: databases of Amazon DocumentDB and
/// Neptune have types of their own, and the API of RDS.
///
/// Sources: <https://docs.aws.amazon.com/documentdb/latest/developerguide/API_DeleteDBCluster.html>,
/// <https://docs.aws.amazon.com/neptune/latest/apiref/API_DeleteDBCluster.html>
pub fn told_as(cloudformation_type: &str) -> &str {
    match cloudformation_type {
        "AWS::DocDB::DBCluster" | "AWS::Neptune::DBCluster" => "AWS::RDS::DBCluster",
        "AWS::DocDB::DBClusterSnapshot" | "AWS::Neptune::DBClusterSnapshot" => "AWS::RDS::DBClusterSnapshot",
        "AWS::DocDB::DBInstance" | "AWS::Neptune::DBInstance" => "AWS::RDS::DBInstance",
        other => other,
    }
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
            "arn:aws:ec2:eu-west-1:111122223333:dedicated-host/h-0",
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
