//! The right-hand side of a condition: a set of values that a request's value may lie in.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use crate::base::Glob;
use crate::base::glob::Part;
use crate::iam::{Relation, Test};
use base64::Engine as _;
use ipnet::IpNet;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// A set of values, as an operator compares them: `StringLike` with two patterns, `NumericLessThan` with one number, …
///
/// Two sets are equal when they are written the same.
#[derive(Clone, Debug)]
pub struct ValueSet {
    /// The comparison.
    pub test: Test,
    /// The values as a person reads them.
    pub texts: Vec<String>,
    /// What makes it up; [`Members::Opaque`] where a policy variable could not be resolved.
    pub members: Members,
}

/// The compiled values. What cannot be read as the operator's type (a number that is none) is in no set.
#[derive(Clone, Debug)]
pub enum Members {
    /// These texts exactly.
    Texts(Vec<String>),
    /// These texts, whatever their case; stored in lower case.
    Caseless(Vec<String>),
    /// Texts that match one of these.
    Patterns(Vec<Glob>),
    /// ARNs that match one of these in all six segments.
    Arns(Vec<[Glob; 6]>),
    /// Numbers (or dates, in seconds since 1970) that stand in this relation to one of these.
    Ordered(Relation, Vec<f64>),
    /// Addresses in one of these networks.
    Networks(Vec<IpNet>),
    /// `true`, `false`, both or neither.
    Booleans {
        /// Whether `true` is in the set.
        yes: bool,
        /// Whether `false` is in the set.
        no: bool,
    },
    /// Byte strings.
    Bytes(Vec<Vec<u8>>),
    /// Not known.
    Opaque,
}

impl ValueSet {
    /// Compiles the values of an operator, each in parts: as the policy has it, and inserted for policy variables.
    pub fn new<'p, V: AsRef<[Part<'p>]>>(test: Test, values: &[V]) -> ValueSet {
        let glob = |value: &V| Glob::from_parts(value.as_ref().iter().copied());
        let texts: Vec<String> = match test {
            Test::StringLike | Test::ArnEquals | Test::ArnLike => {
                values.iter().map(|value| glob(value).to_string()).collect()
            }
            // Operators without wildcards take the text as it stands, stars included.
            _ => values.iter().map(|value| value.as_ref().iter().map(|part| part.text()).collect()).collect(),
        };
        let plain = || texts.iter();
        let members = match test {
            Test::StringEquals | Test::Null => Members::Texts(texts.clone()),
            Test::StringEqualsIgnoreCase => Members::Caseless(plain().map(|text| text.to_lowercase()).collect()),
            Test::StringLike => Members::Patterns(values.iter().map(glob).collect()),
            Test::ArnEquals | Test::ArnLike => {
                Members::Arns(values.iter().filter_map(|value| arn_pattern(value.as_ref())).collect())
            }
            Test::Numeric(relation) => Members::Ordered(relation, plain().filter_map(|text| number(text)).collect()),
            Test::Date(relation) => Members::Ordered(relation, plain().filter_map(|text| date(text)).collect()),
            Test::Bool => Members::Booleans {
                yes: plain().any(|text| text.eq_ignore_ascii_case("true")),
                no: plain().any(|text| text.eq_ignore_ascii_case("false")),
            },
            Test::IpAddress => Members::Networks(plain().filter_map(|text| network(text)).collect()),
            Test::BinaryEquals => Members::Bytes(plain().filter_map(|text| bytes(text)).collect()),
        };
        ValueSet { test, texts, members }
    }

    /// A set of which nothing is known but how it is written.
    pub fn opaque(test: Test, texts: Vec<String>) -> ValueSet {
        ValueSet { test, texts, members: Members::Opaque }
    }

    /// Whether a request's value is in the set; `None` when the value is not of the operator's type.
    pub fn contains(&self, value: &str) -> Option<bool> {
        Some(match &self.members {
            Members::Texts(texts) => texts.iter().any(|text| text == value),
            Members::Caseless(texts) => {
                let folded = value.to_lowercase();
                texts.contains(&folded)
            }
            Members::Patterns(patterns) => patterns.iter().any(|pattern| pattern.matches(value)),
            Members::Arns(patterns) => {
                let segments: Vec<&str> = value.splitn(6, ':').collect();
                segments.len() == 6
                    && patterns
                        .iter()
                        .any(|pattern| pattern.iter().zip(&segments).all(|(glob, part)| glob.matches(part)))
            }
            Members::Ordered(relation, bounds) => {
                let value = if matches!(self.test, Test::Date(_)) { date(value)? } else { number(value)? };
                bounds.iter().any(|bound| relation.holds(value, *bound))
            }
            Members::Networks(networks) => {
                let address = network(value)?;
                networks.iter().any(|network| network.contains(&address))
            }
            Members::Booleans { yes, no } => {
                (*yes && value.eq_ignore_ascii_case("true")) || (*no && value.eq_ignore_ascii_case("false"))
            }
            Members::Bytes(all) => {
                let value = bytes(value)?;
                all.contains(&value)
            }
            Members::Opaque => return None,
        })
    }

    /// Whether all values from a bound up are in the set, or none of them; `None`: some are, or it is no set of numbers.
    pub fn from(&self, least: f64) -> Option<bool> {
        let Members::Ordered(relation, bounds) = &self.members else { return None };
        let all = |bound: f64| match relation {
            Relation::Greater => least > bound,
            Relation::GreaterOrEqual => least >= bound,
            Relation::Equal | Relation::Less | Relation::LessOrEqual => false,
        };
        let some = |bound: f64| match relation {
            Relation::Less => bound > least,
            Relation::LessOrEqual | Relation::Equal => bound >= least,
            Relation::Greater | Relation::GreaterOrEqual => true,
        };
        if bounds.iter().any(|bound| all(*bound)) {
            return Some(true);
        }
        (!bounds.iter().any(|bound| some(*bound))).then_some(false)
    }

    /// Whether the operator's type has values that cannot be read as such.
    pub fn can_misread(&self) -> bool {
        matches!(self.members, Members::Ordered(..) | Members::Networks(_))
    }

    fn written(&self) -> (Test, &[String], bool) {
        (self.test, &self.texts, matches!(self.members, Members::Opaque))
    }
}

impl PartialEq for ValueSet {
    fn eq(&self, other: &Self) -> bool {
        self.written() == other.written()
    }
}

impl Eq for ValueSet {}

impl PartialOrd for ValueSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ValueSet {
    fn cmp(&self, other: &Self) -> Ordering {
        self.written().cmp(&other.written())
    }
}

impl Hash for ValueSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.written().hash(state);
    }
}

impl Relation {
    /// Whether `value` stands in this relation to `bound`.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Relation::Equal => value == bound,
            Relation::Less => value < bound,
            Relation::LessOrEqual => value <= bound,
            Relation::Greater => value > bound,
            Relation::GreaterOrEqual => value >= bound,
        }
    }
}

/// The six segments of an ARN pattern: `*` and `?` do not cross `:` but in the last.
fn arn_pattern(parts: &[Part<'_>]) -> Option<[Glob; 6]> {
    let mut segments: Vec<Vec<Part<'_>>> = vec![Vec::new()];
    for part in parts {
        let mut rest = *part;
        while segments.len() < 6
            && let Some((before, after)) = rest.split_once(':')
        {
            segments.last_mut()?.push(before);
            segments.push(Vec::new());
            rest = after;
        }
        segments.last_mut()?.push(rest);
    }
    let globs: Vec<Glob> = segments.into_iter().map(Glob::from_parts).collect();
    globs.try_into().ok()
}

/// An integer or decimal.
pub fn number(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+');
    text.bytes().all(plain).then(|| text.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}

/// A date in seconds since 1970: ISO 8601 (a day, or a time with its offset) or epoch seconds.
pub fn date(text: &str) -> Option<f64> {
    if let Some(seconds) = number(text) {
        // Four digits alone are a year in ISO 8601, but nobody writes an epoch of half an hour.
        return Some(seconds);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond() as f64 / 1000.0);
    }
    if let Ok(time) = text.parse::<jiff::civil::DateTime>() {
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some(zoned.timestamp().as_millisecond() as f64 / 1000.0);
    }
    None
}

/// A network in CIDR notation; a bare address is a network of one.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).map(|network| network.trunc())
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
