//! Which actions are one question: whoever may do the one to something may do the other to it, under the same terms.
//!
//! An account's policies speak of few actions by name. To the other hundreds of a service they say the same, as far as
//! what is asked for is the same and the conditions look at keys that AWS sends with the one as with the other. Such
//! actions are asked once.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html> (what decides),
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
//! (which keys go with which action)

use super::Access;
use super::mentions;
use crate::catalog;
use rustc_hash::FxHashSet;

/// Of actions with the same value, [`Access::who_can`] says the same of the same targets in the same context.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActionClass(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Like no other; in lower case.
    Alone(String),
    /// Told apart by nothing but this.
    Shared {
        service: &'static str,
        /// Whether it is asked of `*` whatever it is aimed at.
        wildcard_only: bool,
        /// The groups of action patterns that match it.
        patterns: Vec<u32>,
        /// The positions of the keys, of those that any policy names, that AWS sends with it.
        keys: Vec<u32>,
    },
}

/// Services with actions that AWS treats each in its own way, or that a grant names: trust policies and sessions,
/// protected roles, keys.
const PECULIAR: [&str; 3] = ["iam", "kms", "sts"];
/// Actions that the owner of a bucket may always call.
const OF_OWNER: [&str; 3] = ["s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"];

impl Access<'_> {
    /// The class of an action (`service:Name`).
    pub fn class_of(&self, action: &str) -> ActionClass {
        let action = action.to_ascii_lowercase();
        let entry = catalog::action(&action).filter(|entry| !PECULIAR.contains(&entry.service().prefix()));
        let Some(entry) = entry.filter(|_| !OF_OWNER.contains(&&*action)) else {
            return ActionClass(Kind::Alone(action));
        };
        let sent = (0..).zip(self.keys()).filter(|(_, key)| entry.condition_key(key, None));
        ActionClass(Kind::Shared {
            service: entry.service().prefix(),
            wildcard_only: entry.is_wildcard_only(),
            patterns: self.index.groups(&action),
            keys: sent.map(|(position, _)| position).collect(),
        })
    }

    /// Every key that some policy names, in lower case.
    fn keys(&self) -> &[String] {
        self.keys.get_or_init(|| {
            let policies = self.inventory.documents.iter().filter_map(|document| document.policy.as_ref());
            let statements = policies.flat_map(|policy| policy.statements.iter().map(|one| (one, policy.version)));
            let written = statements.flat_map(|(statement, version)| mentions::keys(statement, version));
            // Nearly all are written alike: each spelling is taken once.
            let spellings: FxHashSet<&str> = written.collect();
            let mut keys: Vec<String> = spellings.into_iter().map(str::to_ascii_lowercase).collect();
            keys.sort_unstable();
            keys.dedup();
            keys
        })
    }
}
