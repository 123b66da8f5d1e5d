/* seeds - what the files of the fuzz targets' first inputs share; see seeds.c. */
#ifndef SEEDS_H
#define SEEDS_H
#include <stddef.h>
#include <stdio.h>

/* Write one input of the target `name`. */
void seed(const char *name, const void *bytes, size_t size);
/* Requests and frames for fuzz_http and fuzz_ws, and the words that are in them. */
void seeds_of_http(void);
void seeds_http_words(FILE *file);
/* For fuzz_oidc. */
void seeds_of_oidc(void);
#endif
