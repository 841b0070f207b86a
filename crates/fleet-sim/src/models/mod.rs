//! Device models on virtual time.
//!
//! Everything served is written from public sources: RFC 1213, RFC 2790, RFC 3805, the makers' own
//! MIB texts and what public recordings of devices show. Nothing is derived from the tables that
//! the reader under test uses, so that a wrong belief there is not repeated here.

mod alerts;
mod board;
mod calendar;
mod catalogue;
mod cell;
mod fitted;
mod office;
mod past;
mod spec;
mod standard;
mod state;
mod tally;
mod vendors;
mod work;

pub use calendar::{PROFILES, Profile};
pub use catalogue::{catalogue, demo_fleet, fleet_of, switch};
pub use cell::{Cell, Encoding};
pub use fitted::{Coverage, Fitted};
pub use spec::{
    BoardMemory, Charset, Habits, Ink, Label, Precision, Spec, SupplySpec, TrayLevel, TraySpec,
    Vendor, Wear,
};
pub use state::{Activity, Alert, Happened, Happening, State, Trouble};
pub use tally::{Color, Origin, Quantity, Sides, Size, Tally, Work};
pub use work::Job;
pub(crate) use work::{copy, fax_job, make, replace, scan, set_supply};

use crate::mib::{Evaluated, Mib};
use crate::rng::Chance;
use crate::truth::{Counts, LifeCount, Truth, TruthMeter, TruthSupply, TruthTray};
use crate::wire::View;
use board::Board;
use office::Office;
use pagetally_snmp_engine::{Oid, Value};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// iso.org.dod.internet.private.enterprises.
pub(crate) const ENTERPRISES: &[u32] = &[1, 3, 6, 1, 4, 1];

/// prtInput and prtAlert, by their numbers below 1.3.6.1.2.1.43.
const INPUTS: u32 = 8;
const ALERTS: u32 = 18;

/// What tells one device from another of the same model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The serial number.
    pub serial: String,
    /// sysName.
    pub hostname: String,
    /// sysLocation.
    pub location: String,
    /// prtGeneralPrinterName.
    pub printer_name: String,
    /// The hardware address.
    pub mac: [u8; 6],
}

/// One simulated printer.
#[derive(Clone, Debug)]
pub struct Model {
    spec: Spec,
    identity: Identity,
    state: State,
    office: Office,
    mib: Mib<Cell>,
    address: BTreeMap<Oid, Value>,
}

impl Model {
    /// A device of this model with a past: counts, levels and paper are drawn from `seed`.
    #[must_use]
    pub fn new(spec: Spec, identity: Identity, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let state = past::draw(&spec, &mut chance);
        let mut model = Self {
            office: Office::new(spec.profile, &mut chance),
            spec,
            identity,
            state,
            mib: Mib::default(),
            address: BTreeMap::new(),
        };
        model.state.is_renamed = true;
        for place in 0..model.spec.supplies.len() {
            work::note_level(&model.spec, &mut model.state, place);
        }
        model.refresh();
        model
    }

    /// What the model is.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// What this device is called.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What changes.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Does something to the device and serves what came of it.
    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&Spec, &mut State) -> T) -> T {
        let result = change(&self.spec, &mut self.state);
        self.refresh();
        result
    }

    pub(crate) fn elapse(&mut self, by: Duration) {
        self.state.uptime = self.state.uptime.saturating_add(by);
        work::settle(&self.spec, &mut self.state);
    }

    /// Somebody asks: wakes the device, and says whether it slept.
    pub(crate) fn touch(&mut self) -> bool {
        let slept = self.state.asleep;
        work::wake(&mut self.state);
        slept
    }

    pub(crate) fn set_attended(&mut self, attended: bool) {
        self.office.attended = attended;
    }

    pub(crate) fn set_eventful(&mut self, eventful: bool) {
        self.office.eventful = eventful;
    }

    pub(crate) fn set_address(&mut self, address: Ipv4Addr) {
        let index = address.octets().map(u32::from);
        let columns = [
            Value::IpAddress(address),
            Value::Integer(i64::from(standard::INTERFACE)),
            Value::IpAddress(Ipv4Addr::new(255, 0, 0, 0)),
        ];
        self.address = (1_u32..)
            .zip(columns)
            .filter_map(|(column, value)| {
                let arcs = [standard::IP_ADDRESS_ENTRY, &[column], &index].concat();
                Some((Oid::new(arcs).ok()?, value))
            })
            .collect();
        self.refresh();
    }

    /// What the agent looks its answers up in.
    pub(crate) fn view(&self) -> impl View + '_ {
        Evaluated {
            mib: &self.mib,
            evaluate: |cell: &Cell| cell.evaluate(&self.spec, &self.state),
        }
    }

    /// Serves what is true now. What changes with every page is computed when somebody asks; texts
    /// and rows that change once in a while are put in place here.
    pub(crate) fn refresh(&mut self) {
        if std::mem::take(&mut self.state.is_renamed) {
            let mut board = Board::default();
            vendors::dress(&mut board, &self.spec, &self.identity, &self.state.supplies);
            self.mib = board.into_mib();
        }
        let mut rows = self.address.clone();
        if vendors::has_printer_mib(self.spec.vendor) && self.spec.has(ALERTS) {
            rows.extend(alerts::rows(&self.spec, &self.state));
        }
        self.mib.set_rows(rows);
    }

    pub(crate) fn truth(&self) -> Truth {
        let printer_mib = vendors::has_printer_mib(self.spec.vendor);
        let state = &self.state;
        let mut truth = Truth {
            name: format!("{} {}", self.spec.maker, self.spec.model),
            is_printer: true,
            asleep: state.asleep,
            manufacturer: self.spec.maker.to_owned(),
            model: self.spec.model.to_owned(),
            serial: self.identity.serial.clone(),
            firmware: Some(self.spec.firmware.to_string()).filter(|text| !text.is_empty()),
            hostname: self.identity.hostname.clone(),
            location: self.identity.location.clone(),
            mac: Some(self.identity.mac),
            device_index: self.spec.device_index,
            meters: self.meters(),
            sums: self.sums(),
            counted: self.counted(),
            ..Truth::default()
        };
        if printer_mib {
            truth.life_count = Some(LifeCount {
                value: state.told(Quantity::Life),
                unit: self.spec.life_unit,
            });
            truth.supplies = self.supplies();
            if self.spec.has(INPUTS) {
                truth.trays = self.trays();
            }
            if self.spec.has(ALERTS) {
                let alerts = state.alerts.iter();
                let alerts = alerts.map(|alert| alerts::truth(alert, &self.spec, state));
                truth.alerts = alerts.collect();
            }
        }
        truth
    }

    /// The counters that the maker's own objects serve.
    fn meters(&self) -> Vec<TruthMeter> {
        let is_own = |oid: &&Oid| oid.arcs().starts_with(ENTERPRISES);
        self.mib
            .cells()
            .filter(|(oid, _)| is_own(oid))
            .filter_map(|(oid, cell)| {
                let Cell::Count(quantity, _) = cell else {
                    return None;
                };
                Some(TruthMeter {
                    oid: oid.clone(),
                    counts: quantity.counts()?,
                    value: self.state.told(*quantity),
                })
            })
            .collect()
    }

    /// What the maker's counters add up to.
    fn sums(&self) -> Vec<(Counts, u64)> {
        let sums = vendors::sums(&self.spec).into_iter();
        sums.filter_map(|quantity| Some((quantity.counts()?, self.state.told(quantity))))
            .collect()
    }

    /// What the device did since it was made.
    fn counted(&self) -> Vec<(Counts, u64)> {
        let mut quantities = vec![Quantity::TOTAL, Quantity::LARGE, Quantity::SCANS];
        for color in [Color::Mono, Color::Color] {
            quantities.push(Quantity::colored(color));
            for work in [Work::Print, Work::Copy, Work::Fax] {
                quantities.push(Quantity::of_in(work, color));
            }
        }
        for work in [Work::Print, Work::Copy, Work::Fax] {
            quantities.push(Quantity::of(work));
        }
        for duplex in [false, true] {
            quantities.push(Sides::ALL.duplex(duplex).counted());
        }
        let counted = quantities.into_iter();
        let counted = counted
            .filter_map(|quantity| Some((quantity.counts()?, self.state.tally.count(quantity))));
        counted.collect()
    }

    fn supplies(&self) -> Vec<TruthSupply> {
        let rows = self.spec.supplies.iter().zip(&self.state.supplies);
        rows.map(|(supply, fitted)| {
            let (capacity, level) = fitted.level(supply);
            TruthSupply {
                index: supply.index,
                description: fitted.description(supply),
                part_number: fitted.part_number(supply).map(str::to_owned),
                serial: fitted.serial(supply),
                predecessors: fitted.predecessors,
                class: if supply.is_receptacle() { 4 } else { 3 },
                kind: supply.kind,
                unit: supply.unit,
                capacity,
                level,
            }
        })
        .collect()
    }

    fn trays(&self) -> Vec<TruthTray> {
        let rows = (1..).zip(self.spec.trays.iter().enumerate());
        rows.map(|(index, (place, tray))| {
            let (capacity, level) = self.state.tray_level(&self.spec, place);
            TruthTray {
                index,
                name: tray.name.to_owned(),
                capacity,
                level,
            }
        })
        .collect()
    }
}
