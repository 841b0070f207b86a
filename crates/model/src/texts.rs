//! Every text of a document, for whoever has to change what a value reads as wherever it stands.

use crate::{
    Alert, Change, ComparedValue, Comparison, Contradiction, Cover, DerivedInput, DeviceAudit,
    DeviceStatus, DottedOid, Gap, Identity, LosingWitness, Marker, Meter, Observation, Outcome,
    Output, Provenance, RawValue, Said, Source, Sources, Supply, Text, TrapNotice, Tray,
};

/// Sees each text, raw value and object identifier of a document and may change it.
///
/// What is this program's own stays unseen, because nothing of the site can stand in it: names of
/// fields, of rules and of a formula's inputs.
pub trait TextVisitor {
    /// A text.
    fn text(&mut self, text: &mut Text);
    /// A value as the device gave it.
    fn raw(&mut self, raw: &mut RawValue);
    /// The name of an object's instance: its index may tell an address.
    fn oid(&mut self, oid: &mut DottedOid);
}

/// Takes every field apart by name, so that a new one cannot be forgotten.
trait Visit {
    fn visit(&mut self, visitor: &mut dyn TextVisitor);
}

impl Visit for Text {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        visitor.text(self);
    }
}

impl<T: Visit> Visit for Option<T> {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        self.iter_mut().for_each(|one| one.visit(visitor));
    }
}

impl<T: Visit> Visit for Vec<T> {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        self.iter_mut().for_each(|one| one.visit(visitor));
    }
}

/// Visits the named places in turn.
macro_rules! visit {
    ($visitor:expr; $($place:expr),+ $(,)?) => {{ $( $place.visit($visitor); )+ }};
}

impl Visit for Sources {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        self.values_mut().for_each(|one| one.visit(visitor));
    }
}

impl Visit for Provenance {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            source,
            rule: _,
            read_at: _,
            unproven: _,
            checks,
            witnesses,
        } = self;
        visit!(visitor; source, checks, witnesses);
    }
}

impl Visit for LosingWitness {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            source,
            rule: _,
            value,
            reason,
        } = self;
        visit!(visitor; source, value, reason);
    }
}

impl Visit for Source {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        match self {
            Self::Snmp { oid, raw } => {
                visitor.oid(oid);
                visitor.raw(raw);
            }
            Self::Ipp { attribute: _, raw } => raw.visit(visitor),
            Self::Http { path, raw } => visit!(visitor; path, raw),
            Self::Network { by: _, raw } => raw.visit(visitor),
            Self::Typed { by } => by.visit(visitor),
            Self::Counted { what } => what.visit(visitor),
            Self::Derived { formula: _, inputs } => inputs.visit(visitor),
            Self::Compared { earlier: _, values } => values.visit(visitor),
        }
    }
}

impl Visit for DerivedInput {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            name: _,
            value: _,
            source,
        } = self;
        source.visit(visitor);
    }
}

impl Visit for ComparedValue {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            name: _,
            earlier,
            now,
        } = self;
        visit!(visitor; earlier, now);
    }
}

impl Visit for Said {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self { value, source } = self;
        visit!(visitor; value, source);
    }
}

impl Visit for Identity {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            manufacturer,
            model,
            serial,
            firmware,
            hostname,
            location,
            contact,
            mac,
            asset,
            description,
            object_id,
            engine_id,
            uptime_centis: _,
            sources,
        } = self;
        visit!(
            visitor; manufacturer, model, serial, firmware, hostname, location, contact, mac, asset,
            description, object_id, engine_id, sources
        );
    }
}

impl Visit for DeviceStatus {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            printer: _,
            device: _,
            conditions: _,
            console,
            sources,
        } = self;
        visit!(visitor; console, sources);
    }
}

impl Visit for Meter {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            function: _,
            color: _,
            size: _,
            sides: _,
            unit: _,
            value: _,
            exactness: _,
            source,
        } = self;
        source.visit(visitor);
    }
}

impl Visit for Marker {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            slot,
            technology,
            unit: _,
            life_count: _,
            power_on_count: _,
            sources,
        } = self;
        visit!(visitor; slot, technology, sources);
    }
}

impl Visit for Supply {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            slot,
            place,
            description,
            kind: _,
            class: _,
            colorant,
            level: _,
            measures: _,
            unit: _,
            capacity: _,
            part_number,
            serial,
            replaced: _,
            sources,
        } = self;
        visit!(visitor; slot, place, description, colorant, part_number, serial, sources);
    }
}

impl Visit for Tray {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            slot,
            name,
            description,
            kind,
            media,
            level: _,
            unit: _,
            capacity: _,
            status: _,
            sources,
        } = self;
        visit!(visitor; slot, name, description, kind, media, sources);
    }
}

impl Visit for Output {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            slot,
            name,
            description,
            level: _,
            unit: _,
            capacity: _,
            status: _,
            sources,
        } = self;
        visit!(visitor; slot, name, description, sources);
    }
}

impl Visit for Cover {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            slot,
            description,
            status,
            sources,
        } = self;
        visit!(visitor; slot, description, status, sources);
    }
}

impl Visit for Alert {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            slot,
            severity: _,
            training,
            group,
            group_index: _,
            code: _,
            code_name,
            description,
            raised_at_uptime_centis: _,
            sources,
        } = self;
        visit!(visitor; slot, training, group, code_name, description, sources);
    }
}

impl Visit for Gap {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self { what, reason } = self;
        visit!(visitor; what, reason);
    }
}

impl Visit for Contradiction {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            rule,
            detail,
            source,
        } = self;
        visit!(visitor; rule, detail, source);
    }
}

impl Visit for Comparison {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            earlier: _,
            matched_by: _,
            changes,
        } = self;
        changes.visit(visitor);
    }
}

impl Visit for Change {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            what: _,
            reading,
            detail,
            source,
        } = self;
        visit!(visitor; reading, detail, source);
    }
}

impl Visit for Outcome {
    fn visit(&mut self, visitor: &mut dyn TextVisitor) {
        match self {
            Self::PrinterRead { audit: _ }
            | Self::PrinterPortOpen { port: _ }
            | Self::PortClosed
            | Self::Silent
            | Self::Asleep { last_read: _ } => {}
            Self::OtherDevice { description } => description.visit(visitor),
            Self::PrinterPartlyRead { audit: _, reason }
            | Self::WrongCommunity { reason }
            | Self::Refused { reason }
            | Self::Unreachable { reason }
            | Self::Excluded { reason }
            | Self::NotAsked { reason }
            | Self::Error { reason } => reason.visit(visitor),
        }
    }
}

impl Provenance {
    /// Shows all texts of this value's story.
    pub fn visit_texts(&mut self, visitor: &mut dyn TextVisitor) {
        self.visit(visitor);
    }
}

impl DeviceAudit {
    /// Shows all texts of the audit.
    pub fn visit_texts(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            format: _,
            id: _,
            pass: _,
            time: _,
            address: _,
            protocol: _,
            identity,
            status,
            meters,
            markers,
            supplies,
            trays,
            outputs,
            covers,
            alerts,
            gaps,
            contradictions,
            comparison,
        } = self;
        visit!(
            visitor; identity, status, meters, markers, supplies, trays, outputs, covers, alerts, gaps,
            contradictions, comparison
        );
    }
}

impl Observation {
    /// Shows all texts of the observation; its addresses are none.
    pub fn visit_texts(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            first: _,
            last: _,
            name,
            outcome,
            witness: _,
            at: _,
        } = self;
        visit!(visitor; name, outcome);
    }
}

impl TrapNotice {
    /// Shows all texts of the notice; the address that it came from is none.
    pub fn visit_texts(&mut self, visitor: &mut dyn TextVisitor) {
        let Self {
            at: _,
            from: _,
            witness: _,
            trap: _,
            name: _,
            repeats: _,
            alert,
        } = self;
        alert.visit(visitor);
    }
}
