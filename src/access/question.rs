//! One action on many targets, for every principal.
//!
//! The work is shared four ways. Only statements that speak of the action and cover a target take part. Principals that
//! the same documents reach, as far as these take part, are one *party*. Targets that nothing but their ARN tells apart
//! are one *group*, and what a party's statements say of a group is said once. And what two parties face may come to the
//! same *case*: an unconditional allow is an unconditional allow, whichever document it stands in; each case is decided
//! once, by the engine.

use super::index::{CONTESTED, StatementId};
use super::mentions::Mentions;
use super::reach::{Hits, Patterns, Reach};
use super::targets::{Asked, Targets};
use super::{Access, Answer, Block, Class, Owned};
use crate::base::Arn;
use crate::engine::{self, Context, Decision, Layer, Policy, ResourceSide, Stack, Tags, Verdict};
use crate::iam::{self, Effect, PolicyKind, PrincipalSpec, Statement, Version};
use crate::inventory::{Attachment, Controls, DocumentId, PrincipalId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A statement that takes part, or a whole document that cannot be read.
struct Entry<'q> {
    document: DocumentId,
    /// `None`: the document cannot be read.
    source: Option<(&'q Statement, Version, PolicyKind)>,
    reach: Reach,
    /// Whether nothing but the resource decides whether it applies.
    plain: bool,
    mentions: Mentions,
    compiled: OnceLock<Policy>,
}

impl Entry<'_> {
    fn may(&self, effect: Effect) -> bool {
        self.source.is_none_or(|(statement, ..)| statement.effect == effect)
    }

    fn covers(&self, target: u32) -> bool {
        self.reach.certain.contains(target) || self.reach.possible.contains(target)
    }

    /// The statement alone, its actions put in the one word that matters: long lists would be matched in each case.
    fn policy(&self, action: &str) -> &Policy {
        self.compiled.get_or_init(|| {
            let name = format!("document {}", self.document.0);
            let Some((statement, version, kind)) = self.source else { return Policy::unreadable(name) };
            let mut statement = statement.clone();
            if !statement.action.negated && !is_contested(&statement) {
                statement.action.values = vec![action.to_owned()];
            }
            Policy::new(name, &iam::Policy { version, id: None, statements: vec![statement] }, kind)
        })
    }
}

fn is_contested(statement: &Statement) -> bool {
    statement.action.values.iter().any(|text| text == CONTESTED)
}

/// Targets that nothing tells apart but which statements of a principal cover them.
struct Group {
    targets: Vec<u32>,
    /// Position of the account that owns them; `None`: the caller's own.
    owner: Option<Owner>,
    side: Side,
    /// Whether the resource's side may allow a caller of another account anything.
    open_to_others: bool,
    /// Whether the resource's side may allow a caller of the same account whose policies say nothing.
    open_to_silent: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    Known(usize),
    /// An account that the inventory does not hold.
    Unknown,
}

enum Side {
    None,
    Unseen,
    Policy(Policy),
}

/// Principals for whom all cases come to the same.
struct Party<'q> {
    principals: Vec<PrincipalId>,
    class: &'q Class,
    documents: Vec<DocumentId>,
    likeness: Likeness,
    /// Whether a policy of a resource names them: it may allow what their own policies do not.
    named: bool,
}

/// How alike principals must be to be decided as one.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Likeness {
    /// Same account, same kind.
    Kind,
    /// The same values of the tags that are looked at; `None`: a session may choose them.
    Tags(Option<Vec<(String, Option<String>)>>),
    /// Nobody else.
    Same(PrincipalId),
}

/// What is put to the engine, in the fewest words.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Case {
    kind: u32,
    likeness: u32,
    /// What the identity policies say: see [`Tokens`].
    identity: u32,
    boundary: Option<u32>,
    group: u32,
    /// Where a policy variable stands in a pattern, the answer names the target.
    target: Option<u32>,
}

/// What statements say of a target: [`ALLOW`] and [`DENY`] where they say it without any condition, else the position of
/// the entry, from [`FIRST`]. In order, each once.
type Tokens = Vec<u32>;

const ALLOW: u32 = 0;
const DENY: u32 = 1;
const FIRST: u32 = 2;

/// Numbers for things that are compared often.
struct Interner<T>(FxHashMap<T, u32>);

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    fn id(&mut self, value: &T) -> u32 {
        if let Some(known) = self.0.get(value) {
            return *known;
        }
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(value.clone(), next);
        next
    }

    fn into_order(self) -> Vec<T> {
        let mut all: Vec<(T, u32)> = self.0.into_iter().collect();
        all.sort_unstable_by_key(|(_, id)| *id);
        all.into_iter().map(|(value, _)| value).collect()
    }
}

/// One action on many targets.
pub(super) struct Question<'q> {
    access: &'q Access<'q>,
    asked: Asked<'q>,
    entries: Vec<Entry<'q>>,
    /// The entries of each document.
    of_document: FxHashMap<DocumentId, Range<usize>>,
    /// Organisation policies of each account, for callers and for resources, as far as they speak.
    controls: Vec<(Owned, Owned, bool)>,
    /// Groups, each within one of `coarse`: told apart by tags as well.
    fine: Vec<Group>,
    /// Groups that are not told apart by tags.
    coarse: Vec<Group>,
    /// The groups that each target is in, fine and coarse.
    group_of: Vec<(u32, u32)>,
    /// Callers whom some policy of a resource names.
    named: FxHashSet<PrincipalId>,
    /// What organisation policies and policies of resources look at, whoever calls.
    everywhere: Mentions,
}

impl<'q> Question<'q> {
    pub(super) fn new(
        access: &'q Access<'q>,
        action: &'q str,
        targets: &'q Targets<'q>,
        context: &'q Context,
    ) -> Question<'q> {
        let asked = Asked::new(action, targets, context);
        let mut question = Question {
            access,
            asked,
            entries: Vec::new(),
            of_document: FxHashMap::default(),
            controls: Vec::new(),
            fine: Vec::new(),
            coarse: Vec::new(),
            group_of: Vec::new(),
            named: FxHashSet::default(),
            everywhere: Mentions::default(),
        };
        question.find_entries();
        question.find_controls();
        question.find_groups();
        question
    }

    /// The statements that speak of the action and cover a target.
    fn find_entries(&mut self) {
        let inventory = self.access.inventory;
        // Policies of resources speak where one of them is asked for; policies that nothing in question has do not.
        let mut sides: FxHashSet<DocumentId> =
            (0..self.asked.count()).filter_map(|target| self.document_of(target)).collect();
        for account in &inventory.accounts {
            if let Controls::Levels { rcps, .. } = &account.controls {
                sides.extend(rcps.iter().flatten().map(|attachment| attachment.document));
            }
        }
        let statement = |id: &StatementId| {
            let document = inventory.document(id.document)?;
            let policy = document.policy.as_ref()?;
            let statement = policy.statements.get(id.statement as usize)?;
            let takes_part = document.kind == PolicyKind::Identity || sides.contains(&id.document);
            takes_part.then_some((id.document, statement, policy.version, document.kind))
        };
        let speaking: Vec<_> = self.access.index.speaking(self.asked.action).iter().filter_map(statement).collect();
        let patterns = Patterns::new(
            &self.asked,
            speaking.iter().map(|(_, statement, version, kind)| (*statement, *version, *kind)),
        );
        let entry = |(document, statement, version, kind): (DocumentId, &'q Statement, Version, PolicyKind)| {
            let reach = patterns.of(statement, version, kind);
            if reach.is_empty() {
                return None;
            }
            let plain = statement.conditions.is_empty() && statement.principal.is_none() && !is_contested(statement);
            let looks = !plain || reach.variable;
            Some(Entry {
                document,
                source: Some((statement, version, kind)),
                mentions: if looks { Mentions::of(statement, version) } else { Mentions::default() },
                reach,
                plain,
                compiled: OnceLock::new(),
            })
        };
        let mut entries: Vec<Entry<'q>> = speaking.into_par_iter().with_min_len(512).filter_map(entry).collect();
        entries.extend(self.access.unreadable.iter().map(|document| Entry {
            document: *document,
            source: None,
            reach: Reach::EVERYTHING,
            plain: false,
            mentions: Mentions::default(),
            compiled: OnceLock::new(),
        }));
        let mut start = 0_usize;
        for same in entries.chunk_by(|a, b| a.document == b.document) {
            let end = start.saturating_add(same.len());
            if let Some(first) = same.first() {
                self.of_document.insert(first.document, start..end);
            }
            start = end;
        }
        self.entries = entries;
    }

    /// The policy of a target.
    fn document_of(&self, target: u32) -> Option<DocumentId> {
        let (_, resource) = self.asked.get(target)?;
        self.access.resource_attachment(resource).map(|attachment| attachment.document)
    }

    fn entries_of(&self, document: DocumentId) -> impl Iterator<Item = (u32, &Entry<'q>)> {
        let range = self.of_document.get(&document).cloned().unwrap_or(0..0);
        range.filter_map(|index| Some((u32::try_from(index).ok()?, self.entries.get(index)?)))
    }

    /// A document cut down to what speaks.
    fn cut(&self, document: DocumentId) -> Policy {
        let entries: Vec<u32> = self.entries_of(document).map(|(index, _)| index).collect();
        self.joined(format!("document {}", document.0), &entries)
    }

    /// Entries as one policy.
    fn joined(&self, name: impl Into<Arc<str>>, entries: &[u32]) -> Policy {
        let mut statements = Vec::new();
        for entry in entries.iter().filter_map(|index| self.entries.get(*index as usize)) {
            match &entry.policy(self.asked.action).statements {
                Some(own) => statements.extend(own.iter().cloned()),
                None => return Policy::unreadable(name),
            }
        }
        Policy { name: name.into(), statements: Some(statements.into()) }
    }

    fn find_controls(&mut self) {
        let cut = |attachment: &Attachment| self.cut(attachment.document);
        let of_account = |controls: &Controls| match controls {
            Controls::None => (Owned::None, Owned::None, false),
            Controls::Unseen => (Owned::Unseen, Owned::Unseen, false),
            Controls::Levels { scps, rcps, management_account } => {
                (super::levels(scps, &cut), super::levels(rcps, &cut), *management_account)
            }
        };
        let accounts = &self.access.inventory.accounts;
        self.controls = accounts.iter().map(|account| of_account(&account.controls)).collect();
    }

    /// Sorts the targets into groups, by everything but their ARN that decisions depend on.
    fn find_groups(&mut self) {
        let inventory = self.access.inventory;
        let mut over: BTreeSet<DocumentId> = BTreeSet::new();
        for account in &inventory.accounts {
            if let Controls::Levels { scps, rcps, .. } = &account.controls {
                over.extend(scps.iter().chain(rcps).flatten().map(|attachment| attachment.document));
            }
        }
        let over: Vec<u32> = over.iter().flat_map(|document| self.entries_of(*document)).map(|(i, _)| i).collect();
        let mut everywhere = Mentions::default();
        for entry in over.iter().filter_map(|index| self.entries.get(*index as usize)) {
            everywhere.join(&entry.mentions);
        }
        let mut sides: FxHashMap<DocumentId, Vec<u32>> = FxHashMap::default();
        let mut names: FxHashSet<(String, String)> = FxHashSet::default();
        for target in 0..self.asked.count() {
            let Some(document) = self.document_of(target) else { continue };
            sides.entry(document).or_insert_with(|| self.entries_of(document).map(|(index, _)| index).collect());
        }
        for index in sides.values().flatten().chain(&over) {
            let Some(entry) = self.entries.get(*index as usize) else { continue };
            everywhere.join(&entry.mentions);
            for spec in entry.source.iter().flat_map(|(statement, ..)| &statement.principal).flat_map(|all| &all.values)
            {
                if let PrincipalSpec::Aws(text) = spec {
                    names.extend(name_of(text));
                }
            }
        }
        let tags_looked_at: BTreeSet<&str> = self
            .entries
            .iter()
            .flat_map(|entry| &entry.mentions.resource_tags)
            .chain(&everywhere.resource_tags)
            .map(String::as_str)
            .collect();
        let no_tags = BTreeSet::new();
        let tags_everywhere = if everywhere.resource_tags.is_empty() { &no_tags } else { &tags_looked_at };

        let mut coarse: FxHashMap<Alike<'_>, usize> = FxHashMap::default();
        let mut fine: FxHashMap<(usize, TagsAlike<'_>), usize> = FxHashMap::default();
        let (mut coarse_groups, mut fine_groups, mut group_of) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..self.asked.count() {
            let Some((target, _)) = self.asked.get(index) else { continue };
            let side = self.document_of(index).and_then(|document| sides.get(&document));
            let covering = |all: &[u32]| -> Vec<u32> {
                let covers = |i: &&u32| self.entries.get(**i as usize).is_some_and(|entry| entry.covers(index));
                all.iter().filter(covers).copied().collect()
            };
            let alike = Alike {
                account: target.account.as_deref(),
                policy: side.map(|side| covering(side)),
                over: covering(&over),
                unseen: self.is_unseen(index),
                shape: shape(&target.arn, index),
                properties: engine::PROPERTIES.iter().map(|name| target.properties?.get(*name)).collect(),
                tags: tags_alike(target.tags, tags_everywhere),
            };
            for grant in target.properties.and_then(|all| all.get("Grants")?.as_array()).into_iter().flatten() {
                let grantee = grant.get("GranteePrincipal").and_then(serde_json::Value::as_str);
                names.extend(grantee.and_then(name_of));
            }
            let next = coarse.len();
            let entries = alike.policy.clone();
            let at = *coarse.entry(alike).or_insert(next);
            if at == next {
                coarse_groups.push(self.group(index, entries.as_deref()));
            }
            let next = fine.len();
            let under = *fine.entry((at, tags_alike(target.tags, &tags_looked_at))).or_insert(next);
            if under == next {
                fine_groups.push(self.group(index, entries.as_deref()));
            }
            for (groups, at) in [(&mut coarse_groups, at), (&mut fine_groups, under)] {
                if let Some(Group { targets, .. }) = groups.get_mut(at) {
                    targets.push(index);
                }
            }
            group_of.push((u32::try_from(under).unwrap_or(u32::MAX), u32::try_from(at).unwrap_or(u32::MAX)));
        }
        drop((coarse, fine));
        (self.coarse, self.fine, self.group_of, self.everywhere) = (coarse_groups, fine_groups, group_of, everywhere);
        if !names.is_empty() {
            let is_named = |arn: &str| name_of(arn).is_some_and(|name| names.contains(&name));
            self.named =
                inventory.principal_ids().filter(|(_, known)| is_named(&known.arn)).map(|(id, _)| id).collect();
        }
    }

    fn is_unseen(&self, target: u32) -> bool {
        self.asked
            .get(target)
            .is_some_and(|(target, id)| matches!(self.access.without_policy(target, id), ResourceSide::Unseen))
    }

    /// A group that begins with this target. `entries`: those of its policy that cover it.
    fn group(&self, target: u32, entries: Option<&[u32]>) -> Group {
        let accounts = &self.access.inventory.accounts;
        let known = self.asked.get(target).map(|(target, _)| target);
        let owner = known
            .and_then(|target| target.account.as_deref())
            .map(|id| accounts.iter().position(|account| *account.id == *id).map_or(Owner::Unknown, Owner::Known));
        let granted = known.is_some_and(|target| target.properties.is_some_and(|all| all.contains_key("Grants")));
        let side = match entries {
            Some(entries) => Side::Policy(self.joined(format!("policy of target {target}"), entries)),
            None if self.is_unseen(target) => Side::Unseen,
            None => Side::None,
        };
        let mut group = Group {
            targets: Vec::new(),
            owner,
            open_to_others: granted || matches!(side, Side::Unseen),
            open_to_silent: false,
            side,
        };
        for entry in entries.into_iter().flatten().filter_map(|index| self.entries.get(*index as usize)) {
            group.open_to_others |= entry.may(Effect::Allow);
            group.open_to_silent |= match entry.source {
                None => true,
                Some((statement, ..)) => {
                    let everyone = |spec: &PrincipalSpec| *spec == PrincipalSpec::Everyone;
                    let principal = statement.principal.as_ref();
                    statement.effect == Effect::Allow
                        && principal.is_some_and(|all| all.negated || all.values.iter().any(everyone))
                }
            };
        }
        group
    }

    /// Everybody's answers, in the order of their first principal.
    pub(super) fn answer(&self) -> Vec<Answer> {
        let parties = self.parties();
        let mut likenesses = Interner(FxHashMap::default());
        let mut tokens = Interner(FxHashMap::default());
        let mut cases: FxHashMap<Case, u32> = FxHashMap::default();
        // One principal and one target that each case is decided for.
        let mut samples: Vec<(Case, PrincipalId, u32)> = Vec::new();
        let mut plans = Vec::with_capacity(parties.len());
        for party in parties {
            let likeness = likenesses.id(&party.likeness);
            let mut plan: Vec<(u32, Vec<u32>)> = Vec::new();
            self.put(&party, likeness, &mut tokens, &mut |case, targets| {
                let Some(first) = targets.first() else { return };
                let next = u32::try_from(samples.len()).unwrap_or(u32::MAX);
                let number = *cases.entry(case).or_insert_with_key(|case| {
                    if let Some(member) = party.principals.first() {
                        samples.push((case.clone(), *member, *first));
                    }
                    next
                });
                match plan.iter_mut().find(|(known, _)| *known == number) {
                    Some((_, known)) => known.extend(targets),
                    None => plan.push((number, targets.to_vec())),
                }
            });
            if !plan.is_empty() {
                plans.push((party.principals, plan));
            }
        }
        let bench = Bench::new(self, tokens.into_order());
        let decisions: Vec<Option<Arc<Decision>>> = samples
            .par_iter()
            .with_min_len(16)
            .map(|(case, member, target)| bench.decide(case, *member, *target).map(Arc::new))
            .collect();
        let block = |(case, mut targets): (u32, Vec<u32>)| {
            let decision = decisions.get(case as usize)?.as_ref()?;
            if decision.verdict == Verdict::ImplicitDeny && decision.decided_by == Layer::Identity {
                return None;
            }
            targets.sort_unstable();
            Some(Block { targets, decision: Arc::clone(decision) })
        };
        let mut answers: Vec<Answer> = plans
            .into_iter()
            .filter_map(|(principals, plan)| {
                let mut blocks: Vec<Block> = plan.into_iter().filter_map(block).collect();
                blocks.sort_by(|a, b| a.targets.cmp(&b.targets));
                (!blocks.is_empty()).then_some(Answer { principals, blocks })
            })
            .collect();
        answers.sort_by(|a, b| a.principals.cmp(&b.principals));
        answers
    }

    /// Everybody who may be allowed something.
    fn parties(&self) -> Vec<Party<'q>> {
        let open_to_silent = self.coarse.iter().any(|group| group.open_to_silent);
        let mut found: FxHashMap<(u32, Option<DocumentId>, Vec<DocumentId>), usize> = FxHashMap::default();
        let mut parties: Vec<Party<'q>> = Vec::new();
        let mut apart: Vec<Party<'q>> = Vec::new();
        for class in &self.access.classes {
            let documents: Vec<DocumentId> =
                class.policies.iter().copied().filter(|document| self.of_document.contains_key(document)).collect();
            let allows =
                documents.iter().flat_map(|id| self.entries_of(*id)).any(|(_, entry)| entry.may(Effect::Allow));
            let mut members = class.members.clone();
            if !self.named.is_empty() {
                let named = members.extract_if(.., |member| self.named.contains(member));
                apart.extend(named.map(|member| Party {
                    principals: vec![member],
                    class,
                    documents: documents.clone(),
                    likeness: Likeness::Same(member),
                    named: true,
                }));
            }
            if members.is_empty() || !(allows || open_to_silent) {
                continue;
            }
            let next = parties.len();
            let at = *found.entry((class.kind, class.boundary, documents)).or_insert_with_key(|(_, _, documents)| {
                parties.push(Party {
                    principals: Vec::new(),
                    class,
                    documents: documents.clone(),
                    likeness: Likeness::Kind,
                    named: false,
                });
                next
            });
            if let Some(party) = parties.get_mut(at) {
                party.principals.append(&mut members);
            }
        }
        let split = parties.into_iter().flat_map(|party| self.split(party));
        let mut all: Vec<Party<'q>> = split.chain(apart).collect();
        all.iter_mut().for_each(|party| party.principals.sort_unstable());
        all
    }

    /// Splits a party where a statement tells its members apart.
    fn split(&self, party: Party<'q>) -> Vec<Party<'q>> {
        let mut mentions = self.everywhere.clone();
        for (_, entry) in party.documents.iter().chain(&party.class.boundary).flat_map(|id| self.entries_of(*id)) {
            mentions.join(&entry.mentions);
        }
        if !mentions.principal && mentions.principal_tags.is_empty() {
            return vec![party];
        }
        let mut found: FxHashMap<Likeness, Vec<PrincipalId>> = FxHashMap::default();
        for member in party.principals {
            let likeness = if mentions.principal {
                Likeness::Same(member)
            } else {
                self.tags_of(member, &mentions.principal_tags)
            };
            found.entry(likeness).or_default().push(member);
        }
        let apart = |(likeness, principals)| Party {
            principals,
            class: party.class,
            documents: party.documents.clone(),
            likeness,
            named: false,
        };
        found.into_iter().map(apart).collect()
    }

    fn tags_of(&self, member: PrincipalId, keys: &BTreeSet<String>) -> Likeness {
        let Some(holder) = self.access.inventory.principal(member) else { return Likeness::Same(member) };
        Likeness::Tags(match self.access.tags(holder) {
            Tags::All(tags) => {
                let value = |key: &String| tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
                Some(keys.iter().map(|key| (key.clone(), value(key).map(|(_, value)| value.clone()))).collect())
            }
            Tags::AtLeast(_) | Tags::Unsaid => None,
        })
    }

    /// Puts a party's cases, each with targets in ascending order.
    fn put(&self, party: &Party<'q>, likeness: u32, tokens: &mut Interner<Tokens>, add: &mut dyn FnMut(Case, &[u32])) {
        let identity: Vec<(u32, &Entry<'q>)> = party.documents.iter().flat_map(|id| self.entries_of(*id)).collect();
        let boundary: Option<Vec<(u32, &Entry<'q>)>> = party.class.boundary.map(|id| self.entries_of(id).collect());
        let both = || identity.iter().chain(boundary.iter().flatten()).map(|(_, entry)| *entry);
        let looks_at_tags = both().any(|entry| !entry.mentions.resource_tags.is_empty());
        let groups = if looks_at_tags { &self.fine } else { &self.coarse };
        // Targets that some statement singles out; of all others a group is as good as one.
        let mut singled: Vec<u32> = both()
            .flat_map(|entry| entry.reach.certain.some().iter().chain(entry.reach.possible.some()))
            .copied()
            .collect();
        singled.sort_unstable();
        singled.dedup();
        let mut put = |group_id: usize, group: &Group, target: Option<u32>, targets: &[u32]| {
            let foreign = self.is_foreign(party.class, group);
            if foreign && !group.open_to_others {
                return;
            }
            let (said, names_target) = say(&identity, target);
            let silent = !said.iter().any(|token| self.allows(*token));
            if silent && (foreign || !(group.open_to_silent || party.named)) {
                return;
            }
            let bound = boundary.as_ref().map(|boundary| say(boundary, target));
            let names_target = names_target || bound.as_ref().is_some_and(|(_, names)| *names);
            let case = Case {
                kind: party.class.kind,
                likeness,
                identity: tokens.id(&said),
                boundary: bound.map(|(said, _)| tokens.id(&said)),
                group: u32::try_from(group_id).unwrap_or(u32::MAX),
                target: target.filter(|_| names_target),
            };
            let case = Case { group: if looks_at_tags { case.group } else { case.group | COARSE }, ..case };
            add(case, targets);
        };
        for (index, group) in groups.iter().enumerate() {
            if singled.is_empty() {
                put(index, group, None, &group.targets);
            } else {
                let rest: Vec<u32> =
                    group.targets.iter().copied().filter(|target| singled.binary_search(target).is_err()).collect();
                put(index, group, None, &rest);
            }
        }
        for target in &singled {
            let Some((fine, coarse)) = self.group_of.get(*target as usize) else { continue };
            let index = if looks_at_tags { *fine } else { *coarse } as usize;
            if let Some(group) = groups.get(index) {
                put(index, group, Some(*target), &[*target]);
            }
        }
    }

    fn allows(&self, token: u32) -> bool {
        let entry = token.checked_sub(FIRST).and_then(|index| self.entries.get(index as usize));
        token == ALLOW || entry.is_some_and(|entry| entry.may(Effect::Allow))
    }

    /// Whether the group belongs to another account than the class.
    fn is_foreign(&self, class: &Class, group: &Group) -> bool {
        match group.owner {
            None => false,
            Some(Owner::Unknown) => true,
            Some(Owner::Known(owner)) => {
                let owner = self.access.inventory.accounts.get(owner).map(|account| &*account.id);
                owner != class.caller_account.as_deref()
            }
        }
    }
}

/// Marks the number of a coarse group, so that it is no fine group's.
const COARSE: u32 = 1 << 31;

/// What entries say of a target; `None`: of one that none of them singles out. And whether it names the target.
fn say(entries: &[(u32, &Entry<'_>)], target: Option<u32>) -> (Tokens, bool) {
    let covers = |hits: &Hits| match (hits, target) {
        (Hits::All, _) => true,
        (Hits::Some(_), None) => false,
        (hits, Some(target)) => hits.contains(target),
    };
    let mut said = Vec::new();
    let mut names_target = false;
    for (index, entry) in entries {
        let certain = covers(&entry.reach.certain);
        if !certain && !covers(&entry.reach.possible) {
            continue;
        }
        said.push(match entry.source {
            Some((statement, ..)) if entry.plain && certain => match statement.effect {
                Effect::Allow => ALLOW,
                Effect::Deny => DENY,
            },
            _ => {
                names_target |= entry.reach.variable;
                index.saturating_add(FIRST)
            }
        });
    }
    said.sort_unstable();
    said.dedup();
    (said, names_target)
}

/// What decisions depend on beside the ARN.
#[derive(PartialEq, Eq, Hash)]
struct Alike<'a> {
    account: Option<&'a str>,
    /// Entries of its own policy.
    policy: Option<Vec<u32>>,
    /// Entries of organisation policies.
    over: Vec<u32>,
    unseen: bool,
    shape: Shape<'a>,
    properties: Vec<Option<&'a serde_json::Value>>,
    tags: TagsAlike<'a>,
}

/// What the engine reads from an ARN itself.
#[derive(PartialEq, Eq, Hash)]
enum Shape<'a> {
    /// All before the resource, and the resource's kind where the engine looks at it.
    Like(&'a str, &'a str),
    /// Nothing else is like it.
    Own(u32),
}

fn shape(arn: &str, index: u32) -> Shape<'_> {
    let Some(parsed) = Arn::parse(arn) else { return Shape::Own(index) };
    let head = arn.strip_suffix(parsed.resource).unwrap_or(arn);
    match parsed.service {
        // Access points lend their name to condition keys; roles are protected, or trusted, by their path.
        "s3" if !parsed.account.is_empty() => Shape::Own(index),
        "iam" | "sts" => Shape::Own(index),
        "s3" => Shape::Like(head, ""),
        _ => Shape::Like(head, parsed.resource.split(['/', ':']).next().unwrap_or_default()),
    }
}

/// Values of tags; `None` at the outside: not said.
type TagsAlike<'a> = Option<Vec<Option<&'a str>>>;

fn tags_alike<'a>(tags: Tags<'a>, keys: &BTreeSet<&str>) -> TagsAlike<'a> {
    match tags {
        Tags::Unsaid => None,
        Tags::All(tags) | Tags::AtLeast(tags) => {
            let value = |key: &&str| tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            Some(keys.iter().map(|key| value(key).map(|(_, value)| value.as_str())).collect())
        }
    }
}

/// Account and name of the user or role that an ARN speaks of, whatever the path and whichever session.
fn name_of(text: &str) -> Option<(String, String)> {
    let arn = Arn::parse(text)?;
    let (kind, rest) = arn.resource.split_once('/')?;
    let name = match kind {
        "assumed-role" => rest.split('/').next(),
        _ => rest.rsplit('/').next(),
    };
    name.map(|name| (arn.account.to_owned(), name.to_owned()))
}

/// Where cases are decided.
struct Bench<'b, 'q> {
    question: &'b Question<'q>,
    tokens: Vec<Tokens>,
    always: [Policy; 2],
    /// A boundary is one policy, however many statements speak.
    boundaries: Vec<OnceLock<Policy>>,
}

impl<'b, 'q> Bench<'b, 'q> {
    fn new(question: &'b Question<'q>, tokens: Vec<Tokens>) -> Bench<'b, 'q> {
        let always = |effect| {
            let everything = |text: &str| iam::Element { negated: false, values: vec![text.to_owned()] };
            let statement = Statement {
                sid: None,
                effect,
                principal: None,
                action: everything("*"),
                resource: Some(everything("*")),
                conditions: Vec::new(),
            };
            let policy = iam::Policy { version: Version::V2012, id: None, statements: vec![statement] };
            Policy::new("unconditional", &policy, PolicyKind::Identity)
        };
        let boundaries = tokens.iter().map(|_| OnceLock::new()).collect();
        Bench { question, tokens, always: [always(Effect::Allow), always(Effect::Deny)], boundaries }
    }

    fn policies(&self, tokens: u32) -> Vec<&Policy> {
        let [allow, deny] = &self.always;
        let entry = |token: u32| {
            let entry = self.question.entries.get(token.checked_sub(FIRST)? as usize)?;
            Some(entry.policy(self.question.asked.action))
        };
        let tokens = self.tokens.get(tokens as usize).into_iter().flatten();
        tokens
            .filter_map(|token| match *token {
                ALLOW => Some(allow),
                DENY => Some(deny),
                other => entry(other),
            })
            .collect()
    }

    fn boundary(&self, tokens: u32) -> Option<&Policy> {
        let one = self.boundaries.get(tokens as usize)?;
        Some(one.get_or_init(|| {
            let mut statements = Vec::new();
            for policy in self.policies(tokens) {
                match &policy.statements {
                    Some(own) => statements.extend(own.iter().cloned()),
                    None => return Policy::unreadable(Arc::clone(&policy.name)),
                }
            }
            Policy { name: "boundary".into(), statements: Some(statements.into()) }
        }))
    }

    fn decide(&self, case: &Case, member: PrincipalId, target: u32) -> Option<Decision> {
        let Question { access, asked, controls, .. } = self.question;
        let holder = access.inventory.principal(member)?;
        let caller = access.caller(member)?;
        let (target, _) = asked.get(target)?;
        let groups = if case.group & COARSE == 0 { &self.question.fine } else { &self.question.coarse };
        let group = groups.get((case.group & !COARSE) as usize)?;
        let of_caller = controls.get(holder.account.0 as usize);
        let of_resource = match group.owner {
            None => of_caller,
            Some(Owner::Known(owner)) => controls.get(owner),
            Some(Owner::Unknown) => None,
        };
        let (scps, management_account) = of_caller.map_or((&Owned::Unseen, false), |(scps, _, of)| (scps, *of));
        let stack = Stack {
            identity: self.policies(case.identity),
            boundaries: case.boundary.and_then(|tokens| self.boundary(tokens)).into_iter().collect(),
            resource: match &group.side {
                Side::None => ResourceSide::None,
                Side::Unseen => ResourceSide::Unseen,
                Side::Policy(policy) => ResourceSide::Policy(policy),
            },
            scps: super::borrow(scps),
            rcps: super::borrow(of_resource.map_or(&Owned::Unseen, |(_, rcps, _)| rcps)),
            management_account,
            ..Stack::default()
        };
        let facts = access.facts(holder, caller, asked.action, asked.entry, target, asked.context);
        Some(engine::conclude(&facts, &engine::evaluate(&facts, &stack, &mut None)))
    }
}
