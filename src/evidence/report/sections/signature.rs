//! Section 4: the holder's signature as the pen wrote it, and the operator's judgement.

use std::sync::Arc;

use super::{Content, digest, fitted, plain, said, shown_at, written};
use crate::{
    evidence::report::{
        layout::{Field, Flow},
        style::{MM, WIDTH},
        words,
    },
    imaging::ink,
};

/// Highest picture of a signature, points: a third of the page.
const HIGHEST: f32 = 200.0;

/// Lays out the section.
pub fn lay_out(flow: &mut Flow<'_>, content: &Content<'_>) {
    let title = words::both("Signatur", "Signature");
    let (Some(comparison), Some(strokes)) = (&content.record.signature, &content.strokes) else {
        flow.heading("4", &title, 30.0);
        return flow.paragraph(&said(&words::both(
            "Reglene krevde ikke signatur i denne kontrollen.",
            "The rules asked for no signature in this control.",
        )));
    };
    let point = MM / 1_000.0;
    let traces: Arc<[ink::Trace]> = ink::traces(strokes).collect();
    let side = |micrometres: u32| ink::micrometres(micrometres).max(1.0) * point;
    let (width, height, scale) = fitted(side(strokes.width), side(strokes.height), [WIDTH, HIGHEST]);
    flow.heading("4", &title, height + 14.0);
    let signature = &comparison.signature;
    let alt = format!(
        "Sluttbrukerens håndskrevne signatur, {} strøk. The holder's handwritten signature, {} strokes.",
        signature.stroke_count, signature.stroke_count
    );
    flow.ink(traces, width, height, point * scale, alt);
    let millimetres = |micrometres: u32| micrometres / 1_000;
    let field = format!("{} × {} mm", millimetres(strokes.width), millimetres(strokes.height));
    let shown = shown_at(scale);
    flow.caption(&words::both(format!("{}, feltet er {field}", shown.nb), format!("{}, the field is {field}", shown.en)));
    let seconds = words::seconds(signature.duration_ms);
    let samples = words::both(
        format!("{} strøk, {} punkter, {}", signature.stroke_count, signature.points, seconds.nb),
        format!("{} strokes, {} points, {}", signature.stroke_count, signature.points, seconds.en),
    );
    let doubt = comparison.reason.as_deref();
    let judgement = words::both(
        "Like: klare fellestrekk med signaturen i dokumentet, vurdert av operatøren",
        "Alike: clear common features with the signature in the document, judged by the operator",
    );
    let mut fields = vec![
        Field::new("Slik ble den skrevet", "How it was written", said(&samples)),
        Field::new("Antall forsøk", "Attempts", plain(comparison.attempts)),
        Field::new("Skrevet", "Written", plain(words::utc(comparison.captured_at))),
        Field::new("Vurdert", "Judged", plain(words::utc(comparison.judged_alike_at))),
        Field::wide("Operatørens vurdering", "The operator's judgement", said(&judgement)),
        Field::wide("Strøkene, SHA-256", "The strokes, SHA-256", digest(&signature.strokes)),
        Field::wide("Bildet, SHA-256", "The picture, SHA-256", digest(&signature.picture)),
    ];
    if let Some(reason) = doubt {
        fields.push(Field::wide("Hvorfor den likevel er lik", "Why it is alike all the same", written(flow.typeface(), reason)));
    }
    flow.fields(fields);
}
