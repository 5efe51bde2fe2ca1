//! The journal: every event of every control in one gapless, hash-chained sequence.
//!
//! # The chain
//! A row's hash is the SHA-256 of these fields, each preceded by its length in bytes as eight bytes, most significant first:
//!
//! | field | form |
//! |---|---|
//! | domain | `bam-station journal 1` |
//! | seq | eight bytes, most significant first; the first row is 1 |
//! | stream | UTF-8 |
//! | at | UTF-8, RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z` |
//! | kind | UTF-8 |
//! | commitment | 32 bytes, see below |
//! | prev | the 32 bytes of the previous row's hash; 32 zero bytes for the first row |
//!
//! The commitment is the SHA-256, in the same manner, of `bam-station journal body 1`, the row's 16 random bytes of salt and the
//! exact text of the body. So a body with personal data can be erased at the end of its retention period, salt and all, and the
//! chain still holds; without the salt, nobody finds an erased identity number again by trying them all.
//!
//! In a sealed register the body of an entry about people is sealed together with its salt, and the row keeps the commitment beside
//! them: the chain is checked without any key, and with a key each body is compared with its commitment as well.
//!
//! The chain proves that nothing inside it was changed. That its tail was not cut off is proven by the [`Head`]s that have left
//! the machine, printed in the reports: [`Register::contains`] checks one.

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    Register, RegisterError, check_name,
    controls::CONTROL_REGISTERED,
    database::{Database, Row, Transaction, Value, instant_text},
    lost_desk,
    outbox::RECEIPT_KEPT,
    purge::{CONTROL_PURGED, tombstone_of},
    raised::REPORT_RAISED,
};
use crate::{digest::Digest, seal::SealError};

/// The largest body of a journal entry, in bytes of JSON. Pictures and strokes are evidence, not journal.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The stream of what the register itself does: `control-registered`, `receipt-kept`. Controls have streams of their own.
pub const REGISTER_STREAM: &str = "register";

/// The columns of [`ChainedRow::read`].
pub(super) const ROW: &str = "seq, stream, at, kind, body, salt, prev, hash, erased, control, commitment";

/// The columns of [`seal_again`].
pub(super) const AGAIN: &str = "seq, stream, kind, body, salt, erased, commitment";

/// So many names of streams are read at once.
const FEW_STREAMS: u16 = 100;

/// So many rows of the journal are read at once: some hundred kilobytes as a rule, a hundred megabytes at worst.
const PAGE: u16 = 100;

/// An event on its way into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    kind: String,
    body: String,
    /// What the body calls its control.
    control: Option<String>,
}

impl JournalEntry {
    /// An event of the given kind (1–64 letters, digits, hyphens) with its content as compact JSON, keys in alphabetical order.
    ///
    /// # Errors
    /// [`RegisterError::BadName`], [`RegisterError::BadBody`], [`RegisterError::TooLarge`] beyond [`MAX_BODY_BYTES`].
    pub fn new(kind: &str, body: &impl Serialize) -> Result<Self, RegisterError> {
        check_name(kind)?;
        // Through a value, whose maps are sorted: the text does not depend on the order of fields in the source.
        let body = serde_json::to_value(body).map_err(|_| RegisterError::BadBody)?;
        let control = named_control(&body);
        let body = body.to_string();
        if body.len() > MAX_BODY_BYTES {
            return Err(RegisterError::TooLarge { limit: u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX) });
        }
        Ok(Self { kind: kind.to_owned(), body, control })
    }
}

/// The control that an entry of the register's own stream is about.
fn named_control(body: &serde_json::Value) -> Option<String> {
    body.get("control").and_then(serde_json::Value::as_str).map(str::to_owned)
}

/// The place that an event has got in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// Its hash.
    pub hash: Digest,
}

/// The end of the journal: a statement about everything before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The number of the last row; 0 when the journal is empty.
    pub seq: u64,
    /// The hash of the last row; 32 zero bytes when the journal is empty.
    pub hash: Digest,
}

impl Head {
    /// The head of an empty journal.
    pub const EMPTY: Self = Self { seq: 0, hash: Digest::from_bytes([0; 32]) };
}

/// An event as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its number.
    pub seq: u64,
    /// The control id, or the name of another stream.
    pub stream: String,
    /// When it happened, to the millisecond.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// The content: JSON, exactly the text that is hashed.
    pub body: String,
    /// Its hash.
    pub hash: Digest,
}

/// The outcome of [`Register::verify_journal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalReport {
    /// How many rows hold, counted from the first.
    pub entries: u64,
    /// The head of the rows that hold.
    pub head: Head,
    /// Rows among them whose sealed content no key at hand opens: of these the commitment holds.
    pub closed: u64,
    /// The first row that does not hold; nothing after it was looked at.
    pub first_bad: Option<BadEntry>,
}

/// A row of the journal that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadEntry {
    /// Its number.
    pub seq: u64,
    /// What does not hold.
    pub what: &'static str,
}

impl Register {
    /// Appends events to a stream (a control id or another name), all or none. They are on the disk when this returns.
    ///
    /// # Errors
    /// [`RegisterError::BadName`] for the stream; otherwise what stands in the way of the database.
    pub fn append(&mut self, stream: &str, entries: &[JournalEntry], at: Timestamp) -> Result<Vec<Appended>, RegisterError> {
        let transaction = self.begin()?;
        let appended = append_in(&transaction, stream, entries, at)?;
        transaction.commit()?;
        Ok(appended)
    }

    /// The events of a stream in their order. Those that were [erased](Register::purge) are not among them.
    pub fn entries(&self, stream: &str) -> Result<Vec<StoredEntry>, RegisterError> {
        let sql = format!("SELECT {ROW} FROM journal WHERE stream = $1 AND erased IS NULL ORDER BY seq");
        self.database.read(&sql, &[stream.into()], |row| Ok(ChainedRow::read(&self.database, &row)?.entry))
    }

    /// The first event of a stream, unless it was erased.
    pub fn first_entry(&self, stream: &str) -> Result<Option<StoredEntry>, RegisterError> {
        let sql = format!("SELECT {ROW} FROM journal WHERE stream = $1 ORDER BY seq LIMIT 1");
        let row = self.database.first(&sql, &[stream.into()])?;
        match row.map(|row| Ok::<_, RegisterError>((row.is_null("erased")?, row))).transpose()? {
            Some((true, row)) => Ok(Some(ChainedRow::read(&self.database, &row)?.entry)),
            _ => Ok(None),
        }
    }

    /// The entries of the register's own stream that hold nothing personal: no key is needed.
    pub(super) fn own_entries(&self) -> Result<Vec<StoredEntry>, RegisterError> {
        let sql = format!("SELECT {ROW} FROM journal WHERE stream = $1 AND commitment IS NULL AND erased IS NULL ORDER BY seq");
        self.database.read(&sql, &[REGISTER_STREAM.into()], |row| Ok(ChainedRow::read(&self.database, &row)?.entry))
    }

    /// Looks at the entries of one kind in all streams, the newest first, until `look` has found what it looks for.
    pub fn find_newest<T>(
        &self,
        kind: &str,
        mut look: impl FnMut(&StoredEntry) -> ControlFlow<T>,
    ) -> Result<Option<T>, RegisterError> {
        let sql = format!("SELECT {ROW} FROM journal WHERE kind = $1 AND erased IS NULL AND seq < $2 ORDER BY seq DESC LIMIT $3");
        let mut before = i64::MAX;
        loop {
            let page = self.database.query(&sql, &[kind.into(), before.into(), PAGE.into()])?;
            for row in &page {
                if let ControlFlow::Break(found) = look(&ChainedRow::read(&self.database, row)?.entry) {
                    return Ok(Some(found));
                }
            }
            let Some(last) = page.last() else { return Ok(None) };
            before = last.get("seq")?;
        }
    }

    /// The names of all streams that hold something, in the order in which they began.
    pub fn streams(&self) -> Result<Vec<String>, RegisterError> {
        self.database
            .read("SELECT stream FROM journal WHERE erased IS NULL GROUP BY stream ORDER BY min(seq)", &[], |row| row.first())
    }

    /// The streams of this desk, the newest first, until `look` has found what it looks for. Where nobody shares the register, all
    /// streams are this desk's.
    pub fn find_own_stream<T, E: From<RegisterError>>(
        &self,
        mut look: impl FnMut(&str) -> Result<ControlFlow<T>, E>,
    ) -> Result<Option<T>, E> {
        let mut before = i64::MAX;
        loop {
            let few = i64::from(FEW_STREAMS);
            let page = match self.database.desk() {
                Some(desk) => self.database.query(
                    "SELECT stream, first FROM streams WHERE desk = $1 AND first < $2 ORDER BY first DESC LIMIT $3",
                    &[desk.into(), before.into(), few.into()],
                )?,
                None => self.database.query(
                    "SELECT stream, min(seq) AS first FROM journal WHERE erased IS NULL GROUP BY stream
                     HAVING min(seq) < $1 ORDER BY min(seq) DESC LIMIT $2",
                    &[before.into(), few.into()],
                )?,
            };
            for row in &page {
                if let ControlFlow::Break(found) = look(&row.get::<String>("stream")?)? {
                    return Ok(Some(found));
                }
            }
            let Some(last) = page.last() else { return Ok(None) };
            before = last.get("first")?;
        }
    }

    /// The end of the journal.
    pub fn head(&self) -> Result<Head, RegisterError> {
        head_of(&self.database)
    }

    /// Whether the journal holds the row that `head` names. A head that was printed in a report and is not contained any more
    /// proves that the journal was cut or rewritten.
    pub fn contains(&self, head: &Head) -> Result<bool, RegisterError> {
        if head.seq == 0 {
            return Ok(*head == Head::EMPTY);
        }
        let Ok(seq) = i64::try_from(head.seq) else {
            return Ok(false);
        };
        let found: Option<String> = self.database.value("SELECT hash FROM journal WHERE seq = $1", &[seq.into()])?;
        Ok(found.is_some_and(|hash| hash == head.hash.to_string()))
    }

    /// Recomputes the whole chain and names the first row that does not hold. `progress` is told rows done and rows in all.
    ///
    /// # Errors
    /// Only when the rows cannot be read; a row that does not hold is in the report.
    pub fn verify_journal(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<JournalReport, RegisterError> {
        // One read transaction: the picture does not move while a station writes beside it.
        let snapshot = self.database.snapshot()?;
        let total = snapshot.value("SELECT count(*) FROM journal", &[])?.unwrap_or_default();
        let mut head = Head::EMPTY;
        let mut closed = 0;
        let first_bad = each_row(&snapshot, i64::MIN, |row| {
            let seq = row.get("seq")?;
            let read = match ChainedRow::read(&snapshot, row) {
                Err(RegisterError::Seal(SealError::NotForTheseKeys)) => {
                    closed += 1;
                    ChainedRow::read_closed(row)
                }
                read => read,
            };
            let fault = match read {
                Ok(ChainedRow { erased: Some(_), entry, .. }) if tombstone_of(&snapshot, &entry.stream)?.is_none() => {
                    Err("its content was erased, and no tombstone says so")
                }
                Ok(chained) => chained.fault_after(&head),
                Err(RegisterError::Seal(error)) if error.is_damage() => {
                    Err("its sealed content was changed or put there from elsewhere")
                }
                Err(RegisterError::Damaged(_)) => Err("a value has another form than the one that was written"),
                Err(other) => return Err(other),
            };
            match fault {
                Ok(hash) => head = Head { seq, hash },
                Err(what) => return Ok(ControlFlow::Break(BadEntry { seq, what })),
            }
            if seq % 1000 == 0 {
                progress(seq, total);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if first_bad.is_none() {
            progress(head.seq, total);
        }
        Ok(JournalReport { entries: head.seq, head, closed, first_bad })
    }

    /// A write transaction. What it reads first is still true when it writes.
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>, RegisterError> {
        self.database.write()
    }
}

/// Looks at the rows of the journal from the number `from` on, in their order, until `look` breaks off. Rows are only ever added at the
/// end, so the pages fit each other.
pub(super) fn each_row<T, E: From<RegisterError>>(
    database: &Database,
    from: i64,
    mut look: impl FnMut(&Row) -> Result<ControlFlow<T>, E>,
) -> Result<Option<T>, E> {
    let first = format!("SELECT {ROW} FROM journal WHERE seq >= $1 ORDER BY seq LIMIT $2");
    let next = format!("SELECT {ROW} FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2");
    let mut page = database.query(&first, &[from.into(), PAGE.into()])?;
    loop {
        for row in &page {
            if let ControlFlow::Break(found) = look(row)? {
                return Ok(Some(found));
            }
        }
        let Some(last) = page.last() else { return Ok(None) };
        page = database.query(&next, &[last.get::<i64>("seq")?.into(), PAGE.into()])?;
    }
}

/// Appends inside a transaction that the caller commits.
pub(super) fn append_in(
    transaction: &Transaction<'_>,
    stream: &str,
    entries: &[JournalEntry],
    at: Timestamp,
) -> Result<Vec<Appended>, RegisterError> {
    check_name(stream)?;
    if stream != REGISTER_STREAM && !entries.is_empty() {
        claim(transaction, stream, entries)?;
    }
    append_to_any(transaction, stream, entries, at)
}

/// As [`append_in`], whichever desk the stream belongs to.
pub(super) fn append_to_any(
    transaction: &Transaction<'_>,
    stream: &str,
    entries: &[JournalEntry],
    at: Timestamp,
) -> Result<Vec<Appended>, RegisterError> {
    let at_text = instant_text(at);
    let mut head = head_of(transaction)?;
    let mut appended = Vec::with_capacity(entries.len());
    for JournalEntry { kind, body, control } in entries {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| RegisterError::NoRandomness)?;
        let seq = head.seq.saturating_add(1);
        let commitment = commitment(&salt, body);
        let hash = row_hash(seq, stream, &at_text, kind, &commitment, &head.hash);
        let closed = transaction.seal().seals() && !is_public(stream, kind);
        let (kept, salt, commitment) = if closed {
            (sealed_body(transaction, signed(seq)?, salt, body)?, [0; 16], Some(commitment))
        } else {
            (body.into(), salt, None)
        };
        let about = control.as_ref().filter(|_| stream == REGISTER_STREAM);
        transaction.execute(
            "INSERT INTO journal (seq, stream, at, kind, body, salt, prev, hash, control, commitment)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                signed(seq)?.into(),
                stream.into(),
                at_text.as_str().into(),
                kind.into(),
                kept,
                salt.as_slice().into(),
                head.hash.into(),
                hash.into(),
                about.into(),
                commitment.into(),
            ],
        )?;
        head = Head { seq, hash };
        appended.push(Appended { seq, hash });
    }
    Ok(appended)
}

/// Entries of the register's own stream that hold nothing personal. They are not sealed, so that whoever has no key can still compare
/// controls, receipts and tombstones with the chain.
fn is_public(stream: &str, kind: &str) -> bool {
    let public = [CONTROL_REGISTERED, RECEIPT_KEPT, REPORT_RAISED, CONTROL_PURGED];
    stream == REGISTER_STREAM && (public.contains(&kind) || kind.starts_with("authorisation-"))
}

fn place(seq: i64) -> String {
    format!("journal {seq}")
}

/// The body of an entry as it is sealed, after its salt: with the salt outside, what is guessed about a person could be tried
/// against the commitment.
fn sealed_body(database: &Database, seq: i64, salt: [u8; 16], body: &str) -> Result<Value, RegisterError> {
    let text = Zeroizing::new(format!("{:032x}\n{body}", u128::from_be_bytes(salt)));
    database.personal(&place(seq), &text)
}

/// Salt and body of a sealed entry.
fn opened_body(database: &Database, row: &Row) -> Result<(Vec<u8>, String), RegisterError> {
    let text = database.personal_text(row, "body", &place(row.get("seq")?))?;
    let (salt, body) = text.split_once('\n').ok_or(SealError::Misplaced)?;
    let salt = u128::from_str_radix(salt, 16).map_err(|_| SealError::Misplaced)?;
    Ok((salt.to_be_bytes().to_vec(), body.to_owned()))
}

/// Shows what stands in the journal for each body that is personal, as it stands there.
pub(super) fn each_private_body(database: &Database, mut look: impl FnMut(&str)) -> Result<(), RegisterError> {
    each_row(database, i64::MIN, |row| -> Result<ControlFlow<()>, RegisterError> {
        let (stream, kind, body): (String, String, String) = (row.get("stream")?, row.get("kind")?, row.get("body")?);
        if row.is_null("erased")? && !is_public(&stream, &kind) {
            look(&body);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

/// Seals an entry (columns [`AGAIN`]) to the present recipients, unless it is or needs no seal; whether it did.
pub(super) fn seal_again(transaction: &Transaction<'_>, row: &Row) -> Result<bool, RegisterError> {
    let (stream, kind, kept): (String, String, String) = (row.get("stream")?, row.get("kind")?, row.get("body")?);
    if !row.is_null("erased")? || is_public(&stream, &kind) || transaction.seal().is_current_text(&kept) {
        return Ok(false);
    }
    let promised: Option<Digest> = row.parsed_option("commitment")?;
    let (salt, body) = match promised {
        Some(_) => opened_body(transaction, row)?,
        None => (row.get("salt")?, kept),
    };
    let commitment = commitment(&salt, &body);
    if promised.is_some_and(|promised| promised != commitment) {
        return Err(SealError::Misplaced.into());
    }
    let seq: i64 = row.get("seq")?;
    let salt = salt.try_into().map_err(|_| SealError::Misplaced)?;
    transaction.execute(
        "UPDATE journal SET body = $1, salt = $2, commitment = $3 WHERE seq = $4",
        &[sealed_body(transaction, seq, salt, &body)?, [0_u8; 16].as_slice().into(), commitment.into(), seq.into()],
    )?;
    Ok(true)
}

/// A stream belongs to the desk that began it; nobody else goes on with it.
fn claim(transaction: &Transaction<'_>, stream: &str, entries: &[JournalEntry]) -> Result<(), RegisterError> {
    let Some(desk) = transaction.desk() else { return Ok(()) };
    match lost_desk::owner(transaction, stream)? {
        Some(owner) if owner == desk => {
            let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
            lost_desk::check_not_ended(transaction, stream, &kinds)
        }
        Some(_) => Err(RegisterError::OtherDesk),
        None => {
            let first = signed(head_of(transaction)?.seq.saturating_add(1))?;
            let sql = "INSERT INTO streams (stream, desk, first) VALUES ($1, $2, $3)";
            transaction.execute(sql, &[stream.into(), desk.into(), first.into()])?;
            Ok(())
        }
    }
}

/// The databases count with signed numbers.
pub(super) fn signed(number: u64) -> Result<i64, RegisterError> {
    i64::try_from(number).map_err(|_| RegisterError::TooLarge { limit: u64::MAX / 2 })
}

fn head_of(database: &Database) -> Result<Head, RegisterError> {
    match database.first("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1", &[])? {
        Some(row) => Ok(Head { seq: row.get("seq")?, hash: row.parsed("hash")? }),
        None => Ok(Head::EMPTY),
    }
}

fn hash_fields(fields: &[&[u8]]) -> Digest {
    let mut message = Vec::with_capacity(fields.iter().map(|field| field.len().saturating_add(8)).sum());
    for field in fields {
        message.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        message.extend_from_slice(field);
    }
    Digest::of(&message)
}

pub(super) fn commitment(salt: &[u8], body: &str) -> Digest {
    hash_fields(&[b"bam-station journal body 1", salt, body.as_bytes()])
}

pub(super) fn row_hash(seq: u64, stream: &str, at: &str, kind: &str, commitment: &Digest, prev: &Digest) -> Digest {
    hash_fields(&[
        b"bam-station journal 1",
        &seq.to_be_bytes(),
        stream.as_bytes(),
        at.as_bytes(),
        kind.as_bytes(),
        commitment.as_bytes(),
        prev.as_bytes(),
    ])
}

/// A row with everything that its hash covers.
pub(super) struct ChainedRow {
    pub entry: StoredEntry,
    /// The instant exactly as it is hashed.
    pub at: String,
    pub salt: Vec<u8>,
    pub prev: Digest,
    /// The commitment to the body, where the body was erased.
    pub erased: Option<Digest>,
    /// The commitment to the body, where the body is sealed.
    sealed: Option<Digest>,
    /// Sealed and not opened: there is neither body nor salt.
    closed: bool,
    /// The control that an entry of the register's own stream is about, as it is searched for.
    control: Option<String>,
}

impl ChainedRow {
    /// Reads a row with the columns [`ROW`].
    pub fn read(database: &Database, row: &Row) -> Result<Self, RegisterError> {
        let closed = Self::read_closed(row)?;
        if !closed.closed {
            return Ok(closed);
        }
        let (salt, body) = opened_body(database, row)?;
        Ok(Self { salt, closed: false, entry: StoredEntry { body, ..closed.entry }, ..closed })
    }

    /// Reads a row without opening what is sealed; then there is no body.
    pub fn read_closed(row: &Row) -> Result<Self, RegisterError> {
        let erased: Option<Digest> = row.parsed_option("erased")?;
        let sealed: Option<Digest> = row.parsed_option("commitment")?;
        let closed = erased.is_none() && sealed.is_some();
        let body = if closed { String::new() } else { row.get("body")? };
        let entry = StoredEntry {
            seq: row.get("seq")?,
            stream: row.get("stream")?,
            at: row.parsed("at")?,
            kind: row.get("kind")?,
            body,
            hash: row.parsed("hash")?,
        };
        let (at, salt, prev) = (row.get("at")?, row.get("salt")?, row.parsed("prev")?);
        Ok(Self { entry, at, salt, prev, erased, sealed, closed, control: row.get("control")? })
    }

    /// What the row's hash says about its body.
    pub fn commitment(&self) -> Digest {
        let kept = if self.closed { self.sealed } else { self.erased };
        kept.unwrap_or_else(|| commitment(&self.salt, &self.entry.body))
    }

    /// The row's hash when it follows `head`, else what does not hold.
    fn fault_after(&self, head: &Head) -> Result<Digest, &'static str> {
        let StoredEntry { seq, stream, kind, body, hash, .. } = &self.entry;
        if self.erased.is_some() && !(body.is_empty() && self.salt.iter().all(|byte| *byte == 0)) {
            return Err("it is marked as erased, yet it has content");
        }
        if self.sealed.is_some_and(|sealed| sealed != self.commitment()) {
            return Err("its sealed content is not the one that was written");
        }
        if *seq != head.seq.saturating_add(1) {
            return Err("rows before it are missing");
        }
        if self.prev != head.hash {
            return Err("it does not follow the row before it");
        }
        if row_hash(*seq, stream, &self.at, kind, &self.commitment(), &self.prev) != *hash {
            return Err("its content was changed");
        }
        if !self.closed && self.control != self.control_in_body() {
            return Err("it is found under another control than the one it is about");
        }
        Ok(*hash)
    }

    fn control_in_body(&self) -> Option<String> {
        let own = self.entry.stream == REGISTER_STREAM;
        own.then(|| serde_json::from_str(&self.entry.body).ok()).flatten().as_ref().and_then(named_control)
    }
}
