//! Who is signed in.

use crate::{
    control::Operator,
    evidence::sign::{KeyStoreError, SignError, Signer, SoftwareKey},
    secret::Pin,
    trust::{KeyAlgorithm, describe, serial_text},
};

use super::Station;

/// An operator whose key is known to this station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOperator {
    /// Common name of the certificate.
    pub name: String,
    /// Serial number of the certificate, upper-case hexadecimal.
    pub serial: String,
    /// PIN tries left; 0 when the key is blocked.
    pub tries_left: u8,
}

/// The operator who is signed in.
pub struct SignedIn {
    operator: Operator,
    key: SoftwareKey,
}

/// Why nobody was signed in or enrolled.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The key folder.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The key or its PIN.
    #[error(transparent)]
    Key(#[from] SignError),
    /// No such operator.
    #[error("no key of this operator is known here: enrol the operator first (bam-station operator enroll)")]
    Unknown,
    /// The name is empty or too long.
    #[error("the operator's name is 1 to 64 characters")]
    NameNotUsable,
}

impl SessionError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Keys(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Unknown => "OPERATOR_UNKNOWN",
            Self::NameNotUsable => "OPERATOR_NAME_NOT_USABLE",
        }
    }
}

impl SignedIn {
    /// Who it is.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }
    /// PIN tries left.
    pub fn tries_left(&self) -> Result<u8, SignError> {
        self.key.tries_left()
    }
    pub(super) fn signer(&mut self) -> &mut dyn Signer {
        &mut self.key
    }
}

impl Station {
    /// The operators whose keys are known here, oldest first.
    pub fn operators(&self) -> Result<Vec<KnownOperator>, SessionError> {
        let known = |key: SoftwareKey| -> Result<KnownOperator, SessionError> {
            let identity = key.identity();
            Ok(KnownOperator {
                name: identity.common_name.clone(),
                serial: serial_text(&identity.certificate),
                tries_left: key.tries_left()?,
            })
        };
        self.keys.keys()?.into_iter().map(known).collect()
    }

    /// Makes a training key for an operator.
    pub fn enroll(&self, name: &str, pin: Pin) -> Result<KnownOperator, SessionError> {
        let name = name.trim();
        if !(1..=64).contains(&name.chars().count()) {
            return Err(SessionError::NameNotUsable);
        }
        let company = &self.configuration.master.value.common.company_name;
        let key = self.keys.enroll(name, company, KeyAlgorithm::P256, pin, self.now().at)?;
        let serial = serial_text(&key.identity().certificate);
        Ok(KnownOperator { name: name.to_owned(), serial, tries_left: key.tries_left()? })
    }

    /// Signs an operator in. The PIN is used for one signature over a random challenge, which is thrown away.
    pub fn sign_in(&mut self, serial: &str, pin: Pin) -> Result<&Operator, SessionError> {
        let known = self.keys.keys()?.into_iter().find(|key| serial_text(&key.identity().certificate) == serial);
        let mut key = known.ok_or(SessionError::Unknown)?;
        let mut challenge = *b"bam-station sign-in\0................................";
        if let Some(random) = challenge.get_mut(20..) {
            getrandom::fill(random).map_err(|_| SignError::Failed("the system's random source does not answer"))?;
        }
        key.sign(&challenge, pin.into())?;
        let certificate = key.identity().certificate.tbs_certificate();
        let operator = Operator {
            name: key.identity().common_name.clone(),
            user_name: None,
            certificate_issuer: describe(certificate.issuer()),
            certificate_serial: serial.to_owned(),
            software_key: true,
        };
        Ok(self.signed_in.insert(SignedIn { operator, key }).operator())
    }

    /// Signs the operator out. An open control waits where it stands.
    pub fn sign_out(&mut self) {
        self.signed_in = None;
    }

    /// Who is signed in.
    pub fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }
}
