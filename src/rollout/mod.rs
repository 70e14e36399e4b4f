//! What reaches production, and whether a second person has to say yes.

use crate::inventory::{Inventory, PRODUCTION, Resource, ResourceId};
use serde_json::Value;

/// A way into production that nobody has to approve, or of which nobody can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungated {
    /// The Amplify branch or the pipeline.
    pub resource: ResourceId,
    /// Whether the settings that decide it were read; otherwise it may as well be gated.
    pub read: bool,
    /// The stage that should wait, for a pipeline.
    pub stage: Option<String>,
    /// How a change gets there, step by step, in words.
    pub steps: Vec<String>,
}

/// Production branches of Amplify apps that build and deploy on every push. Amplify Hosting has no gate of its own.
///
/// Source: <https://docs.aws.amazon.com/amplify/latest/APIReference/API_Branch.html>
pub fn amplify_branches_that_build_on_push(inventory: &Inventory) -> Vec<Ungated> {
    let branches =
        inventory.resource_ids().filter(|(_, branch)| branch.kind == "AWS::Amplify::Branch" && branch.is_production());
    branches
        .filter_map(|(id, branch)| {
            let read = match branch.properties.get("EnableAutoBuild").and_then(Value::as_bool) {
                Some(false) => return None,
                known => known.is_some(),
            };
            let name = branch.text("BranchName").unwrap_or("?");
            let builds = if read { "Amplify builds it at once" } else { "whether Amplify builds it was not read" };
            Some(Ungated {
                resource: id,
                read,
                stage: None,
                steps: vec![
                    format!("push to branch {name}"),
                    builds.to_owned(),
                    "the build is deployed to production".to_owned(),
                ],
            })
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
    if pipeline.properties.get("Stages").and_then(Value::as_array).is_none() {
        let steps = vec!["the stages of the pipeline were not read".to_owned()];
        return pipeline.is_production().then_some(Ungated { resource: id, read: false, stage: None, steps });
    }
    let actions = actions(pipeline);
    let target = first_deployment(&actions, pipeline, inventory)?;
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
    Some(Ungated { resource: id, read: true, stage: Some(target.stage.to_owned()), steps })
}

/// The first action that reaches production. In a pipeline that belongs to production as a whole that is, unless one
/// names production, the first deployment that names no other environment, else the last of all.
fn first_deployment<'a, 'p>(
    actions: &'a [Action<'p>],
    pipeline: &Resource,
    inventory: &Inventory,
) -> Option<&'a Action<'p>> {
    let built = actions.iter().find(|action| action.category == "Build").map(|action| action.stage_index);
    // CodeBuild deploys too (Terraform, CDK): a build after the build, in a stage or with a configuration of production.
    let builds_again =
        |action: &Action<'_>| action.category == "Build" && built.is_some_and(|first| first < action.stage_index);
    let deploys = |action: &&Action<'_>| matches!(action.category, "Deploy" | "Invoke");
    let named = actions
        .iter()
        .filter(|action| deploys(action) || builds_again(action))
        .find(|action| named_environment(action, inventory) == Some(true));
    let unnamed = || actions.iter().filter(deploys).find(|action| named_environment(action, inventory).is_none());
    let any = || unnamed().or_else(|| actions.iter().rfind(deploys));
    named.or_else(|| any().filter(|_| pipeline.is_production()))
}

/// Whether the configuration of an action, or its stage, names something of production (`true`) or of another
/// environment (`false`).
fn named_environment(action: &Action<'_>, inventory: &Inventory) -> Option<bool> {
    let configured: Vec<&str> = action
        .configuration
        .and_then(Value::as_object)
        .map(|map| map.values().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let names = |resource: &&Resource| {
        let name = crate::base::Arn::parse(&resource.arn).map_or("", |arn| arn.name());
        configured.iter().any(|value| {
            *value == &*resource.arn
                || (!name.is_empty() && *value == name)
                || resource.text("StackName") == Some(value)
        })
    };
    let known: Vec<bool> = inventory
        .resources
        .iter()
        .filter(|resource| resource.environment.is_some())
        .filter(names)
        .map(Resource::is_production)
        .collect();
    if known.contains(&true) || inventory.names_production(action.stage) {
        return Some(true);
    }
    (!known.is_empty() || names_another(action.stage, inventory)).then_some(false)
}

/// Whether a name has a part that names an environment other than production.
fn names_another(name: &str, inventory: &Inventory) -> bool {
    let others = inventory.environment_rules.rules.iter().filter(|rule| rule.name != PRODUCTION);
    let words: Vec<&String> = others.flat_map(|rule| &rule.names).collect();
    name.split(|character: char| !character.is_alphanumeric())
        .any(|part| words.iter().any(|word| word.eq_ignore_ascii_case(part)))
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
