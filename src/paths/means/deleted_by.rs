//! The action by which CloudFormation deletes a resource of a type.
//!
//! Source: the delete handlers of the types in
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

use crate::catalog::destruction::{self, Class};
use crate::catalog::told_as;

/// Type and action, by type.
const DELETED_BY: &[(&str, &str)] = &[
    ("AWS::Amplify::App", "amplify:DeleteApp"),
    ("AWS::Amplify::Branch", "amplify:DeleteBranch"),
    ("AWS::Amplify::Domain", "amplify:DeleteDomainAssociation"),
    ("AWS::ApiGateway::RestApi", "apigateway:DELETE"),
    ("AWS::ApiGatewayV2::Api", "apigateway:DELETE"),
    ("AWS::AppRunner::Service", "apprunner:DeleteService"),
    ("AWS::AppSync::GraphQLApi", "appsync:DeleteGraphqlApi"),
    ("AWS::AutoScaling::AutoScalingGroup", "autoscaling:DeleteAutoScalingGroup"),
    ("AWS::Backup::BackupPlan", "backup:DeleteBackupPlan"),
    ("AWS::Backup::BackupVault", "backup:DeleteBackupVault"),
    ("AWS::CloudFront::Distribution", "cloudfront:DeleteDistribution"),
    ("AWS::CloudTrail::Trail", "cloudtrail:DeleteTrail"),
    ("AWS::CloudWatch::Alarm", "cloudwatch:DeleteAlarms"),
    ("AWS::CodeBuild::Project", "codebuild:DeleteProject"),
    ("AWS::CodePipeline::Pipeline", "codepipeline:DeletePipeline"),
    ("AWS::Cognito::IdentityPool", "cognito-identity:DeleteIdentityPool"),
    ("AWS::Cognito::UserPool", "cognito-idp:DeleteUserPool"),
    ("AWS::DSQL::Cluster", "dsql:DeleteCluster"),
    ("AWS::DynamoDB::Table", "dynamodb:DeleteTable"),
    ("AWS::EC2::Instance", "ec2:TerminateInstances"),
    ("AWS::EC2::VPC", "ec2:DeleteVpc"),
    ("AWS::EC2::Volume", "ec2:DeleteVolume"),
    ("AWS::ECR::Repository", "ecr:DeleteRepository"),
    ("AWS::ECS::Cluster", "ecs:DeleteCluster"),
    ("AWS::ECS::Service", "ecs:DeleteService"),
    ("AWS::EFS::FileSystem", "elasticfilesystem:DeleteFileSystem"),
    ("AWS::EKS::Cluster", "eks:DeleteCluster"),
    ("AWS::ElastiCache::ReplicationGroup", "elasticache:DeleteReplicationGroup"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing:DeleteLoadBalancer"),
    ("AWS::Events::Rule", "events:DeleteRule"),
    ("AWS::KMS::Key", "kms:ScheduleKeyDeletion"),
    ("AWS::Kinesis::Stream", "kinesis:DeleteStream"),
    ("AWS::Lambda::Function", "lambda:DeleteFunction"),
    ("AWS::Logs::LogGroup", "logs:DeleteLogGroup"),
    ("AWS::OpenSearchService::Domain", "es:DeleteDomain"),
    ("AWS::RDS::DBCluster", "rds:DeleteDBCluster"),
    ("AWS::RDS::DBInstance", "rds:DeleteDBInstance"),
    ("AWS::Route53::HostedZone", "route53:DeleteHostedZone"),
    ("AWS::S3::Bucket", "s3:DeleteBucket"),
    ("AWS::SNS::Topic", "sns:DeleteTopic"),
    ("AWS::SQS::Queue", "sqs:DeleteQueue"),
    ("AWS::SecretsManager::Secret", "secretsmanager:DeleteSecret"),
    ("AWS::StepFunctions::StateMachine", "states:DeleteStateMachine"),
];

/// The action by which CloudFormation deletes a resource of this type, and the kind of loss; `None` for types that are
/// not followed.
pub(super) fn deleted_by(kind: &str) -> Option<(&'static str, Class)> {
    let (_, action) = DELETED_BY.iter().find(|(known, _)| *known == told_as(kind))?;
    let class = destruction::find(action).map_or(Class::Environment, destruction::Destructive::class);
    Some((action, class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_destroys_resources_of_the_type() {
        assert!(DELETED_BY.is_sorted_by_key(|(kind, _)| *kind));
        for (kind, action) in DELETED_BY {
            let known = destruction::find(action).unwrap_or_else(|| panic!("{action}"));
            assert!(known.applies_to().contains(kind), "{action} on {kind}");
        }
    }
}
