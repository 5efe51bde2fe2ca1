//! The page on the glass: a picture in binary PPM, and which of its pixels a point of the glass shows.

use std::fs;

use crate::control::{Control, Turn};

/// Largest picture, in bytes: an A4 page at 600 dpi.
const MOST_BYTES: u64 = 110 * 1024 * 1024;

/// Grey of the lid above an empty glass.
const LID: u8 = 247;

/// Width of the shadow at the page's right and lower edge, in micrometres.
const SHADOW_UM: i64 = 900;

/// Micrometres in an inch.
const INCH_UM: i64 = 25_400;

/// A page that lies on the glass.
pub struct Page {
    width: i64,
    height: i64,
    pixels: Vec<u8>,
    dpi: i64,
    turn: Turn,
    x_um: i64,
    y_um: i64,
}

impl Page {
    /// The page that the control file names; none when there is none or it is no picture.
    pub fn lying(control: &Control) -> Option<Self> {
        let path = control.picture.as_ref()?;
        if fs::metadata(path).ok()?.len() > MOST_BYTES {
            return None;
        }
        let (width, height, pixels) = ppm(fs::read(path).ok()?)?;
        Some(Self {
            width,
            height,
            pixels,
            dpi: control.dpi.into(),
            turn: control.turn,
            x_um: control.x_um.into(),
            y_um: control.y_um.into(),
        })
    }

    /// Width and height as it lies.
    fn laid_size(&self) -> (i64, i64) {
        match self.turn {
            Turn::None | Turn::Half => (self.width, self.height),
            Turn::Quarter | Turn::ThreeQuarter => (self.height, self.width),
        }
    }

    /// The pixel at a place of the page as it lies.
    fn laid_pixel(&self, x: i64, y: i64) -> Option<[u8; 3]> {
        let (right, bottom) = (self.width - 1, self.height - 1);
        let (column, row) = match self.turn {
            Turn::None => (x, y),
            Turn::Quarter => (y, bottom - x),
            Turn::Half => (right - x, bottom - y),
            Turn::ThreeQuarter => (right - y, x),
        };
        if !(0..self.width).contains(&column) || !(0..self.height).contains(&row) {
            return None;
        }
        let at = usize::try_from((row * self.width + column) * 3).ok()?;
        self.pixels.get(at..at + 3)?.try_into().ok()
    }

    /// The columns of the laid page that each of `count` scanned columns covers, from `edge_um` on, at `dpi`.
    pub fn columns(&self, edge_um: i64, dpi: i64, count: usize) -> Vec<Span> {
        (0..).take(count).map(|index| span(edge_um - self.x_um, dpi, self.dpi, index)).collect()
    }

    /// The rows of the laid page that the scanned row `index` covers.
    pub fn rows(&self, edge_um: i64, dpi: i64, index: i64) -> Span {
        span(edge_um - self.y_um, dpi, self.dpi, index)
    }

    /// The mean colour of the part of the page that `columns` × `rows` covers; beside the page the lid, darker in the shadow.
    pub fn colour(&self, columns: Span, rows: Span) -> [u8; 3] {
        let mut sum = [0_u32; 3];
        let mut count = 0;
        for y in rows.from..rows.to {
            for pixel in (columns.from..columns.to).filter_map(|x| self.laid_pixel(x, y)) {
                for (total, value) in sum.iter_mut().zip(pixel) {
                    *total += u32::from(value);
                }
                count += 1;
            }
        }
        if count == 0 {
            return [self.lid(columns.from, rows.from); 3];
        }
        sum.map(|total| u8::try_from((total + count / 2) / count).unwrap_or(u8::MAX))
    }

    /// The lid beside the page: the page's thickness throws a narrow shadow to the right and down.
    fn lid(&self, x: i64, y: i64) -> u8 {
        let (width, height) = self.laid_size();
        let reach = (SHADOW_UM * self.dpi / INCH_UM).max(1);
        let away = (x - width + 1).max(y - height + 1);
        if x < reach || y < reach || away <= 0 || away > reach {
            return LID;
        }
        u8::try_from(i64::from(LID) - 70 * (reach - away) / reach).unwrap_or(LID)
    }
}

/// The lid alone: what an empty glass shows.
pub const fn empty() -> [u8; 3] {
    [LID; 3]
}

/// A half-open range of pixels, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    from: i64,
    to: i64,
}

/// The page's pixels under the scanned pixel `index`. Whole numbers all the way, so at equal resolution it is exactly one.
fn span(offset_um: i64, scan_dpi: i64, page_dpi: i64, index: i64) -> Span {
    let at = |index: i64| ((offset_um * scan_dpi + index * INCH_UM) * page_dpi).div_euclid(INCH_UM * scan_dpi.max(1));
    let from = at(index);
    Span { from, to: at(index + 1).max(from + 1) }
}

/// Reads a binary PPM with 8 bits a channel: width, height, pixels.
fn ppm(bytes: Vec<u8>) -> Option<(i64, i64, Vec<u8>)> {
    let mut at = 0;
    let mut words = [0_i64; 3];
    if !bytes.starts_with(b"P6") {
        return None;
    }
    at += 2;
    for word in &mut words {
        loop {
            match *bytes.get(at)? {
                b'#' => at += bytes.get(at..)?.iter().position(|byte| *byte == b'\n')?,
                byte if byte.is_ascii_whitespace() => at += 1,
                _ => break,
            }
        }
        let digits = bytes.get(at..)?.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
        *word = std::str::from_utf8(bytes.get(at..at + digits)?).ok()?.parse().ok()?;
        at += digits;
    }
    let [width, height, most] = words;
    let size = usize::try_from(width.checked_mul(height)?.checked_mul(3)?).ok()?;
    // One white space character stands between the head and the pixels.
    let mut pixels = bytes;
    pixels.drain(..=at);
    (width > 0 && height > 0 && most == 255 && pixels.len() == size).then_some((width, height, pixels))
}
