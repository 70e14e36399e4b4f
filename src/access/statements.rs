//! Every statement of every document, made ready once for all questions: what it looks at, and numbers for what it shares
//! with others.

use super::index::{CONTESTED, StatementId};
use super::mentions::Mentions;
use super::reach::has_variable;
use crate::engine::ResourcePattern;
use crate::iam::{self, Effect, PolicyKind, PrincipalSpec, Statement, Version};
use crate::inventory::Document;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// A statement, ready for questions.
pub(super) struct Prepared {
    /// What it looks at beside the action and the resource's ARN.
    pub mentions: Mentions,
    /// Whether nothing but action and resource decide whether it applies, as far as its resources have no variables.
    pub plain: bool,
    /// Whether it is not agreed what its actions mean.
    pub contested: bool,
    /// Whether `*` is among its resources, or it has no such element.
    pub on_everything: bool,
    /// Statements with the same number differ in nothing but actions and resources: the copies in many a policy of a
    /// condition like MFA.
    pub rest: u32,
    /// The numbers of its other resource patterns.
    pub patterns: Box<[u32]>,
}

/// A distinct resource pattern. It reads differently in the older language (no variables) and in resource policies (short
/// patterns).
pub(super) struct Written<'i> {
    text: &'i str,
    version: Version,
    kind: PolicyKind,
    ends: OnceLock<Ends>,
    compiled: OnceLock<Box<ResourcePattern>>,
}

/// How a resource pattern begins and ends.
pub(super) struct Ends {
    /// All before its first wildcard or variable, in lower case.
    pub start: Box<[u8]>,
    /// All after its last one, in lower case and written backwards; empty where it may go on with whatever there is:
    /// a pattern of fewer than six segments.
    pub end: Box<[u8]>,
    /// Whether a policy variable stands in it.
    pub variable: bool,
}

impl Written<'_> {
    pub fn ends(&self) -> &Ends {
        self.ends.get_or_init(|| {
            let folded = self.text.to_ascii_lowercase();
            let start = folded.split(['*', '?', '$']).next().unwrap_or_default();
            let is_short = folded.bytes().filter(|byte| *byte == b':').count() < 5;
            let end = folded.rsplit(['*', '?', '}']).next().filter(|_| !is_short).unwrap_or_default();
            Ends {
                start: start.as_bytes().into(),
                end: end.bytes().rev().collect(),
                variable: has_variable(self.text, self.version),
            }
        })
    }

    /// Ready for matching. Nearly every pattern names what no question is about: those are never made ready.
    pub fn compiled(&self) -> &ResourcePattern {
        self.compiled
            .get_or_init(|| Box::new(ResourcePattern::new(self.text, self.version == Version::V2012, self.kind)))
    }
}

/// All statements.
pub(super) struct Statements<'i> {
    /// For each document, where its statements begin.
    first: Vec<usize>,
    all: Vec<Prepared>,
    patterns: Vec<Written<'i>>,
}

impl<'i> Statements<'i> {
    /// Of documents, by position.
    pub fn new(documents: &'i [Document]) -> Statements<'i> {
        type Rest<'i> = (PolicyKind, Version, Effect, &'i Option<iam::Element<PrincipalSpec>>, &'i [iam::Condition]);
        let count = documents.iter().filter_map(|document| Some(document.policy.as_ref()?.statements.len())).sum();
        let mut statements = Statements {
            first: Vec::with_capacity(documents.len()),
            all: Vec::with_capacity(count),
            patterns: Vec::new(),
        };
        let mut rests: FxHashMap<Rest<'i>, u32> = FxHashMap::default();
        let mut numbers: FxHashMap<(&'i str, Version, PolicyKind), u32> = FxHashMap::default();
        numbers.reserve(documents.len());
        for document in documents {
            statements.first.push(statements.all.len());
            let Some(policy) = &document.policy else { continue };
            let (kind, version) = (document.kind, policy.version);
            for statement in &policy.statements {
                let next = u32::try_from(rests.len()).unwrap_or(u32::MAX);
                let rest = (kind, version, statement.effect, &statement.principal, &*statement.conditions);
                let rest = *rests.entry(rest).or_insert(next);
                let texts = statement.resource.iter().flat_map(|resource| &resource.values);
                let mut number = |text: &'i String| {
                    let next = u32::try_from(statements.patterns.len()).unwrap_or(u32::MAX);
                    *numbers.entry((text, version, kind)).or_insert_with(|| {
                        statements.patterns.push(Written {
                            text,
                            version,
                            kind,
                            ends: OnceLock::new(),
                            compiled: OnceLock::new(),
                        });
                        next
                    })
                };
                let contested = is_contested(statement);
                statements.all.push(Prepared {
                    mentions: Mentions::of(statement, version),
                    plain: statement.conditions.is_empty() && kind == PolicyKind::Identity && !contested,
                    contested,
                    on_everything: statement.resource.is_none() || texts.clone().any(|text| text == "*"),
                    rest,
                    patterns: texts.filter(|text| *text != "*").map(&mut number).collect(),
                });
            }
        }
        statements
    }

    /// A statement.
    pub fn get(&self, id: &StatementId) -> Option<&Prepared> {
        let first = *self.first.get(id.document.0 as usize)?;
        self.all.get(first.saturating_add(id.statement as usize))
    }

    /// A resource pattern as written.
    pub fn text(&self, number: u32) -> Option<&'i str> {
        self.patterns.get(number as usize).map(|written| written.text)
    }

    /// A resource pattern.
    pub fn pattern(&self, number: u32) -> Option<&Written<'i>> {
        self.patterns.get(number as usize)
    }
}

/// Whether it is not agreed what the actions of a statement mean.
pub(super) fn is_contested(statement: &Statement) -> bool {
    statement.action.values.iter().any(|text| text == CONTESTED)
}
