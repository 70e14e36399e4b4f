//! Condition keys: their types, and which of them every request carries.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::LazyLock;

use super::service::{header, service};

/// The type of a condition key's value.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html#context_keys_table>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum KeyType {
    /// Text.
    String,
    /// An ARN.
    #[serde(rename = "ARN")]
    Arn,
    /// `true` or `false`.
    Bool,
    /// A point in time.
    Date,
    /// An IP address or range.
    #[serde(rename = "IPAddress")]
    IpAddress,
    /// A number.
    Numeric,
    /// Several texts.
    ArrayOfString,
    /// Several ARNs.
    #[serde(rename = "ArrayOfARN")]
    ArrayOfArn,
    /// Several `true` or `false`.
    ArrayOfBool,
}

impl KeyType {
    /// Whether a request may hold several values of the key, so that conditions on it need `ForAllValues` or
    /// `ForAnyValue`.
    pub fn is_multivalued(self) -> bool {
        matches!(self, KeyType::ArrayOfString | KeyType::ArrayOfArn | KeyType::ArrayOfBool)
    }
}

/// What a global condition key tells about, as the IAM User Guide groups them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyCategory {
    /// The principal that makes the request.
    Principal,
    /// The role session the request is made with.
    Session,
    /// The network the request comes from.
    Network,
    /// The resource of the request.
    Resource,
    /// The request itself.
    Request,
}

/// A condition key that belongs to no single service.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct GlobalKey {
    name: &'static str,
    category: KeyCategory,
    key_type: KeyType,
}

impl GlobalKey {
    /// The key in the guide's spelling; `aws:PrincipalTag/*` for the keys of tags.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// What it tells about.
    pub fn category(self) -> KeyCategory {
        self.category
    }

    /// The type of its value.
    pub fn key_type(self) -> KeyType {
        self.key_type
    }

    /// Whether a request may hold several values of it.
    pub fn is_multivalued(self) -> bool {
        self.key_type.is_multivalued()
    }

    /// Whether only the actions that list the key carry it: tags of the request and of the resource.
    pub(super) fn is_listed_by_action(self) -> bool {
        matches!(self.name, "aws:RequestTag/*" | "aws:ResourceTag/*" | "aws:TagKeys")
    }
}

/// Finds a global condition key; tag keys by their prefix (`aws:PrincipalTag/team`), in any case.
pub fn global_key(key: &str) -> Option<GlobalKey> {
    let global = &*GLOBAL;
    let lower = match key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(key.to_ascii_lowercase()),
        false => Cow::Borrowed(key),
    };
    let known = global.exact.get(&*lower).copied();
    known.or_else(|| global.patterns.iter().find(|pattern| matches_key(pattern.name, key)).copied())
}

/// Global keys by name: every condition of every request asks for one.
struct Global {
    /// In lower case.
    exact: FxHashMap<String, GlobalKey>,
    /// Those with a part that the caller chooses.
    patterns: Vec<GlobalKey>,
}

static GLOBAL: LazyLock<Global> = LazyLock::new(|| {
    let (patterns, exact): (Vec<GlobalKey>, Vec<GlobalKey>) =
        header().global_keys.iter().partition(|key| key.name.contains('*'));
    Global { exact: exact.into_iter().map(|key| (key.name.to_ascii_lowercase(), key)).collect(), patterns }
});

/// The type of a global or service condition key, in any case; tag keys by their prefix. `None` where the key is not
/// known.
pub fn key_type(key: &str) -> Option<KeyType> {
    if let Some(global) = global_key(key) {
        return Some(global.key_type);
    }
    let own = key.split_once(':').and_then(|(prefix, _)| service(prefix)).map(|service| service.keys.as_slice());
    most_specific(own.unwrap_or_default(), key).or_else(|| most_specific(&header().other_keys, key))
}

fn most_specific(keys: &[(&str, KeyType)], key: &str) -> Option<KeyType> {
    let fitting = keys.iter().filter(|(pattern, _)| matches_key(pattern, key));
    fitting.max_by_key(|(pattern, _)| pattern.len()).map(|(_, key_type)| *key_type)
}

/// Whether a key is the one the data lists. At most one `*` in `pattern` stands for the part the caller chooses.
pub(super) fn matches_key(pattern: &str, key: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern.eq_ignore_ascii_case(key) };
    let Some((head, rest)) = key.split_at_checked(before.len()) else { return false };
    let Some(chosen) = rest.len().checked_sub(after.len()) else { return false };
    let Some((_, tail)) = rest.split_at_checked(chosen) else { return false };
    chosen > 0 && head.eq_ignore_ascii_case(before) && tail.eq_ignore_ascii_case(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_keys() {
        let cases = [
            ("aws:PrincipalArn", Some(KeyType::Arn)),
            ("AWS:principaltag/team", Some(KeyType::String)),
            ("aws:TagKeys", Some(KeyType::ArrayOfString)),
            ("aws:PrincipalOrgPaths", Some(KeyType::ArrayOfString)),
            ("aws:SourceIp", Some(KeyType::IpAddress)),
            ("dynamodb:LeadingKeys", Some(KeyType::ArrayOfString)),
            ("s3:max-keys", Some(KeyType::Numeric)),
            ("kms:EncryptionContext:tenant", Some(KeyType::String)),
            ("token.actions.githubusercontent.com:sub", None),
            ("token.actions.githubusercontent.com:repository", Some(KeyType::String)),
            ("cognito-identity.amazonaws.com:amr", Some(KeyType::String)),
            ("aws:PrincipalTag/", None),
            ("dynamodb:nothing", None),
            ("nothing", None),
            ("", None),
        ];
        for (key, expected) in cases {
            assert_eq!(key_type(key), expected, "{key}");
        }
        assert!(KeyType::ArrayOfArn.is_multivalued() && !KeyType::Arn.is_multivalued());
    }

    #[test]
    fn global_keys() {
        let tag = global_key("aws:principalTAG/team").unwrap();
        assert_eq!(
            (tag.name(), tag.category(), tag.is_multivalued()),
            ("aws:PrincipalTag/*", KeyCategory::Principal, false)
        );
        assert_eq!(global_key("aws:SourceVpce").unwrap().category(), KeyCategory::Network);
        assert!(global_key("aws:TagKeys").unwrap().is_multivalued());
        assert!(global_key("s3:prefix").is_none());
        assert!(global_key("aws:PrincipalTag").is_none());
        assert!(header().global_keys.iter().all(|key| key.name.matches('*').count() < 2));
    }

    #[test]
    fn patterns_of_keys() {
        assert!(matches_key("events:Metadata/*/Matcher", "events:metadata/x/MATCHER"));
        assert!(!matches_key("events:Metadata/*/Matcher", "events:metadata//Matcher"));
        assert!(!matches_key("aws:ResourceTag/*", "aws:ResourceTag/"));
        assert!(matches_key("aws:ResourceTag/*", "aws:ResourceTag/é"));
        assert!(!matches_key("aws:ResourceTag/*", "aws:ResourceTaé"));
    }
}
