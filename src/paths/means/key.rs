//! Taking data by taking the key that it is encrypted with: what nobody can decrypt is lost.
//!
//! A key is deleted 7 to 30 days after the request, and the request can be cancelled until then; a disabled key can be
//! enabled again. AWS's own keys can be neither deleted nor disabled.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html>

use super::super::terms::Terms;
use super::super::way::{By, On};
use super::plan::{Part, Plan};
use crate::base::{Arn, Certainty};
use crate::catalog::destruction::Class;
use crate::inventory::{AccountId, Inventory, Resource, ResourceId, words};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The key of the data is deleted or disabled.
pub(super) const KEY: &str = "key";

/// Names under which resource types hold their key.
const PROPERTIES: &[&str] =
    &["EncryptionKeyArn", "KMSKeyId", "KMSMasterKeyID", "KMSMasterKeyId", "KmsKeyArn", "KmsKeyId", "KmsMasterKeyId"];

/// Action, the loss, what becomes of the data.
const ACTIONS: &[(&str, Class, &str)] = &[
    (
        "kms:ScheduleKeyDeletion",
        Class::Data,
        "has {key} deleted, which encrypts {what}: after 7 to 30 days nobody can read the data",
    ),
    (
        "kms:DisableKey",
        Class::Environment,
        "disables {key}, which encrypts {what}: nobody can read the data until the key is enabled again",
    ),
];

/// Plans for every key of one of the resources that the snapshot holds.
pub(super) fn plans(inventory: &Inventory, resources: &[ResourceId]) -> Vec<Plan> {
    let keys = Keys::new(inventory);
    let mut encrypted: BTreeMap<ResourceId, BTreeSet<ResourceId>> = BTreeMap::new();
    for id in resources {
        let Some(resource) = inventory.resource(*id) else { continue };
        let mut named = Vec::new();
        for (name, value) in resource.properties.iter() {
            collect(name, value, &mut named);
        }
        for key in named.into_iter().filter_map(|name| keys.find(resource, name)) {
            encrypted.entry(key).or_default().insert(*id);
        }
    }
    let mut plans = Vec::new();
    for (key, targets) in encrypted {
        let Some(known) = inventory.resource(key) else { continue };
        for (action, class, words) in ACTIONS {
            let words = format!("{{who}} {} ({action})", words.replace("{key}", &words::resource(known)));
            plans.push(Plan {
                kind: KEY,
                class: *class,
                action: (*action).into(),
                targets: targets.iter().copied().collect(),
                parts: vec![Part::call(action, On::Resource(key), words)],
                terms: Terms::default(),
                except: None,
            });
        }
        plans.push(own_policy(key, known, targets.iter().copied().collect()));
    }
    plans
}

/// Whoever may write the policy of a key lets himself delete it, whatever the policy says today.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying.html>
fn own_policy(key: ResourceId, known: &Resource, targets: Vec<ResourceId>) -> Plan {
    let (key_name, delete) = (words::resource(known), "kms:ScheduleKeyDeletion");
    let write = format!("{{who}} writes a policy of {key_name} that lets {{who}} delete it (kms:PutKeyPolicy)");
    let done = format!(
        "{{who}} has {key_name} deleted, which encrypts {{what}}: after 7 to 30 days nobody can read the data ({delete})"
    );
    // What the new policy allows needs no other policy to allow it; one that denies it is still in the way.
    let denied = "if nothing but the policy of the key keeps it from deleting the key".to_owned();
    Plan {
        kind: KEY,
        class: Class::Data,
        action: delete.into(),
        targets,
        parts: vec![
            Part::call("kms:PutKeyPolicy", On::Resource(key), write),
            Part::call(delete, On::Resource(key), done).bare().by(By::Unread),
        ],
        terms: Terms { certainty: Certainty::Conditional, conditions: [denied].into() },
        except: None,
    }
}

fn collect<'v>(name: &str, value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if PROPERTIES.contains(&name) => found.push(text),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| collect(name, value, found)),
        Value::Array(all) => all.iter().for_each(|value| collect(name, value, found)),
        _ => {}
    }
}

/// The keys of customers, by what they are called.
struct Keys<'i> {
    inventory: &'i Inventory,
    /// By account and id.
    by_id: FxHashMap<(AccountId, &'i str), ResourceId>,
    /// By account, region and alias.
    by_alias: FxHashMap<(AccountId, &'i str, &'i str), ResourceId>,
}

impl<'i> Keys<'i> {
    fn new(inventory: &'i Inventory) -> Keys<'i> {
        let mut keys = Keys { inventory, by_id: FxHashMap::default(), by_alias: FxHashMap::default() };
        for (id, key) in inventory.resource_ids().filter(|(_, resource)| is_own(resource)) {
            let Some(arn) = Arn::parse(&key.arn) else { continue };
            keys.by_id.insert((key.account, arn.name()), id);
            let aliases = key.properties.get("Aliases").and_then(Value::as_array);
            for alias in aliases.into_iter().flatten().filter_map(Value::as_str) {
                keys.by_alias.insert((key.account, arn.region, alias), id);
            }
        }
        keys
    }

    /// The key that a resource names by ARN, id or alias; in its own account and region where it does not say.
    fn find(&self, resource: &Resource, name: &str) -> Option<ResourceId> {
        let exact = self.inventory.find_resource(name);
        if let Some(id) = exact.filter(|id| self.inventory.resource(*id).is_some_and(is_own)) {
            return Some(id);
        }
        let (region, name) = match Arn::parse(name) {
            Some(arn) => (arn.region, arn.resource),
            None => (Arn::parse(&resource.arn)?.region, name),
        };
        let by_alias = || self.by_alias.get(&(resource.account, region, name));
        self.by_id.get(&(resource.account, name)).or_else(by_alias).copied()
    }
}

fn is_own(resource: &Resource) -> bool {
    resource.kind == "AWS::KMS::Key" && resource.text("KeyManager") != Some("AWS")
}
