//! LOCAL.toml: what belongs to this desk alone. BAM: the LOCAL file, which always lies on the station itself.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use jiff::tz::TimeZone;

use super::{
    Administrators, Broken, ConfigError, Language, Loaded, LogSettings, SealSettings, administrators, log,
    master::one_line,
    reader,
    schema::{Field, Key, Schema, Section},
    seal,
    source::{FILE_LIMIT, Source},
};

/// The content of LOCAL.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// This is a training desk: virtual devices and software keys are allowed, and every page is marked as training.
    pub training: bool,
    /// The ID office, as the report names the place of the control.
    pub office_name: Option<String>,
    /// IANA name of the office's time zone; loading checks it.
    pub time_zone: String,
    /// `[Scanner]`.
    pub scanner: Scanner,
    /// `[OperatorReader]`.
    pub operator_reader: ReaderSettings,
    /// `[HolderReader]`.
    pub holder_reader: ReaderSettings,
    /// `[SignaturePad]`.
    pub signature_pad: SignaturePad,
    /// `[Holder]`.
    pub holder: Holder,
    /// `[Windows]`.
    pub windows: Windows,
    /// `[Administrators]`.
    pub administrators: Administrators,
    /// `[Seal]`.
    pub seal: SealSettings,
    /// `[Log]`.
    pub log: LogSettings,
}

/// `[Scanner]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanner {
    /// Which library serves the scanner.
    pub driver: ScannerDriver,
    /// The scanner's name as the library lists it; `None` for the first one found.
    pub device: Option<String>,
    /// Resolution in dots per inch, 75–600.
    pub dpi: u16,
    /// Colour or grey.
    pub mode: ScanMode,
    /// A scanner that delivers nothing for so many seconds is taken to hang.
    pub hang_seconds: u16,
}

/// Which library serves the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScannerDriver {
    /// libsane and its backends.
    #[default]
    Sane,
    /// The virtual A6 scanner, through libsane as well. Training only.
    Virtual,
}

/// Colour or grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScanMode {
    /// 24 bits a pixel.
    #[default]
    Color,
    /// 8 bits a pixel.
    Gray,
}

/// `[SignaturePad]`: on what the holder signs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignaturePad {
    /// The device.
    pub driver: PadDriver,
    /// Maker and product of the pad as USB numbers them; `None` for the first pad of the series that is found.
    pub device: Option<(u16, u16)>,
}

/// On what the holder signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PadDriver {
    /// The touch screen on the holder's side.
    #[default]
    Touch,
    /// A pad of Wacom's STU series.
    Stu,
}

/// `[OperatorReader]` and `[HolderReader]`: the card readers on both sides of the desk (BAM: operator and user card reader).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReaderSettings {
    /// The road to the card.
    pub driver: CardDriver,
    /// The reader's name: the whole of it, or a part that no other reader's name has. `None` when there is only one.
    pub reader: Option<String>,
    /// The PKCS#11 module of the card's vendor; an absolute path. There with [`CardDriver::Pkcs11`], and only there.
    pub module: Option<PathBuf>,
    /// Whether the PIN is typed on the reader.
    pub pin_pad: PinPadUse,
}

/// The road to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CardDriver {
    /// PIV cards (NIST SP 800-73-4) through the system's PC/SC service.
    #[default]
    Pcsc,
    /// Any card through its vendor's PKCS#11 module.
    Pkcs11,
}

/// Whether the PIN is typed on the reader's PIN pad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinPadUse {
    /// On the PIN pad when the reader has one. Then the station accepts none.
    #[default]
    WhenPresent,
    /// Always at the station.
    Never,
    /// On the PIN pad alone: a card in a reader without one is not used.
    Required,
}

/// `[Holder]`: the screen on the holder's side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holder {
    /// The language that the screen greets in; the holder may choose another.
    pub language: Language,
    /// The order of the digits on the screen's PIN keys.
    pub pin_digits: PinDigits,
}

/// The order of the digits on the PIN keys of the holder's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinDigits {
    /// As on every pad: the order that hands and people who do not see it know.
    #[default]
    Fixed,
    /// Another order each time, so that nobody learns a PIN from the finger.
    Shuffled,
}

/// `[Windows]`: where the two windows open, how they look, and when they are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// The operator's window; `None` leaves the place to the desktop.
    pub operator: Option<WindowPlace>,
    /// The holder's window.
    pub holder: Option<WindowPlace>,
    /// The holder's window fills its screen.
    pub holder_full_screen: bool,
    /// The operator's window fills its screen.
    pub operator_full_screen: bool,
    /// The output of the operator's window, as the desktop names it; `None` leaves the place to the other keys.
    pub operator_output: Option<String>,
    /// The output of the holder's window.
    pub holder_output: Option<String>,
    /// How the operator's window looks until the operator chooses.
    pub operator_look: WindowLook,
    /// How the holder's window looks for each new person.
    pub holder_look: WindowLook,
    /// Both screens are locked when nobody has used them for so many minutes; 0 for never.
    pub lock_after_minutes: u8,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            operator: None,
            holder: None,
            holder_full_screen: false,
            operator_full_screen: false,
            operator_output: None,
            holder_output: None,
            operator_look: WindowLook::default(),
            holder_look: WindowLook::default(),
            lock_after_minutes: 5,
        }
    }
}

/// The colours of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colours {
    /// Dark on light, for rooms with daylight.
    #[default]
    Light,
    /// Light on dark, for dim rooms.
    Dark,
    /// White and yellow on black, for those who see little.
    Contrast,
}

impl Colours {
    /// The word in LOCAL.toml.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "high-contrast",
        }
    }

    /// The colours of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Light, Self::Dark, Self::Contrast].into_iter().find(|colours| colours.name() == name)
    }
}

/// How a window looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLook {
    /// Its colours.
    pub colours: Colours,
    /// Its text in per cent, 100–200.
    pub text_size: u16,
}

impl Default for WindowLook {
    fn default() -> Self {
        Self { colours: Colours::Light, text_size: 100 }
    }
}

/// Size and position of a window, in pixels of the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowPlace {
    /// Width, 320–16384.
    pub width: u16,
    /// Height, 240–16384.
    pub height: u16,
    /// Left and upper edge; negative on a screen to the left of or above the main one.
    pub position: Option<(i16, i16)>,
}

impl FromStr for WindowPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "is no size and position";
        let (size, position) = match text.split_once('@') {
            None => (text, None),
            Some((size, position)) => {
                let (x, y) = position.split_once(',').ok_or(FORM)?;
                (size, Some((x.parse().map_err(|_| FORM)?, y.parse().map_err(|_| FORM)?)))
            }
        };
        let (width, height) = size.split_once('x').ok_or(FORM)?;
        let (width, height) = (width.parse().map_err(|_| FORM)?, height.parse().map_err(|_| FORM)?);
        if !(320..=16384).contains(&width) || !(240..=16384).contains(&height) {
            return Err("is too small or too large");
        }
        Ok(Self { width, height, position })
    }
}

impl std::fmt::Display for WindowPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)?;
        self.position.map_or(Ok(()), |(x, y)| write!(f, "@{x},{y}"))
    }
}

impl Default for Local {
    fn default() -> Self {
        Self {
            training: false,
            office_name: None,
            time_zone: "Europe/Oslo".into(),
            scanner: Scanner::default(),
            operator_reader: ReaderSettings::default(),
            holder_reader: ReaderSettings::default(),
            signature_pad: SignaturePad::default(),
            holder: Holder::default(),
            windows: Windows::default(),
            administrators: Administrators::default(),
            seal: SealSettings::default(),
            log: LogSettings::default(),
        }
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self { driver: ScannerDriver::Sane, device: None, dpi: 300, mode: ScanMode::Color, hang_seconds: 15 }
    }
}

impl Local {
    /// The office's time zone. A file whose zone is unknown is not loaded; for a value made otherwise, UTC stands in.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// Reads LOCAL.toml.
pub fn load_local(path: &Path) -> Result<Loaded<Local>, ConfigError> {
    from_source(&Source::read(path, FILE_LIMIT)?)
}

/// Reads the text of a LOCAL.toml.
pub(super) fn from_source(source: &Source) -> Result<Loaded<Local>, ConfigError> {
    let loaded = reader::read(source, &SCHEMA)?;
    let mut problems = Vec::new();
    if loaded.value.scanner.driver == ScannerDriver::Virtual && !loaded.value.training {
        let message = "the virtual scanner is for training, and this desk is not a training desk".into();
        problems.push(loaded.contradiction("Scanner", "Driver", message, "Driver = \"sane\", or Training = true"));
    }
    for (section, reader) in [("OperatorReader", &loaded.value.operator_reader), ("HolderReader", &loaded.value.holder_reader)] {
        let (message, key, allowed) = match (reader.driver, &reader.module) {
            (CardDriver::Pkcs11, None) => (
                "the road through a PKCS#11 module needs the module",
                "Driver",
                "Module = the module's path, or Driver = \"pcsc\"",
            ),
            (CardDriver::Pcsc, Some(_)) => {
                ("a PKCS#11 module is named, and the road is another", "Module", "Driver = \"pkcs11\", or no Module")
            }
            _ => continue,
        };
        problems.push(loaded.contradiction(section, key, message.into(), allowed));
    }
    let administrators = &loaded.value.administrators;
    if administrators.require_signed_master && administrators.is_empty() {
        let message = "a signed MASTER.toml is required, but no administrator may sign it".into();
        let allowed =
            "Keys = [\"KEY NAME\"] or Certificates = [\"DIGEST NAME\"] in [Administrators], or RequireSignedMaster = false";
        problems.push(loaded.contradiction("Administrators", "RequireSignedMaster", message, allowed));
    }
    if administrators.four_eyes_for_vouching && !(administrators.require_signed_master && administrators.people() >= 2) {
        let message =
            "two administrators shall sign a MASTER.toml, but no signature is required, or fewer than two may sign".into();
        let allowed = "RequireSignedMaster = true and two people in Keys and Certificates of [Administrators], or FourEyesForVouching = false";
        problems.push(loaded.contradiction("Administrators", "FourEyesForVouching", message, allowed));
    }
    // The default too needs the machine's time zones.
    if TimeZone::get(&loaded.value.time_zone).is_err() {
        let message = format!("the time zone {} is not known on this machine", loaded.value.time_zone);
        let allowed = "an IANA name such as \"Europe/Oslo\", with the machine's time zones installed (package tzdata)";
        problems.push(loaded.contradiction("", "TimeZone", message, allowed));
    }
    if problems.is_empty() { Ok(loaded) } else { Err(ConfigError::new(Broken::Contradiction, problems)) }
}

/// The keys of a card reader's section. The two sections differ in the place of their values alone, which a plain function
/// cannot say: a key holds functions without surroundings.
macro_rules! reader_keys {
    ($reader:ident) => {
        [
            Key {
                name: "Driver",
                required: false,
                since: "0.1.0",
                field: Field::Choice {
                    of: &["pcsc", "pkcs11"],
                    get: |local| match local.$reader.driver {
                        CardDriver::Pcsc => "pcsc",
                        CardDriver::Pkcs11 => "pkcs11",
                    },
                    set: |local, word| {
                        local.$reader.driver = match word {
                            "pcsc" => CardDriver::Pcsc,
                            "pkcs11" => CardDriver::Pkcs11,
                            _ => return false,
                        };
                        true
                    },
                },
                effect: "The road to the card: a PIV card through the system's PC/SC service, or any card through its vendor's PKCS#11 \
                         module.",
            },
            Key {
                name: "Reader",
                required: false,
                since: "0.1.0",
                field: Field::Text {
                    allowed: "the reader's name as `bam-station card list` shows it, or a part that no other reader's name has",
                    get: |local| local.$reader.reader.clone(),
                    set: |local, text| one_line(text).map(|name| local.$reader.reader = Some(name)),
                },
                effect: "Which reader. Without it: the only one that is connected.",
            },
            Key {
                name: "Module",
                required: false,
                since: "0.1.0",
                field: Field::Text {
                    allowed: "the absolute path of a PKCS#11 module",
                    get: |local| local.$reader.module.as_ref().map(|path| path.display().to_string()),
                    set: |local, text| module(text).map(|path| local.$reader.module = Some(path)),
                },
                effect: "The PKCS#11 module of the card's vendor, for Driver = \"pkcs11\". It runs in a process of its own.",
            },
            Key {
                name: "PinPad",
                required: false,
                since: "0.1.0",
                field: Field::Choice {
                    of: &["when-present", "never", "required"],
                    get: |local| match local.$reader.pin_pad {
                        PinPadUse::WhenPresent => "when-present",
                        PinPadUse::Never => "never",
                        PinPadUse::Required => "required",
                    },
                    set: |local, word| {
                        local.$reader.pin_pad = match word {
                            "when-present" => PinPadUse::WhenPresent,
                            "never" => PinPadUse::Never,
                            "required" => PinPadUse::Required,
                            _ => return false,
                        };
                        true
                    },
                },
                effect: "Whether the PIN is typed on the reader's PIN pad: when it has one, never, or a reader without one is not used. \
                         Where the pad is used the station accepts no typed PIN.",
            },
        ]
    };
}

/// Maker and product, four hexadecimal digits each.
fn usb_id(text: &str) -> Result<(u16, u16), &'static str> {
    let number = |part: &str| (part.len() == 4).then(|| u16::from_str_radix(part, 16).ok()).flatten();
    let (maker, product) = text.split_once(':').ok_or("has no colon")?;
    number(maker).zip(number(product)).ok_or("is not twice four hexadecimal digits")
}

/// An absolute path: what is loaded must not depend on the folder in which the station was started.
fn module(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(one_line(text)?);
    if path.is_absolute() { Ok(path) } else { Err("is no absolute path") }
}

/// The description of LOCAL.toml.
pub static SCHEMA: Schema<Local> = Schema {
    file: "LOCAL.toml",
    about: "This desk: its devices, screens and time zone. Always on the station itself.",
    sections: &[
        Section {
            name: "",
            about: "The desk.",
            keys: &[
                Key {
                    name: "Training",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|local| &mut local.training),
                    effect: "A training desk: virtual devices and software keys are allowed for every kind of certificate, and every \
                             page is marked as training.",
                },
                Key {
                    name: "OfficeName",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "a text of 1 to 200 characters on one line",
                        get: |local| local.office_name.clone(),
                        set: |local, text| one_line(text).map(|name| local.office_name = Some(name)),
                    },
                    effect: "The ID office, as the report names the place of the control.",
                },
                Key {
                    name: "TimeZone",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "an IANA time zone, for example \"Europe/Oslo\"",
                        get: |local| Some(local.time_zone.clone()),
                        set: |local, text| one_line(text).map(|zone| local.time_zone = zone),
                    },
                    effect: "Local times on the screens and in the report. Records keep UTC.",
                },
            ],
        },
        Section {
            name: "Scanner",
            about: "The A6 scanner.",
            keys: &[
                Key {
                    name: "Driver",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &["sane", "virtual"],
                        get: |local| match local.scanner.driver {
                            ScannerDriver::Sane => "sane",
                            ScannerDriver::Virtual => "virtual",
                        },
                        set: |local, word| {
                            local.scanner.driver = match word {
                                "sane" => ScannerDriver::Sane,
                                "virtual" => ScannerDriver::Virtual,
                                _ => return false,
                            };
                            true
                        },
                    },
                    effect: "A scanner that libsane knows, or the virtual one, which is for training only.",
                },
                Key {
                    name: "Device",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "a scanner's name as libsane lists it",
                        get: |local| local.scanner.device.clone(),
                        set: |local, text| one_line(text).map(|device| local.scanner.device = Some(device)),
                    },
                    effect: "The scanner of this desk. Without it: the first one found.",
                },
                Key {
                    name: "Dpi",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 75, max: 600, at: |local| &mut local.scanner.dpi },
                    effect: "Resolution in dots per inch. The machine-readable zone needs about 200 or more.",
                },
                Key {
                    name: "Mode",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &["Color", "Gray"],
                        get: |local| match local.scanner.mode {
                            ScanMode::Color => "Color",
                            ScanMode::Gray => "Gray",
                        },
                        set: |local, word| {
                            local.scanner.mode = match word {
                                "Color" => ScanMode::Color,
                                "Gray" => ScanMode::Gray,
                                _ => return false,
                            };
                            true
                        },
                    },
                    effect: "Colour or grey.",
                },
                Key {
                    name: "HangSeconds",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 2, max: 120, at: |local| &mut local.scanner.hang_seconds },
                    effect: "A scanner that delivers nothing for so many seconds is taken to hang and is started anew.",
                },
            ],
        },
        Section { name: "OperatorReader", about: "The operator's card reader.", keys: &reader_keys!(operator_reader) },
        Section {
            name: "HolderReader",
            about: "The card reader on the holder's side (BAM: user card reader): for the holder's and a third party's card.",
            keys: &reader_keys!(holder_reader),
        },
        Section {
            name: "SignaturePad",
            about: "On what the holder signs.",
            keys: &[
                Key {
                    name: "Driver",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &["touch", "stu"],
                        get: |local| match local.signature_pad.driver {
                            PadDriver::Touch => "touch",
                            PadDriver::Stu => "stu",
                        },
                        set: |local, word| {
                            local.signature_pad.driver = match word {
                                "touch" => PadDriver::Touch,
                                "stu" => PadDriver::Stu,
                                _ => return false,
                            };
                            true
                        },
                    },
                    effect: "The touch screen on the holder's side, or a Wacom STU signature pad beside it. While a pad cannot be used \
                             the holder signs on the touch screen.",
                },
                Key {
                    name: "Device",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: "maker and product as `lsusb` shows them, for example \"056a:00a4\"",
                        get: |local| local.signature_pad.device.map(|(maker, product)| format!("{maker:04x}:{product:04x}")),
                        set: |local, text| usb_id(text).map(|id| local.signature_pad.device = Some(id)),
                    },
                    effect: "Which pad, for Driver = \"stu\". Without it: the first STU pad that is connected.",
                },
            ],
        },
        Section {
            name: "Holder",
            about: "The screen on the holder's side.",
            keys: &[
                Key {
                    name: "Language",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &bam_station_ui::LANGUAGES,
                        get: |local| local.holder.language.code(),
                        set: |local, word| Language::from_code(word).map(|language| local.holder.language = language).is_some(),
                    },
                    effect: "The language in which the screen greets. The holder may choose another.",
                },
                Key {
                    name: "PinDigits",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &["fixed", "shuffled"],
                        get: |local| match local.holder.pin_digits {
                            PinDigits::Fixed => "fixed",
                            PinDigits::Shuffled => "shuffled",
                        },
                        set: |local, word| {
                            local.holder.pin_digits = match word {
                                "fixed" => PinDigits::Fixed,
                                "shuffled" => PinDigits::Shuffled,
                                _ => return false,
                            };
                            true
                        },
                    },
                    effect: "The order of the digits on the screen's PIN keys: as on every pad, or another one each time. A reader with \
                             a PIN pad uses its own.",
                },
            ],
        },
        Section {
            name: "Windows",
            about: "Where the two windows open, how they look, and when they are locked. Where no key says it, the desktop places them.",
            keys: &[
                Key {
                    name: "Operator",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: WINDOW_PLACE,
                        get: |local| local.windows.operator.map(|place| place.to_string()),
                        set: |local, text| text.parse().map(|place| local.windows.operator = Some(place)),
                    },
                    effect: "Size and position of the operator's window in pixels of the desktop.",
                },
                Key {
                    name: "Holder",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: WINDOW_PLACE,
                        get: |local| local.windows.holder.map(|place| place.to_string()),
                        set: |local, text| text.parse().map(|place| local.windows.holder = Some(place)),
                    },
                    effect: "Size and position of the holder's window.",
                },
                Key {
                    name: "HolderFullScreen",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|local| &mut local.windows.holder_full_screen),
                    effect: "The holder's window fills its screen, without a frame.",
                },
                Key {
                    name: "OperatorFullScreen",
                    required: false,
                    since: "0.1.0",
                    field: Field::Switch(|local| &mut local.windows.operator_full_screen),
                    effect: "The operator's window fills its screen.",
                },
                Key {
                    name: "OperatorOutput",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: OUTPUT,
                        get: |local| local.windows.operator_output.clone(),
                        set: |local, text| output(text).map(|name| local.windows.operator_output = Some(name)),
                    },
                    effect: "The screen of the operator's window by the name of its output. A screen that was away is taken again when it comes back.",
                },
                Key {
                    name: "HolderOutput",
                    required: false,
                    since: "0.1.0",
                    field: Field::Text {
                        allowed: OUTPUT,
                        get: |local| local.windows.holder_output.clone(),
                        set: |local, text| output(text).map(|name| local.windows.holder_output = Some(name)),
                    },
                    effect: "The screen of the holder's window. With it the window fills that screen and stays on top.",
                },
                Key {
                    name: "OperatorColours",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &["light", "dark", "high-contrast"],
                        get: |local| local.windows.operator_look.colours.name(),
                        set: |local, word| Colours::named(word).map(|it| local.windows.operator_look.colours = it).is_some(),
                    },
                    effect: "The colours of the operator's window until the operator chooses others there.",
                },
                Key {
                    name: "OperatorTextSize",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 100, max: 200, at: |local| &mut local.windows.operator_look.text_size },
                    effect: "The text of the operator's window in per cent, until the operator chooses another size there.",
                },
                Key {
                    name: "HolderColours",
                    required: false,
                    since: "0.1.0",
                    field: Field::Choice {
                        of: &["light", "dark", "high-contrast"],
                        get: |local| local.windows.holder_look.colours.name(),
                        set: |local, word| Colours::named(word).map(|it| local.windows.holder_look.colours = it).is_some(),
                    },
                    effect: "The colours with which the holder's window meets each person. The person may choose others.",
                },
                Key {
                    name: "HolderTextSize",
                    required: false,
                    since: "0.1.0",
                    field: Field::Number { min: 100, max: 200, at: |local| &mut local.windows.holder_look.text_size },
                    effect: "The text with which the holder's window meets each person, in per cent.",
                },
                Key {
                    name: "LockAfterMinutes",
                    required: false,
                    since: "0.1.0",
                    field: Field::Count { min: 0, max: 60, at: |local| &mut local.windows.lock_after_minutes },
                    effect: "Both screens are locked when nobody has used them for so many minutes, with a warning a minute before; an open \
                             control waits. 0 for never.",
                },
            ],
        },
        administrators::SECTION,
        seal::SECTION,
        log::SECTION,
    ],
    lists: &[],
};

const WINDOW_PLACE: &str = "\"WIDTHxHEIGHT\" or \"WIDTHxHEIGHT@X,Y\", at least 320x240, for example \"1280x800@1920,0\"";

const OUTPUT: &str =
    "the name of an output as the desktop tells it, for example \"HDMI-1\" (xrandr lists them), 1 to 64 characters";

fn output(text: &str) -> Result<String, &'static str> {
    let good = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if good { Ok(text.to_owned()) } else { Err("is no name of an output") }
}
