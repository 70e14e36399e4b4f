//! What decisions depend on beside the ARN: targets that are alike in it are one group.

use super::Tokens;
use crate::base::Arn;
use crate::engine::Tags;
use std::collections::BTreeSet;

/// What decisions depend on beside the ARN.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Alike<'a> {
    pub(super) account: Option<&'a str>,
    /// What its own policy says.
    pub(super) policy: Option<Tokens>,
    /// What organisation policies say: of callers, of resources.
    pub(super) over: [Tokens; 2],
    pub(super) unseen: bool,
    pub(super) shape: Shape<'a>,
    pub(super) properties: Vec<Option<&'a serde_json::Value>>,
    pub(super) tags: TagsAlike<'a>,
}

/// What the engine reads from an ARN itself.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Shape<'a> {
    /// All before the resource, and the resource's kind where the engine looks at it.
    Like(&'a str, &'a str),
    /// Nothing else is like it.
    Own(u32),
}

pub(super) fn shape(arn: &str, index: u32) -> Shape<'_> {
    let Some(parsed) = Arn::parse(arn) else { return Shape::Own(index) };
    let head = arn.strip_suffix(parsed.resource).unwrap_or(arn);
    match parsed.service {
        // Access points lend their name to condition keys.
        "s3" if !parsed.account.is_empty() => Shape::Own(index),
        // Roles are protected by their path. Whom one trusts stands in its policy.
        "iam" => {
            let kinds = ["role/aws-reserved/", "role/aws-service-role/", "role/"];
            let kind = kinds.into_iter().find(|kind| parsed.resource.starts_with(kind));
            Shape::Like(head, kind.unwrap_or_else(|| parsed.resource.split('/').next().unwrap_or_default()))
        }
        "sts" => Shape::Own(index),
        "s3" => Shape::Like(head, ""),
        _ => Shape::Like(head, parsed.resource.split(['/', ':']).next().unwrap_or_default()),
    }
}

/// Values of tags; `None` at the outside: not said.
pub(super) type TagsAlike<'a> = Option<Vec<Option<&'a str>>>;

pub(super) fn tags_alike<'a>(tags: Tags<'a>, keys: &BTreeSet<&str>) -> TagsAlike<'a> {
    match tags {
        Tags::Unsaid => None,
        Tags::All(tags) | Tags::AtLeast(tags) => {
            let value = |key: &&str| tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            Some(keys.iter().map(|key| value(key).map(|(_, value)| value.as_str())).collect())
        }
    }
}

/// Account and name of the user or role that an ARN speaks of, whatever the path and whichever session.
pub(super) fn name_of(text: &str) -> Option<(String, String)> {
    let arn = Arn::parse(text)?;
    let (kind, rest) = arn.resource.split_once('/')?;
    let name = match kind {
        "assumed-role" => rest.split('/').next(),
        _ => rest.rsplit('/').next(),
    };
    name.map(|name| (arn.account.to_owned(), name.to_owned()))
}
