//! Devices behind small traits; vendor code in a process of its own.
