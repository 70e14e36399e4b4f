//! Kinds of data stores: what protects each from deletion, and which calls destroy it.

use super::able::{Asks, Way};
use crate::inventory::{Inventory, Resource, ResourceId};
use serde_json::Value;

/// Whether a store refuses to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A switch makes AWS refuse, and it is on.
    On,
    /// The switch is off.
    Off,
    /// AWS has no such switch for this kind.
    NoSuchSwitch,
    /// It was not read whether the switch is on.
    NotRead,
}

/// A kind of data store.
pub(super) struct Kind {
    /// CloudFormation type.
    pub cloudformation: &'static str,
    /// The property that protects, the value by which it does, and the action that switches it off.
    pub switch: Option<(&'static str, &'static str, &'static str)>,
    /// Each of these destroys the data.
    pub destroyed_by: &'static [&'static str],
    /// Whether AWS or anybody keeps copies of such a store at all.
    pub has_copies: bool,
    /// Whether AWS Backup takes them.
    pub backed_up: bool,
}

/// The kinds that are looked at.
///
/// Sources: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html>,
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html>,
/// <https://docs.aws.amazon.com/documentdb/latest/developerguide/db-cluster-delete.html>,
/// <https://docs.aws.amazon.com/neptune/latest/userguide/manage-console-instances-delete.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html>,
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html>,
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html>,
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html>
pub(super) const KINDS: &[Kind] = &[
    Kind {
        cloudformation: "AWS::DynamoDB::Table",
        switch: Some(("DeletionProtectionEnabled", "true", "dynamodb:UpdateTable")),
        destroyed_by: &["dynamodb:DeleteTable"],
        has_copies: true,
        backed_up: true,
    },
    Kind {
        cloudformation: "AWS::RDS::DBInstance",
        switch: Some(("DeletionProtection", "true", "rds:ModifyDBInstance")),
        destroyed_by: &["rds:DeleteDBInstance"],
        has_copies: true,
        backed_up: true,
    },
    Kind {
        cloudformation: "AWS::RDS::DBCluster",
        switch: Some(("DeletionProtection", "true", "rds:ModifyDBCluster")),
        destroyed_by: &["rds:DeleteDBCluster"],
        has_copies: true,
        backed_up: true,
    },
    Kind {
        cloudformation: "AWS::DocDB::DBCluster",
        switch: Some(("DeletionProtection", "true", "rds:ModifyDBCluster")),
        destroyed_by: &["rds:DeleteDBCluster"],
        has_copies: true,
        backed_up: true,
    },
    Kind {
        cloudformation: "AWS::Neptune::DBCluster",
        switch: Some(("DeletionProtection", "true", "rds:ModifyDBCluster")),
        destroyed_by: &["rds:DeleteDBCluster"],
        has_copies: true,
        backed_up: true,
    },
    Kind {
        cloudformation: "AWS::S3::Bucket",
        switch: None,
        destroyed_by: &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration"],
        has_copies: true,
        backed_up: true,
    },
    Kind {
        cloudformation: "AWS::Cognito::UserPool",
        switch: Some(("DeletionProtection", "ACTIVE", "cognito-idp:UpdateUserPool")),
        destroyed_by: &["cognito-idp:DeleteUserPool"],
        has_copies: false,
        backed_up: false,
    },
    Kind {
        cloudformation: "AWS::SecretsManager::Secret",
        switch: None,
        destroyed_by: &["secretsmanager:DeleteSecret"],
        has_copies: true,
        backed_up: false,
    },
    Kind {
        cloudformation: "AWS::KMS::Key",
        switch: None,
        destroyed_by: &["kms:ScheduleKeyDeletion"],
        has_copies: false,
        backed_up: false,
    },
    Kind {
        cloudformation: "AWS::Logs::LogGroup",
        switch: Some(("DeletionProtectionEnabled", "true", "logs:PutLogGroupDeletionProtection")),
        destroyed_by: &["logs:DeleteLogGroup"],
        has_copies: false,
        backed_up: false,
    },
];

impl Kind {
    /// The kind of a resource that is a store of its own: not an instance of a cluster, which holds the data, nor a
    /// replica, nor a key that AWS keeps.
    pub fn of(resource: &Resource) -> Option<&'static Kind> {
        let has = |property: &str| resource.text(property).is_some_and(|text| !text.is_empty());
        let kind = KINDS.iter().find(|kind| kind.cloudformation == resource.kind)?;
        let is_part = match kind.cloudformation {
            "AWS::RDS::DBInstance" => has("DBClusterIdentifier") || has("SourceDBInstanceIdentifier"),
            "AWS::KMS::Key" => resource.text("KeyManager") == Some("AWS"),
            _ => false,
        };
        (!is_part).then_some(kind)
    }

    /// Whether a store of this kind is protected.
    pub fn protection(&self, resource: &Resource) -> Protection {
        let Some((property, protects, _)) = self.switch else { return Protection::NoSuchSwitch };
        let value = match resource.properties.get(property) {
            Some(Value::Bool(value)) => value.to_string(),
            Some(Value::String(text)) => text.clone(),
            _ => return Protection::NotRead,
        };
        if value.eq_ignore_ascii_case(protects) { Protection::On } else { Protection::Off }
    }

    /// The ways to destroy the data: the protection must be switched off first.
    pub fn ways(&self, inventory: &Inventory, id: ResourceId, protection: Protection, asks: &mut Asks) -> Vec<Way> {
        let mut ways = Vec::new();
        for action in self.destroyed_by {
            let destroy = asks.resource(inventory, action, id);
            let clear = self.switch.map(|(_, _, clears)| asks.resource(inventory, clears, id));
            match (protection, clear) {
                (Protection::On, Some(clear)) => ways.push(Way::of([destroy, clear])),
                (Protection::NotRead, Some(clear)) => {
                    ways.push(Way::of([destroy, clear]));
                    ways.push(Way { all: vec![destroy], doubtful: true });
                }
                _ => ways.push(Way::of([destroy])),
            }
        }
        ways
    }
}
