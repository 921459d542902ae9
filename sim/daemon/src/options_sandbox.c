/* options_sandbox.c - --sandbox and --sandbox-allow, and what follows from a profile. */
#include "options_internal.h"
#include "threads.h"
#include <stdio.h>
#include <string.h>

/* read:..., write:..., shm:... or socket:...; the latter two are not part of the rule. */
bool options_allow_in_sandbox(const char *text, struct options *options) {
    enum halsandbox_kind kind = HALSANDBOX_FILES;
    const char *rule = text;
    if (strncmp(text, "shm:", 4) == 0) {
        kind = HALSANDBOX_SHARED_MEMORY;
        rule = text + 4;
    } else if (strncmp(text, "socket:", 7) == 0) {
        kind = HALSANDBOX_SOCKETS;
        rule = text + 7;
    } else if (strncmp(text, "read:", 5) != 0 && strncmp(text, "write:", 6) != 0) {
        return options_complain(
            "--sandbox-allow: \"%s\" begins with none of read:, write:, shm:, socket:", text);
    }
    const char *complaint = halsandbox_rule_complaint(kind, rule);
    if (complaint != NULL) {
        return options_complain("--sandbox-allow: \"%s\" %s", text, complaint);
    }
    return halsandbox_rule_add(&options->sandbox.lists[kind], rule) ||
           options_complain("--sandbox-allow: more than %d of one kind", HALSANDBOX_RULES_MAX);
}

static void add_source(struct halsandbox_list *list, const char *source) {
    size_t used = strlen(list->source), room = sizeof list->source - used;
    if (source[0] != '\0') {
        (void)snprintf(list->source + used, room, "%s%s", used > 0 ? "; " : "", source);
    }
}

/* What the command line allows comes beside what the profile does. */
static bool join_rules(struct options *options) {
    for (int kind = 0; kind < HALSANDBOX_KIND_COUNT; kind++) {
        struct halsandbox_list *list = &options->sandbox.lists[kind];
        const struct halsandbox_list *profile = &options->profile.sandbox[kind];
        list->source[0] = '\0';
        add_source(list, profile->source);
        add_source(list, list->known ? "--sandbox-allow" : "");
        list->known = list->known || profile->known;
        for (uint32_t i = 0; i < profile->count; i++) {
            if (!halsandbox_rule_add(list, profile->rules[i])) {
                return options_complain("--sandbox-allow: more than %d rules of one kind, with the "
                                        "profile's",
                                        HALSANDBOX_RULES_MAX);
            }
        }
    }
    return true;
}

/* Of helpers alone: what coreaudiod itself may do is another question. */
bool options_decide_sandbox(struct options *options) {
    struct halsandbox_rules *sandbox = &options->sandbox;
    bool asked = options->sandbox_is_said && sandbox->mode != HALSANDBOX_OFF, allows = false;
    bool known = false;
    for (int kind = 0; kind < HALSANDBOX_KIND_COUNT; kind++) {
        allows = allows || sandbox->lists[kind].known;
    }
    if (allows && options->sandbox_is_said && !asked) {
        return options_complain("--sandbox off and --sandbox-allow: one or the other");
    }
    if (options->process_model != PROFILE_MODEL_HELPER) {
        return !(asked || allows) ||
               options_complain(
                   "--sandbox and --sandbox-allow need --process-model helper: it is the "
                   "helper's");
    }
    if ((asked || allows) && !threads_can_be_owned()) {
        return options_complain("--sandbox: this build does not stand before the C library");
    }
    if (!join_rules(options)) {
        return false;
    }
    for (int kind = 0; kind < HALSANDBOX_KIND_COUNT; kind++) {
        known = known || sandbox->lists[kind].known;
    }
    if (asked && !known) {
        return options_complain(
            "--sandbox: there are no rules; give --sandbox-allow, or a --profile that "
            "has some");
    }
    snprintf(sandbox->profile, sizeof sandbox->profile, "%s", options->profile.asks.name);
    if (!options->sandbox_is_said && known) {
        sandbox->mode = HALSANDBOX_ENFORCE;
    }
    if (sandbox->mode != HALSANDBOX_OFF && !threads_can_be_owned()) {
        fprintf(stderr,
                "coreaudiod-sim: the sandbox of %s is not enforced: this build does not stand "
                "before the C library\n",
                sandbox->profile);
        sandbox->mode = HALSANDBOX_OFF;
    }
    return true;
}
