//! The indexed model of a snapshot: accounts, principals with the policies that reach them, resources with the
//! environment they belong to. Built once; every distinct policy document is parsed once.

mod build;
mod environment;
mod guise;
pub mod kinds;
mod links;
mod reads;
mod resource_set;
pub mod words;

pub use environment::{Basis, EnvironmentRule, EnvironmentRules, PRODUCTION, Recognition};
pub use guise::{Guise, Supposed};
pub use reads::lists_tags;
pub use resource_set::ResourceSet;

use crate::iam;
use crate::snapshot::Coverage;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// Index of a document in [`Inventory::documents`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub u32);

/// Index of a principal in [`Inventory::principals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrincipalId(pub u32);

/// Index of a resource in [`Inventory::resources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(pub u32);

/// Index of an account in [`Inventory::accounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u32);

/// Everything a snapshot says, ready to be asked.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Accounts by id.
    pub accounts: Vec<Account>,
    /// Managed policies whose document the snapshot holds, by ARN.
    pub policies: BTreeMap<Arc<str>, ManagedPolicy>,
    /// Groups of all accounts, by ARN.
    pub groups: Vec<Group>,
    /// Users and roles of all accounts, by ARN.
    pub principals: Vec<Principal>,
    /// Resources of all accounts, by ARN.
    pub resources: Vec<Resource>,
    /// Distinct policy documents.
    pub documents: Vec<Document>,
    /// Policies that could not be read, and what is wrong with them.
    pub broken: Vec<BrokenPolicy>,
    /// The organisation's id; `None` when it was not visible or the accounts stand alone.
    pub organization: Option<Arc<str>>,
    /// For services that member accounts administer for the whole organisation: the ids of these accounts.
    pub delegated: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// By what environments were recognised.
    pub environment_rules: EnvironmentRules,
    /// When the snapshot was taken: what is old or to come is so by this, and no clock is asked.
    pub collected_at: Option<Arc<str>>,
    /// Made when something is first looked for.
    by_arn: ByArn,
}

/// Where the principal and the resource of an ARN stand.
#[derive(Debug, Default)]
struct ByArn {
    principals: OnceLock<FxHashMap<Arc<str>, u32>>,
    resources: OnceLock<FxHashMap<Arc<str>, u32>>,
}

/// The first of each ARN.
fn by_arn<'a>(arns: impl Iterator<Item = &'a Arc<str>>) -> FxHashMap<Arc<str>, u32> {
    let mut all = FxHashMap::with_capacity_and_hasher(arns.size_hint().0, FxBuildHasher);
    for (at, arn) in (0..).zip(arns) {
        all.entry(Arc::clone(arn)).or_insert(at);
    }
    all
}

/// A distinct document: many attachments may share it.
#[derive(Clone, Debug)]
pub struct Document {
    /// Which elements it may have.
    pub kind: iam::PolicyKind,
    /// The syntax tree; `None` when it cannot be read, or was not in the snapshot.
    pub policy: Option<Arc<iam::Policy>>,
}

/// One account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Twelve digits.
    pub id: Arc<str>,
    /// For people.
    pub alias: Option<String>,
    /// Its place in the organisation, as `aws:PrincipalOrgPaths` has it: `o-…/r-…/ou-…/`; `None`: not known.
    pub path: Option<Arc<str>>,
    /// What is known of its organisation policies.
    pub controls: Controls,
    /// What was asked of it and what came of it.
    pub coverage: Vec<Coverage>,
    /// The same, to look up.
    reads: reads::Reads,
}

/// What is known of the organisation policies over an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Controls {
    /// The account stands alone: there are none.
    None,
    /// They were not read.
    Unseen,
    /// The policies of each level, from the root down to the account.
    Levels {
        /// Service control policies.
        scps: Vec<Vec<Attachment>>,
        /// Resource control policies.
        rcps: Vec<Vec<Attachment>>,
        /// Whether it is the management account, which service control policies never limit.
        management_account: bool,
    },
}

/// What kind of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// An IAM user.
    User,
    /// An IAM role: its sessions.
    Role,
}

/// A user or role.
#[derive(Clone, Debug)]
pub struct Principal {
    /// ARN with path.
    pub arn: Arc<str>,
    /// Name without path.
    pub name: Arc<str>,
    /// User or role.
    pub kind: PrincipalKind,
    /// Its account.
    pub account: AccountId,
    /// Its tags.
    pub tags: Arc<BTreeMap<String, String>>,
    /// ARNs of the groups of a user.
    pub groups: Vec<Arc<str>>,
    /// Identity policies, those of groups included.
    pub policies: Vec<Attachment>,
    /// The permissions boundary.
    pub boundary: Option<Attachment>,
    /// Who may assume the role.
    pub trust: Option<DocumentId>,
    /// Whether AWS keeps the role for a service.
    pub service_linked: bool,
    /// Whether IAM Identity Center keeps the role: nobody changes it but through a permission set.
    pub reserved: bool,
    /// The environment it belongs to, and how that was recognised; `None`: not recognised.
    pub environment: Option<Recognition>,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// The version in force.
    pub document: DocumentId,
    /// How many versions of it there are; of a policy of AWS it is not told.
    pub versions: Option<usize>,
    /// Versions of a policy of the account that are not in force and say something else, with their names.
    pub others: Vec<(Arc<str>, DocumentId)>,
}

/// A group of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// ARN with path.
    pub arn: Arc<str>,
    /// Name without path.
    pub name: Arc<str>,
    /// Its account.
    pub account: AccountId,
    /// What its members get.
    pub policies: Vec<Attachment>,
}

/// A policy as it reaches a principal or resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The document.
    pub document: DocumentId,
    /// ARN of a managed policy, or in words where an inline policy stands.
    pub name: Arc<str>,
    /// ARN of the group that carries it; `None`: attached directly.
    pub through: Option<Arc<str>>,
}

/// A resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// ARN.
    pub arn: Arc<str>,
    /// CloudFormation type.
    pub kind: String,
    /// Its account.
    pub account: AccountId,
    /// Where it lies; `None` for what lies in no region.
    pub region: Option<Arc<str>>,
    /// Tags.
    pub tags: Arc<BTreeMap<String, String>>,
    /// CloudFormation properties.
    pub properties: Arc<serde_json::Map<String, serde_json::Value>>,
    /// Its resource policy.
    pub policy: Option<Attachment>,
    /// Whether the policy was looked for, and there is none.
    pub has_no_policy: bool,
    /// The environment it belongs to, and how that was recognised; `None`: not recognised.
    pub environment: Option<Recognition>,
    /// Stacks that created it.
    pub stacks: Vec<ResourceId>,
}

impl Resource {
    /// A property that is a string.
    pub fn text(&self, property: &str) -> Option<&str> {
        self.properties.get(property).and_then(serde_json::Value::as_str)
    }

    /// Whether it belongs to production.
    pub fn is_production(&self) -> bool {
        self.is_of(environment::PRODUCTION)
    }

    /// Whether it belongs to an environment.
    pub fn is_of(&self, environment: &str) -> bool {
        self.environment.as_ref().is_some_and(|known| known.environment == environment)
    }
}

/// A policy that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokenPolicy {
    /// The policy, as in [`Attachment::name`].
    pub name: Arc<str>,
    /// ARN of what it is attached to.
    pub owner: Arc<str>,
    /// What is wrong.
    pub issues: Vec<iam::Issue>,
    /// Whether it is broken; otherwise it is only missing in the snapshot.
    pub present: bool,
}

impl Inventory {
    /// A principal by its id.
    pub fn principal(&self, id: PrincipalId) -> Option<&Principal> {
        self.principals.get(id.0 as usize)
    }

    /// A resource by its id.
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.get(id.0 as usize)
    }

    /// An account by its id.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id.0 as usize)
    }

    /// A document by its id.
    pub fn document(&self, id: DocumentId) -> Option<&Document> {
        self.documents.get(id.0 as usize)
    }

    /// Finds a principal by ARN.
    pub fn find_principal(&self, arn: &str) -> Option<PrincipalId> {
        // Where guises are, the principal as it is comes first.
        let known = self.by_arn.principals.get_or_init(|| by_arn(self.principals.iter().map(|known| &known.arn)));
        known.get(arn).copied().map(PrincipalId)
    }

    /// Finds a group by ARN.
    pub fn group(&self, arn: &str) -> Option<&Group> {
        let at = self.groups.binary_search_by(|group| (*group.arn).cmp(arn)).ok()?;
        self.groups.get(at)
    }

    /// Finds a resource by ARN.
    pub fn find_resource(&self, arn: &str) -> Option<ResourceId> {
        let known = self.by_arn.resources.get_or_init(|| by_arn(self.resources.iter().map(|known| &known.arn)));
        known.get(arn).copied().map(ResourceId)
    }

    /// Whether the tags of a resource are all its tags: no call that lists tags of its service (`ListTagsOfResource`,
    /// `GetBucketTagging`, …) went unanswered.
    pub fn tags_were_read(&self, resource: &Resource) -> bool {
        let service = crate::base::Arn::parse(&resource.arn).map_or("", |arn| arn.service);
        self.account(resource.account).is_none_or(|account| account.reads.tags(service, resource.region.as_deref()))
    }

    /// Whether a name (of a stage, say) has a part that names production.
    pub fn names_production(&self, name: &str) -> bool {
        let production = self.environment_rules.rules.iter().filter(|rule| rule.name == PRODUCTION);
        let words: Vec<&String> = production.flat_map(|rule| &rule.names).collect();
        let folded = name.to_lowercase();
        let parts: Vec<&str> = folded.split(|character: char| !character.is_alphanumeric()).collect();
        let is_word = |part: &str| words.iter().any(|word| word.eq_ignore_ascii_case(part));
        parts.first().is_some_and(|first| is_word(first))
            || parts.array_windows().any(|[before, part]| is_word(part) && !environment::is_negation(before))
    }

    /// All principals with their ids, in order.
    pub fn principal_ids(&self) -> impl Iterator<Item = (PrincipalId, &Principal)> {
        (0u32..).map(PrincipalId).zip(&self.principals)
    }

    /// All resources with their ids, in order.
    pub fn resource_ids(&self) -> impl Iterator<Item = (ResourceId, &Resource)> {
        (0u32..).map(ResourceId).zip(&self.resources)
    }

    /// The resources of an environment, in order.
    pub fn resources_of(&self, environment: &str) -> Vec<ResourceId> {
        self.resource_ids().filter(|(_, resource)| resource.is_of(environment)).map(|(id, _)| id).collect()
    }

    /// Whether a call was made and read whole in the account: only then does "nothing found" mean "nothing there".
    pub fn was_read(&self, account: AccountId, service: &str, operation: &str) -> bool {
        self.account(account).is_some_and(|account| account.reads.whole(service, operation, None))
    }

    /// As [`Inventory::was_read`], where a resource lies: what was refused in another region says nothing of it.
    pub fn was_read_of(&self, resource: &Resource, service: &str, operation: &str) -> bool {
        let region = resource.region.as_deref();
        self.account(resource.account).is_some_and(|account| account.reads.whole(service, operation, region))
    }

    /// Whether a call was made in the account and did not come through everywhere: what it would have told is missing.
    pub fn was_refused(&self, account: AccountId, service: &str, operation: &str) -> bool {
        self.account(account).is_some_and(|account| account.reads.refused(service, operation))
    }
}
