//! Which properties are taken from AWS Config and Cloud Control, and in which form: `kinds.txt`, read.

use crate::snapshot::{is_harmless, without_credentials};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

/// One type of resources.
pub(super) struct Kind {
    /// Properties that may hold the ARN.
    pub arn: Vec<Path>,
    /// What is taken.
    pub fields: Vec<Field>,
    /// Where the resource's policy stands.
    pub policy: Vec<Path>,
}

/// Where a value stands.
pub(super) struct Path {
    /// In what AWS Config calls the supplementary configuration.
    supplementary: bool,
    steps: Vec<String>,
}

/// One property that is taken.
pub(super) struct Field {
    name: String,
    from: Vec<Path>,
    form: Form,
}

/// What becomes of a value.
enum Form {
    /// A text, number or boolean, or a list of them; anything else is left out.
    Plain,
    /// An object, or a list of objects: these fields of each.
    Parts(Vec<Field>),
    /// `@address`: without credentials and query.
    Address,
    /// `@names`: of environment variables, whose values are secrets.
    Names,
    /// `@enabled`: whether a text is `ENABLED`; nothing but that and `DISABLED` is known.
    Enabled,
    /// `@status`: `Enabled` for true, `Disabled` for false.
    Status,
    /// `@versioning`: of a bucket; AWS Config calls `Off` what S3 has no word for.
    Versioning,
    /// `@harmless`: of a pipeline action's configuration, what is known to hold no secret.
    Harmless,
    /// `@json`: an object as it is, also where it comes as text.
    Json,
    /// `@lists`: lists of lists of webhook filters.
    Lists,
}

/// The types, by name.
pub(super) static KINDS: LazyLock<HashMap<String, Kind>> = LazyLock::new(|| read(include_str!("kinds.txt")));

/// What is taken of a webhook's filter.
static FILTER: LazyLock<Vec<Field>> = LazyLock::new(|| read_fields(&mut tokens("Type Pattern ExcludeMatchedPattern")));

impl Kind {
    /// What is taken of a resource, from its configuration and the supplementary one.
    pub fn properties(&self, configuration: &Value, supplementary: &Value) -> Map<String, Value> {
        let mut taken = Map::new();
        take(&self.fields, configuration, supplementary, &mut taken);
        taken
    }
}

impl Path {
    /// The value there, unless it is null.
    pub fn find<'v>(&self, configuration: &'v Value, supplementary: &'v Value) -> Option<&'v Value> {
        let start = if self.supplementary { supplementary } else { configuration };
        self.steps.iter().try_fold(start, |value, step| member(value, step)).filter(|value| !value.is_null())
    }
}

/// A member of an object, whatever the case of its name; the right case is preferred.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    let folded = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    object.get(name).or_else(folded)
}

fn take(fields: &[Field], configuration: &Value, supplementary: &Value, taken: &mut Map<String, Value>) {
    for field in fields {
        let found = field.from.iter().find_map(|path| path.find(configuration, supplementary));
        if let Some(value) = found.and_then(|value| field.form.of(value)) {
            taken.entry(field.name.clone()).or_insert(value);
        }
    }
}

impl Form {
    fn of(&self, value: &Value) -> Option<Value> {
        match self {
            Form::Plain => plain(value),
            Form::Parts(fields) => parts(fields, value),
            Form::Address => Some(without_credentials(value.as_str()?).into()),
            Form::Names => names(value),
            Form::Enabled => match value.as_str()? {
                "ENABLED" | "ENABLING" | "UPDATING" => Some(true.into()),
                "DISABLED" | "DISABLING" => Some(false.into()),
                _ => None,
            },
            Form::Status => Some(if value.as_bool()? { "Enabled" } else { "Disabled" }.into()),
            Form::Versioning => value.as_str().filter(|text| matches!(*text, "Enabled" | "Suspended")).map(Value::from),
            Form::Harmless => {
                let kept = |(key, value): (&String, &Value)| Some((key.clone(), plain(value)?));
                let harmless = value.as_object()?.iter().filter(|(key, _)| is_harmless(key));
                Some(Value::Object(harmless.filter_map(kept).collect()))
            }
            Form::Json => match value {
                Value::Object(_) => Some(value.clone()),
                Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object),
                _ => None,
            },
            Form::Lists => {
                let groups = value.as_array()?.iter().filter_map(|group| parts(&FILTER, group));
                Some(groups.collect())
            }
        }
    }
}

fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Array(items) => items.iter().map(|item| plain(item).filter(|item| !item.is_array())).collect(),
        value => Some(value.clone()),
    }
}

fn parts(fields: &[Field], value: &Value) -> Option<Value> {
    match value {
        Value::Object(_) => {
            let mut taken = Map::new();
            take(fields, value, &Value::Null, &mut taken);
            Some(Value::Object(taken))
        }
        Value::Array(items) => items.iter().filter(|item| item.is_object()).map(|item| parts(fields, item)).collect(),
        _ => None,
    }
}

/// From an object, or from a list of objects with a name each.
fn names(value: &Value) -> Option<Value> {
    let mut names: Vec<&str> = match value {
        Value::Object(variables) => variables.keys().map(String::as_str).collect(),
        Value::Array(variables) => variables.iter().filter_map(|one| member(one, "Name")?.as_str()).collect(),
        _ => return None,
    };
    names.sort_unstable();
    names.dedup();
    Some(names.into())
}

/// The lines of `kinds.txt`, a test holds that nothing in it is misunderstood.
fn read(text: &str) -> HashMap<String, Kind> {
    let mut kinds = HashMap::new();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for paragraph in lines.split(|line| line.trim().is_empty()) {
        let Some((first, rest)) = paragraph.split_first() else { continue };
        let (name, arn) = first.split_once(' ').unwrap_or((first, ""));
        let body = rest.join(" ");
        let mut fields = read_fields(&mut tokens(&body));
        let (policy, fields): (Vec<Field>, Vec<Field>) = fields.drain(..).partition(|field| field.name == "policy");
        let policy = policy.into_iter().flat_map(|field| field.from).collect();
        kinds.insert(name.to_owned(), Kind { arn: paths(arn), fields, policy });
    }
    kinds
}

fn tokens(text: &str) -> std::vec::IntoIter<String> {
    let spaced = text.replace('{', " { ").replace('}', " } ");
    spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn read_fields(tokens: &mut std::vec::IntoIter<String>) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "}" => break,
            "{" => {
                let parts = read_fields(tokens);
                if let Some(field) = fields.last_mut() {
                    field.form = Form::Parts(parts);
                }
            }
            _ => {
                let (left, form) = token.split_once('@').unwrap_or((&token, ""));
                let (name, from) = left.split_once('=').unwrap_or((left, left));
                fields.push(Field { name: name.to_owned(), from: paths(from), form: form_named(form) });
            }
        }
    }
    fields
}

fn form_named(name: &str) -> Form {
    match name {
        "address" => Form::Address,
        "names" => Form::Names,
        "enabled" => Form::Enabled,
        "status" => Form::Status,
        "versioning" => Form::Versioning,
        "harmless" => Form::Harmless,
        "json" => Form::Json,
        "lists" => Form::Lists,
        _ => Form::Plain,
    }
}

fn paths(text: &str) -> Vec<Path> {
    let path = |text: &str| Path {
        supplementary: text.starts_with('+'),
        steps: text.trim_start_matches('+').split('.').map(str::to_owned).collect(),
    };
    text.split('|').filter(|part| !part.is_empty()).map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_file_is_understood() {
        let text = include_str!("kinds.txt");
        let heads = text.lines().filter(|line| line.starts_with("AWS::"));
        assert_eq!(KINDS.len(), heads.count());
        assert_eq!(text.matches('{').count(), text.matches('}').count());
        let forms = ["address", "names", "enabled", "status", "versioning", "harmless", "json", "lists"];
        let body: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        for piece in body.join(" ").split('@').skip(1) {
            assert!(forms.iter().any(|form| piece.starts_with(form)), "@{}", piece.get(..12).unwrap_or(piece));
        }
        for (name, kind) in KINDS.iter() {
            assert!(!kind.fields.is_empty(), "{name}");
            assert!(kind.fields.iter().all(|field| field.name.starts_with(|c: char| c.is_ascii_uppercase())), "{name}");
        }
    }

    #[test]
    fn objects_that_nobody_named_stay_outside() {
        let kind = &KINDS["AWS::Lambda::Function"];
        let configuration = json!({"functionName": "f", "ROLE": "r", "runtime": {"value": "SECRET"}, "handler": ["a", {"b": "SECRET"}],
            "environment": {"variables": {"KEY": "SECRET", "A": "SECRET"}}, "description": "SECRET"});
        let taken = Value::Object(kind.properties(&configuration, &Value::Null));
        assert_eq!(taken, json!({"FunctionName": "f", "Role": "r", "EnvironmentVariableNames": ["A", "KEY"]}));
    }

    #[test]
    fn the_first_that_is_there_counts() {
        let kind = &KINDS["AWS::DynamoDB::Table"];
        let of =
            |configuration: Value, supplementary: Value| Value::Object(kind.properties(&configuration, &supplementary));
        let of_config = json!({"tableName": "t", "ssedescription": {"status": "ENABLED", "kmsmasterKeyArn": "k"},
            "billingModeSummary": {"billingMode": "PROVISIONED"}});
        let more = json!({"ContinuousBackupsDescription": {"continuousBackupsStatus": "ENABLED",
            "pointInTimeRecoveryDescription": {"pointInTimeRecoveryStatus": "DISABLED"}}});
        assert_eq!(
            of(of_config, more),
            json!({"TableName": "t", "BillingMode": "PROVISIONED", "SSESpecification": {"SSEEnabled": true, "KMSMasterKeyId": "k"},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false},
                "ContinuousBackups": {"ContinuousBackupsStatus": "ENABLED"}})
        );
        let of_cloud_control =
            json!({"TableName": "t", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
        assert_eq!(of(of_cloud_control.clone(), Value::Null), of_cloud_control);
    }
}
