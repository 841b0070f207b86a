//! Sealing: what a request and its answer look like once nobody on the way can read them.
//!
//! # Format 1
//!
//! ```text
//! request = 01 01 || enc[32] || seal(head) || seal(body)      one HPKE context, mode base, to Central
//! registration = 01 02 || code[16] || from[32] || enc[32] || seal(head) || seal(body)
//!                                                              mode auth_psk, to Central
//! head    = packing[1] || length[4] || number[8] || content[32] || signature[64]
//! body    = the request's XML, packed
//! reply   = 01 01 || enc[32] || seal(packing[1] || length[4] || the reply's XML, packed)
//!                                                              mode psk, to the agent
//! ```
//!
//! The first two bytes are the format and the algorithm (RFC 9180 suite 0x0020, 0x0001, 0x0003; in
//! algorithm 2 the request is in mode auth_psk).
//! Numbers are big-endian. Packing 1 is Zstandard; `length` is that of the XML.
//!
//! - Both seals of a request are bound (as associated data) to operation, agent, contract version
//!   and the name of Central's key; the second also to the head, and so to number and content hash
//!   of a submission, which thus need not be shown to anybody on the way.
//! - The agent's Ed25519 signature covers the same context, the head before it and the packed body.
//!   So Central can check who asks before it unpacks or parses anything, and cannot pass the
//!   request on to another Central as the agent's.
//! - A registration's pre-shared key is the enrolment code's secret, its identifier the code's name,
//!   and its sender's key the X25519 key that the agent registers. Name and public key stand outside
//!   the seal, since nobody opens it without them, and in the associated data. Who does not hold the
//!   secret gets nothing unpacked or parsed. That the sender's key takes part proves that the agent
//!   holds it, to Central alone; where a request comes from is proved by the signature, always.
//! - A reply's pre-shared key is the request's nonce, its identifier the hash of the request's
//!   sealed bytes; both are in the associated data too. Only the Central that opened this request
//!   can answer it, and no old answer can be passed off as the answer to it.

use crate::hpke_suite::{ENCAPSULATED, Mode, Receiver, Sender, SharedKey, TAG};
use crate::{CentralKeyId, CentralKeyPair, CentralPublicKey, ContractError, ContractVersion};
use crate::{CodeId, EnrolmentSecret, Operation, SealingKeyPair, SealingPublicKey};
use pagetally_model::AgentId;
use pagetally_proof::{Domain, Hash, Signature, SigningKey, VerifyingKey};
use std::io::Read as _;
use zeroize::Zeroizing;

/// The identifier of sealing format 1, as `EncryptionMethod` carries it.
pub const SEALING_ALGORITHM: &str =
    "urn:pagetally:sealing:1:hpke-x25519-hkdf-sha256-chacha20poly1305";

/// The identifier of a registration's, in mode auth_psk with the enrolment code's secret.
pub const REGISTRATION_ALGORITHM: &str =
    "urn:pagetally:sealing:1:hpke-authpsk-x25519-hkdf-sha256-chacha20poly1305";

/// The largest message in the clear, and the largest envelope.
pub const MAX_MESSAGE: usize = 64 << 20;

/// The largest message in the clear that carries no submission.
pub const MAX_SMALL_MESSAGE: usize = 64 << 10;

const PREFIX: [u8; 2] = [1, 1];
const REGISTRATION_PREFIX: [u8; 2] = [1, 2];
const PACKING: u8 = 1;
const REQUEST: &[u8] = b"pagetally/sealed-request/1\0";
const REGISTRATION: &[u8] = b"pagetally/sealed-registration/1\0";
const REPLY: &[u8] = b"pagetally/sealed-reply/1\0";
const SIGNATURE: Domain = Domain::new("pagetally/request-signature/1");

const HEAD_UNSIGNED: usize = 1 + 4 + 8 + 32;
const HEAD: usize = HEAD_UNSIGNED + 64;

/// Level 3 is where Zstandard's speed and size meet; its window stays at 2 MB.
const LEVEL: i32 = 3;

/// 8 MB: what a decoder may be made to hold, whatever the frame asks for.
const MAX_WINDOW_LOG: u32 = 23;

/// What a request's seal is bound to besides its content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) operation: Operation,
    pub(crate) agent: AgentId,
    pub(crate) contract: ContractVersion,
}

impl Context {
    /// Every part has a fixed length or its length before it, so that no two contexts look alike.
    fn bytes(&self, label: &[u8], prefix: [u8; 2]) -> Vec<u8> {
        let name = self.operation.name().as_bytes();
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(label);
        bytes.extend_from_slice(&prefix);
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(self.agent.as_bytes());
        bytes.extend_from_slice(&self.contract.major.to_be_bytes());
        bytes.extend_from_slice(&self.contract.minor.to_be_bytes());
        bytes
    }

    fn request(&self, key: CentralKeyId) -> Vec<u8> {
        let mut bytes = self.bytes(REQUEST, PREFIX);
        bytes.extend_from_slice(key.as_bytes());
        bytes
    }

    fn registration(&self, key: CentralKeyId, code: CodeId, from: SealingPublicKey) -> Vec<u8> {
        let mut bytes = self.bytes(REGISTRATION, REGISTRATION_PREFIX);
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(code.as_bytes());
        bytes.extend_from_slice(from.as_bytes());
        bytes
    }

    fn reply(&self, nonce: &[u8; 32], request: &Hash) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(self.bytes(REPLY, PREFIX));
        bytes.extend_from_slice(nonce);
        bytes.extend_from_slice(request.as_bytes());
        bytes
    }
}

/// The submission that a request carries, as its seal is bound to it; zeros where it carries none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) number: u64,
    pub(crate) content: Hash,
}

impl Carried {
    pub(crate) const NOTHING: Self = Self {
        number: 0,
        content: Hash::ZERO,
    };
}

/// Signs, packs and seals a request's XML.
pub(crate) fn seal_request(
    context: &Context,
    central: &CentralPublicKey,
    signing: &SigningKey,
    carried: Carried,
    xml: &[u8],
    random: [u8; 32],
) -> Result<Vec<u8>, ContractError> {
    let bound = context.request(central.id());
    let sender = Sender::new(central.sealing(), REQUEST, Mode::Base, random)
        .map_err(|_| ContractError::Seal)?;
    seal_parts(sender, &PREFIX, &bound, signing, carried, xml)
}

/// Signs, packs and seals a registration's XML with the secret of an enrolment code, from the sealing
/// key that is registered.
pub(crate) fn seal_registration(
    context: &Context,
    central: &CentralPublicKey,
    signing: &SigningKey,
    from: &SealingKeyPair,
    code: (CodeId, &EnrolmentSecret),
    xml: &[u8],
    random: [u8; 32],
) -> Result<Vec<u8>, ContractError> {
    let (code, secret) = code;
    let bound = context.registration(central.id(), code, from.public());
    let shared = SharedKey {
        key: secret.expose(),
        id: code.as_bytes(),
    };
    let mode = Mode::AuthPsk(shared, from);
    let sender = Sender::new(central.sealing(), REGISTRATION, mode, random)
        .map_err(|_| ContractError::Seal)?;
    let outside = [
        &REGISTRATION_PREFIX[..],
        code.as_bytes(),
        from.public().as_bytes(),
    ]
    .concat();
    seal_parts(sender, &outside, &bound, signing, Carried::NOTHING, xml)
}

fn seal_parts(
    mut sender: Sender,
    outside: &[u8],
    bound: &[u8],
    signing: &SigningKey,
    carried: Carried,
    xml: &[u8],
) -> Result<Vec<u8>, ContractError> {
    let packed = pack(xml)?;
    let mut head = Vec::with_capacity(HEAD);
    head.push(PACKING);
    head.extend_from_slice(&declared_length(xml)?.to_be_bytes());
    head.extend_from_slice(&carried.number.to_be_bytes());
    head.extend_from_slice(carried.content.as_bytes());
    let signature = signing.sign(SIGNATURE, &signed_bytes(bound, &head, &packed));
    head.extend_from_slice(signature.as_bytes());
    let sealed_head = sender.seal(&head, bound).map_err(|_| ContractError::Seal)?;
    let sealed_body = sender
        .seal(&packed, &[bound, &*head].concat())
        .map_err(|_| ContractError::Seal)?;
    Ok([outside, &sender.encapsulated, &sealed_head, &sealed_body].concat())
}

fn signed_bytes(bound: &[u8], head: &[u8], packed: &[u8]) -> Vec<u8> {
    [bound, head, Hash::of(&[packed]).as_bytes()].concat()
}

/// A request whose seal is broken and whose signature is not checked yet. Nothing is unpacked.
#[derive(Debug)]
pub(crate) struct OpenedSeal {
    bound: Vec<u8>,
    head: [u8; HEAD],
    packed: Vec<u8>,
}

/// Breaks a request's seal.
pub(crate) fn open_request(
    context: &Context,
    key: &CentralKeyPair,
    sealed: &[u8],
) -> Result<OpenedSeal, ContractError> {
    let (encapsulated, rest) = split_prefix(sealed, PREFIX)?;
    let bound = context.request(key.public().id());
    let receiver = Receiver::new(key.pair(), encapsulated, REQUEST, Mode::Base)
        .map_err(|_| ContractError::Open)?;
    open_parts(receiver, bound, rest)
}

/// What stands outside a registration's seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registering {
    /// The enrolment code.
    pub(crate) code: CodeId,
    /// The sealing key that is registered.
    pub(crate) from: SealingPublicKey,
}

impl Registering {
    /// Splits it from the rest.
    fn split(sealed: &[u8]) -> Result<(Self, &[u8]), ContractError> {
        let (prefix, rest) = sealed.split_first_chunk::<2>().ok_or(ContractError::Open)?;
        if *prefix != REGISTRATION_PREFIX {
            return Err(ContractError::Format(prefix[0]));
        }
        let (code, rest) = rest.split_first_chunk().ok_or(ContractError::Open)?;
        let (from, rest) = rest.split_first_chunk().ok_or(ContractError::Open)?;
        let outside = Self {
            code: CodeId::from_bytes(*code),
            from: SealingPublicKey::from_bytes(*from),
        };
        Ok((outside, rest))
    }

    /// Reads it.
    pub(crate) fn of(sealed: &[u8]) -> Result<Self, ContractError> {
        Self::split(sealed).map(|(outside, _)| outside)
    }
}

/// Breaks a registration's seal with the secret of the code that it names.
pub(crate) fn open_registration(
    context: &Context,
    key: &CentralKeyPair,
    secret: &EnrolmentSecret,
    sealed: &[u8],
) -> Result<OpenedSeal, ContractError> {
    let (Registering { code, from }, rest) = Registering::split(sealed)?;
    let (encapsulated, rest) = rest.split_first_chunk().ok_or(ContractError::Open)?;
    let bound = context.registration(key.public().id(), code, from);
    let shared = SharedKey {
        key: secret.expose(),
        id: code.as_bytes(),
    };
    let mode = Mode::AuthPsk(shared, from);
    let opened = Receiver::new(key.pair(), encapsulated, REGISTRATION, mode)
        .map_err(|_| ContractError::Open)
        .and_then(|receiver| open_parts(receiver, bound, rest));
    // What does not open was not sealed with the secret: more is not to be known of it.
    opened.map_err(|_| ContractError::CodeSecret(code))
}

fn open_parts(
    mut receiver: Receiver,
    bound: Vec<u8>,
    sealed: &[u8],
) -> Result<OpenedSeal, ContractError> {
    let (sealed_head, sealed_body) = sealed
        .split_at_checked(HEAD + TAG)
        .ok_or(ContractError::Open)?;
    let head = receiver
        .open(sealed_head, &bound)
        .map_err(|_| ContractError::Open)?;
    let head: [u8; HEAD] = head.try_into().map_err(|_| ContractError::Open)?;
    let packed = receiver
        .open(sealed_body, &[&*bound, &head[..]].concat())
        .map_err(|_| ContractError::Open)?;
    Ok(OpenedSeal {
        bound,
        head,
        packed,
    })
}

impl OpenedSeal {
    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        for (byte, from) in bytes.iter_mut().zip(self.head.iter().skip(at)) {
            *byte = *from;
        }
        bytes
    }

    /// What the seal is bound to.
    pub(crate) fn carried(&self) -> Carried {
        Carried {
            number: u64::from_be_bytes(self.field(5)),
            content: Hash::from_bytes(self.field(13)),
        }
    }

    /// Checks that the holder of `key` signed this request.
    pub(crate) fn verify(&self, key: &VerifyingKey) -> Result<(), ContractError> {
        let signature = Signature::from_bytes(self.field(HEAD_UNSIGNED));
        let (unsigned, _) = self.head.split_at(HEAD_UNSIGNED);
        let signed = signed_bytes(&self.bound, unsigned, &self.packed);
        Ok(key.verify(SIGNATURE, &signed, &signature)?)
    }

    /// Unpacks the XML, of at most `limit` bytes.
    pub(crate) fn unpack(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, ContractError> {
        let [packing] = self.field(0);
        unpack(
            packing,
            u32::from_be_bytes(self.field(1)),
            &self.packed,
            limit,
        )
    }
}

/// Packs and seals a reply's XML.
pub(crate) fn seal_reply(
    context: &Context,
    to: SealingPublicKey,
    nonce: &[u8; 32],
    request: &Hash,
    xml: &[u8],
    random: [u8; 32],
) -> Result<Vec<u8>, ContractError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(xml.len() / 2 + 64));
    plain.push(PACKING);
    plain.extend_from_slice(&declared_length(xml)?.to_be_bytes());
    plain.extend_from_slice(&pack(xml)?);
    let shared = SharedKey {
        key: nonce,
        id: request.as_bytes(),
    };
    let mut sender =
        Sender::new(to, REPLY, Mode::Psk(shared), random).map_err(|_| ContractError::Seal)?;
    let sealed = sender
        .seal(&plain, &context.reply(nonce, request))
        .map_err(|_| ContractError::Seal)?;
    Ok([&PREFIX[..], &sender.encapsulated, &sealed].concat())
}

/// Opens a reply.
pub(crate) fn open_reply(
    context: &Context,
    key: &SealingKeyPair,
    nonce: &[u8; 32],
    request: &Hash,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ContractError> {
    let (encapsulated, rest) = split_prefix(sealed, PREFIX)?;
    let shared = SharedKey {
        key: nonce,
        id: request.as_bytes(),
    };
    let plain = Receiver::new(key, encapsulated, REPLY, Mode::Psk(shared))
        .and_then(|mut receiver| receiver.open(rest, &context.reply(nonce, request)))
        .map(Zeroizing::new)
        .map_err(|_| ContractError::Open)?;
    let (packing, rest) = plain.split_first_chunk::<1>().ok_or(ContractError::Open)?;
    let (length, packed) = rest.split_first_chunk::<4>().ok_or(ContractError::Open)?;
    unpack(packing[0], u32::from_be_bytes(*length), packed, MAX_MESSAGE)
}

fn split_prefix(
    sealed: &[u8],
    expected: [u8; 2],
) -> Result<(&[u8; ENCAPSULATED], &[u8]), ContractError> {
    let (prefix, rest) = sealed.split_first_chunk::<2>().ok_or(ContractError::Open)?;
    if *prefix != expected {
        return Err(ContractError::Format(prefix[0]));
    }
    rest.split_first_chunk().ok_or(ContractError::Open)
}

fn declared_length(xml: &[u8]) -> Result<u32, ContractError> {
    if xml.len() > MAX_MESSAGE {
        return Err(too_large(xml.len() as u64, MAX_MESSAGE));
    }
    u32::try_from(xml.len()).map_err(|_| too_large(xml.len() as u64, MAX_MESSAGE))
}

const fn too_large(size: u64, limit: usize) -> ContractError {
    ContractError::TooLarge {
        what: "the message",
        size,
        limit: limit as u64,
    }
}

fn pack(xml: &[u8]) -> Result<Vec<u8>, ContractError> {
    zstd::bulk::compress(xml, LEVEL).map_err(ContractError::Compression)
}

/// Neither the declared length nor anything in the frame sizes an allocation: the output grows as
/// it comes, and stops one byte after what was declared.
fn unpack(
    packing: u8,
    length: u32,
    packed: &[u8],
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, ContractError> {
    if packing != PACKING {
        return Err(ContractError::Format(packing));
    }
    if u64::from(length) > limit as u64 {
        return Err(too_large(length.into(), limit));
    }
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)
        .map_err(ContractError::Compression)?
        .single_frame();
    decoder
        .window_log_max(MAX_WINDOW_LOG)
        .map_err(ContractError::Compression)?;
    let mut plain = Zeroizing::new(Vec::new());
    decoder
        .take(u64::from(length) + 1)
        .read_to_end(&mut plain)
        .map_err(ContractError::Compression)?;
    if plain.len() as u64 != u64::from(length) {
        return Err(ContractError::Mismatch {
            what: "the length of the message",
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            operation: Operation::SendReports,
            agent: AgentId::from_bytes([1; 16]),
            contract: ContractVersion::CURRENT,
        }
    }

    fn packed(xml: &[u8]) -> (u32, Vec<u8>) {
        (declared_length(xml).unwrap(), pack(xml).unwrap())
    }

    #[test]
    fn what_is_packed_unpacks() {
        for xml in [&b""[..], b"x", &[b'x'; 100_000]] {
            let (length, bytes) = packed(xml);
            assert_eq!(*unpack(PACKING, length, &bytes, MAX_MESSAGE).unwrap(), xml);
        }
    }

    /// 64 MB of zeros are some 6 kB packed: what is over the declared length is never unpacked, and
    /// what is declared over the limit is not even begun.
    #[test]
    fn a_bomb_does_not_go_off() {
        let (length, bomb) = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 64 << 10, "{} bytes", bomb.len());
        assert!(matches!(
            unpack(PACKING, length, &bomb, MAX_SMALL_MESSAGE),
            Err(ContractError::TooLarge { size, .. }) if size == 64 << 20
        ));
        assert!(matches!(
            unpack(PACKING, 100, &bomb, MAX_SMALL_MESSAGE),
            Err(ContractError::Mismatch { .. })
        ));
        assert!(matches!(
            unpack(PACKING, u32::MAX, &bomb, MAX_MESSAGE),
            Err(ContractError::TooLarge { .. })
        ));
    }

    #[test]
    fn a_frame_that_asks_for_a_huge_window_is_refused() {
        // Magic, no single segment, window of 2 GB (RFC 8878 section 3.1.1.1.2), one raw block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x09, 0x00, 0x00, b'x'];
        assert!(matches!(
            unpack(PACKING, 1, &frame, MAX_MESSAGE),
            Err(ContractError::Compression(_))
        ));
    }

    #[test]
    fn what_does_not_unpack_is_an_error() {
        let (length, bytes) = packed(b"<some>xml</some>");
        assert!(unpack(PACKING, length, &bytes[..bytes.len() - 1], 1_000).is_err());
        assert!(unpack(PACKING, length + 1, &bytes, 1_000).is_err());
        assert!(unpack(PACKING, length - 1, &bytes, 1_000).is_err());
        assert!(unpack(PACKING, length, b"no frame at all", 1_000).is_err());
        assert!(matches!(
            unpack(2, length, &bytes, 1_000),
            Err(ContractError::Format(2))
        ));
    }

    #[test]
    fn a_sealed_request_cut_anywhere_does_not_open() {
        let central = CentralKeyPair::from_seed([2; 32]);
        let signing = SigningKey::from_seed([3; 32]);
        let carried = Carried {
            number: 7,
            content: Hash::from_bytes([8; 32]),
        };
        let seal = |random| {
            let public = central.public();
            seal_request(&context(), &public, &signing, carried, b"<x/>", random).unwrap()
        };
        let sealed = seal([4; 32]);
        let opened = open_request(&context(), &central, &sealed).unwrap();
        assert_eq!(opened.carried(), carried);
        assert_eq!(*opened.unpack(100).unwrap(), b"<x/>");
        opened.verify(&signing.verifying_key()).unwrap();
        for length in 0..sealed.len() {
            assert!(open_request(&context(), &central, &sealed[..length]).is_err());
        }
        // The same content sealed again is another ciphertext.
        assert_ne!(seal([5; 32]), sealed);
    }

    #[test]
    fn a_sealed_registration_opens_whole_and_with_its_own_secret_only() {
        let central = CentralKeyPair::from_seed([2; 32]);
        let (signing, from) = (
            SigningKey::from_seed([3; 32]),
            SealingKeyPair::from_seed([4; 32]),
        );
        let code = CodeId::from_bytes([5; 16]);
        let secret = EnrolmentSecret::from_bytes([6; 32]);
        let context = Context {
            operation: Operation::RegisterForManagement,
            ..context()
        };
        let sealed = seal_registration(
            &context,
            &central.public(),
            &signing,
            &from,
            (code, &secret),
            b"<x/>",
            [7; 32],
        )
        .unwrap();
        let outside = Registering::of(&sealed).unwrap();
        assert_eq!((outside.code, outside.from), (code, from.public()));
        let opened = open_registration(&context, &central, &secret, &sealed).unwrap();
        assert_eq!(*opened.unpack(100).unwrap(), b"<x/>");
        opened.verify(&signing.verifying_key()).unwrap();
        for length in 0..sealed.len() {
            assert!(open_registration(&context, &central, &secret, &sealed[..length]).is_err());
        }
        // The name of the code and the sender's key stand outside and are bound all the same.
        for at in 2..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(
                open_registration(&context, &central, &secret, &changed).is_err(),
                "byte {at}"
            );
        }
        let other = EnrolmentSecret::from_bytes([8; 32]);
        assert!(matches!(
            open_registration(&context, &central, &other, &sealed),
            Err(ContractError::CodeSecret(named)) if named == code
        ));
        // Neither passes for the other kind.
        assert!(open_request(&context, &central, &sealed).is_err());
    }

    #[test]
    fn the_same_signature_does_not_hold_for_another_central() {
        let [ours, theirs] = [2, 9].map(|seed| CentralKeyPair::from_seed([seed; 32]));
        let signing = SigningKey::from_seed([3; 32]);
        let seal = |to: &CentralKeyPair| {
            let sealed = seal_request(
                &context(),
                &to.public(),
                &signing,
                Carried::NOTHING,
                b"<x/>",
                [4; 32],
            );
            open_request(&context(), to, &sealed.unwrap()).unwrap()
        };
        let (here, there) = (seal(&ours), seal(&theirs));
        let moved = OpenedSeal {
            bound: there.bound,
            ..here
        };
        assert!(moved.verify(&signing.verifying_key()).is_err());
    }
}
