//! `bam-station plan`: what the rules ask for, and why.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::Serialize;

use super::exit;
use crate::rules::issue_process::FlagError;
use crate::rules::{CardState, CertificateKind, Function, IssueProcess, LraMode, Method, Plan, PlanRequest, Refusal, plan};

/// The options of `bam-station plan`.
#[derive(Debug, Clone, clap::Args)]
pub struct PlanArgs {
    /// What the holder comes for
    #[arg(long)]
    pub function: Function,
    /// The kind of certificate
    #[arg(long)]
    pub certificate: CertificateKind,
    /// What the station may issue [default: as MASTER.toml says]
    #[arg(long)]
    pub mode: Option<LraMode>,
    /// The state of the certificates on the holder's card; a renewal needs it
    #[arg(long)]
    pub card: Option<CardState>,
    /// The qualified certificates of this card were renewed before
    #[arg(long)]
    pub renewed_before: bool,
    /// Flags of [IssueProcess] to try, in place of MASTER.toml's; later ones win
    #[arg(long, value_name = "FLAG=VALUE", num_args = 1..)]
    pub set: Vec<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The answer as `--json` prints it. After a refusal the lists are empty and the booleans false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanAnswer {
    /// The function may go on.
    pub allowed: bool,
    /// Why not.
    pub refusal: Option<&'static str>,
    /// The ways to identify the holder, in the order of [`Method::ALL`].
    pub methods: Vec<Method>,
    /// The holder must accept the terms.
    pub terms: bool,
    /// The holder must sign.
    pub signature: bool,
    /// A presented document must be scanned.
    pub scan: bool,
    /// A third party counts only with a comparison with the document scanned earlier.
    pub compare_previous_scan: bool,
    /// One sentence a rule, in English.
    pub because: Vec<String>,
}

impl From<Result<Plan, Refusal>> for PlanAnswer {
    fn from(outcome: Result<Plan, Refusal>) -> Self {
        match outcome {
            Ok(Plan { methods, terms, signature, scan, compare_previous_scan, because }) => Self {
                allowed: true,
                refusal: None,
                methods,
                terms,
                signature,
                scan,
                compare_previous_scan,
                because: because.into_iter().map(|reason| reason.en).collect(),
            },
            Err(refusal) => Self {
                allowed: false,
                refusal: Some(refusal.code()),
                methods: Vec::new(),
                terms: false,
                signature: false,
                scan: false,
                compare_previous_scan: false,
                because: Vec::new(),
            },
        }
    }
}

/// Asks the rules. `mode` and `flags` are MASTER.toml's; the options change them for this question only.
///
/// # Errors
/// A `--set` that sets nothing.
pub fn ask(args: &PlanArgs, mode: LraMode, flags: &IssueProcess) -> Result<Result<Plan, Refusal>, FlagError> {
    let mut flags = flags.clone();
    for assignment in &args.set {
        flags.assign(assignment)?;
    }
    Ok(plan(&PlanRequest {
        function: args.function,
        certificate: args.certificate,
        mode: args.mode.unwrap_or(mode),
        flags: &flags,
        card: args.card,
        qualified_on_card: None,
        renewed_before: args.renewed_before,
    }))
}

/// Asks the rules and prints the answer: 0 allowed, 1 refused, 2 wrong use, 3 the output cannot be written.
pub fn run(args: &PlanArgs, mode: LraMode, flags: &IssueProcess) -> ExitCode {
    let written = answer(args, mode, flags, &mut io::stdout().lock(), &mut io::stderr().lock());
    ExitCode::from(written.unwrap_or(3))
}

/// [`run`] with the two streams named: the answer goes to `out`, messages for people beside it to `notes`. Gives the exit code.
///
/// # Errors
/// One of the streams cannot be written.
pub fn answer(
    args: &PlanArgs,
    mode: LraMode,
    flags: &IssueProcess,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> io::Result<u8> {
    let outcome = match ask(args, mode, flags) {
        Ok(outcome) => outcome,
        Err(error) => {
            exit::complain_to(notes, error.code(), &format_args!("--set: {error}"));
            return Ok(2);
        }
    };
    if args.json {
        if let Err(refusal) = &outcome {
            writeln!(notes, "{refusal} ({})", refusal.source())?;
        }
        serde_json::to_writer(&mut *out, &PlanAnswer::from(outcome.clone()))?;
        writeln!(out)?;
    } else {
        match &outcome {
            Ok(plan) => write_plan(args, plan, out)?,
            Err(refusal) => {
                writeln!(out, "Refused: {refusal} ({}).", refusal.source())?;
                writeln!(out, "Code: {}", refusal.code())?;
            }
        }
    }
    out.flush()?;
    Ok(u8::from(outcome.is_err()))
}

fn write_plan(args: &PlanArgs, plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let methods: Vec<&str> = plan.methods.iter().map(|method| method.name()).collect();
    let required = |yes: bool| if yes { "required" } else { "not required" };
    writeln!(out, "{}, {} certificates", args.function.name(), args.certificate.name())?;
    writeln!(out, "  identified by  {}", methods.join(", "))?;
    writeln!(out, "  terms          {}", required(plan.terms))?;
    writeln!(out, "  signature      {}", required(plan.signature))?;
    writeln!(out, "  scan           {}", required(plan.scan))?;
    writeln!(
        out,
        "  earlier scan   {}",
        if plan.compare_previous_scan { "compared when a third party vouches" } else { "not compared" }
    )?;
    writeln!(out, "Because:")?;
    for reason in &plan.because {
        writeln!(out, "  - {}", reason.en)?;
    }
    Ok(())
}

/// The words of the command line are the stable names of the rules.
macro_rules! named_values {
    ($($kind:ty),*) => {$(
        impl ValueEnum for $kind {
            fn value_variants<'a>() -> &'a [Self] {
                &Self::ALL
            }
            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(self.name()))
            }
        }
    )*};
}
named_values!(Function, CertificateKind, LraMode, CardState);
