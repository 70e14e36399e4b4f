//! The key of a copy: without it the copy is noise.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html>

use super::able::{Able, Answers, Ask, Asks};
use crate::base::{Arn, arn};
use crate::inventory::{Inventory, Resource, ResourceId};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What is known of the key by which something is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// AWS's own, or none: no customer can delete it.
    OfAws,
    /// A key of a customer.
    OfCustomer {
        /// The key.
        key: ResourceId,
        /// Whether it can be used today; `None`: its state was not read.
        usable: Option<bool>,
        /// Who can schedule its deletion.
        deleted_by: Arc<Able>,
    },
    /// A key of an account that is not in the snapshot.
    Elsewhere {
        /// Its ARN.
        arn: String,
    },
    /// Not known: which key it is, or what there is to know of it.
    NotRead,
}

/// A key before anybody was asked about it.
#[derive(Clone, Debug)]
pub(super) enum KeyPlan {
    OfAws,
    OfCustomer { key: ResourceId, usable: Option<bool>, delete: Ask },
    Elsewhere(String),
    NotRead,
}

impl KeyPlan {
    pub fn answered(&self, answers: &mut Answers) -> Key {
        match self {
            KeyPlan::OfAws => Key::OfAws,
            KeyPlan::OfCustomer { key, usable, delete } => {
                Key::OfCustomer { key: *key, usable: *usable, deleted_by: answers.of(*delete) }
            }
            KeyPlan::Elsewhere(arn) => Key::Elsewhere { arn: arn.clone() },
            KeyPlan::NotRead => Key::NotRead,
        }
    }
}

/// Finds keys by what services call them: ARN, id or alias.
pub(super) struct Keys<'i> {
    inventory: &'i Inventory,
    /// Account, region and alias or id.
    by_name: FxHashMap<(String, String, String), ResourceId>,
}

impl<'i> Keys<'i> {
    pub fn new(inventory: &'i Inventory) -> Keys<'i> {
        let mut by_name = FxHashMap::default();
        for (id, key) in inventory.resource_ids().filter(|(_, resource)| resource.kind == "AWS::KMS::Key") {
            let Some(arn) = Arn::parse(&key.arn) else { continue };
            let aliases = key.properties.get("Aliases").and_then(serde_json::Value::as_array);
            let aliases = aliases.into_iter().flatten().filter_map(serde_json::Value::as_str);
            for name in aliases.chain([arn.name()]) {
                by_name.insert((arn.account.to_owned(), arn.region.to_owned(), name.to_owned()), id);
            }
        }
        Keys { inventory, by_name }
    }

    /// The key that a resource names; `beside` is the ARN of what it encrypts.
    pub fn find(&self, named: &str, beside: &str, asks: &mut Asks) -> KeyPlan {
        let own = Arn::parse(named);
        let name = own.map_or(named, |arn| if arn.resource.starts_with("alias/") { arn.resource } else { arn.name() });
        if name.starts_with("alias/aws/") {
            return KeyPlan::OfAws;
        }
        let place = own.or_else(|| Arn::parse(beside));
        let by_name = || {
            let place = place?;
            let key = (place.account.to_owned(), place.region.to_owned(), name.to_owned());
            self.by_name.get(&key).copied()
        };
        match self.inventory.find_resource(named).or_else(by_name) {
            Some(id) => self.known(id, asks),
            None => {
                let account = own.map(|arn| arn.account).filter(|account| arn::is_account_id(account));
                let is_read = |id: &str| self.inventory.accounts.iter().any(|account| &*account.id == id);
                match account {
                    Some(account) if !is_read(account) => KeyPlan::Elsewhere(named.to_owned()),
                    _ => KeyPlan::NotRead,
                }
            }
        }
    }

    /// What is known of a key of the inventory.
    fn known(&self, id: ResourceId, asks: &mut Asks) -> KeyPlan {
        let Some(key) = self.inventory.resource(id) else { return KeyPlan::NotRead };
        match key.text("KeyManager") {
            Some("AWS") => KeyPlan::OfAws,
            _ => KeyPlan::OfCustomer {
                key: id,
                usable: usable(key),
                delete: asks.resource(self.inventory, "kms:ScheduleKeyDeletion", id),
            },
        }
    }
}

/// Whether a key can be used.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
fn usable(key: &Resource) -> Option<bool> {
    key.text("KeyState").map(|state| matches!(state, "Enabled" | "Creating" | "Updating"))
}
