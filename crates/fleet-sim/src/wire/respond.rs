//! GET, GETNEXT and GETBULK (RFC 3416 section 4.2), with v1's manners (RFC 1157 section 4.1,
//! RFC 3584 section 4.2).

use super::codec::{self, Operation, Request, Response, Version};
use super::{Access, Oversize, Reply, Silence, View};
use csnmp::message::ErrorStatus;
use pagetally_snmp_engine::{Oid, Value, VarBind};

/// Answers one request.
pub(super) struct Responder<'a, V> {
    pub(super) access: &'a Access,
    pub(super) view: &'a V,
    pub(super) request: &'a Request,
}

impl<V: View> Responder<'_, V> {
    pub(super) fn respond(&self) -> Reply {
        match self.request.operation {
            Operation::Get => self.one_each(|name| self.get(name)),
            Operation::GetNext => self.one_each(|name| self.next(name)),
            Operation::GetBulk {
                non_repeaters,
                max_repetitions,
            } => self.bulk(non_repeaters, max_repetitions),
            Operation::Set => self.refuse_set(),
        }
    }

    /// GET and GETNEXT: one variable in, one out, all or nothing.
    fn one_each(&self, look_up: impl Fn(&Oid) -> VarBind) -> Reply {
        let varbinds: Vec<VarBind> = self.request.names.iter().map(look_up).collect();
        if self.request.version == Version::V1 {
            let missing = varbinds.iter().position(|found| found.value.is_exception());
            if let Some(place) = missing {
                return self.echo(ErrorStatus::NoSuchName, place + 1);
            }
        }
        if !self.fits(&varbinds) {
            return self.too_big();
        }
        self.send(Response {
            status: ErrorStatus::NoError,
            index: 0,
            varbinds,
        })
    }

    fn get(&self, name: &Oid) -> VarBind {
        let value = match self.view.value(name) {
            // v1 has no Counter64: such an object is not there (RFC 3584 section 4.2.2.1).
            Some(Value::Counter64(_)) if self.request.version == Version::V1 => {
                Value::NoSuchInstance
            }
            Some(value) => value,
            None if self.view.has_sibling(name) => Value::NoSuchInstance,
            None => Value::NoSuchObject,
        };
        VarBind {
            oid: name.clone(),
            value,
        }
    }

    fn next(&self, name: &Oid) -> VarBind {
        let mut found = self.view.after(name);
        if self.request.version == Version::V1 {
            while let Some(skipped) =
                found.take_if(|found| matches!(found.value, Value::Counter64(_)))
            {
                found = self.view.after(&skipped.oid);
            }
        }
        found.unwrap_or_else(|| VarBind {
            oid: name.clone(),
            value: Value::EndOfMibView,
        })
    }

    /// GETBULK: as many rows as were asked for and fit (RFC 3416 section 4.2.3).
    fn bulk(&self, non_repeaters: u32, max_repetitions: u32) -> Reply {
        let names = &self.request.names;
        let split = usize::try_from(non_repeaters).map_or(names.len(), |n| n.min(names.len()));
        let (once, repeated) = names.split_at(split);
        let mut page = Page::new(self);
        let mut more = once.iter().all(|name| page.push(self.next(name)));
        let mut row: Vec<Oid> = repeated.to_vec();
        let mut rows = 0;
        while more && !row.is_empty() && rows < max_repetitions {
            let mut ended = true;
            for name in &mut row {
                let found = self.next(name);
                ended &= found.value == Value::EndOfMibView;
                name.clone_from(&found.oid);
                more = page.push(found);
                if !more {
                    break;
                }
            }
            // A row of nothing but ends may be the last one.
            more &= !ended;
            rows += 1;
        }
        if page.varbinds.is_empty() && page.is_full {
            return self.too_big();
        }
        let varbinds = page.varbinds;
        self.send(Response {
            status: ErrorStatus::NoError,
            index: 0,
            varbinds,
        })
    }

    /// Nothing here can be written: notWritable, in v1 noSuchName (RFC 3584 section 4.4).
    fn refuse_set(&self) -> Reply {
        let status = match self.request.version {
            Version::V1 => ErrorStatus::NoSuchName,
            Version::V2c => ErrorStatus::NotWritable,
        };
        self.echo(status, 1)
    }

    /// tooBig: an empty list in v2c (RFC 3416 section 4.2.1), the request's own list in v1.
    fn too_big(&self) -> Reply {
        match (self.access.oversize, self.request.version) {
            (Oversize::Silence, _) => Reply::Silence(Silence::DoesNotFit),
            (Oversize::TooBig, Version::V1) => self.echo(ErrorStatus::TooBig, 0),
            (Oversize::TooBig, Version::V2c) => self.send(Response {
                status: ErrorStatus::TooBig,
                index: 0,
                varbinds: Vec::new(),
            }),
        }
    }

    /// The request's names without values, under an error.
    fn echo(&self, status: ErrorStatus, place: usize) -> Reply {
        let null = |name: &Oid| VarBind {
            oid: name.clone(),
            value: Value::Null,
        };
        let place = place.min(self.request.names.len());
        self.send(Response {
            status,
            index: u32::try_from(place).unwrap_or(0),
            varbinds: self.request.names.iter().map(null).collect(),
        })
    }

    fn fits(&self, varbinds: &[VarBind]) -> bool {
        let variables = varbinds.iter().map(codec::varbind_size).sum();
        codec::message_size(self.request, 0, variables) <= self.access.max_message_size
    }

    fn send(&self, response: Response) -> Reply {
        match codec::encode(self.request, &response) {
            Some(bytes) => Reply::Datagram {
                bytes,
                served: match response.status {
                    ErrorStatus::NoError => response.varbinds,
                    _ => Vec::new(),
                },
            },
            None => Reply::Silence(Silence::DoesNotFit),
        }
    }
}

/// The variables of a GETBULK answer, up to the device's message size.
struct Page<'a, V> {
    responder: &'a Responder<'a, V>,
    varbinds: Vec<VarBind>,
    size: usize,
    is_full: bool,
}

impl<'a, V> Page<'a, V> {
    fn new(responder: &'a Responder<'a, V>) -> Self {
        Self {
            responder,
            varbinds: Vec::new(),
            size: 0,
            is_full: false,
        }
    }

    /// Adds a variable and says whether it fitted.
    fn push(&mut self, varbind: VarBind) -> bool {
        let size = self.size + codec::varbind_size(&varbind);
        let message = codec::message_size(self.responder.request, 0, size);
        self.is_full = message > self.responder.access.max_message_size;
        if !self.is_full {
            self.size = size;
            self.varbinds.push(varbind);
        }
        !self.is_full
    }
}
