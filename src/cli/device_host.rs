//! `bam-station device-host …`: the process in which a vendor's software runs.
//!
//! `sane`: libsane and the scanner's backend. One thread reads what the station asks and ends the process when the station is gone; the main thread owns libsane,
//! because the standard allows one thread only.
//!
//! `pkcs11`: a card's module. See [`pkcs11::serve`].

use std::{
    env,
    fs::File,
    io::{self, BufWriter, stdin},
    os::fd::AsFd as _,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use crate::device::{
    card::pkcs11,
    frame::{self, FrameError, MOST_PAYLOAD},
    no_dumps,
    scanner::{
        ScanError, ScanJob,
        sane::{
            self,
            ffi::Sane,
            library::Library,
            session::{RECORD_PICTURE, RECORD_TO, REPLAY_FROM, Recorder, Replay},
        },
        wire::{Answer, Ask},
    },
};

/// A device host could not begin its work.
const FAILED: u8 = 3;

/// A job for the thread that owns libsane.
enum Job {
    List,
    /// With the flag that stops this scan and no other.
    Scan(ScanJob, Arc<AtomicBool>),
}

/// Arguments of `bam-station device-host`.
#[derive(Debug, clap::Args)]
pub struct DeviceHostArgs {
    /// Whose software.
    #[arg(value_enum)]
    pub kind: HostKind,
}

/// Whose software runs in the device host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum HostKind {
    /// Scanners, through libsane
    Sane,
    /// Cards, through a PKCS#11 module
    Pkcs11,
}

/// Serves the station until it closes standard input.
pub fn run(args: &DeviceHostArgs) -> ExitCode {
    match args.kind {
        HostKind::Sane => run_sane(),
        HostKind::Pkcs11 => run_pkcs11(),
    }
}

fn run_pkcs11() -> ExitCode {
    let ready = || -> io::Result<(File, File)> {
        no_dumps::forbid()?;
        let input = File::from(stdin().as_fd().try_clone_to_owned()?);
        Ok((input, sane::ffi::take_standard_output()?))
    };
    let Ok((input, output)) = ready() else { return ExitCode::from(FAILED) };
    match pkcs11::serve(input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

fn run_sane() -> ExitCode {
    let Ok(output) = sane::ffi::take_standard_output() else { return ExitCode::from(FAILED) };
    let (sender, jobs) = channel();
    thread::spawn(move || listen(&sender));
    match serve(&mut BufWriter::new(output), &jobs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

/// Passes on what the station asks. A stop concerns the last scan that was asked for.
fn listen(jobs: &Sender<Job>) {
    let mut input = stdin().lock();
    let mut last_scan: Option<Arc<AtomicBool>> = None;
    while let Ok((ask, _)) = frame::read(&mut input) {
        let job = match ask {
            Ask::List => Job::List,
            Ask::Scan(job) => {
                let cancel = Arc::new(AtomicBool::new(false));
                last_scan = Some(Arc::clone(&cancel));
                Job::Scan(job, cancel)
            }
            Ask::Cancel => {
                if let Some(cancel) = &last_scan {
                    cancel.store(true, Ordering::Relaxed);
                }
                continue;
            }
        };
        if jobs.send(job).is_err() {
            break;
        }
    }
    // The station is gone: a backend that hangs must not keep this process, and with it the scanner.
    std::process::exit(0);
}

fn serve(output: &mut BufWriter<File>, jobs: &Receiver<Job>) -> Result<(), FrameError> {
    let mut library: Option<Box<dyn Library>> = None;
    while let Ok(job) = jobs.recv() {
        let outcome = match (job, started(&mut library)) {
            (_, Err(error)) => Err(error),
            (Job::List, Ok(library)) => {
                library.asked(&Ask::List);
                sane::list(library).map(Answer::Devices)
            }
            (Job::Scan(job, cancel), Ok(library)) => {
                library.asked(&Ask::Scan(job.clone()));
                sane::scan(library, &job, &cancel, &mut Telling(output)).map(|()| Answer::Done)
            }
        };
        frame::write(output, &outcome.unwrap_or_else(Answer::Failed), &[])?;
    }
    Ok(())
}

/// libsane or what stands in its place, started at the first job.
fn started(library: &mut Option<Box<dyn Library>>) -> Result<&dyn Library, ScanError> {
    if library.is_none() {
        *library = Some(start()?);
    }
    library.as_deref().ok_or(ScanError::LibraryMissing)
}

/// A recorded session when the station names one, else libsane; with a recorder beside it when the station wants one.
fn start() -> Result<Box<dyn Library>, ScanError> {
    let unusable = |file: &Path, error: &io::Error| ScanError::Setup(format!("the recording {}: {error}", file.display()));
    if let Some(file) = env::var_os(REPLAY_FROM) {
        let file = Path::new(&file);
        return Ok(Box::new(Replay::open(file).map_err(|error| unusable(file, &error))?));
    }
    let library: Box<dyn Library> = Box::new(sane::start(Sane::LIBRARY)?);
    let Some(file) = env::var_os(RECORD_TO) else { return Ok(library) };
    let (file, picture) = (Path::new(&file), env::var_os(RECORD_PICTURE).is_some());
    Ok(Box::new(Recorder::new(library, file, picture).map_err(|error| unusable(file, &error))?))
}

/// Tells the station how a scan goes on.
struct Telling<'a>(&'a mut BufWriter<File>);

impl Telling<'_> {
    fn tell(&mut self, answer: &Answer, payload: &[u8]) -> Result<(), ScanError> {
        frame::write(self.0, answer, payload).map_err(|error| ScanError::Protocol(error.to_string()))
    }
}

impl sane::Progress for Telling<'_> {
    fn started(&mut self, device: &str, width_px: u32, height_px: u32) -> Result<(), ScanError> {
        self.tell(&Answer::Started { device: device.to_owned(), width_px, height_px }, &[])
    }

    fn rows(&mut self, rows: &[u8]) -> Result<(), ScanError> {
        rows.chunks(MOST_PAYLOAD).try_for_each(|part| self.tell(&Answer::Rows, part))
    }
}
