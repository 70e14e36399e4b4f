//! What a stack made, the stacks nested in it included, and what becomes of it when the stack goes.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>

use crate::base::Arn;
use crate::catalog::told_as;
use crate::inventory::{AccountId, Inventory, Resource, ResourceId, kinds};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The CloudFormation type of stacks.
pub(super) const STACK: &str = "AWS::CloudFormation::Stack";

/// What becomes of a resource when its stack is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// It is deleted.
    Deleted,
    /// It is deleted after a last snapshot of it.
    AfterSnapshot,
    /// It stays.
    Kept,
}

/// A resource that a stack made.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// The resource.
    pub resource: ResourceId,
    /// What becomes of it.
    pub fate: Fate,
    /// The stacks between, from the outermost to the one that made it.
    pub nested: Vec<ResourceId>,
    /// Its name in the template that lists it, or that of the nested stack it is in; `None`: known by its tag only.
    pub logical: Option<String>,
}

/// Finds what stacks made.
pub(super) struct Members<'i> {
    inventory: &'i Inventory,
    /// Resources by the names that a stack may list them by.
    by_physical: FxHashMap<(AccountId, &'i str), Vec<ResourceId>>,
    /// Resources that belong to a stack as far as their tags say.
    by_stack: BTreeMap<ResourceId, Vec<ResourceId>>,
}

impl<'i> Members<'i> {
    /// Looks through the stacks' lists.
    pub fn new(inventory: &'i Inventory) -> Members<'i> {
        let mut by_physical: FxHashMap<(AccountId, &str), Vec<ResourceId>> = FxHashMap::default();
        let mut by_stack: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
        for (id, resource) in inventory.resource_ids() {
            if resource.stacks.is_empty() {
                continue;
            }
            let name = Arn::parse(&resource.arn).map_or("", |arn| arn.name());
            for known_as in [&*resource.arn, name] {
                by_physical.entry((resource.account, known_as)).or_default().push(id);
            }
            for stack in &resource.stacks {
                by_stack.entry(*stack).or_default().push(id);
            }
        }
        Members { inventory, by_physical, by_stack }
    }

    /// Every stack that made one of the resources, or in which such a stack is nested.
    pub fn stacks_over(&self, resources: &[ResourceId]) -> BTreeSet<ResourceId> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<ResourceId> = resources.to_vec();
        while let Some(id) = waiting.pop() {
            let Some(resource) = self.inventory.resource(id) else { continue };
            let parents = ["ParentId", "RootId"].into_iter().filter_map(|property| resource.text(property));
            let parents = parents.filter_map(|arn| self.inventory.find_resource(arn));
            let over: Vec<ResourceId> = resource.stacks.iter().copied().chain(parents).collect();
            waiting.extend(over.into_iter().filter(|stack| *stack != id && found.insert(*stack)));
        }
        found
    }

    /// What a stack made, each once, by resource.
    pub fn of(&self, stack: ResourceId) -> Vec<Member> {
        let mut found: BTreeMap<ResourceId, Member> = BTreeMap::new();
        let mut visited = BTreeSet::from([stack]);
        self.collect(stack, &[], Fate::Deleted, None, &mut visited, &mut found);
        for resource in self.by_stack.get(&stack).into_iter().flatten() {
            let unlisted = Member { resource: *resource, fate: Fate::Deleted, nested: Vec::new(), logical: None };
            found.entry(*resource).or_insert(unlisted);
        }
        found.into_values().collect()
    }

    fn collect(
        &self,
        stack: ResourceId,
        nested: &[ResourceId],
        outer: Fate,
        outermost: Option<&str>,
        visited: &mut BTreeSet<ResourceId>,
        found: &mut BTreeMap<ResourceId, Member>,
    ) {
        let Some(known) = self.inventory.resource(stack) else { return };
        let entries = known.properties.get("Resources").and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let text = |field: &str| entry.get(field).and_then(Value::as_str);
            let (Some(physical), Some(kind)) = (text("PhysicalResourceId"), text("ResourceType")) else { continue };
            let fate = outer.max(fate(kind, text("DeletionPolicy")));
            let logical = outermost.or(text("LogicalResourceId"));
            for id in self.by_physical.get(&(known.account, physical)).into_iter().flatten() {
                if self
                    .inventory
                    .resource(*id)
                    .is_none_or(|resource| told_as(&resource.kind) != told_as(kinds::name(kind)))
                {
                    continue;
                }
                let member =
                    Member { resource: *id, fate, nested: nested.to_vec(), logical: logical.map(str::to_owned) };
                found.entry(*id).or_insert(member);
                if kind == STACK && visited.insert(*id) {
                    let inner: Vec<ResourceId> = nested.iter().copied().chain([*id]).collect();
                    self.collect(*id, &inner, fate, logical, visited, found);
                }
            }
        }
    }
}

/// Without a policy a database is deleted after a last snapshot, and everything else at once.
fn fate(kind: &str, policy: Option<&str>) -> Fate {
    match policy {
        Some("Retain" | "RetainExceptOnCreate") => Fate::Kept,
        Some("Snapshot") => Fate::AfterSnapshot,
        None if matches!(kind, "AWS::RDS::DBCluster" | "AWS::RDS::DBInstance") => Fate::AfterSnapshot,
        _ => Fate::Deleted,
    }
}

/// The stack whose termination protection holds for this one: the root, where it is nested.
pub(super) fn root_of(inventory: &Inventory, id: ResourceId, stack: &Resource) -> ResourceId {
    stack.text("RootId").and_then(|arn| inventory.find_resource(arn)).unwrap_or(id)
}
