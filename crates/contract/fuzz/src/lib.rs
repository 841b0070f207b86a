//! What must hold of any bytes that somebody sends to Central: one check a fuzz target, shared by the
//! fuzzer and by the tests that replay its seeds.

#![allow(
    unreachable_pub,
    reason = "public to the fuzz targets; a module of a test elsewhere"
)]

mod call;
mod receipt;
mod xml;

/// A fuzz target's check. It panics where something does not hold.
pub type Check = fn(&[u8]);

/// Every target: the name of its file in `fuzz_targets` and of its folder in `seeds`.
pub const TARGETS: &[(&str, Check)] = &[
    ("call", call::check),
    ("receipt", receipt::check),
    ("xml", xml::check),
];

/// Runs the check of one target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, check) = target.expect("a target by that name");
    check(data);
}
