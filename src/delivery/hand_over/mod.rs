//! Hand-over to the issuing system: each approved control is announced to it, durably and exactly once.
//!
//! The register has a place for the announcement from the moment at which the control is registered. The announcement is made and
//! kept before it is sent, sent until the issuing system has it, and then looked after until it is used, expired or withdrawn.
//! A power cut anywhere leads to the same bytes being sent again, under the same control id; the issuing system acts on a control
//! id once.

mod announcer;
mod road;

use std::{io, path::Path};

use ed25519_dalek::{SigningKey, VerifyingKey};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

pub use announcer::Announcer;
pub use road::{FolderRoad, HttpsRoad, Road, Seen};

use super::{
    authorisation::Statement,
    client::{ConnectionError, read_pem},
    outbox::back_off,
    signing_key::{self, SigningKeyError},
    tls::TlsError,
};
use crate::{
    config::HandOverSettings,
    register::{Authorisation, AuthorisationState, Register, RegisterError},
};

/// Why nothing can be handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// The key that signs the announcements.
    #[error("the key that signs authorisations, hand-over/key.der in the data folder, cannot be used: {0}")]
    Key(#[from] SigningKeyError),
    /// A configured file.
    #[error(transparent)]
    File(#[from] ConnectionError),
    /// The certificates in it.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client could not be made.
    #[error("the system's network cannot be used")]
    NoNetwork,
}

impl HandOverError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key(_) => "HAND_OVER_KEY",
            Self::File(error) => error.code(),
            Self::Tls(error) => error.code(),
            Self::NoNetwork => "DELIVERY_NO_NETWORK",
        }
    }
}

/// Why one announcement did not get through. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// The folder is not there, or not mounted.
    #[error("the folder of [HandOver] is not there: mount or make it; authorisations wait until then")]
    FolderMissing,
    /// Files in it cannot be written or read.
    #[error("the folder of [HandOver] cannot be used ({0}): check rights and room; authorisations wait until then")]
    Folder(#[from] io::Error),
    /// No answer.
    #[error("the issuing system cannot be reached: check the network; authorisations wait until then")]
    Unreachable,
    /// The issuing system does not take it.
    #[error("the issuing system refuses the authorisation: ask its administrator")]
    Refused,
    /// The control's own entries name no person, or the report is missing.
    #[error("the control cannot be announced, because its entries are not complete: run `bam-station register verify`")]
    Incomplete,
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl RoadError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FolderMissing => "HAND_OVER_FOLDER_MISSING",
            Self::Folder(_) => "HAND_OVER_FOLDER",
            Self::Unreachable => "HAND_OVER_UNREACHABLE",
            Self::Refused => "HAND_OVER_REFUSED",
            Self::Incomplete => "HAND_OVER_INCOMPLETE",
            Self::Register(error) => error.code(),
        }
    }
}

/// Why an authorisation was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// The control has none.
    #[error("this control has no authorisation: it was not approved, or is not in this register")]
    None,
    /// It is used, expired or withdrawn.
    #[error("the authorisation is {} already: what was issued is revoked at the issuing system", .0.word())]
    Settled(AuthorisationState),
    /// The issuing system could not be told.
    #[error(transparent)]
    Road(#[from] RoadError),
}

impl WithdrawError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::None => "AUTHORISATION_NONE",
            Self::Settled(_) => "AUTHORISATION_SETTLED",
            Self::Road(error) => error.code(),
        }
    }
}

impl From<RegisterError> for WithdrawError {
    fn from(error: RegisterError) -> Self {
        Self::Road(error.into())
    }
}

/// What a round is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Announce what waits.
    New,
    /// That, and ask what became of the open ones.
    All,
}

/// What one round has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HandedOver {
    /// Authorisations that came into another state.
    pub changed: Vec<(String, AuthorisationState)>,
    /// Those that could not be announced or asked about, each with its fault code.
    pub failed: Vec<(String, &'static str)>,
}

/// The id of no control.
const NO_CONTROL: &str = "00000000-0000-0000-0000-000000000000";

/// The hand-over as `[HandOver]` of MASTER.toml describes it.
pub struct HandOver {
    roads: Vec<Box<dyn Road>>,
    key: SigningKey,
    valid_for: SignedDuration,
}

/// The part of a control's first entry that the announcement needs.
#[derive(Deserialize)]
struct Opened {
    person: IssuerKey,
    rules: Rules,
}

#[derive(Deserialize)]
struct Rules {
    training: bool,
}

#[derive(Deserialize)]
struct IssuerKey {
    #[serde(default)]
    user_name: Option<String>,
}

impl HandOver {
    /// Opens the hand-over; `None` when MASTER.toml names neither folder nor address. The key lies in `folder`.
    pub fn open(settings: &HandOverSettings, folder: &Path) -> Result<Option<Self>, HandOverError> {
        let mut roads: Vec<Box<dyn Road>> = Vec::new();
        if let Some(shared) = &settings.folder {
            roads.push(Box::new(FolderRoad::new(shared)));
        }
        if let Some((url, ca)) = settings.url.as_ref().zip(settings.ca.as_ref()) {
            roads.push(Box::new(HttpsRoad::new(url, &read_pem(ca)?)?));
        }
        if roads.is_empty() {
            return Ok(None);
        }
        let key = signing_key::open_or_make(folder, "key.der")?;
        Ok(Some(Self::over(roads, key, SignedDuration::from_hours(i64::from(settings.valid_hours)))))
    }

    /// A hand-over over these roads, with announcements that are valid for so long.
    pub fn over(roads: Vec<Box<dyn Road>>, key: SigningKey, valid_for: SignedDuration) -> Self {
        Self { roads, key, valid_for }
    }

    /// Whether every road leads to the issuing system now. Nothing is announced: it is asked about a control that does not exist.
    pub fn reach(&self) -> Result<(), RoadError> {
        self.roads.iter().try_for_each(|road| road.look(NO_CONTROL).map(drop))
    }

    /// The key by which the issuing system knows this station's announcements.
    pub fn key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// Announces what waits and, in a [`Round::All`], looks after what is open. `random` gives uniformly distributed numbers for the jitter.
    ///
    /// # Errors
    /// Only when the register cannot note the outcome; everything else is noted and tried again later.
    pub fn drain(
        &self,
        register: &mut Register,
        round: Round,
        now: Timestamp,
        random: &mut dyn FnMut() -> u64,
    ) -> Result<HandedOver, RegisterError> {
        if register.seal().locked().is_some() {
            return Ok(HandedOver::default());
        }
        let mut handed = HandedOver::default();
        for authorisation in register.live_authorisations()? {
            let horizon = authorisation.next_attempt_at;
            // A moment far ahead was noted by a clock that was wrong.
            let put_off = horizon > now && horizon.duration_since(now) < SignedDuration::from_hours(1);
            if put_off || (round == Round::New && authorisation.state == AuthorisationState::Open) {
                continue;
            }
            let control = authorisation.control.clone();
            match self.advance(register, authorisation.clone(), now) {
                Ok(Some(state)) => handed.changed.push((control, state)),
                Ok(None) => {}
                Err(RoadError::Register(error)) => return Err(error),
                Err(error) => {
                    let wait = SignedDuration::try_from(back_off(authorisation.attempts, random())).unwrap_or_default();
                    register.announcement_failed(&control, error.code(), later(now, wait))?;
                    handed.failed.push((control, error.code()));
                }
            }
        }
        if round == Round::All {
            // When the folder is away, its files are cleared once it is back.
            if let Err(RoadError::Register(error)) = self.clear_leftovers(register) {
                return Err(error);
            }
        }
        Ok(handed)
    }

    /// Removes what names people on the roads although their authorisation has come to its end.
    fn clear_leftovers(&self, register: &Register) -> Result<(), RoadError> {
        for road in &self.roads {
            for control in road.leftovers()? {
                if register.authorisation(&control)?.is_some_and(|found| found.state.is_final()) {
                    road.clear(&control)?;
                }
            }
        }
        Ok(())
    }

    /// One step of one authorisation; its new state when it has changed.
    fn advance(
        &self,
        register: &mut Register,
        authorisation: Authorisation,
        now: Timestamp,
    ) -> Result<Option<AuthorisationState>, RoadError> {
        use AuthorisationState as S;
        let control = authorisation.control.clone();
        let kept = authorisation.document.zip(authorisation.valid_until);
        let (document, valid_until) = if let Some(kept) = kept {
            kept
        } else {
            let (document, valid_until) = self.announcement(register, &control)?;
            if valid_until < now {
                register.change_authorisation(&control, S::Expired, now)?;
                return Ok(Some(S::Expired));
            }
            register.keep_announcement(&control, &document, valid_until)?;
            (document, valid_until)
        };
        let seen = if valid_until < now {
            self.take_back(&control)?
        } else if authorisation.state == S::Waiting {
            self.announce(&control, &document)?
        } else {
            self.look(&control)?
        };
        if authorisation.state == S::Waiting && (seen != Seen::Unknown) {
            register.change_authorisation(&control, S::Open, now)?;
        }
        match seen {
            Seen::Used => {
                register.change_authorisation(&control, S::Used, now)?;
                self.roads.iter().try_for_each(|road| road.clear(&control))?;
                Ok(Some(S::Used))
            }
            _ if valid_until < now => {
                register.change_authorisation(&control, S::Expired, now)?;
                Ok(Some(S::Expired))
            }
            _ if authorisation.state == S::Waiting => Ok(Some(S::Open)),
            _ => Ok(None),
        }
    }

    /// Takes an authorisation back, if it was not used.
    pub fn withdraw(&self, register: &mut Register, control: &str, now: Timestamp) -> Result<(), WithdrawError> {
        use AuthorisationState as S;
        let authorisation = register.authorisation(control)?.ok_or(WithdrawError::None)?;
        if authorisation.state.is_final() {
            return Err(WithdrawError::Settled(authorisation.state));
        }
        // What waits may have been announced by an attempt whose answer did not come.
        let seen = if authorisation.document.is_some() { self.take_back(control)? } else { Seen::Unknown };
        if seen == Seen::Used {
            if authorisation.state == S::Waiting {
                register.change_authorisation(control, S::Open, now)?;
            }
            register.change_authorisation(control, S::Used, now)?;
            return Err(WithdrawError::Settled(S::Used));
        }
        Ok(register.change_authorisation(control, S::Withdrawn, now)?)
    }

    fn announcement(&self, register: &Register, control: &str) -> Result<(String, Timestamp), RoadError> {
        let finished = register.control(control)?.ok_or(RoadError::Incomplete)?;
        let first = register.entries(control)?.into_iter().next().ok_or(RoadError::Incomplete)?;
        let opened: Opened = serde_json::from_str(&first.body).map_err(|_| RoadError::Incomplete)?;
        let valid_until = later(finished.completed_at, self.valid_for);
        let statement = Statement::new(
            finished.control,
            (opened.person.user_name, opened.rules.training),
            (finished.function, finished.certificate),
            finished.report.ok_or(RoadError::Incomplete)?,
            (finished.completed_at, valid_until),
        );
        Ok((statement.sign(&self.key).map_err(|_| RoadError::Incomplete)?, valid_until))
    }

    fn announce(&self, control: &str, document: &str) -> Result<Seen, RoadError> {
        self.over_all(|road| road.announce(control, document))
    }

    fn look(&self, control: &str) -> Result<Seen, RoadError> {
        self.over_all(|road| road.look(control))
    }

    fn take_back(&self, control: &str) -> Result<Seen, RoadError> {
        self.over_all(|road| road.take_back(control))
    }

    /// One answer from all roads: used on one is used.
    fn over_all(&self, mut ask: impl FnMut(&dyn Road) -> Result<Seen, RoadError>) -> Result<Seen, RoadError> {
        let mut seen = Seen::Unknown;
        for road in &self.roads {
            match ask(road.as_ref())? {
                Seen::Used => return Ok(Seen::Used),
                Seen::Open => seen = Seen::Open,
                Seen::Unknown => {}
            }
        }
        Ok(seen)
    }
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
