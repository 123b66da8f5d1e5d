/* pass - see pass.h for the contract. */
#include "clients/bridge/pass.h"
#include "actors/ids.h"
#include "clients/bridge/token.h"
#include <assert.h>
#include <sodium/crypto_sign.h>

enum {
    PASS_SIGNED = 1 + 3 * 8,
    PASS_SIZE = crypto_sign_BYTES + PASS_SIGNED,
};
_Static_assert((PASS_SIZE * 8 + 5) / 6 == PASS_TEXT_SIZE, "as pass.h says");

static bool
pass_sound(const pass_t *pass)
{
    return pass->showtime >= 1 && pass->user >= 1 && pass->until_ms >= 0;
}

void
pass_text(const uint8_t secret_key[64], const pass_t *pass, char text[PASS_ROOM])
{
    uint8_t bytes[PASS_SIZE], *content = bytes + crypto_sign_BYTES;
    assert(pass_sound(pass));
    content[0] = PASS_VERSION;
    token_put_u64(content + 1, pass->showtime);
    token_put_u64(content + 9, pass->user);
    token_put_u64(content + 17, (uint64_t)pass->until_ms);
    int rc = crypto_sign_detached(bytes, NULL, content, PASS_SIGNED, secret_key);
    assert(rc == 0);
    (void)rc;
    ids_base64_text(text, bytes, sizeof bytes);
}

bool
pass_read(http_text_t text, const uint8_t public_key[32], pass_t *pass)
{
    uint8_t bytes[PASS_SIZE], *content = bytes + crypto_sign_BYTES;
    size_t size;
    if (text.size != PASS_TEXT_SIZE ||
        !ids_base64_read(text.data, text.size, bytes, sizeof bytes, &size) ||
        crypto_sign_verify_detached(bytes, content, PASS_SIGNED, public_key) != 0 ||
        content[0] != PASS_VERSION)
        return false;
    pass_t read = { .showtime = token_get_u64(content + 1),
                    .user = token_get_u64(content + 9),
                    .until_ms = (int64_t)token_get_u64(content + 17) };
    if (!pass_sound(&read))
        return false;
    *pass = read;
    return true;
}
