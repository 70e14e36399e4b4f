//! One existing resource: taken over by `import`, changed where findings ask for it, otherwise left as it is.

use super::types::{Mapping, Shape, mapping};
use super::{Change, NoFix, Unit, hcl, ids, names, pipeline, table, titles};
use crate::base::Arn;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Tag by which CloudFormation marks what it made.
const STACK_TAG: &str = "aws:cloudformation:stack-name";

/// An argument to write.
pub(super) struct Wanted<'a> {
    /// Argument; blocks by dots.
    pub(super) path: &'a str,
    pub(super) value: Expression,
    /// Whether a finding asks for it.
    pub(super) fix: bool,
}

/// The CloudFormation type whose Terraform resource manages this one. DocumentDB and Neptune share RDS's API and ARNs, and
/// have resources of their own.
fn type_in_terraform<'a>(kind: &'a str, properties: &Map<String, Value>) -> Cow<'a, str> {
    let family = match properties.get("Engine").and_then(Value::as_str) {
        Some("docdb") => "AWS::DocDB",
        Some("neptune") => "AWS::Neptune",
        _ => return Cow::Borrowed(kind),
    };
    kind.strip_prefix("AWS::RDS").map_or(Cow::Borrowed(kind), |thing| Cow::Owned(format!("{family}{thing}")))
}

/// Writes everything that is asked of one resource.
pub(super) fn unit(mut change: Change) -> Result<Unit, NoFix> {
    let resource = change.resource;
    let arn = resource.arn.as_str();
    let kind = type_in_terraform(&resource.kind, &resource.properties);
    let mapping =
        mapping(&kind).ok_or_else(|| NoFix::UnknownType { kind: kind.clone().into_owned(), arn: arn.to_owned() })?;
    if change.remove && mapping.data {
        return Err(NoFix::HoldsData { arn: arn.to_owned() });
    }
    let no_id = || NoFix::NoImportId { arn: arn.to_owned() };
    let parsed = Arn::parse(arn).ok_or_else(no_id)?;
    let id = id(mapping, &parsed).ok_or_else(no_id)?;
    let mut parts = id.clone();
    parts.push(parsed.region);
    let name = names::identifier(&parts, arn);

    let mut comments = titles(&change.findings);
    if let Some(stack) = resource.tags.get(STACK_TAG) {
        comments.extend(hcl::wrapped(&format!(
            "CloudFormation stack {stack} owns this resource: set the same in its template (with Amplify, in an override \
             or backend.ts), or its next deployment may put it back."
        )));
    }
    if change.remove {
        comments.extend(removal(mapping, &id, parsed.region));
    }
    comments.extend(change.notes.iter().flat_map(|note| hcl::wrapped(note)));

    let mut blocks = vec![import(mapping, &name, &id, parsed.region, arn)];
    let mut body = hcl::block("resource", &[mapping.terraform, &name]);
    if !parsed.region.is_empty() {
        hcl::set(&mut body, "region", hcl::string(parsed.region));
    }
    let (wanted, missing) = wanted(&change, mapping, &id);
    for (argument, property) in missing {
        let text = format!("{argument} is required, and the snapshot lacks {property}: add it before you apply.");
        hcl::comment(&mut body, &text);
        change.notes.push(format!("{arn}: {text}"));
    }
    let mut written: BTreeSet<&str> = wanted.iter().map(|wanted| top(wanted.path)).collect();
    let (nested, flat): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|wanted| wanted.path.contains('.'));
    let (fixes, stated): (Vec<_>, Vec<_>) = flat.into_iter().partition(|wanted| wanted.fix);
    for Wanted { path, value, .. } in stated {
        hcl::set(&mut body, path, value);
    }
    // Terraform may not set what AWS reserves for itself.
    let tags: Vec<_> = resource.tags.iter().filter(|(key, _)| !key.starts_with("aws:")).collect();
    if !tags.is_empty() && !written.contains("tags") && mapping.kept.contains(&"tags") {
        hcl::set(&mut body, "tags", hcl::map(tags.iter().map(|(key, value)| (key.as_str(), hcl::string(value)))));
        written.insert("tags");
    }
    for (index, Wanted { path, value, .. }) in fixes.into_iter().enumerate() {
        if index == 0 {
            hcl::set_commented(&mut body, "Changed by this fix.", path, value);
        } else {
            hcl::set(&mut body, path, value);
        }
    }
    let mut ignored: BTreeSet<&str> = mapping.kept.iter().copied().filter(|name| !written.contains(name)).collect();
    match mapping.shape {
        Shape::Flat => {}
        Shape::Table => {
            let (attributes, others) = table::attributes(&resource.properties);
            if !attributes.is_empty() && !others {
                ignored.remove("attribute");
            }
            attributes.into_iter().for_each(|block| hcl::nest(&mut body, block));
            // Auto scaling moves them.
            ignored.extend(["read_capacity", "write_capacity"]);
        }
        Shape::Pipeline => {
            let pipeline = pipeline::blocks(resource, &change.stages, &name)?;
            pipeline.blocks.into_iter().for_each(|block| hcl::nest(&mut body, block));
            blocks.extend(pipeline.variables);
            change.notes.extend(pipeline.notes);
        }
    }
    nest_all(&mut body, nested, true);
    let lifecycle = lifecycle(!change.remove, &ignored);
    if !lifecycle.body.is_empty() {
        hcl::nest(&mut body, lifecycle);
    }
    blocks.push(body);
    Ok(Unit {
        account: change.account,
        file: format!("{}.{name}", mapping.terraform),
        findings: ids(&change.findings),
        comments,
        notes: change.notes,
        blocks,
    })
}

/// The parts of the ID that Terraform imports by.
fn id<'a>(mapping: &Mapping, arn: &Arn<'a>) -> Option<Vec<&'a str>> {
    let (_, id) = arn.resource.split_once(mapping.id_after)?;
    let parts: Vec<&str> = match mapping.id_joint {
        None => vec![id],
        Some(joint) => id.split_once(joint).map(|(one, other)| vec![one, other])?,
    };
    parts.iter().all(|part| !part.is_empty()).then_some(parts)
}

fn import(mapping: &Mapping, name: &str, id: &[&str], region: &str, arn: &str) -> Block {
    let mut id = match mapping.imported_by_arn {
        true => arn.to_owned(),
        false => id.join("/"),
    };
    if !region.is_empty() {
        id = format!("{id}@{region}");
    }
    let mut block = hcl::block("import", &[]);
    hcl::set(&mut block, "to", hcl::reference(&[mapping.terraform, name]));
    hcl::set(&mut block, "id", hcl::string(&id));
    block
}

/// Why deleting takes two steps, and the command that does it in one.
fn removal(mapping: &Mapping, id: &[&str], region: &str) -> Vec<String> {
    let mut lines = hcl::wrapped(
        "Terraform deletes only what it manages, so this takes two steps: apply this file to take the resource over as it \
         is, then delete the file and apply again.",
    );
    // The command is for a shell: only with an ID that no shell would read as more than a word.
    let plain =
        |text: &&str| text.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character));
    if let Some(command) = mapping.delete.filter(|_| id.iter().chain([&region]).all(plain)) {
        let command = command
            .replace("{0}", id.first().copied().unwrap_or_default())
            .replace("{1}", id.get(1).copied().unwrap_or_default());
        lines.extend(hcl::wrapped("In one step, without Terraform:"));
        lines.push(hcl::command(&format!("{command} --region {region}")));
    }
    lines
}

/// What to write, and what Terraform requires but the snapshot lacks.
fn wanted<'a>(
    change: &Change<'a>,
    mapping: &'static Mapping,
    id: &[&str],
) -> (Vec<Wanted<'a>>, Vec<(&'static str, &'static str)>) {
    let properties = &change.resource.properties;
    let fixes = if change.remove { &[] } else { change.arguments.as_slice() };
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut missing = Vec::new();
    let overridden = |path: &str| fixes.iter().any(|(fix, _)| *fix == path || *fix == top(path) || top(fix) == path);
    for argument in mapping.arguments {
        let value = property(properties, argument.property)
            .map(hcl::json)
            .or_else(|| argument.id_part.and_then(|part| id.get(part)).map(|part| hcl::string(part)));
        match value {
            _ if overridden(argument.name) => {}
            Some(value) => wanted.push(Wanted { path: argument.name, value, fix: false }),
            None if argument.required => missing.push((argument.name, argument.property)),
            None => {}
        }
    }
    if mapping.shape == Shape::Table {
        let stated = table::arguments(properties).into_iter().filter(|(name, _)| !overridden(name));
        wanted.extend(stated.map(|(path, value)| Wanted { path, value, fix: false }));
    }
    wanted.extend(fixes.iter().map(|(path, value)| Wanted { path, value: hcl::json(value), fix: true }));
    (wanted, missing)
}

/// A scalar property by its dotted path.
fn property<'a>(properties: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = properties.get(parts.next()?)?;
    let value = parts.try_fold(first, |value, part| value.get(part))?;
    (!value.is_null() && !value.is_array() && !value.is_object()).then_some(value)
}

fn top(path: &str) -> &str {
    path.split_once('.').map_or(path, |(first, _)| first)
}

/// Nested blocks of arguments with dotted paths; those that a finding asks for are marked.
pub(super) fn nest_all(body: &mut Block, wanted: Vec<Wanted>, mark: bool) {
    let mut order: Vec<&str> = Vec::new();
    for item in &wanted {
        if !order.contains(&top(item.path)) {
            order.push(top(item.path));
        }
    }
    let mut rest = wanted;
    for name in order {
        let (mine, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|item| top(item.path) == name);
        rest = others;
        let mut block = hcl::block(name, &[]);
        if mark && mine.iter().any(|item| item.fix) {
            hcl::comment(&mut block, "Changed by this fix.");
        }
        let mut deeper = Vec::new();
        for item in mine {
            match item.path.split_once('.') {
                Some((_, path)) if path.contains('.') => deeper.push(Wanted { path, ..item }),
                Some((_, path)) => hcl::set(&mut block, path, item.value),
                None => {}
            }
        }
        nest_all(&mut block, deeper, false);
        hcl::nest(body, block);
    }
}

pub(super) fn lifecycle(protected: bool, ignored: &BTreeSet<&str>) -> Block {
    let mut block = hcl::block("lifecycle", &[]);
    if protected {
        hcl::set(&mut block, "prevent_destroy", Expression::from(true));
    }
    if !ignored.is_empty() {
        let list = ignored.iter().map(|name| hcl::reference(&[name])).collect::<Expression>();
        hcl::set_commented(
            &mut block,
            "Not stated above, or moved by others: left as they are.",
            "ignore_changes",
            list,
        );
    }
    block
}
