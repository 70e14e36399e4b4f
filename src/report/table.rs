//! Tables and text for people.
//!
//! The overview has one row a cause, worst first; each row's number leads to its details below: who, what, which statement
//! of which policy, how, what would be lost, what to do. Names from outside are escaped, ARNs shortened.

use super::causes::{Causes, Change};
use super::names::Names;
use super::{Report, Summary, causes, escape};
use crate::base::Certainty;
use crate::finding::{Evidence, Finding, Severity};
use crate::snapshot::Outcome;
use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width, presets,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Narrower than this and columns would hold single letters.
const NARROWEST: u16 = 40;

/// Names in a row of the overview.
const NAMES: usize = 3;

/// Columns of the overview that number, severity and the space between columns take.
const NUMBERED: u16 = 19;

/// Names, statements and others in the details of one violation.
const DETAILS: usize = 10;

/// Changes that are shown.
const CAUSES: usize = 10;

/// How a table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns that no line exceeds, except lines of Terraform, which are there to be copied. Less than 40 counts as 40.
    pub width: u16,
    /// Whether to use colour and bold.
    pub colour: bool,
    /// Whether lines are drawn with box characters; ASCII otherwise.
    pub unicode: bool,
    /// Whether all names are listed, however many.
    pub all: bool,
}

/// Writes a report for people.
///
/// # Errors
///
/// Whatever the writer answers.
pub fn write(report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let style = Style { width: style.width.max(NARROWEST), ..*style };
    let summary = report.summary();
    let mut page = Page { style, names: Names::new(report), out };
    page.heading(report)?;
    let (violations, unknown) = (report.violations(), report.unknown());
    if violations.is_empty() {
        page.nothing_found(report, &summary)?;
    } else {
        page.section("Violations")?;
        page.overview(&violations, 1)?;
    }
    if !unknown.is_empty() {
        page.section("Not decided: neither safe nor violated")?;
        page.overview(&unknown, violations.len().saturating_add(1))?;
    }
    for (index, finding) in violations.iter().chain(&unknown).enumerate() {
        page.details(index.saturating_add(1), finding, report.fixes.get(&finding.id).map(String::as_str))?;
    }
    page.suppressed(report)?;
    page.coverage(report)?;
    page.closing(report, &summary)
}

/// Writes the fewest changes that close the most violations, for people.
///
/// # Errors
///
/// Whatever the writer answers.
pub fn write_causes(report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let style = Style { width: style.width.max(NARROWEST), ..*style };
    let summary = report.summary();
    let mut page = Page { style, names: Names::new(report), out };
    page.heading(report)?;
    if summary.violations == 0 {
        page.nothing_found(report, &summary)?;
    } else {
        page.causes(report, &causes::causes(report))?;
    }
    page.suppressed(report)?;
    page.coverage(report)?;
    page.closing(report, &summary)
}

struct Page<'a> {
    style: Style,
    names: Names<'a>,
    out: &'a mut dyn io::Write,
}

impl Page<'_> {
    fn heading(&mut self, report: &Report) -> io::Result<()> {
        let accounts: Vec<String> = report
            .subject
            .accounts
            .iter()
            .take(DETAILS)
            .map(|account| match &account.alias {
                Some(alias) => format!("{} ({})", escape::terminal(alias), escape::terminal(&account.id)),
                None => escape::terminal(&account.id).into_owned(),
            })
            .collect();
        let more = report.subject.accounts.len().saturating_sub(accounts.len());
        let more = if more > 0 { format!(", +{more}") } else { String::new() };
        let word = if report.subject.accounts.len() == 1 { "account" } else { "accounts" };
        let when = match &report.subject.collected_at {
            Some(time) => format!(" as of {}", escape::terminal(time)),
            None => String::new(),
        };
        let source = escape::terminal(&report.subject.source);
        self.paragraph(
            0,
            Cell::new(format!("Audit of {word} {}{more}", accounts.join(", "))).add_attribute(Attribute::Bold),
        )?;
        self.paragraph(0, Cell::new(format!("From {source}{when}.")))?;
        if !report.break_glass.is_empty() {
            let names = self.names.first(&report.break_glass, DETAILS, usize::MAX).join(", ");
            self.paragraph(0, Cell::new(format!("Break-glass, meant to be able to do everything: {names}.")))?;
        }
        if report.environments.iter().all(|environment| environment.resources == 0) {
            let text =
                "No environment was recognised, so nothing was judged as production. Name yours in foureyes.toml.";
            return self.paragraph(0, Cell::new(text).fg(Color::Yellow));
        }
        for environment in &report.environments {
            let how: Vec<String> = environment
                .recognised_by
                .iter()
                .map(|by| format!("{} ({})", self.names.sentence(&by.how), by.resources))
                .collect();
            let how = if how.is_empty() { String::new() } else { format!(", recognised by {}", how.join(", ")) };
            let name = capitalised(&escape::terminal(&environment.name));
            self.paragraph(0, Cell::new(format!("{name}: {}{how}.", count(environment.resources, "resource"))))?;
        }
        Ok(())
    }

    fn nothing_found(&mut self, report: &Report, summary: &Summary) -> io::Result<()> {
        let examined = &report.examined;
        writeln!(self.out)?;
        let text = format!(
            "No violations found: {} looked at {}, {} and {}.",
            count(examined.rules, "rule"),
            count(examined.principals, "principal"),
            count_as(examined.policies, "policy", "policies"),
            count(examined.resources, "resource"),
        );
        self.paragraph(0, Cell::new(text).add_attribute(Attribute::Bold))?;
        if !summary.is_complete() {
            let text = "That is not the whole picture: some of the account was not visible, and nothing is concluded about it.";
            self.paragraph(0, Cell::new(text).fg(Color::Yellow))?;
        }
        Ok(())
    }

    /// One row a finding.
    fn overview(&mut self, findings: &[&Finding], first: usize) -> io::Result<()> {
        let mut table = self.table(self.lines());
        table.set_header(
            ["No", "Severity", "Violation", "Who", "What"].map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
        );
        for (index, finding) in findings.iter().enumerate() {
            let severity = match finding.certainty {
                Certainty::Conditional => format!("{}\nif …", finding.severity),
                Certainty::Certain | Certainty::Unknown => finding.severity.to_string(),
            };
            table.add_row([
                Cell::new(first.saturating_add(index)),
                severity_cell(severity, finding.severity),
                Cell::new(self.names.brief(&finding.title, self.name_length())),
                Cell::new(self.crowd(&finding.principals, "principal")),
                Cell::new(self.crowd(&finding.resources, "resource")),
            ]);
        }
        let violation = self.violation_width();
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == 4 { 0 } else { 1 }));
            match index {
                0 | 1 => column.set_constraint(ColumnConstraint::ContentWidth),
                2 => column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(violation))),
                _ => column,
            };
        }
        self.print(&table)
    }

    /// One row a change.
    fn causes(&mut self, report: &Report, causes: &Causes) -> io::Result<()> {
        self.section("The fewest changes that close the most")?;
        let mut table = self.table(self.lines());
        table.set_header(
            ["No", "Change", "Closes", "In all"].map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
        );
        let mut sum: usize = 0;
        let shown = if self.style.all { usize::MAX } else { CAUSES };
        for (index, cause) in causes.all.iter().take(shown).enumerate() {
            sum = sum.saturating_add(cause.closes);
            let of = |finding: &&Finding| cause.findings.contains(&finding.id);
            let titles: Vec<String> = report
                .violations()
                .into_iter()
                .filter(of)
                .take(NAMES)
                .map(|finding| format!("- {}", self.names.brief(&finding.title, self.name_length())))
                .collect();
            let more = cause.findings.len().saturating_sub(titles.len());
            let mut text: Vec<String> = cause.changes.iter().map(|change| self.change(change, report)).collect();
            text.extend(titles);
            if more > 0 {
                text.push(format!("- +{more}"));
            }
            table.add_row([
                index.saturating_add(1).to_string(),
                text.join("\n"),
                format!("{} of {}", cause.closes, causes.violations),
                sum.to_string(),
            ]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == 3 { 0 } else { 1 }));
            if index != 1 {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self.print(&table)?;
        let left = causes.all.len().saturating_sub(shown);
        if left > 0 {
            let more = count_as(left, "more change closes", "more changes close");
            let text = format!("{more} the rest; --list-all shows them.");
            self.paragraph(0, Cell::new(text))?;
        }
        let text = format!(
            "{} counted: one for each principal that a finding names, or for each resource where it is a setting.",
            count(causes.violations, "violation")
        );
        self.paragraph(0, Cell::new(text))
    }

    fn change(&self, change: &Change, report: &Report) -> String {
        match change {
            Change::Statement { policy, statement, sid } => {
                let sid = sid.as_ref().map(|sid| format!(" \"{}\"", escape::terminal(sid))).unwrap_or_default();
                format!("Limit Statement[{statement}]{sid} of {}", self.names.sentence(policy))
            }
            Change::Attachment { policy, group } => {
                format!("Take {} away from {}", self.names.sentence(policy), self.names.arn(group))
            }
            Change::Policy { policy } => format!("Take {} away", self.names.sentence(policy)),
            Change::Finding { id } => report
                .findings
                .iter()
                .find(|finding| finding.id == *id)
                .map(|finding| self.names.sentence(&finding.remediation))
                .unwrap_or_default(),
        }
    }

    /// A number, and the first names, one a line.
    fn crowd(&self, arns: &[String], word: &str) -> String {
        let most = if self.style.all { usize::MAX } else { NAMES };
        let names = self.names.first(arns, most, self.name_length()).join("\n");
        if arns.len() > 1 { format!("{}\n{names}", count(arns.len(), word)) } else { names }
    }

    /// Columns that a name may take in the overview: it stands in one of two columns beside the violation's.
    fn name_length(&self) -> usize {
        let violation = self.violation_width();
        usize::from(self.style.width.saturating_sub(NUMBERED).saturating_sub(violation).checked_div(2).unwrap_or(0))
            .min(40)
    }

    /// Columns of the overview that the violation itself takes.
    fn violation_width(&self) -> u16 {
        self.style.width.saturating_sub(NUMBERED).saturating_mul(2).checked_div(5).unwrap_or(0)
    }

    fn details(&mut self, number: usize, finding: &Finding, fix: Option<&str>) -> io::Result<()> {
        writeln!(self.out)?;
        let mut title = self.table(presets::NOTHING);
        title.add_row([
            Cell::new(number).add_attribute(Attribute::Bold),
            severity_cell(finding.severity.to_string().to_uppercase(), finding.severity),
            Cell::new(self.names.sentence(&finding.title)).add_attribute(Attribute::Bold),
        ]);
        for (index, column) in title.column_iter_mut().enumerate() {
            column.set_padding((0, if index == 2 { 0 } else { 2 }));
            if index < 2 {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self.print(&title)?;

        let mut rows: Vec<(&str, String)> = Vec::new();
        let mut row = |label, text: String| {
            if !text.is_empty() {
                rows.push((label, text));
            }
        };
        if finding.certainty == Certainty::Unknown {
            row("Answer", "not decided: neither safe nor violated".to_owned());
        }
        row("Who", self.names.first(&finding.principals, self.details_shown(), usize::MAX).join(", "));
        row("What", self.names.first(&finding.resources, self.details_shown(), usize::MAX).join(", "));
        row("Actions", self.names.first(&finding.actions, self.details_shown(), usize::MAX).join(", "));
        let (allowed, found): (Vec<_>, Vec<_>) =
            finding.evidence.iter().partition(|evidence| matches!(evidence, Evidence::Statement(_)));
        row("Allowed by", self.lines_of(allowed.iter().map(|evidence| self.evidence(evidence, finding.certainty))));
        row("Found", self.lines_of(found.iter().map(|evidence| self.evidence(evidence, finding.certainty))));
        let steps = finding.path.iter().enumerate();
        row(
            "How",
            self.lines_of(steps.map(|(index, step)| match finding.path.len() {
                1 => self.names.sentence(step),
                _ => format!("{}. {}", index.saturating_add(1), self.names.sentence(step)),
            })),
        );
        row("Condition", self.lines_of(finding.conditions.iter().map(|condition| self.names.sentence(condition))));
        row("Consequence", self.names.sentence(&finding.consequence));
        row("Do", self.names.sentence(&finding.remediation));
        row("Rule", escape::terminal(&finding.rule).into_owned());
        row("Finding", escape::terminal(&finding.id).into_owned());
        self.labelled(rows)?;
        match fix {
            Some(hcl) => self.terraform(hcl),
            None => Ok(()),
        }
    }

    /// Names that the details show.
    fn details_shown(&self) -> usize {
        if self.style.all { usize::MAX } else { DETAILS }
    }

    /// The first of some lines, and how many more there are.
    fn lines_of(&self, all: impl ExactSizeIterator<Item = String>) -> String {
        let more = all.len().saturating_sub(self.details_shown());
        let mut lines: Vec<String> = all.take(self.details_shown()).collect();
        if more > 0 {
            lines.push(format!("+{more}"));
        }
        lines.join("\n")
    }

    fn evidence(&self, evidence: &Evidence, certainty: Certainty) -> String {
        match evidence {
            Evidence::Statement(statement) => {
                let sid =
                    statement.sid.as_ref().map(|sid| format!(" \"{}\"", escape::terminal(sid))).unwrap_or_default();
                let through = match &statement.through {
                    Some(through) => format!(", through {}", self.names.sentence(through)),
                    None => String::new(),
                };
                format!("{}, Statement[{}]{sid}{through}", self.names.sentence(&statement.policy), statement.statement)
            }
            Evidence::Property { resource, property, found } => {
                let found = match found {
                    serde_json::Value::Null if certainty == Certainty::Unknown => "not known".to_owned(),
                    serde_json::Value::Null => "not set".to_owned(),
                    value => escape::terminal(&value.to_string()).into_owned(),
                };
                format!("{}: {} is {found}", self.names.arn(resource), escape::terminal(property))
            }
            Evidence::Note { text } => self.names.sentence(text),
        }
    }

    /// Lines of Terraform stay whole: they are there to be copied.
    fn terraform(&mut self, hcl: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.paragraph(3, Cell::new("Terraform").add_attribute(Attribute::Bold))?;
        for line in hcl.lines() {
            match line {
                "" => writeln!(self.out)?,
                line => writeln!(self.out, "   {}", escape::terminal(line))?,
            }
        }
        Ok(())
    }

    fn suppressed(&mut self, report: &Report) -> io::Result<()> {
        if !report.suppressed.is_empty() {
            self.accepted(report)?;
        }
        if report.unused_suppressions.is_empty() {
            return Ok(());
        }
        self.section("Accepted, and not found: take these out of foureyes.toml")?;
        for unused in &report.unused_suppressions {
            let patterns: Vec<&String> = unused.principals.iter().chain(&unused.resources).collect();
            let on = if patterns.is_empty() {
                String::new()
            } else {
                let shown: Vec<_> = patterns.iter().take(NAMES).map(|pattern| escape::terminal(pattern)).collect();
                let more = patterns.len().saturating_sub(NAMES);
                format!(" for {}{}", shown.join(", "), if more > 0 { format!(", +{more}") } else { String::new() })
            };
            let (rule, owner) = (escape::terminal(&unused.rule), escape::terminal(&unused.owner));
            let text = format!("{rule}{on}, by {owner} until {}", escape::terminal(&unused.expires));
            self.paragraph(3, Cell::new(text))?;
        }
        Ok(())
    }

    fn accepted(&mut self, report: &Report) -> io::Result<()> {
        self.section("Accepted for now")?;
        let mut table = self.table(self.lines());
        table.set_header(
            ["Severity", "Violation", "Reason", "Owner", "Until"]
                .map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
        );
        let mut suppressed: Vec<_> = report.suppressed.iter().collect();
        suppressed.sort_by(|one, other| {
            (other.finding.severity, &one.finding.id).cmp(&(one.finding.severity, &other.finding.id))
        });
        for each in suppressed {
            table.add_row([
                severity_cell(each.finding.severity.to_string(), each.finding.severity),
                Cell::new(self.names.sentence(&each.finding.title)),
                Cell::new(self.names.sentence(&each.reason)),
                Cell::new(escape::terminal(&each.owner)),
                Cell::new(escape::terminal(each.expires.as_deref().unwrap_or("no end"))),
            ]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == 4 { 0 } else { 1 }));
            if index == 0 || index == 4 {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self.print(&table)
    }

    /// What could not be seen, and what was therefore not judged.
    fn coverage(&mut self, report: &Report) -> io::Result<()> {
        #[derive(Default)]
        struct Group<'a> {
            operations: BTreeSet<&'a str>,
            places: BTreeSet<&'a str>,
            details: BTreeSet<&'a str>,
        }
        let mut groups: BTreeMap<(&str, Outcome), Group> = BTreeMap::new();
        let several = report.subject.accounts.len() > 1;
        for coverage in report.coverage.iter().filter(|coverage| coverage.is_not_visible()) {
            let entry = &coverage.entry;
            let group = groups.entry((&entry.service, entry.outcome)).or_default();
            group.operations.insert(&entry.operation);
            group.places.extend(entry.region.as_deref());
            if several {
                group.places.insert(&coverage.account);
            }
            group.details.extend(entry.detail.as_deref());
        }
        if groups.is_empty() {
            return self.not_asked(report);
        }
        self.section("Not visible")?;
        let mut table = self.table(self.lines());
        table.set_header(
            ["Service", "Not read", "Where", "Why"].map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
        );
        for ((service, outcome), group) in &groups {
            let why = match outcome {
                Outcome::Denied => "access denied",
                Outcome::Throttled => "throttled",
                Outcome::Ok | Outcome::Unsupported | Outcome::Failed => "failed",
            };
            let detail =
                group.details.first().map(|detail| format!(": {}", self.names.sentence(detail))).unwrap_or_default();
            table.add_row([
                escape::terminal(service).into_owned(),
                few(&group.operations),
                if group.places.is_empty() { "everywhere".to_owned() } else { few(&group.places) },
                format!("{why}{detail}"),
            ]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == 3 { 0 } else { 1 }));
        }
        self.print(&table)?;
        self.not_judged(report)?;
        let services: BTreeSet<&str> = groups.keys().map(|(service, _)| *service).collect();
        let mut others: BTreeSet<&str> = BTreeSet::new();
        for service in services {
            match service {
                "iam" => self.paragraph(
                    0,
                    Cell::new("Permissions were not all read: others than those above may be able to do the same."),
                )?,
                "organizations" => self.paragraph(
                    0,
                    Cell::new(
                        "Service control policies were not all read: one of them may forbid what is reported above.",
                    ),
                )?,
                "sts" => self.paragraph(0, Cell::new("Accounts that could not be entered were not judged at all."))?,
                other => {
                    others.insert(other);
                }
            }
        }
        if others.is_empty() {
            return self.not_asked(report);
        }
        let text = format!(
            "What {} holds there was not judged: it may be production, and it may be unprotected.",
            few(&others)
        );
        self.paragraph(0, Cell::new(text))?;
        self.not_asked(report)
    }

    /// Which rules did not see everything, by the permissions that were missing.
    fn not_judged(&mut self, report: &Report) -> io::Result<()> {
        // Rules that lack the same answers about the same stand together.
        let mut groups: BTreeMap<(&BTreeSet<String>, &BTreeSet<String>), BTreeSet<&str>> = BTreeMap::new();
        for each in &report.not_judged {
            groups.entry((&each.permissions, &each.resources)).or_default().insert(&each.rule);
        }
        if groups.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        let rules = count(report.not_judged.len(), "rule");
        let text = format!("Not everything was seen by {rules}: silence there says nothing.");
        self.paragraph(0, Cell::new(text))?;
        let mut table = self.table(self.lines());
        table.set_header(
            ["Permission missing", "Rules", "Not judged"].map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
        );
        let (few, most) = if self.style.all { (usize::MAX, usize::MAX) } else { (NAMES, NAMES.saturating_mul(2)) };
        for ((permissions, resources), rules) in groups {
            let list = |all: &mut dyn Iterator<Item = String>, length: usize, most: usize| {
                let mut names: Vec<String> = all.take(most).collect();
                let more = length.saturating_sub(names.len());
                if more > 0 {
                    names.push(format!("+{more}"));
                }
                names.join(", ")
            };
            let plain = |text: &str| escape::terminal(text).into_owned();
            let what = match resources.len() {
                0 => "what was not listed".to_owned(),
                length => list(&mut resources.iter().map(|arn| self.names.arn(arn)), length, few),
            };
            table.add_row([
                list(&mut permissions.iter().map(|text| plain(text)), permissions.len(), most),
                list(&mut rules.iter().map(|text| plain(text)), rules.len(), most),
                what,
            ]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == 2 { 0 } else { 1 }));
        }
        self.print(&table)
    }

    /// What the source does not hold at all, so that nobody takes it for empty.
    fn not_asked(&mut self, report: &Report) -> io::Result<()> {
        let mut by_reason: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for coverage in report.coverage.iter().filter(|coverage| coverage.entry.outcome == Outcome::Unsupported) {
            // A region that does not offer a service hides nothing.
            let Some(reason) = coverage.entry.detail.as_deref().filter(|_| coverage.entry.region.is_none()) else {
                continue;
            };
            by_reason.entry(reason).or_default().insert(&coverage.entry.service);
        }
        if by_reason.is_empty() {
            return Ok(());
        }
        self.section("Not looked at")?;
        for (reason, services) in by_reason.iter().take(DETAILS) {
            let text = format!("{}: {}", few(services), self.names.sentence(reason));
            self.paragraph(3, Cell::new(text))?;
        }
        Ok(())
    }

    fn closing(&mut self, report: &Report, summary: &Summary) -> io::Result<()> {
        if report.findings.is_empty() && report.suppressed.is_empty() && summary.is_complete() {
            return Ok(());
        }
        writeln!(self.out)?;
        let by_severity: Vec<String> =
            summary.by_severity.iter().rev().map(|(severity, number)| format!("{number} {severity}")).collect();
        let mut parts = vec![match summary.violations {
            0 => "No violations".to_owned(),
            number => format!("{}: {}", count(number, "violation"), by_severity.join(", ")),
        }];
        if summary.unknown > 0 {
            parts.push(count_as(summary.unknown, "answer unknown", "answers unknown"));
        }
        if !report.suppressed.is_empty() {
            parts.push(format!("{} accepted for now", report.suppressed.len()));
        }
        if summary.not_visible > 0 {
            parts.push(count_as(summary.not_visible, "call refused or failed", "calls refused or failed"));
        }
        self.paragraph(0, Cell::new(format!("{}.", parts.join("; "))).add_attribute(Attribute::Bold))?;
        let next = if report.findings.iter().any(|finding| finding.fix.is_some()) {
            "Next: foureyes audit --fixes-out DIR writes the Terraform that mends this."
        } else if !summary.is_complete() {
            "Next: let the auditor read what was not visible, and audit again."
        } else {
            return Ok(());
        };
        self.paragraph(0, Cell::new(next))
    }

    fn section(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.paragraph(0, Cell::new(title).add_attribute(Attribute::Bold))
    }

    fn paragraph(&mut self, indent: u16, text: Cell) -> io::Result<()> {
        let mut table = self.table(presets::NOTHING);
        table.add_row([text]);
        for column in table.column_iter_mut() {
            column.set_padding((indent, 0));
        }
        self.print(&table)
    }

    fn labelled(&mut self, rows: Vec<(&str, String)>) -> io::Result<()> {
        let mut table = self.table(presets::NOTHING);
        for (label, text) in rows {
            table.add_row([Cell::new(label).fg(Color::DarkGrey), Cell::new(text)]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding(if index == 0 { (3, 2) } else { (0, 0) });
            if index == 0 {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self.print(&table)
    }

    fn table(&self, lines: TableStyle) -> Table {
        let mut table = Table::new();
        table.load_style(lines);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(self.style.width);
        table.force_no_tty();
        table.style_text_only();
        if self.style.colour {
            table.enforce_styling();
        }
        table
    }

    /// Horizontal lines only: columns of text need the width.
    fn lines(&self) -> TableStyle {
        let line = |character| LineStyle::none().fill(character).junction(character);
        let (border, row) = if self.style.unicode { ('─', '┈') } else { ('-', '-') };
        TableStyle::new()
            .top_border(line(border))
            .header_separator(line(border))
            .row_separator(line(row))
            .bottom_border(line(border))
    }

    fn print(&mut self, table: &Table) -> io::Result<()> {
        let text = table.trim_fmt();
        // The mark of something left out is the one character of ours beyond ASCII.
        let text = if self.style.unicode { text } else { text.replace('…', "~") };
        writeln!(self.out, "{text}")
    }
}

fn severity_cell(text: String, severity: Severity) -> Cell {
    let cell = Cell::new(text);
    match severity {
        Severity::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Severity::High => cell.fg(Color::Red),
        Severity::Medium => cell.fg(Color::Yellow),
        Severity::Low => cell.fg(Color::Cyan),
        Severity::Info => cell.fg(Color::DarkGrey),
    }
}

fn count(number: usize, word: &str) -> String {
    count_as(number, word, &format!("{word}s"))
}

fn count_as(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn few(texts: &BTreeSet<&str>) -> String {
    let mut names: Vec<String> = texts.iter().take(DETAILS).map(|text| escape::terminal(text).into_owned()).collect();
    let more = texts.len().saturating_sub(names.len());
    if more > 0 {
        names.push(format!("+{more}"));
    }
    names.join(", ")
}
