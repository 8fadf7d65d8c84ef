    /* Short gradients are made longer. */
    for (int i = 0; i < o->graph->tiles; i++) {
        sum += o->square[i];
        o->square[i] = 0;
    }
    o->norm = o->max_norm > 0 ? sqrt(sum) : NAN;
    o->clip_scale = o->max_norm / (o->norm + 1e-6);
