//! For whom a technique works that changes its own policies and leaves the rest of them as they are.

use super::ask::{Asker, Contexts, Edge, Gained, context};
use super::change::Change;
use super::{Named, Need, Technique, Through};
use crate::access::{Among, Own, Targets};
use crate::engine::Verdict;
use crate::inventory::{PrincipalId, PrincipalKind};
use crate::paths::terms::Terms;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Asker<'_> {
    /// For whom it works, by change. `spared`: those who need it not.
    pub fn changes(&self, number: usize, among: &Among, spared: &(dyn Fn(PrincipalId) -> bool + Sync)) -> Vec<Edge> {
        let Some(technique) = self.techniques.get(number) else { return Vec::new() };
        let kind = match technique.through {
            Through::OwnUser => PrincipalKind::User,
            Through::OwnRole => PrincipalKind::Role,
            _ => return Vec::new(),
        };
        let (Some(changing), [need]) = (technique.change, technique.needs.as_slice()) else { return Vec::new() };
        let among = self.candidates(technique, among);
        if among.is_empty() {
            return Vec::new();
        }
        // What is asked with the same keys is one question.
        let mut questions: BTreeMap<Option<Arc<str>>, Vec<Arc<Change>>> = BTreeMap::new();
        for change in self.changes_of(technique, changing, &among) {
            questions.entry(change.policy.clone()).or_default().push(change);
        }
        let is = |id: PrincipalId| {
            let known = self.access.inventory().principal(id);
            known.is_some_and(|known| known.kind == kind && !known.service_linked && !known.reserved) && !spared(id)
        };
        let mut found = Vec::new();
        for (policy, changes) in questions {
            match need.on {
                Named::Principal => {
                    let contexts = Contexts::new(&self.boundaries, need, policy.as_deref());
                    for change in changes {
                        self.to_itself(need, &change, &contexts, &among, &is, &mut found);
                    }
                }
                _ => self.to_groups_and_policies(need, &changes, policy.as_deref(), &among, &is, &mut found),
            }
        }
        found.into_iter().map(|one| one.edge(number, technique)).collect()
    }

    fn to_itself(
        &self,
        need: &Need,
        change: &Arc<Change>,
        contexts: &Contexts,
        among: &Among,
        is: &(dyn Fn(PrincipalId) -> bool + Sync),
        found: &mut Vec<Found>,
    ) {
        let own = |id: PrincipalId| {
            let principal = self.access.inventory().principal(id).filter(|_| is(id))?;
            change.concerns(self.inventory, principal).then_some(())?;
            Some(Own { on: vec![Arc::clone(&principal.arn)], context: contexts.of(principal) })
        };
        let concerned = change.concerned(self.belongings_of_actors());
        for (id, on, decision) in self.access.who_can_itself(&need.action, among, concerned, &own) {
            found.push(Found {
                actors: vec![id],
                on,
                change: Arc::clone(change),
                verdict: decision.verdict,
                terms: Terms::of(&decision),
            });
        }
    }

    fn to_groups_and_policies(
        &self,
        need: &Need,
        changes: &[Arc<Change>],
        policy: Option<&str>,
        among: &Among,
        is: &dyn Fn(PrincipalId) -> bool,
        found: &mut Vec<Found>,
    ) {
        let mut targets = Targets::default();
        let mut known: BTreeMap<&Arc<str>, Vec<&Arc<Change>>> = BTreeMap::new();
        for change in changes {
            if let Some(on) = &change.on {
                known.entry(on).or_default().push(change);
            }
        }
        let known: Vec<(&Arc<str>, Vec<&Arc<Change>>)> = known.into_iter().collect();
        for (on, _) in &known {
            targets.push(self.access.principal_or_policy(on));
        }
        for answer in self.access.who_can_among(&need.action, &targets, &context(need, None, policy), among) {
            let actors: Vec<PrincipalId> = answer.principals.iter().copied().filter(|id| is(*id)).collect();
            if actors.is_empty() {
                continue;
            }
            for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
                let terms = Terms::of(&block.decision);
                let named = block.targets.iter().filter_map(|target| known.get(*target as usize));
                for (on, change) in named.flat_map(|(on, changes)| changes.iter().map(move |change| (on, change))) {
                    let concerned = |id: &PrincipalId| {
                        let principal = self.access.inventory().principal(*id);
                        principal.is_some_and(|known| change.concerns(self.inventory, known))
                    };
                    let actors: Vec<PrincipalId> = match change.concerned(self.belongings_of_actors()) {
                        Some(those) => {
                            let acts = |id: &PrincipalId| actors.binary_search(id).is_ok() && concerned(id);
                            those.iter().copied().filter(acts).collect()
                        }
                        None => actors.iter().copied().filter(concerned).collect(),
                    };
                    if !actors.is_empty() {
                        found.push(Found {
                            actors,
                            on: Arc::clone(on),
                            change: Arc::clone(change),
                            verdict: block.decision.verdict,
                            terms: terms.clone(),
                        });
                    }
                }
            }
        }
    }
}

/// Who can make a change.
struct Found {
    actors: Vec<PrincipalId>,
    on: Arc<str>,
    change: Arc<Change>,
    verdict: Verdict,
    terms: Terms,
}

impl Found {
    fn edge(self, number: usize, technique: &Technique) -> Edge {
        Edge {
            technique: number,
            actors: self.actors.into(),
            gained: Arc::new([Gained {
                principal: None,
                resource: None,
                on: Box::new([self.on]),
                change: Some(self.change),
            }]),
            terms: self.terms.and(technique.supposed()),
            verdicts: vec![self.verdict],
        }
    }
}
