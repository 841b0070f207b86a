//! snmp2's asynchronous session over v2c: a socket a printer. It asks once, so asking again is done here.

use crate::drive::{SOCKETS, drive};
use pagetally_harness::load::{Assignment, Report, Task};
use snmp2::{AsyncSession, Oid, Pdu, Value};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// Rows asked for at once.
const REPETITIONS: u32 = 40;

pub(crate) async fn run(assignment: &Assignment) -> Result<Report, Box<dyn Error>> {
    if assignment.v3.is_some() {
        return Err("snmp2 is built without its SNMPv3 here".into());
    }
    let patience = Patience {
        timeout: assignment.timeout,
        retries: assignment.retries,
    };
    let task = assignment.task;
    drive(assignment, SOCKETS, move |address| async move {
        match task {
            Task::Sweep => sweep(address, patience).await,
            Task::Again | Task::Read => read(address, patience).await,
        }
    })
    .await
}

#[derive(Clone, Copy)]
struct Patience {
    timeout: Duration,
    retries: u32,
}

async fn sweep(address: SocketAddr, patience: Patience) -> Option<usize> {
    let mut session = session(address).await?;
    let name = Oid::from(&[1, 3, 6, 1, 2, 1, 1, 1]).ok()?;
    for _ in 0..=patience.retries {
        if let Ok(Ok(_)) = timeout(patience.timeout, session.getnext(&name)).await {
            return Some(1);
        }
    }
    None
}

async fn read(address: SocketAddr, patience: Patience) -> Option<usize> {
    let mut session = session(address).await?;
    let mut at = Oid::from(&[1, 3, 6, 1]).ok()?;
    let mut had = 0;
    loop {
        let mut answer = None;
        let names = [&at];
        for _ in 0..=patience.retries {
            let asked = session.getbulk(&names, 0, REPETITIONS);
            if let Ok(Ok(pdu)) = timeout(patience.timeout, asked).await {
                answer = Some(rows(pdu));
                break;
            }
        }
        let (rows, next) = answer?;
        had += rows;
        match next {
            Some(next) => at = next,
            None => return Some(had),
        }
    }
}

/// How many variables an answer has, and where to go on; nothing at the end.
fn rows(pdu: Pdu<'_>) -> (usize, Option<Oid<'static>>) {
    let (mut had, mut last) = (0, None);
    for (name, value) in pdu.varbinds {
        if matches!(value, Value::EndOfMibView) {
            return (had, None);
        }
        had += 1;
        last = Some(name.to_owned());
    }
    (had, last)
}

async fn session(address: SocketAddr) -> Option<AsyncSession> {
    AsyncSession::new_v2c(address, b"public", 1).await.ok()
}
