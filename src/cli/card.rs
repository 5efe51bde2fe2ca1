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

use super::{exit, verify};
use crate::{
    config::local::PinPadUse,
    device::card::{CardCertificate, CardError, ReaderInfo, Road, Slot},
    rules::CertificateKind,
    trust::{Anchors, describe, policies, serial_text, validity, verify_chain},
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
    /// The CAs' certificates, PEM or DER; each certificate on the card must lead to one
    #[arg(long, value_name = "CA.pem")]
    pub trust: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
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
    /// The serial number, hexadecimal.
    pub serial: String,
    /// The first moment of its validity.
    pub valid_from: Timestamp,
    /// The last moment of its validity.
    pub valid_until: Timestamp,
    /// The certificate policies, as dotted numbers.
    pub policies: Vec<String>,
    /// Local or qualified; null where no policy is configured for either.
    pub kind: Option<CertificateKind>,
    /// Whether it counts now; null without `--trust`.
    pub trusted: Option<bool>,
    /// Why it does not count.
    pub problem: Option<Problem>,
}

/// Why a certificate does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The fault's code.
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
    /// The file of `--trust`.
    #[error(transparent)]
    Trust(#[from] verify::VerifyError),
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

/// Runs the command: 0 done, 1 with `--trust` when a certificate does not count, 2 wrong use, 3 the service, a reader or a card failed.
///
/// `roads` are those of LOCAL.toml.
pub fn run(args: &CardArgs, roads: &[Road]) -> ExitCode {
    run_to(args, roads, Timestamp::now(), &mut io::stdout().lock(), &mut io::stderr().lock()).into()
}

/// The same with these outputs.
pub fn run_to(args: &CardArgs, roads: &[Road], now: Timestamp, out: &mut impl Write, messages: &mut impl Write) -> u8 {
    let answer = match &args.action {
        CardAction::List { json } => readers(roads).map(|found| (list(&found, *json), exit::DONE)).map_err(ShowError::from),
        CardAction::Show(show) => cards(show, roads, now).map(|cards| {
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
            // A closed standard error is no reason to end otherwise.
            let _ = writeln!(messages, "bam-station: {error} [{}]", error.code());
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
pub fn cards(args: &ShowArgs, roads: &[Road], now: Timestamp) -> Result<Vec<ShownCard>, ShowError> {
    let anchors = args.trust.as_deref().map(verify::anchors).transpose()?;
    let found = readers(roads)?;
    let chosen = choose(&found, args.reader.as_deref());
    let chosen = chosen.map_err(|error| ShowError::Card { reader: args.reader.clone().unwrap_or_default(), error })?;
    let one = |found: &ListedReader<'_>| {
        let name = &found.reader.name;
        show(found.road, name, anchors.as_ref(), now).map_err(|error| ShowError::Card { reader: name.clone(), error })
    };
    chosen.into_iter().map(one).collect()
}

fn show(road: &Road, reader: &str, anchors: Option<&Anchors>, now: Timestamp) -> Result<ShownCard, CardError> {
    // Where the PIN would be typed is of no interest here.
    let mut card = road.card(reader, PinPadUse::WhenPresent)?;
    let contents = card.contents()?;
    let facts = card.pin_facts()?;
    Ok(ShownCard {
        reader: reader.to_owned(),
        road: road.name(),
        pin_tries_left: facts.tries_left,
        pin_pad: facts.pad,
        certificates: contents.certificates.iter().map(|found| shown(found, anchors, now)).collect(),
        unreadable: contents.unreadable,
    })
}

fn shown(found: &CardCertificate, anchors: Option<&Anchors>, now: Timestamp) -> ShownCertificate {
    let certificate = &found.certificate;
    let tbs = certificate.tbs_certificate();
    let verdict = anchors.map(|anchors| verify_chain(certificate, &[], anchors, now));
    let (valid_from, valid_until) = validity(certificate);
    ShownCertificate {
        slot: found.slot,
        name: describe(tbs.subject()),
        issuer: describe(tbs.issuer()),
        serial: serial_text(certificate),
        valid_from,
        valid_until,
        policies: policies(certificate),
        kind: None,
        trusted: verdict.as_ref().map(|verdict| verdict.as_ref().is_ok_and(|chain| chain.anchored)),
        problem: verdict.and_then(Result::err).map(|error| Problem { code: error.code(), what: error.to_string() }),
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
            let _ = writeln!(words, "      issued by {} (certificate {})", found.issuer, found.serial);
            let date = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
            let _ = writeln!(words, "      valid {} to {}", date(found.valid_from), date(found.valid_until));
            if !found.policies.is_empty() {
                let _ = writeln!(words, "      policies {}", found.policies.join(", "));
            }
            let verdict = match (&found.problem, found.trusted) {
                (Some(problem), _) => format!("does not count: {} [{}]", problem.what, problem.code),
                (None, Some(_)) => "counts".to_owned(),
                (None, None) => "not checked; use --trust".to_owned(),
            };
            let _ = writeln!(words, "      {verdict}");
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
