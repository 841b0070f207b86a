//! An agent of a site with a Central and a fleet.
#![allow(dead_code, reason = "each test file uses a part of this")]

use super::{Said, onsite, said, signal};
use pagetally_central::{Central, CentralConfig, CentralHandle, DealerBooks};
use pagetally_fleet_sim::demo_fleet;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{Settings, SiteId, Timestamp};
use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

pub(crate) fn with_data(command: &str, data: &Path, args: &[&str]) -> Said {
    let output = onsite()
        .arg(command)
        .args(args)
        .arg("--data")
        .arg(data)
        .output()
        .expect("the program starts");
    said(output)
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.expect("after 1970").as_millis();
    Timestamp::from_unix_millis(i64::try_from(millis).expect("small"))
}

/// A site file that keeps an agent without settings from looking at this machine's own networks,
/// and lets it speak to a Central without TLS.
pub(crate) fn site_file(data: &Path) {
    std::fs::create_dir_all(data).expect("a folder");
    let text = "format = 1\n[central]\nallow_plain_http = true\n";
    std::fs::write(data.join("site.toml"), text).expect("writable");
}

pub(crate) fn fleet(base: [u8; 4]) -> Fleet {
    Fleet::start(FleetConfig {
        base: Ipv4Addr::from(base),
        ..FleetConfig::new(demo_fleet(7).into_iter().take(2).collect())
    })
    .expect("a fleet")
}

/// Settings that name the devices of `fleet` and nobody else.
pub(crate) fn settings(fleet: &Fleet) -> Settings {
    Settings {
        targets: fleet
            .addresses()
            .iter()
            .map(|a| a.ip().to_string())
            .collect(),
        port: fleet.port(),
        ..Settings::default()
    }
}

/// A Central with one site whose settings name `fleet`, and an enrolment code for it.
pub(crate) fn central(runtime: &Runtime, fleet: &Fleet) -> (CentralHandle, String) {
    let office = Office::new(runtime, &settings(fleet));
    (office.central, office.code)
}

/// A Central with one site.
pub(crate) struct Office {
    pub(crate) central: CentralHandle,
    /// What its dealer sees.
    pub(crate) books: DealerBooks,
    pub(crate) site: SiteId,
    /// An enrolment code for it.
    pub(crate) code: String,
}

impl Office {
    pub(crate) fn new(runtime: &Runtime, settings: &Settings) -> Self {
        runtime.block_on(async {
            let central = Central::start(CentralConfig::in_memory())
                .await
                .expect("it starts");
            let dealer = central
                .books()
                .create_dealer("Dealer")
                .await
                .expect("a dealer");
            let books = central.books().dealer(dealer);
            let account = books.create_account("Customer").await.expect("an account");
            let site = books
                .create_site(account, "Head office", "Europe/Berlin")
                .await
                .expect("a site");
            books
                .set_settings(site, settings, "test")
                .await
                .expect("settings");
            let url = central.soap_url();
            let hour = Duration::from_secs(3_600);
            let code = books
                .create_enrolment_code(site, &url, now(), hour)
                .await
                .expect("a code");
            let code = code.to_text().expect("a code").to_string();
            Self {
                central,
                books,
                site,
                code,
            }
        })
    }
}

/// `onsite run` at work. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Running {
    pub(crate) fn start(data: &Path) -> Self {
        let mut child = onsite()
            .args(["run", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            // Whoever listened may have gone.
            let mut lines = out.lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line).map_err(|_| ()))
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// The rest of the next line that begins so.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, beginning: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no {beginning:?} after\n{}", self.said.join("\n"));
            };
            let found = line
                .strip_prefix(beginning)
                .map(|rest| rest.trim().to_owned());
            self.said.push(line);
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Lets it end by itself.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        signal(&self.child, "TERM");
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{}", self.said.join("\n"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long this machine may take for anything here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
