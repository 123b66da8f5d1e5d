/* qr - see qr.h for the contract. */
#include "clients/qr.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <png.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

struct qr {
    QRcode *code;
};

qr_t *
qr_new(const char *text, size_t size)
{
    if (size == 0 || size > QR_TEXT_MAX) {
        errno = EINVAL;
        return NULL;
    }
    qr_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->code = QRcode_encodeData((int)size, (const unsigned char *)text, 0, QR_ECLEVEL_H);
    if (!self->code)
        qr_destroy(&self);
    return self;
}

void
qr_destroy(qr_t **self_p)
{
    qr_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    QRcode_free(self->code);
    free(self);
}

uint32_t
qr_width(const qr_t *self)
{
    return (uint32_t)self->code->width;
}

bool
qr_dark(const qr_t *self, int64_t x, int64_t y)
{
    int64_t width = self->code->width;
    return x >= 0 && y >= 0 && x < width && y < width && (self->code->data[y * width + x] & 1);
}

/* Pixels of a module, 0 when the image is too small or too large; *offset is where the first is. */
static uint32_t
qr_scale(const qr_t *self, uint32_t pixels, uint32_t *offset)
{
    uint32_t width = qr_width(self);
    uint32_t scale = pixels > QR_PIXELS_MAX ? 0 : pixels / (width + 2 * QR_MARGIN);
    if (scale == 0)
        errno = ERANGE;
    *offset = (pixels - scale * width) / 2;
    return scale;
}

/* One line of pixels, a bit each, 1 for white. */
static void
qr_line(const qr_t *self, uint32_t y, uint32_t scale, uint32_t offset, uint32_t pixels,
        uint8_t *line)
{
    memset(line, 0xff, (pixels + 7) / 8);
    int64_t row = y < offset ? -1 : (int64_t)((y - offset) / scale);
    for (uint32_t x = offset; x < offset + qr_width(self) * scale; x++)
        if (qr_dark(self, (x - offset) / scale, row))
            line[x / 8] &= (uint8_t) ~(0x80 >> x % 8);
}

/* Ours, because the library's own call of fwrite() loses errno. */
static void
qr_png_write(png_structp png, png_bytep data, size_t size)
{
    FILE *to = png_get_io_ptr(png);
    if (fwrite(data, 1, size, to) != size)
        png_error(png, "the image could not be written");
}

/* The library's own ones talk to stderr. */
static _Noreturn void
qr_png_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void
qr_png_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void
qr_png_flush(png_structp png)
{
    (void)png;
}

/* The library reports by longjmp() to the last setjmp(); nothing that is changed after that is read
 * when it comes back. */
static int
qr_png_lines(const qr_t *self, uint32_t pixels, uint32_t scale, uint32_t offset, png_structp png,
             png_infop info)
{
    uint8_t line[QR_PIXELS_MAX / 8];
    if (setjmp(png_jmpbuf(png)))
        return -1;
    png_set_IHDR(png, info, pixels, pixels, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (uint32_t y = 0; y < pixels; y++) {
        qr_line(self, y, scale, offset, pixels, line);
        png_write_row(png, line);
    }
    png_write_end(png, info);
    return 0;
}

int
qr_png(const qr_t *self, uint32_t pixels, FILE *to)
{
    uint32_t offset, scale = qr_scale(self, pixels, &offset);
    if (scale == 0)
        return -1;
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, qr_png_error, qr_png_warning);
    if (!png) {
        errno = ENOMEM;
        return -1;
    }
    png_infop info = png_create_info_struct(png);
    int fault = -1;
    errno = info ? 0 : ENOMEM;
    if (info) {
        png_set_write_fn(png, to, qr_png_write, qr_png_flush);
        fault = qr_png_lines(self, pixels, scale, offset, png, info);
    }
    int saved = errno;
    png_destroy_write_struct(&png, &info);
    if (!fault)
        return fflush(to) ? -1 : 0;
    errno = saved ? saved : EIO;
    return -1;
}

/* One path of runs: each row's dark modules as rectangles of height 1. */
int
qr_svg(const qr_t *self, uint32_t pixels, FILE *to)
{
    uint32_t offset, scale = qr_scale(self, pixels, &offset);
    if (scale == 0)
        return -1;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%" PRIu32 "\" height=\"%" PRIu32
            "\" viewBox=\"0 0 %" PRIu32 " %" PRIu32 "\" shape-rendering=\"crispEdges\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<path transform=\"translate(%" PRIu32 " %" PRIu32 ") scale(%" PRIu32 ")\" d=\"",
            pixels, pixels, pixels, pixels, offset, offset, scale);
    uint32_t width = qr_width(self);
    for (uint32_t y = 0; y < width; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t run = 0;
            while (qr_dark(self, x + run, y))
                run++;
            if (run)
                fprintf(to, "M%" PRIu32 " %" PRIu32 "h%" PRIu32 "v1h-%" PRIu32 "z", x, y, run, run);
            x += run;
        }
    }
    fputs("\"/>\n</svg>\n", to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

int
qr_terminal(const qr_t *self, bool colour, FILE *to)
{
    /* The light modules are drawn, as most terminals are dark; indexed by upper and lower light. */
    static const char *const blocks[2][2] = { { " ", "\u2584" }, { "\u2580", "\u2588" } };
    int64_t end = (int64_t)qr_width(self) + QR_MARGIN;
    for (int64_t y = -QR_MARGIN; y < end; y += 2) {
        fputs(colour ? "\033[40;97m" : "", to);
        for (int64_t x = -QR_MARGIN; x < end; x++)
            fputs(blocks[!qr_dark(self, x, y)][y + 1 < end && !qr_dark(self, x, y + 1)], to);
        fputs(colour ? "\033[0m\n" : "\n", to);
    }
    return fflush(to) || ferror(to) ? -1 : 0;
}
