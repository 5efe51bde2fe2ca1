//! The administration: MASTER.toml in tabs, what a change would make different, the signature, and the versions before.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use bam_station_ui::{Administration as Shown, AdministrationView, Operator, OperatorWindow, Setting, SignedVersion, Tone};
use jiff::civil::Date;
use slint::{ComponentHandle as _, Model as _, ModelRc, SharedString};

use super::{
    Desk, Shell,
    admin_rows::{self, Act},
    cards::CardWords,
    desk::Place,
    holder,
    shell::on,
    sign_in::{pin_words, tries_words, typed},
    waiting::Work,
    words::{self, choice, counted, fill, filled, text},
};
use crate::{
    config::{
        Change, Language, Local, TermsCatalogue,
        draft::{Draft, Typing},
        edit::FileKind,
        tabs::Tab,
    },
    device::card::ReaderPlace,
    secret::PinEntry,
    station::{
        Administration, Appointee, Clock as _, FileChange, FoundDevices, SavedMaster, SystemClock, administration::Version,
        worker::Request,
    },
};

/// What is told after something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// This version is signed, and holds for the next control.
    Now(u64),
    /// It holds when the station opens anew.
    Later(u64),
    /// It waits for another administrator.
    Second(u64),
    /// LOCAL.toml is changed, and holds when the station opens anew.
    Local,
}

/// What an administrator has found and typed.
#[derive(Debug)]
pub struct AdminDesk {
    draft: Option<Draft>,
    local_draft: Option<Draft<Local>>,
    /// The texts of the terms, and why they cannot be read anew.
    terms: (TermsCatalogue, Option<String>),
    /// Which of them is read.
    reading: usize,
    /// The fields that people have in the directory, as far as they were fetched.
    pub(super) fields: BTreeMap<String, usize>,
    /// What LOCAL.toml may name.
    pub(super) devices: FoundDevices,
    versions: Vec<Version>,
    awaits_second: Option<String>,
    view: AdministrationView,
    /// LOCAL.toml is shown.
    local: bool,
    /// The tab of either file.
    tabs: (Tab, Tab),
    /// What the station says a change would make different.
    proposed: Option<Vec<Change>>,
    said: Option<Said>,
    /// The file is another one by now: it is read anew.
    stale: bool,
    /// Counts up when the fields are to be drawn anew.
    drawn: i32,
}

impl Default for AdminDesk {
    fn default() -> Self {
        Self {
            draft: None,
            local_draft: None,
            terms: (TermsCatalogue::default(), None),
            reading: 0,
            fields: BTreeMap::new(),
            devices: FoundDevices::default(),
            versions: Vec::new(),
            awaits_second: None,
            view: AdministrationView::Edit,
            local: false,
            tabs: (Tab::IssueProcess, Tab::Desk),
            proposed: None,
            said: None,
            stale: false,
            drawn: 0,
        }
    }
}

impl AdminDesk {
    /// Takes over what the station found. What was typed stays typed.
    pub fn found(&mut self, found: Administration) {
        match &mut self.draft {
            Some(draft) => draft.follow(found.file),
            None => self.draft = Some(Draft::new(found.file)),
        }
        match &mut self.local_draft {
            Some(draft) => draft.follow(found.local),
            None => self.local_draft = Some(Draft::of_local(found.local)),
        }
        self.terms = (found.terms, found.terms_fault);
        self.versions = found.versions;
        self.awaits_second = found.awaits_second;
        self.drawn += 1;
    }

    /// Takes over what a change would make different.
    pub fn proposed(&mut self, changes: Vec<Change>) {
        self.proposed = Some(changes);
    }

    /// The file is changed and signed.
    pub fn saved(&mut self, saved: &SavedMaster) {
        self.said = Some(match (saved.awaits_second, &saved.in_force) {
            (true, _) => Said::Second(saved.version),
            (false, Some(_)) => Said::Now(saved.version),
            (false, None) => Said::Later(saved.version),
        });
        if let Some(draft) = &mut self.draft {
            draft.undo();
        }
        self.done();
    }

    fn done(&mut self) {
        self.proposed = None;
        self.view = AdministrationView::Edit;
    }

    /// A card tells whom it would appoint: the person stands in a new record, as an operator until something else is typed.
    pub fn appoint(&mut self, Appointee { issuer, serial, name }: &Appointee) {
        if let Some(draft) = &mut self.draft {
            draft.add_record(OPERATORS, &[("Issuer", issuer), ("Serial", serial), ("Name", name)]);
            self.drawn += 1;
        }
    }

    /// Something was not done. What was typed stays; a file that is another one by now is read anew.
    pub fn failed(&mut self, code: &str, proposing: bool) {
        if proposing && self.view == AdministrationView::Review {
            self.view = AdministrationView::Edit;
        }
        if code == "CONFIG_CHANGED_MEANWHILE" {
            self.stale = true;
            self.view = AdministrationView::Edit;
        }
    }

    fn tab(&self) -> Tab {
        if self.local { self.tabs.1 } else { self.tabs.0 }
    }

    /// What is typed over the file that is shown.
    fn typing(&self) -> Option<&dyn Typing> {
        if self.local {
            self.local_draft.as_ref().map(|draft| -> &dyn Typing { draft })
        } else {
            self.draft.as_ref().map(|draft| -> &dyn Typing { draft })
        }
    }

    fn type_into(&mut self) -> Option<&mut dyn Typing> {
        if self.local {
            self.local_draft.as_mut().map(|draft| -> &mut dyn Typing { draft })
        } else {
            self.draft.as_mut().map(|draft| -> &mut dyn Typing { draft })
        }
    }

    /// A second administrator may sign what the first one did.
    fn can_second(&self) -> bool {
        !self.local && self.awaits_second.is_some() && self.draft.as_ref().is_some_and(|draft| draft.changes() == 0)
    }

    fn wish(&self) -> Option<FileChange> {
        let typing = self.typing()?;
        Some(FileChange { seen: typing.digest(), edits: typing.edits() })
    }

    /// Takes over what was typed at the field with this id.
    fn typed(&mut self, id: &str, typed: &str) {
        self.said = None;
        let Some(draft) = self.type_into() else { return };
        match admin_rows::place(id) {
            admin_rows::Place::Key { section, key } => draft.set(section, key, typed),
            admin_rows::Place::RecordKey { list, number, key } => draft.set_record(list, number, key, typed),
            admin_rows::Place::RecordWord { list, number, key, word } => {
                let on = draft.shown_record(list, number, key);
                let others = on.split(", ").filter(|other| !other.is_empty() && *other != word);
                let words: Vec<&str> = others.chain((typed == "true").then_some(word)).collect();
                draft.set_record(list, number, key, &words.join(", "));
            }
        }
    }
}

/// The list of the appointed.
const OPERATORS: &str = "Operator";

pub(super) fn connect(shell: &Rc<Shell>) {
    on!(shell, shell.operator.global::<Operator>(), on_administration, |here| {
        here.desk(|desk| {
            desk.place = Place::Administration;
            desk.admin.view = AdministrationView::Edit;
            desk.admin.said = None;
            desk.forget_faults();
        });
        here.ask(Request::Administration);
        here.present();
    });
    let shown = shell.operator.global::<Shown>();
    on!(shell, shown, on_show_file, |here, local| {
        show_view(&here, AdministrationView::Edit, |desk| desk.admin.local = local);
        if local {
            here.ask(Request::FindDevices);
        }
    });
    on!(shell, shown, on_show_tab, |here, id| {
        show_view(&here, AdministrationView::Edit, |desk| {
            if let Some(tab) = Tab::named(&id) {
                let admin = &mut desk.admin;
                *(if admin.local { &mut admin.tabs.1 } else { &mut admin.tabs.0 }) = tab;
            }
        });
    });
    on!(shell, shown, on_show_history, |here| {
        show_view(&here, AdministrationView::History, |_| {});
    });
    on!(shell, shown, on_back, |here| {
        show_view(&here, AdministrationView::Edit, |desk| desk.secrets.erase());
    });
    on!(shell, shown, on_typed, |here, id, typed| {
        here.desk(|desk| desk.admin.typed(&id, &typed));
        here.present();
    });
    on!(shell, shown, on_act, |here, id| {
        act(&here, &id);
    });
    on!(shell, shown, on_undo, |here| {
        show_view(&here, AdministrationView::Edit, |desk| {
            if let Some(draft) = desk.admin.type_into() {
                draft.undo();
            }
            desk.forget_faults();
        });
    });
    on!(shell, shown, on_review, |here| {
        review(&here);
    });
    on!(shell, shown, on_return_to, |here, number| {
        here.desk(|desk| {
            let admin = &mut desk.admin;
            let version = admin.versions.iter().find(|version| i32::try_from(version.number) == Ok(number));
            if let (Some(version), Some(draft)) = (version, &mut admin.draft) {
                draft.back_to(&version.values);
                admin.said = None;
                admin.local = false;
            }
        });
        review(&here);
    });
    on!(shell, shown, on_why_edited, |here| {
        here.present();
    });
    on!(shell, shown, on_save, |here| {
        let why = why(&here);
        if let Some(change) = here.desk(|desk| desk.admin.wish()).filter(|_| !why.is_empty()) {
            here.ask(Request::SaveLocal { change: Box::new(change), why });
        }
        here.present();
    });
    on!(shell, shown, on_sign, |here| {
        if let Some(pin) = typed(&here) {
            save(&here, pin.into());
        }
        here.present();
    });
    on!(shell, shown, on_use_pad, |here| {
        save(&here, PinEntry::Pad);
        here.present();
    });
}

/// What a button among the keys does.
fn act(shell: &Shell, id: &str) {
    match admin_rows::act(id) {
        Some(Act::Add(list)) => show_view(shell, AdministrationView::Edit, |desk| {
            if let Some(draft) = desk.admin.type_into() {
                draft.add_record(list, &[]);
            }
        }),
        Some(Act::FromCard) => {
            shell.desk(Desk::forget_faults);
            shell.ask(Request::ReadAppointee);
            shell.present();
        }
        Some(Act::Withdraw { list, number }) => {
            shell.desk(|desk| {
                if let Some(draft) = desk.admin.type_into() {
                    draft.withdraw(list, number);
                }
            });
            shell.present();
        }
        Some(Act::Fields) => {
            shell.desk(Desk::forget_faults);
            shell.ask(Request::DirectoryFields);
            shell.present();
        }
        Some(Act::Read(number)) => show_view(shell, AdministrationView::Terms, |desk| desk.admin.reading = number),
        None => {}
    }
}

/// The reason that was typed.
fn why(shell: &Shell) -> String {
    shell.operator.global::<Shown>().get_why().trim().to_owned()
}

/// Another view, or another part of the same: its fields are drawn anew.
fn show_view(shell: &Shell, view: AdministrationView, with: impl FnOnce(&mut Desk)) {
    shell.desk(|desk| {
        desk.admin.view = view;
        desk.admin.drawn += 1;
        with(desk);
    });
    shell.present();
}

/// Shows what would become different, as soon as the station has told it.
fn review(shell: &Shell) {
    shell.operator.global::<Shown>().set_reasoned(false);
    let wish = shell.desk(|desk| {
        desk.forget_faults();
        desk.secrets.erase();
        desk.admin.view = AdministrationView::Review;
        desk.admin.drawn += 1;
        desk.admin.proposed = None;
        desk.admin.wish()
    });
    let local = shell.desk(|desk| desk.admin.local);
    let propose = |wish| if local { Request::ProposeLocal(wish) } else { Request::ProposeMaster(wish) };
    let asked = wish.is_some_and(|wish| shell.ask(propose(Box::new(wish))));
    if !asked {
        // The file is being read: nothing can be looked at yet.
        shell.desk(|desk| desk.admin.view = AdministrationView::Edit);
    }
    shell.present();
}

fn save(shell: &Shell, pin: PinEntry) {
    let why = why(shell);
    if let Some(change) = shell.desk(|desk| desk.admin.wish()).filter(|_| !why.is_empty()) {
        shell.ask(Request::SaveMaster { change: Box::new(change), why, pin });
    }
}

/// The file is another one by now: it is read anew, and what was typed is held against it.
pub(super) fn follow_up(shell: &Shell) {
    if shell.desk(|desk| desk.admin.stale) && shell.ask(Request::Administration) {
        shell.desk(|desk| desk.admin.stale = false);
    }
}

/// Takes over that MASTER.toml is changed and signed.
pub(super) fn saved(desk: &mut Desk, window: &OperatorWindow, saved: &SavedMaster) {
    if let Some(new) = &saved.in_force {
        desk.configuration = Arc::clone(new);
    }
    desk.admin.saved(saved);
    forget_reason(window);
}

/// Takes over that LOCAL.toml is changed.
pub(super) fn local_saved(desk: &mut Desk, window: &OperatorWindow) {
    let admin = &mut desk.admin;
    admin.said = Some(Said::Local);
    if let Some(draft) = &mut admin.local_draft {
        draft.undo();
    }
    admin.done();
    forget_reason(window);
}

fn forget_reason(window: &OperatorWindow) {
    let shown = window.global::<Shown>();
    shown.set_why("".into());
    shown.set_reasoned(false);
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    window.global::<Operator>().set_administers(desk.snapshot.administers);
    if desk.place != Place::Administration {
        return;
    }
    let (language, admin) = (desk.operator_language, &desk.admin);
    let shown = window.global::<Shown>();
    shown.set_view(admin.view);
    shown.set_local(admin.local);
    let file = if admin.local { FileKind::Local } else { FileKind::Master };
    let tabs = Tab::ALL.into_iter().filter(|tab| tab.file() == file);
    let tabs = tabs.map(|tab| choice(language, tab.name(), &format!("admin.tab-{}", tab.name())));
    fill(&shown.get_tabs(), tabs.collect(), |rows| shown.set_tabs(rows));
    shown.set_tab(admin.tab().name().into());
    if shown.get_drawn() != admin.drawn {
        // A field that was typed into keeps its text: it is made anew.
        shown.set_settings(ModelRc::default());
        shown.set_drawn(admin.drawn);
    }
    let mut settings = match (&admin.draft, &admin.local_draft) {
        (_, Some(draft)) if admin.local => {
            admin_rows::of_local(language, admin.tab(), draft, &admin.devices, &super::outputs::names(window))
        }
        (Some(draft), _) if !admin.local => admin_rows::of_master(language, admin.tab(), draft),
        _ => Vec::new(),
    };
    if !admin.local && admin.tab() == Tab::Terms {
        let (terms, fault) = &admin.terms;
        settings.extend(admin_rows::of_terms(language, terms, fault.as_deref(), today(desk)));
    }
    if !admin.local && admin.tab() == Tab::Directory {
        settings.extend(admin_rows::of_fields(language, &admin.fields));
    }
    show_terms(desk, &shown);
    keep_choices(&shown.get_settings(), &mut settings);
    fill(&shown.get_settings(), settings, |rows| shown.set_settings(rows));
    shown.set_file(file_line(desk));
    shown.set_fault_lines(desk.fault.as_ref().map(|fault| fault.message.as_str()).unwrap_or_default().into());
    let (notice, tone) = notice(language, admin);
    shown.set_notice(notice);
    shown.set_notice_tone(tone);
    let changes = admin.typing().map_or(0, Typing::changes);
    shown.set_changes(if changes == 0 { "".into() } else { counted(language, "admin.changes", changes) });
    shown.set_can_review(changes > 0 && admin.typing().is_some_and(|draft| !draft.has_wrong()));
    shown.set_can_second(admin.can_second());
    shown.set_busy(desk.busy() || desk.waiting.has(Work::Administration));
    let differences = admin.proposed.iter().flatten().map(|change| admin_rows::difference(language, change));
    fill(&shown.get_differences(), differences.collect(), |rows| shown.set_differences(rows));
    show_signature(desk, &shown);
    let versions = admin.versions.iter().enumerate().map(|(at, version)| version_row(desk, at > 0, version));
    fill(&shown.get_versions(), versions.collect(), |rows| shown.set_versions(rows));
}

/// The day at the office.
fn today(desk: &Desk) -> Date {
    SystemClock.now().to_zoned(desk.configuration.zone()).date()
}

/// The text that is read, as the holder will see it.
fn show_terms(desk: &Desk, shown: &Shown<'_>) {
    let (language, (catalogue, _)) = (desk.operator_language, &desk.admin.terms);
    let Some(terms) = catalogue.all().get(desk.admin.reading) else { return };
    shown.set_terms_title(terms.title.as_str().into());
    shown.set_terms_about(admin_rows::about(language, catalogue, terms, today(desk)));
    shown.set_terms_digest(filled(language, "admin.terms-digest", &[&terms.digest.to_string()]));
    fill(&shown.get_paragraphs(), holder::in_paragraphs(terms.blocks()), |rows| shown.set_paragraphs(rows));
}

/// The same choices as before stay the same list, so that nobody loses the keyboard's place among them.
fn keep_choices(shown: &ModelRc<Setting>, rows: &mut [Setting]) {
    for (row, before) in rows.iter_mut().zip(shown.iter()) {
        if before.id == row.id && before.choices.iter().eq(row.choices.iter()) {
            row.choices = before.choices;
        }
    }
}

fn show_signature(desk: &Desk, shown: &Shown<'_>) {
    let ready = desk.admin.proposed.as_ref().is_some_and(|changes| !changes.is_empty() || desk.admin.can_second());
    let ready = ready && !shown.get_why().trim().is_empty();
    let by_card = desk.snapshot.operator.as_ref().is_some_and(|operator| !operator.software_key);
    shown.set_by_card(by_card);
    if by_card {
        let zone = desk.configuration.zone();
        let words = CardWords { language: desk.operator_language, zone: &zone };
        let view = &desk.snapshot.operator_card;
        shown.set_card(words.signing(view));
        let card = view.card().filter(|_| ready);
        shown.set_card_pin(words.pin(card, desk.pin_error.as_ref(), desk.at_pad == Some(ReaderPlace::Operator)));
    }
    let tries = desk.snapshot.tries_left;
    shown.set_error(pin_words(desk, tries));
    shown.set_locked(tries == Some(0));
    shown.set_tries(tries_words(desk.operator_language, tries));
    shown.set_can_sign(ready && tries != Some(0));
    shown.set_signing(desk.waiting.has(Work::Sign));
}

/// The file that is shown; for MASTER.toml with the newest version and its signer.
fn file_line(desk: &Desk) -> SharedString {
    let (language, admin) = (desk.operator_language, &desk.admin);
    if admin.local {
        return filled(language, "admin.file-local", &[&desk.configuration.local.path.display().to_string()]);
    }
    let path = desk.configuration.master.path.display().to_string();
    match admin.versions.first() {
        Some(newest) => {
            let (number, when) = (newest.number.to_string(), when(desk, newest));
            filled(language, "admin.file-signed", &[&path, &number, &newest.by, &when])
        }
        None => filled(language, "admin.file-unsigned", &[&path]),
    }
}

fn when(desk: &Desk, version: &Version) -> String {
    let zone = desk.configuration.zone();
    format!("{} {}", words::date(version.at.to_zoned(zone.clone()).date()), words::time(version.at, &zone))
}

fn notice(language: Language, admin: &AdminDesk) -> (SharedString, Tone) {
    match (&admin.said, &admin.awaits_second) {
        (Some(Said::Now(version)), _) => (filled(language, "admin.saved-now", &[&version.to_string()]), Tone::Good),
        (Some(Said::Later(version)), _) => (filled(language, "admin.saved-later", &[&version.to_string()]), Tone::Good),
        (Some(Said::Second(version)), _) => (filled(language, "admin.saved-second", &[&version.to_string()]), Tone::Warn),
        (Some(Said::Local), _) => (text(language, "admin.saved-local"), Tone::Good),
        (None, Some(name)) if !admin.local => (filled(language, "admin.awaits-second", &[name]), Tone::Warn),
        (None, _) if admin.local => (text(language, "admin.local-about"), Tone::Info),
        (None, _) => (SharedString::default(), Tone::Info),
    }
}

fn version_row(desk: &Desk, can_return: bool, version: &Version) -> SignedVersion {
    let language = desk.operator_language;
    let title = filled(language, "admin.version", &[&version.number.to_string(), &when(desk, version), &version.by]);
    let none = text(language, "value.none");
    let value = |value: &str| match value {
        "" => none.to_string(),
        "true" => text(language, "value.on").to_string(),
        "false" => text(language, "value.off").to_string(),
        other => other.to_owned(),
    };
    let lines = version.changes.iter().map(|(name, before, after)| format!("{name}: {} → {}", value(before), value(after)));
    SignedVersion {
        number: i32::try_from(version.number).unwrap_or(i32::MAX),
        title,
        why: version.why.as_str().into(),
        changes: lines.collect::<Vec<_>>().join("\n").into(),
        can_return,
    }
}
