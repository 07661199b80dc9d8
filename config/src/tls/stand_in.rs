//! Authorities made for a test, and what they sign.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::{Identity, Tls};
use crate::secret::SecretSource;

/// An authority that only a test knows.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub(crate) pem: String,
}

/// A certificate and its key, as PEM.
pub(crate) struct Signed {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// Signs a certificate for 127.0.0.1.
    pub(crate) fn sign(&self) -> Signed {
        self.sign_with(|_| {})
    }

    /// The same, changed before it is signed.
    pub(crate) fn sign_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Signed {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Signed {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Signed {
    /// Writes `door.crt` and `door.key`.
    pub(crate) fn write(&self, folder: &Path) -> Tls {
        let (certificate, key) = (folder.join("door.crt"), folder.join("door.key"));
        std::fs::write(&certificate, &self.certificate).unwrap();
        std::fs::write(&key, &self.key).unwrap();
        let key = SecretSource::File(key);
        Tls {
            identity: Identity { certificate, key },
            client_ca: None,
        }
    }
}
