//! What a statement looks at beside the action and the resource's ARN: which principals and which resources it can tell
//! apart.

use crate::iam::{Statement, Version};
use std::collections::BTreeSet;

/// Keys that a statement mentions, in conditions and policy variables. Tag keys in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    /// A key that differs from principal to principal: its ARN, its name.
    pub principal: bool,
    /// Tags of the principal.
    pub principal_tags: BTreeSet<String>,
    /// Tags of the resource.
    pub resource_tags: BTreeSet<String>,
}

impl Mentions {
    pub(super) fn of(statement: &Statement, version: Version) -> Mentions {
        let mut mentions = Mentions::default();
        for condition in &statement.conditions {
            mentions.add(&condition.key);
        }
        if version == Version::V2012 {
            let values = statement.conditions.iter().flat_map(|condition| &condition.values);
            let resources = statement.resource.iter().flat_map(|resource| &resource.values);
            for text in values.chain(resources) {
                for variable in text.split("${").skip(1) {
                    mentions.add(variable.split(['}', ',']).next().unwrap_or_default().trim());
                }
            }
        }
        mentions
    }

    fn add(&mut self, key: &str) {
        let key = key.to_ascii_lowercase();
        if let Some((_, tag)) = key.split_once("principaltag/") {
            self.principal_tags.insert(tag.to_owned());
        } else if let Some((_, tag)) = key.split_once("resourcetag/") {
            self.resource_tags.insert(tag.to_owned());
        } else {
            // The other keys of the principal are the same for all users, or all roles, of an account.
            self.principal |= matches!(&*key, "aws:principalarn" | "aws:username" | "aws:userid");
        }
    }

    /// Whether principals of one kind can be told apart.
    pub(super) fn principals(&self) -> bool {
        self.principal || !self.principal_tags.is_empty()
    }

    /// Whether resources can be told apart by their tags.
    pub(super) fn tags(&self) -> bool {
        !self.resource_tags.is_empty()
    }

    pub(super) fn join(&mut self, other: &Mentions) {
        self.principal |= other.principal;
        self.principal_tags.extend(other.principal_tags.iter().cloned());
        self.resource_tags.extend(other.resource_tags.iter().cloned());
    }
}
