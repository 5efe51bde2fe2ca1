//! `[Notices]` of MASTER.toml: mail to people about what was done with their names, and to whoever looks after the station.

use std::path::PathBuf;

use super::{
    Broken, ConfigError, Language, Loaded, Master,
    master::one_line,
    schema::{Field, Key, Section},
};

/// `[Notices]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticesSettings {
    /// `smtps://HOST[:PORT]`, or `smtp://HOST[:PORT]` with StartTLS. Without an address no mail is sent.
    pub url: Option<String>,
    /// CA certificates (PEM) that the server's certificate must come from.
    pub ca: Option<PathBuf>,
    /// The sender.
    pub from: Option<String>,
    /// The account at the mail server.
    pub user_name: Option<String>,
    /// Its password, alone in a file.
    pub password_file: Option<PathBuf>,
    /// Who is told of reports that cannot be delivered.
    pub alarm_to: Option<String>,
    /// A report that is not delivered after so many hours is told, 1–720.
    pub alarm_hours: u16,
    /// What follows the user name in an address, where no directory knows addresses.
    pub domain: Option<String>,
    /// The language of the mails.
    pub language: Language,
    /// The folder of the templates; `None` for those of the program.
    pub folder: Option<PathBuf>,
}

impl Default for NoticesSettings {
    fn default() -> Self {
        Self {
            url: None,
            ca: None,
            from: None,
            user_name: None,
            password_file: None,
            alarm_to: None,
            alarm_hours: 24,
            domain: None,
            language: Language::default(),
            folder: None,
        }
    }
}

const FILE: &str = "a file name, from the folder of MASTER.toml when it is not absolute";

fn shown(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

fn server(text: &str) -> Result<String, &'static str> {
    let url = reqwest::Url::parse(text.trim()).map_err(|_| "is not an address")?;
    if !matches!(url.scheme(), "smtps" | "smtp") {
        return Err("is neither an smtps nor an smtp address");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("names no host");
    }
    let more = !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some();
    if more || !matches!(url.path(), "" | "/") {
        return Err("is more than a host and a port");
    }
    one_line(text)
}

fn mailbox(text: &str) -> Result<String, &'static str> {
    let text = one_line(text)?;
    text.parse::<lettre::Address>().map(|_| text).map_err(|_| "is no e-mail address")
}

fn domain(text: &str) -> Result<String, &'static str> {
    let text = one_line(text.trim().trim_start_matches('@'))?;
    lettre::Address::new("somebody", &text).map(|_| text).map_err(|_| "is no domain")
}

/// Half a mail server would only be noticed when the first notice is sent.
pub(super) fn whole(loaded: &Loaded<Master>) -> Result<(), ConfigError> {
    let NoticesSettings { url, ca, from, user_name, password_file, .. } = &loaded.value.notices;
    let contradiction = |key, message: String, allowed| {
        Err(ConfigError::one(Broken::Contradiction, loaded.contradiction("Notices", key, message, allowed)))
    };
    let keys = [("Url", url.is_some()), ("Ca", ca.is_some()), ("From", from.is_some())];
    let names = |there: bool| keys.iter().filter(move |(_, is)| *is == there).map(|(key, _)| *key).collect::<Vec<_>>();
    let missing = names(false);
    if let Some(first) = names(true).first()
        && !missing.is_empty()
    {
        let message = format!("[Notices] names a mail server only in part: {} missing", missing.join(", "));
        return contradiction(first, message, "Url, Ca and From, or none of them");
    }
    match (user_name, password_file) {
        (Some(_), None) => {
            contradiction("UserName", "UserName has no PasswordFile".into(), "both UserName and PasswordFile, or neither")
        }
        (None, Some(_)) => {
            contradiction("PasswordFile", "PasswordFile has no UserName".into(), "both UserName and PasswordFile, or neither")
        }
        _ => Ok(()),
    }
}

/// The section of the schema.
pub(super) const SECTION: Section<Master> = Section {
    name: "Notices",
    about: "Mail to holders and third parties about vouching, and to an administrator about reports that cannot be delivered \
            (`bam-station notices`). Without Url notices are queued and nothing is sent.",
    keys: &[
        Key {
            name: "Url",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "an address smtps://HOST[:PORT], or smtp://HOST[:PORT] for StartTLS",
                get: |master| master.notices.url.clone(),
                set: |master, text| server(text).map(|url| master.notices.url = Some(url)),
            },
            effect: "The mail server. Needs Ca and From. Nothing is sent without TLS. Usual ports: 465 for smtps, 587 for smtp.",
        },
        Key {
            name: "Ca",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: FILE,
                get: |master| shown(master.notices.ca.as_ref()),
                set: |master, text| one_line(text).map(|file| master.notices.ca = Some(file.into())),
            },
            effect: "PEM file with the CA certificates that the mail server's certificate must come from. No other CA counts.",
        },
        Key {
            name: "From",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "an e-mail address",
                get: |master| master.notices.from.clone(),
                set: |master, text| mailbox(text).map(|from| master.notices.from = Some(from)),
            },
            effect: "The sender of the mails.",
        },
        Key {
            name: "UserName",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "a text of 1 to 200 characters on one line",
                get: |master| master.notices.user_name.clone(),
                set: |master, text| one_line(text).map(|name| master.notices.user_name = Some(name)),
            },
            effect: "The station's account at the mail server. Needs PasswordFile. Without it the station does not sign in there.",
        },
        Key {
            name: "PasswordFile",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: FILE,
                get: |master| shown(master.notices.password_file.as_ref()),
                set: |master, text| one_line(text).map(|file| master.notices.password_file = Some(file.into())),
            },
            effect: "The password of UserName, alone in a file that the station's user alone can read.",
        },
        Key {
            name: "Domain",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "a domain, for example \"example.org\"",
                get: |master| master.notices.domain.clone(),
                set: |master, text| domain(text).map(|domain| master.notices.domain = Some(domain)),
            },
            effect: "Where there is no [Directory], mail goes to USERNAME@Domain. Without both, notices to people wait in the queue.",
        },
        Key {
            name: "AlarmTo",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "an e-mail address",
                get: |master| master.notices.alarm_to.clone(),
                set: |master, text| mailbox(text).map(|to| master.notices.alarm_to = Some(to)),
            },
            effect: "Who is told, once for each report, that it could not be delivered to the archive for AlarmHours.",
        },
        Key {
            name: "AlarmHours",
            required: false,
            since: "0.1.0",
            field: Field::Number { min: 1, max: 720, at: |master| &mut master.notices.alarm_hours },
            effect: "A report that is not delivered so many hours after its control ended is told to AlarmTo.",
        },
        Key {
            name: "Language",
            required: false,
            since: "0.1.0",
            field: Field::Choice {
                of: &["nb", "nn", "en"],
                get: |master| master.notices.language.code(),
                set: |master, word| Language::from_code(word).map(|language| master.notices.language = language).is_some(),
            },
            effect: "The language of the mails.",
        },
        Key {
            name: "Folder",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "a folder, from the folder of MASTER.toml when it is not absolute",
                get: |master| shown(master.notices.folder.as_ref()),
                set: |master, text| one_line(text).map(|folder| master.notices.folder = Some(folder.into())),
            },
            effect: "The folder with the templates vouched.LANGUAGE.txt and undelivered.LANGUAGE.txt. Without it: those of the program.",
        },
    ],
};
