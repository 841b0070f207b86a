//! Settings. They hold communities, so they only ever travel sealed.

use super::{Fields, Result, WriteFields as _};
use crate::MessageError;
use pagetally_model::{Community, DEFAULT_SLEEP_SECONDS, Settings};
use pagetally_soap::Writer;

/// Writes an element of settings.
pub(super) fn write_settings(writer: &mut Writer, settings: &Settings) {
    writer
        .child("settings")
        .value("format", &settings.format)
        .value("version", &settings.version)
        .value("timeZone", &settings.time_zone)
        .value("port", &settings.port)
        .value("timeoutMillis", &settings.timeout_millis)
        .value("retries", &settings.retries)
        .value("datagramsPerSecond", &settings.datagrams_per_second)
        .value("intervalSeconds", &settings.interval_seconds)
        .optional_value(
            "subnetDatagramsPerSecond",
            settings.subnet_datagrams_per_second.as_ref(),
        );
    // What is as usual is left out, so that the bytes of older settings stay what they were.
    if settings.sleep_seconds != DEFAULT_SLEEP_SECONDS {
        writer.value("sleepSeconds", &settings.sleep_seconds);
    }
    for target in &settings.targets {
        writer.child("target").exact_text(target).end();
    }
    for exclusion in &settings.exclusions {
        writer.child("exclusion").exact_text(exclusion).end();
    }
    for community in &settings.communities {
        writer
            .child("community")
            .exact_text(community.expose())
            .end();
    }
    for window in &settings.quiet_hours {
        writer.child("quiet").exact_text(window).end();
    }
    writer.end();
}

pub(super) fn read_settings(fields: Fields<'_>) -> Result<Settings> {
    Ok(Settings {
        format: fields.value("format")?,
        version: fields.value("version")?,
        time_zone: fields.text("timeZone")?,
        targets: fields.list("target", Fields::content)?,
        exclusions: fields.list("exclusion", Fields::content)?,
        communities: fields.list("community", |community| {
            Community::new(community.content()?)
                .map_err(|error| MessageError::new("", error.reason))
        })?,
        port: fields.value("port")?,
        timeout_millis: fields.value("timeoutMillis")?,
        retries: fields.value("retries")?,
        datagrams_per_second: fields.value("datagramsPerSecond")?,
        subnet_datagrams_per_second: fields.optional_value("subnetDatagramsPerSecond")?,
        interval_seconds: fields.value("intervalSeconds")?,
        quiet_hours: fields.list("quiet", Fields::content)?,
        sleep_seconds: fields
            .optional_value("sleepSeconds")?
            .unwrap_or(DEFAULT_SLEEP_SECONDS),
    })
}
