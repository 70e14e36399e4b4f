//! Who can bring about a loss and, first, switch off what would record it.

use super::destroys::decided;
use super::{Draft, Drafts, Ways, Who, add_evidence, carried_in_words, cause_of, statement_in_words, taken_apart};
use crate::access::Targets;
use crate::base::arn;
use crate::finding::Evidence;
use crate::inventory::{AccountId, Inventory, PrincipalId, ResourceId, words};
use crate::paths::{Actor, Call, Means, Terms, direct};
use crate::rules::Question;
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What records, and how it is switched off.
pub(super) struct Record<'r> {
    /// CloudFormation type of what records.
    pub kind: &'r str,
    /// The actions that each switch it off.
    pub actions: &'r [String],
}

/// What somebody switches off, by which action and under which terms.
type Manner = Vec<(ResourceId, String, String)>;

/// How somebody switches off one record: the action, with the terms.
type Off = BTreeMap<ResourceId, (String, crate::engine::Verdict, Terms)>;

pub(super) fn drafts(question: &Question<'_>, losses: &[String], record: &Record<'_>, who: Who<'_>) -> Drafts {
    let inventory = question.access.inventory();
    let records = records(inventory, record.kind);
    if records.is_empty() {
        return Drafts::new();
    }
    let off = switched_off(question, record, &records);
    let index = question.means.of(who.environment);
    let actions = question.definitions.actions_of(losses);
    let mut ways = Ways::default();
    for class in index.classes() {
        let chosen: Vec<&Means> = class
            .positions
            .iter()
            .filter_map(|position| index.get(*position))
            .filter(|means| actions.contains(&*means.action))
            .collect();
        // The surest and shortest loss is told.
        let Some(loss) = chosen.iter().min_by_key(|means| (means.terms.certainty, means.steps.len())) else { continue };
        let manner = |member| -> Option<Manner> {
            let all = all_of(inventory, &records, off.get(&member), member)?;
            Some(all.iter().map(|(id, (action, _, terms))| (**id, action.clone(), terms.key())).collect())
        };
        let members = class.members.iter().copied().filter(|member| who.includes(question, *member));
        for members in taken_apart(question, members, manner).into_values() {
            let Some(first) = members.first() else { continue };
            let Some(all) = all_of(inventory, &records, off.get(first), *first) else { continue };
            tell(question, loss, *first, &members, &all, &mut ways);
        }
    }
    ways.joined(question)
}

/// What records in each account. One that is known to be off records nothing.
fn records(inventory: &Inventory, kind: &str) -> BTreeMap<AccountId, Vec<ResourceId>> {
    let mut found: BTreeMap<AccountId, Vec<ResourceId>> = BTreeMap::new();
    for (id, resource) in inventory.resource_ids().filter(|(_, resource)| resource.kind == kind) {
        if resource.properties.get("IsLogging").and_then(Value::as_bool) != Some(false) {
            found.entry(resource.account).or_default().push(id);
        }
    }
    found
}

/// Who can switch off which record.
fn switched_off(
    question: &Question<'_>,
    record: &Record<'_>,
    records: &BTreeMap<AccountId, Vec<ResourceId>>,
) -> FxHashMap<PrincipalId, Off> {
    let all: Vec<ResourceId> = records.values().flatten().copied().collect();
    let targets = Targets::of(question.access.inventory(), all.iter().copied());
    let mut found: FxHashMap<PrincipalId, Off> = FxHashMap::default();
    for action in record.actions {
        for answer in question.access.who_can(action, &targets, &direct()) {
            for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
                let terms = Terms::of(&block.decision);
                for principal in &answer.principals {
                    let known = found.entry(*principal).or_default();
                    for id in block.targets.iter().filter_map(|at| all.get(*at as usize)) {
                        let new = (action.clone(), block.decision.verdict, terms.clone());
                        let better = known.get(id).is_none_or(|(_, _, old)| {
                            (terms.certainty, terms.conditions.len()) < (old.certainty, old.conditions.len())
                        });
                        if better {
                            known.insert(*id, new);
                        }
                    }
                }
            }
        }
    }
    found
}

type All<'o> = Vec<(&'o ResourceId, &'o (String, crate::engine::Verdict, Terms))>;

/// How somebody switches off every record of its account; `None`: one of them goes on.
fn all_of<'o>(
    inventory: &Inventory,
    records: &BTreeMap<AccountId, Vec<ResourceId>>,
    off: Option<&'o Off>,
    principal: PrincipalId,
) -> Option<All<'o>> {
    let own = records.get(&inventory.principal(principal)?.account)?;
    let off = off?;
    let account = inventory.principal(principal).and_then(|known| inventory.account(known.account))?;
    let is_own = |id: &ResourceId| {
        let arn = inventory.resource(*id).map_or("", |known| &known.arn);
        arn::account_of(arn).is_none_or(|owner| *owner == *account.id)
    };
    // A record of the organisation is shown in every account, and only its owner switches it off.
    own.iter().map(|id| off.get_key_value(id).filter(|_| is_own(id))).collect()
}

fn tell(
    question: &Question<'_>,
    loss: &Means,
    first: PrincipalId,
    members: &[PrincipalId],
    all: &All<'_>,
    ways: &mut Ways,
) {
    let inventory = question.access.inventory();
    let who = inventory.principal(first).map(words::principal).unwrap_or_default();
    let mut terms = loss.terms.clone();
    let mut statements = Vec::new();
    let mut steps = Vec::new();
    for (id, (action, verdict, own)) in all {
        terms = terms.and(own.clone());
        let Some(resource) = inventory.resource(**id) else { continue };
        let call = Call {
            by: Some(first),
            action: action.as_str().into(),
            on: Arc::clone(&resource.arn),
            resource: Some(**id),
            given: Vec::new(),
            verdict: *verdict,
        };
        for statement in decided(question, first, &call) {
            if !statements.contains(&statement) {
                if steps.is_empty() {
                    steps.push(carried_in_words(inventory, first, &statement));
                    steps.push(format!("{} allows {action}", statement_in_words(&statement)));
                }
                statements.push(statement);
            }
        }
        steps.push(format!("{who} calls {action} on {}: from then on nothing is recorded", words::resource(resource)));
    }
    let cause = format!("{}|{}", cause_of(&statements), terms.key());
    let what = words::resources(inventory, &loss.targets);
    let draft = ways.draft(&cause, first, || {
        let mut path = steps;
        let told = loss.steps.iter().map(|step| step.words.replace("{who}", &who).replace("{what}", &what));
        path.extend(told.map(|step| format!("then {step}")));
        Draft { path, terms, ..Draft::default() }
    });
    draft.principals.extend(members);
    draft.actions.extend(all.iter().map(|(_, (action, ..))| Arc::from(action.as_str())));
    draft.resources.extend(all.iter().map(|(id, _)| **id));
    for statement in statements {
        add_evidence(draft, Evidence::Statement(statement));
    }
    let lost = loss.targets.first().map(|target| loss.hops(inventory, Actor::Principal(first), *target));
    if lost.is_some() {
        add_evidence(draft, Evidence::Note { text: format!("what it can destroy: {what} ({})", loss.action) });
    }
}
