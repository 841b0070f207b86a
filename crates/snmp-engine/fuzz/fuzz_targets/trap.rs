#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| pagetally_snmp_engine_fuzz::run("trap", data));
