//! What a pass owes the network besides its pace: quiet hours, who is left alone, the log of who was
//! not, further witnesses, and names that nobody waits for.

use crate::beside::Beside;
use crate::discovery::{Discovered, DiscoveryEvent};
use crate::observe;
use crate::rest::Resting;
use crate::schedule::Quiet;
use crate::targets::{Network, TargetPlan};
use crate::tcp_witness::TcpWitness;
use crate::touched::{TouchedLog, Transport};
use crate::{Agent, scan_config};
use pagetally_model::{PassId, Settings, Text, Timestamp};
use pagetally_snmp::Cancel;
use pagetally_store::StoreError;
use std::time::{Duration, Instant};

/// The manners of one discovery.
pub(crate) struct Manners<'a> {
    agent: &'a Agent,
    settings: &'a Settings,
    pass: PassId,
    /// What the caller stops the pass by.
    stop: &'a Cancel,
    /// What the discovery is stopped by: the same, or quiet hours that begin.
    cancel: Cancel,
    quiet: &'a Quiet,
    resting: Resting,
    touched: Option<TouchedLog>,
    beside: Beside<'a>,
}

impl<'a> Manners<'a> {
    /// Begins: takes out of `targets` who is to be left alone.
    pub(crate) fn begin(
        agent: &'a Agent,
        network: &'a dyn Network,
        settings: &'a Settings,
        quiet: &'a Quiet,
        pass: PassId,
        targets: &mut TargetPlan,
        stop: &'a Cancel,
    ) -> Result<Self, StoreError> {
        let now = agent.clocks().wall();
        let resting = Resting::load(agent.store())?;
        resting.leave_alone(targets, &network.neighbours(), sleep(settings), now);
        let touched = !agent.site().no_touched_log;
        Ok(Self {
            agent,
            settings,
            pass,
            stop,
            cancel: match quiet.next_begin(now).map(|begin| between(now, begin)) {
                Some(left) => stop.until(Instant::now() + left),
                None => stop.clone(),
            },
            quiet,
            resting,
            touched: touched.then(|| TouchedLog::open(agent.folder())),
            beside: Beside::new(network),
        })
    }

    /// What the discovery is stopped by.
    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Takes what happens in the discovery.
    pub(crate) fn take(&mut self, event: &DiscoveryEvent) {
        if let (DiscoveryEvent::Touched { address }, Some(log)) = (event, &mut self.touched) {
            log.note(
                self.agent.clocks().wall(),
                Transport::Udp,
                *address,
                self.pass,
            );
        }
        self.beside.take(event);
    }

    /// Ends: further witnesses, names, and what the next pass has to know. Says until when it is quiet,
    /// where quiet hours ended the discovery: what was read until then counts, and everybody who
    /// was not settled is told as not asked.
    pub(crate) fn end(
        mut self,
        found: &mut Discovered,
        targets: &TargetPlan,
    ) -> Result<Option<Timestamp>, StoreError> {
        let clocks = self.agent.clocks();
        let mut quiet_until = None;
        if found.cancelled && !self.stop.is_cancelled() {
            quiet_until = Some(self.quiet.end(clocks.wall()).unwrap_or(clocks.wall()));
            let reason = Text::clean("the site's quiet hours began");
            observe::fill(found, targets, &reason, clocks.wall());
        }
        if found.cancelled {
            return Ok(None);
        }
        if quiet_until.is_none() {
            let touched = &mut self.touched;
            TcpWitness {
                ports: &self.agent.site().tcp_witness_ports,
                timeout: Duration::from_millis(self.settings.timeout_millis),
                rate: scan_config(self.settings).subnet_rate(),
                cancel: &self.cancel,
            }
            .look(found, &|| clocks.wall(), &mut |address| {
                if let Some(log) = touched {
                    log.note(clocks.wall(), Transport::Tcp, address, self.pass);
                }
            });
        }
        self.beside.finish(found);
        self.resting.learn(
            found,
            targets,
            sleep(self.settings),
            self.agent.store(),
            clocks.wall(),
        )?;
        self.resting.save(self.agent.store())?;
        Ok(quiet_until)
    }
}

fn sleep(settings: &Settings) -> Duration {
    Duration::from_secs(settings.sleep_seconds)
}

fn between(now: Timestamp, then: Timestamp) -> Duration {
    let millis = then.unix_millis().saturating_sub(now.unix_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
