//! Taking a resource through the stack that made it: deleting the stack, updating it with a template that no longer has
//! the resource, or handing CloudFormation a role that may delete what the stack's own rights would not.
//!
//! CloudFormation acts with the role of the stack, where it has one: then the role's rights count, not the caller's, and
//! the caller need not even be allowed to pass that role. Without one it passes the caller's credentials on, so statements
//! that ask for `aws:CalledVia` apply. A role given with the request (which takes `iam:PassRole`) replaces both.
//! Termination protection stops the deletion of the stack and no update; a stack policy stops updates and no deletion, and
//! whoever may set it may override it.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>

use super::super::guard::obstacles;
use super::super::terms::Terms;
use super::super::way::{By, Means, On};
use super::deleted_by::deleted_by;
use super::members::{Fate, Member, Members, STACK, root_of};
use super::own::{clear, clears};
use super::plan::{Part, Plan};
use super::stack_policy::forbids_deletion;
use super::trust::roles_trusting;
use crate::base::Certainty;
use crate::catalog::destruction::Class;
use crate::inventory::{Inventory, PrincipalId, Resource, ResourceId, words};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The stack is deleted.
pub(super) const DELETION: &str = "stack-deletion";
/// The stack is updated.
pub(super) const UPDATE: &str = "stack-update";
/// Either, with a role that comes with the request.
pub(super) const PASSED_ROLE: &str = "passed-role";

/// The service.
pub(super) const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";
const ROLE_KEY: &str = "cloudformation:RoleArn";

/// Plans for every stack that made one of the resources.
pub(super) fn plans(inventory: &Inventory, resources: &[ResourceId]) -> Vec<Plan> {
    let wanted: BTreeSet<ResourceId> = resources.iter().copied().collect();
    let members = Members::new(inventory);
    let roles = roles_trusting(inventory, CLOUDFORMATION);
    let role_matters = mentions(inventory, ROLE_KEY);
    let mut plans = Vec::new();
    for id in members.stacks_over(resources) {
        let Some(stack) = inventory.resource(id).filter(|resource| resource.kind == STACK) else { continue };
        let scene = Scene { inventory, id, stack, role_matters };
        // What is deleted by the same action and kept by the same things goes together.
        let mut alike: BTreeMap<Alike, Vec<Member>> = BTreeMap::new();
        for member in members.of(id).into_iter().filter(|member| wanted.contains(&member.resource)) {
            if let Some(key) = scene.alike(&member) {
                alike.entry(key).or_default().push(member);
            }
        }
        for (key, members) in alike {
            let Some(group) = Group::new(inventory, &key, &members) else { continue };
            scene.own_rights(&group, &mut plans);
            for role in roles.iter().filter(|role| scene.can_be_given(**role)) {
                scene.passed_role(&group, *role, &mut plans);
            }
        }
    }
    plans
}

/// Type, fate, stacks between, whether a stack policy keeps it, and by what it is guarded.
type Alike = (String, Fate, Vec<ResourceId>, bool, Vec<(&'static str, bool)>);

struct Scene<'i> {
    inventory: &'i Inventory,
    id: ResourceId,
    stack: &'i Resource,
    /// Whether some policy asks which role a request names.
    role_matters: bool,
}

/// Resources of a stack that go in the same way.
struct Group {
    action: &'static str,
    class: Class,
    targets: Vec<ResourceId>,
    fate: Fate,
    nested: Vec<ResourceId>,
    policy_forbids: bool,
    /// What clears their own protections away.
    clears: Vec<Part>,
}

impl Group {
    fn new(
        inventory: &Inventory,
        (kind, fate, nested, policy_forbids, _): &Alike,
        members: &[Member],
    ) -> Option<Group> {
        let (action, class) = deleted_by(kind)?;
        let first = inventory.resource(members.first()?.resource)?;
        Some(Group {
            action,
            // What a last snapshot holds can be brought back.
            class: if *fate == Fate::AfterSnapshot { Class::Environment } else { class },
            targets: members.iter().map(|member| member.resource).collect(),
            fate: *fate,
            nested: nested.clone(),
            policy_forbids: *policy_forbids,
            clears: clears(inventory, first, action)?,
        })
    }
}

impl Scene<'_> {
    fn alike(&self, member: &Member) -> Option<Alike> {
        let resource = self.inventory.resource(member.resource)?;
        let (action, _) = deleted_by(&resource.kind)?;
        let guards = obstacles(self.inventory, resource, action)?;
        let guards = guards.iter().map(|obstacle| (obstacle.guard.name(), obstacle.read)).collect();
        let policy = self.stack.properties.get("StackPolicy");
        let outermost = member.nested.first().and_then(|nested| self.inventory.resource(*nested));
        let kind = outermost.map_or(resource.kind.as_str(), |nested| nested.kind.as_str());
        let forbids = policy
            .zip(member.logical.as_deref())
            .is_some_and(|(policy, logical)| forbids_deletion(policy, logical, kind));
        Some((resource.kind.clone(), member.fate, member.nested.clone(), forbids, guards))
    }

    /// With the rights of the stack's role, or else of the caller.
    fn own_rights(&self, group: &Group, plans: &mut Vec<Plan>) {
        let role = self.stack.text("RoleARN").filter(|arn| !arn.is_empty());
        let by = match role {
            None => By::Actor,
            Some(arn) => self.inventory.find_principal(arn).map_or(By::Unread, By::Role),
        };
        let whose = match role {
            None => "with the rights of {who}".to_owned(),
            Some(arn) => format!("as the stack's role {}, whatever {{who}} may do itself", last(arn)),
        };
        if group.fate != Fate::Kept {
            plans.push(self.plan(DELETION, group, self.delete(group, None), self.carry_out(group, by, &whose)));
        }
        for change in self.changes(group, None) {
            plans.push(self.plan(UPDATE, group, change, self.carry_out(group, by, &whose)));
        }
    }

    /// With the rights of a role that the caller passes.
    fn passed_role(&self, group: &Group, role: PrincipalId, plans: &mut Vec<Plan>) {
        let Some(known) = self.inventory.principal(role) else { return };
        let pass = Part::call(
            "iam:PassRole",
            On::Arn(Arc::clone(&known.arn)),
            format!("{{who}} passes the role {} to CloudFormation", known.name),
        )
        .given(&[("iam:PassedToService", &[CLOUDFORMATION])]);
        let whose = format!("as role {}", known.name);
        let mut ways = self.changes(group, Some(&known.arn));
        if group.fate != Fate::Kept {
            ways.insert(0, self.delete(group, Some(&known.arn)));
        }
        for mut way in ways {
            way.insert(0, pass.clone());
            plans.push(self.plan(PASSED_ROLE, group, way, self.carry_out(group, By::Role(role), &whose)));
        }
    }

    /// A role of the stack's account, other than the one it has.
    fn can_be_given(&self, role: PrincipalId) -> bool {
        self.inventory
            .principal(role)
            .is_some_and(|known| known.account == self.stack.account && self.stack.text("RoleARN") != Some(&*known.arn))
    }

    fn plan(&self, kind: &'static str, group: &Group, way: Vec<Part>, carry_out: Vec<Part>) -> Plan {
        Plan {
            kind,
            class: group.class,
            action: group.action.into(),
            targets: group.targets.clone(),
            parts: group.clears.iter().cloned().chain(way).chain(carry_out).collect(),
            terms: Terms::default(),
            except: None,
        }
    }

    /// The request names the role, or none.
    fn given_role(&self, part: Part, role: Option<&str>) -> Part {
        match role {
            _ if !self.role_matters => part,
            Some(arn) => part.given(&[(ROLE_KEY, &[arn])]),
            None => part.given(&[(ROLE_KEY, &[])]),
        }
    }

    /// The calls that delete the stack.
    fn delete(&self, _group: &Group, role: Option<&str>) -> Vec<Part> {
        let name = words::resource(self.stack);
        let root = root_of(self.inventory, self.id, self.stack);
        let mut parts = Vec::new();
        if let Some(known) = self.inventory.resource(root) {
            for obstacle in obstacles(self.inventory, known, "cloudformation:DeleteStack").into_iter().flatten() {
                parts.extend(clear(obstacle.guard, &On::Resource(root), &words::resource(known), obstacle.read));
            }
        }
        let call = Part::call("cloudformation:DeleteStack", On::Resource(self.id), format!("{{who}} deletes {name}"));
        parts.push(self.given_role(call, role));
        parts
    }

    /// The calls that update the stack so that it loses the resources: in one call, or by a change set.
    fn changes(&self, group: &Group, role: Option<&str>) -> Vec<Vec<Part>> {
        let name = words::resource(self.stack);
        let on = On::Resource(self.id);
        let keeps = match group.fate {
            Fate::Kept => " (first one that no longer retains it)",
            Fate::Deleted | Fate::AfterSnapshot => "",
        };
        let what = format!("{name} with a template without {{what}}{keeps}");
        let update = Part::call("cloudformation:UpdateStack", on.clone(), format!("{{who}} updates {what}"));
        let create = Part::call(
            "cloudformation:CreateChangeSet",
            on.clone(),
            format!("{{who}} creates a change set for {what}"),
        );
        let execute = Part::call(
            "cloudformation:ExecuteChangeSet",
            on.clone(),
            format!("{{who}} executes the change set of {name}"),
        );
        let mut ways = vec![vec![self.given_role(update, role)], vec![self.given_role(create, role), execute]];
        if group.policy_forbids {
            let overrides = Part::call(
                "cloudformation:SetStackPolicy",
                on,
                format!("{{who}} sets another stack policy on {name}, which no longer protects {{what}}"),
            );
            ways.iter_mut().for_each(|way| way.insert(0, overrides.clone()));
        }
        ways
    }

    /// What CloudFormation then does, and with whose rights.
    fn carry_out(&self, group: &Group, by: By, whose: &str) -> Vec<Part> {
        let through: &[(&str, &[&str])] = &[
            ("aws:CalledVia", &[CLOUDFORMATION]),
            ("aws:CalledViaFirst", &[CLOUDFORMATION]),
            ("aws:CalledViaLast", &[CLOUDFORMATION]),
            ("aws:ViaAWSService", &["true"]),
        ];
        let done = |part: Part| match by {
            By::Actor => part.given(through),
            // Calls as a role are the role's own.
            By::Role(_) => part.by(by),
            By::Unread => part.by(by).or(Terms::of_certainty(Certainty::Unknown)),
        };
        let mut parts = Vec::new();
        for nested in &group.nested {
            let Some(inner) = self.inventory.resource(*nested).filter(|_| by == By::Actor) else { continue };
            let words = format!("CloudFormation deletes the nested {}, {whose}", words::resource(inner));
            parts.push(done(Part::call("cloudformation:DeleteStack", On::Resource(*nested), words)));
        }
        let snapshot = if group.fate == Fate::AfterSnapshot { " after a last snapshot" } else { "" };
        let words = format!("CloudFormation deletes {{what}}{snapshot}, {whose}");
        parts.push(done(Part::call(group.action, On::Target, words)));
        parts
    }
}

/// Leaves one role of those that somebody could pass to the same end: deploy roles that may do everything are many.
pub(super) fn by_one_role(all: Vec<Means>) -> Vec<Means> {
    /// What is done besides passing the role, by whom, to what end.
    type End = (Class, Arc<str>, Terms, Vec<(Arc<str>, On)>, Arc<[PrincipalId]>);
    let mut told: FxHashMap<End, Vec<Arc<[ResourceId]>>> = FxHashMap::default();
    let mut new = |means: &Means| {
        if means.kind != PASSED_ROLE {
            return true;
        }
        let own = means.steps.iter().filter(|step| step.by == By::Actor && *step.action != *"iam:PassRole");
        let own = own.map(|step| (Arc::clone(&step.action), step.on.clone())).collect();
        let end = (means.class, Arc::clone(&means.action), means.terms.clone(), own, Arc::clone(&means.actors));
        let known = told.entry(end).or_default();
        let within = |other: &Arc<[ResourceId]>| means.targets.iter().all(|target| other.binary_search(target).is_ok());
        if known.iter().any(within) {
            return false;
        }
        known.push(Arc::clone(&means.targets));
        true
    };
    all.into_iter().filter(|means| new(means)).collect()
}

/// Whether some policy has a condition on a key.
fn mentions(inventory: &Inventory, key: &str) -> bool {
    let policies = inventory.documents.iter().filter_map(|document| document.policy.as_ref());
    let mut conditions = policies.flat_map(|policy| &policy.statements).flat_map(|statement| &statement.conditions);
    conditions.any(|condition| condition.key.eq_ignore_ascii_case(key))
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
