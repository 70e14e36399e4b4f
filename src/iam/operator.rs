//! Condition operators.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::fmt;

/// A condition operator with its prefix and suffix, such as `ForAnyValue:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`
    pub quantifier: Option<Quantifier>,
    /// What is compared.
    pub test: Test,
    /// Whether it is the `Not…` form, which holds when the positive form does not.
    pub negated: bool,
    /// `…IfExists`: holds when the key is missing.
    pub if_exists: bool,
}

/// How an operator speaks of a key with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantifier {
    /// Every value of the request; true when there is none.
    ForAllValues,
    /// Some value of the request; false when there is none.
    ForAnyValue,
}

/// The comparison of an operator, in its positive form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Test {
    /// `StringEquals`
    StringEquals,
    /// `StringEqualsIgnoreCase`
    StringEqualsIgnoreCase,
    /// `StringLike`
    StringLike,
    /// `NumericEquals`, `NumericLessThan`, …
    Numeric(Relation),
    /// `DateEquals`, `DateLessThan`, …
    Date(Relation),
    /// `Bool`
    Bool,
    /// `BinaryEquals`
    BinaryEquals,
    /// `IpAddress`
    IpAddress,
    /// `ArnEquals`, which means the same as `ArnLike`.
    ArnEquals,
    /// `ArnLike`
    ArnLike,
    /// `Null`: whether the key is missing.
    Null,
}

/// An order relation of numbers or dates: request value to policy value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// `…Equals`
    Equal,
    /// `…LessThan`
    Less,
    /// `…LessThanEquals`
    LessOrEqual,
    /// `…GreaterThan`
    Greater,
    /// `…GreaterThanEquals`
    GreaterOrEqual,
}

/// Name, comparison, negated.
const NAMES: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::StringEquals, false),
    ("StringNotEquals", Test::StringEquals, true),
    ("StringEqualsIgnoreCase", Test::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Test::StringEqualsIgnoreCase, true),
    ("StringLike", Test::StringLike, false),
    ("StringNotLike", Test::StringLike, true),
    ("NumericEquals", Test::Numeric(Relation::Equal), false),
    ("NumericNotEquals", Test::Numeric(Relation::Equal), true),
    ("NumericLessThan", Test::Numeric(Relation::Less), false),
    ("NumericLessThanEquals", Test::Numeric(Relation::LessOrEqual), false),
    ("NumericGreaterThan", Test::Numeric(Relation::Greater), false),
    ("NumericGreaterThanEquals", Test::Numeric(Relation::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Relation::Equal), false),
    ("DateNotEquals", Test::Date(Relation::Equal), true),
    ("DateLessThan", Test::Date(Relation::Less), false),
    ("DateLessThanEquals", Test::Date(Relation::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Relation::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Relation::GreaterOrEqual), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::BinaryEquals, false),
    ("IpAddress", Test::IpAddress, false),
    ("NotIpAddress", Test::IpAddress, true),
    ("ArnEquals", Test::ArnEquals, false),
    ("ArnNotEquals", Test::ArnEquals, true),
    ("ArnLike", Test::ArnLike, false),
    ("ArnNotLike", Test::ArnLike, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// Reads an operator, in any case; `None` for one that IAM does not know.
    pub fn parse(text: &str) -> Option<Operator> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (None, text),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => {
                (Some(Quantifier::ForAllValues), rest)
            }
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return None,
        };
        let find = |name: &str| NAMES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        let (found, if_exists) = match find(rest) {
            Some(found) => (found, false),
            None => {
                let at = rest.len().checked_sub("IfExists".len())?;
                let (stem, suffix) = (rest.get(..at)?, rest.get(at..)?);
                (find(stem).filter(|_| suffix.eq_ignore_ascii_case("IfExists"))?, true)
            }
        };
        let (_, test, negated) = *found;
        if test == Test::Null && (if_exists || quantifier.is_some()) {
            return None;
        }
        Some(Operator { quantifier, test, negated, if_exists })
    }

    /// Whether policy variables are replaced in its values.
    pub fn takes_variables(self) -> bool {
        matches!(
            self.test,
            Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike | Test::ArnEquals | Test::ArnLike
        )
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.quantifier {
            Some(Quantifier::ForAllValues) => out.write_str("ForAllValues:")?,
            Some(Quantifier::ForAnyValue) => out.write_str("ForAnyValue:")?,
            None => {}
        }
        let name = NAMES.iter().find(|(_, test, negated)| (*test, *negated) == (self.test, self.negated));
        out.write_str(name.map_or("", |(name, ..)| name))?;
        out.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_printed() {
        for (name, ..) in NAMES {
            for prefix in ["", "ForAllValues:", "ForAnyValue:"] {
                for suffix in ["", "IfExists"] {
                    let text = format!("{prefix}{name}{suffix}");
                    match Operator::parse(&text) {
                        Some(operator) => assert_eq!(operator.to_string(), text),
                        None => assert!(*name == "Null" && text != "Null", "{text}"),
                    }
                }
            }
        }
    }

    #[test]
    fn what_iam_does_not_know_is_refused() {
        for text in ["", "StringMatches", "StringEqualsIfExistsIfExists", "ForSomeValues:StringEquals", "IfExists"] {
            assert_eq!(Operator::parse(text), None, "{text}");
        }
    }
}
