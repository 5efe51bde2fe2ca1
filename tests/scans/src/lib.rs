//! Scans of specimen pages that no one has seen before: names, numbers, layouts, typefaces and everything that a scanner does to
//! them are drawn anew from a seed. The zones are written by the crate `mrz`, not by the product.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::pedantic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::too_many_arguments,
    missing_docs
)]

use std::time::{SystemTime, UNIX_EPOCH};

use bam_station_imaging::{ColourMode, RawScan, mrz::Format};
use tiny_skia::{
    Color, FillRule, FilterQuality, Paint, PathBuilder, Pixmap, PixmapPaint, PremultipliedColorU8, Rect, Stroke, Transform,
};
use ttf_parser::{Face, OutlineBuilder};

/// OCR-B as the product has it, and a cut with sharp corners that it does not have (`assets/fonts/OCRB.LICENCE.txt`).
const FACES: [&[u8]; 2] = [include_bytes!("../../../assets/fonts/OCRB.otf"), include_bytes!("../../fonts/OCRBS.otf")];

/// A small random generator (splitmix64): the same seed gives the same scans everywhere.
pub struct Random(pub u64);

impl Random {
    /// The seed in `BAM_STATION_SEED`; with `BAM_STATION_SEED=fresh` one that no run had before.
    pub fn fresh() -> (u64, Self) {
        let named = std::env::var("BAM_STATION_SEED").unwrap_or_else(|_| "20261121".to_owned());
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = named.parse().unwrap_or_else(|_| now());
        (seed, Self(seed))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    pub fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * ((self.bits() >> 40) as f32 / (1_u64 << 24) as f32)
    }

    pub fn chance(&mut self, share: f32) -> bool {
        self.between(0.0, 1.0) < share
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub fn word(&mut self, alphabet: &[u8], from: usize, to: usize) -> String {
        let length = from + self.below(to - from + 1);
        (0..length).map(|_| char::from(self.one(alphabet))).collect()
    }
}

pub const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub const NUMBERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890123456789";

/// What a scanner, a lamp and a file do to a page.
#[derive(Debug, Clone)]
pub struct Conditions {
    pub dpi: u16,
    /// Degrees clockwise by which the page lies on the glass: quarter turns and a skew.
    pub lies: f32,
    /// Standard deviation of the blur in millimetres.
    pub blur_mm: f32,
    /// Standard deviation of the noise in grey values.
    pub noise: f32,
    /// Brightness as a factor.
    pub gain: f32,
    /// How much brighter one end of the glass is than the other, as a share.
    pub slope: f32,
    pub jpeg: Option<u8>,
    pub grey: bool,
}

impl Conditions {
    /// As a scanner in an office gives them: readable.
    pub fn readable(random: &mut Random, format: Format) -> Self {
        let quarter = match format {
            Format::Td3 => random.one(&[90.0, 270.0]),
            Format::Td2 => random.one(&[0.0, 90.0, 180.0, 270.0]),
            Format::Td1 => random.one(&[0.0, 90.0, 180.0, 270.0]),
        };
        // A page as wide as the glass cannot lie askew and whole.
        let skew = if format == Format::Td2 && quarter % 180.0 == 0.0 { 0.0 } else { random.between(-8.0, 8.0) };
        Self {
            dpi: random.one(&[300, 300, 300, 400, 600]),
            lies: quarter + skew,
            blur_mm: random.between(0.01, 0.14),
            noise: random.between(0.0, 7.0),
            gain: random.between(0.78, 1.04),
            slope: random.between(-0.22, 0.22),
            jpeg: random.chance(0.7).then(|| 55 + random.below(40) as u8),
            grey: random.chance(0.3),
        }
    }

    /// A stiff passport that does not lie flat: hardly anybody could read it.
    pub fn hopeless(random: &mut Random, format: Format) -> Self {
        Self { dpi: 300, blur_mm: random.between(0.2, 0.33), noise: random.between(2.0, 6.0), ..Self::readable(random, format) }
    }
}

/// A page and what its zone says.
pub struct Page {
    pub lines: Vec<String>,
    /// Upright, at [`PAGE_DPI`].
    picture: Pixmap,
}

/// Resolution at which pages are drawn.
pub const PAGE_DPI: f32 = 600.0;

impl Page {
    /// A page in a layout, a typeface and colours of its own.
    pub fn random(random: &mut Random, format: Format) -> Self {
        plain(random, format)
    }

    /// A page that was drawn elsewhere: RGB pixels at [`PAGE_DPI`], and what its zone says.
    pub fn drawn(width: u32, height: u32, rgb: &[u8], lines: Vec<String>) -> Self {
        let mut picture = Pixmap::new(width, height).unwrap();
        for (pixel, seen) in picture.pixels_mut().iter_mut().zip(rgb.chunks_exact(3)) {
            *pixel = PremultipliedColorU8::from_rgba(seen[0], seen[1], seen[2], 255).unwrap();
        }
        Self { lines, picture }
    }

    /// The back of a page: one colour, nothing printed.
    pub fn blank(format: Format, [red, green, blue]: [u8; 3]) -> Self {
        let [width, height] = format.document_mm().map(|side| (side * PAGE_DPI / 25.4) as u32);
        let mut picture = Pixmap::new(width, height).unwrap();
        picture.fill(Color::from_rgba8(red, green, blue, 255));
        Self { lines: Vec::new(), picture }
    }

    /// The same page with its zone smeared, so that nobody can read it: standard deviation in millimetres.
    #[must_use]
    pub fn smeared(mut self, deviation_mm: f32) -> Self {
        let width = self.picture.width() as usize;
        // The zone and what surrounds it at the foot of every format (ICAO 9303-3 §4.5).
        let top = self.picture.height() as usize - (23.2 * PAGE_DPI / 25.4) as usize;
        let foot = &mut self.picture.pixels_mut()[top * width..];
        let mut pixels: Vec<u8> = foot.iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
        blur(&mut pixels, width, 3, deviation_mm * PAGE_DPI / 25.4);
        for (pixel, seen) in foot.iter_mut().zip(pixels.chunks_exact(3)) {
            *pixel = PremultipliedColorU8::from_rgba(seen[0], seen[1], seen[2], 255).unwrap();
        }
        self
    }

    /// The page lying on an A6 glass, as the scanner gives it.
    pub fn scanned(&self, random: &mut Random, conditions: &Conditions) -> RawScan {
        scanned(&[(self, None)], random, conditions)
    }
}

/// Pages on an A6 glass, each in the middle or at its place (of its middle, in millimetres).
pub fn scanned(pages: &[(&Page, Option<(f32, f32)>)], random: &mut Random, conditions: &Conditions) -> RawScan {
    let per_mm = f32::from(conditions.dpi) / 25.4;
    let (glass_width, glass_height) = (105.0, 148.0);
    let mut glass = Pixmap::new((glass_width * per_mm).round() as u32, (glass_height * per_mm).round() as u32).unwrap();
    let lid = random.between(228.0, 250.0) as u8;
    glass.fill(Color::from_rgba8(lid, lid, lid.saturating_sub(2), 255));
    for (page, place) in pages {
        let (width, height) = (page.picture.width() as f32, page.picture.height() as f32);
        let (sine, cosine) = conditions.lies.to_radians().sin_cos();
        let scale = per_mm * 25.4 / PAGE_DPI;
        let wide = (width * cosine.abs() + height * sine.abs()) * scale / per_mm;
        let high = (width * sine.abs() + height * cosine.abs()) * scale / per_mm;
        let mut free =
            |glass: f32, page: f32| if page < glass { random.between(page / 2.0, glass - page / 2.0) } else { glass / 2.0 };
        let middle = place.unwrap_or_else(|| (free(glass_width, wide), free(glass_height, high)));
        let lay = Transform::from_translate(-width / 2.0, -height / 2.0)
            .post_scale(scale, scale)
            .post_rotate(conditions.lies)
            .post_translate(middle.0 * per_mm, middle.1 * per_mm);
        // The page's thickness throws a narrow shadow.
        let shadow = PathBuilder::from_rect(Rect::from_xywh(0.0, 0.0, width, height).unwrap());
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color_rgba8(0, 0, 0, 30);
        glass.fill_path(&shadow, &paint, FillRule::Winding, lay.post_translate(0.5 * per_mm, 0.5 * per_mm), None);
        let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
        // Half the resolution in two steps, so that fine lines do not alias.
        glass.draw_pixmap(0, 0, page.picture.as_ref(), &paint, lay, None);
    }
    worn(&glass, random, conditions)
}

/// What lamp, lens, sensor and file do.
fn worn(glass: &Pixmap, random: &mut Random, conditions: &Conditions) -> RawScan {
    let (width, height) = (glass.width() as usize, glass.height() as usize);
    let colours: usize = if conditions.grey { 1 } else { 3 };
    let mut pixels: Vec<u8> = if conditions.grey {
        glass.pixels().iter().map(|p| ((u32::from(p.red()) + 2 * u32::from(p.green()) + u32::from(p.blue())) / 4) as u8).collect()
    } else {
        glass.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect()
    };
    let deviation = conditions.blur_mm * f32::from(conditions.dpi) / 25.4;
    blur(&mut pixels, width, colours, deviation);

    let noise: Vec<f32> =
        (0..8192).map(|_| (0..4).map(|_| random.between(-1.0, 1.0)).sum::<f32>() * 0.866 * conditions.noise).collect();
    let direction = random.between(0.0, std::f32::consts::TAU);
    let (slope_x, slope_y) =
        (direction.cos() * conditions.slope / width as f32, direction.sin() * conditions.slope / height as f32);
    for (y, row) in pixels.chunks_exact_mut(width * colours).enumerate() {
        let shift = random.below(8192);
        let start = conditions.gain * (1.0 - conditions.slope.abs() / 2.0 + slope_y * y as f32);
        for (at, value) in row.iter_mut().enumerate() {
            let light = start + conditions.gain * slope_x * (at / colours) as f32;
            *value = (f32::from(*value) * light + noise[(at * 7 + shift) % 8192]) as u8;
        }
    }
    if let Some(quality) = conditions.jpeg {
        let kind = if conditions.grey { jpeg_encoder::ColorType::Luma } else { jpeg_encoder::ColorType::Rgb };
        let mut file = Vec::new();
        jpeg_encoder::Encoder::new(&mut file, quality).encode(&pixels, width as u16, height as u16, kind).unwrap();
        let seen = image::load_from_memory(&file).unwrap();
        pixels = if conditions.grey { seen.into_luma8().into_raw() } else { seen.into_rgb8().into_raw() };
    }
    RawScan {
        width_px: width as u32,
        height_px: height as u32,
        dpi: conditions.dpi,
        mode: if conditions.grey { ColourMode::Grey } else { ColourMode::Colour },
        pixels,
        device: String::new(),
    }
}

/// Three box blurs: nearly a Gaussian.
fn blur(pixels: &mut [u8], width: usize, colours: usize, deviation: f32) {
    let height = pixels.len() / width / colours;
    for pass in 0..3 {
        // Box widths whose variances add up.
        let wanted = 12.0 * deviation * deviation / 3.0 + 1.0;
        let radius = ((wanted.sqrt() - 1.0) / 2.0).max(0.0);
        let radius = if pass == 0 {
            radius.ceil()
        } else if pass == 1 {
            radius.floor()
        } else {
            radius.round()
        } as usize;
        if radius == 0 {
            continue;
        }
        let mut line = Vec::new();
        for colour in 0..colours {
            for y in 0..height {
                smooth(pixels, y * width * colours + colour, colours, width, radius, &mut line);
            }
            for x in 0..width {
                smooth(pixels, x * colours + colour, width * colours, height, radius, &mut line);
            }
        }
    }
}

fn smooth(pixels: &mut [u8], start: usize, step: usize, length: usize, radius: usize, line: &mut Vec<u8>) {
    line.clear();
    line.extend((0..length).map(|at| pixels[start + at * step]));
    let size = 2 * radius + 1;
    let at = |place: isize| u32::from(line[place.clamp(0, length as isize - 1) as usize]);
    let mut sum: u32 = (-(radius as isize)..=radius as isize).map(at).sum();
    for place in 0..length {
        pixels[start + place * step] = ((sum + size as u32 / 2) / size as u32) as u8;
        sum += at((place + radius + 1) as isize);
        sum -= at(place as isize - radius as isize);
    }
}

/// A page in a layout, a typeface and colours of its own.
fn plain(random: &mut Random, format: Format) -> Page {
    let lines = zone(random, format);
    let [width_mm, height_mm] = format.document_mm();
    let per_mm = PAGE_DPI / 25.4;
    let mut picture = Pixmap::new((width_mm * per_mm) as u32, (height_mm * per_mm) as u32).unwrap();
    let base = [(); 3].map(|()| random.between(206.0, 250.0) as u8);
    picture.fill(Color::from_rgba8(base[0], base[1], base[2], 255));
    let scale = Transform::from_scale(per_mm, per_mm);
    let colour = |random: &mut Random, opacity: u8| {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        let [r, g, b] = [(); 3].map(|()| random.between(20.0, 190.0) as u8);
        paint.set_color_rgba8(r, g, b, opacity);
        paint
    };

    // Background print, also under the zone.
    for _ in 0..1 + random.below(3) {
        let opacity = random.between(14.0, 62.0) as u8;
        let paint = colour(random, opacity);
        let (height, length) = (random.between(0.6, 4.0), random.between(6.0, 40.0));
        let (distance, tilt) = (random.between(0.9, 3.2), random.between(-0.4, 0.4));
        let stroke = Stroke { width: random.between(0.06, 0.22), ..Stroke::default() };
        let mut foot = -40.0;
        while foot < height_mm + 40.0 {
            let mut path = PathBuilder::new();
            for step in 0..=120 {
                let x = width_mm * step as f32 / 120.0;
                let y = foot + tilt * x + height * (x / length * std::f32::consts::TAU + foot).sin();
                if step == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
            }
            picture.stroke_path(&path.finish().unwrap(), &paint, &stroke, scale, None);
            foot += distance;
        }
    }
    // A portrait, and fields in a size smaller than the zone's.
    let mut box_at = |random: &mut Random, x: f32, y: f32, w: f32, h: f32, opacity: u8| {
        let path = PathBuilder::from_rect(Rect::from_xywh(x, y, w, h).unwrap());
        picture.fill_path(&path, &colour(random, opacity), FillRule::Winding, scale, None);
    };
    let portrait = if format == Format::Td1 { (4.0, 9.0, 20.0, 25.0) } else { (6.0, 14.0, 28.0, 36.0) };
    box_at(random, portrait.0, portrait.1, portrait.2, portrait.3, 150);
    box_at(random, portrait.0 + 6.0, portrait.1 + 4.0, portrait.2 - 12.0, portrait.3 - 10.0, 200);
    if random.chance(0.5) {
        box_at(random, 0.0, 0.0, width_mm, 7.0, 190);
    }
    let notosans = Face::parse(notosans::REGULAR_TTF, 0).unwrap();
    let ink = colour(random, 235);
    let last = height_mm - if format == Format::Td1 { 22.0 } else { 26.0 };
    let mut y = 12.0;
    while y < last {
        let text = random.word(LETTERS, 4, 14);
        letters(&mut picture, &notosans, (portrait.0 + portrait.2 + 4.0, y), 2.6, None, &ink, scale, &text);
        y += random.between(4.2, 6.5);
    }

    // The zone. Issuers differ a little in place, size and blackness.
    let ocr_b = Face::parse(random.one(&FACES), 0).unwrap();
    let (from_left, from_foot) = format.nominal_mm();
    let left = from_left - 1.27 + random.between(-0.8, 0.8);
    let foot = height_mm - from_foot + 1.2 + random.between(-0.6, 0.6);
    let black = random.between(10.0, 70.0) as u8;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(black, black, black.saturating_add(8), random.between(215.0, 255.0) as u8);
    let (capital, pitch) = (random.between(2.3, 2.55), 2.54 * random.between(0.994, 1.006));
    for (number, line) in lines.iter().rev().enumerate() {
        let at = (left, foot - number as f32 * format.line_pitch_mm());
        letters(&mut picture, &ocr_b, at, capital, Some(pitch), &paint, scale, line);
    }
    Page { lines, picture }
}

/// A zone written by the crate `mrz`.
fn zone(random: &mut Random, format: Format) -> Vec<String> {
    let birth = mrz::MrzDate::Calendar(mrz::Date::new(
        1935 + random.below(75) as i32,
        1 + random.below(12) as u32,
        1 + random.below(28) as u32,
    ));
    let expiry = mrz::MrzDate::Calendar(mrz::Date::new(
        2027 + random.below(9) as i32,
        1 + random.below(12) as u32,
        1 + random.below(28) as u32,
    ));
    let state = random.one(&["UTO", "UTO", "XOM", "D", "QWK", "ZBM"]).to_owned();
    let nationality = if random.chance(0.7) { state.clone() } else { random.word(LETTERS, 3, 3) };
    let sex = random.one(&[mrz::Sex::Female, mrz::Sex::Male, mrz::Sex::Unspecified]);
    let surname = random.word(LETTERS, 2, 11);
    let surname = if random.chance(0.2) { format!("{surname} {}", random.word(LETTERS, 2, 6)) } else { surname };
    let given = (0..1 + random.below(2)).map(|_| random.word(LETTERS, 2, 8)).collect::<Vec<_>>().join(" ");
    let number = random.word(NUMBERS, 7, 9);
    let optional = random.chance(0.5).then(|| random.word(NUMBERS, 4, 7));
    let long_number = if random.chance(0.15) { random.word(NUMBERS, 11, 13) } else { number.clone() };
    let text = match format {
        Format::Td3 => mrz::format_td3(&mrz::Td3Fields {
            issuing_country: state,
            nationality,
            document_number: number,
            surname,
            given_names: given,
            date_of_birth: birth,
            sex,
            date_of_expiry: expiry,
            personal_number: optional,
            ..Default::default()
        }),
        Format::Td2 => mrz::format_td2(&mrz::Td2Fields {
            document_code: "I".into(),
            issuing_country: state,
            nationality,
            document_number: number,
            surname,
            given_names: given,
            date_of_birth: birth,
            sex,
            date_of_expiry: expiry,
            optional_data: optional,
        }),
        Format::Td1 => mrz::format_td1(&mrz::Td1Fields {
            document_code: random.one(&["I", "ID", "AC", "C"]).into(),
            issuing_country: state,
            nationality,
            document_number: long_number,
            surname,
            given_names: given,
            date_of_birth: birth,
            sex,
            date_of_expiry: expiry,
            optional_data_1: None,
            optional_data_2: optional,
        }),
    };
    text.lines().map(str::to_owned).collect()
}

/// Sets a text with its foot at `at` (millimetres), its capitals so high; at a fixed pitch, each in the middle of its cell.
fn letters(
    picture: &mut Pixmap,
    face: &Face<'_>,
    at: (f32, f32),
    capital: f32,
    pitch: Option<f32>,
    paint: &Paint<'_>,
    scale: Transform,
    text: &str,
) {
    let height = face.glyph_index('H').and_then(|glyph| face.glyph_bounding_box(glyph)).unwrap().y_max;
    let size = capital / f32::from(height);
    let mut x = at.0;
    for letter in text.chars() {
        let glyph = face.glyph_index(letter).unwrap();
        let advance = f32::from(face.glyph_hor_advance(glyph).unwrap()) * size;
        let mut pen = Pen(PathBuilder::new());
        face.outline_glyph(glyph, &mut pen);
        let left = x + pitch.map_or(0.0, |pitch| (pitch - advance) / 2.0);
        if let Some(path) = pen.0.finish() {
            let place = Transform::from_row(size, 0.0, 0.0, -size, left, at.1).post_concat(scale);
            picture.fill_path(&path, paint, FillRule::Winding, place, None);
        }
        x += pitch.unwrap_or(advance);
    }
}

struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
