//! What `foureyes.toml` accepts for now: whom a suppression covers, when it ends, and what it says when nothing fits.

use serde_json::Value;
use std::process::Output;

/// `audit --demo` under a configuration.
fn audit(configuration: &str, further: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("foureyes.toml"), configuration).unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("foureyes");
    command.env_clear().env("COLUMNS", "100").current_dir(folder.path());
    command.args(["audit", "--demo"]).args(further).output().unwrap()
}

fn report(configuration: &str) -> Value {
    let output = audit(configuration, &["--format", "json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    let schema = std::fs::read_to_string("schemas/report-v1.schema.json").unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    assert!(schema.is_valid(&value), "{:?}", schema.iter_errors(&value).next());
    value
}

fn entry(fields: &str, expires: &str) -> String {
    format!("[[suppress]]\n{fields}\nreason = \"moves in March\"\nowner = \"mara\"\nexpires = {expires}\n")
}

const NEVER: &str = "\"9999-12-31\"";

/// Ids and principals of a list of findings of one rule.
fn of_rule<'v>(findings: impl IntoIterator<Item = &'v Value>, rule: &str) -> Vec<(&'v str, Vec<&'v str>)> {
    let names = |finding: &'v Value| -> Vec<&'v str> {
        let arns = finding["principals"].as_array().unwrap().iter();
        arns.map(|arn| arn.as_str().unwrap().rsplit_once('/').unwrap().1).collect()
    };
    let all = findings.into_iter().filter(|finding| finding["rule"] == rule);
    all.map(|finding| (finding["id"].as_str().unwrap(), names(finding))).collect()
}

fn findings(report: &Value) -> Vec<&Value> {
    report["findings"].as_array().unwrap().iter().collect()
}

fn suppressed(report: &Value) -> Vec<&Value> {
    report["suppressed"].as_array().unwrap().iter().map(|each| &each["finding"]).collect()
}

#[test]
fn a_suppressed_setting_is_told_elsewhere() {
    let before = report("");
    let after = report(&entry("rule = \"production-webhook\"", NEVER));
    assert_eq!(findings(&after).len() + 1, findings(&before).len());
    assert_eq!(of_rule(findings(&after), "production-webhook"), vec![]);
    assert_eq!(of_rule(suppressed(&after), "production-webhook").len(), 1);
    let each = &after["suppressed"][0];
    assert_eq!(
        (&each["reason"], &each["owner"], &each["expires"]),
        (&Value::from("moves in March"), &Value::from("mara"), &Value::from("9999-12-31"))
    );
    assert_eq!(after["unused_suppressions"], Value::Array(vec![]));
    // What nobody suppressed is as it was.
    let others = |report: &Value| -> Vec<Value> {
        findings(report).into_iter().filter(|finding| finding["rule"] != "production-webhook").cloned().collect()
    };
    assert_eq!(others(&before), others(&after));
}

#[test]
fn only_those_who_are_named_are_covered() {
    let rule = "delete-production-through-stack";
    let before = report("");
    let fields = format!("rule = \"{rule}\"\nprincipals = [\"*:user/jonas\"]");
    let after = report(&entry(&fields, NEVER));
    let (whole, rest) = (of_rule(findings(&before), rule), of_rule(findings(&after), rule));
    let with_jonas = whole.iter().find(|(_, names)| names.contains(&"jonas")).unwrap();
    let without = rest.iter().find(|(id, _)| *id == with_jonas.0).expect("the id of what is left stays");
    let left: Vec<&str> = with_jonas.1.iter().copied().filter(|name| *name != "jonas").collect();
    assert_eq!(without.1, left);
    assert_eq!(
        of_rule(suppressed(&after), rule).iter().map(|(_, names)| names.clone()).collect::<Vec<_>>(),
        [["jonas"]]
    );
    // Nothing that is told of the others names him.
    let finding = findings(&after).into_iter().find(|finding| finding["id"] == with_jonas.0).unwrap();
    assert!(!finding.to_string().contains("jonas"), "{finding:#}");
}

#[test]
fn only_what_is_named_is_covered() {
    let rule = "table-without-deletion-protection";
    let before = report("");
    let after = report(&entry(&format!("rule = \"{rule}\"\nresources = [\"*:table/Order-*\"]"), NEVER));
    let resources = |findings: Vec<&Value>| -> Vec<String> {
        let of = findings.into_iter().filter(|finding| finding["rule"] == rule);
        let mut all: Vec<String> = of
            .flat_map(|finding| finding["resources"].as_array().unwrap())
            .map(|arn| arn.as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all
    };
    let (accepted, left) = (resources(suppressed(&after)), resources(findings(&after)));
    assert!(accepted.len() == 1 && accepted[0].contains("table/Order-"), "{accepted:?}");
    let mut together = [accepted, left].concat();
    together.sort();
    assert_eq!(together, resources(findings(&before)));
}

/// A fix takes away what its finding speaks of: not the rights to what somebody decided to accept.
#[test]
fn a_fix_denies_nothing_that_was_accepted() {
    let rule = "delete-production-environment-directly";
    let after = report(&entry(&format!("rule = \"{rule}\"\nresources = [\"*/domains/*\"]"), NEVER));
    let left = findings(&after).into_iter().find(|finding| finding["rule"] == rule).unwrap();
    assert_eq!(left["fix"]["intent"]["resources"], left["resources"]);
    assert!(!left["resources"].to_string().contains("/domains/"));
}

#[test]
fn a_suppression_that_ended_suppresses_nothing_and_is_told() {
    let before = report("");
    let after = report(&entry("rule = \"production-webhook\"", "\"2020-01-01\""));
    assert_eq!(after["suppressed"], Value::Array(vec![]));
    assert_eq!(findings(&after).len(), findings(&before).len());
    let webhook = findings(&after).into_iter().find(|finding| finding["rule"] == "production-webhook").unwrap();
    let told = "mara accepted this until 2020-01-01 (moves in March); that day has come";
    assert!(webhook["evidence"].to_string().contains(told), "{webhook:#}");
    assert_eq!(after["unused_suppressions"], Value::Array(vec![]));
}

#[test]
fn a_suppression_that_fits_nothing_is_named() {
    for fields in [
        "rule = \"no-such-rule\"",
        "rule = \"production-webhook\"\nprincipals = [\"*\"]",
        "rule = \"production-webhook\"\nresources = [\"*:table/*\"]",
        "rule = \"delete-production-*\"\nprincipals = [\"*:user/nobody\"]",
    ] {
        for expires in [NEVER, "\"2020-01-01\""] {
            let report = report(&entry(fields, expires));
            assert_eq!(report["suppressed"], Value::Array(vec![]), "{fields}");
            assert_eq!(report["unused_suppressions"].as_array().unwrap().len(), 1, "{fields}");
        }
    }
    let text = String::from_utf8(audit(&entry("rule = \"no-such-rule\"", NEVER), &[]).stdout).unwrap();
    assert!(text.contains("no-such-rule, by mara until 9999-12-31"), "{text}");
}

#[test]
fn a_suppression_with_a_mistake_is_refused() {
    for (configuration, told) in [
        (entry("rule = \"x\"", "\"31.3.2027\""), "`31.3.2027` is not a day"),
        (entry("rule = \"x\"", "\"2027-02-30\""), "`2027-02-30` is not a day"),
        (entry("rule = \"x\"\nprincipals = []", NEVER), "`principals` is empty"),
        (entry("rule = \" \"", NEVER), "`rule` is empty"),
        (entry("rule = \"x\"\nwho = \"y\"", NEVER), "unknown field `who`"),
        (
            "[[suppress]]\nrule = \"x\"\nexpires = \"2027-01-01\"\nowner = \"mara\"\n".to_owned(),
            "missing field `reason`",
        ),
        ("[[suppress]]\nrule = \"x\"\nreason = \"y\"\nowner = \"mara\"\n".to_owned(), "missing field `expires`"),
    ] {
        let output = audit(&configuration, &[]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{configuration}");
        assert!(errors.contains(told), "{told}: {errors}");
    }
    // TOML's own date is one too.
    let own = report(&entry("rule = \"production-webhook\"", "9999-12-31"));
    assert_eq!(own["suppressed"][0]["expires"], "9999-12-31");
}

#[test]
fn everything_suppressed_is_no_violation() {
    let output = audit(&entry("rule = \"*\"", NEVER), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    // Calls were refused: the picture is still incomplete.
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("Accepted for now"), "{text}");
}
