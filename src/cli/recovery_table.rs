//! One line a store: columns say less, or go, until the lines fit; none is broken.

use super::output;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};

/// A column, and what each store says in it.
pub struct Column {
    /// Each way to say it, the longest first: the head, and a text a store.
    pub forms: Vec<(&'static str, Vec<Text>)>,
}

/// What stands in one place of the table.
#[derive(Clone)]
pub struct Text {
    /// The words.
    pub words: String,
    /// Good, bad or doubtful; nothing where it is none of these.
    pub colour: Option<Color>,
}

impl Text {
    /// Words without a judgement.
    pub fn plain(words: impl Into<String>) -> Text {
        Text { words: words.into(), colour: None }
    }
}

/// What is done to a column to make room.
#[derive(Clone, Copy)]
pub enum Step {
    /// It says the same with fewer words.
    Shorten(usize),
    /// It goes.
    Drop(usize),
}

/// The spaces between two columns.
const GAP: usize = 2;
/// The fewest characters of a name.
const LEAST: usize = 8;

/// Draws the columns in so many characters, and says whether anything had to be left out. `steps` are taken one after the
/// other until the lines fit; names, in the column `names`, lose their middle when nothing else is left.
pub fn draw(columns: &[Column], steps: &[Step], names: usize, width: usize) -> (String, bool) {
    // The form of each column; `None`: it is gone.
    let mut chosen: Vec<Option<usize>> = columns.iter().map(|_| Some(0)).collect();
    let mut left = steps.iter();
    let mut shortened = false;
    while total(columns, &chosen) > width {
        let Some(step) = left.next() else { break };
        let (at, then): (usize, fn(usize) -> Option<usize>) = match *step {
            Step::Shorten(at) => (at, |form| form.checked_add(1)),
            Step::Drop(at) => (at, |_| None),
        };
        if let Some(form) = chosen.get_mut(at) {
            *form = form.and_then(then);
            shortened = true;
        }
    }
    let over = total(columns, &chosen).saturating_sub(width);
    let longest = columns.get(names).zip(chosen.get(names)).map_or(0, |(column, form)| span(column, *form));
    let most = longest.saturating_sub(over).max(LEAST);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if output::colour() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let shown: Vec<(usize, &(&str, Vec<Text>))> = columns
        .iter()
        .zip(&chosen)
        .enumerate()
        .filter_map(|(at, (column, form))| Some((at, column.forms.get((*form)?)?)))
        .collect();
    table.set_header(shown.iter().map(|(_, (head, _))| Cell::new(head)));
    let rows = shown.iter().map(|(_, (_, texts))| texts.len()).max().unwrap_or(0);
    for row in 0..rows {
        table.add_row(shown.iter().map(|(at, (_, texts))| {
            let Some(text) = texts.get(row) else { return Cell::new("") };
            let words = if *at == names { middle(&text.words, most) } else { text.words.clone() };
            match text.colour {
                Some(colour) => Cell::new(words).fg(colour),
                None => Cell::new(words),
            }
        }));
    }
    let last = shown.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { u16::try_from(GAP).unwrap_or(2) }));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    (lines.join("\n"), shortened || over > 0)
}

fn total(columns: &[Column], chosen: &[Option<usize>]) -> usize {
    let spans: Vec<usize> = columns
        .iter()
        .zip(chosen)
        .filter(|(column, form)| form.is_some_and(|form| form < column.forms.len()))
        .map(|(column, form)| span(column, *form))
        .collect();
    spans.iter().sum::<usize>().saturating_add(GAP.saturating_mul(spans.len().saturating_sub(1)))
}

/// Characters of the longest text of a column.
fn span(column: &Column, form: Option<usize>) -> usize {
    let Some((head, texts)) = form.and_then(|form| column.forms.get(form)) else { return 0 };
    let texts = texts.iter().map(|text| text.words.chars().count());
    texts.chain([head.chars().count()]).max().unwrap_or(0)
}

/// A name without its middle, if it is too long: both ends tell names apart.
fn middle(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        return name.to_owned();
    }
    let kept = most.saturating_sub(1);
    let front = kept.div_ceil(2);
    let back = length.saturating_sub(kept.saturating_sub(front));
    name.chars().take(front).chain(['…']).chain(name.chars().skip(back)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(forms: &[(&'static str, &str)]) -> Column {
        Column { forms: forms.iter().map(|(head, words)| (*head, vec![Text::plain(*words)])).collect() }
    }

    #[test]
    fn columns_give_way_one_after_the_other() {
        let columns = [
            column(&[("Name", "orders")]),
            column(&[("Long", "many words"), ("Short", "word")]),
            column(&[("Last", "end")]),
        ];
        let steps = [Step::Shorten(1), Step::Drop(2)];
        assert_eq!(
            draw(&columns, &steps, 0, 80),
            ("Name    Long        Last\norders  many words  end".to_owned(), false)
        );
        assert_eq!(draw(&columns, &steps, 0, 20), ("Name    Short  Last\norders  word   end".to_owned(), true));
        assert_eq!(draw(&columns, &steps, 0, 15), ("Name    Short\norders  word".to_owned(), true));
    }

    #[test]
    fn names_lose_their_middle_last() {
        assert_eq!(middle("abcdefghij", 10), "abcdefghij");
        assert_eq!(middle("abcdefghij", 5), "ab…ij");
        let long = column(&[("Name", &"x".repeat(40))]);
        let (text, shortened) = draw(&[long, column(&[("Last", "end")])], &[], 0, 30);
        assert!(shortened && text.lines().all(|line| line.chars().count() <= 30), "{text}");
    }
}
