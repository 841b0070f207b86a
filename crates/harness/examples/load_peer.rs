//! async-snmp's own client as a peer of `harness load`: one shared socket, one task a printer.
//!
//! `harness load --peer target/release/examples/load_peer`

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    peer::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("harness load is for Linux only");
}

#[cfg(target_os = "linux")]
mod peer {
    use async_snmp::transport::{UdpHandle, UdpTransport};
    use async_snmp::{
        Auth, AuthProtocol, Client, MasterKeys, Oid, PrivProtocol, Retry, UsmConfig, oid,
    };
    use pagetally_harness::load::{Assignment, LoadError, Report, Task, measured};
    use std::error::Error;
    use std::io::Write as _;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::{Duration, Instant};
    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    /// Rows asked for at once: the 474 variables of a printer take 12 requests.
    const REPETITIONS: u32 = 40;

    /// Octets that the socket holds: as many as ours does.
    const RECEIVE_BUFFER: usize = 4 << 20;

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        let assignment: Assignment = serde_json::from_str(&line)?;
        // One thread, as the others have.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let run = || {
            let report = runtime.block_on(run(&assignment));
            report.map_err(|error| LoadError::Client(std::io::Error::other(error.to_string())))
        };
        if assignment.task == Task::Again {
            run()?;
            println!("read once");
            std::io::stdout().flush()?;
            std::io::stdin().read_line(&mut line)?;
        }
        println!("{}", serde_json::to_string(&measured(run)?)?);
        Ok(())
    }

    async fn run(assignment: &Assignment) -> Result<Report, Box<dyn Error>> {
        let started = Instant::now();
        let auth = auth(assignment)?;
        // With its system's default, a thousand printers that answer at once are not all heard.
        let socket = UdpTransport::builder().recv_buffer_size(RECEIVE_BUFFER);
        let socket = socket.build().await?;
        let retry = Retry::fixed(assignment.retries, Duration::ZERO)?;
        let in_flight = match assignment.task {
            Task::Sweep => usize::MAX >> 4,
            _ => assignment.in_flight,
        };
        let slots = Arc::new(Semaphore::new(in_flight.min(Semaphore::MAX_PERMITS)));
        let mut tasks = JoinSet::new();
        let mut report = Report::default();
        let mut last = started;
        for address in assignment.targets() {
            let slot = Arc::clone(&slots).acquire_owned().await?;
            let client = client(address, auth.clone(), assignment, retry.clone(), &socket).await?;
            let task = assignment.task;
            tasks.spawn(async move {
                let found = match task {
                    Task::Sweep => sweep(&client).await,
                    Task::Again | Task::Read => read(&client).await,
                };
                drop(slot);
                found
            });
            while let Some(done) = tasks.try_join_next() {
                note(&mut report, &mut last, done?);
            }
        }
        while let Some(done) = tasks.join_next().await {
            note(&mut report, &mut last, done?);
        }
        report.wall = match assignment.task {
            Task::Sweep => started.elapsed(),
            Task::Again | Task::Read => last.saturating_duration_since(started),
        };
        Ok(report)
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
        assignment: &Assignment,
        retry: Retry,
        socket: &UdpTransport,
    ) -> Result<Client<UdpHandle>, Box<async_snmp::Error>> {
        let target = (address.ip().to_string(), address.port());
        Client::builder(target, auth)
            .strict_source(true)
            .request_timeout(assignment.timeout)
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

    fn note(report: &mut Report, last: &mut Instant, had: Option<usize>) {
        if let Some(had) = had {
            report.found += 1;
            report.complete += 1;
            report.variables += u64::try_from(had).unwrap_or(0);
            *last = Instant::now();
        }
    }
}
