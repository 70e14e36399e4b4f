//! Text from outside, made safe for where it is shown.

use crate::base::text;
use std::borrow::Cow;

/// For a terminal: control characters, and characters that hide or reorder text, become visible as `\uXXXX`.
///
/// ```
/// assert_eq!(foureyes::report::escape::terminal("prod\u{1b}[2J"), "prod\\u001b[2J");
/// ```
pub fn terminal(text: &str) -> Cow<'_, str> {
    text::escape(text, text::is_deceptive)
}
