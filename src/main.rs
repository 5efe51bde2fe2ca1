//! The command line, one line per command.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use bam_station::{
    cli::{self, exit},
    config::{self, Broken, Configuration, Master, Search},
    evidence::sign::KeyStore,
    register::{Register, RegisterError},
    station::{Clock as _, DataFolder, DeliveryError, DeliveryRoad, OwnCheck, SystemClock},
};
use clap::{Parser, Subcommand};

/// Identity control at an ID office.
#[derive(Debug, Parser)]
#[command(name = "bam-station", version, about, propagate_version = true)]
struct Cli {
    /// The organisation's rules (default: MASTER.toml, then the system's configuration folder).
    #[arg(long, global = true, value_name = "FILE")]
    master: Option<PathBuf>,
    /// This desk (default: config/LOCAL.toml, then the system's configuration folder).
    #[arg(long, global = true, value_name = "FILE")]
    local: Option<PathBuf>,
    /// Register, keys and outbox of this station (default: the platform's state folder).
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens the station: the operator's window and the holder's
    Run,
    /// Runs one identity control from a script, without a window
    Control(cli::control::ControlArgs),
    /// MASTER.toml and LOCAL.toml: check them, show them
    Config(cli::config::ConfigArgs),
    /// Says what the rules ask for, and why
    Plan(cli::plan::PlanArgs),
    /// Reads the machine readable zone of a scanned document
    Read(cli::read::ReadArgs),
    /// Checks a report without the station
    Verify(cli::verify::VerifyArgs),
    /// The document register: list, show, verify
    Register(cli::register::RegisterArgs),
    /// Delivers what lies in the outbox
    Deliver(cli::deliver::DeliverArgs),
    /// The receiving end of an upload: an archive
    Receive(cli::receive::ReceiveArgs),
    /// Card readers and cards: what is there, and whether it counts. Spends no PIN try
    Card(cli::card::CardArgs),
    /// The operators' keys
    Operator(cli::operator::OperatorArgs),
    /// Draws a specimen document (state UTO) for training
    #[command(hide = true)]
    Specimen(cli::specimen::SpecimenArgs),
    /// A process of its own for a vendor's library; the station starts it
    #[command(hide = true)]
    DeviceHost(cli::device_host::DeviceHostArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let data = DataFolder::locate(cli.data);
    let in_force = |keep| {
        let search = Search::this_machine();
        let whole = Configuration::in_force(&search, cli.master.clone(), cli.local.clone(), data.path(), keep)?;
        if let Some(alarm) = &whole.alarm {
            exit::complain(alarm.code, &alarm.message);
        }
        Ok(whole)
    };
    match &cli.command {
        // A script that is refused makes no data folder.
        Command::Control(args) => {
            with(in_force(data.path().is_dir()), |whole| cli::control::run(args, whole, data, executable()))
        }
        Command::Run => with(in_force(true), |whole| run(whole, data)),
        Command::Config(args) => cli::config::run(args, cli.master, cli.local),
        Command::Plan(args) => match rules_in_force(cli.master) {
            Ok(master) => cli::plan::run(args, master.common.lra_mode, &master.issue_process),
            Err(error) => wrong(&error),
        },
        Command::Read(args) => cli::read::run(args, cli.master, cli.local),
        Command::Verify(args) => cli::verify::run(args),
        Command::Register(args) => cli::register::run(args, data.path()),
        Command::Deliver(args) => with(in_force(false), |whole| deliver(args, &whole, &data)),
        Command::Receive(args) => receive(args),
        Command::Card(args) => cli::card::run(args),
        Command::Operator(args) => cli::operator::run(args, data.path()),
        Command::Specimen(args) => cli::specimen::run(args),
        Command::DeviceHost(args) => cli::device_host::run(args),
    }
}

fn run(configuration: Configuration, data: DataFolder) -> ExitCode {
    match bam_station::ui::run(configuration, data, executable()) {
        Ok(()) => exit::DONE.into(),
        Err(error) => {
            exit::complain(error.code(), &error);
            exit::FAILED.into()
        }
    }
}

fn receive(args: &cli::receive::ReceiveArgs) -> ExitCode {
    match cli::verify::anchors(&args.trust) {
        Ok(anchors) => cli::receive::run(args, Arc::new(OwnCheck { anchors })),
        Err(error) => {
            exit::complain(error.code(), &error);
            exit::WRONG_USE.into()
        }
    }
}

fn deliver(args: &cli::deliver::DeliverArgs, configuration: &Configuration, data: &DataFolder) -> ExitCode {
    // A mistyped --data must not become a new, empty data folder.
    if let Err(error @ RegisterError::Missing) = Register::open_read_only(&data.register()) {
        exit::complain(error.code(), &error);
        return exit::WRONG_USE.into();
    }
    let now = SystemClock.now();
    let road = KeyStore::open(&data.keys())
        .map_err(DeliveryError::from)
        .and_then(|keys| DeliveryRoad::open(configuration, data, &keys, now));
    match road {
        Ok(Some(road)) => cli::deliver::run(args, data.path(), road.connection()),
        Ok(None) => {
            exit::complain("NO_ARCHIVE", &"MASTER.toml names no archive: fill in [Delivery]");
            exit::WRONG_USE.into()
        }
        Err(error) => {
            exit::complain(error.code(), &error);
            if error.wrong_use() { exit::WRONG_USE.into() } else { exit::FAILED.into() }
        }
    }
}

fn with(configuration: Result<Configuration, config::ConfigError>, run: impl FnOnce(Configuration) -> ExitCode) -> ExitCode {
    match configuration {
        Ok(whole) => run(whole),
        Err(error) => wrong(&error),
    }
}

/// The organisation's rules; the strict defaults where no MASTER.toml is named and none is found, because a plan issues nothing.
fn rules_in_force(named: Option<PathBuf>) -> Result<Master, config::ConfigError> {
    let asked_for = named.is_some();
    match Search::this_machine().master(named).and_then(|path| config::load_master(&path)) {
        Ok(loaded) => Ok(loaded.value),
        Err(error) if !asked_for && error.kind() == Broken::Missing => {
            exit::say(&"bam-station: no MASTER.toml is found; the answer is for the defaults");
            Ok(Master::default())
        }
        Err(error) => Err(error),
    }
}

fn wrong(error: &config::ConfigError) -> ExitCode {
    exit::complain(error.code(), error);
    exit::WRONG_USE.into()
}

/// This program, of which the device host is a second process.
fn executable() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("bam-station"))
}
