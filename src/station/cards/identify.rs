//! The holder's own card, and a third party's.

use std::ops::ControlFlow;

use jiff::ToSpan as _;
use x509_cert::Certificate;

use super::{
    CardFault, keep,
    read::{OpenCard, name_in, user_name_in},
};
use crate::{
    control::{
        Command, Control, Event, Now, Step,
        own_card::ProvenCard,
        vouching::{PreviousScan, ThirdParty, check_limit},
    },
    device::card::{CardError, ReaderPlace, Slot},
    register::RegisterError,
    rules::CertificateKind,
    secret::PinEntry,
    station::{ActError, Station, journal, people::EarlierControl},
    trust::{Usage, Verdict, issuer_text, serial_text, validity},
};

/// What a third party says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// The full name of the holder.
    pub name: String,
    /// How the person is known.
    pub statement: String,
    /// The third party is the holder's superior.
    pub superior: bool,
}

/// A card in the holder's reader that trust accepts, before its PIN.
struct Identified {
    card: OpenCard,
    slot: Slot,
    verdict: Verdict,
    proven: ProvenCard,
}

impl Station {
    /// Own card: the card in the holder's reader proves its key after the holder's PIN. What the rules refuse is refused before
    /// the PIN is used.
    ///
    /// # Errors
    /// The reader, the card, trust or the rules.
    pub fn prove_own_card(&mut self, pin: PinEntry) -> Result<&Control, CardFault> {
        let control = self.attended()?;
        let kind = control.opening().certificate;
        control.ready_for_card()?;
        let mut identified = self.identified(kind)?;
        self.attended()?.decide(Command::ProveOwnCard(identified.proven.clone()), self.now())?;
        identified.card.prove(identified.slot, pin)?;
        let card = self.keep_proven(identified)?;
        Ok(self.keep(Command::ProveOwnCard(card))?)
    }

    /// A third party, whose card is in the holder's reader, proves it with its PIN and vouches. How often one person may vouch
    /// is counted in the register, before the PIN is used.
    ///
    /// # Errors
    /// The reader, the card, trust or the rules.
    pub fn vouch(&mut self, says: Says, pin: PinEntry) -> Result<&Control, CardFault> {
        let control = self.attended()?;
        let kind = control.opening().certificate;
        if control.step() != Step::ThirdParty {
            return Err(crate::control::Refusal::NotThisStep { at: control.step() }.into());
        }
        let mut identified = self.identified(kind)?;
        let Says { name: says_name, statement, superior } = says;
        let third_party = ThirdParty { card: identified.proven.clone(), says_name, statement, superior };
        let now = self.now();
        self.attended()?.decide(Command::Vouch(Box::new(third_party.clone())), now)?;
        self.check_vouch_limit(&identified.proven, now)?;
        identified.card.prove(identified.slot, pin)?;
        let card = self.keep_proven(identified)?;
        Ok(self.keep(Command::Vouch(Box::new(ThirdParty { card, ..third_party })))?)
    }

    /// The operator compared the person with the document of the earlier control, whose picture was shown.
    ///
    /// # Errors
    /// [`CardFault::NoEarlierScan`], or the rules.
    pub fn compare_previous(&mut self, alike: bool) -> Result<&Control, CardFault> {
        self.attended()?;
        let earlier = self.earlier_scan()?.ok_or(CardFault::NoEarlierScan)?;
        let comparison = PreviousScan { control: earlier.id, upright: earlier.upright, alike };
        Ok(self.keep(Command::ComparePreviousScan(comparison))?)
    }

    /// The newest control of the same person with an accepted scan, at the step that compares with it.
    ///
    /// # Errors
    /// The register.
    pub fn earlier_scan(&self) -> Result<Option<EarlierControl>, ActError> {
        let Some(control) = self.control().filter(|control| control.step() == Step::ThirdParty) else { return Ok(None) };
        if !control.opening().plan.compare_previous_scan {
            return Ok(None);
        }
        self.newest_scan_of(&control.opening().person)
    }

    /// The card in the holder's reader: the certificate of this kind that identifies a person.
    fn identified(&self, kind: CertificateKind) -> Result<Identified, CardFault> {
        let card = self.cards.read_certificates(ReaderPlace::Holder)?;
        let at = self.now().at;
        let mut refused = None;
        let mut found = None;
        for (slot, certificate) in card.personal() {
            let verdict = self.cards.trust().judge(certificate, Usage::Identify, at);
            // Whose state is known was accepted but for being expired or revoked, and that is for the rules to decide.
            match (verdict.kind == Some(kind), verdict.state) {
                (true, Some(state)) => {
                    found = Some((slot, proven(certificate, kind, state), verdict));
                    break;
                }
                (true, None) => refused = verdict.objection,
                (false, _) => refused = refused.or_else(|| verdict.objection.filter(|_| verdict.kind.is_none())),
            }
        }
        match (found, refused) {
            (Some((slot, proven, verdict)), _) => Ok(Identified { card, slot, verdict, proven }),
            (None, Some(objection)) => Err(objection.into()),
            (None, None) if card.personal().next().is_none() => {
                Err(CardError::NoCertificate { slot: Slot::Authentication }.into())
            }
            (None, None) => Err(CardFault::NoCertificateOfKind),
        }
    }

    fn keep_proven(&self, identified: Identified) -> Result<ProvenCard, RegisterError> {
        let judged = keep(self.register.evidence(), &identified.verdict)?;
        Ok(ProvenCard { judged: Some(Box::new(judged)), ..identified.proven })
    }

    fn check_vouch_limit(&self, card: &ProvenCard, now: Now) -> Result<(), CardFault> {
        let limit = self.configuration.master.value.third_party;
        let zone = self.configuration.zone();
        let first = now.today.saturating_sub(i64::from(limit.days).days());
        let mut vouched = Vec::new();
        self.register.find_newest("third-party-vouched", |entry| -> ControlFlow<()> {
            let day = entry.at.to_zoned(zone.clone()).date();
            if day < first {
                return ControlFlow::Break(());
            }
            if let Some(Event::ThirdPartyVouched(earlier)) = journal::event(entry)
                && same_person(&earlier.card, card)
            {
                vouched.push(day);
            }
            ControlFlow::Continue(())
        })?;
        Ok(check_limit(limit, vouched, now.today)?)
    }
}

/// The same certificate, or the same person with another one: a new card does not begin the count anew.
fn same_person(one: &ProvenCard, other: &ProvenCard) -> bool {
    let same_certificate =
        one.certificate_issuer == other.certificate_issuer && one.certificate_serial == other.certificate_serial;
    let same_name = match one.user_name.as_deref().zip(other.user_name.as_deref()) {
        Some((one, other)) => crate::rules::name::is_same(one, other),
        None => crate::rules::name::is_same(&one.name, &other.name),
    };
    same_certificate || same_name
}

fn proven(certificate: &Certificate, kind: CertificateKind, state: crate::rules::CardState) -> ProvenCard {
    ProvenCard {
        name: name_in(certificate),
        user_name: user_name_in(certificate),
        certificate_issuer: issuer_text(certificate),
        certificate_serial: serial_text(certificate),
        certificate: kind,
        state,
        valid_until: validity(certificate).1,
        judged: None,
    }
}
