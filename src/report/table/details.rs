//! The details of one violation: who, what, which statement of which policy, how, what would be lost, what to do.

use super::{Page, escape};
use crate::base::Certainty;
use crate::finding::{Evidence, Finding};
use crate::report::grid::fitted;
use comfy_table::{Attribute, Cell, Color};
use std::io;

/// Columns that labels take, with the space around them.
const LABELS: u16 = 16;

impl Page<'_> {
    pub(super) fn details(&mut self, number: Option<usize>, finding: &Finding, fix: Option<&str>) -> io::Result<()> {
        let severity = finding.severity.to_string().to_uppercase();
        let title = self.names.sentence(&finding.title);
        self.headed(number, &severity, finding.severity, &title, true)?;

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
        row("Found", self.found(&found, finding.certainty));
        row("How", self.story(finding));
        row("Condition", self.lines_of(finding.conditions.iter().map(|condition| self.names.sentence(condition))));
        let undecided = finding.certainty == Certainty::Unknown;
        row(if undecided { "If it is so" } else { "Consequence" }, self.names.sentence(&finding.consequence));
        row("Do", self.names.sentence(&finding.remediation));
        row("Rule", escape::terminal(&finding.rule).into_owned());
        row("Finding", escape::terminal(&finding.id).into_owned());
        self.labelled(rows)?;
        match fix {
            Some(hcl) => self.terraform(hcl),
            None => Ok(()),
        }
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

    /// Step by step; told of one, where it holds for several.
    fn story(&self, finding: &Finding) -> String {
        let steps = finding.path.len();
        let mut number: usize = 0;
        let mut lines: Vec<String> = Vec::new();
        if finding.principals.len() > 1 && steps > 0 {
            lines.push("told of one of them; for the others it is the same:".to_owned());
        }
        let told = self.lines_of(finding.path.iter().map(|step| {
            let step = self.names.sentence(step);
            // Another way to the same end is no further step.
            if step.starts_with("or ") || steps == 1 {
                return step;
            }
            number = number.saturating_add(1);
            format!("{number}. {step}")
        }));
        lines.push(told);
        lines.join("\n")
    }

    /// What was found; said once where it is the same of all.
    fn found(&self, found: &[&Evidence], certainty: Certainty) -> String {
        let same = |one: &Evidence, other: &Evidence| match (one, other) {
            (
                Evidence::Property { property, found, .. },
                Evidence::Property { property: other, found: as_found, .. },
            ) => property == other && found == as_found,
            _ => false,
        };
        if let [first @ Evidence::Property { property, found: value, .. }, others @ ..] = found
            && !others.is_empty()
            && others.iter().all(|other| same(first, other))
        {
            return format!("of each: {}", self.property(property, value, certainty));
        }
        self.lines_of(found.iter().map(|evidence| self.evidence(evidence, certainty)))
    }

    /// A property and its value, as a person would say it.
    fn property(&self, property: &str, found: &serde_json::Value, certainty: Certainty) -> String {
        use serde_json::Value;
        let property = escape::terminal(property);
        let texts = |all: &[Value]| all.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        match found {
            Value::Null if certainty == Certainty::Unknown => format!("{property} is not known"),
            Value::Null => format!("{property} is not set"),
            Value::String(text) if !text.is_empty() => format!("{property} is {}", self.names.sentence(text)),
            Value::Array(all) if !all.is_empty() => match texts(all) {
                Some(texts) => format!("{property}: {}", self.names.sentence(&texts.join(", "))),
                None if all.len() > 3 => format!("{property} has {} entries; --format json shows them", all.len()),
                None => format!("{property} is {}", escape::terminal(&found.to_string())),
            },
            value => format!("{property} is {}", escape::terminal(&value.to_string())),
        }
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
                format!("{}: {}", self.names.arn(resource), self.property(property, found, certainty))
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

    /// Labels, and what belongs to each beside it, or below it where there is no room.
    pub(super) fn labelled(&mut self, rows: Vec<(&str, String)>) -> io::Result<()> {
        let (lead, beside) = if self.is_narrow() { (5, false) } else { (usize::from(LABELS), true) };
        let room = usize::from(self.style.width).saturating_sub(lead);
        for (label, text) in rows {
            let name = self.painted(label, Some(Color::DarkGrey), false);
            let mut before = format!("   {name}{}", " ".repeat(lead.saturating_sub(label.len()).saturating_sub(3)));
            if !beside {
                self.line(before.trim_end())?;
                before = " ".repeat(lead);
            }
            for part in fitted(&text, room).lines() {
                self.line(&format!("{before}{part}"))?;
                before = " ".repeat(lead);
            }
        }
        Ok(())
    }
}
