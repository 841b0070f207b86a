//! Nothing shows a secret. Which types of this crate hold one is read from its sources, so that a new one
//! is not forgotten here.

use super::{Vault, now, open, places, with_passphrase};
use crate::common::{agent, at, context, pass, serial};
use crate::files::FolderFiles;
use crate::journal::Journal;
use crate::keys::root::{Line, Root};
use crate::keys::{KeySources, RecoveryCode, file, recovery, root};
use crate::record::{LeafRecord, NewRecord, RecordKind, identity_payload};
use crate::replay::Depth;
use crate::state::State;
use crate::{AgentIdentity, Clue, OpenOptions, Store};
use chacha20poly1305::XChaCha20Poly1305;
use pagetally_proof::Salt;
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Types that are secrets, or are made of nothing else.
const SECRETS: [&str; 7] = [
    "Payload",
    "Salt",
    "SealingKey",
    "SecretBytes",
    "SecretKey",
    "SigningKey",
    "Zeroizing",
];

/// A struct or enum of this crate, as its source has it. Two of one name are taken for one.
#[derive(Default)]
struct Definition {
    /// The words of its `Debug`: its name, or those of its variants.
    shown_as: BTreeSet<String>,
    /// The types that it is made of.
    parts: BTreeSet<String>,
    has_debug: bool,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// All types of the product's part of this crate, by name.
fn definitions(folder: &Path, found: &mut BTreeMap<String, Definition>) {
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if ["tests", "testing", "double"].contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            definitions(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let text = text.split("#[cfg(test)]\nmod tests").next();
        let lines: Vec<&str> = text.unwrap_or_default().lines().collect();
        for (place, line) in lines.iter().enumerate() {
            if let Some((_, name)) = line
                .split_once(" fmt::Debug for ")
                .filter(|_| line.starts_with("impl"))
            {
                let name = words(name).next().expect("a name").to_owned();
                found.entry(name).or_default().has_debug = true;
            }
            let mut head = words(line).skip_while(|word| ["pub", "crate", "super"].contains(word));
            let is_enum = match head.next() {
                Some("struct") if !line.starts_with(' ') => false,
                Some("enum") if !line.starts_with(' ') => true,
                Some(_) | None => continue,
            };
            let name = head.next().expect("a name");
            let definition = found.entry(name.to_owned()).or_default();
            definition.has_debug |= lines[..place]
                .iter()
                .rev()
                .take_while(|line| line.starts_with('#'))
                .any(|line| words(line).any(|word| word == "Debug"));
            if !is_enum {
                definition.shown_as.insert(name.to_owned());
            }
            let ends = |line: &&&str| line.ends_with(';') || **line == "}";
            let length = lines[place..].iter().position(|line| ends(&line));
            for line in &lines[place..=place + length.expect("an end")] {
                let mut parts = words(line.split("//").next().unwrap_or_default()).peekable();
                let begins_variant = is_enum
                    && line.starts_with("    ")
                    && !line.starts_with("     ")
                    && parts
                        .peek()
                        .is_some_and(|word| word.starts_with(char::is_uppercase));
                if begins_variant && let Some(variant) = parts.next() {
                    definition.shown_as.insert(variant.to_owned());
                }
                definition.parts.extend(parts.map(str::to_owned));
            }
        }
    }
}

/// The types that hold a secret and can be formatted, with the words that are shown then.
fn holders() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    definitions(&sources, &mut all);
    let mut holders: BTreeSet<String> = SECRETS.map(str::to_owned).into();
    loop {
        let more: Vec<String> = all
            .iter()
            .filter(|(name, found)| !holders.contains(*name) && !found.parts.is_disjoint(&holders))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        holders.extend(more);
    }
    all.retain(|name, found| found.has_debug && holders.contains(name));
    all.into_iter()
        .map(|(name, found)| (name, found.shown_as))
        .collect()
}

/// What was formatted, and what must not be found in it.
#[derive(Default)]
struct Shown {
    text: String,
    secrets: Vec<String>,
}

impl Shown {
    fn add(&mut self, value: &dyn Debug) {
        self.text.push_str(&format!("{value:?}\n"));
    }

    fn hide(&mut self, bytes: &[u8]) {
        self.secrets.push(hex::encode(bytes));
        let list = format!("{bytes:?}");
        self.secrets.push(list.trim_matches(['[', ']']).to_owned());
    }

    fn hide_identity(&mut self, identity: &AgentIdentity) {
        self.hide(&*identity.signing.to_seed());
        self.hide(identity.sealing.expose());
    }
}

/// The keys and who keeps them.
fn show_keys(shown: &mut Shown, folder: &Path, sources: &KeySources) {
    let ring = open(folder, sources).expect("opens");
    let code = RecoveryCode::generate().expect("random");
    let file = ring.export_recovery(&code, now()).expect("exported");
    let root = recovery::import(&file, &code, Path::new("file")).expect("opens");
    let places = places(folder);
    let found = root::read(&places.root, sources, &mut Vec::new()).expect("opens");
    let wrap = found.as_ref().and_then(|found| found.wrap.as_ref());
    shown.hide(wrap.expect("a keyring keeps it").secret.expose());
    let contents = file::read(&places.keys, &root, &mut Vec::new()).expect("opens");
    for entry in &contents.entries {
        shown.hide(entry.key.key.expose());
    }
    shown.hide(root.key.expose());
    shown
        .secrets
        .extend([code.grouped().to_string(), code.grouped().replace('-', "")]);
    for value in [
        &ring as &dyn Debug,
        &sources,
        &code,
        &root,
        &found,
        &contents,
    ] {
        shown.add(value);
    }
}

/// A root key in its file, itself and wrapped.
fn show_root_lines(shown: &mut Shown, wrapped: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.key");
    let root = Root::random().expect("random");
    root::write(&path, &root, None).expect("written");
    shown.hide(root.key.expose());
    for path in [&path, wrapped] {
        let text = std::fs::read_to_string(path).expect("text");
        let line = text.lines().next().expect("a line");
        shown.add(&Line::parse(line, path).expect("it parses"));
    }
}

/// What a store holds and gives.
fn show_store(shown: &mut Shown, folder: &Path, options: &OpenOptions) {
    let store = Store::open(folder, options).expect("opens");
    let (old, mut next) = (agent(), AgentIdentity::generate().expect("random"));
    next.agent = old.agent;
    store.set_identity(&old).expect("stored");
    store
        .rotate_identity(&next, [7; 32], at(1))
        .expect("stored")
        .expect("nothing waits");
    store
        .commit_pass(pass(1, 2), &context(&next, 2))
        .expect("stored");
    shown.hide_identity(&old);
    shown.hide_identity(&next);

    let former = store.former_keys().expect("whole");
    let submission = store.load_submission(2).expect("whole");
    let salts = submission.audits.iter().map(|(salt, _)| salt);
    let changed = former.iter().map(|former| &former.salt);
    for salt in salts.chain(changed) {
        shown.hide(Salt::as_bytes(salt));
    }
    let (serial, all) = (serial(1), at(-100)..=at(100));
    let found = store.latest_audit(Clue::Serial(&serial)).expect("readable");
    let mut history = store
        .device_history(Clue::Serial(&serial), all)
        .expect("readable");
    shown.add(&history);
    shown.add(&history.read_next().expect("readable").expect("an audit"));
    let (identity, audits) = (store.identity().expect("whole"), store.audits());
    for value in [
        &former as &dyn Debug,
        &submission,
        &found,
        &identity,
        &audits,
    ] {
        shown.add(value);
    }
    for value in [&options as &dyn Debug, &context(&next, 2), &store] {
        shown.add(value);
    }
    drop(store);
    // While old records are read behind it.
    shown.add(&Store::open(folder, &options.clone().read_at_open(0)).expect("opens"));
}

/// Records before they are sealed, and as they are read.
fn show_records(shown: &mut Shown, folder: &Path, sources: &KeySources) {
    let payload = identity_payload(&agent());
    shown.add(&payload);
    shown.add(&NewRecord::site(RecordKind::Identity, payload.clone()));
    let salt = Salt::from_bytes([0x5A; 32]);
    shown.hide(salt.as_bytes());
    let leaf = LeafRecord::to_payload(1, &salt, &payload);
    shown.add(&LeafRecord::parse(&leaf).expect("it parses"));
    let files = FolderFiles::open(&folder.join("journal")).expect("opens");
    let ring = open(folder, sources).expect("opens");
    let mut journal = Journal::new(Arc::new(files), Arc::new(ring));
    let mut groups = 0;
    let read = journal.replay(&State::default(), None, Depth::Full, &mut |group, _| {
        shown.add(&group);
        groups += 1;
    });
    read.expect("readable");
    assert!(groups > 2, "{groups} groups");
}

/// Does not compile where a cipher or a hash would leave its key behind.
#[test]
fn whatever_is_given_a_key_wipes_it_when_it_is_dropped() {
    fn wipes<T: ZeroizeOnDrop>() {}
    wipes::<Zeroizing<[u8; 32]>>();
    wipes::<Zeroizing<Vec<u8>>>();
    wipes::<XChaCha20Poly1305>();
    // An HMAC is two of them.
    wipes::<Sha256>();
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let words = "SENTINEL-PASSPHRASE";
    let passphrase = with_passphrase(words).passphrase;
    let sources = KeySources {
        vault: Some(Arc::new(Vault::default())),
        prompt: passphrase.clone(),
        passphrase,
        ..KeySources::default()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut shown = Shown::default();
    shown.secrets.push(words.to_owned());
    let options = OpenOptions::new(at(0)).keys(sources.clone());
    show_store(&mut shown, folder.path(), &options);
    show_keys(&mut shown, folder.path(), &sources);
    show_root_lines(&mut shown, &folder.path().join("root.key"));
    show_records(&mut shown, folder.path(), &sources);

    for secret in &shown.secrets {
        assert!(!shown.text.contains(secret), "{secret} shows");
    }
    let holders = holders();
    assert!(holders.len() > 30, "{holders:?}");
    for (name, shown_as) in holders {
        let is_shown = |word: &String| {
            [" {", "(", ",", "\n"]
                .iter()
                .any(|end| shown.text.contains(&format!("{word}{end}")))
        };
        assert!(
            shown_as.iter().all(is_shown),
            "{name} holds a secret and is not formatted by this test"
        );
    }
}
