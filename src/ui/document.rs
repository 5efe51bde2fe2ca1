//! Step 1: the presented document. What can be accepted is decided by the control, on every touch.

use std::rc::Rc;

use bam_station_ui::{Check, Choice, DocumentCheck, OperatorWindow, Tone};
use slint::{ComponentHandle as _, Model as _};

use super::{
    Desk, Shell, forms,
    home::reason_text,
    shell::on,
    words::{self, choice, fill, finding, shown_fault, text},
};
use crate::{
    control::{
        Command, Control, Now, PresentedDocument, Refusal, Step,
        document::{AcceptDocument, NoDocument, Suspicion},
    },
    rules::{DocumentKind, IdentityNumber, Method, document_kind::FEWEST_FEATURES, name::DocumentName},
    station::worker::Request,
};

const REJECT_REASONS: [&str; 5] = ["expired", "damaged", "not-accepted", "person-differs", "data-differs"];

pub(super) fn connect(shell: &Rc<Shell>) {
    let form = shell.operator.global::<DocumentCheck>();
    on!(shell, form, on_kind_chosen, |here, _id| {
        fill(&here.operator.global::<DocumentCheck>().get_features(), vec![], |rows| {
            here.operator.global::<DocumentCheck>().set_features(rows);
        });
        here.present();
    });
    on!(shell, form, on_feature_toggled, |here, id, on| {
        let features = here.operator.global::<DocumentCheck>().get_features();
        for (index, mut row) in features.iter().enumerate() {
            if row.id == id {
                row.checked = on;
                features.set_row_data(index, row);
            }
        }
        here.present();
    });
    on!(shell, form, on_edited, |here| {
        here.present();
    });
    on!(shell, form, on_accept, |here| {
        let form = here.operator.global::<DocumentCheck>();
        if form.get_accept_says_photo() {
            form.set_photo_matches(true);
        }
        if let Some(accept) = here.desk(|desk| read(desk, &here.operator).accept) {
            here.ask(Request::Act(Command::AcceptDocument(Box::new(accept))));
        }
        here.present();
    });
    on!(shell, form, on_reject, |here, reason, note| {
        let reason = here.desk(|desk| reason_text(desk.operator_language, "reject", &reason, &note));
        here.ask_and_present(Request::Act(Command::RejectDocument { reason }));
    });
    on!(shell, form, on_no_document, |here, choice, note| {
        let missing = if choice == "dispensation" {
            let language = here.desk(|desk| desk.operator_language);
            NoDocument::Dispensation { note: reason_text(language, "no-document", &choice, &note) }
        } else {
            NoDocument::ComeBack
        };
        here.ask_and_present(Request::Act(Command::NoDocument(missing)));
    });
    on!(shell, form, on_suspicion, |here, note| {
        let suspicion = Suspicion { note: note.into(), responsible_told: true };
        here.ask_and_present(Request::Act(Command::SuspectFalseDocument(suspicion)));
    });
    on!(shell, form, on_other_method, |here| {
        here.desk(|desk| desk.choosing_method = true);
        here.present();
    });
}

/// The form as it is read.
struct Form {
    accept: Option<AcceptDocument>,
    errors: [slint::SharedString; 4],
    kind: Option<DocumentKind>,
    /// A field that must be filled is empty.
    incomplete: bool,
}

fn read(desk: &Desk, window: &OperatorWindow) -> Form {
    let language = desk.operator_language;
    let form = window.global::<DocumentCheck>();
    let kind = desk.configuration.document_kind(&form.get_kind()).cloned();
    let number = forms::required(language, &form.get_number());
    let issuer = forms::required(language, &form.get_issuer());
    let first_names = forms::required(language, &form.get_first_names());
    let last_name = forms::required(language, &form.get_last_name());
    let issue_date = forms::date(language, &form.get_issued());
    let expires = forms::date(language, &form.get_expires());
    let birth_date = forms::date(language, &form.get_birth_date());
    let identity_number = forms::identity_number(language, &form.get_identity_number());
    let errors = [issue_date.error.clone(), expires.error.clone(), birth_date.error.clone(), identity_number.error.clone()];
    let good = errors.iter().all(slint::SharedString::is_empty);
    let verified_features =
        form.get_features().iter().filter(|row| row.checked).map(|row| row.id.to_string()).collect::<Vec<_>>();
    let document = (|| {
        Some(PresentedDocument {
            issuing_state: issuer.value.clone()?.to_uppercase(),
            number: number.value.clone()?,
            issued: issue_date.value,
            expires: expires.value?,
            name: DocumentName { first_names: first_names.value.clone()?, last_name: last_name.value.clone()?, middle: None },
            birth_date: birth_date.value?,
            identity_number: identity_number.value.clone(),
        })
    })();
    let incomplete = document.is_none() || kind.is_none();
    let accept = kind.clone().zip(document).filter(|_| good).map(|(kind, document)| AcceptDocument {
        kind,
        document,
        verified_features,
        undamaged: form.get_undamaged(),
        person_matches_photo: form.get_photo_matches(),
        reference: None,
        remark: None,
    });
    Form { accept, errors, kind, incomplete }
}

/// Empties the form for a new control and fills in what is known of the person.
fn prepare(window: &OperatorWindow) {
    let form = window.global::<DocumentCheck>();
    form.set_kind("".into());
    form.set_issuer("".into());
    form.set_number("".into());
    form.set_issued("".into());
    form.set_expires("".into());
    form.set_first_names("".into());
    form.set_last_name("".into());
    form.set_birth_date("".into());
    form.set_identity_number("".into());
    fill(&form.get_features(), vec![], |rows| form.set_features(rows));
    form.set_undamaged(false);
    form.set_photo_matches(false);
}

/// What the form holds before anybody types: the kind of document with which the operator began the control, or, back at step 1
/// after the scan, what was accepted before, one value of which is to be corrected.
pub(super) fn refill(shell: &Shell) {
    let begins_with = shell.desk(|desk| if desk.step() == Some(Step::Document) { desk.begins_with.take() } else { None });
    if let Some(kind) = begins_with {
        shell.operator.global::<DocumentCheck>().set_kind(kind.into());
    }
    let check = shell.desk(|desk| if desk.step() == Some(Step::Document) { desk.retype.take() } else { None });
    let Some(check) = check else { return };
    let form = shell.operator.global::<DocumentCheck>();
    let document = &check.document;
    let optional = |date: Option<jiff::civil::Date>| date.map(words::date).unwrap_or_default();
    form.set_kind(check.kind.as_str().into());
    form.set_issuer(document.issuing_state.as_str().into());
    form.set_number(document.number.as_str().into());
    form.set_issued(optional(document.issued).into());
    form.set_expires(words::date(document.expires).into());
    let first = [Some(document.name.first_names.as_str()), document.name.middle.as_deref()];
    form.set_first_names(first.into_iter().flatten().collect::<Vec<_>>().join(" ").into());
    form.set_last_name(document.name.last_name.as_str().into());
    form.set_birth_date(words::date(document.birth_date).into());
    form.set_identity_number(document.identity_number.as_ref().map(IdentityNumber::digits).unwrap_or_default().into());
    form.set_undamaged(check.undamaged);
    form.set_photo_matches(check.person_matches_photo);
    let seen = |id: &str| check.features.iter().any(|feature| feature.id == id);
    shell.desk(|desk| {
        let kind = desk.configuration.document_kind(&check.kind);
        if let Some((control, kind)) = desk.control().zip(kind) {
            let rows = control.drawn_features(kind).into_iter().map(|feature| Check {
                id: feature.id.as_str().into(),
                label: desk.operator_language.of(&feature.text).into(),
                checked: seen(&feature.id),
            });
            fill(&form.get_features(), rows.collect(), |rows| form.set_features(rows));
        }
    });
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let form = window.global::<DocumentCheck>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::Document) else {
        prepare(window);
        return;
    };
    let certificate = control.opening().certificate;
    let kinds = desk.configuration.documents.iter().filter(|kind| kind.accepted_for.contains(&certificate));
    fill(
        &form.get_kinds(),
        kinds
            .map(|kind| Choice {
                id: kind.id.as_str().into(),
                label: language.of(&kind.name).into(),
                note: "".into(),
                enabled: true,
            })
            .collect(),
        |rows| form.set_kinds(rows),
    );
    fill(&form.get_reject_reasons(), REJECT_REASONS.map(|id| choice(language, id, &format!("reject.{id}"))).to_vec(), |rows| {
        form.set_reject_reasons(rows);
    });
    let ways = ["comes-back", "dispensation"];
    fill(&form.get_no_document_choices(), ways.map(|id| choice(language, id, &format!("no-document.{id}"))).to_vec(), |rows| {
        form.set_no_document_choices(rows);
    });
    form.set_responsible(text(language, "suspicion.responsible"));
    form.set_has_other_method(control.opening().plan.methods.iter().any(|method| *method != Method::Document));

    let read = read(desk, window);
    let [issued, expires, birth_date, identity_number] = read.errors;
    form.set_issued_error(issued);
    form.set_expires_error(expires);
    form.set_birth_date_error(birth_date);
    form.set_identity_number_error(identity_number);
    show_features(desk, window, control, read.kind.as_ref());

    let with_photo = read.accept.clone().map(|accept| AcceptDocument { person_matches_photo: true, ..accept });
    let verdict = read.accept.map(|accept| decide(desk, control, accept));
    // The last look is at the person: the button that accepts says then what was seen.
    let photo_is_left = verdict == Some(Err(Refusal::PhotoNotConfirmed))
        && with_photo.is_some_and(|accept| decide(desk, control, accept).is_ok());
    form.set_accept_says_photo(photo_is_left);
    let ticked = form.get_features().iter().filter(|row| row.checked).count();
    let all_ticked = ticked >= FEWEST_FEATURES && form.get_undamaged() && form.get_photo_matches();
    form.set_can_accept((verdict == Some(Ok(())) || photo_is_left) && !desk.busy());
    form.set_missing(match &verdict {
        Some(Ok(())) => "".into(),
        _ if photo_is_left => text(language, "document.missing-photo"),
        _ if read.incomplete => text(language, "document.missing-fields"),
        _ if !all_ticked => text(language, "document.missing-ticks"),
        _ => "".into(),
    });
    fill(
        &form.get_findings(),
        match &verdict {
            _ if photo_is_left => vec![finding(text(language, "document.agrees"), Tone::Good)],
            Some(Ok(())) => vec![finding(text(language, "document.agrees"), Tone::Good)],
            Some(Err(refusal)) if !is_about_ticks(refusal) => {
                let fault = shown_fault(language, refusal.code(), &refusal.to_string(), Tone::Bad);
                vec![finding(fault.cause, Tone::Bad), finding(fault.remedy, Tone::Neutral)]
            }
            _ => vec![],
        },
        |rows| form.set_findings(rows),
    );
}

/// What is only not ticked yet is no contradiction.
fn is_about_ticks(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::TooFewFeatures { .. } | Refusal::DocumentDamaged | Refusal::PhotoNotConfirmed)
}

/// The control's own verdict. When only ticks are missing, the rest is judged as if they were there.
fn decide(desk: &Desk, control: &Control, accept: AcceptDocument) -> Result<(), Refusal> {
    let at = jiff::Timestamp::now();
    let now = Now { at, today: at.to_zoned(desk.configuration.zone()).date() };
    let ask = |accept: AcceptDocument| control.decide(Command::AcceptDocument(Box::new(accept)), now).map(drop);
    match ask(accept.clone()) {
        Err(refusal) if is_about_ticks(&refusal) => {
            let verified_features = accept.kind.features.iter().map(|feature| feature.id.clone()).collect();
            let ticked = AcceptDocument { verified_features, undamaged: true, person_matches_photo: true, ..accept };
            ask(ticked).and(Err(refusal))
        }
        verdict => verdict,
    }
}

/// The features of the kind that are drawn for this control; ticks stay while the kind stays.
fn show_features(desk: &Desk, window: &OperatorWindow, control: &Control, kind: Option<&DocumentKind>) {
    let form = window.global::<DocumentCheck>();
    let shown = form.get_features();
    let Some(kind) = kind else {
        if shown.row_count() > 0 {
            fill(&form.get_features(), vec![], |rows| form.set_features(rows));
        }
        return;
    };
    let ticked = |id: &str| shown.iter().any(|row| row.id == id && row.checked);
    let rows: Vec<Check> = control
        .drawn_features(kind)
        .into_iter()
        .map(|feature| Check {
            id: feature.id.as_str().into(),
            label: desk.operator_language.of(&feature.text).into(),
            checked: ticked(&feature.id),
        })
        .collect();
    if rows.iter().cloned().ne(shown.iter()) {
        fill(&form.get_features(), rows, |rows| form.set_features(rows));
    }
}
