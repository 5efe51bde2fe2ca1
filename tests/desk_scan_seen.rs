//! The upright picture is seen before it is kept, and judged only after that.

use std::{sync::mpsc, time::Duration};

use bam_station::{
    rules::Function,
    station::worker::{Request, StationHandle, Update},
};
use bam_station_ui::{OperatorPage, ScanCheck, ScanPhase};
use image::RgbImage;
use slint::ComponentHandle as _;

use crate::{
    desk_by_hand::{AtTheDesk, has},
    station_attended::{asked, configuration, open, passport, pin, sign_in},
    support_screens::enabled,
};

#[test]
fn the_station_shows_the_picture_before_it_is_part_of_the_control() {
    let data = tempfile::tempdir().unwrap();
    let mut station = open(data.path(), configuration());
    sign_in(&mut station, "Kari Nordmann");
    station.begin(asked(Function::ReplacementCard)).unwrap();
    station.act(passport(&station)).unwrap();
    let serial = station.operators().unwrap()[0].serial.clone();
    let (tell, updates) = mpsc::channel();
    let desk = StationHandle::start(station, None, move |update| drop(tell.send(update))).unwrap();
    desk.ask(Request::SignIn { serial, pin: pin() });
    desk.ask(Request::Scan);
    let mut seen = None;
    let kept = loop {
        match updates.recv_timeout(Duration::from_secs(240)).expect("the scan ends") {
            Update::ScanSeen(picture) => seen = Some(picture),
            Update::Snapshot(snapshot) if snapshot.scan.is_some() => break snapshot.scan.unwrap(),
            Update::Fault { code, message } => panic!("{code}: {message}"),
            _ => {}
        }
    };
    let (seen, kept) = (seen.expect("it was shown before"), image::load_from_memory(&kept).unwrap().into_rgb8());
    assert_eq!(seen.dimensions(), kept.dimensions());
    // The same picture but for what JPEG changes.
    let apart: u64 = seen.as_raw().iter().zip(kept.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(apart / (seen.as_raw().len() as u64) < 4, "{apart} over {} bytes", seen.as_raw().len());
}

#[test]
fn a_picture_that_is_not_kept_yet_can_be_looked_at_and_not_judged() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.up_to_the_scan();
    let check = desk.operator().global::<ScanCheck>();
    desk.click("op-scan");
    assert_eq!(check.get_phase(), ScanPhase::Scanning);
    // What the station tells is not taken over here until the picture is.
    desk.shell.tell([Update::ScanSeen(RgbImage::from_pixel(900, 600, image::Rgb([90, 120, 150])))]);
    assert_eq!((check.get_phase(), check.get_can_judge()), (ScanPhase::Judge, false));
    assert!(check.get_picture().size().width > 0);
    assert!(has(desk.operator(), "op-scan-good") && !enabled(desk.operator(), "op-scan-good"));
    assert!(!enabled(desk.operator(), "op-scan-again") && !enabled(desk.operator(), "op-turn-left"));
    desk.until("it is kept", |_| check.get_can_judge());
    desk.click("op-scan-good");
    desk.until("the control goes on", |desk| desk.page() == OperatorPage::Approve);
}
