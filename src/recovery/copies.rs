//! The copies of a store: what services keep by themselves, snapshots, recovery points of AWS Backup, replicas.

use super::able::{Able, Answers, Asks, Call, Way};
use super::index::{Index, time};
use super::key::{Key, KeyPlan};
use super::vault::{Hold, of_bucket, of_vault};
use crate::access::BARE;
use crate::base::{Arn, arn};
use crate::catalog::guard::policy_written_by;
use crate::inventory::{Inventory, Resource, ResourceId};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What kind of copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CopyKind {
    /// Point-in-time recovery of a table.
    PointInTime,
    /// Automated backups of a database.
    AutomatedBackup,
    /// Old versions of the objects of a bucket.
    OldVersions,
    /// A backup that DynamoDB keeps on demand.
    Backup,
    /// A snapshot of a database.
    Snapshot,
    /// A recovery point of AWS Backup.
    RecoveryPoint,
    /// A copy that a service keeps up to date elsewhere.
    Replica,
}

/// When a copy was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It follows the data; what it can give back lies between these, as far as known.
    Continuous {
        /// The earliest moment.
        earliest: Option<Timestamp>,
        /// The latest moment.
        latest: Option<Timestamp>,
    },
    /// Once.
    At(Timestamp),
    /// Not known.
    NotRead,
}

/// A copy of a store.
#[derive(Clone, Debug)]
pub struct Copy {
    /// What kind.
    pub kind: CopyKind,
    /// ARN of the copy; of the store where the service keeps it with the store.
    pub arn: String,
    /// Account that holds it.
    pub account: String,
    /// When it was taken.
    pub taken: Taken,
    /// What keeps it from being deleted.
    pub hold: Hold,
    /// Its key.
    pub key: Key,
    /// Who can destroy it.
    pub destroyed_by: Arc<Able>,
    /// The calls that destroy it; empty where none does, or those that destroy the data do.
    pub calls: Vec<Call>,
}

/// A copy before anybody was asked about it.
#[derive(Debug)]
pub(super) struct CopyPlan {
    pub kind: CopyKind,
    pub arn: String,
    pub account: String,
    pub taken: Taken,
    pub hold: Hold,
    pub key: KeyPlan,
    /// How it is destroyed; `None`: with the data, by the same call.
    pub ways: Option<Vec<Way>>,
}

impl CopyPlan {
    /// `data`: who can destroy the data.
    pub fn answered(self, answers: &mut Answers, data: &Arc<Able>) -> Copy {
        let destroyed_by = match &self.ways {
            _ if self.hold.is_firm() => answers.nobody(),
            Some(ways) => answers.any(ways),
            None => Arc::clone(data),
        };
        Copy {
            kind: self.kind,
            arn: self.arn,
            account: self.account,
            taken: self.taken,
            hold: self.hold,
            key: self.key.answered(answers),
            destroyed_by,
            calls: self.ways.filter(|_| !self.hold.is_firm()).map(|ways| answers.calls(&ways)).unwrap_or_default(),
        }
    }
}

/// Where copies are gathered.
pub(super) struct Gathering<'g, 'i> {
    pub index: &'g Index<'i>,
    pub asks: &'g mut Asks,
    /// Calls whose answers are missing.
    pub unread: BTreeSet<String>,
    copies: Vec<CopyPlan>,
}

/// The copies of a store, and the calls whose answers are missing.
pub(super) fn of(index: &Index<'_>, asks: &mut Asks, id: ResourceId) -> (Vec<CopyPlan>, BTreeSet<String>) {
    let mut gathering = Gathering { index, asks, unread: BTreeSet::new(), copies: Vec::new() };
    let Some(store) = index.inventory.resource(id) else { return (Vec::new(), BTreeSet::new()) };
    match store.kind.as_str() {
        "AWS::DynamoDB::Table" => gathering.of_table(id, store),
        "AWS::RDS::DBInstance" | "AWS::RDS::DBCluster" | "AWS::DocDB::DBCluster" | "AWS::Neptune::DBCluster" => {
            gathering.of_database(store);
        }
        "AWS::S3::Bucket" => gathering.of_bucket(id, store),
        "AWS::SecretsManager::Secret" => gathering.of_secret(id, store),
        _ => {}
    }
    if matches!(
        store.kind.as_str(),
        "AWS::DynamoDB::Table"
            | "AWS::RDS::DBInstance"
            | "AWS::RDS::DBCluster"
            | "AWS::DocDB::DBCluster"
            | "AWS::Neptune::DBCluster"
            | "AWS::S3::Bucket"
    ) {
        gathering.of_backup(store);
    }
    gathering.copies.sort_by(|a, b| (a.kind, &a.arn).cmp(&(b.kind, &b.arn)));
    (gathering.copies, gathering.unread)
}

impl<'i> Gathering<'_, 'i> {
    fn inventory(&self) -> &'i Inventory {
        self.index.inventory
    }

    fn account_of(&self, store: &Resource) -> String {
        self.inventory().account(store.account).map(|account| account.id.to_string()).unwrap_or_default()
    }

    /// Notes a call whose answer is missing.
    fn needs(&mut self, store: &Resource, service: &str, operation: &str) {
        if !self.inventory().was_read_of(store, service, operation) {
            self.unread.insert(format!("{service}:{operation}"));
        }
    }

    fn key_of(&mut self, store: &Resource, named: Option<&str>, otherwise: KeyPlan) -> KeyPlan {
        match named.filter(|name| !name.is_empty()) {
            Some(name) => self.index.keys.find(name, &store.arn, self.asks),
            None => otherwise,
        }
    }

    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html>
    fn of_table(&mut self, id: ResourceId, table: &Resource) {
        let nested = |outer: &str, inner: &str| table.properties.get(outer).and_then(|value| value.get(inner));
        let named = nested("SSESpecification", "KMSMasterKeyId").and_then(Value::as_str);
        let own = table.properties.contains_key("KeySchema") || table.properties.contains_key("SSESpecification");
        let key = self.key_of(table, named, if own { KeyPlan::OfAws } else { KeyPlan::NotRead });
        let account = self.account_of(table);
        match nested("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled").and_then(Value::as_bool) {
            Some(true) => {
                let moment = |name: &str| nested("ContinuousBackups", name).and_then(time);
                let off = self.asks.resource(self.inventory(), "dynamodb:UpdateContinuousBackups", id);
                self.copies.push(CopyPlan {
                    kind: CopyKind::PointInTime,
                    arn: table.arn.to_string(),
                    account: account.clone(),
                    taken: Taken::Continuous {
                        earliest: moment("EarliestRestorableDateTime"),
                        latest: moment("LatestRestorableDateTime").or(self.index.now),
                    },
                    hold: Hold::Nothing,
                    key: key.clone(),
                    ways: Some(vec![Way::of([off])]),
                });
            }
            Some(false) => {}
            None => {
                self.unread.insert("dynamodb:DescribeContinuousBackups".to_owned());
            }
        }
        let Some(backups) = table.properties.get("Backups").and_then(Value::as_array) else {
            self.needs(table, "dynamodb", "ListBackups");
            return;
        };
        for backup in backups {
            let text = |name: &str| backup.get(name).and_then(Value::as_str);
            let Some(arn) = text("BackupArn") else { continue };
            // Those of AWS Backup are recovery points; those of the system are of tables that are gone.
            if text("BackupType").is_some_and(|kind| kind != "USER") || text("BackupStatus") == Some("DELETED") {
                continue;
            }
            let delete = self.asks.part("dynamodb:DeleteBackup", arn, None);
            self.copies.push(CopyPlan {
                kind: CopyKind::Backup,
                arn: arn.to_owned(),
                account: account.clone(),
                taken: backup.get("BackupCreationDateTime").and_then(time).map_or(Taken::NotRead, Taken::At),
                hold: Hold::Nothing,
                key: key.clone(),
                ways: Some(vec![Way::of([delete])]),
            });
        }
    }

    /// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html>
    fn of_database(&mut self, database: &Resource) {
        let is_instance = database.kind == "AWS::RDS::DBInstance";
        let otherwise = match database.properties.get("StorageEncrypted").and_then(Value::as_bool) {
            Some(false) => KeyPlan::OfAws,
            _ => KeyPlan::NotRead,
        };
        let key = self.key_of(database, database.text("KmsKeyId"), otherwise);
        let account = self.account_of(database);
        let moment = |name: &str| database.properties.get(name).and_then(time);
        match database.properties.get("BackupRetentionPeriod").and_then(Value::as_u64) {
            Some(0) => {}
            Some(_) => self.copies.push(CopyPlan {
                kind: CopyKind::AutomatedBackup,
                arn: database.arn.to_string(),
                account: account.clone(),
                taken: Taken::Continuous {
                    earliest: moment("EarliestRestorableTime"),
                    latest: moment("LatestRestorableTime"),
                },
                hold: Hold::Nothing,
                key: key.clone(),
                ways: None,
            }),
            None => {
                let operation = if is_instance { "DescribeDBInstances" } else { "DescribeDBClusters" };
                self.unread.insert(format!("rds:{operation}"));
            }
        }
        self.of_automated(database, is_instance, &key);
        let (list, delete) = match is_instance {
            false => ("DescribeDBClusterSnapshots", "rds:DeleteDBClusterSnapshot"),
            true => ("DescribeDBSnapshots", "rds:DeleteDBSnapshot"),
        };
        self.needs(database, "rds", list);
        for id in self.index.snapshots_of(&database.arn) {
            let Some(snapshot) = self.inventory().resource(*id) else { continue };
            // Automated ones go with the database; those of AWS Backup are recovery points.
            if snapshot.text("SnapshotType").is_some_and(|kind| matches!(kind, "automated" | "awsbackup")) {
                continue;
            }
            let destroy = self.asks.resource(self.inventory(), delete, *id);
            let own = self.key_of(snapshot, snapshot.text("KmsKeyId"), key.clone());
            self.copies.push(CopyPlan {
                kind: CopyKind::Snapshot,
                arn: snapshot.arn.to_string(),
                account: self.account_of(snapshot),
                taken: snapshot.properties.get("SnapshotCreateTime").and_then(time).map_or(Taken::NotRead, Taken::At),
                hold: Hold::Nothing,
                key: own,
                ways: Some(vec![Way::of([destroy])]),
            });
        }
    }

    /// Automated backups in another region are kept when the database goes.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html>
    fn of_automated(&mut self, database: &Resource, is_instance: bool, key: &KeyPlan) {
        let region = |arn: &str| Arn::parse(arn).map(|arn| arn.region.to_owned());
        let delete =
            if is_instance { "rds:DeleteDBInstanceAutomatedBackup" } else { "rds:DeleteDBClusterAutomatedBackup" };
        for id in self.index.automated_of(&database.arn) {
            let Some(backup) = self.inventory().resource(*id) else { continue };
            if region(&backup.arn) == region(&database.arn) {
                continue;
            }
            let moment = |name: &str| backup.properties.get(name).and_then(time);
            let ask = self.asks.resource(self.inventory(), delete, *id);
            let own = self.key_of(backup, backup.text("KmsKeyId"), key.clone());
            self.copies.push(CopyPlan {
                kind: CopyKind::AutomatedBackup,
                arn: backup.arn.to_string(),
                account: self.account_of(backup),
                taken: Taken::Continuous {
                    earliest: moment("EarliestRestorableTime"),
                    latest: moment("LatestRestorableTime"),
                },
                hold: Hold::Nothing,
                key: own,
                ways: Some(vec![Way::of([ask])]),
            });
        }
    }

    /// Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>,
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html>
    fn of_bucket(&mut self, id: ResourceId, bucket: &Resource) {
        let key = self.bucket_key(bucket);
        let versioning = bucket.properties.get("VersioningConfiguration");
        let status = versioning.and_then(|value| value.get("Status")).and_then(Value::as_str);
        if status == Some("Enabled") {
            let (hold, ways) = self.of_versions(id, bucket);
            self.copies.push(CopyPlan {
                kind: CopyKind::OldVersions,
                arn: bucket.arn.to_string(),
                account: self.account_of(bucket),
                taken: Taken::Continuous { earliest: None, latest: self.index.now },
                hold,
                key,
                ways: Some(ways),
            });
        } else if versioning.is_none() {
            self.needs(bucket, "s3", "GetBucketVersioning");
        }
        let Some(replication) = bucket.properties.get("ReplicationConfiguration") else {
            self.needs(bucket, "s3", "GetBucketReplication");
            return;
        };
        let mut destinations = BTreeSet::new();
        for rule in replication.get("Rules").and_then(Value::as_array).into_iter().flatten() {
            let destination = rule.get("Destination").and_then(|to| to.get("Bucket")).and_then(Value::as_str);
            let on = rule.get("Status").and_then(Value::as_str) == Some("Enabled");
            let Some(arn) = destination.filter(|arn| on && destinations.insert((*arn).to_owned())) else { continue };
            let named = rule.get("Destination").and_then(|to| to.get("Account")).and_then(Value::as_str);
            let replica = self.replica(arn, named);
            self.copies.push(replica);
        }
    }

    fn replica(&mut self, arn: &str, account: Option<&str>) -> CopyPlan {
        let found = self.inventory().find_resource(arn);
        let known = found.and_then(|id| Some((id, self.inventory().resource(id)?)));
        let (account, hold, key, ways) = match known {
            Some((id, copy)) => {
                let (hold, ways) = self.of_versions(id, copy);
                (self.account_of(copy), hold, self.bucket_key(copy), ways)
            }
            None => {
                let objects = format!("{arn}/*");
                let delete = self.asks.part("s3:DeleteObjectVersion", &objects, None);
                let account = account.unwrap_or_default().to_owned();
                (account, Hold::NotRead, KeyPlan::NotRead, vec![Way::of([delete])])
            }
        };
        let taken = Taken::Continuous { earliest: None, latest: None };
        CopyPlan { kind: CopyKind::Replica, arn: arn.to_owned(), account, taken, hold, key, ways: Some(ways) }
    }

    /// What keeps old versions of objects, and how they are destroyed.
    fn of_versions(&mut self, id: ResourceId, bucket: &Resource) -> (Hold, Vec<Way>) {
        let hold = of_bucket(bucket);
        let inventory = self.inventory();
        let delete = self.asks.resource(inventory, "s3:DeleteObjectVersion", id);
        let expire = self.asks.resource(inventory, "s3:PutLifecycleConfiguration", id);
        let ways = match hold {
            // A lifecycle waits for the retention to end.
            Hold::Governance => {
                let bypass = self.asks.resource(inventory, "s3:BypassGovernanceRetention", id);
                vec![Way::of([delete, bypass])]
            }
            Hold::NotRead => [delete, expire].map(|ask| Way { all: vec![ask], doubtful: true }).to_vec(),
            _ => vec![Way::of([delete]), Way::of([expire])],
        };
        (hold, ways)
    }

    fn bucket_key(&mut self, bucket: &Resource) -> KeyPlan {
        let Some(encryption) = bucket.properties.get("BucketEncryption") else { return KeyPlan::NotRead };
        let rule = encryption.get("ServerSideEncryptionConfiguration").and_then(|rules| rules.get(0));
        let default = rule.and_then(|rule| rule.get("ServerSideEncryptionByDefault"));
        let text = |name: &str| default.and_then(|default| default.get(name)).and_then(Value::as_str);
        match text("SSEAlgorithm") {
            Some(algorithm) if algorithm.starts_with("aws:kms") => {
                // Without a key of its own, the one that AWS keeps for S3.
                self.key_of(bucket, text("KMSMasterKeyID"), KeyPlan::OfAws)
            }
            Some(_) => KeyPlan::OfAws,
            None => KeyPlan::NotRead,
        }
    }

    /// Source: <https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html>
    fn of_secret(&mut self, id: ResourceId, secret: &Resource) {
        let regions = secret.properties.get("ReplicaRegions").and_then(Value::as_array);
        for region in regions.into_iter().flatten() {
            let Some(region) = region.as_str().or_else(|| region.get("Region").and_then(Value::as_str)) else {
                continue;
            };
            let remove = self.asks.resource(self.inventory(), "secretsmanager:RemoveRegionsFromReplication", id);
            let mut parts: Vec<&str> = secret.arn.splitn(5, ':').collect();
            if let Some(place) = parts.get_mut(3) {
                *place = region;
            }
            self.copies.push(CopyPlan {
                kind: CopyKind::Replica,
                arn: parts.join(":"),
                account: self.account_of(secret),
                taken: Taken::Continuous { earliest: None, latest: None },
                hold: Hold::Nothing,
                key: KeyPlan::NotRead,
                ways: Some(vec![Way::of([remove])]),
            });
        }
    }

    /// Recovery points of AWS Backup, and copies of them in vaults that nobody could look into.
    fn of_backup(&mut self, store: &Resource) {
        self.unread.extend(self.index.backup_gaps(store.account));
        let mut seen = BTreeSet::new();
        for id in self.index.recovery_points_of(&store.arn) {
            let Some(point) = self.inventory().resource(*id) else { continue };
            if point.text("Status").is_some_and(|status| !matches!(status, "COMPLETED" | "AVAILABLE")) {
                continue;
            }
            seen.insert(point.arn.to_string());
            let vault = point.text("BackupVaultArn").unwrap_or_default();
            let taken = point.properties.get("CreationDate").and_then(time).map_or(Taken::NotRead, Taken::At);
            self.recovery_point(store, &point.arn, vault, taken, point.text("EncryptionKeyArn"));
        }
        for id in self.index.copy_jobs_of(&store.arn) {
            let Some(job) = self.inventory().resource(*id) else { continue };
            let (Some(point), Some(vault)) =
                (job.text("DestinationRecoveryPointArn"), job.text("DestinationBackupVaultArn"))
            else {
                continue;
            };
            let completed = job.text("State").is_none_or(|state| state == "COMPLETED");
            // Where the vault was read, the recovery points in it are known, and this one has expired.
            let looked = arn::account_of(vault).and_then(|account| self.index.account(account));
            if completed && looked.is_none() && seen.insert(point.to_owned()) {
                let taken = job.properties.get("CompletionDate").and_then(time).map_or(Taken::NotRead, Taken::At);
                self.recovery_point(store, point, vault, taken, job.text("DestinationEncryptionKeyArn"));
            }
        }
    }

    fn recovery_point(&mut self, store: &Resource, point: &str, vault: &str, taken: Taken, key: Option<&str>) {
        let inventory = self.inventory();
        let found = inventory.find_resource(vault);
        let known = found.and_then(|id| inventory.resource(id));
        let account = match (known, arn::account_of(vault)) {
            (Some(vault), _) => self.account_of(vault),
            (None, Some(account)) => account.to_owned(),
            (None, None) => self.account_of(store),
        };
        let hold = known.map_or(Hold::NotRead, |vault| of_vault(vault, self.index.now));
        let delete = self.asks.part("backup:DeleteRecoveryPoint", point, found);
        let mut ways = Vec::new();
        match (hold, found) {
            (Hold::Governance | Hold::CoolingOff { .. }, Some(vault)) => {
                let unlock = self.asks.resource(inventory, "backup:DeleteBackupVaultLockConfiguration", vault);
                ways.push(Way::of([unlock, delete]));
            }
            (Hold::NotRead, _) => ways.push(Way { all: vec![delete], doubtful: true }),
            _ => ways.push(Way::of([delete])),
        }
        // A policy that denies the deletion is in the way only until somebody takes it off the vault.
        if let Some(vault) = found.filter(|_| known.is_some_and(|vault| vault.policy.is_some())) {
            let bare = self.asks.part("backup:DeleteRecoveryPoint", point, Some(BARE));
            let before = ways.clone();
            for action in policy_written_by("AWS::Backup::BackupVault") {
                let strip = self.asks.resource(inventory, action, vault);
                for way in &before {
                    let rest = way.all.iter().copied().filter(|ask| *ask != delete);
                    let all = rest.chain([strip, bare]).collect();
                    ways.push(Way { all, doubtful: way.doubtful });
                }
            }
        }
        let named = key.or_else(|| known.and_then(|vault| vault.text("EncryptionKeyArn")));
        let key = self.key_of(store, named, KeyPlan::NotRead);
        let kind = CopyKind::RecoveryPoint;
        self.copies.push(CopyPlan { kind, arn: point.to_owned(), account, taken, hold, key, ways: Some(ways) });
    }
}
