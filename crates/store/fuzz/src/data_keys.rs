//! `keys`, under a root key that is known: as it is, and as somebody with the root key could seal it.

use pagetally_store::probe;

/// Its key stands in no store but the fixture's.
const ROOT_KEY: &[u8] = include_bytes!("../../tests/fixtures/format-2/root.key");

pub(super) fn check(data: &[u8]) {
    match probe::data_keys(ROOT_KEY, data) {
        Ok(held) => assert_eq!(probe::data_keys(ROOT_KEY, data).ok(), Some(held)),
        Err(error) => super::refused(&error),
    }
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or(data);
    let Some(sealed) = probe::sealed_anew(ROOT_KEY, line) else {
        return;
    };
    match probe::data_keys(ROOT_KEY, &sealed) {
        Ok(_) => super::survives_a_byte(
            &sealed,
            |file| probe::data_keys(ROOT_KEY, file).ok(),
            data.len().wrapping_mul(31),
        ),
        Err(error) => super::refused(&error),
    }
}
