//! The `Condition` element.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use ipnet::IpNet;

use super::kleene::{False, Kleene, True, Unknown};
use super::pattern::{Token, has_variable, plain_text, substitute, text_matches, tokens};
use super::request::{Context, segments};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equals,
    Less,
    LessOrEquals,
    Greater,
    GreaterOrEquals,
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Equals => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessOrEquals => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEquals => found.is_ge(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SetOperator {
    ForAllValues,
    ForAnyValue,
}

/// One key of one operator with its values.
#[derive(Clone, Debug)]
pub struct Condition {
    set: Option<SetOperator>,
    comparison: Comparison,
    negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

/// The operators and whether they are negated.
fn read_operator(name: &str) -> Option<(Comparison, bool)> {
    use Comparison::{Arn, Binary, Bool, Date, Ip, Null, Numeric, StringEquals, StringEqualsIgnoreCase, StringLike};
    use Order::{Equals, Greater, GreaterOrEquals, Less, LessOrEquals};
    Some(match name {
        "StringEquals" => (StringEquals, false),
        "StringNotEquals" => (StringEquals, true),
        "StringEqualsIgnoreCase" => (StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (StringEqualsIgnoreCase, true),
        "StringLike" => (StringLike, false),
        "StringNotLike" => (StringLike, true),
        "NumericEquals" => (Numeric(Equals), false),
        "NumericNotEquals" => (Numeric(Equals), true),
        "NumericLessThan" => (Numeric(Less), false),
        "NumericLessThanEquals" => (Numeric(LessOrEquals), false),
        "NumericGreaterThan" => (Numeric(Greater), false),
        "NumericGreaterThanEquals" => (Numeric(GreaterOrEquals), false),
        "DateEquals" => (Date(Equals), false),
        "DateNotEquals" => (Date(Equals), true),
        "DateLessThan" => (Date(Less), false),
        "DateLessThanEquals" => (Date(LessOrEquals), false),
        "DateGreaterThan" => (Date(Greater), false),
        "DateGreaterThanEquals" => (Date(GreaterOrEquals), false),
        "Bool" => (Bool, false),
        "BinaryEquals" => (Binary, false),
        "IpAddress" => (Ip, false),
        "NotIpAddress" => (Ip, true),
        "ArnEquals" | "ArnLike" => (Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Arn, true),
        "Null" => (Null, false),
        _ => return None,
    })
}

impl Condition {
    /// `None` for an operator that does not exist.
    pub fn read(operator: &str, key: &str, values: Vec<String>) -> Option<Self> {
        let (set, name) = match operator.split_once(':') {
            Some(("ForAllValues", name)) => (Some(SetOperator::ForAllValues), name),
            Some(("ForAnyValue", name)) => (Some(SetOperator::ForAnyValue), name),
            Some(_) => return None,
            None => (None, operator),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (comparison, negated) = read_operator(name)?;
        if comparison == Comparison::Null && (if_exists || set.is_some()) {
            return None;
        }
        Some(Self { set, comparison, negated, if_exists, key: key.to_owned(), values })
    }

    pub fn holds(&self, context: &Context, variables: bool) -> Kleene {
        let present = context.values(&self.key);
        if self.comparison == Comparison::Null {
            return self.null(present.is_none());
        }
        match (self.set, present) {
            (Some(SetOperator::ForAllValues), None) => True,
            (Some(SetOperator::ForAnyValue), None) => self.missing_for_any_value(),
            (None, None) => self.missing(),
            (Some(SetOperator::ForAllValues), Some(found)) => {
                Kleene::all(found.iter().map(|value| self.value_holds(value, context, variables)))
            }
            (Some(SetOperator::ForAnyValue), Some(found)) => {
                Kleene::any(found.iter().map(|value| self.value_holds(value, context, variables)))
            }
            (None, Some([value])) if !context.is_multivalued(&self.key) => self.value_holds(value, context, variables),
            // A plain operator never matches several values.
            (None, Some(_)) => False,
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null>
    fn null(&self, is_missing: bool) -> Kleene {
        let wanted = if is_missing { "true" } else { "false" };
        self.values.iter().any(|value| value.eq_ignore_ascii_case(wanted)).into()
    }

    /// A missing key fails an operator and satisfies its negation; `…IfExists` is satisfied.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists>
    fn missing(&self) -> Kleene {
        (self.if_exists || self.negated).into()
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    fn missing_for_any_value(&self) -> Kleene {
        // Contested: the documentation promises both answers.
        if self.if_exists { Unknown } else { False }
    }

    /// The values of a policy are alternatives; of a negated operator, none of them may match.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
    fn value_holds(&self, found: &str, context: &Context, variables: bool) -> Kleene {
        let matched = Kleene::any(self.values.iter().map(|value| self.matches(value, found, context, variables)));
        match self.negated {
            false => matched,
            // Contested: what is not a number, date or address may or may not differ from one.
            true if self.is_unparsable(found) => Unknown,
            true => matched.not(),
        }
    }

    fn is_unparsable(&self, found: &str) -> bool {
        match self.comparison {
            Comparison::Numeric(_) => number(found).is_none(),
            Comparison::Date(_) => date(found).is_none(),
            Comparison::Ip => network(found).is_none(),
            _ => false,
        }
    }

    /// One value of the policy against one value of the request, negation aside.
    fn matches(&self, wanted: &str, found: &str, context: &Context, variables: bool) -> Kleene {
        let expand = || if variables { substitute(wanted, context) } else { Some(tokens(wanted)) };
        let both = |answer: Option<bool>| Kleene::from(answer.unwrap_or(false));
        match self.comparison {
            Comparison::StringEquals => both(expand().map(|pattern| plain_text(&pattern) == found)),
            Comparison::StringEqualsIgnoreCase => {
                both(expand().map(|pattern| plain_text(&pattern).to_lowercase() == found.to_lowercase()))
            }
            Comparison::StringLike => both(expand().map(|pattern| text_matches(&pattern, found))),
            Comparison::Arn => both(expand().map(|pattern| arn_matches(&pattern, found))),
            Comparison::Numeric(order) => both(compare(number(found), number(wanted), order)),
            Comparison::Date(order) => both(compare(date(found), date(wanted), order)),
            Comparison::Ip => both(network(wanted).zip(network(found)).map(|(net, address)| net.contains(&address))),
            Comparison::Binary => both(bytes(wanted).zip(bytes(found)).map(|(wanted, found)| wanted == found)),
            // Contested: whether variables are replaced here.
            Comparison::Bool if variables && has_variable(wanted) => Unknown,
            Comparison::Bool => both(boolean(wanted).zip(boolean(found)).map(|(wanted, found)| wanted == found)),
            Comparison::Null => False,
        }
    }
}

fn compare<T: Ord>(found: Option<T>, wanted: Option<T>, order: Order) -> Option<bool> {
    Some(order.holds(found?.cmp(&wanted?)))
}

/// Six segments, each compared on its own with regard to case; only the last may hold colons.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
fn arn_matches(pattern: &[Token], found: &str) -> bool {
    let wanted: Vec<&[Token]> = pattern.splitn(6, |token| *token == Token::Literal(':')).collect();
    let Some(found) = segments(found) else { return false };
    wanted.len() == 6 && wanted.iter().zip(found).all(|(wanted, found)| text_matches(wanted, found))
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// A CIDR block; a bare address is a block of one.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress>
fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// ISO 8601, or seconds since 1970.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>
fn date(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return jiff::Timestamp::from_second(seconds).ok();
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment);
    }
    let day = text.parse::<jiff::civil::Date>().ok()?;
    day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

/// A decimal number, compared digit by digit so that no precision is lost.
#[derive(Debug, PartialEq, Eq)]
struct Number {
    negative: bool,
    integer: String,
    fraction: String,
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric>
fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (integer, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if !is_digits(integer) || !is_digits(fraction) {
        return None;
    }
    let integer = integer.trim_start_matches('0').to_owned();
    let fraction = fraction.trim_end_matches('0').to_owned();
    let is_zero = integer.is_empty() && fraction.is_empty();
    Some(Number { negative: negative && !is_zero, integer, fraction })
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = |number: &Self| (number.integer.len(), number.integer.clone(), number.fraction.clone());
        match (self.negative, other.negative) {
            (false, false) => magnitude(self).cmp(&magnitude(other)),
            (true, true) => magnitude(other).cmp(&magnitude(self)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
