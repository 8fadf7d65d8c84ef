#!/bin/sh
# test_explain.sh -- tests gradus check as a user runs it: on a net whose
# numbers are known, on a net with every kind of parameter, and on wrong input.
. tests/verdict.sh
gradus=$BUILD/gradus
if [ ! -x "$gradus" ] || [ ! -x "$gradus-double" ]; then
    verdict "$gradus and $gradus-double are there; run make first" 1
    finish
fi

# ---- helpers -------------------------------------------------------------

# run STATUS WORDS ARGUMENT...: does gradus exit with STATUS, and say WORDS on
# stdout or stderr?  Its stdout is then in $dir/out, its stderr in $dir/err.
run() {
    wanted=$1 words=$2
    shift 2
    "$gradus" "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    [ "$got" -eq "$wanted" ] &&
        cat "$dir/out" "$dir/err" | grep -qF -e "$words" && return
    echo "        gradus $*: status $got, wanted $wanted, and to be told: $words"
    head -n 40 "$dir/out" "$dir/err" | sed 's/^/        /'
    return 1
}

# refused WORDS ARGUMENT...: is it a wrong command line?
refused() {
    words=$1
    shift
    run 2 "$words" "$@" && [ ! -s "$dir/out" ] &&
        tail -n 1 "$dir/err" | grep -qx 'gradus: --help lists the options'
    verdict "gradus $1: $words" $?
}

# fails WORDS ARGUMENT...: does it end with 1, and with nothing but a message?
fails() {
    words=$1
    shift
    run 1 "gradus: $words" "$@" && [ ! -s "$dir/out" ]
    verdict "gradus $1: $words" $?
}

# says LINE: has the output this line, with any number of blanks between words?
says() {
    sed 's/  */ /g; s/^ //' "$dir/out" | grep -qxF -e "$1" && return
    echo "        it does not say: $1"
    sed 's/^/        /' "$dir/out"
    return 1
}

# narrow: has no line of the output more than 80 columns?
narrow() {
    ! awk 'length($0) > 80 { print "        " $0; wide = 1 }
           END { exit !wide }' "$dir/out"
}

# json NAME EXPRESSION: is the output JSON, of which the Python is true?
json() {
    command -v python3 >/dev/null || {
        echo "skipped: $1, as there is no python3"
        return
    }
    python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(0 if eval("(" + sys.argv[2] + ")") else print(j) or 1)' "$dir/out" "$2"
    verdict "$1" $?
}

# compile NAME: compiles $dir/NAME.c with the library
compile() {
    # shellcheck disable=SC2046,SC2086 # flags are meant to be split
    $CC -std=c11 ${CFLAGS-} -Iinclude "$dir/$1.c" "$BUILD/libgradus.a" \
        $(pkg-config --cflags --libs openblas zlib jansson) -lm -pthread \
        -o "$dir/$1"
}

# ---- nets ------------------------------------------------------------------

# A net whose weights are 0, so that both classes have the probability 1/2, and
# one of a target; the values of v are -1 and 1 when they are standardised.  And
# a net with ReLUs that a row whose value is standardised to 0 brings to 0.
printf 'v,class\n1,a\n3,b\n' >"$dir/two.csv"
printf 'v,class\n1,a\n2,b\n3,b\n' >"$dir/three.csv"
printf 'v,price\n1,10\n3,30\n' >"$dir/price.csv"
cat >"$dir/zero.c" <<'END'
/* Saves a net for a table: of a dense layer whose weights are 0 or, if there
 * is a fourth argument, with a ReLU. */
#include <gradus.h>
int main(int argc, char **argv)
{
    const char *targets[] = { "price", NULL };
    const gradus_table_options classes = { .label = "class" },
                               numbers = { .targets = targets };
    const int sorts = argc > 3;
    gradus_graph *g = gradus_graph_new(1);
    gradus_table *t = gradus_table_new(argv[1], sorts ? &classes : &numbers);
    gradus_dataset *d = gradus_table_load(t, argv[1], 0);
    gradus_node *x = gradus_input(g, 1);
    gradus_node *y = sorts ? gradus_labels(g, 1) : gradus_input(g, 1);
    gradus_node *h = argc > 4 ? gradus_relu(gradus_dense(x, 5)) : x;
    gradus_node *z = gradus_dense(h, sorts ? 2 : 1);
    if (h == x)
        gradus_initialise(z, GRADUS_INIT_ZERO, 0);
    int failed = !d || gradus_table_fit(t, d) ||
                 gradus_set_table(x, sorts ? NULL : y, t) ||
                 (sorts && gradus_set_class_names(g, 2, d->class_names));
    if (sorts)
        gradus_softmax_ce(z, y, NULL);
    else
        gradus_mse(z, y, NULL);
    failed = failed || gradus_compile(g, 3, 1) || gradus_save(g, argv[2]);
    gradus_dataset_free(d);
    gradus_table_free(t);
    gradus_graph_free(g);
    return failed;
}
END
compile zero
verdict "the program that makes small nets is compiled" $?
two=$dir/two.safetensors price=$dir/price.safetensors
corner=$dir/corner.safetensors
"$dir/zero" "$dir/two.csv" "$two" classes &&
    "$dir/zero" "$dir/price.csv" "$price" &&
    "$dir/zero" "$dir/three.csv" "$corner" classes corner
verdict "it makes them" $?

# A net with all kinds of parameters, at random.
cat >"$dir/all.c" <<'END'
/* Saves a net with each layer that has parameters and takes images. */
#include <gradus.h>
int main(int argc, char **argv)
{
    const double weight[10] = { 1, 2, 1, 1, 3, 1, 1, 1, 1, 1 };
    const gradus_softmax_ce_options smooth = { .label_smoothing = 0.1,
                                               .class_weight = weight };
    const gradus_conv2d_options first = { .stride = 2, .padding = 1 },
                                second = { .groups = 2, .padding = 1 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 1, 28, 28), *t = gradus_labels(g, 1);
    gradus_node *h = gradus_conv2d(x, 4, 5, &first);
    h = gradus_relu(gradus_batchnorm(h));
    h = gradus_maxpool2d(gradus_conv2d(h, 6, 3, &second), 2, NULL);
    h = gradus_layernorm(gradus_dense(gradus_dropout(h, 0.2), 12));
    gradus_softmax_ce(gradus_dense(gradus_silu(h), 10), t, &smooth);
    int failed = argc != 2 || gradus_compile(g, 1, 1) ||
                 gradus_save(g, argv[1]);
    gradus_graph_free(g);
    return failed;
}
END
all=$dir/all.safetensors lenet=$dir/lenet.safetensors
compile all && "$dir/all" "$all"
verdict "a net with all kinds of parameters is made" $?
"$gradus" train data/sample --net lenet --epochs 1 --save "$lenet" \
    >"$dir/out" 2>&1
verdict "a net of convolutions is trained" $?

# ---- the command line ------------------------------------------------------------

for command in check; do
    "$gradus" --help | grep -q "^  $command MODEL"
    verdict "--help lists $command" $?
    run 0 "usage: gradus $command MODEL DATA" $command --help && narrow
    verdict "$command --help begins with the usage" $?
    refused "'--bogus'" $command --bogus
    refused "got 0 arguments; must be" $command
done
refused "check: got 1 argument; must be two" check "$two"
refused "--rows '0'" check "$two" "$dir/two.csv" --rows 0
refused "--entries 'x'" check "$two" "$dir/two.csv" --entries x

# ---- what does not fit ---------------------------------------------------------

fails "$dir/two.csv: is of another kind" check "$dir/two.csv" "$two"
fails "$dir/two.csv: --rows is 3; must be at most 2" check "$two" \
    "$dir/two.csv" --rows 3
fails "$dir/two.csv: is no folder, but $all takes images" \
    check "$all" "$dir/two.csv"
printf 'v\n1\n' >"$dir/x.csv"
fails "$dir/x.csv: has no column that says what is right" \
    check "$two" "$dir/x.csv"
# Without its twin, gradus does what needs no doubles, and names what is missing.
mkdir "$dir/bin"
cp "$gradus" "$dir/bin/lonely"
"$dir/bin/lonely" check "$two" "$dir/two.csv" >"$dir/out" 2>"$dir/err"
[ $? -eq 1 ] && [ ! -s "$dir/out" ] &&
    grep -q "^gradus: $dir/bin/lonely-double: No such file or directory; gradus check needs it" \
        "$dir/err"
verdict "a missing gradus-double is named" $?

# ---- check -----------------------------------------------------------------------

run 0 "right: all 4 entries" check "$two" "$dir/two.csv" && narrow &&
    says "dense1.weight 2 0 [0,0] 0.5 0.5 $(awk '/^dense1.weight/ {
        print $NF }' "$dir/out")"
verdict "right gradients are called right" $?
run 0 "right: all" check "$all" data/sample --entries 20 && narrow &&
    [ "$(grep -c '^[a-z]*[12]\.[a-z]*  *[0-9]* ' "$dir/out")" -eq 12 ]
verdict "each parameter has a line" $?
run 0 "right: all 17 entries at no corner" check "$corner" "$dir/three.csv" &&
    narrow && says "dense1.bias 5 5" && grep -qx '5 of the entries are at a corner of the loss, where .*' \
        "$dir/out"
verdict "corners are counted, and are no errors" $?
run 0 "right: all" check "$lenet" data/sample --rows 4 --entries 20
verdict "the gradients of convolutions are right" $?
run 0 '"wrong":0' check "$all" data/sample --entries 5 --seed 3 --json
verdict "JSON is printed" $?
json "with every entry" "len(j['entries']) == j['compared'] and
    sum(e['corner'] for e in j['entries']) == j['corners'] and
    all(e['error'] <= 1e-4 or e['corner'] for e in j['entries'])"

# The same program with a dense layer that forgets a row of its biases' gradient.
sed 's/for (int i = 0; i < p.rows; i++, dY += out)  /for (int i = 1; i < p.rows; i++, dY += out)  /' \
    src/layers/dense.c >"$dir/dense.c"
cmp -s src/layers/dense.c "$dir/dense.c"
[ $? -eq 1 ]
verdict "a bug is planted" $?
# shellcheck disable=SC2046,SC2086 # flags are meant to be split
$CC -std=c11 -O1 ${CFLAGS-} -DGRADUS_DOUBLE -Iinclude "$dir/dense.c" \
    "$BUILD"/double/programs/gradus/*.o "$BUILD"/double/programs/shared/*.o \
    "$BUILD/libgradus-double.a" $(pkg-config --libs openblas zlib jansson) \
    -lm -pthread -o "$dir/bin/lonely-double" &&
    "$dir/bin/lonely" check "$lenet" data/sample --rows 2 --entries 5 \
        >"$dir/out" 2>"$dir/err"
[ $? -eq 1 ] && grep -q '^dense2.bias .* WRONG$' "$dir/out" &&
    ! grep -q '^conv.* WRONG$' "$dir/out" &&
    grep -q '^wrong: [0-9]* of [0-9]* entries' "$dir/out" && narrow
verdict "a wrong gradient is found, and its parameter named" $?

finish
