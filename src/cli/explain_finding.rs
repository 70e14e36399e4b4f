//! `foureyes explain FINDING`: all about one finding of an audit, with its Terraform and what its rule says.

use super::config::Config;
use super::source::SourceArguments;
use super::text::{Page, printable};
use super::{Exit, audit, output};
use crate::rules::{self, Rule};
use crate::{fix, report};
use anyhow::bail;
use std::path::Path;

/// Runs the one rule that the finding is of, and tells of the finding.
pub fn run(id: &str, source: &SourceArguments, config: Option<&Path>, json: bool) -> anyhow::Result<Exit> {
    let all = rules::built_in()?;
    let Some(rule) = id.rsplit_once('-').and_then(|(rule, _)| all.iter().find(|known| known.id == rule)) else {
        bail!(
            "`{}` is no id of a finding; give a principal, an action and a resource, or an id \
             that `foureyes audit` prints, such as RULE-0123abcd",
            printable(id)
        );
    };
    let (config, _) = Config::find(config)?;
    let source = source.require()?;
    source.notes.iter().for_each(|note| output::note(&format!("note: {}", report::escape::terminal(note))));
    let (mut found, findings) = audit::judge(&source, &config, std::slice::from_ref(rule))?;
    let Some(finding) = findings.into_iter().find(|finding| finding.id == id) else {
        let ids: Vec<String> = found.findings.iter().map(|finding| format!("`{}`", finding.id)).collect();
        let has = if ids.is_empty() {
            "that rule finds nothing here".to_owned()
        } else {
            format!("there is {}", ids.join(", "))
        };
        bail!("there is no finding `{}`, or it is accepted; {has}", printable(id));
    };
    if let Ok(hcl) = fix::for_finding(&finding) {
        found.fixes.insert(finding.id.clone(), hcl);
    }
    let mut text = Vec::new();
    if json {
        found.findings.retain(|other| other.id == finding.id);
        report::write(&found, report::Format::Json, &mut text)?;
    } else {
        report::table::write_finding(&found, &finding, &output::style(), &mut text)?;
        text.extend(about(rule).into_bytes());
    }
    output::print(&text)?;
    Ok(Exit::Clean)
}

/// What the rule says beside its findings.
fn about(rule: &Rule) -> String {
    let mut page = Page::new(output::width());
    for (title, text) in [("Why it matters", &rule.why), ("Limits", &rule.limits)] {
        page.say("");
        page.say(&format!("{title}: {}", text.trim()));
    }
    if let Some(reason) = &rule.no_fix {
        page.say("");
        page.say(&format!("No Terraform: {}", reason.trim()));
    }
    page.say("");
    page.say("See");
    rule.references.iter().for_each(|address| page.paste(&format!("  {address}")));
    page.text
}
