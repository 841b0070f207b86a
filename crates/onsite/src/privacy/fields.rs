//! The closed list of what leaves a site.

use super::Field;

/// A part of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedField {
    /// Where it stands: the document, then the field's path in it. A path speaks for all below it that
    /// has no line of its own.
    pub path: &'static str,
    /// What it is, and what for.
    pub purpose: &'static str,
    /// The field of the site's file that decides over it; what has none is always sent.
    pub decided_by: Option<Field>,
}

const fn sent(path: &'static str, purpose: &'static str) -> ListedField {
    ListedField {
        path,
        purpose,
        decided_by: None,
    }
}

const fn decided(path: &'static str, field: Field, purpose: &'static str) -> ListedField {
    ListedField {
        path,
        purpose,
        decided_by: Some(field),
    }
}

/// Everything that an agent sends to its Central. Nothing else leaves the site.
pub const CLOSED_LIST: &[ListedField] = &[
    sent("registration.agent", "the agent's id, a random number"),
    sent(
        "registration.keys",
        "the agent's public keys, to check and answer what it sends",
    ),
    sent(
        "registration.version",
        "the agent's version, to tell which agents have to be updated",
    ),
    sent(
        "registration.platform",
        "operating system and processor, to know what agents run on",
    ),
    sent(
        "submission.header",
        "number, hashes and signature: proof of what was sent",
    ),
    sent(
        "submission.withheld",
        "hashes of documents that are gone from the agent's disk, and why",
    ),
    sent(
        "submission.rotation",
        "the agent's new public keys, signed by its old one",
    ),
    sent("audit.format", "the version of the document's form"),
    sent("audit.id", "the audit, a random number"),
    sent("audit.pass", "the pass, a random number"),
    sent(
        "audit.time",
        "when it was read, to bill by and to see what is old",
    ),
    decided(
        "audit.address",
        Field::Address,
        "where the device answered, to find it",
    ),
    sent("audit.protocol", "the version of SNMP that it answered"),
    sent(
        "audit.identity.manufacturer",
        "the maker, to know what it is",
    ),
    sent(
        "audit.identity.model",
        "the model, to know what it is and what it takes",
    ),
    decided(
        "audit.identity.serial",
        Field::Serial,
        "the serial number, to tell devices apart and to bill the right one",
    ),
    sent(
        "audit.identity.firmware",
        "the firmware's version, for service",
    ),
    decided(
        "audit.identity.hostname",
        Field::Hostname,
        "the network name, to find the device",
    ),
    decided(
        "audit.identity.location",
        Field::Location,
        "sysLocation, to find the device",
    ),
    decided(
        "audit.identity.contact",
        Field::Contact,
        "sysContact, to know whom to ask",
    ),
    decided(
        "audit.identity.mac",
        Field::Mac,
        "the network card's address, to tell devices apart",
    ),
    decided(
        "audit.identity.asset",
        Field::Asset,
        "the owner's asset number, to match lists",
    ),
    decided(
        "audit.identity.description",
        Field::Description,
        "sysDescr, to know what the device is where nothing else says it",
    ),
    sent(
        "audit.identity.objectId",
        "sysObjectID, the maker's number for the model",
    ),
    decided(
        "audit.identity.engineId",
        Field::EngineId,
        "the SNMP engine's id, to tell devices apart",
    ),
    sent(
        "audit.identity.uptimeCentis",
        "time since its start, to see restarts",
    ),
    sent(
        "audit.identity.sources",
        "the answers that these values were read from",
    ),
    sent(
        "audit.status",
        "whether it works, and what is wrong, for service",
    ),
    decided(
        "audit.status.console",
        Field::Console,
        "the lines of its display, for service; some devices show who prints",
    ),
    sent("audit.meters", "page counters, to bill by"),
    sent(
        "audit.markers",
        "print engines and their counters, for service",
    ),
    sent(
        "audit.supplies",
        "toner, ink and parts with their levels, to deliver in time",
    ),
    decided(
        "audit.supplies.serial",
        Field::Serial,
        "a supply's serial number, to see that it was replaced",
    ),
    sent("audit.trays", "paper trays and their levels, for service"),
    sent("audit.outputs", "output bins, for service"),
    sent("audit.covers", "covers and doors, for service"),
    sent("audit.alerts", "what the device reports, for service"),
    sent("audit.gaps", "what could not be read, and why"),
    sent("audit.contradictions", "readings that cannot all be right"),
    sent("audit.comparison", "what changed since the audit before"),
    sent("pass.format", "the version of the document's form"),
    sent("pass.id", "the pass, a random number"),
    sent("pass.started", "when the pass began"),
    sent(
        "pass.settingsVersion",
        "which of Central's settings it ran under",
    ),
    sent("pass.agentVersion", "the agent's version"),
    sent(
        "pass.observations",
        "what became of every address, so that no device goes missing",
    ),
    decided(
        "pass.observations.first",
        Field::Address,
        "the first address of a row",
    ),
    decided(
        "pass.observations.last",
        Field::Address,
        "the last address of a row",
    ),
    decided(
        "pass.observations.name",
        Field::Hostname,
        "the name that a target was given by",
    ),
    decided(
        "pass.observations.outcome.description",
        Field::OtherDevices,
        "the beginning of sysDescr of SNMP agents that are no printers, to see whether one is",
    ),
    sent("pass.notices", "what devices told unasked, for service"),
    decided(
        "pass.notices.from",
        Field::Address,
        "the address that told it",
    ),
    sent("pass.stats", "what the pass cost the network"),
];
