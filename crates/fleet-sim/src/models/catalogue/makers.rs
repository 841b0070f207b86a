//! The models, maker by maker.

use super::super::calendar::Profile;
use super::super::spec::{
    BoardMemory, Charset, Habits, Label, Precision, Spec, SupplySpec, TrayLevel, Vendor,
};
use super::brands;
use super::build::{Shape, base, capital, part};

const CMYK: [&str; 4] = ["cyan", "magenta", "yellow", "black"];

/// Percent of a hundred, exactly.
const PERCENT: Shape = (19, 100, Precision::Exact);
const DRUM: i64 = 9;
const FUSER: i64 = 15;
const WASTE_TONER: i64 = 4;
const TRANSFER: i64 = 20;
const OTHER: i64 = 1;

/// Every model of the catalogue.
pub(super) fn all() -> impl Iterator<Item = Spec> {
    let families = [
        hp(),
        kyocera(),
        lexmark(),
        brother(),
        canon(),
        ricoh(),
        xerox(),
        konica(),
        epson(),
        others(),
        brands::all(),
    ];
    families.into_iter().flatten()
}

fn hp() -> Vec<Spec> {
    const ENTERPRISE: &[u32] = &[11, 2, 3, 9, 1];
    let hp = |model| Spec {
        charset: Charset::Roman8,
        error_octets: 1,
        ..base(Vendor::Hp, "HP", model, ENTERPRISE)
    };
    let cartridge = |color: &str| format!("{} Cartridge HP", capital(color));
    // Standard and high yield.
    let numbers = |standard: &'static str, high: &'static str| {
        move |supply: &SupplySpec| match supply.colorant {
            Some(_) => vec![standard.to_owned(), high.to_owned()],
            None => Vec::new(),
        }
    };
    vec![
        hp("Color LaserJet Flow MFP M880")
            .colored()
            .mfp(true)
            .busy(120, 45)
            .version("2308214_000913")
            .tray("Tray 2", 500, TrayLevel::Exact)
            .tray("Tray 3", 1_500, TrayLevel::Exact)
            .toners(
                &["black", "cyan", "magenta", "yellow"],
                cartridge,
                29_500,
                PERCENT,
            )
            .identified(Label::Part, numbers("CF300A", "CF300AC"))
            .part("Transfer Kit HP D7H14A", TRANSFER, 150_000, PERCENT)
            .part("Fuser Kit HP C1N54A", FUSER, 100_000, PERCENT)
            .part("Document Feeder Kit HP C1P70A", OTHER, 150_000, PERCENT),
        hp("LaserJet Pro MFP M428fdw")
            .mfp(true)
            .busy(40, 38)
            .version("20230427")
            .tray("Tray 2", 250, TrayLevel::Unknown)
            .toners(&["black"], cartridge, 10_000, PERCENT)
            .identified(Label::Part, numbers("CF258A", "CF258XC")),
        hp("LaserJet Enterprise M507")
            .busy(60, 43)
            .version("2309059_000577")
            .tray("Tray 2", 550, TrayLevel::Exact)
            .toners(&["black"], cartridge, 10_000, PERCENT)
            .identified(Label::Part, numbers("CF289A", "CF289X"))
            .part("Maintenance Kit HP F2G76A", OTHER, 225_000, PERCENT),
        hp("LaserJet P3015")
            .busy(10, 40)
            .version("20110809 07.121.6")
            .toners(&["black"], cartridge, 12_500, PERCENT)
            .identified(Label::Part, numbers("CE255A", "CE255X")),
        // An inkjet that counts devices from zero, with a card that does not name the printer.
        Spec {
            device_index: 0,
            technology: 14,
            ..hp("OfficeJet Pro 8100")
        }
        .with_habits(Habits::Older)
        .colored()
        .busy(8, 20)
        .used_in(Profile::Rarely)
        .version("CLP1CN1346AR")
        .toners(
            &["black", "cyan", "magenta", "yellow"],
            |color| format!("{color} ink"),
            1_500,
            PERCENT,
        ),
        // Host-based: no covers, localization, displays or alerts, and counts as INTEGERs.
        Spec {
            lacks: &[6, 7, 16, 18],
            console_lines: 0,
            duplex: false,
            ..hp("LaserJet Professional P1102w")
        }
        .with_habits(Habits::IntegerCounts)
        .busy(6, 18)
        .version("20120814")
        .toners(&["black"], cartridge, 1_600, PERCENT)
        .identified(Label::Part, numbers("CE285A", "CE285A")),
    ]
}

fn kyocera() -> Vec<Spec> {
    let kyocera = |model| Spec {
        unbilled_per_mille: 6,
        error_octets: 0,
        ..base(Vendor::Kyocera, "Kyocera", model, &[1347, 41])
    };
    // The description is the part number and nothing else.
    let part_number = |number: &'static str| {
        move |supply: &SupplySpec| {
            let letter = match supply.colorant {
                Some("black") => "K",
                Some("cyan") => "C",
                Some("magenta") => "M",
                Some("yellow") => "Y",
                _ => return Vec::new(),
            };
            vec![format!("{number}{letter}")]
        }
    };
    let mono_number = |number: &'static str| {
        move |supply: &SupplySpec| match supply.colorant {
            Some(_) => vec![number.to_owned()],
            None => Vec::new(),
        }
    };
    let unnamed = |_: &str| String::new();
    let waste = (19, -2, Precision::TwoState);
    vec![
        kyocera("TASKalfa 4053ci")
            .colored()
            .mfp(true)
            .busy(150, 40)
            .version("2VG_S000.002.601")
            .tray("Cassette 2", 500, TrayLevel::Exact)
            .toners(
                &["cyan", "magenta", "yellow", "black"],
                unnamed,
                20_000,
                (7, 20_000, Precision::Exact),
            )
            .identified(Label::Part, part_number("TK-8525"))
            .large()
            .part("Waste Toner Box", WASTE_TONER, 40_000, waste),
        kyocera("ECOSYS P2040dw")
            .busy(25, 40)
            .version("2RX_3000.002.503")
            .toners(&["black"], unnamed, 7_200, (7, 7_200, Precision::Exact))
            .identified(Label::Part, mono_number("TK-1160")),
        kyocera("ECOSYS M3645idn")
            .mfp(true)
            .busy(60, 45)
            .version("2V3_S0IS.C00.007")
            .toners(&["black"], unnamed, 14_500, (7, 14_500, Precision::Exact))
            .identified(Label::Part, mono_number("TK-3060"))
            .part("Waste Toner Box", WASTE_TONER, 40_000, waste),
        kyocera("ECOSYS P6235cdn")
            .colored()
            .busy(30, 35)
            .version("2TW_2000.003.001")
            .toners(
                &["cyan", "magenta", "yellow", "black"],
                unnamed,
                11_000,
                (7, 11_000, Precision::Exact),
            )
            .identified(Label::Part, part_number("TK-5280")),
        // Another maker's print server in front: sysDescr is the card's.
        kyocera("FS-4200DN")
            .with_habits(Habits::BehindJetDirect)
            .busy(35, 50)
            .used_in(Profile::Warehouse)
            .version("2L0_2000.002.201")
            .toners(&["black"], unnamed, 25_000, (7, 25_000, Precision::Exact))
            .identified(Label::Part, mono_number("TK-3130")),
        // Two badges on the same engines, under the same sysObjectID.
        Spec {
            maker: "Utax",
            ..kyocera("4006ci")
        }
        .colored()
        .mfp(false)
        .large()
        .busy(70, 40)
        .version("2ND_2F00.009.003")
        .toners(
            &["cyan", "magenta", "yellow", "black"],
            unnamed,
            20_000,
            (7, 20_000, Precision::Exact),
        )
        .identified(Label::Part, part_number("CK-8512"))
        .part("Waste Toner Box", WASTE_TONER, 40_000, waste),
        Spec {
            maker: "Triumph-Adler",
            ..kyocera("P-4531DN")
        }
        .busy(25, 45)
        .used_in(Profile::School)
        .version("2S0_2000.001.004")
        .toners(&["black"], unnamed, 15_500, (7, 15_500, Precision::Exact))
        .identified(Label::Part, mono_number("PK-3012")),
    ]
}

fn lexmark() -> Vec<Spec> {
    let lexmark = |model, enterprise| Spec {
        // It says sheets and counts sides.
        life_unit: 8,
        ..base(Vendor::Lexmark, "Lexmark", model, enterprise)
    };
    let lasting = |pages: i64| (7, pages, Precision::VagueWhenLow);
    let color_name = |color: &str| format!("{} Cartridge", capital(color));
    vec![
        lexmark("MX711", &[641, 2, 71_107_114])
            .mfp(true)
            .busy(90, 66)
            .version("NH62.TU.N636")
            .tray("Tray 2", 550, TrayLevel::FullOrEmpty)
            .toners(&["black"], color_name, 25_000, lasting(25_000))
            .identified(Label::OwnTable, |_| {
                vec!["62D2H00".to_owned(), "62D0HA0".to_owned()]
            })
            .part("Imaging Unit", DRUM, 100_000, PERCENT)
            .part("Maintenance Kit", OTHER, 200_000, PERCENT),
        lexmark("XC4240", &[641, 52, 71_107_230])
            .colored()
            .mfp(true)
            .busy(70, 40)
            .version("CXTZJ.074.258")
            .toners(&CMYK, color_name, 16_000, lasting(16_000))
            .identified(Label::OwnTable, |supply| {
                let color = supply.colorant.unwrap_or_default();
                vec![format!("24B7{:03}", 154 + color.len())]
            })
            .part("Waste Toner Bottle", WASTE_TONER, 90_000, PERCENT)
            .part("Fuser", FUSER, 150_000, PERCENT),
    ]
}

fn brother() -> Vec<Spec> {
    let brother = |model| Spec {
        charset: Charset::Roman8,
        error_octets: 1,
        console_lines: 2,
        ..base(Vendor::Brother, "Brother", model, &[2435, 2, 3, 9, 1])
    };
    let toner = |color: &str| format!("{} Toner Cartridge", capital(color));
    let two_state = (19, -2, Precision::TwoState);
    vec![
        brother("HL-L8260CDW")
            .colored()
            .busy(30, 31)
            .version("1.42")
            .toners(
                &["black", "cyan", "magenta", "yellow"],
                toner,
                4_000,
                two_state,
            )
            .part("Waste Toner Box", WASTE_TONER, 50_000, two_state)
            .part("Drum Unit", DRUM, 30_000, (7, 30_000, Precision::Exact))
            .part("Belt Unit", TRANSFER, 50_000, (7, 50_000, Precision::Exact)),
        brother("MFC-L2750DW")
            .mfp(true)
            .busy(20, 34)
            .version("N")
            .toners(&["black"], toner, 3_000, two_state)
            .part("Drum Unit", DRUM, 12_000, (7, 12_000, Precision::Exact)),
    ]
}

fn canon() -> Vec<Spec> {
    let canon = |model| Spec {
        unbilled_per_mille: 4,
        ..base(Vendor::Canon, "Canon", model, &[1602, 4, 7])
    };
    vec![
        canon("iR-ADV C5535")
            .colored()
            .large()
            .mfp(true)
            .busy(140, 35)
            .version("62.31")
            .tray("Drawer 2", 550, TrayLevel::Exact)
            .toners(
                &["black", "cyan", "magenta", "yellow"],
                |color| format!("Canon GPR-55 {} Toner", capital(color)),
                60_000,
                (19, 100, Precision::Tenths),
            )
            .part(
                "Waste Toner",
                WASTE_TONER,
                170_000,
                (19, -2, Precision::TwoState),
            ),
        Spec {
            // Some who own it refill.
            refills_percent: 40,
            ..canon("iR1643i")
        }
        .mfp(false)
        .busy(30, 43)
        .version("10.05")
        .toners(&["black"], |_| "Canon T06".to_owned(), 20_500, PERCENT),
        canon("iR2525")
            .with_habits(Habits::Older)
            .with_board(BoardMemory::AllLost)
            .large()
            .mfp(false)
            .busy(15, 25)
            .used_in(Profile::School)
            .version("20.03")
            .toners(
                &["black"],
                |_| "Canon GPR-35 Black Toner".to_owned(),
                14_600,
                (19, 100, Precision::Tenths),
            ),
    ]
}

fn ricoh() -> Vec<Spec> {
    let ricoh = |model| base(Vendor::Ricoh, "Ricoh", model, &[367, 1, 1]);
    let toner = |color: &str| format!("{} Toner", capital(color));
    let mut own = vec![
        Spec {
            life_unit: 8,
            ..ricoh("MP C3003")
        }
        .colored()
        .large()
        .mfp(true)
        .busy(130, 30)
        .version("2.20")
        .tray("Tray 2", 550, TrayLevel::Exact)
        .toners(
            &["black", "cyan", "magenta", "yellow"],
            toner,
            29_500,
            (19, 100, Precision::Tenths),
        )
        .part(
            "Waste Toner Bottle",
            WASTE_TONER,
            100_000,
            (19, -2, Precision::TwoState),
        ),
        ricoh("SP 5300DN").busy(40, 50).version("1.03").toners(
            &["black"],
            toner,
            25_000,
            (19, -2, Precision::TwoState),
        ),
        // For Japan: descriptions in Shift_JIS.
        Spec {
            charset: Charset::ShiftJis,
            ..ricoh("IPSiO SP 6330")
        }
        .large()
        .busy(20, 35)
        .version("1.05")
        .toners(
            &["black"],
            |_| "トナーカートリッジ(ブラック)".to_owned(),
            15_000,
            (19, 100, Precision::Tenths),
        )
        .part(
            "廃トナーボトル",
            WASTE_TONER,
            60_000,
            (19, -2, Precision::TwoState),
        ),
    ];
    own.extend(ricoh_brands(ricoh));
    own
}

fn xerox() -> Vec<Spec> {
    let xerox = |model, enterprise| base(Vendor::Xerox, "Xerox", model, enterprise);
    vec![
        xerox("AltaLink C8045", &[253, 8, 62, 1, 35, 2, 3, 1, 1])
            .colored()
            .mfp(true)
            .busy(160, 45)
            .version("100.002.09608")
            .tray("Tray 2", 500, TrayLevel::Exact)
            .toners(
                &CMYK,
                |color| format!("{} Toner", capital(color)),
                26_000,
                (7, 26_000, Precision::Exact),
            )
            .part("Drum Cartridge", DRUM, 125_000, PERCENT)
            .identified(Label::PartAndSerial, |supply| {
                let part = match supply.colorant {
                    Some("black") => "006R01697",
                    Some("cyan") => "006R01698",
                    Some("magenta") => "006R01699",
                    Some("yellow") => "006R01700",
                    _ => "013R00662",
                };
                vec![part.to_owned()]
            })
            .large()
            // Numbers jump on this maker's tables.
            .supply(SupplySpec {
                index: 30,
                ..part(
                    "Waste Toner Container, PN 008R13061",
                    WASTE_TONER,
                    44_000,
                    PERCENT,
                )
            }),
        xerox("VersaLink B600", &[253, 8, 62, 1, 40, 1, 4, 1])
            .busy(45, 55)
            .version("37.59.81")
            .toners(
                &["black"],
                |_| "Black Toner Cartridge".to_owned(),
                25_900,
                (7, 25_900, Precision::Exact),
            )
            .part("Drum Cartridge", DRUM, 60_000, PERCENT)
            .identified(Label::PartAndSerial, |supply| match supply.colorant {
                Some(_) => vec!["106R03941".to_owned(), "106R03943".to_owned()],
                None => vec!["101R00582".to_owned()],
            }),
    ]
}

fn konica() -> Vec<Spec> {
    let konica = |model, enterprise| Spec {
        ..base(Vendor::KonicaMinolta, "Konica Minolta", model, enterprise)
    };
    let toner = |color: &str| format!("Toner ({})", capital(color));
    vec![
        konica("bizhub C250i", &[18_334, 1, 1, 1, 2, 1, 181, 2, 4])
            .colored()
            .large()
            .mfp(true)
            .busy(110, 25)
            .version("AA2J0Y0-F000-G00-45")
            .tray("Tray 2", 500, TrayLevel::Exact)
            .toners(&CMYK, toner, 28_000, PERCENT)
            .part(
                "Waste Toner Box",
                WASTE_TONER,
                48_000,
                (19, -2, Precision::TwoState),
            )
            .part("Drum Cartridge (Black)", DRUM, 200_000, PERCENT),
        konica("bizhub 458e", &[18_334, 1, 1, 1, 2, 1, 153, 2, 4])
            .mfp(true)
            .busy(80, 45)
            .version("A9HM0Y0-F000-GC2-M0")
            .toners(&["black"], toner, 24_000, PERCENT),
        // Two badges, one of which names the engine's family in sysDescr.
        Spec {
            maker: "Develop",
            ..konica("ineo+ 308", &[18_334, 1, 2, 1, 2, 1, 145, 2, 4])
        }
        .colored()
        .large()
        .mfp(true)
        .busy(60, 30)
        .used_in(Profile::Ward)
        .version("A7PU0Y0-F000-GC3-M2")
        .toners(&CMYK, toner, 26_000, PERCENT),
        Spec {
            maker: "Olivetti",
            ..konica("d-Copia 4524MF", &[18_334, 1, 1, 1, 2, 1, 132, 4, 1])
        }
        .with_habits(Habits::Older)
        .mfp(false)
        .busy(25, 45)
        .version("3100-0020-0001")
        .toners(&["black"], toner, 20_000, PERCENT),
        // Sold in Korea on the same engine, in whose family name it answers.
        Spec {
            maker: "Sindoh",
            ..konica("D310", &[18_334, 1, 1, 1, 2, 1, 121, 4, 1])
        }
        .with_habits(Habits::Older)
        .colored()
        .large()
        .mfp(false)
        .busy(30, 28)
        .version("A61F0Y0-9900-GF0-00")
        .toners(&CMYK, toner, 25_000, PERCENT),
    ]
}

fn epson() -> Vec<Spec> {
    let epson = |model| Spec {
        // inkjet, aqueous
        technology: 12,
        error_octets: 0,
        ..base(
            Vendor::Epson,
            "Epson",
            model,
            &[1248, 1, 1, 2, 1, 3, 5, 69, 69, 80, 83, 50],
        )
    };
    let mut ink = epson("WF-C5790")
        .colored()
        .mfp(true)
        .busy(35, 24)
        .version("03.77.TS20P2")
        .toners(
            &["black", "cyan", "magenta", "yellow"],
            |color| format!("{} Ink Supply Unit T9441", capital(color)),
            5_000,
            (1, 100, Precision::Exact),
        );
    for supply in &mut ink.supplies {
        // ink cartridge
        supply.kind = 6;
    }
    vec![
        // waste ink
        ink.part("Maintenance Box", 8, 50_000, PERCENT),
        Spec {
            technology: 4,
            sleep_minutes: 30,
            ..epson("AL-M320DN")
        }
        .busy(6, 40)
        .version("01.12")
        .toners(
            &["black"],
            |_| "Black Toner Cartridge".to_owned(),
            13_300,
            PERCENT,
        ),
    ]
}

fn ricoh_brands(ricoh: impl Fn(&'static str) -> Spec) -> Vec<Spec> {
    vec![
        Spec {
            maker: "Savin",
            ..ricoh("MP C3503")
        }
        .colored()
        .mfp(true)
        .large()
        .busy(80, 35)
        .version("1.18")
        .toners(
            &CMYK,
            |color| format!("{} Toner", capital(color)),
            29_500,
            (19, 100, Precision::Tenths),
        ),
        Spec {
            maker: "Lanier",
            // Ricoh's serial number stands in its own object; the standard one is there too.
            charset: Charset::Latin1,
            ..ricoh("MP 301SPF")
        }
        .mfp(true)
        .busy(20, 31)
        .used_in(Profile::Shop)
        .version("1.09")
        .toners(
            &["black"],
            |_| "Black Toner".to_owned(),
            8_000,
            (19, 100, Precision::SomeOrMinusHundred),
        ),
    ]
}

fn others() -> Vec<Spec> {
    let toner = |color: &str| format!("{} Toner", capital(color));
    vec![
        base(
            Vendor::Samsung,
            "Samsung",
            "M4080FX",
            &[236, 11, 5, 11, 62, 1],
        )
        .mfp(true)
        .busy(40, 40)
        .version("11.01.03.04_02-27-2017")
        .toners(&["black"], |_| "Black Toner".to_owned(), 15_000, PERCENT)
        .identified(Label::Crum, |_| vec!["MLT-D358S".to_owned()])
        .part("Imaging Unit", DRUM, 100_000, PERCENT),
        base(Vendor::Oki, "OKI", "C833", &[2001, 1, 1, 1, 1])
            .colored()
            .busy(35, 35)
            .version("02.55")
            .toners(&CMYK, toner, 10_000, PERCENT)
            .part(
                "Black Image Drum",
                DRUM,
                30_000,
                (7, 30_000, Precision::Exact),
            )
            .part("Fuser Unit", FUSER, 100_000, (7, 100_000, Precision::Exact)),
        base(Vendor::Oki, "OKI", "B432", &[2001, 1, 1, 1, 1])
            .busy(20, 40)
            .version("01.24")
            .toners(&["black"], toner, 12_000, PERCENT)
            .part("Image Drum", DRUM, 30_000, (7, 30_000, Precision::Exact)),
        base(Vendor::Sharp, "Sharp", "MX-3100N", &[2385, 3, 1, 63, 1, 6])
            .colored()
            .large()
            .with_board(BoardMemory::ControllerLost)
            .mfp(false)
            .busy(90, 31)
            .version("07.04.P1")
            .toners(&CMYK, toner, 15_000, PERCENT)
            .part(
                "Drum Cartridge",
                DRUM,
                100_000,
                (19, -2, Precision::PercentWithoutCapacity),
            )
            .part(
                "Waste Toner Container",
                WASTE_TONER,
                50_000,
                (19, -2, Precision::TwoState),
            ),
        base(Vendor::Sharp, "Sharp", "MX-M266N", &[2385, 3, 1, 88, 1, 2])
            .mfp(false)
            .busy(40, 26)
            .version("05.00.b2")
            .toners(&["black"], toner, 25_000, PERCENT),
        base(
            Vendor::Toshiba,
            "Toshiba",
            "e-STUDIO3515AC",
            &[1129, 2, 3, 45, 1],
        )
        .colored()
        .large()
        .mfp(false)
        .busy(100, 35)
        .version("T420SY0W1705")
        .toners(&CMYK, toner, 33_600, PERCENT)
        .part(
            "Waste Toner Box",
            WASTE_TONER,
            70_000,
            (19, -2, Precision::TwoState),
        ),
        Spec {
            duplex: false,
            // thermal transfer
            technology: 16,
            trays: Vec::new(),
            outputs: Vec::new(),
            ..base(Vendor::Zebra, "Zebra", "ZT410", &[10_642, 1, 1])
        }
        .busy(80, 60)
        .version("V75.20.01Z"),
    ]
}
