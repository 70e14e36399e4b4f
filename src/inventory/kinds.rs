//! Types for which CloudFormation has a second name, with properties in other places.

use serde_json::{Map, Value};

/// The name that everything else knows, and the properties as they stand there.
///
/// Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticsearch-domain.html>
pub(super) fn usual(kind: &str, properties: &Map<String, Value>, region: Option<&str>) -> (String, Map<String, Value>) {
    let mut properties = properties.clone();
    if kind == "AWS::DynamoDB::GlobalTable" {
        // What protects a replica is said of each region; the table is the one in its own.
        let replicas = properties.get("Replicas").and_then(Value::as_array);
        let here = |replica: &&Value| region.is_some() && replica.get("Region").and_then(Value::as_str) == region;
        let own = replicas.into_iter().flatten().find(here).and_then(Value::as_object).cloned();
        for (name, value) in own.into_iter().flatten() {
            if matches!(&*name, "DeletionProtectionEnabled" | "PointInTimeRecoverySpecification") {
                properties.entry(name).or_insert(value);
            }
        }
        if let Some(Value::Array(all)) = properties.get_mut("Replicas") {
            all.retain(|replica| !here(&replica));
        }
    }
    (name(kind).to_owned(), properties)
}

/// The name that everything else knows.
pub fn name(kind: &str) -> &str {
    match kind {
        "AWS::DynamoDB::GlobalTable" => "AWS::DynamoDB::Table",
        "AWS::Elasticsearch::Domain" => "AWS::OpenSearchService::Domain",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_global_table_is_the_table_of_its_region() {
        let properties = json!({"TableName": "orders", "Replicas": [
            {"Region": "eu-west-1", "DeletionProtectionEnabled": true, "TableClass": "STANDARD"},
            {"Region": "eu-central-1", "DeletionProtectionEnabled": false}]});
        let (kind, found) = usual("AWS::DynamoDB::GlobalTable", properties.as_object().unwrap(), Some("eu-west-1"));
        assert_eq!(kind, "AWS::DynamoDB::Table");
        let copies = json!([{"Region": "eu-central-1", "DeletionProtectionEnabled": false}]);
        let wanted = json!({"TableName": "orders", "DeletionProtectionEnabled": true, "Replicas": copies});
        assert_eq!(Value::Object(found), wanted);
        // Nothing is said of what was not read.
        let (_, found) = usual("AWS::DynamoDB::GlobalTable", &Map::new(), Some("eu-west-1"));
        assert_eq!(found, Map::new());
    }
}
