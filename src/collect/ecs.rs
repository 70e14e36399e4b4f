//! ECS: clusters, services, and the task definitions that services run.
//!
//! Of a container the names of its environment variables and secrets are kept, never a value.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    Cluster, ClusterField, ContainerDefinition, DeploymentConfiguration, Service, ServiceField, Tag, TaskDefinition,
    TaskDefinitionField,
};
use futures_util::StreamExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const LIST_CLUSTERS: Call = Call::new("ecs", "ListClusters");
const DESCRIBE_CLUSTERS: Call = Call::new("ecs", "DescribeClusters");
const LIST_SERVICES: Call = Call::new("ecs", "ListServices");
const DESCRIBE_SERVICES: Call = Call::new("ecs", "DescribeServices");
const DESCRIBE_TASK_DEFINITION: Call = Call::new("ecs", "DescribeTaskDefinition");

/// What this file asks.
pub const CALLS: &[Call] =
    &[LIST_CLUSTERS, DESCRIBE_CLUSTERS, LIST_SERVICES, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION];

/// How many clusters and how many services one call describes at most.
const CLUSTERS: usize = 100;
const SERVICES: usize = 10;

/// A task definition with its tags.
type Described = (TaskDefinition, Vec<Tag>);

/// Reads every cluster of a region with its services and what they run.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("ecs");
    let client = client!(aws_sdk_ecs, config, region);
    let mut arns = Vec::new();
    scope
        .pages(
            &LIST_CLUSTERS,
            "",
            |token| client.list_clusters().set_next_token(token).send(),
            |page| {
                arns.extend(page.cluster_arns.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let clusters: Vec<Vec<Resource>> = futures_util::stream::iter(arns.chunks(CLUSTERS))
        .map(|arns| clusters(scope, &client, region, arns))
        .buffered(scope.concurrency())
        .collect()
        .await;
    let services: Vec<Vec<(String, Option<Service>)>> = futures_util::stream::iter(&arns)
        .map(|cluster| services(scope, &client, cluster))
        .buffered(scope.concurrency())
        .collect()
        .await;
    let services: Vec<_> = services.into_iter().flatten().collect();
    let used: BTreeSet<&str> = services.iter().filter_map(|(_, service)| service.as_ref()?.task_definition()).collect();
    let definitions: BTreeMap<&str, Described> = futures_util::stream::iter(used)
        .map(async |arn| Some((arn, task_definition(scope, &client, arn).await?)))
        .buffered(scope.concurrency())
        .filter_map(async |found| found)
        .collect()
        .await;
    scope.finished("ecs");
    let services = services.iter().map(|(arn, service)| service_resource(region, arn, service.as_ref(), &definitions));
    let tasks = definitions.iter().map(|(arn, (task, tags))| Resource {
        properties: task_properties(task).map(),
        tags: tagged(tags),
        ..resource(region, arn, "TaskDefinition")
    });
    clusters.into_iter().flatten().chain(services).chain(tasks).collect()
}

fn resource(region: &str, arn: &str, kind: &str) -> Resource {
    Resource {
        arn: arn.to_owned(),
        kind: format!("AWS::ECS::{kind}"),
        region: Some(region.to_owned()),
        tags: BTreeMap::new(),
        properties: Default::default(),
        policy: None,
    }
}

fn tagged(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}

/// The part of an ARN after its last slash.
fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// What one call about several is about.
fn subject(noun: &str, arns: &[String]) -> String {
    match arns {
        [arn] => format!("{noun} {}", name(arn)),
        [arn, others @ ..] => format!("{noun} {} and {} others", name(arn), others.len()),
        [] => String::new(),
    }
}

/// Up to a hundred clusters. They are known to be there whatever AWS answers.
async fn clusters(scope: Scope<'_>, client: &Client, region: &str, arns: &[String]) -> Vec<Resource> {
    let answer = scope
        .read(
            &DESCRIBE_CLUSTERS,
            &subject("cluster", arns),
            client.describe_clusters().set_clusters(Some(arns.to_vec())).include(ClusterField::Tags).send(),
        )
        .await;
    let described = answer.as_ref().map_or(&[][..], |answer| answer.clusters());
    let one = |arn: &String| {
        let cluster = described.iter().find(|cluster| cluster.cluster_arn() == Some(arn));
        Resource {
            tags: cluster.map(|cluster| tagged(cluster.tags())).unwrap_or_default(),
            properties: cluster.map(cluster_properties).unwrap_or_default().put("ClusterName", name(arn)).map(),
            ..resource(region, arn, "Cluster")
        }
    };
    arns.iter().map(one).collect()
}

fn cluster_properties(cluster: &Cluster) -> Properties {
    Properties::default()
        .text("Status", cluster.status())
        .put("ActiveServicesCount", cluster.active_services_count())
        .put("RunningTasksCount", cluster.running_tasks_count())
}

/// The services of a cluster; those that are not described are there all the same.
async fn services(scope: Scope<'_>, client: &Client, cluster: &str) -> Vec<(String, Option<Service>)> {
    let of_cluster = format!("cluster {}", name(cluster));
    let mut arns = Vec::new();
    scope
        .pages(
            &LIST_SERVICES,
            &of_cluster,
            |token| client.list_services().cluster(cluster).max_results(100).set_next_token(token).send(),
            |page| {
                arns.extend(page.service_arns.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let mut all = Vec::new();
    for arns in arns.chunks(SERVICES) {
        let answer = scope
            .read(
                &DESCRIBE_SERVICES,
                &subject("service", arns),
                client
                    .describe_services()
                    .cluster(cluster)
                    .set_services(Some(arns.to_vec()))
                    .include(ServiceField::Tags)
                    .send(),
            )
            .await;
        let mut described = answer.and_then(|answer| answer.services).unwrap_or_default();
        all.extend(arns.iter().map(|arn| {
            let at = described.iter().position(|service| service.service_arn() == Some(arn));
            (arn.clone(), at.map(|at| described.swap_remove(at)))
        }));
    }
    all
}

fn service_resource(
    region: &str,
    arn: &str,
    service: Option<&Service>,
    definitions: &BTreeMap<&str, Described>,
) -> Resource {
    let mut properties = Properties::default().put("ServiceName", name(arn));
    if let Some(service) = service {
        let task = service.task_definition().and_then(|arn| definitions.get(arn)).map(|(task, _)| task);
        properties = properties
            .text("Cluster", service.cluster_arn())
            .text("Status", service.status())
            .text("TaskDefinition", service.task_definition())
            .text("Role", service.role_arn())
            .put("DesiredCount", service.desired_count())
            .put("RunningCount", service.running_count())
            .text("LaunchType", service.launch_type().map(|kind| kind.as_str()))
            .text("SchedulingStrategy", service.scheduling_strategy().map(|strategy| strategy.as_str()))
            .text("DeploymentController", service.deployment_controller().map(|one| one.r#type().as_str()))
            .known("DeploymentConfiguration", service.deployment_configuration().map(deployment))
            .put("EnableExecuteCommand", service.enable_execute_command())
            .text("TaskRoleArn", task.and_then(|task| task.task_role_arn()))
            .text("ExecutionRoleArn", task.and_then(|task| task.execution_role_arn()));
    }
    Resource {
        tags: service.map(|service| tagged(service.tags())).unwrap_or_default(),
        properties: properties.map(),
        ..resource(region, arn, "Service")
    }
}

fn deployment(deployment: &DeploymentConfiguration) -> Properties {
    let breaker = deployment
        .deployment_circuit_breaker()
        .map(|breaker| Properties::default().put("Enable", breaker.enable()).put("Rollback", breaker.rollback()));
    let alarms = deployment.alarms().map(|alarms| {
        Properties::default()
            .put("AlarmNames", alarms.alarm_names())
            .put("Enable", alarms.enable())
            .put("Rollback", alarms.rollback())
    });
    let hooks = deployment.lifecycle_hooks.as_deref().filter(|hooks| !hooks.is_empty());
    let hooks = hooks.map(|hooks| {
        list(hooks, |hook| {
            let stages: Vec<Value> = hook.lifecycle_stages().iter().map(|stage| stage.as_str().into()).collect();
            Properties::default()
                .text("HookTargetArn", hook.hook_target_arn())
                .text("RoleArn", hook.role_arn())
                .put("LifecycleStages", stages)
        })
    });
    Properties::default()
        .text("Strategy", deployment.strategy().map(|strategy| strategy.as_str()))
        .known("MaximumPercent", deployment.maximum_percent())
        .known("MinimumHealthyPercent", deployment.minimum_healthy_percent())
        .known("BakeTimeInMinutes", deployment.bake_time_in_minutes())
        .known("DeploymentCircuitBreaker", breaker)
        .known("Alarms", alarms)
        .known("LifecycleHooks", hooks)
}

async fn task_definition(scope: Scope<'_>, client: &Client, arn: &str) -> Option<Described> {
    let answer = scope
        .read(
            &DESCRIBE_TASK_DEFINITION,
            &format!("task definition {}", name(arn)),
            client.describe_task_definition().task_definition(arn).include(TaskDefinitionField::Tags).send(),
        )
        .await?;
    Some((answer.task_definition?, answer.tags.unwrap_or_default()))
}

fn task_properties(task: &TaskDefinition) -> Properties {
    let container = |container: &ContainerDefinition| {
        let variables = container.environment().iter().filter_map(|variable| variable.name());
        let secrets = container.secrets().iter().map(|secret| secret.name());
        let mut names: Vec<&str> = variables.chain(secrets).collect();
        names.sort_unstable();
        names.dedup();
        Properties::default()
            .text("Name", container.name())
            .text("Image", container.image())
            .known("Privileged", container.privileged())
            .put("EnvironmentVariableNames", names)
    };
    Properties::default()
        .text("Family", task.family())
        .put("Revision", task.revision())
        .text("Status", task.status().map(|status| status.as_str()))
        .text("TaskRoleArn", task.task_role_arn())
        .text("ExecutionRoleArn", task.execution_role_arn())
        .known("ContainerDefinitions", task.container_definitions.as_deref().map(|all| list(all, container)))
}
