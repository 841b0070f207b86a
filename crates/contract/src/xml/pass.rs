//! The account of one pass.

use super::{Fields, Result, WriteFields as _, parts};
use crate::MessageError;
use pagetally_model::{Observation, Outcome, PassReport, PassStats, TrapNotice};
use pagetally_soap::Writer;

/// Writes the fields of a pass report into the element that is open.
pub(super) fn write_pass(writer: &mut Writer, pass: &PassReport) {
    writer
        .value("format", &pass.format)
        .value("id", &pass.id)
        .value("settingsVersion", &pass.settings_version)
        .value("agentVersion", &pass.agent_version);
    parts::write_time(writer, "started", &pass.started);
    let again = Some(pass.stats.silent_asked_again).filter(|count| *count > 0);
    writer
        .child("stats")
        .value("addresses", &pass.stats.addresses)
        .value("datagramsSent", &pass.stats.datagrams_sent)
        .value("datagramsReceived", &pass.stats.datagrams_received)
        .value("datagramsIgnored", &pass.stats.datagrams_ignored)
        .value("retries", &pass.stats.retries)
        .optional_value("silentAskedAgain", again.as_ref())
        .value("durationMillis", &pass.stats.duration_millis)
        .end();
    for observation in &pass.observations {
        write_observation(writer, observation);
    }
    for notice in &pass.notices {
        write_notice(writer, notice);
    }
}

pub(super) fn read_pass(fields: Fields<'_>) -> Result<PassReport> {
    Ok(PassReport {
        format: fields.value("format")?,
        id: fields.value("id")?,
        started: fields.child("started", parts::read_time)?,
        settings_version: fields.value("settingsVersion")?,
        agent_version: fields.text("agentVersion")?,
        observations: fields.list("observation", read_observation)?,
        notices: fields.list("notice", read_notice)?,
        stats: fields.child("stats", |stats| {
            Ok(PassStats {
                addresses: stats.value("addresses")?,
                datagrams_sent: stats.value("datagramsSent")?,
                datagrams_received: stats.value("datagramsReceived")?,
                datagrams_ignored: stats.value("datagramsIgnored")?,
                retries: stats.value("retries")?,
                silent_asked_again: stats
                    .optional_value("silentAskedAgain")?
                    .unwrap_or_default(),
                duration_millis: stats.value("durationMillis")?,
            })
        })?,
    })
}

fn write_observation(writer: &mut Writer, observation: &Observation) {
    writer
        .child("observation")
        .value("first", &observation.first)
        .value("last", &observation.last)
        .optional_value("name", observation.name.as_ref())
        .word("witness", &observation.witness)
        .value("at", &observation.at);
    match &observation.outcome {
        Outcome::PrinterRead { audit } => {
            writer
                .attribute("outcome", "printer-read")
                .value("audit", audit);
        }
        Outcome::PrinterPartlyRead { audit, reason } => {
            writer
                .attribute("outcome", "printer-partly-read")
                .value("audit", audit)
                .value("reason", reason);
        }
        Outcome::OtherDevice { description } => {
            writer
                .attribute("outcome", "other-device")
                .optional_value("description", description.as_ref());
        }
        Outcome::Refused { reason } => {
            writer
                .attribute("outcome", "refused")
                .value("reason", reason);
        }
        Outcome::WrongCommunity { reason } => {
            writer
                .attribute("outcome", "wrong-community")
                .value("reason", reason);
        }
        Outcome::PrinterPortOpen { port } => {
            writer
                .attribute("outcome", "printer-port-open")
                .value("port", port);
        }
        Outcome::PortClosed => {
            writer.attribute("outcome", "port-closed");
        }
        Outcome::Unreachable { reason } => {
            writer
                .attribute("outcome", "unreachable")
                .value("reason", reason);
        }
        Outcome::Silent => {
            writer.attribute("outcome", "silent");
        }
        Outcome::Asleep { last_read } => {
            writer
                .attribute("outcome", "asleep")
                .value("lastRead", last_read);
        }
        Outcome::Excluded { reason } => {
            writer
                .attribute("outcome", "excluded")
                .value("reason", reason);
        }
        Outcome::NotAsked { reason } => {
            writer
                .attribute("outcome", "not-asked")
                .value("reason", reason);
        }
        Outcome::Error { reason } => {
            writer.attribute("outcome", "error").value("reason", reason);
        }
        _ => {
            writer.no_form("an outcome of this kind");
        }
    }
    writer.end();
}

fn read_observation(fields: Fields<'_>) -> Result<Observation> {
    let outcome = match fields.required("outcome")?.trim() {
        "printer-read" => Outcome::PrinterRead {
            audit: fields.value("audit")?,
        },
        "printer-partly-read" => Outcome::PrinterPartlyRead {
            audit: fields.value("audit")?,
            reason: fields.text("reason")?,
        },
        "other-device" => Outcome::OtherDevice {
            description: fields.optional_text("description"),
        },
        "refused" => Outcome::Refused {
            reason: fields.text("reason")?,
        },
        "wrong-community" => Outcome::WrongCommunity {
            reason: fields.text("reason")?,
        },
        "printer-port-open" => Outcome::PrinterPortOpen {
            port: fields.value("port")?,
        },
        "port-closed" => Outcome::PortClosed,
        "unreachable" => Outcome::Unreachable {
            reason: fields.text("reason")?,
        },
        "silent" => Outcome::Silent,
        "asleep" => Outcome::Asleep {
            last_read: fields.value("lastRead")?,
        },
        "excluded" => Outcome::Excluded {
            reason: fields.text("reason")?,
        },
        "not-asked" => Outcome::NotAsked {
            reason: fields.text("reason")?,
        },
        "error" => Outcome::Error {
            reason: fields.text("reason")?,
        },
        other => {
            let shown: String = other.chars().take(40).collect();
            return Err(MessageError::new(
                "@outcome",
                format!("{shown:?} is not a word that is known here"),
            ));
        }
    };
    Ok(Observation {
        first: fields.value("first")?,
        last: fields.value("last")?,
        name: fields.optional_text("name"),
        outcome,
        witness: fields.word("witness")?,
        at: fields.value("at")?,
    })
}

fn write_notice(writer: &mut Writer, notice: &TrapNotice) {
    writer
        .child("notice")
        .value("at", &notice.at)
        .value("from", &notice.from)
        .word("witness", &notice.witness)
        .value("trap", &notice.trap)
        .optional_value("name", notice.name.as_ref())
        .value("repeats", &notice.repeats);
    if let Some(alert) = &notice.alert {
        parts::write_alert(writer, alert);
    }
    writer.end();
}

fn read_notice(fields: Fields<'_>) -> Result<TrapNotice> {
    Ok(TrapNotice {
        at: fields.value("at")?,
        from: fields.value("from")?,
        witness: fields.word("witness")?,
        trap: fields.text("trap")?,
        name: fields.optional_text("name"),
        repeats: fields.value("repeats")?,
        alert: fields.optional_child("alert", parts::read_alert)?,
    })
}
