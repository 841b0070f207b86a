use super::*;
use crate::{Agent, Clocks, ReplayIds, SiteFile, agent_version, replay};
use pagetally_model::{
    ChangeKind, Exactness, MatchedBy, PASS_FORMAT, PassReport, PassStats, ReplacementKind, Source,
};
use pagetally_printer_mib::Definitions;
use pagetally_store::{PassBatch, SigningContext};
use tempfile::TempDir;

/// A printer as a recording would have it.
struct Printer {
    serial: &'static str,
    life: u64,
    toner: u8,
    row: u32,
}

impl Printer {
    fn audit(&self, address: &str) -> DeviceAudit {
        let Self {
            serial,
            life,
            toner,
            row,
        } = self;
        let mut lines = "1.3.6.1.2.1.1.1.0|4|ACME Printer 9\n\
             1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
             1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Printer 9\n"
            .to_owned();
        if !serial.is_empty() {
            lines += &format!("1.3.6.1.2.1.43.5.1.1.17.1|4|{serial}\n");
        }
        lines += &format!(
            "1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
             1.3.6.1.2.1.43.10.2.1.4.1.1|65|{life}\n\
             1.3.6.1.2.1.43.11.1.1.4.1.{row}|2|3\n\
             1.3.6.1.2.1.43.11.1.1.5.1.{row}|2|3\n\
             1.3.6.1.2.1.43.11.1.1.6.1.{row}|4|Black Toner\n\
             1.3.6.1.2.1.43.11.1.1.7.1.{row}|2|19\n\
             1.3.6.1.2.1.43.11.1.1.8.1.{row}|2|100\n\
             1.3.6.1.2.1.43.11.1.1.9.1.{row}|2|{toner}\n"
        );
        let ids = ReplayIds::fresh(&Clocks::start().expect("random")).expect("random");
        let mut audit = replay(lines.as_bytes(), &ids, &Definitions::builtin()).expect("valid");
        audit.address = Some(format!("{address}:161").parse().expect("an address"));
        audit
    }
}

fn printer(serial: &'static str, life: u64, toner: u8) -> Printer {
    Printer {
        serial,
        life,
        toner,
        row: 1,
    }
}

struct Site {
    agent: Agent,
    _folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let agent = Agent::open(&folder.path().join("agent"), SiteFile::default()).expect("new");
        Self {
            agent,
            _folder: folder,
        }
    }

    /// What a pass does with what it read.
    fn pass(&self, mut audits: Vec<DeviceAudit>) -> Vec<DeviceAudit> {
        hold_against_history(self.agent.store(), &mut audits);
        for audit in &audits {
            assert_eq!(audit.check_sources(), Ok(()));
        }
        let clocks = self.agent.clocks();
        let report = PassReport {
            format: PASS_FORMAT,
            id: audits[0].pass,
            started: clocks.now(),
            settings_version: 0,
            agent_version: agent_version(),
            observations: Vec::new(),
            notices: Vec::new(),
            stats: PassStats::default(),
        };
        let context = SigningContext {
            agent: self.agent.id(),
            key: &self.agent.identity().signing,
            now: clocks.wall(),
        };
        let batch = PassBatch {
            audits: audits.clone(),
            report,
        };
        self.agent
            .store()
            .commit_pass(batch, &context)
            .expect("durable");
        audits
    }
}

#[test]
fn a_toner_replaced_between_two_passes_stays_known_in_the_passes_after() {
    let site = Site::new();
    let at = "192.0.2.7";
    let first = site
        .pass(vec![printer("SN-4711", 100, 2).audit(at)])
        .remove(0);
    assert_eq!(first.comparison, None);
    let second = site
        .pass(vec![printer("SN-4711", 120, 100).audit(at)])
        .remove(0);
    let comparison = second.comparison.as_ref().expect("compared");
    assert_eq!(comparison.earlier.audit, first.id);
    assert_eq!(comparison.matched_by, MatchedBy::Serial);
    let replaced = second.supplies[0].replaced.expect("seen");
    assert_eq!(replaced.what, ReplacementKind::RefilledOrReplaced);
    assert_eq!(replaced.exactness, Exactness::Estimated);
    // The third pass reads the device under another address, and in another row of its table.
    let moved = Printer {
        row: 30,
        ..printer("SN-4711", 130, 99)
    };
    let third = site.pass(vec![moved.audit("192.0.2.200")]).remove(0);
    assert_eq!(third.supplies[0].place, first.supplies[0].place);
    assert_eq!(third.supplies[0].replaced, Some(replaced));
    let changes = &third.comparison.as_ref().expect("compared").changes;
    let changes: Vec<ChangeKind> = changes.iter().map(|change| change.what).collect();
    assert_eq!(
        changes,
        [ChangeKind::AddressChanged, ChangeKind::SupplyMoved]
    );
}

#[test]
fn a_counter_that_fell_is_told_with_what_was_read_before() {
    let site = Site::new();
    let first = site
        .pass(vec![printer("SN-4711", 96_506, 58).audit("192.0.2.7")])
        .remove(0);
    let second = site
        .pass(vec![printer("SN-4711", 49_241, 57).audit("192.0.2.7")])
        .remove(0);
    let [found] = second.contradictions.as_slice() else {
        panic!("{:?}", second.contradictions);
    };
    assert_eq!(found.rule.as_str(), "counters never fall");
    let Some(Source::Compared { earlier, .. }) = &found.source else {
        panic!("{found:?}");
    };
    assert_eq!(earlier.audit, first.id);
}

#[test]
fn two_printers_that_swap_addresses_are_not_each_other() {
    let site = Site::new();
    let (one, other) = ("192.0.2.116", "192.0.2.90");
    site.pass(vec![
        printer("SN-4711", 96_506, 3).audit(one),
        printer("SN-0815", 49_240, 100).audit(other),
    ]);
    let now = site.pass(vec![
        printer("SN-0815", 49_241, 99).audit(one),
        printer("SN-4711", 96_507, 2).audit(other),
    ]);
    for audit in now {
        assert!(audit.comparison.is_some());
        assert_eq!(audit.contradictions, []);
        assert_eq!(audit.supplies[0].replaced, None);
    }
}

#[test]
fn a_printer_that_takes_over_an_address_is_not_the_one_before_it() {
    let site = Site::new();
    site.pass(vec![printer("SN-4711", 96_506, 3).audit("192.0.2.7")]);
    for serial in ["SN-0815", ""] {
        let now = site
            .pass(vec![printer(serial, 40, 100).audit("192.0.2.7")])
            .remove(0);
        assert_eq!(now.comparison, None, "{serial:?}");
        assert_eq!(now.contradictions, []);
        assert!(now.supplies[0].place.is_some());
    }
}

#[test]
fn devices_that_offer_nothing_better_are_told_by_model_and_address() {
    let site = Site::new();
    site.pass(vec![printer("", 100, 50).audit("192.0.2.7")]);
    let now = site
        .pass(vec![printer("", 90, 50).audit("192.0.2.7")])
        .remove(0);
    let comparison = now.comparison.as_ref().expect("compared");
    assert_eq!(comparison.matched_by, MatchedBy::Address);
    assert_eq!(now.contradictions.len(), 1);
}

#[test]
fn a_card_that_was_another_devices_before_is_a_contradiction_once() {
    let site = Site::new();
    let with_card = |serial| {
        let mut audit = printer(serial, 100, 50).audit("192.0.2.7");
        audit.identity.mac = Some(Text::clean("00:1b:a9:01:02:03"));
        let source = audit.identity.sources["serial"].clone();
        audit.identity.sources.insert("mac", source);
        audit
    };
    site.pass(vec![with_card("SN-4711")]);
    let second = site.pass(vec![with_card("SN-0815")]).remove(0);
    let rules: Vec<&str> = second
        .contradictions
        .iter()
        .map(|c| c.rule.as_str())
        .collect();
    assert_eq!(rules, ["one network card, one serial"]);
    assert_eq!(second.comparison, None);
    let third = site.pass(vec![with_card("SN-0815")]).remove(0);
    assert_eq!(third.contradictions, []);
    assert!(third.comparison.is_some());
}
