//! The WSDL and the XSD, as Central serves them.

/// The schema of every message, as it also stands in `docs/contract`.
pub const XSD: &str = include_str!("../schema/pagetally-central-1.xsd");

/// The description of the service, as it also stands in `docs/contract`. Its address is a
/// placeholder; [`wsdl`] puts a real one in.
pub const WSDL: &str = include_str!("../schema/pagetally-central-1.wsdl");

const ADDRESS: &str = "location=\"https://central.example/soap\"";
const IMPORT: &str = "schemaLocation=\"pagetally-central-1.xsd\"";

/// The WSDL of the Central at `address`, which serves the schema at `address?xsd`.
///
/// ```
/// let wsdl = pagetally_contract::wsdl("https://mps.example:8443/soap");
/// assert!(wsdl.contains("location=\"https://mps.example:8443/soap\""));
/// assert!(wsdl.contains("schemaLocation=\"https://mps.example:8443/soap?xsd\""));
/// ```
pub fn wsdl(address: &str) -> String {
    let escaped = address
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    WSDL.replace(ADDRESS, &format!("location=\"{escaped}\""))
        .replace(IMPORT, &format!("schemaLocation=\"{escaped}?xsd\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ContractVersion, NAMESPACE, Operation};
    use pagetally_soap::{Limits, read};
    use std::path::Path;

    #[test]
    fn the_copies_in_docs_are_the_ones_that_are_served() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract");
        if !docs.exists() {
            return; // A packaged crate has no workspace around it.
        }
        for (name, served) in [
            ("pagetally-central-1.xsd", XSD),
            ("pagetally-central-1.wsdl", WSDL),
        ] {
            let copy = std::fs::read_to_string(docs.join(name)).unwrap();
            assert!(copy == served, "docs/contract/{name} is another");
        }
    }

    #[test]
    fn both_name_the_version_that_is_spoken() {
        let version = ContractVersion::CURRENT;
        assert!(XSD.contains(&format!("version=\"{version}\">")));
        assert_eq!(
            NAMESPACE,
            format!("urn:pagetally:central:{}", version.major)
        );
        for text in [XSD, WSDL] {
            assert!(text.contains(&format!("targetNamespace=\"{NAMESPACE}\"")));
            assert!(text.contains(&format!("Contract {version} between")));
        }
    }

    #[test]
    fn the_wsdl_is_whole_whatever_the_address() {
        let address = "https://a.example/soap?x=\"<&>";
        let text = wsdl(address);
        assert!(!text.contains("central.example"));
        let root = read(text.as_bytes(), None, &Limits::default()).unwrap();
        let ns = "http://schemas.xmlsoap.org/wsdl/";
        let service = root.child(ns, "service").unwrap();
        for port in service.children() {
            let location = port.children().next().unwrap().attribute("location");
            assert_eq!(location, Some(address));
        }
        for operation in Operation::ALL {
            let bound = format!("soapAction=\"{}\"", operation.action());
            assert_eq!(text.matches(&bound).count(), 2, "{operation}");
        }
    }
}
