//! The signature pad over recorded streams of reports: nothing is lost, nothing is guessed, and a pad that is pulled out is told.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bam_station::{
    control::signature::{PenPoint, Strokes},
    device::pad::{
        Ink, PadControl, PadError, PadOutcome, PadScreen, SignaturePad,
        hid::{Hid, HidError},
        stu::{
            self, Stu,
            report::{Capability, Input},
            screen::{Layout, Place},
        },
    },
};
use proptest::prelude::*;

/// An STU-430 as its public description has it: 96 × 60 mm in hundredths of a millimetre, 320 × 200 pixels.
#[derive(Default)]
pub struct Pad {
    /// Reports, each with the time in milliseconds at which it comes.
    pub stream: VecDeque<(u64, Vec<u8>)>,
    now: u64,
    calls: usize,
    pub gone_after: Option<usize>,
    /// Reports may come later: an empty stream is a pen that rests.
    pub open_ended: bool,
    /// It was pulled out.
    pub gone: bool,
    /// An older model has no clock.
    no_clock: bool,
    timed: bool,
    pub inking: bool,
    area: [u16; 4],
    picture: Option<Vec<u8>>,
    screen: Vec<u8>,
    status_error: u8,
    stop: Option<Arc<AtomicBool>>,
}

#[derive(Clone, Default)]
pub struct Cable(pub Arc<Mutex<Pad>>);

const CAPABILITY: [u8; 17] =
    [0x09, 0x25, 0x80, 0x17, 0x70, 0x03, 0xff, 0x01, 0x40, 0x00, 0xc8, 200, 0x09, 0xec, 0x00, 0x00, 0x00];

impl Pad {
    fn call(&mut self) -> Result<(), HidError> {
        self.calls += 1;
        if self.gone {
            return Err(HidError::Gone);
        }
        if self.gone_after.is_some_and(|after| self.calls > after) { Err(HidError::Gone) } else { Ok(()) }
    }
}

impl Hid for Cable {
    fn get_feature(&mut self, report: &mut [u8]) -> Result<usize, HidError> {
        let mut pad = self.0.lock().unwrap();
        pad.call()?;
        let answer = match report[0] {
            0x09 => CAPABILITY.to_vec(),
            0x03 => vec![0x03, u8::from(pad.picture.is_some()), pad.status_error, 0, 0],
            _ => return Err(HidError::Refused),
        };
        let length = answer.len().min(report.len());
        report[..length].copy_from_slice(&answer[..length]);
        Ok(length)
    }

    fn set_feature(&mut self, report: &[u8]) -> Result<(), HidError> {
        let mut pad = self.0.lock().unwrap();
        pad.call()?;
        match report[0] {
            0x20 => pad.screen = vec![0xff; 8000],
            0x21 => pad.inking = report[1] == 1,
            0x25 => pad.picture = Some(Vec::new()),
            0x26 => {
                let length = usize::from(u16::from_le_bytes([report[1], report[2]]));
                assert!(report.len() == 256 && length <= 253, "a block of {} bytes", report.len());
                pad.picture.as_mut().unwrap().extend(&report[3..3 + length]);
            }
            0x27 => pad.screen = pad.picture.take().unwrap(),
            0x2a => pad.area = std::array::from_fn(|at| u16::from_le_bytes([report[1 + 2 * at], report[2 + 2 * at]])),
            0x32 if pad.no_clock => return Err(HidError::Refused),
            0x32 => pad.timed = report[1] == 3,
            _ => return Err(HidError::Refused),
        }
        Ok(())
    }

    fn read(&mut self, report: &mut [u8], _wait: Duration) -> Result<usize, HidError> {
        let mut pad = self.0.lock().unwrap();
        pad.call()?;
        let Some((at, next)) = pad.stream.pop_front() else {
            if pad.open_ended {
                drop(pad);
                std::thread::sleep(Duration::from_millis(2));
                return Ok(0);
            }
            // Nobody touches the pad any more, so somebody stops it.
            pad.stop.as_ref().expect("the stream ends before the capture does").store(true, Ordering::Relaxed);
            return Ok(0);
        };
        pad.now = at;
        report[..next.len()].copy_from_slice(&next);
        Ok(next.len())
    }
}

/// The pen of a person: samples with the pad's own clock and count.
pub struct Hand {
    pub stream: VecDeque<(u64, Vec<u8>)>,
    ms: u64,
    number: u64,
    timed: bool,
}

impl Hand {
    pub fn new(timed: bool) -> Self {
        Self { stream: VecDeque::new(), ms: 65_000, number: 65_500, timed }
    }

    pub fn sample(&mut self, x: u16, y: u16, pressure: u16) {
        let touch = if pressure > 0 { 0x90 } else { 0x80 };
        let mut report = vec![if self.timed { 0x34 } else { 0x01 }, touch | (pressure >> 8) as u8, pressure as u8];
        report.extend([x, y].map(u16::to_be_bytes).concat());
        if self.timed {
            report.extend([self.ms as u16, self.number as u16].map(u16::to_be_bytes).concat());
        }
        self.stream.push_back((self.ms, report));
        self.ms += 5;
        self.number += 1;
    }

    /// A stroke in hundredths of a millimetre, and the pen lifted after it.
    pub fn stroke(&mut self, points: impl IntoIterator<Item = (u16, u16, u16)>) {
        let mut last = (0, 0);
        for (x, y, pressure) in points {
            self.sample(x, y, pressure);
            last = (x, y);
        }
        self.sample(last.0, last.1, 0);
    }

    pub fn tap(&mut self, place: Place) {
        let (x, y) = middle_of(place);
        self.stroke([(x, y, 300), (x, y, 300)]);
    }

    pub fn pause(&mut self, ms: u64) {
        self.ms += ms;
    }
}

/// The middle of a button, found by asking every pixel of the screen, in the pad's coordinates.
fn middle_of(place: Place) -> (u16, u16) {
    let layout = Layout::new(320, 200);
    let all: Vec<(u16, u16)> = (0..200).flat_map(|y| (0..320).map(move |x| (x, y))).collect();
    let here: Vec<_> = all.into_iter().filter(|(x, y)| layout.place(*x, *y) == place).collect();
    let (x, y) = here[here.len() / 2];
    (x * 30 + 15, y * 30 + 15)
}

fn words() -> PadScreen {
    PadScreen { title: "Skriv under her".into(), clear: "Slett".into(), cancel: "Avbryt".into(), accept: "Godta".into() }
}

/// What came of it, what was told on the way, and the pad afterwards.
fn capture(hand: Hand, set_up: impl FnOnce(&mut Pad)) -> (Result<PadOutcome, PadError>, Vec<Ink>, Cable) {
    let cable = Cable::default();
    let told = Arc::new(Mutex::new(Vec::new()));
    let control = {
        let told = Arc::clone(&told);
        PadControl::new(move |ink| told.lock().unwrap().push(ink))
    };
    {
        let mut pad = cable.0.lock().unwrap();
        pad.stream = hand.stream;
        pad.stop = Some(Arc::clone(&control.cancel));
        set_up(&mut pad);
    }
    let clock = cable.clone();
    let outcome = Stu::over(cable.clone(), "STU-430", Box::new(move || Duration::from_millis(clock.0.lock().unwrap().now)))
        .and_then(|mut pad| pad.capture(&words(), &control));
    let told = std::mem::take(&mut *told.lock().unwrap());
    (outcome, told, cable)
}

fn signed(outcome: Result<PadOutcome, PadError>) -> Strokes {
    match outcome {
        Ok(PadOutcome::Signed(strokes)) => strokes,
        other => panic!("not signed: {other:?}"),
    }
}

#[test]
fn a_signature_has_its_strokes_in_micrometres_milliseconds_and_pressure() {
    let mut hand = Hand::new(true);
    hand.stroke([(1000, 2000, 100), (1100, 2050, 500), (1200, 2000, 1023)]);
    hand.pause(300);
    hand.stroke([(3000, 3000, 1)]);
    hand.tap(Place::Accept);
    let (outcome, told, cable) = capture(hand, |_| {});
    let strokes = signed(outcome);
    // The field begins at pixel 8, 28 of 320 × 200, that is at 2.40, 8.40 mm, and ends at 312, 155.
    assert_eq!((strokes.width, strokes.height), (91_200, 38_100));
    let point = |x, y, t, p| PenPoint { x, y, t, p: Some(p) };
    let first = vec![point(7_600, 11_600, 0, 100), point(8_600, 12_100, 5, 500), point(9_600, 11_600, 10, 1023)];
    assert_eq!(strokes.strokes, [first.clone(), vec![point(27_600, 21_600, 320, 1)]]);
    assert_eq!(told[..3], [Ink::Down(first[0]), Ink::Move(first[1]), Ink::Move(first[2])]);
    let pad = cable.0.lock().unwrap();
    assert!(pad.timed && !pad.inking && pad.screen.iter().all(|byte| *byte == 0xff), "nothing stays on the screen");
    assert_eq!(pad.area, [9, 29, 311, 154], "ink is drawn inside the frame only");
}

#[test]
fn the_screen_shows_a_title_a_field_and_three_buttons() {
    let layout = Layout::new(320, 200);
    let picture = layout.picture(&words()).unwrap();
    assert_eq!(picture.len(), 320 * 200 / 8);
    let black = |x: u16, y: u16| picture[usize::from(y) * 40 + usize::from(x / 8)] & (128 >> (x % 8)) == 0;
    let ink = |place: Place| {
        let all = (0..200).flat_map(|y| (0..320).map(move |x| (x, y)));
        all.filter(|(x, y)| layout.place(*x, *y) == place && black(*x, *y)).count()
    };
    let (left, top, right, bottom) = layout.field();
    let frame = 2 * usize::from(right - left) + 2 * usize::from(bottom - top) - 4;
    assert_eq!(ink(Place::Field), frame, "the field is empty but for its frame");
    for button in [Place::Clear, Place::Cancel, Place::Accept] {
        assert!(ink(button) > 350, "{button:?} has a frame and a word: {}", ink(button));
    }
    assert!(ink(Place::Elsewhere) > 100, "the title");
}

#[test]
fn two_hundred_points_a_second_for_a_minute_are_all_there_in_order_and_in_time() {
    for timed in [true, false] {
        let mut hand = Hand::new(timed);
        let at = |number: u32| (600 + (number * 7 % 8000) as u16, 1200 + (number * 3 % 3000) as u16, 1 + (number % 1023) as u16);
        for stroke in 0..60 {
            for number in 0..199 {
                let (x, y, pressure) = at(stroke * 199 + number);
                hand.sample(x, y, pressure);
            }
            hand.sample(0, 0, 0);
        }
        hand.tap(Place::Accept);
        let (outcome, told, _) = capture(hand, |pad| pad.no_clock = !timed);
        let strokes = signed(outcome);
        assert_eq!((strokes.strokes.len(), strokes.points()), (60, 60 * 199), "none is lost");
        let told: Vec<PenPoint> =
            told.iter().map(|ink| if let Ink::Down(p) | Ink::Move(p) = ink { *p } else { panic!() }).collect();
        let kept: Vec<PenPoint> = strokes.strokes.iter().flatten().copied().collect();
        assert_eq!(told, kept);
        for (number, point) in kept.iter().enumerate() {
            let (stroke, place) = (number as u32 / 199, number as u32 % 199);
            let (x, y, pressure) = at(number as u32);
            assert_eq!(point.t, (stroke * 200 + place) * 5, "point {number}, clock of the pad: {timed}");
            let expected = ((u32::from(x) - 240) * 10, (u32::from(y) - 840) * 10, Some(pressure));
            assert_eq!((point.x, point.y, point.p), expected, "point {number}");
        }
    }
}

#[test]
fn a_long_pause_is_as_long_as_it_was() {
    let mut hand = Hand::new(true);
    hand.stroke([(1000, 2000, 100)]);
    // More than twice around the pad's counter.
    hand.pause(170_000);
    hand.stroke([(2000, 2000, 100)]);
    hand.tap(Place::Accept);
    let strokes = signed(capture(hand, |_| {}).0);
    assert_eq!(strokes.strokes[1][0].t, 170_010);
}

#[test]
fn a_lost_sample_is_told_and_never_bridged() {
    let mut hand = Hand::new(true);
    hand.stroke((0..50).map(|step| (1000 + step * 10, 2000, 400)));
    hand.stream.remove(20);
    hand.stream.remove(20);
    hand.tap(Place::Accept);
    assert_eq!(capture(hand, |_| {}).0, Err(PadError::PointsLost(2)));

    // Lost while the pen was in the air, nothing of the signature is missing.
    let mut hand = Hand::new(true);
    hand.stroke([(1000, 2000, 100)]);
    for _ in 0..5 {
        hand.sample(5000, 2000, 0);
    }
    hand.stream.remove(3);
    hand.stroke([(2000, 2000, 100)]);
    hand.tap(Place::Accept);
    assert_eq!(signed(capture(hand, |_| {}).0).points(), 2);
}

#[test]
fn the_holder_clears_declines_and_accepts_only_what_is_there() {
    let mut hand = Hand::new(true);
    hand.tap(Place::Accept);
    hand.stroke([(1000, 2000, 100), (1100, 2000, 100)]);
    hand.tap(Place::Clear);
    hand.stroke([(3000, 2000, 100)]);
    hand.tap(Place::Accept);
    let (outcome, told, _) = capture(hand, |_| {});
    let strokes = signed(outcome);
    assert_eq!(strokes.points(), 1);
    assert_eq!(strokes.strokes[0][0].t, 0, "time begins anew");
    assert!(told.contains(&Ink::Cleared));

    let mut hand = Hand::new(true);
    hand.stroke([(1000, 2000, 100)]);
    hand.tap(Place::Cancel);
    assert_eq!(capture(hand, |_| {}).0, Ok(PadOutcome::Declined));
}

#[test]
fn a_stroke_that_slips_onto_a_button_presses_nothing() {
    let (x, y) = middle_of(Place::Cancel);
    let mut hand = Hand::new(true);
    // From the field down onto the button: ink.
    hand.stroke([(x, 3000, 100), (x, y, 100)]);
    // From the button up into the field: neither.
    hand.stroke([(x, y, 100), (x, 3000, 100)]);
    hand.tap(Place::Accept);
    assert_eq!(signed(capture(hand, |_| {}).0).points(), 2);
}

#[test]
fn a_pad_that_is_pulled_out_at_any_call_is_told() {
    let hand = || {
        let mut hand = Hand::new(true);
        hand.stroke((0..20).map(|step| (1000 + step * 10, 2000, 400)));
        hand.tap(Place::Accept);
        hand
    };
    let (outcome, _, cable) = capture(hand(), |_| {});
    signed(outcome);
    // The last two calls clear the screen: the signature is whole by then.
    let calls = cable.0.lock().unwrap().calls - 2;
    assert!(calls > 60);
    for after in 0..calls {
        let (outcome, _, _) = capture(hand(), |pad| pad.gone_after = Some(after));
        assert_eq!(outcome, Err(PadError::Unplugged), "gone after {after} calls");
    }
    let (outcome, _, _) = capture(hand(), |pad| pad.gone_after = Some(calls));
    signed(outcome);
}

#[test]
fn the_operator_stops_it_and_the_screen_is_cleared() {
    let mut hand = Hand::new(true);
    hand.stroke([(1000, 2000, 100)]);
    let (outcome, _, cable) = capture(hand, |_| {});
    assert_eq!(outcome, Err(PadError::Cancelled));
    let pad = cable.0.lock().unwrap();
    assert!(!pad.inking && pad.screen.iter().all(|byte| *byte == 0xff));
}

#[test]
fn what_a_pad_refuses_or_hides_is_told() {
    assert_eq!(capture(Hand::new(true), |pad| pad.status_error = 0x11).0, Err(PadError::Refused(0x11)));
    let mut hand = Hand::new(true);
    hand.stream.push_back((0, [&[0x33][..], &[7; 16]].concat()));
    assert_eq!(capture(hand, |_| {}).0, Err(PadError::Encrypted));
    let mut hand = Hand::new(true);
    hand.stroke((0..=Strokes::MOST_POINTS).map(|_| (1000, 2000, 400)));
    assert_eq!(capture(hand, |_| {}).0, Err(PadError::TooLong));
}

#[test]
fn without_a_pad_the_desk_is_told_so() {
    // Through the real HID layer of this machine.
    assert_eq!(stu::open(None).err(), Some(PadError::NoPad));
}

proptest! {
    /// Whatever comes out of the cable: an end, no panic, and no more points than reports.
    #[test]
    fn hostile_reports_do_no_harm(
        reports in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..80),
        ids in prop::collection::vec(prop::sample::select(vec![0x01_u8, 0x34, 0x33, 0x00]), 80),
    ) {
        let mut hand = Hand::new(true);
        for (mut report, id) in reports.into_iter().zip(ids) {
            if let Some(first) = report.first_mut() { *first = id; }
            let _ = Input::parse(&report);
            hand.stream.push_back((hand.ms, report));
        }
        let number = hand.stream.len();
        if let (Ok(PadOutcome::Signed(strokes)), _, _) = capture(hand, |_| {}) {
            prop_assert!(strokes.points() <= number);
        }
    }

    /// What a pad says of itself is taken only when a pad can be so.
    #[test]
    fn a_hostile_capability_is_refused_or_usable(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut report = vec![0x09];
        report.extend(bytes);
        if let Some(capability) = Capability::parse(&report) {
            prop_assert!(Layout::new(capability.width, capability.height).picture(&words()).is_some());
        }
    }
}
