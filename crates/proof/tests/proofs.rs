//! Proofs across changes of keys: what holds, and that nothing changed holds. The same proofs go to
//! the verifier in Python, which shares no code with this crate.

use pagetally_model::{AgentId, SubmissionId, Timestamp};
use pagetally_proof::{
    KeyHistory, Leaf, LeafKind, MAX_ROTATIONS, MerkleTree, PROOF_FORMAT, Proof, ProofError,
    RotationError, Salt, SignedHeader, SignedRotation, SigningKey, SubmissionHeader, verify_chain,
};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const DOCUMENT: &str = r#"{"meters":[{"value":6466}],"serial":"SN-é"}"#;

fn agent() -> AgentId {
    AgentId::from_bytes([4; 16])
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed([number; 32])
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + millis)
}

fn rotation(number: u64, old: u8, new: u8) -> SignedRotation {
    SignedRotation::sign(agent(), number, &key(old), &key(new), [9; 32], time(5))
}

/// Five submissions; the agent changes its key with the second and the third.
fn chain() -> (Vec<SignedHeader>, Vec<Vec<Leaf>>, Vec<SignedRotation>) {
    let rotations = vec![rotation(2, 7, 8), rotation(3, 8, 10)];
    let keys = [7, 7, 8, 10, 10];
    let (mut headers, mut documents) = (Vec::<SignedHeader>::new(), Vec::new());
    for (index, seed) in keys.into_iter().enumerate() {
        let place = u8::try_from(index).expect("five");
        let salt = |leaf: u8| Salt::from_bytes([16 * place + leaf; 32]);
        let mut leaves = vec![Leaf::new(LeafKind::PassReport, salt(1), b"{}".to_vec())];
        let document = DOCUMENT.as_bytes().to_vec();
        leaves.push(Leaf::new(LeafKind::Audit, salt(2), document));
        if let Some(record) = (index > 0).then(|| rotations.get(index - 1)).flatten() {
            leaves.push(Leaf::of_rotation(record, salt(3)).expect("canonical"));
        }
        let tree = MerkleTree::new(leaves.iter().map(Leaf::hash).collect());
        let blank = match headers.last() {
            Some(last) => last.header.next(time(i64::from(place))),
            None => SubmissionHeader::first(agent(), time(0)),
        };
        let header = SubmissionHeader {
            id: SubmissionId::from_bytes([place; 16]),
            content: tree.root(),
            leaves: tree.len(),
            ..blank
        };
        headers.push(SignedHeader::sign(header, &key(seed)));
        documents.push(leaves);
    }
    (headers, documents, rotations)
}

/// The proof of the audit in submission `number`, from 1.
fn proof(number: usize) -> Proof {
    let (headers, documents, rotations) = chain();
    let leaves = &documents[number - 1];
    let tree = MerkleTree::new(leaves.iter().map(Leaf::hash).collect());
    Proof {
        format: PROOF_FORMAT,
        kind: LeafKind::Audit,
        document: DOCUMENT.to_owned(),
        salt: leaves[1].salt().clone(),
        path: tree.path(1).expect("there"),
        signed: headers[number - 1].clone(),
        before: number.checked_sub(2).map(|before| headers[before].clone()),
        rotations,
        first_key: key(7).verifying_key(),
    }
}

#[test]
fn every_submission_is_proved_from_the_first_key_alone() {
    let (headers, _, rotations) = chain();
    let first = key(7).verifying_key();
    let keys = KeyHistory::follow(agent(), first, &rotations).expect("follows");
    assert_eq!(keys.latest(), key(10).verifying_key());
    verify_chain(None, &headers, &keys).expect("a chain");
    verify_chain(None, &headers, &first.into()).expect_err("the key changed");
    for number in 1..=headers.len() {
        proof(number).verify(&first).expect("proved");
        let stranger = key(8).verifying_key();
        assert!(matches!(
            proof(number).verify(&stranger),
            Err(ProofError::Keys { .. })
        ));
    }
}

#[test]
fn a_proof_survives_its_own_json() {
    let proof = proof(3);
    let text = serde_json::to_string(&proof).expect("writes");
    assert_eq!(serde_json::from_str::<Proof>(&text).expect("reads"), proof);
}

#[test]
fn rotations_out_of_order_of_others_or_too_many_are_refused() {
    let first = key(7).verifying_key();
    let follow = |records: &[SignedRotation]| KeyHistory::follow(agent(), first, records);
    let swapped = [rotation(3, 7, 8), rotation(2, 8, 10)];
    assert!(matches!(
        follow(&swapped),
        Err(RotationError::Order {
            before: 3,
            found: 2
        })
    ));
    let foreign = SignedRotation::sign(
        AgentId::from_bytes([5; 16]),
        2,
        &key(7),
        &key(8),
        [9; 32],
        time(5),
    );
    assert!(matches!(
        follow(&[foreign]),
        Err(RotationError::Agent { .. })
    ));
    let gap = [rotation(2, 8, 10)];
    assert!(matches!(follow(&gap), Err(RotationError::OldKey { .. })));
    let many = vec![rotation(1, 7, 8); MAX_ROTATIONS + 1];
    assert!(matches!(follow(&many), Err(RotationError::TooMany(_))));
    let mut stolen = rotation(2, 7, 8);
    stolen.possession = stolen.handover;
    assert!(matches!(
        follow(&[stolen]),
        Err(RotationError::Signature { by_old: false, .. })
    ));
}

/// Every leaf value of a document, changed in turn. A hint and what stands outside the proof is left.
fn changed(value: &Value) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    collect(value, String::new(), &mut pointers);
    pointers
        .into_iter()
        .filter(|pointer| pointer != "/firstKey")
        .map(|pointer| {
            let mut copy = value.clone();
            let place = copy.pointer_mut(&pointer).expect("collected");
            *place = match place.take() {
                Value::Number(number) => json!(number.as_u64().unwrap_or(0) + 1),
                Value::String(text) if pointer.ends_with("created") => {
                    json!(text.replace("2027", "2028"))
                }
                Value::String(text) if pointer == "/kind" => {
                    json!(if text == "audit" {
                        "pass-report"
                    } else {
                        "audit"
                    })
                }
                Value::String(text) if pointer == "/document" => {
                    json!(text.replace("6466", "6467"))
                }
                // The first digit of hexadecimal.
                Value::String(text) => {
                    let other = if text.starts_with('0') { "1" } else { "0" };
                    json!(format!("{other}{}", &text[1..]))
                }
                other => other,
            };
            (pointer, copy)
        })
        .collect()
}

fn collect(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| collect(member, format!("{at}/{name}"), into)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| collect(item, format!("{at}/{index}"), into)),
        _ => into.push(at),
    }
}

#[test]
fn nothing_in_a_proof_can_be_changed() {
    let first = key(7).verifying_key();
    let sound = serde_json::to_value(proof(4)).expect("writes");
    let all = changed(&sound);
    assert!(all.len() > 35, "{} places", all.len());
    for (pointer, forged) in all {
        // What cannot be read is refused as well.
        if let Ok(proof) = serde_json::from_value::<Proof>(forged) {
            assert!(proof.verify(&first).is_err(), "{pointer} can be changed");
        }
    }
    let mut bare = proof(4);
    bare.before = None;
    assert!(matches!(bare.verify(&first), Err(ProofError::Link { .. })));
    let mut bare = proof(4);
    bare.rotations.pop();
    assert!(bare.verify(&first).is_err());
}

/// Runs the verifier in Python on each line of its input, in one process.
const DRIVER: &str = "
import json, sys
sys.path.insert(0, sys.argv[1])
from verify_proof import verify
for line in sys.stdin:
    try:
        print(verify(json.loads(line), sys.argv[2])['serial'])
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        print('NOT PROVED')
";

/// What the verifier in Python says of each proof.
fn python_says(proofs: &[Value], first: &str) -> Option<Vec<bool>> {
    let mut python = Command::new("python3");
    python.args(["-B", "-c", DRIVER]);
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"));
    python.arg(first).env("PYTHONIOENCODING", "utf-8");
    python.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match python.spawn() {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some();
            assert!(!required, "python3 is required: {error}");
            println!("SKIPPED: no python3 to verify proofs with: {error}");
            return None;
        }
    };
    let lines: String = proofs.iter().map(|proof| format!("{proof}\n")).collect();
    let mut input = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    assert!(output.status.success(), "the verifier broke down");
    let said = String::from_utf8(output.stdout).expect("text");
    let verdicts = said.lines().map(|line| match line {
        "SN-é" => true,
        other => {
            assert_eq!(other, "NOT PROVED");
            false
        }
    });
    Some(verdicts.collect())
}

#[test]
fn a_verifier_that_shares_no_code_agrees() {
    let first = key(7).verifying_key();
    let mut proofs: Vec<Value> = (1..=5)
        .map(|number| serde_json::to_value(proof(number)).expect("writes"))
        .collect();
    let forged = changed(&proofs[3]);
    proofs.extend(forged.into_iter().map(|(_, forged)| forged));
    let ours = proofs.iter().map(|value| {
        serde_json::from_value::<Proof>(value.clone()).is_ok_and(|p| p.verify(&first).is_ok())
    });
    let ours: Vec<bool> = ours.collect();
    assert_eq!(ours.iter().filter(|holds| **holds).count(), 5);
    if let Some(theirs) = python_says(&proofs, &first.to_string()) {
        assert_eq!(theirs, ours);
    }
}
