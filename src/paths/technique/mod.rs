//! Techniques: how somebody becomes somebody else, or gives itself more rights. They are data in `policies/techniques/`.
//!
//! A technique works for somebody only where every request that it needs is allowed on the concrete resource, with the
//! condition keys that such a request carries, and where everything else it takes is there.

mod answers;
mod ask;
mod change;
mod fact;
mod join;
mod made;
mod own;

pub(super) use ask::{Asker, Edge, Gained, keys};
pub use change::Changing;
pub(super) use change::{Change, count_denying, denies};
pub use fact::Precondition;

use super::terms::Terms;
use crate::access::BARE;
use crate::base::Certainty;
use crate::inventory::{Inventory, ResourceId};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/policies/techniques");

/// A technique, as its file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Technique {
    /// Kebab-case, equals the file's name.
    pub id: Arc<str>,
    /// A few words, for lists.
    pub title: String,
    /// What it is done to.
    pub through: Through,
    /// The service that the account of whoever uses it must administer for the organisation: only the management account
    /// and those that it delegates this to can.
    #[serde(default)]
    pub administers: Option<String>,
    /// The requests; every one must be allowed.
    pub needs: Vec<Need>,
    /// What else must hold, as far as a snapshot can tell.
    #[serde(default)]
    pub preconditions: Vec<Precondition>,
    /// What must hold besides, no snapshot tells, and is usually so.
    #[serde(default)]
    pub if_only: Option<String>,
    /// What must hold besides and nobody can tell.
    #[serde(default)]
    pub unknown: Option<String>,
    /// What comes of it.
    pub gain: Gain,
    /// How policies change, where the gain is a principal with other policies.
    #[serde(default)]
    pub change: Option<Changing>,
    /// One step in words, for people who do not know IAM: `{who}`, `{whom}` (whom one becomes) and `{what}` (the resource, or what is
    /// changed).
    pub words: String,
    /// What it does not see.
    #[serde(default)]
    pub limits: Option<String>,
    /// Pages of AWS that say so.
    pub references: Vec<String>,
}

impl Technique {
    /// Whether it is done to oneself.
    pub fn is_own(&self) -> bool {
        matches!(self.through, Through::OwnUser | Through::OwnRole)
    }

    /// What must be supposed whoever uses it.
    pub(super) fn supposed(&self) -> Terms {
        let all = [(&self.if_only, Certainty::Conditional), (&self.unknown, Certainty::Unknown)];
        let said = all.into_iter().filter_map(|(words, certainty)| Some((words.as_ref()?, certainty)));
        said.fold(Terms::default(), |terms, (words, certainty)| terms.and(ask::supposing(words, certainty)))
    }
}

/// What a technique is done to.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Through {
    /// To oneself, being a user.
    OwnUser,
    /// To oneself, being a session of a role.
    OwnRole,
    /// To nobody: somebody new is made.
    Anew,
    /// To a user.
    User,
    /// To a role.
    Role,
    /// To a role that a service may take on.
    PassedRole {
        /// The service principal.
        service: String,
    },
    /// To a role that a permission set of IAM Identity Center makes.
    PermissionSet,
    /// To a role that a service may take on, by way of something that runs with it and that the snapshot does not hold.
    RunningRole {
        /// The service principal.
        service: String,
        /// What would tell what runs with the role. Where it was read, or the snapshot holds anything of the kind, what is
        /// not there is not supposed.
        #[serde(default)]
        unless_read: Option<Unread>,
    },
    /// To a resource that acts as a role.
    Resource {
        /// CloudFormation type.
        #[serde(rename = "type")]
        kind: String,
        /// The property that names the role, nested by dots.
        role: String,
    },
    /// To an identity provider, for every role that trusts it.
    Provider {
        /// CloudFormation type.
        #[serde(rename = "type")]
        kind: String,
    },
}

/// What a snapshot may not hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unread {
    /// Service and name of the call that lists it.
    pub call: (String, String),
    /// CloudFormation type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Need {
    /// `service:Name`.
    pub action: Arc<str>,
    /// What it names.
    pub on: Named,
    /// Condition keys that the request carries.
    #[serde(default)]
    pub with: BTreeMap<String, Vec<String>>,
    /// Whether it carries `iam:PermissionsBoundary`: that of the principal it changes.
    #[serde(default)]
    pub carries_boundary: bool,
    /// Whether it carries `iam:PolicyARN`: that of the policy that is attached or detached.
    #[serde(default)]
    pub carries_policy: bool,
}

impl Need {
    /// The resource whose policy speaks where the request names this; [`BARE`]: what is made by it has none.
    pub(super) fn speaker(&self, inventory: &Inventory, on: &str) -> Option<ResourceId> {
        let is_made = matches!(self.on, Named::New(_));
        inventory.find_resource(on).or(is_made.then_some(BARE))
    }
}

/// What a request names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "NamedAsWritten")]
pub enum Named {
    /// The user or role that the technique is done to.
    Principal,
    /// A policy of that principal, or of a group of it, that belongs to the account.
    OwnPolicy,
    /// A group of that user.
    OwnGroup,
    /// The group or policy that is changed.
    Changed,
    /// The account of that principal, as Identity Center names it.
    Account,
    /// The resource that the technique is done to.
    Resource,
    /// Nothing in particular: the action knows no resources.
    Everything,
    /// Something that is made: its ARN with `REGION`, `ACCOUNT` and `NAME`.
    New(String),
    /// Any that there is, of a kind that no snapshot holds: its ARN with `REGION`, `ACCOUNT` and `NAME`.
    Any(String),
}

/// In a file: a word, or a map with one ARN.
#[derive(Deserialize)]
#[serde(untagged)]
enum NamedAsWritten {
    Word(String),
    Made(BTreeMap<String, String>),
}

impl TryFrom<NamedAsWritten> for Named {
    type Error = String;

    fn try_from(written: NamedAsWritten) -> Result<Named, String> {
        match written {
            NamedAsWritten::Word(word) => match word.as_str() {
                "principal" => Ok(Named::Principal),
                "own-policy" => Ok(Named::OwnPolicy),
                "own-group" => Ok(Named::OwnGroup),
                "changed" => Ok(Named::Changed),
                "account" => Ok(Named::Account),
                "resource" => Ok(Named::Resource),
                "everything" => Ok(Named::Everything),
                _ => Err(format!("`{}` names nothing that a request could be about", word.escape_debug())),
            },
            NamedAsWritten::Made(map) => {
                let mut all = map.into_iter();
                match (all.next(), all.next()) {
                    (Some((kind, arn)), None) if kind == "new" => Ok(Named::New(arn)),
                    (Some((kind, arn)), None) if kind == "any" => Ok(Named::Any(arn)),
                    _ => Err("give either `new` or `any`, with an ARN".to_owned()),
                }
            }
        }
    }
}

/// What comes of a technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gain {
    /// One acts as the principal, with the rights it has.
    Principal,
    /// One acts as the principal, with a policy that allows everything: within its boundary and its organisation.
    PrincipalWithEverything,
    /// One acts as the principal without its boundary.
    PrincipalWithoutBoundary,
    /// One acts as the principal with other policies than it has now.
    PrincipalWithOtherPolicies,
    /// One acts as a principal that was not there before, and may do everything.
    Newcomer,
}

/// A technique file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("technique `{file}`: {problem}")]
pub struct TechniqueError {
    /// The file.
    pub file: String,
    /// What is wrong and where.
    pub problem: String,
}

/// The techniques that come with the program, by id.
pub fn techniques() -> Result<Vec<Technique>, TechniqueError> {
    let mut all = Vec::new();
    for file in FILES.files() {
        let name = file.path().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            all.push(read(&name, file.contents_utf8().unwrap_or_default())?);
        }
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// The techniques that come with the program. That every file can be read is held by a test.
pub fn built_in() -> &'static [Technique] {
    static ALL: LazyLock<Vec<Technique>> = LazyLock::new(|| techniques().unwrap_or_default());
    &ALL
}

/// Reads one file.
pub fn read(name: &str, text: &str) -> Result<Technique, TechniqueError> {
    let error = |problem: String| TechniqueError { file: name.escape_debug().to_string(), problem };
    let technique: Technique = yaml_serde::from_str(text).map_err(|cause| error(cause.to_string()))?;
    if name != format!("{}.yaml", technique.id) {
        return Err(error(format!("its id `{}` must be the file's name", technique.id.escape_debug())));
    }
    if technique.needs.is_empty() {
        return Err(error("it needs no request at all".to_owned()));
    }
    if technique.change.is_some() != (technique.gain == Gain::PrincipalWithOtherPolicies) {
        return Err(error("`change` and the gain `principal-with-other-policies` go together".to_owned()));
    }
    if technique.change.is_some() && technique.is_own() && technique.needs.len() != 1 {
        return Err(error("who changes policies of its own needs one request".to_owned()));
    }
    Ok(technique)
}
