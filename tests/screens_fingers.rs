//! The hand that signs rests on the glass: it neither writes nor presses, and never keeps the pen from writing.

use bam_station::ui::fingers::{Act, Fingers, Phase};

const HAND: u64 = 4;
const PEN: u64 = 7;

#[test]
fn a_hand_that_rests_gives_way_to_the_pen() {
    let mut fingers = Fingers::default();
    // The hand comes down on a button, as hands do: what it has pressed is not done.
    assert_eq!(fingers.take(HAND, Phase::Down, 300.0, 500.0), [Act::Press(300.0, 500.0)]);
    assert_eq!(fingers.take(HAND, Phase::Move, 304.0, 498.0), [Act::Move(304.0, 498.0)]);
    assert_eq!(fingers.take(PEN, Phase::Down, 100.0, 200.0), [Act::Cancel, Act::Press(100.0, 200.0)]);
    assert_eq!(fingers.take(HAND, Phase::Move, 330.0, 490.0), [], "it moves along with the pen");
    assert_eq!(fingers.take(PEN, Phase::Move, 150.0, 220.0), [Act::Move(150.0, 220.0)]);
    assert_eq!(fingers.take(PEN, Phase::Up, 150.0, 220.0), [Act::Release(150.0, 220.0)]);
    // The next stroke, with the hand where it was.
    assert_eq!(fingers.take(PEN, Phase::Down, 180.0, 210.0), [Act::Press(180.0, 210.0)]);
    assert_eq!(fingers.take(HAND, Phase::Up, 330.0, 490.0), []);
    assert_eq!(fingers.take(PEN, Phase::Up, 180.0, 210.0), [Act::Release(180.0, 210.0)], "a dot");
    assert!(!fingers.any());
}

#[test]
fn nothing_interrupts_a_pen_that_writes() {
    let mut fingers = Fingers::default();
    fingers.take(PEN, Phase::Down, 100.0, 200.0);
    fingers.take(PEN, Phase::Move, 120.0, 200.0);
    assert_eq!(fingers.take(HAND, Phase::Down, 400.0, 500.0), []);
    assert_eq!(fingers.take(PEN, Phase::Move, 140.0, 200.0), [Act::Move(140.0, 200.0)]);
    assert_eq!(fingers.take(HAND, Phase::Up, 400.0, 500.0), []);
    assert_eq!(fingers.take(PEN, Phase::Move, 160.0, 200.0), [Act::Move(160.0, 200.0)]);
    assert_eq!(fingers.take(PEN, Phase::Up, 160.0, 200.0), [Act::Release(160.0, 200.0)]);
}

#[test]
fn a_finger_that_the_system_takes_away_presses_nothing() {
    let mut fingers = Fingers::default();
    fingers.take(PEN, Phase::Down, 100.0, 200.0);
    assert_eq!(fingers.take(PEN, Phase::Lost, 100.0, 200.0), [Act::Cancel]);
    assert!(!fingers.any());
    assert_eq!(fingers.take(PEN, Phase::Move, 100.0, 200.0), [], "it is gone");
    assert_eq!(fingers.take(HAND, Phase::Down, 5.0, 5.0), [Act::Press(5.0, 5.0)]);
}
