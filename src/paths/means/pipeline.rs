//! Taking a resource through a pipeline: by its definition, or by what it builds and deploys.
//!
//! A pipeline acts with its own role, and assumes the roles that its actions name, in other accounts too. Whoever writes
//! the definition anew and may pass the pipeline's role again lets it run commands with its own role or with that of an
//! action. Whoever may write what the pipeline reads (an archive in a bucket, a branch of a repository) decides what its
//! builds run, and which resources are left in a stack that it deploys.
//!
//! Sources: <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html>,
//! <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html> (`roleArn`),
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html>,
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html>,
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html>,
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html>

use super::super::terms::Terms;
use super::super::way::{By, On};
use super::deleted_by::deleted_by;
use super::plan::Part;
use super::workload::{Change, pass};
use crate::base::{Arn, Certainty};
use crate::inventory::{Inventory, PrincipalId, Resource, ResourceId, words};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a pipeline does is changed.
pub(super) const PIPELINE: &str = "pipeline";
/// What a pipeline reads is changed.
pub(super) const SOURCE: &str = "pipeline-source";

/// What has to be done to have a pipeline act as one likes.
pub(super) fn changes(
    inventory: &Inventory,
    made_by: &dyn Fn(ResourceId) -> Vec<ResourceId>,
    id: ResourceId,
    known: &Resource,
) -> Vec<Change> {
    let scene = Scene { inventory, made_by, id, known, actions: actions(known) };
    let mut all = scene.by_definition();
    all.extend(scene.by_source());
    all
}

/// An action of a pipeline, in the order in which actions run.
struct Action<'r> {
    stage: &'r str,
    category: &'r str,
    provider: &'r str,
    role: Option<&'r str>,
    region: Option<&'r str>,
    configuration: Option<&'r Value>,
    /// Names of artifacts.
    reads: Vec<&'r str>,
    writes: Vec<&'r str>,
}

impl<'r> Action<'r> {
    fn of(stage: &'r str, value: &'r Value) -> Action<'r> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let kind = |field: &str| value.get("ActionTypeId").and_then(|kind| kind.get(field)).and_then(Value::as_str);
        let names = |field: &str| {
            let all = value.get(field).and_then(Value::as_array);
            all.into_iter().flatten().filter_map(|one| one.get("Name")?.as_str()).collect()
        };
        Action {
            stage,
            category: kind("Category").unwrap_or_default(),
            provider: kind("Provider").unwrap_or_default(),
            role: text("RoleArn").filter(|arn| !arn.is_empty()),
            region: text("Region"),
            configuration: value.get("Configuration"),
            reads: names("InputArtifacts"),
            writes: names("OutputArtifacts"),
        }
    }

    fn setting(&self, name: &str) -> Option<&'r str> {
        self.configuration?.get(name)?.as_str().filter(|text| !text.is_empty())
    }
}

fn actions(pipeline: &Resource) -> Vec<Action<'_>> {
    let mut all = Vec::new();
    for stage in pipeline.properties.get("Stages").and_then(Value::as_array).into_iter().flatten() {
        let name = stage.get("Name").and_then(Value::as_str).unwrap_or_default();
        let listed = stage.get("Actions").and_then(Value::as_array);
        let mut of_stage: Vec<&Value> = listed.into_iter().flatten().collect();
        of_stage.sort_by_key(|action| action.get("RunOrder").and_then(Value::as_u64).unwrap_or(1));
        all.extend(of_stage.into_iter().map(|action| Action::of(name, action)));
    }
    all
}

struct Scene<'i> {
    inventory: &'i Inventory,
    /// What a stack made.
    made_by: &'i dyn Fn(ResourceId) -> Vec<ResourceId>,
    id: ResourceId,
    known: &'i Resource,
    actions: Vec<Action<'i>>,
}

impl Scene<'_> {
    /// The role of the pipeline, and those of its actions, which the pipeline assumes.
    fn by_definition(&self) -> Vec<Change> {
        let Some(own) = self.known.text("RoleArn").filter(|arn| !arn.is_empty()) else { return Vec::new() };
        let name = words::resource(self.known);
        let call =
            |action: &str, what: &str| Part::call(action, On::Resource(self.id), format!("{{who}} {what} ({action})"));
        let parts = vec![
            pass(own, "codepipeline.amazonaws.com", "passes the pipeline its role {role} again"),
            call("codepipeline:UpdatePipeline", &format!("gives {name} a step of commands of its own")),
            call("codepipeline:StartPipelineExecution", &format!("starts {name}")),
        ];
        let mut all = Vec::new();
        let role = self.inventory.find_principal(own);
        all.extend(role.map(|role| self.change(PIPELINE, role, parts.clone(), name.clone())));
        let others: BTreeSet<&str> = self.actions.iter().filter_map(|action| action.role).collect();
        for other in others.into_iter().filter(|other| *other != own) {
            let Some(taken) = self.inventory.find_principal(other) else { continue };
            let mut parts = parts.clone();
            parts.push(self.takes_on(role, other));
            all.push(self.change(PIPELINE, taken, parts, name.clone()));
        }
        all
    }

    /// The pipeline assumes the role of an action.
    fn takes_on(&self, own: Option<PrincipalId>, other: &str) -> Part {
        let words = format!(
            "{} assumes the role {} of one of its actions (sts:AssumeRole)",
            words::resource(self.known),
            last(other)
        );
        let part = Part::call("sts:AssumeRole", On::Arn(other.into()), words)
            .given(&[("aws:MultiFactorAuthPresent", &[]), ("aws:MultiFactorAuthAge", &[])]);
        match own {
            Some(own) => part.by(By::Role(own)),
            None => part.by(By::Unread).or(Terms::of_certainty(Certainty::Unknown)),
        }
    }

    /// What builds and deployments do with what a source hands them.
    fn by_source(&self) -> Vec<Change> {
        let mut all = Vec::new();
        for (place, source) in self.actions.iter().enumerate().filter(|(_, action)| action.category == "Source") {
            let Some(write) = self.write(source) else { continue };
            let mut fed: BTreeSet<&str> = source.writes.iter().copied().collect();
            let mut terms = Terms::default();
            if source.setting("PollForSourceChanges") == Some("false") {
                // Then an event rule starts it, or nobody does.
                terms = terms.and(only_if(format!("something starts {} then", words::resource(self.known))));
            }
            for action in self.actions.iter().skip(place.saturating_add(1)) {
                if action.category == "Approval" {
                    terms = terms.and(only_if(format!(
                        "somebody approves the run of {} in its stage {}",
                        words::resource(self.known),
                        action.stage
                    )));
                }
                if !action.reads.iter().any(|artifact| fed.contains(artifact)) {
                    continue;
                }
                fed.extend(&action.writes);
                let change = match action.provider {
                    "CodeBuild" => self.build(action),
                    "CloudFormation" => self.deployment(action, &fed),
                    _ => None,
                };
                if let Some(mut change) = change {
                    change.parts.insert(0, write.clone());
                    change.terms = terms.clone().and(change.terms);
                    all.push(change);
                }
            }
        }
        all
    }

    /// The call that changes what a source action reads; `None`: it is not read from AWS.
    fn write(&self, source: &Action<'_>) -> Option<Part> {
        let arn = Arn::parse(&self.known.arn)?;
        let (partition, region) = (arn.partition, source.region.unwrap_or(arn.region));
        let name = words::resource(self.known);
        match source.provider {
            "S3" => {
                let (bucket, key) = (source.setting("S3Bucket")?, source.setting("S3ObjectKey")?);
                let words = format!(
                    "{{who}} replaces the file {key} in the bucket {bucket}, which {name} reads (s3:PutObject)"
                );
                Some(Part::call("s3:PutObject", On::Arn(format!("arn:{partition}:s3:::{bucket}/{key}").into()), words))
            }
            "CodeCommit" => {
                let (repository, branch) = (source.setting("RepositoryName")?, source.setting("BranchName")?);
                let account = source.role.and_then(Arn::parse).map_or(arn.account, |role| role.account);
                let on = format!("arn:{partition}:codecommit:{region}:{account}:{repository}");
                let words = format!(
                    "{{who}} pushes to the branch {branch} of the repository {repository}, which {name} reads (codecommit:GitPush)"
                );
                let branch = format!("refs/heads/{branch}");
                Some(
                    Part::call("codecommit:GitPush", On::Arn(on.into()), words)
                        .given(&[("codecommit:References", &[branch.as_str()])]),
                )
            }
            _ => None,
        }
    }

    /// A build of what the source holds, with the role of its project.
    fn build(&self, action: &Action<'_>) -> Option<Change> {
        let arn = Arn::parse(&self.known.arn)?;
        let account = action.role.and_then(Arn::parse).map_or(arn.account, |role| role.account);
        let region = action.region.unwrap_or(arn.region);
        let name = action.setting("ProjectName")?;
        let project = format!("arn:{}:codebuild:{region}:{account}:project/{name}", arn.partition);
        let project = self.inventory.resource(self.inventory.find_resource(&project)?)?;
        let role = self.inventory.find_principal(project.text("ServiceRole")?)?;
        let mut change = self.change(SOURCE, role, Vec::new(), words::resource(project));
        change.terms = only_if(format!("{} runs commands that stand in its source", words::resource(project)));
        Some(change)
    }

    /// A stack that is deployed with a template out of the source: what the template leaves out is deleted with the role
    /// that CloudFormation is given.
    fn deployment(&self, action: &Action<'_>, fed: &BTreeSet<&str>) -> Option<Change> {
        let (template, _) = action.setting("TemplatePath")?.split_once("::")?;
        let creates = ["CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_REPLACE"];
        if !fed.contains(template) || !creates.contains(&action.setting("ActionMode")?) {
            return None;
        }
        let role_arn = action.setting("RoleArn")?;
        let role = self.inventory.find_principal(role_arn)?;
        let arn = Arn::parse(&self.known.arn)?;
        let account = Arn::parse(role_arn).map_or(arn.account, |role| role.account);
        let begins = format!(
            "arn:{}:cloudformation:{}:{account}:stack/{}/",
            arn.partition,
            action.region.unwrap_or(arn.region),
            action.setting("StackName")?
        );
        let (stack, known) = self.inventory.resource_ids().find(|(_, resource)| resource.arn.starts_with(&begins))?;
        let made = (self.made_by)(stack);
        let runs = format!("CloudFormation, given a template for {} that leaves it out", words::resource(known));
        let mut change = self.change(SOURCE, role, Vec::new(), runs);
        let action = |id: ResourceId| deleted_by(&self.inventory.resource(id)?.kind).map(|(action, _)| (id, action));
        change.only = Some(made.into_iter().filter_map(action).collect());
        Some(change)
    }

    fn change(&self, kind: &'static str, role: PrincipalId, parts: Vec<Part>, runs: String) -> Change {
        Change { kind, role, on: self.id, parts, runs, terms: Terms::default(), only: None }
    }
}

fn only_if(condition: String) -> Terms {
    Terms { certainty: Certainty::Conditional, conditions: [condition].into() }
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
