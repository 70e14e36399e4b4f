//! Actions that destroy something, or take away what stands between somebody and destruction.
//!
//! A reviewed selection, written by hand from the AWS documentation of each action; not every action that can do harm.

use std::sync::LazyLock;

use super::told_as;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

const DATA: &str = include_str!("data/destruction.jsonl");

/// What an action destroys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A running system: it stops, disappears or runs something else.
    Environment,
    /// Data that users or systems wrote.
    Data,
    /// The means to restore: backups, replicas, old versions.
    Recovery,
    /// A protection that would have stopped the next step.
    Guard,
    /// The record of who did what, or the alarm about it.
    Audit,
}

/// A destructive action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destructive {
    action: &'static str,
    class: Class,
    #[serde(default)]
    also: Vec<Class>,
    applies_to: Vec<&'static str>,
    consequence: &'static str,
    #[serde(default)]
    only_if: Option<&'static str>,
    #[serde(default)]
    gated_by: Vec<&'static str>,
    #[serde(default)]
    blocked_by: Option<&'static str>,
    #[serde(default)]
    undo: Option<&'static str>,
    #[serde(default)]
    piecemeal: bool,
    #[serde(default)]
    carried_out_by: Option<&'static str>,
}

impl Destructive {
    /// The action's full name: `dynamodb:DeleteTable`.
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// Its worst effect.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Its further effects.
    pub fn also(&self) -> &[Class] {
        &self.also
    }

    /// The CloudFormation types of the resources it harms; empty where it acts on the account as a whole or on what has
    /// no such type. [`crate::catalog::Action::request_resources`] says what its request names for one of them.
    pub fn applies_to(&self) -> &[&'static str] {
        &self.applies_to
    }

    /// Whether it harms resources of this CloudFormation type.
    pub fn harms(&self, cloudformation_type: &str) -> bool {
        self.applies_to.contains(&told_as(cloudformation_type))
    }

    /// What happens, in one sentence for somebody who does not know IAM.
    pub fn consequence(&self) -> &'static str {
        self.consequence
    }

    /// When only some requests destroy: which ones. `None`: all of them.
    pub fn only_if(&self) -> Option<&'static str> {
        self.only_if
    }

    /// Condition keys by which a policy can allow harmless requests and refuse others; empty where there are none.
    pub fn gated_by(&self) -> &[&'static str] {
        &self.gated_by
    }

    /// What makes the service itself refuse.
    pub fn blocked_by(&self) -> Option<&'static str> {
        self.blocked_by
    }

    /// Whether it takes one item, file or user a call, so that much is lost only where somebody means it.
    pub fn is_piecemeal(&self) -> bool {
        self.piecemeal
    }

    /// The service that does the harm later, with rights of its own, once the request has changed a setting.
    pub fn carried_out_by(&self) -> Option<&'static str> {
        self.carried_out_by
    }

    /// How to get back; `None` where there is nothing to get back.
    pub fn undo(&self) -> Option<&'static str> {
        self.undo
    }
}

/// Every destructive action, by name.
pub fn all() -> &'static [Destructive] {
    // That every line parses is held by a test.
    static ALL: LazyLock<Vec<Destructive>> =
        LazyLock::new(|| DATA.lines().filter_map(|line| serde_json::from_str(line).ok()).collect());
    &ALL
}

/// Finds a destructive action by its full name, in any case.
pub fn find(action: &str) -> Option<&'static Destructive> {
    static BY_NAME: LazyLock<FxHashMap<String, &'static Destructive>> =
        LazyLock::new(|| all().iter().map(|entry| (entry.action.to_ascii_lowercase(), entry)).collect());
    BY_NAME.get(&action.to_ascii_lowercase()).copied()
}

/// The actions that have this effect, as their worst or as a further one.
pub fn of(class: Class) -> impl Iterator<Item = &'static Destructive> {
    all().iter().filter(move |entry| entry.class == class || entry.also.contains(&class))
}

/// The actions that harm resources of this CloudFormation type.
pub fn on(cloudformation_type: &str) -> impl Iterator<Item = &'static Destructive> {
    all().iter().filter(move |entry| entry.harms(cloudformation_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::catalog::cloudformation::TYPES;

    #[test]
    #[allow(clippy::print_stdout, reason = "sizes are for people to read: `-- --nocapture`")]
    fn every_line_parses_and_they_are_sorted_without_duplicates() {
        for line in DATA.lines() {
            serde_json::from_str::<Destructive>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        assert_eq!(all().len(), DATA.lines().count());
        assert!(all().is_sorted_by(|one, next| one.action < next.action));
        println!("destruction.jsonl: {} bytes, {} actions", DATA.len(), all().len());
    }

    #[test]
    fn every_action_and_every_gate_exists() {
        for entry in all() {
            let action = catalog::action(entry.action).unwrap_or_else(|| panic!("{}", entry.action));
            assert_eq!(action.name(), entry.action);
            for key in &entry.gated_by {
                assert!(!key.starts_with("aws:") && action.condition_key(key, None), "{} {key}", entry.action);
            }
            assert!(!entry.also.contains(&entry.class), "{}", entry.action);
        }
    }

    #[test]
    fn every_action_fits_the_types_it_applies_to() {
        for entry in all() {
            let action = catalog::action(entry.action).unwrap();
            assert!(entry.applies_to.is_sorted());
            for wanted in &entry.applies_to {
                let kinds: Vec<_> = TYPES.iter().filter(|(_, _, name)| name == wanted).collect();
                assert!(!kinds.is_empty(), "{wanted}");
                for (prefix, kind, _) in kinds {
                    // The AppSync API whose ARN cannot be told from a GraphQL API's.
                    if (*prefix, *kind) == ("appsync", "api") {
                        continue;
                    }
                    let template = catalog::service(prefix).unwrap().resource_type(kind).unwrap().arn_templates()[0];
                    let arn = sample(template);
                    assert!(!action.request_resources(&arn).is_empty(), "{} on {arn}", entry.action);
                }
            }
        }
    }

    fn sample(template: &str) -> String {
        let variable = regex::Regex::new(r"\$\{[^}]*\}").unwrap();
        variable.replace_all(&template.replace("${Vendor}", "backup"), "x").into_owned()
    }

    #[test]
    fn texts_are_fit_to_print() {
        for entry in all() {
            let sentence = entry.consequence;
            assert!(sentence.starts_with(char::is_uppercase) && sentence.ends_with('.'), "{sentence}");
            assert!(!sentence.contains(". ") && sentence.len() > 20, "one sentence: {sentence}");
            assert!(sentence.split_whitespace().count() <= 40, "short: {sentence}");
            for phrase in [entry.only_if, entry.blocked_by, entry.undo].into_iter().flatten() {
                let starts_lower = phrase.starts_with(|first: char| first.is_lowercase());
                assert!((starts_lower || phrase.starts_with("AWS")) && !phrase.ends_with('.'), "{phrase}");
            }
        }
    }

    #[test]
    fn answers_by_name_class_and_type() {
        assert_eq!(find("DYNAMODB:deletetable").unwrap().class(), Class::Data);
        assert!(find("dynamodb:GetItem").is_none());
        assert!(of(Class::Environment).any(|entry| entry.action == "dynamodb:DeleteTable"));
        let on_table: Vec<_> = on("AWS::DynamoDB::Table").map(Destructive::action).collect();
        assert!(on_table.contains(&"dynamodb:DeleteBackup") && !on_table.contains(&"s3:DeleteBucket"));
        for class in [Class::Environment, Class::Data, Class::Recovery, Class::Guard, Class::Audit] {
            assert!(of(class).count() > 10, "{class:?}");
        }
    }
}
