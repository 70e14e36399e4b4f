//! Taking a resource through something that runs with a role which may take it: a function, a build, a pipeline, a
//! container. Whoever may change what runs there has what its role has.
//!
//! The caller need not be allowed to pass the role where only the code is changed; where a definition that names the role
//! is written anew, it must.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html>,
//! <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html>,
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>

use super::super::guard::obstacles;
use super::super::way::{By, Means, On};
use super::own::clear;
use super::plan::{Part, Plan};
use crate::catalog::destruction::Class;
use crate::inventory::{Inventory, PrincipalId, Resource, ResourceId, words};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a function runs is changed.
pub(super) const FUNCTION: &str = "function";
/// What a build runs is changed.
pub(super) const BUILD: &str = "build";
/// What a pipeline does is changed.
pub(super) const PIPELINE: &str = "pipeline";
/// What a container runs is changed.
pub(super) const CONTAINER: &str = "container";

/// Plans for everything that runs with a role which has one of these means.
pub(super) fn plans(inventory: &Inventory, means: &[Means]) -> Vec<Plan> {
    let mut of_role: FxHashMap<PrincipalId, Vec<&Means>> = FxHashMap::default();
    let changes: Vec<Change> = inventory.resource_ids().flat_map(|(id, known)| changes(inventory, id, known)).collect();
    let roles: BTreeSet<PrincipalId> = changes.iter().map(|change| change.role).collect();
    for one in means {
        // What a role takes through a setting or a key it takes all the same; a loss of the record or of a guard alone
        // is no loss of a resource.
        if matches!(one.class, Class::Environment | Class::Data | Class::Recovery) {
            for actor in one.actors.iter().filter(|actor| roles.contains(actor)) {
                of_role.entry(*actor).or_default().push(one);
            }
        }
    }
    let worst: FxHashMap<PrincipalId, Vec<Loss<'_>>> =
        of_role.into_iter().map(|(role, means)| (role, losses(&means))).collect();
    let mut plans = Vec::new();
    for change in &changes {
        for loss in worst.get(&change.role).into_iter().flatten() {
            plans.extend(change.plan(inventory, loss));
        }
    }
    plans
}

/// The easiest means to a kind of loss, with everything it reaches for which there is no easier one.
struct Loss<'m> {
    means: &'m Means,
    targets: Vec<ResourceId>,
}

/// For each resource and kind of loss the easiest means: the surest, of the fewest steps.
fn losses<'m>(means: &[&'m Means]) -> Vec<Loss<'m>> {
    let ease =
        |one: &Means| (one.terms.certainty, one.terms.conditions.len(), one.steps.len(), Arc::clone(&one.action));
    let mut sorted: Vec<&'m Means> = means.to_vec();
    sorted.sort_by_cached_key(|one| ease(one));
    let mut taken: BTreeSet<(ResourceId, Class)> = BTreeSet::new();
    let mut all = Vec::new();
    for one in sorted {
        let new = |target: &&ResourceId| taken.insert((**target, one.class));
        let targets: Vec<ResourceId> = one.targets.iter().filter(new).copied().collect();
        if !targets.is_empty() {
            all.push(Loss { means: one, targets });
        }
    }
    all
}

/// A way to make something that runs do as one likes.
struct Change {
    kind: &'static str,
    role: PrincipalId,
    parts: Vec<Part>,
    /// What runs, and as what, in words.
    runs: String,
}

impl Change {
    fn plan(&self, inventory: &Inventory, loss: &Loss<'_>) -> Option<Plan> {
        let role = inventory.principal(self.role)?;
        let mut parts = self.parts.clone();
        for step in &loss.means.steps {
            let by = if step.by == By::Actor { By::Role(self.role) } else { step.by };
            let who = format!("{} (as role {})", self.runs, role.name);
            let mut part = Part::call(&step.action, step.on.clone(), step.words.replace("{who}", &who)).by(by);
            part.ask.given.clone_from(&step.given);
            part.known = Some(step.verdict);
            part.clears = step.clears;
            parts.push(part);
        }
        Some(Plan {
            kind: self.kind,
            class: loss.means.class,
            action: Arc::clone(&loss.means.action),
            targets: loss.targets.clone(),
            parts,
            terms: loss.means.terms.clone(),
            except: Some(self.role),
        })
    }
}

fn changes(inventory: &Inventory, id: ResourceId, known: &Resource) -> Vec<Change> {
    let role = |arn: Option<&str>| arn.and_then(|arn| inventory.find_principal(arn));
    let name = words::resource(known);
    let on = On::Resource(id);
    let call = |action: &str, what: &str| Part::call(action, on.clone(), format!("{{who}} {what} ({action})"));
    let one = |kind, role: Option<PrincipalId>, parts: Vec<Part>| {
        role.map(|role| Change { kind, role, parts, runs: name.clone() })
    };
    match known.kind.as_str() {
        "AWS::Lambda::Function" => {
            let role = role(known.text("Role"));
            let code = "lambda:UpdateFunctionCode";
            let signing = obstacles(inventory, known, code).into_iter().flatten();
            let signing = signing.flat_map(|obstacle| clear(obstacle.guard, &on, &name, obstacle.read));
            let mut parts: Vec<Part> = signing.collect();
            parts.push(call(code, &format!("replaces the code of {name}")));
            let layer = call(
                "lambda:UpdateFunctionConfiguration",
                &format!("gives {name} a layer or a start-up command of its own"),
            );
            one(FUNCTION, role, parts).into_iter().chain(one(FUNCTION, role, vec![layer])).collect()
        }
        "AWS::CodeBuild::Project" => {
            let start = call("codebuild:StartBuild", &format!("starts {name} with other commands than its own"));
            one(BUILD, role(known.text("ServiceRole")), vec![start]).into_iter().collect()
        }
        "AWS::CodePipeline::Pipeline" => {
            let own = known.text("RoleArn");
            let Some(own) = own.filter(|arn| !arn.is_empty()) else { return Vec::new() };
            let pass = Part::call(
                "iam:PassRole",
                On::Arn(own.into()),
                format!(
                    "{{who}} hands the pipeline its role {} again (iam:PassRole)",
                    own.rsplit('/').next().unwrap_or(own)
                ),
            )
            .given(&[("iam:PassedToService", &["codepipeline.amazonaws.com"])]);
            let parts = vec![
                pass,
                call("codepipeline:UpdatePipeline", &format!("gives {name} a step of commands of its own")),
                call("codepipeline:StartPipelineExecution", &format!("starts {name}")),
            ];
            one(PIPELINE, role(Some(own)), parts).into_iter().collect()
        }
        "AWS::ECS::Service" => {
            let Some(own) = known.text("TaskRoleArn").filter(|arn| !arn.is_empty()) else { return Vec::new() };
            let pass = Part::call(
                "iam:PassRole",
                On::Arn(own.into()),
                format!(
                    "{{who}} hands the containers their role {} again (iam:PassRole)",
                    own.rsplit('/').next().unwrap_or(own)
                ),
            )
            .given(&[("iam:PassedToService", &["ecs-tasks.amazonaws.com"])]);
            let register = Part::call(
                "ecs:RegisterTaskDefinition",
                On::Arn("*".into()),
                "{who} registers a task with another image (ecs:RegisterTaskDefinition)",
            );
            let parts = vec![pass, register, call("ecs:UpdateService", &format!("lets {name} run it"))];
            one(CONTAINER, role(Some(own)), parts).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
