//! The sections of the report, one file each, in the order in which they stand on the pages.

use super::{
    layout::Flow,
    sheet::Picture,
    style::{self, Style},
    text::{Run, Typeface},
    words::{self, Both},
};
use crate::{control::Strokes, digest::Digest, evidence::Record};

mod closing;
mod examined;
mod identification;
mod opening;
mod scan;
mod signature;
mod subject;
mod terms;
mod trust;

/// A picture and its size in pixels.
pub struct Photograph {
    /// The picture.
    pub picture: Picture,
    /// Width, pixels; not 0.
    pub width: u32,
    /// Height, pixels; not 0.
    pub height: u32,
}

/// What the report says. Every part is the one that the record names.
pub struct Content<'a> {
    /// The record.
    pub record: &'a Record,
    /// SHA-256 of the attached record.
    pub record_digest: Digest,
    /// Present with the record's signature.
    pub strokes: Option<Strokes>,
    /// Present with the record's scan.
    pub scan: Option<Photograph>,
    /// The document scanned earlier.
    pub previous_scan: Option<Photograph>,
    /// The accepted terms.
    pub terms_text: Option<&'a str>,
}

/// Lays out the whole report.
pub fn lay_out(flow: &mut Flow<'_>, content: &Content<'_>) {
    opening::lay_out(flow, content.record);
    subject::lay_out(flow, content.record);
    identification::lay_out(flow, content);
    terms::lay_out(flow, content);
    signature::lay_out(flow, content);
    scan::lay_out(flow, content);
    closing::lay_out(flow, content);
    terms::appendix(flow, content);
}

/// A text from the record in one field.
fn given(typeface: &Typeface, text: &str) -> Vec<Run> {
    given_in(typeface, text, style::VALUE)
}

/// [`given`] in a style of its own.
fn given_in(typeface: &Typeface, text: &str, style: Style) -> Vec<Run> {
    if text.trim().is_empty() { said(&words::not_given()) } else { vec![Run::new(typeface.field(text), style)] }
}

/// A text that may be absent.
fn optional(typeface: &Typeface, text: Option<&str>) -> Vec<Run> {
    given(typeface, text.unwrap_or_default())
}

/// What somebody wrote in own words. Line breaks and tabs become spaces here; the record keeps them.
fn written(typeface: &Typeface, text: &str) -> Vec<Run> {
    given(typeface, &text.split(['\n', '\r', '\t']).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Words of the report itself.
fn said(text: &Both) -> Vec<Run> {
    Run::both(text, style::VALUE, style::VALUE_EN)
}

/// Words that stand in many reports alike and say nothing about anybody.
fn common(runs: Vec<Run>) -> Vec<Run> {
    runs.into_iter().map(Run::common).collect()
}

/// A date, a number, a code.
fn plain(text: impl std::fmt::Display) -> Vec<Run> {
    vec![Run::new(text.to_string(), style::VALUE)]
}

/// A digest.
fn digest(digest: &Digest) -> Vec<Run> {
    vec![Run::digest(digest, style::DIGITS)]
}

/// The largest size at which something fits, and whether that is its true size.
fn fitted(width: f32, height: f32, room: [f32; 2]) -> (f32, f32, f32) {
    let [most_width, most_height] = room;
    let scale = (most_width / width).min(most_height / height).min(1.0);
    (width * scale, height * scale, scale)
}

/// How large something is shown.
fn shown_at(scale: f32) -> Both {
    if scale >= 0.999 {
        words::both("Sann størrelse", "True size")
    } else {
        let percent = format!("{:.0}", scale * 100.0);
        words::both(format!("Vist i {percent} % av sann størrelse"), format!("Shown at {percent} % of true size"))
    }
}
