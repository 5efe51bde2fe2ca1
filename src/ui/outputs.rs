//! Two monitors: each window on the output that LOCAL.toml names, found again when a monitor was away. The holder's window fills
//! its screen, stays on top, and is left by nobody.
//!
//! Slint knows no monitors; this asks winit, which is there when the windows are real.

use std::{rc::Rc, time::Duration, time::Instant};

use bam_station_ui::{Holder, HolderPage, OperatorWindow};
use slint::{
    ComponentHandle as _, LogicalPosition, Timer, TimerMode, platform,
    winit_030::{
        EventResult, WinitWindowAccessor as _,
        winit::{
            event::{ElementState, Touch, TouchPhase, WindowEvent},
            monitor::MonitorHandle,
            window::{Fullscreen, Window, WindowLevel},
        },
    },
};

use super::{
    Shell,
    fingers::{Act, Phase},
    monitors::Monitors,
};
use crate::config::local::Windows;

/// How often monitors are looked for, and whether anybody is there.
const ROUND: Duration = Duration::from_secs(1);

/// Lets the windows be where they belong, and notices whoever is there. The timer works as long as it is kept.
pub(super) fn watch(shell: &Rc<Shell>) -> Timer {
    for (window, holders) in [(shell.operator.window(), false), (shell.holder.window(), true)] {
        let weak = Rc::downgrade(shell);
        window.on_winit_window_event(move |window, event| {
            if holders && is_touch_ended(event) {
                let weak = weak.clone();
                Timer::single_shot(Duration::ZERO, move || {
                    if let Some(here) = weak.upgrade() {
                        here.hand_keyboard_back();
                    }
                });
            }
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
            let Some(here) = weak.upgrade().filter(|_| holders) else { return EventResult::Propagate };
            match event {
                WindowEvent::Touch(touch) => here.write(window, touch),
                // The first finger moves the pointer as well, whichever finger is the pen.
                WindowEvent::CursorMoved { .. } if here.by_hand.fingers.borrow().any() => EventResult::PreventDefault,
                _ => EventResult::Propagate,
            }
        });
    }
    let round = Timer::default();
    let (weak, monitors) = (Rc::downgrade(shell), Monitors::of_display());
    round.start(TimerMode::Repeated, ROUND, move || {
        if let Some(here) = weak.upgrade() {
            here.place_windows(&monitors);
            // Most desktops give it to the window that was opened last, or moved.
            if here.holder.window().with_winit_window(Window::has_focus) == Some(true) {
                here.hand_keyboard_back();
            }
            here.judge_attendance(Instant::now());
            super::aloud::follow_up(&here);
        }
    });
    round
}

/// The names of the outputs as the desktop tells them; none where it does not.
pub(super) fn names(window: &OperatorWindow) -> Vec<String> {
    let all = window.window().with_winit_window(|window| window.available_monitors().filter_map(|it| it.name()).collect());
    all.unwrap_or_default()
}

/// A finger or a button of the mouse has been lifted.
fn is_touch_ended(event: &WindowEvent) -> bool {
    match event {
        WindowEvent::MouseInput { state, .. } => *state == ElementState::Released,
        WindowEvent::Touch(touch) => touch.phase == TouchPhase::Ended,
        _ => false,
    }
}

/// Where a window lies on the desktop, pixels.
struct Place {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

impl Place {
    /// `None` where the desktop does not tell.
    fn of(window: &slint::Window) -> Option<Self> {
        let (at, size) = window.with_winit_window(|window| (window.outer_position(), window.outer_size()))?;
        let (left, top) = at.map(|at| (i64::from(at.x), i64::from(at.y))).ok()?;
        Some(Self { left, top, right: left + i64::from(size.width), bottom: top + i64::from(size.height) })
    }

    /// No more than the frames of both lie over each other.
    fn is_beside(&self, other: &Self) -> bool {
        let across = self.right.min(other.right) - self.left.max(other.left);
        let down = self.bottom.min(other.bottom) - self.top.max(other.top);
        across.max(0) * down.max(0) * 20 <= (other.right - other.left) * (other.bottom - other.top)
    }
}

/// A finger on the screen, whose doing the window is told as that of a pointer.
fn tell(window: &slint::Window, act: Act) {
    let button = platform::PointerEventButton::Left;
    let at = LogicalPosition::new;
    match act {
        Act::Press(x, y) => {
            window.dispatch_event(platform::WindowEvent::PointerMoved { position: at(x, y) });
            window.dispatch_event(platform::WindowEvent::PointerPressed { position: at(x, y), button });
        }
        Act::Move(x, y) => window.dispatch_event(platform::WindowEvent::PointerMoved { position: at(x, y) }),
        Act::Release(x, y) => {
            window.dispatch_event(platform::WindowEvent::PointerReleased { position: at(x, y), button });
            // A finger that has left is over nothing.
            window.dispatch_event(platform::WindowEvent::PointerExited);
        }
        Act::Cancel => window.dispatch_event(platform::WindowEvent::PointerExited),
    }
}

impl Shell {
    /// While the holder signs, one of the fingers on the screen is the pen ([`super::fingers`]); the others count for nothing.
    fn write(&self, window: &slint::Window, touch: &Touch) -> EventResult {
        let begins = touch.phase == TouchPhase::Started;
        let signs = self.holder.global::<Holder>().get_page() == HolderPage::Sign;
        let ours = self.by_hand.fingers.borrow().has(touch.id) || (begins && signs);
        if !ours {
            return EventResult::Propagate;
        }
        let phase = match touch.phase {
            TouchPhase::Started => Phase::Down,
            TouchPhase::Moved => Phase::Move,
            TouchPhase::Ended => Phase::Up,
            TouchPhase::Cancelled => Phase::Lost,
        };
        let at = touch.location.to_logical::<f32>(f64::from(window.scale_factor()));
        let acts = self.by_hand.fingers.borrow_mut().take(touch.id, phase, at.x, at.y);
        self.by_hand.telling.set(true);
        for act in acts {
            tell(window, act);
        }
        self.by_hand.telling.set(false);
        EventResult::PreventDefault
    }

    /// Most window managers give the keyboard to the window that is touched. There is one keyboard, and it is the operator's:
    /// after the holder's touch it goes back, unless that would lay the operator's window over the holder's.
    fn hand_keyboard_back(&self) {
        let (Some(ours), Some(theirs)) = (Place::of(self.operator.window()), Place::of(self.holder.window())) else { return };
        if ours.is_beside(&theirs) {
            self.operator.window().with_winit_window(Window::focus_window);
        }
    }

    /// Puts each window on the output that LOCAL.toml names, when it is not there. A window whose monitor is away stays where it
    /// is until the monitor is back.
    fn place_windows(&self, monitors: &Monitors) {
        let Windows { operator_output, holder_output, operator_full_screen, .. } =
            self.desk(|desk| desk.configuration.local.value.windows.clone());
        if let Some(output) = &operator_output {
            self.operator.window().with_winit_window(|window| settle(window, monitors, output, operator_full_screen));
        }
        if let Some(output) = &holder_output {
            self.holder.window().with_winit_window(|window| {
                if settle(window, monitors, output, true) {
                    window.set_window_level(WindowLevel::AlwaysOnTop);
                } else {
                    // The desktop may have moved it over the operator's window, who goes on working.
                    window.set_window_level(WindowLevel::AlwaysOnBottom);
                    window.set_fullscreen(None);
                }
            });
        }
    }
}

/// The window belongs on the monitor of this output; `false` when that monitor is away.
fn settle(window: &Window, monitors: &Monitors, output: &str, full_screen: bool) -> bool {
    if monitors.has(output) == Some(false) {
        return false;
    }
    let Some(monitor) = window.available_monitors().find(|monitor| monitor.name().as_deref() == Some(output)) else {
        return false;
    };
    let (size, room) = (window.outer_size(), monitor.size());
    let fits = full_screen || window.is_maximized() || (size.width <= room.width && size.height <= room.height);
    if is_on(window, &monitor) && window.fullscreen().is_some() == full_screen {
        // With its frame it may be larger than its monitor, and hang over onto the holder's.
        if !fits {
            window.set_maximized(true);
        }
        return true;
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
    true
}

/// The middle of the window lies on the monitor. Asked of the display itself: after a monitor was away, what the window's own
/// record says of it is out of date.
fn is_on(window: &Window, monitor: &MonitorHandle) -> bool {
    let (Ok(at), size) = (window.inner_position(), window.inner_size()) else {
        return window.current_monitor().is_some_and(|now| now == *monitor);
    };
    let (corner, room) = (monitor.position(), monitor.size());
    let within = |at: i32, size: u32, from: i32, room: u32| {
        let middle = i64::from(at) + i64::from(size / 2) - i64::from(from);
        (0..i64::from(room)).contains(&middle)
    };
    within(at.x, size.width, corner.x, room.width) && within(at.y, size.height, corner.y, room.height)
}

fn move_to(window: &Window, monitor: &MonitorHandle) {
    window.set_outer_position(monitor.position());
}
