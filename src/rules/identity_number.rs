//! Norwegian identity numbers (Skatteetaten, "Fødselsnummer" and "PID"): birth number, D-number, H-number and the synthetic numbers of test registers.
//!
//! Eleven digits: day, month, year (two each), an individual number of three digits, two control digits. The series adds to
//! the date: a D-number 40 to the day, an H-number 40 to the month, a synthetic number 80 to the month.
//! Two rules for the first control digit hold side by side: numbers assigned from 2032 may leave the remainders 1, 2 and 3 as
//! well (Skatteetaten, "Nytt fødselsnummer fra 2032"). A number that passes is well written, which proves no identity.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// An identity number of eleven digits with an existing date and right control digits.
///
/// There is no `Display`, and `Debug` hides the digits, so that a number reaches a log only by somebody writing
/// [`IdentityNumber::digits`] there.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityNumber {
    digits: String,
    written: Written,
}

/// What the digits say.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Written {
    kind: IdentityNumberKind,
    synthetic: bool,
    rule: ControlRule,
    day: i8,
    month: i8,
    /// Without the century.
    year: i16,
    individual: u16,
}

/// The series that a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityNumberKind {
    /// Fødselsnummer.
    BirthNumber,
    /// D-nummer, for people who are not residents. Its date may be the date of registration.
    DNumber,
    /// Hjelpenummer of the health services, for people whose number is not known. Its date may be an estimate.
    HNumber,
}

/// The control-digit rule that a number satisfies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlRule {
    /// The rule of 1964. Numbers assigned from 2032 may satisfy it too.
    Before2032,
    /// Only the rule for numbers assigned from 2032-01-01.
    From2032,
}

/// Why a text is not an identity number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityNumberError {
    /// Not eleven digits.
    #[error("an identity number has eleven digits: six for the date and five more")]
    NotElevenDigits,
    /// A control digit is wrong.
    #[error("the control digits do not fit the identity number: compare it with the document and type it again")]
    ControlDigits,
    /// The first six digits are no date in any series.
    #[error("the first six digits of the identity number are no date: compare it with the document and type it again")]
    NoSuchDate,
}

impl IdentityNumberError {
    /// The stable name in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotElevenDigits => "IDENTITY_NUMBER_NOT_ELEVEN_DIGITS",
            Self::ControlDigits => "IDENTITY_NUMBER_CONTROL_DIGITS",
            Self::NoSuchDate => "IDENTITY_NUMBER_NO_SUCH_DATE",
        }
    }
}

impl IdentityNumber {
    /// Reads a number as people write it: eleven digits, spaces between them allowed.
    ///
    /// # Errors
    /// [`IdentityNumberError`]; none of its texts repeats the number.
    pub fn parse(text: &str) -> Result<Self, IdentityNumberError> {
        let digits = eleven_digits(text).ok_or(IdentityNumberError::NotElevenDigits)?;
        let rule = control_rule(digits).ok_or(IdentityNumberError::ControlDigits)?;
        let written = Written::read(digits, rule).ok_or(IdentityNumberError::NoSuchDate)?;
        Ok(Self { digits: digits.map(|digit| char::from(b'0' + digit)).iter().collect(), written })
    }

    /// The eleven digits. Personal data: for the record, the directory and the screen of the operator only.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The series.
    pub fn kind(&self) -> IdentityNumberKind {
        self.written.kind
    }

    /// Certainly of a test register, which no real person has: 80 added to the month (Skatteetaten's Tenor), or a D-number with
    /// 40 added to the month (NAV). Without a D, 40 added to the month is an [`IdentityNumberKind::HNumber`]: NAV's test
    /// people share that series with the health services, and the number cannot tell them apart.
    pub fn is_synthetic(&self) -> bool {
        self.written.synthetic
    }

    /// The control-digit rule.
    pub fn control_rule(&self) -> ControlRule {
        self.written.rule
    }

    /// The date of birth, where the number says it: only for a birth number under the rule before 2032 whose individual number
    /// lies in a documented range of a century.
    ///
    /// Never for a D-number or H-number. Numbers assigned from 2032 that satisfy the old rule by chance cannot be told
    /// apart, so this is an aid against typing errors; the date in the population register decides.
    pub fn birth_date(&self) -> Option<Date> {
        let Written { kind, rule, day, month, year, individual, .. } = self.written;
        if kind != IdentityNumberKind::BirthNumber || rule != ControlRule::Before2032 {
            return None;
        }
        let century = match (individual, year) {
            (500..=749, 54..=99) => 1800,
            (0..=499, _) | (900..=999, 40..=99) => 1900,
            (500..=999, 0..=39) => 2000,
            _ => return None,
        };
        Date::new(century + year, month, day).ok()
    }

    /// Whether the number agrees with a date of birth; `None` when the number cannot tell.
    ///
    /// A birth number contradicts every date with another day, month or year of two digits, under both rules. It confirms a
    /// date only where [`IdentityNumber::birth_date`] is certain.
    pub fn matches_birth_date(&self, date: Date) -> Option<bool> {
        let Written { kind, day, month, year, .. } = self.written;
        if kind != IdentityNumberKind::BirthNumber {
            return None;
        }
        if (date.day(), date.month(), date.year().rem_euclid(100)) != (day, month, year) {
            return Some(false);
        }
        self.birth_date().map(|own| own == date)
    }

    /// The number without its last five digits, for screens that others see: `010190 *****`.
    pub fn masked(&self) -> String {
        let date: String = self.digits.chars().take(6).collect();
        format!("{date} *****")
    }
}

fn eleven_digits(text: &str) -> Option<[u8; 11]> {
    if text.len() > 64 {
        return None;
    }
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    digits.try_into().ok()
}

/// The rule that both control digits satisfy. The weights of the control digits themselves are 1: the weighted sum of a whole
/// right number leaves the remainder that the rule allows.
fn control_rule(digits: [u8; 11]) -> Option<ControlRule> {
    const FIRST: [u32; 10] = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1];
    const SECOND: [u32; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];
    let remainder = |weights: &[u32]| -> u32 {
        digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum::<u32>() % 11
    };
    match (remainder(&FIRST), remainder(&SECOND)) {
        (0, 0) => Some(ControlRule::Before2032),
        (1..=3, 0) => Some(ControlRule::From2032),
        _ => None,
    }
}

impl Written {
    /// Takes the series off the date; `None` when no series gives a date that exists in some century.
    fn read(digits: [u8; 11], rule: ControlRule) -> Option<Self> {
        let [d1, d2, m1, m2, y1, y2, i1, i2, i3, _, _] = digits;
        let (is_d, d1) = match d1 {
            0..=3 => (false, d1),
            4..=7 => (true, d1 - 4),
            _ => return None,
        };
        let (kind, synthetic, m1) = match (is_d, m1) {
            (false, 0..=1) => (IdentityNumberKind::BirthNumber, false, m1),
            (false, 4..=5) => (IdentityNumberKind::HNumber, false, m1 - 4),
            (false, 8..=9) => (IdentityNumberKind::BirthNumber, true, m1 - 8),
            (true, 0..=1) => (IdentityNumberKind::DNumber, false, m1),
            (true, 4..=5) => (IdentityNumberKind::DNumber, true, m1 - 4),
            (true, 8..=9) => (IdentityNumberKind::DNumber, true, m1 - 8),
            _ => return None,
        };
        let written = Self {
            kind,
            synthetic,
            rule,
            day: i8::try_from(d1 * 10 + d2).ok()?,
            month: i8::try_from(m1 * 10 + m2).ok()?,
            year: i16::from(y1) * 10 + i16::from(y2),
            individual: u16::from(i1) * 100 + u16::from(i2) * 10 + u16::from(i3),
        };
        [1800, 1900, 2000]
            .iter()
            .any(|century| Date::new(century + written.year, written.month, written.day).is_ok())
            .then_some(written)
    }
}

impl std::fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityNumber(…)")
    }
}

impl std::str::FromStr for IdentityNumber {
    type Err = IdentityNumberError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for IdentityNumber {
    type Error = IdentityNumberError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<IdentityNumber> for String {
    fn from(number: IdentityNumber) -> Self {
        number.digits
    }
}
