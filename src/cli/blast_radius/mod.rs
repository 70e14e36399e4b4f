//! `foureyes blast-radius`: what of production is gone if somebody's credentials leak, or the owner makes a mistake.

mod json;
mod losses;

use super::question::Subject;
use super::source::SourceArguments;
use super::text::{Page, count, printable, short};
use super::who_can::Format;
use super::{Exit, explain, output};
use crate::access::Access;
use crate::base::Certainty;
use crate::catalog::destruction::Class;
use crate::inventory::{Inventory, PRODUCTION, PrincipalId, ResourceId, words};
use crate::paths::techniques;
use crate::report::grid;
use crate::rules::{self, Kind, Kinds};
use clap::Args;
use comfy_table::Color;
use losses::{Back, Loss, WayBackKind, losses, order};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// List what of production is gone if the credentials of a principal leak, or the owner makes a mistake.
///
/// By kind of loss and by resource: the surest and shortest way to it, and whether it comes back.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The ARN of a user or role, or its name
    principal: String,
    #[command(flatten)]
    source: SourceArguments,
    /// Look at the resources of this environment
    #[arg(long, value_name = "NAME", default_value = PRODUCTION)]
    environment: String,
    /// List every resource and every way, however many
    #[arg(long)]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Use this configuration instead of the first foureyes.toml upward
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let subject = Subject::open(&arguments.source, arguments.config.as_deref())?;
    subject.source.notes.iter().for_each(|note| output::note(&format!("note: {}", printable(note))));
    let inventory = &subject.inventory;
    let principal = explain::find(inventory, &arguments.principal)?;
    let access = Access::new(inventory);
    let definitions = rules::definitions()?;
    let kinds = Kinds::new(&access, &definitions);
    let mut radius = Radius {
        subject: &subject,
        besides: Vec::new(),
        principal,
        environment: &arguments.environment,
        kinds: &kinds,
        losses: losses(&access, &definitions, &techniques()?, principal, &arguments.environment),
    };
    if radius.in_environment() == 0 {
        radius.besides = besides(&access, &definitions, principal)?;
    }
    let text = match arguments.format {
        Format::Json => radius.json()?,
        Format::Table => radius.table(arguments.all),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

/// What the rules say of somebody in an account in which nothing of the environment is known, worst first.
fn besides(
    access: &Access<'_>,
    definitions: &rules::Definitions,
    principal: PrincipalId,
) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let arn = access.inventory().principal(principal).map_or("", |known| &known.arn).to_owned();
    let outcome = rules::run(&rules::built_in()?, definitions, access, &rules::Settings::default());
    let of_it = outcome.findings.into_iter().filter(|finding| finding.principals.iter().any(|known| **known == *arn));
    Ok(of_it.map(|finding| (finding.title, finding.conditions)).collect())
}

/// The answer.
struct Radius<'a> {
    subject: &'a Subject,
    /// What else is known of it, with its conditions, where nothing of the environment is known.
    besides: Vec<(String, Vec<String>)>,
    principal: PrincipalId,
    environment: &'a str,
    kinds: &'a Kinds,
    losses: Vec<Loss>,
}

/// Rows of one class, where not all are asked for.
const ROWS: usize = 8;

/// Names in a row.
const NAMES: usize = 4;

/// What makes losses one row: what is done, under which terms, and whether it comes back.
type RowKey<'l> = (&'l [String], &'l [String], &'l BTreeSet<String>, Certainty, &'l Back);

impl Radius<'_> {
    fn inventory(&self) -> &Inventory {
        &self.subject.inventory
    }

    /// Resources of the environment.
    fn in_environment(&self) -> usize {
        let belongs = |resource: &&crate::inventory::Resource| resource.is_of(self.environment);
        self.inventory().resources.iter().filter(belongs).count()
    }

    /// Different resources that are lost, apart from those that only lose a protection or leave no trace.
    fn lost(&self, of: impl Fn(&Loss) -> bool) -> usize {
        let all = self.losses.iter().filter(|loss| of(loss) && loss.terms.certainty != Certainty::Unknown);
        all.map(|loss| loss.resource).collect::<BTreeSet<_>>().len()
    }

    fn table(&self, all: bool) -> String {
        let inventory = self.inventory();
        let mut page = Page::new(output::width());
        let name = inventory.principal(self.principal).map(words::principal).unwrap_or_default();
        page.say(&printable(&format!("Blast radius of {name}")));
        let when = inventory.collected_at.as_deref().map(|when| format!(", as of {when}")).unwrap_or_default();
        page.say(&printable(&format!("in {}{when}", self.subject.source.name)));
        page.say("");
        if self.kinds.within(inventory, self.principal, self.environment) != Kind::Person {
            let why = self.kinds.why(inventory, self.principal, self.environment);
            page.say(&printable(&format!("{} {why}.", capitalised(&name))));
        }
        let environment = printable(self.environment);
        if self.in_environment() == 0 {
            page.say(&format!(
                "No resource of {environment} was recognised, so what it could destroy of it is not known. Name yours in foureyes.toml."
            ));
            if !self.besides.is_empty() {
                page.say("");
                page.say("What is known of it all the same:");
            }
            for (title, conditions) in &self.besides {
                page.say(&format!("- {}", printable(title)));
                conditions.iter().for_each(|condition| page.say(&format!("  {}", printable(condition))));
            }
            page.say("");
            self.closing(&mut page);
            return page.text;
        }
        if self.losses.is_empty() {
            let text = format!(
                "Nothing of {environment} is known that it can destroy, of {}.",
                count(self.in_environment(), "resource")
            );
            page.say(&text);
            self.closing(&mut page);
            return page.text;
        }
        let gone = self.lost(serves);
        let good = self.lost(|loss| serves(loss) && loss.is_for_good());
        let further = gone.saturating_sub(self.lost(|loss| serves(loss) && loss.become_first.is_empty()));
        let mut text = format!(
            "If its credentials leak, or its owner makes a mistake: {gone} of {} of {environment} can be gone, {good} of them for good.",
            count(self.in_environment(), "resource")
        );
        if further > 0 {
            text.push_str(&format!(" {further} of them only by becoming somebody else first."));
        }
        let copies: BTreeSet<ResourceId> = self
            .losses
            .iter()
            .filter(|loss| loss.class == Class::Recovery && loss.terms.certainty != Certainty::Unknown)
            .map(|loss| loss.resource)
            .collect();
        if gone == 0 && !copies.is_empty() {
            text.push_str(&format!(" What would bring them back can: {}.", count(copies.len(), "resource")));
        }
        page.say(&text);
        let unknown = self.lost(|loss| matches!(loss.back, Back::Store { way: WayBackKind::Unknown, .. }));
        if unknown > 0 {
            page.say(&format!(
                "Whether {} would come back is not known: copies were not read.",
                count(unknown, "store")
            ));
        }
        for class in classes() {
            self.class(&mut page, class, all);
        }
        page.say("");
        self.closing(&mut page);
        page.text
    }

    fn class(&self, page: &mut Page, class: Class, all: bool) {
        let mut rows: BTreeMap<RowKey<'_>, Vec<ResourceId>> = BTreeMap::new();
        for loss in self.losses.iter().filter(|loss| loss.class == class) {
            let terms = &loss.terms;
            let key =
                (loss.become_first.as_slice(), loss.steps.as_slice(), &*terms.conditions, terms.certainty, &loss.back);
            rows.entry(key).or_default().push(loss.resource);
        }
        if rows.is_empty() {
            return;
        }
        let lost: usize = rows.values().map(Vec::len).sum();
        page.say("");
        page.say(&format!("{}: {}", title(class), count(lost, "resource")));
        // Direct and sure first; those that take most before those that take little.
        let mut rows: Vec<(RowKey<'_>, Vec<ResourceId>)> = rows.into_iter().collect();
        rows.sort_by(|(one, some), (other, others)| {
            (one.3, one.0.len(), others.len(), one.1).cmp(&(other.3, other.0.len(), some.len(), other.1))
        });
        let shown = if all { usize::MAX } else { ROWS };
        let left = rows.len().saturating_sub(shown);
        rows.truncate(shown);
        page.paste(&self.draw(&rows, all));
        if left > 0 {
            page.say(&format!("{left} more ways; `--all` lists them."));
        }
    }

    fn draw(&self, rows: &[(RowKey<'_>, Vec<ResourceId>)], all: bool) -> String {
        let mut entries: Vec<Vec<grid::Entry>> = Vec::new();
        let always = self.always();
        for ((first, steps, conditions, certainty, back), resources) in rows {
            let names: Vec<String> = resources
                .iter()
                .filter_map(|id| self.inventory().resource(*id))
                .map(|known| short(self.inventory(), &known.arn))
                .collect();
            let shown = if all { usize::MAX } else { NAMES };
            let mut what: Vec<String> = names.iter().take(shown).cloned().collect();
            if names.len() > shown {
                what.push(format!("and {} more", names.len().saturating_sub(shown)));
            }
            let what = what.join("\n");
            let told = words::resources(self.inventory(), resources);
            let mut how: Vec<String> = first.iter().map(|step| printable(step)).collect();
            how.extend(steps.iter().map(|step| printable(&step.replace("{what}", &told))));
            if how.len() > 1 {
                how = (1..).zip(how).map(|(number, step): (usize, String)| format!("{number}. {step}")).collect();
            }
            if *certainty == Certainty::Unknown {
                how.push("could not be decided".to_owned());
            }
            how.extend(conditions.difference(&always).map(|condition| printable(condition)));
            let (comes, colour) = comes_back(back);
            entries.push(vec![(what, None), (how.join("\n"), None), (comes, Some(colour))]);
        }
        grid::draw(&["What", "How", "Comes back"], &entries, &output::style())
    }

    /// The conditions of every loss: they are said once.
    fn always(&self) -> BTreeSet<String> {
        let mut all = self.losses.iter().map(|loss| &*loss.terms.conditions);
        let first = all.next().cloned().unwrap_or_default();
        all.fold(first, |common, next| common.intersection(next).cloned().collect())
    }

    fn closing(&self, page: &mut Page) {
        for condition in self.always() {
            page.say(&printable(&format!("All of this {}.", condition)));
        }
        if let Some(text) = self.subject.coverage().sentence() {
            page.say(&text);
        }
        for text in self.subject.unknown_inputs() {
            page.say(&printable(&format!("Unknown: {text}.")));
        }
    }
}

/// Whether data or service is lost, and not only a protection or a trace.
fn serves(loss: &Loss) -> bool {
    matches!(loss.class, Class::Data | Class::Environment)
}

/// The classes, the most sensitive first.
fn classes() -> Vec<Class> {
    let mut all = vec![Class::Data, Class::Environment, Class::Recovery, Class::Guard, Class::Audit];
    all.sort_by_key(|class| order(*class));
    all
}

fn title(class: Class) -> &'static str {
    match class {
        Class::Data => "Data that is lost",
        Class::Environment => "What stops serving",
        Class::Recovery => "Means to restore that are lost",
        Class::Guard => "Protections that can be taken away",
        Class::Audit => "Records and alarms that can be silenced",
    }
}

/// Whether it comes back, for people.
fn comes_back(back: &Back) -> (String, Color) {
    let (text, colour) = match back {
        Back::Nothing => return ("no".to_owned(), Color::Red),
        Back::Undo(undo) => return (format!("by hand: {undo}"), Color::Yellow),
        Back::Store { way, copies_too } => {
            let (text, colour) = match way {
                WayBackKind::AnyMoment(Some(latest)) => (format!("yes, to any moment until {latest}"), Color::Green),
                WayBackKind::AnyMoment(None) => ("yes, to any moment".to_owned(), Color::Green),
                WayBackKind::Copy(moment) => (format!("as it was at {moment}"), Color::Yellow),
                WayBackKind::Undated => ("from a copy of unknown date".to_owned(), Color::Yellow),
                WayBackKind::Waiting(days) => (format!("for {days} days, then no more"), Color::Yellow),
                WayBackKind::None => ("no: there is no copy".to_owned(), Color::Red),
                WayBackKind::Unknown => ("unknown: copies were not read".to_owned(), Color::Yellow),
            };
            match copies_too {
                Some(Certainty::Certain) => {
                    return (format!("no: the same principal can destroy every copy ({text})"), Color::Red);
                }
                Some(Certainty::Conditional) => {
                    return (format!("{text}; the same principal can destroy every copy under conditions"), Color::Red);
                }
                Some(Certainty::Unknown) => {
                    return (format!("{text}; perhaps the same principal can destroy every copy"), Color::Yellow);
                }
                None => (text, colour),
            }
        }
    };
    (text, colour)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
