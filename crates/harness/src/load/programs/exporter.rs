//! `prometheus-snmp-exporter`: every printer is a scrape of a walk of everything, and no metric is made
//! of it. What the program costs from its start to its end is counted.

use crate::load::device::VARIABLES;
use crate::load::{Assignment, LoadError, Report};
use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Scrapes at the same time.
const SCRAPES: usize = 256;

/// How long the program may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program; dropping it ends it.
struct Exporter {
    child: Child,
    address: SocketAddr,
    _config: tempfile::NamedTempFile,
}

impl Exporter {
    fn start(assignment: &Assignment) -> io::Result<Self> {
        let mut config = tempfile::NamedTempFile::new()?;
        config.write_all(module(assignment).as_bytes())?;
        config.flush()?;
        // A port that was free a moment ago.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let child = Command::new("prometheus-snmp-exporter")
            .arg(format!("--config.file={}", config.path().display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let exporter = Self {
            child,
            address,
            _config: config,
        };
        let until = Instant::now() + PATIENCE;
        while let Err(error) = TcpStream::connect(address) {
            if Instant::now() > until {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(exporter)
    }

    fn scrape(&self, target: SocketAddr) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(
            stream,
            "GET /snmp?module=load&target={target} HTTP/1.0\r\nHost: localhost\r\n\r\n"
        )?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and is waited for all the same: only then its cost counts.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The configuration of version 0.21: one module, called `load`.
fn module(assignment: &Assignment) -> String {
    let mut text = format!(
        "load:\n  walk: [1.3.6.1]\n  max_repetitions: 62\n  retries: {}\n  timeout: {}ms\n",
        assignment.retries,
        assignment.timeout.as_millis()
    );
    // Writing to a string does not fail.
    let _ = match &assignment.v3 {
        None => write!(text, "  version: 2\n  auth:\n    community: public\n"),
        Some(user) => write!(
            text,
            "  version: 3\n  auth:\n    security_level: authPriv\n    username: {}\n    \
             auth_protocol: SHA\n    password: {}\n    priv_protocol: AES\n    priv_password: {}\n",
            user.name, user.auth, user.privacy
        ),
    };
    text
}

pub(super) fn read(assignment: &Assignment) -> Result<Report, LoadError> {
    let exporter = Exporter::start(assignment).map_err(LoadError::Client)?;
    let started = Instant::now();
    let targets = Mutex::new(assignment.targets());
    let had = Mutex::new(Vec::new());
    let scraper = || {
        loop {
            let next = targets.lock().map_or(None, |mut targets| targets.next());
            let Some(target) = next else {
                return;
            };
            let page = exporter.scrape(target).unwrap_or_default();
            if let Ok(mut had) = had.lock() {
                had.push(variables(&page));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..assignment.in_flight.min(SCRAPES) {
            scope.spawn(scraper);
        }
    });
    let mut report = Report {
        wall: started.elapsed(),
        ..Report::default()
    };
    for had in had.into_inner().unwrap_or_default().into_iter().flatten() {
        report.found += 1;
        report.complete += u64::from(had >= VARIABLES);
        report.variables += u64::try_from(had).unwrap_or(0);
    }
    drop(exporter);
    Ok(report)
}

/// `snmp_scrape_pdus_returned 474`.
fn variables(page: &str) -> Option<usize> {
    let values = page
        .lines()
        .filter_map(|line| line.strip_prefix("snmp_scrape_pdus_returned"));
    values
        .filter_map(|rest| rest.split_whitespace().last()?.parse().ok())
        .next()
}
