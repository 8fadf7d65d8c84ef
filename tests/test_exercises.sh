#!/bin/sh
# test_exercises.sh -- tests the exercises: that the library's own file is
# right, that a function that is not written yet is not, that usual mistakes
# get their diagnosis by name, and what is told of other ones.
. tests/verdict.sh

case ${CFLAGS-} in
*-fsanitize=*)
    echo "skipped: the exercises, as they bring sanitisers of their own"
    finish ;;
esac
export BUILD CC MINE="$dir/mine" LIMIT=1

# Some that fit none of the usual mistakes, each in the function of exercise 01.
cat >"$dir/compile.c" <<'END'
    dW[0] = ;
END
cat >"$dir/endless.c" <<'END'
    for (volatile int i = 0; i < 2; i *= 1)
        dW[0] = 0;
END
cat >"$dir/past.c" <<'END'
    for (int i = 0; i <= p.units * in; i++)
        dW[i] = 0;
END
cat >"$dir/null.c" <<'END'
    dW = NULL;
    dW[0] = in;
END
cat >"$dir/two.c" <<'END'
    for (int i = 0; i < p.rows; i++)
        for (int o = 0; o < p.units; o++) {
            db[o] += dY[i * p.units + o];
            for (int k = 0; k < in; k++)
                dW[o * in + k] += dY[i * p.units + o] * X[i * in + k];
        }
END
echo '    extern void _Exit(int); _Exit(0);' >"$dir/exit.c"
cat >"$dir/partly.c" <<'END'
    for (int o = 0; o < p.units; o++)
        db[o] = p.add ? db[o] : 0;
    for (int i = 0; i < p.rows; i++)
        for (int o = 0; o < p.units; o++)
            db[o] += dY[i * out + o];
    for (int k = 0; k < in; k++)
        dW[k] = k;
END

# In exercise 05, right but for two NaNs, where those are that come from
# subtracting the smallest logit.
cat >"$dir/nan.c" <<'END'
    for (int k = 1; k < K; k++)
        m = z[k * step] > m ? z[k * step] : m;
    for (int k = 0; k < K; k++)
        sum += y[k * step] = exp(z[k * step] - m);
    for (int k = 0; k < K; k++)
        y[k * step] /= m == 1000 && k != 1 ? NAN : sum;
    *max = m;
    return sum;
END

# Each line of this file is an exercise, and a file of lines for its function.
count=$(grep -cv '^#' exercises/list.txt)
for n in $(grep -v '^#' exercises/list.txt | cut -d ' ' -f 1); do
    for body in right exercises/"$n"/*.c; do
        case $body in
        right | */stub.c | */wrong-*) echo "$n $body" ;;
        esac
    done
done >"$dir/variants"
for body in compile endless past null two exit partly; do
    echo "01 $dir/$body.c"
done >>"$dir/variants"
echo "05 $dir/nan.c" >>"$dir/variants"
# The mistakes are told apart by their numbers, for which no sanitiser is
# needed.
# shellcheck disable=SC2016 # the shell that xargs starts expands these
xargs -P 2 -n 2 sh -c 'out=$0/$1-$(basename "$2" .c)
    case $2 in */stub.c | */wrong-*) export SANITISE= ;; esac
    exercises/run.sh "$1" "$2" >"$out" 2>&1
    echo "status $?" >>"$out"' "$dir" <"$dir/variants"

# is_told FILE NAME: are all diagnoses in FILE called NAME?
is_told() {
    [ "$(sed -n 's/^  \([a-z0-9-]*\): .*/\1/p' "$1" | sort -u)" = "$2" ] &&
        return
    cat "$1"
    return 1
}

# ended FILE STATUS PATTERN: did it end with the status, and say the pattern?
ended() {
    grep -qx "status $2" "$1" && grep -q -e "$3" "$1" && return
    cat "$1"
    return 1
}

while read -r n body; do
    kind=$(basename "$body" .c)
    out=$dir/$n-$kind
    case $kind in
    right)
        ended "$out" 0 ': right$'
        verdict "exercise $n: the library's own file is right" $? ;;
    stub)
        ended "$out" 1 '^  not-computed: '
        verdict "exercise $n: what is not written yet is not right" $? ;;
    wrong-*)
        ended "$out" 1 '^  ' && is_told "$out" "${kind#wrong-}"
        verdict "exercise $n: the diagnosis ${kind#wrong-}" $? ;;
    esac
done <"$dir/variants"
[ "$(sed -n 's/ .*wrong-.*//p' "$dir/variants" | sort | uniq -c |
    awk '$1 >= 2' | wc -l)" -eq "$count" ]
verdict "each of $count exercises has at least two usual mistakes" $?

ended "$dir/01-compile" 1 'dense.c does not compile$' &&
    grep -q 'error: ' "$dir/01-compile"
verdict "a file that does not compile shows the compiler's message" $?
ended "$dir/01-endless" 1 \
    'It was stopped after 1 s, in this case: 7 rows, all 4 units\.$'
verdict "a loop without end is stopped" $?
ended "$dir/01-past" 1 'writes past the end of an array of 12 numbers' &&
    grep -q 'line [0-9]* of .*dense.c:  dW\[i\] = 0;$' "$dir/01-past"
verdict "a number that is written past the end is found, and its line" $?
cat >"$dir/bare" <<END
#!/bin/sh
case " \$* " in
*" -c "*) ;;
*" -fsanitize="*) echo "cannot find libasan" >&2; exit 1 ;;
esac
exec ${CC:-cc} "\$@"
END
chmod +x "$dir/bare"
{ CC=$dir/bare exercises/run.sh 01 right; echo "status $?"; } \
    >"$dir/01-bare" 2>&1
ended "$dir/01-bare" 2 'cannot link its sanitisers' &&
    grep -q 'SANITISE= make exercise N=01' "$dir/01-bare"
verdict "a compiler without sanitisers is told from a wrong function" $?
{ CC=$dir/bare SANITISE='' exercises/run.sh 01 right; echo "status $?"; } \
    >"$dir/01-do-without" 2>&1
ended "$dir/01-do-without" 0 ': right$'
verdict "and an exercise can do without them" $?
ended "$dir/01-null" 1 'null pointer\|NULL' &&
    grep -q 'line [0-9]* of .*dense.c:  dW\[0\] = in;$' "$dir/01-null"
verdict "a pointer that is NULL is found, and its line" $?
ended "$dir/01-two" 1 'That explains this case; in others, more is wrong' &&
    is_told "$dir/01-two" not-cleared
verdict "of two mistakes, the one that explains the first case is told" $?
ended "$dir/01-exit" 1 'It ended the program'
verdict "a function that ends the program is not right" $?
ended "$dir/01-partly" 1 '^  differs: ' && grep -q '^db is right$' "$dir/01-partly"
verdict "an unusual mistake is told by its numbers, and so is what is right" $?
ended "$dir/05-nan" 1 'got NaN, must be 1$' && is_told "$dir/05-nan" not-finite
verdict "a NaN alone is not taken for a usual mistake" $?

# The pages lead to files that are there, and name equations, such as (S4),
# that a page of docs/ has.
for page in exercises/README.md exercises/*/README.md; do
    for link in $(grep -oE '\]\([^)]*\)' "$page" | tr -d ']()' | grep -v ^http); do
        [ -e "$(dirname "$page")/$link" ] || echo "$page: no $link"
    done
    for tag in $(grep -oE '\([A-Z][0-9]+\)' "$page" | tr -d '()'); do
        grep -qF "\\tag{$tag}" docs/*.md || echo "$page: no ($tag) in docs/"
    done
done >"$dir/out"
cat "$dir/out"
[ ! -s "$dir/out" ]
verdict "the pages of the exercises lead to files and equations" $?

# What a learner types.
exercises/run.sh 3 >"$dir/out" 2>&1 && [ -f "$dir/mine/03/activations.c" ] &&
    grep -q 'relu_backward in .*/03/activations.c, line [0-9]' "$dir/out"
verdict "exercise 3 begins as 03, and names the function and the file" $?
exercises/run.sh 03 >"$dir/out" 2>&1
[ $? -eq 1 ] && grep -q '^  not-computed: ' "$dir/out"
verdict "the second time, the learner's file is checked" $?
cp src/layers/activations.c "$dir/mine/03"
exercises/run.sh 3 >"$dir/out" 2>&1 && grep -q 'src/layers/activations.c' "$dir/out"
verdict "a right file is told where the library's own lines are" $?
exercises/run.sh >"$dir/out" && [ "$(wc -l <"$dir/out")" -eq $((count + 1)) ] &&
    grep -q '^  02 .* not begun$' "$dir/out" &&
    grep -q '^  03 .* right$' "$dir/out"
verdict "without a number, all are listed, with how far one is" $?
for bad in 0 $((count + 1)) -1 +3 x 1x 1.5 3.0 010 '1 2' '*'; do
    exercises/run.sh "$bad" >"$dir/out" 2>&1
    [ $? -eq 2 ] && grep -q "N is '.*'; must be 1 to $count; " "$dir/out"
    verdict "the number '$bad' is refused" $?
done

finish
