//! A card on the holder's side: where to put it, and its PIN on a pad of ten keys. What is typed never reaches a screen.

use std::{rc::Rc, sync::Arc};

use bam_station_ui::{HolderCard, HolderWindow, PinState, Tone};
use slint::{ComponentHandle as _, Image, SharedString};

use super::{
    Desk, Shell,
    cards::{CardWords, concerns_pin},
    desk::{SeenFault, holder_page},
    shell::on,
    sign_in::not_a_pin,
    typed::Typed,
    waiting::Work,
    words::{fill, shown_fault, text},
};
use crate::{
    config::{Language, local::PinDigits},
    control::Step,
    device::card::ReaderPlace,
    secret::PinEntry,
    station::{CardView, SeenCard, WrongReader, worker::Request},
};

/// The keys in the order in which people know them.
const KEYS: [u8; 10] = *b"1234567890";
/// Most digits of a PIN that the field takes, whatever the card says.
const MOST_DIGITS: usize = 16;

/// What the screens know about the card on the holder's side, beside what the station tells.
#[derive(Default)]
pub struct SideDesk {
    /// A third party's card and PIN were asked for.
    pub third_party_asked: bool,
    /// What went wrong with the last try.
    pub error: Option<SeenFault>,
    /// The earlier scan of the holder's document: its file, and the picture.
    pub earlier_scan: Option<(Arc<[u8]>, Image)>,
    /// The digits so far.
    typed: Typed,
    /// The order of the keys while a PIN is asked for.
    keys: Option<[u8; 10]>,
}

impl SideDesk {
    /// What was typed is wiped.
    pub(super) fn forget_pin(&mut self) {
        self.typed.erase();
    }

    fn typed(&self) -> usize {
        self.typed.count()
    }
}

/// The operator has asked for card and PIN on the holder's side.
pub fn side_asked(desk: &Desk) -> bool {
    let Some(control) = desk.control() else { return false };
    if desk.choosing_method {
        return false;
    }
    match control.step() {
        Step::OwnCard => control.card_holder_confirmed(),
        Step::ThirdParty => desk.side.third_party_asked && control.third_party().is_none(),
        _ => false,
    }
}

/// A card is in the holder's reader that is of use in this control, so its PIN is asked for.
pub fn asks_pin(desk: &Desk) -> bool {
    usable_card(desk).is_some()
}

/// The card in the holder's reader, when it carries the kind of certificate that the control is for.
pub fn usable_card(desk: &Desk) -> Option<&SeenCard> {
    let kind = desk.control()?.opening().certificate;
    let third_party = desk.step() == Some(Step::ThirdParty);
    let card = desk.snapshot.holder_card.card()?;
    // A third party's certificate must count. Whether the holder's own may have expired is for the rules to say.
    let usable = card.state(kind).is_some() && !(third_party && card.objection.is_some());
    (usable && desk.snapshot.wrong_reader != Some(WrongReader::OperatorsCard)).then_some(card)
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let card = shell.holder.global::<HolderCard>();
    on!(shell, card, on_press, |here, digit| {
        here.desk(|desk| {
            let most = usable_card(desk).map_or(0, |card| usize::from(card.pin.most)).min(MOST_DIGITS);
            if !desk.busy() && desk.side.typed() < most {
                desk.side.typed.push(&digit);
            }
        });
        here.present();
    });
    on!(shell, card, on_erase, |here| {
        here.desk(|desk| desk.side.forget_pin());
        here.present();
    });
    on!(shell, card, on_finish, |here| {
        if here.desk(|desk| complete(desk)) {
            give(&here);
        }
        here.present();
    });
    on!(shell, card, on_use_pad, |here| {
        ask(&here, PinEntry::Pad);
        here.present();
    });
}

fn complete(desk: &Desk) -> bool {
    let fewest = usable_card(desk).map_or(usize::MAX, |card| usize::from(card.pin.fewest));
    desk.side.typed() >= fewest && !desk.busy()
}

fn give(shell: &Shell) {
    let typed = shell.desk(|desk| desk.side.typed.take());
    match typed {
        Ok(pin) => ask(shell, pin.into()),
        Err(error) => shell.desk(|desk| desk.side.error = Some(not_a_pin(&error))),
    }
}

/// Card and PIN go to the station, with the words of a third party where one vouches.
fn ask(shell: &Shell, pin: PinEntry) {
    let request = match shell.desk(|desk| desk.step()) {
        Some(Step::OwnCard) => Request::ProveOwnCard(pin),
        Some(Step::ThirdParty) => super::identification::vouch(shell, pin),
        _ => return,
    };
    shell.ask(request);
}

/// The keys are put in order when a PIN is asked for, and what was typed is wiped when none is.
pub(super) fn follow_up(shell: &Shell) {
    shell.desk(|desk| {
        let asks = holder_page(desk) == bam_station_ui::HolderPage::Pin;
        match (asks, desk.side.keys) {
            (true, None) => {
                let shuffled = desk.configuration.local.value.holder.pin_digits == PinDigits::Shuffled;
                desk.side.keys = Some(if shuffled { shuffled_keys() } else { KEYS });
            }
            (false, Some(_)) => {
                desk.side.keys = None;
                desk.side.forget_pin();
            }
            _ => {}
        }
    });
}

/// The keys in an order that nobody can guess from the finger (Fisher and Yates). Without random numbers they stay in order.
fn shuffled_keys() -> [u8; 10] {
    let mut keys = KEYS;
    let mut random = [0_u8; 128];
    if getrandom::fill(&mut random).is_err() {
        return keys;
    }
    let mut random = random.into_iter();
    for last in (1..10_u8).rev() {
        // A byte that would make some orders likelier than others is passed over.
        let choices = last + 1;
        let fair = u8::MAX - u8::MAX % choices;
        let Some(byte) = random.by_ref().find(|byte| *byte < fair) else { return KEYS };
        keys.swap(usize::from(last), usize::from(byte % choices));
    }
    keys
}

pub(super) fn show(desk: &Desk, window: &HolderWindow) {
    let language = desk.holder_language;
    let page = window.global::<HolderCard>();
    let third_party = desk.step() == Some(Step::ThirdParty);
    let whose = |own: &str, third: &str| text(language, if third_party { third } else { own });
    page.set_title(whose("card-page.own-title", "card-page.third-title"));
    let reading = desk.snapshot.holder_card == CardView::Reading;
    page.set_reading(reading);
    page.set_text(if reading {
        text(language, "card-page.reading")
    } else {
        whose("card-page.own-text", "card-page.third-text")
    });
    let (hint, tone) = hint(desk, language);
    page.set_hint(hint);
    page.set_hint_tone(tone);
    page.set_pin(pin(desk, language));
    page.set_pin_title(match desk.snapshot.holder_card.card() {
        _ if third_party => text(language, "holder-pin.title-third"),
        Some(card) if card.pin.pad => text(language, "holder-pin.title-pad"),
        _ => text(language, "holder-pin.title"),
    });
    page.set_busy(desk.waiting.has(Work::HolderPin));
    page.set_typed(i32::try_from(desk.side.typed()).unwrap_or(0));
    page.set_complete(complete(desk));
    let keys = desk.side.keys.unwrap_or(KEYS);
    fill(&page.get_digits(), keys.iter().map(|key| SharedString::from(char::from(*key))).collect(), |rows| {
        page.set_digits(rows);
    });
}

/// What keeps the card from being used, in the holder's language: what the holder can do about it, or that the operator helps.
fn hint(desk: &Desk, language: Language) -> (SharedString, Tone) {
    let say = |key: &str| (text(language, key), Tone::Warn);
    match (desk.snapshot.wrong_reader, &desk.snapshot.holder_card) {
        (Some(WrongReader::HoldersCard), _) => return say("card-page.wrong-reader"),
        (Some(WrongReader::OperatorsCard), _) => return say("card-page.operators-card"),
        (None, CardView::ReaderMissing) => return say("card-page.reader-missing"),
        (None, CardView::Fault { code, message }) => return (fault(language, code, message), Tone::Warn),
        (None, CardView::Card(_)) if !asks_pin(desk) => return say("card-page.unusable"),
        _ => {}
    }
    match &desk.side.error {
        Some(error) if !concerns_pin(&error.code) => (fault(language, &error.code, &error.message), Tone::Warn),
        _ => (SharedString::default(), Tone::Neutral),
    }
}

fn fault(language: Language, code: &str, message: &str) -> SharedString {
    match code {
        "CARD_REMOVED" | "CARD_ABSENT" | "CARD_EXCHANGED" => text(language, "card-page.removed"),
        "CARD_MUTE" | "CARD_SILENT" => shown_fault(language, code, message, Tone::Warn).remedy,
        "CARD_READER_MISSING" | "CARD_SERVICE_MISSING" => text(language, "card-page.reader-missing"),
        _ => text(language, "card-page.unusable"),
    }
}

/// The PIN as the holder is told of it.
fn pin(desk: &Desk, language: Language) -> PinState {
    let zone = desk.configuration.zone();
    let words = CardWords { language, zone: &zone };
    let mut state = words.pin(usable_card(desk), None, desk.at_pad == Some(ReaderPlace::Holder));
    state.ready &= !desk.busy();
    if let Some(error) = &desk.side.error {
        let said = match error.code.as_str() {
            "CARD_PIN_BLOCKED" => SharedString::default(),
            "CARD_PIN_WRONG" => text(language, "holder-pin.wrong"),
            "CARD_PAD_CANCELLED" => text(language, "holder-pin.cancelled"),
            "CARD_PAD_TIMED_OUT" => text(language, "holder-pin.timed-out"),
            "CARD_PIN_LENGTH" | "PIN_NOT_USABLE" => text(language, "holder-pin.length"),
            code => fault(language, code, &error.message),
        };
        state.error = said;
        state.error_tone = error.tone;
    }
    state
}
