#!/bin/sh
# test_mpi.sh -- tests mnist-train-mpi with OpenMPI and with MPICH: any number
# of ranks ends with the weights of one process, also after one was killed; and
# what goes wrong on one rank is said by name, without waiting for ever.
. tests/verdict.sh

# OpenMPI lets nobody run as root, or on more ranks than there are cores,
# unless it is asked to.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none

# cut FILE HEADER COUNT BYTES: prints the first COUNT items of an IDX file
cut_idx() {
    head -c 4 "$1"
    printf '\0\0'
    # shellcheck disable=SC2059 # the number is the format
    printf "\\$(printf %o $(($3 / 256)))\\$(printf %o $(($3 % 256)))"
    tail -c +9 "$1" | head -c $(($2 - 8 + $3 * $4))
}

# 700 images: the last batch of 256 has 188, and 4 ranks share 2 pieces.
mkdir "$dir/data"
for file in data/sample/*; do
    case $file in
    *t10k-images*) count=100 header=16 bytes=784 ;;
    *t10k-labels*) count=100 header=8 bytes=1 ;;
    *images*) count=700 header=16 bytes=784 ;;
    *labels*) count=700 header=8 bytes=1 ;;
    *) continue ;;
    esac
    name=$(basename "$file" .gz)
    case $file in *.gz) gzip -dc "$file" ;; *) cat "$file" ;; esac >"$dir/whole"
    cut_idx "$dir/whole" $header $count $bytes >"$dir/data/$name"
done

# hash_of: prints the hash in the JSON that it reads
hash_of() {
    sed -n 's/.*"weights_hash":"\([0-9a-f]*\)".*/\1/p'
}

# build MPI: builds $dir/train with this MPI's compiler
build() {
    # shellcheck disable=SC2046 # lists
    "mpicc.$1" -std=c11 -O2 -Wall -Iinclude -Iprograms/shared -Iexamples/mnist \
        $(pkg-config --cflags openblas jansson) src/mpi/mpi.c \
        examples/mpi/ranks.c \
        "$BUILD/obj/examples/mnist/train.o" \
        "$BUILD/obj/examples/mnist/recipes.o" \
        "$BUILD/obj/examples/mnist/train_options.o" \
        "$BUILD"/obj/programs/shared/*.o "$BUILD/libgradus.a" \
        $(pkg-config --libs openblas zlib jansson) -lm -pthread \
        -o "$dir/train" 2>&1
}

small="--data $dir/data --threads 1 --batch 256 --json"
epochs=100 # of the trainings that are cut off

# same_hash NAME OPTION ..: 1 to 4 ranks end with the weights of one process
same_hash() {
    name=$1
    shift
    # shellcheck disable=SC2086 # a list
    one=$("$BUILD/mnist-train" $small "$@" 2>/dev/null | hash_of)
    for n in 1 2 3 4; do
        # shellcheck disable=SC2086
        many=$(timeout 120 "mpirun.$mpi" -n $n "$dir/train" $small "$@" \
            2>"$dir/err" | hash_of)
        [ -n "$one" ] && [ "$one" = "$many" ]
        status=$?
        [ $status -eq 0 ] || tail -n 5 "$dir/err"
        verdict "$mpi: $name on $n ranks: $one" $status
    done
}

# begin_four: starts four ranks in the background, with a checkpoint after each
# batch, and waits until they have made some
begin_four() {
    rm -f "$dir"/checkpoint*
    # shellcheck disable=SC2086
    timeout 120 "mpirun.$mpi" -n 4 "$dir/train" $small --epochs $epochs \
        --checkpoint "$dir/checkpoint" --every 1 --keep 2 \
        >"$dir/out" 2>"$dir/err" &
    job=$!
    tries=0
    until [ -f "$dir/checkpoint.1" ] || [ $tries -eq 300 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    sleep "0.$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')"
}

# rank_is N: the process of rank N that begin_four has started
rank_is() {
    for pid in $(pgrep -f "^$dir/train "); do
        tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" |
            grep -qxE "(OMPI_COMM_WORLD_RANK|PMI_RANK)=$1" && echo "$pid"
    done
}

# kill_one: kills a rank of four, and lets 3, 2 and 1 go on
kill_one() {
    # shellcheck disable=SC2086
    one=$("$BUILD/mnist-train" $small --epochs $epochs 2>/dev/null | hash_of)
    begin_four
    kill -9 "$(rank_is 2)"
    wait "$job"
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] &&
        [ -z "$(hash_of <"$dir/out")" ]
    verdict "$mpi: when a rank is killed, all end with an error" $?
    cp "$dir/checkpoint" "$dir/left"
    for n in 3 2 1; do
        cp "$dir/left" "$dir/checkpoint"
        # shellcheck disable=SC2086
        many=$(timeout 120 "mpirun.$mpi" -n $n "$dir/train" $small \
            --epochs $epochs --checkpoint "$dir/checkpoint" --every 100 \
            --resume 2>"$dir/err" | hash_of)
        [ -n "$one" ] && [ "$one" = "$many" ]
        status=$?
        where=$(sed -n 's/.*going on in \(epoch [0-9]*\),.*/\1/p' "$dir/err")
        verdict "$mpi: $n ranks go on in ${where:-?} to the weights of one" \
            $status
    done
}

# stop_one: stops a rank; the others name it and end
stop_one() {
    GRADUS_DEADLINE=2 begin_four
    stopped=$(rank_is 1)
    kill -STOP "$stopped"
    began=$(date +%s)
    wait "$job"
    status=$?
    kill -9 "$stopped" 2>/dev/null
    seconds=$(($(date +%s) - began))
    cat "$dir/err" >"$dir/said"
    [ $status -ne 0 ] && [ $status -ne 124 ] &&
        grep -q "epoch [0-9]*, batch [0-9]*: rank 1 did not answer for 2 s" \
            "$dir/said" && [ $seconds -le 30 ]
    status=$?
    [ $status -eq 0 ] || cat "$dir/said"
    verdict "$mpi: a rank that stops is named, and all end: $seconds s" $status
}

# signal_one: a signal that only rank 1 gets ends the training of all
signal_one() {
    begin_four
    kill -TERM "$(rank_is 1)"
    wait "$job"
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] &&
        [ "$(grep -c 'mnist-train: stopped after' "$dir/err")" -eq 1 ] &&
        ! grep -qE 'MPI_Abort|MPI_ABORT' "$dir/err" "$dir/out"
    status=$?
    [ $status -eq 0 ] || cat "$dir/err" "$dir/out"
    verdict "$mpi: a signal to one rank stops all, after a checkpoint" $status
}

# never_come: a process that never starts MPI does not hold up the others
never_come() {
    began=$(date +%s)
    GRADUS_DEADLINE=2 timeout 60 "mpirun.$mpi" -n 1 "$dir/train" --json : \
        -n 1 sleep 50 >"$dir/out" 2>"$dir/err"
    status=$?
    seconds=$(($(date +%s) - began))
    [ $status -ne 0 ] && [ $status -ne 124 ] && [ $seconds -lt 30 ] &&
        grep -q 'not all ranks have come to it before the deadline' "$dir/err"
    status=$?
    [ $status -eq 0 ] || cat "$dir/err"
    verdict "$mpi: a rank that never comes is not waited for: $seconds s" $status
}

# sleep_all: time in which all are stopped is no waiting
sleep_all() {
    GRADUS_DEADLINE=2 begin_four
    pids=$(pgrep -f "^$dir/train ")
    # shellcheck disable=SC2086 # a list
    kill -STOP $pids
    sleep 4
    # shellcheck disable=SC2086
    kill -CONT $pids
    wait "$job" && [ -n "$(hash_of <"$dir/out")" ]
    status=$?
    [ $status -eq 0 ] || tail -n 3 "$dir/err"
    verdict "$mpi: ranks that are all stopped for a while go on" $status
}

# refused TEXT: two groups of ranks, of the arguments after it, end with TEXT
refused() {
    text=$1
    shift
    timeout 60 "mpirun.$mpi" "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] && [ ! -s "$dir/out" ] &&
        grep -q "$text" "$dir/err" &&
        [ "$(grep -c '^mnist-train:' "$dir/err")" -le 2 ]
    status=$?
    [ $status -eq 0 ] || cat "$dir/err"
    verdict "$mpi: refused: $text" $status
}

# shellcheck disable=SC2086 # $small is a list
refuse_mixtures() {
    refused 'rank 1 has another seed than rank 0: got 2; must be 1' \
        -n 1 "$dir/train" $small : -n 1 "$dir/train" $small --seed 2
    refused 'rank 2 has another graph' \
        -n 2 "$dir/train" $small : -n 1 "$dir/train" $small --hidden 64
    refused 'rank 0 has another training than rank 1' -n 1 "$dir/train" \
        $small --lr 0.1 : -n 2 "$dir/train" $small
    cp "$dir/train" "$dir/other"
    strip "$dir/other"
    refused 'rank 0 has another program' \
        -n 1 "$dir/other" $small : -n 2 "$dir/train" $small
    rm -rf "$dir/data2"
    cp -r "$dir/data" "$dir/data2"
    refused 'GRADUS_DEADLINE 0: must be more than 0' \
        -n 1 env GRADUS_DEADLINE=0 "$dir/train" $small
    printf '\7' | dd of="$dir/data2/train-images-idx3-ubyte" bs=1 seek=900 \
        conv=notrunc 2>/dev/null
    refused 'rank 1 has another data set' -n 1 "$dir/train" $small : \
        -n 1 "$dir/train" $small --data "$dir/data2"
    refused "'$dir/none': No such file" -n 2 "$dir/train" $small : \
        -n 1 "$dir/train" $small --data "$dir/none"
    if [ "$(uname -m)" = x86_64 ]; then
        refused 'another BLAS or processor' \
            -n 1 env OPENBLAS_CORETYPE=Nehalem "$dir/train" $small : \
            -n 1 env OPENBLAS_CORETYPE=Haswell "$dir/train" $small
    fi
}

# idle ROWS BATCH BETTER: with three ranks, each of which takes ROWS of BATCH
# rows, one has nothing to do; that is said once, with a better size
idle() {
    # shellcheck disable=SC2086
    timeout 60 "mpirun.$mpi" -n 3 "$dir/train" $small --epochs 1 --batch $2 \
        >"$dir/out" 2>"$dir/err"
    grep -q '"ranks":3,"bytes_sent":[1-9]' "$dir/out" &&
        [ "$(grep -c "each rank takes $1 rows of a --batch of $2, so 1 of 3 \
ranks only wait.*; take a --batch of $3, or fewer ranks" "$dir/err")" -eq 1 ]
    status=$?
    [ $status -eq 0 ] || cat "$dir/err"
    verdict "$mpi: a rank without rows of $2 is told of once" $status
}

# speak: rank 0 says how many ranks there were
speak() {
    timeout 60 "mpirun.$mpi" -n 2 "$dir/train" --data "$dir/data" --epochs 1 \
        --batch 256 >"$dir/out" 2>"$dir/err"
    [ "$(grep -c '^trained on 700 images in .* s by 2 ranks$' "$dir/out")" -eq 1 ]
    verdict "$mpi: the number of ranks is said" $?
}

# other_mpirun: that of another MPI starts processes which do not find each
# other, and say so
other_mpirun() {
    other=openmpi
    [ $mpi = mpich ] || other=mpich
    if ! command -v "mpirun.$other" >/dev/null; then
        echo "skipped: $mpi beside $other, which is not there"
        return
    fi
    # shellcheck disable=SC2086
    timeout 60 "mpirun.$other" -n 2 "$dir/train" $small >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] && [ ! -s "$dir/out" ] &&
        grep -q '2 processes were started, but MPI finds only' "$dir/err"
    status=$?
    [ $status -eq 0 ] || cat "$dir/err"
    verdict "$mpi: started by the mpirun of $other, it refuses" $status
}

if command -v python3 >/dev/null; then
    bench/cluster_model.py >"$dir/table"
    awk 'NR == FNR { want[NR] = $0; n = NR; next }
         at < n && $0 == want[at + 1] { at++ } END { exit at != n }' \
        "$dir/table" docs/cluster.md
    verdict "docs/cluster.md has the table of bench/cluster_model.py" $?
else
    echo "skipped: the table of docs/cluster.md, which needs python3"
fi

for mpi in openmpi mpich; do
    if ! command -v "mpicc.$mpi" >/dev/null ||
        ! command -v "mpirun.$mpi" >/dev/null; then
        echo "skipped: there is no $mpi; tools/deps.sh mpicc.$mpi installs it"
        continue
    fi
    build $mpi
    verdict "$mpi: the program builds" $?
    same_hash "dense" --epochs 3
    same_hash "lenet" --net lenet --epochs 1
    same_hash "batch normalisation, dropout and augmentation" \
        --net convnet --augment --epochs 1 --batch 400
    kill_one
    stop_one
    signal_one
    never_come
    sleep_all
    refuse_mixtures
    other_mpirun
    idle 128 256 384
    idle 256 512 768
    speak
done

finish
