//! Reports: what was found, for people and for machines. One file a format; none knows a rule.

pub mod causes;
pub mod escape;
pub mod grid;
pub mod json;
mod names;
pub mod table;

use crate::base::Certainty;
use crate::finding::{Finding, Severity};
use crate::snapshot::{Coverage, Outcome};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Everything that a report shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What was audited.
    pub subject: Subject,
    /// The environments, and how each was recognised.
    pub environments: Vec<EnvironmentSummary>,
    /// ARNs of those who can do everything and are meant to, in an emergency.
    pub break_glass: Vec<String>,
    /// Violations and undecided answers, in any order.
    pub findings: Vec<Finding>,
    /// What somebody decided to accept for now.
    pub suppressed: Vec<Suppressed>,
    /// What somebody decided to accept and nobody found.
    pub unused_suppressions: Vec<UnusedSuppression>,
    /// Terraform to show beside a finding: finding id to HCL.
    pub fixes: BTreeMap<String, String>,
    /// What was asked of AWS, and what came of it.
    pub coverage: Vec<AccountCoverage>,
    /// Rules that did not see everything, in the order of the rules.
    pub not_judged: Vec<NotJudged>,
    /// How much was looked at.
    pub examined: Examined,
}

/// What was audited.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Subject {
    /// Where the facts come from, for people: a file name, or `AWS`.
    pub source: String,
    /// The accounts.
    pub accounts: Vec<AccountSummary>,
    /// When collection started, RFC 3339 in UTC; `None` where the snapshot does not say.
    pub collected_at: Option<String>,
}

/// An account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AccountSummary {
    /// Twelve digits.
    pub id: String,
    /// Account alias or name.
    pub alias: Option<String>,
}

/// An environment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EnvironmentSummary {
    /// Such as `production`.
    pub name: String,
    /// Number of its resources.
    pub resources: usize,
    /// What made them count as this environment.
    pub recognised_by: Vec<Recognition>,
}

/// What made resources count as an environment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recognition {
    /// Such as `tag env=prod`.
    pub how: String,
    /// Number of resources it recognised.
    pub resources: usize,
}

/// A violation that somebody decided to accept for now.
#[derive(Clone, Debug, Serialize)]
pub struct Suppressed {
    /// The violation.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// Who decided.
    pub owner: String,
    /// The day from which it is a violation again, `YYYY-MM-DD`.
    pub expires: Option<String>,
}

/// A suppression that covers nothing: what it spoke of is mended, or it never fitted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnusedSuppression {
    /// Rule id or pattern, as written.
    pub rule: String,
    /// ARNs or patterns, as written; empty: all.
    pub principals: Vec<String>,
    /// ARNs or patterns, as written; empty: all.
    pub resources: Vec<String>,
    /// Who decided.
    pub owner: String,
    /// The day from which it would be a violation again, `YYYY-MM-DD`.
    pub expires: String,
}

/// A rule that did not see all that it asks about, since calls went unanswered.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotJudged {
    /// The rule.
    pub rule: String,
    /// The permissions of the calls that were refused, throttled or failed.
    pub permissions: BTreeSet<String>,
    /// ARNs of what it could not decide about; empty: what there is was not seen.
    pub resources: BTreeSet<String>,
}

/// What came of one kind of call in one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AccountCoverage {
    /// Twelve digits.
    pub account: String,
    /// The call.
    pub entry: Coverage,
}

impl AccountCoverage {
    /// Whether AWS did not show what was asked for. A service that is not offered in a region hides nothing.
    pub fn is_not_visible(&self) -> bool {
        matches!(self.entry.outcome, Outcome::Denied | Outcome::Throttled | Outcome::Failed)
    }
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// Users, roles and others that can act.
    pub principals: usize,
    /// Policies of all types.
    pub policies: usize,
    /// Resources.
    pub resources: usize,
    /// Rules that ran.
    pub rules: usize,
}

/// The report in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Findings that are decided.
    pub violations: usize,
    /// How many of them by severity; severities without any are absent.
    pub by_severity: BTreeMap<Severity, usize>,
    /// Findings that could not be decided.
    pub unknown: usize,
    /// Different principals in violations.
    pub principals: usize,
    /// Different resources in violations.
    pub resources: usize,
    /// Calls that AWS did not answer.
    pub not_visible: usize,
}

impl Summary {
    /// Whether everything that was asked for was visible.
    pub fn is_complete(&self) -> bool {
        self.not_visible == 0
    }
}

impl Report {
    /// The report in numbers.
    pub fn summary(&self) -> Summary {
        let violations = self.violations();
        let mut by_severity = BTreeMap::new();
        for finding in &violations {
            let count: &mut usize = by_severity.entry(finding.severity).or_default();
            *count = count.saturating_add(1);
        }
        let different = |all: fn(&Finding) -> &[Arc<str>]| {
            // Thousands of findings share a list.
            let lists = violations.iter().map(|finding| all(finding));
            let lists: BTreeMap<*const Arc<str>, &[Arc<str>]> = lists.map(|list| (list.as_ptr(), list)).collect();
            lists.into_values().flatten().collect::<BTreeSet<_>>().len()
        };
        Summary {
            by_severity,
            unknown: self.findings.len().saturating_sub(violations.len()),
            principals: different(|finding| &finding.principals),
            resources: different(|finding| &finding.resources),
            not_visible: self.coverage.iter().filter(|coverage| coverage.is_not_visible()).count(),
            violations: violations.len(),
        }
    }

    /// Decided findings, worst first.
    pub fn violations(&self) -> Vec<&Finding> {
        self.sorted().into_iter().filter(|finding| finding.certainty != Certainty::Unknown).collect()
    }

    /// Findings that could not be decided, worst first.
    pub fn unknown(&self) -> Vec<&Finding> {
        self.sorted().into_iter().filter(|finding| finding.certainty == Certainty::Unknown).collect()
    }

    /// All findings, worst first.
    fn sorted(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by(|one, other| one.order(other));
        findings
    }
}

/// A report's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables and text for people, in a terminal.
    Table(table::Style),
    /// The fewest changes that close the most violations, for people.
    Causes(table::Style),
    /// JSON for machines, version 1.
    Json,
}

/// Writes a report.
///
/// # Errors
///
/// Whatever the writer answers.
pub fn write(report: &Report, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        Format::Table(style) => table::write(report, &style, out),
        Format::Causes(style) => table::write_causes(report, &style, out),
        Format::Json => json::write(report, out),
    }
}
