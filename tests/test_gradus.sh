#!/bin/sh
# test_gradus.sh -- runs the program gradus as a user does: on tables that are
# written here, on data/sample and on data/digits.
. tests/verdict.sh
gradus=$BUILD/gradus
if [ ! -x "$gradus" ]; then
    verdict "$gradus is there; run make first" 1
    finish
fi

# ---- helpers -------------------------------------------------------------

# exits STATUS WORDS COMMAND...: does COMMAND exit with STATUS, and say WORDS
# on stderr?  Its stdout is then in $dir/out, its stderr in $dir/err.
exits() {
    wanted=$1 words=$2
    shift 2
    "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    [ "$got" -eq "$wanted" ] && grep -qF -e "$words" "$dir/err" && return
    [ "$got" -eq "$wanted" ] && [ -z "$words" ] && return
    echo "        $*: status $got, wanted $wanted, and to be told: $words"
    head -n 20 "$dir/err" | sed 's/^/        /'
    return 1
}

# is NAME STATUS WORDS COMMAND...: the same as a case
is() {
    name=$1
    shift
    exits "$@"
    verdict "$name" $?
}

# refused WORDS ARGUMENT...: is this command line wrong, and does the first
# message name WORDS and the second --help?
refused() {
    words=$1
    shift
    exits 2 "$words" "$gradus" "$@" && [ ! -s "$dir/out" ] &&
        [ "$(wc -l <"$dir/err")" -eq 2 ] &&
        tail -n 1 "$dir/err" | grep -qx 'gradus: --help lists the options'
    verdict "gradus $*: names $words" $?
}

# fails WORDS ARGUMENT...: does it end with 1, no output and one message?
fails() {
    words=$1
    shift
    exits 1 "$words" "$gradus" "$@" && [ ! -s "$dir/out" ] &&
        [ "$(grep -c '^gradus: ' "$dir/err")" -eq 1 ]
    verdict "gradus $1: $words" $?
}

# value FILE KEY: prints the first value of KEY in JSON
value() {
    grep -o "\"$2\":\"\{0,1\}[^\",}]*" "$1" | head -n 1 |
        sed 's/.*:"\{0,1\}//'
}

# json NAME EXPRESSION: is $dir/out JSON, of which the Python is true?
if command -v python3 >/dev/null; then
    json() {
        python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(0 if eval("(" + sys.argv[2] + ")") else print(j) or 1)' "$dir/out" "$2"
        verdict "$1" $?
    }
else
    echo "skipped: what is in the JSON, as there is no python3"
    json() {
        :
    }
fi

# train ARGUMENT...: trains, and leaves the report in $dir/out
train() {
    exits 0 '' "$gradus" train "$@"
}

# ---- the data --------------------------------------------------------------

# Two classes, one with a comma and quotes in its name; a text, a number that is
# predicted, and a column that only counts the rows.
awk 'BEGIN { srand(3); print "id,size,colour,weight,kind"
    for (i = 1; i <= 240; i++) {
        s = rand() * 10; r = rand()
        c = r < 0.5 ? "red" : r < 0.8 ? "\"deep, dark \"\"blue\"\"\"" : "green"
        w = 2 * s + (c == "red" ? 5 : 0) + rand()
        k = s + 0.6 * rand() > 5.3 ? "\"big, \"\"huge\"\"\"" : "small"
        printf "%d,%.3f,%s,%.3f,%s\n", i, s, c, w, k } }' >"$dir/all.csv"
head -n 201 "$dir/all.csv" >"$dir/t.csv"
{ head -n 1 "$dir/all.csv"; tail -n 40 "$dir/all.csv"; } >"$dir/new.csv"
awk 'BEGIN { srand(4); for (i = 0; i < 120; i++) { x = rand(); y = rand()
    print x "," y "," (x > y ? "a" : "b") } }' >"$dir/plain.csv"
for digit in 0 1 2 3 4 5 6 7 8 9; do
    mkdir -p "$dir/digits/$digit"
    cp data/digits/$digit-*.png "$dir/digits/$digit"
done
kind=$dir/kind.safetensors weight=$dir/weight.safetensors
image=$dir/image.safetensors

# ---- the program --------------------------------------------------------------

is "--help is on stdout" 0 '' "$gradus" --help
commands="data train predict evaluate report info doctor explain check replay"
version=$(sed -n 's/^#define GRADUS_VERSION "\(.*\)"/\1/p' include/gradus.h)
for command in $commands; do
    grep -q "^  $command " "$dir/out"
    verdict "--help lists $command" $?
done
for command in $commands; do
    is "$command --help is on stdout" 0 '' "$gradus" $command --help
    grep -q "^usage: gradus $command " "$dir/out"
    verdict "$command --help begins with the usage" $?
    is "$command -h is the same" 0 '' "$gradus" $command -h
    refused "'--bogus'" $command --bogus
    grep -q "^gradus: .*bogus" "$dir/err"
    verdict "which begins with the name of the program" $?
    refused "got " $command
    "$gradus" $command --help >/dev/full 2>"$dir/err"
    [ $? -eq 1 ]
    verdict "$command minds a full disk" $?
    "$gradus" $command --help >"$dir/help"
    is "help $command is there, too" 0 '' "$gradus" help $command
    cmp -s "$dir/help" "$dir/out"
    verdict "and is the same as $command --help" $?
    is "$command --version is there" 0 '' "$gradus" $command x --version
    grep -qx "gradus $version" "$dir/out"
    verdict "and prints the version" $?
done
is "--version is there" 0 '' "$gradus" --version
grep -qx "gradus $version" "$dir/out"
verdict "and prints the version" $?
"$gradus" --help >"$dir/help"
is "help is there, too" 0 '' "$gradus" help
cmp -s "$dir/help" "$dir/out"
verdict "and is the same as --help" $?
refused "got the command 'bogus'" help bogus
refused "help: got 2 arguments; must be one COMMAND" help train data
is "no command is a wrong command line" 2 'got no command' "$gradus"
is "another command is named" 2 "got the command 'bogus'" "$gradus" bogus
# foreign: prints the headers that are neither public nor the programs' own
foreign() {
    grep -oh '#include "[^"]*"' programs/*/*.[ch] | cut -d'"' -f2 | sort -u |
        while read -r header; do
            ls "include/$header" "programs/shared/$header" \
                "programs/gradus/$header" 2>/dev/null | grep -q . ||
                echo "        $header"
        done
}
foreign
[ -z "$(foreign)" ]
verdict "the program includes the public headers alone" $?

# ---- train ---------------------------------------------------------------------

refused "another argument, b" train a b --label x
refused "--label and --target" train a --label x --target y
refused "--epochs '0'" train a --epochs 0
refused "--valid 0" train a --valid 0
refused "--patience 'x'" train a --patience x
refused "--missing 'x'" train a --missing x
refused "--size '32'" train a --size 32
refused "--target: the name of a column is missing" train a --target x,,y
fails "must be told what to predict" train "$dir/t.csv"
fails 'is a table, and --net lenet is for images' train "$dir/t.csv" \
    --label kind --ignore id --net lenet
fails 'is a table, and --flip is for images' train "$dir/t.csv" --label kind \
    --ignore id --flip
fails '--size is for folders' train "$dir/t.csv" --label kind --size 8x8
fails '--label is for tables' train data/sample --label kind
fails '--no-header is for tables' data data/sample --no-header
fails '(here: --ignore A,B and --missing mean' train "$dir/t.csv" --label kind
fails '(here: --label COLUMN for classes, --target COLUMN for numbers' \
    train "$dir/t.csv" --target kind
fails 'for (here: --label COLUMN for classes, --target COLUMN for numbers' \
    train "$dir/t.csv" --label weight
sed 's/,[^,]*\(,[^,]*\)$/,7\1/' "$dir/plain.csv" >"$dir/x.csv"
fails '"2" has one number alone, 7: nothing is to be predicted' train "$dir/x.csv" \
    --no-header --target 2
fails 'has no column "kinds"' train "$dir/t.csv" --label kinds
fails "\"id\" counts the rows" train "$dir/t.csv" --label kind
fails "$dir/none: No such file" train "$dir/none" --label kind

# learn NAME ARGUMENT...: trains on the table for classes, with JSON
learn() {
    report=$1
    shift
    train "$dir/t.csv" --label kind --ignore id,weight --epochs 40 --json \
        "$@" && mv "$dir/out" "$dir/$report"
}
learn one --threads 1 --save "$kind"
verdict "a net learns classes from a table" $?
learn two --threads 2
[ -n "$(value "$dir/one" weights_hash)" ] &&
    [ "$(value "$dir/one" weights_hash)" = "$(value "$dir/two" weights_hash)" ]
verdict "1 and 2 threads give the same weights" $?
awk -v a="$(value "$dir/one" accuracy)" 'BEGIN { exit !(a > 0.85) }'
verdict "the net has learnt the classes" $?
train "$dir/t.csv" --target weight --ignore id,kind --epochs 60 --save "$weight"
verdict "a net learns numbers from a table" $?
train data/sample --net mlp --epochs 2 --save "$image"
verdict "a net learns images" $?
cp "$dir/out" "$dir/image.report"
train "$dir/plain.csv" --no-header --label 3 --save "$dir/plain.safetensors"
verdict "a net learns from a table without a header" $?

# ---- files as people have them ----------------------------------------------------

{ echo x,y,class; cat "$dir/plain.csv"; } >"$dir/points.csv"
train "$dir/points.csv" --label class --epochs 5 --json --save "$dir/points" &&
    mv "$dir/out" "$dir/report"
hash=$(value "$dir/report" weights_hash)
# alike: is the table on stdin the same as that of points?
alike() {
    cat >"$dir/x.csv"
    train "$dir/x.csv" --label class --epochs 5 --json &&
        [ "$(value "$dir/out" weights_hash)" = "${hash:-none}" ]
}
tr , ';' <"$dir/points.csv" | alike
verdict "a table may have semicolons between fields" $?
tr , '\t' <"$dir/points.csv" | alike
verdict "or tabs" $?
{ printf '\357\273\277'; sed 's/$/\r/' "$dir/points.csv"; } | alike
verdict "and a byte order mark and CR LF" $?
awk -F, 'NR == 1 { print; next }
    { print "\"" $1 "\"," $2 ",\"" $3 "\n\"\"\"" }' "$dir/points.csv" | alike
verdict "and fields in quotes, with line breaks" $?
# unlike WORDS: is the table on stdin refused in these words alone?
unlike() {
    cat >"$dir/x.csv"
    exits 1 '' "$gradus" train "$dir/x.csv" --label class &&
        echo "gradus: $dir/x.csv$1" | diff - "$dir/err"
}
unlike ': empty file' </dev/null
verdict "an empty file is refused" $?
printf 'x,class\n' | unlike ': no rows after the header'
verdict "a header alone is refused" $?
printf 'x,class\n1,a\n"2,b\n' | unlike ':3: column 1: its quote is not closed'
verdict "an open quote is refused" $?
printf 'x,class\n1,\0\n' |
    unlike ': byte 10 is NUL, as in UTF-16; must be text in UTF-8'
verdict "a binary file is refused" $?
printf '1,a\n2,b\n' | unlike ':1: column 1: got "1"; must be a name: set the '\
'option header to GRADUS_CSV_HEADER if it is one, else to GRADUS_CSV_NO_HEADER '\
'(here: --no-header, if the first row is data)'
verdict "--no-header is named where there is no header" $?
printf '#x,class\n1,a\n2,b\n' | unlike ':1: begins with #; must be the names '\
'of the columns: remove the line if it is a comment, else set the option '\
'header to GRADUS_CSV_HEADER (here: remove the #, if it belongs to a name)'
verdict "what to do about names that begin with # is said" $?
printf 'sep=;\nx;class\n' | unlike ':1: a sep= line, which Excel alone reads; '\
'must be removed, and the option separator set to its character (here: gradus '\
'finds the separator itself)'
verdict "a sep= line is refused" $?
tr ,. ';,' <"$dir/points.csv" >"$dir/x.csv"
fails '"x" has numbers with commas; must be with a point' train "$dir/x.csv" \
    --label class
fails 'its fields must be separated by ",", as those of the table' predict \
    "$dir/points" "$dir/x.csv"
mkdir "$dir/none.d"
fails 'none.d: empty; must be a folder of at least 1 class folder' train \
    "$dir/none.d"
fails "t.csv: --valid 0.001: " train "$dir/t.csv" --label kind --ignore id \
    --valid 0.001
refused "--valid 'a': is DATA, too" train a --label x --valid a
printf 'a,b,y\n1,7,p\n2,5,q\n3,3,p\n4,9,q\n' >"$dir/from.csv"
sed 's/^\(.*\),\(.*\),/\2,\1,/' "$dir/from.csv" >"$dir/swapped.csv"
begin="--label y --valid 0.5 --epochs 1"
# shellcheck disable=SC2086
is "one-cycle over one step of training is warned of" 0 \
    "one-cycle needs at least 3 steps of training, and has 1 here" \
    "$gradus" train "$dir/points.csv" --label class --schedule one-cycle \
    --batch 4096 --epochs 1
exits 0 '' "$gradus" train "$dir/points.csv" --label class \
    --schedule one-cycle --batch 4096 --epochs 3 &&
    ! grep -q one-cycle\ needs "$dir/err"
verdict "and over three steps it is not" $?
grep -qx 'the net is not kept; --save FILE keeps it' "$dir/out"
verdict "a net that is not saved is said to be lost" $?
is "a training can be saved to begin with" 0 '' "$gradus" train \
    "$dir/from.csv" $begin --save "$dir/from"
# shellcheck disable=SC2086
is "a training begins with a model, and takes its place" 0 '' "$gradus" train \
    "$dir/from.csv" $begin --from "$dir/from" --save "$dir/from"
# shellcheck disable=SC2086
fails 'has weights for column "a" where the table has column "b"' train \
    "$dir/swapped.csv" $begin --from "$dir/from"
sed 's/,\([0-9]\),/,v\1,/' "$dir/from.csv" >"$dir/texts.csv"
# shellcheck disable=SC2086
fails 'has weights for column "b" where the table has column "b"' train \
    "$dir/texts.csv" $begin --from "$dir/from"
# shellcheck disable=SC2086
fails 'has weights for column "b" where the table has no column' train \
    "$dir/from.csv" $begin --ignore b --from "$dir/from"
refused "--test 'a': is DATA, too" train a --label x --test a
printf 'a,y\n1,p\n' >"$dir/lose.csv"
cp "$dir/lose.csv" "$dir/kept.csv"
ln -s lose.csv "$dir/link.csv"
for same in "$dir/lose.csv" "$dir/./lose.csv" "$dir/link.csv"; do
    refused "--valid '$same': is DATA" train "$dir/lose.csv" --valid "$same"
    for option in --save --report --log --replay --checkpoint; do
        refused "are one file; must be two" train "$dir/lose.csv" --label y \
            $option "$same"
    done
    refused "'$same' and --valid" train a --valid "$dir/lose.csv" --save "$same"
    refused "'$same' and --test" train a --test "$dir/lose.csv" --save "$same"
    refused "and DATA '$dir/lose.csv'" predict m "$dir/lose.csv" --out "$same"
    refused "and MODEL '$dir/lose.csv'" predict "$dir/lose.csv" a --out "$same"
    refused "and DATA '$dir/lose.csv'" report m "$dir/lose.csv" --out "$same"
    refused "and MODEL '$dir/lose.csv'" report "$dir/lose.csv" a --out "$same"
    refused "and --log '$dir/lose.csv'" report m a --log "$dir/lose.csv" \
        --out "$same"
done
cmp -s "$dir/lose.csv" "$dir/kept.csv"
verdict "a file that is read is not written over" $?

# No two files that are written are one, whether they are there yet or not.
outputs="--save --report --log --replay --checkpoint"
for one in $outputs; do
    for other in $outputs; do
        [ $one = $other ] || refused "are one file; must be two" train a \
            $one "$dir/m" $other "$dir/./m"
    done
done
for option in --report --log --replay --checkpoint; do
    refused "$option 'm' and --from 'm' are one file" train a --from m \
        $option m
done
for option in --save --report --log --replay; do
    refused "$option 'm.2' is one of the checkpoints that --keep 3 keeps" \
        train a --checkpoint m --keep 3 $option m.2
done
refused "DATA 'm.1' is one of the checkpoints" train m.1 --checkpoint ./m \
    --keep 2
is "a checkpoint that is not kept is none" 1 'm.3: No such file' "$gradus" \
    train m.3 --checkpoint m --keep 3
refused "is one of the files of DATA 'data/sample'" train data/sample \
    --save data/sample/t10k-labels-idx1-ubyte
refused "is one of the files of --valid '$dir/digits'" train a \
    --valid "$dir/digits" --report "$dir/digits/7/new.PNG"
refused "is one of the files of DATA '$dir/digits'" predict m "$dir/digits" \
    --out "$dir/digits/7/7-a.png"

# ---- train --group -------------------------------------------------------------

# 60 groups of 7 rows.  The values say which group a row is of, and nothing else
# of its class, which is that of its group.
awk 'BEGIN { srand(5); print "who,where,a,b,c,d,e,f,y"
    for (g = 0; g < 60; g++) {
        for (j = 0; j < 6; j++) m[j] = rand()
        for (i = 0; i < 7; i++) { printf "\"p, %d\",here", g
            for (j = 0; j < 6; j++) printf ",%.4f", m[j] + 0.01 * rand()
            print g % 2 ? ",yes" : ",no" } } }' >"$dir/groups.csv"
# grouped FILE ARGUMENT...: trains on the table, with JSON
grouped() {
    file=$1
    shift
    train "$file" --label y --valid 0.26 --epochs 100 --patience 0 \
        --dropout 0 --json "$@" &&
        mv "$dir/out" "$dir/report"
}
grouped "$dir/groups.csv" --ignore who &&
    [ "$(value "$dir/report" rows)" -eq 109 ] &&
    awk -v a="$(value "$dir/report" accuracy)" 'BEGIN { exit !(a > 0.9) }'
verdict "rows of groups that it has seen seem to be told apart" $?
grouped "$dir/groups.csv" --group who &&
    [ "$(value "$dir/report" rows)" -eq 112 ] &&
    awk -v a="$(value "$dir/report" accuracy)" 'BEGIN { exit !(a < 0.85) }'
verdict "--group keeps rows of one group on one side of the split" $?
grep -q '^"who" is left out; each of its 60 groups either ' "$dir/err"
verdict "and says so" $?
hash=$(value "$dir/report" weights_hash)
sed 's/"p, \([0-9]*\)"/p, \1/; s/,\([^ ]\)/;\1/g' "$dir/groups.csv" \
    >"$dir/semicolons.csv"
grouped "$dir/semicolons.csv" --group 1 &&
    [ -n "$hash" ] && [ "$(value "$dir/report" weights_hash)" = "$hash" ]
verdict "a number names the column, too, and a semicolon may separate" $?
sed 's/^"p, 3"/""/' "$dir/groups.csv" >"$dir/x.csv"
fails "column 1 (\"who\"): got an empty field; must be a label, by which \
--group divides the rows" train "$dir/x.csv" --label y --group who
fails 'has no column "whom"' train "$dir/groups.csv" --label y --group whom
fails '--group where: has the same text in all rows' train "$dir/groups.csv" \
    --label y --ignore who --group where
fails '--group id: has another text in each row' train "$dir/t.csv" \
    --label kind --group id
fails '--group is for tables' train data/sample --group who
printf 'who,a,y\n1,x,no\n1,z,yes\n2,x,no\n2,z,yes\n' >"$dir/x.csv"
fails '--group needs a column of numbers' train "$dir/x.csv" --label y \
    --group who
refused "--group and --label are both 'y'" train a --group y --label y
refused "--group and --target are both 'y'" train a --group y --target x,y
refused '--group and --valid b do not go together' train a --group y --valid b

# A training that is interrupted can be gone on with.
long="--patience 0 --epochs 1500 --every 500"
# shellcheck disable=SC2086 # options are meant to be split
learn whole $long --checkpoint "$dir/whole.c"
# shellcheck disable=SC2086
"$gradus" train "$dir/t.csv" --label kind --ignore id,weight --json $long \
    --checkpoint "$dir/c" >"$dir/out" 2>"$dir/err" &
program=$!
tries=0
while [ ! -f "$dir/c" ] && [ $tries -lt 1000 ]; do
    sleep 0.01
    tries=$((tries + 1))
done
kill -INT $program
wait $program
[ $? -eq 130 ]
verdict "an interrupted training ends with 130" $?
# shellcheck disable=SC2086
learn resumed $long --checkpoint "$dir/c" --resume
[ "$(value "$dir/whole" weights_hash)" = \
    "$(value "$dir/resumed" weights_hash)" ]
verdict "it goes on to the same weights" $?

# ---- predict -------------------------------------------------------------------

refused "a MODEL and no DATA" predict "$kind"
refused "--out '$kind' and MODEL" predict "$kind" "$dir/t.csv" --out "$kind"
refused "got 2 files, but $kind" predict "$kind" "$dir/t.csv" "$dir/t.csv"
refused "--proba: $weight predicts numbers" predict "$weight" "$dir/t.csv" \
    --proba
fails "$dir/t.csv: is of another kind" predict "$dir/t.csv" "$kind"
fails "$dir/none: No such file" predict "$kind" "$dir/none"
fails "data/digits: is a folder, but $kind takes the rows of a table" \
    predict "$kind" data/digits
fails "$image takes images" predict "$image" "$dir/t.csv"
fails "-: No such file or directory; $image takes images" predict "$image" -

is "rows of a table are predicted" 0 '' "$gradus" predict "$kind" "$dir/new.csv"
cp "$dir/out" "$dir/predicted"
[ "$(head -n 1 "$dir/out")" = predicted,probability ] &&
    [ "$(wc -l <"$dir/out")" -eq 41 ]
verdict "there is a header and a line for each row" $?
grep -q '^"big, ""huge""",0\.[0-9]*$' "$dir/out"
verdict "commas and quotes are quoted as in RFC 4180" $?
paste -d'|' "$dir/new.csv" "$dir/out" | awk -F'|' 'NR > 1 {
    right += ($1 ~ /huge/) == ($2 ~ /huge/) }
    END { print "        " right " of 40 right"; exit right < 34 }'
verdict "they are in the order of the rows" $?
is "stdin is read" 0 '' sh -c 'cat "$2" | "$0" predict "$1" -' \
    "$gradus" "$kind" "$dir/new.csv"
cmp -s "$dir/out" "$dir/predicted"
verdict "to the same predictions" $?
is "--out writes to a file" 0 '' "$gradus" predict "$kind" "$dir/new.csv" \
    --out "$dir/written"
cmp -s "$dir/written" "$dir/predicted" && [ ! -s "$dir/out" ]
verdict "and there alone" $?
is "--out in a folder that is not there is an error" 1 "$dir/none/x: No such" \
    "$gradus" predict "$kind" "$dir/new.csv" --out "$dir/none/x"
is "--proba is taken" 0 '' "$gradus" predict "$kind" "$dir/new.csv" --proba
head -n 1 "$dir/out" | grep -qxF \
    'predicted,probability,"probability of big, ""huge""",probability of small'
verdict "--proba names the classes" $?
awk -F, 'NR > 1 { s = $NF + $(NF - 1); bad += s < 0.9999 || s > 1.0001
         most = $NF > $(NF - 1) ? $NF : $(NF - 1); bad += most != $(NF - 2) }
         END { exit bad || NR != 41 }' "$dir/out"
verdict "the probabilities add up to 1, and the highest is that of the class" $?
is "JSON is printed" 0 '' "$gradus" predict "$kind" "$dir/new.csv" --json --proba
json "it has all rows and classes" "len(j['predictions']) == 40 and
    j['classes'] == ['big, \"huge\"', 'small'] and all(p['predicted'] in
    j['classes'] and len(p['probabilities']) == 2 for p in j['predictions'])"
is "numbers are predicted" 0 '' "$gradus" predict "$weight" "$dir/new.csv"
[ "$(head -n 1 "$dir/out")" = weight ]
verdict "under the name of the target" $?
sed 's/"[^"]*""[^"]*""[^"]*"/x/g' "$dir/new.csv" | cut -d, -f4 |
    paste -d, - "$dir/out" | awk -F, 'NR > 1 { d = $1 - $2; sum += d < 0 ? -d : d }
    END { print "        mean error " sum / 40; exit sum / 40 > 2 }'
verdict "and in its units" $?
is "numbers are in JSON, too" 0 '' "$gradus" predict "$weight" "$dir/new.csv" \
    --json
json "by the names of their targets" \
    "all(0 < p['weight'] < 30 for p in j['predictions'])"
is "a table without a header is predicted" 0 '' "$gradus" predict \
    "$dir/plain.safetensors" "$dir/plain.csv"
[ "$(wc -l <"$dir/out")" -eq 121 ]
verdict "with its first row" $?

# What may differ from the table that was learnt from, and what may not.
# like WORDS: predicts stdin; must say WORDS, or if they are empty, succeed
like() {
    cat >"$dir/x.csv"
    if [ -z "$1" ]; then
        exits 0 '' "$gradus" predict "$kind" "$dir/x.csv"
    else
        exits 1 "gradus: $dir/x.csv$1" "$gradus" predict "$kind" "$dir/x.csv" &&
            [ "$(wc -l <"$dir/err")" -eq 1 ] && [ ! -s "$dir/out" ]
    fi
}
printf 'size,colour\n1,red\n9,green\n' | like ''
verdict "columns that are not used, and the label, may be missing" $?
cp "$dir/out" "$dir/order"
for answer in strange '' 7 NA '"a, b"'; do
    printf 'kind,size,colour\n%s,1,red\n%s,9,green\n' "$answer" "$answer" |
        like '' && cmp -s "$dir/out" "$dir/order"
    verdict "a label may be anything, such as '$answer'" $?
done
for answer in heavy '' 1e999 NA '"1,5"'; do
    printf 'size,colour,weight\n1,red,%s\n9,green,2\n' "$answer" >"$dir/x.csv"
    exits 0 '' "$gradus" predict "$weight" "$dir/x.csv" &&
        [ "$(wc -l <"$dir/out")" -eq 3 ]
    verdict "so may a target, such as '$answer'" $?
done
printf 'colour,size\nred,1\ngreen,9\n' | like '' && cmp -s "$dir/out" "$dir/order"
verdict "the order of the columns does not matter" $?
printf 'size\n1\n' | like ': has no column "colour"'
verdict "a missing column is named" $?
printf 'size,color\n1,red\n' |
    like ': has no column "colour"; has other columns: "color"'
verdict "a wrong column is named" $?
printf 'size,colour,taste\n1,red,4\n' | like ': has other columns: "taste"'
verdict "an additional column is named" $?
printf 'size,colour\n1,red\n2,\n' |
    like ':3: column 2 ("colour"): got an empty field'
verdict "an empty field is named" $?
printf 'size,colour\n1,red\n2,pink\n' |
    like ':3: column 2 ("colour"): got "pink"; must be one of "deep'
verdict "a new category is named" $?
printf 'size,colour\nbig,red\n' | like ':2: column 1 ("size"): got "big"'
verdict "a text in place of a number is named" $?
printf 'size,colour\n' | like ': no rows after the header'
verdict "a file without rows is named" $?
printf 'size,colour\n1,pink\n' >"$dir/x.csv"
is "an error in stdin is said to be there" 1 \
    'gradus: standard input:2: column 2 ("colour"): got "pink"' \
    sh -c '"$0" predict "$1" - <"$2"' "$gradus" "$kind" "$dir/x.csv"

# images FILE...: predicts images; how many digits are right?
images() {
    exits 0 '' "$gradus" predict "$image" "$@" &&
        awk -F, 'NR > 1 { n = split($1, part, "/")
                           right += $2 == substr(part[n], 1, 1) }
                 END { exit NR != 11 || right < 6 }' "$dir/out"
}
images data/digits/*.png
verdict "images are predicted" $?
cp "$dir/out" "$dir/order"
images data/digits && cmp -s "$dir/out" "$dir/order"
verdict "so is a folder of images" $?
images "$dir/digits"
verdict "and a folder of classes" $?
is "JSON names the files" 0 '' "$gradus" predict "$image" data/digits --json
json "in their order" "[p['file'][12:13] for p in j['predictions']] ==
    list('0123456789')"
is "files in MNIST's format are predicted" 0 '' "$gradus" predict "$image" \
    data/sample
[ "$(wc -l <"$dir/out")" -eq 1001 ]
verdict "the test images of them" $?
is "an image that cannot be read is named" 1 "$dir/t.csv: " "$gradus" predict \
    "$image" "$dir/t.csv" data/digits
[ "$(wc -l <"$dir/out")" -eq 11 ]
verdict "and the others are predicted" $?

# ---- evaluate --------------------------------------------------------------------

refused "got 1 argument; must be two" evaluate "$kind"
refused "got 3 arguments" evaluate "$kind" a b
refused "--worst 'x'" evaluate "$kind" a --worst x
fails "$dir/t.csv: is no folder, but $image takes images of 28 x 28" \
    evaluate "$image" "$dir/t.csv"
fails "data/sample: is a folder, but $kind takes the rows of a table" \
    evaluate "$kind" data/sample
printf 'size,colour\n1,red\n' >"$dir/x.csv"
fails "has no column that says what is right" evaluate "$kind" "$dir/x.csv"
is "classes are evaluated" 0 '' "$gradus" evaluate "$kind" "$dir/new.csv"
grep -q "new.csv: accuracy [0-9.]* % of 40 rows, F1 " "$dir/out" &&
    grep -q '^big, "huge"  *[01]\.[0-9]*  *[01]\.[0-9]* .* [0-9]*$' "$dir/out" &&
    grep -q '^small  *[0-9]*  *[0-9]*$' "$dir/out"
verdict "with the accuracy, the classes and which is taken for which" $?
is "a table is evaluated" 0 '' "$gradus" evaluate "$kind" "$dir/t.csv"
row=$(awk '/^ +row / { getline; print $1; exit }' "$dir/out")
grep -q "^gradus explain MODEL DATA $((row - 2)) shows how the first" \
    "$dir/out"
verdict "and the number by which explain calls the worst row" $?
is "JSON is printed" 0 '' "$gradus" evaluate "$kind" "$dir/t.csv" --json --worst 2
json "it adds up" "sum(map(sum, j['confusion'])) == j['rows'] == 200 and
    sum(c['support'] for c in j['classes']) == 200 and len(j['worst']) <= 2 and
    all(w['true'] != w['predicted'] for w in j['worst'])"
row=$(value "$dir/out" row)
[ -n "$row" ] && sed -n "${row}p" "$dir/t.csv" |
    grep -qF "$(grep -o '"true":"[a-z]*' "$dir/out" | head -n 1 | cut -d'"' -f4)"
verdict "the row of the worst mistake is that of the file" $?
is "numbers are evaluated" 0 '' "$gradus" evaluate "$weight" "$dir/new.csv"
grep -q "mean absolute error " "$dir/out" &&
    [ "$(grep -c '^ *[0-9]*  weight ' "$dir/out")" -eq 5 ]
verdict "with their errors, and the five worst" $?
is "JSON has numbers, too" 0 '' "$gradus" evaluate "$weight" "$dir/new.csv" --json
json "the worst come first" "(lambda e: e == sorted(e, reverse=True) and
    len(e) == 5)([abs(w['true'] - w['predicted']) for w in j['worst']])"
is "images are evaluated" 0 '' "$gradus" evaluate "$image" data/sample
accuracy=$(sed -n 's/^test: accuracy \([0-9.]*\) .*/\1/p' "$dir/image.report")
[ -n "$accuracy" ] &&
    grep -q "^data/sample: accuracy $accuracy % of 1000 rows" "$dir/out"
verdict "to the accuracy that train has printed" $?
is "a folder of classes is evaluated" 0 '' "$gradus" evaluate "$image" \
    "$dir/digits"
grep -q '^[ ]*[0-9]*  [0-9] .*digits/[0-9]/[0-9]-a.png$' "$dir/out"
verdict "and the worst mistake is a file" $?
is "a table without a header is evaluated" 0 '' "$gradus" evaluate \
    "$dir/plain.safetensors" "$dir/plain.csv" --json
json "all of its rows" "j['rows'] == 120"
# rows PROGRAM: evaluates the rows that awk makes of those of t.csv
rows() {
    sed 's/"[^"]*""[^"]*""[^"]*"/blue/' "$dir/t.csv" |
        awk -F, -v OFS=, "NR == 1 { print; next } { \$3 = \"red\" } $1" \
            >"$dir/x.csv"
    exits 0 '' "$gradus" evaluate "$weight" "$dir/x.csv"
}
rows 'NR == 2' && grep -q ', no R2, of 1 row, loss ' "$dir/out"
verdict "one row alone has no R2" $?
rows '{ $4 = 7; print }' &&
    grep -q ', no R2, as a target is one number in all rows, of 200 ' "$dir/out"
verdict "equal targets have none" $?
rows '{ $4 = 7 + NR / 1e5; print }' &&
    grep -q ', R2 -[0-9.]*e+[0-9]*, of 200 rows, loss ' "$dir/out"
verdict "an R2 far below 0 is short" $?
rows '{ $4 = NR "e20"; print }' && grep -q ', loss [0-9.]*e+[0-9]*$' "$dir/out"
verdict "so is a large loss" $?
train "$dir/t.csv" --target weight --ignore id,kind --valid "$dir/x.csv" \
    --epochs 1
grep -q '  validation loss [0-9.]*e+[0-9]*  ' "$dir/err"
verdict "while it is trained, too" $?

# Labels that a loss ignores have no line in a table of classes.
cat >"$dir/ignores.c" <<'END'
/* A net of 3 classes that ignores the label 255. */
#include <gradus.h>
int main(int argc, char **argv)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 1, 2, 2), *t = gradus_labels(g, 1);
    gradus_softmax_ce(gradus_dense(x, 3), t, &(gradus_softmax_ce_options){
        .use_ignore_label = true, .ignore_label = 255 });
    int failed = argc != 2 || gradus_compile(g, 1, 1) ||
                 gradus_save(g, argv[1]);
    gradus_graph_free(g);
    return failed;
}
END
# shellcheck disable=SC2046,SC2086 # flags are meant to be split
$CC -std=c11 ${CFLAGS-} -Iinclude "$dir/ignores.c" "$BUILD/libgradus.a" \
    $(pkg-config --cflags --libs openblas zlib jansson) -lm -pthread \
    -o "$dir/ignores" && "$dir/ignores" "$dir/ignores.safetensors"
verdict "a net may ignore labels" $?
# labels OCTAL: writes files of 3 images and 3 labels, the second of which this is
labels() {
    mkdir -p "$dir/idx"
    for part in train t10k; do
        printf '\0\0\010\003\0\0\0\003\0\0\0\002\0\0\0\002abcdefghijkl' \
            >"$dir/idx/$part-images-idx3-ubyte"
        printf '\0\0\010\001\0\0\0\003\0%b\002' "\\0$1" \
            >"$dir/idx/$part-labels-idx1-ubyte"
    done
}
labels 377
fails "$dir/idx: sample 1 has the label 255, which the net ignores; must be 0 \
to 2: leave such samples out" evaluate "$dir/ignores.safetensors" "$dir/idx"
labels 001
is "its other labels are evaluated" 0 '' "$gradus" evaluate \
    "$dir/ignores.safetensors" "$dir/idx"

# ---- info ------------------------------------------------------------------------

refused "got 0 arguments" info
refused "--dot and --json" info "$kind" --dot --json
fails "$dir/t.csv: is of another kind; must be a safetensors file" \
    info "$dir/t.csv"
fails "$dir/none: No such file" info "$dir/none"
is "a model is described" 0 '' "$gradus" info "$kind"
grep -q '^softmax_ce1 ' "$dir/out" && grep -q '^size  *number' "$dir/out" &&
    grep -q '^2 classes: big, "huge", small$' "$dir/out" &&
    grep -q '^colour  *text .*green, red' "$dir/out" &&
    grep -q '^command: gradus train ' "$dir/out"
verdict "its nodes, classes, columns, categories and command" $?
grep -qx "hash of the weights: $(value "$dir/one" weights_hash)" "$dir/out"
verdict "and the hash that train has printed" $?
is "JSON is printed" 0 '' "$gradus" info "$kind" --json
json "with all of that" "j['nodes'][-1]['op'] == 'softmax_ce' and
    j['nodes'][-1]['operands'][1] == 'labels' and
    j['classes'] == ['big, \"huge\"', 'small'] and j['columns'][1] ==
    {'name': 'size', 'use': 'number', 'categories': []} and
    sum(n['parameters'] for n in j['nodes']) == j['parameters'] and
    j['metadata']['rows'] == '160'"
is "the net is a graph" 0 '' "$gradus" info "$kind" --dot
if command -v dot >/dev/null; then
    dot -Tsvg "$dir/out" >"$dir/svg" && grep -q softmax_ce "$dir/svg"
    verdict "Graphviz draws it" $?
else
    echo "skipped: Graphviz draws it, as there is no dot"
fi

# ---- data --------------------------------------------------------------------------

refused "--label and --target" data "$dir/t.csv" --label a --target b
refused "got 2 arguments" data a b
refused "--size 'x'" data a --size x
fails 'has no column "kinds"' data "$dir/t.csv" --label kinds
fails "$dir/none: No such file" data "$dir/none"
fails "is a PNG image; must be a CSV file" data data/digits/7-a.png
cat >"$dir/gaps.csv" <<'END'
id,when,age,city,sold
a1,2024-01-01,30,Oslo,yes
a2,2024-01-02,,Oslo,no
a3,2024-01-03,50,"Rome, Italy",no
a4,2024-01-04,40,,no
a5,2024-01-05,50,"Rome, Italy",no
END
is "a table is described" 0 '' "$gradus" data "$dir/gaps.csv" --label sold \
    --ignore id
grep -q 'gaps.csv: 5 rows, 5 columns$' "$dir/out" &&
    grep -q '^id  *ignored' "$dir/out" &&
    grep -q '^when  *cannot be used: holds dates' "$dir/out" &&
    grep -q '^age  *number  *1  30 to 50, mean 42.5$' "$dir/out" &&
    grep -q '^city  *text  *1  2 different: Oslo (2), Rome, Italy (2)$' \
        "$dir/out" &&
    grep -q '^sold  *label  *0  2 different: no (4), yes (1)$' "$dir/out" &&
    grep -q '^duplicate rows: 1 ' "$dir/out"
verdict "each column, and how many rows are copies" $?
is "JSON is printed" 0 '' "$gradus" data "$dir/gaps.csv" --label sold --json
json "with the same" "j['rows'] == 5 and [c['use'] for c in j['columns']] ==
    ['text', 'ignored', 'number', 'text', 'label'] and
    'fault' in j['columns'][1] and j['columns'][2]['empty'] == 1 and
    j['columns'][2]['mean'] == 42.5 and j['columns'][4]['categories'][0] ==
    {'name': 'no', 'rows': 4} and j['duplicates'] == 0"
awk 'BEGIN { print "rate,weight,floor,code,doors,price,y"
    for (i = 0; i < 24; i++)
        print i % 6 * 5 "%," i % 5 " kg," i % 7 "th,A" i % 5 "," i % 2 * 2 \
            " doors,$" i % 4 ".50," i % 2 }' >"$dir/units.csv"
is "numbers with a unit are described" 0 '' "$gradus" data "$dir/units.csv"
[ "$(grep -c ' has numbers with a unit' "$dir/out")" -eq 3 ] &&
    grep -q '^"rate" has numbers with a unit, such as "0%": each text ' \
        "$dir/out" && grep -q '^"weight" .* "0 kg"' "$dir/out" &&
    grep -q '^"price" .* "$0.50"' "$dir/out"
verdict "but ordinals, codes, and two numbers alone are not" $?
is "in JSON, too" 0 '' "$gradus" data "$dir/units.csv" --json
json "with a word" "[c['name'] for c in j['columns'] if c.get('has_unit')] ==
    ['rate', 'weight', 'price']"
is "train says so, too" 0 '"rate" has numbers with a unit, such as "0%": ' \
    "$gradus" train "$dir/units.csv" --label y --epochs 1
[ "$(grep -c ' has numbers with a unit' "$dir/err")" -eq 3 ]
verdict "of the same columns" $?
printf 'when\n2024-01-01\n2024-01-02\n' >"$dir/x.csv"
is "a table of which nothing can be used is described" 0 '' \
    "$gradus" data "$dir/x.csv"
cp "$dir/digits/7/7-a.png" "$dir/digits/7/copy.png"
for least in lenet,12 convnet,8 residual,4; do
    net=${least%,*} n=${least#*,}
    fails "--net $net takes images of $n x $n pixels or more; got $((n - 1)) x 20" \
        train "$dir/digits" --net "$net" --size "$((n - 1))x20" --epochs 1
    is "$net takes images of that size" 0 '' "$gradus" train "$dir/digits" \
        --net "$net" --size "${n}x$n" --epochs 1
done
is "a folder of images is described" 0 '' "$gradus" data "$dir/digits" \
    --size 28x28 --grey
grep -q '11 images of 1 channel, 28 x 28 pixels' "$dir/out" &&
    grep -q '^7  *2$' "$dir/out" && grep -q '^duplicate rows: 1 ' "$dir/out"
verdict "its classes, and how many images are copies" $?
is "files in MNIST's format are described in JSON" 0 '' \
    "$gradus" data data/sample --json
json "with their classes and pixels" "j['train']['images'] == 6000 and
    sum(c['rows'] for c in j['test']['classes']) == 1000 and
    0.1 < j['train']['channels'][0]['mean'] < 0.2 and
    0.25 < j['train']['channels'][0]['std'] < 0.35"

# ---- replay ------------------------------------------------------------------------

fails "$dir/t.csv: is of another kind" replay "$dir/t.csv"
fails "$kind: " replay "$kind"
fails "the step is kept in $dir/step, for gradus_replay" train "$dir/t.csv" \
    --target weight --ignore id,kind --optim sgd --lr 900 --epochs 20 \
    --replay "$dir/step"
is "the step is run again" 0 '' "$gradus" replay "$dir/step"
grep -q 'dense1' "$dir/out" && grep -q 'inf\|nan' "$dir/out"
verdict "and its nodes are printed" $?
fails "$dir/new.csv: exists and is not a replay file" train "$dir/t.csv" \
    --label kind --ignore id --replay "$dir/new.csv"
refused "--save 'x' and --replay 'x' are one file" train a --save x --replay x

finish
