//! Fix intents to Terraform.
//!
//! Each existing thing gets one file with an `import` block and one `resource` block, however many findings concern it:
//! Terraform refuses a second block for the same object. What is not known stays untouched by `ignore_changes`; what
//! exists is never destroyed by an import. File and resource names depend on the thing alone, so a later run never
//! takes an address away from something that Terraform manages already.

mod deny;
mod detach;
mod hcl;
mod names;
mod part;
mod pipeline;
mod resource;
mod table;
mod types;
mod write;

pub use write::{WriteError, Written, write};

use crate::base::{Arn, arn};
use crate::finding::{Finding, FixIntent, TargetResource};
use hcl_edit::structure::Block;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A Terraform file that mends something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The account it is for, where the ARNs say it: Terraform must run with its credentials.
    pub account: Option<String>,
    /// Path for the file: a name, or account and name where there are patches for several accounts. Letters, digits,
    /// `.`, `_`, `-` and one `/` at most.
    pub file: String,
    /// Ids of the findings it mends, sorted.
    pub findings: Vec<String>,
    /// The file's text, as `terraform fmt` would write it.
    pub hcl: String,
    /// What a person must know or do beside applying it.
    pub notes: Vec<String>,
}

/// Why there is no Terraform for a finding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFix {
    /// The rule knows none.
    #[error("no Terraform fix exists for this rule")]
    NoIntent,
    /// No Terraform resource is known for the type.
    #[error("no Terraform resource is known for {kind} ({arn})")]
    UnknownType {
        /// CloudFormation type.
        kind: String,
        /// ARN.
        arn: String,
    },
    /// The ARN does not hold the ID that Terraform imports by.
    #[error("{arn} does not hold the ID that Terraform imports by")]
    NoImportId {
        /// ARN.
        arn: String,
    },
    /// The stage does not exist, or is the first: nothing can wait before the source.
    #[error("pipeline {pipeline} has no stage {stage:?} that could wait for an approval")]
    NoStage {
        /// ARN of the pipeline.
        pipeline: String,
        /// Name of the stage.
        stage: String,
    },
    /// A part of the pipeline cannot be written, and writing the rest would delete that part.
    #[error("{what} of pipeline {pipeline} cannot be written, and Terraform would remove what is not")]
    Incomplete {
        /// ARN of the pipeline.
        pipeline: String,
        /// The part, by its CloudFormation name.
        what: String,
    },
    /// It holds data.
    #[error("{arn} holds data, and nothing here deletes data")]
    HoldsData {
        /// ARN.
        arn: String,
    },
    /// None of those concerned can have managed policies attached or detached by IAM.
    #[error("none of those concerned is a group, role or user whose policies IAM lets you change")]
    NoPrincipal,
    /// A policy that exempts so many would be longer than IAM allows.
    #[error("the policy would be longer than the 6,144 characters that IAM allows")]
    TooLong,
}

/// The Terraform for some findings: one file for each thing to change, sorted by path. A finding that cannot be mended
/// is absent; [`for_finding`] says why.
pub fn patches(findings: &[Finding]) -> Vec<Patch> {
    let (mut units, _) = units(findings);
    let accounts: BTreeSet<_> = units.iter().filter_map(|unit| unit.account.clone()).collect();
    units.sort_by(|one, other| (&one.account, &one.file).cmp(&(&other.account, &other.file)));
    let mut taken = BTreeSet::new();
    units
        .into_iter()
        .map(|unit| {
            let folder = match &unit.account {
                Some(account) if accounts.len() > 1 => format!("{account}/"),
                _ => String::new(),
            };
            let mut file = format!("{folder}{}.tf", unit.file);
            // Some file systems do not tell upper from lower case.
            if !taken.insert(file.to_ascii_lowercase()) {
                file = format!("{folder}{}_{}.tf", unit.file, names::hash(&unit.file));
            }
            Patch {
                account: unit.account.clone(),
                file,
                findings: unit.findings.iter().cloned().collect(),
                notes: unit.notes.clone(),
                hcl: unit.into_hcl(),
            }
        })
        .collect()
}

/// The Terraform for one finding alone, to show beside it.
///
/// # Errors
///
/// [`NoFix`] when nothing can be written; when only a part cannot, the text says so in a comment.
pub fn for_finding(finding: &Finding) -> Result<String, NoFix> {
    let (units, problems) = units(std::slice::from_ref(finding));
    if units.is_empty() {
        return Err(problems.into_iter().next().unwrap_or(NoFix::NoIntent));
    }
    let mut texts: Vec<String> = units.into_iter().map(Unit::into_hcl).collect();
    if !problems.is_empty() {
        let comments: Vec<String> =
            problems.iter().flat_map(|problem| hcl::wrapped(&format!("Not mended here: {problem}."))).collect();
        texts.push(format!("{}\n", comments.join("\n")));
    }
    Ok(texts.join("\n"))
}

/// One file to be.
struct Unit {
    account: Option<String>,
    /// File name without `.tf`.
    file: String,
    findings: BTreeSet<String>,
    /// Lines of comment at the top.
    comments: Vec<String>,
    notes: Vec<String>,
    blocks: Vec<Block>,
}

impl Unit {
    fn into_hcl(mut self) -> String {
        match self.blocks.first_mut() {
            Some(first) => {
                hcl::comment_lines(first, &self.comments);
                hcl::render(self.blocks)
            }
            None => format!("{}\n", self.comments.join("\n")),
        }
    }
}

/// Everything that the findings ask of one resource.
struct Change<'a> {
    resource: &'a TargetResource,
    /// Terraform type that carries the arguments, where it is not the resource's own.
    part: Option<&'a str>,
    account: Option<String>,
    /// Argument to value, with the finding that asked first.
    arguments: Vec<(&'a str, &'a Value)>,
    /// Stages that must wait for an approval.
    stages: BTreeSet<&'a str>,
    remove: bool,
    findings: Vec<&'a Finding>,
    notes: Vec<String>,
}

/// Everything that the findings ask to deny to the same principals, on the same terms.
struct Denial<'a> {
    name: &'a str,
    attach_to: BTreeSet<&'a str>,
    findings: Vec<&'a Finding>,
}

/// What makes two denials one: account, actions, resources and exemptions.
type DenialTerms<'a> = (Option<String>, &'a [String], &'a [Arc<str>], &'a [String]);

/// The policies that one principal must lose.
struct Detachment<'a> {
    policies: BTreeSet<&'a str>,
    /// What it keeps, where that is known.
    remaining: Option<BTreeSet<&'a str>>,
    findings: Vec<&'a Finding>,
}

/// Gathers what is asked by the thing it is asked of, then writes each thing once.
fn units(findings: &[Finding]) -> (Vec<Unit>, Vec<NoFix>) {
    let mut ordered: Vec<&Finding> = findings.iter().collect();
    ordered.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.id.cmp(&other.id)));

    let mut changes: BTreeMap<(&str, Option<&str>), Change> = BTreeMap::new();
    let mut denials: BTreeMap<DenialTerms, Denial> = BTreeMap::new();
    let mut detachments: BTreeMap<&str, Detachment> = BTreeMap::new();
    for finding in ordered {
        match &finding.fix {
            None => {}
            Some(FixIntent::SetArguments { targets }) => {
                for target in targets {
                    let change = change_of(&mut changes, &target.resource, target.part.as_deref(), finding);
                    for (name, value) in &target.arguments {
                        match change.arguments.iter().find(|(given, _)| given == name) {
                            None => change.arguments.push((name, value)),
                            Some((_, given)) if *given != value => change.notes.push(format!(
                                "{} asks for {name} = {value}; the value above, of a graver finding, stands.",
                                finding.id
                            )),
                            Some(_) => {}
                        }
                    }
                }
            }
            Some(FixIntent::AddApproval { pipeline, before_stage }) => {
                change_of(&mut changes, pipeline, None, finding).stages.insert(before_stage);
            }
            Some(FixIntent::Remove { targets }) => {
                for target in targets {
                    change_of(&mut changes, target, None, finding).remove = true;
                }
            }
            Some(FixIntent::DenyActions { name, actions, resources, attach_to, except }) => {
                for principal in attach_to {
                    let terms = (account(principal, finding), &**actions, &**resources, &**except);
                    let denial = denials.entry(terms).or_insert_with(|| Denial {
                        name,
                        attach_to: BTreeSet::new(),
                        findings: Vec::new(),
                    });
                    denial.name = denial.name.min(name);
                    denial.attach_to.insert(principal);
                    push_once(&mut denial.findings, finding);
                }
            }
            Some(FixIntent::DetachPolicy { policy, from, remaining }) => {
                for principal in from {
                    let detachment = detachments.entry(principal).or_insert_with(|| Detachment {
                        policies: BTreeSet::new(),
                        remaining: None,
                        findings: Vec::new(),
                    });
                    detachment.policies.insert(policy);
                    if let Some(kept) = remaining.get(principal) {
                        let kept: BTreeSet<&str> = kept.iter().map(String::as_str).collect();
                        // Each finding names what stays beside its own policy: only what all of them name stays.
                        detachment.remaining = Some(match detachment.remaining.take() {
                            Some(before) => before.intersection(&kept).copied().collect(),
                            None => kept,
                        });
                    }
                    push_once(&mut detachment.findings, finding);
                }
            }
        }
    }

    let (mut units, mut problems) = (Vec::new(), Vec::new());
    let mut keep = |result: Result<Unit, NoFix>| match result {
        Ok(unit) => units.push(unit),
        Err(problem) => problems.push(problem),
    };
    for change in changes.into_values() {
        keep(match change.part {
            Some(part) => part::unit(change, part),
            None => resource::unit(change),
        });
    }
    // A principal's exclusive list of policies must hold the denials that the same run attaches to it.
    let mut attached: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (terms, denial) in &denials {
        keep(deny::unit(terms, denial, &mut attached));
    }
    for (principal, detachment) in &detachments {
        keep(detach::unit(principal, detachment, attached.get(principal).map_or(&[], Vec::as_slice)));
    }
    (units, problems)
}

fn change_of<'a, 'b>(
    changes: &'b mut BTreeMap<(&'a str, Option<&'a str>), Change<'a>>,
    resource: &'a TargetResource,
    part: Option<&'a str>,
    finding: &'a Finding,
) -> &'b mut Change<'a> {
    let change = changes.entry((&resource.arn, part)).or_insert_with(|| Change {
        resource,
        part,
        account: account(&resource.arn, finding),
        arguments: Vec::new(),
        stages: BTreeSet::new(),
        remove: false,
        findings: Vec::new(),
        notes: Vec::new(),
    });
    push_once(&mut change.findings, finding);
    change
}

fn push_once<'a>(findings: &mut Vec<&'a Finding>, finding: &'a Finding) {
    if !findings.iter().any(|known| known.id == finding.id) {
        findings.push(finding);
    }
}

/// The account of an ARN; where the ARN does not say it (S3), that of the finding's other ARNs.
fn account(arn: &str, finding: &Finding) -> Option<String> {
    let all = std::iter::once(arn).chain(finding.resources.iter().chain(&finding.principals).map(|arn| &**arn));
    all.filter_map(arn::account_of).next().map(str::to_owned)
}

/// A comment for each finding: what is wrong, and what to do and to look at, which the file does not do alone.
fn titles(findings: &[&Finding]) -> Vec<String> {
    let told = |finding: &&Finding| {
        let mut lines = hcl::wrapped(&format!("{}: {}", finding.id, finding.title));
        if !finding.remediation.is_empty() {
            lines.extend(hcl::wrapped(&finding.remediation));
        }
        lines
    };
    findings.iter().flat_map(told).collect()
}

fn ids(findings: &[&Finding]) -> BTreeSet<String> {
    findings.iter().map(|finding| finding.id.clone()).collect()
}

/// A user, group or role that IAM lets you attach policies to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PrincipalKind {
    Group,
    Role,
    User,
}

impl PrincipalKind {
    const ALL: [PrincipalKind; 3] = [PrincipalKind::Group, PrincipalKind::Role, PrincipalKind::User];

    /// As Terraform and IAM spell it.
    fn word(self) -> &'static str {
        match self {
            PrincipalKind::Group => "group",
            PrincipalKind::Role => "role",
            PrincipalKind::User => "user",
        }
    }
}

/// Kind and name of a principal, or why its policies cannot be changed.
fn principal(arn: &str) -> Result<(PrincipalKind, &str), String> {
    let parsed = Arn::parse(arn).filter(|parsed| parsed.service == "iam");
    let Some((kind, path)) = parsed.and_then(|parsed| parsed.resource.split_once('/')) else {
        return Err(match parsed.map(|parsed| parsed.resource) {
            Some("root") => format!("{arn} is the root user: only a service control policy limits it."),
            _ => format!("{arn} is not a group, role or user of IAM."),
        });
    };
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    if name.is_empty() {
        return Err(format!("{arn} names nobody."));
    }
    match kind {
        "group" => Ok((PrincipalKind::Group, name)),
        "user" => Ok((PrincipalKind::User, name)),
        "role" if path.starts_with("aws-service-role/") => {
            Err(format!("{arn} is a service-linked role: only its service changes its policies."))
        }
        "role" if path.starts_with("aws-reserved/") => {
            Err(format!("{arn} belongs to IAM Identity Center: change its permission set instead."))
        }
        "role" => Ok((PrincipalKind::Role, name)),
        _ => Err(format!("{arn} is not a group, role or user of IAM.")),
    }
}
