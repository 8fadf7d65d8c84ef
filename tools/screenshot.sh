#!/bin/sh
# screenshot.sh -- makes docs/report.png, a picture of the top of the page that
# gradus train --report writes about MNIST.  It trains for five epochs, which
# takes about a minute.
#
#   tools/screenshot.sh [BUILD]
set -eu
cd "$(dirname "$0")/.."
BUILD=${1:-build}
tools/deps.sh chromium pngquant
data/fetch.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$BUILD/gradus" train data/mnist --epochs 5 --report "$dir/report.html"

# A page 1,200 pixels wide becomes a picture of 900.
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$dir/profile" --force-device-scale-factor=0.75 \
    --window-size=1200,1180 --screenshot="$dir/report.png" \
    "file://$dir/report.html" 2>"$dir/words" || {
    cat "$dir/words" >&2
    exit 1
}
pngquant --force --strip --output docs/report.png 64 "$dir/report.png"
size=$(wc -c <docs/report.png)
echo "docs/report.png has $size bytes"
[ "$size" -le 61440 ] || {
    echo "screenshot: docs/report.png is larger than 60 KiB" >&2
    exit 1
}
