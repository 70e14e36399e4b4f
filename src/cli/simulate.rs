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

/// Lines that are decided at once: bounds memory on endless input.
const BATCH: usize = 4096;

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let name = arguments.cases.display();
    let source: Box<dyn Read> = if arguments.cases.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(&arguments.cases);
        Box::new(file.with_context(|| format!("cannot read `{name}`"))?)
    };
    let mut lines = BufReader::new(source).split(b'\n');
    let mut number: usize = 0;
    loop {
        let batch: Vec<Vec<u8>> =
            lines.by_ref().take(BATCH).collect::<Result<_, _>>().with_context(|| format!("cannot read `{name}`"))?;
        if batch.is_empty() {
            return Ok(Exit::Clean);
        }
        let answers: Vec<String> = batch
            .par_iter()
            .enumerate()
            .map(|(index, line)| {
                let line = String::from_utf8_lossy(line);
                let line = line.trim();
                if line.is_empty() {
                    return String::new();
                }
                let mut answer = case::answer_line(line, number.saturating_add(index).saturating_add(1));
                answer.push('\n');
                answer
            })
            .collect();
        number = number.saturating_add(batch.len());
        output::print(answers.concat().as_bytes())?;
    }
}
