#!/bin/sh
# test_dependencies.sh -- tests that each folder of src/ uses only the folders
# that it may use, by its includes and by the symbols of its object files;
# src/README.md explains the rules.  Then tests that no files use each other in
# a circle, and that no file and no function is too long to read.
. tests/verdict.sh

# allowed FOLDER: the folders that it may use beside itself
allowed() {
    case $1 in
    base | mpi) ;;
    kernels | graph | data) echo base ;;
    layers | loss) echo kernels ;;
    optim) echo base graph ;;
    run) echo base graph optim ;;
    io) echo base graph optim ;;
    train) echo base graph optim run io ;;
    table) echo base data graph ;;
    *) echo "src/$1 has no rule; add one to tests/test_dependencies.sh" >&2 ;;
    esac
}

# may FOLDER USED: is USED allowed?
may() {
    [ "$1" = "$2" ] || case " $(allowed "$1") " in *" $2 "*) ;; *) false ;; esac
}

# includes SRC: prints the includes in that tree that break a rule
includes() {
    (cd "$1" && grep -oH '^#include "[a-z]*/' ./*/*.[ch]) |
        sed 's|^\./\([a-z]*\)/\([^:]*\):#include "\([a-z]*\)/|\1 \2 \3|' |
        while read -r folder file used; do
            may "$folder" "$used" ||
                echo "src/$folder/$file includes a header of $used"
        done
}

# These files hold the folder in which each symbol is defined, and the symbols
# that the headers in include/ declare.
for object in "$BUILD"/obj/src/*/*.o; do
    nm --defined-only "$object" |
        awk -v at="$(basename "$(dirname "$object")")" \
            '$2 ~ /[TDBR]/ && $3 ~ /^gradus_/ { print $3, at }'
done | sort -u >"$dir/defined"
printf '#include <gradus_layer.h>\n' | $CC -E -P -Iinclude - |
    grep -oE '\bgradus_[a-z0-9_]+' | sort -u >"$dir/public"

# symbols: prints the uses of symbols that break a rule.  A layer may also call
# what the headers declare of base and of graph, and a table what they declare
# of layers; ops.c, the list of all ops, may also name the layers.
symbols() {
    for object in "$BUILD"/obj/src/*/*.o; do
        folder=$(basename "$(dirname "$object")")
        file=$(basename "$object" .o).c
        nm -u "$object" | awk '$2 ~ /^gradus_/ { print $2 }' | sort -u |
            join - "$dir/defined" |
            while read -r symbol used; do
                may "$folder" "$used" && continue
                case $folder/$file/$used in
                io/ops.c/layers | io/ops.c/loss) continue ;;
                layers/*/base | layers/*/graph | loss/*/base | loss/*/graph | \
                    table/*/layers)
                    grep -qx "$symbol" "$dir/public" && continue ;;
                esac
                echo "src/$folder/$file uses $symbol of $used"
            done
    done
}

includes src >"$dir/broken"
cat "$dir/broken"
[ -s "$dir/defined" ] && [ ! -s "$dir/broken" ]
verdict "no file includes what its folder may not" $?
mkdir -p "$dir/planted/base"
echo '#include "graph/graph.h"' >"$dir/planted/base/error.c"
[ "$(includes "$dir/planted")" = \
    "src/base/error.c includes a header of graph" ]
verdict "an include that is forbidden is found and named" $?
symbols >"$dir/broken"
cat "$dir/broken"
[ ! -s "$dir/broken" ]
verdict "no file uses a symbol that its folder may not" $?
sed -i 's/^\(gradus_error_set\) base/\1 train/' "$dir/defined"
symbols | grep -qx "src/io/save.c uses gradus_error_set of train"
verdict "a symbol that is forbidden is found and named" $?

# A pair "A B" says that A uses a symbol of B; tsort finds circles of pairs.
for object in "$BUILD"/obj/src/*/*.o; do
    nm "$object" | awk -v file="${object#"$BUILD"/obj/}" '
        $NF ~ /^gradus_/ { print $NF, file, ($(NF - 1) == "U" ? "U" : "D") }'
done | sort >"$dir/uses"
awk '$3 == "U"' "$dir/uses" >"$dir/used"
awk '$3 == "D"' "$dir/uses" | join -o 1.2,2.2 "$dir/used" - >"$dir/pairs"
tsort "$dir/pairs" >"$dir/order" 2>"$dir/circle"
[ -s "$dir/pairs" ] && [ ! -s "$dir/circle" ]
status=$?
cat "$dir/circle"
verdict "no files use each other in a circle" $status
echo "src/base/error.o src/io/save.o" | cat - "$dir/pairs" |
    tsort 2>&1 >"$dir/order" | grep -q "src/io/save.o"
verdict "a circle of files is found and named" $?

awk 'length($0) > 79 { print FILENAME ":" FNR " has more than 79 columns" }' \
    src/*/*.[ch] include/*.h >"$dir/wide"
cat "$dir/wide"
[ ! -s "$dir/wide" ]
verdict "no line of the library has more than 79 columns" $?

# The lines of a file are counted after its first comment, and those of a
# function are the lines of its body.
awk 'FNR == 1 { head = /^\/\*/; lines = 0 }
     !head && ++lines == 331 { print FILENAME " has more than 330 lines" }
     head && /\*\// { head = 0 }
     /^[{]/ { body = FNR } /^}/ && body { if (FNR - body - 1 > 50)
         print FILENAME ":" body ": a function of " FNR - body - 1 " lines"
         body = 0 }' src/*/*.[ch] >"$dir/long"
cat "$dir/long"
[ ! -s "$dir/long" ]
verdict "no file has more than 330 lines, and no function more than 50" $?

finish
