//! SOAP 1.1 and 1.2 envelopes, faults and UsernameToken over xml-rs behind one guarded reader.
