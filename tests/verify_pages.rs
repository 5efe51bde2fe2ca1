//! A report whose pages show something else than its record says is refused, though the right key signed it.

use bam_station::{
    control::Operator,
    digest::Digest,
    evidence::{
        Record,
        record::LAYOUT,
        report::Pages,
        sign::{SignedReport, Signer as _, SoftwareKey, UnsignedReport},
        verify::{self, Verification, verify},
    },
    rules::{
        CertificateKind, Function, Method,
        conditions::{Kinds, Origin},
    },
    trust::{Anchors, KeyAlgorithm},
};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat};

use crate::{
    report_pages::{Case, DRAWN, SHOWN, cases, known, of_kind, qualified, third_party},
    signature::{PIN, details, operator, pin, signing_time},
};

/// What a forger changes.
type Forgery = Box<dyn Fn(&mut Document)>;

/// An operator who signs whatever is wanted, as someone with the station's key would.
struct Forger {
    key: SoftwareKey,
    anchors: Anchors,
    _folder: tempfile::TempDir,
}

impl Forger {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, anchors) = operator(folder.path(), KeyAlgorithm::P256);
        Self { key, anchors, _folder: folder }
    }

    /// With this operator's name and certificate in the record.
    fn case(&self, case: Case) -> Case {
        case.to_be_signed_by(self.key.identity())
    }

    fn sign(&mut self, pdf: Vec<u8>) -> Verification {
        verify(self.signed(pdf).bytes(), &self.anchors, signing_time())
    }

    fn signed(&mut self, pdf: Vec<u8>) -> SignedReport {
        UnsignedReport::new(pdf).sign(&mut self.key, pin(PIN), &details()).unwrap()
    }

    /// The same pages written by another hand, after `change`.
    fn sign_changed(&mut self, pdf: &[u8], change: impl FnOnce(&mut Document)) -> Verification {
        let mut document = Document::load_mem(pdf).unwrap();
        change(&mut document);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        self.sign(bytes)
    }
}

fn pages(document: &Document) -> Vec<ObjectId> {
    document.get_pages().into_values().collect()
}

/// Changes the content of a page, from 0.
fn content(document: &mut Document, page: usize, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let page = pages(document)[page];
    let id = document.get_dictionary(page).unwrap().get(b"Contents").unwrap().as_reference().unwrap();
    let old = document.get_object(id).unwrap().as_stream().unwrap().decompressed_content().unwrap();
    document.objects.insert(id, Stream::new(Dictionary::new(), change(old)).into());
}

fn replaced(content: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = content.windows(from.len()).position(|window| window == from);
    let at = at.unwrap_or_else(|| panic!("{} is not there", String::from_utf8_lossy(from)));
    [&content[..at], to, &content[at + from.len()..]].concat()
}

/// The first object that fits.
fn find(document: &Document, fits: impl Fn(&Object) -> bool) -> ObjectId {
    *document.objects.iter().find(|(_, object)| fits(object)).unwrap().0
}

fn has(object: &Object, key: &[u8], name: &[u8]) -> bool {
    let dictionary = object.as_dict().or_else(|_| object.as_stream().map(|stream| &stream.dict));
    dictionary.is_ok_and(|dictionary| dictionary.get(key).and_then(Object::as_name).is_ok_and(|found| found == name))
}

fn catalog(document: &mut Document) -> &mut Dictionary {
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    document.get_object_mut(root).unwrap().as_dict_mut().unwrap()
}

/// Another content for the attachment of this name.
fn attachment(document: &mut Document, name: &[u8], content: &[u8]) {
    let file = find(document, |object| {
        has(object, b"Type", b"Filespec")
            && object.as_dict().unwrap().get(b"F").and_then(Object::as_str).is_ok_and(|found| found == name)
    });
    let embedded = document.get_dictionary(file).unwrap().get(b"EF").unwrap().as_dict().unwrap().get(b"F").unwrap();
    let embedded = embedded.as_reference().unwrap();
    let stream = document.get_object_mut(embedded).unwrap().as_stream_mut().unwrap();
    stream.set_plain_content(content.to_vec());
    stream.dict.get_mut(b"Params").unwrap().as_dict_mut().unwrap().set("Size", content.len() as i64);
}

#[track_caller]
fn assert_refused(name: &str, verification: &Verification, code: &str) {
    let [problem] = verification.problems.as_slice() else { panic!("{name}: {:?}", verification.problems) };
    assert_eq!((problem.code, verification.valid), (code, false), "{name}: {problem:?}");
    assert!(verification.record.is_none() && verification.record_bytes.is_none(), "{name}");
}

#[test]
fn honest_reports_of_every_kind_and_every_name_are_valid() {
    let mut forger = Forger::new();
    let mut cases = cases();
    cases.push(qualified().with_terms("# Terms\n\nfi ffi fl AV To \t Ål\u{30a}\n".repeat(120), "en"));
    for name in DRAWN.into_iter().chain(SHOWN.map(|(name, _)| name)) {
        let mut case = third_party();
        case.record.person.first_names = name.into();
        case.record.rules.company = name.into();
        cases.push(case);
    }
    for case in cases {
        let case = forger.case(case);
        let verification = forger.sign(case.build().unwrap());
        assert!(verification.valid, "{}: {:?}", case.record.person.first_names, verification.problems);
        assert_eq!(verification.record_bytes, Some(case.record.to_json().unwrap()));
    }
}

#[test]
fn pages_written_by_another_hand_that_look_and_read_the_same_are_valid() {
    let mut forger = Forger::new();
    for case in [qualified(), third_party()] {
        let pdf = forger.case(case).build().unwrap();
        let rewritten = forger.sign_changed(&pdf, |document| {
            document.decompress();
            document.renumber_objects();
        });
        assert!(rewritten.valid, "{:?}", rewritten.problems);
    }
}

/// The record of the same control with another name, as its attachment has it.
fn other_name(forger: &Forger) -> Vec<u8> {
    let mut other = forger.case(qualified());
    other.record.person.last_name = "Hansen".into();
    other.record.to_json().unwrap()
}

#[test]
fn what_the_pages_show_and_the_record_does_not_say_is_found() {
    let strokes = |from: &'static [u8], to: &'static [u8]| -> Forgery {
        Box::new(move |document| {
            for page in 0..pages(document).len() {
                let found = |content: &[u8]| content.windows(from.len()).any(|window| window == from);
                let mut done = false;
                content(document, page, |old| {
                    done = found(&old);
                    if done { replaced(&old, from, to) } else { old }
                });
                if done {
                    return;
                }
            }
            panic!("{} stands on no page", String::from_utf8_lossy(from));
        })
    };
    let append = |more: &'static str| -> Forgery {
        Box::new(move |document| content(document, 1, |old| [old.as_slice(), b"\n", more.as_bytes()].concat()))
    };
    let page = |key: &'static str, value: Object| -> Forgery {
        Box::new(move |document| {
            let page = pages(document)[0];
            document.get_object_mut(page).unwrap().as_dict_mut().unwrap().set(key, value.clone());
        })
    };
    let in_catalog =
        |key: &'static str, value: Object| -> Forgery { Box::new(move |document| catalog(document).set(key, value.clone())) };
    let font = |change: fn(&mut Document, ObjectId)| -> Forgery {
        Box::new(move |document| {
            let descendant = find(document, |object| has(object, b"Subtype", b"CIDFontType2"));
            change(document, descendant);
        })
    };
    let attacks: Vec<(&str, Forgery)> = vec![
        // Letters of the pages.
        ("two letters exchanged", strokes(b"\\000\\001\\000\\002", b"\\000\\002\\000\\001")),
        ("a letter left out", strokes(b"(\\000\\001\\000\\002", b"(\\000\\001")),
        ("a letter doubled", strokes(b"(\\000\\001\\000\\002", b"(\\000\\001\\000\\001\\000\\002")),
        ("letters moved within a line", strokes(b"9.765625", b"1909.765625")),
        ("a line moved", strokes(b"1 0 0 -1 56.69 ", b"1 0 0 -1 57.69 ")),
        ("a line on its head", strokes(b"1 0 0 -1 56.69 ", b"1 0 0 1 56.69 ")),
        ("another size", strokes(b"11 Tf", b"1 Tf")),
        ("the colour of paper", strokes(b"0.101960786 0.12156863 0.14901961 scn", b"1 1 1 scn")),
        ("hidden letters", strokes(b"0 Tr", b"3 Tr")),
        ("hollow letters", strokes(b"0 Tr", b"1 Tr")),
        ("letters that only clip", strokes(b"0 Tr", b"7 Tr")),
        ("spread letters", strokes(b"BT", b"BT 30 Tc")),
        (
            "a page that unpacks to a mountain",
            Box::new(|document| content(document, 0, |old| [old, vec![b' '; 49 << 20]].concat())),
        ),
        // More than the pages had.
        ("a hidden line more", append("/Span<</MCID 400>>BDC\nBT 3 Tr/f0 9 Tf 1 0 0 1 90 90 Tm(\\000\\001)Tj ET EMC")),
        ("text outside the paper", append("/Artifact<</Type/Layout>>BDC\nBT/f0 9 Tf 1 0 0 1 -900 90 Tm(\\000\\001)Tj ET EMC")),
        ("an area over the text", append("/Artifact<</Type/Layout>>BDC\n/c0 cs 1 1 1 scn 0 0 600 900 re f EMC")),
        ("an area without a mark", append("/c0 cs 1 1 1 scn 0 0 m 600 0 l 600 900 l h f")),
        ("a layer that can be hidden", append("/OC/layer BDC EMC")),
        ("a picture in the content", append("BI /W 1 /H 1 ID x EI")),
        ("a shade", append("/s0 sh")),
        ("a clip", append("q 0 0 1 1 re W n Q")),
        ("an empty mark", append("/Span<</MCID 400>>BDC EMC")),
        ("a mark that is not closed", append("/Span<</MCID 400>>BDC")),
        ("a state that is not closed", append("q")),
        // Fewer, more or other pages.
        ("a page left out", Box::new(|document| document.delete_pages(&[2]))),
        (
            "a page shown twice",
            Box::new(|document| {
                let first = pages(document)[0];
                let tree = document.get_dictionary(first).unwrap().get(b"Parent").unwrap().as_reference().unwrap();
                let tree = document.get_object_mut(tree).unwrap().as_dict_mut().unwrap();
                tree.get_mut(b"Kids").unwrap().as_array_mut().unwrap().push(first.into());
            }),
        ),
        (
            "pages in another order",
            Box::new(|document| {
                let first = pages(document)[0];
                let tree = document.get_dictionary(first).unwrap().get(b"Parent").unwrap().as_reference().unwrap();
                let tree = document.get_object_mut(tree).unwrap().as_dict_mut().unwrap();
                tree.get_mut(b"Kids").unwrap().as_array_mut().unwrap().swap(0, 1);
            }),
        ),
        ("a page that is turned", page("Rotate", 180.into())),
        ("a page that is cropped", page("CropBox", vec![0.into(), 0.into(), 90.into(), 90.into()].into())),
        ("larger units", page("UserUnit", 9.into())),
        ("a page with an action", page("AA", Dictionary::new().into())),
        ("a page that is a group", page("Group", Dictionary::new().into())),
        ("a page of another size", page("MediaBox", vec![0.into(), 0.into(), 595.28.into(), 400.into()].into())),
        // The document around them.
        ("an action at opening", in_catalog("OpenAction", vec![Object::Null].into())),
        ("layers", in_catalog("OCProperties", Dictionary::new().into())),
        ("names of scripts", in_catalog("AA", Dictionary::new().into())),
        ("page labels", in_catalog("PageLabels", Dictionary::new().into())),
        // The fonts.
        (
            "letters that draw others",
            Box::new(|document| {
                for object in document.objects.values_mut() {
                    // The first two letters of each font change places in its program: nothing else says so.
                    let Ok(stream) = object.as_stream_mut() else { continue };
                    let Ok(program) = stream.decompressed_content() else { continue };
                    if !program.starts_with(&[0, 1, 0, 0]) {
                        continue;
                    }
                    stream.set_plain_content(with_letters_exchanged(program));
                }
            }),
        ),
        (
            "letters that are called others",
            Box::new(|document| {
                let font = find(document, |object| has(object, b"Subtype", b"Type0"));
                let table = document.get_dictionary(font).unwrap().get(b"ToUnicode").unwrap().as_reference().unwrap();
                let stream = document.get_object_mut(table).unwrap().as_stream_mut().unwrap();
                let text = stream.decompressed_content().unwrap();
                let at = text.windows(8).position(|window| window == b"<0001> <").unwrap() + 8;
                let mut text = text;
                text[at..at + 4].copy_from_slice(b"0058");
                stream.set_plain_content(text);
            }),
        ),
        (
            "other widths",
            font(|document, font| {
                let widths = document.get_object_mut(font).unwrap().as_dict_mut().unwrap().get_mut(b"W").unwrap();
                widths.as_array_mut().unwrap()[5] = 9000.into();
            }),
        ),
        (
            "another encoding",
            Box::new(|document| {
                let font = find(document, |object| has(object, b"Subtype", b"Type0"));
                document.get_object_mut(font).unwrap().as_dict_mut().unwrap().set("Encoding", "Identity-V");
            }),
        ),
        // Those who cannot see the pages.
        (
            "another description of a picture",
            Box::new(|document| {
                let figure = find(document, |object| has(object, b"S", b"Figure"));
                let alt = Object::String(b"Somebody else".to_vec(), StringFormat::Literal);
                document.get_object_mut(figure).unwrap().as_dict_mut().unwrap().set("Alt", alt);
            }),
        ),
        (
            "a word said instead of another",
            Box::new(|document| {
                let paragraph = find(document, |object| has(object, b"S", b"P"));
                let words = Object::String(b"Hansen".to_vec(), StringFormat::Literal);
                document.get_object_mut(paragraph).unwrap().as_dict_mut().unwrap().set("ActualText", words);
            }),
        ),
        (
            "another order of reading",
            Box::new(|document| {
                let list = find(document, |object| has(object, b"S", b"L"));
                let kids = document.get_object_mut(list).unwrap().as_dict_mut().unwrap().get_mut(b"K").unwrap();
                kids.as_array_mut().unwrap().swap(0, 1);
            }),
        ),
        (
            "another heading in the outline",
            Box::new(|document| {
                let item = find(document, |object| object.as_dict().is_ok_and(|item| item.has(b"Dest")));
                let title = Object::String(b"1 Hvem".to_vec(), StringFormat::Literal);
                document.get_object_mut(item).unwrap().as_dict_mut().unwrap().set("Title", title);
            }),
        ),
    ];
    let mut forger = Forger::new();
    let pdf = forger.case(qualified()).build().unwrap();
    for (name, change) in attacks {
        let verification = forger.sign_changed(&pdf, |document| change(document));
        assert_refused(name, &verification, "REPORT_PAGES_DIFFER");
    }
}

/// The program with the place of its second letter (`loca`) written over by that of its first: the first draws nothing, the
/// second draws the first one's outline.
fn with_letters_exchanged(mut program: Vec<u8>) -> Vec<u8> {
    let table = |tag: &[u8; 4]| {
        let count = usize::from(u16::from_be_bytes([program[4], program[5]]));
        let entry = (0..count).map(|index| 12 + 16 * index).find(|at| &program[*at..*at + 4] == tag).unwrap();
        u32::from_be_bytes(program[entry + 8..entry + 12].try_into().unwrap()) as usize
    };
    let (loca, head) = (table(b"loca"), table(b"head"));
    let width = if program[head + 51] == 1 { 4 } else { 2 };
    program.copy_within(loca + width..loca + 2 * width, loca + 2 * width);
    program
}

#[test]
fn evidence_that_the_record_does_not_name_is_found() {
    let mut forger = Forger::new();
    let pdf = forger.case(qualified()).build().unwrap();
    let mut other_scan = None;
    let other_name = other_name(&forger);
    let record = forger.sign_changed(&pdf, |document| attachment(document, b"record.json", &other_name));
    assert_refused("another record", &record, "REPORT_PAGES_DIFFER");
    for (name, content, code) in [
        (b"record.json".as_slice(), b"{}".to_vec(), "REPORT_RECORD_UNREADABLE"),
        (b"strokes.json", br#"{"width":1,"height":1,"strokes":[]}"#.to_vec(), "REPORT_EVIDENCE_DIFFERS"),
        (b"terms.txt", b"Other terms".to_vec(), "REPORT_EVIDENCE_DIFFERS"),
        (b"terms.txt", b"\xff\xfe".to_vec(), "REPORT_EVIDENCE_DIFFERS"),
    ] {
        let verification = forger.sign_changed(&pdf, |document| attachment(document, name, &content));
        assert_refused(&String::from_utf8_lossy(name), &verification, code);
    }
    // The same picture in other bytes: one more at its end, which no viewer sees.
    let verification = forger.sign_changed(&pdf, |document| {
        let picture = find(document, |object| has(object, b"Filter", b"DCTDecode"));
        let stream = document.get_object_mut(picture).unwrap().as_stream_mut().unwrap();
        let mut jpeg = stream.content.clone();
        jpeg.push(0);
        other_scan = Some(Digest::of(&jpeg));
        stream.set_content(jpeg);
    });
    assert_refused("another picture", &verification, "REPORT_EVIDENCE_DIFFERS");
    // And a record that names the changed picture: now its digest on the page is another.
    let mut named = forger.case(qualified());
    named.record.scan.as_mut().unwrap().scan.upright.picture = other_scan.unwrap();
    let json = named.record.to_json().unwrap();
    let verification = forger.sign_changed(&pdf, |document| {
        let picture = find(document, |object| has(object, b"Filter", b"DCTDecode"));
        let stream = document.get_object_mut(picture).unwrap().as_stream_mut().unwrap();
        let mut jpeg = stream.content.clone();
        jpeg.push(0);
        stream.set_content(jpeg);
        attachment(document, b"record.json", &json);
    });
    assert_refused("another picture and its record", &verification, "REPORT_PAGES_DIFFER");
    assert!(verification.problems[0].offset.is_some(), "the place of the first difference is told");
    // Another meaning of colours, for the picture too.
    let verification = forger.sign_changed(&pdf, |document| {
        let profile = find(document, |object| object.as_stream().is_ok_and(|stream| stream.dict.get(b"N").is_ok()));
        let stream = document.get_object_mut(profile).unwrap().as_stream_mut().unwrap();
        let mut bytes = stream.decompressed_content().unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        stream.set_plain_content(bytes);
    });
    assert_refused("another colour profile", &verification, "REPORT_EVIDENCE_DIFFERS");
    // A picture that its dictionary turns into a negative.
    let verification = forger.sign_changed(&pdf, |document| {
        let picture = find(document, |object| has(object, b"Filter", b"DCTDecode"));
        let decode: Vec<Object> = [1, 0, 1, 0, 1, 0].map(Object::Integer).to_vec();
        document.get_object_mut(picture).unwrap().as_stream_mut().unwrap().dict.set("Decode", decode);
    });
    assert_refused("a negative", &verification, "REPORT_EVIDENCE_DIFFERS");
}

#[test]
fn a_record_of_another_form_or_layout_is_refused_and_says_so() {
    let mut forger = Forger::new();
    let pdf = forger.case(qualified()).build().unwrap();
    let json = String::from_utf8(forger.case(qualified()).record.to_json().unwrap()).unwrap();
    let layout = format!("\"layout\": {LAYOUT}");
    for (from, to) in
        [(layout.as_str(), "\"layout\": 3"), (layout.as_str(), "\"layout\": 0"), ("bam-station record 2", "bam-station record 3")]
    {
        let other = json.replacen(from, to, 1);
        assert_ne!(other, json);
        let verification = forger.sign_changed(&pdf, |document| attachment(document, b"record.json", other.as_bytes()));
        assert_refused(to, &verification, "REPORT_LAYOUT_UNKNOWN");
    }
    for (from, to) in [("\"layout\": 2,", ""), ("\"training\"", "\"trained\""), ("{\n", "{\n  \"hidden\": \"x\",\n")] {
        let other = json.replacen(from, to, 1);
        assert_ne!(other, json);
        let verification = forger.sign_changed(&pdf, |document| attachment(document, b"record.json", other.as_bytes()));
        assert_refused(to, &verification, "REPORT_RECORD_UNREADABLE");
    }
}

#[test]
fn a_report_that_names_another_operator_than_the_signer_is_refused() {
    let mut forger = Forger::new();
    let changes: [(&str, fn(&mut Operator)); 3] = [
        ("serial number", |operator| operator.certificate_serial = "4F11C9A07B2203D1".into()),
        ("issuer", |operator| operator.certificate_issuer = "CN=Fjordby kommune utsteder-CA 2,O=Fjordby kommune,C=NO".into()),
        ("name", |operator| operator.name = "Ola Operatør".into()),
    ];
    for (what, change) in changes {
        let mut case = forger.case(qualified());
        change(&mut case.record.operator);
        let verification = forger.sign(case.build().unwrap());
        assert_refused(what, &verification, "REPORT_OTHER_OPERATOR");
        assert!(verification.problems[0].what.contains(what), "{}", verification.problems[0].what);
        assert!(verification.signer.is_some(), "who did sign is told");
    }
}

#[test]
fn a_file_that_says_something_else_about_itself_than_the_record_is_refused() {
    let mut forger = Forger::new();
    let pdf = forger.case(qualified()).build().unwrap();
    let information = |key: &'static str, value: &'static str| -> Forgery {
        Box::new(move |document| {
            let id = document.trailer.get(b"Info").unwrap().as_reference().unwrap();
            let entry = Object::String(value.into(), StringFormat::Literal);
            document.get_object_mut(id).unwrap().as_dict_mut().unwrap().set(key, entry);
        })
    };
    let packet = |from: &'static str, to: &'static str| -> Forgery {
        Box::new(move |document| {
            let id = find(document, |object| has(object, b"Type", b"Metadata"));
            let stream = document.get_object_mut(id).unwrap().as_stream_mut().unwrap();
            let changed = replaced(&stream.content, from.as_bytes(), to.as_bytes());
            stream.set_plain_content(changed);
        })
    };
    let forgeries: Vec<(&str, Forgery)> = vec![
        ("title", information("Title", "Avslag")),
        ("author", information("Author", "Somebody else")),
        ("program", information("Producer", "Another program")),
        ("date", information("CreationDate", "D:20200101000000Z")),
        ("time zone", information("ModDate", "D:20261121090803+01'00'")),
        ("keywords", information("Keywords", "avslag")),
        ("no information", Box::new(|document| drop(document.trailer.remove(b"Info")))),
        (
            "language of the document",
            Box::new(|document| catalog(document).set("Lang", Object::String(b"ru".to_vec(), StringFormat::Literal))),
        ),
        ("no packet", Box::new(|document| drop(catalog(document).remove(b"Metadata")))),
        ("title in XMP", packet("Identitetskontroll / Identity", "Avslag / Refused")),
        ("language in XMP", packet("<rdf:li>nb</rdf:li>", "<rdf:li>ru</rdf:li>")),
        ("part of PDF/A", packet("<pdfaid:part>3<", "<pdfaid:part>2<")),
        ("level of PDF/A", packet("<pdfaid:conformance>A<", "<pdfaid:conformance>B<")),
        ("no claim of PDF/UA", packet("<pdfuaid:part>1</pdfuaid:part>", "")),
        ("date in XMP", packet("<xmp:CreateDate>2026", "<xmp:CreateDate>2016")),
        ("history", packet("<stEvt:action>saved<", "<stEvt:action>refused<")),
        ("pages", packet("<xmpTPg:NPages>", "<xmpTPg:NPages>1")),
        ("another property", packet("<pdfuaid:part>", "<dc:rights>none</dc:rights><pdfuaid:part>")),
        ("a property as attribute", packet("rdf:about=\"\"", "rdf:about=\"\" dc:rights=\"none\"")),
        ("a property twice", packet("<pdfuaid:part>", "<pdfaid:part>3</pdfaid:part><pdfuaid:part>")),
        ("a sentence as identifier", packet("<xmpMM:RenditionClass>proof", "<xmpMM:RenditionClass>not a proof")),
        ("text beside the properties", packet("<pdfuaid:part>", "refused<pdfuaid:part>")),
        ("entities", packet("<x:xmpmeta", "<!DOCTYPE x [<!ENTITY a \"b\">]><x:xmpmeta")),
    ];
    for (name, change) in forgeries {
        let verification = forger.sign_changed(&pdf, |document| change(document));
        assert_refused(name, &verification, "REPORT_METADATA_DIFFERS");
    }
}

/// A small generator of numbers, the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Pages, fonts and tables that are broken in a thousand places, all of them rightly signed: none brings the verifier down.
#[test]
fn no_broken_content_brings_the_verifier_down() {
    let mut forger = Forger::new();
    let pdf = forger.case(third_party()).build().unwrap();
    let mut numbers = Numbers(0x5eed_0009);
    for _ in 0..80 {
        forger.sign_changed(&pdf, |document| {
            for object in document.objects.values_mut() {
                let Ok(stream) = object.as_stream_mut() else { continue };
                let Ok(mut content) = stream.decompressed_content() else { continue };
                if numbers.below(3) > 0 || content.len() < 8 || stream.dict.has_type(b"EmbeddedFile") {
                    continue;
                }
                let (from, length) = (numbers.below(content.len() - 4), 1 + numbers.below(40));
                let to = (from + length).min(content.len());
                match numbers.below(4) {
                    0 => content[from] ^= 1 + numbers.below(255) as u8,
                    1 => drop(content.drain(from..to)),
                    2 => drop(content.splice(from..from, content[from..to].to_vec())),
                    _ => content[from..to].fill(b"0 <[("[numbers.below(5)]),
                }
                stream.set_plain_content(content);
            }
        });
    }
}

/// A report with everything that a report can have.
fn kept_case() -> Case {
    let plan = qualified().record.plan;
    let mut case = of_kind(Function::NewCard, CertificateKind::Qualified, Method::Document, &plan, "nb");
    case.record.training = true;
    case.record.rules.signed_by = known().record.rules.signed_by;
    case.record.known = known().record.known;
    case.record.person.first_names = "Kari \u{202e} 李 e\u{301}".into();
    case
}

/// Reports of each layout that were signed once. They must verify for ever: when this fails, the pages are laid out in another way
/// than before, and the change needs a new number of the layout besides the old one.
#[test]
fn a_report_of_each_layout_that_was_ever_made_is_still_valid() {
    let kept = |layout: u32| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/kept/layout-{layout}.pdf"));
    if std::env::var_os("BAM_STATION_KEEP_LAYOUT").is_some() {
        let mut forger = Forger::new();
        let signed =
            UnsignedReport::new(forger.case(kept_case()).build().unwrap()).sign(&mut forger.key, pin(PIN), &details()).unwrap();
        std::fs::write(kept(LAYOUT), signed.bytes()).unwrap();
    }
    for layout in 1..=LAYOUT {
        let verification = verify(&std::fs::read(kept(layout)).unwrap(), &Anchors::none(), signing_time());
        assert!(verification.valid, "layout {layout}: {:?}", verification.problems);
        assert_eq!(verification.record.unwrap()["layout"], layout);
    }
}

/// The station's own check, which has the pages at hand that it has drawn, finds what the check of a stranger's file finds.
#[test]
fn the_station_finds_in_its_own_report_what_it_finds_in_any_other() {
    let mut forger = Forger::new();
    let case = forger.case(known());
    let (pdf, json, pages) = (case.build().unwrap(), case.record.to_json().unwrap(), case.pages());
    let mut own = |pdf: Vec<u8>, pages: &Pages| {
        let signed = forger.signed(pdf);
        let strange = verify(signed.bytes(), &forger.anchors, signing_time());
        (verify::own(signed, &forger.anchors, signing_time(), &json, pages), strange)
    };
    let (honest, strange) = own(pdf.clone(), &pages);
    assert_eq!(honest.unwrap().verification().record, strange.record);
    let forgeries: [(&str, Forgery); 4] = [
        ("a moved letter", Box::new(|document| content(document, 0, |old| replaced(&old, b" Tm", b" Tm 1 0 0 1 40 40 Tm")))),
        ("a page more", Box::new(|document| content(document, 1, |old| [old, b"/Artifact BMC EMC".to_vec()].concat()))),
        ("other strokes", Box::new(|document| attachment(document, b"strokes.json", b"{}"))),
        ("other terms", Box::new(|document| attachment(document, b"terms.txt", b"Other terms"))),
    ];
    for (what, forgery) in forgeries {
        let mut document = Document::load_mem(&pdf).unwrap();
        forgery(&mut document);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        let (own, strange) = own(bytes, &pages);
        assert!(!strange.valid, "{what}");
        assert_eq!(own.unwrap_err().problems, strange.problems, "{what}");
    }
    // The pages of another control are of no use: the file's own are laid out.
    let mut other = case;
    other.record.person.first_names = "Somebody Else".into();
    assert!(own(pdf, &other.pages()).0.is_ok());
    let (own, _) = own(other.build().unwrap(), &pages);
    assert_eq!(own.unwrap_err().code(), "REPORT_RECORD_UNREADABLE", "pages of their own, and not this control's record");
}

/// What the pages of the first layout do not say may still stand in its record; those of the second say it, and must say the same.
#[test]
fn a_record_that_knows_the_person_from_elsewhere_than_its_pages_is_refused() {
    let mut forger = Forger::new();
    let case = forger.case(known());
    let pdf = case.build().unwrap();
    let changes: [(&str, fn(&mut Record)); 5] = [
        ("origin", |record| record.known.origin = Origin::Typed),
        ("preregistered", |record| record.known.preregistered.truncate(1)),
        ("age", |record| record.rules.conditions.minimum_age_for_qualified = 13),
        ("affiliation", |record| record.rules.conditions.require_affiliation = Kinds::No),
        ("second signer", |record| record.rules.signed_by.as_mut().unwrap().second = None),
    ];
    for (what, change) in changes {
        let mut record = case.record.clone();
        change(&mut record);
        let json = record.to_json().unwrap();
        let verification = forger.sign_changed(&pdf, |document| attachment(document, b"record.json", &json));
        assert_refused(what, &verification, "REPORT_PAGES_DIFFER");
    }
    let mut record = case.record.clone();
    record.layout = 1;
    let json = record.to_json().unwrap();
    let verification = forger.sign_changed(&pdf, |document| attachment(document, b"record.json", &json));
    assert_refused("an older layout with newer knowledge", &verification, "REPORT_LAYOUT_UNKNOWN");
}
