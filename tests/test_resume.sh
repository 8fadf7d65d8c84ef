#!/bin/sh
# test_resume.sh -- kills mnist-train with SIGKILL at random moments and starts
# it again, until it ends; the weights must be those of a run that was never
# killed, whatever the number of threads.  KILLS is how often it is killed at
# least (8); the line at the end counts the kills.
# Started with SIGHUP ignored, as by nohup, the script would hand that on.
if [ -z "${RESET-}" ] && env --default-signal=HUP true 2>/dev/null; then
    RESET=1 exec env --default-signal=HUP "$0" "$@"
fi
. tests/verdict.sh
KILLS=${KILLS:-8}
train="$BUILD/mnist-train --data data/sample --hidden 32 --epochs 2 --json
       --optim adam --schedule cosine --dropout 0.3 --augment"

# hash_of FILE: prints the hash of the weights in a report
hash_of() {
    sed -n 's/.*"weights_hash": *"\([0-9a-f]*\)".*/\1/p' "$1"
}

# random LEAST MOST: prints a number between the two
random() {
    awk -v a="$1" -v b="$2" -v seed="$(od -An -N4 -tu4 /dev/urandom)" \
        'BEGIN { srand(seed); printf "%.3f", a + rand() * (b - a) }'
}

# shellcheck disable=SC2086 # $train is a command with its options
if ! $train >"$dir/whole" 2>"$dir/err"; then
    cat "$dir/err"
    verdict "a run that nobody kills ends" 1
    finish
fi
right=$(hash_of "$dir/whole")
seconds=$(sed -n 's/.*"train_seconds": *\([0-9.]*\).*/\1/p' "$dir/whole")

# Each run is killed within the time that a whole one takes, and begins anew
# or from its checkpoint; one that ends before that is checked.
kills=0 runs=0 wrong=0
while [ "$kills" -lt "$KILLS" ]; do
    rm -f "$dir"/c*
    while :; do
        limit=$(random 0.02 "$seconds")
        # shellcheck disable=SC2086
        timeout -s KILL "$limit" $train --checkpoint "$dir/c" --every 3 \
            --resume --threads "$(random 1 3.999 | cut -c1)" \
            >"$dir/out" 2>"$dir/err"
        status=$?
        [ "$status" -ne 137 ] && break
        kills=$((kills + 1))
    done
    runs=$((runs + 1))
    if [ "$status" -ne 0 ] || [ "$(hash_of "$dir/out")" != "$right" ]; then
        wrong=$((wrong + 1))
        cat "$dir/err"
        echo "        hash $(hash_of "$dir/out"); must be $right"
    fi
done
echo "        killed $kills times in $runs runs"
[ "$runs" -gt 0 ] && [ "$wrong" -eq 0 ]
verdict "runs that are killed and resumed end with the same weights" $?

# Nothing is left behind but the checkpoint; a file that a kill has left is
# removed by the next save.
[ "$(ls "$dir" | grep -c '^c')" -eq 1 ]
verdict "no temporary file is left behind" $?

# Signals: the batch is finished, the checkpoint written, and the run goes on.
for signal in INT:130 TERM:143 HUP:129; do
    rm -f "$dir"/c*
    # shellcheck disable=SC2086
    $train --checkpoint "$dir/c" >"$dir/out" 2>"$dir/err" &
    program=$!
    while [ ! -f "$dir/c" ]; do
        sleep 0.01
    done
    kill -"${signal%:*}" "$program"
    wait "$program"
    status=$?
    # shellcheck disable=SC2086
    $train --checkpoint "$dir/c" --resume >"$dir/out" 2>"$dir/err"
    [ "$status" -eq "${signal#*:}" ] && [ "$(hash_of "$dir/out")" = "$right" ]
    verdict "SIG${signal%:*} ends with ${signal#*:}, and can be resumed" $?
done

# says STATUS WORDS OPTION...: does the program end with this status, say these
# words and, on an error, report no result?
says() {
    wanted=$1 words=$2
    shift 2
    # shellcheck disable=SC2086
    $train --checkpoint "$dir/c" "$@" >"$dir/out" 2>"$dir/err"
    [ $? -eq "$wanted" ] && grep -q -e "$words" "$dir/err" &&
        { [ "$wanted" -eq 0 ] || [ ! -s "$dir/out" ]; } && return
    cat "$dir/err" "$dir/out"
    return 1
}

rm -f "$dir"/c*
says 0 "there is no such file; a new training begins" --resume --epochs 1
verdict "a training that begins says so" $?
says 0 "this training has ended already" --resume --epochs 1
verdict "a training that has ended says so" $?
says 0 "going on in epoch 2, after 0 of " --resume --epochs 2
verdict "a training that goes on says where" $?
says 1 "c: exists; resume the training that it holds"
verdict "an existing checkpoint is not overwritten" $?
says 1 "batch is 32 here, 64 in the file" --resume --batch 32
verdict "another batch size is refused" $?
says 1 'seed is "2" here, "1" in the file' --resume --seed 2
verdict "another seed is refused" $?
says 1 "node dense1 attr units 0 is 33 here, 32 in" --resume --hidden 33
verdict "another net is refused" $?
says 1 "got to epoch 2, but this training is for 1 epoch; must be for 2 or more" --resume --epochs 1
verdict "fewer epochs than are done are refused" $?
ln "$dir/c" "$dir/c.1" # as a kill between the two renames leaves them
says 0 "this training has ended already" --resume --epochs 2 --keep 2
verdict "a checkpoint that has two names is gone on from" $?
rm "$dir/c.1"
says 2 "must be two files" --save "$dir/c"
verdict "the model does not replace the checkpoint" $?
says 2 "must be two files" --log "$dir/./c"
verdict "nor does the log" $?
says 2 "must be two files" --log "$dir/new" --replay "$dir/./new"
verdict "two names of a file that is not there yet are refused" $?
says 2 "is one of the checkpoints that --keep 2 keeps" --keep 2 \
    --save "$dir/c.1"
verdict "the model does not replace a checkpoint that is kept" $?
says 2 "is one of the files of --data 'data/sample'" \
    --save data/sample/train-labels-idx1-ubyte
verdict "nor does it stand among the data" $?
says 2 "as in 300s" --every 5m
verdict "--every says what it takes" $?

# A model is saved even if the folder of the checkpoint is gone by then.
mkdir "$dir/gone"
# shellcheck disable=SC2086
$train --checkpoint "$dir/gone/c" --epochs 20 --save "$dir/model" \
    >"$dir/out" 2>"$dir/err" &
program=$!
while [ ! -f "$dir/gone/c" ]; do
    sleep 0.01
done
rm -r "$dir/gone"
wait "$program"
[ $? -eq 1 ] && [ -s "$dir/model" ] && grep -q test_accuracy "$dir/out"
verdict "a model is saved though the last checkpoint cannot be" $?
finish
