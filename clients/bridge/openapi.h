/* openapi - the API described from its tables. */
#ifndef OPENAPI_H
#define OPENAPI_H
#include <jansson.h>
#include <stdio.h>

/* The OpenAPI 3.1 document, the caller's. */
json_t *openapi_document(void);
/* The tables of docs/http.md. */
void openapi_markdown(FILE *to);
#endif
