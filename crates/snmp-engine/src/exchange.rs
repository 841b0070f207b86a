//! One request to one device, with its retries.

use crate::Version;
use crate::ber::DecodeError;
use crate::message::v3::OpenError;
use crate::message::{Message, PduKind};
use std::time::Duration;

/// How long to wait and how often to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How long to wait after each sending.
    pub timeout: Duration,
    /// How often to send again.
    pub retries: u32,
}

/// One request to one device, with its retries. Owns no socket and reads no clock.
///
/// Drive it by calling [`poll`](Self::poll) until it answers [`ExchangeStep::WaitUntil`] or
/// [`ExchangeStep::TimedOut`]; then wait for that time or for a datagram, whichever is first. Times
/// count from an instant of the caller's choice and must not go backwards.
///
/// The request id stays the same over all retries, so that an answer to the first sending counts
/// even when it comes after the second: a printer that is waking up is slow, not silent.
#[derive(Debug)]
pub struct Exchange {
    bytes: Vec<u8>,
    id: u32,
    retry: Retry,
    sent: u32,
    deadline: Option<Duration>,
    /// When it was first sent.
    begun: Option<Duration>,
    /// How long the first sending is waited for.
    first_wait: Duration,
    answered: bool,
}

/// What to do for an [`Exchange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeStep<'a> {
    /// Send this to the device, then poll again.
    Send(&'a [u8]),
    /// Poll again at this time.
    WaitUntil(Duration),
    /// No answer in all the time that was given.
    TimedOut,
}

/// Why a datagram from the device's address is no answer. Anyone can forge these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// The request has its answer already.
    #[error("the request has its answer already")]
    Duplicate,
    /// It makes no sense.
    #[error("it makes no sense")]
    Malformed(#[source] DecodeError),
    /// It answers another request.
    #[error("it answers another request")]
    OtherRequest,
    /// It does not show the community, the version, or the engine, user and security level of the
    /// request.
    #[error("it has another community, version, engine, user or security level")]
    OtherSession,
    /// SNMPv3: it is not authentic.
    #[error("it is not authentic")]
    NotAuthentic,
    /// SNMPv3: it is authentic and of another time (RFC 3414 section 3.2): a replay, perhaps.
    #[error("it is of another time")]
    NotTimely,
    /// SNMPv3: what is inside cannot be read.
    #[error("what is inside cannot be read")]
    Sealed(#[source] OpenError),
    /// It is no response.
    #[error("it is no response")]
    NotAResponse,
}

impl Exchange {
    /// A request that is yet to be sent; `bytes` must carry `id`.
    pub fn new(bytes: Vec<u8>, id: u32, retry: Retry) -> Self {
        Self {
            bytes,
            id,
            retry,
            sent: 0,
            deadline: None,
            begun: None,
            first_wait: retry.timeout,
            answered: false,
        }
    }

    /// Sends again sooner: for the first time after `wait`, then after twice as long each time, but
    /// never later than the timeout says. The time that the device is given in all stays the same,
    /// so that one that is busy is not taken for one that is gone.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.set_first_wait(wait);
        self
    }

    /// The same, of an exchange that is there already.
    pub(crate) fn set_first_wait(&mut self, wait: Duration) {
        self.first_wait = wait.min(self.retry.timeout);
    }

    /// How long an answer took that came by `now`; nothing where it cannot be told which sending it
    /// answers (Karn's algorithm, RFC 6298 section 3).
    pub fn round_trip(&self, now: Duration) -> Option<Duration> {
        let begun = self.begun.filter(|_| self.sent == 1)?;
        Some(now.saturating_sub(begun))
    }

    /// Says what to do at `now`.
    pub fn poll(&mut self, now: Duration) -> ExchangeStep<'_> {
        match self.deadline {
            Some(deadline) if now < deadline => ExchangeStep::WaitUntil(deadline),
            Some(_) if self.sent > self.retry.retries => ExchangeStep::TimedOut,
            Some(_) | None => {
                let begun = *self.begun.get_or_insert(now);
                let doubled = self.first_wait.saturating_mul(1 << self.sent.min(16));
                let mut until = now + doubled.min(self.retry.timeout);
                self.sent += 1;
                if self.sent > self.retry.retries {
                    let sendings = self.retry.retries.saturating_add(1);
                    until = until.max(begun + self.retry.timeout.saturating_mul(sendings));
                }
                self.deadline = Some(until);
                ExchangeStep::Send(&self.bytes)
            }
        }
    }

    /// Takes back the last [`ExchangeStep::Send`]: the system could not take the datagram. The next
    /// poll sends again, and the device is not charged for it.
    pub fn not_sent(&mut self) {
        self.sent = self.sent.saturating_sub(1);
        self.deadline = None;
        if self.sent == 0 {
            self.begun = None;
        }
    }

    /// The datagram.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How often it was sent.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// Takes one datagram from the device's address: the answer, or why it is none.
    ///
    /// # Errors
    ///
    /// [`Ignored`]; the exchange goes on as if the datagram had not come.
    pub fn handle_datagram<'d>(
        &mut self,
        version: Version,
        community: &[u8],
        bytes: &'d [u8],
    ) -> Result<Message<'d>, Ignored> {
        let message = Message::decode(bytes).map_err(Ignored::Malformed)?;
        self.check(message.kind, message.request_id)?;
        if message.version != version || message.community != community {
            return Err(Ignored::OtherSession);
        }
        self.accept(message.kind, message.request_id)?;
        Ok(message)
    }

    fn check(&self, kind: PduKind, request_id: i64) -> Result<(), Ignored> {
        if kind != PduKind::Response {
            return Err(Ignored::NotAResponse);
        }
        if request_id != i64::from(self.id) || self.sent == 0 {
            return Err(Ignored::OtherRequest);
        }
        Ok(())
    }

    /// Takes the answer out of a message whose sender is known to be the right one.
    pub(crate) fn accept(&mut self, kind: PduKind, request_id: i64) -> Result<(), Ignored> {
        self.check(kind, request_id)?;
        if std::mem::replace(&mut self.answered, true) {
            return Err(Ignored::Duplicate);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Response;

    const RETRY: Retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };

    fn response(id: i64, version: Version, community: &[u8]) -> Vec<u8> {
        Response {
            version,
            community,
            id,
            error_status: 0,
            error_index: 0,
            varbinds: &[],
        }
        .encode()
    }

    #[test]
    fn it_sends_waits_sends_again_and_gives_up() {
        let mut exchange = Exchange::new(vec![1], 7, RETRY);
        let at = Duration::from_millis;
        assert_eq!(exchange.poll(at(0)), ExchangeStep::Send(&[1]));
        assert_eq!(exchange.poll(at(1)), ExchangeStep::WaitUntil(at(1_000)));
        assert_eq!(exchange.poll(at(1_000)), ExchangeStep::Send(&[1]));
        assert_eq!(exchange.poll(at(1_001)), ExchangeStep::WaitUntil(at(2_000)));
        assert_eq!(exchange.poll(at(2_000)), ExchangeStep::TimedOut);
    }

    #[test]
    fn a_datagram_that_could_not_be_sent_costs_the_device_nothing() {
        let mut exchange = Exchange::new(vec![1], 7, RETRY);
        for _ in 0..5 {
            assert_eq!(exchange.poll(Duration::ZERO), ExchangeStep::Send(&[1]));
            exchange.not_sent();
        }
        assert_eq!(exchange.poll(Duration::ZERO), ExchangeStep::Send(&[1]));
        assert_eq!(exchange.sent(), 1);
    }

    #[test]
    fn only_the_right_answer_counts_and_only_once() {
        let mut exchange = Exchange::new(vec![1], 7, RETRY);
        let mut give = |id, version, community: &[u8]| {
            let _ = exchange.poll(Duration::ZERO);
            exchange
                .handle_datagram(Version::V2c, b"public", &response(id, version, community))
                .map(|_| ())
        };
        assert_eq!(give(8, Version::V2c, b"public"), Err(Ignored::OtherRequest));
        assert_eq!(give(7, Version::V1, b"public"), Err(Ignored::OtherSession));
        assert_eq!(give(7, Version::V2c, b"Public"), Err(Ignored::OtherSession));
        assert_eq!(give(7, Version::V2c, b"public"), Ok(()));
        assert_eq!(give(7, Version::V2c, b"public"), Err(Ignored::Duplicate));
    }

    #[test]
    fn nothing_counts_before_it_was_asked() {
        let mut exchange = Exchange::new(vec![1], 7, RETRY);
        let early = response(7, Version::V2c, b"public");
        let early = exchange.handle_datagram(Version::V2c, b"public", &early);
        assert_eq!(early.map(|_| ()), Err(Ignored::OtherRequest));
    }
}
