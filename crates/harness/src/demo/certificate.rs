//! An authority of the demo's own and a certificate for its Central, made for one run.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A fresh authority and a server certificate that it signed. Nothing of it outlives the run.
pub(crate) struct Certificates {
    /// The authority, which the agent's site file names.
    pub(crate) authority_pem: String,
    /// The server's certificate.
    pub(crate) server_pem: String,
    /// The server's private key.
    pub(crate) server_key_pem: String,
}

impl Certificates {
    /// Makes both for a server at this host name or address.
    pub(crate) fn for_host(host: &str) -> Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority
            .distinguished_name
            .push(DnType::CommonName, "Pagetally demo authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let server = CertificateParams::new(vec![host.to_owned()])?;
        let server_key = KeyPair::generate()?;
        let server_pem = server.signed_by(&server_key, &issuer)?.pem();
        Ok(Self {
            authority_pem,
            server_pem,
            server_key_pem: server_key.serialize_pem(),
        })
    }
}
