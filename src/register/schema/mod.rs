//! The tables of the register, once in the words of each database.

pub mod postgres;
pub mod sqlite;
