//! What words in the rules mean: data in `policies/definitions.yaml`.

use serde::Deserialize;

/// The definitions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definitions {
    /// Who may do all of these is an administrator.
    pub administrator: Vec<Sentinel>,
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
