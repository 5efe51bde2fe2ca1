//! What the windows show of cards that come and go, told by snapshots: nothing private stays in sight, and nothing is lost.

use std::{path::Path, rc::Rc, sync::Arc};

use bam_station::{
    config::{Configuration, Found, local::PinDigits},
    control::{Command, Control, Operator as WhoOperates},
    device::card::PinFacts,
    rules::{CardState, CertificateKind, Function, Method},
    station::{
        CardView, LastSignIn, SeenCard, WrongReader,
        worker::{Snapshot, Update},
    },
    ui::Shell,
};
use bam_station_ui::{Holder, HolderCard, HolderPage, Locked, Operator, OperatorPage, OwnCard, SignIn, text};
use slint::{ComponentHandle, LogicalSize, Model, platform::WindowEvent};

use crate::{
    support::{act, at, kari, qualified_at_signature, with_method},
    support_screens::{by_id, click, enabled, find, key, picture, platform, settle, spoken, write},
};

fn configuration(digits: PinDigits) -> Configuration {
    let place = |file: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let found = Found { master: place("MASTER.toml"), local: place("config/LOCAL.toml") };
    let mut configuration = Configuration::load(&found).unwrap();
    configuration.local.value.holder.pin_digits = digits;
    configuration
}

fn shell(digits: PinDigits) -> Rc<Shell> {
    shell_of(configuration(digits))
}

fn shell_of(configuration: Configuration) -> Rc<Shell> {
    platform();
    let shell = Shell::new(Arc::new(configuration)).unwrap();
    for window in [shell.operator.window(), shell.holder.window()] {
        window.set_size(LogicalSize::new(1280.0, 800.0));
    }
    shell.operator.show().unwrap();
    shell.holder.show().unwrap();
    shell.operator.window().dispatch_event(WindowEvent::WindowActiveChanged(true));
    shell.holder.window().dispatch_event(WindowEvent::WindowActiveChanged(true));
    shell
}

fn told(shell: &Shell, snapshot: &Snapshot) {
    shell.tell([Update::Snapshot(Box::new(snapshot.clone())), Update::Answered]);
    settle();
}

fn pages(shell: &Shell) -> (OperatorPage, HolderPage) {
    (shell.operator.global::<Operator>().get_page(), shell.holder.global::<Holder>().get_page())
}

fn seen(name: &str, kind: CertificateKind, tries_left: u8) -> SeenCard {
    SeenCard {
        name: name.into(),
        kind: Some(kind),
        valid_until: at(40_000_000),
        objection: None,
        qualified: (kind == CertificateKind::Qualified).then_some(CardState::Valid),
        local: (kind == CertificateKind::Local).then_some(CardState::Valid),
        operator: name == "Kari Nordmann",
        pin: PinFacts { tries_left: Some(tries_left), wrong_before: tries_left < 3, pad: false, fewest: 6, most: 8 },
    }
}

fn card(name: &str, kind: CertificateKind, tries_left: u8) -> CardView {
    CardView::Card(Box::new(seen(name, kind, tries_left)))
}

/// Kari at the desk with her card, and Anna's control.
fn attended(control: Control) -> Snapshot {
    Snapshot {
        operator: Some(WhoOperates { software_key: false, ..kari() }),
        operator_card: card("Kari Nordmann", CertificateKind::Qualified, 3),
        holder_card: CardView::Empty,
        last_sign_in: Some(LastSignIn { at: at(-86_400), office: "ID-kontoret, øvingsplass 1".into() }),
        control: Some(control),
        ..Snapshot::default()
    }
}

/// Nothing that either window says names the person or what is known of her.
fn nothing_private(shell: &Shell) {
    let said = [spoken(&shell.operator), spoken(&shell.holder)].concat();
    for private in ["Anna", "Eriksson", "anneri", "1974", text("nb", "function.new-card"), "brev"] {
        assert!(said.iter().all(|said| !said.contains(private)), "{private} is in sight: {said:?}");
    }
}

#[test]
fn a_pulled_card_blanks_both_windows_at_once_and_everything_is_there_afterwards() {
    let shell = shell(PinDigits::Fixed);
    let here = attended(qualified_at_signature());
    told(&shell, &here);
    assert_eq!(pages(&shell), (OperatorPage::Signature, HolderPage::Sign));
    assert!(by_id(&shell.operator, "op-last-sign-in").accessible_label().unwrap().starts_with("Sist pålogget"));
    // The operator is in the middle of a question.
    click(&shell.operator, "op-abort");
    click(&shell.operator, "op-abort-other");
    by_id(&shell.operator, "op-abort-note").mock_single_click(slint::platform::PointerEventButton::Left);
    write(&shell.operator, "Glemte et brev");
    assert!(spoken(&shell.operator).iter().any(|said| said.contains("Eriksson")));

    let pulled = Snapshot { locked: true, operator_card: CardView::Empty, ..here.clone() };
    told(&shell, &pulled);
    assert_eq!(pages(&shell), (OperatorPage::Locked, HolderPage::Idle));
    assert!(find(&shell.operator, "op-abort-note").is_none());
    nothing_private(&shell);
    let lock = shell.operator.global::<Locked>();
    assert_eq!(lock.get_who(), "Kari Nordmann kan fortsette");
    assert_eq!(lock.get_waits(), text("nb", "locked.waits-control"));
    assert!(!enabled(&shell.operator, "op-unlock"), "no PIN without a card");
    picture(&shell.operator, "locked-in-use-operator");
    picture(&shell.holder, "locked-in-use-holder");

    // Somebody else's card opens nothing, and no PIN is asked for.
    told(&shell, &Snapshot { operator_card: card("Per Ås", CertificateKind::Qualified, 3), ..pulled.clone() });
    assert_eq!(lock.get_card().verdict, text("nb", "face.other-operator"));
    assert!(!enabled(&shell.operator, "op-unlock"));
    // The card is back: what is left is known before the PIN is typed.
    told(&shell, &Snapshot { operator_card: card("Kari Nordmann", CertificateKind::Qualified, 2), ..pulled.clone() });
    assert!(enabled(&shell.operator, "op-unlock"));
    assert_eq!(lock.get_pin().tries, "2 forsøk igjen.");
    nothing_private(&shell);

    told(&shell, &here);
    assert_eq!(pages(&shell), (OperatorPage::Signature, HolderPage::Sign));
    assert_eq!(by_id(&shell.operator, "op-abort-note").accessible_value().unwrap(), "Glemte et brev");
    assert!(enabled(&shell.operator, "op-abort-confirm"), "the reason is chosen still");
}

#[test]
fn a_card_signs_in_before_a_key_in_software_does() {
    let shell = shell(PinDigits::Fixed);
    let nobody = Snapshot { operator_card: CardView::ReaderMissing, ..Snapshot::default() };
    told(&shell, &nobody);
    assert_eq!(pages(&shell).0, OperatorPage::CreateOperator, "a training desk without a reader makes a key first");
    let empty = Snapshot { operator_card: CardView::Empty, ..Snapshot::default() };
    told(&shell, &empty);
    assert_eq!(pages(&shell).0, OperatorPage::SignIn);
    let page = shell.operator.global::<SignIn>();
    assert!(page.get_by_card() && !enabled(&shell.operator, "op-card-pin"));
    // The second road, and back by inserting a card.
    click(&shell.operator, "op-road-key");
    assert_eq!(pages(&shell).0, OperatorPage::CreateOperator);
    let blocked = Snapshot { operator_card: card("Kari Nordmann", CertificateKind::Qualified, 0), ..Snapshot::default() };
    told(&shell, &blocked);
    assert_eq!(pages(&shell).0, OperatorPage::SignIn);
    assert!(page.get_card_pin().blocked && !enabled(&shell.operator, "op-card-pin"));
    assert!(spoken(&shell.operator).iter().any(|said| said.contains(text("nb", "pin.card-blocked"))));
    // On a training desk where nobody is appointed any card may play the operator's.
    told(&shell, &Snapshot { operator_card: card("Anna Eriksson", CertificateKind::Qualified, 3), ..Snapshot::default() });
    assert!(enabled(&shell.operator, "op-card-pin"));
}

#[test]
fn a_card_without_access_is_told_as_such_before_a_try_is_spent_on_it() {
    let mut configuration = configuration(PinDigits::Fixed);
    configuration.local.value.training = false;
    let shell = shell_of(configuration);
    told(&shell, &Snapshot { operator_card: card("Anna Eriksson", CertificateKind::Qualified, 3), ..Snapshot::default() });
    assert_eq!(pages(&shell).0, OperatorPage::SignIn);
    let page = shell.operator.global::<SignIn>();
    assert_eq!(page.get_card().verdict, text("nb", "face.not-operator"));
    assert!(!enabled(&shell.operator, "op-card-pin"));
    assert!(find(&shell.operator, "op-road-key").is_none(), "keys in software are for training");
}

fn asked_for_own_card() -> Control {
    let mut control = with_method(Function::Renewal, CertificateKind::Qualified, Method::OwnCard);
    act(&mut control, Command::ConfirmCardHolder);
    control
}

/// The keys from the upper left to the lower right.
fn order(page: &HolderCard<'_>) -> String {
    page.get_digits().iter().map(String::from).collect()
}

#[test]
fn the_holder_is_told_where_the_card_belongs_and_types_unseen() {
    let shell = shell(PinDigits::Fixed);
    let empty = attended(asked_for_own_card());
    told(&shell, &empty);
    assert_eq!(pages(&shell), (OperatorPage::OwnCard, HolderPage::Welcome), "first what will happen");
    click(&shell.holder, "ho-begin");
    assert_eq!(pages(&shell).1, HolderPage::Card);
    let page = shell.holder.global::<HolderCard>();
    assert_eq!(page.get_hint(), "");
    told(&shell, &Snapshot { wrong_reader: Some(WrongReader::HoldersCard), ..empty.clone() });
    assert_eq!(page.get_hint(), text("nb", "card-page.wrong-reader"));
    assert_eq!(shell.operator.global::<OwnCard>().get_side().card.remedy, text("nb", "face.holders-card"));
    // A card without the kind of certificate that the control is for.
    told(&shell, &Snapshot { holder_card: card("Anna Eriksson", CertificateKind::Local, 3), ..empty.clone() });
    assert_eq!((pages(&shell).1, page.get_hint().as_str()), (HolderPage::Card, text("nb", "card-page.unusable")));
    assert_eq!(shell.operator.global::<OwnCard>().get_side().card.verdict, text("nb", "face.no-qualified"));

    let inserted = Snapshot { holder_card: card("Anna Eriksson", CertificateKind::Qualified, 3), ..empty.clone() };
    told(&shell, &inserted);
    assert_eq!(pages(&shell).1, HolderPage::Pin);
    assert_eq!(page.get_pin().tries, "3 forsøk igjen.");
    assert_eq!(order(&page), "1234567890");
    for digit in ["2", "4", "6", "8", "1"] {
        click(&shell.holder, &format!("ho-digit-{digit}"));
    }
    assert!(!enabled(&shell.holder, "ho-pin-done"), "five digits are too few for this card");
    click(&shell.holder, "ho-digit-0");
    assert!(enabled(&shell.holder, "ho-pin-done"));
    for _ in 0..4 {
        click(&shell.holder, "ho-digit-9");
    }
    assert_eq!(page.get_typed(), 8, "more than the card takes is not typed");
    picture(&shell.holder, "own-card-typed-holder");
    picture(&shell.operator, "own-card-typed-operator");
    // The card is pulled with the PIN half typed: it is gone, and on the next card one begins anew.
    told(&shell, &empty);
    told(&shell, &inserted);
    assert_eq!((pages(&shell).1, page.get_typed()), (HolderPage::Pin, 0));
    // Handed on once; without a station nobody takes it.
    write(&shell.holder, "246810");
    assert_eq!(page.get_typed(), 6);
    key(&shell.holder, slint::platform::Key::Return);
    assert_eq!(page.get_typed(), 0);
    // No digit of it was ever on a screen.
    assert!(spoken(&shell.holder).iter().all(|said| !said.contains("246810")));
}

#[test]
fn shuffled_keys_stand_in_another_order_for_the_next_person() {
    let shell = shell(PinDigits::Shuffled);
    let empty = attended(asked_for_own_card());
    let inserted = Snapshot { holder_card: card("Anna Eriksson", CertificateKind::Qualified, 3), ..empty.clone() };
    told(&shell, &inserted);
    click(&shell.holder, "ho-begin");
    let page = shell.holder.global::<HolderCard>();
    let mut orders = std::collections::BTreeSet::new();
    for _ in 0..8 {
        told(&shell, &inserted);
        let now = order(&page);
        let mut sorted: Vec<char> = now.chars().collect();
        sorted.sort_unstable();
        assert_eq!(sorted.iter().collect::<String>(), "0123456789");
        // While one types the keys stay where they are.
        click(&shell.holder, "ho-digit-5");
        assert_eq!(order(&page), now);
        orders.insert(now);
        told(&shell, &empty);
    }
    // Eight times one order of 3 628 800 would be no accident.
    assert!(orders.len() > 1, "{orders:?}");
}
