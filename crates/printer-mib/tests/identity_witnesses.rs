//! Whose name is on the device, and whether it is a printer at all: agents lie about both, and the
//! better witness decides.

#[path = "support/lines.rs"]
mod lines;
mod support;

use lines::{audit, who};
use pagetally_printer_mib::{Class, Definitions, classify, is_bare_print_server};
use pagetally_snmp_engine::{Answers, Recording};

const PRINTER_ROW: &str = "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n";
const LIFE_COUNT: &str = "1.3.6.1.2.1.43.10.2.1.4.1.1|65|1000\n";

fn described(object_id: &str, description: &str) -> String {
    let mut lines = String::new();
    if !object_id.is_empty() {
        lines.push_str(&format!("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.{object_id}\n"));
    }
    if !description.is_empty() {
        lines.push_str(&format!("1.3.6.1.2.1.1.1.0|4|{description}\n"));
    }
    lines
}

fn named(name: &str) -> String {
    format!("{PRINTER_ROW}1.3.6.1.2.1.25.3.2.1.3.1|4|{name}\n")
}

fn answers(lines: &str) -> Answers {
    let recording = Recording::parse(lines.as_bytes()).expect("a valid recording");
    recording.to_answers()
}

fn class(lines: &str) -> Class {
    classify(&answers(lines), &Definitions::builtin())
}

#[test]
fn the_badge_is_believed_before_the_agents_number() {
    let jetdirect = "HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD153,EEPROM JSI00000000";
    let lexmark = "version NH63.GM.N639 kernel 3.0.0 All-N-1";
    let table = [
        (
            "UTAX under Kyocera",
            described("1347.41", "") + &named("UTAX_TA P-C0000i"),
            ["Utax", "P-C0000i"],
        ),
        (
            "Triumph-Adler under Kyocera",
            described("1347.41", "") + &named("TRIUMPH-ADLER P-0000DN"),
            ["Triumph-Adler", "P-0000DN"],
        ),
        (
            "Copystar under Kyocera",
            described("1347.41", "") + &named("Copystar CS 0000ci"),
            ["Copystar", "CS 0000ci"],
        ),
        (
            "Olivetti under Kyocera",
            described("1347.41", "") + &named("Olivetti d-Copia 0000MF"),
            ["Olivetti", "d-Copia 0000MF"],
        ),
        (
            "Brother under HP",
            described(
                "11.2.3.9.1",
                "Brother NC-0000h, Firmware Ver.1.00  (08.12.12),MID 84UB05",
            ) + &named("Brother HL-0000DN series"),
            ["Brother", "HL-0000DN"],
        ),
        (
            "Kyocera behind a JetDirect card",
            described("11.2.3.9.1", jetdirect) + &named("KYOCERA FS-0000DN"),
            ["Kyocera", "FS-0000DN"],
        ),
        (
            "Xerox behind a JetDirect card",
            described("11.2.3.9.1", jetdirect) + &named("Xerox Phaser 0000DN"),
            ["Xerox", "Phaser 0000DN"],
        ),
        (
            "Dell on Lexmark's firmware",
            described("641.1", &format!("Dell S0000dn {lexmark}")) + &named("Dell S0000dn"),
            ["Dell", "S0000dn"],
        ),
        (
            "Lexmark's firmware under Dell's number",
            described("674.10898.2.100", &format!("Dell 0000dn {lexmark}"))
                + &named("Dell Laser Printer 0000dn"),
            ["Dell", "Laser Printer 0000dn"],
        ),
        (
            "Toshiba on Lexmark's firmware",
            described("641.2.71107164", "") + &named("TOSHIBA e-STUDIO000CS"),
            ["Toshiba", "e-STUDIO000CS"],
        ),
        (
            "Source Technologies on Lexmark's",
            described("641.1", "") + &named("Source Technologies ST0000"),
            ["Source Technologies", "ST0000"],
        ),
        (
            "Samsung, now HP's",
            described(
                "236.11.5.1",
                "HP LaserJet MFP E00000dn; V3.00.00.00;Engine V1.00.00;NIC V0.00.00;S/N 000000000000000",
            ) + &named("HP LaserJet MFP E00000dn"),
            ["HP", "LaserJet MFP E00000dn"],
        ),
        (
            "Samsung in front of Xerox",
            described(
                "253.8.62.1.0.0",
                "Xerox WorkCentre 0000; OS 1.0 Engine 1.0 NIC V4.00",
            ) + &named("Xerox WorkCentre 0000"),
            ["Xerox", "WorkCentre 0000"],
        ),
        (
            "Fuji Xerox",
            described("297.1.11.93.1", "") + &named("FUJI XEROX ApeosPort-V C0000"),
            ["Fuji Xerox", "ApeosPort-V C0000"],
        ),
        (
            "FUJIFILM under Fuji Xerox's number",
            described("297.1.11.93.1.4", "") + &named("FUJIFILM Apeos C0000"),
            ["FUJIFILM", "Apeos C0000"],
        ),
        (
            "Savin on Ricoh",
            described("367.1.1", "") + &named("SAVIN MP C0000"),
            ["Savin", "MP C0000"],
        ),
        (
            "Lanier on Ricoh",
            described("367.1.1", "") + &named("LANIER MP 0000"),
            ["Lanier", "MP 0000"],
        ),
        (
            "Gestetner on Ricoh",
            described("367.1.1", "") + &named("Gestetner MP 0000"),
            ["Gestetner", "MP 0000"],
        ),
        (
            "NRG on Ricoh",
            described("367.1.1", "") + &named("NRG MP 0000"),
            ["NRG", "MP 0000"],
        ),
        (
            "Nashuatec on Ricoh",
            described("367.1.1", "") + &named("Nashuatec MP 0000"),
            ["Nashuatec", "MP 0000"],
        ),
        (
            "Infotec on Ricoh",
            described("367.1.1", "") + &named("infotec MP 0000"),
            ["Infotec", "MP 0000"],
        ),
        (
            "Develop on Konica Minolta",
            described("18334.1.1.1.1.1.1", "") + &named("Develop ineo+ 000"),
            ["Develop", "ineo+ 000"],
        ),
        (
            "Olivetti on Konica Minolta",
            described("18334.1.1.1.1.1.1", "") + &named("Olivetti d-Color MF000"),
            ["Olivetti", "d-Color MF000"],
        ),
        (
            "Oce on Konica Minolta",
            described("18334.1.1.1.1.1.1", "") + &named("Oce VarioLink 0000c"),
            ["Oce", "VarioLink 0000c"],
        ),
        (
            "OKI behind its card",
            described(
                "2001.1.1.1.297.93.1",
                "OKI OkiLAN 0000e Rev.02.00 10/100BASE Ethernet PrintServer: Attached to C0000 Rev.1.00 : (C)2004",
            ),
            ["OKI", "C0000"],
        ),
        (
            "OKI that Toshiba built",
            described("1129.2.3.45.1", "") + &named("OKI DATA CORP:MC000"),
            ["OKI", "MC000"],
        ),
        (
            "a Zebra behind its print server",
            described("683.6", "ZebraNet PrintServer") + "1.3.6.1.4.1.10642.1.1.0|4|ZTC GX000t\n",
            ["Zebra", "GX000t"],
        ),
        (
            "an AXIS box in front of a Lexmark",
            described("368.1.1", "AXIS 0000 Print Server V6.00") + &named("Lexmark E000dn"),
            ["Lexmark", "E000dn"],
        ),
        (
            "a device ID where a name belongs",
            described("2435.2.3.9.1", "")
                + &named("MFG:Brother;CMD:PJL,PCL;MDL:HL-0000DN series;CLS:PRINTER;"),
            ["Brother", "HL-0000DN"],
        ),
        (
            "a device ID against the number",
            described("11.2.3.9.1", jetdirect)
                + PRINTER_ROW
                + "1.3.6.1.4.1.11.2.3.9.1.1.7.0|4|MFG:Canon;MDL:LBP0000;CLS:PRINTER;\n",
            ["Canon", "LBP0000"],
        ),
    ];
    for (case, lines, expected) in table {
        assert_eq!(class(&lines), Class::Printer, "{case}");
        assert_eq!(who(&audit(&lines))[..2], expected, "{case}");
    }
}

/// Description and sysObjectID (below the enterprises' arc), as other devices word theirs.
const NO_PRINTERS: &[(&str, &str)] = &[
    // Switches, routers, access points, firewalls.
    (
        "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(50)SE5",
        "9.1.716",
    ),
    (
        "Cisco NX-OS(tm) n5000, Software (n5000-uk9), Version 5.2(1)N1(4)",
        "9.12.3.1.3.840",
    ),
    (
        "Juniper Networks, Inc. ex2200-24t-4g internet router, kernel JUNOS 12.3R6.6",
        "2636.1.1.1.2.43",
    ),
    (
        "ProCurve J9019A Switch 2510-24, revision Q.11.17, ROM Q.10.02",
        "11.2.3.7.11.82",
    ),
    (
        "HP J9776A 2530-24G Switch, revision YA.16.02",
        "11.2.3.7.11.141",
    ),
    (
        "Huawei Versatile Routing Platform Software VRP (R) software,Version 5.130",
        "2011.2.23.95",
    ),
    (
        "H3C Comware Platform Software, Software Version 5.20 Release 2208",
        "25506.1.246",
    ),
    (
        "ExtremeXOS version 12.5.3.9 v1253b9-patch1-2 by release-manager",
        "1916.2.118",
    ),
    (
        "Foundry Networks, Inc. FES2402, IronWare Version 04.1.06",
        "1991.1.3.25.2",
    ),
    (
        "Brocade Communications Systems, Inc. ICX6610-24",
        "1991.1.3.57.1",
    ),
    (
        "Allied Telesis router/switch, Software Release 2.9.1",
        "207.1.14.79",
    ),
    (
        "Alcatel-Lucent OS6450-24 6.6.3.451.R01 GA",
        "6486.800.1.1.2.1.12.1.1",
    ),
    ("RouterOS RB2011UiAS", "14988.1"),
    ("ArubaOS (MODEL: 225), Version 6.4.2.6", "14823.1.2.59"),
    ("Fortinet FortiGate-60D", "12356.101.1.624"),
    ("Palo Alto Networks PA-500 series firewall", "25461.2.3.6"),
    (
        "SonicWALL NSA 2400 (SonicOS Enhanced 5.8.1.1-35o)",
        "8741.1",
    ),
    ("XTM26 WatchGuard", "3097.1.5.49"),
    (
        "Arista Networks EOS version 4.12.0 running on an Arista Networks DCS-7048T",
        "30065.1.2484",
    ),
    ("Ruckus Wireless Inc (C) 2006", "25053.3.1.4.15"),
    (
        "DrayTek Corporation, Router Model: Vigor2860, Version: 3.8.0",
        "7367",
    ),
    ("ZyXEL ES-2108PWR", "890.1.5.8.50"),
    ("JetStream 24-Port Gigabit L2 Managed Switch", "11863.1.1.5"),
    ("D-Link DES-3526 Fast Ethernet Switch", "171.10.64.1"),
    ("NETGEAR GS724T Smart Switch", "4526.100.4.10"),
    ("3Com SuperStack 3 Switch 4400", "43.10.27.4.1.2.1"),
    ("AXIS 5600 Wireless Access Point", ""),
    ("Lantronix MSS4 Version B1.1/3", "244.1.1"),
    ("Samsung iES4024GP Switch", ""),
    // Power.
    (
        "APC Web/SNMP Management Card (MB:v3.9.2 PF:v3.7.3 PN:apc_hw02_aos_373.bin AF1:v3.7.2)",
        "318.1.3.2.7",
    ),
    ("Eaton 5P 1550", "534.1"),
    ("Liebert IntelliSlot Web Card", "476.1.42"),
    ("CyberPower RMCARD", "3808.1.1.1"),
    ("Tripp Lite PowerAlert", "850.1"),
    ("Riello UPS NetMan 204", "5491.6"),
    (
        "Raritan Dominion PX - Firmware Version 010500-7494",
        "13742.4",
    ),
    ("Socomec UPS", "4555.1.1.1"),
    // Storage.
    ("Linux DiskStation 3.10.105 #24922 SMP", "6574.1"),
    ("Linux TS-453A 4.2.8", "24681.1"),
    ("NetApp Release 8.2.1 7-Mode", "789.2.3"),
    ("EMC Celerra File Server", "1139.1"),
    ("LenovoEMC Storage", "11369.1"),
    ("HP StorageWorks MSL2024 Tape Library", ""),
    ("AXIS StorPoint CD V4.24", ""),
    // Cameras, screens, projectors, whiteboards.
    ("AXIS M1011 Network Camera 5.20", "368.4.1"),
    ("AXIS 241Q Video Server; 4.47", "368.1.1"),
    ("Vivotek IP7361", "23465.1"),
    ("Canon Network Camera VB-C60", ""),
    ("Panasonic WJ-ND400 Network Disk Recorder", ""),
    ("Hikvision DS-2CD2032-I", "39165.1.1"),
    ("EPSON Projector EB-0000", "1248.4.1"),
    ("Panasonic PT-0000 Projector", ""),
    ("SHARP PN-E703", ""),
    ("RICOH Interactive Whiteboard D5500", ""),
    ("Barco Projector", "12827.1"),
    ("Crestron CP3 Control System", "3212.1"),
    // Scanners.
    ("Brother ADS-2800W", ""),
    ("HP Scanjet N9120", ""),
    ("EPSON Network Scanner", ""),
    ("FUJITSU fi-6010N", ""),
    // Telephones and terminals.
    ("Avaya IP Phone 9608", "6889.1.69.5"),
    ("Mitel IP Phone", "1027.1.2"),
    ("snom360", "7526.1"),
    ("Panasonic KX-NS1000", ""),
    ("Intermec CV30 Terminal", ""),
    // Consoles.
    ("Avocent ACS 6000", "10418.16.1"),
    ("ATEN KN4132", "21317.1"),
];

#[test]
fn what_is_no_printer_is_never_called_one() {
    assert!(NO_PRINTERS.len() > 60);
    for (description, object_id) in NO_PRINTERS {
        // By both, and by each alone it may be unknown, but no printer.
        for (object_id, description) in [
            (*object_id, *description),
            (*object_id, ""),
            ("", *description),
        ] {
            let found = class(&described(object_id, description));
            assert_ne!(found, Class::Printer, "{description} {object_id}");
        }
        let found = class(&described(object_id, description));
        // Both makers sold print servers too, without a number of their own for them.
        let open = ["D-Link", "NETGEAR"].map(|maker| description.starts_with(maker));
        if open.contains(&true) {
            assert_eq!(found, Class::Unsure, "{description}");
        } else {
            assert_eq!(found, Class::Other, "{description}");
        }
    }
}

/// Agents that run on anything, and whose hosts list the printers that they share.
const HOSTS: &[(&str, &str)] = &[
    (
        "Linux cups 5.10.0-8-amd64 #1 SMP Debian x86_64",
        "8072.3.2.10",
    ),
    ("FreeBSD pfSense 12.3-STABLE", "8072.3.2.8"),
    ("FreeBSD 13.0-RELEASE", "12325.1.1.2.1.1"),
    (
        "Hardware: Intel64 Family 6 - Software: Windows Version 6.3 (Build 9600)",
        "311.1.1.3.1.2",
    ),
    (
        "Hardware: AMD64 - Software: Windows Version 10.0",
        "311.1.1.3.1.1",
    ),
    ("Sun SNMP Agent, SUNW,Sun-Fire-V210", "42.2.1.1"),
    ("Novell NetWare 6.50.08", "23.1.6"),
    ("Digital UNIX V4.0", "36.2.15.2.3"),
];

#[test]
fn a_host_is_no_printer_by_the_printers_that_it_shares() {
    for (description, object_id) in HOSTS {
        let host = described(object_id, description) + &named("HP LaserJet 0000 Series PCL 5");
        assert_eq!(class(&host), Class::Other, "{description}");
    }
}

/// A controller is a computer, with a computer's agent, inside a printer.
#[test]
fn a_controller_inside_a_printer_shows_itself_by_what_only_printers_answer() {
    for (description, object_id) in HOSTS {
        let controller = described(object_id, description) + &named("Fiery X0") + LIFE_COUNT;
        assert_eq!(class(&controller), Class::Printer, "{description}");
    }
}

const PRINT_SERVERS: &[(&str, &str)] = &[
    ("AXIS 5400+ Network Print Server V5.81", "368.1.1"),
    ("Axis NPS 530", "368.1.1"),
    ("D-Link DP-301P+ Print Server", "171.11.10.1"),
    ("TRENDnet TE100-P1U Print Server", ""),
    ("NETGEAR PS121 Print Server", ""),
    ("SEH PS105 Print Server", "1229.1.1"),
    ("silex SX-3000GB Print Server", "1240.2.3.4.5.2"),
    ("Lantronix EPS2 Version V3.5/2", "244.1.1"),
    ("NetPort Express PRO", "343.1"),
    ("TROY PocketPro 100s", ""),
    ("Castelle LANpress", "726.1"),
    ("Extended Systems ExtendNet 4000", "683.1"),
    ("MarkNet X2000", "641.1"),
    (
        "HP ETHERNET MULTI-ENVIRONMENT,ROM H.08.49,JETDIRECT EX,JD28,EEPROM H.08.60",
        "11.2.3.9.1",
    ),
];

#[test]
fn a_print_server_is_read_and_is_a_printer_only_if_one_stands_behind_it() {
    let bare = |lines: &str| is_bare_print_server(&answers(lines), &Definitions::builtin());
    for (description, object_id) in PRINT_SERVERS {
        let server = described(object_id, description);
        assert_eq!(
            class(&server),
            Class::Printer,
            "{description} is worth reading"
        );
        assert!(bare(&server), "{description}");
        for behind in [
            named("Acme QuickPrint 9"),
            LIFE_COUNT.to_owned(),
            "1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1|4|MFG:Acme;MDL:QuickPrint 9;\n".to_owned(),
        ] {
            assert!(
                !bare(&(server.clone() + &behind)),
                "{description}: {behind}"
            );
        }
    }
    // A JetDirect box that says what it is attached to.
    let attached = "1.3.6.1.4.1.11.2.3.9.1.1.7.0|4|MFG:Hewlett-Packard;MDL:HP LaserJet 0000;\n";
    let (description, object_id) = PRINT_SERVERS[PRINT_SERVERS.len() - 1];
    assert!(!bare(&(described(object_id, description) + attached)));
    // A printer's own words name no print server.
    assert!(!bare(&described(
        "1347.41",
        "KYOCERA Document Solutions Printing System"
    )));
}
