//! Months and years of virtual time: the same in one step or in many, and what they bring.

use pagetally_fleet_sim::models::{
    BoardMemory, Happening, PROFILES, Profile, Quantity, Sides, Spec, Work, catalogue,
};
use pagetally_fleet_sim::truth::{Counts, Function, Truth};
use pagetally_fleet_sim::{Color, Identity, SimDevice, demo_fleet, fleet_of};
use pagetally_snmp_engine::{Value, VarBind};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

fn device(model: &str, seed: u64) -> SimDevice {
    of(spec(model), seed)
}

fn spec(model: &str) -> Spec {
    let mut all = catalogue().into_iter();
    all.find(|spec| spec.model == model)
        .expect("in the catalogue")
}

fn of(spec: Spec, seed: u64) -> SimDevice {
    let identity = Identity {
        serial: "ABC10000001".to_owned(),
        hostname: "abc001".to_owned(),
        location: "here".to_owned(),
        printer_name: "abc001".to_owned(),
        mac: [0, 0x26, 0x73, 1, 2, 3],
    };
    SimDevice::from_spec(spec, identity, seed)
}

fn counted(truth: &Truth, counts: Counts) -> u64 {
    let mut all = truth.counted.iter();
    all.find(|(one, _)| *one == counts).expect("counted").1
}

fn total(device: &SimDevice) -> u64 {
    counted(&device.truth(), Counts::all(Function::Total))
}

fn happened(device: &SimDevice, what: Happening) -> usize {
    let all = device.history().iter();
    all.filter(|happened| happened.what == what).count()
}

#[test]
fn there_are_forty_models_of_every_maker_that_matters() {
    let catalogue = catalogue();
    let makers: BTreeSet<&str> = catalogue.iter().map(|spec| spec.maker).collect();
    assert!(catalogue.len() >= 40, "{}", catalogue.len());
    for maker in [
        "HP",
        "Lexmark",
        "Xerox",
        "FUJIFILM",
        "Fuji Xerox",
        "Ricoh",
        "Savin",
        "Canon",
        "Konica Minolta",
        "Develop",
        "Olivetti",
        "Kyocera",
        "Triumph-Adler",
        "Utax",
        "Brother",
        "Epson",
        "Samsung",
        "OKI",
        "Sharp",
        "Toshiba",
        "Dell",
        "Panasonic",
        "Zebra",
        "Pantum",
        "Riso",
        "Sindoh",
        "Lenovo",
    ] {
        assert!(makers.contains(maker), "{maker}");
    }
    let models: BTreeSet<(&str, &str)> = catalogue
        .iter()
        .map(|spec| (spec.maker, spec.model))
        .collect();
    assert_eq!(models.len(), catalogue.len(), "each model once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_season_in_one_step_or_in_many_is_the_same(
        place in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        cuts in prop::collection::vec(0_u64..=120 * 86_400_000, 0..40),
    ) {
        let specs = catalogue();
        let spec = place.get(&specs);
        let (mut whole, mut parts) = (of(spec.clone(), seed), of(spec.clone(), seed));
        let season = Duration::from_millis(120 * 86_400_000);
        let mut cuts: Vec<Duration> = cuts.into_iter().map(Duration::from_millis).collect();
        cuts.push(season);
        cuts.sort_unstable();
        let mut at = Duration::ZERO;
        for cut in cuts {
            parts.advance(cut - at);
            at = cut;
        }
        whole.advance(season);
        prop_assert_eq!(whole.truth(), parts.truth());
        prop_assert_eq!(whole.history(), parts.history());
        prop_assert_eq!(whole.walk(), parts.walk());
    }

    #[test]
    fn sums_close_and_nothing_falls_in_any_month_of_any_device(
        place in any::<prop::sample::Index>(), seed in any::<u64>()
    ) {
        let specs = catalogue();
        let mut device = of(place.get(&specs).clone(), seed);
        let mut before = device.truth();
        for _ in 0..12 {
            device.advance(4 * WEEK);
            let model = device.model().expect("a model");
            let state = model.state();
            let tally = &state.tally;
            let works = [Work::Print, Work::Copy, Work::Fax, Work::Report];
            let by_work: u64 = works.into_iter().map(|work| tally.count(Quantity::of(work))).sum();
            let colors = [Color::Mono, Color::Color];
            let by_color: u64 = colors
                .into_iter()
                .map(|color| tally.count(Quantity::colored(color)))
                .sum();
            let by_sheet: u64 = [false, true]
                .into_iter()
                .map(|duplex| tally.count(Sides::ALL.duplex(duplex).counted()))
                .sum();
            let total = tally.count(Quantity::TOTAL);
            prop_assert_eq!([by_work, by_color, by_sheet], [total; 3]);
            prop_assert!(tally.count(Quantity::Life) >= total);
            prop_assert!(tally.count(Quantity::SCANS) == 0 || model.spec().copier);
            for (supply, fitted) in model.spec().supplies.iter().zip(&state.supplies) {
                let (capacity, level) = fitted.level(supply);
                prop_assert!(level <= capacity.max(100), "{level} of {capacity}");
            }
            let after = device.truth();
            let swapped = before.serial != after.serial;
            for (old, new) in before.counted.iter().zip(&after.counted) {
                prop_assert!(swapped || new.1 >= old.1, "{:?}", old);
            }
            before = after;
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_year_and_another_seed_another() {
    let year = |seed| {
        let mut fleet = fleet_of(20, seed);
        for device in &mut fleet {
            device.advance(364 * DAY);
        }
        let walks = fleet.iter().map(SimDevice::walk);
        walks.collect::<Vec<Vec<VarBind>>>()
    };
    assert_eq!(year(1), year(1));
    assert_ne!(year(1), year(2));
}

#[test]
fn nobody_prints_in_the_office_at_night_and_on_weekends() {
    let mut device = device("TASKalfa 4053ci", 5);
    device.set_eventful(false);
    // From Monday at eight to Friday at seven in the evening.
    device.advance(4 * DAY + Duration::from_secs(11 * 3_600));
    let friday = total(&device);
    device.advance(Duration::from_secs(61 * 3_600));
    assert_eq!(total(&device), friday, "Monday at eight");
    device.advance(Duration::from_secs(4 * 3_600));
    assert!(total(&device) > friday);
}

#[test]
fn summer_is_quiet_in_an_office_and_a_school_is_shut() {
    let month = |profile: Profile, begin: u32| {
        let spec = Spec {
            profile,
            ..spec("iR-ADV C5535")
        };
        let mut device = of(spec, 3);
        device.set_eventful(false);
        device.advance(begin * WEEK);
        let before = total(&device);
        device.advance(4 * WEEK);
        total(&device) - before
    };
    let (spring, summer) = (month(Profile::Office, 19), month(Profile::Office, 29));
    assert!(summer * 10 < spring * 8, "{summer} of {spring}");
    assert_eq!(month(Profile::School, 29), 0);
    let quiet = month(Profile::Rarely, 19);
    assert!(quiet * 5 < spring, "{quiet} of {spring}");
    assert!(month(Profile::Ward, 29) > summer);
    assert_eq!(PROFILES.len(), 6);
}

#[test]
fn a_year_replaces_cartridges_and_each_new_one_has_another_serial_number() {
    let mut device = device("AltaLink C8045", 9);
    device.set_eventful(false);
    let mut serials = BTreeSet::new();
    let mut black = device.truth().supplies[3].clone();
    serials.insert(black.serial.clone().expect("told"));
    let mut levels = Vec::new();
    for _ in 0..364 {
        device.advance(DAY);
        let now = device.truth().supplies[3].clone();
        if now.predecessors != black.predecessors {
            assert_ne!(now.serial, black.serial);
            assert!(now.level > black.level, "a new one is fuller");
            serials.insert(now.serial.clone().expect("told"));
        } else {
            assert!(now.level <= black.level, "nothing fills itself");
        }
        levels.push(now.level);
        black = now;
    }
    assert!(serials.len() >= 3, "{serials:?}");
    let replaced = happened(&device, Happening::SupplyReplaced(3));
    assert_eq!(replaced + 1, serials.len());
    // What is told is what is served.
    let described = device.value(&"1.3.6.1.2.1.43.11.1.1.6.1.4".parse().expect("valid"));
    let described = described.and_then(|value| value.as_octets().map(<[u8]>::to_vec));
    let described = String::from_utf8(described.expect("a text")).expect("UTF-8");
    let serial = black.serial.expect("told");
    assert!(described.ends_with(&format!(";SN{serial}")), "{described}");
}

#[test]
fn pictures_empty_a_cartridge_before_its_rated_sides() {
    // Coverage varies by page, so the same number of sides takes different shares of each colour.
    let mut device = device("bizhub C250i", 4);
    device.set_eventful(false);
    device.set_attended(false);
    let before: Vec<u64> = worn(&device);
    device.advance(2 * WEEK);
    let after = worn(&device);
    let used: BTreeSet<u64> = before
        .iter()
        .zip(&after)
        .take(4)
        .map(|(b, a)| a - b)
        .collect();
    assert!(used.len() >= 3, "{used:?}");
    assert!(used.iter().all(|used| *used > 0));
}

fn worn(device: &SimDevice) -> Vec<u64> {
    let supplies = &device.model().expect("a model").state().supplies;
    supplies.iter().map(|fitted| fitted.worn).collect()
}

#[test]
fn a_restart_takes_the_uptime_and_no_counter() {
    let mut device = device("ECOSYS P2040dw", 2);
    device.set_eventful(false);
    device.advance(3 * DAY);
    let before = device.truth();
    device.happen(Happening::Restarted);
    let state = device.model().expect("a model").state();
    assert_eq!(state.uptime, Duration::ZERO);
    assert_eq!(state.tally.count(Quantity::SincePowerOn), 0);
    let after = device.truth();
    assert_eq!(
        (before.meters, before.life_count),
        (after.meters, after.life_count)
    );
    assert_eq!(happened(&device, Happening::Restarted), 1);
}

#[test]
fn new_firmware_shows_wherever_its_version_stands_and_may_move_the_rows_of_supplies() {
    let mut device = device("ApeosPort-VII C3373", 2);
    let before = device.truth();
    device.happen(Happening::FirmwareUpdated);
    let after = device.truth();
    assert_eq!(before.firmware.as_deref(), Some("1.60.15"));
    assert_eq!(after.firmware.as_deref(), Some("1.60.16"));
    let system = device.value(&"1.3.6.1.2.1.1.1.0".parse().expect("valid"));
    let Some(Value::OctetString(system)) = system else {
        panic!("no sysDescr");
    };
    assert!(String::from_utf8_lossy(&system).contains("1.60.16"));
    let rows = |truth: &Truth| -> Vec<u32> { truth.supplies.iter().map(|one| one.index).collect() };
    assert_eq!(rows(&before), [2, 3, 4, 5, 30]);
    assert_eq!(rows(&after), [5, 6, 7, 8, 33]);
    let served = device.walk().into_iter().filter(|one| {
        one.oid
            .to_string()
            .starts_with("1.3.6.1.2.1.43.11.1.1.9.1.")
    });
    assert_eq!(served.count(), 5, "the old rows are gone");
    device.happen(Happening::FirmwareUpdated);
    assert_eq!(rows(&device.truth()), rows(&before));
}

#[test]
fn a_new_board_forgets_what_stood_on_it_and_the_truth_does_not() {
    for (memory, keeps_own, keeps_life) in [
        (BoardMemory::Kept, true, true),
        (BoardMemory::ControllerLost, false, true),
        (BoardMemory::AllLost, false, false),
    ] {
        let spec = Spec {
            board: memory,
            ..spec("MX-3100N")
        };
        let mut device = of(spec, 8);
        device.set_eventful(false);
        let before = device.truth();
        device.happen(Happening::BoardReplaced);
        let after = device.truth();
        assert_eq!(before.counted, after.counted);
        assert_eq!(before.meters == after.meters, keeps_own, "{memory:?}");
        assert_eq!(
            before.life_count == after.life_count,
            keeps_life,
            "{memory:?}"
        );
        if !keeps_own {
            assert!(after.meters.iter().all(|meter| meter.value == 0));
        }
        device.print(10, Color::Mono);
        let life = |truth: &Truth| truth.life_count.expect("a printer").value;
        assert_eq!(life(&device.truth()) - life(&after), 10);
    }
}

#[test]
fn a_swapped_device_has_its_own_serial_and_counters_under_the_old_name() {
    let mut device = device("MX711", 6);
    let before = device.truth();
    device.advance(DAY);
    device.happen(Happening::Swapped);
    let after = device.truth();
    assert_ne!(before.serial, after.serial);
    assert_ne!(before.mac, after.mac);
    assert_ne!(before.life_count, after.life_count);
    assert_eq!(
        (before.model, before.hostname),
        (after.model, after.hostname)
    );
    let oid = "1.3.6.1.4.1.641.6.2.3.1.5.1".parse().expect("valid");
    let told = device
        .value(&oid)
        .and_then(|value| value.as_octets().map(<[u8]>::to_vec));
    assert_eq!(told, Some(after.serial.into_bytes()));
    assert_eq!(happened(&device, Happening::Swapped), 1);
}

#[test]
fn ten_years_of_a_fleet_bring_everything_that_can_happen() {
    let mut fleet = fleet_of(16, 3);
    for device in &mut fleet {
        device.advance(3_640 * DAY);
    }
    let all: BTreeSet<String> = fleet
        .iter()
        .flat_map(|device| device.history())
        .map(|happened| match happened.what {
            Happening::SupplyReplaced(_) => "replaced".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(all.len(), 5, "{all:?}");
    let ordered = fleet
        .iter()
        .all(|device| device.history().is_sorted_by_key(|happened| happened.at));
    assert!(ordered);
}

#[test]
fn who_is_left_alone_stops_at_the_empty_toner_and_goes_on_when_somebody_comes() {
    let mut device = device("ECOSYS P2040dw", 7);
    device.set_eventful(false);
    device.set_attended(false);
    device.advance(364 * DAY);
    let stopped = total(&device);
    device.advance(28 * DAY);
    assert_eq!(total(&device), stopped);
    device.set_attended(true);
    device.advance(28 * DAY);
    assert!(total(&device) > stopped);
}

#[test]
fn refills_have_a_level_that_nobody_knows() {
    let mut device = device("iR1643i", 12);
    device.set_eventful(false);
    let mut levels = BTreeSet::new();
    for _ in 0..200 {
        device.advance(WEEK);
        let toner = &device.truth().supplies[0];
        levels.insert(toner.level == -2);
        assert_eq!(toner.capacity, 100);
    }
    assert_eq!(levels.len(), 2, "originals and refills");
}

#[test]
fn the_demo_fleet_has_every_model_once_and_a_switch() {
    let fleet = demo_fleet(1);
    assert_eq!(fleet.len(), catalogue().len() + 1);
}
