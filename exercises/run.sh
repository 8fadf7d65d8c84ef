#!/bin/sh
# run.sh -- begins an exercise, or checks it; `make exercise` calls it, once it
# has built the library in double precision and the checker.
#
#   exercises/run.sh                lists the exercises
#   exercises/run.sh N              makes the learner's file of exercise N, or
#                                   checks it if it is there
#   exercises/run.sh N BODY         checks the library's file with the lines of
#                                   BODY in the function; as it is, if BODY is
#                                   "right"
#
# Exit status: 0 if a file was made or is right, 1 if it is wrong, 2 if nothing
# could be done.  The function is given LIMIT seconds (5) of processor time.
# With SANITISE= it is compiled without sanitisers, which is faster.
set -u
cd "$(dirname "$0")/.." || exit 2
BUILD=${BUILD:-build}
CC=${CC:-cc}
MINE=${MINE:-exercises} # NN/FILE in here is the learner's file
list=exercises/list.txt

# field K: prints field number K of exercise $n in the list.  Texts are compared,
# as 3.0 is no number of an exercise.
field() {
    awk -F ' [|] ' -v n="$n" -v k="$1" '$1 "" == n "" { print $k }' $list
}

# say LINE...: prints the lines, the first after the exercise's number
say() {
    printf 'exercise %s: %s\n' "$n" "$1"
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@"
}

fail() {
    say "$@" >&2
    exit 2
}

# describe: sets what the list says of exercise $n
describe() {
    title=$(field 2)
    source=$(field 3)
    unit=${source#* } # of a header: the file to compile it with
    source=${source%% *}
    function=$(field 4)
    keep=$(field 5)
    mine=$MINE/$n/$(basename "$source")
    mark=$MINE/$n/.right # as old as the last check that was right
}

# ---- the list ----------------------------------------------------------------

list_all() {
    echo "make exercise N=1 begins number 1, and then checks it; exercises/README.md says more."
    grep -v '^#' $list | cut -d ' ' -f 1 | while read -r n; do
        describe
        state="not begun"
        [ ! -f "$mine" ] || state=begun
        [ ! -f "$mark" ] || [ ! -f "$mine" ] ||
            [ -n "$(find "$mine" -newer "$mark")" ] || state=right
        printf '  %s  %-45s %s\n' "$n" "$title" "$state"
    done
}

# ---- the learner's file ------------------------------------------------------

# make_file TO BODY: writes the source file with the lines of BODY in the
# function
make_file() {
    mkdir -p "$(dirname "$1")" && [ -r "$2" ] &&
        awk -v name="$function" -v keep="$keep" -v body="$2" \
            -f exercises/body.awk "$source" >"$1" && return
    rm -f "$1"
    fail "$1 cannot be made from $source" \
        "there must be a function $function with the line: $keep" \
        "(see $list), and $2 must be readable and the folder writable"
}

begin() {
    make_file "$mine" "exercises/$n/stub.c"
    say "$title" \
        "read   exercises/$n/README.md" \
        "write  the function $function in $mine, line $(line_of "$mine"); a comment there says what" \
        "then   make exercise N=$n" \
        "To start over, remove $mine."
}

# line_of FILE: the number of the line where the function begins
line_of() {
    grep -nE "^[a-zA-Z].*[ *]$function\(" "$1" | head -n 1 | cut -d : -f 1
}

# ---- a check -----------------------------------------------------------------

# The learner's file alone is compiled for the sanitisers; malloc, which the
# whole program uses, is theirs as well.
flags="-std=c11 -O1 -g -DGRADUS_DOUBLE -Iinclude -Isrc -Wall -Wno-unused"
sanitise=${SANITISE--fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer}

# can_sanitise: does a program link that needs nothing but the sanitisers?
can_sanitise() {
    # shellcheck disable=SC2086
    echo 'int main(void) { return 0; }' |
        $CC $sanitise -x c - -o "$dir/empty" 2>/dev/null
}

# build FILE: compiles FILE in place of the library's, and links the checker
build() {
    compiled=$1 include=
    case $1 in
    *.h) compiled=$unit include=$1 ;;
    esac
    # shellcheck disable=SC2086 # flags are lists
    $CC $flags $sanitise ${include:+-include "$include"} -c "$compiled" \
        -o "$dir/mine.o" 2>"$dir/words" || {
        cat "$dir/words"
        say "$1 does not compile" \
            "Above is what the compiler says.  Mend what its first error names; the others may" \
            "come from that one.  To start over, remove the file and type make exercise N=$n."
        exit 1
    }
    cat "$dir/words"
    # shellcheck disable=SC2046,SC2086
    $CC $sanitise "$dir/mine.o" "$BUILD/checker.a" \
        "$BUILD/libgradus-double.a" -pthread \
        $(pkg-config --libs openblas zlib jansson) -lm -o "$dir/checker" \
        2>"$dir/words" || {
        cat "$dir/words"
        can_sanitise || fail "$CC cannot link its sanitisers, which find wrong indices" \
            "Install them: on Debian, tools/deps.sh clang has those of clang; on Fedora, libasan" \
            "and libubsan are those of gcc.  To do without them, type SANITISE= make exercise N=$n."
        say "$1 does not link with the rest of the library" \
            "A function is called that there is not, or one that others need was renamed or" \
            "removed.  To start over, remove the file and type make exercise N=$n."
        exit 1
    }
}

# line_text FILE: "line N of FILE:" and that line, where the report of a
# sanitiser first names the file
line_text() {
    at=$(grep -oE "$(basename "$1"):[0-9]+" "$dir/err" | head -n 1)
    at=${at##*:}
    [ -z "$at" ] ||
        echo "line $at of $1:  $(sed -n "${at}s/^ *//p" "$1")"
}

# what_happened: says in words what a sanitiser has reported
what_happened() {
    bytes=$(sed -nE 's/.* ([0-9]+)-byte region.*/\1/p' "$dir/err" | head -n 1)
    verb=reads
    grep -q '^WRITE of size' "$dir/err" && verb=writes
    side="past the end"
    grep -qE 'bytes (before|to the left of)' "$dir/err" && side="before the beginning"
    case $(cat "$dir/err") in
    *heap-buffer-overflow*)
        echo "It $verb $side of an array of $((${bytes:-0} / 8)) numbers: look at the index." ;;
    *-buffer-overflow* | *stack-buffer-underflow*)
        echo "It $verb $side of an array: look at the index." ;;
    *"runtime error: "*)
        sed -n 's/.*runtime error: \(.*\)/The sanitiser says: \1./p' "$dir/err" | head -n 1 ;;
    *SEGV*"zero page"*)
        echo "It uses a pointer that is NULL." ;;
    *SEGV*)
        echo "It reads or writes where there is no memory: an index is far off, or a pointer not set." ;;
    *stack-overflow*)
        echo "It calls itself without end." ;;
    *)
        echo "It ended the program."
        grep -v '^case: ' "$dir/err" | tail -n 5 ;;
    esac
}

# check FILE: builds the checker with FILE, runs it, and tells what it found
check() {
    build "$1"
    ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=exitcode=99 \
        OPENBLAS_NUM_THREADS=1 "$dir/checker" "${n#0}" "${LIMIT:-5}" \
        >"$dir/out" 2>"$dir/err"
    status=$?
    when=$(sed -n 's/^case: //p' "$dir/err" | tail -n 1)
    [ $status -ne 0 ] || grep -q ' is right$' "$dir/out" || status=4
    case $status in
    0)
        say "right"
        return 0 ;;
    1)
        say "$function in $1 is not right yet"
        cat "$dir/out" ;;
    2)
        cat "$dir/out" "$dir/err" >&2
        fail "nothing could be checked" \
            "If you have changed more than $function, start over: remove $1." ;;
    3)
        say "$function in $1 does not come to an end" \
            "It was stopped after ${LIMIT:-5} s, in this case: $when." \
            "Look at each loop: does its counter move on, and can its condition become false?" ;;
    *)
        place=$(line_text "$1")
        say "$function in $1 was stopped, in this case: $when" \
            "$(what_happened)" ${place:+"$place"} ;;
    esac
    return 1
}

# ---- the command line --------------------------------------------------------

[ -n "${1-}" ] || {
    list_all
    exit
}
n=$(printf '%s' "$1" | sed 's/^0*\([1-9]\)$/0\1/')
[ -n "$(field 2)" ] || {
    echo "make exercise: N is '$1'; must be 1 to $(grep -cv '^#' $list); without N, they are listed" >&2
    exit 2
}
describe
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
case ${2-} in
right)
    cp "$source" "$dir"
    check "$dir/$(basename "$source")"
    exit ;;
?*)
    make_file "$dir/$(basename "$source")" "$2"
    check "$dir/$(basename "$source")"
    exit ;;
esac
[ -f "$mine" ] || {
    begin
    exit
}
check "$mine" || exit
touch "$mark"
echo "  The library's own lines are in $source, from line $(line_of "$source") on."
