//! The laid-out pages as PDF: PDF/A-3a and PDF/UA-1 (ISO 19005-3, ISO 14289-1), tagged, with the record attached.

use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};
use krilla::{
    Data, Document, SerializeSettings,
    color::rgb,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    embed::{AssociationKind, EmbeddedFile, MimeType},
    error::KrillaError,
    geom::{PathBuilder, Point, Size, Transform},
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::{Fill, LineCap, LineJoin, Stroke},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TagGroup, TagTree},
    text::{Font, GlyphId, KrillaGlyph},
};

use super::{
    ReportError,
    sheet::{Contour, Node, Role, Shape, Sheets, Step},
    style::{Colour, PAGE_HEIGHT, PAGE_WIDTH},
    text::{Text, Typeface},
};

/// What the file is, in its own words beside the pages.
pub const DESCRIPTION: &str = "Rapport fra identitetskontroll. Report of an identity control.";
/// The language of the pages, where they do not say another.
pub const LANGUAGE: &str = "nb";

/// What the file says about itself. Names nobody but the organisation.
pub struct About {
    /// The organisation.
    pub company: String,
    /// The control.
    pub control: String,
    /// The program that made it.
    pub program: String,
    /// When the control was completed.
    pub completed_at: Timestamp,
}

impl About {
    /// The document's title.
    pub fn title(&self) -> String {
        format!("Identitetskontroll / Identity control {}", self.control)
    }
}

/// A file inside the report.
pub struct Attachment<'a> {
    /// Its name.
    pub name: &'static str,
    /// What its bytes are.
    pub mime: &'static str,
    /// For people.
    pub description: &'static str,
    /// What it is to the pages (ISO 19005-3, 6.8).
    pub kind: AssociationKind,
    /// Its content.
    pub bytes: &'a [u8],
}

/// Draws the pages and attaches the files.
pub fn draw(sheets: &Sheets, about: &About, attached: &[Attachment<'_>]) -> Result<Vec<u8>, ReportError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_| ReportError::NotDrawn)?;
    let settings = SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let date = date_time(about.completed_at);
    document.set_metadata(
        Metadata::new()
            .title(about.title())
            .description(DESCRIPTION.to_owned())
            .authors(vec![about.company.clone()])
            .creator(about.program.clone())
            .producer(about.program.clone())
            .language(LANGUAGE.to_owned())
            .document_id(about.control.clone())
            .creation_date(date),
    );
    let fonts = FONTS.as_ref().map_err(|&error| error)?;
    let mut identifiers: Vec<Vec<Option<Identifier>>> = Vec::new();
    for sheet in &sheets.pages {
        let settings = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or(ReportError::NotDrawn)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let drawn = sheet.marks.iter().map(|mark| fonts.mark(&mut surface, &mark.shape, mark.role));
        identifiers.push(drawn.collect());
        surface.finish();
        page.finish();
    }
    let mut tree = TagTree::new().with_lang(Some(LANGUAGE.to_owned()));
    tree.children = sheets.structure.iter().filter_map(|node| structure(node, &mut identifiers)).collect();
    document.set_tag_tree(tree);
    let mut outline = Outline::new();
    for bookmark in &sheets.outline {
        outline.push_child(OutlineNode::new(
            bookmark.title.clone(),
            XyzDestination::new(bookmark.page, Point::from_xy(0.0, bookmark.y)),
        ));
    }
    document.set_outline(outline);
    for file in attached {
        let file = EmbeddedFile {
            path: file.name.to_owned(),
            mime_type: MimeType::new(file.mime),
            description: Some(file.description.to_owned()),
            association_kind: file.kind,
            data: Data::from(file.bytes.to_vec()),
            modification_date: Some(date),
            compress: Some(true),
            location: None,
        };
        document.embed_file(file).ok_or(ReportError::NotDrawn)?;
    }
    document.finish().map_err(|error| match error {
        KrillaError::Image(..) => ReportError::ScanUnreadable,
        _ => ReportError::NotDrawn,
    })
}

/// The structure with krilla's names for the drawn marks; each name is used once.
fn structure(node: &Node, identifiers: &mut [Vec<Option<Identifier>>]) -> Option<krilla::tagging::Node> {
    match node {
        Node::Mark(page, mark) => identifiers.get_mut(*page)?.get_mut(*mark)?.take().map(Into::into),
        Node::Group(tag, children) => {
            let children = children.iter().filter_map(|child| structure(child, identifiers)).collect();
            Some(TagGroup::with_children(tag.clone(), children).into())
        }
    }
}

fn date_time(at: Timestamp) -> DateTime {
    let at = at.to_zoned(TimeZone::UTC).datetime();
    let small = |value: i8| u8::try_from(value).unwrap_or(0);
    DateTime::new(u16::try_from(at.year()).unwrap_or(0))
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
}

struct Fonts {
    typeface: &'static Typeface,
    regular: Font,
    bold: Font,
}

static FONTS: LazyLock<Result<Fonts, ReportError>> = LazyLock::new(|| {
    let font = |bytes: &'static [u8]| Font::new(Data::from(bytes), 0).ok_or(ReportError::NoTypeface);
    Ok(Fonts { typeface: Typeface::load()?, regular: font(notosans::REGULAR_TTF)?, bold: font(notosans::BOLD_TTF)? })
});

impl Fonts {
    /// Draws one mark; content gets a name for the structure.
    fn mark(&self, surface: &mut Surface<'_>, shape: &Shape, role: Role) -> Option<Identifier> {
        let artifact = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
        let spoken = shape.spoken();
        let tag = match (role, shape) {
            (Role::Header, _) => artifact(ArtifactType::Header),
            (Role::Footer, _) => artifact(ArtifactType::Footer),
            (Role::Layout, _) => artifact(ArtifactType::Layout),
            (Role::Content, Shape::Text(text, ..)) => {
                let language = text.run.english.then_some("en");
                ContentTag::Span(SpanTag::empty().with_lang(language).with_actual_text(spoken.as_deref()))
            }
            (Role::Content, _) => ContentTag::Other,
        };
        let identifier = surface.start_tagged(tag);
        self.shape(surface, shape);
        surface.end_tagged();
        (role == Role::Content).then_some(identifier)
    }

    fn shape(&self, surface: &mut Surface<'_>, shape: &Shape) {
        match shape {
            Shape::Text(text, x, y) => self.text(surface, text, *x, *y),
            Shape::Picture(picture, [x, y, width, height]) => {
                if let Some(size) = Size::from_wh(*width, *height) {
                    surface.push_transform(&Transform::from_translate(*x, *y));
                    surface.draw_image(picture.image.clone(), size);
                    surface.pop();
                }
            }
            drawn => drawn.contours().iter().for_each(|drawn| contour(surface, drawn)),
        }
    }

    fn text(&self, surface: &mut Surface<'_>, text: &Text, x: f32, y: f32) {
        let style = text.run.style;
        fill(surface, style.colour);
        let font = if style.bold { &self.bold } else { &self.regular };
        let part = |units: i32| as_float(units) / font.units_per_em();
        let glyphs: Vec<_> = text
            .glyphs(self.typeface)
            .iter()
            .map(|glyph| {
                let [advance, rise] = glyph.advance.map(part);
                let [across, up] = glyph.offset.map(part);
                KrillaGlyph::new(GlyphId::new(glyph.id), advance, across, up, rise, glyph.letters.clone(), None)
            })
            .collect();
        surface.draw_glyphs(Point::from_xy(x, y), &glyphs, font.clone(), &text.run.text, style.size, false);
    }
}

/// Units of a typeface: some thousands.
#[allow(clippy::cast_precision_loss)]
fn as_float(units: i32) -> f32 {
    units as f32
}

fn contour(surface: &mut Surface<'_>, contour: &Contour) {
    let mut path = PathBuilder::new();
    for step in &contour.steps {
        match *step {
            Step::Move([x, y]) => path.move_to(x, y),
            Step::Line([x, y]) => path.line_to(x, y),
            Step::Curve([leaving, arriving, end]) => {
                path.cubic_to(leaving[0], leaving[1], arriving[0], arriving[1], end[0], end[1]);
            }
            Step::Close => path.close(),
        }
    }
    let Some(path) = path.finish() else { return };
    match contour.pen {
        Some(width) => pen(surface, contour.colour, width),
        None => fill(surface, contour.colour),
    }
    surface.draw_path(&path);
}

fn fill(surface: &mut Surface<'_>, [red, green, blue]: Colour) {
    surface.set_stroke(None);
    surface.set_fill(Some(Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }));
}

fn pen(surface: &mut Surface<'_>, [red, green, blue]: Colour, width: f32) {
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: rgb::Color::new(red, green, blue).into(),
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    }));
}
