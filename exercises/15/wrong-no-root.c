    /* The root is missing. */
    for (int i = 0; i < o->graph->tiles; i++) {
        sum += o->square[i];
        o->square[i] = 0;
    }
    o->norm = o->max_norm > 0 ? sum : NAN;
    o->clip_scale = fmin(1, o->max_norm / (o->norm + 1e-6));
