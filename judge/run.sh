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
    "$program" --data "$data" control "$here/../config/examples/$script.toml" --json >"$tools/$script.json"
    report=$("$tools/venv/bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["report"])' "$tools/$script.json")
    cp "$report" "$tools/$script.pdf"
    set -- "$@" "$tools/$script.pdf"
done
JUDGE_TOOLS=$tools exec "$here/judge.sh" --trust "$data/keys/training-ca/certificate.pem" "$@"
