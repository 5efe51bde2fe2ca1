//! Recordings of scanners that were damaged on their way: repeated without a panic, and never a picture that is not whole.

use std::{fs, path::Path, sync::atomic::AtomicBool};

use bam_station::device::scanner::{
    MOST_BYTES, ScanError, ScanJob,
    sane::{
        self, Progress,
        session::{Line, Replay, first_job},
    },
    wire::Ask,
};
use bam_station_scans::Random;

/// Damaged recordings that are made of each kept one.
const EACH: usize = 250;

/// Counts what comes.
#[derive(Default)]
struct Picture {
    size: usize,
    got: usize,
}

impl Progress for Picture {
    fn started(&mut self, _device: &str, width_px: u32, height_px: u32) -> Result<(), ScanError> {
        self.size = width_px as usize * height_px as usize;
        Ok(())
    }

    fn rows(&mut self, rows: &[u8]) -> Result<(), ScanError> {
        self.got += rows.len();
        Ok(())
    }
}

/// A line lost, told twice, out of its turn, cut off, or with other digits or letters.
fn damage(lines: &mut Vec<String>, random: &mut Random) {
    let at = random.below(lines.len());
    match random.below(6) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => {
            let other = random.below(lines.len());
            lines.swap(at, other);
        }
        3 => {
            let end = random.below(lines[at].len() + 1);
            lines[at].truncate(end);
        }
        _ => {
            let numbers: Vec<usize> =
                lines[at].bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()).map(|(at, _)| at).collect();
            if !numbers.is_empty() {
                let place = random.one(&numbers);
                let digits = random.one(&["0", "1", "7", "99999", "-1", "4294967296"]);
                lines[at].replace_range(place..=place, digits);
            }
        }
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
}

/// The recording without its waits: a replay takes the time that the scanner took, and one that ends in a call never answers.
fn without_waits(lines: &[String]) -> String {
    let told = lines.iter().map(|line| match serde_json::from_str(line) {
        Ok(Line::Answer { outcome, .. }) => serde_json::to_string(&Line::Answer { after_ms: 0, outcome }).unwrap(),
        _ => line.clone(),
    });
    let end = serde_json::to_string(&Line::Asked(Ask::List)).unwrap();
    // What is no line ends a recording. Here it is left out, so that more is reached.
    let known = told.filter(|line| serde_json::from_str::<Line>(line).is_ok());
    known.chain([end]).map(|line| line + "\n").collect()
}

fn repeated(file: &Path) -> Result<Picture, ScanError> {
    let replay = Replay::open(file).map_err(|error| ScanError::Setup(error.to_string()))?;
    let job = first_job(file).ok().flatten().unwrap_or_else(|| ScanJob::a6(75));
    let mut picture = Picture::default();
    sane::scan(&replay, &job, &AtomicBool::new(false), &mut picture)?;
    assert_eq!(picture.got, picture.size * job.mode.bytes_per_pixel(), "not whole");
    assert!(picture.got <= MOST_BYTES);
    Ok(picture)
}

#[test]
fn a_damaged_recording_ends_in_a_whole_picture_or_a_fault_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.jsonl");
    let (seed, mut random) = Random::fresh();
    println!("seed {seed}");
    let (mut whole, mut faults) = (0, std::collections::BTreeSet::new());
    for name in ["pnm.jsonl", "test-grid.jsonl", "test-jammed.jsonl", "virtual-pulled.jsonl"] {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept/sessions").join(name);
        let kept: Vec<String> = fs::read_to_string(kept).unwrap().lines().map(str::to_owned).collect();
        for _ in 0..EACH {
            let mut lines = kept.clone();
            for _ in 0..=random.below(3) {
                damage(&mut lines, &mut random);
            }
            // The file itself may be anything, too.
            fs::write(&file, lines.join("\n")).unwrap();
            let _ = first_job(&file);
            fs::write(&file, without_waits(&lines)).unwrap();
            match repeated(&file) {
                Ok(_) => whole += 1,
                Err(error) => drop(faults.insert(error.code())),
            }
        }
    }
    // The damage reaches every part of the way: some recordings still scan, others end in many different ways.
    assert!(whole > 20 && faults.len() >= 5, "{whole} whole pictures, {faults:?}");
}
