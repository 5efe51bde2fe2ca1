//! A time-stamp token (RFC 3161 §2.4.2): a CMS message that the authority signed over its statement.

use cms::{
    content_info::{CmsVersion, ContentInfo},
    signed_data::{SignedData, SignerInfo},
};
use const_oid::db::{rfc3161::ID_CT_TST_INFO, rfc5912};
use der::{
    Any, Decode as _, Encode as _,
    asn1::{Int, ObjectIdentifier, OctetString},
};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::Certificate;

use super::message::Statement;
use crate::{
    evidence::{
        message::{certificates, one_value, signer_certificate},
        sign::{
            EssCertIdV2, SigningCertificateV2,
            attribute_ids::{ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA},
        },
    },
    trust::{
        Anchors, Chain, RsaDigest, SignatureAlgorithm, TrustError, check_all_on_path, verify_signature,
        verify_time_stamping_chain,
    },
};

/// Largest time-stamp, in bytes. With its certificates it takes 1 to 8 kB.
pub const MAX_TOKEN: usize = 15 * 1024;

/// Why a time-stamp does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not of the form of RFC 3161.
    #[error("the time-stamp is damaged ({0}); ask for the report as it was kept")]
    Damaged(&'static str),
    /// Its algorithms are not accepted.
    #[error("the time-stamp uses algorithms that are not accepted or do not fit its certificate; use another authority")]
    Algorithm,
    /// The signature value is wrong.
    #[error("the time-stamp was not signed by the authority that it names; do not rely on it")]
    Wrong,
    /// It is about something else.
    #[error("the time-stamp belongs to something else; do not rely on it")]
    OtherContent,
}

impl TokenFault {
    /// The fault's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Damaged(_) => "TIME_STAMP_DAMAGED",
            Self::Algorithm => "TIME_STAMP_ALGORITHM_NOT_ACCEPTED",
            Self::Wrong => "TIME_STAMP_SIGNATURE_WRONG",
            Self::OtherContent => "TIME_STAMP_OF_OTHER_CONTENT",
        }
    }
}

/// A time-stamp whose signature is right. Whether its authority counts, [`TimeStampToken::chain`] says.
#[derive(Debug, Clone)]
pub struct TimeStampToken {
    der: Vec<u8>,
    statement: Statement,
    time: Timestamp,
    certificate: Certificate,
    pool: Vec<Certificate>,
}

impl TimeStampToken {
    /// Reads a token as an authority sends it and writes it in the one form that DER allows: authorities do not all sort their sets,
    /// and in evidence no byte may be free to change.
    pub fn received(bytes: &[u8]) -> Result<Self, TokenFault> {
        Self::read(&canonical(bytes).ok_or(TokenFault::Damaged("it is no CMS message"))?.0)
    }

    /// Reads a token from evidence: it must be written exactly as [`TimeStampToken::received`] writes it.
    pub fn read(der: &[u8]) -> Result<Self, TokenFault> {
        let damaged = TokenFault::Damaged;
        if der.len() > MAX_TOKEN {
            return Err(damaged("it is too large"));
        }
        let (written, data) = canonical(der).ok_or(damaged("it is no CMS message"))?;
        if written != der {
            return Err(damaged("it is not written in DER"));
        }
        let [signer] = data.signer_infos.0.as_slice() else { return Err(damaged("it does not have exactly one signer")) };
        if data.version != CmsVersion::V3 || data.encap_content_info.econtent_type != ID_CT_TST_INFO {
            return Err(damaged("it is not a time-stamp"));
        }
        if data.crls.is_some() || signer.unsigned_attrs.is_some() {
            return Err(damaged("it carries additions that it does not cover"));
        }
        let content = data.encap_content_info.econtent.as_ref().and_then(|content| content.decode_as::<OctetString>().ok());
        let content = content.ok_or(damaged("it states nothing"))?;
        let statement = Statement::from_der(content.as_bytes()).map_err(|_| damaged("its statement cannot be read"))?;
        let time = statement.time.timestamp().filter(|_| statement.version == 1).ok_or(damaged("its time cannot be read"))?;
        if statement.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(damaged("it demands rules that this program does not know"));
        }
        let pool = certificates(&data).ok_or(damaged("its certificates are missing"))?;
        let certificate = signer_certificate(signer, &pool).ok_or(damaged("its authority's certificate is missing"))?.clone();
        check_signature(&data, signer, &certificate, content.as_bytes())?;
        Ok(Self { der: written, statement, time, certificate, pool })
    }

    /// The token, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// When, as the authority states it.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The authority's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// All certificates of the token.
    pub fn certificates(&self) -> &[Certificate] {
        &self.pool
    }

    /// The policy under which the authority works.
    pub fn policy(&self) -> ObjectIdentifier {
        self.statement.policy
    }

    /// The number that the request carried.
    pub fn nonce(&self) -> Option<&Int> {
        self.statement.nonce.as_ref()
    }

    /// Fails unless the token is about `parts`, one after the other.
    pub fn check_covers(&self, parts: &[&[u8]]) -> Result<(), TokenFault> {
        let imprint = &self.statement.message_imprint;
        let digest = digest(&imprint.hash_algorithm, parts).ok_or(TokenFault::Algorithm)?;
        if imprint.hashed_message.as_bytes() == digest { Ok(()) } else { Err(TokenFault::OtherContent) }
    }

    /// The authority's chain at the time of the time-stamp. Every certificate of the token must belong to it, because the
    /// token's signature does not cover them.
    pub fn chain(&self, more: &[Certificate], anchors: &Anchors) -> Result<Chain, TrustError> {
        let pool = [self.pool.as_slice(), more].concat();
        let chain = verify_time_stamping_chain(&self.certificate, &pool, anchors, self.time)?;
        match self.pool.iter().find(|certificate| !chain.certificates.contains(certificate)) {
            Some(foreign) => Err(TrustError::Unrelated { serial: crate::trust::serial_text(foreign) }),
            None => Ok(chain),
        }
    }

    /// Fails where a certificate of the token leads nowhere. For an authority whose CA is not at hand this takes the place of
    /// [`TimeStampToken::chain`]: one whose own certificates were changed must not pass for one that is merely unknown.
    pub fn check_certificates(&self) -> Result<(), TrustError> {
        check_all_on_path(&self.certificate, &self.pool)
    }
}

/// The message written in DER, and what it says.
fn canonical(bytes: &[u8]) -> Option<(Vec<u8>, SignedData)> {
    let content = ContentInfo::from_der(bytes).ok().filter(|content| content.content_type == ID_SIGNED_DATA)?;
    let data: SignedData = content.content.decode_as().ok()?;
    let written = ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&data).ok()? }.to_der().ok()?;
    Some((written, data))
}

/// The signature over the signed attributes, the digest among them, and the certificate that they name (RFC 5816).
fn check_signature(data: &SignedData, signer: &SignerInfo, certificate: &Certificate, content: &[u8]) -> Result<(), TokenFault> {
    let key = certificate.tbs_certificate().subject_public_key_info();
    let algorithm = algorithm(key, signer).ok_or(TokenFault::Algorithm)?;
    if data.digest_algorithms.as_slice() != [signer.digest_alg.clone()] {
        return Err(TokenFault::Algorithm);
    }
    let damaged = || TokenFault::Damaged("its attributes are missing or doubled");
    let attributes = signer.signed_attrs.as_ref().ok_or_else(damaged)?;
    let content_type: Option<ObjectIdentifier> = one_value(attributes, ID_CONTENT_TYPE).and_then(|value| value.decode_as().ok());
    let digest: Option<OctetString> = one_value(attributes, ID_MESSAGE_DIGEST).and_then(|value| value.decode_as().ok());
    let named = one_value(attributes, ID_AA_SIGNING_CERTIFICATE_V_2).and_then(|value| value.decode_as().ok());
    let (digest, named): (OctetString, SigningCertificateV2) = digest.zip(named).ok_or_else(damaged)?;
    if content_type != Some(ID_CT_TST_INFO) {
        return Err(damaged());
    }
    if digest.as_bytes() != algorithm.digest(&[content]) {
        return Err(TokenFault::Damaged("its statement was changed"));
    }
    if !named.certs.first().is_some_and(|first| names(first, certificate)) {
        return Err(TokenFault::Damaged("it was made for another certificate"));
    }
    let message = attributes.to_der().map_err(|_| damaged())?;
    let verified = verify_signature(key, &algorithm.signature_identifier(), &message, signer.signature.as_bytes());
    verified.map(drop).map_err(|_| TokenFault::Wrong)
}

fn names(id: &EssCertIdV2, certificate: &Certificate) -> bool {
    let Ok(der) = certificate.to_der() else { return false };
    let found = match &id.hash_algorithm {
        None => Some(Sha256::digest(&der).to_vec()),
        Some(algorithm) => digest(algorithm, &[&der]),
    };
    found.as_deref() == Some(id.cert_hash.as_bytes())
}

/// How the authority signed. Some write only `rsaEncryption` and leave the digest to `digestAlgorithm`.
fn algorithm(key: &SubjectPublicKeyInfoOwned, signer: &SignerInfo) -> Option<SignatureAlgorithm> {
    if !plain(&signer.digest_alg) {
        return None;
    }
    let digest = signer.digest_alg.oid;
    let named = &signer.signature_algorithm;
    let named = if named.oid == rfc5912::RSA_ENCRYPTION && plain(named) {
        let digest = match digest {
            rfc5912::ID_SHA_256 => RsaDigest::Sha256,
            rfc5912::ID_SHA_384 => RsaDigest::Sha384,
            rfc5912::ID_SHA_512 => RsaDigest::Sha512,
            _ => return None,
        };
        SignatureAlgorithm::RsaPkcs1(digest).signature_identifier()
    } else {
        named.clone()
    };
    SignatureAlgorithm::of(key, &named).filter(|algorithm| algorithm.digest_identifier().oid == digest)
}

/// Parameters absent or NULL: both are written for digests (RFC 5754 §2).
fn plain(algorithm: &AlgorithmIdentifierOwned) -> bool {
    algorithm.parameters.as_ref().is_none_or(|parameters| *parameters == Any::null())
}

fn digest(algorithm: &AlgorithmIdentifierOwned, parts: &[&[u8]]) -> Option<Vec<u8>> {
    fn over<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().fold(D::new(), sha2::Digest::chain_update).finalize().to_vec()
    }
    match algorithm.oid {
        _ if !plain(algorithm) => None,
        rfc5912::ID_SHA_256 => Some(over::<Sha256>(parts)),
        rfc5912::ID_SHA_384 => Some(over::<Sha384>(parts)),
        rfc5912::ID_SHA_512 => Some(over::<Sha512>(parts)),
        _ => None,
    }
}
