//! The head of the report: the organisation, the title, the control in one glance.

use std::num::NonZeroU16;

use krilla::tagging::Tag;

use super::{given, given_in, said};
use crate::{
    control::Identification,
    evidence::{
        Record,
        report::{
            layout::{Field, Flow},
            style::{self, MARGIN, PAGE_WIDTH, WIDTH},
            text::{Line, Run},
            words,
        },
    },
    rules::Method,
};

/// The method by which the holder was identified.
fn method(identification: &Identification) -> Method {
    match identification {
        Identification::Document(_) => Method::Document,
        Identification::OwnCard { .. } => Method::OwnCard,
        Identification::ThirdParty { .. } => Method::ThirdParty,
        Identification::Operator { .. } => Method::Operator,
    }
}

/// Lays out the head.
pub fn lay_out(flow: &mut Flow<'_>, record: &Record) {
    let typeface = flow.typeface();
    let half = WIDTH * 0.55;
    let top = flow.y();
    flow.paragraph_of(&given_in(typeface, &record.rules.company, style::COMPANY), MARGIN, half, 2);
    flow.paragraph_of(&given_in(typeface, &record.rules.office, style::VALUE_EN), MARGIN, half, 2);
    let below = flow.y();
    let right = PAGE_WIDTH - MARGIN;
    flow.group(Tag::P, |flow| {
        let label = vec![Run::new("Kontroll-ID  ", style::LABEL), Run::english("Control ID", style::LABEL_EN)];
        flow.line_ending_at(Line { pieces: label }, right, top + 10.0);
        flow.line_ending_at(Line { pieces: vec![Run::new(record.control.to_string(), style::DIGITS)] }, right, top + 22.0);
    });
    flow.space((top + 34.0 - below).max(0.0) + 40.0);
    let baseline = flow.y();
    flow.group(Tag::Hn(NonZeroU16::MIN, Some("Identitetskontroll".to_owned())), |flow| {
        flow.line_at(
            Line {
                pieces: vec![Run::new("Identitetskontroll  ", style::TITLE), Run::english("Identity control", style::TITLE_EN)],
            },
            MARGIN,
            baseline,
        );
    });
    flow.space(18.0);
    flow.grounded(14.0, |flow| summary(flow, record));
    flow.space(6.0);
}

fn summary(flow: &mut Flow<'_>, record: &Record) {
    const INSET: f32 = 18.0;
    let typeface = flow.typeface();
    let (x, width) = (MARGIN + INSET, WIDTH - 2.0 * INSET);
    flow.paragraph_of(&given_in(typeface, &record.person.full_name(), style::PERSON), x, width, 2);
    flow.space(8.0);
    let purpose = words::function(record.function);
    let kind = words::certificate(record.certificate);
    let purpose =
        words::both(format!("{}, {}", purpose.nb, kind.nb.to_lowercase()), format!("{}, {}", purpose.en, kind.en.to_lowercase()));
    flow.fields_within(
        vec![
            Field::new("Formål", "Purpose", said(&purpose)),
            Field::new("Resultat", "Outcome", said(&words::both("Godkjent av operatøren", "Approved by the operator"))),
            Field::new("Legitimert med", "Identified by", said(&words::method(method(&record.identification)))),
            Field::new("Fullført", "Completed", given(typeface, &words::office(&record.completed_at_office))),
        ],
        x,
        width,
    );
    flow.space(-8.5);
}
