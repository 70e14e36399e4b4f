//! Whether a formula can be met, and the shortest way to say under which conditions.
//!
//! A formula becomes a list of alternatives, each a conjunction of literals; alternatives that contradict themselves go
//! (an interval, a set, a prefix, a network that cannot be met), and so do those that another one makes superfluous.
//! Contradictions are found per key and exactly for finite sets, intervals, networks and patterns; what is not
//! understood counts as possible, so a contradiction is never claimed wrongly.

use super::expand::expand;
use super::formula::{Atom, Formula, Key};
use super::values::{Members, ValueSet};
use crate::base::Glob;
use crate::iam::Relation;
use std::sync::Arc;

/// An atom, or its opposite.
pub type Literal = (Arc<Atom>, bool);

/// Alternatives of conjunctions. No alternative: never. An empty alternative: always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternatives(pub Vec<Vec<Literal>>);

/// What came of solving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Solution {
    /// Cannot be met.
    Never,
    /// Holds whatever the surroundings.
    Always,
    /// Holds in one of these alternatives, none of them contradictory or superfluous.
    When(Alternatives),
    /// Too tangled to say under which conditions; possible.
    Tangled,
}

/// Solves a formula. `chosen` says which keys the caller sets freely: once they can be met, they are no condition.
pub fn solve(formula: &Formula, chosen: &dyn Fn(&Key) -> bool) -> Solution {
    match formula {
        Formula::True => return Solution::Always,
        Formula::False => return Solution::Never,
        _ => {}
    }
    let Some(alternatives) = expand(formula) else { return Solution::Tangled };
    let free = |literal: &Literal| key_of(&literal.0).is_some_and(chosen);
    let kept = alternatives
        .into_iter()
        .map(|alternative| without_implied(alternative.into_iter().filter(|literal| !free(literal)).collect()));
    let mut kept: Vec<Vec<Literal>> = kept.collect();
    if kept.is_empty() {
        return Solution::Never;
    }
    merge_opposites(&mut kept);
    let kept = without_superfluous(kept);
    if kept.iter().any(Vec::is_empty) || covers_everything(&kept) {
        return Solution::Always;
    }
    Solution::When(Alternatives(kept))
}

/// Whether the formula can be met at all.
pub fn is_satisfiable(formula: &Formula) -> bool {
    match formula {
        Formula::True => true,
        Formula::False => false,
        other => expand(other).is_none_or(|alternatives| !alternatives.is_empty()),
    }
}

/// The condition key an atom speaks of.
pub fn key_of(atom: &Atom) -> Option<&Key> {
    match atom {
        Atom::Present(key) | Atom::In(key, _) | Atom::Some { key, .. } => Some(key),
        Atom::Variable(_) | Atom::Unseen(_) | Atom::Undecided(_) => None,
    }
}

/// Whether all that is said of one key can hold at once.
pub(super) fn key_is_possible(atoms: &[(&Atom, bool)]) -> bool {
    let absent = atoms.iter().any(|(atom, holds)| matches!(atom, Atom::Present(_)) && !holds);
    let present = atoms.iter().any(|(atom, holds)| match atom {
        Atom::Present(_) | Atom::In(..) | Atom::Some { .. } => *holds,
        _ => false,
    });
    if absent {
        return !present;
    }
    let mut inside: Vec<&ValueSet> = Vec::new();
    let mut outside: Vec<&ValueSet> = Vec::new();
    let mut wanted: Vec<(&ValueSet, bool)> = Vec::new();
    for (atom, holds) in atoms {
        match atom {
            Atom::In(_, set) if *holds => inside.push(set),
            Atom::In(_, set) => outside.push(set),
            Atom::Some { set, outside: out, .. } if *holds => wanted.push((set, *out)),
            // No value in the set: all outside, and the other way round.
            Atom::Some { set, outside: out, .. } => {
                if *out {
                    inside.push(set);
                } else {
                    outside.push(set);
                }
            }
            _ => {}
        }
    }
    // Each wanted value must exist beside what holds of every value.
    if wanted.is_empty() {
        return !present || value_exists(&inside, &outside);
    }
    wanted.iter().all(|(set, out)| {
        let (mut inside, mut outside) = (inside.clone(), outside.clone());
        if *out {
            outside.push(set)
        } else {
            inside.push(set)
        }
        value_exists(&inside, &outside)
    })
}

/// Whether some value lies in all of `inside` and none of `outside`.
fn value_exists(inside: &[&ValueSet], outside: &[&ValueSet]) -> bool {
    let fits = |value: &str, skip: Option<&ValueSet>| {
        inside.iter().all(|set| skip.is_some_and(|skip| skip == *set) || set.contains(value) != Some(false))
            && outside.iter().all(|set| set.contains(value) != Some(true))
    };
    for set in inside {
        match &set.members {
            Members::Texts(texts) => return texts.iter().any(|text| fits(text, Some(set))),
            Members::Patterns(patterns) if patterns.iter().all(|pattern| pattern.as_literal().is_some()) => {
                return patterns.iter().filter_map(Glob::as_literal).any(|text| fits(text, Some(set)));
            }
            // What is written may not be readable as bytes.
            Members::Bytes(_) => return set.texts.iter().any(|text| fits(text, None)),
            Members::Caseless(texts) if texts.is_empty() => return false,
            Members::Ordered(_, bounds) if bounds.is_empty() => return false,
            Members::Networks(networks) if networks.is_empty() => return false,
            Members::Arns(arns) if arns.is_empty() => return false,
            _ => {}
        }
    }
    for set in inside {
        if let Members::Booleans { yes, no } = set.members {
            return (yes && fits("true", None)) || (no && fits("false", None));
        }
    }
    let all = || inside.iter().chain(outside).map(|set| &set.members);
    if all().all(|members| matches!(members, Members::Ordered(..))) {
        return number_exists(inside, outside);
    }
    if all().all(|members| matches!(members, Members::Networks(_))) {
        return address_exists(inside, outside);
    }
    if let Some(possible) = both_booleans_excluded(inside, outside) {
        return possible;
    }
    pattern_exists(inside, outside)
}

/// A boolean key that may be neither true nor false has no value.
fn both_booleans_excluded(inside: &[&ValueSet], outside: &[&ValueSet]) -> Option<bool> {
    if !inside.is_empty() {
        return None;
    }
    let (mut yes, mut no) = (false, false);
    for set in outside {
        let Members::Booleans { yes: has_yes, no: has_no } = set.members else { return None };
        yes |= has_yes;
        no |= has_no;
    }
    Some(!(yes && no))
}

/// Intervals: it is enough to try each bound, a point beside it on either side, and one between each two.
fn number_exists(inside: &[&ValueSet], outside: &[&ValueSet]) -> bool {
    let intervals = |sets: &[&ValueSet]| -> Vec<(Relation, Vec<f64>)> {
        sets.iter()
            .filter_map(|set| match &set.members {
                Members::Ordered(relation, bounds) => Some((*relation, bounds.clone())),
                _ => None,
            })
            .collect()
    };
    let (inside, outside) = (intervals(inside), intervals(outside));
    let mut points: Vec<f64> = inside.iter().chain(&outside).flat_map(|(_, bounds)| bounds.iter().copied()).collect();
    points.sort_by(f64::total_cmp);
    points.dedup();
    let mut candidates = points.clone();
    candidates.extend(points.array_windows().map(|[a, b]| a + (b - a) / 2.0));
    candidates.extend(points.first().map(|first| first - 1.0));
    candidates.extend(points.last().map(|last| last + 1.0));
    if candidates.is_empty() {
        return inside.is_empty();
    }
    let within =
        |(relation, bounds): &(Relation, Vec<f64>), value: f64| bounds.iter().any(|b| relation.holds(value, *b));
    candidates
        .into_iter()
        .any(|value| inside.iter().all(|set| within(set, value)) && !outside.iter().any(|set| within(set, value)))
}

/// Networks nest or are apart, so what is left of an intersection is a network minus networks.
fn address_exists(inside: &[&ValueSet], outside: &[&ValueSet]) -> bool {
    let networks = |set: &ValueSet| match &set.members {
        Members::Networks(networks) => networks.clone(),
        _ => Vec::new(),
    };
    let everything = || ["0.0.0.0/0", "::/0"].iter().filter_map(|text| text.parse().ok()).collect();
    let mut left: Vec<ipnet::IpNet> = everything();
    for set in inside {
        let members = networks(set);
        let mut narrower = Vec::new();
        for a in &left {
            for b in &members {
                if a.contains(b) {
                    narrower.push(*b);
                } else if b.contains(a) {
                    narrower.push(*a);
                }
            }
        }
        left = narrower;
    }
    let taken: Vec<ipnet::IpNet> = ipnet::IpNet::aggregate(&outside.iter().flat_map(|set| networks(set)).collect());
    left.iter().any(|network| !taken.iter().any(|taken| taken.contains(network)))
}

/// Patterns: every two sets that must hold need a pair of patterns that can meet, and no excluded pattern may cover all.
fn pattern_exists(inside: &[&ValueSet], outside: &[&ValueSet]) -> bool {
    let patterns = |set: &ValueSet| match &set.members {
        Members::Patterns(patterns) => Some(patterns.clone()),
        Members::Texts(texts) => Some(texts.iter().map(|text| Glob::literal(text)).collect()),
        Members::Arns(arns) => Some(arns.iter().map(joined).collect()),
        _ => None,
    };
    let inside: Vec<Vec<Glob>> = inside.iter().filter_map(|set| patterns(set)).collect();
    let outside: Vec<Glob> = outside.iter().filter_map(|set| patterns(set)).flatten().collect();
    let meet = |a: &[Glob], b: &[Glob]| a.iter().any(|a| b.iter().any(|b| a.intersects(b)));
    for (index, a) in inside.iter().enumerate() {
        if inside.iter().skip(index.saturating_add(1)).any(|b| !meet(a, b)) {
            return false;
        }
        if a.iter().all(|a| outside.iter().any(|out| out.contains(a))) {
            return false;
        }
    }
    // Nothing asked for but "none of these": only a pattern for everything leaves nothing.
    !(inside.is_empty() && outside.iter().any(Glob::is_any))
}

/// An ARN pattern as one pattern. Wider than the segments (a star may cross a colon here), which is the safe side for
/// patterns that must hold; excluded patterns are compared by the same measure and only ever by containment.
fn joined(segments: &[Glob; 6]) -> Glob {
    let text: Vec<String> = segments.iter().map(Glob::to_string).collect();
    Glob::new(&text.join(":"))
}

/// Drops literals that others of the same alternative imply: a value implies presence.
fn without_implied(literals: Vec<Literal>) -> Vec<Literal> {
    let implied = |(atom, holds): &Literal| match atom.as_ref() {
        Atom::Present(key) if *holds => literals.iter().any(|(other, other_holds)| {
            *other_holds && !matches!(other.as_ref(), Atom::Present(_)) && key_of(other) == Some(key)
        }),
        // "Not one of these" says nothing beside a list of what it must be.
        Atom::In(key, out) if !holds => literals.iter().any(|(other, other_holds)| match other.as_ref() {
            Atom::In(other_key, set) if *other_holds && other_key == key => disjoint(set, out),
            Atom::Present(other_key) if !*other_holds => other_key == key,
            _ => false,
        }),
        _ => false,
    };
    let keep: Vec<bool> = literals.iter().map(|literal| !implied(literal)).collect();
    literals.iter().zip(keep).filter(|(_, keep)| *keep).map(|(literal, _)| literal.clone()).collect()
}

fn disjoint(a: &ValueSet, b: &ValueSet) -> bool {
    !value_exists(&[a, b], &[])
}

/// `A and x`, `A and not x` become `A`.
fn merge_opposites(alternatives: &mut Vec<Vec<Literal>>) {
    loop {
        let mut merged = None;
        'search: for (i, a) in alternatives.iter().enumerate() {
            for (j, b) in alternatives.iter().enumerate().skip(i.saturating_add(1)) {
                if let Some(common) = opposites(a, b) {
                    merged = Some((i, j, common));
                    break 'search;
                }
            }
        }
        let Some((i, j, common)) = merged else { return };
        alternatives.remove(j);
        alternatives.remove(i);
        alternatives.push(common);
    }
}

fn opposites(a: &[Literal], b: &[Literal]) -> Option<Vec<Literal>> {
    if a.len() != b.len() {
        return None;
    }
    let mut different = a.iter().filter(|literal| !b.contains(literal));
    let (atom, holds) = different.next()?;
    if different.next().is_some() || !b.contains(&(Arc::clone(atom), !holds)) {
        return None;
    }
    Some(a.iter().filter(|(other, _)| other != atom).cloned().collect())
}

/// Drops an alternative that asks for all that another asks for, and more.
fn without_superfluous(mut alternatives: Vec<Vec<Literal>>) -> Vec<Vec<Literal>> {
    alternatives.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    alternatives.dedup();
    let mut kept: Vec<Vec<Literal>> = Vec::new();
    for alternative in alternatives {
        if !kept.iter().any(|shorter| shorter.iter().all(|literal| alternative.contains(literal))) {
            kept.push(alternative);
        }
    }
    kept
}

/// Whether the opposite of all alternatives together is impossible.
fn covers_everything(alternatives: &[Vec<Literal>]) -> bool {
    // The usual case needs no spreading: the opposite of one alternative is that one of its literals does not hold.
    if let [only] = alternatives {
        return !only.iter().any(|(atom, holds)| key_of(atom).is_none() || key_is_possible(&[(&**atom, !holds)]));
    }
    let opposite = Formula::all(alternatives.iter().map(|alternative| {
        Formula::any(alternative.iter().map(|(atom, holds)| Formula::Is(Arc::clone(atom), !holds)))
    }));
    expand(&opposite).is_some_and(|ways| ways.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::glob::Part;
    use crate::iam::Test;

    fn within(key: &str, test: Test, values: &[&str]) -> Formula {
        let operands: Vec<[Part<'_>; 1]> = values.iter().map(|value| [Part::Pattern(value)]).collect();
        let set = ValueSet::new(test, &operands);
        Formula::atom(Atom::In(Key::new(key), Arc::new(set)))
    }

    fn never(formula: Formula) -> bool {
        solve(&formula, &|_| false) == Solution::Never
    }

    #[test]
    fn contradictions_are_found() {
        let less = |n: &str| within("n", Test::Numeric(Relation::Less), &[n]);
        let more = |n: &str| within("n", Test::Numeric(Relation::Greater), &[n]);
        assert!(never(less("5").and(more("5"))));
        assert!(!never(less("5").and(more("4"))));
        assert!(never(less("5").and(less("10").negate())));
        let ip = |n: &str| within("ip", Test::IpAddress, &[n]);
        assert!(never(ip("10.0.0.0/8").and(ip("192.168.0.0/16"))));
        assert!(never(ip("10.1.0.0/16").and(ip("10.0.0.0/8").negate())));
        assert!(!never(ip("10.0.0.0/8").and(ip("10.1.0.0/16").negate())));
        let like = |n: &str| within("s", Test::StringLike, &[n]);
        let is = |n: &str| within("s", Test::StringEquals, &[n]);
        assert!(never(like("prod-*").and(like("test-*"))));
        assert!(!never(like("prod-*").and(like("*-db"))));
        assert!(never(is("a").and(is("b"))));
        assert!(never(is("prod-x").and(like("prod-*").negate())));
        assert!(never(like("prod-x*").and(like("prod-*").negate())));
        let yes = within("b", Test::Bool, &["true"]);
        let no = within("b", Test::Bool, &["false"]);
        assert!(never(yes.clone().and(no.clone())));
        let here = Formula::atom(Atom::Present(Key::new("B")));
        assert!(never(here.and(yes.negate()).and(no.negate())));
    }

    #[test]
    fn what_always_holds_is_found() {
        let a = within("s", Test::StringEquals, &["a"]);
        assert_eq!(solve(&a.clone().or(a.negate()), &|_| false), Solution::Always);
        let less = within("n", Test::Numeric(Relation::Less), &["5"]);
        let rest = within("n", Test::Numeric(Relation::Less), &["3"]).negate();
        assert_eq!(solve(&less.or(rest), &|_| false), Solution::Always);
        assert_eq!(solve(&a, &|key| key.lower() == "s"), Solution::Always);
    }
}
