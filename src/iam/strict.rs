//! The parser for documents as AWS accepts them: one pass over the text, no second look. Nearly every document is one;
//! whatever is not goes to the tolerant parser, which says what is wrong with it.
//!
//! Reading an account of 10,000 principals takes a third of the time that the tolerant parser alone would take.

use super::{Condition, Effect, Element, Operator, Policy, PolicyKind, PrincipalSpec, Statement, Version};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Reads a document in which the tolerant parser would find nothing wrong; `None` for any other, and for some of these.
pub(super) fn parse(text: &str, kind: PolicyKind) -> Option<Policy> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let policy = Object(PolicyFields(kind)).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(policy)
}

/// What is read from the fields of an object.
trait Fields<'de> {
    type Value;
    fn read<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error>;
}

/// An object, and nothing else.
struct Object<F>(F);

impl<'de, F: Fields<'de>> DeserializeSeed<'de> for Object<F> {
    type Value = F::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<F::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fields<'de>> Visitor<'de> for Object<F> {
    type Value = F::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<F::Value, A::Error> {
        self.0.read(map)
    }
}

/// A name or word that is compared and then forgotten.
struct Word;

impl<'de> DeserializeSeed<'de> for Word {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Word {
    type Value = Cow<'de, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

fn refuse<T, E: Error>() -> Result<T, E> {
    Err(E::custom("not as AWS accepts it"))
}

/// Sets what may be given once.
fn once<T, E: Error>(slot: &mut Option<T>, value: T) -> Result<(), E> {
    if slot.replace(value).is_some() { refuse() } else { Ok(()) }
}

struct PolicyFields(PolicyKind);

impl<'de> Fields<'de> for PolicyFields {
    type Value = Policy;

    fn read<A: MapAccess<'de>>(self, mut map: A) -> Result<Policy, A::Error> {
        let (mut version, mut id, mut statements) = (None, None, None);
        while let Some(name) = map.next_key_seed(Word)? {
            match &*name {
                "Version" => {
                    let read = match &*map.next_value_seed(Word)? {
                        "2012-10-17" => Version::V2012,
                        "2008-10-17" => Version::V2008,
                        _ => return refuse(),
                    };
                    once(&mut version, read)?;
                }
                "Id" => once(&mut id, map.next_value_seed(Word)?.into_owned())?,
                "Statement" => once(&mut statements, map.next_value_seed(Statements(self.0))?)?,
                _ => return refuse(),
            }
        }
        let Some(statements) = statements else { return refuse() };
        Ok(Policy { version: version.unwrap_or(Version::V2008), id, statements })
    }
}

/// A statement or a list of them.
struct Statements(PolicyKind);

impl<'de> DeserializeSeed<'de> for Statements {
    type Value = Vec<Statement>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Statement>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Statements {
    type Value = Vec<Statement>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a statement or a list of statements")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<Statement>, A::Error> {
        Ok(vec![StatementFields(self.0).read(map)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Statement>, A::Error> {
        let mut statements = Vec::new();
        while let Some(statement) = list.next_element_seed(Object(StatementFields(self.0)))? {
            statements.push(statement);
        }
        Ok(statements)
    }
}

struct StatementFields(PolicyKind);

impl<'de> Fields<'de> for StatementFields {
    type Value = Statement;

    fn read<A: MapAccess<'de>>(self, mut map: A) -> Result<Statement, A::Error> {
        let (mut sid, mut effect, mut principal, mut action, mut resource, mut conditions) =
            (None, None, None, None, None, None);
        while let Some(name) = map.next_key_seed(Word)? {
            let negated = name.starts_with("Not");
            match &*name {
                "Sid" => once(&mut sid, map.next_value_seed(Word)?.into_owned())?,
                "Effect" => {
                    let read = match &*map.next_value_seed(Word)? {
                        "Allow" => Effect::Allow,
                        "Deny" => Effect::Deny,
                        _ => return refuse(),
                    };
                    once(&mut effect, read)?;
                }
                "Principal" | "NotPrincipal" => {
                    let values = map.next_value_seed(Principals)?;
                    once(&mut principal, Element { negated, values })?;
                }
                "Action" | "NotAction" => {
                    once(&mut action, Element { negated, values: map.next_value_seed(Texts::strings())? })?;
                }
                "Resource" | "NotResource" => {
                    once(&mut resource, Element { negated, values: map.next_value_seed(Texts::strings())? })?;
                }
                "Condition" => once(&mut conditions, map.next_value_seed(Object(ConditionFields))?)?,
                _ => return refuse(),
            }
        }
        let (Some(effect), Some(action)) = (effect, action) else { return refuse() };
        let as_the_kind_has_it = match self.0 {
            PolicyKind::Identity => principal.is_none() && resource.is_some(),
            PolicyKind::Trust => {
                let all_but = |principal: &Element<_>| principal.negated && effect == Effect::Allow;
                resource.is_none() && !principal.as_ref().is_some_and(all_but)
            }
            PolicyKind::Resource => true,
        };
        if !as_the_kind_has_it {
            return refuse();
        }
        Ok(Statement { sid, effect, principal, action, resource, conditions: conditions.unwrap_or_default() })
    }
}

struct Principals;

impl<'de> DeserializeSeed<'de> for Principals {
    type Value = Vec<PrincipalSpec>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<PrincipalSpec>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Principals {
    type Value = Vec<PrincipalSpec>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("\"*\" or an object")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<PrincipalSpec>, E> {
        if text == "*" { Ok(vec![PrincipalSpec::Everyone]) } else { refuse() }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<PrincipalSpec>, A::Error> {
        let mut specs = Vec::new();
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        while let Some(name) = map.next_key_seed(Word)? {
            let make: fn(String) -> PrincipalSpec = match &*name {
                "AWS" => |text| if text == "*" { PrincipalSpec::Everyone } else { PrincipalSpec::Aws(text) },
                "Service" => PrincipalSpec::Service,
                "Federated" => PrincipalSpec::Federated,
                "CanonicalUser" => PrincipalSpec::CanonicalUser,
                _ => return refuse(),
            };
            if names.contains(&name) {
                return refuse();
            }
            specs.extend(map.next_value_seed(Texts::strings())?.into_iter().map(make));
            names.push(name);
        }
        Ok(specs)
    }
}

struct ConditionFields;

impl<'de> Fields<'de> for ConditionFields {
    type Value = Vec<Condition>;

    fn read<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Condition>, A::Error> {
        let mut conditions = Vec::new();
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        while let Some(name) = map.next_key_seed(Word)? {
            let Some(operator) = Operator::parse(&name) else { return refuse() };
            if names.contains(&name) {
                return refuse();
            }
            map.next_value_seed(Object(KeyFields { operator, into: &mut conditions }))?;
            names.push(name);
        }
        Ok(conditions)
    }
}

/// The keys under one operator.
struct KeyFields<'c> {
    operator: Operator,
    into: &'c mut Vec<Condition>,
}

impl<'de> Fields<'de> for KeyFields<'_> {
    type Value = ();

    fn read<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mine = self.into.len();
        while let Some(key) = map.next_key_seed(Word)? {
            let key = key.into_owned();
            if self.into.iter().skip(mine).any(|condition| condition.key == key) {
                return refuse();
            }
            let values = map.next_value_seed(Texts::scalars())?;
            self.into.push(Condition { operator: self.operator, key, values });
        }
        Ok(())
    }
}

/// A text or a list of them.
struct Texts<T> {
    /// Whether booleans and numbers count as texts.
    scalars: bool,
    one: PhantomData<T>,
}

impl Texts<Vec<String>> {
    fn strings() -> Self {
        Texts { scalars: false, one: PhantomData }
    }

    fn scalars() -> Self {
        Texts { scalars: true, one: PhantomData }
    }
}

/// What a list of texts, and a text in a list, are read into.
trait FromText: Sized {
    fn from_text(text: String) -> Self;
    fn from_list<'de, A: SeqAccess<'de>>(scalars: bool, list: A) -> Result<Self, A::Error>;
}

impl FromText for Vec<String> {
    fn from_text(text: String) -> Self {
        vec![text]
    }

    fn from_list<'de, A: SeqAccess<'de>>(scalars: bool, mut list: A) -> Result<Self, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element_seed(Texts::<String> { scalars, one: PhantomData })? {
            texts.push(text);
        }
        Ok(texts)
    }
}

impl FromText for String {
    fn from_text(text: String) -> Self {
        text
    }

    fn from_list<'de, A: SeqAccess<'de>>(_: bool, _: A) -> Result<Self, A::Error> {
        refuse()
    }
}

impl<'de, T: FromText> DeserializeSeed<'de> for Texts<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: FromText> Visitor<'de> for Texts<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from_text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        if self.scalars { Ok(T::from_text(value.to_string())) } else { refuse() }
    }

    // Whole numbers are written as they were read; of others only the tolerant parser keeps the spelling.
    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        if self.scalars { Ok(T::from_text(value.to_string())) } else { refuse() }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        if self.scalars { Ok(T::from_text(value.to_string())) } else { refuse() }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::from_list(self.scalars, list)
    }
}
