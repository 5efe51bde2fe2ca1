//! What the readers say and what is on the cards in them, in words. Pure: what is known → what is shown.

use bam_station_ui::{CardFace, PinState, Tone};
use jiff::tz::TimeZone;
use slint::SharedString;

use super::{
    desk::SeenFault,
    words::{self, filled, shown_fault, text},
};
use crate::{
    config::Language,
    rules::{CardState, CertificateKind},
    station::{CardView, SeenCard},
};

/// The words for readers and cards in one language, with the office's dates.
pub struct CardWords<'a> {
    /// The language.
    pub language: Language,
    /// The office's time zone.
    pub zone: &'a TimeZone,
}

impl CardWords<'_> {
    /// A reader without a card that was read. `None` when there is one.
    fn empty(&self, view: &CardView, insert: &str) -> Option<CardFace> {
        let (title, verdict, remedy, tone) = match view {
            CardView::Card(_) => return None,
            CardView::Empty => (text(self.language, insert), "".into(), "".into(), Tone::Neutral),
            CardView::Reading => (text(self.language, "face.reading"), "".into(), "".into(), Tone::Neutral),
            CardView::ReaderMissing => self.fault("CARD_READER_MISSING", "", insert),
            CardView::Fault { code, message } => self.fault(code, message, insert),
        };
        Some(CardFace { present: *view == CardView::Reading, title, line: "".into(), verdict, tone, remedy })
    }

    fn fault(&self, code: &str, message: &str, insert: &str) -> (SharedString, SharedString, SharedString, Tone) {
        let shown = shown_fault(self.language, code, message, Tone::Warn);
        (text(self.language, insert), shown.cause, shown.remedy, Tone::Warn)
    }

    /// Kind, and how long the certificate is valid.
    fn line(&self, card: &SeenCard) -> SharedString {
        let until = words::date(card.valid_until.to_zoned(self.zone.clone()).date());
        let until = filled(self.language, "face.until", &[&until]);
        match card.kind {
            Some(kind) => format!("{} · {until}", words::kind(self.language, kind)).into(),
            None => until,
        }
    }

    fn card(&self, card: &SeenCard) -> CardFace {
        CardFace {
            present: true,
            title: card.name.as_str().into(),
            line: self.line(card),
            verdict: text(self.language, "face.counts"),
            tone: Tone::Good,
            remedy: "".into(),
        }
    }

    fn but(&self, face: CardFace, verdict: &str, remedy: &str, tone: Tone) -> CardFace {
        CardFace { verdict: text(self.language, verdict), remedy: text(self.language, remedy), tone, ..face }
    }

    /// The card's certificate does not count: why, and what to do.
    fn objected(&self, card: &SeenCard) -> Option<CardFace> {
        let objection = card.objection.as_ref()?;
        let shown = shown_fault(self.language, objection.code, &objection.message, Tone::Bad);
        Some(CardFace { verdict: shown.cause, remedy: shown.remedy, tone: Tone::Bad, ..self.card(card) })
    }

    /// The card with which an operator signs in; `admitted` when it gives access.
    pub fn sign_in(&self, view: &CardView, admitted: bool) -> CardFace {
        let Some(card) = view.card() else { return self.empty(view, "face.insert-operator").unwrap_or_default() };
        self.objected(card).unwrap_or_else(|| {
            let face = self.card(card);
            if admitted { face } else { self.but(face, "face.not-operator", "face.not-operator-remedy", Tone::Warn) }
        })
    }

    /// The card that goes on where `operator` stood.
    pub fn unlock(&self, view: &CardView, operator: &str) -> CardFace {
        let Some(card) = view.card() else { return self.empty(view, "face.insert-locked").unwrap_or_default() };
        if card.name != operator {
            return self.but(self.card(card), "face.other-operator", "face.other-operator-remedy", Tone::Warn);
        }
        self.objected(card).unwrap_or_else(|| self.card(card))
    }

    /// The card that signs.
    pub fn signing(&self, view: &CardView) -> CardFace {
        let Some(card) = view.card() else { return self.empty(view, "face.insert-locked").unwrap_or_default() };
        self.objected(card).unwrap_or_else(|| self.card(card))
    }

    /// The holder's own card in a control for certificates of `kind`: its state is told, and whether that helps is the rules'.
    pub fn own(&self, view: &CardView, kind: CertificateKind) -> CardFace {
        let Some(card) = view.card() else { return self.empty(view, "face.insert-holder").unwrap_or_default() };
        let face = self.card(card);
        match card.state(kind) {
            Some(CardState::Valid) => face,
            Some(state) => CardFace { verdict: self.state(state), tone: state_tone(state), ..face },
            None => self.but(face, none_of(kind), "face.other-card", Tone::Bad),
        }
    }

    /// The card of a third party who vouches for somebody who is to get certificates of `kind`.
    pub fn third_party(&self, view: &CardView, kind: CertificateKind) -> CardFace {
        let Some(card) = view.card() else { return self.empty(view, "face.insert-holder").unwrap_or_default() };
        if card.state(kind).is_none() {
            return self.but(self.card(card), none_of(kind), "face.other-card", Tone::Bad);
        }
        self.objected(card).unwrap_or_else(|| self.card(card))
    }

    /// The card that is to be renewed, with the state of each kind of certificate on it.
    pub fn renewal(&self, view: &CardView, kind: Option<CertificateKind>) -> CardFace {
        let Some(card) = view.card() else {
            let face = self.empty(view, "face.insert-renewal").unwrap_or_default();
            return match view {
                CardView::Empty => CardFace { line: text(self.language, "face.insert-renewal-note"), ..face },
                _ => face,
            };
        };
        let mut face = self.card(card);
        let states = [(card.qualified, "face.state-qualified"), (card.local, "face.state-local")];
        let told = states.iter().filter_map(|(state, key)| {
            state.map(|state| filled(self.language, key, &[&self.state(state).to_lowercase()]).to_string())
        });
        face.line = std::iter::once(face.line.to_string()).chain(told).collect::<Vec<_>>().join("\n").into();
        match kind.map(|kind| (kind, card.state(kind))) {
            Some((kind, None)) => self.but(face, none_of(kind), "face.other-card", Tone::Bad),
            Some((_, Some(state))) => CardFace { verdict: self.state(state), tone: state_tone(state), ..face },
            None => CardFace { verdict: "".into(), ..face },
        }
    }

    fn state(&self, state: CardState) -> SharedString {
        text(self.language, &format!("card.{}", state.name()))
    }

    /// How a PIN may be given for the card that is in a reader: what is left is known before anything is asked.
    pub fn pin(&self, card: Option<&SeenCard>, error: Option<&SeenFault>, at_pad: bool) -> PinState {
        let Some(card) = card else { return PinState { fewest: 4, most: 8, ..PinState::default() } };
        let facts = card.pin;
        let (last_try, blocked) = (facts.is_last_try(), facts.is_blocked());
        let tries = match facts.tries_left {
            Some(left @ 2..) => filled(self.language, "pin.tries-left", &[&left.to_string()]),
            _ => SharedString::default(),
        };
        let error = error.filter(|error| !(blocked && error.code == "CARD_PIN_BLOCKED"));
        let said = error.map_or_else(SharedString::default, |error| {
            let cause = shown_fault(self.language, &error.code, &error.message, error.tone).cause;
            if tries.is_empty() { cause } else { format!("{cause} {tries}").into() }
        });
        PinState {
            pad: facts.pad,
            at_pad,
            ready: !blocked,
            fewest: i32::from(facts.fewest),
            most: i32::from(facts.most),
            tries,
            last_try,
            blocked,
            error: said,
            error_tone: error.map_or(Tone::Bad, |error| error.tone),
        }
    }
}

fn none_of(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::Qualified => "face.no-qualified",
        CertificateKind::Local => "face.no-local",
    }
}

fn state_tone(state: CardState) -> Tone {
    match state {
        CardState::Valid => Tone::Good,
        CardState::Expired => Tone::Warn,
        CardState::Revoked => Tone::Bad,
    }
}

/// The fault concerns the PIN that was just given: it is told where the PIN is asked for.
pub fn concerns_pin(code: &str) -> bool {
    matches!(
        code,
        "OPERATOR_PIN_WRONG"
            | "OPERATOR_KEY_BLOCKED"
            | "PIN_NOT_USABLE"
            | "CARD_PIN_WRONG"
            | "CARD_PIN_BLOCKED"
            | "CARD_PIN_LENGTH"
            | "CARD_PAD_CANCELLED"
            | "CARD_PAD_TIMED_OUT"
    )
}

/// How a fault is meant: what somebody stopped on purpose is told, but is no failure.
pub fn fault_tone(code: &str) -> Tone {
    match code {
        "SCAN_CANCELLED" | "CARD_PAD_CANCELLED" | "CARD_PAD_TIMED_OUT" => Tone::Info,
        _ => Tone::Bad,
    }
}
