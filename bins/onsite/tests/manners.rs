//! What `onsite run` owes the network, as a process: who is asked, who is not, and when.
#![cfg(target_os = "linux")]

mod common;

use common::site::{Office, fleet, settings, site_file, with_data};
use common::{Said, onsite, said};
use pagetally_model::{Settings, Text};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

#[test]
fn touched_lists_every_address_that_was_sent_anything_and_none_that_is_excluded() {
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 21, 1]);
    let settings = Settings {
        targets: vec!["127.94.21.1-20".to_owned()],
        exclusions: vec!["127.94.21.2".to_owned(), "127.94.21.8-9".to_owned()],
        ..settings(&fleet)
    };
    let office = Office::new(&runtime, &settings);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let none = with_data("touched", data, &[]).ends_with(2);
    assert!(none.err.contains("no touched.log"), "{}", none.err);
    site_file(data);
    let site = std::fs::read_to_string(data.join("site.toml")).expect("readable");
    let site = format!("{site}[network]\nexclusions = [\"127.94.21.16/30\"]\n");
    std::fs::write(data.join("site.toml"), site).expect("writable");
    with_data("enrol", data, &[&office.code]).ends_with(0);
    with_data("run", data, &["--once"]).ends_with(0);

    let log = with_data("touched", data, &[]).ends_with(0);
    let addresses: Vec<&str> = log
        .out
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(words.len() == 4 && words[1] == "udp", "{line}");
            words[2]
        })
        .collect();
    let excluded = [2, 8, 9, 16, 17, 18, 19];
    let mut expected: Vec<String> = (1..=20)
        .filter(|last| !excluded.contains(last))
        .map(|last| format!("127.94.21.{last}:{}", fleet.port()))
        .collect();
    let mut listed: Vec<String> = addresses.iter().map(|a| (*a).to_owned()).collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(
        listed, expected,
        "each once, whether somebody is there or not"
    );

    let one = with_data("touched", data, &["127.94.21.20"]).ends_with(0);
    assert_eq!(one.out.lines().count(), 1);
    for never in ["127.94.21.2", "127.94.21.17", "127.94.22.1"] {
        let nobody = with_data("touched", data, &[never]).ends_with(1);
        assert_eq!(nobody.out, "");
    }
}

/// The site's time zone, and a pass for whom it is a given time of day there.
struct SiteClock(tempfile::TempDir);

const ZONE: &str = "Europe/Berlin";

impl SiteClock {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// `onsite run --once`, begun in this minute of the day there or up to ten seconds before it, and so ten
    /// seconds at least before its end: a zone file (RFC 9636) moves the zone, and nobody waits for an hour
    /// to come.
    fn run_at(&self, minute_of_day: i64, data: &Path) -> Said {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = i64::try_from(since.expect("after 1970").as_secs()).expect("small");
        let minute = (now + 10).div_euclid(60);
        let ahead = (minute_of_day - minute).rem_euclid(1_440);
        let offset = if ahead > 720 { ahead - 1_440 } else { ahead };
        let file = self.0.path().join(ZONE);
        std::fs::create_dir_all(file.parent().expect("Europe")).expect("a folder");
        let offset = i32::try_from(offset * 60).expect("half a day");
        std::fs::write(file, zone_file(offset)).expect("writable");
        let output = onsite()
            .args(["run", "--once", "--data"])
            .arg(data)
            .env("TZDIR", self.0.path())
            .output();
        said(output.expect("the program starts"))
    }
}

/// A zone that is always so many seconds ahead of UTC: one type of local time, no transition.
fn zone_file(offset: i32) -> Vec<u8> {
    let mut block = b"TZif2".to_vec();
    block.extend([0; 15]);
    // Indicators of UT, of standard time, leap seconds, transitions; types; octets of names.
    for count in [0_u32, 0, 0, 0, 1, 4] {
        block.extend(count.to_be_bytes());
    }
    block.extend(offset.to_be_bytes());
    block.extend([0, 0]);
    block.extend(b"HQT\0");
    // Once for readers of version 1, once for the others, and no rule for the years to come.
    let mut file = block.repeat(2);
    file.extend(b"\n\n");
    file
}

#[test]
fn a_pass_that_quiet_hours_cut_off_says_so_and_the_next_one_asks_the_others() {
    const NOON: i64 = 12 * 60;
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 22, 1]);
    let slow = Settings {
        time_zone: Text::clean(ZONE),
        targets: vec!["127.94.22.1-127.94.23.250".to_owned()],
        quiet_hours: vec!["12:00-13:00".to_owned()],
        // Minutes for all of them.
        datagrams_per_second: 2,
        sleep_seconds: 0,
        ..settings(&fleet)
    };
    let addresses = 255 + 251;
    let office = Office::new(&runtime, &slow);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    site_file(data);
    with_data("enrol", data, &[&office.code]).ends_with(0);
    let clock = SiteClock::new();

    // A machine that does not start a program within ten seconds is given another minute.
    let cut_off = [1, 2].into_iter().find_map(|before_noon| {
        let pass = clock.run_at(NOON - before_noon, data).ends_with(0);
        pass.out.contains("started").then_some(pass)
    });
    let cut_off = cut_off.expect("it starts within a minute");
    assert!(
        cut_off
            .out
            .contains("quiet hours   no device is asked anything until"),
        "{}",
        cut_off.out
    );
    assert!(cut_off.out.contains("acknowledged"), "{}", cut_off.out);
    let outcomes = |expected: u64| {
        runtime.block_on(async {
            let passes = office.books.passes(Some(office.site), 1).await;
            let pass = passes.expect("rows")[0].id;
            let counts = office.books.outcome_counts(pass).await.expect("rows");
            let all: u64 = counts.iter().map(|(_, count)| count).sum();
            assert_eq!(all, expected, "everybody is accounted for: {counts:?}");
            counts
        })
    };
    let count = |counts: &[(String, u64)], outcome: &str| {
        let found = counts.iter().find(|(word, _)| word == outcome);
        found.map_or(0, |(_, count)| *count)
    };
    let first = outcomes(addresses);
    let not_asked = count(&first, "not-asked");
    assert!((1..addresses).contains(&not_asked), "{first:?}");

    // In the quiet hours nobody is asked, and Central's newer settings are fetched.
    let asked = fleet.stats().received;
    let quick = Settings {
        datagrams_per_second: 5_000,
        subnet_datagrams_per_second: Some(5_000),
        ..slow
    };
    let set = office.books.set_settings(office.site, &quick, "test");
    runtime.block_on(set).expect("settings");
    let quiet = clock.run_at(NOON + 30, data).ends_with(0);
    assert!(quiet.out.contains("quiet hours"), "{}", quiet.out);
    assert!(quiet.out.contains("settings      version"), "{}", quiet.out);
    assert!(!quiet.out.contains("started"), "{}", quiet.out);
    assert_eq!(fleet.stats().received, asked);

    let next = clock.run_at(NOON + 120, data).ends_with(0);
    assert!(!next.out.contains("quiet hours"), "{}", next.out);
    let last = outcomes(addresses);
    assert_eq!(count(&last, "not-asked"), 0, "{last:?}");
    assert_eq!(count(&last, "printer-read"), 2, "{last:?}");
}
