//! "Did you mean …?"

use crate::catalog;

/// At most this many suggestions.
const MOST: usize = 3;

/// The known names nearest to what was typed, best first; none where nothing is near.
pub fn nearest<'n>(typed: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let typed = typed.to_lowercase();
    let limit = (typed.chars().count() / 4).clamp(1, 6);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| distance(&typed, &name.to_lowercase(), limit).map(|distance| (distance, name)))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// The actions nearest to what was typed.
pub fn actions(typed: &str) -> Vec<&'static str> {
    let all = || catalog::services().flat_map(catalog::Service::actions).map(|action| action.name());
    if typed.contains(':') {
        return nearest(typed, all());
    }
    let name = |action: &'static str| action.split_once(':').map_or(action, |(_, name)| name);
    let names = nearest(typed, all().map(name));
    let of_name = names.iter().flat_map(|wanted| all().filter(|action| name(action) == *wanted));
    of_name.take(MOST).collect()
}

/// ": did you mean `x` or `y`?", or nothing.
pub fn question(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", super::text::printable(name))).collect();
    if names.is_empty() { String::new() } else { format!(": did you mean {}?", names.join(" or ")) }
}

/// How many characters must be added, taken away, replaced or swapped with their neighbour; `None` beyond the limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, here) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        let mut left = None;
        for (j, there) in b.iter().enumerate() {
            let swapped = previous == Some(there) && left == Some(here);
            let swap = if swapped { at(&before, j.saturating_sub(1)).saturating_add(1) } else { usize::MAX };
            let change = at(&last, j).saturating_add(usize::from(here != there));
            let add_or_remove = at(&row, j).min(at(&last, j.saturating_add(1))).saturating_add(1);
            row.push(change.min(add_or_remove).min(swap));
            left = Some(there);
        }
        if row.iter().all(|cell| *cell > limit) {
            return None;
        }
        previous = Some(here);
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_must_change() {
        for (a, b, expected) in [
            ("abc", "abc", Some(0)),
            ("abc", "acb", Some(1)),
            ("abc", "ab", Some(1)),
            ("abc", "xbcd", Some(2)),
            ("abc", "xyz", None),
            ("", "abc", None),
        ] {
            assert_eq!(distance(a, b, 2), expected, "{a} {b}");
        }
    }

    #[test]
    fn finds_actions() {
        assert_eq!(actions("dynamodb:DeletTable")[0], "dynamodb:DeleteTable");
        assert_eq!(actions("dynamo:DeleteTable")[0], "dynamodb:DeleteTable");
        assert!(actions("DeleteTable").contains(&"dynamodb:DeleteTable"));
        assert!(actions("nothing:LikeThisAtAll").is_empty());
    }
}
