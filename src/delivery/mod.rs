//! Upload to the archive, the archive itself, receipts.
