#!/usr/bin/env python3
"""ddp.py -- trains a net with PyTorch's DistributedDataParallel over gloo, or,
with one process, without it; bench/cluster.py calls it.

    ddp.py NET BATCH EPOCHS PROCESSES THREADS

Prints the samples per second of all processes together.  The images are
random: only the time counts.
"""
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

ROWS = 60000


def net_of(name):
    if name == "lenet":
        return nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(800, 128), nn.ReLU(), nn.Linear(128, 10))
    sizes = [784] + [int(n) for n in name.split("-")[1:]] + [10]
    layers = [nn.Flatten()]
    for i, o in zip(sizes, sizes[1:]):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def work(rank, name, batch, epochs, processes, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = net_of(name)
    if processes > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29411")
        dist.init_process_group("gloo", rank=rank, world_size=processes)
        net = nn.parallel.DistributedDataParallel(net)
    rule = torch.optim.SGD(net.parameters(), lr=0.08, momentum=0.9)
    loss = nn.CrossEntropyLoss()
    images = torch.rand(ROWS, 1, 28, 28)
    labels = torch.randint(10, (ROWS,))
    own = batch // processes

    def step(index):
        rule.zero_grad(set_to_none=True)
        loss(net(images[index]), labels[index]).backward()
        rule.step()

    order = torch.randperm(ROWS)
    for at in range(0, 10 * batch, batch):  # to warm up
        step(order[at % ROWS:][:own])
    began, steps = time.monotonic(), 0
    for _ in range(epochs):
        order = torch.randperm(ROWS)
        for at in range(0, ROWS - batch + 1, batch):
            step(order[at + rank * own:][:own])
            steps += 1
    if rank == 0:
        print(steps * batch / (time.monotonic() - began))
    if processes > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    name = sys.argv[1]
    batch, epochs, processes, threads = map(int, sys.argv[2:6])
    arguments = (name, batch, epochs, processes, threads)
    if processes == 1:
        work(0, *arguments)
    else:
        mp.spawn(work, args=arguments, nprocs=processes)
