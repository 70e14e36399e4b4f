//! Names for what a technique makes, or finds without the snapshot telling: whoever makes a thing chooses its name, so
//! one that some policy allows is as good as any.

use super::Named;
use crate::access::{Access, Among, MADE};
use crate::base::Arn;
use crate::inventory::Inventory;
use rustc_hash::{FxHashMap, FxHashSet};
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
    let head = Arn::parse(template.split("NAME").next().unwrap_or_default());
    let mut written: Vec<&str> = actions
        .iter()
        .flat_map(|action| access.patterns_that_allow(action, among))
        .filter(|text| !text.contains("${"))
        .collect();
    written.sort_unstable();
    written.dedup();
    let known: FxHashSet<&str> = places.iter().map(|place| &*place.account).collect();
    // The names of each account; those that may be of any.
    let mut of_account: FxHashMap<&str, Vec<Made<'_>>> = FxHashMap::default();
    let mut of_any: Vec<Made<'_>> = Vec::new();
    for made in written.into_iter().filter_map(|text| Made::by(text, head?, name)) {
        match made.owner {
            Some(owner) if known.contains(owner) => of_account.entry(owner).or_default().push(made),
            _ => of_any.push(made),
        }
    }
    let mut names = BTreeSet::new();
    for place @ Place { account, partition, regions } in places {
        let fill = |region: &str| {
            template
                .replace("PARTITION", partition)
                .replace("REGION", region)
                .replace("ACCOUNT", account)
                .replace("NAME", name)
        };
        names.extend(regions.iter().map(|region| Arc::<str>::from(fill(region))));
        for made in of_any.iter().chain(of_account.get(&**account).into_iter().flatten()) {
            made.add(place, &mut names);
        }
    }
    names
}

/// A name that fits a pattern, but for what the pattern leaves open.
struct Made<'p> {
    /// Of the kind that it is.
    template: Arn<'p>,
    /// `None`: any.
    region: Option<&'p str>,
    /// `None`: any, or whatever is of no account.
    owner: Option<&'p str>,
    name: String,
}

impl<'p> Made<'p> {
    /// `None` where the pattern is of another kind.
    fn by(pattern: &'p str, template: Arn<'p>, filler: &str) -> Option<Made<'p>> {
        let mut parts = pattern.splitn(6, ':').skip(2);
        let (of, region, owner, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if !of.eq_ignore_ascii_case(template.service) {
            return None;
        }
        let begin = template.resource;
        let name = rest.replace('*', filler).replace('?', "x");
        let name = if rest.starts_with('*') { format!("{begin}{filler}") } else { name };
        let fixed = |part: &'p str| (!part.is_empty() && !part.contains(['*', '?'])).then_some(part);
        let made = Made {
            template,
            region: fixed(region),
            // What no account owns names none.
            owner: fixed(owner).filter(|_| !template.account.is_empty()),
            name,
        };
        made.name.starts_with(begin).then_some(made)
    }

    /// The names that it comes to in a place.
    fn add(&self, place: &Place, names: &mut BTreeSet<Arc<str>>) {
        let (template, Place { account, partition, regions }) = (self.template, place);
        let owner = if template.account.is_empty() { "" } else { self.owner.unwrap_or(account) };
        let mut add = |region: &str| {
            names.insert(format!("arn:{partition}:{}:{region}:{owner}:{}", template.service, self.name).into());
        };
        match self.region {
            _ if template.region.is_empty() => add(""),
            Some(region) => add(region),
            None => regions.iter().for_each(|region| add(region)),
        }
    }
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
