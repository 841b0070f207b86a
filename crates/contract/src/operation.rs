//! The operations of the contract and its version.

use pagetally_soap::SoapVersion;
use std::fmt;
use std::str::FromStr;

/// The namespace of everything that this contract defines. Its last number is the major version.
pub const NAMESPACE: &str = "urn:pagetally:central:1";

/// The version of a contract. A newer minor version only adds; a newer major version is another
/// contract, in another namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContractVersion {
    /// Changes what is there.
    pub major: u16,
    /// Adds to what is there.
    pub minor: u16,
}

impl ContractVersion {
    /// The version that this crate speaks. Messages of 1.0 are frozen: what comes later only adds.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };

    /// Whether messages of this version can be read: the same major version.
    pub const fn is_readable(self) -> bool {
        self.major == Self::CURRENT.major
    }
}

impl fmt::Display for ContractVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Text that is no `major.minor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a contract version is two numbers with a dot between them")]
pub struct ContractVersionError;

impl FromStr for ContractVersion {
    type Err = ContractVersionError;

    fn from_str(text: &str) -> Result<Self, ContractVersionError> {
        let (major, minor) = text.split_once('.').ok_or(ContractVersionError)?;
        let number = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits
                .parse()
                .ok()
                .filter(|_| plain)
                .ok_or(ContractVersionError)
        };
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

/// What an agent can ask of Central, named after the agent's side of PWG 5106.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// The agent agrees to be managed: it hands over its keys and its proof of enrolment.
    RegisterForManagement,
    /// Has the schedule (our settings) changed?
    GetSchedule,
    /// One submission of audits and observations.
    SendReports,
    /// One small submission that could not wait.
    SendAlerts,
    /// The agent leaves; Central keeps its history.
    UnregisterForManagement,
}

impl Operation {
    /// Every operation, in the order of the WSDL.
    pub const ALL: [Self; 5] = [
        Self::RegisterForManagement,
        Self::GetSchedule,
        Self::SendReports,
        Self::SendAlerts,
        Self::UnregisterForManagement,
    ];

    /// The name of the operation and of its request's wrapper element.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegisterForManagement => "RegisterForManagement",
            Self::GetSchedule => "GetSchedule",
            Self::SendReports => "SendReports",
            Self::SendAlerts => "SendAlerts",
            Self::UnregisterForManagement => "UnregisterForManagement",
        }
    }

    /// The name of its response's wrapper element.
    pub const fn response_name(self) -> &'static str {
        match self {
            Self::RegisterForManagement => "RegisterForManagementResponse",
            Self::GetSchedule => "GetScheduleResponse",
            Self::SendReports => "SendReportsResponse",
            Self::SendAlerts => "SendAlertsResponse",
            Self::UnregisterForManagement => "UnregisterForManagementResponse",
        }
    }

    /// The operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    /// The URI that SOAP calls the action.
    pub fn action(self) -> String {
        format!("{NAMESPACE}#{}", self.name())
    }

    /// The HTTP `Content-Type` of its request.
    pub fn content_type(self, version: SoapVersion) -> String {
        version.content_type(Some(&self.action()))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_survives_its_own_text_and_nothing_else_is_one() {
        let version = ContractVersion {
            major: 3,
            minor: 14,
        };
        assert_eq!(version.to_string().parse(), Ok(version));
        for bad in ["", "1", "1.", ".1", "1.2.3", "+1.2", "1.65536", "a.b"] {
            assert!(bad.parse::<ContractVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_namespace_names_the_major_version() {
        let major = ContractVersion::CURRENT.major.to_string();
        assert_eq!(NAMESPACE.rsplit(':').next(), Some(major.as_str()));
    }

    #[test]
    fn an_operation_is_found_by_its_name() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(operation));
        }
        assert_eq!(Operation::from_name("SetSchedule"), None);
    }
}
