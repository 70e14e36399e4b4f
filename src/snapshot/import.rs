//! The plain output of `aws iam get-account-authorization-details`, whole or in pages, becomes a snapshot of one account.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

mod gather;
mod kinds;
mod others;

pub use gather::{IMPORT_LIMIT, import, import_text};

use super::parse::Parsed;
use super::{
    Account, AuthorizationDetails, Coverage, GroupDetail, ManagedPolicy, Outcome, Problem, RoleDetail, SCHEMA,
    Snapshot, UserDetail,
};
use crate::base::arn::account_of;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, HashSet};

/// One answer of the API, or what the AWS CLI makes of all. A list that is absent is not a list that is empty.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct Page {
    user_detail_list: Option<Vec<UserDetail>>,
    group_detail_list: Option<Vec<GroupDetail>>,
    role_detail_list: Option<Vec<RoleDetail>>,
    policies: Option<Vec<ManagedPolicy>>,
    is_truncated: Option<bool>,
    /// Where the next page starts, as the API says it.
    marker: Option<IgnoredAny>,
    /// The same as the CLI says it after `--max-items`.
    next_token: Option<IgnoredAny>,
}

impl Page {
    /// Whether the page says that another follows.
    fn more(&self) -> bool {
        self.is_truncated.unwrap_or(self.marker.is_some() || self.next_token.is_some())
    }

    /// How many users, groups, roles and policies are in each account; AWS's own policies are in none.
    fn tally(&self) -> BTreeMap<&str, usize> {
        let users = self.user_detail_list.iter().flatten().map(|user| &user.arn);
        let groups = self.group_detail_list.iter().flatten().map(|group| &group.arn);
        let roles = self.role_detail_list.iter().flatten().map(|role| &role.arn);
        let policies = self.policies.iter().flatten().map(|policy| &policy.arn);
        let mut tally = BTreeMap::new();
        for account in users.chain(groups).chain(roles).chain(policies).filter_map(|arn| account_of(arn)) {
            let count: &mut usize = tally.entry(account).or_default();
            *count = count.saturating_add(1);
        }
        tally
    }
}

/// Reads JSON values one after the other, each a page or an array of pages.
pub(super) fn pages(text: &str) -> Result<Vec<Page>, serde_json::Error> {
    let values = serde_json::Deserializer::from_str(text);
    if text.trim_start().starts_with('[') {
        let arrays: Vec<Vec<Page>> = values.into_iter().collect::<Result<_, _>>()?;
        Ok(arrays.into_iter().flatten().collect())
    } else {
        values.into_iter().collect()
    }
}

/// Joins pages into a snapshot.
pub(super) fn details(pages: Vec<Page>) -> Result<Parsed, Problem> {
    let mut notes = vec![
        "this is the output of `aws iam get-account-authorization-details`: organization policies, Amplify and \
         DynamoDB are not part of it and stay unknown"
            .to_owned(),
    ];
    let id = account(&pages, &mut notes)?;
    let missing = missing(&pages);
    let mut details = AuthorizationDetails::default();
    for page in pages {
        details.user_detail_list.extend(page.user_detail_list.into_iter().flatten());
        details.group_detail_list.extend(page.group_detail_list.into_iter().flatten());
        details.role_detail_list.extend(page.role_detail_list.into_iter().flatten());
        details.policies.extend(page.policies.into_iter().flatten());
    }
    let repeated = [
        keep_first(&mut details.user_detail_list, |user| &user.arn),
        keep_first(&mut details.group_detail_list, |group| &group.arn),
        keep_first(&mut details.role_detail_list, |role| &role.arn),
        keep_first(&mut details.policies, |policy| &policy.arn),
    ];
    let repeated = repeated.into_iter().fold(0_usize, usize::saturating_add);
    if repeated > 0 {
        notes.push(format!("entries whose ARN came before: {repeated}; the first of each is used"));
    }
    notes.extend(missing.clone());
    let account = Account {
        id,
        alias: None,
        parent: None,
        policies: Vec::new(),
        authorization_details: details,
        resources: Vec::new(),
        coverage: coverage(missing),
    };
    let snapshot =
        Snapshot { schema: SCHEMA.to_owned(), collected_at: None, organization: None, accounts: vec![account] };
    Ok((snapshot, notes))
}

/// The account that the entries belong to. One answer of AWS describes one account, so entries of another are a slip of
/// whoever edited the file if they are few, and a mixture of accounts if they are many or fill a page.
fn account(pages: &[Page], notes: &mut Vec<String>) -> Result<String, Problem> {
    let mut total: BTreeMap<&str, usize> = BTreeMap::new();
    let mut leaders = HashSet::new();
    for page in pages {
        let tally = page.tally();
        leaders.extend(tally.iter().max_by_key(|(_, count)| **count).map(|(account, _)| *account));
        for (account, count) in tally {
            let sum = total.entry(account).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    let all = total.values().fold(0_usize, |sum, count| sum.saturating_add(*count));
    let (leader, count) = total.iter().max_by_key(|(_, count)| **count).ok_or(Problem::NoAccount)?;
    let others = all.saturating_sub(*count);
    if leaders.len() > 1 || others.saturating_mul(10) > all {
        let mut accounts: Vec<_> = total.iter().map(|(account, count)| ((*account).to_owned(), *count)).collect();
        accounts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        return Err(Problem::SeveralAccounts(accounts));
    }
    if others > 0 {
        notes.push(format!("{others} of {all} entries have an ARN of another account than `{leader}`; they are kept"));
    }
    Ok((*leader).to_owned())
}

/// Why the pages do not describe the whole account, if they do not.
fn missing(pages: &[Page]) -> Option<String> {
    let lists = [
        ("UserDetailList", pages.iter().any(|page| page.user_detail_list.is_some())),
        ("GroupDetailList", pages.iter().any(|page| page.group_detail_list.is_some())),
        ("RoleDetailList", pages.iter().any(|page| page.role_detail_list.is_some())),
        ("Policies", pages.iter().any(|page| page.policies.is_some())),
    ];
    let absent: Vec<_> = lists.iter().filter(|(_, there)| !there).map(|(name, _)| format!("`{name}`")).collect();
    if !absent.is_empty() {
        return Some(format!("the file does not have {}", absent.join(", ")));
    }
    // Pages may stand in any order, but one of them must be the last.
    let last = pages.iter().any(|page| !page.more());
    (!last).then(|| "the file lacks the last page: every page says that another follows".to_owned())
}

fn coverage(missing: Option<String>) -> Vec<Coverage> {
    let entry = |service: &str, operation: &str, outcome, detail| Coverage {
        service: service.to_owned(),
        operation: operation.to_owned(),
        region: None,
        outcome,
        detail,
    };
    let outcome = if missing.is_some() { Outcome::Failed } else { Outcome::Ok };
    let absent =
        |what: &str| Some(format!("{what} not part of the output of `aws iam get-account-authorization-details`"));
    vec![
        entry("amplify", "ListApps", Outcome::Unsupported, absent("apps, branches and their settings are")),
        entry("dynamodb", "ListTables", Outcome::Unsupported, absent("tables, their settings and policies are")),
        entry("iam", "GetAccountAuthorizationDetails", outcome, missing),
        entry("organizations", "ListPolicies", Outcome::Unsupported, absent("organization policies are")),
    ]
}

/// Drops entries whose ARN came before; how many.
fn keep_first<T>(entries: &mut Vec<T>, arn: fn(&T) -> &str) -> usize {
    let before = entries.len();
    let mut seen = HashSet::new();
    entries.retain(|entry| arn(entry).is_empty() || seen.insert(arn(entry).to_owned()));
    before.saturating_sub(entries.len())
}
