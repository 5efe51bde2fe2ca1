//! Section 1: who was controlled, for what, which steps that needed, and why.

use super::{common, given, optional, plain, said, written};
use crate::{
    control::opening::CardSource,
    evidence::{
        Record,
        report::{
            layout::{Bullet, Field, Flow},
            text::Typeface,
            words::{self, Both},
        },
    },
    rules::{
        CardState, CertificateKind, Plan,
        conditions::{Known, Origin},
    },
};

/// Lays out the section.
pub fn lay_out(flow: &mut Flow<'_>, record: &Record) {
    let typeface = flow.typeface();
    let person = &record.person;
    flow.heading("1", &words::both("Hvem, hva og hvorfor", "Who, what and why"), 60.0);
    let absent = || said(&words::not_given());
    let mut fields = vec![
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
    ];
    if record.layout >= 2 {
        fields.extend(record.qualified_on_card.map(|state| {
            let state = said(&card(state, record.card_source));
            Field::new("Kvalifiserte sertifikater på kortet", "Qualified certificates on the card", state)
        }));
        fields.extend(known(typeface, &record.known));
    }
    fields.extend([
        Field::new("Funksjon", "Function", said(&words::function(record.function))),
        Field::new("Sertifikattype", "Kind of certificate", said(&words::certificate(record.certificate))),
        Field::wide(
            "Tillatt legitimering",
            "Identification allowed",
            said(&listed(record.plan.methods.iter().map(|&method| words::method(method)))),
        ),
        Field::wide("Trinn som kreves", "Steps required", said(&listed(steps(&record.plan)))),
    ]);
    flow.fields(fields);
    flow.label(&words::both("Begrunnelse etter reglene", "Why, by the rules"));
    let because = record.plan.because.iter().map(|why| {
        let why = words::both(typeface.field(&why.nb), typeface.field(&why.en));
        (Bullet::Dash, common(said(&why)))
    });
    flow.list(because.collect());
}

/// Where the person is known from, and what that says of the person's place in the organisation.
fn known(typeface: &Typeface, known: &Known) -> Vec<Field> {
    let source = |nb: &str, en: &str| Field::wide("Kjent fra", "Known from", said(&words::both(nb, en)));
    let mut fields = match &known.origin {
        Origin::Typed => vec![source(
            "Skrevet inn av operatøren; kontoret slår ikke opp i noen katalog",
            "Typed by the operator; the office looks nobody up in a directory",
        )],
        Origin::TypedInstead { reason, directory } => {
            let typed = source(
                "Skrevet inn av operatøren, ikke hentet fra organisasjonens katalog",
                "Typed by the operator, not taken from the organisation's directory",
            );
            let why = Field::wide("Hvorfor den ble skrevet inn", "Why it was typed", written(typeface, reason));
            let fault = directory
                .as_deref()
                .map(|code| Field::wide("Katalogen svarte ikke", "The directory did not answer", given(typeface, code)));
            [typed, why].into_iter().chain(fault).collect()
        }
        Origin::Directory(entry) => {
            let account = if entry.disabled { words::both("Slått av", "Switched off") } else { words::both("I bruk", "In use") };
            let groups = match &entry.kinds {
                None => words::both("Avgjøres ikke av grupper", "Not decided by groups"),
                Some(kinds) => certificates(kinds),
            };
            vec![
                source("Organisasjonens katalog, valgt av operatøren", "The organisation's directory, chosen by the operator"),
                Field::wide("Oppføringen i katalogen", "The entry of the directory", given(typeface, &entry.entry)),
                Field::new("Lest", "Read", plain(words::utc(entry.read_at))),
                Field::new("Kontoen", "The account", said(&account)),
                Field::new("Sertifikater etter grupper", "Certificates by groups", said(&groups)),
            ]
        }
    };
    let affiliated = match (known.is_affiliated(), &known.origin) {
        (false, _) => words::both("Ikke bekreftet", "Not confirmed"),
        (true, Origin::Directory(entry)) if !entry.disabled => {
            words::both("Bekreftet av katalogen", "Confirmed by the directory")
        }
        (true, _) => words::both("Bekreftet av forhåndsregistreringen", "Confirmed by the preregistration"),
    };
    fields.extend([
        Field::new("Forhåndsregistrert", "Preregistered", said(&certificates(&known.preregistered))),
        Field::new("Tilknytning til organisasjonen", "Affiliation with the organisation", said(&affiliated)),
    ]);
    fields
}

/// For which certificates; for none.
fn certificates(kinds: &[CertificateKind]) -> Both {
    if kinds.is_empty() { words::both("Nei", "No") } else { listed(kinds.iter().map(|&kind| words::certificate(kind))) }
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
