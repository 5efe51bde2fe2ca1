//! `bam-station specimen --kind passport|id-card --out FILE`: draws a specimen document again. For whoever changes the drawing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    device::scanner::{ColourMode, RawScan},
    imaging::{
        Turn,
        specimen::{Specimen, SpecimenKind},
        upright::{UprightError, raw_png, upright},
    },
};

/// Resolution of the picture in dots per inch.
const DPI: u16 = 300;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Drawing(#[from] crate::imaging::specimen::SpecimenError),
    #[error(transparent)]
    Encoding(#[from] UprightError),
    #[error("the picture cannot be written: {0}")]
    Writing(#[from] std::io::Error),
}

/// Arguments of `bam-station specimen`.
#[derive(Debug, clap::Args)]
pub struct SpecimenArgs {
    /// Which document
    #[arg(long, value_enum)]
    pub kind: Kind,
    /// The file to write: JPEG when its name says so, else PNG
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Which document, as written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A passport's data page
    Passport,
    /// An identity card
    IdCard,
}

/// Draws the example of a kind.
pub fn run(args: &SpecimenArgs) -> ExitCode {
    let kind = match args.kind {
        Kind::Passport => SpecimenKind::Passport,
        Kind::IdCard => SpecimenKind::IdCard,
    };
    match write(kind, &args.out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(3)
        }
    }
}

fn write(kind: SpecimenKind, out: &Path) -> Result<(), Failure> {
    let page = Specimen::example(kind).draw(DPI)?;
    let (width_px, height_px) = page.dimensions();
    let picture =
        RawScan { width_px, height_px, dpi: DPI, mode: ColourMode::Colour, pixels: page.into_raw(), device: String::new() };
    let is_jpeg = out.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("jpg") || kind.eq_ignore_ascii_case("jpeg"));
    let file = if is_jpeg { upright(&picture, Turn::None)?.jpeg } else { raw_png(&picture)? };
    Ok(fs::write(out, file)?)
}
