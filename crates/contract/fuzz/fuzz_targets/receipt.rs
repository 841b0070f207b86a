#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| pagetally_contract_fuzz::run("receipt", data));
