//! LOCAL.toml: this desk's devices and screens.

use std::fs;

use bam_station::config::{
    Broken, ConfigError, Language, Loaded, Local, load_local,
    local::{ScanMode, ScannerDriver, WindowPlace},
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
    assert_eq!(desk.holder.language, Language::Nb);
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
    assert_eq!(desk.holder.language, Language::En);
    assert_eq!(desk.windows.operator, Some(WindowPlace { width: 1920, height: 1080, position: None }));
    assert_eq!(desk.windows.holder, Some(WindowPlace { width: 1280, height: 800, position: Some((-1280, 0)) }));
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
