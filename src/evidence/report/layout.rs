//! The flow of the report down its pages: headings, fields in two columns, lists, tables, pictures.

use std::sync::Arc;

use krilla::{
    geom::Rect,
    tagging::{BBox, ListNumbering, TableHeaderScope, Tag, TagKind},
};

use super::{
    sheet::{Bookmark, Mark, Node, Picture, Role, Shape, Sheet, Sheets},
    style::{self, GUTTER, MARGIN, Style, WIDTH},
    text::{Line, Run, Typeface},
    words::Both,
};
use crate::imaging::ink::Trace;

/// A labelled value.
pub struct Field {
    label: Both,
    value: Vec<Run>,
    wide: bool,
}

impl Field {
    /// A value that fits into one column.
    pub fn new(nb: &str, en: &str, value: Vec<Run>) -> Self {
        Self { label: super::words::both(nb, en), value, wide: false }
    }

    /// A value over both columns.
    pub fn wide(nb: &str, en: &str, value: Vec<Run>) -> Self {
        Self { wide: true, ..Self::new(nb, en, value) }
    }
}

/// What stands before an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bullet {
    /// It was verified.
    Tick,
    /// It is said.
    Dash,
}

/// A value of more lines than this takes both columns and may run over the page's end.
const MOST_LINES_IN_COLUMN: usize = 8;
/// Below a field.
const FIELD_GAP: f32 = 8.5;

/// Where the next thing is drawn.
pub struct Flow<'t> {
    typeface: &'t Typeface,
    done: Sheets,
    nodes: Vec<Node>,
    sheet: Sheet,
    y: f32,
}

impl<'t> Flow<'t> {
    /// An empty first page.
    pub fn new(typeface: &'t Typeface) -> Self {
        Self { typeface, done: Sheets::default(), nodes: Vec::new(), sheet: Sheet::default(), y: style::TOP }
    }

    /// The laid-out pages.
    pub fn finish(mut self) -> Sheets {
        self.done.pages.push(self.sheet);
        self.done.structure = self.nodes;
        self.done
    }

    /// The typeface.
    pub fn typeface(&self) -> &'t Typeface {
        self.typeface
    }

    /// Where the next thing begins, from the upper edge of the page.
    pub fn y(&self) -> f32 {
        self.y
    }

    /// Leaves space.
    pub fn space(&mut self, points: f32) {
        self.y += points;
    }

    fn page(&self) -> usize {
        self.done.pages.len()
    }

    /// Begins a new page.
    pub fn turn_page(&mut self) {
        self.done.pages.push(std::mem::take(&mut self.sheet));
        self.y = style::TOP;
    }

    /// Begins a new page when less than `height` points are left on this one.
    pub fn room(&mut self, height: f32) {
        if self.y + height > style::BOTTOM && self.y > style::TOP {
            self.turn_page();
        }
    }

    /// Everything that `inside` lays out belongs to one group of the structure.
    pub fn group(&mut self, tag: impl Into<TagKind>, inside: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(&mut self.nodes);
        inside(self);
        let children = std::mem::replace(&mut self.nodes, outer);
        if !children.is_empty() {
            self.nodes.push(Node::Group(tag.into(), children));
        }
    }

    /// Something that is no content: a rule, a ground, a tick.
    pub fn ornament(&mut self, shape: Shape) {
        self.sheet.marks.push(Mark { shape, role: Role::Layout });
    }

    /// Lays something out on a tinted ground that is as high as what lies on it.
    pub fn grounded(&mut self, pad: f32, inside: impl FnOnce(&mut Self)) {
        const BAR: f32 = 3.0;
        let (page, first, top) = (self.page(), self.sheet.marks.len(), self.y);
        self.ornament(Shape::Area(style::TINT, [MARGIN, top, WIDTH, 1.0]));
        self.ornament(Shape::Area(style::ACCENT, [MARGIN, top, BAR, 1.0]));
        self.space(pad);
        inside(self);
        self.space(pad);
        let height = self.y - top;
        if self.page() == page
            && let Some([ground, bar]) = self.sheet.marks.get_mut(first..first + 2)
        {
            ground.shape = Shape::Area(style::TINT, [MARGIN, top, WIDTH, height]);
            bar.shape = Shape::Area(style::ACCENT, [MARGIN, top, BAR, height]);
        }
    }

    fn content(&mut self, shape: Shape) {
        self.nodes.push(Node::Mark(self.page(), self.sheet.marks.len()));
        self.sheet.marks.push(Mark { shape, role: Role::Content });
    }

    /// One line at a place of its own.
    pub fn line_at(&mut self, line: Line, x: f32, baseline: f32) {
        let mut x = x;
        for piece in line.pieces {
            let width = self.typeface.width(&piece.text, piece.style);
            self.content(Shape::Text(piece.into(), x, baseline));
            x += width;
        }
    }

    /// One line that ends at `right`.
    pub fn line_ending_at(&mut self, line: Line, right: f32, baseline: f32) {
        let width: f32 = line.pieces.iter().map(|piece| self.typeface.width(&piece.text, piece.style)).sum();
        self.line_at(line, right - width, baseline);
    }

    /// Lines below each other; a page that is full is turned between two of them. Few lines stay together, and of many
    /// no first or last line stands alone.
    fn lines(&mut self, lines: Vec<Line>, x: f32) {
        const FEW: usize = 4;
        let leadings: Vec<f32> = lines.iter().map(Line::leading).collect();
        let count = leadings.len();
        for (index, (line, leading)) in lines.into_iter().zip(&leadings).enumerate() {
            let together = match index {
                0 if count <= FEW => count,
                0 => 2,
                _ if count > FEW && index + 2 == count => 2,
                _ => 1,
            };
            self.room(leadings.iter().skip(index).take(together).sum());
            self.y += leading;
            self.line_at(line, x, self.y - leading * 0.28);
        }
    }

    /// A paragraph over both columns.
    pub fn paragraph(&mut self, runs: &[Run]) {
        let lines = self.typeface.lines(runs, WIDTH);
        self.group(Tag::P, |flow| flow.lines(lines, MARGIN));
    }

    /// A paragraph of at most `most` lines; one that is longer ends with three dots.
    pub fn paragraph_of(&mut self, runs: &[Run], x: f32, width: f32, most: usize) {
        let mut lines = self.typeface.lines(runs, width);
        let longer = lines.len() > most;
        lines.truncate(most);
        if longer && let Some(piece) = lines.last_mut().and_then(|line| line.pieces.last_mut()) {
            let room = width - self.typeface.width(" …", piece.style);
            while self.typeface.width(&piece.text, piece.style) > room && piece.text.pop().is_some() {}
            piece.text.truncate(piece.text.trim_end().len());
            piece.text.push_str(" …");
        }
        self.group(Tag::P, |flow| flow.lines(lines, x));
    }

    /// A section's heading, its number and its place in the outline. Stays together with what follows.
    pub fn heading(&mut self, number: &str, title: &Both, keep: f32) {
        const GAP: f32 = 16.0;
        const HEADING: f32 = 32.0;
        self.room(GAP + HEADING + keep);
        if self.y > style::TOP {
            self.space(GAP);
            self.ornament(Shape::Area(style::LINE, [MARGIN, self.y, WIDTH, 0.6]));
        } else {
            // The heading's letters begin where other pages' text does.
            self.space(-8.0);
        }
        self.done.outline.push(Bookmark {
            title: format!("{number} {}", title.nb).trim().to_owned(),
            page: self.page(),
            y: self.y,
        });
        self.y += 21.0;
        let baseline = self.y;
        let level = std::num::NonZeroU16::MIN.saturating_add(1);
        self.group(Tag::Hn(level, Some(title.nb.clone())), |flow| {
            let prefix = if number.is_empty() { String::new() } else { format!("{number}  ") };
            let pieces = vec![
                Run::new(format!("{prefix}{}  ", title.nb), style::HEADING).common(),
                Run::english(title.en.clone(), style::HEADING_EN).common(),
            ];
            flow.line_at(Line { pieces }, MARGIN, baseline);
        });
        self.y += 11.0;
    }

    /// A heading inside an appendix.
    pub fn subheading(&mut self, text: &str) {
        self.space(4.0);
        self.room(40.0);
        let lines = self.typeface.lines(&[Run::new(text, style::SUBHEADING).common()], WIDTH);
        let level = std::num::NonZeroU16::MIN.saturating_add(2);
        self.group(Tag::Hn(level, Some(text.to_owned())), |flow| flow.lines(lines, MARGIN));
        self.space(1.0);
    }

    /// A small heading inside a section.
    pub fn label(&mut self, label: &Both) {
        self.room(40.0);
        self.group(Tag::P, |flow| {
            let line = flow.label_line(label, WIDTH);
            flow.lines(line, MARGIN);
        });
        self.space(2.0);
    }

    fn label_line(&self, label: &Both, width: f32) -> Vec<Line> {
        let runs: Vec<_> = Run::both(label, style::LABEL, style::LABEL_EN).into_iter().map(Run::common).collect();
        self.typeface.lines(&runs, width)
    }

    /// Fields from left to right and down, two in a row.
    pub fn fields(&mut self, fields: Vec<Field>) {
        self.fields_within(fields, MARGIN, WIDTH);
    }

    /// [`Flow::fields`] in a part of the page's width.
    pub fn fields_within(&mut self, fields: Vec<Field>, x: f32, width: f32) {
        let column = (width - GUTTER) / 2.0;
        self.group(Tag::L(ListNumbering::None), |flow| {
            let mut fields = fields.into_iter().peekable();
            while let Some(left) = fields.next() {
                let narrow =
                    |field: &Field| !field.wide && flow.typeface.lines(&field.value, column).len() <= MOST_LINES_IN_COLUMN;
                if !narrow(&left) {
                    flow.wide_field(&left, x, width);
                } else if let Some(right) = fields.next_if(|field| narrow(field)) {
                    flow.row(vec![(left, x), (right, x + column + GUTTER)], column);
                } else {
                    flow.row(vec![(left, x)], column);
                }
            }
        });
    }

    /// Fields side by side; the row is as high as the highest of them and stays on one page.
    fn row(&mut self, fields: Vec<(Field, f32)>, column: f32) {
        let cells: Vec<(Vec<Line>, Vec<Line>, f32)> = fields
            .into_iter()
            .map(|(field, x)| (self.label_line(&field.label, column), self.typeface.lines(&field.value, column), x))
            .collect();
        let height = |lines: &[Line]| lines.iter().map(Line::leading).sum::<f32>();
        let highest = cells.iter().map(|(label, value, _)| height(label) + height(value)).fold(0.0, f32::max);
        self.room(highest);
        let top = self.y;
        for (label, value, x) in cells {
            self.y = top;
            self.item(label, value, x);
        }
        self.y = top + highest + FIELD_GAP;
    }

    /// A field over the whole width; it may run over the page's end.
    fn wide_field(&mut self, field: &Field, x: f32, width: f32) {
        let label = self.label_line(&field.label, width);
        let value = self.typeface.lines(&field.value, width);
        self.room(30.0);
        self.item(label, value, x);
        self.y += FIELD_GAP;
    }

    fn item(&mut self, label: Vec<Line>, value: Vec<Line>, x: f32) {
        self.group(Tag::LI, |flow| {
            flow.group(Tag::Lbl, |flow| flow.lines(label, x));
            flow.group(Tag::LBody, |flow| flow.lines(value, x));
        });
    }

    /// A list; each item with a tick or a dash in front.
    pub fn list(&mut self, items: Vec<(Bullet, Vec<Run>)>) {
        const INDENT: f32 = 14.0;
        self.group(Tag::L(ListNumbering::None), |flow| {
            for (bullet, item) in items {
                let lines = flow.typeface.lines(&item, WIDTH - INDENT);
                let leading = lines.first().map_or(0.0, Line::leading);
                flow.room(lines.iter().take(4).map(Line::leading).sum());
                let top = flow.y;
                flow.ornament(match bullet {
                    Bullet::Tick => Shape::Tick(style::GREEN, MARGIN + 1.0, top + leading * 0.5 - 3.2, 7.0),
                    Bullet::Dash => Shape::Area(style::GREY, [MARGIN + 1.5, top + leading * 0.5, 5.5, 0.8]),
                });
                flow.group(Tag::LI, |flow| flow.group(Tag::LBody, |flow| flow.lines(lines, MARGIN + INDENT)));
                flow.space(2.5);
            }
        });
        self.space(FIELD_GAP - 2.5);
    }

    /// A table: widths of the columns, its head, its rows.
    pub fn table(&mut self, widths: &[f32], head: &[Vec<Run>], rows: &[Vec<Vec<Run>>]) {
        self.group(Tag::Table, |flow| {
            flow.group(Tag::THead, |flow| flow.table_row(widths, head, true));
            flow.group(Tag::TBody, |flow| {
                for row in rows {
                    flow.table_row(widths, row, false);
                }
            });
        });
        self.space(FIELD_GAP);
    }

    fn table_row(&mut self, widths: &[f32], cells: &[Vec<Run>], head: bool) {
        const PAD: f32 = 3.0;
        let cells: Vec<Vec<Line>> =
            cells.iter().zip(widths).map(|(runs, width)| self.typeface.lines(runs, width - 10.0)).collect();
        let highest = cells.iter().map(|lines| lines.iter().map(Line::leading).sum::<f32>()).fold(0.0, f32::max);
        self.room(highest + 2.0 * PAD);
        let top = self.y;
        self.group(Tag::TR, |flow| {
            let mut x = MARGIN;
            for (index, (lines, width)) in cells.into_iter().zip(widths).enumerate() {
                flow.y = top + PAD;
                let inside = |flow: &mut Self| flow.lines(lines, x);
                match (head, index) {
                    (true, _) => flow.group(Tag::TH(TableHeaderScope::Column), inside),
                    (false, 0) => flow.group(Tag::TH(TableHeaderScope::Row), inside),
                    (false, _) => flow.group(Tag::TD, inside),
                }
                x += width;
            }
        });
        self.y = top + highest + 2.0 * PAD;
        self.ornament(Shape::Area(style::LINE, [MARGIN, self.y, WIDTH, if head { 0.9 } else { 0.4 }]));
    }

    /// A picture with its frame and what it shows in words.
    pub fn picture(&mut self, picture: Picture, width: f32, height: f32, alt: String) {
        self.figure(width, height, alt, |x, y| Shape::Picture(picture, [x, y, width, height]));
    }

    /// Ink with its field's frame, `scale` points a micrometre.
    pub fn ink(&mut self, traces: Arc<[Trace]>, width: f32, height: f32, scale: f32, alt: String) {
        self.figure(width, height, alt, |x, y| Shape::Ink(traces, x, y, scale));
    }

    fn figure(&mut self, width: f32, height: f32, alt: String, shape: impl FnOnce(f32, f32) -> Shape) {
        self.room(height);
        let (x, y) = (MARGIN, self.y);
        let bbox = Rect::from_xywh(x, y, width, height).map(|rect| BBox::new(self.page(), rect));
        self.group(Tag::Figure(Some(alt)).with_bbox(bbox), |flow| flow.content(shape(x, y)));
        self.ornament(Shape::Frame(style::LINE, [x, y, width, height]));
        self.y += height;
    }

    /// A caption below a picture.
    pub fn caption(&mut self, text: &Both) {
        self.space(3.0);
        self.paragraph(&Run::both(text, Style { colour: style::SLATE, ..style::SMALL }, style::SMALL));
        self.space(FIELD_GAP);
    }
}
