#include <stdio.h>

unsigned long count_words(FILE *input);
