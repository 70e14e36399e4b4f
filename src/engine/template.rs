//! Text with wildcards and policy variables.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::facts::{Facts, Known};
use super::formula::Key;
use crate::base::Glob;
use crate::base::glob::Part;
use crate::catalog;
use std::borrow::Cow;

/// A pattern, in which there may be policy variables.
#[derive(Clone, Debug)]
pub(super) enum Template {
    /// There are none.
    Fixed(Glob),
    /// There are some.
    Variable(Variables),
}

/// Text with policy variables.
#[derive(Clone, Debug)]
pub(super) struct Variables(Vec<TemplatePart>);

#[derive(Clone, Debug)]
enum TemplatePart {
    Text(Box<str>),
    /// `${*}`, `${?}`, `${$}`
    Character(&'static str),
    Variable {
        key: Key,
        multivalued: bool,
        default: Option<Box<str>>,
    },
}

/// What came of replacing the variables.
pub(super) enum Resolved<'p> {
    /// All were replaced.
    Pieces(Vec<Piece<'p>>),
    /// A variable has no value and no default.
    Unresolved,
    /// A variable's value is not known: the pieces with a star in its place.
    Open(Vec<Piece<'p>>),
}

/// Part of a text whose variables have been replaced.
pub(super) enum Piece<'p> {
    /// As written: `*` and `?` are wildcards.
    Pattern(&'p str),
    /// Inserted: they are not.
    Literal(Cow<'p, str>),
}

impl Piece<'_> {
    /// For building a pattern.
    pub(super) fn part(&self) -> Part<'_> {
        match self {
            Piece::Pattern(text) => Part::Pattern(text),
            Piece::Literal(text) => Part::Literal(text),
        }
    }
}

impl Template {
    /// Compiles a pattern. `variables`: the policy's version knows them.
    pub(super) fn new(text: &str, variables: bool) -> Template {
        if variables && text.contains("${") {
            Template::Variable(Variables::new(text))
        } else {
            Template::Fixed(Glob::new(text))
        }
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Template::Fixed(glob) => glob.fmt(out),
            Template::Variable(variables) => variables.fmt(out),
        }
    }
}

impl Variables {
    /// Finds the variables.
    pub(super) fn new(text: &str) -> Variables {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((inside, behind)) = split_variable(after) else { break };
            if !before.is_empty() {
                parts.push(TemplatePart::Text(before.into()));
            }
            parts.push(match inside {
                "*" => TemplatePart::Character("*"),
                "?" => TemplatePart::Character("?"),
                "$" => TemplatePart::Character("$"),
                _ => variable(inside),
            });
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(TemplatePart::Text(rest.into()));
        }
        Variables(parts)
    }

    /// Replaces them.
    pub(super) fn resolve<'p>(&'p self, facts: &Facts<'p>) -> Resolved<'p> {
        let Variables(parts) = self;
        let mut pieces = Vec::with_capacity(parts.len());
        let mut open = false;
        for part in parts {
            pieces.push(match part {
                TemplatePart::Text(text) => Piece::Pattern(text),
                TemplatePart::Character(character) => Piece::Literal((*character).into()),
                TemplatePart::Variable { key, multivalued, default } => {
                    let known = if *multivalued { Known::Absent } else { facts.known(key) };
                    match (known, default) {
                        (Known::Open, _) => {
                            open = true;
                            Piece::Pattern("*")
                        }
                        (Known::Values(mut values), _) if values.len() == 1 => {
                            Piece::Literal(values.pop().unwrap_or_default())
                        }
                        (_, Some(default)) => Piece::Literal(default.as_ref().into()),
                        (_, None) => return Resolved::Unresolved,
                    }
                }
            });
        }
        if open { Resolved::Open(pieces) } else { Resolved::Pieces(pieces) }
    }
}

impl std::fmt::Display for Variables {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Variables(parts) = self;
        parts.iter().try_for_each(|part| match part {
            TemplatePart::Text(text) => out.write_str(text),
            TemplatePart::Character(character) => write!(out, "${{{character}}}"),
            TemplatePart::Variable { key, default: None, .. } => write!(out, "${{{}}}", key.shown()),
            TemplatePart::Variable { key, default: Some(default), .. } => {
                write!(out, "${{{}, '{default}'}}", key.shown())
            }
        })
    }
}

/// Splits at the brace that closes a variable; a default value may hold braces.
fn split_variable(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some((text.get(..at)?, text.get(at.saturating_add(1)..)?)),
            _ => {}
        }
    }
    text.split_once('}')
}

fn variable(inside: &str) -> TemplatePart {
    let (name, default) = match inside.split_once(',') {
        Some((name, default)) => {
            let default = default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            (name, default)
        }
        None => (inside, None),
    };
    let key = Key::new(name.trim());
    let multivalued = catalog::key_type(key.lower()).is_some_and(catalog::KeyType::is_multivalued);
    TemplatePart::Variable { key, multivalued, default: default.map(Into::into) }
}
