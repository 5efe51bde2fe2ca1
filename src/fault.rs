//! Every fault that a user can meet: code, cause, remedy (`config/faults.toml`, part of the program).

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{config::Language, rules::LocalText};

/// A fault as it is explained to the user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The code that the operation returned, for example `CONFIG_MISSING`.
    pub code: String,
    /// What happened.
    pub cause: LocalText,
    /// What to do.
    pub remedy: LocalText,
}

/// The text of the catalogue.
pub const CATALOGUE: &str = include_str!("../config/faults.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fault: Vec<Fault>,
}

static FAULTS: LazyLock<Vec<Fault>> = LazyLock::new(|| {
    // The catalogue is part of the program, and a test reads it. Were it broken, faults would be shown by their code alone.
    let mut faults = toml::from_str::<File>(CATALOGUE).map(|file| file.fault).unwrap_or_default();
    faults.sort_by(|a, b| a.code.cmp(&b.code));
    faults
});

/// All faults, by code.
pub fn all() -> &'static [Fault] {
    &FAULTS
}

/// The fault with this code; `None` when the catalogue does not have it.
pub fn lookup(code: &str) -> Option<&'static Fault> {
    let at = FAULTS.binary_search_by(|fault| fault.code.as_str().cmp(code)).ok()?;
    FAULTS.get(at)
}

/// The page `docs/faults.md`: every fault with cause and remedy in all languages.
pub fn page() -> String {
    use std::fmt::Write as _;
    let mut page = String::from(
        "# Faults\n\nEvery fault that a user meets has a code. The screens show cause and remedy in the operator's language; the\n\
         command line shows the code in brackets. This page is made from `config/faults.toml`.\n",
    );
    for Fault { code, cause, remedy } in all() {
        // A String takes everything that is written to it.
        let _ = write!(page, "\n## {code}\n\n{} {}\n", cause.en, remedy.en);
        for language in Language::ALL.into_iter().filter(|language| *language != Language::EN) {
            if let (Some(cause), Some(remedy)) = (cause.in_language(language.code()), remedy.in_language(language.code())) {
                let _ = write!(page, "\n*{cause} {remedy}*\n");
            }
        }
    }
    page
}
