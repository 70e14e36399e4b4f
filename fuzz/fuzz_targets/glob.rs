//! Patterns.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (pattern, text) = texts;
    let glob = foureyes::base::Glob::new(pattern);
    let _ = (glob.matches(text), glob.intersects(&foureyes::base::Glob::new(text)));
});
