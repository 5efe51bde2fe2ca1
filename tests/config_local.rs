//! LOCAL.toml: this desk's devices and screens.

use std::fs;

use bam_station::config::{
    Broken, ConfigError, Language, Loaded, Local, load_local,
    local::{CardDriver, PinPadUse, ReaderSettings, ScanMode, ScannerDriver, WindowPlace},
};

fn local(content: &str) -> Result<Loaded<Local>, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("LOCAL.toml");
    fs::write(&path, content).unwrap();
    load_local(&path)
}

#[test]
fn a_file_that_says_nothing_is_a_desk_in_operation() {
    let desk = local("# all defaults\n").unwrap().value;
    assert_eq!(desk, Local::default());
    assert!(!desk.training);
    assert_eq!((desk.scanner.driver, desk.scanner.dpi, desk.scanner.mode), (ScannerDriver::Sane, 300, ScanMode::Color));
    assert_eq!(desk.holder.language, Language::NB);
}

#[test]
fn every_key_reaches_its_place() {
    let desk = local(
        "Training = true\nOfficeName = \"Ullevål\"\nTimeZone = \"Arctic/Longyearbyen\"\n\
         [Scanner]\nDriver = \"virtual\"\nDevice = \"bamvirtual:a6\"\nDpi = 600\nMode = \"Gray\"\nHangSeconds = 30\n\
         [Holder]\nLanguage = \"en\"\n\
         [Windows]\nOperator = \"1920x1080\"\nHolder = \"1280x800@-1280,0\"\nHolderFullScreen = true\n",
    )
    .unwrap()
    .value;
    assert!(desk.training && desk.windows.holder_full_screen);
    assert_eq!(desk.office_name.as_deref(), Some("Ullevål"));
    assert_eq!(desk.zone().iana_name(), Some("Arctic/Longyearbyen"));
    assert_eq!(desk.scanner.driver, ScannerDriver::Virtual);
    assert_eq!(desk.scanner.device.as_deref(), Some("bamvirtual:a6"));
    assert_eq!((desk.scanner.dpi, desk.scanner.mode, desk.scanner.hang_seconds), (600, ScanMode::Gray, 30));
    assert_eq!(desk.holder.language, Language::EN);
    assert_eq!(desk.windows.operator, Some(WindowPlace { width: 1920, height: 1080, position: None }));
    assert_eq!(desk.windows.holder, Some(WindowPlace { width: 1280, height: 800, position: Some((-1280, 0)) }));
}

#[test]
fn each_reader_has_a_road_a_name_and_a_rule_for_its_pin_pad() {
    let desk = local(
        "[OperatorReader]\nDriver = \"pkcs11\"\nReader = \"ACR88\"\nModule = \"/usr/lib/vendor.so\"\nPinPad = \"required\"\n\
         [HolderReader]\nReader = \"ACR89\"\nPinPad = \"never\"\n",
    )
    .unwrap()
    .value;
    let ReaderSettings { driver, reader, module, pin_pad } = desk.operator_reader;
    assert_eq!((driver, pin_pad), (CardDriver::Pkcs11, PinPadUse::Required));
    assert_eq!((reader.as_deref(), module), (Some("ACR88"), Some("/usr/lib/vendor.so".into())));
    assert_eq!((desk.holder_reader.driver, desk.holder_reader.pin_pad), (CardDriver::Pcsc, PinPadUse::Never));
    assert_eq!(desk.holder_reader.reader.as_deref(), Some("ACR89"));
    assert_eq!(Local::default().operator_reader, ReaderSettings::default());
}

#[test]
fn a_module_and_its_road_belong_together() {
    let error = local("[HolderReader]\nDriver = \"pkcs11\"\n").unwrap_err();
    let found = &error.diagnostics()[0];
    assert_eq!((found.line, found.column), (2, 1), "{found}");
    assert!(found.allowed.contains("Module"), "{found}");
    let error = local("[OperatorReader]\nModule = \"/usr/lib/vendor.so\"\n").unwrap_err();
    assert_eq!((error.kind(), error.diagnostics()[0].line), (Broken::Contradiction, 2));
    // A path that depends on the working folder, or on the loader's search path.
    for wrong in ["vendor.so", "./vendor.so", ""] {
        assert!(local(&format!("[OperatorReader]\nDriver = \"pkcs11\"\nModule = \"{wrong}\"\n")).is_err(), "{wrong}");
    }
}

#[test]
fn the_virtual_scanner_needs_a_training_desk() {
    let error = local("Training = false\n[Scanner]\nDriver = \"virtual\"\n").unwrap_err();
    assert_eq!(error.kind(), Broken::Contradiction);
    let found = &error.diagnostics()[0];
    assert_eq!((found.line, found.column), (3, 1), "{found}");
    assert_eq!(found.allowed, "Driver = \"sane\", or Training = true");
    local("Training = true\n[Scanner]\nDriver = \"sane\"\n").unwrap();
}

#[test]
fn an_unknown_time_zone_is_found() {
    let error = local("\nTimeZone = \"Europe/Olso\"\n").unwrap_err();
    let found = &error.diagnostics()[0];
    assert_eq!((found.line, found.column), (2, 1), "{found}");
    assert!(found.message.contains("Europe/Olso") && found.allowed.contains("Europe/Oslo"), "{found}");
}

#[test]
fn a_window_place_that_makes_no_sense_is_refused() {
    for wrong in ["1280", "1280x", "x800", "10x10", "1280x800@", "1280x800@5", "1280x800@99999,0", "70000x800", "1280 x 800"] {
        let error = local(&format!("[Windows]\nHolder = \"{wrong}\"\n")).unwrap_err();
        let found = &error.diagnostics()[0];
        assert_eq!((found.line, found.column), (2, 10), "{wrong}: {found}");
        assert!(found.allowed.contains("WIDTHxHEIGHT@X,Y"), "{found}");
    }
}

#[test]
fn numbers_outside_their_range_are_refused() {
    for (key, wrong) in [("Dpi", 74), ("Dpi", 601), ("HangSeconds", 1), ("HangSeconds", 121)] {
        let error = local(&format!("[Scanner]\n{key} = {wrong}\n")).unwrap_err();
        assert!(error.diagnostics()[0].allowed.contains("a whole number from"), "{error}");
    }
    local("[Scanner]\nDpi = 75\nHangSeconds = 120\n").unwrap();
}
