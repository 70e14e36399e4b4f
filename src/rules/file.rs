//! Rule files.

use super::definitions::Definitions;
use super::kind::Kind;
use crate::catalog::destruction::Class;
use crate::finding::Severity;
use crate::paths::KINDS;
use include_dir::{Dir, File, include_dir};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

static POLICIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// A rule, as its file says it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Kebab-case, names the problem, equals the file's name, never reused.
    pub id: String,
    /// The folder of the file.
    #[serde(skip_deserializing)]
    pub family: String,
    /// A few words, for lists.
    pub title: String,
    /// How bad a violation is.
    pub severity: Severity,
    /// The question that the rule asks, in one sentence.
    pub asks: String,
    /// Why it matters, with a real incident where there is one.
    pub why: String,
    /// One line for a finding, with `{who}`, `{what}` and `{actions}`, and words for one or many of them: `{is|are}`.
    pub headline: String,
    /// What would be lost, in one plain sentence.
    pub consequence: String,
    /// What to do, in one or two sentences.
    pub remediation: String,
    /// What the rule does not see.
    pub limits: String,
    /// Pages that say so.
    pub references: Vec<String>,
    /// What is looked for.
    pub predicate: Predicate,
    /// How Terraform puts it right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// Why Terraform cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_fix: Option<String>,
}

/// The kinds of questions that a rule can ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Predicate {
    /// Who can do one of these actions, by calling it, to a resource of the environment.
    Can {
        /// Actions of the catalogue of destruction.
        actions: Vec<String>,
        /// Environment of the resources.
        environment: String,
        /// Which kinds of principals; left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<Kind>,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// Who can bring about one of these losses, in whatever way, without becoming somebody else first.
    Destroys {
        /// Names of losses in the definitions.
        losses: Vec<String>,
        /// Environment of what is lost.
        environment: String,
        /// Which kinds of principals; left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<Kind>,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// Who can bring about one of these losses and, before, switch off everything that would record it.
    Silences {
        /// Names of losses in the definitions.
        losses: Vec<String>,
        /// Environment of what is lost.
        environment: String,
        /// CloudFormation type of what records, in the account of whoever destroys.
        record: String,
        /// The actions that each switch it off.
        actions: Vec<String>,
        /// Which kinds of principals; left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<Kind>,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// Which users can bring about one of these losses with an access key alone.
    WithoutSecondFactor {
        /// Names of losses in the definitions.
        losses: Vec<String>,
        /// Environment of what is lost.
        environment: String,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// Resources that no policy of the organisation keeps from these losses.
    OrganizationGuard {
        /// Names of losses in the definitions.
        losses: Vec<String>,
        /// Environment of the resources.
        environment: String,
    },
    /// A guard that looks like one and is none.
    HollowGuard {
        /// Which.
        of: Hollow,
        /// Names of losses in the definitions that it seems to keep from.
        losses: Vec<String>,
        /// Environment of the resources.
        environment: String,
        /// Which kinds of principals; left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<Kind>,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// Who can take a resource of the environment, and how.
    Takes {
        /// Kinds of means, such as `stack-deletion`.
        means: Vec<String>,
        /// Actions of the catalogue of destruction, called on the resource itself, that count as well.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        actions: Vec<String>,
        /// Kinds of loss; empty: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        classes: Vec<Class>,
        /// Environment of the resources.
        environment: String,
        /// Which kinds of principals; left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<Kind>,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
        /// What the same principal can take as badly by means of these kinds is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beyond: Vec<String>,
    },
    /// Who can bring about what the definitions call a loss, by becoming somebody else first.
    Becomes {
        /// Whom.
        into: Into,
        /// Environment of what is lost.
        environment: String,
        /// Which kinds of principals; left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<Kind>,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// Who can bring about what the definitions call a loss, beginning outside: by taking on a role, or having a build run
    /// commands, and becoming somebody else from there.
    Enters {
        /// Which kinds of roles are entered.
        kinds: Vec<Kind>,
        /// Environment of what is lost.
        environment: String,
        /// Which roles are left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// Who can become an administrator, in accounts in which no environment was recognised.
    BecomesAdministrator {
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// The policy of a resource lets strangers bring about a loss.
    OpenResource {
        /// Which strangers.
        to: OpenTo,
        /// Names of losses in the definitions.
        losses: Vec<String>,
        /// Environment of the resource.
        environment: String,
    },
    /// A role lets strangers in.
    OpenTrust {
        /// Which strangers.
        to: OpenTo,
        /// Roles that a service of AWS makes, and whom it makes them trust: no finding.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        made_by_services: Vec<MadeByService>,
    },
    /// Who can do everything.
    Administrator {
        /// Environment whose resources are at stake.
        environment: String,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// A property of a resource has a wrong value.
    Configuration {
        /// CloudFormation type, or several.
        resource_type: Types,
        /// Environment of the resource.
        environment: String,
        /// CEL over `properties`, `tags` and `collected_at` (the moment of the snapshot, as text); true: violated. An
        /// error (a property that was not read): unknown.
        violated_if: String,
        /// Property to show as evidence, nested by dots.
        property: String,
        /// CEL for a list of texts: what of the property is wrong, to show in place of all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<String>,
        /// Service and operation that the expression relies on: where that call was not read whole, what looks violated
        /// is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needs: Option<(String, String)>,
    },
    /// A store of data could not be recovered as it should.
    Recoverable {
        /// Environment of the stores.
        environment: String,
        /// What it lacks.
        lacks: Lack,
        /// CloudFormation types of the stores; nothing: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource_type: Option<Types>,
        /// How old is too old, in days, for what has an age.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
        /// Who is left out, where principals are asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// An account that holds resources of the environment lacks something.
    Account {
        /// The environment.
        environment: String,
        /// What it lacks.
        lacks: AccountLack,
    },
    /// A DNS record of the environment points at something that is not there.
    DanglingRecord {
        /// Environment of the hosted zone.
        environment: String,
    },
    /// Something reaches the environment and nobody has to approve it.
    RolloutGate {
        /// What.
        of: RolloutKind,
    },
    /// Who can do an action to a resource of any name, where the account's resources were not read.
    CanAnything {
        /// What is asked.
        asks: Vec<Anything>,
        /// Who is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Exception>,
    },
    /// A policy that cannot be read.
    UnreadablePolicy,
}

impl Predicate {
    /// The environment to whose loss it follows who becomes whom; `None`: it asks for nothing of the kind.
    pub fn follows(&self) -> Option<&str> {
        match self {
            Predicate::Becomes { environment, .. } | Predicate::Enters { environment, .. } => Some(environment),
            _ => None,
        }
    }
}

/// Whom somebody becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Into {
    /// Somebody who may do everything that boundary and organisation leave.
    Administrator,
    /// Anybody else.
    Another,
}

/// Which strangers a role lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenTo {
    /// Anybody: by a token that anybody can get, or from any account.
    Anybody,
    /// Accounts that the snapshot does not hold, without an external id.
    OutsideAccounts,
}

/// A role that a service of AWS makes in accounts of an organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MadeByService {
    /// Pattern of its ARN.
    pub role: String,
    /// Pattern of the ARN of whom it trusts.
    pub trusts: String,
    /// Whether the service makes it trust one only: where it trusts two, somebody changed it.
    #[serde(default)]
    pub alone: bool,
}

/// One CloudFormation type, or several.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Types {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Types {
    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Types::One(one) => std::slice::from_ref(one),
            Types::Several(several) => several,
        }
    }
}

/// An action on something that nobody would name in a policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Anything {
    /// The action.
    pub action: String,
    /// An ARN with `ACCOUNT` for the account number.
    pub on: String,
    /// Service and operation that list such resources: where they were read, rules that name them speak instead.
    pub unless_read: (String, String),
}

/// What a store of data may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// A copy that outlives whoever can destroy the data.
    IndependentCopy,
    /// For that copy, a key that outlives them.
    SafeKey,
    /// A restore that was completed within the days.
    RestoreProof,
    /// A copy that is younger than the days, or continuous recovery.
    RecentCopy,
    /// A plan of AWS Backup that selects it, in an account that has plans.
    BackupPlan,
    /// Somebody else who must help to destroy it with all its copies.
    SecondPerson,
}

/// What an account may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountLack {
    /// A trail that records who did what.
    Trail,
    /// Somebody who is told of deletions.
    DeletionAlert,
    /// An alarm or a health check that notices when production is gone.
    Watch,
    /// An account that holds nothing else.
    OwnAccount,
    /// A stack, or a tag of a tool, that says from which code the resources can be made again.
    Code,
}

/// A guard that looks like one and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hollow {
    /// A deny that asks for the tag of a bucket whose tags S3 does not look at.
    BucketTag,
    /// A deny that asks for a key which the service never sends with the action.
    AbsentKey,
    /// An allow under `ForAllValues` on a key that the caller may leave out.
    ForAllValues,
    /// Termination protection of a stack, whose members can be emptied or deleted one by one.
    TerminationProtection,
}

/// A way into an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutKind {
    /// An Amplify branch that builds on push.
    AmplifyBranch,
    /// A pipeline.
    Pipeline,
}

/// Who is left out of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exception {
    /// Those who are meant to be able to do everything.
    BreakGlass,
    /// Those who can do everything: a rule of their own names them.
    Administrators,
}

/// How Terraform puts a violation right.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Fix {
    /// Deny the actions to those who need not have them.
    DenyActions {
        /// Name stem.
        name: String,
        /// Actions to deny besides those found.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
        /// Actions that are not denied, though they were found: they are the daily work of those concerned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        leave: Vec<String>,
    },
    /// Set arguments on the resources.
    SetArguments {
        /// Terraform type that carries them, where it is not the resource's own: the versioning of a bucket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<String>,
        /// Terraform argument paths and values.
        arguments: BTreeMap<String, serde_json::Value>,
    },
    /// Take the policy away.
    DetachPolicy,
    /// Insert a manual approval.
    AddApproval,
    /// Delete the resources.
    Remove,
}

/// A rule file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule file `{file}`: {problem}")]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// What is wrong and where.
    pub problem: String,
}

/// Reads one rule file. `path` is relative to the folder of policies: its folder is the rule's family.
pub fn read_rule(path: &str, text: &str) -> Result<Rule, RuleError> {
    let error = |problem: String| RuleError { file: path.escape_debug().to_string(), problem };
    let mut rule: Rule = yaml_serde::from_str(text).map_err(|cause| error(cause.to_string()))?;
    let (family, name) = path.rsplit_once('/').unwrap_or(("", path));
    let family = family.rsplit('/').next().unwrap_or(family);
    if name != format!("{}.yaml", rule.id) {
        return Err(error(format!("its id `{}` must be the file's name", rule.id.escape_debug())));
    }
    if rule.fix.is_some() == rule.no_fix.is_some() {
        return Err(error("give either `fix` or `no-fix` with the reason".to_owned()));
    }
    super::headline::check(&rule.headline).map_err(error)?;
    if let Predicate::Takes { means, beyond, .. } = &rule.predicate
        && let Some(unknown) = means.iter().chain(beyond).find(|kind| !KINDS.contains(&kind.as_str()))
    {
        let unknown = unknown.escape_debug();
        return Err(error(format!("`{unknown}` is no kind of means; there are {}", KINDS.join(", "))));
    }
    if let Predicate::Configuration { violated_if, shown, .. } = &rule.predicate {
        let all = std::iter::once(("violated-if", violated_if)).chain(shown.as_ref().map(|shown| ("shown", shown)));
        for (name, expression) in all {
            cel::Program::compile(expression).map_err(|cause| error(format!("`{name}`: {cause}")))?;
        }
    }
    family.clone_into(&mut rule.family);
    Ok(rule)
}

/// The rules that come with the program, by family and id.
pub fn built_in() -> Result<Vec<Rule>, RuleError> {
    // Techniques are no rules: `paths` reads them.
    let families = POLICIES.dirs().filter(|family| family.path() != std::path::Path::new("techniques"));
    let files: Vec<_> = families.flat_map(|family| family.files()).collect();
    let read = |file: &&File<'_>| {
        let path = file.path().to_string_lossy().replace('\\', "/");
        let is_rule = path.ends_with(".yaml") && !path.ends_with(".cases.yaml");
        is_rule.then(|| read_rule(&path, file.contents_utf8().unwrap_or_default()))
    };
    let mut rules = files.par_iter().filter_map(read).collect::<Result<Vec<Rule>, RuleError>>()?;
    rules.sort_by(|a, b| (&a.family, &a.id).cmp(&(&b.family, &b.id)));
    Ok(rules)
}

/// The definitions that come with the program.
pub fn definitions() -> Result<Definitions, RuleError> {
    let name = "definitions.yaml";
    let text = POLICIES.get_file(name).and_then(|file| file.contents_utf8()).unwrap_or_default();
    yaml_serde::from_str(text).map_err(|cause| RuleError { file: name.to_owned(), problem: cause.to_string() })
}
