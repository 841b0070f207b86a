//! The enrolment code: one string that lets one agent in, once.

use crate::keys::hex_text;
use crate::{CentralPublicKey, HexTextError, SealingPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pagetally_model::Timestamp;
use pagetally_proof::{Hash, VerifyingKey};
use std::fmt;
use std::str::FromStr;
use zeroize::{Zeroize as _, Zeroizing};

use crate::keys::from_hex;

/// The version of the code's layout that this crate writes.
pub const CODE_FORMAT: u8 = 1;

/// The longest address of Central that a code can carry.
pub const MAX_URL: usize = 512;

const PREFIX: &str = "PT1-";
const CHECKSUM: usize = 4;

/// Names an enrolment code without giving its secret away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId([u8; 16]);

hex_text!(CodeId);

impl CodeId {
    /// The name of a code with this secret: 16 bytes of a hash over it, so that a name can never
    /// stand for another code, and tells nothing of the secret, which has 256 random bits.
    pub fn of(secret: &EnrolmentSecret) -> Self {
        let hash = Hash::of(&[b"pagetally/enrolment-code-name/1\0", secret.expose()]);
        let mut id = [0; 16];
        for (byte, hashed) in id.iter_mut().zip(hash.as_bytes()) {
            *byte = *hashed;
        }
        Self(id)
    }

    /// Wraps the 16 bytes of a name that somebody sent or keeps.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The secret of an enrolment code. It never shows in `Debug`, has no `==`, never travels but in the
/// code itself, and is wiped when dropped.
#[derive(Clone)]
pub struct EnrolmentSecret(Zeroizing<[u8; 32]>);

impl EnrolmentSecret {
    /// Wraps 32 bytes, which must come from a cryptographic random source.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret itself, for storing it sealed.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for EnrolmentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentSecret(…)")
    }
}

/// What the dealer hands to the installer: everything that an agent needs to find Central, to know
/// it, and to be let in. `Display` would print the secret, so there is none; see
/// [`to_text`](Self::to_text).
#[derive(Clone, Debug)]
pub struct EnrolmentCode {
    /// Where Central is.
    pub central_url: String,
    /// What to seal to, and what receipts are signed with.
    pub central_key: CentralPublicKey,
    /// The code's own name.
    pub code_id: CodeId,
    /// The single-use secret.
    pub secret: EnrolmentSecret,
    /// When Central stops taking it.
    pub expires: Timestamp,
}

/// Text that is no enrolment code, or not any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Characters that no code has.
    #[error("the enrolment code has a character that no code has; copy it whole, and nothing else")]
    Characters,
    /// A letter was mistyped or a part is missing.
    #[error("the enrolment code is damaged: a character is wrong or missing")]
    Damaged,
    /// Too late.
    #[error("the enrolment code expired at {at}; ask the dealer for a new one")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// A later layout.
    #[error("the enrolment code has format {found}; this version reads format {CODE_FORMAT}")]
    Format {
        /// The code's format.
        found: u8,
    },
    /// Other text.
    #[error("an enrolment code begins with {PREFIX}")]
    NotACode,
    /// Central's address is no address.
    #[error(
        "the enrolment code's address of Central is not an http or https address of at most {MAX_URL} bytes"
    )]
    Url,
}

impl EnrolmentCode {
    /// The code as one string, to be handed over on paper, by mail or as a QR image. It holds the
    /// secret.
    ///
    /// # Errors
    ///
    /// [`CodeError::Url`] if the address is none or too long.
    pub fn to_text(&self) -> Result<Zeroizing<String>, CodeError> {
        check_url(&self.central_url)?;
        let length = u16::try_from(self.central_url.len()).map_err(|_| CodeError::Url)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(192 + self.central_url.len()));
        bytes.push(CODE_FORMAT);
        bytes.extend_from_slice(&self.expires.unix_millis().to_be_bytes());
        bytes.extend_from_slice(self.central_key.sealing().as_bytes());
        bytes.extend_from_slice(self.central_key.signing().as_bytes());
        bytes.extend_from_slice(self.code_id.as_bytes());
        bytes.extend_from_slice(self.secret.expose());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(self.central_url.as_bytes());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + bytes.len() * 2));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&*bytes, &mut text);
        Ok(text)
    }

    /// Checks that the code can still be used.
    ///
    /// # Errors
    ///
    /// [`CodeError::Expired`] if not.
    pub fn check_expiry(&self, now: Timestamp) -> Result<(), CodeError> {
        if now < self.expires {
            Ok(())
        } else {
            Err(CodeError::Expired { at: self.expires })
        }
    }
}

impl FromStr for EnrolmentCode {
    type Err = CodeError;

    /// Reads a code; blanks and line breaks from a mail or a terminal do not matter.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.len() > 8 * MAX_URL {
            return Err(CodeError::Damaged);
        }
        let compact: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
        let encoded = compact.strip_prefix(PREFIX).ok_or(CodeError::NotACode)?;
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !encoded.bytes().all(known) {
            return Err(CodeError::Characters);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map(Zeroizing::new)
            .map_err(|_| CodeError::Damaged)?;
        let (content, sum) = bytes
            .len()
            .checked_sub(CHECKSUM)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or(CodeError::Damaged)?;
        if sum != checksum(content) {
            return Err(CodeError::Damaged);
        }
        parse_content(content)
    }
}

fn parse_content(mut rest: &[u8]) -> Result<EnrolmentCode, CodeError> {
    let [format] = take(&mut rest)?;
    if format != CODE_FORMAT {
        return Err(CodeError::Format { found: format });
    }
    let expires = Timestamp::from_unix_millis(i64::from_be_bytes(take(&mut rest)?));
    let sealing = SealingPublicKey::from_bytes(take(&mut rest)?);
    let signing = VerifyingKey::from_bytes(take(&mut rest)?).map_err(|_| CodeError::Damaged)?;
    let code_id = CodeId(take(&mut rest)?);
    let mut secret: [u8; 32] = take(&mut rest)?;
    let wrapped = EnrolmentSecret::from_bytes(secret);
    secret.zeroize();
    let length = usize::from(u16::from_be_bytes(take(&mut rest)?));
    if length != rest.len() {
        return Err(CodeError::Damaged);
    }
    let central_url = std::str::from_utf8(rest)
        .map_err(|_| CodeError::Url)?
        .to_owned();
    check_url(&central_url)?;
    Ok(EnrolmentCode {
        central_url,
        central_key: CentralPublicKey::new(sealing, signing),
        code_id,
        secret: wrapped,
        expires,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CodeError> {
    let (head, tail) = rest.split_first_chunk().ok_or(CodeError::Damaged)?;
    *rest = tail;
    Ok(*head)
}

fn check_url(url: &str) -> Result<(), CodeError> {
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let printable = url.bytes().all(|b| b.is_ascii_graphic());
    match host {
        Some(host) if !host.is_empty() && printable && url.len() <= MAX_URL => Ok(()),
        Some(_) | None => Err(CodeError::Url),
    }
}

/// Catches a slip of the pen, not an attacker: whoever can change a code can change its checksum.
fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let hash = Hash::of(&[b"pagetally/enrolment-code/1\0", content]);
    let [a, b, c, d, ..] = *hash.as_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CentralKeyPair;
    use proptest::prelude::*;

    fn code() -> EnrolmentCode {
        EnrolmentCode {
            central_url: "https://central.example/soap".to_owned(),
            central_key: CentralKeyPair::from_seed([0xab; 32]).public(),
            code_id: CodeId::from_bytes([0xcd; 16]),
            secret: EnrolmentSecret::from_bytes([0x5e; 32]),
            expires: Timestamp::from_unix_millis(1_800_000_000_000),
        }
    }

    /// Format 1, frozen: codes that dealers have mailed must be read for ever.
    const FROZEN: &str = "PT1-AQAAAaMYXFAAO56uq2IpLEIF5RGKG-b_utSlfi_Psn0Ok9GQq4rpBGMNMF_pdQC9Lrma56N-cXv3t9VMN4kbK3vqnvMwwZkfoM3Nzc3Nzc3Nzc3Nzc3Nzc1eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXgAcaHR0cHM6Ly9jZW50cmFsLmV4YW1wbGUvc29hcBcl5lk";

    fn same(a: &EnrolmentCode, b: &EnrolmentCode) -> bool {
        (&a.central_url, a.central_key, a.code_id, a.expires)
            == (&b.central_url, b.central_key, b.code_id, b.expires)
            && a.secret.expose() == b.secret.expose()
    }

    #[test]
    fn a_code_of_format_1_is_one_string_for_ever() {
        assert_eq!(code().to_text().unwrap().as_str(), FROZEN);
        assert!(same(&FROZEN.parse().unwrap(), &code()));
    }

    #[test]
    fn a_code_survives_a_mail_programs_line_breaks() {
        let (first, rest) = FROZEN.split_at(60);
        let mailed = format!("  {first}\r\n   {rest}\n");
        assert!(same(&mailed.parse().unwrap(), &code()));
    }

    #[test]
    fn one_wrong_character_anywhere_is_noticed() {
        for at in 0..FROZEN.len() {
            let mut damaged = FROZEN.as_bytes().to_vec();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).unwrap();
            assert!(damaged.parse::<EnrolmentCode>().is_err(), "at {at}");
        }
    }

    #[test]
    fn each_kind_of_damage_has_its_own_words() {
        let check = |text: &str, error: CodeError| {
            assert_eq!(text.parse::<EnrolmentCode>().unwrap_err(), error, "{text}");
        };
        check("", CodeError::NotACode);
        check("https://central.example", CodeError::NotACode);
        check("PT1-", CodeError::Damaged);
        check(&FROZEN[..FROZEN.len() - 4], CodeError::Damaged);
        check(&format!("{FROZEN}AAAA"), CodeError::Damaged);
        check(&FROZEN.replace("AAAa", "AA!a"), CodeError::Characters);
        check(&"A".repeat(100_000), CodeError::Damaged);
    }

    #[test]
    fn a_later_format_is_named() {
        let mut bytes = vec![2; 100];
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let error = text.parse::<EnrolmentCode>().unwrap_err();
        assert_eq!(error, CodeError::Format { found: 2 });
    }

    #[test]
    fn a_code_ends_when_its_time_does() {
        let at = code().expires;
        let just_before = Timestamp::from_unix_millis(at.unix_millis() - 1);
        assert_eq!(code().check_expiry(just_before), Ok(()));
        assert_eq!(code().check_expiry(at), Err(CodeError::Expired { at }));
    }

    #[test]
    fn only_an_address_goes_into_a_code() {
        let too_long = format!("https://{}", "a".repeat(MAX_URL));
        for url in [
            "",
            "https://",
            "ftp://x",
            "https://a b",
            "https://é",
            &too_long,
        ] {
            let code = EnrolmentCode {
                central_url: url.to_owned(),
                ..code()
            };
            assert_eq!(code.to_text().unwrap_err(), CodeError::Url, "{url}");
        }
    }

    #[test]
    fn a_codes_name_follows_from_its_secret_and_does_not_hold_it() {
        let names = [1, 2].map(|byte| CodeId::of(&EnrolmentSecret::from_bytes([byte; 32])));
        assert_ne!(names[0], names[1]);
        assert_eq!(names[0], CodeId::of(&EnrolmentSecret::from_bytes([1; 32])));
        assert!(!names[0].to_string().contains("0101"));
    }

    #[test]
    fn the_secret_never_shows_in_debug() {
        let shown = format!("{:?} {:?}", code(), code().secret);
        assert!(
            !shown.contains("5e5e") && !shown.contains("94, 94"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn every_code_survives_its_text(
            key: [u8; 32], id: [u8; 16], secret: [u8; 32], millis: i64,
            url in "https?://[!-~]{1,80}"
        ) {
            let code = EnrolmentCode {
                central_url: url,
                central_key: CentralKeyPair::from_seed(key).public(),
                code_id: CodeId::from_bytes(id),
                secret: EnrolmentSecret::from_bytes(secret),
                expires: Timestamp::from_unix_millis(millis),
            };
            let text = code.to_text().unwrap();
            prop_assert!(same(&text.parse().unwrap(), &code));
        }

        #[test]
        fn no_text_panics(text in "(PT1-)?\\PC{0,300}") {
            let _ = text.parse::<EnrolmentCode>();
        }
    }
}
