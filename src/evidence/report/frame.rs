//! What stands on every page: the footer, and the band of training.

use krilla::tagging::Tag;

use super::{
    sheet::{Mark, Node, Role, Shape, Sheets},
    style::{self, MARGIN, PAGE_HEIGHT, PAGE_WIDTH, Style, WIDTH},
    text::{Run, Typeface},
};
use crate::evidence::Record;

/// The band's text.
const TRAINING: &str = "OPPLÆRING / TRAINING – beviser ingenting / proves nothing";
/// The band: upper edge and height, points.
const BAND: [f32; 2] = [16.0, 24.0];

/// Adds footer and band to pages whose number is now known.
pub fn add(sheets: &mut Sheets, typeface: &Typeface, record: &Record) {
    let company = shortened(typeface, &typeface.field(&record.rules.company), style::SMALL, 150.0);
    let control = record.control.to_string();
    let pages = sheets.pages.len();
    for (index, sheet) in sheets.pages.iter_mut().enumerate() {
        let number = index + 1;
        let page = format!("Side {number} av {pages} / Page {number} of {pages}");
        let width = |text: &str| typeface.width(text, style::SMALL);
        let baseline = PAGE_HEIGHT - 36.0;
        let texts = [
            (company.clone(), MARGIN),
            (control.clone(), (PAGE_WIDTH - width(&control)) / 2.0),
            (page.clone(), PAGE_WIDTH - MARGIN - width(&page)),
        ];
        sheet.marks.push(Mark { shape: Shape::Area(style::LINE, [MARGIN, PAGE_HEIGHT - 50.0, WIDTH, 0.6]), role: Role::Layout });
        for (text, x) in texts {
            sheet.marks.push(Mark { shape: Shape::Text(Run::new(text, style::SMALL).into(), x, baseline), role: Role::Footer });
        }
        if record.training {
            let [top, height] = BAND;
            let x = (PAGE_WIDTH - typeface.width(TRAINING, style::BAND)) / 2.0;
            sheet.marks.push(Mark { shape: Shape::Area(style::AMBER, [0.0, top, PAGE_WIDTH, height]), role: Role::Layout });
            // The first band is content, so that it is also heard; the others repeat it.
            let role = if index == 0 { Role::Content } else { Role::Header };
            if index == 0 {
                sheets.structure.insert(0, Node::Group(Tag::P.into(), vec![Node::Mark(0, sheet.marks.len())]));
            }
            sheet.marks.push(Mark { shape: Shape::Text(Run::new(TRAINING, style::BAND).into(), x, top + 15.6), role });
        }
    }
}

/// The text, cut to a width.
fn shortened(typeface: &Typeface, text: &str, style: Style, width: f32) -> String {
    if typeface.width(text, style) <= width {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    while typeface.width(&text, style) > width && text.pop().is_some() {}
    text + "…"
}
