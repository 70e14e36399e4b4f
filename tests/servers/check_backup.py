#!/usr/bin/env python3
"""Compares AWS Backup in the snapshot with what boto3 says: `check_backup.py BINARY SNAPSHOT`."""

import comparing
from comparing import REGIONS, client, resource, some, time


def lifecycle(said):
    keys = ["MoveToColdStorageAfterDays", "DeleteAfterDays"]
    return None if said is None else some(**{key: said.get(key) for key in keys})


def pages(backup, operation, member, **given):
    """The items of a list, by botocore's paginator."""
    return [item for page in backup.get_paginator(operation).paginate(**given) for item in page[member]]


def vaults(backup, region):
    for listed in pages(backup, "list_backup_vaults", "BackupVaultList"):
        name = listed["BackupVaultName"]
        said = backup.describe_backup_vault(BackupVaultName=name)
        lock = some(MinRetentionDays=said.get("MinRetentionDays"), MaxRetentionDays=said.get("MaxRetentionDays"))
        properties = some(
            LockDate=time(said.get("LockDate")),
            LockConfiguration=lock or None,
            **{
                key: said.get(key)
                for key in ["BackupVaultName", "EncryptionKeyArn", "VaultType", "VaultState", "NumberOfRecoveryPoints"]
                + ["Locked", "SourceBackupVaultArn", "MpaApprovalTeamArn"]
            },
        )
        try:
            policy = backup.get_backup_vault_access_policy(BackupVaultName=name)["Policy"]
        except backup.exceptions.ResourceNotFoundException:
            policy = None
        arn = said["BackupVaultArn"]
        yield resource(arn, "AWS::Backup::BackupVault", region, properties, tags(backup, arn), policy)

        newest = {}
        for point in pages(backup, "list_recovery_points_by_backup_vault", "RecoveryPoints", BackupVaultName=name):
            best = newest.get(point["ResourceArn"])
            if point["Status"] == "COMPLETED" and (best is None or best["CreationDate"] < point["CreationDate"]):
                newest[point["ResourceArn"]] = point
        for point in newest.values():
            yield recovery_point(point, region)


def recovery_point(said, region):
    texts = ["RecoveryPointArn", "ResourceArn", "ResourceType", "BackupVaultName", "BackupVaultArn", "IsEncrypted"]
    texts += ["SourceBackupVaultArn", "VaultType", "Status", "EncryptionKeyArn"]
    properties = some(
        CreationDate=time(said["CreationDate"]),
        CompletionDate=time(said["CompletionDate"]),
        Lifecycle=lifecycle(said["Lifecycle"]),
        CalculatedDeleteAt=time(said["CalculatedLifecycle"]["DeleteAt"]),
        **{key: said.get(key) for key in texts},
    )
    return resource(said["RecoveryPointArn"], "AWS::Backup::RecoveryPoint", region, properties)


def tags(backup, arn):
    return backup.list_tags(ResourceArn=arn)["Tags"]


def plans(backup, region):
    for listed in pages(backup, "list_backup_plans", "BackupPlansList"):
        given = {"BackupPlanId": listed["BackupPlanId"]}
        plan = backup.get_backup_plan(**given)["BackupPlan"]
        rules = [
            some(
                RuleName=rule["RuleName"],
                TargetBackupVault=rule["TargetBackupVaultName"],
                Lifecycle=lifecycle(rule.get("Lifecycle")),
                CopyActions=[
                    some(
                        DestinationBackupVaultArn=copy["DestinationBackupVaultArn"],
                        Lifecycle=lifecycle(copy.get("Lifecycle")),
                    )
                    for copy in rule.get("CopyActions", [])
                ],
                **{
                    key: rule.get(key)
                    for key in ["ScheduleExpression", "ScheduleExpressionTimezone", "EnableContinuousBackup"]
                    + ["TargetLogicallyAirGappedBackupVaultArn"]
                },
            )
            for rule in plan["Rules"]
        ]
        selections = []
        for selection in pages(backup, "list_backup_selections", "BackupSelectionsList", **given):
            said = backup.get_backup_selection(SelectionId=selection["SelectionId"], **given)["BackupSelection"]
            selections.append(
                some(
                    SelectionId=selection["SelectionId"],
                    SelectionName=said["SelectionName"],
                    IamRoleArn=said["IamRoleArn"],
                    Conditions=conditions(said.get("Conditions")),
                    **{key: said.get(key, []) for key in ["Resources", "NotResources", "ListOfTags"]},
                )
            )
        properties = some(
            BackupPlanId=listed["BackupPlanId"],
            BackupPlanName=listed["BackupPlanName"],
            LastExecutionDate=time(listed.get("LastExecutionDate")),
            BackupPlan={"BackupPlanName": plan["BackupPlanName"], "BackupPlanRule": rules},
            Selections=selections,
        )
        arn = listed["BackupPlanArn"]
        yield resource(arn, "AWS::Backup::BackupPlan", region, properties, tags(backup, arn))


def conditions(said):
    operators = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"]
    return None if said is None else {key: said.get(key, []) for key in operators}


def tests(backup, region):
    for plan in pages(backup, "list_restore_testing_plans", "RestoreTestingPlans"):
        given = {"RestoreTestingPlanName": plan["RestoreTestingPlanName"]}
        selections = []
        for listed in pages(backup, "list_restore_testing_selections", "RestoreTestingSelections", **given):
            name = listed["RestoreTestingSelectionName"]
            said = backup.get_restore_testing_selection(RestoreTestingSelectionName=name, **given)
            said = said["RestoreTestingSelection"]
            keys = ["RestoreTestingSelectionName", "ProtectedResourceType", "ProtectedResourceArns", "IamRoleArn"]
            selections.append(some(**{key: said.get(key) for key in keys}))
        keys = ["RestoreTestingPlanName", "ScheduleExpression", "ScheduleExpressionTimezone"]
        properties = some(
            LastExecutionTime=time(plan.get("LastExecutionTime")),
            Selections=selections,
            **{key: plan.get(key) for key in keys},
        )
        arn = plan["RestoreTestingPlanArn"]
        yield resource(arn, "AWS::Backup::RestoreTestingPlan", region, properties, tags(backup, arn))


def jobs(backup, region):
    copies = {}
    for job in pages(backup, "list_copy_jobs", "CopyJobs"):
        key = (job["ResourceArn"], job["DestinationBackupVaultArn"])
        if job["State"] == "COMPLETED" and (
            key not in copies or copies[key]["CompletionDate"] < job["CompletionDate"]
        ):
            copies[key] = job
    for job in copies.values():
        keys = ["CopyJobId", "ResourceArn", "ResourceType", "SourceBackupVaultArn", "SourceRecoveryPointArn", "State"]
        keys += ["DestinationBackupVaultArn", "DestinationRecoveryPointArn"]
        properties = dated(job, "CreationDate", "CompletionDate") | {key: job[key] for key in keys}
        yield resource(job_arn(region, "copy-job", job["CopyJobId"]), "AWS::Backup::CopyJob", region, properties)
    restores = {}
    for job in pages(backup, "list_restore_jobs", "RestoreJobs"):
        restores.setdefault(job["SourceResourceArn"], []).append(job)
    for of_one in restores.values():
        for job in sorted(of_one, key=lambda job: job["CreationDate"], reverse=True)[:3]:
            keys = ["RestoreJobId", "RecoveryPointArn", "SourceResourceArn", "BackupVaultArn", "CreatedResourceArn"]
            keys += ["ResourceType", "Status", "ValidationStatus", "CreatedBy"]
            times = dated(job, "CreationDate", "CompletionDate", "RecoveryPointCreationDate")
            properties = some(**times, **{key: job.get(key) for key in keys})
            arn = job_arn(region, "restore-job", job["RestoreJobId"])
            yield resource(arn, "AWS::Backup::RestoreJob", region, properties)


def dated(said, *keys):
    return some(**{key: time(said.get(key)) for key in keys})


def job_arn(region, kind, name):
    return f"arn:aws:backup:{region}:{comparing.ACCOUNT}:{kind}:{name}"


def main():
    _, snapshot = comparing.arguments()
    comparing.expect_read(snapshot, "backup")
    wanted = []
    for region in REGIONS:
        backup = client("backup", region)
        for part in [vaults, plans, tests, jobs]:
            wanted.extend(part(backup, region))
    comparing.expect(len(wanted) > 15, f"only {len(wanted)} things of AWS Backup")
    comparing.expect_resources(snapshot, ("AWS::Backup::",), wanted)
    comparing.finish()


if __name__ == "__main__":
    main()
