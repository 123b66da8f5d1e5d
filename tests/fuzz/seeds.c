/* seeds - the first inputs of the fuzz targets, made of real things, and a dictionary of the
 * tables' words.
 *
 *     seeds FOLDER     writes FOLDER/NAME/NUMBER and FOLDER/words */
#include "actors/ids.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "broker/wire.h"
#include "clients/mpjson.h"
#include "store/replies.h"
#include "store/rows.h"
#include "tests/fuzz/commands.h"
#include "tests/fuzz/tokens.h"
#include "tests/fuzz/seeds.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SEED_MAX = 8192 };

static const char *place;
static uint32_t count;

void
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
        pack_uint(pack, info->min > 3 ? info->min : info->max < 3 ? info->max : 3);
        break;
    case TYPE_BOOL:
        pack_bool(pack, true);
        break;
    case TYPE_STR:
        if (field == FIELD_ORDER)
            ids_order_text(text, 7, 3);
        if (field == FIELD_TICKET)
            ids_ticket_text(text, 7, 3, 1);
        if (field == FIELD_STEP)
            strcpy(text, "begin");
        pack_str(pack, text);
        break;
    case TYPE_BIN:
        pack_bin(pack, "0123456789abcdef0123456789", info->min);
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
body_of(const operation_t *operation, field_set_t fields, uint8_t *body, size_t room)
{
    pack_t pack;
    uint32_t wanted = 0;
    (void)operation;
    pack_init(&pack, body, room);
    for (field_t at = 0; at < FIELDS; at++)
        wanted += field_in(fields, at);
    pack_map(&pack, wanted);
    for (field_t at = 0; at < FIELDS; at++)
        if (field_in(fields, at))
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
    field_set_t sets[] = { operation->required, operation->required | operation->optional,
                           operation_fields(operation) };
    for (int i = 0; i < 3; i++) {
        if (operation->code == OP_ECHO)
            sets[i] = 0;
        size_t size = body_of(operation, sets[i], body, sizeof body);
        seed("mp", body, size);
        bytes[0] = (uint8_t)operation->code;
        bytes[1] = i < 2 ? 2 : 0; /* admin, or a bridge that speaks for staff */
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
        uint8_t commands[] = {
            (uint8_t)operation->code, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 4, 2, 4, 3
        };
        if (i == 2)
            commands[1] = 4; /* a bridge */
        for (int byte = 0; i == 2 && byte < 8; byte++)
            commands[3 + byte] = 0xff; /* every field */
        seed("apply", commands, sizeof commands);
    }
}

/* A row as fuzz_rows takes it: the table, sizes, key, value; its checksum is made there. */
static size_t
put_row(uint8_t *to, uint8_t table, const void *key, size_t key_size, const void *value,
        size_t size)
{
    const uint8_t head[] = { table, (uint8_t)(key_size - 1), (uint8_t)size, (uint8_t)(size >> 8) };
    memcpy(to, head, sizeof head);
    memcpy(to + sizeof head, key, key_size);
    memcpy(to + sizeof head + key_size, value, size);
    return sizeof head + key_size + size;
}

/* A record of two pieces and one of one piece with a due time, as a checkpoint writes them. */
static void
seeds_of_rows(void)
{
    enum { RECORDS = 1, TIMERS = 2, FIRST = STATE_PIECE_SIZE, REST = 76 };
    static uint8_t bytes[SEED_MAX], value[ROW_SIZE + FIRST];
    uint8_t key[ROW_PIECE_SIZE];
    state_key_t at = { .space = 1, .table = 'P', .number = 1 };
    uint32_t whole = FIRST + REST, one = REST;
    int64_t due_ms = 5000;
    memset(value, 'r', sizeof value);
    memcpy(value, &whole, sizeof whole);
    rows_piece_key(key, at, 0);
    size_t size = put_row(bytes, RECORDS, key, sizeof key, value, sizeof value);
    rows_piece_key(key, at, 1);
    size += put_row(bytes + size, RECORDS, key, sizeof key, value + ROW_SIZE, REST);
    seed("rows", bytes, size);
    at.number = 2;
    memcpy(value, &one, sizeof one);
    rows_piece_key(key, at, 0);
    size += put_row(bytes + size, RECORDS, key, sizeof key, value, ROW_SIZE + REST);
    rows_key(key, at);
    size += put_row(bytes + size, TIMERS, key, ROW_KEY_SIZE, &due_ms, sizeof due_ms);
    seed("rows", bytes, size);
}

/* Zones of every kind: with a rule, without, with an old history, of half an hour. */
static void
seeds_of_zones(void)
{
    static const char *const names[] = { "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe",
                                         "Africa/Casablanca", "UTC" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint8_t bytes[SEED_MAX];
        char path[80];
        snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", names[i]);
        FILE *file = fopen(path, "rb");
        size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
        if (file && fclose(file) == 0)
            seed("zone", bytes, size);
    }
}

/* Cinemas as marquee-plan reads them: open, closed on some days, with what stands already. */
static void
seeds_of_plans(void)
{
    static const char *const plans[] = {
        "{\"zone\":\"Europe/Berlin\",\"first_day\":\"2026-03-28\",\"days\":2,\"hours\":[[600,1500],"
        "[600,1500],[600,1500],null,[600,1500],[540,1560],[540,1560]],\"films\":[{\"name\":\"f\","
        "\"duration_min\":96,\"release\":\"2026-03-27\",\"scores\":[10000,14000]},{\"name\":\"g\","
        "\"duration_min\":150,\"release\":\"2026-01-01\",\"last\":\"2026-05-01\",\"formats\":1,"
        "\"withdrawn\":false,\"equipment\":1,\"scores\":[9000,9000]}],\"halls\":[{\"name\":\"1\","
        "\"seats\":120,\"formats\":1},{\"name\":\"2\",\"seats\":80,\"cleaning_min\":15}],\"fixed\":"
        "["
        "{\"film\":0,\"hall\":1,\"start_ms\":1774706400000,\"end_ms\":1774713600000}]}",
        "{\"zone\":\"UTC\",\"first_day\":\"2026-12-07\",\"days\":1,\"hours\":[[0,2880],[0,0],[0,0],"
        "[0,0],[0,0],[0,0],[0,0]],\"rules\":{\"grid_min\":120,\"stagger_starts\":1,"
        "\"stagger_min\":240,\"trial_showings\":3},\"films\":[{\"name\":\"f\",\"duration_min\":1,"
        "\"release\":\"2026-12-06\",\"scores\":[0]}],\"halls\":[{\"name\":\"1\",\"seats\":1}]}",
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        seed("plan", plans[i], strlen(plans[i]));
}

static void
seed_block(void *argument, uint64_t number, const void *data, size_t size)
{
    uint8_t bytes[SEED_MAX] = { 1, [8] = (uint8_t)size, [9] = (uint8_t)(size >> 8) };
    (void)argument;
    memcpy(bytes + 10, data, size);
    seed("replies", bytes, size + 10);
    enum { REPLIES = 3 };
    uint8_t key[8] = { 0 };
    key[7] = (uint8_t)number;
    size = put_row(bytes, REPLIES, key, sizeof key, data, size);
    seed("rows", bytes, size);
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
    static const char certificate[] =
        "metadata\n    name = \"n\"\n    role = \"kiosk\"\n    server = \"s\"\ncurve\n"
        "    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n"
        "    secret-key = \"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\"\n";
    seed("gate", certificate, sizeof certificate - 1);
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

/* One answer that has what any command looks for. */
static size_t
put_answer(uint8_t *to, size_t room)
{
    json_error_t error;
    static const char text[] =
        "{'title':'t','hall':'h','format':'2D','time_zone':'Asia/"
        "Shanghai','starts_ms':1795000000000,"
        "'ends_ms':5,'rows':['A','7'],'zones':[['a','near',500]],'number':3,"
        "'seats':[[1,1,1,0,'s','a'],[2,1,2,1,'c','a'],[3,1,3,2,'c','a'],[4,2,5,3,'w','a']],"
        "'until_ms':1795000000000,'lock':3,'order':'o','user':1,'amount':5,'code':'c',"
        "'state':'paid','tickets':[['t',1,'k']],'token':'k','offline':'f','price':5,"
        "'refunds':[{'tell':1,'amount':5,'state':'s','reason':'r'}],'refunded':5,"
        "'lines':[{'row':'A','column':1,'price':5,'ticket':'t'}],"
        "'payment':{'state':'paid','provider':'p','paid':5,'paid_ms':5,'mismatch':true},"
        "'counts':{'available':2},'rules':{'gap_rule':true,'ttl_ms':60000},'books':{'in':5},"
        "'total':1,'showtimes':[[1,5,'t','h',1,2,'Asia/Shanghai']],"
        "'orders':[['o',1,'paid',5,[1,2]]],'next':0,'version':2,'print':'printed','prints':2,"
        "'keys':[['89eb0d6a','k']],'partitions':[[0,true,0,9]],'stats':1}";
    char quoted[sizeof text];
    for (size_t i = 0; i < sizeof text; i++)
        quoted[i] = text[i] == '\'' ? '"' : text[i];
    json_t *answer = json_loads(quoted, 0, &error);
    pack_t pack;
    pack_init(&pack, to, room);
    size_t size = answer && mpjson_pack(&pack, answer) && !pack.overflow ? pack.size : 0;
    json_decref(answer);
    if (size == 0) {
        fprintf(stderr, "seeds: the answer is not well formed\n");
        exit(1);
    }
    return size;
}

static size_t
put_text(uint8_t *to, const char *text)
{
    to[0] = (uint8_t)strlen(text);
    memcpy(to + 1, text, to[0]);
    return 1u + to[0];
}

/* Every command with arguments that it takes, its flags, a cinema, and answers. `number` counts as
 * fuzz_ctl counts. */
static void
seed_command(uint8_t number, const ctl_verb_t *verb, bool flags)
{
    static const char cinema[] =
        "{\"cinema\":{\"name\":\"n\",\"zone\":\"UTC\",\"posix_zone\":\"UTC0\"},"
        "\"films\":[{\"id\":\"f\",\"title\":\"t\",\"english\":\"e\",\"minutes\":90}],"
        "\"halls\":[{\"number\":1,\"name\":\"h\",\"format\":\"2D\",\"zones\":[[\"a\",\"z\","
        "500]],\"rows\":[[\"A\",\"ss\",\"aa\"]]}],\"matinee\":{\"before\":\"12:00\","
        "\"percent\":80},\"cleaning_minutes\":9,\"id\":5,\"programme\":{\"weekday\":[{\"hall\":1,"
        "\"shows\":[[\"10:00\",\"f\"]]}],\"weekend\":[{\"hall\":1,\"shows\":[[\"10:00\","
        "\"f\"]]}]}}";
    static const struct {
        const char *arguments, *words[3];
    } samples[] = { { "SHOWTIME", { "7", "" } },
                    { "SHOWTIME SEAT...", { "7", "A1,7-5" } },
                    { "SHOWTIME COUNT", { "7", "2" } },
                    { "LOCK", { "7/3", "" } },
                    { "FILE", { "", "" } },
                    { "OPERATION FIELD=VALUE...", { "showtime.open", "title=t" } },
                    { "SHOWTIME CAPACITY RATE", { "7", "2", "60" } } };
    static uint8_t bytes[SEED_MAX];
    char order[ORDER_ID_ROOM], ticket[TICKET_ID_ROOM], token[TOKEN_ROOM];
    const char *words[3] = { "", "", "" };
    ids_order_text(order, 7, 3);
    ids_ticket_text(ticket, 7, 3, 1);
    ids_token_text(token, &(ids_token_t){ .showtime = 7, .purchase = 3 });
    words[0] = strcmp(verb->arguments, "ORDER") == 0    ? order
               : strcmp(verb->arguments, "TICKET") == 0 ? ticket
                                                        : token;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        if (strcmp(samples[i].arguments, verb->arguments) == 0)
            memcpy(words, samples[i].words, sizeof words);
    size_t size = 0;
    bytes[size++] = number;
    bytes[size++] = flags ? 2 : 0;
    memset(bytes + size, flags ? 0xff : 0, 6);
    size += 6;
    if (verb->most < 0)
        bytes[size++] = 0;
    for (int i = 0; i < verb->least && i < 3; i++)
        size += put_text(bytes + size, words[i]);
    for (uint64_t left = flags ? verb->flags & ~COMMANDS_FLAGS_NEVER : 0; left; left &= left - 1)
        size += put_text(bytes + size, "1");
    bytes[size++] = (uint8_t)(sizeof cinema - 1);
    bytes[size++] = (uint8_t)((sizeof cinema - 1) >> 8);
    memcpy(bytes + size, cinema, sizeof cinema - 1);
    size += sizeof cinema - 1;
    for (int i = 0; i < 3; i++) {
        size_t answer = put_answer(bytes + size + 3, 1024);
        const uint8_t head[] = { 0, (uint8_t)answer, (uint8_t)(answer >> 8) };
        memcpy(bytes + size, head, sizeof head);
        size += sizeof head + answer;
    }
    seed("ctl", bytes, size);
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
    static const char *const more[] = { "sandbox",    "succeeded", "failed",  "closed", "done",
                                        "site",       "broker",    "sale",    "store",  "role",
                                        "public-key", "metadata",  "curve",   "kiosk",  "-7",
                                        "A1",         "7/3",       "HH:MM",   "HS256",  "kid",
                                        "revoked",    "begin",     "reprint", "staff",  "wang" };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        fprintf(file, "\"%s\"\n", more[i]);
    fprintf(file, "\"\\x9a\\x51\"\n");
    seeds_http_words(file);
    /* numbers at the ends of their types: as msgpack, as text, in JSON */
    fprintf(file,
            "\"\\xce\\xff\\xff\\xff\\xff\"\n\"\\xcf\\x7f\\xff\\xff\\xff\\xff\\xff\\xff\\xff\"\n"
            "\"\\xd3\\x80\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"\n\"18446744073709551615\"\n"
            "\"9223372036854775807\"\n\"-9223372036854775808\"\n");
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
    seeds_of_rows();
    seeds_of_zones();
    seeds_of_plans();
    tokens_seeds(seed);
    seeds_of_http();
    for (uint8_t number = 0; commands_at(number); number++) {
        seed_command(number, commands_at(number), false);
        seed_command(number, commands_at(number), true);
    }
    words();
    return 0;
}
