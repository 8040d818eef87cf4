/* SPDX-License-Identifier: MIT */
/* The shell's own verdict. Nobody else can read a shell's language, and a file that it no longer
 * reads would lock its owner out. The text comes on stdin: it is not in a file yet. */
#include "config.h"

#include "relayctl/account/syntax.h"

#include "relayctl/account/run.h"
#include "relayd/base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define BOUND_MS 5000

/* env takes away what these shells would run before they read anything. bash has extglob, which it
 * would not see a file switch on. */
static const char *const sh[] = {"env", "-u", "ENV", "sh", "-n", NULL};
static const char *const bash[] = {"env", "-u", "BASH_ENV", "bash", "-O", "extglob", "-n", NULL};
static const char *const zsh[] = {"zsh", "-fn", NULL};
static const char *const fish[] = {"fish", "--no-execute", NULL};

static const char *const *checker(const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        return bash;
    if (strcmp(shell, "zsh") == 0)
        return zsh;
    return strcmp(shell, "fish") == 0 ? fish : sh;
}

bool syntax_is_good(const char *shell, const char *text, size_t size, char *words,
                    size_t words_size)
{
    struct run_output output;
    int status = run_program(checker(shell), text, size, RUN_BOTH, &output, BOUND_MS);

    /* Of a text that it cannot read fish says by its status what we say of a missing program. */
    if (status == RUN_NOT_THERE && checker(shell) == fish && output.size > 0)
        status = 1;
    if (words != NULL && output.text != NULL) {
        output.text[strcspn(output.text, "\n")] = '\0';
        utf8_copy(words, words_size, output.text);
    }
    run_output_fini(&output);
    return status == 0 || status == RUN_NOT_THERE;
}

bool syntax_is_same(const char *shell, const char *before, size_t before_size, const char *after,
                    size_t after_size)
{
    return syntax_is_good(shell, before, before_size, NULL, 0) ==
           syntax_is_good(shell, after, after_size, NULL, 0);
}

/* Whether the shell reads over a wrong line behind the text: it is no line of its own there. */
static bool hides_wrong_line(const char *shell, const char *text, size_t size)
{
    static const char wrong[] = "\n\n)\n";
    char *all = malloc(size + sizeof(wrong));
    bool is_hidden;

    if (all == NULL)
        return false;
    memcpy(all, text, size);
    memcpy(all + size, wrong, sizeof(wrong));
    is_hidden = syntax_is_good(shell, all, size + sizeof(wrong) - 1, NULL, 0);
    free(all);
    return is_hidden;
}

bool syntax_ends_open(const char *shell, const char *text, size_t size, const char *longer,
                      size_t longer_size)
{
    char words[120] = "", longer_words[120] = "";

    if (hides_wrong_line(shell, "", 0)) /* it is not installed */
        return false;
    if (syntax_is_good(shell, text, size, words, sizeof(words)))
        return hides_wrong_line(shell, text, size);
    return syntax_is_good(shell, longer, longer_size, longer_words, sizeof(longer_words)) ||
           strcmp(words, longer_words) != 0;
}
