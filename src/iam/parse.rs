//! The parser. It never fails as a whole: a document that AWS could not have meant is *unreadable* and says why, and the
//! caller goes on with the others.

use super::{Condition, Effect, Element, Operator, Policy, PolicyKind, PrincipalSpec, Statement, Version, strict};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What came of reading a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The policy; `None` when the document is unreadable: what it allows and denies is then unknown.
    pub policy: Option<Policy>,
    /// What is wrong with it.
    pub issues: Vec<Issue>,
}

/// Something wrong in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// Where: `Statement[2].Condition.StringEqual`.
    pub place: String,
    /// What, in words.
    pub message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            out.write_str(&self.message)
        } else {
            write!(out, "{}: {}", self.place, self.message)
        }
    }
}

/// Reads a policy document. Takes time and memory linear in the text, whatever its depth.
pub fn parse(text: &str, kind: PolicyKind) -> Parsed {
    match strict::parse(text, kind) {
        Some(policy) => Parsed { policy: Some(policy), issues: Vec::new() },
        None => tolerant(text, kind),
    }
}

fn tolerant(text: &str, kind: PolicyKind) -> Parsed {
    let mut reader = Reader { kind, issues: Vec::new() };
    let policy = reader.policy(text);
    if policy.is_none() && reader.issues.is_empty() {
        reader.report("", "not a policy document");
    }
    let policy = policy.filter(|_| reader.issues.is_empty());
    Parsed { policy, issues: reader.issues }
}

/// The fields of a JSON object in their order, each value untouched.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

struct Reader {
    kind: PolicyKind,
    issues: Vec<Issue>,
}

impl Reader {
    fn report(&mut self, place: &str, message: impl Into<String>) {
        // One broken document of a hundred thousand statements needs no hundred thousand complaints.
        if self.issues.len() < 20 {
            self.issues.push(Issue { place: place.to_owned(), message: message.into() });
        }
    }

    fn object<'a>(&mut self, place: &str, text: &'a str) -> Option<Vec<(Cow<'a, str>, &'a RawValue)>> {
        match serde_json::from_str::<Fields<'a>>(text) {
            Ok(Fields(fields)) => {
                let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_ref()).collect();
                names.sort_unstable();
                if let Some([name, _]) = names.array_windows().find(|[a, b]| a == b) {
                    let message = format!("`{}` is given twice", name.escape_debug());
                    self.report(place, message);
                    return None;
                }
                Some(fields)
            }
            Err(error) if error.is_data() => {
                self.report(place, "must be an object");
                None
            }
            Err(error) => {
                self.report(place, format!("not JSON: {error}"));
                None
            }
        }
    }

    fn policy(&mut self, text: &str) -> Option<Policy> {
        let mut version = Version::V2008;
        let mut id = None;
        let mut statements = None;
        for (name, value) in self.object("", text)? {
            match name.as_ref() {
                "Version" => match string(value).as_deref() {
                    Some("2012-10-17") => version = Version::V2012,
                    Some("2008-10-17") => {}
                    _ => self.report("Version", "must be \"2012-10-17\" or \"2008-10-17\""),
                },
                "Id" => match string(value) {
                    Some(text) => id = Some(text),
                    None => self.report("Id", "must be a string"),
                },
                "Statement" => statements = Some(self.statements(value)),
                other => self.report(&other.escape_debug().to_string(), "is not an element of a policy"),
            }
        }
        match statements {
            Some(statements) => Some(Policy { version, id, statements }),
            None => {
                self.report("Statement", "is missing");
                None
            }
        }
    }

    fn statements(&mut self, value: &RawValue) -> Vec<Statement> {
        let list = match first(value) {
            Some('[') => match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
                Ok(list) => list,
                Err(error) => {
                    self.report("Statement", format!("not a list of statements: {error}"));
                    return Vec::new();
                }
            },
            _ => vec![value],
        };
        let mut statements = Vec::with_capacity(list.len());
        for (index, raw) in list.into_iter().enumerate() {
            statements.extend(self.statement(index, raw));
        }
        statements
    }

    fn statement(&mut self, index: usize, raw: &RawValue) -> Option<Statement> {
        let place = |element: &str| format!("Statement[{index}].{element}");
        let here = format!("Statement[{index}]");
        let (mut sid, mut effect, mut principal, mut action, mut resource) = (None, None, None, None, None);
        let mut conditions = Vec::new();
        for (name, value) in self.object(&here, raw.get())? {
            match name.as_ref() {
                "Sid" => match string(value) {
                    Some(text) => sid = Some(text),
                    None => self.report(&place("Sid"), "must be a string"),
                },
                "Effect" => match string(value).as_deref() {
                    Some("Allow") => effect = Some(Effect::Allow),
                    Some("Deny") => effect = Some(Effect::Deny),
                    _ => self.report(&place("Effect"), "must be \"Allow\" or \"Deny\""),
                },
                "Principal" | "NotPrincipal" => {
                    let values = self.principals(&place(&name), value);
                    let element = Element { negated: name == "NotPrincipal", values };
                    if principal.replace(element).is_some() {
                        self.report(&here, "has both Principal and NotPrincipal");
                    }
                }
                "Action" | "NotAction" => {
                    let values = self.strings(&place(&name), value);
                    if action.replace(Element { negated: name == "NotAction", values }).is_some() {
                        self.report(&here, "has both Action and NotAction");
                    }
                }
                "Resource" | "NotResource" => {
                    let values = self.strings(&place(&name), value);
                    if resource.replace(Element { negated: name == "NotResource", values }).is_some() {
                        self.report(&here, "has both Resource and NotResource");
                    }
                }
                "Condition" => self.conditions(&place("Condition"), value, &mut conditions),
                other => {
                    let other = other.escape_debug().to_string();
                    self.report(&place(&other), "is not an element of a statement");
                }
            }
        }
        match self.kind {
            PolicyKind::Identity => {
                if principal.is_some() {
                    self.report(&here, "has a principal, which only resource policies may have");
                }
                if resource.is_none() {
                    self.report(&here, "has neither Resource nor NotResource");
                }
            }
            PolicyKind::Trust => {
                if resource.is_some() {
                    self.report(&here, "has a resource, which a trust policy may not have");
                }
                if principal.as_ref().is_some_and(|principal| principal.negated && effect == Some(Effect::Allow)) {
                    self.report(&here, "has NotPrincipal with Allow, which a trust policy may not have");
                }
            }
            PolicyKind::Resource => {}
        }
        if effect.is_none() {
            self.report(&place("Effect"), "is missing");
        }
        if action.is_none() {
            self.report(&here, "has neither Action nor NotAction");
        }
        Some(Statement { sid, effect: effect?, principal, action: action?, resource, conditions })
    }

    fn principals(&mut self, place: &str, value: &RawValue) -> Vec<PrincipalSpec> {
        if let Some(text) = string(value) {
            if text == "*" {
                return vec![PrincipalSpec::Everyone];
            }
            self.report(place, "must be \"*\" or an object such as {\"AWS\": \"…\"}");
            return Vec::new();
        }
        let mut specs = Vec::new();
        for (name, value) in self.object(place, value.get()).unwrap_or_default() {
            let here = format!("{place}.{}", name.escape_debug());
            let make: fn(String) -> PrincipalSpec = match name.as_ref() {
                "AWS" => |text| if text == "*" { PrincipalSpec::Everyone } else { PrincipalSpec::Aws(text) },
                "Service" => PrincipalSpec::Service,
                "Federated" => PrincipalSpec::Federated,
                "CanonicalUser" => PrincipalSpec::CanonicalUser,
                _ => {
                    self.report(&here, "is not a kind of principal");
                    continue;
                }
            };
            specs.extend(self.strings(&here, value).into_iter().map(make));
        }
        specs
    }

    fn conditions(&mut self, place: &str, value: &RawValue, into: &mut Vec<Condition>) {
        for (name, keys) in self.object(place, value.get()).unwrap_or_default() {
            let here = format!("{place}.{}", name.escape_debug());
            let Some(operator) = Operator::parse(&name) else {
                self.report(&here, "is not a condition operator");
                continue;
            };
            for (key, values) in self.object(&here, keys.get()).unwrap_or_default() {
                let values = self.scalars(&format!("{here}.{}", key.escape_debug()), values);
                into.push(Condition { operator, key: key.into_owned(), values });
            }
        }
    }

    /// A string or a list of strings.
    fn strings(&mut self, place: &str, value: &RawValue) -> Vec<String> {
        let read = match first(value) {
            Some('[') => serde_json::from_str::<Vec<String>>(value.get()).ok(),
            _ => string(value).map(|text| vec![text]),
        };
        read.unwrap_or_else(|| {
            self.report(place, "must be a string or a list of strings");
            Vec::new()
        })
    }

    /// A string, boolean or number, or a list of them, each as text.
    fn scalars(&mut self, place: &str, value: &RawValue) -> Vec<String> {
        let read = match first(value) {
            Some('[') => match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
                Ok(list) => list.into_iter().map(scalar).collect(),
                Err(_) => None,
            },
            _ => scalar(value).map(|text| vec![text]),
        };
        read.unwrap_or_else(|| {
            self.report(place, "must be a string, boolean or number, or a list of them");
            Vec::new()
        })
    }
}

fn first(value: &RawValue) -> Option<char> {
    value.get().chars().next()
}

fn string(value: &RawValue) -> Option<String> {
    if first(value) == Some('"') { serde_json::from_str(value.get()).ok() } else { None }
}

fn scalar(value: &RawValue) -> Option<String> {
    match first(value)? {
        '"' => serde_json::from_str(value.get()).ok(),
        't' | 'f' | '-' | '0'..='9' => Some(value.get().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issues(text: &str, kind: PolicyKind) -> Vec<String> {
        parse(text, kind).issues.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn single_values_stand_for_lists() {
        let one = parse(
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}}}"#,
            PolicyKind::Identity,
        );
        let many = parse(
            r#"{"Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["*"],"Condition":{"Bool":{"aws:SecureTransport":["true"]}}}]}"#,
            PolicyKind::Identity,
        );
        assert_eq!(one, many);
        assert_eq!(one.issues, []);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let text = r#"{"Version":"2020-01-01","Statement":[{"Effect":"allow","Action":"s3:*","NotAction":"x",
            "Condition":{"StringEqual":{"a":"b"}},"Comment":"?"},{"Effect":"Deny","Action":5,"Resource":{}}]}"#;
        insta::assert_snapshot!(issues(text, PolicyKind::Identity).join("\n"), @r#"
        Version: must be "2012-10-17" or "2008-10-17"
        Statement[0].Effect: must be "Allow" or "Deny"
        Statement[0]: has both Action and NotAction
        Statement[0].Condition.StringEqual: is not a condition operator
        Statement[0].Comment: is not an element of a statement
        Statement[0]: has neither Resource nor NotResource
        Statement[0].Effect: is missing
        Statement[1].Action: must be a string or a list of strings
        Statement[1].Resource: must be a string or a list of strings
        "#);
    }

    #[test]
    fn each_kind_has_its_elements() {
        let text = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;
        assert_eq!(issues(text, PolicyKind::Trust), Vec::<String>::new());
        assert_eq!(issues(text, PolicyKind::Resource), Vec::<String>::new());
        assert_eq!(issues(text, PolicyKind::Identity).len(), 2);
    }

    /// Texts around what AWS accepts: each with one thing replaced, doubled or left out.
    fn spoilt() -> Vec<String> {
        let whole = [
            r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"a","Effect":"Allow","Action":["s3:*","a:b"],"Resource":"*",
                "Condition":{"Bool":{"a:b":true,"c":["1",2,-3]},"StringLike":{"a":"b"}}},{"Effect":"Deny","NotAction":"x","NotResource":["y"]}]}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["*","1"],"Service":"s"},"Action":"sts:AssumeRole"}}"#,
            r#"{"Statement":{"Effect":"Deny","NotPrincipal":"*","Action":"s3:*","Resource":"*"},"Version":"2008-10-17"}"#,
        ];
        let pieces = [
            "null",
            "1",
            "1.50",
            "-0",
            "1e3",
            "99999999999999999999",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"*\"",
            "[\"\"]",
            "[[]]",
            "[1]",
            "[null]",
            "\"\\u0041llow\"",
            "\"\\ud800\"",
            ",",
            "{\"Effect\":\"Allow\",\"Effect\":\"Allow\"}",
        ];
        let mut texts = Vec::new();
        for text in whole {
            texts.push(text.to_owned());
            let starts: Vec<usize> = text.match_indices(['"', '{', '[', 't', '2', '-']).map(|(at, _)| at).collect();
            for (index, at) in starts.iter().enumerate() {
                for until in starts.iter().skip(index).take(12).chain([&text.len()]) {
                    for piece in pieces {
                        texts.push(format!("{}{piece}{}", text.get(..*at).unwrap(), text.get(*until..).unwrap()));
                    }
                    texts.push(format!("{}{}", text.get(..*until).unwrap(), text.get(*at..).unwrap()));
                }
            }
        }
        texts
    }

    #[test]
    fn the_strict_parser_reads_as_the_tolerant_one_does() {
        let mut strictly = 0;
        for text in spoilt() {
            for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust] {
                if let Some(policy) = strict::parse(&text, kind) {
                    assert_eq!(tolerant(&text, kind), Parsed { policy: Some(policy), issues: Vec::new() }, "{text}");
                    strictly += 1;
                }
            }
        }
        assert!(strictly > 500, "{strictly}");
        let usual = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["*"]}]}"#;
        assert!(strict::parse(usual, PolicyKind::Identity).is_some());
    }

    #[test]
    fn hostile_text_ends_quickly() {
        for text in ["", "[", "null", "\"x\"", "{\"Statement\":", &"[".repeat(1_000_000), &"{\"a\":".repeat(100_000)] {
            let parsed = parse(text, PolicyKind::Identity);
            assert!(parsed.policy.is_none() && !parsed.issues.is_empty());
        }
        let deep = format!(r#"{{"Statement":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(parse(&deep, PolicyKind::Identity).policy.is_none());
        let statement = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        let many = format!(r#"{{"Statement":[{}]}}"#, vec![statement; 100_000].join(","));
        assert_eq!(parse(&many, PolicyKind::Identity).policy.unwrap().statements.len(), 100_000);
    }
}
