#!/bin/sh
# test_book.sh -- tests what the README and the pages of docs/ that teach show.
#
# In these pages, a ```c block with a main is a program, which must compile and
# run; a ```text block that follows it directly is what it prints (in the
# README, a ``` block that begins with the command).  Any other ```c block is a
# quotation of the file that is named in the line before it.  A ```console
# block has commands, after "$ ", and their output.  Links must lead somewhere,
# and formulas stand between blank lines.  The tag of an equation, such as
# \tag{S1}, stands as (S1) in a comment at the line of src/ that computes it,
# too, and in the test in tests/*.c that checks it by numbers.
. tests/verdict.sh

root=$PWD
BUILD=$(cd "$BUILD" && pwd)

# letter PAGE: with which letter its tags begin; nothing for a page that does
# not teach
letter() {
    case $1 in
    docs/softmax.md | docs/softmax.zh.md) echo S ;;
    docs/backprop.md) echo B ;;
    docs/numbers.md) echo F ;;
    docs/conv.md) echo C ;;
    docs/norms.md) echo N ;;
    docs/pooling.md) echo P ;;
    docs/dropout.md) echo D ;;
    docs/optimisers.md) echo O ;;
    docs/step.md) echo T ;;
    esac
}

# pages: prints those that teach
pages() {
    for page in docs/*.md; do
        [ -z "$(letter "$page")" ] || echo "$page"
    done
}

# ---- programs, quotations, commands ------------------------------------

# cut_blocks PAGE: writes each block to a file in $dir/blocks that is named
# after its line: 12.c, with the line before it in 12.before and what it must
# print in 12.text, or 12.console
cut_blocks() {
    rm -rf "$dir/blocks"
    mkdir "$dir/blocks"
    awk -v to="$dir/blocks/" '
        /^ +```/ {
            print FILENAME ":" FNR ": a block is indented, so it is not tested"
        }
        /^```/ && out {
            close(out)
            out = ""
            after = kind == "c" ? from : 0
            next
        }
        /^```/ {
            kind = substr($0, 4)
            from = FNR
            out = "/dev/null"
            if (kind == "c" || kind == "console")
                out = to FNR "." kind
            if (after && (kind == "text" || kind == ""))
                out = to after ".text"
            if (kind == "c")
                print before >(to FNR ".before")
            next
        }
        out && !(kind == "" && /^\$ /) { print >out }
        !out && NF { before = $0; after = 0 }
        END {
            if (out)
                print FILENAME ":" from ": a block does not end"
        }' "$1"
}

# Programs and commands run in a copy of the repository, in which build/ holds
# the programs of $BUILD, and the model that `make mnist` would make.
mkdir -p "$dir/copy/build"
for file in *; do
    [ "$file" = build ] || ln -s "$root/$file" "$dir/copy/$file"
done
for file in "$BUILD"/*; do
    [ -f "$file" ] && [ -x "$file" ] && ln -s "$file" "$dir/copy/build/"
done
"$BUILD"/mnist-train --data data/sample --epochs 3 \
    --save "$dir/copy/build/mnist.safetensors" >/dev/null 2>&1
verdict "mnist-train makes the model that the README's programs load" $?

# run_program BLOCK PLACE: prints what is wrong with BLOCK.c, which stands there
run_program() {
    library=libgradus.a
    if head -n 1 "$1.c" | grep -qx '#define GRADUS_DOUBLE'; then
        library=libgradus-double.a
    fi
    # shellcheck disable=SC2046,SC2086 # flags are meant to be split
    $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$root/include" "$1.c" \
        ${CFLAGS-} "$BUILD/$library" -pthread \
        $(pkg-config --libs openblas zlib jansson) -lm -o "$1.run" ||
        { echo "$2: the program does not compile"; return; }
    (cd "$dir/copy" && "$1.run") >"$1.out" 2>&1 ||
        echo "$2: the program ends with status $?"
    [ ! -f "$1.text" ] || diff "$1.text" "$1.out" ||
        echo "$2: the program prints something else than is shown"
}

# stands_in FILE BLOCK: do the lines of BLOCK stand in FILE, one after the
# other, leading blanks aside?
stands_in() {
    awk '
        { sub(/^[ \t]+/, "") }
        NR == FNR { block[++n] = $0; next }
        { file[++m] = $0 }
        END {
            for (i = 0; i <= m - n; i++) {
                for (k = 1; k <= n && file[i + k] == block[k]; k++)
                    ;
                if (k > n)
                    exit 0
            }
            exit 1
        }' "$2" "$1"
}

# find_quotation BLOCK PLACE: prints what is wrong with the quotation BLOCK.c
find_quotation() {
    found=
    for name in $(grep -oE '`[^` ]+`|\]\([^) ]+\)' "$1.before" | tr -d '`]()'); do
        for file in "$name" "docs/$name"; do
            [ -f "$file" ] || continue
            found=$file
            stands_in "$file" "$1.c" && return
        done
    done
    echo "$2: the line before the block names ${found:-no file}${found:+, which does not hold these lines}"
}

# replay BLOCK: runs the commands of BLOCK, and prints the block as it must be
replay() {
    grep '^\$ ' "$1" | while IFS= read -r line; do
        printf '%s\n' "$line"
        (cd "$dir/copy" && sh -c "${line#??}" 2>&1 </dev/null)
    done
}

# block_faults PAGE: prints what is wrong with its blocks
block_faults() {
    cut_blocks "$1"
    for file in "$dir"/blocks/*.c "$dir"/blocks/*.console; do
        [ -f "$file" ] || continue
        block=${file%.*}
        place=$1:${block##*/}
        case $file in
        *.console)
            replay "$file" | diff "$file" - ||
                echo "$place: a command prints something else than is shown" ;;
        *.c)
            if grep -qE '(^|[^a-z_])main\(' "$file"; then
                run_program "$block" "$place"
            else
                find_quotation "$block" "$place"
            fi ;;
        esac
    done
}

# ---- links, formulas ----------------------------------------------------

# headings PAGE: prints the anchors of its headings
headings() {
    LC_ALL=C awk '/^```/ { code = !code }
         !code && sub(/^#+ /, "") {
             $0 = tolower($0)
             gsub(/[^a-z0-9_ \200-\377-]/, "")
             gsub(/ /, "-")
             print
         }' "$1"
}

# link_faults PAGE: prints which of the files that it links to, or names in
# `backticks`, are not there
link_faults() {
    awk -v folder="$(dirname "$1")" '
        /^```/ { code = !code }
        code { next }
        {
            text = $0
            while (match(text, /`[^`]*`/)) {
                name = substr(text, RSTART + 1, RLENGTH - 2)
                if (name ~ /^(src|include|tests|docs|examples|programs|tools)\/[^ ]*$/)
                    print FNR, name
                text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
            }
            while (match(text, /\]\([^)]*\)/)) {
                name = substr(text, RSTART + 2, RLENGTH - 3)
                text = substr(text, RSTART + RLENGTH)
                if (name ~ /^#/)
                    print FNR, FILENAME name
                else if (name !~ /^[a-z]+:/)
                    print FNR, folder "/" name
            }
        }' "$1" |
        while read -r line target; do
            file=${target%%#*}
            # shellcheck disable=SC2086 # a name may be a pattern
            set -- "$1" $file
            if [ ! -e "$2" ]; then
                echo "$1:$line: there is no $file"
            elif [ "$file" != "$target" ] &&
                ! headings "$file" | grep -qxF -- "${target#*#}"; then
                echo "$1:$line: $file has no heading #${target#*#}"
            fi
        done
}

# formula_faults PAGE: prints which of its $$ blocks GitHub would not show
formula_faults() {
    awk '
        /^```/ { code = !code }
        end && FNR == end + 1 && NF {
            print FILENAME ":" FNR ": a formula needs a blank line after it"
        }
        !code {
            text = $0
            gsub(/`[^`]*`/, "", text)
            math = open ? text : ""
            while (!open && match(text, /\$[^$]+\$/)) {
                math = math substr(text, RSTART, RLENGTH)
                if (RSTART > 1 && substr(text, RSTART - 1, 1) !~ /[ (\"$]/)
                    print FILENAME ":" FNR ": a formula needs a blank before its $"
                text = substr(text, RSTART + RLENGTH)
            }
            if (math ~ /\\[^A-Za-z ]/)
                print FILENAME ":" FNR ": in a formula, GitHub drops the backslash of \\, \\{ and the like"
        }
        !code && /\$\$/ {
            if (!open && before ~ /[^ ]/)
                print FILENAME ":" FNR ": a formula needs a blank line before it"
            open = (open + gsub(/\$\$/, "&")) % 2
            end = open ? 0 : FNR
        }
        { before = $0 }
        END {
            if (open)
                print FILENAME ": a formula does not end"
        }' "$1"
}

# ---- tags ---------------------------------------------------------------

# page_tags: prints for each tag of a page: "page", the tag, where it stands,
# and the letter of that page; and "mention" likewise for each (S1) in its text
page_tags() {
    for page in $(pages); do
        grep -Hno '\\tag{[^}]*}' "$page" |
            sed "s/\(.*\):.tag{\(.*\)}/page \2 \1 $(letter "$page")/"
        grep -Hno '([SBFCNOTPD][0-9][0-9]*)' "$page" |
            sed 's/\(.*\):(\(.*\))/mention \2 \1/'
    done
}

# comment_tags KIND FILE...: prints for each tag in a comment: KIND, the tag,
# where it stands, and "head" if that is the first comment of a file
comment_tags() {
    kind=$1
    shift
    awk -v kind="$kind" '
        FNR == 1 { head = 1; inside = 0 }
        {
            rest = $0
            text = ""
            head = head && (FNR == 1 || inside)
            while (i = index(rest, inside ? "*/" : "/*")) {
                text = text (inside ? substr(rest, 1, i - 1) " " : "")
                rest = substr(rest, i + 2)
                inside = !inside
            }
            text = text (inside ? rest : "")
            while (match(text, /\([SBFCNOTPD][0-9]+\)/)) {
                print kind, substr(text, RSTART + 1, RLENGTH - 2),
                    FILENAME ":" FNR, head ? "head" : ""
                text = substr(text, RSTART + RLENGTH)
            }
        }' "$@"
}

# tag_faults: prints which tags are not in a page, at a line of src/ and in a
# test
tag_faults() {
    { page_tags; comment_tags src src/*/*.[ch]; comment_tags test tests/*.c; } |
        awk '
        $1 == "page" {
            page = $3
            sub(/:.*/, "", page)
            if ($2 !~ "^" $4 "[0-9]+$")
                print $3 ": the tag is " $2 "; must be " $4 " and a number"
            if (seen[$2, page]++)
                print $3 ": the tag " $2 " is there twice"
            if (!($2 in place)) {
                place[$2] = $3
                tag[++tags] = $2
            }
            next
        }
        $1 == "src" && $4 != "head" { code[$2] = 1 }
        $1 == "test" { tested[$2] = 1 }
        { other[++others] = $2; at[others] = $3 }
        END {
            for (i = 1; i <= tags; i++) {
                t = tag[i]
                if (!code[t])
                    print place[t] ": (" t ") stands at no line of src/ (the head of a file does not count)"
                if (!tested[t])
                    print place[t] ": (" t ") stands in no test of tests/*.c"
                if (t ~ /^S/ && !seen[t, "docs/softmax.md"] != !seen[t, "docs/softmax.zh.md"])
                    print place[t] ": (" t ") is in only one of softmax.md and softmax.zh.md"
            }
            for (i = 1; i <= others; i++)
                if (!(other[i] in place))
                    print at[i] ": (" other[i] ") is the tag of no page"
        }'
}

# ---- the pages as they are ----------------------------------------------

for page in README.md $(pages); do
    for what in block link formula; do
        "${what}_faults" "$page" >"$dir/faults"
        cat "$dir/faults"
        [ ! -s "$dir/faults" ]
        verdict "every $what of $page is right" $?
    done
done
tag_faults >"$dir/faults"
cat "$dir/faults"
[ ! -s "$dir/faults" ] && [ -n "$(page_tags)" ]
verdict "pages, code and tests share the tags of equations" $?
cut_blocks README.md
[ "$(grep -l 'main(' "$dir"/blocks/*.c | wc -l)" -ge 2 ]
verdict "the README has two programs" $?

# ---- planted faults -----------------------------------------------------

# tests/book is a small tree whose page has one of each fault; faults.txt has
# what must be said of it.
cd tests/book || exit
{
    block_faults docs/backprop.md 2>/dev/null | grep '^docs'
    link_faults docs/backprop.md
    formula_faults docs/backprop.md
    tag_faults
} | diff faults.txt -
verdict "faults that are planted in a page are found and named" $?

finish
