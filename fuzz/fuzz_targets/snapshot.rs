//! Snapshots and dumps of IAM.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = std::env::temp_dir().join(format!("foureyes-fuzz-{}", std::process::id()));
    if std::fs::write(&file, bytes).is_ok() {
        if let Ok(loaded) = foureyes::snapshot::read_within(&file, 1 << 20) {
            let _ = foureyes::inventory::Inventory::new(&loaded.snapshot, &foureyes::inventory::EnvironmentRules::default());
        }
    }
});
