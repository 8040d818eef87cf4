/* SPDX-License-Identifier: MIT */
/* relayctl and a hostile relayd. The first bytes say how wide the terminal is and what it can show;
 * then come the packets of one reply, each ended by a byte 0xff. Whatever they hold, what is printed
 * is text: no control character, nothing that turns its neighbours round, no line longer than the
 * terminal, and for programs JSON. */
#include "config.h"

#include "relayctl/command.h"
#include "relayctl/json.h"
#include "relayctl/notices.h"
#include "relayctl/picture.h"
#include "relayctl/short.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wchar.h>

#define FAKE_FD 200

/* --- the socket is played */

static struct fuzz_input packets;

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_close(int fd);
int __real_close(int fd);

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
    struct fuzz_input packet;

    if (packets.n == 0)
        return 0;
    packet = fuzz_until(&packets, 0xff);
    /* An empty packet reads as the end does. */
    if (packet.n > size)
        packet.n = size;
    if (packet.n > 0)
        memcpy(data, packet.p, packet.n);
    return (ssize_t)packet.n;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    return 1;
}

int __wrap_close(int fd)
{
    return fd == FAKE_FD ? 0 : __real_close(fd);
}

/* --- what is printed */

static struct fuzz_sheet sheet;

/* The C library's own reading of UTF-8. Returns the character at *at, and moves behind it. */
static wchar_t next_letter(const char **at)
{
    mbstate_t state = {0};
    wchar_t c = 0;
    size_t n = mbrtowc(&c, *at, MB_CUR_MAX, &state);

    fuzz_must(n > 0 && n <= MB_CUR_MAX);
    *at += n;
    return c;
}

static bool turns_neighbours(wchar_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* Lines of at most so many columns; 0: of any length. */
static void check_lines(int width, bool has_utf8)
{
    const char *at = sheet.text, *end = sheet.text + sheet.size;
    int column = 0;

    fuzz_must(strlen(sheet.text) == sheet.size);
    while (at < end) {
        wchar_t c = next_letter(&at);

        if (c == '\n') {
            column = 0;
            continue;
        }
        fuzz_must(c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !turns_neighbours(c) && c != 0x2028 &&
                  c != 0x2029 && c != 0xfeff && wcwidth(c) >= 0);
        fuzz_must(has_utf8 || c < 0x7f);
        column += wcwidth(c);
        fuzz_must(width == 0 || column <= width);
    }
    fuzz_must(sheet.size == 0 || end[-1] == '\n');
}

/* --- JSON (RFC 8259) */

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \n");
}

static const char *skip_string(const char *at)
{
    fuzz_must(*at++ == '"');
    while (*at != '"') {
        if (*at == '\\') {
            fuzz_must(strchr("\"\\u", at[1]) != NULL && at[1] != '\0');
            fuzz_must(at[1] != 'u' || strspn(at + 2, "0123456789abcdef") >= 4);
            at += at[1] == 'u' ? 6 : 2;
        } else {
            wchar_t c = next_letter(&at);

            fuzz_must(c >= 0x20 && !turns_neighbours(c));
        }
    }
    return at + 1;
}

static const char *skip_word(const char *at)
{
    size_t digits;

    if (strncmp(at, "true", 4) == 0 || strncmp(at, "null", 4) == 0)
        return at + 4;
    if (strncmp(at, "false", 5) == 0)
        return at + 5;
    digits = strspn(at, "0123456789");
    fuzz_must(digits > 0 && (at[0] != '0' || digits == 1));
    at += digits;
    if (*at != '.')
        return at;
    digits = strspn(at + 1, "0123456789");
    fuzz_must(digits > 0);
    return at + 1 + digits;
}

static const char *skip_value(const char *at)
{
    char close = *at == '{' ? '}' : ']';

    if (*at == '"')
        return skip_string(at);
    if (*at != '{' && *at != '[')
        return skip_word(at);
    at = skip_space(at + 1);
    while (*at != close) {
        if (close == '}') {
            at = skip_space(skip_string(at));
            fuzz_must(*at++ == ':');
        }
        at = skip_space(skip_value(skip_space(at)));
        fuzz_must(*at == ',' || *at == close);
        at = *at == ',' ? skip_space(at + 1) : at;
    }
    return at + 1;
}

static void check_json(const struct status *status)
{
    static const struct notices notices;

    json_status(fuzz_sheet_begin(&sheet), status, &notices);
    fuzz_sheet_end(&sheet);
    fuzz_must(strlen(sheet.text) == sheet.size);
    fuzz_must(*skip_space(skip_value(sheet.text)) == '\0');
}

/* --- one reply */

/* A prompt's program sees the line, and some give words of it a meaning. */
static void check_short(const struct status *status)
{
    short_status(fuzz_sheet_begin(&sheet), status);
    fuzz_sheet_end(&sheet);
    check_lines(SHORT_WIDTH, true);
    fuzz_must(strchr(sheet.text, '\n') == sheet.text + sheet.size - 1);
    fuzz_must(strpbrk(sheet.text, "%#$`\\\"'!") == NULL);
}

static void check_picture(struct printer out, const struct status *status)
{
    out.file = fuzz_sheet_begin(&sheet);
    picture_draw(&out, status, "relayctl", false);
    fuzz_sheet_end(&sheet);
    check_lines(out.width, out.has_utf8);
}

/* What `watch` and `why` print, and what a refusal says. */
static void check_text(struct printer out, const char *text)
{
    out.file = fuzz_sheet_begin(&sheet);
    printer_flow(&out, text, 10);
    fuzz_sheet_end(&sheet);
    check_lines(out.is_terminal ? out.width : 0, out.has_utf8);
}

static int keep_record(struct proto_msg *record, void *status)
{
    return status_add(status, record);
}

static void show(const struct printer *out, const struct status *status)
{
    check_picture(*out, status);
    check_short(status);
    check_json(status);
    for (size_t i = 0; i < status->n; i++)
        check_text(*out, status_text(&status->upstreams[i], "text"));
}

static void tell(const struct client *client, int error)
{
    static const struct command command;
    FILE *real = stderr;

    fuzz_must(client->cause != NULL);
    stderr = fuzz_sheet_begin(&sheet);
    command_tell_client(&command, client, error);
    stderr = real;
    fuzz_sheet_end(&sheet);
    check_lines(0, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct paths paths;
    static struct call call;
    struct fuzz_input in = {data, size};
    uint8_t width = fuzz_byte(&in), can = fuzz_byte(&in);
    struct printer out = {.width = 40 + width % 81, .has_utf8 = (can & 1) != 0,
                          .has_glyphs = (can & 3) == 3, .is_terminal = (can & 4) != 0};
    struct client client = {.fd = FAKE_FD, .paths = &paths, .object = "status"};
    struct status status = {0};
    struct proto_msg reply;
    int r;

    setlocale(LC_CTYPE, "C.UTF-8");
    packets = in;
    call.answer_by = CLIENT_FOREVER;
    call.object = "status";
    call.on_record = keep_record;
    call.on_record_arg = &status;
    r = client_receive(&client, &call, &reply);
    if (r == 0) {
        show(&out, &status);
        check_text(out, status_text(&reply, "text"));
        proto_msg_fini(&reply);
    } else {
        tell(&client, r);
    }
    client_fini(&client);
    status_fini(&status);
    return 0;
}
