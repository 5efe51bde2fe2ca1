//! MASTER.toml: what holds at every desk of the organisation. The words are those of BAM's MASTER file.

use std::path::{Path, PathBuf};

use const_oid::ObjectIdentifier;
use ed25519_dalek::VerifyingKey;

use super::{
    Broken, ConfigError, Loaded, reader,
    schema::{Field, Key, Schema, Section},
    source::{FILE_LIMIT, Source},
};
use crate::rules::{CertificateKind, IssueProcess, LraMode};

/// The content of MASTER.toml.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Master {
    /// `[Common]`.
    pub common: Common,
    /// `[IssueProcess]`.
    pub issue_process: IssueProcess,
    /// `[Delivery]`.
    pub delivery: Delivery,
    /// `[TimeStamp]`.
    pub time_stamp: TimeStamp,
    /// `[Terms]`.
    pub terms: TermsPlace,
}

/// `[Common]`: who the organisation is and what it issues.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common {
    /// Local, qualified or both kinds of certificates.
    pub lra_mode: LraMode,
    /// The organisation as every report names it.
    pub company_name: String,
}

/// `[Delivery]`: the archive that receives the reports of qualified controls. Either all of it or nothing is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Address of the archive, HTTPS.
    pub archive_url: Option<String>,
    /// Certificates (PEM) of the CA that the archive's TLS certificate must come from; no other CA counts.
    pub archive_ca: Option<PathBuf>,
    /// The archive's Ed25519 public key, which signs its receipts.
    pub receipt_key: Option<ReceiptKey>,
    /// The station's TLS client certificate (PEM).
    pub client_certificate: Option<PathBuf>,
    /// The private key (PEM) of that certificate.
    pub client_key: Option<PathBuf>,
}

/// An Ed25519 public key (RFC 8032) that is a point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptKey([u8; 32]);

impl ReceiptKey {
    /// The 32 bytes of the key.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key written as 64 hexadecimal digits.
    fn from_hex(text: &str) -> Option<Self> {
        let digest: crate::digest::Digest = text.to_ascii_lowercase().parse().ok()?;
        VerifyingKey::from_bytes(digest.as_bytes()).ok().map(|key| Self(key.to_bytes()))
    }

    fn to_hex(self) -> String {
        crate::digest::Digest::from_bytes(self.0).to_string()
    }
}

/// The archive, when `[Delivery]` names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive<'a> {
    /// Address, HTTPS.
    pub url: &'a str,
    /// CA certificates, a PEM file.
    pub ca: &'a Path,
    /// The key that signs receipts.
    pub receipt_key: ReceiptKey,
    /// TLS client certificate, a PEM file.
    pub client_certificate: &'a Path,
    /// Its private key, a PEM file.
    pub client_key: &'a Path,
}

impl Delivery {
    /// The archive; `None` when the file names none. A file that names half an archive is not loaded at all.
    pub fn archive(&self) -> Option<Archive<'_>> {
        Some(Archive {
            url: self.archive_url.as_deref()?,
            ca: self.archive_ca.as_deref()?,
            receipt_key: self.receipt_key?,
            client_certificate: self.client_certificate.as_deref()?,
            client_key: self.client_key.as_deref()?,
        })
    }

    /// The files that `[Delivery]` names, with their keys.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let files =
            [("ArchiveCa", &self.archive_ca), ("ClientCertificate", &self.client_certificate), ("ClientKey", &self.client_key)];
        files.into_iter().filter_map(|(key, file)| Some((key, file.as_deref()?)))
    }
}

/// `[TimeStamp]`: the authority that confirms the time of every signature. Address and CA, or neither.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeStamp {
    /// Address of the authority (RFC 3161 over HTTP or HTTPS).
    pub url: Option<String>,
    /// Certificates (PEM) of the CAs of the authority; no other CA counts.
    pub ca: Option<PathBuf>,
    /// The policy that is asked for.
    pub policy: Option<ObjectIdentifier>,
}

impl TimeStamp {
    /// Address and CA file of the authority; `None` when the file names none.
    pub fn authority(&self) -> Option<(&str, &Path)> {
        self.url.as_deref().zip(self.ca.as_deref())
    }
}

/// `[Terms]`: where the terms are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermsPlace {
    /// The folder that holds `terms.toml`; `None` for the folder `terms` beside LOCAL.toml.
    pub folder: Option<PathBuf>,
}

impl Master {
    /// The station may issue certificates of this kind.
    pub fn issues(&self, kind: CertificateKind) -> bool {
        match self.common.lra_mode {
            LraMode::Local => kind == CertificateKind::Local,
            LraMode::Buypass => kind == CertificateKind::Qualified,
            LraMode::Mixed => true,
        }
    }
}

/// Reads MASTER.toml. Files and folders that it names are taken from its own folder.
pub fn load_master(path: &Path) -> Result<Loaded<Master>, ConfigError> {
    let source = Source::read(path, FILE_LIMIT)?;
    let mut loaded = reader::read(&source, &SCHEMA)?;
    whole_archive(&loaded)?;
    whole_authority(&loaded)?;

    let folder = path.parent().unwrap_or(Path::new(""));
    let Master { delivery, time_stamp, terms, .. } = &mut loaded.value;
    let Delivery { archive_ca, client_certificate, client_key, .. } = delivery;
    let named = [archive_ca, client_certificate, client_key, &mut time_stamp.ca, &mut terms.folder];
    for file in named.into_iter().flatten() {
        *file = folder.join(&*file);
    }
    Ok(loaded)
}

/// Half an archive would only be noticed when the first qualified report cannot be delivered.
fn whole_archive(loaded: &Loaded<Master>) -> Result<(), ConfigError> {
    let delivery = &loaded.value.delivery;
    let keys = [
        ("ArchiveUrl", delivery.archive_url.is_some()),
        ("ArchiveCa", delivery.archive_ca.is_some()),
        ("ReceiptKey", delivery.receipt_key.is_some()),
        ("ClientCertificate", delivery.client_certificate.is_some()),
        ("ClientKey", delivery.client_key.is_some()),
    ];
    let names = |there: bool| keys.iter().filter(move |(_, is)| *is == there).map(|(key, _)| *key).collect::<Vec<_>>();
    let missing = names(false);
    match names(true).first() {
        Some(first) if !missing.is_empty() => {
            let message = format!("[Delivery] names an archive only in part: {} missing", missing.join(", "));
            let allowed = "all five keys of [Delivery], or none of them";
            Err(ConfigError::one(Broken::Contradiction, loaded.contradiction("Delivery", first, message, allowed)))
        }
        _ => Ok(()),
    }
}

/// Half an authority would only be noticed when the first report is signed.
fn whole_authority(loaded: &Loaded<Master>) -> Result<(), ConfigError> {
    let TimeStamp { url, ca, policy } = &loaded.value.time_stamp;
    let half = url.is_some() != ca.is_some() || (policy.is_some() && url.is_none());
    if !half {
        return Ok(());
    }
    let present = if url.is_some() {
        "Url"
    } else if ca.is_some() {
        "Ca"
    } else {
        "Policy"
    };
    let message = "[TimeStamp] names an authority only in part".to_owned();
    let contradiction = loaded.contradiction("TimeStamp", present, message, "Url and Ca, or neither");
    Err(ConfigError::one(Broken::Contradiction, contradiction))
}

/// A text on one line that says something and is not endless.
pub(super) fn one_line(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("is blank")
    } else if text.chars().any(char::is_control) {
        Err("has a control character")
    } else if text.chars().count() > 200 {
        Err("is too long")
    } else {
        Ok(text.trim().to_owned())
    }
}

const FILE: &str = "a file name, from the folder of MASTER.toml when it is not absolute";

fn shown(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

/// The description of MASTER.toml.
pub static SCHEMA: Schema<Master> = Schema {
    file: "MASTER.toml",
    about: "The organisation's rules, the same at every desk; usually one file on a share.",
    sections: &[
        Section {
            name: "Common",
            about: "Who the organisation is and what it issues.",
            keys: &[
                Key {
                    name: "LraMode",
                    required: false,
                    field: Field::Choice {
                        of: &["Local", "Buypass", "Mixed"],
                        get: |master| match master.common.lra_mode {
                            LraMode::Local => "Local",
                            LraMode::Buypass => "Buypass",
                            LraMode::Mixed => "Mixed",
                        },
                        set: |master, word| {
                            master.common.lra_mode = match word {
                                "Local" => LraMode::Local,
                                "Buypass" => LraMode::Buypass,
                                "Mixed" => LraMode::Mixed,
                                _ => return false,
                            };
                            true
                        },
                    },
                    effect: "The kinds of certificates that are issued here: only local ones, only qualified ones, or both.",
                },
                Key {
                    name: "CompanyName",
                    required: true,
                    field: Field::Text {
                        allowed: "a text of 1 to 200 characters on one line",
                        get: |master| Some(master.common.company_name.clone()).filter(|name| !name.is_empty()),
                        set: |master, text| one_line(text).map(|name| master.common.company_name = name),
                    },
                    effect: "The organisation, or its department, as every report names it.",
                },
            ],
        },
        Section {
            name: "IssueProcess",
            about: "What the organisation may choose about an identity control. A qualified certificate always needs terms, \
                    signature and scan, and nobody vouches at first issuance: for these there is no key.",
            keys: &[
                Key {
                    name: "ThirdPartyIdControl",
                    required: false,
                    field: Field::Switch(|master| &mut master.issue_process.third_party_id_control),
                    effect: "A third party with a certificate of the same kind may vouch for the holder, never at first issuance \
                             (BAM: \"Third party ID control\").",
                },
                Key {
                    name: "AllowOperatorIdentification",
                    required: false,
                    field: Field::Switch(|master| &mut master.issue_process.allow_operator_identification),
                    effect: "The operator may vouch for the holder, never at first issuance; to be agreed with the organisation's \
                             security department (BAM: \"Allow Operator identification\").",
                },
                Key {
                    name: "RequireTermsForLocal",
                    required: false,
                    field: Field::Switch(|master| &mut master.issue_process.require_terms_for_local),
                    effect: "A new card with only local certificates needs the holder's acceptance of the declaration for local \
                             certificates.",
                },
                Key {
                    name: "RequireSignatureForLocal",
                    required: false,
                    field: Field::Switch(|master| &mut master.issue_process.require_signature_for_local),
                    effect: "A new card with only local certificates needs the holder's signature.",
                },
                Key {
                    name: "RequireScanForLocal",
                    required: false,
                    field: Field::Switch(|master| &mut master.issue_process.require_scan_for_local),
                    effect: "A new card with only local certificates needs a scan of the identity document.",
                },
                Key {
                    name: "RequireScanForReplacement",
                    required: false,
                    field: Field::Switch(|master| &mut master.issue_process.require_scan_for_replacement),
                    effect: "A document that is presented for a replacement card is scanned too.",
                },
                Key {
                    name: "MaxSignatureAttempts",
                    required: false,
                    field: Field::Count { min: 1, max: 20, at: |master| &mut master.issue_process.max_signature_attempts },
                    effect: "So many signatures may be asked for before the control ends as failed (ETSI TS 119 461 VAL-8.3.3-05D).",
                },
                Key {
                    name: "MaxScanAttempts",
                    required: false,
                    field: Field::Count { min: 1, max: 20, at: |master| &mut master.issue_process.max_scan_attempts },
                    effect: "So many scans may be made before the control ends as failed (ETSI TS 119 461 VAL-8.3.3-05D).",
                },
            ],
        },
        Section {
            name: "Delivery",
            about: "The archive to which the reports of qualified controls are delivered. Needed for qualified certificates \
                    outside training; all five keys or none.",
            keys: &[
                Key {
                    name: "ArchiveUrl",
                    required: false,
                    field: Field::Text {
                        allowed: "an address https://HOST[:PORT][/PATH]",
                        get: |master| master.delivery.archive_url.clone(),
                        set: |master, text| {
                            let url = reqwest::Url::parse(text).map_err(|_| "is not an address")?;
                            if url.scheme() != "https" {
                                return Err("is not an https address");
                            }
                            if !url.username().is_empty() || url.password().is_some() {
                                return Err("names a user; the station shows its client certificate instead");
                            }
                            if url.query().is_some() || url.fragment().is_some() {
                                return Err("has a query or fragment");
                            }
                            master.delivery.archive_url = Some(one_line(text)?);
                            Ok(())
                        },
                    },
                    effect: "Where the reports go.",
                },
                Key {
                    name: "ArchiveCa",
                    required: false,
                    field: Field::Text {
                        allowed: FILE,
                        get: |master| shown(master.delivery.archive_ca.as_ref()),
                        set: |master, text| one_line(text).map(|file| master.delivery.archive_ca = Some(file.into())),
                    },
                    effect: "PEM file with the CA certificates that the archive's TLS certificate must come from. No other CA counts.",
                },
                Key {
                    name: "ReceiptKey",
                    required: false,
                    field: Field::Text {
                        allowed: "an Ed25519 public key as 64 hexadecimal digits",
                        get: |master| master.delivery.receipt_key.map(ReceiptKey::to_hex),
                        set: |master, text| {
                            let key = ReceiptKey::from_hex(text).ok_or("is no Ed25519 public key")?;
                            master.delivery.receipt_key = Some(key);
                            Ok(())
                        },
                    },
                    effect: "The archive's key. A report counts as delivered when a receipt signed with this key is kept.",
                },
                Key {
                    name: "ClientCertificate",
                    required: false,
                    field: Field::Text {
                        allowed: FILE,
                        get: |master| shown(master.delivery.client_certificate.as_ref()),
                        set: |master, text| one_line(text).map(|file| master.delivery.client_certificate = Some(file.into())),
                    },
                    effect: "PEM file with the certificate by which the archive knows the organisation.",
                },
                Key {
                    name: "ClientKey",
                    required: false,
                    field: Field::Text {
                        allowed: FILE,
                        get: |master| shown(master.delivery.client_key.as_ref()),
                        set: |master, text| one_line(text).map(|file| master.delivery.client_key = Some(file.into())),
                    },
                    effect: "PEM file with the private key of ClientCertificate; readable for the station's user only.",
                },
            ],
        },
        Section {
            name: "TimeStamp",
            about: "The authority that confirms the time of every signature (RFC 3161). Without it reports prove no more than the \
                    station's own clock.",
            keys: &[
                Key {
                    name: "Url",
                    required: false,
                    field: Field::Text {
                        allowed: "an address http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]",
                        get: |master| master.time_stamp.url.clone(),
                        set: |master, text| {
                            let url = reqwest::Url::parse(text).map_err(|_| "is not an address")?;
                            if !matches!(url.scheme(), "http" | "https") {
                                return Err("is neither an http nor an https address");
                            }
                            if !url.username().is_empty() || url.password().is_some() {
                                return Err("names a user; a password does not belong into this file");
                            }
                            master.time_stamp.url = Some(one_line(text)?);
                            Ok(())
                        },
                    },
                    effect: "Where time-stamps are asked for. The authority sees a digest and nothing of the report. While it is out \
                             of reach, reports are signed without its time and get it later.",
                },
                Key {
                    name: "Ca",
                    required: false,
                    field: Field::Text {
                        allowed: FILE,
                        get: |master| shown(master.time_stamp.ca.as_ref()),
                        set: |master, text| one_line(text).map(|file| master.time_stamp.ca = Some(file.into())),
                    },
                    effect: "PEM file with the CA certificates that the authority's time-stamps, and the TLS certificate of an https \
                             address, must come from. No other CA counts.",
                },
                Key {
                    name: "Policy",
                    required: false,
                    field: Field::Text {
                        allowed: "an object identifier in dotted numbers",
                        get: |master| master.time_stamp.policy.map(|policy| policy.to_string()),
                        set: |master, text| {
                            let policy = text.parse().map_err(|_| "is no object identifier")?;
                            master.time_stamp.policy = Some(policy);
                            Ok(())
                        },
                    },
                    effect: "The policy that is asked for and must be answered. Without it: the authority's own choice.",
                },
            ],
        },
        Section {
            name: "Terms",
            about: "The terms that holders accept.",
            keys: &[Key {
                name: "Folder",
                required: false,
                field: Field::Text {
                    allowed: "a folder, from the folder of MASTER.toml when it is not absolute",
                    get: |master| shown(master.terms.folder.as_ref()),
                    set: |master, text| one_line(text).map(|folder| master.terms.folder = Some(folder.into())),
                },
                effect: "The folder with terms.toml and its texts. Without it: the folder terms beside LOCAL.toml.",
            }],
        },
    ],
};
