//! Writing to the terminal.

use std::io::{ErrorKind, IsTerminal, Write};

/// Writes results to standard output.
pub fn print(text: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)?;
    out.flush()
}

/// Tells on standard error what went wrong, with its causes, in one line.
pub fn complain(error: &anyhow::Error) {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.downcast_ref().map_or_else(|| cause.to_string(), reason);
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    note(&format!("error: {text}"));
}

/// Why a file could not be read or written, and what to do about it.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or directory; check the path".to_owned(),
        ErrorKind::PermissionDenied => {
            "permission denied; take another path, or run as somebody who may use it".to_owned()
        }
        ErrorKind::IsADirectory => "it is a directory; give a file in it".to_owned(),
        ErrorKind::NotADirectory => "it is a file; give a directory".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text; save it as UTF-8".to_owned(),
        _ => {
            // The number that the standard library adds tells nobody anything.
            let text = error.to_string();
            text.split_once(" (os error ").map_or(text.clone(), |(words, _)| words.to_lowercase())
        }
    }
}

/// Tells something on standard error.
pub fn note(text: &str) {
    // There is nobody left to tell when standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The width to fit tables into: the terminal's, `COLUMNS` where it is set, or 100.
pub fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = comfy_table_width();
    asked.or(terminal).unwrap_or(100).clamp(40, 240)
}

fn comfy_table_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    comfy_table::Table::new().width().map(usize::from)
}

/// Whether results may have colour: on a terminal, unless `NO_COLOR` says no.
pub fn colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !refused
}

/// How tables look here.
pub fn style() -> crate::report::table::Style {
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_none_or(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
    crate::report::table::Style {
        width: u16::try_from(width()).unwrap_or(100),
        colour: colour(),
        unicode: utf8,
        all: false,
    }
}
