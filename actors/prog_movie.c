/* prog_movie - the films that a cinema knows. */
#include "actors/box.h"
#include "actors/prog.h"
#include <assert.h>
#include <string.h>

static const char *
movie_status_name(uint8_t status)
{
    return status == MOVIE_WITHDRAWN ? "withdrawn" : "showing";
}

const movie_t *
prog_movie(turn_t *turn, uint64_t cinema, uint64_t number)
{
    return state_get(turn->state, prog_key(cinema, PROG_MOVIE, number), NULL);
}

static const movie_t *
movie_find(turn_t *turn, const command_t *command)
{
    return prog_movie(turn, command->key, command_value(command, FIELD_MOVIE)->number);
}

/* What a set does not name is empty after it: it says all of a film. */
static void
movie_fill(movie_t *movie, const command_t *command)
{
    movie->status = MOVIE_SHOWING;
    movie->minutes = (uint16_t)command_value(command, FIELD_MINUTES)->number;
    movie->imdb = (uint8_t)command_number(command, FIELD_IMDB, 0);
    movie->douban = (uint8_t)command_number(command, FIELD_DOUBAN, 0);
    movie->released = (uint32_t)command_number(command, FIELD_RELEASED, 0);
    movie->ended = (uint32_t)command_number(command, FIELD_ENDED, 0);
    command_text(command, FIELD_TITLE, movie->title, sizeof movie->title);
    command_text(command, FIELD_DIRECTOR, movie->director, sizeof movie->director);
    command_text(command, FIELD_GENRES, movie->genres, sizeof movie->genres);
    command_text(command, FIELD_TAGS, movie->tags, sizeof movie->tags);
    command_text(command, FIELD_FORMATS, movie->formats, sizeof movie->formats);
    command_text(command, FIELD_POSTER, movie->poster, sizeof movie->poster);
}

status_t
prog_movie_set(turn_t *turn, const command_t *command)
{
    const cinema_t *cinema = prog_cinema(turn, command->key);
    uint64_t number = command_value(command, FIELD_MOVIE)->number;
    uint64_t ended = command_number(command, FIELD_ENDED, 0);
    if (!cinema)
        return STATUS_UNKNOWN_CINEMA;
    if (ended && ended < command_number(command, FIELD_RELEASED, 0))
        return STATUS_BAD_TIMES;
    if (!movie_find(turn, command)) {
        if (cinema->movies >= PROG_MOVIES_MAX)
            return STATUS_CATALOGUE_FULL;
        uint32_t at = prog_edit_cinema(turn, command->key)->movies++;
        prog_page_add(turn, command->key, PROG_MOVIE_PAGE, at, number);
    }
    movie_fill(
        prog_edit_or_insert(turn, prog_key(command->key, PROG_MOVIE, number), sizeof(movie_t)),
        command);
    prog_changed(turn, command->key);
    return STATUS_OK;
}

status_t
prog_movie_withdraw(turn_t *turn, const command_t *command)
{
    if (!prog_cinema(turn, command->key))
        return STATUS_UNKNOWN_CINEMA;
    if (!movie_find(turn, command))
        return STATUS_UNKNOWN_MOVIE;
    uint64_t number = command_value(command, FIELD_MOVIE)->number;
    movie_t *movie =
        state_edit(turn->state, prog_key(command->key, PROG_MOVIE, number), 0, sizeof *movie);
    assert(movie);
    movie->status = MOVIE_WITHDRAWN;
    prog_changed(turn, command->key);
    return STATUS_OK;
}

status_t
prog_movie_get(turn_t *turn, const command_t *command)
{
    pack_t *reply = turn->reply;
    if (!prog_cinema(turn, command->key))
        return STATUS_UNKNOWN_CINEMA;
    const movie_t *movie = movie_find(turn, command);
    if (!movie)
        return STATUS_UNKNOWN_MOVIE;
    pack_map(reply, 13);
    pack_key_uint(reply, "movie", command_value(command, FIELD_MOVIE)->number);
    pack_key_str(reply, "status", movie_status_name(movie->status));
    pack_key_uint(reply, "minutes", movie->minutes);
    pack_key_uint(reply, "imdb", movie->imdb);
    pack_key_uint(reply, "douban", movie->douban);
    pack_key_uint(reply, "released", movie->released);
    pack_key_uint(reply, "ended", movie->ended);
    box_pack_text(reply, "title", movie->title, sizeof movie->title);
    box_pack_text(reply, "director", movie->director, sizeof movie->director);
    box_pack_text(reply, "genres", movie->genres, sizeof movie->genres);
    box_pack_text(reply, "tags", movie->tags, sizeof movie->tags);
    box_pack_text(reply, "formats", movie->formats, sizeof movie->formats);
    box_pack_text(reply, "poster", movie->poster, sizeof movie->poster);
    return STATUS_OK;
}

/* [movie, title, minutes, status, released, ended] each. */
status_t
prog_movie_list(turn_t *turn, const command_t *command)
{
    enum { LINE_MAX_BYTES = 160, LIMIT_DEFAULT = 100 };
    pack_t *reply = turn->reply;
    const cinema_t *cinema = prog_cinema(turn, command->key);
    if (!cinema)
        return STATUS_UNKNOWN_CINEMA;
    uint64_t total = cinema->movies, at = command_number(command, FIELD_FROM, 0);
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_key_uint(reply, "total", total);
    pack_str(reply, "movies");
    size_t array = box_array_begin(reply);
    for (; at < total && count < limit && reply->size + LINE_MAX_BYTES <= LIST_BYTES_MAX; at++) {
        uint64_t number = prog_page_at(turn->state, command->key, PROG_MOVIE_PAGE, at);
        const movie_t *movie =
            state_get(turn->state, prog_key(command->key, PROG_MOVIE, number), NULL);
        assert(movie);
        pack_array(reply, 6);
        pack_uint(reply, number);
        pack_strn(reply, movie->title, strnlen(movie->title, sizeof movie->title));
        pack_uint(reply, movie->minutes);
        pack_str(reply, movie_status_name(movie->status));
        pack_uint(reply, movie->released);
        pack_uint(reply, movie->ended);
        count++;
    }
    box_array_end(reply, array, count);
    return STATUS_OK;
}
