//! `foureyes rules`: list the rules, show one, test your own; and which rules an audit uses.

use super::{Exit, output, suggest};
use crate::base::text::wrap;
use crate::report::escape::terminal;
use crate::rules::{self, Rule, cases};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Which rules to use.
#[derive(Debug, Args)]
pub struct RuleArguments {
    /// Use the rule files of this directory tree beside the built-in rules
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Use these rules only; separate several with commas
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave these rules out; separate several with commas
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
}

impl RuleArguments {
    /// The rules that come with the program and those of the directory.
    ///
    /// # Errors
    ///
    /// A rule file that cannot be used, an id that two rules claim.
    pub fn all(&self) -> anyhow::Result<Vec<Rule>> {
        let mut rules = rules::built_in()?;
        if let Some(directory) = &self.rules {
            let own: Vec<PathBuf> = files(directory)?.into_iter().filter(|path| is_rule(path)).collect();
            if own.is_empty() {
                let directory = shown(directory);
                anyhow::bail!(
                    "there is no rule file in `{directory}`; a rule is FAMILY/ID.yaml, as docs/writing-rules.md says"
                );
            }
            for path in own {
                let own = read_rule(&path)?;
                if rules.iter().any(|known| known.id == own.id) {
                    anyhow::bail!("rule file `{}`: there is a rule `{}` already", shown(&path), own.id.escape_debug());
                }
                rules.push(own);
            }
        }
        Ok(rules)
    }

    /// The rules that were asked for.
    ///
    /// # Errors
    ///
    /// The same, and an id that no rule has.
    pub fn select(&self) -> anyhow::Result<Vec<Rule>> {
        let mut rules = self.all()?;
        for id in self.only.iter().chain(&self.skip) {
            find(&rules, id)?;
        }
        rules.retain(|rule| (self.only.is_empty() || self.only.contains(&rule.id)) && !self.skip.contains(&rule.id));
        Ok(rules)
    }
}

/// What is to be said of a rule that a suppression names and that there is not; `None`: there is, or it is a pattern.
pub(super) fn unknown(known: &[Rule], id: &str) -> Option<String> {
    if id.contains(['*', '?']) {
        return None;
    }
    find(known, id).err().map(|error| error.to_string())
}

/// List the rules, show one, or test your own.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the built-in rules
    List {
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Show what a rule asks, why, and what to do
    Show {
        /// The rule, such as production-webhook
        id: String,
    },
    /// Run the cases beside the rule files of a directory tree: ID.cases.yaml beside ID.yaml
    Test {
        /// The directory
        directory: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A table for people
    Table,
    /// JSON with all that the rule files say
    Json,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (text, exit) = match &arguments.command {
        Command::List { format: Format::Table } => (list(&rules::built_in()?), Exit::Clean),
        Command::List { format: Format::Json } => {
            (format!("{}\n", serde_json::to_string_pretty(&rules::built_in()?)?), Exit::Clean)
        }
        Command::Show { id } => (show(find(&rules::built_in()?, id)?)?, Exit::Clean),
        Command::Test { directory } => test(directory)?,
    };
    output::print(text.as_bytes())?;
    Ok(exit)
}

fn find<'r>(rules: &'r [Rule], id: &str) -> anyhow::Result<&'r Rule> {
    if let Some(rule) = rules.iter().find(|rule| rule.id == id) {
        return Ok(rule);
    }
    let id = id.escape_debug();
    let near = near_misses(rules, &id.to_string());
    if near.is_empty() {
        anyhow::bail!("there is no rule `{id}`; `foureyes rules list` shows them all");
    }
    anyhow::bail!("there is no rule `{id}`; did you mean {}?", near.join(" or "))
}

/// Up to three ids that share the most words with what was asked for.
pub(super) fn near_misses(rules: &[Rule], id: &str) -> Vec<String> {
    let spelled = suggest::nearest(id, rules.iter().map(|rule| rule.id.as_str()));
    if !spelled.is_empty() {
        return spelled.into_iter().map(|id| format!("`{id}`")).collect();
    }
    let words: BTreeSet<String> = id.split(['-', '_', ' ']).map(str::to_lowercase).collect();
    let shared = |rule: &Rule| rule.id.split('-').filter(|word| word.len() > 3 && words.contains(*word)).count();
    let mut near: Vec<(usize, &str)> =
        rules.iter().map(|rule| (shared(rule), rule.id.as_str())).filter(|(count, _)| *count > 0).collect();
    near.sort_by_key(|(count, id)| (std::cmp::Reverse(*count), *id));
    near.into_iter().take(3).map(|(_, id)| format!("`{id}`")).collect()
}

/// Narrower than this and a title stands below the id of its rule.
const BESIDE: usize = 90;

fn list(rules: &[Rule]) -> String {
    let width = output::width();
    let longest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let (mut text, mut family) = (String::new(), "");
    for rule in rules {
        if rule.family != family {
            text.push_str(if family.is_empty() { "" } else { "\n" });
            family = &rule.family;
            text.push_str(&format!("{family}\n"));
        }
        let (id, severity, title) = (&rule.id, rule.severity, rule.title.trim());
        let line = if width < BESIDE {
            format!("{}\n{}", wrap(&format!("  {id}  {severity}"), width, 2), wrap(&format!("    {title}"), width, 0))
        } else {
            // What stands before the title has no spaces that a line could break at.
            let before = format!("  {id:longest$}  {severity:8}  ");
            let title = wrap(title, width.saturating_sub(before.len()), 0);
            let below = format!("\n{}", " ".repeat(before.len()));
            format!("{before}{}", title.replace('\n', &below))
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn show(rule: &Rule) -> anyhow::Result<String> {
    let width = output::width();
    let predicate = yaml_serde::to_string(&rule.predicate)?;
    let fix = match (&rule.fix, &rule.no_fix) {
        (Some(fix), _) => yaml_serde::to_string(fix)?,
        (None, reason) => format!("no Terraform: {}", reason.as_deref().unwrap_or("no reason given")),
    };
    let mut text = String::new();
    for (name, told) in [
        ("Rule", rule.id.as_str()),
        ("Title", &rule.title),
        ("Family", &rule.family),
        ("Severity", &rule.severity.to_string()),
        ("Asks", &rule.asks),
        ("Why", &rule.why),
        ("Says", &rule.headline),
        ("Consequence", &rule.consequence),
        ("Do", &rule.remediation),
        ("Limits", &rule.limits),
        ("Looks for", &predicate),
        ("Fix", &fix),
    ] {
        let told = wrap(told.trim(), width.saturating_sub(LABEL), 0);
        let below = format!("\n{}", " ".repeat(LABEL));
        text.push_str(&format!("{name:LABEL$}{}\n", told.replace('\n', &below)));
    }
    // Addresses stay whole, so that they can be opened.
    text.push_str("See\n");
    text.extend(rule.references.iter().map(|address| format!("  {address}\n")));
    Ok(text)
}

/// Columns before the text of a rule.
const LABEL: usize = 13;

fn test(directory: &Path) -> anyhow::Result<(String, Exit)> {
    let definitions = rules::definitions()?;
    let (mut text, mut passed, mut failed, mut untested) = (String::new(), 0_usize, 0_usize, 0_usize);
    for path in files(directory)?.into_iter().filter(|path| is_rule(path)) {
        let rule = read_rule(&path)?;
        let beside = path.with_extension("cases.yaml");
        if !beside.is_file() {
            untested = untested.saturating_add(1);
            text.push_str(&format!("none  {}: no {}\n", terminal(&rule.id), shown(&beside)));
            continue;
        }
        let cases = cases::read_cases(&beside.to_string_lossy(), &read(&beside)?)?;
        for tested in cases::test(&rule, &definitions, &cases) {
            let line = format!("{}: {}", terminal(&rule.id), terminal(&tested.name));
            match tested.difference {
                None => {
                    passed = passed.saturating_add(1);
                    text.push_str(&format!("pass  {line}\n"));
                }
                Some(difference) => {
                    failed = failed.saturating_add(1);
                    text.push_str(&format!("FAIL  {line}\n      {}\n", terminal(&difference)));
                }
            }
        }
    }
    if passed == 0 && failed == 0 {
        anyhow::bail!("no cases in `{}`: put ID.cases.yaml beside the rule file ID.yaml", shown(directory));
    }
    text.push_str(&format!("\n{passed} passed, {failed} failed, {untested} rules without cases\n"));
    Ok((text, if failed > 0 { Exit::Violations } else { Exit::Clean }))
}

/// Folders within folders that are looked into.
const DEPTH: usize = 16;

/// The largest rule or case file, in bytes.
const LARGEST: u64 = 4 << 20;

/// All files of a directory tree, sorted. Links to directories are not followed.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![(directory.to_owned(), 0_usize)];
    while let Some((folder, depth)) = waiting.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", shown(&folder)))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read `{}`", shown(&folder)))?;
            let kind = entry.file_type().with_context(|| format!("cannot read `{}`", shown(&entry.path())))?;
            if !kind.is_dir() {
                found.push(entry.path());
            } else if depth < DEPTH {
                waiting.push((entry.path(), depth.saturating_add(1)));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is named as a rule is; `definitions.yaml` says what words in rules mean.
fn is_rule(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.ends_with(".yaml") && !name.ends_with(".cases.yaml") && name != "definitions.yaml"
}

fn read_rule(path: &Path) -> anyhow::Result<Rule> {
    let mut rule = rules::read_rule(&path.to_string_lossy().replace('\\', "/"), &read(path)?)?;
    if rule.family.trim_matches('.').is_empty() {
        "own".clone_into(&mut rule.family);
    }
    Ok(rule)
}

fn read(path: &Path) -> anyhow::Result<String> {
    let failed = || format!("cannot read `{}`", shown(path));
    let mut text = String::new();
    let file = std::fs::File::open(path).with_context(failed)?;
    let size = file.take(LARGEST.saturating_add(1)).read_to_string(&mut text).with_context(failed)?;
    if u64::try_from(size).is_ok_and(|size| size > LARGEST) {
        anyhow::bail!("`{}` is larger than {LARGEST} bytes", shown(path));
    }
    Ok(text)
}

/// A path in a message.
fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}
