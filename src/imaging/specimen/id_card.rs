//! The specimen identity card (TD1).

use super::{
    Specimen, SpecimenKind,
    canvas::{Canvas, Colour, Ink, Type, Typeface, rectangle, rounded, shape, steps},
    guilloche::{self, Waves},
    mrz, passport, portrait, printed, signature,
};

const INK: Colour = Colour::rgb(0x1C2333);
const LABEL: Colour = Colour::rgb(0x50607E);
const BLUE: Colour = Colour::rgb(0x2B4C8C);
const VIOLET: Colour = Colour::rgb(0x7A4A92);
const AMBER: Colour = Colour::rgb(0xC7852F);

/// The portrait: left, top, width.
const PORTRAIT: (f32, f32, f32) = (4.0, 9.0, 20.2);

/// Foot of the first line of the machine readable zone, and from there to the next, in millimetres.
const MRZ_FOOT: f32 = 41.9;
const MRZ_DISTANCE: f32 = 4.23;

/// Draws the card.
pub fn draw(canvas: &mut Canvas, specimen: &Specimen) {
    background(canvas);
    heading(canvas);
    portrait::draw(canvas, PORTRAIT, 1.0, specimen.sex, true);
    canvas.stroke(rounded(PORTRAIT.0, PORTRAIT.1, PORTRAIT.2, PORTRAIT.2 * 45.0 / 35.0, 0.4), 0.18, BLUE.at(190));
    let crossing = Waves { from_to: (2.0, 26.6), middle: 33.2, lines: 5, distance: 0.45, height: 0.8, length: 9.0, shift: 0.07 };
    guilloche::waves(canvas, &crossing, 0.08, &Ink::from(VIOLET.at(130)));
    portrait::draw(canvas, (72.8, 20.6, 9.6), 0.4, specimen.sex, false);
    fields(canvas, specimen);
    marking(canvas);
    if specimen.machine_readable {
        zone(canvas, &mrz::lines(specimen));
    }
}

fn background(canvas: &mut Canvas) {
    let (width, height) = SpecimenKind::IdCard.size_mm();
    let colours = vec![Colour::rgb(0xE4ECF8), Colour::rgb(0xF3EDF6), Colour::rgb(0xFAF1E3)];
    canvas.fill(rectangle(0.0, 0.0, width, height), Ink::Gradient((0.0, 0.0), (width, height), colours));
    let rainbow =
        |opacity: u8| Ink::Gradient((0.0, 0.0), (width, 10.0), vec![BLUE.at(opacity), VIOLET.at(opacity), AMBER.at(opacity)]);
    let sea = Waves { from_to: (-1.0, 87.0), middle: 26.0, lines: 38, distance: 1.45, height: 1.2, length: 22.0, shift: 0.036 };
    guilloche::waves(canvas, &sea, 0.08, &rainbow(62));
    let counter =
        Waves { from_to: (-1.0, 87.0), middle: 26.0, lines: 18, distance: 3.1, height: 1.9, length: 35.0, shift: -0.05 };
    guilloche::waves(canvas, &counter, 0.07, &rainbow(46));
    guilloche::rosette(canvas, (57.0, 22.0), 14.5, 10, 12, 0.08, &rainbow(100));
    // Two headlands and the open sea between them.
    for (left, rise, opacity) in [(0.0, 4.4, 20), (30.0, 6.0, 24)] {
        let headland = shape(|path| {
            path.move_to(left, 37.4);
            for part in steps(100) {
                let height = (part * 3.2).sin() * (0.7 + 0.3 * (part * 29.0).sin());
                path.line_to(left + part * 58.0, 37.4 - rise * height.max(0.0));
            }
            path.close();
        });
        canvas.fill(headland, BLUE.at(opacity));
    }
}

fn heading(canvas: &mut Canvas) {
    let colours = vec![Colour::rgb(0x1F3A70), Colour::rgb(0x4B4A94), Colour::rgb(0x1F3A70)];
    canvas.fill(rectangle(0.0, 0.0, 85.6, 7.0), Ink::Gradient((0.0, 0.0), (85.6, 0.0), colours));
    canvas.fill(rectangle(0.0, 7.0, 85.6, 0.35), AMBER);
    passport::emblem(canvas, (6.4, 3.5), 2.5);
    let white = Colour::rgb(0xFFFFFF);
    canvas.text((11.2, 4.9), Type { spacing: 0.8, ..Type::new(Typeface::Bold, 3.7) }, white, "UTOPIA");
    let word = Type { spacing: 0.18, ..Type::new(Typeface::Regular, 2.1) };
    canvas.text((34.4, 4.65), word, white, "IDENTITETSKORT  ·  IDENTITY CARD");
}

fn fields(canvas: &mut Canvas, specimen: &Specimen) {
    let (first, second) = (27.2, 52.5);
    field(canvas, (first, 10.9), "Etternavn / Surname", &specimen.surname.to_uppercase());
    field(canvas, (first, 16.4), "Fornavn / Given names", &specimen.given_names.to_uppercase());
    field(canvas, (first, 21.9), "Fødselsdato / Date of birth", &printed(specimen.birth));
    field(canvas, (second, 21.9), "Kjønn / Sex", specimen.sex.letter());
    field(canvas, (first, 27.4), "Gyldig til / Date of expiry", &printed(specimen.expires));
    field(canvas, (second, 27.4), "Statsb. / Nationality", mrz::STATE);
    field(canvas, (second + 4.0, 10.9), "Kortnr. / Card No.", &specimen.number);
    if let Some(number) = &specimen.personal_number {
        field(canvas, (second + 4.0, 16.4), "Personnr. / Personal No.", number);
    }
    canvas.text((first, 32.9), Type::new(Typeface::Regular, 1.4), LABEL, "Signatur / Signature");
    signature::draw(canvas, (43.5, 31.8, 18.0, 5.0), &specimen.signature, Colour::rgb(0x1B2A5E));
}

/// A field: its label, and under it what it says.
fn field(canvas: &mut Canvas, at: (f32, f32), label: &str, value: &str) {
    canvas.text(at, Type::new(Typeface::Regular, 1.4), LABEL, label);
    canvas.text((at.0, at.1 + 2.7), Type { spacing: 0.04, ..Type::new(Typeface::Bold, 2.5) }, INK, value);
}

/// The word that nobody can overlook.
fn marking(canvas: &mut Canvas) {
    let kind = Type { spacing: 1.0, ..Type::new(Typeface::Bold, 9.4) };
    canvas.turned_text((25.0, 34.8), 15.0, kind, VIOLET.at(52), "SPECIMEN");
    canvas.fill(rounded(72.0, 34.0, 11.0, 2.7, 0.5), VIOLET.at(225));
    let small = Type { spacing: 0.22, ..Type::new(Typeface::Bold, 1.5) };
    canvas.centred_text((77.5, 35.85), small, Colour::rgb(0xFFFFFF), "SPECIMEN");
}

fn zone(canvas: &mut Canvas, lines: &[String]) {
    canvas.fill(rectangle(0.0, 37.4, 85.6, 16.6), Colour::rgb(0xFDFDFB).at(222));
    canvas.fill(rectangle(0.0, 37.4, 85.6, 0.2), BLUE.at(120));
    for (number, line) in (0_u8..).zip(lines) {
        canvas.machine_readable((4.6, MRZ_FOOT + f32::from(number) * MRZ_DISTANCE), Colour::rgb(0x14171A), line);
    }
}
