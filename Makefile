# The two commands of the README are `make run` and `make test`; each does all its set-up on Debian 12 with Rust and make.

BUILD_PACKAGES = gcc libc6-dev pkg-config libfontconfig-dev
RUN_PACKAGES   = libfontconfig1 fonts-dejavu-core libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libsane1 libsane-common libpcsclite1 pcscd
TEST_PACKAGES  = openssl qpdf poppler-utils opensc opensc-pkcs11 softhsm2 procps python3 age slapd postgresql
DRIVE_PACKAGES = xserver-xorg-core xserver-xorg-video-dummy x11-xserver-utils xinput openbox xdotool imagemagick dbus at-spi2-core python3-gi pcscd openssl
JUDGE_PACKAGES = $(TEST_PACKAGES) python3-venv unzip openjdk-17-jdk-headless libjaxb-java

.PHONY: run test judge flips drive looks lint lint-screens packages-run packages-test packages-judge packages-drive

# Opens the station in training: virtual scanner, training keys, a private archive.
# The quick build serves; `make install` makes the optimised one.
run: packages-run
	cargo build --locked
	scripts/run.sh target/debug/bam-station run

test: packages-test
	cargo build --locked
	cargo test --locked

# Independent validators on freshly made reports: qpdf, pdfsig, pyHanko, openssl, veraPDF.
judge: packages-judge
	cargo build --locked
	judge/run.sh target/debug/bam-station
	rm -rf target/judge/long-term
	JUDGE_REPORTS=$(CURDIR)/target/judge/long-term cargo test --locked --test station reaches
	judge/long_term.sh target/judge/long-term
	rm -rf target/judge/cards && mkdir -p target/judge/cards
	BAM_STATION_KEEP_REPORTS=$(CURDIR)/target/judge/cards cargo test --locked --test station an_operator_signs
	for report in target/judge/long-term/b-t/*.pdf target/judge/cards/*.pdf; do judge/judge.sh --trust "$${report%.pdf}.pem" "$$report" || exit 1; done

# Changes each byte of a whole report of level B-LTA: every change is refused, or means the same. Takes some minutes.
flips: packages-test
	rm -rf target/flips
	cargo build --locked
	JUDGE_REPORTS=$(CURDIR)/target/flips cargo test --locked --test station a_changed_byte_anywhere
	cargo bench --locked --bench flips -- $(CURDIR)/target/flips/*.pdf $(CURDIR)/target/flips/*.pem

# Real windows on two virtual touch screens, driven by keys alone and by fingers alone, with a monitor that goes and comes, and with
# devices that take ten seconds for a call. Pictures: target/drive/.
drive: packages-drive
	cargo build --locked
	dbus-run-session -- /usr/bin/python3 -B tests/drive/drive.py target/debug/bam-station

# Every page in three languages, three appearances, two text sizes and on two screens is judged. Takes half an hour.
looks: packages-test
	cargo test --locked --test station -- --ignored every_page_in_every_view

# The crate of the screens is 300 000 lines that Slint writes, and clippy reads them for a quarter of an hour: it has a target of its own.
lint:
	cargo fmt --check
	cargo clippy --locked --no-deps --all-targets -p bam-station -p bam-station-imaging -p bam-virtual-card -p bam-virtual-scanner -- -D warnings

lint-screens:
	cargo clippy --locked --no-deps -p bam-station-ui -- -D warnings

packages-run:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES)

packages-test:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)

packages-judge:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(JUDGE_PACKAGES)

packages-drive:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(DRIVE_PACKAGES)
