//! What is made from the program itself stays in step with it. `UPDATE=1 cargo test generated` writes it anew.

use assert_cmd::Command;
use std::fmt::Write;
use std::path::Path;

/// The program, in an environment that changes nothing.
fn foureyes() -> Command {
    let mut command = Command::cargo_bin("foureyes").unwrap();
    command.env_clear().env("LANG", "C.UTF-8").env("COLUMNS", "100");
    command
}

/// Compares a file with what it should be, or writes it.
fn hold(path: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} is stale: UPDATE=1 cargo test generated", path.display());
}

#[test]
fn the_picture_of_the_demo() {
    let output = foureyes().args(["audit", "--demo"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // What was looked at and the worst of what was found: what fits on a screen.
    let mut lines: Vec<&str> = text.lines().take(48).collect();
    lines.push("…");
    hold("docs/demo.svg", &picture("foureyes audit --demo", &lines));
}

/// Draws a terminal.
fn picture(command: &str, lines: &[&str]) -> String {
    const LINE: usize = 17;
    let height = (lines.len() + 4) * LINE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"{height}\" viewBox=\"0 0 860 {height}\">\n\
         <rect width=\"860\" height=\"{height}\" rx=\"8\" fill=\"#16181d\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"13\" fill=\"#d6d8dd\" xml:space=\"preserve\">\n"
    );
    let shown = std::iter::once(format!("$ {command}")).chain(lines.iter().map(|line| (*line).to_owned()));
    for (index, line) in shown.enumerate() {
        let escaped = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let coloured = escaped
            .replace("critical", "<tspan fill=\"#ff5c57\" font-weight=\"bold\">critical</tspan>")
            .replace("CRITICAL", "<tspan fill=\"#ff5c57\" font-weight=\"bold\">CRITICAL</tspan>")
            .replace(" high ", " <tspan fill=\"#ff9f43\">high</tspan> ");
        let fill = if index == 0 { " fill=\"#8be9a8\"" } else { "" };
        writeln!(svg, "<text x=\"20\" y=\"{}\"{fill}>{coloured}</text>", (index + 2) * LINE).unwrap();
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

#[cfg(feature = "aws")]
#[test]
fn the_auditors_own_policy() {
    let output = foureyes().args(["init", "--iam-policy"]).output().unwrap();
    assert!(output.status.success());
    let json = String::from_utf8(output.stdout).unwrap();
    let policy: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(policy, foureyes::collect::policy());
    hold("terraform-examples/auditor-role/policy.json", &json);
}

#[cfg(feature = "aws")]
#[test]
fn the_help() {
    let mut all =
        String::from("What `foureyes` prints when asked for help. Made by `UPDATE=1 cargo test generated`.\n");
    let commands: &[&[&str]] = &[
        &[],
        &["audit"],
        &["collect"],
        &["who-can"],
        &["explain"],
        &["blast-radius"],
        &["recovery"],
        &["simulate"],
        &["rules"],
        &["init"],
        &["completions"],
    ];
    for command in commands {
        let output = foureyes().args(*command).arg("--help").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        write!(all, "\n## foureyes {}\n\n```text\n{}```\n", command.join(" "), text).unwrap();
    }
    hold("docs/help.md", &all.replace("foureyes \n", "foureyes\n"));
}

#[test]
fn the_page_about_destruction() {
    use foureyes::catalog::destruction::{self, Class};
    let classes = [
        (Class::Environment, "Environment", "A running system stops, disappears or runs something else."),
        (Class::Data, "Data", "Data that users or systems wrote is gone or changed."),
        (Class::Recovery, "Recovery", "The means to restore are gone: backups, replicas, old versions."),
        (Class::Guard, "Guard", "A protection that would have stopped the next step is gone."),
        (Class::Audit, "Audit", "The record of who did what, or the alarm about it, is gone."),
    ];
    let name = |class: Class| classes.iter().find(|(known, ..)| *known == class).map_or("", |(_, name, _)| name);
    let mut page = format!(
        "# What destroys\n\nThe {} actions of AWS that the rules go by, each reviewed by hand: what happens, to which \
         resources, and whether one can get back. It is a selection; an action that is not here was not reviewed. Each \
         stands under its worst effect; further effects are named with it. Made from `src/catalog/data/destruction.jsonl` \
         by `UPDATE=1 cargo test generated`.\n\n| Class | Actions | |\n| --- | --- | --- |\n",
        destruction::all().len()
    );
    for (class, title, meaning) in classes {
        let count = destruction::all().iter().filter(|entry| entry.class() == class).count();
        writeln!(page, "| [{title}](#{}) | {count} | {meaning} |", title.to_lowercase()).unwrap();
    }
    for (class, title, meaning) in classes {
        write!(
            page,
            "\n## {title}\n\n{meaning}\n\n| Action | What happens | Acts on | Undo |\n| --- | --- | --- | --- |\n"
        )
        .unwrap();
        for entry in destruction::all().iter().filter(|entry| entry.class() == class) {
            let mut happens = entry.consequence().to_owned();
            if !entry.also().is_empty() {
                let also: Vec<_> = entry.also().iter().map(|also| name(*also).to_lowercase()).collect();
                write!(happens, " Also: {}.", also.join(", ")).unwrap();
            }
            if let Some(only_if) = entry.only_if() {
                write!(happens, " Only if {only_if}.").unwrap();
            }
            if let Some(blocked_by) = entry.blocked_by() {
                write!(happens, " What can stand in the way: {blocked_by}.").unwrap();
            }
            if !entry.gated_by().is_empty() {
                let keys: Vec<_> = entry.gated_by().iter().map(|key| format!("`{key}`")).collect();
                write!(happens, " A policy can tell requests apart by {}.", keys.join(", ")).unwrap();
            }
            let on = match entry.applies_to() {
                [] => "the account".to_owned(),
                types => types.iter().map(|kind| kind.trim_start_matches("AWS::")).collect::<Vec<_>>().join(", "),
            };
            writeln!(page, "| `{}` | {happens} | {on} | {} |", entry.action(), entry.undo().unwrap_or("")).unwrap();
        }
    }
    assert!(!page.contains("||"));
    hold("docs/destruction.md", &page);
}

/// What each file of `src/collect/` says of itself, the calls that it names, and the properties that it writes.
#[test]
fn the_page_about_collection() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/collect");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let call = regex::Regex::new(r#"Call::new\(\s*"([a-z0-9-]+)",\s*"([A-Za-z0-9]+)"\s*\)([^;]*);"#).unwrap();
    let spelt = regex::Regex::new(r#"allowed_by\("([A-Za-z0-9]+)"\)"#).unwrap();
    let besides = regex::Regex::new(r#"and\(&\[([^\]]*)\]\)"#).unwrap();
    let property = regex::Regex::new(r#"\.(?:put|text|known|time)\(\s*"([A-Za-z0-9]+)""#).unwrap();
    let link = regex::Regex::new(r"\[(`[^`]+`)\](?:\([^)]*\))?").unwrap();
    let mut page = String::from(
        "# What a collection reads\n\nMade from `src/collect/` by `UPDATE=1 cargo test generated`. One section a file: what it says of itself, the \
         read-only calls that it makes with the IAM action that allows each, and the names of the properties that it writes \
         into the snapshot. Whatever an answer holds besides is dropped as it is read.\n\n\
         Never kept, whatever the service: values of environment variables, secrets, parameters and outputs, tokens, webhook \
         addresses, credentials in addresses, templates and build specifications, TXT records, addresses of people. A test \
         fills every member of every answer that AWS may give with a mark of its own, and searches all that is written, \
         printed and logged: `tests/cases/collect/kept.txt` is the whole list of what is kept.\n\n\
         The IAM policy that allows exactly these calls: `foureyes init --iam-policy`, \
         [terraform-examples/auditor-role](../terraform-examples/auditor-role).\n",
    );
    let mut count = 0;
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        if !source.contains("pub const CALLS") {
            continue;
        }
        // Tests write properties too.
        let code = source.split("#[cfg(test)]").next().unwrap();
        let said: Vec<&str> = code.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        let said = link.replace_all(&said.join("\n"), "$1").into_owned();
        let mut actions = Vec::new();
        for found in call.captures_iter(code) {
            count += 1;
            let action = spelt.captures(&found[3]).map_or(found[2].to_owned(), |spelt| spelt[1].to_owned());
            let more = besides.captures(&found[3]).map_or(String::new(), |more| more[1].replace('"', ""));
            let mut text = format!("`{}:{action}`", &found[1]);
            if action != found[2] {
                write!(text, " for `{}`", &found[2]).unwrap();
            }
            if !more.is_empty() {
                write!(text, " with `{}:{more}`", &found[1]).unwrap();
            }
            actions.push(text);
        }
        let mut names: Vec<&str> = property.captures_iter(code).map(|found| found.get(1).unwrap().as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        write!(page, "\n## {name}\n\n{said}\n\nCalls: {}.\n", actions.join(", ")).unwrap();
        if !names.is_empty() {
            write!(page, "\nProperties: `{}`.\n", names.join("`, `")).unwrap();
        }
    }
    #[cfg(feature = "aws")]
    assert_eq!(count, foureyes::collect::calls().count(), "a call is not written as the page's maker reads it");
    assert!(count > 50);
    hold("docs/collection.md", &page);
}
