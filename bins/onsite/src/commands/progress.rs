//! A progress bar on a terminal, and nothing anywhere else.

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pagetally_onsite::DiscoveryEvent;
use std::io::IsTerminal;

/// Shows how far a sweep is.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar on stderr where both stderr and stdout are terminals: a pager behind a pipe owns the
    /// same screen.
    pub(crate) fn new(quiet: bool, addresses: u64) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let target = if shown {
            ProgressDrawTarget::term(Term::stderr(), 10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(addresses), target);
        let style = ProgressStyle::with_template(
            "{bar:30} {pos}/{len} addresses, {msg} {elapsed_precise} left {eta}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self(bar)
    }

    /// Takes what happened.
    pub(crate) fn show(&self, event: &DiscoveryEvent) {
        match event {
            DiscoveryEvent::Progress {
                probed,
                total,
                found,
                read,
            } => {
                self.0.set_length(*total);
                self.0.set_position(*probed);
                self.0.set_message(format!("{found} printers, {read} read"));
            }
            DiscoveryEvent::Read { address, name, .. } => {
                self.0.println(format!("  {} {name}", address.ip()));
            }
            DiscoveryEvent::SecondLook(look) => self.0.println(format!("  {look}")),
            _ => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.0.finish_and_clear();
    }
}
