//! Text from outside, made safe to show.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character could deceive a reader: it moves the cursor, hides, or reorders what stands beside it.
///
/// Control characters, line and paragraph separators, bidirectional controls, zero-width and invisible characters, and
/// tag characters. Line feeds and tabs count too.
pub fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Replaces the characters for which `replaced` holds by `\uXXXX`, or `\UXXXXXXXX` beyond the first 65,536: what HCL
/// reads back as the same character inside quotes.
///
/// ```
/// use foureyes::base::text::{escape, is_deceptive};
/// assert_eq!(escape("a\u{1b}[2Jb", is_deceptive), "a\\u001b[2Jb");
/// ```
pub fn escape(text: &str, replaced: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&replaced) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let code = u32::from(character);
        // Writing to a string cannot fail.
        let _ = match character {
            _ if !replaced(character) => out.write_char(character),
            _ if code > 0xffff => write!(out, "\\U{code:08x}"),
            _ => write!(out, "\\u{code:04x}"),
        };
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_stay() {
        for text in ["Bestellungen-größe", "注文", "заказы", "طلبات", "a b\"c\\d"] {
            assert_eq!(escape(text, is_deceptive), text);
        }
    }

    #[test]
    fn what_hides_or_moves_is_spelled_out() {
        assert_eq!(
            escape("a\nb\u{9b}c\u{202e}d\u{200d}e\u{e0041}", is_deceptive),
            "a\\u000ab\\u009bc\\u202ed\\u200de\\U000e0041"
        );
    }
}
