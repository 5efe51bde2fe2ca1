//! The data page of the specimen passport (ICAO 9303-4 §4.1).

use super::{
    Specimen, SpecimenKind,
    canvas::{Canvas, Colour, Ink, Type, Typeface, ellipse, line, rectangle, rounded, shape, steps},
    guilloche::{self, Waves},
    mrz, portrait, printed, signature,
};

const INK: Colour = Colour::rgb(0x1D2733);
const LABEL: Colour = Colour::rgb(0x4A6672);
const TEAL: Colour = Colour::rgb(0x1F6B75);
const ROSE: Colour = Colour::rgb(0xA8506A);
const SAND: Colour = Colour::rgb(0xC08A3E);

/// The portrait: left, top, width.
const PORTRAIT: (f32, f32, f32) = (6.0, 17.2, 34.0);

/// Foot of the first line of the machine readable zone, and from there to the next, in millimetres.
const MRZ_FOOT: f32 = 73.4;
const MRZ_DISTANCE: f32 = 6.35;

/// Draws the page.
pub fn draw(canvas: &mut Canvas, specimen: &Specimen) {
    background(canvas);
    landscape(canvas);
    heading(canvas);
    portrait::draw(canvas, PORTRAIT, 1.0, specimen.sex, true);
    let frame = rounded(PORTRAIT.0, PORTRAIT.1, PORTRAIT.2, PORTRAIT.2 * 45.0 / 35.0, 0.4);
    canvas.stroke(frame, 0.2, TEAL.at(190));
    // Fine lines cross the portrait's edge, so that another picture cannot be put in unseen.
    let crossing = Waves { from_to: (3.0, 43.0), middle: 57.6, lines: 7, distance: 0.5, height: 1.1, length: 13.0, shift: 0.06 };
    guilloche::waves(canvas, &crossing, 0.09, &Ink::from(ROSE.at(120)));
    // The second, pale portrait.
    portrait::draw(canvas, (102.6, 40.4, 15.4), 0.42, specimen.sex, false);
    fields(canvas, specimen);
    marking(canvas);
    if specimen.machine_readable {
        zone(canvas, &mrz::lines(specimen));
    }
}

fn background(canvas: &mut Canvas) {
    let (width, height) = SpecimenKind::Passport.size_mm();
    let colours = vec![Colour::rgb(0xE3F1F0), Colour::rgb(0xF6F0E6), Colour::rgb(0xF7E7E8), Colour::rgb(0xE9EFF6)];
    canvas.fill(rectangle(0.0, 0.0, width, height), Ink::Gradient((0.0, 0.0), (width, height), colours));
    let rainbow = |opacity: u8| {
        let colours = vec![TEAL.at(opacity), SAND.at(opacity), ROSE.at(opacity), TEAL.at(opacity)];
        Ink::Gradient((0.0, 0.0), (width, height * 0.4), colours)
    };
    let sea = Waves { from_to: (-1.0, 126.0), middle: 42.0, lines: 46, distance: 1.9, height: 1.5, length: 31.0, shift: 0.031 };
    guilloche::waves(canvas, &sea, 0.1, &rainbow(64));
    let counter =
        Waves { from_to: (-1.0, 126.0), middle: 42.0, lines: 24, distance: 3.7, height: 2.3, length: 47.0, shift: -0.043 };
    guilloche::waves(canvas, &counter, 0.08, &rainbow(46));
    guilloche::rosette(canvas, (84.0, 39.0), 23.0, 12, 15, 0.09, &rainbow(96));
    guilloche::rosette(canvas, (110.0, 50.0), 11.5, 9, 9, 0.08, &rainbow(84));
}

/// The coast of Utopia: three ridges and the sun, faint.
fn landscape(canvas: &mut Canvas) {
    canvas.fill(ellipse(84.0, 39.0, 6.2, 6.2), SAND.at(34));
    for (foot, rise, phase, opacity) in [(57.0, 7.0, 0.4, 22), (60.0, 5.6, 2.1, 26), (62.8, 4.0, 4.0, 30)] {
        let ridge = shape(|path| {
            path.move_to(0.0, 66.0);
            for part in steps(160) {
                let x = part * 125.0;
                let height =
                    (part * 9.0 + phase).sin() * 0.55 + (part * 23.0 + phase * 2.0).sin() * 0.3 + (part * 51.0).sin() * 0.12;
                path.line_to(x, foot - rise * (0.5 + 0.5 * height));
            }
            path.line_to(125.0, 66.0);
            path.close();
        });
        canvas.fill(ridge, TEAL.at(opacity));
    }
}

fn heading(canvas: &mut Canvas) {
    let band = Ink::Gradient((0.0, 0.0), (125.0, 0.0), vec![Colour::rgb(0x184F5A), Colour::rgb(0x2B7C82), Colour::rgb(0x184F5A)]);
    canvas.fill(rectangle(0.0, 0.0, 125.0, 11.6), band);
    canvas.fill(rectangle(0.0, 11.6, 125.0, 0.5), SAND);
    let thread = Waves { from_to: (-1.0, 126.0), middle: 5.8, lines: 9, distance: 1.2, height: 0.9, length: 17.0, shift: 0.08 };
    guilloche::waves(canvas, &thread, 0.07, &Ink::from(Colour::rgb(0xFFFFFF).at(44)));
    emblem(canvas, (11.0, 5.8), 3.9);
    let white = Colour::rgb(0xFFFFFF);
    let name = Type { spacing: 1.3, ..Type::new(Typeface::Bold, 5.4) };
    canvas.text((18.2, 7.7), name, white, "UTOPIA");
    let word = Type { spacing: 0.32, ..Type::new(Typeface::Regular, 2.7) };
    canvas.text((53.0, 5.2), word, white, "PASS  ·  PASSPORT  ·  PASSEPORT");
    let small = Type { spacing: 0.12, ..Type::new(Typeface::Italic, 2.1) };
    canvas.text((53.0, 9.0), small, white.at(215), "Republikken Utopia  ·  Republic of Utopia");
    chip(canvas, (112.2, 3.0));
}

/// A compass rose.
pub fn emblem(canvas: &mut Canvas, middle: (f32, f32), radius: f32) {
    let gold = Colour::rgb(0xE8C47A);
    canvas.stroke(ellipse(middle.0, middle.1, radius, radius), radius * 0.06, gold);
    canvas.stroke(ellipse(middle.0, middle.1, radius * 0.66, radius * 0.66), radius * 0.035, gold.at(200));
    for (turn, long) in [(45.0_f32, 0.56), (0.0, 0.92)] {
        let star = shape(|path| {
            for step in 0_u8..8 {
                let angle = (f32::from(step) * 45.0 + turn).to_radians();
                let reach = radius * if step % 2 == 0 { long } else { 0.17 };
                let (x, y) = (middle.0 + reach * angle.sin(), middle.1 - reach * angle.cos());
                if step == 0 {
                    path.move_to(x, y);
                } else {
                    path.line_to(x, y);
                }
            }
            path.close();
        });
        canvas.fill(star, gold.at(if turn > 0.0 { 170 } else { 255 }));
    }
}

/// The symbol of an electronic document (ICAO 9303-9 §2.3).
fn chip(canvas: &mut Canvas, at: (f32, f32)) {
    let gold = Colour::rgb(0xE8C47A);
    let (x, y) = at;
    canvas.stroke(rounded(x, y, 8.4, 5.6, 0.5), 0.55, gold);
    canvas.stroke(line([(x, y + 2.8), (x + 2.55, y + 2.8)]), 0.55, gold);
    canvas.stroke(line([(x + 5.85, y + 2.8), (x + 8.4, y + 2.8)]), 0.55, gold);
    canvas.stroke(ellipse(x + 4.2, y + 2.8, 1.6, 1.6), 0.55, gold);
}

fn fields(canvas: &mut Canvas, specimen: &Specimen) {
    let (first, second, third) = (44.5, 63.5, 84.5);
    field(canvas, (first, 16.6), "Type / Type", "P");
    field(canvas, (second, 16.6), "Landkode / Code", &specimen.issuing_state);
    field(canvas, (third, 16.6), "Passnr. / Passport No.", &specimen.number);
    field(canvas, (first, 24.0), "Etternavn / Surname", &specimen.surname.to_uppercase());
    field(canvas, (first, 31.4), "Fornavn / Given names", &specimen.given_names.to_uppercase());
    field(canvas, (first, 38.8), "Statsborgerskap / Nationality", "UTOPIAN");
    field(canvas, (third, 38.8), "Kjønn / Sex", specimen.sex.letter());
    field(canvas, (first, 46.2), "Fødselsdato / Date of birth", &printed(specimen.birth));
    field(canvas, (third - 8.0, 46.2), "Fødested / Place of birth", &specimen.birthplace.to_uppercase());
    field(canvas, (first, 53.6), "Utstedt / Date of issue", &printed(specimen.issued));
    field(canvas, (first, 61.0), "Gyldig til / Date of expiry", &printed(specimen.expires));
    let label = Type::new(Typeface::Regular, 1.75);
    canvas.text((76.5, 53.6), label, LABEL, "Innehavers signatur / Signature");
    signature::draw(canvas, (76.5, 54.6, 25.0, 8.6), &specimen.signature, Colour::rgb(0x1B2A5E));
}

/// A field: its label, and under it what it says.
fn field(canvas: &mut Canvas, at: (f32, f32), label: &str, value: &str) {
    canvas.text(at, Type::new(Typeface::Regular, 1.75), LABEL, label);
    let kind = Type { spacing: 0.05, ..Type::new(Typeface::Bold, 3.2) };
    canvas.text((at.0, at.1 + 3.5), kind, INK, value);
}

/// The word that nobody can overlook.
fn marking(canvas: &mut Canvas) {
    let kind = Type { spacing: 1.6, ..Type::new(Typeface::Bold, 13.2) };
    canvas.turned_text((43.0, 60.0), 16.0, kind, ROSE.at(52), "SPECIMEN");
    let small = Type { spacing: 0.35, ..Type::new(Typeface::Bold, 2.2) };
    canvas.fill(rounded(104.4, 22.2, 16.4, 4.2, 0.7), ROSE.at(225));
    canvas.centred_text((112.6, 25.1), small, Colour::rgb(0xFFFFFF), "SPECIMEN");
}

fn zone(canvas: &mut Canvas, lines: &[String]) {
    canvas.fill(rectangle(0.0, 66.0, 125.0, 22.0), Colour::rgb(0xFDFDFB).at(222));
    canvas.fill(rectangle(0.0, 66.0, 125.0, 0.25), TEAL.at(120));
    for (number, line) in (0_u8..).zip(lines) {
        canvas.machine_readable((6.0, MRZ_FOOT + f32::from(number) * MRZ_DISTANCE), Colour::rgb(0x14171A), line);
    }
}
