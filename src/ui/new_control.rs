//! The form for a new control, with the plan at its side.

use std::rc::Rc;

use bam_station_ui::{Choice, NewControl, OperatorPage, OperatorWindow, Tone};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    cards::CardWords,
    desk::{Place, operator_page},
    forms::{self, Read},
    shell::on,
    words::{self, choice, fill, finding, text},
};
use crate::{
    config::Language,
    directory::{Chosen, Hit, Hits, TypedEntry},
    rules::{self, CardState, CertificateKind, DocumentKind, Function, Method, Person, Plan, PlanRequest},
    station::{
        Asked, CardView, PersonSource,
        worker::{LookUpFault, LookedUp, Request},
    },
};

/// The person who is looked for in the directory.
#[derive(Debug, Default)]
pub struct PeopleDesk {
    /// The directory has not answered yet.
    searching: bool,
    /// What it answered.
    found: Option<Hits>,
    /// Why it did not.
    fault: Option<LookUpFault>,
    /// The person who was chosen.
    chosen: Option<Chosen>,
}

/// The directory answered.
pub(super) fn looked_up(desk: &mut Desk, window: &OperatorWindow, answer: Result<LookedUp, LookUpFault>) {
    let people = &mut desk.people;
    people.searching = false;
    people.fault = None;
    match answer {
        Ok(LookedUp::Found(found)) => {
            people.chosen = None;
            people.found = Some(found);
        }
        Ok(LookedUp::Chosen(chosen)) => {
            fill_in(window, &chosen.hit.person);
            people.chosen = Some(*chosen);
        }
        Err(fault) => people.fault = Some(fault),
    }
}

/// Puts the chosen person into the form.
fn fill_in(window: &OperatorWindow, person: &Person) {
    let form = window.global::<NewControl>();
    form.set_first_names(person.first_names.as_str().into());
    form.set_last_name(person.last_name.as_str().into());
    form.set_identity_number(person.identity_number.as_ref().map_or("", |number| number.digits()).into());
    form.set_birth_date(person.birth_date.map(words::date).unwrap_or_default().into());
    form.set_user_name(person.user_name.as_deref().unwrap_or_default().into());
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let form = shell.operator.global::<NewControl>();
    on!(shell, form, on_find, |here| {
        let text = here.operator.global::<NewControl>().get_search().trim().to_owned();
        if !text.is_empty() && here.ask(Request::FindPerson(text)) {
            here.desk(|desk| desk.people = PeopleDesk { searching: true, ..PeopleDesk::default() });
        }
        here.present();
    });
    on!(shell, form, on_choose, |here, id| {
        let entry = here.desk(|desk| {
            let hits = &desk.people.found.as_ref()?.hits;
            Some(hits.get(id.parse::<usize>().ok()?)?.entry.clone())
        });
        if let Some(entry) = entry
            && here.ask(Request::ChoosePerson(entry))
        {
            here.desk(|desk| {
                desk.people.searching = true;
                desk.people.chosen = None;
            });
        }
        here.present();
    });
    on!(shell, form, on_edited, |here| {
        follow_up(&here);
        here.present();
    });
    on!(shell, form, on_cancel, |here| {
        here.desk(|desk| desk.place = Place::Home);
        here.present();
    });
    on!(shell, form, on_begin, |here| {
        begin(&here, None);
    });
    on!(shell, form, on_begin_with, |here| {
        let kind = here.desk(|desk| {
            let certificate = read(desk, &here.operator).kind?;
            first_document(desk, certificate).map(|kind| kind.id.clone())
        });
        begin(&here, kind);
    });
}

/// Begins the control, with the kind of document in the operator's hand where that was said.
fn begin(shell: &Shell, document: Option<String>) {
    let asked = shell.desk(|desk| read(desk, &shell.operator).asked());
    if let Some(asked) = asked {
        shell.desk(|desk| desk.fault = None);
        if shell.ask(Request::Begin(Box::new(asked))) {
            shell.desk(|desk| desk.begins_with = document);
        }
    }
    shell.present();
}

/// The kind of document that comes first in the office's list.
fn first_document(desk: &Desk, certificate: CertificateKind) -> Option<&DocumentKind> {
    desk.configuration.documents.iter().find(|kind| kind.accepted_for.contains(&certificate))
}

/// The button that begins with it, where the document is the first step of the plan.
fn begin_with_text(desk: &Desk, certificate: Option<CertificateKind>, plan: Option<&Plan>) -> slint::SharedString {
    let by_document = plan.is_some_and(|plan| plan.methods == [Method::Document]);
    let kind = certificate.filter(|_| by_document).and_then(|certificate| first_document(desk, certificate));
    kind.map_or_else(slint::SharedString::default, |kind| {
        let language = desk.operator_language;
        words::filled(language, "new-control.begin-with", &[&words::within(language.of(&kind.name))])
    })
}

/// Empties the form. What most people come for is chosen; the plan is in sight before it begins.
pub(super) fn clear(desk: &mut Desk, window: &OperatorWindow) {
    desk.people = PeopleDesk::default();
    let form = window.global::<NewControl>();
    form.set_search("".into());
    form.set_reason("".into());
    form.set_first_names("".into());
    form.set_last_name("".into());
    form.set_identity_number("".into());
    form.set_birth_date("".into());
    form.set_user_name("".into());
    let qualified = desk.configuration.master.value.issues(CertificateKind::Qualified);
    let usual = if qualified { CertificateKind::Qualified } else { CertificateKind::Local };
    form.set_function(Function::NewCard.name().into());
    form.set_kind(usual.name().into());
    form.set_card_state("".into());
    form.set_renewed_before(false);
}

/// The form as it is read.
struct Form {
    first_names: Read<String>,
    last_name: Read<String>,
    identity_number: Read<rules::IdentityNumber>,
    birth_date: Read<jiff::civil::Date>,
    user_name: Read<String>,
    function: Option<Function>,
    kind: Option<CertificateKind>,
    card: Option<CardState>,
    renewed_before: bool,
    /// Where the person comes from; `None` while the person must still be chosen, or a reason given.
    source: Option<PersonSource>,
}

/// How the person in the form is known.
enum PersonIs {
    /// Typed, and there is no directory.
    Typed,
    /// Chosen from the directory and not changed since.
    Chosen(String),
    /// Typed although there is a directory, which is allowed with a reason.
    TypedInstead,
    /// Neither: nothing begins.
    NotYet,
}

fn person_is(desk: &Desk, person: &Person) -> PersonIs {
    let settings = &desk.configuration.master.value.directory;
    if settings.url.is_none() {
        return PersonIs::Typed;
    }
    match &desk.people.chosen {
        Some(chosen) if chosen.covers(person) => PersonIs::Chosen(chosen.hit.entry.clone()),
        _ => match settings.typed_entry {
            TypedEntry::WithReason => PersonIs::TypedInstead,
            TypedEntry::WhenDown if desk.snapshot.directory_fault.is_some() => PersonIs::TypedInstead,
            TypedEntry::WhenDown | TypedEntry::Never => PersonIs::NotYet,
        },
    }
}

fn source(desk: &Desk, person: &Person, reason: &str) -> Option<PersonSource> {
    match person_is(desk, person) {
        PersonIs::Typed => Some(PersonSource::default()),
        PersonIs::Chosen(entry) => Some(PersonSource::Entry(entry)),
        PersonIs::TypedInstead if reason.trim().is_empty() => None,
        PersonIs::TypedInstead => Some(PersonSource::Typed { reason: Some(reason.trim().to_owned()) }),
        PersonIs::NotYet => None,
    }
}

fn read(desk: &Desk, window: &OperatorWindow) -> Form {
    let language = desk.operator_language;
    let form = window.global::<NewControl>();
    let function = Function::ALL.into_iter().find(|function| function.name() == form.get_function().as_str());
    let renewal = function == Some(Function::Renewal);
    let kind = CertificateKind::ALL.into_iter().find(|kind| kind.name() == form.get_kind().as_str());
    // What the card says is not asked for.
    let on_card = desk.snapshot.holder_card.card().filter(|_| renewal);
    let mut form_read = Form {
        first_names: forms::required(language, &form.get_first_names()),
        last_name: forms::required(language, &form.get_last_name()),
        identity_number: forms::identity_number(language, &form.get_identity_number()),
        birth_date: forms::date(language, &form.get_birth_date()),
        user_name: forms::required(language, &form.get_user_name()),
        function,
        kind,
        card: match on_card {
            Some(card) => kind.and_then(|kind| card.state(kind)),
            None => CardState::ALL.into_iter().find(|state| renewal && state.name() == form.get_card_state().as_str()),
        },
        renewed_before: renewal && on_card.is_none() && form.get_renewed_before(),
        source: None,
    };
    form_read.source = source(desk, &form_read.person(), &form.get_reason());
    form_read
}

impl Form {
    /// The person as far as the fields can be read.
    fn person(&self) -> Person {
        Person {
            first_names: self.first_names.value.clone().unwrap_or_default(),
            last_name: self.last_name.value.clone().unwrap_or_default(),
            identity_number: self.identity_number.value.clone(),
            birth_date: self.birth_date.value,
            user_name: self.user_name.value.clone(),
        }
    }

    /// What the rules are asked about with the card in view, as soon as function and kind are chosen.
    fn question(&self) -> Option<Asked> {
        Some(Asked {
            function: self.function?,
            certificate: self.kind?,
            person: self.person(),
            card: self.card,
            renewed_before: self.renewed_before,
            source: self.source.clone().unwrap_or_default(),
        })
    }

    fn asked(self) -> Option<Asked> {
        let good = self.first_names.is_good()
            && self.last_name.is_good()
            && self.identity_number.is_good()
            && self.birth_date.is_good()
            && self.user_name.is_good();
        if !good {
            return None;
        }
        Some(Asked {
            function: self.function?,
            certificate: self.kind?,
            person: Person {
                first_names: self.first_names.value?,
                last_name: self.last_name.value?,
                identity_number: self.identity_number.value,
                birth_date: self.birth_date.value,
                user_name: self.user_name.value,
            },
            card: self.card,
            renewed_before: self.renewed_before,
            source: self.source?,
        })
    }
}

/// With the holder's card in the reader the station is asked for the plan: it knows the card and the renewals before.
pub(super) fn follow_up(shell: &Shell) {
    let question = shell.desk(|desk| {
        let there = operator_page(desk) == OperatorPage::NewControl && desk.snapshot.holder_card.card().is_some();
        let form = there.then(|| read(desk, &shell.operator))?;
        let question = form.question().filter(|asked| asked.function == Function::Renewal)?;
        let known = desk.plan_asked.as_ref().is_some_and(|asked| *asked == question);
        (!known).then_some(question)
    });
    if let Some(question) = question
        && shell.ask(Request::Plan(Box::new(question.clone())))
    {
        shell.desk(|desk| desk.plan_asked = Some(question));
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let form = window.global::<NewControl>();
    let master = &desk.configuration.master.value;
    fill(
        &form.get_functions(),
        Function::ALL.map(|f| choice(language, f.name(), &format!("function.{}", f.name()))).to_vec(),
        |rows| form.set_functions(rows),
    );
    let kinds = CertificateKind::ALL.map(|kind| {
        let mut choice = choice(language, kind.name(), &format!("kind.{}", kind.name()));
        choice.enabled = master.issues(kind);
        choice
    });
    fill(&form.get_kinds(), kinds.to_vec(), |rows| form.set_kinds(rows));
    let states = CardState::ALL.map(|state| choice(language, state.name(), &format!("card.{}", state.name())));
    let unknown = choice(language, "unknown", "card.unknown");
    fill(&form.get_card_states(), states.into_iter().chain([unknown]).collect(), |rows| form.set_card_states(rows));

    show_people(desk, &form, &read(desk, window).person());
    let read = read(desk, window);
    form.set_first_names_error(read.first_names.error.clone());
    form.set_last_name_error(read.last_name.error.clone());
    form.set_identity_number_error(read.identity_number.error.clone());
    form.set_birth_date_error(read.birth_date.error.clone());
    form.set_user_name_error(read.user_name.error.clone());
    let renewal = read.function == Some(Function::Renewal);
    let view = &desk.snapshot.holder_card;
    let card_tells = renewal && view.card().is_some();
    form.set_asks_card(renewal && !card_tells);
    form.set_asks_renewed_before(renewal && !card_tells && read.kind == Some(CertificateKind::Qualified));
    form.set_reads_card(renewal && *view != CardView::ReaderMissing);
    if renewal {
        let zone = desk.configuration.zone();
        form.set_card(CardWords { language, zone: &zone }.renewal(view, read.kind));
    }

    let asks_card_first = renewal && !card_tells && form.get_card_state().is_empty();
    let planned = match (read.function, read.kind) {
        // The station knows the card and the renewals before.
        _ if card_tells => desk.plan.as_ref().filter(|_| desk.plan_asked == read.question()).map(|(_, plan)| plan.clone()),
        (Some(function), Some(certificate)) if !asks_card_first => Some(rules::plan(&PlanRequest {
            function,
            certificate,
            mode: master.common.lra_mode,
            flags: &master.issue_process,
            card: read.card,
            qualified_on_card: None,
            renewed_before: read.renewed_before,
        })),
        _ => None,
    };
    form.set_has_plan(matches!(planned, Some(Ok(_))));
    form.set_refusal("".into());
    form.set_refusal_advice("".into());
    let answered = planned.is_some();
    form.set_begin_with_text(begin_with_text(desk, read.kind, planned.as_ref().and_then(|planned| planned.as_ref().ok())));
    match planned {
        None => show_no_plan(&form),
        Some(Err(refusal)) => {
            show_no_plan(&form);
            let fault = words::shown_fault(language, refusal.code(), &refusal.to_string(), Tone::Warn);
            form.set_refusal(fault.cause);
            form.set_refusal_advice(fault.remedy);
        }
        Some(Ok(plan)) => {
            let methods = plan.methods.iter().map(|method| finding(words::method(language, *method), Tone::Good));
            fill(&form.get_methods(), methods.collect(), |rows| form.set_methods(rows));
            let step = |key: &str, needed: bool| {
                let title = text(language, key);
                if needed {
                    finding(title, Tone::Good)
                } else {
                    let not = text(language, "step.not-needed");
                    finding(format!("{title} – {}", not.to_lowercase()), Tone::Neutral)
                }
            };
            fill(
                &form.get_steps(),
                vec![
                    step("step.terms", plan.terms),
                    step("step.signature", plan.signature),
                    step("step.scan", plan.scan),
                    step("step.approval", true),
                ],
                |rows| form.set_steps(rows),
            );
            fill(&form.get_reasons(), plan.because.iter().map(|because| language.of(because).into()).collect(), |rows| {
                form.set_reasons(rows);
            });
        }
    }
    // A refusal is recorded too: that somebody asked, and why nothing was issued.
    form.set_can_begin(answered && read.asked().is_some() && !desk.busy());
}

/// The search in the directory and what it gave.
fn show_people(desk: &Desk, form: &NewControl<'_>, person: &Person) {
    let language = desk.operator_language;
    let PeopleDesk { searching, found, fault, chosen } = &desk.people;
    let is = person_is(desk, person);
    form.set_has_directory(!matches!(is, PersonIs::Typed));
    form.set_searching(*searching);
    form.set_asks_reason(matches!(is, PersonIs::TypedInstead));
    let hits = found.as_ref().map(|found| found.hits.as_slice()).unwrap_or_default();
    let rows = hits.iter().enumerate().map(|(at, hit)| choice_of(language, at, hit)).collect();
    fill(&form.get_hits(), rows, |rows| form.set_hits(rows));
    let place = chosen.as_ref().and_then(|chosen| hits.iter().position(|hit| hit.entry == chosen.hit.entry));
    form.set_chosen(place.filter(|_| matches!(is, PersonIs::Chosen(_))).map(|at| at.to_string()).unwrap_or_default().into());
    let (note, tone) = match (is, fault, chosen, found) {
        (PersonIs::Typed, ..) => (slint::SharedString::default(), Tone::Neutral),
        (_, Some(fault), ..) => {
            let shown = words::shown_fault(language, fault.code, &fault.message, Tone::Warn);
            (format!("{} {}", shown.cause, shown.remedy).into(), if fault.down { Tone::Bad } else { Tone::Warn })
        }
        (PersonIs::Chosen(_), _, Some(chosen), _) => how_chosen(language, chosen),
        (_, _, Some(_), _) => (text(language, "directory.changed"), Tone::Warn),
        (_, _, None, Some(found)) if found.hits.is_empty() => (text(language, "directory.nobody"), Tone::Warn),
        (_, _, None, Some(found)) if found.more => (text(language, "directory.more"), Tone::Warn),
        (PersonIs::NotYet, _, None, None) if !searching => (text(language, "directory.choose-first"), Tone::Neutral),
        _ => (slint::SharedString::default(), Tone::Neutral),
    };
    form.set_search_note(note);
    form.set_search_tone(tone);
}

/// A person in the list; the identity number is masked, because others may see the screen.
fn choice_of(language: Language, at: usize, hit: &Hit) -> Choice {
    let person = &hit.person;
    let parts = [
        person.user_name.clone(),
        person.birth_date.map(words::date),
        person.identity_number.as_ref().map(rules::IdentityNumber::masked),
        hit.email.clone(),
        hit.disabled.then(|| text(language, "directory.disabled").into()),
        hit.unreadable_number.then(|| text(language, "directory.unreadable").into()),
    ];
    let note: Vec<String> = parts.into_iter().flatten().collect();
    let label = format!("{}, {}", person.last_name, person.first_names);
    Choice { id: at.to_string().into(), label: label.into(), note: note.join(" · ").into(), enabled: true }
}

fn how_chosen(language: Language, chosen: &Chosen) -> (slint::SharedString, Tone) {
    if chosen.hit.disabled {
        return (text(language, "directory.disabled"), Tone::Bad);
    }
    match chosen.kinds.as_deref() {
        None => (text(language, "directory.chosen"), Tone::Good),
        Some([]) => (text(language, "directory.chosen-no-kinds"), Tone::Warn),
        Some(kinds) => {
            let names: Vec<String> = kinds.iter().map(|kind| words::kind(language, *kind).to_lowercase()).collect();
            (words::filled(language, "directory.chosen-kinds", &[&names.join(", ")]), Tone::Good)
        }
    }
}

fn show_no_plan(form: &NewControl<'_>) {
    fill(&form.get_methods(), vec![], |rows| form.set_methods(rows));
    fill(&form.get_steps(), vec![], |rows| form.set_steps(rows));
    fill(&form.get_reasons(), vec![], |rows| form.set_reasons(rows));
}
