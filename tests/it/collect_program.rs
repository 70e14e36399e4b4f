//! The program itself against an AWS on this machine: exit codes, files, signals, and no secret anywhere.

use crate::collect::everything;
use crate::collect_organization::organization;
use crate::fake_aws::*;
use foureyes::snapshot::{self, Outcome, Snapshot};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(path: &Path) -> Snapshot {
    snapshot::read(path).unwrap().snapshot
}

/// Runs to the end: exit code, standard output and standard error.
fn run(url: &str, arguments: &[&str]) -> (i32, String, String) {
    let output = program(url).args(arguments).output().unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn exit_codes_tell_violations_from_gaps() {
    // Nothing there, nothing refused.
    let clean = serve(Fake::new(|_| None));
    let (code, out, err) = run(&clean, &["audit"]);
    assert_eq!(code, 0, "{out}{err}");
    // Nothing there as far as one can see.
    let gap =
        serve(Fake::new(|asked| (asked.operation == "ListTables").then(|| json_error(400, "AccessDeniedException"))));
    let (code, out, _) = run(&gap, &["audit"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("dynamodb:ListTables"), "{out}");
    let (_, report, _) = run(&gap, &["audit", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let not_judged = report["not_judged"].as_array().unwrap();
    let of = |rule: &str| not_judged.iter().find(|each| each["rule"] == rule);
    let tables = of("table-without-deletion-protection").unwrap();
    assert_eq!((&tables["permissions"], &tables["resources"]), (&json!(["dynamodb:ListTables"]), &json!([])));
    assert_eq!(of("bucket-without-versioning"), None, "buckets were seen");
    // A table of production that nothing protects, and a gap.
    let both = serve(Fake::new(|asked| match (asked.service.as_str(), asked.operation.as_str()) {
        ("dynamodb", "ListTables") => Some(json(json!({"TableNames": ["orders"]}))),
        ("dynamodb", "DescribeTable") => Some(json(json!({"Table": {"DeletionProtectionEnabled": false}}))),
        ("dynamodb", "ListTagsOfResource") => Some(json(json!({"Tags": [{"Key": "env", "Value": "prod"}]}))),
        ("kms", "ListKeys") => Some(json_error(400, "AccessDeniedException")),
        _ => None,
    }));
    assert_eq!(run(&both, &["audit"]).0, 1);
    assert_eq!(run(&both, &["audit", "--require-complete"]).0, 3);
    assert_eq!(run(&clean, &["audit", "--require-complete"]).0, 0);
}

#[test]
fn the_ceiling_of_requests_holds() {
    let fake = Fake::new(|_| None);
    let url = serve(fake.clone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let started = Instant::now();
    let (code, _, err) = run(&url, &["collect", "--max-rate", "40", "--out", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    let requests: usize = fake.seen.lock().unwrap().values().sum();
    assert!(requests > 40, "{requests}");
    let least = Duration::from_secs_f64((requests - 1) as f64 / 40.0);
    assert!(started.elapsed() >= least, "{requests} in {:?}", started.elapsed());
    let (code, _, err) = run(&url, &["collect", "--max-rate", "0", "--out", "x"]);
    assert_eq!(code, 2);
    assert!(err.contains("give a number of requests a second"), "{err}");
}

/// Starts the program, waits until the server has seen an operation, and interrupts it.
fn interrupt(fake: &Fake, url: &str, operation: &str, arguments: &[&str]) -> (i32, String) {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("foureyes"));
    command.env_clear().envs(environment(url)).args(arguments).stderr(Stdio::piped()).stdout(Stdio::null());
    let child = command.spawn().unwrap();
    let started = Instant::now();
    while fake.count(operation) == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "{operation} was not called");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let stopped = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(20), "{:?}", stopped.elapsed());
    (output.status.code().unwrap_or(-1), text(&output.stderr))
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_what_it_has() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "DescribeTable" if asked.body.contains("Orders") => Some(Answer::Silence),
        _ => everything(asked),
    });
    let url = serve(fake.clone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let (code, err) = interrupt(&fake, &url, "DescribeTable", &["collect", "--out", file.to_str().unwrap()]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("interrupted: what was read until then is kept"), "{err}");
    let account = &read(&file).accounts[0];
    let entry = account
        .coverage
        .iter()
        .find(|entry| entry.operation == "DescribeTable" && entry.outcome == Outcome::Failed)
        .unwrap();
    assert!(entry.detail.as_deref().unwrap().contains("interrupted"), "{entry:?}");
    assert!(account.resources.iter().any(|resource| resource.arn.ends_with("table/Orders")), "the table is known");
    let (code, _, _) = run(&url, &["audit", "--snapshot", file.to_str().unwrap()]);
    assert!(code == 1 || code == 3, "{code}");
}

/// The snapshots of a directory without the time at which each was made.
fn timeless(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut one = read(&path);
        one.collected_at = None;
        files.insert(path.file_name().unwrap().to_string_lossy().into_owned(), serde_json::to_string(&one).unwrap());
    }
    files
}

#[cfg(unix)]
#[test]
fn a_run_over_many_accounts_goes_on_where_it_was_interrupted() {
    let accounts = |asked: &Asked| organization(12, asked);
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| format!("{}/{name}/", folder.path().display());
    let whole = serve(Fake::new(accounts));
    let (code, _, err) = run(&whole, &["collect", "--organization", "--out", &out("whole")]);
    assert_eq!(code, 0, "{err}");
    let undisturbed = timeless(Path::new(&out("whole")));
    assert_eq!(undisturbed.len(), 11, "one of twelve is suspended");

    // One account hangs until somebody loses patience; another gives nonsense.
    let key = |number: usize| format!("ASIA{}", crate::collect_organization::id(number));
    let disturbed = Fake::new(move |asked| match asked.operation.as_str() {
        "ListTables" if asked.key == key(8) => Some(Answer::Silence),
        "ListTables" if asked.key == key(1) => Some(Answer::Http(200, vec![], "<html>".to_owned())),
        _ => accounts(asked),
    });
    let url = serve(disturbed.clone());
    let arguments = ["collect", "--organization", "--out", &out("resumed")];
    // By then the first accounts have been written.
    let (code, err) = interrupt(&disturbed, &url, "ListTables", &arguments);
    assert_eq!(code, 3, "{err}");
    let first = timeless(Path::new(&out("resumed")));
    for text in first.values() {
        assert!(serde_json::from_str::<Snapshot>(text).is_ok());
    }

    let second = Fake::new(accounts);
    let (code, _, err) = run(&serve(second.clone()), &arguments);
    assert_eq!(code, 0, "{err}");
    assert_eq!(timeless(Path::new(&out("resumed"))), undisturbed);
    // A third run has nothing to do, and says so.
    let third = Fake::new(accounts);
    let (code, _, err) = run(&serve(third.clone()), &arguments);
    assert_eq!((code, third.count("AssumeRole")), (0, 0), "{err}");
    assert!(err.contains("not read again") && err.contains("0 accounts written"), "{err}");
    // Unless it is told that nothing is fresh.
    let fourth = Fake::new(accounts);
    let anew = ["collect", "--organization", "--fresh-for", "0s", "--out", &out("resumed")];
    assert_eq!(run(&serve(fourth.clone()), &anew).0, 0);
    assert_eq!(fourth.count("AssumeRole"), 10);

    // One report of all, live and from the directory.
    for source in [vec!["audit", "--organization"], vec!["audit", "--snapshot", &out("resumed")]] {
        let (code, report, err) = run(&whole, &[source.as_slice(), &["--format", "json"]].concat());
        assert!(code == 0 || code == 1, "{err}");
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert!(report.to_string().contains(&crate::collect_organization::id(10)), "{report}");
    }
}

#[test]
fn an_account_that_cannot_be_entered_is_named_in_the_report() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "AssumeRole" if asked.body.contains(&crate::collect_organization::id(2)) => {
            Some(xml_error(403, "AccessDenied"))
        }
        _ => organization(4, asked),
    });
    let (code, out, err) = run(&serve(fake), &["audit", "--organization"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.contains("Accounts that could not be entered were not judged at all."), "{out}");
}

#[test]
fn no_secret_leaves_the_program() {
    let url = serve(Fake::new(everything));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let fixes = folder.path().join("fixes");
    let (file, fixes) = (file.to_str().unwrap(), fixes.to_str().unwrap());
    let mut said = String::new();
    for arguments in [
        vec!["-vv", "collect", "--out", file],
        vec!["-vv", "audit", "--snapshot", file, "--fixes", "--fixes-out", fixes],
        vec!["-vv", "audit", "--format", "json"],
        vec!["who-can", "dynamodb:DeleteTable", "*", "--snapshot", file],
    ] {
        let output =
            program(&url).env("FOUREYES_LOG", "trace").env("RUST_LOG", "trace").args(&arguments).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code != 2), "{arguments:?}: {}", text(&output.stderr));
        said.push_str(&text(&output.stdout));
        said.push_str(&text(&output.stderr));
    }
    said.push_str(&std::fs::read_to_string(file).unwrap());
    for entry in std::fs::read_dir(fixes).into_iter().flatten() {
        said.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default());
    }
    assert!(said.contains("DB_PASSWORD"), "names of variables stay");
    let found = said.find("SECRET").map(|at| said.get(at.saturating_sub(80)..(at + 40).min(said.len())));
    assert_eq!(found, None);
}
