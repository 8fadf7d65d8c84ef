#!/usr/bin/env python3
"""make.py DIR -- makes bad files for every loader of data in the folder DIR.

DIR/csv, DIR/idx, DIR/image and DIR/folder get a file, or a folder, for each
case, named for what is wrong with it.  load.c says which options a name asks
for.  tests/pictures is read, so run this from the repository's root.
"""
import gzip
import os
import struct
import sys
import zlib

ROOT = sys.argv[1]
GIF = b'GIF89a\x01\0\x01\0\0\0\0;'
HTML = b'<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n'
LFS = b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'
ZIP = b'PK\x03\x04\x14\0\0\0\x08\0'
KINDS = {
    'a-gif': GIF, 'a-web-page': b'\n\n' + HTML, 'a-git-lfs-pointer': LFS,
    'a-zip-archive': ZIP, 'an-xz-file': b'\xfd7zXZ\0\0\4',
    'a-zstd-file': b'\x28\xb5\x2f\xfd\4\0', 'a-bzip2-file': b'BZh91AY&SY\0',
    'a-pdf': b'%PDF-1.7\n', 'a-numpy-file': b'\x93NUMPY\1\0v\0{}',
    'an-hdf5-file': b'\x89HDF\r\n\x1a\n\0', 'a-webp': b'RIFF\x24\0\0\0WEBPVP8 ',
    'a-heic': b'\0\0\0\x18ftypheic\0\0\0\0', 'a-bmp': b'BM\x46' + 11 * b'\0',
    'utf-16': 'a,b\n1,2\n'.encode('utf-16'),
    'safetensors': b'\x20\0\0\0\0\0\0\0{"w":{}}', 'empty': b'',
}


def write(path, content):
    """Writes bytes, or makes a folder if content is None."""
    path = os.path.join(ROOT, path)
    if content is None:
        os.makedirs(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(content)


def packed(content):
    return gzip.compress(content, 9, mtime=0)


def csv():
    cases = {
        'blank-line-first': '\na,b\n1,2\n',
        'blank-line-first-crlf': '\r\na,b\r\n1,2\r\n',
        'blank-line-between': 'a,b\n1,2\n\n3,4\n',
        'blank-line-of-spaces': 'a,b\n1,2\n  \n3,4\n',
        'blank-line-in-one-column': 'a\n1\n\n2\n',
        'blank-lines-alone': '\n\n\r\n',
        'comment-first': '# made in May\na,b\n1,2\n',
        'comment-first-with-comma': '# made by me, in May\na,b\n1,2\n',
        'comment-last': 'a,b\n1,2\n# the end\n',
        'numbers-comment-first': '# made in May\n1,2\n',
        'sep-line': 'sep=;\na;b\n1;2\n',
        'sep-line-in-capitals': 'SEP=,\na,b\n1,2\n',
        'label-semicolons': 'x;y\n1;2\n',
        'label-tabs': 'x\ty\n1\t2\n',
        'semicolons-decimal-commas': 'x;y\n1,5;2,5\n',
        'semicolons-quoted': '"x";"y"\n1;2\n',
        'numbers-bars': '1|2\n3|4\n',
        'decimal-comma': 'a,b\n"1,5",2\n',
        'short-row': 'a,b,c\n1,2,3\n1,2\n',
        'long-row': 'a,b\n1,2,3\n',
        'separator-at-the-end': 'a,b\n1,2,\n',
        'no-rows': 'a,b\n',
        'no-header': '5.1,3.5\n4.9,3.0\n',
        'no-newline-and-no-value': 'a,b\n1,',
        'text': 'a,b\n1,two\n',
        'long-text': 'a,b\n1,' + 100 * 'long ' + '\n',
        'text-in-row-100': 'a,b\n' + 99 * '1,2\n' + '1,x\n',
        'nan': 'a,b\n1,nan\n', 'infinity': 'a,b\n1,-inf\n',
        'too-large': 'a,b\n1,1e999\n', 'hexadecimal': 'a,b\n1,0x10\n',
        'thousands': 'a,b\n1,1_000\n', 'per-cent': 'a,b\n1,50%\n',
        'empty-field': 'a,b\n1,\n', 'quoted-empty-field': 'a\n""\n',
        'open-quote': 'a,b\n1,"2\n3,4\n',
        'quote-inside': 'a,b\n1,2"3\n',
        'text-after-quote': 'a,b\n1,"2"3\n',
        'label-not-there': 'a,b\n1,2\n', 'label-twice': 'y,y\n1,2\n',
        'label-alone': 'y\n1\n', 'label-negative': 'x,y\n1,-1\n',
        'label-fraction': 'x,y\n1,0.5\n', 'label-mixed': 'x,y\n1,0\n2,cat\n',
        'label-empty': 'x,y\n1,cat\n2,\n', 'label-huge': 'x,y\n1,3e9\n',
        'carriage-returns': 'a,b\r1,2\r3,x\r',
        'nul': 'a,b\n1,\0\n',
    }
    for name, text in cases.items():
        write(f'csv/{name}.csv', text.encode())
    for name, content in KINDS.items():
        write(f'csv/{name}.csv', content)
    write('csv/a-folder.csv', None)
    whole = packed(b'a,b\n1,2\n')
    write('csv/cut.csv.gz', whole[:-9])
    write('csv/checksum.csv.gz', whole[:-8] + b'\0\0\0\0' + whole[-4:])
    write('csv/padded.csv.gz', whole + 512 * b'\0')
    write('csv/packed-twice.csv.gz', packed(whole))
    write('csv/packed-web-page.csv.gz', packed(HTML))
    write('csv/bomb.csv.gz', packed(b'a\n' + (1 << 24) * b'1\n'))


def idx():
    def header(*shape, kind=8):
        return struct.pack(f'>HBB{len(shape)}I', 0, kind, len(shape), *shape)

    images, labels = header(2, 2, 3) + bytes(range(12)), header(2) + b'\7\3'
    write('idx/good-images', images)
    write('idx/good-labels', labels)
    cases = {
        'images-cut-in-its-magic': images[:2],
        'images-cut-in-its-header': images[:10],
        'images-without-values': images[:16],
        'images-cut-by-a-byte': images[:-1],
        'images-with-a-byte-more': images + b'\0',
        'images-with-a-page-more': images + 4096 * b'\0',
        'images-that-are-labels': labels,
        'images-of-rank-0': header() + bytes(12),
        'images-of-rank-4': header(2, 1, 2, 3) + bytes(12),
        'images-of-floats': header(2, 2, 3, kind=13) + bytes(48),
        'images-of-shorts': header(2, 2, 3, kind=11) + bytes(24),
        'images-of-signed-bytes': header(2, 2, 3, kind=9) + bytes(12),
        'images-little-endian': b'\3\x08\0\0' + images[4:],
        'images-none': header(0, 2, 3),
        'images-of-no-height': header(2, 0, 3),
        'images-of-no-width': header(2, 2, 0),
        'images-three': header(3, 2, 2) + bytes(12),
        'images-one': header(1, 2, 3) + bytes(6),
        'images-claim-2-to-the-31': header(1 << 31, 2, 3) + bytes(12),
        'images-claim-too-many': header(1 << 24, 28, 28) + bytes(12),
        'images-claim-products-that-wrap':
            header(16, 1 << 30, 1 << 30) + bytes(12),
        'images-claim-one-row-more': header(2, 3, 3) + bytes(12),
        'images-of-zeros': bytes(28),
        'images-of-ones': 28 * b'\xff',
        'labels-cut-in-their-header': labels[:6],
        'labels-without-values': labels[:8],
        'labels-cut-by-a-byte': labels[:-1],
        'labels-with-a-byte-more': labels + b'\0',
        'labels-that-are-images': images,
        'labels-of-two-columns': header(2, 2) + bytes(4),
        'labels-of-floats': header(2, kind=13) + bytes(8),
        'labels-three': header(3) + bytes(3),
        'labels-none': header(0),
        'labels-claim-too-many': header(1 << 30) + b'\1',
        'labels-csv': b'label\n7\n3\n',
    }
    for name, content in cases.items():
        write(f'idx/{name}', content)
    for name, content in KINDS.items():
        write(f'idx/images-{name}', content)
    write('idx/images-a-folder', None)
    whole = packed(images)
    write('idx/images-cut.gz', whole[:-9])
    write('idx/images-checksum.gz', whole[:-8] + b'\0\0\0\0' + whole[-4:])
    write('idx/images-padded.gz', whole + 512 * b'\0')
    write('idx/images-packed-twice.gz', packed(whole))
    write('idx/images-claim-too-many.gz',
          packed(header(1 << 24, 28, 28) + bytes(12)))


def chunk(kind, content, right=True):
    crc = zlib.crc32(kind + content) ^ (0 if right else 1)
    return struct.pack('>I', len(content)) + kind + content + \
        struct.pack('>I', crc)


def png(width=2, height=2, depth=8, colour=0, rows=b'\0\1\2\0\3\4',
        between=b''):
    header = struct.pack('>2I5B', width & 0xffffffff, height, depth, colour,
                         0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + between + \
        chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def images():
    jpeg = open('tests/pictures/baseline.jpg', 'rb').read()
    cmyk = open('tests/pictures/cmyk.jpg', 'rb').read()
    waves = open('tests/pictures/progressive.jpg', 'rb').read()
    good = png()

    def changed(marker, at, value, content=jpeg):
        i = content.index(bytes((0xff, marker))) + at
        return content[:i] + bytes((value,)) + content[i + 1:]

    def without(marker):
        i = jpeg.index(bytes((0xff, marker)))
        n = 2 + struct.unpack('>H', jpeg[i + 2:i + 4])[0]
        return jpeg[:i] + jpeg[i + n:]

    scan = waves[waves.index(b'\xff\xda'):]
    scan = scan[:scan.index(b'\xff', 2)]
    at = waves.index(scan)
    cases = {
        'cut-in-its-header.png': good[:20], 'cut.png': good[:-5],
        'cut-by-its-end.png': good[:-12], 'more.png': good + b'\0',
        'checksum.png': png(between=chunk(b'tEXt', b'a\0b', False)),
        'bit.png': good[:45] + bytes((good[45] ^ 1,)) + good[46:],
        'unknown-chunk.png': png(between=chunk(b'ABCD', b'1')),
        'no-pixels.png': good[:33] + good[-12:],
        'few-pixels.png': png(height=9),
        'no-zlib.png': good[:33] + chunk(b'IDAT', b'none') + good[-12:],
        'no-header.png': good[:8] + good[33:],
        'width-0.png': png(width=0), 'height-0.png': png(height=0),
        'wide.png': png(width=16385), 'high.png': png(height=1 << 31),
        'large.png': png(width=16384, height=16384, depth=1),
        'very-large.png': png(width=16384, height=16384, colour=2),
        'colour-1.png': png(colour=1), 'colour-255.png': png(colour=255),
        'depth-3.png': png(depth=3), 'no-palette.png': png(colour=3),
        'cut.jpg': jpeg[:-2], 'cut-in-its-scan.jpg': jpeg[:-40],
        'cut-in-its-header.jpg': jpeg[:100],
        'arithmetic.jpg': changed(0xc0, 1, 0xc9),
        'arithmetic-progressive.jpg': changed(0xc0, 1, 0xca),
        'lossless.jpg': changed(0xc0, 1, 0xc3),
        'hierarchical.jpg': changed(0xc0, 1, 0xc5),
        '12-bits.jpg': changed(0xc0, 4, 12),
        'four-colours.jpg': changed(0xee, 15, 1, cmyk),
        'scans.jpg': waves[:at] + 100 * scan + waves[at:],
        'no-quantiser.jpg': without(0xdb), 'no-frame.jpg': without(0xc0),
        'no-huffman.jpg': without(0xc4), 'no-scan.jpg': without(0xda),
        'huffman-counts.jpg': changed(0xc4, 20, 255),
        'length-0.jpg': changed(0xc4, 3, 0),
        'quantiser-4.jpg': changed(0xdb, 4, 4),
        'component.jpg': changed(0xda, 5, 77),
        'components-0.jpg': changed(0xc0, 9, 0),
        'height-0.jpg': changed(0xc0, 6, 0), 'high.jpg': changed(0xc0, 5, 255),
        'packed.png.gz': packed(good), 'text.png': b'hello, world\n',
        'half-a-magic.png': good[:5], 'an-idx-file.png': b'\0\0\x08\3' +
        bytes(12),
    }
    for name, content in cases.items():
        write(f'image/{name}', content)
    for name, content in KINDS.items():
        write(f'image/{name}.jpg', content)
    write('image/a-folder.png', None)


def folders():
    good = png()
    bad = {'cut': good[:-5], 'checksum': good[:-1] + b'\0',
           'more': good + b'\0', 'text': b'hello\n', 'wide': png(width=16385),
           'colour': png(colour=1), 'no-pixels': good[:33] + good[-12:],
           'depth-3': png(depth=3), 'height-0': png(height=0)}
    bad.update(KINDS)
    for name, content in bad.items():
        write(f'folder/{name}/cat/1.png', good)
        write(f'folder/{name}/dog/2.png', content)
    write('folder/a-file', b'hello\n')
    write('folder/no-classes', None)
    write('folder/hidden-classes/.cat/1.png', good)
    write('folder/an-empty-class/cat/1.png', good)
    write('folder/an-empty-class/dog', None)
    write('folder/hidden-images/cat/.1.png', good)
    write('folder/a-file-beside/cat/1.png', good)
    write('folder/a-file-beside/readme.txt', b'hello\n')
    write('folder/an-image-beside/cat/1.png', good)
    write('folder/an-image-beside/2.png', good)
    write('folder/a-folder-within/cat/more/1.png', good)
    write('folder/images-without-classes/1.png', good)
    write('folder/a-thumbnail-file/cat/1.png', good)
    write('folder/a-thumbnail-file/cat/Thumbs.db', b'\xd0\xcf\x11\xe0')
    write('folder/a-csv-of-labels/cat/1.png', good)
    write('folder/a-csv-of-labels/labels.csv', b'file,label\n1.png,cat\n')
    for other in ('Cat', 'cats', 'mouse', 'bird'):
        write(f'folder/names-{other}/cat/1.png', good)
        write(f'folder/names-{other}/{other}/2.png', good)
    for link, to in (('a-dangling-link', 'nowhere'), ('a-link-to-itself',
                                                      '3.png')):
        write(f'folder/{link}/cat/1.png', good)
        os.symlink(to, os.path.join(ROOT, f'folder/{link}/cat/3.png'))
    write('folder/a-dangling-class/cat/1.png', good)
    os.symlink('nowhere', os.path.join(ROOT, 'folder/a-dangling-class/dog'))


csv()
idx()
images()
folders()
