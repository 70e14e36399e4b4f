//! Text for people: names made short and harmless, lines that fit.

use crate::access::Access;
use crate::base::Arn;
use crate::base::text::wrap;
use crate::inventory::Inventory;

/// The text with everything escaped that could play tricks on a terminal: control characters, and those that hide or
/// turn round what stands beside them.
pub fn printable(text: &str) -> String {
    let tricky = |character: char| {
        character.is_control()
            || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if tricky(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// What a person calls a principal or resource: the last part of its ARN, with the account where there are several.
pub fn short(inventory: &Inventory, arn: &str) -> String {
    let Some(parsed) = Arn::parse(arn) else { return printable(arn) };
    let several = inventory.accounts.len() > 1 && !parsed.account.is_empty();
    let name = if several { format!("{} of {}", parsed.resource, parsed.account) } else { parsed.resource.to_owned() };
    printable(&name)
}

/// What a person calls a policy, and the group that carries it.
pub fn policy_name(name: &str) -> (String, Option<String>) {
    let (policy, group) = Access::split_name(name);
    let short = match Arn::parse(policy) {
        Some(arn) => arn.name(),
        // Whose it is, is told by where it is named.
        None => policy.split_once(" of arn:").map_or(policy, |(own, _)| own),
    };
    let group = group.map(|group| printable(Arn::parse(group).map_or(group, |arn| arn.name())));
    (printable(short), group)
}

/// A statement by its `Sid`, or by its place in the document.
pub fn statement_name(sid: Option<&str>, index: usize) -> String {
    sid.map_or_else(|| format!("Statement[{index}]"), |sid| format!("statement {}", printable(sid)))
}

/// The first few of a list, and how many more there are.
pub fn few(names: &[String], shown: usize) -> String {
    if names.len() <= shown.saturating_add(1) {
        return names.join(", ");
    }
    let first: Vec<&str> = names.iter().take(shown).map(String::as_str).collect();
    format!("{} and {} more", first.join(", "), names.len().saturating_sub(shown))
}

/// A number with its noun.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// An answer with its conditions as one phrase: "allowed only through CloudFormation".
pub fn allowed(conditions: &[String]) -> String {
    let (unless, only): (Vec<&str>, Vec<&str>) =
        conditions.iter().map(String::as_str).partition(|condition| condition.starts_with("unless "));
    let mut phrase = String::from("allowed");
    for (index, condition) in only.iter().enumerate() {
        phrase.push_str(match index {
            0 => " only ",
            _ => " and ",
        });
        phrase.push_str(condition);
    }
    for (index, condition) in unless.iter().enumerate() {
        phrase.push_str(match (index, only.is_empty()) {
            (0, true) => " ",
            (0, false) => ", ",
            _ => " and ",
        });
        phrase.push_str(condition);
    }
    printable(&phrase)
}

/// Text that grows by paragraphs, none wider than it should be.
pub struct Page {
    /// What has been said.
    pub text: String,
    /// Characters a line.
    pub width: usize,
}

impl Page {
    /// An empty page.
    pub fn new(width: usize) -> Page {
        Page { text: String::new(), width }
    }

    /// Adds a paragraph; its further lines are indented.
    pub fn say(&mut self, line: &str) {
        self.text.push_str(&wrap(line, self.width, 2));
        self.text.push('\n');
    }

    /// Adds text that fits already.
    pub fn paste(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_played_tricks_on() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}é"), "a\\u{1b}[2J\\u{202e}é");
    }

    #[test]
    fn conditions_become_a_phrase() {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(allowed(&[]), "allowed");
        assert_eq!(allowed(&texts(&["unless y"])), "allowed unless y");
        assert_eq!(allowed(&texts(&["if x", "unless y", "with MFA"])), "allowed only if x and with MFA, unless y");
    }
}
