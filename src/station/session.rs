//! Who is signed in.

use crate::{
    control::{Judged, Operator},
    evidence::sign::{KeyStoreError, SignError, Signer, SoftwareKey},
    register::RegisterError,
    rules::role::{Role, SignInCertificate},
    secret::Pin,
    trust::{KeyAlgorithm, describe, issuer_text, serial_text},
};

use super::{
    Station,
    cards::{CardKey, LastSignIn},
    sign_ins::{self, SignedInEntry},
};

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
    key: Key,
    role: Role,
    /// May administer, whatever the role: somebody may be operator and RA-ADMIN.
    administers: bool,
    /// What trust said of the card's signature certificate at the sign-in.
    judged: Option<Judged>,
    last: Option<LastSignIn>,
}

/// Where the operator's key is.
pub(super) enum Key {
    /// In this station's key folder.
    Software(Box<SoftwareKey>),
    /// On the card in the operator's reader.
    Card(CardKey),
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
    /// The register cannot keep the sign-in.
    #[error(transparent)]
    Register(#[from] RegisterError),
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
            Self::Register(error) => error.code(),
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
    pub(super) fn new(operator: Operator, key: Key, role: Role, judged: Option<Judged>, last: Option<LastSignIn>) -> Self {
        Self { operator, key, role, administers: role == Role::RaAdmin, judged, last }
    }
    pub(super) fn with_administration(self, administers: bool) -> Self {
        Self { administers: self.administers || administers, ..self }
    }
    /// Whether the person is an RA-ADMIN, alone or besides another role.
    pub fn administers(&self) -> bool {
        self.administers
    }
    /// What the operator may do.
    pub fn role(&self) -> Role {
        self.role
    }
    /// PIN tries left of a software key; `None` for a card, whose reader tells.
    pub fn tries_left(&self) -> Result<Option<u8>, SignError> {
        match &self.key {
            Key::Software(key) => key.tries_left().map(Some),
            Key::Card(_) => Ok(None),
        }
    }
    /// The key is on the card in the operator's reader.
    pub fn has_card(&self) -> bool {
        self.card_key().is_some()
    }
    pub(super) fn key(&mut self) -> &mut Key {
        &mut self.key
    }
    pub(super) fn card_key(&self) -> Option<&CardKey> {
        match &self.key {
            Key::Software(_) => None,
            Key::Card(key) => Some(key),
        }
    }
    pub(super) fn judged(&self) -> Option<&Judged> {
        self.judged.as_ref()
    }
    /// The sign-in before this one.
    pub fn last(&self) -> Option<&LastSignIn> {
        self.last.as_ref()
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
    /// A refused sign-in is recorded.
    pub fn sign_in(&mut self, serial: &str, pin: Pin) -> Result<&Operator, SessionError> {
        match self.open_key(serial, pin) {
            Ok(key) => self.signed_in_with(key, serial),
            Err(error) => {
                self.record_refused(error.code());
                Err(error)
            }
        }
    }

    fn open_key(&self, serial: &str, pin: Pin) -> Result<SoftwareKey, SessionError> {
        let known = self.keys.keys()?.into_iter().find(|key| serial_text(&key.identity().certificate) == serial);
        let mut key = known.ok_or(SessionError::Unknown)?;
        let mut challenge = *b"bam-station sign-in\0................................";
        if let Some(random) = challenge.get_mut(20..) {
            getrandom::fill(random).map_err(|_| SignError::Failed("the system's random source does not answer"))?;
        }
        key.sign(&challenge, pin.into())?;
        Ok(key)
    }

    fn signed_in_with(&mut self, key: SoftwareKey, serial: &str) -> Result<&Operator, SessionError> {
        let certificate = key.identity().certificate.tbs_certificate();
        let operator = Operator {
            name: key.identity().common_name.clone(),
            user_name: None,
            certificate_issuer: describe(certificate.issuer()),
            certificate_serial: serial.to_owned(),
            software_key: true,
            trained: None,
        };
        let (issuer, name) = (operator.certificate_issuer.clone(), operator.name.clone());
        let last = sign_ins::last(&self.register, &issuer, serial)?;
        let role = Role::Operator;
        let names = (issuer_text(&key.identity().certificate), serial.to_owned());
        let certificate = SignInCertificate { issuer: &names.0, serial: &names.1, policies: &[] };
        let administers = self.cards.roles().admit(certificate, Role::RaAdmin, self.now().today, self.training()).is_ok();
        let entry = SignedInEntry {
            issuer,
            serial: serial.to_owned(),
            name,
            office: self.office(),
            role,
            software_key: true,
            judged: None,
        };
        let at = self.now().at;
        sign_ins::record(&mut self.register, &entry, at)?;
        self.locked = false;
        let key = Key::Software(Box::new(key));
        let signed_in = SignedIn::new(operator, key, role, None, last).with_administration(administers);
        Ok(self.signed_in.insert(signed_in).operator())
    }

    /// Signs the operator out. An open control waits where it stands.
    pub fn sign_out(&mut self) {
        self.signed_in = None;
        self.locked = false;
    }

    /// Who is signed in.
    pub fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }
}
