//! Builds HCL as a syntax tree and lays it out exactly as `terraform fmt` does.

use crate::base::text;
use hcl_edit::expr::{
    Array, Expression, FuncArgs, FuncCall, Object, ObjectKey, ObjectValue, ObjectValueTerminator, Traversal,
    TraversalOperator,
};
use hcl_edit::structure::{Attribute, Block, Body, Structure};
use hcl_edit::{Decorate, Decorated, Ident};
use serde_json::Value;

/// Columns at which comments wrap.
const COMMENT_WIDTH: usize = 100;

/// Words that an object key must not be without quotes: the parser takes them for something else.
const KEYWORDS: [&str; 6] = ["for", "if", "in", "null", "true", "false"];

/// Stand for `$` and `%` before `{` until the text is finished; private use, so nobody's names hold them.
const HIDDEN_DOLLAR: char = '\u{f0024}';
const HIDDEN_PERCENT: char = '\u{f0025}';

/// A block without content. Labels must be identifiers already.
pub(super) fn block(kind: &str, labels: &[&str]) -> Block {
    let mut block = Block::new(Ident::new_sanitized(kind));
    block.labels = labels.iter().map(|label| (*label).into()).collect();
    block
}

/// Adds an argument; the first value given for a name stays.
pub(super) fn set(block: &mut Block, name: &str, value: Expression) {
    block.body.push(Attribute::new(Ident::new_sanitized(name), value));
}

/// Adds an argument under a comment.
pub(super) fn set_commented(block: &mut Block, text: &str, name: &str, value: Expression) {
    let mut argument = Attribute::new(Ident::new_sanitized(name), value);
    comment(&mut argument, text);
    block.body.push(argument);
}

/// Adds a nested block.
pub(super) fn nest(block: &mut Block, inner: Block) {
    block.body.push(inner);
}

/// Puts a comment above a block or argument, after those it has.
pub(super) fn comment(target: &mut impl Decorate, text: &str) {
    comment_lines(target, &wrapped(text));
}

/// Puts lines of comment above a block or argument, after those it has.
pub(super) fn comment_lines(target: &mut impl Decorate, lines: &[String]) {
    let before = target.decor().prefix().map(|prefix| prefix.to_string()).unwrap_or_default();
    target.decor_mut().set_prefix(format!("{before}{}\n", lines.join("\n")));
}

/// A command in a comment, in one line however long, so that it can be copied.
pub(super) fn command(text: &str) -> String {
    format!("#   {}", text::escape(text, is_escaped))
}

/// A comment as lines, each beginning with `#`. Text from outside cannot leave it.
pub(super) fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::from("#")];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = text::escape(word, is_escaped);
        let fits =
            |line: &String| line.len() == 1 || line.len().saturating_add(word.len()).saturating_add(1) <= COMMENT_WIDTH;
        if !lines.last().is_some_and(fits) {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(&word);
        }
    }
    lines
}

/// `a.b.c`; the parts must be identifiers already.
pub(super) fn reference(parts: &[&str]) -> Expression {
    let mut parts = parts.iter().map(Ident::new_sanitized);
    let Some(first) = parts.next() else { return Expression::null() };
    let rest: Vec<_> = parts.map(|part| Decorated::new(TraversalOperator::GetAttr(Decorated::new(part)))).collect();
    if rest.is_empty() { Expression::from(first) } else { Expression::from(Traversal::new(first, rest)) }
}

/// `toset(list)`
pub(super) fn to_set(list: Expression) -> Expression {
    let mut arguments = FuncArgs::new();
    arguments.push(list);
    Expression::from(FuncCall::new(Ident::new_sanitized("toset"), arguments))
}

/// A string. The only way text may enter the tree: hcl-edit leaves some template markers unescaped when several follow
/// each other (`${a}%${b}`), so markers are hidden from it here and doubled in [`finish`].
pub(super) fn string(value: &str) -> Expression {
    let mut hidden = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        let marker = characters.peek() == Some(&'{');
        hidden.push(match character {
            '$' if marker => HIDDEN_DOLLAR,
            '%' if marker => HIDDEN_PERCENT,
            HIDDEN_DOLLAR | HIDDEN_PERCENT => char::REPLACEMENT_CHARACTER,
            other => other,
        });
    }
    Expression::from(hidden)
}

/// A list of strings.
pub(super) fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> Expression {
    Expression::from(Array::from_iter(texts.into_iter().map(string)))
}

/// A map.
pub(super) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Expression)>) -> Expression {
    let mut object = Object::new();
    for (name, value) in entries {
        object.insert(key(name), ObjectValue::new(value));
    }
    Expression::from(object)
}

/// A JSON value as an expression.
pub(super) fn json(value: &Value) -> Expression {
    match value {
        Value::Null => Expression::null(),
        Value::Bool(value) => Expression::from(*value),
        Value::String(value) => string(value),
        Value::Array(values) => Expression::from(Array::from_iter(values.iter().map(json))),
        Value::Object(fields) => map(fields.iter().map(|(name, value)| (name.as_str(), json(value)))),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Expression::from(number),
            (_, Some(number), _) => Expression::from(number),
            (_, _, Some(number)) => Expression::from(number),
            _ => string(&number.to_string()),
        },
    }
}

fn key(name: &str) -> ObjectKey {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'));
    if plain && !KEYWORDS.contains(&name) {
        ObjectKey::from(Ident::new_sanitized(name))
    } else {
        ObjectKey::from(string(name))
    }
}

/// Blocks as text, with a blank line between each two.
pub(super) fn render(blocks: Vec<Block>) -> String {
    let mut body = Body::new();
    for block in blocks {
        body.push(block);
    }
    lay_out(&mut body, 0);
    finish(&body.to_string())
}

/// Puts the template markers back, escaped, and spells out what a reader cannot see.
fn finish(text: &str) -> String {
    let text = text.replace(HIDDEN_DOLLAR, "$$").replace(HIDDEN_PERCENT, "%%");
    text::escape(&text, |character| character != '\n' && is_escaped(character)).into_owned()
}

/// Whether a character is written as an escape. Only letters stay that every reader sees as one column and in the order
/// they are stored: a reviewer then sees what Terraform sees, and alignment needs no tables of Unicode.
fn is_escaped(character: char) -> bool {
    let plain = matches!(character,
        ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{24f}' | '\u{386}'..='\u{3ff}' | '\u{400}'..='\u{482}'
        | '\u{48a}'..='\u{52f}' | '\u{2013}' | '\u{2014}' | '\u{2018}'..='\u{201d}' | '\u{2026}' | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
    !plain
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// One line of `name = value` for the purpose of alignment.
struct Line {
    /// Columns of the name; `None`: not aligned with its neighbours.
    width: Option<usize>,
    /// Whether something stands between this line and the one before.
    apart: bool,
}

/// For each line the spaces after its name: lines that follow each other directly have their `=` in one column.
fn padding(lines: &[Line]) -> Vec<String> {
    let mut widths: Vec<usize> = Vec::with_capacity(lines.len());
    for group in lines.chunk_by(|one, next| one.width.is_some() && next.width.is_some() && !next.apart) {
        let widest = group.iter().filter_map(|line| line.width).max().unwrap_or(0);
        widths.extend(group.iter().map(|line| line.width.map_or(0, |width| widest.saturating_sub(width))));
    }
    widths.into_iter().map(|width| " ".repeat(width.saturating_add(1))).collect()
}

fn lay_out(body: &mut Body, depth: usize) {
    let mut lines = Vec::with_capacity(body.len());
    let mut after_repetition = false;
    for (index, structure) in body.iter().enumerate() {
        let commented = prefix(structure).is_some();
        let (width, apart) = match structure {
            Structure::Attribute(argument) => {
                let width = (!is_multi_line(&argument.value)).then(|| argument.key.as_str().len());
                (width, commented || after_repetition)
            }
            Structure::Block(_) => (None, true),
        };
        after_repetition = structure.as_attribute().is_some_and(|argument| argument.has_key("for_each"));
        lines.push(Line { width, apart: apart && index > 0 });
    }
    let mut padding = padding(&lines).into_iter();
    let lines: Vec<bool> = lines.into_iter().map(|line| line.apart).collect();
    let mut apart = lines.into_iter();
    for mut structure in body.iter_mut() {
        let pad = padding.next().unwrap_or_default();
        let blank = if apart.next().unwrap_or(false) { "\n" } else { "" };
        let comments: String = match structure.as_block() {
            Some(block) => block.decor().prefix().map(|prefix| prefix.to_string()),
            None => {
                structure.as_attribute().and_then(|argument| argument.decor().prefix().map(|prefix| prefix.to_string()))
            }
        }
        .unwrap_or_default()
        .lines()
        .map(|line| format!("{}{line}\n", indent(depth)))
        .collect();
        let prefix = format!("{blank}{comments}{}", indent(depth));
        if let Some(block) = structure.as_block_mut() {
            block.decor_mut().set_prefix(prefix);
            lay_out(&mut block.body, depth.saturating_add(1));
            if block.body.is_empty() {
                block.body.set_prefer_oneline(true);
            } else {
                block.body.decor_mut().set_suffix(indent(depth));
            }
        } else if let Some(mut argument) = structure.as_attribute_mut() {
            argument.decor_mut().set_prefix(prefix);
            argument.key_decor_mut().set_suffix(pad);
            lay_out_value(argument.value_mut(), depth);
            argument.value_mut().decor_mut().set_prefix(" ");
        }
    }
}

fn prefix(structure: &Structure) -> Option<&hcl_edit::RawString> {
    match structure {
        Structure::Attribute(argument) => argument.decor().prefix(),
        Structure::Block(block) => block.decor().prefix(),
    }
}

fn is_multi_line(value: &Expression) -> bool {
    match value {
        Expression::Array(array) => array.len() > 1 || array.iter().any(is_multi_line),
        Expression::Object(object) => !object.is_empty(),
        Expression::FuncCall(call) => call.args.iter().any(is_multi_line),
        _ => false,
    }
}

fn lay_out_value(value: &mut Expression, depth: usize) {
    let multi_line = is_multi_line(value);
    let inner = depth.saturating_add(1);
    match value {
        Expression::FuncCall(call) => call.args.iter_mut().for_each(|argument| lay_out_value(argument, depth)),
        Expression::Array(array) if multi_line => {
            for element in array.iter_mut() {
                lay_out_value(element, inner);
                element.decor_mut().set_prefix(format!("\n{}", indent(inner)));
            }
            array.set_trailing_comma(true);
            array.set_trailing(format!("\n{}", indent(depth)));
        }
        Expression::Object(object) if multi_line => {
            let lines: Vec<Line> = object
                .iter()
                .map(|(key, value)| Line {
                    width: (!is_multi_line(value.expr())).then(|| key_width(key)),
                    apart: false,
                })
                .collect();
            let mut padding = padding(&lines).into_iter();
            for (index, (mut key, value)) in object.iter_mut().enumerate() {
                let start = if index == 0 { "\n" } else { "" };
                key.decor_mut().set_prefix(format!("{start}{}", indent(inner)));
                key.decor_mut().set_suffix(padding.next().unwrap_or_default());
                lay_out_value(value.expr_mut(), inner);
                value.expr_mut().decor_mut().set_prefix(" ");
                value.set_terminator(ObjectValueTerminator::Newline);
            }
            object.set_trailing(indent(depth));
        }
        _ => {}
    }
}

/// Columns of an object key as it will be printed.
fn key_width(key: &ObjectKey) -> usize {
    match key {
        ObjectKey::Ident(name) => name.as_str().len(),
        ObjectKey::Expression(expression) => finish(expression.to_string().trim()).chars().count(),
    }
}
