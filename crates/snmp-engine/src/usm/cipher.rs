//! DES and AES as USM uses them.

use super::PrivProtocol;
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{
    BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit, array::Array,
};
use des::Des;

/// A cipher whose key is worked in already.
#[derive(Clone)]
pub(super) enum Cipher {
    Des { cipher: Box<Des>, pre_iv: [u8; 8] },
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
}

impl Drop for Cipher {
    fn drop(&mut self) {
        if let Self::Des { pre_iv, .. } = self {
            zeroize::Zeroize::zeroize(pre_iv); // The ciphers wipe themselves.
        }
    }
}

impl Cipher {
    /// Takes the localized key; nothing where it is too short.
    pub(super) fn new(protocol: PrivProtocol, key: &[u8]) -> Option<Self> {
        let key = key.get(..protocol.key_len())?;
        Some(match protocol {
            PrivProtocol::Des => {
                // RFC 3414 section 8.1.1.1: eight octets of key, then the pre-IV.
                let (key, pre_iv) = key.split_first_chunk::<8>()?;
                Self::Des {
                    cipher: Box::new(Des::new_from_slice(key).ok()?),
                    pre_iv: pre_iv.try_into().ok()?,
                }
            }
            PrivProtocol::Aes128 => Self::Aes128(Box::new(Aes128::new_from_slice(key).ok()?)),
            PrivProtocol::Aes192 | PrivProtocol::Aes192Reeder => {
                Self::Aes192(Box::new(Aes192::new_from_slice(key).ok()?))
            }
            PrivProtocol::Aes256 | PrivProtocol::Aes256Reeder => {
                Self::Aes256(Box::new(Aes256::new_from_slice(key).ok()?))
            }
        })
    }

    /// Encrypts in place; DES pads to whole blocks first (RFC 3414 section 8.1.1.2).
    pub(super) fn encrypt(&self, boots: u32, time: u32, salt: [u8; 8], data: &mut Vec<u8>) {
        let iv = aes_iv(boots, time, salt).into();
        match self {
            Self::Des { cipher, pre_iv } => {
                data.resize(data.len().next_multiple_of(8), 0);
                let iv = des_iv(pre_iv, salt).into();
                let mut cbc = cbc::Encryptor::<&Des>::inner_iv_init(cipher, &iv);
                let (blocks, _) = Array::slice_as_chunks_mut(data);
                cbc.encrypt_blocks(blocks);
            }
            Self::Aes128(cipher) => {
                cfb_mode::Encryptor::<&Aes128>::inner_iv_init(cipher, &iv).encrypt(data);
            }
            Self::Aes192(cipher) => {
                cfb_mode::Encryptor::<&Aes192>::inner_iv_init(cipher, &iv).encrypt(data);
            }
            Self::Aes256(cipher) => {
                cfb_mode::Encryptor::<&Aes256>::inner_iv_init(cipher, &iv).encrypt(data);
            }
        }
    }

    /// Decrypts in place. Says no where these cannot be whole blocks.
    #[must_use]
    pub(super) fn decrypt(&self, boots: u32, time: u32, salt: [u8; 8], data: &mut [u8]) -> bool {
        let iv = aes_iv(boots, time, salt).into();
        match self {
            Self::Des { cipher, pre_iv } => {
                let iv = des_iv(pre_iv, salt).into();
                let mut cbc = cbc::Decryptor::<&Des>::inner_iv_init(cipher, &iv);
                let (blocks, rest) = Array::slice_as_chunks_mut(data);
                cbc.decrypt_blocks(blocks);
                return rest.is_empty();
            }
            Self::Aes128(cipher) => {
                cfb_mode::Decryptor::<&Aes128>::inner_iv_init(cipher, &iv).decrypt(data);
            }
            Self::Aes192(cipher) => {
                cfb_mode::Decryptor::<&Aes192>::inner_iv_init(cipher, &iv).decrypt(data);
            }
            Self::Aes256(cipher) => {
                cfb_mode::Decryptor::<&Aes256>::inner_iv_init(cipher, &iv).decrypt(data);
            }
        }
        true
    }
}

/// RFC 3826 section 3.1.2.1: boots, time and salt, one after the other.
fn aes_iv(boots: u32, time: u32, salt: [u8; 8]) -> [u8; 16] {
    let whole = u128::from(boots) << 96 | u128::from(time) << 64;
    (whole | u128::from(u64::from_be_bytes(salt))).to_be_bytes()
}

/// RFC 3414 section 8.1.1.1: the pre-IV, XORed with the salt.
fn des_iv(pre_iv: &[u8; 8], salt: [u8; 8]) -> [u8; 8] {
    (u64::from_be_bytes(*pre_iv) ^ u64::from_be_bytes(salt)).to_be_bytes()
}
