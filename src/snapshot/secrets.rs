//! What may hold a secret, for all that writes snapshots.

/// An address without what may stand before its host or after its path: `https://user:token@host/…?…`.
pub fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let host = authority.rsplit('@').next().unwrap_or_default();
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

/// Whether a configuration key of a pipeline's action or rule names a thing or switches a behaviour, and holds nothing
/// else: not a token, a parameter, a variable's value, or free text.
///
/// Source: <https://docs.aws.amazon.com/codepipeline/latest/userguide/integrations-action-type.html>
pub fn is_harmless(key: &str) -> bool {
    HARMLESS.contains(&key)
}

const HARMLESS: &[&str] = &[
    "ActionMode",
    "AlarmName",
    "AllowOverrideForS3ObjectKey",
    "AppSpecTemplateArtifact",
    "AppSpecTemplatePath",
    "Application",
    "ApplicationName",
    "BatchEnabled",
    "Branch",
    "BranchName",
    "BucketName",
    "CannedACL",
    "Capabilities",
    "ChangeSetName",
    "ClusterName",
    "CombineArtifacts",
    "ConfigurationProfile",
    "ConnectionArn",
    "Cron",
    "DeploymentGroupName",
    "DeploymentStrategy",
    "DeploymentTargets",
    "DetectChanges",
    "Environment",
    "EnvironmentName",
    "Extract",
    "FileName",
    "FullRepositoryId",
    "FunctionName",
    "ImageTag",
    "KMSEncryptionKeyARN",
    "NotificationArn",
    "ObjectKey",
    "OrganizationsAutoDeployment",
    "OutputArtifactFormat",
    "OutputFileName",
    "Owner",
    "PermissionModel",
    "PipelineName",
    "PollForSourceChanges",
    "PrimarySource",
    "ProductId",
    "ProjectId",
    "ProjectName",
    "Repo",
    "RepositoryName",
    "RoleArn",
    "S3Bucket",
    "S3ObjectKey",
    "ServiceName",
    "StackName",
    "StackSetName",
    "StateMachineArn",
    "TaskDefinitionTemplateArtifact",
    "TaskDefinitionTemplatePath",
    "TemplatePath",
    "TimeZone",
];

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn addresses_lose_their_credentials() {
        for (address, kept) in [
            ("https://github.com/acme/shop", "https://github.com/acme/shop"),
            ("https://x-access-token:s3cret@github.com/acme/shop?t=s3cret", "https://github.com/acme/shop"),
            ("https://s3cret@host", "https://host"),
            ("git@github.com:acme/shop", "git@github.com:acme/shop"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(address), kept);
        }
    }
}
