//! Reading a policy document by its grammar. A document that breaks it is unreadable as a whole.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use serde_json::{Map, Value};

use super::condition::Condition;
use super::principal::{Named, read_principals};

/// Where a document is attached: the grammar and the meaning of short resource patterns depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Identity-based policies, permissions boundaries and session policies.
    Identity,
    Scp,
    Rcp,
    Resource,
    Trust,
    Endpoint,
}

impl Place {
    fn takes_principal(self) -> bool {
        !matches!(self, Self::Identity | Self::Scp)
    }

    fn takes_not_principal(self) -> bool {
        matches!(self, Self::Resource | Self::Endpoint)
    }
}

/// A list, or everything but a list (`NotAction`, `NotResource`, `NotPrincipal`).
#[derive(Clone, Debug)]
pub enum Element<T> {
    Listed(Vec<T>),
    AllBut(Vec<T>),
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub allow: bool,
    pub principal: Option<Element<Named>>,
    pub action: Element<String>,
    /// `None` in trust policies only.
    pub resource: Option<Element<String>>,
    pub conditions: Vec<Condition>,
    /// `${…}` is a variable only in documents of version 2012-10-17.
    pub variables: bool,
}

/// The statements of a document; `None` when it is unreadable.
pub fn read_document(document: &Value, place: Place) -> Option<Vec<Statement>> {
    let document = document.as_object()?;
    only_elements(document, &["Version", "Id", "Statement"])?;
    if document.get("Id").is_some_and(|id| !id.is_string()) {
        return None;
    }
    let variables = match document.get("Version") {
        None => false,
        Some(version) => match version.as_str()? {
            "2012-10-17" => true,
            "2008-10-17" => false,
            _ => return None,
        },
    };
    match document.get("Statement")? {
        Value::Array(statements) => statements.iter().map(|s| read_statement(s, place, variables)).collect(),
        statement => Some(vec![read_statement(statement, place, variables)?]),
    }
}

const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn read_statement(statement: &Value, place: Place, variables: bool) -> Option<Statement> {
    let statement = statement.as_object()?;
    only_elements(statement, &ELEMENTS)?;
    if statement.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return None;
    }
    let allow = match statement.get("Effect")?.as_str()? {
        "Allow" => true,
        "Deny" => false,
        _ => return None,
    };
    Some(Statement {
        allow,
        principal: read_principal_element(statement, place)?,
        action: read_pair(statement, "Action", "NotAction", strings)??,
        resource: read_resource_element(statement, place)?,
        conditions: read_conditions(statement)?,
        variables,
    })
}

fn only_elements(object: &Map<String, Value>, known: &[&str]) -> Option<()> {
    object.keys().all(|key| known.contains(&key.as_str())).then_some(())
}

/// `None`: both, or unreadable. `Some(None)`: neither.
fn read_pair<T>(
    statement: &Map<String, Value>,
    positive: &str,
    negative: &str,
    read: impl Fn(&Value) -> Option<Vec<T>>,
) -> Option<Option<Element<T>>> {
    match (statement.get(positive), statement.get(negative)) {
        (Some(_), Some(_)) => None,
        (Some(listed), None) => Some(Some(Element::Listed(read(listed)?))),
        (None, Some(excluded)) => Some(Some(Element::AllBut(read(excluded)?))),
        (None, None) => Some(None),
    }
}

fn read_principal_element(statement: &Map<String, Value>, place: Place) -> Option<Option<Element<Named>>> {
    let element = read_pair(statement, "Principal", "NotPrincipal", read_principals)?;
    match element {
        Some(Element::Listed(_)) if !place.takes_principal() => None,
        Some(Element::AllBut(_)) if !place.takes_not_principal() => None,
        element => Some(element),
    }
}

/// At most one of `Resource` and `NotResource`; neither in a trust policy. The policy of a resource may leave it out,
/// and speaks of the resource.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>
fn read_resource_element(statement: &Map<String, Value>, place: Place) -> Option<Option<Element<String>>> {
    let element = read_pair(statement, "Resource", "NotResource", strings)?;
    let is_sound = match &element {
        None => !matches!(place, Place::Identity | Place::Scp),
        Some(Element::Listed(patterns) | Element::AllBut(patterns)) => {
            place != Place::Trust && patterns.iter().all(|pattern| is_accepted(pattern, place))
        }
    };
    is_sound.then_some(element)
}

/// Organizations refuses a resource with missing segments, unless it is `*` or, in an SCP, ends in a wildcard.
fn is_accepted(resource: &str, place: Place) -> bool {
    let is_complete = resource.split(':').count() >= 6;
    match place {
        Place::Scp => is_complete || resource.ends_with('*'),
        Place::Rcp => is_complete || resource == "*",
        _ => true,
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
fn read_conditions(statement: &Map<String, Value>) -> Option<Vec<Condition>> {
    let Some(block) = statement.get("Condition") else { return Some(Vec::new()) };
    let mut conditions = Vec::new();
    for (operator, keys) in block.as_object()? {
        for (key, values) in keys.as_object()? {
            conditions.push(Condition::read(operator, key, scalars(values)?)?);
        }
        // An operator must be known even when it lists no key.
        Condition::read(operator, "", Vec::new())?;
    }
    Some(conditions)
}

/// A string, or a list of strings.
pub fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(values) => values.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
        value => Some(vec![value.as_str()?.to_owned()]),
    }
}

/// Condition values: strings, numbers and booleans, one or a list.
fn scalars(value: &Value) -> Option<Vec<String>> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(values) => values.iter().map(scalar).collect(),
        value => Some(vec![scalar(value)?]),
    }
}
