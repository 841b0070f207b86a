//! Stores of an old format that are upgraded, and killed while that is done.

use super::CrashError;
use super::agent::{CrashAgent, End};
use pagetally_model::AgentId;
use pagetally_store::{OpenOptions, Store, StoreError};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A store as the first version wrote it; `crates/store/tests/format_1.rs` says what is in it.
const OLD: [(&str, &[u8]); 3] = [
    (
        "journal/00000001.journal",
        include_bytes!("../../../store/tests/fixtures/format-1/journal/00000001.journal"),
    ),
    (
        "keys",
        include_bytes!("../../../store/tests/fixtures/format-1/keys"),
    ),
    (
        "root.key",
        include_bytes!("../../../store/tests/fixtures/format-1/root.key"),
    ),
];

/// Submissions of it, of two audits each. The first has its receipt.
const SUBMISSIONS: [u64; 2] = [1, 2];
const AUDITS: usize = 2;
/// How long a process may take to begin its own program.
const LETTING_GO: Duration = Duration::from_secs(5);
const AGENT: AgentId = AgentId::from_bytes([0xA1; 16]);

/// Rotates the keys of an old store, which seals everything anew in the format of today, and kills the
/// process after `life`. Answers how it ended and what is not as it was.
pub(super) fn upgrade(onsite: &Path, life: Duration) -> Result<(End, Option<String>), CrashError> {
    let folder = tempfile::tempdir().map_err(CrashError::Folder)?;
    for (name, bytes) in OLD {
        write_private(&folder.path().join(name), bytes).map_err(CrashError::Folder)?;
    }
    let program = super::Program::Onsite(onsite.to_owned());
    let agent = CrashAgent::new(AGENT, folder.path().to_owned(), program);
    let end = agent.command(onsite, &["key", "rotate"], life)?;
    let fault = match held(folder.path()) {
        Ok(fault) => fault,
        Err(error) => Some(error.to_string()),
    };
    let fault = fault.map(|fault| format!("an upgrade killed after {life:?}: {fault}"));
    Ok((end, fault))
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// What is not as it was, after the kill and once more after the upgrade was done to its end.
fn held(folder: &Path) -> Result<Option<String>, StoreError> {
    let now = super::now();
    let store = open(folder)?;
    if let Some(fault) = missing(&store)? {
        return Ok(Some(fault));
    }
    store.begin_key_rotation(now)?;
    while store.continue_key_rotation(now)? {}
    drop(store);
    missing(&open(folder)?)
}

/// Opens a store. A process that another thread is just starting has this one's files until it runs its
/// own program, the lock of a store that was closed meanwhile among them: that is waited for.
fn open(folder: &Path) -> Result<Store, StoreError> {
    let begun = Instant::now();
    loop {
        match Store::open(folder, &OpenOptions::new(super::now())) {
            Err(StoreError::InUse { .. }) if begun.elapsed() < LETTING_GO => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
}

fn missing(store: &Store) -> Result<Option<String>, StoreError> {
    let losses = store.recovery().problems.iter();
    if let Some(loss) = losses.clone().find(|problem| problem.is_loss()) {
        return Ok(Some(loss.to_string()));
    }
    if store.identity()?.is_none_or(|found| found.agent != AGENT) {
        return Ok(Some("the agent's keys are gone".to_owned()));
    }
    for number in SUBMISSIONS {
        let found = store.load_submission(number)?;
        if found.audits.len() != AUDITS || found.report.is_none() {
            return Ok(Some(format!("submission {number} is not whole")));
        }
    }
    let waiting: Vec<u64> = store.outbox()?.iter().map(|info| info.number).collect();
    if waiting != SUBMISSIONS[1..] || store.receipt(SUBMISSIONS[0])?.is_none() {
        return Ok(Some(format!("submissions {waiting:?} wait")));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_store_holds_what_is_looked_for_and_a_harmed_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in OLD {
            write_private(&folder.path().join(name), bytes).expect("written");
        }
        assert_eq!(held(folder.path()).expect("it opens"), None);
        let journal = folder.path().join(OLD[0].0);
        let mut bytes = fs::read(&journal).expect("there");
        let half = bytes.len() / 2;
        bytes[half] ^= 1;
        fs::write(&journal, bytes).expect("written");
        let fault = held(folder.path());
        assert!(!matches!(fault, Ok(None)), "a flipped byte is not noticed");
    }
}
