//! Tables and text for people.
//!
//! The overview has one row a cause, worst first; each row's number leads to its details below: who, what, which statement
//! of which policy, how, what would be lost, what to do. Names from outside are escaped, ARNs shortened.

mod details;

use super::causes::{Cause, Causes, Change};
use super::names::Names;
use super::{Report, Summary, causes, escape, grid};
use crate::base::Certainty;
use crate::base::text::wrap;
use crate::finding::{Evidence, Finding, Severity};
use crate::snapshot::Outcome;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, TableStyle, Width, presets};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Narrower than this and columns would hold single letters.
const NARROWEST: u16 = 40;

/// Names in a row of the overview.
const NAMES: usize = 3;

/// Columns of the overview that number, severity and the space between columns take.
const NUMBERED: u16 = 19;

/// Names, statements and others in the details of one violation.
const DETAILS: usize = 10;

/// Narrower than this and there is no room for columns.
pub(super) const NARROW: u16 = 72;

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
        writeln!(page.out)?;
        page.details(Some(index.saturating_add(1)), finding, report.fixes.get(&finding.id).map(String::as_str))?;
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

/// Writes one finding of a report, for people.
///
/// # Errors
///
/// Whatever the writer answers.
pub fn write_finding(report: &Report, finding: &Finding, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let style = Style { width: style.width.max(NARROWEST), all: true, ..*style };
    let mut page = Page { style, names: Names::new(report), out };
    page.details(None, finding, report.fixes.get(&finding.id).map(String::as_str))
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
            // What recognised most comes first.
            let mut by: Vec<_> = environment.recognised_by.iter().collect();
            by.sort_by_key(|by| std::cmp::Reverse(by.resources));
            let how: Vec<String> =
                by.into_iter().map(|by| format!("{} ({})", self.names.sentence(&by.how), by.resources)).collect();
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
        if self.is_narrow() {
            return self.list(findings, first);
        }
        // Settings concern nobody in particular, and rights without known resources nothing.
        let somebody = findings.iter().any(|finding| !finding.principals.is_empty());
        let something = findings.iter().any(|finding| !finding.resources.is_empty());
        let shown = |who: Cell, what: Cell| {
            [(somebody, who), (something, what)].into_iter().filter_map(|(shown, cell)| shown.then_some(cell))
        };
        let title = |text: &str| Cell::new(text).add_attribute(Attribute::Bold);
        let mut table = self.table(self.lines());
        table.set_header(
            ["No", "Severity", "Violation"].map(title).into_iter().chain(shown(title("Who"), title("What"))),
        );
        let violation = match (somebody, something) {
            (true, true) => self.violation_width(),
            _ => self.violation_width().saturating_mul(3).checked_div(2).unwrap_or(0),
        };
        for (index, finding) in findings.iter().enumerate() {
            let severity = match finding.certainty {
                Certainty::Conditional => format!("{}\nif …", finding.severity),
                Certainty::Certain | Certainty::Unknown => finding.severity.to_string(),
            };
            let room = usize::from(violation).saturating_sub(1);
            let text = self.names.brief(&finding.title, self.name_length(), room);
            let row = [
                Cell::new(first.saturating_add(index)),
                severity_cell(severity, finding.severity),
                Cell::new(wrap(&text, room, 0)),
            ];
            let who = Cell::new(self.crowd(&finding.principals, "principal"));
            let what = Cell::new(self.crowd(&finding.resources, "resource"));
            table.add_row(row.into_iter().chain(shown(who, what)));
        }
        let last = 2_usize.saturating_add(usize::from(somebody)).saturating_add(usize::from(something));
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == last { 0 } else { 1 }));
            match index {
                0 | 1 => column.set_constraint(ColumnConstraint::ContentWidth),
                2 => column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(violation))),
                _ => column,
            };
        }
        self.print(&table)?;
        self.legend(findings)
    }

    /// The same where there is no room for columns: who and what stand in the details.
    fn list(&mut self, findings: &[&Finding], first: usize) -> io::Result<()> {
        for (index, finding) in findings.iter().enumerate() {
            let severity = match finding.certainty {
                Certainty::Conditional => format!("{}, if …", finding.severity),
                Certainty::Certain | Certainty::Unknown => finding.severity.to_string(),
            };
            let title = self.names.sentence(&finding.title);
            self.headed(Some(first.saturating_add(index)), &severity, finding.severity, &title, false)?;
        }
        self.legend(findings)
    }

    /// What stands beside a severity, in words.
    fn legend(&mut self, findings: &[&Finding]) -> io::Result<()> {
        if findings.iter().any(|finding| finding.certainty == Certainty::Conditional) {
            self.paragraph(0, Cell::new("if …: only under the conditions that its details name."))?;
        }
        Ok(())
    }

    /// A number, a severity, and a title whose further lines stand below it.
    fn headed(
        &mut self,
        number: Option<usize>,
        text: &str,
        severity: Severity,
        title: &str,
        bold: bool,
    ) -> io::Result<()> {
        let number = number.map(|number| format!("{number}  ")).unwrap_or_default();
        let begin = number.chars().count().saturating_add(text.chars().count()).saturating_add(2);
        let hang = if self.is_narrow() { number.chars().count() } else { begin };
        // Marks keep the place of what stands before the title, and are as wide as it.
        let wrapped = wrap(&format!("{}{title}", "-".repeat(begin)), usize::from(self.style.width), hang);
        let title: String = wrapped.chars().skip(begin).collect();
        let (colour, loud) = shade(severity);
        let number = self.painted(&number, None, bold);
        let severity = self.painted(text, Some(colour), loud);
        let title = self.painted(&title, None, bold);
        self.line(&format!("{number}{severity}  {title}"))
    }

    /// One row a change.
    fn causes(&mut self, report: &Report, causes: &Causes) -> io::Result<()> {
        self.section("The fewest changes that close the most")?;
        let mut rows = Vec::new();
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
                .map(|finding| format!("- {}", self.names.brief(&finding.title, self.name_length(), usize::MAX)))
                .collect();
            let more = cause.findings.len().saturating_sub(titles.len());
            let mut text: Vec<String> = cause.changes.iter().map(|change| self.change(change, cause, report)).collect();
            text.extend(titles);
            if more > 0 {
                text.push(format!("- and {more} more"));
            }
            rows.push(plain([
                index.saturating_add(1).to_string(),
                text.join("\n"),
                format!("{} of {}", cause.closes, causes.violations),
                sum.to_string(),
            ]));
        }
        self.grid(&["No", "Change", "Closes", "In all"], &rows)?;
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

    fn change(&self, change: &Change, cause: &Cause, report: &Report) -> String {
        match change {
            Change::Statement { policy, statement, sid } => {
                let sid = sid.as_ref().map(|sid| format!(" \"{}\"", escape::terminal(sid))).unwrap_or_default();
                format!("Limit Statement[{statement}]{sid} of {}", self.names.sentence(policy))
            }
            Change::Attachment { policy, group } => {
                format!("Take {} away from {}", self.names.sentence(policy), self.names.arn(group))
            }
            Change::Policy { policy } => {
                let has = |evidence: &Evidence| matches!(evidence, Evidence::Statement(one) if one.policy == *policy);
                let closed = report.findings.iter().filter(|finding| cause.findings.contains(&finding.id));
                let holders: BTreeSet<&Arc<str>> = closed
                    .filter(|finding| finding.evidence.iter().any(has))
                    .flat_map(|finding| &finding.principals)
                    .collect();
                let holders: Vec<Arc<str>> = holders.into_iter().cloned().collect();
                let from = self.names.first(&holders, NAMES, usize::MAX).join(", ");
                let policy = self.names.sentence(policy);
                format!("Take {policy} away from {from}, or deny them the actions of these violations")
            }
            Change::Finding { id } => report
                .findings
                .iter()
                .find(|finding| finding.id == *id)
                .map(|finding| self.names.sentence(&finding.remediation))
                .unwrap_or_default(),
        }
    }

    /// A number, and the first names, one a line.
    fn crowd(&self, arns: &[Arc<str>], word: &str) -> String {
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

    /// Names that the details show.
    fn details_shown(&self) -> usize {
        if self.style.all { usize::MAX } else { DETAILS }
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
        let mut rows = Vec::new();
        let mut suppressed: Vec<_> = report.suppressed.iter().collect();
        suppressed.sort_by(|one, other| {
            (other.finding.severity, &one.finding.id).cmp(&(one.finding.severity, &other.finding.id))
        });
        for each in suppressed {
            rows.push(vec![
                (each.finding.severity.to_string(), Some(shade(each.finding.severity).0)),
                (self.names.sentence(&each.finding.title), None),
                (self.names.sentence(&each.reason), None),
                (escape::terminal(&each.owner).into_owned(), None),
                (escape::terminal(each.expires.as_deref().unwrap_or("no end")).into_owned(), None),
            ]);
        }
        self.grid(&["Severity", "Violation", "Reason", "Owner", "Until"], &rows)
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
        let mut rows = Vec::new();
        for ((service, outcome), group) in &groups {
            let why = match outcome {
                Outcome::Denied => "access denied",
                Outcome::Throttled => "throttled",
                Outcome::Ok | Outcome::Unsupported | Outcome::Failed => "failed",
            };
            let detail =
                group.details.first().map(|detail| format!(": {}", self.names.sentence(detail))).unwrap_or_default();
            rows.push(plain([
                escape::terminal(service).into_owned(),
                few(&group.operations),
                if group.places.is_empty() { "everywhere".to_owned() } else { few(&group.places) },
                format!("{why}{detail}"),
            ]));
        }
        self.grid(&["Service", "Not read", "Where", "Why"], &rows)?;
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
        let text = format!("{rules} did not see everything. That they report nothing of what follows says nothing:");
        self.paragraph(0, Cell::new(text))?;
        let (few, most) = if self.style.all { (usize::MAX, usize::MAX) } else { (NAMES, NAMES.saturating_mul(2)) };
        for (number, ((permissions, resources), rules)) in groups.into_iter().enumerate() {
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
            if number > 0 {
                writeln!(self.out)?;
            }
            self.labelled(vec![
                ("Missing", list(&mut permissions.iter().map(|text| plain(text)), permissions.len(), most)),
                ("Rules", list(&mut rules.iter().map(|text| plain(text)), rules.len(), most)),
                ("Not judged", what),
            ])?;
        }
        Ok(())
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
            "Next: foureyes explain FINDING tells all about one of these; foureyes audit --fixes-out DIR writes the Terraform."
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

    /// Whether there is no room for columns side by side.
    fn is_narrow(&self) -> bool {
        self.style.width < NARROW
    }

    fn painted(&self, text: &str, colour: Option<Color>, bold: bool) -> String {
        if !self.style.colour || (colour.is_none() && !bold) {
            return text.to_owned();
        }
        let bold = if bold { "\u{1b}[1m" } else { "" };
        let colour = match colour {
            Some(Color::Red) => "\u{1b}[38;5;9m",
            Some(Color::Yellow) => "\u{1b}[38;5;11m",
            Some(Color::Cyan) => "\u{1b}[38;5;14m",
            Some(_) => "\u{1b}[38;5;8m",
            None => "",
        };
        format!("{colour}{bold}{text}\u{1b}[0m")
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        // The mark of something left out is the one character of ours beyond ASCII.
        let text = if self.style.unicode { text.to_owned() } else { text.replace('…', "~") };
        writeln!(self.out, "{text}")
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

    fn lines(&self) -> TableStyle {
        grid::lines(self.style.unicode)
    }

    fn grid(&mut self, titles: &[&str], rows: &[Vec<grid::Entry>]) -> io::Result<()> {
        let text = grid::draw(titles, rows, &self.style);
        self.line(&text)
    }

    fn print(&mut self, table: &Table) -> io::Result<()> {
        let text = table.trim_fmt();
        self.line(&text)
    }
}

/// Cells without colour.
fn plain<const N: usize>(cells: [String; N]) -> Vec<grid::Entry> {
    cells.into_iter().map(|text| (text, None)).collect()
}

/// The colour of a severity, and whether it is bold.
fn shade(severity: Severity) -> (Color, bool) {
    match severity {
        Severity::Critical => (Color::Red, true),
        Severity::High => (Color::Red, false),
        Severity::Medium => (Color::Yellow, false),
        Severity::Low => (Color::Cyan, false),
        Severity::Info => (Color::DarkGrey, false),
    }
}

fn severity_cell(text: String, severity: Severity) -> Cell {
    let (colour, bold) = shade(severity);
    let cell = Cell::new(text).fg(colour);
    if bold { cell.add_attribute(Attribute::Bold) } else { cell }
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
