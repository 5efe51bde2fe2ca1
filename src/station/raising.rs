//! Raising the kept reports to B-LTA in the background: the time of an authority, the CAs' answers on revocation, and a time-stamp
//! over both. What was signed stays as it is; each raised report is kept beside the registered one.

use std::{
    collections::HashMap,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Configuration,
    evidence::{
        raise::{RaiseError, raise},
        sign::{KeyStore, KeyStoreError, SignedReport},
        timestamp::TimeStampAuthority,
        verify::{Level, TrustedCas, VerifiedReport},
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
    /// Controls whose report stays below [`Level::BLTA`] for now: a fault's code, or `None` when their CA publishes nothing about
    /// revocation.
    pub waiting: Vec<(String, Option<&'static str>)>,
}

/// The authority, the CAs, and what was tried already.
pub struct RaisingRoad {
    authority: TimeStampAuthority,
    trust: Trust,
    signers: Anchors,
    tried: HashMap<String, Timestamp>,
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
        Ok(Some(Self { authority, trust, signers: Anchors::new(signers), tried: HashMap::new() }))
    }

    /// Tries every report below B-LTA that was not tried lately. When the authority is away, the round ends with that attempt.
    ///
    /// # Errors
    /// Only when the register cannot be read or written.
    pub fn round(&mut self, register: &mut Register) -> Result<Raised, RegisterError> {
        let mut done = Raised::default();
        let now = SystemClock.now();
        self.tried.retain(|_, tried| now.duration_since(*tried) < TRY_AGAIN);
        let mut place = 0;
        loop {
            let page = register.raisable_reports(&GOAL.to_string(), place, PAGE)?;
            let Some(last) = page.last() else { return Ok(done) };
            place = last.place;
            for RaisableReport { control, report, .. } in page {
                if self.tried.contains_key(&control) {
                    continue;
                }
                let pdf = match register.evidence().get(&report, MAX_EVIDENCE_BYTES) {
                    Ok(pdf) => pdf,
                    Err(error @ (RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_))) => {
                        self.wait(&mut done, control, Some(error.code()), now);
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                match self.raise(pdf) {
                    Ok(Some(raised)) => {
                        let level = raised.level();
                        register.keep_raised(&control, raised.bytes(), &level.to_string(), SystemClock.now())?;
                        if level < GOAL {
                            self.tried.insert(control.clone(), now);
                        }
                        done.raised.push((control, level));
                    }
                    Ok(None) => self.wait(&mut done, control, None, now),
                    Err(error) if error.concerns_all() => {
                        done.waiting.push((control, Some(error.code())));
                        return Ok(done);
                    }
                    Err(error) => self.wait(&mut done, control, Some(error.code()), now),
                }
            }
        }
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
                    drop(road.round(&mut register));
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
