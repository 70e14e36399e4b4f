//! The resources a question is about.

use super::Access;
use crate::base::{Arn, arn};
use crate::catalog::{self, Located};
use crate::engine::{Context, Tags, Target};
use crate::inventory::{DocumentId, Inventory, Resource, ResourceId};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::OnceLock;

/// What an action is asked of.
#[derive(Default)]
pub struct Targets<'t> {
    all: Vec<(Target<'t>, Option<ResourceId>)>,
    /// Positions of what [`Targets::aim`] added.
    aimed: FxHashMap<String, u32>,
}

/// Part of the names of what is made anew: nothing is there that could have a policy of its own.
pub const MADE: &str = "foureyes-anything";

/// Whose policy speaks of what has had its policy taken off: nobody's.
pub const BARE: ResourceId = ResourceId(u32::MAX);

/// The resource whose policy speaks where an action is asked of a resource: itself, or the vault of a recovery point, whose
/// access policy holds for the calls of AWS Backup alone. `None`: one that the inventory does not hold.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>
pub fn speaker(inventory: &Inventory, action: &str, id: ResourceId) -> Option<ResourceId> {
    let resource = inventory.resource(id)?;
    let lies_in_vault = resource.kind == "AWS::Backup::RecoveryPoint";
    if !lies_in_vault || !action.get(..7).is_some_and(|service| service.eq_ignore_ascii_case("backup:")) {
        return Some(id);
    }
    inventory.find_resource(resource.text("BackupVaultArn")?)
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

    /// A part of a resource, or what lies in it: the policy that speaks for it is the resource's (an object of a bucket, a
    /// recovery point of a vault).
    pub fn push_part(&mut self, target: Target<'t>, owner: Option<ResourceId>) {
        self.all.push((target, owner));
    }

    /// What a request for the action names when it is aimed at the resource with this ARN: the resource itself, what lies
    /// in it (the objects of a bucket) or what it lies in (the app of a backend environment). Gives the positions;
    /// none where nothing connects the action with the resource.
    pub fn aim(&mut self, inventory: &'t Inventory, action: Option<catalog::Action>, arn: &str) -> Vec<u32> {
        self.aim_at(inventory, action, &Located::new(arn))
    }

    /// [`Targets::aim`] at an ARN whose template was found already.
    pub fn aim_at(
        &mut self,
        inventory: &'t Inventory,
        action: Option<catalog::Action>,
        located: &Located<'_>,
    ) -> Vec<u32> {
        let named = action.map_or_else(|| vec![located.arn.to_owned()], |action| named_by_located(action, located));
        named.into_iter().filter_map(|name| self.add(inventory, name)).collect()
    }

    /// The same, of what has had its policy taken off.
    pub fn aim_bare(
        &mut self,
        inventory: &'t Inventory,
        action: Option<catalog::Action>,
        located: &Located<'_>,
    ) -> Vec<u32> {
        let positions = self.aim_at(inventory, action, located);
        for position in &positions {
            if let Some((_, owner)) = self.all.get_mut(*position as usize) {
                *owner = Some(BARE);
            }
        }
        positions
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
}

/// What a request for the action names when it is aimed at the resource with this ARN: see [`Targets::aim`].
pub fn named_by(action: catalog::Action, arn: &str) -> Vec<String> {
    named_by_located(action, &Located::new(arn))
}

fn named_by_located(action: catalog::Action, located: &Located<'_>) -> Vec<String> {
    let arn = located.arn;
    if arn == "*" {
        return vec![arn.to_owned()];
    }
    let named = action.request_resources_at(located);
    match located.resource_type() {
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
    match owner_of(inventory, &target.arn).and_then(|id| Some((id, inventory.resource(id)?))) {
        Some((id, owner)) => {
            target.account = known_account(owner.account);
            target.properties = Some(&owner.properties);
            (target, Some(id))
        }
        None => (target, None),
    }
}

/// The resource that this is a part of, and whose policy speaks for it: the bucket of an object, the table of an index.
pub fn owner_of(inventory: &Inventory, part: &str) -> Option<ResourceId> {
    let owner = |cut: &str| {
        let id = inventory.find_resource(part.split_once(cut)?.0)?;
        inventory.resource(id).filter(|resource| speaks_for(resource, part)).map(|_| id)
    };
    owner("/").or_else(|| owner("/index/"))
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

/// An action and what it is asked of.
pub(super) struct Asked<'q> {
    /// `service:Name` in lower case.
    pub action: &'q str,
    /// Its entry in the catalogue.
    pub entry: Option<catalog::Action>,
    /// Condition keys given from outside.
    pub context: &'q Context,
    all: Vec<(Cow<'q, Target<'q>>, Option<ResourceId>)>,
    /// ARNs in lower case, in order, with their positions.
    by_start: Vec<(Vec<u8>, u32)>,
    /// The same, written backwards, once a pattern asks for it.
    by_end: OnceLock<Vec<(Vec<u8>, u32)>>,
}

impl<'q> Asked<'q> {
    pub(super) fn new(action: &'q str, targets: &'q Targets<'q>, context: &'q Context) -> Asked<'q> {
        let entry = catalog::action(action);
        let all: Vec<_> = targets.iter().map(|(target, id)| (effective(target, entry), id)).collect();
        let by_start = in_order(&all, |arn| arn);
        Asked { action, entry, context, all, by_start, by_end: OnceLock::new() }
    }

    /// By position.
    pub(super) fn get(&self, index: u32) -> Option<(&Target<'q>, Option<ResourceId>)> {
        self.all.get(index as usize).map(|(target, id)| (target.as_ref(), *id))
    }

    /// The policy of each target.
    pub(super) fn documents(&self, access: &Access<'_>) -> Vec<Option<DocumentId>> {
        let document = |(target, id): &(Cow<'_, Target<'_>>, Option<ResourceId>)| {
            access.resource_document(self.action, &target.arn, *id)
        };
        self.all.iter().map(document).collect()
    }

    /// How many targets.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    /// The targets that a resource pattern may match, and perhaps others, with their ARNs in some spelling: those that
    /// begin as the pattern does before its first wildcard or variable, or end as it does after its last (written
    /// backwards), whichever are fewer. Nearly every pattern names one resource, often in any region and account.
    pub(super) fn near(&self, start: &[u8], end: &[u8]) -> &[(Vec<u8>, u32)] {
        let beginning = with_prefix(&self.by_start, start);
        if beginning.len() <= 1 || end.is_empty() {
            return beginning;
        }
        let by_end = self.by_end.get_or_init(|| in_order(&self.all, backwards));
        let ending = with_prefix(by_end, end);
        if ending.len() < beginning.len() { ending } else { beginning }
    }
}

/// ARNs in lower case, in some spelling, in its order.
fn in_order(
    targets: &[(Cow<'_, Target<'_>>, Option<ResourceId>)],
    spell: impl Fn(Vec<u8>) -> Vec<u8>,
) -> Vec<(Vec<u8>, u32)> {
    let arn = |target: &Target<'_>| target.arn.to_ascii_lowercase().into_bytes();
    let mut spelt: Vec<_> = (0..).zip(targets).map(|(position, (target, _))| (spell(arn(target)), position)).collect();
    spelt.sort_unstable();
    spelt
}

fn backwards(mut text: Vec<u8>) -> Vec<u8> {
    text.reverse();
    text
}

fn with_prefix<'a>(sorted: &'a [(Vec<u8>, u32)], prefix: &[u8]) -> &'a [(Vec<u8>, u32)] {
    let first = sorted.partition_point(|(text, _)| text.as_slice() < prefix);
    let rest = sorted.get(first..).unwrap_or_default();
    let count = rest.partition_point(|(text, _)| text.starts_with(prefix));
    rest.get(..count).unwrap_or_default()
}

/// Actions that know no resource are asked of `*`.
pub(super) fn effective<'t>(target: &'t Target<'t>, entry: Option<catalog::Action>) -> Cow<'t, Target<'t>> {
    if entry.is_some_and(|entry| entry.is_wildcard_only()) {
        let mut target = target.clone();
        target.arn = "*".into();
        return Cow::Owned(target);
    }
    Cow::Borrowed(target)
}

/// Whether the policy of a resource was looked for, so that none means none.
pub fn policy_was_read(inventory: &Inventory, resource: &Resource) -> bool {
    if resource.policy.is_some() || resource.has_no_policy || !may_have_policy(&resource.arn) {
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
        "AWS::Events::EventBus" => ("events", "ListEventBuses"),
        "AWS::ECR::Repository" => ("ecr", "GetRepositoryPolicy"),
        _ => return false,
    };
    inventory.was_read_of(resource, call.0, call.1)
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
