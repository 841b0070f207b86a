//! An agent signs three documents; somebody checks one of them without seeing the others:
//! `cargo run -p pagetally-proof --example prove_one_reading`

use pagetally_model::{AgentId, SubmissionId, Timestamp};
use pagetally_proof::{
    Leaf, LeafKind, MerkleTree, Salt, SignedHeader, SigningKey, SubmissionHeader, canonical,
    verify_document,
};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    // At the agent. Seeds, salts and ids come from the operating system in real life.
    let key = SigningKey::from_seed([7; 32]);
    let mut leaves = Vec::new();
    for (number, pages) in [(1, 6_466), (2, 120_001), (3, 17)] {
        let document = serde_json::json!({"serial": format!("SN{number}"), "pages": pages});
        let bytes = canonical::to_bytes(&document)?;
        leaves.push(Leaf::new(
            LeafKind::Audit,
            Salt::from_bytes([number; 32]),
            bytes,
        ));
    }
    let tree = MerkleTree::new(leaves.iter().map(Leaf::hash).collect());
    let header = SubmissionHeader {
        id: SubmissionId::from_bytes([3; 16]),
        content: tree.root(),
        leaves: tree.len(),
        ..SubmissionHeader::first(
            AgentId::from_bytes([4; 16]),
            Timestamp::from_unix_millis(1_800_000_000_000),
        )
    };
    let signed = SignedHeader::sign(header, &key);

    // What the verifier gets: one document, its salt, its path, the signed header, the public key.
    let path = tree.path(1).ok_or("there is a second leaf")?;
    let public = key.verifying_key();
    println!("header  {}", serde_json::to_string(&signed)?);
    println!("path    {}", serde_json::to_string(&path)?);
    println!("reading {}", String::from_utf8_lossy(leaves[1].bytes()));
    verify_document(&leaves[1], &path, &signed, &public)?;
    println!("proved: agent key {public} vouched for this reading");

    let forged = Leaf::new(
        LeafKind::Audit,
        leaves[1].salt().clone(),
        br#"{"pages":130001,"serial":"SN2"}"#.to_vec(),
    );
    match verify_document(&forged, &path, &signed, &public) {
        Ok(()) => Err("a forged reading passed".into()),
        Err(error) => {
            println!("forged: {error}");
            Ok(())
        }
    }
}
