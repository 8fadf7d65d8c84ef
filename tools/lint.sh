#!/bin/sh
# lint.sh -- has clang-tidy, cppcheck and GCC's analyser read src and examples;
# `make lint` calls it.  Prints what they find and tools/lint.txt does not
# excuse, and fails if there is any.
set -u
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
flags="-std=c11 -Iinclude -Isrc -Iprograms/shared -Iexamples/mnist -D_FILE_OFFSET_BITS=64 $(pkg-config --cflags openblas ompi-c)"
files=$(ls src/*/*.c examples/*/*.c programs/*/*.c)

# shellcheck disable=SC2086 # flags and files are lists
{
    echo $files | tr ' ' '\n' |
        xargs -P 2 -n 8 sh -c 'for f; do gcc '"$flags"' -O2 -fanalyzer -c "$f" -o /dev/null; done' - \
            2>"$dir/analyzer"
    echo $files | tr ' ' '\n' |
        xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$@" -- '"$flags" - \
            >"$dir/clang-tidy" 2>"$dir/tidy-errors"
    cppcheck --quiet --std=c11 --enable=warning,performance,portability \
        -Iinclude -Isrc --template='{file}:{line}: warning: {message} [{id}]' \
        src examples programs 2>"$dir/cppcheck"
}

# A tool that did not run, or could not compile a file, has found nothing.
if grep -H 'error:' "$dir/analyzer" "$dir/clang-tidy" ||
    [ ! -s "$dir/clang-tidy" ] || [ ! -s "$dir/analyzer" ]; then
    cat "$dir/tidy-errors" >&2
    echo "lint: FAILED: a tool did not run" >&2
    exit 1
fi

# A finding: tool, file, check in lower case, line, message.
for tool in analyzer clang-tidy cppcheck; do
    sed -n "s|^$PWD/||
        s|^\([^:]*\):\([0-9]*\):.*warning: \(.*\) \[-*W*\([^]=]*\)\]\$|$tool \1 \L\4\E (line \2: \3)|p" \
        "$dir/$tool"
done | sort -u >"$dir/findings"

grep -v '^#' tools/lint.txt | grep . >"$dir/excuses"
sed 's/ -- .*//' "$dir/excuses" >"$dir/patterns"
grep -vEf "$dir/patterns" "$dir/findings" >"$dir/left"
while IFS= read -r pattern; do
    grep -qE -e "$pattern" "$dir/findings" ||
        echo "tools/lint.txt: nothing is excused by $pattern"
done <"$dir/patterns" >>"$dir/left"
grep -v ' -- ..*' "$dir/excuses" >>"$dir/left"
cat "$dir/left"
echo "lint: $(wc -l <"$dir/findings") findings, $(wc -l <"$dir/left") not explained"
[ ! -s "$dir/left" ]
