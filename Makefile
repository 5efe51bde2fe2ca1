# The two commands of the README are `make run` and `make test`; each does all its set-up on Debian 12 with Rust and make.

BUILD_PACKAGES = gcc libc6-dev pkg-config libfontconfig-dev
RUN_PACKAGES   = libfontconfig1 fonts-dejavu-core libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libsane1 libsane-common libpcsclite1
TEST_PACKAGES  = openssl qpdf poppler-utils pcscd opensc opensc-pkcs11 softhsm2
JUDGE_PACKAGES = $(TEST_PACKAGES) python3 python3-venv unzip openjdk-17-jdk-headless libjaxb-java

.PHONY: run test judge lint packages-run packages-test packages-judge

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

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

packages-run:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES)

packages-test:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)

packages-judge:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(JUDGE_PACKAGES)
