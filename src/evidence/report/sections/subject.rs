//! Section 1: who was controlled, for what, which steps that needed, and why.

use super::{given, optional, plain, said};
use crate::{
    control::opening::CardSource,
    evidence::{
        Record,
        report::{
            layout::{Bullet, Field, Flow},
            words::{self, Both},
        },
    },
    rules::{CardState, Plan},
};

/// Lays out the section.
pub fn lay_out(flow: &mut Flow<'_>, record: &Record) {
    let typeface = flow.typeface();
    let person = &record.person;
    flow.heading("1", &words::both("Hvem, hva og hvorfor", "Who, what and why"), 60.0);
    let absent = || said(&words::not_given());
    flow.fields(vec![
        Field::new("Fornavn", "First names", given(typeface, &person.first_names)),
        Field::new("Etternavn", "Last name", given(typeface, &person.last_name)),
        Field::new(
            "Fødselsnummer eller D-nummer",
            "Identity number",
            person.identity_number.as_ref().map_or_else(absent, |number| plain(number.digits())),
        ),
        Field::new("Fødselsdato", "Date of birth", person.birth_date.map_or_else(absent, plain)),
        Field::new("Brukernavn", "User name", optional(typeface, person.user_name.as_deref())),
        Field::new(
            "Sertifikater på kortet",
            "Certificates on the card",
            record.card.map_or_else(absent, |state| said(&card(state, record.card_source))),
        ),
        Field::new("Funksjon", "Function", said(&words::function(record.function))),
        Field::new("Sertifikattype", "Kind of certificate", said(&words::certificate(record.certificate))),
        Field::wide(
            "Tillatt legitimering",
            "Identification allowed",
            said(&listed(record.plan.methods.iter().map(|&method| words::method(method)))),
        ),
        Field::wide("Trinn som kreves", "Steps required", said(&listed(steps(&record.plan)))),
    ]);
    flow.label(&words::both("Begrunnelse etter reglene", "Why, by the rules"));
    let because = record.plan.because.iter().map(|why| {
        let why = words::both(typeface.field(&why.nb), typeface.field(&why.en));
        (Bullet::Dash, said(&why))
    });
    flow.list(because.collect());
}

/// The state of the card, and where it is known from.
fn card(state: CardState, source: CardSource) -> Both {
    let state = words::card(state);
    let (nb, en) = match source {
        CardSource::Card => ("lest av kortet", "read from the card"),
        CardSource::Statement => ("oppgitt av operatøren", "stated by the operator"),
    };
    words::both(format!("{}, {nb}", state.nb), format!("{}, {en}", state.en))
}

fn steps(plan: &Plan) -> impl Iterator<Item = Both> {
    [
        (true, words::both("Legitimering", "Identification")),
        (
            plan.compare_previous_scan,
            words::both(
                "ved tredjepart sammenligning med tidligere skanning",
                "with a third party comparison with the earlier scan",
            ),
        ),
        (plan.terms, words::both("avtalevilkår", "terms")),
        (plan.signature, words::both("signatur", "signature")),
        (plan.scan, words::both("skanning av dokumentet", "scan of the document")),
        (true, words::both("operatørens godkjenning", "the operator's approval")),
    ]
    .into_iter()
    .filter_map(|(needed, step)| needed.then_some(step))
}

fn listed(texts: impl Iterator<Item = Both>) -> Both {
    let (nb, en): (Vec<String>, Vec<String>) = texts.map(|text| (text.nb, text.en)).unzip();
    words::both(nb.join(", "), en.join(", "))
}
