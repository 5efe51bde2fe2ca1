//! Connected regions of a mask.

use super::plane::Plane;

/// The pixels of one region: column and row.
pub type Region = Vec<(usize, usize)>;

/// The regions of pixels that are not 0 and touch at a side, those of at least `least` pixels.
pub fn regions(mask: &Plane, least: usize) -> Vec<Region> {
    let (width, height) = (mask.width(), mask.height());
    let mut open: Vec<bool> = mask.pixels().iter().map(|pixel| *pixel != 0).collect();
    let mut found = Vec::new();
    let mut next = Vec::new();
    for start in 0..open.len() {
        let mut region = Region::new();
        take(&mut open, start, &mut next);
        while let Some(at) = next.pop() {
            let (x, y) = (at % width, at / width);
            region.push((x, y));
            if x > 0 {
                take(&mut open, at - 1, &mut next);
            }
            if x + 1 < width {
                take(&mut open, at + 1, &mut next);
            }
            if y > 0 {
                take(&mut open, at - width, &mut next);
            }
            if y + 1 < height {
                take(&mut open, at + width, &mut next);
            }
        }
        if !region.is_empty() && region.len() >= least {
            found.push(region);
        }
    }
    found
}

fn take(open: &mut [bool], at: usize, next: &mut Vec<usize>) {
    if let Some(open) = open.get_mut(at)
        && std::mem::take(open)
    {
        next.push(at);
    }
}
