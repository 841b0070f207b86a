//! SNMP sockets: polite sweeps and reads of many devices over few shared sockets.
