//! Taking a resource through something that runs with a role which may take it: a function, a build, a pipeline, a
//! container. Whoever may change what runs there has what its role has.
//!
//! The caller need not be allowed to pass the role where only the code is changed; where a definition that names the role
//! is written anew, it must.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html>,
//! <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>

use super::super::guard::obstacles;
use super::super::terms::Terms;
use super::super::way::{By, Means, On, Step};
use super::own::{OWN, clear};
use super::plan::{Part, Plan, solve_each};
use super::{event, members::Members, pipeline};
use crate::access::Access;
use crate::catalog::destruction::Class;
use crate::inventory::{Inventory, PrincipalId, Resource, ResourceId, words};
use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a function runs is changed.
pub(super) const FUNCTION: &str = "function";
/// What a build runs is changed.
pub(super) const BUILD: &str = "build";
/// What a container runs is changed.
pub(super) const CONTAINER: &str = "container";

/// Means by everything that runs with a role which has one of these means.
pub(super) fn means(access: &Access<'_>, known: &[Means]) -> Vec<Means> {
    let inventory = access.inventory();
    let members = LazyCell::new(|| Members::new(inventory));
    let made_by = |stack: ResourceId| members.of(stack).into_iter().map(|member| member.resource).collect();
    let mut changes: Vec<Change> =
        inventory.resource_ids().flat_map(|(id, known)| changes(inventory, &made_by, id, known)).collect();
    let mut takes = FixedBitSet::with_capacity(inventory.principals.len());
    for actor in known.iter().filter(|means| is_loss(means)).flat_map(|means| means.actors.iter()) {
        takes.grow_and_insert(actor.0 as usize);
    }
    changes.extend(event::changes(access, &|role| takes.contains(role.0 as usize)));
    let roles: BTreeSet<PrincipalId> = changes.iter().map(|change| change.role).collect();
    let mut of_role: FxHashMap<PrincipalId, Vec<&Means>> = FxHashMap::default();
    for one in known.iter().filter(|one| is_loss(one)) {
        for actor in one.actors.iter().filter(|actor| roles.contains(actor)) {
            of_role.entry(*actor).or_default().push(one);
        }
    }
    let losses: FxHashMap<PrincipalId, Vec<Loss<'_>>> =
        of_role.iter().map(|(role, means)| (*role, losses(means))).collect();
    let useful: Vec<&Change> = changes.iter().filter(|change| losses.contains_key(&change.role)).collect();
    let plans: Vec<Plan> = useful.iter().map(|change| change.plan()).collect();
    let mut all = Vec::new();
    // Whoever can change two things that run with one role is told of the first.
    let mut told: BTreeSet<(PrincipalId, &str, Option<ResourceId>, PrincipalId)> = BTreeSet::new();
    for (change, entries) in useful.iter().zip(solve_each(access, &plans)) {
        for entry in entries {
            let of = change.only.is_some().then_some(change.on);
            let new = |actor: &&PrincipalId| told.insert((change.role, change.kind, of, **actor));
            let actors: Arc<[PrincipalId]> = entry.actors.iter().filter(new).copied().collect();
            if actors.is_empty() {
                continue;
            }
            let of_change = match &change.only {
                None => losses.get(&change.role).map(Vec::as_slice).unwrap_or_default(),
                Some(only) => &of_these(of_role.get(&change.role).map(Vec::as_slice).unwrap_or_default(), only),
            };
            all.extend(of_change.iter().map(|loss| change.through(inventory, &entry, &actors, loss)));
        }
    }
    all
}

/// A loss of the record or of a guard alone is no loss of a resource.
fn is_loss(means: &Means) -> bool {
    matches!(means.class, Class::Environment | Class::Data | Class::Recovery)
}

/// The easiest means to a kind of loss, with everything it reaches for which there is no easier one.
struct Loss<'m> {
    means: &'m Means,
    targets: Arc<[ResourceId]>,
}

/// For each resource and kind of loss the easiest means, as a whole and bit by bit: the surest, of the fewest steps.
fn losses<'m>(means: &[&'m Means]) -> Vec<Loss<'m>> {
    let ease =
        |one: &Means| (one.terms.certainty, one.terms.conditions.len(), one.steps.len(), Arc::clone(&one.action));
    let is_whole = |one: &Means| one.kind == OWN;
    let mut sorted: Vec<&'m Means> = means.to_vec();
    sorted.sort_by_cached_key(|one| (!is_whole(one), ease(one)));
    let mut taken: BTreeSet<(ResourceId, Class, bool)> = BTreeSet::new();
    let mut all = Vec::new();
    for one in sorted {
        let new = |target: &&ResourceId| taken.insert((**target, one.class, is_whole(one)));
        let targets: Arc<[ResourceId]> = one.targets.iter().filter(new).copied().collect();
        if !targets.is_empty() {
            all.push(Loss { means: one, targets });
        }
    }
    all
}

/// The same of those that take some resources by a certain action each.
fn of_these<'m>(means: &[&'m Means], only: &BTreeMap<ResourceId, &'static str>) -> Vec<Loss<'m>> {
    let mut all = Vec::new();
    for one in means.iter().filter(|one| one.is_own_call()) {
        let meant = |target: &&ResourceId| only.get(target).is_some_and(|action| **action == *one.action);
        let targets: Arc<[ResourceId]> = one.targets.iter().filter(meant).copied().collect();
        if !targets.is_empty() {
            all.push(Loss { means: one, targets });
        }
    }
    all
}

/// A way to make something that runs do as one likes.
pub(super) struct Change {
    /// What kind of means it makes.
    pub kind: &'static str,
    /// With which role it acts.
    pub role: PrincipalId,
    /// What runs.
    pub on: ResourceId,
    /// What has to be done.
    pub parts: Vec<Part>,
    /// What runs, in words.
    pub runs: String,
    /// What has to hold besides.
    pub terms: Terms,
    /// What it can take of all that its role can, and by which action; `None`: everything, by any.
    pub only: Option<BTreeMap<ResourceId, &'static str>>,
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
            terms: self.terms.clone(),
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

fn changes(
    inventory: &Inventory,
    made_by: &dyn Fn(ResourceId) -> Vec<ResourceId>,
    id: ResourceId,
    known: &Resource,
) -> Vec<Change> {
    let role = |arn: Option<&str>| arn.and_then(|arn| inventory.find_principal(arn));
    let name = words::resource(known);
    let on = On::Resource(id);
    let call = |action: &str, what: &str| Part::call(action, on.clone(), format!("{{who}} {what} ({action})"));
    let one = |kind, role: Option<PrincipalId>, parts: Vec<Part>| {
        role.map(|role| Change { kind, role, on: id, parts, runs: name.clone(), terms: Terms::default(), only: None })
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
        "AWS::CodePipeline::Pipeline" => pipeline::changes(inventory, made_by, id, known),
        "AWS::ECS::Service" => {
            let Some(own) = known.text("TaskRoleArn").filter(|arn| !arn.is_empty()) else { return Vec::new() };
            let pass = pass(own, "ecs-tasks.amazonaws.com", "passes the containers their role {role} again");
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

/// A role is handed to a service. `what`: with `{role}`, which is its name.
pub(super) fn pass(role: &str, service: &str, what: &str) -> Part {
    let what = what.replace("{role}", role.rsplit('/').next().unwrap_or(role));
    Part::call("iam:PassRole", On::Arn(role.into()), format!("{{who}} {what} (iam:PassRole)"))
        .given(&[("iam:PassedToService", &[service])])
}
