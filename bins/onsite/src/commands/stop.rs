//! Ctrl-C and termination.

use pagetally_onsite::Cancel;

/// Lets Ctrl-C and SIGTERM stop what runs under the switch that this gives. A second one ends the
/// program at once: whoever asks twice does not want to wait.
pub(crate) fn on_signal() -> anyhow::Result<Cancel> {
    let cancel = Cancel::new();
    let switch = cancel.clone();
    ctrlc::set_handler(move || {
        if switch.is_cancelled() {
            std::process::exit(super::Exit::Interrupted as i32);
        }
        switch.cancel();
    })?;
    Ok(cancel)
}
