//! The answer for machines: `foureyes/blast-radius/v1`.

use super::super::question::Coverage;
use super::losses::{Back, Loss, WayBackKind};
use super::{Class, Radius, serves};
use crate::base::Certainty;
use crate::inventory::words;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    source: &'a str,
    collected_at: Option<&'a str>,
    environment: &'a str,
    principal: Principal<'a>,
    summary: Summary,
    losses: Vec<LossAnswer<'a>>,
    coverage: Coverage,
    unknown_inputs: Vec<String>,
}

#[derive(Serialize)]
struct Principal<'a> {
    arn: &'a str,
    kind: crate::rules::Kind,
    because: String,
}

#[derive(Serialize)]
struct Summary {
    /// Resources of the environment.
    resources: usize,
    /// Different ones whose data or service is lost.
    lost: usize,
    /// Those of them that nothing brings back.
    for_good: usize,
    /// Those of them that nobody takes who does not become somebody else first.
    by_becoming: usize,
}

#[derive(Serialize)]
struct LossAnswer<'a> {
    class: &'static str,
    arn: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    certainty: Certainty,
    conditions: &'a BTreeSet<String>,
    direct: bool,
    means: &'a str,
    action: &'a str,
    steps: Vec<String>,
    comes_back: ComesBack<'a>,
}

#[derive(Serialize)]
struct ComesBack<'a> {
    how: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<&'a str>,
    /// Whether the same principal can destroy every copy as well; absent: no, or there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    copies_destroyed_too: Option<Certainty>,
}

impl Radius<'_> {
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let inventory = self.inventory();
        let lost = self.lost(serves);
        let document = Document {
            schema: "foureyes/blast-radius/v1",
            source: &self.subject.source.name,
            collected_at: inventory.collected_at.as_deref(),
            environment: self.environment,
            principal: Principal {
                arn: inventory.principal(self.principal).map_or("", |known| &known.arn),
                kind: self.kinds.within(inventory, self.principal, self.environment),
                because: self.kinds.why(inventory, self.principal, self.environment),
            },
            summary: Summary {
                resources: self.in_environment(),
                lost,
                for_good: self.lost(|loss| serves(loss) && loss.is_for_good()),
                by_becoming: lost.saturating_sub(self.lost(|loss| serves(loss) && loss.become_first.is_empty())),
            },
            losses: self.losses.iter().filter_map(|loss| self.answer(loss)).collect(),
            coverage: self.subject.coverage(),
            unknown_inputs: self.subject.unknown_inputs(),
        };
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }

    fn answer<'l>(&'l self, loss: &'l Loss) -> Option<LossAnswer<'l>> {
        let known = self.inventory().resource(loss.resource)?;
        let what = words::resource(known);
        let mut comes_back =
            ComesBack { how: "no", until: None, taken_at: None, days: None, undo: None, copies_destroyed_too: None };
        match &loss.back {
            Back::Nothing => {}
            Back::Undo(undo) => {
                comes_back.how = "by-hand";
                comes_back.undo = Some(undo);
            }
            Back::Store { way, copies_too } => {
                comes_back.copies_destroyed_too = *copies_too;
                match way {
                    WayBackKind::AnyMoment(until) => {
                        comes_back.how = "any-moment";
                        comes_back.until = until.as_deref();
                    }
                    WayBackKind::Copy(moment) => {
                        comes_back.how = "copy";
                        comes_back.taken_at = Some(moment);
                    }
                    WayBackKind::Undated => comes_back.how = "copy",
                    WayBackKind::Waiting(days) => {
                        comes_back.how = "waiting";
                        comes_back.days = Some(*days);
                    }
                    WayBackKind::None => {}
                    WayBackKind::Unknown => comes_back.how = "unknown",
                }
            }
        }
        Some(LossAnswer {
            class: match loss.class {
                Class::Data => "data",
                Class::Environment => "environment",
                Class::Recovery => "recovery",
                Class::Guard => "guard",
                Class::Audit => "audit",
            },
            arn: &known.arn,
            kind: &known.kind,
            certainty: loss.terms.certainty,
            conditions: &loss.terms.conditions,
            direct: loss.become_first.is_empty(),
            means: loss.means,
            action: &loss.action,
            steps: loss
                .become_first
                .iter()
                .cloned()
                .chain(loss.steps.iter().map(|step| step.replace("{what}", &what)))
                .collect(),
            comes_back,
        })
    }
}
