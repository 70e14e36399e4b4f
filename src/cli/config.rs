//! `foureyes.toml`: what production is, who may break the glass, what is tolerated and until when.

use crate::base::Glob;
use crate::inventory::EnvironmentRules;
use crate::rules::Suppression;
use anyhow::Context;
use jiff::civil::Date;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How environments are recognised.
    #[serde(default)]
    pub environments: EnvironmentRules,
    /// Who is meant to be able to do everything in an emergency.
    #[serde(default)]
    pub break_glass: BreakGlass,
    /// What is accepted for now.
    #[serde(default)]
    pub suppress: Vec<Suppress>,
}

/// A violation that is accepted for now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppress {
    /// Id of a rule, or a pattern of ids with `*` and `?`.
    pub rule: String,
    /// ARNs of principals, or patterns; left out: all.
    #[serde(default)]
    pub principals: Option<Vec<String>>,
    /// ARNs of resources, or patterns; left out: all.
    #[serde(default)]
    pub resources: Option<Vec<String>>,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub owner: String,
    /// The day from which it is a violation again.
    pub expires: Day,
}

/// A day, written as a text (`"2027-03-31"`) or as TOML's own date.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Day {
    /// A text.
    Text(String),
    /// TOML's own date.
    Date(toml::value::Datetime),
}

impl Suppress {
    /// As the rules take it. Days are those of UTC.
    fn on(&self, today: Date) -> anyhow::Result<Suppression> {
        let rule = &self.rule;
        for (field, text) in [("reason", &self.reason), ("owner", &self.owner), ("rule", rule)] {
            anyhow::ensure!(!text.trim().is_empty(), "`[[suppress]]` of rule `{rule}`: `{field}` is empty");
        }
        for (field, patterns) in [("principals", &self.principals), ("resources", &self.resources)] {
            let empty = patterns.as_ref().is_some_and(Vec::is_empty);
            anyhow::ensure!(!empty, "`[[suppress]]` of rule `{rule}`: `{field}` is empty; leave it out to mean all");
        }
        let text = match &self.expires {
            Day::Text(text) => text.clone(),
            Day::Date(date) => date.to_string(),
        };
        let day: Date = text.parse().ok().filter(|day: &Date| day.to_string() == text).with_context(|| {
            format!("`[[suppress]]` of rule `{rule}`: `{}` is not a day; write it as 2027-03-31", text.escape_debug())
        })?;
        let globs = |patterns: &Option<Vec<String>>| -> Vec<Glob> {
            patterns.iter().flatten().map(|pattern| Glob::new(pattern)).collect()
        };
        Ok(Suppression {
            rule: Glob::new(rule),
            principals: globs(&self.principals),
            resources: globs(&self.resources),
            reason: self.reason.trim().to_owned(),
            owner: self.owner.trim().to_owned(),
            expires: text,
            expired: day <= today,
        })
    }
}

/// Principals that are meant to be able to do everything in an emergency.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// ARNs, or patterns of ARNs with `*` and `?`.
    #[serde(default = "default_break_glass")]
    pub principals: Vec<String>,
}

impl Default for BreakGlass {
    fn default() -> Self {
        BreakGlass { principals: default_break_glass() }
    }
}

fn default_break_glass() -> Vec<String> {
    ["*:role/*break-glass*", "*:role/*breakglass*", "*:user/*break-glass*"].map(str::to_owned).to_vec()
}

/// The file's name.
const NAME: &str = "foureyes.toml";

impl Config {
    /// Reads the file that was named, or the first `foureyes.toml` from the working directory upward. Without one, the
    /// defaults hold. Also gives the path that was read.
    pub fn find(named: Option<&Path>) -> anyhow::Result<(Config, Option<PathBuf>)> {
        let path = match named {
            Some(path) => Some(path.to_owned()),
            None => {
                let here = std::env::current_dir().context("cannot tell the working directory")?;
                here.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file())
            }
        };
        let Some(path) = path else { return Ok((Config::default(), None)) };
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let config: Config = toml::from_str(&text).map_err(|error| {
            let problem = error.to_string().replace("expected a sequence", "expected a list such as [\"…\"]");
            let problem = problem.trim_end();
            anyhow::anyhow!(
                "`{}` is not a configuration, which docs/configuration.md describes: {problem}",
                path.display()
            )
        })?;
        config.suppressions().with_context(|| format!("`{}` is not a configuration", path.display()))?;
        Ok((config, Some(path)))
    }

    /// What is accepted for now; an entry whose day has come is marked so.
    pub fn suppressions(&self) -> anyhow::Result<Vec<Suppression>> {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        self.suppress.iter().map(|suppress| suppress.on(today)).collect()
    }
}
