//! Certificates, keys and authorities as they lie in files: read, and checked together.
//!
//! The same for the settings, which report what is wrong with them, and for a door, which reads
//! them again while it is open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, Error, InconsistentKeys, RootCertStore, ServerConfig};

use crate::secret::{Secret, SecretSource};

/// How long before its end a certificate is worth a warning.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// What is spoken inside of TLS.
const PROTOCOL: &[u8] = b"http/1.1";

/// A certificate, and the key that belongs to it.
#[derive(Clone, PartialEq, Debug)]
pub struct Identity {
    /// The certificate and those between it and its authority, as PEM.
    pub certificate: PathBuf,
    /// Its key, as PEM.
    pub key: SecretSource,
}

/// What a door shows to its callers, and whom it lets in.
#[derive(Clone, PartialEq, Debug)]
pub struct Tls {
    /// What it shows.
    pub identity: Identity,
    /// Who signs the certificates of callers; `None`: a caller needs no certificate.
    pub client_ca: Option<PathBuf>,
}

/// Whom a client of ours believes, and what it shows.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Trust {
    /// Who signs the certificates of servers; `None`: whom the operating system believes.
    pub ca: Option<PathBuf>,
    /// What it shows where a server asks for a certificate.
    pub identity: Option<Identity>,
}

/// The part of the settings that is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// `certificate`
    Certificate,
    /// `key`
    Key,
    /// `client_ca`, or the agent's `ca`
    Authority,
}

/// Why files cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{why}")]
pub struct Wrong {
    /// Which of them.
    pub part: Part,
    why: String,
}

impl Part {
    fn wrong(self, why: impl Into<String>) -> Wrong {
        Wrong {
            part: self,
            why: why.into(),
        }
    }
}

/// The content of an identity's files at one moment.
#[derive(Clone, Debug)]
pub struct Pair {
    certificate: Vec<u8>,
    key: Secret,
}

/// By content: a secret alone compares by its source.
impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate && self.key.expose() == other.key.expose()
    }
}

impl Identity {
    /// Reads the files. Blocks.
    pub fn read(&self) -> Result<Pair, Wrong> {
        let certificate = read(&self.certificate, Part::Certificate)?;
        let key = Secret::read(self.key.clone()).map_err(|e| Part::Key.wrong(e.to_string()))?;
        Ok(Pair { certificate, key })
    }
}

impl Pair {
    /// Certificate and key, if they belong together.
    pub fn certified(&self) -> Result<CertifiedKey, Wrong> {
        let chain = certificates(&self.certificate, Part::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose().as_bytes());
        // What is wrong with a key may quote it, so it is not repeated.
        let key = key.map_err(|_| {
            Part::Key.wrong("holds no private key: a PEM file without a passphrase is expected")
        })?;
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                Part::Key.wrong("does not belong to the certificate: was only one of them renewed?")
            }
            Error::InvalidCertificate(error) => {
                Part::Certificate.wrong(format!("holds no certificate that can be used: {error}"))
            }
            error => Part::Key.wrong(format!("cannot be used: {error}")),
        })
    }

    /// Certificate and key behind each other, as PEM. Never log what this returns.
    pub fn pem(&self) -> Vec<u8> {
        [
            &self.certificate,
            "\n".as_bytes(),
            self.key.expose().as_bytes(),
        ]
        .concat()
    }

    /// What is worth a warning: a certificate that is not valid now, or soon no longer.
    pub fn worry(&self, now: UnixTime) -> Option<String> {
        let chain = certificates(&self.certificate, Part::Certificate).ok()?;
        let own = chain.first()?;
        let soon = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + SOON);
        match (validity(own, now), validity(own, soon)) {
            (Some(error @ CertificateError::ExpiredContext { .. }), _) => {
                Some(format!("callers will refuse it: {error}"))
            }
            (Some(error @ CertificateError::NotValidYetContext { .. }), _) => {
                Some(format!("callers refuse it as yet: {error}"))
            }
            (_, Some(CertificateError::ExpiredContext { not_after, .. })) => {
                let left = not_after.as_secs().saturating_sub(now.as_secs());
                Some(format!("ends in {} h: renew it", left / 3600))
            }
            _ => None,
        }
    }
}

/// What is wrong with the time of a certificate; checked before anything else is. Nobody is
/// trusted here, so no certificate is found good.
fn validity(certificate: &CertificateDer<'_>, now: UnixTime) -> Option<CertificateError> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let nobody = RootCertStore::empty();
    let algorithms = ring::default_provider()
        .signature_verification_algorithms
        .all;
    match verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], now, algorithms) {
        Err(Error::InvalidCertificate(error)) => Some(error),
        _ => None,
    }
}

/// Everything that a door needs, as its files were at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Written {
    /// What it shows.
    pub pair: Pair,
    client_ca: Option<Vec<u8>>,
}

impl Tls {
    /// Reads the files. Blocks.
    pub fn read(&self) -> Result<Written, Wrong> {
        let pair = self.identity.read()?;
        let authority = |path: &PathBuf| read(path, Part::Authority);
        let client_ca = self.client_ca.as_ref().map(authority).transpose()?;
        Ok(Written { pair, client_ca })
    }
}

impl Written {
    /// What a door speaks TLS with.
    pub fn server(&self) -> Result<Arc<ServerConfig>, Wrong> {
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let shown = SingleCertAndKey::from(self.pair.certified()?);
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| Part::Certificate.wrong(format!("TLS cannot be spoken at all: {e}")))?;
        let config = match &self.client_ca {
            None => config.with_no_client_auth(),
            Some(pem) => {
                let known = WebPkiClientVerifier::builder_with_provider(roots(pem)?, provider);
                let known = known
                    .build()
                    .map_err(|e| Part::Authority.wrong(e.to_string()))?;
                config.with_client_cert_verifier(known)
            }
        };
        let mut config = config.with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Arc::new(config))
    }
}

/// The certificates of authorities in a file, as PEM, if there are any and all can be used. Blocks.
pub fn authorities(path: &Path) -> Result<Vec<u8>, Wrong> {
    let pem = read(path, Part::Authority)?;
    roots(&pem).map(|_| pem)
}

fn roots(pem: &[u8]) -> Result<Arc<RootCertStore>, Wrong> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, Part::Authority)? {
        roots.add(certificate).map_err(|error| {
            Part::Authority.wrong(format!("holds a certificate that cannot be used: {error}"))
        })?;
    }
    Ok(Arc::new(roots))
}

fn certificates(pem: &[u8], part: Part) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => {
            Err(part.wrong("holds no certificate: a PEM file with BEGIN CERTIFICATE is expected"))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(part.wrong(format!("is no PEM file: {error}"))),
    }
}

fn read(path: &Path, part: Part) -> Result<Vec<u8>, Wrong> {
    std::fs::read(path).map_err(|e| part.wrong(format!("cannot read {}: {e}", path.display())))
}

#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;
