//! The messages of RFC 3161 and the statement inside a time-stamp.

use der::{
    Any, DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Sequence, Tag, Writer,
    asn1::{BitString, Int, ObjectIdentifier, OctetString},
};
use jiff::{Timestamp, civil, tz::TimeZone};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::{Extensions, pkix::name::GeneralName};

/// `MessageImprint` (RFC 3161 §2.4.1): the digest of what is time-stamped.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct MessageImprint {
    /// Which digest.
    pub hash_algorithm: AlgorithmIdentifierOwned,
    /// The digest.
    pub hashed_message: OctetString,
}

/// `TimeStampReq` (RFC 3161 §2.4.1), without extensions.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TimeStampRequest {
    /// 1.
    pub version: u8,
    /// What is time-stamped.
    pub message_imprint: MessageImprint,
    /// The policy that is asked for.
    #[asn1(optional = "true")]
    pub policy: Option<ObjectIdentifier>,
    /// A number that the answer repeats, so that no old answer passes for it.
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    /// The answer shall hold the authority's certificates.
    #[asn1(default = "no")]
    pub certificates: bool,
}

/// `TimeStampResp` (RFC 3161 §2.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TimeStampResponse {
    /// What became of the request.
    pub status: StatusInfo,
    /// The time-stamp, when it was granted.
    #[asn1(optional = "true")]
    pub token: Option<Any>,
}

/// `PKIStatusInfo` (RFC 3161 §2.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct StatusInfo {
    /// 0 granted, 1 granted with changes, 2 rejected, 3 waiting, 4 and 5 revocation.
    pub status: u8,
    /// The authority's words; never shown, because they come from outside.
    #[asn1(optional = "true")]
    pub text: Option<Vec<Any>>,
    /// Why it was rejected.
    #[asn1(optional = "true")]
    pub failure: Option<BitString>,
}

/// `TSTInfo` (RFC 3161 §2.4.2): what the authority states.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct Statement {
    /// 1.
    pub version: u8,
    /// The rules under which the authority works.
    pub policy: ObjectIdentifier,
    /// What was time-stamped.
    pub message_imprint: MessageImprint,
    /// The time-stamp's number.
    pub serial_number: Int,
    /// When.
    pub time: GeneralTime,
    /// How exact the time is.
    #[asn1(optional = "true")]
    pub accuracy: Option<Accuracy>,
    /// Whether time-stamps can be ordered by their times alone.
    #[asn1(default = "no")]
    pub ordering: bool,
    /// The request's number.
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    /// The authority's name.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub authority: Option<GeneralName>,
    /// Extensions.
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub extensions: Option<Extensions>,
}

/// `Accuracy` (RFC 3161 §2.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct Accuracy {
    /// Seconds.
    #[asn1(optional = "true")]
    pub seconds: Option<Int>,
    /// Thousandths of a second.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub millis: Option<u16>,
    /// Millionths of a second.
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub micros: Option<u16>,
}

fn no() -> bool {
    false
}

/// `GeneralizedTime` in UTC, also with fractions of a second, which authorities send (RFC 3161 §2.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneralTime(String);

impl GeneralTime {
    /// The time; `None` when it is written in another form.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let text = self.0.strip_suffix('Z')?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let fraction_fits = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) || !fraction_fits {
            return None;
        }
        let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
        let time = civil::DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?;
        let time = time.with().subsec_nanosecond(nanoseconds).build().ok()?;
        time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    }
}

impl FixedTag for GeneralTime {
    const TAG: Tag = Tag::GeneralizedTime;
}

impl<'a> DecodeValue<'a> for GeneralTime {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        let bytes = reader.read_vec(header.length())?;
        let text = String::from_utf8(bytes).map_err(|_| Self::TAG.value_error())?;
        if text.len() > 32 { Err(Self::TAG.value_error().into()) } else { Ok(Self(text)) }
    }
}

impl EncodeValue for GeneralTime {
    fn value_len(&self) -> der::Result<Length> {
        self.0.len().try_into()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.0.as_bytes())
    }
}
