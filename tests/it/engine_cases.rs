//! Every written-down case of `tests/cases/engine/` decides as it says. Each names the AWS page that justifies it.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Reads every case: file, line number, text, value.
pub fn cases() -> Vec<(String, usize, String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/engine");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (index, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let case = serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}:{}: {error}", index + 1));
            all.push((name.clone(), index + 1, line.to_owned(), case));
        }
    }
    all
}

#[test]
fn every_case_decides_as_it_says() {
    let mut wrong = Vec::new();
    for (file, number, line, case) in cases() {
        let answer: Value = serde_json::from_str(&foureyes::engine::case::answer_line(&line, number)).unwrap();
        let expect = &case["expect"];
        let decision = &answer["decision"];
        let or = expect["or"].as_array().is_some_and(|others| others.contains(decision));
        let by_fits = expect["decided_by"].is_null() || expect["decided_by"] == answer["decided_by"];
        if !((decision == &expect["decision"] || or) && by_fits) {
            wrong
                .push(format!("{file}:{number} {} ({})\n  expected {expect}\n  got {answer}", case["id"], case["why"]));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_case_has_an_id_a_reason_and_a_source() {
    let known = [
        "id",
        "source",
        "why",
        "expect",
        "request",
        "identity_policies",
        "permissions_boundaries",
        "session_policies",
        "resource_policy",
        "vpc_endpoint_policies",
        "scps",
        "rcps",
        "principal_is_in_management_account",
        "resource_properties",
        "open_world",
    ];
    let mut ids = BTreeSet::new();
    for (file, number, _, case) in cases() {
        let place = format!("{file}:{number}");
        assert!(ids.insert(case["id"].as_str().unwrap().to_owned()), "{place}: id is not unique");
        assert!(case["source"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/"), "{place}: source");
        assert!(case["why"].as_str().unwrap().len() > 10, "{place}: why");
        for field in case.as_object().unwrap().keys() {
            assert!(known.contains(&field.as_str()), "{place}: {field}");
        }
        for field in case["expect"].as_object().unwrap().keys() {
            assert!(["decision", "decided_by", "or"].contains(&field.as_str()), "{place}: expect.{field}");
        }
    }
    assert!(ids.len() > 500, "only {} cases", ids.len());
}
