//! ARNs and principals.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = foureyes::base::Arn::parse(text).map(|arn| arn.name().len());
    let _ = foureyes::engine::Caller::parse(text);
    let _ = foureyes::catalog::resource_type_of(text);
});
