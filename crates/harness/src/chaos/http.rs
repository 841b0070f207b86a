//! As much of HTTP/1.1 as a proxy in the way needs: whole messages with a declared length, as bytes.

use std::io::{self, Read};

/// Ceilings on what is held of one message: far above any that the run sends.
const MAX_HEAD: usize = 64 << 10;
const MAX_BODY: usize = 64 << 20;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A request or an answer, its bytes as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    body: usize,
}

impl Message {
    /// Reads one; nothing where the other end closed before it began. Neither end of the run says more
    /// before it was answered: what came behind is dropped.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let body = loop {
            if let Some(at) = find(&bytes, END_OF_HEAD) {
                break at + END_OF_HEAD.len();
            }
            if bytes.len() > MAX_HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if fill(from, &mut bytes)? == 0 {
                return match bytes.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        };
        let length = declared(bytes.get(..body).unwrap_or_default());
        let length = length.filter(|length| *length <= MAX_BODY);
        let end = body + length.ok_or(io::ErrorKind::InvalidData)?;
        while bytes.len() < end {
            if fill(from, &mut bytes)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        bytes.truncate(end);
        Ok(Some(Self { bytes, body }))
    }

    /// An answer of a server that is none of ours.
    pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n").into_bytes();
        Self {
            body: head.len(),
            bytes: [head, body.to_vec()].concat(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where its body lies in its bytes.
    pub(super) fn body(&self) -> std::ops::Range<usize> {
        self.body..self.bytes.len()
    }

    /// The same with one bit of its body turned.
    pub(super) fn altered(&self, at: usize) -> Self {
        let mut altered = self.clone();
        if let Some(byte) = altered.bytes.get_mut(self.body + at) {
            *byte ^= 1;
        }
        altered
    }
}

fn fill(from: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut some = [0; 16 << 10];
    let read = from.read(&mut some)?;
    bytes.extend_from_slice(some.get(..read).unwrap_or_default());
    Ok(read)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

/// The length that a head declares; 0 where it declares none.
fn declared(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.trim().eq_ignore_ascii_case("content-length"));
    length.map_or(Some(0), |(_, length)| length.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_it_says() {
        let mut bytes = &b"POST /soap HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST"[..];
        let message = Message::read(&mut bytes).expect("whole").expect("there");
        assert!(message.bytes().ends_with(b"abc"));
        assert_eq!(message.body().len(), 3);
        assert!(message.altered(1).bytes().ends_with(b"acc"));
        let cut = &b"POST /soap HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"[..];
        assert!(Message::read(&mut &*cut).is_err(), "it ends too early");
        assert_eq!(Message::read(&mut &b""[..]).expect("nothing"), None);
        let answer = Message::answer("503 Busy", "Retry-After: 1\r\n", b"later");
        let read = Message::read(&mut answer.bytes()).expect("whole");
        assert_eq!(read, Some(answer));
    }
}
