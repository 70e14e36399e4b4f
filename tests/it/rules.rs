//! The rules of `policies/`: their cases, what every one of them must have, and what they find in the demo.

use foureyes::catalog;
use foureyes::rules::{self, Fix, Predicate, Rule, cases};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rules() -> Vec<Rule> {
    rules::built_in().unwrap()
}

fn file(rule: &Rule, extension: &str) -> PathBuf {
    root().join("policies").join(&rule.family).join(format!("{}.{extension}", rule.id))
}

fn cases_of(rule: &Rule) -> Vec<cases::Case> {
    let path = file(rule, "cases.yaml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    cases::read_cases(&path.display().to_string(), &text).unwrap()
}

#[test]
fn cases_come_out_as_written() {
    let definitions = rules::definitions().unwrap();
    let mut differences = Vec::new();
    for rule in rules() {
        for tested in cases::test(&rule, &definitions, &cases_of(&rule)) {
            if let Some(difference) = tested.difference {
                differences.push(format!("{}: {}\n    {difference}", rule.id, tested.name));
            }
        }
    }
    assert!(differences.is_empty(), "{} cases differ:\n{}", differences.len(), differences.join("\n"));
}
