//! A whole CodePipeline with approvals inserted: Terraform removes stages that are not written, so all are, or none.

use super::{NoFix, hcl, names};
use crate::finding::TargetResource;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Longest name of a stage.
const LONGEST_NAME: usize = 100;

/// Configuration whose values a snapshot never holds: written as Terraform variables.
const WITHHELD: [&str; 2] = ["OAuthToken", "EnvironmentVariables"];

/// What `resource` adds to the pipeline's block and file.
pub(super) struct Pipeline {
    pub(super) blocks: Vec<Block>,
    pub(super) variables: Vec<Block>,
    pub(super) notes: Vec<String>,
}

type Object = Map<String, Value>;

/// Artifact stores and stages, with an approval before each stage of `before`.
pub(super) fn blocks(resource: &TargetResource, before: &BTreeSet<&str>, name: &str) -> Result<Pipeline, NoFix> {
    let mut writer = Writer { arn: &resource.arn, name, variables: Vec::new(), notes: Vec::new() };
    let mut blocks = writer.stores(&resource.properties)?;
    let stages = objects(resource.properties.get("Stages"));
    let taken: BTreeSet<&str> = stages.iter().filter_map(|stage| text(stage, "Name")).collect();
    for stage in before {
        let position = stages.iter().position(|known| text(known, "Name") == Some(stage));
        if position.is_none_or(|position| position == 0) {
            return Err(NoFix::NoStage { pipeline: resource.arn.clone(), stage: (*stage).to_owned() });
        }
    }
    if stages.is_empty() {
        return Err(writer.incomplete("Stages"));
    }
    for stage in stages {
        if let Some(name) = text(stage, "Name").filter(|name| before.contains(name)) {
            blocks.push(approval(name, &taken));
        }
        blocks.push(writer.stage(stage)?);
    }
    Ok(Pipeline { blocks, variables: writer.variables, notes: writer.notes })
}

/// A stage that waits for a person.
fn approval(stage: &str, taken: &BTreeSet<&str>) -> Block {
    let mut name: String = format!("Approve-{stage}");
    name.retain(|character| character.is_ascii_alphanumeric() || ".@-_".contains(character));
    name.truncate(LONGEST_NAME);
    if taken.contains(name.as_str()) {
        name = format!("Approve-{}", names::hash(stage));
    }
    let mut action = hcl::block("action", &[]);
    for (argument, value) in
        [("name", "Approve"), ("category", "Approval"), ("owner", "AWS"), ("provider", "Manual"), ("version", "1")]
    {
        hcl::set(&mut action, argument, hcl::string(value));
    }
    let mut block = hcl::block("stage", &[]);
    hcl::comment(&mut block, &format!("Added by this fix: somebody else must approve before {stage} runs."));
    hcl::set(&mut block, "name", hcl::string(&name));
    hcl::nest(&mut block, action);
    block
}

struct Writer<'a> {
    arn: &'a str,
    /// The pipeline's Terraform name, to begin variables with.
    name: &'a str,
    variables: Vec<Block>,
    notes: Vec<String>,
}

impl Writer<'_> {
    fn incomplete(&self, what: &str) -> NoFix {
        NoFix::Incomplete { pipeline: self.arn.to_owned(), what: what.to_owned() }
    }

    fn required<'v>(&self, object: &'v Object, property: &str) -> Result<&'v str, NoFix> {
        text(object, property).ok_or_else(|| self.incomplete(property))
    }

    /// Nothing may be left out silently.
    fn only(&self, object: &Object, known: &[&str]) -> Result<(), NoFix> {
        let empty = |value: &Value| match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        match object.iter().find(|(name, value)| !known.contains(&name.as_str()) && !empty(value)) {
            Some((name, _)) => Err(self.incomplete(name)),
            None => Ok(()),
        }
    }

    fn stores(&self, properties: &Object) -> Result<Vec<Block>, NoFix> {
        let mut blocks = Vec::new();
        if let Some(store) = properties.get("ArtifactStore").and_then(Value::as_object) {
            blocks.push(self.store(store, None)?);
        }
        for entry in objects(properties.get("ArtifactStores")) {
            let store = entry.get("ArtifactStore").and_then(Value::as_object);
            blocks.push(self.store(store.ok_or_else(|| self.incomplete("ArtifactStore"))?, text(entry, "Region"))?);
        }
        if blocks.is_empty() { Err(self.incomplete("ArtifactStore")) } else { Ok(blocks) }
    }

    fn store(&self, store: &Object, region: Option<&str>) -> Result<Block, NoFix> {
        self.only(store, &["Location", "Type", "EncryptionKey"])?;
        let mut block = hcl::block("artifact_store", &[]);
        hcl::set(&mut block, "location", hcl::string(self.required(store, "Location")?));
        hcl::set(&mut block, "type", hcl::string(self.required(store, "Type")?));
        set_text(&mut block, "region", region);
        if let Some(key) = store.get("EncryptionKey").and_then(Value::as_object) {
            let mut inner = hcl::block("encryption_key", &[]);
            hcl::set(&mut inner, "id", hcl::string(self.required(key, "Id")?));
            hcl::set(&mut inner, "type", hcl::string(self.required(key, "Type")?));
            hcl::nest(&mut block, inner);
        }
        Ok(block)
    }

    fn stage(&mut self, stage: &Object) -> Result<Block, NoFix> {
        self.only(stage, &["Name", "Actions", "BeforeEntry", "OnSuccess", "OnFailure"])?;
        let name = self.required(stage, "Name")?;
        let mut block = hcl::block("stage", &[]);
        hcl::set(&mut block, "name", hcl::string(name));
        let actions = objects(stage.get("Actions"));
        if actions.is_empty() {
            return Err(self.incomplete("Actions"));
        }
        for action in actions {
            let action = self.action(action, name)?;
            hcl::nest(&mut block, action);
        }
        for (property, argument) in
            [("BeforeEntry", "before_entry"), ("OnSuccess", "on_success"), ("OnFailure", "on_failure")]
        {
            if let Some(gate) = stage.get(property).and_then(Value::as_object) {
                hcl::nest(&mut block, self.gate(gate, argument)?);
            }
        }
        Ok(block)
    }

    fn action(&mut self, action: &Object, stage: &str) -> Result<Block, NoFix> {
        self.only(
            action,
            &[
                "Name",
                "ActionTypeId",
                "Configuration",
                "InputArtifacts",
                "OutputArtifacts",
                "OutputVariables",
                "Commands",
                "RunOrder",
                "RoleArn",
                "Region",
                "Namespace",
                "TimeoutInMinutes",
            ],
        )?;
        let kind =
            action.get("ActionTypeId").and_then(Value::as_object).ok_or_else(|| self.incomplete("ActionTypeId"))?;
        let name = self.required(action, "Name")?;
        let mut block = hcl::block("action", &[]);
        hcl::set(&mut block, "name", hcl::string(name));
        for (argument, property) in
            [("category", "Category"), ("owner", "Owner"), ("provider", "Provider"), ("version", "Version")]
        {
            hcl::set(&mut block, argument, hcl::string(self.required(kind, property)?));
        }
        set_text(&mut block, "role_arn", text(action, "RoleArn"));
        set_text(&mut block, "region", text(action, "Region"));
        set_text(&mut block, "namespace", text(action, "Namespace"));
        set_number(&mut block, "run_order", action.get("RunOrder"));
        set_number(&mut block, "timeout_in_minutes", action.get("TimeoutInMinutes"));
        set_list(&mut block, "input_artifacts", artifacts(action, "InputArtifacts"));
        let (computed, plain): (Vec<_>, Vec<_>) =
            objects(action.get("OutputArtifacts")).into_iter().partition(|artifact| artifact.contains_key("Files"));
        set_list(
            &mut block,
            "output_artifacts",
            plain.into_iter().filter_map(|artifact| text(artifact, "Name")).collect(),
        );
        set_list(&mut block, "output_variables", strings(action, "OutputVariables"));
        set_list(&mut block, "commands", strings(action, "Commands"));
        let configuration = self.configuration(action, kind, [stage, name]);
        if !configuration.is_empty() {
            hcl::set(&mut block, "configuration", hcl::map(configuration));
        }
        for artifact in computed {
            let mut inner = hcl::block("output_artifacts_for_compute_action", &[]);
            hcl::set(&mut inner, "name", hcl::string(self.required(artifact, "Name")?));
            set_list(&mut inner, "files", strings(artifact, "Files"));
            hcl::nest(&mut block, inner);
        }
        Ok(block)
    }

    /// The configuration of an action; what the snapshot withholds becomes a variable.
    fn configuration<'v>(&mut self, action: &'v Object, kind: &Object, place: [&str; 2]) -> Vec<(&'v str, Expression)> {
        let mut entries = Vec::new();
        for (key, value) in action.get("Configuration").and_then(Value::as_object).into_iter().flatten() {
            let masked = value.as_str().is_some_and(|text| !text.is_empty() && text.chars().all(|each| each == '*'));
            let expression = match value {
                Value::String(text) if !masked && !WITHHELD.contains(&key.as_str()) => hcl::string(text),
                Value::Bool(_) | Value::Number(_) => hcl::string(&value.to_string()),
                Value::Array(_) | Value::Object(_) if !WITHHELD.contains(&key.as_str()) => {
                    hcl::string(&value.to_string())
                }
                _ => self.variable(key, place),
            };
            entries.push((key.as_str(), expression));
        }
        let github = text(kind, "Owner") == Some("ThirdParty") && text(kind, "Provider") == Some("GitHub");
        if github && !entries.iter().any(|(key, _)| *key == "OAuthToken") {
            entries.push(("OAuthToken", self.variable("OAuthToken", place)));
        }
        entries
    }

    fn variable(&mut self, key: &str, [stage, action]: [&str; 2]) -> Expression {
        let parts = [self.name, stage, action, key];
        let name = names::identifier(&parts, &format!("{} {}", self.arn, parts.join("\n")));
        let what = format!("{key} of action {action}, stage {stage}");
        let mut block = hcl::block("variable", &[&name]);
        hcl::comment(
            &mut block,
            &format!("The snapshot never holds {key}: give the value that the pipeline has today."),
        );
        hcl::set(&mut block, "type", hcl::reference(&["string"]));
        hcl::set(&mut block, "sensitive", Expression::from(true));
        hcl::set(&mut block, "description", hcl::string(&what));
        self.variables.push(block);
        self.notes.push(format!(
            "Give the variable {name} the value that the pipeline has today; a snapshot never holds it."
        ));
        hcl::reference(&["var", &name])
    }

    /// What happens before a stage, or after it succeeded or failed.
    fn gate(&self, gate: &Object, argument: &str) -> Result<Block, NoFix> {
        self.only(gate, &["Result", "RetryConfiguration", "Conditions"])?;
        let mut block = hcl::block(argument, &[]);
        set_text(&mut block, "result", text(gate, "Result"));
        if let Some(retry) = gate.get("RetryConfiguration").and_then(Value::as_object) {
            let mut inner = hcl::block("retry_configuration", &[]);
            set_text(&mut inner, "retry_mode", text(retry, "RetryMode"));
            hcl::nest(&mut block, inner);
        }
        let conditions = objects(gate.get("Conditions"));
        if conditions.len() > 1 {
            return Err(self.incomplete("Conditions"));
        }
        for condition in conditions {
            self.only(condition, &["Result", "Rules"])?;
            let mut inner = hcl::block("condition", &[]);
            set_text(&mut inner, "result", text(condition, "Result"));
            for rule in objects(condition.get("Rules")) {
                hcl::nest(&mut inner, self.rule(rule)?);
            }
            hcl::nest(&mut block, inner);
        }
        Ok(block)
    }

    fn rule(&self, rule: &Object) -> Result<Block, NoFix> {
        self.only(
            rule,
            &[
                "Name",
                "RuleTypeId",
                "Configuration",
                "InputArtifacts",
                "Commands",
                "RoleArn",
                "Region",
                "TimeoutInMinutes",
            ],
        )?;
        let kind = rule.get("RuleTypeId").and_then(Value::as_object).ok_or_else(|| self.incomplete("RuleTypeId"))?;
        let mut block = hcl::block("rule", &[]);
        hcl::set(&mut block, "name", hcl::string(self.required(rule, "Name")?));
        set_text(&mut block, "role_arn", text(rule, "RoleArn"));
        set_text(&mut block, "region", text(rule, "Region"));
        set_number(&mut block, "timeout_in_minutes", rule.get("TimeoutInMinutes"));
        set_list(&mut block, "input_artifacts", artifacts(rule, "InputArtifacts"));
        set_list(&mut block, "commands", strings(rule, "Commands"));
        if let Some(configuration) = rule.get("Configuration").and_then(Value::as_object).filter(|map| !map.is_empty())
        {
            let entries = configuration.iter().map(|(key, value)| {
                (key.as_str(), hcl::string(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            });
            hcl::set(&mut block, "configuration", hcl::map(entries));
        }
        let mut inner = hcl::block("rule_type_id", &[]);
        hcl::set(&mut inner, "category", hcl::string(self.required(kind, "Category")?));
        hcl::set(&mut inner, "provider", hcl::string(self.required(kind, "Provider")?));
        set_text(&mut inner, "owner", text(kind, "Owner"));
        set_text(&mut inner, "version", text(kind, "Version"));
        hcl::nest(&mut block, inner);
        Ok(block)
    }
}

fn text<'a>(object: &'a Object, property: &str) -> Option<&'a str> {
    object.get(property).and_then(Value::as_str)
}

fn objects(value: Option<&Value>) -> Vec<&Object> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect()
}

fn strings<'a>(object: &'a Object, property: &str) -> Vec<&'a str> {
    object.get(property).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn artifacts<'a>(object: &'a Object, property: &str) -> Vec<&'a str> {
    objects(object.get(property)).into_iter().filter_map(|artifact| text(artifact, "Name")).collect()
}

fn set_text(block: &mut Block, argument: &str, value: Option<&str>) {
    if let Some(value) = value {
        hcl::set(block, argument, hcl::string(value));
    }
}

fn set_number(block: &mut Block, argument: &str, value: Option<&Value>) {
    if let Some(value) = value.filter(|value| value.is_number()) {
        hcl::set(block, argument, hcl::json(value));
    }
}

fn set_list(block: &mut Block, argument: &str, values: Vec<&str>) {
    if !values.is_empty() {
        hcl::set(block, argument, hcl::strings(values));
    }
}
