//! The modules of `src/` stand in layers, and what the outside world decides stays at the edges.
//!
//! There is no list of exceptions: what these tests name is put right in `src/`, or the table changes, here and in
//! `docs/architecture.md`.

use crate::source::{self, Kind, Named, Token};
use std::collections::{BTreeMap, BTreeSet};

/// What a module may import from, besides itself.
#[derive(Clone, Copy)]
enum Knows {
    /// Every lower layer.
    Below,
    /// These.
    Only(&'static [&'static str]),
}

use Knows::{Below, Only};

/// What answers questions about an inventory.
const MODEL: Knows = Only(&["base", "catalog", "iam", "engine", "inventory", "access"]);

/// The layer of each module, its name, and what it may know.
const LAYERS: &[(u8, &str, Knows)] = &[
    (0, "base", Only(&[])),
    (1, "catalog", Only(&["base"])),
    (1, "iam", Only(&["base"])),
    (1, "snapshot", Only(&["base"])),
    (1, "finding", Only(&["base"])),
    (2, "engine", Only(&["base", "catalog", "iam"])),
    (2, "inventory", Only(&["base", "iam", "snapshot"])),
    (3, "access", Only(&["base", "catalog", "iam", "engine", "inventory"])),
    (4, "paths", MODEL),
    (4, "rollout", MODEL),
    (4, "recovery", MODEL),
    (5, "rules", Below),
    (6, "fix", Below),
    (6, "report", Only(&["base", "snapshot", "finding"])),
    (6, "collect", Only(&["base", "snapshot"])),
    (7, "cli", Below),
];

/// Crates that one module alone may use.
const CRATES: &[(&str, &str)] = &[
    ("aws_", "collect"),
    ("tokio", "collect"),
    ("hcl_edit", "fix"),
    ("anyhow", "cli"),
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("tracing_subscriber", "cli"),
];

/// Ways to the clock, the environment, the terminal and the exit, as parts of paths. A glob or a name for a whole module
/// of `std` would hide them.
const OUTSIDE: &[&str] = &[
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "std",
    "std::*",
    "std::env",
    "std::io::*",
    "std::process",
    "std::time",
    "std::time::*",
    "io::stderr",
    "io::stdout",
];

/// The same, as macros.
const PRINTS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];

fn row(module: &str) -> Option<(u8, Knows)> {
    LAYERS.iter().find(|(_, name, _)| *name == module).map(|(layer, _, knows)| (*layer, *knows))
}

fn may_import(from: &str, to: &str) -> bool {
    let (Some((above, knows)), Some((below, _))) = (row(from), row(to)) else { return false };
    from == to
        || match knows {
            Below => below < above,
            Only(some) => some.contains(&to),
        }
}

/// A file of `src/`, without what only tests compile.
struct File {
    name: String,
    /// Its place in the tree of modules; empty for the roots.
    module: Vec<String>,
    tokens: Vec<Token>,
    paths: Vec<Named>,
}

/// Reads the files of `src/`: name and text of each.
fn read(files: &[(String, String)]) -> Vec<File> {
    let mut test_only = BTreeSet::new();
    let mut all = Vec::new();
    for (name, text) in files {
        let stem = name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let module: Vec<String> =
            stem.split('/').filter(|part| !matches!(*part, "lib" | "main")).map(Into::into).collect();
        let (tokens, hidden) = source::without_tests(&source::tokens(text));
        test_only.extend(hidden.into_iter().map(|child| [module.clone(), vec![child]].concat()));
        all.push(File { name: name.clone(), module, paths: source::paths(&tokens), tokens });
    }
    all.retain(|file| !test_only.iter().any(|hidden| file.module.starts_with(hidden)));
    all
}

fn sources() -> Vec<File> {
    let all = source::files("src").into_iter().filter(|(name, _)| name.ends_with(".rs"));
    let texts: Vec<(String, String)> = all.map(|(name, path)| (name, std::fs::read_to_string(path).unwrap())).collect();
    let files = read(&texts);
    assert!(files.len() > 50 && files.iter().map(|file| file.paths.len()).sum::<usize>() > 5_000);
    files
}

/// The path from the crate's root, where a path begins at `crate`, `self` or `super`.
fn from_root(file: &File, named: &Named) -> Option<Vec<String>> {
    let mut at = [file.module.clone(), named.inside.clone()].concat();
    let mut rest = named.path.as_slice();
    match rest.first()?.as_str() {
        "crate" => {
            at.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                at.pop();
                rest = &rest[1..];
            }
        }
        _ => return None,
    }
    at.extend_from_slice(rest);
    Some(at)
}

/// Imports that go up or sideways, and what would hide one.
fn wrong_imports(file: &File) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(own) = file.module.first() else {
        for named in &file.paths {
            let through_cli = named.path.starts_with(&["foureyes".to_owned(), "cli".to_owned()]);
            if named.imported || (named.path[0] == "foureyes" && !through_cli) {
                wrong.push(format!("{}:{}: a root only names the modules and starts `cli`", file.name, named.line));
            }
        }
        return wrong;
    };
    for named in &file.paths {
        let shown = named.path.join("::");
        let place = format!("{}:{}", file.name, named.line);
        match from_root(file, named).as_deref() {
            None => {}
            // `pub(crate)`; in a `use`, a second name for everything.
            Some([]) if !named.imported => {}
            Some([]) => wrong.push(format!("{place}: `{shown}` is the whole crate")),
            Some([to, ..]) if !may_import(own, to) => {
                wrong.push(format!("{place}: `{own}` must not know `{to}` ({shown})"));
            }
            Some([to, ..]) if named.exported && to != own => {
                wrong.push(format!("{place}: `{own}` hands out what is of `{to}` ({shown})"));
            }
            Some(_) => {}
        }
    }
    for pair in file.tokens.windows(3) {
        let words = (pair[0].word(), pair[1].word(), pair[2].word());
        let hides = match words {
            (Some("extern"), Some("crate"), _) => true,
            (Some("include"), ..) => pair[1].is('!'),
            (.., Some("path")) => pair[0].is('#') && pair[1].is('['),
            (_, Some("macro_export" | "macro_use"), _) => true,
            _ => false,
        };
        if hides {
            wrong.push(format!("{}:{}: hides where code stands", file.name, pair[0].line));
        }
    }
    wrong
}

#[test]
fn modules_know_only_lower_layers() {
    let wrong: Vec<String> = sources().iter().flat_map(wrong_imports).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_names_every_module_once_and_only_looks_down() {
    for (layer, name, knows) in LAYERS {
        assert_eq!(LAYERS.iter().filter(|(_, other, _)| other == name).count(), 1, "{name}");
        if let Only(some) = knows {
            for known in *some {
                assert!(row(known).is_some_and(|(below, _)| below < *layer), "{name} over {known}");
            }
        }
    }
    for file in sources() {
        let Some(module) = file.module.first() else { continue };
        assert!(row(module).is_some(), "{module} has no layer");
    }
}

#[test]
fn the_page_shows_the_table() {
    let page = std::fs::read_to_string(source::root().join("docs/architecture.md")).unwrap();
    let mut shown = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let (Ok(layer), Some(module), Some(may)) = (cells[0].parse::<u8>(), cells.get(1), cells.get(3)) {
            let may: BTreeSet<String> = may.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
            shown.insert(module.trim_matches('`').to_owned(), (layer, may));
        }
    }
    let mut real = BTreeMap::new();
    for file in sources() {
        let Some((layer, name, knows)) =
            LAYERS.iter().find(|(_, name, _)| file.module.first().is_some_and(|own| own == name))
        else {
            continue;
        };
        let may = match knows {
            Below => ["all below".to_owned()].into(),
            Only([]) => ["nothing".to_owned()].into(),
            Only(some) => some.iter().map(|name| (*name).to_owned()).collect(),
        };
        real.insert((*name).to_owned(), (*layer, may));
    }
    assert_eq!(shown, real, "docs/architecture.md and tests/it/layers.rs differ");
}

/// Crates in modules that must not know them.
fn wrong_crates(file: &File) -> Vec<String> {
    let own = file.module.first().map_or("cli", String::as_str);
    let mut wrong = Vec::new();
    for named in file.paths.iter().filter(|named| named.imported || named.path.len() > 1) {
        let used = named.path[0].as_str();
        let of = CRATES.iter().find(|(name, _)| used == *name || (name.ends_with('_') && used.starts_with(name)));
        if let Some((_, only)) = of.filter(|(_, only)| *only != own) {
            wrong.push(format!("{}:{}: `{used}` belongs to `{only}`", file.name, named.line));
        }
    }
    wrong
}

#[test]
fn crates_stay_where_they_belong() {
    let wrong: Vec<String> = sources().iter().flat_map(wrong_crates).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What only `cli` may do.
fn outside_world(file: &File) -> Vec<String> {
    if file.module.first().is_none_or(|own| own == "cli") {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for named in &file.paths {
        for way in OUTSIDE {
            let parts: Vec<&str> = way.split("::").collect();
            // What is imported whole, alone; everything else wherever it stands in a path.
            let whole = matches!(parts.as_slice(), ["std"] | ["std", "time"]);
            let hit = if whole {
                named.imported && named.path == parts
            } else {
                named.path.windows(parts.len()).any(|part| part == parts)
            };
            if hit {
                wrong.push(format!("{}:{}: {way}", file.name, named.line));
            }
        }
    }
    for pair in file.tokens.windows(2) {
        if let Some(name) = pair[0].word().filter(|name| PRINTS.contains(name) && pair[1].is('!')) {
            wrong.push(format!("{}:{}: {name}!", file.name, pair[0].line));
        }
    }
    wrong
}

#[test]
fn clock_environment_terminal_and_exit_are_of_the_command_line() {
    let wrong: Vec<String> = sources().iter().flat_map(outside_world).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The ids of the rules that come with the program.
fn rule_ids() -> Vec<String> {
    let rules = source::files("policies").into_iter().filter_map(|(name, _)| {
        let (_, file) = name.rsplit_once('/')?;
        let id = file.strip_suffix(".yaml")?;
        (id != "definitions" && !id.ends_with(".cases")).then(|| id.to_owned())
    });
    let ids: Vec<String> = rules.collect();
    assert!(ids.len() >= 10, "{ids:?}");
    ids
}

#[test]
fn no_rule_is_named_in_the_code() {
    let ids = rule_ids();
    let mut wrong = Vec::new();
    for file in sources() {
        for token in &file.tokens {
            let Kind::Text(text) = &token.kind else { continue };
            let named = ids.iter().filter(|id| text.contains(id.as_str()));
            wrong.extend(named.map(|id| format!("{}:{}: {id}", file.name, token.line)));
        }
    }
    // Templates and data would name a rule as well as code does. The demo is an account, not code.
    for (name, path) in source::files("src") {
        if !name.ends_with(".rs") && !name.starts_with("src/cli/demo/") {
            let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
            wrong.extend(ids.iter().filter(|id| text.contains(id.as_str())).map(|id| format!("{name}: {id}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with one file of this name and text.
fn caught(name: &str, text: &str) -> usize {
    let files = read(&[(name.to_owned(), text.to_owned())]);
    files.iter().map(|file| wrong_imports(file).len() + wrong_crates(file).len() + outside_world(file).len()).sum()
}

#[test]
fn what_must_be_caught_is_caught() {
    for (name, text) in [
        ("src/finding/mod.rs", "use crate::cli::Exit;"),
        ("src/finding/mod.rs", "use crate::{base::Arn, rules};"),
        ("src/finding/mod.rs", "use {std::fmt, crate::{base::{self, Arn}, iam::{Effect}}};"),
        ("src/finding/mod.rs", "use super::iam::Effect;"),
        ("src/finding/mod.rs", "use super::*;"),
        ("src/finding/mod.rs", "use crate::*;"),
        ("src/finding/mod.rs", "use crate as all;"),
        ("src/finding/mod.rs", "use crate::{self as all};"),
        ("src/finding/mod.rs", "fn f(x: &crate::iam::Effect) {}"),
        ("src/finding/mod.rs", "fn f() { use crate::iam::Effect; }"),
        ("src/finding/mod.rs", "mod inner { use super::super::iam::Effect; }"),
        ("src/finding/mod.rs", "macro_rules! m { () => { $crate::iam::parse() } }"),
        ("src/finding/mod.rs", "use r#crate_x as y; use crate::r#iam;"),
        ("src/finding/mod.rs", "#[cfg(any(test, unix))] use crate::iam;"),
        ("src/finding/mod.rs", "#[cfg(not(test))] use crate::iam;"),
        ("src/finding/mod.rs", "#[path = \"../iam/mod.rs\"] mod iam;"),
        ("src/finding/mod.rs", "include!(\"../iam/mod.rs\");"),
        ("src/finding/mod.rs", "extern crate self as all;"),
        ("src/finding/mod.rs", "#[macro_export] macro_rules! m { () => {} }"),
        ("src/report/json/v1.rs", "use super::super::super::rules::Rule;"),
        ("src/report/json.rs", "use crate::engine::Verdict;"),
        ("src/report/table.rs", "use crate::fix;"),
        ("src/fix/mod.rs", "use crate::report::Report;"),
        ("src/engine/mod.rs", "use crate::snapshot::Snapshot;"),
        ("src/inventory/mod.rs", "use crate::engine;"),
        ("src/inventory/mod.rs", "use crate::catalog;"),
        ("src/paths/mod.rs", "use crate::rollout;"),
        ("src/collect/mod.rs", "use crate::inventory::Inventory;"),
        ("src/rules/mod.rs", "pub use crate::finding::Finding;"),
        ("src/rules/mod.rs", "pub(crate) use crate::{base, finding::Finding};"),
        ("src/nowhere/mod.rs", "use crate::base::Arn;"),
        ("src/lib.rs", "pub use base::Arn;"),
        ("src/main.rs", "fn main() { foureyes::rules::built_in(); }"),
        ("src/snapshot/mod.rs", "use aws_sdk_iam::Client;"),
        ("src/cli/mod.rs", "fn f(x: aws_config::SdkConfig) {}"),
        ("src/cli/mod.rs", "#[tokio::main] async fn main() {}"),
        ("src/rules/mod.rs", "use hcl_edit::expr::Expression;"),
        ("src/rules/mod.rs", "fn f() -> anyhow::Result<()> {}"),
        ("src/rules/mod.rs", "fn f() { std::process::exit(1) }"),
        ("src/rules/mod.rs", "use std::{process, fmt};"),
        ("src/rules/mod.rs", "use std::{fmt, env::var};"),
        ("src/rules/mod.rs", "use std as s;"),
        ("src/rules/mod.rs", "use std::{self as s};"),
        ("src/rules/mod.rs", "use std::*;"),
        ("src/rules/mod.rs", "use std::time::{self as t};"),
        ("src/rules/mod.rs", "fn f() { std::time::Instant::now(); }"),
        ("src/rules/mod.rs", "fn f() { jiff::Timestamp::now(); }"),
        ("src/rules/mod.rs", "use std::io; fn f() { io::stdout(); }"),
        ("src/rules/mod.rs", "fn f() { println!(\"x\"); }"),
    ] {
        assert!(caught(name, text) > 0, "{name}: {text}");
    }
}

#[test]
fn what_may_stand_is_not_caught() {
    for (name, text) in [
        (
            "src/finding/mod.rs",
            "use crate::base::{Arn, glob::Part}; use crate::finding::Severity; pub(crate) struct X;",
        ),
        ("src/finding/mod.rs", "//! [`crate::rules`]\n/* use crate::rules; */ const A: &str = \"use crate::rules;\";"),
        ("src/finding/mod.rs", "#[cfg(test)] mod tests { use super::*; use crate::cli; fn f() { println!(\"\") } }"),
        ("src/report/json/v1.rs", "use super::super::{Report, table}; use crate::report; pub(super) fn f() {}"),
        ("src/report/json.rs", "mod inner { use super::super::names; } pub use v1::write; pub use self::v1::read;"),
        (
            "src/rules/mod.rs",
            "use std::time::Duration; use std::io::Write; fn f() { env!(\"X\"); writeln!(out, \"\"); }",
        ),
        ("src/collect/mod.rs", "use aws_config::SdkConfig; use crate::snapshot::Snapshot; fn f() { tokio::spawn(g) }"),
        ("src/cli/mod.rs", "use crate::{fix, report, rules}; use std::env; fn f() -> anyhow::Result<()> { x.print() }"),
        ("src/main.rs", "fn main() -> std::process::ExitCode { foureyes::cli::main() }"),
        ("src/lib.rs", "pub mod base; #[cfg(feature = \"aws\")] pub mod collect;"),
    ] {
        assert_eq!(caught(name, text), 0, "{name}: {text}");
    }
    let (parent, child) = ("#[cfg(test)] mod cases;", "use crate::cli;");
    let files = [("src/base/mod.rs", parent), ("src/base/cases.rs", child)].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert!(read(&files).iter().all(|file| wrong_imports(file).is_empty()));
}
