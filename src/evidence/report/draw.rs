//! The laid-out pages as PDF: PDF/A-3a and PDF/UA-1 (ISO 19005-3, ISO 14289-1), tagged, with the record attached.

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
    text::{Font, TextDirection},
};

use super::{
    ReportError,
    sheet::{Contour, Node, Role, Shape, Sheets, Step},
    style::{Colour, PAGE_HEIGHT, PAGE_WIDTH},
    text::Run,
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
pub fn draw(sheets: Sheets, about: &About, attached: &[Attachment<'_>]) -> Result<Vec<u8>, ReportError> {
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
    let fonts = Fonts::load()?;
    let mut identifiers: Vec<Vec<Option<Identifier>>> = Vec::new();
    for sheet in sheets.pages {
        let settings = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or(ReportError::NotDrawn)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let drawn = sheet.marks.into_iter().map(|mark| fonts.mark(&mut surface, mark.shape, mark.role));
        identifiers.push(drawn.collect());
        surface.finish();
        page.finish();
    }
    let mut tree = TagTree::new().with_lang(Some(LANGUAGE.to_owned()));
    tree.children = sheets.structure.into_iter().filter_map(|node| structure(node, &mut identifiers)).collect();
    document.set_tag_tree(tree);
    let mut outline = Outline::new();
    for bookmark in sheets.outline {
        outline.push_child(OutlineNode::new(bookmark.title, XyzDestination::new(bookmark.page, Point::from_xy(0.0, bookmark.y))));
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
fn structure(node: Node, identifiers: &mut [Vec<Option<Identifier>>]) -> Option<krilla::tagging::Node> {
    match node {
        Node::Mark(page, mark) => identifiers.get_mut(page)?.get_mut(mark)?.take().map(Into::into),
        Node::Group(tag, children) => {
            let children = children.into_iter().filter_map(|child| structure(child, identifiers)).collect();
            Some(TagGroup::with_children(tag, children).into())
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
    regular: Font,
    bold: Font,
}

impl Fonts {
    fn load() -> Result<Self, ReportError> {
        let font = |bytes: &'static [u8]| Font::new(Data::from(bytes), 0).ok_or(ReportError::NoTypeface);
        Ok(Self { regular: font(notosans::REGULAR_TTF)?, bold: font(notosans::BOLD_TTF)? })
    }

    /// Draws one mark; content gets a name for the structure.
    fn mark(&self, surface: &mut Surface<'_>, shape: Shape, role: Role) -> Option<Identifier> {
        let artifact = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
        let spoken = shape.spoken();
        let tag = match (role, &shape) {
            (Role::Header, _) => artifact(ArtifactType::Header),
            (Role::Footer, _) => artifact(ArtifactType::Footer),
            (Role::Layout, _) => artifact(ArtifactType::Layout),
            (Role::Content, Shape::Text(run, ..)) => {
                let language = run.english.then_some("en");
                ContentTag::Span(SpanTag::empty().with_lang(language).with_actual_text(spoken.as_deref()))
            }
            (Role::Content, _) => ContentTag::Other,
        };
        let identifier = surface.start_tagged(tag);
        self.shape(surface, shape);
        surface.end_tagged();
        (role == Role::Content).then_some(identifier)
    }

    fn shape(&self, surface: &mut Surface<'_>, shape: Shape) {
        match shape {
            Shape::Text(run, x, y) => self.text(surface, &run, x, y),
            Shape::Picture(picture, [x, y, width, height]) => {
                if let Some(size) = Size::from_wh(width, height) {
                    surface.push_transform(&Transform::from_translate(x, y));
                    surface.draw_image(picture.image, size);
                    surface.pop();
                }
            }
            drawn => drawn.contours().iter().for_each(|drawn| contour(surface, drawn)),
        }
    }

    fn text(&self, surface: &mut Surface<'_>, run: &Run, x: f32, y: f32) {
        fill(surface, run.style.colour);
        let font = if run.style.bold { &self.bold } else { &self.regular };
        surface.draw_text(Point::from_xy(x, y), font.clone(), run.style.size, &run.text, false, TextDirection::LeftToRight);
    }
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
