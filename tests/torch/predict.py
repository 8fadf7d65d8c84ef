"""predict.py -- tests that the program in docs/pytorch.md reads in images what
mnist-predict reads.

    predict.py MNIST-PREDICT SAMPLE

The working folder holds that program, as pytorch.py, and the model that it
loads.  SAMPLE is the folder of the test images; ten of them become PNG files.
"""
import gzip
import json
import struct
import subprocess
import sys
import zlib
import numpy
import torch

LIMIT, IMAGES = 1e-5, 10


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def write_png(path, pixels):
    """Writes a grey PNG of 8 bits, without filters."""
    height, width = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" +
                chunk(b"IHDR", struct.pack(">IIBBBBB", width, height,
                                           8, 0, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main(program, sample):
    with gzip.open(sample + "/t10k-images-idx3-ubyte.gz") as f:
        data = numpy.frombuffer(f.read(), numpy.uint8)[16:]
    pixels = data.reshape(-1, 28, 28)[:IMAGES]
    files = ["%d.png" % i for i in range(IMAGES)]
    for path, image in zip(files, pixels):
        write_png(path, image)
    answer = subprocess.run([program, "lenet.safetensors", *files, "--json"],
                            check=True, stdout=subprocess.PIPE).stdout
    theirs = numpy.array([image["probabilities"]
                          for image in json.loads(answer)["images"]])

    page = {}
    with open("pytorch.py") as f:
        exec(f.read(), page)
    x = torch.tensor(pixels[:, None]).float() / 255
    with torch.no_grad():
        mine = page["net"](x).softmax(1).numpy()
    far = numpy.max(numpy.abs(theirs - mine))
    print("        probabilities of %d images differ by at most %.1e" %
          (IMAGES, far))
    return not (theirs.shape == mine.shape and far <= LIMIT)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
