//! The report's words for what the record says in one word: bokmål and English (the terms of seed 003).

use jiff::Timestamp;

use crate::rules::{CardState, CertificateKind, Function, LocalText, LraMode, Method, conditions::Kinds};

/// A text in the report's two languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Both {
    /// Bokmål.
    pub nb: String,
    /// English.
    pub en: String,
}

/// A text in the report's two languages.
pub fn both(nb: impl Into<String>, en: impl Into<String>) -> Both {
    Both { nb: nb.into(), en: en.into() }
}

impl From<&LocalText> for Both {
    fn from(text: &LocalText) -> Self {
        both(text.nb.clone(), text.en.clone())
    }
}

/// What the holder came for.
pub fn function(function: Function) -> Both {
    match function {
        Function::NewCard => both("Nytt kort", "New card"),
        Function::ReplacementCard => both("Erstatningskort", "Replacement card"),
        Function::Renewal => both("Fornyelse", "Renewal"),
        Function::PinUnlock => both("Låse opp PIN", "PIN unlock"),
        Function::ActivationCode => both("Aktiveringskode", "Activation code"),
    }
}

/// The kind of certificate.
pub fn certificate(kind: CertificateKind) -> Both {
    match kind {
        CertificateKind::Local => both("Lokale sertifikater", "Local certificates"),
        CertificateKind::Qualified => both("Kvalifiserte sertifikater", "Qualified certificates"),
    }
}

/// The state of the certificates on a card.
pub fn card(state: CardState) -> Both {
    match state {
        CardState::Valid => both("Gyldige", "Valid"),
        CardState::Expired => both("Utløpt", "Expired"),
        CardState::Revoked => both("Sperret", "Revoked"),
    }
}

/// How the holder is identified.
pub fn method(method: Method) -> Both {
    match method {
        Method::Document => both("Legitimasjonsdokument", "Identity document"),
        Method::OwnCard => both("Eget kort og PIN", "Own card and PIN"),
        Method::ThirdParty => both("Tredjepartslegitimering", "Third party"),
        Method::Operator => both("Operatøridentifisering", "Operator's word"),
    }
}

/// What the station may issue.
pub fn mode(mode: LraMode) -> Both {
    match mode {
        LraMode::Local => both("Local: bare lokale sertifikater", "Local: local certificates only"),
        LraMode::Buypass => both("Buypass: bare kvalifiserte sertifikater", "Buypass: qualified certificates only"),
        LraMode::Mixed => both("Mixed: lokale og kvalifiserte sertifikater", "Mixed: local and qualified certificates"),
    }
}

/// For which certificates a condition holds.
pub fn kinds(kinds: Kinds) -> Both {
    match kinds {
        Kinds::No => yes(false),
        Kinds::Qualified => both("Kvalifiserte", "Qualified"),
        Kinds::All => both("Alle", "All"),
    }
}

/// Yes or no.
pub fn yes(yes: bool) -> Both {
    if yes { both("Ja", "Yes") } else { both("Nei", "No") }
}

/// A comparison that may have lacked one of its sides.
pub fn agreement(agrees: Option<bool>) -> Both {
    match agrees {
        Some(true) => both("stemmer", "agree"),
        Some(false) => both("stemmer ikke", "do not agree"),
        None => both("ikke sammenlignet, mangler på den ene siden", "not compared, absent on one side"),
    }
}

/// Nothing was given.
pub fn not_given() -> Both {
    both("Ikke oppgitt", "Not given")
}

/// An instant to the second: `2026-11-21 09:18:03 UTC`.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The office's time as the record keeps it (RFC 9557), for people: `2026-11-21 10:18:03 +01:00, Europe/Oslo`.
pub fn office(text: &str) -> String {
    let (instant, zone) = text.split_once('[').unwrap_or((text, ""));
    let zone = zone.trim_end_matches(']');
    let (date, time) = instant.split_once('T').unwrap_or((instant, ""));
    let (clock, offset) = time.split_at(time.find(['+', '-', 'Z']).unwrap_or(time.len()));
    let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    let words = [date, clock, offset].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if zone.is_empty() { words } else { format!("{words}, {zone}") }
}

/// A number of things, and a duration, in seconds with a decimal comma in bokmål.
pub fn seconds(milliseconds: u32) -> Both {
    let (whole, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100);
    both(format!("{whole},{tenths} s"), format!("{whole}.{tenths} s"))
}
