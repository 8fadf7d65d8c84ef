#!/bin/sh
# test_torch.sh -- the same numbers as PyTorch, where it is installed: every
# layer, loss and optimiser.
. tests/verdict.sh

for python in python3 /usr/bin/python3 ''; do
    [ -n "$python" ] && "$python" -c 'import numpy, torch' 2>/dev/null && break
done
if [ -z "$python" ]; then
    echo "skipped: python3-torch is not installed"
    finish
fi
export OMP_NUM_THREADS=1

"$BUILD"/torch-layers "$dir"
verdict "torch-layers computes every case" $?
# One line a case; the status says the same, or that it did not get so far.
"$python" tests/torch/compare.py "$dir" >"$dir/cases"
status=$?
cat "$dir/cases"
passed=$((passed + $(grep -c '^ok ' "$dir/cases")))
failed=$((failed + $(grep -c '^FAILED ' "$dir/cases")))
[ "$status" -eq 0 ] || grep -q '^FAILED ' "$dir/cases"
verdict "PyTorch computes every case" $?

finish
