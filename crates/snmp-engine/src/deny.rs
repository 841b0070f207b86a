//! What is never asked for, whoever's plan it is.
//!
//! Some subtrees act on a plain GET, some hold passwords, some tell who printed what. The reader
//! refuses to ask for anything in them, for anything that contains them, and drops what lands in
//! them anyway. There is no way to switch this off.

use crate::Oid;

/// Why a subtree is never asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Harm {
    /// The device acts on being asked.
    Acts,
    /// Who printed, scanned or faxed what.
    PersonalData,
    /// Passwords and community names.
    Secret,
}

/// One subtree that is never asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The subtree's root.
    pub root: &'static [u32],
    /// Nothing below this is asked for by GETNEXT or GETBULK either: the step over the end of a
    /// neighbouring column could land in the subtree. The same as `root` where landing there harms
    /// nothing, because what lands is dropped. Only a [walk](crate::walk) steps within it, from a
    /// name to another that it knows to come before the subtree.
    pub fence: &'static [u32],
    /// What asking would do.
    pub harm: Harm,
    /// What it is.
    pub what: &'static str,
}

/// Everything that is never asked for.
pub const DENIED: &[Denied] = &[
    Denied {
        root: &[1, 3, 6, 1, 4, 1, 1248, 1, 2, 2, 44],
        fence: &[1, 3, 6, 1, 4, 1, 1248, 1, 2, 2],
        harm: Harm::Acts,
        what: "Epson's command channel: the command is in the name, and a GET can write the EEPROM",
    },
    secret(
        &[1, 3, 6, 1, 4, 1, 2699, 1, 2, 1, 2, 1, 1, 7],
        "ppmPrinterSnmpCommunityName (PWG 5107.1)",
    ),
    secret(
        &[1, 3, 6, 1, 4, 1, 683, 3, 3],
        "passwords of ESI print servers",
    ),
    secret(
        &[1, 3, 6, 1, 4, 1, 11, 2, 3, 9, 1, 1, 13],
        "the JetDirect password, which old firmware hands out",
    ),
    secret(
        &[1, 3, 6, 1, 4, 1, 11, 2, 3, 9, 4, 2, 1, 3, 9, 1, 1],
        "the password of HP's embedded web server, which old firmware hands out",
    ),
    secret(&[1, 3, 6, 1, 6, 3, 15], "SNMP-USER-BASED-SM-MIB (RFC 3414)"),
    secret(&[1, 3, 6, 1, 6, 3, 18], "SNMP-COMMUNITY-MIB (RFC 3584)"),
    personal(
        &[1, 3, 6, 1, 4, 1, 2699, 1, 1],
        "Job Monitoring MIB (RFC 2707): who printed what",
    ),
    personal(&[1, 3, 6, 1, 4, 1, 1347, 47], "Kyocera's job lists"),
];

const fn secret(root: &'static [u32], what: &'static str) -> Denied {
    Denied {
        root,
        fence: root,
        harm: Harm::Secret,
        what,
    }
}

const fn personal(root: &'static [u32], what: &'static str) -> Denied {
    Denied {
        root,
        fence: root,
        harm: Harm::PersonalData,
        what,
    }
}

/// The subtree on the list that `name` lies in, if any: it must not be asked for by GET, and an
/// answer with this name must not be kept.
pub fn instance(name: &Oid) -> Option<&'static Denied> {
    instance_arcs(name.arcs())
}

/// [`instance`] for a name that is given as its arcs.
pub(crate) fn instance_arcs(name: &[u32]) -> Option<&'static Denied> {
    if name.starts_with(HARMLESS) {
        return None;
    }
    DENIED.iter().find(|denied| name.starts_with(denied.root))
}

/// Where most names lie (RFC 2578 section 2, `mgmt`), and nothing that is denied.
const HARMLESS: &[u32] = &[1, 3, 6, 1, 2];

/// The subtree on the list that walking `root` would enter or come too near to, if any.
pub fn walk(root: &Oid) -> Option<&'static Denied> {
    walk_arcs(root.arcs())
}

/// [`walk`] for a root that is given as its arcs.
pub(crate) fn walk_arcs(root: &[u32]) -> Option<&'static Denied> {
    if root.starts_with(HARMLESS) {
        return None;
    }
    DENIED
        .iter()
        .find(|denied| root.starts_with(denied.fence) || denied.fence.starts_with(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    #[test]
    fn a_denied_subtree_is_denied_itself_below_and_from_above() {
        for denied in DENIED {
            let root = Oid::new(denied.root).expect("short");
            let below = root.child(&[1, 2]);
            assert_eq!(instance(&root).map(|found| found.root), Some(denied.root));
            assert_eq!(instance(&below).map(|found| found.root), Some(denied.root));
            for len in 0..=denied.root.len() {
                let above = Oid::new(&denied.root[..len]).expect("short");
                assert!(walk(&above).is_some(), "{above}");
            }
            assert!(walk(&below).is_some());
        }
    }

    #[test]
    fn nothing_denied_lies_where_most_names_do() {
        for denied in DENIED {
            for one in [denied.root, denied.fence] {
                assert!(!one.starts_with(HARMLESS) && !HARMLESS.starts_with(one));
            }
        }
    }

    #[test]
    fn neighbours_may_be_asked_for() {
        for near in [
            "1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1",
            "1.3.6.1.4.1.1347.43.10.1.1.12.1.1",
            "1.3.6.1.2.1.43.11.1.1.9.1.1",
            "1.3.6.1.4.1.1248.1.2.2.27.1.1.3.1.1",
            "1.3.6.1.4.1.11.2.3.9.1.1.7.0",
        ] {
            assert_eq!(instance(&oid(near)), None, "{near}");
        }
        assert_eq!(walk(&oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.3")), None);
        assert_eq!(walk(&oid("1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.10.5")), None);
    }

    #[test]
    fn what_acts_is_not_even_stepped_up_to() {
        assert!(walk(&oid("1.3.6.1.4.1.1248.1.2.2.27.1.1")).is_some());
        assert_eq!(walk(&oid("1.3.6.1.4.1.1248.1.1.3")), None);
    }
}
