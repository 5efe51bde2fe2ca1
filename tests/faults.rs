//! The catalogue of faults: complete in all languages, and complete for every code that an operation returns.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use bam_station::fault;

use crate::languages::TRANSLATED;

#[test]
fn the_catalogue_is_whole_and_each_code_appears_once() {
    let written = fault::CATALOGUE.lines().filter(|line| line.trim() == "[[fault]]").count();
    assert_eq!(fault::all().len(), written, "config/faults.toml is not TOML, or has unknown keys");
    let mut seen = BTreeSet::new();
    for fault in fault::all() {
        assert!(seen.insert(&fault.code), "{} is there twice", fault.code);
        assert!(is_code(&fault.code), "{}", fault.code);
        for said in [&fault.cause, &fault.remedy] {
            for language in TRANSLATED {
                let text = said.in_language(language.code()).unwrap_or_default();
                assert!(text.trim().len() > 10 && text.trim() == text, "{}: {text:?} says too little", fault.code);
            }
            assert_ne!(said.nb, said.en, "{} is not translated", fault.code);
        }
        assert_eq!(fault::lookup(&fault.code), Some(fault));
    }
}

#[test]
fn the_reference_page_is_the_one_that_the_catalogue_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var_os("BAM_STATION_WRITE_DOCS").is_some() {
        fs::write(&path, fault::page()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == fault::page(), "write it anew: BAM_STATION_WRITE_DOCS=1 cargo test reference_page");
}

#[test]
fn an_unknown_code_has_no_entry() {
    assert_eq!(fault::lookup("NO_SUCH_FAULT"), None);
}

#[test]
fn every_code_that_an_operation_returns_is_in_the_catalogue() {
    let mut returned = codes_returned_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    returned.extend(codes_returned_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("imaging/src")));
    assert!(["CONFIG_MISSING", "QUALITY_GLARE"].iter().all(|code| returned.contains_key(*code)), "the search found no codes");
    let missing: Vec<_> = returned.iter().filter(|(code, _)| fault::lookup(code).is_none()).collect();
    assert!(missing.is_empty(), "not in config/faults.toml: {missing:#?}");
}

/// The codes by which an archive answers uploads; they go over the wire and are for its administrator.
const PROTOCOL: &str = "src/delivery/archive/http.rs";
/// Words of the same shape that are no codes: what the environment and other formats call things.
const NO_CODES: [&str; 18] = [
    "BAM_STATION_SCANNER_RECORD",
    "BAM_STATION_SCANNER_RECORD_PICTURE",
    "BAM_STATION_SCANNER_REPLAY",
    "BAM_VIRTUAL_SCANNER_CONTROL",
    "CARGO_PKG_VERSION",
    "CREDENTIALS_DIRECTORY",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "LD_LIBRARY_PATH",
    "MRZ_CERTAIN",
    "PCSCLITE_CSOCK_NAME",
    "SANE_CONFIG_DIR",
    "SCAN_WHOLE",
    "SCREAMING_SNAKE_CASE",
    "WAYLAND_DISPLAY",
    "WAYLAND_SOCKET",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

#[test]
fn whatever_looks_like_a_code_is_in_the_catalogue_and_nothing_there_is_stale() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut written: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for folder in ["src", "imaging/src"] {
        for path in sources(root.join(folder)) {
            let source = fs::read_to_string(&path).unwrap();
            for word in source.split('"').filter(|word| is_code(word)) {
                written.entry(word.to_owned()).or_default().insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let unknown: Vec<_> = written
        .iter()
        .filter(|(word, places)| word.contains('_') && !places.iter().all(|place| place == Path::new(PROTOCOL)))
        .filter(|(word, _)| fault::lookup(word).is_none() && !NO_CODES.contains(&word.as_str()))
        .collect();
    assert!(unknown.is_empty(), "not in config/faults.toml: {unknown:#?}");
    let stale: Vec<_> = fault::all().iter().map(|fault| &fault.code).filter(|code| !written.contains_key(*code)).collect();
    assert!(stale.is_empty(), "no operation returns them: {stale:?}");
}

#[test]
fn each_code_stands_for_one_fault_in_the_catalogues_words() {
    let mut told: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for fault in fault::all() {
        let words = (fault.cause.nb.as_str(), fault.remedy.nb.as_str());
        let other = told.insert(words, &fault.code);
        assert_eq!(other, None, "{} says the same as {other:?}", fault.code);
    }
}

#[test]
fn the_search_for_codes_reads_the_bodies_of_fn_code_alone() {
    let source = "
        fn other() -> &'static str { \"NOT_THIS\" }
        pub fn code(&self) -> &'static str {
            match self { Self::A { .. } => \"ONE_CODE\", Self::B(inner) => { inner.code() } Self::C => \"TWO\" }
        }
        const LATER: &str = \"NOR_THIS\";
    ";
    assert_eq!(codes_in(source), ["ONE_CODE", "TWO"]);
}

fn is_code(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The codes in the bodies of `fn code`, each with the files that return it.
fn codes_returned_in(folder: PathBuf) -> BTreeMap<String, Vec<PathBuf>> {
    let mut codes: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in sources(folder) {
        for code in codes_in(&fs::read_to_string(&path).unwrap()) {
            codes.entry(code).or_default().push(path.clone());
        }
    }
    codes
}

/// The source files of a folder.
fn sources(folder: PathBuf) -> Vec<PathBuf> {
    let (mut found, mut folders) = (vec![], vec![folder]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn codes_in(source: &str) -> Vec<String> {
    let bodies = source.split("fn code(").skip(1).map(|rest| {
        let start = rest.find('{').unwrap_or(rest.len());
        let mut depth = 0;
        let end = rest[start..].find(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        &rest[start..end.map_or(rest.len(), |end| start + end)]
    });
    bodies.flat_map(|body| body.split('"').skip(1).step_by(2)).filter(|text| is_code(text)).map(str::to_owned).collect()
}
