//! `bam-station read IMAGE`: does for a file what the station does for a scan: finds the document, judges the picture, reads the
//! machine readable zone.

use std::{
    fs::File,
    io::{self, Cursor, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use image::{DynamicImage, ImageError, ImageReader, Limits};
use serde::Serialize;

use super::exit;
use crate::{
    config::{self, ConfigError},
    device::scanner::{ColourMode, MOST_BYTES, RawScan},
    imaging::{
        Examination, Finding, examine,
        mrz::{Doubt, Fields, Format, Zone},
        upright::UprightError,
    },
    rules::DocumentKind,
};

/// Largest file that is read, in bytes.
const MOST_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Longest side of a picture in pixels: A4 at 1200 dpi.
const LONGEST_SIDE: u32 = 14_040;
/// The resolution of a picture that does not tell its own: that of the station's scans.
const USUAL_DPI: u16 = 300;
/// Resolutions of scans; what a file says beyond them is a default of the program that wrote it.
const SCAN_DPI: std::ops::RangeInclusive<u16> = 100..=1200;

/// The options of `bam-station read`.
#[derive(Debug, Clone, clap::Args)]
pub struct ReadArgs {
    /// The picture: PNG, JPEG or PNM
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,
    /// Its resolution in dots per inch [default: as the file says, else 300]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(100..=1200))]
    pub dpi: Option<u16>,
    /// The kind of document that is expected, as in documents.toml
    #[arg(long, value_name = "ID")]
    pub kind: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The answer as `--json` prints it.
#[derive(Clone, Serialize)]
pub struct Answer {
    /// Degrees clockwise that made the document upright: 0, 90, 180 or 270.
    pub turned: u16,
    /// Degrees by which it lay askew beyond that, clockwise.
    pub skew_degrees: f64,
    /// Width and height of the upright document in millimetres; 0 when there is none, or more than one.
    pub document_mm: [f64; 2],
    /// What is wrong with the picture: codes of `config/faults.toml`.
    pub quality: Vec<&'static str>,
    /// The machine readable zone.
    pub mrz: Option<ZoneAnswer>,
}

/// A machine readable zone as `--json` prints it.
#[derive(Clone, Serialize)]
pub struct ZoneAnswer {
    /// The format.
    pub format: Format,
    /// The lines, as read.
    pub lines: Vec<String>,
    /// Whether every character is certain.
    pub accepted: bool,
    /// `MRZ_CERTAIN`, or the code of `config/faults.toml` that says why it is not.
    pub why: &'static str,
    /// What the zone states.
    pub fields: Fields,
}

impl From<&Zone> for ZoneAnswer {
    fn from(zone: &Zone) -> Self {
        Self {
            format: zone.format(),
            lines: zone.text.lines(),
            accepted: zone.accepted(),
            why: zone.doubt.map_or("MRZ_CERTAIN", Doubt::code),
            fields: zone.text.fields(),
        }
    }
}

impl From<&Examination> for Answer {
    fn from(seen: &Examination) -> Self {
        let rounded = |value: f32, digits: f64| (f64::from(value) * digits).round() / digits;
        let placement = seen.placement;
        Self {
            turned: placement.map_or(0, |placement| placement.turn.degrees()),
            skew_degrees: placement.map_or(0.0, |placement| rounded(placement.skew_degrees, 100.0)),
            document_mm: placement.map_or([0.0; 2], |placement| placement.size_mm.map(|side| rounded(side, 10.0))),
            quality: seen.findings.iter().map(|finding| finding.code()).collect(),
            mrz: seen.zone.as_ref().map(ZoneAnswer::from),
        }
    }
}

/// Why a picture was not examined.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("the picture {0} cannot be read ({1}): check its name and that this user may read it")]
    File(PathBuf, io::Error),
    /// The file or the picture in it is too large.
    #[error("the picture {0} is too large: at most 64 MiB, 14040 pixels a side and 128 MiB of pixels")]
    TooLarge(PathBuf),
    /// The file is no picture, or a broken one.
    #[error("{0} is not a picture that can be read ({1}): give a whole PNG, JPEG or PNM file")]
    NotAPicture(PathBuf, String),
    /// documents.toml has no such kind.
    #[error("documents.toml has no kind {0:?}: name one of {1}")]
    UnknownKind(String, String),
    /// The configuration cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The pixels do not fit the size.
    #[error(transparent)]
    Misshapen(#[from] UprightError),
}

impl ReadError {
    /// The stable code, as in `config/faults.toml`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(..) => "READ_FILE",
            Self::TooLarge(_) => "READ_TOO_LARGE",
            Self::NotAPicture(..) => "READ_NOT_A_PICTURE",
            Self::UnknownKind(..) => "READ_UNKNOWN_KIND",
            Self::Config(error) => error.code(),
            Self::Misshapen(error) => error.code(),
        }
    }
}

/// Reads a picture and prints what it shows: 0 read for certain, 1 not, 2 no picture or wrong use, 3 the output cannot be written.
/// `master` and `local` are looked up for documents.toml only when a kind is named.
pub fn run(args: &ReadArgs, master: Option<PathBuf>, local: Option<PathBuf>) -> ExitCode {
    let seen = match expected(args, master, local).and_then(|kind| look(&args.image, args.dpi, kind.as_ref())) {
        Ok(seen) => seen,
        Err(error) => {
            exit::complain(error.code(), &error);
            return exit::WRONG_USE.into();
        }
    };
    let printed = if args.json { print_json(&seen) } else { print_text(&seen) };
    match printed {
        Ok(()) if seen.zone.as_ref().is_some_and(Zone::accepted) => exit::DONE.into(),
        Ok(()) => exit::NO.into(),
        Err(failed) => failed,
    }
}

/// Examines the picture in a file. `dpi` is its resolution where the file is not to be believed.
pub fn look(path: &Path, dpi: Option<u16>, kind: Option<&DocumentKind>) -> Result<Examination, ReadError> {
    let file = File::open(path).map_err(|error| ReadError::File(path.to_owned(), error))?;
    let mut bytes = Vec::new();
    file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| ReadError::File(path.to_owned(), error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST_FILE_BYTES) {
        return Err(ReadError::TooLarge(path.to_owned()));
    }
    let dpi = dpi.or_else(|| stated_dpi(&bytes)).unwrap_or(USUAL_DPI);
    let raw = decode(&bytes, dpi, path)?;
    drop(bytes);
    Ok(examine(&raw, kind)?)
}

fn decode(bytes: &[u8], dpi: u16, path: &Path) -> Result<RawScan, ReadError> {
    let broken = |error: ImageError| match error {
        ImageError::Limits(_) => ReadError::TooLarge(path.to_owned()),
        other => ReadError::NotAPicture(path.to_owned(), other.to_string()),
    };
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| broken(error.into()))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = u64::try_from(MOST_BYTES).ok().map(|most| most * 2);
    reader.limits(limits);
    let picture = reader.decode().map_err(broken)?;
    let (width_px, height_px) = (picture.width(), picture.height());
    let colours = if picture.color().has_color() { 3 } else { 1 };
    let size = usize::try_from(u64::from(width_px) * u64::from(height_px) * colours).unwrap_or(usize::MAX);
    if size > MOST_BYTES {
        return Err(ReadError::TooLarge(path.to_owned()));
    }
    let (mode, pixels) = match picture {
        DynamicImage::ImageRgb8(picture) => (ColourMode::Colour, picture.into_raw()),
        other if other.color().has_color() => (ColourMode::Colour, other.into_rgb8().into_raw()),
        other => (ColourMode::Grey, other.into_luma8().into_raw()),
    };
    Ok(RawScan { width_px, height_px, dpi, mode, pixels, device: String::new() })
}

/// The resolution that a PNG (pHYs) or JPEG (JFIF) file states, when it is that of a scan.
fn stated_dpi(bytes: &[u8]) -> Option<u16> {
    let two = |at: usize| bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map(u16::from_be_bytes);
    let four = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
    let stated = if bytes.starts_with(&[0xFF, 0xD8, 0xFF, 0xE0]) && bytes.get(6..11) == Some(b"JFIF\0") {
        match bytes.get(13)? {
            1 => u32::from(two(14)?),
            // Dots per centimetre.
            2 => u32::from(two(14)?) * 254 / 100,
            _ => return None,
        }
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let mut at = 8;
        loop {
            let (length, kind) = (usize::try_from(four(at)?).ok()?, bytes.get(at + 4..at + 8)?);
            match kind {
                // Dots per metre; 1 says that it is metres.
                b"pHYs" if bytes.get(at + 16) == Some(&1) => break (four(at + 8)?.checked_mul(254)? + 5_000) / 10_000,
                b"pHYs" | b"IDAT" | b"IEND" => return None,
                _ => at = at.checked_add(length)?.checked_add(12)?,
            }
        }
    } else {
        return None;
    };
    u16::try_from(stated).ok().filter(|dpi| SCAN_DPI.contains(dpi))
}

/// The kind that is named.
fn expected(args: &ReadArgs, master: Option<PathBuf>, local: Option<PathBuf>) -> Result<Option<DocumentKind>, ReadError> {
    let Some(id) = &args.kind else { return Ok(None) };
    let found = config::find(master, local)?;
    let kinds = config::documents::load(&found.config_folder().join("documents.toml"))?;
    let known = kinds.iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>().join(", ");
    let kind = kinds.into_iter().find(|kind| kind.id == *id);
    kind.map(Some).ok_or_else(|| ReadError::UnknownKind(id.clone(), known))
}

fn print_json(seen: &Examination) -> Result<(), ExitCode> {
    let json = serde_json::to_string(&Answer::from(seen)).map_err(|_| ExitCode::from(exit::FAILED))?;
    exit::print(&json)
}

fn print_text(seen: &Examination) -> Result<(), ExitCode> {
    let answer = Answer::from(seen);
    if seen.placement.is_some() {
        let [width, height] = answer.document_mm;
        let (turned, skew) = (answer.turned, answer.skew_degrees);
        exit::print(&format_args!("document  {width} × {height} mm, turned by {turned}°, straightened by {skew}°"))?;
    }
    for finding in &seen.findings {
        exit::print(&format_args!("quality   {} [{}]", finding, Finding::code(*finding)))?;
    }
    let Some(zone) = &answer.mrz else {
        return exit::print(&"zone      no machine-readable zone is found");
    };
    for line in &zone.lines {
        exit::print(&format_args!("zone      {line}"))?;
    }
    match seen.zone.as_ref().and_then(|zone| zone.doubt) {
        None => exit::print(&"read      for certain"),
        Some(doubt) => exit::print(&format_args!("read      {doubt} [{}]", doubt.code())),
    }
}
