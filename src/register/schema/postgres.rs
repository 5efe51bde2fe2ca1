//! The register's tables in PostgreSQL. Texts compare byte by byte (`COLLATE "C"`), as SQLite's do.

use super::super::database::SharedSchema;

/// What version 2 of the register adds: a receipt that is kept is not changed any more, and no table of what is kept is emptied.
const KEPT_RECEIPTS: &str = "
        CREATE TRIGGER receipts_are_kept BEFORE UPDATE OF receipt, delivered_at ON outbox FOR EACH ROW
            WHEN (OLD.receipt IS NOT NULL) EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER receipts_are_not_removed BEFORE DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER receipts_are_not_emptied BEFORE TRUNCATE ON outbox EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER raised_are_not_emptied BEFORE TRUNCATE ON raised EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER streams_are_not_emptied BEFORE TRUNCATE ON streams EXECUTE FUNCTION is_kept_as_it_is();
";

/// The register's tables. What is never changed is guarded as in SQLite.
pub const REGISTER: SharedSchema = SharedSchema {
    application: "bam-station register",
    lock: 0x4241_4D52, // "BAMR"
    version: 2,
    upgrades: &[(1, KEPT_RECEIPTS)],
    erased_in: "journal, evidence, notices, authorisations, people",
    tables: r#"
        CREATE TABLE journal (
            seq     BIGINT PRIMARY KEY,
            stream  TEXT COLLATE "C" NOT NULL,
            at      TEXT COLLATE "C" NOT NULL,
            kind    TEXT COLLATE "C" NOT NULL,
            body    TEXT NOT NULL,
            salt    BYTEA NOT NULL CHECK (octet_length(salt) = 16),
            prev    TEXT COLLATE "C" NOT NULL CHECK (length(prev) = 64),
            hash    TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(hash) = 64),
            erased  TEXT COLLATE "C" CHECK (length(erased) = 64),
            control TEXT COLLATE "C",
            commitment TEXT COLLATE "C" CHECK (length(commitment) = 64)
        );
        CREATE INDEX journal_of_stream ON journal (stream, seq);
        CREATE INDEX journal_of_kind ON journal (kind, seq);
        CREATE INDEX journal_about_control ON journal (control, seq) WHERE control IS NOT NULL;

        CREATE TABLE streams (
            stream TEXT COLLATE "C" PRIMARY KEY,
            desk   TEXT COLLATE "C" NOT NULL,
            first  BIGINT NOT NULL
        );
        CREATE INDEX streams_of_desk ON streams (desk, first);

        CREATE TABLE controls (
            control      TEXT COLLATE "C" PRIMARY KEY,
            report       TEXT COLLATE "C" CHECK (length(report) = 64),
            function     TEXT COLLATE "C" NOT NULL,
            certificate  TEXT COLLATE "C" NOT NULL,
            outcome      TEXT COLLATE "C" NOT NULL,
            completed_at TEXT COLLATE "C" NOT NULL,
            registered   BIGINT NOT NULL UNIQUE REFERENCES journal (seq)
        );

        CREATE TABLE outbox (
            control         TEXT COLLATE "C" PRIMARY KEY REFERENCES controls (control),
            attempts        BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            next_attempt_at TEXT COLLATE "C" NOT NULL,
            last_error      TEXT,
            receipt         TEXT,
            delivered_at    TEXT COLLATE "C",
            CHECK ((receipt IS NULL) = (delivered_at IS NULL))
        );
        CREATE INDEX outbox_open ON outbox (next_attempt_at) WHERE delivered_at IS NULL;

        CREATE TABLE notices (
            id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            control   TEXT COLLATE "C" NOT NULL,
            recipient TEXT NOT NULL CHECK (recipient IN ('holder', 'voucher')),
            name      TEXT NOT NULL,
            user_name TEXT,
            text_nb   TEXT NOT NULL,
            text_en   TEXT NOT NULL,
            state     TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent')),
            queued_at TEXT COLLATE "C" NOT NULL
        );
        CREATE INDEX notices_of_control ON notices (control);
        CREATE INDEX notices_queued ON notices (id) WHERE state = 'queued';

        CREATE TABLE purged (
            control   TEXT COLLATE "C" PRIMARY KEY REFERENCES controls (control),
            tombstone BIGINT NOT NULL UNIQUE REFERENCES journal (seq)
        );

        CREATE TABLE authorisations (
            control         TEXT COLLATE "C" PRIMARY KEY REFERENCES controls (control),
            state           TEXT NOT NULL DEFAULT 'waiting'
                            CHECK (state IN ('waiting', 'open', 'used', 'expired', 'withdrawn')),
            document        TEXT,
            valid_until     TEXT COLLATE "C",
            changed_at      TEXT COLLATE "C" NOT NULL,
            attempts        BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            next_attempt_at TEXT COLLATE "C" NOT NULL,
            last_error      TEXT,
            CHECK ((document IS NULL) = (valid_until IS NULL))
        );
        CREATE INDEX authorisations_live ON authorisations (next_attempt_at) WHERE state IN ('waiting', 'open');

        CREATE TABLE raised (
            entry   BIGINT PRIMARY KEY REFERENCES journal (seq),
            control TEXT COLLATE "C" NOT NULL REFERENCES controls (control),
            report  TEXT COLLATE "C" NOT NULL CHECK (length(report) = 64),
            level   TEXT COLLATE "C" NOT NULL
        );
        CREATE INDEX raised_of_control ON raised (control, entry);

        CREATE TABLE people (
            token      BYTEA NOT NULL CHECK (octet_length(token) = 32),
            registered BIGINT NOT NULL REFERENCES controls (registered),
            PRIMARY KEY (token, registered)
        );
        CREATE INDEX people_of_control ON people (registered);

        CREATE TABLE settings (
            name  TEXT COLLATE "C" PRIMARY KEY,
            value TEXT NOT NULL
        );

        CREATE TABLE evidence (
            digest TEXT COLLATE "C" PRIMARY KEY CHECK (length(digest) = 64),
            bytes  BYTEA NOT NULL
        );
        -- Scans and reports are compressed already.
        ALTER TABLE evidence ALTER COLUMN bytes SET STORAGE EXTERNAL;

        CREATE FUNCTION journal_has_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal) THEN
                    RAISE EXCEPTION 'the journal has no gaps';
                END IF;
                RETURN NEW;
            END $$;
        CREATE TRIGGER journal_has_no_gap BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_has_no_gap();

        CREATE FUNCTION journal_is_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.erased IS NULL AND NEW.salt = decode(repeat('00', 16), 'hex')
                    AND NEW.seq = OLD.seq AND NEW.stream = OLD.stream AND NEW.at = OLD.at AND NEW.kind = OLD.kind
                    AND NEW.prev = OLD.prev AND NEW.hash = OLD.hash AND NEW.control IS NOT DISTINCT FROM OLD.control
                    AND ((NEW.erased IS NOT NULL AND NEW.body = '' AND NEW.commitment IS NOT DISTINCT FROM OLD.commitment
                            AND EXISTS (SELECT 1 FROM purged WHERE control = OLD.stream))
                        OR (NEW.erased IS NULL AND NEW.commitment IS NOT NULL
                            AND NEW.commitment = coalesce(OLD.commitment, NEW.commitment)
                            AND starts_with(NEW.body, '-----BEGIN AGE ENCRYPTED FILE-----' || chr(10))))
                THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'the journal is append-only';
            END $$;
        CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal FOR EACH ROW EXECUTE FUNCTION journal_is_not_changed();

        CREATE FUNCTION is_kept_as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is kept as it is', TG_TABLE_NAME;
            END $$;
        CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER journal_is_not_emptied BEFORE TRUNCATE ON journal EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER controls_are_kept BEFORE UPDATE OR DELETE ON controls FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER controls_are_not_emptied BEFORE TRUNCATE ON controls EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER tombstones_are_kept BEFORE UPDATE OR DELETE ON purged FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER tombstones_are_not_emptied BEFORE TRUNCATE ON purged EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER raised_are_kept BEFORE UPDATE OR DELETE ON raised FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER streams_are_kept BEFORE UPDATE OR DELETE ON streams FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();

        CREATE FUNCTION authorisations_end_once() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.state IN ('used', 'expired', 'withdrawn') THEN
                    RAISE EXCEPTION 'the authorisation is settled';
                END IF;
                RETURN NEW;
            END $$;
        CREATE TRIGGER authorisations_end_once BEFORE UPDATE OF state ON authorisations
            FOR EACH ROW EXECUTE FUNCTION authorisations_end_once();
    "#,
};
