#!/bin/sh
# test_mnist.sh -- tests what the net learns from the real MNIST, if it is in
# data/mnist: the defaults read at least 98.0 % of the test images, and the
# weights depend on the seed but not on the threads.
. tests/verdict.sh

# train NAME FLAGS...: trains, and writes the JSON to $dir/NAME
train() {
    name=$1
    shift
    "$BUILD"/mnist-train --data data/mnist --json "$@" \
        >"$dir/$name" 2>"$dir/words" || cat "$dir/words"
}

# value NAME KEY: prints the value of KEY in that JSON
value() {
    sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$dir/$1"
}

# reads NAME LEAST: is the accuracy on the test images at least LEAST?
reads() {
    echo "        $1: $(value "$1" test_accuracy) of 10,000"
    awk -v a="$(value "$1" test_accuracy)" -v least="$2" \
        'BEGIN { exit !(a != "" && a >= least) }'
}

if [ ! -f data/mnist/train-images-idx3-ubyte ]; then
    echo "skipped: real MNIST is not in data/mnist; data/fetch.sh gets it"
    finish
fi
case $BUILD in
*asan | *tsan)
    echo "skipped: real MNIST under a sanitiser; make test trains on it"
    finish
    ;;
esac

train defaults
reads defaults 0.98
verdict "the defaults read at least 98.0 %" $?
for threads in 1 2 4; do
    train "threads$threads" --hidden 128 --epochs 5 --batch 64 --seed 1 \
        --threads "$threads"
done
reads threads2 0.975
verdict "5 epochs read at least 97.5 %" $?
[ -n "$(value threads1 weights_hash)" ] &&
    [ "$(value threads1 weights_hash)" = "$(value threads2 weights_hash)" ] &&
    [ "$(value threads1 weights_hash)" = "$(value threads4 weights_hash)" ]
verdict "1, 2 and 4 threads give the same weights" $?
train seed2 --hidden 128 --epochs 5 --batch 64 --seed 2
[ "$(value seed2 weights_hash)" != "$(value threads1 weights_hash)" ]
verdict "another seed gives other weights" $?

# What the images must be, and what the report says of the target.
"$BUILD"/mnist-speedrun --recipe fashion-90 --data data/mnist 2>"$dir/words"
[ $? -eq 1 ] && grep -q "training images in data/mnist are not those that .* must be Fashion-MNIST's" "$dir/words"
verdict "MNIST is refused where a recipe is for Fashion-MNIST" $?
"$BUILD"/mnist-speedrun --recipe mnist-98-dense --seeds 1 >"$dir/report"
case $? in 0) was=met ;; 1) was=missed ;; *) was= ;; esac
grep -q "; the target of 98 % was $was\$" "$dir/report"
verdict "the report and the status of a speedrun agree on the target" $?
"$BUILD"/mnist-speedrun --recipe mnist-98-dense --seeds 1 --json \
    >"$dir/report"
case $? in 0) was=true ;; 1) was=false ;; *) was= ;; esac
grep -q "\"met\":$was,.*\"validated\":false," "$dir/report"
verdict "so do its JSON and its status" $?
mkdir "$dir/mixed"
cp data/mnist/train-*ubyte "$dir/mixed"
cp data/sample/t10k-* "$dir/mixed"
"$BUILD"/mnist-speedrun --recipe mnist-99 --data "$dir/mixed" 2>"$dir/words"
[ $? -eq 1 ] && grep -q 'the test images in .*/mixed are not those' "$dir/words"
verdict "other test images are refused" $?

# The checker must find what a program says wrongly.
speedrun() {
    BUILD=$1 bench/speedrun.py --seeds 2 mnist-98-dense >"$dir/table" \
        2>"$dir/words"
}
if command -v python3 >/dev/null; then
    speedrun "$BUILD"
    cat "$dir/table" "$dir/words"
    grep -q '^| `mnist-98-dense` .* of 2 |' "$dir/table" &&
        ! grep '^speedrun.py: ' "$dir/words" | grep -qv 'target was missed$'
    verdict "2 seeds of a speedrun keep the rules, by the checker" $?
    cat >"$dir/mnist-speedrun" <<END
#!/bin/sh
"$BUILD/mnist-speedrun" "\$@" | sed 's/"accuracy":\[0.9/"accuracy":[0.8/'
END
    chmod +x "$dir/mnist-speedrun"
    speedrun "$dir"
    [ $? -eq 1 ] && grep -q 'seed 1 is not as accurate as it says' "$dir/words"
    verdict "the checker finds an accuracy that is not that of the net" $?
else
    echo "skipped: bench/speedrun.py, as there is no python3"
fi

finish
