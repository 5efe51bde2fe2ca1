//! The two roads to the issuing system: a folder that both sides see, and HTTPS.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{
    StatusCode,
    blocking::{Client, Response},
    header::{ACCEPT, CONTENT_TYPE},
    redirect,
};
use serde::Deserialize;

use super::super::{MAX_ANSWER_BYTES, tls};
use super::{HandOverError, RoadError};

/// What the issuing system says about an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It may still act on it.
    Open,
    /// It has acted on it.
    Used,
    /// It has no such announcement.
    Unknown,
}

/// A way to tell the issuing system, as often as need be: the control id makes the repetition harmless.
pub trait Road: Send {
    /// Announces. The same announcement again changes nothing.
    fn announce(&self, control: &str, document: &str) -> Result<Seen, RoadError>;
    /// What became of the announcement.
    fn look(&self, control: &str) -> Result<Seen, RoadError>;
    /// Takes the announcement back. [`Seen::Used`]: too late; else it is not there any more.
    fn take_back(&self, control: &str) -> Result<Seen, RoadError>;
    /// Clears away what the road still holds of an announcement that has come to its end.
    fn clear(&self, control: &str) -> Result<(), RoadError>;
    /// The controls of which the road holds something that a power cut may have left.
    fn leftovers(&self) -> Result<Vec<String>, RoadError>;
}

/// A folder. The station puts `<control>.json` into it. The issuing system renames the file to `<control>.used.json` **before** it
/// acts: a rename succeeds once, so of two issuing processes, or of a use and a withdrawal, one comes too late and knows it.
pub struct FolderRoad {
    folder: PathBuf,
}

/// What files of the station's own, or of a finished announcement, end with.
const FINISHED: [&str; 3] = [".used.json", ".withdrawn.json", ".tmp"];

impl FolderRoad {
    /// The folder must be there: one that is not mounted is not made beside its mount point.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, control: &str, suffix: &str) -> PathBuf {
        self.folder.join(format!("{control}{suffix}"))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn place(&self, control: &str, document: &str) -> io::Result<()> {
        let temporary = self.path(control, ".tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&temporary)?;
        file.write_all(document.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, self.path(control, ".json"))?;
        self.sync()
    }
}

impl Road for FolderRoad {
    fn announce(&self, control: &str, document: &str) -> Result<Seen, RoadError> {
        match self.look(control)? {
            Seen::Unknown => {
                self.place(control, document)?;
                Ok(Seen::Open)
            }
            // An earlier attempt may have been cut between its rename and the folder's own sync.
            seen => self.sync().map(|()| seen).map_err(RoadError::from),
        }
    }

    /// `.json` first: the issuing system renames it to `.used.json` and never the other way, so one of the two looks finds it.
    fn look(&self, control: &str) -> Result<Seen, RoadError> {
        if !self.folder.is_dir() {
            return Err(RoadError::FolderMissing);
        }
        if self.path(control, ".json").try_exists()? {
            return Ok(Seen::Open);
        }
        Ok(if self.path(control, ".used.json").try_exists()? { Seen::Used } else { Seen::Unknown })
    }

    fn take_back(&self, control: &str) -> Result<Seen, RoadError> {
        let aside = self.path(control, ".withdrawn.json");
        match fs::rename(self.path(control, ".json"), &aside) {
            Ok(()) => {
                fs::remove_file(&aside)?;
                self.sync()?;
                Ok(Seen::Unknown)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // An earlier withdrawal may have been cut between its two steps.
                let _ = fs::remove_file(&aside);
                self.look(control)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn clear(&self, control: &str) -> Result<(), RoadError> {
        for suffix in FINISHED {
            match fs::remove_file(self.path(control, suffix)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn leftovers(&self) -> Result<Vec<String>, RoadError> {
        let mut controls = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let control = FINISHED.iter().find_map(|suffix| name.to_str()?.strip_suffix(suffix));
            controls.extend(control.map(str::to_owned));
        }
        Ok(controls)
    }
}

/// HTTPS: `POST url` announces, `GET url/<control>` asks, `DELETE url/<control>` takes back (409: already used).
pub struct HttpsRoad {
    http: Client,
    url: String,
}

/// The answer of the issuing system.
#[derive(Deserialize)]
struct Answer {
    state: String,
}

impl HttpsRoad {
    /// `authority`: the CA certificates (PEM) that the server's certificate must come from; no other counts.
    pub fn new(url: &str, authority: &[u8]) -> Result<Self, HandOverError> {
        let http = Client::builder()
            .tls_backend_preconfigured(tls::anonymous_config(authority)?)
            .https_only(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|_| HandOverError::NoNetwork)?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    fn seen(response: Response) -> Result<Seen, RoadError> {
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Seen::Unknown),
            StatusCode::CONFLICT => return Ok(Seen::Used),
            status if status.is_client_error() => return Err(RoadError::Refused),
            status if !status.is_success() => return Err(RoadError::Unreachable),
            _ => {}
        }
        let mut text = Vec::new();
        response.take(MAX_ANSWER_BYTES).read_to_end(&mut text).map_err(|_| RoadError::Unreachable)?;
        // An empty answer to an announcement or a withdrawal is a plain yes.
        Ok(match serde_json::from_slice::<Answer>(&text) {
            Ok(Answer { state }) if state == "used" => Seen::Used,
            _ => Seen::Open,
        })
    }
}

impl Road for HttpsRoad {
    fn announce(&self, control: &str, document: &str) -> Result<Seen, RoadError> {
        let request = self.http.post(&self.url).header(CONTENT_TYPE, "application/json").header("Idempotency-Key", control);
        match Self::seen(request.body(document.to_owned()).send().map_err(|_| RoadError::Unreachable)?)? {
            Seen::Unknown => Err(RoadError::Refused),
            seen => Ok(seen),
        }
    }

    fn look(&self, control: &str) -> Result<Seen, RoadError> {
        let request = self.http.get(format!("{}/{control}", self.url)).header(ACCEPT, "application/json");
        Self::seen(request.send().map_err(|_| RoadError::Unreachable)?)
    }

    fn take_back(&self, control: &str) -> Result<Seen, RoadError> {
        let response = self.http.delete(format!("{}/{control}", self.url)).send().map_err(|_| RoadError::Unreachable)?;
        match Self::seen(response)? {
            Seen::Used => Ok(Seen::Used),
            Seen::Open | Seen::Unknown => Ok(Seen::Unknown),
        }
    }

    fn clear(&self, _control: &str) -> Result<(), RoadError> {
        Ok(())
    }

    fn leftovers(&self) -> Result<Vec<String>, RoadError> {
        Ok(Vec::new())
    }
}
