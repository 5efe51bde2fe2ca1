//! `bam-station support FILE.zip`: the support bundle.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use super::exit;
use crate::{
    config::Configuration,
    selftest::{Options, TestedDesk},
    station::{Clock as _, DataFolder, SystemClock},
    support,
};

/// The options of `bam-station support`.
#[derive(Debug, Clone, clap::Args)]
pub struct SupportArgs {
    /// The zip file to write; it must not be there yet
    #[arg(value_name = "FILE.zip")]
    pub file: PathBuf,
}

/// Runs the command: 0 when the bundle is written, whatever the self-test in it says; 3 when it is not.
pub fn run(args: &SupportArgs, configuration: Configuration, data: DataFolder, executable: PathBuf) -> ExitCode {
    let desk = TestedDesk::new(Arc::new(configuration), data, executable, SystemClock.now(), Options::default());
    exit::say(&"the devices and services are tested; this takes up to half a minute");
    match support::write(&args.file, desk, |_| {}) {
        Ok(_) => match exit::print(&Path::display(&args.file)) {
            Ok(()) => exit::DONE.into(),
            Err(code) => code,
        },
        Err(error) => {
            exit::complain(error.code(), &error);
            exit::FAILED.into()
        }
    }
}
