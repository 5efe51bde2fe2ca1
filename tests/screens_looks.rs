//! Every page in every appearance and with large text: nothing is cut, text stands out from what is behind it, the pictures stay
//! what they were, and what a screen reader says is kept to be read.
//!
//! `BAM_STATION_WRITE_DOCS=1` writes the kept pictures and words anew; then look at `target/screens/`.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use bam_station_ui::*;
use i_slint_backend_testing::{ElementHandle, ElementQuery, ElementRoot};
use slint::{Color, ComponentHandle};

use crate::{
    screens::{bounds, contrast, scrolls},
    screens_cards,
    support_screens::*,
};

const APPEARANCES: [(Appearance, &str); 3] =
    [(Appearance::Light, "light"), (Appearance::Dark, "dark"), (Appearance::Contrast, "contrast")];

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/kept").join(name)
}

fn operator_scenes() -> impl Iterator<Item = &'static Scene<OperatorWindow>> {
    OPERATOR_SCENES.iter().chain(screens_cards::OPERATOR_SCENES)
}

fn holder_scenes() -> impl Iterator<Item = &'static Scene<HolderWindow>> {
    HOLDER_SCENES.iter().chain(screens_cards::HOLDER_SCENES)
}

fn texts_of(root: &impl ElementRoot) -> Vec<ElementHandle> {
    ElementQuery::from_root(root).match_inherits("Text").find_all()
}

fn said(element: &ElementHandle) -> String {
    element.accessible_label().unwrap_or_default().into()
}

/// The part of an element that can be seen in the window.
fn seen(element: &ElementHandle, size: (f32, f32)) -> Option<(f32, f32, f32, f32)> {
    let (left, top, right, bottom) = bounds(element);
    let seen = (left.max(0.0), top.max(0.0), right.min(size.0), bottom.min(size.1));
    (seen.2 - seen.0 > 1.0 && seen.3 - seen.1 > 1.0).then_some(seen)
}

/// No text lies on another one, none is wider than the window, and what encloses a text encloses all of it.
fn judge_room(window: &impl ElementRoot, size: (f32, f32), place: &str) -> Vec<String> {
    let mut wrong = vec![];
    // What says that more lies below stands at the edge under which the rest has gone.
    let more = LANGUAGES.map(|lang| text(lang, "scroll.more"));
    let apart = |said: &str| !said.is_empty() && !more.contains(&said);
    let all: Vec<_> = texts_of(window).iter().map(|text| (bounds(text), said(text))).filter(|(_, said)| apart(said)).collect();
    for (i, (a, one)) in all.iter().enumerate() {
        if a.0 < -0.5 || a.2 > size.0 + 0.5 {
            wrong.push(format!("{place}: {one:?} is cut at the side: {a:?}"));
        }
        for (b, other) in &all[i + 1..] {
            let (across, down) = (a.2.min(b.2) - a.0.max(b.0), a.3.min(b.3) - a.1.max(b.1));
            if across >= 2.0 && down >= 3.0 && !scrolls(window) {
                wrong.push(format!("{place}: {one:?} and {other:?} lie on each other: {a:?} {b:?}"));
            }
        }
    }
    for kind in ["Button", "ChoiceRow", "CheckRow", "Notice", "FaultBanner", "Badge", "Panel", "StepRail", "KeyCap"] {
        for box_ in ElementQuery::from_root(window).match_inherits(kind).find_all() {
            let outer = bounds(&box_);
            for text in box_.query_descendants().match_inherits("Text").find_all() {
                let inner = bounds(&text);
                let fits = inner.0 >= outer.0 - 1.0 && inner.2 <= outer.2 + 1.0 && inner.1 >= outer.1 - 1.0;
                let fits = fits && (inner.3 <= outer.3 + 1.0 || scrolls(window));
                if !fits {
                    wrong.push(format!("{place}: {:?} does not fit its {kind}: {inner:?} in {outer:?}", said(&text)));
                }
            }
        }
    }
    wrong
}

/// The text stands out from what is behind it on the picture itself (WCAG 2.2, 1.4.3: 4.5:1). What is disabled need not.
fn judge_contrast(window: &impl ElementRoot, picture: &image::RgbaImage, size: (f32, f32), place: &str) -> Vec<String> {
    let mut wrong = vec![];
    let off: Vec<_> = controls(window).iter().filter(|it| it.accessible_enabled() == Some(false)).map(bounds).collect();
    let views = ElementQuery::from_root(window).match_inherits("PictureFrame").find_all();
    let beyond: Vec<_> = off.into_iter().chain(views.iter().map(bounds)).collect();
    // Where a column ends that goes on below.
    let more = LANGUAGES.map(|lang| text(lang, "scroll.more"));
    let edges: Vec<_> = texts_of(window).iter().filter(|it| more.contains(&said(it).as_str())).map(bounds).collect();
    for text in texts_of(window) {
        let Some((left, top, right, bottom)) = seen(&text, size) else { continue };
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
        if said(&text).trim().is_empty()
            || beyond.iter().any(|b| b.0 <= middle.0 && middle.0 <= b.2 && b.1 <= middle.1 && middle.1 <= b.3)
        {
            continue;
        }
        let mut counts: BTreeMap<[u8; 3], u32> = BTreeMap::new();
        for y in top as u32..bottom as u32 {
            for x in left as u32..right as u32 {
                let [r, g, b, _] = picture.get_pixel(x, y).0;
                *counts.entry([r, g, b]).or_default() += 1;
            }
        }
        let colour = |c: &[u8; 3]| Color::from_rgb_u8(c[0], c[1], c[2]);
        let Some(ground) = counts.iter().max_by_key(|(_, count)| **count).map(|(c, _)| colour(c)) else { continue };
        let best = counts.keys().map(|c| contrast(colour(c), ground)).fold(0.0, f32::max);
        // Text that has scrolled under the edge of its column is not on the picture; of what encloses it a strip may be.
        let at_edge = edges.iter().any(|edge| top < edge.3 && edge.1 < bottom);
        if scrolls(window) && best < if at_edge { 1.5 } else { 1.2 } {
            continue;
        }
        if best < 4.5 {
            wrong.push(format!("{place}: {:?} has a contrast of {best:.1}", said(&text)));
        }
    }
    wrong
}

/// A picture in 24 × 15 grey cells of sixteen steps: what is left of it when one looks from afar.
fn afar(picture: &image::RgbaImage) -> String {
    let mut cells = String::new();
    let (wide, high) = picture.dimensions();
    for row in 0..15 {
        for column in 0..24 {
            let (mut sum, mut count) = (0_u64, 0_u64);
            for y in (row * high / 15..(row + 1) * high / 15).step_by(2) {
                for x in (column * wide / 24..(column + 1) * wide / 24).step_by(2) {
                    let [r, g, b, _] = picture.get_pixel(x, y).0;
                    sum += u64::from(r) * 3 + u64::from(g) * 6 + u64::from(b);
                    count += 10;
                }
            }
            let _ = write!(cells, "{:x}", sum / count / 16);
        }
    }
    cells
}

/// How many cells differ by more than one step.
fn apart(one: &str, other: &str) -> usize {
    let step = |c: char| i64::from(c.to_digit(16).unwrap_or(0));
    one.chars().zip(other.chars()).filter(|(a, b)| (step(*a) - step(*b)).abs() > 1).count()
}

/// Judges the pictures of a series against the kept ones, or keeps them.
fn judge_kept(series: &str, pictures: &BTreeMap<String, String>) {
    let path = file(&format!("{series}.txt"));
    if std::env::var_os("BAM_STATION_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let lines: String = pictures.iter().map(|(name, cells)| format!("{name} {cells}\n")).collect();
        std::fs::write(&path, lines).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let kept: BTreeMap<_, _> = kept.lines().filter_map(|line| line.split_once(' ')).collect();
    let mut strange = vec![];
    for (name, cells) in pictures {
        let known = kept.get(name.as_str()).copied().unwrap_or_default();
        let differing = if known.len() == cells.len() { apart(known, cells) } else { cells.len() };
        // A word more or less is no other picture; a column that has moved is.
        if differing > 18 {
            strange.push(format!("{name}: {differing} of 360 cells"));
        }
    }
    assert!(strange.is_empty(), "look at target/screens and keep them with BAM_STATION_WRITE_DOCS=1: {strange:#?}");
}

/// Pages whose rows or paragraphs the program fits to the window; the scene's own are as many at every text size.
const FITTED_OUTSIDE: [&str; 5] = ["home", "information", "aloud", "terms-first-page", "terms-last-page"];

struct View {
    appearance: usize,
    text: f32,
    size: (f32, f32),
    lang: &'static str,
}

/// The views of which every page is kept.
const WHOLE: [&str; 4] = ["light-100-nb-1280", "dark-100-nb-1280", "light-150-en-1280", "light-200-nb-1280"];

/// A page of each shape: list, form, checklist, signature, picture, report, question, lock; reading, signing, PIN.
const REPRESENTATIVE: [&str; 14] = [
    "operator-home",
    "operator-new-control",
    "operator-document",
    "operator-signature",
    "operator-scan-judge",
    "operator-approve",
    "operator-sheet-abort",
    "operator-locked",
    "operator-history",
    "holder-welcome",
    "holder-terms-last-page",
    "holder-sign",
    "holder-pin",
    "holder-thanks",
];

fn judge_view(view: &View) {
    platform();
    let wrong = judge(view, true);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with the pages in a view.
fn judge(view: &View, kept: bool) -> Vec<String> {
    let View { appearance, text, size, lang } = *view;
    let (appearance, colours) = APPEARANCES[appearance];
    let series = format!("{colours}-{}-{lang}-{}", (text * 100.0) as u32, size.0);
    let (mut pictures, mut wrong) = (BTreeMap::new(), vec![]);
    for scene in operator_scenes() {
        let window = operator_window(lang, size);
        window.global::<Theme>().set_appearance(appearance);
        window.global::<Theme>().set_text_scale(text);
        (scene.set)(&window, lang);
        let place = format!("look-{series}-operator-{}", scene.name);
        let shot = picture(&window, &place);
        if text < 1.05 || !FITTED_OUTSIDE.contains(&scene.name) {
            wrong.extend(judge_room(&window, size, &place));
            wrong.extend(judge_contrast(&window, &shot, size, &place));
        }
        pictures.insert(format!("operator-{}", scene.name), afar(&shot));
    }
    for scene in holder_scenes() {
        let window = holder_window(lang, size);
        window.global::<Theme>().set_appearance(appearance);
        window.global::<Theme>().set_text_scale(text);
        (scene.set)(&window, lang);
        let place = format!("look-{series}-holder-{}", scene.name);
        let shot = picture(&window, &place);
        if text < 1.05 || !FITTED_OUTSIDE.contains(&scene.name) {
            wrong.extend(judge_room(&window, size, &place));
            wrong.extend(judge_contrast(&window, &shot, size, &place));
        }
        pictures.insert(format!("holder-{}", scene.name), afar(&shot));
    }
    // Of the views beside the first four the pages that differ most from each other are kept; the checks above see every page.
    if !WHOLE.contains(&series.as_str()) {
        pictures.retain(|name, _| REPRESENTATIVE.contains(&name.as_str()));
    }
    if kept {
        judge_kept(&series, &pictures);
    }
    wrong
}

#[test]
fn kept_pictures_in_light_colours() {
    judge_view(&View { appearance: 0, text: 1.0, size: SIZES[0], lang: "nb" });
}

#[test]
fn kept_pictures_in_dark_colours() {
    judge_view(&View { appearance: 1, text: 1.0, size: SIZES[0], lang: "nb" });
}

#[test]
fn kept_pictures_with_text_of_150_per_cent() {
    judge_view(&View { appearance: 0, text: 1.5, size: SIZES[0], lang: "en" });
}

#[test]
fn kept_pictures_with_text_of_200_per_cent_on_a_small_screen() {
    judge_view(&View { appearance: 0, text: 2.0, size: SIZES[0], lang: "nb" });
}

#[test]
fn kept_pictures_in_high_contrast_in_nynorsk() {
    judge_view(&View { appearance: 2, text: 1.0, size: SIZES[0], lang: "nn" });
}

#[test]
fn kept_pictures_on_a_large_screen() {
    judge_view(&View { appearance: 0, text: 1.0, size: SIZES[1], lang: "nb" });
}

#[test]
fn kept_pictures_in_high_contrast_with_text_of_200_per_cent_on_a_large_screen() {
    judge_view(&View { appearance: 2, text: 2.0, size: SIZES[1], lang: "en" });
}

/// Takes half an hour: `make looks`.
#[test]
#[ignore = "every page in every view; make looks"]
fn every_page_in_every_view() {
    platform();
    let mut wrong = vec![];
    // Large text first: it is where pages break.
    for (appearance, text) in [(0, 2.0), (1, 2.0), (2, 2.0), (0, 1.0), (1, 1.0), (2, 1.0)] {
        for lang in LANGUAGES {
            for size in SIZES {
                let found = judge(&View { appearance, text, size, lang }, false);
                println!("{appearance} {text} {lang} {size:?}: {} wrong", found.len());
                wrong.extend(found);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_screen_reader_says_is_kept() {
    platform();
    for lang in LANGUAGES {
        let mut all =
            String::from("# What a screen reader says on each page\n\nWritten by the tests; read it when it changes.\n");
        let mut page = |window: &dyn Fn() -> Vec<String>, name: &str| {
            let _ = writeln!(all, "\n## {name}\n");
            for line in window() {
                let _ = writeln!(all, "- {line}");
            }
        };
        for scene in operator_scenes() {
            let window = operator_window(lang, SIZES[1]);
            (scene.set)(&window, lang);
            settle();
            page(&|| read_out(&window), &format!("operator: {}", scene.name));
        }
        for scene in holder_scenes() {
            let window = holder_window(lang, SIZES[1]);
            (scene.set)(&window, lang);
            settle();
            page(&|| read_out(&window), &format!("holder: {}", scene.name));
        }
        let path = file(&format!("spoken.{lang}.md"));
        if std::env::var_os("BAM_STATION_WRITE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &all).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let other = kept.lines().zip(all.lines()).find(|(kept, now)| kept != now);
        assert!(kept == all, "{}: {other:?}; read it and keep it with BAM_STATION_WRITE_DOCS=1", path.display());
    }
}

/// Role, words and value of everything that says something, in the order in which it is reached.
fn read_out(window: &impl ElementRoot) -> Vec<String> {
    use i_slint_backend_testing::AccessibleRole;
    ElementQuery::from_root(window)
        .match_predicate(|e| e.accessible_role().is_some_and(|role| role != AccessibleRole::None))
        .find_all()
        .iter()
        .filter_map(|e| {
            let label = e.accessible_label().filter(|label| !label.trim().is_empty())?;
            let role = e.accessible_role().map(|role| format!("{role:?}")).unwrap_or_default();
            let state = match (e.accessible_checked(), e.accessible_enabled()) {
                (Some(true), _) => " (on)",
                (_, Some(false)) => " (disabled)",
                _ => "",
            };
            let value = e.accessible_value().filter(|value| !value.is_empty());
            let value = value.map_or_else(String::new, |value| format!(" = {value}"));
            Some(format!("{role}: {}{value}{state}", label.replace('\n', " / ")))
        })
        .collect()
}

#[test]
fn nothing_private_is_on_the_holders_screen_between_controls() {
    platform();
    for (appearance, _) in APPEARANCES {
        let window = holder_window("nb", SIZES[0]);
        window.global::<Theme>().set_appearance(appearance);
        // What the last control has left in the window's own state.
        holder_scenes().for_each(|scene| (scene.set)(&window, "nb"));
        window.global::<Holder>().set_idle_warning("".into());
        window.global::<Holder>().set_display_open(false);
        window.global::<Holder>().set_page(HolderPage::Idle);
        settle();
        let allowed = ["idle.title", "idle.text", "display.open", "aloud.start", "holder.training", "language.self"];
        for line in spoken(&window) {
            let known = allowed.iter().any(|key| text("nb", key) == line)
                || LANGUAGES.iter().any(|lang| text(lang, "language.self") == line)
                || line == "Eksempelbedriften AS";
            assert!(known, "the idle screen says {line:?}");
        }
    }
}
