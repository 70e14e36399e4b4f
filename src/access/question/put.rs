//! What a party faces: the cases that its statements, and those over it, come to.

use super::*;

impl<'q> Question<'q> {
    /// A party's cases, each once, with its targets.
    pub(super) fn put(&self, party: &Party<'q>, memo: &mut Memo) -> Vec<Put> {
        let identity: Vec<(u32, &Entry<'q>)> = party.documents.iter().flat_map(|id| self.entries_of(*id)).collect();
        let boundary: Option<Vec<(u32, &Entry<'q>)>> = party.class.boundary.map(|id| self.entries_of(id).collect());
        let both = || identity.iter().chain(boundary.iter().flatten()).map(|(_, entry)| *entry);
        let by_tags = self.scps.tags() || both().any(|entry| entry.mentions.tags());
        let groups = if by_tags { &self.fine } else { &self.coarse };
        // Targets that some statement singles out; of all others a group is as good as one.
        let mut singled: Vec<u32> = both()
            .flat_map(|entry| entry.reach.certain.some().iter().chain(entry.reach.possible.some()))
            .copied()
            .collect();
        singled.sort_unstable();
        singled.dedup();
        let said_of = |target: Option<u32>| {
            let said = |entries: &[(u32, &'_ Entry<'q>)]| say(entries.iter().copied(), target);
            (said(&identity), boundary.as_deref().map(said))
        };
        let mut cases = self.put_groups(party, memo, said_of(None), by_tags, &singled);
        if singled.is_empty() {
            return cases;
        }
        let mut known: FxHashMap<Case, usize> =
            cases.iter().enumerate().map(|(at, (case, _))| (case.clone(), at)).collect();
        let mut more: Vec<Vec<u32>> = vec![Vec::new(); cases.len()];
        for target in singled {
            let Some((fine, coarse)) = self.group_of.get(target as usize) else { continue };
            let index = if by_tags { *fine } else { *coarse };
            let said = said_of(Some(target));
            if !groups.get(index as usize).is_some_and(|group| self.concerns(party, group, &said.0)) {
                continue;
            }
            let case = self.case(party, memo, said, (index, by_tags), target);
            let at = *known.entry(case).or_insert_with_key(|case| {
                cases.push((case.clone(), Arc::default()));
                more.push(Vec::new());
                more.len().saturating_sub(1)
            });
            if let Some(more) = more.get_mut(at) {
                more.push(target);
            }
        }
        for ((_, targets), mut more) in cases.iter_mut().zip(more).filter(|(_, more)| !more.is_empty()) {
            more.extend(targets.iter());
            more.sort_unstable();
            *targets = more.into();
        }
        cases
    }

    /// The cases of all targets but those that are singled out. `said`: what a party's statements say of all of them.
    fn put_groups(&self, party: &Party<'q>, memo: &mut Memo, said: Said, by_tags: bool, singled: &[u32]) -> Vec<Put> {
        let groups = if by_tags { &self.fine } else { &self.coarse };
        let key = (party.class.kind, party.likeness, party.named, said, by_tags);
        let found = match memo.of_groups.get(&key) {
            Some(known) => Arc::clone(known),
            None => {
                let said = &key.3;
                let mut found: Vec<Grouped> = Vec::new();
                let mut known: FxHashMap<Case, usize> = FxHashMap::default();
                for (index, group) in (0..).zip(groups).filter(|(_, group)| self.concerns(party, group, &said.0)) {
                    let Some(first) = group.targets.first() else { continue };
                    let case = self.case(party, memo, said.clone(), (index, by_tags), *first);
                    let at = *known.entry(case).or_insert_with_key(|case| {
                        found.push((case.clone(), Vec::new()));
                        found.len().saturating_sub(1)
                    });
                    if let Some((_, groups)) = found.get_mut(at) {
                        groups.push(index);
                    }
                }
                let found: Arc<[Grouped]> = found.into();
                memo.of_groups.insert(key, Arc::clone(&found));
                found
            }
        };
        let group_of = |target: &u32| {
            let (fine, coarse) = self.group_of.get(*target as usize)?;
            Some(if by_tags { *fine } else { *coarse })
        };
        let parted: FxHashSet<u32> = singled.iter().filter_map(group_of).collect();
        let mut put = |(case, of_groups): &Grouped| {
            let all = memo.lists.entry((by_tags, of_groups.clone())).or_insert_with(|| {
                let of_groups = of_groups.iter().filter_map(|index| groups.get(*index as usize));
                let mut targets: Vec<u32> = of_groups.flat_map(|group| &group.targets).copied().collect();
                targets.sort_unstable();
                targets.into()
            });
            let targets = match of_groups.iter().any(|group| parted.contains(group)) {
                true => all.iter().copied().filter(|target| singled.binary_search(target).is_err()).collect(),
                false => Arc::clone(all),
            };
            let first = *targets.first()?;
            Some((Case { target: case.target.map(|_| first), ..case.clone() }, targets))
        };
        found.iter().filter_map(&mut put).collect()
    }

    /// Whether something may allow the party anything on the group, given what its statements say.
    fn concerns(&self, party: &Party<'q>, group: &Group, said: &Tokens) -> bool {
        let foreign = self.is_foreign(party.class, group);
        (!foreign && (group.open_to_silent || party.named))
            || ((!foreign || group.open_to_others) && said.iter().any(|token| self.allows(*token)))
    }

    /// Puts a case into the fewest words: what hangs on the principal's or the target's tags is resolved here, where the
    /// tags are known, so that whoever comes to the same result shares the decision.
    fn case(
        &self,
        party: &Party<'q>,
        memo: &mut Memo,
        (identity, boundary): Said,
        (group, by_tags): (u32, bool),
        target: u32,
    ) -> Case {
        let place = (party.class.kind, party.likeness, group, by_tags);
        let mut open = Open::default();
        let mut resolve = |tokens: Tokens| self.resolve(party, &mut memo.applies, place, tokens, target, &mut open);
        let (identity, boundary) = (resolve(identity), boundary.map(&mut resolve));
        // Most organisation policies look at neither.
        let coarse = self.group_of.get(target as usize).map_or(group, |(_, coarse)| *coarse);
        let (of_scps, fine_scps) = if self.scps.tags() { (group, by_tags) } else { (coarse, false) };
        let over = (party.class.kind, party.likeness.filter(|_| self.scps.principals()), of_scps, fine_scps);
        let (scps, open_scps) = memo.scps.entry(over).or_insert_with(|| {
            let mut open = Open::default();
            let mut resolve = |level: &Vec<u32>| {
                let said = self.say_of(level, target);
                self.resolve(party, &mut memo.applies, place, said, target, &mut open)
            };
            let levels: Option<Arc<[Tokens]>> = match self.over_caller(party).map(|over| &over.scps) {
                Some(Scps::Levels(levels)) => Some(levels.iter().map(&mut resolve).collect()),
                _ => None,
            };
            (levels, open)
        });
        let alone = party.named || open.principals || open_scps.principals || self.everywhere.principals();
        let fine = by_tags && (open.tags || open_scps.tags);
        let group = match self.group_of.get(target as usize) {
            Some((_, coarse)) if !fine => GroupId::Coarse(*coarse),
            _ => GroupId::Fine(group),
        };
        Case {
            kind: party.class.kind,
            likeness: party.likeness.filter(|_| alone),
            identity,
            boundary,
            scps: scps.clone(),
            group,
            target: Some(target).filter(|_| open.target),
        }
    }

    fn over_caller(&self, party: &Party<'q>) -> Option<&Over> {
        let holder = self.access.inventory.principal(*party.principals.first()?)?;
        self.controls.get(holder.account.0 as usize)
    }

    /// Resolves what is known to apply, or not to, once principal and tags are known; notes what stays open.
    fn resolve(
        &self,
        party: &Party<'q>,
        memo: &mut FxHashMap<(Token, Place), engine::Formula>,
        place: Place,
        tokens: Tokens,
        target: u32,
        open: &mut Open,
    ) -> Tokens {
        let mut resolved = Tokens::with_capacity(tokens.len());
        for token in tokens {
            let Some(entry) = self.entry(token) else {
                resolved.push(token);
                continue;
            };
            let looks = entry.mentions.principals() || entry.mentions.tags();
            if looks && !entry.reach.variable {
                let (kind, likeness, group, by_tags) = place;
                let likeness = likeness.filter(|_| entry.mentions.principals());
                // What does not look at tags says the same of all groups that only tags tell apart.
                let coarse = self.group_of.get(target as usize).map_or(group, |(_, coarse)| *coarse);
                let place = if entry.mentions.tags() {
                    (kind, likeness, group, by_tags)
                } else {
                    (kind, likeness, coarse, false)
                };
                let applies = memo
                    .entry((token, place))
                    .or_insert_with(|| self.applies(party, entry, matches!(token, Token::When(_)), target));
                match (applies, entry.source) {
                    (engine::Formula::False, _) => continue,
                    (engine::Formula::True, Some((statement, ..))) => {
                        resolved.push(match statement.effect {
                            Effect::Allow => Token::Allow,
                            Effect::Deny => Token::Deny,
                        });
                        continue;
                    }
                    _ => {}
                }
            }
            open.principals |= entry.mentions.principals();
            open.tags |= entry.mentions.tags();
            open.target |= entry.reach.variable;
            resolved.push(token);
        }
        resolved.sort_unstable();
        resolved.dedup();
        self.without_idle(resolved)
    }

    fn applies(&self, party: &Party<'q>, entry: &Entry<'q>, covers: bool, target: u32) -> engine::Formula {
        let applies = || {
            let member = *party.principals.first()?;
            let holder = self.access.inventory.principal(member)?;
            let (target, _) = self.asked.get(target)?;
            let caller = self.access.caller(member)?;
            let facts =
                self.access.facts(holder, caller, self.asked.action, self.asked.entry, target, self.asked.context);
            let policy = entry.policy(self.asked.action, covers);
            Some(policy.statements.as_ref()?.first()?.applies(&facts))
        };
        applies().unwrap_or_else(|| engine::Formula::undecided("a policy that cannot be read"))
    }

    /// Drops what makes no difference beside an unconditional statement of the same effect.
    fn without_idle(&self, mut tokens: Tokens) -> Tokens {
        for (sure, effect) in [(Token::Allow, Effect::Allow), (Token::Deny, Effect::Deny)] {
            if tokens.contains(&sure) {
                tokens.retain(|token| {
                    self.entry(*token)
                        .and_then(|entry| entry.source)
                        .is_none_or(|(statement, ..)| statement.effect != effect)
                });
            }
        }
        tokens
    }
}

/// Kind and likeness of principals; number of a group, and whether it is a fine one.
type Place = (u32, Option<u32>, u32, bool);

/// What each level of service control policies says, where there are any.
type Levels = Option<Arc<[Tokens]>>;

/// What a party's own policies say, and what its boundary does.
type Said = (Tokens, Option<Tokens>);

/// A case, with the positions of its groups.
type Grouped = (Case, Vec<u32>);

/// A case, with the positions of its targets, ascending. Thousands of parties share them.
pub(super) type Put = (Case, Arc<[u32]>);

/// Kind and likeness of principals, whether a policy names them, what is said of them, and whether tags tell groups apart.
type OfGroups = (u32, Option<u32>, bool, Said, bool);

/// What has been found out, to be used again.
#[derive(Default)]
pub(super) struct Memo {
    /// The cases that groups come to, with their positions.
    of_groups: FxHashMap<OfGroups, Arc<[Grouped]>>,
    /// The targets of groups, fine or coarse ones.
    lists: FxHashMap<(bool, Vec<u32>), Arc<[u32]>>,
    /// When statements apply that look at tags or at the principal.
    applies: FxHashMap<(Token, Place), engine::Formula>,
    /// What service control policies say.
    scps: FxHashMap<Place, (Levels, Open)>,
}

/// What a case still hangs on, beside conditions.
#[derive(Clone, Copy, Default)]
struct Open {
    principals: bool,
    tags: bool,
    target: bool,
}

/// What entries say of a target; `None`: of one that none of them singles out.
pub(super) fn say<'e, 'q: 'e>(entries: impl IntoIterator<Item = (u32, &'e Entry<'q>)>, target: Option<u32>) -> Tokens {
    let covers = |hits: &Hits| match (hits, target) {
        (Hits::All, _) => true,
        (Hits::Some(_), None) => false,
        (hits, Some(target)) => hits.contains(target),
    };
    let mut said = Tokens::new();
    for (index, entry) in entries {
        let certain = covers(&entry.reach.certain);
        if !certain && !covers(&entry.reach.possible) {
            continue;
        }
        said.push(match entry.source {
            Some((Statement { effect: Effect::Allow, .. }, ..)) if entry.plain && certain => Token::Allow,
            Some(_) if entry.plain && certain => Token::Deny,
            Some(_) if certain => Token::When(entry.alike),
            _ => Token::Whether(index),
        });
    }
    said.sort_unstable();
    said.dedup();
    said
}
