//! A TCP port that printers listen on, as a further witness of addresses where no agent answered.
//!
//! Only where the site's own file allows it, and only after the sweep. A connection is opened and
//! closed again without a byte of data, because whatever is sent to port 9100 is printed. IPP's port
//! 631 comes first, and where it is open no other is tried: some old print servers take a bare connection to 9100 for a
//! job, hold up the queue for it or feed a page.

use crate::discovery::Discovered;
use crate::observe::Account;
use pagetally_model::{Outcome, Timestamp, Witness};
use pagetally_snmp::Cancel;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The most addresses of one pass that are tried; beyond, they stay silent.
const MAX_ADDRESSES: usize = 4_096;

/// How many connections are opened in a second at most, whatever pace the settings allow.
const PER_SECOND: u32 = 50;

/// How many may be under way: each waits for its timeout where nobody answers.
const AT_ONCE: usize = 32;

/// How to look.
pub(crate) struct TcpWitness<'a> {
    /// The ports, in the order in which they are tried.
    pub(crate) ports: &'a [u16],
    /// How long to wait for a connection.
    pub(crate) timeout: Duration,
    /// The slowest pace that the settings allow, in datagrams a second.
    pub(crate) rate: u32,
    /// Stops it.
    pub(crate) cancel: &'a Cancel,
}

impl TcpWitness<'_> {
    /// Looks at every address where no agent answered, and says of which a port was open. `touch` is
    /// told each connection that is tried.
    pub(crate) fn look(
        &self,
        found: &mut Discovered,
        now: &dyn Fn() -> Timestamp,
        touch: &mut (dyn FnMut(SocketAddr) + Send),
    ) {
        if self.ports.is_empty() {
            return;
        }
        let mut account = Account::default();
        for observation in std::mem::take(&mut found.observations) {
            account.add(observation);
        }
        let addresses: Vec<Ipv4Addr> = account.unheard_v4().take(MAX_ADDRESSES).collect();
        for (address, port) in self.open_ports(&addresses, touch) {
            let outcome = Outcome::PrinterPortOpen { port };
            account.correct(address, outcome, Witness::TcpConnection, now());
        }
        found.observations = account.into_observations();
    }

    fn open_ports(
        &self,
        addresses: &[Ipv4Addr],
        touch: &mut (dyn FnMut(SocketAddr) + Send),
    ) -> Vec<(Ipv4Addr, u16)> {
        let turns = Mutex::new(Turns {
            left: addresses.iter(),
            next: Instant::now(),
            pause: Duration::from_secs(1) / self.rate.clamp(1, PER_SECOND),
            touch,
        });
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..AT_ONCE.min(addresses.len()))
                .map(|_| scope.spawn(|| self.work(&turns)))
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_default())
                .collect()
        })
    }

    fn work(&self, turns: &Mutex<Turns<'_>>) -> Vec<(Ipv4Addr, u16)> {
        let mut open = Vec::new();
        while !self.cancel.is_cancelled() {
            let Some(address) = turns
                .lock()
                .ok()
                .and_then(|mut turns| turns.left.next().copied())
            else {
                break;
            };
            let port = self.ports.iter().find(|port| {
                let at = SocketAddr::from((address, **port));
                wait_for_turn(turns, at);
                !self.cancel.is_cancelled()
                    // Dropped at once: closed, without a byte.
                    && TcpStream::connect_timeout(&at, self.timeout).is_ok()
            });
            open.extend(port.map(|port| (address, *port)));
        }
        open
    }
}

/// What the workers share.
struct Turns<'a> {
    left: std::slice::Iter<'a, Ipv4Addr>,
    next: Instant,
    pause: Duration,
    touch: &'a mut (dyn FnMut(SocketAddr) + Send),
}

fn wait_for_turn(turns: &Mutex<Turns<'_>>, address: SocketAddr) {
    let Ok(mut turns) = turns.lock() else {
        return; // Another worker panicked: its pass ends with it.
    };
    let own = turns.next.max(Instant::now());
    turns.next = own + turns.pause;
    (turns.touch)(address);
    drop(turns);
    std::thread::sleep(own.saturating_duration_since(Instant::now()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::Observation;
    use std::io::Read;
    use std::net::{IpAddr, TcpListener};

    fn unheard(last: u8, outcome: Outcome, witness: Witness) -> Observation {
        let address = IpAddr::from([127, 95, 7, last]);
        Observation {
            first: address,
            last: address,
            name: None,
            outcome,
            witness,
            at: Timestamp::from_unix_millis(1),
        }
    }

    fn look(found: &mut Discovered, ports: &[u16], cancel: &Cancel) -> Vec<SocketAddr> {
        let mut touched = Vec::new();
        TcpWitness {
            ports,
            timeout: Duration::from_millis(500),
            rate: 1_000,
            cancel,
        }
        .look(found, &|| Timestamp::from_unix_millis(9), &mut |address| {
            touched.push(address)
        });
        touched
    }

    fn found() -> Discovered {
        Discovered {
            observations: vec![
                unheard(1, Outcome::Silent, Witness::NoAnswer),
                unheard(2, Outcome::PortClosed, Witness::System),
                unheard(
                    3,
                    Outcome::OtherDevice { description: None },
                    Witness::SnmpV2c,
                ),
            ],
            ..Discovered::default()
        }
    }

    #[test]
    fn an_open_port_is_told_and_not_a_byte_is_sent_to_it() {
        let listener = TcpListener::bind("127.95.7.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let mut found = found();
        let touched = look(&mut found, &[port], &Cancel::new());
        let (mut stream, _) = listener.accept().expect("somebody came");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("closed");
        assert!(bytes.is_empty());
        assert_eq!(found.observations.len(), 3);
        let first = &found.observations[0];
        assert_eq!(first.outcome, Outcome::PrinterPortOpen { port });
        assert_eq!(first.witness, Witness::TcpConnection);
        assert_eq!(found.observations[1].outcome, Outcome::PortClosed);
        // Who answered over SNMP is not tried.
        assert_eq!(touched.len(), 2);
    }

    #[test]
    fn where_the_first_port_is_open_the_second_is_not_tried() {
        let first = TcpListener::bind("127.95.7.1:0").expect("a port");
        let port = first.local_addr().expect("bound").port();
        let second = TcpListener::bind("127.95.7.1:0").expect("a port");
        let other = second.local_addr().expect("bound").port();
        let touched = look(&mut found(), &[port, other], &Cancel::new());
        let at: SocketAddr = ([127, 95, 7, 1], other).into();
        assert!(!touched.contains(&at), "{touched:?}");
    }

    #[test]
    fn without_ports_or_once_stopped_nobody_is_tried() {
        assert!(look(&mut found(), &[], &Cancel::new()).is_empty());
        let stopped = Cancel::new();
        stopped.cancel();
        let mut found = found();
        assert!(look(&mut found, &[9], &stopped).is_empty());
        assert_eq!(found.observations[0].outcome, Outcome::Silent);
    }
}
