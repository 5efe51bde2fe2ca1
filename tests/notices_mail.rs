//! Notices by mail to a real SMTP server over TLS: sent once, tried again, told when they cannot go; and alarms about reports.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use bam_station::{
    config::{Language, Master, NoticesSettings},
    digest::Digest,
    notices::{Notices, pause_after},
    register::{FinishedControl, JournalEntry, Notice, Recipient, Register},
    rules::{CertificateKind, Function, LocalText},
};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::{
    delivery_desk::CERTIFICATES,
    hand_over::at,
    support_directory::{Slapd, person},
    support_mail::{MailServer, Mood},
};

const CONTROL: &str = "01938d1c-5e2a-7c31-9a54-3f0d6f2b8e11";

struct Desk {
    folder: TempDir,
    register: Register,
    master: Master,
}

fn desk(server: &MailServer, wrapped: bool) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), &CERTIFICATES.authority).unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "sesam\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let scheme = if wrapped { "smtps" } else { "smtp" };
    let mut master = Master::default();
    master.common.company_name = "Utopia kommune".into();
    master.notices = NoticesSettings {
        url: Some(format!("{scheme}://127.0.0.1:{}", server.port)),
        ca: Some(folder.path().join("ca.pem")),
        from: Some("id-kontoret@utopia.example".into()),
        domain: Some("utopia.example".into()),
        user_name: Some("station".into()),
        password_file: Some(password),
        ..NoticesSettings::default()
    };
    let register = Register::open(&folder.path().join("register")).unwrap();
    Desk { folder, register, master }
}

fn queue(register: &mut Register, user_name: Option<&str>) {
    let text = LocalText::new("Kari gikk god for at du er Anna Ødegård.", "Kari vouched that you are Anna Ødegård.");
    let notice =
        Notice { recipient: Recipient::Holder, name: "Anna Ødegård".into(), user_name: user_name.map(str::to_owned), text };
    let entry = JournalEntry::new("something", &serde_json::json!({})).unwrap();
    register.append_with_notices(CONTROL, &[entry], &[notice], at(0)).unwrap();
}

impl Desk {
    fn notices(&self) -> Notices {
        Notices::open(&self.master, Some("ID-kontoret")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// One round: how many were sent, and the faults of those that wait.
    fn round(&mut self) -> (usize, Vec<&'static str>) {
        let round = self.notices().round(&mut self.register, at(10)).unwrap();
        (round.sent.len(), round.waiting.into_iter().map(|(_, code)| code).collect())
    }
}

#[test]
fn a_notice_goes_once_over_both_kinds_of_tls() {
    for wrapped in [true, false] {
        let server = MailServer::start(wrapped);
        let mut desk = desk(&server, wrapped);
        queue(&mut desk.register, Some("anneri"));
        assert_eq!(desk.round(), (1, vec![]));
        assert_eq!(desk.round(), (0, vec![]), "not a second time");
        let [mail] = server.arrived().try_into().unwrap();
        assert!(mail.signed_in);
        assert_eq!(mail.from, "MAIL FROM:<id-kontoret@utopia.example>".to_owned() + mail.from.split_once('>').unwrap().1);
        assert_eq!(mail.to, "RCPT TO:<anneri@utopia.example>");
        assert_eq!(mail.header("Message-ID").unwrap(), format!("<{CONTROL}.1.notice@utopia.example>"));
        assert_eq!(mail.header("Subject").unwrap(), "Identitetskontroll hos Utopia kommune");
        assert_eq!(mail.header("Auto-Submitted").unwrap(), "auto-generated");
        assert!(mail.data.contains(CONTROL), "{}", mail.data);
        assert!(!String::from_utf8_lossy(mail.data.as_bytes()).contains("{name}"));
        assert!(desk.register.queued_notices().unwrap().is_empty());
        assert!(desk.register.notices(CONTROL).unwrap()[0].sent);
    }
}

#[test]
fn what_fails_waits_and_is_tried_again() {
    let server = MailServer::start(true);
    let mut desk = desk(&server, true);
    queue(&mut desk.register, Some("anneri"));
    for (mood, code) in
        [(Mood::Busy, "NOTICE_SERVER"), (Mood::KnowsNobody, "NOTICE_REFUSED"), (Mood::WrongPassword, "NOTICE_SIGN_IN")]
    {
        server.moods(&[mood]);
        assert_eq!(desk.round(), (0, vec![code]), "{mood:?}");
    }
    // The server takes it and breaks off: it goes again under the same name, by which mail programs know it again.
    server.moods(&[Mood::TakesAndBreaksOff]);
    assert_eq!(desk.round(), (0, vec!["NOTICE_SERVER"]));
    assert_eq!(desk.round(), (1, vec![]));
    let names: Vec<_> = server.arrived().iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], names[1]);
}

#[test]
fn a_server_that_is_not_the_right_one_gets_no_mail() {
    let server = MailServer::start(true);
    let mut desk = desk(&server, true);
    queue(&mut desk.register, Some("anneri"));
    let stranger = desk.folder.path().join("stranger.pem");
    fs::write(&stranger, &CERTIFICATES.stranger_authority).unwrap();
    desk.master.notices.ca = Some(stranger);
    assert_eq!(desk.round(), (0, vec!["NOTICE_SERVER"]));
    desk.master.notices.ca = Some(desk.folder.path().join("ca.pem"));
    desk.master.notices.url = Some(format!("smtps://localhost:{}", server.port));
    assert_eq!(desk.round(), (0, vec!["NOTICE_SERVER"]), "a certificate for another name");
    assert!(server.arrived().is_empty());
}

#[test]
fn one_without_an_address_does_not_hold_up_the_others() {
    let server = MailServer::start(true);
    let mut desk = desk(&server, true);
    queue(&mut desk.register, None);
    queue(&mut desk.register, Some("two words"));
    queue(&mut desk.register, Some("anneri"));
    assert_eq!(desk.round(), (1, vec!["NOTICE_NO_ADDRESS", "NOTICE_NO_ADDRESS"]));
}

#[test]
fn the_directory_knows_the_address() {
    let mut slapd = Slapd::start(&person("Anna Eriksson", "Anna", "Eriksson", "anneri", ""));
    let server = MailServer::start(true);
    let mut desk = desk(&server, true);
    desk.master.directory = slapd.settings();
    desk.master.notices.domain = Some("elsewhere.example".into());
    queue(&mut desk.register, Some("anneri"));
    queue(&mut desk.register, Some("nobody"));
    assert_eq!(desk.round(), (1, vec!["NOTICE_NO_ADDRESS"]));
    assert_eq!(server.arrived()[0].to, "RCPT TO:<anneri@utopia.example>");
    slapd.stop();
    assert_eq!(desk.round(), (0, vec!["NOTICE_DIRECTORY_DOWN"]));
}

#[test]
fn a_report_that_is_not_delivered_is_told_once() {
    let server = MailServer::start(true);
    let mut desk = desk(&server, true);
    desk.master.notices.alarm_to = Some("drift@utopia.example".into());
    desk.master.notices.alarm_hours = 2;
    desk.master.notices.language = Language::from_code("en").unwrap();
    let report = desk.register.evidence().put(b"report").unwrap();
    let finished = FinishedControl {
        control: CONTROL.into(),
        report: Some(report),
        function: Function::NewCard,
        certificate: CertificateKind::Qualified,
        outcome: "approved".into(),
        completed_at: at(0),
    };
    let entry = JournalEntry::new("approved", &serde_json::json!({ "report": Digest::of(b"report") })).unwrap();
    desk.register.register_control(&finished, &[entry], true, at(0)).unwrap();
    desk.register.record_failure(CONTROL, "DELIVERY_UNREACHABLE", at(60)).unwrap();
    let told = |desk: &mut Desk, hours: i64| {
        let now = at(0) + SignedDuration::from_hours(hours);
        desk.notices().round(&mut desk.register, now).unwrap().told
    };
    assert!(told(&mut desk, 1).is_empty(), "not yet");
    assert_eq!(told(&mut desk, 3), [CONTROL]);
    assert!(told(&mut desk, 100).is_empty(), "once");
    let [mail] = server.arrived().try_into().unwrap();
    assert_eq!(mail.to, "RCPT TO:<drift@utopia.example>");
    assert_eq!(mail.header("Subject").unwrap(), "A report is not delivered to the archive (ID-kontoret)");
    assert!(mail.data.contains("DELIVERY_UNREACHABLE") && mail.data.contains("3 hours"), "{}", mail.data);
}

#[test]
fn templates_are_data_and_their_mistakes_are_told_with_their_place() {
    let server = MailServer::start(true);
    let mut desk = desk(&server, true);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/notices");
    let folder = desk.folder.path().join("templates");
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(shipped).unwrap().map(|file| file.unwrap().path()) {
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    desk.master.notices.folder = Some(folder.clone());
    fs::write(folder.join("vouched.nb.txt"), "Subject: Til {name}\n\nKontroll {control}\n").unwrap();
    queue(&mut desk.register, Some("anneri"));
    assert_eq!(desk.round(), (1, vec![]));
    assert!(server.arrived()[0].data.contains(&format!("Kontroll {CONTROL}")));
    for (text, place) in [
        ("Emne: x\n\ny\n", "vouched.nb.txt:1: "),
        ("Subject: x\ny\n", "vouched.nb.txt:2: "),
        ("Subject: x\n\nto {nmae}\n", "vouched.nb.txt:3: "),
        ("Subject: x\n\n{name\n", "vouched.nb.txt:3: "),
    ] {
        fs::write(folder.join("vouched.nb.txt"), text).unwrap();
        let error = Notices::open(&desk.master, None).err().unwrap();
        assert_eq!(error.code(), "NOTICE_TEMPLATE");
        assert!(error.to_string().contains(place), "{error}");
    }
}

#[test]
fn pauses_grow_and_end() {
    let seconds: Vec<u64> = (0..9).map(|failures| pause_after(failures).as_secs()).collect();
    assert_eq!(seconds, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    assert_eq!(pause_after(u32::MAX).as_secs(), 3600);
}
