//! What reaches production, and whether a second person has to say yes.

use crate::inventory::{Inventory, Resource, ResourceId};
use serde_json::Value;

/// A way into production that nobody has to approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungated {
    /// The Amplify branch or the pipeline.
    pub resource: ResourceId,
    /// The stage that should wait, for a pipeline.
    pub stage: Option<String>,
    /// How a change gets there, step by step, in words.
    pub steps: Vec<String>,
}

/// Production branches of Amplify apps that build and deploy on every push. Amplify Hosting has no gate of its own.
///
/// Source: <https://docs.aws.amazon.com/amplify/latest/APIReference/API_Branch.html>
pub fn amplify_branches_that_build_on_push(inventory: &Inventory) -> Vec<Ungated> {
    let branches = inventory.resource_ids().filter(|(_, branch)| {
        branch.kind == "AWS::Amplify::Branch"
            && branch.is_production()
            && branch.properties.get("EnableAutoBuild") == Some(&Value::Bool(true))
    });
    branches
        .map(|(id, branch)| {
            let name = branch.text("BranchName").unwrap_or("?");
            Ungated {
                resource: id,
                stage: None,
                steps: vec![
                    format!("push to branch {name}"),
                    "Amplify builds it at once".to_owned(),
                    "the build is deployed to production".to_owned(),
                ],
            }
        })
        .collect()
}

/// Production pipelines in which no manual approval comes before the first action that deploys to production.
///
/// Source: <https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html>
pub fn pipelines_without_approval(inventory: &Inventory) -> Vec<Ungated> {
    let pipelines = inventory.resource_ids().filter(|(_, resource)| resource.kind == "AWS::CodePipeline::Pipeline");
    pipelines.filter_map(|(id, pipeline)| without_approval(id, pipeline, inventory)).collect()
}

struct Action<'p> {
    stage: &'p str,
    stage_index: usize,
    run_order: i64,
    category: &'p str,
    name: &'p str,
    configuration: Option<&'p Value>,
}

fn without_approval(id: ResourceId, pipeline: &Resource, inventory: &Inventory) -> Option<Ungated> {
    let actions = actions(pipeline);
    let deploys = |action: &&Action<'_>| matches!(action.category, "Deploy" | "Invoke");
    let reaches = |action: &&Action<'_>| names_production(action, inventory);
    // In a pipeline that belongs to production as a whole every deployment counts, unless one stage is named for it.
    let target = actions
        .iter()
        .filter(deploys)
        .find(reaches)
        .or_else(|| actions.iter().rfind(deploys).filter(|_| pipeline.is_production()))?;
    let gated = actions.iter().any(|action| {
        action.category == "Approval"
            && (action.stage_index < target.stage_index
                || (action.stage_index == target.stage_index && action.run_order < target.run_order))
    });
    if gated {
        return None;
    }
    let mut steps: Vec<String> = Vec::new();
    for action in actions.iter().filter(|action| action.stage_index < target.stage_index) {
        let step = format!("stage {}: {}", action.stage, action.name);
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    steps.push(format!("stage {}: {} deploys to production, and nobody was asked", target.stage, target.name));
    Some(Ungated { resource: id, stage: Some(target.stage.to_owned()), steps })
}

/// Whether the configuration of an action, or its stage, names something of production.
fn names_production(action: &Action<'_>, inventory: &Inventory) -> bool {
    let configured: Vec<&str> = action
        .configuration
        .and_then(Value::as_object)
        .map(|map| map.values().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let known = inventory.resources.iter().filter(|resource| resource.is_production()).any(|resource| {
        let name = crate::base::Arn::parse(&resource.arn).map_or("", |arn| arn.name());
        configured.iter().any(|value| {
            *value == &*resource.arn
                || (!name.is_empty() && *value == name)
                || resource.text("StackName") == Some(value)
        })
    });
    known || inventory.names_production(action.stage)
}

fn actions(pipeline: &Resource) -> Vec<Action<'_>> {
    let stages = pipeline.properties.get("Stages").and_then(Value::as_array);
    let mut all = Vec::new();
    for (stage_index, stage) in stages.into_iter().flatten().enumerate() {
        for action in stage.get("Actions").and_then(Value::as_array).into_iter().flatten() {
            all.push(Action {
                stage: stage.get("Name").and_then(Value::as_str).unwrap_or("?"),
                stage_index,
                run_order: action.get("RunOrder").and_then(Value::as_i64).unwrap_or(1),
                category: action.pointer("/ActionTypeId/Category").and_then(Value::as_str).unwrap_or(""),
                name: action.get("Name").and_then(Value::as_str).unwrap_or("?"),
                configuration: action.get("Configuration"),
            });
        }
    }
    all
}
