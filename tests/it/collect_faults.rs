//! What goes wrong between the program and AWS, at every call: the collection ends in time, keeps what came, names what is
//! missing, and nothing that was not seen becomes an answer.

use crate::fake_aws::*;
use aws_config::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::config::{AsyncSleep, Sleep};
use foureyes::access::Access;
use foureyes::base::Certainty;
use foureyes::collect::{self, Options};
use foureyes::inventory::{EnvironmentRules, Inventory};
use foureyes::rules;
use foureyes::snapshot::{Account, Coverage, Outcome, Snapshot};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Refused,
    ThrottledForAWhile,
    Throttled,
    Cut,
    Garbage,
    Broken,
    Hanging,
}

/// What goes wrong, and from which request of its kind on.
const FAULTS: [(Fault, usize); 9] = [
    (Fault::Refused, 0),
    (Fault::Refused, 1),
    (Fault::ThrottledForAWhile, 0),
    (Fault::Throttled, 0),
    (Fault::Cut, 0),
    (Fault::Cut, 1),
    (Fault::Garbage, 0),
    (Fault::Broken, 0),
    (Fault::Hanging, 0),
];

impl Fault {
    /// What comes instead of the answer.
    fn instead(self, asked: &Asked) -> Option<Answer> {
        let xml = asked.body.contains("Action=") || matches!(asked.service.as_str(), "s3" | "route53");
        let error = |status: u16, json_code: &'static str, xml_code: &'static str| match asked.service.as_str() {
            "s3" => {
                Answer::Http(status, vec![], format!("<Error><Code>{xml_code}</Code><Message>SECRET</Message></Error>"))
            }
            "monitoring" => {
                let error = serde_json::json!({"__type": json_code, "message": "SECRET"});
                Answer::CborError(status, crate::collect_watching::cbor(&error))
            }
            _ if xml => xml_error(status, xml_code),
            _ => json_error(status, json_code),
        };
        Some(match self {
            Fault::Refused => error(403, "AccessDeniedException", "AccessDenied"),
            Fault::ThrottledForAWhile if asked.before >= 2 => return None,
            Fault::ThrottledForAWhile | Fault::Throttled => error(400, "ThrottlingException", "Throttling"),
            Fault::Cut if xml => Answer::Cut("<Cut><SECRET".to_owned()),
            Fault::Cut => Answer::Cut(r#"{"SECRET-cut": [{"na"#.to_owned()),
            Fault::Garbage => Answer::Http(
                200,
                vec![("content-type", "text/html")],
                "<html><title>Welcome to the hotel</title>SECRET</html>".to_owned(),
            ),
            Fault::Broken => Answer::Http(500, vec![], "SECRET at line 1".to_owned()),
            Fault::Hanging => Answer::Silence,
        })
    }

    fn outcome(self) -> Outcome {
        match self {
            Fault::ThrottledForAWhile => Outcome::Ok,
            Fault::Refused => Outcome::Denied,
            Fault::Throttled => Outcome::Throttled,
            Fault::Cut | Fault::Garbage | Fault::Broken | Fault::Hanging => Outcome::Failed,
        }
    }
}

/// Waits as long as it is told to.
#[derive(Debug)]
struct Slow;

impl AsyncSleep for Slow {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

/// Service, as requests are signed for it, and operation.
type Operation = (String, String);

/// Collects an account that has something of everything, the answers of some operations being as `fault` says: all of
/// them, or all but the first. Also gives the operations that were called.
fn collect_with(disturbed: &[Operation], fault: Option<Fault>, from: usize) -> (Snapshot, BTreeMap<Operation, usize>) {
    let disturbed = disturbed.to_vec();
    let seen: Arc<Mutex<BTreeMap<Operation, usize>>> = Arc::default();
    let log = Arc::clone(&seen);
    let fake = Fake::new(move |asked| {
        let operation = (asked.service.clone(), asked.operation.clone());
        let nth = {
            let mut log = log.lock().unwrap();
            let nth = log.entry(operation.clone()).or_default();
            // A request that is tried again is the same request.
            if asked.before == 0 {
                *nth += 1;
            }
            *nth
        };
        let fault = fault.filter(|_| nth > from && disturbed.contains(&operation));
        fault
            .and_then(|fault| fault.instead(asked))
            .or_else(|| somebody(asked))
            .or_else(|| crate::collect::everything(asked))
    });
    let limit = match fault {
        Some(Fault::Hanging) => Duration::from_millis(1500),
        _ => Duration::from_secs(600),
    };
    let limit = TimeoutConfig::builder().operation_timeout(limit).build();
    // What is tested is what comes of it, not how fast the rate recovers.
    let retries = RetryConfig::standard().with_max_attempts(3);
    let mut config = config(&fake).into_builder().timeout_config(limit).retry_config(retries);
    if fault == Some(Fault::Hanging) {
        // Here the limit is what is waited for.
        config = config.sleep_impl(Slow);
    }
    let config = config.build();
    // One call at a time, so that "the first" is the same in every run; but nobody waits for silence in a queue.
    let concurrency = if fault == Some(Fault::Hanging) { 64 } else { 1 };
    let options = Options { concurrency, ..Options::default() };
    let mut snapshot = collect::collect_with(&config, &options, NOW, &()).unwrap();
    snapshot.sort();
    let seen = seen.lock().unwrap().clone();
    (snapshot, seen)
}

/// A user who can do everything, so that every rule about what somebody can do has something to say.
fn somebody(asked: &Asked) -> Option<Answer> {
    let first = asked.operation == "GetAccountAuthorizationDetails" && !asked.body.contains("Marker=");
    let document = "%7B%22Version%22:%222012-10-17%22,%22Statement%22:%7B%22Effect%22:%22Allow%22,%22Action%22:%22*%22,\
        %22Resource%22:%22*%22%7D%7D";
    let user = format!(
        "<UserDetailList><member><Path>/</Path><UserName>mallory</UserName><UserId>AIDA9</UserId>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/mallory</Arn><UserPolicyList><member><PolicyName>all</PolicyName>\
         <PolicyDocument>{document}</PolicyDocument></member></UserPolicyList></member></UserDetailList>"
    );
    first.then(|| details(&user, Some("users")))
}

/// Whether one value says no more than another: what is not known is left out, and lists that were cut are shorter.
fn within(less: &Value, more: &Value) -> bool {
    match (less, more) {
        (Value::Object(less), Value::Object(more)) => {
            less.iter().all(|(key, value)| more.get(key).is_some_and(|more| within(value, more)))
        }
        (Value::Array(less), Value::Array(more)) => {
            less.len() <= more.len() && less.iter().all(|value| more.iter().any(|more| within(value, more)))
        }
        (less, more) => less == more,
    }
}

/// The namespace of IAM for what requests are signed with.
fn namespace(service: &str) -> &str {
    match service {
        "monitoring" => "cloudwatch",
        "tagging" => "tag",
        other => other,
    }
}

/// What was not answered, without the counts.
fn missed(account: &Account) -> BTreeSet<(&str, &str, Option<&str>, Outcome)> {
    let unanswered = account.coverage.iter().filter(|entry| entry.outcome != Outcome::Ok);
    unanswered
        .map(|entry| (entry.service.as_str(), entry.operation.as_str(), entry.region.as_deref(), entry.outcome))
        .collect()
}

/// The detail of a line of the coverage.
fn detail<'a>(
    account: &'a Account,
    (service, operation, region, outcome): (&str, &str, Option<&str>, Outcome),
) -> &'a str {
    let found = account.coverage.iter().find(|entry: &&Coverage| {
        entry.service == service
            && entry.operation == operation
            && entry.region.as_deref() == region
            && entry.outcome == outcome
    });
    found.and_then(|entry| entry.detail.as_deref()).unwrap_or_default()
}

/// What the rules say: rule, and principals and resources, of what was decided; and the rules that say that they did not
/// see everything, or could not decide.
struct Judged {
    violations: BTreeSet<(String, Arc<str>)>,
    open: BTreeSet<String>,
}

fn judge(snapshot: &Snapshot) -> Judged {
    let inventory = Inventory::new(snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let (built_in, definitions) = (rules::built_in().unwrap(), rules::definitions().unwrap());
    let outcome = rules::run(&built_in, &definitions, &access, &rules::Settings::default());
    let not_judged = rules::unjudged(&built_in, &definitions, &inventory, &outcome);
    let (unknown, decided): (Vec<_>, Vec<_>) =
        outcome.findings.into_iter().partition(|finding| finding.certainty == Certainty::Unknown);
    let violations = decided.into_iter().flat_map(|finding| {
        let arns = finding.resources.iter().chain(&finding.principals);
        arns.map(|arn| (finding.rule.clone(), Arc::clone(arn))).collect::<Vec<_>>()
    });
    Judged {
        violations: violations.collect(),
        open: unknown
            .into_iter()
            .map(|finding| finding.rule)
            .chain(not_judged.into_iter().map(|each| each.rule))
            .collect(),
    }
}

#[test]
fn every_call_may_go_wrong_in_every_way() {
    let (undisturbed, seen) = collect_with(&[], None, 0);
    let whole = serde_json::to_value(&undisturbed).unwrap();
    let text = serde_json::to_string(&undisturbed).unwrap();
    let known = judge(&undisturbed);
    assert!(!text.contains("SECRET"));
    // Services do not wait for each other: in each round, one operation of every service goes wrong.
    let mut services: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in seen.keys().filter(|(_, operation)| operation != "GetCallerIdentity") {
        services.entry(&operation.0).or_default().push(operation);
    }
    let rounds = services.values().map(Vec::len).max().unwrap();
    let number: usize = services.values().map(Vec::len).sum();
    assert!(services.len() > 20 && number > 80, "{number} operations of {} services", services.len());
    let mut problems = Vec::new();
    let mut check = |good: bool, text: String| {
        if !good {
            problems.push(text);
        }
    };
    for round in 0..rounds {
        let disturbed: Vec<Operation> =
            services.values().filter_map(|all| all.get(round)).map(|operation| (*operation).clone()).collect();
        for (fault, from) in FAULTS {
            let names: Vec<String> = disturbed.iter().map(|(service, name)| format!("{service}:{name}")).collect();
            let case = format!("{fault:?} from {from} of {}", names.join(" "));
            let started = Instant::now();
            let (snapshot, asked) = collect_with(&disturbed, Some(fault), from);
            check(started.elapsed() < Duration::from_secs(60), format!("{case}: {:?}", started.elapsed()));
            if fault == Fault::ThrottledForAWhile {
                let said = serde_json::to_string(&snapshot).unwrap();
                let at = said.bytes().zip(text.bytes()).take_while(|(one, other)| one == other).count();
                let near = said.get(at.saturating_sub(150)..(at + 150).min(said.len()));
                check(said == text, format!("{case}: not the same: {near:?}"));
                continue;
            }
            let account = &snapshot.accounts[0];
            let (before, after) = (missed(&undisturbed.accounts[0]), missed(account));
            for operation in &disturbed {
                let here = (namespace(&operation.0), operation.1.as_str());
                let mut entries = after.iter().filter(|entry| (entry.0, entry.1) == here && entry.3 == fault.outcome());
                // Without a second request there is none to go wrong.
                let one = asked.get(operation).copied().unwrap_or_default() <= from;
                check(entries.next().is_some() || one, format!("{case}: nothing is said of {operation:?}"));
            }
            for entry in after.difference(&before) {
                let own =
                    disturbed.iter().any(|(service, name)| (namespace(service), name.as_str()) == (entry.0, entry.1));
                // After five calls without an answer a service is left alone, and that is said.
                let left = detail(account, *entry).contains("not asked: ");
                let detail = detail(account, *entry);
                check((own && entry.3 == fault.outcome()) || left, format!("{case}: {entry:?} {detail}"));
                check(detail.starts_with(&format!("{}:", entry.0)), format!("{case}: {entry:?} {detail}"));
            }
            let said = serde_json::to_value(&snapshot).unwrap();
            check(!said.to_string().contains("SECRET"), format!("{case}: a secret"));
            check_kept(&case, &said, &whole, &mut check);
            let judged = judge(&snapshot);
            let invented: Vec<_> = judged.violations.difference(&known.violations).collect();
            check(invented.is_empty(), format!("{case}: told of what is not so: {invented:?}"));
            // What is not seen any more is open, not clean.
            let hushed: Vec<_> = known
                .violations
                .difference(&judged.violations)
                .filter(|(rule, _)| !judged.open.contains(rule))
                .collect();
            check(hushed.is_empty(), format!("{case}: silent and clean: {hushed:?}"));
        }
    }
    let number = problems.len();
    problems.truncate(40);
    assert!(problems.is_empty(), "{number} problems, such as\n{}", problems.join("\n"));
}

/// Nothing in the disturbed snapshot that is not in the whole one.
fn check_kept(case: &str, said: &Value, whole: &Value, check: &mut impl FnMut(bool, String)) {
    let resources = |value: &Value| -> BTreeMap<String, Value> {
        let all = value["accounts"][0]["resources"].as_array().unwrap();
        all.iter().map(|item| (item["arn"].as_str().unwrap().to_owned(), item.clone())).collect()
    };
    let more = resources(whole);
    for (arn, resource) in resources(said) {
        // A key that may not be described may be the account's own, and more is asked about those.
        if arn.ends_with("key/aws1") && resource["properties"].get("KeyManager").is_none() {
            continue;
        }
        // Of copies and jobs the newest are kept: where the newest did not come, the newest that is known is another.
        let newest_only = ["DBSnapshot", "DBClusterSnapshot", "RecoveryPoint", "CopyJob", "RestoreJob"];
        if newest_only.iter().any(|kind| resource["type"].as_str().is_some_and(|of| of.ends_with(kind))) {
            continue;
        }
        let known = more.get(&arn).cloned().unwrap_or_default();
        check(within(&resource, &known), format!("{case}: {resource}\nis not within {known}"));
    }
    for part in ["authorization_details", "parent"] {
        let (said, whole) = (&said["accounts"][0][part], &whole["accounts"][0][part]);
        check(said.is_null() || within(said, whole), format!("{case}: {part}"));
    }
    let (said, whole) = (&said["organization"], &whole["organization"]);
    check(said.is_null() || within(said, whole), format!("{case}: the organisation"));
}
