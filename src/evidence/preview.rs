//! Pictures of the pages of a report, as the operator sees them before the PIN.
//!
//! Meant for reports that this program has made or verified; whatever else it is given, size and number of pictures stay limited.

use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf, render,
    vello_cpu::color::palette::css::WHITE,
};

/// Largest file, bytes.
pub const LARGEST_FILE: usize = 64 << 20;
/// Most pages of one report.
pub const MOST_PAGES: usize = 400;
/// Most pixels of one page: A4 at 400 dpi.
pub const MOST_PIXELS: f32 = 15_500_000.0;
/// Most bytes of all pictures together, when all pages are asked for.
pub const MOST_BYTES: usize = 512 << 20;
/// Longest side of a page, pixels.
const LONGEST_SIDE: f32 = 16_000.0;

/// A picture of a page, opaque.
#[derive(Clone, PartialEq, Eq)]
pub struct RgbaPage {
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// Red, green, blue, 255; row after row from the top.
    pub pixels: Vec<u8>,
}

impl std::fmt::Debug for RgbaPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RgbaPage({} × {})", self.width, self.height)
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PreviewError {
    /// Not a PDF, or a broken or encrypted one.
    #[error("the report cannot be read: make it anew, or fetch it again from the register")]
    NotReadable,
    /// The file exceeds [`LARGEST_FILE`] or [`MOST_PAGES`].
    #[error("the report is too large to be shown: at most 64 MiB and 400 pages are")]
    TooLarge,
    /// The picture would exceed [`MOST_PIXELS`], or the scale is no number above 0.
    #[error("a page cannot be shown at this size: choose a smaller one")]
    ScaleOutOfRange,
    /// There is no such page.
    #[error("the report has no such page: show it again from its first page")]
    NoSuchPage,
}

impl PreviewError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReadable => "PREVIEW_NOT_READABLE",
            Self::TooLarge => "PREVIEW_TOO_LARGE",
            Self::ScaleOutOfRange => "PREVIEW_SCALE_OUT_OF_RANGE",
            Self::NoSuchPage => "PREVIEW_NO_SUCH_PAGE",
        }
    }
}

/// A report that is opened for showing; pages are drawn one by one, when they are asked for.
pub struct Preview(Pdf);

impl Preview {
    /// Opens a report.
    ///
    /// # Errors
    /// [`PreviewError::NotReadable`], [`PreviewError::TooLarge`].
    pub fn open(pdf: &[u8]) -> Result<Self, PreviewError> {
        if pdf.len() > LARGEST_FILE {
            return Err(PreviewError::TooLarge);
        }
        let pdf = Pdf::new(pdf.to_vec()).map_err(|_| PreviewError::NotReadable)?;
        match pdf.pages().len() {
            0 => Err(PreviewError::NotReadable),
            pages if pages > MOST_PAGES => Err(PreviewError::TooLarge),
            _ => Ok(Self(pdf)),
        }
    }

    /// Number of pages; at least 1.
    pub fn pages(&self) -> usize {
        self.0.pages().len()
    }

    /// The picture of page `index`, from 0, at `scale` pixels a point (1.0 is 72 dpi).
    ///
    /// # Errors
    /// [`PreviewError::NoSuchPage`], [`PreviewError::ScaleOutOfRange`].
    pub fn page(&self, index: usize, scale: f32) -> Result<RgbaPage, PreviewError> {
        let page = self.0.pages().get(index).ok_or(PreviewError::NoSuchPage)?;
        let (width, height) = page.render_dimensions();
        let (width, height) = (width * scale, height * scale);
        // Written so that a side that is no number is out of range too.
        let in_range =
            (1.0..=LONGEST_SIDE).contains(&width) && (1.0..=LONGEST_SIDE).contains(&height) && width * height <= MOST_PIXELS;
        if !in_range {
            return Err(PreviewError::ScaleOutOfRange);
        }
        let pixmap = render(
            page,
            &RenderCache::new(),
            &InterpreterSettings::default(),
            &RenderSettings::default(),
            &PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE },
        );
        Ok(RgbaPage {
            width: u32::from(pixmap.width()),
            height: u32::from(pixmap.height()),
            pixels: pixmap.data_as_u8_slice().to_vec(),
        })
    }
}

/// The picture of one page; see [`Preview::page`].
///
/// # Errors
/// As [`Preview::open`] and [`Preview::page`].
pub fn page(pdf: &[u8], index: usize, scale: f32) -> Result<RgbaPage, PreviewError> {
    Preview::open(pdf)?.page(index, scale)
}

/// The pictures of all pages.
///
/// # Errors
/// As [`page`]; [`PreviewError::TooLarge`] when all pictures together exceed [`MOST_BYTES`].
pub fn pages(pdf: &[u8], scale: f32) -> Result<Vec<RgbaPage>, PreviewError> {
    let preview = Preview::open(pdf)?;
    let mut bytes = 0;
    let mut pictures = Vec::new();
    for index in 0..preview.pages() {
        let picture = preview.page(index, scale)?;
        bytes += picture.pixels.len();
        if bytes > MOST_BYTES {
            return Err(PreviewError::TooLarge);
        }
        pictures.push(picture);
    }
    Ok(pictures)
}
