//! What the operator and the holder wait for: from a point of the pen to its ink, at the beginning and at the end of a signature that
//! takes a minute, on the touch screen and on a pad; and from the scanner's last byte to the upright picture.
//!
//! Run with `cargo bench --bench pen_and_glass`, or `-- pen` or `-- glass` for one of them. Windows of 1920 × 1080 pixels, drawn into memory by the software renderer; the scans
//! come from the virtual flatbed through the real libsane in its own process. Figures of this machine; nothing fails here.

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
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bam_station::{
    config::{Configuration, Found},
    control::{
        Command, Step,
        document::{AcceptDocument, PresentedDocument},
        scan::Judgement,
    },
    device::pad::{
        PadControl, PadScreen, SignaturePad as _,
        hid::{Hid, HidError},
        stu::Stu,
    },
    rules::{CertificateKind, DocumentName, Function, Person},
    secret::Pin,
    station::{Asked, DataFolder, PersonSource, Station, SystemClock, worker::Request},
    ui::{Pen, Shell},
};
use bam_station_ui::{
    Holder, HolderPage, HolderSign, HolderWindow, I18n, Operator, OperatorPage, OperatorWindow, ScanCheck, ScanPhase,
    SignatureCheck,
};
use slint::{
    ComponentHandle, LogicalPosition, PhysicalSize, PlatformError, Rgb8Pixel,
    platform::{
        Platform, PointerEventButton, WindowAdapter, WindowEvent,
        software_renderer::{MinimalSoftwareWindow, RepaintBufferType},
    },
};

/// Both windows are drawn at this size.
const SIZE: PhysicalSize = PhysicalSize { width: 1920, height: 1080 };

/// Scans of each kind and resolution.
const SCANS: usize = 15;

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    slint::platform::set_platform(Box::new(InMemory { began: Instant::now() })).unwrap();
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    if !asked("glass") {
        touch();
        pad();
    }
    if !asked("pen") {
        for dpi in [300, 600] {
            for kind in ["passport", "national-id-card"] {
                last_byte_to_picture(kind, dpi);
            }
        }
    }
}

/// By the clock, and of that on a processor: on a machine with other work only the second says what the work costs.
#[derive(Clone, Copy)]
struct Took {
    clock: Duration,
    processor: Duration,
}

impl Took {
    /// The work of this thread since.
    fn since((began, before): (Instant, Duration)) -> Self {
        Self { clock: began.elapsed(), processor: on_processor() - before }
    }
}

fn now() -> (Instant, Duration) {
    (Instant::now(), on_processor())
}

/// How long this thread has been on a processor.
fn on_processor() -> Duration {
    let seen = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(seen.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or_default())
}

// --- windows without a display

thread_local! {
    static WINDOWS: RefCell<Vec<Rc<MinimalSoftwareWindow>>> = const { RefCell::new(vec![]) };
}

/// Every frame is drawn as it would be, and shown to nobody.
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

/// A window in memory, and its pixels.
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

// --- the pen

/// A signature of a minute at 200 points a second on the holder's window; the operator's window shows the same ink.
fn touch() {
    let operator = OperatorWindow::new().unwrap();
    let holder = HolderWindow::new().unwrap();
    for words in [operator.global::<I18n>(), holder.global::<I18n>()] {
        bam_station_ui::attach(&words);
    }
    operator.show().unwrap();
    holder.show().unwrap();
    holder.global::<Holder>().set_page(HolderPage::Sign);
    operator.global::<Operator>().set_page(OperatorPage::Signature);
    let pen = Rc::new(RefCell::new(Pen::default()));
    let show = {
        let (pen, windows) = (Rc::clone(&pen), (operator.as_weak(), holder.as_weak()));
        Rc::new(move || {
            let (pen, operator, holder) = (pen.borrow(), windows.0.unwrap(), windows.1.unwrap());
            let (theirs, ours) = (holder.global::<HolderSign>(), operator.global::<SignatureCheck>());
            theirs.set_commands(pen.commands().into());
            theirs.set_pieces(pen.pieces());
            ours.set_field_width(bam_station::ui::pixels(pen.strokes().width));
            ours.set_field_height(bam_station::ui::pixels(pen.strokes().height));
            ours.set_commands(pen.commands().into());
            ours.set_pieces(pen.pieces());
        })
    };
    let sign = holder.global::<HolderSign>();
    let (held, shown) = (Rc::clone(&pen), Rc::clone(&show));
    sign.on_pen_down(move |x, y, width, height| {
        held.borrow_mut().down(x, y, width, height, Instant::now());
        shown();
    });
    let (held, shown) = (Rc::clone(&pen), Rc::clone(&show));
    sign.on_pen_move(move |x, y| {
        held.borrow_mut().moved(x, y, Instant::now());
        shown();
    });
    let held = Rc::clone(&pen);
    sign.on_pen_up(move || held.borrow_mut().up());
    let (mut here, mut there) = (Canvas::of_last(0), Canvas::of_last(1));

    println!("pen to ink on the touch screen, {} × {}; ms", SIZE.width, SIZE.height);
    let (mut ink, mut both) = (vec![], vec![]);
    for stroke in 0..60_u16 {
        // Twelve lines of five words each.
        let at = |step: u16| {
            let (part, word) = (f32::from(step) / 200.0, stroke % 5);
            LogicalPosition::new(
                220.0 + 300.0 * f32::from(word) + 260.0 * part,
                420.0 + 24.0 * f32::from(stroke / 5) + 12.0 * (part * 40.0).sin(),
            )
        };
        let send = |event| here.window.dispatch_event(event);
        send(WindowEvent::PointerMoved { position: at(0) });
        send(WindowEvent::PointerPressed { position: at(0), button: PointerEventButton::Left });
        for step in 1..200 {
            let began = now();
            here.window.dispatch_event(WindowEvent::PointerMoved { position: at(step) });
            here.draw();
            ink.push(Took::since(began));
            there.draw();
            both.push(Took::since(began));
        }
        here.window.dispatch_event(WindowEvent::PointerReleased { position: at(199), button: PointerEventButton::Left });
        if matches!(stroke, 4 | 29 | 59) {
            let seconds = stroke + 1;
            figures(&format!("  the holder's window, the five seconds up to second {seconds}"), &ink[ink.len() - 995..]);
            figures("  both windows", &both[both.len() - 995..]);
        }
    }
    assert_eq!(pen.borrow().strokes().points(), 12_000, "points reached the field");
}

/// The cable of an STU-430 from which reports come as fast as they are read.
struct Cable {
    reports: std::vec::IntoIter<Vec<u8>>,
    read: Arc<Mutex<Instant>>,
    end: Arc<AtomicBool>,
}

impl Hid for Cable {
    fn get_feature(&mut self, report: &mut [u8]) -> Result<usize, HidError> {
        const CAPABILITY: [u8; 17] =
            [0x09, 0x25, 0x80, 0x17, 0x70, 0x03, 0xff, 0x01, 0x40, 0x00, 0xc8, 200, 0x09, 0xec, 0x00, 0x00, 0x00];
        let answer: &[u8] = if report[0] == 0x09 { &CAPABILITY } else { &[0x03, 0, 0, 0, 0] };
        let length = answer.len().min(report.len());
        report[..length].copy_from_slice(&answer[..length]);
        Ok(length)
    }

    fn set_feature(&mut self, _: &[u8]) -> Result<(), HidError> {
        Ok(())
    }

    fn read(&mut self, report: &mut [u8], _: Duration) -> Result<usize, HidError> {
        let Some(next) = self.reports.next() else {
            self.end.store(true, Ordering::Relaxed);
            return Ok(0);
        };
        report[..next.len()].copy_from_slice(&next);
        *self.read.lock().unwrap() = Instant::now();
        Ok(next.len())
    }
}

/// From a report out of the cable to the ink that is told, and from there to the holder's window.
fn pad() {
    let holder = HolderWindow::new().unwrap();
    bam_station_ui::attach(&holder.global::<I18n>());
    holder.show().unwrap();
    holder.global::<Holder>().set_page(HolderPage::Sign);
    holder.global::<HolderSign>().set_on_pad(true);
    let mut canvas = Canvas::of_last(0);
    let reports: Vec<Vec<u8>> = (0..12_000_u32)
        .map(|number| {
            let (stroke, step) = (number / 200, number % 200);
            let pressure: u16 = if step == 199 { 0 } else { 300 };
            let [x, y] = [600 + step * 40, 1200 + stroke * 50].map(|place| (place as u16).to_be_bytes());
            let [ms, count] = [number * 5, number].map(|value| (value as u16).to_be_bytes());
            let touch = if pressure > 0 { 0x90 } else { 0x80 };
            [&[0x34, touch | (pressure >> 8) as u8, pressure as u8][..], &x, &y, &ms, &count].concat()
        })
        .collect();
    let (read, told) = (Arc::new(Mutex::new(Instant::now())), Arc::new(Mutex::new(vec![])));
    let (cable_read, inks) = (Arc::clone(&read), Arc::clone(&told));
    let control = PadControl::new(move |ink| inks.lock().unwrap().push((read.lock().unwrap().elapsed(), ink)));
    let cable = Cable { reports: reports.into_iter(), read: cable_read, end: Arc::clone(&control.cancel) };
    let began = Instant::now();
    let mut pad = Stu::over(cable, "STU-430", Box::new(move || began.elapsed())).unwrap();
    let words = PadScreen { title: "Sign".into(), clear: "Clear".into(), cancel: "Cancel".into(), accept: "Accept".into() };
    let field = pad.info().field_um;
    drop(pad.capture(&words, &control));
    let told = std::mem::take(&mut *told.lock().unwrap());
    println!("a pad, {} points; ms", told.len());
    let ink: Vec<Took> = told.iter().map(|(clock, _)| Took { clock: *clock, processor: *clock }).collect();
    figures("  report to ink", &ink);
    let mut pen = Pen::default();
    pen.on_pad(field);
    let sign = holder.global::<HolderSign>();
    sign.set_field_width(bam_station::ui::pixels(field.0));
    sign.set_field_height(bam_station::ui::pixels(field.1));
    let drawn: Vec<Took> = told
        .into_iter()
        .map(|(_, ink)| {
            let began = now();
            pen.ink(ink);
            sign.set_commands(pen.commands().into());
            sign.set_pieces(pen.pieces());
            canvas.draw();
            Took::since(began)
        })
        .collect();
    figures("  ink to the holder's window, the first 1000", &drawn[..1000]);
    figures("  ink to the holder's window, the last 1000", &drawn[drawn.len() - 1000..]);
}

fn figures(what: &str, took: &[Took]) {
    let part = |of: usize, which: fn(&Took) -> Duration| {
        let mut took: Vec<Duration> = took.iter().map(which).collect();
        took.sort();
        took[(took.len() - 1) * of / 100].as_secs_f64() * 1e3
    };
    let [p50, p99, longest] = [50, 99, 100].map(|of| part(of, |took| took.clock));
    // The system counts processor time in steps, so that only the mean of many says something.
    let processor = took.iter().map(|took| took.processor).sum::<Duration>().as_secs_f64() * 1e3 / took.len() as f64;
    println!("{what:62} p50 {p50:>7.3}  p99 {p99:>7.3}  longest {longest:>7.3}; on a processor {processor:>7.3} in the mean");
}

// --- the glass

/// A control that waits for the scan of a document of this kind.
fn at_the_scan(data: &Path, kind: &str, dpi: u16) -> (Station, Arc<Configuration>) {
    let place = |file: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let found = Found { master: place("MASTER.toml"), local: place("config/LOCAL.toml") };
    let mut configuration = Configuration::load(&found).unwrap();
    configuration.local.value.scanner.dpi = dpi;
    configuration.master.value.issue_process.max_scan_attempts = 20;
    let configuration = Arc::new(configuration);
    let executable = PathBuf::from(env!("CARGO_BIN_EXE_bam-station"));
    let folder = DataFolder::locate(Some(data.to_owned()));
    let mut station = Station::open(Arc::clone(&configuration), folder, executable, Box::new(SystemClock)).unwrap();
    let pin = || Pin::new("246810".into()).unwrap();
    let serial = station.enroll("Kari Nordmann", pin()).unwrap().serial;
    station.sign_in(&serial, pin()).unwrap();
    let person = Person {
        first_names: "Anna Maria".into(),
        last_name: "Eriksson".into(),
        identity_number: None,
        birth_date: Some(jiff::civil::date(1974, 8, 12)),
        user_name: None,
    };
    let asked = Asked {
        function: Function::ReplacementCard,
        certificate: CertificateKind::Local,
        person,
        card: None,
        renewed_before: false,
        source: PersonSource::default(),
    };
    station.begin(asked).unwrap();
    let kind = configuration.document_kind(kind).unwrap().clone();
    let accept = AcceptDocument {
        verified_features: kind.features.iter().map(|feature| feature.id.clone()).collect(),
        document: PresentedDocument {
            issuing_state: "NOR".into(),
            number: "L898902C3".into(),
            issued: None,
            expires: "2099-01-01".parse().unwrap(),
            name: DocumentName { first_names: "Anna Maria".into(), last_name: "Eriksson".into(), middle: None },
            birth_date: jiff::civil::date(1974, 8, 12),
            identity_number: None,
        },
        kind,
        undamaged: true,
        person_matches_photo: true,
        reference: None,
        remark: None,
    };
    station.act(Command::AcceptDocument(Box::new(accept))).unwrap();
    assert_eq!(station.control().unwrap().step(), Step::Scan);
    (station, configuration)
}

/// From the moment when the screens' thread knows of the last byte until the upright picture is drawn, and until it can be judged.
fn last_byte_to_picture(kind: &str, dpi: u16) {
    let data = tempfile::tempdir().unwrap();
    let (station, configuration) = at_the_scan(data.path(), kind, dpi);
    let shell = Shell::new(configuration).unwrap();
    shell.operator.show().unwrap();
    let mut canvas = Canvas::of_last(1);
    shell.connect(station, None).unwrap();
    let check = shell.operator.global::<ScanCheck>();
    let mut turn = |until: &dyn Fn() -> bool| {
        let limit = Instant::now() + Duration::from_secs(120);
        while !until() {
            assert!(Instant::now() < limit, "the station does not go on");
            shell.pump();
            canvas.draw();
            std::thread::sleep(Duration::from_micros(200));
        }
        Instant::now()
    };
    turn(&|| shell.operator.global::<Operator>().get_page() == OperatorPage::Scan && check.get_can_scan());
    let (mut seen, mut judged) = (vec![], vec![]);
    for scan in 0..SCANS {
        check.invoke_scan();
        let last_byte = turn(&|| shell.desk(|desk| desk.scanned >= 1.0));
        let picture = turn(&|| check.get_phase() == ScanPhase::Judge);
        let kept = turn(&|| check.get_can_judge());
        // The first scan also finds out how large the picture is on the screen.
        if scan > 0 {
            seen.push(picture - last_byte);
            judged.push(kept - last_byte);
        }
        if scan + 1 < SCANS {
            shell.ask(Request::Act(Command::JudgeScan(Judgement::Again { reason: None })));
            turn(&|| check.get_phase() == ScanPhase::Ready && check.get_can_scan());
        }
    }
    println!("the scanner's last byte, {kind} at {dpi} dpi; ms, {} scans", seen.len());
    for (what, mut took) in
        [("the upright picture on the screen (promised: 100 at 300 dpi)", seen), ("kept, and can be judged", judged)]
    {
        took.sort();
        let part = |of: usize| took[(took.len() - 1) * of / 100].as_secs_f64() * 1e3;
        println!("  {what:62} median {:>6.1}  p95 {:>6.1}  fastest {:>6.1}", part(50), part(95), part(0));
    }
}
