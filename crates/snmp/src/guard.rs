//! What a datagram must look like before csnmp may see it.
//!
//! csnmp's decoder calls itself for every level of nesting, so 16 kB of nested sequences overflow the
//! stack, and it writes the arcs of an object identifier into 128 places without counting them, so a
//! longer one panics. This guard looks at the frame alone: it walks the fields without recursion, and
//! refuses what is too large, too deep, does not fit into what is around it, or has such a name.

/// The longest datagram that is decoded. A probe's answer has some hundred bytes.
pub(crate) const MAX_DATAGRAM: usize = 8_192;

/// The deepest nesting: a message has four levels.
pub(crate) const MAX_DEPTH: usize = 10;

/// The most arcs that csnmp has room for.
const MAX_ARCS: usize = 128;

const OBJECT_IDENTIFIER: u8 = 0x06;
const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;

/// Why a datagram is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("an object identifier has more than 128 arcs or is cut off")]
    ObjectIdentifier,
    #[error("a field does not fit into what is around it")]
    Overrun,
    #[error("a tag or length has a form that SNMP does not use")]
    Form,
    #[error("it is nested deeper than 10 levels")]
    TooDeep,
    #[error("it has more than 8192 bytes")]
    TooLong,
}

/// Checks the frame of a datagram: exactly one field, in which everything fits.
pub(crate) fn check(datagram: &[u8]) -> Result<(), Refused> {
    if datagram.len() > MAX_DATAGRAM {
        return Err(Refused::TooLong);
    }
    // Where the fields end that the walk is in, the innermost last.
    let mut ends = [0; MAX_DEPTH];
    let mut depth: usize = 0;
    let mut at = 0;
    let mut fields = 0;
    loop {
        while let Some(level) = depth.checked_sub(1)
            && ends.get(level) == Some(&at)
        {
            depth = level;
        }
        if depth == 0 && at == datagram.len() {
            return if fields == 0 {
                Err(Refused::Overrun)
            } else {
                Ok(())
            };
        }
        if depth == 0 && fields > 0 {
            return Err(Refused::Overrun); // Something follows the message.
        }
        fields += 1;
        let limit = match depth.checked_sub(1) {
            Some(level) => ends.get(level).copied().unwrap_or(0),
            None => datagram.len(),
        };
        let around = datagram.get(at..limit).ok_or(Refused::Overrun)?;
        let (tag, head, len) = read_head(around)?;
        let content = around.get(head..head + len).ok_or(Refused::Overrun)?;
        if tag == OBJECT_IDENTIFIER {
            check_oid(content)?;
        }
        at += head;
        if tag & CONSTRUCTED == 0 {
            at += len;
        } else {
            *ends.get_mut(depth).ok_or(Refused::TooDeep)? = at + len;
            depth += 1;
        }
    }
}

/// A field's tag, and how long its head and its content are.
fn read_head(bytes: &[u8]) -> Result<(u8, usize, usize), Refused> {
    let [tag, first, rest @ ..] = bytes else {
        return Err(Refused::Overrun);
    };
    if tag & LONG_TAG == LONG_TAG {
        return Err(Refused::Form);
    }
    let octets = match first {
        0..=0x7f => return Ok((*tag, 2, usize::from(*first))),
        0x81..=0x84 => usize::from(first & 0x7f),
        _ => return Err(Refused::Form),
    };
    let octets = rest.get(..octets).ok_or(Refused::Overrun)?;
    let mut len: usize = 0;
    for octet in octets {
        // Anything that a datagram can hold fits long before this overflows.
        len = len << 8 | usize::from(*octet);
        if len > MAX_DATAGRAM {
            return Err(Refused::Overrun);
        }
    }
    Ok((*tag, 2 + octets.len(), len))
}

/// The first octet stands for two arcs, the others for as many as there are octets without the
/// continuation bit (X.690 section 8.19).
fn check_oid(content: &[u8]) -> Result<(), Refused> {
    let whole = content.last().is_some_and(|last| last & 0x80 == 0);
    let arcs = content.iter().filter(|octet| *octet & 0x80 == 0).count() + 1;
    // csnmp takes the first octet for two arcs even where it is continued.
    let split = usize::from(content.first().is_some_and(|first| first & 0x80 != 0));
    if whole && arcs + split <= MAX_ARCS {
        Ok(())
    } else {
        Err(Refused::ObjectIdentifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use csnmp::message::Snmp2cMessage;
    use pagetally_snmp_engine::message::{Request, RequestKind};
    use pagetally_snmp_engine::{Oid, Version};
    use proptest::prelude::*;

    fn message() -> Vec<u8> {
        let names: Vec<Oid> = ["1.3.6.1.2.1.1.1", "1.3.6.1.2.1.43.5.1.1"]
            .iter()
            .map(|name| name.parse().expect("valid"))
            .collect();
        Request {
            version: Version::V2c,
            community: b"public",
            kind: RequestKind::GetNext,
            id: 77,
            names: &names,
        }
        .encode()
    }

    /// Sequences in sequences, innermost empty.
    fn nested(levels: usize) -> Vec<u8> {
        let mut reversed: Vec<u8> = Vec::new();
        for _ in 0..levels {
            let len = reversed.len();
            match u8::try_from(len) {
                Ok(short @ 0..=0x7f) => reversed.push(short),
                _ => {
                    let [.., high, low] = len.to_be_bytes();
                    reversed.extend([low, high, 0x82]);
                }
            }
            reversed.push(0x30);
        }
        reversed.reverse();
        reversed
    }

    fn with_oid(content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x30, 0x82, 0, 0, 0x06, 0x82];
        let len = u16::try_from(content.len()).expect("short");
        bytes.extend(len.to_be_bytes());
        bytes.extend(content);
        let around = u16::try_from(bytes.len() - 4).expect("short").to_be_bytes();
        bytes[2..4].copy_from_slice(&around);
        bytes
    }

    #[test]
    fn a_message_passes() {
        assert_eq!(check(&message()), Ok(()));
    }

    #[test]
    fn a_bomb_of_nested_sequences_is_refused() {
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(Refused::TooDeep));
        assert_eq!(check(&nested(2_000)), Err(Refused::TooDeep));
        assert_eq!(check(&nested(4_000)), Err(Refused::TooLong));
    }

    #[test]
    fn a_name_that_csnmp_has_no_room_for_is_refused() {
        assert_eq!(check(&with_oid(&[1; 127])), Ok(()));
        assert_eq!(check(&with_oid(&[1; 128])), Err(Refused::ObjectIdentifier));
        assert_eq!(
            check(&with_oid(&[0x2b, 0x86])),
            Err(Refused::ObjectIdentifier)
        );
        assert_eq!(check(&with_oid(&[])), Err(Refused::ObjectIdentifier));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let whole = message();
        for cut in 0..whole.len() {
            assert!(check(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(check(&longer).is_err());
        assert_eq!(check(&[0x30, 0x80, 0, 0]), Err(Refused::Form));
        assert_eq!(check(&[0x3f, 0x01, 0]), Err(Refused::Form));
        assert_eq!(
            check(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            Err(Refused::Overrun)
        );
    }

    #[test]
    fn no_change_of_one_byte_that_passes_harms_csnmp() {
        let whole = message();
        for at in 0..whole.len() {
            for octet in 0..=255 {
                let mut bytes = whole.clone();
                bytes[at] = octet;
                if check(&bytes).is_ok() {
                    let _ = Snmp2cMessage::try_from_bytes(&bytes);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_that_passes_panics_csnmp(bytes in prop::collection::vec(
            prop_oneof![
                any::<u8>(),
                prop::sample::select(vec![0x30, 0xa2, 2, 4, 5, 6, 0x40, 0x41, 0x46, 0x17, 0x18, 3, 1]),
                0..8u8,
            ],
            0..64,
        )) {
            if check(&bytes).is_ok() {
                let _ = Snmp2cMessage::try_from_bytes(&bytes);
            }
            let mut framed = vec![0x30, u8::try_from(bytes.len()).expect("short")];
            framed.extend(bytes);
            if check(&framed).is_ok() {
                let _ = Snmp2cMessage::try_from_bytes(&framed);
            }
        }
    }
}
