/* wire - records are read back as written, and every wrong byte has a name. */
#include "broker/status.h"
#include "broker/wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const wire_header_t sample = { .kind = WIRE_COMMAND,
                                      .operation = 14,
                                      .status = 7,
                                      .key = UINT64_C(0x1122334455667788),
                                      .request = 42,
                                      .moment = -5 };

static void
records_come_back_as_written(void **state)
{
    (void)state;
    uint8_t frame[512];
    size_t size = wire_put(frame, &sample, "\x81\xa1x\x01", 4);
    size += wire_put(frame + size, &sample, NULL, 0);
    assert_int_equal(size, 2 * wire_size(0) + 4);
    size_t at = 0;
    wire_record_t record;
    assert_int_equal(wire_next(frame, size, &at, &record), STATUS_OK);
    assert_int_equal(record.header.kind, WIRE_COMMAND);
    assert_int_equal(record.header.operation, 14);
    assert_int_equal(record.header.status, 7);
    assert_true(record.header.key == sample.key && record.header.request == 42);
    assert_true(record.header.moment == -5);
    assert_int_equal(record.body_size, 4);
    assert_memory_equal(record.body, "\x81\xa1x\x01", 4);
    assert_int_equal(wire_next(frame, size, &at, &record), STATUS_OK);
    assert_int_equal(record.body_size, 0);
    assert_int_equal(at, size);
}

static void
the_header_has_the_documented_bytes(void **state)
{
    (void)state;
    static const uint8_t expected[] = { 32,   0,    0,    0,    'M',  'Q',  1,    1,    14,
                                        0,    7,    0,    0x88, 0x77, 0x66, 0x55, 0x44, 0x33,
                                        0x22, 0x11, 42,   0,    0,    0,    0,    0,    0,
                                        0,    0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    uint8_t frame[64];
    assert_int_equal(wire_put(frame, &sample, NULL, 0), sizeof expected);
    assert_memory_equal(frame, expected, sizeof expected);
}

static void
routes_come_back_as_written(void **state)
{
    (void)state;
    uint8_t frame[256];
    wire_route_t route = { .peer = 77, .client = 99, .role = 4, .partition = 513 }, back;
    size_t size = wire_put_routed(frame, &route, &sample, "\x80", 1), at = 0;
    assert_int_equal(size, wire_routed_size(1));
    wire_record_t record;
    assert_int_equal(wire_next_routed(frame, size, &at, &back, &record), STATUS_OK);
    assert_true(back.peer == 77 && back.client == 99 && back.role == 4 && back.partition == 513);
    assert_int_equal(at, size);
}

static void
a_cut_record_is_refused_at_every_byte(void **state)
{
    (void)state;
    uint8_t frame[256];
    wire_route_t route = { .peer = 1 };
    wire_record_t record;
    size_t size = wire_put(frame, &sample, "\x80\x80", 2);
    for (size_t cut = 0; cut < size; cut++) {
        size_t at = 0;
        assert_int_equal(wire_next(frame, cut, &at, &record), STATUS_BAD_FRAME);
        assert_int_equal(at, 0);
    }
    size = wire_put_routed(frame, &route, &sample, "\x80\x80", 2);
    for (size_t cut = 0; cut < size; cut++) {
        size_t at = 0;
        assert_int_equal(wire_next_routed(frame, cut, &at, &route, &record), STATUS_BAD_FRAME);
        assert_int_equal(at, 0);
    }
}

static void
wrong_headers_are_named(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        uint16_t status;
    } cases[] = {
        { 4, 'm', STATUS_BAD_FRAME }, { 6, 2, STATUS_BAD_VERSION }, { 7, 0, STATUS_BAD_KIND },
        { 7, 8, STATUS_BAD_KIND },    { 2, 2, STATUS_TOO_LARGE },   { 3, 0xff, STATUS_TOO_LARGE },
        { 0, 31, STATUS_BAD_FRAME },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t frame[64];
        wire_record_t record;
        size_t size = wire_put(frame, &sample, NULL, 0), at = 0;
        frame[cases[i].at] = cases[i].value;
        assert_int_equal(wire_next(frame, size, &at, &record), cases[i].status);
        assert_int_equal(at, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_as_written),
        cmocka_unit_test(the_header_has_the_documented_bytes),
        cmocka_unit_test(routes_come_back_as_written),
        cmocka_unit_test(a_cut_record_is_refused_at_every_byte),
        cmocka_unit_test(wrong_headers_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
