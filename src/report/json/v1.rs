//! The types of report version 1. They are frozen: what changes elsewhere is translated here, and a change that readers
//! would notice makes version 2.

use crate::base::Certainty;
use crate::finding::{self, FixIntent, Severity};
use crate::report;
use crate::snapshot::Outcome;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    schema: &'static str,
    tool: Tool,
    subject: Subject<'a>,
    environments: Vec<Environment<'a>>,
    examined: Examined,
    break_glass: &'a [String],
    findings: Vec<Finding<'a>>,
    causes: Causes,
    suppressed: Vec<Suppressed<'a>>,
    unused_suppressions: Vec<UnusedSuppression<'a>>,
    coverage: Vec<Coverage<'a>>,
    not_judged: &'a [report::NotJudged],
    summary: Summary,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Subject<'a> {
    source: &'a str,
    accounts: Vec<Account<'a>>,
    collected_at: Option<&'a str>,
}

#[derive(Serialize)]
struct Account<'a> {
    id: &'a str,
    alias: Option<&'a str>,
}

#[derive(Serialize)]
struct Environment<'a> {
    name: &'a str,
    resources: usize,
    recognised_by: Vec<Recognition<'a>>,
}

#[derive(Serialize)]
struct Recognition<'a> {
    how: &'a str,
    resources: usize,
}

#[derive(Serialize)]
struct Examined {
    principals: usize,
    policies: usize,
    resources: usize,
    rules: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    id: &'a str,
    rule: &'a str,
    family: &'a str,
    title: &'a str,
    severity: &'static str,
    certainty: &'static str,
    lost: finding::Lost,
    principals: &'a [Arc<str>],
    resources: &'a [Arc<str>],
    actions: &'a [String],
    conditions: &'a [String],
    evidence: Vec<Evidence<'a>>,
    path: &'a [String],
    consequence: &'a str,
    remediation: &'a str,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Evidence<'a> {
    Statement { policy: &'a str, statement: usize, sid: Option<&'a str>, through: Option<&'a str> },
    Property { resource: &'a str, property: &'a str, found: &'a Value },
    Note { text: &'a str },
}

#[derive(Serialize)]
struct Fix<'a> {
    intent: Intent<'a>,
    terraform: Option<&'a str>,
}

/// What is to change; the properties of resources are in the snapshot.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Intent<'a> {
    SetArguments {
        targets: Vec<Arguments<'a>>,
    },
    DenyActions {
        name: &'a str,
        actions: &'a [String],
        resources: &'a [Arc<str>],
        attach_to: &'a [String],
        except: &'a [String],
    },
    DetachPolicy {
        policy: &'a str,
        from: &'a [String],
    },
    AddApproval {
        pipeline: &'a str,
        before_stage: &'a str,
    },
    Remove {
        resources: Vec<&'a str>,
    },
}

#[derive(Serialize)]
struct Arguments<'a> {
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
    arguments: BTreeMap<&'a str, &'a Value>,
}

/// The fewest changes that close the most violations.
#[derive(Serialize)]
struct Causes {
    violations: usize,
    changes: Vec<Cause>,
}

#[derive(Serialize)]
struct Cause {
    together: Vec<Change>,
    closes: usize,
    findings: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Change {
    Statement { policy: String, statement: usize, sid: Option<String> },
    Attachment { policy: String, group: String },
    Policy { policy: String },
    Finding { id: String },
}

#[derive(Serialize)]
struct Suppressed<'a> {
    finding: Finding<'a>,
    reason: &'a str,
    owner: &'a str,
    expires: Option<&'a str>,
}

#[derive(Serialize)]
struct UnusedSuppression<'a> {
    rule: &'a str,
    principals: &'a [String],
    resources: &'a [String],
    owner: &'a str,
    expires: &'a str,
}

#[derive(Serialize)]
struct Coverage<'a> {
    account: &'a str,
    service: &'a str,
    operation: &'a str,
    region: Option<&'a str>,
    outcome: &'static str,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Summary {
    violations: usize,
    by_severity: BySeverity,
    unknown: usize,
    principals: usize,
    resources: usize,
    not_visible: usize,
    complete: bool,
}

#[derive(Serialize)]
struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
}

impl<'a> From<&'a report::Report> for Report<'a> {
    fn from(report: &'a report::Report) -> Report<'a> {
        let finding = |finding: &'a finding::Finding| Finding::new(finding, report.fixes.get(&finding.id));
        let mut suppressed: Vec<&report::Suppressed> = report.suppressed.iter().collect();
        suppressed.sort_by(|one, other| one.finding.id.cmp(&other.finding.id));
        let mut coverage: Vec<&report::AccountCoverage> = report.coverage.iter().collect();
        coverage.sort();
        Report {
            schema: "foureyes/report/v1",
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            subject: Subject {
                source: &report.subject.source,
                accounts: report
                    .subject
                    .accounts
                    .iter()
                    .map(|account| Account { id: &account.id, alias: account.alias.as_deref() })
                    .collect(),
                collected_at: report.subject.collected_at.as_deref(),
            },
            environments: report.environments.iter().map(Environment::from).collect(),
            examined: Examined {
                principals: report.examined.principals,
                policies: report.examined.policies,
                resources: report.examined.resources,
                rules: report.examined.rules,
            },
            break_glass: &report.break_glass,
            findings: report.sorted().into_iter().map(finding).collect(),
            causes: report::causes::causes(report).into(),
            suppressed: suppressed
                .into_iter()
                .map(|suppressed| Suppressed {
                    finding: finding(&suppressed.finding),
                    reason: &suppressed.reason,
                    owner: &suppressed.owner,
                    expires: suppressed.expires.as_deref(),
                })
                .collect(),
            unused_suppressions: report
                .unused_suppressions
                .iter()
                .map(|unused| UnusedSuppression {
                    rule: &unused.rule,
                    principals: &unused.principals,
                    resources: &unused.resources,
                    owner: &unused.owner,
                    expires: &unused.expires,
                })
                .collect(),
            coverage: coverage.into_iter().map(Coverage::from).collect(),
            not_judged: &report.not_judged,
            summary: Summary::from(&report.summary()),
        }
    }
}

impl From<report::causes::Causes> for Causes {
    fn from(causes: report::causes::Causes) -> Causes {
        let one = |cause: report::causes::Cause| Cause {
            together: cause.changes.into_iter().map(Change::from).collect(),
            closes: cause.closes,
            findings: cause.findings,
        };
        Causes { violations: causes.violations, changes: causes.all.into_iter().map(one).collect() }
    }
}

impl From<report::causes::Change> for Change {
    fn from(change: report::causes::Change) -> Change {
        use report::causes::Change as Known;
        match change {
            Known::Statement { policy, statement, sid } => Change::Statement { policy, statement, sid },
            Known::Attachment { policy, group } => Change::Attachment { policy, group },
            Known::Policy { policy } => Change::Policy { policy },
            Known::Finding { id } => Change::Finding { id },
        }
    }
}

impl<'a> From<&'a report::EnvironmentSummary> for Environment<'a> {
    fn from(environment: &'a report::EnvironmentSummary) -> Environment<'a> {
        Environment {
            name: &environment.name,
            resources: environment.resources,
            recognised_by: environment
                .recognised_by
                .iter()
                .map(|by| Recognition { how: &by.how, resources: by.resources })
                .collect(),
        }
    }
}

impl<'a> Finding<'a> {
    fn new(finding: &'a finding::Finding, terraform: Option<&'a String>) -> Finding<'a> {
        Finding {
            id: &finding.id,
            rule: &finding.rule,
            family: &finding.family,
            title: &finding.title,
            severity: match finding.severity {
                Severity::Info => "info",
                Severity::Low => "low",
                Severity::Medium => "medium",
                Severity::High => "high",
                Severity::Critical => "critical",
            },
            certainty: match finding.certainty {
                Certainty::Certain => "certain",
                Certainty::Conditional => "conditional",
                Certainty::Unknown => "unknown",
            },
            lost: finding.lost,
            principals: &finding.principals,
            resources: &finding.resources,
            actions: &finding.actions,
            conditions: &finding.conditions,
            evidence: finding.evidence.iter().map(Evidence::from).collect(),
            path: &finding.path,
            consequence: &finding.consequence,
            remediation: &finding.remediation,
            fix: finding
                .fix
                .as_ref()
                .map(|intent| Fix { intent: Intent::from(intent), terraform: terraform.map(String::as_str) }),
        }
    }
}

impl<'a> From<&'a finding::Evidence> for Evidence<'a> {
    fn from(evidence: &'a finding::Evidence) -> Evidence<'a> {
        match evidence {
            finding::Evidence::Statement(statement) => Evidence::Statement {
                policy: &statement.policy,
                statement: statement.statement,
                sid: statement.sid.as_deref(),
                through: statement.through.as_deref(),
            },
            finding::Evidence::Property { resource, property, found } => {
                Evidence::Property { resource, property, found }
            }
            finding::Evidence::Note { text } => Evidence::Note { text },
        }
    }
}

impl<'a> From<&'a FixIntent> for Intent<'a> {
    fn from(intent: &'a FixIntent) -> Intent<'a> {
        match intent {
            FixIntent::SetArguments { targets } => Intent::SetArguments {
                targets: targets
                    .iter()
                    .map(|target| Arguments {
                        resource: &target.resource.arn,
                        part: target.part.as_deref(),
                        arguments: target.arguments.iter().map(|(name, value)| (name.as_str(), value)).collect(),
                    })
                    .collect(),
            },
            FixIntent::DenyActions { name, actions, resources, attach_to, except } => {
                Intent::DenyActions { name, actions, resources, attach_to, except }
            }
            FixIntent::DetachPolicy { policy, from, .. } => Intent::DetachPolicy { policy, from },
            FixIntent::AddApproval { pipeline, before_stage } => {
                Intent::AddApproval { pipeline: &pipeline.arn, before_stage }
            }
            FixIntent::Remove { targets } => {
                Intent::Remove { resources: targets.iter().map(|target| target.arn.as_str()).collect() }
            }
        }
    }
}

impl<'a> From<&'a report::AccountCoverage> for Coverage<'a> {
    fn from(coverage: &'a report::AccountCoverage) -> Coverage<'a> {
        Coverage {
            account: &coverage.account,
            service: &coverage.entry.service,
            operation: &coverage.entry.operation,
            region: coverage.entry.region.as_deref(),
            outcome: match coverage.entry.outcome {
                Outcome::Ok => "ok",
                Outcome::Denied => "denied",
                Outcome::Throttled => "throttled",
                Outcome::Unsupported => "unsupported",
                Outcome::Failed => "failed",
            },
            detail: coverage.entry.detail.as_deref(),
        }
    }
}

impl From<&report::Summary> for Summary {
    fn from(summary: &report::Summary) -> Summary {
        let count = |severity| summary.by_severity.get(&severity).copied().unwrap_or(0);
        Summary {
            violations: summary.violations,
            by_severity: BySeverity {
                critical: count(Severity::Critical),
                high: count(Severity::High),
                medium: count(Severity::Medium),
                low: count(Severity::Low),
                info: count(Severity::Info),
            },
            unknown: summary.unknown,
            principals: summary.principals,
            resources: summary.resources,
            not_visible: summary.not_visible,
            complete: summary.is_complete(),
        }
    }
}
