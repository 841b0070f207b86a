//! What the keys of an SNMPv3 user cost: derived once for the user, localized once for each engine.
//!
//! `cargo run --release -p pagetally-snmp-engine --example usm_keys`

use pagetally_snmp_engine::usm::{
    AuthProtocol, PrivProtocol, Secret, UsmCredential, UsmUser, UsmUserError,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

const TIMES: u32 = 20;

#[expect(
    clippy::disallowed_methods,
    reason = "it measures what the crate's work costs"
)]
fn each(mut work: impl FnMut(u32)) -> Duration {
    let begun = Instant::now();
    (0..TIMES).for_each(&mut work);
    begun.elapsed() / TIMES
}

fn main() -> Result<(), UsmUserError> {
    println!("{:30} {:>14} {:>14}", "", "for the user", "for an engine");
    for auth in [AuthProtocol::Md5, AuthProtocol::Sha1, AuthProtocol::Sha256] {
        for privacy in PrivProtocol::ALL {
            let user = UsmUser {
                name: "reader".to_owned(),
                auth: Some((auth, Secret::new(*b"authenticate me"))),
                privacy: Some((privacy, Secret::new(*b"and keep it private"))),
                context: String::new(),
            };
            let credential = UsmCredential::derive(&user)?;
            let derive = each(|_| drop(black_box(UsmCredential::derive(black_box(&user)))));
            let localize = each(|engine| {
                black_box(credential.localize(&engine.to_be_bytes()));
            });
            let name = format!("{} and {}", auth.name(), privacy.name());
            println!("{name:30} {derive:>14.1?} {localize:>14.1?}");
        }
    }
    Ok(())
}
