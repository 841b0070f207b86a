//! Enrolment: one code makes an agent known to one Central.

use crate::agent::{Agent, AgentError, ConnectError, agent_version};
use crate::enrolment::Enrolment;
use pagetally_contract::{
    AgentSession, BooksHead, CodeError, EnrolmentCode, RegisterResponse, StatusString,
};
use pagetally_model::{SettingsError, Text};
use pagetally_proof::SigningKey;
use pagetally_store::{BooksEnd, SigningContext};
use pagetally_transport::{Answered, Central, TransportError};

/// No agent numbers further: a submission a second for 30,000 years. Numbers end at 2^53.
const LAST_NUMBER: u64 = 1 << 40;

/// An enrolment that did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The agent's own state.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The code itself.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Something at this site.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The agent's books belong to another Central: its submissions would go there.
    #[error(
        "this agent reports to {current}; its stored readings are not for another Central. \
         Use a new data folder to enrol with {asked}"
    )]
    OtherCentral {
        /// The address of the Central that it is enrolled with.
        current: String,
        /// The address in the code.
        asked: String,
    },
    /// Central's books cannot end there.
    #[error(
        "Central says that its books of this agent end at number {number}, which no agent reaches"
    )]
    Books {
        /// The number.
        number: u64,
    },
    /// Central gave settings that make no sense.
    #[error("Central's settings cannot be used")]
    Settings(#[from] SettingsError),
    /// Central said yes and not to which site.
    #[error("Central said yes and named no site")]
    NoSite,
    /// The call.
    #[error("Central did not enrol this agent")]
    Transport(#[from] TransportError),
}

impl Agent {
    /// Registers this agent with the Central that `code` names, and keeps what it answers. The code
    /// is spent by it. Enrolling again with the same Central and a new code of the same site is how
    /// an agent comes back that was removed there or is in quarantine: where its chain is not the one
    /// of Central's books, everything that waits is signed anew to go on behind their end. So is what
    /// damage left of an outbox with a document that cannot be sent.
    ///
    /// # Errors
    ///
    /// [`EnrolError`]; nothing has changed here then.
    pub fn enrol(&mut self, code: &str) -> Result<Enrolment, EnrolError> {
        let code: EnrolmentCode = code.trim().parse()?;
        code.check_expiry(self.clocks().wall())?;
        if let Some(current) = self.enrolment()?
            && !is_of(&current, &code)
        {
            return Err(EnrolError::OtherCentral {
                current: current.central_url,
                asked: code.central_url,
            });
        }
        let (answered, key) = self.register(&code)?;
        let site = answered.answer.site.ok_or(EnrolError::NoSite)?;
        if let Some(settings) = &answered.answer.settings {
            settings.check()?;
            self.store()
                .set_settings(settings)
                .map_err(AgentError::from)?;
        }
        let enrolment = Enrolment {
            central_key: answered
                .announced
                .map_or(code.central_key, |announced| announced.key),
            former_key: answered.announced.map(|_| code.central_key),
            central_url: code.central_url,
            site: site.id,
            site_name: site.name,
            enrolled: self.clocks().wall(),
            gone: None,
            unopened: None,
            quarantine: None,
        };
        // First: an agent that is stopped between the two is in quarantine still and loses nothing.
        if let Some(head) = answered.answer.head {
            self.go_on_behind(head, &key)?;
            self.reload_identity()?;
        }
        self.set_enrolment(&enrolment)?;
        self.keep_offset(answered.offset, Some(answered.central_time))?;
        Ok(enrolment)
    }

    /// Registers under the present keys, and where Central does not know this agent by those under the
    /// ones before: it has not had the change, or was restored from a backup. Answers with which key.
    fn register(
        &self,
        code: &EnrolmentCode,
    ) -> Result<(Answered<RegisterResponse>, SigningKey), EnrolError> {
        let client = self.client(&code.central_url)?;
        let present = self.session(code.central_key);
        let register = |session: AgentSession| {
            let key = session.signing.clone();
            let central = Central::new(client.clone(), session);
            let answered = central.register(code, agent_version(), platform());
            answered.map(|answered| (answered, key))
        };
        let declined = match register(present.clone()) {
            Err(error) if is_declined(&error) => error,
            answered => return Ok(answered?),
        };
        for (_, signing, sealing) in self.former_pairs()?.into_iter().rev() {
            let former = AgentSession {
                signing,
                sealing,
                ..present.clone()
            };
            match register(former) {
                Err(error) if is_declined(&error) => {}
                answered => return Ok(answered?),
            }
        }
        Err(declined.into())
    }

    fn go_on_behind(&self, head: BooksHead, key: &SigningKey) -> Result<(), EnrolError> {
        let number = head.number;
        if number > LAST_NUMBER {
            return Err(EnrolError::Books { number });
        }
        let context = SigningContext {
            agent: self.id(),
            key,
            now: self.clocks().wall(),
        };
        let books = BooksEnd {
            number,
            header: head.header,
        };
        let made = self.store().continue_after(books, &context);
        if let Some(made) = made.map_err(AgentError::from)? {
            let waiting = made.submissions.len();
            tracing::info!(number, waiting, "the chain goes on behind Central's books");
        }
        Ok(())
    }
}

fn is_declined(error: &TransportError) -> bool {
    matches!(error, TransportError::Declined { status, .. } if *status == StatusString::NOT_AUTHORIZED)
}

/// Whether a code is of the Central that the agent is enrolled with: it has the same key, or, since keys are
/// replaced and one may have slept through it, the same address. Which of both a person had in hand is
/// not for us to tell; Central knows its agents, and takes in none of another's.
fn is_of(current: &Enrolment, code: &EnrolmentCode) -> bool {
    current.central_key == code.central_key
        || current.former_key == Some(code.central_key)
        || current.central_url == code.central_url
}

/// Operating system and processor, as Central is told.
fn platform() -> Text {
    Text::clean(&format!(
        "{} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    ))
}
