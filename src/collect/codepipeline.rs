//! CodePipeline: pipelines with their stages, actions and triggers.
//!
//! The configuration of an action may hold tokens (`OAuthToken` of a GitHub source), the values of environment variables
//! and parameters, and whatever a custom action asks for. Only keys that are known to be harmless are kept.

use super::Call;
use super::call::client;
use super::properties::{Properties, list, sorted};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::{Resource, is_harmless};
use aws_config::SdkConfig;
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::types::{
    ActionDeclaration, ArtifactStore, Condition, GitBranchFilterCriteria, GitConfiguration, GitTagFilterCriteria,
    PipelineDeclaration, PipelineTriggerDeclaration, RuleDeclaration, StageDeclaration,
};
use futures_util::StreamExt;
use futures_util::future::join;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

const LIST_PIPELINES: Call = Call::new("codepipeline", "ListPipelines");
const GET_PIPELINE: Call = Call::new("codepipeline", "GetPipeline");
const LIST_TAGS_FOR_RESOURCE: Call = Call::new("codepipeline", "ListTagsForResource");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_PIPELINES, GET_PIPELINE, LIST_TAGS_FOR_RESOURCE];

/// Regions known not to offer CodePipeline. Source: botocore 1.43, `endpoints.json`.
pub(super) const NOT_IN: &[&str] = &["ap-east-2", "ap-southeast-7", "ca-west-1", "mx-central-1"];

/// Reads every pipeline of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("codepipeline");
    let client = client!(aws_sdk_codepipeline, config, region);
    let mut names = Vec::new();
    scope
        .pages(
            &LIST_PIPELINES,
            "",
            |token| client.list_pipelines().max_results(1000).set_next_token(token).send(),
            |page| {
                names.extend(page.pipelines.unwrap_or_default().into_iter().filter_map(|pipeline| pipeline.name));
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let pipelines = futures_util::stream::iter(&names)
        .map(|name| pipeline(scope, &client, region, identity, name))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("codepipeline");
    pipelines
}

/// One pipeline. It is known to be there whatever AWS answers.
async fn pipeline(scope: Scope<'_>, client: &Client, region: &str, identity: &Identity, name: &str) -> Resource {
    let Identity { account, partition } = identity;
    let arn = format!("arn:{partition}:codepipeline:{region}:{account}:{name}");
    let subject = format!("pipeline {name}");
    let mut tags = BTreeMap::new();
    let (answer, _) = join(
        scope.read(&GET_PIPELINE, &subject, client.get_pipeline().name(name).send()),
        scope.pages(
            &LIST_TAGS_FOR_RESOURCE,
            &subject,
            |token| client.list_tags_for_resource().resource_arn(&arn).set_next_token(token).send(),
            |page| {
                tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
                page.next_token.filter(|token| !token.is_empty())
            },
        ),
    )
    .await;
    let properties = match answer.and_then(|answer| answer.pipeline) {
        Some(pipeline) => declared(&pipeline),
        None => Properties::default(),
    };
    Resource {
        kind: "AWS::CodePipeline::Pipeline".to_owned(),
        region: Some(region.to_owned()),
        tags,
        properties: properties.put("Name", name).map(),
        policy: None,
        arn,
    }
}

fn declared(pipeline: &PipelineDeclaration) -> Properties {
    let stores = pipeline.artifact_stores().map(|stores| {
        let store = |(region, store)| {
            Value::from(Properties::default().put("Region", region).put("ArtifactStore", artifact_store(store)))
        };
        sorted(stores).into_iter().map(store).collect::<Value>()
    });
    let variables = pipeline.variables.as_deref();
    Properties::default()
        .text("RoleArn", Some(pipeline.role_arn()))
        .text("PipelineType", pipeline.pipeline_type().map(|kind| kind.as_str()))
        .text("ExecutionMode", pipeline.execution_mode().map(|mode| mode.as_str()))
        .known("ArtifactStore", pipeline.artifact_store().map(artifact_store))
        .known("ArtifactStores", stores)
        .put("Stages", list(pipeline.stages(), stage))
        .known("Triggers", pipeline.triggers.as_deref().map(|triggers| list(triggers, trigger)))
        .known("Variables", variables.map(|all| list(all, |one| Properties::default().put("Name", one.name()))))
}

fn artifact_store(store: &ArtifactStore) -> Properties {
    let key = store
        .encryption_key()
        .map(|key| Properties::default().text("Id", Some(key.id())).text("Type", Some(key.r#type().as_str())));
    Properties::default()
        .text("Type", Some(store.r#type().as_str()))
        .text("Location", Some(store.location()))
        .known("EncryptionKey", key)
}

fn stage(stage: &StageDeclaration) -> Properties {
    let blockers = stage.blockers.as_deref().filter(|blockers| !blockers.is_empty()).map(|blockers| {
        list(blockers, |blocker| {
            Properties::default().put("Name", blocker.name()).text("Type", Some(blocker.r#type().as_str()))
        })
    });
    let gate = |conditions: &[Condition]| Properties::default().put("Conditions", list(conditions, condition));
    let failure = stage.on_failure().map(|failure| {
        Properties::default()
            .text("Result", failure.result().map(|result| result.as_str()))
            .known("Conditions", failure.conditions.as_deref().map(|conditions| list(conditions, condition)))
    });
    Properties::default()
        .put("Name", stage.name())
        .known("Blockers", blockers)
        .put("Actions", list(stage.actions(), action))
        .known("BeforeEntry", stage.before_entry().map(|entry| gate(entry.conditions())))
        .known("OnSuccess", stage.on_success().map(|success| gate(success.conditions())))
        .known("OnFailure", failure)
}

fn condition(condition: &Condition) -> Properties {
    Properties::default()
        .text("Result", condition.result().map(|result| result.as_str()))
        .put("Rules", list(condition.rules(), rule))
}

fn rule(rule: &RuleDeclaration) -> Properties {
    let kind = rule.rule_type_id().map(|kind| {
        Properties::default()
            .text("Category", Some(kind.category().as_str()))
            .text("Owner", kind.owner().map(|owner| owner.as_str()))
            .text("Provider", Some(kind.provider()))
            .text("Version", kind.version())
    });
    Properties::default()
        .put("Name", rule.name())
        .known("RuleTypeId", kind)
        .known("Configuration", rule.configuration().map(configuration))
        .text("RoleArn", rule.role_arn())
        .text("Region", rule.region())
}

fn action(action: &ActionDeclaration) -> Properties {
    let kind = action.action_type_id().map(|kind| {
        Properties::default()
            .text("Category", Some(kind.category().as_str()))
            .text("Owner", Some(kind.owner().as_str()))
            .text("Provider", Some(kind.provider()))
            .text("Version", Some(kind.version()))
    });
    let inputs = action.input_artifacts.as_deref().filter(|artifacts| !artifacts.is_empty());
    let outputs = action.output_artifacts.as_deref().filter(|artifacts| !artifacts.is_empty());
    Properties::default()
        .put("Name", action.name())
        .known("ActionTypeId", kind)
        .known("RunOrder", action.run_order())
        .known("Configuration", action.configuration().map(configuration))
        .known("EnvironmentVariableNames", variable_names(action))
        .known("InputArtifacts", inputs.map(|all| list(all, |one| Properties::default().put("Name", one.name()))))
        .known("OutputArtifacts", outputs.map(|all| list(all, |one| Properties::default().put("Name", one.name()))))
        .text("RoleArn", action.role_arn())
        .text("Region", action.region())
        .text("Namespace", action.namespace())
        .known("TimeoutInMinutes", action.timeout_in_minutes())
}

fn configuration(configuration: &HashMap<String, String>) -> Value {
    let kept = sorted(configuration).into_iter().filter(|(key, _)| is_harmless(key));
    Value::Object(kept.map(|(key, value)| (key.to_owned(), Value::from(value.as_str()))).collect::<Map<_, _>>())
}

/// The names of the environment variables of an action: its own, and those a build action overrides, which stand in its
/// configuration as a JSON list.
fn variable_names(action: &ActionDeclaration) -> Option<Vec<Value>> {
    let own = action.environment_variables.as_deref().map(|variables| variables.iter().map(|one| one.name.clone()));
    let overrides = action.configuration().and_then(|keys| keys.get("EnvironmentVariables")).map(|text| {
        let variables: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
        variables.into_iter().filter_map(|one| Some(one.get("name")?.as_str()?.to_owned())).collect::<Vec<_>>()
    });
    if own.is_none() && overrides.is_none() {
        return None;
    }
    let mut names: Vec<String> = own.into_iter().flatten().chain(overrides.into_iter().flatten()).collect();
    names.sort();
    names.dedup();
    Some(names.into_iter().map(Value::from).collect())
}

fn trigger(trigger: &PipelineTriggerDeclaration) -> Properties {
    Properties::default()
        .text("ProviderType", Some(trigger.provider_type().as_str()))
        .known("GitConfiguration", trigger.git_configuration().map(git))
}

fn git(git: &GitConfiguration) -> Properties {
    let patterns = |includes: &Option<Vec<String>>, excludes: &Option<Vec<String>>| {
        Properties::default().known("Includes", includes.clone()).known("Excludes", excludes.clone())
    };
    let branches = |all: &GitBranchFilterCriteria| patterns(&all.includes, &all.excludes);
    let tags = |all: &GitTagFilterCriteria| patterns(&all.includes, &all.excludes);
    let push = git.push.as_deref().map(|filters| {
        list(filters, |filter| {
            Properties::default()
                .known("Branches", filter.branches().map(branches))
                .known("Tags", filter.tags().map(tags))
                .known("FilePaths", filter.file_paths().map(|all| patterns(&all.includes, &all.excludes)))
        })
    });
    let pull_request = git.pull_request.as_deref().map(|filters| {
        list(filters, |filter| {
            let events: Vec<Value> = filter.events().iter().map(|event| event.as_str().into()).collect();
            Properties::default()
                .put("Events", events)
                .known("Branches", filter.branches().map(branches))
                .known("FilePaths", filter.file_paths().map(|all| patterns(&all.includes, &all.excludes)))
        })
    });
    Properties::default()
        .put("SourceActionName", git.source_action_name())
        .known("Push", push)
        .known("PullRequest", pull_request)
}
