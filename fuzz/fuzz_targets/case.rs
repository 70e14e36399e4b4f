//! Cases of simulate.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let answer = foureyes::engine::case::answer_line(text, 1);
    assert!(!answer.is_empty());
});
