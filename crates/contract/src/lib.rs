//! Central's operations as typed messages: XML, WSDL, XSD and HPKE sealing.
