//! Nodes of the graph of who can become whom: principals first, then guises, then outsiders.

use super::technique::{Change, Gain};
use super::way::Actor;
use crate::access::{Access, Mentions};
use crate::base::{Arn, Glob};
use crate::iam::PrincipalSpec;
use crate::inventory::{
    AccountId, Attachment, Controls, DocumentId, Guise, Inventory, Principal, PrincipalId, PrincipalKind,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Node(pub u32);

impl Node {
    /// A principal as it is.
    pub fn of(principal: PrincipalId) -> Node {
        Node(principal.0)
    }
}

/// What makes guises one: they may do the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    gain: Gain,
    account: AccountId,
    kind: Option<PrincipalKind>,
    boundary: Option<DocumentId>,
    /// The documents of other policies, in order.
    policies: Vec<DocumentId>,
    /// What policies tell principals apart by.
    told_apart: ToldApart,
}

/// What policies can tell two principals of a kind apart by: those of whom it is the same are treated alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ToldApart {
    /// By nothing.
    Nothing,
    /// There is nobody like this one.
    Alone(PrincipalId),
    /// By its likeness to conditions, the values of tags that conditions look at, and the statements that name it.
    By { likeness: Option<u32>, tags: Vec<Option<String>>, named: Vec<(DocumentId, u32)> },
}

/// Over whom organisation policies rule alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ruled(AccountId, Option<u32>, Vec<Option<String>>);

/// The guises that are followed.
#[derive(Debug)]
pub(super) struct Guises {
    principals: u32,
    all: Vec<Guise>,
    /// For each: what it is of whom.
    actors: Vec<(Gain, PrincipalId)>,
    known: FxHashMap<Key, u32>,
    /// The statements that name a principal.
    named: FxHashMap<Arc<str>, Vec<(DocumentId, u32)>>,
    /// What is looked at by policies over nobody in particular, by boundaries and policies that were met, and by the
    /// policies over each account.
    everywhere: Mentions,
    policies: FxHashMap<DocumentId, Mentions>,
    accounts: FxHashMap<AccountId, Mentions>,
    /// Policies that let somebody change the policies of users or roles that they name.
    naming: FxHashMap<DocumentId, bool>,
    /// What goes on denying something to those who have a policy that allows everything.
    kept: FxHashMap<PrincipalId, Vec<Attachment>>,
}

impl Guises {
    pub fn new(inventory: &Inventory) -> Guises {
        let statements = |id: DocumentId| {
            let policy = inventory.document(id).and_then(|document| document.policy.as_ref());
            policy.into_iter().flat_map(|policy| policy.statements.iter().map(|one| (one, policy.version)))
        };
        let looked_at = |ids: &mut dyn Iterator<Item = DocumentId>| {
            let mut all = Mentions::default();
            ids.for_each(|id| all.join(&mentions(inventory, id)));
            all
        };
        let mut of_resources: BTreeSet<DocumentId> =
            inventory.principals.iter().filter_map(|known| known.trust).collect();
        of_resources.extend(inventory.resources.iter().filter_map(|known| Some(known.policy.as_ref()?.document)));
        let mut named: FxHashMap<Arc<str>, Vec<(DocumentId, u32)>> = FxHashMap::default();
        for id in &of_resources {
            for (number, (statement, _)) in (0u32..).zip(statements(*id)) {
                for spec in statement.principal.iter().flat_map(|principal| &principal.values) {
                    match spec {
                        PrincipalSpec::Aws(name) if !name.ends_with(":root") => {
                            named.entry(name.as_str().into()).or_default().push((*id, number));
                        }
                        _ => {}
                    }
                }
            }
        }
        // A variable in the policy of a resource speaks of sessions and tags of those who come.
        let mut everywhere = Mentions { principal: false, ..looked_at(&mut of_resources.into_iter()) };
        let mut accounts = FxHashMap::default();
        for (id, account) in (0u32..).map(AccountId).zip(&inventory.accounts) {
            if let Controls::Levels { scps, rcps, .. } = &account.controls {
                let of = |levels: &[Vec<Attachment>]| looked_at(&mut levels.iter().flatten().map(|one| one.document));
                everywhere.join(&of(rcps));
                accounts.insert(id, of(scps));
            }
        }
        let boundaries: BTreeSet<DocumentId> =
            inventory.principals.iter().filter_map(|known| Some(known.boundary.as_ref()?.document)).collect();
        let policies = boundaries.into_iter().map(|id| (id, mentions(inventory, id))).collect();
        Guises {
            principals: u32::try_from(inventory.principals.len()).unwrap_or(u32::MAX),
            all: Vec::new(),
            actors: Vec::new(),
            known: FxHashMap::default(),
            named,
            everywhere,
            policies,
            accounts,
            naming: FxHashMap::default(),
            kept: FxHashMap::default(),
        }
    }

    /// What is looked at by policies other than a principal's own.
    fn looked_at(&self, principal: &Principal, boundary: Option<&Attachment>) -> Mentions {
        let mut looked_at = self.everywhere.clone();
        let boundary = boundary.and_then(|known| self.policies.get(&known.document));
        boundary.into_iter().chain(self.accounts.get(&principal.account)).for_each(|known| looked_at.join(known));
        looked_at
    }

    /// What tells a principal apart, where policies look at this.
    fn told_apart(
        &self,
        access: &Access<'_>,
        id: PrincipalId,
        principal: &Principal,
        looked_at: &Mentions,
    ) -> ToldApart {
        // An entry of another account that a dump holds may do things there, not here.
        let own = access.inventory().account(principal.account).map(|account| &*account.id);
        let likeness = access.likeness(id).filter(|_| looked_at.likeness);
        if looked_at.principal
            || (looked_at.likeness && likeness.is_none())
            || Arn::parse(&principal.arn).map(|arn| arn.account) != own
        {
            return ToldApart::Alone(id);
        }
        let value = |key: &String| principal.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        ToldApart::By {
            likeness,
            tags: looked_at.principal_tags.iter().map(|key| value(key).map(|(_, value)| value.clone())).collect(),
            named: self.named.get(&principal.arn).cloned().unwrap_or_default(),
        }
    }

    /// The account of a principal, and what the organisation's policies tell it apart by there: over those of whom it is
    /// the same they rule alike. `None`: over nobody else as over this one.
    pub fn ruled(&self, access: &Access<'_>, id: PrincipalId) -> Option<Ruled> {
        let principal = access.inventory().principal(id)?;
        let looked_at = self.accounts.get(&principal.account).cloned().unwrap_or_default();
        match self.told_apart(access, id, principal, &looked_at) {
            ToldApart::By { likeness, tags, .. } => Some(Ruled(principal.account, likeness, tags)),
            ToldApart::Nothing | ToldApart::Alone(_) => None,
        }
    }

    /// The node of a guise that is followed.
    pub fn find(&self, access: &Access<'_>, actor: Actor, base: PrincipalId) -> Option<Node> {
        let gain = match actor {
            Actor::Unbound(_) => Gain::PrincipalWithEverything,
            Actor::WithoutBoundary(_) => Gain::PrincipalWithoutBoundary,
            Actor::Newcomer(_) => Gain::Newcomer,
            Actor::Changed(_, number) => return Some(self.node(number)),
            Actor::Principal(_) | Actor::Outsider(_) => return None,
        };
        self.known.get(&self.key(access, gain, base)?).map(|number| self.node(*number))
    }

    fn key(&self, access: &Access<'_>, gain: Gain, base: PrincipalId) -> Option<Key> {
        let principal = access.inventory().principal(base)?;
        let boundary = principal.boundary.as_ref().map(|attachment| attachment.document);
        let plain = Key {
            gain,
            account: principal.account,
            kind: Some(principal.kind),
            boundary: None,
            policies: Vec::new(),
            told_apart: ToldApart::Alone(base),
        };
        match gain {
            Gain::Principal | Gain::PrincipalWithOtherPolicies => None,
            Gain::Newcomer => Some(Key { kind: None, told_apart: ToldApart::Nothing, ..plain }),
            Gain::PrincipalWithEverything => {
                let looked_at = self.looked_at(principal, principal.boundary.as_ref());
                let told_apart = self.told_apart(access, base, principal, &looked_at);
                Some(Key { boundary, told_apart, ..plain })
            }
            Gain::PrincipalWithoutBoundary => Some(plain),
        }
    }

    /// The guise that somebody gains by a change of its policies; `None`: it changes nothing.
    pub fn changed(&mut self, access: &Access<'_>, base: PrincipalId, change: &Change) -> Option<Node> {
        let principal = access.inventory().principal(base)?.clone();
        self.changed_of(access, base, &principal, change)
    }

    /// The guise that a guise becomes by one more change; `None`: it changes nothing, or what was changed before.
    pub fn changed_further(&mut self, access: &Access<'_>, number: u32, change: &Change) -> Option<Node> {
        let base = self.base(number)?;
        let principal = self.all.get(number as usize)?.principal.clone();
        let (policies, boundary) = change.of(access.inventory(), &principal)?;
        let first = access.inventory().principal(base)?;
        let documents = |all: &[Attachment], boundary: &Option<Attachment>| {
            let held: BTreeSet<DocumentId> = all.iter().map(|one| one.document).collect();
            (held, boundary.as_ref().map(|one| one.document))
        };
        (documents(&policies, &boundary) != documents(&first.policies, &first.boundary)).then_some(())?;
        self.changed_of(access, base, &principal, change)
    }

    fn changed_of(
        &mut self,
        access: &Access<'_>,
        base: PrincipalId,
        principal: &Principal,
        change: &Change,
    ) -> Option<Node> {
        let (policies, boundary) = change.of(access.inventory(), principal)?;
        let documents = policies.iter().map(|one| one.document).collect();
        let key = self.key_of(access, base, principal, boundary.as_ref(), documents);
        if let Some(number) = self.known.get(&key) {
            return Some(self.node(*number));
        }
        self.add(key, Guise::changed(principal, policies, boundary), base)
    }

    /// What makes a principal one with others, as it is.
    pub fn class_of(&mut self, access: &Access<'_>, id: PrincipalId, principal: &Principal) -> Key {
        let documents = principal.policies.iter().map(|one| one.document).collect();
        self.key_of(access, id, principal, principal.boundary.as_ref(), documents)
    }

    /// What makes principals one that have these policies and this boundary.
    fn key_of(
        &mut self,
        access: &Access<'_>,
        base: PrincipalId,
        principal: &Principal,
        boundary: Option<&Attachment>,
        mut documents: Vec<DocumentId>,
    ) -> Key {
        let inventory = access.inventory();
        documents.sort_unstable();
        documents.dedup();
        let mut looked_at = self.looked_at(principal, boundary);
        for id in &documents {
            looked_at.join(self.policies.entry(*id).or_insert_with(|| mentions(inventory, *id)));
            // Whom they let change themselves by name, nobody else is like.
            looked_at.principal |= *self.naming.entry(*id).or_insert_with(|| names_whom(inventory, *id));
        }
        Key {
            gain: Gain::PrincipalWithOtherPolicies,
            account: principal.account,
            kind: Some(principal.kind),
            boundary: boundary.map(|one| one.document),
            policies: documents,
            told_apart: self.told_apart(access, base, principal, &looked_at),
        }
    }

    /// Remembers what goes on denying something to some, whatever they are allowed.
    pub fn keep(&mut self, kept: FxHashMap<PrincipalId, Vec<Attachment>>) {
        self.kept.extend(kept);
    }

    /// Whether something goes on denying something to somebody, whatever it is allowed.
    pub fn is_kept_back(&self, id: PrincipalId) -> bool {
        self.kept.contains_key(&id)
    }

    /// Somebody who is allowed everything, and denied something all the same.
    fn kept_back(&mut self, access: &Access<'_>, base: PrincipalId, by: Vec<Attachment>) -> Option<Node> {
        let principal = access.inventory().principal(base)?.clone();
        let documents = by.iter().map(|one| one.document).collect();
        let mut key = self.key_of(access, base, &principal, principal.boundary.as_ref(), documents);
        key.policies.push(EVERYTHING);
        if let Some(number) = self.known.get(&key) {
            return Some(self.node(*number));
        }
        self.add(key, Guise::kept_back(&principal, by), base)
    }

    fn add(&mut self, key: Key, guise: Guise, base: PrincipalId) -> Option<Node> {
        let number = u32::try_from(self.all.len()).ok()?;
        self.all.push(guise);
        self.actors.push((key.gain, base));
        self.known.insert(key, number);
        Some(self.node(number))
    }

    /// The guise that somebody gains; `None`: it gains no guise.
    pub fn of(&mut self, access: &Access<'_>, gain: Gain, base: PrincipalId) -> Option<Node> {
        if let Some(by) = self.kept.get(&base).filter(|_| gain == Gain::PrincipalWithEverything).cloned() {
            return self.kept_back(access, base, by);
        }
        let inventory = access.inventory();
        let principal = inventory.principal(base)?;
        let key = self.key(access, gain, base)?;
        if let Some(number) = self.known.get(&key) {
            return Some(self.node(*number));
        }
        let guise = match gain {
            Gain::Principal | Gain::PrincipalWithOtherPolicies => return None,
            Gain::PrincipalWithEverything => Guise::unbound(principal),
            Gain::PrincipalWithoutBoundary => Guise::without_boundary(principal),
            Gain::Newcomer => {
                let partition = crate::base::Arn::parse(&principal.arn).map_or("aws", |arn| arn.partition);
                Guise::newcomer(principal.account, inventory.account(principal.account)?, partition)
            }
        };
        self.add(key, guise, base)
    }

    /// Numbers of the guises that have other policies than they have now.
    pub fn with_other_policies(&self) -> Vec<u32> {
        let all = (0u32..).zip(&self.actors);
        all.filter(|(_, (gain, _))| *gain == Gain::PrincipalWithOtherPolicies).map(|(number, _)| number).collect()
    }

    /// Of whom a guise is, as it was first found.
    pub fn base(&self, number: u32) -> Option<PrincipalId> {
        self.actors.get(number as usize).map(|(_, base)| *base)
    }

    /// All guises, by number.
    pub fn all(&self) -> &[Guise] {
        &self.all
    }

    /// The node of a guise.
    pub fn node(&self, number: u32) -> Node {
        Node(self.principals.saturating_add(number))
    }

    /// The number of a guise, if the node is one.
    pub fn number(&self, node: Node) -> Option<u32> {
        let number = node.0.checked_sub(self.principals)?;
        ((number as usize) < self.all.len()).then_some(number)
    }

    /// The node of an outsider: asked only once all guises are known.
    pub fn outsider(&self, number: u32) -> Node {
        let guises = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        Node(self.principals.saturating_add(guises).saturating_add(number))
    }

    /// How many nodes are principals or guises.
    pub fn count(&self) -> usize {
        self.all.len().saturating_add(self.principals as usize)
    }

    /// Who a node is. `as_whom`: the principal that has become a guise of itself.
    pub fn actor(&self, node: Node, as_whom: Option<PrincipalId>) -> Actor {
        if node.0 < self.principals {
            return Actor::Principal(PrincipalId(node.0));
        }
        let number = self.number(node);
        match number.and_then(|number| self.actors.get(number as usize)) {
            Some((Gain::PrincipalWithOtherPolicies, base)) => {
                Actor::Changed(as_whom.unwrap_or(*base), number.unwrap_or(u32::MAX))
            }
            Some((Gain::Newcomer, base)) => Actor::Newcomer(*base),
            Some((Gain::PrincipalWithoutBoundary, base)) => Actor::WithoutBoundary(as_whom.unwrap_or(*base)),
            Some((_, base)) => Actor::Unbound(as_whom.unwrap_or(*base)),
            None => Actor::Outsider(node.0.saturating_sub(u32::try_from(self.count()).unwrap_or(u32::MAX))),
        }
    }
}

/// Stands for the policy that allows everything.
const EVERYTHING: DocumentId = DocumentId(u32::MAX);

/// What a document looks at.
fn mentions(inventory: &Inventory, id: DocumentId) -> Mentions {
    let mut all = Mentions::default();
    match inventory.document(id).and_then(|document| document.policy.as_ref()) {
        Some(policy) => policy.statements.iter().for_each(|one| all.join(&Mentions::of(one, policy.version))),
        // What cannot be read may look at anything.
        None => all.principal = true,
    }
    all
}

/// Whether a document speaks of changing the policies of some users or roles, and not of all.
fn names_whom(inventory: &Inventory, id: DocumentId) -> bool {
    const CHANGES: [&str; 8] = [
        "iam:attachrolepolicy",
        "iam:attachuserpolicy",
        "iam:deleterolepolicy",
        "iam:deleteuserpolicy",
        "iam:detachrolepolicy",
        "iam:detachuserpolicy",
        "iam:putrolepolicy",
        "iam:putuserpolicy",
    ];
    let policy = inventory.document(id).and_then(|document| document.policy.as_ref());
    policy.into_iter().flat_map(|policy| &policy.statements).any(|statement| {
        let some = |value: &String| {
            let rest = value.rsplit(':').next().unwrap_or_default();
            !matches!(rest, "*" | "user/*" | "role/*") && (rest.starts_with("user/") || rest.starts_with("role/"))
        };
        let changes = |pattern: &String| {
            let glob = Glob::new(&pattern.to_ascii_lowercase());
            CHANGES.iter().any(|action| glob.matches(action))
        };
        statement.resource.as_ref().is_some_and(|all| all.values.iter().any(some))
            && (statement.action.negated || statement.action.values.iter().any(changes))
    })
}
