//! `[HandOver]` of MASTER.toml: how the issuing system is told of approved controls.

use std::path::PathBuf;

use super::{
    Broken, ConfigError, Loaded, Master,
    master::{https_address, one_line},
    schema::{Field, Key, Section},
};

/// `[HandOver]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverSettings {
    /// The folder into which authorisations are put.
    pub folder: Option<PathBuf>,
    /// The address to which they are sent, HTTPS; comes with `ca`.
    pub url: Option<String>,
    /// Certificates (PEM) of the CA that the server's TLS certificate must come from.
    pub ca: Option<PathBuf>,
    /// An authorisation is valid for so many hours after the approval, 1–8760.
    pub valid_hours: u16,
}

impl Default for HandOverSettings {
    fn default() -> Self {
        Self { folder: None, url: None, ca: None, valid_hours: 72 }
    }
}

/// An address without the CA of its server cannot be used.
pub(super) fn whole(loaded: &Loaded<Master>) -> Result<(), ConfigError> {
    let HandOverSettings { url, ca, .. } = &loaded.value.hand_over;
    let (there, missing) = match (url, ca) {
        (Some(_), None) => ("Url", "Ca"),
        (None, Some(_)) => ("Ca", "Url"),
        _ => return Ok(()),
    };
    let message = format!("[HandOver] names {there} without {missing}");
    let diagnostic = loaded.contradiction("HandOver", there, message, "both Url and Ca, or none of them");
    Err(ConfigError::one(Broken::Contradiction, diagnostic))
}

/// The section of the schema.
pub(super) const SECTION: Section<Master> = Section {
    name: "HandOver",
    about: "How the issuing system is told, once, of each approved control (docs/hand-over.md). Without Folder and Url it is not told.",
    keys: &[
        Key {
            name: "Folder",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "an existing folder, from the folder of MASTER.toml when it is not absolute",
                get: |master| master.hand_over.folder.as_ref().map(|path| path.display().to_string()),
                set: |master, text| one_line(text).map(|folder| master.hand_over.folder = Some(folder.into())),
            },
            effect: "Each authorisation is put there as CONTROL.json; the issuing system renames it to CONTROL.used.json before it acts.",
        },
        Key {
            name: "Url",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "an address https://HOST[:PORT][/PATH]",
                get: |master| master.hand_over.url.clone(),
                set: |master, text| https_address(text).map(|url| master.hand_over.url = Some(url)),
            },
            effect: "Each authorisation is sent there with POST. Needs Ca.",
        },
        Key {
            name: "Ca",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "a file name, from the folder of MASTER.toml when it is not absolute",
                get: |master| master.hand_over.ca.as_ref().map(|path| path.display().to_string()),
                set: |master, text| one_line(text).map(|file| master.hand_over.ca = Some(file.into())),
            },
            effect: "PEM file with the CA certificates that the certificate of Url's server must come from. No other CA counts.",
        },
        Key {
            name: "ValidHours",
            required: false,
            since: "0.1.0",
            field: Field::Number { min: 1, max: 8760, at: |master| &mut master.hand_over.valid_hours },
            effect: "An authorisation may be used for so many hours after the approval; then it expires.",
        },
    ],
};
