//! Whether a certificate counts: chain, validity, use, kind and revocation, judged together.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
};

use super::{
    Anchors, AnchorsError, Note, Objection, ProxySettings, Revocation, RevocationProblem, RevocationProof, TrustError,
    TrustSettings, Usage, Verdict,
    chain::{check_validity, extension, path},
    policy,
    revocation::Inquiry,
    serial_text, validity,
};
use crate::{digest::Digest, rules::CardState};

/// The desk at which trust judges.
#[derive(Debug, Clone)]
pub enum Desk {
    /// Real identity controls.
    Production,
    /// Training. The station's own training CAs are trusted too, and their policies tell the kind.
    Training {
        /// Their certificates.
        authorities: Vec<Certificate>,
    },
}

/// Judges certificates. Nothing else decides whether one counts.
#[derive(Debug)]
pub struct Trust {
    settings: TrustSettings,
    training: bool,
    anchors: Anchors,
    intermediates: Vec<Certificate>,
    files: Vec<(PathBuf, Digest)>,
    /// What must be known about revocation at this desk.
    revocation: Revocation,
    inquiry: Inquiry,
}

/// Why trust cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TrustFileError {
    /// A file of certificates cannot be read.
    #[error("{} cannot be read: {error}; correct [Trust] in MASTER.toml", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file holds no certificates.
    #[error("{}: {error}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        error: AnchorsError,
    },
}

impl TrustFileError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "FILE_UNREADABLE",
            Self::Content { error, .. } => error.code(),
        }
    }
}

impl Trust {
    /// Reads the CA certificates. `kept` is the folder in which answers about revocation are kept; it is made when needed.
    ///
    /// # Errors
    /// A file of `settings` cannot be read.
    pub fn open(settings: &TrustSettings, proxy: &ProxySettings, desk: Desk, kept: &Path) -> Result<Self, TrustFileError> {
        let mut files = Vec::new();
        let mut anchors = certificates(&settings.anchors, &mut files)?;
        let intermediates = certificates(&settings.intermediates, &mut files)?;
        let training = matches!(desk, Desk::Training { .. });
        if let Desk::Training { authorities } = desk {
            anchors.extend(authorities);
        }
        Ok(Self {
            settings: settings.clone(),
            training,
            anchors: Anchors::new(anchors),
            intermediates,
            files,
            revocation: settings.revocation.at(training),
            inquiry: Inquiry::new(settings, proxy, kept),
        })
    }

    /// The CAs that are trusted.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// The files of CA certificates, with the digests of their exact bytes.
    pub fn files(&self) -> &[(PathBuf, Digest)] {
        &self.files
    }

    /// Whether anybody is asked about revocation at this desk.
    pub fn asks_about_revocation(&self) -> bool {
        self.revocation != Revocation::Off
    }

    /// Asks each server that `certificate` names, and uses no kept answer: each server with what is wrong with its answer. Empty
    /// where the CA of the certificate is not known here, or the certificate names no server.
    pub fn ask_servers(&self, certificate: &Certificate, at: Timestamp) -> Vec<(String, Result<(), RevocationProblem>)> {
        let named = certificate.tbs_certificate().issuer();
        let known = self.anchors.certificates().iter().chain(&self.intermediates);
        let issuer = known.into_iter().find(|ca| ca.tbs_certificate().subject() == named);
        issuer.map(|issuer| self.inquiry.ask_each(certificate, issuer, at)).unwrap_or_default()
    }

    /// Judges `certificate` for a use, now: `at` is the present time. It may ask servers, each at most as long as configured.
    pub fn judge(&self, certificate: &Certificate, usage: Usage, at: Timestamp) -> Verdict {
        let mut verdict = Verdict {
            objection: None,
            kind: None,
            state: None,
            policies: Vec::new(),
            chain: Vec::new(),
            proofs: Vec::new(),
            notes: Vec::new(),
            at,
        };
        verdict.objection = self.examine(certificate, usage, &mut verdict).err();
        verdict
    }

    /// The answer about one certificate, whatever [`Revocation`] demands at this desk.
    pub(super) fn revocation_proof(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        at: Timestamp,
    ) -> Result<RevocationProof, RevocationProblem> {
        self.inquiry.ask(certificate, issuer, at, &mut Vec::new()).map(|answer| answer.proof)
    }

    fn examine(&self, certificate: &Certificate, usage: Usage, verdict: &mut Verdict) -> Result<(), Objection> {
        let at = verdict.at;
        if self.anchors.is_empty() {
            return Err(Objection::NoAnchors);
        }
        let expired = match check_validity(certificate, at) {
            Ok(()) => None,
            Err(error @ TrustError::Expired { .. }) => Some(error),
            Err(other) => return Err(other.into()),
        };
        // The CA vouched for an expired certificate while that was valid.
        let (_, until) = validity(certificate);
        let chain = path(certificate, &self.intermediates, &self.anchors, if expired.is_some() { until } else { at })?;
        let policies = policy::policies_along(&chain.certificates);
        verdict.kind = policy::kind(&policies, &self.settings, self.training);
        verdict.policies = policies.iter().map(ToString::to_string).collect();
        verdict.chain = chain.certificates;

        let key_usage = extension::<KeyUsage>(certificate)?;
        let authority = extension::<BasicConstraints>(certificate)?.is_some_and(|constraints| constraints.ca);
        let purposes = extension::<ExtendedKeyUsage>(certificate)?;
        if authority || !usage.allowed_by(key_usage.as_ref(), purposes.as_ref()) {
            return Err(Objection::WrongUsage { serial: serial_text(certificate) });
        }
        if usage == Usage::Identify && verdict.kind.is_none() {
            return Err(Objection::KindUnknown { serial: serial_text(certificate) });
        }
        self.examine_revocation(verdict)?;
        verdict.state = Some(if expired.is_some() { CardState::Expired } else { CardState::Valid });
        expired.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Asks about each certificate below the anchor, from the top down: what a revoked CA says about others proves nothing.
    fn examine_revocation(&self, verdict: &mut Verdict) -> Result<(), Objection> {
        let at = verdict.at;
        if self.revocation == Revocation::Off {
            verdict.notes.push(Note::RevocationNotAsked);
            return Ok(());
        }
        for (certificate, issuer) in verdict.chain.iter().zip(verdict.chain.iter().skip(1)).rev() {
            let serial = serial_text(certificate);
            match self.inquiry.ask(certificate, issuer, at, &mut verdict.notes) {
                Ok(answer) => {
                    let (_, until) = validity(certificate);
                    if answer.revoked.is_none() && answer.proof.this_update > until {
                        verdict.notes.push(Note::ExpiredBeforeAnswer { serial: serial.clone() });
                    }
                    verdict.proofs.push(answer.proof);
                    if let Some(since) = answer.revoked {
                        verdict.state = Some(CardState::Revoked);
                        return Err(Objection::Revoked { serial, since });
                    }
                }
                Err(why) if why.is_away() && self.revocation == Revocation::WhenReachable => {
                    verdict.notes.push(Note::AcceptedWithoutAnswer { serial, why });
                }
                Err(why) if why.is_away() => return Err(Objection::RevocationUnknown { serial, why }),
                Err(why) => return Err(Objection::RevocationUnusable { serial, why }),
            }
        }
        Ok(())
    }
}

/// The certificates in a file of `[Trust]`, with the digest of its exact bytes.
///
/// # Errors
/// It cannot be read.
pub fn certificates_in(path: &Path) -> Result<(Vec<Certificate>, Digest), TrustFileError> {
    let bytes = read(path).map_err(|error| TrustFileError::Unreadable { path: path.to_owned(), error })?;
    let found = Anchors::from_bytes(&bytes).map_err(|error| TrustFileError::Content { path: path.to_owned(), error })?;
    Ok((found.certificates().to_vec(), Digest::of(&bytes)))
}

fn certificates(paths: &[PathBuf], files: &mut Vec<(PathBuf, Digest)>) -> Result<Vec<Certificate>, TrustFileError> {
    let mut all = Vec::new();
    for path in paths {
        let (found, digest) = certificates_in(path)?;
        files.push((path.clone(), digest));
        all.extend(found);
    }
    Ok(all)
}

/// At most a byte more than [`Anchors::MAX_BYTES`], which refuses that.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // The kind is asked first, so that a pipe that nobody writes to does not block.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let most = u64::try_from(Anchors::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
