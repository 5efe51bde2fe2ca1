//! The training CA: a certificate authority of this station's own, so that training and tests run without any real one.
//!
//! Every certificate that it issues, its own included, says "Training" in OU, so that nobody mistakes one for a real one.

use std::net::IpAddr;

use const_oid::{
    ObjectIdentifier,
    db::{rfc4519, rfc5280},
};
use der::{
    Any, Decode as _, Encode as _,
    asn1::{GeneralizedTime, Ia5String, SetOfVec, Utf8StringRef},
    pem::{self, LineEnding},
};
use jiff::{SignedDuration, Timestamp};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::{
    Certificate, TbsCertificate,
    attr::AttributeTypeAndValue,
    builder::{self, Builder as _, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension, ToExtension as _,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
            SubjectKeyIdentifier, certpolicy::PolicyInformation, name::GeneralName,
        },
    },
    name::{Name, RdnSequence, RelativeDistinguishedName},
    serial_number::SerialNumber,
    time::{Time, Validity},
};
use zeroize::Zeroizing;

use super::{
    KeyAlgorithm,
    policy::{TRAINING_LOCAL, TRAINING_QUALIFIED},
    private_key::{PrivateKey, RandomFailed},
};
use crate::rules::CertificateKind;

/// The OU of every training certificate.
const TRAINING: &str = "Training - not for real identity controls";
/// Upper bound of a common name or an organisation name (RFC 5280 appendix A.1, `ub-common-name`), in characters.
const LONGEST_NAME: usize = 64;
/// A certificate is valid from a little before it was made, because the clocks of desk and archive differ.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_hours(1);
const CA_VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 3653);
const LEAF_VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 730);

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// An operator who signs reports: `digitalSignature` and `nonRepudiation`.
    Operator,
    /// Somebody with a card: as an operator's, with the training policy that stands for this kind of certificate.
    Holder(CertificateKind),
    /// The key of a card that agrees on secrets: `keyAgreement`.
    KeyManagement,
    /// An archive that signs receipts: `digitalSignature`.
    Receipt,
    /// A TLS server with these DNS names and addresses (`subjectAltName`).
    TlsServer {
        /// DNS names, for example `localhost`.
        names: Vec<String>,
        /// Addresses, for example `127.0.0.1`.
        addresses: Vec<IpAddr>,
    },
    /// A TLS client: a station towards the archive.
    TlsClient,
}

/// A certificate together with its private key.
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// The private key, PKCS#8 version 1 in DER.
    pub private_key: Zeroizing<Vec<u8>>,
}

/// Why a training certificate was not made.
#[derive(Debug, thiserror::Error)]
pub enum TrainingCaError {
    /// A name is empty, longer than 64 characters or contains control characters.
    #[error("a name in a certificate has 1 to {LONGEST_NAME} characters and no control characters; give another name")]
    Name,
    /// A DNS name is not one.
    #[error("a server name must be a plain DNS name such as localhost")]
    ServerName,
    /// The point in time lies outside what a certificate can say.
    #[error("the clock shows a time outside 1970–9999; set the clock")]
    Clock,
    /// The stored CA certificate or key cannot be read or do not belong together.
    #[error("the stored training CA is damaged; remove its folder and enrol the operators anew")]
    Damaged,
    /// The system gave no random numbers.
    #[error("the system's random source failed; restart the machine")]
    Random,
    /// The certificate could not be encoded or signed.
    #[error("the certificate could not be made ({0}); report this as a defect")]
    Encoding(&'static str),
}

impl From<RandomFailed> for TrainingCaError {
    fn from(_: RandomFailed) -> Self {
        Self::Random
    }
}

impl TrainingCaError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name => "CERTIFICATE_NAME_NOT_ACCEPTED",
            Self::ServerName => "SERVER_NAME_NOT_ACCEPTED",
            Self::Clock => "CLOCK_OUT_OF_RANGE",
            Self::Damaged => "TRAINING_CA_DAMAGED",
            Self::Random => "RANDOM_SOURCE_FAILED",
            Self::Encoding(_) => "CERTIFICATE_NOT_MADE",
        }
    }
}

/// The training CA: P-256, path length 0.
pub struct TrainingCa {
    certificate: Certificate,
    key: p256::ecdsa::SigningKey,
}

impl TrainingCa {
    /// Makes a new CA for `organisation`, valid from `now` for ten years.
    pub fn create(organisation: &str, now: Timestamp) -> Result<Self, TrainingCaError> {
        let (PrivateKey::P256(key), _) = PrivateKey::generate(KeyAlgorithm::P256)? else {
            return Err(TrainingCaError::Encoding("key"));
        };
        let subject = name("bam-station Training CA", organisation)?;
        let certificate = build(Profile::Authority(subject), public_key(&key)?, validity(now, CA_VALIDITY)?, &key)?;
        Ok(Self { certificate, key })
    }

    /// Opens a CA from its certificate (DER) and its private key (PKCS#8, DER).
    pub fn open(certificate: &[u8], private_key: &[u8]) -> Result<Self, TrainingCaError> {
        let certificate = Certificate::from_der(certificate).map_err(|_| TrainingCaError::Damaged)?;
        let key = p256::ecdsa::SigningKey::from_pkcs8_der(private_key).map_err(|_| TrainingCaError::Damaged)?;
        if *certificate.tbs_certificate().subject_public_key_info() != public_key(&key)? {
            return Err(TrainingCaError::Damaged);
        }
        Ok(Self { certificate, key })
    }

    /// The CA's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The CA's certificate in PEM, as `verify --trust` reads it.
    pub fn certificate_pem(&self) -> Result<String, TrainingCaError> {
        let der = self.certificate.to_der().map_err(|_| TrainingCaError::Encoding("certificate"))?;
        pem::encode_string("CERTIFICATE", LineEnding::LF, &der).map_err(|_| TrainingCaError::Encoding("PEM"))
    }

    /// The CA's private key, PKCS#8 in DER.
    pub fn private_key(&self) -> Result<Zeroizing<Vec<u8>>, TrainingCaError> {
        self.key.to_pkcs8_der().map(|key| key.to_bytes()).map_err(|_| TrainingCaError::Encoding("PKCS#8"))
    }

    /// Issues a certificate for `key`, valid for two years from `now`: CN = `common_name`, O = `organisation`.
    pub fn issue(
        &self,
        common_name: &str,
        organisation: &str,
        purpose: &Purpose,
        key: SubjectPublicKeyInfoOwned,
        now: Timestamp,
    ) -> Result<Certificate, TrainingCaError> {
        let profile = Profile::Leaf {
            issuer: self.certificate.tbs_certificate().subject().clone(),
            subject: name(common_name, organisation)?,
            usage: usage(purpose),
            extended: extended_usage(purpose),
            names: alternative_names(purpose)?,
            policies: policies(purpose),
        };
        build(profile, key, validity(now, LEAF_VALIDITY)?, &self.key)
    }

    /// Issues a certificate for a new key. TLS takes P-256; receipts are signed with Ed25519.
    pub fn issue_with_new_key(
        &self,
        common_name: &str,
        organisation: &str,
        purpose: &Purpose,
        algorithm: KeyAlgorithm,
        now: Timestamp,
    ) -> Result<Issued, TrainingCaError> {
        let (key, _) = PrivateKey::generate(algorithm)?;
        let public = key.public().map_err(|_| TrainingCaError::Encoding("key"))?;
        let private_key = key.to_pkcs8().ok_or(TrainingCaError::Encoding("PKCS#8"))?;
        let certificate = self.issue(common_name, organisation, purpose, public, now)?;
        Ok(Issued { certificate, private_key })
    }
}

/// `N` bytes of the system's random source.
fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, TrainingCaError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut()).map_err(|_| TrainingCaError::Random)?;
    Ok(bytes)
}

fn public_key(key: &p256::ecdsa::SigningKey) -> Result<SubjectPublicKeyInfoOwned, TrainingCaError> {
    SubjectPublicKeyInfoOwned::from_key(key.verifying_key()).map_err(|_| TrainingCaError::Encoding("key"))
}

fn build(
    profile: Profile,
    key: SubjectPublicKeyInfoOwned,
    validity: Validity,
    signer: &p256::ecdsa::SigningKey,
) -> Result<Certificate, TrainingCaError> {
    let mut serial = random::<16>()?;
    // Positive and never starting with zero, so its length says nothing (RFC 5280 §4.1.2.2).
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    let serial = SerialNumber::new(serial.as_ref()).map_err(|_| TrainingCaError::Encoding("serial number"))?;
    CertificateBuilder::new(profile, serial, validity, key)
        .and_then(|builder| builder.build::<_, p256::ecdsa::DerSignature>(signer))
        .map_err(|_| TrainingCaError::Encoding("certificate"))
}

fn validity(now: Timestamp, length: SignedDuration) -> Result<Validity, TrainingCaError> {
    let time = |at: Timestamp| {
        let seconds = u64::try_from(at.as_second()).map_err(|_| TrainingCaError::Clock)?;
        let time = GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds));
        time.map(Time::GeneralTime).map_err(|_| TrainingCaError::Clock)
    };
    let from = now.checked_sub(CLOCK_DIFFERENCE).map_err(|_| TrainingCaError::Clock)?;
    let until = now.checked_add(length).map_err(|_| TrainingCaError::Clock)?;
    Ok(Validity::new(time(from)?, time(until)?))
}

/// O, OU = training, CN; each a UTF-8 string, so any script works.
fn name(common_name: &str, organisation: &str) -> Result<Name, TrainingCaError> {
    let parts = [
        (rfc4519::ORGANIZATION_NAME, organisation),
        (rfc4519::ORGANIZATIONAL_UNIT_NAME, TRAINING),
        (rfc4519::COMMON_NAME, common_name),
    ];
    let mut sequence = RdnSequence::default();
    for (oid, text) in parts {
        sequence.push(name_part(oid, text)?);
    }
    let encoded = sequence.to_der().and_then(|der| Name::from_der(&der));
    encoded.map_err(|_| TrainingCaError::Encoding("name"))
}

fn name_part(oid: ObjectIdentifier, text: &str) -> Result<RelativeDistinguishedName, TrainingCaError> {
    let fits = (1..=LONGEST_NAME).contains(&text.chars().count());
    if !fits || text.trim() != text || text.chars().any(char::is_control) {
        return Err(TrainingCaError::Name);
    }
    let encode = || -> der::Result<RelativeDistinguishedName> {
        let value = Any::encode_from(&Utf8StringRef::new(text)?)?;
        Ok(RelativeDistinguishedName::from(SetOfVec::try_from(vec![AttributeTypeAndValue { oid, value }])?))
    };
    encode().map_err(|_| TrainingCaError::Name)
}

fn usage(purpose: &Purpose) -> KeyUsage {
    match purpose {
        Purpose::Operator | Purpose::Holder(_) => KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation),
        Purpose::KeyManagement => KeyUsage(KeyUsages::KeyAgreement.into()),
        Purpose::Receipt | Purpose::TlsServer { .. } | Purpose::TlsClient => KeyUsage(KeyUsages::DigitalSignature.into()),
    }
}

fn extended_usage(purpose: &Purpose) -> Option<ExtendedKeyUsage> {
    match purpose {
        Purpose::Operator | Purpose::Holder(_) | Purpose::KeyManagement | Purpose::Receipt => None,
        Purpose::TlsServer { .. } => Some(ExtendedKeyUsage(vec![rfc5280::ID_KP_SERVER_AUTH])),
        Purpose::TlsClient => Some(ExtendedKeyUsage(vec![rfc5280::ID_KP_CLIENT_AUTH])),
    }
}

fn policies(purpose: &Purpose) -> Option<CertificatePolicies> {
    let policy_identifier = match purpose {
        Purpose::Holder(CertificateKind::Local) => TRAINING_LOCAL,
        Purpose::Holder(CertificateKind::Qualified) => TRAINING_QUALIFIED,
        _ => return None,
    };
    Some(CertificatePolicies(vec![PolicyInformation { policy_identifier, policy_qualifiers: None }]))
}

fn alternative_names(purpose: &Purpose) -> Result<Option<SubjectAltName>, TrainingCaError> {
    let Purpose::TlsServer { names, addresses } = purpose else { return Ok(None) };
    let mut all = Vec::new();
    for name in names {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        if name.is_empty() || name.len() > 253 || !plain {
            return Err(TrainingCaError::ServerName);
        }
        all.push(GeneralName::DnsName(Ia5String::new(name).map_err(|_| TrainingCaError::ServerName)?));
    }
    all.extend(addresses.iter().copied().map(GeneralName::from));
    Ok(Some(SubjectAltName(all)))
}

/// Which names and extensions a certificate gets.
enum Profile {
    Authority(Name),
    Leaf {
        issuer: Name,
        subject: Name,
        usage: KeyUsage,
        extended: Option<ExtendedKeyUsage>,
        names: Option<SubjectAltName>,
        policies: Option<CertificatePolicies>,
    },
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, subject: &Name) -> Name {
        match self {
            Self::Authority(_) => subject.clone(),
            Self::Leaf { issuer, .. } => issuer.clone(),
        }
    }

    fn get_subject(&self) -> Name {
        match self {
            Self::Authority(subject) | Self::Leaf { subject, .. } => subject.clone(),
        }
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let subject = tbs.subject();
        let mut extensions = vec![SubjectKeyIdentifier::try_from(key)?.to_extension(subject, &[])?];
        match self {
            Self::Authority(_) => {
                let constraints = BasicConstraints { ca: true, path_len_constraint: Some(0) };
                let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
                extensions.push((true, &constraints).to_extension(subject, &extensions)?);
                extensions.push((true, &usage).to_extension(subject, &extensions)?);
            }
            Self::Leaf { usage, extended, names, policies, .. } => {
                let constraints = BasicConstraints { ca: false, path_len_constraint: None };
                let issuer = AuthorityKeyIdentifier::try_from(issuer_key)?;
                extensions.push(issuer.to_extension(subject, &extensions)?);
                extensions.push((true, &constraints).to_extension(subject, &extensions)?);
                extensions.push((true, usage).to_extension(subject, &extensions)?);
                if let Some(policies) = policies {
                    extensions.push((false, policies).to_extension(subject, &extensions)?);
                }
                if let Some(extended) = extended {
                    extensions.push(extended.to_extension(subject, &extensions)?);
                }
                if let Some(names) = names {
                    extensions.push((false, names).to_extension(subject, &extensions)?);
                }
            }
        }
        Ok(extensions)
    }
}
