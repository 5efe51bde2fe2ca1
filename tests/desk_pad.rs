//! The signature pad at the desk: lit when the holder is to sign, its ink on both sides at once, and a pad that is pulled out is
//! told and can be used again. The pad is the real driver over a cable whose other end is held here.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bam_station::{
    config::{Configuration, local::PadDriver},
    device::pad::{OpenPad, PadError, stu::Stu, stu::screen::Place},
};
use bam_station_ui::{HolderPage, HolderSign, Operator, OperatorPage, SignatureCheck};
use slint::ComponentHandle as _;

use crate::{
    desk_by_hand::{AtTheDesk, configuration, has},
    signature_pad::{Cable, Hand},
    support_screens::platform,
};

/// A desk with a pad. Each time somebody signs, the pad that is connected then is opened.
pub struct PadDesk {
    pub desk: AtTheDesk,
    connected: Arc<Mutex<Option<Cable>>>,
}

fn with_pad() -> Configuration {
    let mut configuration = configuration();
    configuration.local.value.signature_pad.driver = PadDriver::Stu;
    configuration
}

fn cable() -> Cable {
    let cable = Cable::default();
    cable.0.lock().unwrap().open_ended = true;
    cable
}

impl PadDesk {
    pub fn open(data: &std::path::Path) -> Self {
        platform();
        let connected = Arc::new(Mutex::new(Some(cable())));
        let road = Arc::clone(&connected);
        let open: OpenPad = Arc::new(move || {
            let cable = road.lock().unwrap().clone().ok_or(PadError::NoPad)?;
            let started = std::time::Instant::now();
            Ok(Box::new(Stu::over(cable, "STU-430", Box::new(move || started.elapsed()))?))
        });
        let desk = AtTheDesk::open_prepared(with_pad(), data, Some("pad"), |station| station.set_pad(open));
        desk.enroll("Kari Nordmann");
        desk.begin_qualified();
        desk.accept_passport();
        desk.read_terms();
        desk.touch("ho-accept");
        Self { desk, connected }
    }

    /// Waits until the pad draws ink under the pen.
    pub fn lit(&self) {
        self.desk.until("the pad is lit", |_| self.cable().is_some_and(|cable| cable.0.lock().unwrap().inking));
    }

    pub fn cable(&self) -> Option<Cable> {
        self.connected.lock().unwrap().clone()
    }

    /// The pen writes; nothing is lifted off the pad before it is read.
    pub fn write(&self, hand: Hand) {
        self.cable().unwrap().0.lock().unwrap().stream.extend(hand.stream);
    }

    pub fn ink_at_operator(&self) -> String {
        self.desk.operator().global::<SignatureCheck>().get_commands().into()
    }

    pub fn ink_at_holder(&self) -> String {
        self.desk.holder().global::<HolderSign>().get_commands().into()
    }
}

/// Three strokes, each longer than the shortest signature.
fn name() -> Hand {
    let mut hand = Hand::new(true);
    for stroke in 0..3_u16 {
        hand.stroke((0..60).map(|step| (1000 + stroke * 2300 + step * 30, 1500 + (step % 9) * 150, 200 + step)));
        hand.pause(120);
    }
    hand
}

#[test]
fn the_holder_signs_on_the_pad_and_both_sides_see_the_ink_at_once() {
    let data = tempfile::tempdir().unwrap();
    let at = PadDesk::open(data.path());
    at.lit();
    at.desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    assert!(at.desk.holder().global::<HolderSign>().get_on_pad() && !has(at.desk.holder(), "ho-sign-done"), "not on the screen");
    at.write(name());
    at.desk.until("the ink is seen on both sides", |_| {
        let (operator, holder) = (at.ink_at_operator(), at.ink_at_holder());
        operator.matches('M').count() == 3 && operator.matches('L').count() == 3 * 59 && operator == holder
    });
    at.desk.keep("ink");
    let mut accept = Hand::new(true);
    accept.tap(Place::Accept);
    at.write(accept);
    at.desk.both_on(OperatorPage::Signature, HolderPage::Wait);
    at.desk.until("it can be judged", |desk| desk.operator().global::<SignatureCheck>().get_can_judge());
    let facts = at.desk.operator().global::<SignatureCheck>().get_facts();
    assert!(facts.contains("3 strøk") && facts.contains("mm"), "{facts}");
    at.desk.keep("judge");
    at.desk.click("op-signature-alike");
    at.desk.both_on(OperatorPage::Scan, HolderPage::Wait);
}

#[test]
fn a_pad_that_is_pulled_out_is_told_and_signs_again_when_it_is_back() {
    let data = tempfile::tempdir().unwrap();
    let at = PadDesk::open(data.path());
    at.lit();
    at.write(name());
    at.desk.until("the ink is seen", |_| at.ink_at_operator().matches('L').count() == 3 * 59);
    at.connected.lock().unwrap().take().unwrap().0.lock().unwrap().gone = true;
    let told = |code: &'static str| {
        at.desk.until(code, |desk| {
            desk.operator().global::<Operator>().get_fault().code == code && has(desk.operator(), "op-start-pad")
        });
    };
    told("PAD_UNPLUGGED");
    at.desk.keep("unplugged");
    assert!(at.ink_at_operator().is_empty() && at.ink_at_holder().is_empty(), "nobody finishes on the screen what the pad began");
    assert!(has(at.desk.holder(), "ho-sign-done"), "the screen takes the signature while there is no pad");
    // Still not connected.
    at.desk.click("op-start-pad");
    told("PAD_NOT_FOUND");
    *at.connected.lock().unwrap() = Some(cable());
    at.desk.click("op-start-pad");
    at.lit();
    at.desk.until("nothing is left of the signature that broke off", |_| at.ink_at_operator().is_empty());
    // The holder would rather not, and is asked again.
    let mut cancel = Hand::new(true);
    cancel.tap(Place::Cancel);
    at.write(cancel);
    told("PAD_DECLINED");
    at.desk.click("op-start-pad");
    at.lit();
    let mut hand = name();
    hand.tap(Place::Accept);
    at.write(hand);
    at.desk.until("it can be judged", |desk| desk.operator().global::<SignatureCheck>().get_can_judge());
    // In doubt the operator asks for a new one: the pad is lit without anybody's touch.
    at.desk.click("op-signature-again");
    at.lit();
    at.desk.until("it is empty", |_| at.ink_at_operator().is_empty());
    // Whoever aborts turns the pad off.
    at.desk.click("op-abort");
    at.desk.click("op-abort-holder-left");
    at.desk.click("op-abort-confirm");
    at.desk.until("the pad is off", |_| !at.cable().unwrap().0.lock().unwrap().inking);
}

#[test]
fn whoever_writes_on_the_pad_is_at_the_desk() {
    let data = tempfile::tempdir().unwrap();
    let at = PadDesk::open(data.path());
    at.lit();
    at.desk.until("the desk is at rest", |desk| !desk.operator().global::<Operator>().get_busy());
    let warning = |desk: &AtTheDesk| desk.operator().global::<Operator>().get_idle_warning();
    // Nobody touches a screen for four and a half minutes: half a minute before the screens lock.
    at.desk.shell.judge_attendance(Instant::now() + Duration::from_secs(270));
    assert!(!warning(&at.desk).is_empty());
    at.write(name());
    at.desk.until("the warning is gone", |desk| warning(desk).is_empty());
    at.desk.until("the ink is seen", |_| at.ink_at_operator().matches('L').count() == 3 * 59);
}

#[test]
fn what_comes_off_the_pad_is_kept_point_by_point() {
    let data = tempfile::tempdir().unwrap();
    let at = PadDesk::open(data.path());
    at.lit();
    // 200 points a second for a minute, as fast as the cable carries them.
    let mut hand = Hand::new(true);
    for stroke in 0..60_u16 {
        hand.stroke((0..199).map(|step| (600 + step * 40, 1200 + (stroke * 50) % 3000, 1 + step * 5)));
    }
    hand.tap(Place::Accept);
    at.write(hand);
    at.desk.until("it can be judged", |desk| desk.operator().global::<SignatureCheck>().get_can_judge());
    let kept = at.desk.shell.desk(|desk| desk.snapshot.strokes.clone()).unwrap();
    assert_eq!((kept.strokes.len(), kept.points()), (60, 60 * 199));
    for (stroke, points) in kept.strokes.iter().enumerate() {
        for (step, point) in points.iter().enumerate() {
            let t = (stroke * 200 + step) as u32 * 5;
            assert_eq!((point.t, point.p), (t, Some(1 + step as u16 * 5)), "stroke {stroke}, point {step}");
            assert_eq!(point.x, (600 + step as u32 * 40 - 240) * 10);
        }
    }
}

#[test]
fn the_touch_screen_keeps_every_point_of_a_fast_pen_too() {
    let mut pen = bam_station::ui::Pen::default();
    let began = std::time::Instant::now();
    // 200 points a second for a minute, by a clock that is told.
    for stroke in 0..60_u64 {
        for step in 0..200_u64 {
            let now = began + std::time::Duration::from_millis((stroke * 200 + step) * 5);
            let (x, y) = (10.0 + step as f32 * 4.0, 20.0 + stroke as f32 * 5.0);
            if step == 0 { pen.down(x, y, 960.0, 360.0, now) } else { pen.moved(x, y, now) }
        }
        pen.up();
    }
    let strokes = pen.strokes();
    assert_eq!((strokes.strokes.len(), strokes.points()), (60, 12_000));
    let times: Vec<u32> = strokes.strokes.iter().flatten().map(|point| point.t).collect();
    assert!(times.iter().enumerate().all(|(number, t)| *t == number as u32 * 5), "order and time are kept");
}
