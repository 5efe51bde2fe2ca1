//! Sets a scanner up for a job through SANE's well-known options.

use super::{
    super::{ColourMode, ScanError, ScanJob, Source},
    during_work,
    ffi::{Allowed, Kind, Opt, Value},
    library::Device,
};

/// How much smaller than asked the scanned area may be, in SANE_Fixed millimetres: a scanner's glass is seldom
/// exactly A6, and no document reaches its edge.
const TOLERANCE: i32 = FIXED_ONE;

/// 1.0 in SANE_Fixed.
const FIXED_ONE: i32 = 1 << 16;

/// The standard's word for colour, and what vendors say instead.
const COLOUR_WORDS: &[&str] = &["Color", "24bit Color", "24bit Color[Fast]", "Colour", "RGB"];

/// The standard's word for grey, and what vendors say instead.
const GREY_WORDS: &[&str] = &["Gray", "Grayscale", "True Gray", "8-bit Gray"];

/// What backends call the glass.
const GLASS_WORDS: &[&str] = &["Flatbed", "Platen", "FB", "Normal"];

/// What backends call the feeder, one side of the paper.
const FEEDER_WORDS: &[&str] =
    &["Automatic Document Feeder", "ADF", "ADF Front", "ADF Simplex", "Automatic Document Feeder(centrally aligned)", "Feeder"];

/// Sets source, colours, depth, resolution and area, in this order: each may change what the next allows.
pub fn apply(handle: &dyn Device, job: &ScanJob) -> Result<(), ScanError> {
    source(handle, job.source)?;
    mode(handle, job.mode)?;
    depth(handle)?;
    resolution(handle, job.dpi)?;
    edges(handle, "tl-x", "br-x", job.width_mm, job.dpi)?;
    edges(handle, "tl-y", "br-y", job.height_mm, job.dpi)
}

fn unsupported(what: impl Into<String>) -> ScanError {
    ScanError::Unsupported(what.into())
}

/// The option as it is now, when the scanner has it and it can be set.
fn find(handle: &dyn Device, name: &str) -> Result<Option<Opt>, ScanError> {
    let options = handle.options().map_err(during_work)?;
    Ok(options.into_iter().find(|option| option.name == name && option.settable))
}

/// Takes the glass or the feeder, where the scanner offers a choice. The standard has the option but no words for its values.
fn source(handle: &dyn Device, source: Source) -> Result<(), ScanError> {
    let offered = find(handle, "source")?.and_then(|option| match &option.allowed {
        Allowed::Texts(sources) => Some((option.index, sources.clone())),
        _ => None,
    });
    let words = match source {
        Source::Glass => GLASS_WORDS,
        Source::Feeder => FEEDER_WORDS,
    };
    let named = offered.as_ref().and_then(|(index, sources)| {
        let named = words.iter().find_map(|word| sources.iter().find(|source| source.eq_ignore_ascii_case(word)));
        named.map(|named| (*index, named.clone()))
    });
    match (named, source) {
        (Some((index, named)), _) => handle.set(index, &Value::Text(named)).map(drop).map_err(during_work),
        // What has one place for documents, or names the glass otherwise, scans there by itself.
        (None, Source::Glass) => Ok(()),
        (None, Source::Feeder) => Err(unsupported("it has no document feeder")),
    }
}

fn mode(handle: &dyn Device, mode: ColourMode) -> Result<(), ScanError> {
    let words = match mode {
        ColourMode::Colour => COLOUR_WORDS,
        ColourMode::Grey => GREY_WORDS,
    };
    let Some(option) = find(handle, "mode")? else {
        // A scanner with one mode has no option for it; the picture's shape is checked after the start.
        return Ok(());
    };
    let Allowed::Texts(modes) = &option.allowed else { return Err(unsupported("its modes are unknown")) };
    let offered = words.iter().find_map(|word| modes.iter().find(|mode| mode.eq_ignore_ascii_case(word)));
    let value = offered.cloned().ok_or_else(|| unsupported(format!("it offers only {}", modes.join(", "))))?;
    handle.set(option.index, &Value::Text(value)).map(drop).map_err(during_work)
}

/// Eight bits a sample, where the scanner offers a choice.
fn depth(handle: &dyn Device) -> Result<(), ScanError> {
    match find(handle, "depth")? {
        Some(option) if matches!(&option.allowed, Allowed::Words(depths) if depths.contains(&8)) => {
            handle.set(option.index, &Value::Word(8)).map(drop).map_err(during_work)
        }
        _ => Ok(()),
    }
}

fn resolution(handle: &dyn Device, dpi: u16) -> Result<(), ScanError> {
    let option = find(handle, "resolution")?.ok_or_else(|| unsupported("it has no choice of resolution"))?;
    let one = match option.kind {
        Kind::Int => 1,
        Kind::Fixed => FIXED_ONE,
        _ => return Err(unsupported("its resolution is not a number")),
    };
    let refused = || {
        let offer = match &option.allowed {
            Allowed::Words(words) => {
                let words = words.iter().map(|word| (word / one).to_string());
                format!("; it offers {}", words.collect::<Vec<_>>().join(", "))
            }
            Allowed::Range(from, to) => format!("; it offers {} to {}", from / one, to / one),
            _ => String::new(),
        };
        unsupported(format!("it cannot scan at {dpi} dpi{offer}"))
    };
    let word = i32::from(dpi).checked_mul(one).ok_or_else(refused)?;
    let offered = match &option.allowed {
        Allowed::Words(words) => words.contains(&word),
        Allowed::Range(from, to) => (*from..=*to).contains(&word),
        _ => true,
    };
    if !offered || handle.set(option.index, &Value::Word(word)).map_err(during_work)? != Value::Word(word) {
        return Err(refused());
    }
    Ok(())
}

/// Sets two opposite edges so that `length_mm` from the corner of the glass is scanned, and reads back what was taken.
fn edges(handle: &dyn Device, first: &str, last: &str, length_mm: f32, dpi: u16) -> Result<(), ScanError> {
    let (Some(near), Some(_)) = (find(handle, first)?, find(handle, last)?) else {
        return Err(unsupported("its area cannot be set"));
    };
    let corner = match near.allowed {
        Allowed::Range(from, _) => from,
        _ => 0,
    };
    let near_taken = set_edge(handle, &near, corner)?;
    // The far edge is looked up after the near one is set: its range may have changed.
    let far = find(handle, last)?.ok_or_else(|| unsupported("its area cannot be set"))?;
    let length = length(&far, length_mm, dpi)?;
    let wanted = near_taken.saturating_add(length);
    let most = match far.allowed {
        Allowed::Range(_, most) => most,
        _ => wanted,
    };
    let far_taken = set_edge(handle, &far, wanted.min(most))?;
    let missing = length.saturating_sub(far_taken.saturating_sub(near_taken));
    let tolerance = if far.millimetres { TOLERANCE / unit(&far)?.1 } else { i32::from(dpi) / 25 };
    if missing > tolerance {
        return Err(unsupported(format!("its glass is too small for {length_mm} mm")));
    }
    Ok(())
}

fn set_edge(handle: &dyn Device, option: &Opt, word: i32) -> Result<i32, ScanError> {
    match handle.set(option.index, &Value::Word(word)).map_err(during_work)? {
        Value::Word(taken) => Ok(taken),
        Value::Text(_) => Err(unsupported("its area is not a number")),
    }
}

/// How many of the option's units are in one, and by what a SANE_Fixed number is divided to get there.
fn unit(option: &Opt) -> Result<(f32, i32), ScanError> {
    match option.kind {
        Kind::Fixed => Ok((65536.0, 1)),
        Kind::Int => Ok((1.0, FIXED_ONE)),
        _ => Err(unsupported("its area is not a number")),
    }
}

/// A length in the option's own unit and representation.
fn length(option: &Opt, length_mm: f32, dpi: u16) -> Result<i32, ScanError> {
    let units = match (option.millimetres, option.pixels) {
        (true, _) => length_mm,
        (_, true) => length_mm / 25.4 * f32::from(dpi),
        _ => return Err(unsupported("its area is measured in an unknown unit")),
    };
    let word = (units * unit(option)?.0).round();
    // Lengths of a page fit by far; a float in range converts exactly.
    if !(0.0..2_147_483_000.0).contains(&word) {
        return Err(unsupported(format!("{length_mm} mm is no length that can be scanned")));
    }
    #[allow(clippy::cast_possible_truncation, reason = "the range is checked above")]
    Ok(word as i32)
}
