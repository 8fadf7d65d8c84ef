#!/bin/sh
# demo.sh -- what `make mnist` does: it gets the data, trains a net, shows what
# the net sees in one image, and makes a page about the net.
#
#   examples/mnist/demo.sh [BUILD]     BUILD is the folder of the programs, as
#                                      seen from the repository's root (build)
set -eu
cd "$(dirname "$0")/../.."
BUILD=${1:-build}
for program in mnist-train mnist-predict gradus; do
    [ -x "$BUILD/$program" ] && continue
    echo "mnist: $program is not in $BUILD; make builds it" >&2
    exit 1
done

data=data/mnist
if ! data/fetch.sh; then
    data=data/sample
    echo "mnist: training on the sample of 6,000 images in $data instead;"
    echo "mnist: expect a test accuracy of about 93 %, not 98 %"
fi
rm -f "$BUILD/mnist-log.csv" # or the new epochs would be added to the old
"$BUILD"/mnist-train --data "$data" --save "$BUILD/mnist.safetensors" \
    --log "$BUILD/mnist-log.csv"
"$BUILD"/mnist-predict --show "$BUILD/mnist.safetensors" data/digits/7-a.png
"$BUILD"/gradus report "$BUILD/mnist.safetensors" "$data" \
    --log "$BUILD/mnist-log.csv" --out "$BUILD/mnist-report.html" || {
    echo "mnist: the page about the net was not made" >&2
    exit 1
}
