//! Proofs that a dealer hands on: one audit, checked without Central and without the others.

mod support;

use pagetally_model::{AuditId, PassId};
use pagetally_proof::{Proof, SigningKey};
use support::{World, audit, get, pass_report};

/// What the page hands out.
async fn fetched(world: &World, audit: AuditId) -> Option<Proof> {
    let (status, body) = get(world.address(), &format!("/audits/{audit}/proof")).await;
    (status == 200).then(|| serde_json::from_str(&body).expect("a proof"))
}

#[tokio::test]
async fn each_audit_is_proved_from_the_agents_key_alone() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let key = agent.session.signing.verifying_key();
    for round in 0..3 {
        let mut printers = vec![
            audit("SN-1", 100 + round),
            audit("SN-2", 200 + round),
            audit("SN-3", 300 + round),
        ];
        let pass = pass_report(PassId::from_bytes(support::random()), &printers);
        for printer in &mut printers {
            printer.pass = pass.id;
        }
        let report = agent.submission(printers.clone(), Some(pass));
        assert!(agent.send(world.address(), &report).await.receipt.is_some());
        for printer in printers {
            let proof = fetched(&world, printer.id).await.expect("a proof");
            proof.verify(&key).expect("proved");
            assert_eq!(proof.signed, report.signed);
            assert_eq!(serde_json::from_str(&proof.document).ok(), Some(printer));
            assert_eq!(proof.first_key, key);
            let stranger = SigningKey::from_seed([1; 32]).verifying_key();
            assert!(proof.verify(&stranger).is_err());
        }
    }
    let nobody = AuditId::from_bytes([9; 16]);
    assert!(fetched(&world, nobody).await.is_none());
}

#[tokio::test]
async fn another_dealer_gets_no_proof() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let printer = audit("SN-1", 100);
    let report = agent.submission(vec![printer.clone()], None);
    assert!(agent.send(world.address(), &report).await.receipt.is_some());
    world.books.proof(printer.id).await.expect("its own");
    let books = world.central.books();
    let other = books.create_dealer("Other").await.expect("a dealer");
    let refused = books.dealer(other).proof(printer.id).await;
    refused.expect_err("another's audit");
}
