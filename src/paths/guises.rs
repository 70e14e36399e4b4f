//! Nodes of the graph of who can become whom: principals first, then guises, then outsiders.

use super::technique::{Change, Gain};
use super::way::Actor;
use crate::iam::{PrincipalSpec, Statement, Version};
use crate::inventory::{AccountId, Controls, DocumentId, Guise, Inventory, Principal, PrincipalId, PrincipalKind};
use rustc_hash::{FxHashMap, FxHashSet};
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
struct Key {
    gain: Gain,
    account: AccountId,
    kind: Option<PrincipalKind>,
    boundary: Option<DocumentId>,
    /// The documents of other policies, in order.
    policies: Vec<DocumentId>,
    /// Where some policy tells principals apart.
    alone: Option<PrincipalId>,
}

/// The guises that are followed.
#[derive(Debug)]
pub(super) struct Guises {
    principals: u32,
    all: Vec<Guise>,
    /// For each: what it is of whom.
    actors: Vec<(Gain, PrincipalId)>,
    known: FxHashMap<Key, u32>,
    /// Principals whom a trust policy or the policy of a resource names.
    named: FxHashSet<Arc<str>>,
    /// Accounts over whose principals policies are that tell them apart.
    telling: FxHashSet<AccountId>,
    /// Boundaries that tell principals apart.
    telling_boundaries: FxHashSet<DocumentId>,
}

impl Guises {
    pub fn new(inventory: &Inventory) -> Guises {
        let mut named: FxHashSet<Arc<str>> = FxHashSet::default();
        for policy in inventory.documents.iter().filter_map(|document| document.policy.as_ref()) {
            for principal in policy.statements.iter().filter_map(|statement| statement.principal.as_ref()) {
                named.extend(principal.values.iter().filter_map(|spec| match spec {
                    PrincipalSpec::Aws(name) if !name.ends_with(":root") => Some(Arc::from(name.as_str())),
                    _ => None,
                }));
            }
        }
        let tells = |id: DocumentId| {
            let policy = inventory.document(id).and_then(|document| document.policy.as_ref());
            policy.is_none_or(|policy| policy.statements.iter().any(|one| tells_apart(one, policy.version)))
        };
        let mut telling = FxHashSet::default();
        for (id, account) in (0u32..).map(AccountId).zip(&inventory.accounts) {
            if let Controls::Levels { scps, .. } = &account.controls
                && scps.iter().flatten().any(|attachment| tells(attachment.document))
            {
                telling.insert(id);
            }
        }
        let boundaries: FxHashSet<DocumentId> =
            inventory.principals.iter().filter_map(|known| known.boundary.as_ref()).map(|one| one.document).collect();
        Guises {
            principals: u32::try_from(inventory.principals.len()).unwrap_or(u32::MAX),
            all: Vec::new(),
            actors: Vec::new(),
            known: FxHashMap::default(),
            named,
            telling,
            telling_boundaries: boundaries.into_iter().filter(|id| tells(*id)).collect(),
        }
    }

    /// The node of a guise that is followed.
    pub fn find(&self, inventory: &Inventory, actor: Actor, base: PrincipalId) -> Option<Node> {
        let gain = match actor {
            Actor::Unbound(_) => Gain::PrincipalWithEverything,
            Actor::WithoutBoundary(_) => Gain::PrincipalWithoutBoundary,
            Actor::Newcomer(_) => Gain::Newcomer,
            Actor::Changed(_, number) => return Some(self.node(number)),
            Actor::Principal(_) | Actor::Outsider(_) => return None,
        };
        self.known.get(&self.key(inventory, gain, base)?).map(|number| self.node(*number))
    }

    fn key(&self, inventory: &Inventory, gain: Gain, base: PrincipalId) -> Option<Key> {
        let principal = inventory.principal(base)?;
        let boundary = principal.boundary.as_ref().map(|attachment| attachment.document);
        let alone = self.is_alone(inventory, principal);
        let plain = Key {
            gain,
            account: principal.account,
            kind: Some(principal.kind),
            boundary: None,
            policies: Vec::new(),
            alone: Some(base),
        };
        match gain {
            Gain::Principal | Gain::PrincipalWithOtherPolicies => None,
            Gain::Newcomer => Some(Key { kind: None, alone: None, ..plain }),
            Gain::PrincipalWithEverything => Some(Key { boundary, alone: alone.then_some(base), ..plain }),
            Gain::PrincipalWithoutBoundary => Some(plain),
        }
    }

    /// The guise that somebody gains by a change of its policies; `None`: it changes nothing.
    pub fn changed(&mut self, inventory: &Inventory, base: PrincipalId, change: &Change) -> Option<Node> {
        let principal = inventory.principal(base)?;
        let (policies, boundary) = change.of(inventory, principal)?;
        let mut documents: Vec<DocumentId> = policies.iter().map(|one| one.document).collect();
        documents.sort_unstable();
        documents.dedup();
        let of = boundary.as_ref().map(|one| one.document);
        let told = |id: &DocumentId| {
            let policy = inventory.document(*id).and_then(|document| document.policy.as_ref());
            policy.is_none_or(|policy| policy.statements.iter().any(|one| tells_apart(one, policy.version)))
        };
        let alone = self.is_alone(inventory, principal) || documents.iter().chain(&of).any(told);
        let key = Key {
            gain: Gain::PrincipalWithOtherPolicies,
            account: principal.account,
            kind: Some(principal.kind),
            boundary: of,
            policies: documents,
            alone: alone.then_some(base),
        };
        if let Some(number) = self.known.get(&key) {
            return Some(self.node(*number));
        }
        self.add(key, Guise::changed(principal, policies, boundary), base)
    }

    fn is_alone(&self, inventory: &Inventory, principal: &Principal) -> bool {
        // An entry of another account that a dump holds may do things there, not here.
        let own = inventory.account(principal.account).map(|account| &*account.id);
        let boundary = principal.boundary.as_ref().map(|attachment| attachment.document);
        crate::base::Arn::parse(&principal.arn).map(|arn| arn.account) != own
            || self.telling.contains(&principal.account)
            || boundary.is_some_and(|id| self.telling_boundaries.contains(&id))
            || self.named.contains(&principal.arn)
    }

    fn add(&mut self, key: Key, guise: Guise, base: PrincipalId) -> Option<Node> {
        let number = u32::try_from(self.all.len()).ok()?;
        self.all.push(guise);
        self.actors.push((key.gain, base));
        self.known.insert(key, number);
        Some(self.node(number))
    }

    /// The guise that somebody gains; `None`: it gains no guise.
    pub fn of(&mut self, inventory: &Inventory, gain: Gain, base: PrincipalId) -> Option<Node> {
        let principal = inventory.principal(base)?;
        let key = self.key(inventory, gain, base)?;
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

/// Whether a statement looks at who calls.
fn tells_apart(statement: &Statement, version: Version) -> bool {
    let looks = |key: &str| {
        let key = key.to_ascii_lowercase();
        key.contains("principaltag/") || matches!(&*key, "aws:principalarn" | "aws:username" | "aws:userid")
    };
    let by_variable = |text: &String| {
        version == Version::V2012
            && text.split("${").skip(1).any(|rest| looks(rest.split(['}', ',']).next().unwrap_or_default().trim()))
    };
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    statement.conditions.iter().any(|condition| looks(&condition.key))
        || values.chain(statement.resource.iter().flat_map(|resource| &resource.values)).any(by_variable)
}
