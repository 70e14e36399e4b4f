//! Policy documents.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for kind in [foureyes::iam::PolicyKind::Identity, foureyes::iam::PolicyKind::Resource, foureyes::iam::PolicyKind::Trust] {
        let parsed = foureyes::iam::parse(text, kind);
        assert!(parsed.policy.is_some() || !parsed.issues.is_empty());
    }
});
