#!/usr/bin/env python3
"""coverage.py COVERAGE.JSON -- prints the branches of loaders, savers and
checkpoints that no test takes and tools/coverage.txt does not explain, and
fails if there are any; `make coverage` calls it.

A line of coverage.txt is `FILE: TEXT -- REASON`, where TEXT is a part of the
line in the source.
"""
import json
import re
import sys

CHECKED = re.compile(r'src/(data|io)/|src/train/(resume|replay|log)\.c')


def explanations():
    with open('tools/coverage.txt') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                where, _, reason = line.rstrip('\n').partition(' -- ')
                file, _, text = where.partition(': ')
                if not reason or not text:
                    sys.exit('tools/coverage.txt: no reason: ' + line)
                yield file, text


explained = {e: False for e in explanations()}
branches = missed = 0
left = []
with open(sys.argv[1]) as report:
    files = json.load(report)['files']
for f in files:
    if not CHECKED.match(f['file']):
        continue
    with open(f['file']) as source:
        lines = source.read().split('\n')
    for line in f['lines']:
        taken = [b['count'] > 0 for b in line.get('branches', [])]
        branches += len(taken)
        if all(taken):
            continue
        missed += taken.count(False)
        text = lines[line['line_number'] - 1]
        found = [e for e in explained if e[0] == f['file'] and e[1] in text]
        for e in found:
            explained[e] = True
        if not found:
            left.append('%s:%d: %s' % (f['file'], line['line_number'],
                                       text.strip()))
left += ['tools/coverage.txt: nothing is explained by %s: %s' % e
         for e in explained if not explained[e]]
print('\n'.join(left) + '\n' * bool(left), end='')
print('coverage: loaders, savers and checkpoints: %d of %d branches taken, '
      '%d not explained' % (branches - missed, branches, len(left)))
sys.exit(bool(left))
