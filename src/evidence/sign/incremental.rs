//! The signature's place in the PDF: one incremental update (ISO 32000-1 §7.5.6) after the untouched pages.
//!
//! The update holds a signature dictionary with room for the signature, an invisible field on the first page, the form that
//! lists it, and the catalog with a certification that forbids every later change (DocMDP, P = 1, ISO 32000-1 §12.8.2.2).
//! The field has an empty rectangle and is not tagged, which PDF/A-3a and PDF/UA-1 allow; what people read about the
//! signature stands on the pages themselves.

use jiff::tz::TimeZone;
use lopdf::Object;

use super::{
    SignatureDetails,
    update::{LayoutError, Prepared, Update, dictionary, name, signature_field, text},
};

/// The field's name in the form.
pub(crate) const FIELD_NAME: &str = "OperatorSignature";
/// How `/M` is written: UTC, to the second.
pub(crate) const TIME_FORMAT: &str = "D:%Y%m%d%H%M%SZ";
/// `/SigFlags`: signatures exist, append only (ISO 32000-1 table 219).
const SIGNATURES_EXIST_APPEND_ONLY: i64 = 1 + 2;

/// Appends the update to `report` with an empty signature by the person called `signer`.
pub(super) fn prepare(report: &[u8], details: &SignatureDetails, signer: &str) -> Result<Prepared, LayoutError> {
    let mut update = Update::of_pages(report)?;
    let catalog_id = update.catalog_id()?;
    let mut catalog = update.dictionary(catalog_id)?;
    if catalog.has(b"AcroForm") || catalog.has(b"Perms") {
        return Err(LayoutError::AlreadySigned);
    }
    let page_id = update.first_page()?;
    let mut page = update.dictionary(page_id)?;
    let (signature_id, field_id, form_id) = (update.new_id(), update.new_id(), update.new_id());

    page.set("Annots", update.annotations(&page, field_id)?);
    catalog.set("AcroForm", form_id);
    catalog.set("Perms", dictionary([("DocMDP", signature_id.into())]));
    update.put(page_id, &page.into())?;
    update.put(catalog_id, &catalog.into())?;
    update.put(field_id, &signature_field(FIELD_NAME, "Electronic signature of the operator", signature_id, page_id).into())?;
    update.put(
        form_id,
        &dictionary([("Fields", vec![Object::Reference(field_id)].into()), ("SigFlags", SIGNATURES_EXIST_APPEND_ONLY.into())])
            .into(),
    )?;

    let time = details.signed_at.to_zoned(TimeZone::UTC).strftime(TIME_FORMAT).to_string();
    let reference = dictionary([
        ("Type", name("SigRef")),
        ("TransformMethod", name("DocMDP")),
        ("TransformParams", dictionary([("Type", name("TransformParams")), ("P", 1.into()), ("V", name("1.2"))]).into()),
    ]);
    let stated = dictionary([
        ("Type", name("Sig")),
        ("Filter", name("Adobe.PPKLite")),
        ("SubFilter", name("ETSI.CAdES.detached")),
        ("M", text(&time)),
        ("Name", text(signer)),
        ("Reason", text(&details.reason)),
        ("Location", text(&details.location)),
        ("Reference", vec![Object::from(reference)].into()),
    ]);
    update.finish_with_signature(signature_id, stated)
}
