#!/bin/sh
# Makes fresh reports with the program and shows them to the independent judges.
#
#   judge/run.sh PROGRAM
set -eu

program=$1
here=$(cd "$(dirname "$0")" && pwd)
tools=${JUDGE_TOOLS:-$here/../target/judge}
"$here/tools.sh" "$tools"
data="$tools/data"
rm -rf "$data"
set --
for script in qualified-passport local-id-card; do
    rm -f "$tools/$script.pdf"
    "$program" --data "$data" control "$here/../config/examples/$script.toml" --json --report "$tools/$script.pdf" >"$tools/$script.json"
    set -- "$@" "$tools/$script.pdf"
done
JUDGE_TOOLS=$tools exec "$here/judge.sh" --trust "$data/keys/training-ca/certificate.pem" "$@"
