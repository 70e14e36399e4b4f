//! The entry points of `fuzz/` on the stable toolchain: arbitrary text, and damaged copies of what is right.

use foureyes::base::{Arn, Glob};
use foureyes::engine::{Caller, case};
use foureyes::iam::{PolicyKind, parse};
use foureyes::rules;
use foureyes::snapshot::import_text;
use proptest::prelude::*;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::${aws:username, 'x'}/*","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":["a*",1,true]}}}]}"#;
const CASE: &str = r#"{"id":"a","request":{"principal":"arn:aws:iam::111122223333:user/a","action":"s3:GetObject","resource":["arn:aws:s3:::b/c"],"context":{"aws:SourceIp":["10.0.0.1"]}},"identity_policies":[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}}],"scps":[[]],"open_world":true}"#;

const CONFIG: &str = r#"{"Results":["{\"resourceType\":\"AWS::S3::Bucket\",\"arn\":\"arn:aws:s3:::b\",\"accountId\":\"111122223333\",\"awsRegion\":\"eu-west-1\",\"tags\":[{\"key\":\"a\",\"value\":\"b\"}],\"configuration\":{\"name\":\"b\"},\"supplementaryConfiguration\":{\"BucketPolicy\":{\"policyText\":\"{}\"},\"BucketVersioningConfiguration\":{\"status\":\"Off\"}}}"],"NextToken":null}"#;
const CLOUD_CONTROL: &str = r#"{"TypeName":"AWS::Lambda::Function","ResourceDescriptions":[{"Identifier":"f","Properties":"{\"Arn\":\"arn:aws:lambda:eu-west-1:111122223333:function:f\",\"Environment\":{\"Variables\":{\"A\":\"b\"}},\"Tags\":[{\"Key\":\"k\"}]}"}]}"#;

/// A text with some of it cut out, doubled or replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let length = text.chars().count();
    (0..length, 0..12usize, "[\\PC]{0,4}", any::<bool>()).prop_map(move |(at, cut, piece, again)| {
        let start: String = text.chars().take(at).collect();
        let end: String = text.chars().skip(if again { at.saturating_sub(cut) } else { at + cut }).collect();
        format!("{start}{piece}{end}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn policies(text in prop_oneof![damaged(POLICY), "\\PC{0,60}"]) {
        for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust] {
            let parsed = parse(&text, kind);
            prop_assert!(parsed.policy.is_some() || !parsed.issues.is_empty());
        }
    }

    #[test]
    fn cases_are_answered_or_refused(text in prop_oneof![damaged(CASE), "\\PC{0,60}"]) {
        let answer: serde_json::Value = serde_json::from_str(&case::answer_line(&text, 1)).unwrap();
        prop_assert!(answer["decision"].is_string() != answer["error"].is_string());
    }

    #[test]
    fn answers_of_config_are_imported_or_refused(text in prop_oneof![damaged(CONFIG), damaged(CLOUD_CONTROL), "\\PC{0,60}"]) {
        if let Ok(loaded) = import_text(text.as_bytes(), Some("444455556666")) {
            // What was imported is a snapshot, whatever the text.
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("snapshot.json");
            foureyes::snapshot::write(&file, &loaded.snapshot).unwrap();
            prop_assert!(foureyes::snapshot::read(&file).is_ok());
        }
    }

    #[test]
    fn names_and_patterns(text in "(arn:aws:)?[a-z:/*?$\\{\\}.0-9]{0,40}", other in "\\PC{0,20}") {
        if let Some(arn) = Arn::parse(&text) {
            prop_assert!(arn.resource.ends_with(arn.name()));
        }
        let refused = Caller::parse(&text).is_err();
        prop_assert!(refused || text == "anonymous" || text.contains([':', '.']));
        let glob = Glob::new(&text);
        prop_assert!(!glob.matches(&other) || glob.intersects(&Glob::literal(&other)));
    }

    #[test]
    fn rule_files(text in "(id: a\n)?(title: \\PC{0,9}\n)?(predicate:\n  kind: [a-z-]{0,9}\n)?\\PC{0,30}") {
        prop_assert!(rules::read_rule("identity/a.yaml", &text).is_err());
    }
}
