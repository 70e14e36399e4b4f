//! Protections that make AWS refuse a deletion, and the action that switches each off: a protected resource is as safe as
//! the least of those who may do both.

use crate::inventory::Resource;
use serde_json::Value;

/// A protection that is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// CloudFormation property.
    pub property: &'static str,
    /// Action that switches it off.
    pub cleared_by: &'static str,
}

/// Type, property, the value that protects, the action that clears it.
///
/// Sources: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html>,
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html>,
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html>
const GUARDS: &[(&str, &str, &str, &str)] = &[
    ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", "true", "dynamodb:UpdateTable"),
    ("AWS::Cognito::UserPool", "DeletionProtection", "ACTIVE", "cognito-idp:UpdateUserPool"),
    ("AWS::RDS::DBInstance", "DeletionProtection", "true", "rds:ModifyDBInstance"),
    ("AWS::RDS::DBCluster", "DeletionProtection", "true", "rds:ModifyDBCluster"),
    ("AWS::CloudFormation::Stack", "EnableTerminationProtection", "true", "cloudformation:UpdateTerminationProtection"),
];

/// The protection that a resource has switched on, if it has.
pub fn guard_of(resource: &Resource) -> Option<Guard> {
    let (_, property, protects, cleared_by) = GUARDS.iter().find(|(kind, ..)| *kind == resource.kind)?;
    let value = match resource.properties.get(*property)? {
        Value::Bool(value) => value.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    value.eq_ignore_ascii_case(protects).then_some(Guard { property, cleared_by })
}
