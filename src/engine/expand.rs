//! Spreads a formula into alternatives: the conjunctions of literals that make it true. Each distinct atom gets a number,
//! so that alternatives are compared, joined and told apart as short lists of numbers.

use super::formula::{Atom, Formula, Key};
use super::solve::{Literal, key_is_possible, key_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// More alternatives than this are not untangled: the formula then counts as "possible, under conditions".
const MOST: usize = 256;

/// The number of an atom, doubled, and one more where it must hold. In the order of literals.
type Code = u32;

/// The alternatives under which a formula holds: none contradicts itself, and none asks for all that another one asks
/// for and more. `None`: there are too many.
pub(super) fn expand(formula: &Formula) -> Option<Vec<Vec<Literal>>> {
    if let Some(literals) = conjunction(formula) {
        return Some(if can_all_hold(&literals) { vec![literals] } else { Vec::new() });
    }
    let mut atoms = Vec::new();
    collect(formula, &mut atoms);
    atoms.sort_unstable();
    atoms.dedup();
    let numbers = (0..).zip(&atoms).map(|(number, atom)| (atom.as_ref(), number)).collect();
    let mut groups: FxHashMap<&Key, u32> = FxHashMap::default();
    let mut of_key = Vec::with_capacity(atoms.len());
    for atom in &atoms {
        let next = u32::try_from(groups.len()).ok()?;
        of_key.push(key_of(atom).map(|key| *groups.entry(key).or_insert(next)));
    }
    let mut space = Space { numbers, of_key, atoms: &atoms, known: FxHashMap::default() };
    let alternatives = space.spread(formula)?;
    let literal = |code: &Code| space.literal(*code).map(|(atom, holds)| (Arc::clone(atom), holds));
    Some(alternatives.iter().map(|codes| codes.iter().filter_map(literal).collect()).collect())
}

/// The literals of a formula that is nothing but a conjunction of some, in order, each once. Most are, and need no spreading.
fn conjunction(formula: &Formula) -> Option<Vec<Literal>> {
    let literal = |part: &Formula| match part {
        Formula::Is(atom, holds) => Some((Arc::clone(atom), *holds)),
        _ => None,
    };
    let mut literals: Vec<Literal> = match formula {
        Formula::All(parts) => parts.iter().map(literal).collect::<Option<_>>()?,
        one => vec![literal(one)?],
    };
    literals.sort_unstable();
    literals.dedup();
    Some(literals)
}

fn can_all_hold(literals: &[Literal]) -> bool {
    if literals.array_windows().any(|[(one, _), (other, _)]| one == other) {
        return false;
    }
    let mut keys: Vec<&Key> = literals.iter().filter_map(|(atom, _)| key_of(atom)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().all(|key| {
        let of_key = literals.iter().filter(|(atom, _)| key_of(atom) == Some(key));
        let atoms: Vec<(&Atom, bool)> = of_key.map(|(atom, holds)| (atom.as_ref(), *holds)).collect();
        key_is_possible(&atoms)
    })
}

fn collect<'f>(formula: &'f Formula, atoms: &mut Vec<&'f Arc<Atom>>) {
    match formula {
        Formula::False | Formula::True => {}
        Formula::Is(atom, _) => atoms.push(atom),
        Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| collect(part, atoms)),
    }
}

/// The atoms of a formula.
struct Space<'f> {
    atoms: &'f [&'f Arc<Atom>],
    numbers: FxHashMap<&'f Atom, u32>,
    /// For each atom the number of the key it speaks of.
    of_key: Vec<Option<u32>>,
    /// Whether literals about one key can hold at once.
    known: FxHashMap<Vec<Code>, bool>,
}

impl<'f> Space<'f> {
    fn literal(&self, code: Code) -> Option<(&'f Arc<Atom>, bool)> {
        self.atoms.get(code as usize >> 1).map(|atom| (*atom, code & 1 == 1))
    }

    fn spread(&mut self, formula: &Formula) -> Option<Vec<Vec<Code>>> {
        Some(match formula {
            Formula::False => Vec::new(),
            Formula::True => vec![Vec::new()],
            Formula::Is(atom, holds) => {
                let code = self.numbers.get(atom.as_ref()).map(|number| number << 1 | u32::from(*holds))?;
                let alone = vec![code];
                if self.is_possible(&alone) { vec![alone] } else { Vec::new() }
            }
            Formula::Any(parts) => {
                let mut all = Vec::new();
                for part in parts.iter() {
                    all.extend(self.spread(part)?);
                    if all.len() > MOST {
                        all = without_longer(all);
                        if all.len() > MOST {
                            return None;
                        }
                    }
                }
                without_longer(all)
            }
            Formula::All(parts) => {
                let mut product: Vec<Vec<Code>> = vec![Vec::new()];
                for part in parts.iter() {
                    // What is impossible already stays so, however tangled the rest.
                    if product.is_empty() {
                        break;
                    }
                    let choices = self.spread(part)?;
                    product = self.join(&product, &choices)?;
                }
                product
            }
        })
    }

    /// Each of `left` together with each of `right`.
    fn join(&mut self, left: &[Vec<Code>], right: &[Vec<Code>]) -> Option<Vec<Vec<Code>>> {
        let mut seen: FxHashSet<Vec<Code>> = FxHashSet::default();
        let mut joined: Vec<Vec<Code>> = Vec::new();
        for one in left {
            for other in right {
                let mut both = [one.as_slice(), other.as_slice()].concat();
                both.sort_unstable();
                both.dedup();
                if !seen.contains(&both) && self.is_possible(&both) {
                    seen.insert(both.clone());
                    joined.push(both);
                }
            }
            if joined.len() > MOST {
                joined = without_longer(joined);
                if joined.len() > MOST {
                    return None;
                }
            }
        }
        Some(without_longer(joined))
    }

    /// Whether all literals can hold at once.
    fn is_possible(&mut self, codes: &[Code]) -> bool {
        if codes.array_windows().any(|[a, b]| a ^ b == 1) {
            return false;
        }
        let mut by_key: Vec<(u32, Code)> =
            codes.iter().filter_map(|code| Some(((*self.of_key.get(*code as usize >> 1)?)?, *code))).collect();
        by_key.sort_unstable();
        by_key.chunk_by(|(a, _), (b, _)| a == b).all(|of_key| {
            let codes: Vec<Code> = of_key.iter().map(|(_, code)| *code).collect();
            if let Some(known) = self.known.get(&codes) {
                return *known;
            }
            let atoms: Vec<(&Atom, bool)> = codes
                .iter()
                .filter_map(|code| self.literal(*code))
                .map(|(atom, holds)| (atom.as_ref(), holds))
                .collect();
            let possible = key_is_possible(&atoms);
            self.known.insert(codes, possible);
            possible
        })
    }
}

/// Drops what asks for all that another alternative asks for, and more.
fn without_longer(alternatives: Vec<Vec<Code>>) -> Vec<Vec<Code>> {
    if alternatives.len() < 2 {
        return alternatives;
    }
    let mut by_length: Vec<Vec<Code>> = alternatives;
    by_length.sort_by_key(Vec::len);
    let mut kept: Vec<Vec<Code>> = Vec::with_capacity(by_length.len());
    for alternative in by_length {
        if !kept.iter().any(|shorter| is_within(shorter, &alternative)) {
            kept.push(alternative);
        }
    }
    kept
}

/// Whether all of the one stands in the other; both are in order.
fn is_within(some: &[Code], all: &[Code]) -> bool {
    let mut rest = all.iter();
    some.iter().all(|code| rest.any(|other| other == code))
}
