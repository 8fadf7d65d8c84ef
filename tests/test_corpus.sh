#!/bin/sh
# test_corpus.sh -- loads bad files, at least 40 for each loader of data, and
# compares the message of each with that in tests/corpus/messages.txt.  After a
# message has been changed, with --store, this makes the present ones the right
# ones: read them.
. tests/verdict.sh

if ! command -v python3 >/dev/null; then
    echo "skipped: the messages for bad files, which needs python3"
    finish
fi
here=$PWD
case $BUILD in /*) load=$BUILD/load-bad ;; *) load=$here/$BUILD/load-bad ;; esac
if [ ! -x "$load" ]; then
    echo "$load is missing; make test builds it"
    exit 1
fi

tests/corpus/make.py "$dir/bad"
verdict "bad files are made" $?
for kind in csv idx image folder; do
    (cd "$dir/bad" && export LC_ALL=C &&
        "$load" "$kind" "$kind"/[!g]* 2>&1) # all but the good ones
done >"$dir/messages"
[ "${1-}" != --store ] || cp "$dir/messages" tests/corpus/messages.txt
diff tests/corpus/messages.txt "$dir/messages"
verdict "the message of every bad file is the one that is known" $?
for kind in csv idx image folder; do
    [ "$(grep -c "^$kind/" "$dir/messages")" -ge 40 ]
    verdict "at least 40 bad files for $kind" $?
done
! grep 'was loaded' "$dir/messages"
verdict "no bad file was loaded" $?

finish
