//! Terraform for findings: what it says, that `terraform fmt` would not change it, that hostile names stay data.

use foureyes::base::Certainty;
use foureyes::finding::{Finding, FixIntent, SetArguments, Severity, TargetResource};
use foureyes::fix::{self, NoFix, WriteError};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/Order-prod";
const POOL: &str = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_AbCdEf123";
const APP: &str = "arn:aws:amplify:eu-west-1:111122223333:apps/d1a2b3c4";
const BRANCH: &str = "arn:aws:amplify:eu-west-1:111122223333:apps/d1a2b3c4/branches/feature/x";
const WEBHOOK: &str = "arn:aws:amplify:eu-west-1:111122223333:webhooks/0f1e2d3c";
const PIPELINE: &str = "arn:aws:codepipeline:eu-west-1:111122223333:shop";
const DEVELOPERS: &str = "arn:aws:iam::111122223333:group/team/developers";

pub fn finding(id: &str, fix: Option<FixIntent>) -> Finding {
    Finding {
        id: id.into(),
        rule: "a-rule".into(),
        family: "destruction".into(),
        title: format!("Title of {id}"),
        severity: Severity::High,
        certainty: Certainty::Certain,
        lost: foureyes::finding::Lost::Nothing,
        principals: vec![],
        resources: [].into(),
        actions: vec![],
        conditions: vec![],
        evidence: vec![],
        path: vec![],
        consequence: String::new(),
        remediation: String::new(),
        fix,
    }
}

fn target(arn: &str, kind: &str, properties: Value) -> TargetResource {
    let Value::Object(properties) = properties else { panic!("not an object") };
    TargetResource {
        arn: arn.into(),
        kind: kind.into(),
        region: None,
        properties: properties.into(),
        tags: Arc::default(),
    }
}

fn set(resource: TargetResource, arguments: &[(&str, Value)]) -> Option<FixIntent> {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Some(FixIntent::SetArguments { targets: vec![SetArguments { resource, part: None, arguments }] })
}

fn table() -> TargetResource {
    let mut table = target(
        TABLE,
        "AWS::DynamoDB::Table",
        json!({
            "TableName": "Order-prod",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"}
            ],
            "AttributeDefinitions": [
                {"AttributeName": "at", "AttributeType": "N"},
                {"AttributeName": "customer", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "S"}
            ],
            "DeletionProtectionEnabled": false,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}
        }),
    );
    table.tags = BTreeMap::from([
        ("aws:cloudformation:stack-name".into(), "amplify-shop-prod".into()),
        ("env".into(), "prod".into()),
        ("cost centre".into(), "42".into()),
    ])
    .into();
    table
}

fn provisioned_table() -> TargetResource {
    target(
        "arn:aws:dynamodb:us-east-1:111122223333:table/shop.orders",
        "AWS::DynamoDB::Table",
        json!({
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 10}
        }),
    )
}

fn webhook() -> TargetResource {
    target(
        WEBHOOK,
        "AWS::Amplify::Webhook",
        json!({"AppId": "d1a2b3c4", "BranchName": "main", "Description": "from CI"}),
    )
}

fn pipeline() -> TargetResource {
    let action = |name: &str, category: &str, provider: &str, configuration: Value| {
        json!({
            "Name": name,
            "ActionTypeId": {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"},
            "Configuration": configuration,
            "RunOrder": 1
        })
    };
    let mut source = action("GitHub", "Source", "GitHub", json!({"Owner": "acme", "Repo": "shop", "Branch": "main"}));
    source["ActionTypeId"]["Owner"] = json!("ThirdParty");
    source["OutputArtifacts"] = json!([{"Name": "source"}]);
    let mut deploy =
        action("Stack", "Deploy", "CloudFormation", json!({"ActionMode": "CREATE_UPDATE", "StackName": "shop-prod"}));
    deploy["InputArtifacts"] = json!([{"Name": "source"}]);
    deploy["RoleArn"] = json!("arn:aws:iam::111122223333:role/deploy");
    target(
        PIPELINE,
        "AWS::CodePipeline::Pipeline",
        json!({
            "Name": "shop",
            "RoleArn": "arn:aws:iam::111122223333:role/pipeline",
            "PipelineType": "V2",
            "ArtifactStore": {
                "Type": "S3",
                "Location": "shop-artifacts",
                "EncryptionKey": {"Id": "alias/shop", "Type": "KMS"}
            },
            "Stages": [
                {"Name": "Source", "Actions": [source]},
                {
                    "Name": "Production",
                    "Actions": [deploy],
                    "OnFailure": {"Result": "ROLLBACK"},
                    "BeforeEntry": {"Conditions": [{"Result": "FAIL", "Rules": [{
                        "Name": "hours",
                        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "DeploymentWindow", "Version": "1"},
                        "Configuration": {"Cron": "* * 9-17 ? * MON-THU *", "TimeZone": "Europe/Berlin"}
                    }]}]}
                }
            ]
        }),
    )
}

fn trail() -> TargetResource {
    target(
        "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main",
        "AWS::CloudTrail::Trail",
        json!({"TrailName": "main", "S3BucketName": "shop-trail", "IsLogging": true, "IsMultiRegionTrail": true}),
    )
}

/// Arguments of a part of a resource.
fn set_part(resource: TargetResource, part: &str, arguments: &[(&str, Value)]) -> Option<FixIntent> {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let part = Some(part.to_owned());
    Some(FixIntent::SetArguments { targets: vec![SetArguments { resource, part, arguments }] })
}

fn versioning() -> Option<FixIntent> {
    set_part(
        target("arn:aws:s3:::shop-uploads", "AWS::S3::Bucket", json!({"BucketName": "shop-uploads"})),
        "aws_s3_bucket_versioning",
        &[("versioning_configuration.status", json!("Enabled"))],
    )
}

fn lock() -> Option<FixIntent> {
    set_part(
        target("arn:aws:backup:eu-west-1:111122223333:backup-vault:nightly", "AWS::Backup::BackupVault", json!({})),
        "aws_backup_vault_lock_configuration",
        &[("changeable_for_days", json!(30)), ("min_retention_days", json!(7))],
    )
}

fn deny(attach_to: &[&str]) -> FixIntent {
    FixIntent::DenyActions {
        name: "deny-production-deletion".into(),
        actions: vec!["cloudformation:DeleteStack".into(), "dynamodb:DeleteTable".into()],
        resources: [
            "arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-shop-prod/0a1b2c3d".into(),
            TABLE.into(),
        ]
        .into(),
        attach_to: attach_to.iter().map(|arn| (*arn).to_owned()).collect(),
        except: vec!["arn:aws:iam::111122223333:role/break-glass".into()],
    }
}

fn detach(policy: &str, remaining: Option<&[&str]>) -> FixIntent {
    FixIntent::DetachPolicy {
        policy: policy.into(),
        from: vec![DEVELOPERS.into()],
        remaining: remaining
            .map(|kept| (DEVELOPERS.to_owned(), kept.iter().map(|arn| (*arn).to_owned()).collect()))
            .into_iter()
            .collect(),
    }
}

/// One finding for every kind of intent and every type of resource.
fn everything() -> Vec<Finding> {
    let protect = &[("deletion_protection_enabled", json!(true)), ("point_in_time_recovery.enabled", json!(true))];
    let guard = &[("deletion_protection", json!(true))];
    let database =
        |arn: &str, kind: &str| target(arn, kind, json!({"Engine": "aurora-mysql", "DBInstanceClass": "db.r6g.large"}));
    vec![
        finding("table", set(table(), protect)),
        finding("provisioned", set(provisioned_table(), protect)),
        finding(
            "app",
            set(
                target(APP, "AWS::Amplify::App", json!({"Name": "shop"})),
                &[("enable_branch_auto_deletion", json!(false))],
            ),
        ),
        finding(
            "branch",
            set(target(BRANCH, "AWS::Amplify::Branch", json!({})), &[("enable_auto_build", json!(false))]),
        ),
        finding(
            "pool",
            set(
                target(POOL, "AWS::Cognito::UserPool", json!({"UserPoolName": "shop"})),
                &[("deletion_protection", json!("ACTIVE"))],
            ),
        ),
        finding(
            "instance",
            set(
                database("arn:aws:rds:eu-west-1:111122223333:db:shop", "AWS::RDS::DBInstance"),
                &[("deletion_protection", json!(true))],
            ),
        ),
        finding(
            "cluster",
            set(
                database("arn:aws:rds:eu-west-1:111122223333:cluster:shop", "AWS::RDS::DBCluster"),
                &[("backup_retention_period", json!(14))],
            ),
        ),
        finding(
            "global",
            set(database("arn:aws:rds::111122223333:global-cluster:shop", "AWS::RDS::GlobalCluster"), guard),
        ),
        finding(
            "docdb",
            set(database("arn:aws:rds:eu-west-1:111122223333:cluster:docs", "AWS::DocDB::DBCluster"), guard),
        ),
        finding(
            "neptune",
            set(database("arn:aws:rds:eu-west-1:111122223333:cluster:graph", "AWS::Neptune::DBCluster"), guard),
        ),
        finding("trail", set(trail(), &[("enable_log_file_validation", json!(true))])),
        finding(
            "logs",
            set(
                target("arn:aws:logs:eu-west-1:111122223333:log-group:/shop/orders", "AWS::Logs::LogGroup", json!({})),
                &[("deletion_protection_enabled", json!(true))],
            ),
        ),
        finding("versioning", versioning()),
        finding("lock", lock()),
        finding("approval", Some(FixIntent::AddApproval { pipeline: pipeline(), before_stage: "Production".into() })),
        finding("webhook", Some(FixIntent::Remove { targets: vec![webhook()] })),
        finding(
            "deny",
            Some(deny(&[DEVELOPERS, "arn:aws:iam::111122223333:role/ci", "arn:aws:iam::111122223333:user/mara"])),
        ),
        finding(
            "detach",
            Some(detach(
                "arn:aws:iam::aws:policy/AdministratorAccess",
                Some(&["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
            )),
        ),
        finding(
            "by-hand",
            Some(FixIntent::DetachPolicy {
                policy: "arn:aws:iam::aws:policy/AdministratorAccess".into(),
                from: vec!["arn:aws:iam::111122223333:user/li".into()],
                remaining: BTreeMap::new(),
            }),
        ),
    ]
}

/// Says something past the test runner, which would swallow it.
fn loudly(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Holds a text to `terraform fmt`. `false`, loudly, where there is no Terraform.
fn assert_formatted(text: &str) -> bool {
    let child = Command::new("terraform")
        .args(["fmt", "-check", "-diff", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        loudly("SKIPPED: terraform is not on PATH, so nothing was held to `terraform fmt`");
        return false;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "terraform fmt would change this:\n{said}\n---\n{text}");
    true
}

fn only(fix: Option<FixIntent>) -> String {
    fix::for_finding(&finding("f-1", fix)).unwrap()
}

#[test]
fn every_fix_is_formatted_and_parses() {
    let findings = everything();
    let patches = fix::patches(&findings);
    assert_eq!(patches.len(), findings.len());
    for patch in &patches {
        patch.hcl.parse::<hcl_edit::structure::Body>().unwrap();
        assert_formatted(&patch.hcl);
    }
    for finding in &findings {
        assert_formatted(&fix::for_finding(finding).unwrap());
    }
}

#[test]
fn the_real_provider_schema_accepts_every_fix() {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/terraform.sh");
    if std::env::var_os("TF_SCHEMA_PYTHON").is_none() || !script.exists() {
        loudly(
            "SKIPPED: no terraform validate; set TF_SCHEMA_PYTHON to a python with grpcio, msgpack and cryptography",
        );
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    fix::write(directory.path(), &fix::patches(&everything())).unwrap();
    let output = Command::new(script).arg(directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_table_is_imported_and_protected() {
    let protect = [("deletion_protection_enabled", json!(true)), ("point_in_time_recovery.enabled", json!(true))];
    insta::assert_snapshot!(only(set(table(), &protect)), @r#"
    # f-1: Title of f-1
    # CloudFormation stack amplify-shop-prod owns this resource: set the same in its template (with
    # Amplify, in an override or backend.ts), or its next deployment may put it back.
    import {
      to = aws_dynamodb_table.Order-prod_eu-west-1
      id = "Order-prod@eu-west-1"
    }

    resource "aws_dynamodb_table" "Order-prod_eu-west-1" {
      region       = "eu-west-1"
      name         = "Order-prod"
      billing_mode = "PAY_PER_REQUEST"
      hash_key     = "id"
      range_key    = "at"
      tags = {
        "cost centre" = "42"
        env           = "prod"
      }

      # Changed by this fix.
      deletion_protection_enabled = true

      attribute {
        name = "id"
        type = "S"
      }

      attribute {
        name = "at"
        type = "N"
      }

      # Changed by this fix.
      point_in_time_recovery {
        enabled = true
      }

      lifecycle {
        prevent_destroy = true

        # Not stated above, or moved by others: left as they are.
        ignore_changes = [
          attribute,
          global_secondary_index,
          local_secondary_index,
          on_demand_throughput,
          read_capacity,
          replica,
          server_side_encryption,
          stream_enabled,
          stream_view_type,
          table_class,
          ttl,
          warm_throughput,
          write_capacity,
        ]
      }
    }
    "#);
}

#[test]
fn an_approval_is_inserted_and_the_rest_of_the_pipeline_stays() {
    let fix = FixIntent::AddApproval { pipeline: pipeline(), before_stage: "Production".into() };
    insta::assert_snapshot!(only(Some(fix)), @r#"
    # f-1: Title of f-1
    import {
      to = aws_codepipeline.shop_eu-west-1
      id = "shop@eu-west-1"
    }

    # The snapshot never holds OAuthToken: give the value that the pipeline has today.
    variable "shop_eu-west-1_Source_GitHub_OAuthToken" {
      type        = string
      sensitive   = true
      description = "OAuthToken of action GitHub, stage Source"
    }

    resource "aws_codepipeline" "shop_eu-west-1" {
      region        = "eu-west-1"
      name          = "shop"
      role_arn      = "arn:aws:iam::111122223333:role/pipeline"
      pipeline_type = "V2"

      artifact_store {
        location = "shop-artifacts"
        type     = "S3"

        encryption_key {
          id   = "alias/shop"
          type = "KMS"
        }
      }

      stage {
        name = "Source"

        action {
          name             = "GitHub"
          category         = "Source"
          owner            = "ThirdParty"
          provider         = "GitHub"
          version          = "1"
          run_order        = 1
          output_artifacts = ["source"]
          configuration = {
            Branch     = "main"
            Owner      = "acme"
            Repo       = "shop"
            OAuthToken = var.shop_eu-west-1_Source_GitHub_OAuthToken
          }
        }
      }

      # Added by this fix: somebody else must approve before Production runs.
      stage {
        name = "Approve-Production"

        action {
          name     = "Approve"
          category = "Approval"
          owner    = "AWS"
          provider = "Manual"
          version  = "1"
        }
      }

      stage {
        name = "Production"

        action {
          name            = "Stack"
          category        = "Deploy"
          owner           = "AWS"
          provider        = "CloudFormation"
          version         = "1"
          role_arn        = "arn:aws:iam::111122223333:role/deploy"
          run_order       = 1
          input_artifacts = ["source"]
          configuration = {
            ActionMode = "CREATE_UPDATE"
            StackName  = "shop-prod"
          }
        }

        before_entry {
          condition {
            result = "FAIL"

            rule {
              name = "hours"
              configuration = {
                Cron     = "* * 9-17 ? * MON-THU *"
                TimeZone = "Europe/Berlin"
              }

              rule_type_id {
                category = "Rule"
                provider = "DeploymentWindow"
                owner    = "AWS"
                version  = "1"
              }
            }
          }
        }

        on_failure {
          result = "ROLLBACK"
        }
      }

      lifecycle {
        prevent_destroy = true

        # Not stated above, or moved by others: left as they are.
        ignore_changes = [
          execution_mode,
          tags,
          trigger,
          variable,
        ]
      }
    }
    "#);
}

#[test]
fn a_part_is_set_and_the_rest_is_not_touched() {
    insta::assert_snapshot!(only(versioning()), @r#"
    # f-1: Title of f-1
    # The provider's region must be that of shop-uploads.
    resource "aws_s3_bucket_versioning" "shop-uploads" {
      bucket = "shop-uploads"

      versioning_configuration {
        status = "Enabled"
      }

      lifecycle {
        prevent_destroy = true
      }
    }
    "#);
    insta::assert_snapshot!(only(lock()), @r#"
    # f-1: Title of f-1
    resource "aws_backup_vault_lock_configuration" "nightly_eu-west-1" {
      region              = "eu-west-1"
      backup_vault_name   = "nightly"
      changeable_for_days = 30
      min_retention_days  = 7

      lifecycle {
        prevent_destroy = true
      }
    }
    "#);
    let mut uploads = target("arn:aws:s3:::shop-uploads", "AWS::S3::Bucket", json!({}));
    uploads.region = Some("eu-central-1".into());
    let elsewhere =
        set_part(uploads, "aws_s3_bucket_versioning", &[("versioning_configuration.status", json!("Enabled"))]);
    assert!(only(elsewhere).contains("  region = \"eu-central-1\"\n  bucket = \"shop-uploads\"\n"));
    let unknown = set_part(table(), "aws_s3_bucket_versioning", &[("a", json!(1))]);
    assert!(matches!(fix::for_finding(&finding("f", unknown)), Err(NoFix::UnknownType { .. })));
}

#[test]
fn a_trail_is_imported_by_its_arn() {
    let text = only(set(trail(), &[("enable_log_file_validation", json!(true))]));
    assert!(text.contains("id = \"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main@eu-west-1\""), "{text}");
    assert!(text.contains("s3_bucket_name        = \"shop-trail\""), "{text}");
    assert!(text.contains("# Changed by this fix.\n  enable_log_file_validation = true\n"), "{text}");
}

#[test]
fn a_webhook_is_removed_in_two_steps() {
    insta::assert_snapshot!(only(Some(FixIntent::Remove { targets: vec![webhook()] })), @r#"
    # f-1: Title of f-1
    # Terraform deletes only what it manages, so this takes two steps: apply this file to take the
    # resource over as it is, then delete the file and apply again.
    # In one step, without Terraform:
    #   aws amplify delete-webhook --webhook-id 0f1e2d3c --region eu-west-1
    import {
      to = aws_amplify_webhook._0f1e2d3c_eu-west-1
      id = "0f1e2d3c@eu-west-1"
    }

    resource "aws_amplify_webhook" "_0f1e2d3c_eu-west-1" {
      region      = "eu-west-1"
      app_id      = "d1a2b3c4"
      branch_name = "main"
      description = "from CI"
    }
    "#);
}

#[test]
fn actions_are_denied_to_those_who_can_carry_a_policy() {
    let fix = deny(&[
        DEVELOPERS,
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef",
        "arn:aws:iam::111122223333:role/aws-service-role/amplify.amazonaws.com/AWSServiceRoleForAmplify",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/mara",
    ]);
    insta::assert_snapshot!(only(Some(fix)), @r#"
    # f-1: Title of f-1
    # Not attached:
    # arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef
    # belongs to IAM Identity Center: change its permission set instead.
    # Not attached:
    # arn:aws:iam::111122223333:role/aws-service-role/amplify.amazonaws.com/AWSServiceRoleForAmplify is
    # a service-linked role: only its service changes its policies.
    # Not attached: arn:aws:iam::111122223333:root is the root user: only a service control policy
    # limits it.
    data "aws_iam_policy_document" "deny-production-deletion_37cd68c7" {
      statement {
        effect = "Deny"
        actions = [
          "cloudformation:DeleteStack",
          "dynamodb:DeleteTable",
        ]
        resources = [
          "arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-shop-prod/*",
          "arn:aws:dynamodb:eu-west-1:111122223333:table/Order-prod",
        ]

        condition {
          test     = "ArnNotLike"
          variable = "aws:PrincipalArn"
          values   = ["arn:aws:iam::111122223333:role/break-glass"]
        }
      }
    }

    resource "aws_iam_policy" "deny-production-deletion_37cd68c7" {
      name   = "foureyes-deny-production-deletion_37cd68c7"
      policy = data.aws_iam_policy_document.deny-production-deletion_37cd68c7.json
    }

    resource "aws_iam_group_policy_attachment" "deny-production-deletion_37cd68c7" {
      for_each = toset(["developers"])

      group      = each.value
      policy_arn = aws_iam_policy.deny-production-deletion_37cd68c7.arn
    }

    resource "aws_iam_user_policy_attachment" "deny-production-deletion_37cd68c7" {
      for_each = toset(["mara"])

      user       = each.value
      policy_arn = aws_iam_policy.deny-production-deletion_37cd68c7.arn
    }
    "#);
}

#[test]
fn a_policy_is_taken_away_by_stating_what_stays() {
    let fix = detach("arn:aws:iam::aws:policy/AdministratorAccess", Some(&["arn:aws:iam::aws:policy/ReadOnlyAccess"]));
    insta::assert_snapshot!(only(Some(fix)), @r#"
    # f-1: Title of f-1
    # Takes arn:aws:iam::aws:policy/AdministratorAccess away from group developers. The list is all that
    # the group keeps: what is attached later and not listed here is taken away too, by the next apply.
    resource "aws_iam_group_policy_attachments_exclusive" "developers" {
      group_name  = "developers"
      policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    }
    "#);
}

#[test]
fn a_policy_is_taken_away_by_hand_where_the_rest_is_not_known() {
    insta::assert_snapshot!(only(Some(detach("arn:aws:iam::aws:policy/AdministratorAccess", None))), @r#"
    # f-1: Title of f-1
    # Terraform takes away only what it attached, or what a complete list leaves out, and what else
    # group developers has is not known. By hand:
    #   aws iam detach-group-policy --group-name developers --policy-arn arn:aws:iam::aws:policy/AdministratorAccess
    "#);
}

#[test]
fn one_resource_gets_one_block() {
    let mut graver = finding("b", set(table(), &[("point_in_time_recovery.recovery_period_in_days", json!(35))]));
    graver.severity = Severity::Critical;
    let findings = [
        finding("a", set(table(), &[("point_in_time_recovery.enabled", json!(true))])),
        graver,
        finding("c", set(table(), &[("point_in_time_recovery.recovery_period_in_days", json!(7))])),
    ];
    let patches = fix::patches(&findings);
    let [patch] = patches.as_slice() else { panic!("{patches:?}") };
    assert_eq!(patch.findings, ["a", "b", "c"]);
    assert_eq!(patch.hcl.matches("resource \"aws_dynamodb_table\"").count(), 1);
    assert!(
        patch.hcl.contains("    recovery_period_in_days = 35\n    enabled                 = true\n"),
        "{}",
        patch.hcl
    );
    assert_eq!(
        patch.notes,
        [
            "c asks for point_in_time_recovery.recovery_period_in_days = 7; the value above, of a graver finding, stands."
        ]
    );
    // The order in which findings come changes nothing.
    let reversed: Vec<Finding> = findings.iter().rev().cloned().collect();
    assert_eq!(fix::patches(&reversed), patches);
}

#[test]
fn equal_denials_become_one_and_a_list_of_what_stays_holds_them() {
    let findings = [
        finding("a", Some(deny(&[DEVELOPERS]))),
        finding("b", Some(deny(&["arn:aws:iam::111122223333:user/mara"]))),
        finding(
            "c",
            Some(detach(
                "arn:aws:iam::111122223333:policy/one",
                Some(&["arn:aws:iam::111122223333:policy/keep", "arn:aws:iam::111122223333:policy/two"]),
            )),
        ),
        finding(
            "d",
            Some(detach(
                "arn:aws:iam::111122223333:policy/two",
                Some(&["arn:aws:iam::111122223333:policy/keep", "arn:aws:iam::111122223333:policy/one"]),
            )),
        ),
    ];
    let patches = fix::patches(&findings);
    let [exclusive, denial] = patches.as_slice() else { panic!("{patches:?}") };
    assert_eq!(denial.findings, ["a", "b"]);
    assert_eq!(exclusive.findings, ["c", "d"]);
    let list = exclusive.hcl.split_once("policy_arns = [").unwrap().1;
    assert!(list.contains("policy/keep\",\n    aws_iam_policy.deny-production-deletion_"), "{list}");
    assert!(!list.contains("policy/one") && !list.contains("policy/two"), "{list}");
}

#[test]
fn a_long_denial_is_split_below_the_limit_of_iam() {
    let tables: Vec<String> =
        (0..150).map(|n| format!("arn:aws:dynamodb:eu-west-1:111122223333:table/Order-{n:026}-prod")).collect();
    let fix = FixIntent::DenyActions {
        name: "deny".into(),
        actions: (0..120).map(|n| format!("dynamodb:Delete{n:020}")).collect(),
        resources: tables.iter().map(|table| table.as_str().into()).collect(),
        attach_to: vec![DEVELOPERS.into()],
        except: vec![],
    };
    let text = only(Some(fix));
    assert_formatted(&text);
    let documents: Vec<&str> = text.split("data \"aws_iam_policy_document\"").skip(1).collect();
    assert!(documents.len() > 2);
    for document in documents {
        let document = document.split_once("resource \"aws_iam_policy\"").unwrap().0;
        let size: usize =
            document.lines().filter(|line| line.trim_start().starts_with('"')).map(|line| line.trim().len()).sum();
        assert!(size + 200 <= 6_144, "{size}");
    }
    assert!(tables.iter().all(|table| text.contains(&format!("\"{table}\""))));
}

#[test]
fn what_cannot_be_mended_says_why() {
    let why = |fix| fix::for_finding(&finding("f", fix)).unwrap_err();
    assert_eq!(why(None), NoFix::NoIntent);
    let protect = &[("deletion_protection", json!(true))];
    assert!(matches!(why(set(target("arn:aws:x:::y", "AWS::X::Y", json!({})), protect)), NoFix::UnknownType { .. }));
    // DocumentDB answers RDS's calls, and is another resource in Terraform.
    let documents =
        target("arn:aws:rds:eu-west-1:111122223333:cluster:d", "AWS::RDS::DBCluster", json!({"Engine": "docdb"}));
    assert!(only(set(documents, protect)).contains("resource \"aws_docdb_cluster\""));
    let of_instance =
        target("arn:aws:rds:eu-west-1:111122223333:db:d", "AWS::RDS::DBInstance", json!({"Engine": "docdb"}));
    assert!(
        matches!(why(set(of_instance, protect)), NoFix::UnknownType { kind, .. } if kind == "AWS::DocDB::DBInstance")
    );
    assert!(matches!(why(set(target("table", "AWS::DynamoDB::Table", json!({})), protect)), NoFix::NoImportId { .. }));
    assert!(matches!(why(Some(FixIntent::Remove { targets: vec![table()] })), NoFix::HoldsData { .. }));
    assert_eq!(why(Some(deny(&["arn:aws:iam::111122223333:root"]))), NoFix::NoPrincipal);
    for stage in ["Source", "Nowhere"] {
        let fix = FixIntent::AddApproval { pipeline: pipeline(), before_stage: stage.into() };
        assert!(matches!(why(Some(fix)), NoFix::NoStage { .. }), "{stage}");
    }
    let mut unknown = pipeline();
    Arc::make_mut(&mut unknown.properties)["Stages"][1]["Actions"][0]["NewFeature"] = json!("guards something");
    let fix = FixIntent::AddApproval { pipeline: unknown, before_stage: "Production".into() };
    assert_eq!(
        why(Some(fix)).to_string(),
        format!("NewFeature of pipeline {PIPELINE} cannot be written, and Terraform would remove what is not")
    );
}

#[test]
fn what_the_snapshot_lacks_is_said_and_not_invented() {
    let findings = [finding(
        "f",
        set(target(APP, "AWS::Amplify::App", json!({})), &[("enable_branch_auto_deletion", json!(false))]),
    )];
    let patches = fix::patches(&findings);
    assert!(
        patches[0].hcl.contains("# name is required, and the snapshot lacks Name: add it before you apply.\nresource"),
        "{}",
        patches[0].hcl
    );
    assert_eq!(patches[0].notes.len(), 1);
    assert_formatted(&patches[0].hcl);
}

#[test]
fn accounts_get_directories_of_their_own() {
    let other = table().arn.replace("111122223333", "444455556666");
    let protect = &[("deletion_protection_enabled", json!(true))];
    let findings =
        [finding("a", set(table(), protect)), finding("b", set(TargetResource { arn: other, ..table() }, protect))];
    let patches = fix::patches(&findings);
    let files: Vec<&str> = patches.iter().map(|patch| patch.file.as_str()).collect();
    assert_eq!(
        files,
        [
            "111122223333/aws_dynamodb_table.Order-prod_eu-west-1.tf",
            "444455556666/aws_dynamodb_table.Order-prod_eu-west-1.tf"
        ]
    );
    let directory = tempfile::tempdir().unwrap();
    let written = fix::write(directory.path(), &patches).unwrap();
    assert_eq!(written.files.len(), 6);
    let providers = std::fs::read_to_string(directory.path().join("444455556666/foureyes-providers.tf")).unwrap();
    assert_formatted(&providers);
    assert!(providers.contains("allowed_account_ids = [\"444455556666\"]"), "{providers}");
}

#[test]
fn a_directory_is_written_again_but_nothing_of_others_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/fixes");
    let protect = &[("deletion_protection_enabled", json!(true))];
    let first = [finding("a", set(table(), protect)), finding("b", set(provisioned_table(), protect))];
    fix::write(&path, &fix::patches(&first)).unwrap();
    let again = fix::write(&path, &fix::patches(&first[..1])).unwrap();
    assert_eq!(again.left, [path.join("aws_dynamodb_table.shop_orders_us-east-1_6aefcdfb.tf")]);
    let readme = std::fs::read_to_string(path.join("README.md")).unwrap();
    assert!(
        readme.contains("terraform plan") && readme.contains("| `aws_dynamodb_table.Order-prod_eu-west-1.tf` | `a` |"),
        "{readme}"
    );
    for patch in fix::patches(&first) {
        let text = std::fs::read_to_string(path.join(&patch.file)).unwrap();
        assert!(text.starts_with(&format!("# Written by foureyes: {}\n\n", patch.file)), "{text}");
        assert_formatted(&text);
    }

    let mine = path.join("aws_dynamodb_table.Order-prod_eu-west-1.tf");
    std::fs::write(&mine, "# mine\n").unwrap();
    let before = std::fs::read_dir(&path).unwrap().count();
    assert!(matches!(fix::write(&path, &fix::patches(&first)), Err(WriteError::Foreign { path }) if path == mine));
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "# mine\n");
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), before);
}

/// Every string that a parsed body holds.
#[derive(Default)]
struct Strings(Vec<String>, usize);

impl hcl_edit::visit::Visit for Strings {
    fn visit_string(&mut self, node: &hcl_edit::Decorated<String>) {
        self.0.push(node.as_str().to_owned());
    }

    fn visit_interpolation(&mut self, node: &hcl_edit::template::Interpolation) {
        self.1 = self.1.saturating_add(1);
        hcl_edit::visit::visit_interpolation(self, node);
    }

    fn visit_directive(&mut self, node: &hcl_edit::template::Directive) {
        self.1 = self.1.saturating_add(1);
        hcl_edit::visit::visit_directive(self, node);
    }
}

/// Findings in which everything from outside is hostile.
fn hostile(text: &str) -> Vec<Finding> {
    let mut table = table();
    table.arn = format!("{TABLE}{text}");
    Arc::make_mut(&mut table.properties)["TableName"] = json!(text);
    table.tags = BTreeMap::from([
        (text.to_owned(), text.to_owned()),
        (format!("{text}x"), "y".into()),
        ("z".into(), text.into()),
    ])
    .into();
    let mut pipeline = pipeline();
    Arc::make_mut(&mut pipeline.properties)["Stages"][1]["Name"] = json!(text);
    Arc::make_mut(&mut pipeline.properties)["Stages"][1]["Actions"][0]["Configuration"] =
        json!({text: text, "ParameterOverrides": {text: [text]}});
    let mut webhook = webhook();
    webhook.arn.push_str(text);
    Arc::make_mut(&mut webhook.properties)["Description"] = json!(text);
    let mut findings = vec![
        finding("table", set(table, &[("deletion_protection_enabled", json!(true))])),
        finding("approval", Some(FixIntent::AddApproval { pipeline, before_stage: text.into() })),
        finding("webhook", Some(FixIntent::Remove { targets: vec![webhook] })),
        finding(
            "deny",
            Some(deny(&[&format!("arn:aws:iam::111122223333:user/{text}"), &format!("{DEVELOPERS}{text}")])),
        ),
        finding(
            "detach",
            Some(FixIntent::DetachPolicy {
                policy: format!("arn:aws:iam::111122223333:policy/{text}"),
                from: vec![format!("{DEVELOPERS}{text}")],
                remaining: BTreeMap::new(),
            }),
        ),
    ];
    for finding in &mut findings {
        finding.id = text.into();
        finding.title = text.into();
    }
    // Ids tell findings apart.
    findings.iter_mut().enumerate().for_each(|(index, finding)| finding.id.push_str(&index.to_string()));
    findings
}

/// What a hostile text does: nothing but stand where it was put.
fn assert_harmless(text: &str) -> String {
    let patches = fix::patches(&hostile(text));
    assert!(patches.len() >= 3, "{text:?}");
    let mut all = String::new();
    for patch in &patches {
        let name = patch.file.strip_suffix(".tf").unwrap();
        assert!(name.chars().all(|each| each.is_ascii_alphanumeric() || "._-".contains(each)), "{name}");
        assert!(!name.starts_with('.') && name.len() < 200, "{name}");
        let body: hcl_edit::structure::Body =
            patch.hcl.parse().unwrap_or_else(|error| panic!("{error}\n{}", patch.hcl));
        let mut strings = Strings::default();
        hcl_edit::visit::Visit::visit_body(&mut strings, &body);
        assert_eq!(strings.1, 0, "an interpolation in\n{}", patch.hcl);
        assert!(body.blocks().all(|block| ["import", "resource", "data", "variable"].contains(&block.ident.as_str())));
        assert!(!patch.hcl.chars().any(|each| each != '\n' && foureyes::base::text::is_deceptive(each)));
        if patch.file.starts_with("aws_dynamodb_table") && !text.is_empty() {
            assert!(strings.0.iter().any(|string| string == text), "{text:?} is not in\n{}", patch.hcl);
        }
        all.push_str(&patch.hcl);
        all.push('\n');
    }
    all
}

#[test]
fn hostile_names_stay_data() {
    for text in [
        "${file(\"/etc/passwd\")}",
        "${a}%${file(\"/etc/passwd\")}",
        "$${a}$$${b}%%{if true}%{endif}",
        "\"\n}\nresource \"aws_iam_user\" \"evil\" {",
        "*/ # // /* <<EOT",
        "../../etc/passwd",
        "a\r\nb\u{0}\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\u{feff}",
        "größe 注文 e\u{301} 👩\u{200d}💻 हिन्दी",
        "for",
        "\\",
        "\\u0024{x}",
        "$",
        "{",
        "'; rm -rf / #",
    ] {
        assert_formatted(&assert_harmless(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn hostile_names_of_any_kind_stay_data(text in "([${}%\"\\\\\n#/*~=<a-b]|\\PC|[\u{80}-\u{a0}\u{300}\u{202e}]){1,12}") {
        assert_harmless(&text);
    }
}

#[test]
fn a_sample_of_hostile_names_is_formatted() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = proptest::string::string_regex("([${}%\"\\\\#/*=a-b]|\\PC){1,12}").unwrap();
    let all: String = (0..60).map(|_| assert_harmless(&strategy.new_tree(&mut runner).unwrap().current())).collect();
    assert_formatted(&all);
}
