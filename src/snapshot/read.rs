//! Reading files, directories and standard input.

use super::error::quote;
use super::{Organization, Problem, ReadError, SCHEMA, Snapshot, parse};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

/// How many bytes of JSON, uncompressed and in all files together, [`read()`] accepts: 4 GiB. Far more than an account at
/// the quotas of IAM has, while a small compressed file can hold terabytes of zeros.
pub const LIMIT: u64 = 4 << 30;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The snapshot, in the order in which it is written, whatever the order in the file.
    pub snapshot: Snapshot,
    /// What a person should know about the file, each a sentence without a period; not errors.
    pub notes: Vec<String>,
}

/// Reads a snapshot: a file of JSON, plain or zstd-compressed, that is a snapshot or the output of `aws iam
/// get-account-authorization-details`; a directory of such files; or `-`, standard input.
///
/// The content decides, not the name; only in a directory the name does: files named `*.json` and `*.zst` are read.
///
/// # Errors
///
/// Names the file, the place in it, and what to do. A policy document that cannot be read is no error here.
pub fn read(path: &Path) -> Result<Loaded, ReadError> {
    read_within(path, LIMIT)
}

/// As [`read()`], with another limit than [`LIMIT`].
///
/// # Errors
///
/// As [`read()`].
pub fn read_within(path: &Path, limit: u64) -> Result<Loaded, ReadError> {
    let mut loaded = if path.as_os_str() == "-" {
        let file = "standard input".to_owned();
        open(path)
            .and_then(|input| read_stream(input, limit))
            .map(|(loaded, _)| loaded)
            .map_err(|problem| ReadError { file, problem })?
    } else if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        read_directory(path, limit)?
    } else {
        read_file(path, limit)?.0
    };
    loaded.snapshot.sort();
    Ok(loaded)
}

fn at(path: &Path) -> impl Fn(Problem) -> ReadError {
    move |problem| ReadError { file: quote(path), problem }
}

/// Reads one file; also how many bytes of JSON it held.
fn read_file(path: &Path, limit: u64) -> Result<(Loaded, u64), ReadError> {
    open(path).and_then(|stream| read_stream(stream, limit)).map_err(at(path))
}

/// What is read.
pub(super) struct Input {
    stream: Box<dyn Read>,
    /// About so many bytes; 0: not known.
    expected: u64,
}

/// A file, or standard input for `-`.
pub(super) fn open(path: &Path) -> Result<Input, Problem> {
    if path.as_os_str() == "-" {
        return Ok(Input { stream: Box::new(io::stdin().lock()), expected: 0 });
    }
    match File::open(path) {
        Ok(file) => {
            let expected = file.metadata().map(|known| known.len()).unwrap_or_default();
            Ok(Input { stream: Box::new(file), expected })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Problem::Missing),
        Err(error) => Err(Problem::Io(error)),
    }
}

fn read_stream(input: Input, limit: u64) -> Result<(Loaded, u64), Problem> {
    let bytes = read_bytes(input, limit)?;
    let (snapshot, notes) = parse::parse(&bytes)?;
    Ok((Loaded { snapshot, notes }, length(&bytes)))
}

pub(super) fn read_bytes(Input { mut stream, expected }: Input, limit: u64) -> Result<Vec<u8>, Problem> {
    let mut head = Vec::new();
    stream.by_ref().take(length(&ZSTD_MAGIC)).read_to_end(&mut head).map_err(Problem::Io)?;
    let compressed = head == ZSTD_MAGIC;
    let whole = Cursor::new(head).chain(stream);
    let mut bytes = Vec::new();
    // One byte more than the limit tells a file at the limit from one over it.
    let most = limit.saturating_add(1);
    if compressed {
        let mut decoder = zstd::Decoder::new(whole).map_err(Problem::Io)?.take(most);
        decoder.read_to_end(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Problem::TruncatedZstd,
            _ if error.raw_os_error().is_some() => Problem::Io(error),
            _ => Problem::DamagedZstd(error.to_string()),
        })?;
    } else {
        // To read on without it is slower, and no more.
        bytes.try_reserve(usize::try_from(expected.min(most).saturating_add(1)).unwrap_or_default()).ok();
        whole.take(most).read_to_end(&mut bytes).map_err(Problem::Io)?;
    }
    if length(&bytes) > limit { Err(Problem::TooLarge(limit)) } else { Ok(bytes) }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn read_directory(directory: &Path, limit: u64) -> Result<Loaded, ReadError> {
    let (files, mut notes) = list(directory).map_err(|error| at(directory)(Problem::Io(error)))?;
    if files.is_empty() {
        return Err(at(directory)(Problem::EmptyDirectory));
    }
    let mut whole =
        Snapshot { schema: SCHEMA.to_owned(), collected_at: None, organization: None, accounts: Vec::new() };
    let mut accounts: HashMap<String, String> = HashMap::new();
    let mut organization: Option<(String, String)> = None;
    let mut times: Vec<String> = Vec::new();
    let mut left = limit;
    for file in &files {
        let error = at(file);
        let (loaded, size) = read_file(file, left).map_err(|mut error| {
            if let Problem::TooLarge(bytes) = &mut error.problem {
                *bytes = limit;
            }
            error
        })?;
        left = left.saturating_sub(size);
        let Loaded { snapshot, notes: more } = loaded;
        notes.extend(more.into_iter().map(|note| format!("{}: {note}", quote(file))));
        for account in snapshot.accounts {
            if let Some(first) = accounts.insert(account.id.clone(), quote(file)) {
                return Err(error(Problem::DuplicateAccount { id: account.id, first: format!("in {first}") }));
            }
            whole.accounts.push(account);
        }
        if let Some(mut found) = snapshot.organization {
            found.sort();
            let text = as_text(&found);
            match &organization {
                Some((first, known)) if *known != text => {
                    return Err(error(Problem::OrganizationsDiffer(first.clone())));
                }
                Some(_) => {}
                None => {
                    organization = Some((quote(file), text));
                    whole.organization = Some(found);
                }
            }
        }
        times.extend(snapshot.collected_at);
    }
    times.sort();
    if let (Some(first), Some(last)) = (times.first(), times.last())
        && first != last
    {
        notes.push(format!("the files were collected at different times, from {first} to {last}"));
    }
    whole.collected_at = times.into_iter().next();
    Ok(Loaded { snapshot: whole, notes })
}

/// The files to read, sorted by name, and a note on those that are not read.
fn list(directory: &Path) -> io::Result<(Vec<PathBuf>, Vec<String>)> {
    let mut files = Vec::new();
    let mut others = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let wanted = path.extension().is_some_and(|end| end == "json" || end == "zst");
        if wanted && !hidden && !path.is_dir() {
            files.push(path);
        } else if !hidden {
            others.push(path);
        }
    }
    files.sort();
    others.sort();
    let note = others.first().map(|first| {
        let more = others.len().saturating_sub(1);
        let name = quote(first);
        if more == 0 { format!("{name} is not read") } else { format!("{name} and {more} others are not read") }
    });
    Ok((files, note.into_iter().collect()))
}

fn as_text(organization: &Organization) -> String {
    // Plain data with string keys: writing it to memory cannot fail.
    serde_json::to_string(organization).unwrap_or_default()
}
