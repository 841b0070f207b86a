//! The installed agent: its folder, its identity, its enrolment.

use crate::central::Link;
use crate::discovery::with_causes;
use crate::engines::EngineMemory;
use crate::enrolment::{CentralClock, Enrolment, StateError};
use crate::line::Line;
use crate::platform::open_to_others;
use crate::rejected::Rejected;
use crate::schedule::{NextPass, Quiet, tell_next_pass};
use crate::{ClientCertificateFiles, Clocks, NoRandomness, SiteFile};
use pagetally_contract::{AgentSession, CentralPublicKey, SealingKeyPair, SoapVersion};
use pagetally_model::{AgentId, ClockOffset, Settings, Text, Timestamp};
use pagetally_proof::VerifyingKey;
use pagetally_store::{
    AgentIdentity, AgreedTime, Clue, History, KeySources, KeyStatus, OpenOptions, StateKey, Store,
    StoreError, StoredAudit, SubmissionInfo,
};
use pagetally_transport::{CentralClient, ClientCertificate, ClientConfig, ConfigError};
use std::fmt;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much the line to Central carries.
const LINE: StateKey = StateKey::new("line");

const CLOCK_OFFSET: StateKey = StateKey::new("central-clock");

/// Where the SNMPv3 engines that have authenticated themselves are kept.
const ENGINES: StateKey = StateKey::new("snmp-engines");

/// An agent that cannot be opened, or whose store does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The store.
    #[error("the agent's store cannot be used")]
    Store(#[from] StoreError),
    /// Something that the store keeps for us.
    #[error(transparent)]
    State(#[from] StateError),
    /// No random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// One installed agent.
///
/// Its folder holds the sealed store; the first opening makes the agent's id and its two key pairs
/// there. One process at a time has the folder.
#[derive(Debug)]
pub struct Agent {
    folder: PathBuf,
    store: Store,
    identity: AgentIdentity,
    site: SiteFile,
    clocks: Clocks,
    /// What Central's clock said at its last answer.
    central_said: Option<Timestamp>,
}

/// What an agent says of itself.
#[derive(Clone, Debug)]
pub struct AgentStatus {
    /// The agent.
    pub agent: AgentId,
    /// The key that it signed its first submission with: what proofs are checked with.
    pub first_key: VerifyingKey,
    /// Where it reports to.
    pub enrolment: Option<Enrolment>,
    /// The settings that its next pass will adopt; absent before Central sent any.
    pub settings: Option<Settings>,
    /// What waits for a receipt, in order.
    pub outbox: Vec<SubmissionInfo>,
    /// How many of them wait for the site's approval, and everything behind them.
    pub held: u64,
    /// What Central did not book and was not sent again since.
    pub rejected: Vec<Rejected>,
    /// The last known offset to Central's clock.
    pub central_offset: Option<ClockOffset>,
    /// Who keeps the store's root key, and how old its keys are.
    pub keys: KeyStatus,
    /// What was found wrong with the store when it was opened, in words.
    pub store_problems: Vec<String>,
}

/// A device that the store has an audit of, by what a person can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Maker and model.
    pub name: Text,
    /// Its serial number.
    pub serial: Option<Text>,
    /// Where it answered.
    pub address: Option<IpAddr>,
    /// Its network name.
    pub hostname: Option<Text>,
}

impl fmt::Display for KnownDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            self.serial.as_ref().map(Text::to_string),
            self.address.map(|address| address.to_string()),
            self.hostname.as_ref().map(Text::to_string),
        ];
        let names: Vec<String> = names.into_iter().flatten().collect();
        write!(f, "{}: {}", self.name, names.join(", "))
    }
}

impl Agent {
    /// Opens an agent's folder and makes a new agent where there is none.
    ///
    /// # Errors
    ///
    /// [`AgentError`] where the store cannot be opened: another process has it, its key is missing,
    /// the disk refuses.
    pub fn open(folder: &Path, site: SiteFile) -> Result<Self, AgentError> {
        Self::open_with(folder, site, KeySources::key_file_only())
    }

    /// Opens an agent's folder whose root key may be kept elsewhere than in an owner-only file:
    /// [`key_sources`](crate::key_sources) are the places that the environment offers. A new store
    /// takes the first that is there, and asks no other from then on.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with(folder: &Path, site: SiteFile, keys: KeySources) -> Result<Self, AgentError> {
        Self::open_with_options(folder, site, |options| options.keys(keys))
    }

    /// [`open`](Self::open) with other options for the store, such as a journal on a disk that a
    /// test can take away.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with_options(
        folder: &Path,
        site: SiteFile,
        options: impl FnOnce(OpenOptions) -> OpenOptions,
    ) -> Result<Self, AgentError> {
        let clocks = Clocks::start()?;
        let store = Store::open(folder, &options(OpenOptions::new(clocks.wall())))?;
        for problem in &store.recovery().problems {
            tracing::warn!(%problem, "the store was damaged and has been mended");
        }
        let identity = match store.identity()? {
            Some(identity) => identity,
            None => {
                let identity = AgentIdentity::generate()?;
                store.set_identity(&identity)?;
                tracing::info!(agent = %identity.agent, "a new agent was made");
                identity
            }
        };
        let central = match store.state(CLOCK_OFFSET)? {
            Some(bytes) => Some(CentralClock::from_bytes(&bytes)?),
            None => None,
        };
        let offset = central.map(|clock| clock.offset);
        Ok(Self {
            folder: folder.to_owned(),
            store,
            identity,
            site,
            clocks: clocks.with_central_offset(offset),
            central_said: central.and_then(|clock| clock.said),
        })
    }

    /// The agent's id.
    pub fn id(&self) -> AgentId {
        self.identity.agent
    }

    /// The agent's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The site's own file.
    pub fn site(&self) -> &SiteFile {
        &self.site
    }

    /// The agent's store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn identity(&self) -> &AgentIdentity {
        &self.identity
    }

    pub(crate) fn take_identity(&mut self, identity: AgentIdentity) {
        self.identity = identity;
    }

    /// The agent's clocks, with the last known offset to Central.
    pub fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// The settings that the next pass adopts: Central's last ones as this site lets them run, or
    /// the defaults.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`].
    pub fn settings(&self) -> Result<Settings, AgentError> {
        let settings = self.store.settings()?.unwrap_or_default();
        Ok(self.site.applied_to(&settings))
    }

    /// When the agent does something again, whose last pass began at `begun`; `random` spreads many
    /// agents' moments. Others read it by [`next_pass_of`](crate::next_pass_of).
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`].
    pub fn next_pass(&self, begun: Timestamp, random: u64) -> Result<NextPass, AgentError> {
        let settings = self.settings()?;
        let interval = Duration::from_secs(settings.interval_seconds);
        // Quiet hours that make no sense stop the look at the network, not the calls.
        let quiet = Quiet::of(&settings).unwrap_or_default();
        let next = quiet.next(begun, self.clocks.wall(), interval, random);
        if let Err(error) = tell_next_pass(&self.folder, next) {
            tracing::warn!(%error, "the time of the next pass cannot be told to others");
        }
        Ok(next)
    }

    /// Where this agent reports to.
    ///
    /// # Errors
    ///
    /// [`AgentError`] where the store does not say.
    pub fn enrolment(&self) -> Result<Option<Enrolment>, AgentError> {
        match self.store.state(StateKey::ENROLMENT)? {
            Some(bytes) => Ok(Some(Enrolment::from_bytes(&bytes)?)),
            None => Ok(None),
        }
    }

    pub(crate) fn set_enrolment(&self, enrolment: &Enrolment) -> Result<(), AgentError> {
        let bytes = enrolment.to_bytes()?;
        Ok(self.store.set_state(StateKey::ENROLMENT, &bytes)?)
    }

    /// The SNMPv3 engines that have authenticated themselves.
    pub(crate) fn engines(&self) -> Result<EngineMemory, AgentError> {
        let stored = self.store.state(ENGINES)?;
        Ok(stored.map_or_else(EngineMemory::default, |bytes| {
            EngineMemory::from_bytes(&bytes)
        }))
    }

    pub(crate) fn keep_engines(&self, engines: &EngineMemory) -> Result<(), AgentError> {
        match engines.to_bytes() {
            Some(bytes) => Ok(self.store.set_state(ENGINES, &bytes)?),
            None => Ok(()),
        }
    }

    /// How much the line to Central carries. What cannot be read is learnt anew.
    pub(crate) fn line(&self) -> Result<Line, AgentError> {
        let stored = self.store.state(LINE)?;
        let known = stored.and_then(|bytes| Line::from_bytes(&bytes).ok());
        Ok(known.unwrap_or_default())
    }

    pub(crate) fn keep_line(&self, line: Line) -> Result<(), AgentError> {
        Ok(self.store.set_state(LINE, &line.to_bytes()?)?)
    }

    /// Keeps how far Central's clock is from this machine's, and what it said.
    pub(crate) fn keep_offset(
        &mut self,
        offset: ClockOffset,
        said: Option<Timestamp>,
    ) -> Result<(), AgentError> {
        let bytes = CentralClock { offset, said }.to_bytes()?;
        self.store.set_state(CLOCK_OFFSET, &bytes)?;
        self.central_said = said;
        self.clocks = self.clocks.clone().with_central_offset(Some(offset));
        Ok(())
    }

    /// By what time history may be thinned.
    pub(crate) fn agreed_time(&self) -> AgreedTime {
        AgreedTime::of(self.clocks.wall(), self.central_said)
    }

    /// What the agent says of itself.
    ///
    /// # Errors
    ///
    /// [`AgentError`] where the store does not answer.
    pub fn status(&self) -> Result<AgentStatus, AgentError> {
        let outbox = self.store.outbox()?;
        let approved = self.approved()?;
        let held = outbox.iter().skip_while(|info| {
            approved
                .as_ref()
                .is_none_or(|approved| approved.contains(&info.id))
        });
        Ok(AgentStatus {
            held: held.count() as u64,
            agent: self.id(),
            first_key: self.first_key()?,
            enrolment: self.enrolment()?,
            settings: self.store.settings()?,
            outbox,
            rejected: self.store.rejected()?.iter().map(Rejected::read).collect(),
            central_offset: self.clocks.now().central_offset,
            keys: self.store.key_status(),
            store_problems: self
                .store
                .recovery()
                .problems
                .iter()
                .map(ToString::to_string)
                .collect(),
        })
    }

    /// The newest audit of the device that a person names by serial, address, MAC, host name or
    /// audit id.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`].
    pub fn find_audit(&self, text: &str) -> Result<Option<StoredAudit>, AgentError> {
        Ok(self.store.find_audit(text)?)
    }

    /// What was read in the last `days` of the device that a person names, the oldest first: by the best
    /// evidence that its newest audit has. Nothing where there is no such device.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`].
    pub fn device_history(&self, text: &str, days: u32) -> Result<Option<History<'_>>, AgentError> {
        let Some(StoredAudit { audit, .. }) = self.store.find_audit(text)? else {
            return Ok(None);
        };
        let identity = &audit.identity;
        let serial = identity
            .serial
            .as_ref()
            .map(|serial| Clue::Serial(serial.as_str()));
        let mac = identity.mac.as_ref().map(|mac| Clue::Mac(mac.as_str()));
        let address = audit.address.map(|address| Clue::Address(address.ip()));
        let clue = serial.or(mac).or(address).unwrap_or(Clue::Audit(audit.id));
        let now = self.clocks.wall();
        let back = i64::from(days).saturating_mul(86_400_000);
        let from = Timestamp::from_unix_millis(now.unix_millis().saturating_sub(back));
        Ok(Some(self.store.device_history(clue, from..=now)?))
    }

    /// What a person may have meant by `text`: the devices of the newest stored audits whose serial
    /// number, address, MAC, host name or name look like it, the nearest first; where none does, the
    /// last ones that were read.
    pub fn devices_like(&self, text: &str) -> Vec<KnownDevice> {
        /// Audits have to be opened one by one.
        const AUDITS: usize = 1_000;
        /// How many are worth reading.
        const SHOWN: usize = 6;
        /// A name may be this many letters away from what was typed.
        const LETTERS: usize = 2;
        let wanted = text.to_lowercase();
        let mut known: Vec<(usize, KnownDevice)> = Vec::new();
        for stored in self.store.audits().take(AUDITS).flatten() {
            let audit = &stored.audit;
            let identity = &audit.identity;
            let device = KnownDevice {
                name: crate::device_name(audit),
                serial: identity.serial.clone(),
                address: audit.address.map(|address| address.ip()),
                hostname: identity.hostname.clone(),
            };
            if known.iter().any(|(_, other)| *other == device) {
                continue;
            }
            let names = [
                Some(device.name.to_string()),
                device.serial.as_ref().map(Text::to_string),
                device.address.map(|address| address.to_string()),
                device.hostname.as_ref().map(Text::to_string),
                identity.mac.as_ref().map(Text::to_string),
            ];
            let far = |name: String| {
                let name = name.to_lowercase();
                match wanted.len() > 2 && name.contains(&wanted) {
                    true => 0,
                    false => crate::explain::distance(&wanted, &name),
                }
            };
            let nearest = names.into_iter().flatten().map(far).min();
            known.push((nearest.unwrap_or(usize::MAX), device));
        }
        if known.iter().any(|(far, _)| *far <= LETTERS) {
            known.retain(|(far, _)| *far <= LETTERS);
            known.sort_by_key(|(far, _)| *far);
        }
        known.truncate(SHOWN);
        known.into_iter().map(|(_, device)| device).collect()
    }

    /// A connection to the Central that this agent is enrolled with; nothing is sent yet.
    pub(crate) fn connect(&self, enrolment: &Enrolment) -> Result<Link, ConnectError> {
        Ok(Link {
            client: self.client(&enrolment.central_url)?,
            session: self.session(enrolment.central_key),
            former: self.former_pairs()?,
            former_key: enrolment.former_key,
        })
    }

    pub(crate) fn client(&self, url: &str) -> Result<CentralClient, ConnectError> {
        let mut config = ClientConfig::new(url);
        config.allow_plain_http = self.site.allow_plain_http;
        config.proxy.clone_from(&self.site.proxy);
        config.no_proxy = self.site.no_proxy.as_ref().map(|hosts| hosts.join(","));
        config.system_proxy = true;
        if let Some(files) = &self.site.client_certificate {
            config.client_certificate = Some(client_certificate(files)?);
        }
        if let Some(timeouts) = self.site.central_timeouts {
            config.timeouts = timeouts;
        }
        if let Some(file) = &self.site.central_ca_file {
            let pem = read_small(file).map_err(|source| ConnectError::CaFile {
                file: file.clone(),
                source,
            })?;
            config.ca_pem = Some(pem);
        }
        Ok(CentralClient::new(config)?)
    }

    pub(crate) fn session(&self, central: CentralPublicKey) -> AgentSession {
        AgentSession {
            agent: self.identity.agent,
            signing: self.identity.signing.clone(),
            sealing: SealingKeyPair::from_seed(*self.identity.sealing.expose()),
            central,
            soap: SoapVersion::V12,
        }
    }
}

/// Reads a client certificate and its key, which must be its owner's alone.
fn client_certificate(files: &ClientCertificateFiles) -> Result<ClientCertificate, ConnectError> {
    let read = |file: &PathBuf| {
        read_small(file).map_err(|source| ConnectError::ClientCertificate {
            file: file.clone(),
            source,
        })
    };
    let chain_pem = read(&files.certificate)?;
    let file = &files.key;
    let mode = open_to_others(file).map_err(|source| ConnectError::ClientCertificate {
        file: file.clone(),
        source,
    })?;
    if let Some(mode) = mode {
        return Err(ConnectError::ClientKeyOpen {
            file: file.clone(),
            mode,
        });
    }
    Ok(ClientCertificate {
        chain_pem,
        key_pem: read(file)?,
    })
}

/// Reads a file that has no business being larger than a megabyte.
fn read_small(file: &Path) -> io::Result<Vec<u8>> {
    const MAX_BYTES: u64 = 1 << 20;
    let mut bytes = Vec::new();
    std::fs::File::open(file)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// A connection to Central that cannot even be tried, because of something at this site.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The file of certificates that the site's file names.
    #[error("the CA file {} cannot be read", file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file of the client's certificate or of its key.
    #[error("the client certificate's file {} cannot be read", file.display())]
    ClientCertificate {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others than its owner can read the key of the client's certificate.
    #[error(
        "the key file {file} of the client certificate is open to others (mode {mode:o}); let only its owner \
         read it: chmod 600 {file}",
        file = file.display()
    )]
    ClientKeyOpen {
        /// The file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something that was configured makes no sense.
    #[error("Central cannot be called")]
    Config(#[from] ConfigError),
    /// The store does not say which keys this agent had.
    #[error("the agent's former keys cannot be read")]
    Keys(#[source] StoreError),
}

/// This program and its version, as Central is told.
pub fn agent_version() -> Text {
    Text::clean(concat!("pagetally-onsite ", env!("CARGO_PKG_VERSION")))
}

/// An error in one line, for Central's books and for people.
pub(crate) fn one_line(error: &dyn std::error::Error) -> Text {
    Text::clean(&with_causes(error))
}
