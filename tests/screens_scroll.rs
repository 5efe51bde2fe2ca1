//! What is longer than its place can be read to its end, and back to its beginning.

use bam_station_ui::*;
use slint::{ComponentHandle, platform::Key};

use crate::support_screens::*;

#[test]
fn the_page_keys_lead_down_and_up_again_whatever_was_chosen_between() {
    platform();
    for (text, size) in [(1.0, (1280.0, 560.0)), (1.5, SIZES[0]), (2.0, SIZES[0])] {
        let window = operator_window("nb", size);
        window.global::<Theme>().set_text_scale(text);
        let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == "new-control-refused").unwrap();
        (scene.set)(&window, "nb");
        settle();
        // What has gone under the upper edge is not found.
        let top = || find(&window, "op-first-names").map_or(f32::MIN, |field| field.absolute_position().y);
        let begin = top();
        assert!(begin > 0.0);
        for _ in 0..3 {
            let pages = |way: Key| (0..6).for_each(|_| key(&window, way));
            pages(Key::PageDown);
            assert!(top() < begin - 20.0, "{text}: the page has moved down");
            // Whatever can be chosen there.
            let seen = ["op-function-pin-unlock", "op-kind-qualified", "op-card-valid", "op-renewed-before", "op-cancel-new"];
            let chosen = seen.into_iter().find(|id| find(&window, id).is_some()).unwrap();
            click(&window, chosen);
            pages(Key::PageUp);
            assert!((top() - begin).abs() < 1.0, "{text}: back at its beginning after {chosen}: {} {begin}", top());
        }
    }
}

#[test]
fn the_gallery_opens_at_its_top() {
    platform();
    let window = GalleryWindow::new().unwrap();
    attach(&window.global::<I18n>());
    window.window().set_size(slint::LogicalSize::new(SIZES[0].0, SIZES[0].1));
    window.show().unwrap();
    moment();
    let title = by_id(&window, "ga-title").absolute_position();
    assert!((0.0..100.0).contains(&title.y), "the first line is {} px down", title.y);
}
