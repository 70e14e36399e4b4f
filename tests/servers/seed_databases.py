#!/usr/bin/env python3
"""Databases with and without protection, more than a page of them, and snapshots by hand."""

from comparing import HOME, OTHER, client

# DescribeDBInstances gives a hundred a page.
SMALL = 101


def main():
    rds = client("rds", HOME)
    common = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "MasterUsername": "root"}
    common["MasterUserPassword"] = "SECRET-password"
    rds.create_db_instance(
        DBInstanceIdentifier="shop",
        Engine="postgres",
        DeletionProtection=True,
        BackupRetentionPeriod=14,
        MultiAZ=True,
        StorageEncrypted=True,
        PubliclyAccessible=False,
        Tags=[{"Key": "env", "Value": "prod"}],
        **common,
    )
    rds.create_db_instance_read_replica(DBInstanceIdentifier="shop-replica", SourceDBInstanceIdentifier="shop")
    for number in range(SMALL):
        rds.create_db_instance(
            DBInstanceIdentifier=f"small-{number:03}", Engine="mysql", BackupRetentionPeriod=0, **common
        )
    for name in ["before-launch", "after-launch", "yesterday"]:
        rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier=name)
    rds.create_db_snapshot(DBInstanceIdentifier="small-000", DBSnapshotIdentifier="of-small")

    cluster = {"MasterUsername": "root", "MasterUserPassword": "SECRET-password"}
    rds.create_db_cluster(
        DBClusterIdentifier="orders",
        Engine="aurora-postgresql",
        DeletionProtection=True,
        BackupRetentionPeriod=35,
        StorageEncrypted=True,
        Tags=[{"Key": "env", "Value": "prod"}],
        **cluster,
    )
    rds.create_db_cluster(DBClusterIdentifier="sessions", Engine="aurora-mysql", **cluster)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="orders", DBClusterSnapshotIdentifier="orders-by-hand")
    client("rds", OTHER).create_global_cluster(
        GlobalClusterIdentifier="world", Engine="aurora-postgresql", DeletionProtection=True
    )


if __name__ == "__main__":
    main()
