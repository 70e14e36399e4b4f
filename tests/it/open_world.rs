//! What the engine says when not all is known, held against the judge in every world that is left.
//!
//! Of a generated case some context keys are dropped and the world is opened. Each completion of the missing keys is a
//! closed case that the judge decides. "Denied" must be denied in every completion; "allowed" allowed in every one, but
//! for what the caller chooses, where one choice is enough; "allowed-if" allowed in some.
//!
//! `FOUREYES_CASES` and `FOUREYES_SEED` as in `differential`; completions are costly, so there are fewer cases.

use super::differential::{check_generated, minimise};
use super::judge::generate::{rcp_supported, wildcard_only};
use super::judge::judge_with;
use foureyes::catalog;
use foureyes::engine::{Caller, Context, Facts, Key, Known, Tags, Target, World, case};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Completions tried of one case, and the choices of the caller in each.
const COMPLETIONS: usize = 60;
const CHOICES: usize = 60;
/// Completions tried before "allowed-if" counts as not to be met.
const SEARCHED: usize = 3000;

/// Small numbers, the same for the same case.
struct Dice(u64);

impl Dice {
    fn of(case: &Value) -> Dice {
        let text = case.to_string();
        Dice(
            text.bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)),
        )
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
    }
}

/// A missing key and the values it may take, each a list; the empty list is its absence.
struct Missing {
    key: String,
    chosen: bool,
    values: Vec<Value>,
}

/// Everything that is left open in a case.
struct Open {
    missing: Vec<Missing>,
    /// Callers that the given one may be: a bare role is some session of it.
    callers: Vec<Value>,
    /// Whether the tags of a bucket count is not said.
    abac: bool,
}

/// Calls `see` with every condition (operator, key, values) and every resource pattern of a case.
/// Hears operator and key (in a condition) and a text.
type See<'s> = dyn FnMut(Option<(&str, &str)>, &str) + 's;

fn walk(value: &Value, see: &mut See<'_>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                if name == "Condition" {
                    for (operator, keys) in inner.as_object().into_iter().flatten() {
                        for (key, values) in keys.as_object().into_iter().flatten() {
                            see(Some((operator, key)), "");
                            for value in values.as_array().unwrap_or(&vec![values.clone()]) {
                                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                                see(Some((operator, key)), &text);
                            }
                        }
                    }
                } else if name == "Resource" || name == "NotResource" {
                    for value in inner.as_array().unwrap_or(&vec![inner.clone()]) {
                        see(None, value.as_str().unwrap_or_default());
                    }
                } else {
                    walk(inner, see);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        _ => {}
    }
}

fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split(['}', ',']).next()).filter(|key| key.contains(':'))
}

/// Values that a condition on a key tells apart: its own, and some beside them.
fn near(operator: &str, text: &str, into: &mut BTreeSet<String>) {
    if text.contains("${") {
        return;
    }
    if operator == "Null" {
        into.insert("something".to_owned());
    } else if operator.contains("Numeric") {
        if let Ok(number) = text.parse::<f64>() {
            into.extend([number - 1.0, number, number + 1.0].map(|number| number.to_string()));
        }
    } else if operator.contains("Date") {
        // Before, after and between the dates that generated policies name.
        let between = ["2024-06-01T00:00:00Z", "2026-11-22T06:00:00Z", "2026-12-12T00:00:00Z"];
        into.extend(between.map(str::to_owned));
        into.extend([text, "1999-01-01T00:00:00Z", "2040-01-01T00:00:00Z"].map(str::to_owned));
    } else if operator.contains("IpAddress") {
        into.insert(text.split('/').next().unwrap_or(text).to_owned());
        into.extend(["203.0.113.9", "2001:db9::1"].map(str::to_owned));
    } else if operator.contains("Bool") {
        into.extend(["true", "false"].map(str::to_owned));
    } else if operator.contains("Binary") {
        into.extend([text, "enp6"].map(str::to_owned));
    } else if operator.contains("Arn") || text.starts_with("arn:") {
        into.insert(text.replace('*', "x"));
        into.insert("arn:aws:iam::999999999999:user/none".to_owned());
    } else {
        into.insert(text.to_owned());
        into.insert(text.replace(['*', '?'], "x"));
        into.insert(text.replace('*', ""));
        into.insert(text.to_lowercase());
        into.insert(format!("{text}x").replace(['*', '?'], "y"));
    }
}

impl Open {
    fn of(case: &Value) -> Option<Open> {
        let request = &case["request"];
        let mut context = Context::new(World::Open);
        for (key, values) in request["context"].as_object().into_iter().flatten() {
            let texts = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            context
                .set(key, values.as_array().map_or_else(|| vec![texts(values)], |all| all.iter().map(texts).collect()));
        }
        let caller = Caller::parse(request["principal"].as_str()?).ok()?;
        let action = request["action"].as_str()?.to_ascii_lowercase();
        let resource = request["resource"].as_str().or_else(|| request["resource"][0].as_str())?;
        let properties = case["resource_properties"].as_object().cloned().unwrap_or_default();
        let mut target = Target::new(resource);
        if let Some(account) = request["resource_account"].as_str() {
            target.account = Some(account.into());
        }
        target.properties = Some(&properties);
        let facts = Facts {
            caller: &caller,
            caller_tags: Tags::Unsaid,
            organization: None,
            resource_organization: None,
            action: &action,
            entry: catalog::action(&action),
            target: &target,
            context: &context,
            since: None,
        };

        // Keys of the policies with the values that they tell apart.
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut related: BTreeSet<String> = BTreeSet::new();
        walk(case, &mut |condition, text| {
            for key in variables(text) {
                related.insert(key.trim().to_ascii_lowercase());
            }
            if let Some((operator, key)) = condition {
                let key = key.to_ascii_lowercase();
                if !variables(text).collect::<Vec<_>>().is_empty() {
                    related.insert(key.clone());
                }
                near(operator, text, values.entry(key).or_default());
            }
        });
        // What is compared with another key may be equal to it; what stands in a resource, to a part of the resource.
        let mut pool: BTreeSet<String> =
            related.iter().flat_map(|key| values.get(key).cloned().unwrap_or_default()).collect();
        let tail = resource.splitn(6, ':').last().unwrap_or_default();
        pool.extend([tail, "red", "alice", "none"].map(str::to_owned));
        pool.extend(caller.account.as_deref().map(str::to_owned));
        for key in related {
            values.entry(key).or_default().extend(pool.iter().cloned());
        }
        let missing = values
            .into_iter()
            .filter(|(key, _)| facts.known(&Key::new(key)) == Known::Open)
            .map(|(key, values)| {
                let multivalued = catalog::key_type(&key).is_some_and(catalog::KeyType::is_multivalued);
                let mut lists = vec![json!([])];
                lists.extend(values.iter().map(|value| json!([value])));
                if multivalued {
                    let pairs = values.iter().zip(values.iter().skip(1));
                    lists.extend(pairs.map(|(first, second)| json!([first, second])));
                }
                Missing { chosen: Facts::is_chosen_by_caller(&Key::new(&key)), key, values: lists }
            })
            .collect();
        let is_bucket = resource.starts_with("arn:aws:s3:::");
        Some(Open {
            missing,
            callers: callers(case, &caller),
            abac: is_bucket && !properties.contains_key("AbacStatus"),
        })
    }

    /// The case in one of the worlds: a number for each open point.
    fn complete(&self, case: &Value, point: &Point) -> Value {
        let mut closed = case.clone();
        closed["open_world"] = json!(false);
        let request = closed["request"].as_object_mut().unwrap();
        let context = request.entry("context").or_insert_with(|| json!({}));
        for (missing, at) in self.missing.iter().zip(&point.values) {
            context.as_object_mut().unwrap().retain(|key, _| !key.eq_ignore_ascii_case(&missing.key));
            context[&missing.key] = missing.values[*at].clone();
        }
        let bare = request["principal"].clone();
        let caller = &self.callers[point.caller];
        if *caller != bare {
            // The ARN of a session does not tell the path of its role.
            request["context"]["aws:PrincipalArn"] = json!([bare]);
            request["principal"] = caller.clone();
        }
        if point.abac {
            let properties = closed.as_object_mut().unwrap().entry("resource_properties").or_insert_with(|| json!({}));
            properties["AbacStatus"] = json!("Enabled");
        }
        closed
    }

    /// Chooses what the surroundings decide, at random.
    fn surroundings(&self, dice: &mut Dice) -> Point {
        Point {
            values: self.missing.iter().map(|missing| dice.below(missing.values.len())).collect(),
            caller: dice.below(self.callers.len()),
            abac: self.abac && dice.below(2) == 1,
        }
    }

    /// Chooses anew what the caller decides.
    fn choose(&self, point: &mut Point, dice: &mut Dice) {
        for (missing, at) in self.missing.iter().zip(&mut point.values).filter(|(missing, _)| missing.chosen) {
            *at = dice.below(missing.values.len());
        }
        point.caller = dice.below(self.callers.len());
    }

    /// Sends none of the keys that the caller decides about.
    fn leave_out(&self, point: &mut Point) {
        for (_, at) in self.missing.iter().zip(&mut point.values).filter(|(missing, _)| missing.chosen) {
            *at = 0;
        }
    }

    fn has_choice(&self) -> bool {
        self.callers.len() > 1 || self.missing.iter().any(|missing| missing.chosen)
    }
}

struct Point {
    values: Vec<usize>,
    caller: usize,
    abac: bool,
}

/// The sessions that a bare role may be: those that policies name, and another.
fn callers(case: &Value, caller: &Caller) -> Vec<Value> {
    let given = case["request"]["principal"].clone();
    let (Some(account), foureyes::engine::CallerKind::Role, false) =
        (&caller.account, &caller.kind, caller.service_linked)
    else {
        return vec![given];
    };
    let head = format!("arn:aws:sts::{account}:assumed-role/{}/", caller.name);
    let text = case.to_string();
    let named = text.split('"').filter(|part| part.starts_with(&head)).map(str::to_owned);
    let all: BTreeSet<String> = named.chain([format!("{head}another")]).collect();
    all.into_iter().map(Value::from).collect()
}

fn judge(case: &Value) -> &'static str {
    judge_with(case, &wildcard_only, &rcp_supported).decision
}

/// What is wrong with the engine's answer to an open case.
fn unsound(case: &Value) -> Option<String> {
    let answer = case::answer(&case.to_string()).ok()?;
    let open = Open::of(case)?;
    let mut dice = Dice::of(case);
    let choices = |point: &mut Point, dice: &mut Dice, wanted: &dyn Fn(&str) -> bool| {
        let tries = if open.has_choice() { CHOICES } else { 1 };
        (0..tries).find_map(|attempt| {
            match attempt {
                0 => {}
                1 => open.leave_out(point),
                _ => open.choose(point, dice),
            }
            let closed = open.complete(case, point);
            let decision = judge(&closed);
            wanted(decision).then_some((closed, decision))
        })
    };
    match answer.decision.as_str() {
        "allowed" => (0..COMPLETIONS).find_map(|_| {
            let mut point = open.surroundings(&mut dice);
            if choices(&mut point, &mut dice, &|decision| decision == "allowed").is_some() {
                return None;
            }
            let closed = open.complete(case, &point);
            Some(format!("allowed, but {} in\n{closed}", judge(&closed)))
        }),
        "explicit-deny" | "implicit-deny" => (0..COMPLETIONS).find_map(|_| {
            let point = open.surroundings(&mut dice);
            let closed = open.complete(case, &point);
            let decision = judge(&closed);
            (!decision.ends_with("deny")).then(|| format!("{}, but {decision} in\n{closed}", answer.decision))
        }),
        "allowed-if" => {
            let mut possible = false;
            for _ in 0..SEARCHED {
                let point = open.surroundings(&mut dice);
                // What is not known to be refused is possible.
                if !judge(&open.complete(case, &point)).ends_with("deny") {
                    possible = true;
                    break;
                }
            }
            // That two resources or conditions ask the same of one variable is not followed.
            let is_followed = !answer.conditions.iter().any(|condition| condition.contains("${"));
            (!possible && is_followed)
                .then(|| format!("allowed-if {:?}, but denied in every completion", answer.conditions))
        }
        _ => None,
    }
}

/// The case with its world opened: some keys of the context are no longer given.
fn opened(case: &Value) -> Value {
    let mut dice = Dice::of(case);
    let mut open = case.clone();
    open["open_world"] = json!(true);
    let context = open["request"]["context"].as_object().cloned().unwrap_or_default();
    let kept: Map<String, Value> = context.into_iter().filter(|_| dice.below(3) == 0).collect();
    open["request"]["context"] = Value::Object(kept);
    open
}

#[test]
fn answers_in_an_open_world_hold_in_every_completion() {
    check_generated(20, |case| {
        let case = opened(case);
        let said = unsound(&case)?;
        let kind = said.split_whitespace().next().unwrap_or_default().to_owned();
        let still = |smaller: &Value| {
            smaller["open_world"] == true && unsound(smaller).is_some_and(|found| found.starts_with(&kind))
        };
        let small = minimise(case, &still);
        Some(format!("{small}\n{}", unsound(&small).unwrap_or_default()))
    });
}
