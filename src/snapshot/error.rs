//! What can go wrong with a snapshot file, each with the place and the way out.

use super::{Place, SCHEMA};
use std::io;
use std::path::Path;

/// A file could not be read as a snapshot.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct ReadError {
    /// The file, quoted for people.
    pub file: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file or its content.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No such file.
    #[error(
        "there is no such file; give a snapshot, a directory of snapshots, the output of `aws iam \
         get-account-authorization-details`, or `-` for standard input"
    )]
    Missing,
    /// The operating system refused.
    #[error("cannot be read: {}", printable(&.0.to_string()))]
    Io(io::Error),
    /// A directory without files that could be snapshots.
    #[error("the directory holds no file named `*.json` or `*.zst`; give one that holds one file an account")]
    EmptyDirectory,
    /// Nothing, or only white space.
    #[error("the file is empty; write it again and look at what the command that writes it says")]
    Empty,
    /// The data stops in the middle.
    #[error("the file ends too early, {0}; it was cut off, so write or copy it again")]
    Truncated(Place),
    /// Compressed data stops in the middle.
    #[error("the compressed file ends too early; it was cut off, so write or copy it again")]
    TruncatedZstd,
    /// Compressed data that does not decompress: what the decoder says.
    #[error("the compressed file is damaged ({}); write or copy it again", printable(.0))]
    DamagedZstd(String),
    /// A well-known format that is not read: its name, and what turns it into one that is.
    #[error("the file is {0}; {1}")]
    Format(&'static str, &'static str),
    /// Bytes that are no text.
    #[error("the file is not UTF-8 text (line {line}, column {column}); give a JSON file, plain or zstd-compressed")]
    NotText {
        /// From 1.
        line: usize,
        /// Bytes from the start of the line.
        column: usize,
    },
    /// Not JSON: the parser's message.
    #[error("the file is not valid JSON: {0} {1}; correct it there or write it again")]
    NotJson(String, Place),
    /// Brackets inside brackets, more than any snapshot has.
    #[error("the JSON is nested too deep {0}; no real snapshot is, so look at where the file comes from")]
    TooDeep(Place),
    /// JSON of another form than the format's: the parser's message.
    #[error("{0} {1}; docs/snapshot.md describes the format")]
    Shape(String, Place),
    /// A field that the version does not have: the parser's message.
    #[error("{0} {1}; {SCHEMA} has no such field, so remove it, or update this program if a newer one wrote the file")]
    UnknownField(String, Place),
    /// Another version of the format.
    #[error("{}: this program reads v1; update it", printable(.0))]
    Version(String),
    /// A `schema` that is no snapshot's.
    #[error("the schema is `{}`, not `{SCHEMA}`; give a snapshot", clip(&printable(.0), 80))]
    Schema(String),
    /// `accounts` but no `schema`.
    #[error("the field `schema` is missing; a snapshot starts with `\"schema\": \"{SCHEMA}\"`")]
    NoSchema,
    /// A JSON object of some other kind: its first keys.
    #[error(
        "the file is neither a snapshot nor the output of `aws iam get-account-authorization-details`: at its top are \
         {}; give one of these two, as docs/snapshot.md says",
        keys(.0)
    )]
    Unrecognised(Vec<String>),
    /// A JSON object that cannot be imported: its first keys.
    #[error(
        "the file is neither an answer of AWS Config (`aws configservice select-resource-config`) or of Cloud Control \
         (`aws cloudcontrol get-resource`) nor a snapshot: at its top are {}",
        keys(.0)
    )]
    NotImportable(Vec<String>),
    /// Not one entry could be used: what was wrong with the first kind of them.
    #[error("no entry can be used: {0}")]
    NothingTaken(String),
    /// A JSON array of snapshots.
    #[error("the file is an array of snapshots; put each into a file of its own and give their directory")]
    SeveralSnapshots,
    /// More bytes than are read.
    #[error("there are more than {limit} bytes of JSON; read fewer accounts at a time", limit = .0)]
    TooLarge(u64),
    /// An account id that is not twelve digits.
    #[error("`{}` is not an account id, {place}; write its twelve digits in quotes", clip(&printable(id), 40))]
    AccountId {
        /// As written.
        id: String,
        /// JSON path.
        place: String,
    },
    /// An account that is described twice, and where else.
    #[error("account `{id}` is also {first}; keep one description of it")]
    DuplicateAccount {
        /// Twelve digits.
        id: String,
        /// The earlier place.
        first: String,
    },
    /// Plain authorization details of more than one account: account and number of its entries.
    #[error(
        "the ARNs name several accounts ({}); put the output for each account into a file of its own and give their \
         directory",
        tally(.0)
    )]
    SeveralAccounts(Vec<(String, usize)>),
    /// Plain authorization details in which no ARN names an account.
    #[error(
        "no user, group, role or customer policy has an ARN that names its account; put the lists under \
         `authorization_details` of a snapshot, which names it"
    )]
    NoAccount,
    /// Two files of a directory describe the organisation differently: the earlier file.
    #[error("the organization is not the same as in {0}; collect both again, or remove it from the older file")]
    OrganizationsDiffer(String),
}

/// A snapshot could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system refused.
    #[error("{file}: cannot be written: {cause}")]
    Io {
        /// The file or directory, quoted for people.
        file: String,
        /// What it said.
        cause: io::Error,
    },
    /// The snapshot could not be read back.
    #[error("the snapshot is not valid: {0}")]
    Invalid(Problem),
}

/// The file's name for messages.
pub(super) fn quote(path: &Path) -> String {
    format!("`{}`", printable(&path.to_string_lossy()))
}

/// The text with characters escaped that a terminal would obey or hide: controls and direction marks.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{61c}' | '\u{feff}');
        if character.is_control() || hidden {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// The text, or its beginning and end where it has more than `most` characters.
pub(super) fn clip(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let half = most.div_euclid(2);
    let (head, tail) = (text.chars().take(half), text.chars().skip(length.saturating_sub(half)));
    head.chain(['…']).chain(tail).collect()
}

fn keys(keys: &[String]) -> String {
    let quoted: Vec<_> = keys.iter().map(|key| format!("`{}`", clip(&printable(key), 40))).collect();
    if quoted.is_empty() { "no keys".to_owned() } else { quoted.join(", ") }
}

fn tally(accounts: &[(String, usize)]) -> String {
    let shown = accounts.iter().take(3).map(|(account, count)| format!("{count} of `{account}`"));
    let mut parts: Vec<_> = shown.collect();
    if accounts.len() > parts.len() {
        parts.push(format!("{} more", accounts.len().saturating_sub(parts.len())));
    }
    parts.join(", ")
}
