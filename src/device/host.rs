//! The station's side of a device host: a child process that vendor code may crash or block without harm.

use std::{
    env,
    ffi::OsString,
    io::BufReader,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use super::frame::{self, FrameError};

/// Variables of the station's own environment that the device host keeps. All others are withheld: what a vendor's
/// code loads must not depend on how the station was started.
const KEPT: [&str; 7] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SYSTEM_BUS_ADDRESS"];

/// Frames that wait between the reading thread and the station; more than this and the host has to wait.
const WAITING_FRAMES: usize = 16;

/// How long a host that is told to end may take before it is killed.
const FAREWELL: Duration = Duration::from_millis(200);

/// How a device host is started.
#[derive(Debug, Clone)]
pub struct HostCommand {
    /// The station's executable.
    pub executable: PathBuf,
    /// Which host: the word after `device-host`.
    pub kind: &'static str,
    /// Variables beside the kept ones.
    pub environment: Vec<(OsString, OsString)>,
}

/// Why nothing came from the host.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// Nothing within the time given. The host may still be at work.
    #[error("the device host says nothing")]
    Waiting,
    /// The host's process is gone.
    #[error("the device host has ended")]
    Ended,
    /// The host said something that is not understood.
    #[error(transparent)]
    Garbled(FrameError),
}

/// A running device host that answers with messages of the type `A`.
pub struct Host<A> {
    child: Option<Child>,
    asks: Option<ChildStdin>,
    answers: Receiver<Result<(A, Vec<u8>), FrameError>>,
}

impl<A: DeserializeOwned + Send + 'static> Host<A> {
    /// Starts the process.
    pub fn start(command: &HostCommand) -> std::io::Result<Self> {
        let mut child = Command::new(&command.executable)
            .arg("device-host")
            .arg(command.kind)
            .env_clear()
            .envs(KEPT.iter().filter_map(|name| env::var_os(name).map(|value| (name, value))))
            .envs(command.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let asks = child.stdin.take();
        let output = child.stdout.take();
        let (sender, answers) = sync_channel(WAITING_FRAMES);
        // A thread reads, because a pipe cannot be read with a time limit. It ends with the process or with the receiver.
        thread::spawn(move || {
            let Some(mut output) = output.map(BufReader::new) else { return };
            loop {
                let answer = frame::read(&mut output);
                let last = answer.is_err();
                if sender.send(answer).is_err() || last {
                    return;
                }
            }
        });
        Ok(Self { child: Some(child), asks, answers })
    }

    /// Says something to the host.
    pub fn ask(&mut self, ask: &impl Serialize) -> Result<(), Silence> {
        self.ask_with(ask, &[])
    }

    /// Says something to the host, with a payload that goes straight into the pipe: no copy of it stays in memory.
    pub fn ask_with(&mut self, ask: &impl Serialize, payload: &[u8]) -> Result<(), Silence> {
        let asks = self.asks.as_mut().ok_or(Silence::Ended)?;
        frame::write(asks, ask, payload).map_err(|_| Silence::Ended)
    }

    /// The host's next answer, waiting at most `patience`.
    pub fn answer(&mut self, patience: Duration) -> Result<(A, Vec<u8>), Silence> {
        match self.answers.recv_timeout(patience) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(FrameError::Broken(_))) | Err(RecvTimeoutError::Disconnected) => Err(Silence::Ended),
            Ok(Err(garbled)) => Err(Silence::Garbled(garbled)),
            Err(RecvTimeoutError::Timeout) => Err(Silence::Waiting),
        }
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }
}

impl<A> Host<A> {
    /// Ends the process at once.
    pub fn kill(mut self) {
        self.end(Duration::ZERO);
    }

    /// Closes the host's input, which tells it to end, and kills it when it has not done so after `farewell`.
    fn end(&mut self, farewell: Duration) {
        self.asks = None;
        let Some(mut child) = self.child.take() else { return };
        let deadline = Instant::now() + farewell;
        while Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        // Already ended is as good as killed. A process stuck in the kernel may outlive its kill for a while: a thread of
        // its own waits for it, the station does not.
        let _ = child.kill();
        thread::spawn(move || child.wait());
    }
}

impl<A> Drop for Host<A> {
    fn drop(&mut self) {
        self.end(FAREWELL);
    }
}
