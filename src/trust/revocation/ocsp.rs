//! OCSP (RFC 6960): the question with a nonce of our own, and whether the response answers it.

use const_oid::{
    ObjectIdentifier,
    db::{
        rfc5280::ID_KP_OCSP_SIGNING,
        rfc5912::ID_SHA_1,
        rfc6960::{ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_NOCHECK, ID_PKIX_OCSP_NONCE},
    },
};
use der::{
    Any, Choice, Decode as _, Encode as _, Enumerated, Sequence,
    asn1::{BitString, GeneralizedTime, Null, OctetString},
};
use jiff::SignedDuration;
use sha1::{Digest as _, Sha1};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::{
    Certificate,
    ext::{
        Extension,
        pkix::{CrlReason, ExtendedKeyUsage, KeyUsage},
    },
    name::Name,
    serial_number::SerialNumber,
};

use super::{CLOCK_DIFFERENCE, Question, Statement, moment};
use crate::trust::{
    RevocationProblem,
    chain::{check_demands, check_signature, check_validity},
    verify_signature,
};

/// A response that does not say when there is a newer one holds so long: a CA makes a revocation known within this time
/// (ETSI EN 319 411-1 REV-6.2.4-03A).
const LONGEST_WITHOUT_NEXT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Sequence)]
struct OcspRequest {
    request: TbsRequest,
}

#[derive(Sequence)]
struct TbsRequest {
    list: Vec<SingleRequest>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
struct SingleRequest {
    certificate: CertId,
}

#[derive(Clone, Sequence)]
struct CertId {
    hash_algorithm: AlgorithmIdentifierOwned,
    issuer_name_hash: OctetString,
    issuer_key_hash: OctetString,
    serial_number: SerialNumber,
}

#[derive(Sequence)]
struct OcspResponse {
    status: ResponseStatus,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<ResponseBytes>,
}

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[repr(u32)]
enum ResponseStatus {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct ResponseBytes {
    kind: ObjectIdentifier,
    response: OctetString,
}

/// `BasicOCSPResponse`, with what is signed as it came.
#[derive(Sequence)]
struct BasicResponse {
    tbs: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    certificates: Option<Vec<Certificate>>,
}

#[derive(Sequence)]
struct ResponseData {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    version: u8,
    responder: ResponderId,
    produced_at: GeneralizedTime,
    responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Choice)]
enum ResponderId {
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    Name(Name),
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    Key(OctetString),
}

#[derive(Sequence)]
struct SingleResponse {
    certificate: CertId,
    status: CertStatus,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Choice)]
enum CertStatus {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Sequence)]
struct RevokedInfo {
    time: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    reason: Option<CrlReason>,
}

/// The question about `certificate`, and the nonce in it as the response repeats it (RFC 9654).
pub(super) fn request(certificate: &Certificate, issuer: &Certificate) -> Result<(Vec<u8>, Vec<u8>), RevocationProblem> {
    let mut random = [0; 32];
    // Without a nonce of our own an old response could be played back.
    getrandom::fill(&mut random).map_err(|_| RevocationProblem::Unreachable)?;
    let encode = || -> der::Result<(Vec<u8>, Vec<u8>)> {
        let nonce = OctetString::new(random)?.to_der()?;
        let extension =
            Extension { extn_id: ID_PKIX_OCSP_NONCE, critical: false, extn_value: OctetString::new(nonce.as_slice())? };
        let list = vec![SingleRequest { certificate: cert_id(certificate, issuer)? }];
        let request = OcspRequest { request: TbsRequest { list, extensions: Some(vec![extension]) } };
        Ok((request.to_der()?, nonce))
    };
    encode().map_err(|_| RevocationProblem::Damaged)
}

/// The name of a certificate in OCSP. SHA-1 here only names the issuer, and is what every responder knows (RFC 5019 §2.1.1).
fn cert_id(certificate: &Certificate, issuer: &Certificate) -> der::Result<CertId> {
    let name = certificate.tbs_certificate().issuer().to_der()?;
    let sha1 = AlgorithmIdentifierOwned { oid: ID_SHA_1, parameters: Some(Any::null()) };
    Ok(CertId {
        hash_algorithm: sha1,
        issuer_name_hash: OctetString::new(Sha1::digest(name).as_slice())?,
        issuer_key_hash: OctetString::new(key_hash(issuer.tbs_certificate().subject_public_key_info()).as_slice())?,
        serial_number: certificate.tbs_certificate().serial_number().clone(),
    })
}

fn key_hash(key: &SubjectPublicKeyInfoOwned) -> Vec<u8> {
    Sha1::digest(key.subject_public_key.raw_bytes()).to_vec()
}

/// What the response says about the certificate. `nonce` is that of our request; without one, the response was kept.
pub(super) fn check(der: &[u8], question: &Question<'_>, nonce: Option<&[u8]>) -> Result<Statement, RevocationProblem> {
    let damaged = |_| RevocationProblem::Damaged;
    let response = OcspResponse::from_der(der).map_err(damaged)?;
    if response.status != ResponseStatus::Successful {
        return Err(RevocationProblem::ServerError);
    }
    let bytes = response.bytes.filter(|bytes| bytes.kind == ID_PKIX_OCSP_BASIC).ok_or(RevocationProblem::Damaged)?;
    let basic = BasicResponse::from_der(bytes.response.as_bytes()).map_err(damaged)?;
    let signed = basic.tbs.to_der().map_err(damaged)?;
    let data = ResponseData::from_der(&signed).map_err(damaged)?;
    check_signer(&basic, &signed, &data.responder, question)?;

    let wanted = cert_id(question.certificate, question.issuer).map_err(damaged)?;
    let single = data.responses.iter().find(|single| is_about(&single.certificate, &wanted));
    let single = single.ok_or(RevocationProblem::AboutSomethingElse)?;
    let extensions = || data.extensions.iter().flatten().chain(single.extensions.iter().flatten());
    if data.version != 0 || extensions().any(|extension| extension.critical && extension.extn_id != ID_PKIX_OCSP_NONCE) {
        return Err(RevocationProblem::UnknownDemand);
    }
    let echoed = data.extensions.iter().flatten().find(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE);
    if let (Some(nonce), Some(echoed)) = (nonce, echoed)
        && echoed.extn_value.as_bytes() != nonce
    {
        return Err(RevocationProblem::AboutSomethingElse);
    }

    let produced_at = moment(data.produced_at.to_unix_duration())?;
    let this_update = moment(single.this_update.to_unix_duration())?;
    let next_update = single.next_update.map(|time| moment(time.to_unix_duration())).transpose()?;
    let in_future = |time: jiff::Timestamp| time.duration_since(question.at) > CLOCK_DIFFERENCE;
    let too_old = match next_update {
        Some(next) => question.at > next,
        None => question.at.duration_since(this_update) > LONGEST_WITHOUT_NEXT,
    };
    if in_future(produced_at) || in_future(this_update) || too_old {
        return Err(RevocationProblem::Stale);
    }
    let revoked = match &single.status {
        CertStatus::Good(_) => None,
        CertStatus::Revoked(info) => Some(moment(info.time.to_unix_duration())?),
        CertStatus::Unknown(_) => return Err(RevocationProblem::NotKnown),
    };
    Ok(Statement { revoked, produced_at, this_update, next_update, stale: false })
}

/// The parameters of SHA-1 may be absent or NULL (RFC 5754 §2).
fn is_about(found: &CertId, wanted: &CertId) -> bool {
    found.hash_algorithm.oid == wanted.hash_algorithm.oid
        && found.issuer_name_hash == wanted.issuer_name_hash
        && found.issuer_key_hash == wanted.issuer_key_hash
        && found.serial_number == wanted.serial_number
}

/// Signed by the issuer, or by a responder that the issuer appointed (RFC 6960 §4.2.2.2).
fn check_signer(
    basic: &BasicResponse,
    signed: &[u8],
    responder: &ResponderId,
    question: &Question<'_>,
) -> Result<(), RevocationProblem> {
    let signature = basic.signature.as_bytes().ok_or(RevocationProblem::Damaged)?;
    let is_named = |certificate: &Certificate| match responder {
        ResponderId::Name(name) => certificate.tbs_certificate().subject() == name,
        ResponderId::Key(hash) => key_hash(certificate.tbs_certificate().subject_public_key_info()) == hash.as_bytes(),
    };
    let signs = |certificate: &Certificate| {
        let key = certificate.tbs_certificate().subject_public_key_info();
        verify_signature(key, &basic.algorithm, signed, signature).is_ok()
    };
    let appointed = basic.certificates.iter().flatten().filter(|found| is_appointed(found, question));
    let mut signers = std::iter::once(question.issuer).chain(appointed);
    if signers.any(|signer| is_named(signer) && signs(signer)) { Ok(()) } else { Err(RevocationProblem::NotSigned) }
}

/// The same CA issued it, for OCSP, and asks for no proof that it is not revoked itself: such a proof would again need a proof.
fn is_appointed(responder: &Certificate, question: &Question<'_>) -> bool {
    let tbs = responder.tbs_certificate();
    let usage = tbs.get_extension::<KeyUsage>();
    let purposes = tbs.get_extension::<ExtendedKeyUsage>().ok().flatten();
    let no_check = tbs.extensions().into_iter().flatten().any(|extension| extension.extn_id == ID_PKIX_OCSP_NOCHECK);
    tbs.issuer() == question.issuer.tbs_certificate().subject()
        && no_check
        && purposes.is_some_and(|(_, purposes)| purposes.0.contains(&ID_KP_OCSP_SIGNING))
        && usage.is_ok_and(|usage| usage.is_none_or(|(_, usage)| usage.digital_signature()))
        && check_validity(responder, question.at).is_ok()
        && check_demands(responder).is_ok()
        && check_signature(responder, question.issuer).is_ok()
}
