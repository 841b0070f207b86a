//! Ctrl-C and termination.

use pagetally_onsite::Cancel;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// What Ctrl-C and SIGTERM switch on.
#[derive(Debug)]
pub(crate) struct Stop {
    cancel: Cancel,
    signals: Receiver<()>,
}

/// Lets Ctrl-C and SIGTERM stop what runs under the switch that this gives. A second one ends the
/// program at once: whoever asks twice does not want to wait.
pub(crate) fn on_signal() -> anyhow::Result<Stop> {
    let cancel = Cancel::new();
    let switch = cancel.clone();
    let (sender, signals) = channel();
    ctrlc::set_handler(move || {
        if switch.is_cancelled() {
            std::process::exit(super::Exit::Interrupted as i32);
        }
        switch.cancel();
        // Nobody may be waiting.
        let _ = sender.send(());
    })?;
    Ok(Stop { cancel, signals })
}

impl Stop {
    /// The switch, for what runs.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Waits, and says whether somebody asked to stop, before or meanwhile.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        self.cancel.is_cancelled()
            || self.signals.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }
}
