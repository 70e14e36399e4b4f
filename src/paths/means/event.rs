//! Taking a resource through a rule of EventBridge: a rule starts a build or a container task with a role of its own, and
//! with the parameters that its target says. Whoever may write a target and pass such a role lets the build run other
//! commands than its own, or the task another command.
//!
//! To start what is there as it is, by an event or by a schedule, is not to say what it does: that is not followed. Nor are
//! targets that decide themselves what they do with an event (functions, queues, state machines, pipelines).
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>,
//! <https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_events_targets.CodeBuildProjectProps.html> (what a target
//! says is the request that starts the build), <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/tasks-scheduled-eventbridge-scheduler.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>

use super::super::direct;
use super::super::terms::Terms;
use super::super::way::{By, On};
use super::plan::Part;
use super::trust::roles_trusting;
use super::workload::{Change, pass};
use crate::access::{Access, MADE, Targets};
use crate::base::{Arn, Certainty};
use crate::catalog;
use crate::inventory::{Inventory, PrincipalId, Resource, ResourceId, words};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A rule starts something with other parameters.
pub(super) const EVENT: &str = "event-rule";

const EVENTS: &str = "events.amazonaws.com";
const START_BUILD: &str = "codebuild:StartBuild";
const RUN_TASK: &str = "ecs:RunTask";

/// What has to be done to have a build or a task do as one likes by way of a rule. `worth`: whether a role can take
/// anything.
pub(super) fn changes(access: &Access<'_>, worth: &dyn Fn(PrincipalId) -> bool) -> Vec<Change> {
    let inventory = access.inventory();
    let starters: BTreeSet<PrincipalId> = roles_trusting(inventory, EVENTS).into_iter().collect();
    if starters.is_empty() {
        return Vec::new();
    }
    let startable = inventory.resource_ids().filter_map(|(id, known)| Started::of(inventory, id, known));
    let startable: Vec<Started> = startable.filter(|started| worth(started.role)).collect();
    let rules: Vec<(ResourceId, &Resource)> =
        inventory.resource_ids().filter(|(_, resource)| resource.kind == "AWS::Events::Rule").collect();
    let mut all = Vec::new();
    for (at, role) in who_starts(access, &startable, &starters) {
        let Some(started) = startable.get(at) else { continue };
        let Some(known) = inventory.resource(started.id) else { continue };
        let Some(starter) = inventory.principal(role).filter(|role| role.account == known.account) else { continue };
        let handed = pass(&starter.arn, EVENTS, "passes the role {role} to EventBridge");
        let Some(arn) = Arn::parse(&known.arn) else { continue };
        let new = format!("arn:{}:events:{}:{}:rule/{MADE}", arn.partition, arn.region, arn.account);
        let put = |on: On, words: String| {
            Part::call("events:PutTargets", on, words).given(&[("events:TargetArn", &[started.target.as_str()])])
        };
        let words = format!("{{who}} makes {} its target, {} (events:PutTargets)", started.name, started.how);
        let fires = "{who} creates an event rule that fires (events:PutRule)";
        let parts = vec![
            handed.clone(),
            Part::call("events:PutRule", On::Arn(new.as_str().into()), fires),
            put(On::Arn(new.into()), words),
        ];
        all.extend(started.change(role, parts));
        // A rule that does so already is only told to say something else.
        for (rule, rule_known) in rules.iter().filter(|(_, rule)| starts(rule, &started.target, &starter.arn)) {
            let words = format!(
                "{{who}} has {} start {} {} (events:PutTargets)",
                words::resource(rule_known),
                started.name,
                started.how
            );
            all.extend(started.change(role, vec![handed.clone(), put(On::Resource(*rule), words)]));
        }
    }
    all
}

/// Which of some roles may start what, by place; each question is asked once.
fn who_starts(
    access: &Access<'_>,
    startable: &[Started],
    starters: &BTreeSet<PrincipalId>,
) -> BTreeSet<(usize, PrincipalId)> {
    let inventory = access.inventory();
    let mut found = BTreeSet::new();
    for action in [START_BUILD, RUN_TASK] {
        let mut targets = Targets::default();
        let mut of_position: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, started) in startable.iter().enumerate().filter(|(_, started)| started.action == action) {
            let arn = match &started.on {
                On::Resource(id) => inventory.resource(*id).map(|known| Arc::clone(&known.arn)),
                On::Arn(arn) => Some(Arc::clone(arn)),
                On::Target => None,
            };
            for position in arn.map(|arn| targets.aim(inventory, catalog::action(action), &arn)).unwrap_or_default() {
                of_position.entry(position).or_default().push(at);
            }
        }
        if targets.is_empty() {
            continue;
        }
        for answer in access.who_can(action, &targets, &direct()) {
            let roles: Vec<PrincipalId> =
                answer.principals.iter().copied().filter(|id| starters.contains(id)).collect();
            if roles.is_empty() {
                continue;
            }
            let allowed = answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied());
            for at in allowed.flat_map(|block| &*block.targets).filter_map(|at| of_position.get(at)).flatten() {
                found.extend(roles.iter().map(|role| (*at, *role)));
            }
        }
    }
    found
}

/// Whether a rule starts this with this role, and is nobody's but the account's.
fn starts(rule: &Resource, target: &str, role: &str) -> bool {
    let targets = rule.properties.get("Targets").and_then(Value::as_array);
    let text = |one: &Value, field: &str| one.get(field).and_then(Value::as_str).map(str::to_owned);
    let is_own = rule.text("ManagedBy").is_none_or(str::is_empty) && rule.text("State") != Some("DISABLED");
    is_own
        && targets
            .into_iter()
            .flatten()
            .any(|one| text(one, "Arn").as_deref() == Some(target) && text(one, "RoleArn").as_deref() == Some(role))
}

/// What a rule can start with parameters that matter.
struct Started {
    id: ResourceId,
    name: String,
    /// What the rule names.
    target: String,
    /// How it is started, in words.
    how: &'static str,
    /// What it then acts as.
    role: PrincipalId,
    /// What the role of the rule has to be allowed.
    action: &'static str,
    on: On,
    /// The same in words.
    what: &'static str,
    /// A role that it hands on.
    passes: Option<String>,
    terms: Terms,
}

impl Started {
    fn of(inventory: &Inventory, id: ResourceId, known: &Resource) -> Option<Started> {
        let name = words::resource(known);
        match known.kind.as_str() {
            "AWS::CodeBuild::Project" => Some(Started {
                id,
                name,
                target: known.arn.to_string(),
                how: "with other commands than its own",
                role: inventory.find_principal(known.text("ServiceRole")?)?,
                action: START_BUILD,
                on: On::Resource(id),
                what: "starts the build",
                passes: None,
                terms: Terms::default(),
            }),
            "AWS::ECS::Service" => {
                let role = known.text("TaskRoleArn").filter(|arn| !arn.is_empty())?;
                let definition = known.text("TaskDefinition").filter(|arn| arn.starts_with("arn:"))?;
                let tool = format!("the image of {name} holds a program that can do it");
                Some(Started {
                    id,
                    target: cluster(known)?,
                    how: "with another command than its own",
                    role: inventory.find_principal(role)?,
                    action: RUN_TASK,
                    on: On::Arn(definition.into()),
                    what: "runs the task",
                    passes: Some(role.to_owned()),
                    terms: Terms { certainty: Certainty::Conditional, conditions: [tool].into() },
                    name: format!("the task of {name}"),
                })
            }
            _ => None,
        }
    }

    /// `before`: what whoever goes the way does.
    fn change(&self, starter: PrincipalId, before: Vec<Part>) -> Option<Change> {
        // A rule that acts as the role which is wanted needs no detour.
        if starter == self.role {
            return None;
        }
        let mut parts = before;
        let words = format!("EventBridge {} with that role ({})", self.what, self.action);
        parts.push(Part::call(self.action, self.on.clone(), words).by(By::Role(starter)));
        if let Some(role) = &self.passes {
            let mut handed = pass(role, "ecs-tasks.amazonaws.com", "");
            handed.words = "EventBridge passes the task its role (iam:PassRole)".into();
            parts.push(handed.by(By::Role(starter)));
        }
        Some(Change {
            kind: EVENT,
            role: self.role,
            on: self.id,
            parts,
            runs: self.name.clone(),
            terms: self.terms.clone(),
            only: None,
        })
    }
}

/// A rule names the cluster in which the task runs.
fn cluster(service: &Resource) -> Option<String> {
    let named = service.text("Cluster")?;
    if named.starts_with("arn:") {
        return Some(named.to_owned());
    }
    let arn = Arn::parse(&service.arn)?;
    Some(format!("arn:{}:ecs:{}:{}:cluster/{named}", arn.partition, arn.region, arn.account))
}
