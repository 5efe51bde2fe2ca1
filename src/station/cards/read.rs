//! A card is read, judged by trust, and asked to prove its key.

use const_oid::db::rfc4519;
use jiff::{Timestamp, civil::Date};
use x509_cert::{Certificate, ext::pkix::name::DirectoryString};

use super::{Appointee, CardFault, Cards, SeenCard, SeenObjection};
use crate::{
    device::card::{Card, CardError, Contents, PinFacts, Possession, ReaderPlace, Slot},
    register::RegisterError,
    rules::{
        CardState, CertificateKind,
        role::{Ground, NotAdmitted, Role, SignInCertificate},
    },
    seal::{Keys, LockedKey, SealError},
    secret::PinEntry,
    trust::{Usage, Verdict, common_name, issuer_text, serial_text, validity, verify_digest},
};

/// The slots that stand for a person: the one that signs in before the one that signs documents.
const PERSONAL: [Slot; 2] = [Slot::Authentication, Slot::Signature];

/// A card whose certificates were read.
pub(super) struct OpenCard {
    pub card: Box<dyn Card + Send>,
    pub contents: Contents,
}

impl OpenCard {
    /// The certificates that stand for a person.
    pub fn personal(&self) -> impl Iterator<Item = (Slot, &Certificate)> {
        PERSONAL.into_iter().filter_map(|slot| Some((slot, self.contents.certificate(slot).ok()?)))
    }

    /// The certificate in `wanted`, or in the other personal slot of a card that has one only.
    pub fn personal_certificate(&self, wanted: Slot) -> Result<(Slot, &Certificate), CardError> {
        let wanted_one = self.personal().find(|(slot, _)| *slot == wanted);
        wanted_one.or_else(|| self.personal().next()).ok_or(CardError::NoCertificate { slot: wanted })
    }

    /// The card proves by its PIN and a signature over a fresh challenge that it holds the key of the certificate that was
    /// judged.
    pub fn prove(&mut self, slot: Slot, pin: PinEntry) -> Result<(), CardError> {
        let challenge = challenge()?;
        let possession = self.card.prove_possession(slot, &challenge, pin)?;
        self.check(slot, &challenge, &possession)
    }

    /// As [`OpenCard::prove`]; with the same PIN the card opens the station's key. No PIN is spent on a card behind which it is not.
    pub fn prove_and_open(&mut self, slot: Slot, pin: PinEntry, locked: &LockedKey) -> Result<Keys, CardFault> {
        let certificate = self.contents.certificate(Slot::KeyManagement).ok().cloned();
        let certificate = certificate.ok_or(RegisterError::from(SealError::OtherCard))?;
        let point = locked.point_for(&certificate).ok_or(RegisterError::from(SealError::OtherCard))?;
        let challenge = challenge()?;
        let (possession, secret) = self.card.prove_and_agree(slot, &challenge, &point, pin)?;
        self.check(slot, &challenge, &possession)?;
        Ok(locked.unlock(&certificate, &secret).map_err(RegisterError::from)?)
    }

    fn check(&self, slot: Slot, challenge: &[u8], possession: &Possession) -> Result<(), CardError> {
        if possession.certificate != *self.contents.certificate(slot)? {
            return Err(CardError::Exchanged);
        }
        let key = possession.certificate.tbs_certificate().subject_public_key_info();
        let digest = possession.algorithm.digest(&[&Possession::message(challenge)]);
        if verify_digest(key, possession.algorithm, &digest, &possession.signature) {
            Ok(())
        } else {
            Err(CardError::SignatureWrong)
        }
    }
}

fn challenge() -> Result<[u8; Possession::CHALLENGE], CardError> {
    let mut challenge = [0; Possession::CHALLENGE];
    getrandom::fill(&mut challenge).map_err(|_| CardError::System)?;
    Ok(challenge)
}

/// What the certificates on a card are, by trust.
pub(super) struct Judged {
    pub certificate: Certificate,
    pub verdict: Verdict,
}

/// The states of the certificates of one kind together: the worst of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KindState {
    /// The card carries none.
    Absent,
    /// It carries some, and trust does not know their state.
    Unknown,
    Known(CardState),
}

impl KindState {
    /// The state, where it is known.
    pub fn known(self) -> Option<CardState> {
        match self {
            Self::Known(state) => Some(state),
            Self::Absent | Self::Unknown => None,
        }
    }
}

pub(super) fn state_of(judged: &[Judged], kind: CertificateKind) -> KindState {
    let severity = |state: CardState| match state {
        CardState::Valid => 0,
        CardState::Expired => 1,
        CardState::Revoked => 2,
    };
    let mut all = KindState::Absent;
    for verdict in judged.iter().map(|judged| &judged.verdict).filter(|verdict| verdict.kind == Some(kind)) {
        all = match (all, verdict.state) {
            (_, None) | (KindState::Unknown, _) => KindState::Unknown,
            (KindState::Absent, Some(state)) => KindState::Known(state),
            (KindState::Known(one), Some(other)) => KindState::Known(if severity(other) > severity(one) { other } else { one }),
        };
    }
    all
}

impl Cards {
    /// Opens the card at this place and reads its certificates. No PIN is needed.
    pub(super) fn read_certificates(&self, place: ReaderPlace) -> Result<OpenCard, CardError> {
        let mut card = self.open(place)?;
        let contents = card.contents()?;
        Ok(OpenCard { card, contents })
    }

    /// What trust says of each certificate that stands for a person.
    pub(super) fn judge_all(&self, card: &OpenCard, at: Timestamp) -> Vec<Judged> {
        let judge = |(_, certificate): (Slot, &Certificate)| Judged {
            verdict: self.trust().judge(certificate, Usage::Show, at),
            certificate: certificate.clone(),
        };
        card.personal().map(judge).collect()
    }

    /// What the screens show of the card at this place.
    ///
    /// # Errors
    /// The reader or the card.
    pub fn look(&self, place: ReaderPlace, at: Timestamp, today: Date) -> Result<SeenCard, CardFault> {
        let mut card = self.read_certificates(place)?;
        let pin: PinFacts = card.card.pin_facts()?;
        let judged = self.judge_all(&card, at);
        let stands_for_it = judged
            .iter()
            .find(|judged| judged.verdict.kind == Some(CertificateKind::Qualified))
            .or_else(|| judged.first())
            .ok_or(CardError::NoCertificate { slot: Slot::Authentication })?;
        let objection = stands_for_it.verdict.objection.as_ref();
        Ok(SeenCard {
            name: name_in(&stands_for_it.certificate),
            kind: stands_for_it.verdict.kind,
            valid_until: validity(&stands_for_it.certificate).1,
            objection: objection.map(|why| SeenObjection { code: why.code(), message: why.to_string() }),
            qualified: state_of(&judged, CertificateKind::Qualified).known(),
            local: state_of(&judged, CertificateKind::Local).known(),
            operator: judged.iter().any(|judged| self.is_appointed(judged, today)),
            pin,
        })
    }

    /// Whom the card at this place would appoint. Whether its certificate counts is decided whenever the person signs in.
    ///
    /// # Errors
    /// The reader or the card.
    pub fn appointee(&self, place: ReaderPlace) -> Result<Appointee, CardError> {
        let card = self.read_certificates(place)?;
        let (_, certificate) = card.personal_certificate(Slot::Signature)?;
        let (issuer, serial, name) = (issuer_text(certificate), serial_text(certificate), name_in(certificate));
        Ok(Appointee { issuer, serial, name })
    }

    /// MASTER.toml names the certificate, whether or not its training is in time.
    fn is_appointed(&self, judged: &Judged, today: Date) -> bool {
        let (issuer, serial) = (issuer_text(&judged.certificate), serial_text(&judged.certificate));
        let certificate = SignInCertificate { issuer: &issuer, serial: &serial, policies: &judged.verdict.policies };
        Role::ALL.into_iter().any(|role| match self.roles().admit(certificate, role, today, false) {
            Ok(admission) => admission.ground != Ground::Training,
            Err(NotAdmitted::NobodyAppointed | NotAdmitted::NotAppointed) => false,
            Err(NotAdmitted::TrainingTooOld { .. } | NotAdmitted::NoTraining) => true,
        })
    }
}

/// Whom a certificate names.
pub(super) fn name_in(certificate: &Certificate) -> String {
    common_name(certificate.tbs_certificate().subject()).unwrap_or_default()
}

/// The user name in a certificate's subject (`UID`, RFC 4519 §2.39), where it has one.
pub(super) fn user_name_in(certificate: &Certificate) -> Option<String> {
    let subject = certificate.tbs_certificate().subject();
    let part = subject.iter().find(|part| part.oid == rfc4519::UID)?;
    DirectoryString::try_from(&part.value).ok().map(|text| text.value().into_owned())
}
