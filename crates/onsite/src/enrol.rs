//! Enrolment: one code makes an agent known to one Central.

use crate::agent::{Agent, AgentError, ConnectError, agent_version};
use crate::enrolment::Enrolment;
use pagetally_contract::{CodeError, EnrolmentCode};
use pagetally_model::{SettingsError, Text};
use pagetally_transport::{Central, TransportError};

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
    /// is spent by it. Enrolling again with the same Central is how an agent that was removed or
    /// put aside there comes back.
    ///
    /// # Errors
    ///
    /// [`EnrolError`]; nothing has changed here then.
    pub fn enrol(&mut self, code: &str) -> Result<Enrolment, EnrolError> {
        let code: EnrolmentCode = code.trim().parse()?;
        code.check_expiry(self.clocks().wall())?;
        if let Some(current) = self.enrolment()?
            && current.central_key != code.central_key
        {
            return Err(EnrolError::OtherCentral {
                current: current.central_url,
                asked: code.central_url,
            });
        }
        let client = self.client(&code.central_url)?;
        let central = Central::new(client, self.session(code.central_key));
        let answered = central.register(&code, agent_version(), platform())?;
        let site = answered.answer.site.ok_or(EnrolError::NoSite)?;
        if let Some(settings) = &answered.answer.settings {
            settings.check()?;
            self.store()
                .set_settings(settings)
                .map_err(AgentError::from)?;
        }
        let enrolment = Enrolment {
            central_url: code.central_url,
            central_key: code.central_key,
            site: site.id,
            site_name: site.name,
            enrolled: self.clocks().wall(),
            gone: None,
        };
        self.set_enrolment(&enrolment)?;
        self.keep_offset(answered.offset)?;
        Ok(enrolment)
    }
}

/// Operating system and processor, as Central is told.
fn platform() -> Text {
    Text::clean(&format!(
        "{} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    ))
}
