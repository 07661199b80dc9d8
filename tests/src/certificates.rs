//! Authorities that only a test knows, and the certificates that they sign.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::trouble::{Attempting, Outcome};

const SIGN: &str = "sign a certificate";

/// An authority, whose certificate lies in a file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub path: PathBuf,
}

impl Authority {
    /// Writes the certificate of a new authority to `NAME.ca`.
    pub fn new(folder: &Path, name: &str) -> Outcome<Self> {
        let mut params = CertificateParams::new([]).attempting(SIGN)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().attempting(SIGN)?;
        let certificate = params.self_signed(&key).attempting(SIGN)?;
        let path = folder.join(format!("{name}.ca"));
        std::fs::write(&path, certificate.pem())?;
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, path })
    }

    /// Writes a new certificate for this machine to `NAME.crt` and its key to `NAME.key`; the
    /// keys of `tls` that name them.
    pub fn sign(&self, folder: &Path, name: &str) -> Outcome<String> {
        let here = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(here).attempting(SIGN)?;
        // Some clients take a certificate with its issuer's name for one that signed itself.
        params
            .distinguished_name
            .push(DnType::CommonName, format!("{name}, signed"));
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().attempting(SIGN)?;
        let signed = params.signed_by(&key, &self.issuer).attempting(SIGN)?;
        std::fs::write(folder.join(format!("{name}.crt")), signed.pem())?;
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem())?;
        Ok(format!(
            "certificate: {name}.crt, key: {{file: {name}.key}}"
        ))
    }
}
