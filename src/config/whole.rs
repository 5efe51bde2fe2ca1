//! The whole configuration: all files read, and read against each other.

use std::path::PathBuf;

use super::{
    Alarm, Broken, ConfigError, Diagnostic, Found, Information, Loaded, Local, Master, TermsCatalogue, diagnostic::both,
    documents, load_local, load_master, signature::Signer, terms,
};
use crate::{
    rules::{CertificateKind, DocumentKind},
    trust::certificates_in,
};

/// Everything that the organisation and the desk decided.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// MASTER.toml.
    pub master: Loaded<Master>,
    /// LOCAL.toml.
    pub local: Loaded<Local>,
    /// documents.toml.
    pub documents: Vec<DocumentKind>,
    /// The terms.
    pub terms: TermsCatalogue,
    /// What the holder is told about the use of personal data; beside the terms.
    pub information: Information,
    /// The folder in which the terms were found.
    pub terms_folder: PathBuf,
    /// Who signed MASTER.toml, where this desk requires a signature.
    pub signer: Option<Signer>,
    /// Why the last good copy of MASTER.toml is in force instead of the file itself.
    pub alarm: Option<Alarm>,
}

impl Configuration {
    /// Reads all files. The mistakes of all files are reported together; contradictions only between files that are good.
    pub fn load(found: &Found) -> Result<Self, ConfigError> {
        Self::assemble(found, load_master(&found.master), load_local(&found.local))
    }

    /// The same with a MASTER.toml and a LOCAL.toml that were read elsewhere: a proposal, or the last good copy.
    pub fn assemble(
        found: &Found,
        master: Result<Loaded<Master>, ConfigError>,
        local: Result<Loaded<Local>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let documents = documents::load(&found.config_folder().join("documents.toml"));
        let chosen = master.as_ref().ok().and_then(|master| master.value.terms.folder.clone());
        let terms_folder = chosen.unwrap_or_else(|| found.config_folder().join("terms"));
        let terms = terms::load(&terms_folder);

        let information = Information::load(&terms_folder);
        let ((master, local), ((documents, terms), information)) =
            both(both(master, local), both(both(documents, terms), information))?;
        let whole = Self { master, local, documents, terms, information, terms_folder, signer: None, alarm: None };
        let problems = whole.contradictions();
        if problems.is_empty() { Ok(whole) } else { Err(ConfigError::new(Broken::Contradiction, problems)) }
    }

    /// What each file alone cannot know.
    fn contradictions(&self) -> Vec<Diagnostic> {
        let master = &self.master;
        let mut problems = Vec::new();
        let mut problem = |section, key, message: &str, allowed| {
            problems.push(master.contradiction(section, key, message.to_owned(), allowed));
        };

        let qualified = master.value.issues(CertificateKind::Qualified);
        if qualified && !self.local.value.training && master.value.delivery.archive().is_none() {
            problem(
                "Common",
                "LraMode",
                "qualified certificates are issued here, but [Delivery] names no archive for their reports",
                "[Delivery] with all its keys, LraMode = \"Local\", or Training = true in LOCAL.toml",
            );
        }
        for (key, file) in master.value.delivery.files() {
            if !file.is_file() {
                problem("Delivery", key, &format!("{} is not a file", file.display()), "an existing file");
            }
        }
        if let Some((_, ca)) = master.value.time_stamp.authority()
            && !ca.is_file()
        {
            problem("TimeStamp", "Ca", &format!("{} is not a file", ca.display()), "an existing file");
        }
        let (directory, notices) = (&master.value.directory, &master.value.notices);
        let of_people = [
            ("Directory", "Ca", &directory.ca),
            ("Directory", "PasswordFile", &directory.password_file),
            ("Notices", "Ca", &notices.ca),
            ("Notices", "PasswordFile", &notices.password_file),
        ];
        for (section, key, file) in of_people {
            if let Some(file) = file.as_ref().filter(|file| !file.is_file()) {
                problem(section, key, &format!("{} is not a file", file.display()), "an existing file");
            }
        }
        let trust = &master.value.trust;
        for (key, files) in [("Anchors", &trust.anchors), ("Intermediates", &trust.intermediates)] {
            for error in files.iter().filter_map(|file| certificates_in(file).err()) {
                problem("Trust", key, &error.to_string(), "files with CA certificates, PEM or DER");
            }
        }
        for (kind, word) in [(CertificateKind::Local, "local"), (CertificateKind::Qualified, "qualified")] {
            if !master.value.issues(kind) {
                continue;
            }
            if !self.documents.iter().any(|document| document.accepted_for.contains(&kind)) {
                let message = format!("{word} certificates are issued here, but documents.toml accepts no document for them");
                problem("Common", "LraMode", &message, "a [[Document]] whose AcceptedFor names this kind, or another LraMode");
            }
            let needs_terms = kind == CertificateKind::Qualified || master.value.issue_process.require_terms_for_local;
            if needs_terms && !self.terms.all().iter().any(|terms| terms.certificate == kind) {
                let (section, key) = match kind {
                    CertificateKind::Local => ("IssueProcess", "RequireTermsForLocal"),
                    CertificateKind::Qualified => ("Common", "LraMode"),
                };
                let message = format!("terms for {word} certificates must be accepted, but terms.toml lists none");
                problem(section, key, &message, "[[Terms]] for this kind in terms.toml");
            }
        }
        problems
    }
}
