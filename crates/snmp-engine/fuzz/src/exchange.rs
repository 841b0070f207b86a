//! One request with its retries: polled, answered, disturbed and put off in any order.

use super::bytes::Bytes;
use pagetally_snmp_engine::Version;
use pagetally_snmp_engine::exchange::{Exchange, ExchangeStep, Ignored, Retry};
use pagetally_snmp_engine::message::{Message, Request, RequestKind, Response};
use std::time::Duration;

const ID: u32 = 0x1234_5678;

/// It sends as often as it may and no more, never waits for the past, takes the right answer once
/// and nothing else ever.
pub(super) fn check(data: &[u8]) {
    let mut bytes = Bytes(data);
    let retry = Retry {
        timeout: Duration::from_millis(u64::from(bytes.octet()) + 1),
        retries: u32::from(bytes.octet() % 8),
    };
    let request = Request {
        version: Version::V2c,
        community: b"public",
        kind: RequestKind::Get,
        id: ID,
        names: &[],
    };
    let wait = Duration::from_millis(u64::from(bytes.octet()));
    let mut exchange = Exchange::new(request.encode(), ID, retry).first_wait(wait);
    let (mut now, mut sent, mut answered) = (Duration::ZERO, 0, false);
    while !bytes.is_empty() {
        match bytes.octet() % 5 {
            0 | 1 => match exchange.poll(now) {
                ExchangeStep::Send(datagram) => {
                    Message::decode(datagram).expect("our own request");
                    sent += 1;
                    assert!(sent <= retry.retries + 1, "sent {sent} times");
                }
                ExchangeStep::WaitUntil(time) => {
                    assert!(time > now, "a wait for the past");
                    now = time;
                }
                ExchangeStep::TimedOut => assert_eq!(sent, retry.retries + 1),
            },
            2 => now += Duration::from_millis(u64::from(bytes.octet())),
            3 if sent > 0 => {
                exchange.not_sent();
                sent -= 1;
            }
            3 => {}
            _ => {
                let datagram = answer(&mut bytes);
                let taken = exchange.handle_datagram(Version::V2c, b"public", &datagram);
                match taken.map(|message| message.request_id) {
                    Ok(id) => {
                        assert_eq!(id, i64::from(ID));
                        assert!(!answered && sent > 0, "an answer to nothing");
                        answered = true;
                    }
                    Err(Ignored::Duplicate) => assert!(answered),
                    Err(_) => {}
                }
            }
        }
        assert_eq!(exchange.sent(), sent);
    }
}

/// The right answer, or one that is wrong in one place, or noise.
fn answer(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let (kind, octet) = (bytes.octet(), bytes.octet());
    if kind % 8 == 7 {
        return bytes.octets(64).to_vec();
    }
    let mut datagram = Response {
        version: Version::V2c,
        community: b"public",
        id: i64::from(ID),
        error_status: 0,
        error_index: 0,
        varbinds: &[],
    }
    .encode();
    if kind % 8 > 2
        && let Some(place) = datagram.get_mut(usize::from(kind / 8))
    {
        *place = octet;
    }
    datagram
}
