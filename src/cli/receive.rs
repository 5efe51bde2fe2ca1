//! `bam-station receive`: the archive at the receiving end of an upload, until it is told to end.

use std::{
    future::poll_fn,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    task::Poll,
};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    delivery::{
        archive::{self, ArchiveConfig, Limits, ReportCheck},
        client::{read_identity, read_pem},
    },
    register::{Address, Server},
};

/// The receiving end of an upload.
#[derive(Debug, Args)]
pub struct ReceiveArgs {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where reports and receipts are kept; with --database, the key of the receipts alone
    #[arg(long)]
    folder: PathBuf,
    /// A PostgreSQL database in which several processes keep one archive: postgresql://ROLE@HOST/DATABASE
    #[arg(long, value_name = "ADDRESS", value_parser = Address::parse)]
    database: Option<Address>,
    /// The CA of the database server's certificate, a PEM file; needed over a network
    #[arg(long, value_name = "CA.pem", requires = "database")]
    database_ca: Option<PathBuf>,
    /// The file whose only line is the role's password; only its owner may read it
    #[arg(long, value_name = "FILE", requires = "database")]
    database_password_file: Option<PathBuf>,
    /// The archive's TLS certificate with its chain, a PEM file
    #[arg(long)]
    certificate: PathBuf,
    /// The private key of that certificate, a PEM file
    #[arg(long)]
    key: PathBuf,
    /// The authority of the stations' certificates, a PEM file
    #[arg(long)]
    client_ca: PathBuf,
    /// The CA of the operators who sign the reports, PEM or DER; other reports are not taken
    #[arg(long, value_name = "CA.pem")]
    pub trust: PathBuf,
    /// The archive's name in its receipts
    #[arg(long, default_value = "archive")]
    name: String,
}

/// Runs the archive until SIGINT or SIGTERM. `check` judges the reports.
///
/// Exit codes: 0 ended as told, 2 the configuration is wrong, 3 the system failed.
pub fn run(args: &ReceiveArgs, check: Arc<dyn ReportCheck>) -> ExitCode {
    let (identity, client_authority) =
        match read_identity(&args.certificate, &args.key).and_then(|identity| Ok((identity, read_pem(&args.client_ca)?))) {
            Ok(files) => files,
            Err(error) => {
                say(&format!("{}: {error}", error.code()));
                return ExitCode::from(2);
            }
        };
    let config = ArchiveConfig {
        listen: args.listen,
        folder: args.folder.clone(),
        database: args
            .database
            .clone()
            .map(|address| Server::new(address, args.database_ca.clone(), args.database_password_file.clone())),
        name: args.name.clone(),
        identity,
        client_authority,
        limits: Limits::default(),
        log: Box::new(say),
    };
    let archive = match archive::start(config, check) {
        Ok(archive) => archive,
        Err(error) => {
            say(&format!("{}: {error}", error.code()));
            return ExitCode::from(if error.wrong_use() { 2 } else { 3 });
        }
    };
    say(&format!("the archive listens on https://{}; its receipts are signed with {}", archive.address(), archive.key()));
    let ended = wait_for_the_end();
    archive.stop();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("the system does not deliver signals: {error}"));
            ExitCode::from(3)
        }
    }
}

fn wait_for_the_end() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        poll_fn(|context| {
            let ended = terminate.poll_recv(context).is_ready() || interrupt.poll_recv(context).is_ready();
            if ended { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok(())
    })
}

/// Nobody is left to tell when standard error is gone; the archive goes on.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
