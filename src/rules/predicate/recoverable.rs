//! A store of data could not be recovered as it should.

use super::{Draft, Drafts, add_evidence, carried_in_words, cause_of, evidence, is_excepted, statement_in_words};
use crate::base::Certainty;
use crate::finding::Evidence;
use crate::inventory::{Inventory, PrincipalId, words};
use crate::paths::Terms;
use crate::recovery::{Able, Answer, Call, CopyKind, Proof, Store, WayBack, decide};
use crate::rules::Question;
use crate::rules::file::{Exception, Lack, Predicate, Rule, Types};
use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which stores are asked about, and by what measure.
pub(super) struct Asked<'r> {
    pub environment: &'r str,
    pub types: Option<&'r Types>,
    pub days: Option<u32>,
    pub except: &'r [Exception],
}

/// Finds the stores of the environment that rules ask about, if any does.
pub(crate) fn find_stores(rules: &[Rule], question: &Question<'_>) {
    let asked = rules.iter().find_map(|rule| match &rule.predicate {
        Predicate::Recoverable { environment, .. } => Some(environment),
        _ => None,
    });
    if let Some(environment) = asked {
        question.stores(environment);
    }
}

pub(super) fn drafts(question: &Question<'_>, asked: &Asked<'_>, lacks: Lack) -> Drafts {
    let inventory = question.access.inventory();
    let stores = question.stores(asked.environment);
    let of_type = |store: &&Store| {
        let kind = inventory.resource(store.resource).map(|known| &known.kind);
        asked.types.is_none_or(|types| kind.is_some_and(|kind| types.as_slice().contains(kind)))
    };
    let chosen = stores.iter().filter(of_type);
    if lacks == Lack::SecondPerson {
        return alone(question, chosen, asked.except);
    }
    let now = inventory.collected_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    let oldest = now
        .zip(asked.days)
        .and_then(|(now, days)| now.checked_sub(SignedDuration::from_hours(i64::from(days).saturating_mul(24))).ok());
    let mut drafts = Drafts::new();
    for store in chosen {
        let Some((certainty, note)) = lacking(inventory, store, lacks, oldest) else { continue };
        let draft = drafts.entry(format!("{certainty:?}")).or_default();
        draft.terms.certainty = certainty;
        draft.resources.insert(store.resource);
        let name = inventory.resource(store.resource).map(words::resource).unwrap_or_default();
        draft.evidence.push(Evidence::Note { text: format!("{name}: {note}") });
    }
    drafts
}

/// How sure it is that the store lacks something, and why; `None`: it does not, or nothing is there that could.
fn lacking(
    inventory: &Inventory,
    store: &Store,
    lacks: Lack,
    oldest: Option<Timestamp>,
) -> Option<(Certainty, String)> {
    let unread = || {
        let calls: Vec<&str> = store.unread.iter().map(String::as_str).collect();
        if calls.is_empty() { "something was not read".to_owned() } else { format!("not read: {}", calls.join(", ")) }
    };
    match lacks {
        Lack::IndependentCopy => match store.independent {
            // Without any copy, what lacks is a copy: rules of each kind say so.
            Answer::No if store.copies.is_empty() => None,
            Answer::No => Some((Certainty::Certain, copies(inventory, store))),
            Answer::Unknown => Some((Certainty::Unknown, unread())),
            Answer::Yes => None,
        },
        Lack::SafeKey => match (store.independent, store.key_is_safe) {
            (Answer::Yes, Some(Answer::No)) => {
                Some((Certainty::Certain, "the key of the copy can be deleted, or is no longer usable".to_owned()))
            }
            (Answer::Yes, Some(Answer::Unknown)) => {
                Some((Certainty::Unknown, "the key of the copy was not read".to_owned()))
            }
            _ => None,
        },
        // Old versions are brought back one by one: there is no restore to prove.
        Lack::RestoreProof if only_versions(store) => None,
        Lack::RestoreProof => match store.proof {
            Proof::Never => Some((Certainty::Certain, "no restore is on record".to_owned())),
            Proof::Failed(at) => Some((Certainty::Certain, format!("the last restore failed, at {at}"))),
            Proof::Restored(at) => match oldest {
                // A newer one may not have been listed.
                Some(oldest) if at < oldest && store.unread.iter().any(|call| call.starts_with("backup:")) => {
                    Some((Certainty::Unknown, format!("last restored at {at}, as far as was read; {}", unread())))
                }
                Some(oldest) if at < oldest => Some((Certainty::Certain, format!("last restored at {at}"))),
                Some(_) => None,
                None => Some((Certainty::Unknown, format!("last restored at {at}; the snapshot has no date"))),
            },
            Proof::NotRead => Some((Certainty::Unknown, unread())),
            Proof::NothingToRestore => None,
        },
        Lack::RecentCopy => match (store.way_back, oldest) {
            (WayBack::Copy(at), Some(oldest)) if at < oldest && store.more_copies => {
                Some((Certainty::Unknown, format!("the newest copy that was read is of {at}; {}", unread())))
            }
            (WayBack::Copy(at), Some(oldest)) if at < oldest => {
                Some((Certainty::Certain, format!("the newest copy is of {at}")))
            }
            (WayBack::Copy(at), None) => {
                Some((Certainty::Unknown, format!("the newest copy is of {at}; the snapshot has no date")))
            }
            (WayBack::UndatedCopy, _) => Some((Certainty::Unknown, "nobody knows how old its copies are".to_owned())),
            (WayBack::Unknown, _) => Some((Certainty::Unknown, unread())),
            _ => None,
        },
        // A recovery point shows that something selected it.
        Lack::BackupPlan if store.copies.iter().any(|copy| copy.kind == CopyKind::RecoveryPoint) => None,
        Lack::BackupPlan => match store.planned {
            Some(Answer::No) => Some((Certainty::Certain, "no backup plan of the account selects it".to_owned())),
            Some(Answer::Unknown) => {
                Some((Certainty::Unknown, "what a plan selects, or the tags of the store, was not read".to_owned()))
            }
            _ => None,
        },
        Lack::SecondPerson => None,
    }
}

/// The copies in words: `point-in-time recovery and 2 recovery points, all of which permissions alone protect`.
fn copies(inventory: &Inventory, store: &Store) -> String {
    let mut counts: BTreeMap<CopyKind, usize> = BTreeMap::new();
    for copy in &store.copies {
        let count = counts.entry(copy.kind).or_default();
        *count = count.saturating_add(1);
    }
    let told: Vec<String> = counts
        .into_iter()
        .map(|(kind, count)| {
            let (one, many) = match kind {
                CopyKind::PointInTime => ("point-in-time recovery", "point-in-time recovery"),
                CopyKind::AutomatedBackup => ("automated backups", "automated backups"),
                CopyKind::OldVersions => ("old versions", "old versions"),
                CopyKind::Backup => ("backup", "backups"),
                CopyKind::Snapshot => ("snapshot", "snapshots"),
                CopyKind::RecoveryPoint => ("recovery point", "recovery points"),
                CopyKind::Replica => ("replica", "replicas"),
            };
            match kind {
                CopyKind::PointInTime | CopyKind::AutomatedBackup | CopyKind::OldVersions => one.to_owned(),
                _ if count == 1 => format!("1 {one}"),
                _ => format!("{count} {many}"),
            }
        })
        .collect();
    let own = inventory.resource(store.resource).and_then(|known| inventory.account(known.account));
    let own = own.map_or("", |account| &account.id);
    let inside = store.copies.iter().all(|copy| copy.account == own);
    let place = if inside { format!(", all in account {own}") } else { String::new() };
    format!("{}{place}", told.join(", "))
}

/// Whether old versions of objects are all there is to restore from.
fn only_versions(store: &Store) -> bool {
    store.unread.is_empty() && store.copies.iter().all(|copy| copy.kind == CopyKind::OldVersions)
}

/// Whether destroying the copies takes more than destroying the data: automated backups go with their database, and old
/// versions by the calls that empty a bucket.
fn takes_more(store: &Store) -> bool {
    store.copies.iter().any(|copy| !copy.calls.is_empty() && copy.kind != CopyKind::OldVersions)
}

/// Who can destroy a store and every copy of it without anybody's help. Stores whose copies need nothing more, or that
/// have none, are for other rules.
fn alone<'s>(question: &Question<'_>, stores: impl Iterator<Item = &'s Store>, except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    // Thousands of stores are in the hands of few sets of principals, which are shared.
    let mut hands: Vec<(&Arc<Able>, Vec<&Store>)> = Vec::new();
    let mut places: FxHashMap<*const Able, usize> = FxHashMap::default();
    for store in stores.filter(|store| takes_more(store)) {
        let at = *places.entry(Arc::as_ptr(&store.with_copies_by)).or_insert_with(|| {
            hands.push((&store.with_copies_by, Vec::new()));
            hands.len().saturating_sub(1)
        });
        if let Some((_, held)) = hands.get_mut(at) {
            held.push(store);
        }
    }
    let mut by_principals: BTreeMap<(Certainty, Vec<PrincipalId>), Vec<&Store>> = BTreeMap::new();
    for (able, held) in hands {
        let levels: [(Certainty, Vec<PrincipalId>); 3] = [
            (Certainty::Certain, able.certain().collect()),
            (Certainty::Conditional, able.conditional().collect()),
            (Certainty::Unknown, able.undecided().collect()),
        ];
        // There may be a copy that was not read and that they cannot destroy.
        let (open, known): (Vec<&Store>, Vec<&Store>) = held.into_iter().partition(|store| store.more_copies);
        for (certainty, mut principals) in levels {
            principals.retain(|principal| !is_excepted(question, except, *principal));
            if principals.is_empty() {
                continue;
            }
            if !open.is_empty() {
                by_principals.entry((Certainty::Unknown, principals.clone())).or_default().extend(&open);
            }
            if !known.is_empty() {
                by_principals.entry((certainty, principals)).or_default().extend(&known);
            }
        }
    }
    let mut drafts = Drafts::new();
    for ((certainty, principals), stores) in by_principals {
        let Some((principal, first)) = principals.first().zip(stores.first()) else { continue };
        let calls: Vec<&Call> = first.calls.iter().chain(first.copies.iter().flat_map(|copy| &copy.calls)).collect();
        let mut draft = Draft { terms: Terms::of_certainty(certainty), ..Draft::default() };
        let mut cause = String::new();
        for call in calls {
            step(question, *principal, call, &mut draft, &mut cause);
        }
        draft.terms.certainty = certainty;
        for store in &stores {
            let of_copies = store.copies.iter().flat_map(|copy| &copy.calls);
            draft.actions.extend(store.calls.iter().chain(of_copies).map(|call| call.action.into()));
            draft.resources.insert(store.resource);
        }
        let names: Vec<&str> =
            principals.iter().filter_map(|id| inventory.principal(*id)).map(|one| &*one.arn).collect();
        draft.principals.extend(principals.iter().copied());
        drafts.insert(format!("{certainty:?}|{}", names.join(",")), draft);
    }
    drafts
}

/// One call of the way, told of one principal.
fn step(question: &Question<'_>, principal: PrincipalId, call: &Call, draft: &mut Draft, cause: &mut String) {
    let inventory = question.access.inventory();
    let Some((decision, grounds)) = decide(question.access, principal, call) else { return };
    let statements = evidence(grounds);
    draft.terms = std::mem::take(&mut draft.terms).and(Terms::of(&decision));
    if let Some(statement) = statements.first() {
        let own = cause_of(&statements);
        if *cause != own {
            draft.path.push(carried_in_words(inventory, principal, statement));
            *cause = own;
        }
        draft.path.push(format!("{} allows {}", statement_in_words(statement), call.action));
        add_evidence(draft, Evidence::Statement(statement.clone()));
    }
}
