//! The station on its own thread: the screens are told where everything stands, also when something cannot be read.

use std::{sync::mpsc, time::Duration};

use bam_station::{
    control::{Command, Step},
    rules::Function,
    station::worker::{Request, Snapshot, StationHandle, Update},
};

use crate::station_attended::{asked, configuration, open, passport, pin, sign_in};

/// The answer to one request: where everything stood then, and the codes of the faults that were told before it. What the readers
/// tell by themselves in between is no answer.
fn answer(updates: &mpsc::Receiver<Update>) -> (Snapshot, Vec<&'static str>) {
    let mut faults = vec![];
    let mut last = Snapshot::default();
    loop {
        match updates.recv_timeout(Duration::from_secs(60)).expect("each request is answered by a snapshot") {
            Update::Snapshot(snapshot) => last = *snapshot,
            Update::Fault { code, .. } => faults.push(code),
            Update::Answered => return (last, faults),
            _ => {}
        }
    }
}

#[test]
fn a_control_whose_evidence_is_lost_can_still_be_ended() {
    let data = tempfile::tempdir().unwrap();
    let mut station = open(data.path(), configuration());
    sign_in(&mut station, "Kari Nordmann");
    station.begin(asked(Function::ReplacementCard)).unwrap();
    station.act(passport(&station)).unwrap();
    let serial = station.operators().unwrap()[0].serial.clone();
    station.lay_specimen().unwrap();
    station.scan(&Default::default()).unwrap();
    let picture = station.control().unwrap().scan().current().unwrap().upright.picture;
    std::fs::remove_file(station.register().evidence().path(&picture)).unwrap();

    let (tell, updates) = mpsc::channel();
    let desk = StationHandle::start(station, None, move |update| drop(tell.send(update))).unwrap();
    desk.ask(Request::SignIn { serial, pin: pin() });
    let (snapshot, faults) = answer(&updates);
    assert_eq!((faults, snapshot.scan.is_none()), (vec!["REGISTER_EVIDENCE_MISSING"], true));
    assert_eq!(snapshot.control.unwrap().step(), Step::Scan);
    desk.ask(Request::Act(Command::Abort { reason: "The picture is lost".into() }));
    assert_eq!(answer(&updates).0.control.unwrap().step(), Step::HandBack);
}
