//! What must hold of anything that a file or a device says: one check a fuzz target, shared by the
//! fuzzer and by the tests that replay its seeds.

#![allow(
    unreachable_pub,
    reason = "public to the fuzz targets; a module of a test elsewhere"
)]

mod bytes;
mod sound;
mod targets;

/// A fuzz target's check. It panics where something does not hold.
pub type Check = fn(&[u8]);

/// Every target: the name of its file in `fuzz_targets` and of its folder in `seeds`.
pub const TARGETS: &[(&str, Check)] = &[
    ("decoder", targets::decoder),
    ("definition", targets::definition),
    ("device_id", targets::device_id),
    ("numbers", targets::numbers),
    ("recording", targets::recording),
    ("records", targets::records),
    ("sums", targets::sums),
    ("supply_text", targets::supply_text),
    ("sys_descr", targets::sys_descr),
    ("tables", targets::tables),
    ("text", targets::text),
    ("text_rows", targets::text_rows),
];

/// Runs the check of one target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, check) = target.expect("a target by that name");
    check(data);
}
