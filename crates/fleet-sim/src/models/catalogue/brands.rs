//! Models of makers of whom less is public, and of brands on others' engines.

use super::super::calendar::Profile;
use super::super::spec::{
    BoardMemory, Charset, Habits, Label, Precision, Spec, SupplySpec, TrayLevel, Vendor,
};
use super::build::{Shape, base, capital, part};

const PERCENT: Shape = (19, 100, Precision::Exact);
const DRUM: i64 = 9;
const WASTE_TONER: i64 = 4;
const FUSER: i64 = 15;
const CMYK: [&str; 4] = ["cyan", "magenta", "yellow", "black"];
const KCMY: [&str; 4] = ["black", "cyan", "magenta", "yellow"];

fn toner(color: &str) -> String {
    format!("{} Toner", capital(color))
}

pub(super) fn all() -> Vec<Spec> {
    let mut all = fuji();
    all.extend(dell());
    all.extend(samsung());
    all.extend(small_makers());
    all.extend(plain());
    all
}

/// Rows of supplies begin at 2, waste boxes stand at 30.
fn fuji() -> Vec<Spec> {
    let fuji = |maker, model, enterprise| {
        let mut spec = base(Vendor::FujiXerox, maker, model, enterprise)
            .colored()
            .large()
            .mfp(true)
            .tray("Tray 2", 500, TrayLevel::Exact);
        for (index, color) in (2..).zip(CMYK) {
            let toner = spec.clone().toners(&[color], toner, 15_000, PERCENT);
            let supply = toner.supplies.last().cloned();
            spec.supplies
                .extend(supply.map(|supply| SupplySpec { index, ..supply }));
        }
        let waste = part("Waste Toner Container", WASTE_TONER, 50_000, PERCENT);
        Spec {
            renumbers: true,
            ..spec.supply(SupplySpec { index: 30, ..waste })
        }
    };
    vec![
        fuji(
            "Fuji Xerox",
            "ApeosPort-VII C3373",
            &[297, 1, 11, 93, 1, 57, 3, 1],
        )
        .busy(90, 35)
        .version("1.60.15"),
        fuji("FUJIFILM", "Apeos C3070", &[297, 1, 11, 93, 2, 2, 3, 1])
            .busy(70, 30)
            .used_in(Profile::School)
            .with_board(BoardMemory::AllLost)
            .version(""),
    ]
}

fn dell() -> Vec<Spec> {
    vec![
        Spec {
            life_unit: 8,
            ..base(
                Vendor::Dell,
                "Dell",
                "B3460dn Laser Printer",
                &[674, 10_898, 2, 100, 11],
            )
        }
        .busy(40, 50)
        .version("NH40.SA.N461")
        .toners(
            &["black"],
            |_| "Black Cartridge".to_owned(),
            20_000,
            (7, 20_000, Precision::VagueWhenLow),
        )
        .part("Imaging Unit", DRUM, 60_000, PERCENT),
        base(
            Vendor::Dell,
            "Dell",
            "3130cn Color Laser",
            &[674, 10_898, 10, 6],
        )
        .with_habits(Habits::Older)
        .colored()
        .busy(30, 30)
        .version("201101131339")
        .toners(&CMYK, toner, 9_000, PERCENT),
    ]
}

/// Samsung's trees under HP's and Xerox's badges, and a colour model of its own.
fn samsung() -> Vec<Spec> {
    let crum = |_: &SupplySpec| vec!["CRUM".to_owned()];
    vec![
        base(
            Vendor::Samsung,
            "Samsung",
            "CLX-6260 Series",
            &[236, 11, 5, 1],
        )
        .colored()
        .mfp(true)
        .busy(30, 24)
        .used_in(Profile::Shop)
        .version("11.01.01.26_12-13-2013")
        .toners(&KCMY, toner, 3_500, PERCENT)
        .identified(Label::Crum, crum)
        .part("Fuser Unit", FUSER, 100_000, PERCENT),
        Spec {
            refills_percent: 30,
            ..base(Vendor::Samsung, "HP", "Laser MFP 432", &[236, 11, 5, 1])
        }
        .mfp(true)
        .busy(25, 40)
        .version("82.01.00.29_05-28-2021")
        .toners(&["black"], toner, 6_600, PERCENT)
        .identified(Label::Crum, crum)
        .part("Imaging Unit", DRUM, 30_000, PERCENT),
    ]
}

fn small_makers() -> Vec<Spec> {
    let pantum = |model| Spec {
        error_octets: 1,
        covers: vec!["Front cover"],
        ..base(Vendor::Pantum, "Pantum", model, &[40_093, 1, 1])
    };
    vec![
        base(Vendor::Panasonic, "Panasonic", "DP-MB545", &[258, 406, 1])
            .mfp(true)
            .busy(20, 45)
            .version("")
            .toners(&["black"], toner, 25_000, PERCENT)
            .part("Drum", DRUM, 100_000, PERCENT),
        pantum("BM5100ADW")
            .mfp(true)
            .busy(20, 40)
            .version("")
            .toners(&["black"], toner, 6_000, PERCENT),
        Spec {
            charset: Charset::Gbk,
            duplex: false,
            ..pantum("P3305DN")
        }
        .with_habits(Habits::Older)
        .busy(12, 33)
        .version("1.5.8")
        .toners(&["black"], |_| "黑色墨粉盒".to_owned(), 3_000, PERCENT),
        // Rows of supplies without hrDeviceIndex.
        Spec {
            color: false,
            ..pantum("M6500NW")
        }
        .with_habits(Habits::SingleIndex)
        .mfp(false)
        .busy(15, 22)
        .version("")
        .toners(&["black"], toner, 1_600, PERCENT),
        // A Brother with another badge.
        Spec {
            charset: Charset::Gbk,
            console_lines: 2,
            error_octets: 1,
            ..base(Vendor::Brother, "Lenovo", "LJ3650DN", &[2435, 2, 3, 9, 1])
        }
        .busy(15, 30)
        .used_in(Profile::Rarely)
        .version("1.06")
        .toners(
            &["black"],
            |_| "墨粉盒".to_owned(),
            8_000,
            (19, -2, Precision::TwoState),
        )
        .part("硒鼓单元", DRUM, 25_000, (7, 25_000, Precision::Exact)),
    ]
}

/// Makers of whose own objects nothing is public.
fn plain() -> Vec<Spec> {
    let mut riso = Spec {
        technology: 14,
        device_index: 3,
        lacks: &[6, 9],
        charset: Charset::Cp437,
        covers: vec!["Front cover", "Right cover"],
        ..base(Vendor::Plain, "Riso", "ComColor GD9630", &[24_807, 1, 2, 1])
    }
    .colored()
    .large()
    .mfp(false)
    .busy(60, 160)
    .used_in(Profile::Warehouse)
    .version("")
    .tray("Tray 2", 1_000, TrayLevel::Exact)
    .toners(
        &KCMY,
        |color| format!("Encre für {color} é"),
        50_000,
        PERCENT,
    );
    for supply in &mut riso.supplies {
        // ink cartridge
        supply.kind = 6;
    }
    vec![riso]
}
