//! The pen on the holder's touch screen: every point of a fast and long signature goes through the real windows into the evidence,
//! in its order and with its time.

use std::time::Instant;

use bam_station_ui::{HolderPage, OperatorPage, SignatureCheck};
use slint::{
    ComponentHandle as _, LogicalPosition,
    platform::{PointerEventButton, WindowEvent},
};

use crate::{desk_by_hand::AtTheDesk, support_screens::by_id};

/// 200 points a second for a minute: strokes of a second each.
const STROKES: u16 = 60;
const POINTS: u16 = 200;

#[test]
fn the_touch_screen_keeps_every_point_of_a_minute_in_order_and_with_its_time() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.accept_passport();
    desk.read_terms();
    desk.touch("ho-accept");
    desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    let pad = by_id(desk.holder(), "ho-signature");
    let (at, size) = (pad.absolute_position(), pad.size());
    let place = |stroke: u16, step: u16| {
        let part = |of: u16, all: u16| f32::from(of) / f32::from(all);
        LogicalPosition::new(
            at.x + size.width * (0.02 + 0.96 * part(step, POINTS)),
            at.y + size.height * (0.02 + 0.96 * part(stroke, STROKES)),
        )
    };
    // Each point, and between which instants the window was told of it.
    let mut told = vec![];
    let mut send = |event, counts: bool| {
        let before = Instant::now();
        desk.holder().window().dispatch_event(event);
        if counts {
            told.push((before, Instant::now()));
        }
    };
    for stroke in 0..STROKES {
        send(WindowEvent::PointerMoved { position: place(stroke, 0) }, false);
        send(WindowEvent::PointerPressed { position: place(stroke, 0), button: PointerEventButton::Left }, true);
        for step in 1..POINTS {
            send(WindowEvent::PointerMoved { position: place(stroke, step) }, true);
        }
        let last = place(stroke, POINTS - 1);
        send(WindowEvent::PointerReleased { position: last, button: PointerEventButton::Left }, false);
        // Whatever else the desk has to do between two strokes.
        desk.shell.pump();
    }
    desk.touch("ho-sign-done");
    desk.until("it can be judged", |desk| desk.operator().global::<SignatureCheck>().get_can_judge());

    let kept = desk.shell.desk(|desk| desk.snapshot.strokes.clone()).unwrap();
    assert_eq!((kept.strokes.len(), kept.points()), (usize::from(STROKES), usize::from(STROKES) * usize::from(POINTS)));
    let micrometres = |pixels: f32| pixels * 25_400.0 / 96.0;
    let began = told[0];
    let points = (0..STROKES).flat_map(|stroke| (0..POINTS).map(move |step| (stroke, step)));
    for (((stroke, step), point), (before, after)) in points.zip(kept.strokes.iter().flatten()).zip(&told) {
        let should = place(stroke, step);
        let off =
            (point.x as f32 - micrometres(should.x - at.x)).abs().max((point.y as f32 - micrometres(should.y - at.y)).abs());
        assert!(off < 30.0, "stroke {stroke}, point {step}: {off} µm beside where the pen was");
        let (earliest, latest) = (before.saturating_duration_since(began.1), after.saturating_duration_since(began.0));
        let time = u128::from(point.t);
        assert!(
            earliest.as_millis() <= time + 1 && time <= latest.as_millis(),
            "stroke {stroke}, point {step}: {time} ms, but told between {earliest:?} and {latest:?}"
        );
    }
}
