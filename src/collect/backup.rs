//! AWS Backup: what is copied where, what the copies are protected by, and when one was last restored.

use super::Call;
use super::call::client;
use super::properties::{Properties, list, policy_of};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_backup::Client;
use aws_sdk_backup::types::{
    BackupPlan, BackupPlansListMember, BackupRule, BackupSelection, BackupSelectionsListMember, BackupVaultListMember,
    ConditionParameter, Conditions, CopyAction, CopyJob, CopyJobState, Lifecycle, RecoveryPointByBackupVault,
    RecoveryPointStatus, RestoreJobsListMember, RestoreTestingPlanForList, RestoreTestingSelectionForList,
};
use futures_util::StreamExt;
use futures_util::future::join4;
use serde_json::Value;
use std::collections::BTreeMap;

const LIST_BACKUP_VAULTS: Call = Call::new("backup", "ListBackupVaults");
const DESCRIBE_BACKUP_VAULT: Call = Call::new("backup", "DescribeBackupVault");
const GET_BACKUP_VAULT_ACCESS_POLICY: Call = Call::new("backup", "GetBackupVaultAccessPolicy");
const LIST_RECOVERY_POINTS_BY_BACKUP_VAULT: Call = Call::new("backup", "ListRecoveryPointsByBackupVault");
const LIST_TAGS: Call = Call::new("backup", "ListTags");
const LIST_BACKUP_PLANS: Call = Call::new("backup", "ListBackupPlans");
const GET_BACKUP_PLAN: Call = Call::new("backup", "GetBackupPlan");
const LIST_BACKUP_SELECTIONS: Call = Call::new("backup", "ListBackupSelections");
const GET_BACKUP_SELECTION: Call = Call::new("backup", "GetBackupSelection");
const LIST_RESTORE_TESTING_PLANS: Call = Call::new("backup", "ListRestoreTestingPlans");
const LIST_RESTORE_TESTING_SELECTIONS: Call = Call::new("backup", "ListRestoreTestingSelections");
const GET_RESTORE_TESTING_SELECTION: Call = Call::new("backup", "GetRestoreTestingSelection");
const LIST_COPY_JOBS: Call = Call::new("backup", "ListCopyJobs");
const LIST_RESTORE_JOBS: Call = Call::new("backup", "ListRestoreJobs");

/// What this file asks.
pub const CALLS: &[Call] = &[
    LIST_BACKUP_VAULTS,
    DESCRIBE_BACKUP_VAULT,
    GET_BACKUP_VAULT_ACCESS_POLICY,
    LIST_RECOVERY_POINTS_BY_BACKUP_VAULT,
    LIST_TAGS,
    LIST_BACKUP_PLANS,
    GET_BACKUP_PLAN,
    LIST_BACKUP_SELECTIONS,
    GET_BACKUP_SELECTION,
    LIST_RESTORE_TESTING_PLANS,
    LIST_RESTORE_TESTING_SELECTIONS,
    GET_RESTORE_TESTING_SELECTION,
    LIST_COPY_JOBS,
    LIST_RESTORE_JOBS,
];

/// The largest page AWS gives.
const PAGE: i32 = 1000;
/// How many restores of one resource are kept, the newest first.
const RESTORES: usize = 3;

/// A region's AWS Backup, as its parts need it.
#[derive(Clone, Copy)]
struct Place<'a> {
    scope: Scope<'a>,
    client: &'a Client,
    region: &'a str,
    identity: &'a Identity,
}

/// Reads vaults, plans, restore tests and jobs of a region. Of recovery points and copies, the newest whole one of each
/// resource in each vault is kept.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("backup");
    let client = client!(aws_sdk_backup, config, region);
    let place = Place { scope, client: &client, region, identity };
    let (vaults, plans, tests, jobs) = join4(place.vaults(), place.plans(), place.tests(), place.jobs()).await;
    scope.finished("backup");
    [vaults, plans, tests, jobs].into_iter().flatten().collect()
}

impl<'a> Place<'a> {
    async fn vaults(self) -> Vec<Resource> {
        let Place { scope, client, .. } = self;
        let mut vaults = Vec::new();
        scope
            .pages(
                &LIST_BACKUP_VAULTS,
                "",
                |token| client.list_backup_vaults().max_results(PAGE).set_next_token(token).send(),
                |page| {
                    vaults.extend(page.backup_vault_list.unwrap_or_default());
                    more(page.next_token)
                },
            )
            .await;
        let read: Vec<Vec<Resource>> = futures_util::stream::iter(&vaults)
            .map(|vault| self.vault(vault))
            .buffered(scope.concurrency())
            .collect()
            .await;
        read.into_iter().flatten().collect()
    }

    /// A vault and the newest of what lies in it.
    async fn vault(self, vault: &BackupVaultListMember) -> Vec<Resource> {
        let Place { scope, client, region, .. } = self;
        let (Some(name), Some(arn)) = (vault.backup_vault_name(), vault.backup_vault_arn()) else {
            return Vec::new();
        };
        let subject = &format!("vault {name}");
        let mut newest: BTreeMap<String, RecoveryPointByBackupVault> = BTreeMap::new();
        let (described, policy, _, tags) = join4(
            scope.read(&DESCRIBE_BACKUP_VAULT, subject, client.describe_backup_vault().backup_vault_name(name).send()),
            // How AWS says that a vault has no policy.
            scope.read_or_none(
                &GET_BACKUP_VAULT_ACCESS_POLICY,
                subject,
                "ResourceNotFoundException",
                client.get_backup_vault_access_policy().backup_vault_name(name).send(),
            ),
            scope.pages(
                &LIST_RECOVERY_POINTS_BY_BACKUP_VAULT,
                subject,
                |token| {
                    client
                        .list_recovery_points_by_backup_vault()
                        .backup_vault_name(name)
                        .max_results(PAGE)
                        .set_next_token(token)
                        .send()
                },
                |page| {
                    let whole = page.recovery_points.unwrap_or_default().into_iter();
                    for point in whole.filter(|point| point.status() == Some(&RecoveryPointStatus::Completed)) {
                        let resource = point.resource_arn().unwrap_or_default();
                        if newest.get(resource).is_none_or(|best| best.creation_date() < point.creation_date()) {
                            newest.insert(resource.to_owned(), point);
                        }
                    }
                    more(page.next_token)
                },
            ),
            self.tags(arn, subject),
        )
        .await;

        let minimum = vault.min_retention_days();
        let maximum = vault.max_retention_days();
        let lock = (minimum.is_some() || maximum.is_some())
            .then(|| Properties::default().known("MinRetentionDays", minimum).known("MaxRetentionDays", maximum));
        let described = described.as_ref();
        let properties = Properties::default()
            .put("BackupVaultName", name)
            .text("EncryptionKeyArn", vault.encryption_key_arn())
            .text("VaultType", vault.vault_type().map(|kind| kind.as_str()))
            .text("VaultState", vault.vault_state().map(|state| state.as_str()))
            .known("Locked", vault.locked().or_else(|| described.and_then(|answer| answer.locked())))
            .time("LockDate", vault.lock_date())
            .known("LockConfiguration", lock)
            .put("NumberOfRecoveryPoints", vault.number_of_recovery_points())
            .text("SourceBackupVaultArn", described.and_then(|answer| answer.source_backup_vault_arn()))
            .text("MpaApprovalTeamArn", described.and_then(|answer| answer.mpa_approval_team_arn()));
        let mut resource = self.resource(arn, "BackupVault", properties);
        resource.tags = tags;
        resource.policy = policy_of(policy.as_ref().map(|answer| answer.as_ref().and_then(|answer| answer.policy())));
        let points = newest.values().filter_map(|point| recovery_point(point, region));
        std::iter::once(resource).chain(points).collect()
    }

    async fn plans(self) -> Vec<Resource> {
        let Place { scope, client, .. } = self;
        let mut plans = Vec::new();
        scope
            .pages(
                &LIST_BACKUP_PLANS,
                "",
                |token| client.list_backup_plans().max_results(PAGE).set_next_token(token).send(),
                |page| {
                    plans.extend(page.backup_plans_list.unwrap_or_default());
                    more(page.next_token)
                },
            )
            .await;
        let read: Vec<Option<Resource>> = futures_util::stream::iter(&plans)
            .map(|plan| self.plan(plan))
            .buffered(scope.concurrency())
            .collect()
            .await;
        read.into_iter().flatten().collect()
    }

    async fn plan(self, plan: &BackupPlansListMember) -> Option<Resource> {
        let Place { scope, client, .. } = self;
        let (id, arn) = (plan.backup_plan_id()?, plan.backup_plan_arn()?);
        let subject = &format!("plan {id}");
        let mut selections = Vec::new();
        let (described, whole, tags) = tokio::join!(
            scope.read(&GET_BACKUP_PLAN, subject, client.get_backup_plan().backup_plan_id(id).send()),
            scope.pages(
                &LIST_BACKUP_SELECTIONS,
                subject,
                |token| {
                    client.list_backup_selections().backup_plan_id(id).max_results(PAGE).set_next_token(token).send()
                },
                |page| {
                    selections.extend(page.backup_selections_list.unwrap_or_default());
                    more(page.next_token)
                },
            ),
            self.tags(arn, subject),
        );
        let read: Vec<Value> = futures_util::stream::iter(&selections)
            .map(|selection| self.selection(id, selection))
            .buffered(scope.concurrency())
            .collect()
            .await;
        let rules = described.and_then(|answer| answer.backup_plan).as_ref().map(plan_rules);
        let properties = Properties::default()
            .put("BackupPlanId", id)
            .text("BackupPlanName", plan.backup_plan_name())
            .time("LastExecutionDate", plan.last_execution_date())
            .known("BackupPlan", rules)
            .known("Selections", whole.then_some(read));
        let mut resource = self.resource(arn, "BackupPlan", properties);
        resource.tags = tags;
        Some(resource)
    }

    /// What a plan is applied to. Without an answer to the second question its name and role remain.
    async fn selection(self, plan: &str, selection: &BackupSelectionsListMember) -> Value {
        let Place { scope, client, .. } = self;
        let id = selection.selection_id().unwrap_or_default();
        let found = scope
            .read(
                &GET_BACKUP_SELECTION,
                &format!("plan {plan} selection {id}"),
                client.get_backup_selection().backup_plan_id(plan).selection_id(id).send(),
            )
            .await
            .and_then(|answer| answer.backup_selection);
        let properties = Properties::default()
            .text("SelectionId", Some(id))
            .text("SelectionName", selection.selection_name())
            .text("IamRoleArn", selection.iam_role_arn());
        match &found {
            Some(found) => Value::from(selected(properties, found)),
            None => Value::from(properties),
        }
    }

    async fn tests(self) -> Vec<Resource> {
        let Place { scope, client, .. } = self;
        let mut plans = Vec::new();
        scope
            .pages(
                &LIST_RESTORE_TESTING_PLANS,
                "",
                |token| client.list_restore_testing_plans().max_results(PAGE).set_next_token(token).send(),
                |page| {
                    plans.extend(page.restore_testing_plans);
                    more(page.next_token)
                },
            )
            .await;
        futures_util::stream::iter(&plans).map(|plan| self.test(plan)).buffered(scope.concurrency()).collect().await
    }

    async fn test(self, plan: &RestoreTestingPlanForList) -> Resource {
        let Place { scope, client, .. } = self;
        let (name, arn) = (plan.restore_testing_plan_name(), plan.restore_testing_plan_arn());
        let subject = &format!("restore testing plan {name}");
        let mut selections = Vec::new();
        let (whole, tags) = tokio::join!(
            scope.pages(
                &LIST_RESTORE_TESTING_SELECTIONS,
                subject,
                |token| {
                    client
                        .list_restore_testing_selections()
                        .restore_testing_plan_name(name)
                        .max_results(PAGE)
                        .set_next_token(token)
                        .send()
                },
                |page| {
                    selections.extend(page.restore_testing_selections);
                    more(page.next_token)
                },
            ),
            self.tags(arn, subject),
        );
        let read: Vec<Value> = futures_util::stream::iter(&selections)
            .map(|selection| self.tested(name, selection))
            .buffered(scope.concurrency())
            .collect()
            .await;
        let properties = Properties::default()
            .put("RestoreTestingPlanName", name)
            .text("ScheduleExpression", Some(plan.schedule_expression()))
            .text("ScheduleExpressionTimezone", plan.schedule_expression_timezone())
            .time("LastExecutionTime", plan.last_execution_time())
            .known("Selections", whole.then_some(read));
        let mut resource = self.resource(arn, "RestoreTestingPlan", properties);
        resource.tags = tags;
        resource
    }

    async fn tested(self, plan: &str, selection: &RestoreTestingSelectionForList) -> Value {
        let Place { scope, client, .. } = self;
        let name = selection.restore_testing_selection_name();
        let found = scope
            .read(
                &GET_RESTORE_TESTING_SELECTION,
                &format!("restore testing plan {plan} selection {name}"),
                client
                    .get_restore_testing_selection()
                    .restore_testing_plan_name(plan)
                    .restore_testing_selection_name(name)
                    .send(),
            )
            .await
            .and_then(|answer| answer.restore_testing_selection);
        Value::from(
            Properties::default()
                .put("RestoreTestingSelectionName", name)
                .text("ProtectedResourceType", Some(selection.protected_resource_type()))
                .text("IamRoleArn", Some(selection.iam_role_arn()))
                .known("ProtectedResourceArns", found.and_then(|found| found.protected_resource_arns)),
        )
    }

    async fn jobs(self) -> Vec<Resource> {
        let Place { scope, client, .. } = self;
        let mut copies: BTreeMap<(String, String), CopyJob> = BTreeMap::new();
        let mut restores: BTreeMap<String, Vec<RestoreJobsListMember>> = BTreeMap::new();
        tokio::join!(
            scope.pages(
                &LIST_COPY_JOBS,
                "",
                |token| {
                    let request = client.list_copy_jobs().by_state(CopyJobState::Completed);
                    request.max_results(PAGE).set_next_token(token).send()
                },
                |page| {
                    let whole = page.copy_jobs.unwrap_or_default().into_iter();
                    for job in whole.filter(|job| job.state() == Some(&CopyJobState::Completed)) {
                        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                        let key = (text(job.resource_arn()), text(job.destination_backup_vault_arn()));
                        if copies.get(&key).is_none_or(|best| best.completion_date() < job.completion_date()) {
                            copies.insert(key, job);
                        }
                    }
                    more(page.next_token)
                },
            ),
            scope.pages(
                &LIST_RESTORE_JOBS,
                "",
                |token| client.list_restore_jobs().max_results(PAGE).set_next_token(token).send(),
                |page| {
                    for job in page.restore_jobs.unwrap_or_default() {
                        let source = job.source_resource_arn().or(job.recovery_point_arn()).unwrap_or_default();
                        let kept = restores.entry(source.to_owned()).or_default();
                        kept.push(job);
                        kept.sort_by(|a, b| b.creation_date().cmp(&a.creation_date()));
                        kept.truncate(RESTORES);
                    }
                    more(page.next_token)
                },
            ),
        );
        let copies = copies.values().filter_map(|job| self.copy_job(job));
        copies.chain(restores.values().flatten().filter_map(|job| self.restore_job(job))).collect()
    }

    fn copy_job(self, job: &CopyJob) -> Option<Resource> {
        let id = job.copy_job_id()?;
        let properties = Properties::default()
            .put("CopyJobId", id)
            .text("ResourceArn", job.resource_arn())
            .text("ResourceType", job.resource_type())
            .text("SourceBackupVaultArn", job.source_backup_vault_arn())
            .text("SourceRecoveryPointArn", job.source_recovery_point_arn())
            .text("DestinationBackupVaultArn", job.destination_backup_vault_arn())
            .text("DestinationVaultType", job.destination_vault_type())
            .text("DestinationVaultLockState", job.destination_vault_lock_state())
            .text("DestinationRecoveryPointArn", job.destination_recovery_point_arn())
            .text("DestinationEncryptionKeyArn", job.destination_encryption_key_arn())
            .time("CreationDate", job.creation_date())
            .time("CompletionDate", job.completion_date())
            .text("State", job.state().map(|state| state.as_str()));
        Some(self.resource(&self.job("copy-job", id), "CopyJob", properties))
    }

    fn restore_job(self, job: &RestoreJobsListMember) -> Option<Resource> {
        let id = job.restore_job_id()?;
        let creator = job
            .created_by()
            .map(|by| Properties::default().text("RestoreTestingPlanArn", by.restore_testing_plan_arn()));
        let properties = Properties::default()
            .put("RestoreJobId", id)
            .text("RecoveryPointArn", job.recovery_point_arn())
            .time("RecoveryPointCreationDate", job.recovery_point_creation_date())
            .text("SourceResourceArn", job.source_resource_arn())
            .text("BackupVaultArn", job.backup_vault_arn())
            .text("CreatedResourceArn", job.created_resource_arn())
            .text("ResourceType", job.resource_type())
            .text("Status", job.status().map(|status| status.as_str()))
            .text("ValidationStatus", job.validation_status().map(|status| status.as_str()))
            .time("CreationDate", job.creation_date())
            .time("CompletionDate", job.completion_date())
            .known("CreatedBy", creator);
        Some(self.resource(&self.job("restore-job", id), "RestoreJob", properties))
    }

    /// The ARN of a job.
    fn job(self, kind: &str, id: &str) -> String {
        let Identity { account, partition } = self.identity;
        format!("arn:{partition}:backup:{}:{account}:{kind}:{id}", self.region)
    }

    async fn tags(self, arn: &str, subject: &str) -> BTreeMap<String, String> {
        let Place { scope, client, .. } = self;
        let mut tags = BTreeMap::new();
        scope
            .pages(
                &LIST_TAGS,
                subject,
                |token| client.list_tags().resource_arn(arn).set_next_token(token).send(),
                |page| {
                    tags.extend(page.tags.unwrap_or_default());
                    more(page.next_token)
                },
            )
            .await;
        tags
    }

    fn resource(self, arn: &str, kind: &str, properties: Properties) -> Resource {
        resource(arn, kind, self.region, properties)
    }
}

fn resource(arn: &str, kind: &str, region: &str, properties: Properties) -> Resource {
    Resource {
        arn: arn.to_owned(),
        kind: format!("AWS::Backup::{kind}"),
        region: Some(region.to_owned()),
        tags: BTreeMap::new(),
        properties: properties.map(),
        policy: None,
    }
}

fn more(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

fn recovery_point(point: &RecoveryPointByBackupVault, region: &str) -> Option<Resource> {
    let properties = Properties::default()
        .text("RecoveryPointArn", point.recovery_point_arn())
        .text("ResourceArn", point.resource_arn())
        .text("ResourceType", point.resource_type())
        .text("BackupVaultName", point.backup_vault_name())
        .text("BackupVaultArn", point.backup_vault_arn())
        .text("SourceBackupVaultArn", point.source_backup_vault_arn())
        .text("VaultType", point.vault_type().map(|kind| kind.as_str()))
        .time("CreationDate", point.creation_date())
        .time("CompletionDate", point.completion_date())
        .text("Status", point.status().map(|status| status.as_str()))
        .put("IsEncrypted", point.is_encrypted())
        .text("EncryptionKeyArn", point.encryption_key_arn())
        .known("Lifecycle", point.lifecycle().map(lifecycle))
        .time("CalculatedDeleteAt", point.calculated_lifecycle().and_then(|life| life.delete_at()));
    Some(resource(point.recovery_point_arn()?, "RecoveryPoint", region, properties))
}

fn lifecycle(lifecycle: &Lifecycle) -> Properties {
    Properties::default()
        .known("MoveToColdStorageAfterDays", lifecycle.move_to_cold_storage_after_days())
        .known("DeleteAfterDays", lifecycle.delete_after_days())
}

fn plan_rules(plan: &BackupPlan) -> Properties {
    let copy = |copy: &CopyAction| {
        Properties::default()
            .put("DestinationBackupVaultArn", copy.destination_backup_vault_arn())
            .known("Lifecycle", copy.lifecycle().map(lifecycle))
    };
    let rule = |rule: &BackupRule| {
        Properties::default()
            .put("RuleName", rule.rule_name())
            .put("TargetBackupVault", rule.target_backup_vault_name())
            .text("TargetLogicallyAirGappedBackupVaultArn", rule.target_logically_air_gapped_backup_vault_arn())
            .text("ScheduleExpression", rule.schedule_expression())
            .text("ScheduleExpressionTimezone", rule.schedule_expression_timezone())
            .known("EnableContinuousBackup", rule.enable_continuous_backup())
            .known("Lifecycle", rule.lifecycle().map(lifecycle))
            .put("CopyActions", list(rule.copy_actions(), copy))
    };
    Properties::default().put("BackupPlanName", plan.backup_plan_name()).put("BackupPlanRule", list(plan.rules(), rule))
}

fn selected(properties: Properties, selection: &BackupSelection) -> Properties {
    let tag = |condition: &aws_sdk_backup::types::Condition| {
        Properties::default()
            .text("ConditionType", Some(condition.condition_type().as_str()))
            .put("ConditionKey", condition.condition_key())
            .put("ConditionValue", condition.condition_value())
    };
    properties
        .put("Resources", selection.resources().to_vec())
        .put("NotResources", selection.not_resources().to_vec())
        .put("ListOfTags", list(selection.list_of_tags(), tag))
        .known("Conditions", selection.conditions().map(conditions))
}

fn conditions(conditions: &Conditions) -> Properties {
    let pairs = |pairs: &[ConditionParameter]| {
        list(pairs, |pair| {
            Properties::default()
                .text("ConditionKey", pair.condition_key())
                .text("ConditionValue", pair.condition_value())
        })
    };
    Properties::default()
        .put("StringEquals", pairs(conditions.string_equals()))
        .put("StringNotEquals", pairs(conditions.string_not_equals()))
        .put("StringLike", pairs(conditions.string_like()))
        .put("StringNotLike", pairs(conditions.string_not_like()))
}
