//! bam-station: the command line.

use std::{path::PathBuf, process::ExitCode};

use bam_station::cli;
use clap::Parser as _;

/// Identity control at an ID office.
#[derive(clap::Parser)]
#[command(name = "bam-station", version)]
struct Arguments {
    /// MASTER.toml
    #[arg(long, global = true, value_name = "FILE")]
    master: Option<PathBuf>,
    /// LOCAL.toml
    #[arg(long, global = true, value_name = "FILE")]
    local: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// The configuration: check it, show it
    Config(cli::config::ConfigArgs),
    /// The process in which a vendor's device software runs; started by the station
    #[command(hide = true)]
    DeviceHost(cli::device_host::DeviceHostArgs),
    /// Draw a specimen document again
    #[command(hide = true)]
    Specimen(cli::specimen::SpecimenArgs),
}

fn main() -> ExitCode {
    let Arguments { master, local, command } = Arguments::parse();
    match command {
        Command::Config(args) => cli::config::run(&args, master, local),
        Command::DeviceHost(args) => cli::device_host::run(&args),
        Command::Specimen(args) => cli::specimen::run(&args),
    }
}
