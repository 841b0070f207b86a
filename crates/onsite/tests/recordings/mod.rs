//! The recordings of real printers, where they are.

use pagetally_onsite::Recording;
use std::io::Write as _;
use std::path::PathBuf;

/// Each with its name, in the order of the names. Says so where there are none.
pub(crate) fn recordings() -> Option<Vec<(String, Recording)>> {
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/printers"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        let why = format!("no recordings in {}", folder.display());
        let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
        assert!(
            std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
            "{why}"
        );
        return None;
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|end| end == "snmprec") {
            let bytes = std::fs::read(&path).expect("readable");
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            found.push((name, Recording::parse(&bytes).expect("a recording")));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Some(found)
}
