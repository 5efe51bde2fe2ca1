//! The holder's window: what will happen, the terms, the signature. It shows no identity number and nothing of anybody else.

use std::{rc::Rc, time::Instant};

use bam_station_ui::{
    Fact, Holder, HolderPage, HolderSign, HolderTerms, HolderWindow, OperatorWindow, Paragraph, Sheet, TermsWatch, paginate,
};
use slint::{ComponentHandle as _, SharedString};

use super::{
    Desk, Shell,
    desk::holder_page,
    home::office,
    shell::on,
    words::{self, fill, filled, text},
};
use crate::{
    config::{Language, terms::Block},
    control::{Command, Control, Identification, Step, signature::SHORTEST_INK},
    digest::Digest,
    station::worker::Request,
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let holder = shell.holder.global::<Holder>();
    on!(shell, holder, on_set_language, |here, code| {
        here.desk(|desk| desk.holder_language = Shell::language(&code));
        here.desk(|desk| {
            desk.terms_page = 0;
            desk.terms_pages.clear();
            desk.terms_asked = None;
        });
        follow_up(&here);
        here.present();
    });
    on!(shell, holder, on_open_information, |here| {
        here.desk(|desk| {
            desk.reading_information = true;
            desk.terms_page = 0;
        });
        divide_information(&here);
        here.present();
    });
    on!(shell, holder, on_close_information, |here| {
        here.desk(leave_information);
        here.present();
    });
    on!(shell, holder, on_stay, |here| {
        here.touched(std::time::Instant::now());
    });
    on!(shell, holder, on_begin, |here| {
        here.desk(leave_information);
        here.desk(|desk| desk.holder_began = true);
        here.present();
    });
    let terms = shell.holder.global::<HolderTerms>();
    on!(shell, terms, on_measured, |here| {
        here.desk(|desk| desk.terms_pages.clear());
        follow_up(&here);
        here.present();
    });
    on!(shell, terms, on_previous, |here| {
        turn_page(&here, |page| page.saturating_sub(1));
    });
    on!(shell, terms, on_next, |here| {
        turn_page(&here, |page| page + 1);
    });
    on!(shell, terms, on_accept, |here| {
        answer(&here, Command::AcceptTerms);
    });
    on!(shell, terms, on_decline, |here| {
        answer(&here, Command::DeclineTerms);
    });
    let sign = shell.holder.global::<HolderSign>();
    on!(shell, sign, on_pen_down, |here, x, y, width, height| {
        here.desk(|desk| desk.pen.down(x, y, width, height, Instant::now()));
        written(&here);
    });
    on!(shell, sign, on_pen_move, |here, x, y| {
        if here.by_hand.is_shadow() {
            return;
        }
        here.desk(|desk| desk.pen.moved(x, y, Instant::now()));
        written(&here);
    });
    on!(shell, sign, on_pen_up, |here| {
        here.desk(|desk| desk.pen.up());
        written(&here);
    });
    on!(shell, sign, on_clear, |here| {
        here.desk(|desk| desk.pen.clear());
        written(&here);
    });
    on!(shell, sign, on_finish, |here| {
        let strokes = here.desk(|desk| desk.pen.strokes().clone());
        here.ask_and_present(Request::Signature(Box::new(strokes)));
    });
}

/// Shows the ink on both windows and nothing else anew: the pen is fast.
pub(super) fn written(shell: &Shell) {
    shell.desk(|desk| {
        ink(desk, &shell.holder);
        super::signature::show(desk, &shell.operator);
    });
}

fn ink(desk: &Desk, window: &HolderWindow) {
    let sign = window.global::<HolderSign>();
    // Nothing is left of the signature as soon as its page is.
    if holder_page(desk) == HolderPage::Sign {
        sign.set_commands(desk.pen.commands().into());
        sign.set_pieces(desk.pen.pieces());
    } else {
        sign.set_commands("".into());
        sign.set_pieces(slint::ModelRc::default());
    }
    let on_pad = desk.on_pad();
    sign.set_on_pad(on_pad);
    if on_pad && desk.pen.strokes().width > 0 {
        sign.set_field_width(super::pen::pixels(desk.pen.strokes().width));
        sign.set_field_height(super::pen::pixels(desk.pen.strokes().height));
    }
    sign.set_can_finish(desk.pen.ink_length() >= SHORTEST_INK && !desk.busy());
}

fn turn_page(shell: &Shell, to: impl Fn(usize) -> usize) {
    shell.desk(|desk| desk.terms_page = to(desk.terms_page).min(desk.terms_pages.len().saturating_sub(1)));
    follow_up(shell);
    shell.present();
}

/// The holder has read enough.
fn leave_information(desk: &mut Desk) {
    if desk.reading_information {
        desk.reading_information = false;
        desk.terms_pages.clear();
        desk.terms_page = 0;
    }
}

/// The information about the use of personal data, in the holder's language.
fn information(desk: &Desk) -> Vec<Paragraph> {
    let Some(control) = desk.control() else { return vec![] };
    let years = desk.configuration.master.value.registers.retention_years;
    let company = &control.opening().rules.company;
    in_paragraphs(desk.configuration.information.blocks(desk.holder_language, company, years))
}

/// Divides the information into pages. The first time its page has not been measured yet: it is divided anew when it is shown.
fn divide_information(shell: &Shell) {
    let sheet = measured(shell);
    shell.desk(|desk| {
        let text = information(desk);
        desk.terms_pages = if text.is_empty() { vec![] } else { paginate(&text, &sheet) };
        desk.terms_page = desk.terms_page.min(desk.terms_pages.len().saturating_sub(1));
    });
}

/// What follows at the terms without anybody's touch: they are put before the holder in the holder's language, divided into
/// pages, and the last page counts as reached when it is shown.
pub(super) fn follow_up(shell: &Shell) {
    if shell.desk(|desk| desk.reading_information && desk.terms_pages.is_empty()) {
        divide_information(shell);
    }
    if shell.desk(|desk| holder_page(desk) == HolderPage::Idle || desk.step() != Some(Step::Terms) || desk.others_control()) {
        return;
    }
    let language = shell.desk(|desk| desk.holder_language);
    let shown = shell.desk(|desk| {
        let on_screen = desk.control().and_then(|control| control.terms().on_screen());
        on_screen.is_some_and(|terms| terms.language == language.code())
    });
    if !shown {
        // Terms that are not in force in this language are asked for once, not for ever.
        if shell.desk(|desk| desk.terms_asked) != Some(language) && shell.ask(Request::ShowTerms(language)) {
            shell.desk(|desk| desk.terms_asked = Some(language));
        }
        return;
    }
    if shell.desk(|desk| desk.terms_pages.is_empty()) {
        divide(shell);
    }
    let reached = shell.desk(|desk| {
        let already = desk.control().is_some_and(|control| control.terms().last_page_reached());
        desk.terms_text.filter(|_| !already && desk.terms_page + 1 == desk.terms_pages.len())
    });
    if let Some(text) = reached {
        shell.ask(Request::Act(Command::ReachLastPage(text)));
    }
}

/// The holder's answer, to the text whose pages are on the screen.
fn answer(shell: &Shell, command: fn(Digest) -> Command) {
    if let Some(text) = shell.desk(|desk| desk.terms_text) {
        shell.ask(Request::Act(command(text)));
    }
    shell.present();
}

/// Divides the text that is on the holder's screen into pages of that screen.
fn divide(shell: &Shell) {
    let sheet = measured(shell);
    shell.desk(|desk| {
        desk.terms_text = desk.control().and_then(|control| control.terms().on_screen()).map(|shown| shown.text);
        let text = paragraphs(desk);
        desk.terms_pages = if text.is_empty() { vec![] } else { paginate(&text, &sheet) };
        desk.terms_page = desk.terms_page.min(desk.terms_pages.len().saturating_sub(1));
    });
}

/// The measures of a page of text.
fn measured(shell: &Shell) -> Sheet {
    let measures = shell.holder.global::<HolderTerms>();
    Sheet { width: measures.get_sheet_width(), height: measures.get_sheet_height(), text_size: measures.get_text_size() }
}

/// The text that is on the holder's screen.
fn paragraphs(desk: &Desk) -> Vec<Paragraph> {
    let shown = desk.control().and_then(|control| control.terms().on_screen());
    let Some(terms) = shown.and_then(|shown| desk.configuration.terms.all().iter().find(|terms| terms.digest == shown.text))
    else {
        return vec![];
    };
    in_paragraphs(terms.blocks())
}

/// Each heading with the paragraph that follows it.
pub(super) fn in_paragraphs(blocks: Vec<Block>) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = vec![];
    let mut heading = SharedString::default();
    for block in blocks {
        match block {
            Block::Heading(words) => heading = words.into(),
            Block::Paragraph(words) => {
                paragraphs.push(Paragraph { heading: std::mem::take(&mut heading), text: words.into() });
            }
        }
    }
    paragraphs
}

pub(super) fn show(desk: &Desk, operator: &OperatorWindow, window: &HolderWindow) {
    let language = desk.holder_language;
    let holder = window.global::<Holder>();
    holder.set_page(holder_page(desk));
    holder.set_office(office(desk).into());
    holder.set_training(desk.configuration.training());
    holder.set_take_document(desk.step() == Some(Step::HandBack));
    let by_card = desk.control().is_some_and(|control| {
        matches!(control.identification(), Some((Identification::OwnCard { .. } | Identification::ThirdParty { .. }, _)))
    });
    holder.set_take_card(by_card && (desk.step() == Some(Step::HandBack) || desk.snapshot.holder_card.card().is_some()));
    holder.set_wait_text(waiting(desk, language));
    holder.set_end_text("".into());
    if let Some(control) = desk.control() {
        let signature = if desk.has_pad() { "welcome.step-signature-pad" } else { "welcome.step-signature" };
        let steps = [
            (first_step(control), true),
            ("welcome.step-terms", control.needs(Step::Terms)),
            (signature, control.needs(Step::Signature)),
            ("welcome.step-scan", control.needs(Step::Scan)),
        ];
        fill(
            &holder.get_steps(),
            steps.iter().filter(|(_, asked)| *asked).map(|(key, _)| text(language, key)).collect(),
            |rows| holder.set_steps(rows),
        );
        holder.set_has_information(!information(desk).is_empty());
    }
    let terms = window.global::<HolderTerms>();
    let on_screen = desk.control().and_then(|control| control.terms().on_screen());
    terms.set_title(on_screen.map(|shown| shown.title.clone()).unwrap_or_default().into());
    let page = desk.terms_pages.get(desk.terms_page).cloned().unwrap_or_default();
    fill(&terms.get_paragraphs(), page.clone(), |rows| terms.set_paragraphs(rows));
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    terms.set_page(count(desk.terms_page + 1));
    terms.set_pages(count(desk.terms_pages.len().max(1)));
    let read = desk.control().is_some_and(|control| control.terms().last_page_reached());
    let last = desk.terms_page + 1 == desk.terms_pages.len();
    terms.set_can_decide(read && last && !desk.busy());
    let sign = window.global::<HolderSign>();
    sign.set_again_text(if desk.asked_again { text(language, "sign.again") } else { "".into() });
    ink(desk, window);
    watch(desk, operator, page);
}

/// How the holder is identified, as far as it is decided.
fn first_step(control: &Control) -> &'static str {
    match (control.step(), control.identification()) {
        (Step::OwnCard, _) | (_, Some((Identification::OwnCard { .. }, _))) => "welcome.step-own-card",
        (Step::ThirdParty, _) | (_, Some((Identification::ThirdParty { .. }, _))) => "welcome.step-third-party",
        (Step::OperatorVouching, _) | (_, Some((Identification::Operator { .. }, _))) => "welcome.step-operator",
        _ => "welcome.step-document",
    }
}

/// What the holder waits for.
fn waiting(desk: &Desk, language: Language) -> SharedString {
    let proven = desk.control().is_some_and(|control| {
        let by = control.identification().map(|(by, _)| by);
        matches!(by, Some(Identification::OwnCard { .. } | Identification::ThirdParty { .. })) || control.third_party().is_some()
    });
    if proven && desk.snapshot.holder_card.card().is_some() {
        return text(language, "wait.take-card");
    }
    match desk.step() {
        Some(Step::Signature) => text(language, "wait.signature"),
        Some(Step::Scan) => text(language, "wait.scan"),
        Some(Step::Approval) => text(language, "wait.approval"),
        _ => "".into(),
    }
}

/// What the operator sees of the holder's reading.
fn watch(desk: &Desk, operator: &OperatorWindow, page: Vec<Paragraph>) {
    let language = desk.operator_language;
    let watch = operator.global::<TermsWatch>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::Terms) else { return };
    let fact = |key: &str, value: String| Fact { label: text(language, key), value: value.into() };
    let facts = control.terms().on_screen().map(|shown| {
        vec![
            fact("terms-watch.terms", shown.title.clone()),
            fact("terms-watch.version", shown.version.clone()),
            fact("terms-watch.language", words::language(language, &shown.language)),
        ]
    });
    fill(&watch.get_facts(), facts.unwrap_or_default(), |rows| watch.set_facts(rows));
    let (page_number, pages) = (desk.terms_page + 1, desk.terms_pages.len().max(1));
    watch.set_progress_text(filled(language, "approve.page-of", &[&page_number.to_string(), &pages.to_string()]));
    let part = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    watch.set_progress(part(page_number) / part(pages));
    watch.set_last_page_reached(control.terms().last_page_reached());
    fill(&watch.get_paragraphs(), page, |rows| watch.set_paragraphs(rows));
}
