//! Text from outside, made safe to show, and broken into lines that fit.

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

/// Breaks text into lines of at most `width` characters, further lines indented. Words that are too long are cut.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let lead: String = paragraph.chars().take_while(|character| *character == ' ').collect();
        let hang = lead.len().saturating_add(indent).min(width.saturating_sub(20));
        let mut line = lead;
        let mut empty = true;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let mut word: Vec<char> = word.chars().collect();
            loop {
                let taken: usize = line.chars().map(columns).sum();
                let room = width.saturating_sub(taken).saturating_sub(usize::from(!empty));
                if word.iter().copied().map(columns).sum::<usize>() <= room {
                    if !empty {
                        line.push(' ');
                    }
                    line.extend(word);
                    empty = false;
                    break;
                }
                if empty {
                    let mut used = 0usize;
                    let fitting = word.iter().take_while(|character| {
                        used = used.saturating_add(columns(**character));
                        used <= room
                    });
                    let fitting = fitting.count().max(1).min(word.len());
                    let rest = word.split_off(seam(&word, fitting));
                    line.extend(word);
                    word = rest;
                }
                lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
                empty = true;
            }
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// Where to cut a word of which so many characters fit: in the second half of them, after a mark that parts names, or else
/// before a capital.
fn seam(word: &[char], fitting: usize) -> usize {
    let late = |at: &usize| at.saturating_mul(2) > fitting;
    let marked = word.iter().take(fitting).rposition(|character| "/:-_.,=&?".contains(*character));
    let capital = || {
        let pairs = word.iter().zip(word.iter().skip(1)).take(fitting);
        pairs.collect::<Vec<_>>().into_iter().rposition(|(one, next)| one.is_lowercase() && next.is_uppercase())
    };
    let after = |at: usize| at.saturating_add(1);
    marked.map(after).filter(late).or_else(|| capital().map(after).filter(late)).unwrap_or(fitting)
}

/// Columns of a terminal that a character takes, or more: scripts from U+1100 on have wide characters.
pub fn columns(character: char) -> usize {
    // Dashes, quotes and the mark of something left out are narrow.
    if character < '\u{1100}' || ('\u{2010}'..='\u{2027}').contains(&character) { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_too_wide() {
        let text = format!("  one two three {} four", "x".repeat(100));
        let wrapped = wrap(&text, 30, 2);
        assert!(wrapped.lines().all(|line| line.chars().count() <= 30), "{wrapped}");
        assert!(wrapped.starts_with("  one two three\n    xxx"), "{wrapped}");
        assert_eq!(wrap("", 30, 0), "");
    }

    #[test]
    fn long_names_are_cut_between_their_parts() {
        assert_eq!(wrap("table/orders-of-the-whole-company", 24, 2), "table/orders-of-the-\n  whole-company");
        assert_eq!(wrap("a/bcdefghijklmnopqrstuvwxyz", 20, 0), "a/bcdefghijklmnopqrs\ntuvwxyz");
    }

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
