//! docs/storage-format.md says what the code does, wherever a number or a name stands on it.

mod common;

use common::{agent, at, context, open, pass, serial};
use pagetally_store::{CacheSlot, KeyCustody, Receipt, Store, Undelivered};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The page in one line, since a line may end anywhere in a sentence.
fn page() -> String {
    let text = lines().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lines() -> Vec<String> {
    let page = crate_folder().join("../../docs/storage-format.md");
    let page = fs::read_to_string(page).expect("the page is there");
    page.lines().map(str::to_owned).collect()
}

/// The cells of the rows of the table whose head begins so.
fn table(head: &str) -> Vec<Vec<String>> {
    let rows: Vec<Vec<String>> = lines()
        .iter()
        .skip_while(|line| !line.starts_with(head))
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.strip_suffix('|'))
        .map(|row| {
            row.split(" | ")
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty(), "there is no table {head:?}");
    rows
}

fn source(file: &str) -> String {
    let path = crate_folder().join("src").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The value of a constant of a source file.
fn constant(file: &str, name: &str) -> u64 {
    let text = source(file);
    let value = text
        .lines()
        .find_map(|line| {
            let (head, value) = line.split_once(" = ")?;
            let head = head.split(':').next()?;
            head.ends_with(&format!("const {name}")).then_some(value)
        })
        .unwrap_or_else(|| panic!("{file} has no constant {name}"));
    evaluate(file, value.trim_end_matches(';'))
}

fn evaluate(file: &str, value: &str) -> u64 {
    let value = value.trim();
    if let Some(inner) = value.strip_prefix("Duration::from_secs(") {
        return evaluate(file, inner.trim_end_matches(')'));
    }
    let both = |(one, other): (&str, &str), join: fn(u64, u64) -> u64| {
        join(evaluate(file, one), evaluate(file, other))
    };
    if let Some(parts) = value.split_once(" + ") {
        return both(parts, |one, other| one + other);
    }
    let value = value.trim_matches(['(', ')']);
    if let Some(parts) = value.split_once(" << ") {
        return both(parts, |one, other| one << other);
    }
    if let Some(parts) = value.split_once(" * ") {
        return both(parts, |one, other| one * other);
    }
    if let Some(hexadecimal) = value.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).expect("a number");
    }
    let digits = value.replace('_', "");
    digits.parse().unwrap_or_else(|_| constant(file, value))
}

/// A number as the page writes it: 1,048,576.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn numbers_on_the_page_are_those_of_the_code() {
    let page = page();
    let mib = |file, name| constant(file, name) >> 20;
    let dictionary = fs::read(crate_folder().join("dictionaries/audit-1.zdict")).expect("there");
    let root = |name| constant("keys/root.rs", name);
    let stated = [
        format!(
            "Segment header, {} bytes",
            constant("segment.rs", "SEGMENT_HEADER")
        ),
        format!("Frame header, {} bytes", constant("frame.rs", "HEADER")),
        format!(
            "when the last has {} MiB",
            mib("journal.rs", "SEGMENT_TARGET")
        ),
        format!("at most {} MiB", mib("frame.rs", "MAX_SEALED")),
        format!("A record has at most {} MiB", mib("frame.rs", "MAX_RECORD")),
        format!(
            "a length of {} bytes to the limit",
            constant("frame.rs", "TAG")
        ),
        format!("up to {} of a device", constant("packing.rs", "MAX_DELTAS")),
        format!(
            "`crates/store/dictionaries/audit-1.zdict`, {} bytes",
            grouped(dictionary.len() as u64)
        ),
        format!(
            "canonical JSON (RFC 8785). Format {}",
            constant("keys.rs", "KEY_FORMAT")
        ),
        format!(
            "`argon2id,m={},t={},p={},",
            root("MEMORY_KIB"),
            root("PASSES"),
            root("LANES")
        ),
        format!(
            "m up to {}, t up to {}, p up to {}",
            grouped(root("MAX_MEMORY_KIB")),
            root("MAX_PASSES"),
            root("MAX_LANES")
        ),
        format!(
            "({} or more)",
            constant("keys/custody.rs", "MIN_CREDENTIAL")
        ),
        format!(
            "One sled tree, format {}",
            constant("state.rs", "STATE_FORMAT")
        ),
        format!("a check of {} bytes", constant("index.rs", "CHECK")),
        format!(
            "where the journal has at most {} MiB",
            mib("store/open.rs", "READ_AT_OPEN")
        ),
        format!(
            "a deadline: {} s where somebody waits, {} s where nobody does",
            constant("index/guard.rs", "DEADLINE"),
            constant("index/guard.rs", "PATIENT")
        ),
        format!(
            "one frame of section 3 with kind {}",
            constant("cache.rs", "KIND")
        ),
    ];
    for stated in stated {
        assert!(page.contains(&stated), "the page does not say {stated:?}");
    }
    assert_eq!(constant("store/behind.rs", "SOON"), 1);
    assert!(page.contains("opening waits one second for the index"));
}

/// The parts of a header lie one behind the other, and end where the header does.
#[test]
fn the_tables_of_headers_have_no_gap() {
    let all = lines();
    let mut heads = all
        .iter()
        .enumerate()
        .filter(|(_, line)| line.starts_with("| at | bytes"));
    for length in [
        constant("segment.rs", "SEGMENT_HEADER"),
        constant("frame.rs", "HEADER"),
    ] {
        let (place, _) = heads.next().expect("a table for each header");
        let mut end = 0;
        for row in all[place + 2..]
            .iter()
            .take_while(|line| line.starts_with('|'))
        {
            let cell = |number| row.split('|').nth(number).expect("a cell").trim();
            let (at, bytes): (u64, u64) = (
                cell(1).parse().expect("a number"),
                cell(2).parse().expect("a number"),
            );
            assert_eq!(at, end, "{row}");
            end += bytes;
        }
        assert_eq!(end, length);
    }
}

#[test]
fn the_kinds_of_records_are_those_of_the_code() {
    let text = source("record.rs");
    let (_, body) = text.split_once("pub enum RecordKind {").expect("the kinds");
    let (body, _) = body.split_once("\n}").expect("its end");
    let kinds: Vec<(String, String)> = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "))
        .map(|(name, number)| {
            let words = match name {
                "PassReport" => "pass report".to_owned(),
                "Thinned" => "what was thinned".to_owned(),
                "Commit" => "closes a group".to_owned(),
                name => name.to_lowercase(),
            };
            (number.to_owned(), words)
        })
        .collect();
    let on_the_page: Vec<(String, String)> = table("| kind | what |")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(kinds, on_the_page);
}

#[test]
fn the_algorithms_are_those_of_the_code() {
    let text = source("packing.rs");
    let (_, body) = text.split_once("fn codes(self)").expect("the codes");
    let (body, _) = body.split_once("\n    }").expect("its end");
    let codes: Vec<String> = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix("),")?.split_once("=> ("))
        .map(|(_, codes)| codes.to_owned())
        .collect();
    let on_the_page: Vec<String> = table("| algorithm | detail |")
        .into_iter()
        .map(|row| format!("{}, {}", row[0], row[1]))
        .collect();
    assert_eq!(codes, on_the_page);
}

#[test]
fn keepers_lists_and_words_are_those_of_the_code() {
    let names = |head| -> Vec<String> {
        let name = |row: Vec<String>| row[0].split('`').nth(1).unwrap_or_default().to_owned();
        table(head).into_iter().map(name).collect()
    };
    let keepers = [
        KeyCustody::SystemdCredential,
        KeyCustody::OsKeyring,
        KeyCustody::Passphrase,
    ];
    assert_eq!(
        names("| keeper | parameters |"),
        keepers.map(KeyCustody::as_str)
    );

    let rows = source("index/rows.rs");
    for list in table("| list |") {
        for letter in list[0].split(", ") {
            let letter = letter.trim_matches(|c: char| c != '`').split('`').nth(1);
            let letter = letter.expect("a letter");
            let (byte, text) = (format!("b'{letter}'"), format!("b\"{letter}\""));
            assert!(
                rows.contains(&byte) || source("index.rs").contains(&text),
                "no list is called {letter}"
            );
        }
        let rows = match list[0].as_str() {
            "`d` hash-16" | "`e`" => "ROWS_OF_MANY",
            _ => "ROWS",
        };
        let rows = constant("index/rows.rs", rows).to_string();
        assert_eq!(list.last(), Some(&rows), "{list:?}");
    }
    let index = source("index.rs");
    let words: Vec<&str> = index
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once("=> b\""))
        .filter_map(|(_, word)| word.strip_suffix("\","))
        .collect();
    let listed = format!("`word` is `{}` or `{}`", words[..4].join("`, `"), words[4]);
    assert!(page().contains(&listed), "the page does not say {listed:?}");
}

/// Every text that a hash, a key or a seal begins with.
#[test]
fn the_domains_are_those_of_the_code() {
    let mut sources = Vec::new();
    collect(&crate_folder().join("src"), &mut sources);
    let in_code: BTreeSet<String> = sources.iter().flat_map(|text| domains(text)).collect();
    let on_the_page = domains(&page());
    let known_elsewhere: BTreeSet<String> = [
        // What leaves the store, and is not part of its files' layout.
        "pagetally/erased-device/1",
        "pagetally/erasure-receipt/1",
        "pagetally/recovery/1",
        "pagetally/withdrawn-submissions/1",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(
        in_code.difference(&on_the_page).collect::<BTreeSet<_>>(),
        known_elsewhere.iter().collect(),
        "the code has domains that the page does not name"
    );
    assert_eq!(
        on_the_page.difference(&in_code).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "the page names domains that the code does not have"
    );
}

fn domains(text: &str) -> BTreeSet<String> {
    text.split("pagetally/")
        .skip(1)
        .map(|rest| {
            let is_part =
                |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/".contains(*c);
            let rest: String = rest.chars().take_while(is_part).collect();
            format!("pagetally/{rest}")
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(fs::read_to_string(&path).expect("text"));
        }
    }
}

/// A store that has been through all that leaves something in its folder.
fn store_with_a_past(folder: &Path) -> Store {
    let store = open(folder);
    store.set_identity(&agent()).expect("stored");
    let infos = store
        .commit_pass(pass(1, 2), &context(&agent(), 0))
        .expect("stored");
    let receipt = Receipt {
        number: 1,
        content: infos[0].content,
        received: at(1),
        bytes: vec![],
    };
    store.record_receipt(&receipt).expect("stored");
    store
        .erase_device(&serial(1), Undelivered::Keep, &context(&agent(), 2))
        .expect("erased");
    let code = pagetally_store::RecoveryCode::generate().expect("random");
    store.export_recovery(&code, at(3)).expect("exported");
    drop(store);
    for file in fs::read_dir(folder.join("index")).expect("there") {
        let path = file.expect("a file").path();
        if path.is_file() {
            fs::write(path, b"no index").expect("harmed");
        }
    }
    let store = open(folder);
    let slot = CacheSlot::new("full");
    store.cache().put("serial:X", slot, b"x").expect("kept");
    store
}

#[test]
fn what_lies_in_a_store_s_folder_is_on_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let _store = store_with_a_past(folder.path());
    let named: Vec<String> = table("| name | what it is |")
        .into_iter()
        .flat_map(|row| {
            let names = row[0].split('`').skip(1).step_by(2);
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let is_named = |found: &str| {
        named.iter().any(|name| match name.split_once('<') {
            Some((begin, _)) => found.starts_with(begin),
            None => name.split('/').next() == Some(found),
        })
    };
    let mut seen = 0;
    for entry in fs::read_dir(folder.path()).expect("there") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        assert!(is_named(&name), "the page does not name {name}");
        seen += 1;
    }
    assert_eq!(seen, named.len() - 1, "all of {named:?} but root.key.next");
    assert!(folder.path().join("journal/00000001.journal").is_file());
    assert!(named.contains(&"journal/00000001.journal".to_owned()));
}

#[test]
fn the_key_file_s_members_are_on_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(store_with_a_past(folder.path()));
    let text = fs::read_to_string(folder.path().join("keys")).expect("text");
    let line = text.lines().next().expect("a line");
    let file: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let mut members = BTreeSet::new();
    members_of(&file, &mut members);
    assert!(members.contains("recovery") && members.contains("erased"));
    let page = page();
    for member in members {
        assert!(
            page.contains(&format!("\"{member}\":")),
            "the page does not name {member}"
        );
    }
}

fn members_of(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                members_of(value, found);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| members_of(value, found)),
        _ => {}
    }
}

/// Files and folders that the page names by their path in the project.
#[test]
fn what_the_page_points_to_is_there() {
    let text = page();
    let root = crate_folder().join("../..");
    let paths: BTreeSet<PathBuf> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            ["crates/", "benches/"]
                .iter()
                .any(|begin| code.starts_with(begin))
        })
        .map(PathBuf::from)
        .collect();
    assert!(paths.len() > 2, "{paths:?}");
    for path in paths {
        assert!(root.join(&path).exists(), "there is no {}", path.display());
    }
}
