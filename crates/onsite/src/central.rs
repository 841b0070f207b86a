//! Central, as a pass sees it.

use pagetally_contract::{
    AgentSession, CentralPublicKey, ContractError, FaultKind, GetScheduleResponse, Report,
    SealingKeyPair,
};
use pagetally_proof::SigningKey;
use pagetally_transport::{Answered, CentralClient, Delivered, TransportError};

/// One Central that a pass delivers to: [`pagetally_transport::Central`], or what a test or another
/// tool puts in its place.
pub trait Central {
    /// Where it is, for messages to people.
    fn address(&self) -> &str;

    /// Sends one submission and brings its receipt.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when no receipt came. The submission may be in Central's books
    /// nevertheless; sending it again settles that.
    fn send_report(&mut self, report: &Report) -> Result<Answered<Delivered>, TransportError>;

    /// Asks for settings newer than version `have`.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when no answer came.
    fn get_schedule(&mut self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError>;
}

/// The Central that an agent is enrolled with.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) client: CentralClient,
    /// With the agent's present keys.
    pub(crate) session: AgentSession,
    /// The agent's former keys, the oldest first, each with the last number of its sequence under them.
    pub(crate) former: Vec<(u64, SigningKey, SealingKeyPair)>,
    /// The key that Central replaced by the session's, for a Central that knows no other.
    pub(crate) former_key: Option<CentralPublicKey>,
}

/// How many of its former keys an agent tries with a Central that does not know the one in force: one
/// that was restored from a backup, or that has not had the change yet.
const FORMER_TRIED: usize = 3;

impl Link {
    /// Makes one call under the keys that are in force at `number` of the agent's sequence, under the
    /// present ones where the call carries no submission.
    fn call<T>(
        &self,
        number: Option<u64>,
        call: impl Fn(&pagetally_transport::Central) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let in_force = number.and_then(|number| {
            let mut former = self.former.iter();
            former.position(|(last, _, _)| number <= *last)
        });
        let former = &self.former[..in_force.unwrap_or(self.former.len())];
        let first = match in_force.and_then(|at| self.former.get(at)) {
            Some((_, signing, sealing)) => self.under(signing, sealing),
            None => self.session.clone(),
        };
        let error = match self.sealed(first, &call) {
            Err(error) if is_fault(&error, FaultKind::NotAuthenticated) => error,
            answered => return answered,
        };
        for (_, signing, sealing) in former.iter().rev().take(FORMER_TRIED) {
            match self.sealed(self.under(signing, sealing), &call) {
                Err(again) if is_fault(&again, FaultKind::NotAuthenticated) => {}
                answered => return answered,
            }
        }
        Err(error)
    }

    fn under(&self, signing: &SigningKey, sealing: &SealingKeyPair) -> AgentSession {
        AgentSession {
            signing: signing.clone(),
            sealing: sealing.clone(),
            ..self.session.clone()
        }
    }

    /// Makes one call, sealed to Central's key; to the one before where Central cannot open that.
    fn sealed<T>(
        &self,
        session: AgentSession,
        call: &impl Fn(&pagetally_transport::Central) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let by = |session| {
            call(&pagetally_transport::Central::new(
                self.client.clone(),
                session,
            ))
        };
        match (by(session.clone()), self.former_key) {
            (Err(error), Some(central)) if is_unopened(&error) => {
                by(AgentSession { central, ..session }).map_err(|_| error)
            }
            (answered, _) => answered,
        }
    }
}

/// Whether Central said that it cannot open what was sealed to it.
pub(crate) fn is_unopened(error: &TransportError) -> bool {
    is_fault(error, FaultKind::KeyNotUsable)
}

fn is_fault(error: &TransportError, kind: FaultKind) -> bool {
    matches!(
        error,
        TransportError::Contract {
            source: ContractError::Fault(fault),
            ..
        } if fault.kind == kind
    )
}

impl Central for Link {
    fn address(&self) -> &str {
        self.client.url()
    }

    fn send_report(&mut self, report: &Report) -> Result<Answered<Delivered>, TransportError> {
        let number = report.signed.header.number;
        self.call(Some(number), |central| central.send_report(report))
    }

    fn get_schedule(&mut self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError> {
        self.call(None, |central| central.get_schedule(have))
    }
}
