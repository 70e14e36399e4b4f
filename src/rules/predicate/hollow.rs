//! Guards that look like guards and are none.
//!
//! A statement is read as it stands: what its author wanted to keep, and why it does not.

use super::{Draft, Drafts, Who, is_excepted};
use crate::base::{Certainty, Glob};
use crate::catalog;
use crate::finding::{Evidence, StatementEvidence};
use crate::iam::{Condition, Effect, Quantifier, Statement, Test};
use crate::inventory::{
    Attachment, Controls, Document, DocumentId, Inventory, PrincipalId, Resource, ResourceId, ResourceSet, words,
};
use crate::paths::Means;
use crate::rules::Question;
use crate::rules::file::Hollow;
use fixedbitset::FixedBitSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) fn drafts(question: &Question<'_>, of: Hollow, losses: &[String], who: Who<'_>) -> Drafts {
    if of == Hollow::TerminationProtection {
        return emptied_before(question, losses, who);
    }
    let inventory = question.access.inventory();
    let actions = question.definitions.actions_of(losses);
    let resources: Vec<(ResourceId, &Resource)> =
        inventory.resource_ids().filter(|(_, resource)| resource.is_of(who.environment)).collect();
    let mut drafts = Drafts::new();
    for (document, policy) in policies(inventory, of) {
        let Some(parsed) = inventory.document(document).and_then(|known| known.policy.as_ref()) else { continue };
        let holders: BTreeSet<PrincipalId> =
            policy.holders.iter().copied().filter(|holder| !is_excepted(question, who.except, *holder)).collect();
        if holders.is_empty() && !policy.of_others {
            continue;
        }
        // The policy of a resource speaks of that alone; whom it lets in it says itself.
        if !policy.of_resources.is_empty() && of == Hollow::ForAllValues {
            continue;
        }
        let own: Vec<(ResourceId, &Resource)>;
        let resources = if policy.of_resources.is_empty() {
            &resources
        } else {
            own = resources.iter().copied().filter(|(id, _)| policy.of_resources.contains(id)).collect();
            &own
        };
        for (place, statement) in parsed.statements.iter().enumerate() {
            for (certainty, reason, meant) in hollow(of, statement, &actions, resources) {
                let evidence = StatementEvidence {
                    policy: policy.name.to_string(),
                    statement: place,
                    sid: statement.sid.clone(),
                    through: None,
                };
                let purpose = match of {
                    Hollow::ForAllValues => "is meant to allow less than everything",
                    _ => "is meant to protect it",
                };
                let mut draft = Draft {
                    principals: holders.clone(),
                    resources: meant,
                    path: vec![format!("{} {purpose}", super::statement_in_words(&evidence)), reason.clone()],
                    evidence: vec![Evidence::Statement(evidence)],
                    ..Draft::default()
                };
                draft.terms.certainty = certainty;
                if of == Hollow::AbsentKey {
                    // The reference misses keys now and then.
                    let doubt = "unless the service sends the key after all, which its reference does not say";
                    draft.terms.conditions.insert(doubt.to_owned());
                }
                drafts.insert(format!("{}#{place}|{certainty:?}", policy.name), draft);
            }
        }
    }
    drafts
}

/// A policy and those whom it limits.
struct Held {
    name: Arc<str>,
    holders: BTreeSet<PrincipalId>,
    /// Whether it limits others than these.
    of_others: bool,
    /// The resources whose policy it is; empty: it is none of a resource.
    of_resources: BTreeSet<ResourceId>,
}

/// Every policy document that limits somebody and may be hollow, under the first of its names. Few are.
fn policies(inventory: &Inventory, of: Hollow) -> BTreeMap<DocumentId, Held> {
    let is_suspect = |document: &Document| {
        let statements = document.policy.iter().flat_map(|policy| &policy.statements);
        statements.into_iter().any(|statement| may_be(of, statement))
    };
    let suspects: FixedBitSet =
        inventory.documents.iter().enumerate().filter(|(_, one)| is_suspect(one)).map(|(at, _)| at).collect();
    let mut found: BTreeMap<DocumentId, Held> = BTreeMap::new();
    if suspects.is_clear() {
        return found;
    }
    let mut add = |attachment: &Attachment, holder: Option<PrincipalId>, of: Option<ResourceId>| {
        if !suspects.contains(attachment.document.0 as usize) {
            return;
        }
        let held = found.entry(attachment.document).or_insert_with(|| Held {
            name: Arc::clone(&attachment.name),
            holders: BTreeSet::new(),
            of_others: holder.is_none(),
            of_resources: BTreeSet::new(),
        });
        held.holders.extend(holder);
        held.of_resources.extend(of);
    };
    for (id, principal) in inventory.principal_ids() {
        for attachment in principal.policies.iter().chain(&principal.boundary) {
            add(attachment, Some(id), None);
        }
    }
    for account in &inventory.accounts {
        if let Controls::Levels { scps, rcps, .. } = &account.controls {
            scps.iter().chain(rcps).flatten().for_each(|attachment| add(attachment, None, None));
        }
    }
    for (id, resource) in inventory.resource_ids() {
        if let Some(attachment) = &resource.policy {
            add(attachment, None, Some(id));
        }
    }
    found
}

/// Whether a statement has anything of the kind, which is told at a glance.
fn may_be(of: Hollow, statement: &Statement) -> bool {
    let any = |test: &dyn Fn(&Condition) -> bool| statement.conditions.iter().any(test);
    match (of, statement.effect) {
        (Hollow::BucketTag, Effect::Deny) => any(&|condition| tag_key(condition).is_some()),
        (Hollow::AbsentKey, Effect::Deny) => any(&|condition| compares(condition) && !condition.operator.negated),
        (Hollow::ForAllValues, Effect::Allow) => {
            any(&|condition| condition.operator.quantifier == Some(Quantifier::ForAllValues))
        }
        _ => false,
    }
}

/// Why a statement is no guard, and what it was meant to keep.
fn hollow(
    of: Hollow,
    statement: &Statement,
    actions: &BTreeSet<&str>,
    resources: &[(ResourceId, &Resource)],
) -> Vec<(Certainty, String, ResourceSet)> {
    if !may_be(of, statement) {
        return Vec::new();
    }
    // A deny under the tag of a bucket is meant for the bucket, however much it denies besides.
    let speaks = |action: &&str| match of {
        Hollow::BucketTag => action.starts_with("s3:") && covers_action(statement, action),
        _ => names(statement, action),
    };
    let named: Vec<&str> = actions.iter().copied().filter(speaks).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let meant_by = |named: &[&str], test: &dyn Fn(&Resource) -> bool| -> ResourceSet {
        let fits = |resource: &Resource| {
            let of_type =
                |action: &&str| catalog::destruction::find(action).is_some_and(|known| known.harms(&resource.kind));
            named.iter().any(of_type) && covers(statement, &resource.arn) && test(resource)
        };
        resources.iter().filter(|(_, resource)| fits(resource)).map(|(id, _)| *id).collect()
    };
    let meant = |test: &dyn Fn(&Resource) -> bool| meant_by(&named, test);
    let mut found = Vec::new();
    let mut say = |certainty, reason: String, meant: ResourceSet| {
        if !meant.is_empty() {
            found.push((certainty, reason, meant));
        }
    };
    match (of, statement.effect) {
        (Hollow::BucketTag, Effect::Deny) => {
            let Some(condition) = statement.conditions.iter().find(|condition| tag_key(condition).is_some()) else {
                return found;
            };
            let tagged = |resource: &Resource| {
                resource.kind == "AWS::S3::Bucket"
                    && tag_key(condition)
                        .and_then(|key| resource.tags.get(key))
                        .is_some_and(|tag| condition.values.iter().any(|value| Glob::new(value).matches(tag)))
            };
            let off = |resource: &Resource| resource.text("AbacStatus").is_some_and(|status| status != "Enabled");
            let unread = |resource: &Resource| resource.text("AbacStatus").is_none();
            let key = &condition.key;
            say(
                Certainty::Certain,
                format!(
                    "S3 does not look at {key}: attribute-based access control is off for the bucket, so the deny never applies"
                ),
                meant(&|resource| tagged(resource) && off(resource)),
            );
            say(
                Certainty::Unknown,
                format!(
                    "S3 looks at {key} only where attribute-based access control is on for the bucket, which was not read"
                ),
                meant(&|resource| tagged(resource) && unread(resource)),
            );
        }
        (Hollow::AbsentKey, Effect::Deny) => {
            let without = |condition: &Condition| -> Vec<&str> {
                let asks = compares(condition)
                    && !condition.operator.negated
                    && !condition.operator.if_exists
                    && condition.operator.quantifier != Some(Quantifier::ForAllValues);
                let sends_none = |action: &&str| {
                    asks && catalog::action(action).is_some_and(|known| !known.condition_key(&condition.key, None))
                };
                named.iter().copied().filter(sends_none).collect()
            };
            // Of several conditions the one that most actions lack.
            let absent = statement.conditions.iter().map(|condition| (condition, without(condition)));
            let absent = absent.filter(|(_, told)| !told.is_empty()).max_by_key(|(_, told)| told.len());
            if let Some((condition, told)) = absent {
                say(
                    Certainty::Conditional,
                    format!(
                        "a request for {} carries no {}, so the condition never holds and the deny never applies",
                        told.join(", "),
                        condition.key
                    ),
                    meant_by(&told, &|_| true),
                );
            }
        }
        (Hollow::ForAllValues, Effect::Allow) => {
            let open = statement.conditions.iter().find(|condition| {
                condition.operator.quantifier == Some(Quantifier::ForAllValues)
                    && !statement.conditions.iter().any(|other| demands(other, &condition.key))
            });
            if let Some(condition) = open {
                say(
                    Certainty::Certain,
                    format!(
                        "ForAllValues holds when a request has no {} at all: leaving it out passes the condition",
                        condition.key
                    ),
                    meant(&|_| true),
                );
            }
        }
        _ => {}
    }
    found
}

/// Whether a statement names an action by its service: `*` says nothing of what its author thought of.
fn names(statement: &Statement, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let service = action.split(':').next().unwrap_or_default();
    !statement.action.negated
        && statement.action.values.iter().any(|pattern| {
            let pattern = pattern.to_ascii_lowercase();
            pattern.split(':').next() == Some(service) && Glob::new(&pattern).matches(&action)
        })
}

/// Whether a statement is about an action, by whatever words.
fn covers_action(statement: &Statement, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let named = statement.action.values.iter().any(|one| Glob::new(&one.to_ascii_lowercase()).matches(&action));
    named != statement.action.negated
}

/// Whether a statement speaks of a resource, or of what lies in it.
fn covers(statement: &Statement, arn: &str) -> bool {
    let matches = |resource: &crate::iam::Element<String>| {
        let one = |pattern: &String| {
            let glob = Glob::new(pattern);
            glob.matches(arn) || glob.matches(&format!("{arn}/x"))
        };
        resource.values.iter().any(one) != resource.negated
    };
    statement.resource.as_ref().is_none_or(matches)
}

/// The tag that a condition asks a bucket for, where it holds for some value of it only.
fn tag_key(condition: &Condition) -> Option<&str> {
    let positive = compares(condition) && !condition.operator.negated;
    ["aws:ResourceTag/", "s3:BucketTag/"]
        .iter()
        .find_map(|prefix| {
            let head = condition.key.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| condition.key.get(prefix.len()..)).flatten()
        })
        .filter(|_| positive)
}

fn compares(condition: &Condition) -> bool {
    condition.operator.test != Test::Null
}

/// Whether a condition holds only when the request has the key.
fn demands(condition: &Condition, key: &str) -> bool {
    let operator = condition.operator;
    condition.key.eq_ignore_ascii_case(key)
        && match operator.test {
            Test::Null => condition.values.iter().all(|value| value.eq_ignore_ascii_case("false")),
            _ => !operator.negated && !operator.if_exists && operator.quantifier != Some(Quantifier::ForAllValues),
        }
}

/// Stacks that refuse to be deleted, and what somebody can empty or delete of them all the same.
fn emptied_before(question: &Question<'_>, losses: &[String], who: Who<'_>) -> Drafts {
    let inventory = question.access.inventory();
    let actions = question.definitions.actions_of(losses);
    let index = question.means.of(who.environment);
    let protected: BTreeMap<ResourceId, &Resource> = inventory
        .resource_ids()
        .filter(|(_, stack)| {
            stack.kind == "AWS::CloudFormation::Stack"
                && stack.properties.get("EnableTerminationProtection") == Some(&serde_json::Value::Bool(true))
        })
        .collect();
    let mut drafts = Drafts::new();
    if protected.is_empty() {
        return drafts;
    }
    let wanted: Vec<&Means> =
        index.all().iter().filter(|means| means.is_own_call() && actions.contains(&*means.action)).collect();
    for means in wanted {
        for target in means.targets.iter() {
            let Some(resource) = inventory.resource(*target) else { continue };
            // What protects the root protects the stacks that are nested in it.
            let root = |id: &ResourceId| {
                let stack = inventory.resource(*id).and_then(|stack| stack.text("RootId"));
                stack.and_then(|arn| inventory.find_resource(arn)).unwrap_or(*id)
            };
            let over: BTreeSet<ResourceId> = resource.stacks.iter().map(root).collect();
            for stack in over.iter().filter_map(|id| protected.get_key_value(id)) {
                let holders: Vec<PrincipalId> =
                    means.actors.iter().copied().filter(|actor| who.includes(question, *actor)).collect();
                if holders.is_empty() {
                    continue;
                }
                let cause = format!("{}|{}", stack.1.arn, means.terms.key());
                let draft = drafts.entry(cause).or_insert_with(|| Draft {
                    terms: means.terms.clone(),
                    path: vec![
                        format!("termination protection keeps {} from being deleted", words::resource(stack.1)),
                        format!("it does not keep anybody from what the stack made: {}", words::resource(resource)),
                    ],
                    evidence: vec![Evidence::Property {
                        resource: stack.1.arn.to_string(),
                        property: "EnableTerminationProtection".to_owned(),
                        found: true.into(),
                    }],
                    ..Draft::default()
                });
                draft.principals.extend(holders);
                draft.resources.insert(*target);
                draft.actions.insert(Arc::clone(&means.action));
            }
        }
    }
    drafts
}
