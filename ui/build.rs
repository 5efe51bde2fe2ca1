//! Gathers the languages in `lang/` and compiles the screens.

use std::{
    env, fs,
    io::{self, Error},
    path::{Path, PathBuf},
};

fn main() {
    if let Err(error) = gather(Path::new("lang")) {
        eprintln!("the languages in ui/lang: {error}");
        std::process::exit(1);
    }
    let config = slint_build::CompilerConfiguration::new()
        .with_style("fluent-light".into())
        // The tests find elements by their ids; a release carries no such names.
        .with_debug_info(env::var("PROFILE").as_deref() == Ok("debug"));
    if let Err(error) = slint_build::compile_with_config("ui/app.slint", config) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// Writes the list of the languages and their texts into the program: a file in `lang/` is a language, and nothing else is to be
/// done to add one.
fn gather(folder: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut languages: Vec<(String, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        println!("cargo::rerun-if-changed={}", path.display());
        let code = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let is_code = (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase());
        if !is_code || path.extension().is_none_or(|end| end != "toml") {
            return Err(Error::other(format!("{} is not named by an ISO 639 code, like nb.toml", path.display())));
        }
        languages.push((code, fs::canonicalize(&path)?));
    }
    // The Norwegian ones first: bokmål is what is shown where another language lacks a text.
    languages.sort_by_key(|(code, _)| (code != "nb", code != "nn", code.clone()));
    if languages.first().is_none_or(|(code, _)| code != "nb") {
        return Err(Error::other("nb.toml is missing"));
    }
    let (count, codes) = (languages.len(), languages.iter().map(|(code, _)| code).collect::<Vec<_>>());
    let texts = languages.iter().map(|(_, path)| format!("include_str!({path:?})")).collect::<Vec<_>>().join(", ");
    let source = format!(
        "/// The languages of the screens by their ISO 639 codes: bokmål first, the language that every text has.\n\
         pub const LANGUAGES: [&str; {count}] = {codes:?};\n\
         const SOURCES: [&str; {count}] = [{texts}];\n"
    );
    let out = env::var_os("OUT_DIR").ok_or_else(|| Error::other("OUT_DIR is not set"))?;
    fs::write(Path::new(&out).join("languages.rs"), source)
}
