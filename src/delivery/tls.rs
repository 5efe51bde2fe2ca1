//! Mutual TLS between station and archive: each side trusts the configured authorities and no others.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

/// A certificate with its chain and its private key, both as PEM.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The certificate, then the authorities above it.
    pub certificates: Vec<u8>,
    /// The private key (PKCS#8, PKCS#1 or SEC1).
    pub key: zeroize::Zeroizing<Vec<u8>>,
}

/// Why no TLS connection can be set up with the configured files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate in the PEM text.
    #[error("the file of the {0} holds no readable certificate: give a PEM file with BEGIN CERTIFICATE")]
    NoCertificate(&'static str),
    /// No private key in the PEM text.
    #[error("the key file holds no readable private key: give a PEM file with an unencrypted BEGIN PRIVATE KEY")]
    NoKey,
    /// The parts do not fit together.
    #[error("certificate and key cannot be used for TLS: {0}")]
    Unusable(String),
}

impl TlsError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCertificate(_) => "DELIVERY_NO_CERTIFICATE",
            Self::NoKey => "DELIVERY_NO_KEY",
            Self::Unusable(_) => "DELIVERY_TLS_UNUSABLE",
        }
    }
}

/// A station's side: trusts servers under `authority` (PEM) and shows `identity`.
pub fn client_config(authority: &[u8], identity: &TlsIdentity) -> Result<ClientConfig, TlsError> {
    let (certificates, key) = identity.parts()?;
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots(authority)?)
        .with_client_auth_cert(certificates, key)
        .map_err(unusable)
}

/// The side of a client that shows no certificate: it accepts only servers whose certificate chains to `authority` (PEM).
pub fn anonymous_config(authority: &[u8]) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(unusable)?;
    Ok(builder.with_root_certificates(roots(authority)?).with_no_client_auth())
}

/// The archive's side: shows `identity` and lets only clients in whose certificate chains to `client_authority` (PEM).
pub fn server_config(client_authority: &[u8], identity: &TlsIdentity) -> Result<ServerConfig, TlsError> {
    let (certificates, key) = identity.parts()?;
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(client_authority)?), provider())
        .build()
        .map_err(|error| TlsError::Unusable(error.to_string()))?;
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_client_cert_verifier(clients)
        .with_single_cert(certificates, key)
        .map_err(unusable)
}

impl TlsIdentity {
    fn parts(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let certificates = certificates(&self.certificates, "certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::NoKey)?;
        Ok((certificates, key))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem, "certificate authority")? {
        store.add(certificate).map_err(unusable)?;
    }
    Ok(store)
}

fn certificates(pem: &[u8], role: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| TlsError::NoCertificate(role))?;
    if certificates.is_empty() { Err(TlsError::NoCertificate(role)) } else { Ok(certificates) }
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn unusable(error: rustls::Error) -> TlsError {
    TlsError::Unusable(error.to_string())
}
