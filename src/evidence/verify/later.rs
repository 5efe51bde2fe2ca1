//! What may follow the signature: data for later validation (DSS) and document time-stamps (EN 319 142-1 §5.4), nothing else.
//!
//! The signature forbids every change of what people see (DocMDP, P = 1); ISO 32000-2 §12.8.2.2 excepts exactly these two. Each
//! is an update of its own, compared object by object with what stood before it.

use sha2::{Digest as _, Sha256};

use super::{
    problem::{Problem, ProblemKind},
    revisions::{Checked, Located, SIGNED, invisible, only, page_gained, require},
    structure::{File, Revision},
    syntax::{Dictionary, Value},
};

/// Most certificates, OCSP answers or revocation lists in a report.
const MAX_ELEMENTS: usize = 256;
/// The keys of a document time-stamp.
const TIME_STAMP_KEYS: [&str; 5] = ["ByteRange", "Contents", "Filter", "SubFilter", "Type"];
/// The lists of the DSS.
const LISTS: [&str; 3] = ["Certs", "CRLs", "OCSPs"];

/// The name of the `number`-th time-stamp's field, counted from 1.
pub fn time_stamp_field(number: usize) -> String {
    format!("TimeStamp{number}")
}

/// One update after the signature.
#[derive(Debug)]
pub enum Later<'f> {
    /// Data for later validation. What is in them says [`store`].
    Store,
    /// A time-stamp over the whole file up to the end of its own update.
    TimeStamp {
        /// Its dictionary.
        dictionary: &'f Dictionary,
        /// Where its update ends.
        end: usize,
        /// The number of revisions up to and with its own.
        revisions: usize,
    },
}

/// The data for later validation, DER.
#[derive(Debug, Default)]
pub struct Store<'a> {
    /// Certificates.
    pub certificates: Vec<&'a [u8]>,
    /// OCSP answers.
    pub ocsps: Vec<&'a [u8]>,
    /// Revocation lists.
    pub crls: Vec<&'a [u8]>,
}

/// The updates after the signature, oldest first. `pdf` is the whole file.
pub fn read<'f>(pdf: &[u8], file: &'f File<'_>, located: &Located<'_>) -> Result<Vec<Later<'f>>, Problem> {
    let mut found = Vec::new();
    let mut time_stamps = 0;
    for (at, pair) in file.revisions.windows(2).enumerate().skip(SIGNED - 1) {
        let [before, update] = pair else { continue };
        // The revisions before this one.
        let earlier = at + 1;
        let wrong = |what: &str| {
            let what = format!("the file was changed after it was signed ({what}); ask for the report as it was kept");
            ProblemKind::ChangedAfterSigning.at(before.end, what)
        };
        let catalog = file.catalog_number().unwrap_or_default();
        let is_store = update.objects.contains_key(&catalog);
        // A time-stamp covers its own update, and its identifier was made before the time-stamp was there.
        let digest = is_store.then(|| Sha256::digest(pdf.get(..update.table_at).unwrap_or_default()));
        let identifier = digest.as_ref().and_then(|digest| digest.get(..16));
        check_trailer(file, earlier, before, update, identifier).map_err(wrong)?;
        if is_store {
            check_store(file, earlier, update, catalog).map_err(wrong)?;
            found.push(Later::Store);
        } else {
            time_stamps += 1;
            let dictionary = check_time_stamp(file, earlier, update, located, time_stamps).map_err(wrong)?;
            found.push(Later::TimeStamp { dictionary, end: update.end, revisions: earlier + 1 });
        }
    }
    Ok(found)
}

/// The elements of the DSS after the first `revisions` revisions; empty without one. Presumes that [`read`] has found nothing wrong.
pub fn store<'a>(file: &File<'a>, revisions: usize) -> Store<'a> {
    let catalog = file.catalog_number().and_then(|number| file.dictionary_as_of(revisions, number));
    // The pages alone may not bring one.
    let dss = catalog.filter(|_| revisions > SIGNED).and_then(|catalog| catalog.get("DSS")).and_then(Value::reference);
    let dss = dss.and_then(|number| file.dictionary_as_of(revisions, number));
    let list = |key: &str| -> Vec<&'a [u8]> {
        let references = dss.and_then(|dss| dss.get(key)).and_then(Value::array).unwrap_or_default();
        references.iter().filter_map(|value| file.object(value.reference()?)?.stream).collect()
    };
    Store { certificates: list("Certs"), ocsps: list("OCSPs"), crls: list("CRLs") }
}

/// Nothing in the trailer may change but what must: size, way back, second identifier. The second identifier must be `identifier`
/// where one is given, so that no byte of an update that no time-stamp covers yet is free.
fn check_trailer(
    file: &File<'_>,
    earlier: usize,
    before: &Revision<'_>,
    update: &Revision<'_>,
    identifier: Option<&[u8]>,
) -> Checked {
    const MAY_CHANGE: [&str; 3] = ["Size", "Prev", "ID"];
    let same = before.trailer.without(&MAY_CHANGE) == update.trailer.without(&MAY_CHANGE);
    require(same, "an update changes the trailer")?;
    let revisions = file.revisions.iter().take(earlier + 1);
    let highest = revisions.filter_map(|revision| revision.objects.keys().next_back()).max().copied().unwrap_or_default();
    let size = update.trailer.get("Size").and_then(Value::position);
    require(size == usize::try_from(highest).ok().map(|highest| highest + 1), "an update states another number of objects")?;
    let identifiers = |revision: &'_ Revision<'_>| match revision.trailer.get("ID").and_then(Value::array) {
        Some([Value::Text(first), Value::Text(second)]) => Some((first.clone(), second.clone())),
        _ => None,
    };
    let right = match (identifiers(before), identifiers(update)) {
        (Some((first, _)), Some((same, second))) => first == same && identifier.is_none_or(|identifier| identifier == second),
        (None, None) => before.trailer.get("ID").is_none() && update.trailer.get("ID").is_none(),
        _ => false,
    };
    require(right, "an update does not identify the file")
}

/// The catalog has gained a DSS, or the DSS has grown; every new object is one of its elements.
fn check_store(file: &File<'_>, earlier: usize, update: &Revision<'_>, catalog: u32) -> Checked {
    const CATALOG: &str = "an update changes the catalog";
    const STORE: &str = "the data for later validation hold more or less than they should";
    let before = file.dictionary_as_of(earlier, catalog).ok_or(CATALOG)?;
    let after = file.dictionary_as_of(earlier + 1, catalog).ok_or(CATALOG)?;
    require(before.without(&["DSS"]) == after.without(&["DSS"]), CATALOG)?;
    let number = after.get("DSS").and_then(Value::reference).ok_or(CATALOG)?;
    let old = match before.get("DSS") {
        None => None,
        // A DSS that grows keeps its number.
        Some(Value::Reference(same)) if *same == number => file.dictionary_as_of(earlier, number),
        Some(_) => return Err(CATALOG),
    };
    require(old.is_some() || file.object_as_of(earlier, number).is_none(), STORE)?;
    let new = update.objects.get(&number).filter(|object| object.stream.is_none()).and_then(|object| object.value.dictionary());
    let new = new.filter(|new| new.has_name("Type", "DSS") && only(new, &["Type", "Certs", "CRLs", "OCSPs"])).ok_or(STORE)?;

    let mut elements = Vec::new();
    for key in LISTS {
        let before = old.and_then(|old| old.get(key)).map_or(Some(&[][..]), Value::array).ok_or(STORE)?;
        let after = new.get(key).map_or(Some(&[][..]), Value::array).ok_or(STORE)?;
        let gained = after.strip_prefix(before).ok_or("earlier data for validation were removed")?;
        require(new.get(key).is_none() || !after.is_empty(), STORE)?;
        for value in gained {
            let number = value.reference().ok_or(STORE)?;
            let element = update.objects.get(&number).ok_or(STORE)?;
            let plain = element.stream.is_some() && element.value.dictionary().is_some_and(|stream| only(stream, &["Length"]));
            require(plain && file.object_as_of(earlier, number).is_none(), STORE)?;
            elements.push(number);
        }
    }
    let named = elements.len();
    elements.sort_unstable();
    elements.dedup();
    require(named > 0 && named == elements.len() && named <= MAX_ELEMENTS, STORE)?;
    let expected = update.objects.keys().filter(|key| **key != catalog && **key != number);
    require(expected.eq(&elements), "an update brings objects of its own")
}

/// The form and one page have gained an invisible field with a time-stamp, and nothing else is new.
fn check_time_stamp<'f>(
    file: &'f File<'_>,
    earlier: usize,
    update: &'f Revision<'_>,
    located: &Located<'_>,
    number: usize,
) -> Result<&'f Dictionary, &'static str> {
    const FORM: &str = "an update changes the form";
    const OWN: &str = "an update changes or adds other objects than those of a time-stamp";
    let form = located.form_number;
    let before = file.dictionary_as_of(earlier, form).ok_or(FORM)?;
    let after = update.objects.get(&form).and_then(|object| object.value.dictionary()).ok_or(OWN)?;
    require(before.without(&["Fields"]) == after.without(&["Fields"]), FORM)?;
    let fields = |form: &'f Dictionary| form.get("Fields").and_then(Value::array);
    let gained = fields(before).zip(fields(after)).and_then(|(before, after)| after.strip_prefix(before));
    let Some([Value::Reference(field_number)]) = gained else { return Err(FORM) };

    let field = update.objects.get(field_number).and_then(|object| object.value.dictionary()).ok_or(OWN)?;
    require(invisible(field), "a time-stamp's field shows or does something")?;
    let name = time_stamp_field(number);
    require(field.get("T").and_then(Value::text) == Some(name.as_bytes()), "a time-stamp's field has another name")?;
    let value = field.get("V").and_then(Value::reference).ok_or(OWN)?;
    let page = field.get("P").and_then(Value::reference).ok_or(OWN)?;
    let mut expected = [form, *field_number, value, page];
    expected.sort_unstable();
    require(update.objects.keys().eq(&expected), OWN)?;
    require(update.objects.values().all(|object| object.stream.is_none()), "an update brings content of its own")?;
    let fresh = [*field_number, value].iter().all(|number| file.object_as_of(earlier, *number).is_none());
    require(fresh, "an update replaces an object")?;

    let list = |list: u32| file.object_as_of(earlier, list).and_then(|list| list.value.array());
    let pages = file.dictionary_as_of(earlier, page).zip(file.dictionary_as_of(earlier + 1, page));
    let gained = pages.is_some_and(|(before, after)| page_gained(before, after, *field_number, list));
    require(gained, "an update changes a page")?;

    let dictionary = update.objects.get(&value).and_then(|object| object.value.dictionary()).ok_or(OWN)?;
    let right = only(dictionary, &TIME_STAMP_KEYS)
        && dictionary.has_name("Type", "DocTimeStamp")
        && dictionary.has_name("Filter", "Adobe.PPKLite")
        && dictionary.has_name("SubFilter", "ETSI.RFC3161");
    require(right, "an update adds a second signature, which a report does not have")?;
    Ok(dictionary)
}
