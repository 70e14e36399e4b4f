//! Written-down requests with the policies that bear on them: what `foureyes simulate` reads and writes, so that anyone
//! can hold the engine against cases of their own. The format is described in `docs/simulate.md`.

use super::caller::Caller;
use super::compile::Policy;
use super::decide::{Applied, Controls, Decision, Layer, ResourceSide, Stack, Verdict, decide, weigh};
use super::facts::{Context, Facts, Tags, Target, World};
use super::words::conditions_in_words;
use crate::catalog;
use crate::iam::{Effect, PolicyKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One case. What is missing does not apply.
#[derive(Deserialize)]
pub struct Case<'a> {
    #[serde(borrow)]
    request: Request<'a>,
    #[serde(default, borrow)]
    identity_policies: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    permissions_boundaries: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    session_policies: Option<Vec<&'a RawValue>>,
    #[serde(default, borrow)]
    resource_policy: Option<&'a RawValue>,
    #[serde(default, borrow)]
    vpc_endpoint_policies: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    scps: Option<Vec<Vec<&'a RawValue>>>,
    #[serde(default, borrow)]
    rcps: Option<Vec<Vec<&'a RawValue>>>,
    #[serde(default)]
    principal_is_in_management_account: bool,
    #[serde(default)]
    resource_properties: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    open_world: bool,
    /// Fields that the format does not have: a misspelt one would otherwise change the answer in silence.
    #[serde(flatten)]
    others: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    principal: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    resource: OneOrMany,
    #[serde(default)]
    resource_account: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Boolean(bool),
    Number(serde_json::Number),
}

impl OneOrMany {
    fn into_texts(self) -> Vec<String> {
        let text = |scalar| match scalar {
            Scalar::Text(text) => text,
            Scalar::Boolean(value) => value.to_string(),
            Scalar::Number(number) => number.to_string(),
        };
        match self {
            OneOrMany::One(one) => vec![text(one)],
            OneOrMany::Many(many) => many.into_iter().map(text).collect(),
        }
    }
}

/// The answer to one case.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The verdict in one word.
    pub decision: String,
    /// The layer that decided.
    pub decided_by: String,
    /// Under what it is allowed, in words; all must hold.
    pub conditions: Vec<String>,
    /// The statements that bear on it.
    pub statements: Vec<AnswerStatement>,
    /// What is doubtful about the case itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A statement that bears on an answer.
#[derive(Debug, Serialize)]
pub struct AnswerStatement {
    /// Kind of policy.
    pub layer: String,
    /// Which of them, such as `identity_policies[0]`.
    pub policy: String,
    /// Position of the statement, from 0.
    pub statement: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
}

/// Decides one line of a case file and writes one line of JSON: the answer, or what is wrong with the case. `number` is
/// the line's, for cases without an id.
pub fn answer_line(line: &str, number: usize) -> String {
    #[derive(Deserialize)]
    struct Identified {
        id: Option<serde_json::Value>,
    }
    let id = serde_json::from_str::<Identified>(line).ok().and_then(|identified| identified.id);
    let id = id.unwrap_or_else(|| format!("line {number}").into());
    #[derive(Serialize)]
    struct Line<T> {
        id: serde_json::Value,
        #[serde(flatten)]
        rest: T,
    }
    let written = match answer(line) {
        Ok(rest) => serde_json::to_string(&Line { id, rest }),
        Err(error) => serde_json::to_string(&serde_json::json!({"id": id, "error": error})),
    };
    written.unwrap_or_default()
}

/// Decides one case given as JSON. Errors say what cannot be read.
pub fn answer(text: &str) -> Result<Answer, String> {
    let case: Case<'_> = serde_json::from_str(text).map_err(|error| format!("not a case: {error}"))?;
    let caller = Caller::parse(&case.request.principal).map_err(|error| error.to_string())?;
    let action = case.request.action.to_ascii_lowercase();
    let well_formed = action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if !well_formed || action.contains(['*', '?']) {
        return Err(format!("`{}` is not an action such as `s3:GetObject`", action.escape_debug()));
    }
    let mut warnings: Vec<String> = Vec::new();
    for field in case.others.keys().filter(|field| !["id", "source", "why", "expect"].contains(&field.as_str())) {
        warnings.push(format!("`{}` is not a field of a case: ignored", field.escape_debug()));
    }
    let world = if case.open_world { World::Open } else { World::Closed };
    let mut context = Context::new(world);
    for (key, values) in case.request.context {
        context.set(&key, values.into_texts());
    }
    let entry = catalog::action(&action);
    let wildcard_only = entry.is_some_and(|entry| entry.is_wildcard_only());
    let mut resources = case.request.resource.into_texts();
    if wildcard_only || resources.is_empty() {
        resources = vec!["*".to_owned()];
    }
    let trusted = action.starts_with("sts:") && resources.iter().any(|arn| arn.contains(":role/"));
    let resource_kind = if trusted { PolicyKind::Trust } else { PolicyKind::Resource };

    let mut documents = Documents { policies: Vec::new(), warnings: &mut warnings };
    let identity = documents.read("identity_policies", &case.identity_policies, PolicyKind::Identity);
    let boundaries = documents.read("permissions_boundaries", &case.permissions_boundaries, PolicyKind::Identity);
    let session = case.session_policies.map(|all| documents.read("session_policies", &all, PolicyKind::Identity));
    let resource_policy =
        case.resource_policy.map(|one| documents.read_one("resource_policy".to_owned(), one, resource_kind));
    let endpoints = documents.read("vpc_endpoint_policies", &case.vpc_endpoint_policies, PolicyKind::Resource);
    let scps = documents.read_levels("scps", case.scps, PolicyKind::Identity);
    let rcps = documents.read_levels("rcps", case.rcps, PolicyKind::Resource);
    let bucket = case.resource_properties.get("BucketPolicy").map(|document| {
        documents.add("resource_properties.BucketPolicy".to_owned(), &document.to_string(), PolicyKind::Resource)
    });
    let policies = documents.policies;
    let get = |indices: &[usize]| -> Vec<&Policy> { indices.iter().filter_map(|index| policies.get(*index)).collect() };
    let controls = |levels: Option<Vec<Vec<usize>>>| match levels {
        Some(levels) => Controls::Levels(levels.iter().map(|level| get(level)).collect()),
        None => Controls::None,
    };
    let stack = Stack {
        identity: get(&identity),
        boundaries: get(&boundaries),
        session: session.filter(|session| !session.is_empty()).map(|session| get(&session)),
        resource: match resource_policy.and_then(|index| policies.get(index)) {
            Some(policy) => ResourceSide::Policy(policy),
            None => ResourceSide::None,
        },
        bucket: bucket.and_then(|index| policies.get(index)),
        endpoints: get(&endpoints),
        scps: controls(scps),
        rcps: controls(rcps),
        management_account: case.principal_is_in_management_account,
    };

    // A request that names several resources is allowed when it is on each, in the same context.
    let mut all: Option<(Decision, Vec<Applied>)> = None;
    for resource in &resources {
        let mut target = Target::new(resource);
        if let Some(account) = &case.request.resource_account {
            target.account = Some(Cow::Borrowed(account));
        }
        target.properties = Some(&case.resource_properties);
        let facts = Facts {
            caller: &caller,
            caller_tags: Tags::Unsaid,
            organization: None,
            resource_organization: None,
            action: &action,
            entry,
            target: &target,
            context: &context,
            since: None,
        };
        let (decision, applied) = decide(&facts, &stack);
        all = Some(match all {
            None => (decision, applied),
            Some((before, other)) => both((before, other), (decision, applied)),
        });
    }
    let (decision, applied) = all.ok_or("no resource")?;
    Ok(Answer {
        decision: decision.verdict.to_string(),
        decided_by: decision.decided_by.to_string(),
        conditions: decision.conditions.as_ref().map(conditions_in_words).unwrap_or_default(),
        statements: bearing(&decision, applied),
        warnings,
    })
}

/// The decision on two resources of one request.
fn both(a: (Decision, Vec<Applied>), b: (Decision, Vec<Applied>)) -> (Decision, Vec<Applied>) {
    let (mut least, other) = if b.0.verdict < a.0.verdict { (b, a) } else { (a, b) };
    if !least.0.verdict.is_denied() && other.0.verdict != Verdict::Allowed {
        least.0.formula = least.0.formula.and(other.0.formula);
        (least.0.verdict, least.0.conditions) = weigh(&least.0.formula);
        least.1.extend(other.1);
    }
    least
}

/// The statements to show for a decision: denies for an explicit deny, grants otherwise, and the denies that a condition
/// comes from.
fn bearing(decision: &Decision, applied: Vec<Applied>) -> Vec<AnswerStatement> {
    let shown = |statement: &Applied| match decision.verdict {
        Verdict::ExplicitDeny => statement.effect == Effect::Deny,
        Verdict::ImplicitDeny => statement.effect == Effect::Allow,
        _ => true,
    };
    let layer = |layer: Layer| layer.to_string();
    applied
        .into_iter()
        .filter(shown)
        .map(|statement| AnswerStatement {
            layer: layer(statement.layer),
            policy: statement.policy.to_string(),
            statement: statement.statement,
            sid: statement.sid.as_deref().map(str::to_owned),
            effect: if statement.effect == Effect::Allow { "Allow" } else { "Deny" },
        })
        .collect()
}

struct Documents<'w> {
    policies: Vec<Policy>,
    warnings: &'w mut Vec<String>,
}

impl Documents<'_> {
    fn add(&mut self, name: String, text: &str, kind: PolicyKind) -> usize {
        let (policy, issues) = Policy::read(name.as_str(), text, kind);
        self.warnings.extend(issues.iter().map(|issue| format!("{name} is unreadable: {issue}")));
        let index = self.policies.len();
        self.policies.push(policy);
        index
    }

    fn read_one(&mut self, name: String, document: &RawValue, kind: PolicyKind) -> usize {
        self.add(name, document.get(), kind)
    }

    fn read(&mut self, name: &str, documents: &[&RawValue], kind: PolicyKind) -> Vec<usize> {
        let one = |(index, document): (usize, &&RawValue)| self.read_one(format!("{name}[{index}]"), document, kind);
        documents.iter().enumerate().map(one).collect()
    }

    fn read_levels(
        &mut self,
        name: &str,
        levels: Option<Vec<Vec<&RawValue>>>,
        kind: PolicyKind,
    ) -> Option<Vec<Vec<usize>>> {
        let levels = levels?;
        let one = |(index, level): (usize, Vec<&RawValue>)| self.read(&format!("{name}[{index}]"), &level, kind);
        Some(levels.into_iter().enumerate().map(one).collect())
    }
}
