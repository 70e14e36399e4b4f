//! Builds the properties of a resource.

use super::iam::document;
use crate::snapshot::Document;
use aws_sdk_iam::primitives::{DateTime, DateTimeFormat};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Properties in CloudFormation's names. What is not known is left out: never `false`, never empty.
#[derive(Default)]
pub(super) struct Properties(Map<String, Value>);

impl Properties {
    /// Adds a property.
    pub fn put(mut self, name: &str, value: impl Into<Value>) -> Properties {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a property, if its value is known.
    pub fn known(self, name: &str, value: Option<impl Into<Value>>) -> Properties {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// Adds text, if there is any.
    pub fn text(self, name: &str, value: Option<&str>) -> Properties {
        self.known(name, value.filter(|text| !text.is_empty() && *text != NOT_SET))
    }

    /// Adds a time as RFC 3339, if it is known.
    pub fn time(self, name: &str, value: Option<&DateTime>) -> Properties {
        self.known(name, value.and_then(rfc3339))
    }

    pub fn map(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Properties> for Value {
    fn from(properties: Properties) -> Value {
        Value::Object(properties.0)
    }
}

/// A resource's policy of an answer: `None` is no answer, and `Some(None)` one without a policy, which is `null`.
pub(super) fn policy_of(answer: Option<Option<&str>>) -> Option<Document> {
    answer.map(|text| text.filter(|text| !text.is_empty()).and_then(document).unwrap_or_default())
}

/// What the SDK puts where an answer lacks an enumeration that its model requires.
const NOT_SET: &str = "no value was set";

/// The names of environment variables, in order. Their values are secrets.
pub(super) fn names(variables: &HashMap<String, String>) -> Vec<Value> {
    let mut names: Vec<&str> = variables.keys().map(String::as_str).collect();
    names.sort_unstable();
    names.into_iter().map(Value::from).collect()
}

/// A map in the order of its keys.
pub(super) fn sorted<V>(map: &HashMap<String, V>) -> Vec<(&str, &V)> {
    let mut entries: Vec<(&str, &V)> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

/// A time as RFC 3339 in UTC; `None` where the calendar has no such time.
pub(super) fn rfc3339(time: &DateTime) -> Option<String> {
    time.fmt(DateTimeFormat::DateTime).ok()
}

/// A list of objects.
pub(super) fn list<T>(items: &[T], object: impl Fn(&T) -> Properties) -> Value {
    items.iter().map(|item| Value::from(object(item))).collect()
}
