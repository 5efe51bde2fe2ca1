//! Raising a signed report's level without touching what was signed: updates after it with a document time-stamp
//! (EN 319 142-1 §5.4.3) or with data for later validation (DSS, §5.4.2).
//!
//! Which level follows from them is not decided here: [`super::verify`] does.

use std::collections::BTreeSet;

use lopdf::Object;

use super::{
    sign::{
        LayoutError,
        update::{Update, dictionary, name, signature_field},
    },
    timestamp::{TimeSource, TimeStampError},
    verify::time_stamp_field,
};

/// What somebody needs who validates a report when its CAs and authorities answer no more. DER, each element once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationData {
    /// The certificates of all chains.
    pub certificates: BTreeSet<Vec<u8>>,
    /// `OCSPResponse`s.
    pub ocsps: BTreeSet<Vec<u8>>,
    /// `CertificateList`s.
    pub crls: BTreeSet<Vec<u8>>,
}

/// Why a report got no update.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    /// The report cannot take it.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// No time-stamp.
    #[error(transparent)]
    TimeStamp(#[from] TimeStampError),
}

impl ExtendError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Layout(error) => error.code(),
            Self::TimeStamp(error) => error.code(),
        }
    }
}

/// The signed report `pdf` with a time-stamp over all of it.
pub fn with_time_stamp(pdf: &[u8], authority: &dyn TimeSource) -> Result<Vec<u8>, ExtendError> {
    let mut update = Update::of(pdf)?;
    let catalog = update.dictionary(update.catalog_id()?)?;
    let form_id =
        catalog.get(b"AcroForm").and_then(Object::as_reference).map_err(|_| LayoutError::NotSignable("it has no form"))?;
    let mut form = update.dictionary(form_id)?;
    let mut fields = form.get(b"Fields").and_then(Object::as_array).cloned().unwrap_or_default();
    let page_id = update.first_page()?;
    let mut page = update.dictionary(page_id)?;
    let (stamp_id, field_id) = (update.new_id(), update.new_id());

    // The first field is the operator's signature.
    let field_name = time_stamp_field(fields.len());
    fields.push(field_id.into());
    form.set("Fields", fields);
    page.set("Annots", update.annotations(&page, field_id)?);
    update.put(form_id, &form.into())?;
    update.put(page_id, &page.into())?;
    update.put(field_id, &signature_field(&field_name, "Time-stamp over the document", stamp_id, page_id).into())?;
    let stated =
        dictionary([("Type", name("DocTimeStamp")), ("Filter", name("Adobe.PPKLite")), ("SubFilter", name("ETSI.RFC3161"))]);
    let prepared = update.finish_with_signature(stamp_id, stated)?;
    let token = authority.stamp(&prepared.covered())?;
    Ok(prepared.fill(token.der())?)
}

/// The signed report `pdf` with those of `data` that it does not hold yet; `None` when it holds them all.
pub fn with_validation_data(pdf: &[u8], data: &ValidationData) -> Result<Option<Vec<u8>>, ExtendError> {
    let mut update = Update::of(pdf)?;
    let catalog_id = update.catalog_id()?;
    let mut catalog = update.dictionary(catalog_id)?;
    let present = catalog.get(b"DSS").and_then(Object::as_reference).ok();
    let mut store = match present {
        Some(id) => update.dictionary(id)?,
        None => dictionary([("Type", name("DSS"))]),
    };
    let store_id = present.unwrap_or_else(|| update.new_id());
    let mut grown = false;
    for (key, elements) in [("Certs", &data.certificates), ("OCSPs", &data.ocsps), ("CRLs", &data.crls)] {
        let mut list = store.get(key.as_bytes()).and_then(Object::as_array).cloned().unwrap_or_default();
        let held: Vec<Vec<u8>> = list.iter().filter_map(|element| update.stream(element.as_reference().ok()?)).collect();
        for element in elements.iter().filter(|element| !held.contains(element)) {
            let id = update.new_id();
            update.put_stream(id, element);
            list.push(id.into());
            grown = true;
        }
        if !list.is_empty() {
            store.set(key, list);
        }
    }
    if !grown {
        return Ok(None);
    }
    catalog.set("DSS", store_id);
    update.put(store_id, &store.into())?;
    update.put(catalog_id, &catalog.into())?;
    Ok(Some(update.finish()?))
}
