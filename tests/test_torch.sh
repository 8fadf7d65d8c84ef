#!/bin/sh
# test_torch.sh -- compares every layer, loss and optimiser with PyTorch, if it
# is installed, and loads a saved model by the program in docs/pytorch.md.
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
# compare.py prints one line for each case.  If its status is not 0 although no
# case has failed, it has crashed.
"$python" tests/torch/compare.py "$dir" >"$dir/cases"
status=$?
cat "$dir/cases"
passed=$((passed + $(grep -c '^ok ' "$dir/cases")))
failed=$((failed + $(grep -c '^FAILED ' "$dir/cases")))
[ "$status" -eq 0 ] || grep -q '^FAILED ' "$dir/cases"
verdict "PyTorch computes every case" $?

awk '/^```$/ { on = 0 } on; /^```python$/ { on = 1 }' docs/pytorch.md \
    >"$dir/pytorch.py"
"$BUILD"/mnist-train --net lenet --epochs 1 --data data/sample \
    --save "$dir/lenet.safetensors" >"$dir/words" 2>&1 || cat "$dir/words"
predict=$(realpath "$BUILD/mnist-predict") script=$PWD/tests/torch/predict.py
sample=$PWD/data/sample
(cd "$dir" && "$python" "$script" "$predict" "$sample")
verdict "the program in docs/pytorch.md reads the same in images" $?

finish
