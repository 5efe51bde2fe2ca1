//! MASTER.toml: what holds at every desk of the organisation. The words are those of BAM's MASTER file.

use std::path::{Path, PathBuf};

use const_oid::ObjectIdentifier;
use ed25519_dalek::VerifyingKey;

use super::{
    Broken, ConfigError, HandOverSettings, Loaded, NoticesSettings, Registers, conditions, directory, hand_over, notices, reader,
    registers,
    schema::{Field, Key, List, Schema, Section},
    source::{FILE_LIMIT, Source},
};
use crate::{
    directory::DirectorySettings,
    rules::{
        CertificateKind, Conditions, IssueProcess, LraMode,
        role::{Appointment, Role, Roles, VouchLimit, same_serial},
    },
    trust::{ProxySettings, Revocation, TrustSettings, name_text},
};

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
    /// `[ThirdParty]`.
    pub third_party: VouchLimit,
    /// `[Trust]`.
    pub trust: TrustSettings,
    /// `[Proxy]`.
    pub proxy: ProxySettings,
    /// `[Roles]` and `[[Operator]]`.
    pub roles: Roles,
    /// `[Registers]`.
    pub registers: Registers,
    /// `[HandOver]`.
    pub hand_over: HandOverSettings,
    /// `[Conditions]`.
    pub conditions: Conditions,
    /// `[Directory]`, `[AdMapping]` and `[CertificateGroups]`.
    pub directory: DirectorySettings,
    /// `[Notices]`.
    pub notices: NoticesSettings,
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
    /// Every file that MASTER.toml names. The folders of the terms and of the hand-over are not among them, nor are passwords.
    pub(super) fn named_files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { delivery, time_stamp, trust, hand_over, directory, notices, registers, .. } = self;
        let Delivery { archive_ca, client_certificate, client_key, .. } = delivery;
        let one = [archive_ca, client_certificate, client_key, &mut time_stamp.ca, &mut hand_over.ca, &mut registers.shared_ca];
        let people = [&mut directory.ca, &mut directory.password_file, &mut notices.ca, &mut notices.password_file];
        one.into_iter().chain(people).flatten().chain(&mut trust.anchors).chain(&mut trust.intermediates)
    }

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
    from_source(&Source::read(path, FILE_LIMIT)?)
}

/// Reads the text of a MASTER.toml.
pub(super) fn from_source(source: &Source) -> Result<Loaded<Master>, ConfigError> {
    let mut loaded = reader::read(source, &SCHEMA)?;
    whole_archive(&loaded)?;
    two_kinds(&loaded)?;
    whole_authority(&loaded)?;
    hand_over::whole(&loaded)?;
    registers::whole(&loaded)?;
    directory::whole(&loaded)?;
    notices::whole(&loaded)?;

    let folder = source.path.parent().unwrap_or(Path::new(""));
    loaded.value.named_files().for_each(|file| *file = folder.join(&*file));
    let Master { terms, hand_over, notices, registers, .. } = &mut loaded.value;
    // Passwords are not copied with the files that MASTER.toml names.
    let passwords = [&mut registers.shared_password_file, &mut registers.shared_reader_password_file];
    let folders = [&mut terms.folder, &mut hand_over.folder, &mut notices.folder];
    for named in folders.into_iter().chain(passwords).flatten() {
        *named = folder.join(&*named);
    }
    Ok(loaded)
}

/// A policy that tells both kinds tells none.
fn two_kinds(loaded: &Loaded<Master>) -> Result<(), ConfigError> {
    let trust = &loaded.value.trust;
    let Some(both) = trust.local_policies.iter().find(|policy| trust.qualified_policies.contains(policy)) else { return Ok(()) };
    let message = format!("the policy {both} cannot stand for local and for qualified certificates");
    let diagnostic = loaded.contradiction("Trust", "LocalPolicies", message, "each policy in one of the two lists");
    Err(ConfigError::one(Broken::Contradiction, diagnostic))
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
pub(crate) fn one_line(text: &str) -> Result<String, &'static str> {
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

const FILES: &str = "file names, from the folder of MASTER.toml when they are not absolute";
const POLICIES: &str = "certificate policies as dotted numbers, for example \"1.3.6.1.4.1.32473.1.2\"";

fn all_shown<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// Each of `texts` as `one` reads it, or the first that it refuses.
fn each<T>(texts: &[&str], one: impl Fn(&str) -> Result<T, &'static str>) -> Result<Vec<T>, (usize, &'static str)> {
    texts.iter().enumerate().map(|(at, text)| one(text).map_err(|wrong| (at, wrong))).collect()
}

fn files(texts: &[&str]) -> Result<Vec<PathBuf>, (usize, &'static str)> {
    each(texts, |text| one_line(text).map(PathBuf::from))
}

fn oids(texts: &[&str]) -> Result<Vec<ObjectIdentifier>, (usize, &'static str)> {
    each(texts, |text| ObjectIdentifier::new(text.trim()).map_err(|_| "is no policy"))
}

fn paths_shown(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn appointment(master: &Master) -> Option<&Appointment> {
    master.roles.appointed.last()
}

/// The address of a server that is reached with HTTPS, without a user, query or fragment.
pub(super) fn https_address(text: &str) -> Result<String, &'static str> {
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
    one_line(text)
}

/// A proxy is a host and a port. A password would be readable at every desk.
fn proxy(text: &str) -> Result<String, &'static str> {
    let url = reqwest::Url::parse(text).map_err(|_| "is not an address")?;
    if url.scheme() != "http" {
        return Err("is not an http address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("names a user; let the proxy know the station by its address");
    }
    if url.host_str().is_none() || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("is more than a host and a port");
    }
    one_line(text)
}

fn host(text: &str) -> Result<String, &'static str> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    let text = one_line(text)?;
    if text.bytes().all(good) { Ok(text) } else { Err("is no host") }
}

fn serial(text: &str) -> Result<String, &'static str> {
    let digits = text.bytes().filter(|byte| !matches!(byte, b':' | b' '));
    if digits.clone().count() == 0 || !digits.clone().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("is no hexadecimal number");
    }
    if digits.count() > 42 { Err("is too long") } else { one_line(text) }
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
                    since: "0.1.0",
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
                    since: "0.1.0",
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
                    since: "0.1.0",
                    field: Field::Switch(|master| &mut master.issue_process.third_party_id_control),
                    effect: "A third party with a certificate of the same kind may vouch for the holder, never at first issuance \
                             (BAM: \"Third party ID control\").",
                },
                Key {
                    name: "AllowOperatorIdentification",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|master| &mut master.issue_process.allow_operator_identification),
                    effect: "The operator may vouch for the holder, never at first issuance; to be agreed with the organisation's \
                             security department (BAM: \"Allow Operator identification\").",
                },
                Key {
                    name: "RequireTermsForLocal",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|master| &mut master.issue_process.require_terms_for_local),
                    effect: "A new card with only local certificates needs the holder's acceptance of the declaration for local \
                             certificates.",
                },
                Key {
                    name: "RequireSignatureForLocal",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|master| &mut master.issue_process.require_signature_for_local),
                    effect: "A new card with only local certificates needs the holder's signature.",
                },
                Key {
                    name: "RequireScanForLocal",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|master| &mut master.issue_process.require_scan_for_local),
                    effect: "A new card with only local certificates needs a scan of the identity document.",
                },
                Key {
                    name: "RequireScanForReplacement",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|master| &mut master.issue_process.require_scan_for_replacement),
                    effect: "A document that is presented for a replacement card is scanned too.",
                },
                Key {
                    name: "MaxSignatureAttempts",
                    required: false,
                    since: "0.1.0",
                    field: Field::Count { min: 1, max: 20, at: |master| &mut master.issue_process.max_signature_attempts },
                    effect: "So many signatures may be asked for before the control ends as failed (ETSI TS 119 461 VAL-8.3.3-05D).",
                },
                Key {
                    name: "MaxScanAttempts",
                    required: false,
                    since: "0.1.0",
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
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "an address https://HOST[:PORT][/PATH]",
                        get: |master| master.delivery.archive_url.clone(),
                        set: |master, text| {
                            master.delivery.archive_url = Some(https_address(text)?);
                            Ok(())
                        },
                    },
                    effect: "Where the reports go.",
                },
                Key {
                    name: "ArchiveCa",
                    required: false,
                    since: "0.1.0",
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
                    since: "0.1.0",
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
                    since: "0.1.0",
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
                    since: "0.1.0",
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
                    since: "0.1.0",
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
                    since: "0.1.0",
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
                    since: "0.1.0",
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
                since: "0.1.0",
                field: Field::Text {
                    allowed: "a folder, from the folder of MASTER.toml when it is not absolute",
                    get: |master| shown(master.terms.folder.as_ref()),
                    set: |master, text| one_line(text).map(|folder| master.terms.folder = Some(folder.into())),
                },
                effect: "The folder with terms.toml and its texts. Without it: the folder terms beside LOCAL.toml.",
            }],
        },
        hand_over::SECTION,
        registers::SECTION,
        Section {
            name: "ThirdParty",
            about: "How often one person may vouch for others, where ThirdPartyIdControl allows it at all.",
            keys: &[
                Key {
                    name: "VouchesPerPeriod",
                    required: false,
                    since: "0.1.0",
                    field: Field::Count { min: 1, max: 100, at: |master| &mut master.third_party.vouches },
                    effect: "One person may vouch so many times within VouchPeriodDays, at all desks that share the register.",
                },
                Key {
                    name: "VouchPeriodDays",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 1, max: 366, at: |master| &mut master.third_party.days },
                    effect: "The days that are counted back from today.",
                },
            ],
        },
        Section {
            name: "Trust",
            about: "Which certificates count. A card's certificate must lead to an anchor, be valid, not be revoked and be meant for \
                    the use. With no anchor no card counts; on a training desk the station's own training CAs are trusted too.",
            keys: &[
                Key {
                    name: "Anchors",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: FILES,
                        get: |master| paths_shown(&master.trust.anchors),
                        set: |master, texts| files(texts).map(|files| master.trust.anchors = files),
                    },
                    effect: "The CA certificates that are trusted, PEM or DER. `config show` prints each with its digest.",
                },
                Key {
                    name: "Intermediates",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: FILES,
                        get: |master| paths_shown(&master.trust.intermediates),
                        set: |master, texts| files(texts).map(|files| master.trust.intermediates = files),
                    },
                    effect: "The CA certificates between the anchors and the cards. They count only with a chain to an anchor.",
                },
                Key {
                    name: "QualifiedPolicies",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: POLICIES,
                        get: |master| all_shown(&master.trust.qualified_policies),
                        set: |master, texts| oids(texts).map(|oids| master.trust.qualified_policies = oids),
                    },
                    effect: "A certificate with one of these policies is a qualified one. An issuer above it that names policies must \
                             name the same one or anyPolicy.",
                },
                Key {
                    name: "LocalPolicies",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: POLICIES,
                        get: |master| all_shown(&master.trust.local_policies),
                        set: |master, texts| oids(texts).map(|oids| master.trust.local_policies = oids),
                    },
                    effect: "A certificate with one of these policies is a local one. A holder's or third party's certificate of \
                             neither kind does not count.",
                },
                Key {
                    name: "Revocation",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &Revocation::WORDS,
                        get: |master| master.trust.revocation.word(),
                        set: |master, word| Revocation::from_word(word).map(|it| master.trust.revocation = it).is_some(),
                    },
                    effect: "What holds when no good answer on revocation can be had (OCSP, else a revocation list). required: the \
                             certificate does not count. required-outside-training: the same, but a training desk asks nobody. \
                             when-reachable: it counts when nobody can be reached, not when an answer is wrong or too old. off: \
                             nobody is asked. The last two are recorded.",
                },
                Key {
                    name: "StaleGraceHours",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 0, max: 168, at: |master| &mut master.trust.stale_grace_hours },
                    effect: "A revocation list still counts so many hours after its next update was due; this is recorded.",
                },
                Key {
                    name: "AskAgainMinutes",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 0, max: 1440, at: |master| &mut master.trust.ask_again_minutes },
                    effect: "An answer is used again for so many minutes. An older one, still in force, is used only when there is no \
                             usable new one; this is recorded.",
                },
                Key {
                    name: "FetchSeconds",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 1, max: 60, at: |master| &mut master.trust.fetch_seconds },
                    effect: "Longest time for one answer.",
                },
            ],
        },
        Section {
            name: "Proxy",
            about: "The way out of the organisation's network for OCSP and revocation lists (BAM: proxy).",
            keys: &[
                Key {
                    name: "Url",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "an address http://HOST:PORT",
                        get: |master| master.proxy.url.clone(),
                        set: |master, text| proxy(text).map(|url| master.proxy.url = Some(url)),
                    },
                    effect: "The proxy. Without it: the direct way; the system's settings are not asked.",
                },
                Key {
                    name: "DirectHosts",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: "host names; each stands for its sub-domains too",
                        get: |master| master.proxy.direct_hosts.clone(),
                        set: |master, texts| each(texts, host).map(|hosts| master.proxy.direct_hosts = hosts),
                    },
                    effect: "Hosts that are asked without the proxy.",
                },
            ],
        },
        conditions::SECTION,
        directory::DIRECTORY,
        directory::MAPPING,
        directory::GROUPS,
        notices::SECTION,
        Section {
            name: "Roles",
            about: "Who may sign in with a card. Persons are appointed with [[Operator]]; whole groups by a policy in their certificates. \
                    When nobody is appointed in any way, nobody signs in with a card; on a training desk then everybody does whose \
                    certificate counts.",
            keys: &[
                Key {
                    name: "OperatorPolicies",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: POLICIES,
                        get: |master| master.roles.operator_policies.clone(),
                        set: |master, texts| oids(texts).map(|oids| master.roles.operator_policies = all_shown(&oids)),
                    },
                    effect: "Everybody whose certificate has one of these policies is an operator.",
                },
                Key {
                    name: "RaAdminPolicies",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: POLICIES,
                        get: |master| master.roles.ra_admin_policies.clone(),
                        set: |master, texts| oids(texts).map(|oids| master.roles.ra_admin_policies = all_shown(&oids)),
                    },
                    effect: "Everybody whose certificate has one of these policies is an RA-ADMIN.",
                },
                Key {
                    name: "AuditorPolicies",
                    required: false,
                    since: "0.1.0",
                    field: Field::Texts {
                        allowed: POLICIES,
                        get: |master| master.roles.auditor_policies.clone(),
                        set: |master, texts| oids(texts).map(|oids| master.roles.auditor_policies = all_shown(&oids)),
                    },
                    effect: "Everybody whose certificate has one of these policies is an auditor, who reads and changes nothing.",
                },
                Key {
                    name: "OperatorGroup",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "the name of a group of the directory, or its distinguished name",
                        get: |master| master.roles.groups.operators.clone(),
                        set: |master, text| one_line(text).map(|name| master.roles.groups.operators = Some(name)),
                    },
                    effect: "Everybody in this group is an operator, where no certificate appoints the person: the user name (UID) in the certificate is looked for in [Directory]. Needs RequireTrainingDate = false (BAM: for example G_CA_LRA_Operators).",
                },
                Key {
                    name: "RaAdminGroup",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "the name of a group of the directory, or its distinguished name",
                        get: |master| master.roles.groups.ra_admins.clone(),
                        set: |master, text| one_line(text).map(|name| master.roles.groups.ra_admins = Some(name)),
                    },
                    effect: "Everybody in this group is an RA-ADMIN, in the same way (BAM: for example G_CA_LRA_Admins).",
                },
                Key {
                    name: "AuditorGroup",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "the name of a group of the directory, or its distinguished name",
                        get: |master| master.roles.groups.auditors.clone(),
                        set: |master, text| one_line(text).map(|name| master.roles.groups.auditors = Some(name)),
                    },
                    effect: "Everybody in this group is an auditor, in the same way.",
                },
                Key {
                    name: "TrainingMonths",
                    required: false,
                    since: "0.1.0",
                    field: Field::Count { min: 1, max: 60, at: |master| &mut master.roles.training_months },
                    effect: "An operator whose last training is older is not let in (ETSI TS 119 461 VAL-8.3.3-15X).",
                },
                Key {
                    name: "RequireTrainingDate",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|master| &mut master.roles.require_training_date),
                    effect: "An operator without a day of training is not let in. To let in operators by policy alone, switch it off.",
                },
            ],
        },
    ],
    lists: &[List {
        name: "Operator",
        record: Section {
            name: "[Operator]",
            about: "A person who may sign in, by certificate; once for each. `bam-station card show` prints issuer and serial number.",
            keys: &[
                Key {
                    name: "Name",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "a text of 1 to 200 characters on one line",
                        get: |master| appointment(master)?.name.clone(),
                        set: |master, text| {
                            let name = one_line(text)?;
                            master
                                .roles
                                .appointed
                                .last_mut()
                                .map(|it| it.name = Some(name))
                                .ok_or("stands before its [[Operator]]")
                        },
                    },
                    effect: "Who that is, for those who read the list. Nothing depends on it: the certificate names the person.",
                },
                Key {
                    name: "Issuer",
                    required: true,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "the name of a CA, for example \"CN=Utopia CA,O=Utopia kommune,C=NO\"",
                        get: |master| appointment(master).map(|it| it.issuer.clone()).filter(|issuer| !issuer.is_empty()),
                        set: |master, text| {
                            let issuer = name_text(text).ok_or("is no name of a CA")?;
                            master.roles.appointed.last_mut().map(|it| it.issuer = issuer).ok_or("stands before its [[Operator]]")
                        },
                    },
                    effect: "The issuer of the person's certificate.",
                },
                Key {
                    name: "Serial",
                    required: true,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "a hexadecimal number, for example \"01ab\"",
                        get: |master| appointment(master).map(|it| it.serial.clone()).filter(|serial| !serial.is_empty()),
                        set: |master, text| {
                            let serial = serial(text)?;
                            master.roles.appointed.last_mut().map(|it| it.serial = serial).ok_or("stands before its [[Operator]]")
                        },
                    },
                    effect: "The serial number of the person's certificate.",
                },
                Key {
                    name: "Roles",
                    required: false,
                    since: "0.1.0",
                    field: Field::Words {
                        of: &["operator", "ra-admin", "auditor"],
                        get: |master| {
                            let roles = appointment(master).map_or(&[][..], |it| it.roles.as_slice());
                            roles.iter().map(|role| role.name().to_owned()).collect()
                        },
                        set: |master, texts| {
                            let roles = each(texts, |text| Role::named(text).ok_or("is no role"))?;
                            if roles.is_empty() {
                                return Err((0, "is empty: the person may do nothing"));
                            }
                            master.roles.appointed.last_mut().map(|it| it.roles = roles).ok_or((0, "has no record"))
                        },
                    },
                    effect: "What the person may do.",
                },
                Key {
                    name: "Trained",
                    required: false,
                    since: "0.1.0",
                    field: Field::Day {
                        get: |master| appointment(master)?.trained,
                        set: |master, day| {
                            if let Some(last) = master.roles.appointed.last_mut() {
                                last.trained = Some(day);
                            }
                        },
                    },
                    effect: "The day of the last training in identity control.",
                },
            ],
        },
        begin: |master| master.roles.appointed.push(Appointment::default()),
        count: |master| master.roles.appointed.len(),
        keep: |master, count| master.roles.appointed.truncate(count),
        check: |master| {
            let Some((last, before)) = master.roles.appointed.split_last() else { return Ok(()) };
            let twice = before.iter().any(|it| it.issuer == last.issuer && same_serial(&it.serial, &last.serial));
            if twice { Err("names a certificate that another one names") } else { Ok(()) }
        },
    }],
};
