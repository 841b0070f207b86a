//! Clients that others wrote, against a running Central over TLS, from the WSDL alone.

mod support;

use pagetally_central::{AgentKind, AgentStatus, DeviceFilter};
use std::path::{Path, PathBuf};
use support::tls::{Account, TlsWorld};
use tokio::process::Command;

/// A program with its library, or a loud skip: `.ci/run` installs both and then requires them.
fn missing(what: &str) -> bool {
    assert!(
        std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
        "{what} is missing"
    );
    eprintln!("SKIPPED: {what} is missing");
    true
}

async fn runs(program: &Path, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).output().await;
    status.is_ok_and(|output| output.status.success())
}

/// The Python that has zeep.
async fn python() -> Option<PathBuf> {
    let named = std::env::var_os("PAGETALLY_PYTHON").map(PathBuf::from);
    for python in named.into_iter().chain([PathBuf::from("python3")]) {
        if runs(&python, &["-c", "import zeep"]).await {
            return Some(python);
        }
    }
    None
}

async fn output(command: &mut Command) -> String {
    let output = command.output().await.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{complained}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn zeep_drives_every_operation_in_both_versions_from_the_wsdl_alone() {
    let Some(python) = python().await else {
        missing("Python with zeep");
        return;
    };
    let world = TlsWorld::new().await;
    let Account { user, secret, .. } = world.account_with_key().await;
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/stock_client.py"
    );
    for (soap, how, serial) in [("1.1", None, "EX0011"), ("1.2", Some("--text"), "EX0012")] {
        let mut command = Command::new(&python);
        command
            .arg(script)
            .args(["--wsdl", &world.wsdl(), "--user", &user, "--soap", soap])
            .args(["--site", "Head office", "--serial", serial])
            .arg("--ca")
            .arg(world.ca_file())
            .args(how)
            .env("CENTRAL_API_SECRET", &*secret)
            // The environment's own trust and proxy would come before the script's.
            .env_remove("REQUESTS_CA_BUNDLE")
            .env_remove("CURL_CA_BUNDLE")
            .env("NO_PROXY", "127.0.0.1");
        let said = output(&mut command).await;
        for operation in [
            "RegisterForManagement successful-ok",
            "GetSchedule successful-ok",
            "SendReports successful-ok",
            "SendAlerts successful-ok",
            "UnregisterForManagement successful-ok",
            "fault not-authenticated",
        ] {
            assert!(said.contains(operation), "{operation}: {said}");
        }
    }
    let devices = world.books.devices(&DeviceFilter::default()).await;
    let devices = devices.expect("the books answer");
    let mut serials: Vec<_> = devices.iter().filter_map(|d| d.serial.clone()).collect();
    serials.sort();
    assert_eq!(serials, ["EX0011", "EX0012"]);
    assert!(devices.iter().all(|device| device.total == Some(6_466)));
    let agents = world.books.agents().await.expect("agents");
    assert_eq!(agents.len(), 2);
    for agent in agents {
        assert_eq!(
            (agent.kind, agent.status, agent.head_number),
            (AgentKind::Api, AgentStatus::Removed, 2),
            "two reports were booked, the repeat was not"
        );
    }
    let shown = devices[0].latest_audit.expect("an audit");
    let audit = world.books.audit(shown).await.expect("the audit's row");
    assert_eq!(audit.agent_kind, AgentKind::Api);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_soap_package_registers_and_reads_a_fault() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/soap.cjs");
    let node = Path::new("node");
    if !runs(node, &["-e", "require('soap')"]).await {
        missing("node with the soap package on NODE_PATH");
        return;
    }
    let world = TlsWorld::new().await;
    let Account { user, secret, .. } = world.account_with_key().await;
    let mut command = Command::new(node);
    command
        .arg(script)
        .env("WSDL", world.wsdl())
        .env("CA", world.ca_file())
        .env("NODE_EXTRA_CA_CERTS", world.ca_file())
        .env("API_USER", &user)
        .env("API_SECRET", &*secret)
        .env("AGENT", "0123456789abcdef0123456789abcdef");
    let said = output(&mut command).await;
    assert!(said.contains("success successful-ok Head office"), "{said}");
    assert!(said.contains("fault not-authenticated"), "{said}");
}
