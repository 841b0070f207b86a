//! Gathers what is told by device, until the device is to be read. Time is an argument.

use pagetally_model::{Text, Timestamp, TrapNotice, Witness};
use pagetally_printer_mib::{Definitions, notification_name, told_alert};
use pagetally_snmp::Heard;
use pagetally_snmp_engine::Version;
use pagetally_snmp_engine::trap::{Notification, Subject};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long a device may go on before it is read: it tells one thing in two versions, and a few
/// things at once.
pub(super) const GATHER: Duration = Duration::from_millis(250);

/// Ceiling on the devices that wait or are left alone after a reading: what the default limits let in
/// during the default minute, and a third more.
const MAX_DEVICES: usize = 4_096;

/// Ceilings on what is kept until a reading, of one device and of all: some 10 MB where somebody
/// fills every datagram.
const MAX_OF_ONE: usize = 16;
const MAX_IN_ALL: usize = 1_024;

/// The most devices of one reading: what a small site has, so that the first is not kept waiting for
/// the last of a large one.
const MAX_AT_ONCE: usize = 64;

/// A device that told something, and what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceTold {
    /// Where it told it from; the port says nothing.
    pub address: SocketAddr,
    /// What it told, in its order, repetitions counted.
    pub notices: Vec<TrapNotice>,
}

#[derive(Debug)]
struct Waiting {
    told: DeviceTold,
    /// When it may be read, or, where it told nothing since, be forgotten.
    due: Duration,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It waits, or is counted with one like it.
    Kept,
    /// The first of a device: somebody has to wake up.
    First,
    /// It is no reason to read anybody.
    Standard,
    /// A table is full.
    LeftOut,
}

#[derive(Debug)]
pub(crate) struct Inbox {
    read_again: Duration,
    devices: HashMap<(IpAddr, u32), Waiting>,
    notices: usize,
    /// Taken, and in no stored pass yet.
    in_hand: Vec<DeviceTold>,
    /// Whether something was told or settled since it was last looked at to be kept.
    is_changed: bool,
}

impl Inbox {
    pub(crate) fn new(read_again: Duration) -> Self {
        Self {
            read_again,
            devices: HashMap::new(),
            notices: 0,
            in_hand: Vec::new(),
            is_changed: false,
        }
    }

    /// Takes what was told before this program started: all of it is due.
    pub(crate) fn restore(&mut self, told: Vec<DeviceTold>) {
        for device in told {
            self.put_back(device, Duration::ZERO);
        }
    }

    /// Takes what was heard at `now`, `at` on the wall clock.
    pub(crate) fn add(
        &mut self,
        heard: &Heard,
        definitions: &Definitions,
        at: Timestamp,
        now: Duration,
    ) -> Added {
        if heard.notification.subject() == Subject::Standard {
            return Added::Standard;
        }
        let key = key(&heard.from);
        if !self.devices.contains_key(&key) && self.devices.len() >= MAX_DEVICES {
            self.devices
                .retain(|_, waiting| !waiting.told.notices.is_empty() || waiting.due > now);
            if self.devices.len() >= MAX_DEVICES {
                return Added::LeftOut;
            }
        }
        let waiting = self.devices.entry(key).or_insert_with(|| Waiting {
            told: DeviceTold {
                address: heard.from,
                notices: Vec::new(),
            },
            due: Duration::ZERO,
        });
        let notice = notice(&heard.notification, key.0, definitions, at);
        let notices = &mut waiting.told.notices;
        if let Some(known) = notices.iter_mut().find(|known| is_like(known, &notice)) {
            known.repeats = known.repeats.saturating_add(1);
            return Added::Kept;
        }
        if notices.len() >= MAX_OF_ONE || self.notices >= MAX_IN_ALL {
            return Added::LeftOut;
        }
        let is_first = notices.is_empty();
        notices.push(notice);
        self.notices += 1;
        self.is_changed = true;
        if is_first {
            waiting.due = waiting.due.max(now.saturating_add(GATHER));
            return Added::First;
        }
        Added::Kept
    }

    /// The devices that are to be read now, those that waited longest first. They are left alone for
    /// a while then, whatever they tell. What was taken before counts as settled.
    pub(crate) fn take_due(&mut self, now: Duration) -> Vec<DeviceTold> {
        self.settle();
        let mut due: Vec<_> = self
            .devices
            .iter()
            .filter(|(_, waiting)| !waiting.told.notices.is_empty() && waiting.due <= now)
            .map(|(key, waiting)| (waiting.due, *key))
            .collect();
        due.sort_unstable();
        due.truncate(MAX_AT_ONCE);
        let mut taken = Vec::with_capacity(due.len());
        for (_, key) in due {
            let Some(waiting) = self.devices.get_mut(&key) else {
                continue;
            };
            waiting.due = now.saturating_add(self.read_again);
            let notices = std::mem::take(&mut waiting.told.notices);
            self.notices = self.notices.saturating_sub(notices.len());
            taken.push(DeviceTold {
                address: waiting.told.address,
                notices,
            });
        }
        self.in_hand.clone_from(&taken);
        taken
    }

    /// What was taken last is in a stored pass, or nobody's business.
    pub(crate) fn settle(&mut self) {
        self.is_changed |= !self.in_hand.is_empty();
        self.in_hand.clear();
    }

    /// What was taken last and is not settled waits again, until its device may be read the next time.
    pub(crate) fn give_back(&mut self, now: Duration) {
        for device in std::mem::take(&mut self.in_hand) {
            self.put_back(device, now.saturating_add(self.read_again));
        }
    }

    /// Puts what was told earlier in front of what was told since.
    fn put_back(&mut self, device: DeviceTold, due: Duration) {
        let key = key(&device.address);
        if !self.devices.contains_key(&key) && self.devices.len() >= MAX_DEVICES {
            return;
        }
        let waiting = self.devices.entry(key).or_insert_with(|| Waiting {
            told: DeviceTold {
                address: device.address,
                notices: Vec::new(),
            },
            due,
        });
        let since = std::mem::replace(&mut waiting.told.notices, device.notices);
        self.notices = self.notices.saturating_sub(since.len());
        let notices = &mut waiting.told.notices;
        for later in since {
            match notices.iter_mut().find(|known| is_like(known, &later)) {
                Some(known) => {
                    known.repeats = known
                        .repeats
                        .saturating_add(later.repeats.saturating_add(1));
                }
                None => notices.push(later),
            }
        }
        let room = MAX_IN_ALL.saturating_sub(self.notices).min(MAX_OF_ONE);
        notices.truncate(room);
        self.notices += notices.len();
        self.is_changed = true;
    }

    /// Everything that is in no stored pass yet, if something was told or settled since this was asked
    /// the last time. Repetitions alone are no reason.
    pub(crate) fn take_unkept(&mut self) -> Option<Vec<DeviceTold>> {
        if !std::mem::take(&mut self.is_changed) {
            return None;
        }
        let waiting = self.devices.values().map(|waiting| &waiting.told);
        let all = self.in_hand.iter().chain(waiting);
        Some(
            all.filter(|told| !told.notices.is_empty())
                .cloned()
                .collect(),
        )
    }

    /// Has everything kept anew, where there is something: what was kept may have gone.
    pub(crate) fn keep_again(&mut self) {
        self.is_changed |= self.notices > 0 || !self.in_hand.is_empty();
    }

    /// When the next device is to be read.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let waiting = self.devices.values();
        let waiting = waiting.filter(|waiting| !waiting.told.notices.is_empty());
        waiting.map(|waiting| waiting.due).min()
    }
}

fn key(address: &SocketAddr) -> (IpAddr, u32) {
    let zone = match address {
        SocketAddr::V6(v6) => v6.scope_id(),
        SocketAddr::V4(_) => 0,
    };
    (address.ip().to_canonical(), zone)
}

fn notice(
    told: &Notification,
    from: IpAddr,
    definitions: &Definitions,
    at: Timestamp,
) -> TrapNotice {
    let is_alert = told.subject() == Subject::PrinterAlert;
    TrapNotice {
        at,
        from,
        witness: match told.version {
            Version::V1 => Witness::SnmpV1,
            Version::V2c => Witness::SnmpV2c,
            Version::V3 => Witness::SnmpV3,
        },
        trap: Text::clean(&told.trap.to_string()),
        name: notification_name(&told.trap).map(Text::from_static),
        repeats: 0,
        alert: is_alert
            .then(|| told_alert(&told.varbinds, definitions))
            .flatten(),
    }
}

/// Whether two notices tell the same.
fn is_like(known: &TrapNotice, other: &TrapNotice) -> bool {
    let row = |notice: &TrapNotice| {
        let alert = notice.alert.as_ref();
        alert.map(|alert| (alert.slot.clone(), alert.code, alert.severity))
    };
    known.trap == other.trap && row(known) == row(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_snmp_engine::trap::{NotificationKind, TrapConfig, TrapPdu, TrapReceiver};
    use pagetally_snmp_engine::{Oid, Value, VarBind};

    const PRINTER_ALERT: &str = "1.3.6.1.2.1.43.18.2.0.1";
    const VENDOR: &str = "1.3.6.1.4.1.11.2.3.9.0.1";

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    /// What a receiver tells of a trap with this name and row.
    fn heard(last: u8, trap: &str, row: u32) -> Heard {
        let varbinds = [VarBind {
            oid: oid("1.3.6.1.2.1.43.18.1.1.2.1").child(&[row]),
            value: Value::Integer(3),
        }];
        let bytes = TrapPdu {
            community: b"traps",
            kind: NotificationKind::Trap,
            id: 1,
            uptime: 1,
            trap: &oid(trap),
            varbinds: &varbinds,
        }
        .encode();
        let from = SocketAddr::from(([192, 0, 2, last], 50_000 + u16::from(last)));
        let mut receiver = TrapReceiver::new(TrapConfig {
            communities: vec![b"traps".to_vec()],
            ..TrapConfig::default()
        });
        let handled = receiver.handle_datagram(from, &bytes, Duration::ZERO);
        Heard {
            from,
            notification: handled.notification.expect("told"),
        }
    }

    fn add(inbox: &mut Inbox, heard: &Heard, now: Duration) -> Added {
        let at = Timestamp::from_unix_millis(1);
        inbox.add(heard, &Definitions::builtin(), at, now)
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_device_that_goes_on_telling_is_read_once_a_minute() {
        let mut inbox = Inbox::new(secs(60));
        let mut reads = Vec::new();
        // An hour of one trap each second.
        for second in 0..3_600 {
            let now = secs(second);
            add(&mut inbox, &heard(1, PRINTER_ALERT, 7), now);
            let taken = inbox.take_due(now + GATHER);
            reads.extend(taken.iter().map(|told| told.notices[0].repeats));
        }
        assert!((59..=61).contains(&reads.len()), "{} reads", reads.len());
        assert_eq!(reads[0], 0);
        assert!(reads[1..].iter().all(|more| (50..=61).contains(more)));
    }

    #[test]
    fn another_device_does_not_wait_for_the_first() {
        let mut inbox = Inbox::new(secs(60));
        assert_eq!(add(&mut inbox, &heard(1, VENDOR, 1), secs(0)), Added::First);
        assert_eq!(inbox.next_due(), Some(GATHER));
        assert_eq!(inbox.take_due(secs(0)), []);
        assert_eq!(inbox.take_due(GATHER).len(), 1);
        add(&mut inbox, &heard(1, VENDOR, 1), secs(1));
        add(&mut inbox, &heard(2, VENDOR, 1), secs(1));
        let taken = inbox.take_due(secs(2));
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].address.ip().to_string(), "192.0.2.2");
        assert_eq!(inbox.next_due(), Some(GATHER + secs(60)));
    }

    #[test]
    fn different_alerts_of_one_device_are_told_apart_and_equal_ones_counted() {
        let mut inbox = Inbox::new(secs(60));
        for row in [7, 8, 7, 7] {
            add(&mut inbox, &heard(1, PRINTER_ALERT, row), secs(0));
        }
        let [told] = &inbox.take_due(secs(1))[..] else {
            panic!("one device");
        };
        let notices: Vec<_> = told
            .notices
            .iter()
            .map(|n| (n.alert.as_ref().expect("a row").slot.to_string(), n.repeats))
            .collect();
        assert_eq!(notices, [("1.7".to_owned(), 2), ("1.8".to_owned(), 0)]);
        assert_eq!(told.notices[0].name, Some(Text::clean("printerV2Alert")));
        assert_eq!(told.notices[0].from, told.address.ip());
    }

    #[test]
    fn of_a_makers_trap_nothing_but_its_name_is_kept() {
        let mut inbox = Inbox::new(secs(60));
        add(&mut inbox, &heard(1, VENDOR, 1), secs(0));
        let taken = inbox.take_due(secs(1));
        assert_eq!(taken[0].notices[0].trap.as_str(), VENDOR);
        assert_eq!(taken[0].notices[0].alert, None);
    }

    #[test]
    fn what_every_agent_tells_is_no_reason_to_read_it() {
        // authenticationFailure, which our own sweep brings about.
        let mut inbox = Inbox::new(secs(60));
        let told = heard(1, "1.3.6.1.6.3.1.1.5.5", 1);
        assert_eq!(add(&mut inbox, &told, secs(0)), Added::Standard);
        assert_eq!(inbox.next_due(), None);
    }

    #[test]
    fn what_was_taken_and_not_stored_waits_again_before_what_was_told_since() {
        let mut inbox = Inbox::new(secs(60));
        add(&mut inbox, &heard(1, PRINTER_ALERT, 7), secs(0));
        assert_eq!(inbox.take_due(secs(1)).len(), 1);
        add(&mut inbox, &heard(1, PRINTER_ALERT, 8), secs(2));
        add(&mut inbox, &heard(1, PRINTER_ALERT, 7), secs(2));
        inbox.give_back(secs(3));
        assert_eq!(inbox.take_due(secs(60)), []);
        let [told] = &inbox.take_due(secs(64))[..] else {
            panic!("one device");
        };
        let rows = told.notices.iter();
        let rows: Vec<_> = rows
            .map(|n| (n.alert.as_ref().expect("a row").slot.to_string(), n.repeats))
            .collect();
        assert_eq!(rows, [("1.7".to_owned(), 1), ("1.8".to_owned(), 0)]);
        inbox.settle();
        inbox.give_back(secs(65));
        assert_eq!((inbox.notices, inbox.next_due()), (0, None));
    }

    #[test]
    fn all_that_no_stored_pass_has_is_take_unkept_and_is_due_after_a_restart() {
        let mut inbox = Inbox::new(secs(60));
        assert_eq!(inbox.take_unkept(), None);
        add(&mut inbox, &heard(1, PRINTER_ALERT, 7), secs(0));
        let taken = inbox.take_due(secs(1));
        add(&mut inbox, &heard(2, PRINTER_ALERT, 1), secs(1));
        let kept = inbox.take_unkept().expect("two");
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0], taken[0]);
        add(&mut inbox, &heard(2, PRINTER_ALERT, 1), secs(2));
        assert_eq!(inbox.take_unkept(), None, "a repetition");

        let mut next = Inbox::new(secs(60));
        next.restore(kept);
        assert_eq!(next.next_due(), Some(secs(0)));
        assert_eq!(next.take_due(secs(0)).len(), 2);

        inbox.settle();
        assert_eq!(inbox.take_unkept().expect("one").len(), 1);
    }

    #[test]
    fn what_is_put_back_keeps_to_the_ceilings() {
        let mut inbox = Inbox::new(secs(60));
        let alert = heard(1, PRINTER_ALERT, 1);
        let taken: Vec<DeviceTold> = (0..6_000_u32)
            .map(|device| {
                let mut one = Inbox::new(secs(60));
                let mut alert = alert.clone();
                alert.from = SocketAddr::from((std::net::Ipv4Addr::from(device), 1));
                add(&mut one, &alert, secs(0));
                one.take_due(secs(1)).remove(0)
            })
            .collect();
        inbox.restore(taken);
        assert_eq!(inbox.notices, MAX_IN_ALL);
        assert!(inbox.devices.len() <= MAX_DEVICES);
        let kept = inbox.take_unkept().expect("told");
        assert_eq!(kept.len(), MAX_IN_ALL);
    }

    #[test]
    fn tables_stop_at_their_ceilings_and_say_so() {
        let mut inbox = Inbox::new(secs(60));
        let mut left_out = 0;
        let mut told = heard(1, PRINTER_ALERT, 1);
        for device in 0..6_000_u32 {
            told.from = SocketAddr::from((std::net::Ipv4Addr::from(device), 1));
            left_out += u32::from(add(&mut inbox, &told, secs(0)) == Added::LeftOut);
        }
        assert_eq!(inbox.notices, MAX_IN_ALL);
        assert!(inbox.devices.len() <= MAX_DEVICES);
        assert_eq!(left_out, 6_000 - 1_024);
        assert_eq!(inbox.take_due(secs(1)).len(), MAX_AT_ONCE);
        let mut one = Inbox::new(secs(60));
        let added: Vec<Added> = (0..20)
            .map(|row| add(&mut one, &heard(1, PRINTER_ALERT, row), secs(0)))
            .collect();
        assert_eq!(added.iter().filter(|a| **a == Added::LeftOut).count(), 4);
    }
}
