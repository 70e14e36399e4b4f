//! One action on many targets, for every principal.
//!
//! The work is shared four ways. Only statements that speak of the action and cover a target take part. Principals that
//! the same documents reach, as far as these take part, are one *party*. Targets that nothing but their ARN tells apart
//! are one *group*, and what a party's statements say of a group is said once. And what two parties face may come to the
//! same *case*: an unconditional allow is an unconditional allow, whichever document it stands in; each case is decided
//! once, by the engine.

mod alike;
mod bench;
mod parts;
mod put;

pub(super) use bench::sure;

use super::index::StatementId;
use super::reach::{Hits, Patterns, Reach};
use super::targets::{Asked, Targets};
use super::{Access, Among, Answer, Block, Class, Mentions, Owned};
use crate::engine::{self, Context, Decision, Layer, Policy, ResourceSide, Stack, Tags, Verdict};
use crate::iam::{self, Effect, PolicyKind, PrincipalSpec, Statement, Version};
use crate::inventory::{Attachment, Controls, DocumentId, PrincipalId};
use alike::{Alike, Shape, TagsAlike, name_of, shape, tags_alike};
use bench::{Bench, join};
use fixedbitset::FixedBitSet;
use parts::{Case, Entry, Group, GroupId, Likeness, Owner, Party, Side, Token, Tokens, everything};
use put::{Memo, Put, say};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// One action on many targets.
pub(super) struct Question<'q> {
    access: &'q Access<'q>,
    /// Of whom it is asked; `None`: of everybody.
    among: Option<&'q Among>,
    asked: Asked<'q>,
    /// The policy of each target.
    documents: Vec<Option<DocumentId>>,
    entries: Vec<Entry<'q>>,
    /// The entries of each document.
    of_document: FxHashMap<DocumentId, Range<usize>>,
    /// Organisation policies of each account, as far as they speak.
    controls: Vec<Over>,
    /// Groups, each within one of `coarse`: told apart by tags as well.
    fine: Vec<Group>,
    /// Groups that are not told apart by tags.
    coarse: Vec<Group>,
    /// The groups that each target is in, fine and coarse.
    group_of: Vec<(u32, u32)>,
    /// Callers whom some policy of a resource names.
    named: FxHashSet<PrincipalId>,
    /// What resource control policies and policies of resources look at, whoever calls.
    everywhere: Mentions,
    /// What service control policies look at.
    scps: Mentions,
}

impl<'q> Question<'q> {
    pub(super) fn new(
        access: &'q Access<'q>,
        action: &'q str,
        targets: &'q Targets<'q>,
        context: &'q Context,
        among: Option<&'q Among>,
    ) -> Question<'q> {
        let asked = Asked::new(action, targets, context);
        let mut question = Question {
            access,
            among,
            documents: asked.documents(access),
            asked,
            entries: Vec::new(),
            of_document: FxHashMap::default(),
            controls: Vec::new(),
            fine: Vec::new(),
            coarse: Vec::new(),
            group_of: Vec::new(),
            named: FxHashSet::default(),
            everywhere: Mentions::default(),
            scps: Mentions::default(),
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
        let mut sides: FxHashSet<DocumentId> = self.documents.iter().flatten().copied().collect();
        for account in &inventory.accounts {
            if let Controls::Levels { rcps, .. } = &account.controls {
                sides.extend(rcps.iter().flatten().map(|attachment| attachment.document));
            }
        }
        let statement = |id: &StatementId| {
            let (document, statement) = self.access.statement(id)?;
            let version = document.policy.as_ref()?.version;
            let takes_part = match document.kind {
                PolicyKind::Identity => self.among.is_none_or(|among| among.has_document(id.document)),
                PolicyKind::Resource | PolicyKind::Trust => sides.contains(&id.document),
            };
            let prepared = self.access.statements.get(id).filter(|_| takes_part)?;
            Some((id.document, (statement, version, document.kind), prepared))
        };
        let speaking: Vec<_> = self.access.index.speaking(self.asked.action).iter().filter_map(statement).collect();
        let patterns =
            Patterns::new(&self.asked, &self.access.statements, speaking.iter().map(|(_, _, prepared)| *prepared));
        let mut entries: Vec<Entry<'q>> = Vec::new();
        // Those that differ in nothing but what they cover, and those that differ in nothing at all.
        let mut alike: FxHashMap<u32, u32> = FxHashMap::default();
        let mut same: FxHashMap<(u32, Reach), u32> = FxHashMap::default();
        for (document, source, prepared) in speaking {
            let (statement, version, _) = source;
            let reach = patterns.of(statement, version, prepared);
            if reach.is_empty() {
                continue;
            }
            let number = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            let is_fixed = !reach.variable && !prepared.contested;
            let alike = if is_fixed { *alike.entry(prepared.rest).or_insert(number) } else { number };
            let same = if is_fixed && reach.possible.is_empty() {
                *same.entry((alike, reach.clone())).or_insert(number)
            } else {
                number
            };
            let looks = !prepared.plain || reach.variable;
            entries.push(Entry {
                document,
                name: None,
                source: Some(source),
                mentions: if looks { &prepared.mentions } else { Mentions::NONE },
                reach,
                plain: prepared.plain,
                alike,
                same,
                compiled: Default::default(),
            });
        }
        for (document, name) in &self.access.unreadable {
            let number = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            entries.push(Entry {
                document: *document,
                name: Some(name),
                source: None,
                reach: Reach::EVERYTHING,
                plain: false,
                mentions: Mentions::NONE,
                alike: number,
                same: number,
                compiled: Default::default(),
            });
        }
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
        self.documents.get(target as usize).copied().flatten()
    }

    fn entries_of(&self, document: DocumentId) -> impl Iterator<Item = (u32, &Entry<'q>)> {
        let range = self.of_document.get(&document).cloned().unwrap_or(0..0);
        range.filter_map(|index| Some((u32::try_from(index).ok()?, self.entries.get(index)?)))
    }

    /// What entries, given by position, say of a target.
    fn say_of(&self, entries: &[u32], target: u32) -> Tokens {
        let entries = entries.iter().filter_map(|index| Some((*index, self.entries.get(*index as usize)?)));
        say(entries, Some(target))
    }

    /// What is said, as policies of one statement each.
    fn policies<'p>(&'p self, tokens: &Tokens) -> Vec<&'p Policy> {
        let [allow, deny] = &self.access.sure;
        let policy = |token: &Token| match *token {
            Token::Allow => Some(allow),
            Token::Deny => Some(deny),
            Token::When(_) => Some(self.entry(*token)?.policy(self.asked.action, true)),
            Token::Whether(_) => Some(self.entry(*token)?.policy(self.asked.action, false)),
        };
        tokens.iter().filter_map(policy).collect()
    }

    fn find_controls(&mut self) {
        let entries = |attachment: &Attachment| -> Vec<u32> {
            self.entries_of(attachment.document).map(|(index, _)| index).collect()
        };
        let cut = |attachment: &Attachment| {
            let exactly =
                |index: u32| self.entries.get(index as usize).map(|entry| entry.policy(self.asked.action, false));
            Some(join(&attachment.name, entries(attachment).into_iter().filter_map(exactly)))
        };
        let scps_of = |levels: &[Vec<Attachment>]| -> Scps {
            // No policy of this type on any level: the type is not switched on in the organisation.
            if levels.iter().all(Vec::is_empty) {
                return Scps::None;
            }
            Scps::Levels(levels.iter().map(|level| level.iter().flat_map(entries).collect()).collect())
        };
        let of_account = |controls: &Controls| match controls {
            Controls::None => Over { scps: Scps::None, rcps: Owned::None, management_account: false },
            Controls::Unseen => Over { scps: Scps::Unseen, rcps: Owned::Unseen, management_account: false },
            Controls::Levels { scps, rcps, management_account } => {
                // Resources of the management account are out of reach of resource control policies.
                let rcps = if *management_account { Owned::None } else { super::levels(rcps, &cut) };
                Over { scps: scps_of(scps), rcps, management_account: *management_account }
            }
        };
        let accounts = &self.access.inventory.accounts;
        self.controls = accounts.iter().map(|account| of_account(&account.controls)).collect();
    }

    /// Sorts the targets into groups, by everything but their ARN that decisions depend on.
    fn find_groups(&mut self) {
        let inventory = self.access.inventory;
        let (mut over_callers, mut over_resources) = (BTreeSet::new(), BTreeSet::new());
        for account in &inventory.accounts {
            if let Controls::Levels { scps, rcps, .. } = &account.controls {
                over_callers.extend(scps.iter().flatten().map(|attachment| attachment.document));
                over_resources.extend(rcps.iter().flatten().map(|attachment| attachment.document));
            }
        }
        let entries = |documents: BTreeSet<DocumentId>| -> Vec<u32> {
            documents.into_iter().flat_map(|document| self.entries_of(document)).map(|(index, _)| index).collect()
        };
        let (over_callers, over_resources) = (entries(over_callers), entries(over_resources));
        let (mut everywhere, mut of_scps) = (Mentions::default(), Mentions::default());
        for entry in over_callers.iter().filter_map(|index| self.entries.get(*index as usize)) {
            of_scps.join(entry.mentions);
        }
        let mut sides: FxHashMap<DocumentId, Vec<u32>> = FxHashMap::default();
        let mut names: FxHashSet<(String, String)> = FxHashSet::default();
        for target in 0..self.asked.count() {
            let Some(document) = self.document_of(target) else { continue };
            sides.entry(document).or_insert_with(|| self.entries_of(document).map(|(index, _)| index).collect());
        }
        for index in sides.values().flatten().chain(&over_resources) {
            let Some(entry) = self.entries.get(*index as usize) else { continue };
            everywhere.join(entry.mentions);
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
            let policy = side.map(|side| self.say_of(side, index));
            let over = [self.say_of(&over_callers, index), self.say_of(&over_resources, index)];
            let variable = |token: &Token| self.entry(*token).is_some_and(|entry| entry.reach.variable);
            let names_target = policy.iter().chain(&over).flatten().any(variable);
            let alike = Alike {
                account: target.account.as_deref(),
                policy,
                over,
                unseen: self.is_unseen(index),
                shape: if names_target { Shape::Own(index) } else { shape(&target.arn, index) },
                properties: engine::PROPERTIES.iter().map(|name| target.properties?.get(*name)).collect(),
                tags: tags_alike(target.tags, tags_everywhere),
            };
            for grant in target.properties.and_then(|all| all.get("Grants")?.as_array()).into_iter().flatten() {
                let grantee = grant.get("GranteePrincipal").and_then(serde_json::Value::as_str);
                names.extend(grantee.and_then(name_of));
            }
            let next = coarse.len();
            let said = alike.policy.clone();
            let at = *coarse.entry(alike).or_insert(next);
            if at == next {
                coarse_groups.push(self.group(index, said.as_ref()));
            }
            let next = fine.len();
            let under = *fine.entry((at, tags_alike(target.tags, &tags_looked_at))).or_insert(next);
            if under == next {
                fine_groups.push(self.group(index, said.as_ref()));
            }
            for (groups, at) in [(&mut coarse_groups, at), (&mut fine_groups, under)] {
                if let Some(Group { targets, .. }) = groups.get_mut(at) {
                    targets.push(index);
                }
            }
            group_of.push((u32::try_from(under).unwrap_or(u32::MAX), u32::try_from(at).unwrap_or(u32::MAX)));
        }
        drop((coarse, fine));
        (self.coarse, self.fine, self.group_of) = (coarse_groups, fine_groups, group_of);
        (self.everywhere, self.scps) = (everywhere, of_scps);
        if !names.is_empty() {
            let is_named = |arn: &str| name_of(arn).is_some_and(|name| names.contains(&name));
            self.named =
                inventory.principal_ids().filter(|(_, known)| is_named(&known.arn)).map(|(id, _)| id).collect();
        }
    }

    fn is_unseen(&self, target: u32) -> bool {
        let said = self.document_of(target).is_some();
        let asked = self.asked.get(target);
        !said && asked.is_some_and(|(known, id)| self.access.is_unseen(self.asked.action, &known.arn, id))
    }

    /// A group that begins with this target. `said`: by its policy.
    fn group(&self, target: u32, said: Option<&Tokens>) -> Group {
        let accounts = &self.access.inventory.accounts;
        let known = self.asked.get(target).map(|(target, _)| target);
        let owner = known
            .and_then(|target| target.account.as_deref())
            .map(|id| accounts.iter().position(|account| *account.id == *id).map_or(Owner::Unknown, Owner::Known));
        let granted = known.is_some_and(|target| target.properties.is_some_and(|all| all.contains_key("Grants")));
        let side = match said {
            Some(said) => Side::Policy(join("resource policy", self.policies(said))),
            None if self.is_unseen(target) => Side::Unseen,
            None => Side::None,
        };
        let mut group = Group {
            targets: Vec::new(),
            owner,
            open_to_others: granted || matches!(side, Side::Unseen) || engine::asks_no_resource(self.asked.action),
            open_to_silent: false,
            side,
        };
        for entry in said.into_iter().flatten().filter_map(|token| self.entry(*token)) {
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
        let put = |memo: &mut Memo, party: Party<'q>| {
            let cases = self.put(&party, memo);
            (party.principals, cases)
        };
        // What is found out of one helps with the next: few are not worth sharing out.
        let parties = self.parties().into_par_iter().with_min_len(512);
        let put: Vec<_> = parties.map_init(Memo::default, put).filter(|(_, cases)| !cases.is_empty()).collect();
        // One principal and one target that each case is decided for.
        let mut samples: Vec<(&Case, PrincipalId, u32)> = Vec::new();
        let mut known: FxHashMap<&Case, usize> = FxHashMap::default();
        for (principals, cases) in &put {
            for (case, targets) in cases {
                if let (Some(principal), Some(target)) = (principals.first(), targets.first()) {
                    known.entry(case).or_insert_with(|| {
                        samples.push((case, *principal, *target));
                        samples.len().saturating_sub(1)
                    });
                }
            }
        }
        let bench = Bench::new(self, samples.iter().filter_map(|(case, ..)| case.boundary.as_ref()));
        let decisions: Vec<Option<Arc<Decision>>> = samples
            .par_iter()
            .with_min_len(16)
            .map(|(case, member, target)| bench.decide(case, *member, *target).map(Arc::new))
            .collect();
        let block = |(case, targets): &Put| {
            let decision = decisions.get(*known.get(case)?)?.as_ref()?;
            let silent = decision.verdict == Verdict::ImplicitDeny && decision.decided_by == Layer::Identity;
            (!silent).then(|| Block { targets: Arc::clone(targets), decision: Arc::clone(decision) })
        };
        let mut answers: Vec<Answer> = put
            .iter()
            .filter_map(|(principals, cases)| {
                let mut blocks: Vec<Block> = cases.iter().filter_map(block).collect();
                blocks.sort_by(|a, b| a.targets.cmp(&b.targets));
                (!blocks.is_empty()).then(|| Answer { principals: principals.clone(), blocks })
            })
            .collect();
        answers.sort_by(|a, b| a.principals.cmp(&b.principals));
        answers
    }

    /// Everybody who may be allowed something.
    fn parties(&self) -> Vec<Party<'q>> {
        let mut likenesses = Likenesses::default();
        let open_to_silent = self.coarse.iter().any(|group| group.open_to_silent);
        let mut speaks = FixedBitSet::with_capacity(self.access.inventory.documents.len());
        self.of_document.keys().for_each(|document| speaks.insert(document.0 as usize));
        let mut found: FxHashMap<(u32, Option<DocumentId>, Vec<u32>), usize> = FxHashMap::default();
        let mut parties: Vec<Party<'q>> = Vec::new();
        let mut apart: Vec<Party<'q>> = Vec::new();
        for (number, class) in self.access.classes.iter().enumerate() {
            if self.among.is_some_and(|among| !among.has_class(number)) {
                continue;
            }
            let documents: Vec<DocumentId> =
                class.policies.iter().copied().filter(|document| speaks.contains(document.0 as usize)).collect();
            let entries = || documents.iter().flat_map(|id| self.entries_of(*id));
            let allows = entries().any(|(_, entry)| entry.may(Effect::Allow));
            let (named, members): (Vec<PrincipalId>, Vec<PrincipalId>) = match self.named.is_empty() {
                false => class.members.iter().partition(|member| self.named.contains(member)),
                true if allows || open_to_silent => (Vec::new(), class.members.clone()),
                true => continue,
            };
            apart.extend(named.into_iter().map(|member| Party {
                principals: vec![member],
                class,
                documents: documents.clone(),
                likeness: Some(likenesses.number(Likeness::Same(member))),
                named: true,
            }));
            if members.is_empty() || !(allows || open_to_silent) {
                continue;
            }
            // What says the same of every target is the same, whichever document it stands in.
            let mut said: Vec<u32> = entries().map(|(_, entry)| entry.same).collect();
            said.sort_unstable();
            said.dedup();
            let next = parties.len();
            let at = *found.entry((class.kind, class.boundary, said)).or_insert_with(|| {
                parties.push(Party { principals: Vec::new(), class, documents, likeness: None, named: false });
                next
            });
            if let Some(party) = parties.get_mut(at) {
                party.principals.extend(members);
            }
        }
        let mut all = apart;
        for party in parties {
            self.split(party, &mut likenesses, &mut all);
        }
        all.iter_mut().for_each(|party| party.principals.sort_unstable());
        all
    }

    /// Splits a party where a statement tells its members apart.
    fn split(&self, party: Party<'q>, likenesses: &mut Likenesses, into: &mut Vec<Party<'q>>) {
        let mut mentions = self.everywhere.clone();
        mentions.join(&self.scps);
        for (_, entry) in party.documents.iter().chain(&party.class.boundary).flat_map(|id| self.entries_of(*id)) {
            mentions.join(entry.mentions);
        }
        if !mentions.principals() {
            into.push(party);
            return;
        }
        let mut found: FxHashMap<u32, Vec<PrincipalId>> = FxHashMap::default();
        for member in party.principals {
            let likeness = if mentions.principal { Likeness::Same(member) } else { self.likeness(member, &mentions) };
            found.entry(likenesses.number(likeness)).or_default().push(member);
        }
        into.extend(found.into_iter().map(|(likeness, principals)| Party {
            principals,
            class: party.class,
            documents: party.documents.clone(),
            likeness: Some(likeness),
            named: false,
        }));
    }

    fn likeness(&self, member: PrincipalId, mentions: &Mentions) -> Likeness {
        let number = self.access.likeness(member).filter(|_| mentions.likeness);
        let holder = self.access.inventory.principal(member);
        let Some(holder) = holder.filter(|_| number.is_some() || !mentions.likeness) else {
            return Likeness::Same(member);
        };
        let keys = &mentions.principal_tags;
        let tags = match self.access.tags(holder) {
            _ if keys.is_empty() => Some(Vec::new()),
            Tags::All(tags) => {
                let value = |key: &String| tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
                Some(keys.iter().map(|key| (key.clone(), value(key).map(|(_, value)| value.clone()))).collect())
            }
            Tags::AtLeast(_) | Tags::Unsaid => None,
        };
        Likeness::Like(number, tags)
    }

    fn entry(&self, token: Token) -> Option<&Entry<'q>> {
        match token {
            Token::Allow | Token::Deny => None,
            Token::When(index) | Token::Whether(index) => self.entries.get(index as usize),
        }
    }

    fn allows(&self, token: Token) -> bool {
        token == Token::Allow || self.entry(token).is_some_and(|entry| entry.may(Effect::Allow))
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

/// Numbers for likenesses.
#[derive(Default)]
struct Likenesses(FxHashMap<Likeness, u32>);

impl Likenesses {
    fn number(&mut self, likeness: Likeness) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(likeness).or_insert(next)
    }
}

/// Organisation policies over an account.
struct Over {
    scps: Scps,
    rcps: Owned,
    management_account: bool,
}

enum Scps {
    None,
    Unseen,
    /// The entries of each level.
    Levels(Vec<Vec<u32>>),
}
