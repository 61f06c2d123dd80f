#!/usr/bin/env sh
# Install the Debian packages named as arguments that are not there yet; say what to type where that is not allowed.
set -u
missing=""
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    sudo -n true 2>/dev/null || { echo "To have everything, type: sudo apt-get install$missing"; exit 1; }
fi
command -v apt-get >/dev/null || { echo "Install by your system's means:$missing"; exit 1; }
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing; } >/dev/null ||
    { echo "To have everything, type: sudo apt-get install$missing"; exit 1; }
