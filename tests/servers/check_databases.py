#!/usr/bin/env python3
"""Compares RDS in the snapshot with what boto3 says: `check_databases.py BINARY SNAPSHOT`."""

import comparing
from comparing import REGIONS, client, instant, outcomes, resource, resources_of, some, time


def pages(rds, operation, member):
    return [item for page in rds.get_paginator(operation).paginate() for item in page[member]]


def tags(said):
    return {tag["Key"]: tag["Value"] for tag in said.get("TagList", [])}


def instances(rds, region):
    backups = pages(rds, "describe_db_instance_automated_backups", "DBInstanceAutomatedBackups")
    windows = {item.get("DBInstanceArn"): item.get("RestoreWindow", {}) for item in reversed(backups)}
    for said in pages(rds, "describe_db_instances", "DBInstances"):
        keys = ["DBInstanceIdentifier", "DBClusterIdentifier", "DbiResourceId", "Engine", "EngineVersion"]
        keys += ["DBInstanceClass", "DBInstanceStatus", "DeletionProtection", "BackupRetentionPeriod", "StorageEncrypted", "KmsKeyId"]
        keys += ["MultiAZ", "PubliclyAccessible", "ReadReplicaDBInstanceIdentifiers"]
        properties = some(
            SourceDBInstanceIdentifier=said.get("ReadReplicaSourceDBInstanceIdentifier"),
            EarliestRestorableTime=time(windows.get(said["DBInstanceArn"], {}).get("EarliestTime")),
            LatestRestorableTime=time(said.get("LatestRestorableTime")),
            **{key: said.get(key) for key in keys},
        )
        yield resource(said["DBInstanceArn"], "AWS::RDS::DBInstance", region, properties, tags(said))
    for said in backups:
        keys = ["DBInstanceArn", "DBInstanceIdentifier", "DbiResourceId", "Engine", "Region", "Status", "KmsKeyId"]
        keys += ["BackupRetentionPeriod", "Encrypted", "AwsBackupRecoveryPointArn"]
        properties = some(
            EarliestRestorableTime=time(said.get("RestoreWindow", {}).get("EarliestTime")),
            LatestRestorableTime=time(said.get("RestoreWindow", {}).get("LatestTime")),
            **{key: said.get(key) for key in keys},
        )
        if "DBInstanceAutomatedBackupsArn" in said:
            arn = said["DBInstanceAutomatedBackupsArn"]
            yield resource(arn, "AWS::RDS::DBInstanceAutomatedBackup", region, properties, tags(said))


def clusters(rds, region):
    for said in pages(rds, "describe_db_clusters", "DBClusters"):
        keys = ["DBClusterIdentifier", "Engine", "EngineVersion", "EngineMode", "Status", "DeletionProtection"]
        keys += ["BackupRetentionPeriod", "BacktrackWindow", "StorageEncrypted", "KmsKeyId", "MultiAZ"]
        keys += ["GlobalClusterIdentifier", "ReplicationSourceIdentifier"]
        properties = some(
            DBClusterResourceId=said.get("DbClusterResourceId"),
            EarliestRestorableTime=time(said.get("EarliestRestorableTime")),
            LatestRestorableTime=time(said.get("LatestRestorableTime")),
            **{key: said.get(key) for key in keys},
        )
        yield resource(said["DBClusterArn"], "AWS::RDS::DBCluster", region, properties, tags(said))


def cluster_backups(rds, region):
    for said in pages(rds, "describe_db_cluster_automated_backups", "DBClusterAutomatedBackups"):
        keys = ["DBClusterArn", "DBClusterIdentifier", "Engine", "Region", "Status", "BackupRetentionPeriod", "KmsKeyId"]
        keys += ["StorageEncrypted", "AwsBackupRecoveryPointArn"]
        properties = some(
            DBClusterResourceId=said.get("DbClusterResourceId"),
            EarliestRestorableTime=time(said["RestoreWindow"]["EarliestTime"]),
            LatestRestorableTime=time(said["RestoreWindow"]["LatestTime"]),
            **{key: said.get(key) for key in keys},
        )
        arn = said["DBClusterAutomatedBackupsArn"]
        yield resource(arn, "AWS::RDS::DBClusterAutomatedBackup", region, properties, tags(said))


def newest(snapshots, source):
    """The newest available snapshot of each database and type."""
    best = {}
    for said in snapshots:
        key = (next((said[name] for name in source if said.get(name)), None), said["SnapshotType"])
        rank = lambda item: (item["Status"] == "available", item["SnapshotCreateTime"])
        if key not in best or rank(best[key]) < rank(said):
            best[key] = said
    return best.values()


def snapshots(rds, region):
    said = pages(rds, "describe_db_snapshots", "DBSnapshots")
    for said in newest(said, ["DbiResourceId", "DBInstanceIdentifier"]):
        keys = ["DBSnapshotIdentifier", "DBInstanceIdentifier", "DbiResourceId", "Engine", "SnapshotType", "Status"]
        keys += ["SourceRegion", "Encrypted", "KmsKeyId"]
        properties = some(
            SnapshotCreateTime=time(said["SnapshotCreateTime"]), **{key: said.get(key) for key in keys}
        )
        yield resource(said["DBSnapshotArn"], "AWS::RDS::DBSnapshot", region, properties, tags(said))
    said = pages(rds, "describe_db_cluster_snapshots", "DBClusterSnapshots")
    for said in newest(said, ["DbClusterResourceId", "DBClusterIdentifier"]):
        keys = ["DBClusterSnapshotIdentifier", "DBClusterIdentifier", "Engine", "SnapshotType", "Status", "KmsKeyId"]
        properties = some(
            DBClusterResourceId=said.get("DbClusterResourceId"),
            SnapshotCreateTime=time(said["SnapshotCreateTime"]),
            Encrypted=said.get("StorageEncrypted"),
            **{key: said.get(key) for key in keys},
        )
        arn = said["DBClusterSnapshotArn"]
        yield resource(arn, "AWS::RDS::DBClusterSnapshot", region, properties, tags(said))


def global_clusters(rds):
    for said in rds.describe_global_clusters()["GlobalClusters"]:
        keys = ["GlobalClusterIdentifier", "Engine", "Status", "DeletionProtection", "StorageEncrypted"]
        members = [
            some(DBClusterArn=member.get("DBClusterArn"), IsWriter=member.get("IsWriter"))
            for member in said.get("GlobalClusterMembers", [])
        ]
        properties = some(GlobalClusterMembers=members, **{key: said.get(key) for key in keys})
        yield resource(said["GlobalClusterArn"], "AWS::RDS::GlobalCluster", None, properties, tags(said))


def moves_on(snapshot, wanted):
    """The last moment to restore to is minutes ago whenever one asks; it only has to be near."""
    said = resources_of(snapshot, "AWS::")
    for item in wanted:
        found = said.get(item["arn"], {}).get("properties", {}).get("LatestRestorableTime")
        now = item["properties"].get("LatestRestorableTime")
        if found and now and abs(instant(found) - instant(now)) < 600:
            item["properties"]["LatestRestorableTime"] = found


def main():
    _, snapshot = comparing.arguments()
    for (operation, region), (outcome, detail) in outcomes(snapshot, "rds").items():
        comparing.expect(outcome == "ok", f"{operation} in {region}: {outcome}, {detail}")
    wanted = []
    for region in REGIONS:
        rds = client("rds", region)
        for part in [instances, clusters, cluster_backups, snapshots]:
            wanted.extend(part(rds, region))
        wanted.extend(global_clusters(rds))
    kinds = {item["type"] for item in wanted}
    for name in ["DBInstance", "DBCluster", "DBClusterAutomatedBackup", "DBSnapshot", "DBClusterSnapshot", "GlobalCluster"]:
        comparing.expect(f"AWS::RDS::{name}" in kinds, f"there is no {name}")
    comparing.expect(len(wanted) > 103, f"only {len(wanted)} things of RDS: not more than a page")
    moves_on(snapshot, wanted)
    comparing.expect_resources(snapshot, ("AWS::RDS::",), wanted)
    comparing.finish()


if __name__ == "__main__":
    main()
