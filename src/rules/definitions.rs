//! What words in the rules mean: data in `policies/definitions.yaml`.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The definitions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definitions {
    /// Who may do all of these is an administrator.
    pub administrator: Vec<Sentinel>,
    /// By what kinds of principals are told apart.
    pub kinds: Kinds,
    /// Identity providers that anybody can get tokens of: their host, and the `sub` of a stranger's token.
    pub strangers: BTreeMap<String, String>,
    /// Losses by name: the actions that each may come of.
    pub losses: BTreeMap<String, Vec<String>>,
}

impl Definitions {
    /// The actions that any of these losses comes of.
    pub fn actions_of<'d>(&'d self, losses: &[String]) -> BTreeSet<&'d str> {
        losses.iter().filter_map(|loss| self.losses.get(loss)).flatten().map(String::as_str).collect()
    }
}

/// By what kinds of principals are told apart, besides what IAM itself says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kinds {
    /// Pipelines and CI systems.
    pub deploy: KindWords,
    /// Running programs.
    pub workload: KindWords,
}

/// What names one kind of principal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct KindWords {
    /// Hosts of OpenID Connect providers that a role of this kind trusts, as patterns.
    pub identity_providers: Vec<String>,
    /// Services that a role of this kind trusts, as patterns.
    pub services: Vec<String>,
    /// Parts of the name, in any case.
    pub names: Vec<String>,
}

/// An action on something that nobody would name in a policy: whoever may do it may do it to anything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentinel {
    /// The action.
    pub action: String,
    /// An ARN with `ACCOUNT` for the account number.
    pub on: String,
}
