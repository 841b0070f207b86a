//! Central as an agent sees it: three calls and their answers.

use crate::{CentralClient, TransportError, clock};
use pagetally_contract::{
    AgentSession, CentralPublicKey, ContractError, EnrolmentCode, GetScheduleRequest,
    GetScheduleResponse, KeyAnnouncement, Operation, PendingReply, RegisterRequest,
    RegisterResponse, Report, Request, Response, SendReportsResponse, SignedReceipt,
    UnregisterRequest, UnregisterResponse,
};
use pagetally_model::{ClockOffset, Text, Timestamp};

/// An answer of Central, with what the exchange told about the clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<T> {
    /// The answer.
    pub answer: T,
    /// The key that Central announces in the place of the one that the request was sealed to.
    pub announced: Option<KeyAnnouncement>,
    /// Central's clock against this machine's.
    pub offset: ClockOffset,
    /// What Central's clock said.
    pub central_time: Timestamp,
    /// Bytes of the request's envelope.
    pub bytes_sent: u64,
    /// Bytes of the answer's envelope.
    pub bytes_received: u64,
}

impl<T> Answered<T> {
    fn map<U>(
        self,
        change: impl FnOnce(T) -> Result<U, TransportError>,
    ) -> Result<Answered<U>, TransportError> {
        Ok(Answered {
            answer: change(self.answer)?,
            announced: self.announced,
            offset: self.offset,
            central_time: self.central_time,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
        })
    }
}

/// What a delivered submission brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The receipt, its signature checked, and the rest against what was sent.
    pub receipt: SignedReceipt,
    /// Central's key that signed it.
    pub central_key: CentralPublicKey,
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

    /// Central's address.
    pub fn url(&self) -> &str {
        self.client.url()
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
        let register = RegisterRequest::new(self.session.public_keys(), agent_version, platform);
        let operation = Operation::RegisterForManagement;
        let seal = |now, random| self.session.seal_registration(&register, code, now, random);
        self.exchange(operation, seal)?
            .map(|response| match response {
                Response::Register(response) => Ok(response),
                _ => Err(self.unexpected(operation)),
            })
    }

    /// Asks for settings newer than version `have`.
    ///
    /// # Errors
    ///
    /// [`TransportError`]; [`TransportError::Declined`] if Central says no.
    pub fn get_schedule(&self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError> {
        let request = Request::GetSchedule(GetScheduleRequest { have_version: have });
        self.call(&request)?.map(|response| match response {
            Response::GetSchedule(response) => Ok(response),
            _ => Err(self.unexpected(request.operation())),
        })
    }

    /// Sends one submission: as SendAlerts where it [could not wait](Report::is_alert), else as
    /// SendReports. Sending it again is harmless: Central gives the first receipt again.
    ///
    /// # Errors
    ///
    /// [`TransportError`]; [`TransportError::Declined`] if Central says no.
    pub fn send_report(&self, report: &Report) -> Result<Answered<Delivered>, TransportError> {
        let request = if report.is_alert() {
            Request::SendAlerts(report.clone())
        } else {
            Request::SendReports(report.clone())
        };
        self.call(&request)?
            .map(|response| match (&request, response) {
                (Request::SendReports(_), Response::SendReports(response))
                | (Request::SendAlerts(_), Response::SendAlerts(response)) => {
                    self.delivered(report, response)
                }
                _ => Err(self.unexpected(request.operation())),
            })
    }

    /// Tells Central that the agent leaves.
    ///
    /// # Errors
    ///
    /// [`TransportError`]; [`TransportError::Declined`] if Central says no.
    pub fn unregister(&self, reason: Text) -> Result<Answered<UnregisterResponse>, TransportError> {
        let request = Request::Unregister(UnregisterRequest { reason });
        self.call(&request)?.map(|response| match response {
            Response::Unregister(response) => Ok(response),
            _ => Err(self.unexpected(request.operation())),
        })
    }

    /// One exchange: seals, calls, opens, compares the clocks, and takes nothing but success.
    fn call(&self, request: &Request) -> Result<Answered<Response>, TransportError> {
        self.exchange(request.operation(), |now, random| {
            self.session.seal(request, now, random)
        })
    }

    fn exchange(
        &self,
        operation: Operation,
        seal: impl FnOnce(Timestamp, [u8; 64]) -> Result<(Vec<u8>, PendingReply), ContractError>,
    ) -> Result<Answered<Response>, TransportError> {
        let broken = |source: ContractError| TransportError::Contract {
            url: self.url().to_owned(),
            operation,
            source,
        };
        let mut random = [0; 64];
        getrandom::fill(&mut random).map_err(TransportError::Random)?;
        let started = clock::Reading::now();
        let (envelope, pending) = seal(started.wall(), random).map_err(broken)?;
        let sent = clock::Reading::now();
        let body = self.client.call(operation, self.session.soap, &envelope)?;
        let round_trip = sent.elapsed();
        let (response, announced) = self
            .session
            .open_with_news(&pending, &body)
            .map_err(broken)?;
        if !response.status().is_successful() {
            let expected_number = match &response {
                Response::SendReports(response) | Response::SendAlerts(response) => {
                    response.expected_number
                }
                _ => None,
            };
            return Err(TransportError::Declined {
                url: self.url().to_owned(),
                operation,
                status: response.status().clone(),
                expected_number,
            });
        }
        Ok(Answered {
            offset: clock::offset(sent.wall(), round_trip, response.central_time()),
            central_time: response.central_time(),
            answer: response,
            announced,
            bytes_sent: envelope.len() as u64,
            bytes_received: body.len() as u64,
        })
    }

    /// A receipt for anything but exactly what was sent is no receipt.
    fn delivered(
        &self,
        report: &Report,
        response: SendReportsResponse,
    ) -> Result<Delivered, TransportError> {
        let wrong = |what| TransportError::Receipt {
            url: self.url().to_owned(),
            what,
        };
        let signed = response.receipt.ok_or_else(|| wrong("everything"))?;
        let receipt = &signed.receipt;
        let header = &report.signed.header;
        let checks = [
            ("the submission's id", receipt.submission == header.id),
            ("the number", receipt.number == header.number),
            ("the content hash", receipt.content == header.content),
            ("the header's hash", receipt.header == header.hash()),
        ];
        match checks.into_iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(wrong(what)),
            None => Ok(Delivered {
                receipt: signed,
                central_key: self.session.central,
                schedule_version: response.schedule_version,
            }),
        }
    }

    fn unexpected(&self, operation: Operation) -> TransportError {
        TransportError::Contract {
            url: self.url().to_owned(),
            operation,
            source: ContractError::UnexpectedAnswer(operation),
        }
    }
}
