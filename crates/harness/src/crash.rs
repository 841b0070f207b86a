//! Agents are killed at random instants, by the hundred, and nothing may be lost or come twice.
//!
//! Real `onsite` processes and agents whose journal lies on a disk that loses what was not synced
//! read simulated printers and deliver to a real Central. Each is killed with SIGKILL while it opens
//! its store, reads, stores, delivers or builds its index anew, again and again. The truth is
//! outside of all of them: what a process said before it died, and what the printers served. Between
//! their passes keys are rotated and stores of an old format upgraded, and killed as well.

mod agent;
mod files;
mod judge;
mod upgrade;

pub use agent::{CrashAgent, Program, one_pass};
pub use files::{Disk, DiskFiles};
pub use judge::{ServedLog, Verdict};
pub(crate) use judge::{Told, judge as judge_books, repeats};

use crate::fleet::{Fleet, FleetConfig, FleetError};
use agent::{End, Moment};
use pagetally_central::{
    BooksError, Central, CentralConfig, CentralHandle, DealerBooks, PageAccess, StartError,
};
use pagetally_contract::CodeError;

use pagetally_fleet_sim::{Chance, SimDevice, demo_fleet};
use pagetally_model::{Settings, SettingsError, Timestamp};
use pagetally_onsite::{AgentError, EnrolError, PassError, SiteFile, SiteFileError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

/// How many models the printers are of.
const MODELS: usize = 3;

/// Printers of each agent.
const DEVICES: usize = 2;

/// One in this many starts finds its index damaged or gone, and builds it anew.
const REBUILD_EVERY: u64 = 6;

/// One in this many kills comes when a submission was just sent, within this many microseconds: the
/// instant in which Central knows more than the agent is too short to be hit by chance.
const SENDING_EVERY: u64 = 3;
const SENDING_MICROS: u64 = 12_000;

/// One in this many kills hits a rotation of the keys, where `onsite` has one.
const ROTATE_EVERY: u64 = 8;

/// One in this many kills hits the upgrade of a store that the first version wrote.
const UPGRADE_EVERY: u64 = 10;

/// An index is built anew early in a process's life: every other kill after harm to one comes in the
/// first part of the usual time of a pass.
const REBUILD_PART: u32 = 4;

/// How a crash run is done.
#[derive(Clone, Debug)]
pub struct CrashConfig {
    /// How many processes are killed.
    pub kills: u32,
    /// How many agents run side by side. Every other one is `onsite`.
    pub agents: usize,
    /// What all chances are drawn from.
    pub seed: u64,
    /// The run is over by then, and has failed if the kills were not reached.
    pub time: Duration,
    /// The `onsite` program.
    pub onsite: PathBuf,
    /// This program, which takes `crash-agent`.
    pub harness: PathBuf,
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
}

/// What can be broken on purpose; the run must fail then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Syncing the journal does nothing.
    Fsync,
    /// Central books a submission again that comes again.
    #[cfg(feature = "mutations")]
    Deduplication,
    /// Receipts are not stored.
    Receipts,
}

/// A run that could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrashError {
    /// The harness's own agent.
    #[error("the agent cannot use its folder")]
    Agent(#[from] AgentError),
    /// Central's books.
    #[error("Central's books cannot be used")]
    Books(#[from] BooksError),
    /// The certificates.
    #[error("the run's certificates cannot be made")]
    Certificates(#[from] rcgen::Error),
    /// An enrolment code.
    #[error("an enrolment code cannot be written")]
    Code(#[from] CodeError),
    /// Enrolment.
    #[error("an agent cannot be enrolled")]
    Enrol(#[from] EnrolError),
    /// The printers.
    #[error("the simulated printers cannot be served")]
    Fleet(#[from] FleetError),
    /// A folder.
    #[error("the run's folder cannot be used")]
    Folder(#[source] io::Error),
    /// A pass of the harness's own agent.
    #[error("the pass could not do its work")]
    Pass(#[from] PassError),
    /// A process that cannot be watched.
    #[error("an agent's process cannot be watched")]
    Process(#[source] io::Error),
    /// The settings.
    #[error("the run's settings are out of their bounds")]
    Settings(#[from] SettingsError),
    /// The site's file.
    #[error("the site's file cannot be used")]
    Site(#[from] SiteFileError),
    /// A program that cannot be started.
    #[error("cannot start {}; build it with: cargo build --release --bins", program.display())]
    Spawn {
        /// Which.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Central.
    #[error("Central cannot be started")]
    Start(#[from] StartError),
    /// A pass that did not deliver everything.
    #[error("{waiting} submissions wait")]
    Waiting {
        /// How many.
        waiting: u64,
    },
}

/// What a run did and found.
#[derive(Clone, Debug)]
pub struct CrashReport {
    /// Processes that were killed.
    pub kills: u32,
    /// Passes that were done before they would have been killed.
    pub finished: u32,
    /// Starts with a damaged or missing index.
    pub rebuilds: u32,
    /// Kills of a process whose index was damaged or missing.
    pub rebuild_kills: u32,
    /// Kills during a rotation of keys.
    pub rotations: u32,
    /// Kills during the upgrade of an old store.
    pub upgrades: u32,
    /// How long it took.
    pub took: Duration,
    /// What the comparison found.
    pub verdict: Verdict,
}

/// What the agents' threads share.
struct Yard<'a> {
    config: &'a CrashConfig,
    fleet: &'a Fleet,
    log: Mutex<ServedLog>,
    deadline: Instant,
    kills: AtomicU32,
    finished: AtomicU32,
    rebuilds: AtomicU32,
    rebuild_kills: AtomicU32,
    rotations: AtomicU32,
    upgrades: AtomicU32,
    faults: Mutex<Vec<String>>,
    can_rotate: bool,
}

/// How long things take when nobody is killed; that changes with what else runs.
struct Usual {
    pass: Duration,
    rotation: Duration,
    upgrade: Duration,
}

/// How long a process lives that is killed at a random instant of its usual time, or just after it.
fn life(chance: &mut Chance, usual: Duration) -> Duration {
    let micros = u64::try_from(usual.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(chance.below(micros.saturating_mul(6) / 5 + 1))
}

/// Learns from a process that was not killed.
fn learn(usual: &mut Duration, end: End, took: Duration) {
    if matches!(end, End::Exited(_)) {
        *usual = (*usual * 3 + took) / 4;
    }
}

/// Runs it.
///
/// # Errors
///
/// [`CrashError`] where a part could not be started. What does not hold is in the report.
pub fn run(config: &CrashConfig) -> Result<CrashReport, CrashError> {
    let begun = Instant::now();
    let folder = tempfile::tempdir().map_err(CrashError::Folder)?;
    let runtime = Runtime::new().map_err(CrashError::Folder)?;
    #[cfg(feature = "mutations")]
    pagetally_central::mutations::book_repeats(config.mutation == Some(Mutation::Deduplication));
    let central = runtime.block_on(Central::start(CentralConfig {
        http: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        page_access: PageAccess::OpenOnLoopback,
        ..CentralConfig::in_folder(folder.path().join("central"))
    }))?;
    let dealer = runtime.block_on(central.books().create_dealer("Example Dealer"))?;
    let books = central.books().dealer(dealer);
    let fleet = Fleet::start(FleetConfig::new(plain_devices(
        config.seed,
        config.agents * DEVICES,
    )))?;
    let yard = Yard {
        config,
        fleet: &fleet,
        log: Mutex::default(),
        deadline: begun + config.time,
        kills: AtomicU32::new(0),
        finished: AtomicU32::new(0),
        rebuilds: AtomicU32::new(0),
        rebuild_kills: AtomicU32::new(0),
        rotations: AtomicU32::new(0),
        upgrades: AtomicU32::new(0),
        faults: Mutex::default(),
        can_rotate: can_rotate(&config.onsite),
    };
    for device in 0..fleet.len() {
        yard.note(device, 0);
    }
    let mut agents = Vec::new();
    for number in 0..config.agents {
        agents.push(enrol(
            &runtime,
            &central,
            &books,
            &yard,
            folder.path(),
            number,
        )?);
    }
    let ended: Vec<Result<(), CrashError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0_u64..)
            .zip(&mut agents)
            .map(|(number, agent)| {
                let yard = &yard;
                scope.spawn(move || yard.kill_again_and_again(number, agent))
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    let mut faults = yard
        .faults
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    for result in ended {
        result?;
    }
    for agent in &mut agents {
        faults.extend(runtime.block_on(end_cleanly(&books, agent))?);
    }
    let log = yard
        .log
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let told: Vec<&Told> = agents.iter().map(|agent| &agent.told).collect();
    let mut verdict = runtime.block_on(judge::judge(&books, &told, &log))?;
    verdict.faults.extend(faults);
    let kills = yard.kills.into_inner();
    if kills < config.kills {
        verdict.faults.push(format!(
            "only {kills} of {} kills within {:?}",
            config.kills, config.time
        ));
    }
    runtime.block_on(central.shutdown())?;
    Ok(CrashReport {
        kills,
        finished: yard.finished.into_inner(),
        rebuilds: yard.rebuilds.into_inner(),
        rebuild_kills: yard.rebuild_kills.into_inner(),
        rotations: yard.rotations.into_inner(),
        upgrades: yard.upgrades.into_inner(),
        took: begun.elapsed(),
        verdict,
    })
}

/// So many printers whose total is what they serve as a life count, in sides.
pub(crate) fn plain_devices(seed: u64, count: usize) -> Vec<SimDevice> {
    let plain: Vec<SimDevice> = demo_fleet(seed)
        .into_iter()
        .filter(|device| {
            let truth = device.truth();
            let in_sides = truth.life_count.is_some_and(|count| count.unit == 7);
            truth.is_printer
                && !truth.refuses
                && !truth.asleep
                && truth.meters.is_empty()
                && truth.sums.is_empty()
                && in_sides
        })
        .collect();
    (0_u8..=u8::MAX)
        .cycle()
        .zip(plain.into_iter().take(MODELS).cycle())
        .take(count)
        .enumerate()
        .map(|(number, (octet, device))| {
            device
                .with_serial(format!("CRASH{number:05}"))
                .with_mac([0x02, 0, 0, 0, 0, octet])
        })
        .collect()
}

fn can_rotate(onsite: &Path) -> bool {
    std::process::Command::new(onsite)
        .args(["key", "rotate", "--help"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Makes a site with its printers and an agent that is enrolled there.
fn enrol(
    runtime: &Runtime,
    central: &CentralHandle,
    books: &DealerBooks,
    yard: &Yard<'_>,
    folder: &Path,
    number: usize,
) -> Result<CrashAgent, CrashError> {
    let first = number * DEVICES;
    let settings = Settings {
        targets: vec![format!(
            "{}-{}",
            yard.fleet.address(first).ip(),
            yard.fleet.address(first + DEVICES - 1).ip()
        )],
        port: yard.fleet.port(),
        timeout_millis: 2_000,
        retries: 2,
        datagrams_per_second: 5_000,
        ..Settings::default()
    };
    settings.check()?;
    let endpoint = central.soap_url();
    let code = runtime.block_on(async {
        let account = books.create_account(&format!("Customer {number}")).await?;
        let site = books.create_site(&account, "Office", "UTC").await?;
        books.set_settings(site, &settings, "the crash run").await?;
        books
            .create_enrolment_code(site, &endpoint, now(), Duration::from_secs(3_600))
            .await
    })?;
    let folder = folder.join(format!("agent-{number}"));
    std::fs::create_dir_all(&folder).map_err(CrashError::Folder)?;
    let site_file = folder.join("site.toml");
    std::fs::write(
        &site_file,
        "format = 1\n[central]\nallow_plain_http = true\n",
    )
    .map_err(CrashError::Folder)?;
    let mut agent = pagetally_onsite::Agent::open(&folder, SiteFile::read(&site_file)?)?;
    agent.enrol(&code.to_text()?)?;
    let id = agent.id();
    drop(agent);
    let config = yard.config;
    let disk = match config.mutation {
        Some(Mutation::Fsync) => Disk::NoSync,
        Some(Mutation::Receipts) => Disk::NoReceipts,
        _ => Disk::PowerCut,
    };
    let program = if number.is_multiple_of(2) {
        Program::Onsite(config.onsite.clone())
    } else {
        Program::OnDisk(config.harness.clone(), disk)
    };
    Ok(CrashAgent::new(id, folder, program))
}

impl Yard<'_> {
    /// Lets a device print, and notes what it serves from now on.
    fn note(&self, device: usize, sides: u32) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.note(self.fleet, device, sides);
    }

    fn kill_again_and_again(&self, number: u64, agent: &mut CrashAgent) -> Result<(), CrashError> {
        let mut chance = Chance::fork(self.config.seed, number);
        let (_, pass) = agent.run()?;
        let mut usual = Usual {
            pass,
            rotation: pass,
            upgrade: pass,
        };
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        while self.kills.load(Ordering::Relaxed) < self.config.kills
            && Instant::now() < self.deadline
        {
            let device = place * DEVICES + usize::from(chance.below(2) == 1);
            self.note(device, 1 + u32::try_from(chance.below(9)).unwrap_or(0));
            let rebuilds = chance.below(REBUILD_EVERY) == 0;
            if rebuilds {
                harm_index(&agent.folder, &mut chance);
                self.rebuilds.fetch_add(1, Ordering::Relaxed);
            }
            let (end, hit) = if self.can_rotate && chance.below(UPGRADE_EVERY) == 0 {
                let end = self.upgrade(&mut chance, &mut usual.upgrade)?;
                (end, Some(&self.upgrades))
            } else if self.can_rotate && chance.below(ROTATE_EVERY) == 0 {
                let end = self.rotate(agent, &mut chance, &mut usual.rotation)?;
                (end, Some(&self.rotations))
            } else {
                let end = Self::pass(agent, rebuilds, &mut chance, &mut usual.pass)?;
                (end, rebuilds.then_some(&self.rebuild_kills))
            };
            if end == End::Killed {
                self.kills.fetch_add(1, Ordering::Relaxed);
                if let Some(hit) = hit {
                    hit.fetch_add(1, Ordering::Relaxed);
                }
            } else {
                self.finished.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Kills a pass.
    fn pass(
        agent: &mut CrashAgent,
        rebuilds: bool,
        chance: &mut Chance,
        usual: &mut Duration,
    ) -> Result<End, CrashError> {
        let begun = Instant::now();
        let end = if rebuilds && chance.below(2) == 0 {
            let part = *usual / REBUILD_PART;
            agent.run_until(Moment::After(life(chance, part)))?
        } else if chance.below(SENDING_EVERY) == 0 {
            let time = Duration::from_micros(chance.below(SENDING_MICROS));
            agent.run_until(Moment::AfterSending(time))?
        } else {
            agent.run_until(Moment::After(life(chance, *usual)))?
        };
        learn(usual, end, begun.elapsed());
        Ok(end)
    }

    /// Kills a rotation of the keys.
    fn rotate(
        &self,
        agent: &CrashAgent,
        chance: &mut Chance,
        usual: &mut Duration,
    ) -> Result<End, CrashError> {
        let begun = Instant::now();
        let life = life(chance, *usual);
        let end = agent.command(&self.config.onsite, &["key", "rotate"], life)?;
        learn(usual, end, begun.elapsed());
        Ok(end)
    }

    /// Kills the upgrade of an old store.
    fn upgrade(&self, chance: &mut Chance, usual: &mut Duration) -> Result<End, CrashError> {
        let begun = Instant::now();
        let (end, fault) = upgrade::upgrade(&self.config.onsite, life(chance, *usual))?;
        learn(usual, end, begun.elapsed());
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(fault);
        Ok(end)
    }
}

/// Flips bytes of the index, or takes it away.
fn harm_index(folder: &Path, chance: &mut Chance) {
    let index = folder.join("index");
    if chance.below(2) == 0 {
        // It may be gone already.
        let _ = std::fs::remove_dir_all(index);
        return;
    }
    let db = index.join("db");
    if let Ok(mut bytes) = std::fs::read(&db)
        && !bytes.is_empty()
    {
        let at = usize::try_from(chance.below(bytes.len() as u64)).unwrap_or(0);
        bytes[at] ^= 0x20;
        let _ = std::fs::write(&db, bytes);
    }
}

/// Lets an agent deliver everything, then once more: what has its receipt is not sent again.
async fn end_cleanly(
    books: &DealerBooks,
    agent: &mut CrashAgent,
) -> Result<Vec<String>, CrashError> {
    const TRIES: u32 = 5;
    let mut faults = Vec::new();
    let mut end = End::Killed;
    for _ in 0..TRIES {
        (end, _) = tokio::task::block_in_place(|| agent.run())?;
        if end == End::Exited(Some(0)) {
            break;
        }
    }
    if end != End::Exited(Some(0)) {
        faults.push(format!(
            "agent {}: the last passes did not deliver everything ({end:?})",
            agent.told.id
        ));
    }
    let before = judge::repeats(books, agent.told.id).await?;
    // The index remembers receipts too, and is a cache: the journal alone must know them.
    let _ = std::fs::remove_dir_all(agent.folder.join("index"));
    tokio::task::block_in_place(|| agent.run())?;
    let again = judge::repeats(books, agent.told.id).await? - before;
    if again > 0 {
        faults.push(format!(
            "agent {}: {again} submissions that had their receipt were sent again",
            agent.told.id
        ));
    }
    Ok(faults)
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
