//! A device that takes ten seconds for one call: the screens go on as if nothing were the matter.

use std::time::{Duration, Instant};

use bam_station_ui::{HolderPage, OperatorPage, ScanCheck, ScanPhase};
use slint::ComponentHandle;

use crate::{
    desk_by_hand::AtTheDesk,
    support_screens::{click, find, settle},
};

#[test]
fn a_scanner_that_takes_ten_seconds_holds_no_frame_back() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.up_to_the_scan();
    // An A6 page of 300 dpi is some 110 blocks of rows.
    desk.glass.slow_down(Duration::from_millis(90)).unwrap();
    let began = Instant::now();
    desk.click("op-scan");
    let scan = desk.operator().global::<ScanCheck>();
    desk.until("the scanner works", |_| scan.get_phase() == ScanPhase::Scanning);

    // Each beat takes over what the station told, draws both windows, and acts on a touch.
    let (mut beats, mut longest, mut answered) = (0_u32, Duration::ZERO, 0_u32);
    let deadline = Instant::now() + Duration::from_secs(180);
    while scan.get_phase() == ScanPhase::Scanning {
        assert!(Instant::now() < deadline, "the scan does not end");
        let beat = Instant::now();
        desk.shell.pump();
        settle();
        if beats % 8 == 0 && find(desk.operator(), "op-scan-cancel").is_some() {
            click(desk.operator(), if answered % 2 == 0 { "op-lang-en" } else { "op-lang-nb" });
            answered += 1;
        }
        longest = longest.max(beat.elapsed());
        beats += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
    println!("{beats} beats in {:.1} s, the longest {:.0} ms", began.elapsed().as_secs_f64(), longest.as_secs_f64() * 1e3);
    assert!(began.elapsed() > Duration::from_secs(5), "the scanner was slow");
    // A thread that waited for the device would have one beat for all of it.
    assert!(beats >= 10, "{beats} beats");
    assert!(answered >= 2, "{answered} touches were answered while the scanner worked");
    desk.both_on(OperatorPage::Scan, HolderPage::Wait);
}
