#!/usr/bin/env python3
"""checkpoint.py -- makes bad checkpoints and replay files in the present
folder, of the good ones that checkpoint.c has made there, and names each for
what is wrong with it.

Their checksums are right, but for those of *-sum-wrong and of files that were
cut or changed as a whole.
"""
import json
import math
import os
import struct
import zlib


class File:
    """A model file in its parts: meta, the metadata; said, what one of its
    entries says; tensors, their entries; data, their values."""

    def __init__(self, name, key):
        with open(name, 'rb') as f:
            whole = f.read()
        n, = struct.unpack('<Q', whole[:8])
        self.tensors = json.loads(whole[8:8 + n])
        self.meta = self.tensors.pop('__metadata__')
        self.key = key
        self.said = self.meta[key]
        if key == 'gradus.checkpoint':
            self.said = json.loads(self.said)
        self.data = whole[8 + n:]

    def write(self, name, right=True):
        if not isinstance(self.said, str):
            self.said = json.dumps(self.said)
        if self.key in self.meta:
            self.meta[self.key] = self.said
        self.meta['gradus.checksum'] = '00000000'
        text = json.dumps({'__metadata__': self.meta, **self.tensors},
                          separators=(',', ':')).encode()
        whole = struct.pack('<Q', len(text)) + text + self.data
        at = whole.find(b'gradus.checksum":"') + 18
        crc = zlib.crc32(whole) ^ (not right)
        with open(name, 'wb') as f:
            f.write(whole[:at] + b'%08x' % crc + whole[at + 8:])


def bad(name, change, right=True):
    """Makes the file `name` from the good one of its kind."""
    kind = name.split('-')[0]
    f = File(kind + '-good', 'gradus.replay' if kind == 'replay'
             else 'gradus.checkpoint')
    change(f)
    f.write(name, right)


def said(name, value, *path):
    """As bad, with a member of what is said, which `path` leads to, set; None
    leaves it out."""
    def change(f):
        to = f.said
        for key in path[:-1]:
            to = to[key]
        if value is None:
            del to[path[-1]]
        else:
            to[path[-1]] = value
    bad(name, change)


def meta(name, key, value):
    """As bad, with an entry of the metadata set; None leaves it out."""
    def change(f):
        if value is None:
            del f.meta[key]
        else:
            f.meta[key] = value
    bad(name, change)


def text(name, value):
    """As bad, with all that is said replaced by this text."""
    bad(name, lambda f: setattr(f, 'said', value))


def number(name, place, value):
    """As bad, with one of the numbers set, or, by None, cut off with all that
    follow."""
    def change(f):
        plain = isinstance(f.said, str)
        numbers, _, message = (f.said if plain else
                               f.said['fit']['numbers']).partition('\n')
        numbers = numbers.split()
        numbers[place:place + 1 if value else None] = [value] if value else []
        changed = ''.join(' ' + v for v in numbers)
        if plain:
            f.said = changed + '\n' + message
        else:
            f.said['fit']['numbers'] = changed
    bad(name, change)


# ---- checkpoints of gradus_fit ---------------------------------------------

# The text as JSON.
text('fit-empty', '')
text('fit-no-json', 'nonsense')
text('fit-list', '[]')
text('fit-string', '"checkpoint"')
text('fit-not-closed', '{"version":')
text('fit-key-twice', '{"same":{},"same":{}}')
text('fit-huge-number', '{"steps":1e999}')
text('fit-deep', '[' * 5000)
text('fit-many-values', '[' + '0,' * 300000 + '0]')
meta('fit-missing', 'gradus.checkpoint', None)

# What is said of the training.
for key in 'blas', 'same', 'steps', 'learning_rate', 'fit':
    said('fit-no-' + key, None, key)
said('fit-blas-number', 7, 'blas')
said('fit-same-list', [], 'same')
said('fit-steps-word', 'many', 'steps')
said('fit-steps-negative', -1, 'steps')
said('fit-steps-half', 0.5, 'steps')
said('fit-rate-word', 'fast', 'learning_rate')
said('fit-rate-negative', -0.1, 'learning_rate')
said('fit-rate-large', 1e300, 'learning_rate')
said('fit-fit-number', 7, 'fit')
for key, value in {
        'seed': '2', 'precision': 64, 'optimiser': 'adam', 'states': 2,
        'momentum': 0.5, 'weight_decay': 0.1, 'max_norm': 1.0,
        'max_value': 1.0, 'decay_matrices_only': True,
        'groups': {'dense1': [0.1, 1.0]}}.items():
    said('fit-other-' + key, value, 'same', key)
    said('fit-without-' + key, None, 'same', key)
said('fit-same-more', 7, 'same', 'more')

# What is said of the call of gradus_fit.
for key, value in {'batch': 5, 'samples': 9, 'keep_order': True,
                   'restore_best': False, 'data (a hash)': '0'}.items():
    said('fit-call-' + key.split()[0], value, 'fit', 'same', key)
said('fit-call-without-same', None, 'fit', 'same')
said('fit-numbers-missing', None, 'fit', 'numbers')
said('fit-numbers-list', [1, 2], 'fit', 'numbers')
said('fit-numbers-empty', '', 'fit', 'numbers')
said('fit-numbers-words', 'one two', 'fit', 'numbers')
for place, name in enumerate((
        'epochs', 'done', 'batches', 'samples', 'steps', 'log', 'best',
        'waited', 'labels', 'correct', 'top-k')):
    for what, value in {'negative': '-1', 'nan': 'nan',
                        'huge': '1e300'}.items():
        number('fit-number-%s-%s' % (name, what), place, value)
    number('fit-number-%s-cut' % name, place, None)
number('fit-number-seconds-nan', 11, 'nan')
number('fit-number-seconds-huge', 11, '1e308')
number('fit-number-history-seconds-huge', 26, '1e308')
number('fit-number-done-3', 1, '3')
number('fit-number-done-2', 1, '2')
number('fit-number-samples-11', 3, '11')
number('fit-number-seconds-cut', 11, None)
number('fit-number-meter-cut', 15, None)
number('fit-number-history-cut', 26, None)

# The nodes, the counts and the tensors.
nodes = json.loads(File('fit-good', 'gradus.checkpoint').meta[
    'gradus.architecture'])
for name, i, change in (
        ('units', 2, {'attr': {'units': [4]}}), ('op', 2, {'op': 'conv2d'}),
        ('name', 2, {'name': 'dense2'}), ('operand', 2, {'in': [0]}),
        ('weight', 4, {'weight': 2.0}),
        ('input', 0, {'attr': {'shape': [3]}})):
    other = json.loads(json.dumps(nodes))
    other[i].update(change)
    meta('fit-node-' + name, 'gradus.architecture', json.dumps(other))
meta('fit-node-fewer', 'gradus.architecture', json.dumps(nodes[:-1]))
meta('fit-node-none', 'gradus.architecture', '[]')
meta('fit-node-no-json', 'gradus.architecture', '[{')
meta('fit-node-missing', 'gradus.architecture', None)
for key in 'passes', 'epochs':
    for name, value in {'word': 'x', 'negative': '-1', 'zeros': '007',
                        'large': str(1 << 64)}.items():
        meta('fit-%s-%s' % (key, name), 'gradus.' + key, value)


def tensor(name, key, **fields):
    """As bad, with fields of a tensor's entry set; without any, it is left
    out."""
    def change(f):
        if fields:
            f.tensors[key].update(fields)
        else:
            del f.tensors[key]
    bad(name, change)


def value(name, key, v):
    """As bad, with the first value of a tensor set."""
    def change(f):
        at = f.tensors[key]['data_offsets'][0]
        f.data = f.data[:at] + struct.pack('<f', v) + f.data[at + 4:]
    bad(name, change)


for key, name in (('gradus:0', 'state'), ('gradus:1', 'best'),
                  ('dense1.weight', 'weight')):
    tensor('fit-%s-missing' % name, key)
    tensor('fit-%s-shape' % name, key, shape=[1])
    tensor('fit-%s-double' % name, key, dtype='F64')
    tensor('fit-%s-empty' % name, key, data_offsets=[0, 0])
    tensor('fit-%s-negative' % name, key, data_offsets=[-8, 60])
    value('fit-%s-nan' % name, key, math.nan)
    value('fit-%s-inf' % name, key, -math.inf)
bad('fit-cut-data', lambda f: setattr(f, 'data', f.data[:-1]))
bad('fit-more-data', lambda f: setattr(f, 'data', f.data + b'\0'))

# The file as a whole.
bad('fit-sum-wrong', lambda f: None, False)
with open('fit-good', 'rb') as good:
    whole = good.read()
for n in 0, 7, 8, 100, len(whole) // 2, len(whole) - 1:
    with open('fit-cut-at-%d' % n if n < len(whole) // 2 else
              'fit-cut-in-the-middle' if n < len(whole) - 1 else
              'fit-cut-by-1', 'wb') as f:
        f.write(whole[:n])
for name, at in ('header', 300), ('values', len(whole) - 5):
    with open('fit-bit-in-' + name, 'wb') as f:
        f.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
with open('fit-zeroed-tail', 'wb') as f:
    f.write(whole[:-100] + bytes(100))
os.mkdir('fit-folder')
os.mkfifo('fit-fifo')

# ---- checkpoints of gradus_save_checkpoint ---------------------------------

said('own-steps-negative', -1, 'steps')
said('own-other-seed', '2', 'same', 'seed')
said('own-no-blas', None, 'blas')
tensor('own-state-missing', 'gradus:0')
value('own-state-nan', 'gradus:0', math.nan)
meta('own-missing', 'gradus.checkpoint', None)
bad('own-sum-wrong', lambda f: None, False)

# ---- replay files ------------------------------------------------------------

text('replay-words', 'nonsense')
text('replay-empty', '')
text('replay-no-numbers', '\nthe loss is nan')
bad('replay-no-message', lambda f: setattr(f, 'said', f.said.split('\n')[0]))
meta('replay-missing', 'gradus.replay', None)
meta('replay-node-none', 'gradus.architecture', '[]')
for place, name, wrong in (
        (0, 'passes', '-1'), (1, 'rows', '-1'), (1, 'rows-nan', 'nan'),
        (1, 'rows-huge', '1e9'), (2, 'samples', '-1'),
        (2, 'samples-huge', '1e10'), (6, 'kinds', '2'), (15, 'kinds-2', '7'),
        (16, 'labels', '-1'), (16, 'labels-huge', '1e300')):
    number('replay-number-' + name, place, wrong)
    number('replay-cut-at-' + name, place, None)
value('replay-weight-nan', 'dense1.weight', math.nan)
tensor('replay-weight-missing', 'dense1.weight')
