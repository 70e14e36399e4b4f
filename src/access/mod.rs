//! Effective access in bulk: who can do what to which resource, under which conditions.
//!
//! The answers are the engine's; what is added here is that the work is shared. Principals with the same policies form a
//! class and are decided once; resources that no statement in question tells apart form a block and are decided once;
//! a document is compiled when a question first needs it.

mod flip;
mod index;
mod targets;

pub use flip::{Change, Flip};
pub use targets::{Targets, named_by, target_of};

use crate::catalog;
use crate::engine::{
    self, Applied, Caller, Context, Decision, Facts, Layer, Policy, ResourceSide, Stack, Tags, Target, Verdict,
};
use crate::inventory::{
    AccountId, Attachment, Controls, DocumentId, Inventory, Principal, PrincipalId, PrincipalKind, ResourceId,
};
use index::ActionIndex;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Answers questions about an inventory.
pub struct Access<'i> {
    inventory: &'i Inventory,
    compiled: Vec<OnceLock<Policy>>,
    index: ActionIndex,
    classes: Vec<Class>,
    callers: Vec<OnceLock<Option<Caller>>>,
}

/// Principals that the same policies reach.
struct Class {
    members: Vec<PrincipalId>,
    policies: Vec<DocumentId>,
    boundary: Option<DocumentId>,
    account: AccountId,
}

/// What one class may do.
pub struct Answer {
    /// Those it holds for.
    pub principals: Vec<PrincipalId>,
    /// Targets (by position) with the same decision. Targets that are in no block are implicitly denied.
    pub blocks: Vec<Block>,
}

/// Targets with the same decision.
pub struct Block {
    /// Positions in the [`Targets`].
    pub targets: Vec<u32>,
    /// The decision.
    pub decision: Decision,
}

impl Answer {
    /// The most that is allowed on any target.
    pub fn best(&self) -> Option<&Block> {
        self.blocks.iter().max_by_key(|block| block.decision.verdict)
    }
}

impl<'i> Access<'i> {
    /// Prepares an inventory for questions.
    pub fn new(inventory: &'i Inventory) -> Access<'i> {
        Access {
            inventory,
            compiled: (0..inventory.documents.len()).map(|_| OnceLock::new()).collect(),
            index: ActionIndex::new(&inventory.documents),
            classes: classes(inventory),
            callers: (0..inventory.principals.len()).map(|_| OnceLock::new()).collect(),
        }
    }

    /// What is asked about.
    pub fn inventory(&self) -> &'i Inventory {
        self.inventory
    }

    /// Decides an action on all targets for every principal. Principals that appear in no answer are implicitly denied
    /// everything. Answers come in the order of their first principal.
    pub fn who_can(&self, action: &str, targets: &Targets<'_>, context: &Context) -> Vec<Answer> {
        let action = action.to_ascii_lowercase();
        let question = Question::new(self, &action, targets, context);
        let mut answers: Vec<Answer> =
            self.classes.par_iter().with_min_len(32).flat_map_iter(|class| question.answer(class)).collect();
        answers.sort_by(|a, b| a.principals.cmp(&b.principals));
        answers
    }

    /// Decides one request and lists the statements that bear on it, by the names under which they reach the principal.
    pub fn decide(
        &self,
        principal: PrincipalId,
        action: &str,
        target: &Target<'_>,
        resource: Option<ResourceId>,
        context: &Context,
    ) -> Option<(Decision, Vec<Applied>)> {
        self.examine(principal, action, target, resource, context, engine::decide)
    }

    /// Hands what is known of one request, and all policies that bear on it, to a function. Policies go by the names
    /// under which they reach the principal; [`Access::split_name`] takes such a name apart.
    pub fn examine<T>(
        &self,
        principal: PrincipalId,
        action: &str,
        target: &Target<'_>,
        resource: Option<ResourceId>,
        context: &Context,
        ask: impl FnOnce(&Facts<'_>, &Stack<'_>) -> T,
    ) -> Option<T> {
        let action = action.to_ascii_lowercase();
        let holder = self.inventory.principal(principal)?;
        let caller = self.caller(principal)?;
        let named = |attachment: &Attachment| self.named(attachment);
        let identity: Vec<Policy> = holder.policies.iter().map(named).collect();
        let boundary: Vec<Policy> = holder.boundary.iter().map(named).collect();
        let entry = catalog::action(&action);
        let target = effective(target, entry);
        let facts = self.facts(holder, caller, &action, entry, &target, context);
        let (scps, management_account) = self.scps(holder.account, &named);
        let resource_policy = self.resource_attachment(&facts, resource).map(|attachment| named(&attachment));
        let rcps = self.rcps(holder.account, &target, &named);
        let stack = Stack {
            identity: identity.iter().collect(),
            boundaries: boundary.iter().collect(),
            resource: self.side(resource_policy.as_ref(), &facts, resource),
            scps: borrow(&scps),
            rcps: borrow(&rcps),
            management_account,
            ..Stack::default()
        };
        Some(ask(&facts, &stack))
    }

    /// Decides one request of an account's root user, whom IAM does not list.
    pub fn decide_root(
        &self,
        account: AccountId,
        action: &str,
        target: &Target<'_>,
        resource: Option<ResourceId>,
        context: &Context,
    ) -> Option<Decision> {
        let action = action.to_ascii_lowercase();
        let id = &self.inventory.account(account)?.id;
        let partition = target.parsed().map_or("aws", |arn| arn.partition).to_owned();
        let caller = Caller::parse(&format!("arn:{partition}:iam::{id}:root")).ok()?;
        let named = |attachment: &Attachment| self.named(attachment);
        let entry = catalog::action(&action);
        let target = effective(target, entry);
        let no_tags = BTreeMap::new();
        let facts = Facts {
            caller: &caller,
            caller_tags: Tags::All(&no_tags),
            organization: self.organization(account),
            action: &action,
            entry,
            target: &target,
            context,
        };
        let (scps, management_account) = self.scps(account, &named);
        let resource_policy = self.resource_attachment(&facts, resource).map(|attachment| named(&attachment));
        let rcps = self.rcps(account, &target, &named);
        let stack = Stack {
            resource: self.side(resource_policy.as_ref(), &facts, resource),
            scps: borrow(&scps),
            rcps: borrow(&rcps),
            management_account,
            ..Stack::default()
        };
        Some(engine::decide(&facts, &stack).0)
    }

    /// The policy behind a name of [`Applied::policy`], and the ARN of the group that carries it to the principal.
    pub fn split_name(name: &str) -> (&str, Option<&str>) {
        let parts = name.strip_suffix(')').and_then(|name| name.split_once(THROUGH));
        parts.map_or((name, None), |(policy, group)| (policy, Some(group)))
    }

    fn facts<'f>(
        &'f self,
        holder: &'f Principal,
        caller: &'f Caller,
        action: &'f str,
        entry: Option<catalog::Action>,
        target: &'f Target<'f>,
        context: &'f Context,
    ) -> Facts<'f> {
        Facts {
            caller,
            caller_tags: self.tags(holder),
            organization: self.organization(holder.account),
            action,
            entry,
            target,
            context,
        }
    }

    /// Session tags add to or replace a role's own, where its trust policy lets a session be tagged.
    fn tags<'f>(&self, holder: &'f Principal) -> Tags<'f> {
        match holder.kind {
            PrincipalKind::User => Tags::All(&holder.tags),
            PrincipalKind::Role => {
                let trust = holder.trust.and_then(|trust| self.inventory.document(trust));
                let statements = trust.and_then(|document| document.policy.as_ref()).map(|policy| &policy.statements);
                let may_tag =
                    |pattern: &String| crate::base::Glob::new(&pattern.to_ascii_lowercase()).matches("sts:tagsession");
                let taggable = statements.is_none_or(|all| {
                    all.iter().any(|statement| statement.action.negated || statement.action.values.iter().any(may_tag))
                });
                if taggable { Tags::AtLeast(&holder.tags) } else { Tags::All(&holder.tags) }
            }
        }
    }

    fn organization(&self, account: AccountId) -> Option<Option<&str>> {
        match self.inventory.account(account)?.controls {
            Controls::None => Some(None),
            Controls::Unseen => None,
            Controls::Levels { .. } => self.inventory.organization.as_deref().map(Some),
        }
    }

    fn caller(&self, principal: PrincipalId) -> Option<&Caller> {
        let parse = || {
            let holder = self.inventory.principal(principal)?;
            Caller::parse(&holder.arn).ok()
        };
        self.callers.get(principal.0 as usize)?.get_or_init(parse).as_ref()
    }

    fn policy(&self, document: DocumentId) -> Option<&Policy> {
        let compile = || {
            let name = format!("document {}", document.0);
            match self.inventory.document(document) {
                Some(known) => match &known.policy {
                    Some(policy) => Policy::new(name, policy, known.kind),
                    None => Policy::unreadable(name),
                },
                None => Policy::unreadable(name),
            }
        };
        Some(self.compiled.get(document.0 as usize)?.get_or_init(compile))
    }

    /// A document under the name by which it reaches somebody.
    fn named(&self, attachment: &Attachment) -> Policy {
        let name = match &attachment.through {
            Some(group) => format!("{}{THROUGH}{group})", attachment.name).into(),
            None => Arc::clone(&attachment.name),
        };
        match self.policy(attachment.document) {
            Some(policy) => Policy { name, statements: policy.statements.clone() },
            None => Policy::unreadable(name),
        }
    }

    /// The policy that speaks for what is asked for. A role's trust policy speaks where the role is assumed.
    fn resource_attachment(&self, facts: &Facts<'_>, resource: Option<ResourceId>) -> Option<Attachment> {
        if engine::is_trust(facts) {
            let role = self.inventory.principal(self.inventory.find_principal(&facts.target.arn)?)?;
            let name = format!("trust policy of {}", role.arn).into();
            return Some(Attachment { document: role.trust?, name, through: None });
        }
        self.inventory.resource(resource?)?.policy.clone()
    }

    fn side<'p>(
        &self,
        policy: Option<&'p Policy>,
        facts: &Facts<'_>,
        resource: Option<ResourceId>,
    ) -> ResourceSide<'p> {
        if let Some(policy) = policy {
            return ResourceSide::Policy(policy);
        }
        match resource.and_then(|id| self.inventory.resource(id)) {
            // A role of another account, or one that does not exist yet.
            _ if engine::is_trust(facts) => ResourceSide::Unseen,
            Some(known) if targets::policy_was_read(self.inventory, known) => ResourceSide::None,
            _ if targets::may_have_policy(&facts.target.arn) => ResourceSide::Unseen,
            _ => ResourceSide::None,
        }
    }

    fn scps(&self, account: AccountId, named: &dyn Fn(&Attachment) -> Policy) -> (Owned, bool) {
        match self.inventory.account(account).map(|account| &account.controls) {
            Some(Controls::None) => (Owned::None, false),
            Some(Controls::Levels { scps, management_account, .. }) => (levels(scps, named), *management_account),
            _ => (Owned::Unseen, false),
        }
    }

    fn rcps(&self, caller: AccountId, target: &Target<'_>, named: &dyn Fn(&Attachment) -> Policy) -> Owned {
        let of_target = match target.account.as_deref() {
            None => self.inventory.account(caller),
            Some(id) => self.inventory.accounts.iter().find(|account| *account.id == *id),
        };
        match of_target.map(|account| &account.controls) {
            Some(Controls::None) => Owned::None,
            Some(Controls::Levels { rcps, .. }) => levels(rcps, named),
            _ => Owned::Unseen,
        }
    }
}

/// What stands between a policy's name and the group that carries it.
const THROUGH: &str = " (through ";

/// Organisation policies under their names.
enum Owned {
    None,
    Unseen,
    Levels(Vec<Vec<Policy>>),
}

fn levels(levels: &[Vec<Attachment>], named: &dyn Fn(&Attachment) -> Policy) -> Owned {
    // No policy of this type on any level: the type is not switched on in the organisation.
    if levels.iter().all(Vec::is_empty) {
        return Owned::None;
    }
    Owned::Levels(levels.iter().map(|level| level.iter().map(named).collect()).collect())
}

fn borrow(owned: &Owned) -> engine::Controls<'_> {
    match owned {
        Owned::None => engine::Controls::None,
        Owned::Unseen => engine::Controls::Unseen,
        Owned::Levels(levels) => engine::Controls::Levels(levels.iter().map(|level| level.iter().collect()).collect()),
    }
}

/// Actions that know no resource are asked of `*`.
fn effective<'t>(target: &Target<'t>, entry: Option<catalog::Action>) -> Target<'t> {
    let mut target = target.clone();
    if entry.is_some_and(|entry| entry.is_wildcard_only()) {
        target.arn = "*".into();
    }
    target
}

fn classes(inventory: &Inventory) -> Vec<Class> {
    type Key = (AccountId, PrincipalKind, bool, Option<DocumentId>, Vec<DocumentId>);
    let mut found: FxHashMap<Key, usize> = FxHashMap::default();
    let mut classes: Vec<Class> = Vec::new();
    for (id, principal) in inventory.principal_ids() {
        let mut policies: Vec<DocumentId> = principal.policies.iter().map(|attachment| attachment.document).collect();
        policies.sort_unstable();
        policies.dedup();
        let boundary = principal.boundary.as_ref().map(|attachment| attachment.document);
        let key = (principal.account, principal.kind, principal.service_linked, boundary, policies);
        let next = classes.len();
        match found.entry(key) {
            std::collections::hash_map::Entry::Occupied(known) => {
                if let Some(class) = classes.get_mut(*known.get()) {
                    class.members.push(id);
                }
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                let (account, _, _, boundary, policies) = free.key().clone();
                free.insert(next);
                classes.push(Class { members: vec![id], policies, boundary, account });
            }
        }
    }
    classes
}

/// One action on many targets.
struct Question<'q> {
    access: &'q Access<'q>,
    action: &'q str,
    entry: Option<catalog::Action>,
    targets: &'q Targets<'q>,
    context: &'q Context,
    /// Documents with a statement that speaks of the action.
    relevant: index::Relevant,
    /// Targets by what no statement can tell apart but by their ARN.
    groups: Vec<Vec<u32>>,
    /// Which targets each resource pattern covers.
    patterns: targets::PatternHits<'q>,
    /// Organisation policies of each account, for callers and for resources.
    controls: Vec<(Owned, Owned, bool)>,
    /// Whether some target has a policy of its own, so that even principals without a permission must be asked.
    any_resource_policy: bool,
}

impl<'q> Question<'q> {
    fn new(access: &'q Access<'q>, action: &'q str, targets: &'q Targets<'q>, context: &'q Context) -> Question<'q> {
        let inventory = access.inventory;
        let entry = catalog::action(action);
        let relevant = access.index.relevant(action);
        let plain = |attachment: &Attachment| match access.policy(attachment.document) {
            Some(policy) => policy.clone(),
            None => Policy::unreadable(Arc::clone(&attachment.name)),
        };
        let controls = inventory
            .accounts
            .iter()
            .map(|account| match &account.controls {
                Controls::None => (Owned::None, Owned::None, false),
                Controls::Unseen => (Owned::Unseen, Owned::Unseen, false),
                Controls::Levels { scps, rcps, management_account } => {
                    (levels(scps, &plain), levels(rcps, &plain), *management_account)
                }
            })
            .collect();
        let wildcard_only = entry.is_some_and(|entry| entry.is_wildcard_only());
        let patterns = targets::PatternHits::new(inventory, targets, &relevant, wildcard_only);
        let groups = targets.groups(inventory, relevant.mentions_resource_tags);
        let any_resource_policy = targets.any_policy(inventory) || targets.any_key() || engine::assumes_role(action);
        Question { access, action, entry, targets, context, relevant, groups, patterns, controls, any_resource_policy }
    }

    /// What a class may do; one answer for each member where its policies tell members apart.
    fn answer(&self, class: &Class) -> Vec<Answer> {
        let grants = class.policies.iter().any(|document| self.relevant.allows(*document));
        if !grants && !self.any_resource_policy {
            return Vec::new();
        }
        let documents = || class.policies.iter().chain(class.boundary.iter());
        let personal = self.any_resource_policy || documents().any(|document| self.relevant.is_personal(*document));
        let one = |members: &[PrincipalId]| -> Option<Answer> {
            let blocks = self.blocks(class, *members.first()?);
            (!blocks.is_empty()).then(|| Answer { principals: members.to_vec(), blocks })
        };
        if personal {
            class.members.iter().filter_map(|member| one(std::slice::from_ref(member))).collect()
        } else {
            one(&class.members).into_iter().collect()
        }
    }

    fn blocks(&self, class: &Class, member: PrincipalId) -> Vec<Block> {
        let documents: Vec<DocumentId> = class
            .policies
            .iter()
            .copied()
            .filter(|document| self.relevant.contains(*document))
            .chain(class.boundary)
            .collect();
        let mut blocks = Vec::new();
        for group in &self.groups {
            for targets in self.patterns.split(group, &documents) {
                let Some(first) = targets.first() else { continue };
                if let Some(decision) = self.decide(class, member, *first)
                    && !(decision.verdict == Verdict::ImplicitDeny && decision.decided_by == Layer::Identity)
                {
                    blocks.push(Block { targets, decision });
                }
            }
        }
        blocks
    }

    fn decide(&self, class: &Class, member: PrincipalId, target: u32) -> Option<Decision> {
        let access = self.access;
        let inventory = access.inventory;
        let (target, resource) = self.targets.get(target)?;
        let target = effective(target, self.entry);
        let holder = inventory.principal(member)?;
        let caller = access.caller(member)?;
        let facts = access.facts(holder, caller, self.action, self.entry, &target, self.context);
        let resource_policy =
            access.resource_attachment(&facts, resource).and_then(|attachment| access.policy(attachment.document));
        let (scps, _, management_account) = self.controls.get(class.account.0 as usize)?;
        let owner = match target.account.as_deref() {
            None => Some(class.account.0 as usize),
            Some(id) => inventory.accounts.iter().position(|account| *account.id == *id),
        };
        let rcps = owner.and_then(|owner| self.controls.get(owner)).map_or(&Owned::Unseen, |(_, rcps, _)| rcps);
        let relevant = |document: &&DocumentId| self.relevant.contains(**document);
        let stack = Stack {
            identity: class.policies.iter().filter(relevant).filter_map(|id| access.policy(*id)).collect(),
            boundaries: class.boundary.iter().filter_map(|id| access.policy(*id)).collect(),
            resource: access.side(resource_policy, &facts, resource),
            scps: borrow(scps),
            rcps: borrow(rcps),
            management_account: *management_account,
            ..Stack::default()
        };
        Some(engine::conclude(&facts, &engine::evaluate(&facts, &stack, &mut None)))
    }
}
