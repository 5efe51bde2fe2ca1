//! The two windows with real pixels: every page is complete in both languages and both sizes, and what is touched or typed
//! arrives where it belongs. The pictures are kept in `target/screens/` to be looked at.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use bam_station_ui::*;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, ElementRoot};
use slint::platform::{Key, PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, Model};

use crate::support_screens::*;

/// Left, top, right and bottom in logical pixels.
pub fn bounds(element: &ElementHandle) -> (f32, f32, f32, f32) {
    let (at, size) = (element.absolute_position(), element.size());
    (at.x, at.y, at.x + size.width, at.y + size.height)
}

/// A column of the page is longer than its place, and says so.
pub fn scrolls(window: &impl ElementRoot) -> bool {
    let more = LANGUAGES.map(|lang| text(lang, "scroll.more"));
    ElementQuery::from_root(window)
        .match_inherits("Text")
        .find_all()
        .iter()
        .any(|element| element.accessible_label().is_some_and(|said| more.contains(&said.as_str())))
}

/// What every page owes: everything named, nothing outside the window, nothing on top of another, large enough to touch.
pub fn judge_layout(window: &impl ElementRoot, size: (f32, f32), target: f32, place: &str) {
    let controls = controls(window);
    let scrolls = scrolls(window);
    assert!(!controls.is_empty(), "{place}: nothing to act on");
    let mut names = BTreeSet::new();
    for control in &controls {
        let id = control.accessible_id().unwrap_or_default();
        assert!(!id.is_empty(), "{place}: a control without a stable name, labelled {:?}", control.accessible_label());
        assert!(names.insert(id.clone()), "{place}: {id} twice");
        assert!(control.accessible_label().is_some_and(|label| !label.is_empty()), "{place}: {id} says nothing");
        let (left, top, right, bottom) = bounds(control);
        // What is half below the fold of a column that scrolls is whole when one scrolls.
        let inside = left >= 0.0 && right <= size.0 && (scrolls || (top >= 0.0 && bottom <= size.1));
        assert!(inside, "{place}: {id} lies outside the window: {:?}", bounds(control));
        assert!(bottom - top >= target - 0.1, "{place}: {id} is {} high", bottom - top);
    }
    for (i, one) in controls.iter().enumerate() {
        for other in &controls[i + 1..] {
            let (a, b) = (bounds(one), bounds(other));
            let apart = a.2 <= b.0 + 0.5 || b.2 <= a.0 + 0.5 || a.3 <= b.1 + 0.5 || b.3 <= a.1 + 0.5;
            assert!(apart, "{place}: {:?} and {:?} overlap: {a:?} {b:?}", one.accessible_id(), other.accessible_id());
        }
    }
    for said in spoken(window) {
        assert!(!said.contains("???"), "{place}: a text is missing: {said}");
    }
}

fn judge_states(window: &impl ElementRoot, on: &[&str], off: &[&str], place: &str) {
    for id in on {
        assert!(enabled(window, id), "{place}: {id} must be enabled");
    }
    for id in off {
        assert!(!enabled(window, id), "{place}: {id} must be disabled");
    }
}

/// Each scene of the operator's window in one language and size.
pub fn judge_operator_scenes(scenes: &[Scene<OperatorWindow>], lang: &str, size: (f32, f32)) {
    for scene in scenes {
        let window = operator_window(lang, size);
        (scene.set)(&window, lang);
        let place = format!("operator-{}-{lang}-{}", scene.name, size.0);
        picture(&window, &place);
        assert!(by_id(&window, "op-title").accessible_label().is_some_and(|title| !title.is_empty()), "{place}: no title");
        judge_layout(&window, size, 48.0, &place);
        judge_states(&window, scene.enabled, scene.disabled, &place);
    }
}

/// Each scene of the holder's window in one language and both sizes.
pub fn judge_holder_scenes(scenes: &[Scene<HolderWindow>], lang: &str) {
    for size in SIZES {
        for scene in scenes {
            let window = holder_window(lang, size);
            (scene.set)(&window, lang);
            let place = format!("holder-{}-{lang}-{}", scene.name, size.0);
            picture(&window, &place);
            assert!(by_id(&window, "ho-title").accessible_label().is_some_and(|title| !title.is_empty()), "{place}: no title");
            judge_layout(&window, size, 64.0, &place);
            judge_states(&window, scene.enabled, scene.disabled, &place);
        }
    }
}

fn judge_operator_pages(lang: &str, size: (f32, f32)) {
    platform();
    judge_operator_scenes(OPERATOR_SCENES, lang, size);
}

fn judge_holder_pages(lang: &str) {
    platform();
    judge_holder_scenes(HOLDER_SCENES, lang);
}

#[test]
fn operator_pages_are_complete_in_bokmal_on_a_small_screen() {
    judge_operator_pages("nb", SIZES[0]);
}

#[test]
fn operator_pages_are_complete_in_bokmal_on_a_large_screen() {
    judge_operator_pages("nb", SIZES[1]);
}

#[test]
fn operator_pages_are_complete_in_english_on_a_small_screen() {
    judge_operator_pages("en", SIZES[0]);
}

#[test]
fn operator_pages_are_complete_in_english_on_a_large_screen() {
    judge_operator_pages("en", SIZES[1]);
}

#[test]
fn holder_pages_are_complete_in_bokmal() {
    judge_holder_pages("nb");
}

#[test]
fn holder_pages_are_complete_in_english() {
    judge_holder_pages("en");
}

#[test]
fn long_names_push_nothing_out_of_the_window() {
    platform();
    let office = "Fylkeskommunens felles kontor for identitetskontroll og kortutstedelse";
    let person = "Christina-Elisabeth Featherstonehaugh-Cholmondeley Ærlighaug";
    assert_eq!(person.chars().count(), 60);
    for (lang, size) in [("nb", SIZES[0]), ("en", SIZES[0]), ("nb", SIZES[1]), ("en", SIZES[1])] {
        for scene in OPERATOR_SCENES {
            let window = operator_window(lang, size);
            (scene.set)(&window, lang);
            let operator = window.global::<Operator>();
            operator.set_office(office.into());
            if !operator.get_operator_name().is_empty() {
                operator.set_operator_name(person.into());
            }
            operator.set_holder_name(person.into());
            operator.set_others_text(format!("{person} {}", text(lang, "others-control.title")).into());
            let control = format!("{} · {}", text(lang, "function.new-card"), text(lang, "kind.qualified"));
            operator.set_control_line(control.into());
            window.global::<SignIn>().set_operators(list([choice("kari", person, ""), choice("per", person, "")]));
            let place = format!("long-{}-{lang}-{}", scene.name, size.0);
            if (lang, size) == ("nb", SIZES[0]) {
                picture(&window, &place);
            }
            settle();
            judge_layout(&window, size, 48.0, &place);
            judge_texts(&window, size, &place);
        }
        for scene in HOLDER_SCENES {
            let window = holder_window(lang, size);
            (scene.set)(&window, lang);
            window.global::<Holder>().set_office(office.into());
            let place = format!("long-holder-{}-{lang}-{}", scene.name, size.0);
            settle();
            judge_layout(&window, size, 64.0, &place);
            judge_texts(&window, size, &place);
        }
    }
}

/// Every text lies inside the window, and has the width and height that it needs.
pub fn judge_texts(window: &impl ElementRoot, size: (f32, f32), place: &str) {
    let texts = ElementQuery::from_root(window).match_inherits("Text").find_all();
    let scrolls = scrolls(window);
    assert!(texts.len() > 3, "{place}: no texts");
    for element in texts {
        let (left, top, right, bottom) = bounds(&element);
        let inside = left >= -0.5 && right <= size.0 + 0.5 && (scrolls || (top >= -0.5 && bottom <= size.1 + 0.5));
        assert!(inside, "{place}: a text lies outside the window: {:?} {:?}", element.accessible_label(), bounds(&element));
    }
}

#[test]
fn a_fault_is_told_on_every_page_and_hides_no_act() {
    platform();
    for scene in OPERATOR_SCENES {
        let window = operator_window("nb", SIZES[0]);
        (scene.set)(&window, "nb");
        jam(&window, "nb");
        settle();
        let told = by_id(&window, "fault").accessible_label().unwrap();
        assert!(
            ["Papiret sitter fast", "Åpne lokket", "SCAN_JAMMED"].iter().all(|part| told.contains(part)),
            "{}: {told}",
            scene.name
        );
        for id in scene.enabled.iter().chain(scene.disabled).chain(&["op-close-fault"]) {
            // What stands in a column that scrolls may lie below the fold, a page key away; a button never does.
            let seen = find(&window, id).or_else(|| {
                key(&window, Key::PageDown);
                find(&window, id).filter(|control| control.accessible_role() != Some(AccessibleRole::Button))
            });
            let control = seen.unwrap_or_else(|| panic!("{}: {id} cannot be reached", scene.name));
            let (left, top, right, bottom) = bounds(&control);
            let inside = left >= 0.0 && top >= 0.0 && right <= SIZES[0].0 && bottom <= SIZES[0].1;
            assert!(inside, "{}: {id} lies outside the window: {:?}", scene.name, bounds(&control));
        }
    }
    let window = operator_window("nb", SIZES[0]);
    jam(&window, "nb");
    let closed = Rc::new(Cell::new(false));
    let log = closed.clone();
    window.global::<Operator>().on_close_fault(move || log.set(true));
    settle();
    click(&window, "op-close-fault");
    assert!(closed.get());
}

#[test]
fn every_page_of_the_operator_has_a_scene() {
    platform();
    let shown = OPERATOR_SCENES.iter().chain(crate::screens_cards::OPERATOR_SCENES).map(|scene| {
        let window = operator_window("nb", SIZES[0]);
        (scene.set)(&window, "nb");
        format!("{:?}", window.global::<Operator>().get_page())
    });
    assert_eq!(shown.collect::<BTreeSet<_>>().len(), 19);
}

#[test]
fn every_text_that_a_page_asks_for_exists() {
    fn asked(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                asked(&path, found);
            } else if path.extension().is_some_and(|end| end == "slint") {
                let source = std::fs::read_to_string(&path).unwrap();
                for call in source.split("I18n.t(").skip(1) {
                    let key = call.strip_prefix('"').and_then(|rest| rest.split_once("\")")).map(|(key, _)| key);
                    found.insert(key.unwrap_or_else(|| panic!("{}: a key that is not a plain text", path.display())).to_owned());
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    asked(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/ui"), &mut found);
    assert!(found.len() > 100);
    let known = keys("nb").collect::<BTreeSet<_>>();
    let missing = found.iter().filter(|key| !known.contains(key.as_str())).collect::<Vec<_>>();
    assert!(missing.is_empty(), "texts that no catalogue has: {missing:?}");
}

#[test]
fn the_holder_chooses_a_language_without_changing_the_operators() {
    platform();
    let operator = operator_window("nb", SIZES[0]);
    let holder = holder_window("nb", SIZES[0]);
    let weak = holder.as_weak();
    holder.global::<Holder>().on_set_language(move |lang| weak.unwrap().global::<I18n>().set_lang(lang));
    let title = |window: &HolderWindow| by_id(window, "ho-title").accessible_label().unwrap();
    assert_eq!(title(&holder), "Velkommen");
    click(&holder, "ho-lang-en");
    assert_eq!(title(&holder), "Welcome");
    assert_eq!(by_id(&operator, "op-title").accessible_label().unwrap(), "Logg på");
}

#[test]
fn the_pen_loses_no_point() {
    platform();
    let window = holder_window("nb", SIZES[0]);
    window.global::<Holder>().set_page(HolderPage::Sign);
    settle();
    let written = Rc::new(RefCell::new(vec![]));
    let field = Rc::new(Cell::new((0.0, 0.0)));
    let lifted = Rc::new(Cell::new(0));
    let page = window.global::<HolderSign>();
    let (points, measures) = (written.clone(), field.clone());
    page.on_pen_down(move |x, y, width, height| {
        measures.set((width, height));
        points.borrow_mut().push((x, y));
    });
    let points = written.clone();
    page.on_pen_move(move |x, y| points.borrow_mut().push((x, y)));
    let ups = lifted.clone();
    page.on_pen_up(move || ups.set(ups.get() + 1));

    let pad = by_id(&window, "ho-signature");
    let (left, top, right, bottom) = bounds(&pad);
    let at = |i: u16| (f32::from(i) * 0.5, 100.0 + f32::from(i % 40));
    let place = |i: u16| LogicalPosition::new(left + at(i).0, top + at(i).1);
    let send = |event| window.window().dispatch_event(event);
    send(WindowEvent::PointerMoved { position: place(0) });
    send(WindowEvent::PointerPressed { position: place(0), button: PointerEventButton::Left });
    for i in 1..=1000 {
        send(WindowEvent::PointerMoved { position: place(i) });
    }
    send(WindowEvent::PointerReleased { position: place(1000), button: PointerEventButton::Left });
    // Without the pen on the field nothing is written.
    send(WindowEvent::PointerMoved { position: place(3) });

    let expected = (0..=1000).map(at).collect::<Vec<_>>();
    let written = written.borrow();
    assert_eq!(written.len(), expected.len());
    assert!(written.iter().zip(&expected).all(|(is, should)| (is.0 - should.0).abs() < 0.01 && (is.1 - should.1).abs() < 0.01));
    assert_eq!(field.get(), (right - left, bottom - top));
    assert_eq!(lifted.get(), 1);
}

#[test]
fn what_is_written_is_drawn() {
    platform();
    let window = holder_window("nb", SIZES[0]);
    window.global::<Holder>().set_page(HolderPage::Sign);
    let dark = |picture: &image::RgbaImage| picture.pixels().filter(|p| p.0[..3].iter().all(|&c| c < 0x50)).count();
    let before = dark(&picture(&window, "pen-before"));
    window.global::<HolderSign>().set_pieces(list([ink("M 200 100 L 800 100")]));
    let after = dark(&picture(&window, "pen-after"));
    // A line of 600 pixels, some three pixels wide.
    assert!(after > before + 1200, "{before} dark pixels before, {after} after");
}

#[test]
fn a_signature_is_never_stretched() {
    platform();
    let window = operator_window("nb", SIZES[1]);
    let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == "signature").unwrap();
    (scene.set)(&window, "nb");
    // A square of 100 units in a wide field stays a square.
    window.global::<SignatureCheck>().set_commands("M 250 50 L 350 50 L 350 150 L 250 150 Z".into());
    let shot = picture(&window, "signature-square");
    let (left, top, right, bottom) = bounds(&by_id(&window, "op-signature"));
    let inked = |p: &(u32, u32, &image::Rgba<u8>)| {
        let (x, y) = (p.0 as f32, p.1 as f32);
        x > left + 4.0 && x < right - 4.0 && y > top + 4.0 && y < bottom - 4.0 && p.2.0[..3].iter().all(|&c| c < 0x60)
    };
    let ink = shot.enumerate_pixels().filter(inked).map(|(x, y, _)| (x, y)).collect::<Vec<_>>();
    let span = |of: fn(&(u32, u32)) -> u32| ink.iter().map(of).max().unwrap() - ink.iter().map(of).min().unwrap();
    let (wide, high) = (span(|p| p.0), span(|p| p.1));
    assert!(wide > 100 && wide.abs_diff(high) <= 2, "{wide} × {high}");
}

#[test]
fn terms_fit_their_page_at_every_text_size() {
    platform();
    let lorem = "Sertifikatinnehaveren skal oppbevare kortet og PIN-koden forsvarlig, og melde fra uten ugrunnet opphold dersom kortet er tapt, \
                 stjålet eller misbrukt, eller når det er grunn til å tro at en annen kjenner PIN-koden. ";
    let text = (1..=9).map(|n| paragraph(&format!("{n}. Innehaverens plikter"), &lorem.repeat(n))).collect::<Vec<_>>();
    for size in SIZES {
        let window = holder_window("nb", size);
        window.global::<Holder>().set_page(HolderPage::Terms);
        settle();
        let mut counts = vec![];
        for _ in 0..5 {
            settle();
            let terms = window.global::<HolderTerms>();
            let sheet =
                Sheet { width: terms.get_sheet_width(), height: terms.get_sheet_height(), text_size: terms.get_text_size() };
            let pages = paginate(&text, &sheet);
            counts.push(pages.len());
            terms.set_pages(pages.len() as i32);
            for (i, page) in pages.iter().enumerate() {
                terms.set_page(i as i32 + 1);
                terms.set_paragraphs(list(page.clone()));
                settle();
                // The gap after the last paragraph may hang over.
                let high = by_id(&window, "ho-terms-text").size().height - 0.6 * sheet.text_size;
                assert!(high <= sheet.height + 0.5, "page {i} is {high} high on a sheet of {sheet:?}");
                let heading_alone = page.last().is_some_and(|last| last.text.is_empty());
                assert!(!heading_alone, "page {i} ends with a heading");
            }
            if counts.len() == 1 {
                terms.set_page(1);
                terms.set_paragraphs(list(pages[0].clone()));
                picture(&window, &format!("holder-terms-full-{}", size.0));
            }
            let words = |paragraphs: &mut dyn Iterator<Item = &Paragraph>| {
                paragraphs
                    .flat_map(|p| format!("{} {}", p.heading, p.text).split_whitespace().map(String::from).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            };
            assert_eq!(words(&mut pages.iter().flatten()), words(&mut text.iter()), "no word is lost");
            if enabled(&window, "ho-text-larger") {
                click(&window, "ho-text-larger");
            }
        }
        assert!(counts[0] < counts[2] && counts[2] < counts[4], "larger text needs more pages: {counts:?}");
        assert!(!enabled(&window, "ho-text-larger"));
    }
}

#[test]
fn a_sheet_too_small_for_a_line_still_shows_every_word() {
    let text = [paragraph("Overskrift", "en to tre fire fem")];
    let pages = paginate(&text, &Sheet { width: 30.0, height: 5.0, text_size: 20.0 });
    let said = pages.iter().flatten().map(|p| p.text.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(said.split_whitespace().collect::<String>(), "entotrefirefem");
    assert_eq!(paginate(&[], &Sheet { width: 300.0, height: 300.0, text_size: 20.0 }).len(), 1);
}

#[test]
fn accepting_and_declining_are_equally_easy() {
    platform();
    let window = holder_window("nb", SIZES[0]);
    let answers = Rc::new(RefCell::new(vec![]));
    let terms = window.global::<HolderTerms>();
    let log = answers.clone();
    terms.on_accept(move || log.borrow_mut().push("accept"));
    let log = answers.clone();
    terms.on_decline(move || log.borrow_mut().push("decline"));
    let scene = |name| HOLDER_SCENES.iter().find(|scene| scene.name == name).unwrap();
    (scene("terms-first-page").set)(&window, "nb");
    settle();
    assert!(find(&window, "ho-accept").is_none() && find(&window, "ho-decline").is_none(), "no answer before the last page");
    (scene("terms-last-page").set)(&window, "nb");
    settle();
    moment();
    assert_eq!(by_id(&window, "ho-accept").size(), by_id(&window, "ho-decline").size());
    click(&window, "ho-decline");
    click(&window, "ho-accept");
    assert_eq!(*answers.borrow(), ["decline", "accept"]);
}

#[test]
fn a_pin_is_handed_on_once_and_forgotten() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == "approve").unwrap();
    (scene.set)(&window, "nb");
    settle();
    let tried = Rc::new(RefCell::new(vec![]));
    let (log, held, weak) = (tried.clone(), secrets(&window), window.as_weak());
    window.global::<Approval>().on_sign(move || log.borrow_mut().push(handed_over(&weak.unwrap(), &held)));
    // By touch.
    for digit in ["1", "9", "0", "5", "1"] {
        click(&window, &format!("op-sign-{digit}"));
    }
    assert!(!enabled(&window, "op-sign-submit"), "five digits are too few");
    click(&window, "op-sign-4");
    click(&window, "op-sign-submit");
    assert_eq!(*tried.borrow(), ["190514"]);
    assert!(!enabled(&window, "op-sign-submit"), "the field is empty again");
    click(&window, "op-sign-submit");
    // By keyboard: the field has the focus since the page opened.
    by_id(&window, "op-sign").mock_single_click(PointerEventButton::Left);
    write(&window, "246802");
    key(&window, Key::Return);
    assert_eq!(*tried.borrow(), ["190514", "246802"]);
    // Digits are never shown: not on the screen, not to a screen reader.
    write(&window, "135791");
    assert!(spoken(&window).iter().all(|said| !said.contains("135791")));
    let said = by_id(&window, "op-sign").accessible_value().unwrap_or_default();
    assert!(!said.contains("135791"), "a screen reader says {said}");
}

#[test]
fn aborting_asks_for_a_reason_and_can_be_left() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == "scan-with-fault").unwrap();
    (scene.set)(&window, "nb");
    settle();
    let aborted = Rc::new(RefCell::new(vec![]));
    let log = aborted.clone();
    window.global::<Operator>().on_abort(move |reason, note| log.borrow_mut().push((reason.to_string(), note.to_string())));
    click(&window, "op-abort");
    assert!(find(&window, "op-scan").is_none(), "the question stands alone");
    click(&window, "op-abort-back");
    assert!(find(&window, "op-scan").is_some(), "back on the page");
    click(&window, "op-abort");
    assert!(!enabled(&window, "op-abort-confirm"), "not without a reason");
    click(&window, "op-abort-device");
    by_id(&window, "op-abort-note").mock_single_click(PointerEventButton::Left);
    write(&window, "Lokket");
    click(&window, "op-abort-confirm");
    assert_eq!(*aborted.borrow(), [("device".to_owned(), "Lokket".to_owned())]);
}

#[test]
fn a_new_control_is_filled_in_by_keyboard_alone() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == "new-control-refused").unwrap();
    (scene.set)(&window, "nb");
    let page = window.global::<NewControl>();
    for clear in [NewControl::set_first_names, NewControl::set_last_name, NewControl::set_birth_date] {
        clear(&page, "".into());
    }
    page.set_can_begin(true);
    let begun = Rc::new(Cell::new(false));
    let edits = Rc::new(Cell::new(0));
    let (log, count) = (begun.clone(), edits.clone());
    page.on_begin(move || log.set(true));
    page.on_edited(move || count.set(count.get() + 1));
    settle();
    write(&window, "Åse");
    key(&window, Key::Return);
    write(&window, "Nordmann");
    key(&window, Key::Return);
    tab(&window);
    write(&window, "01.02.1990");
    assert_eq!(edits.get(), "Åse".chars().count() + "Nordmann".len() + "01.02.1990".len());
    tab(&window); // user name
    tab(&window); // first function
    tab(&window); // second function
    key(&window, " ");
    assert_eq!(page.get_function(), "replacement-card");
    let mut tabs = 0;
    while !begun.get() && tabs < 30 {
        tab(&window);
        tabs += 1;
        key(&window, Key::Return);
    }
    assert!(begun.get(), "the keyboard reaches the button that begins");
    assert_eq!(
        (page.get_first_names().as_str(), page.get_last_name().as_str(), page.get_birth_date().as_str()),
        ("Åse", "Nordmann", "01.02.1990")
    );
}

#[test]
fn the_keyboard_shows_where_it_is() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == "method").unwrap();
    (scene.set)(&window, "nb");
    let before = picture(&window, "focus-before");
    let mut seen = 0;
    for _ in 0..8 {
        tab(&window);
        let after = picture(&window, "focus-after");
        let changed = before.pixels().zip(after.pixels()).filter(|(a, b)| a != b).count();
        // A ring of three pixels around a button is some thousand pixels.
        seen += usize::from(changed > 600);
    }
    assert!(seen >= 7, "a ring after {seen} of 8 tabulators");
}

#[test]
fn today_is_paged_to_the_height_of_the_list() {
    platform();
    let small = operator_window("nb", SIZES[0]);
    let large = operator_window("nb", SIZES[1]);
    let rows = [&small, &large].map(|window| {
        let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == "home").unwrap();
        (scene.set)(window, "nb");
        picture(window, "home-rows");
        settle();
        assert!(window.global::<Home>().get_rows().row_count() <= window.global::<Home>().get_rows_per_page() as usize);
        window.global::<Home>().get_rows_per_page()
    });
    assert!((6..=12).contains(&rows[0]) && (6..=14).contains(&rows[1]), "{rows:?}");
}

/// Contrast of two colours (WCAG 2.2, "contrast ratio").
pub fn contrast(a: slint::Color, b: slint::Color) -> f32 {
    let luminance = |c: slint::Color| {
        let part = |v: u8| {
            let v = f32::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(c.red()) + 0.7152 * part(c.green()) + 0.0722 * part(c.blue())
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_stands_out_from_its_ground() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    let theme = window.global::<Theme>();
    for appearance in [Appearance::Light, Appearance::Dark, Appearance::Contrast] {
        theme.set_appearance(appearance);
        let text = [
            ("ink on ground", theme.get_ink(), theme.get_ground(), 7.0),
            ("ink on sunken", theme.get_ink(), theme.get_sunken(), 7.0),
            ("soft ink on surface", theme.get_ink_soft(), theme.get_surface(), 7.0),
            ("soft ink on ground", theme.get_ink_soft(), theme.get_ground(), 7.0),
            ("soft ink on sunken", theme.get_ink_soft(), theme.get_sunken(), 7.0),
            ("soft ink on a choice", theme.get_ink_soft(), theme.get_action_soft(), 7.0),
            ("text on action", theme.get_on_action(), theme.get_action(), 7.0),
            ("text on action under the pointer", theme.get_on_action(), theme.get_action_hover(), 7.0),
            ("text on action pressed", theme.get_on_action(), theme.get_action_pressed(), 7.0),
            ("action on surface", theme.get_action(), theme.get_surface(), 7.0),
            ("action on ground", theme.get_action(), theme.get_ground(), 7.0),
            ("action on soft action", theme.get_action(), theme.get_action_soft(), 7.0),
            ("bad on surface", theme.get_bad(), theme.get_surface(), 7.0),
            ("bad on soft bad", theme.get_bad(), theme.get_bad_soft(), 7.0),
            ("good on soft good", theme.get_good(), theme.get_good_soft(), 7.0),
            ("warn on soft warn", theme.get_warn(), theme.get_warn_soft(), 7.0),
            ("ink on soft warn", theme.get_ink(), theme.get_warn_soft(), 7.0),
            ("ink on soft bad", theme.get_ink(), theme.get_bad_soft(), 7.0),
            ("white on rail", theme.get_on_dark(), theme.get_rail(), 7.0),
            ("soft white on rail", theme.get_on_dark_soft(), theme.get_rail(), 7.0),
            ("soft white on raised rail", theme.get_on_dark_soft(), theme.get_rail_raised(), 7.0),
            ("training", theme.get_on_training(), theme.get_training(), 7.0),
            ("ink on paper", theme.get_paper_ink(), theme.get_paper(), 7.0),
            // What is not text: frames of fields, marks and the ring.
            ("strong line on surface", theme.get_line_strong(), theme.get_surface(), 3.0),
            ("focus on surface", theme.get_focus(), theme.get_surface(), 3.0),
            ("focus on ground", theme.get_focus(), theme.get_ground(), 3.0),
            ("focus on rail", theme.get_focus_on_dark(), theme.get_rail(), 3.0),
            ("done on rail", theme.get_good_on_dark(), theme.get_rail(), 4.5),
            ("stopped on rail", theme.get_bad_on_dark(), theme.get_rail(), 4.5),
        ];
        for (name, front, back, least) in text {
            let is = contrast(front, back);
            assert!(is >= least, "{appearance:?}: {name}: {is:.2}, at least {least}");
        }
    }
}
