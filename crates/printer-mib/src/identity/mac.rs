//! The network card's address (RFC 2863 ifPhysAddress): of the interface that answered, else of the
//! first that is a real one.

use crate::device::Device;
use crate::mib;
use crate::reading::{Cell, Row, put, rows};
use pagetally_model::{Gap, Sources, Text};
use std::net::IpAddr;

/// The address, `00:11:22:aa:bb:cc`.
pub(super) fn mac(
    device: &Device<'_>,
    address: Option<IpAddr>,
    sources: &mut Sources,
    gaps: &mut Vec<Gap>,
) -> Option<Text> {
    let interfaces = rows(device.answers, &mib::IF_ENTRY, gaps);
    let addresses = rows(device.answers, &mib::IP_AD_ENTRY, gaps);
    let by_number = |number: u32| {
        interfaces
            .iter()
            .find(|row| row.index == [number])
            .and_then(real_mac)
    };
    let number_of = |row: Row<'_, '_>| u32::try_from(row.number(2)?).ok();
    let polled = || {
        let Some(IpAddr::V4(address)) = address else {
            return None;
        };
        let octets = address.octets().map(u32::from);
        let row = addresses.iter().find(|row| row.index == octets)?;
        let (cell, text) = by_number(number_of(row)?)?;
        Some((cell, text, "rfc2863.mac-of-the-polled-address".to_owned()))
    };
    let routed = || {
        let outside =
            |row: &Row<'_, '_>| row.index.first() != Some(&127) && row.index != [0, 0, 0, 0];
        let row = addresses.iter().find(outside)?;
        let number = number_of(row)?;
        let (cell, text) = by_number(number)?;
        Some((
            cell,
            text,
            format!("rfc2863.mac-of-interface-{number}-by-address"),
        ))
    };
    let first = || {
        let row = interfaces
            .iter()
            .find(|row| is_network_card(*row) && real_mac(*row).is_some())?;
        let (cell, text) = real_mac(row)?;
        let number = row.index.first()?;
        Some((cell, text, format!("rfc2863.mac-of-interface-{number}")))
    };
    let (cell, text, rule) = polled().or_else(routed).or_else(first)?;
    put(sources, "mac", cell, rule);
    Some(text)
}

/// Ethernet or Wi-Fi, or a device that does not say; and not down.
fn is_network_card(row: Row<'_, '_>) -> bool {
    matches!(row.number(3), None | Some(6 | 71)) && row.number(8) != Some(2)
}

/// Six octets (or their text), neither all zero nor made up by software.
fn real_mac<'a>(row: Row<'_, 'a>) -> Option<(Cell<'a>, Text)> {
    let cell = row.cell(6)?;
    let octets = cell.value.as_octets()?;
    let octets: [u8; 6] = match octets.try_into() {
        Ok(octets) => octets,
        Err(_) => of_text(octets)?,
    };
    let locally_administered = octets[0] & 2 != 0;
    if octets == [0; 6] || octets == [0xff; 6] || locally_administered {
        return None;
    }
    let digits: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    Some((cell, Text::clean(&digits.join(":"))))
}

/// Some agents answer the address as text.
fn of_text(octets: &[u8]) -> Option<[u8; 6]> {
    let text = std::str::from_utf8(octets)
        .ok()?
        .trim_end_matches('\0')
        .trim();
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | ' '))
        .collect();
    if digits.len() != 12 || !digits.is_ascii() {
        return None;
    }
    let mut mac = [0; 6];
    for (place, octet) in mac.iter_mut().enumerate() {
        *octet = u8::from_str_radix(digits.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_text() {
        assert_eq!(
            of_text(b"00:17:c8:b9:02:de\0"),
            Some([0, 0x17, 0xc8, 0xb9, 2, 0xde])
        );
        assert_eq!(
            of_text(b"0017C8B902DE"),
            Some([0, 0x17, 0xc8, 0xb9, 2, 0xde])
        );
        assert_eq!(of_text(b"lo"), None);
    }
}
