//! `bam-station card`: readers, cards and their certificates. It never asks for a PIN and spends no try.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use jiff::Timestamp;
use serde::Serialize;

use super::exit;
use crate::{
    config::local::PinPadUse,
    device::card::{CardCertificate, CardError, ReaderInfo, Road, Slot},
    rules::{CardState, CertificateKind},
    trust::{
        Desk, Objection, ProxySettings, Revocation, Trust, TrustFileError, TrustSettings, Usage, describe, issuer_text, policies,
        serial_text, validity,
    },
};

/// The options of `bam-station card`.
#[derive(Debug, Clone, clap::Args)]
pub struct CardArgs {
    /// What to do
    #[command(subcommand)]
    pub action: CardAction,
}

/// What to do with cards.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum CardAction {
    /// Lists the readers and says where a card is
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Shows the cards: certificates, validity, verdict, PIN tries left
    Show(ShowArgs),
}

/// The options of `bam-station card show`.
#[derive(Debug, Clone, clap::Args)]
pub struct ShowArgs {
    /// Only the card in this reader; a part of its name is enough that no other reader's name has
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
    /// The CAs' certificates, PEM or DER, in place of [Trust] in MASTER.toml; nobody is asked about revocation
    #[arg(long, value_name = "CA.pem")]
    pub trust: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// What the configuration says about readers and trust; PC/SC and nobody, where there is none.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The roads to both readers of LOCAL.toml.
    pub roads: Vec<Road>,
    /// `[Trust]`.
    pub trust: TrustSettings,
    /// `[Proxy]`.
    pub proxy: ProxySettings,
    /// The desk.
    pub desk: Desk,
    /// Where answers about revocation are kept.
    pub kept: PathBuf,
}

impl Configured {
    /// Trust as configured, or as `--trust` says instead.
    fn trust(&self, instead: Option<&PathBuf>) -> Result<Trust, TrustFileError> {
        match instead {
            None => Trust::open(&self.trust, &self.proxy, self.desk.clone(), &self.kept),
            Some(file) => {
                let settings = TrustSettings { anchors: vec![file.clone()], revocation: Revocation::Off, ..self.trust.clone() };
                let desk = match self.desk {
                    Desk::Production => Desk::Production,
                    Desk::Training { .. } => Desk::Training { authorities: Vec::new() },
                };
                Trust::open(&settings, &self.proxy, desk, &self.kept)
            }
        }
    }
}

/// A card as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCard {
    /// The reader's name.
    pub reader: String,
    /// `pcsc` or `pkcs11`.
    pub road: &'static str,
    /// PIN tries left; 0 when the card is blocked, null while another program has the PIN verified or when a PKCS#11 module does not
    /// tell.
    pub pin_tries_left: Option<u8>,
    /// The reader has a PIN pad.
    pub pin_pad: bool,
    /// The certificates.
    pub certificates: Vec<ShownCertificate>,
    /// Slots whose certificate cannot be read.
    pub unreadable: Vec<Slot>,
}

/// A certificate as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCertificate {
    /// Where it is on the card.
    pub slot: Slot,
    /// Whom it names.
    pub name: String,
    /// The CA.
    pub issuer: String,
    /// The CA's whole name (RFC 4514): with the serial number what `[[Operator]]` in MASTER.toml appoints.
    pub issuer_name: String,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// The first moment of its validity.
    pub valid_from: Timestamp,
    /// The last moment of its validity.
    pub valid_until: Timestamp,
    /// The certificate policies, as dotted numbers.
    pub policies: Vec<String>,
    /// Local or qualified, by the policies in `[Trust]`; null where they tell neither, and where no CA vouches for it.
    pub kind: Option<CertificateKind>,
    /// Its state for a renewal; null where nothing may be decided from it.
    pub state: Option<CardState>,
    /// Whether it counts now; null where no CA is configured.
    pub trusted: Option<bool>,
    /// Why it does not count.
    pub problem: Option<Problem>,
    /// What is to be noted although it counts.
    pub notes: Vec<Problem>,
}

/// Why a certificate does not count, or what is noted about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The stable code.
    pub code: &'static str,
    /// In words.
    pub what: String,
}

/// Why nothing was shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The reader or the card.
    #[error("{reader}: {error}")]
    Card {
        /// The reader's name, or what was asked for.
        reader: String,
        /// What went wrong.
        error: CardError,
    },
    /// The service.
    #[error(transparent)]
    Service(#[from] CardError),
    /// A file of CA certificates.
    #[error(transparent)]
    Trust(#[from] TrustFileError),
}

impl ShowError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Card { error, .. } | Self::Service(error) => error.code(),
            Self::Trust(error) => error.code(),
        }
    }
}

/// Runs the command: 0 done, 1 when a certificate does not count, 2 wrong use, 3 the service, a reader or a card failed.
pub fn run(args: &CardArgs, configured: &Configured) -> ExitCode {
    run_to(args, configured, Timestamp::now(), &mut io::stdout().lock(), &mut io::stderr().lock()).into()
}

/// The same with these outputs.
pub fn run_to(args: &CardArgs, configured: &Configured, now: Timestamp, out: &mut impl Write, messages: &mut impl Write) -> u8 {
    let answer = match &args.action {
        CardAction::List { json } => {
            readers(&configured.roads).map(|found| (list(&found, *json), exit::DONE)).map_err(ShowError::from)
        }
        CardAction::Show(show) => cards(show, configured, now).map(|cards| {
            let refused = cards.iter().flat_map(|card| &card.certificates).any(|found| found.trusted == Some(false));
            (if show.json { json(&cards) } else { in_words(&cards) }, if refused { exit::NO } else { exit::DONE })
        }),
    };
    match answer {
        Ok((text, code)) => match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => code,
            Err(_) => exit::FAILED,
        },
        Err(error) => {
            exit::complain_to(messages, error.code(), &error);
            if matches!(error, ShowError::Trust(_)) { exit::WRONG_USE } else { exit::FAILED }
        }
    }
}

/// A reader and the road to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ListedReader<'r> {
    #[serde(flatten)]
    reader: ReaderInfo,
    /// `pcsc` or `pkcs11`.
    #[serde(rename = "road")]
    name: &'static str,
    #[serde(skip)]
    road: &'r Road,
}

/// The readers by all roads. A reader to which two roads lead is there twice.
fn readers(roads: &[Road]) -> Result<Vec<ListedReader<'_>>, CardError> {
    let mut listed = Vec::new();
    for road in roads {
        listed.extend(road.readers()?.into_iter().map(|reader| ListedReader { reader, name: road.name(), road }));
    }
    Ok(listed)
}

/// The readers that are meant: all with a card, or by whichever road the one with this name or this in its name.
fn choose<'l, 'r>(listed: &'l [ListedReader<'r>], name: Option<&str>) -> Result<Vec<&'l ListedReader<'r>>, CardError> {
    let Some(name) = name else { return Ok(listed.iter().filter(|found| found.reader.card).collect()) };
    let exact = listed.iter().find(|found| found.reader.name == name);
    let fitting: BTreeSet<&str> = match exact {
        Some(exact) => [exact.reader.name.as_str()].into(),
        None => listed.iter().map(|found| found.reader.name.as_str()).filter(|found| found.contains(name)).collect(),
    };
    match fitting.len() {
        0 => Err(CardError::NoReader),
        1 => Ok(listed.iter().filter(|found| fitting.contains(found.reader.name.as_str())).collect()),
        _ => Err(CardError::SeveralReaders),
    }
}

/// The cards in all readers, or in the one that is named.
pub fn cards(args: &ShowArgs, configured: &Configured, now: Timestamp) -> Result<Vec<ShownCard>, ShowError> {
    let trust = configured.trust(args.trust.as_ref())?;
    let found = readers(&configured.roads)?;
    let chosen = choose(&found, args.reader.as_deref());
    let chosen = chosen.map_err(|error| ShowError::Card { reader: args.reader.clone().unwrap_or_default(), error })?;
    let one = |found: &ListedReader<'_>| {
        let name = &found.reader.name;
        show(found.road, name, &trust, now).map_err(|error| ShowError::Card { reader: name.clone(), error })
    };
    chosen.into_iter().map(one).collect()
}

fn show(road: &Road, reader: &str, trust: &Trust, now: Timestamp) -> Result<ShownCard, CardError> {
    // Where the PIN would be typed is of no interest here.
    let mut card = road.card(reader, PinPadUse::WhenPresent)?;
    let contents = card.contents()?;
    let facts = card.pin_facts()?;
    Ok(ShownCard {
        reader: reader.to_owned(),
        road: road.name(),
        pin_tries_left: facts.tries_left,
        pin_pad: facts.pad,
        certificates: contents.certificates.iter().map(|found| shown(found, trust, now)).collect(),
        unreadable: contents.unreadable,
    })
}

fn shown(found: &CardCertificate, trust: &Trust, now: Timestamp) -> ShownCertificate {
    let certificate = &found.certificate;
    let tbs = certificate.tbs_certificate();
    let usage = match found.slot {
        Slot::Authentication => Usage::SignIn,
        Slot::Signature => Usage::SignReport,
        Slot::KeyManagement | Slot::CardAuthentication => Usage::Show,
    };
    let verdict = trust.judge(certificate, usage, now);
    let (valid_from, valid_until) = validity(certificate);
    let configured = verdict.objection != Some(Objection::NoAnchors);
    ShownCertificate {
        slot: found.slot,
        name: describe(tbs.subject()),
        issuer: describe(tbs.issuer()),
        issuer_name: issuer_text(certificate),
        serial: serial_text(certificate),
        valid_from,
        valid_until,
        policies: policies(certificate),
        kind: verdict.kind,
        state: verdict.state,
        trusted: configured.then(|| verdict.counts()),
        notes: verdict.notes.iter().map(|note| Problem { code: note.code(), what: note.to_string() }).collect(),
        problem: verdict.objection.filter(|_| configured).map(|it| Problem { code: it.code(), what: it.to_string() }),
    }
}

fn json(value: &impl Serialize) -> String {
    // Texts, numbers and times alone: there is nothing that JSON cannot say.
    serde_json::to_string(value).map(|json| json + "\n").unwrap_or_default()
}

fn list(found: &[ListedReader<'_>], as_json: bool) -> String {
    if as_json {
        return json(&found);
    }
    if found.is_empty() {
        return "No card reader is connected.\n".to_owned();
    }
    let mut words = String::new();
    for ListedReader { reader, road, .. } in found {
        let content = if reader.card { "card" } else { "empty" };
        let road = if **road == Road::Pcsc { "" } else { ", by PKCS#11" };
        // A String takes everything that is written to it.
        let _ = writeln!(words, "{}  ({content}{road})", reader.name);
    }
    words
}

fn in_words(cards: &[ShownCard]) -> String {
    if cards.is_empty() {
        return "There is no card in any reader.\n".to_owned();
    }
    let mut words = String::new();
    for card in cards {
        let tries = match card.pin_tries_left {
            None if card.road == Road::Pcsc.name() => "PIN in use by another program".to_owned(),
            None => "PIN tries not told".to_owned(),
            Some(0) => "BLOCKED: unblock it with its PUK".to_owned(),
            Some(left) => format!("PIN tries left {left}"),
        };
        // A String takes everything that is written to it.
        let _ = writeln!(words, "{}: {tries}", card.reader);
        for found in &card.certificates {
            let _ = writeln!(words, "  {}  {}", slot(found.slot), found.name);
            let _ = writeln!(words, "      issued by {}", found.issuer);
            let (issuer, serial) = (toml::Value::from(found.issuer_name.as_str()), toml::Value::from(found.serial.as_str()));
            let _ = writeln!(words, "      Issuer = {issuer}, Serial = {serial}");
            let date = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
            let _ = writeln!(words, "      valid {} to {}", date(found.valid_from), date(found.valid_until));
            if !found.policies.is_empty() {
                let _ = writeln!(words, "      policies {}", found.policies.join(", "));
            }
            let verdict = match (&found.problem, found.trusted) {
                (Some(problem), _) => format!("does not count: {} [{}]", problem.what, problem.code),
                (None, Some(_)) => "counts".to_owned(),
                (None, None) => "not checked; name the CA in MASTER.toml, [Trust], or with --trust".to_owned(),
            };
            let kind = match found.kind {
                Some(CertificateKind::Local) => "local; ",
                Some(CertificateKind::Qualified) => "qualified; ",
                None => "",
            };
            let _ = writeln!(words, "      {kind}{verdict}");
            for note in &found.notes {
                let _ = writeln!(words, "      note: {} [{}]", note.what, note.code);
            }
        }
        for unreadable in &card.unreadable {
            let _ = writeln!(words, "  {}  no readable certificate", slot(*unreadable));
        }
    }
    words
}

fn slot(slot: Slot) -> String {
    let use_of = match slot {
        Slot::Authentication => "sign in",
        Slot::Signature => "signature",
        Slot::KeyManagement => "encryption",
        Slot::CardAuthentication => "card itself",
    };
    format!("{slot} ({use_of})")
}
