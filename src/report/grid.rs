//! A table whose columns fit the terminal: text is broken between words, and names are cut only where nothing else helps.
//! Where there is no room for columns, each row is a paragraph.

use super::table::{NARROW, Style};
use crate::base::text::{columns, wrap};
use comfy_table::{Attribute, Cell, Color, ContentArrangement, LineStyle, Table, TableStyle};

/// Columns between two columns of a table.
const GAP: usize = 2;

/// Words up to this length stay whole.
const WORD: usize = 22;

/// A cell: its text, and its colour.
pub type Entry = (String, Option<Color>);

/// Draws a table. Steps that begin with a number go on below their words.
pub fn draw(titles: &[&str], rows: &[Vec<Entry>], style: &Style) -> String {
    if style.width < NARROW {
        return stacked(titles, rows, style);
    }
    let mut columns: Vec<Need> = titles
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let texts: Vec<&str> =
                rows.iter().filter_map(|row| row.get(column)).map(|(text, _)| text.as_str()).collect();
            let lines = || texts.iter().flat_map(|text| text.lines()).chain([*title]);
            let all = lines().map(length).max().unwrap_or(0);
            let word = lines().flat_map(|line| line.split(' ')).map(length).max().unwrap_or(0).min(WORD);
            let least = if all <= WORD { all } else { word.max(length(title)) };
            Need { all, least, weight: texts.iter().map(|text| text.len()).max().unwrap_or(0).isqrt().max(1) }
        })
        .collect();
    let gaps = GAP.saturating_mul(titles.len().saturating_sub(1));
    let room = usize::from(style.width).saturating_sub(gaps);
    // Where not every word can stay whole, every title does.
    let least = |columns: &[Need]| columns.iter().map(|need| need.least).fold(0, usize::saturating_add);
    if least(&columns) > room {
        for (need, title) in columns.iter_mut().zip(titles) {
            need.least = length(title);
        }
    }
    if least(&columns) > room {
        return stacked(titles, rows, style);
    }
    let widths = shared(&columns, room);
    let mut table = Table::new();
    table.load_style(lines(style.unicode)).set_content_arrangement(ContentArrangement::Disabled);
    table.force_no_tty();
    table.style_text_only();
    if style.colour {
        table.enforce_styling();
    }
    table.set_header(titles.iter().map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    for row in rows {
        table.add_row(row.iter().zip(&widths).map(|((text, colour), width)| {
            let cell = Cell::new(fitted(text, *width));
            colour.map_or(cell.clone(), |colour| cell.fg(colour))
        }));
    }
    let last = titles.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        // Between two columns comfy-table leaves one more.
        column.set_padding((0, if index == last { 0 } else { 1 }));
    }
    table.trim_fmt()
}

/// Each row as a paragraph: what stands first, and below it the rest with its titles.
fn stacked(titles: &[&str], rows: &[Vec<Entry>], style: &Style) -> String {
    let width = usize::from(style.width);
    let mut paragraphs = Vec::new();
    for row in rows {
        let mut lines = Vec::new();
        for (index, ((text, _), title)) in row.iter().zip(titles).enumerate() {
            if index == 0 {
                lines.push(fitted(text, width));
            } else if !text.is_empty() {
                lines.push(wrap(&format!("  {title}: {}", text.lines().next().unwrap_or_default()), width, 2));
                for line in text.lines().skip(1) {
                    lines.push(wrap(&format!("    {line}"), width, hang(line)));
                }
            }
        }
        paragraphs.push(lines.join("\n"));
    }
    paragraphs.join("\n\n")
}

/// Text in so many columns.
pub(super) fn fitted(text: &str, width: usize) -> String {
    text.lines().map(|line| wrap(line, width, hang(line))).collect::<Vec<_>>().join("\n")
}

/// Columns that the number of a step, or the mark of an item, takes.
fn hang(line: &str) -> usize {
    if line.starts_with("- ") {
        return 2;
    }
    let number = line.find(". ").filter(|at| *at > 0 && line.chars().take(*at).all(|each| each.is_ascii_digit()));
    number.map_or(0, |at| at.saturating_add(2))
}

fn length(line: &str) -> usize {
    line.chars().map(columns).fold(0, usize::saturating_add)
}

/// What a column needs.
struct Need {
    /// For its longest line.
    all: usize,
    /// So that words stay whole, where they are not too long.
    least: usize,
    /// How much of what is left it gets: long texts more than short ones, though not in proportion.
    weight: usize,
}

/// How wide each column gets: what it needs, where that is less than its share of what is left.
fn shared(columns: &[Need], room: usize) -> Vec<usize> {
    let mut order: Vec<(usize, &Need)> = columns.iter().enumerate().collect();
    order.sort_by_key(|(_, need)| need.all.saturating_mul(1000).checked_div(need.weight));
    let (mut widths, mut left) = (vec![1; columns.len()], room);
    for (place, (column, need)) in order.iter().enumerate() {
        let rest = order.iter().skip(place);
        let heavy: usize = rest.clone().map(|(_, need)| need.weight).fold(0, usize::saturating_add);
        let kept: usize = rest.skip(1).map(|(_, need)| need.least).fold(0, usize::saturating_add);
        let share = left.saturating_mul(need.weight).checked_div(heavy).unwrap_or(left);
        let share = share.max(need.least).min(left.saturating_sub(kept).max(1));
        if let Some(width) = widths.get_mut(*column) {
            *width = need.all.min(share).max(1);
            left = left.saturating_sub(*width);
        }
    }
    widths
}

/// Horizontal lines only: columns of text need the width.
pub(super) fn lines(unicode: bool) -> TableStyle {
    let line = |character| LineStyle::none().fill(character).junction(character);
    let (border, row) = if unicode { ('─', '┈') } else { ('-', '-') };
    TableStyle::new()
        .top_border(line(border))
        .header_separator(line(border))
        .row_separator(line(row))
        .bottom_border(line(border))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: u16) -> String {
        let style = Style { width, colour: false, unicode: true, all: false };
        let entry = |text: &str| (text.to_owned(), None);
        let long =
            "1. user mara calls dynamodb:DeleteBackup on 3 DynamoDB tables: a backup is erased for good\n2. gone";
        let rows = vec![vec![entry("table/orders"), entry(long), entry("no")], vec![entry("a"), entry("b"), entry("")]];
        draw(&["What", "How", "Comes back"], &rows, &style)
    }

    #[test]
    fn columns_share_the_width_and_words_stay_whole() {
        assert_eq!(
            drawn(74),
            "\
─────────────────────────────────────────────────────────────────────────
What          How                                              Comes back
─────────────────────────────────────────────────────────────────────────
table/orders  1. user mara calls dynamodb:DeleteBackup on 3    no
                 DynamoDB tables: a backup is erased for good
              2. gone
┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
a             b
─────────────────────────────────────────────────────────────────────────"
        );
    }

    #[test]
    fn where_there_is_no_room_each_row_is_a_paragraph() {
        assert_eq!(
            drawn(50),
            "\
table/orders
  How: 1. user mara calls dynamodb:DeleteBackup on
    3 DynamoDB tables: a backup is erased for good
    2. gone
  Comes back: no

a
  How: b"
        );
    }
}
