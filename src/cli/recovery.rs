//! `foureyes recovery`: could we get production back, and who could see to it that we cannot.

use super::config::Config;
use super::recovery_table::{Column, Step, Text, draw};
use super::source::SourceArguments;
use super::text::{Page, count, printable, short};
use super::who_can::Format;
use super::{Exit, output};
use crate::access::Access;
use crate::inventory::{Inventory, PRODUCTION, PrincipalId, words};
use crate::recovery::{Able, Answer, Copy, CopyKind, Hold, Key, Proof, Protection, Store, Taken, WayBack, stores};
use clap::Args;
use comfy_table::Color;
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
    /// Show every column and every name, however wide
    #[arg(long)]
    wide: bool,
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
        Format::Table => answer.table(arguments.wide),
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

const GOOD: Option<Color> = Some(Color::Green);
const BAD: Option<Color> = Some(Color::Red);
const DOUBT: Option<Color> = Some(Color::Yellow);

/// The column with the names.
const NAME: usize = 1;
const PROTECTED: usize = 2;
const POINT: usize = 3;
const NEWEST: usize = 4;
const INDEPENDENT: usize = 5;
const PROOF: usize = 6;
const WHO: usize = 7;
/// How columns make room: what matters least first.
const STEPS: &[Step] = &[
    Step::Shorten(WHO),
    Step::Shorten(0),
    Step::Shorten(POINT),
    Step::Drop(NEWEST),
    Step::Shorten(PROOF),
    Step::Shorten(INDEPENDENT),
    Step::Shorten(WHO),
    Step::Shorten(WHO),
    Step::Shorten(WHO),
    Step::Drop(PROTECTED),
    Step::Drop(PROOF),
    Step::Drop(INDEPENDENT),
    Step::Drop(0),
];

fn protected(store: &Store) -> Text {
    let (words, colour) = match store.protection {
        Protection::On => ("yes", GOOD),
        Protection::Off => ("no", BAD),
        Protection::NoSuchSwitch => ("no switch", None),
        Protection::NotRead => ("unknown", DOUBT),
    };
    Text { words: words.to_owned(), colour }
}

/// To what moment a store could be brought back.
fn point(store: &Store) -> Text {
    let (words, colour) = match store.way_back {
        WayBack::AnyMoment { earliest: Some(earliest), .. } => (format!("any moment since {}", day(earliest)), GOOD),
        WayBack::AnyMoment { earliest: None, .. } => ("any moment".to_owned(), GOOD),
        WayBack::Copy(moment) => (format!("the copy of {}", minute(moment)), DOUBT),
        WayBack::UndatedCopy => ("a copy of unknown date".to_owned(), DOUBT),
        WayBack::Waiting { days, waived } => {
            let unless = if waived { ", unless waived" } else { "" };
            (format!("{days} days to call a deletion off{unless}"), DOUBT)
        }
        WayBack::None => ("none".to_owned(), BAD),
        WayBack::Unknown => ("unknown".to_owned(), DOUBT),
    };
    Text { words, colour }
}

impl Answered<'_> {
    fn table(&self, wide: bool) -> String {
        let mut page = Page::new(output::width());
        let when = self.inventory.collected_at.as_deref().map(|when| format!(", as of {when}")).unwrap_or_default();
        page.say(&printable(&format!("Could we recover {}? {}{when}", self.environment, self.source)));
        page.say("");
        if self.stores.is_empty() {
            page.say(&printable(&format!("No store of data is known to belong to {}.", self.environment)));
            return page.text;
        }
        let width = if wide { usize::MAX } else { page.width };
        let (drawn, shortened) = draw(&self.columns(wide), STEPS, NAME, width);
        page.paste(&drawn);
        page.say("");
        if shortened {
            page.say("Shortened to fit: --wide shows every column and name, --format json everything.");
            if drawn.contains("(+") {
                page.say("`3 (+4)`: three certainly, four under conditions or perhaps.");
            }
        }
        for line in self.summary() {
            page.say(&line);
        }
        page.text
    }

    /// The columns of the table, each in all its forms.
    fn columns(&self, wide: bool) -> Vec<Column> {
        let known = |store: &Store| self.inventory.resource(store.resource);
        let each = |text: &dyn Fn(&Store) -> Text| self.stores.iter().map(text).collect::<Vec<Text>>();
        let kind = |store: &Store| known(store).map(|known| words::noun(&known.kind)).unwrap_or_default();
        let short_kind = |store: &Store| {
            let kind = kind(store);
            let (service, rest) = kind.split_once(' ').unwrap_or(("", &kind));
            // `DynamoDB table` is a table; `log group` is no group.
            let of_service = service.chars().any(char::is_uppercase);
            if of_service { rest.to_owned() } else { kind.clone() }
        };
        let name =
            |store: &Store| Text::plain(known(store).map(|known| printable(&words::name(known))).unwrap_or_default());
        let account = |store: &Store| {
            let account = known(store).and_then(|known| self.inventory.account(known.account));
            Text::plain(account.map(|account| printable(&account.id)).unwrap_or_default())
        };
        let who = |store: &Store, names: usize| {
            let able = &store.with_copies_by;
            Text { words: self.who(able, names, true), colour: if able.is_nobody() { GOOD } else { BAD } }
        };
        // Only those who certainly could are named.
        let surely = |store: &Store, names: usize| {
            let words = self.who(&store.with_copies_by, names, false);
            Text { words, ..who(store, 0) }
        };
        let names = if wide { usize::MAX } else { NAMES };
        let mut columns = vec![
            Column {
                forms: vec![
                    ("Store", each(&|store| Text::plain(kind(store)))),
                    ("Store", each(&|store| Text::plain(short_kind(store)))),
                ],
            },
            Column { forms: vec![("Name", each(&name))] },
            Column { forms: vec![("Protected", each(&protected))] },
            Column {
                forms: vec![
                    ("Recovery point", each(&point)),
                    ("Recovery point", each(&|store| self.short_point(store))),
                ],
            },
            Column { forms: vec![("Newest copy", each(&|store| self.newest(store)))] },
            Column {
                forms: vec![
                    ("Independent copy", each(&|store| self.independent(store, true))),
                    ("Independent", each(&|store| self.independent(store, false))),
                ],
            },
            Column {
                forms: vec![
                    ("Restore proven", each(&|store| self.proof(store, true))),
                    ("Restored", each(&|store| self.proof(store, false))),
                ],
            },
            Column {
                forms: vec![
                    ("Could destroy both", each(&|store| who(store, names))),
                    ("Could destroy both", each(&|store| surely(store, NAMES))),
                    ("Could destroy both", each(&|store| surely(store, 1))),
                    ("Could destroy both", each(&|store| surely(store, 0))),
                    ("Destroy both", each(&|store| self.how_many(store))),
                ],
            },
        ];
        if self.inventory.accounts.len() > 1 {
            columns.push(Column { forms: vec![("Account", each(&account))] });
        }
        columns
    }

    /// The recovery point with the age of a copy instead of its date.
    fn short_point(&self, store: &Store) -> Text {
        let words = match (store.way_back, self.now) {
            (WayBack::AnyMoment { .. }, _) => "any moment".to_owned(),
            (WayBack::Copy(moment), Some(now)) => format!("{} old", age(now, moment)),
            (WayBack::Copy(moment), None) => day(moment),
            (WayBack::UndatedCopy, _) => "undated".to_owned(),
            (WayBack::Waiting { days, waived: false }, _) => format!("{days} days"),
            (WayBack::Waiting { days, waived: true }, _) => format!("{days} days?"),
            (WayBack::None, _) => "none".to_owned(),
            (WayBack::Unknown, _) => "unknown".to_owned(),
        };
        Text { words, ..point(store) }
    }

    fn newest(&self, store: &Store) -> Text {
        let (words, colour) = match (store.newest, self.now) {
            (Some(moment), Some(now)) => (format!("{} old", age(now, moment)), None),
            (Some(moment), None) => (minute(moment), None),
            (None, _) if store.copies.is_empty() && store.unread.is_empty() => ("none".to_owned(), BAD),
            (None, _) => ("unknown".to_owned(), DOUBT),
        };
        Text { words, colour }
    }

    fn independent(&self, store: &Store, reasons: bool) -> Text {
        let (mut words, mut colour) = match store.independent {
            Answer::Yes if reasons => (format!("yes: {}", self.independence(store)), GOOD),
            Answer::Yes => ("yes".to_owned(), GOOD),
            Answer::No => ("no".to_owned(), BAD),
            Answer::Unknown => ("unknown".to_owned(), DOUBT),
        };
        match store.key_is_safe {
            Some(Answer::No) if !store.copies.is_empty() => {
                words.push_str(if reasons { "; the key can be deleted" } else { ", no key" });
                colour = BAD;
            }
            Some(Answer::Unknown) if store.independent == Answer::Yes => {
                words.push_str(if reasons { "; key unknown" } else { ", key?" });
            }
            _ => {}
        }
        Text { words, colour }
    }

    fn proof(&self, store: &Store, long: bool) -> Text {
        let (words, colour) = match (store.proof, self.now) {
            (Proof::Restored(at), Some(now)) => (format!("{} ago", age(now, at)), GOOD),
            (Proof::Restored(at), None) => (minute(at), GOOD),
            (Proof::Failed(at), _) if long => (format!("failed on {}", day(at)), BAD),
            (Proof::Failed(_), _) => ("failed".to_owned(), BAD),
            (Proof::Never, _) => (if long { "none on record" } else { "never" }.to_owned(), BAD),
            (Proof::NothingToRestore, _) => (if long { "nothing to restore" } else { "-" }.to_owned(), None),
            (Proof::NotRead, _) => ("unknown".to_owned(), DOUBT),
        };
        Text { words, colour }
    }

    /// How many could destroy a store and its copies: `2`, `2 (+4 perhaps)`.
    fn how_many(&self, store: &Store) -> Text {
        let able = &store.with_copies_by;
        let certain = able.certain().count();
        let more = able.conditional().count().saturating_add(able.undecided().count());
        let words = match (certain, more) {
            (0, 0) => "nobody".to_owned(),
            (_, 0) => certain.to_string(),
            _ => format!("{certain} (+{more})"),
        };
        Text { words, colour: if able.is_nobody() { GOOD } else { BAD } }
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

    /// Who could, by how sure it is, so many of them by name; those who perhaps could only if `all`.
    fn who(&self, able: &Able, names: usize, all: bool) -> String {
        // Of thousands only the first are named.
        let told = |how: &str, count: usize, ids: &mut dyn Iterator<Item = PrincipalId>| -> Option<String> {
            let names = if all || how.is_empty() { names } else { 0 };
            let shown = if names > 1 && count == names.saturating_add(1) { count } else { count.min(names) };
            let known = ids.take(shown).filter_map(|id| self.inventory.principal(id));
            let named: Vec<String> = known.map(|one| short(self.inventory, &one.arn)).collect();
            let more = count.saturating_sub(shown);
            let more = if more > 0 && shown > 0 { format!(" and {more} more") } else { String::new() };
            let colon = if shown > 0 { ": " } else { "" };
            (count > 0).then(|| format!("{how}{count}{colon}{}{more}", named.join(", ")))
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
