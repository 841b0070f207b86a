//! `docs/ARCHITECTURE.md` says what stands where and what may know what; here the workspace is held
//! against it.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace")
}

/// Room -> the rooms that it may use, from the table in the document.
fn rooms_of_the_document() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the document");
    let mut rooms = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let names = |cell: &str| -> BTreeSet<String> {
            cell.split(',')
                .map(|name| name.trim().trim_matches('`').to_owned())
                .filter(|name| !name.is_empty())
                .collect()
        };
        rooms.insert(cells[0].trim_matches('`').to_owned(), names(cells[2]));
    }
    rooms
}

struct Member {
    folder: String,
    normal: BTreeSet<String>,
    all: BTreeSet<String>,
}

fn members() -> Vec<Member> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            let folder = manifest.parent().expect("a folder").strip_prefix(root());
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let named = |keep: &dyn Fn(&Value) -> bool| {
                dependencies
                    .iter()
                    .filter(|d| keep(d))
                    .map(|d| text(&d["name"]))
                    .collect()
            };
            Member {
                folder: folder.expect("inside").display().to_string(),
                normal: named(&|dependency| dependency["kind"].is_null()),
                all: named(&|_| true),
            }
        })
        .collect()
}

#[test]
fn every_room_of_the_workspace_stands_in_the_document_and_the_other_way_round() {
    let documented: BTreeSet<String> = rooms_of_the_document().into_keys().collect();
    let real: BTreeSet<String> = members().into_iter().map(|member| member.folder).collect();
    assert_eq!(documented, real);
}

#[test]
fn a_room_uses_only_the_rooms_that_the_document_allows() {
    let allowed = rooms_of_the_document();
    for member in members() {
        let used: BTreeSet<String> = member
            .normal
            .iter()
            .filter_map(|name| name.strip_prefix("pagetally-").map(str::to_owned))
            .collect();
        let extra: Vec<_> = used.difference(&allowed[&member.folder]).collect();
        assert!(extra.is_empty(), "{} also uses {extra:?}", member.folder);
    }
}

#[test]
fn the_pure_rooms_have_no_runtime_and_no_socket_crate() {
    let impure = [
        "tokio", "mio", "ureq", "axum", "sled", "sqlx", "if-addrs", "tracing", "rustls",
    ];
    for room in [
        "model",
        "snmp-engine",
        "printer-mib",
        "proof",
        "soap",
        "contract",
    ] {
        let folder = format!("crates/{room}");
        let member = members()
            .into_iter()
            .find(|m| m.folder == folder)
            .expect(room);
        for name in impure {
            assert!(!member.normal.contains(name), "{folder} depends on {name}");
        }
    }
}

#[test]
fn crates_with_a_fence_are_named_only_behind_it() {
    let fences: [(&str, &[&str]); 5] = [
        ("sled", &["crates/store"]),
        ("xml-rs", &["crates/soap"]),
        ("mio", &["crates/snmp", "crates/harness"]),
        ("ureq", &["crates/transport"]),
        ("sqlx", &["crates/central"]),
    ];
    for member in members() {
        for (name, homes) in fences {
            if member.normal.contains(name) {
                assert!(
                    homes.contains(&member.folder.as_str()),
                    "{} uses {name}",
                    member.folder
                );
            }
        }
        if member.folder.starts_with("crates/") {
            assert!(
                !member.normal.contains("anyhow"),
                "{} uses anyhow",
                member.folder
            );
        }
        if ["model", "printer-mib", "store", "onsite", "central"]
            .iter()
            .any(|room| member.folder == format!("crates/{room}"))
        {
            for name in ["csnmp", "async-snmp"] {
                assert!(!member.all.contains(name), "{} uses {name}", member.folder);
            }
        }
    }
}

#[test]
fn sled_is_named_in_one_module_of_the_store() {
    for file in rust_files(&root().join("crates/store/src")) {
        let name = file
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let in_index = name.starts_with("index") || file.to_string_lossy().contains("/index/");
        let text = fs::read_to_string(&file).expect("readable");
        assert!(
            in_index || !text.contains("sled::"),
            "{} names sled",
            file.display()
        );
    }
}

#[test]
fn the_binaries_are_thin() {
    for bin in ["onsite", "central", "harness"] {
        let main = root().join("bins").join(bin).join("src/main.rs");
        let lines = fs::read_to_string(&main).expect("a main").lines().count();
        assert!(lines < 100, "bins/{bin}/src/main.rs has {lines} lines");
        assert!(
            root().join("bins").join(bin).join("src/commands").is_dir(),
            "{bin}"
        );
    }
}

#[test]
fn every_library_has_a_readme_and_an_example() {
    for member in members()
        .into_iter()
        .filter(|member| member.folder.starts_with("crates/"))
    {
        let folder = root().join(&member.folder);
        assert!(
            folder.join("README.md").is_file(),
            "{} has no README.md",
            member.folder
        );
        if member.folder == "crates/harness" {
            continue; // run through its binary
        }
        let examples = fs::read_dir(folder.join("examples"))
            .map(Iterator::count)
            .unwrap_or(0);
        assert!(examples > 0, "{} has no example", member.folder);
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
