//! A property of a resource has a wrong value.

use super::Drafts;
use crate::base::Certainty;
use crate::finding::Evidence;
use crate::inventory::Resource;
use crate::rules::Question;
use crate::rules::file::Types;
use serde_json::Value;

/// What is looked for in the properties.
pub(super) struct LookedFor<'r> {
    pub violated_if: &'r str,
    pub property: &'r str,
    /// What of the property is wrong.
    pub shown: Option<&'r str>,
    /// The call that must have been read.
    pub needs: Option<&'r (String, String)>,
}

pub(super) fn drafts(question: &Question<'_>, types: &Types, environment: &str, looked_for: &LookedFor<'_>) -> Drafts {
    let LookedFor { violated_if, property, shown, needs } = *looked_for;
    let mut drafts = Drafts::new();
    // A rule file is read only when its expression compiles.
    let Ok(program) = cel::Program::compile(violated_if) else { return drafts };
    let shown = shown.and_then(|expression| cel::Program::compile(expression).ok());
    let inventory = question.access.inventory();
    for (id, resource) in inventory.resource_ids() {
        let applies = types.as_slice().contains(&resource.kind)
            && resource.environment.as_ref().is_some_and(|known| known.environment == environment);
        if !applies {
            continue;
        }
        let read = needs.is_none_or(|(service, operation)| inventory.was_read_of(resource, service, operation));
        let certainty = match violated(&program, resource, inventory.collected_at.as_deref()) {
            Some(false) => continue,
            Some(true) if read => Certainty::Certain,
            Some(true) => Certainty::Unknown,
            // What was not read is neither right nor wrong.
            None => Certainty::Unknown,
        };
        let moment = inventory.collected_at.as_deref();
        let wrong = shown.as_ref().and_then(|program| texts(&execute(program, resource, moment)?));
        let found = wrong.or_else(|| value_of(resource, property).cloned()).unwrap_or(Value::Null);
        let draft = drafts.entry(format!("{certainty:?}")).or_default();
        draft.terms.certainty = certainty;
        draft.resources.insert(id);
        draft.evidence.push(Evidence::Property {
            resource: resource.arn.to_string(),
            property: property.to_owned(),
            found,
        });
    }
    drafts
}

fn value_of<'v>(resource: &'v Resource, property: &str) -> Option<&'v Value> {
    let mut parts = property.split('.');
    let first = resource.properties.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// A list of texts, where there is anything in it.
fn texts(value: &cel::Value) -> Option<Value> {
    let cel::Value::List(all) = value else { return None };
    let text = |one: &cel::Value| match one {
        cel::Value::String(text) => Some(Value::String(text.to_string())),
        _ => None,
    };
    let all: Vec<Value> = all.iter().map(text).collect::<Option<_>>()?;
    (!all.is_empty()).then_some(Value::Array(all))
}

fn violated(program: &cel::Program, resource: &Resource, collected_at: Option<&str>) -> Option<bool> {
    match execute(program, resource, collected_at)? {
        cel::Value::Bool(violated) => Some(violated),
        _ => None,
    }
}

fn execute(program: &cel::Program, resource: &Resource, collected_at: Option<&str>) -> Option<cel::Value> {
    let mut context = cel::Context::default();
    context.add_variable("properties", Value::Object(resource.properties.clone())).ok()?;
    context.add_variable("tags", resource.tags.clone()).ok()?;
    if let Some(moment) = collected_at {
        context.add_variable("collected_at", moment).ok()?;
    }
    program.execute(&context).ok()
}
