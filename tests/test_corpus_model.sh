#!/bin/sh
# test_corpus_model.sh -- loads bad model files, and compares the message of
# each with that in tests/corpus/model.txt.  After a message has been changed,
# with --store, this makes the present ones the right ones: read them.
. tests/verdict.sh

if ! command -v python3 >/dev/null; then
    echo "skipped: the messages for bad model files, which needs python3"
    finish
fi
case $BUILD in
/*) load=$BUILD/load-bad-models ;;
*) load=$PWD/$BUILD/load-bad-models ;;
esac

tests/corpus/model.py "$dir/bad"
verdict "bad model files are made" $?
(cd "$dir/bad" && export LC_ALL=C && "$load" [a-z]* 2>&1) >"$dir/messages"
[ "${1-}" != --store ] || cp "$dir/messages" tests/corpus/model.txt
diff tests/corpus/model.txt "$dir/messages"
verdict "the message of every bad model file is the one that is known" $?
[ "$(wc -l <"$dir/messages")" -ge 100 ]
verdict "there are at least 100 files" $?
[ "$(grep -c 'was loaded' "$dir/messages")" -eq 3 ] &&
    [ "$(grep -c '^[a-z-]*good[a-z-]*: was loaded' "$dir/messages")" -eq 3 ]
verdict "no file was loaded but the three good ones" $?

finish
