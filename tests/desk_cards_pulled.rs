//! A card is pulled at every step of a control, and in the middle of VERIFY and of signing: each time there is a named state, and
//! the control goes on where it stood. The station runs on its own thread and hears of cards by the readers' events alone.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use bam_station::{
    config::Language,
    control::{Command, Control, Step, scan, signature},
    rules::{CertificateKind, Function, Method},
    secret::PinEntry,
    station::{
        CardView, WrongReader,
        worker::{Request, Snapshot, StationHandle, Update},
    },
};
use bam_virtual_card::{Fault, Inserted, Mishap, VirtualCard, instruction};

use crate::{
    card_desk::{Desk, HOLDERS, OPERATORS, at_a_desk},
    support_cards::{ANNA, Office, PER, appointed, asked, card_of, passport, pin, strokes},
};

use CertificateKind::{Local, Qualified};

const PATIENCE: Duration = Duration::from_secs(120);

/// The station as the screens have it, and the cards in its readers.
struct AtWork<'a> {
    desk: &'a Desk,
    station: StationHandle,
    updates: mpsc::Receiver<Update>,
    seen: Snapshot,
    operator: Option<Inserted>,
    holder: Option<Inserted>,
    /// Step, event, what was said, where the control stood after.
    table: Vec<(Step, &'static str, String, Step)>,
}

type SharedCard = Arc<Mutex<VirtualCard>>;

impl<'a> AtWork<'a> {
    fn begin(
        desk: &'a Desk,
        office: &Office,
        data: &std::path::Path,
        change: impl FnOnce(&mut bam_station::config::Configuration),
    ) -> Self {
        let station = office.open(data, change);
        let (sender, updates) = mpsc::channel();
        let station = StationHandle::start(station, None, move |update| drop(sender.send(update))).unwrap();
        Self { desk, station, updates, seen: Snapshot::default(), operator: None, holder: None, table: vec![] }
    }

    /// Asks and waits for the answer: the codes of what went wrong.
    fn ask(&mut self, request: Request) -> Vec<&'static str> {
        self.station.ask(request);
        let mut codes = vec![];
        loop {
            match self.updates.recv_timeout(PATIENCE).expect("each request is answered") {
                Update::Snapshot(snapshot) => self.seen = *snapshot,
                Update::Fault { code, .. } | Update::OpeningRefused { code, .. } => codes.push(code),
                Update::Answered => return codes,
                _ => {}
            }
        }
    }

    fn done(&mut self, request: Request) {
        let codes = self.ask(request);
        assert!(codes.is_empty(), "{codes:?} at {:?}", self.step());
    }

    fn act(&mut self, command: Command) {
        self.done(Request::Act(command));
    }

    /// Waits for what the readers tell; nothing is asked.
    fn until(&mut self, what: &str, holds: impl Fn(&Snapshot) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.updates.recv_timeout(left) {
                Ok(Update::Snapshot(snapshot)) => self.seen = *snapshot,
                Ok(_) => {}
                Err(_) => panic!("waited in vain until {what}: {:?} {:?}", self.seen.operator_card, self.seen.holder_card),
            }
        }
    }

    fn step(&self) -> Step {
        self.seen.control.as_ref().map_or(Step::Closed, Control::step)
    }

    fn insert_operator(&mut self, card: SharedCard) {
        self.operator = Some(self.desk.insert_again(OPERATORS, card));
        self.until("the operator's card is read", |seen| seen.operator_card.card().is_some());
    }

    fn insert_holder(&mut self, card: SharedCard) {
        self.holder = Some(self.desk.insert_again(HOLDERS, card));
        self.until("the holder's card is read", |seen| seen.holder_card.card().is_some());
    }

    /// Pulls the operator's card; the station is locked at once, whatever was to come; card and PIN bring it back.
    fn pull_operator(&mut self, attempt: impl FnOnce() -> Request) {
        let before = self.step();
        let card = self.operator.take().unwrap().pull();
        self.until("the station is locked", |seen| seen.locked && seen.operator_card == CardView::Empty);
        let said = self.ask(attempt());
        assert_eq!(self.step(), before);
        self.table.push((before, "operator's card pulled", said.join(" "), self.step()));
        self.unlock(card);
    }

    fn unlock(&mut self, card: SharedCard) {
        card.lock().unwrap().set_fault(None);
        self.insert_operator(card);
        self.done(Request::Unlock(pin()));
        assert!(!self.seen.locked);
    }

    /// The card that was read after its PIN was used is read to the end, so that the mishap strikes what comes.
    fn wait_for_quiet(&mut self) {
        while let Ok(update) = self.updates.recv_timeout(Duration::from_millis(500)) {
            if let Update::Snapshot(snapshot) = update {
                self.seen = *snapshot;
            }
        }
    }

    /// The operator's card vanishes in the middle of a command to it.
    fn vanish_operator(&mut self, what: &'static str, fault: Fault, attempt: impl FnOnce() -> Request) {
        let before = self.step();
        self.wait_for_quiet();
        self.operator.as_ref().unwrap().card().set_fault(Some(fault));
        let said = self.ask(attempt());
        self.until("the station is locked", |seen| seen.locked);
        self.table.push((before, what, said.join(" "), self.step()));
        let card = self.operator.take().unwrap().pull();
        self.unlock(card);
    }

    /// The holder's card is pulled: nothing is locked, and nothing moves.
    fn pull_holder(&mut self, attempt: Option<Request>) -> SharedCard {
        let before = self.step();
        let card = self.holder.take().unwrap().pull();
        self.until("the holder's reader is empty", |seen| seen.holder_card == CardView::Empty);
        assert!(!self.seen.locked);
        let said = attempt.map_or_else(String::new, |request| self.ask(request).join(" "));
        self.table.push((before, "holder's card pulled", said, self.step()));
        card
    }

    fn vanish_holder(&mut self, what: &'static str, fault: Fault, attempt: impl FnOnce() -> Request) {
        let before = self.step();
        self.wait_for_quiet();
        self.holder.as_ref().unwrap().card().set_fault(Some(fault));
        let said = self.ask(attempt());
        self.table.push((before, what, said.join(" "), self.step()));
        let card = self.holder.take().unwrap().pull();
        self.until("the holder's reader is empty", |seen| seen.holder_card == CardView::Empty);
        assert!(!self.seen.locked);
        card.lock().unwrap().set_fault(None);
        self.insert_holder(card);
    }

    /// Both cards are pulled before the step; it is then tried, and afterwards done.
    fn pulled_before(&mut self, attempt: impl Fn() -> Request) {
        self.pull_operator(&attempt);
        if self.holder.is_some() {
            let card = self.pull_holder(None);
            self.insert_holder(card);
        }
        self.done(attempt());
    }
}

fn during(instruction: u8, mishap: Mishap) -> Fault {
    Fault { instruction, mishap }
}

/// The places in the middle of a command where a card can vanish.
fn middles() -> [(&'static str, Fault); 4] {
    [
        ("pulled before VERIFY", during(instruction::VERIFY, Mishap::PulledBefore)),
        ("pulled after VERIFY", during(instruction::VERIFY, Mishap::PulledAfter)),
        ("pulled before signing", during(instruction::GENERAL_AUTHENTICATE, Mishap::PulledBefore)),
        ("pulled after signing", during(instruction::GENERAL_AUTHENTICATE, Mishap::PulledAfter)),
    ]
}

fn shared(card: VirtualCard) -> SharedCard {
    Arc::new(Mutex::new(card))
}

fn vouch(pin: PinEntry) -> Request {
    Request::Vouch { says_name: ANNA.into(), statement: "Colleagues".into(), superior: true, pin }
}

#[test]
fn a_card_pulled_at_any_step_leaves_a_named_state_and_the_control_goes_on() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut at = AtWork::begin(desk, &office, data.path(), |_| {});
        let configuration = office.configuration();
        let annas = shared(card_of(&office.person(ANNA, Qualified, -30, 300)));
        at.insert_operator(shared(card_of(&office.kari)));
        at.insert_holder(Arc::clone(&annas));
        at.done(Request::SignInWithCard(pin()));

        // A new card: document, terms, signature, scan, approval, hand back.
        at.done(Request::Begin(Box::new(asked(Function::NewCard, Qualified))));
        at.pulled_before(|| Request::Act(passport(&configuration)));
        at.done(Request::ShowTerms(Language::default()));
        let terms = configuration.terms.all().iter().find(|terms| terms.certificate == Qualified).unwrap().digest;
        at.pulled_before(|| Request::Act(Command::ReachLastPage(terms)));
        at.pulled_before(|| Request::Act(Command::AcceptTerms(terms)));
        at.pulled_before(|| Request::Signature(Box::new(strokes())));
        at.pulled_before(|| Request::Act(Command::JudgeSignature(signature::Judgement::Alike)));
        at.pulled_before(|| Request::Scan);
        at.pulled_before(|| Request::Act(Command::JudgeScan(scan::Judgement::Good)));
        for (what, fault) in middles() {
            at.vanish_operator(what, fault, || Request::Approve(pin()));
        }
        at.pulled_before(|| Request::Approve(pin()));
        at.pulled_before(|| Request::Act(Command::HandBack));
        at.done(Request::Leave);

        // A renewal with the holder's own card.
        at.done(Request::Begin(Box::new(asked(Function::Renewal, Qualified))));
        at.pulled_before(|| Request::Act(Command::ChooseMethod(Method::OwnCard)));
        at.pulled_before(|| Request::Act(Command::ConfirmCardHolder));
        let card = at.pull_holder(Some(Request::ProveOwnCard(pin())));
        at.insert_holder(card);
        for (what, fault) in middles() {
            at.vanish_holder(what, fault, || Request::ProveOwnCard(pin()));
        }
        at.pulled_before(|| Request::ProveOwnCard(pin()));
        at.pulled_before(|| Request::Approve(pin()));
        at.act(Command::HandBack);
        at.done(Request::Leave);

        // A replacement card by a third party, with the scan of the first control.
        drop(at.pull_holder(None));
        at.insert_holder(shared(card_of(&office.person(PER, Qualified, -30, 300))));
        at.done(Request::Begin(Box::new(asked(Function::ReplacementCard, Qualified))));
        at.pulled_before(|| Request::Act(Command::ChooseMethod(Method::ThirdParty)));
        assert!(at.seen.previous_scan.is_some());
        let card = at.pull_holder(Some(vouch(pin())));
        at.insert_holder(card);
        for (what, fault) in middles() {
            at.vanish_holder(what, fault, || vouch(pin()));
        }
        at.pulled_before(|| vouch(pin()));
        at.pulled_before(|| Request::ComparePrevious { alike: true });
        at.pulled_before(|| Request::Approve(pin()));
        assert_eq!(at.step(), Step::Closed);

        let rows: Vec<String> =
            at.table.iter().map(|(step, event, said, after)| format!("{step:?} | {event} | {said} | {after:?}")).collect();
        if let Some(kept) = std::env::var_os("BAM_STATION_KEEP_REPORTS") {
            std::fs::write(std::path::Path::new(&kept).join("pulled.txt"), rows.join("\n")).unwrap();
        }
        for (step, event, said, after) in &at.table {
            let expected: &[&str] = match *event {
                "operator's card pulled" => &["STATION_LOCKED"],
                "holder's card pulled" if said.is_empty() => &[""],
                "holder's card pulled" => &["CARD_ABSENT"],
                // Where the reading after the last PIN was slower, the card has vanished from it already.
                _ if *step == Step::Approval => &["SIGNING_CARD_REMOVED", "CARD_REMOVED", "CARD_ABSENT"],
                _ => &["CARD_REMOVED", "CARD_ABSENT"],
            };
            assert!(expected.contains(&said.as_str()), "{step:?} {event}: {said}");
            assert_eq!(step, after, "{event}: {said}");
        }
        let steps: std::collections::BTreeSet<String> = at.table.iter().map(|row| format!("{:?}", row.0)).collect();
        let all = ["Approval", "Document", "HandBack", "Method", "OwnCard", "Scan", "Signature", "Terms", "ThirdParty"];
        assert!(all.iter().all(|step| steps.contains(*step)), "{steps:?}");
    });
}

#[test]
fn the_screens_hear_of_cards_without_asking() {
    at_a_desk(|desk| {
        let office = Office::new();
        let per = office.person(PER, Local, -30, 300);
        let data = tempfile::tempdir().unwrap();
        let mut at = AtWork::begin(desk, &office, data.path(), |configuration| {
            configuration.master.value.roles.appointed.push(appointed(&per, Some(-1)));
        });
        at.until("both readers are empty", |seen| seen.operator_card == CardView::Empty && seen.holder_card == CardView::Empty);
        at.insert_holder(shared(card_of(&office.kari)));
        at.until("the card is known to be in the wrong reader", |seen| seen.wrong_reader == Some(WrongReader::OperatorsCard));
        at.holder = None;
        at.until("it is out", |seen| seen.holder_card == CardView::Empty && seen.wrong_reader.is_none());

        at.insert_operator(shared(card_of(&office.person(ANNA, Local, -30, 300))));
        at.until("a holder's card is in the operator's reader", |seen| seen.wrong_reader == Some(WrongReader::HoldersCard));
        assert_eq!(at.ask(Request::SignInWithCard(pin())), ["SIGN_IN_NOT_APPOINTED"]);
        at.operator = None;
        at.until("it is out", |seen| seen.operator_card == CardView::Empty);

        at.insert_operator(shared(card_of(&office.kari)));
        let card = at.seen.operator_card.card().unwrap();
        assert!(card.operator && card.objection.is_none() && card.kind == Some(Qualified) && card.pin.tries_left == Some(3));
        assert_eq!(at.ask(Request::SignInWithCard(crate::support_cards::typed("999999"))), ["CARD_PIN_WRONG"]);
        at.until("the tries are told", |seen| seen.operator_card.card().is_some_and(|card| card.pin.tries_left == Some(2)));
        at.done(Request::SignInWithCard(pin()));
        at.until("the tries are full again", |seen| seen.tries_left == Some(3));
        at.done(Request::SignOut);
        at.done(Request::SignInWithCard(pin()));
        assert!(at.seen.last_sign_in.is_some());

        // The service that knows the readers ends: that is as good as a pulled card.
        let expired = office.person(ANNA, Local, -300, -1);
        at.insert_holder(shared(card_of(&expired)));
        let card = at.seen.holder_card.card().unwrap();
        assert_eq!(card.objection.as_ref().unwrap().code, "CERTIFICATE_EXPIRED");
        assert_eq!(card.local, Some(bam_station::rules::CardState::Expired));
        at.station.ask(Request::Plan(Box::new(asked(Function::Renewal, Local))));
        loop {
            if let Update::Plan { asked, plan } = at.updates.recv_timeout(PATIENCE).unwrap() {
                assert!(plan.is_ok() && asked.card == Some(bam_station::rules::CardState::Expired));
                break;
            }
        }
    });
}

#[test]
fn a_service_that_ends_locks_the_station_until_it_is_back() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut at = AtWork::begin(desk, &office, data.path(), |_| {});
        at.insert_operator(shared(card_of(&office.kari)));
        at.done(Request::SignInWithCard(pin()));
        let AtWork { station, updates, seen, operator, .. } = at;
        let card = operator.unwrap().pull();
        desk.stop_service();
        let mut at = AtWork { desk, station, updates, seen, operator: None, holder: None, table: vec![] };
        at.until("the station is locked", |seen| seen.locked && matches!(seen.operator_card, CardView::Fault { .. }));
        let AtWork { station, updates, seen, .. } = at;
        desk.start_service();
        let mut at = AtWork { desk, station, updates, seen, operator: None, holder: None, table: vec![] };
        at.until("the reader is back", |seen| seen.operator_card == CardView::Empty);
        at.unlock(card);
    });
}
