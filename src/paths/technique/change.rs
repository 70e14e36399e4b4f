//! Changes of somebody's policies that leave the rest of them as they are: which there are in an account, and what comes of
//! each for a principal.

use crate::base::Arn;
use crate::iam::Effect;
use crate::inventory::{AccountId, Attachment, DocumentId, Group, Inventory, Principal, PrincipalId};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::sync::Arc;

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changing {
    /// A user joins a group.
    JoinGroup,
    /// A user leaves a group whose policies deny something.
    LeaveGroup,
    /// A version of a policy of the account that is not in force becomes the one in force, where somebody has the policy
    /// as a policy or as a boundary.
    OtherVersion,
    /// A managed policy that denies something is detached.
    Detach,
    /// The inline policies that deny something are deleted.
    DeleteInline,
    /// A managed policy that denies something is detached from a group.
    DetachFromGroup,
    /// The inline policies of a group that deny something are deleted.
    DeleteInlineOfGroup,
    /// A managed policy that the snapshot holds is attached.
    Attach,
    /// A managed policy that the snapshot holds is attached to a group.
    AttachToGroup,
}

/// One change that there can be in an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::paths) struct Change {
    pub kind: Changing,
    /// ARN of the group or policy that is changed; `None`: the principal itself is.
    pub on: Option<Arc<str>>,
    /// ARN of the managed policy that the request speaks of: its `iam:PolicyARN`.
    pub policy: Option<Arc<str>>,
    /// What the policy says then.
    document: Option<DocumentId>,
    /// The group or policy in words.
    pub what: Arc<str>,
}

/// The policies and the boundary that somebody has then.
pub(in crate::paths) type Changed = (Vec<Attachment>, Option<Attachment>);

/// All changes of a kind that there can be. `may_be_attached`: of other policies than these, none is attached.
pub(super) fn all(inventory: &Inventory, kind: Changing, may_be_attached: &dyn Fn(&str) -> bool) -> Vec<Change> {
    let denies = |document: DocumentId| says(inventory, document, Effect::Deny);
    let allows = |document: DocumentId| says(inventory, document, Effect::Allow);
    let plain = Change { kind, on: None, policy: None, document: None, what: "".into() };
    let of_group = |group: &Group| Change {
        on: Some(Arc::clone(&group.arn)),
        what: format!("group {}", group.name).into(),
        ..plain.clone()
    };
    let of_policy = |arn: &Arc<str>| Change {
        policy: Some(Arc::clone(arn)),
        what: format!("policy {}", last(arn)).into(),
        ..plain.clone()
    };
    let groups = inventory.groups.iter();
    match kind {
        Changing::JoinGroup => {
            groups.filter(|group| group.policies.iter().any(|one| allows(one.document))).map(of_group).collect()
        }
        Changing::LeaveGroup => {
            groups.filter(|group| group.policies.iter().any(|one| denies(one.document))).map(of_group).collect()
        }
        Changing::DeleteInlineOfGroup => {
            let denying = |one: &Attachment| !is_managed(one) && denies(one.document);
            groups.filter(|group| group.policies.iter().any(denying)).map(of_group).collect()
        }
        Changing::DetachFromGroup => groups
            .flat_map(|group| {
                let denying = group.policies.iter().filter(|one| is_managed(one) && denies(one.document));
                denying.map(|one| Change {
                    on: Some(Arc::clone(&group.arn)),
                    what: format!("policy {} from group {}", last(&one.name), group.name).into(),
                    ..of_policy(&one.name)
                })
            })
            .collect(),
        Changing::DeleteInline => vec![plain],
        Changing::Detach => {
            let denying = inventory.policies.iter().filter(|(_, known)| denies(known.document));
            denying.map(|(arn, _)| of_policy(arn)).collect()
        }
        Changing::OtherVersion => inventory
            .policies
            .iter()
            .flat_map(|(arn, known)| known.others.iter().map(move |(version, document)| (arn, version, *document)))
            .map(|(arn, version, document)| Change {
                on: Some(Arc::clone(arn)),
                document: Some(document),
                what: format!("version {version} of policy {}", last(arn)).into(),
                ..plain.clone()
            })
            .collect(),
        Changing::Attach => {
            let allowing =
                inventory.policies.iter().filter(|(arn, known)| may_be_attached(arn) && allows(known.document));
            allowing.map(|(arn, known)| Change { document: Some(known.document), ..of_policy(arn) }).collect()
        }
        Changing::AttachToGroup => {
            let allowing =
                inventory.policies.iter().filter(|(arn, known)| may_be_attached(arn) && allows(known.document));
            let allowing: Vec<(&Arc<str>, DocumentId)> = allowing.map(|(arn, known)| (arn, known.document)).collect();
            groups
                .flat_map(|group| allowing.iter().map(move |(arn, document)| (group, *arn, *document)))
                .map(|(group, arn, document)| Change {
                    on: Some(Arc::clone(&group.arn)),
                    document: Some(document),
                    what: format!("policy {} to group {}", last(arn), group.name).into(),
                    ..of_policy(arn)
                })
                .collect()
        }
    }
}

/// Who is in each group, and has each policy, as a policy or as a boundary: by ARN, ascending.
pub(super) struct Belongings(FxHashMap<Arc<str>, Vec<PrincipalId>>);

impl Belongings {
    pub fn new(inventory: &Inventory) -> Belongings {
        let mut all: FxHashMap<Arc<str>, Vec<PrincipalId>> = FxHashMap::default();
        for (id, principal) in inventory.principal_ids() {
            let policies = principal.policies.iter().chain(&principal.boundary).map(|one| &one.name);
            for arn in principal.groups.iter().chain(policies) {
                let known = all.entry(Arc::clone(arn)).or_default();
                if known.last() != Some(&id) {
                    known.push(id);
                }
            }
        }
        Belongings(all)
    }

    fn of(&self, arn: Option<&Arc<str>>) -> &[PrincipalId] {
        arn.and_then(|arn| self.0.get(arn)).map_or(&[], Vec::as_slice)
    }
}

impl Change {
    /// Those whom it may concern; `None`: anybody.
    pub(super) fn concerned<'b>(&self, belongings: &'b Belongings) -> Option<&'b [PrincipalId]> {
        match self.kind {
            Changing::LeaveGroup
            | Changing::DetachFromGroup
            | Changing::DeleteInlineOfGroup
            | Changing::AttachToGroup
            | Changing::OtherVersion => Some(belongings.of(self.on.as_ref())),
            Changing::Detach => Some(belongings.of(self.policy.as_ref())),
            Changing::JoinGroup | Changing::DeleteInline | Changing::Attach => None,
        }
    }

    /// The account whose principals alone it may concern; `None`: that of any.
    pub(super) fn account(&self, inventory: &Inventory) -> Option<AccountId> {
        match self.kind {
            Changing::JoinGroup => inventory.group(self.on.as_deref()?).map(|group| group.account),
            _ => None,
        }
    }

    /// Whether it is about something that the principal has, or has not yet.
    pub fn concerns(&self, inventory: &Inventory, principal: &Principal) -> bool {
        let is_member = || self.on.as_ref().is_some_and(|group| principal.groups.contains(group));
        let holds = |arn: &Option<Arc<str>>| principal.policies.iter().any(|one| Some(&one.name) == arn.as_ref());
        match self.kind {
            Changing::JoinGroup => {
                let group = self.on.as_deref().and_then(|arn| inventory.group(arn));
                group.is_some_and(|group| group.account == principal.account) && !is_member()
            }
            Changing::LeaveGroup
            | Changing::DetachFromGroup
            | Changing::DeleteInlineOfGroup
            | Changing::AttachToGroup => is_member(),
            Changing::OtherVersion => {
                holds(&self.on) || principal.boundary.as_ref().is_some_and(|one| Some(&one.name) == self.on.as_ref())
            }
            Changing::Detach => holds(&self.policy),
            Changing::DeleteInline => principal.policies.iter().any(|one| !is_managed(one) && one.through.is_none()),
            Changing::Attach => !holds(&self.policy),
        }
    }

    /// What comes of it for a principal; `None`: it changes nothing of the principal's policies.
    pub fn of(&self, inventory: &Inventory, principal: &Principal) -> Option<Changed> {
        if !self.concerns(inventory, principal) {
            return None;
        }
        let through = |one: &Attachment| one.through.as_deref() == self.on.as_deref();
        let denies = |one: &Attachment| says(inventory, one.document, Effect::Deny);
        let is_policy = |one: &Attachment| Some(&*one.name) == self.policy.as_deref();
        let without = |dropped: &dyn Fn(&Attachment) -> bool| -> Option<Changed> {
            let left: Vec<Attachment> = principal.policies.iter().filter(|one| !dropped(one)).cloned().collect();
            (left.len() < principal.policies.len()).then(|| (left, principal.boundary.clone()))
        };
        let with = |added: Vec<Attachment>| -> Option<Changed> {
            let known = |one: &Attachment| principal.policies.iter().any(|held| held.document == one.document);
            if added.iter().all(known) {
                return None;
            }
            Some((principal.policies.iter().cloned().chain(added).collect(), principal.boundary.clone()))
        };
        let attached = |through: Option<Arc<str>>| {
            Some(Attachment { document: self.document?, name: Arc::clone(self.policy.as_ref()?), through })
        };
        match self.kind {
            Changing::JoinGroup => with(inventory.group(self.on.as_deref()?)?.policies.clone()),
            Changing::LeaveGroup => without(&through),
            Changing::Detach => without(&|one| one.through.is_none() && is_policy(one)),
            Changing::DeleteInline => without(&|one| one.through.is_none() && !is_managed(one) && denies(one)),
            Changing::DetachFromGroup => without(&|one| through(one) && is_policy(one)),
            Changing::DeleteInlineOfGroup => without(&|one| through(one) && !is_managed(one) && denies(one)),
            Changing::Attach if self.is_attachable(principal) => with(vec![attached(None)?]),
            Changing::AttachToGroup if self.is_attachable(principal) => with(vec![attached(self.on.clone())?]),
            Changing::Attach | Changing::AttachToGroup => None,
            Changing::OtherVersion => {
                let (policy, document) = (self.on.as_deref()?, self.document?);
                let other = |one: &Attachment| match &*one.name == policy {
                    true => Attachment { document, ..one.clone() },
                    false => one.clone(),
                };
                Some((principal.policies.iter().map(other).collect(), principal.boundary.as_ref().map(other)))
            }
        }
    }

    /// Whether the principal may do all that it may do now once it is made.
    pub fn only_adds(&self, inventory: &Inventory, principal: &Principal) -> bool {
        let Some((policies, boundary)) = self.of(inventory, principal) else { return false };
        let document = |one: &Attachment| one.document;
        let lacks = |all: &[Attachment], id: DocumentId| all.iter().all(|one| one.document != id);
        let never = |id: DocumentId, effect: Effect| {
            let readable = inventory.document(id).is_some_and(|document| document.policy.is_some());
            readable && !says(inventory, id, effect)
        };
        let mut added = policies.iter().map(document).filter(|id| lacks(&principal.policies, *id));
        let mut dropped = principal.policies.iter().map(document).filter(|id| lacks(&policies, *id));
        boundary.as_ref().map(document) == principal.boundary.as_ref().map(document)
            && added.all(|id| never(id, Effect::Deny))
            && dropped.all(|id| never(id, Effect::Allow))
    }

    /// Whether a policy is one of AWS or of the principal's account: no other can be attached.
    fn is_attachable(&self, principal: &Principal) -> bool {
        let of = |arn: &str| Arn::parse(arn).map(|arn| arn.account.to_owned());
        let policy = self.policy.as_deref().and_then(of);
        policy.as_deref() == Some("aws") || policy == of(&principal.arn)
    }
}

/// Whether a managed policy, and not an inline one.
fn is_managed(attachment: &Attachment) -> bool {
    attachment.name.starts_with("arn:")
}

/// Whether some statement of a document allows, or denies, anything. One that cannot be read says nothing here.
fn says(inventory: &Inventory, document: DocumentId, effect: Effect) -> bool {
    let policy = inventory.document(document).and_then(|document| document.policy.as_ref());
    policy.is_some_and(|policy| policy.statements.iter().any(|statement| statement.effect == effect))
}

/// Whether some statement of a document denies anything.
pub(in crate::paths) fn denies(inventory: &Inventory, document: DocumentId) -> bool {
    says(inventory, document, Effect::Deny)
}

/// How many of somebody's policies deny something, or cannot be read and may.
pub(in crate::paths) fn count_denying(inventory: &Inventory, principal: &Principal) -> usize {
    let denies = |one: &&Attachment| {
        let policy = inventory.document(one.document).and_then(|document| document.policy.as_ref());
        policy.is_none_or(|policy| policy.statements.iter().any(|statement| statement.effect == Effect::Deny))
    };
    principal.policies.iter().filter(denies).count()
}

/// A name without its path.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
