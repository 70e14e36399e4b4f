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
    let surroundings = surroundings(inventory.collected_at.as_deref());
    for (id, resource) in inventory.resource_ids() {
        let applies = types.as_slice().contains(&resource.kind) && resource.is_of(environment);
        if !applies {
            continue;
        }
        let read = needs.is_none_or(|(service, operation)| inventory.was_read_of(resource, service, operation));
        let certainty = match violated(&program, resource, &surroundings) {
            Some(false) => continue,
            Some(true) if read => Certainty::Certain,
            Some(true) => Certainty::Unknown,
            // What was not read is neither right nor wrong.
            None => Certainty::Unknown,
        };
        let wrong = shown.as_ref().and_then(|program| texts(&execute(program, resource, &surroundings)?));
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

/// What an expression may call and look at, whichever the resource. To set it up takes longer than to ask it.
fn surroundings(collected_at: Option<&str>) -> cel::Context<'static, 'static> {
    let mut context = cel::Context::default();
    if let Some(moment) = collected_at {
        context.add_variable_from_value("collected_at", moment);
    }
    context
}

fn violated(program: &cel::Program, resource: &Resource, surroundings: &cel::Context<'_, '_>) -> Option<bool> {
    match execute(program, resource, surroundings)? {
        cel::Value::Bool(violated) => Some(violated),
        _ => None,
    }
}

fn execute(program: &cel::Program, resource: &Resource, surroundings: &cel::Context<'_, '_>) -> Option<cel::Value> {
    let mut context = surroundings.new_inner_scope();
    context.add_variable("properties", &resource.properties).ok()?;
    context.add_variable("tags", &resource.tags).ok()?;
    program.execute(&context).ok()
}
