#include <ctype.h>
#include "count.h"

unsigned long count_words(FILE *input)
{
	unsigned long words = 0;
	int inside = 0;
	for (int c; (c = getc(input)) != EOF; inside = !isspace(c))
		if (!inside && !isspace(c))
			words++;
	return words;
}
