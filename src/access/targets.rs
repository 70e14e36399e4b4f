//! The resources a question is about, and which of them statements can tell apart.

use super::index::Relevant;
use crate::base::{Arn, Glob, arn};
use crate::catalog;
use crate::engine::{Tags, Target};
use crate::iam::Version;
use crate::inventory::{DocumentId, Inventory, Resource, ResourceId};
use fixedbitset::FixedBitSet;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What an action is asked of.
#[derive(Default)]
pub struct Targets<'t> {
    all: Vec<(Target<'t>, Option<ResourceId>)>,
    /// Positions of what [`Targets::aim`] added.
    aimed: FxHashMap<String, u32>,
}

/// A resource of the inventory as a target.
pub fn target_of<'t>(inventory: &'t Inventory, resource: &'t Resource) -> Target<'t> {
    let account = inventory.account(resource.account).map(|account| Cow::Borrowed(&*account.id));
    Target {
        arn: Cow::Borrowed(&*resource.arn),
        account,
        properties: Some(&resource.properties),
        tags: if inventory.tags_were_read(resource) {
            Tags::All(&resource.tags)
        } else {
            Tags::AtLeast(&resource.tags)
        },
    }
}

impl<'t> Targets<'t> {
    /// Resources of an inventory.
    pub fn of(inventory: &'t Inventory, ids: impl IntoIterator<Item = ResourceId>) -> Targets<'t> {
        let one = |id: ResourceId| {
            let resource = inventory.resource(id)?;
            Some((target_of(inventory, resource), Some(id)))
        };
        Targets { all: ids.into_iter().filter_map(one).collect(), ..Targets::default() }
    }

    /// One more resource of the inventory.
    pub fn push_known(&mut self, inventory: &'t Inventory, id: ResourceId) {
        if let Some(resource) = inventory.resource(id) {
            self.all.push((target_of(inventory, resource), Some(id)));
        }
    }

    /// Something that the inventory does not hold.
    pub fn push(&mut self, target: Target<'t>) {
        self.all.push((target, None));
    }

    /// What a request for the action names when it is aimed at the resource with this ARN: the resource itself, what lies
    /// in it (the objects of a bucket) or what it lies in (the app of a backend environment). Gives the positions;
    /// none where nothing connects the action with the resource.
    pub fn aim(&mut self, inventory: &'t Inventory, action: Option<catalog::Action>, arn: &str) -> Vec<u32> {
        let named = action.map_or_else(|| vec![arn.to_owned()], |action| named_by(action, arn));
        named.into_iter().filter_map(|name| self.add(inventory, name)).collect()
    }

    fn add(&mut self, inventory: &'t Inventory, arn: String) -> Option<u32> {
        if let Some(known) = self.aimed.get(&arn) {
            return Some(*known);
        }
        let position = u32::try_from(self.all.len()).ok()?;
        self.aimed.insert(arn.clone(), position);
        let id = inventory.find_resource(&arn);
        let found = id.and_then(|id| inventory.resource(id)).map(|resource| (target_of(inventory, resource), id));
        self.all.push(found.unwrap_or_else(|| outside(inventory, arn)));
        Some(position)
    }

    /// By position.
    pub fn get(&self, index: u32) -> Option<(&Target<'t>, Option<ResourceId>)> {
        self.all.get(index as usize).map(|(target, id)| (target, *id))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = (&Target<'t>, Option<ResourceId>)> {
        self.all.iter().map(|(target, id)| (target, *id))
    }

    pub(super) fn any_policy(&self, inventory: &Inventory) -> bool {
        self.all
            .iter()
            .any(|(_, id)| id.and_then(|id| inventory.resource(id)).is_some_and(|known| known.policy.is_some()))
    }

    /// KMS grants are given to principals, whatever their policies.
    pub(super) fn any_key(&self) -> bool {
        self.all.iter().any(|(target, _)| target.arn.contains(":kms:"))
    }

    /// Targets that differ in nothing but their ARN, as far as decisions go.
    pub(super) fn groups(&self, inventory: &Inventory, tags_matter: bool) -> Vec<Vec<u32>> {
        #[derive(PartialEq, Eq, Hash)]
        struct Key<'k> {
            account: Option<&'k str>,
            policy: Option<DocumentId>,
            policy_was_read: bool,
            may_have_policy: bool,
            tags: Option<&'k BTreeMap<String, String>>,
            /// Keys and buckets have properties that count, roles a trust policy.
            own: Option<usize>,
            region: Option<String>,
        }
        let mut found: FxHashMap<Key<'_>, usize> = FxHashMap::default();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for (index, (target, id)) in self.all.iter().enumerate() {
            let resource = id.and_then(|id| inventory.resource(id));
            let special = [":kms:", ":s3:", ":role/"].iter().any(|part| target.arn.contains(part));
            let key = Key {
                account: target.account.as_deref(),
                policy: resource.and_then(|resource| resource.policy.as_ref()).map(|policy| policy.document),
                policy_was_read: resource.is_some_and(|resource| policy_was_read(inventory, resource)),
                may_have_policy: may_have_policy(&target.arn),
                tags: match target.tags {
                    Tags::All(tags) | Tags::AtLeast(tags) if tags_matter => Some(tags),
                    _ => None,
                },
                own: special.then_some(index),
                region: Arn::parse(&target.arn).map(|arn| format!("{}:{}:{}", arn.partition, arn.service, arn.region)),
            };
            let next = groups.len();
            let group = *found.entry(key).or_insert(next);
            if group == next {
                groups.push(Vec::new());
            }
            if let (Some(group), Ok(index)) = (groups.get_mut(group), u32::try_from(index)) {
                group.push(index);
            }
        }
        groups
    }
}

/// What a request for the action names when it is aimed at the resource with this ARN: see [`Targets::aim`].
pub fn named_by(action: catalog::Action, arn: &str) -> Vec<String> {
    if arn == "*" {
        return vec![arn.to_owned()];
    }
    let named = action.request_resources(arn);
    match catalog::resource_type_of(arn) {
        // The catalogue lags behind the services: an ARN it does not know is asked for as it stands.
        None if named.is_empty() => vec![arn.to_owned()],
        // Services share words: a domain of one has nothing to do with a domain of the other.
        Some((service, _)) if service != action.service().prefix() && !action.is_wildcard_only() => {
            named.into_iter().filter(|name| name == arn).collect()
        }
        _ => named,
    }
}

/// Something that is no resource of the inventory: a principal, a part of a resource, or nothing known.
fn outside<'t>(inventory: &'t Inventory, arn: String) -> (Target<'t>, Option<ResourceId>) {
    let known_account = |id| inventory.account(id).map(|account| Cow::Borrowed(&*account.id));
    let mut target = Target {
        account: arn::account_of(&arn).map(|account| Cow::Owned(account.to_owned())),
        arn: Cow::Owned(arn),
        properties: None,
        tags: Tags::Unsaid,
    };
    if let Some(principal) = inventory.find_principal(&target.arn).and_then(|id| inventory.principal(id)) {
        target.tags = Tags::All(&principal.tags);
        return (target, None);
    }
    let owner = inventory.resource_ids().find(|(_, resource)| speaks_for(resource, &target.arn));
    match owner {
        Some((id, owner)) => {
            target.account = known_account(owner.account);
            target.properties = Some(&owner.properties);
            (target, Some(id))
        }
        None => (target, None),
    }
}

/// Whether the resource's policy is the one that speaks for a part of it: an object of a bucket, an index of a table.
fn speaks_for(resource: &Resource, part: &str) -> bool {
    let Some(rest) = part.strip_prefix(&*resource.arn) else { return false };
    match resource.kind.as_str() {
        "AWS::S3::Bucket" => rest.starts_with('/'),
        "AWS::DynamoDB::Table" => rest.starts_with("/index/"),
        _ => false,
    }
}

/// Which targets each resource pattern covers, for the patterns of the documents in question.
pub(super) struct PatternHits<'q> {
    inventory: &'q Inventory,
    hits: FxHashMap<&'q str, Vec<FixedBitSet>>,
    count: usize,
    /// One target, or an action that is asked of `*` anyway: nothing to tell apart by ARN.
    single: bool,
}

impl<'q> PatternHits<'q> {
    pub(super) fn new(
        inventory: &'q Inventory,
        targets: &Targets<'_>,
        relevant: &Relevant,
        wildcard_only: bool,
    ) -> PatternHits<'q> {
        let count = targets.len();
        let single = count <= 1 || wildcard_only;
        let mut hits = FxHashMap::default();
        if !single {
            let mut texts: FxHashSet<&'q str> = FxHashSet::default();
            // Boundaries and organisation policies may say no by saying nothing, so all documents count.
            for index in 0..inventory.documents.len() {
                let Some(id) = u32::try_from(index).ok().map(DocumentId).filter(|id| relevant.contains(*id)) else {
                    continue;
                };
                texts.extend(patterns(inventory, id).0);
            }
            let texts: Vec<&'q str> = texts.into_iter().collect();
            hits = texts.into_par_iter().map(|text| (text, covered(text, targets))).collect();
        }
        PatternHits { inventory, hits, count, single }
    }

    /// Splits a group into targets that the documents cannot tell apart.
    pub(super) fn split(&self, group: &[u32], documents: &[DocumentId]) -> Vec<Vec<u32>> {
        if self.single || group.len() <= 1 {
            return vec![group.to_vec()];
        }
        let mut blocks: Vec<Vec<u32>> = vec![group.to_vec()];
        let controls = self.inventory.accounts.iter().flat_map(|account| match &account.controls {
            crate::inventory::Controls::Levels { scps, rcps, .. } => {
                scps.iter().chain(rcps).flatten().map(|attachment| attachment.document).collect()
            }
            _ => Vec::new(),
        });
        let mut done: FxHashSet<&str> = FxHashSet::default();
        for document in documents.iter().copied().chain(controls) {
            let (texts, variable) = patterns(self.inventory, document);
            if variable {
                return group.iter().map(|target| vec![*target]).collect();
            }
            for text in texts {
                if !done.insert(text) {
                    continue;
                }
                for hits in self.hits.get(text).into_iter().flatten() {
                    let ones = hits.count_ones(..);
                    if ones == 0 || ones == self.count {
                        continue;
                    }
                    let mut next = Vec::with_capacity(blocks.len());
                    for block in blocks {
                        let (inside, outside): (Vec<u32>, Vec<u32>) =
                            block.into_iter().partition(|target| hits.contains(*target as usize));
                        next.extend([inside, outside].into_iter().filter(|part| !part.is_empty()));
                    }
                    blocks = next;
                }
            }
        }
        blocks
    }
}

/// The resource patterns of a document; and whether one has a policy variable.
fn patterns(inventory: &Inventory, document: DocumentId) -> (Vec<&str>, bool) {
    let Some(policy) = inventory.document(document).and_then(|document| document.policy.as_ref()) else {
        return (Vec::new(), false);
    };
    let mut texts = Vec::new();
    let mut variable = false;
    for statement in &policy.statements {
        for text in statement.resource.iter().flat_map(|resource| &resource.values) {
            variable |= policy.version == Version::V2012 && text.contains("${");
            if text != "*" {
                texts.push(text.as_str());
            }
        }
    }
    (texts, variable)
}

/// Every way in which the engine may tell targets apart by this pattern: segment by segment, and as a whole where a star
/// that ends one of the first five segments may run on beyond the colon.
fn covered(text: &str, targets: &Targets<'_>) -> Vec<FixedBitSet> {
    let compile = |(at, part): (usize, &str)| {
        if at < HEAD { Glob::new(part).to_ascii_lowercase() } else { Glob::new(part) }
    };
    let segments: Vec<Glob> = text.splitn(6, ':').enumerate().map(compile).collect();
    let mut by_segment = FixedBitSet::with_capacity(targets.len());
    for (index, (target, _)) in targets.all.iter().enumerate() {
        let fits = |(at, part): (usize, &str)| {
            let folded =
                (at < HEAD && part.bytes().any(|byte| byte.is_ascii_uppercase())).then(|| part.to_ascii_lowercase());
            segments.get(at).is_none_or(|glob| glob.matches(folded.as_deref().unwrap_or(part)))
        };
        by_segment.set(index, target.arn.splitn(6, ':').enumerate().all(fits));
    }
    let mut hits = vec![by_segment];
    if text.splitn(6, ':').take(HEAD).any(|part| part.ends_with('*')) {
        let whole = Glob::new(text);
        hits.push(targets.all.iter().map(|(target, _)| whole.matches(&target.arn)).enumerate().fold(
            FixedBitSet::with_capacity(targets.len()),
            |mut set, (index, hit)| {
                set.set(index, hit);
                set
            },
        ));
    }
    hits
}

/// Segments of an ARN before the resource's own.
const HEAD: usize = 5;

/// Whether the policy of a resource was looked for, so that none means none.
pub(super) fn policy_was_read(inventory: &Inventory, resource: &Resource) -> bool {
    if resource.policy.is_some() || !may_have_policy(&resource.arn) {
        return true;
    }
    let call = match resource.kind.as_str() {
        "AWS::DynamoDB::Table" => ("dynamodb", "GetResourcePolicy"),
        "AWS::S3::Bucket" => ("s3", "GetBucketPolicy"),
        "AWS::KMS::Key" => ("kms", "GetKeyPolicy"),
        "AWS::Lambda::Function" => ("lambda", "GetPolicy"),
        "AWS::SQS::Queue" => ("sqs", "GetQueueAttributes"),
        "AWS::SNS::Topic" => ("sns", "GetTopicAttributes"),
        "AWS::SecretsManager::Secret" => ("secretsmanager", "GetResourcePolicy"),
        "AWS::Backup::BackupVault" => ("backup", "GetBackupVaultAccessPolicy"),
        "AWS::ECR::Repository" => ("ecr", "GetRepositoryPolicy"),
        _ => return false,
    };
    inventory.was_read(resource.account, call.0, call.1)
}

/// Services whose resources may carry a policy.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
pub(super) fn may_have_policy(arn: &str) -> bool {
    let Some(arn) = Arn::parse(arn) else { return false };
    match arn.service {
        // Tables with their indexes, and streams; not backups and exports.
        "dynamodb" => match arn.resource.strip_prefix("table/").map(|rest| rest.split_once('/')) {
            Some(None) => true,
            Some(Some((_, part))) => part.starts_with("index/") || part.starts_with("stream/"),
            None => false,
        },
        "backup" => arn.resource.starts_with("backup-vault"),
        "events" => arn.resource.starts_with("event-bus/"),
        "kms" => arn.resource.starts_with("key/"),
        "lambda" => arn.resource.starts_with("function:") || arn.resource.starts_with("layer:"),
        "s3" | "sqs" | "sns" | "secretsmanager" | "ecr" | "elasticfilesystem" | "es" | "glue" | "kinesis"
        | "s3express" | "s3tables" | "codeartifact" | "execute-api" | "mediastore" | "acm-pca" | "aoss" => true,
        _ => false,
    }
}
