//! The holder's page read aloud by the speech program of the machine: `spd-say` (speech-dispatcher), else `espeak-ng`. Where
//! neither is installed nothing is offered. The words go to the program's standard input, never into its arguments, which every
//! user of the machine could read.

use std::{
    env, fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    thread,
};

use bam_station_ui::{Holder, HolderCard, HolderPage, HolderTerms, HolderWindow};
use slint::{ComponentHandle as _, Model as _};

use super::{Shell, shell::on, words::text};
use crate::config::Language;

/// A program that speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voice {
    /// `spd-say`: speaks through the desktop's speech service.
    Dispatcher(PathBuf),
    /// `espeak-ng`: speaks by itself.
    Espeak(PathBuf),
}

impl Voice {
    /// The program of this machine, if it has one. `path` is what `PATH` holds.
    pub fn find(path: Option<&std::ffi::OsStr>) -> Option<Self> {
        let find = |name: &str| {
            env::split_paths(path?)
                .map(|folder| folder.join(name))
                .find(|file| fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0))
        };
        find("spd-say").map(Self::Dispatcher).or_else(|| find("espeak-ng").map(Self::Espeak))
    }

    fn command(&self, language: Language) -> Command {
        let (program, arguments): (&Path, [&str; 4]) = match self {
            // `-e` speaks what comes on standard input, `-w` ends when it is said.
            Self::Dispatcher(program) => (program, ["-e", "-w", "-l", dispatcher_voice(language)]),
            Self::Espeak(program) => (program, ["--stdin", "-s", "150", espeak_voice(language)]),
        };
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }
}

/// The voice of a language. Where a language has none of its own, that of its nearest neighbour speaks.
fn dispatcher_voice(language: Language) -> &'static str {
    match language.code() {
        "en" => "en",
        "sv" => "sv",
        _ => "no",
    }
}

fn espeak_voice(language: Language) -> &'static str {
    match language.code() {
        "en" => "-ven-gb",
        "sv" => "-vsv",
        _ => "-vnb",
    }
}

/// What is being said.
#[derive(Default)]
pub struct Aloud {
    voice: Option<Voice>,
    speaking: Option<Child>,
}

impl Aloud {
    /// With the program of this machine.
    pub fn of_this_machine() -> Self {
        Self::with(Voice::find(env::var_os("PATH").as_deref()))
    }

    /// With this program.
    pub fn with(voice: Option<Voice>) -> Self {
        Self { voice, speaking: None }
    }

    /// Something can be read aloud.
    pub fn is_there(&self) -> bool {
        self.voice.is_some()
    }

    /// It speaks now.
    pub fn speaks(&mut self) -> bool {
        let ended = self.speaking.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
        if ended {
            self.speaking = None;
        }
        self.speaking.is_some()
    }

    /// Says these words; what was being said is not said further. Returns whether a program took them.
    pub fn say(&mut self, words: &str, language: Language) -> bool {
        self.stop();
        let Some(voice) = &self.voice else { return false };
        let started = voice.command(language).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = started else { return false };
        let (input, words) = (child.stdin.take(), words.to_owned());
        // A long page is more than a pipe holds, and the screens wait for nobody.
        let _ = thread::Builder::new().name("aloud".to_owned()).spawn(move || {
            if let Some(mut input) = input {
                // A program that was stopped reads no further.
                let _ = input.write_all(words.as_bytes());
            }
        });
        self.speaking = Some(child);
        true
    }

    /// Silence.
    pub fn stop(&mut self) {
        let Some(mut child) = self.speaking.take() else { return };
        // The speech service goes on by itself when its client is gone.
        if let Some(Voice::Dispatcher(program)) = &self.voice
            && let Ok(mut canceller) = Command::new(program).arg("-C").stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        {
            let _ = thread::Builder::new().name("silence".to_owned()).spawn(move || canceller.wait());
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Aloud {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let holder = shell.holder.global::<Holder>();
    on!(shell, holder, on_read_aloud, |here| {
        let language = here.desk(|desk| desk.holder_language);
        let words = page_in_words(&here.holder, language);
        here.desk(|desk| {
            if desk.aloud.speaks() {
                desk.aloud.stop();
            } else {
                desk.aloud.say(&words, language);
            }
        });
        follow_up(&here);
    });
}

/// What is shown of the voice; it falls silent when its page is left.
pub(super) fn follow_up(shell: &Shell) {
    let holder = shell.holder.global::<Holder>();
    let page = (holder.get_page(), shell.holder.global::<HolderTerms>().get_page());
    let (there, speaks) = shell.desk(|desk| {
        if desk.aloud_page != Some(page) {
            desk.aloud_page = Some(page);
            desk.aloud.stop();
        }
        (desk.aloud.is_there(), desk.aloud.speaks())
    });
    // What somebody types in secret, and what somebody signs, is done in silence.
    let readable = !matches!(page.0, HolderPage::Pin | HolderPage::Sign);
    holder.set_can_read_aloud(there && readable);
    holder.set_reading_aloud(speaks);
}

/// The page as one would read it to somebody.
fn page_in_words(window: &HolderWindow, language: Language) -> String {
    let holder = window.global::<Holder>();
    let terms = window.global::<HolderTerms>();
    let say = |key: &str| text(language, key).to_string();
    let paragraphs = || {
        let mut all = vec![];
        for paragraph in terms.get_paragraphs().iter() {
            all.push(paragraph.heading.to_string());
            all.push(paragraph.text.to_string());
        }
        all
    };
    let parts = match holder.get_page() {
        HolderPage::Idle => vec![say("idle.title"), say("idle.text")],
        HolderPage::Welcome => [say("welcome.title")].into_iter().chain(holder.get_steps().iter().map(String::from)).collect(),
        HolderPage::Terms => [terms.get_title().to_string()].into_iter().chain(paragraphs()).collect(),
        HolderPage::Information => [say("information.title")].into_iter().chain(paragraphs()).collect(),
        HolderPage::Card => {
            let card = window.global::<HolderCard>();
            vec![card.get_title().to_string(), card.get_text().to_string(), card.get_hint().to_string()]
        }
        HolderPage::Wait if holder.get_wait_text().is_empty() => vec![say("wait.title"), say("wait.text")],
        HolderPage::Wait => vec![say("wait.title"), holder.get_wait_text().to_string()],
        HolderPage::Thanks if holder.get_take_card() => vec![say("thanks.title"), say("thanks.card")],
        HolderPage::Thanks if holder.get_take_document() => vec![say("thanks.title"), say("thanks.document")],
        HolderPage::Thanks => vec![say("thanks.title"), say("thanks.text")],
        HolderPage::Ended => vec![say("end.title"), say("end.text")],
        HolderPage::Pin | HolderPage::Sign => vec![],
    };
    let mut words = String::new();
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        words.push_str(part);
        words.push_str(if part.ends_with(['.', '!', '?', ':']) { "\n" } else { ".\n" });
    }
    words
}
