//! The virtual A6 flatbed through the real libsane: geometry, pixels, and every fault told apart.

use std::{path::PathBuf, time::Duration};

use bam_station::{
    device::scanner::{
        ColourMode, HostedSane, Lay, RawScan, ScanControl, ScanError, ScanJob, Scanner, Source, VirtualFault, VirtualGlass,
    },
    imaging::upright::{Turn, turn_for, turned},
    rules::Pose,
};
use image::{Rgb, RgbImage, imageops};
use tempfile::TempDir;

pub fn executable() -> PathBuf {
    env!("CARGO_BIN_EXE_bam-station").into()
}

/// A desk with a virtual scanner; the folder lives as long as the desk.
pub fn desk() -> (HostedSane, VirtualGlass, TempDir) {
    let folder = TempDir::new().unwrap();
    let (scanner, glass) = HostedSane::virtual_a6(executable(), folder.path(), Duration::from_secs(10)).unwrap();
    (scanner, glass, folder)
}

pub fn scan(scanner: &mut HostedSane, job: &ScanJob) -> Result<RawScan, ScanError> {
    scanner.scan(job, &ScanControl::default())
}

/// A page on which no two pixels near each other are alike, with its top left corner marked red.
fn page(width: u32, height: u32) -> RgbImage {
    let mut page = RgbImage::from_fn(width, height, |x, y| {
        let mixed = (x * 2_654_435 + y * 40_503).wrapping_mul(2_246_822_519);
        Rgb([(mixed >> 24) as u8, (mixed >> 16) as u8, (x ^ y) as u8])
    });
    for (x, y) in (0..12).flat_map(|x| (0..12).map(move |y| (x, y))) {
        page.put_pixel(x, y, Rgb([255, 0, 0]));
    }
    page
}

fn picture(scan: &RawScan) -> RgbImage {
    RgbImage::from_raw(scan.width_px, scan.height_px, scan.pixels.clone()).unwrap()
}

/// Where in the picture the page is, every pixel of it unchanged, when it lies in the middle.
fn in_the_middle(picture: &RgbImage, page: &RgbImage) -> Option<(u32, u32)> {
    let (left, top) = ((picture.width() - page.width()) / 2, (picture.height() - page.height()) / 2);
    // The middle of the glass need not be on the grid of pixels.
    let mut near = (0..9).map(|place| (left + place % 3 - 1, top + place / 3 - 1));
    near.find(|(x, y)| imageops::crop_imm(picture, *x, *y, page.width(), page.height()).to_image() == *page)
}

#[test]
fn the_scanner_is_listed_with_a_name_for_people() {
    let (mut scanner, _glass, _folder) = desk();
    let found = scanner.list().unwrap();
    assert_eq!(found.len(), 1, "only the backend of the station's own configuration is asked: {found:?}");
    assert_eq!(found[0].device, "bamvirtual:a6");
    assert_eq!(found[0].name, "bam-station Virtual A6 flatbed");
}

#[test]
fn a6_has_the_right_size_at_every_resolution_and_in_both_modes() {
    let (mut scanner, _glass, _folder) = desk();
    for (dpi, width, height) in [(75, 310, 437), (150, 620, 874), (300, 1240, 1748), (600, 2480, 3496)] {
        for (mode, bytes) in [(ColourMode::Colour, 3), (ColourMode::Grey, 1)] {
            let raw = scan(&mut scanner, &ScanJob { mode, ..ScanJob::a6(dpi) }).unwrap();
            assert_eq!((raw.width_px, raw.height_px, raw.dpi, raw.mode), (width, height, dpi, mode));
            assert_eq!(raw.pixels.len(), (width * height * bytes) as usize);
            assert_eq!(raw.device, "bamvirtual:a6");
        }
    }
}

#[test]
fn an_empty_glass_shows_the_lid_and_nothing_else() {
    let (mut scanner, glass, _folder) = desk();
    glass.lay(&page(300, 200), 300, Lay::from(Pose::Lying)).unwrap();
    glass.lift().unwrap();
    let raw = scan(&mut scanner, &ScanJob::a6(75)).unwrap();
    assert!(raw.pixels.iter().all(|value| *value == 247));
}

#[test]
fn a_page_arrives_pixel_for_pixel_however_it_is_laid() {
    let (mut scanner, glass, _folder) = desk();
    let page = page(500, 300);
    for turn in Turn::ALL {
        glass.lay(&page, 300, Lay { turn, corner_mm: Some((0.0, 0.0)) }).unwrap();
        let on_glass = picture(&scan(&mut scanner, &ScanJob::default()).unwrap());
        let expected = match turn {
            Turn::None => page.clone(),
            Turn::Quarter => imageops::rotate90(&page),
            Turn::Half => imageops::rotate180(&page),
            Turn::ThreeQuarter => imageops::rotate270(&page),
        };
        let (width, height) = expected.dimensions();
        assert!(imageops::crop_imm(&on_glass, 0, 0, width, height).to_image() == expected, "{turn:?}");
        assert_ne!(on_glass.get_pixel(width, 20), &Rgb([247; 3]), "the page throws a shadow to its right");
        assert_eq!(on_glass.get_pixel(width + 40, 20), &Rgb([247; 3]), "and the lid is beyond it");
    }
}

#[test]
fn a_passport_laid_upright_comes_sideways_and_one_quarter_turn_makes_it_upright() {
    let (mut scanner, glass, _folder) = desk();
    let passport = page(1476, 1039);
    glass.lay(&passport, 300, Lay::from(Pose::Upright)).unwrap();
    let raw = scan(&mut scanner, &ScanJob::default()).unwrap();

    // The page's red corner, at its top left, lies at the bottom left of the raw picture; the whole page is on the glass.
    let sideways = picture(&raw);
    let (left, top) = in_the_middle(&sideways, &imageops::rotate270(&passport)).unwrap();
    assert_eq!(sideways.get_pixel(left + 2, top + 1476 - 3), &Rgb([255, 0, 0]));

    assert_eq!(turn_for(Pose::Upright), Turn::Quarter);
    let upright = picture(&turned(&raw, turn_for(Pose::Upright)).unwrap());
    assert_eq!(upright.dimensions(), (1748, 1240));
    let (left, top) = in_the_middle(&upright, &passport).expect("every pixel of the page is where it belongs");
    assert_eq!(upright.get_pixel(left + 2, top + 2), &Rgb([255, 0, 0]));
}

#[test]
fn a_card_lies_as_it_is_read_and_is_not_turned() {
    let (mut scanner, glass, _folder) = desk();
    let card = page(1011, 638);
    glass.lay(&card, 300, Lay::from(Pose::Lying)).unwrap();
    let raw = picture(&scan(&mut scanner, &ScanJob::default()).unwrap());
    assert_eq!(turn_for(Pose::Lying), Turn::None);
    assert!(in_the_middle(&raw, &card).is_some());
}

#[test]
fn a_page_at_another_resolution_keeps_its_size_on_the_glass() {
    let (mut scanner, glass, _folder) = desk();
    let green = RgbImage::from_pixel(600, 600, Rgb([0, 200, 0]));
    glass.lay(&green, 600, Lay { turn: Turn::None, corner_mm: Some((25.4, 25.4)) }).unwrap();
    let raw = picture(&scan(&mut scanner, &ScanJob::a6(150)).unwrap());
    let is_green = |x: u32, y: u32| raw.get_pixel(x, y) == &Rgb([0, 200, 0]);
    // One inch from the corner of the glass, and one inch wide.
    assert!(is_green(150, 150) && is_green(299, 299));
    assert!(!is_green(149, 150) && !is_green(150, 149) && !is_green(300, 299) && !is_green(299, 300));
}

#[test]
fn an_area_is_rounded_to_the_scanners_steps_and_the_picture_says_its_true_size() {
    let (mut scanner, _glass, _folder) = desk();
    let raw = scan(&mut scanner, &ScanJob { width_mm: 85.6, height_mm: 54.0, ..ScanJob::default() }).unwrap();
    // 85.6 mm becomes 85.5 mm.
    assert_eq!((raw.width_px, raw.height_px), (1010, 638));
}

#[test]
fn what_the_scanner_cannot_do_is_refused_and_not_replaced() {
    let (mut scanner, _glass, _folder) = desk();
    let refused = |scanner: &mut HostedSane, job: ScanJob| match scan(scanner, &job) {
        Err(ScanError::Unsupported(what)) => what,
        other => panic!("{job:?} gave {other:?}"),
    };
    let resolution = refused(&mut scanner, ScanJob::a6(200));
    assert!(resolution.contains("75, 150, 300, 600"), "the offer is named: {resolution}");
    let too_large = refused(&mut scanner, ScanJob { width_mm: 210.0, height_mm: 297.0, ..ScanJob::default() });
    assert!(too_large.contains("too small"), "{too_large}");
    for (width_mm, height_mm, dpi) in
        [(0.0, 148.0, 300), (f32::NAN, 148.0, 300), (105.0, 1e9, 300), (105.0, 148.0, 0), (105.0, 148.0, 60_000)]
    {
        refused(&mut scanner, ScanJob { width_mm, height_mm, ..ScanJob::a6(dpi) });
    }
    assert!(scan(&mut scanner, &ScanJob::a6(75)).is_ok(), "a refusal leaves the scanner usable");
}

#[test]
fn a_scanner_of_another_name_is_not_found() {
    let (mut scanner, _glass, _folder) = desk();
    for device in ["bamvirtual:a4", "nosuch:0", "", "bamvirtual:a6\0"] {
        let job = ScanJob { device: Some(device.to_owned()), ..ScanJob::a6(75) };
        assert_eq!(scan(&mut scanner, &job).unwrap_err(), ScanError::NotFound(device.to_owned()));
    }
    let job = ScanJob { device: Some("bamvirtual:a6".to_owned()), ..ScanJob::a6(75) };
    assert!(scan(&mut scanner, &job).is_ok());
}

#[test]
fn every_fault_is_told_apart_and_the_next_scan_works() {
    let (mut scanner, glass, _folder) = desk();
    let bytes = 310 * 437 * 3;
    for fault in VirtualFault::ALL {
        glass.fault(Some(fault)).unwrap();
        let expected = match fault {
            VirtualFault::Absent => ScanError::NoScanner,
            VirtualFault::Busy => ScanError::Busy,
            VirtualFault::AccessDenied => ScanError::AccessDenied,
            VirtualFault::CoverOpen => ScanError::CoverOpen,
            VirtualFault::NoDocument => ScanError::NoDocument,
            VirtualFault::NoMemory => ScanError::NoMemory,
            VirtualFault::WarmingUp => ScanError::WarmingUp,
            VirtualFault::Locked => ScanError::Locked,
            VirtualFault::Jammed => ScanError::Jammed,
            VirtualFault::Io => ScanError::Io,
            VirtualFault::Vanished => ScanError::Vanished,
            VirtualFault::Crashed => ScanError::Crashed,
            // Half of the 437 rows, and on to the end of the block of sixteen.
            VirtualFault::Truncated => ScanError::Truncated { got: 224 * 310 * 3, want: bytes },
            // Takes the patience of the desk; it has a test of its own.
            VirtualFault::Hung => continue,
        };
        let impatient = ScanJob { warm_up: Duration::ZERO, ..ScanJob::a6(75) };
        assert_eq!(scan(&mut scanner, &impatient).unwrap_err(), expected, "{fault:?}");
        glass.fault(None).unwrap();
        let whole = scan(&mut scanner, &ScanJob::a6(75)).unwrap_or_else(|error| panic!("after {fault:?}: {error}"));
        assert_eq!(whole.pixels.len() as u64, bytes);
    }
}

#[test]
fn a_cold_lamp_is_waited_for_and_the_wait_can_be_stopped() {
    let (mut scanner, glass, _folder) = desk();
    glass.fault(Some(VirtualFault::WarmingUp)).unwrap();
    let warm = glass.clone();
    let lamp = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        warm.fault(None).unwrap();
    });
    assert_eq!(scan(&mut scanner, &ScanJob::a6(75)).unwrap().pixels.len(), 310 * 437 * 3);
    lamp.join().unwrap();

    glass.fault(Some(VirtualFault::WarmingUp)).unwrap();
    let control = ScanControl::default();
    let cancel = std::sync::Arc::clone(&control.cancel);
    let operator = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let asked = std::time::Instant::now();
    assert_eq!(scanner.scan(&ScanJob::a6(75), &control).unwrap_err(), ScanError::Cancelled);
    assert!(asked.elapsed() < ScanJob::USUAL_WARM_UP, "the operator is heeded before the lamp");
    operator.join().unwrap();
}

#[test]
fn a_flatbed_has_no_feeder() {
    let (mut scanner, _glass, _folder) = desk();
    match scan(&mut scanner, &ScanJob { source: Source::Feeder, ..ScanJob::a6(75) }) {
        Err(ScanError::Unsupported(what)) => assert!(what.contains("no document feeder"), "{what}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scanner_that_was_pulled_out_stays_away_until_it_is_connected_again() {
    let (mut scanner, glass, _folder) = desk();
    glass.fault(Some(VirtualFault::Vanished)).unwrap();
    let named = ScanJob { device: Some("bamvirtual:a6".to_owned()), ..ScanJob::a6(75) };
    assert_eq!(scan(&mut scanner, &named).unwrap_err(), ScanError::Vanished);
    assert_eq!(scan(&mut scanner, &named).unwrap_err(), ScanError::NotFound("bamvirtual:a6".to_owned()));
    assert_eq!(scanner.list().unwrap(), []);
    glass.fault(None).unwrap();
    assert!(scan(&mut scanner, &named).is_ok());
}

#[test]
fn the_picture_leaves_the_disk_with_the_glass() {
    let (scanner, glass, folder) = desk();
    glass.lay(&page(30, 20), 300, Lay::from(Pose::Lying)).unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert!(files().contains(&"page.ppm".into()));
    drop((scanner, glass));
    assert!(!files().contains(&"page.ppm".into()), "{:?}", files());
}

#[test]
fn pictures_on_the_glass_are_the_owners_alone_and_do_not_outlive_a_power_cut() {
    use std::os::unix::fs::PermissionsExt as _;
    let rights = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = TempDir::new().unwrap();
    let scanner = folder.path().join("scanner");
    std::fs::create_dir(&scanner).unwrap();
    std::fs::set_permissions(&scanner, std::fs::Permissions::from_mode(0o755)).unwrap();
    let left_behind = scanner.join("page.ppm");
    std::fs::write(&left_behind, b"P6").unwrap();
    let glass = VirtualGlass::in_folder(&scanner).unwrap();
    assert!(!left_behind.exists());
    glass.lay(&page(20, 20), 300, Lay::from(Pose::Lying)).unwrap();
    assert_eq!((rights(&scanner), rights(&left_behind), rights(&glass.control_file())), (0o700, 0o600, 0o600));
}
