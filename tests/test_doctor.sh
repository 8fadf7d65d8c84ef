#!/bin/sh
# test_doctor.sh -- tests gradus doctor: data, options and nets that are sick in
# one way each get the finding of that name and no other, and healthy ones get
# none.
. tests/verdict.sh
gradus=$BUILD/gradus
for program in "$gradus" "$BUILD/sick-nets"; do
    [ -x "$program" ] || {
        echo "$program is missing; run make test, which builds it"
        exit 1
    }
done

# examine ARGUMENT...: prints the names of what gradus doctor finds, sorted, on
# one line, and leaves its status in $dir/status
examine() {
    "$gradus" doctor --json "$@" >"$dir/out" 2>"$dir/err"
    echo $? >"$dir/status"
    sed 's/.*"findings"://' "$dir/out" | grep -o '"name":"[^"]*"' |
        cut -d'"' -f4 | sort | tr '\n' ' ' | sed 's/ $//'
}

# finds NAMES ARGUMENT...: are these names all that is found?
finds() {
    names=$1 wanted=$([ -n "$1" ] && echo 3 || echo 0)
    shift
    got=$(examine "$@")
    [ "$got" = "$names" ] && [ "$(cat "$dir/status")" -eq "$wanted" ] &&
        return
    echo "        doctor $*: status $(cat "$dir/status"), found: $got"
    cat "$dir/err"
    return 1
}

# sick NAMES ARGUMENT...: the same as a case
sick() {
    finds "$@"
    verdict "it finds $1" $?
}

# healthy WHAT ARGUMENT...: is nothing found?
healthy() {
    what=$1
    shift
    finds '' "$@"
    verdict "it finds nothing in $what" $?
}

# random() of awk programs, from 0 to 1: each awk has numbers of its own in rand()
# (Park, Miller 1988)
random='BEGIN { seed = 12345 }
    function random() {
        seed = seed * 16807 % 2147483647
        return seed / 2147483647
    }'

# table FILE PROGRAM: writes a table of 400 rows with the columns a, b and c of
# random numbers and what the awk program sets: the columns more, and y
table() {
    awk "$random BEGIN { print \"a,b,c,${3-}y\"
        for (i = 0; i < 400; i++) { a = random(); b = random(); c = random()
            more = \"\"; y = a + b > 1 ? \"yes\" : \"no\"; $2
            print a \",\" b \",\" c \",\" more y } }" >"$dir/$1.csv"
}

# ---- data ------------------------------------------------------------------

table fine ''
table numbers 'y = 100 + 30 * a - 20 * b + random()'
table xor 'y = (a > 0.5) != (b > 0.5) ? 1 : 0'
awk "$random"'BEGIN { print "p,q,y"; for (i = 0; i < 400; i++) {
    p = random() < 0.5; q = random() < 0.5
    print p "," q "," (p != q ? "odd" : "even") } }' >"$dir/bits.csv"
healthy "a table of classes" "$dir/fine.csv" --label y
# Neighbours of different classes are hard to tell apart, but that is not the
# net's fault.
awk "$random"'BEGIN { print "a,y"; for (i = 0; i < 400; i++) { a = random()
    print a "," (a + random() > 1 ? "yes" : "no") } }' >"$dir/noisy.csv"
healthy "one column and much noise" "$dir/noisy.csv" --label y
healthy "a table of numbers" "$dir/numbers.csv" --target y
healthy "xor of numbers" "$dir/xor.csv" --label y
healthy "xor of bits, of which rows are copies by nature" "$dir/bits.csv" \
    --label y
table once 'c = i == 9 ? 1 : 0'
healthy "a column that is 0 in all rows but one" "$dir/once.csv" --label y
healthy "images of digits, by a dense net" data/sample --net mlp
healthy "images of digits, by lenet" data/sample

{ cat "$dir/fine.csv"; sed 1d "$dir/fine.csv"; } >"$dir/twice.csv"
sick duplicates "$dir/twice.csv" --label y
{ cat "$dir/fine.csv"; sed '1d; s/yes/YES/; s/no/yes/; s/YES/no/' \
    "$dir/fine.csv" | head -n 50; } >"$dir/contrary.csv"
sick contradictions "$dir/contrary.csv" --label y
# Nine columns of numbers from 1 to 10, most of them 1 in one class: rows are the
# same by chance there, but not in the other class.
awk "$random"'BEGIN { print "a,b,c,d,e,f,g,h,i,y"; for (i = 0; i < 600; i++) {
    ill = random() < 0.4
    for (k = 0; k < 9; k++)
        printf "%d,", ill ? 1 + 10 * random() : 1 + 1.2 * random()
    print (ill ? "yes" : "no") } }' >"$dir/scores.csv"
healthy "scores, of which many rows are the same by chance" \
    "$dir/scores.csv" --label y
{ cat "$dir/scores.csv"; sed 1d "$dir/scores.csv"; } >"$dir/scores2.csv"
sick duplicates "$dir/scores2.csv" --label y
# Measured twice, a number is not quite the same.
awk "$random"'BEGIN { print "a,b,y"; for (i = 0; i < 400; i++) {
    if (i % 2 == 0) { a = random(); b = random() }
    print a "," b "," a - b + 0.05 * random() } }' >"$dir/measured.csv"
healthy "numbers measured twice" "$dir/measured.csv" --target y
awk "$random"'BEGIN { print "a,b,y"; for (i = 0; i < 400; i++) {
    if (i % 2 == 0) { a = random(); b = random() }
    print a "," b "," (i % 8 ? 1 : -1) * (a - b) + 0.05 * random() } }' \
    >"$dir/signs.csv"
sick contradictions "$dir/signs.csv" --target y
"$gradus" doctor "$dir/signs.csv" --target y | tr '\n' ' ' | tr -s ' ' |
    sed 's/.* have \([^ ]*\) and \([^ ]*\) .*/\1 \2/' |
    awk '{ exit !($2 - $1 > 1.5) }'
verdict "it shows the two rows that contradict each other most" $?
# A third of the rows is one record with both labels.
awk "$random"'BEGIN { print "a,b,c,y"; for (i = 0; i < 600; i++) {
    a = random(); b = random(); c = random()
    print (i % 3 ? a "," b "," c "," (a + b > 1 ? "yes" : "no") \
                 : "0.3,0.4,0.5," (i % 2 ? "yes" : "no")) } }' >"$dir/default.csv"
sick 'contradictions duplicates' "$dir/default.csv" --label y
awk "$random"'BEGIN { print "a,b,c,d,y"; for (i = 0; i < 20; i++)
    for (j = 0; j < 4; j++) of[i, j] = random()
    for (k = 0; k < 600; k++) { i = int(20 * random())
        print of[i, 0] "," of[i, 1] "," of[i, 2] "," of[i, 3] "," \
            (of[i, 0] + 0.3 * random() > 0.6 ? "yes" : "no") } }' \
    >"$dir/districts.csv"
healthy "rows of twenty districts" "$dir/districts.csv" --label y
# 0 and -0 are one number.
awk "$random"'BEGIN { print "a,b,c,y"; for (i = 0; i < 400; i++) {
    a = int(3 * random()) - 1; b = random(); c = random()
    y = a + b > 0.5 ? "yes" : "no"; row = b "," c "," y
    print a "," row; print (a ? a : "-0.0") "," row } }' >"$dir/zeros.csv"
sick duplicates "$dir/zeros.csv" --label y
# Each patient has one row, four times: if all four are on one side of the split,
# they do no harm.
awk "$random"'BEGIN { print "patient,a,b,y"; for (i = 0; i < 300; i++) {
    a = random(); b = random()
    for (k = 0; k < 4; k++)
        print i "," a "," b "," (a + b > 1 ? "yes" : "no") } }' >"$dir/four.csv"
sick duplicates "$dir/four.csv" --label y --ignore patient
healthy "copies on one side of the split" "$dir/four.csv" --label y \
    --group patient
cp "$dir/fine.csv" "$dir/again.csv"
healthy "rows that others validate" "$dir/fine.csv" --label y \
    --valid "$dir/once.csv"
sick duplicates "$dir/fine.csv" --label y --valid "$dir/again.csv"
table rare 'y = a > 0.99 ? "yes" : a + b > 1 ? "no" : "maybe"'
sick unequal-classes "$dir/rare.csv" --label y
table empty 'more = (i % 3 ? "" : random()) ","' d,
sick mostly-empty "$dir/empty.csv" --label y --missing mean
table constant 'more = "7,"' d,
sick constant-columns "$dir/constant.csv" --label y
table far 'if (i == 17) c = 99999'
sick outliers "$dir/far.csv" --label y
table far-target 'y = i == 17 ? 99999 : a + b'
sick outliers "$dir/far-target.csv" --target y
# With a few targets far out, a loss says little about the other rows.
awk "$random"'BEGIN { print "a,b,y"; for (i = 0; i < 400; i++) {
    a = random(); b = random()
    print a "," b "," (random() < 0.01 ? 1e6 : a + b) } }' >"$dir/far-few.csv"
sick outliers "$dir/far-few.csv" --target y
table leak 'y = a + b > 1.2 ? "yes" : "no"; more = (y == "yes" ? 5 : 2) + random() ","' paid,
sick leaking-column "$dir/leak.csv" --label y
table leak-text 'more = (y == "yes" ? i % 2 ? "paid" : "owed" : "none") ","' status,
sick leaking-column "$dir/leak-text.csv" --label y
table leak-number 'y = a + b + random(); more = y * 1.8 + 32 ","' fahrenheit,
sick leaking-column "$dir/leak-number.csv" --target y
table random 'y = random() < 0.5 ? "yes" : "no"'
sick answers-unrelated "$dir/random.csv" --label y
awk "$random"'BEGIN { print "a,b,y"; for (i = 0; i < 400; i++)
    print random() "," random() "," (random() < 0.5 ? "yes" : "no") }' \
    >"$dir/random2.csv"
sick answers-unrelated "$dir/random2.csv" --label y
table shifted 'x = y; y = i ? before : "no"; before = x'
sick shifted-rows "$dir/shifted.csv" --label y
# A neighbour is of the same patient, and its answer tells no more.
awk "$random"'BEGIN { print "patient,a,b,y"; for (i = 0; i < 60; i++) {
    a = random(); b = random(); y = random() < 0.5 ? "yes" : "no"
    for (k = 0; k < 20; k++)
        print i "," a + 0.02 * random() "," b + 0.02 * random() "," y } }' \
    >"$dir/patients.csv"
sick answers-unrelated "$dir/patients.csv" --label y --group patient
# Sorted by the answer, neighbours have nearly the same one.
awk "$random"'BEGIN { print "a,b,y"; for (i = 0; i < 3000; i++) {
    a = random(); b = random(); print a "," b "," i } }' >"$dir/sorted.csv"
sick answers-unrelated "$dir/sorted.csv" --target y
# Few rows for each of many classes, which are easy to tell apart.
awk "$random"'BEGIN { print "a,b,y"; for (i = 0; i < 2000; i++) {
    a = int(15 * random()); b = int(15 * random())
    print a + 0.3 * random() "," b + 0.3 * random() ",c" a "-" b } }' \
    >"$dir/many.csv"
healthy "225 classes" "$dir/many.csv" --label y
table seldom 'y = i % 40 == 7 ? "yes" : "no"; a = y == "yes" ? a + 0.7 : a'
sick unequal-classes "$dir/seldom.csv" --label y

# ---- options ---------------------------------------------------------------

sick learning-rate-too-high "$dir/fine.csv" --label y --lr 100
sick learning-rate-too-high "$dir/fine.csv" --label y --optim sgd --lr 1
sick learning-rate-too-low "$dir/fine.csv" --label y --lr 1e-9
sick much-dropout "$dir/fine.csv" --label y --dropout 0.8

# ---- nets and images -------------------------------------------------------

"$BUILD/sick-nets" "$dir" "$dir/numbers.csv" || verdict "sick nets are made" 1

cp "$dir/healthy.safetensors" "$dir/kept"
healthy "a net that is not trained" --model "$dir/healthy.safetensors" \
    data/sample
cmp -s "$dir/healthy.safetensors" "$dir/kept"
verdict "the model stays as it is" $?

# net NAME [NAMES]: is this found in the net of that name, which takes MNIST's
# images, and what comes of it?
net() {
    sick "$(echo "$1 ${2-}" | xargs -n 1 | sort | xargs)" \
        --model "$dir/$1.safetensors" data/sample
}
net softmax-twice cannot-overfit
net no-nonlinearity
net squashed-output cannot-overfit
net dropout-on-output
net zero-weights "cannot-overfit dead-units no-gradient"
net equal-units
net saturated-units
net vanishing-gradients cannot-overfit
net exploding-gradients first-loss
net first-loss
net large-inputs
net small-inputs
net inputs-off-centre
net dead-units "cannot-overfit no-gradient"
sick "cannot-overfit first-loss unscaled-targets" \
    --model "$dir/unscaled-targets.safetensors" "$dir/numbers.csv"

healthy "images of bars" "$dir/healthy"
for name in labels-from-1 missing-class blank-images; do
    sick "$name" "$dir/$name" --net mlp
done
# Digits in colour, and as many red squares of 8 x 8 pixels
mkdir -p "$dir/colours/digit" "$dir/colours/red"
for k in 1 2 3 4 5 6 7 8; do
    cp "data/digits/$k-a.png" "$dir/colours/digit"
    base64 -d >"$dir/colours/red/$k.png" <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4ISeHFTEMLQkAkL9B
AbKfPiIAAAAASUVORK5CYII=
END
done
sick blank-images "$dir/colours" --size 8x8
sick "answers-unrelated unrelated-pixels" "$dir/unrelated-pixels"
sick small-batch "$dir/healthy" --net convnet --batch 4
sick "small-batch step-fails" "$dir/healthy" --net convnet --batch 1

# ---- what is printed, and what is refused -----------------------------------

# ends STATUS TEXT ARGUMENT...: does it end so, and print this?
ends() {
    wanted=$1 text=$2
    shift 2
    "$gradus" doctor "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    [ $got -eq "$wanted" ] && grep -qF -e "$text" "$dir/out" "$dir/err" &&
        return
    echo "        doctor $*: status $got"
    cat "$dir/out" "$dir/err"
    return 1
}

ends 3 '1  leaking-column' "$dir/leak.csv" --label y &&
    grep -q '^   seen "paid": by itself it decides the class' "$dir/out" &&
    grep -q '^   why ' "$dir/out" && grep -q '^   do ' "$dir/out" &&
    grep -q '^   read docs/doctor.md$' "$dir/out" &&
    grep -q '^1 finding$' "$dir/out" &&
    [ -z "$(awk 'length($0) > 79' "$dir/out")" ]
verdict "a finding is told in lines of at most 79 columns" $?
"$gradus" train "$dir/fine.csv" --label y --epochs 20 \
    --save "$dir/fine.safetensors" >"$dir/out" 2>&1
healthy "a model of a table" --model "$dir/fine.safetensors" "$dir/fine.csv"
cut -d, -f1-3 "$dir/fine.csv" >"$dir/unlabelled.csv"
ends 1 'does not have the column that the net predicts' \
    --model "$dir/fine.safetensors" "$dir/unlabelled.csv"
verdict "data that do not say what is right are refused" $?
ends 2 '--model goes with --json and --threads alone' \
    --model "$dir/fine.safetensors" "$dir/fine.csv" --lr 1
verdict "options of a training do not go with --model" $?
ends 1 'MODEL must be a file that' --model "$dir/fine.csv" "$dir/fine.csv"
verdict "what is no model is refused" $?
ends 1 'must be told what to predict' "$dir/fine.csv"
verdict "a table needs a label or a target" $?
for rows in 1 2; do
    head -n $((rows + 1)) "$dir/fine.csv" >"$dir/few.csv"
    ends 1 "has $rows row" --model "$dir/fine.safetensors" "$dir/few.csv" &&
        grep -q 'must have at least 3' "$dir/err"
    verdict "$rows of rows cannot be divided" $?
done
head -n 4 "$dir/fine.csv" >"$dir/few.csv"
"$gradus" doctor --model "$dir/fine.safetensors" "$dir/few.csv" >"$dir/out"
case $? in 0 | 3) grep -q ': 3 rows; ' "$dir/out" ;; *) false ;; esac
verdict "3 rows can" $?

# A model that ignores the label 7, which is one of its classes, or 12, which is
# none, and one that has two classes more than the data.
cat >"$dir/ignores.c" <<'END'
/* Saves a net of K classes for the images of MNIST that ignores a label. */
#include <gradus.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    const gradus_softmax_ce_options o = {
        .use_ignore_label = true, .ignore_label = argc > 3 ? atoi(argv[3]) : 0 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 1, 28, 28), *t = gradus_labels(g, 1);
    gradus_node *h = gradus_relu(gradus_dense(x, 32));
    gradus_softmax_ce(gradus_dense(h, atoi(argv[2])), t, &o);
    int failed = gradus_compile(g, 32, 1) || gradus_save(g, argv[1]);
    gradus_graph_free(g);
    return failed;
}
END
# shellcheck disable=SC2046,SC2086 # flags are meant to be split
$CC -std=c11 ${CFLAGS-} -Iinclude "$dir/ignores.c" "$BUILD/libgradus.a" \
    $(pkg-config --cflags --libs openblas zlib jansson) -lm -pthread \
    -o "$dir/ignores" && "$dir/ignores" "$dir/no7.safetensors" 10 7 &&
    "$dir/ignores" "$dir/no12.safetensors" 10 12 &&
    "$dir/ignores" "$dir/twelve.safetensors" 12 -1
verdict "nets that ignore a label are made" $?

# relabel FOLDER FROM TO: copies MNIST's sample to FOLDER, with other labels of
# the training images, as tr changes them
relabel() {
    mkdir "$dir/$1"
    cp data/sample/*.gz "$dir/$1"
    gzip -dc data/sample/train-labels-idx1-ubyte.gz >"$dir/labels"
    { head -c 8 "$dir/labels"; tail -c +9 "$dir/labels" | tr "$2" "$3"; } |
        gzip -c >"$dir/$1/train-labels-idx1-ubyte.gz"
}
relabel sevens '\000-\011' '[\007*]'
relabel twelve '\003' '\014'
healthy "a net that ignores a class" --model "$dir/no7.safetensors" data/sample
ends 0 '644 of the rows have the label 7, which the net ignores' \
    --model "$dir/no7.safetensors" data/sample
verdict "rows that are ignored are counted" $?
ends 1 "6000 of 6000 rows have the label 7, which $dir/no7.safetensors ignores" \
    --model "$dir/no7.safetensors" "$dir/sevens" && [ ! -s "$dir/out" ]
verdict "data of which all rows are ignored are refused" $?
ends 3 'seen 1 of 10 classes has no row, such as "3"' \
    --model "$dir/no12.safetensors" "$dir/twelve" && grep -q '^1 finding$' "$dir/out"
verdict "a label that is ignored is no class" $?
# The images twice, 12,000 of them, the second time with the label 7.
cp -r data/sample "$dir/both"
gzip -dc data/sample/train-images-idx3-ubyte.gz | tail -c +17 >"$dir/images"
gzip -dc data/sample/train-labels-idx1-ubyte.gz | tail -c +9 >"$dir/labels"
{ printf '\0\0\010\003\0\0\056\340\0\0\0\034\0\0\0\034'
    cat "$dir/images" "$dir/images"; } |
    gzip -c >"$dir/both/train-images-idx3-ubyte.gz"
{ printf '\0\0\010\001\0\0\056\340'; cat "$dir/labels"
    tr '\000-\011' '[\007*]' <"$dir/labels"; } |
    gzip -c >"$dir/both/train-labels-idx1-ubyte.gz"
healthy "copies that a net ignores" --model "$dir/no7.safetensors" "$dir/both"
finds contradictions "$dir/both" --net mlp
verdict "it finds that they contradict each other for one that does not" $?
ends 3 'seen 2 of 12 classes have no row, such as "10"' \
    --model "$dir/twelve.safetensors" data/sample
verdict "the classes are those of the net, not those of the data" $?
ends 1 ", counted from 0, has the label 12; must be 0 to 9, as $dir/no7.safetensors knows 10 classes" \
    --model "$dir/no7.safetensors" "$dir/twelve" && [ ! -s "$dir/out" ]
verdict "a label that is neither a class nor ignored is refused" $?

grep -h -A1 '^\(static \)\?const disease .* = {$' programs/gradus/doctor*.c |
    sed -n 's/^ *"\(.*\)",$/\1/p' >"$dir/names"
[ "$(wc -l <"$dir/names")" -ge 30 ]
verdict "the names of the findings are found in the sources" $?
while read -r name; do
    grep -q "^| \`$name\` |" docs/doctor.md ||
        echo "        docs/doctor.md lacks $name"
done <"$dir/names" >"$dir/missing"
cat "$dir/missing"
[ ! -s "$dir/missing" ]
verdict "docs/doctor.md lists every finding" $?

grep -h -o '"docs/[^"]*"' programs/gradus/doctor*.c | tr -d '"' | sort -u |
    while read -r page; do
        [ -f "$page" ] || echo "        $page is missing"
    done >"$dir/missing"
cat "$dir/missing"
[ ! -s "$dir/missing" ]
verdict "the pages to read are there" $?

# ---- tables of scikit-learn --------------------------------------------------

# bench/tables.py trains on the same tables.
cat >"$dir/tables.py" <<'END'
import csv, sys
from sklearn import datasets
for name in ("iris", "wine", "breast_cancer", "digits", "diabetes"):
    d = getattr(datasets, "load_" + name)()
    classes = "target_names" in d
    with open(f"{sys.argv[1]}/{name}.csv", "w", newline="") as f:
        w = csv.writer(f)
        w.writerow([str(n).replace(",", " ") for n in d.feature_names] + ["y"])
        w.writerows([*row, f"class {t}" if classes else t]
                    for row, t in zip(d.data.tolist(), d.target.tolist()))
END
for python in python3 /usr/bin/python3 ''; do
    [ -n "$python" ] && "$python" -c 'import sklearn' 2>/dev/null && break
done
if [ -n "$python" ]; then
    "$python" "$dir/tables.py" "$dir"
    for name in iris wine breast_cancer digits; do
        healthy "$name" "$dir/$name.csv" --label y
    done
    healthy diabetes "$dir/diabetes.csv" --target y
else
    echo "skipped: tables of scikit-learn: there is no python3-sklearn"
fi

finish
