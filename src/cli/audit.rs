//! `foureyes audit`: the main job.

use super::config::Config;
use super::rules::RuleArguments;
use super::source::{Source, SourceArguments};
use super::{Exit, output};
use crate::access::Access;
use crate::base::Certainty;
use crate::base::Glob;
use crate::finding::{FixIntent, Severity};
use crate::inventory::Inventory;
use crate::report::{self, Report};
use crate::{fix, rules};
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Judge an account against the rules and print violations with what to do about them.
///
/// Without --snapshot or --demo the account of the standard AWS configuration is read (never changed).
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    rules: RuleArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print the suggested Terraform below each violation
    #[arg(long)]
    fixes: bool,
    /// Write the suggested Terraform into this directory
    #[arg(long, value_name = "DIR")]
    fixes_out: Option<PathBuf>,
    /// Put first what is worst, or the fewest changes that close the most
    #[arg(long, value_enum, default_value_t = Rank::Severity)]
    rank: Rank,
    /// List every principal and resource of a violation, however many
    #[arg(long)]
    list_all: bool,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value_t = Threshold::Low, value_name = "SEVERITY")]
    fail_on: Threshold,
    /// Exit with 3 when something could not be read, violations or not
    #[arg(long)]
    require_complete: bool,
    /// Use this configuration instead of the first foureyes.toml upward
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Tables and text for people
    Table,
    /// JSON, version 1, for machines
    Json,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rank {
    /// Violations, the worst first
    Severity,
    /// Changes, those first that close most violations
    Causes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Threshold {
    Info,
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl Threshold {
    fn reached_by(self, severity: Severity) -> bool {
        let least = match self {
            Threshold::Info => Severity::Info,
            Threshold::Low => Severity::Low,
            Threshold::Medium => Severity::Medium,
            Threshold::High => Severity::High,
            Threshold::Critical => Severity::Critical,
            Threshold::Never => return false,
        };
        severity >= least
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (config, _) = Config::find(arguments.config.as_deref())?;
    let source = arguments.source.require()?;
    for text in &source.notes {
        output::note(&format!("note: {}", report::escape::terminal(text)));
    }
    let rules = arguments.rules.select()?;
    if !config.suppress.is_empty() {
        let known = arguments.rules.all()?;
        for text in config.suppress.iter().filter_map(|entry| super::rules::unknown(&known, &entry.rule)) {
            output::note(&format!("note: `[[suppress]]`: {text}"));
        }
    }
    let (mut report, findings) = judge(&source, &config, &rules)?;
    if arguments.fixes || matches!(arguments.format, Format::Json) {
        for finding in &findings {
            match fix::for_finding(finding) {
                Ok(hcl) => {
                    report.fixes.insert(finding.id.clone(), hcl);
                }
                Err(reason) => tracing::debug!("{}: {reason}", finding.id),
            }
        }
    }
    let format = match arguments.format {
        Format::Table => {
            let style = report::table::Style { all: arguments.list_all, ..output::style() };
            match arguments.rank {
                Rank::Severity => report::Format::Table(style),
                Rank::Causes => report::Format::Causes(style),
            }
        }
        Format::Json => report::Format::Json,
    };
    let mut text = Vec::new();
    report::write(&report, format, &mut text)?;
    output::print(&text)?;
    if let Some(directory) = &arguments.fixes_out {
        write_fixes(directory, &findings)?;
    }
    Ok(exit(&report, arguments.fail_on, arguments.require_complete))
}

/// Runs the rules over an account.
pub(super) fn judge(
    source: &Source,
    config: &Config,
    rules: &[rules::Rule],
) -> anyhow::Result<(Report, Vec<crate::finding::Finding>)> {
    let definitions = rules::definitions()?;
    let inventory = Inventory::new(&source.snapshot, &config.environments);
    let access = Access::new(&inventory);
    let break_glass: Vec<Glob> = config.break_glass.principals.iter().map(|pattern| Glob::new(pattern)).collect();
    let settings = rules::Settings { break_glass, suppressions: config.suppressions()? };
    let mut outcome = rules::run(rules, &definitions, &access, &settings);
    for finding in &mut outcome.findings {
        // A deny for everybody must leave the way out that is meant for emergencies.
        if let Some(FixIntent::DenyActions { except, .. }) = &mut finding.fix {
            except.clone_from(&outcome.break_glass);
        }
    }
    let report = Report {
        subject: report::Subject {
            source: source.name.clone(),
            accounts: inventory
                .accounts
                .iter()
                .map(|account| report::AccountSummary { id: account.id.to_string(), alias: account.alias.clone() })
                .collect(),
            collected_at: source.snapshot.collected_at.clone(),
        },
        environments: environments(&inventory),
        break_glass: outcome.break_glass.clone(),
        findings: outcome.findings.clone(),
        suppressed: suppressed(&outcome, &settings),
        unused_suppressions: outcome
            .unused
            .iter()
            .filter_map(|place| Some((config.suppress.get(*place)?, settings.suppressions.get(*place)?)))
            .map(|(written, suppression)| report::UnusedSuppression {
                rule: written.rule.clone(),
                principals: written.principals.clone().unwrap_or_default(),
                resources: written.resources.clone().unwrap_or_default(),
                owner: suppression.owner.clone(),
                expires: suppression.expires.clone(),
            })
            .collect(),
        fixes: BTreeMap::new(),
        coverage: inventory
            .accounts
            .iter()
            .flat_map(|account| {
                let of = |entry: &crate::snapshot::Coverage| report::AccountCoverage {
                    account: account.id.to_string(),
                    entry: entry.clone(),
                };
                account.coverage.iter().map(of)
            })
            .collect(),
        not_judged: rules::unjudged(rules, &definitions, &inventory, &outcome)
            .into_iter()
            .map(|found| report::NotJudged {
                rule: found.rule,
                permissions: found.permissions,
                resources: found.resources,
            })
            .collect(),
        examined: report::Examined {
            principals: inventory.principals.len(),
            policies: inventory.documents.len(),
            resources: inventory.resources.len(),
            rules: rules.len(),
        },
    };
    Ok((report, outcome.findings))
}

fn suppressed(outcome: &rules::Outcome, settings: &rules::Settings) -> Vec<report::Suppressed> {
    let with_reason = |(place, finding): &(usize, crate::finding::Finding)| {
        let suppression = settings.suppressions.get(*place)?;
        Some(report::Suppressed {
            finding: finding.clone(),
            reason: suppression.reason.clone(),
            owner: suppression.owner.clone(),
            expires: Some(suppression.expires.clone()),
        })
    };
    outcome.accepted.iter().filter_map(with_reason).collect()
}

fn environments(inventory: &Inventory) -> Vec<report::EnvironmentSummary> {
    let mut found: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for recognition in inventory.resources.iter().filter_map(|resource| resource.environment.as_ref()) {
        let count =
            found.entry(&recognition.environment).or_default().entry(recognition.basis.to_string()).or_default();
        *count = count.saturating_add(1);
    }
    let mut summaries: Vec<report::EnvironmentSummary> = found
        .into_iter()
        .map(|(name, bases)| report::EnvironmentSummary {
            name: name.to_owned(),
            resources: bases.values().sum(),
            recognised_by: bases.into_iter().map(|(how, resources)| report::Recognition { how, resources }).collect(),
        })
        .collect();
    summaries.sort_by_key(|summary| (summary.name != crate::inventory::PRODUCTION, summary.name.clone()));
    summaries
}

fn write_fixes(directory: &std::path::Path, findings: &[crate::finding::Finding]) -> anyhow::Result<()> {
    let patches = fix::patches(findings);
    let written = fix::write(directory, &patches)
        .with_context(|| format!("the fixes could not be written to `{}`", directory.display()))?;
    output::note(&format!(
        "{} files written to {}; begin with README.md there",
        written.files.len(),
        directory.display()
    ));
    for left in &written.left {
        output::note(&format!("{} is of an earlier run and was left as it is", left.display()));
    }
    Ok(())
}

fn exit(report: &Report, fail_on: Threshold, require_complete: bool) -> Exit {
    let violated = report
        .findings
        .iter()
        .any(|finding| finding.certainty != Certainty::Unknown && fail_on.reached_by(finding.severity));
    let summary = report.summary();
    let incomplete = !summary.is_complete() || summary.unknown > 0;
    if violated && !(require_complete && incomplete) {
        Exit::Violations
    } else if incomplete {
        Exit::Incomplete
    } else {
        Exit::Clean
    }
}
