//! Policy documents: the three ways in which they are written down, and their JSON text.

use super::Document;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Why a policy document has no JSON text. The caller reports it as an unreadable policy and goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// `null`, or no document at all.
    #[error("the policy document is missing")]
    Missing,
    /// Neither an object nor a string: what it is instead.
    #[error("the policy document is {0}, not a JSON object")]
    Type(&'static str),
    /// A JSON string with an escape that stands for no character.
    #[error("the policy document is a string that is not valid Unicode")]
    Unicode,
    /// A string that does not hold a JSON object, URL-encoded or plain.
    #[error("the policy document is a string that holds no JSON object")]
    Content,
}

impl Document {
    /// Takes a document as text, as AWS returned it: a JSON object is kept verbatim, anything else (URL-encoded text,
    /// broken text) as a JSON string.
    pub fn from_text(text: &str) -> Document {
        if text.trim_start().starts_with('{')
            && let Ok(object) = RawValue::from_string(text.to_owned())
        {
            return Document(object);
        }
        serde_json::value::to_raw_value(text).map(Document).unwrap_or_default()
    }

    /// Whether it is `null`: there is none.
    pub fn is_missing(&self) -> bool {
        self.0.get() == "null"
    }

    /// The JSON text of the policy, for a parser of policies; whether it is valid is for that parser to say.
    ///
    /// # Errors
    ///
    /// When there is nothing in it that looks like a JSON object.
    ///
    /// ```
    /// let document = foureyes::snapshot::Document::from_text("%7B%22Statement%22%3A%5B%5D%7D");
    /// assert_eq!(document.text().unwrap(), r#"{"Statement":[]}"#);
    /// ```
    pub fn text(&self) -> Result<Cow<'_, str>, DocumentError> {
        let raw = self.0.get();
        match raw.bytes().next() {
            Some(b'{') => Ok(Cow::Borrowed(raw)),
            Some(b'"') => unwrap_string(raw),
            Some(b'[') => Err(DocumentError::Type("an array")),
            Some(b't' | b'f') => Err(DocumentError::Type("a boolean")),
            Some(b'n') | None => Err(DocumentError::Missing),
            Some(_) => Err(DocumentError::Type("a number")),
        }
    }
}

fn unwrap_string(raw: &str) -> Result<Cow<'_, str>, DocumentError> {
    // Most strings hold no escape and can be borrowed.
    let text = match serde_json::from_str::<&str>(raw) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(serde_json::from_str::<String>(raw).map_err(|_| DocumentError::Unicode)?),
    };
    if is_object(&text) {
        return Ok(text);
    }
    if text.trim().is_empty() {
        return Err(DocumentError::Missing);
    }
    // RFC 3986: `+` is a plus sign, not a space.
    let decoded = percent_decode_str(&text).decode_utf8().map_err(|_| DocumentError::Unicode)?;
    if is_object(&decoded) { Ok(Cow::Owned(decoded.into_owned())) } else { Err(DocumentError::Content) }
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(json: &str) -> Result<String, String> {
        let document: Document = serde_json::from_str(json).unwrap();
        document.text().map(Cow::into_owned).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_every_spelling() {
        let cases = [
            (r#"{"a":  1}"#, r#"{"a":  1}"#),
            (r#""{\"a\": \"100%25\"}""#, r#"{"a": "100%25"}"#),
            (r#""%7B%22a%22%3A%20%22x%2By+%C3%A9%22%7D""#, r#"{"a": "x+y+é"}"#),
            (r#""%0A%20%7B%7D""#, "\n {}"),
            // Broken text is handed on: the policy parser says what is wrong with it.
            (r#""{\"a\": ""#, r#"{"a": "#),
            (r#""%7B%ZZ""#, "{%ZZ"),
        ];
        for (json, text) in cases {
            assert_eq!(text_of(json).as_deref(), Ok(text), "{json}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("null", "the policy document is missing"),
            (r#""""#, "the policy document is missing"),
            ("[]", "the policy document is an array, not a JSON object"),
            ("-1e9999", "the policy document is a number, not a JSON object"),
            ("true", "the policy document is a boolean, not a JSON object"),
            (r#""\ud800""#, "the policy document is a string that is not valid Unicode"),
            (r#""%FF%FE""#, "the policy document is a string that is not valid Unicode"),
            (r#""see attachment""#, "the policy document is a string that holds no JSON object"),
        ];
        for (json, message) in cases {
            assert_eq!(text_of(json).unwrap_err(), message, "{json}");
        }
    }

    #[test]
    fn text_survives_its_own_document() {
        for text in [r#"{"a": 1}"#, "{broken", "%7B%7D", "", "\u{0}\u{202e}", " {} "] {
            let json = serde_json::to_string(&Document::from_text(text)).unwrap();
            let again: Document = serde_json::from_str(&json).unwrap();
            assert_eq!(again.text(), Document::from_text(text).text(), "{text:?}");
        }
        assert_eq!(Document::from_text(" {} ").0.get(), "{}");
        assert_eq!(Document::from_text("{broken").text().unwrap(), "{broken");
    }
}
