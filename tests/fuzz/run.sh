#!/bin/sh
# run.sh -- runs the fuzz targets one after the other, from the repository's
# root; `make fuzz` builds and calls it.
#
#   tests/fuzz/run.sh BUILD SECONDS TARGET...
#
# Inputs that reach new code are added to BUILD/corpus/TARGET, where the next
# run finds them.  An input that crashes is kept as BUILD/found/TARGET-...; to
# see it crash again, type `BUILD/fuzz-TARGET THAT-FILE`.
set -u
BUILD=$1 seconds=$2
shift 2
seeds=$BUILD/seeds
mkdir -p "$BUILD/found"

# put TARGET NAME FORMAT: makes a small binary seed
put() {
    mkdir -p "$seeds/$1"
    # shellcheck disable=SC2059 # the format has the bytes, as octal numbers
    printf "$3" >"$seeds/$1/$2"
}

# Two images of 2 x 2 pixels with two labels, as files of IDX; the same with
# rows of 4 values; empty files; and one that claims more than it has.
put idx images '\0\30\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2\1\2\3\4\5\6\7\10\0\0\10\1\0\0\0\2\0\1'
put idx rows '\0\24\0\0\10\2\0\0\0\2\0\0\0\4\1\2\3\4\5\6\7\10\0\0\10\1\0\0\0\2\0\1'
put idx empty '\0\0'
put idx claims '\0\20\0\0\10\3\377\377\377\377\377\377\377\377\0\0\0\1\0\0\10\1\0\0\0\2\0\1'
{ printf '\0\1'; gzip -9 <"$seeds/idx/images"; } >"$seeds/idx/gzip"
{ printf 0; gzip -9 <tests/fuzz/corpus/csv/numbers; } >"$seeds/csv-gzip"
mkdir -p "$seeds/csv" && mv "$seeds/csv-gzip" "$seeds/csv/gzip"

# Images behind the three bytes that choose channels, height and width.
mkdir -p "$seeds/image"
for picture in tests/pictures/*.jpg data/digits/7-a.png; do
    for shape in '\0\33\33' '\1\7\3'; do
        # shellcheck disable=SC2059 # the bytes, as octal numbers
        { printf "$shape"; cat "$picture"; } \
            >"$seeds/image/$(basename "$picture")$(printf '%s' "$shape" | tr -d '\\')"
    done
done

# Model files of this library, and one of another program.
mkdir -p "$seeds/model"
cp tests/models/*.safetensors "$seeds/model/"
header='{"dense1.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"dense1.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}}'
put model foreign "\\$(printf %o ${#header})\\0\\0\\0\\0\\0\\0\\0$header\\0\\0\\200\\77\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"

# Sequences of calls; tests/fuzz/api.c says what each byte means.
put api dense '\1\4\1\0\2\3\1\0\0\0\1\17\0\4\1\3\0\1\3\1\1\1\10\1\0\1\0\1\1\0\13\2\3\4'
put api image '\1\6\1\0\3\0\3\3\1\0\0\0\1\10\0\1\1\1\0\2\2\1\1\3\1\1\1\0\4\1\1\0\13\1\1\13\3\3'
put api many '\7\24\1\0\2\7\1\0\0\0\1\17\0\7\1\15\0\1\1\17\0\6\1\12\0\1\17\0\3\1\3\0\10\3\1\1\10\1\0\1\0\1\1\0\13\1\1\13\1\1\2\1\1\3'

failed=
for target; do
    mkdir -p "$BUILD/corpus/$target" "$seeds/$target"
    echo "== $target, $seconds s"
    # shellcheck disable=SC2046 # the folders that there are
    ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=512 \
        "$BUILD/fuzz-$target" -max_total_time="$seconds" -max_len=65536 \
        -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$BUILD/found/$target-" "$BUILD/corpus/$target" \
        "$seeds/$target" $(ls -d "tests/fuzz/corpus/$target" 2>/dev/null) \
        >"$BUILD/$target.log" 2>&1 || failed="$failed $target"
    sed -n 's/^stat::number_of_executed_units: */inputs: /p
            s/^Done.*/&/p' "$BUILD/$target.log"
    case $failed in
    *" $target") tail -n 60 "$BUILD/$target.log" ;;
    esac
done
[ -z "$failed" ] || {
    echo "fuzz: FAILED:$failed; the inputs are in $BUILD/found"
    exit 1
}
