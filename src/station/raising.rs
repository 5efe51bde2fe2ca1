//! Raising the kept reports to B-LTA in the background: the time of an authority, the CAs' answers on revocation, and a
//! time-stamp over both; and renewing them before the newest time-stamp's certificate ends. What was signed stays as it is; each
//! raised report is kept beside the registered one.

use std::{
    collections::HashMap,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Configuration,
    digest::Digest,
    evidence::{
        raise::{RaiseError, is_due, raise},
        sign::{KeyStore, KeyStoreError, SignedReport},
        timestamp::TimeStampAuthority,
        verify::{Level, TrustedCas, VerifiedReport, newest_time_stamp_lasts},
    },
    register::{MAX_EVIDENCE_BYTES, RaisableReport, Register, RegisterError},
    trust::{Anchors, Desk, Trust, TrustFileError},
};

use super::{
    Clock as _, DataFolder, Station, SystemClock,
    time_stamp::{AuthorityError, authority},
};

/// The level at which a report proves its control without anybody's help.
const GOAL: Level = Level::BLTA;
/// A report that could not be raised now is tried again after so long: CAs come back, and lists are published daily.
const TRY_AGAIN: SignedDuration = SignedDuration::from_hours(6);
/// So many reports are asked for at once.
const PAGE: u16 = 100;
/// No report has this level: every report is below it.
const NO_LEVEL: &str = "";
/// An open station looks into so many reports a round that it has not looked into since it was opened.
const LOOKS: usize = 200;

/// Why there is no road to B-LTA.
#[derive(Debug, thiserror::Error)]
pub enum RaisingError {
    /// The time-stamping authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The CAs that are trusted.
    #[error(transparent)]
    Trust(#[from] TrustFileError),
    /// The station's keys.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The system starts no thread.
    #[error("the system has no room for another thread: close other programs")]
    NoThread,
}

impl RaisingError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Authority(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::NoThread => "NO_THREAD",
        }
    }
}

/// What one round has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Raised {
    /// Controls whose report was raised, each with the level that was reached.
    pub raised: Vec<(String, Level)>,
    /// Controls whose report stays below [`Level::BLTA`] for now, or whose newest time-stamp ends soon: a fault's code, or `None`
    /// when their CA publishes nothing about revocation or the authority's certificate does not last longer either.
    pub waiting: Vec<(String, Option<&'static str>)>,
}

/// The authority, the CAs, and what was tried already.
pub struct RaisingRoad {
    authority: TimeStampAuthority,
    trust: Trust,
    signers: Anchors,
    tried: HashMap<String, Timestamp>,
    /// Until when the newest time-stamps of archived reports last; `None` for reports without one.
    lasting: HashMap<String, Option<Timestamp>>,
}

impl RaisingRoad {
    /// The road; `None` when MASTER.toml names no time-stamping authority.
    pub fn open(configuration: &Configuration, data: &DataFolder, keys: &KeyStore) -> Result<Option<Self>, RaisingError> {
        let Some(authority) = authority(configuration)? else { return Ok(None) };
        let own = keys.anchors()?;
        let master = &configuration.master.value;
        let desk =
            if configuration.training() { Desk::Training { authorities: own.certificates().to_vec() } } else { Desk::Production };
        let trust = Trust::open(&master.trust, &master.proxy, desk, &data.revocation())?;
        // The station's own CA signs reports at a training desk; elsewhere only those of [Trust] do.
        let signers = [own.certificates(), trust.anchors().certificates()].concat();
        Ok(Some(Self { authority, trust, signers: Anchors::new(signers), tried: HashMap::new(), lasting: HashMap::new() }))
    }

    /// Tries every report below B-LTA that was not tried lately, then those at B-LTA that are due for another time-stamp. When
    /// the authority is away, the round ends with that attempt.
    ///
    /// # Errors
    /// Only when the register cannot be read or written.
    pub fn round(&mut self, register: &mut Register) -> Result<Raised, RegisterError> {
        self.round_of(register, usize::MAX)
    }

    /// [`RaisingRoad::round`], which looks into at most so many archived reports that it does not know yet.
    fn round_of(&mut self, register: &mut Register, mut looks: usize) -> Result<Raised, RegisterError> {
        let mut done = Raised::default();
        let now = SystemClock.now();
        self.tried.retain(|_, tried| now.duration_since(*tried) < TRY_AGAIN);
        for level in [GOAL.to_string().as_str(), NO_LEVEL] {
            let mut place = 0;
            loop {
                let page = register.raisable_reports(level, place, PAGE)?;
                let Some(last) = page.last() else { break };
                place = last.place;
                for RaisableReport { control, report, .. } in page {
                    if self.tried.contains_key(&control) {
                        continue;
                    }
                    if level == NO_LEVEL && !self.is_due(register, &control, &report, now, &mut looks)? {
                        continue;
                    }
                    if self.raise_kept(register, control, &report, now, &mut done)? == Next::Stop {
                        return Ok(done);
                    }
                }
            }
        }
        Ok(done)
    }

    /// Whether an archived report needs another time-stamp. One that cannot be read is told of by `register verify`.
    fn is_due(
        &mut self,
        register: &Register,
        control: &str,
        report: &Digest,
        now: Timestamp,
        looks: &mut usize,
    ) -> Result<bool, RegisterError> {
        if let Some(lasts) = self.lasting.get(control) {
            return Ok(lasts.is_some_and(|lasts| is_due(lasts, now)));
        }
        let Some(left) = looks.checked_sub(1) else { return Ok(false) };
        *looks = left;
        let lasts = match register.evidence().get(report, MAX_EVIDENCE_BYTES) {
            Ok(pdf) => newest_time_stamp_lasts(&pdf),
            Err(RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_)) => None,
            Err(error) => return Err(error),
        };
        self.lasting.insert(control.to_owned(), lasts);
        Ok(lasts.is_some_and(|lasts| is_due(lasts, now)))
    }

    /// Raises or renews one report and keeps the outcome.
    fn raise_kept(
        &mut self,
        register: &mut Register,
        control: String,
        report: &Digest,
        now: Timestamp,
        done: &mut Raised,
    ) -> Result<Next, RegisterError> {
        let pdf = match register.evidence().get(report, MAX_EVIDENCE_BYTES) {
            Ok(pdf) => pdf,
            Err(error @ (RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_))) => {
                self.wait(done, control, Some(error.code()), now);
                return Ok(Next::GoOn);
            }
            Err(error) => return Err(error),
        };
        match self.raise(pdf) {
            Ok(Some(raised)) => {
                let level = raised.level();
                register.keep_raised(&control, raised.bytes(), &level.to_string(), SystemClock.now())?;
                self.lasting.insert(control.clone(), raised.archived_until());
                if level < GOAL {
                    self.tried.insert(control.clone(), now);
                }
                done.raised.push((control, level));
            }
            Ok(None) => self.wait(done, control, None, now),
            Err(error) if error.concerns_all() => {
                done.waiting.push((control, Some(error.code())));
                return Ok(Next::Stop);
            }
            Err(error) => self.wait(done, control, Some(error.code()), now),
        }
        Ok(Next::GoOn)
    }

    fn wait(&mut self, done: &mut Raised, control: String, code: Option<&'static str>, now: Timestamp) {
        self.tried.insert(control.clone(), now);
        done.waiting.push((control, code));
    }

    fn raise(&self, pdf: Vec<u8>) -> Result<Option<VerifiedReport>, RaiseError> {
        let clock = || SystemClock.now();
        let trusted = TrustedCas { signers: &self.signers, time_stamps: self.authority.anchors() };
        let report = VerifiedReport::check(SignedReport::new(pdf), trusted, clock())?;
        raise(&report, &self.authority, &self.trust, trusted, &clock)
    }
}

/// Whether the round goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

impl Station {
    /// The road on which this station's reports reach B-LTA.
    pub fn raising_road(&self) -> Result<Option<RaisingRoad>, RaisingError> {
        RaisingRoad::open(&self.configuration, &self.data, &self.keys)
    }
}

/// The thread that raises reports while the station runs. It ends when this is dropped.
pub struct Raiser {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The pause between two rounds. Nobody waits for a raised report.
const PAUSE: Duration = Duration::from_mins(5);

impl Raiser {
    /// Starts the thread.
    pub fn start(mut road: RaisingRoad, mut register: Register) -> Result<Self, RaisingError> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::Builder::new()
            .name("raiser".to_owned())
            .spawn(move || {
                loop {
                    // A register that is busy or full is tried again; whoever works at the desk is told by their own work.
                    drop(road.round_of(&mut register, LOOKS));
                    if let Err(mpsc::RecvTimeoutError::Disconnected) = stopped.recv_timeout(PAUSE) {
                        return;
                    }
                }
            })
            .map_err(|_| RaisingError::NoThread)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Raiser {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
