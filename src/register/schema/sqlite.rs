//! The register's tables in SQLite. `STRICT`: a column holds what its type says.

use super::super::database::Schema;

/// What version 2 of the register adds: notices to people, and a way to find the entries of one kind.
const NOTICES: &str = "
        CREATE INDEX journal_of_kind ON journal (kind, seq);

        CREATE TABLE notices (
            id        INTEGER PRIMARY KEY,
            control   TEXT NOT NULL,
            recipient TEXT NOT NULL CHECK (recipient IN ('holder', 'voucher')),
            name      TEXT NOT NULL,
            user_name TEXT,
            text_nb   TEXT NOT NULL,
            text_en   TEXT NOT NULL,
            state     TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent')),
            queued_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX notices_of_control ON notices (control);
        CREATE INDEX notices_queued ON notices (id) WHERE state = 'queued';
";

/// What version 3 of the register adds: what the register itself says about a control, found by the control, and controls whose
/// personal data has been erased at the end of their retention. An erased entry of the journal keeps the commitment to its body in
/// place of body and salt, so the chain still holds.
const ERASURE: &str = "
        ALTER TABLE journal ADD COLUMN erased TEXT CHECK (length(erased) = 64);
        CREATE INDEX journal_about_control ON journal (json_extract(body, '$.control'), seq) WHERE stream = 'register';
        CREATE TABLE purged (
            control   TEXT PRIMARY KEY REFERENCES controls (control),
            tombstone INTEGER NOT NULL UNIQUE REFERENCES journal (seq)
        ) STRICT;
        CREATE TRIGGER tombstones_are_not_changed BEFORE UPDATE ON purged
            BEGIN SELECT raise(ABORT, 'a tombstone is not changed'); END;
        CREATE TRIGGER tombstones_are_not_removed BEFORE DELETE ON purged
            BEGIN SELECT raise(ABORT, 'a tombstone is not removed'); END;
        DROP TRIGGER journal_is_not_changed;
        CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            WHEN NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND NEW.body = '' AND NEW.salt = zeroblob(16)
                AND NEW.seq = OLD.seq AND NEW.stream = OLD.stream AND NEW.at = OLD.at AND NEW.kind = OLD.kind
                AND NEW.prev = OLD.prev AND NEW.hash = OLD.hash
                AND EXISTS (SELECT 1 FROM purged WHERE control = OLD.stream))
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
";

/// What version 4 of the register adds: what the issuing system is told about each approved control, once.
const HAND_OVER: &str = "
        CREATE TABLE authorisations (
            control         TEXT PRIMARY KEY REFERENCES controls (control),
            state           TEXT NOT NULL DEFAULT 'waiting'
                            CHECK (state IN ('waiting', 'open', 'used', 'expired', 'withdrawn')),
            document        TEXT,
            valid_until     TEXT,
            changed_at      TEXT NOT NULL,
            attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            next_attempt_at TEXT NOT NULL,
            last_error      TEXT,
            CHECK ((document IS NULL) = (valid_until IS NULL))
        ) STRICT;
        CREATE INDEX authorisations_live ON authorisations (next_attempt_at) WHERE state IN ('waiting', 'open');
        CREATE TRIGGER authorisations_end_once BEFORE UPDATE OF state ON authorisations
            WHEN OLD.state IN ('used', 'expired', 'withdrawn')
            BEGIN SELECT raise(ABORT, 'the authorisation is settled'); END;
";

/// What version 5 of the register adds: the control that an entry of the register's own stream is about, and the raised reports, as
/// columns. A body is looked into by nobody who has to search. A row that somebody has tampered with is left to `register verify`.
const FOUND_BY_COLUMNS: &str = "
        DROP INDEX journal_about_control;
        ALTER TABLE journal ADD COLUMN control TEXT;
        DROP TRIGGER journal_is_not_changed;
        UPDATE journal SET control = json_extract(body, '$.control') WHERE stream = 'register' AND json_valid(body);
        CREATE INDEX journal_about_control ON journal (control, seq) WHERE control IS NOT NULL;
        CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            WHEN NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND NEW.body = '' AND NEW.salt = zeroblob(16)
                AND NEW.seq = OLD.seq AND NEW.stream = OLD.stream AND NEW.at = OLD.at AND NEW.kind = OLD.kind
                AND NEW.prev = OLD.prev AND NEW.hash = OLD.hash AND NEW.control IS OLD.control
                AND EXISTS (SELECT 1 FROM purged WHERE control = OLD.stream))
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;

        CREATE TABLE raised (
            entry   INTEGER PRIMARY KEY REFERENCES journal (seq),
            control TEXT NOT NULL REFERENCES controls (control),
            report  TEXT NOT NULL CHECK (length(report) = 64),
            level   TEXT NOT NULL
        ) STRICT;
        CREATE INDEX raised_of_control ON raised (control, entry);
        INSERT OR IGNORE INTO raised (entry, control, report, level)
            SELECT seq, control, json_extract(body, '$.report'), json_extract(body, '$.level') FROM journal
            WHERE stream = 'register' AND kind = 'report-raised' AND json_valid(body) AND control IN (SELECT control FROM controls);
        CREATE TRIGGER raised_are_not_changed BEFORE UPDATE ON raised
            BEGIN SELECT raise(ABORT, 'a raised report is not changed'); END;
        CREATE TRIGGER raised_are_not_removed BEFORE DELETE ON raised
            BEGIN SELECT raise(ABORT, 'a raised report is not removed'); END;
";

/// What version 6 of the register adds: sealed bodies with the commitment to them beside, the index of people, and what the register
/// remembers about itself.
const SEALED: &str = "
        ALTER TABLE journal ADD COLUMN commitment TEXT CHECK (length(commitment) = 64);
        DROP TRIGGER journal_is_not_changed;
        CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            WHEN NOT (OLD.erased IS NULL AND NEW.salt = zeroblob(16)
                AND NEW.seq = OLD.seq AND NEW.stream = OLD.stream AND NEW.at = OLD.at AND NEW.kind = OLD.kind
                AND NEW.prev = OLD.prev AND NEW.hash = OLD.hash AND NEW.control IS OLD.control
                AND ((NEW.erased IS NOT NULL AND NEW.body = '' AND NEW.commitment IS OLD.commitment
                        AND EXISTS (SELECT 1 FROM purged WHERE control = OLD.stream))
                    OR (NEW.erased IS NULL AND NEW.commitment IS NOT NULL
                        AND NEW.commitment = coalesce(OLD.commitment, NEW.commitment)
                        AND substr(NEW.body, 1, 35) = '-----BEGIN AGE ENCRYPTED FILE-----' || char(10))))
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;

        CREATE TABLE people (
            token      BLOB NOT NULL CHECK (length(token) = 32),
            registered INTEGER NOT NULL REFERENCES controls (registered),
            PRIMARY KEY (token, registered)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX people_of_control ON people (registered);

        CREATE TABLE settings (
            name  TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT;
";

/// What version 7 of the register adds: a receipt that is kept is not changed any more; and controls that were approved before there
/// were authorisations wait for theirs like all others, though most are over by now.
const KEPT_RECEIPTS: &str = "
        INSERT INTO authorisations (control, changed_at, next_attempt_at)
            SELECT control, completed_at, completed_at FROM controls
            WHERE outcome = 'approved' AND control NOT IN (SELECT control FROM purged)
                AND control NOT IN (SELECT control FROM authorisations);
        CREATE TRIGGER receipts_are_kept BEFORE UPDATE OF receipt, delivered_at ON outbox WHEN OLD.receipt IS NOT NULL
            BEGIN SELECT raise(ABORT, 'a receipt is kept as it is'); END;
        CREATE TRIGGER receipts_are_not_removed BEFORE DELETE ON outbox
            BEGIN SELECT raise(ABORT, 'a place in the outbox is kept'); END;
";

/// The register's tables. What is never changed is guarded by triggers as well, against a slip of this program or of a person
/// with a database tool; whoever removes the triggers is found out by the hash chain.
pub const REGISTER: Schema = Schema {
    application_id: 0x4241_4D52, // "BAMR"
    version: 7,
    upgrades: &[(1, NOTICES), (2, ERASURE), (3, HAND_OVER), (4, FOUND_BY_COLUMNS), (5, SEALED), (6, KEPT_RECEIPTS)],
    tables: "
        CREATE TABLE journal (
            seq    INTEGER PRIMARY KEY,
            stream TEXT NOT NULL,
            at     TEXT NOT NULL,
            kind   TEXT NOT NULL,
            body   TEXT NOT NULL,
            salt   BLOB NOT NULL CHECK (length(salt) = 16),
            prev   TEXT NOT NULL CHECK (length(prev) = 64),
            hash   TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
        ) STRICT;
        CREATE INDEX journal_of_stream ON journal (stream, seq);
        CREATE TRIGGER journal_has_no_gap BEFORE INSERT ON journal
            WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
            BEGIN SELECT raise(ABORT, 'the journal has no gaps'); END;
        CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
        CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;

        CREATE TABLE controls (
            control      TEXT PRIMARY KEY,
            report       TEXT CHECK (length(report) = 64),
            function     TEXT NOT NULL,
            certificate  TEXT NOT NULL,
            outcome      TEXT NOT NULL,
            completed_at TEXT NOT NULL,
            registered   INTEGER NOT NULL UNIQUE REFERENCES journal (seq)
        ) STRICT;
        CREATE TRIGGER controls_are_not_changed BEFORE UPDATE ON controls
            BEGIN SELECT raise(ABORT, 'a registered control is not changed'); END;
        CREATE TRIGGER controls_are_not_removed BEFORE DELETE ON controls
            BEGIN SELECT raise(ABORT, 'a registered control is not removed'); END;

        CREATE TABLE outbox (
            control         TEXT PRIMARY KEY REFERENCES controls (control),
            attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            next_attempt_at TEXT NOT NULL,
            last_error      TEXT,
            receipt         TEXT,
            delivered_at    TEXT,
            CHECK ((receipt IS NULL) = (delivered_at IS NULL))
        ) STRICT;
        CREATE INDEX outbox_open ON outbox (next_attempt_at) WHERE delivered_at IS NULL;
    ",
};
