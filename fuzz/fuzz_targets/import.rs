//! Answers of AWS Config and of Cloud Control.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(loaded) = foureyes::snapshot::import_text(bytes, Some("111122223333")) {
        let _ = foureyes::inventory::Inventory::new(&loaded.snapshot, &foureyes::inventory::EnvironmentRules::default());
    }
});
