//! `foureyes recovery`: could we get production back, and who could see to it that we cannot.

use super::config::Config;
use super::source::SourceArguments;
use super::text::{Page, count, printable, short};
use super::who_can::Format;
use super::{Exit, output};
use crate::access::Access;
use crate::inventory::{Inventory, PRODUCTION, PrincipalId, words};
use crate::recovery::{Able, Answer, Copy, CopyKind, Hold, Key, Proof, Protection, Store, Taken, WayBack, stores};
use clap::Args;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Tell whether and to what moment production data could be restored.
///
/// One line a store: whether it refuses to be deleted, to what moment it could be brought back, how old its newest copy
/// is, whether a copy outlives whoever destroys the data, when a restore was last proven, and who could destroy the data
/// and every copy. Ages are those at the moment when the snapshot was taken.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Look at the stores of this environment
    #[arg(long, value_name = "NAME", default_value = PRODUCTION)]
    environment: String,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Use this configuration instead of the first foureyes.toml upward
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command. An answer that is missing somewhere makes the picture incomplete.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (config, _) = Config::find(arguments.config.as_deref())?;
    let source = arguments.source.require()?;
    source.notes.iter().for_each(|note| output::note(&format!("note: {}", printable(note))));
    let inventory = Inventory::new(&source.snapshot, &config.environments);
    let access = Access::new(&inventory);
    let answer = Answered {
        inventory: &inventory,
        source: source.name,
        environment: &arguments.environment,
        stores: stores(&access, &arguments.environment),
        now: inventory.collected_at.as_deref().and_then(|text| text.parse().ok()),
    };
    let text = match arguments.format {
        Format::Json => answer.json()?,
        Format::Table => answer.table(),
    };
    output::print(text.as_bytes())?;
    Ok(if answer.stores.iter().all(is_known) { Exit::Clean } else { Exit::Incomplete })
}

/// Whether nothing about the store is unknown.
fn is_known(store: &Store) -> bool {
    store.unread.is_empty()
        && store.protection != Protection::NotRead
        && store.independent != Answer::Unknown
        && store.key_is_safe != Some(Answer::Unknown)
        && store.with_copies_by.undecided().next().is_none()
}

struct Answered<'a> {
    inventory: &'a Inventory,
    source: String,
    environment: &'a str,
    stores: Vec<Store>,
    now: Option<Timestamp>,
}

/// Principals that are named in a row.
const NAMES: usize = 3;

impl Answered<'_> {
    fn table(&self) -> String {
        let mut page = Page::new(output::width());
        let when = self.inventory.collected_at.as_deref().map(|when| format!(", as of {when}")).unwrap_or_default();
        page.say(&printable(&format!("Could we recover {}? {}{when}", self.environment, self.source)));
        page.say("");
        if self.stores.is_empty() {
            page.say(&printable(&format!("No store of data is known to belong to {}.", self.environment)));
            return page.text;
        }
        page.paste(&self.draw(page.width));
        page.say("");
        for line in self.summary() {
            page.say(&line);
        }
        page.text
    }

    fn draw(&self, width: usize) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        if output::colour() {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        // Seven narrow columns would cut every word: below this width two must do.
        let narrow = width < 120;
        let heads = [
            "Protected",
            "Recovery point",
            "Newest copy",
            "Independent copy",
            "Restore proven",
            "Could destroy it with all copies",
        ];
        if narrow {
            table.set_header(["Store", "Answers"]);
        } else {
            table.set_header(std::iter::once("Store").chain(heads));
        }
        for store in &self.stores {
            let name = self.name(store);
            let cells = self.cells(store);
            if narrow {
                let lines: Vec<String> =
                    heads.iter().zip(&cells).map(|(head, (text, _))| format!("{head}: {text}")).collect();
                table.add_row([Cell::new(name), Cell::new(lines.join("\n"))]);
            } else {
                let cells = cells.into_iter().map(|(text, colour)| match colour {
                    Some(colour) => Cell::new(text).fg(colour),
                    None => Cell::new(text),
                });
                table.add_row(std::iter::once(Cell::new(name)).chain(cells));
            }
        }
        table.trim_fmt()
    }

    fn name(&self, store: &Store) -> String {
        let Some(known) = self.inventory.resource(store.resource) else { return String::new() };
        let several = self.inventory.accounts.len() > 1;
        let account = self.inventory.account(known.account).filter(|_| several);
        let of = account.map(|account| format!(" of {}", account.id)).unwrap_or_default();
        printable(&format!("{}{of}", words::resource(known)))
    }

    fn cells(&self, store: &Store) -> [(String, Option<Color>); 6] {
        let good = Some(Color::Green);
        let (bad, doubt) = (Some(Color::Red), Some(Color::Yellow));
        let protected = match store.protection {
            Protection::On => ("yes".to_owned(), good),
            Protection::Off => ("no".to_owned(), bad),
            Protection::NoSuchSwitch => ("AWS has no switch".to_owned(), None),
            Protection::NotRead => ("unknown".to_owned(), doubt),
        };
        let point = match store.way_back {
            WayBack::AnyMoment { earliest: Some(earliest), .. } => {
                (format!("any moment since {}", day(earliest)), good)
            }
            WayBack::AnyMoment { earliest: None, .. } => ("any moment".to_owned(), good),
            WayBack::Copy(moment) => (format!("the copy of {}", minute(moment)), doubt),
            WayBack::UndatedCopy => ("a copy of unknown date".to_owned(), doubt),
            WayBack::Waiting { days, waived } => {
                let unless = if waived { ", unless waived" } else { "" };
                (format!("{days} days to call a deletion off{unless}"), doubt)
            }
            WayBack::None => ("none".to_owned(), bad),
            WayBack::Unknown => ("unknown".to_owned(), doubt),
        };
        let newest = match (store.newest, self.now) {
            (Some(moment), Some(now)) => (format!("{} old", age(now, moment)), None),
            (Some(moment), None) => (minute(moment), None),
            (None, _) if store.copies.is_empty() && store.unread.is_empty() => ("none".to_owned(), bad),
            (None, _) => ("unknown".to_owned(), doubt),
        };
        let mut independent = match store.independent {
            Answer::Yes => (format!("yes: {}", self.independence(store)), good),
            Answer::No => ("no".to_owned(), bad),
            Answer::Unknown => ("unknown".to_owned(), doubt),
        };
        match store.key_is_safe {
            Some(Answer::No) if !store.copies.is_empty() => {
                independent.0.push_str("; the key can be deleted");
                independent.1 = bad;
            }
            Some(Answer::Unknown) if store.independent == Answer::Yes => independent.0.push_str("; key unknown"),
            _ => {}
        }
        let proof = match (store.proof, self.now) {
            (Proof::Restored(at), Some(now)) => (format!("{} ago", age(now, at)), good),
            (Proof::Restored(at), None) => (minute(at), good),
            (Proof::Failed(at), _) => (format!("failed on {}", day(at)), bad),
            (Proof::Never, _) => ("none on record".to_owned(), bad),
            (Proof::NothingToRestore, _) => ("nothing to restore".to_owned(), None),
            (Proof::NotRead, _) => ("unknown".to_owned(), doubt),
        };
        let able = &store.with_copies_by;
        let colour = if able.is_nobody() { good } else { bad };
        [protected, point, newest, independent, proof, (self.who(able), colour)]
    }

    /// What makes a copy independent.
    fn independence(&self, store: &Store) -> String {
        let own = self.inventory.resource(store.resource).and_then(|known| self.inventory.account(known.account));
        let own = own.map_or("", |account| &account.id);
        let reason = |copy: &Copy| match copy.hold {
            Hold::VaultLock => Some("locked vault".to_owned()),
            Hold::AirGapped => Some("air-gapped vault".to_owned()),
            Hold::ObjectLock => Some("object lock".to_owned()),
            Hold::MfaDelete => Some("MFA delete".to_owned()),
            _ if !copy.account.is_empty() && copy.account != own => {
                Some(format!("account {}", printable(&copy.account)))
            }
            _ => None,
        };
        let reasons: BTreeSet<String> = store.copies.iter().filter_map(reason).collect();
        reasons.into_iter().collect::<Vec<_>>().join(", ")
    }

    fn who(&self, able: &Able) -> String {
        // Of thousands only the first are named.
        let told = |how: &str, count: usize, ids: &mut dyn Iterator<Item = PrincipalId>| -> Option<String> {
            let shown = if count > NAMES.saturating_add(1) { NAMES } else { count };
            let known = ids.take(shown).filter_map(|id| self.inventory.principal(id));
            let names: Vec<String> = known.map(|one| short(self.inventory, &one.arn)).collect();
            let more = count.saturating_sub(shown);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (count > 0).then(|| format!("{how}{count}: {}{more}", names.join(", ")))
        };
        let groups = [
            told("", able.certain().count(), &mut able.certain()),
            told("under conditions ", able.conditional().count(), &mut able.conditional()),
            told("perhaps ", able.undecided().count(), &mut able.undecided()),
        ];
        let told: Vec<String> = groups.into_iter().flatten().collect();
        if told.is_empty() { "nobody".to_owned() } else { told.join("; ") }
    }

    fn summary(&self) -> Vec<String> {
        let all = self.stores.len();
        let of = |test: &dyn Fn(&Store) -> bool| self.stores.iter().filter(|store| test(store)).count();
        let mut lines = vec![format!(
            "{}: {} with a way back, {} with a copy that outlives whoever destroys the data, {} with a proven restore.",
            count(all, "store"),
            of(&|store| !matches!(store.way_back, WayBack::None | WayBack::Unknown)),
            of(&|store| store.independent == Answer::Yes),
            of(&|store| matches!(store.proof, Proof::Restored(_))),
        )];
        let unread: BTreeSet<&str> = self.stores.iter().flat_map(|store| &store.unread).map(String::as_str).collect();
        if !unread.is_empty() {
            let calls: Vec<String> = unread.into_iter().map(printable).collect();
            lines.push(format!("Not read: {}. There may be copies and restores beyond those shown.", calls.join(", ")));
        }
        let unseen =
            self.inventory.accounts.iter().any(|account| account.controls == crate::inventory::Controls::Unseen);
        if unseen {
            lines.push(
                "Organisation policies were not read: they may keep some from destroying what they are shown to."
                    .to_owned(),
            );
        }
        lines.push("Root users, whom IAM does not list, are not shown.".to_owned());
        lines
    }

    fn json(&self) -> anyhow::Result<String> {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: &'static str,
            source: &'a str,
            collected_at: Option<&'a str>,
            environment: &'a str,
            stores: Vec<StoreAnswer<'a>>,
        }
        let document = Document {
            schema: "foureyes/recovery/v1",
            source: &self.source,
            collected_at: self.inventory.collected_at.as_deref(),
            environment: self.environment,
            stores: self.stores.iter().filter_map(|store| StoreAnswer::new(self.inventory, store)).collect(),
        };
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}

fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}

fn minute(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M").to_string()
}

/// How long ago, in the unit that a person would choose.
fn age(now: Timestamp, moment: Timestamp) -> String {
    let minutes = now.duration_since(moment).as_mins().max(0);
    match (minutes / 60, minutes / (60 * 24)) {
        (hours, _) if hours < 2 => format!("{minutes} min"),
        (hours, days) if days < 2 => format!("{hours} h"),
        (_, days) => format!("{days} days"),
    }
}

/// One store in JSON.
#[derive(Serialize)]
struct StoreAnswer<'a> {
    arn: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    account: &'a str,
    /// `on`, `off`, `no-such-switch` or `unknown`.
    protection: &'static str,
    recovery_point: RecoveryPoint,
    newest_copy: Option<String>,
    independent_copy: &'static str,
    key_is_safe: Option<&'static str>,
    last_restore: LastRestore,
    copies: Vec<CopyAnswer<'a>>,
    destroyed_by: Who<'a>,
    destroyed_with_all_copies_by: Who<'a>,
    not_read: &'a BTreeSet<String>,
}

#[derive(Serialize)]
struct RecoveryPoint {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    earliest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_days: Option<u8>,
}

#[derive(Serialize)]
struct LastRestore {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

#[derive(Serialize)]
struct CopyAnswer<'a> {
    kind: &'static str,
    arn: &'a str,
    account: Option<&'a str>,
    continuous: bool,
    taken_at: Option<String>,
    held_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    firm_from: Option<String>,
    key: KeyAnswer<'a>,
    destroyed_by: Who<'a>,
}

#[derive(Serialize)]
struct KeyAnswer<'a> {
    owner: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<Who<'a>>,
}

/// Principals by how sure it is that they can.
#[derive(Serialize)]
struct Who<'a> {
    certain: Vec<&'a str>,
    conditional: Vec<&'a str>,
    unknown: Vec<&'a str>,
}

impl<'a> Who<'a> {
    fn new(inventory: &'a Inventory, able: &Able) -> Who<'a> {
        let arns = |ids: &mut dyn Iterator<Item = PrincipalId>| -> Vec<&'a str> {
            ids.filter_map(|id| inventory.principal(id)).map(|principal| &*principal.arn).collect()
        };
        Who {
            certain: arns(&mut able.certain()),
            conditional: arns(&mut able.conditional()),
            unknown: arns(&mut able.undecided()),
        }
    }
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Unknown => "unknown",
    }
}

impl<'a> StoreAnswer<'a> {
    fn new(inventory: &'a Inventory, store: &'a Store) -> Option<StoreAnswer<'a>> {
        let known = inventory.resource(store.resource)?;
        Some(StoreAnswer {
            arn: &known.arn,
            kind: &known.kind,
            account: inventory.account(known.account).map_or("", |account| &account.id),
            protection: match store.protection {
                Protection::On => "on",
                Protection::Off => "off",
                Protection::NoSuchSwitch => "no-such-switch",
                Protection::NotRead => "unknown",
            },
            recovery_point: RecoveryPoint::new(store.way_back),
            newest_copy: store.newest.map(|moment| moment.to_string()),
            independent_copy: word(store.independent),
            key_is_safe: store.key_is_safe.map(word),
            last_restore: LastRestore::new(store.proof),
            copies: store.copies.iter().map(|copy| CopyAnswer::new(inventory, copy)).collect(),
            destroyed_by: Who::new(inventory, &store.destroyed_by),
            destroyed_with_all_copies_by: Who::new(inventory, &store.with_copies_by),
            not_read: &store.unread,
        })
    }
}

impl RecoveryPoint {
    fn new(way_back: WayBack) -> RecoveryPoint {
        let text = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
        let of = |kind| RecoveryPoint { kind, earliest: None, latest: None, waiting_days: None };
        match way_back {
            WayBack::AnyMoment { earliest, latest } => {
                RecoveryPoint { earliest: text(earliest), latest: text(latest), ..of("any-moment") }
            }
            WayBack::Copy(moment) => RecoveryPoint { latest: text(Some(moment)), ..of("copy") },
            WayBack::UndatedCopy => of("undated-copy"),
            WayBack::Waiting { days, waived } => {
                let kind = if waived { "waiting-period-unless-waived" } else { "waiting-period" };
                RecoveryPoint { waiting_days: Some(days), ..of(kind) }
            }
            WayBack::None => of("none"),
            WayBack::Unknown => of("unknown"),
        }
    }
}

impl LastRestore {
    fn new(proof: Proof) -> LastRestore {
        let (outcome, at) = match proof {
            Proof::Restored(at) => ("restored", Some(at)),
            Proof::Failed(at) => ("failed", Some(at)),
            Proof::Never => ("none-on-record", None),
            Proof::NothingToRestore => ("nothing-to-restore", None),
            Proof::NotRead => ("unknown", None),
        };
        LastRestore { outcome, at: at.map(|at| at.to_string()) }
    }
}

impl<'a> CopyAnswer<'a> {
    fn new(inventory: &'a Inventory, copy: &'a Copy) -> CopyAnswer<'a> {
        let (continuous, taken) = match copy.taken {
            Taken::Continuous { latest, .. } => (true, latest),
            Taken::At(moment) => (false, Some(moment)),
            Taken::NotRead => (false, None),
        };
        let (held_by, firm_from) = match copy.hold {
            Hold::Nothing => ("permissions", None),
            Hold::VaultLock => ("vault-lock", None),
            Hold::AirGapped => ("air-gapped-vault", None),
            Hold::ObjectLock => ("object-lock", None),
            Hold::MfaDelete => ("mfa-delete", None),
            Hold::Governance => ("removable-lock", None),
            Hold::CoolingOff { until } => ("lock-in-cooling-off", Some(until.to_string())),
            Hold::NotRead => ("unknown", None),
        };
        CopyAnswer {
            kind: match copy.kind {
                CopyKind::PointInTime => "point-in-time-recovery",
                CopyKind::AutomatedBackup => "automated-backup",
                CopyKind::OldVersions => "old-versions",
                CopyKind::Backup => "backup",
                CopyKind::Snapshot => "snapshot",
                CopyKind::RecoveryPoint => "recovery-point",
                CopyKind::Replica => "replica",
            },
            arn: &copy.arn,
            account: Some(copy.account.as_str()).filter(|account| !account.is_empty()),
            continuous,
            taken_at: taken.map(|moment| moment.to_string()),
            held_by,
            firm_from,
            key: KeyAnswer::new(inventory, &copy.key),
            destroyed_by: Who::new(inventory, &copy.destroyed_by),
        }
    }
}

impl<'a> KeyAnswer<'a> {
    fn new(inventory: &'a Inventory, key: &'a Key) -> KeyAnswer<'a> {
        let of = |owner| KeyAnswer { owner, arn: None, usable: None, deleted_by: None };
        match key {
            Key::OfAws => of("aws"),
            Key::OfCustomer { key, usable, deleted_by } => KeyAnswer {
                arn: inventory.resource(*key).map(|known| &*known.arn),
                usable: *usable,
                deleted_by: Some(Who::new(inventory, deleted_by)),
                ..of("customer")
            },
            Key::Elsewhere { arn } => KeyAnswer { arn: Some(arn), ..of("another-account") },
            Key::NotRead => of("unknown"),
        }
    }
}
