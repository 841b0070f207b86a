//! The seeds of the fuzz targets, replayed: what the fuzzer once found, and one input of each kind.

#[path = "../fuzz/src/lib.rs"]
mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(name)
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

#[test]
fn every_seed_holds_what_its_target_checks() {
    for (name, _) in checks::TARGETS {
        let seeds = files(&folder("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            let data = fs::read(&seed).expect("a readable seed");
            // What failed is named by what the test prints.
            eprintln!("{}", seed.display());
            checks::run(name, &data);
        }
    }
}

#[test]
fn a_shortened_seed_holds_too() {
    for (name, _) in checks::TARGETS {
        for seed in files(&folder("seeds").join(name)) {
            let data = fs::read(&seed).expect("a readable seed");
            eprintln!("{}", seed.display());
            let (front, behind) = data.split_at(data.len() / 2);
            checks::run(name, front);
            checks::run(name, behind);
        }
    }
}

#[test]
fn targets_seeds_and_checks_have_the_same_names() {
    let stems = |folder: &Path| -> BTreeSet<String> {
        let stem = |file: PathBuf| {
            file.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        };
        files(folder).into_iter().filter_map(stem).collect()
    };
    let checks: BTreeSet<String> = checks::TARGETS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(stems(&folder("fuzz_targets")), checks);
    assert_eq!(stems(&folder("seeds")), checks);
    let manifest = fs::read_to_string(folder("Cargo.toml")).expect("a manifest");
    for name in &checks {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
