//! What must hold of any bytes in the place of a key file: one check a fuzz target, shared by the fuzzer and
//! by the tests that replay its seeds.

#![allow(
    unreachable_pub,
    reason = "public to the fuzz targets; a module of a test elsewhere"
)]

mod data_keys;
mod root_key;

/// A fuzz target's check. It panics where something does not hold.
pub type Check = fn(&[u8]);

/// Every target: the name of its file in `fuzz_targets` and of its folder in `seeds`.
pub const TARGETS: &[(&str, Check)] = &[
    ("data_keys", data_keys::check),
    ("root_key", root_key::check),
];

/// Runs the check of one target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, check) = target.expect("a target by that name");
    check(data);
}

/// A key file that was refused is damaged, of another root key or of a newer version, and says so.
fn refused(error: &pagetally_store::StoreError) {
    use pagetally_store::{KeyFileError, StoreError};
    let is_named = matches!(
        error,
        StoreError::Key(KeyFileError::Damaged { .. } | KeyFileError::Wrong { .. })
            | StoreError::NewerFormat { .. }
    );
    assert!(is_named, "{error:?}");
    let text = error.to_string();
    assert!(text.contains("key"), "{text} names no file");
}

/// Holds a line twice, as a key file does: whichever half one byte of it is hit in, the other one opens.
/// A line that is none by itself, such as two good ones behind each other, makes no such file.
fn survives_a_byte(
    line: &[u8],
    open: impl Fn(&[u8]) -> Option<pagetally_store::probe::Held>,
    place: usize,
) {
    let mut file = [line, b"\n", line, b"\n"].concat();
    let Some(whole) = open(&file).filter(|held| !held.is_worn) else {
        return;
    };
    let at = place % file.len();
    file[at] ^= 1;
    let hit = open(&file).expect("one good half is enough");
    assert_eq!(hit.keys, whole.keys);
}
