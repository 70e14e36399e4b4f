//! The canonical printer: `parse(print(policy)) == policy`.

use super::{Condition, Effect, Element, Policy, PrincipalSpec, Statement, Version};
use serde_json::{Map, Value, json};

impl Policy {
    /// The document as JSON, single values as strings, conditions in their order.
    pub fn to_json(&self) -> Value {
        let mut document = Map::new();
        let version = match self.version {
            Version::V2008 => "2008-10-17",
            Version::V2012 => "2012-10-17",
        };
        document.insert("Version".to_owned(), version.into());
        if let Some(id) = &self.id {
            document.insert("Id".to_owned(), id.as_str().into());
        }
        document.insert("Statement".to_owned(), self.statements.iter().map(Statement::to_json).collect());
        Value::Object(document)
    }
}

impl Statement {
    /// The statement as JSON.
    pub fn to_json(&self) -> Value {
        let mut statement = Map::new();
        if let Some(sid) = &self.sid {
            statement.insert("Sid".to_owned(), sid.as_str().into());
        }
        let effect = if self.effect == Effect::Allow { "Allow" } else { "Deny" };
        statement.insert("Effect".to_owned(), effect.into());
        if let Some(principal) = &self.principal {
            statement.insert(name("Principal", principal), principals(&principal.values));
        }
        statement.insert(name("Action", &self.action), strings(&self.action.values));
        if let Some(resource) = &self.resource {
            statement.insert(name("Resource", resource), strings(&resource.values));
        }
        if !self.conditions.is_empty() {
            statement.insert("Condition".to_owned(), conditions(&self.conditions));
        }
        Value::Object(statement)
    }
}

fn name<T>(stem: &str, element: &Element<T>) -> String {
    format!("{}{stem}", if element.negated { "Not" } else { "" })
}

fn strings(values: &[String]) -> Value {
    match values {
        [only] => only.as_str().into(),
        many => many.into(),
    }
}

fn principals(specs: &[PrincipalSpec]) -> Value {
    if let [PrincipalSpec::Everyone] = specs {
        return "*".into();
    }
    let mut kinds = Map::new();
    for spec in specs {
        let (kind, text) = match spec {
            PrincipalSpec::Everyone => ("AWS", "*"),
            PrincipalSpec::Aws(text) => ("AWS", text.as_str()),
            PrincipalSpec::Service(text) => ("Service", text.as_str()),
            PrincipalSpec::Federated(text) => ("Federated", text.as_str()),
            PrincipalSpec::CanonicalUser(text) => ("CanonicalUser", text.as_str()),
        };
        if let Value::Array(list) = kinds.entry(kind).or_insert_with(|| json!([])) {
            list.push(text.into());
        }
    }
    Value::Object(kinds)
}

fn conditions(conditions: &[Condition]) -> Value {
    let mut operators = Map::new();
    for condition in conditions {
        let keys = operators.entry(condition.operator.to_string()).or_insert_with(|| json!({}));
        if let Value::Object(keys) = keys {
            keys.insert(condition.key.clone(), strings(&condition.values));
        }
    }
    Value::Object(operators)
}

#[cfg(test)]
mod tests {
    use crate::iam::{PolicyKind, parse};

    #[test]
    fn what_is_printed_reads_the_same() {
        let text = r#"{"Version":"2012-10-17","Id":"x","Statement":[
            {"Sid":"a","Effect":"Deny","NotPrincipal":{"AWS":["*","111122223333"]},"NotAction":"s3:*","NotResource":["a","b"],
             "Condition":{"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":["x*","y"]},"Null":{"aws:SourceVpc":"true"}}},
            {"Effect":"Allow","Principal":"*","Action":[],"Resource":[]}]}"#;
        let policy = parse(text, PolicyKind::Resource).policy.unwrap();
        let again = parse(&policy.to_json().to_string(), PolicyKind::Resource).policy.unwrap();
        assert_eq!(again, policy);
    }
}
