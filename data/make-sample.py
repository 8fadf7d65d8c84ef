#!/usr/bin/env python3
"""make-sample.py -- makes data/sample and data/digits from the full MNIST.

    data/fetch.sh && data/make-sample.py

The sample is every tenth image: 6,000 of the 60,000 training images, and 1,000
of the 10,000 test images.  So it has the same mixture of classes, of writers,
and of easy and hard images as the whole set (the first half of the 10,000 is
easier than the second).  The digits are, for each class, the first test image
that is not in the sample.  With the same version of zlib, the files come out
the same, byte for byte, each time.
"""
import gzip
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent
STEP = 10


def read_idx(name, rank):
    """Returns the sizes and the values of an IDX file of unsigned bytes."""
    path = HERE / "mnist" / name
    if not path.exists():
        raise SystemExit(f"{path} is not there; data/fetch.sh gets it")
    data = path.read_bytes()
    magic, *sizes = struct.unpack_from(f">{1 + rank}I", data)
    if magic != 0x800 + rank:
        raise SystemExit(f"{path}: must be an IDX file of unsigned bytes with "
                         f"{rank} axes; data/fetch.sh gets the right one")
    return sizes, data[4 * (1 + rank):]


def write_idx(name, sizes, values):
    """Writes an IDX file with gzip, without a name or a time in its header."""
    header = struct.pack(f">{1 + len(sizes)}I", 0x800 + len(sizes), *sizes)
    with open(HERE / "sample" / (name + ".gz"), "wb") as raw:
        with gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
            out.write(header + values)


def write_png(path, pixels, height, width):
    """Writes a grey PNG with 8 bits per pixel; pixels is [height,width]."""
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))

    rows = b"".join(b"\0" + pixels[y * width:(y + 1) * width]
                    for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress(rows, 9))
                     + chunk(b"IEND", b""))


def read_part(part):
    """Returns the images of a part, their labels, and their height and width.

    The part is "train" or "t10k".  Each image is [height,width] bytes.
    """
    (n, height, width), pixels = read_idx(f"{part}-images-idx3-ubyte", 3)
    (count,), labels = read_idx(f"{part}-labels-idx1-ubyte", 1)
    size = height * width
    if n != count or len(pixels) != n * size or len(labels) != n:
        raise SystemExit(f"{part}: the headers say {n} images and {count} "
                         "labels; must be the same number, and in the files; "
                         "data/fetch.sh gets the right ones")
    images = [pixels[i * size:(i + 1) * size] for i in range(n)]
    return images, labels, height, width


def make_sample(part):
    """Writes every tenth image of a part, and its label."""
    images, labels, height, width = read_part(part)
    images, labels = images[::STEP], labels[::STEP]
    write_idx(f"{part}-images-idx3-ubyte", (len(images), height, width),
              b"".join(images))
    write_idx(f"{part}-labels-idx1-ubyte", (len(labels),), labels)


def make_digits():
    """Writes, for each class, the first test image not in the sample."""
    images, labels, height, width = read_part("t10k")
    for digit in range(10):
        i = next(i for i, label in enumerate(labels)
                 if label == digit and i % STEP != 0)
        write_png(HERE / "digits" / f"{digit}-a.png", images[i], height, width)


if __name__ == "__main__":
    (HERE / "sample").mkdir(exist_ok=True)
    (HERE / "digits").mkdir(exist_ok=True)
    make_sample("train")
    make_sample("t10k")
    make_digits()
