#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| pagetally_store_fuzz::run("root_key", data));
