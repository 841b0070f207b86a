//! Settings. They hold communities, so they only ever travel sealed.

use super::{Fields, Result, WriteFields as _};
use crate::MessageError;
use pagetally_model::{
    Community, DEFAULT_SLEEP_SECONDS, Passphrase, Settings, SnmpSecret, SnmpUser,
};
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
        )
        .optional_value("fullReadSeconds", settings.full_read_seconds.as_ref());
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
    for user in &settings.snmp_users {
        write_user(writer, user);
    }
    writer.end();
}

fn write_user(writer: &mut Writer, user: &SnmpUser) {
    writer.child("snmpUser");
    writer.value("firstContact", &user.first_contact);
    writer.child("name").exact_text(&user.user).end();
    for (name, secret) in [("auth", &user.auth), ("priv", &user.privacy)] {
        if let Some(secret) = secret {
            writer.child(name).value("protocol", &secret.protocol);
            writer.exact_text(secret.passphrase.expose()).end();
        }
    }
    if !user.context.is_empty() {
        writer.child("context").exact_text(&user.context).end();
    }
    for engine in &user.engines {
        writer.child("engine").exact_text(engine).end();
    }
    writer.end();
}

fn read_user(fields: Fields<'_>) -> Result<SnmpUser> {
    let secret = |secret: Fields<'_>| {
        let passphrase = Passphrase::new(secret.content()?);
        Ok(SnmpSecret {
            protocol: secret.value("protocol")?,
            passphrase: passphrase.map_err(|error| MessageError::new("", error.reason))?,
        })
    };
    let context = fields.optional_child("context", Fields::content)?;
    Ok(SnmpUser {
        user: fields.child("name", Fields::content)?,
        auth: fields.optional_child("auth", secret)?,
        privacy: fields.optional_child("priv", secret)?,
        context: context.unwrap_or_default(),
        engines: fields.list("engine", Fields::content)?,
        first_contact: fields.value("firstContact")?,
    })
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
        snmp_users: fields.list("snmpUser", read_user)?,
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
        full_read_seconds: fields.optional_value("fullReadSeconds")?,
    })
}
