//! Could we recover: for each store of production data, whether it is protected, from which copies it could be restored
//! and to what moment, whether any of these outlives whoever destroys the data, whether their keys do, and when somebody
//! last proved that a restore works.
//!
//! Everything is as of the moment when the snapshot was taken. What was not read is an answer of its own.

mod able;
mod copies;
mod index;
mod key;
mod kind;
mod plan;
mod vault;

pub use able::{Able, Call};
pub use copies::{Copy, CopyKind, Taken};
pub use key::Key;
pub use kind::Protection;
pub use vault::Hold;

use crate::access::{Access, Ground, Targets};
use crate::engine::Decision;
use crate::inventory::{PrincipalId, ResourceId};
use able::{Answers, Asks, Way};
use copies::CopyPlan;
use index::{Index, time};
use jiff::Timestamp;
use kind::Kind;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An answer that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It could not be decided from what was read.
    Unknown,
}

/// The best way back to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// To any moment between these, as far as known.
    AnyMoment {
        /// The earliest.
        earliest: Option<Timestamp>,
        /// The latest.
        latest: Option<Timestamp>,
    },
    /// To the moment of the newest copy.
    Copy(Timestamp),
    /// There are copies; when they were taken is not known.
    UndatedCopy,
    /// A deletion takes effect only after some days and can be called off until then; `waived`: unless whoever deletes
    /// waives that.
    Waiting {
        /// Fewest days.
        days: u8,
        /// Whether the caller can waive it.
        waived: bool,
    },
    /// None.
    None,
    /// None is known, and something that would tell was not read.
    Unknown,
}

/// When a restore was last proven to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A restore was completed.
    Restored(Timestamp),
    /// The last restore failed.
    Failed(Timestamp),
    /// No restore is on record.
    Never,
    /// There is nothing to restore from.
    NothingToRestore,
    /// Restores were not read.
    NotRead,
}

/// What is known of one store.
#[derive(Clone, Debug)]
pub struct Store {
    /// The store.
    pub resource: ResourceId,
    /// Whether it refuses to be deleted.
    pub protection: Protection,
    /// The copies that are known.
    pub copies: Vec<Copy>,
    /// Whether services or anybody keep copies of such a store at all.
    pub has_copies: bool,
    /// The best way back.
    pub way_back: WayBack,
    /// The moment of the newest copy.
    pub newest: Option<Timestamp>,
    /// Whether there is a copy that nobody can destroy who can destroy the data.
    pub independent: Answer,
    /// Whether that copy, or else any copy, has a key that nobody can delete who can destroy the data; `None`: there is no
    /// copy that could have one.
    pub key_is_safe: Option<Answer>,
    /// When a restore was last proven.
    pub proof: Proof,
    /// Who can destroy the data.
    pub destroyed_by: Arc<Able>,
    /// The calls that destroy it.
    pub calls: Vec<Call>,
    /// Who can destroy the data and every copy that is known.
    pub with_copies_by: Arc<Able>,
    /// Whether a plan of AWS Backup selects it; `None`: its account has no plan, or AWS Backup does not know its kind.
    pub planned: Option<Answer>,
    /// Calls whose answers are missing: there may be more copies, or restores, than are known.
    pub unread: BTreeSet<String>,
    /// Whether there may be more copies than are known.
    pub more_copies: bool,
}

/// A store before anybody was asked about it.
struct Plan {
    resource: ResourceId,
    kind: &'static Kind,
    protection: Protection,
    ways: Vec<Way>,
    copies: Vec<CopyPlan>,
    unread: BTreeSet<String>,
}

/// All stores of an environment, by ARN.
pub fn stores(access: &Access<'_>, environment: &str) -> Vec<Store> {
    let inventory = access.inventory();
    let index = Index::new(inventory);
    let mut asks = Asks::default();
    let mut plans = Vec::new();
    for (resource, known) in inventory.resource_ids() {
        let belongs = known.is_of(environment);
        let Some(kind) = belongs.then(|| Kind::of(known)).flatten() else { continue };
        let protection = kind.protection(known);
        let (copies, unread) = copies::of(&index, &mut asks, resource);
        let ways = kind.ways(inventory, resource, protection, &mut asks);
        plans.push(Plan { resource, kind, protection, ways, copies, unread });
    }
    let mut answers = asks.answer(access);
    plans.into_iter().map(|plan| plan.answered(&index, &mut answers)).collect()
}

/// Decides one of the calls for somebody, and lists the statements that allow it.
pub fn decide<'a>(access: &'a Access<'_>, principal: PrincipalId, call: &Call) -> Option<(Decision, Vec<Ground<'a>>)> {
    let mut targets = Targets::default();
    able::push(&mut targets, access.inventory(), &call.arn, call.owner);
    let (target, owner) = targets.get(0)?;
    let context = able::circumstances();
    let (decision, _) = access.decide(principal, call.action, target, owner, &context)?;
    Some((decision, access.grounds(principal, call.action, target, owner, &context)))
}

impl Plan {
    fn answered(self, index: &Index<'_>, answers: &mut Answers) -> Store {
        let data = answers.any(&self.ways);
        let copies: Vec<Copy> = self.copies.into_iter().map(|copy| copy.answered(answers, &data)).collect();
        let with_copies_by =
            copies.iter().fold(Arc::clone(&data), |able, copy| answers.both(&able, &copy.destroyed_by));
        let own = index.inventory.resource(self.resource);
        let account = own.and_then(|known| index.inventory.account(known.account)).map_or("", |account| &account.id);
        let independence: Vec<Answer> =
            copies.iter().map(|copy| independent(copy, account, &answers.both(&data, &copy.destroyed_by))).collect();
        let firm: Vec<&Copy> = copies
            .iter()
            .zip(&independence)
            .filter(|(_, answer)| **answer == Answer::Yes)
            .map(|(copy, _)| copy)
            .collect();
        let missing = !self.unread.is_empty();
        let independent = if !firm.is_empty() {
            Answer::Yes
        } else if missing || independence.contains(&Answer::Unknown) {
            Answer::Unknown
        } else {
            Answer::No
        };
        let kept: Vec<&Copy> = if firm.is_empty() { copies.iter().collect() } else { firm };
        let mut unread = self.unread;
        let proof = proof(index, self.resource, &copies, missing, &mut unread);
        Store {
            resource: self.resource,
            protection: self.protection,
            way_back: way_back(self.kind, &copies, missing),
            newest: newest(&copies),
            independent,
            key_is_safe: (missing || !kept.is_empty()).then(|| key_is_safe(&kept, &data, missing, answers)),
            proof,
            has_copies: self.kind.has_copies,
            planned: own.filter(|_| self.kind.backed_up).and_then(|own| index.planned(own)),
            calls: answers.calls(&self.ways),
            destroyed_by: data,
            with_copies_by,
            copies,
            unread,
            more_copies: missing,
        }
    }
}

/// Whether nobody can destroy the copy who can destroy the data: a lock that nobody gets past, or another account that
/// lets none of them in.
fn independent(copy: &Copy, account: &str, both: &Able) -> Answer {
    if copy.hold.is_firm() {
        return Answer::Yes;
    }
    if copy.account == account {
        return if copy.hold == Hold::NotRead { Answer::Unknown } else { Answer::No };
    }
    if both.is_nobody() && !copy.account.is_empty() {
        Answer::Yes
    } else if both.certain().next().is_some() || both.conditional().next().is_some() {
        Answer::No
    } else {
        Answer::Unknown
    }
}

fn newest(copies: &[Copy]) -> Option<Timestamp> {
    let moment = |copy: &Copy| match copy.taken {
        Taken::Continuous { latest, .. } => latest,
        Taken::At(moment) => Some(moment),
        Taken::NotRead => None,
    };
    copies.iter().filter_map(moment).max()
}

fn way_back(kind: &Kind, copies: &[Copy], missing: bool) -> WayBack {
    let mut windows = copies.iter().filter_map(|copy| match copy.taken {
        // A replica follows a deletion of records: it gives back nothing of before.
        Taken::Continuous { earliest, latest } if copy.kind != CopyKind::Replica => Some((earliest, latest)),
        _ => None,
    });
    if let Some((earliest, latest)) = windows.next() {
        return WayBack::AnyMoment { earliest, latest };
    }
    match (newest(copies), kind.cloudformation) {
        (Some(moment), _) => WayBack::Copy(moment),
        _ if !copies.is_empty() => WayBack::UndatedCopy,
        (_, "AWS::KMS::Key") => WayBack::Waiting { days: 7, waived: false },
        (_, "AWS::SecretsManager::Secret") => WayBack::Waiting { days: 7, waived: true },
        _ if missing => WayBack::Unknown,
        _ => WayBack::None,
    }
}

/// Whether one of the copies has a key that outlives whoever destroys the data.
fn key_is_safe(copies: &[&Copy], data: &Arc<Able>, missing: bool, answers: &mut Answers) -> Answer {
    let mut answer = if copies.is_empty() && missing { Answer::Unknown } else { Answer::No };
    for copy in copies {
        let safe = match &copy.key {
            Key::OfAws => Answer::Yes,
            Key::OfCustomer { usable: Some(false), .. } => Answer::No,
            Key::OfCustomer { deleted_by, usable, .. } => {
                let both = answers.both(data, deleted_by);
                if both.certain().next().is_some() || both.conditional().next().is_some() {
                    Answer::No
                } else if both.is_nobody() && usable.is_some() {
                    Answer::Yes
                } else {
                    Answer::Unknown
                }
            }
            Key::Elsewhere { .. } | Key::NotRead => Answer::Unknown,
        };
        match safe {
            Answer::Yes => return Answer::Yes,
            Answer::Unknown => answer = Answer::Unknown,
            Answer::No => {}
        }
    }
    answer
}

/// AWS Backup forgets jobs after some weeks; restores that a service does by itself leave no record there.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>
fn proof(index: &Index<'_>, store: ResourceId, copies: &[Copy], missing: bool, unread: &mut BTreeSet<String>) -> Proof {
    let Some(known) = index.inventory.resource(store) else { return Proof::NotRead };
    let points = copies.iter().filter(|copy| copy.kind == CopyKind::RecoveryPoint).map(|copy| copy.arn.as_str());
    let jobs: BTreeSet<ResourceId> =
        std::iter::once(&*known.arn).chain(points).flat_map(|arn| index.restores_of(arn)).copied().collect();
    let mut best: Option<(Timestamp, bool)> = None;
    for job in jobs.iter().filter_map(|id| index.inventory.resource(*id)) {
        let Some(at) = job.properties.get("CompletionDate").and_then(time) else { continue };
        let worked = match job.text("Status") {
            Some("COMPLETED") => job.text("ValidationStatus").is_none_or(|status| status != "FAILED"),
            Some("FAILED" | "ABORTED") => false,
            _ => continue,
        };
        best = best.max(Some((at, worked)));
    }
    // A job that was not listed may be newer than all that were.
    let listed = index.inventory.was_read_of(known, "backup", "ListRestoreJobs");
    if !listed && (best.is_some() || !copies.is_empty() || missing) {
        unread.insert("backup:ListRestoreJobs".to_owned());
    }
    match best {
        Some((at, true)) => return Proof::Restored(at),
        Some((at, false)) if listed => return Proof::Failed(at),
        Some(_) => return Proof::NotRead,
        None => {}
    }
    // Where a copy may be missing, there may be nothing to restore, or a restore may be of one that nobody knows.
    let restorable = copies.iter().any(|copy| copy.kind != CopyKind::OldVersions);
    let of_backup = unread.iter().any(|call| call.starts_with("backup:"));
    match (copies.is_empty(), missing) {
        (true, false) => Proof::NothingToRestore,
        _ if !listed || of_backup || (missing && !restorable) => Proof::NotRead,
        _ => Proof::Never,
    }
}
