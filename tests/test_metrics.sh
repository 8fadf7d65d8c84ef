#!/bin/sh
# test_metrics.sh -- compares the metrics of predictions with those of
# scikit-learn, if it is installed.
. tests/verdict.sh

for python in python3 /usr/bin/python3 ''; do
    [ -n "$python" ] && "$python" -c 'import sklearn' 2>/dev/null && break
done
if [ -z "$python" ]; then
    echo "skipped: python3-sklearn is not installed"
    finish
fi
export OMP_NUM_THREADS=1

"$BUILD"/print-metrics >"$dir/metrics"
verdict "print-metrics computes every case" $?
# compare.py prints one line for each kind.  If its status is not 0 although no
# kind has failed, it has crashed.
"$python" tests/metrics/compare.py "$dir/metrics" >"$dir/kinds"
status=$?
cat "$dir/kinds"
passed=$((passed + $(grep -c '^ok ' "$dir/kinds")))
failed=$((failed + $(grep -c '^FAILED ' "$dir/kinds")))
[ "$status" -eq 0 ] || grep -q '^FAILED ' "$dir/kinds"
verdict "scikit-learn computes every case" $?

finish
