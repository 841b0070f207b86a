//! Answers that are encoded once and patched for each copy that gives them.

use super::device::{Copy, Prototype, Slot};
use super::tlv;
use std::collections::HashMap;

/// Different requests that are remembered. A client asks a few dozen; what is over it is answered
/// without being remembered.
const MAX_TEMPLATES: usize = 4_096;

/// Answers for one kind of printer.
#[derive(Debug)]
pub(super) struct Templates {
    prototype: Prototype,
    community: Vec<u8>,
    known: HashMap<Vec<u8>, Option<Template>>,
    key: Vec<u8>,
    /// Requests that were answered the slow way.
    pub(super) misses: u64,
}

/// An encoded answer, and where in it something else goes.
#[derive(Clone, Debug)]
struct Template {
    bytes: Vec<u8>,
    request_id_at: usize,
    patches: Vec<(usize, usize, Slot)>,
}

impl Templates {
    pub(super) fn new(prototype: Prototype) -> Self {
        Self {
            prototype,
            community: b"public".to_vec(),
            known: HashMap::new(),
            key: Vec::new(),
            misses: 0,
        }
    }

    /// The longest message that the printers send.
    pub(super) fn set_max_message(&mut self, octets: usize) {
        self.prototype.device.access_mut().max_message_size = octets;
        self.known.clear();
    }

    /// Writes this copy's answer to a request into `out`. Says no where it gives none.
    pub(super) fn answer(&mut self, request: &[u8], copy: &Copy, out: &mut Vec<u8>) -> bool {
        let Some(frame) = tlv::frame(request) else {
            return false;
        };
        if request.get(frame.community.clone()) != Some(self.community.as_slice()) {
            return false;
        }
        let (Some(id), Some(rest)) = (
            request.get(frame.request_id.clone()),
            request.get(frame.rest.clone()),
        ) else {
            return false;
        };
        self.key.clear();
        self.key.extend_from_slice(&[frame.version, frame.pdu]);
        self.key.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
        self.key.extend_from_slice(rest);
        if !self.known.contains_key(&self.key) {
            self.misses += 1;
            let template = self.build(request);
            if self.known.len() < MAX_TEMPLATES {
                self.known.insert(self.key.clone(), template);
            } else {
                return template.is_some_and(|template| {
                    template.write(id, copy, out);
                    true
                });
            }
        }
        match self.known.get(&self.key) {
            Some(Some(template)) => {
                template.write(id, copy, out);
                true
            }
            _ => false,
        }
    }

    fn build(&mut self, request: &[u8]) -> Option<Template> {
        let bytes = self.prototype.device.answer(request)?;
        let frame = tlv::frame(&bytes)?;
        let patches = tlv::varbinds(&bytes)?
            .into_iter()
            .filter_map(|(name, value)| {
                let slot = self.prototype.slot(bytes.get(name)?)?;
                // Exceptions and NULL have no content: there is nothing to patch.
                (!value.content.is_empty()).then_some((
                    value.content.start,
                    value.content.end,
                    slot,
                ))
            })
            .collect();
        Some(Template {
            request_id_at: frame.request_id.start,
            patches,
            bytes,
        })
    }
}

impl Template {
    fn write(&self, request_id: &[u8], copy: &Copy, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.bytes);
        let at = self.request_id_at;
        if let Some(place) = out.get_mut(at..at + request_id.len()) {
            place.copy_from_slice(request_id);
        }
        for (start, end, slot) in &self.patches {
            if let Some(content) = out.get_mut(*start..*end) {
                copy.write(*slot, content);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_snmp_engine::message::{Message, Request, RequestKind, ValueRef};
    use pagetally_snmp_engine::{Oid, Value, Version};

    fn ask(kind: RequestKind, id: u32, names: &[Oid]) -> Vec<u8> {
        Request {
            version: Version::V2c,
            community: b"public",
            kind,
            id,
            names,
        }
        .encode()
    }

    fn copy(number: u32, generation: u32) -> Copy {
        Copy {
            number,
            generation,
            replaced: None,
        }
    }

    #[test]
    fn a_patched_answer_is_what_the_copy_itself_would_say() {
        let prototype = Prototype::new().expect("the model");
        let names: Vec<Oid> = [
            "1.3.6.1.2.1.43.10.2.1.4.1.1",
            "1.3.6.1.2.1.43.11.1.1.9.1.1",
            "1.3.6.1.2.1.43.5.1.1.17.1",
        ]
        .iter()
        .map(|name| name.parse().expect("an OID"))
        .collect();
        let mut templates = Templates::new(prototype);
        let mut out = Vec::new();
        for (number, generation, id) in [(7, 0, 1), (8, 3, 0x7fff_fff0), (7, 1, 200)] {
            let copy = copy(number, generation);
            let request = ask(RequestKind::Get, id, &names);
            assert!(templates.answer(&request, &copy, &mut out));
            let message = Message::decode(&out).expect("an answer");
            assert_eq!(message.request_id, i64::from(id));
            let values: Vec<Value> = message
                .varbinds
                .map(|found| found.expect("a variable").value.to_value())
                .collect();
            assert_eq!(values[0].as_i64(), Some(i64::from(copy.meter(0))));
            assert_eq!(values[1].as_i64(), Some(i64::from(copy.level(0))));
            assert_eq!(values[2].as_octets(), Some(copy.serial().as_bytes()));
        }
        // Three lengths of request id are three templates.
        assert_eq!(templates.misses, 3);
    }

    #[test]
    fn a_walk_by_bulk_meets_every_variable_once() {
        let mut templates = Templates::new(Prototype::new().expect("the model"));
        let mut at: Oid = "1.3.6.1".parse().expect("an OID");
        let mut out = Vec::new();
        let mut seen = 0;
        'walk: for id in 1.. {
            let kind = RequestKind::GetBulk {
                max_repetitions: 60,
            };
            let request = ask(kind, id, std::slice::from_ref(&at));
            assert!(templates.answer(&request, &copy(1, 0), &mut out));
            assert!(out.len() <= 1_472);
            for found in Message::decode(&out).expect("an answer").varbinds {
                let found = found.expect("a variable");
                if matches!(found.value, ValueRef::EndOfMibView) {
                    break 'walk;
                }
                seen += 1;
                at = found.name.to_oid();
            }
        }
        assert_eq!(seen, super::super::device::VARIABLES);
    }

    #[test]
    fn strangers_and_noise_get_no_answer() {
        let mut templates = Templates::new(Prototype::new().expect("the model"));
        let mut out = Vec::new();
        let mut request = ask(RequestKind::Get, 1, &[]);
        request[7] ^= 1;
        assert!(!templates.answer(&request, &copy(1, 0), &mut out));
        assert!(!templates.answer(b"noise", &copy(1, 0), &mut out));
        assert!(!templates.answer(b"", &copy(1, 0), &mut out));
    }
}
