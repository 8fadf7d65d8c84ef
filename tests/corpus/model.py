#!/usr/bin/env python3
"""model.py DIR -- makes bad model files in the folder DIR, named for what is
wrong with each.

Those called params-* hold tensors only, as other programs write them, for the
net of model.c: batchnorm1 over 2 values, then dense1 with 2 units.
"""
import json
import os
import struct
import sys
import zlib

DIR = sys.argv[1]
os.makedirs(DIR)


def write(name, data):
    with open(os.path.join(DIR, name), 'wb') as f:
        f.write(data)


def pack(header, data):
    """A safetensors file; header is text, or bytes."""
    if isinstance(header, str):
        header = header.encode()
    return struct.pack('<Q', len(header)) + header + data


# ---- files that gradus might have written --------------------------------

NODES = [
    {'op': 'input', 'name': 'input', 'in': [], 'attr': {'shape': [2]}},
    {'op': 'dense', 'name': 'dense1', 'in': [0], 'attr': {'units': [3]}},
    {'op': 'labels', 'name': 'labels', 'in': [], 'attr': {'positions': [1]}},
    {'op': 'softmax_ce', 'name': 'softmax_ce1', 'in': [1, 2]},
]
TENSORS = {
    'dense1.weight': {'shape': [3, 2], 'dtype': 'F32',
                      'data_offsets': [0, 24]},
    'dense1.bias': {'shape': [3], 'dtype': 'F32', 'data_offsets': [24, 36]},
}
VALUES = struct.pack('<9f', *range(9))


def seal(data):
    """Puts the right checksum into a model file."""
    at = data.find(b'gradus.checksum":"') + 18
    return data[:at] + b'%08x' % zlib.crc32(data) + data[at + 8:]


def model(nodes=NODES, tensors=TENSORS, values=VALUES, metadata=None):
    """A model file; metadata replaces entries, or, by None, leaves them out."""
    meta = {'gradus.checksum': '00000000', 'gradus.version': '1',
            'gradus.seed': '7', 'gradus.architecture': nodes if isinstance(
                nodes, str) else json.dumps(nodes, separators=(',', ':'))}
    meta.update(metadata or {})
    meta = {k: v for k, v in meta.items() if v is not None}
    text = json.dumps({'__metadata__': meta, **tensors},
                      separators=(',', ':'))
    return seal(pack(text, values)) if 'gradus.checksum' in meta \
        else pack(text, values)


def nodes(change):
    """The nodes, as changed by change(list)."""
    copy = json.loads(json.dumps(NODES))
    change(copy)
    return copy


def node(i, **fields):
    """The nodes, with fields of node i replaced, or, by None, left out."""
    def change(copy):
        copy[i].update(fields)
        for key in [k for k, v in copy[i].items() if v is None]:
            del copy[i][key]
    return nodes(change)


GOOD = model()
write('good', GOOD)

# The file as a whole.
write('empty', b'')
write('seven-bytes', GOOD[:7])
write('length-only', GOOD[:8])
write('cut-in-header', GOOD[:100])
write('cut-in-values', GOOD[:-1])
write('extended', GOOD + b'\0')
write('bit-in-values', GOOD[:-1] + bytes([GOOD[-1] ^ 1]))
write('bit-in-seed', GOOD.replace(b'"7"', b'"5"'))
write('zeroed-block', GOOD[:200] + bytes(64) + GOOD[264:])
write('all-zeros', bytes(1000))
write('huge-header', struct.pack('<Q', 1 << 40) + GOOD[8:])
write('header-of-100-mb', struct.pack('<Q', 100000001) + GOOD[8:])
for name, data in {
        'png': b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'jpeg': b'\xff\xd8\xff\xe0',
        'pytorch-zip': b'PK\3\4\0\0\x08\x08\0\0', 'html': b'<!doctype html>',
        'gzip': b'\x1f\x8b\x08\0\0\0\0\0\0\3',
        'git-lfs': b'version https://git-lfs.github.com/spec/v1\n',
        'idx': struct.pack('>4I', 0x803, 1, 28, 28),
        'hdf5': b'\x89HDF\r\n\x1a\n', 'text': b'epoch,loss,accuracy\n',
        'pickle': b'\x80\2}q\0(X\5\0\0\0modelq\1'}.items():
    write('is-' + name, data + bytes(100))
os.mkdir(os.path.join(DIR, 'is-folder'))
os.mkfifo(os.path.join(DIR, 'is-fifo'))
os.symlink('nothing', os.path.join(DIR, 'is-link-to-nothing'))

# The header.
write('header-no-json', pack('nonsense', b''))
write('header-a-list', pack('[]', b''))
write('header-not-closed', pack('{"a":{}', b''))
write('header-key-twice', pack('{"a":{},"a":{}}', b''))
write('header-not-utf8', pack(b'{"\xff":{}}', b''))
write('header-escape', pack('{"\x1b[2J":{}}', b''))
write('header-deep', pack('[' * 5000, b''))
write('header-many-values', pack('{"a":[' + '0,' * 300000 + '0]}', b''))
write('header-foreign', pack(json.dumps(TENSORS), VALUES))

# The metadata.
write('meta-no-checksum', model(metadata={'gradus.checksum': None}))
write('meta-version-2', model(metadata={'gradus.version': '2'}))
write('meta-version-escape', model(metadata={'gradus.version': '\x1b[2J'}))
write('meta-no-version', model(metadata={'gradus.version': None}))
write('meta-no-seed', model(metadata={'gradus.seed': None}))
write('meta-seed-word', model(metadata={'gradus.seed': 'seven'}))
write('meta-seed-negative', model(metadata={'gradus.seed': '-1'}))
write('meta-seed-too-large', model(metadata={'gradus.seed': str(1 << 64)}))
write('meta-no-architecture', model(metadata={'gradus.architecture': None}))
write('meta-number', model(metadata={'gradus.extra': 7}))
for name, classes in {'object': '{}', 'number': '[1]', 'no-json': 'cat',
                      'empty': '', 'long': json.dumps(['x' * 1000])}.items():
    write('classes-' + name, model(metadata={'gradus.classes': classes}))

# The nodes.
write('nodes-none', model([], {}, b''))
write('nodes-object', model('{}'))
write('nodes-no-json', model('[{'))
write('nodes-a-number', model([7]))
write('op-unknown', model(node(1, op='dens')))
write('op-escape', model(node(1, op='\x1b[2J')))
write('op-missing', model(node(1, op=None)))
write('op-of-two-operands', model(node(1, op='add')))
write('name-missing', model(node(1, name=None)))
write('name-empty', model(node(1, name='')))
write('name-long', model(node(1, name='d' * 3000)))
write('name-twice', model(node(1, name='input')))
write('in-missing', model(node(1, **{'in': None})))
write('in-itself', model(node(1, **{'in': [1]})))
write('in-later', model(node(1, **{'in': [2]})))
write('in-negative', model(node(1, **{'in': [-1]})))
write('in-half', model(node(1, **{'in': [0.5]})))
write('in-word', model(node(1, **{'in': ['input']})))
write('in-nine', model(node(1, **{'in': [0] * 9})))
write('in-labels', model(node(1, **{'in': [0]})[:1] + [NODES[2], {
    'op': 'dense', 'name': 'dense1', 'in': [1], 'attr': {'units': [3]}}]))
write('attr-list', model(node(1, attr=[])))
write('attr-missing', model(node(1, attr=None)))
write('attr-unknown', model(node(1, attr={'units': [3], 'colour': [1]})))
write('attr-long-name', model(node(1, attr={'u' * 100: [3]})))
write('attr-word', model(node(1, attr={'units': ['three']})))
write('attr-no-list', model(node(1, attr={'units': 3})))
write('attr-empty', model(node(1, attr={'units': []})))
write('attr-zero', model(node(1, attr={'units': [0]})))
write('attr-half', model(node(1, attr={'units': [2.5]})))
write('attr-huge', model(node(1, attr={'units': [1e300]})))
write('weight-word', model(node(3, weight='heavy')))
write('weight-of-dense', model(node(1, weight=2)))

# The memory.
for size in 2000000000, 100000000:
    wide = [{'op': 'input', 'name': 'input', 'in': [],
             'attr': {'shape': [size]}},
            {'op': 'relu', 'name': 'relu1', 'in': [0]},
            {'op': 'tanh', 'name': 'tanh1', 'in': [1]}]
    write('memory-%d' % size, model(wide * 1, {}, b''))

# The tensors of a model.
write('tensor-missing', model(tensors={'dense1.bias': {
    'shape': [3], 'dtype': 'F32', 'data_offsets': [0, 12]}},
    values=VALUES[:12]))
write('tensor-more', model(tensors={**TENSORS, 'more': {
    'shape': [1], 'dtype': 'F32', 'data_offsets': [36, 40]}},
    values=VALUES + bytes(4)))
write('tensor-nan', model(values=VALUES[:-4] + struct.pack('<f', float(
    'nan'))))
write('tensor-infinite', model(values=VALUES[:-4] + struct.pack('<f', float(
    '-inf'))))

# ---- files of other programs ----------------------------------------------

NORM = {
    'batchnorm1.weight': ([2], 'F32', 8), 'batchnorm1.bias': ([2], 'F32', 8),
    'batchnorm1.running_mean': ([2], 'F32', 8),
    'batchnorm1.running_var': ([2], 'F32', 8),
    'dense1.weight': ([2, 2], 'F32', 16), 'dense1.bias': ([2], 'F32', 8),
}


def tensors(**changes):
    """A file of NORM's tensors, end to end, with changes; `_` stands for a
    point in their names, and None leaves a tensor out."""
    header, at = {}, 0
    entries = {**NORM, **{k.replace('__', '.'): v
                          for k, v in changes.items()}}
    for name, entry in entries.items():
        if entry:
            header[name] = {'dtype': entry[1], 'shape': entry[0],
                            'data_offsets': [at, at + entry[2]]}
            at += entry[2]
    return pack(json.dumps(header), bytes(at))


write('params-good', tensors())
write('params-good-tracked',
      tensors(batchnorm1__num_batches_tracked=([], 'I64', 8)))
write('params-tracked-shape',
      tensors(batchnorm1__num_batches_tracked=([1], 'I64', 8)))
write('params-tracked-float',
      tensors(batchnorm1__num_batches_tracked=([], 'F32', 4)))
write('params-missing', tensors(batchnorm1__running_var=None))
write('params-more', tensors(dense2__weight=([2, 2], 'F32', 16)))
write('params-more-escape', tensors(**{'\x1b[2J': ([2, 2], 'F32', 16)}))
write('params-more-long', tensors(**{'x' * 5000: ([2, 2], 'F32', 16)}))
write('params-transposed', tensors(dense1__weight=([4], 'F32', 16)))
write('params-larger', tensors(dense1__weight=([3, 2], 'F32', 24)))
write('params-half', tensors(dense1__weight=([2, 2], 'F16', 8)))
write('params-bfloat', tensors(dense1__weight=([2, 2], 'BF16', 8)))
write('params-int', tensors(dense1__bias=([2], 'I32', 8)))
write('params-other-length', tensors(dense1__bias=([2], 'F32', 16)))
write('params-cut', tensors()[:-1])
write('params-extended', tensors() + b'\0')
write('params-overlap', tensors().replace(b'[16, 24]', b'[8,  16]'))
write('params-hole', tensors().replace(b'[0, 8]', b'[8, 8]'))
