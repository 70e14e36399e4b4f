//! `foureyes simulate`: decides written-down requests.

use super::{Exit, output};
use crate::engine::case;
use anyhow::Context;
use clap::Args;
use rayon::prelude::*;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

/// Decide requests written down as JSON Lines, one request a line, and print one answer a line.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file of cases; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    cases: PathBuf,
}

/// Lines that are decided at once.
const BATCH_LINES: usize = 4096;
/// Bytes after which a batch is full: with the longest line, this bounds memory on endless input.
const BATCH_BYTES: usize = 16 << 20;
/// The longest line that is read, in bytes.
const LONGEST: usize = 64 << 20;

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let name = arguments.cases.display();
    let source: Box<dyn Read> = if arguments.cases.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(&arguments.cases);
        Box::new(file.with_context(|| format!("cannot read `{name}`"))?)
    };
    let mut source = BufReader::new(source);
    let mut number: usize = 0;
    loop {
        let batch = batch(&mut source).with_context(|| format!("cannot read `{name}`"))?;
        if batch.is_empty() {
            return Ok(Exit::Clean);
        }
        let answers: Vec<String> = batch
            .par_iter()
            .enumerate()
            .map(|(index, line)| answer(line, number.saturating_add(index).saturating_add(1)))
            .collect();
        number = number.saturating_add(batch.len());
        output::print(answers.concat().as_bytes())?;
    }
}

enum Line {
    Read(Vec<u8>),
    TooLong,
}

fn batch(source: &mut impl BufRead) -> std::io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut bytes: usize = 0;
    while lines.len() < BATCH_LINES && bytes < BATCH_BYTES {
        let Some(line) = line(source)? else { break };
        if let Line::Read(text) = &line {
            bytes = bytes.saturating_add(text.len());
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The next line; `None` at the end.
fn line(source: &mut impl BufRead) -> std::io::Result<Option<Line>> {
    let mut text = Vec::new();
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    if source.by_ref().take(limit).read_until(b'\n', &mut text)? == 0 {
        return Ok(None);
    }
    if text.len() > LONGEST && text.last() != Some(&b'\n') {
        source.skip_until(b'\n')?;
        return Ok(Some(Line::TooLong));
    }
    Ok(Some(Line::Read(text)))
}

/// The answer to a line, with its line break; nothing for an empty line.
fn answer(line: &Line, number: usize) -> String {
    let complain = |error: &str| {
        let id = format!("line {number}");
        format!("{}\n", serde_json::json!({"id": id, "error": error}))
    };
    match line {
        Line::TooLong => complain("the line is longer than 64 MiB"),
        Line::Read(text) => match std::str::from_utf8(text).map(str::trim) {
            Ok("") => String::new(),
            Ok(text) => case::answer_line(text, number) + "\n",
            Err(_) => complain("the line is not UTF-8"),
        },
    }
}
