//! `docs/coverage.md` says what the definitions say.

use pagetally_harness::coverage::{COMMAND, page};
use pagetally_printer_mib::Definitions;

#[test]
fn the_page_is_what_the_definitions_give() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/coverage.md");
    let written = std::fs::read_to_string(file).unwrap_or_default();
    let fresh = page(&Definitions::builtin());
    let differs = written
        .lines()
        .zip(fresh.lines())
        .find(|(written, fresh)| written != fresh);
    assert!(
        written == fresh,
        "docs/coverage.md is stale; write it anew with `{COMMAND}`\nfirst difference: {differs:?}"
    );
}
