/* seeds - the first inputs of the fuzz targets, made of real things, and a dictionary of the
 * tables' words.
 *
 *     seeds FOLDER     writes FOLDER/NAME/NUMBER and FOLDER/words */
#include "actors/ids.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "broker/wire.h"
#include "store/replies.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SEED_MAX = 8192 };

static const char *place;
static uint32_t count;

static void
seed(const char *name, const void *bytes, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", place, name);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%05u", place, name, count++);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void
pack_value(pack_t *pack, field_t field)
{
    const field_info_t *info = field_info(field);
    char text[64] = "x";
    pack_str(pack, info->name);
    switch (info->type) {
    case TYPE_UINT:
        pack_uint(pack, info->min > 3 ? info->min : 3);
        break;
    case TYPE_BOOL:
        pack_bool(pack, true);
        break;
    case TYPE_STR:
        if (field == FIELD_ORDER)
            ids_order_text(text, 7, 3);
        pack_str(pack, text);
        break;
    case TYPE_BIN:
        pack_bin(pack, "0123456789abcdef", 16);
        break;
    case TYPE_SEATS:
        pack_array(pack, 2);
        pack_uint(pack, 4);
        pack_uint(pack, 5);
        break;
    case TYPE_LIST:
        pack_array(pack, 1);
        pack_array(pack, 3);
        pack_str(pack, "a");
        pack_str(pack, "ss");
        if (field == FIELD_ZONES)
            pack_uint(pack, 500);
        else
            pack_str(pack, "aa");
        break;
    }
}

static size_t
body_of(const operation_t *operation, uint64_t fields, uint8_t *body, size_t room)
{
    pack_t pack;
    uint32_t wanted = 0;
    (void)operation;
    pack_init(&pack, body, room);
    for (field_t at = 0; at < FIELDS; at++)
        wanted += fields >> at & 1;
    pack_map(&pack, wanted);
    for (field_t at = 0; at < FIELDS; at++)
        if (fields >> at & 1)
            pack_value(&pack, at);
    return pack.size;
}

/* With the length that the targets of frames want before each. */
static void
seed_framed(const char *name, uint8_t who, const uint8_t *frame, size_t size)
{
    uint8_t bytes[SEED_MAX] = { who, (uint8_t)size, (uint8_t)(size >> 8) };
    memcpy(bytes + 3, frame, size);
    seed(name, bytes, size + 3);
}

static void
seeds_of_operation(const operation_t *operation)
{
    uint8_t body[SEED_MAX / 2], frame[SEED_MAX], bytes[SEED_MAX] = { 0 };
    uint64_t sets[] = { operation->required, operation->required | operation->optional };
    for (int i = 0; i < 2; i++) {
        if (operation->code == OP_ECHO)
            sets[i] = 0;
        size_t size = body_of(operation, sets[i], body, sizeof body);
        seed("mp", body, size);
        bytes[0] = (uint8_t)operation->code;
        bytes[1] = 2; /* admin */
        bytes[2] = 7;
        memcpy(bytes + 4, body, size);
        seed("operation", bytes, size + 4);
        wire_header_t header = { .kind = WIRE_COMMAND,
                                 .operation = operation->code,
                                 .key = 7,
                                 .request = 3,
                                 .moment = 1000 };
        size_t length = wire_put(frame, &header, body, (uint32_t)size);
        seed("wire", frame, length);
        seed_framed("router", 0, frame, length);
        header.kind = WIRE_REPLY;
        length = wire_put(frame, &header, body, (uint32_t)size);
        seed_framed("client", 0, frame, length);
        wire_route_t route = { .peer = 1, .client = 9, .role = ROLE_ADMIN };
        length = wire_put_routed(frame, &route, &header, body, (uint32_t)size);
        seed("wire", frame, length);
        seed_framed("router", 3, frame, length);
        uint8_t commands[] = { (uint8_t)operation->code, 5, 1, 0, 0, 0, 0, 0, 0, 4, 1, 4, 2, 4, 3 };
        seed("apply", commands, sizeof commands);
    }
}

static void
seed_block(void *argument, uint64_t number, const void *data, size_t size)
{
    uint8_t bytes[SEED_MAX] = { 1, [8] = (uint8_t)size, [9] = (uint8_t)(size >> 8) };
    (void)argument, (void)number;
    memcpy(bytes + 10, data, size);
    seed("replies", bytes, size + 10);
}

static void
seeds_of_store(void)
{
    uint8_t bytes[400];
    replies_t *replies = replies_new(64 * 1024);
    for (uint64_t request = 1; replies && request < 60; request++)
        replies_add(replies,
                    &(reply_t){ .client = 1,
                                .request = request,
                                .deadline_ms = 5000,
                                .body_size = 20,
                                .body = (const uint8_t *)"\x81\xa4lock\x05xxxxxxxxxxxxx" });
    if (replies)
        replies_unsaved(replies, seed_block, NULL);
    replies_destroy(&replies);
    for (uint32_t choice = 0; choice < 4; choice++) {
        memset(bytes, (int)(3 * choice), sizeof bytes);
        bytes[0] = (uint8_t)choice;
        seed("segment", bytes, sizeof bytes);
        bytes[0] = (uint8_t)choice;
        bytes[1] = 18;
        bytes[2] = 40;
        seed("rows", bytes, sizeof bytes);
    }
}

static void
seeds_of_text(void)
{
    char text[ORDER_ID_ROOM + TICKET_ID_ROOM + TOKEN_ROOM];
    ids_order_text(text, 1234567, 89);
    seed("ids", text, strlen(text));
    ids_ticket_text(text, 1234567, 89, 12);
    seed("ids", text, strlen(text));
    ids_token_text(text, &(ids_token_t){ .showtime = 77, .purchase = 3, .tag = { 1, 2, 3 } });
    seed("ids", text, strlen(text));
    static const char conf[] = "site\n    partitions = 4\n    directory = data\nbroker\n"
                               "    clients = tcp://127.0.0.1:5570\n    role = admin\nsale\n"
                               "    cap = 6 # seats\n    lock_ms = 900000\n";
    seed("conf", conf, sizeof conf - 1);
    seed("conf", "sale/cap=5", 10);
    static const char site[] =
        "site\n    partitions = \"2\"\n    id = \"00112233445566778899aabbccddeeff\"\n"
        "    ticket_key = \"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"\n"
        "    sign_seed = \"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"\n";
    seed("site", site, sizeof site - 1);
}

/* Two zones, rows of letters with a gap and pairs, then choices. */
static void
seeds_of_halls(void)
{
    for (uint8_t rows = 1; rows < 6; rows++) {
        uint8_t bytes[SEED_MAX] = { 3, 0, 0, 0, rows };
        size_t size = 5;
        for (uint8_t row = 0; row < rows; row++) {
            enum { COLUMNS = 10 };
            const uint8_t head[] = { 1, COLUMNS, 1, (uint8_t)('A' + row) };
            memcpy(bytes + size, head, sizeof head);
            size += sizeof head;
            for (uint8_t column = 0; column < COLUMNS; column++) {
                bytes[size + column] = (uint8_t)(row % 2 ? column % 5 : 5 + column / 2 * 2 % 4);
                bytes[size + COLUMNS + column] = 0;
            }
            size += 2 * COLUMNS;
        }
        memset(bytes + size, 1, 200);
        seed("layout", bytes, size + 200);
    }
    for (uint8_t change = 0; change < 4; change++) {
        uint8_t bytes[64] = { 7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 12 };
        bytes[40] = change;
        seed("ticket", bytes, sizeof bytes);
    }
}

static void
words(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/words", place);
    FILE *file = fopen(path, "w");
    if (!file)
        exit(1);
    for (field_t at = 0; at < FIELDS; at++)
        fprintf(file, "\"\\x%02x%s\"\n", 0xa0 + (unsigned)field_info(at)->name_size,
                field_info(at)->name);
    static const char *const more[] = { "sandbox", "succeeded", "failed", "closed", "done",
                                        "site",    "broker",    "sale",   "store" };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        fprintf(file, "\"%s\"\n", more[i]);
    fprintf(file, "\"\\x9a\\x51\"\n");
    if (fclose(file) != 0)
        exit(1);
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds FOLDER\n");
        return 2;
    }
    place = argv[1];
    (void)mkdir(place, 0700);
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++)
        if (operation_of(code))
            seeds_of_operation(operation_of(code));
    seeds_of_store();
    seeds_of_text();
    seeds_of_halls();
    words();
    return 0;
}
