//! Training without hardware: the station's own pcscd, its virtual readers, and cards of the training CA.

use std::{env, path::PathBuf, process::Command as Program, sync::mpsc, time::Duration};

use bam_station::{
    control::{Command, Step},
    device::card::ReaderPlace,
    rules::{CardState, CertificateKind, Function, Method},
    station::{
        CardView, VirtualCardKind, VirtualCards,
        worker::{Request, Snapshot, StationHandle, Update},
    },
};

use crate::{
    station_attended::{configuration, open},
    support_cards::{ANNA, asked, typed},
};

const FOLDER: &str = "BAM_STATION_TEST_VIRTUAL_DESK";
const TEST: &str = "desk_virtual_cards::a_training_desk_inserts_pulls_and_uses_virtual_cards";

/// What the station tells, and the last of it.
struct Screens {
    station: StationHandle,
    updates: mpsc::Receiver<Update>,
    seen: Snapshot,
}

impl Screens {
    fn ask(&mut self, request: Request) -> Vec<&'static str> {
        self.station.ask(request);
        let mut codes = vec![];
        loop {
            match self.updates.recv_timeout(Duration::from_secs(60)).unwrap() {
                Update::Snapshot(snapshot) => self.seen = *snapshot,
                Update::Fault { code, .. } | Update::OpeningRefused { code, .. } => codes.push(code),
                Update::Answered => return codes,
                _ => {}
            }
        }
    }

    fn until(&mut self, what: &str, holds: impl Fn(&Snapshot) -> bool) {
        while !holds(&self.seen) {
            match self.updates.recv_timeout(Duration::from_secs(60)) {
                Ok(Update::Snapshot(snapshot)) => self.seen = *snapshot,
                Ok(_) => {}
                Err(_) => panic!("waited in vain until {what}"),
            }
        }
    }

    fn insert(&mut self, side: ReaderPlace, kind: VirtualCardKind, name: &str) {
        let nothing = |seen: &Snapshot| match side {
            ReaderPlace::Operator => seen.operator_card == CardView::Empty,
            ReaderPlace::Holder => seen.holder_card == CardView::Empty,
        };
        self.until("the reader is empty", nothing);
        assert!(self.ask(Request::InsertVirtualCard { side, kind, name: name.into() }).is_empty());
        self.until("the card is read", |seen| match side {
            ReaderPlace::Operator => seen.operator_card.card().is_some(),
            ReaderPlace::Holder => seen.holder_card.card().is_some(),
        });
    }

    fn pull(&mut self, side: ReaderPlace) {
        assert!(self.ask(Request::PullVirtualCard(side)).is_empty());
    }
}

#[test]
fn a_training_desk_inserts_pulls_and_uses_virtual_cards() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        // A process reads the address of its pcscd once, so this happens in one of its own.
        let folder = tempfile::tempdir().unwrap();
        let output = Program::new(env::current_exe().unwrap())
            .args([TEST, "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .env("PCSCLITE_CSOCK_NAME", folder.path().join("virtual-readers/pcscd"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    };
    let station = open(&folder, configuration());
    assert_eq!(station.virtual_cards(), VirtualCards::Ready);
    let (sender, updates) = mpsc::channel();
    let station = StationHandle::start(station, None, move |update| drop(sender.send(update))).unwrap();
    let mut screens = Screens { station, updates, seen: Snapshot::default() };
    let pin = || typed(VirtualCards::PIN);

    screens.insert(ReaderPlace::Operator, VirtualCardKind::Operator, "Kari Nordmann");
    let card = screens.seen.operator_card.card().unwrap();
    assert!(card.objection.is_none() && card.name == "Kari Nordmann", "{card:?}");
    let faults = screens.ask(Request::SignInWithCard(pin()));
    assert!(faults.is_empty(), "{faults:?}");

    // Pulled and inserted again it is the same card.
    screens.pull(ReaderPlace::Operator);
    screens.until("the station is locked", |seen| seen.locked);
    screens.insert(ReaderPlace::Operator, VirtualCardKind::Operator, "Kari Nordmann");
    assert!(screens.ask(Request::Unlock(pin())).is_empty());

    for (kind, qualified, local) in [
        (VirtualCardKind::LocalExpired, None, Some(CardState::Expired)),
        (VirtualCardKind::QualifiedExpired, Some(CardState::Expired), None),
        (VirtualCardKind::Local, None, Some(CardState::Valid)),
        (VirtualCardKind::Qualified, Some(CardState::Valid), None),
    ] {
        screens.insert(ReaderPlace::Holder, kind, ANNA);
        let card = screens.seen.holder_card.card().unwrap();
        assert_eq!((card.qualified, card.local), (qualified, local), "{kind:?}: {:?}", card.objection);
        screens.pull(ReaderPlace::Holder);
    }
    screens.insert(ReaderPlace::Holder, VirtualCardKind::Qualified, ANNA);
    let asked = asked(Function::Renewal, CertificateKind::Qualified);
    for request in [
        Request::Begin(Box::new(asked)),
        Request::Act(Command::ChooseMethod(Method::OwnCard)),
        Request::Act(Command::ConfirmCardHolder),
        Request::ProveOwnCard(pin()),
        Request::Approve(pin()),
    ] {
        let faults = screens.ask(request);
        assert!(faults.is_empty(), "{faults:?}");
    }
    assert_eq!(screens.seen.control.as_ref().unwrap().step(), Step::HandBack);
}
