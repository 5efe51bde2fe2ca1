//! The signature itself: what it covers, what its CMS message says (RFC 5652 §5.6, ETSI EN 319 122-1), and who made it.

use std::ops::Range;

use cms::{
    content_info::{CmsVersion, ContentInfo},
    signed_data::{SignedData, SignerInfo},
};
use der::{
    Any, Decode as _, Encode as _,
    asn1::{ObjectIdentifier, OctetString},
};
use jiff::{Timestamp, civil, tz::TimeZone};
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;

use super::{
    problem::{Problem, ProblemKind},
    syntax::{Dictionary, Value},
};
use crate::{
    evidence::{
        message::{certificates, one_value, signer_certificate},
        sign::{
            CLOCK_DIFFERENCE, SigningCertificateV2, TIME_FORMAT,
            attribute_ids::{
                ID_AA_SIGNATURE_TIME_STAMP_TOKEN, ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST,
                ID_SIGNED_DATA,
            },
        },
        timestamp::TimeStampToken,
    },
    trust::{SignatureAlgorithm, SignatureFault, verify_signature},
};

/// A signature that is mathematically right. Whether its certificate counts is decided by [`crate::trust`].
#[derive(Debug)]
pub struct Signed {
    /// The signer's certificate.
    pub certificate: Certificate,
    /// All certificates of the message.
    pub pool: Vec<Certificate>,
    /// How the signature was made.
    pub algorithm: SignatureAlgorithm,
    /// The signer's own statement of the time (`/M`).
    pub time: Timestamp,
    /// The authority's time-stamp over the signature value.
    pub time_stamp: Option<TimeStampToken>,
}

impl Signed {
    /// Checks the signature over `pdf`, the file up to the end of the signature's own revision, that `dictionary` describes.
    pub fn check(pdf: &[u8], dictionary: &Dictionary, now: Timestamp) -> Result<Self, Problem> {
        let form_is_right = dictionary.has_name("Type", "Sig")
            && dictionary.has_name("Filter", "Adobe.PPKLite")
            && dictionary.has_name("SubFilter", "ETSI.CAdES.detached");
        if !form_is_right {
            return Err(ProblemKind::SignatureForm.because("the signature is not a PAdES signature"));
        }
        let Covered { parts, message, at } = Covered::by(pdf, dictionary)?;
        let (certificate, pool, algorithm, time_stamp) = check_message(message, &parts, at)?;
        let time = signing_time(dictionary, now)?;
        Ok(Self { certificate, pool, algorithm, time, time_stamp })
    }
}

/// What a signature or a document time-stamp covers, and its message.
pub struct Covered<'a> {
    /// The bytes before and after the message's place.
    pub parts: [&'a [u8]; 2],
    /// The CMS message without its filling.
    pub message: &'a [u8],
    /// The message's place in the file.
    pub at: usize,
}

impl<'a> Covered<'a> {
    /// `pdf` is the file up to the end of the revision in which `dictionary` stands.
    pub fn by(pdf: &'a [u8], dictionary: &'a Dictionary) -> Result<Self, Problem> {
        let gap = coverage(pdf, dictionary)?;
        let message = message(dictionary, gap.start)?;
        let parts = [pdf.get(..gap.start).unwrap_or_default(), pdf.get(gap.end..).unwrap_or_default()];
        Ok(Self { parts, message, at: gap.start })
    }
}

/// The signature must cover the whole file from its first to its last byte, but for exactly the string of `/Contents`.
fn coverage(pdf: &[u8], dictionary: &Dictionary) -> Result<Range<usize>, Problem> {
    let wrong = |what: &str| ProblemKind::Coverage.because(what);
    let range = dictionary.get("ByteRange").and_then(Value::array).unwrap_or_default();
    let positions: Option<Vec<usize>> = range.iter().map(Value::position).collect();
    let Some([0, start, end, length]) = positions.as_deref() else {
        return Err(wrong("the signature does not say correctly which part of the file it covers"));
    };
    if end.checked_add(*length) != Some(pdf.len()) {
        return Err(ProblemKind::Coverage.at(*end, "the signature does not reach to the end of the file"));
    }
    // The place is that of the whole token, from `<` to `>`, in the signature dictionary itself.
    if dictionary.place("Contents") != Some(*start..*end) || pdf.get(*start) != Some(&b'<') {
        return Err(ProblemKind::Coverage.at(*start, "the signature leaves out more of the file than itself"));
    }
    Ok(*start..*end)
}

/// The CMS message: the string of `/Contents` without the zeros that fill it up.
fn message(dictionary: &Dictionary, at: usize) -> Result<&[u8], Problem> {
    let damaged = |what: &str| ProblemKind::SignatureForm.at(at, what);
    let contents = dictionary.get("Contents").and_then(Value::text).unwrap_or_default();
    let length = match contents {
        [0x30, length @ 0..=0x7f, ..] => 2 + usize::from(*length),
        [0x30, 0x81, length, ..] => 3 + usize::from(*length),
        [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        _ => return Err(damaged("the signature holds no CMS message")),
    };
    let (message, filling) =
        contents.split_at_checked(length).ok_or_else(|| damaged("the signature's CMS message is cut off"))?;
    if filling.iter().any(|byte| *byte != 0) {
        return Err(damaged("there are hidden bytes after the signature's CMS message"));
    }
    Ok(message)
}

/// Everything that RFC 5652 and PAdES demand of the message. `at` is its place in the file.
fn check_message(
    message: &[u8],
    covered: &[&[u8]],
    at: usize,
) -> Result<(Certificate, Vec<Certificate>, SignatureAlgorithm, Option<TimeStampToken>), Problem> {
    let damaged = |what: &str| ProblemKind::SignatureForm.at(at, what);
    let data = signed_data(message).ok_or_else(|| damaged("the signature's CMS message is damaged"))?;
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err(damaged("the signature does not have exactly one signer"));
    };
    if data.encap_content_info.econtent_type != ID_DATA || data.encap_content_info.econtent.is_some() {
        return Err(damaged("the signature carries content of its own"));
    }
    let time_stamp = time_stamp(signer, at)?;
    if data.crls.is_some() || (signer.unsigned_attrs.is_some() && time_stamp.is_none()) {
        return Err(damaged("the signature carries additions that it does not cover"));
    }
    let pool = certificates(&data).ok_or_else(|| damaged("the signature's certificates are damaged"))?;
    let certificate =
        signer_certificate(signer, &pool).ok_or_else(|| damaged("the signer's certificate is missing in the signature"))?.clone();

    let key = certificate.tbs_certificate().subject_public_key_info();
    let algorithm = SignatureAlgorithm::of(key, &signer.signature_algorithm).filter(|algorithm| {
        let digest = algorithm.digest_identifier();
        signer.digest_alg == digest && data.digest_algorithms.as_slice() == [digest]
    });
    let algorithm = algorithm.ok_or_else(|| {
        ProblemKind::Algorithm.at(at, "the signature uses algorithms that are not accepted or do not fit its certificate")
    })?;

    let attributes = Attributes::of(signer).ok_or_else(|| damaged("the signature's attributes are damaged"))?;
    if attributes.message_digest.as_bytes() != algorithm.digest(covered) {
        let what = "the content of the file is not what was signed; ask for the report as it was signed";
        return Err(ProblemKind::ContentChanged.because(what));
    }
    check_signing_certificate(&attributes.signing_certificate, &certificate)
        .ok_or_else(|| ProblemKind::OtherCertificate.at(at, "the signature was made for another certificate"))?;
    match verify_signature(key, &signer.signature_algorithm, &attributes.signed, signer.signature.as_bytes()) {
        Ok(_) => Ok((certificate, pool, algorithm, time_stamp)),
        Err(SignatureFault::Unsupported) => Err(ProblemKind::Algorithm.at(at, SignatureFault::Unsupported.to_string())),
        Err(SignatureFault::Wrong) => Err(ProblemKind::SignatureWrong.at(at, SignatureFault::Wrong.to_string())),
    }
}

/// The one unsigned attribute that a signature may have: the time-stamp over its value (EN 319 122-1 §5.3).
fn time_stamp(signer: &SignerInfo, at: usize) -> Result<Option<TimeStampToken>, Problem> {
    let attributes = signer.unsigned_attrs.as_ref().filter(|attributes| attributes.len() == 1);
    let Some(token) = attributes.and_then(|attributes| one_value(attributes, ID_AA_SIGNATURE_TIME_STAMP_TOKEN)) else {
        return Ok(None);
    };
    let token = token.to_der().map_err(|_| ProblemKind::SignatureForm.at(at, "the signature's time-stamp is damaged"))?;
    let read = TimeStampToken::read(&token);
    let covers = |token: TimeStampToken| token.check_covers(&[signer.signature.as_bytes()]).map(|()| token);
    read.and_then(covers).map(Some).map_err(|fault| Problem::of_time_stamp(fault, at))
}

/// The message, which must be written in exactly one way (DER), so that no byte of it can be changed unnoticed.
fn signed_data(message: &[u8]) -> Option<SignedData> {
    let content = ContentInfo::from_der(message).ok()?;
    let data: SignedData = content.content.decode_as().ok()?;
    let canonical = ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&data).ok()? };
    (data.version == CmsVersion::V1 && canonical.to_der().ok()? == message).then_some(data)
}

/// The signed attributes that PAdES baseline demands, and the bytes that were signed.
struct Attributes {
    message_digest: OctetString,
    signing_certificate: SigningCertificateV2,
    signed: Vec<u8>,
}

impl Attributes {
    /// Exactly content-type, message-digest and signing-certificate-v2, each once with one value. In particular no
    /// signing-time, which PAdES forbids (EN 319 142-1 §6.3).
    fn of(signer: &SignerInfo) -> Option<Self> {
        let attributes = signer.signed_attrs.as_ref()?;
        let one = |oid: ObjectIdentifier| one_value(attributes, oid);
        let content_type: ObjectIdentifier = one(ID_CONTENT_TYPE)?.decode_as().ok()?;
        let found = Self {
            message_digest: one(ID_MESSAGE_DIGEST)?.decode_as().ok()?,
            signing_certificate: one(ID_AA_SIGNING_CERTIFICATE_V_2)?.decode_as().ok()?,
            signed: attributes.to_der().ok()?,
        };
        (content_type == ID_DATA && attributes.len() == 3).then_some(found)
    }
}

/// The first certificate named must be the signer's (RFC 5035 §3), by its SHA-256.
fn check_signing_certificate(named: &SigningCertificateV2, certificate: &Certificate) -> Option<()> {
    let first = named.certs.first()?;
    let digest = Sha256::digest(certificate.to_der().ok()?);
    let same = first.hash_algorithm.is_none() && first.cert_hash.as_bytes() == digest.as_slice();
    same.then_some(())
}

/// `/M`, written exactly as this program writes it, and not in the future.
fn signing_time(dictionary: &Dictionary, now: Timestamp) -> Result<Timestamp, Problem> {
    let wrong = |what: &str| ProblemKind::SigningTime.because(what);
    let text = dictionary.get("M").and_then(Value::text).and_then(|text| std::str::from_utf8(text).ok());
    let text = text.ok_or_else(|| wrong("the signature does not state its time"))?;
    let time = civil::DateTime::strptime(TIME_FORMAT, text).ok().and_then(|time| time.to_zoned(TimeZone::UTC).ok());
    let time = time.filter(|time| time.strftime(TIME_FORMAT).to_string() == text);
    let time = time.ok_or_else(|| wrong("the time of signing cannot be read"))?.timestamp();
    if time > now.saturating_add(CLOCK_DIFFERENCE).unwrap_or(now) {
        return Err(wrong("the time of signing lies in the future; check the clocks of the station and of this machine"));
    }
    Ok(time)
}
