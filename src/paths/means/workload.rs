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
use super::super::terms::Terms;
use super::super::way::{By, Means, On, Step};
use super::own::clear;
use super::plan::{Part, Plan, solve_each};
use crate::access::Access;
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

/// Means by everything that runs with a role which has one of these means.
pub(super) fn means(access: &Access<'_>, known: &[Means]) -> Vec<Means> {
    let inventory = access.inventory();
    let changes: Vec<Change> = inventory.resource_ids().flat_map(|(id, known)| changes(inventory, id, known)).collect();
    let roles: BTreeSet<PrincipalId> = changes.iter().map(|change| change.role).collect();
    let mut of_role: FxHashMap<PrincipalId, Vec<&Means>> = FxHashMap::default();
    // A loss of the record or of a guard alone is no loss of a resource.
    for one in known.iter().filter(|one| matches!(one.class, Class::Environment | Class::Data | Class::Recovery)) {
        for actor in one.actors.iter().filter(|actor| roles.contains(actor)) {
            of_role.entry(*actor).or_default().push(one);
        }
    }
    let losses: FxHashMap<PrincipalId, Vec<Loss<'_>>> =
        of_role.into_iter().map(|(role, means)| (role, losses(&means))).collect();
    let useful: Vec<&Change> = changes.iter().filter(|change| losses.contains_key(&change.role)).collect();
    let plans: Vec<Plan> = useful.iter().map(|change| change.plan()).collect();
    let mut all = Vec::new();
    // Whoever can change two things that run with one role is told of the first.
    let mut told: BTreeSet<(PrincipalId, &str, PrincipalId)> = BTreeSet::new();
    for (change, entries) in useful.iter().zip(solve_each(access, &plans)) {
        for entry in entries {
            let new = |actor: &&PrincipalId| told.insert((change.role, change.kind, **actor));
            let actors: Arc<[PrincipalId]> = entry.actors.iter().filter(new).copied().collect();
            for loss in losses.get(&change.role).into_iter().flatten().filter(|_| !actors.is_empty()) {
                all.push(change.through(inventory, &entry, &actors, loss));
            }
        }
    }
    all
}

/// The easiest means to a kind of loss, with everything it reaches for which there is no easier one.
struct Loss<'m> {
    means: &'m Means,
    targets: Arc<[ResourceId]>,
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
        let targets: Arc<[ResourceId]> = one.targets.iter().filter(new).copied().collect();
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
    /// What runs.
    on: ResourceId,
    parts: Vec<Part>,
    /// The same in words.
    runs: String,
}

impl Change {
    /// What has to be allowed to change it.
    fn plan(&self) -> Plan {
        Plan {
            kind: self.kind,
            class: Class::Guard,
            action: "".into(),
            targets: vec![self.on],
            parts: self.parts.clone(),
            terms: Terms::default(),
            except: Some(self.role),
        }
    }

    /// Those who can change it take what its role takes.
    fn through(&self, inventory: &Inventory, entry: &Means, actors: &Arc<[PrincipalId]>, loss: &Loss<'_>) -> Means {
        let role = inventory.principal(self.role).map_or("", |role| &role.name);
        let who = format!("{} (as role {role})", self.runs);
        let as_role = |step: &Step| Step {
            by: if step.by == By::Actor { By::Role(self.role) } else { step.by },
            words: step.words.replace("{who}", &who).into(),
            ..step.clone()
        };
        Means {
            kind: self.kind,
            class: loss.means.class,
            action: Arc::clone(&loss.means.action),
            actors: Arc::clone(actors),
            targets: Arc::clone(&loss.targets),
            terms: entry.terms.clone().and(loss.means.terms.clone()),
            steps: entry.steps.iter().cloned().chain(loss.means.steps.iter().map(as_role)).collect(),
        }
    }
}

fn changes(inventory: &Inventory, id: ResourceId, known: &Resource) -> Vec<Change> {
    let role = |arn: Option<&str>| arn.and_then(|arn| inventory.find_principal(arn));
    let name = words::resource(known);
    let on = On::Resource(id);
    let call = |action: &str, what: &str| Part::call(action, on.clone(), format!("{{who}} {what} ({action})"));
    let one = |kind, role: Option<PrincipalId>, parts: Vec<Part>| {
        role.map(|role| Change { kind, role, on: id, parts, runs: name.clone() })
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
