//! Preregistration: a CSV file checked line by line, merged into the list, and asked when a control begins.

use std::fs;

use bam_station::{
    people::{self, ImportError, List},
    register::Register,
    rules::{CertificateKind, Person},
};
use jiff::civil::date;
use serde_json::Value;

use crate::spine::station;

const GOOD: &str = "first_names;last_name;user_name;identity_number;birth_date;certificates;note\r\n\
    Anna Maria;Eriksson;anneri;;12.08.1974;qualified;\"a; note\"\r\n\
    \r\n\
    Ola;Nordmann;olanor;02016126007;1961-01-02;local qualified;\r\n\
    Kari;Ødegård;;41814061033;;Local;\r\n";

fn read(text: &str) -> Result<Vec<people::Announced>, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    fs::write(&file, text).unwrap();
    people::read(&file, date(2026, 11, 22)).map(|lines| lines.people)
}

fn mistakes(text: &str) -> Vec<String> {
    match read(text) {
        Err(ImportError::Lines(lines)) => lines.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_spreadsheet_is_read_with_semicolons_commas_quotes_and_both_dates() {
    let people = read(GOOD).unwrap();
    assert_eq!(people.len(), 3);
    assert_eq!(people[0].person.birth_date, Some(date(1974, 8, 12)));
    assert_eq!(people[1].certificates, CertificateKind::ALL);
    assert_eq!(people[2].certificates, [CertificateKind::Local]);
    assert_eq!(read(&format!("\u{feff}{}", GOOD.replace("a; note", "a, note").replace(';', ","))).unwrap(), people);
    let two_lines = "certificates,user_name,last_name,first_names\nlocal,x1,\"A \"\"B\"\" C\",\"Anna\"\n";
    assert_eq!(read(two_lines).unwrap()[0].person.last_name, "A \"B\" C");
}

#[test]
fn every_mistake_is_told_with_line_and_column_and_without_what_stands_there() {
    let head = "first_names,last_name,user_name,identity_number,birth_date,certificates\n";
    for (line, place) in [
        ("Anna,Eriksson,a,12345678901,,local", "2:17: identity_number: "),
        ("Anna,Eriksson,a,,1974-02-30,local", "2:18: birth_date: "),
        ("Anna,Eriksson,a,,2027-01-01,local", "2:18: birth_date: "),
        ("Anna,Eriksson,a,02016126007,1961-01-03,local", "2:29: birth_date: "),
        ("Anna,Eriksson,a,,,remote", "2:19: certificates: "),
        ("Anna,Eriksson,a,,,", "2:19: certificates: "),
        ("Anna,Eriksson,,,,local", "2:1: "),
        (",,a,,,local", "2:2: last_name: "),
        ("Anna,\"Eriks\nson\",a,,,local", "2:1: "),
        ("Anna,Eriksson,\"a,,,local", "2:15: "),
        ("Anna,Eriksson,a\"b\",,,local", "2:15: "),
        ("Anna,\"Eriksson\"x,a,,,local", "2:6: "),
    ] {
        let told = mistakes(&format!("{head}{line}\n"));
        assert!(told.iter().any(|told| told.starts_with(place)), "{line}: {told:?}");
        assert!(
            !told.concat().contains("Eriks") && !told.concat().contains("0201") && !told.concat().contains("1234567"),
            "{told:?}"
        );
    }
    let twice = mistakes(&format!("{head}Anna,Eriksson,a,,,local\nAnne,Eriksen,A,,,local\n"));
    assert_eq!(twice.len(), 1);
    assert!(twice[0].starts_with("3:1: ") && twice[0].contains("line 2"), "{twice:?}");
    assert!(
        (people::MOST_PROBLEMS..people::MOST_PROBLEMS + 10).contains(&mistakes(&format!("{head}{}", "x\n".repeat(5000))).len())
    );
    for header in
        ["", "a,b,c\n", "first_names,last_name,certificates\n", "first_names,last_name,user_name,user_name,certificates\n", "\"x"]
    {
        assert!(matches!(read(header), Err(ImportError::Header { .. })), "{header:?}");
    }
}

#[test]
fn a_second_file_adds_and_changes_and_leaves_the_others() {
    let (list, merged) = List::default().merge(read(GOOD).unwrap());
    assert_eq!((merged.new, merged.changed, merged.same), (3, 0, 0));
    let second = "first_names,last_name,user_name,certificates\nAnna Maria,Eriksson,ANNERI,local\nPer,Vik,pervik,qualified\n";
    let (list, merged) = list.merge(read(second).unwrap());
    assert_eq!((merged.new, merged.changed, merged.same), (1, 1, 0));
    assert_eq!(list.people.len(), 4);
    let anna = Person { user_name: Some("anneri".into()), ..crate::support::anna() };
    assert_eq!(list.kinds(&anna), [CertificateKind::Local]);
    assert!(list.kinds(&Person { user_name: Some("somebody".into()), ..anna }).is_empty());
}

#[test]
fn the_command_checks_first_and_keeps_the_list_in_the_register() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("people.csv");
    fs::write(&file, GOOD).unwrap();
    let file = file.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let output = station(data.path(), &[&["people"], arguments, &["--json"]].concat());
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), said, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said, _) = run(&["import", file, "--dry-run"]);
    assert_eq!((code, &said["merged"]["new"], &said["people"]), (0, &3.into(), &3.into()));
    assert!(!data.path().join("register").exists(), "a dry run writes nothing");
    assert_eq!(run(&["import", file]).0, 2, "somebody imports it");
    assert_eq!(run(&["import", file, "--by", "Ragnhild Admin"]).0, 0);
    let (_, said, _) = run(&["import", file, "--by", "Ragnhild Admin"]);
    assert_eq!(said["merged"]["same"], 3);
    let (code, said, _) = run(&["list"]);
    assert_eq!((code, said["people"].as_array().unwrap().len()), (0, 3));
    assert_eq!(said["imported"]["entry"]["by"], "Ragnhild Admin");

    fs::write(file, GOOD.replace("olanor;02016126007", "olanor;02016126008")).unwrap();
    let (code, said, told) = run(&["import", file, "--by", "Ragnhild Admin"]);
    assert_eq!((code, &said["code"], &said["lines"][0]["line"]), (1, &"PEOPLE_FILE_LINES".into(), &4.into()), "{said}");
    assert!(!told.contains("02016126008") && !said.to_string().contains("02016126008"));
    fs::write(file, GOOD.lines().take(2).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let (_, said, _) = run(&["import", file, "--replace", "--by", "Ragnhild Admin"]);
    assert_eq!((&said["merged"]["gone"], &said["people"]), (&2.into(), &1.into()));

    let register = Register::open_read_only(&data.path().join("register")).unwrap();
    let (_, newest) = people::newest(&register).unwrap().unwrap();
    let list = people::list(&register, &newest.list).unwrap();
    assert_eq!(list.kinds(&crate::support::anna()), [CertificateKind::Qualified]);
    assert!(newest.previous.is_some());
    let journal = fs::read(data.path().join("register/register.db")).unwrap();
    assert!(!journal.windows(8).any(|part| part == b"Eriksson"), "the journal names nobody");
    drop(register);
    let verified = station(data.path(), &["register", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
}
