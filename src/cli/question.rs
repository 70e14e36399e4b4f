//! What is asked: an action, a resource and the circumstances as a person writes them, made into requests.

use super::config::Config;
use super::source::{Source, SourceArguments};
use super::suggest;
use super::text::{few, printable};
use crate::access::{Targets, named_by};
use crate::base::{Arn, Glob};
use crate::catalog;
use crate::engine::{Context, World};
use crate::inventory::{Controls, EnvironmentRules, Inventory};
use crate::snapshot::Outcome;
use anyhow::{anyhow, bail};
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// An action and what it is asked of.
#[derive(Debug, Args)]
pub struct QuestionArguments {
    /// An action such as `dynamodb:DeleteTable`, or a pattern such as `dynamodb:Delete*`
    pub action: String,
    /// An ARN, a pattern of ARNs, a name, a CloudFormation type, an environment such as `production`, both as
    /// `production:AWS::DynamoDB::Table`, or `*`
    pub resource: String,
}

/// The circumstances of a request.
#[derive(Debug, Args)]
pub struct WorldArguments {
    /// Give a condition key its value, such as `aws:SourceIp=192.0.2.7`; repeat it for several values; nothing after
    /// the `=`: the request does not have the key
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// Condition keys that are not given are absent, instead of open
    #[arg(long)]
    closed_world: bool,
    /// Read this configuration instead of the `foureyes.toml` found upward
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// An account read and ready to be asked.
pub struct Subject {
    /// Where it came from.
    pub source: Source,
    /// What is in it.
    pub inventory: Inventory,
    /// How environments are recognised.
    environments: EnvironmentRules,
}

/// Requests that answer a question.
pub struct Question<'i> {
    /// One entry an action.
    pub requests: Vec<Requests<'i>>,
    /// The resources that the question names, by ARN.
    pub resources: Vec<String>,
    /// The circumstances.
    pub context: Context,
    /// For machines.
    pub asked: Asked,
    /// What a person should know about how the question was understood.
    pub notes: Vec<String>,
}

/// One action on all resources it can be asked of.
pub struct Requests<'i> {
    /// Full name in the catalogue's spelling.
    pub action: &'static str,
    /// What the requests name.
    pub targets: Targets<'i>,
    /// For each target, which of [`Question::resources`] it stands for.
    pub stands_for: Vec<Vec<u32>>,
}

/// The question as it was understood, for machines.
#[derive(Debug, Serialize)]
pub struct Asked {
    actions: Vec<&'static str>,
    resources: Vec<String>,
    /// What the requests name instead of the resources, where it differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asked_of: Vec<String>,
    context: BTreeMap<String, Vec<String>>,
    closed_world: bool,
}

/// What could not be seen.
#[derive(Debug, Serialize)]
pub struct Coverage {
    complete: bool,
    gaps: Vec<Gap>,
}

#[derive(Debug, Serialize)]
struct Gap {
    account: String,
    service: String,
    operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl WorldArguments {
    /// The configuration that was named.
    pub fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

impl Subject {
    /// Reads the account that the arguments name.
    pub fn read(source: &SourceArguments, world: &WorldArguments) -> anyhow::Result<Subject> {
        Subject::open(source, world.config.as_deref())
    }

    /// Reads the account that the arguments name, under a configuration.
    pub fn open(source: &SourceArguments, config: Option<&Path>) -> anyhow::Result<Subject> {
        let (config, _) = Config::find(config)?;
        let Some(source) = source.read()? else {
            bail!(
                "which account? Give `--snapshot FILE` (a snapshot, or the output of `aws iam \
                 get-account-authorization-details`), `--profile NAME` or `--region REGION` to read an account in AWS, or `--demo` \
                 for the built-in example"
            );
        };
        let inventory = Inventory::new(&source.snapshot, &config.environments);
        Ok(Subject { source, inventory, environments: config.environments })
    }

    /// Makes a question into requests.
    pub fn ask(&self, question: &QuestionArguments, world: &WorldArguments) -> anyhow::Result<Question<'_>> {
        let inventory = &self.inventory;
        let mut notes = Vec::new();
        let mut context = Context::new(if world.closed_world { World::Closed } else { World::Open });
        let given = given(&world.context, &mut notes)?;
        for (key, values) in &given {
            context.set(key, values.clone());
        }
        let actions = actions(&question.action)?;
        let resources = self.select(&question.resource, &actions, &mut notes)?;
        let mut requests = Vec::new();
        let mut differing = BTreeSet::new();
        for action in actions {
            let mut targets = Targets::default();
            let mut stands_for: Vec<Vec<u32>> = Vec::new();
            for (number, arn) in (0u32..).zip(&resources) {
                // A pattern of actions means those that have to do with the resource.
                let of_nothing = action.is_wildcard_only() && arn != "*";
                if of_nothing && question.action.contains(['*', '?']) {
                    continue;
                }
                for position in targets.aim(inventory, Some(action), arn) {
                    if stands_for.len() <= position as usize {
                        stands_for.resize(targets.len(), Vec::new());
                    }
                    if let Some(all) = stands_for.get_mut(position as usize) {
                        all.push(number);
                    }
                }
            }
            differing.extend(targets.iter().map(|(target, _)| target.arn.to_string()));
            if !targets.is_empty() {
                requests.push(Requests { action: action.name(), targets, stands_for });
            }
        }
        for arn in &resources {
            differing.remove(arn);
        }
        if requests.is_empty() {
            bail!(
                "`{}` is never asked of {}",
                printable(&question.action),
                few(&resources.iter().map(|arn| format!("`{}`", printable(arn))).collect::<Vec<_>>(), 3)
            );
        }
        let differing: Vec<String> = differing.into_iter().collect();
        if let ([only], true) = (differing.as_slice(), requests.len() == 1) {
            notes.push(format!("The request names `{}`.", printable(only)));
        }
        let asked = Asked {
            actions: requests.iter().map(|request| request.action).collect(),
            resources: resources.clone(),
            asked_of: differing,
            context: given,
            closed_world: world.closed_world,
        };
        Ok(Question { requests, resources, context, asked, notes })
    }

    /// The resources that a text names.
    fn select(&self, text: &str, actions: &[catalog::Action], notes: &mut Vec<String>) -> anyhow::Result<Vec<String>> {
        let inventory = &self.inventory;
        let shown = printable(text);
        if actions.iter().all(catalog::Action::is_wildcard_only) {
            if text != "*" {
                notes.push("The action knows no resources, so it is asked of `*`.".to_owned());
            }
            return Ok(vec!["*".to_owned()]);
        }
        let fits =
            |arn: &str| actions.iter().any(|action| !action.is_wildcard_only() && !named_by(*action, arn).is_empty());
        let arns = |test: &dyn Fn(&crate::inventory::Resource) -> bool| -> Vec<String> {
            let chosen = inventory.resources.iter().filter(|resource| test(resource) && fits(&resource.arn));
            chosen.map(|resource| resource.arn.to_string()).collect()
        };
        let principals = || inventory.principals.iter().map(|principal| &*principal.arn);
        if text.contains(['*', '?']) {
            let glob = Glob::new(text);
            let is_arn = text.starts_with("arn:");
            let covers = |arn: &str| {
                let rest = Arn::parse(arn).map_or(arn, |arn| arn.resource);
                glob.matches(arn) || (!is_arn && glob.matches(rest))
            };
            let mut found = arns(&|resource| covers(&resource.arn));
            found.extend(principals().filter(|arn| covers(arn) && fits(arn)).map(str::to_owned));
            let wildcard_only = actions.iter().any(catalog::Action::is_wildcard_only);
            if text == "*" && (wildcard_only || found.is_empty()) {
                found.push(text.to_owned());
            }
            if found.is_empty() && !is_arn {
                bail!(
                    "nothing in the snapshot matches `{shown}` and can be asked for this; give a whole ARN to ask anyway"
                );
            }
            if found.is_empty() {
                notes.push(format!("Nothing in the snapshot matches `{shown}`: asked as if something had that name."));
                found.push(text.to_owned());
            }
            return Ok(found);
        }
        if text.starts_with("arn:") {
            if Arn::parse(text).is_none() {
                bail!("`{shown}` is not an ARN: it needs six parts between colons");
            }
            if let Some((service, kind)) = catalog::resource_type_of(text).filter(|_| !fits(text)) {
                bail!("{}", unfit(&shown, service, kind, actions));
            }
            if inventory.find_resource(text).is_none() && inventory.find_principal(text).is_none() {
                notes.push(format!("`{shown}` is not in the snapshot: asked by its ARN alone."));
            }
            return Ok(vec![text.to_owned()]);
        }
        if text.starts_with("AWS::") {
            let found = arns(&|resource| resource.kind == text);
            if found.is_empty() {
                let known = inventory.resources.iter().map(|resource| resource.kind.as_str());
                let near: Vec<&str> = suggest::nearest(text, known).into_iter().filter(|kind| *kind != text).collect();
                bail!("the snapshot has no `{shown}` that this can be asked of{}", suggest::question(&near));
            }
            return Ok(found);
        }
        let (environment, kind) =
            text.split_once(':').map_or((text, None), |(environment, kind)| (environment, Some(kind)));
        if self.is_environment(environment) {
            let found = arns(&|resource| {
                let is_of = |known: &str| known.eq_ignore_ascii_case(environment);
                resource.environment.as_ref().is_some_and(|known| is_of(&known.environment))
                    && kind.is_none_or(|kind| resource.kind == kind)
            });
            if found.is_empty() {
                bail!("the snapshot has nothing in `{shown}` that this can be asked of");
            }
            return Ok(found);
        }
        self.by_name(text, &fits).map(|arn| vec![arn])
    }

    fn is_environment(&self, name: &str) -> bool {
        let configured = self.environments.rules.iter().map(|rule| rule.name.as_str());
        let recognised = self.inventory.resources.iter().filter_map(|resource| resource.environment.as_ref());
        configured
            .chain(recognised.map(|known| known.environment.as_str()))
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The one resource or principal of that name: the last part of its ARN, else any part, else a property.
    fn by_name(&self, name: &str, fits: &dyn Fn(&str) -> bool) -> anyhow::Result<String> {
        let inventory = &self.inventory;
        let all = || {
            let resources = inventory.resources.iter().map(|resource| (&*resource.arn, Some(&resource.properties)));
            resources.chain(inventory.principals.iter().map(|principal| (&*principal.arn, None)))
        };
        let last = |arn: &str| Arn::parse(arn).is_some_and(|arn| arn.name() == name || arn.resource == name);
        let any =
            |arn: &str| Arn::parse(arn).is_some_and(|arn| arn.resource.split(['/', ':']).any(|part| part == name));
        let property = |properties: Option<&serde_json::Map<String, serde_json::Value>>| {
            properties
                .into_iter()
                .flatten()
                .any(|(key, value)| key.ends_with("Name") && value.as_str().is_some_and(|value| value == name))
        };
        for step in 0..3 {
            let found: Vec<&str> = all()
                .filter(|(arn, properties)| match step {
                    0 => last(arn),
                    1 => any(arn),
                    _ => property(properties.map(|all| &**all)),
                })
                .map(|(arn, _)| arn)
                .filter(|arn| fits(arn))
                .collect();
            match found.as_slice() {
                [] => {}
                [only] => return Ok((*only).to_owned()),
                many => {
                    let many: Vec<String> = many.iter().map(|arn| format!("`{}`", printable(arn))).collect();
                    bail!("`{}` may be {}: give the ARN", printable(name), few(&many, 5));
                }
            }
        }
        let shown = printable(name);
        if let Some((arn, _)) = all().find(|(arn, _)| last(arn) || any(arn)) {
            bail!("this action is never asked of `{shown}`, which is `{}`", printable(arn));
        }
        let known = all().map(|(arn, _)| arn).filter(|arn| fits(arn));
        let names: Vec<&str> = known.filter_map(|arn| Arn::parse(arn).map(|arn| arn.name())).collect();
        let environments =
            inventory.resources.iter().filter_map(|one| one.environment.as_ref()).map(|of| &*of.environment);
        let near = suggest::nearest(name, environments.chain(names.iter().copied()));
        let has = if near.is_empty() && !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| format!("`{}`", printable(name))).collect();
            format!("; it has {}", few(&names, 3))
        } else {
            suggest::question(&near)
        };
        bail!("the snapshot has no resource named `{shown}` that this can be asked of{has}");
    }

    /// What could not be seen of the accounts.
    pub fn coverage(&self) -> Coverage {
        let mut gaps = Vec::new();
        for account in &self.inventory.accounts {
            for entry in account.coverage.iter().filter(|entry| entry.outcome != Outcome::Ok) {
                gaps.push(Gap {
                    account: account.id.to_string(),
                    service: entry.service.clone(),
                    operation: entry.operation.clone(),
                    region: entry.region.clone(),
                    outcome: entry.outcome,
                    detail: entry.detail.clone(),
                });
            }
        }
        Coverage { complete: gaps.is_empty(), gaps }
    }

    /// Policies that may bear on answers and could not be read.
    pub fn unknown_inputs(&self) -> Vec<String> {
        let inventory = &self.inventory;
        let unseen = inventory.accounts.iter().filter(|account| account.controls == Controls::Unseen);
        let mut all: Vec<String> =
            unseen.map(|account| format!("organisation policies over account {} were not read", account.id)).collect();
        all.extend(inventory.broken.iter().map(|policy| match policy.issues.first() {
            Some(issue) if policy.present => format!("{} cannot be read: {issue}", policy.name),
            _ => format!("{} is not in the snapshot (needed by {})", policy.name, policy.owner),
        }));
        all
    }
}

impl Coverage {
    /// Whether everything that was asked for was seen.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// For people: which calls did not succeed.
    pub fn sentence(&self) -> Option<String> {
        let mut calls: Vec<String> = Vec::new();
        for gap in &self.gaps {
            let outcome = match gap.outcome {
                Outcome::Ok => "ok",
                Outcome::Denied => "denied",
                Outcome::Throttled => "throttled",
                Outcome::Unsupported => "not in this source",
                Outcome::Failed => "failed",
            };
            let call = printable(&format!("{}:{} ({outcome})", gap.service, gap.operation));
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
        (!calls.is_empty()).then(|| format!("Not visible: {}.", few(&calls, 5)))
    }
}

/// The actions that a text names.
fn actions(text: &str) -> anyhow::Result<Vec<catalog::Action>> {
    if text.contains(['*', '?']) {
        let found: Vec<catalog::Action> = catalog::expand(text).collect();
        if found.is_empty() {
            let service = text.split_once(':').map_or(text, |(service, _)| service);
            let near = match catalog::service(service) {
                Some(_) => Vec::new(),
                None => suggest::nearest(service, catalog::services().map(catalog::Service::prefix)),
            };
            bail!("no action matches `{}`{}", printable(text), suggest::question(&near));
        }
        return Ok(found);
    }
    let unknown = || {
        let near = suggest::question(&suggest::actions(text));
        let form =
            if near.is_empty() { "; an action is a service and a call, such as `dynamodb:DeleteTable`" } else { &near };
        anyhow!("`{}` is not an action{form}", printable(text))
    };
    Ok(vec![catalog::action(text).ok_or_else(unknown)?])
}

/// Condition keys given on the command line.
fn given(pairs: &[String], notes: &mut Vec<String>) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| key.contains(':')) else {
            bail!("`--context {}` is not of the form `aws:SourceIp=192.0.2.7`", printable(pair));
        };
        if catalog::key_type(key).is_none() {
            notes.push(format!("`{}` is not a condition key that AWS documents.", printable(key)));
        }
        let same = given.keys().find(|known| known.eq_ignore_ascii_case(key)).cloned();
        let values = given.entry(same.unwrap_or_else(|| key.to_owned())).or_default();
        if !value.is_empty() {
            values.push(value.to_owned());
        }
    }
    Ok(given)
}

fn unfit(shown: &str, service: &str, kind: &str, actions: &[catalog::Action]) -> String {
    match actions {
        [only] => {
            let kinds: Vec<&str> = only.resource_types().map(|on| on.kind().name()).collect();
            format!("`{}` is asked of {}, and `{shown}` is {service} {kind}", only.name(), kinds.join(" or "))
        }
        _ => format!("none of these actions is asked of `{shown}`, which is {service} {kind}"),
    }
}
