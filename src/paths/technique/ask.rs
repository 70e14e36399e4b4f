//! For whom a technique works, on whom: asked in bulk, for all actors and all it may be done to.

use super::answers::{Aims, Answered, Answers};
use super::change::{self, Belongings, Change, count_denying};
use super::fact::{self, Profiles, Told, trusts};
use super::join::{Joined, Questions};
use super::made;
use super::{Changing, Named, Need, Precondition, Technique, Through, Unread};
use crate::access::{Access, Among, BARE, Own, Targets};
use crate::base::{Arn, Certainty, Glob, arn};
use crate::engine::{Context, Tags, Target, Verdict};
use crate::iam::{Effect, Test};
use crate::inventory::{AccountId, DocumentId, Inventory, Principal, PrincipalId, PrincipalKind, ResourceId};
use crate::paths::direct;
use crate::paths::terms::Terms;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a technique gives some actors.
#[derive(Clone, Debug)]
pub(in crate::paths) struct Edge {
    /// The technique, by position.
    pub technique: usize,
    /// Who can use it, ascending: ids of the inventory that was asked.
    pub actors: Arc<[PrincipalId]>,
    /// Whom they can become by it. Edges that gain the same share it.
    pub gained: Arc<[Gained]>,
    /// Under which conditions.
    pub terms: Terms,
    /// What the engine says of each request that it needs.
    pub verdicts: Vec<Verdict>,
}

/// One who can be become.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::paths) struct Gained {
    /// The principal, an id of the inventory of which the slots are; `None`: one who is made anew.
    pub principal: Option<PrincipalId>,
    /// The resource that it is done to.
    pub resource: Option<ResourceId>,
    /// What each request names.
    pub on: Box<[Arc<str>]>,
    /// How the principal's policies change.
    pub change: Option<Arc<Change>>,
}

/// One that a technique can be done to.
pub(super) struct Slot {
    pub principal: Option<PrincipalId>,
    pub resource: Option<ResourceId>,
    pub change: Option<Arc<Change>>,
    /// What must be supposed of it.
    pub told: Terms,
}

/// Asks about techniques.
pub(in crate::paths) struct Asker<'a> {
    /// Of whom one may become.
    pub inventory: &'a Inventory,
    /// Of those who act.
    pub access: &'a Access<'a>,
    pub techniques: &'a [Technique],
    may_do: Mutex<FxHashMap<Arc<str>, Among>>,
    /// What is found in the inventory of those whom one may become.
    known: Arc<Known<'a>>,
    /// The boundaries that somebody has.
    pub(super) boundaries: BTreeSet<Arc<str>>,
    /// What those who act belong to, where they are of another inventory.
    of_actors: OnceLock<Belongings>,
}

/// What is found in an inventory once, whoever acts.
struct Known<'a> {
    /// Resources that act as roles, by type and property.
    acting: FxHashMap<(String, String), Vec<(PrincipalId, ResourceId)>>,
    places: Vec<made::Place>,
    profiles: Profiles<'a>,
    boundaries: FxHashSet<Arc<str>>,
    belongings: Belongings,
}

impl<'a> Known<'a> {
    fn new(inventory: &'a Inventory, techniques: &[Technique]) -> Known<'a> {
        let mut acting = FxHashMap::default();
        for technique in techniques {
            if let Through::Resource { kind, role } = &technique.through {
                let key = (kind.clone(), role.clone());
                acting.entry(key).or_insert_with(|| acting_as(inventory, kind, role));
            }
        }
        Known {
            acting,
            places: made::places(inventory),
            profiles: Profiles::new(inventory),
            boundaries: boundaries(inventory),
            belongings: Belongings::new(inventory),
        }
    }
}

impl<'a> Asker<'a> {
    /// Those of an inventory are asked about each other.
    pub fn new(access: &'a Access<'a>, techniques: &'a [Technique]) -> Asker<'a> {
        let inventory = access.inventory();
        let known = Known::new(inventory, techniques);
        let boundaries = known.boundaries.iter().cloned().collect();
        Asker::of(inventory, access, techniques, Arc::new(known), boundaries)
    }

    /// Others are asked about the same: those of another inventory.
    pub fn beside<'b>(&self, access: &'b Access<'b>) -> Asker<'b>
    where
        'a: 'b,
    {
        let boundaries = self.known.boundaries.iter().cloned().chain(boundaries(access.inventory())).collect();
        Asker::of(self.inventory, access, self.techniques, Arc::clone(&self.known), boundaries)
    }

    fn of(
        inventory: &'a Inventory,
        access: &'a Access<'a>,
        techniques: &'a [Technique],
        known: Arc<Known<'a>>,
        boundaries: BTreeSet<Arc<str>>,
    ) -> Asker<'a> {
        Asker { inventory, access, techniques, may_do: Mutex::default(), known, boundaries, of_actors: OnceLock::new() }
    }

    /// Who of those who act is in each group and has each policy.
    pub(super) fn belongings_of_actors(&self) -> &Belongings {
        if std::ptr::eq(self.inventory, self.access.inventory()) {
            return &self.known.belongings;
        }
        self.of_actors.get_or_init(|| Belongings::new(self.access.inventory()))
    }

    /// Asks of some techniques, at the same time; the answers come in the order of the techniques.
    pub fn each(
        &self,
        of: impl Fn(&Technique) -> bool,
        ask: impl Fn(usize, &Technique) -> Vec<Edge> + Sync,
    ) -> impl Iterator<Item = (&'a Technique, Vec<Edge>)> {
        let mut asked: Vec<(usize, &Technique)> =
            self.techniques.iter().enumerate().filter(|(_, technique)| of(technique)).collect();
        // Some take a hundred times as long as others: they are handed out one by one, the dearest first.
        let cost = |technique: &Technique| {
            technique.needs.iter().map(|need| self.access.count_speaking(&need.action)).fold(0, usize::saturating_add)
        };
        asked.sort_by_cached_key(|(_, technique)| std::cmp::Reverse(cost(technique)));
        let answered =
            asked.into_iter().par_bridge().map(|(number, technique)| (number, technique, ask(number, technique)));
        let mut answered: Vec<_> = answered.collect();
        answered.sort_unstable_by_key(|(number, ..)| *number);
        answered.into_iter().map(|(_, technique, edges)| (technique, edges))
    }

    /// Those who may do all that a technique needs, as far as their own policies go.
    pub(super) fn candidates(&self, technique: &Technique, among: &Among) -> Among {
        let mut all = among.clone();
        for need in &technique.needs {
            let mut known = self.may_do.lock().unwrap_or_else(PoisonError::into_inner);
            let may = known.entry(Arc::clone(&need.action)).or_insert_with(|| self.access.may_do(&need.action));
            all = all.and(may);
        }
        all
    }

    /// For whom a technique that is done to oneself works: each of those who act, with what the requests name.
    pub fn own(&self, number: usize, among: &Among) -> Vec<Edge> {
        let Some(technique) = self.techniques.get(number).filter(|technique| technique.change.is_none()) else {
            return Vec::new();
        };
        let kind = match technique.through {
            Through::OwnUser => PrincipalKind::User,
            Through::OwnRole => PrincipalKind::Role,
            _ => return Vec::new(),
        };
        let among = self.candidates(technique, among);
        if among.is_empty() {
            return Vec::new();
        }
        let inventory = self.access.inventory();
        let mut remaining: Option<BTreeMap<PrincipalId, Allowed>> = None;
        for need in &technique.needs {
            let contexts = Contexts::new(&self.boundaries, need, None);
            let own = |id: PrincipalId| -> Option<Own<'_>> {
                let principal = inventory.principal(id).filter(|known| known.kind == kind && !known.service_linked)?;
                let on = match need.on {
                    Named::Principal => vec![Arc::clone(&principal.arn)],
                    Named::OwnPolicy => policies_of(self.inventory, principal, &technique.preconditions),
                    Named::OwnGroup => principal.groups.clone(),
                    _ => return None,
                };
                Some(Own { on, context: contexts.of(principal) })
            };
            let answers = self.access.who_can_itself(&need.action, &among, None, &own);
            let mut next = BTreeMap::new();
            for (id, on, decision) in answers {
                let before = match &mut remaining {
                    None => self.told(technique, inventory, id, None).map(|told| (told, Vec::new(), Vec::new())),
                    Some(known) => known.remove(&id),
                };
                let Some((terms, mut verdicts, mut named)) = before else { continue };
                verdicts.push(decision.verdict);
                named.push(on);
                next.insert(id, (terms.and(Terms::of(&decision)), verdicts, named));
            }
            remaining = Some(next);
        }
        let edge = |(id, (terms, verdicts, on)): (PrincipalId, Allowed)| Edge {
            technique: number,
            actors: Arc::new([id]),
            gained: Arc::new([Gained { principal: Some(id), resource: None, on: on.into(), change: None }]),
            terms,
            verdicts,
        };
        remaining.into_iter().flatten().map(edge).collect()
    }

    /// For whom a technique works on any of those whom it is worth to become.
    pub fn edges(&self, number: usize, wanted: &BTreeSet<PrincipalId>, among: &Among) -> Vec<Edge> {
        let Some(technique) = self.techniques.get(number) else { return Vec::new() };
        let among = self.candidates(technique, among);
        if among.is_empty() {
            return Vec::new();
        }
        self.edges_on(number, self.slots(technique, wanted), &among)
    }

    /// For whom a technique works that changes policies of others. `apart`: of those who can be brought into a group, one of
    /// whom it says the same is enough.
    pub fn changes_of_others(
        &self,
        number: usize,
        wanted: &BTreeSet<PrincipalId>,
        among: &Among,
        apart: &dyn Fn(PrincipalId) -> Option<u32>,
    ) -> Vec<Edge> {
        let technique = self.techniques.get(number);
        let Some((technique, kind)) = technique.and_then(|known| Some((known, known.change?))) else {
            return Vec::new();
        };
        let among = self.candidates(technique, among);
        if among.is_empty() {
            return Vec::new();
        }
        let slots = self.slots(technique, wanted);
        let slots = self.changing(technique, kind, slots, &among, apart);
        self.edges_on(number, slots, &among)
    }

    /// For whom a technique works on some of these.
    fn edges_on(&self, number: usize, slots: Vec<Slot>, among: &Among) -> Vec<Edge> {
        let Some(technique) = self.techniques.get(number).filter(|_| !slots.is_empty()) else { return Vec::new() };
        let mut answered: Vec<Answered> = Vec::new();
        for need in &technique.needs {
            let aims = self.aims(technique, need, &slots, among);
            answered.push(self.ask(need, &aims, &slots, among));
        }
        let asked = Questions::new(technique, slots, answered);
        // Those who get the same answers go together.
        let mut groups: BTreeMap<Vec<&[u32]>, Vec<PrincipalId>> = BTreeMap::new();
        for id in asked.answered.first().into_iter().flat_map(|first| first.by_principal.keys()) {
            let key: Option<Vec<&[u32]>> =
                asked.answered.iter().map(|need| need.by_principal.get(id).map(Vec::as_slice)).collect();
            if let Some(key) = key {
                groups.entry(key).or_default().push(*id);
            }
        }
        let mut shared = FxHashMap::default();
        let mut edges = Vec::new();
        for (key, actors) in groups {
            let actors: Arc<[PrincipalId]> = actors.into();
            for joined in asked.join(&key, &mut shared) {
                let Joined { gained, terms, verdicts } = joined;
                edges.push(Edge { technique: number, actors: Arc::clone(&actors), gained, terms, verdicts });
            }
        }
        match &technique.administers {
            Some(service) => edges.into_iter().flat_map(|edge| self.of_administration(service, edge)).collect(),
            None => edges,
        }
    }

    /// An edge for those only whose account administers a service for the organisation. What is in the management account,
    /// nobody can change but it.
    ///
    /// Source: <https://docs.aws.amazon.com/singlesignon/latest/userguide/delegated-admin.html>
    fn of_administration(&self, service: &str, edge: Edge) -> Vec<Edge> {
        let mut by_told: BTreeMap<(Told, bool), Vec<PrincipalId>> = BTreeMap::new();
        for id in edge.actors.iter() {
            let Some(known) = self.access.inventory().principal(*id) else { continue };
            let told = fact::administers(self.inventory, known.account, service);
            let is_management = fact::is_management(self.inventory, known.account);
            by_told.entry((told, is_management)).or_default().push(*id);
        }
        let mut edges = Vec::new();
        for ((told, is_management), actors) in by_told {
            let terms = match told {
                Told::Holds => Terms::default(),
                // Few accounts of an organisation do: nothing speaks for it.
                Told::Unread(words) => supposing(words, Certainty::Unknown),
                Told::Fails => continue,
            };
            let elsewhere = |gained: &&Gained| {
                let whom = gained.principal.and_then(|id| self.inventory.principal(id));
                whom.is_some_and(|known| !fact::is_management(self.inventory, known.account))
            };
            let gained = edge.gained.iter().filter(|gained| is_management || elsewhere(gained)).cloned().collect();
            edges.push(Edge { actors: actors.into(), gained, terms: terms.and(edge.terms.clone()), ..edge.clone() });
        }
        edges.retain(|edge| !edge.gained.is_empty());
        edges
    }

    /// An account as Identity Center names it.
    fn account_of(&self, principal: &Principal) -> Option<Arc<str>> {
        let partition = Arn::parse(&principal.arn)?.partition;
        let account = self.inventory.account(principal.account)?;
        Some(format!("arn:{partition}:sso:::account/{}", account.id).into())
    }

    /// What a precondition comes to; `None`: it fails.
    fn told(
        &self,
        technique: &Technique,
        inventory: &Inventory,
        id: PrincipalId,
        resource: Option<ResourceId>,
    ) -> Option<Terms> {
        let principal = inventory.principal(id)?;
        let mut terms = Terms::default();
        for precondition in &technique.preconditions {
            match precondition.of(
                inventory,
                &self.known.profiles,
                principal,
                resource.and_then(|id| inventory.resource(id)),
            ) {
                Told::Holds => {}
                Told::Fails => return None,
                Told::Unread(words) => terms = terms.and(supposing(words, Certainty::Conditional)),
            }
        }
        Some(terms.and(technique.supposed()))
    }

    fn slot(&self, technique: &Technique, id: PrincipalId, resource: Option<ResourceId>) -> Option<Slot> {
        let told = self.told(technique, self.inventory, id, resource)?;
        Some(Slot { principal: Some(id), resource, change: None, told })
    }

    /// For each account, whether it tells of things of a kind.
    fn accounts_that_tell(&self, unread: &Unread) -> Vec<bool> {
        let (service, call) = &unread.call;
        let accounts = (0u32..).map(AccountId).zip(&self.inventory.accounts);
        let mut told: Vec<bool> = accounts.map(|(id, _)| self.inventory.was_read(id, service, call)).collect();
        for resource in self.inventory.resources.iter().filter(|resource| resource.kind == unread.kind) {
            if let Some(known) = told.get_mut(resource.account.0 as usize) {
                *known = true;
            }
        }
        told
    }

    /// A role that a service may take on.
    fn taken_on(&self, technique: &Technique, id: PrincipalId, trusts: Option<bool>) -> Option<Slot> {
        match trusts {
            Some(true) => self.slot(technique, id, None),
            Some(false) => None,
            None => {
                let slot = self.slot(technique, id, None)?;
                let words = "if the role's trust policy, which cannot be read, allows it";
                Some(Slot { told: slot.told.and(supposing(words, Certainty::Unknown)), ..slot })
            }
        }
    }

    fn slots<'s>(&'s self, technique: &'s Technique, wanted: &BTreeSet<PrincipalId>) -> Vec<Slot> {
        let inventory = self.inventory;
        let of_kind = |kind: PrincipalKind| {
            wanted.iter().copied().filter(move |id| {
                inventory.principal(*id).is_some_and(|known| known.kind == kind && !known.service_linked)
            })
        };
        let slot = |id: PrincipalId, resource: Option<ResourceId>| self.slot(technique, id, resource);
        // Thousands of roles share a trust policy.
        let trusting = |service: &'s str| {
            let mut known: FxHashMap<Option<DocumentId>, Option<bool>> = FxHashMap::default();
            move |id: PrincipalId| {
                let role = inventory.principal(id)?;
                *known.entry(role.trust).or_insert_with(|| trusts(inventory, role, service))
            }
        };
        match &technique.through {
            Through::OwnUser | Through::OwnRole => Vec::new(),
            Through::Anew => {
                vec![Slot { principal: None, resource: None, change: None, told: Terms::default() }]
            }
            Through::User => of_kind(PrincipalKind::User).filter_map(|id| slot(id, None)).collect(),
            Through::Role => of_kind(PrincipalKind::Role).filter_map(|id| slot(id, None)).collect(),
            Through::PassedRole { service } => {
                let mut trust = trusting(service);
                of_kind(PrincipalKind::Role).filter_map(|id| self.taken_on(technique, id, trust(id))).collect()
            }
            Through::PermissionSet => {
                let is_made = |id: &PrincipalId| inventory.principal(*id).is_some_and(|known| known.reserved);
                of_kind(PrincipalKind::Role).filter(is_made).filter_map(|id| slot(id, None)).collect()
            }
            Through::RunningRole { service, unless_read } => {
                let seen: Vec<bool> = match unless_read {
                    Some(unread) => self.accounts_that_tell(unread),
                    None => Vec::new(),
                };
                let is_seen = |id: &PrincipalId| {
                    let account = inventory.principal(*id).map(|known| known.account.0 as usize);
                    account.and_then(|account| seen.get(account)).copied().unwrap_or(false)
                };
                let mut trust = trusting(service);
                let unseen = of_kind(PrincipalKind::Role).filter(|id| !is_seen(id));
                unseen.filter_map(|id| self.taken_on(technique, id, trust(id))).collect()
            }
            Through::Resource { kind, role } => {
                let acting = self.known.acting.get(&(kind.clone(), role.clone()));
                let acting = acting.into_iter().flatten().filter(|(id, _)| wanted.contains(id));
                acting.filter_map(|(id, resource)| slot(*id, Some(*resource))).collect()
            }
            Through::Provider { kind } => {
                let providers = inventory.resource_ids().filter(|(_, known)| known.kind == *kind);
                providers
                    .flat_map(|(resource, known)| {
                        of_kind(PrincipalKind::Role).filter_map(move |id| {
                            let trusts = trusts(inventory, inventory.principal(id)?, &known.arn)?;
                            trusts.then_some((id, resource))
                        })
                    })
                    .filter_map(|(id, resource)| slot(id, Some(resource)))
                    .collect()
            }
        }
    }

    /// The same principals, once for each change that there is to their policies.
    fn changing(
        &self,
        technique: &Technique,
        kind: Changing,
        mut slots: Vec<Slot>,
        among: &Among,
        apart: &dyn Fn(PrincipalId) -> Option<u32>,
    ) -> Vec<Slot> {
        let changes = self.changes_of(technique, kind, among);
        let mut all = Vec::new();
        if kind == Changing::Attach && changes.len().saturating_mul(slots.len()) > MOST_PAIRS {
            self.keep_one_of_each(&mut slots);
        }
        let classes = match kind {
            Changing::JoinGroup => self.alike(technique, &slots, among, apart),
            _ => Vec::new(),
        };
        let mut at: FxHashMap<PrincipalId, Vec<usize>> = FxHashMap::default();
        for (place, slot) in slots.iter().enumerate() {
            if let Some(id) = slot.principal {
                at.entry(id).or_default().push(place);
            }
        }
        let anybody: Vec<PrincipalId> = slots.iter().filter_map(|slot| slot.principal).collect();
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            for (account, class) in &classes {
                let concerns = |place: &&usize| {
                    let whom = slots.get(**place).and_then(|slot| self.inventory.principal(slot.principal?));
                    whom.is_some_and(|principal| change.concerns(self.inventory, principal))
                };
                if change.account(self.inventory) == Some(*account) {
                    pairs.extend(class.iter().find(concerns).map(|place| (*place, number)));
                }
            }
            let all = if classes.is_empty() { anybody.as_slice() } else { &[] };
            for id in change.concerned(&self.known.belongings).unwrap_or(all) {
                let Some(principal) = self.inventory.principal(*id).filter(|_| at.contains_key(id)) else { continue };
                if change.concerns(self.inventory, principal) {
                    pairs.extend(at.get(id).into_iter().flatten().map(|place| (*place, number)));
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        for (slot, change) in pairs.into_iter().filter_map(|(at, number)| Some((slots.get(at)?, changes.get(number)?)))
        {
            let change = Some(Arc::clone(change));
            all.push(Slot { principal: slot.principal, resource: slot.resource, change, told: slot.told.clone() });
        }
        all
    }

    /// Those who are told apart by no answer about what a technique does to them as they are, by nothing that must be
    /// supposed of them, by no boundary, and by nothing else that is asked for: by account, as places of slots, first those
    /// who are denied least.
    fn alike(
        &self,
        technique: &Technique,
        slots: &[Slot],
        among: &Among,
        apart: &dyn Fn(PrincipalId) -> Option<u32>,
    ) -> Vec<(AccountId, Vec<usize>)> {
        let needs = technique.needs.iter().filter(|need| need.on != Named::Changed);
        let ask = |need| self.ask(need, &self.aims(technique, need, slots, among), slots, among);
        let answered: Vec<Answered> = needs.map(ask).collect();
        let mut known = FxHashMap::default();
        let mut classes: Vec<(AccountId, Vec<usize>)> = Vec::new();
        for (place, slot) in slots.iter().enumerate() {
            let Some(id) = slot.principal else { continue };
            let Some(principal) = self.inventory.principal(id) else { continue };
            let kinds: Vec<u32> = answered.iter().map(|need| need.kind_of_aims(place)).collect();
            let boundary = principal.boundary.as_ref().map(|one| one.document);
            let key = (kinds, &slot.told, boundary, principal.account, apart(id));
            let at = *known.entry(key).or_insert(classes.len());
            match classes.get_mut(at) {
                Some((_, class)) => class.push(place),
                None => classes.push((principal.account, vec![place])),
            }
        }
        let denied = |place: &usize| {
            let principal = slots.get(*place).and_then(|slot| self.inventory.principal(slot.principal?));
            principal.map_or(usize::MAX, |principal| count_denying(self.inventory, principal))
        };
        classes.iter_mut().for_each(|(_, class)| class.sort_by_cached_key(denied));
        classes
    }

    /// Keeps the first of those principals who have the same policies, boundary and trust policy.
    fn keep_one_of_each(&self, slots: &mut Vec<Slot>) {
        let mut known: BTreeSet<(Vec<DocumentId>, Option<DocumentId>, Option<DocumentId>)> = BTreeSet::new();
        slots.retain(|slot| {
            let Some(principal) = slot.principal.and_then(|id| self.inventory.principal(id)) else { return false };
            let policies = principal.policies.iter().map(|one| one.document).collect();
            known.insert((policies, principal.boundary.as_ref().map(|one| one.document), principal.trust))
        });
    }

    /// The changes that some of those who may make them can make, as far as the policy they speak of goes.
    pub(super) fn changes_of(&self, technique: &Technique, kind: Changing, among: &Among) -> Vec<Arc<Change>> {
        let asked = match kind {
            Changing::Attach | Changing::AttachToGroup => {
                let need = technique.needs.iter().find(|need| need.carries_policy);
                need.map(|need| self.access.conditions_on(&need.action, "iam:PolicyARN", among)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        // Whoever may attach any policy attaches AdministratorAccess: that is a technique of its own.
        let may_be_attached = |policy: &str| {
            asked.iter().any(|(effect, condition)| {
                let is_plain = *effect == Effect::Allow && !condition.operator.negated;
                let is_text = condition.operator.test != Test::Null;
                let fits = |value: &String| value.contains("${") || Glob::new(value).matches(policy);
                !is_plain || !is_text || condition.values.iter().any(fits)
            })
        };
        let all = change::all(self.inventory, kind, &may_be_attached);
        all.into_iter().map(Arc::new).collect()
    }

    /// What a request names for each of the slots: any of them will do.
    fn aims(&self, technique: &Technique, need: &Need, slots: &[Slot], among: &Among) -> Vec<Aims> {
        let inventory = self.inventory;
        let principal = |slot: &Slot| slot.principal.and_then(|id| inventory.principal(id));
        match &need.on {
            Named::Everything => vec![["*".into()].into(); slots.len()],
            named @ (Named::New(_) | Named::Any(_)) => {
                let same = technique.needs.iter().filter(|other| other.on == need.on);
                let actions: Vec<&str> = same.map(|other| &*other.action).collect();
                vec![
                    made::names(self.access, &self.known.places, named, &actions, among).into_iter().collect();
                    slots.len()
                ]
            }
            Named::Principal => slots
                .iter()
                .map(|slot| principal(slot).map(|known| Arc::clone(&known.arn)).into_iter().collect())
                .collect(),
            Named::OwnPolicy => slots
                .iter()
                .map(|slot| {
                    let policies = principal(slot).map(|known| policies_of(inventory, known, &technique.preconditions));
                    policies.into_iter().flatten().collect()
                })
                .collect(),
            Named::Account => slots
                .iter()
                .map(|slot| principal(slot).and_then(|known| self.account_of(known)).into_iter().collect())
                .collect(),
            Named::Changed => {
                slots.iter().map(|slot| slot.change.iter().filter_map(|change| change.on.clone()).collect()).collect()
            }
            Named::OwnGroup => slots
                .iter()
                .map(|slot| principal(slot).into_iter().flat_map(|known| known.groups.clone()).collect())
                .collect(),
            Named::Resource => slots
                .iter()
                .map(|slot| {
                    let resource = slot.resource.and_then(|id| inventory.resource(id));
                    let action = crate::catalog::action(&need.action);
                    let named = |arn: &str| match action {
                        Some(action) => crate::access::named_by(action, arn),
                        None => vec![arn.to_owned()],
                    };
                    resource.map(|known| named(&known.arn)).into_iter().flatten().map(Arc::from).collect()
                })
                .collect(),
        }
    }

    fn ask(&self, need: &Need, aims: &[Aims], slots: &[Slot], among: &Among) -> Answered {
        let inventory = self.inventory;
        // What is asked with the same keys is one question.
        let mut questions: BTreeMap<Carried, Vec<usize>> = BTreeMap::new();
        for (at, slot) in slots.iter().enumerate() {
            let principal = slot.principal.and_then(|id| inventory.principal(id)).filter(|_| need.carries_boundary);
            let boundary = principal.and_then(|known| known.boundary.as_ref()).map(|known| Arc::clone(&known.name));
            let policy = slot.change.as_ref().filter(|_| need.carries_policy).and_then(|change| change.policy.clone());
            questions.entry((boundary, policy)).or_default().push(at);
        }
        let mut answers = Answers::new(slots.len());
        for ((boundary, policy), of_slots) in &questions {
            let first = answers.names().len();
            answers.aim(of_slots.iter().filter_map(|at| Some((*at, aims.get(*at)?))));
            let mut targets = Targets::default();
            for name in answers.names().iter().skip(first) {
                push(inventory, &mut targets, need, name);
            }
            let first = u32::try_from(first).unwrap_or(u32::MAX);
            let context = context(need, boundary.as_deref(), policy.as_deref());
            if !crate::paths::chains(&need.action) {
                let answered = self.access.who_can_among(&need.action, &targets, &context, among);
                answers.take(answered, first, &|_| true);
                continue;
            }
            // A session of a role was not started with a second factor of its own.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
            let is = |kind: PrincipalKind| {
                let actors = self.access.inventory();
                move |id: &PrincipalId| actors.principal(*id).is_some_and(|known| known.kind == kind)
            };
            let answered = self.access.who_can_among(&need.action, &targets, &context, among);
            answers.take(answered, first, &is(PrincipalKind::User));
            let context = crate::paths::chained(context);
            let answered = self.access.who_can_among(&need.action, &targets, &context, among);
            answers.take(answered, first, &is(PrincipalKind::Role));
        }
        answers.sorted()
    }
}

/// Keys that a request carries: the boundary of the principal that it changes, and the policy that it speaks of.
type Carried = (Option<Arc<str>>, Option<Arc<str>>);

/// So many pairs of a principal and a change of it are looked at one by one. Where there are more, the first stands for
/// those who have the same policies.
const MOST_PAIRS: usize = 20_000;

/// What requests name, one each.
type Names = Vec<Arc<str>>;

/// What is allowed so far: under which terms, each verdict, and what each request names.
type Allowed = (Terms, Vec<Verdict>, Names);

/// The contexts of requests that change principals: by the boundary that these have.
pub(super) struct Contexts {
    plain: Context,
    by_boundary: BTreeMap<Arc<str>, Context>,
}

impl Contexts {
    /// `policy`: the policy that the requests speak of.
    pub fn new(boundaries: &BTreeSet<Arc<str>>, need: &Need, policy: Option<&str>) -> Contexts {
        let carried = boundaries.iter().filter(|_| need.carries_boundary);
        let by_boundary = carried.map(|name| (Arc::clone(name), context(need, Some(name), policy))).collect();
        Contexts { plain: context(need, None, policy), by_boundary }
    }

    pub fn of(&self, principal: &Principal) -> &Context {
        principal.boundary.as_ref().and_then(|boundary| self.by_boundary.get(&boundary.name)).unwrap_or(&self.plain)
    }
}

/// The keys that a request carries.
pub(super) fn context(need: &Need, boundary: Option<&str>, policy: Option<&str>) -> Context {
    let mut context = direct();
    for (key, values) in keys(need, boundary, policy) {
        context.set(&key, values);
    }
    context
}

/// The keys that a request carries besides those of every call that a principal makes itself.
pub(in crate::paths) fn keys(need: &Need, boundary: Option<&str>, policy: Option<&str>) -> Vec<(String, Vec<String>)> {
    let mut keys: Vec<(String, Vec<String>)> =
        need.with.iter().map(|(key, values)| (key.clone(), values.clone())).collect();
    if need.carries_boundary {
        keys.push(("iam:PermissionsBoundary".to_owned(), boundary.map(str::to_owned).into_iter().collect()));
    }
    if need.carries_policy {
        keys.push(("iam:PolicyARN".to_owned(), policy.map(str::to_owned).into_iter().collect()));
    }
    keys
}

pub(super) fn supposing(words: &str, certainty: Certainty) -> Terms {
    Terms { certainty, conditions: [words.to_owned()].into() }
}

/// The policies of a principal, and of its groups, that belong to its account and can take one more version, as far as the
/// technique needs that.
fn policies_of(inventory: &Inventory, principal: &Principal, preconditions: &[Precondition]) -> Vec<Arc<str>> {
    let full = |name: &str| {
        preconditions.contains(&Precondition::FreePolicyVersion)
            && fact::has_free_version(inventory, name) == Some(false)
    };
    let is_own = |name: &str| Arn::parse(name).is_some_and(|arn| arn.account != "aws");
    let mut names: Vec<Arc<str>> = principal
        .policies
        .iter()
        .map(|attachment| &attachment.name)
        .filter(|name| is_own(name) && !full(name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Something as a target: a resource, a principal with its tags, or what nothing is known of.
fn push<'t>(inventory: &'t Inventory, targets: &mut Targets<'t>, need: &Need, on: &str) {
    let principal = inventory.find_principal(on).and_then(|id| inventory.principal(id));
    let resource = need.speaker(inventory, on);
    if let Some(id) = resource.filter(|id| principal.is_none() && *id != BARE) {
        targets.push_known(inventory, id);
        return;
    }
    let mut target = Target {
        account: arn::account_of(on).map(|account| account.to_owned().into()),
        arn: on.to_owned().into(),
        properties: None,
        tags: Tags::Unsaid,
    };
    if let Some(principal) = principal {
        target.tags = Tags::All(&principal.tags);
    }
    targets.push_part(target, resource.filter(|id| *id == BARE));
}

/// The names of all boundaries.
fn boundaries(inventory: &Inventory) -> FxHashSet<Arc<str>> {
    let all = inventory.principals.iter().filter_map(|known| known.boundary.as_ref());
    let distinct: FxHashSet<&Arc<str>> = all.map(|boundary| &boundary.name).collect();
    distinct.into_iter().cloned().collect()
}

/// Resources of a type with the role that they act as.
fn acting_as(inventory: &Inventory, kind: &str, property: &str) -> Vec<(PrincipalId, ResourceId)> {
    let mut found = Vec::new();
    for (id, resource) in inventory.resource_ids().filter(|(_, resource)| resource.kind == kind) {
        let mut value = resource.properties.get(property.split('.').next().unwrap_or_default());
        for part in property.split('.').skip(1) {
            value = value.and_then(|value| value.get(part));
        }
        let Some(arn) = value.and_then(Value::as_str) else { continue };
        found.extend(inventory.find_principal(arn).map(|role| (role, id)));
    }
    found
}
