//! Central, as a pass sees it.

use pagetally_contract::{
    AgentSession, CentralPublicKey, ContractError, FaultKind, GetScheduleResponse, Report,
};
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
    pub(crate) session: AgentSession,
    /// The key that Central replaced by the session's, for a Central that knows no other.
    pub(crate) former_key: Option<CentralPublicKey>,
}

impl Link {
    /// Makes one call, sealed to Central's key; to the one before where Central cannot open that.
    fn call<T>(
        &self,
        call: impl Fn(&pagetally_transport::Central) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let sealed_to = |central| {
            let session = AgentSession {
                central,
                ..self.session.clone()
            };
            call(&pagetally_transport::Central::new(
                self.client.clone(),
                session,
            ))
        };
        match (sealed_to(self.session.central), self.former_key) {
            (Err(error), Some(former)) if is_unopened(&error) => {
                sealed_to(former).map_err(|_| error)
            }
            (answered, _) => answered,
        }
    }
}

/// Whether Central said that it cannot open what was sealed to it.
pub(crate) fn is_unopened(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::Contract {
            source: ContractError::Fault(fault),
            ..
        } if fault.kind == FaultKind::KeyNotUsable
    )
}

impl Central for Link {
    fn address(&self) -> &str {
        self.client.url()
    }

    fn send_report(&mut self, report: &Report) -> Result<Answered<Delivered>, TransportError> {
        self.call(|central| central.send_report(report))
    }

    fn get_schedule(&mut self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError> {
        self.call(|central| central.get_schedule(have))
    }
}
