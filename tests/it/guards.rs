//! Every property that keeps production from being destroyed, or brings it back, is judged by a rule, or
//! `tests/cases/guards/guards.jsonl` says why it is not.

use foureyes::rules::{self, Rule};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guard {
    r#type: String,
    property: String,
    #[serde(default)]
    rules: Vec<String>,
    not: Option<String>,
}

fn text(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn guards() -> Vec<Guard> {
    let lines = text("tests/cases/guards/guards.jsonl");
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// What a rule asks, as its file has it.
fn predicate(rule: &Rule) -> String {
    let file = text(&format!("policies/{}/{}.yaml", rule.family, rule.id));
    let start = file.find("\npredicate:").unwrap();
    file.split_at(start).1.to_owned()
}

#[test]
fn every_guard_has_a_rule_or_a_reason() {
    let built_in = rules::built_in().unwrap();
    let mut wrong = Vec::new();
    for guard in guards() {
        let name = format!("{} of {}", guard.property, guard.r#type);
        match &guard.not {
            Some(reason) if reason.split(' ').count() < 5 || !guard.rules.is_empty() => {
                wrong.push(format!("{name}: a reason, in words, or rules"));
            }
            None if guard.rules.is_empty() => wrong.push(format!("{name}: neither rule nor reason")),
            _ => {}
        }
        for id in &guard.rules {
            let Some(rule) = built_in.iter().find(|rule| rule.id == *id) else {
                wrong.push(format!("{name}: there is no rule {id}"));
                continue;
            };
            let asked = predicate(rule);
            // A predicate that compares properties names this one; the others follow it in code.
            let member = guard.property.rsplit('.').next().unwrap();
            let compares = asked.contains("kind: configuration");
            if compares && !(asked.contains(member) && asked.contains(&guard.r#type)) {
                wrong.push(format!("{name}: {id} does not look at it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands before a destructive action, as the catalogue has it, is on the list.
#[test]
fn no_protection_of_the_catalogue_is_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/collect");
    let sources: String = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    // Some files write the kind of a type apart: `AWS::Backup::{kind}`.
    let collected = |kind: &str| {
        let (service, last) = kind.rsplit_once("::").unwrap();
        sources.contains(&format!("\"{kind}\""))
            || (sources.contains(&format!("\"{service}::{{")) && sources.contains(&format!("\"{last}\"")))
    };
    let listed: BTreeSet<(String, String)> = guards().into_iter().map(|guard| (guard.r#type, guard.property)).collect();
    let mut known = 0;
    for line in text("src/catalog/data/guards.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let (kind, property) = (line["on"].as_str().unwrap(), line["property"].as_str());
        let Some(property) = property.filter(|_| collected(kind)) else { continue };
        known += 1;
        assert!(listed.contains(&(kind.to_owned(), property.to_owned())), "{property} of {kind} is not on the list");
    }
    assert!(known > 12, "{known}");
    for (kind, _) in &listed {
        assert!(collected(kind), "{kind} is not collected");
    }
}

/// A type that a rule names has a call that lists it, or nobody could say that the rule saw nothing.
#[test]
fn every_type_of_a_rule_is_listed_by_a_call() {
    use foureyes::rules::Predicate;
    let mut known = BTreeSet::new();
    for rule in rules::built_in().unwrap() {
        let types = match &rule.predicate {
            Predicate::Configuration { resource_type, .. } => resource_type.as_slice(),
            Predicate::Recoverable { resource_type: Some(types), .. } => types.as_slice(),
            _ => continue,
        };
        for found in types {
            let listing = foureyes::catalog::listing(found);
            assert!(listing.is_some(), "{found} of {} has no listing", rule.id);
            known.extend(listing.map(|(service, operations)| (service, operations[0])));
        }
    }
    assert!(known.len() > 12, "{known:?}");
    #[cfg(feature = "aws")]
    for (service, operation) in foureyes::catalog::listings() {
        let mut calls = foureyes::collect::calls();
        assert!(
            calls.any(|call| (call.service, call.operation) == (service, operation)),
            "{service}:{operation} is not called"
        );
    }
}
