//! How sure an answer is.

use serde::{Deserialize, Serialize};

/// How sure the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Allowed, or set so.
    Certain,
    /// Allowed under conditions that can be met; they are listed.
    Conditional,
    /// Could not be decided from what was read: never "safe", never "violated".
    Unknown,
}
