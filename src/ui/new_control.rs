//! The form for a new control, with the plan at its side.

use std::rc::Rc;

use bam_station_ui::{NewControl, OperatorPage, OperatorWindow, Tone};
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
    rules::{self, CardState, CertificateKind, Function, Person, PlanRequest},
    station::{Asked, CardView, worker::Request},
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let form = shell.operator.global::<NewControl>();
    on!(shell, form, on_edited, |here| {
        follow_up(&here);
        here.present();
    });
    on!(shell, form, on_cancel, |here| {
        here.desk(|desk| desk.place = Place::Home);
        here.present();
    });
    on!(shell, form, on_begin, |here| {
        let asked = here.desk(|desk| read(desk, &here.operator).asked());
        if let Some(asked) = asked {
            here.desk(|desk| desk.fault = None);
            here.ask(Request::Begin(Box::new(asked)));
        }
        here.present();
    });
}

/// Empties the form. What most people come for is chosen; the plan is in sight before it begins.
pub(super) fn clear(desk: &Desk, window: &OperatorWindow) {
    let form = window.global::<NewControl>();
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
}

fn read(desk: &Desk, window: &OperatorWindow) -> Form {
    let language = desk.operator_language;
    let form = window.global::<NewControl>();
    let function = Function::ALL.into_iter().find(|function| function.name() == form.get_function().as_str());
    let renewal = function == Some(Function::Renewal);
    let kind = CertificateKind::ALL.into_iter().find(|kind| kind.name() == form.get_kind().as_str());
    // What the card says is not asked for.
    let on_card = desk.snapshot.holder_card.card().filter(|_| renewal);
    Form {
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
    }
}

impl Form {
    /// What the rules are asked about with the card in view, as soon as function and kind are chosen.
    fn question(&self) -> Option<Asked> {
        Some(Asked {
            function: self.function?,
            certificate: self.kind?,
            person: Person {
                first_names: self.first_names.value.clone().unwrap_or_default(),
                last_name: self.last_name.value.clone().unwrap_or_default(),
                identity_number: self.identity_number.value.clone(),
                birth_date: self.birth_date.value,
                user_name: self.user_name.value.clone(),
            },
            card: self.card,
            renewed_before: self.renewed_before,
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

fn show_no_plan(form: &NewControl<'_>) {
    fill(&form.get_methods(), vec![], |rows| form.set_methods(rows));
    fill(&form.get_steps(), vec![], |rows| form.set_steps(rows));
    fill(&form.get_reasons(), vec![], |rows| form.set_reasons(rows));
}
