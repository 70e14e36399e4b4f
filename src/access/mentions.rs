//! What a statement looks at beside the action and the resource's ARN: which principals and which resources it can tell
//! apart.

use super::likeness;
use crate::iam::{Statement, Version};
use std::collections::BTreeSet;

/// Keys that a statement mentions, in conditions and policy variables. Tag keys in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// Who calls, compared with fixed values: [`Access::likeness`](super::Access::likeness) tells the callers apart.
    pub likeness: bool,
    /// Who calls, where each caller has another value.
    pub principal: bool,
    /// Tags of the principal.
    pub principal_tags: BTreeSet<String>,
    /// Tags of the resource.
    pub resource_tags: BTreeSet<String>,
}

/// The keys that a statement names, in conditions and policy variables, as written.
pub(super) fn keys(statement: &Statement, version: Version) -> impl Iterator<Item = &str> {
    statement.conditions.iter().map(|condition| condition.key.as_str()).chain(variables(statement, version))
}

/// The keys of the policy variables of a statement.
fn variables(statement: &Statement, version: Version) -> impl Iterator<Item = &str> {
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    let resources = statement.resource.iter().flat_map(|resource| &resource.values);
    // The older language has no variables.
    let texts = values.chain(resources).filter(move |text| version == Version::V2012 && text.contains('$'));
    let variables = texts.flat_map(|text| text.split("${").skip(1));
    variables.map(|variable| variable.split(['}', ',']).next().unwrap_or_default().trim())
}

impl Mentions {
    /// Nothing.
    pub(super) const NONE: &Mentions = &Mentions {
        likeness: false,
        principal: false,
        principal_tags: BTreeSet::new(),
        resource_tags: BTreeSet::new(),
    };

    pub(crate) fn of(statement: &Statement, version: Version) -> Mentions {
        let mut mentions = Mentions::default();
        for condition in &statement.conditions {
            if likeness::compares_name(condition, version) {
                mentions.likeness = true;
            } else {
                mentions.add(&condition.key);
            }
        }
        for variable in variables(statement, version) {
            mentions.add(variable);
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
        self.principal || self.likeness || !self.principal_tags.is_empty()
    }

    /// Whether resources can be told apart by their tags.
    pub(super) fn tags(&self) -> bool {
        !self.resource_tags.is_empty()
    }

    pub(crate) fn join(&mut self, other: &Mentions) {
        self.principal |= other.principal;
        self.likeness |= other.likeness;
        self.principal_tags.extend(other.principal_tags.iter().cloned());
        self.resource_tags.extend(other.resource_tags.iter().cloned());
    }
}
