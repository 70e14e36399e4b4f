//! Reports: what people read, and what machines read.

use crate::fix::finding;
use foureyes::base::Certainty;
use foureyes::finding::{Evidence, Finding, FixIntent, SetArguments, Severity, StatementEvidence, TargetResource};
use foureyes::report::{
    self, AccountCoverage, AccountSummary, EnvironmentSummary, Examined, Format, NotJudged, Recognition, Report,
    Subject, Suppressed, table::Style,
};
use foureyes::snapshot::{Coverage, Outcome};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod";

fn user(name: &str) -> String {
    format!("arn:aws:iam::111122223333:user/{name}")
}

/// Many developers with one policy, a pipeline without approval, an unprotected table, an undecided role, a suppressed
/// webhook, and calls that were refused.
fn realistic() -> Report {
    let delete = Finding {
        rule: "delete-production-data-directly".into(),
        title: format!("14 principals can delete {TABLE}"),
        severity: Severity::Critical,
        principals: (1..=14).map(|n| user(&format!("dev-{n:02}")).into()).collect(),
        resources: [TABLE.into()].into(),
        actions: vec!["dynamodb:DeleteTable".into()],
        evidence: vec![
            Evidence::Statement(StatementEvidence {
                policy: "arn:aws:iam::111122223333:policy/deploy".into(),
                statement: 2,
                sid: Some("AllowData".into()),
                through: Some("arn:aws:iam::111122223333:group/team/developers".into()),
            }),
            Evidence::Property {
                resource: TABLE.into(),
                property: "DeletionProtectionEnabled".into(),
                found: json!(false),
            },
        ],
        path: vec![format!("{} calls dynamodb:DeleteTable on {TABLE}", user("dev-01"))],
        consequence: "All orders are gone, and there is no backup to restore.".into(),
        remediation: "Deny the deletion of production tables to the group, except for a break-glass role.".into(),
        fix: Some(FixIntent::DenyActions {
            name: "deny".into(),
            actions: vec!["dynamodb:DeleteTable".into()],
            resources: [TABLE.into()].into(),
            attach_to: vec!["arn:aws:iam::111122223333:group/team/developers".into()],
            except: vec![],
        }),
        ..finding("delete-production-data-directly-5d41a0c2", None)
    };
    let role = "arn:aws:iam::111122223333:role/ci";
    let path = Finding {
        rule: "delete-production-through-a-stack".into(),
        title: format!("{role} can delete production by deleting its stack"),
        certainty: Certainty::Conditional,
        principals: vec![role.into(), user("dev-01").into()],
        resources: [TABLE.into(), "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_AbCdEf123".into()]
            .into(),
        actions: vec!["cloudformation:DeleteStack".into()],
        conditions: vec!["aws:SourceIp is in 10.0.0.0/8".into()],
        evidence: vec![Evidence::Statement(StatementEvidence {
            policy: "arn:aws:iam::aws:policy/AdministratorAccess-Amplify".into(),
            statement: 0,
            sid: None,
            through: None,
        })],
        path: vec![format!("{} assumes {role}", user("dev-01")), format!("{role} calls cloudformation:DeleteStack")],
        consequence: "The tables, users and functions of the environment are deleted with the stack.".into(),
        remediation: "Turn on termination protection, and deny cloudformation:DeleteStack on stack/amplify-*-prod-*."
            .into(),
        ..finding("delete-production-through-a-stack-0b7e11d9", None)
    };
    let setting = Finding {
        rule: "point-in-time-recovery-off".into(),
        family: "recovery".into(),
        title: format!("{TABLE} has no point-in-time recovery"),
        severity: Severity::Medium,
        resources: [TABLE.into()].into(),
        evidence: vec![Evidence::Property {
            resource: TABLE.into(),
            property: "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled".into(),
            found: Value::Null,
        }],
        consequence: "A wrong write cannot be undone.".into(),
        remediation: "Turn on point-in-time recovery.".into(),
        fix: Some(FixIntent::SetArguments {
            targets: vec![SetArguments {
                resource: TargetResource {
                    arn: TABLE.into(),
                    kind: "AWS::DynamoDB::Table".into(),
                    region: None,
                    properties: Arc::default(),
                    tags: Arc::default(),
                },
                part: None,
                arguments: vec![("point_in_time_recovery.enabled".into(), json!(true))],
            }],
        }),
        ..finding("point-in-time-recovery-off-77aa01be", None)
    };
    let unknown = Finding {
        rule: "delete-production-data-directly".into(),
        title: "arn:aws:iam::111122223333:role/partner may be able to delete production".into(),
        severity: Severity::High,
        certainty: Certainty::Unknown,
        principals: vec!["arn:aws:iam::111122223333:role/partner".into()],
        resources: [TABLE.into()].into(),
        evidence: vec![Evidence::Note { text: "The permissions boundary could not be read.".into() }],
        consequence: "All orders would be gone.".into(),
        remediation: "Let the auditor read the boundary.".into(),
        ..finding("delete-production-data-directly-90ce3312", None)
    };
    let webhook = Finding {
        title: "A webhook deploys main without approval".into(),
        severity: Severity::Low,
        resources: ["arn:aws:amplify:eu-west-1:111122223333:apps/d1/webhooks/w1".into()].into(),
        ..finding("webhook-on-production-1c2d3e4f", Some(FixIntent::Remove { targets: vec![] }))
    };
    let coverage =
        |service: &str, operation: &str, region: Option<&str>, outcome, detail: Option<&str>| AccountCoverage {
            account: "111122223333".into(),
            entry: Coverage {
                service: service.into(),
                operation: operation.into(),
                region: region.map(str::to_owned),
                outcome,
                detail: detail.map(str::to_owned),
            },
        };
    Report {
        break_glass: Vec::new(),
        subject: Subject {
            source: "prod.json".into(),
            accounts: vec![AccountSummary { id: "111122223333".into(), alias: Some("acme-prod".into()) }],
            collected_at: Some("2026-11-22T02:00:00Z".into()),
        },
        environments: vec![EnvironmentSummary {
            name: "production".into(),
            resources: 14,
            recognised_by: vec![
                Recognition { how: "tag env=prod".into(), resources: 9 },
                Recognition { how: "name *-prod".into(), resources: 5 },
            ],
        }],
        fixes: BTreeMap::from([(
            setting.id.clone(),
            "resource \"aws_dynamodb_table\" \"Order\" {\n  name = \"Order\"\n\n  point_in_time_recovery {\n    enabled = true\n  }\n}\n".into(),
        )]),
        findings: vec![unknown, setting, path, delete],
        suppressed: vec![Suppressed {
            finding: webhook,
            reason: "Replaced by the pipeline in March.".into(),
            owner: "mara".into(),
            expires: Some("2027-03-31".into()),
        }],
        unused_suppressions: vec![],
        coverage: vec![
            coverage("organizations", "DescribeOrganization", None, Outcome::Denied, Some("AccessDeniedException")),
            coverage("amplify", "ListBackendEnvironments", Some("us-east-1"), Outcome::Denied, None),
            coverage("amplify", "ListApps", Some("eu-west-1"), Outcome::Ok, None),
            coverage("amplify", "ListApps", Some("us-east-1"), Outcome::Denied, None),
            coverage("cognito-idp", "ListUserPools", Some("ap-east-2"), Outcome::Unsupported, None),
        ],
        not_judged: vec![],
        examined: Examined { principals: 34, policies: 120, resources: 48, rules: 20 },
    }
}

fn clean() -> Report {
    Report { findings: vec![], suppressed: vec![], fixes: BTreeMap::new(), coverage: vec![], ..realistic() }
}

fn text(report: &Report, style: Style) -> String {
    let mut out = Vec::new();
    report::write(report, Format::Table(style), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(report: &Report, width: u16) -> String {
    text(report, Style { width, colour: false, unicode: true, all: false })
}

fn machine(report: &Report) -> String {
    let mut out = Vec::new();
    report::write(report, Format::Json, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A text without its colours.
fn uncoloured(text: &str) -> String {
    regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

fn assert_fits(report: &Report, width: u16) {
    let report = Report { fixes: BTreeMap::new(), ..report.clone() };
    for line in plain(&report, width).lines() {
        assert!(line.width() <= usize::from(width), "{} columns at {width}: {line}", line.width());
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40, 60, 80, 120, 200] {
        assert_fits(&realistic(), width);
        assert_fits(&clean(), width);
    }
}

#[test]
fn a_report_for_people() {
    insta::assert_snapshot!(plain(&realistic(), 100), @r#"
    Audit of account acme-prod (111122223333)
    From prod.json as of 2026-11-22T02:00:00Z.
    Production: 14 resources, recognised by tag env=prod (9), name *-prod (5).

    Violations
    ──────────────────────────────────────────────────────────────────────────────────────
    No  Severity  Violation                        Who            What
    ──────────────────────────────────────────────────────────────────────────────────────
    1   critical  14 principals can delete         14 principals  table/Order-…vqs2ya-prod
                  table/Order-…vqs2ya-prod         user/dev-01
                                                   user/dev-02
                                                   user/dev-03
                                                   +11
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    2   high      role/ci can delete production    2 principals   2 resources
        if …      by deleting its stack            role/ci        table/Order-…vqs2ya-prod
                                                   user/dev-01    userpool/eu-…1_AbCdEf123
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    3   medium    table/Order-…vqs2ya-prod has no                 table/Order-…vqs2ya-prod
                  point-in-time recovery
    ──────────────────────────────────────────────────────────────────────────────────────
    if …: only under the conditions that its details name.

    Not decided: neither safe nor violated
    ─────────────────────────────────────────────────────────────────────────────────────
    No  Severity  Violation                        Who           What
    ─────────────────────────────────────────────────────────────────────────────────────
    4   high      role/partner may be able to      role/partner  table/Order-…vqs2ya-prod
                  delete production
    ─────────────────────────────────────────────────────────────────────────────────────

    1  CRITICAL  14 principals can delete table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod
       Who          user/dev-01, user/dev-02, user/dev-03, user/dev-04, user/dev-05, user/dev-06,
                    user/dev-07, user/dev-08, user/dev-09, user/dev-10, +4
       What         table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod
       Actions      dynamodb:DeleteTable
       Allowed by   policy/deploy, Statement[2] "AllowData", through group/developers
       Found        table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod: DeletionProtectionEnabled is false
       How          told of one of them; for the others it is the same:
                    user/dev-01 calls dynamodb:DeleteTable on
                    table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod
       Consequence  All orders are gone, and there is no backup to restore.
       Do           Deny the deletion of production tables to the group, except for a break-glass role.
       Rule         delete-production-data-directly
       Finding      delete-production-data-directly-5d41a0c2

    2  HIGH  role/ci can delete production by deleting its stack
       Who          role/ci, user/dev-01
       What         table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod, userpool/eu-west-1_AbCdEf123
       Actions      cloudformation:DeleteStack
       Allowed by   AWS-managed AdministratorAccess-Amplify, Statement[0]
       How          told of one of them; for the others it is the same:
                    1. user/dev-01 assumes role/ci
                    2. role/ci calls cloudformation:DeleteStack
       Condition    aws:SourceIp is in 10.0.0.0/8
       Consequence  The tables, users and functions of the environment are deleted with the stack.
       Do           Turn on termination protection, and deny cloudformation:DeleteStack on
                    stack/amplify-*-prod-*.
       Rule         delete-production-through-a-stack
       Finding      delete-production-through-a-stack-0b7e11d9

    3  MEDIUM  table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod has no point-in-time recovery
       What         table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod
       Found        table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod:
                    PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled is not set
       Consequence  A wrong write cannot be undone.
       Do           Turn on point-in-time recovery.
       Rule         point-in-time-recovery-off
       Finding      point-in-time-recovery-off-77aa01be

       Terraform
       resource "aws_dynamodb_table" "Order" {
         name = "Order"

         point_in_time_recovery {
           enabled = true
         }
       }

    4  HIGH  role/partner may be able to delete production
       Answer       not decided: neither safe nor violated
       Who          role/partner
       What         table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod
       Found        The permissions boundary could not be read.
       If it is so  All orders would be gone.
       Do           Let the auditor read the boundary.
       Rule         delete-production-data-directly
       Finding      delete-production-data-directly-90ce3312

    Accepted for now
    ────────────────────────────────────────────────────────────────────────────────────────
    Severity  Violation                       Reason                       Owner  Until
    ────────────────────────────────────────────────────────────────────────────────────────
    low       A webhook deploys main without  Replaced by the pipeline in  mara   2027-03-31
              approval                        March.
    ────────────────────────────────────────────────────────────────────────────────────────

    Not visible
    ──────────────────────────────────────────────────────────────────────────────────────────────────
    Service        Not read                           Where       Why
    ──────────────────────────────────────────────────────────────────────────────────────────────────
    amplify        ListApps, ListBackendEnvironments  us-east-1   access denied
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    organizations  DescribeOrganization               everywhere  access denied: AccessDeniedException
    ──────────────────────────────────────────────────────────────────────────────────────────────────
    Service control policies were not all read: one of them may forbid what is reported above.
    What amplify holds there was not judged: it may be production, and it may be unprotected.

    3 violations: 1 critical, 1 high, 1 medium; 1 answer unknown; 1 accepted for now; 3 calls refused or
    failed.
    Next: foureyes explain FINDING tells all about one of these; foureyes audit --fixes-out DIR writes
    the Terraform.
    "#);
}

#[test]
fn a_narrow_report_without_unicode_is_ascii() {
    let text = text(&realistic(), Style { width: 60, colour: false, unicode: false, all: false });
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = text(&realistic(), Style { width: 100, colour: true, unicode: true, all: false });
    assert!(coloured.contains("\u{1b}["));
    let trimmed = |text: String| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(uncoloured(&coloured)), trimmed(plain(&realistic(), 100)));
}

#[test]
fn all_names_are_listed_when_asked_for() {
    let report = realistic();
    let some = plain(&report, 100);
    let all = text(&report, Style { width: 100, colour: false, unicode: true, all: true });
    for number in 1..=14 {
        let name = format!("user/dev-{number:02}");
        assert!(all.matches(&name).count() >= 2, "{name}");
    }
    assert!(!some.contains("user/dev-14") && !all.contains('+'), "{all}");
}

#[test]
fn the_fewest_changes_that_close_the_most() {
    let mut out = Vec::new();
    let style = Style { width: 100, colour: false, unicode: true, all: false };
    report::write(&realistic(), Format::Causes(style), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let section = text.split("Accepted for now").next().unwrap();
    insta::assert_snapshot!(section, @r#"
    Audit of account acme-prod (111122223333)
    From prod.json as of 2026-11-22T02:00:00Z.
    Production: 14 resources, recognised by tag env=prod (9), name *-prod (5).

    The fewest changes that close the most
    ──────────────────────────────────────────────────────────────────────────────────────────────────
    No  Change                                                                        Closes    In all
    ──────────────────────────────────────────────────────────────────────────────────────────────────
    1   Limit Statement[2] "AllowData" of policy/deploy                               14 of 17  14
        - 14 principals can delete table/Order-…vqs2ya-prod
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    2   Take AWS-managed AdministratorAccess-Amplify away from role/ci, user/dev-01,  2 of 17   16
        or deny them the actions of these violations
        - role/ci can delete production by deleting its stack
    ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
    3   Turn on point-in-time recovery.                                               1 of 17   17
        - table/Order-…vqs2ya-prod has no point-in-time recovery
    ──────────────────────────────────────────────────────────────────────────────────────────────────
    17 violations counted: one for each principal that a finding names, or for each resource where it is
    a setting.
    "#);
    for line in text.lines() {
        assert!(line.width() <= 100, "{line}");
    }
}

#[test]
fn hundreds_of_principals_make_one_row() {
    let mut report = realistic();
    let few = plain(&report, 100).lines().count();
    report.findings[3].principals = (0..900).map(|n| user(&format!("dev-{n:04}")).into()).collect();
    assert!(plain(&report, 100).lines().count() <= few + 3);
}

#[test]
fn a_clean_report_says_what_was_examined() {
    insta::assert_snapshot!(plain(&clean(), 100), @r#"
    Audit of account acme-prod (111122223333)
    From prod.json as of 2026-11-22T02:00:00Z.
    Production: 14 resources, recognised by tag env=prod (9), name *-prod (5).

    No violations found: 20 rules looked at 34 principals, 120 policies and 48 resources.
    "#);
}

#[test]
fn nothing_is_called_clean_that_was_not_visible() {
    let report = Report { coverage: realistic().coverage, ..clean() };
    let text = plain(&report, 100);
    assert!(text.contains("That is not the whole picture"), "{text}");
    assert!(!text.to_lowercase().contains("safe"), "{text}");
    let report = Report { environments: vec![], ..clean() };
    assert!(plain(&report, 100).contains("No environment was recognised, so nothing was judged as production."));
}

fn validate(report: &Report) -> Value {
    let schema: Value = serde_json::from_str(include_str!("../../schemas/report-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value: Value = serde_json::from_str(&machine(report)).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    value
}

#[test]
fn json_follows_its_schema() {
    let value = validate(&realistic());
    assert_eq!(
        value["summary"],
        json!({
            "violations": 3,
            "by_severity": {"critical": 1, "high": 1, "medium": 1, "low": 0, "info": 0},
            "unknown": 1,
            "principals": 15,
            "resources": 2,
            "not_visible": 3,
            "complete": false
        })
    );
    assert_eq!(value["findings"][0]["id"], "delete-production-data-directly-5d41a0c2");
    assert_eq!(value["findings"][0]["principals"].as_array().unwrap().len(), 14);
    assert_eq!(value["findings"][3]["fix"]["terraform"].as_str().map(|hcl| hcl.starts_with("resource")), Some(true));
    validate(&clean());
    validate(&Report::default());

    let target = TargetResource {
        arn: "a".into(),
        kind: "b".into(),
        region: None,
        properties: Arc::default(),
        tags: Arc::default(),
    };
    let mut report = realistic();
    for (index, fix) in [
        FixIntent::DetachPolicy { policy: "p".into(), from: vec!["f".into()], remaining: BTreeMap::new() },
        FixIntent::AddApproval { pipeline: target.clone(), before_stage: "s".into() },
        FixIntent::Remove { targets: vec![target] },
    ]
    .into_iter()
    .enumerate()
    {
        report.findings[index].fix = Some(fix);
    }
    validate(&report);
}

#[test]
fn the_schema_refuses_what_version_1_does_not_have() {
    let schema: Value = serde_json::from_str(include_str!("../../schemas/report-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = validate(&realistic());
    for (pointer, key) in
        [("", "new"), ("/findings/0", "new"), ("/findings/0/evidence/0", "new"), ("/summary/by_severity", "fatal")]
    {
        let mut value = valid.clone();
        value.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(key.into(), json!(0));
        assert!(!validator.is_valid(&value), "{pointer}/{key}");
    }
}

#[test]
fn the_order_of_findings_changes_nothing() {
    let report = realistic();
    let mut reversed = report.clone();
    reversed.findings.reverse();
    reversed.coverage.reverse();
    assert_eq!(machine(&report), machine(&reversed));
    assert_eq!(plain(&report, 80), plain(&reversed, 80));
}

/// A report in which every text is hostile.
fn hostile(text: &str) -> Report {
    let mut report = realistic();
    report.subject.source = text.into();
    report.subject.accounts[0].alias = Some(text.into());
    report.environments[0].name = text.into();
    report.environments[0].recognised_by[0].how = text.into();
    for finding in &mut report.findings {
        for field in [&mut finding.title, &mut finding.consequence, &mut finding.remediation, &mut finding.rule] {
            *field = text.into();
        }
        finding.principals = vec![text.into(), format!("arn:aws:iam::111122223333:user/{text}").into()];
        finding.resources = finding.principals.clone().into();
        for list in [&mut finding.conditions, &mut finding.path, &mut finding.actions] {
            *list = vec![text.into(), format!("arn:aws:iam::111122223333:user/{text}")];
        }
        finding.evidence.push(Evidence::Note { text: text.into() });
        finding.evidence.push(Evidence::Statement(StatementEvidence {
            policy: text.into(),
            statement: 0,
            sid: Some(text.into()),
            through: Some(text.into()),
        }));
        finding.evidence.push(Evidence::Property {
            resource: text.into(),
            property: text.into(),
            found: json!({text: text}),
        });
    }
    for hcl in report.fixes.values_mut() {
        *hcl = text.into();
    }
    report.suppressed[0].reason = text.into();
    report.suppressed[0].owner = text.into();
    report.coverage[0].entry.detail = Some(text.into());
    report.coverage[0].entry.service = text.into();
    report
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn hostile_text_controls_no_terminal(text in "([\u{0}-\u{20}\u{7f}-\u{a0}\u{200b}-\u{202e}\u{300}:/]|\\PC|[a-c ]){0,60}", width in 40_u16..200) {
        let report = hostile(&text);
        for out in [plain(&report, width), machine(&report)] {
            prop_assert!(!out.chars().any(|each| each != '\n' && foureyes::base::text::is_deceptive(each)));
        }
        assert_fits(&report, width);
        validate(&report);
    }
}

#[test]
fn rules_that_did_not_see_everything_are_named() {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<String>>();
    let not_judged = |rule: &str, permissions: &[&str], resources: &[&str]| NotJudged {
        rule: rule.to_owned(),
        permissions: texts(permissions),
        resources: texts(resources),
    };
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let report = Report {
        not_judged: vec![
            not_judged("restore-never-proven", &["backup:ListRestoreJobs"], &[table]),
            not_judged("table-without-deletion-protection", &["dynamodb:ListTables"], &[]),
            not_judged("delete-production-data-directly", &["dynamodb:ListTables"], &[]),
        ],
        ..realistic()
    };
    let text = plain(&report, 100);
    let at = text.find("3 rules did not see everything").unwrap();
    let (_, told) = text.split_at(at);
    for part in ["backup:ListRestoreJobs", "restore-never-proven", "table/orders", "what was not listed"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    assert_eq!(told.matches("dynamodb:ListTables").count(), 1, "{told}");
    let machine = validate(&report);
    assert_eq!(machine["not_judged"][0]["resources"], json!([table]));
    assert_eq!(machine["not_judged"][1]["resources"], json!([]));
}
