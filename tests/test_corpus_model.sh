#!/bin/sh
# test_corpus_model.sh -- loads bad model files, checkpoints and replay files,
# and compares the message of each with that in tests/corpus/model.txt or
# checkpoint.txt.  After a message has been changed, with --store, this makes
# the present ones the right ones: read them.
. tests/verdict.sh

if ! command -v python3 >/dev/null; then
    echo "skipped: the messages for bad model files, which needs python3"
    finish
fi
case $BUILD in
/*) load=$BUILD/load-bad ;;
*) load=$PWD/$BUILD/load-bad ;;
esac
if [ ! -x "$load-models" ] || [ ! -x "$load-checkpoints" ]; then
    echo "$load-models or -checkpoints is missing; make test builds them"
    exit 1
fi

tests/corpus/model.py "$dir/bad"
verdict "bad model files are made" $?
(cd "$dir/bad" && export LC_ALL=C && "$load-models" [a-z]* 2>&1) >"$dir/messages"
[ "${1-}" != --store ] || cp "$dir/messages" tests/corpus/model.txt
diff tests/corpus/model.txt "$dir/messages"
verdict "the message of every bad model file is the one that is known" $?
[ "$(wc -l <"$dir/messages")" -ge 100 ]
verdict "there are at least 100 files" $?
[ "$(grep -c 'was loaded' "$dir/messages")" -eq 3 ] &&
    [ "$(grep -c '^[a-z-]*good[a-z-]*: was loaded' "$dir/messages")" -eq 3 ]
verdict "no file was loaded but the three good ones" $?

# A checkpoint holds seconds and the name of the BLAS, so its size and checksum
# are others each time.
mkdir "$dir/checkpoints"
(cd "$dir/checkpoints" && "$load-checkpoints" --make) &&
    script=$PWD/tests/corpus/checkpoint.py &&
    (cd "$dir/checkpoints" && python3 "$script")
verdict "bad checkpoints and replay files are made" $?
(cd "$dir/checkpoints" && export LC_ALL=C &&
    "$load-checkpoints" [a-z]* 2>&1) |
    sed 's/checksum is [0-9a-f]*/checksum is A/
         s/its contents is [0-9a-f]*/its contents is B/
         s/header has [0-9]* bytes, but [0-9]* f/header has N bytes, but M f/' \
        >"$dir/messages"
[ "${1-}" != --store ] || cp "$dir/messages" tests/corpus/checkpoint.txt
diff tests/corpus/checkpoint.txt "$dir/messages"
verdict "the message of every bad checkpoint is the one that is known" $?
[ "$(grep -vc '^replay' "$dir/messages")" -ge 100 ]
verdict "there are at least 100 checkpoints" $?
[ "$(grep -c 'was loaded' "$dir/messages")" -eq 4 ] &&
    [ "$(grep -c '^[a-z]*-good: was\|^replay-no-message: was' \
        "$dir/messages")" -eq 4 ]
verdict "none was loaded but the good ones, and one without its message" $?

finish
