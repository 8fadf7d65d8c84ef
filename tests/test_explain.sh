#!/bin/sh
# test_explain.sh -- tests gradus explain and gradus check as a user runs them:
# on a net whose numbers are known, on a net with every kind of parameter, and
# on wrong input.
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
#include <string.h>
int main(int argc, char **argv)
{
    const char *targets[] = { "price", NULL };
    const gradus_table_options classes = { .label = "class" },
                               numbers = { .targets = targets };
    const gradus_huber_options half = { .delta = 0.5 };
    const int huber = argc > 3 && !strcmp(argv[3], "huber");
    const int sorts = argc > 3 && !huber;
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
    else if (huber)
        gradus_huber(z, y, &half);
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
corner=$dir/corner.safetensors huber=$dir/huber.safetensors
"$dir/zero" "$dir/two.csv" "$two" classes &&
    "$dir/zero" "$dir/price.csv" "$price" &&
    "$dir/zero" "$dir/price.csv" "$huber" huber &&
    "$dir/zero" "$dir/three.csv" "$corner" classes corner
verdict "it makes them" $?

# A net with all kinds of parameters, at random.
cat >"$dir/all.c" <<'END'
/* Saves a net with each layer that has parameters and takes images; with a
 * second argument, it ignores sevens. */
#include <gradus.h>
int main(int argc, char **argv)
{
    const double weight[10] = { 1, 2, 1, 1, 3, 1, 1, 1, 1, 1 };
    const gradus_softmax_ce_options smooth = {
        .label_smoothing = 0.1, .class_weight = weight,
        .use_ignore_label = argc > 2, .ignore_label = 7 };
    const gradus_conv2d_options first = { .stride = 2, .padding = 1 },
                                second = { .groups = 2, .padding = 1 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 1, 28, 28), *t = gradus_labels(g, 1);
    gradus_node *h = gradus_conv2d(x, 4, 5, &first);
    h = gradus_relu(gradus_batchnorm(h));
    h = gradus_maxpool2d(gradus_conv2d(h, 6, 3, &second), 2, NULL);
    h = gradus_layernorm(gradus_dense(gradus_dropout(h, 0.2), 12));
    gradus_softmax_ce(gradus_dense(gradus_silu(h), 10), t, &smooth);
    int failed = argc < 2 || gradus_compile(g, 1, 1) ||
                 gradus_save(g, argv[1]);
    gradus_graph_free(g);
    return failed;
}
END
# A net with the layers that have none, and with values that several use.
cat >"$dir/back.c" <<'END'
#include <gradus.h>
int main(int argc, char **argv)
{
    const gradus_conv2d_options twice = { .stride = 2, .padding = 2,
                                          .groups = 2 };
    const gradus_pool2d_options over = { .stride = 2, .padding = 1 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 1, 28, 28), *t = gradus_labels(g, 1);
    gradus_node *h = gradus_avgpool2d(x, 2, NULL); /* [1,14,14] */
    gradus_node *c = gradus_conv2d(h, 4, 3, NULL); /* [4,12,12] */
    gradus_node *a = gradus_relu(gradus_batchnorm(c));
    a = gradus_conv2d(a, 6, 5, &twice);            /* [6,6,6] */
    gradus_node *b = gradus_conv2d(gradus_leaky_relu(c, 0.1), 6, 1, NULL);
    b = gradus_maxpool2d(b, 3, &over);             /* [6,6,6] */
    h = gradus_concat(2, (gradus_node *[]){ gradus_add(a, b), a });
    b = gradus_tanh(gradus_global_avgpool2d(h));   /* [12] */
    a = gradus_avgpool2d(h, 3, &over);             /* [12,3,3] */
    a = gradus_reshape(a, 2, (int[]){ 9, 12 });
    a = gradus_layernorm(gradus_add(a, a));
    a = gradus_softmax(a);
    a = gradus_flatten(a);
    a = gradus_dropout(gradus_relu(gradus_dense(a, 12)), 0.4);
    h = gradus_gelu(gradus_add(a, b));
    h = gradus_silu(gradus_dense(gradus_sigmoid(h), 10));
    gradus_set_loss_weight(gradus_softmax_ce(h, t, NULL), 0.5);
    int failed = argc < 2 || gradus_compile(g, 1, 1) ||
                 gradus_save(g, argv[1]);
    gradus_graph_free(g);
    return failed;
}
END
back=$dir/back.safetensors
compile back && "$dir/back" "$back"
verdict "so is one with all ways back" $?
all=$dir/all.safetensors lenet=$dir/lenet.safetensors
compile all && "$dir/all" "$all" && "$dir/all" "$dir/no7.safetensors" 7
verdict "a net with all kinds of parameters is made" $?
"$gradus" train data/sample --net lenet --epochs 1 --save "$lenet" \
    >"$dir/out" 2>&1
verdict "a net of convolutions is trained" $?

# ---- the command line ------------------------------------------------------------

for command in explain check; do
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
refused "explain: got 2 arguments; must be three" explain "$two" "$dir/two.csv"
for row in x -1 1x 1- 3-1 0-1-2 ''; do
    refused "ROW '$row': must be a row's number" explain -- "$two" \
        "$dir/two.csv" "$row"
done
refused "--part 'test': must be train or t10k" explain "$all" data/sample 0 \
    --part test
refused "--dot and --json" explain "$two" "$dir/two.csv" 0 --dot --json
refused "--dot and --weight" explain "$two" "$dir/two.csv" 0 --dot \
    --weight dense1.bias:0
refused "--dot and --at" explain "$two" "$dir/two.csv" 0 --at dense1:0 --dot
refused "--at and --weight" explain "$two" "$dir/two.csv" 0 --at dense1:0 \
    --weight dense1.bias:0
for at in dense1 dense1.bias:0 ''; do
    refused "--at '$at': must be a node" explain "$two" "$dir/two.csv" 0 \
        --at "$at"
done
run 2 "; --at takes nodes" explain "$two" "$dir/two.csv" 0 --weight dense1:0
verdict "--weight names the option that takes nodes" $?
refused "--weight 'dense1.bias': must be" explain "$two" "$dir/two.csv" 0 \
    --weight dense1.bias
refused "--weight 'bias:0': must be" explain "$two" "$dir/two.csv" 0 \
    --weight bias:0

# ---- what does not fit ---------------------------------------------------------

fails "$dir/two.csv: is of another kind" explain "$dir/two.csv" "$two" 0
fails "$dir/two.csv: is of another kind" check "$dir/two.csv" "$two"
grep -q '; MODEL must be a file that gradus_save has written, as gradus train --save and mnist-train --save do$' \
    "$dir/err"
verdict "it is said which files are models" $?
fails "$dir/none: No such file" explain "$two" "$dir/none" 0
fails "$dir/two.csv: ROW is 2; must be 0 to 1, as rows count from 0 and there are 2" \
    explain "$two" "$dir/two.csv" 2
fails "$dir/two.csv: ROW is 2; must be 0 to 1" explain "$two" "$dir/two.csv" 0-2
fails "$dir/two.csv: --rows is 3; must be at most 2" check "$two" \
    "$dir/two.csv" --rows 3
fails "data/sample: the batch has 1000 rows; must have at most 256" \
    explain "$all" data/sample 0-999
fails "data/sample: is a folder, but $two takes the rows of a table" \
    explain "$two" data/sample 0
fails "$dir/two.csv: is no folder, but $all takes images" \
    check "$all" "$dir/two.csv"
printf 'v\n1\n' >"$dir/x.csv"
fails "$dir/x.csv: has no column that says what is right" \
    explain "$two" "$dir/x.csv" 0
fails "$dir/x.csv: has no column that says what is right" \
    check "$two" "$dir/x.csv"
fails "$dir/two.csv: has no part called train" explain "$two" "$dir/two.csv" 0 \
    --part train
fails "data/sample: row 0 has the label 7, which the net ignores" \
    explain "$dir/no7.safetensors" data/sample 0-31
# A label that is no class, in row 57, is named by that number wherever the
# batch begins; so is a row with a number that overflows.
mkdir "$dir/idx"
cp data/sample/*.gz "$dir/idx"
gzip -dc data/sample/t10k-labels-idx1-ubyte.gz >"$dir/labels"
printf '\014' | dd of="$dir/labels" bs=1 seek=65 conv=notrunc 2>/dev/null
gzip -c "$dir/labels" >"$dir/idx/t10k-labels-idx1-ubyte.gz"
twelve="$dir/idx: row 57, counted from 0, has the label 12; must be 0 to 9, as $lenet knows 10 classes"
fails "$twelve" explain "$lenet" "$dir/idx" 57
fails "$twelve" explain "$lenet" "$dir/idx" 50-60 --weight dense1.bias:0
fails "$twelve" check "$lenet" "$dir/idx" --rows 60
"$gradus" explain "$lenet" "$dir/idx" 56 >"$dir/out" 2>&1
verdict "the row beside it is explained" $?
printf 'v,class\n1,a\n3,b\n3e38,a\n' >"$dir/large.csv"
run 1 "(sample 2)" explain "$corner" "$dir/large.csv" 2 && [ ! -s "$dir/out" ]
verdict "a row with a number that overflows is named as the user did" $?
weight() {
    fails "--weight$1" explain "$all" data/sample 0-1 --weight "$2"
}
weight ": the net has no parameter dense9.weight" dense9.weight:0,0
weight ": the net has no parameter dense1.w" dense1.w:0
grep -q ' dense1.weight:0-11,0-' "$dir/err"
verdict "the parameters that there are are listed" $?
weight ": batchnorm1.running_mean is a running" batchnorm1.running_mean:0
weight " dense1.weight:12,0: the first index is 12; must be 0 to 11, as dense1.weight is 12 x 216 and indices count from 0" \
    dense1.weight:12,0
weight " conv1.weight:0,1,0,0: the second index is 1; must be 0 to 0" \
    conv1.weight:0,1,0,0
weight " dense1.weight:0: must have 2 indices" dense1.weight:0
weight " dense1.weight:0,1,2: must have 2 indices" dense1.weight:0,1,2
weight " dense1.bias:-1: must have 1 index after the colon, whole numbers from 0 on" \
    dense1.bias:-1
weight " dense1.bias:99999999999999999999: the index is" \
    dense1.bias:99999999999999999999
at() {
    fails "--at$1" explain "$all" data/sample "$2" --at "$3"
}
at ": the net has no node dense9" 3 dense9:0
grep -q '^the nodes: input:0-0,0-27,0-27 .* dense2:0-9$' "$dir/err"
verdict "the nodes that there are are listed" $?
at ": the net has no node " 3 :0
at ": labels (labels) has no gradient; must be a node that has one" 3 labels:0
at ": softmax_ce1 (softmax_ce) has no gradient" 3 softmax_ce1:0
at " dense2:0: says no row; must begin with one of the batch, such as 3:dense2:0" \
    3-5 dense2:0
at " 6:dense2:0: the row is 6; must be one of the batch, 3 to 5" 3-5 6:dense2:0
at " 2:dense2:0: the row is 2; must be one of the batch, 3" 3 2:dense2:0
at " x:dense2:0: the row is x; must be" 3-5 x:dense2:0
at " :dense2:0: the row is ; must be" 3-5 :dense2:0
at " 99999999999999999999:dense2:0: the row is 9" 3 99999999999999999999:dense2:0
at " dense2:10: the index is 10; must be 0 to 9, as dense2 is 10 and indices count from 0" \
    3 dense2:10
at " dense2:-1: must have 1 index after the colon" 3 dense2:-1
at " input:0,0: must have 3 indices after the colon" 3 input:0,0
at " input:0,28,0: the second index is 28; must be 0 to 27, as input is 1 x 28 x 28" \
    3 input:0,28,0
at " dense2:1:2: the row is dense2; must be" 3 dense2:1:2
# Without its twin, gradus does what needs no doubles, and names what is missing.
mkdir "$dir/bin"
cp "$gradus" "$dir/bin/lonely"
"$dir/bin/lonely" check "$two" "$dir/two.csv" >"$dir/out" 2>"$dir/err"
[ $? -eq 1 ] && [ ! -s "$dir/out" ] &&
    grep -q "^gradus: $dir/bin/lonely-double: No such file or directory; gradus check needs it" \
        "$dir/err"
verdict "a missing gradus-double is named" $?
ln -s "bin/lonely" "$dir/linked"
cp "$gradus-double" "$dir/bin/lonely-double"
for name in ./lonely "$dir/linked" lonely; do
    (cd "$dir/bin" && PATH=$dir/bin:$PATH "$name" check "$two" \
        "$dir/two.csv") >"$dir/out" 2>&1 && grep -q '^right: ' "$dir/out"
    verdict "gradus-double is found beside ${name#"$dir"/}" $?
done
rm "$dir/bin/lonely-double"
"$dir/bin/lonely" explain "$two" "$dir/two.csv" 0 >"$dir/out" 2>"$dir/err"
verdict "a step is explained without it" $?

# ---- known numbers ---------------------------------------------------------------

run 0 "$dir/two.csv, row 0, counted from 0: row 2 in a spreadsheet" explain "$two" \
    "$dir/two.csv" 0
verdict "a row of a table is explained" $?
says "v 1 -1" && says "a 0 0.5 1 -0.5 -0.5" && says "b 0 0.5 0 0.5 0.5" &&
    says "L = 1/D sum t_k (lse(z) - z_k) = 0.693147, D = 1 (S3) (S7)" &&
    says "dense1 2 0 0 0 100 %" && says "dense1 2 -0.5 0 0.5 0 %" &&
    says ".weight 2 x 1 -0.5 0 0.5 0 %" && says "input 1 0 0 0 100 %" && narrow
verdict "with z, y, t, y - t, the loss and the gradients" $?
run 0 "0.693147" explain "$two" "$dir/two.csv" 0-1 && says "1 b a 0.5 0.69315" &&
    says "L = 1/D sum t_k (lse(z) - z_k) = 0.693147, D = 2 (S3) (S7)" && narrow
verdict "so is a batch" $?
run 0 "is 0" explain "$two" "$dir/two.csv" 0-1 --weight dense1.weight:0,0 &&
    says "0 [0] -0.25 [0] -1 0.25" && says "1 [0] 0.25 [0] 1 0.25" &&
    says "2 terms, sum 0.5" && narrow
verdict "a gradient is the sum of dy times x" $?
says "in row 0, dy[0] = (y_0 - t_0) / D (S4)" && says "= (0.5 - 1) / 2"
verdict "and dy is that of the loss" $?
run 0 '"D":2' explain "$two" "$dir/two.csv" 0-1 --weight dense1.weight:0,0 \
    --json
json "also in JSON" \
    "[(t['y'], t['t']) for t in j['terms']] == [(0.5, 1), (0.5, 0)] and
    all(t['dy'] == (t['y'] - t['t']) / j['D'] for t in j['terms'])"
run 0 "is 0" explain "$two" "$dir/two.csv" 0 --weight dense1.bias:1 &&
    says "0 [1] 0.5" && says "1 term, sum 0.5" &&
    says "gradient by backward 0.5 off by 0.0e+00"
verdict "that of a bias is the sum of dy" $?
run 0 "standardised" explain "$price" "$dir/price.csv" 1 &&
    says "price 0 1 -1 -2 20" && says "L = 1, D = 1" &&
    says "dy_k = 2 (y_k - t_k) / D"
verdict "numbers are explained in the units of the loss" $?
run 0 "sum" explain "$price" - 0-1 --weight dense1.weight:0,0 <"$dir/price.csv" &&
    says "2 terms, sum -2" && says "in row 0, dy[0] = 2 (y_0 - t_0) / D" &&
    says "= 2 (0 - -1) / 2"
verdict "rows may come from standard input" $?

# ---- every kind of parameter -----------------------------------------------------

# adds MODEL PARAMETER:INDICES ROW TERMS: is the sum of so many terms what
# backward computes, and what the difference is?
adds() {
    run 0 "$4 term" explain "$1" data/sample "$3" --weight "$2" && narrow &&
        awk '/^[0-9]+ terms?, sum/ { sum = $NF < 0 ? -$NF : $NF }
             / off by / { n++; bad += $NF > 1e-9 + 1e-6 * sum }
             END { exit n != 2 || bad || sum == 0 }' "$dir/out" ||
        { cat "$dir/out"; false; }
    verdict "the terms of $2 add up" $?
}
adds "$all" conv1.weight:1,0,2,3 0-3 676
adds "$all" conv1.weight:1,0,0,0 0-3 576 # without the padding
adds "$all" conv1.bias:2 0 169
adds "$all" batchnorm1.weight:3 0-3 676
adds "$all" batchnorm1.bias:0 0-3 676
adds "$all" conv2.weight:5,1,0,2 0-3 576
adds "$all" conv2.bias:4 0-3 676
adds "$all" dense1.weight:7,40 0-31 32
adds "$all" layernorm1.weight:11 0-31 32
adds "$all" layernorm1.bias:0 0-31 32
adds "$all" dense2.weight:4,5 0-31 32
adds "$lenet" conv2.weight:3,2,1,4 5 100
# Is the number of terms that of the lines, of those that are summed up and of
# those of 0?
for o in 0 1 2 3 4 5; do # each kernel in turn; few places of it pass a ReLU
    "$gradus" explain "$lenet" data/sample 7 --weight "conv1.weight:$o,0,0,0"
done >"$dir/out" && narrow &&
    awk '/^ +7  \[/ { n++; bad += $NF == 0 }
         /^ +and .* smaller terms?, together / { n += $2; small++ }
         /^ +and .* terms? of 0$/ { n += $2; zero++ }
         /^[0-9]+ terms?, sum/ { bad += n != $1; n = 0 }
         END { exit bad || !small || !zero }' "$dir/out"
verdict "the small ones are summed up, and those of 0 are counted" $?
run 0 '"numeric"' explain "$all" data/sample 3-4 --weight conv2.bias:1 --json
verdict "an entry is printed as JSON" $?
json "with all of its terms" \
    "abs(sum(t['dy'] * t['x'] for t in j['terms']) - j['gradient']) < 1e-12
    and len(j['terms']) == 338 and j['entry'] == [1] and
    {t['row'] for t in j['terms']} == {3, 4} and
    abs(j['numeric'] - j['gradient']) < 1e-6"

# page TAG: prints the page of docs/ that has the equations with this letter
page() {
    case $1 in
    S*) echo docs/softmax.md ;;
    B*) echo docs/backprop.md ;;
    C*) echo docs/conv.md ;;
    N*) echo docs/norms.md ;;
    P*) echo docs/pooling.md ;;
    D*) echo docs/dropout.md ;;
    esac
}
lost=
for tag in $(grep -oh '([A-Z][0-9]*)' programs/gradus/e*.c | tr -d '()' |
    sort -u); do
    page=$(page "$tag")
    if [ -n "$page" ] && [ ! -f "$page" ]; then
        echo "skipped: ($tag) is in $page, which is not there"
    elif ! grep -q "($tag)\|tag{$tag}" "${page:-/dev/null}"; then
        lost="$lost $tag"
    fi
done
[ -z "$lost" ] || echo "        not there:$lost"
[ -z "$lost" ]
verdict "the equations have the tags of docs/" $?

# ---- a step ----------------------------------------------------------------------

run 0 "data/sample (t10k), row 7, counted from 0" explain "$lenet" \
    data/sample 7 && narrow &&
    [ "$(grep -c '[@%#*+=]\{4\}' "$dir/out")" -gt 8 ] &&
    says "conv1 16 x 28 x 28 $(awk '$1 == "conv1" { print $7, $8, $9, $10, $11
                                  exit }' "$dir/out")" &&
    [ "$(grep -c '^  conv1 ' "$dir/out")" -eq 2 ] &&
    [ "$(grep -c '^  input ' "$dir/out")" -eq 2 ] &&
    grep -q '(S1)' "$dir/out" && grep -q '^  relu .* max(0, x)' "$dir/out"
verdict "an image is drawn, and every node has a value and a gradient" $?
mkdir -p "$dir/digits/0" "$dir/digits/1"
cp data/digits/0-a.png "$dir/digits/0"
cp data/digits/1-a.png "$dir/digits/1"
run 0 "row 1, counted from 0: $dir/digits/1/1-a.png" explain "$lenet" "$dir/digits" 1
verdict "the image of a folder is named" $?
run 0 "(train), rows 0 to 1, counted from 0: a batch of 2" explain "$all" data/sample 0-1 \
    --part train && grep -q '(S5)' "$dir/out" && grep -q '(S6)' "$dir/out" &&
    grep -q '^dropout1 sets numbers to 0 at random' "$dir/out" && narrow
verdict "the training images may be looked at" $?
# places MODEL ROWS COUNT: are the min and the max of each of the COUNT gradients
# where it is said, and do the terms there add up?
places() {
    "$gradus" explain "$1" data/sample "$2" >"$dir/step"
    awk '/^down:/ { down = 1 } /^where / { where = 1; down = 0 }
         /^$/ { where = 0 }
         down && NF > 5 { name = $1 ~ /^[.]/ ? node $1 : $1
                          if ($1 !~ /^[.]/)
                              node = $1
                          min[name] = $(NF - 4); max[name] = $(NF - 2) }
         where && /:/ { for (k = 2; k <= 4; k += 2) {
                            name = $k
                            sub(/^[0-9]*:/, "", name); sub(/:.*/, "", name)
                            v = k == 2 ? min[name] : max[name]
                            print $(k - 1), $k, v } }' \
        "$dir/step" >"$dir/places"
    while read -r option entry value; do
        "$gradus" explain "$1" data/sample "$2" "$option" "$entry" \
            >"$dir/number" && awk -v v="$value" '
            length($0) > 80 { bad = 1 }
            / off by / { n++; bad += $NF > 1e-9 + 1e-6 * (v < 0 ? -v : v) }
            /^gradient by/ { d = $4 - v; bad += d * d > 1e-12 + 1e-6 * v * v }
            /a corner here/ { bad-- } # there is no numeric derivative
            END { exit n != 2 || bad > 0 }' "$dir/number" && continue
        echo "        $option $entry: not $value"
        sed 's/^/        /' "$dir/number"
    done <"$dir/places" >"$dir/out"
    cat "$dir/out"
    [ "$(wc -l <"$dir/places")" -eq $((2 * $3)) ] && [ ! -s "$dir/out" ]
    verdict "the $3 gradients of ${1##*/} have their min and max where it is said" $?
}
places "$all" 0-3 23
places "$back" 0-3 41
places "$lenet" 7-8 18
for k in 0 1 2 3 4 5 6 7 8 9 10 11; do
    "$gradus" explain "$back" data/sample 0-1 --at "1:relu2:$k"
done >"$dir/out" && awk '/^relu2/ { zero += $NF == 0 } / off by / { n++
                             bad += $NF > 1e-9 }
                         /^gradient by/ { nonzero += $4 != 0 }
                         END { exit bad || n != 24 || !zero ||
                                    nonzero == 0 || nonzero == 12 }' "$dir/out"
verdict "it is told of values of 0, too, whether dropout keeps them" $?

# ---- a number of a node ----------------------------------------------------------

run 0 "dense1[1] in row 1 is 0" explain "$two" "$dir/two.csv" 0-1 \
    --at 1:dense1:1 && narrow && says "in row 1, dy[1] = (y_1 - t_1) / D (S4)" &&
    says "= (0.5 - 1) / 2" && says "1 term, sum -0.25" &&
    says "y is the value of softmax_ce1, t the target of the label b;" &&
    says "gradient by backward -0.25 off by 0.0e+00"
verdict "a gradient at the logits is (y - t) / D" $?
run 0 "(y_0 sum_j t_j - t_0) / D" explain "$all" data/sample 3 \
    --at dense2:0 && narrow && grep -q 't_k is multiplied .* (S6)$' "$dir/out" &&
    grep -q 'eps / K,  eps = 0.1  (S5)$' "$dir/out"
verdict "with label smoothing and class weights, these are named" $?
run 0 ", times the weight 0.5 of the loss" explain "$back" data/sample 0-1 \
    --at 0:silu1:3 && narrow
verdict "so is the weight of the loss" $?
run 0 '"row":0' explain "$back" data/sample 0-1 --at 0:silu1:3 --json
json "JSON has the row, y, t and D" \
    "j['row'] == 0 and j['entry'] == [3] and j['D'] == 2 and
    [t['of'] for t in j['terms']] == ['softmax_ce1'] and
    all(abs(t['dy'] * (t['y'] - t['t']) / 2 - j['gradient']) < 1e-12 and
        t['dy'] == 0.5 for t in j['terms'])"
run 0 "2 (y_0 - t_0) / D" explain "$price" "$dir/price.csv" 0 --at dense1:0 &&
    says "= 2 (0 - -1) / 1" && says "gradient by backward 2 off by 0.0e+00"
verdict "that of a prediction is 2 (y - t) / D" $?
run 0 "max(-delta, min(delta, y_0 - t_0)) / D" explain "$huber" \
    "$dir/price.csv" 0-1 --at 0:dense1:0 && narrow &&
    says "= max(-0.5, min(0.5, 0 - -1)) / 2" && says "1 term, sum 0.25" &&
    says "gradient by backward 0.25 off by 0.0e+00"
verdict "or by Huber's loss, which is cut at delta" $?
run 0 "several nodes use it" explain "$back" data/sample 0-1 \
    --at 1:conv1:3,4,3 && narrow && [ "$(grep -c '^dy is ' "$dir/out")" -eq 2 ]
verdict "gradients of several nodes add up" $?
run 0 "10 terms, sum" explain "$lenet" data/sample 7 --at relu3:5 && narrow &&
    says "dx[k] = sum_o dy[o] W[o,k] (B5)" &&
    says "dy is the gradient of dense2, W its weight" &&
    grep -q ' \[9,5\] ' "$dir/out"
verdict "that of a dense layer's operand has the weights" $?
run 0 "dx = dy where x > 0, else 0" explain "$lenet" data/sample 7 \
    --at dense1:5 && says "--at relu3:5 says where the first dy comes from"
verdict "it is said how to ask on" $?
run 0 '"loss"' explain "$lenet" data/sample 7-8 --json
verdict "a step is printed as JSON" $?
json "with z, y, t and dz = (y - t) / D" \
    "[r['row'] for r in j['rows']] == [7, 8] and j['D'] == 2 and
    abs(j['loss'] - sum(r['loss'] for r in j['rows']) / 2) < 1e-6 and
    all(abs((y - t) / 2 - dz) < 1e-6 for r in j['rows']
        for y, t, dz in zip(r['y'], r['t'], r['dz'])) and
    all('gradient' in n for n in j['nodes'] if n['op'] in ('conv', 'input'))"
sed -n '/^where/,/^$/s/--[a-z]* //gp' "$dir/step" |
    sed "s/  */', '/g; s/^', //; s/$/',/" >"$dir/places"
json "and where the min and the max are" \
    "sorted(x for n in reversed(j['nodes']) for k in ('min', 'max')
      for p in [n] + n['parameters'] if 'gradient' in p
      for at in [','.join(map(str, p['gradient'][k + '_at']))]
      for x in [n['name'] + '.' + p['name'] + ':' + at if p != n else
                str(p['gradient'][k + '_row']) + ':' + p['name'] + ':' + at]
     ) == sorted([$(cat "$dir/places")])"
run 0 "digraph net" explain "$lenet" data/sample 7 --dot &&
    grep -q 'maxpool.*value .* to .*gradient .* to ' "$dir/out" &&
    grep -q 'softmax_ce.*loss ' "$dir/out"
verdict "the graph has the range of values and gradients" $?
if command -v dot >/dev/null; then
    dot -Tsvg "$dir/out" >"$dir/svg" && grep -q gradient "$dir/svg"
    verdict "Graphviz draws it" $?
else
    echo "skipped: Graphviz draws it, as there is no dot"
fi

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
run 0 "The loss has a corner here" explain "$corner" "$dir/three.csv" 0-2 \
    --weight dense1.bias:0 && narrow
verdict "explain names a corner" $?
run 0 "right: all" check "$lenet" data/sample --rows 4 --entries 20
verdict "the gradients of convolutions are right" $?
run 0 '"wrong":0' check "$all" data/sample --entries 5 --seed 3 --json
verdict "JSON is printed" $?
json "with every entry" \
    "len(j['entries']) == j['compared'] and
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
"$dir/bin/lonely" explain "$lenet" data/sample 0-1 --weight dense2.bias:3 \
    >"$dir/out" 2>"$dir/err" && awk '/ off by / { n++; bad += $NF > 1e-8 }
                                     END { exit n != 2 || bad != 2 }' "$dir/out"
verdict "explain shows that it is neither the sum nor the derivative" $?

finish
