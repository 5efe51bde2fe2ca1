//! What the first two revisions of a signed report may hold: the pages, then the signature. What may follow says [`super::later`].
//!
//! The update that brought the signature is compared with the pages object by object: it may add the signature, its field and
//! the form, and it may enter them in the catalog and on one page. Everything else that people see or that the record says
//! must stand in the first revision, unchanged.

use std::collections::BTreeSet;

use super::{
    problem::{Problem, ProblemKind},
    structure::{File, Revision},
    syntax::{Dictionary, Value},
};

/// The pages and the signature.
pub const SIGNED: usize = 2;
/// The keys that a signature dictionary may have.
const SIGNATURE_KEYS: [&str; 10] =
    ["ByteRange", "Contents", "Filter", "Location", "M", "Name", "Reason", "Reference", "SubFilter", "Type"];
/// The keys that the signature's field may have: none that draws something or runs an action.
const FIELD_KEYS: [&str; 9] = ["F", "FT", "P", "Rect", "Subtype", "T", "TU", "Type", "V"];

/// The objects of the one signature.
#[derive(Debug, Clone, Copy)]
pub struct Located<'f> {
    /// The signature dictionary.
    pub signature: &'f Dictionary,
    signature_number: u32,
    field: &'f Dictionary,
    field_number: u32,
    /// The form that lists the fields.
    pub form_number: u32,
}

impl<'f> Located<'f> {
    /// Finds the one signature of the first two revisions: catalog → form → field → signature.
    pub fn find(file: &'f File<'_>) -> Result<Self, Problem> {
        let dictionary = |number: u32| file.dictionary_as_of(SIGNED, number);
        let unsigned = || ProblemKind::Unsigned.because("the report is not signed; it proves nothing without a signature");
        let damaged = |what: &str| ProblemKind::SignatureForm.because(what);
        let catalog = file.catalog_number().and_then(dictionary);
        let form_number = catalog.and_then(|catalog| catalog.get("AcroForm")).ok_or_else(unsigned)?;
        let form_number = form_number.reference().ok_or_else(|| damaged("the form is not an object of its own"))?;
        let form = dictionary(form_number).ok_or_else(unsigned)?;
        let [Value::Reference(field_number)] = form.get("Fields").and_then(Value::array).unwrap_or_default() else {
            return Err(damaged("the form does not have exactly one field"));
        };
        let field = dictionary(*field_number).filter(|field| field.has_name("FT", "Sig")).ok_or_else(unsigned)?;
        let signature_number = field.get("V").and_then(Value::reference).ok_or_else(unsigned)?;
        let signature = dictionary(signature_number).ok_or_else(unsigned)?;
        let signed = file.revisions.iter().take(SIGNED).flat_map(|revision| revision.objects.values());
        let signatures = signed.filter_map(|object| object.value.dictionary());
        if signatures.filter(|object| object.get("ByteRange").is_some()).count() != 1 {
            return Err(damaged("the file does not have exactly one signature"));
        }
        Ok(Self { signature, signature_number, field, field_number: *field_number, form_number })
    }
}

/// Checks the revisions against what a signed report may hold.
pub fn check(file: &File<'_>, located: &Located<'_>) -> Result<(), Problem> {
    let [pages, update, ..] = file.revisions.as_slice() else {
        return Err(ProblemKind::SignatureUpdate.because("the signature is not an update of its own after the pages"));
    };
    let checked = check_trailer(pages, update)
        .and_then(|()| check_objects(pages, update, located))
        .and_then(|()| check_catalog(pages, update, located))
        .and_then(|()| check_form(update, located))
        .and_then(|()| check_field(located));
    checked.map_err(|what| ProblemKind::SignatureUpdate.at(pages.end, what))
}

/// Whether something holds, else what does not.
pub type Checked = Result<(), &'static str>;

/// Fails with `otherwise` unless it holds.
pub fn require(holds: bool, otherwise: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn check_trailer(pages: &Revision<'_>, update: &Revision<'_>) -> Checked {
    const MAY_CHANGE: [&str; 3] = ["Size", "Prev", "ID"];
    let same = pages.trailer.without(&MAY_CHANGE) == update.trailer.without(&MAY_CHANGE);
    require(same, "the signature's update changes the trailer")
}

/// The update holds exactly the three new objects, the catalog and the page of the field.
fn check_objects(pages: &Revision<'_>, update: &Revision<'_>, located: &Located<'_>) -> Checked {
    let new = BTreeSet::from([located.signature_number, located.field_number, located.form_number]);
    let catalog = update.trailer.get("Root").and_then(Value::reference).ok_or("the update has no catalog")?;
    let page = located.field.get("P").and_then(Value::reference).ok_or("the signature's field is on no page")?;
    let expected: BTreeSet<u32> = new.iter().copied().chain([catalog, page]).collect();
    require(
        new.len() == 3 && expected.len() == 5 && update.objects.keys().copied().eq(expected),
        "the signature's update changes or adds other objects than those of the signature",
    )?;
    require(
        new.iter().all(|number| !pages.objects.contains_key(number)),
        "the signature's update replaces an object of the pages",
    )?;
    require(update.objects.values().all(|object| object.stream.is_none()), "the signature's update brings content of its own")?;
    check_page(pages, update, page, located.field_number)
}

/// The page has gained the field as its last annotation and nothing else.
fn check_page(pages: &Revision<'_>, update: &Revision<'_>, number: u32, field: u32) -> Checked {
    const CHANGED: &str = "the signature's update changes a page";
    let dictionary = |revision: &'_ Revision<'_>| -> Option<Dictionary> {
        revision.objects.get(&number).and_then(|page| page.value.dictionary()).cloned()
    };
    let before = dictionary(pages).ok_or(CHANGED)?;
    let after = dictionary(update).ok_or(CHANGED)?;
    let list = |list: u32| pages.objects.get(&list).and_then(|list| list.value.array());
    require(page_gained(&before, &after, field, list), CHANGED)
}

/// Whether `after` is the page `before` with the field as its last annotation. `list` finds a list of annotations by its number.
pub fn page_gained<'v>(
    before: &'v Dictionary,
    after: &Dictionary,
    field: u32,
    list: impl Fn(u32) -> Option<&'v [Value]>,
) -> bool {
    let annotations_before = match before.get("Annots") {
        None => Some(&[][..]),
        Some(Value::Reference(number)) => list(*number),
        Some(direct) => direct.array(),
    };
    let annotations = after.get("Annots").and_then(Value::array);
    let gained = annotations.zip(annotations_before).and_then(|(after, before)| after.strip_prefix(before));
    before.has_name("Type", "Page")
        && before.without(&["Annots"]) == after.without(&["Annots"])
        && gained == Some(&[Value::Reference(field)])
}

/// The catalog has gained the form and the certification by this signature and nothing else.
fn check_catalog(pages: &Revision<'_>, update: &Revision<'_>, located: &Located<'_>) -> Checked {
    const CHANGED: &str = "the signature's update changes the catalog";
    let root = update.trailer.get("Root").and_then(Value::reference).ok_or(CHANGED)?;
    let before = pages.objects.get(&root).and_then(|catalog| catalog.value.dictionary()).ok_or(CHANGED)?;
    let after = update.objects.get(&root).and_then(|catalog| catalog.value.dictionary()).ok_or(CHANGED)?;
    require(*before == after.without(&["AcroForm", "Perms"]), CHANGED)?;
    let permissions = after.get("Perms").and_then(Value::dictionary).ok_or("the report is not certified")?;
    let certified = permissions.keys().eq([b"DocMDP".as_slice()])
        && permissions.get("DocMDP") == Some(&Value::Reference(located.signature_number));
    require(certified, "the report is not certified by its signature")
}

fn check_form(update: &Revision<'_>, located: &Located<'_>) -> Checked {
    let form = update.objects.get(&located.form_number).and_then(|form| form.value.dictionary());
    let form = form.ok_or("the form is missing")?;
    let plain = form.keys().eq([b"Fields".as_slice(), b"SigFlags"]) && form.get("SigFlags") == Some(&Value::Integer(3));
    require(plain, "the form says more than that there is a signature")
}

fn check_field(located: &Located<'_>) -> Checked {
    require(invisible(located.field), "the signature's field shows or does something")?;
    require(only(located.signature, &SIGNATURE_KEYS), "the signature says more than a signature of this program")?;
    require(forbids_every_change(located.signature), "the signature does not forbid every later change")
}

/// Whether a signature field shows nothing and does nothing.
pub fn invisible(field: &Dictionary) -> bool {
    only(field, &FIELD_KEYS)
        && field.has_name("Type", "Annot")
        && field.has_name("Subtype", "Widget")
        && field.has_name("FT", "Sig")
        && field.get("Rect").and_then(Value::array) == Some(&[const { Value::Integer(0) }; 4])
}

/// Whether the dictionary has no other keys than these.
pub fn only(dictionary: &Dictionary, keys: &[&str]) -> bool {
    dictionary.keys().all(|key| keys.iter().any(|known| known.as_bytes() == key))
}

/// The certification: one transform `DocMDP` with `P` = 1 (ISO 32000-1 §12.8.2.2).
fn forbids_every_change(signature: &Dictionary) -> bool {
    let Some([Value::Dictionary(reference)]) = signature.get("Reference").and_then(Value::array) else { return false };
    let parameters = reference.get("TransformParams").and_then(Value::dictionary);
    reference.has_name("TransformMethod", "DocMDP")
        && parameters.is_some_and(|parameters| parameters.get("P") == Some(&Value::Integer(1)))
}
