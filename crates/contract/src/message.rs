//! What the two ends say to each other, as plain values.

use crate::{
    AgentPublicKeys, CentralPublicKey, ContractVersion, Operation, Report, SignedReceipt,
    StatusString,
};
use pagetally_model::{Settings, SiteId, Text, Timestamp};
use pagetally_proof::Hash;

/// A request of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// [`Operation::RegisterForManagement`].
    Register(RegisterRequest),
    /// [`Operation::GetSchedule`].
    GetSchedule(GetScheduleRequest),
    /// [`Operation::SendReports`].
    SendReports(Report),
    /// [`Operation::SendAlerts`]: the same shape, numbering and receipt as reports.
    SendAlerts(Report),
    /// [`Operation::UnregisterForManagement`].
    Unregister(UnregisterRequest),
}

impl Request {
    /// The operation that it asks for.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Register(_) => Operation::RegisterForManagement,
            Self::GetSchedule(_) => Operation::GetSchedule,
            Self::SendReports(_) => Operation::SendReports,
            Self::SendAlerts(_) => Operation::SendAlerts,
            Self::Unregister(_) => Operation::UnregisterForManagement,
        }
    }

    /// The submission that it carries, if it carries one.
    pub const fn report(&self) -> Option<&Report> {
        match self {
            Self::SendReports(report) | Self::SendAlerts(report) => Some(report),
            Self::Register(_) | Self::GetSchedule(_) | Self::Unregister(_) => None,
        }
    }
}

/// Central's answer to a request of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// To [`Request::Register`].
    Register(RegisterResponse),
    /// To [`Request::GetSchedule`].
    GetSchedule(GetScheduleResponse),
    /// To [`Request::SendReports`].
    SendReports(SendReportsResponse),
    /// To [`Request::SendAlerts`].
    SendAlerts(SendReportsResponse),
    /// To [`Request::Unregister`].
    Unregister(UnregisterResponse),
}

impl Response {
    /// The operation that it answers.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Register(_) => Operation::RegisterForManagement,
            Self::GetSchedule(_) => Operation::GetSchedule,
            Self::SendReports(_) => Operation::SendReports,
            Self::SendAlerts(_) => Operation::SendAlerts,
            Self::Unregister(_) => Operation::UnregisterForManagement,
        }
    }

    /// The same answer with nothing in it that must not travel in the open.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        let settings = match &mut self {
            Self::Register(response) => &mut response.settings,
            Self::GetSchedule(response) => &mut response.settings,
            Self::SendReports(_) | Self::SendAlerts(_) | Self::Unregister(_) => return self,
        };
        *settings = settings.take().map(Settings::without_secrets);
        self
    }

    /// Central's receipt, where it answers a submission with one.
    pub const fn receipt(&self) -> Option<&SignedReceipt> {
        match self {
            Self::SendReports(response) | Self::SendAlerts(response) => response.receipt.as_ref(),
            Self::Register(_) | Self::GetSchedule(_) | Self::Unregister(_) => None,
        }
    }

    /// What Central says of the request.
    pub const fn status(&self) -> &StatusString {
        match self {
            Self::Register(response) => &response.status,
            Self::GetSchedule(response) => &response.status,
            Self::SendReports(response) | Self::SendAlerts(response) => &response.status,
            Self::Unregister(response) => &response.status,
        }
    }

    /// Central's clock when it answered.
    pub const fn central_time(&self) -> Timestamp {
        match self {
            Self::Register(response) => response.central_time,
            Self::GetSchedule(response) => response.central_time,
            Self::SendReports(response) | Self::SendAlerts(response) => response.central_time,
            Self::Unregister(response) => response.central_time,
        }
    }
}

/// What one side can do: the three lists of PWG 5106.2. Central never schedules what the agent did
/// not list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Operations that it takes part in.
    pub operations: Vec<Text>,
    /// Actions that a schedule may name.
    pub actions: Vec<Text>,
    /// Kinds of things that it can look after.
    pub objects: Vec<Text>,
}

impl Capabilities {
    /// What this version of the agent and of Central can do.
    pub fn current() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| Text::clean(word)).collect();
        Self {
            operations: Operation::ALL
                .iter()
                .map(|operation| Text::clean(operation.name()))
                .collect(),
            actions: words(&["GetElements", "UpdateSchedule"]),
            objects: words(&["printer"]),
        }
    }
}

/// An agent asks to be managed. The enrolment code that allows it is no part of the message: it is
/// sealed with the code's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRequest {
    /// The version of the contract that the agent speaks.
    pub contract: ContractVersion,
    /// The agent's public keys, bound to its id from now on.
    pub keys: AgentPublicKeys,
    /// The agent's version.
    pub agent_version: Text,
    /// Operating system and processor.
    pub platform: Text,
    /// What the agent can do.
    pub capabilities: Capabilities,
}

impl RegisterRequest {
    /// A request to bind `keys`.
    pub fn new(keys: AgentPublicKeys, agent_version: Text, platform: Text) -> Self {
        Self {
            contract: ContractVersion::CURRENT,
            keys,
            agent_version,
            platform,
            capabilities: Capabilities::current(),
        }
    }
}

/// Central's word that another key has taken the place of the one that a request was sealed to. It stands
/// inside the seal of an answer, which nobody can make but who opened the request: so it is announced
/// under the old key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAnnouncement {
    /// What to seal to from now on, and what receipts are signed with.
    pub key: CentralPublicKey,
    /// When Central destroys the old key, on Central's clock: what is sealed to it afterwards is opened
    /// by nobody.
    pub old_ends: Timestamp,
}

/// Central's answer to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterResponse {
    /// Whether the agent is registered now.
    pub status: StatusString,
    /// The site that the agent belongs to; absent when it was refused.
    pub site: Option<Site>,
    /// The settings to begin with; absent when it was refused.
    pub settings: Option<Settings>,
    /// Where the agent's chain ends in Central's books: what its next submission must follow. Absent
    /// when it was refused, and from a Central that numbers submissions itself.
    pub head: Option<BooksHead>,
    /// What Central can do.
    pub capabilities: Capabilities,
    /// Central's clock.
    pub central_time: Timestamp,
}

/// The last submission of an agent that is in Central's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BooksHead {
    /// Its number; 0 where there is none.
    pub number: u64,
    /// The hash of its header; zeros where there is none.
    pub header: Hash,
}

/// The site that an agent was enrolled for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// What the dealer calls it.
    pub name: Text,
}

/// Asks for settings newer than those that the agent has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetScheduleRequest {
    /// The version of the settings that the agent has; 0 for none.
    pub have_version: u64,
}

/// Settings, if there are newer ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetScheduleResponse {
    /// Whether Central answers at all.
    pub status: StatusString,
    /// All of the newer settings, never a part; absent when the agent has the newest.
    pub settings: Option<Settings>,
    /// Central's clock.
    pub central_time: Timestamp,
}

/// Central's answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendReportsResponse {
    /// What Central says; only a successful status comes with a receipt.
    pub status: StatusString,
    /// What Central did not take as sent, by path.
    pub unsupported: Vec<Text>,
    /// The receipt, once the submission is stored for good.
    pub receipt: Option<SignedReceipt>,
    /// The number that Central expects next of this agent: where to go on after a gap.
    pub expected_number: Option<u64>,
    /// The version of the newest settings: a higher one than the agent has is worth asking for.
    pub schedule_version: u64,
    /// Central's clock.
    pub central_time: Timestamp,
}

/// The agent leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnregisterRequest {
    /// Why, in words.
    pub reason: Text,
}

/// Central lets the agent go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnregisterResponse {
    /// Whether it is unregistered now.
    pub status: StatusString,
    /// Central's clock.
    pub central_time: Timestamp,
}
