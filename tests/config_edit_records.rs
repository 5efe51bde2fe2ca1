//! Records of a list in a file that people wrote: they come, change and go, and every other byte stays. The last RA-ADMIN stays too.

use std::{fs, path::PathBuf};

use bam_station::{
    config::{
        Direction,
        draft::{Draft, Typing as _, read_as_written},
        edit::{Assignment, EditError, Edits, RecordEdit, propose_master, propose_master_edits},
    },
    rules::role::Role,
};

const TWO: &str = "\
# Who we are
[Common]
CompanyName = \"A\"

# The office in the north
[[Operator]] # Kari
Issuer = \"CN=A\"
# her card
Serial = \"01\"
Roles = [\"operator\", \"ra-admin\"]

# The office in the south
[[Operator]]
Issuer = \"CN=A\"
Serial = \"02\" # since May
Trained = 2026-03-01

# Rules
[IssueProcess]
MaxScanAttempts = 3
# END
";

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn after(text: &str, records: Vec<RecordEdit>) -> Result<String, EditError> {
    let (_folder, path) = file(text);
    let proposal = propose_master_edits(&path, &Edits { assignments: vec![], records }, |_| Ok(()))?;
    proposal.write()?;
    read_as_written(&path).unwrap();
    Ok(fs::read_to_string(&path).unwrap())
}

fn set(at: usize, key: &str, value: &str) -> RecordEdit {
    RecordEdit::Set { list: "Operator".into(), at, key: key.into(), value: Some(value.into()) }
}

fn remove(at: usize) -> RecordEdit {
    RecordEdit::Remove { list: "Operator".into(), at }
}

fn add(serial: &str) -> RecordEdit {
    let values = [("Issuer", "CN=B"), ("Serial", serial), ("Roles", "[\"ra-admin\"]")];
    RecordEdit::Add { list: "Operator".into(), values: values.map(|(key, value)| (key.into(), value.into())).to_vec() }
}

#[test]
fn a_record_changes_in_its_own_line() {
    let changed =
        after(TWO, vec![set(1, "Serial", "0a"), set(1, "Roles", "operator, ra-admin"), set(0, "Name", "Kari")]).unwrap();
    let expected = TWO
        .replace("\"02\" # since May\n", "\"0a\" # since May\n")
        .replace("Trained = 2026-03-01\n", "Trained = 2026-03-01\nRoles = [\"operator\", \"ra-admin\"]\n")
        .replace("\"ra-admin\"]\n\n# The office in the south", "\"ra-admin\"]\nName = \"Kari\"\n\n# The office in the south");
    assert_eq!(changed, expected);
    assert_eq!(
        after(&TWO.replace('\n', "\r\n"), vec![set(0, "Serial", "05")]).unwrap(),
        TWO.replace("\"01\"", "\"05\"").replace('\n', "\r\n")
    );
}

#[test]
fn a_record_goes_with_its_keys_and_what_is_above_it_stays() {
    let gone = after(TWO, vec![remove(1)]).unwrap();
    let record = "[[Operator]]\nIssuer = \"CN=A\"\nSerial = \"02\" # since May\nTrained = 2026-03-01\n";
    assert_eq!(gone, TWO.replace(record, ""));
    let both = after(TWO, vec![remove(1), add("07"), remove(0)]).unwrap();
    for line in ["# Who we are", "# The office in the north", "# The office in the south", "# Rules", "MaxScanAttempts = 3"] {
        assert_eq!(both.matches(line).count(), 1, "{line} in {both}");
    }
    assert!(both.ends_with("# END\n") && both.matches("[[Operator]]").count() == 1 && !both.contains("# her card"));
}

#[test]
fn a_new_record_stands_below_the_others_or_at_the_end() {
    let new = "\n[[Operator]]\nIssuer = \"CN=B\"\nSerial = \"09\"\nRoles = [\"ra-admin\"]\n";
    let below = after(TWO, vec![add("09")]).unwrap();
    assert_eq!(below, TWO.replace("Trained = 2026-03-01\n", &format!("Trained = 2026-03-01\n{new}")));
    let head = "[Common]\nCompanyName = \"A\"\n";
    assert_eq!(after(&format!("{head}# END\n"), vec![add("09")]).unwrap(), format!("{head}{new}\n# END\n"));
    assert_eq!(after(head, vec![add("09")]).unwrap(), format!("{head}{new}"));
}

#[test]
fn what_cannot_stand_is_refused_and_the_file_is_as_it_was() {
    let code = |records| after(TWO, records).unwrap_err().code();
    assert_eq!(code(vec![set(0, "Serial", "not hex")]), "CONFIG_INVALID");
    assert_eq!(code(vec![set(1, "Serial", "01")]), "CONFIG_INVALID", "the same certificate twice");
    assert_eq!(code(vec![set(0, "Colour", "red")]), "SETTING_UNKNOWN");
    assert_eq!(code(vec![set(7, "Serial", "07")]), "SETTING_HAS_NO_PLACE");
    assert_eq!(code(vec![set(0, "Trained", "2026-01-01\n[[Operator]]\nIssuer = 1")]), "SETTING_NOT_ONE_VALUE");
    let inline = "Operator = [{ Issuer = \"CN=A\", Serial = \"01\" }]\n[Common]\nCompanyName = \"A\"\n";
    assert_eq!(after(inline, vec![add("09")]).unwrap_err().code(), "SETTING_HAS_NO_PLACE");
}

#[test]
fn nobody_takes_the_last_administrator_away() {
    let code = |records| after(TWO, records).unwrap_err().code();
    assert_eq!(code(vec![remove(0)]), "ROLES_LAST_ADMINISTRATOR");
    assert_eq!(code(vec![set(0, "Roles", "operator")]), "ROLES_LAST_ADMINISTRATOR");
    after(TWO, vec![remove(0), set(1, "Roles", "ra-admin")]).unwrap();
    after(TWO, vec![remove(0), add("09")]).unwrap();
    // A policy or a group makes administrators as well, and the last of them is kept in the same way.
    let by_policy =
        TWO.replace(", \"ra-admin\"]", "]").replace("# Rules\n", "[Roles]\nRaAdminPolicies = [\"1.2.3\"]\n\n# Rules\n");
    let (_folder, path) = file(&by_policy);
    let none = [Assignment::unset("Roles.RaAdminPolicies")];
    assert_eq!(propose_master(&path, &none, |_| Ok(())).unwrap_err().code(), "ROLES_LAST_ADMINISTRATOR");
    // Where nobody was one, nobody is taken away.
    let (_folder, path) = file(&TWO.replace(", \"ra-admin\"]", "]"));
    propose_master(&path, &[Assignment::set("IssueProcess.MaxScanAttempts=4").unwrap()], |_| Ok(())).unwrap();
}

#[test]
fn one_more_is_weaker_and_one_less_stricter() {
    let (_folder, path) = file(TWO);
    let told = |records| {
        let proposal = propose_master_edits(&path, &Edits { assignments: vec![], records }, |_| Ok(())).unwrap();
        proposal.changes.iter().map(|change| (change.name(), change.direction)).collect::<Vec<_>>()
    };
    let record = |direction| vec![("[[Operator]]".to_owned(), direction)];
    assert_eq!(told(vec![remove(1)]), record(Direction::Stricter));
    assert_eq!(told(vec![add("09")]), record(Direction::Weaker));
    assert_eq!(told(vec![set(1, "Roles", "operator, ra-admin")]), record(Direction::Weaker));
    assert_eq!(told(vec![set(0, "Roles", "ra-admin")]), record(Direction::Stricter));
    assert_eq!(told(vec![set(0, "Name", "Kari")]), record(Direction::Neutral));
}

#[test]
fn what_is_typed_over_records_follows_the_file_and_is_undone() {
    let (_folder, path) = file(TWO);
    let mut draft = Draft::new(read_as_written(&path).unwrap());
    draft.set_record("Operator", 1, "Roles", "operator, auditor");
    draft.add_record("Operator", &[("Issuer", "CN=C"), ("Serial", "0c")]);
    draft.withdraw("Operator", 0);
    assert_eq!((draft.changes(), draft.has_wrong()), (3, false));
    assert!(draft.is_withdrawn("Operator", 0) && draft.is_new("Operator", 2) && draft.is_changed_in("Operator", 1, "Roles"));
    draft.set_record("Operator", 2, "Serial", "");
    assert!(draft.is_wrong_in("Operator", 2, "Serial") && draft.has_wrong());
    draft.set_record("Operator", 2, "Serial", "0c");
    draft.withdraw("Operator", 0);
    assert_eq!(draft.changes(), 2, "kept after all");
    // Somebody else changes another key: what was typed stays. Somebody else changes the list: only the new one stays.
    fs::write(&path, TWO.replace("= 3", "= 4")).unwrap();
    draft.follow(read_as_written(&path).unwrap());
    assert_eq!(draft.changes(), 2);
    fs::write(&path, TWO.replace("\"01\"", "\"0f\"")).unwrap();
    draft.follow(read_as_written(&path).unwrap());
    assert_eq!((draft.changes(), draft.shown_record("Operator", 2, "Serial").as_str()), (1, "0c"));
    let proposal = propose_master_edits(&path, &draft.edits(), |_| Ok(())).unwrap();
    proposal.write().unwrap();
    let appointed = read_as_written(&path).unwrap().value.roles.appointed;
    assert_eq!((appointed.len(), appointed[2].issuer.as_str(), &appointed[2].roles), (3, "CN=C", &vec![Role::Operator]));
    draft.undo();
    assert_eq!(draft.changes(), 0);
}
