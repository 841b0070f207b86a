//! Central as an agent sees it: three calls and their answers.

use crate::{CentralClient, TransportError};
use pagetally_contract::{
    AgentSession, EnrolmentCode, GetScheduleResponse, Receipt, RegisterResponse, Report,
};
use pagetally_model::{ClockOffset, Text};

/// An answer of Central, with what the exchange told about the clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<T> {
    /// The answer.
    pub answer: T,
    /// Central's clock against this machine's.
    pub offset: ClockOffset,
    /// Bytes of the request's envelope.
    pub bytes_sent: u64,
    /// Bytes of the answer's envelope.
    pub bytes_received: u64,
}

/// What a delivered submission brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The receipt, checked against what was sent.
    pub receipt: Receipt,
    /// The version of the newest settings.
    pub schedule_version: u64,
}

/// Central, for one agent.
#[derive(Debug)]
pub struct Central {
    client: CentralClient,
    session: AgentSession,
}

impl Central {
    /// Central over this client, for the agent of this session.
    pub const fn new(client: CentralClient, session: AgentSession) -> Self {
        Self { client, session }
    }

    /// The agent's end of the contract.
    pub const fn session(&self) -> &AgentSession {
        &self.session
    }

    /// Registers the agent with an enrolment code, which is spent by it.
    ///
    /// # Errors
    ///
    /// [`TransportError`]; [`TransportError::Declined`] if Central says no.
    pub fn register(
        &self,
        code: &EnrolmentCode,
        agent_version: Text,
        platform: Text,
    ) -> Result<Answered<RegisterResponse>, TransportError> {
        let _ = (code, agent_version, platform, &self.client);
        todo!()
    }

    /// Asks for settings newer than version `have`.
    ///
    /// # Errors
    ///
    /// [`TransportError`]; [`TransportError::Declined`] if Central says no.
    pub fn get_schedule(&self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError> {
        let _ = have;
        todo!()
    }

    /// Sends one submission. Sending it again is harmless: Central gives the first receipt again.
    ///
    /// # Errors
    ///
    /// [`TransportError`]; [`TransportError::Declined`] if Central says no.
    pub fn send_report(&self, report: &Report) -> Result<Answered<Delivered>, TransportError> {
        let _ = report;
        todo!()
    }
}
