//! Snapshot files: what is read, what is refused and how, what is written.

use foureyes::snapshot::{self, Account, Document, Loaded, Outcome, Resource, SCHEMA, Snapshot};
use insta::assert_snapshot;
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CLOUDSPLAINING: &[u8] = include_bytes!("../accounts/cloudsplaining-example.json");
const ACME: &[u8] = include_bytes!("../accounts/acme.json");

/// Reads the bytes as a file.
fn read(bytes: impl AsRef<[u8]>) -> Result<Loaded, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, bytes).unwrap();
    snapshot::read(&path).map_err(|error| said(&error, directory.path()))
}

/// Reads files in a directory.
fn read_files(files: &[(&str, &str)]) -> Result<Loaded, String> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    snapshot::read(directory.path()).map_err(|error| said(&error, directory.path()))
}

fn said(error: &impl ToString, directory: &Path) -> String {
    error.to_string().replace(directory.to_str().unwrap(), "DIR")
}

fn refused(bytes: impl AsRef<[u8]>) -> String {
    let message = read(bytes).unwrap_err();
    assert!(message.starts_with("`DIR/file`: ") && !message.ends_with('.'), "{message}");
    assert!(!message.chars().any(char::is_control), "{message:?}");
    assert!(message.len() < 1000, "{message}");
    message.trim_start_matches("`DIR/file`: ").to_owned()
}

/// A snapshot with these accounts.
fn with_accounts(accounts: &str) -> String {
    format!(r#"{{"schema": "{SCHEMA}", "accounts": [{accounts}]}}"#)
}

/// Authorization details with one role an ARN.
fn roles(arns: &[&str]) -> String {
    let roles: Vec<_> = arns.iter().map(|arn| format!(r#"{{"Arn": "{arn}"}}"#)).collect();
    let roles = roles.join(", ");
    format!(r#"{{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [{roles}], "Policies": []}}"#)
}

fn written(snapshot: &Snapshot, name: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    snapshot::write(&path, snapshot).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn reads_a_snapshot() {
    let Loaded { snapshot, notes } = read(ACME).unwrap();
    assert!(notes.is_empty());
    let account = &snapshot.accounts[0];
    assert_eq!(account.alias.as_deref(), Some("acme-prod"));
    let user = &account.authorization_details.user_detail_list[0];
    assert_snapshot!(user.user_policy_list[0].policy_document.text().unwrap(), @r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}]}"#);
    assert_eq!(account.resources[1].tags["env"], "prod");
}

#[test]
fn reads_the_example_of_cloudsplaining_whole() {
    let Loaded { snapshot, notes } = read(CLOUDSPLAINING).unwrap();
    let [account] = &snapshot.accounts[..] else { panic!("one account") };
    assert_eq!(account.id, "200611803367");
    let details = &account.authorization_details;
    assert_eq!(details.user_detail_list.len(), 44);
    assert_eq!(details.group_detail_list.len(), 5);
    assert_eq!(details.role_detail_list.len(), 78);
    assert_eq!(details.policies.len(), 84);
    let inline = details.role_detail_list.iter().flat_map(|role| &role.role_policy_list);
    let inline = inline.map(|policy| &policy.policy_document);
    let trust = details.role_detail_list.iter().flat_map(|role| &role.assume_role_policy_document);
    let managed = details.policies.iter().flat_map(|policy| &policy.policy_version_list);
    let managed = managed.flat_map(|version| &version.document);
    let documents: Vec<&Document> = inline.chain(trust).chain(managed).collect();
    assert!(documents.len() > 150 && documents.iter().all(|document| document.text().is_ok()));
    assert_snapshot!(notes.join("\n"), @r#"
    this is the output of `aws iam get-account-authorization-details`: organization policies, Amplify and DynamoDB are not part of it and stay unknown
    10 of 173 entries have an ARN of another account than `200611803367`; they are kept
    "#);
    let coverage: Vec<_> = account.coverage.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    assert_snapshot!(coverage.join("\n"), @r#"
    {"service":"amplify","operation":"ListApps","outcome":"unsupported","detail":"apps, branches and their settings are not part of the output of `aws iam get-account-authorization-details`"}
    {"service":"dynamodb","operation":"ListTables","outcome":"unsupported","detail":"tables, their settings and policies are not part of the output of `aws iam get-account-authorization-details`"}
    {"service":"iam","operation":"GetAccountAuthorizationDetails","outcome":"ok"}
    {"service":"organizations","operation":"ListPolicies","outcome":"unsupported","detail":"organization policies are not part of the output of `aws iam get-account-authorization-details`"}
    "#);
}

#[test]
fn compression_is_seen_by_content() {
    let small = zstd::encode_all(ACME, 3).unwrap();
    assert_eq!(read(&small).unwrap().snapshot.accounts.len(), 1);
    assert_snapshot!(refused(&small[..small.len() / 2]), @"the compressed file ends too early; it was cut off, so write or copy it again");
    // What `write` writes carries a checksum, so that a flipped bit in the data is seen too.
    let mut damaged = written(&read(ACME).unwrap().snapshot, "a.zst");
    *damaged.last_mut().unwrap() ^= 1;
    assert_snapshot!(refused(damaged), @"the compressed file is damaged (Restored data doesn't match checksum); write or copy it again");
}

#[test]
fn reads_standard_input() {
    // The standard input of this process is not ours to replace: a second one runs the test below.
    let child = assert_cmd::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "snapshot::standard_input_in_a_child", "--nocapture"])
        .env("SNAPSHOT_ON_STDIN", "1")
        .write_stdin(ACME)
        .assert()
        .success();
    assert!(String::from_utf8_lossy(&child.get_output().stdout).contains("1 passed"));
}

#[test]
fn standard_input_in_a_child() {
    if std::env::var_os("SNAPSHOT_ON_STDIN").is_none() {
        return;
    }
    let loaded = snapshot::read(Path::new("-")).unwrap();
    assert_eq!(loaded.snapshot.accounts[0].id, "111122223333");
}

#[test]
fn a_byte_order_mark_is_no_harm() {
    assert!(read([b"\xef\xbb\xbf", ACME].concat()).is_ok());
}

#[test]
fn reads_pages() {
    let first = r#"{"IsTruncated": true, "Marker": "x", "ResponseMetadata": {"HTTPStatusCode": 200},
        "UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/a", "CreateDate": "2026-01-01 00:00:00+00:00"}],
        "GroupDetailList": [], "RoleDetailList": null, "Policies": [{"Arn": "arn:aws:iam::aws:policy/X"}]}"#;
    let last = r#"{"IsTruncated": false, "UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/b", "Tags": null}],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [{"Arn": "arn:aws:iam::aws:policy/X"}]}"#;
    for text in [
        format!("[{first},{last}]"),
        format!("{first}\n{last}"),
        format!(" {last}{first} "),
        format!("[{last}][{first}]"),
    ] {
        let Loaded { snapshot, notes } = read(text).unwrap();
        let account = &snapshot.accounts[0];
        assert_eq!(account.authorization_details.user_detail_list.len(), 2);
        assert_eq!(account.authorization_details.policies.len(), 1);
        assert_eq!(notes[1..], ["entries whose ARN came before: 1; the first of each is used"]);
        assert!(account.coverage.iter().any(|entry| entry.service == "iam" && entry.outcome == Outcome::Ok));
    }
}

#[test]
fn what_is_missing_is_said() {
    let iam = |text: &str| {
        let coverage = &read(text).unwrap().snapshot.accounts[0].coverage;
        let entry = coverage.iter().find(|entry| entry.service == "iam").unwrap().clone();
        (entry.outcome, entry.detail.unwrap_or_default())
    };
    let arn = "arn:aws:iam::111122223333:user/a";
    let (outcome, detail) = iam(&format!(r#"{{"UserDetailList": [{{"Arn": "{arn}"}}], "Policies": []}}"#));
    assert_eq!(outcome, Outcome::Failed);
    assert_snapshot!(detail, @"the file does not have `GroupDetailList`, `RoleDetailList`");
    let page = roles(&[arn]).replacen('{', r#"{"NextToken": "x","#, 1);
    let (outcome, detail) = iam(&page);
    assert_eq!(outcome, Outcome::Failed);
    assert_snapshot!(detail, @"the file lacks the last page: every page says that another follows");
}

#[test]
fn one_broken_document_spoils_nothing() {
    let details = CLOUDSPLAINING.to_vec();
    let good = String::from_utf8(details).unwrap();
    let deep = format!("{}1{}", r#"{"a":["#.repeat(100_000), "]}".repeat(100_000));
    let broken = ["5", "1e99999", "true", "[]", "{}", r#""""#, r#""\ud800""#, r#""%zz""#, r#"{"a": 1, "a": 2}"#, &deep];
    for document in broken {
        let policy = format!(r#"[{{"PolicyName": "broken", "PolicyDocument": {document}}}, {{"PolicyName": "none"}}]"#);
        let role = format!(
            r#"{{"Arn": "arn:aws:iam::200611803367:role/z", "AssumeRolePolicyDocument": {document}, "RolePolicyList": {policy}}}, "#
        );
        let text = good.replacen(r#""RoleDetailList": ["#, &format!(r#""RoleDetailList": [{role}"#), 1);
        let details = &read(text).unwrap().snapshot.accounts[0].authorization_details;
        assert_eq!(details.role_detail_list.len(), 79, "{document:.20}");
        let role = details.role_detail_list.iter().find(|role| role.arn.ends_with("role/z")).unwrap();
        assert_eq!(role.role_policy_list[0].policy_document.text().is_ok(), document.starts_with('{'));
        assert!(role.role_policy_list[1].policy_document.text().is_err());
    }
}

#[test]
fn reads_a_directory() {
    let organization =
        |id: &str| format!(r#"{{"schema": "{SCHEMA}", "organization": {{"id": "{id}"}}, "accounts": []}}"#);
    let details = roles(&["arn:aws:iam::222222222222:role/x"]);
    let files = [
        ("b.json", with_accounts(r#"{"id": "111111111111"}"#).replacen('{', r#"{"collected_at": "2026-01-02","#, 1)),
        ("a.json", details),
        ("README.md", "not read".to_owned()),
        (".hidden.json", "not read".to_owned()),
        ("o.json", organization("o-1").replacen('{', r#"{"collected_at": "2026-01-01","#, 1)),
    ];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let Loaded { snapshot, notes } = read_files(&files).unwrap();
    let ids: Vec<_> = snapshot.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["111111111111", "222222222222"]);
    assert_eq!(snapshot.organization.unwrap().id, "o-1");
    assert_eq!(snapshot.collected_at.as_deref(), Some("2026-01-01"));
    assert_eq!(notes.len(), 3, "{notes:#?}");
    assert_eq!(notes[2], "the files were collected at different times, from 2026-01-01 to 2026-01-02");

    let (one, two) = (organization("o-1"), organization("o-2"));
    assert_snapshot!(read_files(&[("a.json", &one), ("b.json", &two)]).unwrap_err(), @"`DIR/b.json`: the organization is not the same as in `DIR/a.json`; collect both again, or remove it from the older file");
    let account = with_accounts(r#"{"id": "111111111111"}"#);
    assert_snapshot!(read_files(&[("a.json", &account), ("b.json", &account)]).unwrap_err(), @"`DIR/b.json`: account `111111111111` is also in `DIR/a.json`; keep one description of it");
    assert_snapshot!(read_files(&[("a.json", &account), ("b.json", "{")]).unwrap_err(), @"`DIR/b.json`: the file ends too early, at line 1, column 1; it was cut off, so write or copy it again");
    assert_snapshot!(read_files(&[]).unwrap_err(), @"`DIR`: the directory holds no file named `*.json` or `*.zst`; give one that holds one file an account");
}

#[test]
fn files_that_are_no_snapshot() {
    let directory = tempfile::tempdir().unwrap();
    let missing = snapshot::read(&directory.path().join("no\nfile\u{1b}[31m")).unwrap_err();
    assert_snapshot!(said(&missing, directory.path()), @r#"`DIR/no\u{a}file\u{1b}[31m`: there is no such file; give a snapshot, a directory of snapshots, the output of `aws iam get-account-authorization-details`, or `-` for standard input"#);
    assert_snapshot!(refused(""), @"the file is empty; write it again and look at what the command that writes it says");
    assert_snapshot!(refused("\u{feff} \n\t\r\n"), @"the file is empty; write it again and look at what the command that writes it says");
    assert_snapshot!(refused(&ACME[..900]), @"the file ends too early, at `organization.policies[1]` (line 38, column 2); it was cut off, so write or copy it again");
    assert_snapshot!(refused(b"\x7fELF\x02\x01\x01\0\xff\xfe"), @"the file is not UTF-8 text (line 1, column 9); give a JSON file, plain or zstd-compressed");
    assert_snapshot!(refused(b"{\"schema\":\n \"\xff\"}"), @"the file is not UTF-8 text (line 2, column 3); give a JSON file, plain or zstd-compressed");
    assert_snapshot!(refused(b"\xff\xfe{\0"), @"the file is UTF-16 text; save it as UTF-8; `>` of Windows PowerShell writes UTF-16");
    assert_snapshot!(refused(b"\x1f\x8b\x08"), @"the file is gzip-compressed; decompress it first, or use zstd");
    assert_snapshot!(refused(b"PK\x03\x04"), @"the file is a zip archive; unpack it first");
    assert_snapshot!(refused("An error occurred (AccessDenied)"), @"the file is not valid JSON: expected value at line 1, column 1; correct it there or write it again");
    assert_snapshot!(refused("[1, 2]"), @r#"
    invalid type: integer `1`, expected the JSON object that is a snapshot or the output of `aws iam get-account-authorization-details` at `[0]` (line 1, column 2); docs/snapshot.md describes the format
    "#);
    assert_snapshot!(refused("\"text\""), @r#"
    invalid type: string "text", expected the JSON object that is a snapshot or the output of `aws iam get-account-authorization-details` at line 1, column 6; docs/snapshot.md describes the format
    "#);
    assert_snapshot!(refused("{}"), @r#"
    the file is neither a snapshot nor the output of `aws iam get-account-authorization-details`: at its top are no keys; give one of these two, as docs/snapshot.md says
    "#);
    assert_snapshot!(refused(r#"{"Account\u001b": {"Name": 1}, "UserId": "x"}"#), @r#"
    the file is neither a snapshot nor the output of `aws iam get-account-authorization-details`: at its top are `Account\u{1b}`, `UserId`; give one of these two, as docs/snapshot.md says
    "#);
    assert_snapshot!(refused(r#"{"accounts": []}"#), @r#"the field `schema` is missing; a snapshot starts with `"schema": "foureyes/snapshot/v1"`"#);
    assert_snapshot!(refused(format!("[{}]", with_accounts(""))), @"the file is an array of snapshots; put each into a file of its own and give their directory");
    assert_snapshot!(refused(format!("{0}{0}", with_accounts(""))), @"the file is not valid JSON: trailing characters at line 1, column 51; correct it there or write it again");
}

#[test]
fn snapshots_of_another_form() {
    assert_snapshot!(refused(r#"{"schema": "foureyes/snapshot/v2", "planets": {}}"#), @"foureyes/snapshot/v2: this program reads v1; update it");
    assert_snapshot!(refused(r#"{"accounts": [], "schema": "foureyes/report/v1"}"#), @"the schema is `foureyes/report/v1`, not `foureyes/snapshot/v1`; give a snapshot");
    assert_snapshot!(refused(r#"{"schema": 1}"#), @"invalid type: integer `1`, expected a string at `schema` (line 1, column 12); docs/snapshot.md describes the format");
    assert_snapshot!(refused(with_accounts(r#"{"id": "111111111111", "colour": 1}"#)), @"unknown field `colour`, expected one of `id`, `alias`, `parent`, `policies`, `authorization_details`, `resources`, `coverage` at `accounts[0]` (line 1, column 79); foureyes/snapshot/v1 has no such field, so remove it, or update this program if a newer one wrote the file");
    assert_snapshot!(refused(with_accounts(r#"{"id": "111111111111", "resources": [{"type": "x"}]}"#)), @"missing field `arn` at `accounts[0].resources[0]` (line 1, column 98); docs/snapshot.md describes the format");
    assert_snapshot!(refused(with_accounts(r#"{"id": 111111111111}"#)), @"invalid type: integer `111111111111`, expected a string at `accounts[0].id` (line 1, column 67); docs/snapshot.md describes the format");
    assert_snapshot!(refused(with_accounts(r#"{"id": "../etc/passwd"}"#)), @"`../etc/passwd` is not an account id, at `accounts[0].id`; write its twelve digits in quotes");
    assert_snapshot!(refused(with_accounts(r#"{"id": "111111111111"}, {"id": "222222222222"}, {"id": "111111111111"}"#)), @"account `111111111111` is also at `accounts[0]`, not only at `accounts[2]`; keep one description of it");
    assert_snapshot!(refused(with_accounts("").replace("[]", "[], \"accounts\": []")), @"duplicate field `accounts` at line 1, column 61; docs/snapshot.md describes the format");
    assert_snapshot!(refused(r#"{"UserDetailList": {"a": 1}}"#), @"invalid type: map, expected a sequence at `UserDetailList` (line 1, column 19); docs/snapshot.md describes the format");
    assert_snapshot!(refused(r#"{"RoleDetailList": [{"Arn": "x", "RolePolicyList": [{"PolicyName": ["x"]}]}]}"#), @"invalid type: sequence, expected a string at `RoleDetailList[0].RolePolicyList[0].PolicyName` (line 1, column 67); docs/snapshot.md describes the format");
    assert_snapshot!(refused(roles(&["arn:aws:iam::111111111111:role/a", "arn:aws:iam::222222222222:role/a"])), @"the ARNs name several accounts (1 of `111111111111`, 1 of `222222222222`); put the output for each account into a file of its own and give their directory");
    let (one, two) = (roles(&["arn:aws:iam::111111111111:role/a"; 30]), roles(&["arn:aws:iam::222222222222:role/a"]));
    assert_snapshot!(refused(format!("{one}\n{two}")), @"the ARNs name several accounts (30 of `111111111111`, 1 of `222222222222`); put the output for each account into a file of its own and give their directory");
    assert_snapshot!(refused(roles(&[])), @"no user, group, role or customer policy has an ARN that names its account; put the lists under `authorization_details` of a snapshot, which names it");
}

#[test]
fn hostile_files() {
    let started = Instant::now();
    let property = |value: &str| {
        with_accounts(&format!(
            r#"{{"id": "111111111111", "resources": [{{"arn": "a", "type": "t", "properties": {{"p": {value}}}}}]}}"#
        ))
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_snapshot!(refused(property(&deep)), @"the JSON is nested too deep at `accounts[0].resources[0].properties.p[0][0][0][0][0][0]…` (line 1, column 253); no real snapshot is, so look at where the file comes from");
    assert_snapshot!(refused(&deep), @r#"
    invalid type: sequence, expected the JSON object that is a snapshot or the output of `aws iam get-account-authorization-details` at `[0]` (line 1, column 1); docs/snapshot.md describes the format
    "#);
    assert_snapshot!(refused(r#"{"a":"#.repeat(100_000)), @"the file ends too early, at `a.a.a.a.a.a.a.a.a.a.a.a…` (line 1, column 500000); it was cut off, so write or copy it again");
    assert_snapshot!(refused(property("1e999")), @"the file is not valid JSON: number out of range at `accounts[0].resources[0].properties.p` (line 1, column 136); correct it there or write it again");
    assert!(read(property(&"9".repeat(300))).is_ok());
    assert_snapshot!(refused(property(r#""\ud800""#)), @"the file is not valid JSON: unexpected end of hex escape at `accounts[0].resources[0].properties.p` (line 1, column 139); correct it there or write it again");
    let long = "x".repeat(10_000_000);
    assert!(read(property(&format!("\"{long}\""))).is_ok());
    assert_snapshot!(refused(format!(r#"{{"schema": "{long}"}}"#)), @"the schema is `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, not `foureyes/snapshot/v1`; give a snapshot");
    assert_snapshot!(refused(format!(r#"{{"{long}": 1, "b": 2}}"#)), @r#"
    the file is neither a snapshot nor the output of `aws iam get-account-authorization-details`: at its top are `xxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxx`, `b`; give one of these two, as docs/snapshot.md says
    "#);
    assert_snapshot!(refused(with_accounts(&format!(r#"{{"{long}": 1}}"#))), @"unknown field `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, expected one of `id`, `alias`, `parent`, `policies`, `authorization_details`, `resources`, `coverage` at `accounts[0]` (line 1, column 10000051); foureyes/snapshot/v1 has no such field, so remove it, or update this program if a newer one wrote the file");
    assert_snapshot!(refused(with_accounts(&format!(r#"{{"id": "{long}"}}"#))), @"`xxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxx` is not an account id, at `accounts[0].id`; write its twelve digits in quotes");
    assert_snapshot!(refused(with_accounts("{\"\\u001b[31m\\u202e`\\n\": 1}")), @r#"unknown field `\u{1b}[31m\u{202e}`\u{a}`, expected one of `id`, `alias`, `parent`, `policies`, `authorization_details`, `resources`, `coverage` at `accounts[0]` (line 1, column 70); foureyes/snapshot/v1 has no such field, so remove it, or update this program if a newer one wrote the file"#);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn the_limit_counts_json_not_compressed_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bomb.json");
    let bomb = zstd::encode_all(&vec![b' '; 50_000_000][..], 3).unwrap();
    assert!(bomb.len() < 10_000);
    fs::write(&path, bomb).unwrap();
    assert_snapshot!(said(&snapshot::read_within(&path, 1_000_000).unwrap_err(), directory.path()), @"`DIR/bomb.json`: there are more than 1000000 bytes of JSON; read fewer accounts at a time");
    let size = u64::try_from(ACME.len()).unwrap();
    fs::write(&path, ACME).unwrap();
    assert!(snapshot::read_within(&path, size).is_ok());
    assert!(snapshot::read_within(&path, size.saturating_sub(1)).is_err());
    // A directory has one limit for all files.
    let other = with_accounts(r#"{"id": "222222222222"}"#);
    fs::write(directory.path().join("other.json"), &other).unwrap();
    let both = size.saturating_add(u64::try_from(other.len()).unwrap());
    assert!(snapshot::read_within(directory.path(), both).is_ok());
    let less = both.saturating_sub(1);
    let message = said(&snapshot::read_within(directory.path(), less).unwrap_err(), directory.path());
    assert_snapshot!(message.replace(&less.to_string(), "LIMIT"), @"`DIR/other.json`: there are more than LIMIT bytes of JSON; read fewer accounts at a time");
}

#[test]
fn writes_what_it_reads() {
    let acme = read(ACME).unwrap().snapshot;
    assert_eq!(String::from_utf8(written(&acme, "a.json")).unwrap(), String::from_utf8(ACME.to_vec()).unwrap());
    let first = written(&read(CLOUDSPLAINING).unwrap().snapshot, "a.json");
    let second = written(&read(&first).unwrap().snapshot, "a.json");
    assert_eq!(first, second);
    let compressed = written(&acme, "a.json.zst");
    assert_eq!(zstd::decode_all(&compressed[..]).unwrap(), ACME);
    assert_eq!(compressed, written(&acme, "b.zst"));
}

#[test]
fn order_means_nothing() {
    let mut snapshot = read(ACME).unwrap().snapshot;
    let organization = snapshot.organization.as_mut().unwrap();
    organization.policies.reverse();
    organization.units[0].policies.reverse();
    let account = &mut snapshot.accounts[0];
    account.resources.reverse();
    account.coverage.reverse();
    account.authorization_details.policies.reverse();
    assert_eq!(written(&snapshot, "a.json"), ACME);
}

#[test]
fn writes_whole_private_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.json");
    fs::write(&path, "old").unwrap();
    let mut acme = read(ACME).unwrap().snapshot;
    snapshot::write(&path, &acme).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    acme.accounts[0].id = "../../etc".to_owned();
    let error = snapshot::write(&path, &acme).unwrap_err();
    assert_snapshot!(said(&error, directory.path()), @"the snapshot is not valid: `../../etc` is not an account id, at `accounts[0].id`; write its twelve digits in quotes");
    assert!(snapshot::write_directory(directory.path(), &acme).is_err());
    acme.accounts.clear();
    let error = snapshot::write(&directory.path().join("no/such/place"), &acme).unwrap_err();
    assert_snapshot!(said(&error, directory.path()), @"`DIR/no/such/place`: cannot be written: entity not found");
    // Nothing is left behind, and what was there is still whole.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    assert_eq!(fs::read(&path).unwrap(), ACME);
}

#[test]
fn a_directory_holds_the_same_as_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("new/inner");
    let mut acme = read(ACME).unwrap().snapshot;
    acme.accounts.push(Account { id: "000000000001".to_owned(), ..acme.accounts[0].clone() });
    snapshot::write_directory(&inner, &acme).unwrap();
    let mut names: Vec<PathBuf> =
        fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name().into()).collect();
    names.sort();
    assert_eq!(names, [Path::new("000000000001.json"), Path::new("111122223333.json")]);
    let loaded = snapshot::read(&inner).unwrap();
    assert!(loaded.notes.is_empty());
    assert_eq!(written(&loaded.snapshot, "a.json"), written(&acme, "a.json"));
}

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string("schemas/snapshot-v1.schema.json").unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn accounts_and_everything_written_follow_the_schema() {
    let schema = schema();
    let mut checked = 0;
    for entry in fs::read_dir("tests/accounts").unwrap() {
        let path = entry.unwrap().path();
        // Policies by their ARNs are no account.
        let is_account = path.extension().is_some_and(|end| end == "json") && !path.ends_with("managed-policies.json");
        if !is_account {
            continue;
        }
        let written = written(&snapshot::read(&path).unwrap().snapshot, "a.json");
        let text: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let raw = text.get("schema").is_some().then_some(text);
        for value in raw.into_iter().chain([serde_json::from_slice(&written).unwrap()]) {
            let errors: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 3);
}

#[test]
fn the_schema_is_as_strict_as_the_reader() {
    let schema = schema();
    let good: serde_json::Value = serde_json::from_slice(ACME).unwrap();
    let objects = [
        "",
        "/organization",
        "/organization/roots/0",
        "/organization/units/0",
        "/organization/policies/0",
        "/accounts/0",
        "/accounts/0/resources/0",
        "/accounts/0/coverage/0",
    ];
    for place in objects {
        let mut bad = good.clone();
        bad.pointer_mut(place).unwrap()["colour"] = true.into();
        assert!(!schema.is_valid(&bad) && read(bad.to_string()).is_err(), "{place}");
        // What one requires, the other requires too.
        let keys: Vec<String> = good.pointer(place).unwrap().as_object().unwrap().keys().cloned().collect();
        for key in keys {
            let mut less = good.clone();
            less.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(&key);
            assert_eq!(schema.is_valid(&less), read(less.to_string()).is_ok(), "{place}/{key}");
        }
    }
    let mut more = good;
    more.pointer_mut("/accounts/0/authorization_details/UserDetailList/0").unwrap()["New"] = true.into();
    assert!(schema.is_valid(&more) && read(more.to_string()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        quick(&bytes);
    }

    #[test]
    fn anything_after_a_magic_number_is_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        start in prop::sample::select(vec![&b"\x28\xb5\x2f\xfd"[..], b"\xef\xbb\xbf", b"{\"schema\":", b"[{\"Policies\":["]),
    ) {
        quick(&[start, &bytes].concat());
    }

    #[test]
    fn json_like_text_is_read_or_refused(
        text in r#"(\{|\}|\[|\]|,|:|"schema"|"accounts"|"foureyes/snapshot/v1"|"Policies"|"Arn"|"id"|null|1|"\\u[d0-9]{4}"){0,40}"#,
    ) {
        quick(text.as_bytes());
    }

    #[test]
    fn mutated_files_are_read_or_refused(
        compressed: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
    ) {
        let mut bytes = if compressed { zstd::encode_all(ACME, 1).unwrap() } else { ACME.to_vec() };
        for (index, byte, change) in changes {
            // The last byte may have been removed.
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        quick(&bytes);
    }

    #[test]
    fn what_was_written_is_read_again(
        accounts in prop::collection::btree_map("[0-9]{12}", prop::collection::btree_map("[a-z]{1,4}", any::<String>(), 0..4), 0..4),
        number: i64,
        fraction: f64,
    ) {
        let accounts = accounts.into_iter().map(|(id, names)| {
            let resources = names.into_iter().map(|(name, text)| Resource {
                arn: format!("arn:aws:s3:::{name}"),
                kind: "AWS::S3::Bucket".to_owned(),
                region: None,
                tags: [(text.clone(), text.clone())].into(),
                properties: [("Number".to_owned(), number.into()), ("Fraction".to_owned(), fraction.into())].into_iter().collect(),
                policy: Some(Document::from_text(&text)),
            });
            let text = format!(r#"{{"id": "{id}"}}"#);
            Account { resources: resources.rev().collect(), ..serde_json::from_str(&text).unwrap() }
        });
        let snapshot =
            Snapshot { schema: SCHEMA.to_owned(), collected_at: None, organization: None, accounts: accounts.rev().collect() };
        let first = written(&snapshot, "a.json");
        let second = written(&read(&first).unwrap().snapshot, "a.json.zst");
        prop_assert_eq!(first, zstd::decode_all(&second[..]).unwrap());
    }
}

fn quick(bytes: &[u8]) {
    let started = Instant::now();
    if let Err(message) = read(bytes) {
        assert!(!message.is_empty() && message.len() < 1000 && !message.chars().any(char::is_control), "{message:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// `cargo test --release -- --ignored --nocapture reading_is_faster`
#[test]
#[ignore = "a measurement, meaningful only in release mode"]
fn reading_is_faster_than_parsing_to_values() {
    let account: serde_json::Value = serde_json::from_slice(CLOUDSPLAINING).unwrap();
    let accounts: Vec<_> = (0..80)
        .map(|number| serde_json::json!({"id": format!("{number:012}"), "authorization_details": account}))
        .collect();
    let text =
        serde_json::to_vec(&serde_json::json!({"schema": SCHEMA, "organization": null, "accounts": accounts})).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.json");
    fs::write(&path, &text).unwrap();
    let best = |work: &dyn Fn()| {
        let times = (0..5).map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        });
        times.min().unwrap()
    };
    let typed = best(&|| drop(snapshot::read(&path).unwrap()));
    let value = best(&|| drop(serde_json::from_slice::<serde_json::Value>(&fs::read(&path).unwrap()).unwrap()));
    writeln!(std::io::stderr(), "{} bytes: read {typed:?}, as values {value:?}", text.len()).unwrap();
    assert!(typed < value);
}
