#!/bin/sh
# test_museum.sh -- tests that docs/museum.md and the patches of tests/museum
# belong together: the page has a row, a section and a link for each patch,
# each patch still applies, and the test that the page names for it exists.
# `make museum` plants the faults.
. tests/verdict.sh

page=docs/museum.md

# applies PATCH: can it be applied to the tree as it is?
applies() {
    git apply --check "$1"
}

# has_test SUITE TEST: is there such a test in that suite, or a part of it?
has_test() {
    grep -qE "^(LOOP_|CHECK_)?TEST\($2[,)]" tests/test_"$1".c tests/test_"$1"_*.c \
        2>/dev/null
}

# section NUMBER: prints the section of the page with that number
section() {
    sed -n "/^### $1\. /,/^##/p" "$page"
}

tests/museum/run.sh --list >"$dir/faults"
cut -d ' ' -f 1 "$dir/faults" >"$dir/rows"
(cd tests/museum && ls ./*.patch) | sed 's;^\./\(.*\)\.patch$;\1;' \
    >"$dir/patches"
[ "$(wc -l <"$dir/rows")" -ge 10 ] && diff "$dir/rows" "$dir/patches"
verdict "the table has a row for each patch, in their order" $?

# The name of a heading, in a link, is in lower case and has - for blanks.
sed -n 's/^### //p' "$page" | tr '[:upper:] ' '[:lower:]-' | tr -d '.,' \
    >"$dir/headings"
grep -o '](#[^)]*' "$page" | sed 's/](#//' >"$dir/links"
diff "$dir/links" "$dir/headings"
verdict "the table links to each section, in their order" $?

while read -r patch suite test; do
    number=$(echo "${patch%%-*}" | sed 's/^0//')
    applies "tests/museum/$patch.patch"
    verdict "$patch applies" $?
    head -n 1 "tests/museum/$patch.patch" | grep -q "^$patch.patch -- "
    verdict "$patch begins with its name" $?
    has_test "$suite" "$test"
    verdict "$patch is caught by a test that exists" $?
    section "$number" |
        grep -qE 'https://github\.com/[^/ ]+/[^/ ]+/(issues|pull)/[0-9]+'
    verdict "$patch has a section that links to where it happened" $?
done <"$dir/faults"

sed 's/^\([ -]\).*/\1another line/' tests/museum/13-*.patch >"$dir/stale"
! applies "$dir/stale" 2>/dev/null
verdict "a patch whose lines have changed is refused" $?
! has_test softmax_ce no_such_test
verdict "a test that does not exist is noticed" $?

finish
