//! `harness coverage`: what is read of which maker, and what proves it.

use anyhow::Context as _;
use pagetally_harness::coverage::page;
use pagetally_harness::score::Definitions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the page that says what is read of each maker, and what each reading rests on
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let page = page(&Definitions::builtin());
    match &args.output {
        Some(file) => std::fs::write(file, page)
            .with_context(|| format!("cannot write {}", file.display()))?,
        None => match std::io::stdout().lock().write_all(page.as_bytes()) {
            // A reader that has seen enough (`| head`) is no failure.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            result => result.context("writing the page")?,
        },
    }
    Ok(ExitCode::SUCCESS)
}
