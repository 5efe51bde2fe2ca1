//! Which monitors are there now.
//!
//! On X11 the toolkit learns of a monitor that comes or goes only where a desktop's settings service tells it (winit issue 3405), so
//! the display itself is asked.

use std::env;

use x11rb::{
    connection::Connection as _,
    errors::ReplyError,
    protocol::{randr::ConnectionExt as _, xproto::ConnectionExt as _},
    rust_connection::RustConnection,
};

/// Knows the monitors of an X server.
pub(super) struct Monitors {
    server: Option<(RustConnection, u32)>,
}

impl Monitors {
    /// Asks the X server on which the windows are. Elsewhere, as on Wayland, the toolkit's own list is up to date.
    pub(super) fn of_display() -> Self {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        // The order in which the toolkit chooses.
        let on_x11 = !is_set("WAYLAND_DISPLAY") && !is_set("WAYLAND_SOCKET") && is_set("DISPLAY");
        let connected = on_x11.then(|| RustConnection::connect(None).ok()).flatten();
        let server = connected.and_then(|(connection, screen)| {
            let root = connection.setup().roots.get(screen)?.root;
            Some((connection, root))
        });
        Self { server }
    }

    /// Whether the monitor of this output is there; `None` where the display does not tell.
    pub(super) fn has(&self, output: &str) -> Option<bool> {
        let (connection, root) = self.server.as_ref()?;
        names(connection, *root).ok().map(|names| names.iter().any(|name| name == output.as_bytes()))
    }
}

/// The outputs that show something, as `xrandr --listactivemonitors` lists them (RandR 1.5).
fn names(connection: &RustConnection, root: u32) -> Result<Vec<Vec<u8>>, ReplyError> {
    let monitors = connection.randr_get_monitors(root, true)?.reply()?.monitors;
    monitors.iter().map(|monitor| Ok(connection.get_atom_name(monitor.name)?.reply()?.name)).collect()
}
