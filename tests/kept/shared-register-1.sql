--
-- PostgreSQL database dump
--

\restrict bQ35RdlfxDIgTxLegfY4HmPCdzciI9vBY1QibRa7VfbEkWhlqgxi04lipnTnFll

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: authorisations_end_once(); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.authorisations_end_once() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
            BEGIN
                IF OLD.state IN ('used', 'expired', 'withdrawn') THEN
                    RAISE EXCEPTION 'the authorisation is settled';
                END IF;
                RETURN NEW;
            END $$;


ALTER FUNCTION public.authorisations_end_once() OWNER TO owner;

--
-- Name: is_kept_as_it_is(); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.is_kept_as_it_is() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
            BEGIN
                RAISE EXCEPTION '% is kept as it is', TG_TABLE_NAME;
            END $$;


ALTER FUNCTION public.is_kept_as_it_is() OWNER TO owner;

--
-- Name: journal_has_no_gap(); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.journal_has_no_gap() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
            BEGIN
                IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal) THEN
                    RAISE EXCEPTION 'the journal has no gaps';
                END IF;
                RETURN NEW;
            END $$;


ALTER FUNCTION public.journal_has_no_gap() OWNER TO owner;

--
-- Name: journal_is_not_changed(); Type: FUNCTION; Schema: public; Owner: owner
--

CREATE FUNCTION public.journal_is_not_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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


ALTER FUNCTION public.journal_is_not_changed() OWNER TO owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: authorisations; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.authorisations (
    control text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'waiting'::text NOT NULL,
    document text,
    valid_until text COLLATE pg_catalog."C",
    changed_at text NOT NULL COLLATE pg_catalog."C",
    attempts bigint DEFAULT 0 NOT NULL,
    next_attempt_at text NOT NULL COLLATE pg_catalog."C",
    last_error text,
    CONSTRAINT authorisations_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT authorisations_check CHECK (((document IS NULL) = (valid_until IS NULL))),
    CONSTRAINT authorisations_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'open'::text, 'used'::text, 'expired'::text, 'withdrawn'::text])))
);


ALTER TABLE public.authorisations OWNER TO owner;

--
-- Name: controls; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.controls (
    control text NOT NULL COLLATE pg_catalog."C",
    report text COLLATE pg_catalog."C",
    function text NOT NULL COLLATE pg_catalog."C",
    certificate text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    completed_at text NOT NULL COLLATE pg_catalog."C",
    registered bigint NOT NULL,
    CONSTRAINT controls_report_check CHECK ((length(report) = 64))
);


ALTER TABLE public.controls OWNER TO owner;

--
-- Name: evidence; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.evidence (
    digest text NOT NULL COLLATE pg_catalog."C",
    bytes bytea NOT NULL,
    CONSTRAINT evidence_digest_check CHECK ((length(digest) = 64))
);
ALTER TABLE ONLY public.evidence ALTER COLUMN bytes SET STORAGE EXTERNAL;


ALTER TABLE public.evidence OWNER TO owner;

--
-- Name: journal; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.journal (
    seq bigint NOT NULL,
    stream text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL,
    salt bytea NOT NULL,
    prev text NOT NULL COLLATE pg_catalog."C",
    hash text NOT NULL COLLATE pg_catalog."C",
    erased text COLLATE pg_catalog."C",
    control text COLLATE pg_catalog."C",
    commitment text COLLATE pg_catalog."C",
    CONSTRAINT journal_commitment_check CHECK ((length(commitment) = 64)),
    CONSTRAINT journal_erased_check CHECK ((length(erased) = 64)),
    CONSTRAINT journal_hash_check CHECK ((length(hash) = 64)),
    CONSTRAINT journal_prev_check CHECK ((length(prev) = 64)),
    CONSTRAINT journal_salt_check CHECK ((octet_length(salt) = 16))
);


ALTER TABLE public.journal OWNER TO owner;

--
-- Name: notices; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.notices (
    id bigint NOT NULL,
    control text NOT NULL COLLATE pg_catalog."C",
    recipient text NOT NULL,
    name text NOT NULL,
    user_name text,
    text_nb text NOT NULL,
    text_en text NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    queued_at text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT notices_recipient_check CHECK ((recipient = ANY (ARRAY['holder'::text, 'voucher'::text]))),
    CONSTRAINT notices_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text])))
);


ALTER TABLE public.notices OWNER TO owner;

--
-- Name: notices_id_seq; Type: SEQUENCE; Schema: public; Owner: owner
--

ALTER TABLE public.notices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.notices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: outbox; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.outbox (
    control text NOT NULL COLLATE pg_catalog."C",
    attempts bigint DEFAULT 0 NOT NULL,
    next_attempt_at text NOT NULL COLLATE pg_catalog."C",
    last_error text,
    receipt text,
    delivered_at text COLLATE pg_catalog."C",
    CONSTRAINT outbox_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT outbox_check CHECK (((receipt IS NULL) = (delivered_at IS NULL)))
);


ALTER TABLE public.outbox OWNER TO owner;

--
-- Name: people; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.people (
    token bytea NOT NULL,
    registered bigint NOT NULL,
    CONSTRAINT people_token_check CHECK ((octet_length(token) = 32))
);


ALTER TABLE public.people OWNER TO owner;

--
-- Name: purged; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.purged (
    control text NOT NULL COLLATE pg_catalog."C",
    tombstone bigint NOT NULL
);


ALTER TABLE public.purged OWNER TO owner;

--
-- Name: raised; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.raised (
    entry bigint NOT NULL,
    control text NOT NULL COLLATE pg_catalog."C",
    report text NOT NULL COLLATE pg_catalog."C",
    level text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT raised_report_check CHECK ((length(report) = 64))
);


ALTER TABLE public.raised OWNER TO owner;

--
-- Name: schema_version; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.schema_version (
    application text NOT NULL,
    version bigint NOT NULL
);


ALTER TABLE public.schema_version OWNER TO owner;

--
-- Name: settings; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.settings (
    name text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL
);


ALTER TABLE public.settings OWNER TO owner;

--
-- Name: streams; Type: TABLE; Schema: public; Owner: owner
--

CREATE TABLE public.streams (
    stream text NOT NULL COLLATE pg_catalog."C",
    desk text NOT NULL COLLATE pg_catalog."C",
    first bigint NOT NULL
);


ALTER TABLE public.streams OWNER TO owner;

--
-- Data for Name: authorisations; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.authorisations VALUES ('old-local', 'waiting', NULL, NULL, '2010-03-01T10:00:00.000Z', 0, '2010-03-01T10:00:00.000Z', NULL);
INSERT INTO public.authorisations VALUES ('old-delivered', 'waiting', NULL, NULL, '2011-03-01T10:00:00.000Z', 0, '2011-03-01T10:00:00.000Z', NULL);
INSERT INTO public.authorisations VALUES ('young', 'waiting', NULL, NULL, '2025-03-01T10:00:00.000Z', 0, '2025-03-01T10:00:00.000Z', NULL);


--
-- Data for Name: controls; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.controls VALUES ('old-local', 'c18c59bf46c7620bb58a48948d82205b3eee341a451f3e71ebbf52bf0bc8be85', 'new-card', 'local', 'approved', '2010-03-01T10:00:00.000Z', 3);
INSERT INTO public.controls VALUES ('old-delivered', 'dc945e774b9df1011d26bd00c151d2e799f36e8744e133828cf96a8fcf3bbb69', 'new-card', 'qualified', 'approved', '2011-03-01T10:00:00.000Z', 6);
INSERT INTO public.controls VALUES ('young', '200a9f34c8dca9774616eb4cb577a2efa70ab3f284094186e44db1939c304d30', 'new-card', 'local', 'approved', '2025-03-01T10:00:00.000Z', 10);


--
-- Data for Name: evidence; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.evidence VALUES ('9096ef262d9ebdd1d69a89b8b6e4d8e79dd5f412eabf724aeb9ed41d9f38559f', '\x7363616e206f66206f6c642d6c6f63616c');
INSERT INTO public.evidence VALUES ('47f9b84e231f0e704e963fe18466bceeed422b2c264a01867f6366b98f9afbb4', '\x746865207465726d73');
INSERT INTO public.evidence VALUES ('c18c59bf46c7620bb58a48948d82205b3eee341a451f3e71ebbf52bf0bc8be85', '\x7265706f7274206f66206f6c642d6c6f63616c');
INSERT INTO public.evidence VALUES ('d05a65df183b514e112db16be51f46fb8e6b20ef97968c0b686e2324c714f01c', '\x7363616e206f66206f6c642d64656c697665726564');
INSERT INTO public.evidence VALUES ('dc945e774b9df1011d26bd00c151d2e799f36e8744e133828cf96a8fcf3bbb69', '\x7265706f7274206f66206f6c642d64656c697665726564');
INSERT INTO public.evidence VALUES ('5947af05f1d927a91140a7506e457ad430c8845a1a86e753066b2893c2b65f35', '\x7363616e206f6620796f756e67');
INSERT INTO public.evidence VALUES ('200a9f34c8dca9774616eb4cb577a2efa70ab3f284094186e44db1939c304d30', '\x7265706f7274206f6620796f756e67');
INSERT INTO public.evidence VALUES ('103066bb29a9b6710cfa15992ef27f3584c786aba6d858a1aaaafd5a9877a7f3', '\x7265706f7274206f6620796f756e672c207374616d706564');


--
-- Data for Name: journal; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.journal VALUES (1, 'old-local', '2010-03-01T10:00:00.000Z', 'scan-taken', '{"name":"Navn old-local","number":"13097248022","scan":"9096ef262d9ebdd1d69a89b8b6e4d8e79dd5f412eabf724aeb9ed41d9f38559f","terms":"47f9b84e231f0e704e963fe18466bceeed422b2c264a01867f6366b98f9afbb4"}', '\x7c2e5139c86dc21928433838e55f6a4a', '0000000000000000000000000000000000000000000000000000000000000000', 'be248aa4bdadddff490f2de256510ade9a37a436326cdf807e715e7dca8c8006', NULL, NULL, NULL);
INSERT INTO public.journal VALUES (2, 'old-local', '2010-03-01T10:00:00.000Z', 'approved', '{"report":"c18c59bf46c7620bb58a48948d82205b3eee341a451f3e71ebbf52bf0bc8be85"}', '\x45ed439ec92fed60b50d2cd2770d5a54', 'be248aa4bdadddff490f2de256510ade9a37a436326cdf807e715e7dca8c8006', 'c06dc29fea8b0b8442112b93bb0c63995dc2def75f7dfc6250ca9b6444a12f29', NULL, NULL, NULL);
INSERT INTO public.journal VALUES (3, 'register', '2010-03-01T10:00:00.000Z', 'control-registered', '{"certificate":"local","completed_at":"2010-03-01T10:00:00Z","control":"old-local","function":"new-card","outcome":"approved","report":"c18c59bf46c7620bb58a48948d82205b3eee341a451f3e71ebbf52bf0bc8be85"}', '\xb3c209ddc2eed7bb920208768ddacfa0', 'c06dc29fea8b0b8442112b93bb0c63995dc2def75f7dfc6250ca9b6444a12f29', '55cf8c46ee63d085039a14f089efe2ae6e2ea93d1d202c357b72e6c3ea0c27e1', NULL, 'old-local', NULL);
INSERT INTO public.journal VALUES (4, 'old-delivered', '2011-03-01T10:00:00.000Z', 'scan-taken', '{"name":"Navn old-delivered","number":"13097248022","scan":"d05a65df183b514e112db16be51f46fb8e6b20ef97968c0b686e2324c714f01c","terms":"47f9b84e231f0e704e963fe18466bceeed422b2c264a01867f6366b98f9afbb4"}', '\xfdeb8fa3db8d11eaca05f885e2edebe2', '55cf8c46ee63d085039a14f089efe2ae6e2ea93d1d202c357b72e6c3ea0c27e1', '0a4aa8582e41e4080fd0051c2a1eced2fe08bf6abe06ebf873547de01fab7076', NULL, NULL, NULL);
INSERT INTO public.journal VALUES (5, 'old-delivered', '2011-03-01T10:00:00.000Z', 'approved', '{"report":"dc945e774b9df1011d26bd00c151d2e799f36e8744e133828cf96a8fcf3bbb69"}', '\xf106df289e0a4dc03031ee9ed350aa0e', '0a4aa8582e41e4080fd0051c2a1eced2fe08bf6abe06ebf873547de01fab7076', 'eb8ee4f8b0cab4e6998828397c5cf0738833fa6e3d065eb4791bdd0cf1e2d563', NULL, NULL, NULL);
INSERT INTO public.journal VALUES (6, 'register', '2011-03-01T10:00:00.000Z', 'control-registered', '{"certificate":"qualified","completed_at":"2011-03-01T10:00:00Z","control":"old-delivered","function":"new-card","outcome":"approved","report":"dc945e774b9df1011d26bd00c151d2e799f36e8744e133828cf96a8fcf3bbb69"}', '\xa880710b41ee45b8b01f317a5b312a35', 'eb8ee4f8b0cab4e6998828397c5cf0738833fa6e3d065eb4791bdd0cf1e2d563', '22f570342bc5bf7ec5df53dc99faab19bbe95490865ec458928f9a093719bbb4', NULL, 'old-delivered', NULL);
INSERT INTO public.journal VALUES (7, 'register', '2011-03-01T10:00:00.000Z', 'receipt-kept', '{"control":"old-delivered","receipt_sha256":"83eb65c95f440cb09910acf3c9cbefd64381a6097980698b568cc4a749668244","report":"dc945e774b9df1011d26bd00c151d2e799f36e8744e133828cf96a8fcf3bbb69"}', '\x745c37c44716f7ea3c4ee23e6f87e7e9', '22f570342bc5bf7ec5df53dc99faab19bbe95490865ec458928f9a093719bbb4', '8625123b6c338c3df64eb3c2f1aaaa7bbb78bc6bf00d2c95fdf41e42e8cb6bff', NULL, 'old-delivered', NULL);
INSERT INTO public.journal VALUES (8, 'young', '2025-03-01T10:00:00.000Z', 'scan-taken', '{"name":"Navn young","number":"13097248022","scan":"5947af05f1d927a91140a7506e457ad430c8845a1a86e753066b2893c2b65f35","terms":"47f9b84e231f0e704e963fe18466bceeed422b2c264a01867f6366b98f9afbb4"}', '\x1baa43d852519b1daeb102486e2f6321', '8625123b6c338c3df64eb3c2f1aaaa7bbb78bc6bf00d2c95fdf41e42e8cb6bff', 'dca51b30d92313318f16c16860913b3ed14852f318be446917372bf1fb467a5f', NULL, NULL, NULL);
INSERT INTO public.journal VALUES (9, 'young', '2025-03-01T10:00:00.000Z', 'approved', '{"report":"200a9f34c8dca9774616eb4cb577a2efa70ab3f284094186e44db1939c304d30"}', '\x44e01b323325b425edf89e29ace94bd7', 'dca51b30d92313318f16c16860913b3ed14852f318be446917372bf1fb467a5f', '90606a1b2329d4cc5667b17bc930b19dda265acbf4be7f28ce9d4c0f0d20cc99', NULL, NULL, NULL);
INSERT INTO public.journal VALUES (10, 'register', '2025-03-01T10:00:00.000Z', 'control-registered', '{"certificate":"local","completed_at":"2025-03-01T10:00:00Z","control":"young","function":"new-card","outcome":"approved","report":"200a9f34c8dca9774616eb4cb577a2efa70ab3f284094186e44db1939c304d30"}', '\x695ea358b01fa6e8b7790111bcdbf6a9', '90606a1b2329d4cc5667b17bc930b19dda265acbf4be7f28ce9d4c0f0d20cc99', 'abe1091ea9de5ab1751c8bb9f2a1b2a09579d63dab76c0cbf56caf9bc56baf8a', NULL, 'young', NULL);
INSERT INTO public.journal VALUES (11, 'register', '2025-03-01T10:00:00.000Z', 'report-raised', '{"control":"young","from":"200a9f34c8dca9774616eb4cb577a2efa70ab3f284094186e44db1939c304d30","level":"B-T","report":"103066bb29a9b6710cfa15992ef27f3584c786aba6d858a1aaaafd5a9877a7f3"}', '\xfafba668809482615d055ccba351910f', 'abe1091ea9de5ab1751c8bb9f2a1b2a09579d63dab76c0cbf56caf9bc56baf8a', 'ee084865f8d5b3694adabd9fff0340ff622c6579ad256371ad74b712a44c6f77', NULL, 'young', NULL);


--
-- Data for Name: notices; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.notices OVERRIDING SYSTEM VALUE VALUES (1, 'old-local', 'holder', 'Navn old-local', NULL, 'Hei', 'Hello', 'queued', '2010-03-01T10:00:00.000Z');
INSERT INTO public.notices OVERRIDING SYSTEM VALUE VALUES (2, 'old-delivered', 'holder', 'Navn old-delivered', NULL, 'Hei', 'Hello', 'queued', '2011-03-01T10:00:00.000Z');
INSERT INTO public.notices OVERRIDING SYSTEM VALUE VALUES (3, 'young', 'holder', 'Navn young', NULL, 'Hei', 'Hello', 'queued', '2025-03-01T10:00:00.000Z');


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.outbox VALUES ('old-delivered', 0, '2011-03-01T10:00:00.000Z', NULL, 'a receipt', '2011-03-01T10:00:00.000Z');


--
-- Data for Name: people; Type: TABLE DATA; Schema: public; Owner: owner
--



--
-- Data for Name: purged; Type: TABLE DATA; Schema: public; Owner: owner
--



--
-- Data for Name: raised; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.raised VALUES (11, 'young', '103066bb29a9b6710cfa15992ef27f3584c786aba6d858a1aaaafd5a9877a7f3', 'B-T');


--
-- Data for Name: schema_version; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.schema_version VALUES ('bam-station register', 1);


--
-- Data for Name: settings; Type: TABLE DATA; Schema: public; Owner: owner
--



--
-- Data for Name: streams; Type: TABLE DATA; Schema: public; Owner: owner
--

INSERT INTO public.streams VALUES ('old-local', '01a20230-cbed-76bf-b697-7cbd0f05a803', 1);
INSERT INTO public.streams VALUES ('old-delivered', '01a20230-cbed-76bf-b697-7cbd0f05a803', 4);
INSERT INTO public.streams VALUES ('young', '01a20230-cbed-76bf-b697-7cbd0f05a803', 8);


--
-- Name: notices_id_seq; Type: SEQUENCE SET; Schema: public; Owner: owner
--

SELECT pg_catalog.setval('public.notices_id_seq', 3, true);


--
-- Name: authorisations authorisations_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.authorisations
    ADD CONSTRAINT authorisations_pkey PRIMARY KEY (control);


--
-- Name: controls controls_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.controls
    ADD CONSTRAINT controls_pkey PRIMARY KEY (control);


--
-- Name: controls controls_registered_key; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.controls
    ADD CONSTRAINT controls_registered_key UNIQUE (registered);


--
-- Name: evidence evidence_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (digest);


--
-- Name: journal journal_hash_key; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.journal
    ADD CONSTRAINT journal_hash_key UNIQUE (hash);


--
-- Name: journal journal_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (seq);


--
-- Name: notices notices_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);


--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (control);


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (token, registered);


--
-- Name: purged purged_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.purged
    ADD CONSTRAINT purged_pkey PRIMARY KEY (control);


--
-- Name: purged purged_tombstone_key; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.purged
    ADD CONSTRAINT purged_tombstone_key UNIQUE (tombstone);


--
-- Name: raised raised_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.raised
    ADD CONSTRAINT raised_pkey PRIMARY KEY (entry);


--
-- Name: schema_version schema_version_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (application);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);


--
-- Name: streams streams_pkey; Type: CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream);


--
-- Name: authorisations_live; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX authorisations_live ON public.authorisations USING btree (next_attempt_at) WHERE (state = ANY (ARRAY['waiting'::text, 'open'::text]));


--
-- Name: journal_about_control; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX journal_about_control ON public.journal USING btree (control, seq) WHERE (control IS NOT NULL);


--
-- Name: journal_of_kind; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX journal_of_kind ON public.journal USING btree (kind, seq);


--
-- Name: journal_of_stream; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX journal_of_stream ON public.journal USING btree (stream, seq);


--
-- Name: notices_of_control; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX notices_of_control ON public.notices USING btree (control);


--
-- Name: notices_queued; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX notices_queued ON public.notices USING btree (id) WHERE (state = 'queued'::text);


--
-- Name: outbox_open; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX outbox_open ON public.outbox USING btree (next_attempt_at) WHERE (delivered_at IS NULL);


--
-- Name: people_of_control; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX people_of_control ON public.people USING btree (registered);


--
-- Name: raised_of_control; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX raised_of_control ON public.raised USING btree (control, entry);


--
-- Name: streams_of_desk; Type: INDEX; Schema: public; Owner: owner
--

CREATE INDEX streams_of_desk ON public.streams USING btree (desk, first);


--
-- Name: authorisations authorisations_end_once; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER authorisations_end_once BEFORE UPDATE OF state ON public.authorisations FOR EACH ROW EXECUTE FUNCTION public.authorisations_end_once();


--
-- Name: controls controls_are_kept; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER controls_are_kept BEFORE DELETE OR UPDATE ON public.controls FOR EACH ROW EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: controls controls_are_not_emptied; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER controls_are_not_emptied BEFORE TRUNCATE ON public.controls FOR EACH STATEMENT EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: journal journal_has_no_gap; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER journal_has_no_gap BEFORE INSERT ON public.journal FOR EACH ROW EXECUTE FUNCTION public.journal_has_no_gap();


--
-- Name: journal journal_is_not_changed; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON public.journal FOR EACH ROW EXECUTE FUNCTION public.journal_is_not_changed();


--
-- Name: journal journal_is_not_emptied; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER journal_is_not_emptied BEFORE TRUNCATE ON public.journal FOR EACH STATEMENT EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: journal journal_is_not_shortened; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON public.journal FOR EACH ROW EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: raised raised_are_kept; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER raised_are_kept BEFORE DELETE OR UPDATE ON public.raised FOR EACH ROW EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: streams streams_are_kept; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER streams_are_kept BEFORE DELETE OR UPDATE ON public.streams FOR EACH ROW EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: purged tombstones_are_kept; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER tombstones_are_kept BEFORE DELETE OR UPDATE ON public.purged FOR EACH ROW EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: purged tombstones_are_not_emptied; Type: TRIGGER; Schema: public; Owner: owner
--

CREATE TRIGGER tombstones_are_not_emptied BEFORE TRUNCATE ON public.purged FOR EACH STATEMENT EXECUTE FUNCTION public.is_kept_as_it_is();


--
-- Name: authorisations authorisations_control_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.authorisations
    ADD CONSTRAINT authorisations_control_fkey FOREIGN KEY (control) REFERENCES public.controls(control);


--
-- Name: controls controls_registered_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.controls
    ADD CONSTRAINT controls_registered_fkey FOREIGN KEY (registered) REFERENCES public.journal(seq);


--
-- Name: outbox outbox_control_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_control_fkey FOREIGN KEY (control) REFERENCES public.controls(control);


--
-- Name: people people_registered_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_registered_fkey FOREIGN KEY (registered) REFERENCES public.controls(registered);


--
-- Name: purged purged_control_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.purged
    ADD CONSTRAINT purged_control_fkey FOREIGN KEY (control) REFERENCES public.controls(control);


--
-- Name: purged purged_tombstone_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.purged
    ADD CONSTRAINT purged_tombstone_fkey FOREIGN KEY (tombstone) REFERENCES public.journal(seq);


--
-- Name: raised raised_control_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.raised
    ADD CONSTRAINT raised_control_fkey FOREIGN KEY (control) REFERENCES public.controls(control);


--
-- Name: raised raised_entry_fkey; Type: FK CONSTRAINT; Schema: public; Owner: owner
--

ALTER TABLE ONLY public.raised
    ADD CONSTRAINT raised_entry_fkey FOREIGN KEY (entry) REFERENCES public.journal(seq);


--
-- PostgreSQL database dump complete
--

\unrestrict bQ35RdlfxDIgTxLegfY4HmPCdzciI9vBY1QibRa7VfbEkWhlqgxi04lipnTnFll

