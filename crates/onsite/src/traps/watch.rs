//! Listens on a thread of its own, so that a storm cannot hold up a pass and a pass cannot make a
//! device repeat itself.

use super::engine;
use super::inbox::{Added, DeviceTold, GATHER, Inbox};
use super::kept::Keeper;
use crate::engines::users;
use crate::site_file::TrapSite;
use crate::{Agent, AgentError};
use pagetally_printer_mib::Definitions;
use pagetally_snmp::{Cancel, SnmpError, TrapListener};
use pagetally_snmp_engine::trap::{TrapConfig, TrapCounters, TrapUser};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What came in, and what of it is no reason to read a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrapTally {
    /// What became of every datagram.
    pub datagrams: TrapCounters,
    /// Told, and such as every SNMP agent tells: starts, links, wrong communities.
    pub standard: u64,
    /// Told, and one too many for the tables.
    pub left_out: u64,
}

#[derive(Debug)]
struct Shared {
    inbox: Inbox,
    tally: TrapTally,
    /// SNMPv3 engines by address, for the listener to take.
    remembered: Option<Vec<(IpAddr, Vec<u8>)>>,
}

/// Why nothing is heard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The port cannot be listened on.
    #[error(transparent)]
    Listen(#[from] SnmpError),
    /// The agent's store does not keep what SNMPv3 needs.
    #[error(transparent)]
    Agent(#[from] AgentError),
}

/// Listens for what devices tell unasked, until it is dropped.
#[derive(Debug)]
pub struct TrapWatch {
    addresses: Vec<SocketAddr>,
    shared: Arc<Mutex<Shared>>,
    keeper: Arc<Keeper>,
    begun: Instant,
    cancel: Cancel,
    thread: Option<JoinHandle<()>>,
}

impl TrapWatch {
    /// Opens the ports that the site's file names and starts to listen. `wake` is called, from the
    /// listening thread, when a device told something for the first time since it was read last.
    /// Where the file names users of SNMPv3, the agent's store counts one more start of our engine.
    /// What was told before the agent ended, and was in no stored pass by then, is due at once.
    ///
    /// # Errors
    ///
    /// [`SnmpError::Listen`], which says what to do where a port needs a right that this program
    /// does not have; [`AgentError`] where the store does not count.
    pub fn start(
        agent: &Agent,
        site: &TrapSite,
        definitions: &Definitions,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, WatchError> {
        let mut listener = TrapListener::open(&site.listen, config(agent, site)?)?;
        let remembered = Some(agent.engines()?.by_address());
        let addresses = listener.local_addresses();
        let keeper = Arc::new(Keeper::new(agent.store().shared_cache()));
        let mut inbox = Inbox::new(site.read_again);
        inbox.restore(keeper.load());
        let shared = Arc::new(Mutex::new(Shared {
            inbox,
            tally: TrapTally::default(),
            remembered,
        }));
        let (begun, cancel) = (Instant::now(), Cancel::new());
        let (inside, switch) = (Arc::clone(&shared), cancel.clone());
        let (definitions, clocks) = (definitions.clone(), agent.clocks().clone());
        let keep = Arc::clone(&keeper);
        let listen = move || {
            let mut kept_at: Option<Instant> = None;
            while !switch.is_cancelled() {
                let remembered = lock(&inside).remembered.take();
                if let Some(engines) = remembered {
                    listener.remember(engines);
                }
                let heard = listener.hear(MAX_WAIT, &mut |heard| {
                    let mut shared = lock(&inside);
                    let (at, now) = (clocks.wall(), begun.elapsed());
                    match shared.inbox.add(&heard, &definitions, at, now) {
                        Added::Kept => {}
                        Added::First => wake(),
                        Added::Standard => shared.tally.standard += 1,
                        Added::LeftOut => shared.tally.left_out += 1,
                    }
                });
                lock(&inside).tally.datagrams = listener.counters();
                // The first at once; of a storm, as often as a device is heard out.
                if kept_at.is_none_or(|at| at.elapsed() >= GATHER) {
                    keep.keep(|| {
                        let told = lock(&inside).inbox.take_unkept()?;
                        kept_at = Some(Instant::now());
                        Some(told)
                    });
                }
                if let Err(error) = heard {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "traps are not heard any more"
                    );
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("traps".to_owned())
            .spawn(listen)
            .map_err(|source| SnmpError::Wait { source })?;
        Ok(Self {
            addresses,
            shared,
            keeper,
            begun,
            cancel,
            thread: Some(thread),
        })
    }

    /// Where it listens, with the ports that the system chose for port 0.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Hears from now on the SNMPv3 engines that the agent remembers by now, each from its address:
    /// to be called after a pass, which may have met new ones.
    ///
    /// # Errors
    ///
    /// [`AgentError`] where the store does not say.
    pub fn remember(&self, agent: &Agent) -> Result<(), AgentError> {
        let engines = agent.engines()?.by_address();
        let mut shared = lock(&self.shared);
        shared.remembered = Some(engines);
        shared.inbox.keep_again();
        Ok(())
    }

    /// How long until a device is to be read; nothing while none is.
    pub fn next_due(&self) -> Option<Duration> {
        let due = lock(&self.shared).inbox.next_due()?;
        Some(due.saturating_sub(self.begun.elapsed()))
    }

    /// The devices that are to be read now. Each is left alone for a while then, whatever it tells.
    ///
    /// What they told is kept on the disk until it is [settled](Self::settle); taking more settles it
    /// too.
    pub fn take_due(&self) -> Vec<DeviceTold> {
        let now = self.begun.elapsed();
        lock(&self.shared).inbox.take_due(now)
    }

    /// What was taken last is in a stored pass: it need not be kept any longer. An agent that is killed
    /// between the storing and this tells it twice.
    pub fn settle(&self) {
        lock(&self.shared).inbox.settle();
        self.keep();
    }

    /// What was taken last, and was not settled, waits again: its pass could not be done.
    pub fn give_back(&self) {
        let now = self.begun.elapsed();
        lock(&self.shared).inbox.give_back(now);
    }

    fn keep(&self) {
        let look = || lock(&self.shared).inbox.take_unkept();
        self.keeper.keep(look);
    }

    /// What became of everything so far.
    pub fn tally(&self) -> TrapTally {
        lock(&self.shared).tally
    }
}

/// The longest wait of the thread: so soon it sees that it is to end.
const MAX_WAIT: Duration = Duration::from_millis(100);

fn config(agent: &Agent, site: &TrapSite) -> Result<TrapConfig, AgentError> {
    let users = users(&site.users).into_iter().map(|user| TrapUser {
        credential: user.credential,
        engine_ids: user.engines,
    });
    let users: Vec<TrapUser> = users.collect();
    let engine = if users.is_empty() {
        None
    } else {
        Some(engine::start(agent)?)
    };
    Ok(TrapConfig {
        communities: site
            .communities
            .iter()
            .map(|community| community.expose().as_bytes().to_vec())
            .collect(),
        users,
        engine,
        limits: site.limits,
    })
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // Nothing in there is left half done by a panic.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for TrapWatch {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that hears traps has panicked");
        }
        self.keep();
    }
}
