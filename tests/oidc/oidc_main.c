/* oidc - log-ins at a provider, driven by lines of standard input as a bridge would drive them.
 *
 *     oidc ISSUER CLIENT SECRET REDIRECT [AUTHORITIES]
 *
 *     go               "there FAULT URL COOKIE"
 *     back COOKIE QUERY   "back FAULT {iss, sub, email, name}"
 *     later SECONDS    the clock goes on; "done"
 *
 * "-" stands for an empty word. Every line has one answer, in the order of their ends. */
#include "clients/bridge/oidc_login.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 * 1024 };

typedef struct {
    struct event_base *base;
    oidc_provider_t *provider;
    token_ring_t ring;
    int64_t now_s, later_s;
    char text[LINE_MAX_BYTES];
    size_t size;
} play_t;

static void
play_clock(play_t *self)
{
    self->now_s = (int64_t)time(NULL) + self->later_s;
}

static void
play_there(void *argument, oidc_fault_t fault, const char *url)
{
    char *cookie = argument;
    printf("there %s %s %s\n", oidc_fault_name(fault), *url ? url : "-", cookie);
    free(cookie);
}

static void
play_back(void *argument, oidc_fault_t fault, const oidc_person_t *person)
{
    (void)argument;
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "iss", person->issuer, "sub", person->subject,
                             "email", person->email, "name", person->name);
    char *text = json_dumps(json, JSON_COMPACT);
    printf("back %s %s\n", oidc_fault_name(fault), text);
    free(text);
    json_decref(json);
}

static void
play_go(play_t *self)
{
    oidc_words_t words;
    oidc_login_t login = { .began_s = self->now_s };
    char *cookie = malloc(OIDC_COOKIE_ROOM);
    randombytes_buf(login.seed, sizeof login.seed);
    oidc_cookie(&self->ring, &login, cookie);
    oidc_words(&self->ring, (http_text_t){ cookie, strlen(cookie) }, &login, &words);
    oidc_go(self->provider, &words, play_there, cookie);
}

static void
play_come_back(play_t *self, const char *cookie, const char *query)
{
    oidc_words_t words;
    oidc_login_t login;
    static const oidc_person_t nobody;
    http_text_t text = { cookie, strlen(cookie) };
    if (!oidc_cookie_read(&self->ring, text, self->now_s, &login)) {
        play_back(NULL, OIDC_STATE, &nobody);
        return;
    }
    oidc_words(&self->ring, text, &login, &words);
    oidc_come_back(self->provider, &words, (http_text_t){ query, strlen(query) }, play_back, NULL);
}

static void
play_line(play_t *self, char *line)
{
    char *rest, *word = strtok_r(line, " ", &rest), *one = strtok_r(NULL, " ", &rest);
    play_clock(self);
    if (word && strcmp(word, "go") == 0)
        play_go(self);
    else if (word && one && strcmp(word, "back") == 0)
        play_come_back(self, one, *rest == '-' ? "" : rest);
    else if (word && one && strcmp(word, "later") == 0) {
        self->later_s += atoi(one);
        printf("done\n");
    } else
        printf("what?\n");
}

static void
play_read(evutil_socket_t fd, short what, void *argument)
{
    play_t *self = argument;
    (void)what;
    ssize_t more = read(fd, self->text + self->size, sizeof self->text - 1 - self->size);
    if (more <= 0) {
        event_base_loopbreak(self->base);
        return;
    }
    self->size += (size_t)more;
    self->text[self->size] = 0;
    for (char *end; (end = strchr(self->text, '\n'));) {
        *end = 0;
        play_line(self, self->text);
        self->size -= (size_t)(end + 1 - self->text);
        memmove(self->text, end + 1, self->size + 1);
    }
}

static void
play_tick(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    play_clock(argument);
}

int
main(int argc, char **argv)
{
    static play_t self;
    static const char ring[] = "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
    char error[128];
    const struct timeval every = { .tv_usec = 100000 };
    if (argc < 5 || sodium_init() < 0 ||
        token_ring_read(&self.ring, ring, sizeof ring - 1, error, sizeof error) != 0)
        return 2;
    const oidc_options_t options = { .client = { .issuer = argv[1],
                                                 .client = argv[2],
                                                 .secret = strcmp(argv[3], "-") == 0 ? "" : argv[3],
                                                 .redirect = argv[4],
                                                 .scope = "openid email profile" },
                                     .authorities = argc > 5 ? argv[5] : NULL,
                                     .now_s = &self.now_s };
    const char *wrong = oidc_client_wrong(&options.client);
    if (wrong) {
        fprintf(stderr, "oidc: %s\n", wrong);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    self.base = event_base_new();
    play_clock(&self);
    self.provider = self.base ? oidc_provider_new(self.base, &options) : NULL;
    if (!self.provider)
        return 3;
    struct event *lines =
        event_new(self.base, STDIN_FILENO, EV_READ | EV_PERSIST, play_read, &self);
    struct event *tick = event_new(self.base, -1, EV_PERSIST, play_tick, &self);
    if (!lines || !tick || event_add(lines, NULL) != 0 || event_add(tick, &every) != 0)
        return 3;
    event_base_dispatch(self.base);
    event_free(lines);
    event_free(tick);
    oidc_provider_destroy(&self.provider);
    event_base_free(self.base);
    libevent_global_shutdown();
    return 0;
}
