//! What may not follow a signature: every update but honest data for later validation and honest time-stamps is refused, though all
//! its tables, sizes and identifiers are right and an authority has time-stamped it.

use bam_station::evidence::{extend, timestamp::TimeSource as _, verify::verify};
use jiff::Timestamp;
use lopdf::{Dictionary, Object, StringFormat};
use sha2::{Digest as _, Sha256};
use x509_cert::der::Encode as _;

use crate::long_term::World;

/// An update of a report, written as an honest program writes it.
struct Update<'a> {
    pdf: &'a [u8],
    document: lopdf::Document,
    objects: Vec<(u32, Vec<u8>)>,
    trailer: Box<dyn Fn(&mut Dictionary)>,
    /// Written between the objects and the table.
    extra: Vec<u8>,
}

impl<'a> Update<'a> {
    fn of(pdf: &'a [u8]) -> Self {
        let document = lopdf::Document::load_mem(pdf).unwrap();
        Self { pdf, document, objects: Vec::new(), trailer: Box::new(|_| {}), extra: Vec::new() }
    }

    fn next(&self) -> u32 {
        self.document.max_id + 1
    }

    fn root(&self) -> u32 {
        self.document.trailer.get(b"Root").unwrap().as_reference().unwrap().0
    }

    fn dictionary(&self, number: u32) -> Dictionary {
        self.document.get_dictionary((number, 0)).unwrap().clone()
    }

    fn page(&self) -> u32 {
        self.document.page_iter().next().unwrap().0
    }

    fn form(&self) -> u32 {
        self.dictionary(self.root()).get(b"AcroForm").unwrap().as_reference().unwrap().0
    }

    fn put(mut self, number: u32, body: impl Into<Vec<u8>>) -> Self {
        self.objects.push((number, body.into()));
        self
    }

    fn change(self, number: u32, change: impl FnOnce(&mut Dictionary)) -> Self {
        let mut dictionary = self.dictionary(number);
        change(&mut dictionary);
        self.put(number, body(&dictionary.into()))
    }

    fn trailer(mut self, change: impl Fn(&mut Dictionary) + 'static) -> Self {
        self.trailer = Box::new(change);
        self
    }

    fn write(mut self) -> Vec<u8> {
        self.objects.sort();
        let mut out = self.pdf.to_vec();
        let mut table = "xref\n".to_owned();
        for (number, body) in &self.objects {
            table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
            out.extend(format!("{number} 0 obj\n").bytes());
            out.extend(body);
            out.extend(b"\nendobj\n");
        }
        out.extend(&self.extra);
        let at = out.len();
        let mut trailer = self.document.trailer.clone();
        let highest = self.objects.iter().map(|(number, _)| *number).max().unwrap_or(0).max(self.document.max_id);
        trailer.set("Size", i64::from(highest) + 1);
        trailer.set("Prev", self.document.xref_start as i64);
        if let Ok([first, _]) = trailer.get(b"ID").and_then(Object::as_array).map(Vec::as_slice) {
            let second = Object::String(Sha256::digest(&out)[..16].to_vec(), StringFormat::Hexadecimal);
            trailer.set("ID", vec![first.clone(), second]);
        }
        (self.trailer)(&mut trailer);
        out.extend(format!("{table}trailer\n").bytes());
        out.extend(body(&trailer.into()));
        out.extend(format!("\nstartxref\n{at}\n%%EOF\n").bytes());
        out
    }
}

fn body(object: &Object) -> Vec<u8> {
    let mut bytes = Vec::new();
    lopdf::Writer::write_object(&mut bytes, object).unwrap();
    bytes
}

fn stream(content: &[u8], entries: &str) -> Vec<u8> {
    [format!("<</Length {}{entries}>>\nstream\n", content.len()).as_bytes(), content, b"\nendstream"].concat()
}

fn refer(number: u32) -> Object {
    Object::Reference((number, 0))
}

/// With a DSS of this body and these further objects; the catalog names it.
fn with_store(pdf: &[u8], dss: &str, elements: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let update = Update::of(pdf);
    let (store, root) = (update.next(), update.root());
    let mut update = update.put(store, dss).change(root, |catalog| catalog.set("DSS", refer(store)));
    for (number, element) in elements {
        update = update.put(*number, element.clone());
    }
    update.write()
}

#[track_caller]
fn assert_refused(world: &World, name: &str, pdf: &[u8]) {
    for anchors in [&world.anchors, &bam_station::trust::Anchors::none()] {
        let verification = verify(pdf, anchors, Timestamp::now());
        assert!(!verification.valid && verification.record.is_none(), "{name} was accepted");
    }
}

#[test]
fn nothing_but_validation_data_and_time_stamps_may_follow_a_signature() {
    let world = World::new(bam_station::trust::SignatureAlgorithm::P256);
    let (stamped, archived) = (world.stamped(), world.archived());
    let certificate = world.pki.sub.certificate.to_der().unwrap();
    for pdf in [stamped.as_slice(), &archived] {
        let update = || Update::of(pdf);
        let (root, page, form, next) = (update().root(), update().page(), update().form(), update().next());
        let contents = update().dictionary(page).get(b"Contents").unwrap().as_reference().unwrap().0;
        let field = update().dictionary(form).get(b"Fields").unwrap().as_array().unwrap()[0].as_reference().unwrap().0;
        let signature = update().dictionary(field).get(b"V").unwrap().as_reference().unwrap().0;
        let document = update().document;
        let embedded =
            document.objects.iter().find(|(_, object)| object.as_stream().is_ok_and(|s| s.dict.has_type(b"EmbeddedFile")));
        let embedded = embedded.unwrap().0.0;
        let annotation = "<</Type/Annot/Subtype/Square/Rect[0 0 99 99]/F 4>>";
        let catalog = |change: &dyn Fn(&mut Dictionary)| update().change(root, change).write();
        let attacks: Vec<(&str, Vec<u8>)> = vec![
            ("page overlay", update().put(contents, stream(b"0 0 1 rg 0 0 400 400 re f", "")).write()),
            ("record exchanged", update().put(embedded, stream(b"{}", "/Type/EmbeddedFile/Params<</Size 2>>")).write()),
            (
                "annotation",
                update().put(next, annotation).change(page, |page| page.set("Annots", vec![refer(field), refer(next)])).write(),
            ),
            ("annotations removed", update().change(page, |page| drop(page.remove(b"Annots"))).write()),
            ("object of its own", update().put(next, annotation).write()),
            ("nothing at all", update().write()),
            ("catalog says more", catalog(&|catalog| catalog.set("PageMode", Object::Name(b"FullScreen".to_vec())))),
            ("extensions", catalog(&|catalog| catalog.set("Extensions", Dictionary::new()))),
            ("open action", catalog(&|catalog| catalog.set("OpenAction", vec![refer(page)]))),
            ("version", catalog(&|catalog| catalog.set("Version", Object::Name(b"2.0".to_vec())))),
            ("certification removed", catalog(&|catalog| drop(catalog.remove(b"Perms")))),
            ("form removed", catalog(&|catalog| drop(catalog.remove(b"AcroForm")))),
            ("other pages (shadow)", catalog(&|catalog| catalog.set("Pages", refer(contents)))),
            ("other names", catalog(&|catalog| catalog.set("Names", Dictionary::new()))),
            ("form with scripts", update().change(form, |form| form.set("NeedAppearances", true)).write()),
            ("form without fields", update().change(form, |form| form.set("Fields", Vec::<Object>::new())).write()),
            ("field elsewhere", update().change(field, |field| field.set("V", refer(contents))).write()),
            ("signature emptied (USF)", update().put(signature, "<</Type/Sig/ByteRange null/Contents null>>").write()),
            ("signature without range (USF)", update().put(signature, "<</Type/Sig/Contents<00>>>").write()),
            (
                "second signature",
                update()
                    .put(next, "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 1 2 3]/Contents<00>>>")
                    .put(
                        next + 1,
                        format!(
                            "<</Type/Annot/Subtype/Widget/FT/Sig/T(TimeStamp1)/V {next} 0 R/P {page} 0 R/F 132/Rect[0 0 0 0]>>"
                        ),
                    )
                    .change(form, |form| form.set("Fields", vec![refer(field), refer(next + 1)]))
                    .change(page, |page| page.set("Annots", vec![refer(field), refer(next + 1)]))
                    .write(),
            ),
            ("trailer says more", update().put(next, "null").trailer(|trailer| trailer.set("Info", refer(1))).write()),
            ("hybrid table", update().put(next, "null").trailer(|trailer| trailer.set("XRefStm", 9)).write()),
            ("encryption", update().put(next, "null").trailer(|trailer| trailer.set("Encrypt", refer(1))).write()),
            ("other way back", update().put(next, "null").trailer(|trailer| trailer.set("Prev", 9)).write()),
            ("other catalog", update().put(next, "<</Type/Catalog>>").trailer(move |t| t.set("Root", refer(next))).write()),
            ("objects in a stream", update().put(next, stream(b"7 0 null", "/Type/ObjStm/N 1/First 4")).write()),
            ("table in a stream", update().put(next, stream(b"", "/Type/XRef/W[1 2 1]/Size 9")).write()),
            ("external stream", update().put(next, stream(b"", "/F(http://example.org)")).write()),
            ("comment", [pdf, b"% approved\n"].concat()),
            ("body without table (ISA)", [pdf, format!("{contents} 0 obj\nnull\nendobj\n").as_bytes()].concat()),
            ("table without objects (ISA)", [pdf, b"xref\n0 0\ntrailer\n<<>>\nstartxref\n0\n%%EOF\n"].concat()),
            ("the file twice", [pdf, pdf].concat()),
        ];
        for (name, attacked) in attacks {
            assert_refused(&world, name, &attacked);
        }
    }

    // Data for later validation that hold more, less or something else. The honest ones are accepted, so it is not the frame.
    let pdf = stamped.as_slice();
    let next = Update::of(pdf).next();
    let (a, b) = (next + 1, next + 2);
    let element = stream(&certificate, "");
    let dss = |entries: &str| format!("<</Type/DSS{entries}>>");
    let certs = dss(&format!("/Certs[{a} 0 R]"));
    let honest = with_store(pdf, &certs, &[(a, element.clone())]);
    assert!(verify(&honest, world.trusted(), Timestamp::now()).valid);
    let contents = Update::of(pdf).dictionary(Update::of(pdf).page()).get(b"Contents").unwrap().as_reference().unwrap().0;
    let mut grown = certificate.clone();
    grown.push(0);
    let attacks = [
        ("empty", with_store(pdf, &dss(""), &[])),
        ("empty list", with_store(pdf, &dss("/Certs[]"), &[])),
        ("without its type", with_store(pdf, &format!("<</Certs[{a} 0 R]>>"), &[(a, element.clone())])),
        ("more keys", with_store(pdf, &dss(&format!("/Certs[{a} 0 R]/VRI<<>>")), &[(a, element.clone())])),
        ("scripts", with_store(pdf, &dss(&format!("/Certs[{a} 0 R]/JS(x)")), &[(a, element.clone())])),
        ("an element twice", with_store(pdf, &dss(&format!("/Certs[{a} 0 R {a} 0 R]")), &[(a, element.clone())])),
        (
            "the same twice",
            with_store(pdf, &dss(&format!("/Certs[{a} 0 R {b} 0 R]")), &[(a, element.clone()), (b, element.clone())]),
        ),
        ("an object besides", with_store(pdf, &certs, &[(a, element.clone()), (b, b"null".to_vec())])),
        ("an element missing", with_store(pdf, &certs, &[])),
        ("an element that is no stream", with_store(pdf, &certs, &[(a, b"(certificate)".to_vec())])),
        ("an element that says more", with_store(pdf, &certs, &[(a, stream(&certificate, "/Type/XObject"))])),
        ("a filter", with_store(pdf, &certs, &[(a, stream(&certificate, "/Filter/ASCIIHexDecode"))])),
        (
            "a page's content as element",
            with_store(pdf, &dss(&format!("/Certs[{contents} 0 R]")), &[(contents, element.clone())]),
        ),
        ("a page's content named", with_store(pdf, &dss(&format!("/Certs[{contents} 0 R]")), &[])),
        ("not a certificate", with_store(pdf, &certs, &[(a, stream(b"certificate", ""))])),
        ("a certificate and a byte", with_store(pdf, &certs, &[(a, stream(&grown, ""))])),
        ("a certificate as list", with_store(pdf, &dss(&format!("/CRLs[{a} 0 R]")), &[(a, element.clone())])),
    ];
    for (name, attacked) in attacks {
        assert_refused(&world, name, &attacked);
    }

    // What was kept may not be taken away again.
    let root = Update::of(&archived).root();
    let store = Update::of(&archived).dictionary(root).get(b"DSS").unwrap().as_reference().unwrap().0;
    let next = Update::of(&archived).next();
    let fresh = |dss: String| Update::of(&archived).put(next, stream(b"x", "")).put(store, dss).change(root, |_| {}).write();
    assert_refused(&world, "elements removed", &fresh(format!("<</Type/DSS/Certs[{next} 0 R]>>")));
    assert_refused(
        &world,
        "DSS exchanged",
        &with_store(&archived, &format!("<</Type/DSS/Certs[{} 0 R]>>", next + 1), &[(next + 1, element)]),
    );
    let removed = Update::of(&archived).change(root, |catalog| drop(catalog.remove(b"DSS"))).write();
    assert_refused(&world, "DSS removed", &removed);
}

/// The last time-stamp anew, over the file as it is now.
fn stamp_again(world: &World, pdf: &[u8]) -> Vec<u8> {
    let at = pdf.windows(10).rposition(|window| window == b"/Contents<").unwrap() + 9;
    let end = at + pdf[at..].iter().position(|byte| *byte == b'>').unwrap() + 1;
    let token = world.authority.stamp(&[&pdf[..at], &pdf[end..]]).unwrap();
    fill(pdf, at + 1..end - 1, token.der())
}

fn fill(pdf: &[u8], hex: std::ops::Range<usize>, message: &[u8]) -> Vec<u8> {
    let digits: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut pdf = pdf.to_vec();
    pdf[hex.clone()].fill(b'0');
    pdf[hex.start..hex.start + digits.len()].copy_from_slice(digits.as_bytes());
    pdf
}

/// The last `from` replaced by `to` of the same length.
fn replaced(pdf: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = pdf.windows(from.len()).rposition(|window| window == from.as_bytes()).unwrap_or_else(|| panic!("{from}"));
    let mut pdf = pdf.to_vec();
    pdf[at..at + to.len()].copy_from_slice(to.as_bytes());
    pdf
}

#[test]
fn an_authority_that_stamps_anything_makes_no_update_honest() {
    let world = World::new(bam_station::trust::SignatureAlgorithm::P256);
    let signed = world.signed();
    let honest = extend::with_time_stamp(&signed, &world.authority).unwrap();
    assert!(verify(&stamp_again(&world, &honest), world.trusted(), Timestamp::now()).valid, "the frame is accepted");
    for (from, to) in [
        ("595.28", "295.28"),
        ("/Rect[0 0 0 0]", "/Rect[0 0 9 9]"),
        ("/TU", "/AA"),
        ("/SigFlags 3", "/SigFlags 1"),
        ("(TimeStamp1)", "(TimeStamp2)"),
        ("/DocTimeStamp", "/DocTimeStam0"),
        ("ETSI.RFC3161", "ETSI.RFC3162"),
        ("/Filter/Adobe.PPKLite", "/Reason/Adobe.PPKLite"),
        ("/Subtype/Widget", "/Subtype/Widges"),
        ("/FT/Sig", "/FT/Btn"),
        ("/Size ", "/Sise "),
        ("/Type/Page", "/Type/Pagf"),
    ] {
        assert_refused(&world, from, &stamp_again(&world, &replaced(&honest, from, to)));
    }
    // A time-stamp of something else, an old one, and one whose range leaves something out.
    let at = honest.windows(10).rposition(|window| window == b"/Contents<").unwrap() + 10;
    let hex = at..at + honest[at..].iter().position(|byte| *byte == b'>').unwrap();
    let of_other = world.authority.stamp(&[b"something else"]).unwrap();
    assert_refused(&world, "time-stamp of something else", &fill(&honest, hex.clone(), of_other.der()));
    assert_refused(&world, "no time-stamp", &fill(&honest, hex.clone(), b""));
    let range = honest.windows(11).rposition(|window| window == b"/ByteRange[").unwrap() + 11;
    for change in [2, 13, 24] {
        let mut other = honest.clone();
        let digit = range + change + 9;
        other[digit] = if other[digit] == b'0' { b'1' } else { other[digit] - 1 };
        assert_refused(&world, "other range", &stamp_again(&world, &other));
    }
    // The signature's own time-stamp belongs to its own signature.
    let one = world.stamped();
    let other = crate::signature::unsigned_with(b"{}");
    let other = other.sign_with_time(
        &mut world.signer(),
        crate::signature::pin(crate::signature::PIN),
        &crate::time_stamp::details_now(),
        &world.authority,
    );
    let other = other.unwrap().0.into_bytes();
    let hex = |pdf: &[u8]| {
        let at = pdf.windows(10).rposition(|window| window == b"/Contents<").unwrap() + 10;
        at..at + pdf[at..].iter().position(|byte| *byte == b'>').unwrap()
    };
    let mut exchanged = one.clone();
    exchanged[hex(&one)].copy_from_slice(&other[hex(&other)]);
    assert_refused(&world, "another report's signature", &exchanged);
}

#[test]
fn a_changed_byte_of_an_archived_report_is_found() {
    let world = World::new(bam_station::trust::SignatureAlgorithm::P256);
    let archived = world.archived();
    crate::verify_tamper::four_hundred_changes_are_found(&archived, &world.anchors, Timestamp::now(), 0x5eed_0003);
}

/// Nothing covers the newest time-stamp: each byte of its own message counts (a third of the digits is changed here). A changed name in one of its certificates must not
/// turn a known authority into an unknown one, whose time-stamp would be left aside.
#[test]
fn a_changed_byte_of_the_newest_time_stamp_is_found() {
    let world = World::new(bam_station::trust::SignatureAlgorithm::P256);
    let mut pdf = world.archived();
    let start = pdf.windows(10).rposition(|window| window == b"/Contents<").unwrap() + 10;
    let hex = start..start + pdf[start..].iter().position(|byte| *byte == b'>').unwrap();
    let length = hex.len() - pdf[hex].iter().rev().take_while(|byte| **byte == b'0').count();
    for place in (start..start + length).step_by(3) {
        let before = pdf[place];
        // Another digit: the next one, or the one that differs in its highest bit.
        let value = char::from(before).to_digit(16).unwrap();
        let other = if place % 2 == 0 { value ^ 1 } else { value ^ 8 };
        pdf[place] = char::from_digit(other, 16).unwrap() as u8;
        assert!(!verify(&pdf, world.trusted(), Timestamp::now()).valid, "digit {} of the message", place - start);
        pdf[place] = before;
    }
}

/// Before a time-stamp covers them, data for later validation stand open: what passes there must mean the same to every reader.
#[test]
fn a_changed_byte_before_the_last_time_stamp_is_found_or_means_the_same() {
    let world = World::new(bam_station::trust::SignatureAlgorithm::P256);
    let stamped = world.stamped();
    world.pki.server.gives("/ts", crate::support_pki::Reply::Status(500));
    let raised = world.raised(stamped.clone()).unwrap().unwrap();
    let pdf = raised.bytes();
    let table = pdf.windows(5).rposition(|window| window == b"xref\n").unwrap();
    let table = pdf[..table].windows(5).rposition(|window| window == b"xref\n").unwrap();
    let mut accepted = 0;
    // A sample of the streams, which are the bulk, and every byte of the table and the trailer.
    for place in (stamped.len()..table).step_by(13).chain(table..pdf.len()) {
        let mut changed = pdf.to_vec();
        changed[place] ^= if place % 2 == 0 { 1 } else { 32 };
        if verify(&changed, world.trusted(), Timestamp::now()).valid {
            let white = |byte: u8| matches!(byte, 0 | 9 | 10 | 12 | 13 | 32);
            let same_digit = pdf[place].is_ascii_hexdigit() && pdf[place].eq_ignore_ascii_case(&changed[place]);
            let same = same_digit || white(pdf[place]) && white(changed[place]);
            assert!(same, "byte {place}: {} -> {}", pdf[place], changed[place]);
            accepted += 1;
        }
    }
    assert!(accepted < 40, "{accepted}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 60, ..Default::default() })]
    #[test]
    fn no_mutation_of_an_archived_report_brings_the_verifier_down(
        place in 0_usize..1_000_000, length in 0_usize..5_000, kind in 0_u8..4, byte: u8,
    ) {
        static ARCHIVED: std::sync::OnceLock<(Vec<u8>, bam_station::trust::Anchors)> = std::sync::OnceLock::new();
        let (pdf, anchors) = ARCHIVED.get_or_init(|| {
            let world = World::new(bam_station::trust::SignatureAlgorithm::P256);
            (world.archived(), world.anchors.clone())
        });
        let from = place % pdf.len();
        let to = (from + length + 1).min(pdf.len());
        let mut changed = pdf.clone();
        match kind {
            0 => changed[from] ^= byte | 1,
            1 => drop(changed.drain(from..to)),
            2 => drop(changed.splice(from..from, pdf[from..to].iter().copied())),
            _ => changed[from..to].fill(byte),
        }
        let same = changed.len() == pdf.len() && changed.eq_ignore_ascii_case(pdf);
        proptest::prop_assert!(same || !verify(&changed, anchors, Timestamp::now()).valid);
    }
}
