//! Which statements speak of an action: every distinct action pattern is matched once a question.

use crate::base::Glob;
use crate::iam::{Effect, Statement, Version};
use crate::inventory::{Document, DocumentId};
use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

/// All action patterns of all documents.
pub struct ActionIndex {
    patterns: Vec<Glob>,
    documents: Vec<IndexedDocument>,
}

struct IndexedDocument {
    /// Whether its statements say something else to each principal.
    personal: bool,
    /// Whether a condition looks at the tags of the resource.
    resource_tags: bool,
    readable: bool,
    statements: Vec<IndexedStatement>,
}

struct IndexedStatement {
    effect: Effect,
    negated: bool,
    patterns: Vec<u32>,
}

/// The documents that speak of one action.
pub struct Relevant {
    speaks: FixedBitSet,
    allows: FixedBitSet,
    personal: FixedBitSet,
    /// Whether a condition of a relevant document looks at the tags of the resource.
    pub mentions_resource_tags: bool,
}

impl Relevant {
    /// Whether the document speaks of the action.
    pub fn contains(&self, document: DocumentId) -> bool {
        self.speaks.contains(document.0 as usize)
    }

    /// Whether the document may allow the action.
    pub fn allows(&self, document: DocumentId) -> bool {
        self.allows.contains(document.0 as usize)
    }

    /// Whether the document may say something else to each principal.
    pub fn is_personal(&self, document: DocumentId) -> bool {
        self.speaks.contains(document.0 as usize) && self.personal.contains(document.0 as usize)
    }
}

impl ActionIndex {
    /// Indexes documents by their position.
    pub fn new(documents: &[Document]) -> ActionIndex {
        let mut known: FxHashMap<String, u32> = FxHashMap::default();
        let mut patterns = Vec::new();
        let mut intern = |text: &str| -> u32 {
            let folded = text.to_ascii_lowercase();
            let next = u32::try_from(patterns.len()).unwrap_or(u32::MAX);
            *known.entry(folded).or_insert_with_key(|folded| {
                patterns.push(Glob::new(folded));
                next
            })
        };
        let indexed = documents
            .iter()
            .map(|document| {
                let Some(policy) = &document.policy else {
                    return IndexedDocument {
                        personal: false,
                        resource_tags: true,
                        readable: false,
                        statements: Vec::new(),
                    };
                };
                let variables = policy.version == Version::V2012;
                IndexedDocument {
                    personal: policy.statements.iter().any(|statement| is_personal(statement, variables)),
                    resource_tags: policy.statements.iter().any(mentions_resource_tags),
                    readable: true,
                    statements: policy
                        .statements
                        .iter()
                        .map(|statement| IndexedStatement {
                            effect: statement.effect,
                            negated: statement.action.negated,
                            patterns: statement.action.values.iter().map(|text| intern(text)).collect(),
                        })
                        .collect(),
                }
            })
            .collect();
        ActionIndex { patterns, documents: indexed }
    }

    /// The documents that speak of an action, `service:Name` in lower case.
    pub fn relevant(&self, action: &str) -> Relevant {
        let mut matched = FixedBitSet::with_capacity(self.patterns.len());
        for (index, pattern) in self.patterns.iter().enumerate() {
            matched.set(index, pattern.matches(action));
        }
        let count = self.documents.len();
        let mut relevant = Relevant {
            speaks: FixedBitSet::with_capacity(count),
            allows: FixedBitSet::with_capacity(count),
            personal: FixedBitSet::with_capacity(count),
            mentions_resource_tags: false,
        };
        for (index, document) in self.documents.iter().enumerate() {
            let covers = |statement: &&IndexedStatement| {
                statement.patterns.iter().any(|pattern| matched.contains(*pattern as usize)) != statement.negated
            };
            let (mut speaks, mut allows) = (!document.readable, !document.readable);
            for statement in document.statements.iter().filter(covers) {
                speaks = true;
                allows |= statement.effect == Effect::Allow;
            }
            relevant.speaks.set(index, speaks);
            relevant.allows.set(index, allows);
            relevant.personal.set(index, document.personal);
            relevant.mentions_resource_tags |= speaks && document.resource_tags;
        }
        relevant
    }
}

/// Whether a statement may tell principals apart that the same policies reach: by a key of the principal, or by any
/// policy variable.
fn is_personal(statement: &Statement, variables: bool) -> bool {
    let has_variable = |text: &String| variables && text.contains("${");
    statement.resource.iter().flat_map(|resource| &resource.values).any(has_variable)
        || statement.conditions.iter().any(|condition| {
            let key = condition.key.to_ascii_lowercase();
            key.starts_with("aws:principal")
                || key == "aws:username"
                || key == "aws:userid"
                || key == "aws:federatedprovider"
                || condition.values.iter().any(has_variable)
        })
}

fn mentions_resource_tags(statement: &Statement) -> bool {
    let is_tag = |text: &str| text.to_ascii_lowercase().contains("resourcetag/");
    statement
        .conditions
        .iter()
        .any(|condition| is_tag(&condition.key) || condition.values.iter().any(|text| is_tag(text)))
        || statement.resource.iter().flat_map(|resource| &resource.values).any(|text| is_tag(text))
}
