//! `bam-station config terms`: which terms hold on a day, and how they read.

use std::{path::PathBuf, process::ExitCode};

use jiff::civil::Date;
use serde_json::json;

use super::super::exit;
use crate::{
    config::{
        Configuration, Language, find,
        terms::{Block, Terms},
    },
    rules::CertificateKind,
};

/// Arguments of `config terms`.
#[derive(Debug, clap::Args)]
pub struct TermsArgs {
    /// The day, YYYY-MM-DD [default: today at the office]
    #[arg(long, value_name = "DAY")]
    pub on: Option<Date>,
    /// Only the terms for this kind of certificate, with their whole text
    #[arg(long)]
    pub certificate: Option<CertificateKind>,
    /// Only this language
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Prints what holds: 0 something does, 1 nothing does on that day, 2 the configuration is not good.
pub fn terms(args: &TermsArgs, master: Option<PathBuf>, local: Option<PathBuf>) -> ExitCode {
    let whole = match find(master, local).and_then(|found| Configuration::load(&found)) {
        Ok(whole) => whole,
        Err(error) => {
            exit::complain(error.code(), &error);
            return exit::WRONG_USE.into();
        }
    };
    let on = args.on.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(whole.zone()).date());
    let kinds = CertificateKind::ALL.into_iter().filter(|kind| args.certificate.is_none_or(|only| only == *kind));
    let mut held: Vec<&Terms> = kinds
        .flat_map(|kind| Language::ALL.into_iter().map(move |language| (kind, language)))
        .filter_map(|(kind, language)| whole.terms.for_certificate(kind, language, on))
        .collect();
    held.retain(|terms| args.language.as_deref().is_none_or(|code| terms.language.code() == code));
    let code = if held.is_empty() { exit::NO } else { exit::DONE };
    // What comes into force later is told, so that nobody waits for it in vain.
    let later: Vec<&Terms> = whole.terms.all().iter().filter(|terms| terms.valid_from > on).collect();
    if args.json {
        let shown = |terms: &&Terms| {
            json!({
                "Id": terms.id, "Certificate": terms.certificate, "Version": terms.version, "Language": terms.language,
                "Title": terms.title, "ValidFrom": terms.valid_from, "Digest": terms.digest,
                "Text": args.certificate.map(|_| &terms.text),
            })
        };
        let document = json!({
            "ok": code == exit::DONE, "on": on, "terms": held.iter().map(shown).collect::<Vec<_>>(),
            "later": later.iter().map(shown).collect::<Vec<_>>(),
        });
        return exit::print(&document).map_or_else(|code| code, |()| code.into());
    }
    for terms in &held {
        if let Err(code) = print(terms, args.certificate.is_some()) {
            return code;
        }
    }
    for terms in later {
        exit::say(&format_args!("from {}: {} {} {}", terms.valid_from, terms.id, terms.version, terms.language.code()));
    }
    if held.is_empty() {
        exit::say(&format_args!("no terms hold on {on}"));
    }
    code.into()
}

fn print(terms: &Terms, whole: bool) -> Result<(), ExitCode> {
    let Terms { id, version, language, title, digest, valid_from, .. } = terms;
    exit::print(&format_args!("{id} {version} {}  from {valid_from}  sha256 {digest}  {title}", language.code()))?;
    if whole {
        for block in terms.blocks() {
            match block {
                Block::Heading(text) => exit::print(&format_args!("\n## {text}"))?,
                Block::Paragraph(text) => exit::print(&format_args!("\n{text}"))?,
            }
        }
        exit::print(&"")?;
    }
    Ok(())
}
