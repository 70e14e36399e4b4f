//! `foureyes recovery` and what it is made from: copies, locks, keys, and who can destroy data with all copies.

use foureyes::access::Access;
use foureyes::engine::Verdict;
use foureyes::inventory::{EnvironmentRules, Inventory};
use foureyes::recovery::{self, Able, Answer, Proof, Protection, Store, WayBack};
use foureyes::snapshot::Snapshot;
use serde_json::{Value, json};

const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";
const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
const VAULT: &str = "arn:aws:backup:eu-west-1:111122223333:backup-vault:nightly";
const POINT: &str = "arn:aws:backup:eu-west-1:111122223333:recovery-point:1";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";

/// Calls that are taken as answered.
const READ: &[(&str, &str)] = &[
    ("organizations", "DescribeOrganization"),
    ("dynamodb", "GetResourcePolicy"),
    ("dynamodb", "ListBackups"),
    ("s3", "GetBucketPolicy"),
    ("s3", "GetBucketVersioning"),
    ("s3", "GetBucketReplication"),
    ("kms", "GetKeyPolicy"),
    ("secretsmanager", "GetResourcePolicy"),
    ("rds", "DescribeDBSnapshots"),
    ("rds", "DescribeDBClusterSnapshots"),
    ("backup", "ListBackupVaults"),
    ("backup", "ListRecoveryPointsByBackupVault"),
    ("backup", "GetBackupVaultAccessPolicy"),
    ("backup", "ListRestoreJobs"),
];

fn user(name: &str, statements: Value) -> Value {
    json!({"UserName": name, "Arn": format!("arn:aws:iam::{OWN}:user/{name}"), "Path": "/", "GroupList": [],
        "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]})
}

fn allow(name: &str, actions: &[&str]) -> Value {
    user(name, json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]))
}

/// An account with these resources, and the users that the questions are about.
fn account(resources: Value) -> Value {
    let coverage: Vec<Value> = READ
        .iter()
        .map(|(service, operation)| json!({"service": service, "operation": operation, "outcome": "ok"}))
        .collect();
    json!({"schema": "foureyes/snapshot/v1", "collected_at": "2026-11-22T02:00:00Z", "organization": null, "accounts": [{
        "id": OWN,
        "authorization_details": {"GroupDetailList": [], "RoleDetailList": [], "Policies": [], "UserDetailList": [
            allow("ada", &["*"]),
            allow("ben", &["dynamodb:DeleteTable", "s3:DeleteObject", "rds:DeleteDBInstance"]),
            allow("cas", &["dynamodb:DeleteTable", "dynamodb:UpdateContinuousBackups", "backup:DeleteRecoveryPoint",
                "s3:DeleteObjectVersion"]),
            user("dot", json!([{"Effect": "Allow", "Action": ["dynamodb:DeleteTable", "dynamodb:UpdateContinuousBackups"],
                "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}])),
        ]},
        "resources": resources, "coverage": coverage}]})
}

fn resource(arn: &str, kind: &str, properties: Value) -> Value {
    json!({"arn": arn, "type": kind, "region": "eu-west-1", "tags": {}, "properties": properties})
}

fn table(recovery: bool) -> Value {
    let mut table = resource(
        TABLE,
        "AWS::DynamoDB::Table",
        json!({"TableName": "orders", "DeletionProtectionEnabled": false, "KeySchema": [],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery},
            "ContinuousBackups": {"EarliestRestorableDateTime": "2026-11-01T00:00:00Z",
                "LatestRestorableDateTime": "2026-11-22T01:55:00Z"}}),
    );
    table["tags"]["env"] = json!("prod");
    table
}

fn point(arn: &str, vault: &str, key: Option<&str>) -> Value {
    let mut properties = json!({"ResourceArn": TABLE, "BackupVaultArn": vault, "Status": "COMPLETED",
        "CreationDate": "2026-11-21T03:00:00Z"});
    if let Some(key) = key {
        properties["EncryptionKeyArn"] = json!(key);
    }
    resource(arn, "AWS::Backup::RecoveryPoint", properties)
}

fn vault(properties: Value) -> Value {
    resource(VAULT, "AWS::Backup::BackupVault", properties)
}

/// What is said of the one production store of a snapshot, with the names of those who can destroy it.
struct Said {
    store: Store,
    data: [Vec<String>; 3],
    both: [Vec<String>; 3],
}

fn ask(snapshot: &Value) -> Said {
    let snapshot: Snapshot = serde_json::from_value(snapshot.clone()).unwrap();
    let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let mut stores = recovery::stores(&access, "production");
    // Keys that serve the store are stores of production, too.
    stores.retain(|store| inventory.resource(store.resource).unwrap().kind != "AWS::KMS::Key");
    assert_eq!(stores.len(), 1);
    let store = stores.remove(0);
    let names = |able: &Able| {
        let of = |ids: Vec<_>| -> Vec<String> {
            ids.into_iter().map(|id| inventory.principal(id).unwrap().name.to_string()).collect()
        };
        [of(able.certain().collect()), of(able.conditional().collect()), of(able.undecided().collect())]
    };
    one_by_one(&access, &store);
    let (data, both) = (names(&store.destroyed_by), names(&store.with_copies_by));
    Said { store, data, both }
}

/// Holds what was decided in bulk against single decisions of the calls that are told: whoever may make them all can.
fn one_by_one(access: &Access<'_>, store: &Store) {
    let inventory = access.inventory();
    let calls: Vec<&recovery::Call> =
        store.calls.iter().chain(store.copies.iter().flat_map(|copy| &copy.calls)).collect();
    let held = store.copies.iter().any(|copy| copy.hold.is_firm());
    let known = inventory.resource(store.resource).unwrap();
    // Elsewhere there are several ways, of which one is told; what was not read may stand in the way.
    let only_way = known.kind == "AWS::DynamoDB::Table"
        && store.protection != Protection::NotRead
        && store.copies.iter().all(|copy| copy.hold != recovery::Hold::NotRead)
        && inventory.resources.iter().all(|resource| resource.policy.is_none());
    for (principal, _) in inventory.principal_ids() {
        let verdicts = calls.iter().map(|call| recovery::decide(access, principal, call).unwrap().0.verdict);
        let single = if held { Verdict::ImplicitDeny } else { verdicts.min().unwrap() };
        let able = &store.with_copies_by;
        let bulk = if able.certain().any(|id| id == principal) {
            Verdict::Allowed
        } else if able.conditional().any(|id| id == principal) {
            Verdict::AllowedIf
        } else if able.undecided().any(|id| id == principal) {
            Verdict::Unknown
        } else {
            Verdict::ImplicitDeny
        };
        if only_way {
            assert!(single == bulk || (single.is_denied() && bulk.is_denied()), "{single:?} {bulk:?} {calls:?}");
        } else if single == Verdict::Allowed && store.unread.is_empty() && store.protection != Protection::NotRead {
            assert_ne!(bulk, Verdict::ImplicitDeny, "{calls:?}");
        }
    }
}

fn said(resources: Value) -> Said {
    ask(&account(resources))
}

fn lists(certain: &[&str], conditional: &[&str], unknown: &[&str]) -> [Vec<String>; 3] {
    [certain, conditional, unknown].map(|names| names.iter().map(|name| (*name).to_owned()).collect())
}

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
#[test]
fn point_in_time_recovery_gives_any_moment_and_is_no_independent_copy() {
    let said = said(json!([table(true)]));
    let earliest = "2026-11-01T00:00:00Z".parse().unwrap();
    let latest = "2026-11-22T01:55:00Z".parse().unwrap();
    assert_eq!(said.store.way_back, WayBack::AnyMoment { earliest: Some(earliest), latest: Some(latest) });
    assert_eq!(said.store.newest, Some(latest));
    assert_eq!((said.store.protection, said.store.independent), (Protection::Off, Answer::No));
    assert_eq!(said.store.key_is_safe, Some(Answer::Yes));
    assert_eq!(said.store.proof, Proof::Never);
    assert_eq!(said.data, lists(&["ada", "ben", "cas"], &["dot"], &[]));
    // Ben deletes the table and leaves the backup that comes of that.
    assert_eq!(said.both, lists(&["ada", "cas"], &["dot"], &[]));
    assert!(said.store.unread.is_empty(), "{:?}", said.store.unread);
}

#[test]
fn nothing_to_restore_from_is_said_only_where_all_was_read() {
    let none = said(json!([table(false)]));
    assert_eq!((none.store.way_back, none.store.proof), (WayBack::None, Proof::NothingToRestore));
    assert_eq!((none.store.independent, none.store.key_is_safe), (Answer::No, None));
    assert_eq!(none.both, none.data);
    for (service, operation) in [("backup", "ListBackupVaults"), ("dynamodb", "ListBackups")] {
        let mut refused = account(json!([table(false)]));
        for entry in refused["accounts"][0]["coverage"].as_array_mut().unwrap() {
            if entry["service"] == service && entry["operation"] == operation {
                entry["outcome"] = json!("denied");
            }
        }
        let refused = ask(&refused);
        assert_eq!((refused.store.way_back, refused.store.independent), (WayBack::Unknown, Answer::Unknown));
        assert!(refused.store.unread.contains(&format!("{service}:{operation}")), "{:?}", refused.store.unread);
    }
    let mut unread = table(false);
    unread["properties"] = json!({});
    let unread = said(json!([unread]));
    assert_eq!((unread.store.way_back, unread.store.protection), (WayBack::Unknown, Protection::NotRead));
    // The protection may be on: then only Ada, who can switch it off.
    assert_eq!(unread.data, lists(&["ada"], &["ben", "cas", "dot"], &[]));
}

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
#[test]
fn a_protected_table_is_destroyed_by_those_who_can_switch_that_off() {
    let mut protected = table(false);
    protected["properties"]["DeletionProtectionEnabled"] = json!(true);
    let said = said(json!([protected]));
    assert_eq!(said.store.protection, Protection::On);
    assert_eq!(said.data, lists(&["ada"], &[], &[]));
}

// https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
#[test]
fn a_locked_vault_holds_once_its_cooling_off_is_over() {
    let locked = |properties: Value| said(json!([table(true), vault(properties), point(POINT, VAULT, None)]));
    let open = locked(json!({"Locked": false}));
    assert_eq!(open.store.independent, Answer::No);
    assert_eq!(open.both, lists(&["ada", "cas"], &[], &[]));
    // Cas cannot take the lock off.
    let governance = locked(json!({"Locked": true}));
    assert_eq!((governance.store.independent, &governance.both), (Answer::No, &lists(&["ada"], &[], &[])));
    let cooling = locked(json!({"Locked": true, "LockDate": "2026-11-25T00:00:00Z"}));
    assert_eq!((cooling.store.independent, &cooling.both), (Answer::No, &lists(&["ada"], &[], &[])));
    for firm in [
        json!({"Locked": true, "LockDate": "2026-11-20T00:00:00Z"}),
        json!({"VaultType": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"}),
    ] {
        let firm = locked(firm);
        assert_eq!((firm.store.independent, &firm.both), (Answer::Yes, &lists(&[], &[], &[])));
    }
    let unread = locked(json!({}));
    assert_eq!((unread.store.independent, &unread.both), (Answer::Unknown, &lists(&[], &["ada", "cas"], &[])));
}

#[test]
fn without_the_moment_of_the_snapshot_a_lock_date_says_nothing() {
    let date = json!({"Locked": true, "LockDate": "2026-11-20T00:00:00Z"});
    let mut undated = account(json!([table(true), vault(date), point(POINT, VAULT, None)]));
    undated["collected_at"] = Value::Null;
    assert_eq!(ask(&undated).store.independent, Answer::Unknown);
}

// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html
#[test]
fn a_vault_policy_holds_those_who_cannot_take_it_off() {
    let mut vault = vault(json!({"Locked": false}));
    vault["policy"] = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
        "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}]});
    let said = said(json!([table(true), vault, point(POINT, VAULT, None)]));
    assert_eq!(said.both, lists(&["ada"], &[], &[]));
}

// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
#[test]
fn a_copy_in_another_account_is_independent() {
    let elsewhere = VAULT.replace(OWN, OTHER);
    let job = resource(
        "arn:aws:backup:eu-west-1:111122223333:copy-job:1",
        "AWS::Backup::CopyJob",
        json!({"ResourceArn": TABLE, "DestinationBackupVaultArn": elsewhere, "State": "COMPLETED",
            "DestinationRecoveryPointArn": POINT.replace(OWN, OTHER), "CompletionDate": "2026-11-21T04:00:00Z"}),
    );
    let copied = said(json!([table(true), job]));
    assert_eq!((copied.store.independent, &copied.both), (Answer::Yes, &lists(&[], &[], &[])));
    // Whose key it has is not known there.
    assert_eq!(copied.store.key_is_safe, Some(Answer::Unknown));
    // A vault of the account itself was read: what is not in it has expired.
    let mut own = job_to(VAULT, POINT);
    own["properties"]["State"] = json!("COMPLETED");
    assert_eq!(said(json!([table(true), vault(json!({"Locked": false})), own])).store.copies.len(), 1);
}

// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html
#[test]
fn a_copy_in_another_account_of_the_snapshot_is_as_safe_as_its_vault() {
    let elsewhere = VAULT.replace(OWN, OTHER);
    let both = |policy: Value| {
        let mut whole = account(json!([table(true)]));
        let mut vault = vault(json!({"Locked": false}));
        vault["arn"] = json!(elsewhere);
        vault["policy"] = policy;
        let mut other = account(json!([vault, point(&POINT.replace(OWN, OTHER), &elsewhere, None)]));
        other["accounts"][0]["id"] = json!(OTHER);
        other["accounts"][0]["authorization_details"]["UserDetailList"] = json!([]);
        whole["accounts"].as_array_mut().unwrap().push(other["accounts"][0].clone());
        ask(&whole)
    };
    let closed = both(Value::Null);
    assert_eq!((closed.store.copies.len(), closed.store.independent), (2, Answer::Yes));
    assert_eq!(closed.both, lists(&[], &[], &[]));
    let open = both(json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}]}));
    assert_eq!(open.store.independent, Answer::No);
    assert_eq!(open.both, lists(&["ada", "cas"], &[], &[]));
}

fn job_to(vault: &str, point: &str) -> Value {
    resource(
        "arn:aws:backup:eu-west-1:111122223333:copy-job:2",
        "AWS::Backup::CopyJob",
        json!({"ResourceArn": TABLE, "DestinationBackupVaultArn": vault, "DestinationRecoveryPointArn": point}),
    )
}

// https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
#[test]
fn a_copy_is_as_safe_as_its_key() {
    let policy = |principal: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": principal}}]})
    };
    let firm = json!({"Locked": true, "LockDate": "2026-11-20T00:00:00Z"});
    let with = |state: &str, policy: Value| {
        let mut key = resource(KEY, "AWS::KMS::Key", json!({"KeyManager": "CUSTOMER", "KeyState": state}));
        key["policy"] = policy;
        said(json!([table(true), vault(firm.clone()), point(POINT, VAULT, Some(KEY)), key])).store
    };
    // The account's policies decide, and Ada may do all.
    let own = with("Enabled", policy("arn:aws:iam::111122223333:root"));
    assert_eq!((own.independent, own.key_is_safe), (Answer::Yes, Some(Answer::No)));
    assert_eq!(with("Enabled", policy("arn:aws:iam::444455556666:root")).key_is_safe, Some(Answer::Yes));
    assert_eq!(
        with("PendingDeletion", policy("arn:aws:iam::444455556666:root")).key_is_safe,
        Some(Answer::No),
        "the copy can no longer be read"
    );
    let unread = said(json!([table(true), vault(firm.clone()), point(POINT, VAULT, Some(KEY))]));
    assert_eq!(unread.store.key_is_safe, Some(Answer::Unknown));
    let of_aws = resource(KEY, "AWS::KMS::Key", json!({"KeyManager": "AWS", "KeyState": "Enabled"}));
    let of_aws = said(json!([table(true), vault(firm), point(POINT, VAULT, Some(KEY)), of_aws]));
    assert_eq!(of_aws.store.key_is_safe, Some(Answer::Yes));
}

// https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
#[test]
fn the_last_restore_counts() {
    let restore = |number: u32, day: &str, status: &str, of: &str| {
        resource(
            &format!("arn:aws:backup:eu-west-1:111122223333:restore-job:{number}"),
            "AWS::Backup::RestoreJob",
            json!({"RecoveryPointArn": of, "Status": status, "CompletionDate": format!("2026-11-{day}T00:00:00Z")}),
        )
    };
    let proof = |restores: &[Value]| {
        let mut all = vec![table(true), vault(json!({"Locked": false})), point(POINT, VAULT, None)];
        all.extend_from_slice(restores);
        said(Value::Array(all)).store.proof
    };
    assert_eq!(proof(&[]), Proof::Never);
    assert_eq!(
        proof(&[restore(1, "10", "COMPLETED", "arn:aws:backup:eu-west-1:111122223333:recovery-point:9")]),
        Proof::Never
    );
    assert_eq!(proof(&[restore(1, "10", "RUNNING", POINT)]), Proof::Never);
    let worked = [restore(1, "10", "COMPLETED", POINT), restore(2, "12", "COMPLETED", POINT)];
    assert_eq!(proof(&worked), Proof::Restored("2026-11-12T00:00:00Z".parse().unwrap()));
    let failed = [restore(1, "10", "COMPLETED", POINT), restore(2, "12", "FAILED", POINT)];
    assert_eq!(proof(&failed), Proof::Failed("2026-11-12T00:00:00Z".parse().unwrap()));
    let mut invalid = worked.clone();
    invalid[1]["properties"]["ValidationStatus"] = json!("FAILED");
    assert_eq!(proof(&invalid), Proof::Failed("2026-11-12T00:00:00Z".parse().unwrap()));
}

fn production(arn: &str, kind: &str, properties: Value) -> Value {
    let mut all = resource(arn, kind, properties);
    all["tags"]["env"] = json!("prod");
    all
}

// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
#[test]
fn automated_backups_go_with_the_database_and_snapshots_do_not() {
    let database = production(
        "arn:aws:rds:eu-west-1:111122223333:db:shop",
        "AWS::RDS::DBInstance",
        json!({"DBInstanceIdentifier": "shop", "DeletionProtection": false, "BackupRetentionPeriod": 7,
            "StorageEncrypted": false, "LatestRestorableTime": "2026-11-22T01:50:00Z"}),
    );
    let alone = said(json!([database]));
    assert_eq!(alone.both, lists(&["ada", "ben"], &[], &[]));
    assert!(matches!(alone.store.way_back, WayBack::AnyMoment { latest: Some(_), .. }));
    let snapshot = resource(
        "arn:aws:rds:eu-west-1:111122223333:snapshot:before-release",
        "AWS::RDS::DBSnapshot",
        json!({"DBInstanceIdentifier": "shop", "SnapshotType": "manual", "SnapshotCreateTime": "2026-11-20T00:00:00Z"}),
    );
    let kept = said(json!([database, snapshot]));
    assert_eq!((kept.store.copies.len(), &kept.both), (2, &lists(&["ada"], &[], &[])));
    let mut member = database;
    member["properties"]["DBClusterIdentifier"] = json!("shop");
    let inventory: Snapshot = serde_json::from_value(account(json!([member]))).unwrap();
    let inventory = Inventory::new(&inventory, &EnvironmentRules::default());
    assert!(recovery::stores(&Access::new(&inventory), "production").is_empty(), "the cluster holds the data");
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
#[test]
fn old_versions_hold_as_far_as_they_are_locked() {
    let bucket = |properties: Value| said(json!([production("arn:aws:s3:::shop", "AWS::S3::Bucket", properties)]));
    let unversioned = bucket(json!({"VersioningConfiguration": {}}));
    assert_eq!((unversioned.store.way_back, unversioned.store.independent), (WayBack::None, Answer::No));
    assert_eq!(unversioned.data, lists(&["ada", "ben", "cas"], &[], &[]));
    let versions = json!({"Status": "Enabled"});
    let versioned = bucket(json!({"VersioningConfiguration": versions}));
    assert_eq!((versioned.store.independent, &versioned.both), (Answer::No, &lists(&["ada", "cas"], &[], &[])));
    let lock = |mode: &str| {
        bucket(json!({"VersioningConfiguration": versions, "ObjectLockConfiguration":
            {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": mode, "Days": 30}}}}))
    };
    assert_eq!(
        (lock("GOVERNANCE").store.independent, lock("GOVERNANCE").both),
        (Answer::No, lists(&["ada"], &[], &[]))
    );
    assert_eq!((lock("COMPLIANCE").store.independent, lock("COMPLIANCE").both), (Answer::Yes, lists(&[], &[], &[])));
    let mfa = bucket(json!({"VersioningConfiguration": {"Status": "Enabled", "MfaDelete": "Enabled"}}));
    assert_eq!(mfa.store.independent, Answer::Yes);
}

/// Runs the program as a person would.
fn run(columns: usize, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("foureyes");
    command.env_clear().env("LANG", "C.UTF-8").env("COLUMNS", columns.to_string()).current_dir(folder.path());
    let output = command.args(arguments).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn json_follows_its_schema_and_tables_fit() {
    let resources = json!([
        table(true),
        vault(json!({"Locked": true, "LockDate": "2026-11-25T00:00:00Z"})),
        point(POINT, VAULT, Some(KEY)),
        resource(KEY, "AWS::KMS::Key", json!({"KeyState": "Enabled"})),
        production("arn:aws:s3:::shop", "AWS::S3::Bucket", json!({})),
        production(
            "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_A",
            "AWS::Cognito::UserPool",
            json!({})
        ),
        production(
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-AbCdEf",
            "AWS::SecretsManager::Secret",
            json!({"ReplicaRegions": ["eu-central-1"]})
        ),
        production("arn:aws:kms:eu-west-1:111122223333:key/p", "AWS::KMS::Key", json!({"KeyManager": "CUSTOMER"})),
        production("arn:aws:logs:eu-west-1:111122223333:log-group:\u{1b}[2J", "AWS::Logs::LogGroup", json!({}))
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("account.json");
    std::fs::write(&path, account(resources).to_string()).unwrap();
    let file = path.to_str().unwrap();
    let schema = std::fs::read_to_string("schemas/recovery-v1.schema.json").unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for source in [&["--snapshot", file][..], &["--demo"]] {
        let (_, printed) = run(100, &[&["recovery", "--format", "json"], source].concat());
        let value: Value = serde_json::from_str(&printed).unwrap();
        let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{value:#}");
        assert!(!value["stores"].as_array().unwrap().is_empty());
        for columns in [40, 60, 100, 119, 120, 200] {
            let (code, printed) = run(columns, &[&["recovery"], source].concat());
            assert!(matches!(code, 0 | 3), "{code}");
            assert!(!printed.contains('\u{1b}'), "{printed}");
            for line in printed.lines() {
                assert!(line.chars().count() <= columns, "{columns}: {line}\n{printed}");
            }
        }
    }
    let (code, printed) = run(150, &["recovery", "--snapshot", file]);
    assert_eq!(code, 3, "log groups and buckets were not read whole\n{printed}");
    let (code, printed) = run(150, &["recovery", "--snapshot", file, "--environment", "moon"]);
    assert_eq!(code, 0);
    assert!(printed.contains("No store of data is known to belong to moon."), "{printed}");
}

/// At every width: one line a store, none wider than the terminal, the way back and who could destroy both always there.
#[test]
fn the_table_has_one_line_a_store() {
    for width in [80, 100, 120, 170] {
        let mut program = assert_cmd::Command::cargo_bin("foureyes").unwrap();
        let output =
            program.env_clear().env("COLUMNS", width.to_string()).args(["recovery", "--demo"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let head = lines.iter().position(|line| line.contains("Recovery point")).unwrap();
        for column in ["Name", "Recovery point", "estroy both"] {
            assert!(lines[head].contains(column), "{width}: {text}");
        }
        let rows: Vec<&&str> = lines[head + 1..].iter().take_while(|line| !line.is_empty()).collect();
        assert_eq!(rows.len(), 4, "{width}: {text}");
        let widest = lines.iter().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{width}: {widest}\n{text}");
        assert!(text.contains("--wide"), "{width}: {text}");
        // All there is, where it fits and where it is asked for.
        let wide = program.arg("--wide").output().unwrap().stdout;
        let wide = String::from_utf8(wide).unwrap();
        assert!(wide.contains("user/priya") && !wide.contains("Shortened"), "{wide}");
        assert!(
            wide.contains("Newest copy") && wide.contains("Restore proven") && wide.contains("Protected"),
            "{wide}"
        );
    }
}
