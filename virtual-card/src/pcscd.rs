//! A pcscd of its own with virtual readers, beside the system's.
//!
//! pcscd takes a ready socket from its environment (`LISTEN_FDS`, the protocol of systemd's socket activation), and programs find it
//! through `PCSCLITE_CSOCK_NAME`. A shell stands between: it hands the socket over, and it ends pcscd when this process
//! ends for whatever reason, so nothing is left running.

use std::{
    fmt::Write as _,
    fs, io,
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::slot::CardSlot;

/// The reader's driver as a file.
const DRIVER: &str = "libbam_virtual_card.so";
/// How long pcscd may take until its readers wait for cards.
const START: Duration = Duration::from_secs(30);
/// How long pcscd may take to end before it is killed.
const END: Duration = Duration::from_secs(10);
/// A reader with this in its name has a PIN pad.
const WITH_PAD: &str = "PIN Pad";

/// File 0 is the socket on which pcscd listens. File 1 is the lifeline: its end is the end of the process that started this.
const KEEPER: &str = r#"
exec 3<&0 4<&1 0</dev/null 1>/dev/null 2>/dev/null
PATH=$PATH:/usr/sbin
sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec pcscd --foreground --critical --config "$0"' "$1" 4<&- &
pcscd=$!
exec 3<&-
read -r _ <&4
kill "$pcscd"
( sleep 1; kill -9 "$pcscd" ) &
wait "$pcscd"
kill $!
"#;

/// Why there is no pcscd.
#[derive(Debug, thiserror::Error)]
pub enum PcscdError {
    /// A file cannot be written or the program not started.
    #[error("the folder of the virtual readers cannot be used ({0}); name another one")]
    Setup(#[from] io::Error),
    /// The driver is not where the program is.
    #[error("{DRIVER} is not beside {}; build the package bam-virtual-card", .0.display())]
    NoDriver(PathBuf),
    /// pcscd did not open its readers in time.
    #[error("pcscd does not start; install the package pcscd")]
    NotStarted,
}

/// A running pcscd with virtual readers. Dropping it ends it.
pub struct Pcscd {
    keeper: Child,
    lifeline: Option<UnixStream>,
    slots: Vec<CardSlot>,
}

impl Pcscd {
    /// Starts pcscd with one reader for each name. `socket` is the path under which programs reach it (at most some hundred
    /// bytes, a limit of Unix sockets); what else it needs is written into `folder`. In PC/SC the
    /// first reader is called by its name and ` 00 00`, the second by its name and ` 01 00`, and so on. A reader
    /// with `PIN Pad` in its name has one.
    pub fn start(driver: &Path, folder: &Path, socket: &Path, readers: &[&str]) -> Result<Self, PcscdError> {
        let slot = |(at, name): (usize, &&str)| {
            let pad = if name.contains(WITH_PAD) { ".pad" } else { "" };
            CardSlot::new(folder.join(format!("slot{at}{pad}")))
        };
        let slots: Vec<_> = readers.iter().enumerate().map(slot).collect();
        let settings = folder.join("readers");
        fs::create_dir_all(&settings)?;
        let mut text = String::new();
        for ((channel, name), slot) in (1..).zip(readers).zip(&slots) {
            // A String takes everything that is written to it.
            let _ = write!(
                text,
                "FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:{}\nLIBPATH {}\nCHANNELID {channel}\n\n",
                slot.socket().display(),
                driver.display(),
            );
        }
        fs::write(settings.join("virtual"), text)?;
        let _ = fs::remove_file(socket);
        let listener = UnixListener::bind(socket)?;
        let (lifeline, far_end) = UnixStream::pair()?;
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "virtual readers"])
            .arg(&settings)
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::from(OwnedFd::from(far_end)))
            .stderr(Stdio::null())
            .spawn()?;
        let mut pcscd = Self { keeper, lifeline: Some(lifeline), slots };
        pcscd.wait_for_readers()?;
        Ok(pcscd)
    }

    /// The readers' slots, in the order of their names.
    pub fn slots(&self) -> &[CardSlot] {
        &self.slots
    }

    fn wait_for_readers(&mut self) -> Result<(), PcscdError> {
        let deadline = Instant::now() + START;
        while !self.slots.iter().all(|slot| slot.socket().exists()) {
            if Instant::now() > deadline || !matches!(self.keeper.try_wait(), Ok(None)) {
                return Err(PcscdError::NotStarted);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        self.lifeline = None;
        let deadline = Instant::now() + END;
        while Instant::now() < deadline && matches!(self.keeper.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(5));
        }
        // Already ended is as good as killed.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// The reader's driver, which the build puts beside the program or one folder above or below it.
pub fn find_driver(program: &Path) -> Result<PathBuf, PcscdError> {
    let folder = program.parent().unwrap_or(Path::new("."));
    let places = [folder.to_owned(), folder.join("deps"), folder.join("..")];
    let found = places.iter().map(|place| place.join(DRIVER)).find(|path| path.is_file());
    found.ok_or_else(|| PcscdError::NoDriver(program.to_owned()))
}
