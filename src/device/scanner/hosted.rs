//! A scanner behind libsane in a device host of its own.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    ColourMode, MOST_BYTES, RawScan, ScanControl, ScanError, ScanJob, Scanner, ScannerInfo, VirtualGlass,
    sane::session,
    wire::{Answer, Ask},
};
use crate::device::host::{Host, HostCommand, Silence};

/// How often the operator's wish to stop is looked at while nothing comes from the scanner.
const GLANCE: Duration = Duration::from_millis(20);

/// Resolutions that a job may ask for, in dots per inch.
const DPI: std::ops::RangeInclusive<u16> = 50..=1200;

/// Longest edge that a job may ask for, in millimetres (A4's long edge).
const LONGEST_MM: f32 = 297.0;

/// How long the station waits before it calls a scanner hung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the list of scanners: libsane asks every backend and the network.
    pub listing: Duration,
    /// From the job to the first rows: opening, warming up.
    pub starting: Duration,
    /// From rows to rows (LOCAL.toml, `HangSeconds`).
    pub rows: Duration,
    /// From the operator's wish to stop to the end.
    pub cancel: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            listing: Duration::from_secs(30),
            starting: Duration::from_mins(1),
            rows: Duration::from_secs(20),
            cancel: Duration::from_millis(300),
        }
    }
}

/// A scanner behind libsane. The device host starts with the first job and serves all later ones; after a hang, a crash or
/// a stop that the scanner did not heed it is killed, and the next job starts a new one.
pub struct HostedSane {
    command: HostCommand,
    patience: Patience,
    host: Option<Host<Answer>>,
}

impl HostedSane {
    /// The scanners of this machine, as its administrator has set up SANE.
    ///
    /// `executable` is this program. A scanner that delivers no rows for the time `hang` counts as hung.
    pub fn system(executable: PathBuf, hang: Duration) -> Self {
        Self::with(executable, Vec::new(), hang)
    }

    /// Only the backends that `folder/dll.conf` names: quicker to list than the system's, and without its side effects.
    pub fn configured(executable: PathBuf, folder: &Path, hang: Duration) -> Self {
        Self::with(executable, vec![("SANE_CONFIG_DIR".into(), folder.into())], hang)
    }

    /// The virtual A6 flatbed behind the real libsane, and its glass. Everything it needs is written below `folder`.
    pub fn virtual_a6(executable: PathBuf, folder: &Path, hang: Duration) -> Result<(Self, VirtualGlass), ScanError> {
        let plug_in = find_plug_in(&executable)?;
        let glass = VirtualGlass::in_folder(folder)?;
        let folder = glass.folder();
        let (settings, plug_ins) = (folder.join("sane.d"), folder.join("plug-ins"));
        let prepare = || -> io::Result<()> {
            fs::create_dir_all(&settings)?;
            fs::create_dir_all(&plug_ins)?;
            fs::write(settings.join("dll.conf"), "bamvirtual\n")?;
            let link = plug_ins.join("libsane-bamvirtual.so.1");
            if fs::read_link(&link).ok().as_ref() == Some(&plug_in) {
                return Ok(());
            }
            match fs::remove_file(&link) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            std::os::unix::fs::symlink(&plug_in, &link)
        };
        prepare().map_err(|error| ScanError::Setup(format!("its folder cannot be written: {error}")))?;
        let environment: Vec<(OsString, OsString)> = vec![
            // No trailing colon, which would add the system's own backends.
            ("SANE_CONFIG_DIR".into(), settings.into()),
            ("LD_LIBRARY_PATH".into(), plug_ins.into()),
            ("BAM_VIRTUAL_SCANNER_CONTROL".into(), glass.control_file().into()),
        ];
        Ok((Self::with(executable, environment, hang), glass))
    }

    /// A recorded session in the place of libsane: it answers only what was asked then, in the same time.
    pub fn replaying(executable: PathBuf, recording: &Path, hang: Duration) -> Self {
        Self::with(executable, vec![(session::REPLAY_FROM.into(), recording.into())], hang)
    }

    /// The same scanner, with everything that passes between the station and libsane written to a new file. With `picture` the
    /// bytes of the picture are written too; they show what lies on the glass.
    #[must_use]
    pub fn recording(mut self, file: &Path, picture: bool) -> Self {
        let environment = &mut self.command.environment;
        environment.push((session::RECORD_TO.into(), file.into()));
        if picture {
            environment.push((session::RECORD_PICTURE.into(), "1".into()));
        }
        self
    }

    fn with(executable: PathBuf, environment: Vec<(OsString, OsString)>, hang: Duration) -> Self {
        let command = HostCommand { executable, kind: "sane", environment };
        Self { command, patience: Patience { rows: hang, ..Patience::default() }, host: None }
    }

    /// The same scanner with other limits of waiting.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The running host, or a new one.
    fn host(&mut self) -> Result<Host<Answer>, ScanError> {
        if let Some(mut host) = self.host.take()
            && host.is_running()
        {
            return Ok(host);
        }
        Host::start(&self.command).map_err(|error| ScanError::Setup(format!("its device host does not start: {error}")))
    }

    /// Keeps the host for the next job, or ends it when it can no longer be relied on.
    fn settle<T>(&mut self, host: Host<Answer>, outcome: Result<T, Trouble>) -> Result<T, ScanError> {
        match outcome {
            Ok(value) => {
                self.host = Some(host);
                Ok(value)
            }
            Err(Trouble::Told(error)) => {
                self.host = Some(host);
                Err(error)
            }
            Err(Trouble::Host(error)) => {
                host.kill();
                Err(error)
            }
        }
    }
}

/// Why a job failed, and whether the host is still good.
enum Trouble {
    /// The host told so; it is in order.
    Told(ScanError),
    /// The host itself failed.
    Host(ScanError),
}

impl From<Silence> for Trouble {
    fn from(silence: Silence) -> Self {
        Self::Host(match silence {
            Silence::Waiting => ScanError::Hung,
            Silence::Ended => ScanError::Crashed,
            Silence::Garbled(error) => ScanError::Protocol(error.to_string()),
        })
    }
}

/// The host said something that does not belong here.
fn out_of_turn() -> Trouble {
    Trouble::Host(ScanError::Protocol("the device host answered out of turn".to_owned()))
}

impl Scanner for HostedSane {
    fn list(&mut self) -> Result<Vec<ScannerInfo>, ScanError> {
        let mut host = self.host()?;
        let outcome = listing(&mut host, self.patience);
        self.settle(host, outcome)
    }

    fn scan(&mut self, job: &ScanJob, control: &ScanControl) -> Result<RawScan, ScanError> {
        check(job)?;
        if control.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let mut host = self.host()?;
        let outcome = scanning(&mut host, self.patience, job, control);
        self.settle(host, outcome)
    }
}

/// Refuses jobs that no scanner can do.
fn check(job: &ScanJob) -> Result<(), ScanError> {
    let sensible = |length: f32| length > 0.0 && length <= LONGEST_MM;
    if !DPI.contains(&job.dpi) || !sensible(job.width_mm) || !sensible(job.height_mm) {
        return Err(ScanError::Unsupported(format!(
            "{} × {} mm at {} dpi cannot be scanned; up to {LONGEST_MM} mm and {} to {} dpi can",
            job.width_mm,
            job.height_mm,
            job.dpi,
            DPI.start(),
            DPI.end()
        )));
    }
    Ok(())
}

fn listing(host: &mut Host<Answer>, patience: Patience) -> Result<Vec<ScannerInfo>, Trouble> {
    host.ask(&Ask::List)?;
    match host.answer(patience.listing)? {
        (Answer::Devices(devices), _) => Ok(devices),
        (Answer::Failed(error), _) => Err(Trouble::Told(error)),
        _ => Err(out_of_turn()),
    }
}

fn scanning(host: &mut Host<Answer>, patience: Patience, job: &ScanJob, control: &ScanControl) -> Result<RawScan, Trouble> {
    host.ask(&Ask::Scan(job.clone()))?;
    let mut scan: Option<RawScan> = None;
    let mut want = 0;
    loop {
        let limit = if want == 0 { patience.starting } else { patience.rows };
        let (answer, payload) = next(host, limit, patience.cancel, control)?;
        match (answer, scan.as_mut()) {
            (Answer::Started { device, width_px, height_px }, None) => {
                want = size(width_px, height_px, job.mode)
                    .ok_or_else(|| Trouble::Host(ScanError::Protocol("the picture is too large".to_owned())))?;
                let pixels = Vec::with_capacity(want);
                scan = Some(RawScan { width_px, height_px, dpi: job.dpi, mode: job.mode, pixels, device });
            }
            (Answer::Rows, Some(scan)) if scan.pixels.len() + payload.len() <= want => {
                scan.pixels.extend(payload);
                (control.progress)(part(scan.pixels.len(), want));
            }
            (Answer::Failed(error), _) => return Err(Trouble::Told(error)),
            (Answer::Done, Some(whole)) if whole.pixels.len() == want => {
                return scan.take().ok_or_else(out_of_turn);
            }
            _ => return Err(out_of_turn()),
        }
    }
}

/// The next answer, as long as nobody wants to stop. A stop is passed on and has to be heeded in time.
fn next(host: &mut Host<Answer>, limit: Duration, cancel: Duration, control: &ScanControl) -> Result<(Answer, Vec<u8>), Trouble> {
    let deadline = Instant::now() + limit;
    while !control.is_cancelled() {
        let left = deadline.saturating_duration_since(Instant::now());
        match host.answer(left.min(GLANCE)) {
            Err(Silence::Waiting) if !left.is_zero() => {}
            answer => return Ok(answer?),
        }
    }
    host.ask(&Ask::Cancel)?;
    let deadline = Instant::now() + cancel;
    loop {
        match host.answer(deadline.saturating_duration_since(Instant::now())) {
            // How the scan ended is of no interest: the operator has stopped it.
            Ok((Answer::Done | Answer::Failed(_), _)) => return Err(Trouble::Told(ScanError::Cancelled)),
            Ok(_) => {}
            Err(_) => return Err(Trouble::Host(ScanError::Cancelled)),
        }
    }
}

/// Bytes of a picture, when that is within the limit.
fn size(width_px: u32, height_px: u32, mode: ColourMode) -> Option<usize> {
    let pixels = usize::try_from(width_px).ok()?.checked_mul(usize::try_from(height_px).ok()?)?;
    pixels.checked_mul(mode.bytes_per_pixel()).filter(|size| (1..=MOST_BYTES).contains(size))
}

/// `done` of `all` as a number from 0.0 to 1.0, in steps of a thousandth.
fn part(done: usize, all: usize) -> f32 {
    let thousandths = done.saturating_mul(1000) / all.max(1);
    f32::from(u16::try_from(thousandths).unwrap_or(1000).min(1000)) / 1000.0
}

/// The virtual scanner's backend: beside the executable, in `deps` beside it (a build), or in `../lib/bam-station` (an
/// installation). Of several the newest, because a build leaves older ones behind.
fn find_plug_in(executable: &Path) -> Result<PathBuf, ScanError> {
    let name = format!("{}bam_virtual_scanner{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let home = executable.parent().unwrap_or(Path::new("."));
    let places = [home.join(&name), home.join("deps").join(&name), home.join("../lib/bam-station").join(&name)];
    let built = |place: &PathBuf| fs::metadata(place).and_then(|about| about.modified()).ok();
    let newest = places.into_iter().filter(|place| built(place).is_some()).max_by_key(built);
    newest
        .and_then(|place| fs::canonicalize(place).ok())
        .ok_or_else(|| ScanError::Setup(format!("the virtual scanner {name} is not beside the program; install it again")))
}
