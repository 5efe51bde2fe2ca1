//! Preregistration while a desk is open: the list is imported beside the station, and holds for its next control.

use std::{fs, thread};

use bam_station::{
    people,
    register::{Register, RegisterPlace, rotate_key},
    station::{DataFolder, Station, SystemClock},
};

use crate::{desk_by_hand::configuration, signature::pin, spine::station};

fn open(data: &std::path::Path) -> Station {
    let folder = DataFolder::locate(Some(data.to_owned()));
    Station::open(configuration().into(), folder, env!("CARGO_BIN_EXE_bam-station").into(), Box::new(SystemClock)).unwrap()
}

fn csv(folder: &std::path::Path, people: &[&str]) -> String {
    let lines: String = people.iter().map(|name| format!("{name},Vik,{name},local\n")).collect();
    let file = folder.join(format!("{}.csv", people.concat()));
    fs::write(&file, format!("first_names,last_name,user_name,certificates\n{lines}")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_list_is_imported_while_the_desk_is_open_and_works() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut desk = open(data.path());
    let known = desk.enroll("Kari Nordmann", pin("246810")).unwrap();
    let import = |people: &[&str]| station(data.path(), &["people", "import", &csv(files.path(), people), "--by", "Rut"]);
    let first = import(&["Anna", "Per"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    // The station goes on writing in the same journal, before, between and after.
    desk.sign_in(&known.serial, pin("246810")).unwrap();
    assert!(import(&["Per", "Nils"]).status.success());
    let (_, newest) = people::newest(desk.register()).unwrap().unwrap();
    assert_eq!(newest.people, 3, "the open station sees the newest list");
    desk.sign_out();
    desk.sign_in(&known.serial, pin("246810")).unwrap();
    drop(desk);
    let verified = station(data.path(), &["register", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
    open(data.path());
}

#[test]
fn imports_beside_a_desk_come_one_after_the_other_and_none_is_lost() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let desk = open(data.path());
    let names = ["Anna", "Per", "Nils", "Sara", "Ola", "Emil"];
    let file = |name: &str| csv(files.path(), &[name]);
    let imports: Vec<_> = names
        .map(|name| {
            let (data, file) = (data.path().to_owned(), file(name));
            thread::spawn(move || {
                // Whoever comes while another one works is told so, and tries again.
                let run = || station(&data, &["people", "import", &file, "--by", "Rut"]);
                for _ in 0..600 {
                    let done = run();
                    if done.status.success() {
                        return;
                    }
                    let told = String::from_utf8_lossy(&done.stderr).into_owned();
                    assert!(told.contains("REGISTER_IN_USE"), "{told}");
                    thread::sleep(std::time::Duration::from_millis(100));
                }
                panic!("never its turn");
            })
        })
        .into_iter()
        .collect();
    for number in 0..20 {
        desk.enroll(&format!("Kari {number}"), pin("246810")).unwrap();
    }
    imports.into_iter().for_each(|import| import.join().unwrap());
    let (_, newest) = people::newest(desk.register()).unwrap().unwrap();
    assert_eq!(newest.people, names.len());
    drop(desk);
    let register = Register::open(&data.path().join("register")).unwrap();
    assert!(register.verify_journal(&mut |_, _| {}).unwrap().first_bad.is_none());
}

#[test]
fn nobody_works_beside_a_change_of_the_key() {
    let data = tempfile::tempdir().unwrap();
    drop(open(data.path()));
    let folder = data.path().join("register");
    let place = RegisterPlace::Folder(folder.clone());
    let desk = Register::open(&folder).unwrap();
    let beside = place.open_beside().unwrap();
    assert_eq!(place.open_beside().map(drop).unwrap_err().code(), "REGISTER_IN_USE", "one at a time");
    drop(desk);
    let refused = rotate_key(&folder, false, jiff::Timestamp::now()).unwrap_err();
    assert_eq!(refused.code(), "REGISTER_IN_USE", "somebody still seals to the old key");
    drop(beside);
    let alone = place.open_beside().unwrap();
    assert_eq!(Register::open(&folder).map(drop).unwrap_err().code(), "REGISTER_IN_USE", "without a station it is alone");
    drop(alone);
}
