//! The figures of the screens: from the start to both windows, memory, from a point of the pen to its ink, frames per second while
//! drawing, and the longest time between two beats while a device is slow; beside them a bare Slint program with two windows.
//!
//! Run with `cargo bench --bench screens`. The start is measured on a virtual display (`Xvfb`, `xdotool`) and left out without one.
//! Figures of this machine; nothing fails here.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::pedantic
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bam_station::{
    config::{Configuration, Found},
    station::{DataFolder, Station, SystemClock},
    ui::{Pen, Shell},
};
use bam_station_ui::{Devices, Holder, HolderPage, HolderSign, HolderWindow, I18n};
use slint::{
    ComponentHandle, LogicalPosition, PhysicalSize, PlatformError, Rgb8Pixel,
    platform::{
        Platform, PointerEventButton, WindowAdapter, WindowEvent,
        software_renderer::{MinimalSoftwareWindow, RepaintBufferType},
    },
};

mod bare {
    slint::slint! {
        export component Bare inherits Window {
            in property <string> commands;
            callback pen(float, float, bool);
            title: "bare";
            preferred-width: 1280px;
            preferred-height: 800px;
            background: white;
            Path {
                width: 100%;
                height: 100%;
                viewbox-width: self.width / 1px;
                viewbox-height: self.height / 1px;
                commands: root.commands;
                stroke: black;
                stroke-width: 3px;
            }
            touch := TouchArea {
                moved => { root.pen(self.mouse-x / 1px, self.mouse-y / 1px, false); }
                pointer-event(event) => {
                    if (event.kind == PointerEventKind.down) {
                        root.pen(self.mouse-x / 1px, self.mouse-y / 1px, true);
                    }
                }
            }
        }
    }
}
use bare::Bare;

/// How often the start is measured.
const STARTS: usize = 5;

/// Large enough for an operator's desk: both windows are drawn at this size.
const SIZE: PhysicalSize = PhysicalSize { width: 1920, height: 1080 };

fn main() {
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    if asked("--bare-windows") {
        let windows = [Bare::new().unwrap(), Bare::new().unwrap()];
        windows.iter().for_each(|window| window.show().unwrap());
        return slint::run_event_loop().unwrap();
    }
    // `cargo test --benches` only wants to know that this builds.
    if !asked("--bench") {
        return;
    }
    start_and_memory();
    pen();
    heartbeat();
}

// --- the start

fn start_and_memory() {
    let Some(display) = Display::open() else {
        println!("without Xvfb and xdotool neither start nor memory can be measured");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let mut station = Command::new(env!("CARGO_BIN_EXE_bam-station"));
    station.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "--data"]).arg(data.path());
    display.figure("bam-station", "bam-station", station);
    let mut bare = Command::new(std::env::current_exe().unwrap());
    bare.arg("--bare-windows");
    display.figure("a bare program", "bare", bare);
}

/// A virtual display, until it is dropped.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn open() -> Option<Self> {
        Command::new("xdotool").arg("version").output().ok()?;
        let number = (90..200).find(|number| !Path::new(&format!("/tmp/.X11-unix/X{number}")).exists())?;
        let name = format!(":{number}");
        let server = Command::new("Xvfb")
            .args([&name, "-screen", "0", "3840x1080x24", "-nolisten", "tcp"])
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let display = Self { server, name };
        let deadline = Instant::now() + Duration::from_secs(30);
        while display.ask(&["getmouselocation"]).is_none() {
            assert!(Instant::now() < deadline, "the display does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(display)
    }

    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let said = Command::new("xdotool").env("DISPLAY", &self.name).args(arguments).output().ok()?;
        said.status.success().then(|| String::from_utf8_lossy(&said.stdout).into_owned())
    }

    /// From the start of the process until both windows are on the screen, and what it holds in memory then.
    fn figure(&self, what: &str, title: &str, mut command: Command) {
        command.env("DISPLAY", &self.name).env("SLINT_BACKEND", "winit-software").env_remove("WAYLAND_DISPLAY");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut figures: Vec<(Duration, u64)> = (0..STARTS)
            .map(|_| {
                let began = Instant::now();
                let mut process = command.spawn().unwrap();
                let shown =
                    || self.ask(&["search", "--onlyvisible", "--name", title]).is_some_and(|found| found.lines().count() >= 2);
                while !shown() {
                    assert!(began.elapsed() < Duration::from_secs(60), "{what} shows no windows");
                }
                let took = began.elapsed();
                std::thread::sleep(Duration::from_millis(500));
                let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
                let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
                let kilobytes = resident.trim().trim_end_matches(" kB").parse().unwrap_or(0);
                drop(process.kill());
                drop(process.wait());
                (took, kilobytes)
            })
            .collect();
        figures.sort();
        let (took, kilobytes) = figures[STARTS / 2];
        println!("{what}: both windows after {:.0} ms, {} MB resident", took.as_secs_f64() * 1e3, kilobytes / 1024);
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

// --- the pen, drawn into memory by the software renderer

thread_local! {
    static WINDOWS: RefCell<Vec<Rc<MinimalSoftwareWindow>>> = const { RefCell::new(vec![]) };
}

/// Windows without a display: every frame is drawn as it would be, and shown to nobody.
struct InMemory {
    began: Instant,
}

impl Platform for InMemory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        WINDOWS.with_borrow_mut(|windows| windows.push(Rc::clone(&window)));
        Ok(window)
    }

    fn duration_since_start(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A window of this size in memory, and its pixels.
struct Canvas {
    window: Rc<MinimalSoftwareWindow>,
    pixels: Vec<Rgb8Pixel>,
}

impl Canvas {
    /// Of the window that was made last but `back`.
    fn of_last(back: usize) -> Self {
        let window = WINDOWS.with_borrow(|windows| Rc::clone(&windows[windows.len() - 1 - back]));
        window.set_size(SIZE);
        let mut canvas = Self { window, pixels: vec![Rgb8Pixel::default(); (SIZE.width * SIZE.height) as usize] };
        canvas.draw();
        canvas
    }

    fn draw(&mut self) {
        slint::platform::update_timers_and_animations();
        let pixels = &mut self.pixels;
        self.window.draw_if_needed(|renderer| {
            renderer.render(pixels, SIZE.width as usize);
        });
    }
}

fn pen() {
    slint::platform::set_platform(Box::new(InMemory { began: Instant::now() })).unwrap();
    let holder = HolderWindow::new().unwrap();
    bam_station_ui::attach(&holder.global::<I18n>());
    holder.show().unwrap();
    holder.global::<Holder>().set_page(HolderPage::Sign);
    let pen = Rc::new(RefCell::new(Pen::default()));
    let sign = holder.global::<HolderSign>();
    let (held, weak) = (Rc::clone(&pen), holder.as_weak());
    sign.on_pen_down(move |x, y, width, height| {
        held.borrow_mut().down(x, y, width, height, Instant::now());
        weak.unwrap().global::<HolderSign>().set_commands(held.borrow().commands().into());
        weak.unwrap().global::<HolderSign>().set_pieces(held.borrow().pieces());
    });
    let (held, weak) = (Rc::clone(&pen), holder.as_weak());
    sign.on_pen_move(move |x, y| {
        held.borrow_mut().moved(x, y, Instant::now());
        weak.unwrap().global::<HolderSign>().set_commands(held.borrow().commands().into());
        weak.unwrap().global::<HolderSign>().set_pieces(held.borrow().pieces());
    });
    let held = Rc::clone(&pen);
    sign.on_pen_up(move || held.borrow_mut().up());
    write("the holder's window", &mut Canvas::of_last(0));
    assert!(pen.borrow().strokes().points() > 500, "{} points reached the field", pen.borrow().strokes().points());

    let bare = Bare::new().unwrap();
    bare.show().unwrap();
    let (ink, weak) = (RefCell::new(String::new()), bare.as_weak());
    bare.on_pen(move |x, y, down| {
        let mut ink = ink.borrow_mut();
        ink.push_str(&format!("{} {x:.1} {y:.1} ", if down { "M" } else { "L" }));
        weak.unwrap().set_commands(ink.as_str().into());
    });
    write("a bare window", &mut Canvas::of_last(0));
}

/// A signature of four strokes, 800 points: each until its ink is drawn.
fn write(what: &str, canvas: &mut Canvas) {
    let mut took = vec![];
    for stroke in 0..4_u16 {
        let at = |i: u16| {
            let part = f32::from(i) / 200.0;
            LogicalPosition::new(300.0 + 300.0 * f32::from(stroke) + 260.0 * part, 560.0 + 120.0 * (part * 20.0).sin())
        };
        canvas.window.dispatch_event(WindowEvent::PointerMoved { position: at(0) });
        canvas.window.dispatch_event(WindowEvent::PointerPressed { position: at(0), button: PointerEventButton::Left });
        for i in 1..=200 {
            let began = Instant::now();
            canvas.window.dispatch_event(WindowEvent::PointerMoved { position: at(i) });
            canvas.draw();
            took.push(began.elapsed());
        }
        canvas.window.dispatch_event(WindowEvent::PointerReleased { position: at(200), button: PointerEventButton::Left });
    }
    let frames = took.len() as f64 / took.iter().sum::<Duration>().as_secs_f64();
    took.sort();
    let part = |of: usize| took[(took.len() - 1) * of / 100].as_secs_f64() * 1e3;
    println!(
        "{what} at {} × {}: pen to ink {:.1} ms, p99 {:.1} ms, longest {:.1} ms; {frames:.0} frames a second",
        SIZE.width,
        SIZE.height,
        part(50),
        part(99),
        part(100)
    );
}

// --- a slow device

/// Both windows with the station behind them, while every device is tested and the scanner takes ten seconds.
fn heartbeat() {
    let data = tempfile::tempdir().unwrap();
    let place = |file: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let found = Found { master: place("MASTER.toml"), local: place("config/LOCAL.toml") };
    let configuration = Arc::new(Configuration::load(&found).unwrap());
    let executable = PathBuf::from(env!("CARGO_BIN_EXE_bam-station"));
    let folder = DataFolder::locate(Some(data.path().to_owned()));
    let station = Station::open(Arc::clone(&configuration), folder, executable, Box::new(SystemClock)).unwrap();
    station.glass().unwrap().slow_down(Duration::from_millis(90)).unwrap();
    let shell = Shell::new(configuration).unwrap();
    shell.operator.show().unwrap();
    shell.holder.show().unwrap();
    let (mut operator, mut holder) = (Canvas::of_last(1), Canvas::of_last(0));
    shell.connect(station, None).unwrap();
    let devices = shell.operator.global::<Devices>();
    devices.invoke_opened();
    devices.invoke_test_all();
    let (began, mut longest, mut beats) = (Instant::now(), Duration::ZERO, 0);
    while devices.get_testing() && began.elapsed() < Duration::from_secs(120) {
        let beat = Instant::now();
        shell.pump();
        operator.draw();
        holder.draw();
        longest = longest.max(beat.elapsed());
        beats += 1;
        std::thread::sleep(Duration::from_millis(8));
    }
    println!(
        "while the devices were tested for {:.1} s: {beats} beats, the longest {:.1} ms",
        began.elapsed().as_secs_f64(),
        longest.as_secs_f64() * 1e3
    );
}
