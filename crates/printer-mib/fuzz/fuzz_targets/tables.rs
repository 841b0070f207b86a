#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| pagetally_printer_mib_fuzz::run("tables", data));
