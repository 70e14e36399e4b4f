//! Actions that change what runs, and the approval that can stand before them.

/// Actions that change what a running system executes, serves or is built from, by name. Not among them: actions that
/// only hand out permissions (`iam:PassRole`, `sts:AssumeRole`), which lead to these, and the approvals themselves.
pub const ACTIONS: &[&str] = &[
    "amplify:CreateBranch",
    "amplify:CreateDeployment",
    "amplify:CreateWebHook",
    "amplify:StartDeployment",
    "amplify:StartJob",
    "amplify:UpdateApp",
    "amplify:UpdateBranch",
    "amplify:UpdateDomainAssociation",
    "amplify:UpdateWebHook",
    "amplifybackend:CreateBackend",
    "amplifybackend:UpdateBackendAPI",
    "amplifybackend:UpdateBackendAuth",
    "amplifybackend:UpdateBackendConfig",
    "amplifybackend:UpdateBackendStorage",
    "apigateway:PATCH",
    "apigateway:POST",
    "apigateway:PUT",
    "appconfig:CreateHostedConfigurationVersion",
    "appconfig:StartDeployment",
    "apprunner:CreateService",
    "apprunner:StartDeployment",
    "apprunner:UpdateService",
    "appsync:CreateResolver",
    "appsync:StartSchemaCreation",
    "appsync:UpdateFunction",
    "appsync:UpdateGraphqlApi",
    "appsync:UpdateResolver",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:StartInstanceRefresh",
    "autoscaling:UpdateAutoScalingGroup",
    "bedrock-agentcore:UpdateAgentRuntime",
    "bedrock-agentcore:UpdateAgentRuntimeEndpoint",
    "bedrock:UpdateAgent",
    "bedrock:UpdateAgentAlias",
    "bedrock:UpdateFlowAlias",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateResource",
    "cloudformation:CreateStack",
    "cloudformation:CreateStackInstances",
    "cloudformation:DeleteResource",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:ExecuteStackRefactor",
    "cloudformation:ImportStacksToStackSet",
    "cloudformation:RollbackStack",
    "cloudformation:UpdateResource",
    "cloudformation:UpdateStack",
    "cloudformation:UpdateStackInstances",
    "cloudformation:UpdateStackSet",
    "cloudfront-keyvaluestore:DeleteKey",
    "cloudfront-keyvaluestore:PutKey",
    "cloudfront-keyvaluestore:UpdateKeys",
    "cloudfront:CreateInvalidation",
    "cloudfront:PublishFunction",
    "cloudfront:UpdateDistribution",
    "cloudfront:UpdateDistributionWithStagingConfig",
    "cloudfront:UpdateFunction",
    "cloudfront:UpdateKeyValueStore",
    "codebuild:CreateWebhook",
    "codebuild:RetryBuild",
    "codebuild:StartBuild",
    "codebuild:StartBuildBatch",
    "codebuild:StartSandbox",
    "codebuild:UpdateProject",
    "codebuild:UpdateWebhook",
    "codecommit:CreateCommit",
    "codecommit:GitPush",
    "codecommit:MergeBranchesByFastForward",
    "codecommit:MergeBranchesBySquash",
    "codecommit:MergeBranchesByThreeWay",
    "codecommit:MergePullRequestByFastForward",
    "codecommit:MergePullRequestBySquash",
    "codecommit:MergePullRequestByThreeWay",
    "codecommit:PutFile",
    "codedeploy:ContinueDeployment",
    "codedeploy:CreateCloudFormationDeployment",
    "codedeploy:CreateDeployment",
    "codedeploy:PutLifecycleEventHookExecutionStatus",
    "codedeploy:UpdateDeploymentGroup",
    "codepipeline:CreatePipeline",
    "codepipeline:EnableStageTransition",
    "codepipeline:OverrideStageCondition",
    "codepipeline:PutActionRevision",
    "codepipeline:PutJobSuccessResult",
    "codepipeline:PutWebhook",
    "codepipeline:RetryStageExecution",
    "codepipeline:RollbackStage",
    "codepipeline:StartPipelineExecution",
    "codepipeline:UpdatePipeline",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:ModifyInstanceAttribute",
    "ec2:ModifyLaunchTemplate",
    "ec2:RunInstances",
    "ecr:PutImage",
    "ecs:ContinueServiceDeployment",
    "ecs:CreateService",
    "ecs:CreateTaskSet",
    "ecs:RegisterTaskDefinition",
    "ecs:RunTask",
    "ecs:StartTask",
    "ecs:UpdateDaemon",
    "ecs:UpdateExpressGatewayService",
    "ecs:UpdateService",
    "ecs:UpdateServicePrimaryTaskSet",
    "ecs:UpdateTaskSet",
    "eks:AccessKubernetesApi",
    "eks:AssociateAccessPolicy",
    "eks:CreateAccessEntry",
    "eks:UpdateAddon",
    "eks:UpdateClusterConfig",
    "eks:UpdateClusterVersion",
    "eks:UpdateNodegroupVersion",
    "elasticbeanstalk:CreateApplicationVersion",
    "elasticbeanstalk:RebuildEnvironment",
    "elasticbeanstalk:SwapEnvironmentCNAMEs",
    "elasticbeanstalk:UpdateEnvironment",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyRule",
    "elasticloadbalancing:RegisterTargets",
    "lambda:CreateAlias",
    "lambda:PublishLayerVersion",
    "lambda:PublishVersion",
    "lambda:PutProvisionedConcurrencyConfig",
    "lambda:UpdateAlias",
    "lambda:UpdateEventSourceMapping",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "rds-data:BatchExecuteStatement",
    "rds-data:ExecuteStatement",
    "rds:ModifyDBCluster",
    "rds:ModifyDBInstance",
    "rds:SwitchoverBlueGreenDeployment",
    "route53:ChangeResourceRecordSets",
    "s3:PutBucketPolicy",
    "s3:PutBucketWebsite",
    "s3:PutObject",
    "sagemaker:CreateEndpoint",
    "sagemaker:UpdateEndpoint",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "sagemaker:UpdateModelPackage",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
    "servicecatalog:ProvisionProduct",
    "servicecatalog:UpdateProvisionedProduct",
    "ssm:PutParameter",
    "ssm:SendCommand",
    "ssm:StartAutomationExecution",
    "ssm:StartChangeRequestExecution",
    "ssm:UpdateDocumentDefaultVersion",
    "states:PublishStateMachineVersion",
    "states:StartExecution",
    "states:UpdateStateMachine",
    "states:UpdateStateMachineAlias",
];

/// Whether the action is one of [`ACTIONS`], in any case.
pub fn is_rollout(action: &str) -> bool {
    ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// A step at which somebody must agree before a rollout goes on. It is a second pair of eyes only if nobody holds an
/// action of `initiate` together with one of `approve`, or one of `bypass` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Actions that start a rollout through the gate.
    pub initiate: &'static [&'static str],
    /// Actions that let it pass the gate.
    pub approve: &'static [&'static str],
    /// Actions that take it around the gate or take the gate away.
    pub bypass: &'static [&'static str],
}

/// The manual approval action of CodePipeline. The service does not check that the approver is somebody else than the
/// initiator. A retried or rolled-back stage deploys without being approved again; a pipeline created beside the first
/// one need not have the step.
///
/// Source: <https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html>
pub const CODEPIPELINE_MANUAL_APPROVAL: Gate = Gate {
    initiate: &["codepipeline:PutActionRevision", "codepipeline:StartPipelineExecution"],
    approve: &["codepipeline:PutApprovalResult"],
    bypass: &[
        "codepipeline:CreatePipeline",
        "codepipeline:RetryStageExecution",
        "codepipeline:RollbackStage",
        "codepipeline:UpdatePipeline",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn actions_exist_and_are_sorted() {
        let Gate { initiate, approve, bypass } = CODEPIPELINE_MANUAL_APPROVAL;
        for list in [ACTIONS, initiate, approve, bypass] {
            assert!(list.is_sorted_by(|one, next| one < next));
            for name in list {
                assert_eq!(catalog::action(name).map(|action| action.name()), Some(*name));
            }
        }
    }

    #[test]
    fn changing_code_is_a_rollout_and_reading_it_is_not() {
        assert!(is_rollout("lambda:updatefunctioncode"));
        assert!(!is_rollout("lambda:GetFunction"));
        assert!(!is_rollout("codepipeline:PutApprovalResult"));
    }
}
