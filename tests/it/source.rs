//! Rust text as words and marks: enough to see what a file imports, names and says, without the compiler.
//!
//! Comments go; strings stay as tokens of their own, so that code quoted in them is no code. What only tests compile
//! (`#[cfg(test)]`) is left out by [`without_tests`].

use std::path::{Path, PathBuf};

/// A token and the line it starts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub line: usize,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier, a keyword or a number; raw identifiers without their `r#`.
    Word(String),
    /// The content of a string, as written between its quotes.
    Text(String),
    /// `::`
    Colons,
    /// Any other character.
    Mark(char),
}

impl Token {
    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// The package's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the package that belongs to it, with its path from the package's root, sorted.
pub fn files(folder: &str) -> Vec<(String, PathBuf)> {
    const NOT_OURS: [&str; 5] = [".git", "__pycache__", "node_modules", "target", "venv"];
    let mut open = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                let path = entry.path();
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, path));
            }
        }
    }
    found.sort();
    found
}

/// Splits Rust text into tokens.
pub fn tokens(text: &str) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let mut reader = Reader { characters: &characters, at: 0, line: 1 };
    let mut all = Vec::new();
    while let Some(next) = reader.peek(0) {
        let line = reader.line;
        let kind = match next {
            '/' if reader.peek(1) == Some('/') => {
                reader.skip_while(|character| character != '\n');
                continue;
            }
            '/' if reader.peek(1) == Some('*') => {
                reader.block_comment();
                continue;
            }
            ':' if reader.peek(1) == Some(':') => {
                reader.skip(2);
                Kind::Colons
            }
            '"' => Kind::Text(reader.string()),
            '\'' => {
                reader.quote();
                continue;
            }
            space if space.is_whitespace() => {
                reader.skip(1);
                continue;
            }
            letter if letter.is_alphanumeric() || letter == '_' => reader.word_or_prefixed(),
            mark => {
                reader.skip(1);
                Kind::Mark(mark)
            }
        };
        all.push(Token { line, kind });
    }
    all
}

struct Reader<'t> {
    characters: &'t [char],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            if self.peek(0) == Some('\n') {
                self.line += 1;
            }
            self.at += 1;
        }
    }

    fn skip_while(&mut self, test: impl Fn(char) -> bool) -> String {
        let mut skipped = String::new();
        while let Some(next) = self.peek(0).filter(|next| test(*next)) {
            skipped.push(next);
            self.skip(1);
        }
        skipped
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while let Some(next) = self.peek(0) {
            match (next, self.peek(1)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => {
                    self.skip(1);
                    continue;
                }
            }
            self.skip(2);
            if depth == 0 {
                return;
            }
        }
    }

    /// A string with escapes; what stands at the reader is its opening quote.
    fn string(&mut self) -> String {
        self.skip(1);
        let mut content = String::new();
        while let Some(next) = self.peek(0).filter(|next| *next != '"') {
            let length = if next == '\\' { 2 } else { 1 };
            content.extend((0..length).filter_map(|ahead| self.peek(ahead)));
            self.skip(length);
        }
        self.skip(1);
        content
    }

    /// A raw string that begins with this many `#`.
    fn raw_string(&mut self, hashes: usize) -> String {
        self.skip(hashes + 1);
        let mut content = String::new();
        while let Some(next) = self.peek(0) {
            if next == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.skip(hashes + 1);
                break;
            }
            content.push(next);
            self.skip(1);
        }
        content
    }

    /// A character, or a lifetime: neither says anything here.
    fn quote(&mut self) {
        self.skip(1);
        if self.peek(0) == Some('\\') {
            self.skip(2);
            self.skip_while(|character| character != '\'');
            self.skip(1);
        } else if self.peek(1) == Some('\'') {
            self.skip(2);
        } else {
            self.skip_while(|character| character.is_alphanumeric() || character == '_');
        }
    }

    fn word_or_prefixed(&mut self) -> Kind {
        let word = self.skip_while(|character| character.is_alphanumeric() || character == '_');
        let hashes = (0..).take_while(|ahead| self.peek(*ahead) == Some('#')).count();
        let quoted = self.peek(hashes) == Some('"');
        match word.as_str() {
            "r" | "br" | "cr" if quoted => Kind::Text(self.raw_string(hashes)),
            "b" | "c" if quoted && hashes == 0 => Kind::Text(self.string()),
            "b" if self.peek(0) == Some('\'') => {
                self.quote();
                Kind::Text(String::new())
            }
            "r" if hashes == 1 => {
                self.skip(1);
                Kind::Word(self.skip_while(|character| character.is_alphanumeric() || character == '_'))
            }
            _ => Kind::Word(word),
        }
    }
}

/// The tokens that are compiled outside tests too, and the names of modules whose files only tests compile.
pub fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let inner = usize::from(tokens.get(at + 1).is_some_and(|next| next.is('!')));
        let opens = token.is('#') && tokens.get(at + 1 + inner).is_some_and(|next| next.is('['));
        if !opens {
            kept.push(token.clone());
            at += 1;
            continue;
        }
        let end = group_end(tokens, at + 1 + inner);
        if !is_test_only(&tokens[at + 2 + inner..end - 1]) {
            kept.extend_from_slice(&tokens[at..end]);
            at = end;
        } else if inner == 1 {
            return (Vec::new(), modules);
        } else {
            let item = item_end(tokens, end);
            let words: Vec<&str> = tokens[end..item].iter().filter_map(Token::word).collect();
            let module = words.iter().position(|word| *word == "mod").and_then(|at| words.get(at + 1));
            modules.extend(module.filter(|_| tokens[item - 1].is(';')).map(|name| (*name).to_owned()));
            at = item;
        }
    }
    (kept, modules)
}

/// Whether an attribute is `cfg(test)` or `cfg(all(test, …))`. `any(test, …)` is compiled elsewhere too.
fn is_test_only(attribute: &[Token]) -> bool {
    let shown: String = attribute
        .iter()
        .map(|token| match &token.kind {
            Kind::Word(word) => word.clone(),
            Kind::Mark(mark) => mark.to_string(),
            _ => "…".to_owned(),
        })
        .collect();
    shown == "cfg(test)" || shown.starts_with("cfg(all(test,") || shown.starts_with("cfg(all(test)")
}

/// The position after the bracket that closes the one at `at`.
fn group_end(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.kind {
            Kind::Mark('(' | '[' | '{') => depth += 1,
            Kind::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// The position after the item, statement, field or variant that begins at `at`.
fn item_end(tokens: &[Token], at: usize) -> usize {
    const ITEMS: [&str; 12] =
        ["const", "enum", "fn", "impl", "let", "macro_rules", "mod", "static", "struct", "trait", "type", "use"];
    let mut index = at;
    let mut item = false;
    while let Some(token) = tokens.get(index) {
        item |= token.word().is_some_and(|word| ITEMS.contains(&word));
        match token.kind {
            Kind::Mark(';') => return index + 1,
            Kind::Mark(',') if !item => return index + 1,
            Kind::Mark('{') => {
                let end = group_end(tokens, index);
                let list = tokens[at..index].iter().any(|token| token.word() == Some("use"));
                return if list { item_end(tokens, end) } else { end };
            }
            Kind::Mark('(' | '[') => index = group_end(tokens, index),
            // The file ends, or the block around a last expression.
            Kind::Mark('}') => return index,
            _ => index += 1,
        }
    }
    tokens.len()
}

/// A path that code names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub line: usize,
    /// The modules of the file around it.
    pub inside: Vec<String>,
    /// Its parts; the last is `*` for a glob.
    pub path: Vec<String>,
    /// Whether a `use` names it.
    pub imported: bool,
    /// Whether that `use` is public.
    pub exported: bool,
}

/// Every path that the tokens name: `use` trees spread out, and each `a::b` in code.
pub fn paths(tokens: &[Token]) -> Vec<Named> {
    let mut all = Vec::new();
    let mut modules: Vec<(String, usize)> = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while let Some(token) = tokens.get(at) {
        let inside = || modules.iter().map(|(name, _)| name.clone()).collect();
        let next = tokens.get(at + 1);
        match &token.kind {
            // `impl Trait + use<'a>` imports nothing.
            Kind::Word(word) if word == "use" && next.is_some_and(|next| !next.is('<')) => {
                let before = at.checked_sub(1).and_then(|before| tokens.get(before));
                let exported = before.is_some_and(|before| before.is(')') || before.word() == Some("pub"));
                let around = Named { line: token.line, inside: inside(), path: Vec::new(), imported: true, exported };
                at = tree(tokens, at + 1, &around, &mut all);
            }
            Kind::Word(word) if word == "mod" && tokens.get(at + 2).is_some_and(|brace| brace.is('{')) => {
                depth += 1;
                modules.push((next.and_then(Token::word).unwrap_or_default().to_owned(), depth));
                at += 3;
            }
            Kind::Word(_) => {
                let mut path = Vec::new();
                while let Some(word) = tokens.get(at).and_then(Token::word) {
                    path.push(word.to_owned());
                    at += 1;
                    let colons = tokens.get(at).is_some_and(|token| token.kind == Kind::Colons);
                    if !(colons && tokens.get(at + 1).is_some_and(|token| token.word().is_some())) {
                        break;
                    }
                    at += 1;
                }
                all.push(Named { line: token.line, inside: inside(), path, imported: false, exported: false });
            }
            Kind::Mark('{') => {
                depth += 1;
                at += 1;
            }
            Kind::Mark('}') => {
                modules.pop_if(|(_, opened)| *opened == depth);
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    all
}

/// Reads one `use` tree below a prefix; gives the position after it.
fn tree(tokens: &[Token], mut at: usize, prefix: &Named, all: &mut Vec<Named>) -> usize {
    let mut named = prefix.clone();
    while let Some(token) = tokens.get(at) {
        match &token.kind {
            Kind::Word(word) if word == "as" => {
                at += 2;
                break;
            }
            Kind::Word(word) => {
                named.path.push(word.clone());
                named.line = token.line;
            }
            Kind::Mark('*') => named.path.push("*".to_owned()),
            Kind::Colons => {}
            Kind::Mark('{') => {
                at += 1;
                while tokens.get(at).is_some_and(|token| !token.is('}')) {
                    at = tree(tokens, at, &named, all);
                    if tokens.get(at).is_some_and(|token| token.is(',')) {
                        at += 1;
                    }
                }
                return at + 1;
            }
            _ => break,
        }
        at += 1;
    }
    // `use a::{self}` imports `a`.
    if named.path.len() > 1 && named.path.last().is_some_and(|last| last == "self") {
        named.path.pop();
    }
    all.push(named);
    at
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = r####"
        // use crate::a;
        /* use crate::b; /* nested */ use crate::c; */
        let one = "use crate::d; \" // ";
        let two = r#"use "crate::e";"#; let three = b"x"; let four = br##"y"# "##;
        let five = ('"', '\'', '\u{22}', b'"'); fn six<'a>(r#type: &'a str) {}
        crate::f
    "####;
    let tokens = tokens(text);
    let paths = paths(&tokens);
    assert!(paths.iter().all(|named| !named.imported));
    let inside: Vec<_> = paths.iter().filter(|named| named.path[0] == "crate").collect();
    assert_eq!(inside.len(), 1);
    assert_eq!((inside[0].line, inside[0].path.join("::")), (7, "crate::f".to_owned()));
    assert!(tokens.iter().any(|token| token.word() == Some("type")));
    let texts: Vec<&str> = tokens
        .iter()
        .filter_map(|token| match &token.kind {
            Kind::Text(text) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, [r#"use crate::d; \" // "#, r#"use "crate::e";"#, "x", r##"y"# "##]);
}

#[test]
fn use_trees_are_spread_out() {
    let shown = |text: &str| -> Vec<String> {
        let found = paths(&tokens(text));
        found.iter().filter(|named| named.imported).map(|named| named.path.join("::")).collect()
    };
    assert_eq!(shown("use crate::{a::b, c};"), ["crate::a::b", "crate::c"]);
    assert_eq!(
        shown("pub(crate) use crate::{a::{self, b as d, c::{e, f},}, g::*,};"),
        ["crate::a", "crate::a::b", "crate::a::c::e", "crate::a::c::f", "crate::g::*"]
    );
    assert_eq!(shown("use ::std::env as e; use super::super::x;"), ["std::env", "super::super::x"]);
    assert_eq!(shown("use crate as c;\nuse {crate::a, std::io};"), ["crate", "crate::a", "std::io"]);
    assert_eq!(shown("use crate::\n    a::{b};"), ["crate::a::b"]);
    assert_eq!(shown("x + use<'a>"), [""; 0]);
}

#[test]
fn paths_in_code_are_seen_with_their_modules() {
    let found =
        paths(&tokens("mod a { fn f() { crate::b::C::<crate::d::E>::g() } mod h { super::i!() } } j; pub use k;"));
    let shown: Vec<String> = found
        .iter()
        .filter(|named| named.path.len() > 1 || named.imported || named.path[0] == "j")
        .map(|named| {
            format!(
                "{}: {}{}",
                named.inside.join("::"),
                named.path.join("::"),
                if named.exported { " out" } else { "" }
            )
        })
        .collect();
    assert_eq!(shown, ["a: crate::b::C", "a: crate::d::E", "a::h: super::i", ": j", ": k out"]);
}

#[test]
fn what_only_tests_compile_is_left_out() {
    let words = |text: &str| {
        let (kept, modules) = without_tests(&tokens(text));
        let words: Vec<String> = kept.iter().filter_map(Token::word).map(str::to_owned).collect();
        (words.join(" "), modules.join(" "))
    };
    let none = String::new;
    assert_eq!(words("a; #[cfg(test)] mod tests { fn f() { g({}) } } b"), ("a b".to_owned(), none()));
    assert_eq!(words("#[cfg(test)] #[path(\"x\")] pub(super) mod t; b"), ("b".to_owned(), "t".to_owned()));
    assert_eq!(words("#[cfg(test)] use a::{b, c}; d"), ("d".to_owned(), none()));
    assert_eq!(words("#[cfg(test)] fn f<A, B>(x: [u8; 4]) -> (A, B) { c } d"), ("d".to_owned(), none()));
    assert_eq!(words("struct A { #[cfg(test)] b: C, d: E }").0, "struct A d E");
    assert_eq!(words("#![cfg(test)] a b c"), (none(), none()));
    assert_eq!(words("#[cfg(all(test, unix))] fn a() {} b"), ("b".to_owned(), none()));
    assert_eq!(words("#[cfg(any(test, unix))] a").0, "cfg any test unix a");
    assert_eq!(words("#[cfg(not(test))] a").0, "cfg not test a");
    assert_eq!(words("#[derive(Clone)] struct A;").0, "derive Clone struct A");
}
