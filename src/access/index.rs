//! Which statements speak of an action: every distinct action pattern is matched once a question, and leads to the
//! statements that have it.

use crate::base::Glob;
use crate::inventory::{Document, DocumentId};
use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A statement of a document, by positions. Ordered by document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct StatementId {
    pub document: DocumentId,
    pub statement: u32,
}

/// All action patterns of all documents.
pub(super) struct ActionIndex {
    patterns: Vec<Pattern>,
    /// Statements with `NotAction`, and the positions of their patterns.
    negated: Vec<(StatementId, Vec<u32>)>,
    /// Documents that can be read.
    readable: FixedBitSet,
    /// Of those, the ones that do not speak of an action, by action, where single requests for it were decided: there are
    /// thousands of these, of few actions, and hardly any policy of a principal speaks of one.
    silent: ByAction<FixedBitSet>,
    /// The statements that speak of an action, by action: the same are asked for again and again.
    speaking: ByAction<[StatementId]>,
}

struct Pattern {
    glob: Glob,
    /// The statements with this pattern in `Action`.
    statements: Vec<StatementId>,
    /// Patterns with the same number stand in the same statements.
    group: u32,
}

/// An action that is written so has no agreed meaning; whoever evaluates the statement decides.
pub(super) const CONTESTED: &str = "*:*";

impl ActionIndex {
    /// Indexes documents by their position.
    pub(super) fn new(documents: &[Document]) -> ActionIndex {
        let readable = documents.iter().map(|document| document.policy.is_some()).enumerate();
        let mut index = ActionIndex {
            patterns: Vec::new(),
            negated: Vec::new(),
            readable: readable.filter(|(_, known)| *known).map(|(at, _)| at).collect(),
            silent: RwLock::default(),
            speaking: RwLock::default(),
        };
        // By the text as written, so that a known pattern costs no allocation; two spellings are two patterns.
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        for (document, policy) in (0..).map(DocumentId).zip(documents.iter().map(|document| &document.policy)) {
            for (position, statement) in (0..).zip(policy.iter().flat_map(|policy| &policy.statements)) {
                let id = StatementId { document, statement: position };
                let mut excepted = Vec::new();
                for text in &statement.action.values {
                    if statement.action.negated && text == CONTESTED {
                        continue;
                    }
                    let next = u32::try_from(index.patterns.len()).unwrap_or(u32::MAX);
                    let pattern = *known.entry(text).or_insert(next);
                    if pattern == next {
                        let glob = Glob::new(text).to_ascii_lowercase();
                        index.patterns.push(Pattern { glob, statements: Vec::new(), group: 0 });
                    }
                    if statement.action.negated {
                        excepted.push(pattern);
                    } else if let Some(pattern) = index.patterns.get_mut(pattern as usize) {
                        pattern.statements.push(id);
                    }
                }
                if statement.action.negated {
                    index.negated.push((id, excepted));
                }
            }
        }
        index.group();
        index
    }

    /// Numbers the patterns by the statements they stand in.
    fn group(&mut self) {
        let mut excepted: Vec<Vec<StatementId>> = vec![Vec::new(); self.patterns.len()];
        for (statement, patterns) in &self.negated {
            for pattern in patterns {
                if let Some(all) = excepted.get_mut(*pattern as usize) {
                    all.push(*statement);
                }
            }
        }
        let mut known: FxHashMap<(&[StatementId], Vec<StatementId>), u32> = FxHashMap::default();
        let mut groups = Vec::with_capacity(self.patterns.len());
        for (pattern, excepted) in self.patterns.iter().zip(excepted) {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            groups.push(*known.entry((&pattern.statements, excepted)).or_insert(next));
        }
        for (pattern, group) in self.patterns.iter_mut().zip(groups) {
            pattern.group = group;
        }
    }

    /// The groups of patterns that match an action (`service:Name` in lower case), in order. Actions with the same
    /// groups stand, or do not stand, in the same statements.
    pub(super) fn groups(&self, action: &str) -> Vec<u32> {
        let matching = self.patterns.iter().filter(|pattern| pattern.glob.matches(action));
        let mut groups: Vec<u32> = matching.map(|pattern| pattern.group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// The statements that speak, or may speak, of an action (`service:Name` in lower case), in order.
    pub(super) fn speaking(&self, action: &str) -> Arc<[StatementId]> {
        known_or(&self.speaking, action, || {
            let mut speaking = Vec::new();
            self.each_speaking(action, |id| speaking.push(id));
            speaking.sort_unstable();
            speaking.dedup();
            speaking.into()
        })
    }

    /// The documents, by position, that can be read and do not speak of an action.
    pub(super) fn silent(&self, action: &str) -> Arc<FixedBitSet> {
        known_or(&self.silent, action, || {
            let mut silent = self.readable.clone();
            self.each_speaking(action, |id| silent.remove(id.document.0 as usize));
            Arc::new(silent)
        })
    }

    fn each_speaking(&self, action: &str, mut tell: impl FnMut(StatementId)) {
        let mut matched = vec![false; self.patterns.len()];
        for (pattern, matched) in self.patterns.iter().zip(&mut matched) {
            *matched = pattern.glob.matches(action);
            if *matched {
                pattern.statements.iter().copied().for_each(&mut tell);
            }
        }
        let is_excepted = |pattern: &u32| matched.get(*pattern as usize).copied().unwrap_or(false);
        self.negated.iter().filter(|(_, all)| !all.iter().any(is_excepted)).for_each(|(id, _)| tell(*id));
    }
}

/// Something by action.
pub(super) type ByAction<T> = RwLock<FxHashMap<Box<str>, Arc<T>>>;

/// What is known of an action, found when it is first asked for.
pub(super) fn known_or<T: ?Sized>(known: &ByAction<T>, action: &str, find: impl FnOnce() -> Arc<T>) -> Arc<T> {
    if let Some(found) = known.read().unwrap_or_else(PoisonError::into_inner).get(action) {
        return Arc::clone(found);
    }
    let found = find();
    known.write().unwrap_or_else(PoisonError::into_inner).insert(action.into(), Arc::clone(&found));
    found
}
