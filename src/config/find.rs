//! Where MASTER.toml and LOCAL.toml are.

use std::path::{Path, PathBuf};

use super::{Broken, ConfigError, Diagnostic, diagnostic::both};

/// The two files. Documents and terms are found beside [`Found::local`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// MASTER.toml.
    pub master: PathBuf,
    /// LOCAL.toml.
    pub local: PathBuf,
}

impl Found {
    /// The folder of LOCAL.toml: `documents.toml` and `terms/` are found there.
    pub fn config_folder(&self) -> &Path {
        self.local.parent().unwrap_or(Path::new(""))
    }
}

/// The places that are searched, in this order: a value, so that the search itself asks no environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// MASTER.toml, and config/LOCAL.toml below it.
    pub working_folder: PathBuf,
    /// Both files side by side: first the system's folder, then the user's, so that a user does not replace the organisation's rules.
    pub folders: Vec<PathBuf>,
}

impl Search {
    /// The places on this machine: the working folder, `/etc/bam-station` (Windows: `%ProgramData%\bam-station`), and
    /// `bam-station` in the user's configuration folder (XDG base directory specification).
    pub fn this_machine() -> Self {
        let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let system = if cfg!(windows) { variable("ProgramData") } else { Some("/etc".into()) };
        let user = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
        let folders = system.into_iter().chain(user).map(|folder| folder.join("bam-station")).collect();
        Self { working_folder: PathBuf::new(), folders }
    }

    /// The two files: those named, or else the first of each that is there.
    pub fn find(&self, master: Option<PathBuf>, local: Option<PathBuf>) -> Result<Found, ConfigError> {
        let master = self.master(master);
        let local = self.local(local);
        let (master, local) = both(master, local)?;
        Ok(Found { master, local })
    }

    /// MASTER.toml alone: the file named, or else the first that is there.
    pub fn master(&self, named: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
        self.one(named, "MASTER.toml", "MASTER.toml", "--master")
    }

    /// The places where MASTER.toml is looked for, in their order.
    pub fn master_places(&self) -> Vec<PathBuf> {
        self.places("MASTER.toml", "MASTER.toml")
    }

    /// LOCAL.toml alone: the file named, or else the first that is there.
    pub fn local(&self, named: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
        self.one(named, "config/LOCAL.toml", "LOCAL.toml", "--local")
    }

    fn places(&self, here: &str, elsewhere: &str) -> Vec<PathBuf> {
        std::iter::once(self.working_folder.join(here)).chain(self.folders.iter().map(|folder| folder.join(elsewhere))).collect()
    }

    fn one(&self, named: Option<PathBuf>, here: &str, elsewhere: &str, option: &str) -> Result<PathBuf, ConfigError> {
        let missing = |path: &Path, message: &str, allowed: String| {
            Err(ConfigError::one(Broken::Missing, Diagnostic::whole_file(path, message, allowed)))
        };
        // A place that may not even be looked at counts as present: reading it then says why.
        let is_there = |path: &PathBuf| path.try_exists().unwrap_or(true);
        if let Some(named) = named {
            if is_there(&named) {
                return Ok(named);
            }
            return missing(&named, "the file does not exist", format!("an existing file after {option}"));
        }
        let places = self.places(here, elsewhere);
        if let Some(found) = places.iter().find(|path| is_there(path)) {
            return Ok(found.clone());
        }
        let list = places.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        missing(Path::new(elsewhere), "the file was not found", format!("one of {list}, or {option} FILE"))
    }
}

/// Finds MASTER.toml and LOCAL.toml on this machine. A file that is named must exist.
pub fn find(master: Option<PathBuf>, local: Option<PathBuf>) -> Result<Found, ConfigError> {
    Search::this_machine().find(master, local)
}
