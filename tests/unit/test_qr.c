/* test_qr - what is drawn can be read again: PNG by zbar, SVG and terminal by their own grammar. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/qr.h"

static const char *const texts[] = {
    "AAABMAAAAmEAAAAHAJx3-_kQ1vTzPQw",
    "x",
    "M00000000000000000007-55",
    /* about as long as the signed payload */
    ("JOnloQWdFNRBjYpOoJ1oeo5M8KdUbuSRboJnHwtsm4nFuoeZsSD59YqYbKT-POZfXCztu-"
     "DkXvwcNnO5JoKgCoemdGlja2V0"),
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

/* What zbar reads out of an image file, without its line end. */
static void
zbar_read(const char *path, char *text, size_t room)
{
    char command[256];
    snprintf(command, sizeof command, "zbarimg --quiet --raw --nodbus '%s'", path);
    FILE *zbar = popen(command, "r");
    assert_non_null(zbar);
    size_t size = fread(text, 1, room - 1, zbar);
    text[size] = 0;
    text[strcspn(text, "\n")] = 0;
    assert_int_equal(pclose(zbar), 0);
}

static void
png_is_read_back(const char *text, uint32_t pixels)
{
    char path[] = "/tmp/marquee-qr-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "wb");
    assert_non_null(file);
    qr_t *qr = qr_new(text, strlen(text));
    assert_non_null(qr);
    assert_int_equal(qr_png(qr, pixels, file), 0);
    assert_int_equal(fclose(file), 0);
    char back[QR_TEXT_MAX + 2];
    zbar_read(path, back, sizeof back);
    assert_string_equal(back, text);
    assert_int_equal(unlink(path), 0);
    qr_destroy(&qr);
    assert_null(qr);
}

static void
test_png_is_read_by_a_scanner(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXTS; i++)
        png_is_read_back(texts[i], QR_PIXELS);
    png_is_read_back(texts[0], 111);
    png_is_read_back(texts[0], 1000);
}

static void
test_png_is_exactly_as_wide_as_asked(void **state)
{
    (void)state;
    static const uint32_t widths[] = { 300, 301, 299, 200 };
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        char *data;
        size_t size;
        FILE *memory = open_memstream(&data, &size);
        qr_t *qr = qr_new(texts[0], strlen(texts[0]));
        assert_int_equal(qr_png(qr, widths[i], memory), 0);
        assert_int_equal(fclose(memory), 0);
        assert_true(size > 24 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0);
        const uint8_t *sizes = (const uint8_t *)data + 16; /* IHDR: width, height, big endian */
        assert_int_equal(sizes[2] << 8 | sizes[3], widths[i]);
        assert_int_equal(sizes[6] << 8 | sizes[7], widths[i]);
        free(data);
        qr_destroy(&qr);
    }
}

static void
test_svg_has_every_dark_module_once(void **state)
{
    (void)state;
    char *data;
    size_t size;
    FILE *memory = open_memstream(&data, &size);
    qr_t *qr = qr_new(texts[0], strlen(texts[0]));
    assert_int_equal(qr_svg(qr, QR_PIXELS, memory), 0);
    assert_int_equal(fclose(memory), 0);
    assert_non_null(strstr(data, "width=\"300\" height=\"300\""));
    uint32_t drawn[200][200] = { { 0 } }, total = 0, dark = 0;
    unsigned x, y, run, back;
    for (const char *at = strstr(data, " d=\"") + 4;
         sscanf(at, "M%u %uh%uv1h-%uz", &x, &y, &run, &back) == 4; at = strchr(at, 'z') + 1) {
        assert_int_equal(run, back);
        for (unsigned i = 0; i < run; i++, total++)
            assert_int_equal(drawn[y][x + i]++, 0);
    }
    for (uint32_t row = 0; row < qr_width(qr); row++) {
        for (uint32_t column = 0; column < qr_width(qr); column++) {
            dark += qr_dark(qr, column, row);
            assert_int_equal(drawn[row][column], qr_dark(qr, column, row));
        }
    }
    assert_int_equal(total, dark);
    free(data);
    qr_destroy(&qr);
}

/* Light halves of a block character, upper in bit 0, lower in bit 1; -1 for another. */
static int
light_of(const char **at)
{
    static const char *const blocks[] = { " ", "\u2580", "\u2584", "\u2588" };
    for (int i = 0; i < 4; i++) {
        if (strncmp(*at, blocks[i], strlen(blocks[i])) == 0) {
            *at += strlen(blocks[i]);
            return i;
        }
    }
    return -1;
}

static void
test_terminal_shows_the_modules(void **state)
{
    (void)state;
    char *data;
    size_t size;
    FILE *memory = open_memstream(&data, &size);
    qr_t *qr = qr_new(texts[0], strlen(texts[0]));
    assert_int_equal(qr_terminal(qr, false, memory), 0);
    assert_int_equal(fclose(memory), 0);
    const char *at = data;
    int64_t end = (int64_t)qr_width(qr) + QR_MARGIN;
    for (int64_t y = -QR_MARGIN; y < end; y += 2) {
        for (int64_t x = -QR_MARGIN; x < end; x++) {
            int light = light_of(&at);
            assert_true(light >= 0);
            assert_int_equal(light & 1, !qr_dark(qr, x, y));
            if (y + 1 < end)
                assert_int_equal(light >> 1, !qr_dark(qr, x, y + 1));
        }
        assert_int_equal(*at++, '\n');
    }
    assert_int_equal(*at, 0);
    free(data);
    qr_destroy(&qr);
}

static void
test_bad_sizes_are_refused(void **state)
{
    (void)state;
    char text[QR_TEXT_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_null(qr_new(text, 0));
    assert_int_equal(errno, EINVAL);
    assert_null(qr_new(text, sizeof text));
    assert_int_equal(errno, EINVAL);
    qr_t *qr = qr_new(text, QR_TEXT_MAX);
    assert_non_null(qr);
    FILE *nowhere = fopen("/dev/null", "w");
    assert_int_equal(qr_png(qr, 20, nowhere), -1);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(qr_svg(qr, QR_PIXELS_MAX + 1, nowhere), -1);
    assert_int_equal(fclose(nowhere), 0);
    FILE *full = fopen("/dev/full", "w");
    setbuf(full, NULL);
    assert_int_equal(qr_png(qr, 1000, full), -1);
    assert_int_equal(errno, ENOSPC);
    (void)fclose(full);
    qr_destroy(&qr);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_is_read_by_a_scanner),
        cmocka_unit_test(test_png_is_exactly_as_wide_as_asked),
        cmocka_unit_test(test_svg_has_every_dark_module_once),
        cmocka_unit_test(test_terminal_shows_the_modules),
        cmocka_unit_test(test_bad_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
