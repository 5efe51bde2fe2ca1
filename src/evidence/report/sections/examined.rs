//! What the station saw on the scan, and how the machine readable zone agrees with what was typed: fields of section 5.

use super::{given, plain, said, written};
use crate::{
    control::scan::{AcceptedScan, Crop, ZoneCheck, ZoneRead},
    evidence::report::{
        layout::Field,
        text::{Run, Typeface},
        words::{self, Both},
    },
    imaging::Finding,
    rules::cross_check::{Matter, Mismatch},
};

/// The fields in this layout; none for a picture that the station did not examine.
pub fn fields(typeface: &Typeface, accepted: &AcceptedScan, layout: u32) -> Vec<Field> {
    let Some(seen) = &accepted.scan.examined else { return Vec::new() };
    let mut fields = Vec::new();
    if let Some(crop) = &accepted.scan.upright.crop {
        fields.push(Field::wide("Rettet opp og beskåret", "Straightened and cropped", plain(cropped(crop))));
    }
    let findings = seen.findings.iter().map(|finding| self::finding(*finding)).collect::<Vec<_>>();
    let findings = if findings.is_empty() { vec![words::both("Ingenting", "Nothing")] } else { findings };
    fields.push(Field::wide("Stasjonen fant galt med bildet", "What the station found wrong", said(&joined(&findings))));
    fields.push(Field::wide("Den maskinlesbare sonen", "The machine-readable zone", said(&zone(&seen.zone))));
    if let (2.., ZoneRead::Certain { lines, .. }) = (layout, &seen.zone) {
        fields.extend(lines.iter().map(|line| Field::wide("Sonens linje", "Line of the zone", given(typeface, line))));
    }
    if let Some(check) = &accepted.zone_check {
        fields.push(Field::wide("Sonen mot det operatøren skrev", "The zone and what the operator typed", agreement(check)));
        for (list, nb, en) in [
            (&check.mismatches, "Ulikt i sonen", "Differs in the zone"),
            (&check.corrected, "Rettet av operatøren etter sonen", "Corrected by the operator after the zone"),
        ] {
            for mismatch in list {
                fields.push(Field::wide(nb, en, values(typeface, mismatch)));
            }
        }
    }
    if let Some(reason) = &accepted.reason {
        fields.push(Field::wide("Hvorfor bildet likevel er godt", "Why it is good all the same", written(typeface, reason)));
    }
    fields
}

/// Size and skew as they were recorded: whole micrometres and thousandths of a degree.
fn cropped(crop: &Crop) -> String {
    let thousandths = |value: i32| {
        let sign = if value < 0 { "−" } else { "" };
        format!("{sign}{}.{:03}", value.unsigned_abs() / 1000, value.unsigned_abs() % 1000)
    };
    let [width, height] = crop.size_um.map(thousandths);
    format!("{width} × {height} mm, {}°", thousandths(crop.skew_millidegrees))
}

fn finding(finding: Finding) -> Both {
    match finding {
        Finding::EmptyGlass => words::both("Intet dokument på glasset", "No document on the glass"),
        Finding::TwoDocuments => words::both("Flere dokumenter på glasset", "More than one document on the glass"),
        Finding::FaceDown => words::both("Siden viser ingenting å lese", "The side shows nothing to read"),
        Finding::CutEdge => words::both("En kant er kuttet", "An edge is cut off"),
        Finding::WrongSize => words::both("Ikke dokumenttypens størrelse", "Not the size of its kind"),
        Finding::TooDark => words::both("For mørkt", "Too dark"),
        Finding::Glare => words::both("Gjenskinn", "Reflected light"),
        Finding::Blurred => words::both("Uskarpt", "Blurred"),
        Finding::PoseUncertain => words::both("Uvisst hva som er opp", "Not certain which way is up"),
    }
}

fn zone(zone: &ZoneRead) -> Both {
    match zone {
        ZoneRead::NotFound => words::both("Ikke funnet", "Not found"),
        ZoneRead::Uncertain { why } => words::both(
            format!("Kunne ikke leses sikkert ({}); ingenting er hentet fra den", why.code()),
            format!("Could not be read with certainty ({}); nothing was taken from it", why.code()),
        ),
        ZoneRead::Certain { .. } => words::both(
            "Lest med sikkerhet; linjene står i den vedlagte posten",
            "Read with certainty; its lines are in the attached record",
        ),
    }
}

fn agreement(check: &ZoneCheck) -> Vec<Run> {
    said(&match (check.mismatches.is_empty(), check.name_cut) {
        (true, false) => words::both("Stemmer", "They agree"),
        (true, true) => {
            words::both("Stemmer så langt sonen har plass til navnet", "They agree as far as the zone has room for the name")
        }
        (false, _) => words::both("Navnet er skrevet ulikt", "The name is written differently"),
    })
}

fn values(typeface: &Typeface, mismatch: &Mismatch) -> Vec<Run> {
    let matter = matter(mismatch.matter);
    let (typed, zone) = (typeface.field(&mismatch.typed), typeface.field(&mismatch.zone));
    said(&words::both(
        format!("{}: skrevet {typed}, i sonen {zone}", matter.nb),
        format!("{}: typed {typed}, in the zone {zone}", matter.en),
    ))
}

fn matter(matter: Matter) -> Both {
    match matter {
        Matter::KindFormat => words::both("Sonens format", "Format of the zone"),
        Matter::KindCode => words::both("Dokumentkode", "Document code"),
        Matter::IssuingState => words::both("Utstederstat", "Issuing state"),
        Matter::Number => words::both("Dokumentnummer", "Document number"),
        Matter::FirstNames => words::both("Fornavn", "First names"),
        Matter::LastName => words::both("Etternavn", "Last name"),
        Matter::BirthDate => words::both("Fødselsdato", "Date of birth"),
        Matter::Expiry => words::both("Gyldig til", "Valid until"),
        Matter::IdentityNumber => words::both("Identitetsnummer", "Identity number"),
        Matter::RegisteredFirstNames => words::both("Registrert fornavn", "Registered first names"),
        Matter::RegisteredLastName => words::both("Registrert etternavn", "Registered last name"),
        Matter::RegisteredBirthDate => words::both("Registrert fødselsdato", "Registered date of birth"),
        Matter::RegisteredIdentityNumber => words::both("Registrert identitetsnummer", "Registered identity number"),
    }
}

fn joined(texts: &[Both]) -> Both {
    let join = |of: fn(&Both) -> &str| texts.iter().map(of).collect::<Vec<_>>().join("; ");
    words::both(join(|text| &text.nb), join(|text| &text.en))
}
