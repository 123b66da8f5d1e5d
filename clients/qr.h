/* qr - a ticket token as a QR code: PNG, SVG, or in a terminal.
 *
 * Error correction level H, so that a scratched or folded print still reads. Text comes from the
 * server; it is handed over by length, because libqrencode reads behind the end of strings that are
 * not terminated. */
#ifndef QR_H
#define QR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    QR_TEXT_MAX = 512,
    QR_MARGIN = 2, /* modules of white around, at least */
    QR_PIXELS = 300,
    QR_PIXELS_MAX = 4096,
};

typedef struct qr qr_t;

/* NULL with errno: EINVAL for no text or too much of it, else memory is short. */
qr_t *qr_new(const char *text, size_t size);
void qr_destroy(qr_t **self_p);
/* Modules on a side, without margin; is one dark? False outside. */
uint32_t qr_width(const qr_t *self);
bool qr_dark(const qr_t *self, int64_t x, int64_t y);
/* An image exactly `pixels` wide and high; modules are whole pixels, what is left over is margin.
 * 0, or -1 with errno: ERANGE when `pixels` is too few or too many, else what writing says. */
int qr_png(const qr_t *self, uint32_t pixels, FILE *to);
int qr_svg(const qr_t *self, uint32_t pixels, FILE *to);
/* Half blocks of UTF-8, two modules a character; with colour, black on white on any background. */
int qr_terminal(const qr_t *self, bool colour, FILE *to);
#endif
