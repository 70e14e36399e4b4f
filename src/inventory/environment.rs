//! Which environment a resource belongs to, and how one can tell.
//!
//! What is said explicitly wins: a tag over an Amplify stage, that over the account, that over a part of the name, and
//! all of these over what follows from another resource (the stack that made it, the branch it serves).

use super::links::Links;
use super::words;
use super::{Principal, PrincipalKind, Resource, ResourceId};
use crate::base::{Arn, Glob};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The environment that rules speak of.
pub const PRODUCTION: &str = "production";

/// The rules by which environments are recognised; the first that fits wins within one basis.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRules {
    /// Tag keys that name an environment, in any case.
    #[serde(default = "default_tag_keys")]
    pub tag_keys: Vec<String>,
    /// The environments.
    #[serde(default = "default_rules", rename = "environment")]
    pub rules: Vec<EnvironmentRule>,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRule {
    /// Its name; rules speak of `production`.
    pub name: String,
    /// Values of the tag keys, as patterns, in any case.
    #[serde(default)]
    pub tag_values: Vec<String>,
    /// Parts of names (`prod` in `orders-prod-7`), in any case; or patterns with `*` for whole names.
    #[serde(default)]
    pub names: Vec<String>,
    /// Account numbers.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Amplify branch stages.
    #[serde(default)]
    pub amplify_stages: Vec<String>,
}

impl Default for EnvironmentRules {
    fn default() -> Self {
        EnvironmentRules { tag_keys: default_tag_keys(), rules: default_rules() }
    }
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn default_tag_keys() -> Vec<String> {
    texts(&["env", "environment", "stage", "user:stack"])
}

fn default_rules() -> Vec<EnvironmentRule> {
    let rule = |name: &str, words: &[&str], stages: &[&str]| EnvironmentRule {
        name: name.to_owned(),
        tag_values: texts(words),
        names: texts(words),
        accounts: Vec::new(),
        amplify_stages: texts(stages),
    };
    vec![
        rule(PRODUCTION, &["prod", "production", "live"], &["PRODUCTION"]),
        rule("staging", &["staging", "stage", "stg", "preprod", "uat", "beta"], &["BETA"]),
        rule(
            "development",
            &["dev", "develop", "development", "test", "testing", "qa", "sandbox"],
            &["DEVELOPMENT", "EXPERIMENTAL", "PULL_REQUEST"],
        ),
    ]
}

/// How an environment was recognised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// A tag, `key=value`.
    Tag(String),
    /// The stage of an Amplify branch.
    AmplifyStage(String),
    /// The account.
    Account(String),
    /// A part of the name.
    Name(String),
    /// Another resource: in words.
    Linked(String),
}

impl fmt::Display for Basis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Basis::Tag(tag) => write!(out, "tag {tag}"),
            Basis::AmplifyStage(stage) => write!(out, "Amplify stage {stage}"),
            Basis::Account(id) => write!(out, "account {id}"),
            Basis::Name(part) => write!(out, "`{part}` in the name"),
            Basis::Linked(words) => out.write_str(words),
        }
    }
}

/// An environment and how it was recognised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recognition {
    /// Name of the environment.
    pub environment: String,
    /// How one can tell.
    pub basis: Basis,
}

/// Recognises the environment of every resource.
pub(super) fn recognise(resources: &mut [Resource], account_ids: &[String], rules: &EnvironmentRules) {
    let compiled = Compiled::new(rules);
    for resource in resources.iter_mut() {
        let account = account_ids.get(resource.account.0 as usize).map_or("", String::as_str);
        resource.environment = compiled.of_resource(resource, account);
    }
    let links = Links::new(resources);
    // Links reach some steps (branch to backend environment to stack to table to vault to key); each round adds one.
    for _ in 0..6 {
        let found: Vec<(usize, Recognition)> = resources
            .iter()
            .enumerate()
            .filter(|(_, resource)| resource.environment.is_none())
            .filter_map(|(index, resource)| Some((index, linked(resource, links.of(index), resources)?)))
            .collect();
        if found.is_empty() {
            return;
        }
        for (index, recognition) in found {
            if let Some(resource) = resources.get_mut(index) {
                resource.environment = Some(recognition);
            }
        }
    }
}

/// Recognises the environment of every principal: by its tags, its account, and for a role by its name. People are not
/// recognised by their names.
pub(super) fn recognise_principals(principals: &mut [Principal], account_ids: &[String], rules: &EnvironmentRules) {
    let compiled = Compiled::new(rules);
    for principal in principals.iter_mut() {
        let account = account_ids.get(principal.account.0 as usize).map_or("", String::as_str);
        let by_name = || (principal.kind == PrincipalKind::Role).then(|| compiled.by_name(&principal.name)).flatten();
        principal.environment =
            compiled.by_tag(&principal.tags).or_else(|| compiled.by_account(account)).or_else(by_name);
    }
}

struct Compiled<'r> {
    tag_keys: &'r [String],
    rules: Vec<CompiledRule<'r>>,
}

struct CompiledRule<'r> {
    rule: &'r EnvironmentRule,
    tag_values: Vec<Glob>,
    whole_names: Vec<Glob>,
}

impl<'r> Compiled<'r> {
    fn new(rules: &'r EnvironmentRules) -> Compiled<'r> {
        let fold = |text: &String| Glob::new(&text.to_lowercase());
        let compile = |rule: &'r EnvironmentRule| CompiledRule {
            rule,
            tag_values: rule.tag_values.iter().map(fold).collect(),
            whole_names: rule.names.iter().filter(|name| name.contains(['*', '?'])).map(fold).collect(),
        };
        Compiled { tag_keys: &rules.tag_keys, rules: rules.rules.iter().map(compile).collect() }
    }

    fn of_resource(&self, resource: &Resource, account: &str) -> Option<Recognition> {
        let name = || Arn::parse(&resource.arn).map_or(&*resource.arn, |arn| arn.resource);
        self.by_tag(&resource.tags)
            .or_else(|| self.by_stage(resource))
            .or_else(|| self.by_account(account))
            .or_else(|| self.by_name(name()))
    }

    fn by_tag(&self, tags: &BTreeMap<String, String>) -> Option<Recognition> {
        for wanted in self.tag_keys {
            let Some((key, value)) = tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)) else {
                continue;
            };
            let folded = value.to_lowercase();
            let known = self.rules.iter().find(|rule| rule.tag_values.iter().any(|glob| glob.matches(&folded)));
            // A tag that names an environment nobody listed still says that it is none of the others.
            let environment = known.map_or(folded, |rule| rule.rule.name.clone());
            return Some(Recognition { environment, basis: Basis::Tag(format!("{key}={value}")) });
        }
        None
    }

    fn by_stage(&self, resource: &Resource) -> Option<Recognition> {
        if resource.kind != "AWS::Amplify::Branch" {
            return None;
        }
        let stage = resource.text("Stage")?;
        let found = self.rules.iter().find(|rule| rule.rule.amplify_stages.iter().any(|known| known == stage))?;
        Some(Recognition { environment: found.rule.name.clone(), basis: Basis::AmplifyStage(stage.to_owned()) })
    }

    fn by_account(&self, account: &str) -> Option<Recognition> {
        let found = self.rules.iter().find(|rule| rule.rule.accounts.iter().any(|known| known == account))?;
        Some(Recognition { environment: found.rule.name.clone(), basis: Basis::Account(account.to_owned()) })
    }

    fn by_name(&self, name: &str) -> Option<Recognition> {
        let folded = name.to_lowercase();
        let parts: Vec<&str> = folded.split(|character: char| !character.is_alphanumeric()).collect();
        for rule in &self.rules {
            if let Some(glob) = rule.whole_names.iter().find(|glob| glob.matches(&folded)) {
                let basis = Basis::Name(glob.to_string());
                return Some(Recognition { environment: rule.rule.name.clone(), basis });
            }
        }
        // The last part that names an environment: `amplify-shop-prod-staging` is a staging of its own.
        for (index, part) in parts.iter().enumerate().rev() {
            let names = |rule: &&CompiledRule<'_>| rule.rule.names.iter().any(|known| known.eq_ignore_ascii_case(part));
            if let Some(rule) = self.rules.iter().find(names) {
                let before = index.checked_sub(1).and_then(|index| parts.get(index)).copied().unwrap_or("");
                let basis =
                    Basis::Name(if is_negation(before) { format!("{before}-{part}") } else { (*part).to_owned() });
                let environment =
                    if is_negation(before) { format!("{before}-{}", rule.rule.name) } else { rule.rule.name.clone() };
                return Some(Recognition { environment, basis });
            }
        }
        None
    }
}

/// Whether the word before an environment's name makes it another one: `pre-prod`, `non-prod`.
pub(super) fn is_negation(word: &str) -> bool {
    matches!(word, "pre" | "non" | "not" | "no")
}

/// What follows from other resources. Production wins where several environments meet: deleting an app deletes them all.
fn linked(resource: &Resource, serves: &[(usize, &'static str)], all: &[Resource]) -> Option<Recognition> {
    let app = resource.text("AppId");
    let branches = || {
        all.iter()
            .filter(move |other| other.kind == "AWS::Amplify::Branch" && app.is_some() && other.text("AppId") == app)
    };
    let mut found: Vec<Recognition> = Vec::new();
    let mut link = |other: &Resource, words: String| {
        if let Some(recognition) = &other.environment {
            found.push(Recognition { environment: recognition.environment.clone(), basis: Basis::Linked(words) });
        }
    };
    match resource.kind.as_str() {
        "AWS::Amplify::App" => {
            for branch in branches() {
                link(branch, format!("app of branch {}", branch.text("BranchName").unwrap_or("?")));
            }
        }
        "AWS::Amplify::BackendEnvironment" => {
            for branch in branches().filter(|branch| branch.text("BackendEnvironmentArn") == Some(&resource.arn)) {
                link(branch, format!("backend of branch {}", branch.text("BranchName").unwrap_or("?")));
            }
        }
        "AWS::Amplify::Webhook" => {
            for branch in branches().filter(|branch| branch.text("BranchName") == resource.text("BranchName")) {
                link(branch, format!("webhook of branch {}", branch.text("BranchName").unwrap_or("?")));
            }
        }
        "AWS::Amplify::Domain" => {
            let settings = resource.properties.get("SubDomainSettings").and_then(|settings| settings.as_array());
            let served: Vec<&str> = settings
                .into_iter()
                .flatten()
                .filter_map(|setting| setting.get("BranchName").and_then(|name| name.as_str()))
                .collect();
            for branch in
                branches().filter(|branch| branch.text("BranchName").is_some_and(|name| served.contains(&name)))
            {
                link(branch, format!("domain of branch {}", branch.text("BranchName").unwrap_or("?")));
            }
        }
        "AWS::CloudFormation::Stack" => {
            let name = resource.text("StackName");
            for other in all.iter().filter(|other| name.is_some() && other.kind == "AWS::Amplify::BackendEnvironment") {
                if other.text("StackName") == name && other.account == resource.account {
                    link(
                        other,
                        format!("stack of backend environment {}", other.text("EnvironmentName").unwrap_or("?")),
                    );
                }
            }
        }
        "AWS::CloudTrail::Trail" => {
            let recorded = |other: &&Resource| other.account == resource.account && other.is_production();
            if let Some(other) = all.iter().find(recorded) {
                link(other, "trail of the account of production".to_owned());
            }
        }
        _ => {}
    }
    for (served, how) in serves {
        if let Some(other) = all.get(*served) {
            link(other, format!("{how} {}", words::one(&other.kind)));
        }
    }
    for stack in &resource.stacks {
        let ResourceId(index) = *stack;
        if let Some(stack) = all.get(index as usize) {
            link(stack, format!("made by stack {}", stack.text("StackName").unwrap_or("?")));
        }
    }
    found.sort_by_key(|recognition| (recognition.environment != PRODUCTION, recognition.clone()));
    found.into_iter().next()
}
