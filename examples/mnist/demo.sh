#!/bin/sh
# demo.sh -- what `make mnist` does: it gets the data, trains a net, and shows
# what the net sees in one image.
set -eu
BUILD=${1:-build}

data=data/mnist
if ! data/fetch.sh; then
    data=data/sample
    echo "mnist: training on the sample of 6,000 images in $data instead;"
    echo "mnist: expect a test accuracy of about 93 %, not 98 %"
fi
"$BUILD"/mnist-train --data "$data" --save "$BUILD/mnist.safetensors"
"$BUILD"/mnist-predict --show "$BUILD/mnist.safetensors" data/digits/7-a.png
