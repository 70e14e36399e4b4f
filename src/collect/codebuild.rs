//! CodeBuild projects: what they build, as whom, and what starts them.
//!
//! Values of environment variables, build specifications, webhook addresses with their secrets, and what an address
//! holds besides host and path are never kept.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::{Resource, without_credentials};
use aws_config::SdkConfig;
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::types::{Project, ProjectArtifacts, ProjectEnvironment, ProjectSource, Webhook};
use futures_util::StreamExt;
use serde_json::Value;

const LIST_PROJECTS: Call = Call::new("codebuild", "ListProjects");
const BATCH_GET_PROJECTS: Call = Call::new("codebuild", "BatchGetProjects");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_PROJECTS, BATCH_GET_PROJECTS];

/// Regions known not to offer CodeBuild. Source: botocore 1.43, `endpoints.json`.
pub(super) const NOT_IN: &[&str] = &["ap-east-2", "ca-west-1", "mx-central-1"];

/// How many projects one call describes at most.
const BATCH: usize = 100;

/// Reads every project of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("codebuild");
    let client = client!(aws_sdk_codebuild, config, region);
    let mut names = Vec::new();
    scope
        .pages(
            &LIST_PROJECTS,
            "",
            |token| client.list_projects().set_next_token(token).send(),
            |page| {
                names.extend(page.projects.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let batches: Vec<Vec<Resource>> = futures_util::stream::iter(names.chunks(BATCH))
        .map(|names| batch(scope, &client, region, identity, names))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("codebuild");
    batches.into_iter().flatten().collect()
}

/// Up to a hundred projects. They are known to be there whatever AWS answers.
async fn batch(
    scope: Scope<'_>,
    client: &Client,
    region: &str,
    identity: &Identity,
    names: &[String],
) -> Vec<Resource> {
    let subject = match names {
        [name] => format!("project {name}"),
        [name, others @ ..] => format!("project {name} and {} others", others.len()),
        [] => String::new(),
    };
    let answer = scope
        .read(&BATCH_GET_PROJECTS, &subject, client.batch_get_projects().set_names(Some(names.to_vec())).send())
        .await;
    let described = answer.as_ref().map_or(&[][..], |answer| answer.projects());
    let resource = |name: &String| {
        let project = described.iter().find(|project| project.name() == Some(name));
        let Identity { account, partition } = identity;
        let built = || format!("arn:{partition}:codebuild:{region}:{account}:project/{name}");
        let tags = project.into_iter().flat_map(Project::tags);
        let tags = tags.filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())));
        Resource {
            arn: project.and_then(Project::arn).map_or_else(built, str::to_owned),
            kind: "AWS::CodeBuild::Project".to_owned(),
            region: Some(region.to_owned()),
            tags: tags.collect(),
            properties: project.map(properties).unwrap_or_default().put("Name", name.as_str()).map(),
            policy: None,
        }
    };
    names.iter().map(resource).collect()
}

fn properties(project: &Project) -> Properties {
    let secondary = project.secondary_sources.as_deref().filter(|sources| !sources.is_empty());
    let variables = project.environment().map(|environment| {
        let mut names: Vec<&str> = environment.environment_variables().iter().map(|one| one.name()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(Value::from).collect::<Vec<_>>()
    });
    Properties::default()
        .text("ServiceRole", project.service_role())
        .known("Source", project.source().map(source))
        .known("SecondarySources", secondary.map(|sources| list(sources, source)))
        .text("SourceVersion", project.source_version())
        .known("Artifacts", project.artifacts().map(artifacts))
        .known("Environment", project.environment().map(environment))
        .known("EnvironmentVariableNames", variables)
        .text("EncryptionKey", project.encryption_key())
        .text("Visibility", project.project_visibility().map(|visibility| visibility.as_str()))
        .text("ResourceAccessRole", project.resource_access_role())
        .known("Webhook", project.webhook().map(webhook))
}

fn source(source: &ProjectSource) -> Properties {
    let auth = source.auth().map(|auth| {
        // The resource is the ARN of a connection or of a secret.
        let resource = auth.resource().filter(|resource| resource.starts_with("arn:"));
        Properties::default().text("Type", Some(auth.r#type().as_str())).text("Resource", resource)
    });
    Properties::default()
        .text("Type", Some(source.r#type().as_str()))
        .known("Location", source.location().map(without_credentials))
        .known("Auth", auth)
        .text("SourceIdentifier", source.source_identifier())
}

fn artifacts(artifacts: &ProjectArtifacts) -> Properties {
    Properties::default().text("Type", Some(artifacts.r#type().as_str())).text("Location", artifacts.location())
}

fn environment(environment: &ProjectEnvironment) -> Properties {
    Properties::default()
        .text("Type", Some(environment.r#type().as_str()))
        .text("Image", Some(environment.image()))
        .text("ComputeType", Some(environment.compute_type().as_str()))
        .known("PrivilegedMode", environment.privileged_mode())
}

fn webhook(webhook: &Webhook) -> Properties {
    let groups = webhook.filter_groups.as_deref().map(|groups| {
        let group = |filters: &Vec<_>| {
            list(filters, |filter: &aws_sdk_codebuild::types::WebhookFilter| {
                Properties::default()
                    .text("Type", Some(filter.r#type().as_str()))
                    .put("Pattern", filter.pattern())
                    .known("ExcludeMatchedPattern", filter.exclude_matched_pattern())
            })
        };
        groups.iter().map(group).collect::<Value>()
    });
    let policy = webhook.pull_request_build_policy().map(|policy| {
        let roles: Vec<Value> = policy.approver_roles().iter().map(|role| role.as_str().into()).collect();
        Properties::default()
            .text("RequiresCommentApproval", Some(policy.requires_comment_approval().as_str()))
            .put("ApproverRoles", roles)
    });
    Properties::default()
        .known("FilterGroups", groups)
        .text("BranchFilter", webhook.branch_filter())
        .text("BuildType", webhook.build_type().map(|kind| kind.as_str()))
        .known("PullRequestBuildPolicy", policy)
}
