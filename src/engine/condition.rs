//! Conditions ready for matching.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::facts::{Facts, Known};
use super::formula::{Atom, Formula, Key};
use super::template::{Piece, Resolved, Variables};
use super::values::ValueSet;
use crate::base::glob::Part;
use crate::catalog;
use crate::iam::{self, Operator, Quantifier, Test};
use std::sync::Arc;

/// A condition ready for matching.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    operator: Operator,
    key: Key,
    values: Values,
    /// Variables stand where AWS's documentation does not say whether they are replaced.
    contested: bool,
    /// Whether the documentation gives the key several values; `None` where it does not know the key.
    multivalued: Option<bool>,
}

#[derive(Clone, Debug)]
enum Values {
    /// Compiled once: there is no variable.
    Fixed(Arc<ValueSet>),
    /// Compiled for each request.
    Variable(Vec<Variables>),
}

impl Condition {
    pub(super) fn new(source: &iam::Condition, variables: bool) -> Condition {
        let test = source.operator.test;
        let mentions_variable = variables && source.values.iter().any(|text| text.contains("${"));
        let values = if mentions_variable && source.operator.takes_variables() {
            Values::Variable(source.values.iter().map(|text| Variables::new(text)).collect())
        } else {
            let operands: Vec<[Part<'_>; 1]> = source.values.iter().map(|text| [Part::Pattern(text)]).collect();
            Values::Fixed(Arc::new(ValueSet::new(test, &operands)))
        };
        Condition {
            operator: source.operator,
            key: Key::new(&source.key),
            values,
            contested: mentions_variable && test == Test::Bool,
            multivalued: catalog::key_type(&source.key).map(catalog::KeyType::is_multivalued),
        }
    }

    /// `StringEquals` on values as they stand.
    pub(super) fn strings_equal(quantifier: Option<Quantifier>, key: String, values: Vec<String>) -> Condition {
        let operator = Operator { quantifier, test: Test::StringEquals, negated: false, if_exists: false };
        Condition::new(&iam::Condition { operator, key, values }, false)
    }

    /// Under what the condition holds.
    pub(super) fn holds(&self, facts: &Facts<'_>) -> Formula {
        let known = facts.known(&self.key);
        if self.operator.test == Test::Null {
            return self.is_null(&known);
        }
        let open = known == Known::Open;
        let holds = match self.operator.quantifier {
            None => self.holds_plainly(facts, known),
            Some(quantifier) => self.holds_for_set(facts, quantifier, known),
        };
        if open && self.contested { holds.or(Self::contested_variable()) } else { holds }
    }

    fn contested_variable() -> Formula {
        Formula::undecided("a policy variable in a Bool condition")
    }

    fn present(&self) -> Formula {
        Formula::atom(Atom::Present(self.key.clone()))
    }

    fn is_null(&self, known: &Known<'_>) -> Formula {
        let present = match known {
            Known::Absent => Formula::False,
            Known::Values(_) => Formula::True,
            Known::Open => self.present(),
        };
        let Values::Fixed(values) = &self.values else { return Formula::False };
        let wants = |word: &str| values.texts.iter().any(|text| text.eq_ignore_ascii_case(word));
        let absent = if wants("true") { present.negate() } else { Formula::False };
        let there = if wants("false") { present } else { Formula::False };
        absent.or(there)
    }

    fn holds_plainly(&self, facts: &Facts<'_>, known: Known<'_>) -> Formula {
        let Operator { negated, if_exists, .. } = self.operator;
        let multivalued = self.multivalued == Some(true);
        match known {
            Known::Absent => Formula::constant(negated || if_exists),
            // A plain operator says nothing of a set.
            Known::Values(values) if multivalued || values.len() != 1 => Formula::False,
            Known::Values(values) => {
                let Some(value) = values.first() else { return Formula::False };
                match self.is_text(facts, value) {
                    Some(equal) => Formula::constant(equal != negated),
                    None => self.holds_of(&self.set(facts), value),
                }
            }
            Known::Open if multivalued => {
                if negated || if_exists {
                    self.present().negate()
                } else {
                    Formula::False
                }
            }
            Known::Open => {
                let within = self.within(facts);
                match (negated, if_exists) {
                    (true, _) => within.negate(),
                    (false, true) => self.present().negate().or(within),
                    (false, false) => within,
                }
            }
        }
    }

    /// Under what the value of a key that may have any is in the set. Time only goes on, and who is held to sessions that
    /// began later starts another.
    ///
    /// Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>
    fn within(&self, facts: &Facts<'_>) -> Formula {
        let set = self.set(facts);
        let of_session = match self.key.lower() {
            "aws:currenttime" | "aws:epochtime" => Some(false),
            "aws:tokenissuetime" => Some(true),
            _ => None,
        };
        match (of_session, facts.since.and_then(|since| set.from(since))) {
            (Some(_), Some(false)) => Formula::False,
            (Some(false), Some(true)) => Formula::True,
            (Some(true), Some(true)) => self.present(),
            _ => Formula::atom(Atom::In(self.key.clone(), set)),
        }
    }

    fn holds_for_set(&self, facts: &Facts<'_>, quantifier: Quantifier, known: Known<'_>) -> Formula {
        let Operator { negated, if_exists, .. } = self.operator;
        let missing_any = || {
            if if_exists {
                Formula::undecided("ForAnyValue with IfExists on a key that is missing")
            } else {
                Formula::False
            }
        };
        match (known, quantifier) {
            (Known::Absent, Quantifier::ForAllValues) => Formula::True,
            (Known::Absent, Quantifier::ForAnyValue) => missing_any(),
            (Known::Values(values), quantifier) => {
                let set = self.set(facts);
                let each = values.iter().map(|value| self.holds_of(&set, value));
                match quantifier {
                    Quantifier::ForAllValues => Formula::all(each),
                    Quantifier::ForAnyValue => Formula::any(each),
                }
            }
            (Known::Open, quantifier) => {
                let set = self.set(facts);
                let key = self.key.clone();
                let single = self.multivalued == Some(false);
                let within = if single {
                    let within = self.within(facts);
                    let there = if negated { self.present().and(within.negate()) } else { within };
                    match quantifier {
                        Quantifier::ForAllValues => self.present().negate().or(there),
                        Quantifier::ForAnyValue => there,
                    }
                } else {
                    match quantifier {
                        Quantifier::ForAllValues => Formula::atom(Atom::Some { key, set, outside: !negated }).negate(),
                        Quantifier::ForAnyValue => Formula::atom(Atom::Some { key, set, outside: negated }),
                    }
                };
                if quantifier == Quantifier::ForAnyValue && if_exists {
                    within.or(self.present().negate().and(missing_any()))
                } else {
                    within
                }
            }
        }
    }

    /// Whether the condition holds of one value that the request has.
    fn holds_of(&self, set: &Arc<ValueSet>, value: &str) -> Formula {
        match set.contains(value) {
            Some(false) if self.contested => Self::contested_variable(),
            Some(within) => Formula::constant(within != self.operator.negated),
            None if !set.can_misread() => {
                let atom = Atom::Variable(format!("{value} matches {}", set.texts.join(" or ")).into());
                let within = Formula::atom(atom);
                if self.operator.negated { within.negate() } else { within }
            }
            // Not a number, date or address at all.
            None if self.operator.negated => {
                Formula::undecided(format!("{} on a value of another type", self.operator))
            }
            None => Formula::False,
        }
    }

    /// Whether a value of the request is one of the texts with variables replaced, for `StringEquals` where all are known:
    /// what a tag of the resource is compared with is looked at once, and no set is made of it.
    fn is_text(&self, facts: &Facts<'_>, value: &str) -> Option<bool> {
        let (Test::StringEquals, Values::Variable(texts)) = (self.operator.test, &self.values) else { return None };
        let mut equal = false;
        for text in texts {
            match text.resolve(facts) {
                Resolved::Open(_) => return None,
                Resolved::Unresolved => {}
                Resolved::Pieces(pieces) => {
                    let mut rest = Some(value);
                    for piece in &pieces {
                        rest = rest.and_then(|rest| rest.strip_prefix(piece.part().text()));
                    }
                    equal |= rest == Some("");
                }
            }
        }
        Some(equal)
    }

    /// The values with variables replaced. A variable without a value drops its pattern.
    fn set(&self, facts: &Facts<'_>) -> Arc<ValueSet> {
        let values = match &self.values {
            Values::Fixed(set) => return Arc::clone(set),
            Values::Variable(values) => values,
        };
        let resolved: Vec<Resolved<'_>> = values.iter().map(|value| value.resolve(facts)).collect();
        if resolved.iter().any(|value| matches!(value, Resolved::Open(_))) {
            let texts = values.iter().map(ToString::to_string).collect();
            return Arc::new(ValueSet::opaque(self.operator.test, texts));
        }
        let mut operands = Vec::with_capacity(resolved.len());
        for value in &resolved {
            if let Resolved::Pieces(pieces) = value {
                operands.push(pieces.iter().map(Piece::part).collect::<Vec<_>>());
            }
        }
        Arc::new(ValueSet::new(self.operator.test, &operands))
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values = match &self.values {
            Values::Fixed(set) => set.texts.join(" or "),
            Values::Variable(values) => {
                let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
                texts.join(" or ")
            }
        };
        write!(out, "{} {} {values}", self.key.shown(), self.operator)
    }
}
