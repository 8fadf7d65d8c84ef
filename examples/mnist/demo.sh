#!/bin/sh
# demo.sh -- what `make mnist` does: it gets the data, trains a net, and shows
# what the net sees in one image.
#
#   examples/mnist/demo.sh [BUILD]     BUILD is the folder of the programs, as
#                                      seen from the repository's root (build)
set -eu
cd "$(dirname "$0")/../.."
BUILD=${1:-build}
if [ ! -x "$BUILD/mnist-train" ] || [ ! -x "$BUILD/mnist-predict" ]; then
    echo "mnist: mnist-train or mnist-predict is not in $BUILD;" \
        "make builds them" >&2
    exit 1
fi

data=data/mnist
if ! data/fetch.sh; then
    data=data/sample
    echo "mnist: training on the sample of 6,000 images in $data instead;"
    echo "mnist: expect a test accuracy of about 93 %, not 98 %"
fi
"$BUILD"/mnist-train --data "$data" --save "$BUILD/mnist.safetensors"
"$BUILD"/mnist-predict --show "$BUILD/mnist.safetensors" data/digits/7-a.png
