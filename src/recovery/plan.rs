//! Whether a plan of AWS Backup selects a store.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html>

use super::Answer;
use crate::base::{Arn, Glob};
use crate::inventory::{AccountId, Inventory, Resource};
use serde_json::Value;

/// What the plans of all accounts select.
pub(super) struct Plans(Vec<Selection>);

/// One selection of a plan.
struct Selection {
    account: AccountId,
    region: String,
    resources: Vec<Glob>,
    excluded: Vec<Glob>,
    /// Tags of which one must be there, where there are no others.
    tags: Vec<(String, String)>,
    conditions: Vec<(Test, String, Glob)>,
    /// Whether it was read what the selection holds.
    read: bool,
}

/// A condition on a tag.
#[derive(Clone, Copy)]
enum Test {
    Is,
    IsNot,
}

impl Plans {
    pub fn new(inventory: &Inventory) -> Plans {
        let mut all = Vec::new();
        for plan in inventory.resources.iter().filter(|resource| resource.kind == "AWS::Backup::BackupPlan") {
            let region = Arn::parse(&plan.arn).map_or("", |arn| arn.region);
            match plan.properties.get("Selections").and_then(Value::as_array) {
                Some(selections) => {
                    all.extend(selections.iter().map(|selection| Selection::new(plan.account, region, selection)));
                }
                None => all.push(Selection::new(plan.account, region, &Value::Null)),
            }
        }
        Plans(all)
    }

    /// Whether a plan of the store's account selects it; `None`: the account has no plan that selects anything.
    pub fn select(&self, inventory: &Inventory, store: &Resource) -> Option<Answer> {
        let of_arn = Arn::parse(&store.arn).map_or("", |arn| arn.region);
        let region = store.region.as_deref().unwrap_or(of_arn);
        let mut of_account = self.0.iter().filter(|selection| selection.account == store.account).peekable();
        of_account.peek()?;
        let mut answer = Answer::No;
        for selection in of_account.filter(|selection| region.is_empty() || selection.region == region) {
            match selection.selects(inventory, store) {
                Answer::Yes => return Some(Answer::Yes),
                Answer::Unknown => answer = Answer::Unknown,
                Answer::No => {}
            }
        }
        Some(answer)
    }
}

impl Selection {
    fn new(account: AccountId, region: &str, value: &Value) -> Selection {
        let texts = |name: &str| {
            let all = value.get(name).and_then(Value::as_array);
            all.into_iter().flatten().filter_map(Value::as_str).map(Glob::new).collect()
        };
        let pair = |value: &Value| {
            let text = |name: &str| value.get(name).and_then(Value::as_str);
            Some((tag_key(text("ConditionKey")?).to_owned(), text("ConditionValue")?.to_owned()))
        };
        let pairs = |value: Option<&Value>| -> Vec<(String, String)> {
            value.and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect()
        };
        let mut conditions = Vec::new();
        for (name, test, exact) in [
            ("StringEquals", Test::Is, true),
            ("StringNotEquals", Test::IsNot, true),
            ("StringLike", Test::Is, false),
            ("StringNotLike", Test::IsNot, false),
        ] {
            let all = pairs(value.get("Conditions").and_then(|conditions| conditions.get(name)));
            // A star in an exact value is a star; no tag value that matters holds one.
            conditions.extend(
                all.into_iter()
                    .filter(|(_, wanted)| !exact || !wanted.contains(['*', '?']))
                    .map(|(key, wanted)| (test, key, Glob::new(&wanted))),
            );
        }
        let resources: Vec<Glob> = texts("Resources");
        let tags = pairs(value.get("ListOfTags"));
        Selection {
            account,
            region: region.to_owned(),
            read: value.get("Resources").is_some() || value.get("ListOfTags").is_some(),
            excluded: texts("NotResources"),
            conditions,
            resources,
            tags,
        }
    }

    fn selects(&self, inventory: &Inventory, store: &Resource) -> Answer {
        if !self.read {
            return Answer::Unknown;
        }
        if self.excluded.iter().any(|glob| glob.matches(&store.arn)) {
            return Answer::No;
        }
        let named = self.resources.iter().any(|glob| glob.matches(&store.arn));
        let tagged = self.tags.iter().any(|(key, value)| store.tags.get(key) == Some(value));
        let holds = |(test, key, wanted): &(Test, String, Glob)| {
            let matches = store.tags.get(key).is_some_and(|value| wanted.matches(value));
            match test {
                Test::Is => matches,
                Test::IsNot => !matches,
            }
        };
        let all_hold = self.conditions.iter().all(holds);
        let tags_read = inventory.tags_were_read(store);
        if (named || tagged) && all_hold {
            Answer::Yes
        } else if !tags_read && (named || !self.tags.is_empty()) {
            Answer::Unknown
        } else {
            Answer::No
        }
    }
}

/// The key of a tag, as conditions write it: `aws:ResourceTag/env`.
fn tag_key(written: &str) -> &str {
    written.strip_prefix("aws:ResourceTag/").unwrap_or(written)
}
