//! Rule files and their cases.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = foureyes::rules::read_rule("identity/a.yaml", text);
    let _ = foureyes::rules::cases::read_cases("identity/a.cases.yaml", text);
});
