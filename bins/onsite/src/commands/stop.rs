//! Ctrl-C and termination.

use pagetally_onsite::Cancel;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What Ctrl-C and SIGTERM switch on.
#[derive(Debug)]
pub(crate) struct Stop {
    cancel: Cancel,
    wake: Sender<()>,
    woken: Receiver<()>,
}

/// Lets Ctrl-C and SIGTERM stop what runs under the switch that this gives. A second one ends the
/// program at once: whoever asks twice does not want to wait.
pub(crate) fn on_signal() -> anyhow::Result<Stop> {
    let cancel = Cancel::new();
    let switch = cancel.clone();
    let (wake, woken) = channel();
    let sender = wake.clone();
    ctrlc::set_handler(move || {
        if switch.is_cancelled() {
            std::process::exit(super::Exit::Interrupted as i32);
        }
        switch.cancel();
        // Nobody may be waiting.
        let _ = sender.send(());
    })?;
    Ok(Stop {
        cancel,
        wake,
        woken,
    })
}

impl Stop {
    /// The switch, for what runs.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// What ends a [`wait`](Self::wait) early, from any thread.
    pub(crate) fn waker(&self) -> impl Fn() + Send + 'static {
        let wake = self.wake.clone();
        move || {
            // Nobody may be waiting.
            let _ = wake.send(());
        }
    }

    /// Waits until `time` is over or somebody wakes it, and says whether somebody asked to stop,
    /// before or meanwhile.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        if !self.cancel.is_cancelled() {
            // Whoever woke it, and that nobody did, tells the same: look again.
            let _ = self.woken.recv_timeout(time);
        }
        self.cancel.is_cancelled()
    }
}
