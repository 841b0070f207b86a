//! Drives a read plan with the caller's own csnmp client: `csnmp_client 192.0.2.7:161 public`.

use anyhow::{Context as _, Result};
use csnmp::Snmp2cClient;
use pagetally_model::{AuditId, AuditTime, BootId, PassId, Text, Timestamp};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, decode};
use pagetally_snmp::read_with_csnmp;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments
        .next()
        .context("usage: csnmp_client ADDRESS:PORT [COMMUNITY]")?
        .parse()?;
    let community = arguments.next().unwrap_or_else(|| "public".to_owned());

    // The client that the caller's tool holds already.
    let client = Snmp2cClient::new(
        address,
        community.into_bytes(),
        None,
        Some(Duration::from_secs(2)),
        1,
    )
    .await?;

    let definitions = Definitions::builtin();
    let (answers, ending) = read_with_csnmp(&client, &mut ReadPlan::new(&definitions)).await;
    eprintln!("{} values, {ending:?}", answers.len());

    let audit = decode(&answers, &context(address)?, &definitions);
    println!("{}", serde_json::to_string_pretty(&audit)?);
    Ok(())
}

/// Ids that this example makes up; a fleet tool has its own.
fn context(address: SocketAddr) -> Result<Context> {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(Context {
        id: AuditId::from_bytes([1; 16]),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(i64::try_from(millis)?),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: Some(address),
        protocol: Text::clean("snmp-v2c"),
    })
}
