//! csnmp's client, which speaks v2c alone: a socket a printer.

use crate::drive::{SOCKETS, drive};
use csnmp::{ObjectIdentifier, Snmp2cClient};
use pagetally_harness::load::{Assignment, Report, Task};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

/// Rows asked for at once.
const REPETITIONS: u32 = 40;

pub(crate) async fn run(assignment: &Assignment) -> Result<Report, Box<dyn Error>> {
    if assignment.v3.is_some() {
        return Err("csnmp speaks no SNMPv3".into());
    }
    let retries = usize::try_from(assignment.retries)?;
    let (task, timeout) = (assignment.task, assignment.timeout);
    let everything: ObjectIdentifier = "1.3.6.1".parse()?;
    let before_descr: ObjectIdentifier = "1.3.6.1.2.1.1.1".parse()?;
    drive(assignment, SOCKETS, move |address| async move {
        let client = client(address, timeout, retries).await?;
        match task {
            Task::Sweep => client.get_next(before_descr).await.ok().map(|_| 1),
            Task::Again | Task::Read => {
                let had = client.walk_bulk(everything, REPETITIONS).await.ok()?;
                Some(had.len())
            }
        }
    })
    .await
}

async fn client(address: SocketAddr, timeout: Duration, retries: usize) -> Option<Snmp2cClient> {
    let community = b"public".to_vec();
    let client = Snmp2cClient::new(address, community, None, Some(timeout), retries);
    client.await.ok()
}
