//! The look of the report: an A4 page on a calm grid, one typeface, few sizes, one accent.

/// Width of the page (A4), points.
pub const PAGE_WIDTH: f32 = 595.28;
/// Height of the page, points.
pub const PAGE_HEIGHT: f32 = 841.89;
/// Left and right margin: 20 mm.
pub const MARGIN: f32 = 56.69;
/// First line of the page's content.
pub const TOP: f32 = 62.0;
/// Content ends here; the footer stands below.
pub const BOTTOM: f32 = PAGE_HEIGHT - 62.0;
/// Width of the content: 170 mm.
pub const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;
/// Between the two columns.
pub const GUTTER: f32 = 22.0;
/// Points a millimetre.
pub const MM: f32 = 72.0 / 25.4;

/// A colour: red, green, blue (sRGB).
pub type Colour = [u8; 3];

/// Text.
pub const BLACK: Colour = [0x1a, 0x1f, 0x26];
/// Labels.
pub const SLATE: Colour = [0x3d, 0x48, 0x54];
/// The second language; 5:1 on white (WCAG 2.1, 1.4.3 asks for 4.5:1).
pub const GREY: Colour = [0x66, 0x70, 0x7b];
/// Headings.
pub const ACCENT: Colour = [0x11, 0x42, 0x55];
/// Rules between sections, frames of pictures.
pub const LINE: Colour = [0xc6, 0xd0, 0xd6];
/// The summary's ground.
pub const TINT: Colour = [0xee, 0xf3, 0xf5];
/// The tick of a check.
pub const GREEN: Colour = [0x1b, 0x7f, 0x4b];
/// The band of training.
pub const AMBER: Colour = [0xff, 0xc4, 0x00];

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Size, points.
    pub size: f32,
    /// Bold.
    pub bold: bool,
    /// Colour.
    pub colour: Colour,
}

impl Style {
    const fn new(size: f32, bold: bool, colour: Colour) -> Self {
        Self { size, bold, colour }
    }

    /// From one baseline to the next, points.
    pub fn leading(self) -> f32 {
        self.size * 1.4
    }
}

/// The title, bokmål.
pub const TITLE: Style = Style::new(25.0, true, ACCENT);
/// The title, English.
pub const TITLE_EN: Style = Style::new(12.5, false, GREY);
/// The organisation.
pub const COMPANY: Style = Style::new(11.0, true, BLACK);
/// The person in the summary.
pub const PERSON: Style = Style::new(14.5, true, BLACK);
/// A section's heading, bokmål.
pub const HEADING: Style = Style::new(12.5, true, ACCENT);
/// A section's heading, English.
pub const HEADING_EN: Style = Style::new(9.5, false, GREY);
/// A field's label, bokmål.
pub const LABEL: Style = Style::new(7.5, true, SLATE);
/// A field's label, English.
pub const LABEL_EN: Style = Style::new(7.5, false, GREY);
/// A value.
pub const VALUE: Style = Style::new(9.5, false, BLACK);
/// A value in the second language.
pub const VALUE_EN: Style = Style::new(8.5, false, GREY);
/// Digests and other long rows of digits.
pub const DIGITS: Style = Style::new(8.5, false, BLACK);
/// Running text of an appendix.
pub const BODY: Style = Style::new(9.0, false, BLACK);
/// A heading inside an appendix.
pub const SUBHEADING: Style = Style::new(10.0, true, ACCENT);
/// Captions and the footer.
pub const SMALL: Style = Style::new(7.5, false, GREY);
/// The band of training.
pub const BAND: Style = Style::new(10.0, true, BLACK);
