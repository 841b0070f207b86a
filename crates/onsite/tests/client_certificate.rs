//! The client certificate that a site's file names: its key is its owner's alone.
#![cfg(unix)]

use pagetally_contract::{CentralKeyPair, CodeId, EnrolmentCode, EnrolmentSecret};
use pagetally_model::Timestamp;
use pagetally_onsite::{Agent, ConnectError, EnrolError, SiteFile};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn code() -> String {
    let secret = EnrolmentSecret::from_bytes([7; 32]);
    let code = EnrolmentCode {
        central_url: "https://127.0.0.1:9/soap".to_owned(),
        central_key: CentralKeyPair::from_seed([1; 32]).public(),
        code_id: CodeId::of(&secret),
        secret,
        expires: Timestamp::from_unix_millis(i64::MAX),
    };
    code.to_text().expect("a code").to_string()
}

fn refused(folder: &Path) -> ConnectError {
    let text = "format = 1\n[central]\nclient_cert_file = \"agent.pem\"\nclient_key_file = \"agent.key\"\n";
    let site = SiteFile::parse(text, &folder.join("site.toml")).expect("valid");
    let mut agent = Agent::open(&folder.join("agent"), site).expect("an agent");
    match agent.enrol(&code()) {
        Err(EnrolError::Connect(error)) => error,
        other => panic!("it was called: {other:?}"),
    }
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_mending_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = refused(folder.path());
    assert!(
        matches!(error, ConnectError::ClientCertificate { .. }),
        "{error}"
    );
    fs::write(folder.path().join("agent.pem"), "nothing").expect("written");
    let key = folder.path().join("agent.key");
    fs::write(&key, "nothing").expect("written");
    let rights = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode));
    rights(0o640).expect("changed");
    let error = refused(folder.path());
    assert!(
        matches!(error, ConnectError::ClientKeyOpen { mode: 0o640, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("chmod 600"), "{error}");
    rights(0o600).expect("changed");
    let error = refused(folder.path());
    assert!(matches!(error, ConnectError::Config(_)), "{error}");
}
