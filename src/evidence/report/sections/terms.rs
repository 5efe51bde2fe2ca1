//! Section 3: the accepted terms; and their full text as an appendix.

use super::{Content, digest, given, plain, said};
use crate::evidence::report::{
    layout::{Field, Flow},
    style,
    text::Run,
    words,
};

/// Lays out the section.
pub fn lay_out(flow: &mut Flow<'_>, content: &Content<'_>) {
    let typeface = flow.typeface();
    flow.heading("3", &words::both("Avtalevilkår", "Terms"), 60.0);
    let Some(acceptance) = &content.record.terms else {
        return flow.paragraph(&said(&words::both(
            "Reglene krevde ikke avtalevilkår i denne kontrollen.",
            "The rules asked for no terms in this control.",
        )));
    };
    let terms = &acceptance.terms;
    let act = words::both(
        "Godtatt av sluttbrukeren med et trykk på knappen for å godta, på sluttbrukerens egen skjerm, etter siste side",
        "Accepted by the holder by touching the button to accept, on the holder's own screen, after the last page",
    );
    let mut fields = vec![
        Field::wide("Tittel", "Title", given(typeface, &terms.title)),
        Field::new("Versjon", "Version", given(typeface, &format!("{} ({})", terms.version, terms.id))),
        Field::new("Språk", "Language", language(typeface, &terms.language)),
        Field::wide("Tekstens SHA-256", "SHA-256 of the text", digest(&terms.text)),
        Field::new("Vist", "Shown", plain(words::utc(acceptance.shown_at))),
        Field::new("Siste side nådd", "Last page reached", plain(words::utc(acceptance.last_page_at))),
        Field::new("Godtatt", "Accepted", plain(words::utc(acceptance.accepted_at))),
    ];
    if content.terms_text.is_some() {
        fields.push(Field::new("Full tekst", "Full text", said(&words::both("Vedlegg A", "Appendix A"))));
    }
    fields.push(Field::wide("Handling", "Act", said(&act)));
    flow.fields(fields);
}

fn language(typeface: &crate::evidence::report::text::Typeface, code: &str) -> Vec<Run> {
    match code {
        "nb" => said(&words::both("Bokmål", "Norwegian bokmål")),
        "nn" => said(&words::both("Nynorsk", "Norwegian nynorsk")),
        "en" => said(&words::both("Engelsk", "English")),
        _ => given(typeface, code),
    }
}

/// Lays out the full text of the terms on pages of its own.
pub fn appendix(flow: &mut Flow<'_>, content: &Content<'_>) {
    let (Some(acceptance), Some(text)) = (&content.record.terms, content.terms_text) else { return };
    let typeface = flow.typeface();
    flow.turn_page();
    flow.heading("", &words::both("Vedlegg A: avtalevilkårene som ble godtatt", "Appendix A: the accepted terms"), 60.0);
    let english = acceptance.terms.language == "en";
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim_end().replace('\t', "    ");
        if line.trim().is_empty() {
            flow.space(5.0);
            continue;
        }
        match line.strip_prefix("# ") {
            Some(heading) => flow.subheading(&typeface.visible(heading)),
            None => flow.paragraph(&[Run { english, ..Run::new(typeface.visible(&line), style::BODY).common() }]),
        }
    }
}
