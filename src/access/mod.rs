//! Effective access in bulk: who can do what to which resource, under which conditions.
//!
//! The answers are the engine's; what is added here is that the work is shared: see [`question`].

mod among;
mod flip;
mod grounds;
mod index;
mod itself;
mod likeness;
mod mentions;
mod outsider;
mod question;
mod reach;
mod statements;
mod targets;
mod twins;

pub use among::Among;
pub use flip::{Change, Flip};
pub use grounds::Ground;
pub use itself::{Own, OwnAnswer};
pub(crate) use mentions::Mentions;
pub use targets::{BARE, MADE, Targets, named_by, owner_of, policy_was_read, speaker, target_of};
pub use twins::ActionClass;

use crate::base::arn;
use crate::catalog;
use crate::engine::{
    self, Applied, Caller, Context, Decision, Facts, Membership, Policy, ResourceSide, Stack, Tags, Target,
};
use crate::iam::Statement;
use crate::inventory::{
    AccountId, Attachment, Controls, Document, DocumentId, Inventory, Principal, PrincipalId, PrincipalKind, ResourceId,
};
use fixedbitset::FixedBitSet;
use index::{ActionIndex, ByAction, StatementId};
use question::Question;
use rustc_hash::FxHashMap;
use statements::Statements;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use targets::effective;

/// Answers questions about an inventory.
pub struct Access<'i> {
    inventory: &'i Inventory,
    compiled: Vec<OnceLock<Policy>>,
    index: ActionIndex,
    /// Documents that tell callers apart, once they were asked for.
    telling: ByAction<FixedBitSet>,
    statements: Statements<'i>,
    /// Documents that cannot be read, under the name by which one first comes upon them.
    unreadable: Vec<(DocumentId, Arc<str>)>,
    classes: Vec<Class>,
    /// For each principal its class, by position, once it was asked for.
    class_numbers: OnceLock<Vec<u32>>,
    /// An unconditional allow and an unconditional deny, whoever says it.
    sure: [Policy; 2],
    callers: Vec<OnceLock<Option<Caller>>>,
    account_ids: FxHashMap<&'i str, AccountId>,
    /// Every condition key that some policy names, once it was asked for.
    keys: OnceLock<Vec<String>>,
    /// By principal, once they were asked for; none where everybody stands alone.
    likenesses: OnceLock<Vec<u32>>,
    /// When the snapshot was taken, in seconds since 1970.
    since: Option<f64>,
}

/// Principals that the same policies reach.
struct Class {
    members: Vec<PrincipalId>,
    policies: Vec<DocumentId>,
    boundary: Option<DocumentId>,
    /// Callers with one number are alike to the engine, their names, tags and policies left aside.
    kind: u32,
    /// As their ARNs say it.
    caller_account: Option<Box<str>>,
}

/// What one class may do.
pub struct Answer {
    /// Those it holds for.
    pub principals: Vec<PrincipalId>,
    /// Targets (by position) with the same decision. Targets that are in no block are implicitly denied: no statement
    /// allows anything, or they are in another account and nothing on their side does.
    pub blocks: Vec<Block>,
}

/// Targets with the same decision.
pub struct Block {
    /// Positions in the [`Targets`], ascending.
    pub targets: Arc<[u32]>,
    /// The decision.
    pub decision: Arc<Decision>,
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
        let ((index, classes), statements) = rayon::join(
            || (ActionIndex::new(&inventory.documents), classes(inventory)),
            || Statements::new(&inventory.documents),
        );
        Access {
            inventory,
            compiled: (0..inventory.documents.len()).map(|_| OnceLock::new()).collect(),
            index,
            telling: ByAction::default(),
            statements,
            unreadable: unreadable(inventory),
            classes,
            class_numbers: OnceLock::new(),
            sure: question::sure(),
            callers: (0..inventory.principals.len()).map(|_| OnceLock::new()).collect(),
            account_ids: (0..).map(AccountId).zip(&inventory.accounts).map(|(id, one)| (&*one.id, id)).collect(),
            keys: OnceLock::new(),
            likenesses: OnceLock::new(),
            since: inventory.collected_at.as_deref().and_then(engine::date),
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
        Question::new(self, &action, targets, context, None).answer()
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
        let action = action.to_ascii_lowercase();
        self.asked(principal, &action, target, context, |holder, facts| {
            self.put(holder, facts, resource, &self.bearing_on(&action), engine::decide)
        })
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
        self.asked(principal, &action, target, context, |holder, facts| {
            self.put(holder, facts, resource, &|policy| Some(self.named(policy)), ask)
        })
    }

    /// Hands what is known of one request to a function. `action`: in lower case.
    fn asked<'s, T>(
        &'s self,
        principal: PrincipalId,
        action: &str,
        target: &Target<'_>,
        context: &Context,
        ask: impl FnOnce(&'s Principal, &Facts<'_>) -> T,
    ) -> Option<T> {
        let holder = self.inventory.principal(principal)?;
        let caller = self.caller(principal)?;
        let entry = catalog::action(action);
        let target = effective(target, entry);
        Some(ask(holder, &self.facts(holder, caller, action, entry, &target, context)))
    }

    /// Puts a principal's request to the engine. `bearing`: the policies that are shown to it; of those that are left out,
    /// none speaks of the action.
    fn put<T>(
        &self,
        holder: &Principal,
        facts: &Facts<'_>,
        resource: Option<ResourceId>,
        bearing: &dyn Fn(&Attachment) -> Option<Policy>,
        ask: impl FnOnce(&Facts<'_>, &Stack<'_>) -> T,
    ) -> T {
        let identity: Vec<Policy> = holder.policies.iter().filter_map(bearing).collect();
        // What says nothing allows nothing.
        let boundary: Vec<Policy> = holder.boundary.iter().map(|attachment| self.named(attachment)).collect();
        self.put_with([&identity, &boundary], holder.account, facts, resource, bearing, ask)
    }

    /// The same, with the caller's own policies and boundaries.
    fn put_with<T>(
        &self,
        [identity, boundaries]: [&[Policy]; 2],
        account: AccountId,
        facts: &Facts<'_>,
        resource: Option<ResourceId>,
        bearing: &dyn Fn(&Attachment) -> Option<Policy>,
        ask: impl FnOnce(&Facts<'_>, &Stack<'_>) -> T,
    ) -> T {
        let (scps, management_account) = self.scps(account, bearing);
        let resource_policy = self.resource_attachment(facts.action, &facts.target.arn, resource);
        let resource_policy = resource_policy.map(|attachment| self.named(&attachment));
        let rcps = self.rcps(account, facts.target, bearing);
        let stack = Stack {
            identity: identity.iter().collect(),
            boundaries: boundaries.iter().collect(),
            resource: self.side(resource_policy.as_ref(), facts, resource),
            scps: borrow(&scps),
            rcps: borrow(&rcps),
            management_account,
            ..Stack::default()
        };
        ask(facts, &stack)
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
        let entry = catalog::action(&action);
        let target = effective(target, entry);
        let no_tags = BTreeMap::new();
        let facts = Facts {
            caller: &caller,
            caller_tags: Tags::All(&no_tags),
            organization: self.organization(account),
            resource_organization: self.organization_of(&target),
            action: &action,
            entry,
            target: &target,
            context,
            since: self.since,
        };
        let bearing = self.bearing_on(&action);
        Some(self.put_with([&[], &[]], account, &facts, resource, &bearing, engine::decide).0)
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
            resource_organization: self.organization_of(target),
            action,
            entry,
            target,
            context,
            since: self.since,
        }
    }

    /// Session tags add to or replace a role's own, where its trust policy lets a session be tagged.
    fn tags<'f>(&self, holder: &'f Principal) -> Tags<'f> {
        match holder.kind {
            PrincipalKind::User => Tags::All(&holder.tags),
            PrincipalKind::Role => {
                let trust = holder.trust.and_then(|trust| self.inventory.document(trust));
                let statements = trust.and_then(|document| document.policy.as_ref()).map(|policy| &policy.statements);
                // Nearly every pattern has no wildcard; compiling each would cost more than a decision.
                let may_tag = |pattern: &String| {
                    pattern.eq_ignore_ascii_case("sts:TagSession")
                        || (pattern.contains(['*', '?'])
                            && crate::base::Glob::new(&pattern.to_ascii_lowercase()).matches("sts:tagsession"))
                };
                let taggable = statements.is_none_or(|all| {
                    all.iter().any(|statement| statement.action.negated || statement.action.values.iter().any(may_tag))
                });
                if taggable { Tags::AtLeast(&holder.tags) } else { Tags::All(&holder.tags) }
            }
        }
    }

    fn organization(&self, account: AccountId) -> Option<Option<Membership<'_>>> {
        let account = self.inventory.account(account)?;
        match account.controls {
            Controls::None => Some(None),
            Controls::Unseen => None,
            Controls::Levels { .. } => {
                let id = self.inventory.organization.as_deref()?;
                Some(Some(Membership { id, path: account.path.as_deref() }))
            }
        }
    }

    /// Where the account of a resource stands, if the inventory holds it.
    fn organization_of(&self, target: &Target<'_>) -> Option<Option<Membership<'_>>> {
        self.organization(*self.account_ids.get(target.account.as_deref()?)?)
    }

    /// For each principal its class, by position.
    fn class_numbers(&self) -> &[u32] {
        self.class_numbers.get_or_init(|| {
            let mut numbers = vec![u32::MAX; self.inventory.principals.len()];
            for (number, class) in (0..).zip(&self.classes) {
                for member in &class.members {
                    if let Some(known) = numbers.get_mut(member.0 as usize) {
                        *known = number;
                    }
                }
            }
            numbers
        })
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

    /// A statement, and the document that it stands in.
    fn statement(&self, id: &StatementId) -> Option<(&'i Document, &'i Statement)> {
        let document = self.inventory.document(id.document)?;
        Some((document, document.policy.as_ref()?.statements.get(id.statement as usize)?))
    }

    /// The policies that speak, or may speak, of an action (in lower case), under their names.
    fn bearing_on(&self, action: &str) -> impl Fn(&Attachment) -> Option<Policy> {
        let silent = self.index.silent(action);
        move |attachment| (!silent.contains(attachment.document.0 as usize)).then(|| self.named(attachment))
    }

    /// The policy that speaks for what is asked for. A role's trust policy speaks where the role is assumed.
    fn resource_attachment(&self, action: &str, arn: &str, resource: Option<ResourceId>) -> Option<Attachment> {
        if engine::is_trusted(action, arn) {
            let role = self.inventory.principal(self.inventory.find_principal(arn)?)?;
            let name = format!("trust policy of {}", role.arn).into();
            return Some(Attachment { document: role.trust?, name, through: None });
        }
        self.inventory.resource(targets::speaker(self.inventory, action, resource?)?)?.policy.clone()
    }

    /// The document of that policy.
    fn resource_document(&self, action: &str, arn: &str, resource: Option<ResourceId>) -> Option<DocumentId> {
        if engine::is_trusted(action, arn) {
            return self.inventory.principal(self.inventory.find_principal(arn)?)?.trust;
        }
        let speaker = targets::speaker(self.inventory, action, resource?)?;
        Some(self.inventory.resource(speaker)?.policy.as_ref()?.document)
    }

    fn side<'p>(
        &self,
        policy: Option<&'p Policy>,
        facts: &Facts<'_>,
        resource: Option<ResourceId>,
    ) -> ResourceSide<'p> {
        match policy {
            Some(policy) => ResourceSide::Policy(policy),
            None if self.is_unseen(facts.action, &facts.target.arn, resource) => ResourceSide::Unseen,
            None => ResourceSide::None,
        }
    }

    /// Whether something of which no policy is known may have one all the same.
    fn is_unseen(&self, action: &str, arn: &str, resource: Option<ResourceId>) -> bool {
        let speaker = resource.and_then(|id| targets::speaker(self.inventory, action, id));
        match speaker.and_then(|id| self.inventory.resource(id)) {
            // A role of another account, or one that does not exist yet.
            _ if engine::is_trusted(action, arn) => true,
            None if arn.contains(MADE) || resource == Some(BARE) => false,
            Some(known) if targets::policy_was_read(self.inventory, known) => false,
            // Whether something else speaks for it, such as the vault of a recovery point, was not read.
            known => targets::may_have_policy(known.map_or(arn, |known| &known.arn)) || speaker != resource,
        }
    }

    fn scps(&self, account: AccountId, bearing: &dyn Fn(&Attachment) -> Option<Policy>) -> (Owned, bool) {
        match self.inventory.account(account).map(|account| &account.controls) {
            Some(Controls::None) => (Owned::None, false),
            Some(Controls::Levels { scps, management_account, .. }) => (levels(scps, bearing), *management_account),
            _ => (Owned::Unseen, false),
        }
    }

    fn rcps(&self, caller: AccountId, target: &Target<'_>, bearing: &dyn Fn(&Attachment) -> Option<Policy>) -> Owned {
        let of_target = match target.account.as_deref() {
            None => self.inventory.account(caller),
            Some(id) => self.inventory.accounts.iter().find(|account| *account.id == *id),
        };
        match of_target.map(|account| &account.controls) {
            Some(Controls::None) => Owned::None,
            // Resources of the management account are out of reach, whoever calls.
            // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
            Some(Controls::Levels { management_account: true, .. }) => Owned::None,
            Some(Controls::Levels { rcps, .. }) => levels(rcps, bearing),
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

fn levels(levels: &[Vec<Attachment>], bearing: &dyn Fn(&Attachment) -> Option<Policy>) -> Owned {
    // No policy of this type on any level: the type is not switched on in the organisation.
    if levels.iter().all(Vec::is_empty) {
        return Owned::None;
    }
    Owned::Levels(levels.iter().map(|level| level.iter().filter_map(bearing).collect()).collect())
}

fn borrow(owned: &Owned) -> engine::Controls<'_> {
    match owned {
        Owned::None => engine::Controls::None,
        Owned::Unseen => engine::Controls::Unseen,
        Owned::Levels(levels) => engine::Controls::Levels(levels.iter().map(|level| level.iter().collect()).collect()),
    }
}

fn unreadable(inventory: &Inventory) -> Vec<(DocumentId, Arc<str>)> {
    let of_principals = inventory.principals.iter().flat_map(|one| one.policies.iter().chain(&one.boundary));
    let of_resources = inventory.resources.iter().filter_map(|resource| resource.policy.as_ref());
    let over = inventory.accounts.iter().filter_map(|account| match &account.controls {
        Controls::Levels { scps, rcps, .. } => Some(scps.iter().chain(rcps).flatten()),
        Controls::None | Controls::Unseen => None,
    });
    let is_unreadable = |id| inventory.document(id).is_none_or(|document| document.policy.is_none());
    let mut found: FxHashMap<DocumentId, Arc<str>> = FxHashMap::default();
    for attachment in of_principals.chain(of_resources).chain(over.flatten()) {
        if is_unreadable(attachment.document) {
            found.entry(attachment.document).or_insert_with(|| Arc::clone(&attachment.name));
        }
    }
    let mut all: Vec<(DocumentId, Arc<str>)> = found.into_iter().collect();
    all.sort_unstable();
    all
}

fn classes(inventory: &Inventory) -> Vec<Class> {
    // What the engine reads from the ARN of a caller, its name left aside: all before the first `/`.
    let head = |principal: &'_ Principal| principal.arn.split('/').next().unwrap_or_default().to_owned();
    let mut kinds: FxHashMap<(AccountId, PrincipalKind, bool, String), u32> = FxHashMap::default();
    let mut found: FxHashMap<(u32, Option<DocumentId>, Vec<DocumentId>), usize> = FxHashMap::default();
    let mut classes: Vec<Class> = Vec::new();
    for (id, principal) in inventory.principal_ids() {
        let mut policies: Vec<DocumentId> = principal.policies.iter().map(|attachment| attachment.document).collect();
        policies.sort_unstable();
        policies.dedup();
        let boundary = principal.boundary.as_ref().map(|attachment| attachment.document);
        let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
        let service_linked = principal.arn.contains(":role/aws-service-role/");
        let kind = (principal.account, principal.kind, service_linked, head(principal));
        let kind = *kinds.entry(kind).or_insert(next);
        let next = classes.len();
        let at = *found.entry((kind, boundary, policies)).or_insert_with_key(|(_, _, policies)| {
            let caller_account = arn::account_of(&principal.arn).map(Into::into);
            classes.push(Class { members: Vec::new(), policies: policies.clone(), boundary, kind, caller_account });
            next
        });
        if let Some(class) = classes.get_mut(at) {
            class.members.push(id);
        }
    }
    classes
}
