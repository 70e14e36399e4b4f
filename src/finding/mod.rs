//! What a violation is: plain data, made by rules, read by reports and fixes. Knows neither.

use crate::base::Certainty;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// How bad it is, from least to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Untidy; mend when you pass by.
    Low,
    /// Weakens a protection.
    Medium,
    /// One more mistake away from losing production.
    High,
    /// One person, one command, production gone.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        })
    }
}

/// What would be lost at worst, the worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lost {
    /// Data that users or systems wrote.
    Data,
    /// What serves.
    Environment,
    /// The means to restore.
    Recovery,
    /// A protection.
    Guard,
    /// The record of who did what, or the alarm about it.
    Audit,
    /// Nothing by itself.
    #[default]
    Nothing,
}

/// One violation: one cause, with everybody and everything it concerns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Stable for the same cause from run to run: `rule` and a short hash of the cause.
    pub id: String,
    /// Rule id, such as `delete-production-data-directly`.
    pub rule: String,
    /// Family of the rule, such as `destruction`.
    pub family: String,
    /// One line: what is wrong here, with names.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// What would be lost at worst.
    pub lost: Lost,
    /// ARNs of those who can do it, sorted; empty when the violation is a setting.
    pub principals: Vec<Arc<str>>,
    /// ARNs of what is concerned, sorted. Thousands of findings may concern the same.
    pub resources: Arc<[Arc<str>]>,
    /// IAM actions concerned, sorted.
    pub actions: Vec<String>,
    /// What must hold for it to happen, in words; all of them. Empty: nothing.
    pub conditions: Vec<String>,
    /// What proves it.
    pub evidence: Vec<Evidence>,
    /// How it would happen, step by step, in words; the shortest way.
    pub path: Vec<String>,
    /// What would be lost, in one plain sentence.
    pub consequence: String,
    /// What to do, in one or two sentences.
    pub remediation: String,
    /// How Terraform would put it right; `None` where the rule says why none is possible.
    pub fix: Option<FixIntent>,
}

impl Finding {
    /// Worst first: how bad, how sure, what would be lost, in how few steps and under how few conditions, how many can and
    /// how much it concerns. The id makes the order total.
    pub fn order(&self, other: &Finding) -> std::cmp::Ordering {
        let concerns =
            |finding: &Finding| finding.principals.len().max(1).saturating_mul(finding.resources.len().max(1));
        let ease = |finding: &Finding| (finding.path.len(), finding.conditions.len());
        (other.severity, self.certainty, self.lost, ease(self), concerns(other), &self.id).cmp(&(
            self.severity,
            other.certainty,
            other.lost,
            ease(other),
            concerns(self),
            &other.id,
        ))
    }
}

/// What proves a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Evidence {
    /// A statement that allows it.
    Statement(StatementEvidence),
    /// A property of a resource that has the wrong value.
    Property {
        /// ARN of the resource.
        resource: String,
        /// CloudFormation property path, such as `PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled`.
        property: String,
        /// What was found, as JSON; `null` when the property is absent.
        found: serde_json::Value,
    },
    /// Something that is not one statement or property, in words.
    Note {
        /// The words.
        text: String,
    },
}

/// A statement of a policy, and how the policy comes to apply.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StatementEvidence {
    /// ARN of a managed policy, or `inline policy NAME of ARN`, or `resource policy of ARN`.
    pub policy: String,
    /// Position of the statement in its document, from 0.
    pub statement: usize,
    /// Its `Sid`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What carries the policy to the principal, such as the ARN of a group or role; `None`: attached directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// What Terraform should change. Plain data: `fix` turns it into HCL on real names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FixIntent {
    /// Set arguments on resources that exist.
    SetArguments {
        /// What to set on which resource.
        targets: Vec<SetArguments>,
    },
    /// Attach a policy that denies actions on production, except for the break-glass principals.
    DenyActions {
        /// Name stem for the Terraform resources and the policy, such as `deny-production-deletion`.
        name: String,
        /// The actions to deny, sorted.
        actions: Vec<String>,
        /// Resource ARNs or patterns the deny is limited to, sorted.
        resources: Arc<[Arc<str>]>,
        /// ARNs of users, groups and roles to attach the policy to, sorted.
        attach_to: Vec<String>,
        /// ARNs exempt from the deny, sorted.
        except: Vec<String>,
    },
    /// Take a managed policy away from those who do not need it.
    DetachPolicy {
        /// ARN of the managed policy.
        policy: String,
        /// ARNs of users, groups and roles to take it from, sorted.
        from: Vec<String>,
        /// The other managed policies that each of `from` keeps, ARN to sorted ARNs. Terraform can detach what it did
        /// not attach only by stating the whole list; one that is missing here is detached by hand.
        remaining: std::collections::BTreeMap<String, Vec<String>>,
    },
    /// Put a manual approval before the stage that reaches production.
    AddApproval {
        /// The pipeline as the snapshot has it.
        pipeline: TargetResource,
        /// Name of the stage that must wait.
        before_stage: String,
    },
    /// Delete something that should not exist, such as a webhook on production.
    Remove {
        /// What to remove.
        targets: Vec<TargetResource>,
    },
}

/// A resource as the snapshot has it, enough to write Terraform for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetResource {
    /// ARN.
    pub arn: String,
    /// CloudFormation type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its region, as far as known: ARNs of buckets do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// CloudFormation properties.
    pub properties: Arc<serde_json::Map<String, serde_json::Value>>,
    /// Tags.
    pub tags: Arc<BTreeMap<String, String>>,
}

/// Arguments to set on one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetArguments {
    /// The resource.
    pub resource: TargetResource,
    /// Terraform type that carries the arguments, where it is not the resource's own: `aws_s3_bucket_versioning`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Terraform argument paths and values, such as `point_in_time_recovery.enabled` = `true`; nested blocks by dots.
    pub arguments: Vec<(String, serde_json::Value)>,
}
