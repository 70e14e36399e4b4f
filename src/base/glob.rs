//! Patterns with `*` (any run of characters, none included) and `?` (exactly one character): all that IAM knows.
//!
//! Matching takes time proportional to text times pattern at worst, whatever the number of stars, and compares whole
//! literals at a time in the usual case.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::fmt;

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Piece {
    /// These characters.
    Literal(Box<str>),
    /// `?`
    One,
}

/// A compiled pattern: runs of pieces with a star between each two.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob {
    runs: Vec<Vec<Piece>>,
}

/// What a pattern is built from, for callers that insert literal text (the value of a policy variable).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text in which `*` and `?` are wildcards.
    Pattern(&'a str),
    /// Text in which they are not.
    Literal(&'a str),
}

impl<'a> Part<'a> {
    /// The characters, whatever they mean.
    pub fn text(self) -> &'a str {
        match self {
            Part::Pattern(text) | Part::Literal(text) => text,
        }
    }

    /// What stands before and after a character, each of the same kind.
    pub fn split_once(self, at: char) -> Option<(Part<'a>, Part<'a>)> {
        let (before, after) = self.text().split_once(at)?;
        Some(match self {
            Part::Pattern(_) => (Part::Pattern(before), Part::Pattern(after)),
            Part::Literal(_) => (Part::Literal(before), Part::Literal(after)),
        })
    }
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// ```
    /// use foureyes::base::Glob;
    /// assert!(Glob::new("stack/amplify-*-prod-?").matches("stack/amplify-shop-prod-7"));
    /// ```
    pub fn new(pattern: &str) -> Glob {
        Glob::from_parts([Part::Pattern(pattern)])
    }

    /// A pattern that matches this text and nothing else.
    pub fn literal(text: &str) -> Glob {
        Glob::from_parts([Part::Literal(text)])
    }

    /// Compiles a pattern given in parts.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> Glob {
        let mut runs = Vec::new();
        let mut run: Vec<Piece> = Vec::new();
        let mut literal = String::new();
        fn flush(literal: &mut String, run: &mut Vec<Piece>) {
            if !literal.is_empty() {
                run.push(Piece::Literal(std::mem::take(literal).into_boxed_str()));
            }
        }
        for part in parts {
            let text = match part {
                Part::Literal(text) => {
                    literal.push_str(text);
                    continue;
                }
                Part::Pattern(text) => text,
            };
            for character in text.chars() {
                match character {
                    '*' => {
                        flush(&mut literal, &mut run);
                        // `**` is `*`: an empty run in the middle would only cost time.
                        if !run.is_empty() || runs.is_empty() {
                            runs.push(std::mem::take(&mut run));
                        }
                    }
                    '?' => {
                        flush(&mut literal, &mut run);
                        run.push(Piece::One);
                    }
                    other => literal.push(other),
                }
            }
        }
        flush(&mut literal, &mut run);
        runs.push(run);
        Glob { runs }
    }

    /// The same pattern for text that has been folded to ASCII lower case.
    pub fn to_ascii_lowercase(mut self) -> Glob {
        for piece in self.runs.iter_mut().flatten() {
            if let Piece::Literal(text) = piece {
                text.make_ascii_lowercase();
            }
        }
        self
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self.runs.as_slice() {
            [] => text.is_empty(),
            [only] => match_at(only, text).is_some_and(str::is_empty),
            [first, middle @ .., last] => {
                let Some(mut rest) = match_at(first, text) else { return false };
                for run in middle {
                    match find(run, rest) {
                        Some(after) => rest = after,
                        None => return false,
                    }
                }
                match_end(last, rest)
            }
        }
    }

    /// The only text that matches, where the pattern has no wildcard.
    pub fn as_literal(&self) -> Option<&str> {
        match self.runs.as_slice() {
            [only] => match only.as_slice() {
                [] => Some(""),
                [Piece::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether everything matches: the pattern is nothing but stars.
    pub fn is_any(&self) -> bool {
        self.runs.len() > 1 && self.runs.iter().all(Vec::is_empty)
    }

    /// The characters before the first wildcard.
    pub fn literal_prefix(&self) -> &str {
        match self.runs.first().and_then(|run| run.first()) {
            Some(Piece::Literal(text)) => text,
            _ => "",
        }
    }

    /// Whether some text matches both patterns.
    pub fn intersects(&self, other: &Glob) -> bool {
        if let Some(text) = self.as_literal() {
            return other.matches(text);
        }
        if let Some(text) = other.as_literal() {
            return self.matches(text);
        }
        let (left, right) = (self.symbols(), other.symbols());
        // Row by row over `left`: `row[j]` says whether the first i symbols of `left` and j of `right` can meet.
        let mut row = vec![false; right.len().saturating_add(1)];
        set(&mut row, 0, true);
        for (j, symbol) in right.iter().enumerate() {
            let meets = *symbol == Symbol::Run && get(&row, j);
            set(&mut row, j.saturating_add(1), meets);
        }
        for here in &left {
            let mut next = vec![false; row.len()];
            set(&mut next, 0, *here == Symbol::Run && get(&row, 0));
            for (j, there) in right.iter().enumerate() {
                let (up, side, corner) = (get(&row, j.saturating_add(1)), get(&next, j), get(&row, j));
                let meets = match (here, there) {
                    (Symbol::Run, Symbol::Run) => up || side || corner,
                    // A star takes nothing, or takes the other's symbol.
                    (Symbol::Run, _) => up || side,
                    (_, Symbol::Run) => up || side,
                    (Symbol::One, _) | (_, Symbol::One) => corner,
                    (Symbol::Is(a), Symbol::Is(b)) => corner && a == b,
                };
                set(&mut next, j.saturating_add(1), meets);
            }
            row = next;
        }
        row.last().copied().unwrap_or(false)
    }

    /// Whether every text that matches `other` matches this pattern. May say `false` for exotic pairs of patterns that
    /// mix `?` and `*` side by side, never `true` wrongly.
    pub fn contains(&self, other: &Glob) -> bool {
        if let Some(text) = other.as_literal() {
            return self.matches(text);
        }
        let (wide, narrow) = (self.symbols(), other.symbols());
        let mut row = vec![false; narrow.len().saturating_add(1)];
        set(&mut row, 0, true);
        for here in &wide {
            let mut next = vec![false; row.len()];
            set(&mut next, 0, *here == Symbol::Run && get(&row, 0));
            for (j, there) in narrow.iter().enumerate() {
                let (up, side, corner) = (get(&row, j.saturating_add(1)), get(&next, j), get(&row, j));
                let covers = match (here, there) {
                    (Symbol::Run, _) => up || side,
                    (Symbol::One, Symbol::One | Symbol::Is(_)) => corner,
                    (Symbol::Is(a), Symbol::Is(b)) => corner && a == b,
                    _ => false,
                };
                set(&mut next, j.saturating_add(1), covers);
            }
            row = next;
        }
        row.last().copied().unwrap_or(false)
    }

    fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for (index, run) in self.runs.iter().enumerate() {
            if index > 0 {
                symbols.push(Symbol::Run);
            }
            for piece in run {
                match piece {
                    Piece::Literal(text) => symbols.extend(text.chars().map(Symbol::Is)),
                    Piece::One => symbols.push(Symbol::One),
                }
            }
        }
        symbols
    }
}

impl fmt::Display for Glob {
    /// Writes the pattern; literal `*` and `?` (from a variable's value) as IAM writes them, `${*}` and `${?}`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, run) in self.runs.iter().enumerate() {
            if index > 0 {
                out.write_str("*")?;
            }
            for piece in run {
                match piece {
                    Piece::One => out.write_str("?")?,
                    Piece::Literal(text) => out.write_str(&text.replace('*', "${*}").replace('?', "${?}"))?,
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Is(char),
    One,
    Run,
}

fn get(row: &[bool], index: usize) -> bool {
    row.get(index).copied().unwrap_or(false)
}

fn set(row: &mut [bool], index: usize, value: bool) {
    if let Some(cell) = row.get_mut(index) {
        *cell = value;
    }
}

/// Matches the pieces at the start of the text; the rest of the text if they do.
fn match_at<'t>(run: &[Piece], text: &'t str) -> Option<&'t str> {
    let mut rest = text;
    for piece in run {
        rest = match piece {
            Piece::Literal(literal) => rest.strip_prefix(literal.as_ref())?,
            Piece::One => {
                let mut characters = rest.chars();
                characters.next()?;
                characters.as_str()
            }
        };
    }
    Some(rest)
}

/// Matches the pieces at the end of the text.
fn match_end(run: &[Piece], text: &str) -> bool {
    let mut rest = text;
    for piece in run.iter().rev() {
        let shorter = match piece {
            Piece::Literal(literal) => rest.strip_suffix(literal.as_ref()),
            Piece::One => {
                let mut characters = rest.chars();
                characters.next_back().map(|_| characters.as_str())
            }
        };
        match shorter {
            Some(shorter) => rest = shorter,
            None => return false,
        }
    }
    true
}

/// Finds the first place where the pieces match; the rest of the text after it.
fn find<'t>(run: &[Piece], text: &'t str) -> Option<&'t str> {
    let mut rest = text;
    loop {
        // Jump to the first literal where the run begins with one.
        if let Some(Piece::Literal(literal)) = run.first() {
            let (_, after) = rest.split_once(literal.as_ref())?;
            if let Some(end) = match_at(run.get(1..).unwrap_or_default(), after) {
                return Some(end);
            }
        } else if let Some(end) = match_at(run, rest) {
            return Some(end);
        }
        let mut characters = rest.chars();
        if let Some(Piece::Literal(literal)) = run.first() {
            // Retry one character after the literal was found.
            let at = rest.find(literal.as_ref())?;
            characters = rest.get(at..)?.chars();
        }
        characters.next()?;
        rest = characters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn regex(pattern: &str) -> regex::Regex {
        let body: String = pattern
            .chars()
            .map(|character| match character {
                '*' => ".*".to_owned(),
                '?' => ".".to_owned(),
                other => regex::escape(&other.to_string()),
            })
            .collect();
        regex::Regex::new(&format!("(?s)^{body}$")).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn matches_as_a_regular_expression_does(pattern in "[ab*?é]{0,8}", text in "[abé]{0,10}") {
            prop_assert_eq!(Glob::new(&pattern).matches(&text), regex(&pattern).is_match(&text));
        }

        #[test]
        fn intersection_has_a_witness(left in "[ab*?]{0,5}", right in "[ab*?]{0,5}") {
            let (a, b) = (Glob::new(&left), Glob::new(&right));
            let witness = texts(7).into_iter().any(|text| a.matches(&text) && b.matches(&text));
            prop_assert_eq!(a.intersects(&b), witness);
        }

        #[test]
        fn containment_holds_for_every_text(left in "[ab*?]{0,5}", right in "[ab*?]{0,5}") {
            let (a, b) = (Glob::new(&left), Glob::new(&right));
            if a.contains(&b) {
                for text in texts(6) {
                    prop_assert!(!b.matches(&text) || a.matches(&text), "{left} {right} {text}");
                }
            }
        }

        #[test]
        fn prints_what_it_read(pattern in "[ab*?]{0,8}") {
            let glob = Glob::new(&pattern);
            prop_assert_eq!(Glob::new(&glob.to_string()), glob);
        }
    }

    fn texts(longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last.iter().flat_map(|text| [format!("{text}a"), format!("{text}b")]).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn a_thousand_stars_take_no_time() {
        let pattern = "a*".repeat(1000) + "b";
        let started = std::time::Instant::now();
        assert!(!Glob::new(&pattern).matches(&"a".repeat(100_000)));
        assert!(started.elapsed().as_secs() < 2);
    }

    #[test]
    fn inserted_text_is_literal() {
        let glob = Glob::from_parts([Part::Pattern("home/"), Part::Literal("*"), Part::Pattern("/*")]);
        assert!(glob.matches("home/*/x"));
        assert!(!glob.matches("home/bob/x"));
        assert_eq!(glob.to_string(), "home/${*}/*");
    }
}
