//! The raw scan made upright; see [`bam_station_imaging::upright`].

pub use bam_station_imaging::upright::*;

use crate::rules::Pose;

/// The turn that makes the picture of a document in this pose upright.
///
/// A card lies on the glass as it is read, so nothing is turned. A passport is too wide for A6 that way and is laid
/// upright, the outer edge of its data page to the right as seen in the picture: the machine readable zone runs along the
/// right edge, from the bottom to the top. A quarter turn clockwise brings it to the foot of the page. An operator who has
/// laid a document another way turns it with the buttons beside the picture.
pub const fn turn_for(pose: Pose) -> Turn {
    match pose {
        Pose::Lying => Turn::None,
        Pose::Upright => Turn::Quarter,
    }
}
