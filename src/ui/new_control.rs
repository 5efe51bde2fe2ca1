//! The form for a new control, with the plan at its side.

use std::rc::Rc;

use bam_station_ui::{NewControl, OperatorWindow, Tone};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    desk::Place,
    forms::{self, Read},
    shell::on,
    words::{self, choice, fill, finding, text},
};
use crate::{
    config::Language,
    rules::{self, CardState, CertificateKind, Function, Person, PlanRequest},
    station::{Asked, worker::Request},
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let form = shell.operator.global::<NewControl>();
    on!(shell, form, on_edited, |here| {
        here.present();
    });
    on!(shell, form, on_cancel, |here| {
        here.desk(|desk| desk.place = Place::Home);
        here.present();
    });
    on!(shell, form, on_begin, |here| {
        let asked = here.desk(|desk| read(desk.operator_language, &here.operator).asked());
        if let Some(asked) = asked {
            here.desk(|desk| desk.fault = None);
            here.ask(Request::Begin(Box::new(asked)));
        }
        here.present();
    });
}

/// Empties the form.
pub(super) fn clear(window: &OperatorWindow) {
    let form = window.global::<NewControl>();
    form.set_first_names("".into());
    form.set_last_name("".into());
    form.set_identity_number("".into());
    form.set_birth_date("".into());
    form.set_user_name("".into());
    form.set_function("".into());
    form.set_kind("".into());
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

fn read(language: Language, window: &OperatorWindow) -> Form {
    let form = window.global::<NewControl>();
    let function = Function::ALL.into_iter().find(|function| function.name() == form.get_function().as_str());
    let renewal = function == Some(Function::Renewal);
    Form {
        first_names: forms::required(language, &form.get_first_names()),
        last_name: forms::required(language, &form.get_last_name()),
        identity_number: forms::identity_number(language, &form.get_identity_number()),
        birth_date: forms::date(language, &form.get_birth_date()),
        user_name: forms::required(language, &form.get_user_name()),
        function,
        kind: CertificateKind::ALL.into_iter().find(|kind| kind.name() == form.get_kind().as_str()),
        card: CardState::ALL.into_iter().find(|state| renewal && state.name() == form.get_card_state().as_str()),
        renewed_before: renewal && form.get_renewed_before(),
    }
}

impl Form {
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

    let read = read(language, window);
    form.set_first_names_error(read.first_names.error.clone());
    form.set_last_name_error(read.last_name.error.clone());
    form.set_identity_number_error(read.identity_number.error.clone());
    form.set_birth_date_error(read.birth_date.error.clone());
    form.set_user_name_error(read.user_name.error.clone());
    form.set_asks_card(read.function == Some(Function::Renewal));
    form.set_asks_renewed_before(read.function == Some(Function::Renewal) && read.kind == Some(CertificateKind::Qualified));

    let asks_card_first = read.function == Some(Function::Renewal) && form.get_card_state().is_empty();
    let planned = match (read.function, read.kind) {
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
