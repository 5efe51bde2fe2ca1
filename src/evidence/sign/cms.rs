//! The CMS message of a PAdES signature (RFC 5652, ETSI EN 319 122-1 baseline B, EN 319 142-1 §6).
//!
//! The signed attributes are content-type, message-digest and signing-certificate-v2. There is no signing-time: PAdES states
//! the time in the signature dictionary (`/M`).

use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use der::{
    Any, Decode as _, Encode, Sequence,
    asn1::{ObjectIdentifier, OctetString, SetOfVec},
};
use sha2::{Digest as _, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::{Attribute, Attributes};

use self::attribute_ids::{
    ID_AA_SIGNATURE_TIME_STAMP_TOKEN, ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNED_DATA,
};
use super::SignerIdentity;
use crate::evidence::timestamp::TimeStampToken;

/// The object identifiers that signer and verifier share.
pub(crate) mod attribute_ids {
    pub use const_oid::db::rfc5911::{
        ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNED_DATA,
    };

    /// `id-aa-signatureTimeStampToken` (RFC 3161 appendix A).
    pub const ID_AA_SIGNATURE_TIME_STAMP_TOKEN: const_oid::ObjectIdentifier =
        const_oid::ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
}

/// `SigningCertificateV2` (RFC 5035 §3): which certificate the signer meant.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct SigningCertificateV2 {
    /// The signer's certificate first.
    pub certs: Vec<EssCertIdV2>,
    /// Policies; never written here.
    #[asn1(optional = "true")]
    pub policies: Option<Any>,
}

/// `ESSCertIDv2` (RFC 5035 §4).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct EssCertIdV2 {
    /// The digest algorithm; absent means SHA-256.
    #[asn1(optional = "true")]
    pub hash_algorithm: Option<AlgorithmIdentifierOwned>,
    /// Digest of the certificate's DER.
    pub cert_hash: OctetString,
    /// Issuer and serial number; never written here.
    #[asn1(optional = "true")]
    pub issuer_serial: Option<Any>,
}

/// The message could not be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature could not be put together ({0}); report this as a defect")]
pub struct CmsError(&'static str);

impl CmsError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        "SIGNATURE_NOT_MADE"
    }
}

/// The signed attributes and their DER, which is what the key signs.
pub(super) struct SignedAttributes {
    attributes: Attributes,
    encoded: Vec<u8>,
}

impl SignedAttributes {
    /// The attributes for content with this digest (of the signer's digest algorithm).
    pub fn new(identity: &SignerIdentity, content_digest: &[u8]) -> Result<Self, CmsError> {
        let encode = || -> der::Result<Self> {
            let certificate = Sha256::digest(identity.certificate.to_der()?).to_vec();
            let signing_certificate = SigningCertificateV2 {
                certs: vec![EssCertIdV2 { hash_algorithm: None, cert_hash: OctetString::new(certificate)?, issuer_serial: None }],
                policies: None,
            };
            let attributes = SetOfVec::try_from(vec![
                attribute(ID_CONTENT_TYPE, &ID_DATA)?,
                attribute(ID_MESSAGE_DIGEST, &OctetString::new(content_digest)?)?,
                attribute(ID_AA_SIGNING_CERTIFICATE_V_2, &signing_certificate)?,
            ])?;
            // The signature is over the DER of SET OF, not over the implicit [0] that stands in the message (RFC 5652 §5.4).
            let encoded = attributes.to_der()?;
            Ok(Self { attributes, encoded })
        };
        encode().map_err(|_| CmsError("attributes"))
    }

    /// The bytes that the key signs.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.encoded
    }

    /// The complete message, DER: detached content, one signer, the signer's certificate and its chain, and the time-stamp
    /// over the signature value (EN 319 122-1 §5.3) where there is one.
    pub fn message(
        &self,
        identity: &SignerIdentity,
        signature: &[u8],
        time_stamp: Option<&TimeStampToken>,
    ) -> Result<Vec<u8>, CmsError> {
        let tbs = identity.certificate.tbs_certificate();
        let digest_algorithm = identity.algorithm.digest_identifier();
        let encode = || -> der::Result<Vec<u8>> {
            let signer = SignerInfo {
                version: CmsVersion::V1,
                sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                    issuer: tbs.issuer().clone(),
                    serial_number: tbs.serial_number().clone(),
                }),
                digest_alg: digest_algorithm.clone(),
                signed_attrs: Some(self.attributes.clone()),
                signature_algorithm: identity.algorithm.signature_identifier(),
                signature: OctetString::new(signature)?,
                unsigned_attrs: time_stamp.map(unsigned_attributes).transpose()?,
            };
            let certificates: Vec<_> = std::iter::once(&identity.certificate)
                .chain(&identity.chain)
                .cloned()
                .map(CertificateChoices::Certificate)
                .collect();
            let data = SignedData {
                version: CmsVersion::V1,
                digest_algorithms: SetOfVec::try_from(vec![digest_algorithm])?,
                encap_content_info: EncapsulatedContentInfo { econtent_type: ID_DATA, econtent: None },
                certificates: Some(CertificateSet::try_from(certificates)?),
                crls: None,
                signer_infos: SignerInfos::try_from(vec![signer])?,
            };
            ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&data)? }.to_der()
        };
        encode().map_err(|_| CmsError("message"))
    }
}

/// The one unsigned attribute: the signature's time-stamp.
fn unsigned_attributes(time_stamp: &TimeStampToken) -> der::Result<Attributes> {
    let token = Any::from_der(time_stamp.der())?;
    SetOfVec::try_from(vec![attribute(ID_AA_SIGNATURE_TIME_STAMP_TOKEN, &token)?])
}

fn attribute<T: Encode + der::Tagged + der::EncodeValue>(oid: ObjectIdentifier, value: &T) -> der::Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![Any::encode_from(value)?])? })
}
