#!/bin/sh
# demo.sh -- what `make mnist` does: data, training, a look at the result.
set -eu
BUILD=${1:-build}

data=data/mnist
if ! data/fetch.sh; then
    data=data/sample
    echo "mnist: training on the embedded sample of 6,000 images in $data;"
    echo "mnist: expect some 93 % instead of 98 %"
fi
"$BUILD"/mnist-train --data "$data" --save "$BUILD/mnist.safetensors"
"$BUILD"/mnist-predict --show "$BUILD/mnist.safetensors" data/digits/7-a.png
