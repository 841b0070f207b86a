//! Every field of a submission, changed: nothing passes.

use pagetally_model::{AgentId, SubmissionId, Timestamp};
use pagetally_proof::{
    ChainError, DocumentError, Hash, HeaderError, Leaf, LeafKind, MerkleTree, Salt, Signature,
    SignedHeader, SigningKey, SubmissionHeader, VerifyingKey, verify_chain, verify_document,
    verify_link,
};

fn key() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

fn leaf(number: u8, kind: LeafKind) -> Leaf {
    Leaf::new(kind, Salt::from_bytes([number; 32]), vec![b'0' + number])
}

fn leaves() -> Vec<Leaf> {
    vec![
        leaf(1, LeafKind::Audit),
        leaf(2, LeafKind::Audit),
        leaf(3, LeafKind::PassReport),
    ]
}

fn tree() -> MerkleTree {
    MerkleTree::new(leaves().iter().map(Leaf::hash).collect())
}

fn first() -> SubmissionHeader {
    SubmissionHeader {
        id: SubmissionId::from_bytes([3; 16]),
        content: tree().root(),
        leaves: 3,
        ..SubmissionHeader::first(AgentId::from_bytes([4; 16]), Timestamp::from_unix_millis(9))
    }
}

fn second() -> SubmissionHeader {
    SubmissionHeader {
        id: SubmissionId::from_bytes([5; 16]),
        content: tree().root(),
        leaves: 3,
        ..first().next(Timestamp::from_unix_millis(8))
    }
}

type Change = fn(&mut SubmissionHeader);

/// Every way to change one field of a header.
fn changes() -> Vec<(&'static str, Change)> {
    vec![
        ("format", |h| h.format = 2),
        ("algorithm", |h| h.algorithm = 2),
        ("id", |h| h.id = SubmissionId::from_bytes([9; 16])),
        ("agent", |h| h.agent = AgentId::from_bytes([9; 16])),
        ("number", |h| h.number += 1),
        ("number to zero", |h| h.number = 0),
        ("previous", |h| h.previous = Hash::of(&[b"other"])),
        ("content", |h| h.content = Hash::of(&[b"other"])),
        ("leaves", |h| h.leaves += 1),
        ("leaves to zero", |h| h.leaves = 0),
        ("created", |h| h.created = Timestamp::from_unix_millis(10)),
    ]
}

#[test]
fn a_header_with_any_field_changed_does_not_verify() {
    let public = key().verifying_key();
    let signed = SignedHeader::sign(second(), &key());
    signed.verify(&public).expect("untouched");
    for (field, change) in changes() {
        let mut changed = signed.clone();
        change(&mut changed.header);
        assert_ne!(changed.header.hash(), signed.header.hash(), "{field}");
        assert!(changed.verify(&public).is_err(), "{field}");
    }
}

#[test]
fn every_bit_of_a_signature_counts() {
    let public = key().verifying_key();
    let signed = SignedHeader::sign(second(), &key());
    for bit in 0..512 {
        let mut bytes = *signed.signature.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = SignedHeader {
            signature: Signature::from_bytes(bytes),
            ..signed.clone()
        };
        assert!(
            matches!(changed.verify(&public), Err(HeaderError::Signature(_))),
            "bit {bit}"
        );
    }
}

#[test]
fn an_unknown_format_or_algorithm_is_refused_by_name_even_if_signed() {
    let public = key().verifying_key();
    let sign = |change: fn(&mut SubmissionHeader)| {
        let mut header = second();
        change(&mut header);
        SignedHeader::sign(header, &key()).verify(&public)
    };
    assert_eq!(sign(|h| h.format = 9), Err(HeaderError::Format(9)));
    assert_eq!(sign(|h| h.algorithm = 9), Err(HeaderError::Algorithm(9)));
    assert_eq!(sign(|h| h.number = 0), Err(HeaderError::Number));
    assert_eq!(sign(|h| h.leaves = 0), Err(HeaderError::Empty));
    assert_eq!(sign(|h| h.number = 1), Err(HeaderError::FirstHasPrevious));
}

#[test]
fn another_agents_key_proves_nothing() {
    let other: VerifyingKey = SigningKey::from_seed([8; 32]).verifying_key();
    assert!(SignedHeader::sign(first(), &key()).verify(&other).is_err());
}

#[test]
fn a_chain_holds_in_its_order_only() {
    let public = key().verifying_key();
    let signed: Vec<SignedHeader> = {
        let third = second().next(Timestamp::from_unix_millis(7));
        let third = SubmissionHeader { leaves: 1, ..third };
        [first(), second(), third]
            .map(|header| SignedHeader::sign(header, &key()))
            .to_vec()
    };
    let last = verify_chain(None, &signed, &public.into()).expect("a chain");
    assert_eq!(last, Some(&signed[2].header));
    verify_chain(Some(&signed[0].header), &signed[1..], &public.into()).expect("a chain's end");
    for broken in [
        vec![&signed[1]],
        vec![&signed[0], &signed[2]],
        vec![&signed[0], &signed[0]],
        vec![&signed[1], &signed[0]],
        vec![&signed[0], &signed[2], &signed[1]],
    ] {
        assert!(verify_chain(None, broken, &public.into()).is_err());
    }
}

#[test]
fn a_link_with_any_field_of_the_earlier_header_changed_is_broken() {
    let next = second();
    verify_link(Some(&first()), &next).expect("untouched");
    for (field, change) in changes() {
        let mut previous = first();
        change(&mut previous);
        assert!(verify_link(Some(&previous), &next).is_err(), "{field}");
    }
}

#[test]
fn a_broken_link_says_what_is_broken() {
    let (previous, next) = (first(), second());
    let mut gap = next.clone();
    gap.number = 3;
    assert_eq!(
        verify_link(Some(&previous), &gap),
        Err(ChainError::Number {
            expected: 2,
            found: 3
        })
    );
    let mut fork = next.clone();
    fork.previous = Hash::of(&[b"another past"]);
    assert_eq!(
        verify_link(Some(&previous), &fork),
        Err(ChainError::Previous {
            number: 2,
            expected: previous.hash(),
            found: fork.previous
        })
    );
    let mut foreign = next;
    foreign.agent = AgentId::from_bytes([9; 16]);
    assert!(matches!(
        verify_link(Some(&previous), &foreign),
        Err(ChainError::Agent { number: 2, .. })
    ));
}

#[test]
fn a_document_is_proved_by_itself_and_by_nothing_else() {
    let public = key().verifying_key();
    let signed = SignedHeader::sign(first(), &key());
    for (index, leaf) in leaves().iter().enumerate() {
        let path = tree()
            .path(u32::try_from(index).expect("small"))
            .expect("in the tree");
        verify_document(leaf, &path, &signed, &public).expect("untouched");

        let other_bytes = Leaf::new(leaf.kind(), leaf.salt().clone(), b"other".to_vec());
        let other_salt = Leaf::new(
            leaf.kind(),
            Salt::from_bytes([9; 32]),
            leaf.bytes().to_vec(),
        );
        let other_kind = match leaf.kind() {
            LeafKind::Audit => LeafKind::PassReport,
            _ => LeafKind::Audit,
        };
        let other_kind = Leaf::new(other_kind, leaf.salt().clone(), leaf.bytes().to_vec());
        for changed in [other_bytes, other_salt, other_kind] {
            assert!(matches!(
                verify_document(&changed, &path, &signed, &public),
                Err(DocumentError::Inclusion(_))
            ));
        }
        for (field, change) in changes() {
            let mut changed = signed.clone();
            change(&mut changed.header);
            assert!(
                verify_document(leaf, &path, &changed, &public).is_err(),
                "{field}"
            );
        }
    }
}

#[test]
fn a_path_for_a_tree_of_another_size_is_refused() {
    let signed = SignedHeader::sign(first(), &key());
    let mut path = tree().path(0).expect("in the tree");
    path.leaves = 4;
    assert_eq!(
        verify_document(&leaves()[0], &path, &signed, &key().verifying_key()),
        Err(DocumentError::Leaves { path: 4, header: 3 })
    );
}
