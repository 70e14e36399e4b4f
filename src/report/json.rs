//! JSON for machines.

mod v1;

use super::Report;
use crate::base::text;
use std::io;

/// Writes version 1 (`foureyes/report/v1`), described by `schemas/report-v1.schema.json`. The same report gives the same
/// bytes. Characters that could deceive a reader of the file are written as JSON escapes.
///
/// # Errors
///
/// Whatever the writer answers.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let json = serde_json::to_string_pretty(&v1::Report::from(report))?;
    // Such characters stand only inside strings; line feeds between them are ours.
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !text::is_deceptive(character) {
            safe.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    writeln!(out, "{safe}")
}
