//! What a stack policy says of an update that would delete a resource.
//!
//! A stack without a policy lets everything be updated; with one, only what it allows, and a denial wins.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>

use crate::base::Glob;
use serde_json::Value;

const DELETE: &str = "Update:Delete";

/// Whether a stack policy keeps an update from deleting the resource of this logical name and type.
pub(super) fn forbids_deletion(policy: &Value, logical: &str, kind: &str) -> bool {
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    let applies = |statement: &&&Value| applies(statement, logical, kind);
    let effect = |statement: &&Value| statement.get("Effect").and_then(Value::as_str).map(str::to_owned);
    let speaking: Vec<String> = statements.iter().filter(applies).filter_map(effect).collect();
    !speaking.iter().any(|effect| effect == "Allow") || speaking.iter().any(|effect| effect == "Deny")
}

fn applies(statement: &Value, logical: &str, kind: &str) -> bool {
    let resource = format!("LogicalResourceId/{logical}");
    said(statement, "Action", DELETE) && said(statement, "Resource", &resource) && condition(statement, kind)
}

/// Whether an element, or its negated form, covers a value. An element that is not there covers everything.
fn said(statement: &Value, element: &str, value: &str) -> bool {
    let matches = |patterns: &Value| texts(patterns).any(|pattern| Glob::new(pattern).matches(value));
    match (statement.get(element), statement.get(format!("Not{element}"))) {
        (Some(patterns), _) => matches(patterns),
        (None, Some(patterns)) => !matches(patterns),
        (None, None) => true,
    }
}

fn condition(statement: &Value, kind: &str) -> bool {
    let Some(Value::Object(operators)) = statement.get("Condition") else { return true };
    operators
        .values()
        .filter_map(|keys| keys.get("ResourceType"))
        .all(|patterns| texts(patterns).any(|pattern| Glob::new(pattern).matches(kind)))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_policy_forbids() {
        let statement = |effect: &str, action: &str, resource: &str| json!({"Effect": effect, "Action": action, "Principal": "*", "Resource": resource});
        let policy = |statements: Vec<Value>| json!({ "Statement": statements });
        let everything = || statement("Allow", "Update:*", "*");
        let cases = [
            (policy(vec![everything()]), false),
            (policy(vec![]), true),
            (policy(vec![everything(), statement("Deny", "Update:*", "LogicalResourceId/Orders")]), true),
            (policy(vec![everything(), statement("Deny", "Update:Delete", "LogicalResourceId/Ord*")]), true),
            (policy(vec![everything(), statement("Deny", "Update:Replace", "*")]), false),
            (policy(vec![everything(), statement("Deny", "Update:Delete", "LogicalResourceId/Other")]), false),
            (
                policy(vec![
                    json!({"Effect": "Allow", "NotAction": "Update:Delete", "Principal": "*", "Resource": "*"}),
                ]),
                true,
            ),
            (
                policy(vec![
                    everything(),
                    json!({"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "*",
                        "Condition": {"StringEquals": {"ResourceType": ["AWS::RDS::DBInstance"]}}}),
                ]),
                false,
            ),
        ];
        for (policy, forbidden) in cases {
            assert_eq!(forbids_deletion(&policy, "Orders", "AWS::DynamoDB::Table"), forbidden, "{policy}");
        }
    }
}
