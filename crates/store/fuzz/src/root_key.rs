//! `root.key`: the key itself, or one that a keeper wraps.

use pagetally_store::probe;

pub(super) fn check(data: &[u8]) {
    match probe::root_key(data) {
        Ok(held) => assert_eq!(held.keys, 1),
        Err(error) => super::refused(&error),
    }
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or(data);
    if probe::root_key(line).is_ok() {
        super::survives_a_byte(
            line,
            |file| probe::root_key(file).ok(),
            data.len().wrapping_mul(31),
        );
    }
}
