//! From text to a snapshot: decides what the text is, parses it once, checks what types cannot say.

use super::error::{clip, printable};
use super::{Place, Problem, SCHEMA, Snapshot, import};
use crate::base::arn::is_account_id;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::HashMap;
use std::fmt;

/// A snapshot, and what its reader should tell about it.
pub(super) type Parsed = (Snapshot, Vec<String>);

/// Parses a snapshot or authorization details.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Problem> {
    let text = text(bytes)?;
    let problem = |error| classify(&error, text);
    let top = Top::look(text).map_err(problem)?;
    let parsed = match top.schema {
        Some(_) if top.array => return Err(Problem::SeveralSnapshots),
        Some(schema) if schema == SCHEMA => (serde_json::from_str(text).map_err(problem)?, Vec::new()),
        Some(schema) if is_other_version(&schema) => return Err(Problem::Version(schema)),
        Some(schema) => return Err(Problem::Schema(schema)),
        None if top.details => import::details(import::pages(text).map_err(problem)?)?,
        None if top.accounts => return Err(Problem::NoSchema),
        None => return Err(Problem::Unrecognised(top.keys)),
    };
    validate(&parsed.0)?;
    Ok(parsed)
}

/// Whether a snapshot has the right version, and valid account ids, each once.
pub(super) fn validate(snapshot: &Snapshot) -> Result<(), Problem> {
    if snapshot.schema != SCHEMA {
        return Err(Problem::Schema(snapshot.schema.clone()));
    }
    let mut seen = HashMap::new();
    for (index, account) in snapshot.accounts.iter().enumerate() {
        if !is_account_id(&account.id) {
            return Err(Problem::AccountId { id: account.id.clone(), place: format!("at `accounts[{index}].id`") });
        }
        if let Some(first) = seen.insert(account.id.as_str(), index) {
            let first = format!("at `accounts[{first}]`, not only at `accounts[{index}]`");
            return Err(Problem::DuplicateAccount { id: account.id.clone(), first });
        }
    }
    Ok(())
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(Problem::Format("UTF-16 text", "save it as UTF-8; `>` of Windows PowerShell writes UTF-16"));
        }
        [0x1f, 0x8b, ..] => return Err(Problem::Format("gzip-compressed", "decompress it first, or use zstd")),
        [b'P', b'K', 3, 4, ..] => return Err(Problem::Format("a zip archive", "unpack it first")),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let lines = good.iter().filter(|byte| **byte == b'\n').count();
        let column = good.iter().rev().take_while(|byte| **byte != b'\n').count();
        Problem::NotText { line: lines.saturating_add(1), column: column.saturating_add(1) }
    })?;
    if text.trim().is_empty() { Err(Problem::Empty) } else { Ok(text) }
}

fn is_other_version(schema: &str) -> bool {
    let version = SCHEMA.strip_suffix('1').and_then(|name| schema.strip_prefix(name));
    version.is_some_and(|version| (1..6).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Turns the parser's error into ours.
pub(super) fn classify(error: &serde_json::Error, text: &str) -> Problem {
    let place = Place::of(error, text);
    let full = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let message = full.strip_suffix(&suffix).unwrap_or(&full);
    // The message may quote a key or a string of any length.
    let message = clip(&printable(message), 320);
    if message == "recursion limit exceeded" {
        Problem::TooDeep(place)
    } else if error.is_eof() {
        Problem::Truncated(place)
    } else if error.is_syntax() {
        Problem::NotJson(message, place)
    } else if message.starts_with("unknown field ") {
        Problem::UnknownField(message, place)
    } else {
        Problem::Shape(message, place)
    }
}

/// What the keys at the top of the text say about its kind. Looking stops at the first key that decides, which is
/// nearly always the first key, so that the text is still parsed once.
#[derive(Default)]
struct Top {
    schema: Option<String>,
    details: bool,
    accounts: bool,
    array: bool,
    keys: Vec<String>,
}

impl Top {
    fn look(text: &str) -> Result<Top, serde_json::Error> {
        let mut top = Top::default();
        let outcome = serde_json::Deserializer::from_str(text).deserialize_any(&mut top);
        // Stopping early leaves the parser in the middle, which it reports as an error.
        if top.schema.is_none() && !top.details {
            outcome?;
        }
        Ok(top)
    }

    fn decided(&self) -> bool {
        self.schema.is_some() || self.details
    }
}

impl<'de> DeserializeSeed<'de> for &mut Top {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.array { deserializer.deserialize_map(self) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for &mut Top {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the JSON object that is a snapshot or the output of `aws iam get-account-authorization-details`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "schema" => self.schema = Some(map.next_value()?),
                "UserDetailList" | "GroupDetailList" | "RoleDetailList" | "Policies" => self.details = true,
                "accounts" => self.accounts = true,
                _ => {}
            }
            if self.decided() {
                break;
            }
            map.next_value::<IgnoredAny>()?;
            if self.keys.len() < 5 {
                self.keys.push(key);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.array = true;
        while !self.decided() && elements.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }
}
