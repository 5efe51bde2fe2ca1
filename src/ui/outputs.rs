//! Two monitors: each window on the output that LOCAL.toml names, found again when a monitor was away. The holder's window fills
//! its screen, stays on top, and is left by nobody.
//!
//! Slint knows no monitors; this asks winit, which is there when the windows are real.

use std::{rc::Rc, time::Duration, time::Instant};

use slint::{
    ComponentHandle as _, Timer, TimerMode,
    winit_030::{
        EventResult, WinitWindowAccessor as _,
        winit::{
            event::WindowEvent,
            monitor::MonitorHandle,
            window::{Fullscreen, Window, WindowLevel},
        },
    },
};

use super::Shell;
use crate::config::local::Windows;

/// How often monitors are looked for, and whether anybody is there.
const ROUND: Duration = Duration::from_secs(1);

/// Lets the windows be where they belong, and notices whoever is there. The timer works as long as it is kept.
pub(super) fn watch(shell: &Rc<Shell>) -> Timer {
    for window in [shell.operator.window(), shell.holder.window()] {
        let weak = Rc::downgrade(shell);
        window.on_winit_window_event(move |_, event| {
            let somebody = matches!(
                event,
                WindowEvent::CursorMoved { .. }
                    | WindowEvent::KeyboardInput { .. }
                    | WindowEvent::MouseInput { .. }
                    | WindowEvent::MouseWheel { .. }
                    | WindowEvent::Touch(_)
            );
            if somebody && let Some(here) = weak.upgrade() {
                here.touched(Instant::now());
            }
            EventResult::Propagate
        });
    }
    let round = Timer::default();
    let weak = Rc::downgrade(shell);
    round.start(TimerMode::Repeated, ROUND, move || {
        if let Some(here) = weak.upgrade() {
            here.place_windows();
            here.judge_attendance(Instant::now());
            super::aloud::follow_up(&here);
        }
    });
    round
}

impl Shell {
    /// Puts each window on the output that LOCAL.toml names, when it is not there. A window whose monitor is away stays where it
    /// is until the monitor is back.
    pub(super) fn place_windows(&self) {
        let Windows { operator_output, holder_output, operator_full_screen, .. } =
            self.desk(|desk| desk.configuration.local.value.windows.clone());
        if let Some(output) = &operator_output {
            self.operator.window().with_winit_window(|window| settle(window, output, operator_full_screen));
        }
        if let Some(output) = &holder_output {
            self.holder.window().with_winit_window(|window| {
                settle(window, output, true);
                window.set_window_level(WindowLevel::AlwaysOnTop);
            });
        }
    }
}

/// The window belongs on the monitor of this output.
fn settle(window: &Window, output: &str, full_screen: bool) {
    let Some(monitor) = window.available_monitors().find(|monitor| monitor.name().as_deref() == Some(output)) else { return };
    if window.current_monitor().is_some_and(|now| now == monitor) && window.fullscreen().is_some() == full_screen {
        return;
    }
    if full_screen {
        // Out of the full screen of another monitor first: some window managers move nothing that fills a screen.
        if window.fullscreen().is_some() {
            window.set_fullscreen(None);
        }
        move_to(window, &monitor);
        window.set_fullscreen(Some(Fullscreen::Borderless(Some(monitor))));
    } else {
        move_to(window, &monitor);
    }
}

fn move_to(window: &Window, monitor: &MonitorHandle) {
    window.set_outer_position(monitor.position());
}
