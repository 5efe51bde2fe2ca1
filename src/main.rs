//! The command line, one line per command.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use bam_station::{
    cli::{self, exit, register::Needs},
    config::{self, Broken, Configuration, Language, Master, Registers, Search},
    device::{card::Road, no_dumps},
    evidence::sign::KeyStore,
    register::RegisterError,
    station::{Clock as _, DataFolder, DeliveryError, DeliveryRoad, OwnCheck, SystemClock, clock, virtual_cards},
    trust::Desk,
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
    Run(RunArgs),
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
    /// The document register: list, show, export, verify, purge, end, raise
    Register(cli::register::RegisterArgs),
    /// The register's seal: status, rotate, reseal
    Seal(cli::seal::SealArgs),
    /// Delivers what lies in the outbox
    Deliver(cli::deliver::DeliverArgs),
    /// What the issuing system is told of approved controls: list, show, withdraw
    Authorisation(cli::authorisation::AuthorisationArgs),
    /// The receiving end of an upload: an archive
    Receive(cli::receive::ReceiveArgs),
    /// People in the organisation's directory: look for them, try out [Directory] of MASTER.toml
    Directory(cli::directory::DirectoryArgs),
    /// The list of preregistered people: import, list
    People(cli::people::PeopleArgs),
    /// Mail to people about vouching, and to an administrator about reports that cannot be delivered: list, send
    Notices(cli::notices::NoticesArgs),
    /// Card readers and cards: what is there, and whether it counts. Spends no PIN try
    Card(cli::card::CardArgs),
    /// The operators' keys
    Operator(cli::operator::OperatorArgs),
    /// A scan recorded, or a recorded one repeated without the scanner: record, replay
    Scanner(cli::scanner::ScannerArgs),
    /// Tests every device and service of this desk ("Test all"). Spends no PIN try
    Selftest(cli::selftest::SelftestArgs),
    /// Writes a support bundle: configuration, versions, self-test, figures; nothing about a person
    Support(cli::support::SupportArgs),
    /// Draws a specimen document (state UTO) for training
    #[command(hide = true)]
    Specimen(cli::specimen::SpecimenArgs),
    /// A process of its own for a vendor's library; the station starts it
    #[command(hide = true)]
    DeviceHost(cli::device_host::DeviceHostArgs),
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Shows every component of the screens in every state instead, without a station
    #[arg(long)]
    gallery: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = no_dumps::forbid() {
        exit::say(&format!("bam-station: core dumps cannot be forbidden: {error}"));
    }
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
        Command::Run(RunArgs { gallery: true }) => opened(bam_station::ui::gallery(Language::default())),
        Command::Run(_) => with(in_force(true), |whole| run(whole, data)),
        Command::Config(args) => cli::config::run(args, cli.master, cli.local),
        Command::Plan(args) => match rules_in_force(cli.master, cli.local) {
            Ok(master) => cli::plan::run(args, master.common.lra_mode, &master.issue_process),
            Err(error) => wrong(&error),
        },
        Command::Read(args) => cli::read::run(args, cli.master, cli.local),
        Command::Verify(args) => cli::verify::run(args),
        Command::Register(args) => match args.needs() {
            Needs::Configuration { json } => with(in_force(false), |whole| cli::raise::run(json, &whole, &data)),
            // What was to be kept for longer is lost for good when it is erased, so the defaults do not count here.
            Needs::Retention => {
                let years = |whole: &Configuration| whole.master.value.registers.retention_years;
                with(in_force(false), |whole| cli::register::run(args, &whole.register_place(&data), years(&whole)))
            }
            Needs::Nothing => match registers_in_force(cli.master) {
                Ok(registers) => cli::register::run(args, &registers.place(data.register()), registers.retention_years),
                Err(error) => wrong(&error),
            },
        },
        Command::Seal(args) => with(in_force(false), |whole| cli::seal::run(args, &whole, &data)),
        Command::Deliver(args) => with(in_force(false), |whole| deliver(args, &whole, &data)),
        Command::Authorisation(args) => with(in_force(false), |whole| {
            cli::authorisation::run(args, &whole.register_place(&data), data.path(), &whole.master.value.hand_over)
        }),
        Command::Directory(args) => with(in_force(false), |whole| cli::directory::run(args, &whole.master.value.directory)),
        Command::People(args) => {
            let zone = in_force(false).map_or_else(|_| jiff::tz::TimeZone::system(), |whole| whole.zone());
            match registers_in_force(cli.master.clone()) {
                Ok(registers) => {
                    let today = clock::now_at_office(&SystemClock, &zone).today;
                    cli::people::run(args, &registers.place(data.register()), today)
                }
                Err(error) => wrong(&error),
            }
        }
        Command::Notices(args) => with(in_force(false), |whole| cli::notices::run(args, &whole, &whole.register_place(&data))),
        Command::Receive(args) => receive(args),
        Command::Card(args) => match cards_in_force(cli.master, cli.local, &data) {
            Ok(configured) => cli::card::run(args, &configured),
            Err(error) => wrong(&error),
        },
        Command::Operator(args) => cli::operator::run(args, data.path()),
        Command::Scanner(args) => cli::scanner::run(args, executable()),
        Command::Selftest(args) => with(in_force(false), |whole| cli::selftest::run(args, whole, data, executable())),
        Command::Support(args) => with(in_force(false), |whole| cli::support::run(args, whole, data, executable())),
        Command::Specimen(args) => cli::specimen::run(args),
        Command::DeviceHost(args) => cli::device_host::run(args),
    }
}

fn run(configuration: Configuration, data: DataFolder) -> ExitCode {
    virtual_cards::start_anew(&configuration, &data, &executable());
    opened(bam_station::ui::run(configuration, data, executable()))
}

fn opened(outcome: Result<(), bam_station::ui::UiError>) -> ExitCode {
    match outcome {
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
    let place = configuration.register_place(data);
    if let Err(error @ RegisterError::Missing) = place.open_read_only() {
        exit::complain(error.code(), &error);
        return exit::WRONG_USE.into();
    }
    // What is told to the issuing system waits for no archive. A register that an open station holds is announced by that station.
    if let Ok(mut register) = place.open() {
        cli::announce::announce(configuration, data, &mut register);
    }
    let now = SystemClock.now();
    let road = KeyStore::open(&data.keys())
        .map_err(DeliveryError::from)
        .and_then(|keys| DeliveryRoad::open(configuration, data, &keys, now));
    match road {
        Ok(Some(road)) => cli::deliver::run(args, &place, road.connection()),
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
///
/// Where this desk requires a signed MASTER.toml, one that is not is no answer here either.
fn rules_in_force(named: Option<PathBuf>, local: Option<PathBuf>) -> Result<Master, config::ConfigError> {
    let asked_for = named.is_some();
    let search = Search::this_machine();
    let local_named = local.is_some();
    let administrators = match search.local(local).and_then(|path| config::load_local(&path)) {
        Ok(desk) => desk.value.administrators,
        Err(error) if !local_named && error.kind() == Broken::Missing => config::Administrators::default(),
        Err(error) => return Err(error),
    };
    match search.master(named).and_then(|path| config::load_signed_master(&path, &administrators)) {
        Ok((loaded, _)) => Ok(loaded.value),
        Err(error) if !asked_for && error.kind() == Broken::Missing => {
            exit::say(&"bam-station: no MASTER.toml is found; the answer is for the defaults");
            Ok(Master::default())
        }
        Err(error) => Err(error),
    }
}

/// Where the register is and how long it keeps what; a station's own register where no MASTER.toml is named and none is found, because
/// what was kept can be read without a configuration.
fn registers_in_force(named: Option<PathBuf>) -> Result<Registers, config::ConfigError> {
    let asked_for = named.is_some();
    match Search::this_machine().master(named).and_then(|path| config::load_master(&path)) {
        Ok(loaded) => Ok(loaded.value.registers),
        Err(error) if !asked_for && error.kind() == Broken::Missing => Ok(Registers::default()),
        Err(error) => Err(error),
    }
}

/// The readers of this desk and whom it trusts. Cards can be shown before anything is configured; then the readers are those of
/// PC/SC, and no certificate is checked.
fn cards_in_force(
    master: Option<PathBuf>,
    local: Option<PathBuf>,
    data: &DataFolder,
) -> Result<cli::card::Configured, config::ConfigError> {
    let named = (master.is_some(), local.is_some());
    let search = Search::this_machine();
    let (master, local) = match search.find(master, local) {
        Ok(found) => (config::load_master(&found.master)?.value, config::load_local(&found.local)?.value),
        Err(error) if error.kind() == Broken::Missing && named == (false, false) => {
            // Either file alone makes no desk, but MASTER.toml says whom the organisation trusts, and LOCAL.toml where the readers are.
            let master = search.master(None).ok().map(|path| config::load_master(&path)).transpose()?;
            let local = search.local(None).ok().map(|path| config::load_local(&path)).transpose()?;
            (master.map(|loaded| loaded.value).unwrap_or_default(), local.map(|loaded| loaded.value).unwrap_or_default())
        }
        Err(error) => return Err(error),
    };
    let desk = if local.training {
        let keys = data.keys();
        let store = keys.is_dir().then(|| KeyStore::open(&keys).ok()).flatten();
        let authorities = store.and_then(|store| store.anchors().ok());
        Desk::Training { authorities: authorities.map(|anchors| anchors.certificates().to_vec()).unwrap_or_default() }
    } else {
        Desk::Production
    };
    // A file that names no module for a PKCS#11 reader is not loaded.
    let roads =
        [&local.operator_reader, &local.holder_reader].into_iter().filter_map(|reader| Road::of(reader, &executable()).ok());
    let mut roads: Vec<Road> = roads.collect();
    roads.dedup();
    Ok(cli::card::Configured { roads, trust: master.trust, proxy: master.proxy, desk, kept: data.revocation() })
}

fn wrong(error: &config::ConfigError) -> ExitCode {
    exit::complain(error.code(), error);
    exit::WRONG_USE.into()
}

/// This program, of which the device host is a second process.
fn executable() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("bam-station"))
}
