//! Where in a JSON text something went wrong, in words a person can follow.

use super::error::{clip, printable};
use std::fmt;

/// A place in a file: the JSON path for people, line and column for editors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Such as `accounts[0].resources[3].arn`; empty at the top level.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// Bytes from the start of the line.
    pub column: usize,
}

/// How many steps of a path are shown.
const STEPS: usize = 12;

impl Place {
    /// The place that serde_json names by line and column.
    pub(super) fn of(error: &serde_json::Error, text: &str) -> Place {
        let (line, column) = (error.line(), error.column());
        let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let read = text.as_bytes().get(..before.saturating_add(column)).unwrap_or_default();
        Place { path: path_after(read), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(out, "at line {}, column {}", self.line, self.column)
        } else {
            write!(out, "at `{}` (line {}, column {})", self.path, self.line, self.column)
        }
    }
}

/// One open bracket.
enum Step<'a> {
    /// An object and the key whose value is being read.
    Key(Option<&'a [u8]>),
    /// An array and the index being read.
    Index(usize),
}

/// The path at the end of the beginning of a JSON text. Only run once something failed, so it is kept simple.
fn path_after(read: &[u8]) -> String {
    let mut steps: Vec<Step> = Vec::new();
    let mut string: &[u8] = &[];
    let mut rest = read;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                let length = string_length(rest);
                string = rest.get(..length).unwrap_or(rest);
                rest = rest.get(length.saturating_add(1)..).unwrap_or_default();
            }
            b'{' => steps.push(Step::Key(None)),
            b'[' => steps.push(Step::Index(0)),
            b'}' | b']' => drop(steps.pop()),
            b':' => {
                if let Some(Step::Key(key)) = steps.last_mut() {
                    *key = Some(string);
                }
            }
            b',' => match steps.last_mut() {
                Some(Step::Key(key)) => *key = None,
                Some(Step::Index(index)) => *index = index.saturating_add(1),
                None => {}
            },
            _ => {}
        }
    }
    let mut path = String::new();
    for step in steps.iter().take(STEPS) {
        match step {
            Step::Key(None) => {}
            Step::Key(Some(key)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&clip(&printable(&String::from_utf8_lossy(key)), 40));
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    if steps.len() > STEPS {
        path.push('…');
    }
    path
}

/// The length of a string's content; the opening quote has been read.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_brackets_and_strings() {
        let cases = [
            ("", ""),
            ("5", ""),
            (r#"{"a": "#, "a"),
            (r#"{"a": 1, "b": [1, {"c": "#, "b[1].c"),
            (r#"{"a": {"b": 1}"#, "a"),
            (r#"[{}, {}, {"#, "[2]"),
            (r#"{"\"]}": ["#, "\\\"]}[0]"),
            (r#"{"a": "{[,:", "b": "#, "b"),
            ("}}]]{\"a\u{1b}[\":", "a\\u{1b}["),
        ];
        for (text, path) in cases {
            assert_eq!(path_after(text.as_bytes()), path, "{text}");
        }
        assert_eq!(path_after("[".repeat(100_000).as_bytes()), "[0]".repeat(STEPS) + "…");
    }
}
