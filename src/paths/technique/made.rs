//! Names for what a technique makes, or finds without the snapshot telling: whoever makes a thing chooses its name, so
//! one that some policy allows is as good as any.

use super::Named;
use crate::access::{Access, Among, MADE};
use crate::base::Arn;
use crate::inventory::Inventory;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Part of the names of what is there and was not read.
const UNSEEN: &str = "foureyes-unseen";

/// At most so many regions are tried: the account's own, in order.
const REGIONS: usize = 3;

/// ARNs that a request could name by this template: one of any name, and one for each pattern by which some policy
/// allows one of the actions.
pub(super) fn names(
    access: &Access<'_>,
    places: &[Place],
    named: &Named,
    actions: &[&str],
    among: &Among,
) -> BTreeSet<Arc<str>> {
    let (template, name) = match named {
        Named::New(template) => (template, MADE),
        Named::Any(template) => (template, UNSEEN),
        _ => return BTreeSet::new(),
    };
    let patterns: Vec<&str> = actions
        .iter()
        .flat_map(|action| access.patterns_that_allow(action, among))
        .filter(|text| !text.contains("${"))
        .collect();
    let mut names = BTreeSet::new();
    for Place { account, partition, regions } in places {
        let fill = |region: &str, name: &str| {
            template
                .replace("PARTITION", partition)
                .replace("REGION", region)
                .replace("ACCOUNT", account)
                .replace("NAME", name)
        };
        names.extend(regions.iter().map(|region| Arc::<str>::from(fill(region, name))));
        let fixed = template.split("NAME").next().unwrap_or_default();
        let Some(head) = Arn::parse(fixed) else {
            continue;
        };
        for pattern in &patterns {
            for region in regions {
                names.extend(instance(pattern, head, name, region, account, partition).map(Arc::from));
            }
        }
    }
    names
}

/// Where things are made.
pub(super) struct Place {
    account: String,
    partition: String,
    /// Those in which the account has something.
    regions: Vec<String>,
}

/// All accounts.
pub(super) fn places(inventory: &Inventory) -> Vec<Place> {
    let mut of_account: FxHashMap<&str, BTreeSet<&str>> = FxHashMap::default();
    for arn in inventory.resources.iter().filter_map(|resource| Arn::parse(&resource.arn)) {
        if !arn.region.is_empty() {
            of_account.entry(arn.account).or_default().insert(arn.region);
        }
    }
    let mut all = Vec::new();
    for account in &inventory.accounts {
        let mut regions = of_account.remove(&*account.id).unwrap_or_default();
        if regions.is_empty() {
            regions.insert("us-east-1");
        }
        let partition = inventory
            .principals
            .iter()
            .filter_map(|principal| Arn::parse(&principal.arn))
            .find(|arn| arn.account == &*account.id)
            .map_or("aws", |arn| arn.partition);
        let regions = regions.into_iter().take(REGIONS).map(str::to_owned).collect();
        all.push(Place { account: account.id.to_string(), partition: partition.to_owned(), regions });
    }
    all
}

/// A name that fits a pattern; `None` where the pattern is of another kind.
fn instance(
    pattern: &str,
    template: Arn<'_>,
    filler: &str,
    region: &str,
    account: &str,
    partition: &str,
) -> Option<String> {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [_, _, of, at, owner, rest] = parts.as_slice() else { return None };
    let (service, begin) = (template.service, template.resource);
    if !of.eq_ignore_ascii_case(service) {
        return None;
    }
    let put = |part: &str, value: &str| {
        if part.contains(['*', '?']) || part.is_empty() { value.to_owned() } else { part.to_owned() }
    };
    let name = rest.replace('*', filler).replace('?', "x");
    let name = if rest.starts_with('*') { format!("{begin}{filler}") } else { name };
    let region = if template.region.is_empty() { String::new() } else { put(at, region) };
    // What no account owns names none.
    let owner = if template.account.is_empty() { String::new() } else { put(owner, account) };
    name.starts_with(begin).then(|| format!("arn:{partition}:{service}:{region}:{owner}:{name}"))
}
