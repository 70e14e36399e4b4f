//! The rules of `policies/`: their cases, what every one of them must have, and what they find in the demo.

use foureyes::access::Access;
use foureyes::base::Glob;
use foureyes::catalog;
use foureyes::finding::FixIntent;
use foureyes::inventory::{EnvironmentRules, Inventory};
use foureyes::rules::{self, Fix, Predicate, Rule, cases};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

#[test]
fn every_rule_has_cases_that_fire_and_that_stay_silent() {
    for rule in rules() {
        let cases = cases_of(&rule);
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases.len(), "{}: two cases have one name", rule.id);
        for case in &cases {
            assert!(is_sentence(&case.name), "{}: not a sentence: {}", rule.id, case.name);
        }
        assert!(cases.iter().any(|case| !case.expect.is_empty()), "{}: no case fires", rule.id);
        assert!(cases.iter().any(|case| case.expect.is_empty()), "{}: no case is silent", rule.id);
    }
}

#[test]
fn every_file_is_a_rule_or_its_cases() {
    let known: BTreeSet<PathBuf> =
        rules().iter().flat_map(|rule| [file(rule, "yaml"), file(rule, "cases.yaml")]).collect();
    for family in std::fs::read_dir(root().join("policies")).unwrap().map(|entry| entry.unwrap().path()) {
        // Techniques have tests of their own.
        if family.is_dir() && !family.ends_with("techniques") {
            for path in std::fs::read_dir(family).unwrap().map(|entry| entry.unwrap().path()) {
                assert!(known.contains(&path), "{} belongs to no rule", path.display());
            }
        }
    }
}

fn is_sentence(text: &str) -> bool {
    text.starts_with(|first: char| first.is_uppercase()) && text.ends_with('.') && !text.contains("  ")
}

#[test]
fn every_rule_says_all_that_it_must() {
    let mut ids = BTreeSet::new();
    for rule in rules() {
        let id = &rule.id;
        assert!(ids.insert(id.clone()), "{id}: two rules have one id");
        let kebab = id.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()));
        assert!(kebab, "{id} is not kebab-case");
        assert!(
            ["destruction", "rollout", "recovery", "environment", "identity"].contains(&rule.family.as_str()),
            "{id}"
        );
        assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{id}: title");
        assert!(rule.asks.ends_with('?'), "{id}: asks");
        for text in [&rule.why, &rule.consequence, &rule.remediation, &rule.limits].into_iter().chain(&rule.no_fix) {
            assert!(is_sentence(text), "{id}: not a sentence: {text}");
        }
        // That it says only what can be filled in is held where the file is read.
        assert!(rule.headline.contains(['{']) && !rule.headline.ends_with('.'), "{id}: headline {}", rule.headline);
        assert!(!rule.references.is_empty(), "{id}: no references");
        for address in &rule.references {
            assert!(address.starts_with("https://") && !address.contains(char::is_whitespace), "{id}: {address}");
        }
        assert!(rule.fix.is_some() != rule.no_fix.is_some(), "{id}: fix or no-fix");
    }
}

#[test]
fn every_action_is_known() {
    for rule in rules() {
        let mut actions: Vec<&str> = Vec::new();
        match &rule.predicate {
            Predicate::Can { actions: named, .. } | Predicate::Takes { actions: named, .. } => {
                for action in named {
                    assert!(catalog::destruction::find(action).is_some(), "{}: {action} destroys nothing", rule.id);
                }
                actions.extend(named.iter().map(String::as_str));
            }
            Predicate::Silences { actions: named, .. } => actions.extend(named.iter().map(String::as_str)),
            Predicate::CanAnything { asks, .. } => actions.extend(asks.iter().map(|ask| ask.action.as_str())),
            _ => {}
        }
        if let Some(Fix::DenyActions { also, .. }) = &rule.fix {
            actions.extend(also.iter().map(String::as_str));
        }
        for action in actions {
            assert!(catalog::action(action).is_some(), "{}: AWS knows no {action}", rule.id);
        }
    }
    for sentinel in rules::definitions().unwrap().administrator {
        assert!(catalog::action(&sentinel.action).is_some(), "definitions: AWS knows no {}", sentinel.action);
    }
}

#[test]
fn the_set_of_rules() {
    let all: Vec<String> =
        rules().iter().map(|rule| format!("{}/{} {}", rule.family, rule.id, rule.severity)).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    destruction/anyone-can-destroy-production critical
    destruction/anyone-comes-in-and-destroys-production critical
    destruction/automatic-branch-deletion high
    destruction/delete-data-of-any-name high
    destruction/delete-key-of-production-data critical
    destruction/delete-production-data-directly critical
    destruction/delete-production-environment-directly critical
    destruction/delete-production-through-amplify critical
    destruction/delete-production-through-stack critical
    destruction/delete-production-through-what-runs high
    destruction/delete-production-with-passed-role high
    destruction/deploy-role-can-destroy-production high
    destruction/destroy-production-as-somebody-else critical
    destruction/destroys-production-and-silences-the-trail critical
    destruction/drop-production-by-stack-update high
    destruction/empty-production-data high
    destruction/expire-production-data high
    destruction/lead-visitors-of-production-astray high
    destruction/no-organization-policy-guards-production medium
    destruction/other-environment-can-destroy-production critical
    destruction/outside-account-can-destroy-production critical
    destruction/outside-account-comes-in-and-destroys-production critical
    destruction/point-production-domain-elsewhere high
    destruction/policy-lets-anyone-destroy-production critical
    destruction/policy-lets-outside-account-destroy-production critical
    destruction/protected-stack-with-buckets-to-empty medium
    destruction/workload-can-destroy-production high
    environment/account-without-trail high
    environment/deletions-alert-nobody medium
    environment/destructive-updates-in-ci high
    environment/dns-record-points-at-nothing high
    environment/production-dns-can-be-destroyed medium
    environment/production-domain-not-verified medium
    environment/production-not-made-by-code low
    environment/production-shares-its-account medium
    environment/production-watched-by-nobody medium
    environment/trail-can-be-stopped high
    environment/trail-of-one-region medium
    environment/trail-switched-off high
    environment/trail-without-validation low
    identity/access-key-alone-deletes-production medium
    identity/administrator-beyond-break-glass high
    identity/can-become-administrator critical
    identity/can-become-administrator-of-account critical
    identity/deny-by-absent-key-never-applies medium
    identity/deny-by-bucket-tag-never-applies medium
    identity/for-all-values-lets-absent-keys-pass medium
    identity/outside-account-without-external-id medium
    identity/role-open-to-anybody critical
    identity/unreadable-policy medium
    recovery/aurora-cluster-without-backtrack info
    recovery/backup-vault-lock-still-cooling-off low
    recovery/backup-vault-without-firm-lock medium
    recovery/bucket-forgets-old-versions-within-a-week medium
    recovery/bucket-without-versioning high
    recovery/database-backups-kept-less-than-a-week medium
    recovery/database-without-automated-backups high
    recovery/database-without-deletion-protection high
    recovery/every-copy-deletable-in-the-same-account high
    recovery/function-without-published-version low
    recovery/key-of-last-copy-deletable high
    recovery/log-group-without-deletion-protection low
    recovery/newest-copy-older-than-two-days high
    recovery/one-principal-destroys-data-and-every-copy critical
    recovery/production-data-in-no-backup-plan medium
    recovery/production-key-disabled-or-being-deleted critical
    recovery/production-secret-being-deleted high
    recovery/queue-forgets-messages-within-days low
    recovery/restore-never-proven medium
    recovery/stack-deletes-the-data-it-made high
    recovery/stack-without-policy low
    recovery/stack-without-termination-protection medium
    recovery/table-without-deletion-protection high
    recovery/table-without-point-in-time-recovery high
    recovery/user-pool-without-deletion-protection high
    rollout/amplify-production-builds-on-push high
    rollout/function-accepts-unsigned-code info
    rollout/pipeline-without-approval high
    rollout/production-webhook high
    ");
}

#[test]
fn no_rule_is_named_in_the_program() {
    let rules = rules();
    let mut waiting = vec![root().join("src")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for rule in &rules {
                let literal = format!("\"{}\"", rule.id);
                assert!(!text.contains(&literal), "{} names {literal}: rules are data", path.display());
            }
        }
    }
}

/// What the audit of a snapshot finds, as `rule: principals on resources`, without account and region.
fn audit(path: &Path) -> Vec<String> {
    let loaded = foureyes::snapshot::read(path).unwrap();
    let inventory = Inventory::new(&loaded.snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let settings = rules::Settings { break_glass: vec![Glob::new("*:role/*break-glass*")], ..Default::default() };
    let outcome = rules::run(&rules(), &rules::definitions().unwrap(), &access, &settings);
    let ends = |arns: &[Arc<str>]| -> String {
        let mut names: Vec<&str> = arns.iter().map(|arn| arn.splitn(6, ':').last().unwrap()).collect();
        names.sort_unstable();
        names.join(" ")
    };
    let mut lines: Vec<String> = outcome
        .findings
        .iter()
        .map(|found| {
            let certainty = serde_json::to_value(found.certainty).unwrap();
            let (who, what) = (ends(&found.principals), ends(&found.resources));
            format!("{} ({}): [{who}] on [{what}]", found.rule, certainty.as_str().unwrap())
        })
        .collect();
    lines.sort();
    lines
}

/// The statements of a managed policy, by its name, in the accounts of a snapshot.
fn statements_of(snapshot: &foureyes::snapshot::Snapshot, name: &str) -> Vec<serde_json::Value> {
    let accounts = serde_json::to_value(&snapshot.accounts).unwrap();
    let policies = accounts.as_array().unwrap().iter().map(|account| &account["authorization_details"]["Policies"]);
    let policies = policies.flat_map(|all| all.as_array().unwrap());
    let policy = policies.into_iter().find(|policy| policy["PolicyName"] == name);
    let Some(policy) = policy else { return Vec::new() };
    let versions = policy["PolicyVersionList"].as_array().unwrap();
    let version = versions.iter().find(|version| version["IsDefaultVersion"] == true).unwrap();
    match &version["Document"]["Statement"] {
        serde_json::Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    }
}

/// Whether the actions of a statement cover an action.
fn speaks_of(statement: &serde_json::Value, action: &str) -> bool {
    let matches = |patterns: &serde_json::Value| {
        let all = patterns.as_array().cloned().unwrap_or_else(|| vec![patterns.clone()]);
        let lower = |text: &str| text.to_ascii_lowercase();
        all.iter().any(|one| Glob::new(&lower(one.as_str().unwrap())).matches(&lower(action)))
    };
    match statement.get("NotAction") {
        Some(patterns) => !matches(patterns),
        None => matches(&statement["Action"]),
    }
}

/// The steps say "statement S of policy P allows A": S must speak of A, and be among the statements that are cited.
#[test]
fn a_statement_that_a_story_names_allows_what_it_tells() {
    let mut seen = BTreeSet::new();
    for file in ["src/cli/demo/account.json", "tests/accounts/acme.json", "tests/accounts/cloudsplaining-example.json"]
    {
        let loaded = foureyes::snapshot::read(&root().join(file)).unwrap();
        let inventory = Inventory::new(&loaded.snapshot, &EnvironmentRules::default());
        let access = Access::new(&inventory);
        let outcome = rules::run(&rules(), &rules::definitions().unwrap(), &access, &rules::Settings::default());
        for finding in outcome.findings {
            for step in &finding.path {
                let placed = step.strip_prefix("Statement[").map(|text| text.replacen("] of ", " of ", 1));
                let named = step.strip_prefix("statement ").map(str::to_owned).or(placed);
                let Some((which, rest)) = named.as_deref().and_then(|text| text.split_once(" of ")) else { continue };
                let rest = rest.strip_prefix("policy ").unwrap_or(rest);
                let Some((policy, action)) = rest.split_once(" allows ").filter(|(_, action)| action.contains(':'))
                else {
                    continue;
                };
                let statements = statements_of(&loaded.snapshot, policy);
                let position = which.parse().ok();
                let position = position.or_else(|| statements.iter().position(|one| one["Sid"] == which));
                let Some(statement) = position.and_then(|at: usize| statements.get(at)) else { continue };
                assert!(speaks_of(statement, action), "{file}: {}: {step}", finding.id);
                let cited = finding.evidence.iter().any(|evidence| match evidence {
                    foureyes::finding::Evidence::Statement(cited) => {
                        cited.policy.ends_with(&format!("/{policy}")) && Some(cited.statement) == position
                    }
                    _ => false,
                });
                assert!(cited, "{file}: {}: {step} is not cited", finding.id);
                seen.insert(finding.id.clone());
            }
        }
    }
    assert!(seen.len() > 40, "only {} findings tell of a statement", seen.len());
}

/// Supposed policies, such as those of an account outside, are in no snapshot and no evidence.
#[test]
fn every_statement_that_is_cited_stands_in_the_account() {
    const PLACES: [&str; 5] =
        ["arn:", "inline policy ", "resource policy of arn:", "trust policy of arn:", "service control policy "];
    #[derive(serde::Deserialize)]
    struct Case {
        account: cases::BriefAccount,
    }
    let definitions = rules::definitions().unwrap();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for rule in rules() {
        let text = std::fs::read_to_string(file(&rule, "cases.yaml")).unwrap();
        let all: Vec<Case> = yaml_serde::from_str(&text).unwrap();
        for case in all {
            let snapshot = case.account.snapshot().unwrap();
            let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
            let access = Access::new(&inventory);
            let outcome = rules::run(std::slice::from_ref(&rule), &definitions, &access, &rules::Settings::default());
            for finding in outcome.findings {
                for evidence in finding.evidence {
                    let foureyes::finding::Evidence::Statement(cited) = evidence else { continue };
                    let stands = PLACES.iter().find(|place| cited.policy.starts_with(*place));
                    assert!(stands.is_some(), "{}: {}", finding.id, cited.policy);
                    seen.extend(stands);
                }
            }
        }
    }
    assert_eq!(seen.len(), PLACES.len(), "{seen:?}");
}

/// The answers of `src/cli/demo/README.md`.
#[test]
fn the_demo_is_answered_as_its_page_says() {
    let found = audit(&root().join("src/cli/demo/account.json"));
    let tables = ["Customer", "Invoice", "Order"].map(|name| format!("table/{name}-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod"));
    let tables = tables.join(" ");
    let people = "user/jonas user/mara user/priya";
    let developers = format!("role/amplify-service-role {people}");
    let app = "apps/d2h4rb0url1ght";
    let amplify =
        format!("{app} {app}/backendenvironments/prod {app}/branches/main {app}/domains/harbourlight.example");
    let api = "apis/k7wz3mqhrbgyxlq2d5tnv4c6ae";
    let webhook = "webhooks/9d3c5b7a-1f28-4e6d-a0b4-58c7e2f91d36";
    let stack = "stack/amplify-harbourlight-prod-81507/6f0d2c10-7a1b-11ee-9c3e-0a58a9feac02";
    let other_stack = "stack/harbourlight-api-prod/0c9be2f0-90d4-11ee-b7a6-02f4d6a8c1bb";
    let (pipeline, pool) = ("harbourlight-release", "userpool/eu-west-1_Hb7Lq2ZtK");
    let vault = "backup-vault:harbourlight-nightly";
    let points =
        "recovery-point:9e4d2b71-0c8a-4f16-b3d5-62f7a1e08c91 recovery-point:9e4d2b72-0c8a-4f16-b3d5-62f7a1e08c92";
    let trail = "trail/harbourlight-audit";
    let [customers, invoices, orders] =
        ["Customer", "Invoice", "Order"].map(|name| format!("table/{name}-k7wz3mqhrbgyxlq2d5tnv4c6ae-prod"));
    let everything =
        format!("{api} {amplify} {vault} {pipeline} {points} {stack} {other_stack} {tables} {trail} {pool} {webhook}");
    let losses = format!("{api} {amplify} {stack} {other_stack} {tables} {pool} {webhook}");
    let mut expected = vec![
        format!("delete-production-data-directly (certain): [{people}] on [{pool}]"),
        format!("delete-production-environment-directly (certain): [{people}] on [{amplify}]"),
        format!("delete-production-through-stack (certain): [{people}] on [{api} {stack} {tables} {pool}]"),
        format!("deploy-role-can-destroy-production (certain): [role/github-deploy] on [{stack} {tables}]"),
        format!(
            "deploy-role-can-destroy-production (certain): [role/amplify-service-role] on [{api} {amplify} {stack} {tables} {pool} {webhook}]"
        ),
        format!("administrator-beyond-break-glass (certain): [user/ines] on [{everything}]"),
        format!("can-become-administrator (certain): [{people}] on [{losses}]"),
        format!("can-become-administrator (certain): [role/amplify-service-role] on [{losses}]"),
        format!("can-become-administrator (certain): [role/github-deploy] on [{losses}]"),
        format!(
            "destroy-production-as-somebody-else (certain): [role/github-deploy] on [{api} {amplify} {pool} {webhook}]"
        ),
        format!("automatic-branch-deletion (certain): [] on [{app}]"),
        format!("destructive-updates-in-ci (certain): [] on [{app}]"),
        format!("amplify-production-builds-on-push (certain): [] on [{app}/branches/main]"),
        format!("production-webhook (certain): [] on [{webhook}]"),
        format!("pipeline-without-approval (certain): [] on [{pipeline}]"),
        format!("table-without-deletion-protection (certain): [] on [{tables}]"),
        format!("table-without-point-in-time-recovery (certain): [] on [{tables}]"),
        format!("user-pool-without-deletion-protection (certain): [] on [{pool}]"),
        format!("backup-vault-without-firm-lock (certain): [] on [{vault}]"),
        format!("every-copy-deletable-in-the-same-account (certain): [] on [{customers} {orders}]"),
        format!("production-data-in-no-backup-plan (certain): [] on [{invoices}]"),
        format!("restore-never-proven (certain): [] on [{orders}]"),
        format!("stack-deletes-the-data-it-made (certain): [] on [{stack}]"),
        format!("stack-without-policy (certain): [] on [{stack}]"),
        format!("stack-without-termination-protection (certain): [] on [{stack}]"),
        "deletions-alert-nobody (certain): [] on [root]".to_owned(),
        "production-shares-its-account (certain): [] on [root]".to_owned(),
        "production-watched-by-nobody (certain): [] on [root]".to_owned(),
        format!("production-not-made-by-code (conditional): [] on [{app} {pipeline}]"),
        format!(
            "access-key-alone-deletes-production (certain): [{people}] on [{api} {amplify} {stack} {tables} {pool} {webhook}]"
        ),
        // The organisation was not visible.
        format!(
            "no-organization-policy-guards-production (unknown): [] on [{api} {amplify} {stack} {other_stack} {tables} {pool}]"
        ),
        // Buckets were not read.
        format!("delete-data-of-any-name (conditional): [{developers}] on []"),
    ];
    expected.sort();
    assert_eq!(found, expected);
    for innocent in ["felix", "wen", "orders-resolver", "staging", "api-build", "foureyes-auditor", "break-glass]"] {
        let named = found.iter().find(|line| line.contains(&format!("/{innocent}")));
        assert_eq!(named, None, "{innocent} destroys nothing");
    }
    assert!(found.iter().all(|line| !line.contains("staging")), "staging is no finding");
}

/// `docs/rules.md`. `UPDATE=1` writes it anew.
#[test]
fn the_page_about_the_rules_is_up_to_date() {
    let path = root().join("docs/rules.md");
    let page = page(&rules());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == page, "docs/rules.md is stale: UPDATE=1 cargo test --test it rules::the_page writes it anew");
}

fn page(rules: &[Rule]) -> String {
    let mut text = String::from(
        "# The rules\n\nMade from the files in `policies/`; `foureyes rules show ID` prints the same. A finding names the rule \
         that it comes from.\n\n| Rule | Family | Severity | |\n| --- | --- | --- | --- |\n",
    );
    for rule in rules {
        text += &format!("| [{0}](#{0}) | {1} | {2} | {3} |\n", rule.id, rule.family, rule.severity, rule.title);
    }
    for rule in rules {
        let mend = match (&rule.fix, &rule.no_fix) {
            (Some(_), _) => format!(
                "`foureyes audit --fixes` prints the Terraform; [terraform-examples/{0}](../terraform-examples/{0}) shows it.",
                rule.id
            ),
            (None, reason) => format!("No Terraform is written: {}", lower_first(reason.as_deref().unwrap())),
        };
        text += &format!(
            "\n## {}\n\n**{}.** Family {}, severity {}.\n\n{}\n\n**Why.** {}\n\n**What is lost.** {}\n\n**What to do.** {} {mend}\n\n\
             **Limits.** {}\n\n**See.**\n\n",
            rule.id,
            rule.title,
            rule.family,
            rule.severity,
            rule.asks,
            rule.why,
            rule.consequence,
            rule.remediation,
            rule.limits,
        );
        for address in &rule.references {
            text += &format!("- <{address}>\n");
        }
    }
    text
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

fn examples(rule: &Rule) -> PathBuf {
    root().join("terraform-examples").join(&rule.id)
}

#[test]
fn every_rule_with_a_fix_has_an_example_and_no_other_has() {
    for rule in rules() {
        assert_eq!(examples(&rule).is_dir(), rule.fix.is_some(), "terraform-examples/{}", rule.id);
    }
}

#[test]
fn examples_fail_before_the_fix_and_pass_after() {
    for rule in rules().iter().filter(|rule| rule.fix.is_some()) {
        let of_rule = |name: &str| -> Vec<String> {
            let found = audit(&examples(rule).join(name));
            found.into_iter().filter(|line| line.starts_with(&format!("{} ", rule.id))).collect()
        };
        assert!(!of_rule("account.json").is_empty(), "{}: the rule is silent before the fix", rule.id);
        assert_eq!(of_rule("account-fixed.json"), Vec::<String>::new(), "{}: the rule fires after the fix", rule.id);
    }
}

/// What the program would write stands in `fixed.tf` and not in `vulnerable.tf`.
#[test]
fn examples_are_mended_as_the_program_mends() {
    for rule in rules().iter().filter(|rule| rule.fix.is_some()) {
        let read = |name: &str| std::fs::read_to_string(examples(rule).join(name)).unwrap();
        let squeezed = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (before, after) = (squeezed(read("vulnerable.tf")), squeezed(read("fixed.tf")));
        let loaded = foureyes::snapshot::read(&examples(rule).join("account.json")).unwrap();
        let inventory = Inventory::new(&loaded.snapshot, &EnvironmentRules::default());
        let access = Access::new(&inventory);
        let settings = rules::Settings { break_glass: vec![Glob::new("*:role/*break-glass*")], ..Default::default() };
        let one = std::slice::from_ref(rule);
        let outcome = rules::run(one, &rules::definitions().unwrap(), &access, &settings);
        let intents: Vec<FixIntent> = outcome.findings.into_iter().filter_map(|finding| finding.fix).collect();
        assert!(!intents.is_empty(), "{}: nothing to mend", rule.id);
        for intent in intents {
            let wanted: Vec<String> = match intent {
                FixIntent::SetArguments { targets } => targets
                    .iter()
                    .flat_map(|target| &target.arguments)
                    .map(|(path, value)| format!("{} = {value}", path.rsplit('.').next().unwrap()))
                    .collect(),
                FixIntent::DenyActions { actions, resources, .. } => {
                    let covered = |arn: &Arc<str>| match arn.split_once(":stack/") {
                        Some((head, stack)) => format!("\"{head}:stack/{}/*\"", stack.split('/').next().unwrap()),
                        None => format!("\"{arn}\""),
                    };
                    actions.iter().map(|action| format!("\"{action}\"")).chain(resources.iter().map(covered)).collect()
                }
                FixIntent::AddApproval { .. } => vec!["category = \"Approval\"".to_owned()],
                FixIntent::DetachPolicy { policy, .. } => {
                    assert!(before.contains(&policy) && !after.contains(&policy), "{}: {policy}", rule.id);
                    continue;
                }
                FixIntent::Remove { .. } => {
                    assert!(before.contains("resource \"aws_amplify_webhook\""), "{}", rule.id);
                    assert!(!after.contains("resource \"aws_amplify_webhook\""), "{}", rule.id);
                    continue;
                }
            };
            for text in wanted {
                assert!(after.contains(&text), "{}: fixed.tf lacks {text}", rule.id);
            }
        }
    }
}

#[test]
fn examples_are_formatted() {
    let terraform = std::process::Command::new("terraform")
        .args(["fmt", "-check", "-recursive", "-diff"])
        .arg(root().join("terraform-examples"))
        .output();
    match terraform {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        // Past the capture of the test runner: a check that did not happen must not look like one that did.
        Err(error) => {
            let mut stderr = std::io::stderr();
            writeln!(stderr, "SKIPPED: terraform does not run ({error}), formatting was not checked").unwrap();
        }
    }
}

/// Exit code, standard output and standard error of the program.
fn program(arguments: &[&str]) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_foureyes")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const OWN_RULE: &str = r#"
id: table-with-no-owner
title: Tables that nobody owns
severity: low
asks: Does every production table have an owner?
why: Nobody answers for a table without one.
headline: "{what} {has|have} no owner"
consequence: Nobody notices when it is gone.
remediation: Tag it.
limits: Only the tag is looked at.
references: [https://example.com/owners]
predicate:
  kind: configuration
  resource-type: AWS::DynamoDB::Table
  environment: production
  violated-if: "!('owner' in tags)"
  property: TableName
no-fix: The owner is not known.
"#;

const OWN_CASES: &str = r#"
- name: A table without an owner is a violation.
  account:
    resources: [{arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders-prod", type: AWS::DynamoDB::Table, tags: {team: shop}, properties: {}}]
  expect: [{resources: [table/orders-prod], certainty: certain}]
- name: A table with an owner is none.
  account:
    resources: [{arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders-prod", type: AWS::DynamoDB::Table, tags: {owner: shop}, properties: {}}]
  expect: []
"#;

/// `docs/writing-rules.md`: its rule is read, its cases pass, and it names every kind of question.
#[test]
fn the_page_about_writing_rules_is_right() {
    let page = std::fs::read_to_string(root().join("docs/writing-rules.md")).unwrap();
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let rule = rules::read_rule("own/table-with-no-owner.yaml", blocks[0]).unwrap();
    let cases = cases::read_cases("own/table-with-no-owner.cases.yaml", blocks[1]).unwrap();
    let tested = cases::test(&rule, &rules::definitions().unwrap(), &cases);
    assert!(tested.len() == 2 && tested.iter().all(|one| one.difference.is_none()), "{tested:?}");
    for rule in rules::built_in().unwrap() {
        let kind = serde_json::to_value(&rule.predicate).unwrap()["kind"].as_str().unwrap().to_owned();
        assert!(page.contains(&format!("| `{kind}` |")), "{kind} is not on the page");
        let lacks = serde_json::to_value(&rule.predicate).unwrap()["lacks"].as_str().map(str::to_owned);
        assert!(lacks.is_none_or(|lacks| page.contains(&format!("`{lacks}`"))), "{} is not explained", rule.id);
    }
}

#[test]
fn users_test_and_use_their_own_rules() {
    let folder = tempfile::tempdir().unwrap();
    let (rule, cases) = ("table-with-no-owner.yaml", "table-with-no-owner.cases.yaml");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let directory = folder.path().to_str().unwrap();
    write(rule, OWN_RULE);
    let (code, _, complaint) = program(&["rules", "test", directory]);
    assert_eq!(code, 2, "no cases: {complaint}");
    write(cases, OWN_CASES);
    let (code, printed, complaint) = program(&["rules", "test", directory]);
    assert_eq!((code, complaint.as_str()), (0, ""), "{printed}");
    assert!(printed.contains("pass  table-with-no-owner: A table with an owner is none."), "{printed}");
    assert!(printed.ends_with("2 passed, 0 failed, 0 rules without cases\n"), "{printed}");

    let demo = ["audit", "--demo", "--only", "table-with-no-owner", "--format", "json", "--rules", directory];
    let (code, printed, _) = program(&demo);
    assert_eq!(code, 1);
    assert_eq!(printed.matches("\"rule\": \"table-with-no-owner\"").count(), 1, "{printed}");

    write(cases, &OWN_CASES.replace("{owner: shop}", "{team: shop}"));
    let (code, printed, _) = program(&["rules", "test", directory]);
    assert_eq!(code, 1);
    assert!(printed.contains("FAIL  table-with-no-owner: A table with an owner is none."), "{printed}");

    write(cases, &OWN_CASES.replace("account:", "acount:"));
    let (code, _, complaint) = program(&["rules", "test", directory]);
    assert_eq!(code, 2);
    assert!(complaint.contains(cases) && complaint.contains("line 3"), "{complaint}");

    write(rule, &OWN_RULE.replace("table-with-no-owner", "production-webhook"));
    let (code, _, complaint) = program(&["audit", "--demo", "--rules", directory]);
    assert_eq!(code, 2);
    assert!(complaint.contains("must be the file's name"), "{complaint}");
}

#[test]
fn rules_are_listed_and_shown() {
    let (code, printed, _) = program(&["rules", "list", "--format", "json"]);
    assert_eq!(code, 0);
    let all: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(all.as_array().unwrap().len(), rules().len());
    let (_, printed, _) = program(&["rules", "list"]);
    for rule in rules() {
        assert!(printed.contains(&rule.id), "{} is not listed", rule.id);
        let (code, shown, _) = program(&["rules", "show", &rule.id]);
        assert_eq!(code, 0);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in [&rule.title, &rule.asks, &rule.why, &rule.consequence, &rule.remediation, &rule.limits] {
            assert!(words(&shown).contains(&words(text)), "{}: {text} is not shown in {shown}", rule.id);
        }
        for address in &rule.references {
            assert!(shown.contains(address), "{}: {address} is not shown whole", rule.id);
        }
    }
    let (code, _, complaint) = program(&["rules", "show", "table-without-protection"]);
    assert_eq!(code, 2);
    assert!(complaint.contains("did you mean `table-without-deletion-protection`"), "{complaint}");
}
