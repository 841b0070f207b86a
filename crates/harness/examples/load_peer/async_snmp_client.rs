//! async-snmp's own client: one shared socket.

use crate::drive::drive;
use async_snmp::transport::{UdpHandle, UdpTransport};
use async_snmp::{
    Auth, AuthProtocol, Client, MasterKeys, Oid, PrivProtocol, Retry, UsmConfig, oid,
};
use pagetally_harness::load::{Assignment, Report, Task};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

/// Rows asked for at once: the 474 variables of a printer take 12 requests.
const REPETITIONS: u32 = 40;

/// Octets that the socket holds: as many as ours does. With its system's default, a thousand printers
/// that answer at once are not all heard.
const RECEIVE_BUFFER: usize = 4 << 20;

pub(crate) async fn run(assignment: &Assignment) -> Result<Report, Box<dyn Error>> {
    let auth = auth(assignment)?;
    let socket = UdpTransport::builder().recv_buffer_size(RECEIVE_BUFFER);
    let socket = socket.build().await?;
    let retry = Retry::fixed(assignment.retries, Duration::ZERO)?;
    let (task, timeout) = (assignment.task, assignment.timeout);
    drive(assignment, usize::MAX, |address| {
        let (auth, retry, socket) = (auth.clone(), retry.clone(), socket.clone());
        async move {
            let client = client(address, auth, timeout, retry, &socket).await.ok()?;
            match task {
                Task::Sweep => sweep(&client).await,
                Task::Again | Task::Read => read(&client).await,
            }
        }
    })
    .await
}

/// The community, or the user with keys that are derived once for all printers.
fn auth(assignment: &Assignment) -> Result<Auth, Box<dyn Error>> {
    let Some(user) = &assignment.v3 else {
        return Ok(Auth::v2c("public"));
    };
    let keys = MasterKeys::new(AuthProtocol::Sha1, user.auth.as_bytes())?
        .with_privacy(PrivProtocol::Aes128, user.privacy.as_bytes())?;
    let config = UsmConfig::new(user.name.clone().into_bytes()).with_master_keys(keys)?;
    Ok(config.into())
}

async fn client(
    address: SocketAddr,
    auth: Auth,
    timeout: Duration,
    retry: Retry,
    socket: &UdpTransport,
) -> Result<Client<UdpHandle>, Box<async_snmp::Error>> {
    let target = (address.ip().to_string(), address.port());
    Client::builder(target, auth)
        .strict_source(true)
        .request_timeout(timeout)
        .retry(retry)
        .build_with(socket)
        .await
}

/// The variables that were had; nothing where it did not come to an end.
async fn sweep(client: &Client<UdpHandle>) -> Option<usize> {
    let names: [Oid; 4] = [
        oid!(1, 3, 6, 1, 2, 1, 1, 1),
        oid!(1, 3, 6, 1, 2, 1, 1, 2),
        oid!(1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2),
        oid!(1, 3, 6, 1, 2, 1, 43, 5, 1, 1),
    ];
    let answer = client.get_next_many(&names).await.ok()?;
    Some(answer.varbinds.len())
}

async fn read(client: &Client<UdpHandle>) -> Option<usize> {
    let walk = client.bulk_walk(oid!(1, 3, 6, 1), REPETITIONS).ok()?;
    let varbinds = walk.collect().await.ok()?;
    Some(varbinds.len())
}
