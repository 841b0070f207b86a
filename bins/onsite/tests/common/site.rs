//! An agent of a site with a Central and a fleet.
#![allow(dead_code, reason = "each test file uses a part of this")]

use super::{Said, onsite, said};
use pagetally_central::{Central, CentralConfig, CentralHandle};
use pagetally_fleet_sim::demo_fleet;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{Settings, Timestamp};
use std::net::Ipv4Addr;
use std::path::Path;
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

/// A Central with one site whose settings name `fleet`, and an enrolment code for it.
pub(crate) fn central(runtime: &Runtime, fleet: &Fleet) -> (CentralHandle, String) {
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
        let settings = Settings {
            targets: fleet
                .addresses()
                .iter()
                .map(|a| a.ip().to_string())
                .collect(),
            port: fleet.port(),
            ..Settings::default()
        };
        books
            .set_settings(site, &settings, "test")
            .await
            .expect("settings");
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let now = Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("small"));
        let url = format!("{}/soap", central.public_url());
        let hour = Duration::from_secs(3_600);
        let code = books
            .create_enrolment_code(site, &url, now, hour)
            .await
            .expect("a code");
        let text = code.to_text().expect("a code").to_string();
        (central, text)
    })
}
