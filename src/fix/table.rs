//! What Terraform must be told about a DynamoDB table so that an import changes nothing else.

use super::hcl;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use serde_json::{Map, Value};

/// Billing, capacity and keys, as far as the snapshot has them.
pub(super) fn arguments(properties: &Map<String, Value>) -> Vec<(&'static str, Expression)> {
    let mut arguments = Vec::new();
    let capacity =
        |name: &str| properties.get("ProvisionedThroughput").and_then(|value| value.get(name)).and_then(Value::as_u64);
    let (read, write) = (capacity("ReadCapacityUnits"), capacity("WriteCapacityUnits"));
    let billing = match properties.get("BillingMode").and_then(Value::as_str) {
        Some(mode) => Some(mode),
        // DynamoDB leaves the mode out for tables that never had another.
        None if read.is_some_and(|units| units > 0) => Some("PROVISIONED"),
        None => None,
    };
    if let Some(mode) = billing {
        arguments.push(("billing_mode", hcl::string(mode)));
    }
    if billing == Some("PROVISIONED") {
        let units = [("read_capacity", read), ("write_capacity", write)];
        arguments.extend(units.into_iter().filter_map(|(name, units)| Some((name, Expression::from(units?)))));
    }
    let keys = [("hash_key", key(properties, "HASH")), ("range_key", key(properties, "RANGE"))];
    arguments.extend(keys.into_iter().filter_map(|(name, key)| Some((name, hcl::string(key?)))));
    arguments
}

/// One `attribute` block for each key of the table, and whether the table has attributes beside them (of indexes).
pub(super) fn attributes(properties: &Map<String, Value>) -> (Vec<Block>, bool) {
    let keys = [key(properties, "HASH"), key(properties, "RANGE")];
    let definitions: Vec<(&str, &str)> = list(properties, "AttributeDefinitions")
        .filter_map(|definition| {
            Some((definition.get("AttributeName")?.as_str()?, definition.get("AttributeType")?.as_str()?))
        })
        .collect();
    let blocks: Vec<Block> = keys
        .into_iter()
        .flatten()
        .filter_map(|key| definitions.iter().find(|(name, _)| *name == key))
        .map(|(name, kind)| {
            let mut block = hcl::block("attribute", &[]);
            hcl::set(&mut block, "name", hcl::string(name));
            hcl::set(&mut block, "type", hcl::string(kind));
            block
        })
        .collect();
    let others = blocks.len() != definitions.len();
    (blocks, others)
}

fn key<'a>(properties: &'a Map<String, Value>, kind: &str) -> Option<&'a str> {
    list(properties, "KeySchema")
        .find(|element| element.get("KeyType").and_then(Value::as_str) == Some(kind))
        .and_then(|element| element.get("AttributeName"))
        .and_then(Value::as_str)
}

fn list<'a>(properties: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    properties.get(name).and_then(Value::as_array).into_iter().flatten()
}
