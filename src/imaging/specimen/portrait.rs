//! A friendly face that belongs to nobody, in a frame of 35 × 45 millimetres (ICAO 9303-3 §3.9).

use super::{
    Sex,
    canvas::{Canvas, Colour, Ink, ellipse, line, rectangle, shape},
};

/// Colours and hair of a face.
struct Look {
    skin: Colour,
    shade: Colour,
    hair: Colour,
    hair_shine: Colour,
    brow: Colour,
    iris: Colour,
    clothes: Colour,
    clothes_shade: Colour,
    lips: Colour,
    long_hair: bool,
}

const LIGHT_HAIRED: Look = Look {
    skin: Colour::rgb(0xF2C9A6),
    shade: Colour::rgb(0xDDA680),
    hair: Colour::rgb(0x8A5A34),
    hair_shine: Colour::rgb(0xAD7A4C),
    brow: Colour::rgb(0x6E4526),
    iris: Colour::rgb(0x4F7A86),
    clothes: Colour::rgb(0x2E6170),
    clothes_shade: Colour::rgb(0x234B58),
    lips: Colour::rgb(0xBE6A60),
    long_hair: true,
};

const DARK_HAIRED: Look = Look {
    skin: Colour::rgb(0xD9A67D),
    shade: Colour::rgb(0xBC835B),
    hair: Colour::rgb(0x2F2622),
    hair_shine: Colour::rgb(0x4B3D36),
    brow: Colour::rgb(0x2A211D),
    iris: Colour::rgb(0x5C4632),
    clothes: Colour::rgb(0x39445C),
    clothes_shade: Colour::rgb(0x2B3447),
    lips: Colour::rgb(0xA8665A),
    long_hair: false,
};

/// Draws the portrait into `area` (left, top, width; its height is 45/35 of that) at an opacity from 0 to 1.
pub fn draw(canvas: &mut Canvas, area: (f32, f32, f32), opacity: f32, sex: Sex, backdrop: bool) {
    let look = if sex == Sex::Male { &DARK_HAIRED } else { &LIGHT_HAIRED };
    let (left, top, width) = area;
    let scale = width / 35.0;
    canvas.inset((left, top, width, 45.0 * scale), opacity, |frame| {
        frame.scaled(scale, |frame| {
            if backdrop {
                let colours = vec![Colour::rgb(0xE9EEF1), Colour::rgb(0xCBD6DC)];
                frame.fill(rectangle(0.0, 0.0, 35.0, 45.0), Ink::Gradient((10.0, 0.0), (25.0, 45.0), colours));
            }
            person(frame, look);
        });
    });
}

fn person(frame: &mut Canvas, look: &Look) {
    if look.long_hair {
        hair_behind(frame, look);
    }
    shoulders(frame, look);
    neck(frame, look);
    if !look.long_hair {
        ears(frame, look);
    }
    head(frame, look);
    features(frame, look);
    if look.long_hair { long_hair(frame, look) } else { short_hair(frame, look) }
}

fn hair_behind(frame: &mut Canvas, look: &Look) {
    let behind = shape(|path| {
        path.move_to(17.5, 6.0);
        path.cubic_to(7.6, 6.0, 7.3, 15.0, 7.4, 21.0);
        path.cubic_to(7.5, 27.5, 6.4, 32.0, 7.4, 36.0);
        path.cubic_to(12.0, 39.0, 23.0, 39.0, 27.6, 36.0);
        path.cubic_to(28.6, 32.0, 27.5, 27.5, 27.6, 21.0);
        path.cubic_to(27.7, 15.0, 27.4, 6.0, 17.5, 6.0);
        path.close();
    });
    frame.fill(behind, Ink::Gradient((7.0, 20.0), (28.0, 24.0), vec![look.hair, look.hair_shine, look.hair]));
}

fn shoulders(frame: &mut Canvas, look: &Look) {
    let torso = shape(|path| {
        path.move_to(0.0, 45.5);
        path.cubic_to(0.6, 39.6, 3.4, 37.2, 8.4, 35.5);
        path.cubic_to(11.4, 34.5, 13.2, 33.6, 14.0, 32.4);
        path.line_to(21.0, 32.4);
        path.cubic_to(21.8, 33.6, 23.6, 34.5, 26.6, 35.5);
        path.cubic_to(31.6, 37.2, 34.4, 39.6, 35.0, 45.5);
        path.close();
    });
    frame.fill(torso, Ink::Gradient((0.0, 36.0), (35.0, 46.0), vec![look.clothes, look.clothes, look.clothes_shade]));
}

fn neck(frame: &mut Canvas, look: &Look) {
    let neck = shape(|path| {
        path.move_to(14.1, 26.0);
        path.line_to(14.1, 32.2);
        path.cubic_to(13.7, 33.3, 13.0, 34.0, 12.2, 34.5);
        path.cubic_to(14.2, 38.2, 16.2, 39.4, 17.5, 39.6);
        path.cubic_to(18.8, 39.4, 20.8, 38.2, 22.8, 34.5);
        path.cubic_to(22.0, 34.0, 21.3, 33.3, 20.9, 32.2);
        path.line_to(20.9, 26.0);
        path.close();
    });
    frame.fill(neck, Ink::Gradient((17.5, 27.0), (17.5, 38.0), vec![look.shade, look.skin]));
    let collar = line([(11.9, 34.4), (14.2, 37.9), (17.5, 40.0), (20.8, 37.9), (23.1, 34.4)]);
    frame.stroke(collar, 0.55, look.clothes_shade);
}

fn ears(frame: &mut Canvas, look: &Look) {
    for x in [9.75, 25.25] {
        frame.fill(ellipse(x, 20.6, 1.25, 2.1), look.skin);
        frame.fill(ellipse(x, 20.7, 0.65, 1.25), look.shade.at(150));
    }
}

fn head(frame: &mut Canvas, look: &Look) {
    let head = shape(|path| {
        path.move_to(17.5, 8.2);
        path.cubic_to(12.0, 8.2, 9.7, 12.4, 9.8, 18.0);
        path.cubic_to(9.9, 23.4, 11.6, 27.2, 14.2, 29.4);
        path.cubic_to(15.7, 30.6, 16.6, 30.9, 17.5, 30.9);
        path.cubic_to(18.4, 30.9, 19.3, 30.6, 20.8, 29.4);
        path.cubic_to(23.4, 27.2, 25.1, 23.4, 25.2, 18.0);
        path.cubic_to(25.3, 12.4, 23.0, 8.2, 17.5, 8.2);
        path.close();
    });
    frame.fill(head, Ink::Gradient((10.0, 14.0), (26.5, 30.0), vec![look.skin, look.skin, look.shade]));
    for x in [12.5, 22.5] {
        frame.fill(ellipse(x, 23.6, 1.9, 1.3), look.lips.at(34));
    }
}

fn features(frame: &mut Canvas, look: &Look) {
    for (x, outward) in [(14.05_f32, -1.0_f32), (20.95, 1.0)] {
        eye(frame, look, x, outward);
    }
    let nose = shape(|path| {
        path.move_to(18.1, 18.7);
        path.cubic_to(18.3, 20.8, 18.9, 22.0, 19.0, 22.8);
        path.cubic_to(18.9, 23.5, 18.1, 23.7, 17.4, 23.7);
        path.cubic_to(16.9, 23.7, 16.5, 23.6, 16.2, 23.3);
    });
    frame.stroke(nose, 0.3, look.shade);
    let upper_lip = shape(|path| {
        path.move_to(14.7, 26.4);
        path.cubic_to(15.8, 25.9, 16.7, 25.5, 17.0, 25.6);
        path.cubic_to(17.3, 25.8, 17.7, 25.8, 18.0, 25.6);
        path.cubic_to(18.3, 25.5, 19.2, 25.9, 20.3, 26.4);
        path.cubic_to(18.6, 26.9, 16.4, 26.9, 14.7, 26.4);
        path.close();
    });
    frame.fill(upper_lip, look.lips);
    let lower_lip = shape(|path| {
        path.move_to(15.0, 26.5);
        path.cubic_to(16.5, 26.9, 18.5, 26.9, 20.0, 26.5);
        path.cubic_to(19.3, 27.7, 18.4, 28.0, 17.5, 28.0);
        path.cubic_to(16.6, 28.0, 15.7, 27.7, 15.0, 26.5);
        path.close();
    });
    frame.fill(lower_lip, look.lips.at(205));
    let mouth = shape(|path| {
        path.move_to(14.4, 26.2);
        path.cubic_to(15.6, 26.9, 19.4, 26.9, 20.6, 26.2);
    });
    frame.stroke(mouth, 0.2, look.brow.at(150));
}

/// One eye; `outward` is -1 for the one on the left, 1 for the other.
fn eye(frame: &mut Canvas, look: &Look, x: f32, outward: f32) {
    let lids = shape(|path| {
        path.move_to(x - 1.75 * outward, 19.2);
        path.cubic_to(x - 0.9 * outward, 17.9, x + 0.9 * outward, 17.8, x + 1.8 * outward, 18.9);
        path.cubic_to(x + 0.9 * outward, 20.0, x - 0.9 * outward, 20.1, x - 1.75 * outward, 19.2);
        path.close();
    });
    frame.fill(lids, Colour::rgb(0xFBF8F4));
    frame.fill(ellipse(x, 18.98, 0.88, 0.88), look.iris);
    frame.fill(ellipse(x, 18.98, 0.42, 0.42), Colour::rgb(0x16120F));
    frame.fill(ellipse(x + 0.26, 18.7, 0.17, 0.17), Colour::rgb(0xFFFFFF));
    let lash = shape(|path| {
        path.move_to(x - 1.8 * outward, 19.2);
        path.cubic_to(x - 0.9 * outward, 17.85, x + 0.9 * outward, 17.75, x + 1.95 * outward, 18.8);
    });
    frame.stroke(lash, if look.long_hair { 0.36 } else { 0.26 }, look.brow);
    let brow = shape(|path| {
        path.move_to(x - 1.9 * outward, 16.95);
        path.cubic_to(x - 0.8 * outward, 16.1, x + 1.0 * outward, 15.8, x + 2.4 * outward, 16.8);
    });
    frame.stroke(brow, if look.long_hair { 0.46 } else { 0.66 }, look.brow);
}

fn long_hair(frame: &mut Canvas, look: &Look) {
    let front = shape(|path| {
        path.move_to(15.2, 8.6);
        path.cubic_to(20.0, 9.6, 23.6, 12.4, 24.5, 17.6);
        path.cubic_to(24.9, 21.0, 25.0, 25.6, 24.4, 30.0);
        path.cubic_to(25.0, 33.0, 26.2, 34.8, 27.8, 36.0);
        path.cubic_to(28.9, 31.0, 27.9, 26.0, 27.8, 20.0);
        path.cubic_to(27.7, 11.0, 25.0, 5.4, 17.3, 5.4);
        path.cubic_to(9.9, 5.4, 7.2, 11.0, 7.2, 20.0);
        path.cubic_to(7.1, 26.0, 6.1, 31.0, 7.2, 36.0);
        path.cubic_to(8.8, 34.8, 10.0, 33.0, 10.6, 30.0);
        path.cubic_to(10.0, 25.6, 9.9, 21.0, 10.4, 17.2);
        path.cubic_to(11.0, 13.2, 13.2, 11.4, 15.2, 8.6);
        path.close();
    });
    frame.fill(front, Ink::Gradient((7.0, 8.0), (28.0, 34.0), vec![look.hair_shine, look.hair, look.hair_shine, look.hair]));
    for (start, bend, end) in [(12.6, 8.6, 8.7), (14.0, 9.6, 9.2), (20.4, 25.8, 26.2), (22.2, 26.8, 26.9)] {
        let strand = shape(|path| {
            path.move_to(start, 7.4);
            path.cubic_to(bend, 12.0, end, 20.0, end, 31.0);
        });
        frame.stroke(strand, 0.16, look.brow.at(90));
    }
}

fn short_hair(frame: &mut Canvas, look: &Look) {
    let hair = shape(|path| {
        path.move_to(9.5, 19.0);
        path.cubic_to(8.8, 14.6, 8.9, 10.4, 11.6, 7.8);
        path.cubic_to(13.4, 5.9, 16.2, 5.0, 19.2, 5.4);
        path.cubic_to(23.6, 5.9, 26.2, 9.2, 26.1, 13.8);
        path.cubic_to(26.1, 15.8, 25.8, 17.4, 25.5, 19.0);
        path.cubic_to(25.1, 18.9, 24.9, 17.8, 24.8, 16.8);
        path.cubic_to(24.7, 14.9, 24.2, 13.2, 23.2, 11.9);
        path.cubic_to(20.6, 12.9, 16.6, 12.6, 13.6, 11.2);
        path.cubic_to(11.7, 12.4, 10.6, 14.2, 10.3, 16.8);
        path.cubic_to(10.2, 17.8, 10.0, 18.8, 9.5, 19.0);
        path.close();
    });
    frame.fill(hair, Ink::Gradient((9.0, 5.0), (26.0, 18.0), vec![look.hair_shine, look.hair, look.hair]));
    // A shadow of a beard.
    let beard = shape(|path| {
        path.move_to(10.4, 22.6);
        path.cubic_to(11.2, 26.4, 12.8, 28.4, 14.4, 29.6);
        path.cubic_to(15.8, 30.7, 16.6, 30.9, 17.5, 30.9);
        path.cubic_to(18.4, 30.9, 19.2, 30.7, 20.6, 29.6);
        path.cubic_to(22.2, 28.4, 23.8, 26.4, 24.6, 22.6);
        path.cubic_to(23.2, 25.2, 21.4, 24.6, 20.2, 24.6);
        path.cubic_to(18.6, 24.4, 16.4, 24.4, 14.8, 24.6);
        path.cubic_to(13.6, 24.6, 11.8, 25.2, 10.4, 22.6);
        path.close();
    });
    frame.fill(beard, look.hair.at(48));
    let strand = shape(|path| {
        path.move_to(13.8, 10.8);
        path.cubic_to(15.2, 9.0, 18.0, 7.8, 21.4, 8.2);
    });
    frame.stroke(strand, 0.2, look.hair_shine);
}
