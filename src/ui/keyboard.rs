//! The keyboard on the operator's screen: what is touched there arrives as if it had been typed.

use std::rc::Rc;

use bam_station_ui::ScreenKeyboard;
use slint::{ComponentHandle as _, platform::WindowEvent};

use super::{Shell, shell::on};

pub(super) fn connect(shell: &Rc<Shell>) {
    let keyboard = shell.operator.global::<ScreenKeyboard>();
    on!(shell, keyboard, on_typed, |here, text| {
        let window = here.operator.window();
        // A window that is gone takes no keys.
        let _ = window.dispatch_event_with_result(WindowEvent::KeyPressed { text: text.clone() });
        let _ = window.dispatch_event_with_result(WindowEvent::KeyReleased { text });
    });
}
