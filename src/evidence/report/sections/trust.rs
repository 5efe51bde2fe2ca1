//! What trust said of a certificate, in a few lines. The answers themselves are in the register.

use super::{given, plain, said};
use crate::{
    control::judged::{AnswerSource, Judged},
    evidence::report::{
        layout::Field,
        text::Typeface,
        words,
    },
};

/// The fields that tell when a certificate was checked and how its revocation was.
pub fn fields(typeface: &Typeface, judged: &Judged) -> Vec<Field> {
    let mut fields = vec![Field::new("Sertifikatet prøvd", "Certificate checked", plain(words::utc(judged.at)))];
    for answer in &judged.revocation {
        let source = match answer.source {
            AnswerSource::Ocsp => "OCSP",
            AnswerSource::RevocationList => "CRL",
        };
        let text = format!("{source} {}, {}, {}", words::utc(answer.produced_at), answer.serial, answer.url);
        fields.push(Field::wide("Ikke sperret ifølge", "Not revoked according to", given(typeface, &text)));
    }
    if judged.revocation.is_empty() {
        let none = words::both("Ingen ble spurt om sperring", "Nobody was asked about revocation");
        fields.push(Field::new("Sperrekontroll", "Revocation check", said(&none)));
    }
    for note in &judged.notes {
        fields.push(Field::wide("Merknad til sertifikatet", "Note on the certificate", given(typeface, &note.text)));
    }
    fields
}
