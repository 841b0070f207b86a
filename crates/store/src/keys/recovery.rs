//! The root key, written down for the day on which its keeper is gone.

use super::damaged;
use super::root::{Root, WrapParams, argon2id};
use crate::error::{KeyFileError, StoreError};
use crate::secret::{SecretKey, random};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

const RECOVERY_FORMAT: u32 = 1;
const RECOVERY: &[u8] = b"pagetally/recovery/1\0";

/// Crockford's alphabet: no letter in it is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 26 letters of five bits: 130 bits, which nobody tries.
pub(super) const LETTERS: usize = 26;

/// What opens a recovery file: a code that was printed, or a passphrase of one's own. It never
/// shows in `Debug`, and is wiped when dropped.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// A fresh code for printing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Random`].
    pub fn generate() -> Result<Self, StoreError> {
        let bytes = Zeroizing::new(random::<LETTERS>()?);
        let mut code = Zeroizing::new(String::with_capacity(LETTERS));
        code.extend(
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)])),
        );
        Ok(Self(code))
    }

    /// What a person typed: a printed code in any spelling, or a passphrase as it is.
    pub fn typed(text: &str) -> Self {
        let text = text.trim();
        let mut code = Zeroizing::new(String::with_capacity(text.len()));
        code.extend(
            text.chars()
                .filter(|c| !c.is_whitespace() && *c != '-')
                .map(|c| match c.to_ascii_uppercase() {
                    'O' => '0',
                    'I' | 'L' => '1',
                    other => other,
                }),
        );
        let is_code = code.len() == LETTERS && code.bytes().all(|b| ALPHABET.contains(&b));
        match is_code {
            true => Self(code),
            false => Self(Zeroizing::new(text.to_owned())),
        }
    }

    /// The code in groups, for printing once.
    pub fn grouped(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.0.len() * 2));
        for (at, letter) in self.0.chars().enumerate() {
            if at > 0 && at % 5 == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RecoveryFile {
    pagetally_recovery: u32,
    root: String,
    wrap: String,
    nonce: String,
    sealed: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyRecoveryFile {
    pagetally_recovery: u32,
}

fn associated(root: &str, wrap: &str) -> Vec<u8> {
    [RECOVERY, root.as_bytes(), b"\0", wrap.as_bytes()].concat()
}

/// A root key under a code, as a file.
pub(super) fn export(root: &Root, code: &RecoveryCode) -> Result<Vec<u8>, StoreError> {
    let params = WrapParams::passphrase()?;
    let secret = argon2id(&params, code.as_bytes())?;
    let wrap = params.to_string();
    let nonce = random::<24>()?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(48));
    buffer.extend_from_slice(root.key.expose());
    XChaCha20Poly1305::new(secret.expose().into())
        .encrypt_in_place(
            &XNonce::from(nonce),
            &associated(&root.id, &wrap),
            &mut *buffer,
        )
        .map_err(|_| StoreError::Derivation)?;
    let file = RecoveryFile {
        pagetally_recovery: RECOVERY_FORMAT,
        root: root.id.clone(),
        wrap,
        nonce: hex::encode(nonce),
        sealed: hex::encode(&*buffer),
    };
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(|_| StoreError::Derivation)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The root key in a recovery file. `path` is for messages.
pub(super) fn import(bytes: &[u8], code: &RecoveryCode, path: &Path) -> Result<Root, StoreError> {
    let no_file = || damaged(path, "it is no recovery file");
    let any: AnyRecoveryFile = serde_json::from_slice(bytes).map_err(|_| no_file())?;
    if any.pagetally_recovery > RECOVERY_FORMAT {
        return Err(StoreError::NewerFormat {
            path: path.to_owned(),
            format: any.pagetally_recovery,
            algorithm: super::KEY_ALGORITHM,
        });
    }
    let file: RecoveryFile = serde_json::from_slice(bytes).map_err(|_| no_file())?;
    let params = WrapParams::parse("passphrase", &file.wrap).ok_or_else(no_file)?;
    let mut nonce = [0; 24];
    hex::decode_to_slice(&file.nonce, &mut nonce).map_err(|_| no_file())?;
    let mut buffer = Zeroizing::new(hex::decode(&file.sealed).map_err(|_| no_file())?);
    let secret = argon2id(&params, code.as_bytes())?;
    XChaCha20Poly1305::new(secret.expose().into())
        .decrypt_in_place(
            &XNonce::from(nonce),
            &associated(&file.root, &file.wrap),
            &mut *buffer,
        )
        .map_err(|_| KeyFileError::WrongCode {
            path: path.to_owned(),
        })?;
    let key: &[u8; 32] = buffer.as_slice().try_into().map_err(|_| no_file())?;
    Ok(Root::new(SecretKey::new(Zeroizing::new(*key))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_code_opens_in_any_spelling_and_another_does_not() {
        let root = Root::random().expect("random bytes");
        let code = RecoveryCode::generate().expect("random bytes");
        let file = export(&root, &code).expect("sealed");
        let path = Path::new("recovery.json");
        let shown = code.grouped().to_lowercase().replace('0', "o");
        let found = import(&file, &RecoveryCode::typed(&shown), path).expect("opens");
        assert_eq!(found.id, root.id);
        let other = RecoveryCode::generate().expect("random bytes");
        assert!(matches!(
            import(&file, &other, path),
            Err(StoreError::Key(KeyFileError::WrongCode { .. }))
        ));
        assert!(matches!(
            import(b"{}", &code, path),
            Err(StoreError::Key(KeyFileError::Damaged { .. }))
        ));
    }
}
