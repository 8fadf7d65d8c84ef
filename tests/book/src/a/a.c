/* a.c -- (B1) and (B2) in the head. */
int a = 1; /* (B1) */
int b = 2; /* a comment
              of two lines (B7) */
int c = (B9);
