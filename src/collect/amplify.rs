//! Amplify Hosting: apps, branches, backend environments, domains and webhooks.
//!
//! `ListApps` and `ListBranches` answer with secrets (values of environment variables, basic-auth credentials, build
//! specifications), `ListWebhooks` with addresses that trigger a build for whoever knows them. None of these is read.

use super::Call;
use super::call::client;
use super::properties::{Properties, list, names};
use super::reader::Scope;
use crate::snapshot::{Resource, without_credentials};
use aws_config::SdkConfig;
use aws_sdk_amplify::Client;
use aws_sdk_amplify::types::{
    App, AutoBranchCreationConfig, BackendEnvironment, Branch, DomainAssociation, SubDomain, Webhook,
};
use futures_util::StreamExt;
use futures_util::future::join4;
use std::collections::HashMap;

const LIST_APPS: Call = Call::new("amplify", "ListApps");
const LIST_BRANCHES: Call = Call::new("amplify", "ListBranches");
const LIST_BACKEND_ENVIRONMENTS: Call = Call::new("amplify", "ListBackendEnvironments");
const LIST_DOMAIN_ASSOCIATIONS: Call = Call::new("amplify", "ListDomainAssociations");
const LIST_WEBHOOKS: Call = Call::new("amplify", "ListWebhooks").allowed_by("ListWebHooks");

/// What this file asks.
pub const CALLS: &[Call] =
    &[LIST_APPS, LIST_BRANCHES, LIST_BACKEND_ENVIRONMENTS, LIST_DOMAIN_ASSOCIATIONS, LIST_WEBHOOKS];

/// Regions known to offer Amplify. Source: botocore 1.43, `endpoints.json`. Serves to tell an absent service from a
/// fault of name resolution; regions that are not listed are asked all the same.
pub(super) const REGIONS: &[&str] = &[
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The largest pages AWS gives: 100 apps, 50 of everything else.
const APPS: i32 = 100;
const PAGE: i32 = 50;

/// Reads every app of a region with all that belongs to it.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("amplify");
    let client = client!(aws_sdk_amplify, config, region);
    let mut apps = Vec::new();
    scope
        .pages(
            &LIST_APPS,
            "",
            |token| client.list_apps().max_results(APPS).set_next_token(token).send(),
            |page| {
                apps.extend(page.apps);
                more(page.next_token)
            },
        )
        .await;
    let parts: Vec<Vec<Resource>> = futures_util::stream::iter(&apps)
        .map(|app| parts(scope, &client, region, app))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("amplify");
    apps.iter().map(|app| app_resource(app, region)).chain(parts.into_iter().flatten()).collect()
}

/// What belongs to one app.
async fn parts(scope: Scope<'_>, client: &Client, region: &str, app: &App) -> Vec<Resource> {
    let id = app.app_id();
    let subject = format!("app {id}");
    let (mut branches, mut environments, mut domains, mut webhooks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    join4(
        scope.pages(
            &LIST_BRANCHES,
            &subject,
            |token| client.list_branches().app_id(id).max_results(PAGE).set_next_token(token).send(),
            |page| {
                branches.extend(page.branches.iter().map(|branch| branch_resource(branch, id, region)));
                more(page.next_token)
            },
        ),
        scope.pages(
            &LIST_BACKEND_ENVIRONMENTS,
            &subject,
            |token| client.list_backend_environments().app_id(id).max_results(PAGE).set_next_token(token).send(),
            |page| {
                let found = page.backend_environments.iter().map(|found| environment_resource(found, id, region));
                environments.extend(found);
                more(page.next_token)
            },
        ),
        scope.pages(
            &LIST_DOMAIN_ASSOCIATIONS,
            &subject,
            |token| client.list_domain_associations().app_id(id).max_results(PAGE).set_next_token(token).send(),
            |page| {
                domains.extend(page.domain_associations.iter().map(|domain| domain_resource(domain, id, region)));
                more(page.next_token)
            },
        ),
        scope.pages(
            &LIST_WEBHOOKS,
            &subject,
            |token| client.list_webhooks().app_id(id).max_results(PAGE).set_next_token(token).send(),
            |page| {
                webhooks.extend(page.webhooks.iter().map(|webhook| webhook_resource(webhook, id, region)));
                more(page.next_token)
            },
        ),
    )
    .await;
    [branches, environments, domains, webhooks].into_iter().flatten().collect()
}

fn more(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

fn resource(arn: &str, kind: &str, region: &str, properties: Properties) -> Resource {
    Resource {
        arn: arn.to_owned(),
        kind: format!("AWS::Amplify::{kind}"),
        region: Some(region.to_owned()),
        tags: Default::default(),
        properties: properties.map(),
        policy: None,
    }
}

fn tagged(mut resource: Resource, tags: Option<&HashMap<String, String>>) -> Resource {
    resource.tags.extend(tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    resource
}

fn app_resource(app: &App, region: &str) -> Resource {
    let production = app.production_branch().map(|branch| {
        Properties::default()
            .text("BranchName", branch.branch_name())
            .text("Status", branch.status())
            .time("LastDeployTime", branch.last_deploy_time())
    });
    let properties = Properties::default()
        .put("AppId", app.app_id())
        .text("Name", Some(app.name()))
        .text("Repository", Some(&without_credentials(app.repository())))
        .text("Platform", Some(app.platform().as_str()))
        .text("IAMServiceRole", app.iam_service_role_arn())
        .text("ComputeRoleArn", app.compute_role_arn())
        .text("DefaultDomain", Some(app.default_domain()))
        .put("EnableBranchAutoBuild", app.enable_branch_auto_build())
        .known("EnableBranchAutoDeletion", app.enable_branch_auto_deletion())
        .known("EnableAutoBranchCreation", app.enable_auto_branch_creation())
        .known("AutoBranchCreationPatterns", app.auto_branch_creation_patterns.clone())
        .known("AutoBranchCreationConfig", app.auto_branch_creation_config().map(auto_branch_creation))
        .known("ProductionBranch", production)
        .put("EnvironmentVariableNames", names(app.environment_variables()));
    tagged(resource(app.app_arn(), "App", region, properties), app.tags())
}

fn auto_branch_creation(config: &AutoBranchCreationConfig) -> Properties {
    Properties::default()
        .text("Stage", config.stage().map(|stage| stage.as_str()))
        .known("EnableAutoBuild", config.enable_auto_build())
        .known("EnablePullRequestPreview", config.enable_pull_request_preview())
        .text("PullRequestEnvironmentName", config.pull_request_environment_name())
        .known("EnvironmentVariableNames", config.environment_variables().map(names))
}

fn branch_resource(branch: &Branch, app: &str, region: &str) -> Resource {
    let backend = branch.backend().map(|backend| Properties::default().text("StackArn", backend.stack_arn()));
    let properties = Properties::default()
        .put("AppId", app)
        .put("BranchName", branch.branch_name())
        .text("Stage", Some(branch.stage().as_str()))
        .put("EnableAutoBuild", branch.enable_auto_build())
        .put("EnablePullRequestPreview", branch.enable_pull_request_preview())
        .text("PullRequestEnvironmentName", branch.pull_request_environment_name())
        .text("BackendEnvironmentArn", branch.backend_environment_arn())
        .known("Backend", backend)
        .text("ComputeRoleArn", branch.compute_role_arn())
        .put("CustomDomains", branch.custom_domains())
        .put("EnvironmentVariableNames", names(branch.environment_variables()));
    tagged(resource(branch.branch_arn(), "Branch", region, properties), branch.tags())
}

fn environment_resource(environment: &BackendEnvironment, app: &str, region: &str) -> Resource {
    let properties = Properties::default()
        .put("AppId", app)
        .put("EnvironmentName", environment.environment_name())
        .text("StackName", environment.stack_name())
        .text("DeploymentArtifacts", environment.deployment_artifacts());
    resource(environment.backend_environment_arn(), "BackendEnvironment", region, properties)
}

fn domain_resource(domain: &DomainAssociation, app: &str, region: &str) -> Resource {
    let setting = |sub: &SubDomain| {
        let setting = sub.sub_domain_setting();
        // The empty prefix is the domain itself.
        Properties::default()
            .known("Prefix", setting.map(|setting| setting.prefix()))
            .text("BranchName", setting.map(|setting| setting.branch_name()))
            .put("Verified", sub.verified())
    };
    let properties = Properties::default()
        .put("AppId", app)
        .put("DomainName", domain.domain_name())
        .text("DomainStatus", Some(domain.domain_status().as_str()))
        .put("EnableAutoSubDomain", domain.enable_auto_sub_domain())
        .put("SubDomainSettings", list(domain.sub_domains(), setting));
    resource(domain.domain_association_arn(), "Domain", region, properties)
}

fn webhook_resource(webhook: &Webhook, app: &str, region: &str) -> Resource {
    let properties = Properties::default()
        .put("AppId", app)
        .text("BranchName", Some(webhook.branch_name()))
        .put("WebhookId", webhook.webhook_id());
    resource(webhook.webhook_arn(), "Webhook", region, properties)
}
