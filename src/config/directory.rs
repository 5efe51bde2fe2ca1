//! `[Directory]`, `[AdMapping]` and `[CertificateGroups]` of MASTER.toml: the organisation's directory and what its fields mean.

use std::path::PathBuf;

use super::{
    Broken, ConfigError, Loaded, Master,
    master::one_line,
    schema::{Field, Key, Section},
};
use crate::directory::{TypedEntry, is_entry_name, mapping};

const FILE: &str = "a file name, from the folder of MASTER.toml when it is not absolute";
const ATTRIBUTE: &str = "the name of a field of the directory; `bam-station directory attributes` lists them";
const GROUP: &str = "the name of a group, or its distinguished name";

fn shown(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

/// `ldaps://HOST[:PORT]` or `ldap://HOST[:PORT]`.
fn address(text: &str) -> Result<String, &'static str> {
    let url = reqwest::Url::parse(text.trim()).map_err(|_| "is not an address")?;
    if !matches!(url.scheme(), "ldaps" | "ldap") {
        return Err("is neither an ldaps nor an ldap address");
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

fn entry_name(text: &str) -> Result<String, &'static str> {
    one_line(text).and_then(|text| if is_entry_name(&text) { Ok(text) } else { Err("is no distinguished name") })
}

fn filter(text: &str) -> Result<String, &'static str> {
    let text = one_line(text)?;
    let whole = text.starts_with('(') && ldap3::parse_filter(&text).is_ok();
    if whole { Ok(text) } else { Err("is no search filter in parentheses (RFC 4515)") }
}

fn attribute(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if mapping::is_attribute(text) { Ok(text.to_owned()) } else { Err("is no field name") }
}

/// Half a directory would only be noticed when the first person is looked for.
pub(super) fn whole(loaded: &Loaded<Master>) -> Result<(), ConfigError> {
    let directory = &loaded.value.directory;
    let contradiction = |key, message: String, allowed| {
        Err(ConfigError::one(Broken::Contradiction, loaded.contradiction("Directory", key, message, allowed)))
    };
    let keys = [("Url", directory.url.is_some()), ("Ca", directory.ca.is_some()), ("Base", directory.base.is_some())];
    let names = |there: bool| keys.iter().filter(move |(_, is)| *is == there).map(|(key, _)| *key).collect::<Vec<_>>();
    let missing = names(false);
    if let Some(first) = names(true).first()
        && !missing.is_empty()
    {
        let message = format!("[Directory] names a directory only in part: {} missing", missing.join(", "));
        return contradiction(first, message, "Url, Ca and Base, or none of them");
    }
    let groups = &loaded.value.roles.groups;
    let named = [("OperatorGroup", &groups.operators), ("RaAdminGroup", &groups.ra_admins), ("AuditorGroup", &groups.auditors)];
    if let Some((key, _)) = named.into_iter().find(|(_, group)| group.is_some())
        && directory.url.is_none()
    {
        let message = format!("{key} names a group, but [Directory] names no directory");
        let diagnostic =
            loaded.contradiction("Roles", key, message, "[Directory] with Url, Ca and Base, or no groups in [Roles]");
        return Err(ConfigError::one(Broken::Contradiction, diagnostic));
    }
    match (&directory.bind_name, &directory.password_file) {
        (Some(_), None) => {
            contradiction("BindName", "BindName has no PasswordFile".into(), "both BindName and PasswordFile, or neither")
        }
        (None, Some(_)) => {
            contradiction("PasswordFile", "PasswordFile has no BindName".into(), "both BindName and PasswordFile, or neither")
        }
        _ => Ok(()),
    }
}

/// The section of the schema.
pub(super) const DIRECTORY: Section<Master> = Section {
    name: "Directory",
    about: "The organisation's directory (LDAP, Active Directory), from which people come. It is read and never written, over TLS \
            alone, and never through a proxy. Without Url people are typed.",
    keys: &[
        Key {
            name: "Url",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "an address ldaps://HOST[:PORT], or ldap://HOST[:PORT] for StartTLS",
                get: |master| master.directory.url.clone(),
                set: |master, text| address(text).map(|url| master.directory.url = Some(url)),
            },
            effect: "Where the directory is. Needs Ca and Base. With ldap: the connection begins with StartTLS; nothing is asked without TLS.",
        },
        Key {
            name: "Ca",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: FILE,
                get: |master| shown(master.directory.ca.as_ref()),
                set: |master, text| one_line(text).map(|file| master.directory.ca = Some(file.into())),
            },
            effect: "PEM file with the CA certificates that the directory's certificate must come from. No other CA counts.",
        },
        Key {
            name: "Base",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "a distinguished name, for example \"OU=People,DC=example,DC=org\"",
                get: |master| master.directory.base.clone(),
                set: |master, text| entry_name(text).map(|base| master.directory.base = Some(base)),
            },
            effect: "People and groups are looked for below this entry (BAM: Domain).",
        },
        Key {
            name: "BindName",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "a distinguished name, or USER@DOMAIN for Active Directory",
                get: |master| master.directory.bind_name.clone(),
                set: |master, text| one_line(text).map(|name| master.directory.bind_name = Some(name)),
            },
            effect: "The account of the station in the directory; the right to read is enough. Needs PasswordFile. Without it: an anonymous connection.",
        },
        Key {
            name: "PasswordFile",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: FILE,
                get: |master| shown(master.directory.password_file.as_ref()),
                set: |master, text| one_line(text).map(|file| master.directory.password_file = Some(file.into())),
            },
            effect: "The password of BindName, alone in a file that the station's user alone can read. There is no key for the password itself.",
        },
        Key {
            name: "PersonFilter",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "a search filter (RFC 4515)",
                get: |master| Some(master.directory.person_filter.clone()),
                set: |master, text| filter(text).map(|filter| master.directory.person_filter = filter),
            },
            effect: "Only entries that fit are people. In Active Directory: \"(&(objectCategory=person)(objectClass=user))\".",
        },
        Key {
            name: "MostHits",
            required: false,
            since: "0.1.0",
            field: Field::Count { min: 1, max: 100, at: |master| &mut master.directory.most_hits },
            effect: "So many people are listed at most; the operator then looks for something more exact, and always chooses one.",
        },
        Key {
            name: "Seconds",
            required: false,
            since: "0.1.0",
            field: Field::Count { min: 1, max: 60, at: |master| &mut master.directory.seconds },
            effect: "Longest time for one look-up, connection included.",
        },
        Key {
            name: "TypedEntry",
            required: false,
            since: "0.1.0",
            field: Field::Choice {
                of: &["never", "when-down", "with-reason"],
                get: |master| match master.directory.typed_entry {
                    TypedEntry::Never => "never",
                    TypedEntry::WhenDown => "when-down",
                    TypedEntry::WithReason => "with-reason",
                },
                set: |master, word| {
                    master.directory.typed_entry = match word {
                        "never" => TypedEntry::Never,
                        "when-down" => TypedEntry::WhenDown,
                        "with-reason" => TypedEntry::WithReason,
                        _ => return false,
                    };
                    true
                },
            },
            effect: "Whether the operator may type a person although there is a directory. when-down: only when the directory could not be \
                     asked. with-reason: always. Both with a reason, which is recorded.",
        },
    ],
};

/// The section of the schema.
pub(super) const MAPPING: Section<Master> = Section {
    name: "AdMapping",
    about: "In which fields of the directory is what (BAM: AD mapping).",
    keys: &[
        Key {
            name: "FirstName",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: ATTRIBUTE,
                get: |master| Some(master.directory.mapping.first_name.clone()),
                set: |master, text| attribute(text).map(|name| master.directory.mapping.first_name = name),
            },
            effect: "First and middle names.",
        },
        Key {
            name: "LastName",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: ATTRIBUTE,
                get: |master| Some(master.directory.mapping.last_name.clone()),
                set: |master, text| attribute(text).map(|name| master.directory.mapping.last_name = name),
            },
            effect: "The last name only.",
        },
        Key {
            name: "Email",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: ATTRIBUTE,
                get: |master| Some(master.directory.mapping.email.clone()),
                set: |master, text| attribute(text).map(|name| master.directory.mapping.email = name),
            },
            effect: "The official e-mail address, to which notices go.",
        },
        Key {
            name: "IssuerKey",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: ATTRIBUTE,
                get: |master| Some(master.directory.mapping.issuer_key.clone()),
                set: |master, text| attribute(text).map(|name| master.directory.mapping.issuer_key = name),
            },
            effect: "The user name, one for each person (BAM: Issuer Key mapping). The issuer of certificates knows people by it: it is not changed \
                     without telling the issuer.",
        },
        Key {
            name: "Ssn",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: "\"Field\", \"DateField{ddMMyyyy};SecondField\", \"DateField{ddMMyyyy}\" or \"None\"; capitals in the date format count",
                get: |master| Some(master.directory.mapping.number.to_string()),
                set: |master, text| mapping::NumberMapping::parse(text).map(|number| master.directory.mapping.number = number),
            },
            effect: "Where the identity number lies (BAM: SSN in AD mapping): all in one field; the date in one and the last five digits in \
                     a second one; the birth date alone; or nowhere.",
        },
    ],
};

/// The section of the schema.
pub(super) const GROUPS: Section<Master> = Section {
    name: "CertificateGroups",
    about: "Groups of the directory that decide which certificates somebody gets (BAM: Certificate groups). When neither is named, \
            groups decide nothing. A control for a person from the directory who is in no group for the kind is refused.",
    keys: &[
        Key {
            name: "Local",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: GROUP,
                get: |master| master.directory.groups.local.clone(),
                set: |master, text| one_line(text).map(|name| master.directory.groups.local = Some(name)),
            },
            effect: "Its members get local certificates (BAM: for example G_IDM_LokaleSertifikater).",
        },
        Key {
            name: "Qualified",
            required: false,
            since: "0.1.0",
            field: Field::Text {
                allowed: GROUP,
                get: |master| master.directory.groups.qualified.clone(),
                set: |master, text| one_line(text).map(|name| master.directory.groups.qualified = Some(name)),
            },
            effect: "Its members get qualified certificates (BAM: for example G_IDM_KvalifiserteSertifikater).",
        },
        Key {
            name: "Nesting",
            required: false,
            since: "0.1.0",
            field: Field::Count { min: 0, max: 10, at: |master| &mut master.directory.groups.nesting },
            effect: "So many levels of groups within groups are followed. The primary group of an account in Active Directory counts as well.",
        },
    ],
};
