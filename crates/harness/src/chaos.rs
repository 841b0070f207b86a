//! A line on which everything goes wrong, and a Central that is killed while it is called.
//!
//! Many agents read simulated printers, store what they read and deliver it through a proxy that drops,
//! delays, doubles, reorders, cuts, alters and resets, answers with garbage and with old answers, and
//! shows somebody else's certificate. Central is a process of its own on a folder, killed with SIGKILL
//! while calls are on their way and started again. When all of it is over every agent delivers what it
//! still has, and then the simulators' log, the agents' stores and Central's rows must say the same.

mod central;
mod fault;
mod http;
mod proxy;

pub use central::serve_central;
pub use fault::Fault;

use crate::crash::{
    CrashError, Disk, DiskFiles, ServedLog, Told, Verdict, judge_books, now, plain_devices, repeats,
};
use crate::demo::Certificates;
use crate::fleet::{Fleet, FleetConfig};
use central::CentralProcess;
use pagetally_central::{Central, CentralHandle, DealerBooks};
use pagetally_fleet_sim::Chance;
use pagetally_model::{AgentId, Settings};
use pagetally_onsite::{Agent, Cancel, Delivery, Pass, PassEvent, SiteFile};
use pagetally_printer_mib::Definitions;
use proxy::Proxy;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long Central lives between two kills, in milliseconds: at least, and by chance so much more.
const LIFE: (u64, u64) = (1_500, 6_000);

/// How long it is away.
const AWAY_MILLIS: u64 = 800;

/// How long a kill waits for a call to be on its way.
const FOR_A_CALL: Duration = Duration::from_millis(500);

/// Passes of an agent, once nothing goes wrong any more, until it must have delivered everything: a busy
/// machine may be too slow for its patience now and then.
const LAST_PASSES: u32 = 30;

/// How long agents wait for an answer while everything goes wrong, and when nothing does any more.
const IMPATIENT_SECONDS: u32 = 1;
const PATIENT_SECONDS: u32 = 60;

/// How a chaos run is done.
#[derive(Clone, Debug)]
pub struct ChaosConfig {
    /// How many submissions are stored and delivered at least.
    pub submissions: u64,
    /// How many agents run side by side.
    pub agents: usize,
    /// What all chances are drawn from.
    pub seed: u64,
    /// The run is over by then, and has failed if the submissions were not reached.
    pub time: Duration,
    /// This program, which takes `chaos-central`.
    pub harness: PathBuf,
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
}

/// What can be broken on purpose; the run must fail then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Central books a submission again that comes again.
    #[cfg(feature = "mutations")]
    Deduplication,
    /// Receipts are not stored.
    Receipts,
}

/// What a run did and found.
#[derive(Clone, Debug)]
pub struct ChaosReport {
    /// Submissions that were stored.
    pub submissions: u64,
    /// Calls that reached the proxy while it did harm.
    pub calls: u64,
    /// What it did, and how often.
    pub faults: BTreeMap<Fault, u64>,
    /// How often Central was killed.
    pub kills: u64,
    /// How often while calls were on their way.
    pub kills_in_flight: u64,
    /// How long it took.
    pub took: Duration,
    /// What the comparison found.
    pub verdict: Verdict,
}

/// One agent and what it said.
struct Member {
    agent: Agent,
    told: Told,
}

/// What the agents' threads share.
struct Yard<'a> {
    config: &'a ChaosConfig,
    fleet: &'a Fleet,
    log: Mutex<ServedLog>,
    deadline: Instant,
    /// Submissions that are still to be stored.
    stored: AtomicU64,
}

/// Runs it.
///
/// # Errors
///
/// [`CrashError`] where a part could not be started. What does not hold is in the report.
pub fn run(config: &ChaosConfig) -> Result<ChaosReport, CrashError> {
    let begun = Instant::now();
    let folder = tempfile::tempdir().map_err(CrashError::Folder)?;
    let runtime = Runtime::new().map_err(CrashError::Folder)?;
    let books_folder = folder.path().join("central");
    let central = start_central(&runtime, &books_folder, 0)?;
    let port = central.http_address().map_or(0, |address| address.port());
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let certificates = Certificates::for_host("127.0.0.1")?;
    let strangers = Certificates::for_host("127.0.0.1")?;
    let proxy = Proxy::open(at, &certificates, &strangers, config.seed);
    let proxy = proxy.map_err(CrashError::Folder)?;
    let fleet = Fleet::start(FleetConfig::new(plain_devices(config.seed, config.agents)))?;
    let yard = Yard {
        config,
        fleet: &fleet,
        log: Mutex::default(),
        deadline: begun + config.time,
        stored: AtomicU64::new(0),
    };
    let dealer = runtime.block_on(central.books().create_dealer("Example Dealer"))?;
    let mut place = Place {
        folder: folder.path(),
        url: format!("https://{}/soap", proxy.address()),
        authority_pem: &certificates.authority_pem,
        patience: IMPATIENT_SECONDS,
    };
    let mut members = Vec::new();
    for number in 0..config.agents {
        yard.note(number, 0);
        let books = central.books().dealer(dealer);
        members.push(yard.enrol(&runtime, &books, &place, number)?);
    }
    place.patience = PATIENT_SECONDS;
    runtime.block_on(central.shutdown())?;

    let process = CentralProcess::start(config, &books_folder, port)?;
    proxy.set_wild(true);
    let (process, kills, kills_in_flight) = yard.let_it_happen(&mut members, &proxy, process)?;
    proxy.set_wild(false);
    let (calls, faults) = (proxy.calls(), proxy.counts());
    proxy.settle();
    let mut wrong = Vec::new();
    for member in &mut members {
        wrong.extend(yard.deliver_the_rest(member)?);
    }
    drop(process);

    let central = start_central(&runtime, &books_folder, port)?;
    let books = central.books().dealer(dealer);
    for member in &mut members {
        wrong.extend(yard.end_cleanly(&runtime, &books, &place, member)?);
        wrong.extend(same_documents(&runtime, &books, &member.agent)?);
    }
    let log = yard
        .log
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let told: Vec<&Told> = members.iter().map(|member| &member.told).collect();
    let mut verdict = runtime.block_on(judge_books(&books, &told, &log))?;
    verdict.faults.extend(wrong);
    let submissions = yard.stored.into_inner();
    if submissions < config.submissions {
        let (wanted, time) = (config.submissions, config.time);
        let text = format!("only {submissions} of {wanted} submissions within {time:?}");
        verdict.faults.push(text);
    }
    runtime.block_on(central.shutdown())?;
    Ok(ChaosReport {
        submissions,
        calls,
        faults,
        kills,
        kills_in_flight,
        took: begun.elapsed(),
        verdict,
    })
}

fn start_central(runtime: &Runtime, folder: &Path, port: u16) -> Result<CentralHandle, CrashError> {
    let config = central::config(folder, port);
    Ok(runtime.block_on(Central::start(config))?)
}

/// Where agents are made.
struct Place<'a> {
    folder: &'a Path,
    url: String,
    authority_pem: &'a str,
    /// How many seconds agents wait for an answer.
    patience: u32,
}

impl Place<'_> {
    fn site_file(&self, folder: &Path) -> Result<SiteFile, CrashError> {
        let path = folder.join("site.toml");
        std::fs::write(folder.join("ca.pem"), self.authority_pem).map_err(CrashError::Folder)?;
        let text = format!(
            "format = 1\n[central]\nca_file = \"ca.pem\"\n\
             connect_timeout_seconds = 10\nanswer_timeout_seconds = {}\n",
            self.patience
        );
        std::fs::write(&path, text).map_err(CrashError::Folder)?;
        Ok(SiteFile::read(&path)?)
    }
}

impl Yard<'_> {
    /// Makes a site with its printer and an agent that is enrolled there.
    fn enrol(
        &self,
        runtime: &Runtime,
        books: &DealerBooks,
        place: &Place<'_>,
        number: usize,
    ) -> Result<Member, CrashError> {
        let settings = Settings {
            targets: vec![self.fleet.address(number).ip().to_string()],
            port: self.fleet.port(),
            timeout_millis: 2_000,
            retries: 2,
            datagrams_per_second: 5_000,
            sleep_seconds: 0,
            ..Settings::default()
        };
        settings.check()?;
        let code = runtime.block_on(async {
            let account = books.create_account(&format!("Customer {number}")).await?;
            let site = books.create_site(&account, "Office", "UTC").await?;
            books.set_settings(site, &settings, "the chaos run").await?;
            let hour = Duration::from_secs(3_600);
            books
                .create_enrolment_code(site, &place.url, now(), hour)
                .await
        })?;
        let folder = place.folder.join(format!("agent-{number}"));
        std::fs::create_dir_all(&folder).map_err(CrashError::Folder)?;
        let mut agent = self.open(&folder, place)?;
        agent.enrol(&code.to_text()?)?;
        let told = Told::new(agent.id());
        Ok(Member { agent, told })
    }

    fn open(&self, folder: &Path, place: &Place<'_>) -> Result<Agent, CrashError> {
        let site = place.site_file(folder)?;
        Ok(match self.config.mutation {
            Some(Mutation::Receipts) => {
                let files = DiskFiles::open(&folder.join("journal"), Disk::NoReceipts);
                let files = Arc::new(files.map_err(CrashError::Folder)?);
                Agent::open_with_options(folder, site, |options| options.journal(files))?
            }
            _ => Agent::open(folder, site)?,
        })
    }

    /// Lets a device print, and notes what it serves from now on.
    fn note(&self, device: usize, sides: u32) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.note(self.fleet, device, sides);
    }

    /// Agents at work on a bad line, and Central killed again and again. Answers the Central that is left,
    /// and how often it was killed.
    fn let_it_happen<'p>(
        &self,
        members: &mut [Member],
        proxy: &Proxy,
        process: CentralProcess<'p>,
    ) -> Result<(CentralProcess<'p>, u64, u64), CrashError> {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..)
                .zip(members)
                .map(|(number, member)| scope.spawn(move || self.work(number, member)))
                .collect();
            let killer = scope.spawn(|| self.kill_again_and_again(proxy, process));
            let mut ended = Ok(());
            for thread in threads {
                let result = thread.join().unwrap_or(Ok(()));
                ended = ended.and(result);
            }
            // Whoever waits for submissions that never come waits for ever.
            self.stored
                .fetch_max(self.config.submissions, Ordering::Relaxed);
            let killed = killer.join();
            ended?;
            killed.unwrap_or_else(|_| Err(CrashError::Process(std::io::Error::other("the killer"))))
        })
    }

    fn is_done(&self) -> bool {
        self.stored.load(Ordering::Relaxed) >= self.config.submissions
            || Instant::now() >= self.deadline
    }

    /// Passes of one agent, whatever becomes of what they deliver.
    fn work(&self, number: usize, member: &mut Member) -> Result<(), CrashError> {
        let mut chance = Chance::fork(self.config.seed, number as u64);
        while !self.is_done() {
            self.note(number, 1 + u32::try_from(chance.below(9)).unwrap_or(0));
            self.pass(member)?;
        }
        Ok(())
    }

    fn pass(&self, member: &mut Member) -> Result<Delivery, CrashError> {
        let told = &mut member.told;
        let mut stored = 0;
        let summary = Pass::new(&mut member.agent, &Definitions::builtin()).run(
            &Cancel::new(),
            &mut |event| {
                self.fleet.keep_up(&event);
                if let PassEvent::Stored { numbers, audits } = event {
                    told.stored(numbers.0, audits);
                    stored += 1;
                }
            },
        )?;
        self.stored.fetch_add(stored, Ordering::Relaxed);
        Ok(summary.delivery)
    }

    /// Kills Central, if it can be with calls on their way, and starts it again.
    fn kill_again_and_again<'p>(
        &self,
        proxy: &Proxy,
        mut process: CentralProcess<'p>,
    ) -> Result<(CentralProcess<'p>, u64, u64), CrashError> {
        let mut chance = Chance::fork(self.config.seed, u64::MAX - 1);
        let (mut kills, mut in_flight) = (0, 0);
        loop {
            let until = Instant::now() + Duration::from_millis(LIFE.0 + chance.below(LIFE.1));
            while Instant::now() < until {
                if self.is_done() {
                    return Ok((process, kills, in_flight));
                }
                thread::sleep(Duration::from_millis(5));
            }
            let patience = Instant::now() + FOR_A_CALL;
            while proxy.in_flight() == 0 && Instant::now() < patience {
                thread::yield_now();
            }
            // Somewhere in the midst of what it does for them.
            thread::sleep(Duration::from_micros(chance.below(4_000)));
            in_flight += u64::from(proxy.in_flight() > 0);
            process.kill()?;
            kills += 1;
            thread::sleep(Duration::from_millis(chance.below(AWAY_MILLIS)));
            process.start_again()?;
        }
    }

    /// Passes on a good line until nothing waits.
    fn deliver_the_rest(&self, member: &mut Member) -> Result<Option<String>, CrashError> {
        let mut last = None;
        for _ in 0..LAST_PASSES {
            match self.pass(member)? {
                Delivery::Complete => return Ok(None),
                other => last = Some(other),
            }
        }
        let id = member.told.id;
        Ok(Some(format!(
            "agent {id}: nothing goes wrong any more, and still {last:?}"
        )))
    }

    /// Opens an agent anew with nothing but its journal: what has its receipt is not sent again.
    fn end_cleanly(
        &self,
        runtime: &Runtime,
        books: &DealerBooks,
        place: &Place<'_>,
        member: &mut Member,
    ) -> Result<Vec<String>, CrashError> {
        let id = member.told.id;
        let before = runtime.block_on(repeats(books, id))?;
        let folder = member.agent.folder().to_owned();
        // The store is let go of before it is opened again.
        let spare = place.folder.join("spare");
        std::fs::create_dir_all(&spare).map_err(CrashError::Folder)?;
        member.agent = self.open(&spare, place)?;
        // The index remembers receipts too, and is a cache: the journal alone must know them.
        let _ = std::fs::remove_dir_all(folder.join("index"));
        member.agent = self.open(&folder, place)?;
        let end = self.pass(member)?;
        let mut faults = Vec::new();
        if end != Delivery::Complete {
            faults.push(format!("agent {id}: its last pass ended {end:?}"));
        }
        let again = runtime.block_on(repeats(books, id))? - before;
        if again > 0 {
            faults.push(format!(
                "agent {id}: {again} submissions that had their receipt were sent again"
            ));
        }
        Ok(faults)
    }
}

/// Holds an agent's own audits against Central's rows, document by document.
fn same_documents(
    runtime: &Runtime,
    books: &DealerBooks,
    agent: &Agent,
) -> Result<Vec<String>, CrashError> {
    let id: AgentId = agent.id();
    let mut faults = Vec::new();
    for stored in agent.store().audits() {
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => {
                faults.push(format!(
                    "agent {id}: an audit of its store cannot be read: {error}"
                ));
                continue;
            }
        };
        let audit = stored.audit.id;
        match runtime.block_on(books.audit_document(audit)) {
            Ok(booked) if booked == stored.audit => {}
            Ok(_) => faults.push(format!("agent {id}: audit {audit} is another in the books")),
            Err(error) => faults.push(format!("agent {id}: audit {audit} is not booked: {error}")),
        }
    }
    Ok(faults)
}
