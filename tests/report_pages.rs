//! The pages of the report: everything that is proven stands on them, the evidence lies inside untouched, and no name stops them.

use bam_station::{
    control::{
        DocumentCheck, EffectiveRules, Identification, Operator, PresentedDocument, RulesSigner,
        document::VerifiedFeature,
        opening::CardSource,
        own_card::ProvenCard,
        scan::{AcceptedScan, DocumentScan, Examined, Upright},
        signature::{CapturedSignature, PenPoint, SignatureComparison, Strokes},
        terms::{ShownTerms, TermsAcceptance},
        vouching::{PreviousScan, ThirdParty},
    },
    digest::Digest,
    evidence::{
        preview::{self, Preview, PreviewError},
        record::{ChainHead, FORMAT, LAYOUT, LIMITS, Record},
        report::{self, Pages, ReportError, ReportParts},
        sign::{KeyStore, SignatureDetails, Signer as _, SignerIdentity, UnsignedReport},
        verify,
    },
    imaging::{ink, upright::Turn},
    rules::{
        CardState, CertificateKind, Conditions, Function, IssueProcess, LocalText, LraMode, Method, Person, Plan,
        conditions::{Entry, Kinds, Known, Origin},
        name::DocumentName,
    },
    secret::Pin,
    trust::{KeyAlgorithm, issuer_text, serial_text},
};
use jiff::{Timestamp, civil::date};

/// A record with the evidence that it names.
pub struct Case {
    pub record: Record,
    /// JSON.
    strokes: Vec<u8>,
    scan: Vec<u8>,
    previous_scan: Vec<u8>,
    terms: String,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_252_083 + seconds).unwrap()
}

fn local(nb: &str, en: &str) -> LocalText {
    LocalText::new(nb, en)
}

/// The JPEG of a picture.
fn encoded(picture: &image::RgbImage) -> Vec<u8> {
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 92);
    encoder.set_density(jpeg_encoder::PixelDensity::dpi(300));
    encoder.encode(picture, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

/// A picture of A6 lying, with a grain that no second encoding would give back.
fn jpeg(seed: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(1748, 1240, |x, y| {
        let card = (120..1_600).contains(&x) && (120..1_120).contains(&y);
        let grain = (x.wrapping_mul(31) ^ y.wrapping_mul(17) ^ u32::from(seed)) as u8 & 15;
        if card { image::Rgb([188 + grain, 205 + grain, 214 + grain]) } else { image::Rgb([236 + grain; 3]) }
    });
    encoded(&picture)
}

/// Three strokes on a field of 120 × 40 mm.
fn strokes() -> Strokes {
    let wave = |from: f64, width: f64, turns: f64, height: f64, start: u32| -> Vec<PenPoint> {
        (0..=90_u32)
            .map(|i| {
                let part = f64::from(i) / 90.0;
                let angle = part * turns * std::f64::consts::TAU;
                let x = from + part * width + 2_600.0 * angle.sin();
                PenPoint {
                    x: x as u32,
                    y: (21_000.0 - height * (1.0 - part * 0.55) * angle.cos()) as u32,
                    t: start + i * 7,
                    p: Some(600),
                }
            })
            .collect()
    };
    let bar = (0..=30_u32).map(|i| PenPoint { x: 22_000 + i * 2_400, y: 31_000 - i * 60, t: 1_900 + i * 6, p: None }).collect();
    Strokes {
        width: 120_000,
        height: 40_000,
        strokes: vec![wave(14_000.0, 34_000.0, 4.0, 11_000.0, 0), wave(54_000.0, 46_000.0, 6.0, 6_500.0, 900), bar],
    }
}

fn captured(strokes: &Strokes) -> CapturedSignature {
    CapturedSignature {
        strokes: Digest::of(&serde_json::to_vec(strokes).unwrap()),
        picture: Digest::of(&ink::picture(strokes).unwrap()),
        stroke_count: strokes.strokes.len() as u32,
        points: strokes.points() as u32,
        duration_ms: strokes.duration_ms(),
        ink_length: strokes.ink_length(),
    }
}

/// A new card with qualified certificates, by passport.
pub fn qualified() -> Case {
    let (strokes, scan, previous_scan) = (strokes(), jpeg(1), jpeg(2));
    let terms = "# Kort og PIN\nSertifikatene er personlige. Du skal holde kort og PIN for deg selv, og ingen kan be deg om å oppgi PIN-koden.\n\n\
                 # Tap av kort\nMeld fra straks du mister kortet, så sperres sertifikatene. Et sperret sertifikat kan ikke brukes igjen.\n\n"
        .repeat(6);
    let record = Record {
        format: FORMAT.into(),
        layout: LAYOUT,
        control: "01938d1c-5e2a-7c31-9a54-3f0d6f2b8e11".parse().unwrap(),
        training: false,
        function: Function::NewCard,
        certificate: CertificateKind::Qualified,
        person: Person {
            first_names: "Kari Anne".into(),
            last_name: "Nordmann Ødegård".into(),
            identity_number: Some("01819010001".to_owned().try_into().unwrap()),
            birth_date: Some(date(1990, 1, 1)),
            user_name: Some("knordman".into()),
        },
        known: Known::default(),
        card: None,
        qualified_on_card: None,
        card_source: CardSource::Card,
        operator_judged: None,
        operator: Operator {
            name: "Ola Operatør".into(),
            user_name: Some("oopera".into()),
            certificate_issuer: "CN=Fjordby kommune utsteder-CA 2,O=Fjordby kommune,C=NO".into(),
            certificate_serial: "4F11C9A07B2203D1".into(),
            software_key: false,
            trained: None,
        },
        rules: EffectiveRules {
            company: "Fjordby kommune".into(),
            office: "ID-kontoret, Rådhuset".into(),
            mode: LraMode::Mixed,
            issue_process: IssueProcess::default(),
            conditions: Conditions::default(),
            master: Digest::of(b"MASTER.toml"),
            training: false,
            program: "bam-station 0.1.0".into(),
            signed_by: None,
        },
        plan: Plan {
            methods: vec![Method::Document],
            terms: true,
            signature: true,
            scan: true,
            compare_previous_scan: false,
            because: vec![
                local(
                    "Førstegangsutstedelse krever identitetsdokument (BAM Identitetskontroll, punkt 1).",
                    "A first issuance is identified with an identity document only (BAM Identitetskontroll, item 1).",
                ),
                local(
                    "Kvalifiserte sertifikater krever alltid aksept av avtalevilkår, signatur og skanning \
                     (BAM Identitetskontroll, Signering og Skanning).",
                    "Qualified certificates always need accepted terms, a compared signature and a scanned document \
                     (BAM Identitetskontroll, Signering and Skanning).",
                ),
            ],
        },
        opened_at: at(-420),
        completed_at: at(0),
        completed_at_office: at(0).to_zoned(jiff::tz::TimeZone::get("Europe/Oslo").unwrap()).to_string(),
        identification: Identification::Document(Box::new(DocumentCheck {
            kind: "passport".into(),
            kind_name: local("Pass", "Passport"),
            document: PresentedDocument {
                issuing_state: "UTO".into(),
                number: "CZK5500027".into(),
                issued: Some(date(2021, 3, 8)),
                expires: date(2031, 3, 8),
                name: DocumentName { first_names: "Kari Anne".into(), last_name: "Nordmann Ødegård".into(), middle: None },
                birth_date: date(1990, 1, 1),
                identity_number: None,
            },
            features: vec![
                VerifiedFeature {
                    id: "hologram".into(),
                    text: local(
                        "Hologrammet over bildet skifter motiv når passet vippes",
                        "The hologram over the picture changes its motif when the passport is tilted",
                    ),
                },
                VerifiedFeature {
                    id: "laser".into(),
                    text: local(
                        "Dokumentnummeret er perforert med laser gjennom alle sider",
                        "The document number is laser-perforated through all pages",
                    ),
                },
                VerifiedFeature {
                    id: "relief".into(),
                    text: local(
                        "Preget relieff kan kjennes langs sidens kant",
                        "An embossed relief can be felt along the edge of the page",
                    ),
                },
            ],
            undamaged: true,
            person_matches_photo: true,
            names_agree: true,
            identity_number_agrees: None,
            birth_date_agrees: Some(true),
            reference: Some("PRADO, UTO-AO-01001".into()),
            remark: Some("Personen brukte briller.\nTok dem av på oppfordring.".into()),
        })),
        identified_at: at(-300),
        terms: Some(TermsAcceptance {
            terms: ShownTerms {
                id: "qualified".into(),
                version: "2026-1".into(),
                language: "nb".into(),
                title: "Vilkår for kvalifiserte sertifikater".into(),
                text: Digest::of(terms.as_bytes()),
            },
            shown_at: at(-280),
            last_page_at: at(-210),
            accepted_at: at(-200),
        }),
        signature: Some(SignatureComparison {
            signature: captured(&strokes),
            captured_at: at(-160),
            attempts: 2,
            judged_alike_at: at(-140),
            reason: None,
        }),
        scan: Some(AcceptedScan {
            scan: DocumentScan {
                raw: Digest::of(b"raw"),
                raw_width: 1240,
                raw_height: 1748,
                dpi: 300,
                device: "bamvirtual:a6".into(),
                upright: Upright { picture: Digest::of(&scan), turn: Turn::Quarter, crop: None, width: 1748, height: 1240 },
                examined: None,
            },
            taken_at: at(-90),
            attempts: 1,
            zone_check: None,
            reason: None,
        }),
        register: ChainHead { seq: 4711, hash: Digest::of(b"head") },
        limits: LIMITS.iter().map(|&limit| limit.to_owned()).collect(),
    };
    Case { record, strokes: serde_json::to_vec(&strokes).unwrap(), scan, previous_scan, terms }
}

fn card(name: &str) -> ProvenCard {
    ProvenCard {
        name: name.into(),
        user_name: Some("tthird".into()),
        certificate_issuer: "CN=Fjordby kommune utsteder-CA 2,O=Fjordby kommune,C=NO".into(),
        certificate_serial: "0A22".into(),
        certificate: CertificateKind::Qualified,
        state: CardState::Valid,
        valid_until: at(40_000_000),
        judged: None,
    }
}

/// A replacement card by a third party, with the earlier scan compared; no terms, no signature, no scan.
pub fn third_party() -> Case {
    let mut case = qualified();
    let record = &mut case.record;
    record.function = Function::ReplacementCard;
    record.plan = Plan {
        methods: vec![Method::Document, Method::ThirdParty],
        terms: false,
        signature: false,
        scan: false,
        compare_previous_scan: true,
        because: vec![local("Fordi.", "Because.")],
    };
    record.identification = Identification::ThirdParty {
        third_party: Box::new(ThirdParty {
            card: card("Tor Tredje"),
            says_name: "Kari Anne Nordmann Ødegård".into(),
            statement: "Har arbeidet sammen i ti år.".into(),
            superior: true,
        }),
        previous_scan: Some(PreviousScan { control: record.control, upright: Digest::of(&case.previous_scan), alike: true }),
    };
    (record.terms, record.signature, record.scan) = (None, None, None);
    case
}

/// A report of each way of identification, by own card with the state of the card, and one under signed rules.
pub fn cases() -> Vec<Case> {
    let mut own_card = third_party();
    own_card.record.card = Some(CardState::Valid);
    own_card.record.identification = Identification::OwnCard { card: card("Kari Anne Nordmann Ødegård") };
    let mut operator = third_party().training();
    operator.record.identification = Identification::Operator { statement: "Kjenner personen fra før.".into() };
    let mut compared = third_party();
    if let Identification::ThirdParty { previous_scan, .. } = &mut compared.record.identification {
        *previous_scan = None;
    }
    let mut signed = qualified().training();
    signed.record.rules.signed_by = Some(rules_signer());
    operator.record.known.origin = Origin::TypedInstead {
        reason: "Katalogen er nede.\nRingte brukerstøtten.".into(),
        directory: Some("DIRECTORY_UNREACHABLE".into()),
    };
    vec![qualified(), third_party(), compared, own_card, operator, signed, known()]
}

/// A new qualified card of somebody whom the directory and the list of preregistered people know, under the strictest conditions and
/// rules that two have signed.
pub fn known() -> Case {
    let mut case = qualified();
    case.record.known = Known {
        origin: Origin::Directory(Entry {
            entry: "uid=knordman,ou=ansatte,dc=fjordby,dc=example".into(),
            read_at: at(-430),
            disabled: false,
            kinds: Some(vec![CertificateKind::Qualified]),
        }),
        preregistered: vec![CertificateKind::Qualified, CertificateKind::Local],
    };
    case.record.card = Some(CardState::Valid);
    case.record.qualified_on_card = Some(CardState::Expired);
    case.record.rules.conditions = Conditions {
        minimum_age_for_qualified: 18,
        minimum_age_for_local: 15,
        require_identity_number: Kinds::All,
        require_affiliation: Kinds::Qualified,
        require_preregistration: Kinds::All,
    };
    case.record.rules.signed_by = Some(RulesSigner { second: Some("Berit Byråsjef".into()), ..rules_signer() });
    case
}

/// A report of a control that this plan asks for, with a small scan and with the terms in this language.
pub fn of_kind(function: Function, certificate: CertificateKind, method: Method, plan: &Plan, language: &str) -> Case {
    let mut case = qualified();
    let small = |seed: u8| encoded(&image::RgbImage::from_fn(310, 220, |x, y| image::Rgb([x as u8, y as u8, seed])));
    (case.scan, case.previous_scan) = (small(1), small(2));
    case = case.with_terms(format!("# Terms in {language}\nPå kort og PIN. About card and PIN.\n"), language);
    let record = &mut case.record;
    let upright = &mut record.scan.as_mut().unwrap().scan.upright;
    (upright.picture, upright.width, upright.height) = (Digest::of(&case.scan), 310, 220);
    (record.function, record.certificate, record.plan) = (function, certificate, plan.clone());
    let name = "Kari Anne Nordmann Ødegård";
    record.identification = match method {
        Method::Document => record.identification.clone(),
        Method::OwnCard => Identification::OwnCard { card: ProvenCard { certificate, ..card(name) } },
        Method::ThirdParty => Identification::ThirdParty {
            third_party: Box::new(ThirdParty {
                card: ProvenCard { certificate, ..card("Tor Tredje") },
                says_name: name.into(),
                statement: "Har arbeidet sammen i ti år.".into(),
                superior: false,
            }),
            previous_scan: plan.compare_previous_scan.then(|| PreviousScan {
                control: record.control,
                upright: Digest::of(&case.previous_scan),
                alike: true,
            }),
        },
        Method::Operator => Identification::Operator { statement: "Kjenner personen fra før.".into() },
    };
    record.terms = record.terms.take().filter(|_| plan.terms);
    record.signature = record.signature.take().filter(|_| plan.signature);
    record.scan = record.scan.take().filter(|_| plan.scan);
    case
}

/// Their records.
pub fn records() -> Vec<Record> {
    cases().into_iter().map(|case| case.record).collect()
}

fn rules_signer() -> RulesSigner {
    RulesSigner { name: "Aud Administrator".into(), key: Digest::of(b"key"), version: 7, signed_at: at(-90_000), second: None }
}

/// A small report that this operator will sign: an operator's word, and nothing else was asked for. The PDF and its record.
pub fn small(signer: &SignerIdentity) -> (Vec<u8>, Vec<u8>) {
    let case = small_case(signer);
    (case.build().unwrap(), case.record.to_json().unwrap())
}

/// What [`small`] is made of.
pub fn small_case(signer: &SignerIdentity) -> Case {
    let mut case = third_party().to_be_signed_by(signer);
    case.record.identification = Identification::Operator { statement: "Kjenner personen fra før.".into() };
    case
}

impl Case {
    /// With this text of the terms.
    pub fn with_terms(mut self, terms: String, language: &str) -> Self {
        if let Some(accepted) = &mut self.record.terms {
            accepted.terms.text = Digest::of(terms.as_bytes());
            accepted.terms.language = language.into();
        }
        self.terms = terms;
        self
    }

    /// With the operator whom this signer's certificate names.
    pub fn to_be_signed_by(mut self, signer: &SignerIdentity) -> Self {
        self.record.operator = Operator {
            name: signer.common_name.clone(),
            certificate_issuer: issuer_text(&signer.certificate),
            certificate_serial: serial_text(&signer.certificate).to_uppercase(),
            ..self.record.operator
        };
        self
    }

    fn training(mut self) -> Self {
        self.record.training = true;
        self.record.rules.training = true;
        self
    }

    pub fn build(&self) -> Result<Vec<u8>, ReportError> {
        let json = self.record.to_json().unwrap();
        self.build_with(&json, |_| {})
    }

    /// The pages, laid out and not drawn.
    pub fn pages(&self) -> Pages {
        Pages::lay_out(&self.parts(&self.record.to_json().unwrap())).unwrap()
    }

    fn build_with<'a>(&'a self, json: &'a [u8], change: impl FnOnce(&mut ReportParts<'a>)) -> Result<Vec<u8>, ReportError> {
        let mut parts = self.parts(json);
        change(&mut parts);
        report::build(&parts)
    }

    fn parts<'a>(&'a self, json: &'a [u8]) -> ReportParts<'a> {
        ReportParts {
            record: &self.record,
            record_json: json,
            strokes_json: self.record.signature.as_ref().map(|_| self.strokes.as_slice()),
            scan_jpeg: self.record.scan.as_ref().map(|_| self.scan.as_slice()),
            previous_scan_jpeg: matches!(&self.record.identification, Identification::ThirdParty { .. })
                .then_some(self.previous_scan.as_slice()),
            terms_text: self.record.terms.as_ref().map(|_| self.terms.as_str()),
        }
    }
}

/// The text of each page, without white space: lines break where they may.
fn pages_text(pdf: &[u8]) -> Vec<String> {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    pages.into_iter().map(|page| squeezed(&document.extract_text(&[page]).unwrap())).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn streams(pdf: &[u8]) -> Vec<lopdf::Stream> {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    document.objects.into_values().filter_map(|object| object.as_stream().ok().cloned()).collect()
}

#[track_caller]
fn says(pages: &[String], text: &str) {
    let text = squeezed(text);
    assert!(pages.iter().any(|page| page.contains(&text)), "no page says {text:?}");
}

#[test]
fn everything_that_is_proven_stands_on_the_pages() {
    let case = qualified();
    let pages = pages_text(&case.build().unwrap());
    let record = &case.record;
    for text in [
        "Fjordby kommune",
        "ID-kontoret, Rådhuset",
        "Identitetskontroll",
        "Identity control",
        "01938d1c-5e2a-7c31-9a54-3f0d6f2b8e11",
        "Kari Anne Nordmann Ødegård",
        "01819010001",
        "1990-01-01",
        "knordman",
        "Nytt kort",
        "New card",
        "Kvalifiserte sertifikater",
        "Førstegangsutstedelse krever identitetsdokument",
        "A first issuance is identified with an identity document only",
        "Pass",
        "UTO",
        "CZK5500027",
        "2021-03-08",
        "2031-03-08",
        "perforert med laser",
        "The hologram over the picture",
        "PRADO, UTO-AO-01001",
        "Personen brukte briller. Tok dem av på oppfordring.",
        "Identitetsnumrene: ikke sammenlignet",
        "undamaged and not tampered with: yes",
        "Fødselsdatoene: stemmer",
        "Vilkår for kvalifiserte sertifikater",
        "2026-1",
        "Bokmål",
        "3 strøk",
        "Dreid 90° med klokken",
        "bamvirtual:a6",
        "1748 × 1240",
        "300 dpi",
        "Sann størrelse",
        "Ola Operatør",
        "oopera",
        "4F11C9A07B2203D1",
        "CN=Fjordby kommune utsteder-CA 2",
        "ThirdPartyIdControl",
        "MaxScanAttempts",
        "Mixed",
        "bam-station 0.1.0",
        "4711",
        "white-light image",
        "Ingen automatisk sammenligning",
        "Europe/Oslo",
    ] {
        says(&pages, text);
    }
    let signature = &record.signature.as_ref().unwrap().signature;
    let scan = &record.scan.as_ref().unwrap().scan;
    for digest in [
        record.rules.master,
        record.register.hash,
        signature.strokes,
        signature.picture,
        scan.raw,
        scan.upright.picture,
        Digest::of(case.terms.as_bytes()),
        Digest::of(&record.to_json().unwrap()),
    ] {
        says(&pages, &digest.to_string());
    }
    for instant in [record.opened_at, record.completed_at, record.identified_at] {
        says(&pages, &instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    }
}

#[test]
fn every_page_names_the_control_and_its_own_number() {
    let pages = pages_text(&qualified().build().unwrap());
    assert!(pages.len() >= 4);
    for (index, page) in pages.iter().enumerate() {
        let footer = squeezed(&format!("Side {} av {} / Page {} of {}", index + 1, pages.len(), index + 1, pages.len()));
        assert!(page.contains(&footer), "page {}", index + 1);
        assert!(page.contains("01938d1c-5e2a-7c31-9a54-3f0d6f2b8e11"));
        assert!(page.contains("Fjordbykommune"));
        assert!(!page.contains("OPPLÆRING"), "only training is marked as training");
    }
}

#[test]
fn training_is_marked_on_every_page() {
    let pdf = qualified().training().build().unwrap();
    let band = squeezed("OPPLÆRING / TRAINING – beviser ingenting / proves nothing");
    let pages = pages_text(&pdf);
    assert!(pages.iter().all(|page| page.matches(&band).count() == 1));
    for picture in preview::pages(&pdf, 1.0).unwrap() {
        let at = |x: u32, y: u32| &picture.pixels[((y * picture.width + x) * 4) as usize..][..3];
        assert_eq!(at(20, 28), [0xff, 0xc4, 0x00], "the band is seen");
        assert_eq!(at(20, 60), [255; 3], "and covers nothing");
    }
}

#[test]
fn the_scan_lies_inside_bit_for_bit() {
    let case = qualified();
    let pdf = case.build().unwrap();
    let pictures: Vec<_> = streams(&pdf)
        .into_iter()
        .filter(|stream| stream.dict.get(b"Filter").and_then(lopdf::Object::as_name).ok() == Some(b"DCTDecode"))
        .collect();
    assert_eq!(pictures.len(), 1);
    assert!(pictures[0].content == case.scan, "the stream is the file");
    let found = third_party();
    let pdf = found.build().unwrap();
    assert!(streams(&pdf).iter().any(|stream| stream.content == found.previous_scan), "the earlier scan too");
}

#[test]
fn the_record_is_attached_unchanged() {
    let case = qualified();
    let json = case.record.to_json().unwrap();
    let pdf = case.build().unwrap();
    let document = lopdf::Document::load_mem(&pdf).unwrap();
    let file = document
        .objects
        .values()
        .filter_map(|object| object.as_dict().ok())
        .find(|dict| dict.get(b"Type").and_then(lopdf::Object::as_name).ok() == Some(b"Filespec"))
        .unwrap();
    assert_eq!(file.get(b"AFRelationship").unwrap().as_name().unwrap(), b"Data");
    assert_eq!(file.get(b"F").unwrap().as_str().unwrap(), b"record.json");
    let embedded = file.get(b"EF").unwrap().as_dict().unwrap().get(b"F").unwrap().as_reference().unwrap();
    let stream = document.get_object(embedded).unwrap().as_stream().unwrap();
    assert_eq!(stream.dict.get(b"Subtype").unwrap().as_name().unwrap(), b"application/json");
    assert!(stream.decompressed_content().unwrap() == json);
    let back: Record = serde_json::from_slice(&json).unwrap();
    assert_eq!(back, case.record);
}

#[test]
fn a_digest_is_copied_in_one_piece_though_its_digits_are_grouped() {
    let case = qualified();
    let spoken = format!("/ActualText({})", case.record.rules.master);
    let pages = streams(&case.build().unwrap()).into_iter().filter_map(|stream| stream.decompressed_content().ok());
    assert!(pages.into_iter().any(|content| content.windows(spoken.len()).any(|part| part == spoken.as_bytes())));
}

#[test]
fn nothing_stands_in_the_way_of_the_signature() {
    let document = lopdf::Document::load_mem(&qualified().build().unwrap()).unwrap();
    let catalog = document.catalog().unwrap();
    assert!(catalog.get(b"AcroForm").is_err());
    assert!(catalog.get(b"Perms").is_err());
    assert!(document.get_pages().into_values().all(|page| document.get_dictionary(page).unwrap().get(b"Annots").is_err()));
    assert!(document.trailer.get(b"Prev").is_err(), "one revision");
}

#[test]
fn the_signed_report_verifies_and_gives_the_record_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::open(&folder.path().join("keys")).unwrap();
    let mut key = store.enroll("Ola Operatør", "Fjordby kommune", KeyAlgorithm::P256, pin(), at(-90_000)).unwrap();
    for case in [qualified().training(), third_party().training()] {
        let case = case.to_be_signed_by(key.identity());
        let details = SignatureDetails {
            signed_at: case.record.completed_at,
            reason: "Identitetskontroll godkjent".into(),
            location: case.record.rules.office.clone(),
        };
        let signed = UnsignedReport::new(case.build().unwrap()).sign(&mut key, pin(), &details).unwrap();
        let anchors = store.anchors().unwrap();
        let verified = verify::own(signed, &anchors, at(1), &case.record.to_json().unwrap(), &case.pages()).unwrap();
        assert_eq!(preview::pages(verified.bytes(), 0.5).unwrap(), preview::pages(&case.build().unwrap(), 0.5).unwrap());
    }
}

fn pin() -> Pin {
    Pin::new("246810".into()).unwrap()
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    let case = qualified();
    let first = case.build().unwrap();
    assert!(first == case.build().unwrap());
    let mut later = qualified();
    later.record.completed_at = at(1);
    assert!(first != later.build().unwrap());
}

#[test]
fn a_dot_of_ink_is_seen() {
    let mut case = qualified();
    let dot = vec![PenPoint { x: 60_000, y: 20_000, t: 5, p: None }];
    let strokes = Strokes { strokes: vec![dot], ..strokes() };
    case.record.signature.as_mut().unwrap().signature = captured(&strokes);
    case.strokes = serde_json::to_vec(&strokes).unwrap();
    let pages = preview::pages(&case.build().unwrap(), 2.0).unwrap();
    assert!(pages.iter().any(|page| page.pixels.chunks_exact(page.width as usize * 4).any(|row| longest_ink(row) > 0)));
}

#[test]
fn who_signed_the_rules_stands_in_the_report() {
    let mut case = qualified();
    says(&pages_text(&case.build().unwrap()), "Ingen: dette kontoret krever det ikke");
    case.record.rules.signed_by = Some(rules_signer());
    let pages = pages_text(&case.build().unwrap());
    for text in ["Aud Administrator", "7, 2026", &Digest::of(b"key").to_string()] {
        says(&pages, text);
    }
}

#[test]
fn where_the_person_is_known_from_stands_in_the_report() {
    let mut case = known();
    let pages = pages_text(&case.build().unwrap());
    for text in [
        "The organisation's directory, chosen by the operator",
        "uid=knordman,ou=ansatte,dc=fjordby,dc=example",
        "2026-11-21 09:00:53 UTC",
        "I bruk  In use",
        "Certificates by groups Kvalifiserte sertifikater",
        "Preregistered Kvalifiserte sertifikater, Lokale sertifikater",
        "Bekreftet av katalogen",
        "Qualified certificates on the card Utløpt, lest av kortet",
    ] {
        says(&pages, text);
    }
    let mut first = case.record.clone();
    first.layout = 1;
    first.rules.signed_by = None;
    case.record = first;
    let pages = pages_text(&case.build().unwrap());
    assert!(
        pages.iter().all(|page| !page.contains("knordman,ou") && !page.contains("MinimumAge")),
        "the first layout is as it was"
    );

    let mut case = third_party();
    let pages = pages_text(&case.build().unwrap());
    for text in ["the office looks nobody up in a directory", "Preregistered Nei  No", "Ikke bekreftet  Not confirmed"] {
        says(&pages, text);
    }
    case.record.known = Known {
        origin: Origin::TypedInstead {
            reason: "Nytilsatt,\nikke i katalogen ennå".into(),
            directory: Some("DIRECTORY_UNREACHABLE".into()),
        },
        preregistered: vec![CertificateKind::Local],
    };
    let pages = pages_text(&case.build().unwrap());
    for text in [
        "not taken from the organisation's directory",
        "Nytilsatt, ikke i katalogen ennå",
        "The directory did not answer DIRECTORY_UNREACHABLE",
        "Preregistered Lokale sertifikater",
        "Confirmed by the preregistration",
    ] {
        says(&pages, text);
    }
}

#[test]
fn the_conditions_on_a_person_stand_in_the_report() {
    let pages = pages_text(&known().build().unwrap());
    for text in [
        "MinimumAgeForQualified 18",
        "MinimumAgeForLocal 15",
        "RequireIdentityNumber Alle  All",
        "RequireAffiliation Kvalifiserte  Qualified",
        "RequirePreregistration Alle  All",
        "The person is at least 18 years old by the date of birth in the document: yes",
    ] {
        says(&pages, text);
    }
    let mut case = third_party();
    case.record.rules.conditions = Conditions::none();
    let pages = pages_text(&case.build().unwrap());
    says(&pages, "RequireAffiliation Nei  No");
    assert!(pages.iter().all(|page| !page.contains("by the date of birth")), "no document, no age");
}

#[test]
fn whoever_signed_the_rules_beside_stands_in_the_report() {
    says(&pages_text(&known().build().unwrap()), "The same also signed by Berit Byråsjef");
    // The first layout has no place for it.
    let mut case = known();
    case.record.layout = 1;
    assert_eq!(case.build(), Err(ReportError::OtherLayout));
    case.record.rules.signed_by = Some(rules_signer());
    assert!(case.build().is_ok());
    for unknown in [0, LAYOUT + 1] {
        case.record.layout = unknown;
        assert_eq!(case.build(), Err(ReportError::OtherLayout), "{unknown}");
    }
}

#[test]
fn the_lines_of_the_zone_stand_in_the_report() {
    let mut case = qualified();
    let lines = ["P<UTONORDMANN<<KARI<ANNE<<<<<<<<<<<<<<<<<<<<", "CZK5500027UTO9001013F3103088<<<<<<<<<<<<<<02"];
    let seen: Examined = serde_json::from_value(serde_json::json!({
        "findings": [], "zone": { "read": "certain", "format": "TD3", "lines": lines },
    }))
    .unwrap();
    case.record.scan.as_mut().unwrap().scan.examined = Some(seen);
    let pages = pages_text(&case.build().unwrap());
    for line in lines {
        says(&pages, line);
    }
}

#[test]
fn both_languages_say_the_same_about_time() {
    let pages = pages_text(&qualified().build().unwrap());
    says(&pages, "Om en tidsstemplingstjeneste har bekreftet tidspunktet for signaturen, står i signaturen.");
    says(&pages, "Whether an authority confirmed the time of the signature stands in the signature.");
}

/// Names in many languages, whose letters the typeface has.
pub const DRAWN: [&str; 10] = [
    "Áŋŋel Đ Čáhppes Šiellja Ŧ Žž Ïï Ǩǩ Ǯǯ Õõ Åå Ââ Ʒʒ Ǥǥ",
    "Łukasz Żółć Święta Ćma Dźwięk Ń",
    "Þórður Æsa Öra Ýmir Đurđa",
    "Nguyễn Thị Hồng Nhung Đặng Ườ Ỗ Ữ",
    "Αθανάσιος Ελένη Ώρα ΐ",
    "Наталія Їжакевич Ґалаґан Ёлка Щука Ђорђе Љиља Ѓорѓи",
    "Gülşen İbrahim Iğdır Çağla",
    "Āboliņš Ķēniņš Žemaitė Ūdrė Õnnela",
    "Ștefan Țuțora Ănuța",
    "e\u{301} A\u{30a} o\u{308}\u{304}",
];

/// Names and what the pages show of them, where that is not the name itself.
pub const SHOWN: [(&str, &str); 16] = [
    ("李小龍", "[U+674E][U+5C0F][U+9F8D]"),
    ("محمد", "[U+0645][U+062D][U+0645][U+062F]"),
    ("דוד", "[U+05D3][U+05D5][U+05D3]"),
    ("👩\u{200d}👧 Kari", "[U+1F469][U+200D][U+1F467]Kari"),
    ("Ñandú Žižek Ђорђе Γιώργος Đặng", "ÑandúŽižekЂорђеΓιώργοςĐặng"),
    ("Gro\u{202e}drager", "Gro[U+202E]drager"),
    ("So\u{ad}fie\u{200b}", "So[U+00AD]fie[U+200B]"),
    ("Nul\0l\tog\nlinje\u{7f}", "Nul[U+0000]l[U+0009]og[U+000A]linje[U+007F]"),
    ("\u{e000}\u{feff}\u{fffe}\u{10ffff}", "[U+E000][U+FEFF][U+FFFE][U+10FFFF]"),
    ("\u{301}", "[U+0301]"),
    ("Anne\u{2011}Lise", "Anne-Lise"),
    ("(Kari) \\ /Type % <script>", "(Kari)\\/Type%<script>"),
    ("שרה לוי", "[U+05E9][U+05E8][U+05D4][U+05DC][U+05D5][U+05D9]"),
    ("\u{2067}Kari\u{2069}", "[U+2067]Kari[U+2069]"),
    ("สมชาย", "[U+0E2A][U+0E21][U+0E0A][U+0E32][U+0E22]"),
    ("𝕂ari", "[U+1D542]ari"),
];

/// The letters that names in the Nordic countries and their neighbours have are drawn, none of them by number.
#[test]
fn the_letters_of_many_languages_are_drawn() {
    for name in DRAWN {
        let mut case = qualified();
        case.record.person.first_names = name.into();
        let pages = pages_text(&case.build().unwrap());
        assert!(!pages.concat().contains("[U+"), "{name}: {}", pages[0]);
        let json = case.record.to_json().unwrap();
        assert!(String::from_utf8(json).unwrap().contains(name), "the exact text is in the record");
    }
}

#[test]
fn no_name_stops_the_report() {
    for (name, shown) in SHOWN {
        let mut case = qualified();
        case.record.person.first_names = name.into();
        case.record.operator.name = name.into();
        case.record.rules.company = name.into();
        case.record.rules.office = name.into();
        case.record.scan.as_mut().unwrap().scan.device = name.into();
        let pdf = case.build().unwrap_or_else(|error| panic!("{name:?}: {error}"));
        says(&pages_text(&pdf), shown);
    }
}

/// Every character up to U+2FFF and of the presentation forms, in lines, each followed by a letter that it could change.
fn every_character() -> String {
    let characters: Vec<char> = ('\0'..='\u{2fff}')
        .chain('\u{a640}'..='\u{abff}')
        .chain('\u{fb00}'..='\u{ffff}')
        .filter(|c| !"\n\r".contains(*c))
        .collect();
    characters.chunks(40).map(|line| line.iter().flat_map(|&c| [c, 'a']).collect::<String>()).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_character_stops_the_report() {
    let mut case = qualified();
    case = case.with_terms(every_character(), "nb");
    let pages = pages_text(&case.build().unwrap()).concat();
    for shown in ["[U+0000]a", "[U+200B]a", "[U+05D0]a", "[U+0628]a", "[U+2FFF]a", "[U+FEFF]a", "ÅaÆa", "ЀaЁa", "Ἀa"] {
        assert!(pages.contains(shown), "{shown}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_stops_the_report(texts in proptest::collection::vec(proptest::string::string_regex("(?s).{0,300}").unwrap(), 8)) {
        let mut case = third_party();
        let [first, last, company, office, operator, statement, nb, en] = <[String; 8]>::try_from(texts).unwrap();
        case.record.identification = Identification::Operator { statement };
        case.record.person.first_names = first;
        case.record.person.last_name = last;
        case.record.rules.company = company;
        case.record.rules.office = office;
        case.record.operator.name = operator;
        case.record.plan.because = vec![LocalText::new(nb, en)];
        proptest::prop_assert!(case.build().is_ok());
    }
}

#[test]
fn a_letter_keeps_its_marks_and_a_tower_of_marks_is_shown_by_number() {
    let mut case = qualified();
    case.record.person.first_names = "Ame\u{301}lie a\u{301}\u{302}\u{303}\u{304}".into();
    let pages = pages_text(&case.build().unwrap());
    says(&pages, "[U+0303][U+0304]");
}

#[test]
fn long_names_and_texts_wrap_and_never_leave_the_page() {
    let long = ["W".repeat(300), "Maximiliana Wilhelmina ".repeat(13), "李".repeat(300), "e\u{301}".repeat(300)];
    for name in long {
        let mut case = qualified();
        case.record.person.first_names = name.clone();
        case.record.person.last_name = name.clone();
        case.record.rules.company = name.clone();
        case.record.rules.office = name.clone();
        case.record.operator.certificate_issuer = name.clone();
        let Identification::Document(check) = &mut case.record.identification else { panic!("by a passport") };
        check.remark = Some("En lang merknad uten ende. ".repeat(75));
        check.document.name.last_name = name.clone();
        let pdf = case.build().unwrap();
        for picture in preview::pages(&pdf, 0.5).unwrap() {
            let margin = (0..picture.height).flat_map(|y| [y * picture.width + 12, (y + 1) * picture.width - 13]);
            for at in margin {
                assert_eq!(picture.pixels[at as usize * 4..][..3], [255; 3], "ink in the margin");
            }
        }
    }
}

#[test]
fn the_accepted_terms_are_an_appendix_in_full() {
    let mut case = qualified();
    let clause =
        |n: usize| format!("Punkt {n}. Sluttbrukeren skal holde kort og PIN for seg selv og melde fra om tap uten opphold.");
    case.terms = (1..=220).map(clause).collect::<Vec<_>>().join("\n\n");
    case.record.terms.as_mut().unwrap().terms.text = Digest::of(case.terms.as_bytes());
    let pages = pages_text(&case.build().unwrap());
    let all = pages.concat();
    for n in 1..=220 {
        assert!(all.contains(&squeezed(&format!("Punkt {n}. Sluttbrukeren"))), "clause {n}");
    }
    let json = case.record.to_json().unwrap();
    assert_eq!(case.build_with(&json, |parts| parts.terms_text = None), Err(ReportError::TermsMissing));
}

#[test]
fn every_method_has_its_section() {
    let pages = pages_text(&third_party().build().unwrap());
    for text in [
        "Tredjepartslegitimering",
        "Tor Tredje",
        "Har arbeidet sammen i ti år.",
        "Samme person",
        "krevde ikke avtalevilkår",
        "krevde ikke signatur",
        "krevde ikke skanning",
    ] {
        says(&pages, text);
    }
    let mut case = third_party();
    case.record.function = Function::Renewal;
    case.record.card = Some(CardState::Valid);
    case.record.identification = Identification::OwnCard { card: card("Kari Anne Nordmann Ødegård") };
    says(&pages_text(&case.build().unwrap()), "Kortet beviste sin nøkkel etter riktig PIN.");
    case.record.identification = Identification::Operator { statement: "Kjenner personen fra før.".into() };
    says(&pages_text(&case.build().unwrap()), "Kjenner personen fra før.");
}

#[test]
fn the_pages_show_only_what_the_record_proves() {
    let case = qualified();
    let json = case.record.to_json().unwrap();
    let other = jpeg(9);
    let broken = b"\xff\xd8\xff not a picture".to_vec();
    let mut shorter = strokes();
    shorter.strokes.pop();
    let shorter = serde_json::to_vec(&shorter).unwrap();
    let spaced = serde_json::to_vec_pretty(&strokes()).unwrap();
    let refused = |change: &dyn Fn(&mut ReportParts<'_>)| {
        let mut parts = ReportParts {
            record: &case.record,
            record_json: &json,
            strokes_json: Some(&case.strokes),
            scan_jpeg: Some(&case.scan),
            previous_scan_jpeg: None,
            terms_text: Some(&case.terms),
        };
        change(&mut parts);
        report::build(&parts).unwrap_err()
    };
    assert_eq!(case.build_with(b"{}", |_| {}), Err(ReportError::RecordDiffers));
    let with_more = [json.strip_suffix(b"\n}").unwrap(), b",\n  \"more\": 1\n}"].concat();
    assert_eq!(case.build_with(&with_more, |_| {}), Err(ReportError::RecordDiffers), "the pages do not show it");
    let mut others = qualified();
    others.record.person.last_name = "Hansen".into();
    assert_eq!(case.build_with(&others.record.to_json().unwrap(), |_| {}).unwrap_err(), ReportError::RecordDiffers);
    assert_eq!(refused(&|parts| parts.scan_jpeg = None), ReportError::ScanMissing);
    assert_eq!(case.build_with(&json, |parts| parts.scan_jpeg = Some(&other)).unwrap_err(), ReportError::ScanDiffers);
    assert_eq!(refused(&|parts| parts.strokes_json = None), ReportError::StrokesMissing);
    assert_eq!(case.build_with(&json, |parts| parts.strokes_json = Some(&spaced)), Err(ReportError::StrokesDiffer));
    assert_eq!(case.build_with(&json, |parts| parts.strokes_json = Some(&shorter)), Err(ReportError::StrokesDiffer));
    assert_eq!(refused(&|parts| parts.terms_text = Some("other terms")), ReportError::TermsDiffer);
    let found = third_party();
    assert_eq!(
        found.build_with(&found.record.to_json().unwrap(), |parts| parts.previous_scan_jpeg = Some(&other)).unwrap_err(),
        ReportError::PreviousScanDiffers
    );
    assert_eq!(
        found.build_with(&found.record.to_json().unwrap(), |parts| parts.previous_scan_jpeg = None).unwrap_err(),
        ReportError::PreviousScanMissing
    );
    let mut future = qualified();
    future.record.layout += 1;
    assert_eq!(future.build(), Err(ReportError::OtherLayout));

    let mut unreadable = qualified();
    unreadable.record.scan.as_mut().unwrap().scan.upright.picture = Digest::of(&broken);
    unreadable.scan = broken;
    assert_eq!(unreadable.build(), Err(ReportError::ScanUnreadable));
    let mut endless = qualified();
    endless.terms = "x ".repeat(report::LARGEST_TERMS);
    endless.record.terms.as_mut().unwrap().terms.text = Digest::of(endless.terms.as_bytes());
    assert_eq!(endless.build(), Err(ReportError::TooLarge));
}

#[test]
fn a_truncated_picture_is_shown_or_refused_but_never_stops_the_program() {
    let whole = jpeg(3);
    for length in [0, 1, 2, 20, 200, 600, whole.len() / 2, whole.len() - 1] {
        let mut case = qualified();
        case.scan = whole[..length].to_vec();
        case.record.scan.as_mut().unwrap().scan.upright.picture = Digest::of(&case.scan);
        match case.build() {
            Ok(pdf) => assert!(!preview::pages(&pdf, 0.5).unwrap().is_empty()),
            Err(error) => assert_eq!(error, ReportError::ScanUnreadable, "{length} bytes"),
        }
    }
}

#[test]
fn the_preview_shows_every_page_with_ink_on_it() {
    let pdf = qualified().build().unwrap();
    let pages = pages_text(&pdf).len();
    let preview = Preview::open(&pdf).unwrap();
    assert_eq!(preview.pages(), pages);
    for index in 0..pages {
        let picture = preview.page(index, 1.5).unwrap();
        assert_eq!((picture.width, picture.height), (892, 1262), "A4 at 108 dpi");
        let dark = picture.pixels.chunks_exact(4).filter(|pixel| pixel[0] < 100).count();
        assert!(dark > 2_000, "page {} has {dark} dark pixels", index + 1);
        assert!(picture.pixels.chunks_exact(4).all(|pixel| pixel[3] == 255));
    }
    assert_eq!(preview::page(&pdf, 0, 1.5).unwrap(), preview.page(0, 1.5).unwrap());
}

#[test]
fn the_signature_is_drawn_true_to_scale() {
    let mut case = qualified();
    // One straight line of 50 mm on the same field.
    let line = (0..=50_u32).map(|mm| PenPoint { x: 30_000 + mm * 1_000, y: 20_000, t: mm * 10, p: None }).collect();
    let strokes = Strokes { strokes: vec![line], ..strokes() };
    case.record.signature.as_mut().unwrap().signature = captured(&strokes);
    case.strokes = serde_json::to_vec(&strokes).unwrap();
    let pdf = case.build().unwrap();
    let longest = preview::pages(&pdf, 2.0)
        .unwrap()
        .iter()
        .flat_map(|page| page.pixels.chunks_exact(page.width as usize * 4).map(longest_ink).collect::<Vec<_>>())
        .max()
        .unwrap();
    let expected = 50.5 / 25.4 * 72.0 * 2.0;
    assert!((f64::from(longest) - expected).abs() < 3.0, "{longest} pixels, not {expected:.0}");
}

/// The longest run of pixels of the ink's colour in one row.
fn longest_ink(row: &[u8]) -> u32 {
    let mut longest = 0;
    let mut run = 0;
    for pixel in row.chunks_exact(4) {
        let near = pixel.iter().zip(ink::INK).all(|(&a, b)| a.abs_diff(b) < 40);
        run = if near { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[test]
fn a_preview_has_limits() {
    let pdf = qualified().build().unwrap();
    assert_eq!(Preview::open(b"no pdf").err(), Some(PreviewError::NotReadable));
    let preview = Preview::open(&pdf).unwrap();
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 40.0] {
        assert_eq!(preview.page(0, scale), Err(PreviewError::ScaleOutOfRange), "{scale}");
    }
    assert_eq!(preview.page(999, 1.0), Err(PreviewError::NoSuchPage));
}
