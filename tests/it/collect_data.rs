//! The collectors of what holds data and of what could bring it back: two pages of each list, things that are not there,
//! calls that are refused.

use crate::fake_aws::*;
use foureyes::snapshot::{Account, Outcome};
use serde_json::{Value, json};

/// What the snapshot says of a resource.
fn properties(account: &Account, arn: &str) -> Value {
    Value::Object(resource(account, arn).properties.clone())
}

fn tags(account: &Account, arn: &str) -> Value {
    serde_json::to_value(&resource(account, arn).tags).unwrap()
}

/// The text of a policy; `null` where there is none.
fn policy<'a>(account: &'a Account, arn: &str) -> Option<&'a str> {
    resource(account, arn).policy.as_ref().map(|document| document.0.get())
}

/// Every call of the service was made and answered.
fn was_read(account: &Account, service: &str) {
    let listed = foureyes::collect::calls().filter(|call| call.service == service);
    let mut count = 0;
    for call in listed {
        let entry = account.coverage.iter().find(|entry| entry.service == service && entry.operation == call.operation);
        let entry = entry.unwrap_or_else(|| panic!("{} was not asked", call.permission()));
        assert_eq!(entry.outcome, Outcome::Ok, "{}: {:?}", call.permission(), entry.detail);
        count += 1;
    }
    assert!(count > 0, "{service} has no calls");
}

fn denied(account: &Account, operation: &str, detail: &str) {
    let entry = coverage(account, operation);
    assert_eq!((entry.outcome, entry.detail.as_deref()), (Outcome::Denied, Some(detail)));
}

fn s3_error(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>SECRET-in-a-message</Message></Error>");
    Answer::Http(status, vec![("content-type", "application/xml")], body)
}

/// Buckets `data`, which has everything, and `bare`, which has nothing; `elsewhere` lies in another region.
pub fn s3(asked: &Asked) -> Option<Answer> {
    if asked.service != "s3" {
        return None;
    }
    let bare = asked.host.starts_with("bare.");
    let bucket =
        |name: &str, region: &str| format!("<Bucket><Name>{name}</Name><BucketRegion>{region}</BucketRegion></Bucket>");
    let (none, status) = match asked.operation.as_str() {
        "ListBuckets" if asked.query.contains("continuation-token=second") => {
            assert!(asked.query.contains("bucket-region=eu-west-1"), "{}", asked.query);
            return Some(xml(&format!(
                "<ListAllMyBucketsResult><Buckets>{}</Buckets></ListAllMyBucketsResult>",
                bucket("bare", "eu-west-1")
            )));
        }
        "ListBuckets" => {
            return Some(xml(&format!(
                "<ListAllMyBucketsResult><Buckets>{}{}</Buckets><ContinuationToken>second</ContinuationToken>\
                 </ListAllMyBucketsResult>",
                bucket("data", "eu-west-1"),
                bucket("elsewhere", "us-east-1")
            )));
        }
        "GetBucketVersioning" if bare => return Some(xml("<VersioningConfiguration></VersioningConfiguration>")),
        "GetBucketAbac" if bare => return Some(xml("<AbacStatus><Status>Disabled</Status></AbacStatus>")),
        "GetObjectLockConfiguration" => ("ObjectLockConfigurationNotFoundError", 404),
        "GetBucketPolicy" => ("NoSuchBucketPolicy", 404),
        "GetPublicAccessBlock" => ("NoSuchPublicAccessBlockConfiguration", 404),
        "GetBucketLifecycleConfiguration" => ("NoSuchLifecycleConfiguration", 404),
        "GetBucketReplication" => ("ReplicationConfigurationNotFoundError", 404),
        "GetBucketOwnershipControls" => ("OwnershipControlsNotFoundError", 404),
        "GetBucketEncryption" => ("ServerSideEncryptionConfigurationNotFoundError", 404),
        "GetBucketTagging" => ("NoSuchTagSet", 404),
        _ => ("", 0),
    };
    if bare {
        return Some(s3_error(status, none));
    }
    assert!(asked.host.starts_with("data."), "{}", asked.host);
    Some(match asked.operation.as_str() {
        "GetBucketVersioning" => xml(
            "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>",
        ),
        "GetObjectLockConfiguration" => {
            xml("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
             <Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>")
        }
        "GetBucketPolicy" => json(json!({"Version": "2012-10-17", "Statement": []})),
        "GetPublicAccessBlock" => xml(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
             <BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets>\
             </PublicAccessBlockConfiguration>",
        ),
        "GetBucketLifecycleConfiguration" => {
            xml("<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status><Filter><And><Prefix>logs/</Prefix>\
             <Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Expiration><Days>30</Days></Expiration>\
             <NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays><NewerNoncurrentVersions>3</NewerNoncurrentVersions>\
             </NoncurrentVersionExpiration></Rule><Rule><ID>ancient</ID><Prefix>a/</Prefix><Status>Disabled</Status>\
             <Transition><Days>9</Days><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>")
        }
        "GetBucketReplication" => xml(
            "<ReplicationConfiguration><Role>arn:aws:iam::111122223333:role/copy</Role><Rule><ID>all</ID><Priority>1</Priority>\
             <Filter><Prefix></Prefix></Filter><Status>Enabled</Status><DeleteMarkerReplication><Status>Disabled</Status>\
             </DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::vault</Bucket><Account>444455556666</Account>\
             </Destination></Rule></ReplicationConfiguration>",
        ),
        "GetBucketOwnershipControls" => xml(
            "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
        ),
        "GetBucketEncryption" => xml(
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
             <KMSMasterKeyID>arn:aws:kms:eu-west-1:111122223333:key/k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>\
             <BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
        ),
        "GetBucketAbac" => xml("<AbacStatus><Status>Enabled</Status></AbacStatus>"),
        "GetBucketTagging" => xml("<Tagging><TagSet><Tag><Key>env</Key><Value>prod</Value></Tag></TagSet></Tagging>"),
        other => panic!("{other}"),
    })
}

#[test]
fn buckets_are_read_with_what_protects_them() {
    let account = collect_account(&Fake::new(s3));
    was_read(&account, "s3");
    let data = "arn:aws:s3:::data";
    assert_eq!(
        properties(&account, data),
        json!({
            "BucketName": "data",
            "VersioningConfiguration": {"Status": "Enabled", "MfaDelete": "Disabled"},
            "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false,
                "RestrictPublicBuckets": false},
            "LifecycleConfiguration": {"Rules": [
                {"Id": "old", "Status": "Enabled", "Prefix": "logs/", "TagFilters": [{"Key": "k", "Value": "v"}], "ExpirationInDays": 30,
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 3}},
                {"Id": "ancient", "Status": "Disabled", "Prefix": "a/", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 9}]}]},
            "ReplicationConfiguration": {"Role": "arn:aws:iam::111122223333:role/copy", "Rules": [
                {"Id": "all", "Priority": 1, "Status": "Enabled", "DeleteMarkerReplication": {"Status": "Disabled"},
                    "Destination": {"Bucket": "arn:aws:s3:::vault", "Account": "444455556666"}}]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"BucketKeyEnabled": true, "ServerSideEncryptionByDefault":
                {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:eu-west-1:111122223333:key/k"}}]},
            "AbacStatus": "Enabled",
        })
    );
    assert_eq!(resource(&account, data).region.as_deref(), Some("eu-west-1"));
    assert_eq!(tags(&account, data), json!({"env": "prod"}));
    assert_eq!(policy(&account, data), Some(r#"{"Statement":[],"Version":"2012-10-17"}"#));

    // What was asked for and is not there is empty; nothing is left out.
    let bare = "arn:aws:s3:::bare";
    assert_eq!(
        properties(&account, bare),
        json!({
            "BucketName": "bare", "VersioningConfiguration": {}, "ObjectLockConfiguration": {},
            "PublicAccessBlockConfiguration": {}, "LifecycleConfiguration": {"Rules": []},
            "ReplicationConfiguration": {"Rules": []}, "OwnershipControls": {"Rules": []},
            "BucketEncryption": {"ServerSideEncryptionConfiguration": []}, "AbacStatus": "Disabled",
        })
    );
    assert_eq!((tags(&account, bare), policy(&account, bare)), (json!({}), Some("null")));
    assert!(!account.resources.iter().any(|found| found.arn == "arn:aws:s3:::elsewhere"));
}

#[test]
fn a_bucket_of_which_nothing_may_be_asked_is_there_all_the_same() {
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "ListBuckets" => s3(asked),
        _ if asked.service == "s3" => Some(s3_error(403, "AccessDenied")),
        _ => None,
    }));
    assert_eq!(properties(&account, "arn:aws:s3:::data"), json!({"BucketName": "data"}));
    assert_eq!(policy(&account, "arn:aws:s3:::data"), None);
    denied(
        &account,
        "GetBucketLifecycleConfiguration",
        "s3:GetLifecycleConfiguration on bucket bare, bucket data: AccessDenied (2 of 2 calls)",
    );
    denied(&account, "GetBucketPolicy", "s3:GetBucketPolicy on bucket bare, bucket data: AccessDenied (2 of 2 calls)");
}

/// An answer of RDS: the elements of a list, and where it goes on.
fn rds_page(operation: &str, list: &str, items: &[String], marker: Option<&str>) -> Answer {
    let marker = marker.map(|marker| format!("<Marker>{marker}</Marker>")).unwrap_or_default();
    xml(&format!(
        "<{operation}Response><{operation}Result><{list}>{}</{list}>{marker}</{operation}Result></{operation}Response>",
        items.concat()
    ))
}

pub fn rds(asked: &Asked) -> Option<Answer> {
    if asked.service != "rds" {
        return None;
    }
    let second = asked.body.contains("Marker=second");
    let page = |list: &str, first: &[String], last: &[String]| {
        let (items, marker) = if second { (last, None) } else { (first, Some("second")) };
        rds_page(&asked.operation, list, items, marker)
    };
    let tagged = "<TagList><Tag><Key>env</Key><Value>prod</Value></Tag></TagList>";
    let snapshot = |id: &str, kind: &str, time: &str, status: &str| {
        format!(
            "<DBSnapshot><DBSnapshotIdentifier>{id}</DBSnapshotIdentifier><DBInstanceIdentifier>shop</DBInstanceIdentifier>\
             <DBSnapshotArn>arn:aws:rds:eu-west-1:111122223333:snapshot:{id}</DBSnapshotArn><SnapshotType>{kind}</SnapshotType>\
             <SnapshotCreateTime>{time}</SnapshotCreateTime><Status>{status}</Status><Encrypted>true</Encrypted>\
             <KmsKeyId>arn:aws:kms:eu-west-1:111122223333:key/k</KmsKeyId></DBSnapshot>"
        )
    };
    let cluster_snapshot = |id: &str, time: &str| {
        format!(
            "<DBClusterSnapshot><DBClusterSnapshotIdentifier>{id}</DBClusterSnapshotIdentifier>\
             <DBClusterIdentifier>main</DBClusterIdentifier><SnapshotType>manual</SnapshotType><Status>available</Status>\
             <DBClusterSnapshotArn>arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:{id}</DBClusterSnapshotArn>\
             <SnapshotCreateTime>{time}</SnapshotCreateTime><StorageEncrypted>false</StorageEncrypted></DBClusterSnapshot>"
        )
    };
    let cluster = |id: &str, engine: &str, more: &str| {
        format!(
            "<DBCluster><DBClusterIdentifier>{id}</DBClusterIdentifier><Engine>{engine}</Engine>\
             <DBClusterArn>arn:aws:rds:eu-west-1:111122223333:cluster:{id}</DBClusterArn>\
             <DeletionProtection>true</DeletionProtection>{more}</DBCluster>"
        )
    };
    Some(match asked.operation.as_str() {
        "DescribeDBInstances" => page(
            "DBInstances",
            &[format!(
                "<DBInstance><DBInstanceIdentifier>shop</DBInstanceIdentifier><Engine>postgres</Engine>\
                 <DBInstanceArn>arn:aws:rds:eu-west-1:111122223333:db:shop</DBInstanceArn><MasterUsername>SECRET-name</MasterUsername>\
                 <DeletionProtection>false</DeletionProtection><BackupRetentionPeriod>7</BackupRetentionPeriod>\
                 <LatestRestorableTime>2026-11-22T01:55:00Z</LatestRestorableTime><StorageEncrypted>true</StorageEncrypted>\
                 <KmsKeyId>arn:aws:kms:eu-west-1:111122223333:key/k</KmsKeyId><MultiAZ>true</MultiAZ>\
                 <PubliclyAccessible>false</PubliclyAccessible>{tagged}</DBInstance>"
            )],
            &["<DBInstance><DBInstanceIdentifier>bare</DBInstanceIdentifier>\
               <DBInstanceArn>arn:aws:rds:eu-west-1:111122223333:db:bare</DBInstanceArn></DBInstance>"
                .to_owned()],
        ),
        "DescribeDBClusters" => page(
            "DBClusters",
            &[cluster(
                "main",
                "aurora-postgresql",
                "<BackupRetentionPeriod>35</BackupRetentionPeriod>\
                 <EarliestRestorableTime>2026-10-20T00:00:00Z</EarliestRestorableTime>\
                 <LatestRestorableTime>2026-11-22T01:50:00Z</LatestRestorableTime>\
                 <GlobalClusterIdentifier>world</GlobalClusterIdentifier><BacktrackWindow>3600</BacktrackWindow>",
            )],
            &[cluster("documents", "docdb", "")],
        ),
        "DescribeGlobalClusters" => page(
            "GlobalClusters",
            &["<GlobalClusterMember><GlobalClusterIdentifier>world</GlobalClusterIdentifier>\
               <GlobalClusterArn>arn:aws:rds::111122223333:global-cluster:world</GlobalClusterArn>\
               <DeletionProtection>true</DeletionProtection><GlobalClusterMembers><GlobalClusterMember>\
               <DBClusterArn>arn:aws:rds:eu-west-1:111122223333:cluster:main</DBClusterArn><IsWriter>true</IsWriter>\
               </GlobalClusterMember></GlobalClusterMembers></GlobalClusterMember>"
                .to_owned()],
            &[],
        ),
        "DescribeDBInstanceAutomatedBackups" => page(
            "DBInstanceAutomatedBackups",
            &["<DBInstanceAutomatedBackup><DBInstanceArn>arn:aws:rds:eu-west-1:111122223333:db:shop</DBInstanceArn>\
               <DBInstanceIdentifier>shop</DBInstanceIdentifier><Region>eu-west-1</Region><Status>active</Status>\
               <DBInstanceAutomatedBackupsArn>arn:aws:rds:eu-west-1:111122223333:auto-backup:ab-1</DBInstanceAutomatedBackupsArn>\
               <RestoreWindow><EarliestTime>2026-11-15T00:00:00Z</EarliestTime><LatestTime>2026-11-22T01:55:00Z</LatestTime>\
               </RestoreWindow></DBInstanceAutomatedBackup>"
                .to_owned()],
            &["<DBInstanceAutomatedBackup><DBInstanceArn>arn:aws:rds:us-east-1:111122223333:db:gone</DBInstanceArn>\
               <DBInstanceIdentifier>gone</DBInstanceIdentifier><Region>us-east-1</Region><Status>retained</Status>\
               <DBInstanceAutomatedBackupsArn>arn:aws:rds:eu-west-1:111122223333:auto-backup:ab-2</DBInstanceAutomatedBackupsArn>\
               </DBInstanceAutomatedBackup>"
                .to_owned()],
        ),
        "DescribeDBClusterAutomatedBackups" => page(
            "DBClusterAutomatedBackups",
            &[],
            &["<DBClusterAutomatedBackup><DBClusterArn>arn:aws:rds:eu-west-1:111122223333:cluster:main</DBClusterArn>\
               <DBClusterIdentifier>main</DBClusterIdentifier><Status>active</Status><Region>eu-west-1</Region>\
               <DBClusterAutomatedBackupsArn>arn:aws:rds:eu-west-1:111122223333:cluster-auto-backup:cb-1</DBClusterAutomatedBackupsArn>\
               </DBClusterAutomatedBackup>"
                .to_owned()],
        ),
        "DescribeDBSnapshots" => page(
            "DBSnapshots",
            &[
                snapshot("old", "manual", "2026-01-01T00:00:00Z", "available"),
                snapshot("nightly", "automated", "2026-11-21T00:00:00Z", "available"),
            ],
            &[
                snapshot("new", "manual", "2026-11-01T00:00:00Z", "available"),
                snapshot("unfinished", "manual", "2026-11-20T00:00:00Z", "creating"),
            ],
        ),
        "DescribeDBClusterSnapshots" => page(
            "DBClusterSnapshots",
            &[cluster_snapshot("second", "2026-02-01T00:00:00Z")],
            &[cluster_snapshot("first", "2026-01-01T00:00:00Z")],
        ),
        other => panic!("{other}"),
    })
}

#[test]
fn databases_are_read_with_their_newest_copies() {
    let account = collect_account(&Fake::new(rds));
    was_read(&account, "rds");
    let arn = |tail: &str| format!("arn:aws:rds:eu-west-1:{ACCOUNT}:{tail}");
    let of_rds: Vec<(&str, &str)> = account
        .resources
        .iter()
        .filter(|found| found.arn.starts_with("arn:aws:rds:"))
        .map(|found| (found.kind.as_str(), found.arn.rsplit(':').next().unwrap()))
        .collect();
    assert_eq!(
        of_rds,
        [
            ("AWS::RDS::GlobalCluster", "world"),
            ("AWS::RDS::DBInstanceAutomatedBackup", "ab-1"),
            ("AWS::RDS::DBInstanceAutomatedBackup", "ab-2"),
            ("AWS::RDS::DBClusterAutomatedBackup", "cb-1"),
            ("AWS::RDS::DBClusterSnapshot", "second"),
            ("AWS::RDS::DBCluster", "documents"),
            ("AWS::RDS::DBCluster", "main"),
            ("AWS::RDS::DBInstance", "bare"),
            ("AWS::RDS::DBInstance", "shop"),
            ("AWS::RDS::DBSnapshot", "new"),
            ("AWS::RDS::DBSnapshot", "nightly"),
        ]
    );
    assert_eq!(
        properties(&account, &arn("db:shop")),
        json!({
            "DBInstanceIdentifier": "shop", "Engine": "postgres", "DeletionProtection": false, "BackupRetentionPeriod": 7,
            "EarliestRestorableTime": "2026-11-15T00:00:00Z", "LatestRestorableTime": "2026-11-22T01:55:00Z",
            "StorageEncrypted": true, "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k", "MultiAZ": true,
            "PubliclyAccessible": false,
        })
    );
    assert_eq!(tags(&account, &arn("db:shop")), json!({"env": "prod"}));
    assert_eq!(properties(&account, &arn("db:bare")), json!({"DBInstanceIdentifier": "bare"}));
    assert_eq!(
        properties(&account, &arn("cluster:main")),
        json!({
            "DBClusterIdentifier": "main", "Engine": "aurora-postgresql", "DeletionProtection": true, "BackupRetentionPeriod": 35,
            "EarliestRestorableTime": "2026-10-20T00:00:00Z", "LatestRestorableTime": "2026-11-22T01:50:00Z",
            "GlobalClusterIdentifier": "world", "BacktrackWindow": 3600,
        })
    );
    assert_eq!(
        properties(&account, "arn:aws:rds::111122223333:global-cluster:world"),
        json!({"GlobalClusterIdentifier": "world", "DeletionProtection": true, "GlobalClusterMembers": [
            {"DBClusterArn": arn("cluster:main"), "IsWriter": true}]})
    );
    assert_eq!(
        properties(&account, &arn("snapshot:new")),
        json!({
            "DBSnapshotIdentifier": "new", "DBInstanceIdentifier": "shop", "SnapshotType": "manual", "Status": "available",
            "SnapshotCreateTime": "2026-11-01T00:00:00Z", "Encrypted": true, "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k",
        })
    );
    assert_eq!(properties(&account, &arn("auto-backup:ab-2"))["Status"], json!("retained"));
}

#[test]
fn databases_that_may_not_be_listed_are_not_taken_for_none() {
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "DescribeDBSnapshots" if asked.body.contains("Marker") => Some(xml_error(403, "AccessDenied")),
        "DescribeDBClusters" => Some(xml_error(403, "AccessDenied")),
        // A region that has no global databases.
        "DescribeGlobalClusters" => {
            let message = "Access Denied to API Version: APIGlobalDatabases";
            let code = "<Code>InvalidParameterValue</Code>";
            let body = format!("<ErrorResponse><Error>{code}<Message>{message}</Message></Error></ErrorResponse>");
            Some(Answer::Http(400, vec![("content-type", "text/xml")], body))
        }
        _ => rds(asked),
    }));
    let entry = coverage(&account, "DescribeGlobalClusters");
    assert_eq!(entry.outcome, Outcome::Unsupported);
    assert_eq!(entry.detail.as_deref(), Some("rds:DescribeGlobalClusters: InvalidParameterValue"));
    denied(&account, "DescribeDBClusters", "rds:DescribeDBClusters: AccessDenied");
    denied(&account, "DescribeDBSnapshots", "rds:DescribeDBSnapshots: AccessDenied, after page 1");
    // What came before the refusal stays.
    resource(&account, &format!("arn:aws:rds:eu-west-1:{ACCOUNT}:snapshot:old"));
}

const VAULT: &str = "arn:aws:backup:eu-west-1:111122223333:backup-vault:main";
const AWAY: &str = "arn:aws:backup:us-east-1:444455556666:backup-vault:away";
const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
const PLAN: &str = "arn:aws:backup:eu-west-1:111122223333:backup-plan:p1";
const TEST: &str = "arn:aws:backup:eu-west-1:111122223333:restore-testing-plan:weekly-1";

/// Noon of a day in January 2026.
fn day(day: u32) -> f64 {
    1_767_268_800.0 + f64::from(day - 1) * 86_400.0
}

pub fn backup(asked: &Asked) -> Option<Answer> {
    if asked.service != "backup" {
        return None;
    }
    // Restore tests spell the token with a capital letter.
    let second = asked.query.to_lowercase().contains("nexttoken=second");
    let page = |list: &str, first: Value, last: Value| match second {
        true => json(json!({list: last})),
        false => json(json!({list: first, "NextToken": "second"})),
    };
    let point = |id: &str, source: &str, time: f64, status: &str| {
        json!({"RecoveryPointArn": format!("arn:aws:backup:eu-west-1:111122223333:recovery-point:{id}"), "ResourceArn": source,
            "ResourceType": "DynamoDB", "BackupVaultName": "main", "BackupVaultArn": VAULT, "CreationDate": time, "Status": status,
            "IsEncrypted": true, "EncryptionKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k", "Lifecycle": {"DeleteAfterDays": 35},
            "CalculatedLifecycle": {"DeleteAt": time + 35.0 * 86_400.0}})
    };
    let copy = |id: &str, time: f64, state: &str| {
        json!({"CopyJobId": id, "ResourceArn": TABLE, "ResourceType": "DynamoDB", "SourceBackupVaultArn": VAULT,
            "DestinationBackupVaultArn": AWAY, "DestinationRecoveryPointArn": "arn:aws:backup:us-east-1:444455556666:recovery-point:r",
            "CompletionDate": time, "State": state})
    };
    let restore = |id: &str, time: f64| {
        json!({"RestoreJobId": id, "RecoveryPointArn": "arn:aws:backup:eu-west-1:111122223333:recovery-point:new",
            "SourceResourceArn": TABLE, "ResourceType": "DynamoDB", "Status": "COMPLETED", "ValidationStatus": "SUCCESSFUL",
            "CreationDate": time, "CompletionDate": time + 60.0, "CreatedBy": {"RestoreTestingPlanArn": TEST}})
    };
    let bare = asked.path.contains("/bare");
    Some(match asked.operation.as_str() {
        "ListBackupVaults" => page(
            "BackupVaultList",
            json!([{"BackupVaultName": "main", "BackupVaultArn": VAULT, "VaultType": "BACKUP_VAULT", "NumberOfRecoveryPoints": 4,
                "EncryptionKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k", "Locked": true, "MinRetentionDays": 7,
                "MaxRetentionDays": 365, "LockDate": day(4)}]),
            json!([{"BackupVaultName": "bare", "BackupVaultArn": VAULT.replace("main", "bare"), "NumberOfRecoveryPoints": 0,
                "Locked": false}]),
        ),
        "DescribeBackupVault" if bare => json(json!({"BackupVaultName": "bare", "Locked": false})),
        "DescribeBackupVault" => json(json!({"BackupVaultName": "main", "Locked": true,
            "MpaApprovalTeamArn": "arn:aws:mpa:us-east-1:111122223333:approval-team/t"})),
        "GetBackupVaultAccessPolicy" if bare => json_error(400, "ResourceNotFoundException"),
        "GetBackupVaultAccessPolicy" => json(json!({"BackupVaultName": "main", "Policy": "{\"Statement\":[]}"})),
        "ListRecoveryPointsByBackupVault" if bare => json(json!({"RecoveryPoints": []})),
        "ListRecoveryPointsByBackupVault" => page(
            "RecoveryPoints",
            json!([point("old", TABLE, day(1), "COMPLETED"), point("broken", TABLE, day(9), "PARTIAL")]),
            json!([point("new", TABLE, day(8), "COMPLETED"), point("other", "arn:aws:s3:::data", day(2), "COMPLETED")]),
        ),
        "ListTags" if asked.path.contains("bare") => json(json!({"Tags": {}})),
        "ListTags" => page("Tags", json!({"env": "prod"}), json!({"team": "shop"})),
        "ListBackupPlans" => page(
            "BackupPlansList",
            json!([{"BackupPlanArn": PLAN, "BackupPlanId": "p1", "BackupPlanName": "daily", "LastExecutionDate": day(9)}]),
            json!([{"BackupPlanArn": PLAN.replace("p1", "bare"), "BackupPlanId": "bare", "BackupPlanName": "empty"}]),
        ),
        "GetBackupPlan" if bare => json(json!({"BackupPlan": {"BackupPlanName": "empty", "Rules": []}})),
        "GetBackupPlan" => json(json!({"BackupPlan": {"BackupPlanName": "daily", "Rules": [
            {"RuleName": "nightly", "TargetBackupVaultName": "main", "ScheduleExpression": "cron(0 3 * * ? *)",
                "EnableContinuousBackup": true, "Lifecycle": {"DeleteAfterDays": 35},
                "CopyActions": [{"DestinationBackupVaultArn": AWAY, "Lifecycle": {"DeleteAfterDays": 90}}]}]}})),
        "ListBackupSelections" if bare => json(json!({"BackupSelectionsList": []})),
        "ListBackupSelections" => page(
            "BackupSelectionsList",
            json!([{"SelectionId": "s1", "SelectionName": "tables", "IamRoleArn": "arn:aws:iam::111122223333:role/backup"}]),
            json!([{"SelectionId": "s2", "SelectionName": "hidden", "IamRoleArn": "arn:aws:iam::111122223333:role/backup"}]),
        ),
        "GetBackupSelection" if asked.path.ends_with("/s2") => json_error(400, "InvalidParameterValueException"),
        "GetBackupSelection" => json(json!({"BackupSelection": {"SelectionName": "tables",
            "IamRoleArn": "arn:aws:iam::111122223333:role/backup", "Resources": ["arn:aws:dynamodb:*:*:table/*"],
            "NotResources": [TABLE], "ListOfTags": [
                {"ConditionType": "STRINGEQUALS", "ConditionKey": "env", "ConditionValue": "prod"}],
            "Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/env", "ConditionValue": "prod"}]}}})),
        "ListRestoreTestingPlans" => page(
            "RestoreTestingPlans",
            json!([{"RestoreTestingPlanArn": TEST, "RestoreTestingPlanName": "weekly", "ScheduleExpression": "cron(0 5 ? * 1 *)",
                "CreationTime": day(1), "LastExecutionTime": day(7), "StartWindowHours": 1}]),
            json!([]),
        ),
        "ListRestoreTestingSelections" => page(
            "RestoreTestingSelections",
            json!([]),
            json!([{"RestoreTestingPlanName": "weekly", "RestoreTestingSelectionName": "tables", "ProtectedResourceType": "DynamoDB",
                "IamRoleArn": "arn:aws:iam::111122223333:role/restore", "CreationTime": day(1), "ValidationWindowHours": 1}]),
        ),
        "GetRestoreTestingSelection" => json(json!({"RestoreTestingSelection": {"RestoreTestingPlanName": "weekly",
            "RestoreTestingSelectionName": "tables", "ProtectedResourceType": "DynamoDB", "ProtectedResourceArns": ["*"],
            "IamRoleArn": "arn:aws:iam::111122223333:role/restore", "CreationTime": day(1), "ValidationWindowHours": 1}})),
        "ListCopyJobs" => {
            assert!(asked.query.contains("state=COMPLETED"), "{}", asked.query);
            page(
                "CopyJobs",
                json!([copy("c1", day(1), "COMPLETED")]),
                json!([copy("c2", day(3), "COMPLETED"), copy("c3", day(4), "FAILED")]),
            )
        }
        "ListRestoreJobs" => page(
            "RestoreJobs",
            json!([restore("r1", day(1)), restore("r4", day(4))]),
            json!([restore("r3", day(3)), restore("r2", day(2))]),
        ),
        other => panic!("{other}"),
    })
}

#[test]
fn backups_are_read_with_what_guards_and_proves_them() {
    let account = collect_account(&Fake::new(|asked| match (asked.operation.as_str(), asked.path.ends_with("/s2")) {
        ("GetBackupSelection", true) => Some(json(json!({}))),
        _ => backup(asked),
    }));
    was_read(&account, "backup");
    let arn = |tail: &str| format!("arn:aws:backup:eu-west-1:{ACCOUNT}:{tail}");
    let of_backup: Vec<&str> = account
        .resources
        .iter()
        .filter_map(|found| found.arn.strip_prefix("arn:aws:backup:eu-west-1:111122223333:"))
        .collect();
    assert_eq!(
        of_backup,
        [
            "backup-plan:bare",
            "backup-plan:p1",
            "backup-vault:bare",
            "backup-vault:main",
            "copy-job:c2",
            "recovery-point:new",
            "recovery-point:other",
            "restore-job:r2",
            "restore-job:r3",
            "restore-job:r4",
            "restore-testing-plan:weekly-1",
        ]
    );
    assert_eq!(
        properties(&account, VAULT),
        json!({
            "BackupVaultName": "main", "VaultType": "BACKUP_VAULT", "EncryptionKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k",
            "Locked": true, "LockDate": "2026-01-04T12:00:00Z", "LockConfiguration": {"MinRetentionDays": 7, "MaxRetentionDays": 365},
            "NumberOfRecoveryPoints": 4, "MpaApprovalTeamArn": "arn:aws:mpa:us-east-1:111122223333:approval-team/t",
        })
    );
    assert_eq!(policy(&account, VAULT), Some(r#"{"Statement":[]}"#));
    assert_eq!(tags(&account, VAULT), json!({"env": "prod", "team": "shop"}));
    let bare = arn("backup-vault:bare");
    assert_eq!(
        properties(&account, &bare),
        json!({"BackupVaultName": "bare", "Locked": false, "NumberOfRecoveryPoints": 0})
    );
    assert_eq!(policy(&account, &bare), Some("null"));
    assert_eq!(
        properties(&account, PLAN),
        json!({
            "BackupPlanId": "p1", "BackupPlanName": "daily", "LastExecutionDate": "2026-01-09T12:00:00Z",
            "BackupPlan": {"BackupPlanName": "daily", "BackupPlanRule": [{"RuleName": "nightly", "TargetBackupVault": "main",
                "ScheduleExpression": "cron(0 3 * * ? *)", "EnableContinuousBackup": true, "Lifecycle": {"DeleteAfterDays": 35},
                "CopyActions": [{"DestinationBackupVaultArn": AWAY, "Lifecycle": {"DeleteAfterDays": 90}}]}]},
            "Selections": [
                {"SelectionId": "s1", "SelectionName": "tables", "IamRoleArn": "arn:aws:iam::111122223333:role/backup",
                    "Resources": ["arn:aws:dynamodb:*:*:table/*"], "NotResources": [TABLE],
                    "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "env", "ConditionValue": "prod"}],
                    "Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/env", "ConditionValue": "prod"}],
                        "StringNotEquals": [], "StringLike": [], "StringNotLike": []}},
                {"SelectionId": "s2", "SelectionName": "hidden", "IamRoleArn": "arn:aws:iam::111122223333:role/backup"}],
        })
    );
    assert_eq!(
        properties(&account, &arn("recovery-point:new")),
        json!({
            "RecoveryPointArn": arn("recovery-point:new"), "ResourceArn": TABLE, "ResourceType": "DynamoDB", "BackupVaultName": "main",
            "BackupVaultArn": VAULT, "CreationDate": "2026-01-08T12:00:00Z", "Status": "COMPLETED", "IsEncrypted": true,
            "EncryptionKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k", "Lifecycle": {"DeleteAfterDays": 35},
            "CalculatedDeleteAt": "2026-02-12T12:00:00Z",
        })
    );
    assert_eq!(
        properties(&account, TEST),
        json!({
            "RestoreTestingPlanName": "weekly", "ScheduleExpression": "cron(0 5 ? * 1 *)", "LastExecutionTime": "2026-01-07T12:00:00Z",
            "Selections": [{"RestoreTestingSelectionName": "tables", "ProtectedResourceType": "DynamoDB",
                "ProtectedResourceArns": ["*"], "IamRoleArn": "arn:aws:iam::111122223333:role/restore"}],
        })
    );
    let copy = properties(&account, &arn("copy-job:c2"));
    assert_eq!((&copy["ResourceArn"], &copy["DestinationBackupVaultArn"]), (&json!(TABLE), &json!(AWAY)));
    assert_eq!((&copy["State"], &copy["CompletionDate"]), (&json!("COMPLETED"), &json!("2026-01-03T12:00:00Z")));
    assert_eq!(
        properties(&account, &arn("restore-job:r4")),
        json!({
            "RestoreJobId": "r4", "RecoveryPointArn": arn("recovery-point:new"), "SourceResourceArn": TABLE, "ResourceType": "DynamoDB",
            "Status": "COMPLETED", "ValidationStatus": "SUCCESSFUL", "CreationDate": "2026-01-04T12:00:00Z",
            "CompletionDate": "2026-01-04T12:01:00Z", "CreatedBy": {"RestoreTestingPlanArn": TEST},
        })
    );
}

#[test]
fn a_copy_that_two_services_list_is_what_aws_backup_says_of_it() {
    let arn = "arn:aws:rds:eu-west-1:111122223333:snapshot:awsbackup:job-1";
    let fake = |refuse: bool| {
        Fake::new(move |asked| {
            Some(match asked.operation.as_str() {
                "ListBackupVaults" if refuse => json_error(403, "AccessDeniedException"),
                "ListBackupVaults" => {
                    json(json!({"BackupVaultList": [{"BackupVaultName": "main", "BackupVaultArn": VAULT}]}))
                }
                "ListRecoveryPointsByBackupVault" => json(json!({"RecoveryPoints": [
                    {"RecoveryPointArn": arn, "ResourceArn": "arn:aws:rds:eu-west-1:111122223333:db:shop", "Status": "COMPLETED"}]})),
                "DescribeDBSnapshots" => rds_page(
                    "DescribeDBSnapshots",
                    "DBSnapshots",
                    &[format!(
                        "<DBSnapshot><DBSnapshotArn>{arn}</DBSnapshotArn><SnapshotType>awsbackup</SnapshotType></DBSnapshot>"
                    )],
                    None,
                ),
                _ => return None,
            })
        })
    };
    assert_eq!(resource(&collect_account(&fake(false)), arn).kind, "AWS::Backup::RecoveryPoint");
    assert_eq!(resource(&collect_account(&fake(true)), arn).kind, "AWS::RDS::DBSnapshot");
}

#[test]
fn a_plan_whose_selections_are_hidden_does_not_look_empty() {
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "ListBackupSelections" | "ListCopyJobs" => Some(json_error(403, "AccessDeniedException")),
        _ => backup(asked),
    }));
    denied(&account, "ListCopyJobs", "backup:ListCopyJobs: AccessDeniedException");
    denied(
        &account,
        "ListBackupSelections",
        "backup:ListBackupSelections on plan bare, plan p1: AccessDeniedException (2 of 2 calls)",
    );
    assert_eq!(properties(&account, PLAN).get("Selections"), None);

    // One selection that does not answer keeps its name, and the coverage has it.
    let account = collect_account(&Fake::new(backup));
    let entry = coverage(&account, "GetBackupSelection");
    assert_eq!(entry.outcome, Outcome::Failed);
    assert_eq!(properties(&account, PLAN)["Selections"][1].get("Resources"), None);
}

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k1";

pub fn kms(asked: &Asked) -> Option<Answer> {
    if asked.service != "kms" {
        return None;
    }
    let second = asked.body.contains("second");
    let page = |list: &str, first: Value, last: Value| match second {
        true => json(json!({list: last, "Truncated": false})),
        false => json(json!({list: first, "Truncated": true, "NextMarker": "second"})),
    };
    let of_aws = asked.body.contains("key/aws1");
    Some(match asked.operation.as_str() {
        "ListKeys" => page(
            "Keys",
            json!([{"KeyId": "k1", "KeyArn": KEY}]),
            json!([{"KeyId": "aws1", "KeyArn": KEY.replace("k1", "aws1")}]),
        ),
        "ListAliases" => page(
            "Aliases",
            json!([{"AliasName": "alias/shop", "TargetKeyId": "k1"}, {"AliasName": "alias/unused"}]),
            json!([{"AliasName": "alias/backup", "TargetKeyId": "k1"}, {"AliasName": "alias/aws/rds", "TargetKeyId": "aws1"}]),
        ),
        "DescribeKey" if of_aws => json(json!({"KeyMetadata": {"KeyId": "aws1", "KeyManager": "AWS", "Enabled": true,
            "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS"}})),
        "DescribeKey" => json(
            json!({"KeyMetadata": {"KeyId": "k1", "KeyManager": "CUSTOMER", "Enabled": false, "MultiRegion": false,
            "Description": "SECRET-description", "KeyState": "PendingDeletion", "DeletionDate": day(20), "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS"}}),
        ),
        "GetKeyPolicy" => json(json!({"Policy": "{\"Statement\":[]}", "PolicyName": "default"})),
        "ListGrants" if of_aws => panic!("grants of a key of AWS"),
        "ListGrants" => page(
            "Grants",
            json!([{"GrantId": "g2", "GranteePrincipal": "arn:aws:iam::111122223333:role/a", "Operations": ["Decrypt"],
                "Constraints": {"EncryptionContextSubset": {"table": "orders"}}}]),
            json!([{"GrantId": "g1", "GranteePrincipal": "backup.amazonaws.com", "RetiringPrincipal": "arn:aws:iam::111122223333:role/b",
                "Operations": ["CreateGrant", "RetireGrant"]}]),
        ),
        "GetKeyRotationStatus" => json(json!({"KeyRotationEnabled": true})),
        "ListResourceTags" => page(
            "Tags",
            json!([{"TagKey": "env", "TagValue": "prod"}]),
            json!([{"TagKey": "team", "TagValue": "shop"}]),
        ),
        other => panic!("{other}"),
    })
}

#[test]
fn keys_are_read_with_policies_and_grants() {
    let account = collect_account(&Fake::new(kms));
    was_read(&account, "kms");
    assert_eq!(
        properties(&account, KEY),
        json!({
            "KeyId": "k1", "KeyManager": "CUSTOMER", "Enabled": false, "KeyState": "PendingDeletion", "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "MultiRegion": false, "DeletionDate": "2026-01-20T12:00:00Z",
            "EnableKeyRotation": true, "Aliases": ["alias/backup", "alias/shop"],
            "Grants": [
                {"GrantId": "g1", "GranteePrincipal": "backup.amazonaws.com",
                    "RetiringPrincipal": "arn:aws:iam::111122223333:role/b", "Operations": ["CreateGrant", "RetireGrant"]},
                {"GrantId": "g2", "GranteePrincipal": "arn:aws:iam::111122223333:role/a", "Operations": ["Decrypt"],
                    "Constraints": {"EncryptionContextSubset": {"table": "orders"}}}],
        })
    );
    assert_eq!(policy(&account, KEY), Some(r#"{"Statement":[]}"#));
    assert_eq!(tags(&account, KEY), json!({"env": "prod", "team": "shop"}));
    let of_aws = properties(&account, &KEY.replace("k1", "aws1"));
    assert_eq!((&of_aws["KeyManager"], &of_aws["Aliases"]), (&json!("AWS"), &json!(["alias/aws/rds"])));
    assert_eq!(of_aws.get("Grants"), None);
}

#[test]
fn a_key_whose_policy_shuts_us_out_is_there_all_the_same() {
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "DescribeKey" | "GetKeyPolicy" | "ListAliases" if !asked.body.contains("aws1") => {
            Some(json_error(400, "AccessDeniedException"))
        }
        _ => kms(asked),
    }));
    denied(&account, "GetKeyPolicy", "kms:GetKeyPolicy on key k1: AccessDeniedException (1 of 2 calls)");
    let key = properties(&account, KEY);
    assert_eq!((key.get("KeyState"), key.get("Aliases")), (None, None));
    assert_eq!(key["Grants"].as_array().unwrap().len(), 2);
    assert_eq!(policy(&account, KEY), None);
}

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:checkout";

pub fn lambda(asked: &Asked) -> Option<Answer> {
    if asked.service != "lambda" {
        return None;
    }
    let second = asked.query.contains("Marker=second");
    let page = |list: &str, first: Value, last: Value| match second {
        true => json(json!({list: last})),
        false => json(json!({list: first, "NextMarker": "second"})),
    };
    let bare = asked.path.contains("bare");
    let none = || json_error(404, "ResourceNotFoundException");
    let url = |auth: &str| {
        json!({"FunctionUrl": "https://SECRET.lambda-url.eu-west-1.on.aws/", "FunctionArn": FUNCTION, "AuthType": auth,
            "CreationTime": "2026-01-01T00:00:00Z", "LastModifiedTime": "2026-01-01T00:00:00Z"})
    };
    Some(match asked.operation.as_str() {
        "ListFunctions" => page(
            "Functions",
            json!([{"FunctionName": "checkout", "FunctionArn": FUNCTION, "Role": "arn:aws:iam::111122223333:role/checkout",
                "Runtime": "nodejs22.x", "Handler": "index.handler", "PackageType": "Zip", "Description": "SECRET-description",
                "KMSKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k", "LastModified": "2026-01-01T00:00:00.000+0000",
                "Layers": [{"Arn": "arn:aws:lambda:eu-west-1:111122223333:layer:tools:3", "CodeSize": 1}],
                "Environment": {"Variables": {"TABLE": "SECRET-table", "API_KEY": "SECRET-key"}}}]),
            json!([{"FunctionName": "bare", "FunctionArn": FUNCTION.replace("checkout", "bare"), "PackageType": "Image"}]),
        ),
        "GetPolicy" if bare => none(),
        "GetPolicy" => json(json!({"Policy": "{\"Statement\":[]}", "RevisionId": "1"})),
        "ListFunctionUrlConfigs" if bare => json(json!({"FunctionUrlConfigs": []})),
        "ListFunctionUrlConfigs" => page("FunctionUrlConfigs", json!([url("AWS_IAM")]), json!([url("NONE")])),
        "ListVersionsByFunction" if bare => json(json!({"Versions": [{"Version": "$LATEST"}]})),
        "ListVersionsByFunction" => page(
            "Versions",
            json!([{"Version": "$LATEST", "Environment": {"Variables": {"API_KEY": "SECRET-key"}}}, {"Version": "1"}]),
            json!([{"Version": "2"}]),
        ),
        "GetFunctionCodeSigningConfig" if bare => panic!("container images have none"),
        "GetFunctionCodeSigningConfig" => json(json!({"FunctionName": "checkout",
            "CodeSigningConfigArn": "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1"})),
        "GetCodeSigningConfig" => json(json!({"CodeSigningConfig": {
            "CodeSigningConfigArn": "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1", "Description": "SECRET-description",
            "AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/p/v"]},
            "CodeSigningConfigId": "csc-1", "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
            "LastModified": "2026-01-01T00:00:00.000+0000"}})),
        "ListTags" if bare => json(json!({"Tags": {}})),
        "ListTags" => json(json!({"Tags": {"env": "prod"}})),
        other => panic!("{other}"),
    })
}

#[test]
fn functions_are_read_without_the_values_of_their_variables() {
    let account = collect_account(&Fake::new(lambda));
    was_read(&account, "lambda");
    assert_eq!(
        properties(&account, FUNCTION),
        json!({
            "FunctionName": "checkout", "Role": "arn:aws:iam::111122223333:role/checkout", "Runtime": "nodejs22.x",
            "Handler": "index.handler", "PackageType": "Zip", "LastModified": "2026-01-01T00:00:00.000+0000",
            "KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k", "Layers": ["arn:aws:lambda:eu-west-1:111122223333:layer:tools:3"],
            "EnvironmentVariableNames": ["API_KEY", "TABLE"], "PublishedVersions": 2, "Url": {"AuthType": "NONE"},
            "CodeSigningConfigArn": "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1",
            "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
        })
    );
    assert_eq!(
        (policy(&account, FUNCTION), tags(&account, FUNCTION)),
        (Some(r#"{"Statement":[]}"#), json!({"env": "prod"}))
    );
    let bare = FUNCTION.replace("checkout", "bare");
    assert_eq!(
        properties(&account, &bare),
        json!({"FunctionName": "bare", "PackageType": "Image", "Layers": [], "EnvironmentVariableNames": [],
            "PublishedVersions": 0, "Url": {}})
    );
    assert_eq!(policy(&account, &bare), Some("null"));
    assert!(!serde_json::to_string(&account).unwrap().contains("SECRET"));
}

#[test]
fn what_may_not_be_asked_of_a_function_is_unknown() {
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "GetPolicy" | "ListVersionsByFunction" | "ListFunctionUrlConfigs" | "GetFunctionCodeSigningConfig" => {
            Some(json_error(403, "AccessDeniedException"))
        }
        _ => lambda(asked),
    }));
    let named = "lambda:GetPolicy on function bare, function checkout: AccessDeniedException (2 of 2 calls)";
    denied(&account, "GetPolicy", named);
    let function = properties(&account, FUNCTION);
    for name in ["PublishedVersions", "Url", "CodeSigningConfigArn", "CodeSigningPolicies"] {
        assert_eq!(function.get(name), None, "{name}");
    }
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "GetCodeSigningConfig" => Some(json_error(403, "AccessDeniedException")),
        _ => lambda(asked),
    }));
    let refused = "lambda:GetCodeSigningConfig on code signing configuration csc-1: AccessDeniedException";
    denied(&account, "GetCodeSigningConfig", refused);
    assert_eq!(properties(&account, FUNCTION).get("CodeSigningPolicies"), None);
}

const USERS: &str = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_a";
const IDENTITIES: &str = "arn:aws:cognito-identity:eu-west-1:111122223333:identitypool/eu-west-1:1";

pub fn cognito(asked: &Asked) -> Option<Answer> {
    let second = asked.body.contains("\"NextToken\":\"second\"");
    let page = |list: &str, first: Value, last: Value| match second {
        true => json(json!({list: last})),
        false => json(json!({list: first, "NextToken": "second"})),
    };
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    Some(match asked.operation.as_str() {
        "ListUserPools" => page(
            "UserPools",
            json!([{"Id": "eu-west-1_a", "Name": "shop"}]),
            json!([{"Id": "eu-west-1_b", "Name": "staff"}]),
        ),
        "DescribeUserPool" if asked.body.contains("eu-west-1_b") => json_error(400, "NotAuthorizedException"),
        "DescribeUserPool" => {
            json(json!({"UserPool": {"Id": "eu-west-1_a", "Name": "shop", "DeletionProtection": "ACTIVE",
            "MfaConfiguration": "OPTIONAL", "EstimatedNumberOfUsers": 12, "UserPoolTags": {"env": "prod"},
            "EmailVerificationMessage": "SECRET-mail", "LambdaConfig": {"PreSignUp": FUNCTION}}}))
        }
        "ListIdentityPools" => page(
            "IdentityPools",
            json!([{"IdentityPoolId": "eu-west-1:1", "IdentityPoolName": "shop"}]),
            json!([{"IdentityPoolId": "eu-west-1:2", "IdentityPoolName": "old"}]),
        ),
        "DescribeIdentityPool" if asked.body.contains("eu-west-1:2") => json_error(400, "NotAuthorizedException"),
        "DescribeIdentityPool" => json(json!({"IdentityPoolId": "eu-west-1:1", "IdentityPoolName": "shop",
            "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": false, "IdentityPoolTags": {"env": "prod"},
            "SupportedLoginProviders": {"accounts.google.com": "SECRET-id"},
            "CognitoIdentityProviders": [{"ProviderName": "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", "ClientId": "c",
                "ServerSideTokenCheck": true}]})),
        "GetIdentityPoolRoles" if asked.body.contains("eu-west-1:2") => json(json!({"IdentityPoolId": "eu-west-1:2"})),
        "GetIdentityPoolRoles" => json(json!({"IdentityPoolId": "eu-west-1:1",
            "Roles": {"authenticated": role("in"), "unauthenticated": role("out")},
            "RoleMappings": {"graph.example": {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [
                {"Claim": "team", "MatchType": "Equals", "Value": "admin", "RoleARN": role("admin")}]}}}})),
        _ => return None,
    })
}

#[test]
fn pools_are_read_with_the_roles_they_give() {
    let account = collect_account(&Fake::new(cognito));
    for operation in ["ListUserPools", "ListIdentityPools", "GetIdentityPoolRoles"] {
        assert_eq!(coverage(&account, operation).outcome, Outcome::Ok);
    }
    let refused = "cognito-idp:DescribeUserPool on user pool eu-west-1_b: NotAuthorizedException (1 of 2 calls)";
    denied(&account, "DescribeUserPool", refused);
    assert_eq!(
        properties(&account, USERS),
        json!({"UserPoolId": "eu-west-1_a", "UserPoolName": "shop", "DeletionProtection": "ACTIVE", "MfaConfiguration": "OPTIONAL",
            "EstimatedNumberOfUsers": 12, "LambdaConfig": {"PreSignUp": FUNCTION}})
    );
    assert_eq!(tags(&account, USERS), json!({"env": "prod"}));
    let staff = USERS.replace("_a", "_b");
    assert_eq!(properties(&account, &staff), json!({"UserPoolId": "eu-west-1_b", "UserPoolName": "staff"}));
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    assert_eq!(
        properties(&account, IDENTITIES),
        json!({
            "Id": "eu-west-1:1", "IdentityPoolName": "shop", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": false,
            "CognitoIdentityProviders": [{"ProviderName": "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", "ClientId": "c",
                "ServerSideTokenCheck": true}],
            "OpenIdConnectProviderARNs": [], "SamlProviderARNs": [],
            "Roles": {"authenticated": role("in"), "unauthenticated": role("out")},
            "RoleMappings": {"graph.example": {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [
                {"Claim": "team", "MatchType": "Equals", "Value": "admin", "RoleARN": role("admin")}]}}},
        })
    );
    let old = format!("{}2", IDENTITIES.trim_end_matches('1'));
    assert_eq!(properties(&account, &old), json!({"Id": "eu-west-1:2", "IdentityPoolName": "old", "Roles": {}}));
    assert!(!serde_json::to_string(&account).unwrap().contains("SECRET"));
}

pub fn apis(asked: &Asked) -> Option<Answer> {
    let api = |id: &str| {
        json!({"apiId": id, "arn": format!("arn:aws:appsync:eu-west-1:{ACCOUNT}:apis/{id}"), "name": "shop",
            "authenticationType": "AMAZON_COGNITO_USER_POOLS", "additionalAuthenticationProviders": [{"authenticationType": "API_KEY"}],
            "userPoolConfig": {"userPoolId": "eu-west-1_a", "awsRegion": "eu-west-1", "defaultAction": "ALLOW"},
            "visibility": "GLOBAL", "tags": {"env": "prod"}, "uris": {"GRAPHQL": "https://SECRET"}})
    };
    let second = asked.query.contains("nextToken=second");
    Some(match asked.operation.as_str() {
        "ListGraphqlApis" if second => json(json!({"graphqlApis": [api("a2")]})),
        "ListGraphqlApis" => json(json!({"graphqlApis": [api("a1")], "nextToken": "second"})),
        "ListDataSources" if asked.path.contains("/a2/") => json_error(403, "AccessDeniedException"),
        "ListDataSources" if second => json(json!({"dataSources": [
                {"name": "search", "type": "HTTP", "httpConfig": {"endpoint": "https://SECRET"}},
                {"name": "check", "type": "AWS_LAMBDA", "lambdaConfig": {"lambdaFunctionArn": FUNCTION}}]})),
        "ListDataSources" => json(json!({"nextToken": "second", "dataSources": [
                {"name": "orders", "type": "AMAZON_DYNAMODB", "serviceRoleArn": "arn:aws:iam::111122223333:role/data",
                    "dynamodbConfig": {"tableName": "orders", "awsRegion": "eu-west-1"}}]})),
        _ => return None,
    })
}

#[test]
fn apis_are_read_with_their_data_sources() {
    let account = collect_account(&Fake::new(apis));
    let refused = "appsync:ListDataSources on api a2: AccessDeniedException (1 of 2 calls)";
    denied(&account, "ListDataSources", refused);
    let first = format!("arn:aws:appsync:eu-west-1:{ACCOUNT}:apis/a1");
    assert_eq!(
        properties(&account, &first),
        json!({
            "ApiId": "a1", "Name": "shop", "AuthenticationType": "AMAZON_COGNITO_USER_POOLS", "Visibility": "GLOBAL",
            "AdditionalAuthenticationProviders": [{"AuthenticationType": "API_KEY"}], "UserPoolConfig": {"UserPoolId": "eu-west-1_a"},
            "DataSources": [
                {"Name": "orders", "Type": "AMAZON_DYNAMODB", "ServiceRoleArn": "arn:aws:iam::111122223333:role/data",
                    "DynamoDBConfig": {"TableName": "orders", "AwsRegion": "eu-west-1"}},
                {"Name": "search", "Type": "HTTP"},
                {"Name": "check", "Type": "AWS_LAMBDA", "LambdaConfig": {"LambdaFunctionArn": FUNCTION}}],
        })
    );
    assert_eq!(tags(&account, &first), json!({"env": "prod"}));
    assert_eq!(properties(&account, &first.replace("a1", "a2")).get("DataSources"), None);
    assert!(!serde_json::to_string(&account).unwrap().contains("SECRET"));
}

pub fn secrets(asked: &Asked) -> Option<Answer> {
    let secret = |name: &str| {
        json!({"ARN": format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{name}-AbCdEf"), "Name": name,
            "Description": "SECRET-description", "Tags": [{"Key": "env", "Value": "prod"}]})
    };
    let second = asked.body.contains("second");
    let bare = asked.body.contains("secret:bare");
    Some(match (asked.service.as_str(), asked.operation.as_str()) {
        ("secretsmanager", "ListSecrets") if second => json(json!({"SecretList": [secret("bare")]})),
        ("secretsmanager", "ListSecrets") => {
            assert!(asked.body.contains("\"IncludePlannedDeletion\":true"), "{}", asked.body);
            let mut full = secret("db");
            full.as_object_mut().unwrap().extend(
                    json!({"KmsKeyId": "alias/shop", "RotationEnabled": true, "RotationLambdaARN": FUNCTION, "DeletedDate": day(5),
                        "LastRotatedDate": day(2), "LastChangedDate": day(3), "LastAccessedDate": day(4),
                        "OwningService": "rds", "PrimaryRegion": "eu-west-1"})
                    .as_object()
                    .unwrap()
                    .clone(),
                );
            json(json!({"SecretList": [full], "NextToken": "second"}))
        }
        ("secretsmanager", "DescribeSecret") if bare => json_error(400, "AccessDeniedException"),
        ("secretsmanager", "DescribeSecret") => json(json!({"ReplicationStatus": [
                {"Region": "us-east-1", "KmsKeyId": "alias/away", "Status": "InSync", "StatusMessage": "SECRET-message"}]})),
        ("secretsmanager", "GetResourcePolicy") if bare => json(json!({"Name": "bare"})),
        ("secretsmanager", "GetResourcePolicy") => json(json!({"ResourcePolicy": "{\"Statement\":[]}"})),
        _ => return None,
    })
}

#[test]
fn secrets_are_described_and_never_read() {
    let account = collect_account(&Fake::new(secrets));
    let arn = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{name}-AbCdEf");
    assert_eq!(
        properties(&account, &arn("db")),
        json!({
            "Name": "db", "KmsKeyId": "alias/shop", "RotationEnabled": true, "RotationLambdaARN": FUNCTION,
            "DeletedDate": "2026-01-05T12:00:00Z", "LastRotatedDate": "2026-01-02T12:00:00Z",
            "LastChangedDate": "2026-01-03T12:00:00Z", "LastAccessedDate": "2026-01-04T12:00:00Z", "OwningService": "rds",
            "PrimaryRegion": "eu-west-1", "ReplicaRegions": [{"Region": "us-east-1", "KmsKeyId": "alias/away", "Status": "InSync"}],
        })
    );
    assert_eq!(policy(&account, &arn("db")), Some(r#"{"Statement":[]}"#));
    assert_eq!(tags(&account, &arn("db")), json!({"env": "prod"}));
    assert_eq!(properties(&account, &arn("bare")), json!({"Name": "bare", "RotationEnabled": false}));
    assert_eq!(policy(&account, &arn("bare")), Some("null"));
    let refused = "secretsmanager:DescribeSecret on secret bare: AccessDeniedException (1 of 2 calls)";
    denied(&account, "DescribeSecret", refused);
    assert!(!serde_json::to_string(&account).unwrap().contains("SECRET"));
}

pub fn topics(asked: &Asked) -> Option<Answer> {
    let topic = |name: &str| format!("<member><TopicArn>arn:aws:sns:eu-west-1:{ACCOUNT}:{name}</TopicArn></member>");
    let subscription = |protocol: &str, endpoint: &str, arn: &str| {
        format!(
            "<member><Protocol>{protocol}</Protocol><Endpoint>{endpoint}</Endpoint><SubscriptionArn>{arn}</SubscriptionArn></member>"
        )
    };
    if asked.service != "sns" {
        return None;
    }
    let operation = &asked.operation;
    let answer = |body: &str| {
        Some(xml(&format!("<{operation}Response><{operation}Result>{body}</{operation}Result></{operation}Response>")))
    };
    let second = asked.body.contains("NextToken=second");
    let more = "<NextToken>second</NextToken>";
    let bare = asked.body.contains("bare");
    match operation.as_str() {
        "ListTopics" if second => answer(&format!("<Topics>{}</Topics>", topic("bare"))),
        "ListTopics" => answer(&format!("<Topics>{}</Topics>{more}", topic("alerts"))),
        "GetTopicAttributes" if bare => Some(xml_error(403, "AuthorizationError")),
        "GetTopicAttributes" => answer(
            "<Attributes><entry><key>Policy</key><value>{\"Statement\":[]}</value></entry>\
                 <entry><key>KmsMasterKeyId</key><value>alias/shop</value></entry>\
                 <entry><key>DisplayName</key><value>SECRET-name</value></entry></Attributes>",
        ),
        "ListSubscriptionsByTopic" if bare => answer("<Subscriptions></Subscriptions>"),
        "ListSubscriptionsByTopic" if second => answer(&format!(
            "<Subscriptions>{}</Subscriptions>",
            subscription("lambda", FUNCTION, "arn:aws:sns:eu-west-1:111122223333:alerts:2")
        )),
        "ListSubscriptionsByTopic" => answer(&format!(
            "<Subscriptions>{}</Subscriptions>{more}",
            subscription("email", "SECRET@shop.example", "PendingConfirmation")
        )),
        "ListTagsForResource" => answer("<Tags><member><Key>env</Key><Value>prod</Value></member></Tags>"),
        _ => None,
    }
}

#[test]
fn topics_are_read_without_the_addresses_of_people() {
    let account = collect_account(&Fake::new(topics));
    let arn = |name: &str| format!("arn:aws:sns:eu-west-1:{ACCOUNT}:{name}");
    assert_eq!(
        properties(&account, &arn("alerts")),
        json!({"TopicName": "alerts", "KmsMasterKeyId": "alias/shop", "Subscriptions": [
            {"Protocol": "email", "Confirmed": false}, {"Protocol": "lambda", "Endpoint": FUNCTION, "Confirmed": true}]})
    );
    assert_eq!(policy(&account, &arn("alerts")), Some(r#"{"Statement":[]}"#));
    assert_eq!(tags(&account, &arn("alerts")), json!({"env": "prod"}));
    assert_eq!(properties(&account, &arn("bare")), json!({"TopicName": "bare", "Subscriptions": []}));
    let refused = "sns:GetTopicAttributes on topic bare: AuthorizationError (1 of 2 calls)";
    denied(&account, "GetTopicAttributes", refused);
    assert!(!serde_json::to_string(&account).unwrap().contains("SECRET"));
}

pub fn queues(asked: &Asked) -> Option<Answer> {
    let address = |name: &str| format!("https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{name}");
    let bare = asked.body.contains("/bare");
    Some(match asked.operation.as_str() {
        "ListQueues" if asked.body.contains("second") => json(json!({"QueueUrls": [address("bare")]})),
        "ListQueues" => {
            assert!(asked.body.contains("\"MaxResults\":1000"), "{}", asked.body);
            json(json!({"QueueUrls": [address("orders")], "NextToken": "second"}))
        }
        "GetQueueAttributes" if bare => json_error(403, "AccessDenied"),
        "GetQueueAttributes" => json(json!({"Attributes": {
                "QueueArn": format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"), "Policy": "{\"Statement\":[]}",
                "KmsMasterKeyId": "alias/shop", "SqsManagedSseEnabled": "false", "MessageRetentionPeriod": "345600",
                "RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:111122223333:dead\",\"maxReceiveCount\":3}"}})),
        "ListQueueTags" if bare => json(json!({})),
        "ListQueueTags" => json(json!({"Tags": {"env": "prod"}})),
        _ => return None,
    })
}

#[test]
fn queues_are_read_with_their_policies() {
    let account = collect_account(&Fake::new(queues));
    let arn = |name: &str| format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}");
    assert_eq!(
        properties(&account, &arn("orders")),
        json!({"QueueName": "orders", "KmsMasterKeyId": "alias/shop", "SqsManagedSseEnabled": false,
            "MessageRetentionPeriod": 345_600,
            "RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:111122223333:dead", "maxReceiveCount": 3}})
    );
    assert_eq!(policy(&account, &arn("orders")), Some(r#"{"Statement":[]}"#));
    assert_eq!(tags(&account, &arn("orders")), json!({"env": "prod"}));
    assert_eq!(properties(&account, &arn("bare")), json!({"QueueName": "bare"}));
    denied(&account, "GetQueueAttributes", "sqs:GetQueueAttributes on queue bare: AccessDenied (1 of 2 calls)");
}

#[test]
fn the_newest_backups_stand_with_their_table() {
    let backup = |table: &str, name: &str, time: f64| {
        json!({"TableName": table, "BackupArn": format!("{TABLE}/backup/{name}"), "BackupName": name, "BackupType": "USER",
            "BackupStatus": "AVAILABLE", "BackupCreationDateTime": time})
    };
    let fake = |refuse: bool| {
        Fake::new(move |asked| {
            Some(match asked.operation.as_str() {
                "ListTables" => json(json!({"TableNames": ["orders", "carts"]})),
                "ListBackups" if refuse => json_error(400, "AccessDeniedException"),
                "ListBackups" if asked.body.contains("ExclusiveStartBackupArn") => json(
                    json!({"BackupSummaries": [backup("orders", "third", day(3)), backup("orders", "fourth", day(4))]}),
                ),
                "ListBackups" => json(
                    json!({"BackupSummaries": [backup("orders", "first", day(1)), backup("orders", "second", day(2))],
                    "LastEvaluatedBackupArn": format!("{TABLE}/backup/second")}),
                ),
                _ => return None,
            })
        })
    };
    let account = collect_account(&fake(false));
    let backups = properties(&account, TABLE)["Backups"].clone();
    let names: Vec<&str> = backups.as_array().unwrap().iter().map(|one| one["BackupName"].as_str().unwrap()).collect();
    assert_eq!(names, ["fourth", "third", "second"]);
    assert_eq!(
        backups[0],
        json!({"BackupArn": format!("{TABLE}/backup/fourth"), "BackupName": "fourth", "BackupType": "USER",
            "BackupStatus": "AVAILABLE", "BackupCreationDateTime": "2026-01-04T12:00:00Z"})
    );
    assert_eq!(properties(&account, &TABLE.replace("orders", "carts"))["Backups"], json!([]));

    let account = collect_account(&fake(true));
    denied(&account, "ListBackups", "dynamodb:ListBackups: AccessDeniedException");
    assert_eq!(properties(&account, TABLE).get("Backups"), None);
}
