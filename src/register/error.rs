//! Why the register could not do what it was asked to do.

use std::{error::Error, io};

use crate::{digest::Digest, seal::SealError};

/// Why the register could not do what it was asked to do. Nothing was changed when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Another process holds the writers' lock.
    #[error("another station has this register open: close it first, or give this one a data folder of its own")]
    InUse,
    /// A reader found no register.
    #[error("there is no register in this data folder: check --data, or open the station once to make it")]
    Missing,
    /// The operating system forbids it.
    #[error("the data folder may not be read or written by this user: give the station's user the rights to it")]
    Forbidden,
    /// The file system or the database is read-only.
    #[error("the data folder is read-only: move it to a disk that can be written, or remount this one")]
    ReadOnly,
    /// No room left, or the quota is used up.
    #[error("the disk is full: free some room; what was registered before is safe")]
    DiskFull,
    /// The database or its content is not what was written.
    #[error("the register is damaged ({0}): keep the folder as it is and restore it from a backup")]
    Damaged(String),
    /// Evidence is kept here, but the journal that names it is gone.
    #[error(
        "the register's evidence is here, but its database register.db is gone: keep the folder as it is and restore it from a backup"
    )]
    DatabaseLost,
    /// The file is a database of some other program.
    #[error("the file register.db belongs to another program: check --data")]
    Foreign,
    /// The register was written by another version of the program.
    #[error(
        "the register has version {found}, this program knows {known}: use the newest program, and open the register with the station once"
    )]
    OtherVersion {
        /// Version in the file.
        found: i32,
        /// Version of this program.
        known: i32,
    },
    /// A raised report that is not the earlier one with something after it.
    #[error(
        "the raised report does not begin with the registered one, so it was not kept: report this as an error of the program"
    )]
    NotAnExtension,
    /// The server of the shared register does not answer, or the connection was lost.
    #[error(
        "the server of the shared register does not answer: what was kept is safe, and the control stands where it stood; try again when network and server are back"
    )]
    ServerAway,
    /// The server does not let this role in, or has no such database.
    #[error(
        "the server of the shared register does not let this station in: check role and database in Shared, and the password file"
    )]
    ServerRefused,
    /// The server's certificate does not come from the CA that is trusted.
    #[error("the server of the shared register is not the one that is trusted: check SharedCa and the server's certificate")]
    ServerNotTrusted,
    /// The role may not do this.
    #[error("the role at the shared register may not do this: use a role with the rights for it (docs/shared-register.md)")]
    RoleForbidden,
    /// Address, CA or password file of the shared register cannot be used.
    #[error("the shared register cannot be reached with this configuration: {0}")]
    SharedSettings(&'static str),
    /// The connection was lost while a step was being kept, and the server could not be asked what became of it.
    #[error(
        "the connection to the shared register was lost while a step was being kept: open the station again; it stands where the register says"
    )]
    StepUnknown,
    /// The control was begun at another desk.
    #[error("this control was begun at another desk: go on with it there")]
    OtherDesk,
    /// The control was begun at this very desk.
    #[error("this control was begun at this desk: open the station here and end it there")]
    OwnControl,
    /// Another desk has ended the control for this one.
    #[error("this control was ended at another desk: start the station again, and begin it anew")]
    EndedElsewhere,
    /// A lock inside the database was held for too long.
    #[error("the register was busy for too long: try again")]
    Busy,
    /// A stream, kind or other word is not made of 1–64 letters, digits and hyphens.
    #[error("a name in the register has 1–64 letters, digits and hyphens")]
    BadName,
    /// The journal entry's content could not be written as JSON.
    #[error("a journal entry could not be written as JSON: report this as an error of the program")]
    BadBody,
    /// Something is larger than the register takes.
    #[error("too large for the register: at most {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The control has its place in the register already.
    #[error("this control is in the register already; it is kept once and never changed")]
    AlreadyRegistered,
    /// No such control.
    #[error("there is no such control in this register")]
    NotRegistered,
    /// Only a control with a report can be delivered.
    #[error("a control without a report cannot be delivered")]
    NothingToDeliver,
    /// The control is not in the outbox.
    #[error("this control is not in the outbox")]
    NotInOutbox,
    /// Another receipt has been kept for this control.
    #[error("another receipt has been kept for this control: ask the archive why there are two")]
    OtherReceiptKept,
    /// The authorisation has come to its end, or is in another state than was thought.
    #[error("the authorisation of this control is settled: look at it with `bam-station authorisation show`")]
    AuthorisationSettled,
    /// No file with this digest.
    #[error("the evidence {0} is not in the register: restore it from a backup")]
    EvidenceMissing(Digest),
    /// The file is not what its name says.
    #[error("the evidence {0} was changed after it was kept: restore it from a backup")]
    EvidenceDamaged(Digest),
    /// The machine's source of random numbers failed.
    #[error("the system gives no random numbers: restart the machine")]
    NoRandomness,
    /// Any other failure of a file.
    #[error("a file of the register could not be read or written: {0}")]
    File(io::Error),
    /// Any other failure of the database.
    #[error("the database of the register failed: {0}")]
    Database(Box<dyn Error + Send + Sync>),
    /// The seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A statement and its values do not fit each other.
    #[error("a statement to the register's database is wrong: report this as an error of the program")]
    BadStatement,
}

impl RegisterError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse => "REGISTER_IN_USE",
            Self::Missing => "REGISTER_MISSING",
            Self::Forbidden => "REGISTER_FORBIDDEN",
            Self::ReadOnly => "REGISTER_READ_ONLY",
            Self::DiskFull => "REGISTER_DISK_FULL",
            Self::Damaged(_) => "REGISTER_DAMAGED",
            Self::DatabaseLost => "REGISTER_DATABASE_LOST",
            Self::Foreign => "REGISTER_FOREIGN",
            Self::OtherVersion { .. } => "REGISTER_OTHER_VERSION",
            Self::NotAnExtension => "REGISTER_NOT_AN_EXTENSION",
            Self::ServerAway => "REGISTER_SERVER_AWAY",
            Self::ServerRefused => "REGISTER_SERVER_REFUSED",
            Self::ServerNotTrusted => "REGISTER_SERVER_NOT_TRUSTED",
            Self::RoleForbidden => "REGISTER_ROLE_FORBIDDEN",
            Self::SharedSettings(_) => "REGISTER_SHARED_SETTINGS",
            Self::StepUnknown => "REGISTER_STEP_UNKNOWN",
            Self::OtherDesk => "REGISTER_OTHER_DESK",
            Self::OwnControl => "REGISTER_OWN_CONTROL",
            Self::EndedElsewhere => "REGISTER_ENDED_ELSEWHERE",
            Self::Busy => "REGISTER_BUSY",
            Self::BadName | Self::BadBody => "REGISTER_BAD_ENTRY",
            Self::TooLarge { .. } => "REGISTER_TOO_LARGE",
            Self::AlreadyRegistered => "REGISTER_ALREADY_REGISTERED",
            Self::NotRegistered => "REGISTER_NO_SUCH_CONTROL",
            Self::NothingToDeliver | Self::NotInOutbox => "REGISTER_NOT_IN_OUTBOX",
            Self::OtherReceiptKept => "REGISTER_OTHER_RECEIPT",
            Self::AuthorisationSettled => "AUTHORISATION_SETTLED",
            Self::EvidenceMissing(_) => "REGISTER_EVIDENCE_MISSING",
            Self::EvidenceDamaged(_) => "REGISTER_EVIDENCE_DAMAGED",
            Self::NoRandomness => "REGISTER_NO_RANDOMNESS",
            Self::File(_) => "REGISTER_FILE_FAILED",
            Self::Seal(error) => error.code(),
            Self::Database(_) | Self::BadStatement => "REGISTER_DATABASE_FAILED",
        }
    }
}

impl From<io::Error> for RegisterError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            _ => Self::File(error),
        }
    }
}
