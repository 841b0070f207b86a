//! The agent's keys, and what is done to its data on purpose: rotating, recovering, erasing,
//! exporting, saving.

use crate::secret_tool::SecretTool;
use crate::{Agent, AgentError, Clocks};
use pagetally_store::{
    AskPassphrase, ErasureReceipt, ExportScope, Exported, KeyCustody, KeySources, KeyStatus,
    OpenOptions, RecoveryCode, RecoveryReport, Salvaged, SetAside, SigningContext, Thinning,
    Undelivered,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where systemd puts a service's credentials.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Names the file whose first line is the store's passphrase. The passphrase itself is never taken
/// from a variable: children inherit those, and other programs of the user read them.
pub const PASSPHRASE_FILE: &str = "PAGETALLY_PASSPHRASE_FILE";

/// Where a root key may be kept here, as the environment tells: systemd's credentials, the
/// keyring of the session, the passphrase in the file that [`PASSPHRASE_FILE`] names.
pub fn key_sources() -> KeySources {
    let mut sources = KeySources::key_file_only();
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    sources.credentials = folder(CREDENTIALS_DIRECTORY).map(PathBuf::from);
    sources.vault = SecretTool::find().map(|tool| Arc::new(tool) as _);
    sources.passphrase = folder(PASSPHRASE_FILE).map(AskPassphrase::from_file);
    sources
}

impl Agent {
    /// What can be told of the store's keys without telling any.
    pub fn keys(&self) -> KeyStatus {
        self.store().key_status()
    }

    /// Replaces the root key at once, and gives it to another keeper where one is named.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`] when the keeper is not there or the disk refuses.
    pub fn rotate_root_key(&self, custody: Option<KeyCustody>) -> Result<KeyStatus, AgentError> {
        let now = self.clocks().wall();
        Ok(self.store().rotate_root_key(custody, now)?)
    }

    /// Begins to replace all data keys; [`continue_key_rotation`](Self::continue_key_rotation)
    /// does the work.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`].
    pub fn begin_key_rotation(&self) -> Result<(), AgentError> {
        Ok(self.store().begin_key_rotation(self.clocks().wall())?)
    }

    /// Seals at most `segments` segments of the journal anew. Answers whether there is more to do.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`]; the next call goes on from there.
    pub fn continue_key_rotation(&self, segments: usize) -> Result<bool, AgentError> {
        for _ in 0..segments {
            if !self.store().continue_key_rotation(self.clocks().wall())? {
                return Ok(false);
            }
        }
        Ok(self.keys().retiring > 0)
    }

    /// The root key under a code, as the bytes of a recovery file.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`].
    pub fn export_recovery(&self, code: &RecoveryCode) -> Result<Vec<u8>, AgentError> {
        Ok(self.store().export_recovery(code, self.clocks().wall())?)
    }

    fn signing_context(&self) -> SigningContext<'_> {
        SigningContext {
            agent: self.identity().agent,
            key: &self.identity().signing,
            now: self.clocks().wall(),
        }
    }

    /// Erases one device, named as for [`find_audit`](Self::find_audit).
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`]: no such device, or audits of it wait for Central and are to be kept.
    pub fn erase_device(
        &self,
        device: &str,
        undelivered: Undelivered,
    ) -> Result<ErasureReceipt, AgentError> {
        let context = self.signing_context();
        Ok(self.store().erase_device(device, undelivered, &context)?)
    }

    /// Erases everything, the agent's identity included; the next opening makes a new agent.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`]: submissions wait for Central and are to be kept.
    pub fn erase_site(self, undelivered: Undelivered) -> Result<ErasureReceipt, AgentError> {
        let context = self.signing_context();
        Ok(self.store().erase_site(undelivered, &context)?)
    }

    /// Writes all data of a device, or of the site where none is named, as JSON.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`]: no such device, or `out` takes no more.
    pub fn export(
        &self,
        device: Option<&str>,
        out: &mut dyn Write,
    ) -> Result<Exported, AgentError> {
        let scope = device.map_or(ExportScope::Site, ExportScope::Device);
        Ok(self.store().export(scope, out)?)
    }

    /// Signs everything that Central rejected anew, under later numbers; the next pass delivers it. For when
    /// the cause is mended at Central; a newer version of the agent does it by itself. Answers how many
    /// submissions that makes.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`] when the disk fails.
    pub fn send_rejected_again(&self) -> Result<usize, AgentError> {
        let context = self.signing_context();
        let made = self.store().send_rejected_again(&context)?;
        Ok(made.map_or(0, |made| made.submissions.len()))
    }

    /// Thins what Central has of the history as the site's file says, and packs what stays: by the earlier
    /// of this machine's clock and Central's at its last answer. To be called once a day, when no pass is
    /// due.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`] when the disk fails; the next call goes on.
    pub fn thin_history(&self) -> Result<Thinning, AgentError> {
        let policy = &self.site().history;
        let time = self.agreed_time();
        let first = self.store().thin(policy, time)?;
        // Over the cap with nothing left that Central has: then what waits is thinned, and signed anew.
        if first.after <= policy.cap_bytes
            || self.store().thin_waiting(policy, &self.signing_context())? == 0
        {
            return Ok(first);
        }
        let mut done = self.store().thin(policy, time)?;
        done.before = first.before;
        done.thinned += first.thinned;
        done.capped += first.capped;
        done.segments += first.segments;
        Ok(done)
    }

    /// Reads the whole store and tells what is wrong with it.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`] when it cannot be read.
    pub fn check_store(&self) -> Result<RecoveryReport, AgentError> {
        Ok(self.store().check()?)
    }

    /// Indexes of the store that were set aside since they were damaged, or of an earlier version, the oldest first: nothing needs them, and they are
    /// never deleted but by a person, or with the whole site.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`] when the folder cannot be listed.
    pub fn set_aside_indexes(&self) -> Result<Vec<SetAside>, AgentError> {
        Ok(self.store().set_aside_indexes()?)
    }
}

/// Saves everything that opens in an agent's folder, as JSON, without changing anything there.
///
/// # Errors
///
/// [`AgentError`]: another process has the folder, there is no key, `out` takes no more.
pub fn salvage(
    folder: &Path,
    sources: KeySources,
    out: &mut dyn Write,
) -> Result<Salvaged, AgentError> {
    let options = OpenOptions::new(Clocks::start()?.wall()).keys(sources);
    Ok(pagetally_store::salvage(folder, &options, out)?)
}

/// Gives the root key in a recovery file to a keeper. Answers the root key's id.
///
/// # Errors
///
/// [`AgentError`]: the code is wrong, or the file is of another store or an older root key;
/// nothing is changed then.
pub fn import_recovery(
    folder: &Path,
    sources: KeySources,
    custody: KeyCustody,
    file: &Path,
    code: &RecoveryCode,
) -> Result<String, AgentError> {
    let options = OpenOptions::new(Clocks::start()?.wall()).keys(sources);
    Ok(pagetally_store::import_recovery(
        folder, &options, custody, file, code,
    )?)
}
