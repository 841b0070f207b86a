//! `onsite touched`: every address that was sent anything.

use super::place::AgentPlace;
use super::{Exit, Failure};
use anyhow::{Context, anyhow};
use pagetally_onsite::touched_files;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};

/// List every address that was sent anything, the oldest first
///
/// A line holds the time, the transport, the address with its port, and the pass. They come from
/// touched.log in the agent's folder, which is plain text and bounded to 32 MiB; an agent that is at
/// work does not keep them from being read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  printed\n  \
    1  nothing was sent to that address, as far back as the log goes\n  \
    2  there is no log")]
pub(crate) struct Args {
    /// Only this address
    #[arg(value_name = "ADDRESS")]
    address: Option<IpAddr>,
    #[command(flatten)]
    place: AgentPlace,
}

/// No line is longer; what is, is no line of the log.
const MAX_LINE: u64 = 512;

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let folder = args.place.folder()?;
    let files = touched_files(&folder);
    if files.is_empty() {
        return Err(Failure::usage(anyhow!(
            "there is no touched.log in {}; name the agent's folder with --data, or see whether the \
             site's file switches it off",
            folder.display()
        )));
    }
    let mut out = std::io::stdout().lock();
    let mut lines = 0_u64;
    for path in files {
        let file = File::open(&path).with_context(|| path.display().to_string())?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            if read.with_context(|| path.display().to_string())? == 0 {
                break;
            }
            if args
                .address
                .is_some_and(|wanted| address(&line) != Some(wanted))
            {
                continue;
            }
            lines += 1;
            match out.write_all(&line) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Ok),
                other => other?,
            }
        }
    }
    Ok(if lines == 0 { Exit::Nothing } else { Exit::Ok })
}

fn address(line: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(line).ok()?;
    let address: SocketAddr = text.split(' ').nth(2)?.parse().ok()?;
    Some(address.ip())
}
