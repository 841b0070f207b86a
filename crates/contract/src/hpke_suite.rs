//! HPKE (RFC 9180) with the one suite that sealing format 1 uses: DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, ChaCha20Poly1305. Randomness is an argument.

use crate::{SealingKeyPair, SealingPublicKey};
use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{
    Deserializable as _, HpkeError, Kem, OpModeR, OpModeS, PskBundle, Serializable as _,
    setup_receiver, setup_sender_with_rng,
};
use pagetally_proof::Hash;
use std::convert::Infallible;
use zeroize::Zeroizing;

/// Bytes of an encapsulated key (RFC 9180 section 7.1, Nenc).
pub(crate) const ENCAPSULATED: usize = 32;

/// What a ciphertext is longer by than its plaintext (section 7.3, Nt).
pub(crate) const TAG: usize = 16;

/// A key that both sides know besides the receiver's: who cannot show it cannot seal.
#[derive(Clone, Copy)]
pub(crate) struct SharedKey<'a> {
    pub(crate) key: &'a [u8; 32],
    pub(crate) id: &'a [u8],
}

/// A mode of section 5.1; `K` is the sender's key as this side has it.
#[derive(Clone, Copy)]
pub(crate) enum Mode<'a, K> {
    /// Whoever has the receiver's public key can seal.
    Base,
    /// So can only who has the shared key as well.
    Psk(SharedKey<'a>),
    /// So can only who has the sender's private key on top.
    AuthPsk(SharedKey<'a>, K),
}

/// The sender's end of one HPKE context: message after message, in order.
pub(crate) struct Sender {
    context: AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>,
    pub(crate) encapsulated: [u8; ENCAPSULATED],
}

impl Sender {
    /// `random` is the keying material of the ephemeral key pair (section 7.1.3).
    pub(crate) fn new(
        to: SealingPublicKey,
        info: &[u8],
        mode: Mode<'_, &SealingKeyPair>,
        random: [u8; 32],
    ) -> Result<Self, HpkeError> {
        let mode = match mode {
            Mode::Base => OpModeS::Base,
            Mode::Psk(shared) => OpModeS::Psk(PskBundle::new(shared.key, shared.id)?),
            Mode::AuthPsk(shared, from) => OpModeS::AuthPsk(
                (from.to_hpke(), from.public().to_hpke()?),
                PskBundle::new(shared.key, shared.id)?,
            ),
        };
        let mut random = Given::new(random);
        let (encapsulated, context) = setup_sender_with_rng::<_, _, X25519HkdfSha256>(
            &mode,
            &to.to_hpke()?,
            info,
            &mut random,
        )?;
        Ok(Self {
            context,
            encapsulated: encapsulated.to_bytes().into(),
        })
    }

    pub(crate) fn seal(&mut self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, HpkeError> {
        self.context.seal(plain, bound)
    }
}

/// The receiver's end.
pub(crate) struct Receiver(AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>);

impl Receiver {
    pub(crate) fn new(
        key: &SealingKeyPair,
        encapsulated: &[u8; ENCAPSULATED],
        info: &[u8],
        mode: Mode<'_, SealingPublicKey>,
    ) -> Result<Self, HpkeError> {
        let mode = match mode {
            Mode::Base => OpModeR::Base,
            Mode::Psk(shared) => OpModeR::Psk(PskBundle::new(shared.key, shared.id)?),
            Mode::AuthPsk(shared, from) => {
                OpModeR::AuthPsk(from.to_hpke()?, PskBundle::new(shared.key, shared.id)?)
            }
        };
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)?;
        setup_receiver(&mode, &key.to_hpke(), &encapsulated, info).map(Self)
    }

    pub(crate) fn open(&mut self, sealed: &[u8], bound: &[u8]) -> Result<Vec<u8>, HpkeError> {
        self.0.open(sealed, bound)
    }
}

/// The 32 random bytes that the caller gave, as the random source that the crate asks for. It asks
/// for exactly these 32; should it ever ask for more, they are stretched, never repeated.
struct Given {
    block: Zeroizing<[u8; 32]>,
    used: usize,
}

impl Given {
    fn new(random: [u8; 32]) -> Self {
        Self {
            block: Zeroizing::new(random),
            used: 0,
        }
    }

    fn byte(&mut self) -> u8 {
        if let Some(byte) = self.block.get(self.used).copied() {
            self.used += 1;
            return byte;
        }
        let next = Hash::of(&[b"pagetally/stretch/1\0", &*self.block]);
        *self.block = *next.as_bytes();
        self.used = 1;
        self.block[0]
    }
}

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes([(); 4].map(|()| self.byte())))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes([(); 8].map(|()| self.byte())))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        into.fill_with(|| self.byte());
        Ok(())
    }
}

impl TryCryptoRng for Given {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Vector {
        ephemeral: &'static str,
        encapsulated: &'static str,
        receiver: &'static str,
        receiver_public: &'static str,
        shared: Option<(&'static str, &'static str)>,
        /// The seed of the sender's key, and its public half.
        sender: Option<(&'static str, &'static str)>,
        sealed: &'static [&'static str],
    }

    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const PLAIN: &str = "4265617574792069732074727574682c20747275746820626561757479";

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).expect("hexadecimal")
    }

    fn block(text: &str) -> [u8; 32] {
        bytes(text).try_into().expect("32 bytes")
    }

    fn check(vector: &Vector) {
        let receiver = SealingKeyPair::from_seed(block(vector.receiver));
        assert_eq!(receiver.public().to_string(), vector.receiver_public);
        let shared = vector.shared.map(|(key, id)| (block(key), bytes(id)));
        let shared = shared.as_ref().map(|(key, id)| SharedKey { key, id });
        let from = vector.sender.map(|(seed, public)| {
            let pair = SealingKeyPair::from_seed(block(seed));
            assert_eq!(pair.public().to_string(), public);
            pair
        });
        let (mode, opening) = match (shared, &from) {
            (None, _) => (Mode::Base, Mode::Base),
            (Some(shared), None) => (Mode::Psk(shared), Mode::Psk(shared)),
            (Some(shared), Some(from)) => (
                Mode::AuthPsk(shared, from),
                Mode::AuthPsk(shared, from.public()),
            ),
        };
        let info = bytes(INFO);
        let mut sender =
            Sender::new(receiver.public(), &info, mode, block(vector.ephemeral)).unwrap();
        assert_eq!(hex::encode(sender.encapsulated), vector.encapsulated);
        let mut opener = Receiver::new(&receiver, &sender.encapsulated, &info, opening).unwrap();
        for (count, sealed) in vector.sealed.iter().enumerate() {
            let bound = format!("Count-{count}");
            let ours = sender.seal(&bytes(PLAIN), bound.as_bytes()).unwrap();
            assert_eq!(&hex::encode(&ours), sealed);
            let opened = opener.open(&bytes(sealed), bound.as_bytes()).unwrap();
            assert_eq!(opened, bytes(PLAIN));
        }
    }

    #[test]
    fn rfc_9180_appendix_a_2_1_base() {
        check(&Vector {
            ephemeral: "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
            encapsulated: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
            receiver: "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
            receiver_public: "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
            shared: None,
            sender: None,
            sealed: &[
                "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
                "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c",
            ],
        });
    }

    #[test]
    fn rfc_9180_appendix_a_2_2_psk() {
        check(&Vector {
            ephemeral: "35706a0b09fb26fb45c39c2f5079c709c7cf98e43afa973f14d88ece7e29c2e3",
            encapsulated: "2261299c3f40a9afc133b969a97f05e95be2c514e54f3de26cbe5644ac735b04",
            receiver: "26b923eade72941c8a85b09986cdfa3f1296852261adedc52d58d2930269812b",
            receiver_public: "13640af826b722fc04feaa4de2f28fbd5ecc03623b317834e7ff4120dbe73062",
            shared: Some((
                "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
                "456e6e796e20447572696e206172616e204d6f726961",
            )),
            sender: None,
            sealed: &[
                "4a177f9c0d6f15cfdf533fb65bf84aecdc6ab16b8b85b4cf65a370e07fc1d78d28fb073214525276f4a89608ff",
            ],
        });
    }

    #[test]
    fn rfc_9180_appendix_a_2_4_auth_psk() {
        check(&Vector {
            ephemeral: "49d6eac8c6c558c953a0a252929a818745bb08cd3d29e15f9f5db5eb2e7d4b84",
            encapsulated: "656a2e00dc9990fd189e6e473459392df556e9a2758754a09db3f51179a3fc02",
            receiver: "f3304ddcf15848488271f12b75ecaf72301faabf6ad283654a14c398832eb184",
            receiver_public: "a5099431c35c491ec62ca91df1525d6349cb8aa170c51f9581f8627be6334851",
            shared: Some((
                "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
                "456e6e796e20447572696e206172616e204d6f726961",
            )),
            sender: Some((
                "20ade1d5203de1aadfb261c4700b6432e260d0d317be6ebbb8d7fffb1f86ad9d",
                "3ac5bd4dd66ff9f2740bef0d6ccb66daa77bff7849d7895182b07fb74d087c45",
            )),
            sealed: &[
                "9aa52e29274fc6172e38a4461361d2342585d3aeec67fb3b721ecd63f059577c7fe886be0ede01456ebc67d597",
                "59460bacdbe7a920ef2806a74937d5a691d6d5062d7daafcad7db7e4d8c649adffe575c1889c5c2e3a49af8e3e",
            ],
        });
    }

    #[test]
    fn more_randomness_than_given_is_stretched_and_never_repeated() {
        let mut given = Given::new([1; 32]);
        let mut blocks = [[0; 32]; 4];
        for block in &mut blocks {
            let Ok(()) = given.try_fill_bytes(block);
        }
        assert_eq!(blocks[0], [1; 32]);
        for (index, block) in blocks.iter().enumerate() {
            assert!(!blocks[..index].contains(block));
        }
    }
}
