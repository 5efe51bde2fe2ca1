//! What the station and the scanner's device host say to each other.

use serde::{Deserialize, Serialize};

use super::{ScanError, ScanJob, ScannerInfo};

/// The station asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Which scanners are there? Answered by [`Answer::Devices`] or [`Answer::Failed`].
    List,
    /// Scan. Answered by [`Answer::Started`], [`Answer::Rows`] and [`Answer::Done`]; [`Answer::Failed`] may come at any point.
    Scan(ScanJob),
    /// Stop the scan under way. Not answered by itself.
    Cancel,
}

/// The device host answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The scanners.
    Devices(Vec<ScannerInfo>),
    /// The scan has begun and will have this shape.
    Started {
        /// The scanner that is used.
        device: String,
        /// Width in pixels.
        width_px: u32,
        /// Height in pixels.
        height_px: u32,
    },
    /// The next rows are in the payload.
    Rows,
    /// The scan is whole.
    Done,
    /// It failed.
    Failed(ScanError),
}
