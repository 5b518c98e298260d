//! See the law.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/readers/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    laws::weights(bytes);
});
