//! Bytes of format 1, frozen for ever. They were computed with Python (hashlib, struct, and
//! OpenSSL's Ed25519), which shares no code with this crate. When one of these tests fails, the
//! change is wrong, not the test.

use pagetally_model::{AgentId, SubmissionId, Timestamp};
use pagetally_proof::{
    Hash, Leaf, LeafKind, Salt, SignedHeader, SignedRotation, SigningKey, SubmissionHeader,
};

fn header() -> SubmissionHeader {
    SubmissionHeader {
        format: 1,
        algorithm: 1,
        id: SubmissionId::from_bytes([3; 16]),
        agent: AgentId::from_bytes([4; 16]),
        number: 2,
        previous: Hash::from_bytes([5; 32]),
        content: Hash::from_bytes([6; 32]),
        leaves: 7,
        created: Timestamp::from_unix_millis(1_800_000_000_123),
    }
}

#[test]
fn leaf_hashes_of_format_1() {
    let hash = |kind| {
        Leaf::new(
            kind,
            Salt::from_bytes([0x11; 32]),
            br#"{"id":"a","pages":6466}"#.to_vec(),
        )
        .hash()
        .to_string()
    };
    assert_eq!(
        hash(LeafKind::Audit),
        "ec2574259414ad04f35b4944c4df05a3859f5e018a22091b01273064806509c3"
    );
    assert_eq!(
        hash(LeafKind::PassReport),
        "37f309d8549a34819207c11ae88568444c59c4759ce55a6b9636699d60250688"
    );
}

#[test]
fn header_bytes_hash_and_signature_of_format_1() {
    assert_eq!(SubmissionHeader::from_bytes(&header().to_bytes()), header());
    let header = header();
    let bytes: String = header
        .to_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        bytes,
        "0101030303030303030303030303030303030404040404040404040404040404040400000000000000020505\
         0505050505050505050505050505050505050505050505050505050505050606060606060606060606060606\
         06060606060606060606060606060606060600000007000001a3185c507b"
    );
    assert_eq!(
        header.hash().to_string(),
        "a2c832be097504a486a955f35b69fc5541e00dbb9a0462071407f094d52dde91"
    );
    let key = SigningKey::from_seed([7; 32]);
    assert_eq!(
        key.verifying_key().to_string(),
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
    );
    assert_eq!(
        SignedHeader::sign(header, &key).signature.to_string(),
        "7cbf94cadf77f993543ffd00b79c4ef9df0b379e458551c0333e2c43e95f29d6\
         74fe95cb5820faf437ead8392cf8783102dd4bdc5425ab5a33536a6c78829a00"
    );
}

#[test]
fn the_document_of_a_signed_header_of_format_1() {
    let signed = SignedHeader::sign(header(), &SigningKey::from_seed([7; 32]));
    let json = String::from_utf8(pagetally_proof::canonical::to_bytes(&signed).expect("canonical"))
        .expect("UTF-8");
    assert_eq!(
        json,
        r#"{"header":{"agent":"04040404040404040404040404040404","algorithm":1,"content":"0606060606060606060606060606060606060606060606060606060606060606","created":"2027-01-15T08:00:00.123Z","format":1,"id":"03030303030303030303030303030303","leaves":7,"number":2,"previous":"0505050505050505050505050505050505050505050505050505050505050505"},"signature":"7cbf94cadf77f993543ffd00b79c4ef9df0b379e458551c0333e2c43e95f29d674fe95cb5820faf437ead8392cf8783102dd4bdc5425ab5a33536a6c78829a00"}"#
    );
    assert_eq!(
        serde_json::from_str::<SignedHeader>(&json).expect("parses"),
        signed
    );
}

fn rotation() -> SignedRotation {
    SignedRotation::sign(
        AgentId::from_bytes([4; 16]),
        2,
        &SigningKey::from_seed([7; 32]),
        &SigningKey::from_seed([8; 32]),
        [9; 32],
        Timestamp::from_unix_millis(1_800_000_000_123),
    )
}

const ROTATION: &str = "0101040404040404040404040404040404040000000000000002ea4a6c63e29c520abef5507b132e\
    c5f9954776aebebe7b92421eea691446d22c1398f62c6d1a457c51ba6a4b5f3dbd2f69fca9321621\
    8dc8997e416bd17d93ca090909090909090909090909090909090909090909090909090909090909\
    0909000001a3185c507b";
const HANDOVER: &str = "c4bd6bcbd6323fe2be9d46298a2b6b549cf85c0730dc80801b51b66ef504498c5f91742b6eb93af3\
    22df0808d227f4db1d2853fbcc00130cc059bc45b1e98008";
const POSSESSION: &str = "2512bb996cc1b09c875c05f823bba878c3cd9a059467da4ecc130d38fb91382c30e324259c711363\
    4dc59caff73c92c9bba20f03fdc0d8cadc7c035acc2c2e0d";
const ROTATION_LEAF: &str = "d21fc74fc59f6d55e1e89f42f08e48ba51cc76fe26a1b6efad56ce63626f935c";

#[test]
fn a_rotation_of_format_1() {
    let rotation = rotation();
    assert_eq!(hex::encode(rotation.rotation.to_bytes()), ROTATION);
    let signatures =
        [rotation.handover, rotation.possession].map(|one| hex::encode(one.as_bytes()));
    assert_eq!(signatures, [HANDOVER, POSSESSION]);
    let leaf = Leaf::of_rotation(&rotation, Salt::from_bytes([0x11; 32])).expect("canonical");
    assert_eq!(leaf.hash().to_string(), ROTATION_LEAF);
}
