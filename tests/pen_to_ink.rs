//! From the pen to the ink: what the pad reports becomes a line on both screens. The times are printed; they are those of this build
//! on this machine.
#![allow(clippy::print_stdout, reason = "the figures of the run")]

use std::time::{Duration, Instant};

use bam_station_ui::{HolderPage, OperatorPage};

use crate::{desk_pad::PadDesk, signature_pad::Hand};

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!("{what}: {} points, median {:.1} ms, 95 % below {:.1} ms, slowest {:.1} ms", times.len(), at(50), at(95), at(100));
}

#[test]
fn a_point_from_the_pad_is_ink_on_both_screens() {
    let data = tempfile::tempdir().unwrap();
    let at = PadDesk::open(data.path());
    at.lit();
    at.desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    // One pen with one clock; what it writes comes off the cable as soon as it lies there.
    let mut hand = Hand::new(true);
    let times = (0..20_u16)
        .map(|number| {
            hand.stroke((0..10).map(|step| (1000 + number * 300 + step * 20, 1500 + step * 100, 300)));
            let began = Instant::now();
            at.cable().unwrap().0.lock().unwrap().stream.append(&mut hand.stream);
            at.desk.until("the stroke is seen on both sides", |_| {
                let (operator, holder) = (at.ink_at_operator(), at.ink_at_holder());
                operator.matches('M').count() == usize::from(number) + 1
                    && operator.matches('L').count() == (usize::from(number) + 1) * 9
                    && operator == holder
            });
            began.elapsed()
        })
        .collect();
    told("pad: report in, line of ten points on both screens", times);
}
