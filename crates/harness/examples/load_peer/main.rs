//! Clients of other crates as peers of `harness load`: one process, one thread, one task a printer.
//!
//! ```text
//! harness load --peer 'target/release/examples/load_peer async-snmp' \
//!     --peer 'target/release/examples/load_peer csnmp' --peer 'target/release/examples/load_peer snmp2'
//! ```

#[cfg(target_os = "linux")]
mod async_snmp_client;
#[cfg(target_os = "linux")]
mod csnmp_client;
#[cfg(target_os = "linux")]
mod drive;
#[cfg(target_os = "linux")]
mod snmp2_client;

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("harness load is for Linux only");
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use pagetally_harness::load::{Assignment, LoadError, Task, measured};
    use std::io::Write as _;

    let client = std::env::args().nth(1);
    let client = client.as_deref().unwrap_or("async-snmp");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let assignment: Assignment = serde_json::from_str(&line)?;
    // One thread, as the others have.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let run = || {
        let report = runtime.block_on(async {
            match client {
                "async-snmp" => async_snmp_client::run(&assignment).await,
                "csnmp" => csnmp_client::run(&assignment).await,
                "snmp2" => snmp2_client::run(&assignment).await,
                other => Err(format!("no client {other:?}").into()),
            }
        });
        report.map_err(|error| LoadError::Client(std::io::Error::other(error.to_string())))
    };
    if assignment.task == Task::Again {
        run()?;
        println!("read once");
        std::io::stdout().flush()?;
        std::io::stdin().read_line(&mut line)?;
    }
    let mut report = measured(run)?;
    report.client = format!(
        "{client} {}",
        version(client).unwrap_or("of unknown version")
    );
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// The version that this program was built with.
#[cfg(target_os = "linux")]
fn version(client: &str) -> Option<&'static str> {
    let lock = include_str!("../../../../Cargo.lock");
    let (_, behind) = lock.split_once(&format!("name = \"{client}\"\nversion = \""))?;
    Some(behind.split_once('"')?.0)
}
