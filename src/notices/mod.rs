//! Notices by mail: to holders and third parties about vouching, to an administrator about reports that cannot be delivered.
//!
//! The queue is the register's: a notice about a control is kept in the same transaction as the event that causes it. A notice
//! counts as sent when the mail server has taken it over, and is marked so at once. When the connection breaks between the
//! server's word and the mark, it goes out again with the same `Message-ID`, by which mail programs know it again: that is as far
//! as SMTP goes (RFC 5321 §4.5.3.2.6).

mod mail;
mod template;

use std::{
    fmt::Display,
    ops::ControlFlow,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use mail::Mailer;
pub use template::TemplateError;

use crate::{
    config::{Language, Master, NoticesSettings},
    directory::{Directory, DirectoryError},
    register::{JournalEntry, QueuedNotice, REGISTER_STREAM, Register, RegisterError},
    rules::LocalText,
};

/// The kind of the journal entry that an alarm about a report leaves: it is told once.
const UNDELIVERED_TOLD: &str = "undelivered-told";

/// Why no notice can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum NoticesError {
    /// No mail server.
    #[error("MASTER.toml names no mail server: fill in [Notices]")]
    NoServer,
    /// The CA file.
    #[error("the CA file of [Notices] cannot be used: give a PEM file with the mail server's CA certificates")]
    Ca,
    /// The password file.
    #[error("the password file of [Notices] cannot be used ({why})")]
    Password {
        /// Why.
        why: String,
    },
    /// An address of the configuration.
    #[error("From of [Notices] is no e-mail address")]
    From,
    /// A template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The directory with the addresses.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The system starts no thread.
    #[error("the system has no room for another thread: close other programs")]
    NoThread,
}

impl NoticesError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoServer => "NOTICES_NO_SERVER",
            Self::Ca => "NOTICES_CA_UNUSABLE",
            Self::Password { .. } => "NOTICES_PASSWORD_UNUSABLE",
            Self::From => "NOTICES_FROM_WRONG",
            Self::Template(error) => error.code(),
            Self::Directory(error) => error.code(),
            Self::Register(error) => error.code(),
            Self::NoThread => "NO_THREAD",
        }
    }
}

/// Why one mail was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendFault {
    /// Nobody knows where to.
    #[error("no e-mail address is known for the person: enter it in the directory, or set Domain in [Notices]")]
    NoAddress,
    /// The directory cannot be asked for the address.
    #[error("the directory does not answer, so the address is not known: it is tried again")]
    Directory,
    /// The mail cannot be written.
    #[error("the mail cannot be written: check the name and the address in the directory")]
    Unwritable,
    /// The server refuses this mail for good.
    #[error("the mail server refuses this mail: see the server's log, and check From in [Notices] and the person's address")]
    Refused,
    /// The server is away, busy, or not who it should be.
    #[error("the mail server does not answer, or its certificate does not count: it is tried again")]
    Server,
    /// Name or password.
    #[error("the mail server does not accept the station's name and password: check UserName and PasswordFile in [Notices]")]
    SignIn,
}

impl SendFault {
    /// The fault's code in the catalogue.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAddress => "NOTICE_NO_ADDRESS",
            Self::Directory => "NOTICE_DIRECTORY_DOWN",
            Self::Unwritable => "NOTICE_UNWRITABLE",
            Self::Refused => "NOTICE_REFUSED",
            Self::Server => "NOTICE_SERVER",
            Self::SignIn => "NOTICE_SIGN_IN",
        }
    }

    /// The next mail would fare no better.
    fn concerns_all(self) -> bool {
        matches!(self, Self::Server | Self::SignIn)
    }
}

/// What one round did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Round {
    /// Notices that the mail server took over.
    pub sent: Vec<i64>,
    /// Reports that an administrator was told of.
    pub told: Vec<String>,
    /// What waits: a notice's number or a control's name, and the fault's code.
    pub waiting: Vec<(String, &'static str)>,
}

/// The road of notices: the mail server, the templates, and where addresses come from.
pub struct Notices {
    mailer: Mailer,
    templates: template::Templates,
    directory: Option<Directory>,
    settings: NoticesSettings,
    company: String,
    office: String,
}

/// What the journal says of an alarm.
#[derive(Serialize, Deserialize)]
struct Told {
    control: String,
}

impl Notices {
    /// The road that MASTER.toml describes. Nothing is asked yet.
    ///
    /// # Errors
    /// [`NoticesError`]
    pub fn open(master: &Master, office: Option<&str>) -> Result<Self, NoticesError> {
        let settings = master.notices.clone();
        Ok(Self {
            mailer: Mailer::open(&settings)?,
            templates: template::Templates::load(settings.folder.as_deref(), settings.language)?,
            directory: Directory::open(&master.directory)?,
            company: master.common.company_name.clone(),
            office: office.unwrap_or_default().to_owned(),
            settings,
        })
    }

    /// Sends what waits: every notice once, and every alarm once.
    ///
    /// # Errors
    /// Only when the register cannot be read or written; what could not be sent stands in the [`Round`].
    pub fn round(&self, register: &mut Register, now: Timestamp) -> Result<Round, RegisterError> {
        let mut round = Round::default();
        for queued in register.queued_notices()? {
            match self.notice(&queued) {
                Ok(()) => {
                    register.notice_sent(queued.id)?;
                    round.sent.push(queued.id);
                }
                Err(fault) => {
                    round.waiting.push((queued.id.to_string(), fault.code()));
                    if fault.concerns_all() {
                        return Ok(round);
                    }
                }
            }
        }
        self.alarms(register, now, &mut round)?;
        Ok(round)
    }

    fn notice(&self, queued: &QueuedNotice) -> Result<(), SendFault> {
        let notice = &queued.notice;
        let address = self.address(notice.user_name.as_deref())?;
        let text = of(self.settings.language, &notice.text);
        let places: [(&str, &dyn Display); 5] = [
            ("name", &notice.name),
            ("text", &text),
            ("control", &queued.control),
            ("company", &self.company),
            ("office", &self.office),
        ];
        let (subject, body) = self.templates.vouched.fill(&places);
        let id = format!("{}.{}.notice", queued.control, queued.id);
        self.mailer.send(&address, &id, queued.queued_at, &subject, &body)
    }

    /// Where a person's mail goes.
    fn address(&self, user_name: Option<&str>) -> Result<String, SendFault> {
        let user_name = user_name.ok_or(SendFault::NoAddress)?;
        match (&self.directory, &self.settings.domain) {
            (Some(directory), _) => directory.email(user_name).map_err(|_| SendFault::Directory)?.ok_or(SendFault::NoAddress),
            (None, Some(domain)) => Ok(format!("{user_name}@{domain}")),
            (None, None) => Err(SendFault::NoAddress),
        }
    }

    /// Tells the administrator of reports that have not been delivered for too long.
    fn alarms(&self, register: &mut Register, now: Timestamp, round: &mut Round) -> Result<(), RegisterError> {
        let Some(to) = &self.settings.alarm_to else { return Ok(()) };
        let patience = SignedDuration::from_hours(self.settings.alarm_hours.into());
        for delivery in register.deliveries()?.into_iter().filter(|delivery| delivery.delivered_at.is_none()) {
            let control = delivery.control;
            let Some(finished) = register.control(&control)? else { continue };
            let age = now.duration_since(finished.completed_at);
            if age < patience || was_told(register, &control)? {
                continue;
            }
            let fault = delivery.last_error.unwrap_or_else(|| "–".to_owned());
            let hours = age.as_hours();
            let places: [(&str, &dyn Display); 5] = [
                ("control", &control),
                ("hours", &hours),
                ("fault", &fault),
                ("company", &self.company),
                ("office", &self.office),
            ];
            let (subject, body) = self.templates.undelivered.fill(&places);
            match self.mailer.send(to, &format!("{control}.undelivered"), now, &subject, &body) {
                Ok(()) => {
                    let told = JournalEntry::new(UNDELIVERED_TOLD, &Told { control: control.clone() })?;
                    register.append(REGISTER_STREAM, &[told], now)?;
                    round.told.push(control);
                }
                Err(fault) => {
                    round.waiting.push((control, fault.code()));
                    if fault.concerns_all() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

fn of(language: Language, text: &LocalText) -> &str {
    language.of(text)
}

fn was_told(register: &Register, control: &str) -> Result<bool, RegisterError> {
    let found = register.find_newest(UNDELIVERED_TOLD, |entry| match serde_json::from_str::<Told>(&entry.body) {
        Ok(told) if told.control == control => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })?;
    Ok(found.is_some())
}

/// The pause after a round in which nothing went wrong.
const PAUSE: Duration = Duration::from_mins(1);

/// No pause is longer, however often the mail server was away.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The pause before the next round, after so many rounds in a row in which something waited.
pub fn pause_after(failures: u32) -> Duration {
    PAUSE.saturating_mul(2u32.saturating_pow(failures.min(10))).min(LONGEST_PAUSE)
}

/// The thread that sends notices while the station is open. It ends when this is dropped.
pub struct Sender {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sender {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`NoticesError::NoThread`]
    pub fn start(notices: Notices, mut register: Register) -> Result<Self, NoticesError> {
        let (stop, stopped) = mpsc::channel::<()>();
        let work = move || {
            let mut failures = 0;
            loop {
                // A register that is busy or full is tried again; whoever works at the desk is told by their own work.
                failures = match notices.round(&mut register, Timestamp::now()) {
                    Ok(round) if round.waiting.is_empty() => 0,
                    _ => failures + 1,
                };
                if let Err(mpsc::RecvTimeoutError::Disconnected) = stopped.recv_timeout(pause_after(failures)) {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("notices".to_owned()).spawn(work).map_err(|_| NoticesError::NoThread)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
