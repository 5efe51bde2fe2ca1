//! `[Registers]` of MASTER.toml: how long the document register keeps what, and where it is when desks share it.

use std::path::PathBuf;

use super::{
    Auditor, Broken, ConfigError, Loaded, Master,
    master::one_line,
    schema::{Field, Key, Section},
};
use crate::register::{Address, RegisterPlace, Server};

/// `[Registers]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// Controls are kept for so many years after they ended, 1–100; then they may be purged.
    pub retention_years: u8,
    /// Who may open every station's register beside the station itself.
    pub auditors: Vec<Auditor>,
    /// The PostgreSQL database that desks share; `None` where each keeps its own register.
    pub shared: Option<Address>,
    /// Certificates (PEM) of the CA that the server's TLS certificate must come from; needed over a network.
    pub shared_ca: Option<PathBuf>,
    /// The file with the password of the role in `shared`.
    pub shared_password_file: Option<PathBuf>,
    /// The role that commands take which only read; without it that of `shared`.
    pub shared_reader: Option<String>,
    /// The file with the password of that role.
    pub shared_reader_password_file: Option<PathBuf>,
}

impl Registers {
    /// Where the register is, for the desk whose own folder of it is `folder`.
    pub fn place(&self, folder: PathBuf) -> RegisterPlace {
        let Some(address) = &self.shared else { return RegisterPlace::Folder(folder) };
        let server = Server::new(address.clone(), self.shared_ca.clone(), self.shared_password_file.clone());
        let reader = match &self.shared_reader {
            Some(role) => Server::new(address.with_role(role), self.shared_ca.clone(), self.shared_reader_password_file.clone()),
            None => server.clone(),
        };
        RegisterPlace::Shared { folder, server, reader }
    }
}

/// Half a shared register would only be noticed when the station opens.
pub(super) fn whole(loaded: &Loaded<Master>) -> Result<(), ConfigError> {
    let registers = &loaded.value.registers;
    let rest = [
        ("SharedCa", registers.shared_ca.is_some()),
        ("SharedPasswordFile", registers.shared_password_file.is_some()),
        ("SharedReader", registers.shared_reader.is_some()),
        ("SharedReaderPasswordFile", registers.shared_reader_password_file.is_some()),
    ];
    let (there, message, allowed) = match &registers.shared {
        None => match rest.iter().find(|(_, there)| *there) {
            Some((key, _)) => (*key, format!("[Registers] names {key} without Shared"), "Shared as well, or neither"),
            None => return Ok(()),
        },
        Some(address) if address.is_remote() && registers.shared_ca.is_none() => (
            "Shared",
            "[Registers] names a server without SharedCa".to_owned(),
            "SharedCa as well: over a network everything is encrypted",
        ),
        Some(_) if registers.shared_reader_password_file.is_some() && registers.shared_reader.is_none() => (
            "SharedReaderPasswordFile",
            "[Registers] names the password of a reader and no reader".to_owned(),
            "SharedReader as well, or neither",
        ),
        Some(_) => return Ok(()),
    };
    Err(ConfigError::one(Broken::Contradiction, loaded.contradiction("Registers", there, message, allowed)))
}

const FILE: &str = "a file name, from the folder of MASTER.toml when it is not absolute";

fn shown(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

impl Default for Registers {
    fn default() -> Self {
        Self {
            retention_years: 10,
            auditors: Vec::new(),
            shared: None,
            shared_ca: None,
            shared_password_file: None,
            shared_reader: None,
            shared_reader_password_file: None,
        }
    }
}

/// The section of the schema.
pub(super) const SECTION: Section<Master> = Section {
    name: "Registers",
    about: "The document register of each station.",
    keys: &[
        Key {
            name: "RetentionYears",
            required: false,
            since: "0.1.0",
            field: Field::Count { min: 1, max: 100, at: |master| &mut master.registers.retention_years },
            effect: "Controls are kept for so many years after they ended. `bam-station register purge` erases older ones with their \
                 evidence and personal data, and leaves a tombstone in the chain; it erases nothing younger.",
        },
        Key {
            name: "Auditors",
            required: false,
            since: "0.1.0",
            field: Field::Texts {
                allowed: "\"age1…\" or \"age1… NAME\": a public key as age-keygen prints it, and for people a space and the auditor's name",
                get: |master| master.registers.auditors.iter().map(ToString::to_string).collect(),
                set: |master, texts| {
                    let each = texts.iter().enumerate();
                    let auditors = each.map(|(at, text)| Auditor::parse(text).map_err(|wrong| (at, wrong)));
                    master.registers.auditors = auditors.collect::<Result<_, _>>()?;
                    Ok(())
                },
            },
            effect: "What a register keeps about people is sealed to its station and to each of these keys: their owners open it without \
                     the station, also when the station's own key is lost. `bam-station seal reseal` does the same for what was \
                     sealed before.",
        },
        Key {
            name: "Shared",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "postgresql://ROLE@HOST[:PORT]/DATABASE, or postgresql:///DATABASE?user=ROLE&host=/FOLDER for a socket of this \
                          machine; no password",
                get: |master| master.registers.shared.as_ref().map(ToString::to_string),
                set: |master, text| Address::parse(text.trim()).map(|address| master.registers.shared = Some(address)),
            },
            effect: "The PostgreSQL database in which all desks keep one register, evidence included (docs/shared-register.md). Without \
                     it each station keeps its own.",
        },
        Key {
            name: "SharedCa",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: FILE,
                get: |master| shown(master.registers.shared_ca.as_ref()),
                set: |master, text| one_line(text).map(|file| master.registers.shared_ca = Some(file.into())),
            },
            effect: "PEM file with the CA certificates that the certificate of Shared's server must come from. Over a network the \
                     connection is always encrypted, and no other CA counts.",
        },
        Key {
            name: "SharedPasswordFile",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: FILE,
                get: |master| shown(master.registers.shared_password_file.as_ref()),
                set: |master, text| one_line(text).map(|file| master.registers.shared_password_file = Some(file.into())),
            },
            effect: "The file at each desk whose only line is the password of Shared's role. Only its owner may read it (chmod 600).",
        },
        Key {
            name: "SharedReader",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "the name of a role",
                get: |master| master.registers.shared_reader.clone(),
                set: |master, text| one_line(text).map(|role| master.registers.shared_reader = Some(role)),
            },
            effect: "The role of `register list`, `show`, `export` and `verify`, which needs no right but to read. Without it they use \
                     Shared's role, in a connection that only reads.",
        },
        Key {
            name: "SharedReaderPasswordFile",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: FILE,
                get: |master| shown(master.registers.shared_reader_password_file.as_ref()),
                set: |master, text| one_line(text).map(|file| master.registers.shared_reader_password_file = Some(file.into())),
            },
            effect: "The file whose only line is the password of SharedReader. Only its owner may read it (chmod 600).",
        },
    ],
};
