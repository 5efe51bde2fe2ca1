//! The station on its own thread: the screens are told where everything stands, also when something cannot be read.

use std::{collections::BTreeSet, sync::mpsc, time::Duration};

use bam_station::{
    control::{Command, Step},
    rules::Function,
    station::worker::{Request, Snapshot, StationHandle, Update},
};

use crate::station_attended::{asked, configuration, open, passport, pin, sign_in};

/// Where everything stands once the oldest request is answered, and the codes of the faults that were told until then. A reader that
/// is found or changes meanwhile makes snapshots too, each of which tells again what cannot be read.
fn answer(updates: &mpsc::Receiver<Update>) -> (Snapshot, BTreeSet<&'static str>) {
    let mut faults = BTreeSet::new();
    let mut newest = None;
    loop {
        match updates.recv_timeout(Duration::from_secs(60)).expect("each request is answered") {
            Update::Snapshot(snapshot) => newest = Some(*snapshot),
            Update::Fault { code, .. } => {
                faults.insert(code);
            }
            Update::Answered => return (newest.expect("an answer comes after a snapshot"), faults),
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
    std::fs::remove_file(station.register().evidence().file(&picture).unwrap()).unwrap();

    let (tell, updates) = mpsc::channel();
    let desk = StationHandle::start(station, None, move |update| drop(tell.send(update))).unwrap();
    desk.ask(Request::SignIn { serial, pin: pin() });
    let (snapshot, faults) = answer(&updates);
    assert_eq!((faults, snapshot.scan.is_none()), (["REGISTER_EVIDENCE_MISSING"].into(), true));
    assert_eq!(snapshot.control.unwrap().step(), Step::Scan);
    desk.ask(Request::Act(Command::Abort { reason: "The picture is lost".into() }));
    assert_eq!(answer(&updates).0.control.unwrap().step(), Step::HandBack);
}
