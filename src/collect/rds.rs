//! RDS and Aurora: instances and clusters, and what they could be restored from.
//!
//! The same calls list what belongs to DocumentDB and Neptune. It keeps the types of RDS, as in AWS Config: the actions
//! that destroy it, and the snapshots that could bring it back, are RDS's. `Engine` tells it apart.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{
    DbCluster, DbClusterAutomatedBackup, DbClusterSnapshot, DbInstance, DbInstanceAutomatedBackup, DbSnapshot,
    GlobalCluster, Tag,
};
use std::collections::BTreeMap;

const DESCRIBE_DB_INSTANCES: Call = Call::new("rds", "DescribeDBInstances");
const DESCRIBE_DB_CLUSTERS: Call = Call::new("rds", "DescribeDBClusters");
const DESCRIBE_GLOBAL_CLUSTERS: Call = Call::new("rds", "DescribeGlobalClusters");
const DESCRIBE_DB_INSTANCE_AUTOMATED_BACKUPS: Call = Call::new("rds", "DescribeDBInstanceAutomatedBackups");
const DESCRIBE_DB_CLUSTER_AUTOMATED_BACKUPS: Call = Call::new("rds", "DescribeDBClusterAutomatedBackups");
const DESCRIBE_DB_SNAPSHOTS: Call = Call::new("rds", "DescribeDBSnapshots");
const DESCRIBE_DB_CLUSTER_SNAPSHOTS: Call = Call::new("rds", "DescribeDBClusterSnapshots");

/// What this file asks.
pub const CALLS: &[Call] = &[
    DESCRIBE_DB_INSTANCES,
    DESCRIBE_DB_CLUSTERS,
    DESCRIBE_GLOBAL_CLUSTERS,
    DESCRIBE_DB_INSTANCE_AUTOMATED_BACKUPS,
    DESCRIBE_DB_CLUSTER_AUTOMATED_BACKUPS,
    DESCRIBE_DB_SNAPSHOTS,
    DESCRIBE_DB_CLUSTER_SNAPSHOTS,
];

/// The largest page AWS gives.
const PAGE: i32 = 100;

/// Reads the databases of a region and their copies. Of the snapshots of one database, the newest of each type is kept.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("rds");
    let client = client!(aws_sdk_rds, config, region);
    let (mut instances, mut clusters, mut global) = (Vec::new(), Vec::new(), Vec::new());
    let (mut instance_backups, mut cluster_backups) = (Vec::new(), Vec::new());
    let (mut snapshots, mut cluster_snapshots) = (Newest::default(), Newest::default());
    tokio::join!(
        scope.pages(
            &DESCRIBE_DB_INSTANCES,
            "",
            |marker| client.describe_db_instances().max_records(PAGE).set_marker(marker).send(),
            |page| {
                instances.extend(page.db_instances.unwrap_or_default());
                more(page.marker)
            },
        ),
        scope.pages(
            &DESCRIBE_DB_CLUSTERS,
            "",
            |marker| client.describe_db_clusters().max_records(PAGE).set_marker(marker).send(),
            |page| {
                clusters.extend(page.db_clusters.unwrap_or_default());
                more(page.marker)
            },
        ),
        scope.pages(
            &DESCRIBE_GLOBAL_CLUSTERS,
            "",
            |marker| client.describe_global_clusters().max_records(PAGE).set_marker(marker).send(),
            |page| {
                global.extend(page.global_clusters.unwrap_or_default());
                more(page.marker)
            },
        ),
        scope.pages(
            &DESCRIBE_DB_INSTANCE_AUTOMATED_BACKUPS,
            "",
            |marker| client.describe_db_instance_automated_backups().max_records(PAGE).set_marker(marker).send(),
            |page| {
                instance_backups.extend(page.db_instance_automated_backups.unwrap_or_default());
                more(page.marker)
            },
        ),
        scope.pages(
            &DESCRIBE_DB_CLUSTER_AUTOMATED_BACKUPS,
            "",
            |marker| client.describe_db_cluster_automated_backups().max_records(PAGE).set_marker(marker).send(),
            |page| {
                cluster_backups.extend(page.db_cluster_automated_backups.unwrap_or_default());
                more(page.marker)
            },
        ),
        scope.pages(
            &DESCRIBE_DB_SNAPSHOTS,
            "",
            |marker| client.describe_db_snapshots().max_records(PAGE).set_marker(marker).send(),
            |page| {
                page.db_snapshots.unwrap_or_default().into_iter().for_each(|found| snapshots.see(found));
                more(page.marker)
            },
        ),
        scope.pages(
            &DESCRIBE_DB_CLUSTER_SNAPSHOTS,
            "",
            |marker| client.describe_db_cluster_snapshots().max_records(PAGE).set_marker(marker).send(),
            |page| {
                page.db_cluster_snapshots
                    .unwrap_or_default()
                    .into_iter()
                    .for_each(|found| cluster_snapshots.see(found));
                more(page.marker)
            },
        ),
    );
    scope.finished("rds");

    let instances = instances.iter().filter_map(|found| {
        let backup = instance_backups.iter().find(|backup| backup.db_instance_arn() == found.db_instance_arn());
        instance(found, backup, region)
    });
    instances
        .chain(clusters.iter().filter_map(|found| cluster(found, region)))
        .chain(global.iter().filter_map(global_cluster))
        .chain(instance_backups.iter().filter_map(|found| instance_backup(found, region)))
        .chain(cluster_backups.iter().filter_map(|found| cluster_backup(found, region)))
        .chain(snapshots.0.values().filter_map(|found| snapshot(found, region)))
        .chain(cluster_snapshots.0.values().filter_map(|found| cluster_snapshot(found, region)))
        .collect()
}

fn more(marker: Option<String>) -> Option<String> {
    marker.filter(|marker| !marker.is_empty())
}

/// A copy of a database as it was at some time.
trait PointInTime {
    /// The database, and the type of the copy: manual, automated, by AWS Backup.
    fn key(&self) -> (String, String);
    /// Whether one can restore from it, and from when it is.
    fn rank(&self) -> (bool, Option<DateTime>);
}

impl PointInTime for DbSnapshot {
    fn key(&self) -> (String, String) {
        let source = self.dbi_resource_id().or(self.db_instance_identifier());
        (source.unwrap_or_default().to_owned(), self.snapshot_type().unwrap_or_default().to_owned())
    }

    fn rank(&self) -> (bool, Option<DateTime>) {
        (self.status() == Some("available"), self.snapshot_create_time().copied())
    }
}

impl PointInTime for DbClusterSnapshot {
    fn key(&self) -> (String, String) {
        let source = self.db_cluster_resource_id().or(self.db_cluster_identifier());
        (source.unwrap_or_default().to_owned(), self.snapshot_type().unwrap_or_default().to_owned())
    }

    fn rank(&self) -> (bool, Option<DateTime>) {
        (self.status() == Some("available"), self.snapshot_create_time().copied())
    }
}

/// The best copy by database and type: one that can be restored before one that cannot, then the newest.
struct Newest<T>(BTreeMap<(String, String), T>);

impl<T> Default for Newest<T> {
    fn default() -> Newest<T> {
        Newest(BTreeMap::new())
    }
}

impl<T: PointInTime> Newest<T> {
    fn see(&mut self, found: T) {
        let key = found.key();
        if self.0.get(&key).is_none_or(|best| best.rank() < found.rank()) {
            self.0.insert(key, found);
        }
    }
}

fn resource(
    arn: Option<&str>,
    kind: &str,
    region: Option<&str>,
    tags: Option<&[Tag]>,
    properties: Properties,
) -> Option<Resource> {
    let tag = |tag: &Tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()));
    Some(Resource {
        arn: arn?.to_owned(),
        kind: kind.to_owned(),
        region: region.map(str::to_owned),
        tags: tags.unwrap_or_default().iter().filter_map(tag).collect(),
        properties: properties.map(),
        policy: None,
    })
}

fn instance(found: &DbInstance, backup: Option<&DbInstanceAutomatedBackup>, region: &str) -> Option<Resource> {
    let window = backup.and_then(|backup| backup.restore_window());
    let properties = Properties::default()
        .text("DBInstanceIdentifier", found.db_instance_identifier())
        .text("DBClusterIdentifier", found.db_cluster_identifier())
        .text("DbiResourceId", found.dbi_resource_id())
        .text("DBInstanceClass", found.db_instance_class())
        .text("Engine", found.engine())
        .text("EngineVersion", found.engine_version())
        .text("DBInstanceStatus", found.db_instance_status())
        .known("DeletionProtection", found.deletion_protection())
        .known("BackupRetentionPeriod", found.backup_retention_period())
        .time("EarliestRestorableTime", window.and_then(|window| window.earliest_time()))
        .time("LatestRestorableTime", found.latest_restorable_time())
        .known("StorageEncrypted", found.storage_encrypted())
        .text("KmsKeyId", found.kms_key_id())
        .known("MultiAZ", found.multi_az())
        .known("PubliclyAccessible", found.publicly_accessible())
        .known("ReadReplicaDBInstanceIdentifiers", found.read_replica_db_instance_identifiers.clone())
        .text("SourceDBInstanceIdentifier", found.read_replica_source_db_instance_identifier());
    resource(found.db_instance_arn(), "AWS::RDS::DBInstance", Some(region), found.tag_list.as_deref(), properties)
}

fn cluster(found: &DbCluster, region: &str) -> Option<Resource> {
    let properties = Properties::default()
        .text("DBClusterIdentifier", found.db_cluster_identifier())
        .text("DBClusterResourceId", found.db_cluster_resource_id())
        .text("Engine", found.engine())
        .text("EngineVersion", found.engine_version())
        .text("EngineMode", found.engine_mode())
        .text("Status", found.status())
        .known("DeletionProtection", found.deletion_protection())
        .known("BackupRetentionPeriod", found.backup_retention_period())
        .time("EarliestRestorableTime", found.earliest_restorable_time())
        .time("LatestRestorableTime", found.latest_restorable_time())
        .known("BacktrackWindow", found.backtrack_window())
        .known("StorageEncrypted", found.storage_encrypted())
        .text("KmsKeyId", found.kms_key_id())
        .known("MultiAZ", found.multi_az())
        .text("GlobalClusterIdentifier", found.global_cluster_identifier())
        .text("ReplicationSourceIdentifier", found.replication_source_identifier());
    resource(found.db_cluster_arn(), "AWS::RDS::DBCluster", Some(region), found.tag_list.as_deref(), properties)
}

/// Every region gives the same answer.
fn global_cluster(found: &GlobalCluster) -> Option<Resource> {
    let members = found.global_cluster_members.as_deref().map(|members| {
        list(members, |member| {
            Properties::default().text("DBClusterArn", member.db_cluster_arn()).known("IsWriter", member.is_writer())
        })
    });
    let properties = Properties::default()
        .text("GlobalClusterIdentifier", found.global_cluster_identifier())
        .text("Engine", found.engine())
        .text("Status", found.status())
        .known("DeletionProtection", found.deletion_protection())
        .known("StorageEncrypted", found.storage_encrypted())
        .known("GlobalClusterMembers", members);
    resource(found.global_cluster_arn(), "AWS::RDS::GlobalCluster", None, found.tag_list.as_deref(), properties)
}

/// Continuous backups: of an instance, of one that was deleted and left them, or copied here from another region.
fn instance_backup(found: &DbInstanceAutomatedBackup, region: &str) -> Option<Resource> {
    let window = found.restore_window();
    let properties = Properties::default()
        .text("DBInstanceArn", found.db_instance_arn())
        .text("DBInstanceIdentifier", found.db_instance_identifier())
        .text("DbiResourceId", found.dbi_resource_id())
        .text("Engine", found.engine())
        .text("Region", found.region())
        .text("Status", found.status())
        .known("BackupRetentionPeriod", found.backup_retention_period())
        .time("EarliestRestorableTime", window.and_then(|window| window.earliest_time()))
        .time("LatestRestorableTime", window.and_then(|window| window.latest_time()))
        .known("Encrypted", found.encrypted())
        .text("KmsKeyId", found.kms_key_id())
        .text("AwsBackupRecoveryPointArn", found.aws_backup_recovery_point_arn());
    let arn = found.db_instance_automated_backups_arn();
    resource(arn, "AWS::RDS::DBInstanceAutomatedBackup", Some(region), found.tag_list.as_deref(), properties)
}

fn cluster_backup(found: &DbClusterAutomatedBackup, region: &str) -> Option<Resource> {
    let window = found.restore_window();
    let properties = Properties::default()
        .text("DBClusterArn", found.db_cluster_arn())
        .text("DBClusterIdentifier", found.db_cluster_identifier())
        .text("DBClusterResourceId", found.db_cluster_resource_id())
        .text("Engine", found.engine())
        .text("Region", found.region())
        .text("Status", found.status())
        .known("BackupRetentionPeriod", found.backup_retention_period())
        .time("EarliestRestorableTime", window.and_then(|window| window.earliest_time()))
        .time("LatestRestorableTime", window.and_then(|window| window.latest_time()))
        .known("StorageEncrypted", found.storage_encrypted())
        .text("KmsKeyId", found.kms_key_id())
        .text("AwsBackupRecoveryPointArn", found.aws_backup_recovery_point_arn());
    let arn = found.db_cluster_automated_backups_arn();
    resource(arn, "AWS::RDS::DBClusterAutomatedBackup", Some(region), found.tag_list.as_deref(), properties)
}

fn snapshot(found: &DbSnapshot, region: &str) -> Option<Resource> {
    let properties = Properties::default()
        .text("DBSnapshotIdentifier", found.db_snapshot_identifier())
        .text("DBInstanceIdentifier", found.db_instance_identifier())
        .text("DbiResourceId", found.dbi_resource_id())
        .text("Engine", found.engine())
        .text("SnapshotType", found.snapshot_type())
        .time("SnapshotCreateTime", found.snapshot_create_time())
        .text("Status", found.status())
        .text("SourceRegion", found.source_region())
        .known("Encrypted", found.encrypted())
        .text("KmsKeyId", found.kms_key_id());
    resource(found.db_snapshot_arn(), "AWS::RDS::DBSnapshot", Some(region), found.tag_list.as_deref(), properties)
}

fn cluster_snapshot(found: &DbClusterSnapshot, region: &str) -> Option<Resource> {
    let properties = Properties::default()
        .text("DBClusterSnapshotIdentifier", found.db_cluster_snapshot_identifier())
        .text("DBClusterIdentifier", found.db_cluster_identifier())
        .text("DBClusterResourceId", found.db_cluster_resource_id())
        .text("Engine", found.engine())
        .text("SnapshotType", found.snapshot_type())
        .time("SnapshotCreateTime", found.snapshot_create_time())
        .text("Status", found.status())
        .known("Encrypted", found.storage_encrypted())
        .text("KmsKeyId", found.kms_key_id());
    let kind = "AWS::RDS::DBClusterSnapshot";
    resource(found.db_cluster_snapshot_arn(), kind, Some(region), found.tag_list.as_deref(), properties)
}
