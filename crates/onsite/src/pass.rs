//! One pass, in the order of the design: adopt settings, discover, read, seal and store; then
//! connect, authenticate, send, store the receipt, fetch newer settings.

use crate::agent::{Agent, AgentError, agent_version, one_line};
use crate::central::Central;
use crate::deliver::{self, Deliverer, Delivery};
use crate::discovery::{
    Discovered, Discovery, DiscoveryError, ReadCounts, new_pass_id, scan_config,
};
use crate::enrolment::{Enrolment, Quarantine};
use crate::known::Remembered;
use crate::manners::Manners;
use crate::privacy::Treater;
use crate::schedule::Quiet;
use crate::targets::{Network, TargetPlan, TargetSpec, TargetsError, ThisMachine};
use crate::traps::{DeviceTold, Told};
use crate::{Cancel, NoRandomness, PassEvent, Receiver, clock, history};
use pagetally_contract::Report;
use pagetally_model::{
    Observation, Outcome, PASS_FORMAT, PassId, PassReport, PassStats, Settings, Text, Timestamp,
    TrapNotice, Witness,
};
use pagetally_printer_mib::Definitions;
use pagetally_store::{PassBatch, SigningContext, StoreError, SubmissionInfo};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

/// How many of the store's problems one pass report tells; all of them are in the store.
const STORE_PROBLEMS_TOLD: usize = 100;

/// A pass that could not do its work. Whatever was durable before still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// The agent's own state.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// Somebody stopped it before anything was stored.
    #[error("the pass was stopped before anything was stored")]
    Cancelled,
    /// This machine cannot look for printers.
    #[error("this machine cannot look for printers")]
    Discovery(#[from] DiscoveryError),
    /// No random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store.
    #[error("the agent's store cannot be used")]
    Store(#[from] StoreError),
}

/// What a pass did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PassSummary {
    /// This pass.
    pub pass: PassId,
    /// The version of the settings that it ran under.
    pub settings_version: u64,
    /// How many audits were stored.
    pub audits: u64,
    /// The account of every address.
    pub observations: Vec<Observation>,
    /// What it cost.
    pub stats: PassStats,
    /// How the printers were read.
    pub reads: ReadCounts,
    /// The submissions that carry it.
    pub stored: Vec<SubmissionInfo>,
    /// How far the delivery came.
    pub delivery: Delivery,
    /// Numbers that got their receipt in this pass, earlier passes' among them.
    pub acknowledged: Vec<u64>,
    /// How many submissions still wait.
    pub waiting: u64,
    /// The version of newer settings, adopted at the next pass.
    pub new_settings: Option<u64>,
    /// Bytes of the envelopes that were sent and answered.
    pub bytes_sent: u64,
    /// How many audits were acknowledged, those of earlier passes included.
    pub audits_sent: u64,
    /// Bytes of the envelopes that they were in.
    pub audit_bytes: u64,
    /// Why the receiver did not take the pass.
    pub receiver_error: Option<Text>,
    /// Where it was quiet: until when. No device was asked and nothing was stored.
    pub quiet_until: Option<Timestamp>,
}

impl PassSummary {
    fn new(pass: PassId, settings_version: u64) -> Self {
        Self {
            pass,
            settings_version,
            audits: 0,
            observations: Vec::new(),
            stats: PassStats::default(),
            reads: ReadCounts::default(),
            stored: Vec::new(),
            delivery: Delivery::NotEnrolled,
            acknowledged: Vec::new(),
            waiting: 0,
            new_settings: None,
            bytes_sent: 0,
            audits_sent: 0,
            audit_bytes: 0,
            receiver_error: None,
            quiet_until: None,
        }
    }
}

/// One pass of an agent, to be set up and run.
pub struct Pass<'a> {
    agent: &'a mut Agent,
    definitions: Definitions,
    network: &'a dyn Network,
    receiver: Option<&'a mut dyn Receiver>,
    central: Option<&'a mut dyn Central>,
    told: Told,
}

impl<'a> Pass<'a> {
    /// A pass of `agent` on this machine's network.
    pub fn new(agent: &'a mut Agent, definitions: &Definitions) -> Self {
        Self {
            agent,
            definitions: definitions.clone(),
            network: &ThisMachine,
            receiver: None,
            central: None,
            told: Told::default(),
        }
    }

    /// Looks at nobody but the devices that told something, and says in its account what they told:
    /// the submission is then one that could not wait. Where none did, the pass is an ordinary one.
    #[must_use]
    pub fn for_told(mut self, told: Told) -> Self {
        self.told = told;
        self
    }

    /// Feeds another system as well.
    #[must_use]
    pub fn with_receiver(mut self, receiver: &'a mut dyn Receiver) -> Self {
        self.receiver = Some(receiver);
        self
    }

    /// Calls this Central instead of the one that the agent is enrolled with.
    #[must_use]
    pub fn with_central(mut self, central: &'a mut dyn Central) -> Self {
        self.central = Some(central);
        self
    }

    /// Resolves names and finds own networks through `network` instead of this machine.
    #[must_use]
    pub fn with_network(mut self, network: &'a dyn Network) -> Self {
        self.network = network;
        self
    }

    /// Runs it on the calling thread until it is done or `cancel` is switched on.
    ///
    /// Central away is no error: the summary's [`Delivery`] says so, the audits stay in the outbox,
    /// and the next pass delivers them. A pass that is stopped while it discovers stores nothing; one
    /// that is stopped while it delivers keeps what it has stored.
    ///
    /// In the site's quiet hours it asks no device, stores nothing but what devices told, and calls
    /// Central. Where
    /// quiet hours begin while it discovers, it stops asking: what was read until then is stored,
    /// whoever was not settled is told as not asked, and Central is called.
    ///
    /// # Errors
    ///
    /// [`PassError`] where the pass could not do its work at all.
    pub fn run(
        mut self,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(PassEvent),
    ) -> Result<PassSummary, PassError> {
        self.agent.replace_asked_keys()?;
        let settings = self.agent.settings()?;
        let quiet_until = quiet_until(&settings, self.agent.clocks().wall());
        if let Some(until) = quiet_until {
            on_event(PassEvent::Quiet { until });
        }
        if quiet_until.is_some() && self.told.is_empty() {
            let mut summary = PassSummary::new(new_pass_id()?, settings.version);
            summary.quiet_until = quiet_until;
            self.deliver(&settings, &mut summary, cancel, on_event)?;
            return Ok(summary);
        }
        let (batch, reads) = self.read(&settings, quiet_until, cancel, on_event)?;
        let mut summary = self.store(batch, on_event)?;
        summary.quiet_until = quiet_until;
        summary.reads = reads;
        self.deliver(&settings, &mut summary, cancel, on_event)?;
        Ok(summary)
    }

    /// Reads as [`run`](Self::run) does, and shows what it would store and send: nothing is stored, and
    /// nobody but the printers is called. What is remembered between passes of how to ask whom is kept.
    ///
    /// # Errors
    ///
    /// [`PassError`] as of [`run`](Self::run).
    pub fn dry_run(
        mut self,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(PassEvent),
    ) -> Result<Vec<Report>, PassError> {
        let settings = self.agent.settings()?;
        let quiet_until = quiet_until(&settings, self.agent.clocks().wall());
        if let Some(until) = quiet_until {
            on_event(PassEvent::Quiet { until });
            return Ok(Vec::new());
        }
        let (batch, _) = self.read(&settings, None, cancel, on_event)?;
        let made =
            self.agent
                .store()
                .preview_pass(batch, &self.signing(), self.agent.line()?.audits())?;
        Ok(made.into_iter().map(deliver::report).collect())
    }

    /// What a pass has read, as it may leave the site.
    fn read(
        &mut self,
        settings: &Settings,
        quiet_until: Option<Timestamp>,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(PassEvent),
    ) -> Result<(PassBatch, ReadCounts), PassError> {
        let begun = Instant::now();
        let pass = new_pass_id()?;
        let started = self.agent.clocks().now();
        // What was told is told on, also while nobody may be asked about it.
        let mut found = match quiet_until {
            Some(_) => Discovered::default(),
            None => self.discover(pass, settings, cancel, on_event)?,
        };
        if found.cancelled {
            return Err(PassError::Cancelled);
        }
        let mut notices = notices(std::mem::take(&mut self.told.devices), &found.observations);
        self.treat(&mut found, &mut notices)?;
        history::hold_against_history(self.agent.store(), &mut found.audits);
        found.observations.extend(self.of_the_store()?);
        found.stats.duration_millis = clock::millis(begun.elapsed());
        let report = PassReport {
            format: PASS_FORMAT,
            id: pass,
            started,
            settings_version: settings.version,
            agent_version: agent_version(),
            observations: found.observations,
            notices,
            stats: found.stats,
        };
        let audits = found.audits;
        Ok((PassBatch { audits, report }, found.reads))
    }

    fn signing(&self) -> SigningContext<'_> {
        SigningContext {
            agent: self.agent.id(),
            key: &self.agent.identity().signing,
            now: self.agent.clocks().wall(),
        }
    }

    fn discover(
        &self,
        pass: PassId,
        settings: &Settings,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(PassEvent),
    ) -> Result<Discovered, PassError> {
        let ceiling = self.agent.site().address_ceiling();
        let usable = Quiet::of(settings)
            .map_err(|error| one_line(&error))
            .and_then(|quiet| {
                let targets = self.targets(settings);
                let targets = targets.map_err(|error| one_line(&error))?;
                match targets.count() {
                    count if count > ceiling => Err(too_many(count, ceiling)),
                    _ => Ok((quiet, targets)),
                }
            });
        let (quiet, mut targets) = match usable {
            Ok(usable) => usable,
            Err(reason) => {
                on_event(PassEvent::TargetsUnusable {
                    reason: reason.clone(),
                });
                return Ok(self.nowhere_to_look(reason));
            }
        };
        let mut manners = Manners::begin(
            self.agent,
            self.network,
            settings,
            &quiet,
            pass,
            &mut targets,
            cancel,
        )?;
        let mut config = scan_config(settings);
        let elsewhere = &self.agent.site().answering_elsewhere;
        config.answers_from = elsewhere
            .iter()
            .map(|(asked, from)| (SocketAddr::new(*asked, settings.port), *from))
            .collect();
        let (cost, silent_time) = config.silent_sweep(targets.count());
        on_event(PassEvent::Started {
            pass,
            settings_version: settings.version,
            addresses: targets.count(),
            datagrams: cost.datagrams,
            silent_time,
        });
        let engines = self.agent.engines()?;
        let remembered = Remembered::open(self.agent.store().cache(), settings.full_read_every());
        let discovery = Discovery {
            targets: &targets,
            port: settings.port,
            config: &config,
            definitions: &self.definitions,
            clocks: self.agent.clocks(),
            pass,
            engines: Some(&engines),
            remembered: Some(&remembered),
        };
        let mut found = discovery.run(&manners.cancel(), &mut |event| {
            manners.take(&event);
            on_event(PassEvent::Discovery(event));
        })?;
        if let Err(error) = self.agent.keep_engines(&engines) {
            // What was read matters more; the engines are met anew.
            tracing::warn!(reason = %one_line(&error), "SNMPv3 engines are not remembered");
        }
        if let Some(until) = manners.end(&mut found, &targets)? {
            on_event(PassEvent::Quiet { until });
        }
        on_event(PassEvent::Swept {
            addresses: found.stats.addresses,
            printers: found.audits.len() as u64,
            reads: found.reads,
        });
        Ok(found)
    }

    fn targets(&self, settings: &Settings) -> Result<TargetPlan, TargetsError> {
        if !self.told.is_empty() {
            return Ok(self.told.plan.clone());
        }
        let spec = TargetSpec {
            includes: &settings.targets,
            extra: &self.agent.site().extra_targets,
            exclusions: &settings.exclusions,
        };
        TargetPlan::new(&spec, self.network)
    }

    /// Takes out what the site does not give away. What is stored, signed and sent is what is left.
    fn treat(&self, found: &mut Discovered, notices: &mut [TrapNotice]) -> Result<(), PassError> {
        let privacy = &self.agent.site().privacy;
        if !privacy.treats() {
            return Ok(());
        }
        let treater = Treater::new(privacy, self.agent.pseudonyms()?);
        for audit in &mut found.audits {
            treater.audit(audit);
        }
        found.observations = treater.observations(std::mem::take(&mut found.observations));
        treater.notices(notices);
        Ok(())
    }

    /// Settings whose targets cannot be used must not lock an agent out: it reports the reason as an
    /// observation and goes on to ask for better settings.
    fn nowhere_to_look(&self, reason: Text) -> Discovered {
        Discovered {
            observations: vec![Observation {
                first: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                last: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                name: Some(Text::clean("targets")),
                outcome: Outcome::Error { reason },
                witness: Witness::System,
                at: self.agent.clocks().wall(),
            }],
            ..Discovered::default()
        }
    }

    /// What happened to the store since the last pass, for Central to know: damage, and what it cost.
    fn of_the_store(&self) -> Result<Vec<Observation>, PassError> {
        let events = self.agent.store().untold_events()?;
        let told = events.into_iter().flat_map(|event| {
            let at = event.at;
            event.problems.into_iter().map(move |problem| (at, problem))
        });
        Ok(told
            .take(STORE_PROBLEMS_TOLD)
            .map(|(at, problem)| Observation {
                first: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                last: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                name: Some(Text::clean("store")),
                outcome: Outcome::Error {
                    reason: Text::clean(&problem),
                },
                witness: Witness::System,
                at,
            })
            .collect())
    }

    /// Makes the pass durable, then feeds the receiver.
    fn store(
        &mut self,
        batch: PassBatch,
        on_event: &mut dyn FnMut(PassEvent),
    ) -> Result<PassSummary, PassError> {
        let mut summary = PassSummary::new(batch.report.id, batch.report.settings_version);
        summary.audits = batch.audits.len() as u64;
        summary.observations.clone_from(&batch.report.observations);
        summary.stats = batch.report.stats;
        let for_receiver = self.receiver.is_some().then(|| batch.clone());
        summary.stored = self.agent.store().commit_pass_in_parts(
            batch,
            &self.signing(),
            self.agent.line()?.audits(),
        )?;
        if let (Some(first), Some(last)) = (summary.stored.first(), summary.stored.last()) {
            on_event(PassEvent::Stored {
                numbers: (first.number, last.number),
                audits: summary.audits,
            });
        }
        if let (Some(receiver), Some(batch)) = (self.receiver.as_mut(), for_receiver)
            && let Err(error) = receiver.receive(&batch.report, &batch.audits)
        {
            let reason = one_line(&*error);
            tracing::warn!(%reason, "the receiver did not take the pass");
            on_event(PassEvent::ReceiverFailed {
                reason: reason.clone(),
            });
            summary.receiver_error = Some(reason);
        }
        Ok(summary)
    }

    fn deliver(
        self,
        settings: &Settings,
        summary: &mut PassSummary,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(PassEvent),
    ) -> Result<(), PassError> {
        let enrolment = self.agent.enrolment()?;
        let mut own;
        let central: &mut dyn Central = match (self.central, &enrolment) {
            (Some(central), _) => central,
            (None, Some(enrolment)) => match self.agent.connect(enrolment) {
                Ok(link) => {
                    own = link;
                    &mut own
                }
                Err(error) => {
                    summary.waiting = self.agent.store().outbox()?.len() as u64;
                    summary.delivery = Delivery::Blocked {
                        reason: one_line(&error),
                    };
                    tell_end(summary, on_event);
                    return Ok(());
                }
            },
            (None, None) => {
                summary.waiting = self.agent.store().outbox()?.len() as u64;
                return Ok(());
            }
        };
        on_event(PassEvent::Connecting {
            central: central.address().to_owned(),
            waiting: self.agent.store().outbox()?.len() as u64,
        });
        let line = self.agent.line()?;
        let delivered = Deliverer {
            store: self.agent.store(),
            central,
            clocks: self.agent.clocks(),
            cancel,
            on_event,
            have_version: settings.version,
            was_gone: enrolment.as_ref().is_some_and(|known| known.gone.is_some()),
            quarantined: enrolment
                .as_ref()
                .and_then(|known| Some(known.quarantine?.last)),
            approved: self.agent.approved()?,
            line,
        }
        .run()?;
        if delivered.line != line {
            self.agent.keep_line(delivered.line)?;
        }
        if let Some(offset) = delivered.offset {
            self.agent.keep_offset(offset, delivered.central_time)?;
        }
        if let Some(enrolment) = enrolment {
            remember_standing(self.agent, &enrolment, &delivered)?;
        }
        summary.acknowledged = delivered.acknowledged;
        summary.new_settings = delivered.new_settings;
        summary.bytes_sent = delivered.bytes_sent;
        summary.audits_sent = delivered.audits_sent;
        summary.audit_bytes = delivered.audit_bytes;
        summary.waiting = self.agent.store().outbox()?.len() as u64;
        summary.delivery = delivered.end;
        tell_end(summary, on_event);
        Ok(())
    }
}

/// Keeps what Central said: of the agent, that it is gone, or what is in quarantine; of itself, that another
/// key is in force, or that it cannot open what it is sent.
fn remember_standing(
    agent: &Agent,
    enrolment: &Enrolment,
    delivered: &deliver::Outcome,
) -> Result<(), AgentError> {
    let now = agent.clocks().wall();
    let mut standing = enrolment.clone();
    let gone = delivered.end == Delivery::Gone;
    if gone != enrolment.gone.is_some() && (gone || delivered.offset.is_some()) {
        standing.gone = gone.then_some(now);
    }
    standing.quarantine = delivered.quarantined.map(|last| Quarantine {
        since: enrolment.quarantine.map_or(now, |known| known.since),
        last,
    });
    if let Some(announced) = delivered.announced
        && announced.key != enrolment.central_key
    {
        let (key, old_ends) = (announced.key.id(), announced.old_ends);
        tracing::info!(%key, %old_ends, "Central announced another key; everything is sealed to it from now on");
        standing.former_key = Some(enrolment.central_key);
        standing.central_key = announced.key;
    }
    if delivered.unopened {
        standing.unopened = enrolment.unopened.or(Some(now));
    } else if delivered.offset.is_some() {
        standing.unopened = None;
    }
    if standing == *enrolment {
        return Ok(());
    }
    agent.set_enrolment(&standing)
}

/// What was told, but by devices whose answer showed that they are excluded.
fn notices(devices: Vec<DeviceTold>, observations: &[Observation]) -> Vec<TrapNotice> {
    let excluded: Vec<IpAddr> = observations
        .iter()
        .filter(|row| matches!(row.outcome, Outcome::Excluded { .. }))
        .map(|row| row.first)
        .collect();
    let notices = devices.into_iter().flat_map(|device| device.notices);
    notices
        .filter(|notice| !excluded.contains(&notice.from))
        .collect()
}

/// Until when it is quiet at `now`. Quiet hours that make no sense are told with the targets.
fn quiet_until(settings: &Settings, now: Timestamp) -> Option<Timestamp> {
    Quiet::of(settings).ok()?.end(now)
}

fn too_many(count: u64, ceiling: u64) -> Text {
    Text::clean(&format!(
        "the settings name {count} addresses, and this site looks at no more than {ceiling}: name \
         fewer, or raise network.max_addresses in the site's own file"
    ))
}

fn tell_end(summary: &PassSummary, on_event: &mut dyn FnMut(PassEvent)) {
    let reason = match &summary.delivery {
        Delivery::Postponed { reason } | Delivery::Blocked { reason } => reason.clone(),
        Delivery::Gone => Text::clean("Central says that this agent is gone"),
        Delivery::Quarantined { .. } => Text::clean(
            "Central keeps them in quarantine, because this folder was restored from a backup or \
             copied. Nothing is lost. Ask the dealer for an enrolment code and enrol this agent anew",
        ),
        Delivery::Held { .. } => Text::clean(
            "the site's file wants them to be looked at first: onsite privacy show, then onsite privacy \
             approve",
        ),
        Delivery::Cancelled => Text::clean("stopped"),
        Delivery::Complete | Delivery::NotEnrolled => return,
    };
    on_event(PassEvent::NotDelivered {
        reason,
        waiting: summary.waiting,
    });
}
