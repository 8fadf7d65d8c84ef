    /* The true class has no part of what is given to all. */
    if (label)
        return *label == k ? n->on : n->off;
    return l->node.in[1]->y[place(l, i, s, k)];
