//! Pictures of the pages of a report.
