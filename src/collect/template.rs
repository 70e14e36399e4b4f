//! What a CloudFormation template says will happen to its resources when they are removed from the stack or replaced.
//!
//! A template may hold anything, secrets too, so nothing else is taken from it.

use serde::de::{Deserialize, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The longest template that is read. CloudFormation takes none of more than a megabyte; macros and transforms may make
/// a longer one of it.
const LONGEST: usize = 8 << 20;

/// The policies of one resource. `None`: an expression, so that the value is not known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Policies {
    /// What becomes of the resource when it leaves the stack.
    pub deletion: Option<String>,
    /// What becomes of the old one when an update replaces the resource.
    pub update_replace: Option<String>,
}

/// The policies of each resource by its logical id, with CloudFormation's defaults where the template says nothing;
/// `None` where the text is no template.
pub(super) fn policies(text: &str) -> Option<BTreeMap<String, Policies>> {
    if text.len() > LONGEST {
        return None;
    }
    let template: Template = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).ok()?
    } else {
        yaml_serde::from_str(text).ok()?
    };
    let known = template.resources.into_iter().filter_map(|(id, resource)| Some((id, resource.0?.policies())));
    Some(known.collect())
}

#[derive(serde::Deserialize)]
struct Template {
    #[serde(rename = "Resources")]
    resources: BTreeMap<String, Entry>,
}

/// What stands under a logical id; `None` for what is no resource, such as a loop that was not expanded.
struct Entry(Option<Declared>);

#[derive(Default)]
struct Declared {
    kind: Said,
    deletion: Said,
    update_replace: Said,
    /// Whether it names a cluster that it belongs to.
    in_cluster: bool,
}

/// A value of the template.
#[derive(Default)]
enum Said {
    #[default]
    Nothing,
    Literal(String),
    Expression,
}

impl Said {
    fn or(self, default: &str) -> Option<String> {
        match self {
            Said::Nothing => Some(default.to_owned()),
            Said::Literal(text) => Some(text),
            Said::Expression => None,
        }
    }
}

impl Declared {
    /// Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>,
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html>
    fn policies(self) -> Policies {
        let kind = if let Said::Literal(kind) = &self.kind { kind.as_str() } else { "" };
        let snapshot = match kind {
            "AWS::RDS::DBCluster" => true,
            "AWS::RDS::DBInstance" => !self.in_cluster,
            _ => false,
        };
        Policies {
            deletion: self.deletion.or(if snapshot { "Snapshot" } else { "Delete" }),
            update_replace: self.update_replace.or("Delete"),
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entry, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entry;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a resource of a template")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let mut declared = Declared::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "Type" => declared.kind = map.next_value()?,
                        "DeletionPolicy" => declared.deletion = map.next_value()?,
                        "UpdateReplacePolicy" => declared.update_replace = map.next_value()?,
                        "Properties" => declared.in_cluster = map.next_value::<Names>()?.cluster,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Entry(Some(declared)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entry, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Entry(None))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Of the properties only whether one is there.
struct Names {
    cluster: bool,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("the properties of a resource")
            }

            fn visit_unit<E>(self) -> Result<Names, E> {
                Ok(Names { cluster: false })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut cluster = false;
                while let Some(key) = map.next_key::<String>()? {
                    cluster |= key == "DBClusterIdentifier";
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(Names { cluster })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Said, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Said;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or an expression")
            }

            fn visit_str<E>(self, text: &str) -> Result<Said, E> {
                Ok(Said::Literal(text.to_owned()))
            }

            fn visit_unit<E>(self) -> Result<Said, E> {
                Ok(Said::Nothing)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Said::Expression)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Said, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Said::Expression)
            }

            /// `!Ref Policy`, `!If [A, Retain, Delete]`.
            fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Said, A::Error> {
                let (_, content) = tagged.variant::<String>()?;
                content.newtype_variant::<IgnoredAny>()?;
                Ok(Said::Expression)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let policies = policies(text).unwrap();
        policies.into_iter().map(|(id, kept)| (id, kept.deletion, kept.update_replace)).collect()
    }

    fn row(id: &str, deletion: Option<&str>, update: Option<&str>) -> (String, Option<String>, Option<String>) {
        (id.to_owned(), deletion.map(str::to_owned), update.map(str::to_owned))
    }

    #[test]
    fn json_and_yaml_say_the_same() {
        let json = r#"{"Parameters": {"Secret": {"Default": "x"}}, "Resources": {
            "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
            "Plain": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${A}"}}},
            "Chosen": {"Type": "AWS::S3::Bucket", "DeletionPolicy": {"Fn::If": ["P", "Retain", "Delete"]}},
            "Database": {"Type": "AWS::RDS::DBInstance"},
            "Member": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBClusterIdentifier": {"Ref": "Cluster"}}},
            "Cluster": {"Type": "AWS::RDS::DBCluster", "DeletionPolicy": "Delete"}}}"#;
        let yaml = "Parameters: {Secret: {Default: x}}\nResources:\n  Kept:\n    Type: AWS::S3::Bucket\n    \
            DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n  Plain:\n    Type: AWS::DynamoDB::Table\n    \
            Properties:\n      TableName: !Sub '${A}'\n  Chosen:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: !If [P, \
            Retain, Delete]\n  Database: {Type: 'AWS::RDS::DBInstance'}\n  Member:\n    Type: AWS::RDS::DBInstance\n    \
            Properties:\n      DBClusterIdentifier: !Ref Cluster\n  Cluster:\n    Type: AWS::RDS::DBCluster\n    \
            DeletionPolicy: Delete\n";
        let wanted = [
            row("Chosen", None, Some("Delete")),
            row("Cluster", Some("Delete"), Some("Delete")),
            row("Database", Some("Snapshot"), Some("Delete")),
            row("Kept", Some("Retain"), Some("Retain")),
            row("Member", Some("Delete"), Some("Delete")),
            row("Plain", Some("Delete"), Some("Delete")),
        ];
        assert_eq!(found(json), wanted);
        assert_eq!(found(yaml), wanted);
    }

    #[test]
    fn what_is_no_resource_is_left_out() {
        let text = r#"{"Resources": {"Fn::ForEach::Tables": ["T", ["A"], {}], "A": {"Type": "AWS::SNS::Topic"}}}"#;
        assert_eq!(found(text), [row("A", Some("Delete"), Some("Delete"))]);
    }

    #[test]
    fn what_is_no_template_is_not_guessed_at() {
        for text in ["", "{", "[]", "Resources", "{\"Resources\": 5}", "Resources: {A: 5}", "{}"] {
            assert_eq!(policies(text), None, "{text}");
        }
        assert_eq!(policies(&"[".repeat(100_000)), None);
        // Aliases that would unfold to a terabyte.
        let levels: String = (1..40).map(|level| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1)).collect();
        let bomb = format!(
            "a0: &a0 [x, x]\n{levels}Resources: {{A: {{Type: T, DeletionPolicy: *a39, Properties: {{B: *a39}}}}}}\n"
        );
        let started = std::time::Instant::now();
        let _ = policies(&bomb);
        assert!(started.elapsed().as_secs() < 5);
        assert_eq!(policies(&"{\"Resources\":".repeat(100_000)), None);
        assert_eq!(policies(&format!("Resources: {{}}{}", " ".repeat(LONGEST))), None);
    }

    const TEMPLATE: &str = "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: !If [P, Retain, Delete]\n    Properties: {N: !Sub '${A}'}\n";

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_text_is_read_or_refused(at in 0..TEMPLATE.len(), cut in 0..20_usize, piece in "[\\PC\\n]{0,8}", json: bool) {
            let start: String = TEMPLATE.chars().take(at).collect();
            let end: String = TEMPLATE.chars().skip(at.saturating_add(cut)).collect();
            let text = if json { format!("{{\"Resources\":{{\"A\":{piece}}}}}") } else { format!("{start}{piece}{end}") };
            let _ = policies(&text);
        }
    }
}
