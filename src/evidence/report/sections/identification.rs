//! Section 2: how the holder was identified.

use super::{Content, common, fitted, given, optional, plain, said, trust, written};
use crate::{
    control::{
        DocumentCheck, Identification,
        own_card::ProvenCard,
        vouching::{PreviousScan, ThirdParty},
    },
    evidence::{
        Record,
        report::{
            layout::{Bullet, Field, Flow},
            style::{MM, WIDTH},
            text::{Run, Typeface},
            words,
        },
    },
};

/// Lays out the section.
pub fn lay_out(flow: &mut Flow<'_>, content: &Content<'_>) {
    let typeface = flow.typeface();
    let at = Field::new("Legitimert", "Identified at", plain(words::utc(content.record.identified_at)));
    match &content.record.identification {
        Identification::Document(check) => document(flow, check, content.record, at),
        Identification::OwnCard { card } => {
            flow.heading("2", &words::both("Eget kort og PIN", "Own card and PIN"), 60.0);
            let proof = words::both(
                "Operatøren så at personen er kortets innehaver. Kortet beviste sin nøkkel etter riktig PIN.",
                "The operator saw that the person is the card's holder. The card proved its key after its PIN.",
            );
            let mut fields = vec![Field::wide("Bevis", "Proof", said(&proof))];
            fields.extend(card_fields(typeface, card));
            fields.push(at);
            flow.fields(fields);
        }
        Identification::ThirdParty { third_party: by, previous_scan } => {
            third_party(flow, by, previous_scan.as_ref(), content, at);
        }
        Identification::Operator { statement } => {
            flow.heading("2", &words::both("Operatøridentifisering", "Operator's word"), 60.0);
            flow.fields(vec![Field::wide("Operatørens erklæring", "The operator's statement", written(typeface, statement)), at]);
        }
    }
}

fn document(flow: &mut Flow<'_>, check: &DocumentCheck, record: &Record, at: Field) {
    let typeface = flow.typeface();
    let document = &check.document;
    let absent = || said(&words::not_given());
    flow.heading("2", &words::both("Dokumentet og kontrollen av det", "The document and its check"), 60.0);
    let kind = words::both(typeface.field(&check.kind_name.nb), typeface.field(&check.kind_name.en));
    let names = [Some(document.name.first_names.as_str()), document.name.middle.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    flow.fields(vec![
        Field::new("Dokumenttype", "Kind of document", said(&kind)),
        Field::new("Utstederstat", "Issuing state", given(typeface, &document.issuing_state)),
        Field::new("Dokumentnummer", "Document number", given(typeface, &document.number)),
        Field::new("Utstedt", "Issued", document.issued.map_or_else(absent, plain)),
        Field::new("Gyldig til og med", "Valid until", plain(document.expires)),
        Field::new("Fødselsdato i dokumentet", "Date of birth as printed", plain(document.birth_date)),
        Field::new("Fornavn i dokumentet", "First names as printed", given(typeface, &names)),
        Field::new("Etternavn i dokumentet", "Last name as printed", given(typeface, &document.name.last_name)),
        Field::new(
            "Identitetsnummer i dokumentet",
            "Identity number as printed",
            document.identity_number.as_ref().map_or_else(absent, |number| plain(number.digits())),
        ),
        at,
    ]);
    flow.label(&words::both("Sikkerhetselementer som operatøren kontrollerte", "Security features that the operator verified"));
    let features = check.features.iter().map(|feature| {
        let text = words::both(typeface.field(&feature.text.nb), typeface.field(&feature.text.en));
        (Bullet::Tick, common(said(&text)))
    });
    flow.list(features.collect());
    flow.label(&words::both("Kontrollens svar", "What the check found"));
    let mut found = findings(check);
    if record.layout >= 2 {
        found.extend(age(record));
    }
    flow.list(found);
    let mut fields = vec![Field::wide(
        "Referansekilde",
        "Reference source",
        check.reference.as_deref().map_or_else(absent, |text| written(typeface, text)),
    )];
    if let Some(remark) = &check.remark {
        fields.push(Field::wide("Merknad", "Remark", written(typeface, remark)));
    }
    flow.fields(fields);
}

/// What the check found; a tick stands only where it was found right.
fn findings(check: &DocumentCheck) -> Vec<(Bullet, Vec<Run>)> {
    let judged = |right: bool, nb: &str, en: &str| {
        let answer = words::yes(right);
        (Some(right), words::both(format!("{nb}: {}", answer.nb.to_lowercase()), format!("{en}: {}", answer.en.to_lowercase())))
    };
    let compared = |agrees: Option<bool>, nb: &str, en: &str| {
        let answer = words::agreement(agrees);
        (agrees, words::both(format!("{nb}: {}", answer.nb), format!("{en}: {}", answer.en)))
    };
    [
        judged(check.undamaged, "Dokumentet er uskadd og uendret", "The document is undamaged and not tampered with"),
        judged(check.person_matches_photo, "Personen er den på bildet", "The person is the one in the picture"),
        compared(
            Some(check.names_agree),
            "Navnene i dokumentet og hos organisasjonen",
            "The names in the document and in the organisation",
        ),
        compared(check.birth_date_agrees, "Fødselsdatoene", "The dates of birth"),
        compared(check.identity_number_agrees, "Identitetsnumrene", "The identity numbers"),
    ]
    .into_iter()
    .map(|(right, text)| (if right == Some(true) { Bullet::Tick } else { Bullet::Dash }, said(&text)))
    .collect()
}

/// The least age, where there is one. The control refuses whoever is younger by the date in the document.
fn age(record: &Record) -> Option<(Bullet, Vec<Run>)> {
    let years = record.rules.conditions.minimum_age(record.certificate);
    let text = words::both(
        format!("Personen er minst {years} år etter fødselsdatoen i dokumentet: ja"),
        format!("The person is at least {years} years old by the date of birth in the document: yes"),
    );
    (years > 0).then(|| (Bullet::Tick, said(&text)))
}

fn card_fields(typeface: &Typeface, card: &ProvenCard) -> Vec<Field> {
    let mut fields = vec![
        Field::new("Navn i sertifikatet", "Name in the certificate", given(typeface, &card.name)),
        Field::new("Brukernavn", "User name", optional(typeface, card.user_name.as_deref())),
        Field::new("Sertifikattype", "Kind of certificate", said(&words::certificate(card.certificate))),
        Field::new("Tilstand ved bruk", "State when used", said(&words::card(card.state))),
        Field::new("Serienummer", "Serial number", given(typeface, &card.certificate_serial)),
        Field::new("Gyldig til", "Valid until", plain(words::utc(card.valid_until))),
        Field::wide("Utsteder", "Issuer", given(typeface, &card.certificate_issuer)),
    ];
    fields.extend(card.judged.iter().flat_map(|judged| trust::fields(typeface, judged)));
    fields
}

fn third_party(flow: &mut Flow<'_>, by: &ThirdParty, previous: Option<&PreviousScan>, content: &Content<'_>, at: Field) {
    let typeface = flow.typeface();
    flow.heading("2", &words::both("Tredjepartslegitimering", "Identification by a third party"), 60.0);
    let proof = words::both(
        "Tredjeparten beviste sitt eget kort med PIN og gikk god for sluttbrukeren.",
        "The third party proved an own card with its PIN and vouched for the holder.",
    );
    let mut fields = vec![Field::wide("Bevis", "Proof", said(&proof))];
    fields.extend(card_fields(typeface, &by.card));
    fields.extend([
        Field::new("Sluttbrukerens navn, som oppgitt", "The holder's name, as stated", given(typeface, &by.says_name)),
        Field::new("Er sluttbrukerens overordnede", "Is the holder's superior", said(&words::yes(by.superior))),
        Field::wide("Erklæring", "Statement", written(typeface, &by.statement)),
        at,
    ]);
    flow.fields(fields);
    let Some(scan) = previous else { return };
    flow.fields(vec![
        Field::new(
            "Sammenlignet med tidligere skanning",
            "Compared with the earlier scan",
            said(&if scan.alike {
                words::both("Samme person", "The same person")
            } else {
                words::both("Ikke samme person", "Not the same person")
            }),
        ),
        Field::new("Skannet i kontroll", "Scanned in control", plain(scan.control)),
        Field::wide("Det viste bildet, SHA-256", "The picture shown, SHA-256", super::digest(&scan.upright)),
    ]);
    if let Some(photograph) = &content.previous_scan {
        // The earlier scan's resolution is in its own report: it is shown as large as a document of A6.
        let (width, height) = super::scan::pixels(photograph);
        let long = 105.0 * MM;
        let (width, height, _) = fitted(width * 1e3, height * 1e3, [long.min(WIDTH), long]);
        let alt =
            "Dokumentet som ble skannet i en tidligere kontroll, oppreist. The document scanned in an earlier control, upright.";
        flow.picture(photograph.picture.clone(), width, height, alt.to_owned());
        flow.caption(&words::both(
            "Dokumentet fra den tidligere kontrollen, ikke i sann størrelse",
            "The document of the earlier control, not at true size",
        ));
    }
}
