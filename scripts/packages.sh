#!/bin/sh
# Installs the named Debian packages that are missing, through sudo when not root.
# Usage: scripts/packages.sh PACKAGE …
set -eu
missing=
for package in "$@"; do
  dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "These Debian packages are missing and sudo is not there to install them:$missing" >&2; exit 1; }
  as_root=sudo
fi
echo "Installing Debian packages:$missing" >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
# shellcheck disable=SC2086  # a list of names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
