//! What devices and the holder's screen bring in: terms, strokes, scans. It is kept as evidence first and then told to the control.

use crate::{
    config::{Language, local::ScanMode},
    control::{
        Command, Control, Identification,
        scan::{Crop, DocumentScan, Examined, TakenScan, Upright, ZoneRead},
        signature::{CapturedSignature, Strokes},
        terms::ShownTerms,
    },
    device::{
        pad::PadError,
        scanner::{ColourMode, Lay, RawScan, ScanControl, ScanError, ScanJob},
    },
    digest::Digest,
    imaging::{
        Examination, examine,
        ink::{self, InkError},
        mrz::{self, Zone},
        specimen::{Specimen, SpecimenError, SpecimenKind},
        upright::{self, Turn, UprightError},
    },
    register::{MAX_EVIDENCE_BYTES, RegisterError},
    rules::{DocumentKind, DocumentName, Pose},
};

use super::{ActError, Station};

/// Why nothing was captured.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The control or the register.
    #[error(transparent)]
    Act(#[from] ActError),
    /// No terms are in force in this language.
    #[error(
        "no terms are in force for this kind of certificate in this language: choose the other language, or complete terms.toml"
    )]
    NoTerms,
    /// More samples than a signature can have.
    #[error("the signature has more than {} samples: clear the field and sign again", Strokes::MOST_POINTS)]
    TooManyPoints,
    /// The strokes cannot be drawn.
    #[error(transparent)]
    Ink(#[from] InkError),
    /// The scan cannot be made upright.
    #[error(transparent)]
    Upright(#[from] UprightError),
    /// There is no scan to turn.
    #[error("there is no scan to turn: scan first")]
    NoScan,
    /// The holder cancelled on the pad.
    #[error("the holder cancelled on the signature pad: ask whether the holder wants to sign, then start the pad again")]
    PadDeclined,
    /// This desk has no pad.
    #[error("this desk has no signature pad: set Driver = \"stu\" in [SignaturePad] of LOCAL.toml, or sign on the touch screen")]
    NoPad,
    /// The pad.
    #[error(transparent)]
    Pad(#[from] PadError),
    /// The kind of the presented document is no longer in `documents.toml`.
    #[error("documents.toml no longer has the kind of the presented document: put it back, or abort this control")]
    KindGone,
}

impl From<RegisterError> for CaptureError {
    fn from(error: RegisterError) -> Self {
        Self::Act(error.into())
    }
}

impl CaptureError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Act(error) => error.code(),
            Self::NoTerms => "TERMS_NOT_IN_FORCE",
            Self::TooManyPoints => "SIGNATURE_TOO_LONG",
            Self::Ink(error) => error.code(),
            Self::Upright(error) => error.code(),
            Self::NoScan => "NO_SCAN_TO_TURN",
            Self::KindGone => "DOCUMENT_KIND_GONE",
            Self::PadDeclined => "PAD_DECLINED",
            Self::NoPad => "PAD_NOT_CONFIGURED",
            Self::Pad(error) => error.code(),
        }
    }
}

/// Why there is no scan.
#[derive(Debug, thiserror::Error)]
pub enum ScanFault {
    /// The scanner. It is recorded in the control.
    #[error(transparent)]
    Scanner(#[from] ScanError),
    /// Everything behind the scanner.
    #[error(transparent)]
    Capture(#[from] CaptureError),
}

impl ScanFault {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scanner(error) => error.code(),
            Self::Capture(error) => error.code(),
        }
    }
}

/// Why nothing lies on the virtual glass.
#[derive(Debug, thiserror::Error)]
pub enum LayError {
    /// The bytes are no picture.
    #[error("the picture for the virtual scanner is no PNG or JPEG of at most 12000 × 12000 pixels: choose another")]
    NoPicture,
    /// The scanner of this desk is a real one.
    #[error("a picture can be laid on the virtual scanner only: set Driver = \"virtual\" in LOCAL.toml of a training desk")]
    NoVirtualGlass,
    /// The virtual scanner.
    #[error(transparent)]
    Scanner(#[from] ScanError),
    /// The specimen document.
    #[error(transparent)]
    Specimen(#[from] SpecimenError),
}

impl LayError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPicture => "NO_PICTURE",
            Self::NoVirtualGlass => "NO_VIRTUAL_GLASS",
            Self::Scanner(error) => error.code(),
            Self::Specimen(error) => error.code(),
        }
    }
}

/// Resolution at which a specimen is drawn, dots per inch.
const SPECIMEN_DPI: u16 = 300;

impl Station {
    /// Puts the terms in force before the holder. The text is kept as it was shown.
    pub fn show_terms(&mut self, language: Language) -> Result<&Control, CaptureError> {
        let control = self.control.as_ref().ok_or(ActError::NoControl)?;
        let today = self.now().today;
        let terms = self.configuration.terms.for_certificate(control.opening().certificate, language, today);
        let terms = terms.ok_or(CaptureError::NoTerms)?;
        let shown = ShownTerms {
            id: terms.id.clone(),
            version: terms.version.clone(),
            language: language.code().to_owned(),
            title: terms.title.clone(),
            text: self.register.evidence().put(terms.text.as_bytes())?,
        };
        Ok(self.act(Command::ShowTerms(shown))?)
    }

    /// Whether the holder may sign now.
    ///
    /// # Errors
    /// Nobody may act on the control, or it waits for something else.
    pub fn ready_to_sign(&self) -> Result<(), ActError> {
        Ok(self.attended()?.ready_to_sign()?)
    }

    /// Takes the holder's signature.
    pub fn capture_signature(&mut self, strokes: &Strokes) -> Result<&Control, CaptureError> {
        let control = self.attended()?;
        // A stroke without a sample is no ink, but it takes room.
        if strokes.points().saturating_add(strokes.strokes.len()) > Strokes::MOST_POINTS {
            return Err(CaptureError::TooManyPoints);
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let json = serde_json::to_vec(strokes).map_err(|_| CaptureError::TooManyPoints)?;
        let picture = ink::picture(strokes)?;
        let captured = CapturedSignature {
            strokes: Digest::of(&json),
            picture: Digest::of(&picture),
            stroke_count: count(strokes.strokes.len()),
            points: count(strokes.points()),
            duration_ms: strokes.duration_ms(),
            ink_length: strokes.ink_length(),
        };
        // A signature that is refused is not kept either: no entry of the journal would ever name it.
        control.decide(Command::CaptureSignature(captured.clone()), self.now()).map_err(ActError::from)?;
        self.register.evidence().put(&json)?;
        self.register.evidence().put(&picture)?;
        Ok(self.keep(Command::CaptureSignature(captured))?)
    }

    /// Scans the presented document and examines the picture. Takes as long as the scanner does, and a moment after its last
    /// row; a fault of the scanner is recorded in the control.
    pub fn scan(&mut self, watch: &ScanControl) -> Result<&Control, ScanFault> {
        self.scan_showing(watch, |_| {})
    }

    /// The same. `show` is given the upright picture as soon as it is made: to be looked at while it is encoded and kept. It is
    /// no part of the control before this returns.
    pub fn scan_showing(&mut self, watch: &ScanControl, show: impl FnOnce(&RawScan)) -> Result<&Control, ScanFault> {
        let control = self.attended().map_err(CaptureError::from)?;
        control.ready_to_scan().map_err(|refusal| CaptureError::from(ActError::from(refusal)))?;
        let kind = self.presented_kind(control).ok_or(CaptureError::KindGone)?.clone();
        let scanner = &self.configuration.local.value.scanner;
        let job = ScanJob {
            device: scanner.device.clone(),
            mode: match scanner.mode {
                ScanMode::Color => ColourMode::Colour,
                ScanMode::Gray => ColourMode::Grey,
            },
            ..ScanJob::a6(scanner.dpi)
        };
        // While the scanner works, so that its first picture does not wait for it.
        let outcome = std::thread::scope(|threads| {
            threads.spawn(mrz::prepare);
            self.scanner.scan(&job, watch)
        });
        self.clear_glass();
        let raw = match outcome {
            Ok(raw) => raw,
            Err(error) => {
                self.keep(Command::RecordScanFault { code: error.code().to_owned() }).map_err(CaptureError::from)?;
                return Err(error.into());
            }
        };
        let scan = self.keep_scan(&raw, &kind, show)?;
        self.keep(Command::TakeScan(Box::new(TakenScan { scan, kind }))).map_err(CaptureError::from)?;
        self.raw_scan = Some(raw);
        Ok(self.control.as_ref().ok_or(ActError::NoControl).map_err(CaptureError::from)?)
    }

    /// Finds the document on the scan and shows it upright. Only then both pictures are encoded: the operator looks meanwhile.
    fn keep_scan(&self, raw: &RawScan, kind: &DocumentKind, show: impl FnOnce(&RawScan)) -> Result<DocumentScan, CaptureError> {
        let seen = examine(raw, Some(kind))?;
        // Without a place on the glass the picture stays whole, turned as documents of the kind are laid.
        let turn = seen.placement.map_or(upright::turn_for(kind.pose), |placement| placement.turn);
        let crop = seen.placement.as_ref().map(Crop::of);
        let picture = upright_pixels(raw, turn, crop)?;
        show(&picture);
        let (png, upright) = std::thread::scope(|threads| {
            let png = threads.spawn(|| upright::raw_png(raw));
            let upright = self.keep_upright(&picture, turn, crop);
            let png = png.join().unwrap_or_else(|_| Err(UprightError::Encoding("it ended early".to_owned())));
            (png, upright)
        });
        Ok(DocumentScan {
            raw: self.register.evidence().put(&png?)?,
            raw_width: raw.width_px,
            raw_height: raw.height_px,
            dpi: raw.dpi,
            device: raw.device.clone(),
            upright: upright?,
            examined: Some(examined(&seen)),
        })
    }

    fn keep_upright(&self, picture: &RawScan, turn: Turn, crop: Option<Crop>) -> Result<Upright, CaptureError> {
        let encoded = upright::encoded(picture)?;
        Ok(Upright {
            picture: self.register.evidence().put(&encoded.jpeg)?,
            turn,
            crop,
            width: encoded.width_px,
            height: encoded.height_px,
        })
    }

    /// Turns the picture by hand, clockwise on top of how it stands.
    pub fn turn_scan(&mut self, by: Turn) -> Result<&Control, CaptureError> {
        let control = self.attended()?;
        let scan = control.scan().current().ok_or(CaptureError::NoScan)?;
        control.decide(Command::TurnScan(scan.upright.clone()), self.now()).map_err(ActError::from)?;
        let (turn, crop) = (scan.upright.turn.then(by), scan.upright.crop.map(|crop| crop.turned(by)));
        let picture = if let Some(raw) = &self.raw_scan {
            upright_pixels(raw, turn, crop)?
        } else {
            // After a restart the raw picture is read back from the evidence.
            let png = self.register.evidence().get(&scan.raw, MAX_EVIDENCE_BYTES)?;
            upright_pixels(&upright::raw_from_png(&png, scan.dpi, &scan.device)?, turn, crop)?
        };
        let upright = self.keep_upright(&picture, turn, crop)?;
        Ok(self.keep(Command::TurnScan(upright))?)
    }

    /// A piece of evidence, checked against its digest.
    pub fn evidence(&self, digest: &Digest) -> Result<Vec<u8>, RegisterError> {
        self.register.evidence().get(digest, MAX_EVIDENCE_BYTES)
    }

    /// Decodes a picture of a page that is to be laid on the virtual glass; `None` when it is none, or too large.
    pub(super) fn decode_page(bytes: &[u8]) -> Option<image::RgbImage> {
        let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok()?;
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(12_000);
        limits.max_image_height = Some(12_000);
        reader.limits(limits);
        Some(reader.decode().ok()?.into_rgb8())
    }

    /// Training: lays a picture of an upright page on the virtual glass, in the pose that the document's kind asks for.
    pub fn lay_on_glass(&self, picture: &[u8], dpi: u16) -> Result<(), LayError> {
        let page = Self::decode_page(picture).ok_or(LayError::NoPicture)?;
        let glass = self.glass.as_ref().ok_or(LayError::NoVirtualGlass)?;
        let pose = self.control.as_ref().map_or(Pose::Lying, |control| self.pose(control));
        Ok(glass.lay(&page, dpi, Lay::from(pose))?)
    }

    /// Training with the virtual scanner: lays a specimen on the glass that carries what the presented document says.
    pub fn lay_specimen(&self) -> Result<(), LayError> {
        let (Some(glass), Some(control)) = (&self.glass, &self.control) else { return Ok(()) };
        let Some((Identification::Document(check), _)) = control.identification() else { return Ok(()) };
        let pose = self.pose(control);
        let kind = if pose == Pose::Upright { SpecimenKind::Passport } else { SpecimenKind::IdCard };
        let document = &check.document;
        let example = Specimen::example(kind);
        let signature = control.signature().current().and_then(|signature| {
            let strokes = self.evidence(&signature.strokes).ok()?;
            serde_json::from_slice(&strokes).ok()
        });
        let (given_names, surname) = printed(&document.name);
        let has_zone = self.presented_kind(control).is_none_or(|kind| kind.mrz.is_some());
        // A passport never has a longer number; a card may, in a form that the specimen does not have.
        let fits = kind == SpecimenKind::Passport || document.number.chars().filter(char::is_ascii_alphanumeric).count() <= 9;
        let specimen = Specimen {
            surname,
            given_names,
            issuing_state: document.issuing_state.clone(),
            number: document.number.chars().filter(char::is_ascii_alphanumeric).take(9).collect::<String>().to_uppercase(),
            birth: document.birth_date,
            issued: document.issued.unwrap_or(example.issued),
            expires: document.expires,
            personal_number: document.identity_number.as_ref().map(|number| number.digits().to_owned()),
            machine_readable: has_zone && fits,
            signature: signature.unwrap_or_else(|| example.signature.clone()),
            ..example
        };
        let page = specimen.draw(SPECIMEN_DPI)?;
        Ok(glass.lay(&page, SPECIMEN_DPI, Lay::from(pose))?)
    }

    /// Takes the picture of a document off the virtual glass: it is needed for one scan.
    pub(super) fn clear_glass(&self) {
        if let Some(glass) = &self.glass {
            // The picture goes in any case; a glass that cannot be told so is found empty.
            drop(glass.lift());
        }
    }

    fn pose(&self, control: &Control) -> Pose {
        self.presented_kind(control).map_or(Pose::Lying, |kind| kind.pose)
    }

    /// The kind of the document that was presented.
    fn presented_kind(&self, control: &Control) -> Option<&DocumentKind> {
        let Some((Identification::Document(check), _)) = control.identification() else { return None };
        self.configuration.document_kind(&check.kind)
    }
}

/// The picture for people: the document alone where its place on the glass is known, otherwise the whole glass.
fn upright_pixels(raw: &RawScan, turn: Turn, crop: Option<Crop>) -> Result<RawScan, UprightError> {
    crop.map_or_else(|| upright::turned(raw, turn), |crop| crop.placement(turn).upright(raw))
}

/// What was seen, as the control keeps it. Of a zone that is not certain nothing is taken over.
fn examined(seen: &Examination) -> Examined {
    let certain = |zone: &Zone| ZoneRead::Certain { format: zone.format(), lines: zone.text.lines() };
    let zone = match &seen.zone {
        None => ZoneRead::NotFound,
        Some(zone) => zone.doubt.map_or_else(|| certain(zone), |why| ZoneRead::Uncertain { why }),
    };
    Examined { findings: seen.findings.clone(), zone }
}

/// Given names and surname as they are printed: a middle name stands with the first names.
fn printed(name: &DocumentName) -> (String, String) {
    let given = [Some(name.first_names.as_str()), name.middle.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (given, name.last_name.clone())
}
