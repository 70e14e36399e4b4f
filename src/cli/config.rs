//! `foureyes.toml`: what production is, who may break the glass, what is tolerated and until when.

use crate::inventory::EnvironmentRules;
use anyhow::Context;
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
        let config = toml::from_str(&text).with_context(|| format!("`{}` is not a configuration", path.display()))?;
        Ok((config, Some(path)))
    }
}
