//! Answers of AWS Config and of Cloud Control become resources of a snapshot.
//!
//! Sources: <https://docs.aws.amazon.com/config/latest/APIReference/API_SelectResourceConfig.html>,
//! <https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html>,
//! <https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_GetResource.html>

use super::kinds::{KINDS, Kind};
use crate::base::{Arn, arn::is_account_id};
use crate::snapshot::{Document, Resource};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// One answer of either, or of a file that AWS Config has delivered.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    /// `SelectResourceConfig`, `SelectAggregateResourceConfig`: JSON in strings.
    #[serde(rename = "Results")]
    results: Option<Vec<Value>>,
    /// A snapshot or history that AWS Config has delivered.
    #[serde(rename = "configurationItems")]
    items: Option<Vec<Value>>,
    /// `BatchGetResourceConfig`.
    #[serde(rename = "baseConfigurationItems")]
    base_items: Option<Vec<Value>>,
    /// `GetResource`, `ListResources`.
    #[serde(rename = "TypeName")]
    type_name: Option<String>,
    #[serde(rename = "ResourceDescription")]
    description: Option<Description>,
    #[serde(rename = "ResourceDescriptions")]
    descriptions: Option<Vec<Description>>,
    #[serde(rename = "NextToken", alias = "nextToken")]
    next_token: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Description {
    #[serde(rename = "Identifier", default)]
    identifier: String,
    /// JSON in a string; an object where somebody has unpacked it.
    #[serde(rename = "Properties", default)]
    properties: Value,
}

/// A resource and the account it is in.
pub(super) type Found = (String, Resource);

/// Why an entry is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Left {
    NotJson,
    NoType,
    NoArn,
    NoAccount,
    Deleted,
    /// Users, groups, roles and policies, without their documents.
    Principal,
}

impl Left {
    /// What to tell of `count` such entries.
    pub fn note(self, count: usize) -> String {
        match self {
            Left::NotJson => format!("entries that are not JSON objects: {count}"),
            Left::NoType => format!("entries without `resourceType`: {count}; put it into the query"),
            Left::NoArn => format!("entries without an ARN: {count}; put `arn` into the query"),
            Left::NoAccount => {
                format!(
                    "entries that do not name their account: {count}; put `accountId` into the query, or give --config-account"
                )
            }
            Left::Deleted => format!("entries of resources that were deleted: {count}"),
            Left::Principal => format!(
                "users, groups, roles and policies: {count}; AWS Config tells too little of them, so give the output of \
                 `aws iam get-account-authorization-details` as well"
            ),
        }
    }
}

impl Answer {
    /// Whether this is an answer of AWS Config.
    pub fn is_of_config(&self) -> bool {
        self.results.is_some() || self.items.is_some() || self.base_items.is_some()
    }

    /// Whether this is an answer of Cloud Control.
    pub fn is_of_cloud_control(&self) -> bool {
        self.description.is_some() || self.descriptions.is_some()
    }

    /// Whether the answer says that another follows.
    pub fn more(&self) -> bool {
        self.next_token.is_some()
    }

    /// Every entry as a resource, or why it is left out. `account` is that of entries which do not name theirs.
    pub fn resources(self, account: Option<&str>) -> impl Iterator<Item = Result<Found, Left>> {
        let lists = [self.results, self.items, self.base_items];
        let items = lists.into_iter().flatten().flatten().map(move |item| of_config(item, account));
        let kind = self.type_name.unwrap_or_default();
        let descriptions = self.description.into_iter().chain(self.descriptions.into_iter().flatten());
        let resources = descriptions.map(move |one| of_cloud_control(&kind, one, account));
        items.chain(resources)
    }
}

/// A value that may be JSON in a string.
fn unpacked(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
        value => value,
    }
}

fn of_config(item: Value, account: Option<&str>) -> Result<Found, Left> {
    let Value::Object(mut item) = unpacked(item) else { return Err(Left::NotJson) };
    let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = text("resourceType").ok_or(Left::NoType)?.to_owned();
    if text("configurationItemStatus").is_some_and(|status| status.starts_with("ResourceDeleted")) {
        return Err(Left::Deleted);
    }
    let place = Place {
        arn: text("arn").or(text("ARN")).map(str::to_owned),
        account: text("accountId").or(text("awsAccountId")).or(account).map(str::to_owned),
        region: text("awsRegion").map(str::to_owned),
    };
    let tags = item.get("tags").map(tags).unwrap_or_default();
    let configuration = unpacked(item.remove("configuration").unwrap_or_default());
    let mut supplementary = item.remove("supplementaryConfiguration").unwrap_or_default();
    for value in supplementary.as_object_mut().into_iter().flat_map(|object| object.values_mut()) {
        // Each may be JSON in a string; a text that is none stays one.
        if let Some(json) = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            *value = json;
        }
    }
    resource(kind, place, tags, &configuration, &supplementary)
}

fn of_cloud_control(kind: &str, description: Description, account: Option<&str>) -> Result<Found, Left> {
    if kind.is_empty() {
        return Err(Left::NoType);
    }
    let properties = unpacked(description.properties);
    let object = properties.as_object().ok_or(Left::NotJson)?;
    let known = ["Tags", "HostedZoneTags", "HealthCheckTags", "UserPoolTags", "BackupVaultTags", "BackupPlanTags"];
    let tags = known.iter().find_map(|name| object.get(*name)).map(tags).unwrap_or_default();
    let identifier = Some(description.identifier).filter(|identifier| identifier.starts_with("arn:"));
    let place = Place { arn: identifier, account: account.map(str::to_owned), region: None };
    resource(kind.to_owned(), place, tags, &properties, &Value::Null)
}

/// What an entry says of where the resource is.
struct Place {
    arn: Option<String>,
    account: Option<String>,
    region: Option<String>,
}

fn resource(
    kind: String,
    place: Place,
    tags: BTreeMap<String, String>,
    configuration: &Value,
    supplementary: &Value,
) -> Result<Found, Left> {
    if matches!(
        kind.as_str(),
        "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::IAM::Role" | "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy"
    ) {
        return Err(Left::Principal);
    }
    let known = KINDS.get(&kind);
    let find = |kind: &Kind| {
        let found = kind.arn.iter().find_map(|path| path.find(configuration, &Value::Null)?.as_str());
        found.filter(|arn| arn.starts_with("arn:")).map(str::to_owned)
    };
    let properties = known.map(|kind| kind.properties(configuration, supplementary)).unwrap_or_default();
    let arn = place
        .arn
        .or_else(|| known.and_then(find))
        .or_else(|| built(&kind, &properties, place.account.as_deref()))
        .ok_or(Left::NoArn)?;
    // The ARN of a log group may end as in a policy.
    let arn = arn.strip_suffix(":*").map(str::to_owned).unwrap_or(arn);
    let parsed = Arn::parse(&arn).ok_or(Left::NoArn)?;
    let of_arn = Some(parsed.account).filter(|account| is_account_id(account));
    let account =
        place.account.as_deref().filter(|account| is_account_id(account)).or(of_arn).ok_or(Left::NoAccount)?;
    let region = place.region.or_else(|| Some(parsed.region.to_owned()));
    let found = Resource {
        region: region.filter(|region| !region.is_empty() && region != "global"),
        policy: known.and_then(|kind| policy(kind, configuration, supplementary)),
        kind,
        tags,
        properties,
        arn: arn.clone(),
    };
    Ok((account.to_owned(), found))
}

/// The ARN of a type whose properties hold none.
fn built(kind: &str, properties: &serde_json::Map<String, Value>, account: Option<&str>) -> Option<String> {
    let text = |name: &str| properties.get(name)?.as_str().filter(|text| !text.is_empty());
    Some(match kind {
        "AWS::S3::Bucket" => format!("arn:aws:s3:::{}", text("BucketName")?),
        "AWS::Route53::HostedZone" => format!("arn:aws:route53:::hostedzone/{}", text("Id")?),
        "AWS::Route53::HealthCheck" => format!("arn:aws:route53:::healthcheck/{}", text("HealthCheckId")?),
        "AWS::Cognito::IdentityPool" => {
            let id = text("Id")?;
            let (region, _) = id.split_once(':')?;
            format!("arn:aws:cognito-identity:{region}:{}:identitypool/{id}", account?)
        }
        _ => return None,
    })
}

/// A list of keys and values, or an object.
fn tags(value: &Value) -> BTreeMap<String, String> {
    let pair = |tag: &Value| {
        let text = |upper: &str, lower: &str| tag.get(upper).or_else(|| tag.get(lower))?.as_str().map(str::to_owned);
        Some((text("Key", "key")?, text("Value", "value").unwrap_or_default()))
    };
    match value {
        Value::Array(tags) => tags.iter().filter_map(pair).collect(),
        Value::Object(tags) => {
            tags.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The resource's policy, where one stands that has statements.
fn policy(kind: &Kind, configuration: &Value, supplementary: &Value) -> Option<Document> {
    let found = kind.policy.iter().find_map(|path| path.find(configuration, supplementary))?;
    let text = match found {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let has_statements = serde_json::from_str::<Value>(&text).ok()?.get("Statement").is_some();
    if has_statements { RawValue::from_string(text).ok().map(Document) } else { None }
}
