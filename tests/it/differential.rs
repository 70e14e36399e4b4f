//! The engine against the judge: two implementations that share no code decide the same cases and never differ.
//!
//! `FOUREYES_CASES` sets how many cases are generated (100,000 by default), `FOUREYES_SEED` which. Cases are drawn
//! without proptest's own runner: its shrinking is of no use on whole cases, so a difference is made small by hand.

use super::judge::generate::{cases, rcp_supported, wildcard_only};
use super::judge::{Verdict, judge_with};
use foureyes::catalog;
use foureyes::engine::case;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use std::fmt::Write as _;

/// Differences shown before a test gives up.
const SHOWN: usize = 5;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not `{text}`")),
        Err(_) => default,
    }
}

/// Draws cases in every thread, each from a seed of its own, and gathers what `check` finds wrong. A check that is as
/// costly as `cost` comparisons gets as many cases fewer.
pub fn check_generated(cost: u64, check: impl Fn(&Value) -> Option<String> + Sync) {
    let count = number("FOUREYES_CASES", 100_000).div_ceil(cost);
    let seed = number("FOUREYES_SEED", 4);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let one = |thread: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&thread.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let strategy = cases();
        let mut wrong = Vec::new();
        for _ in (thread..count).step_by(threads as usize) {
            let case = strategy.new_tree(&mut runner).unwrap().current();
            wrong.extend(check(&case));
            if wrong.len() >= SHOWN {
                break;
            }
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn({
                    let one = &one;
                    move || one(thread)
                })
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "seed {seed}, {} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Removes whatever can be removed from a value while it still fails.
pub fn minimise(mut case: Value, fails: &dyn Fn(&Value) -> bool) -> Value {
    loop {
        let smaller = removals(&case).into_iter().find(|smaller| fails(smaller));
        match smaller {
            Some(smaller) => case = smaller,
            None => return case,
        }
    }
}

/// The value with each of its parts left out in turn, the greatest first.
fn removals(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(fields) => {
            for name in fields.keys() {
                let mut fewer = fields.clone();
                fewer.remove(name);
                all.push(Value::Object(fewer));
            }
            for (name, inner) in fields {
                all.extend(removals(inner).into_iter().map(|smaller| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), smaller);
                    Value::Object(fields)
                }));
            }
        }
        Value::Array(items) => {
            for index in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(index);
                all.push(Value::Array(fewer));
            }
            for (index, inner) in items.iter().enumerate() {
                all.extend(removals(inner).into_iter().map(|smaller| {
                    let mut items = items.clone();
                    items[index] = smaller;
                    Value::Array(items)
                }));
            }
        }
        _ => {}
    }
    all
}

/// What the two say, where they do not say the same. The judge names no layer for what it cannot know.
fn difference(case: &Value, judge: &dyn Fn(&Value) -> Verdict) -> Option<String> {
    let verdict = judge(case);
    let answer = match case::answer(&case.to_string()) {
        Ok(answer) => answer,
        Err(error) => return Some(format!("the engine refuses it: {error}")),
    };
    let agrees = answer.decision == verdict.decision && verdict.decided_by.is_none_or(|by| answer.decided_by == by);
    (!agrees).then(|| {
        let by = verdict.decided_by.unwrap_or("-");
        format!("engine {} by {}, judge {} by {by}", answer.decision, answer.decided_by, verdict.decision)
    })
}

#[test]
fn engine_and_judge_agree_on_generated_cases() {
    let judge = |case: &Value| judge_with(case, &wildcard_only, &rcp_supported);
    check_generated(1, |case| {
        let said = difference(case, &judge)?;
        // What makes the engine refuse a case is not the difference that was found.
        let still = |smaller: &Value| difference(smaller, &judge).is_some_and(|found| found == said);
        let small = minimise(case.clone(), &still);
        let mut text = String::new();
        write!(text, "{said}\n{small}").unwrap();
        Some(text)
    });
}

#[test]
fn the_judge_decides_the_written_down_cases_as_they_say() {
    let wildcard_only =
        |action: &str| catalog::action(&action.to_ascii_lowercase()).is_some_and(|entry| entry.is_wildcard_only());
    let rcp_supported = |service: &str| catalog::supports_resource_control_policies(service);
    let mut wrong = Vec::new();
    for (file, number, _, case) in super::engine_cases::cases() {
        if case["open_world"] == true {
            continue;
        }
        let expect = &case["expect"];
        let verdict = judge_with(&case, &wildcard_only, &rcp_supported);
        let decision = Value::from(verdict.decision);
        let or = expect["or"].as_array().is_some_and(|others| others.contains(&decision));
        let by_fits = match (expect["decided_by"].as_str(), verdict.decided_by) {
            (Some(wanted), Some(by)) => wanted == by,
            _ => true,
        };
        if !((expect["decision"] == decision || or) && by_fits) {
            wrong.push(format!("{file}:{number} {} ({})\n  {expect}, judge {verdict:?}", case["id"], case["why"]));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}
