#!/bin/bash
# test_examples.sh -- runs the example programs as a user does.
#
# It builds nothing: the programs must be in $BUILD (build).  It runs from the
# root of the repository, on data/sample and data/digits.

# Started with SIGHUP ignored, as by nohup, the script would hand that on.
if [ -z "${RESET-}" ] && env --default-signal=HUP true 2>/dev/null; then
    RESET=1 exec env --default-signal=HUP "$0" "$@"
fi

build=${BUILD:-build}
train=$build/mnist-train
predict=$build/mnist-predict
speedrun=$build/mnist-speedrun
minimal=$build/mnist-minimal
for program in "$train" "$predict" "$speedrun" "$minimal" "$build/xor" \
    "$build/spiral" "$build/transfer" "$build/custom-layer" \
    "$build/custom-layer-check"; do
    [ -x "$program" ] && continue
    echo "$program is missing; run make first"
    exit 1
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

# case_is NAME COMMAND...: runs a case, which passes if COMMAND succeeds
case_is() {
    local name=$1
    shift
    if "$@" >"$dir/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name: $*"
        sed 's/^/        /' "$dir/log" "$dir/err" 2>/dev/null | tail -n 12
    fi
}

# exits STATUS PATTERN COMMAND...: does COMMAND exit with STATUS, and with
# PATTERN on stderr?  Its stdout is then in $dir/out, its stderr in $dir/err.
exits() {
    local status=$1 pattern=$2 got
    shift 2
    "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    [ $got -eq "$status" ] || { echo "exit status $got"; return 1; }
    case $(cat "$dir/err") in
    *"$pattern"*) ;;
    *) echo "not on stderr: $pattern"; return 1 ;;
    esac
}

# json_keys FILE: prints the keys of the JSON object in FILE, in order
json_keys() {
    if command -v python3; then
        python3 -c 'import json,sys; print(*json.load(sys.stdin))' <"$1"
    elif command -v node; then
        node -p 'Object.keys(JSON.parse(fs.readFileSync(0))).join(" ")' <"$1"
    elif command -v jq; then
        jq -r 'keys_unsorted | join(" ")' "$1"
    else
        grep -o '"[a-z_]*":' "$1" | tr -d '":' | paste -sd ' '
    fi | tail -n 1
}

has_keys() { # FILE KEYS
    local keys
    keys=$(json_keys "$1")
    echo "$keys"
    [ "$keys" = "$2" ]
}

# value FILE KEY: prints the value of KEY in JSON that the programs printed
value() {
    sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$1"
}

at_least() { # NUMBER LEAST
    awk -v a="$1" -v b="$2" 'BEGIN { print a; exit !(a >= b) }'
}

empty() { [ ! -s "$1" ]; }

# Does the command exit with status 1 if stdout is a full disk, or if nobody
# reads it?
minds_full_disk() {
    "$@" >/dev/full 2>"$dir/err"
    [ $? -eq 1 ]
}
minds_closed_pipe() {
    "$@" 2>"$dir/err" | true
    [ "${PIPESTATUS[0]}" -eq 1 ]
}

# ---- mnist-train: options ----

case_is "train: --help is on stdout" exits 0 '' "$train" --help
case_is "train: --help lists the options" grep -q -e --weight-decay "$dir/out"
for program in "$train" "$predict" "$speedrun"; do
    case_is "${program##*/}: an unknown option is named" \
        exits 2 "'--bogus'" "$program" --bogus
    case_is "${program##*/}: that message begins with its name" \
        grep -q "^${program##*/}: .*bogus" "$dir/err"
    case_is "${program##*/}: an unknown option leads to --help" \
        grep -qx "${program##*/}: --help lists the options" "$dir/err"
done
for flag in "--epochs 0" "--epochs -1" "--epochs 12x" "--epochs 1.5" \
    "--epochs 99999999999999999999" "--epochs=" "--batch 0" "--batch 1e9" \
    "--lr nan" "--lr -0.1" "--lr 0" "--lr inf" "--lr 0.1f" "--lr 0x1" \
    "--momentum 1" "--momentum -0.5" "--weight-decay x" "--threads -2" \
    "--threads 100000" "--seed -1" "--seed 18446744073709551616" \
    "--hidden 0" "--hidden 12,,3" "--hidden 12," "--hidden abc" \
    "--hidden 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1" "--epochs" "--nonsense" \
    "--net no" "--net" "--hidden 8 --net lenet" "--optim no" \
    "--schedule no" "--augment=1" "--flip=1" "--dropout 1" \
    "--dropout -0.1"; do
    name=${flag%%[ =]*}
    # shellcheck disable=SC2086
    case_is "train: $flag is a usage error" exits 2 "${name#--}" "$train" $flag
done
for pair in "--hidden 8|--net lenet" "--net convnet|--hidden 8,8" \
    "--hidden 8|--net residual" "--momentum 0.9|--optim adam" \
    "--optim adamw|--momentum 0.9" "--momentum 0|--optim adam" \
    "--optim adamw --weight-decay 0|--momentum 0"; do
    a=${pair%|*} b=${pair#*|}
    for name in hidden momentum; do # the options that the message begins with
        [[ $pair == *--$name* ]] && first=--$name
    done
    [[ $pair =~ --(net|optim)\ [a-z]* ]]
    # shellcheck disable=SC2086
    case_is "train: $a and $b are a usage error that names both" exits 2 \
        "$first and ${BASH_REMATCH[0]} do not go together" "$train" $a $b
done
case_is "train: a gap between the numbers of units is explained" \
    exits 2 'such as 256,128' "$train" --hidden 12,,3
case_is "train: an argument is a usage error" exits 2 stray "$train" stray

# ---- mnist-train: data ----

case_is "train: a missing folder is named" \
    exits 1 "$dir/none" "$train" --data "$dir/none"
case_is "train: a missing folder is followed by what to do" \
    grep -q 'data/fetch.sh gets MNIST, .* and --data DIR names' "$dir/err"
case_is "train: a file is no folder of data" \
    exits 1 "'README.md': not a folder" "$train" --data README.md
cp -r data/sample "$dir/bad"
for f in "$dir"/bad/t10k-labels*; do
    head -c 100 "$f" >"$dir/short" && mv "$dir/short" "$f"
done
case_is "train: a truncated file is named" \
    exits 1 t10k-labels "$train" --data "$dir/bad"
case_is "train: nothing is on stdout if a file is truncated" empty "$dir/out"
case_is "train: saving in a missing folder fails before training" \
    exits 1 'no-such' "$train" --data data/sample --save "$dir/no-such/model"
case_is "train: saving to a folder is an error" \
    exits 1 "$dir" "$train" --data data/sample --save "$dir"
case_is "train: saving to a device is an error" \
    exits 1 /dev/null "$train" --data data/sample --save /dev/null
case_is "train: saving below a file is an error" \
    exits 1 "README.md/model: cannot be saved: Not a directory" \
    "$train" --data data/sample --save README.md/model
for option in "--save file" "--checkpoint file" "--data folder"; do
    flag=${option% *}
    case_is "train: $flag with an empty path is a usage error" \
        exits 2 "$flag '': the path is empty; must name a ${option#* }" \
        "$train" --data data/sample "$flag" ''
done
case_is "train: no epoch is run if the model cannot be saved" \
    [ "$(grep -c '^epoch' "$dir/err")" -eq 0 ]
# The model of two layers of 512 units has more than 1 MB.
too_large() {
    (ulimit -f 1000 && exits 1 'model: cannot be written: File too large' \
        "$train" --data data/sample --hidden 512,512 --save "$dir/model")
}
case_is "train: a model too large for ulimit -f is an error before training" \
    too_large
case_is "train: then no file is left behind" [ -z "$(ls "$dir" | grep model)" ]
case_is "train: a wild learning rate stops with a message" \
    exits 1 'epoch 1, batch' \
    "$train" --data data/sample --hidden 64,64,64,64 --lr 900

# ---- mnist-train: other nets, on 128 images of the sample ----

mkdir "$dir/few"
for part in train t10k; do
    images=data/sample/$part-images-idx3-ubyte.gz
    labels=data/sample/$part-labels-idx1-ubyte.gz
    { printf '\0\0\10\3\0\0\0\200\0\0\0\34\0\0\0\34'
      gunzip -c $images | tail -c +17 | head -c $((128 * 784)); } \
        >"$dir/few/$part-images-idx3-ubyte"
    { printf '\0\0\10\1\0\0\0\200'
      gunzip -c $labels | tail -c +9 | head -c 128; } \
        >"$dir/few/$part-labels-idx1-ubyte"
done
few=("$train" --data "$dir/few" --epochs 2 --batch 32 --json)
for flags in "--net lenet --optim adam --schedule cosine" \
    "--net convnet --optim adamw --schedule one-cycle --augment" \
    "--net residual --schedule step --flip" \
    "--optim rmsprop --schedule constant --dropout 0.5"; do
    # shellcheck disable=SC2086
    {
        case_is "train: $flags" exits 0 'epoch 2/2' "${few[@]}" $flags \
            --threads 1 --save "$dir/few-model"
        hash=$(value "$dir/out" weights_hash)
        case_is "train: $flags on 3 threads" exits 0 "" \
            "${few[@]}" $flags --threads 3
    }
    case_is "train: $flags gives the same weights on 3 threads" \
        [ "$hash" = "$(value "$dir/out" weights_hash)" ]
    case_is "predict: a model of $flags needs only its file" \
        exits 0 '' "$predict" "$dir/few-model" data/digits/7-a.png
done

cycle=("$train" --data "$dir/few" --batch 128 --schedule one-cycle --hidden 8)
for epochs in 1 2; do
    case_is "train: one-cycle over $epochs steps of training is warned of" \
        exits 0 "one-cycle needs at least 3 steps of training, and has $epochs" \
        "${cycle[@]}" --epochs $epochs
done
case_is "train: a net that is not saved is said to be lost" \
    grep -qx 'the net is not kept; --save FILE keeps it' "$dir/out"
for flags in "--epochs 3" "--epochs 1 --batch 64 --epochs 2" \
    "--epochs 1 --schedule linear" "--epochs 1 --schedule cosine" \
    "--epochs 1 --schedule step" "--epochs 1 --batch 60"; do
    # shellcheck disable=SC2086
    case_is "train: one-cycle and then $flags" exits 0 '' "${cycle[@]}" $flags
    case_is "train: one-cycle and then $flags is not warned of" \
        [ "$(grep -c 'steps of training' "$dir/err")" -eq 0 ]
done

# ---- mnist-train: results ----

quick=("$train" --data data/sample --hidden 32 --epochs 2)
case_is "train: without --json, it reports epochs in words" \
    exits 0 'epoch 2/2' "${quick[@]}" --save "$dir/model"
case_is "train: without --json, the test accuracy is on stdout" \
    grep -q '^test accuracy [0-9.]* %' "$dir/out"
case_is "train: without a terminal, there is no progress bar" \
    awk '/[^ -~]/ { exit 1 }' "$dir/err"
case_is "train: --log succeeds" \
    exits 0 '' "${quick[@]}" --log "$dir/epochs.csv"
case_is "train: --log writes a header and a line for each epoch" \
    [ "$(cut -d, -f1 "$dir/epochs.csv" | tr '\n' ' ')" = "epoch 1 2 " ]
case_is "train: --json succeeds" exits 0 '' "${quick[@]}" --json
cp "$dir/out" "$dir/json"
case_is "train: --json prints exactly these keys" has_keys "$dir/json" \
    "data train_samples test_samples parameters epochs batch threads seed \
train_seconds train_loss test_loss test_accuracy weights_hash \
samples_per_second peak_rss_kb"
case_is "train: the parameters are counted" \
    [ "$(value "$dir/json" parameters)" = $((784 * 32 + 32 + 32 * 10 + 10)) ]
case_is "train: 2 epochs of the sample read at least 88 %" \
    at_least "$(value "$dir/json" test_accuracy)" 0.88
hash=$(value "$dir/json" weights_hash)
case_is "train: the hash has 16 hex digits" \
    grep -q '^[0-9a-f]\{16\}$' <<<"$hash"
for n in 1 2 3 4; do
    "${quick[@]}" --json --threads $n >"$dir/json$n" 2>/dev/null
    case_is "train: --threads $n gives the same weights" \
        [ "$(value "$dir/json$n" weights_hash)" = "${hash:-none}" ]
    case_is "train: --threads $n is reported as $n" \
        [ "$(value "$dir/json$n" threads)" = $n ]
done
"${quick[@]}" --json --seed 18446744073709551615 >"$dir/other" 2>/dev/null
case_is "train: another seed gives other weights" \
    [ "$(value "$dir/other" weights_hash)" != "$hash" ]
case_is "train: a seed of 64 bits is printed exactly" \
    [ "$(value "$dir/other" seed)" = 18446744073709551615 ]
if [ -c /dev/full ]; then
    case_is "train: a full disk under stdout is an error" \
        minds_full_disk "${quick[@]}" --json
else
    echo "skipped: a full disk under stdout: /dev/full is not a device here"
fi
case_is "train: a closed pipe is an error, not a signal" \
    minds_closed_pipe "${quick[@]}" --json
case_is "train: --replay keeps a step that fails" \
    exits 1 "the step is kept in $dir/step" \
    "${quick[@]}" --lr 900 --replay "$dir/step"
case_is "train: which can be run again" \
    exits 0 '' "$build/gradus" replay "$dir/step"

# ---- mnist-train: signals ----

# begins COMMAND...: starts the command, as $pid, and waits until it has
# trained for an epoch
begins() {
    rm -f "$dir/err"
    "$@" >"$dir/out" 2>"$dir/err" &
    pid=$!
    for _ in $(seq 200); do
        grep -qs '^epoch' "$dir/err" && break
        sleep 0.05
    done
}

for signal in HUP INT TERM; do
    model=$dir/stopped-$signal
    begins "$train" --data data/sample --epochs 1000 --save "$model"
    kill -s $signal $pid
    wait $pid
    status=$?
    case_is "train: SIG$signal ends it with 128 + the signal" \
        [ $status -eq $((128 + $(kill -l $signal))) ]
    case_is "train: SIG$signal ends it before the last epoch" \
        [ "$(grep -c '^epoch 1000/1000' "$dir/err")" -eq 0 ]
    case_is "train: SIG$signal leaves a saved model" \
        exits 0 '' "$predict" "$model" data/digits/7-a.png
done

# One batch of all images takes so long that the second signal comes before
# its end.
two_signals="HUP+HUP INT+TERM TERM+HUP HUP+INT"
if nm -D "$train" | grep -q __tsan; then
    echo "skipped: a second signal, which the thread sanitiser holds back"
    two_signals=
fi
for signals in $two_signals; do
    model=$dir/at-once
    "$train" --data data/sample --net residual --batch 6000 --threads 1 \
        --epochs 1 --save "$model" >"$dir/out" 2>"$dir/err" &
    pid=$!
    sleep 0.6
    kill -s "${signals%+*}" $pid
    sleep 0.1
    kill -s "${signals#*+}" $pid
    wait $pid
    status=$?
    case_is "train: SIG${signals/+/ and SIG} end it with 128 + the second" \
        [ $status -eq $((128 + $(kill -l "${signals#*+}"))) ]
    case_is "train: the second of SIG${signals/+/ and SIG} ends it at once" \
        [ ! -e "$model" ]
done
begins nohup "$train" --data data/sample --epochs 1000
kill -s HUP $pid
sleep 0.5
kill -s TERM $pid
wait $pid
status=$?
case_is "train: under nohup, SIGHUP does not end it" [ $status -eq 143 ]
case_is "train: a limit on the size of files is an error, not a signal" \
    exits 1 'limited: cannot be written: File too large' \
    bash -c 'ulimit -f 8; exec "$@"' - \
    "${quick[@]}" --save "$dir/limited"
case_is "train: a limit on the size of files leaves nothing behind" \
    [ "$(echo "$dir"/limited*)" = "$dir/limited*" ]

# ---- limited memory, where OpenBLAS asks for it again and again ----

# limited KIB COMMAND...: runs it with this much address space.  A command that
# hangs is killed after a minute.
limited() {
    local kib=$1
    shift
    (ulimit -v "$kib" && exec timeout -s KILL 60 "$@")
}

if nm -D "$train" | grep -q __asan || nm -D "$train" | grep -q __tsan; then
    echo "skipped: limits on the address space, which sanitisers do not bear"
else
    for case in "100000 1" "150000 1" "300000 4"; do
        kib=${case% *} n=${case#* }
        case_is "train: $kib KiB of address space are too little for $n threads" \
            exits 1 "OpenBLAS, which takes up to 128 MiB for each of $n thread" \
            limited "$kib" "${quick[@]}" --threads "$n"
    done
    case_is "train: without memory for the batch, --batch is named" \
        exits 1 'try a smaller max_batch; --batch sets it' \
        limited 60000 "${quick[@]}" --threads 1 --batch 60000
    case_is "train: without memory for the threads, --threads is named" \
        exits 1 'ask for fewer, or raise the limits of processes and memory (ulimit -u, ulimit -v); --threads 1 starts none' \
        limited 60000 "${quick[@]}" --threads 4
    case_is "train: with enough address space, it trains and ends" \
        exits 0 'epoch 2/2' limited 4000000 "${quick[@]}" --threads 1
    case_is "train: --help ends in 100000 KiB" \
        exits 0 '' limited 100000 "$train" --help
    case_is "train: --help is whole in 100000 KiB" \
        grep -q '^130 (Ctrl-C)' "$dir/out"
    case_is "train: an error ends it in 100000 KiB" \
        exits 2 "'--bogus'" limited 100000 "$train" --bogus
    case_is "speedrun: --help ends in 100000 KiB" \
        exits 0 '' limited 100000 "$speedrun" --help
    case_is "predict: 100000 KiB of address space are too little" \
        exits 1 'OpenBLAS, which takes up to 128 MiB for each of 1 thread;' \
        limited 100000 "$predict" "$dir/model" data/digits/7-a.png
fi

# ---- mnist-predict ----

"$train" --data data/sample --save "$dir/model" >/dev/null 2>&1
case_is "predict: --help is on stdout" exits 0 '' "$predict" --help
case_is "predict: no image is a usage error" \
    exits 2 IMAGE "$predict" "$dir/model"
case_is "predict: an empty name is a usage error" \
    exits 2 'the name of an IMAGE is empty' "$predict" "$dir/model" ''
case_is "predict: an image in place of the model is refused" \
    exits 1 'MODEL must be a file that mnist-train saved' \
    "$predict" data/digits/7-a.png "$dir/model"
case_is "predict: what kind of file the image is, is said" \
    grep -q '7-a.png: is a PNG image; must be a safetensors file' "$dir/err"
case_is "predict: a model in place of the image is noticed" \
    grep -q "MODEL and IMAGE seem to be swapped: $dir/model is a model" \
    "$dir/err"
case_is "predict: an image twice is no swap" \
    exits 1 'is a PNG image' "$predict" data/digits/7-a.png data/digits/7-a.png
case_is "predict: then nothing is said of a swap" \
    [ "$(grep -c swapped "$dir/err")" -eq 0 ]
case_is "predict: a model that is no classifier is refused" \
    exits 1 'does not sort images into classes' \
    "$predict" tests/models/tokens.safetensors data/digits/7-a.png
right=0 all=0
for f in data/digits/*.png; do
    name=${f##*/}
    "$predict" "$dir/model" "$f" >"$dir/out" 2>&1
    grep -q "^$f: ${name%"${name#?}"} (" "$dir/out" && right=$((right + 1))
    all=$((all + 1))
done
case_is "predict: reads most of data/digits ($right of $all)" \
    [ $((10 * right)) -ge $((8 * all)) ]
case_is "predict: --json succeeds" \
    exits 0 '' "$predict" "$dir/model" data/digits/*.png --json
case_is "predict: --json prints one object" has_keys "$dir/out" images
case_is "predict: --json has an answer for each image" \
    [ "$(grep -o '"class":' "$dir/out" | wc -l)" -eq $all ]
case_is "predict: --show succeeds" \
    exits 0 '' env LC_ALL=C "$predict" --show "$dir/model" data/digits/7-a.png
case_is "predict: --show without colours prints 28 lines and the answer" \
    [ "$(wc -l <"$dir/out")" -eq 29 ]
case_is "predict: --show prints only ASCII in the C locale" \
    awk '/[^ -~]/ { exit 1 }' "$dir/out"
case_is "predict: a light border gets a hint" exits 0 "without --invert" \
    "$predict" --invert "$dir/model" data/digits/7-a.png
echo "this is no image" >"$dir/text.png"
case_is "predict: a text file instead of an image is named" exits 1 text.png \
    "$predict" "$dir/model" "$dir/text.png" "$dir/none.png" data/digits/7-a.png
case_is "predict: a missing image is named" grep -q none.png "$dir/err"
case_is "predict: the images after a bad one are read" \
    grep -q '^data/digits/7-a.png: ' "$dir/out"
case_is "predict: --json leaves bad images out, with status 1" \
    exits 1 text.png \
    "$predict" "$dir/model" "$dir/text.png" data/digits/7-a.png --json
case_is "predict: --json without bad images is an object" \
    has_keys "$dir/out" images
if cp data/digits/7-a.png "$dir/"$'\377\033[2J.png' 2>/dev/null; then
    name=$dir/$'\377\033[2J.png'
    case_is "predict: --json shows the bytes of a name that is not UTF-8" \
        exits 0 '' "$predict" "$dir/model" "$name" --json
    case_is "predict: --json is an object with such a name" \
        grep -qF '/\\xff\\x1b[2J.png","class":"7"' "$dir/out"
    case_is "predict: --json with such a name is valid" \
        has_keys "$dir/out" images
    case_is "predict: the name cannot clear the screen" \
        exits 0 '' "$predict" "$dir/model" "$name"
    case_is "predict: the name's bytes are shown as numbers" \
        grep -qF '/\xff\x1b[2J.png: 7 (' "$dir/out"
    case_is "predict: an error names it in the same way" \
        exits 1 '/\xff\x1b[2J.png: ' "$predict" "$name" "$dir/model"
    cp -r "$dir/few" "$dir/"$'few\376'
    case_is "train: --json is valid if its folder's name is not" \
        exits 0 '' "$train" --data "$dir/"$'few\376' --epochs 1 --json
    case_is "train: --json shows the bytes of the folder's name" \
        grep -qF '/few\\xfe",' "$dir/out"
else
    echo "skipped: names not in UTF-8: this file system refuses them"
fi
head -c 2000 "$dir/model" >"$dir/half"
case_is "predict: a truncated model is an error" \
    exits 1 half "$predict" "$dir/half" data/digits/7-a.png
cp "$dir/model" "$dir/flipped"
printf '\377' | dd of="$dir/flipped" bs=1 seek=5000 conv=notrunc status=none
case_is "predict: a damaged model is an error" \
    exits 1 flipped "$predict" "$dir/flipped" data/digits/7-a.png
case_is "predict: a missing model is an error" \
    exits 1 none "$predict" "$dir/none" data/digits/7-a.png
if [ -c /dev/full ]; then
    case_is "predict: a full disk under stdout is an error" \
        minds_full_disk "$predict" "$dir/model" data/digits/7-a.png
fi

# ---- mnist-minimal ----

case_is "minimal: has at most 80 lines" \
    [ "$(wc -l <examples/mnist/minimal.c)" -le 80 ]
case_is "minimal: needs nothing of the repository but gradus.h" \
    [ "$(grep -c '^#include "' examples/mnist/minimal.c)" -eq 1 ]
case_is "minimal: trains" exits 0 '' "$minimal" "$dir/minimal" data/sample
accuracy=$(sed -n 's/^test accuracy \([0-9.]*\) %, on 1000 images$/\1/p' "$dir/out")
case_is "minimal: reads at least 88 % of the sample" at_least "$accuracy" 88
case_is "minimal: says how each epoch went" \
    [ "$(grep -c '^epoch [0-9]* of 10: validation accuracy' "$dir/out")" -eq 10 ]
case_is "minimal: says where the net is" \
    grep -qx "saved in $dir/minimal" "$dir/out"
case_is "minimal: mnist-predict reads what it saved" \
    exits 0 '' "$predict" "$dir/minimal" data/digits/7-a.png
case_is "minimal: a missing folder is named" \
    exits 1 "mnist-minimal: $dir/none/train-images" \
    "$minimal" "$dir/minimal" "$dir/none"
case_is "minimal: it does not train what cannot be saved" \
    exits 1 "mnist-minimal: $dir/none/model: " \
    "$minimal" "$dir/none/model" data/sample
case_is "minimal: then no epoch is run" \
    [ "$(grep -c '^epoch' "$dir/out")" -eq 0 ]

# ---- own-data ----

case_is "xor: runs" exits 0 '' "$build/xor"
case_is "xor: prints four right answers" [ "$(cut -c 1-12 "$dir/out" | tr '\n' ,)" = \
    '0 xor 0 is 0,0 xor 1 is 1,1 xor 0 is 1,1 xor 1 is 0,' ]
case_is "spiral: runs" exits 0 '' "$build/spiral"
last=$(sed -n 's/.*accuracy *\([0-9.]*\) %.*/\1/p' "$dir/out" | tail -n 1)
case_is "spiral: learns nearly every point" at_least "$last" 98
case_is "transfer: has at most 120 lines" \
    [ "$(wc -l <examples/own-data/transfer.c)" -le 120 ]
case_is "transfer: runs" exits 0 '' "$build/transfer" "$dir/transfer"
case_is "transfer: says what is loaded, what is kept and what is not used" \
    [ "$(grep -v accuracy "$dir/out" | tr '\n' ,)" = "conv1.weight loaded,\
conv1.bias loaded,conv2.weight loaded,conv2.bias loaded,\
five_to_nine.weight: not in the file: kept as it was,\
five_to_nine.bias: not in the file: kept as it was,\
in the file alone: zero_to_four.weight,in the file alone: zero_to_four.bias," ]
# reads WHAT: prints the accuracy of that line of transfer
reads() {
    sed -n "s/^$1, [0-9]* images: test accuracy \([0-9.]*\) %\$/\1/p" "$dir/out"
}
scratch=$(reads '5 to 9 from scratch')
case_is "transfer: the first net learns its digits" \
    at_least "$(reads '0 to 4')" 95
case_is "transfer: learning from scratch works at all" at_least "$scratch" 40
case_is "transfer: a loaded trunk is better than $scratch %" \
    at_least "$(reads '5 to 9 with the trunk of 0 to 4')" "$scratch"
case_is "transfer: a model that cannot be saved is an error" \
    exits 1 "transfer: $dir/none/model: " "$build/transfer" "$dir/none/model"

# ---- custom-layer ----

case_is "custom-layer: runs" exits 0 '' "$build/custom-layer"
right=$(sed -n 's/^accuracy \([0-9.]*\) %$/\1/p' "$dir/out")
case_is "custom-layer: learns nearly every point" at_least "$right" 98
case_is "custom-layer: training moves the parameters of its own layer" \
    awk '/^slopes/ { for (i = 6; i < 14; i++) moved += $i != 0.25 }
         END { exit !(moved > 4) }' "$dir/out"
case_is "custom-layer: its gradients are right" \
    exits 0 '' "$build/custom-layer-check"
case_is "custom-layer: the check prints the worst gradient" \
    grep -q '^worst gradient: .*, [0-9.e-]* of what is allowed$' "$dir/out"

case_is "mnist-speedrun: another recipe is a usage error that lists them" \
    exits 2 "--recipe: got 'mnist-90'; must be mnist-98-dense, mnist-99, mnist-99.5, fashion-90 or fashion-92" \
    "$speedrun" --recipe mnist-90
case_is "mnist-speedrun: --predictions are part of --json" \
    exits 2 'got --predictions without --json; must be with it' \
    "$speedrun" --predictions
case_is "mnist-speedrun: 0 seeds are a usage error" \
    exits 2 "--seeds '0': must be a whole number" "$speedrun" --seeds 0
case_is "speedrun: --data with an empty path is a usage error" \
    exits 2 "--data '': the path is empty" "$speedrun" --data ''
case_is "mnist-speedrun: missing data is an error that says how to get it" \
    exits 1 'data/fetch.sh gets MNIST' "$speedrun" --data "$dir/none"
mkdir "$dir/tiny"
for part in train t10k; do
    printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2\1\2\3\4\5\6\7\10' \
        >"$dir/tiny/$part-images-idx3-ubyte"
    printf '\0\0\10\1\0\0\0\2\0\1' >"$dir/tiny/$part-labels-idx1-ubyte"
done
case_is "mnist-speedrun: images of another size are refused" \
    exits 1 'the training images are 2 x 2 pixels; must be 28 x 28' \
    "$speedrun" --data "$dir/tiny"
for recipe in mnist-98-dense fashion-90; do
    case_is "mnist-speedrun: $recipe refuses the sample, which is a part of MNIST" \
        exits 1 "the training images in data/sample are not those that the target of $recipe is for; must be " \
        "$speedrun" --recipe $recipe --data data/sample
done
case_is "mnist-speedrun: --json trains with each seed" \
    exits 0 '' "$speedrun" --recipe mnist-98-dense --seeds 2 \
    --data data/sample --validate --json --predictions
case_is "mnist-speedrun: --json has an accuracy for each seed" \
    grep -q '"accuracy":\[0[.0-9]*,0[.0-9]*\]' "$dir/out"
case_is "mnist-speedrun: --json says nothing of the target for held-out images" \
    grep -q '"met":null,.*"validated":true,' "$dir/out"
case_is "mnist-speedrun: --predictions are a digit for each image and seed" \
    grep -qE '"predicted":\["[0-9]{1000}","[0-9]{1000}"\]' "$dir/out"
for recipe in mnist-98-dense mnist-99 mnist-99.5 fashion-90 fashion-92; do
    case_is "mnist-speedrun: $recipe trains on a part of the sample" \
        exits 0 '' "$speedrun" --recipe "$recipe" --seeds 1 \
        --data data/sample --validate
    case_is "mnist-speedrun: the last line of $recipe sums up all seeds" \
        grep -q "^$recipe: mean accuracy [1-9].* % on held-out training images after a mean of [0-9.]* s\$" "$dir/out"
done

echo "example programs: $passed passed, $failed failed"
[ $failed -eq 0 ]
