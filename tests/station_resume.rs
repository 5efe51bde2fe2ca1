//! The control that was under way is found again, whatever the clock did.

use bam_station::{
    control::{Command, ControlId, Event, opening::open},
    register::Register,
    rules::{CertificateKind, Function},
    station::journal,
};

use crate::support as s;

fn begun(id: u128) -> (String, Vec<Event>) {
    let mut request = s::request(Function::NewCard, CertificateKind::Local);
    request.id = ControlId(uuid::Uuid::from_u128(id));
    (request.id.to_string(), open(request))
}

fn append(register: &mut Register, stream: &str, events: &[Event]) {
    let entries: Vec<_> = events.iter().map(|event| journal::entry(event).unwrap()).collect();
    register.append(stream, &entries, s::at(0)).unwrap();
}

#[test]
fn a_clock_that_was_set_back_does_not_hide_the_control_that_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    let (first, events) = begun(0x9999);
    append(&mut register, &first, &events);
    let mut control = s::opened(s::request(Function::NewCard, CertificateKind::Local));
    append(&mut register, &first, &s::act(&mut control, Command::Abort { reason: "Fire alarm".into() }));
    append(&mut register, &first, &[Event::HandedBack]);
    assert!(journal::unfinished(&register).unwrap().is_none());

    let (second, events) = begun(0x1111);
    append(&mut register, &second, &events);
    assert_eq!(journal::unfinished(&register).unwrap().map(|control| control.id().to_string()), Some(second));
}
