//! Wildcards and policy variables, by naive recursion over characters.

use super::request::Context;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Literal(char),
    /// `*`: any characters, also none.
    AnyText,
    /// `?`: exactly one character.
    AnyChar,
}

/// `*` and `?` in a text without variables.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards>
pub fn tokens(text: &str) -> Vec<Token> {
    text.chars()
        .map(|c| match c {
            '*' => Token::AnyText,
            '?' => Token::AnyChar,
            _ => Token::Literal(c),
        })
        .collect()
}

/// Whether the whole text matches the whole pattern.
pub fn matches(pattern: &[Token], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((Token::AnyText, rest)), None) => matches(rest, text),
        (Some((Token::AnyText, rest)), Some((_, tail))) => matches(rest, text) || matches(pattern, tail),
        (Some((Token::AnyChar, rest)), Some((_, tail))) => matches(rest, tail),
        (Some((Token::Literal(wanted), rest)), Some((found, tail))) => wanted == found && matches(rest, tail),
        (Some(_), None) => false,
    }
}

pub fn text_matches(pattern: &[Token], text: &str) -> bool {
    matches(pattern, &text.chars().collect::<Vec<_>>())
}

pub fn matches_ignoring_case(pattern: &str, text: &str) -> bool {
    text_matches(&tokens(&pattern.to_lowercase()), &text.to_lowercase())
}

/// The pattern as an operator without wildcards reads it: `*` and `?` are characters.
pub fn plain_text(pattern: &[Token]) -> String {
    pattern
        .iter()
        .map(|token| match token {
            Token::Literal(c) => *c,
            Token::AnyText => '*',
            Token::AnyChar => '?',
        })
        .collect()
}

/// The text with its policy variables replaced; `None` when a variable has neither a value nor a default.
///
/// `${*}`, `${?}` and `${$}` are those characters; a substituted value is literal.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
pub fn substitute(text: &str, context: &Context) -> Option<Vec<Token>> {
    let Some((before, variable, after)) = first_variable(text) else { return Some(tokens(text)) };
    let value = match variable {
        "*" | "?" | "$" => variable.to_owned(),
        _ => variable_value(variable, context)?,
    };
    let mut result = tokens(before);
    result.extend(value.chars().map(Token::Literal));
    result.extend(substitute(after, context)?);
    Some(result)
}

/// Whether the text contains a variable that is not one of the three escaped characters.
pub fn has_variable(text: &str) -> bool {
    first_variable(text).is_some_and(|(_, variable, after)| !matches!(variable, "*" | "?" | "$") || has_variable(after))
}

fn first_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (variable, after) = rest.split_once('}')?;
    Some((before, variable, after))
}

/// Only single-valued keys may stand for a variable; `${key, 'default'}` names a default.
fn variable_value(variable: &str, context: &Context) -> Option<String> {
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\''))),
        None => (variable.trim(), None),
    };
    match context.values(key) {
        Some([value]) if !context.is_multivalued(key) => Some(value.clone()),
        _ => default.map(str::to_owned),
    }
}
