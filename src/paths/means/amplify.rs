//! Taking what hangs on an Amplify app: its branches, domains, webhooks and back-end environments go with it, and a
//! second-generation branch takes the stack of its back end along.
//!
//! What the app itself holds goes with the app. Amplify tears the stack of a branch down with rights of its own, which AWS
//! does not document; so that is said as a condition.
//!
//! Sources: <https://docs.aws.amazon.com/amplify/latest/APIReference/API_DeleteApp.html>,
//! <https://docs.aws.amazon.com/amplify/latest/APIReference/API_DeleteBranch.html>,
//! <https://docs.aws.amazon.com/amplify/latest/APIReference/API_Backend.html>

use super::super::terms::Terms;
use super::super::way::On;
use super::deleted_by::deleted_by;
use super::members::{Fate, Members};
use super::own::clears;
use super::plan::{Part, Plan};
use crate::base::Certainty;
use crate::catalog::destruction::Class;
use crate::inventory::{Inventory, Resource, ResourceId, words};
use serde_json::Value;
use std::collections::BTreeSet;

/// Something above it in Amplify is deleted.
pub(super) const AMPLIFY: &str = "amplify";

const DELETE_APP: &str = "amplify:DeleteApp";
const DELETE_BRANCH: &str = "amplify:DeleteBranch";

/// Plans for every app and branch on which one of the resources hangs.
pub(super) fn plans(inventory: &Inventory, resources: &[ResourceId]) -> Vec<Plan> {
    let wanted: BTreeSet<ResourceId> = resources.iter().copied().collect();
    let of_kind = |kind: &'static str| inventory.resource_ids().filter(move |(_, known)| known.kind == kind);
    let members = Members::new(inventory);
    let mut plans = Vec::new();
    for (app, known) in of_kind("AWS::Amplify::App") {
        let inside = format!("{}/", known.arn);
        let hangs_on = |(id, resource): &(ResourceId, &Resource)| {
            let of_app = resource.kind == "AWS::Amplify::Webhook"
                && resource.account == known.account
                && resource.text("AppId").is_some()
                && resource.text("AppId") == known.text("AppId");
            wanted.contains(id) && (resource.arn.starts_with(&inside) || of_app)
        };
        let targets: Vec<ResourceId> = inventory.resource_ids().filter(hangs_on).map(|(id, _)| id).collect();
        let words = format!("{{who}} deletes {}, and {{what}} goes with it ({DELETE_APP})", words::resource(known));
        if !targets.is_empty() {
            plans.push(plan(
                Class::Environment,
                DELETE_APP,
                targets,
                vec![Part::call(DELETE_APP, On::Resource(app), words)],
            ));
        }
    }
    for (branch, known) in of_kind("AWS::Amplify::Branch") {
        let stack = known.properties.get("Backend").and_then(|backend| backend.get("StackArn")).and_then(Value::as_str);
        let Some(stack) = stack.and_then(|arn| inventory.find_resource(arn)) else { continue };
        let app = known.arn.split_once("/branches/").and_then(|(app, _)| inventory.find_resource(app));
        let tears = |on: ResourceId, action: &str| {
            let name = inventory.resource(on).map(words::resource).unwrap_or_default();
            let words = format!("{{who}} deletes {name}, and Amplify deletes its back end with {{what}} ({action})");
            Part::call(action, On::Resource(on), words)
        };
        let ways: Vec<(ResourceId, &str)> = [(Some(branch), DELETE_BRANCH), (app, DELETE_APP)]
            .into_iter()
            .filter_map(|(on, action)| Some((on?, action)))
            .collect();
        let taken =
            members.of(stack).into_iter().filter(|member| member.fate != Fate::Kept).map(|member| member.resource);
        for target in taken.chain([stack]).filter(|id| wanted.contains(id)) {
            let Some(resource) = inventory.resource(target) else { continue };
            let (action, class) = if target == stack {
                ("cloudformation:DeleteStack", Class::Environment)
            } else if let Some(known) = deleted_by(&resource.kind) {
                known
            } else {
                continue;
            };
            let Some(clears) = clears(inventory, resource, action) else { continue };
            for (on, call) in &ways {
                let mut parts = clears.clone();
                parts.push(tears(*on, call));
                let mut plan = plan(class, action, vec![target], parts);
                plan.terms = Terms {
                    certainty: Certainty::Conditional,
                    conditions: ["Amplify deletes the back end of the branch with it".to_owned()].into(),
                };
                plans.push(plan);
            }
        }
    }
    plans
}

fn plan(class: Class, action: &str, targets: Vec<ResourceId>, parts: Vec<Part>) -> Plan {
    Plan { kind: AMPLIFY, class, action: action.into(), targets, parts, terms: Terms::default(), except: None }
}
