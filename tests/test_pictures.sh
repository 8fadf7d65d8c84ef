#!/bin/sh
# test_pictures.sh -- tests that the pictures in docs/pictures are those that
# docs/pictures/make.py draws, and that a page shows each of them.
. tests/verdict.sh

pictures=docs/pictures
for picture in "$pictures"/*.svg; do
    grep -q "](pictures/$(basename "$picture"))" docs/*.md
    verdict "a page shows $(basename "$picture")" $?
done

if ! command -v python3 >/dev/null; then
    echo "skipped: drawing the pictures, which needs python3"
    finish
fi
mkdir "$dir/drawn"
python3 "$pictures/make.py" "$dir/drawn"
verdict "make.py draws the pictures" $?
diff -x make.py "$dir/drawn" "$pictures" >"$dir/differences"
status=$?
cut -c 1-200 "$dir/differences"
verdict "the pictures are what make.py draws" $status

finish
